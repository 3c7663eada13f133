// Package returned knows what follows for a payer whose payments a bank gives back for
// want of money: the fee that a state's law allows, and from when on only guaranteed
// funds are asked for.
//
// It knows no bank's code, no posting and no letter. A return takes the payment back
// with its received date kept; that is the cashier's. Start reading at Judge.
package returned

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// FeeLaw is what a state allows to be charged for a payment without funds, from a day
// on. A state without a row allows nothing here.
type FeeLaw struct {
	State        string
	From         calendar.Date
	First, Later money.Cents // for the first, and for each later one of the same payer
	Source       string
	Unconfirmed  bool // nobody has checked it against the state's act
}

// Fees are the product's rows. Counsel checks them before a plan charges anything.
func Fees() []FeeLaw {
	return []FeeLaw{
		{State: "CA", From: calendar.On(2014, 1, 1), First: 25_00, Later: 35_00, Source: "Cal. Civ. Code 1719", Unconfirmed: true},
	}
}

// Account is what is known of the payer.
type Account struct {
	State   string          // where the payer lives
	Lines   []coverage.Line // under which the account is covered
	Earlier []calendar.Date // days on which payments came back for want of money before
}

// Verdict is what follows from one more payment that came back.
type Verdict struct {
	// Fee is what the law allows to be charged; zero when it allows nothing.
	Fee    money.Cents
	Source string
	// Guaranteed says that the payer is asked for guaranteed funds (a cashier's check, a
	// money order, cash, a card) until a day: this was the second return within a year.
	Guaranteed bool
	Until      calendar.Date
}

// medicare are the lines under which nothing is charged beside the premium
// (42 CFR 422.262(f), 423.293): least of all where a pension withholds it.
var medicare = []coverage.Line{coverage.MA, coverage.MAPD, coverage.PDP}

// Judge says what follows from a payment that came back for want of money on a day.
func Judge(a Account, fees []FeeLaw, on calendar.Date) Verdict {
	v := Verdict{Until: on.AddYears(1)}
	v.Guaranteed = slices.ContainsFunc(a.Earlier, func(d calendar.Date) bool { return !d.After(on) && on.Before(d.AddYears(1)) })
	if !v.Guaranteed {
		v.Until = calendar.Date{}
	}
	if slices.ContainsFunc(a.Lines, func(l coverage.Line) bool { return slices.Contains(medicare, l) }) {
		return v
	}
	var best FeeLaw
	for _, law := range fees {
		if law.State == a.State && !law.From.After(on) && !law.From.Before(best.From) {
			best = law
		}
	}
	v.Fee, v.Source = best.First, best.Source
	if len(a.Earlier) > 0 {
		v.Fee = best.Later
	}
	return v
}

// Takes reports whether a payment is taken from the payer on a day. A first payment,
// which makes coverage effective, is taken however it is made (45 CFR 156.1240(a)).
func (v Verdict) Takes(guaranteed, binder bool, on calendar.Date) bool {
	return guaranteed || binder || !v.Guaranteed || !on.Before(v.Until)
}
