package sim

import (
	"cmp"
	"context"
	"fmt"
	"hash"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/sim/audit"
	"github.com/billfold/billfold/internal/store"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "sim"}

// start is where the clock stands at first: a Monday.
var start = time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)

// world is the plan under simulation beside its auditor.
type world struct {
	options Options
	ctx     context.Context
	step    int
	trail   []string
	notes   hash.Hash // of every step and of the end
	random  *rand.Rand
	clock   *clock.Fixed

	faults  *frail
	store   *store.Store // without faults, to look at
	cashier *cashier.Cashier
	intake  *intake.Intake
	till    ledger.BookNo

	audit   *audit.Auditor
	numbers []billpay.Number
	keys    int
	due     calendar.Date

	posted []*made                // parts of payments over the counter and by card
	backs  []*wentBack            // refunds and disputes
	files  map[string][]*sentFile // by rail
	traces int

	survivor billpay.Number // of the last merge

	deaths, lost, jumps int
}

// made is a part of a payment that was made, with the auditor's view of it.
type made struct {
	no    int // in order, from 1
	in    payment.Instruction
	ref   cashier.Ref
	place *audit.Placement
}

// add notes a part that was made.
func (w *world) add(in payment.Instruction, ref cashier.Ref, place *audit.Placement) {
	w.posted = append(w.posted, &made{len(w.posted) + 1, in, ref, place})
}

// String names the part by its payment and its place among all that were made.
func (m *made) String() string { return fmt.Sprintf("part %d (%s, %s)", m.no, m.in.Key, m.in.Rail) }

// begin opens the plan with its members.
func (w *world) begin() {
	w.random = rand.New(rand.NewPCG(w.options.Seed, 7))
	w.clock, w.audit, w.due = clock.At(start), audit.New(), calendar.MustParse("2020-01-01")
	w.files = map[string][]*sentFile{}
	w.faults = &frail{seed: w.options.Seed, step: &w.step, seen: map[string]int{}}
	w.open()
	var err error
	w.till, err = w.store.OpenOperatingBook(w.ctx, "till", 0)
	w.check(err)
	w.numbers, err = w.store.Reserve(w.ctx, w.draw(24))
	w.check(err)
	var books []store.NewBook
	for i, no := range w.numbers {
		b := store.NewBook{No: ledger.BookNo(no), Kind: "member", Opaque: ident.NewOpaque()}
		if i%4 == 3 { // the last of each four is a dependant of the first
			b.Debtors.Premium = ledger.BookNo(w.numbers[i-3])
		}
		books = append(books, b)
		w.audit.Open(int64(no), int64(b.Debtors.Premium))
	}
	w.check(w.store.OpenBooks(w.ctx, books))
}

// open opens the store and makes what works on it, as a program does that starts.
func (w *world) open() {
	if w.store != nil {
		w.check(w.store.Close())
	}
	var err error
	w.store, err = w.options.Open(w.ctx, w.clock)
	w.check(err)
	w.faults.Store, w.faults.dead = w.store, false
	h := house{w.clock}
	w.cashier = cashier.New(w.faults, h, w.clock)
	w.intake = intake.New(w.faults, w.cashier, h, w.clock, lockbox.New(), bankbill.Rail{}, wire.Rail{})
}

// draw gives numbers that follow from the seed, which an issuer's do not.
func (w *world) draw(n int) []billpay.Number {
	numbers := make([]billpay.Number, 0, n)
	for len(numbers) < n {
		candidate, err := billpay.FromInt(100_000_000_000 + w.random.Int64N(900_000_000_000))
		if err == nil && !slices.Contains(numbers, candidate) {
			numbers = append(numbers, candidate)
		}
	}
	return numbers
}

// fail ends the run with a difference.
func (w *world) fail(format string, args ...any) {
	panic(&Difference{w.options.Seed, w.step, fmt.Sprintf(format, args...), slices.Clone(w.trail)})
}

func (w *world) check(err error) {
	if err != nil {
		w.fail("%v", err)
	}
}

// note keeps what a step did, for the digest and for whoever reads a difference.
func (w *world) note(format string, args ...any) {
	line := fmt.Sprintf("%d: ", w.step) + fmt.Sprintf(format, args...)
	fmt.Fprintln(w.notes, line)
	w.trail = append(w.trail, line)
	if len(w.trail) > trailMax {
		w.trail = w.trail[1:]
	}
}

