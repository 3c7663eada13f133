// Package audit is the auditor of the simulation: its own account of who owes
// what and what became of every cent, kept from the same inputs that the product
// was given. It shares no code with the books: it knows amounts and nothing else
// of the product, keeps everything in memory, and takes the plainest way to each
// answer. Where the two disagree, one of them is wrong. Start reading at Auditor.
package audit

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/money"
)

// Auditor keeps the account.
type Auditor struct {
	accounts map[int64]*account
	suspense map[string]money.Cents // by fund
	taken    map[string]money.Cents // by rail, less what went back
	payable  money.Cents            // on its way back to cards
	now      int64                  // microseconds, as the product's clock tells
	made     int                    // counts pots and placements of this instant
	seen     map[string]int         // how often an item of a file has come in one file
	files    map[string]bool
}

type account struct {
	no        int64
	survivor  *account // when merged
	debtor    int64    // who owes the premium, or 0
	items     []*item
	unapplied []*pot
}

type item struct {
	fund string
	due  string
	open money.Cents
}

// pot is money of an account that found no item.
type pot struct {
	fund         string
	amount, open money.Cents
	made         int64
	next         *pot // where a merge carried what was left
}

// Part is money for one number and fund; number 0 is nobody's.
type Part struct {
	Number int64
	Fund   string
	Cents  money.Cents
}

// Placement is where a part of a payment stands, or some of it.
type Placement struct {
	rail    string
	part    Part
	in      *account    // nil in suspense
	waiting money.Cents // in suspense
	paid    []paid
	left    *pot
	ended   bool
	touched bool // some of it was refunded or disputed
	made    int64
	charge  *charge
}

type paid struct {
	item  *item
	cents money.Cents
}

// New starts an account of nothing.
func New() *Auditor {
	return &Auditor{
		accounts: map[int64]*account{}, suspense: map[string]money.Cents{}, taken: map[string]money.Cents{},
		seen: map[string]int{}, files: map[string]bool{},
	}
}

// Open opens an account; the debtor owes its premium, or 0 for itself.
func (a *Auditor) Open(no, debtor int64) { a.accounts[no] = &account{no: no, debtor: debtor} }

// owner follows merges.
func (a *Auditor) owner(no int64) *account {
	at := a.accounts[no]
	for at != nil && at.survivor != nil {
		at = at.survivor
	}
	return at
}

// debtor is the account that owes a fund for the person of a number.
func (a *Auditor) debtor(at *account, fund string) *account {
	if fund == "premium" && at.debtor != 0 {
		return a.owner(at.debtor)
	}
	return a.owner(at.no)
}

// Bill makes something owed about a number.
func (a *Auditor) Bill(about int64, fund, due string, cents money.Cents) {
	at := a.debtor(a.accounts[about], fund)
	at.items = append(at.items, &item{fund, due, cents})
}

// Receive places a payment's part that came over a rail by a fund.
func (a *Auditor) Receive(rail, by string, p Part) *Placement {
	a.taken[rail] += p.Cents
	at := a.owner(p.Number)
	if at == nil {
		return new(charge).add(a.suspend(rail, by, p.Cents))
	}
	return new(charge).add(a.place(rail, at, p))
}

func (a *Auditor) suspend(rail, by string, cents money.Cents) *Placement {
	a.suspense[by] += cents
	return &Placement{rail: rail, part: Part{Fund: by, Cents: cents}, waiting: cents, made: a.next()}
}

// place pays the oldest items first and leaves the rest in the account.
func (a *Auditor) place(rail string, at *account, p Part) *Placement {
	in := a.debtor(at, p.Fund)
	placed := &Placement{rail: rail, part: p, in: in, made: a.next()}
	var open []*item
	for _, i := range in.items {
		if i.fund == p.Fund && i.open > 0 {
			open = append(open, i)
		}
	}
	slices.SortStableFunc(open, func(x, y *item) int { return cmp.Compare(x.due, y.due) })
	left := p.Cents
	for _, i := range open {
		if cents := min(left, i.open); cents > 0 {
			i.open -= cents
			left -= cents
			placed.paid = append(placed.paid, paid{i, cents})
		}
	}
	if left > 0 {
		placed.left = a.over(in, p.Fund, left)
	}
	return placed
}

// over leaves money in an account.
func (a *Auditor) over(in *account, fund string, cents money.Cents) *pot {
	u := &pot{fund: fund, amount: cents, open: cents, made: a.next()}
	in.unapplied = append(in.unapplied, u)
	return u
}

// At tells the auditor what time the product's clock says, in microseconds. What is
// the newest is what that clock said last, also where it was set back.
func (a *Auditor) At(now int64) { a.now, a.made = now, 0 }

