package approval_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	maker   = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	checker = ident.Actor{Kind: ident.Staff, Name: "mortiz"}
	run     = ident.Actor{Kind: ident.System, Name: "run"}
	this    = [32]byte{1}
	that    = [32]byte{2}
)

func ask(t *testing.T, d *approval.Desk, subject string, by ident.Actor) approval.Request {
	t.Helper()
	r, err := d.Ask(t.Context(), approval.Refund, subject, this, 1_500_000, by, "paid twice")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func wants(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func TestAsk_OnceForTheSameAct(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		first := ask(t, d, "a", maker)
		o.Clock.Advance(time.Hour)
		if again := ask(t, d, "a", checker); again != first {
			t.Errorf("got %+v, want the first request %+v", again, first)
		}
		_, err := d.Ask(t.Context(), approval.Refund, "a", this, 1, maker, "paid twice")
		wants(t, "another amount under the same digest", err, fault.Conflict)
		changed, err := d.Ask(t.Context(), approval.Refund, "a", that, 1, maker, "paid twice")
		if err != nil || changed.ID == first.ID {
			t.Errorf("got %v and %v, want a request of its own for what changed", changed.ID, err)
		}
		open, err := d.Open(t.Context())
		if err != nil || len(open) != 2 || open[0].ID != first.ID {
			t.Errorf("got %v and %v, want two open requests, the oldest first", open, err)
		}
	})
}

func TestDecide_MakerNeverChecksOwnWork(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		r := ask(t, d, "a", maker)
		for _, name := range []string{"jlee", "JLee", " jlee "} {
			_, err := d.Decide(t.Context(), r.ID, ident.Actor{Kind: ident.Staff, Name: name}, true, "")
			wants(t, name, err, fault.Denied)
		}
		_, err := d.Decide(t.Context(), r.ID, run, true, "")
		wants(t, "the product itself", err, fault.Denied)
		_, err = d.Decide(t.Context(), r.ID, ident.Actor{}, true, "")
		wants(t, "nobody", err, fault.Denied)

		r.State, r.Checker, r.CheckedAt = approval.Agreed, ident.Actor{Kind: ident.Staff, Name: "JLEE"}, o.Clock.Now()
		if err := o.Store.DecideApproval(t.Context(), r); err == nil {
			t.Error("the table took one person as maker and checker")
		}
		if _, agreed, err := d.Agreed(t.Context(), approval.Refund, "a", this); agreed || err != nil {
			t.Errorf("got %v and %v, want no agreement", agreed, err)
		}
	})
}

func TestDecide_BindsExactlyWhatWasAsked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		r := ask(t, d, "a", run)
		o.Clock.Advance(time.Minute)
		decided, err := d.Decide(t.Context(), r.ID, checker, true, "seen with the bank's letter")
		if err != nil {
			t.Fatal(err)
		}
		got, agreed, err := d.Agreed(t.Context(), approval.Refund, "a", this)
		if err != nil || !agreed || got != decided || got.Checker != checker || !got.CheckedAt.Equal(o.Clock.Now()) {
			t.Errorf("got %+v, %v and %v", got, agreed, err)
		}
		for what, is := range map[string]func() (approval.Request, bool, error){
			"another digest":  func() (approval.Request, bool, error) { return d.Agreed(t.Context(), approval.Refund, "a", that) },
			"another subject": func() (approval.Request, bool, error) { return d.Agreed(t.Context(), approval.Refund, "b", this) },
			"another kind":    func() (approval.Request, bool, error) { return d.Agreed(t.Context(), approval.ACHFile, "a", this) },
		} {
			if _, agreed, err := is(); agreed || err != nil {
				t.Errorf("%s: got %v and %v, want no agreement", what, agreed, err)
			}
		}
		if again, err := d.Decide(t.Context(), r.ID, checker, true, ""); err != nil || again != decided {
			t.Errorf("the same word again: got %+v and %v", again, err)
		}
		_, err = d.Decide(t.Context(), r.ID, checker, false, "no")
		wants(t, "another word", err, fault.Conflict)
	})
}

