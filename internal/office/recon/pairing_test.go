package recon_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/recon"
)

var monday = calendar.MustParse("2026-11-23")

func candidate(no int64, cents money.Cents, on calendar.Date, ref string) recon.Candidate {
	return recon.Candidate{Print: "a", AsOf: on, No: no, Family: recon.ACHCredit, Codes: recon.ACHCredit.Codes(), Ref: ref, Amount: cents}
}

func expectation(source string, cents money.Cents, on calendar.Date, batch string) recon.Expectation {
	return recon.Expectation{
		Account: premium.Account(chart.ClearACH), Source: source, CodeBit: recon.CodeBit(chart.ClearACH), On: on, Amount: cents, Batch: batch,
	}
}

func TestPairSums(t *testing.T) {
	for name, c := range map[string]struct {
		lines []recon.Candidate
		open  []recon.Expectation
		pairs int
	}{
		"a line and a whole batch": {
			[]recon.Candidate{candidate(1, 60, monday, "")}, []recon.Expectation{expectation("a", 10, monday, "b"), expectation("b", 50, monday, "b")}, 2,
		},
		"a batch with what goes back": {
			[]recon.Candidate{candidate(1, 1250_00, monday, "")},
			[]recon.Expectation{expectation("a", 1300_00, monday, "b"), expectation("b", -50_00, monday, "b")}, 2,
		},
		"a cent less is no match": {
			[]recon.Candidate{candidate(1, 1249_00, monday, "")},
			[]recon.Expectation{expectation("a", 1300_00, monday, "b"), expectation("b", -50_00, monday, "b")}, 0,
		},
		"two batches of one sum": {
			[]recon.Candidate{candidate(1, 60, monday, "")}, []recon.Expectation{
				expectation("a", 10, monday, "b"), expectation("b", 50, monday, "b"), expectation("c", 20, monday, "d"), expectation("d", 40, monday, "d"),
			}, 0,
		},
		"lines of one reference": {
			[]recon.Candidate{candidate(1, 30, monday, "R"), candidate(2, 20, monday, "R"), candidate(3, 50, monday, "S")},
			[]recon.Expectation{expectation("a", 50, monday.AddDays(9), ""), expectation("b", 50, monday, "")}, 2,
		},
		"some of several": {
			[]recon.Candidate{candidate(1, 70, monday, "")},
			[]recon.Expectation{expectation("a", 10, monday, ""), expectation("b", 60, monday, ""), expectation("c", 25, monday, "")}, 2,
		},
		"two sets that fit": {
			[]recon.Candidate{candidate(1, 70, monday, "")},
			[]recon.Expectation{expectation("a", 10, monday, ""), expectation("b", 60, monday, ""), expectation("c", 30, monday, ""), expectation("d", 40, monday, "")}, 0,
		},
		"one that fits alone beside a set": {
			[]recon.Candidate{candidate(1, 70, monday, "")},
			[]recon.Expectation{expectation("a", 10, monday, ""), expectation("b", 60, monday, ""), expectation("c", 70, monday, "")}, 0,
		},
		"too many to try": {
			[]recon.Candidate{candidate(1, 3, monday, "")}, many(9), 0,
		},
		"too long ago": {
			[]recon.Candidate{candidate(1, 70, monday, "")},
			[]recon.Expectation{expectation("a", 10, monday.AddDays(-7), ""), expectation("b", 60, monday.AddDays(-7), "")}, 0,
		},
		"two lines that would share": {
			[]recon.Candidate{candidate(1, 70, monday, ""), candidate(2, 40, monday, "")},
			[]recon.Expectation{expectation("a", 10, monday, ""), expectation("b", 60, monday, ""), expectation("c", 30, monday.AddDays(20), "")}, 2,
		},
		"some lines make up one": {
			[]recon.Candidate{candidate(1, 33, monday, ""), candidate(2, 44, monday.AddDays(1), "")}, []recon.Expectation{expectation("a", 77, monday, "")}, 2,
		},
	} {
		t.Run(name, func(t *testing.T) {
			want := recon.PairSums(c.lines, c.open)
			if len(want) != c.pairs {
				t.Fatalf("got %d pairs %+v, want %d", len(want), want, c.pairs)
			}
			r := rand.New(rand.NewPCG(1, 2))
			for range 20 { // in any order of what comes in
				r.Shuffle(len(c.lines), func(i, j int) { c.lines[i], c.lines[j] = c.lines[j], c.lines[i] })
				r.Shuffle(len(c.open), func(i, j int) { c.open[i], c.open[j] = c.open[j], c.open[i] })
				if got := recon.PairSums(c.lines, c.open); !slices.Equal(got, want) {
					t.Fatalf("in another order got %+v, want %+v", got, want)
				}
			}
		})
	}
}

func many(n int) (open []recon.Expectation) {
	for i := range n {
		open = append(open, expectation(string(rune('a'+i)), money.Cents(1<<i), monday, ""))
	}
	return open
}

func TestFamilyOf(t *testing.T) {
	for _, c := range []struct {
		code   string
		credit bool
		want   recon.Family
	}{
		{"195", true, recon.WireIn}, {"115", true, recon.LockboxDeposit}, {"475", false, recon.CheckPaid}, {"575", false, recon.Sweep},
		{"391", true, recon.OtherCredit}, {"611", false, recon.OtherDebit}, {"925", true, recon.OtherCredit}, {"555", false, recon.DepositBounced},
		{"RCDT/ESCT", true, recon.ACHCredit}, {"RCDT/DMCT", true, recon.WireIn}, {"XXXX/YYYY", false, recon.OtherDebit},
	} {
		if got := recon.FamilyOf(c.code, monday, c.credit); got != c.want {
			t.Errorf("%s is %q, want %q", c.code, got, c.want)
		}
	}
	if got := recon.Normal(" 00-12 ab/3 "); got != "12AB3" {
		t.Errorf("got %q", got)
	}
}
