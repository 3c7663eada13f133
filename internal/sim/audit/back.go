package audit

import (
	"cmp"
	"slices"

	"github.com/billfold/billfold/internal/base/money"
)

// charge is a part of a payment with every placement that its money had, in
// order.
type charge struct{ places []*Placement }

func (c *charge) add(p *Placement) *Placement {
	p.charge = c
	c.places = append(c.places, p)
	return p
}

// piece is money in one place: in suspense, in a pot, or on what was paid.
type piece struct {
	of   *Placement
	pot  *pot
	paid int // an index, where it is neither in suspense nor in a pot
}

func (x piece) rank() int {
	switch {
	case x.of.in == nil:
		return 0
	case x.pot != nil:
		return 1
	}
	return 2
}

func (x piece) made() int64 {
	if x.pot != nil {
		return x.pot.made
	}
	return x.of.made
}

func (x piece) cents() *money.Cents {
	switch x.rank() {
	case 0:
		return &x.of.waiting
	case 1:
		return &x.pot.open
	}
	return &x.of.paid[x.paid].cents
}

// pieces lists a placement's money, what came last first.
func (p *Placement) pieces() (all []piece) {
	if p.ended {
		return nil
	}
	if p.in == nil {
		return []piece{{of: p}}
	}
	for u := p.left; u != nil; u = u.next {
		all = append(all, piece{of: p, pot: u})
	}
	for i := range slices.Backward(p.paid) {
		all = append(all, piece{of: p, paid: i})
	}
	return all
}

// stands is what a placement holds, without what was used or carried on.
func (p *Placement) stands() (sum money.Cents) {
	for _, x := range p.pieces() {
		if x.pot == nil || x.pot == p.left {
			sum += *x.cents()
		}
	}
	return sum
}

// Back is money that was taken back.
type Back struct {
	Cents  money.Cents
	rail   string
	groups []group
	state  string
}

// group is what was taken from one placement and one account.
type group struct {
	of    *Placement
	from  *account
	cents money.Cents
	items []*item // in the order in which they were taken from
}

// takeBack takes cents off pieces in order, and what was paid is owed again.
func (a *Auditor) takeBack(rail string, pieces []piece, cents money.Cents) *Back {
	sum := money.Cents(0)
	for _, x := range pieces {
		sum += *x.cents()
	}
	if cents > sum {
		return nil
	}
	b := &Back{Cents: cents, rail: rail}
	for _, x := range pieces {
		from := x.of.in
		if x.pot != nil && x.pot != x.of.left {
			from = a.holder(x.pot)
		}
		if n := min(cents, *x.cents()); n > 0 {
			cents -= n
			*x.cents() -= n
			b.group(x.of, from).take(a, x, n)
		}
	}
	for _, g := range b.groups {
		a.carry(g)
	}
	return b
}

// holder is the account that has a pot which a merge carried.
func (a *Auditor) holder(u *pot) *account {
	for _, at := range a.accounts {
		if slices.Contains(at.unapplied, u) {
			return at
		}
	}
	return nil
}

func (b *Back) group(of *Placement, from *account) *group {
	at := slices.IndexFunc(b.groups, func(g group) bool { return g.of == of && g.from == from })
	if at < 0 {
		at = len(b.groups)
		b.groups = append(b.groups, group{of: of, from: from})
	}
	return &b.groups[at]
}

func (g *group) take(a *Auditor, x piece, cents money.Cents) {
	g.cents += cents
	if x.pot == nil || x.pot == x.of.left {
		x.of.touched = true
	}
	switch x.rank() {
	case 0:
		a.suspense[x.of.part.Fund] -= cents
	case 1:
		x.pot.amount -= cents
	case 2:
		it := x.of.paid[x.paid].item
		it.open += cents
		g.items = append(g.items, it)
	}
}

// carry has the survivor of a merge owe what is owed again.
func (a *Auditor) carry(g group) {
	if g.from == nil || g.from.survivor == nil {
		return
	}
	to := a.owner(g.from.no)
	for _, it := range g.items {
		if it.open > 0 {
			to.items = append(to.items, &item{it.fund, it.due, it.open})
			it.open = 0
		}
	}
}

