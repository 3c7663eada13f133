package autopay_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	cover "github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	clerk   = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	nightly = ident.Actor{Kind: ident.System, Name: "run day"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
)

func day(text string) calendar.Date { return calendar.MustParse(text) }

// house is an office with an autopay desk over the real clearing desk, on 2026-11-23.
type house struct {
	*storetest.Office
	t       testing.TB
	desk    *autopay.Desk
	clear   *clearing.Desk
	post    *notice.Desk
	access  audit.Access
	numbers []billpay.Number
	keys    int
}

func each(t *testing.T, members int, test func(t *testing.T, h *house)) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		access, err := audit.By(clerk, "the member called", "test")
		if err != nil {
			t.Fatal(err)
		}
		h := &house{Office: o, t: t, access: access}
		h.numbers = o.Residents(t, "front-range", make([]string, members)...)
		h.clear = clearing.New(clearing.Parts{Store: o.Store, House: storetest.House{Clock: o.Clock}, Clock: o.Clock})
		h.post = notice.NewDesk(o.Store, nil, nil, o.Clock)
		h.desk = &autopay.Desk{
			Store: o.Store, Trail: audit.New(o.Store, o.Clock), House: storetest.House{Clock: o.Clock}, Clearing: h.clear, Clock: o.Clock,
			Creditor: func(chart.Fund) (string, string) { return "Cedar Valley Health", "1-800-555-0100" },
		}
		test(t, h)
	})
}

func (h *house) ctx() context.Context { return h.t.(interface{ Context() context.Context }).Context() }

func (h *house) book(member int) ledger.BookNo { return ledger.BookNo(h.numbers[member]) }

func (h *house) key() ident.Key {
	h.keys++
	return ident.Key(fmt.Sprintf("order:%d", h.keys))
}

