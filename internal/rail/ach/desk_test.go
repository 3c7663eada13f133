package ach_test

import (
	"context"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

func secretOf(text string) secret.Text { return secret.New(text) }

func each(t *testing.T, test func(t *testing.T, w *world)) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			test(t, open(t, engine, sandbox()))
		})
	}
}

// A debit goes out once, in its class, and counts for the day that was authorised.
func TestDesk_SendsAndPostsOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		due := calendar.MustParse("2026-11-24")
		methods := []ident.Opaque{w.method(0, true), w.method(1, true), w.method(2, true)}
		first := w.order(0, methods[0], clearing.WEB, 12_345, due)
		w.order(1, methods[1], clearing.PPD, 20_000, due)
		w.order(2, methods[2], clearing.PPD, 1_00, calendar.MustParse("2026-12-24")) // not due yet
		if again := w.order(0, methods[0], clearing.WEB, 12_345, due); again.ID != first.ID {
			t.Error("the same key made another entry")
		}
		f := w.build(monday, "standard")
		if f.State != clearing.Built || f.Entries != 2 || f.DebitCents != 32_345 || f.CreditCents != 0 || f.EffectiveOn != due {
			t.Fatalf("built %+v", f)
		}
		if got := w.paid(0); got != 0 {
			t.Errorf("%s was posted before the file was released", got)
		}
		f = w.release(f.No)
		again := w.release(f.No)
		if f.State != clearing.Placed || again.PlacedAt != f.PlacedAt || w.outbox.puts != 1 {
			t.Errorf("released as %s, placed %d times", f.State, w.outbox.puts)
		}
		sum, entries := w.read(f.Name)
		if sum.Entries != 2 || sum.DebitCents != f.DebitCents || sum.EntryHash != f.EntryHash || sum.Batches != int(f.Batches) {
			t.Errorf("the file reads as %+v, we kept %+v", sum, f)
		}
		for i, e := range entries {
			if e.Trace != "99000010000000"+string(rune('1'+i)) || e.IndividualName != "JOSE NUNEZ" {
				t.Errorf("entry %d has the trace %s and the name %q", i, e.Trace, e.IndividualName)
			}
		}
		if got := w.paid(0); got != 12_345 {
			t.Errorf("%s was posted, want 123.45", got)
		}
		claim, _, err := w.Cashier.Find(context.Background(), payment.IDOf(first.Key()))
		if err != nil || claim.Received != due || claim.Rail != payment.Debit {
			t.Errorf("the payment is of %s over %s (%v)", claim.Received, claim.Rail, err)
		}
		// The next file's traces go on where this one's ended.
		w.advance(calendar.MustParse("2026-12-23"))
		if next := w.build(calendar.MustParse("2026-12-23"), "standard"); next.TraceFirst != f.TraceLast+1 {
			t.Errorf("the next file begins with the trace %d after %d", next.TraceFirst, f.TraceLast)
		}
	})
}

// A live file waits for the word of a second person on exactly its bytes.
func TestDesk_LiveFileNeedsASecondPerson(t *testing.T) {
	bank := sandbox()
	bank.Live, bank.ODFI, bank.Destination = true, "121042882", "121042882"
	w := open(t, "sqlite", bank)
	ctx := context.Background()
	w.order(0, w.method(0, true), clearing.PPD, 100, calendar.MustParse("2026-11-24"))
	f := w.build(monday, "standard")
	if _, err := w.desk.Release(ctx, f.No, clerk); fault.KindOf(err) != fault.Denied {
		t.Fatalf("a live file went without a second person: %v", err)
	}
	request, err := w.desk.Ask(ctx, f.No, clerk, "the day's debits")
	w.must(err)
	if _, err := w.approvals.Decide(ctx, request.ID, clerk, true, ""); fault.KindOf(err) != fault.Denied {
		t.Fatalf("the maker agreed to the own file: %v", err)
	}
	_, err = w.approvals.Decide(ctx, request.ID, checker, true, "")
	w.must(err)
	f = w.release(f.No)
	if f.State != clearing.Placed || f.ApprovedBy != checker.String() || strings.HasPrefix(f.Name, "sandbox") {
		t.Errorf("the file stands as %+v", f)
	}
}

// A file that is taken back gives its entries to the next one.
func TestDesk_WithdrawnFileGivesItsEntriesBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.order(0, w.method(0, true), clearing.PPD, 100, calendar.MustParse("2026-11-24"))
		f := w.build(monday, "standard")
		f, err := w.desk.Withdraw(context.Background(), f.No, clerk, "wrong day")
		w.must(err)
		if f.State != clearing.Withdrawn {
			t.Fatalf("the file is %s", f.State)
		}
		if _, err := w.desk.Release(context.Background(), f.No, clerk); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a withdrawn file was released: %v", err)
		}
		next := w.build(monday, "standard")
		if next.Entries != 1 || next.Part != 2 || next.TraceFirst != f.TraceLast+1 || next.Modifier == f.Modifier {
			t.Errorf("the next file is %+v", next)
		}
	})
}

