package clearing

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// change carries out a notification of change: the payment method is corrected from the
// next entry on, at once and so within the six banking days that the network gives. One
// that is wrong is to be refused, under the code that says why.
func (s *settling) change(ctx context.Context, a *Answer, filed *FiledEntry) error {
	account, err := s.consents.Account(ctx, filed.Book, filed.Method)
	if fault.KindOf(err) == fault.NotFound && err != nil {
		s.open(a, ForPerson, "the payment method is no longer there", changeBy)
		return nil
	}
	if err != nil {
		return err
	}
	corrected, refusal := correct(account, a)
	switch {
	case refusal == byPerson:
		s.open(a, ForPerson, "the notification is about "+changeWords[a.Code]+", which no payment method holds", changeBy)
		return nil
	case refusal != "":
		s.refuse(a, refusal, "what it corrects cannot stand in an entry")
		return nil
	}
	key := ident.Key("ach-change:" + string(filed.ID) + ":" + a.Code + ":" + traceText(a.Trace))
	if err := s.consents.Corrected(ctx, filed.Book, filed.Method, corrected, key, a.Code); err != nil {
		if kind := fault.KindOf(err); kind != fault.Conflict && kind != fault.NotFound && kind != fault.Invalid {
			return err
		}
		s.open(a, ForPerson, fault.MessageOf(err), changeBy)
		return nil
	}
	a.Outcome, a.Why = Applied, changeWords[a.Code]
	return nil
}

// refuse lists a notification that our bank must refuse, within fifteen days.
func (s *settling) refuse(a *Answer, code, why string) {
	a.State, a.Outcome, a.Why, a.DueOn = ToDo, ChangeWrong, code+": "+why, s.today.AddDays(refuseBy)
}

var changeWords = map[string]string{
	"C01": "account number", "C02": "routing number", "C03": "routing and account number", "C05": "kind of account",
	"C06": "account number and kind of account", "C07": "routing number, account number and kind of account",
	"C08": "the foreign bank's number", "C09": "individual identification", "C13": "the format of addenda", "C14": "an entry that belongs under IAT",
}

// byPerson says that no rule corrects by itself.
const byPerson = "person"

// correct makes the account that a notification says, or gives the code by which the
// notification is refused (Nacha Operating Rules, Appendix Five).
func correct(account mandate.BankAccount, a *Answer) (mandate.BankAccount, string) {
	const badData, badRouting, badAccount, badCode = "C65", "C67", "C68", "C69"
	var routing, number, kind bool
	switch a.Code {
	case "C01":
		number = true
	case "C02":
		routing = true
	case "C03":
		routing, number = true, true
	case "C05":
		kind = true
	case "C06":
		number, kind = true, true
	case "C07":
		routing, number, kind = true, true, true
	case "C08", "C09", "C13", "C14":
		return account, byPerson
	default:
		return account, badData
	}
	c := &a.Corrected
	if !c.Readable {
		return account, badData
	}
	if routing {
		if mandate.CheckRouting(c.Routing) != nil {
			return account, badRouting
		}
		account.Routing = c.Routing
	}
	if number {
		account.Number = c.Number
	}
	if kind {
		switch c.TransactionCode / 10 {
		case 2:
			account.Kind = mandate.Checking
		case 3:
			account.Kind = mandate.Savings
		default:
			return account, badCode
		}
	}
	parsed, err := mandate.ParseBankAccount(account.Routing, account.Number.Reveal(), string(account.Kind), account.Holder, account.Business)
	if err != nil {
		return account, badAccount
	}
	return parsed, ""
}
