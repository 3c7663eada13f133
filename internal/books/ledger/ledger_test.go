package ledger_test

import (
	"crypto/sha256"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

const (
	firstBook = ledger.FirstBillingBook
	lastCode  = 50
)

// drawPosting draws a pair within one purse, as the chart would number it.
func drawPosting(t *rapid.T) ledger.Posting {
	purse := rapid.Int32Range(100, 130).Draw(t, "purse") * 100
	debit := rapid.Int32Range(1, lastCode).Draw(t, "debit")
	credit := rapid.Int32Range(1, lastCode-1).Draw(t, "credit")
	if credit >= debit {
		credit++ // never the account that is debited
	}
	return ledger.Posting{
		Debit: ledger.Account(purse + debit), Credit: ledger.Account(purse + credit),
		Cents: money.Cents(rapid.Int64Range(1, int64(money.Max)).Draw(t, "cents")),
		Item:  rapid.Int64Range(0, 9).Draw(t, "item"),
	}
}

func drawTransaction(t *rapid.T) ledger.Transaction {
	return ledger.Transaction{
		Book:     firstBook + ledger.BookNo(rapid.Int64Range(0, 3).Draw(t, "book")),
		PostedOn: calendar.MustParse("2026-11-23"), EffectiveOn: calendar.MustParse("2026-11-20"),
		RecordedAt: time.UnixMicro(rapid.Int64Range(1, 1<<50).Draw(t, "at")).UTC(),
		Event:      "payment.received", Phase: ledger.Posted,
		Actor:    ident.Actor{Kind: ident.Staff, Name: "jlee"},
		Postings: rapid.SliceOfN(rapid.Custom(drawPosting), 1, 6).Draw(t, "postings"),
	}
}

func add(balances ledger.Balances, t ledger.Transaction) {
	for _, p := range t.Postings {
		balances.Add(t.Phase, p)
	}
}

// settled leaves out accounts that have come back to nothing.
func settled(balances ledger.Balances) ledger.Balances {
	kept := ledger.Balances{}
	for account, b := range balances {
		if b != (ledger.Balance{}) {
			kept[account] = b
		}
	}
	return kept
}

func nets(balances ledger.Balances) map[ledger.Account]money.Cents {
	kept := map[ledger.Account]money.Cents{}
	for account, b := range balances {
		if net := b.Net(); net != 0 {
			kept[account] = net
		}
	}
	return kept
}

func TestTransaction_EveryWellFormedOneBalancesInEveryPurse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := drawTransaction(t)
		if err := tx.Validate(); err != nil {
			t.Fatalf("%v: %+v", err, tx)
		}
		balances := ledger.Balances{}
		add(balances, tx)
		if debits, credits := balances.Sum(); debits != credits || debits != tx.Total() {
			t.Fatalf("debits %s, credits %s, total %s of %+v", debits, credits, tx.Total(), tx.Postings)
		}
		ofPurse := map[int32]money.Cents{}
		for account, b := range balances {
			ofPurse[account.Purse()] += b.Net()
		}
		for purse, net := range ofPurse {
			if net != 0 {
				t.Fatalf("purse %d is out of balance by %s: %+v", purse, net, tx.Postings)
			}
		}
	})
}

func TestBalances_ReplayedInAnyPortionsAreTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		journal := rapid.SliceOfN(rapid.Custom(drawTransaction), 0, 30).Draw(t, "journal")
		whole, books := ledger.Balances{}, map[ledger.BookNo]ledger.Balances{}
		for _, tx := range journal {
			add(whole, tx)
			if books[tx.Book] == nil {
				books[tx.Book] = ledger.Balances{}
			}
			add(books[tx.Book], tx)
		}
		merged := ledger.Balances{}
		for _, b := range books {
			merged.Merge(b)
		}
		if !reflect.DeepEqual(merged, whole) {
			t.Fatalf("got %v, want %v", merged, whole)
		}
	})
}

