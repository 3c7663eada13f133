package recon

import (
	"context"
	"io"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

// loadLines is how many lines are kept in one storage transaction.
const loadLines = 1000

// Load keeps the lines of a statement file that was proved, so that they can be
// matched. Nothing is posted. Statements of a day that is there already, interim ones and
// those of before an account's first are noted and not loaded. It is safe to repeat: what a killed load
// left is completed. Invalid when a bank account is not in the plan's configuration.
func (d *Desk) Load(ctx context.Context, file ledger.BookNo, open func() io.Reader, read Reader) (LoadReport, error) {
	l := &loading{desk: d, ctx: ctx, file: file}
	problems, err := read(open(), l.head, l.line)
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Corrupt, "recon.Load", "the kept file no longer proves: %s", problems[0])
	}
	if err == nil {
		err = l.end()
	}
	return l.report, fault.Wrap("recon.Load", err)
}

// loading is a statement file on its way in.
type loading struct {
	desk   *Desk
	ctx    context.Context
	file   ledger.BookNo
	report LoadReport

	at    *Statement // whose lines come now; nil when they are passed over
	lines []KeptLine
	count int64
	net   money.Cents
}

func (l *loading) head(h Head) error {
	if err := l.end(); err != nil {
		return err
	}
	d := l.desk
	purse, known := d.house.Receiver("bank_account", h.Account.Reveal())
	if !known {
		return fault.New(fault.Invalid, "recon.Load", "the bank account ending %s is not in the plan's configuration", h.Account.Last4()).
			WithHint("Add it under \"receiving\" in plan.yaml and send the file again.")
	}
	print, err := d.print(h.Account)
	if err != nil {
		return err
	}
	l.report.Statements++
	s := Statement{
		Print: print, AsOf: h.AsOf, Cash: d.cashOf(purse), Mask: "ending " + h.Account.Last4(), Opening: h.Opening, Closing: h.Closing,
		File: l.file, TakenAt: d.clock.Now(),
	}
	if s.Status, err = l.judge(&s, h.Interim); err != nil {
		return err
	}
	switch s.Status {
	case Interim:
		l.report.Interim++
	case Same, Other, Early:
		l.report.Again++
	case Booked:
		if s.Book, err = d.store.DayBook(l.ctx, s.Print, s.AsOf); err != nil {
			return err
		}
		l.at = &s
	}
	return d.store.KeepStatement(l.ctx, s)
}

// judge says what becomes of a statement, from what is there for its account.
func (l *loading) judge(s *Statement, interim bool) (Status, error) {
	if interim {
		return Interim, nil
	}
	first, before, err := l.desk.store.StatementsOf(l.ctx, s.Print, s.AsOf)
	if err != nil {
		return "", err
	}
	switch {
	case before != nil && before.File == l.file:
		return Booked, nil // a load that was cut short goes on
	case before != nil && before.Opening == s.Opening && before.Closing == s.Closing:
		return Same, nil
	case before != nil:
		return Other, nil
	case !first.IsZero() && s.AsOf.Before(first):
		return Early, nil
	case first.IsZero() && s.Opening.Said && s.Opening.Cents != 0:
		l.add(KeptLine{Family: Opening, Line: Line{Amount: s.Opening.Cents, Code: "010", ValueOn: s.AsOf}})
	}
	return Booked, nil
}

func (l *loading) line(line Line) error {
	if l.at == nil {
		return nil
	}
	kept := KeptLine{No: l.count + 1, Family: FamilyOf(line.Code, l.at.AsOf, line.Amount > 0), Line: line}
	kept.Ref = Normal(line.CustomerRef)
	if kept.Ref == "" {
		kept.Ref = Normal(line.BankRef)
	}
	l.count++
	if line.Amount > 0 {
		l.report.Credits += line.Amount
	} else {
		l.report.Debits -= line.Amount
	}
	l.net += line.Amount
	l.report.Lines++
	l.add(kept)
	if len(l.lines) < loadLines {
		return nil
	}
	return l.keep()
}