func (h *house) bill(member int, due string, cents money.Cents) {
	h.t.Helper()
	_, err := h.Cashier.Bill(h.ctx(), cashier.Order{Key: h.key(), Actor: clerk, Reason: "billed"}, []openitem.Item{
		{Purse: premium, About: h.book(member), Text: "A month", Invoice: "INV-1", DueOn: day(due), Amount: cents},
	}, false)
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) pay(member int, cents money.Cents) {
	h.t.Helper()
	outcomes, err := h.Cashier.Post(h.ctx(), []payment.Instruction{{
		Key: h.key(), Rail: payment.Counter, Received: day("2026-11-23"), Actor: clerk, Source: h.Till, Amount: cents,
		Parts: []payment.Part{{Reference: h.numbers[member].Digits(), Amount: cents, Received: premium}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		h.t.Fatal(err, outcomes)
	}
}

func (h *house) account() *mandate.BankAccount {
	a, err := mandate.ParseBankAccount("021000021", "987654321012", "checking", "Reader Ruiz", false)
	if err != nil {
		h.t.Fatal(err)
	}
	return &a
}

// wish is a consent by telephone to have a member's premium debited on the due date.
func (h *house) wish(member int) autopay.Give {
	return autopay.Give{
		Key: h.key(), Access: h.access, Book: h.book(member), Account: h.account(), Fund: chart.Premium, Purpose: mandate.Premium,
		Day: mandate.DayRule{Kind: mandate.OnDueDate}, Channel: mandate.Phone, Language: "en",
		Evidence: mandate.Evidence{Name: "Reader Ruiz", Authenticated: "name, birth date, code to the telephone on file", Recording: "calls/17"},
	}
}

func (h *house) give(g autopay.Give) mandate.Mandate {
	h.t.Helper()
	done, err := h.desk.Give(h.ctx(), g)
	if err != nil {
		h.t.Fatal(err)
	}
	return done.Mandate
}

func (h *house) order(m mandate.Mandate) autopay.Order {
	return autopay.Order{Key: h.key(), Access: h.access, Book: m.Book, Mandate: m.ID}
}

func (h *house) on(date string) {
	at := day(date).Time().Add(15 * time.Hour)
	h.Clock.Advance(at.Sub(h.Clock.Now()))
}

// run carries out the days from the clock's through a last one.
func (h *house) run(through string) autopay.Report {
	h.t.Helper()
	var last autopay.Report
	for d := calendar.In(h.Clock.Now(), time.UTC); !d.After(day(through)); d = d.AddDays(1) {
		h.on(d.String())
		var err error
		if last, err = h.desk.Run(h.ctx(), d, nightly, h.post); err != nil {
			h.t.Fatalf("on %s: %v", d, err)
		}
	}
	return last
}

func (h *house) entries(member int) []clearing.Entry {
	h.t.Helper()
	all, err := h.Store.EntriesOf(h.ctx(), h.book(member))
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) pulls(m mandate.Mandate) []autopay.Pull {
	h.t.Helper()
	all, err := h.Store.PullsOf(h.ctx(), m.Book, m.ID, 50)
	if err != nil {
		h.t.Fatal(err)
	}
	return all
}

func (h *house) now(m mandate.Mandate) mandate.Mandate {
	h.t.Helper()
	m, err := h.Store.Mandate(h.ctx(), m.Book, m.ID)
	if err != nil {
		h.t.Fatal(err)
	}
	return m
}

func (h *house) states(m mandate.Mandate) string {
	h.t.Helper()
	var out []string
	for _, p := range h.pulls(m) {
		out = append(out, fmt.Sprintf("%s %s %s", p.DueOn, p.Amount, p.State))
	}
	return strings.Join(out, ", ")
}

func checkKind(t testing.TB, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestGive_OnceForItsKey(t *testing.T) {
	each(t, 2, func(t *testing.T, h *house) {
		g := h.wish(0)
		first := h.give(g)
		again, err := h.desk.Give(t.Context(), g)
		if err != nil || !again.Replayed || again.Mandate.ID != first.ID {
			t.Errorf("the same order again: %+v and %v", again, err)
		}
		other := g
		other.Cap = 200_00
		_, err = h.desk.Give(t.Context(), other)
		checkKind(t, err, fault.Conflict)

		second := h.wish(0)
		_, err = h.desk.Give(t.Context(), second)
		checkKind(t, err, fault.Conflict) // one is live for the fund
		second.Replace = true
		instead := h.give(second)
		if instead.Follows != first.ID || h.now(first).State != mandate.Ended || h.now(first).Reason != mandate.Replaced {
			t.Errorf("the first is %+v", h.now(first))
		}

		m := h.now(instead)
		if m.Class != mandate.TEL || m.Consent.Wording != "phone-1" || m.Consent.Digest != mandate.DigestOf(m.Consent.Evidence.Text) ||
			!strings.Contains(m.Consent.Evidence.Text, "•••• 1012") || m.Consent.Evidence.Recording != "calls/17" {
			t.Errorf("kept %+v", m)
		}
		for _, table := range []string{"payment_method", "mandate", "mandate_event", "audit_entry"} {
			rows := storetest.Rows(t, h.Office, table)
			if strings.Contains(rows, "987654321") || strings.Contains(rows, "calls/17") || strings.Contains(rows, "021000021") {
				t.Errorf("%s holds in clear what must be sealed", table)
			}
		}
		if _, err := h.desk.Give(t.Context(), autopay.Give{Key: "x", Book: h.book(1)}); fault.KindOf(err) != fault.Denied {
			t.Errorf("nobody gives a consent: %v", err)
		}
	})
}

func TestGive_OnlyTheTextThatWasShown(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		_, text, err := h.desk.Words(t.Context(), g)
		if err != nil {
			t.Fatal(err)
		}
		g.Agreed = mandate.DigestOf(text + " ")
		_, err = h.desk.Give(t.Context(), g)
		checkKind(t, err, fault.Conflict)
		g.Agreed = mandate.DigestOf(text)
		h.give(g)
	})
}

// The worked example: 150.00 rises to 172.40 for 2027-01-05, told of by 2026-12-26.
func TestRun_AnnouncesAChangedDebitAndTakesItOnItsDay(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Day, g.Expected = mandate.DayRule{Kind: mandate.OnDay, N: 5}, 150_00
		m := h.give(g)
		h.bill(0, "2026-12-01", 150_00)
		h.run("2026-12-05") // a Saturday: filed on the Friday, settled on the Monday
		entries := h.entries(0)
		if len(entries) != 1 {
			t.Fatalf("got %d entries", len(entries))
		}
		e := entries[0]
		if e.Amount != 150_00 || e.CreditOn != day("2026-12-05") || e.SettleOn != day("2026-12-07") || e.SEC != clearing.TEL || !e.Recurring ||
			e.State != clearing.Ready || e.Mandate != m.ID {
			t.Errorf("got %+v", e)
		}
		if letters := storetest.Rows(t, h.Office, "notice"); strings.Contains(letters, string(notice.AutopayChange)) {
			t.Error("a debit of the told amount is announced")
		}
		h.pay(0, 150_00) // stands for the posting of the file

		h.bill(0, "2027-01-01", 172_40)
		report := h.run("2026-12-25")
		letters := storetest.Rows(t, h.Office, "notice")
		if !strings.Contains(letters, string(notice.AutopayChange)) || !strings.Contains(letters, `"debit_on":"2027-01-05","before":15000`) {
			t.Errorf("no letter by 2026-12-26: %s", letters)
		}
		if report.Letters.Changed != 0 {
			t.Error("a letter is kept on each day")
		}
		h.run("2027-01-04")
		if got := h.states(m); got != "2027-01-05 172.40 ordered, 2026-12-05 150.00 ordered" {
			t.Errorf("got %s", got)
		}
	})
}

