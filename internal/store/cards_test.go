package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

// What of a payment by card may not stand in the database in clear.
var cardSecrets = []string{"payer@example.org", "80251647390", "pm_token", "cred_in_use", "cred_of_before"}

// cardAttempt is a payment by card with everything that can be kept of one.
func cardAttempt() checkout.Attempt {
	card := checkout.Card{Brand: "visa", Last4: "4242", Funding: "debit", Fingerprint: "fp", ExpiryMonth: 4, ExpiryYear: 2031}
	at := storetest.Start
	return checkout.Attempt{
		Draft: checkout.Draft{
			ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "es",
			Mail: cardSecrets[0],
			Parts: []checkout.Part{
				{Reference: cardSecrets[1], Fund: chart.Premium, Amount: 500, Items: []payment.ItemRef{{Book: 80251647390, No: 7}}},
				{Reference: "old number 12", Fund: chart.Medical, Amount: 700},
			},
		},
		State: checkout.Checking, Token: cardSecrets[2], Kept: cardSecrets[3], Drop: cardSecrets[4:], Method: "method",
		Decline: checkout.Decline{Class: checkout.DeclineFunds, Code: "insufficient_funds", Network: "51", Advice: "24"}, Cards: 2,
		CreatedAt: at, ChangedAt: at.Add(time.Second), TriedAt: at.Add(2 * time.Second), LookAt: at.Add(time.Minute), Looks: 3, Held: true,
		ToldNo: true, Late: true, Warned: true, Payment: "pay", Received: calendar.MustParse("2026-11-23"),
		News:  []checkout.News{checkout.NewsPaid, checkout.NewsReleased},
		Loose: []checkout.Loose{{Leg: 1, Try: 1, Round: 2, Charge: checkout.ChargeRef{Merchant: "acct_1", ID: "ch_0"}}, {Leg: 2, Page: "page_0"}},
		Legs: []checkout.Leg{
			{
				No: 1, Purse: premium, Merchant: "acct_1", Amount: 500, Parts: []int{0}, State: checkout.LegCapturing,
				Charge: checkout.ChargeRef{Merchant: "acct_1", ID: "ch_" + string(ident.NewOpaque())}, Card: card, Round: 1, Taking: true,
			},
			{No: 2, Purse: medical, Merchant: "acct_2", Amount: 700, Parts: []int{1}, State: checkout.LegOpened, Page: checkout.Page{ID: "page_1"}},
		},
	}
}

// card keeps a payment by card with a refund and a dispute.
func (s *scenario) card() checkout.Attempt {
	s.t.Helper()
	ctx := s.t.Context()
	a := cardAttempt()
	r := checkout.RefundCase{Attempt: a.ID, No: 1, Leg: 1, Amount: 100, State: checkout.CaseFailed, Order: s.order(), CreatedAt: storetest.Start}
	d := checkout.DisputeCase{Dispute: checkout.Dispute{ID: "dp_1", Amount: 100, Status: checkout.DisputeOpen}, Attempt: a.ID, Leg: 1}
	_, err := s.Store.CardBook(ctx, a.Received)
	report, try := cardReport(), checkout.Try{Series: a.ID, DueOn: a.Received, No: 1, Key: "k", Method: "m", Attempt: a.ID, Amount: 1, On: a.Received}
	report.ID = "po_" + string(a.ID)
	for i := range report.Lines {
		report.Lines[i].ID += string(a.ID)
	}
	if err := errors.Join(
		err, s.Store.NewAttempt(ctx, &a), s.Store.SaveAttempt(ctx, &a), s.Store.NewRefund(ctx, &r), s.Store.NewDispute(ctx, &d),
		s.Store.KeepReport(ctx, &report), s.Store.KeepLineKnown(ctx, report.Merchant, report.Lines[1].ID, a.ID, 1, storetest.Start),
		s.Store.KeepPayoutFailed(ctx, report.Merchant, report.ID, "account_closed", storetest.Start),
		s.Store.HoldDisputed(ctx, "claim", "dp_1"), s.Store.KeepTry(ctx, &try),
	); err != nil {
		s.t.Fatal(err)
	}
	return a
}