func (l *loading) add(line KeptLine) { l.lines = append(l.lines, line) }

func (l *loading) keep() error {
	err := l.desk.store.KeepBankLines(l.ctx, l.at, l.lines)
	l.lines = l.lines[:0]
	return err
}

// end completes the statement whose lines came.
func (l *loading) end() error {
	if l.at == nil {
		l.lines = l.lines[:0]
		return nil
	}
	if len(l.lines) > 0 {
		if err := l.keep(); err != nil {
			return err
		}
	}
	err := l.desk.store.MarkStatement(l.ctx, l.at.Print, l.at.AsOf, MarkLoaded, l.count, l.net)
	l.at, l.count, l.net = nil, 0, 0
	return err
}

// Marks of a statement.
const (
	MarkLoaded = "loaded" // all lines are kept
	MarkBooked = "booked" // all lines are in the books
)

// RunReport says what a run did.
type RunReport struct {
	Expected   int64       `json:"expected_open"`
	Lines      int64       `json:"lines_booked"`
	Matched    int64       `json:"lines_matched"`
	Open       int64       `json:"lines_open"`
	Explained  int64       `json:"lines_explained"`
	OpenCents  money.Cents `json:"open_cents"`
	Exceptions int64       `json:"exceptions_open"`
}

// Run reckons what is expected, matches what the bank showed with it, puts every line
// into the books and names what is left. A second run finds nothing to do.
func (d *Desk) Run(ctx context.Context, by ident.Actor) (RunReport, error) {
	const op = "recon.Run"
	var r RunReport
	if err := d.refresh(ctx); err != nil {
		return r, fault.Wrap(op, err)
	}
	if err := d.pair(ctx); err != nil {
		return r, fault.Wrap(op, err)
	}
	if err := d.book(ctx, by, &r); err != nil {
		return r, fault.Wrap(op, err)
	}
	if err := d.explainOpen(ctx, by, &r); err != nil {
		return r, fault.Wrap(op, err)
	}
	if err := d.nameExceptions(ctx); err != nil {
		return r, fault.Wrap(op, err)
	}
	counts, err := d.store.ReconCounts(ctx)
	r.Expected, r.Exceptions, r.OpenCents = counts.Expected, counts.Exceptions, counts.OpenCents
	return r, fault.Wrap(op, err)
}

// Refresh brings what is expected up to date with the journal, without matching.
func (d *Desk) Refresh(ctx context.Context) error { return fault.Wrap("recon.Refresh", d.refresh(ctx)) }

// refresh brings the expected settlements up to date with the journal.
func (d *Desk) refresh(ctx context.Context) error {
	if err := d.store.ReckonFlows(ctx); err != nil {
		return err
	}
	if err := d.takePayouts(ctx); err != nil {
		return err
	}
	return d.store.ReckonExpected(ctx, d.placeNew)
}

// NewExpected is what is known of expected settlements that have no day yet.
type NewExpected struct {
	Account ledger.Account
	On      calendar.Date // effective, or the day of a payout
}

// Placed says where and when such a settlement is expected.
type Placed struct {
	Cash      ledger.Account
	CodeBit   int64
	ExpectOn  calendar.Date
	OverdueOn calendar.Date // the first day on which it is late
}

// placeNew says when the bank is to show money that came or went on a day.
func (d *Desk) placeNew(n NewExpected) (Placed, error) {
	purse, code, err := purseOf(n.Account)
	if err != nil {
		return Placed{}, err
	}
	on := n.On
	if !on.IsBusinessDay() {
		on = on.AddBusinessDays(1)
	}
	return Placed{
		Cash: d.cashOf(purse), CodeBit: CodeBit(code), ExpectOn: on, OverdueOn: on.AddBusinessDays(d.rules.Grace[code] + 1),
	}, nil
}
