// Package proof replays everything that is stored and proves it: that no row
// of the journal, its documents or the kept files was changed, lost or added,
// that every balance follows from the journal, and that the daily seals stand.
//
// It reads one snapshot while the system works on, in order of book and
// sequence number, in memory bounded by the largest single book. It knows the
// rules and no SQL; the store streams the rows. It does not know who may be at
// fault, and it repairs nothing.
//
// What a digest or a rule covers is proved. What is not: a book's kind and
// opening time, a debtor and an account status that no posting shows, the
// reason beside a suspense entry, and rows taken away together with everything
// that ever named them since the last seal. Seals close that gap from the day
// on which they are made. Start reading at Verify, then replay.
package proof

import (
	"context"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Report says what was proved, up to the first broken row if there is one.
type Report struct {
	Broken       *Broken // nil when everything proves
	Books        int64
	Transactions int64
	Postings     int64
	Receipts     int64
	Items        int64
	Claims       int64
	Files        int64
	Seals        int64
	Sealed       int64                      // transactions under a seal
	Audited      int64                      // entries of the audit trail, see VerifyAudit
	Cents        map[chart.Fund]money.Cents // posted, by fund
	Accounts     ledger.Balances            // the trial balance
	Debits       money.Cents                // of the trial balance
	Credits      money.Cents                // equal to Debits when everything proves
}

// Broken names the first row that does not prove.
type Broken struct {
	Table    string `json:"table"`
	Key      string `json:"key"` // with the book as the last four digits of its number and its opaque id
	Expected string `json:"expected"`
	Found    string `json:"found"`
}

func (b *Broken) Error() string {
	return fmt.Sprintf("%s %s: expected %s, found %s", b.Table, b.Key, b.Expected, b.Found)
}

// Progress tells how far a proof has come.
type Progress struct {
	Stage        string // "claims", "books", "files", "seals"
	Claims       int64
	Books        int64
	Transactions int64
}

// progressEvery is how many rows pass between two calls of progress.
const progressEvery = 1 << 16

// verifier is the working state of one proof.
type verifier struct {
	source   Snapshot
	keys     Keys
	progress func(Progress)
	report   Report
	answers  order
	sources  map[ledger.BookNo]fileSum // what was claimed from each operating book
	accounts map[ledger.Account]role
	seals    sealReplay
}

// role is what chart says of an account.
type role struct {
	purse chart.Purse
	code  chart.Code
}

// Verify proves everything in source. The report says what was proved and names
// the first row that does not prove; the error is about reading only, such as
// Unavailable when the keys that sealed something are not at hand. Keys check
// the seals' signatures; progress may be nil.
func Verify(ctx context.Context, source Source, keys Keys, progress func(Progress)) (Report, error) {
	v := &verifier{
		keys: keys, progress: progress, sources: map[ledger.BookNo]fileSum{}, accounts: map[ledger.Account]role{},
		report: Report{Cents: map[chart.Fund]money.Cents{}, Accounts: ledger.Balances{}},
	}
	err := source.Snapshot(ctx, func(s Snapshot) error {
		v.source = s
		return v.run()
	})
	err = errors.Join(err, v.answers.close())
	if errors.As(err, &v.report.Broken) {
		return v.report, nil
	}
	return v.report, fault.Wrap("proof.Verify", err)
}

func (v *verifier) run() error {
	for _, stage := range []func() error{v.readClaims, v.replayBooks, v.proveTotals, v.proveFiles, v.proveSeals} {
		if err := stage(); err != nil {
			return err
		}
	}
	return nil
}

func (v *verifier) tell(stage string, done int64) {
	if v.progress != nil && done%progressEvery == 0 {
		v.progress(Progress{stage, v.report.Claims, v.report.Books, v.report.Transactions})
	}
}

// proveTotals checks what must hold over all books together.
func (v *verifier) proveTotals() error {
	r := &v.report
	r.Debits, r.Credits = r.Accounts.Sum()
	if r.Debits != r.Credits {
		return &Broken{"posting", "all", "debits of " + r.Credits.String(), r.Debits.String()}
	}
	var interfund money.Cents
	for account, balance := range r.Accounts {
		switch v.accounts[account].code {
		case chart.Interaccount:
			if net := balance.Net(); net != 0 {
				return &Broken{"posting", chart.Name(account) + " over all books", "0.00", net.String()}
			}
		case chart.Interfund:
			interfund += balance.Net()
		}
	}
	if interfund != 0 {
		return &Broken{"posting", "interfund accounts of all purses", "0.00", interfund.String()}
	}
	return nil
}

// explain is chart.Explain, remembered: a proof asks it for every posting.
func (v *verifier) explain(a ledger.Account) (role, error) {
	if r, known := v.accounts[a]; known {
		return r, nil
	}
	purse, code, err := chart.Explain(a)
	if err != nil {
		return role{}, err
	}
	v.accounts[a] = role{purse, code}
	return v.accounts[a], nil
}

// bookKey names a book without telling its number.
func bookKey(no ledger.BookNo, opaque ident.Opaque) string {
	masked := fmt.Sprintf("book ...%04d", int64(no)%10_000)
	if opaque == "" {
		return masked
	}
	return masked + " (" + string(opaque) + ")"
}

// unreadable turns a row that does not parse into what is broken, unless it is
// the keys that are missing.
func unreadable(table, key string, bad error) error {
	if fault.KindOf(bad) == fault.Unavailable {
		return bad
	}
	return &Broken{table, key, "a readable row", bad.Error()}
}
