package cashier_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
)

// part is a part of a payment by card as the processor sees it: what it brought
// and what went back, whatever became of it in the books.
type part struct {
	at       cashier.Ref
	amount   money.Cents
	reversed bool
	refunds  []*sum
	disputes []*sum
}

// sum is a refund or dispute: waiting, sent, given up; or open and won.
type sum struct {
	id    payment.ID
	cents money.Cents
	state string
}

// left is what can still be disputed.
func (p *part) left() money.Cents {
	left := p.amount
	for _, s := range append(append([]*sum(nil), p.refunds...), p.disputes...) {
		if s.state != "given up" && s.state != "won" {
			left -= s.cents
		}
	}
	if p.reversed {
		return 0
	}
	return left
}

// sequence is one drawn history in an office.
type sequence struct {
	*counter
	*rapid.T
	members []billpay.Number
	merged  map[billpay.Number]bool
	parts   []*part
}

// Whatever happens to card payments, in whatever order: a dispute can take
// exactly what has not gone back already, wherever the money stands, a refund
// exactly what Stands says, and the books agree with the processor.
func TestAnySequence_KeepsTheBooksRight(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		before := c.totals()
		rapid.Check(t, func(rt *rapid.T) {
			s := &sequence{counter: c, T: rt, merged: map[billpay.Number]bool{}}
			for range 3 {
				s.members = append(s.members, c.member())
			}
			for range rapid.IntRange(3, 14).Draw(rt, "steps") {
				s.step()
			}
			after := c.totals()
			s.compare(before, after)
			before = after
		})
	})
}

func (s *sequence) step() {
	steps := []struct {
		name string
		do   func()
	}{
		{"receive", s.receive}, {"bill", s.bill}, {"release", s.release}, {"move", s.move}, {"apply", s.apply},
		{"reverse", s.reverse}, {"refund", s.refund}, {"next", s.next}, {"dispute", s.dispute}, {"win", s.win},
		{"merge", s.merge},
	}
	at := rapid.IntRange(0, len(steps)-1).Draw(s.T, "step")
	if len(s.parts) == 0 {
		at = 0
	}
	steps[at].do()
}

func (s *sequence) member() billpay.Number { return rapid.SampledFrom(s.members).Draw(s.T, "member") }
func (s *sequence) part() *part            { return rapid.SampledFrom(s.parts).Draw(s.T, "part") }

func (s *sequence) cents(most money.Cents) money.Cents {
	return money.Cents(rapid.Int64Range(1, int64(most)).Draw(s.T, "cents"))
}

func (s *sequence) purse(name string) chart.Purse {
	return rapid.SampledFrom([]chart.Purse{premium, medical, pharmacy}).Draw(s.T, name)
}

func (s *sequence) receive() {
	paid := payment.Part{Reference: s.member().Digits(), Amount: s.cents(3_000), For: s.purse("for").Fund}
	if rapid.IntRange(0, 4).Draw(s.T, "nobody") == 0 {
		paid.Reference = "nobody"
	}
	r := s.charges(s.purse("received"), paid)[0]
	s.parts = append(s.parts, &part{at: ref(r), amount: r.Amount})
}

func (s *sequence) bill() { s.owes(s.member(), s.purse("purse"), s.cents(2_000), april) }

// stand draws a place where a part stands, false when it stands nowhere.
func (s *sequence) stand(p *part) (cashier.Stand, bool) {
	stands, err := s.Cashier.Stands(s.Context(), p.at)
	if err != nil {
		s.Fatal(err)
	}
	if len(stands) == 0 {
		return cashier.Stand{}, false
	}
	return rapid.SampledFrom(stands).Draw(s.T, "stand"), true
}

// must carries an act out.
func (s *sequence) must(done cashier.Done, err error) cashier.Done {
	if err != nil {
		s.Fatal(err)
	}
	return done
}

// conflicts has an act refused.
func (s *sequence) conflicts(done cashier.Done, err error) {
	if fault.KindOf(err) != fault.Conflict {
		s.Fatalf("%+v was done with the error %v, want a conflict", done, err)
	}
}

// allowed accepts an act that was carried out or refused as a conflict.
func (s *sequence) allowed(done cashier.Done, err error) bool {
	if err != nil && fault.KindOf(err) != fault.Conflict {
		s.Fatal(err)
	}
	return err == nil
}

func (s *sequence) release() {
	if at, ok := s.stand(s.part()); ok && at.At.Book.IsOperating() {
		s.must(s.Cashier.Release(s.Context(), s.order(), at.At, s.cents(at.Refundable), target(s.member().Digits())))
	}
}

func (s *sequence) move() {
	if at, ok := s.stand(s.part()); ok && !at.At.Book.IsOperating() {
		to := cashier.Target{Reference: s.member().Digits(), Fund: s.purse("to").Fund}
		s.allowed(s.Cashier.Move(s.Context(), s.order(), at.At, to))
	}
}

