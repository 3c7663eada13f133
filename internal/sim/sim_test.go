package sim_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/sim/audit"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// seedEnv names the environment variable with the seed of a run to repeat.
const seedEnv = "BILLFOLD_SIM_SEED"

var clerk = ident.Actor{Kind: ident.Staff, Name: "sim"}

func TestSimulation(t *testing.T) {
	seed, steps := rand.Uint64(), 300
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	if os.Getenv("BILLFOLD_SOAK") != "" {
		steps = 5000
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		t.Logf("%s=%d, %d steps", seedEnv, seed, steps)
		w := newWorld(t, o, seed)
		for range steps {
			w.step()
		}
		w.compare()
	})
}

// world is the plan under simulation beside its auditor.
type world struct {
	*storetest.Office
	*testing.T
	random  *rand.Rand
	intake  *intake.Intake
	audit   *audit.Auditor
	numbers []billpay.Number
	keys    int
	due     calendar.Date

	posted []*made                // parts of payments over the counter and by card
	backs  []*wentBack            // refunds and disputes
	files  map[string][]*sentFile // by rail
	traces int

	survivor billpay.Number // of the last merge
}

// made is a part of a payment that was made, with the auditor's view of it.
type made struct {
	in    payment.Instruction
	ref   cashier.Ref
	place *audit.Placement
}

func newWorld(t *testing.T, o *storetest.Office, seed uint64) *world {
	w := &world{
		Office: o, T: t, random: rand.New(rand.NewPCG(seed, 7)), audit: audit.New(), due: calendar.MustParse("2020-01-01"),
		files: map[string][]*sentFile{},
	}
	h := house{storetest.House{Clock: o.Clock}}
	w.intake = intake.New(o.Store, o.Cashier, h, o.Clock, lockbox.New(), bankbill.Rail{}, wire.Rail{})
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	if w.numbers, err = o.Store.Reserve(t.Context(), issuer.Draw(24)); err != nil {
		t.Fatal(err)
	}
	var books []store.NewBook
	for i, no := range w.numbers {
		b := store.NewBook{No: ledger.BookNo(no), Kind: "member", Opaque: ident.NewOpaque()}
		if i%4 == 3 { // the last of each four is a dependant of the first
			b.Debtors.Premium = ledger.BookNo(w.numbers[i-3])
		}
		books = append(books, b)
		w.audit.Open(int64(no), int64(b.Debtors.Premium))
	}
	if err := o.Store.OpenBooks(t.Context(), books); err != nil {
		t.Fatal(err)
	}
	return w
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func (w *world) purse(fund chart.Fund) chart.Purse { return storetest.House{}.PurseOf(fund) }

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

// step does one thing that can happen.
func (w *world) step() {
	w.Clock.Advance(time.Millisecond)
	steps := []struct {
		weight int
		do     func()
	}{
		{20, w.bill}, {30, w.pay}, {6, w.repeat}, {12, w.file}, {8, w.move}, {8, w.reverse}, {8, w.release}, {6, w.apply}, {1, w.merge},
		{8, w.refund}, {8, w.settle}, {6, w.dispute}, {4, w.win},
	}
	total := 0
	for _, s := range steps {
		total += s.weight
	}
	at := w.random.IntN(total)
	for _, s := range steps {
		if at -= s.weight; at < 0 {
			s.do()
			return
		}
	}
}

func (w *world) bill() {
	about, fund, cents := w.number(), w.fund(), w.cents()
	w.due = w.due.AddDays(1) // no two items fall due on one day, so their order is never in doubt
	item := openitem.Item{About: ledger.BookNo(about), Purse: w.purse(fund), Text: "Simulated", DueOn: w.due, Amount: cents}
	if _, err := w.Cashier.Bill(w.Context(), w.order(), []openitem.Item{item}, false); err != nil {
		w.Fatal(err)
	}
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
		Key: w.key(), Rail: rail, Received: calendar.MustParse("2026-11-20"), Actor: clerk, Source: w.Till,
	}
	var parts []audit.Part
	for range 1 + w.random.IntN(3) {
		p, seen := w.part()
		in.Parts, parts = append(in.Parts, p), append(parts, seen)
		in.Amount += p.Amount
	}
	answer := w.answer(in)
	for i, r := range answer.Parts {
		w.posted = append(w.posted, &made{in, cashier.Ref{Book: r.Book, Seq: r.Seq}, w.audit.Receive(string(rail), "premium", parts[i])})
	}
}

func (w *world) answer(in payment.Instruction) cashier.Answer {
	w.Helper()
	outcomes, err := w.Cashier.Post(w.Context(), []payment.Instruction{in}, nil)
	if err != nil || outcomes[0].Err != nil {
		w.Fatal(err, outcomes)
	}
	return outcomes[0].Answer
}

// one picks a payment made before, or nil.
func (w *world) one() *made {
	if len(w.posted) == 0 {
		return nil
	}
	return w.posted[w.random.IntN(len(w.posted))]
}

func (w *world) repeat() {
	if m := w.one(); m != nil && !w.answer(m.in).Replayed {
		w.Fatalf("payment %s was posted twice", m.in.Key)
	}
}

// agree holds what an operation did against what the auditor says can be done.
func (w *world) agree(what string, err error, can bool) {
	w.Helper()
	kind := fault.KindOf(err)
	if can != (err == nil) || err != nil && kind != fault.Conflict && kind != fault.Invalid {
		w.Fatalf("%s ended with %v, and the auditor says it can be done: %v", what, err, can)
	}
}

