package suspense_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/suspense"
	"github.com/billfold/billfold/internal/payments/payment"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	jlee = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	mora = ident.Actor{Kind: ident.Staff, Name: "mora"}
	day  = calendar.MustParse("2026-11-23")
)

type house struct{ storetest.House }

func (house) DualControlAbove() money.Cents { return 1_000_00 }

type world struct {
	*storetest.Office
	desk      *suspense.Desk
	approvals *approval.Desk
	numbers   []billpay.Number
	posted    int
}

// prove replays the books at a test's end.
func (w *world) prove(t *testing.T) {
	t.Helper()
	report, err := proof.Verify(context.Background(), w.Store, nil, nil)
	if err != nil || report.Broken != nil {
		t.Errorf("the books do not prove: %v %v", report.Broken, err)
	}
}

// world has members "Reader0 Ruiz", "Reader1 Ruiz" and so on.
func newWorld(t *testing.T, o *storetest.Office, members int) *world {
	w := &world{Office: o, approvals: approval.New(o.Store, o.Clock)}
	w.desk = suspense.New(o.Store, o.Cashier, w.approvals, house{storetest.House{Clock: o.Clock}}, o.Clock)
	w.numbers = o.Residents(t, "front-range", make([]string, members)...)
	return w
}

// comes posts a payment and gives where it stands.
func (w *world) comes(t *testing.T, rail payment.Rail, amount money.Cents, part payment.Part) cashier.Ref {
	t.Helper()
	w.posted++
	part.Amount, part.Received = amount, chart.Purse{Entity: 1, Fund: chart.Premium}
	outcomes, err := w.Cashier.Post(t.Context(), []payment.Instruction{{
		Key: ident.Key(fmt.Sprintf("%s:%032x:1", rail, w.posted)), Rail: rail, Amount: amount, Received: day, Actor: jlee, Source: w.Till,
		Parts: []payment.Part{part},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes)
	}
	p := outcomes[0].Answer.Parts[0]
	return cashier.Ref{Book: p.Book, Seq: p.Seq}
}

func (w *world) wire(t *testing.T, text, payer, print string) cashier.Ref {
	t.Helper()
	return w.comes(t, payment.Wire, 100_00, payment.Part{
		Doubt: why.FreeText, Details: why.Details{Reference: text, PayerName: payer, Payer: print},
	})
}

func access(t *testing.T) audit.Access {
	t.Helper()
	a, err := audit.By(jlee, "work on suspense", "test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func (w *world) open(t *testing.T, ref cashier.Ref) money.Cents {
	t.Helper()
	e, err := w.Store.Suspense(t.Context(), ref.Book, ref.Seq)
	if err != nil {
		t.Fatal(err)
	}
	return e.Open
}

func TestMatch_OnlyWhereNumberAndPayerAgree(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		w := newWorld(t, o, 3)
		first, second := w.numbers[0].Digits(), w.numbers[1].Digits()
		for range 3 { // a payer of three payments, known by its account
			w.comes(t, payment.Wire, 50_00, payment.Part{Reference: first, Details: why.Details{Payer: "aa"}})
		}
		for range 2 {
			w.comes(t, payment.Wire, 50_00, payment.Part{Reference: first, Details: why.Details{Payer: "bb"}})
		}
		for _, tc := range []struct {
			name               string
			text, payer, known string
			want               bool
		}{
			{"the holder", "PREMIUM " + first, "RUIZ, READER0", "", true},
			{"another member", "PREMIUM " + first, "READER1 RUIZ", "", false},
			{"an initial is not enough", "PREMIUM " + first, "R RUIZ", "", false},
			{"nobody named", "PREMIUM " + first, "", "", false},
			{"two numbers", first + " AND " + second, "READER0 RUIZ", "", false},
			{"a number of nobody", "PREMIUM 472819036580", "READER0 RUIZ", "", false},
			{"a payer of three payments", "PREMIUM " + first, "SOMEBODY ELSE", "aa", true},
			{"a payer of two payments", "PREMIUM " + first, "SOMEBODY ELSE", "bb", false},
			{"a payer known for another account", "PREMIUM " + second, "SOMEBODY ELSE", "aa", false},
		} {
			ref := w.wire(t, tc.text, tc.payer, tc.known)
			if _, err := w.desk.Match(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := w.open(t, ref) == 0; got != tc.want {
				t.Errorf("%s: matched %v, want %v", tc.name, got, tc.want)
			}
		}
	})
}

// What staff have taken on is theirs.
func TestMatch_LeavesWhatAPersonWorksOn(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 1)
	ref := w.wire(t, w.numbers[0].Digits(), "READER0 RUIZ", "")
	if err := w.desk.Assign(t.Context(), jlee, ref, "mora"); err != nil {
		t.Fatal(err)
	}
	if tally, err := w.desk.Match(t.Context()); err != nil || tally.Matched != 0 {
		t.Errorf("matched %d (%v)", tally.Matched, err)
	}
}