// Accounts of web debits are tried first, and their debits wait for that.
func TestDesk_PrenoteBeforeTheFirstWebDebit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		good, bad := w.method(0, false), w.method(1, false)
		due := calendar.MustParse("2026-11-24")
		held := w.order(0, good, clearing.WEB, 500, due)
		failing := w.order(1, bad, clearing.WEB, 600, due)
		if held.State != clearing.Held || held.Why != clearing.NotValidated {
			t.Fatalf("the first debit is %s: %q", held.State, held.Why)
		}
		validate := func(day calendar.Date, want clearing.ValidationReport) {
			t.Helper()
			w.advance(day)
			report, err := w.desk.Validate(ctx, day, clerk)
			w.must(err)
			if report != want {
				t.Errorf("on %s: %+v, want %+v", day, report, want)
			}
		}
		validate(monday, clearing.ValidationReport{Asked: 2, Wait: 2})
		f := w.release(w.build(monday, "standard").No)
		_, entries := w.read(f.Name)
		if len(entries) != 2 || !entries[0].Prenote() || entries[0].Amount != 0 || f.DebitCents != 0 {
			t.Fatalf("the prenotes are %+v", entries)
		}
		// One of both comes back; the other is good three banking days after it settled.
		at := 0
		if strings.Contains(entries[1].Account.Reveal(), "001") {
			at = 1
		}
		_, report := w.take(w.answers(calendar.MustParse("2026-11-25"), "A", bounce{of: entries[at], code: "R03"}))
		if report.Outcomes[clearing.NotValid] != 1 {
			t.Errorf("the return came to %v", report.Outcomes)
		}
		validate(calendar.MustParse("2026-11-27"), clearing.ValidationReport{Wait: 1}) // Thanksgiving is no banking day
		validate(calendar.MustParse("2026-11-30"), clearing.ValidationReport{Good: 1})
		if now := w.entry(held); now.State != clearing.Ready {
			t.Errorf("the debit of the good account is %s", now.State)
		}
		if now := w.entry(failing); now.State != clearing.Failed {
			t.Errorf("the debit of the bad account is %s", now.State)
		}
		if next := w.order(0, good, clearing.WEB, 700, due); next.State != clearing.Ready {
			t.Errorf("a second debit of the good account is %s", next.State)
		}
	})
}

// A debit without funds is sent again twice at most, for the same amount.
func TestReturns_WantOfFundsIsSentAgainTwice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		e := w.order(0, w.method(0, true), clearing.PPD, 4_200, calendar.MustParse("2026-11-24"))
		day, letters := monday, []string{"A", "B", "C"}
		for try, wantOutcome := range []clearing.Outcome{clearing.SentAgain, clearing.SentAgain, clearing.Reversed} {
			w.advance(day)
			f := w.release(w.build(day, "standard").No)
			_, entries := w.read(f.Name)
			if len(entries) != 1 || entries[0].Amount != 4_200 || (try > 0) != (entries[0].Batch.EntryDescription == "RETRY PYMT") {
				t.Fatalf("try %d is %+v in %+v", try, entries, entries[0].Batch)
			}
			if got := w.paid(0); got != 4_200 {
				t.Errorf("try %d: %s stands as paid", try, got)
			}
			day = f.EffectiveOn.AddBusinessDays(2)
			w.advance(day)
			_, report := w.take(w.answers(day, letters[try], bounce{of: entries[0], code: "R01"}))
			if report.Outcomes[wantOutcome] != 1 {
				t.Errorf("return %d came to %v", try, report.Outcomes)
			}
			if got := w.paid(0); got != 0 {
				t.Errorf("after return %d %s stands as paid", try, got)
			}
			all, err := w.Store.EntriesOf(context.Background(), e.Book)
			w.must(err)
			for i := range all {
				if all[i].State == clearing.Ready {
					day = all[i].SettleOn.AddDays(-1)
					for !day.IsBusinessDay() {
						day = day.AddDays(-1)
					}
				}
			}
		}
		all, err := w.Store.EntriesOf(context.Background(), e.Book)
		w.must(err)
		for i := range all {
			if all[i].State != clearing.Returned {
				t.Errorf("an entry is %s after the last return", all[i].State)
			}
		}
	})
}

