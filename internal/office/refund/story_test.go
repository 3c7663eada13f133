package refund_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestRefund_LargeOnesWaitForASecondPerson(t *testing.T) {
	onEach(t, func(b *bureau) {
		book := b.lives()
		b.pays(book, payment.Lockbox, 100_01, jlee)
		w := b.wish(book, 0)
		r := b.asks(w)[0]
		if again := b.asks(w); len(again) != 1 || again[0].ID != r.ID {
			t.Errorf("the same wish again made %+v", again)
		}
		b.runs()
		b.is(r.ID, back.Requested)
		b.stands(book, map[chart.Code]money.Cents{chart.Unapplied: 100_01})
		_, err := b.desk.Approve(ctx, r.ID, jlee, "")
		b.fails(err, fault.Denied)
		if _, err := b.desk.Approve(ctx, r.ID, boss, "looked at the bank's copy"); err != nil {
			t.Fatal(err)
		}
		b.runs()
		b.is(r.ID, back.Ordered)
		b.stands(book, map[chart.Code]money.Cents{chart.Unapplied: 0, chart.RefundsPayable: 100_01})

		b.pays(book, payment.Lockbox, 200_00, jlee)
		refused := b.asks(b.wish(book, 0))[0]
		if _, err := b.desk.Refuse(ctx, refused.ID, boss, "not ours"); err != nil {
			t.Fatal(err)
		}
		b.is(refused.ID, back.Cancelled)
		small := b.asks(b.wish(book, 100_00))[0]
		if small.State != back.Approved {
			t.Errorf("a refund at the limit is %s", small.State)
		}
		_, err = b.desk.Request(ctx, b.wish(book, 100_01)) // the rest of 200.00 is 100.00
		b.fails(err, fault.Conflict)
	})
}

func TestRefund_ToTheCardThenByTheNextTender(t *testing.T) {
	onEach(t, func(b *bureau) {
		book := b.lives()
		b.cards.left = 500_00
		b.pays(book, payment.Card, 60_00, jlee)
		b.cards.answer = checkout.CaseWaiting
		r := b.asks(b.wish(book, 0))[0]
		b.runs()
		if r = b.is(r.ID, back.Ordered); r.Way.Tender != back.Card {
			t.Fatalf("it goes by %s", r.Way.Tender)
		}
		b.runs() // nothing twice
		b.cards.made[0].State = checkout.CaseFailed
		if n, err := b.desk.TakeOverCards(ctx, jlee); n != 1 || err != nil {
			t.Fatalf("%d taken over, %v", n, err)
		}
		b.is(r.ID, back.Approved)
		b.runs()
		if r = b.is(r.ID, back.Ordered); r.Way.Tender != back.Check {
			t.Errorf("after the card refused it, it goes by %q", r.Way.Tender)
		}
		b.stands(book, map[chart.Code]money.Cents{chart.Unapplied: 0, chart.RefundsPayable: 60_00})

		b.cards.answer = checkout.CaseSent
		b.pays(book, payment.Card, 10_00, jlee)
		sent := b.asks(b.wish(book, 0))[0]
		b.runs()
		b.is(sent.ID, back.Sent)
		b.stands(book, map[chart.Code]money.Cents{chart.RefundsPayable: 60_00, chart.ClearCard: -60_00})

		guest := ident.Actor{Kind: ident.Guest, Name: "web"}
		b.cards.answer = checkout.CaseFailed
		b.pays(book, payment.Card, 5_00, guest)
		stuck := b.asks(b.wish(book, 0))[0]
		b.runs()
		b.runs()
		if r := b.is(stuck.ID, back.Approved); !strings.Contains(r.Problem, "original instrument") {
			t.Errorf("a guest's refund that the card refused says %q", r.Problem)
		}
	})
}

