package testcard_test

import (
	"testing"

	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

func TestAll_NumbersCheckAndAreFound(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range testcard.All() {
		if !testcard.Checks(c.Number) {
			t.Errorf("%s has a wrong check digit", c.Number)
		}
		if found, ok := testcard.Find(c.Number); !ok || found != c {
			t.Errorf("%s is found as %+v", c.Number, found)
		}
		if seen[c.Number] {
			t.Errorf("%s is listed twice", c.Number)
		}
		seen[c.Number] = true
	}
}

func TestFind_KnowsNoOtherNumber(t *testing.T) {
	for _, number := range []string{"", testcard.Wrong, "4111111111111111", "4012888888881881", "5019717010103742", "424242424242424x"} {
		if _, ok := testcard.Find(number); ok {
			t.Errorf("%q is taken as a test card", number)
		}
	}
}

func TestSeries_AreDifferentCardsOfOneOutcome(t *testing.T) {
	seen := map[string]bool{}
	for n := range 1000 {
		approved, ok := testcard.Find(testcard.Approved(n))
		if !ok || approved.Behaviour.Outcome().Decline != "" {
			t.Fatalf("card %d of the approved series: %+v", n, approved)
		}
		refused, ok := testcard.Find(testcard.Refused(n))
		if !ok || refused.Behaviour.Outcome().Decline != "do_not_honor" {
			t.Fatalf("card %d of the refused series: %+v", n, refused)
		}
		seen[approved.Number], seen[refused.Number] = true, true
	}
	if len(seen) != 2000 {
		t.Errorf("%d different numbers, want 2000", len(seen))
	}
}

func TestOutcome_DeclinesAtAttachOnlyWhereStripeDoes(t *testing.T) {
	for _, tc := range []struct {
		behaviour testcard.Behaviour
		want      testcard.Outcome
	}{
		{testcard.Declined("lost_card"), testcard.Outcome{Decline: "lost_card", AtAttach: true}},
		{testcard.DeclinedAtCharge("lost_card"), testcard.Outcome{Decline: "lost_card"}},
		{testcard.ApprovedLate, testcard.Outcome{Decline: "processing_error", Late: true}},
		{testcard.NothingNoAnswer, testcard.Outcome{Nothing: true, Answer: testcard.Never}},
		{testcard.AuthorisedCut, testcard.Outcome{Answer: testcard.Cut}},
		{testcard.Approve, testcard.Outcome{}},
	} {
		if got := tc.behaviour.Outcome(); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", tc.behaviour, got, tc.want)
		}
	}
}