// next gives the place of a pot or placement in the order of time.
func (a *Auditor) next() int64 {
	a.made++
	return a.now*1000 + int64(a.made)
}

// FileItem is one item of a file; equal identities are the same cheque or entry.
type FileItem struct {
	Identity string
	Part     Part
}

// File takes a file that a rail brought for a fund. The same items in any order
// are the same file.
func (a *Auditor) File(rail, by string, items []FileItem) {
	names := make([]string, len(items))
	here := map[string]int{}
	for i, it := range items {
		names[i] = fmt.Sprint(rail, it)
	}
	slices.Sort(names)
	if file := fmt.Sprint(names); a.files[file] {
		return
	} else {
		a.files[file] = true
	}
	for _, it := range items {
		here[it.Identity]++
		if here[it.Identity] <= a.seen[it.Identity] {
			it.Part.Number = 0 // it came in another file: it waits for a person
		}
		a.Receive(rail, by, it.Part)
	}
	for identity, n := range here {
		a.seen[identity] = max(a.seen[identity], n)
	}
}

// withdraw takes a placement back, if nothing was built upon it.
func (a *Auditor) withdraw(p *Placement) bool {
	if p.ended || p.left != nil && p.left.open != p.left.amount {
		return false
	}
	p.ended = true
	for _, x := range p.paid {
		x.item.open += x.cents
		if p.in.survivor != nil { // who survives the merge owes it
			to := a.owner(p.in.no)
			to.items = append(to.items, &item{x.item.fund, x.item.due, x.item.open})
			x.item.open = 0
		}
	}
	if p.left != nil {
		p.left.open = 0
	}
	return true
}

// Reverse takes a payment that was placed back, and says whether that can be.
func (a *Auditor) Reverse(p *Placement) bool {
	if p.in == nil || p.touched || !a.withdraw(p) {
		return false
	}
	a.taken[p.rail] -= p.part.Cents
	return true
}

// Move places a placement's money under another number; nil when it cannot be.
func (a *Auditor) Move(p *Placement, number int64) *Placement {
	stands := p.stands()
	if p.in == nil || stands == 0 || !a.withdraw(p) {
		return nil
	}
	return p.charge.add(a.place(p.rail, a.owner(number), Part{number, p.part.Fund, stands}))
}

// Release gives money in suspense to a number. The placement is nil for money of
// a file, which is not followed further.
func (a *Auditor) Release(p *Placement, by string, number int64, cents money.Cents) *Placement {
	a.suspense[by] -= cents
	placed := a.place("", a.owner(number), Part{number, by, cents})
	if p == nil {
		return new(charge).add(placed)
	}
	p.waiting -= cents
	placed.rail = p.rail
	return p.charge.add(placed)
}

// Apply puts what a placement left unapplied on open items of its account, and
// says whether there was anything to do.
func (a *Auditor) Apply(p *Placement) bool {
	if p.left == nil || p.left.open == 0 || a.debtor(p.in, p.part.Fund) != p.in {
		return false
	}
	again := p.charge.add(a.place("", p.in, Part{p.in.no, p.part.Fund, p.left.open}))
	p.left.open = 0
	if again.left != nil {
		p.left.open = again.left.open
		again.left.open = 0
	}
	return len(again.paid) > 0
}

// Merge moves what is open from one account to another, and says whether both
// were open.
func (a *Auditor) Merge(merged, survivor int64) bool {
	from, to := a.accounts[merged], a.accounts[survivor]
	if from == to || from.survivor != nil || to.survivor != nil {
		return false
	}
	from.survivor = to
	for _, i := range from.items {
		if i.open > 0 {
			to.items = append(to.items, &item{i.fund, i.due, i.open})
			i.open = 0
		}
	}
	for _, u := range from.unapplied {
		if u.open > 0 {
			u.next = a.over(to, u.fund, u.open)
			u.open = 0
		}
	}
	return true
}

// Owed lists what is open on an account, "premium 2026-04-01 150.00", sorted.
func (a *Auditor) Owed(no int64) []string {
	var owed []string
	for _, i := range a.accounts[no].items {
		if i.open > 0 {
			owed = append(owed, fmt.Sprintf("%s %s %s", i.fund, i.due, i.open))
		}
	}
	slices.Sort(owed)
	return owed
}

// Unapplied is what an account has over in a fund.
func (a *Auditor) Unapplied(no int64, fund string) (sum money.Cents) {
	for _, u := range a.accounts[no].unapplied {
		if u.fund == fund {
			sum += u.open
		}
	}
	return sum
}

// Suspense is what waits for its owner in a fund.
func (a *Auditor) Suspense(fund string) money.Cents { return a.suspense[fund] }

// Taken is what a rail brought, less what went back.
func (a *Auditor) Taken(rail string) money.Cents { return a.taken[rail] }