func TestRefund_ByACHAfterTheReturnWindowAndBack(t *testing.T) {
	onEach(t, func(b *bureau) {
		book := b.lives()
		b.house.methods["acct"] = clearing.Method{Active: true, Bank: true}
		debit := clearing.Entry{Book: book, ID: "e1", Method: "acct"}
		b.house.entries[debit.ID] = debit
		b.posts(debit.Key(), book, payment.Debit, 80_00, jlee)
		r := b.asks(b.wish(book, 0))[0]
		if r.Way.NotBefore.String() != "2026-12-01" { // five business days, one of them Thanksgiving
			t.Errorf("it goes from %s on", r.Way.NotBefore)
		}
		b.runs()
		b.is(r.ID, back.Approved)
		b.Clock.Advance(8 * 24 * time.Hour)
		b.runs()
		r = b.is(r.ID, back.Ordered)
		entry := b.house.entries[clearing.EntryID(ident.Key("refund:"+string(r.ID)+":1:ach"))]
		if r.Way.Tender != back.ACH || entry.Method != "acct" ||
			entry.Amount != 80_00 || entry.SEC != clearing.PPD || entry.Refund != r.ID {
			t.Fatalf("it goes by %s, ordered as %+v", r.Way.Tender, entry)
		}
		for range 2 {
			if err := b.desk.Payouts().Sent(ctx, r.ID, entry.Key(), today, jlee); err != nil {
				t.Fatal(err)
			}
		}
		b.stands(book, map[chart.Code]money.Cents{chart.ClearPayout: 80_00, chart.RefundsPayable: 0})
		_, err := b.desk.Cancel(ctx, r.ID, jlee, "too late")
		b.fails(err, fault.Conflict)
		for range 2 {
			if err := b.desk.Payouts().Returned(ctx, r.ID, "ach-return:"+ident.Key(entry.ID), "R03", today, jlee); err != nil {
				t.Fatal(err)
			}
		}
		b.stands(book, map[chart.Code]money.Cents{chart.ClearPayout: 0, chart.RefundsPayable: 80_00})
		b.runs()
		b.fails(b.desk.Payouts().Returned(ctx, r.ID, "ach-return:"+ident.Key(entry.ID), "R03", today, jlee), fault.Conflict) // late, again
		if r = b.is(r.ID, back.Ordered); r.Way.Tender != back.Check {
			t.Errorf("after the bank refused it, it goes by %s", r.Way.Tender)
		}
		if err := errors.Join(b.desk.Returned(ctx, r.ID, jlee, "lost"), b.desk.Returned(ctx, r.ID, jlee, "lost")); err != nil {
			t.Error(err)
		}
		if _, err := b.desk.Cancel(ctx, r.ID, jlee, "the member wants it on next month"); err != nil {
			t.Fatal(err)
		}
		b.stands(book, map[chart.Code]money.Cents{chart.Unapplied: 80_00, chart.RefundsPayable: 0})
	})
}

func TestRefund_OfOnePaymentTakesWhatItPaid(t *testing.T) {
	onEach(t, func(b *bureau) {
		book := b.lives()
		b.owes(book, 70_00)
		part := b.pays(book, payment.Counter, 90_00, jlee)
		w := b.wish(book, 0)
		_, err := b.desk.Request(ctx, refund.Wish{Key: "x", Book: book, Fund: chart.Premium, Amount: 21_00, Cause: back.Asked, Reason: "r", By: jlee})
		b.fails(err, fault.Conflict) // only what was over is unapplied
		w.Part = &part
		r := b.asks(w)[0]
		b.runs()
		b.is(r.ID, back.Ordered)
		b.stands(book, map[chart.Code]money.Cents{chart.RefundsPayable: 90_00, chart.Receivable: -70_00})
	})
}