// What comes back does what its code says, and nothing is dropped.
func TestReturns_EachCodeHasItsConsequence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := context.Background()
		due := calendar.MustParse("2026-11-24")
		codes := []string{"R02", "R10", "R08", "R15", "R01"}
		methods := make([]ident.Opaque, len(codes))
		placed := make([]clearing.Entry, len(codes))
		for i := range codes {
			methods[i] = w.method(i, true)
			placed[i] = w.order(i, methods[i], clearing.PPD, money.Cents(1_000+i), due)
		}
		f := w.release(w.build(monday, "standard").No)
		_, entries := w.read(f.Name)
		w.advance(calendar.MustParse("2026-11-30")) // three banking days after settlement
		var bounces []bounce
		for _, e := range entries {
			bounces = append(bounces, bounce{of: e, code: codes[e.Amount-1_000]})
		}
		unknown := entries[0]
		unknown.Trace = "990000107654321"
		bounces = append(bounces,
			bounce{of: unknown, code: "R02"},
			bounce{of: entries[1], code: "R02", amount: 77},
			bounce{of: entries[1], code: "R02", company: "1999999999"},
			bounce{of: entries[0], code: "R61"})
		content := w.answers(calendar.MustParse("2026-11-30"), "A", bounces...)
		_, report := w.take(content)
		if report.Answers != len(bounces) || report.Outcomes[clearing.Unmatched] != 3 || report.Outcomes[clearing.BetweenBanks] != 1 {
			t.Errorf("the file came to %+v", report)
		}
		for i := range codes {
			if got := w.paid(i); got != 0 {
				t.Errorf("%s: %s stands as paid", codes[i], got)
			}
			if now := w.entry(placed[i]); now.State != clearing.Returned || now.ReturnCode != codes[i] {
				t.Errorf("%s: the entry is %s with %s", codes[i], now.State, now.ReturnCode)
			}
		}
		dead, err := w.Store.Method(ctx, w.book(0), methods[0])
		w.must(err)
		alive, err := w.Store.Method(ctx, w.book(4), methods[4])
		w.must(err)
		if dead.State == mandate.MethodActive || alive.State != mandate.MethodActive {
			t.Errorf("after R02 the method is %s, after R01 it is %s", dead.State, alive.State)
		}
		open, err := w.Store.OpenAnswers(ctx, 100)
		w.must(err)
		late := 0
		for i := range open {
			if open[i].DueOn.IsZero() || open[i].Why == "" {
				t.Errorf("an open item has no day or reason: %+v", open[i])
			}
			if strings.Contains(open[i].Why, "dishonour") {
				late++
			}
		}
		if late != 3 { // R02, R15 and R01 have two banking days
			t.Errorf("%d returns are late, want 3", late)
		}
		// The same file again is the same file; the same returns in another one are known.
		if again, _ := w.take(content); !again.Duplicate {
			t.Errorf("the same file again was %+v", again)
		}
	})
}

// The same return told twice is done once, and a second one is for a person.
func TestReturns_RepeatedReturnsAreDoneOnce(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	w.order(0, w.method(0, true), clearing.PPD, 900, calendar.MustParse("2026-11-24"))
	f := w.release(w.build(monday, "standard").No)
	_, entries := w.read(f.Name)
	day := calendar.MustParse("2026-11-25")
	w.advance(day)
	b := bounce{of: entries[0], code: "R02"}
	_, report := w.take(w.answers(day, "A", b, b))
	if report.Outcomes[clearing.Reversed] != 1 || report.Outcomes[clearing.Repeated] != 1 {
		t.Errorf("a return twice in one file came to %v", report.Outcomes)
	}
	_, report = w.take(w.answers(day, "B", b))
	if report.Outcomes[clearing.Repeated] != 1 || w.paid(0) != 0 {
		t.Errorf("a return in a second file came to %v, %s stands", report.Outcomes, w.paid(0))
	}
}

// Notifications of change correct the next entry, and wrong ones nothing.
func TestChanges_CorrectTheNextEntry(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		method := w.method(0, true)
		w.order(0, method, clearing.PPD, 900, calendar.MustParse("2026-11-24"))
		f := w.release(w.build(monday, "standard").No)
		_, entries := w.read(f.Name)
		day := calendar.MustParse("2026-11-25")
		w.advance(day)
		_, report := w.take(w.answers(day, "A",
			bounce{of: entries[0], code: "C03", corrected: "021000021   998877665544"},
			bounce{of: entries[0], code: "C05", corrected: "37"},
			bounce{of: entries[0], code: "C02", corrected: "123456789"},
			bounce{of: entries[0], code: "C09", corrected: "OTHER ID"}))
		if report.Outcomes[clearing.Applied] != 2 || report.Outcomes[clearing.ChangeWrong] != 1 || report.Outcomes[clearing.ForPerson] != 1 {
			t.Errorf("the notifications came to %v", report.Outcomes)
		}
		if w.paid(0) != 900 {
			t.Error("a notification of change moved money")
		}
		open, err := w.Store.OpenAnswers(context.Background(), 10)
		w.must(err)
		for i := range open {
			if open[i].Outcome == clearing.ChangeWrong && !strings.HasPrefix(open[i].Why, "C67") {
				t.Errorf("a wrong routing number is refused with %q", open[i].Why)
			}
		}
		w.order(0, method, clearing.PPD, 901, calendar.MustParse("2026-11-27"))
		next := w.release(w.build(day, "standard").No)
		if _, entries := w.read(next.Name); entries[0].RDFI != "021000021" || entries[0].Account.Reveal() != "998877665544" || entries[0].TransactionCode != 37 {
			t.Errorf("the next entry goes to %s with code %d", entries[0].RDFI, entries[0].TransactionCode)
		}
	})
}