// house is a plan of two legal entities: 1 has the premium fund and receives
// everything in it, 2 has the others.
type house struct{ clock clock.Clock }

// PurseOf implements cashier.House.
func (house) PurseOf(fund chart.Fund) chart.Purse {
	if fund == chart.Premium {
		return chart.Purse{Entity: 1, Fund: fund}
	}
	return chart.Purse{Entity: 2, Fund: fund}
}

// PostingDay implements cashier.House.
func (h house) PostingDay(chart.EntityNo) calendar.Date { return calendar.In(h.clock.Now(), time.UTC) }

// RuleFor implements cashier.House.
func (house) RuleFor(chart.Fund, calendar.Date) allocate.Rule { return allocate.OldestDueFirst }

// Receiver implements intake.House.
func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func (w *world) purse(fund chart.Fund) chart.Purse { return house{}.PurseOf(fund) }

func (w *world) key() ident.Key {
	w.keys++
	return ident.Key(fmt.Sprintf("sim:%d", w.keys))
}

func (w *world) order() cashier.Order {
	return cashier.Order{Key: w.key(), Actor: clerk, Reason: "simulated"}
}

func (w *world) number() billpay.Number { return w.numbers[w.random.IntN(len(w.numbers))] }

func (w *world) cents() money.Cents { return money.Cents(1 + w.random.IntN(20_000)) }

func (w *world) fund() chart.Fund {
	if w.random.IntN(3) == 0 {
		return chart.Medical
	}
	return chart.Premium
}