func TestRun_WaitsWhenItCannotAnnounceInTime(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.give(h.wish(0)) // no amount was told: the first debit is announced
		h.bill(0, "2026-11-30", 99_00)
		h.run("2026-12-01")
		if len(h.entries(0)) != 0 {
			t.Fatal("it goes out before ten days are over")
		}
		h.run("2026-12-03")
		got := h.entries(0)
		if len(got) != 1 || got[0].CreditOn != day("2026-12-03") || h.pulls(m)[0].DueOn != day("2026-11-30") {
			t.Errorf("got %+v", got)
		}
	})
}

func TestRun_RepeatedAndCutShortDoesNothingTwice(t *testing.T) {
	each(t, 3, func(t *testing.T, h *house) {
		var mandates []mandate.Mandate
		for i := range 3 {
			g := h.wish(i)
			g.Expected = 100_00
			mandates = append(mandates, h.give(g))
			h.bill(i, "2026-11-24", 100_00)
		}
		ctx, cut := context.WithCancel(t.Context())
		cut()
		if _, err := h.desk.Run(ctx, day("2026-11-23"), nightly, h.post); err == nil {
			t.Error("a run that was cut short says that it went well")
		}
		for range 3 {
			if _, err := h.desk.Run(t.Context(), day("2026-11-23"), nightly, h.post); err != nil {
				t.Fatal(err)
			}
		}
		for i, m := range mandates {
			if got := h.states(m); got != "2026-11-24 100.00 ordered" || len(h.entries(i)) != 1 {
				t.Errorf("member %d: %s and %d entries", i, got, len(h.entries(i)))
			}
		}
		// What becomes due later on the same day is another debit, a day on.
		h.bill(0, "2026-11-24", 5_00)
		if _, err := h.desk.Run(t.Context(), day("2026-11-23"), nightly, h.post); err != nil {
			t.Fatal(err)
		}
		if got := h.states(mandates[0]); got != "2026-11-25 5.00 planned, 2026-11-24 100.00 ordered" {
			t.Errorf("got %s", got)
		}
	})
}