func TestDecide_RefusedStaysRefused(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		r := ask(t, d, "a", maker)
		_, err := d.Decide(t.Context(), r.ID, checker, false, " ")
		wants(t, "a refusal without a note", err, fault.Invalid)
		if _, err := d.Decide(t.Context(), r.ID, checker, false, "wrong account"); err != nil {
			t.Fatal(err)
		}
		if again := ask(t, d, "a", maker); again.State != approval.Refused || again.Note != "wrong account" {
			t.Errorf("got %+v, want the refusal", again)
		}
		decided, err := d.Decided(t.Context(), 10)
		if err != nil || len(decided) != 1 || decided[0].State != approval.Refused {
			t.Errorf("got %v and %v", decided, err)
		}
	})
}

func TestWithdraw_ByItsMakerOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		r := ask(t, d, "a", maker)
		_, err := d.Withdraw(t.Context(), r.ID, checker, "")
		wants(t, "somebody else", err, fault.Denied)
		if got, err := d.Withdraw(t.Context(), r.ID, maker, "typed wrongly"); err != nil || got.State != approval.Withdrawn {
			t.Fatalf("got %+v and %v", got, err)
		}
		_, err = d.Decide(t.Context(), r.ID, checker, true, "")
		wants(t, "a decision afterwards", err, fault.Conflict)
		if open, err := d.Open(t.Context()); err != nil || len(open) != 0 {
			t.Errorf("got %v and %v, want nothing open", open, err)
		}
	})
}

// Of several who decide at once one is heard, and the others are told.
func TestDecide_OneOfManyAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := approval.New(o.Store, o.Clock)
		r := ask(t, d, "a", maker)
		var wg sync.WaitGroup
		results := make([]error, 6)
		for i := range results {
			wg.Go(func() {
				by := ident.Actor{Kind: ident.Staff, Name: "checker-" + string(rune('a'+i))}
				_, results[i] = d.Decide(t.Context(), r.ID, by, i%2 == 0, "seen")
			})
		}
		wg.Wait()
		heard := 0
		for _, err := range results {
			if err == nil {
				heard++
			} else {
				wants(t, "a later word", err, fault.Conflict)
			}
		}
		if heard != 1 {
			t.Errorf("%d were heard, want 1", heard)
		}
	})
}

func TestAsk_RefusesWhatIsIncomplete(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	d := approval.New(o.Store, o.Clock)
	for _, tt := range []struct {
		name    string
		kind    approval.Kind
		subject string
		digest  [32]byte
		amount  money.Cents
		by      ident.Actor
		reason  string
		want    fault.Kind
	}{
		{"nobody", approval.Refund, "a", this, 1, ident.Actor{}, "why", fault.Denied},
		{"no kind", "anything", "a", this, 1, maker, "why", fault.Invalid},
		{"no subject", approval.Refund, "", this, 1, maker, "why", fault.Invalid},
		{"a subject with blanks", approval.Refund, "a name", this, 1, maker, "why", fault.Invalid},
		{"no digest", approval.Refund, "a", [32]byte{}, 1, maker, "why", fault.Invalid},
		{"below zero", approval.Refund, "a", this, -1, maker, "why", fault.Invalid},
		{"no reason", approval.Refund, "a", this, 1, maker, "  ", fault.Invalid},
		{"a long reason", approval.Refund, "a", this, 1, maker, strings.Repeat("x", approval.TextMax+1), fault.Invalid},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := d.Ask(t.Context(), tt.kind, tt.subject, tt.digest, tt.amount, tt.by, tt.reason)
			wants(t, tt.name, err, tt.want)
		})
	}
	_, err := d.Decide(t.Context(), ident.NewOpaque(), checker, true, "")
	wants(t, "a request that nobody made", err, fault.NotFound)
}