// Numbers of strangers in the text of a wire never bring it to them.
func TestMatch_NeverWrong(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 40)
	random := rand.New(rand.NewPCG(7, 7))
	right := map[cashier.Ref]bool{}
	for range 150 {
		payer, named := random.IntN(40), random.IntN(40)
		name := fmt.Sprintf("READER%d RUIZ", payer)
		switch random.IntN(3) {
		case 0:
			name = fmt.Sprintf("Ruiz, Reader%d", payer)
		case 1:
			name = fmt.Sprintf("R%d RUIZ", payer)
		}
		ref := w.wire(t, fmt.Sprintf("INV %d REF %s", random.IntN(99_999), w.numbers[named].Digits()), name, "")
		right[ref] = payer == named && !strings.HasPrefix(name, fmt.Sprintf("R%d ", payer))
	}
	tally, err := w.desk.Match(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for ref, want := range right {
		if got := w.open(t, ref) == 0; got != want {
			t.Errorf("%v: matched %v, want %v", ref, got, want)
		}
	}
	if again, err := w.desk.Match(t.Context()); err != nil || again.Matched != 0 || tally.Looked != 150 {
		t.Errorf("looked at %d; a second pass matched %d (%v)", tally.Looked, again.Matched, err)
	}
}

func TestRelease_NeedsASecondPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		w := newWorld(t, o, 2)
		ctx := t.Context()
		for _, tc := range []struct {
			name   string
			amount money.Cents
			reason why.Reason
			want   bool
		}{
			{"small, no number", 10_00, why.NoNumber, false},
			{"above the limit", 1_000_01, why.NoNumber, true},
			{"a number in free text", 10_00, why.FreeText, true},
			{"a slip in the number", 10_00, why.CheckDigit, true},
		} {
			ref := w.comes(t, payment.Lockbox, tc.amount, payment.Part{Doubt: tc.reason, Details: why.Details{Reference: "X"}})
			order := suspense.Order{
				Order: cashier.Order{Key: ident.Key(fmt.Sprintf("r:%d:%s", tc.amount, tc.reason)), Actor: jlee, Reason: "the cheque shows it"},
				Ref:   ref, To: w.numbers[0].Digits(),
			}
			out, err := w.desk.Release(ctx, order)
			if err != nil {
				t.Fatal(err)
			}
			if got := out.Waiting != nil; got != tc.want {
				t.Errorf("%s: waits %v, want %v", tc.name, got, tc.want)
			}
			if !tc.want {
				continue
			}
			if w.open(t, ref) != tc.amount {
				t.Fatalf("%s: money moved before a second person agreed", tc.name)
			}
			if again, err := w.desk.Release(ctx, order); err != nil || again.Waiting == nil || again.Waiting.ID != out.Waiting.ID {
				t.Errorf("%s: asked twice (%v)", tc.name, err)
			}
			if _, err := w.approvals.Decide(ctx, out.Waiting.ID, jlee, true, ""); fault.KindOf(err) != fault.Denied {
				t.Errorf("%s: the maker may agree: %v", tc.name, err)
			}
			request, err := w.approvals.Decide(ctx, out.Waiting.ID, mora, true, "seen")
			if err != nil {
				t.Fatal(err)
			}
			for range 2 { // carrying out is safe to repeat
				if done, err := w.desk.CarryOut(ctx, request); err != nil || done.Waiting != nil {
					t.Fatalf("%s: %+v %v", tc.name, done, err)
				}
			}
			if w.open(t, ref) != 0 {
				t.Errorf("%s: %s still waits", tc.name, w.open(t, ref))
			}
			whole, err := w.desk.Item(ctx, access(t), ref)
			if err != nil {
				t.Fatal(err)
			}
			var kinds []suspense.EventKind
			for _, e := range whole.Events {
				kinds = append(kinds, e.Kind)
			}
			if !slices.Equal(kinds, []suspense.EventKind{suspense.Asked, suspense.Released}) {
				t.Errorf("%s: the history is %v", tc.name, kinds)
			}
		}
		w.prove(t)
	})
}