// one does one thing that can happen.
func (w *world) one() {
	w.clock.Advance(time.Millisecond)
	w.audit.At(w.clock.Now().UnixMicro())
	steps := []struct {
		name   string
		weight int
		do     func()
	}{
		{"bill", 20, w.bill}, {"pay", 30, w.pay}, {"repeat", 6, w.repeat}, {"file", 12, w.file}, {"broken file", 3, w.brokenFile},
		{"move", 8, w.move}, {"reverse", 8, w.reverse}, {"release", 8, w.release}, {"apply", 6, w.apply}, {"merge", 1, w.merge},
		{"refund", 8, w.refund}, {"settle", 8, w.settle}, {"dispute", 6, w.dispute}, {"win", 4, w.win}, {"jump", 3, w.jump},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := w.random.IntN(total)
	for _, s := range steps {
		if at -= s.weight; at < 0 {
			w.note("%s", s.name)
			s.do()
			return
		}
	}
}

// jump moves the clock as machines' clocks move: on by hours or days, or back a little.
func (w *world) jump() {
	by := time.Duration(w.random.IntN(72)) * time.Hour
	if w.random.IntN(3) == 0 {
		by = -time.Duration(w.random.IntN(90)) * time.Second
	}
	w.note("the clock moves by %s", by)
	w.clock.Advance(by)
	w.jumps++
}

func (w *world) bill() {
	about, fund, cents := w.number(), w.fund(), w.cents()
	w.due = w.due.AddDays(1) // no two items fall due on one day, so their order is never in doubt
	item := openitem.Item{About: ledger.BookNo(about), Purse: w.purse(fund), Text: "Simulated", DueOn: w.due, Amount: cents}
	order := w.order()
	w.check(w.try(func() error {
		_, err := w.cashier.Bill(w.ctx, order, []openitem.Item{item}, false)
		return err
	}))
	w.audit.Bill(int64(about), string(fund), w.due.String(), cents)
}

// part draws a part of a payment, sometimes for nobody.
func (w *world) part() (payment.Part, audit.Part) {
	fund, cents, no := w.fund(), w.cents(), w.number()
	reference := no.Digits()
	switch w.random.IntN(12) {
	case 0:
		reference, no = "a friend", 0
	case 1: // two neighbours exchanged fail the check digit, unless they are the same
		if reference[5] != reference[6] {
			reference, no = reference[:5]+reference[6:7]+reference[5:6]+reference[7:], 0
		}
	}
	return payment.Part{Reference: reference, Amount: cents, For: fund, Received: w.purse(chart.Premium)},
		audit.Part{Number: int64(no), Fund: string(fund), Cents: cents}
}

func (w *world) pay() {
	rail := payment.Counter
	if w.random.IntN(2) == 0 {
		rail = payment.Card
	}
	in := payment.Instruction{
		Key: w.key(), Rail: rail, Received: calendar.MustParse("2026-11-20"), Actor: clerk, Source: w.till,
	}
	var parts []audit.Part
	for range 1 + w.random.IntN(3) {
		p, seen := w.part()
		in.Parts, parts = append(in.Parts, p), append(parts, seen)
		in.Amount += p.Amount
	}
	w.note("pay %s in %d parts by %s", in.Amount, len(in.Parts), rail)
	answer := w.answer(in)
	for i, r := range answer.Parts {
		w.add(in, cashier.Ref{Book: r.Book, Seq: r.Seq}, w.audit.Receive(string(rail), "premium", parts[i]))
	}
}

// answer pays, and now and then does not hear the answer and asks once more.
func (w *world) answer(in payment.Instruction) cashier.Answer {
	var outcomes []cashier.Outcome
	pay := func() (err error) {
		outcomes, err = w.cashier.Post(w.ctx, []payment.Instruction{in}, nil)
		if err == nil {
			err = outcomes[0].Err
		}
		return err
	}
	w.check(w.try(pay))
	if w.random.IntN(10) == 0 {
		w.lost++
		w.check(w.try(pay))
		if !outcomes[0].Answer.Replayed {
			w.fail("payment %s was posted twice", in.Key)
		}
	}
	return outcomes[0].Answer
}

// any picks a payment made before, or nil.
func (w *world) any() *made {
	if len(w.posted) == 0 {
		return nil
	}
	return w.posted[w.random.IntN(len(w.posted))]
}

func (w *world) repeat() {
	if m := w.any(); m != nil && !w.answer(m.in).Replayed {
		w.fail("payment %s was posted twice", m.in.Key)
	}
}

// agree holds what an operation did against what the auditor says can be done.
func (w *world) agree(what string, err error, can bool) {
	kind := fault.KindOf(err)
	w.note("%s: %v", what, err == nil)
	if can != (err == nil) || err != nil && kind != fault.Conflict && kind != fault.Invalid {
		w.fail("%s ended with %v, and the auditor says it can be done: %v", what, err, can)
	}
}

func (w *world) reverse() {
	if m := w.any(); m != nil && m.place != nil && m.ref.Book != w.till {
		t, err := w.store.Transaction(w.ctx, m.ref.Book, m.ref.Seq)
		if err != nil {
			w.fail("%v", err)
		}
		if t.Event != chart.PaymentReceived {
			return // it was moved: only what was received is taken back
		}
		order := w.order()
		w.note("reverse %s", m)
		err = w.try(func() error {
			_, err := w.cashier.Reverse(w.ctx, order, m.ref)
			return err
		})
		w.agree("a reversal", err, w.audit.Reverse(m.place))
	}
}

func (w *world) move() {
	m := w.any()
	if m == nil || m.ref.Book == w.till {
		return
	}
	to := w.number()
	w.note("move %s to %s", m, to.Digits())
	receipt, err := w.store.Receipt(w.ctx, m.ref.Book, m.ref.Seq)
	if err != nil {
		w.fail("%v", err)
	}
	order, target, done := w.order(), cashier.Target{Reference: to.Digits(), Fund: receipt.Purse.Fund}, cashier.Done{}
	err = w.try(func() (err error) {
		done, err = w.cashier.Move(w.ctx, order, m.ref, target)
		return err
	})
	placed := w.audit.Move(m.place, int64(to))
	w.agree("a move", err, placed != nil)
	if placed != nil {
		w.add(m.in, done.Refs[len(done.Refs)-1], placed)
	}
}

func (w *world) release() {
	waiting, err := w.store.OpenSuspense(w.ctx, 10_000)
	w.check(err)
	if len(waiting) == 0 {
		return
	}
	slices.SortFunc(waiting, func(a, b cashier.SuspenseEntry) int { // operating books have numbers that no seed gives
		return cmp.Or(
			a.OpenedAt.Compare(b.OpenedAt), cmp.Compare(a.Amount, b.Amount), cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.PartNo, b.PartNo),
			cmp.Compare(a.Details.Source, b.Details.Source),
		)
	})
	entry, to := waiting[w.random.IntN(len(waiting))], w.number()
	cents := 1 + money.Cents(w.random.Int64N(int64(entry.Open)))
	at := cashier.Ref{Book: entry.Book, Seq: entry.Seq}
	w.note("release %s of %s to %s", cents, entry.Open, to.Digits())
	order, done := w.order(), cashier.Done{}
	err = w.try(func() (err error) {
		done, err = w.cashier.Release(w.ctx, order, at, cents, cashier.Target{Reference: to.Digits()})
		return err
	})
	w.agree("a release", err, true)
	var m made
	if known := slices.IndexFunc(w.posted, func(m *made) bool { return m.ref == at }); known >= 0 {
		m = *w.posted[known]
	}
	placed := w.audit.Release(m.place, string(entry.Purse.Fund), int64(to), cents)
	if m.place != nil {
		w.add(m.in, done.Refs[1], placed)
	}
}

