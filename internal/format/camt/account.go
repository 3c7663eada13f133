package camt

import (
	"cmp"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/iso20022"
)

func (s *scanner) beginAccount(at int) {
	s.account = &Account{Kind: s.sum.Kind(), MessageID: s.messageID, LastPage: true, Line: at}
	s.balance, s.totals, s.counted = balance{}, nil, counts{}
}

func (s *scanner) inAccount(within string, e iso20022.Element) {
	a := s.account
	switch within {
	case "Id":
		a.ID = e.Text
	case "ElctrncSeqNb":
		a.Sequence = e.Text
	case "LglSeqNb":
		a.Sequence = cmp.Or(a.Sequence, e.Text)
	case "CreDtTm":
		a.Created = s.date(e, s.part)
	case "FrToDt/FrDtTm":
		a.From = s.date(e, s.part)
	case "FrToDt/ToDtTm":
		a.To = s.date(e, s.part)
	case "CpyDplctInd":
		a.Copy = e.Text
	case "StmtPgntn/PgNb", "RptPgntn/PgNb", "NtfctnPgntn/PgNb":
		if page, err := strconv.Atoi(e.Text); err == nil && page > 0 {
			a.Page = page
		} else {
			s.Refuse(e.Line, s.part, "PgNb", "the page is not a number from 1")
		}
	case "StmtPgntn/LastPgInd", "RptPgntn/LastPgInd", "NtfctnPgntn/LastPgInd":
		a.LastPage = e.Text == "true" || e.Text == "1"
	case "Acct/Id/IBAN", "Acct/Id/Othr/Id":
		a.Number = secret.New(e.Text)
	case "Acct/Ccy":
		a.Currency = e.Text
	case "Bal/Tp/CdOrPrtry/Cd":
		s.balance.kind = e.Text
	case "Bal/Amt":
		s.balance.amount = amountOf(e)
	case "Bal/CdtDbtInd":
		s.balance.direction = e.Text
	case "Bal/Dt/Dt", "Bal/Dt/DtTm":
		s.balance.on = e
	default:
		s.inTotal(within, e)
	}
}

func (s *scanner) inTotal(within string, e iso20022.Element) {
	if len(s.totals) == 0 {
		return
	}
	t := &s.totals[len(s.totals)-1]
	switch within {
	case "TxsSummry/" + t.kind + "/NbOfNtries":
		t.count = e.Text
	case "TxsSummry/" + t.kind + "/Sum":
		t.sum = e.Text
	}
}

func (s *scanner) endBalance() {
	b := s.balance
	minor, ok := s.minor(b.amount, "Bal", b.line)
	credit := s.isCredit(b.direction, "Bal", b.line)
	got := Balance{Known: ok, AmountMinor: minor, Currency: b.amount.currency, Line: b.line}
	if !credit {
		got.AmountMinor = -minor
	}
	if b.on.Text != "" {
		got.On = s.date(b.on, "Bal")
	}
	// The account's own currency is what its booked balance is in.
	switch b.kind {
	case "OPBD":
		s.account.Opening = got
		s.account.Currency = cmp.Or(s.account.Currency, got.Currency)
	case "PRCD": // the balance of before stands for the opening one
		if !s.account.Opening.Known {
			s.account.Opening = got
		}
	case "CLBD":
		s.account.Closing = got
		s.account.Currency = cmp.Or(s.account.Currency, got.Currency)
	}
}

func (s *scanner) date(e iso20022.Element, record string) calendar.Date {
	d, ok := iso20022.Date(e.Text)
	if !ok {
		s.Refuse(e.Line, record, e.Parent(), "this is no date, nor a date and time")
	}
	return d
}