func TestReversal_RestoresBalancesAndKeepsBothEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tx := drawTransaction(t)
		tx.Seq = 7
		before := ledger.Balances{}
		for _, p := range rapid.SliceOfN(rapid.Custom(drawPosting), 0, 10).Draw(t, "before") {
			before.Add(ledger.Posted, p)
		}
		after := ledger.Balances{}
		after.Merge(before)
		add(after, tx)
		back, err := tx.Reversal()
		if err != nil {
			t.Fatal(err)
		}
		add(after, back)
		if got, want := nets(after), nets(before); !reflect.DeepEqual(got, want) {
			t.Fatalf("balances after the reversal are %v, want %v", got, want)
		}
		debitsBefore, _ := before.Sum()
		if debits, _ := after.Sum(); debits != debitsBefore+2*tx.Total() {
			t.Fatalf("debits turned over %s, want both entries to stand: %s", debits, debitsBefore+2*tx.Total())
		}
		if back.Of != tx.Seq || back.EffectiveOn != tx.EffectiveOn || back.Book != tx.Book {
			t.Fatalf("the reversal %+v is not linked to %+v", back, tx)
		}
	})
}

func TestEnding_PendingMoneyEndsOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		held := drawTransaction(t)
		held.Phase, held.Seq = ledger.Pending, 3
		balances := ledger.Balances{}
		add(balances, held)
		if got := nets(balances); len(got) != 0 {
			t.Fatalf("pending money moved posted balances: %v", got)
		}
		phase := rapid.SampledFrom([]ledger.Phase{ledger.PostPending, ledger.VoidPending}).Draw(t, "phase")
		end, err := held.Ending(phase)
		if err != nil {
			t.Fatal(err)
		}
		add(balances, end)
		want := ledger.Balances{}
		if phase == ledger.PostPending {
			posted := held
			posted.Phase = ledger.Posted
			add(want, posted)
		}
		if got := settled(balances); !reflect.DeepEqual(got, want) {
			t.Fatalf("after phase %d the balances are %v, want %v", phase, got, want)
		}
		for _, again := range []ledger.Phase{ledger.PostPending, ledger.VoidPending} {
			if _, err := end.Ending(again); err == nil {
				t.Fatal("what ended a pending transaction was itself ended")
			}
		}
	})
}

func sample() ledger.Transaction {
	return ledger.Transaction{
		Book: firstBook, Seq: 1, PostedOn: calendar.MustParse("2026-11-23"), EffectiveOn: calendar.MustParse("2026-11-20"),
		RecordedAt: time.UnixMicro(1_700_000_000_000_001).UTC(), Event: "payment.received", Phase: ledger.Posted, Of: 4,
		Link: "link", Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, Reason: "why",
		Postings:  []ledger.Posting{{Debit: 10102, Credit: 10110, Cents: 100, Item: 1}, {Debit: 10102, Credit: 10130, Cents: 5}},
		Documents: []ledger.DocDigest{sha256.Sum256([]byte("claim")), sha256.Sum256([]byte("receipt"))},
	}
}

func TestTransaction_OtherPhasesAreNotReversedOrEnded(t *testing.T) {
	for name, change := range map[string]func(tx *ledger.Transaction){
		"a pending one":                      func(tx *ledger.Transaction) { tx.Phase, tx.Of = ledger.Pending, 0 },
		"one that voided a pending one":      func(tx *ledger.Transaction) { tx.Phase = ledger.VoidPending },
		"one that is itself a reversal":      func(tx *ledger.Transaction) { *tx = reversalOf(*tx) },
		"a reversal of a posted pending one": func(tx *ledger.Transaction) { tx.Phase = ledger.PostPending; *tx = reversalOf(*tx) },
	} {
		t.Run(name, func(t *testing.T) {
			tx := sample()
			tx.Of = 0
			change(&tx)
			if back, err := tx.Reversal(); err == nil {
				t.Errorf("got the reversal %+v, want a refusal", back)
			}
		})
	}
	posted := sample()
	if _, err := posted.Ending(ledger.PostPending); err == nil {
		t.Error("a posted transaction was ended as if it were pending")
	}
	posted.Phase = ledger.Pending
	if _, err := posted.Ending(ledger.Posted); err == nil {
		t.Error("a pending transaction was ended by a phase that ends nothing")
	}
}

