package clearing

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
)

// rateDays is over how many days rates are reckoned.
const rateDays = 60

// rateLimits are the network's limits in thousandths (Nacha Operating Rules, section
// 2.17: unauthorised 0.5 %, administrative 3 %, overall 15 %).
var rateLimits = map[Rate]int64{Unauthorised: 5, Administrative: 30, Overall: 150}

// alarmShare is the part of a limit, in percent, from which on staff are warned.
const alarmShare = 80

// Standing is how a company's return rate stands against a limit.
type Standing struct {
	Company  string `json:"company"`
	Rate     Rate   `json:"rate"`
	Debits   int64  `json:"debits"`
	Returns  int64  `json:"returns"`
	PerMille int64  `json:"per_mille"` // of the debits, rounded down
	Limit    int64  `json:"limit_per_mille"`
	Alarm    bool   `json:"alarm"` // at or above four fifths of the limit
	Over     bool   `json:"over"`
}

// String writes a standing for people.
func (s Standing) String() string {
	return fmt.Sprintf("company %s: %s returns %d of %d debits in %d days, %d.%d %% (limit %d.%d %%)",
		s.Company, s.Rate, s.Returns, s.Debits, rateDays, s.PerMille/10, s.PerMille%10, s.Limit/10, s.Limit%10)
}

// Rates reckons the return rates of each company over the sixty days up to a day.
func (d *Desk) Rates(ctx context.Context, day calendar.Date) ([]Standing, error) {
	const op = "clearing.Rates"
	from := day.AddDays(1 - rateDays)
	sent, err := d.store.Sent(ctx, from, day)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	came, err := d.store.Came(ctx, from, day)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	companies := map[string]bool{}
	for company := range sent {
		companies[company] = true
	}
	for company := range came {
		companies[company] = true
	}
	standings := []Standing{}
	for _, company := range slices.Sorted(maps.Keys(companies)) {
		returns := map[Rate]int64{}
		for code, n := range came[company] {
			returns[Overall] += n
			if rule, known := RuleFor(code); known && rule.Rate != Overall {
				returns[rule.Rate] += n
			}
		}
		for _, rate := range []Rate{Unauthorised, Administrative, Overall} {
			standings = append(standings, standing(company, rate, sent[company], returns[rate]))
		}
	}
	return standings, nil
}

func standing(company string, rate Rate, debits, returns int64) Standing {
	s := Standing{Company: company, Rate: rate, Debits: debits, Returns: returns, Limit: rateLimits[rate]}
	if debits > 0 {
		s.PerMille = returns * 1000 / debits
	}
	s.Over = returns*1000 > debits*s.Limit
	s.Alarm = returns > 0 && returns*1000*100 >= debits*s.Limit*alarmShare
	return s
}

// Alarms gives the rates at which staff must act.
func (d *Desk) Alarms(ctx context.Context, day calendar.Date) ([]Standing, error) {
	all, err := d.Rates(ctx, day)
	return slices.DeleteFunc(all, func(s Standing) bool { return !s.Alarm }), err
}
