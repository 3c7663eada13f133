package warden_test

import (
	"testing"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// card takes a card's money on the day at which the plan stands.
func (p *plan) card(number billpay.Number) cashier.Ref {
	p.t.Helper()
	book, err := p.Store.CardBook(ctx, p.today())
	if err != nil {
		p.t.Fatal(err)
	}
	outcomes, err := p.Cashier.Post(ctx, []payment.Instruction{{
		Key: "card:1", Rail: payment.Card, Actor: clerk, Source: book, Received: p.today(), Amount: 150_00,
		Parts: []payment.Part{{Reference: number.Digits(), Amount: 150_00, Received: storetest.House{}.PurseOf(chart.Premium)}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		p.t.Fatal(err, outcomes)
	}
	part := outcomes[0].Answer.Parts[0]
	return cashier.Ref{Book: part.Book, Seq: part.Seq}
}

// A bank takes February's premium back in May, when a grace for February would be
// over. While it decides the coverage stands, and the books owe the premium; lost, the
// coverage ends as if February had never been paid, won, nothing was ever amiss.
func TestRun_NoCoverageEndsWhileADisputeIsOpen(t *testing.T) {
	for name, c := range map[string]struct {
		held bool
		end  string
	}{"counted at once": {}, "lost": {true, "lost"}, "won": {true, "won"}} {
		t.Run(name, func(t *testing.T) {
			p := open(t, storetest.Open(t, map[bool]string{true: "postgres", false: "sqlite"}[c.end == "lost"]))
			p.until("2026-12-09")
			number := p.enrol("2027-01-01", "2026-12-09")
			p.until("2026-12-20")
			p.pay(number, 150_00)
			p.until("2027-02-01")
			paid := p.card(number)
			for _, d := range []string{"2027-03-01", "2027-04-01", "2027-05-01"} {
				p.until(d)
				p.pay(number, 150_00)
			}
			p.until("2027-05-14")
			p.stands(number, grace.Current, 0)
			order := cashier.Order{Key: "dispute:1", Actor: clerk, Reason: "dispute at the bank: fraudulent"}
			claim := payment.IDOf(order.Key)
			if c.held {
				for range 2 {
					if err := p.Store.HoldDisputed(ctx, claim, "dp_1"); err != nil {
						t.Fatal(err)
					}
				}
			}
			done, err := p.Cashier.Dispute(ctx, order, paid, 0)
			if err != nil {
				t.Fatal(err)
			}
			p.until("2027-05-20")
			if !c.held {
				p.stands(number, grace.Terminated, 0)
				return
			}
			p.stands(number, grace.Current, 0)
			if c.end == "won" {
				won := cashier.Order{Key: "dispute:1:won", Actor: ident.Actor{Kind: ident.System, Name: "cards"}}
				if _, err := p.Cashier.DisputeWon(ctx, won, done.ID); err != nil {
					t.Fatal(err)
				}
			}
			for range 2 {
				if err := p.Store.DecideDisputed(ctx, claim, p.today()); err != nil {
					t.Fatal(err)
				}
			}
			p.until("2027-05-24")
			if c.end == "won" {
				p.stands(number, grace.Current, 0)
				return
			}
			if s := p.status(number); s.State != grace.Terminated || s.EndsOn != day("2027-02-28") {
				t.Errorf("lost: %s, ends on %s", s.State, s.EndsOn)
			}
			p.stands(number, grace.Terminated, p.status(number).Owed)
		})
	}
}