func reversalOf(tx ledger.Transaction) ledger.Transaction {
	back, err := tx.Reversal()
	if err != nil {
		panic(err)
	}
	return back
}

func TestValidate_RefusesWhatCannotStandInTheBooks(t *testing.T) {
	good := sample()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(tx *ledger.Transaction){
		"no book":                        func(tx *ledger.Transaction) { tx.Book = 0 },
		"no posting":                     func(tx *ledger.Transaction) { tx.Postings = nil },
		"no posting date":                func(tx *ledger.Transaction) { tx.PostedOn = calendar.Date{} },
		"no effective date":              func(tx *ledger.Transaction) { tx.EffectiveOn = calendar.Date{} },
		"no time of record":              func(tx *ledger.Transaction) { tx.RecordedAt = time.Time{} },
		"no event":                       func(tx *ledger.Transaction) { tx.Event = "" },
		"no actor":                       func(tx *ledger.Transaction) { tx.Actor = ident.Actor{} },
		"an unknown phase":               func(tx *ledger.Transaction) { tx.Phase = 5 },
		"no phase":                       func(tx *ledger.Transaction) { tx.Phase = 0 },
		"an ending of nothing":           func(tx *ledger.Transaction) { tx.Phase, tx.Of = ledger.VoidPending, 0 },
		"a reason without end":           func(tx *ledger.Transaction) { tx.Reason = strings.Repeat("x", ledger.ReasonMax+1) },
		"an amount of nothing":           func(tx *ledger.Transaction) { tx.Postings[0].Cents = 0 },
		"a negative amount":              func(tx *ledger.Transaction) { tx.Postings[1].Cents = -1 },
		"both sides on one account":      func(tx *ledger.Transaction) { tx.Postings[0].Credit = tx.Postings[0].Debit },
		"sides in two funds":             func(tx *ledger.Transaction) { tx.Postings[0].Credit = 10210 },
		"sides in two legal entities":    func(tx *ledger.Transaction) { tx.Postings[0].Credit = 20110 },
		"a second posting in two purses": func(tx *ledger.Transaction) { tx.Postings[1].Debit = 20102 },
	} {
		t.Run(name, func(t *testing.T) {
			tx := sample()
			spoil(&tx)
			if err := tx.Validate(); err == nil {
				t.Errorf("%+v was accepted", tx)
			}
		})
	}
}

// TestChain_CoversEveryField changes each stored field in turn, found by
// reflection so that a field added later cannot be forgotten.
func TestChain_CoversEveryField(t *testing.T) {
	previous := ledger.Head{Seq: 0, Digest: ledger.Digest{1}}
	link := func(head ledger.Head, tx ledger.Transaction) ledger.Digest { return head.Chain(&tx).Digest }
	original := link(previous, sample())
	if again := link(previous, sample()); again != original {
		t.Fatalf("the same transaction chained twice gives %x and %x", original, again)
	}
	paths := leafPaths(reflect.TypeFor[ledger.Transaction](), reflect.ValueOf(sample()))
	for _, path := range paths {
		switch path.name {
		case "Chained", "Seq": // the link itself, and its place, which Chain sets
			continue
		}
		tx := sample()
		change(path.in(reflect.ValueOf(&tx).Elem()))
		if link(previous, tx) == original {
			t.Errorf("the digest is the same after %s changed", path.name)
		}
	}
	if len(paths) < 23 {
		t.Errorf("only %d fields were found to change", len(paths))
	}
	if link(ledger.Head{Seq: 1, Digest: previous.Digest}, sample()) == original {
		t.Error("the digest is the same at another sequence number")
	}
	if link(ledger.Head{Digest: ledger.Digest{2}}, sample()) == original {
		t.Error("the digest is the same after another predecessor")
	}
	for name, change := range map[string]func(tx *ledger.Transaction){
		"a posting less":     func(tx *ledger.Transaction) { tx.Postings = tx.Postings[:1] },
		"postings exchanged": func(tx *ledger.Transaction) { p := tx.Postings; p[0], p[1] = p[1], p[0] },
		"a document less":    func(tx *ledger.Transaction) { tx.Documents = tx.Documents[:1] },
		"a byte moved from the link to the event": func(tx *ledger.Transaction) {
			tx.Event, tx.Link = tx.Event+ledger.Event(tx.Link[:1]), tx.Link[1:]
		},
	} {
		tx := sample()
		change(&tx)
		if link(previous, tx) == original {
			t.Errorf("the digest is the same with %s", name)
		}
	}
}