func TestRun_NeverMoreThanIsOpenOrAgreed(t *testing.T) {
	each(t, 4, func(t *testing.T, h *house) {
		var mandates []mandate.Mandate
		for i := range 4 {
			g := h.wish(i)
			g.Expected = 100_00
			if i == 3 {
				g.Cap, g.Expected = 60_00, 60_00
			}
			mandates = append(mandates, h.give(g))
			h.bill(i, "2026-12-01", 100_00)
		}
		h.run("2026-11-24")
		h.pay(0, 100_00)
		h.pay(1, 30_00)
		lower := money.Cents(80_00)
		if _, err := h.desk.Change(t.Context(), h.order(mandates[2]), autopay.Terms{Cap: &lower}); err != nil {
			t.Fatal(err)
		}
		h.run("2026-11-30")
		for i, want := range []string{"dropped", "70.00 ordered", "80.00 ordered", "60.00 ordered"} {
			if got := h.states(mandates[i]); !strings.HasSuffix(got, want) {
				t.Errorf("member %d: got %s, want %s", i, got, want)
			}
		}
		if len(h.entries(0)) != 0 || h.entries(1)[0].Amount != 70_00 {
			t.Error("what was paid otherwise is taken too")
		}
		higher := money.Cents(90_00)
		_, err := h.desk.Change(t.Context(), h.order(mandates[2]), autopay.Terms{Cap: &higher})
		checkKind(t, err, fault.Invalid)
	})
}

func TestSkipPauseCancel(t *testing.T) {
	each(t, 5, func(t *testing.T, h *house) {
		ctx := t.Context()
		var mandates []mandate.Mandate
		for i := range 5 {
			g := h.wish(i)
			g.Expected = 100_00
			mandates = append(mandates, h.give(g))
			h.bill(i, "2026-12-01", 100_00)
			h.bill(i, "2027-01-01", 100_00)
		}
		if _, err := h.desk.Skip(ctx, h.order(mandates[0])); err != nil { // before anything is planned
			t.Fatal(err)
		}
		h.run("2026-11-24")
		if _, err := h.desk.Skip(ctx, h.order(mandates[1])); err != nil { // while it is planned
			t.Fatal(err)
		}
		if _, err := h.desk.Pause(ctx, h.order(mandates[2]), day("2026-11-25"), day("2026-12-15")); err != nil {
			t.Fatal(err)
		}
		h.run("2026-11-30")
		skip := h.order(mandates[3])
		done, err := h.desk.Skip(ctx, skip) // while it waits for the file
		if err != nil || len(done.Withdrawn) != 1 {
			t.Fatalf("got %+v and %v", done, err)
		}
		if again, err := h.desk.Skip(ctx, skip); err != nil || !again.Replayed {
			t.Errorf("the same skip again: %+v and %v", again, err)
		}
		cancelled, err := h.desk.Cancel(ctx, h.order(mandates[4]))
		if err != nil || len(cancelled.Withdrawn) != 1 || cancelled.Mandate.KeepUntil != day("2028-11-30") {
			t.Errorf("got %+v and %v", cancelled, err)
		}
		for i := 3; i < 5; i++ {
			if e := h.entries(i); len(e) != 1 || e[0].State != clearing.Cancelled {
				t.Errorf("member %d: %+v", i, e)
			}
		}
		h.run("2026-12-31")
		for i, want := range []string{
			"2027-01-01 100.00 ordered, 2026-12-01 100.00 skipped", "2027-01-01 100.00 ordered, 2026-12-01 100.00 skipped",
			"2027-01-01 100.00 ordered, 2026-12-01 100.00 skipped", "2027-01-01 100.00 ordered, 2026-12-01 100.00 skipped",
			"2026-12-01 100.00 dropped",
		} {
			if got := h.states(mandates[i]); got != want {
				t.Errorf("member %d: got %s, want %s", i, got, want)
			}
		}
	})
}

func TestResume_PlansAgainWhatThePauseHadLeftOut(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Expected = 100_00
		m := h.give(g)
		h.bill(0, "2026-12-01", 100_00)
		h.run("2026-11-24")
		if _, err := h.desk.Pause(t.Context(), h.order(m), day("2026-11-24"), calendar.Date{}); err != nil {
			t.Fatal(err)
		}
		h.run("2026-11-26")
		if got := h.states(m); got != "2026-12-01 100.00 skipped" {
			t.Fatalf("got %s", got)
		}
		if _, err := h.desk.Resume(t.Context(), h.order(m)); err != nil {
			t.Fatal(err)
		}
		h.run("2026-11-30")
		if got := h.states(m); got != "2026-12-01 100.00 ordered" {
			t.Errorf("got %s", got)
		}
	})
}