func (w *world) apply() {
	m := w.any()
	if m == nil || m.ref.Book == w.till {
		return
	}
	order := w.order()
	w.note("apply what is left of %s", m)
	err := w.try(func() error {
		_, err := w.cashier.ApplyUnapplied(w.ctx, order, m.ref, nil)
		return err
	})
	if fault.KindOf(err) == fault.NotFound {
		err = fault.New(fault.Conflict, "sim", "nothing was left")
	}
	w.agree("an application", err, w.audit.Apply(m.place))
}

func (w *world) merge() {
	merged, survivor := w.number(), w.number()
	if w.survivor != 0 && w.random.IntN(2) == 0 {
		merged = w.survivor // long rows of survivors are rare otherwise
	}
	if merged == survivor {
		return
	}
	order := w.order()
	w.note("merge %s into %s", merged.Digits(), survivor.Digits())
	err := w.try(func() error {
		_, err := w.cashier.Merge(w.ctx, order, ledger.BookNo(merged), ledger.BookNo(survivor))
		return err
	})
	if err == nil {
		w.survivor = survivor
	}
	w.agree("a merge", err, w.audit.Merge(int64(merged), int64(survivor)))
}

// compare holds the store against the auditor, account by account.
func (w *world) compare() {
	for _, no := range w.numbers {
		have, err := w.store.Read(w.ctx, cashier.Want{Books: []ledger.BookNo{ledger.BookNo(no)}})
		if err != nil {
			w.fail("%v", err)
		}
		var owed []string
		for _, i := range have.Books[ledger.BookNo(no)].Items {
			owed = append(owed, fmt.Sprintf("%s %s %s", i.Purse.Fund, i.DueOn, i.Open))
		}
		slices.Sort(owed)
		if want := w.audit.Owed(int64(no)); !slices.Equal(owed, want) {
			w.fail("%s owes\n%s\nand the auditor says\n%s", no.Digits(), strings.Join(owed, "\n"), strings.Join(want, "\n"))
		}
		left, err := w.store.UnappliedOf(w.ctx, ledger.BookNo(no))
		if err != nil {
			w.fail("%v", err)
		}
		for _, fund := range chart.Funds() {
			sum := money.Cents(0)
			for _, u := range left {
				if u.Purse.Fund == fund {
					sum += u.Open
				}
			}
			if want := w.audit.Unapplied(int64(no), string(fund)); sum != want {
				w.fail("%s has %s of %s unapplied, and the auditor says %s", no.Digits(), sum, fund, want)
			}
		}
	}
	balances, err := w.store.Balances(w.ctx, store.BalanceFilter{})
	if err != nil {
		w.fail("%v", err)
	}
	premium := w.purse(chart.Premium)
	for rail, code := range map[string]chart.Code{
		"counter": chart.ClearCounter, "card": chart.ClearCard, "lockbox": chart.ClearLockbox, "bankbill": chart.ClearACH, "wire": chart.ClearWire,
	} {
		if got, want := balances[premium.Account(code)].Net(), w.audit.Taken(rail); got != want {
			w.fail("the %s brought %s, and the auditor says %s", rail, got, want)
		}
	}
	if got, want := -balances[premium.Account(chart.Suspense)].Net(), w.audit.Suspense("premium"); got != want {
		w.fail("%s are in suspense, and the auditor says %s", got, want)
	}
	if got, want := -balances[premium.Account(chart.RefundsPayable)].Net(), w.audit.Payable(); got != want {
		w.fail("%s are on their way back, and the auditor says %s", got, want)
	}
	report, err := proof.Verify(w.ctx, w.store, nil, nil)
	if err != nil || report.Broken != nil {
		w.fail("the books do not prove: %v %v", err, report.Broken)
	}
	for _, account := range slices.Sorted(maps.Keys(balances)) {
		w.note("%s stands at %s", chart.Name(account), balances[account].Net())
	}
}