// What was agreed to is this account and no other.
func TestRelease_AgreementIsForOneAccount(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 2)
	ref := w.wire(t, "X", "", "")
	order := suspense.Order{Order: cashier.Order{Key: "a", Actor: jlee, Reason: "payer called"}, Ref: ref, To: w.numbers[0].Digits()}
	out, err := w.desk.Release(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.approvals.Decide(t.Context(), out.Waiting.ID, mora, true, ""); err != nil {
		t.Fatal(err)
	}
	order.To, order.Key = w.numbers[1].Digits(), "b"
	if out, err = w.desk.Release(t.Context(), order); err != nil || out.Waiting == nil {
		t.Errorf("money goes to an account that nobody agreed to: %+v %v", out, err)
	}
}

func TestSendBack(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 1)
	ref := w.wire(t, "NOT FOR YOU", "", "")
	order := suspense.Order{Order: cashier.Order{Key: "back", Actor: jlee, Reason: "the bank asks for it back"}, Ref: ref}
	out, err := w.desk.SendBack(t.Context(), order)
	if err != nil || out.Waiting == nil {
		t.Fatalf("%+v %v", out, err)
	}
	request, err := w.approvals.Decide(t.Context(), out.Waiting.ID, mora, true, "")
	if err != nil {
		t.Fatal(err)
	}
	if out, err = w.desk.CarryOut(t.Context(), request); err != nil || len(out.Done.Refs) == 0 || w.open(t, ref) != 0 {
		t.Errorf("%+v %v", out, err)
	}
	w.prove(t)
}

func TestList_OldestFirstInPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		w := newWorld(t, o, 1)
		var all []cashier.Ref
		for range 7 {
			all = append(all, w.wire(t, "X", "", ""))
		}
		if err := w.desk.Assign(t.Context(), jlee, all[3], "mora"); err != nil {
			t.Fatal(err)
		}
		var got []cashier.Ref
		for cursor, more := (suspense.Cursor{}), true; more; {
			page, err := w.desk.List(t.Context(), access(t), suspense.Filter{Kind: suspense.Suspense}, cursor, 3)
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range page.Items {
				got = append(got, item.Ref)
			}
			cursor, more = page.Next, page.More
		}
		if !slices.Equal(got, all) {
			t.Errorf("got %v, want %v", got, all)
		}
		mine, err := w.desk.List(t.Context(), access(t), suspense.Filter{Kind: suspense.Suspense, Owner: "mora"}, suspense.Cursor{}, 100)
		if err != nil || len(mine.Items) != 1 || mine.Items[0].Ref != all[3] || mine.Items[0].Owner != "mora" {
			t.Errorf("got %+v %v", mine, err)
		}
		// Money of a member without a bill is in the other queue.
		w.comes(t, payment.Wire, 10_00, payment.Part{Reference: w.numbers[0].Digits()})
		unapplied, err := w.desk.List(t.Context(), access(t), suspense.Filter{Kind: suspense.Unapplied}, suspense.Cursor{}, 100)
		if err != nil || len(unapplied.Items) != 1 || unapplied.Items[0].Account != ledger.BookNo(w.numbers[0]) || unapplied.Items[0].Open != 10_00 {
			t.Errorf("got %+v %v", unapplied, err)
		}
	})
}