func TestAttempt_IsKeptWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		a := cardAttempt()
		everyFieldSet(t, reflect.ValueOf(a))
		if err := o.Store.NewAttempt(ctx, &a); err != nil {
			t.Fatal(err)
		}
		same := func(want checkout.Attempt) {
			t.Helper()
			got, err := o.Store.Attempt(ctx, want.ID)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("kept\n%+v\nas\n%+v\n(%v)", want, got, err)
			}
		}
		same(a)
		if err := o.Store.NewAttempt(ctx, &a); fault.KindOf(err) != fault.Conflict {
			t.Errorf("added twice: got %v, want Conflict", err)
		}
		old := a
		a.State, a.Held, a.News, a.Loose, a.Drop, a.Token, a.Kept, a.LookAt = checkout.Paid, false, nil, nil, nil, "", "", time.Time{}
		a.Legs = append(a.Legs[:0:0], a.Legs...)
		a.Legs[0].State, a.Legs[1].Charge = checkout.LegCaptured, checkout.ChargeRef{Merchant: "acct_2", ID: "ch_" + string(a.ID)}
		if err := o.Store.SaveAttempt(ctx, &a); err != nil || a.Version != old.Version+1 {
			t.Fatalf("saved as version %d (%v)", a.Version, err)
		}
		same(a)
		if err := o.Store.SaveAttempt(ctx, &old); !errors.Is(err, checkout.ErrMoved) {
			t.Errorf("an older one is saved: got %v, want ErrMoved", err)
		}
		same(a)
		if _, err := o.Store.Attempt(ctx, ident.NewOpaque()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("one that is not there: got %v, want NotFound", err)
		}
	})
}

// everyFieldSet finds the fields that the sample leaves empty, so that one added
// later cannot be forgotten by the store.
func everyFieldSet(t *testing.T, v reflect.Value) {
	t.Helper()
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if v.Field(i).IsZero() && name != "Version" {
			t.Errorf("the sample has no %s.%s", v.Type(), name)
		}
		if v.Field(i).Kind() == reflect.Struct && name == "Draft" {
			everyFieldSet(t, v.Field(i))
		}
	}
}

func TestAttempt_OfACharge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		a := cardAttempt()
		first := a.Legs[0].Charge
		second := checkout.ChargeRef{Merchant: "acct_1", ID: "ch_second"}
		if err := errors.Join(o.Store.NewAttempt(ctx, &a), o.Store.SaveAttempt(ctx, &a)); err != nil {
			t.Fatal(err)
		}
		a.Legs[0].Charge = second // another card
		for range 2 {
			if err := o.Store.SaveAttempt(ctx, &a); err != nil {
				t.Fatal(err)
			}
		}
		for _, ref := range []checkout.ChargeRef{first, second} {
			if got, err := o.Store.AttemptOfCharge(ctx, ref); err != nil || got != a.ID {
				t.Errorf("%s is of %q (%v)", ref.ID, got, err)
			}
		}
		for _, ref := range []checkout.ChargeRef{{Merchant: "acct_2", ID: second.ID}, {Merchant: "acct_1", ID: "ch_none"}} {
			if _, err := o.Store.AttemptOfCharge(ctx, ref); fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v: got %v, want NotFound", ref, err)
			}
		}
	})
}

func TestAttempt_OneOfManyWritersWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		a := cardAttempt()
		if err := o.Store.NewAttempt(t.Context(), &a); err != nil {
			t.Fatal(err)
		}
		var writers sync.WaitGroup
		won := make(chan int, 8)
		for i := range cap(won) {
			mine := a
			writers.Go(func() {
				mine.Looks = 100 + i
				err := o.Store.SaveAttempt(t.Context(), &mine)
				if err == nil {
					won <- mine.Looks
				} else if !errors.Is(err, checkout.ErrMoved) {
					t.Error(err)
				}
			})
		}
		writers.Wait()
		if len(won) != 1 {
			t.Fatalf("%d writers won", len(won))
		}
		if got, err := o.Store.Attempt(t.Context(), a.ID); err != nil || got.Looks != <-won {
			t.Errorf("it has what another wrote (%v)", err)
		}
	})
}