func TestCancel_SaysWhatHasGoneOut(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Expected = 100_00
		m := h.give(g)
		h.bill(0, "2026-12-01", 100_00)
		h.run("2026-11-30")
		e := h.entries(0)[0]
		was := e.State
		e.State, e.File, e.Trace = clearing.Failed, 0, 0 // any state in which the clearing desk takes nothing back
		if err := h.Store.MoveEntry(t.Context(), was, &e); err != nil {
			t.Fatal(err)
		}
		done, err := h.desk.Cancel(t.Context(), h.order(m))
		if err != nil || len(done.Late) != 1 || len(done.Withdrawn) != 0 || done.Mandate.State != mandate.Cancelled {
			t.Errorf("got %+v and %v", done, err)
		}
	})
}

// bills bills a month's premiums on the tenth of the month before.
func (h *house) bills(month string) {
	h.t.Helper()
	m := calendar.MustParseMonth(month)
	monthly := biller.Monthly{
		Store: h.Store, Cashier: h.Cashier, House: storetest.House{Clock: h.Clock}, Rules: rule.Embedded(), Lanes: 1,
		Terms: biller.Terms{
			RemitTo: invoice.Address{Name: "Cedar Valley Health", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"}, Proration: cover.FullMonth,
		},
	}
	report, err := monthly.Bill(h.ctx(), biller.Run{Kind: "premium", Period: m, Day: m.Add(-1).First().AddDays(9), Actor: clerk}, false)
	if err != nil || len(report.Problems) > 0 || report.Items == 0 {
		h.t.Fatalf("billing %s: %v, %+v", month, err, report)
	}
}

// A mandate hangs on the billing account: it goes on when the policy is renewed, its
// plan changes, and when other coverage takes its place.
func TestRun_GoesOnThroughRenewalAndChangesOfCoverage(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Range, g.Expected = mandate.Range{Percent: 100}, 100_00
		m := h.give(g)
		policy := func(no int64, line coverage.Line, product string, entry coverage.Entry, from, to string, terms ...coverage.Terms) coverage.Held {
			return coverage.Held{Policy: coverage.Policy{
				Number: h.numbers[0], No: no, Line: line, State: "CO", Product: product, Source: "test", SourceID: fmt.Sprint(no), Entry: entry,
				From: day(from), To: day(to), ReceivedOn: day(from),
			}, Terms: terms}
		}
		costs := func(from, product string, rate money.Cents) coverage.Terms {
			return coverage.Terms{From: day(from), KnownOn: day(from), Product: product, Rate: rate, Stated: true}
		}
		held := []coverage.Held{
			policy(1, coverage.Direct, "gold", coverage.NewEnrolment, "2026-12-01", "2026-12-31", costs("2026-12-01", "", 100_00)),
			policy(2, coverage.Direct, "gold", coverage.PassiveRenewal, "2027-01-01", "2027-02-28",
				costs("2027-01-01", "", 110_00), costs("2027-02-01", "silver", 90_00)),
			policy(3, coverage.MAPD, "advantage", coverage.NewEnrolment, "2027-03-01", "", costs("2027-03-01", "", 42_00)),
		}
		if err := h.Store.SavePolicies(t.Context(), held, nil); err != nil {
			t.Fatal(err)
		}
		for _, month := range []struct {
			period string
			cents  money.Cents
		}{{"2026-12", 100_00}, {"2027-01", 110_00}, {"2027-02", 90_00}, {"2027-03", 42_00}} {
			h.bills(month.period)
			first := calendar.MustParseMonth(month.period).First()
			for _, before := range []int{-15, -4, -3, -2, -1} {
				h.on(first.AddDays(before).String())
				h.run(first.AddDays(before).String())
			}
			h.pay(0, month.cents) // stands for the posting of the file
		}
		want := "2027-03-01 42.00 ordered, 2027-02-01 90.00 ordered, 2027-01-01 110.00 ordered, 2026-12-01 100.00 ordered"
		if got := h.states(m); got != want || h.now(m).State != mandate.Active || h.now(m).Version != 1 {
			t.Errorf("got %s", got)
		}
	})
}

