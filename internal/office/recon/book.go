package recon

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
)

// bookLines is how many lines one storage transaction books. It keeps the embedded
// database's writer under 50 ms.
const bookLines = 500

// book puts the lines of loaded statements into the books.
func (d *Desk) book(ctx context.Context, by ident.Actor, r *RunReport) error {
	statements, err := d.store.Unbooked(ctx)
	if err != nil {
		return err
	}
	for i := range statements {
		if err := d.bookStatement(ctx, by, &statements[i], r); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) bookStatement(ctx context.Context, by ident.Actor, s *Statement, r *RunReport) error {
	book, err := d.store.DayBook(ctx, s.Print, s.AsOf)
	if err != nil {
		return err
	}
	s.Book = book
	count, net := int64(0), money.Cents(0)
	after, err := d.store.BookedUpTo(ctx, book)
	if err != nil {
		return err
	}
	for {
		lines, err := d.store.LinesToBook(ctx, s, after, bookLines)
		if err != nil {
			return err
		}
		if len(lines) == 0 {
			return d.store.MarkStatement(ctx, s.Print, s.AsOf, MarkBooked, count, net)
		}
		posting := make([]cashier.BankLine, 0, len(lines))
		for i := range lines {
			after = lines[i].No
			if lines[i].Amount == 0 {
				continue // a notice without money
			}
			count, net = count+1, net+lines[i].Amount
			posting = append(posting, d.firstStep(s.Cash, &lines[i], r))
		}
		if len(posting) == 0 {
			continue
		}
		if err := d.postLines(ctx, by, "", book, s.Cash, posting); err != nil {
			return err
		}
	}
}

func (d *Desk) postLines(
	ctx context.Context, by ident.Actor, reason string, book ledger.BookNo, cash ledger.Account, lines []cashier.BankLine,
) error {
	purse, _, err := purseOf(cash)
	if err != nil {
		return err
	}
	_, err = d.cashier.BookLines(ctx, by, reason, book, cash, lines, func(ctx context.Context, asOf calendar.Date) (calendar.Date, error) {
		if lines[0].Step > 1 {
			return d.house.PostingDay(purse.Entity), nil
		}
		return d.openDay(ctx, purse.Entity, asOf)
	})
	return err
}

// firstStep says what a line is booked against.
func (d *Desk) firstStep(cash ledger.Account, line *PairedLine, r *RunReport) cashier.BankLine {
	r.Lines++
	out := cashier.BankLine{No: line.No, Step: 1, On: line.AsOf, Rule: "open"}
	role := func(code chart.Code) ledger.Account { return ledger.Account(cash.Purse()*100 + int32(code)) }
	whole := func(code chart.Code, source, rule string) cashier.BankLine {
		out.Rule, out.Legs = rule, []cashier.BankLeg{{Account: role(code), Source: source, Cents: line.Amount}}
		return out
	}
	switch {
	case line.Family == Opening:
		return whole(chart.BankOpening, "", "opening balance")
	case line.Family == Fee || line.Family == Interest:
		return whole(chart.BankCharges, "", string(line.Family))
	case line.Family == Sweep:
		return whole(chart.Unidentified, cashier.SweepSource+line.AsOf.String(), string(Sweep))
	}
	legs, sum := legsOf(line.Pairs)
	if sum != line.Amount {
		r.Open++
		return whole(chart.Unidentified, "", "open")
	}
	r.Matched++
	out.Legs, out.Rule = legs, line.Pairs[0].Rule
	return out
}

// legsOf gives the legs of pairs, and what of the line they explain. A fee that was kept
// leaves the clearing account together with what came.
func legsOf(pairs []PairTo) (legs []cashier.BankLeg, sum money.Cents) {
	for _, p := range pairs {
		legs = append(legs, cashier.BankLeg{Account: p.Account, Source: p.Source, Cents: p.Cents + p.Fee, Was: p.Settled})
		if p.Fee != 0 {
			fees := ledger.Account(p.Account.Purse()*100 + int32(chart.ProcessorFees))
			legs = append(legs, cashier.BankLeg{Account: fees, Cents: -p.Fee})
		}
		sum += p.Cents
	}
	return legs, sum
}

// explainOpen explains lines that were booked without explanation before.
func (d *Desk) explainOpen(ctx context.Context, by ident.Actor, r *RunReport) error {
	book, no := ledger.BookNo(0), int64(-1)
	for {
		lines, err := d.store.LinesToExplain(ctx, book, no, bookLines)
		if err != nil || len(lines) == 0 {
			return err
		}
		for i := range lines {
			line := &lines[i]
			book, no = line.Book, line.No
			legs, sum := legsOf(line.Pairs)
			if sum != line.Open {
				continue
			}
			if err := d.explain(ctx, by, "", line, legs, line.Pairs[0].Rule); err != nil {
				return err
			}
			r.Explained++
		}
	}
}

// explain moves a line off unidentified, onto what explains it.
func (d *Desk) explain(ctx context.Context, by ident.Actor, reason string, line *PairedLine, legs []cashier.BankLeg, rule string) error {
	from := ledger.Account(line.Cash.Purse()*100 + int32(chart.Unidentified))
	step := cashier.BankLine{No: line.No, Step: line.Steps + 1, On: line.AsOf, Rule: rule, Of: line.First}
	step.Legs = append([]cashier.BankLeg{{Account: from, Cents: -line.Open}}, legs...)
	return d.postLines(ctx, by, reason, line.Book, line.Cash, []cashier.BankLine{step})
}
