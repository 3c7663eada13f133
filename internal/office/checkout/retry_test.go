package checkout

import (
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
)

func TestAfter_DecidesByClassCodeAndAdvice(t *testing.T) {
	first := calendar.MustParse("2026-12-01")
	for _, c := range []struct {
		situation string
		decline   Decline
		tries     int
		last      int // days after the first
		want      Again
	}{
		{"revoked by the network's code", Decline{Class: DeclineIssuer, Network: "R1"}, 1, 0, Again{Cancel: true, Stop: true}},
		{"revoked by the processor's word", Decline{Class: DeclineHard, Code: "stop_payment_order"}, 1, 0, Again{Cancel: true, Stop: true}},
		{"lost", Decline{Class: DeclineHard, Network: "41"}, 1, 0, Again{Stop: true}},
		{"advice never to try again", Decline{Class: DeclineFunds, Advice: "21"}, 1, 0, Again{Stop: true}},
		{"expired", Decline{Class: DeclineData, Network: "54"}, 2, 2, Again{NewData: true}},
		{"advice to ask for data", Decline{Class: DeclineIssuer, Advice: "01"}, 1, 0, Again{NewData: true}},
		{"no money, first", Decline{Class: DeclineFunds}, 1, 0, Again{On: first.AddDays(2)}},
		{"no money, second", Decline{Class: DeclineFunds}, 2, 2, Again{On: first.AddDays(4)}},
		{"no money, third", Decline{Class: DeclineFunds}, 3, 4, Again{On: first.AddDays(6)}},
		{"no money, fourth", Decline{Class: DeclineFunds}, 4, 6, Again{Used: true}},
		{"no money, tried late", Decline{Class: DeclineFunds}, 2, 9, Again{On: first.AddDays(10)}},
		{"advice to wait ten days", Decline{Class: DeclineFunds, Advice: "30"}, 1, 0, Again{On: first.AddDays(10)}},
		{"advice to wait an hour", Decline{Class: DeclineTechnical, Advice: "24"}, 1, 0, Again{On: first.AddDays(1)}},
		{"technical", Decline{Class: DeclineTechnical}, 1, 0, Again{On: first.AddDays(1)}},
		{"no reason, first", Decline{Class: DeclineIssuer}, 1, 0, Again{On: first.AddDays(3)}},
		{"no reason, third", Decline{Class: DeclineIssuer}, 3, 6, Again{Used: true}},
	} {
		got := After(c.decline, c.tries, first, first.AddDays(c.last))
		if got.Reason == "" {
			t.Errorf("%s: staff are told nothing", c.situation)
		}
		got.Reason = ""
		if got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.situation, got, c.want)
		}
	}
}

func TestLimits_AreThoseOfTheirDay(t *testing.T) {
	for day, want := range map[string]int{"2025-05-18": 15, "2025-05-19": 20, "2026-12-01": 20} {
		limit := LimitsOn(calendar.MustParse(day))
		if got, _ := limit.network("visa"); got != want {
			t.Errorf("on %s a visa card may be tried %d times, want %d", day, got, want)
		}
	}
	limit := LimitsOn(calendar.MustParse("2026-12-01"))
	if month, day := limit.network("mastercard"); month != 35 || day != 10 {
		t.Errorf("another network's are %d and %d", month, day)
	}
}