// A refund's credit is told of when it goes and when it comes back.
func TestDesk_RefundsGoAndComeBack(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	ctx := context.Background()
	_, err := w.desk.Order(ctx, clearing.Order{
		Key: "refund:1", Direction: clearing.Credit, Book: w.book(0), Method: w.method(0, true), Purse: premium, SEC: clearing.PPD,
		Amount: 2_500, CreditOn: calendar.MustParse("2026-11-24"), Refund: "refund-1", Actor: clerk,
	})
	w.must(err)
	f := w.release(w.build(monday, "standard").No)
	_, entries := w.read(f.Name)
	if f.CreditCents != 2_500 || !entries[0].Credit() || len(w.payouts.sent) != 1 {
		t.Fatalf("the refund went as %+v, told %v", f, w.payouts.sent)
	}
	day := calendar.MustParse("2026-11-25")
	w.advance(day)
	_, report := w.take(w.answers(day, "A", bounce{of: entries[0], code: "R03", credit: true}))
	if report.Outcomes[clearing.RefundFailed] != 1 || len(w.payouts.returned) != 1 {
		t.Errorf("the return came to %v, told %v", report.Outcomes, w.payouts.returned)
	}
}

// Our own mistake is given back whole, once, within five banking days.
func TestDesk_ReversesItsOwnMistake(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	ctx := context.Background()
	e := w.order(0, w.method(0, true), clearing.PPD, 700, calendar.MustParse("2026-11-24"))
	w.release(w.build(monday, "standard").No)
	day := calendar.MustParse("2026-11-25")
	w.advance(day)
	if _, err := w.desk.Reverse(ctx, e.Ref(), "", clerk); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an entry was reversed without a reason that the network allows: %v", err)
	}
	_, err := w.desk.Reverse(ctx, e.Ref(), clearing.Duplicate, clerk)
	w.must(err)
	f := w.release(w.build(day, "standard").No)
	_, entries := w.read(f.Name)
	if entries[0].Batch.EntryDescription != "REVERSAL" || !entries[0].Credit() || w.paid(0) != 0 {
		t.Errorf("the reversal is %+v, %s stands as paid", entries[0], w.paid(0))
	}
	late := w.order(1, w.method(1, true), clearing.PPD, 700, calendar.MustParse("2026-11-27"))
	w.release(w.build(day, "standard").No)
	w.advance(calendar.MustParse("2026-12-21"))
	if _, err := w.desk.Reverse(ctx, late.Ref(), clearing.Duplicate, clerk); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an entry was reversed after five banking days: %v", err)
	}
}

// Rates are of the debits that settled within sixty days.
func TestRates_RollOverSixtyDays(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	ctx := context.Background()
	for i := range 4 {
		w.order(i, w.method(i, true), clearing.PPD, 900, calendar.MustParse("2026-11-24"))
	}
	f := w.release(w.build(monday, "standard").No)
	_, entries := w.read(f.Name)
	day := calendar.MustParse("2026-11-25")
	w.advance(day)
	w.take(w.answers(day, "A", bounce{of: entries[0], code: "R02"}, bounce{of: entries[1], code: "R01"}))
	standings, err := w.desk.Rates(ctx, day)
	w.must(err)
	got := map[clearing.Rate]clearing.Standing{}
	for _, s := range standings {
		got[s.Rate] = s
	}
	if a, o, u := got[clearing.Administrative], got[clearing.Overall], got[clearing.Unauthorised]; a.PerMille != 250 || !a.Over || o.PerMille != 500 ||
		u.Returns != 0 || u.Alarm {
		t.Errorf("the rates are %+v", standings)
	}
	if later, err := w.desk.Rates(ctx, day.AddDays(61)); err != nil || len(later) != 0 {
		t.Errorf("sixty days on the rates are %+v (%v)", later, err)
	}
}