// Refundable is what can be refunded of a placement.
func (a *Auditor) Refundable(p *Placement) (sum money.Cents) {
	for _, x := range p.pieces() {
		sum += *x.cents()
	}
	return sum
}

// Refund takes cents of a placement back to be sent; nil when there is less.
func (a *Auditor) Refund(p *Placement, cents money.Cents) *Back {
	b := a.takeBack(p.rail, p.pieces(), cents)
	if b != nil {
		a.payable += cents
		b.state = "waiting"
	}
	return b
}

// Sent has a refund leave, and says whether it can.
func (a *Auditor) Sent(b *Back) bool {
	if b.state != "waiting" {
		return false
	}
	b.state = "sent"
	a.payable -= b.Cents
	a.taken[b.rail] -= b.Cents
	return true
}

// Failed has a refund come back, or not leave, and says whether that can be.
func (a *Auditor) Failed(b *Back) bool {
	if b.state == "sent" {
		a.payable += b.Cents
		a.taken[b.rail] += b.Cents
		b.state = "waiting"
	}
	return b.state == "waiting"
}

// Cancelled gives a refund up; nil when it cannot be. Its money is over, a
// placement for each from which it was taken.
func (a *Auditor) Cancelled(b *Back) (again []*Placement) {
	if b.state != "waiting" {
		return nil
	}
	b.state = "cancelled"
	a.payable -= b.Cents
	for _, g := range b.groups {
		again = append(again, a.giveBack(b, g, false))
	}
	return again
}

// Left is what of a payment's part a bank can take back, wherever it is.
func (a *Auditor) Left(p *Placement) (sum money.Cents) {
	for _, at := range p.charge.places {
		sum += a.Refundable(at)
	}
	return sum
}

// Dispute has the bank take cents of a part back; nil when there is less.
func (a *Auditor) Dispute(p *Placement, cents money.Cents) *Back {
	var pieces []piece
	for _, at := range p.charge.places {
		pieces = append(pieces, at.pieces()...)
	}
	slices.SortStableFunc(pieces, func(x, y piece) int {
		return cmp.Or(cmp.Compare(x.rank(), y.rank()), cmp.Compare(y.made(), x.made()))
	})
	b := a.takeBack(p.rail, pieces, cents)
	if b != nil {
		a.taken[b.rail] -= cents
		b.state = "open"
	}
	return b
}

// Won has the bank give a dispute's money back; nil when it did before.
func (a *Auditor) Won(b *Back) (again []*Placement) {
	if b.state != "open" {
		return nil
	}
	b.state = "won"
	a.taken[b.rail] += b.Cents
	for _, g := range b.groups {
		again = append(again, a.giveBack(b, g, true))
	}
	return again
}

// giveBack places money where it had been taken from: onto the items that were
// opened and then the oldest, or over.
func (a *Auditor) giveBack(b *Back, g group, onItems bool) *Placement {
	if g.from == nil {
		return g.of.charge.add(a.suspend(b.rail, g.of.part.Fund, g.cents))
	}
	in := a.owner(g.from.no)
	placed := g.of.charge.add(&Placement{rail: b.rail, part: Part{in.no, g.of.part.Fund, g.cents}, in: in, made: a.next()})
	left := g.cents
	if onItems {
		var open []*item
		for _, it := range in.items {
			if it.fund == placed.part.Fund && it.open > 0 {
				open = append(open, it)
			}
		}
		first := func(it *item) int { // the later it was taken from, the earlier it had been paid
			if in != g.from {
				return 0
			}
			return -slices.Index(g.items, it) - 1
		}
		slices.SortStableFunc(open, func(x, y *item) int { return cmp.Or(cmp.Compare(first(x), first(y)), cmp.Compare(x.due, y.due)) })
		for _, it := range open {
			if cents := min(left, it.open); cents > 0 {
				it.open -= cents
				left -= cents
				placed.paid = append(placed.paid, paid{it, cents})
			}
		}
	}
	if left > 0 {
		placed.left = a.over(in, placed.part.Fund, left)
	}
	return placed
}

// Payable is what is on its way back and has not left.
func (a *Auditor) Payable() money.Cents { return a.payable }