func TestAttempts_ThatAreDueOrUnclear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		var ids []ident.Opaque
		for i := range 4 {
			a := cardAttempt()
			a.LookAt, a.TriedAt = storetest.Start.Add(time.Duration(4-i)*time.Minute), storetest.Start.Add(time.Duration(i)*time.Minute)
			switch i {
			case 0:
				a.LookAt = time.Time{}
			case 1:
				a.State = checkout.Declined
			}
			if err := o.Store.NewAttempt(ctx, &a); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, a.ID)
		}
		due := func(after time.Duration, most int, want ...ident.Opaque) {
			t.Helper()
			got, err := o.Store.DueAttempts(ctx, storetest.Start.Add(after), most)
			if err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("due after %s: got %v, want %v (%v)", after, got, want, err)
			}
		}
		due(59*time.Second, 10)
		due(time.Minute, 10, ids[3])
		due(time.Hour, 10, ids[3], ids[2], ids[1])
		due(time.Hour, 2, ids[3], ids[2])
		got, err := o.Store.UnclearAttempts(ctx, storetest.Start.Add(2*time.Minute), 10)
		if err != nil || fmt.Sprint(got) != fmt.Sprint(ids[2:3]) {
			t.Errorf("unclear: got %v, want %v (%v)", got, ids[2:3], err)
		}
	})
}

func TestAttempt_SecretsAreSealedToTheirRow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		a, b := cardAttempt(), cardAttempt()
		if err := errors.Join(o.Store.NewAttempt(ctx, &a), o.Store.NewAttempt(ctx, &b)); err != nil {
			t.Fatal(err)
		}
		path, _ := backup(t, o.Store)
		text := unpack(t, path)
		for _, secret := range cardSecrets {
			if bytes.Contains(text, []byte(secret)) {
				t.Errorf("%q stands in the database in clear", secret)
			}
		}
		if !bytes.Contains(text, []byte(a.ID)) {
			t.Fatal("the payment itself is not in the archive")
		}
		// Nobody can have one payment's card charged by another.
		if err := o.Store.Exec(ctx, fmt.Sprintf(`UPDATE card_attempt SET sealed =
			(SELECT sealed FROM card_attempt WHERE attempt_id = '%s') WHERE attempt_id = '%s'`, a.ID, b.ID)); err != nil {
			t.Fatal(err)
		}
		if _, err := o.Store.Attempt(ctx, b.ID); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("another row's secrets: got %v, want Corrupt", err)
		}
	})
}

func TestReseal_TakesCardPaymentsAlong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		s := play(t, o)
		var all []checkout.Attempt
		for range 40 { // more than one page
			all = append(all, s.card())
		}
		if err := o.Vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		done, err := o.Store.Reseal(ctx, o.Vault.NeedsReseal, nil)
		if err != nil || done < len(all) {
			t.Fatalf("%d values were sealed anew (%v)", done, err)
		}
		if again, err := o.Store.Reseal(ctx, o.Vault.NeedsReseal, nil); err != nil || again != 0 {
			t.Errorf("%d values again (%v)", again, err)
		}
		for i := range all {
			if got, err := o.Store.Attempt(ctx, all[i].ID); err != nil || got.Kept != all[i].Kept || got.Mail != all[i].Mail {
				t.Fatalf("payment %d after the rotation: %v", i, err)
			}
			if err := o.Store.SaveAttempt(ctx, &all[i]); err != nil {
				t.Fatalf("a worker who was at it is disturbed: %v", err)
			}
		}
	})
}

func TestCardBook_IsOnePerDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		monday, tuesday := calendar.MustParse("2026-11-23"), calendar.MustParse("2026-11-24")
		books := make(chan ledger.BookNo, 6)
		var payers sync.WaitGroup
		for range cap(books) {
			payers.Go(func() {
				book, err := o.Store.CardBook(t.Context(), monday)
				if err != nil {
					t.Error(err)
				}
				books <- book
			})
		}
		payers.Wait()
		first := <-books
		for len(books) > 0 {
			if book := <-books; book != first || !book.IsOperating() {
				t.Errorf("two books for a day: %d and %d", first, book)
			}
		}
		if next, err := o.Store.CardBook(t.Context(), tuesday); err != nil || next == first {
			t.Errorf("the next day has book %d (%v)", next, err)
		}
		till, err := o.Store.TillOf(t.Context(), "card", monday)
		if err != nil || till == first {
			t.Errorf("a drawer that is called card has the book of cards (%v)", err)
		}
	})
}