func TestDeadlines(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 1)
	held := w.wire(t, "X", "", "")
	rest := w.comes(t, payment.Wire, 10_00, payment.Part{Reference: w.numbers[0].Digits()})
	for _, tc := range []struct {
		ref  cashier.Ref
		note suspense.EventKind
		on   string
		what string
	}{
		{held, "", "2026-12-01", "bank_query"}, // Thanksgiving and the weekend between
		{held, suspense.BankAsked, "2027-01-22", "return_to_sender"},
		{rest, "", "2026-12-23", "unapplied_notice"},
		{rest, suspense.NoticeSent, "2027-01-07", "refund_decision"},
	} {
		if tc.note != "" {
			if err := w.desk.Note(t.Context(), jlee, tc.ref, tc.note, ""); err != nil {
				t.Fatal(err)
			}
		}
		whole, err := w.desk.Item(t.Context(), access(t), tc.ref)
		if err != nil || whole.Deadline.On.String() != tc.on || whole.Deadline.For != tc.what || whole.Deadline.Late || whole.Age != 0 {
			t.Errorf("%s: got %+v %v, want %s on %s", tc.note, whole.Deadline, err, tc.what, tc.on)
		}
	}
	w.Clock.Advance(61 * 24 * time.Hour)
	page, err := w.desk.List(t.Context(), access(t), suspense.Filter{Kind: suspense.Suspense, Late: true}, suspense.Cursor{}, 10)
	if err != nil || len(page.Items) != 1 || page.Items[0].Age != 61 {
		t.Errorf("got %+v %v", page, err)
	}
}

func TestItem_SuggestionsSayWhy(t *testing.T) {
	w := newWorld(t, storetest.Open(t, "sqlite"), 3)
	first, third := w.numbers[0].Digits(), w.numbers[2].Digits()
	swapped := func(n string) string { // two neighbouring digits that differ
		for i := range len(n) - 1 {
			if n[i] != n[i+1] && i > 0 {
				return n[:i] + n[i+1:i+2] + n[i:i+1] + n[i+2:]
			}
		}
		t.Fatal("all digits are the same")
		return ""
	}
	for _, tc := range []struct {
		name    string
		details why.Details
		want    map[int][]suspense.Ground // by member
	}{
		{"a number and the holder's name", why.Details{Reference: "FOR " + first, PayerName: "READER0 RUIZ"},
			map[int][]suspense.Ground{0: {suspense.NumberGiven, suspense.NameAgrees}}},
		{"a number and another's name", why.Details{Reference: "FOR " + first, PayerName: "READER1 RUIZ"},
			map[int][]suspense.Ground{0: {suspense.NumberGiven}, 1: {suspense.NameAgrees}}},
		{"a near miss and the holder's name", why.Details{Reference: swapped(third), PayerName: "READER2 RUIZ"},
			map[int][]suspense.Ground{2: {suspense.NameAgrees, suspense.NearMiss}}},
		{"a near miss of a stranger", why.Details{Reference: swapped(third), PayerName: "SOMEBODY ELSE"}, nil},
		{"a near miss of nobody named", why.Details{Reference: swapped(third)}, nil},
		{"nothing", why.Details{Reference: "PREMIUM"}, nil},
	} {
		ref := w.comes(t, payment.Wire, 33_00, payment.Part{Doubt: why.FreeText, Details: tc.details})
		whole, err := w.desk.Item(t.Context(), access(t), ref)
		if err != nil {
			t.Fatal(err)
		}
		if len(whole.Suggestions) != len(tc.want) {
			t.Errorf("%s: got %+v, want %v", tc.name, whole.Suggestions, tc.want)
		}
		for _, s := range whole.Suggestions {
			who := slices.Index(w.numbers, billpay.Number(s.Account))
			if !slices.Equal(s.Grounds, tc.want[who]) {
				t.Errorf("%s: member %d because of %v, want %v", tc.name, who, s.Grounds, tc.want[who])
			}
		}
	}
}