// leaf is a place in a value where one thing can change.
type leaf struct {
	name string
	in   func(root reflect.Value) reflect.Value
}

func leafPaths(typ reflect.Type, value reflect.Value) []leaf {
	self := func(v reflect.Value) reflect.Value { return v }
	switch {
	case typ == reflect.TypeFor[time.Time](), typ == reflect.TypeFor[calendar.Date](), typ.Kind() == reflect.Array:
		return []leaf{{"", self}}
	case typ.Kind() == reflect.Struct:
		var all []leaf
		for i := range typ.NumField() {
			for _, l := range leafPaths(typ.Field(i).Type, value.Field(i)) {
				all = append(all, leaf{typ.Field(i).Name + l.name, func(v reflect.Value) reflect.Value { return l.in(v.Field(i)) }})
			}
		}
		return all
	case typ.Kind() == reflect.Slice:
		var all []leaf
		for i := range value.Len() {
			for _, l := range leafPaths(typ.Elem(), value.Index(i)) {
				all = append(all, leaf{fmt.Sprintf("[%d]%s", i, l.name), func(v reflect.Value) reflect.Value { return l.in(v.Index(i)) }})
			}
		}
		return all
	}
	return []leaf{{"", self}}
}

// change makes the smallest change that the field's stored form can show.
func change(v reflect.Value) {
	switch at := v.Addr().Interface().(type) {
	case *time.Time:
		*at = at.Add(time.Microsecond)
		return
	case *calendar.Date:
		*at = at.AddDays(1)
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(v.String() + "x")
	case reflect.Array:
		last := v.Index(v.Len() - 1)
		last.SetUint(last.Uint() ^ 1)
	case reflect.Uint8:
		v.SetUint(v.Uint() + 1)
	default:
		v.SetInt(v.Int() + 1)
	}
}

func TestDocumentDigest_FieldsDoNotRunTogether(t *testing.T) {
	digests := map[ledger.DocDigest]string{}
	for name, d := range map[string]ledger.DocDigest{
		"one text":            ledger.DocumentDigest("k", nil, []string{"ab"}),
		"the same in two":     ledger.DocumentDigest("k", nil, []string{"a", "b"}),
		"two with an empty":   ledger.DocumentDigest("k", nil, []string{"ab", ""}),
		"another kind":        ledger.DocumentDigest("ka", nil, []string{"b"}),
		"an integer first":    ledger.DocumentDigest("k", []int64{1}, []string{"ab"}),
		"the integer doubled": ledger.DocumentDigest("k", []int64{1, 1}, []string{"ab"}),
	} {
		if other, taken := digests[d]; taken {
			t.Errorf("%s has the digest of %s", name, other)
		}
		digests[d] = name
	}
}

func TestBookNo_OperatingBooksComeInRuns(t *testing.T) {
	for _, tc := range []struct {
		no                        ledger.BookNo
		operating, runOfThirtyTwo bool
	}{
		{0, false, false}, {1, true, false}, {31, true, false}, {32, true, true}, {47, true, true}, {48, true, false},
		{ledger.FirstBillingBook - 1, true, false}, {ledger.FirstBillingBook, false, false},
	} {
		if got := tc.no.IsOperating(); got != tc.operating {
			t.Errorf("is %d an operating book? got %v, want %v", tc.no, got, tc.operating)
		}
		if got := tc.no.SameRun(32); got != tc.runOfThirtyTwo {
			t.Errorf("is %d of the run of 32? got %v, want %v", tc.no, got, tc.runOfThirtyTwo)
		}
	}
}
