package grace_test

import (
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
)

// sentInGrace tells of May paid in June, by a cheque that was sent in its grace.
func sentInGrace(line coverage.Line) *story {
	s := tell(line, "CO", "2026-04-01").bills("2026-04", 2, "400.00", "0.00").pays("2026-03-25", "2026-04 400.00").
		posts("2026-06-25", "2026-06-25", "2026-05 400.00")
	s.Money[1].SentOn = day("2026-05-04")
	return s
}

func TestPostmark_CountsOnlyWhereTheRuleSaysSo(t *testing.T) {
	const row = "§4 date paid"
	for _, line := range []coverage.Line{coverage.Direct, coverage.StateCont} {
		sentInGrace(line).is(t, row+", "+string(line), "2026-06-26", "TERMINATED")
	}
	set, problems := rule.Embedded().Overlay("rules.yaml", []byte(`rows:
  - {rule: cobra.payment.counts_from, jurisdiction: CO, coverage_line: STATE_CONT, valid_from: "2026-01-01", value: SENT, citation: "a statute", confirm: true}
`))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s := sentInGrace(coverage.StateCont)
	s.rules = set
	s.is(t, row+", a state's own row", "2026-06-26", "CURRENT")
}

// The bills were taken back before the cheque came: it is held, and is a payment of
// them all the same, once, until it is used or goes back.
func TestPostmark_HeldMoneyPaysWhatWasBilledWhenItWasSent(t *testing.T) {
	held := func(amount string) *story {
		s := cobra("2026-05-20")
		for _, m := range []string{"2026-04", "2026-05", "2026-06", "2026-07"} {
			s.Charges = append(s.Charges, grace.Charge{Month: month(m), BilledOn: day("2026-07-07"), DueOn: month(m).First(), Gross: -cents("712.00"), Owed: -cents("712.00")})
		}
		s.Money = append(s.Money, grace.Money{
			ID: "cheque", SentOn: day("2026-07-04"), ReceivedOn: day("2026-07-08"), KnownOn: day("2026-07-08"), Cents: cents(amount),
		})
		return s
	}
	held("2136.00").is(t, "§4 sent in time", "2026-07-08", "CURRENT from 2026-04-01")
	held("712.00").is(t, "§4 April only", "2026-07-08", "TERMINATED ends 2026-04-30")
	late := held("2136.00")
	late.Money[0].SentOn = day("2026-07-05")
	late.is(t, "§4 sent a day late", "2026-07-08", "CANCELLED")

	back := held("2136.00")
	back.Money = append(back.Money, grace.Money{
		ID: "return", ReceivedOn: day("2026-07-10"), KnownOn: day("2026-07-10"), Cents: -cents("2136.00"), Returns: "cheque",
	})
	back.is(t, "§4 the cheque came back", "2026-07-09", "CURRENT")
	back.is(t, "§4 the cheque came back", "2026-07-10", "CANCELLED")
}