func (s *sequence) apply() {
	all, err := s.Store.UnappliedOf(s.Context(), ledger.BookNo(s.member()))
	if err != nil {
		s.Fatal(err)
	}
	if len(all) == 0 {
		return
	}
	u := rapid.SampledFrom(all).Draw(s.T, "unapplied")
	done, err := s.Cashier.ApplyUnapplied(s.Context(), s.order(), cashier.Ref{Book: u.Book, Seq: u.Seq}, nil)
	if s.allowed(done, err) && rapid.Bool().Draw(s.T, "undo") {
		s.allowed(s.Cashier.Reverse(s.Context(), s.order(), done.Refs[0]))
	}
}

func (s *sequence) reverse() {
	p := s.part()
	if s.allowed(s.Cashier.Reverse(s.Context(), s.order(), p.at)) {
		p.reversed = true
	}
}

func (s *sequence) refund() {
	p := s.part()
	at, ok := s.stand(p)
	if !ok {
		return
	}
	s.conflicts(s.Cashier.Refund(s.Context(), s.order(), at.At, at.Refundable+1))
	cents := s.cents(at.Refundable)
	p.refunds = append(p.refunds, &sum{s.must(s.Cashier.Refund(s.Context(), s.order(), at.At, cents)).ID, cents, "waiting"})
}

// next takes a refund a step on.
func (s *sequence) next() {
	p := s.part()
	if len(p.refunds) == 0 {
		return
	}
	r := rapid.SampledFrom(p.refunds).Draw(s.T, "refund")
	step := rapid.SampledFrom([]string{"sent", "failed", "given up"}).Draw(s.T, "outcome")
	var done cashier.Done
	var err error
	switch step {
	case "sent":
		done, err = s.Cashier.RefundSent(s.Context(), s.order(), r.id)
	case "failed":
		step = "waiting"
		done, err = s.Cashier.RefundFailed(s.Context(), s.order(), r.id)
	default:
		done, err = s.Cashier.RefundCancelled(s.Context(), s.order(), r.id)
	}
	if can := r.state == "waiting" || r.state == "sent" && step == "waiting"; s.allowed(done, err) != can {
		s.Fatalf("a refund that is %s became %s: %v", r.state, step, err)
	}
	if err == nil {
		r.state = step
	}
}

func (s *sequence) dispute() {
	p := s.part()
	left := p.left()
	s.conflicts(s.Cashier.Dispute(s.Context(), s.order(), p.at, left+1))
	if left == 0 {
		return
	}
	cents := s.cents(left)
	p.disputes = append(p.disputes, &sum{s.must(s.Cashier.Dispute(s.Context(), s.order(), p.at, cents)).ID, cents, "open"})
}

func (s *sequence) win() {
	p := s.part()
	if len(p.disputes) == 0 {
		return
	}
	d := rapid.SampledFrom(p.disputes).Draw(s.T, "dispute")
	done, err := s.Cashier.DisputeWon(s.Context(), s.order(), d.id)
	if s.allowed(done, err) != (d.state == "open") {
		s.Fatalf("a dispute that is %s was won: %v", d.state, err)
	}
	d.state = "won"
}

func (s *sequence) merge() {
	from, to := s.member(), s.member()
	if from == to || s.merged[from] || s.merged[to] {
		return
	}
	s.must(s.Cashier.Merge(s.Context(), s.order(), ledger.BookNo(from), ledger.BookNo(to)))
	s.merged[from] = true
}

// totals are the nets of all accounts over all purses, by role.
func (c *counter) totals() map[chart.Code]money.Cents {
	c.Helper()
	balances, err := c.Store.Balances(c.Context(), store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	totals := map[chart.Code]money.Cents{}
	for account, b := range balances {
		_, code, err := chart.Explain(account)
		if err != nil {
			c.Fatal(err)
		}
		totals[code] += b.Net()
	}
	return totals
}

// compare holds what the sequence added to the books against the processor's view.
func (s *sequence) compare(before, after map[chart.Code]money.Cents) {
	var card, payable money.Cents
	for _, p := range s.parts {
		card += p.left()
		for _, r := range p.refunds {
			if r.state == "waiting" {
				card, payable = card+r.cents, payable+r.cents
			}
		}
	}
	var over money.Cents
	for _, no := range s.members {
		over += s.unapplied(no)
	}
	for code, want := range map[chart.Code]money.Cents{
		chart.ClearCard: card, chart.RefundsPayable: -payable, chart.Unapplied: -over, chart.Interaccount: 0, chart.Interfund: 0,
	} {
		if got := after[code] - before[code]; got != want {
			s.Fatalf("%s moved by %s, want %s", code, got, want)
		}
	}
}