func TestChecks_NumberedOnceAndToldToTheBank(t *testing.T) {
	onEach(t, func(b *bureau) {
		var refunds []payment.ID
		var books []ledger.BookNo
		for range 3 {
			book := b.lives()
			b.pays(book, payment.Lockbox, 20_00, jlee)
			refunds, books = append(refunds, b.asks(b.wish(book, 0))[0].ID), append(books, book)
		}
		b.runs()
		batch, made, err := b.desk.MakeChecks(ctx, "cvhp", jlee)
		if err != nil || !made || batch.Issued != 3 || batch.Total != 60_00 {
			t.Fatalf("made %+v, %v, %v", batch, made, err)
		}
		_, _, err = b.desk.MakeChecks(ctx, "cvhp", jlee)
		b.fails(err, fault.Conflict)
		out := folder{}
		_, err = b.desk.ReleaseChecks(ctx, batch.ID, jlee, out)
		b.fails(err, fault.Denied)
		_, err = b.desk.AgreeToChecks(ctx, batch.ID, jlee, "")
		b.fails(err, fault.Denied)
		if len(out) != 0 {
			t.Errorf("files went out before anybody agreed: %v", out)
		}
		if _, err := b.desk.AgreeToChecks(ctx, batch.ID, boss, ""); err != nil {
			t.Fatal(err)
		}
		for range 2 { // again changes nothing
			if batch, err = b.desk.ReleaseChecks(ctx, batch.ID, jlee, out); err != nil || batch.State != refund.BatchReleased {
				t.Fatalf("released %+v, %v", batch, err)
			}
		}
		if len(out) != 2 || !strings.Contains(out["checks/cvhp-2026-11-23-0001-checks.pdf"], "5001:") {
			t.Errorf("went out: %v", out)
		}
		for i, id := range refunds {
			b.is(id, back.Sent)
			b.stands(books[i], map[chart.Code]money.Cents{chart.ClearCheck: 20_00, chart.RefundsPayable: 0})
		}
		if n, err := b.desk.TakePaid(ctx, jlee); n != 0 || err != nil {
			t.Errorf("before any line of the bank %d checks are paid, %v", n, err)
		}
		_, err = b.desk.CheckPaid(ctx, "cvhp", 5001, 19_99, today, jlee)
		b.fails(err, fault.Conflict)
		for range 2 {
			if c, err := b.desk.CheckPaid(ctx, "cvhp", 5001, 20_00, today, jlee); err != nil || c.State != refund.Paid {
				t.Fatalf("paid %+v, %v", c, err)
			}
		}
		_, err = b.desk.EndCheck(ctx, "cvhp", 5001, refund.Ending{To: refund.Stopped, Why: "lost", By: jlee})
		b.fails(err, fault.Conflict)
		if _, err := b.desk.EndCheck(ctx, "cvhp", 5002, refund.Ending{To: refund.Stopped, Another: true, Why: "lost in the mail", By: jlee}); err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(181 * 24 * time.Hour)
		if n, err := b.desk.EndStale(ctx, "cvhp", jlee); n != 1 || err != nil {
			t.Fatalf("%d stale, %v", n, err)
		}
		b.runs()
		if r := b.is(refunds[2], back.Returned); !strings.Contains(r.Problem, "never cashed") {
			t.Errorf("a stale check's refund says %q", r.Problem)
		}
		b.stands(books[2], map[chart.Code]money.Cents{chart.ClearCheck: 0, chart.RefundsPayable: 20_00})
		second, made, err := b.desk.MakeChecks(ctx, "cvhp", jlee)
		if err != nil || !made || second.Issued != 1 || second.Voided != 2 || second.Voids != 40_00 {
			t.Fatalf("made %+v, %v, %v", second, made, err)
		}
		if c, err := b.Store.Check(ctx, "cvhp", 5004); err != nil || c.Refund != refunds[1] {
			t.Errorf("the lost check is followed by %+v, %v, want number 5004", c, err)
		}
		if _, err := b.desk.RefuseChecks(ctx, second.ID, boss, "wrong paper"); err != nil {
			t.Fatal(err)
		}
		b.runs()
		if third, _, err := b.desk.MakeChecks(ctx, "cvhp", jlee); err != nil || third.Issued != 1 || third.Voided != 1 {
			t.Errorf("after a refused batch: %+v, %v, want its check anew and its number void", third, err)
		}
		if c, err := b.Store.Check(ctx, "cvhp", 5005); err != nil || c.Refund != refunds[1] {
			t.Errorf("number 5005 is %+v, %v", c, err)
		}
		if _, err := b.desk.Again(ctx, refunds[2], back.Check, jlee, "a new address"); err != nil {
			t.Fatal(err)
		}
		b.runs()
		b.is(refunds[2], back.Ordered)
	})
}

func TestSweep_ListsFirstAndAsksOnce(t *testing.T) {
	onEach(t, func(b *bureau) {
		old, small, young, owing := b.lives(), b.lives(), b.lives(), b.lives()
		b.pays(old, payment.Lockbox, 30_00, jlee)
		b.pays(old, payment.Counter, 12_00, jlee)
		b.pays(small, payment.Lockbox, 4_99, jlee)
		b.pays(owing, payment.Lockbox, 50_00, jlee)
		b.owes(owing, 1_00)
		b.Clock.Advance(61 * 24 * time.Hour)
		b.pays(young, payment.Lockbox, 70_00, jlee)
		var said []string
		look := func(c refund.Candidate) error {
			said = append(said, string(c.Verdict)+" "+c.Amount.String())
			return nil
		}
		found, err := b.desk.Sweep(ctx, jlee, true, look)
		if err != nil || found.Goes != 1 || found.Cents != 42_00 || found.Small != 1 || found.Asked != 0 || len(said) != 2 {
			t.Fatalf("a look found %+v %v, %v", found, said, err)
		}
		for turn, asked := range []int{1, 0} {
			if found, err = b.desk.Sweep(ctx, jlee, false, nil); err != nil || found.Asked != asked {
				t.Fatalf("sweep %d found %+v, %v", turn+1, found, err)
			}
		}
		b.runs()
		b.stands(old, map[chart.Code]money.Cents{chart.Unapplied: 0, chart.RefundsPayable: 42_00})
		b.stands(young, map[chart.Code]money.Cents{chart.Unapplied: 70_00})
		b.stands(owing, map[chart.Code]money.Cents{chart.Unapplied: 50_00})
		if found, err = b.desk.Sweep(ctx, jlee, false, nil); err != nil || found.Goes != 0 {
			t.Errorf("after all went: %+v, %v", found, err)
		}
	})
}

