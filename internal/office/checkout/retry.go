package checkout

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
)

// Limits are how often a stored card may be tried, in force from a day on. A network
// fines what goes beyond its own; ours are stricter.
type Limits struct {
	From    calendar.Date
	PerDue  int            // tries for what is due on one day, the first among them
	PerDay  int            // on one day, for what is due on one day
	Network map[string]int // of a card in any 30 days, by its brand; "" is any other
	Short   map[string]int // of a card in any 24 hours
	Source  string
}

// limits are in the order of their days. As written in payment-rails, cards.
var limits = []Limits{
	{
		From: calendar.MustParse("2020-01-01"), PerDue: 4, PerDay: 1, Network: map[string]int{"": 15, "mastercard": 35},
		Short: map[string]int{"": 10}, Source: "network reattempt rules, as processors state them",
	},
	{
		From: calendar.MustParse("2025-05-19"), PerDue: 4, PerDay: 1, Network: map[string]int{"": 20, "mastercard": 35},
		Short: map[string]int{"": 10}, Source: "Visa's excessive reattempt rule of 2025-05-19, as processors state it",
	},
}

// LimitsOn gives the limits in force on a day.
func LimitsOn(day calendar.Date) Limits {
	in := limits[0]
	for _, l := range limits {
		if !l.From.After(day) {
			in = l
		}
	}
	return in
}

func (l *Limits) network(brand string) (month, day int) {
	return of(l.Network, brand), of(l.Short, brand)
}

func of(by map[string]int, brand string) int {
	if n, known := by[brand]; known {
		return n
	}
	return by[""]
}

// Again says what may be done after a stored card was declined.
type Again struct {
	On       calendar.Date // the first day on which it may be tried again; zero for never
	Cancel   bool          // the holder withdrew his consent: so ends the mandate
	Stop     bool          // this card never again
	NewData  bool          // only after its holder or the network gave new data
	Used     bool          // all tries for this day's debt are used
	Reason   string        // for staff
	NotTried bool          // nobody's decision: the try was given up without an answer
}

// revocations are the network codes and the processor's words with which a holder's
// bank says that he withdrew his consent.
var revocations = []string{
	"R0", "R1", "R3", "revocation_of_authorization", "revocation_of_all_authorizations", "stop_payment_order",
}

// adviceStop and adviceData are the network's advice never to try again, and to ask
// for new data first.
var (
	adviceStop = []string{"03", "21"}
	adviceData = []string{"01"}
)

// adviceWaits are the network's advice to wait, in days. "24" is an hour, and a day
// is waited anyway.
var adviceWaits = map[string]int{"24": 1, "25": 1, "26": 2, "27": 4, "28": 6, "29": 8, "30": 10}

// Days after the first try on which a card is tried again, by the class of its
// decline: where money was missing, on the third, fifth and seventh day; where a
// bank gave no reason, twice.
var retryDays = map[DeclineClass][]int{
	DeclineFunds: {2, 4, 6}, DeclineIssuer: {3, 6}, DeclineTechnical: {1, 2, 3},
}

// After says what may be done after a decline of a stored card, which was tried so
// many times for what was due, first and last on these days.
func After(decline Decline, tries int, first, last calendar.Date) Again {
	limit := LimitsOn(last)
	switch {
	case slices.Contains(revocations, decline.Network) || slices.Contains(revocations, decline.Code):
		return Again{Cancel: true, Stop: true, Reason: "the holder withdrew the consent at the bank"}
	case decline.Class == DeclineHard || slices.Contains(adviceStop, decline.Advice):
		return Again{Stop: true, Reason: "the issuer will never approve"}
	case decline.Class == DeclineData || slices.Contains(adviceData, decline.Advice):
		return Again{NewData: true, Reason: "the card's data are out of date"}
	}
	days := retryDays[decline.Class]
	if tries >= limit.PerDue || tries > len(days) {
		return Again{Used: true, Reason: fmt.Sprintf("declined %d times", tries)}
	}
	on := first.AddDays(days[max(tries, 1)-1])
	if by := last.AddDays(max(1, adviceWaits[decline.Advice])); by.After(on) {
		on = by
	}
	return Again{On: on, Reason: string(decline.Class)}
}