func (w *world) reverse() {
	if m := w.one(); m != nil && m.place != nil && m.ref.Book != w.Till {
		t, err := w.Store.Transaction(w.Context(), m.ref.Book, m.ref.Seq)
		if err != nil {
			w.Fatal(err)
		}
		if t.Event != chart.PaymentReceived {
			return // it was moved: only what was received is taken back
		}
		_, err = w.Cashier.Reverse(w.Context(), w.order(), m.ref)
		w.agree("a reversal", err, w.audit.Reverse(m.place))
	}
}

func (w *world) move() {
	m := w.one()
	if m == nil || m.ref.Book == w.Till {
		return
	}
	to := w.number()
	receipt, err := w.Store.Receipt(w.Context(), m.ref.Book, m.ref.Seq)
	if err != nil {
		w.Fatal(err)
	}
	done, err := w.Cashier.Move(w.Context(), w.order(), m.ref, cashier.Target{Reference: to.Digits(), Fund: receipt.Purse.Fund})
	placed := w.audit.Move(m.place, int64(to))
	w.agree("a move", err, placed != nil)
	if placed != nil {
		w.posted = append(w.posted, &made{m.in, done.Refs[len(done.Refs)-1], placed})
	}
}

func (w *world) release() {
	waiting, err := w.Store.OpenSuspense(w.Context(), 20)
	if err != nil {
		w.Fatal(err)
	}
	if len(waiting) == 0 {
		return
	}
	entry, to := waiting[w.random.IntN(len(waiting))], w.number()
	cents := 1 + money.Cents(w.random.Int64N(int64(entry.Open)))
	at := cashier.Ref{Book: entry.Book, Seq: entry.Seq}
	done, err := w.Cashier.Release(w.Context(), w.order(), at, cents, cashier.Target{Reference: to.Digits()})
	w.agree("a release", err, true)
	var m made
	if known := slices.IndexFunc(w.posted, func(m *made) bool { return m.ref == at }); known >= 0 {
		m = *w.posted[known]
	}
	placed := w.audit.Release(m.place, string(entry.Purse.Fund), int64(to), cents)
	if m.place != nil {
		w.posted = append(w.posted, &made{m.in, done.Refs[1], placed})
	}
}

func (w *world) apply() {
	m := w.one()
	if m == nil || m.ref.Book == w.Till {
		return
	}
	_, err := w.Cashier.ApplyUnapplied(w.Context(), w.order(), m.ref, nil)
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
	_, err := w.Cashier.Merge(w.Context(), w.order(), ledger.BookNo(merged), ledger.BookNo(survivor))
	if err == nil {
		w.survivor = survivor
	}
	w.agree("a merge", err, w.audit.Merge(int64(merged), int64(survivor)))
}

// compare holds the store against the auditor, account by account.
func (w *world) compare() {
	w.Helper()
	for _, no := range w.numbers {
		have, err := w.Store.Read(w.Context(), cashier.Want{Books: []ledger.BookNo{ledger.BookNo(no)}})
		if err != nil {
			w.Fatal(err)
		}
		var owed []string
		for _, i := range have.Books[ledger.BookNo(no)].Items {
			owed = append(owed, fmt.Sprintf("%s %s %s", i.Purse.Fund, i.DueOn, i.Open))
		}
		slices.Sort(owed)
		if want := w.audit.Owed(int64(no)); !slices.Equal(owed, want) {
			w.Errorf("%s owes\n%s\nand the auditor says\n%s", no.Digits(), strings.Join(owed, "\n"), strings.Join(want, "\n"))
		}
		left, err := w.Store.UnappliedOf(w.Context(), ledger.BookNo(no))
		if err != nil {
			w.Fatal(err)
		}
		for _, fund := range chart.Funds() {
			sum := money.Cents(0)
			for _, u := range left {
				if u.Purse.Fund == fund {
					sum += u.Open
				}
			}
			if want := w.audit.Unapplied(int64(no), string(fund)); sum != want {
				w.Errorf("%s has %s of %s unapplied, and the auditor says %s", no.Digits(), sum, fund, want)
			}
		}
	}
	balances, err := w.Store.Balances(w.Context(), store.BalanceFilter{})
	if err != nil {
		w.Fatal(err)
	}
	premium := w.purse(chart.Premium)
	for rail, code := range map[string]chart.Code{
		"counter": chart.ClearCounter, "card": chart.ClearCard, "lockbox": chart.ClearLockbox, "bankbill": chart.ClearACH, "wire": chart.ClearWire,
	} {
		if got, want := balances[premium.Account(code)].Net(), w.audit.Taken(rail); got != want {
			w.Errorf("the %s brought %s, and the auditor says %s", rail, got, want)
		}
	}
	if got, want := -balances[premium.Account(chart.Suspense)].Net(), w.audit.Suspense("premium"); got != want {
		w.Errorf("%s are in suspense, and the auditor says %s", got, want)
	}
	if got, want := -balances[premium.Account(chart.RefundsPayable)].Net(), w.audit.Payable(); got != want {
		w.Errorf("%s are on their way back, and the auditor says %s", got, want)
	}
	report, err := proof.Verify(w.Context(), w.Store, nil, nil)
	if err != nil || report.Broken != nil {
		w.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
}