func TestDuties_PremiumGoesBackOnce(t *testing.T) {
	onEach(t, func(b *bureau) {
		book, used := b.lives(), b.lives()
		b.pays(book, payment.Lockbox, 45_00, jlee)
		for _, no := range []ledger.BookNo{book, used} {
			policy := coverage.Key{Number: billpay.Number(no), No: 1}
			duty := grace.Duty{Key: "refund/2026-10-31", Kind: grace.Refund, On: today, Amount: 40_00, Effective: today}
			update := warden.Update{Key: policy, Version: 1, Status: grace.Status{State: "TERMINATED", Duties: []grace.Duty{duty}}}
			update.Status.On = today
			if err := b.Store.SaveStandings(ctx, []warden.Update{update}); err != nil {
				t.Fatal(err)
			}
		}
		for turn, want := range []int{2, 0} {
			if n, err := b.desk.Duties(ctx, jlee); err != nil || n != want {
				t.Fatalf("turn %d: %d asked for, %v", turn, n, err)
			}
		}
		b.runs()
		b.stands(book, map[chart.Code]money.Cents{chart.RefundsPayable: 40_00, chart.Unapplied: 5_00})
		for _, f := range []struct {
			book ledger.BookNo
			want back.State
		}{{book, back.Ordered}, {used, back.Cancelled}} {
			key := refund.DutyKey(coverage.Key{Number: billpay.Number(f.book), No: 1}, "refund/2026-10-31")
			if r := b.is(payment.IDOf(key), f.want); r.Cause != back.Duty {
				t.Errorf("asked for because of %q", r.Cause)
			}
		}
	})
}

// Two runs at once, and a run that is killed after any of its writes, send once.
func TestRun_OnceWhateverHappens(t *testing.T) {
	onEach(t, func(b *bureau) {
		var refunds []payment.ID
		var books []ledger.BookNo
		for range 4 {
			book := b.lives()
			b.pays(book, payment.Lockbox, 15_00, jlee)
			refunds, books = append(refunds, b.asks(b.wish(book, 0))[0].ID), append(books, book)
		}
		dying := &dyingBooks{Books: b.Cashier}
		killed := refund.New(b.Store, dying, b.second, storetest.House{Clock: b.Clock}, b.Clock, b.options)
		for dying.after = range 4 { // each time one more act is carried out before the power goes
			dying.done = 0
			if _, err := killed.Run(ctx, jlee); err == nil && dying.done > dying.after {
				t.Fatal("nothing died")
			}
		}
		ran := make(chan error, 2)
		for range 2 {
			go func() {
				_, err := b.desk.Run(ctx, jlee)
				ran <- err
			}()
		}
		if err := errors.Join(<-ran, <-ran); err != nil {
			t.Fatal(err)
		}
		b.runs()
		for i, id := range refunds {
			if r := b.is(id, back.Ordered); r.Try != 1 || r.Problem != "" {
				t.Errorf("tried %d times, problem %q", r.Try, r.Problem)
			}
			b.stands(books[i], map[chart.Code]money.Cents{chart.Unapplied: 0, chart.RefundsPayable: 15_00})
		}
	})
}

// dyingBooks carry out some acts and then break off after the next one.
type dyingBooks struct {
	refund.Books
	after, done int
}

func (d *dyingBooks) RefundFrom(ctx context.Context, order cashier.Order, takes []cashier.Take) (cashier.Done, error) {
	done, err := d.Books.RefundFrom(ctx, order, takes)
	if d.done++; err == nil && d.done > d.after {
		return done, errors.New("the power went")
	}
	return done, err
}