func TestCases_AreKeptWhole(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		at := storetest.Start
		a := cardAttempt()
		if err := o.Store.NewAttempt(ctx, &a); err != nil {
			t.Fatal(err)
		}
		shares := []checkout.Share{{Part: 1, At: cashier.Ref{Book: 80251647390, Seq: 4}, Amount: 60}, {Part: 0, Amount: 40}}
		r := checkout.RefundCase{
			Attempt: a.ID, No: 1, Leg: 1, Amount: 100, Shares: shares, State: checkout.CaseSending, Processor: "re_1", Elsewhere: true,
			Order: cashier.Order{Key: "k", Actor: clerk, Reason: "paid twice"}, Problem: "p", CreatedAt: at, ChangedAt: at, LookAt: at, Looks: 2,
		}
		d := checkout.DisputeCase{
			Dispute: checkout.Dispute{ID: "dp_1", Amount: 100, Status: checkout.DisputeOpen, Reason: "fraudulent", OpenedAt: at, EvidenceBy: at.Add(time.Hour)},
			Attempt: a.ID, Leg: 2, Shares: shares, Booked: true, Restored: true, Problem: "p", CreatedAt: at, ChangedAt: at, LookAt: at, Looks: 1,
			Excess: 5, WrittenOff: true, EvidenceAt: at.Add(time.Minute),
		}
		if err := errors.Join(o.Store.NewRefund(ctx, &r), o.Store.NewDispute(ctx, &d)); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{o.Store.NewRefund(ctx, &r), o.Store.NewDispute(ctx, &d)} {
			if !errors.Is(err, checkout.ErrMoved) {
				t.Errorf("added twice: got %v, want ErrMoved", err)
			}
		}
		keptRefund := func(list []checkout.RefundCase, err error) {
			t.Helper()
			if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], r) {
				t.Errorf("kept\n%+v\nas\n%+v (%v)", r, list, err)
			}
		}
		keptDispute := func(list []checkout.DisputeCase, err error) {
			t.Helper()
			if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], d) {
				t.Errorf("kept\n%+v\nas\n%+v (%v)", d, list, err)
			}
		}
		keptRefund(o.Store.RefundsOf(ctx, a.ID))
		keptRefund(o.Store.DueRefunds(ctx, at, 5))
		keptRefund(o.Store.StuckRefunds(ctx, 5))
		keptDispute(o.Store.DisputesOf(ctx, a.ID))
		keptDispute(o.Store.DueDisputes(ctx, at, 5))
		keptDispute(o.Store.OpenDisputes(ctx, 5))
		if got, err := o.Store.Attempt(ctx, a.ID); err != nil || got.Legs[0].Refunded != 100 || got.Legs[1].Refunded != 0 {
			t.Errorf("the legs count %+v as refunded (%v)", got.Legs, err)
		}
		oldRefund, oldDispute := r, d
		r.State, r.Problem, r.LookAt = checkout.CaseCancelled, "", time.Time{}
		d.Status, d.Problem, d.LookAt = checkout.DisputeWon, "", time.Time{}
		if err := errors.Join(o.Store.SaveRefund(ctx, &r), o.Store.SaveDispute(ctx, &d)); err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{o.Store.SaveRefund(ctx, &oldRefund), o.Store.SaveDispute(ctx, &oldDispute)} {
			if !errors.Is(err, checkout.ErrMoved) {
				t.Errorf("an older one is saved: got %v, want ErrMoved", err)
			}
		}
		keptRefund(o.Store.RefundsOf(ctx, a.ID))
		keptDispute(o.Store.DisputesOf(ctx, a.ID))
		later := at.Add(time.Hour)
		refunds, err := o.Store.DueRefunds(ctx, later, 5)
		stuck, err2 := o.Store.StuckRefunds(ctx, 5)
		disputes, err3 := o.Store.DueDisputes(ctx, later, 5)
		open, err4 := o.Store.OpenDisputes(ctx, 5)
		if err := errors.Join(err, err2, err3, err4); err != nil || len(refunds)+len(stuck)+len(disputes)+len(open) != 0 {
			t.Errorf("what is done still waits: %v %v %v %v (%v)", refunds, stuck, disputes, open, err)
		}
		if got, err := o.Store.Attempt(ctx, a.ID); err != nil || got.Legs[0].Refunded != 0 {
			t.Errorf("a refund that was given up counts (%v)", err)
		}
	})
}

func TestSwept_IsKeptByMerchant(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := t.Context()
		first, second := storetest.Start, storetest.Start.Add(time.Hour)
		for _, to := range []time.Time{first, second} {
			if err := o.Store.SaveSwept(ctx, "acct_1", to); err != nil {
				t.Fatal(err)
			}
			if got, err := o.Store.SweptTo(ctx, "acct_1"); err != nil || !got.Equal(to) {
				t.Errorf("swept to %s (%v), want %s", got, err, to)
			}
		}
		if got, err := o.Store.SweptTo(ctx, "acct_2"); err != nil || !got.IsZero() {
			t.Errorf("a merchant that never was swept: %s (%v)", got, err)
		}
	})
}
