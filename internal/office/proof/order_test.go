package proof

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

func collect(t interface{ Fatal(...any) }, o *order) []answer {
	var all []answer
	for a, err := range o.sorted() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, a)
	}
	return all
}

func TestOrder_SpilledRunsComeBackSorted(t *testing.T) {
	drawn := rapid.Custom(func(t *rapid.T) answer {
		return answer{
			book: ledger.BookNo(rapid.Int64Range(1, 5).Draw(t, "book")), seq: rapid.Int64Range(0, 9).Draw(t, "seq"),
			part: rapid.Int64Range(0, 3).Draw(t, "part"), act: payment.Unmerge,
			claim:  payment.IDOf(ident.Key(rapid.StringMatching(`[a-z]{1,3}`).Draw(t, "key"))),
			digest: ledger.DocDigest{rapid.Byte().Draw(t, "digest")},
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		var o order
		defer o.close()
		var want []answer
		for range rapid.IntRange(0, 4).Draw(t, "runs") {
			run := rapid.SliceOfN(drawn, 0, 20).Draw(t, "run")
			for _, a := range run {
				if err := o.add(a); err != nil {
					t.Fatal(err)
				}
			}
			want = append(want, run...)
			if rapid.Bool().Draw(t, "spill") {
				if err := o.flush(); err != nil {
					t.Fatal(err)
				}
			}
		}
		got := collect(t, &o)
		byPlace := func(a, b answer) int {
			return cmp.Or(a.compare(b), slices.Compare(a.digest[:], b.digest[:]))
		}
		if !slices.IsSortedFunc(got, answer.compare) {
			t.Fatalf("out of order: %v", got)
		}
		slices.SortFunc(got, byPlace)
		slices.SortFunc(want, byPlace)
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}

func TestOrder_SpillsWhatDoesNotFit(t *testing.T) {
	var o order
	defer o.close()
	const n = runMax + 10
	for i := range int64(n) {
		if err := o.add(answer{book: 1, seq: n - i}); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.ends) != 1 || len(o.run) != 10 {
		t.Errorf("%d runs were spilled and %d answers kept, want 1 and 10", len(o.ends), len(o.run))
	}
	next := int64(1)
	for a, err := range o.sorted() {
		if err != nil || a.seq != next {
			t.Fatalf("got %d, %v, want %d", a.seq, err, next)
		}
		next++
	}
	if next != n+1 {
		t.Errorf("%d answers came back, want %d", next-1, n)
	}
}