func TestMerge_TheSurvivorGetsTheMandate(t *testing.T) {
	each(t, 4, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Expected = 100_00
		moved := h.give(g)
		kept, lost := h.give(h.wish(2)), h.give(h.wish(3))
		h.bill(0, "2026-12-01", 100_00)
		h.run("2026-11-24")
		for merged, survivor := range map[int]int{0: 1, 3: 2} {
			_, err := h.Cashier.Merge(t.Context(), cashier.Order{Key: h.key(), Actor: clerk, Reason: "one person"}, h.book(merged), h.book(survivor))
			if err != nil {
				t.Fatal(err)
			}
		}
		h.run("2026-11-30")
		after, err := h.Store.Mandates(t.Context(), h.book(1))
		if err != nil || len(after) != 1 || after[0].State != mandate.Active || after[0].Follows != moved.ID ||
			after[0].Consent.Evidence != h.now(moved).Consent.Evidence {
			t.Fatalf("got %+v and %v", after, err)
		}
		if old := h.now(moved); old.State != mandate.Ended || old.Reason != mandate.Merged {
			t.Errorf("the merged account's is %s %s", old.State, old.Reason)
		}
		if got := h.states(moved); got != "2026-12-01 100.00 dropped" {
			t.Errorf("got %s", got)
		}
		if got := h.states(after[0]); got != "2026-12-01 100.00 ordered" || len(h.entries(1)) != 1 {
			t.Errorf("got %s", got)
		}
		account, err := h.desk.Account(t.Context(), h.book(1), after[0].Method)
		if err != nil || account.Number.Reveal() != "987654321012" {
			t.Errorf("the account went astray: %v", err)
		}
		if h.now(lost).State != mandate.Ended || h.now(kept).State != mandate.Active {
			t.Error("two mandates stand for one fund, or none")
		}
	})
}

// dying is a store whose process is killed just before or just after a write.
type dying struct {
	autopay.Store
	at, seen int
	after    bool
}

var errKilled = fault.New(fault.Internal, "", "killed")

func (d *dying) write(do func() error) error {
	d.seen++
	if d.seen == d.at && !d.after {
		return errKilled
	}
	err := do()
	if d.seen == d.at && err == nil {
		return errKilled
	}
	return err
}

func (d *dying) SavePlans(ctx context.Context, p autopay.Plans) error {
	return d.write(func() error { return d.Store.SavePlans(ctx, p) })
}

func (d *dying) EndPhase(ctx context.Context, on calendar.Date, phase string) error {
	return d.write(func() error { return d.Store.EndPhase(ctx, on, phase) })
}

func (d *dying) NoteAnnounced(ctx context.Context, pulls []autopay.Pull) error {
	return d.write(func() error { return d.Store.NoteAnnounced(ctx, pulls) })
}

func (d *dying) OrderPulls(ctx context.Context, o autopay.Ordering) (done autopay.Ordered, err error) {
	err = d.write(func() error {
		done, err = d.Store.OrderPulls(ctx, o)
		return err
	})
	return done, err
}

func TestRun_KilledAtAnyWriteGoesOn(t *testing.T) {
	const kills = 8 // four writes of such a day, each killed before and after
	each(t, kills, func(t *testing.T, h *house) {
		for i := range kills {
			g := h.wish(i)
			g.Expected = 100_00
			due := "2026-11-24"
			if i%2 == 1 {
				g.Expected, due = 0, "2026-12-05" // is announced, and goes out another day
			}
			h.give(g)
			h.bill(i, due, 100_00)
		}
		whole := h.desk.Store
		for kill := range kills {
			h.desk.Store = &dying{Store: whole, at: kill/2 + 1, after: kill%2 == 1}
			if _, err := h.desk.Run(t.Context(), day("2026-11-23"), nightly, h.post); err != nil && fault.KindOf(err) != fault.Internal {
				t.Fatal(err)
			}
		}
		h.desk.Store = whole
		h.run("2026-12-04")
		for i := range kills {
			if e := h.entries(i); len(e) != 1 || e[0].Amount != 100_00 {
				t.Errorf("member %d has %d entries", i, len(e))
			}
		}
		if got := strings.Count(storetest.Rows(t, h.Office, "notice"), string(notice.AutopayChange)); got != kills/2 {
			t.Errorf("%d debits are announced, want %d", got, kills/2)
		}
	})
}