func (s *scanner) endAccount() {
	a := s.account
	s.account = nil
	if len(s.sum.Accounts) == accountsMax {
		s.Refuse(a.Line, s.part, "", "the file holds more than %d statements", accountsMax)
	}
	if len(s.sum.Accounts) >= accountsMax {
		return
	}
	a.Entries, a.CreditMinor, a.DebitMinor = s.counted.booked.count, s.counted.booked.credit, s.counted.booked.debit
	if a.ID == "" {
		s.Refuse(a.Line, s.part, "Id", "the statement has no identification")
	}
	if a.Number.IsZero() {
		s.Refuse(a.Line, s.part, "Acct", "the account number is missing")
	}
	for _, t := range s.totals {
		s.prove(&t, a.Currency)
	}
	if a.Kind == Statement {
		s.roll(a)
	}
	s.sum.Accounts = append(s.sum.Accounts, *a)
}

// roll holds the closing balance against the opening one and the entries. A
// statement in pages has them on different pages.
func (s *scanner) roll(a *Account) {
	whole := a.Page <= 1 && a.LastPage
	switch opening, closing := a.Opening, a.Closing; {
	case !opening.Known && whole:
		s.Control(a.Line, "Bal", "OPBD", "the opening booked balance is missing")
	case !closing.Known && whole:
		s.Control(a.Line, "Bal", "CLBD", "the closing booked balance is missing")
	case !opening.Known || !closing.Known:
	case opening.Currency != closing.Currency:
		s.Control(closing.Line, "Bal", "CLBD", "the opening balance is in %s and the closing one in %s", opening.Currency, closing.Currency)
	case opening.Currency != a.Currency:
		s.Control(opening.Line, "Bal", "OPBD", "the balance is in %s and the account in %s", opening.Currency, a.Currency)
	default:
		if computed := opening.AmountMinor + a.CreditMinor - a.DebitMinor; computed != closing.AmountMinor {
			s.Control(closing.Line, "Bal", "CLBD", "the closing balance is stated as %s, opening and entries make %s",
				amountWords(closing.AmountMinor, a.Currency), amountWords(computed, a.Currency))
		}
	}
}

func amountWords(minor int64, currency string) string {
	if minor < 0 {
		return "-" + iso20022.Decimal(-minor, currency)
	}
	return iso20022.Decimal(minor, currency)
}

// total is what a statement says of its own entries.
type total struct {
	kind, count, sum string
	line             int
}

// counts are what was counted of an account's entries.
type counts struct{ all, booked count }

type count struct {
	count, credits int
	credit, debit  int64
}

// countMax keeps the sum of two sides and a balance of 18 digits from running over.
const countMax = int64(3) << 60

// entry counts one entry; it is false when the sums become too large.
func (c *counts) entry(e *Entry, booked bool) bool {
	ok := c.all.add(e)
	if booked {
		ok = c.booked.add(e)
	}
	return ok
}

func (c *count) add(e *Entry) bool {
	c.count++
	side := &c.debit
	if e.Credit {
		c.credits++
		side = &c.credit
	}
	if *side > countMax-e.AmountMinor {
		return false
	}
	*side += e.AmountMinor
	return true
}

// prove holds a total against what was counted. Its sum has no currency of its
// own.
func (s *scanner) prove(t *total, currency string) {
	have, sum := s.counted.all.count, s.counted.all.credit+s.counted.all.debit
	switch t.kind {
	case "TtlCdtNtries":
		have, sum = s.counted.all.credits, s.counted.all.credit
	case "TtlDbtNtries":
		have, sum = s.counted.all.count-s.counted.all.credits, s.counted.all.debit
	}
	if t.count != "" {
		if stated, err := strconv.Atoi(t.count); err != nil || stated != have {
			s.Control(t.line, t.kind, "NbOfNtries", "the number of entries differs: counted %d", have)
		}
	}
	if t.sum != "" {
		if stated, ok := iso20022.Minor(t.sum, currency); !ok || stated != sum {
			s.Control(t.line, t.kind, "Sum", "the sum of entries differs: computed %s", amountWords(sum, currency))
		}
	}
}
