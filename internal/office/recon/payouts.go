package recon

import (
	"context"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// The sources of expected settlements on the clearing account of cards: the captures of
// a posting day, out of which payouts are taken.
const (
	cardDay = "d"
	payout  = "o"
)

// takePayouts takes what payouts bring out of the captures of the days on which their
// payments were made.
func (d *Desk) takePayouts(ctx context.Context) error {
	payouts, err := d.store.PayoutsToTake(ctx)
	if err != nil {
		return err
	}
	for i := range payouts {
		if err := d.takePayout(ctx, &payouts[i]); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) takePayout(ctx context.Context, p *Payout) error {
	purse, _, err := purseOf(p.Account)
	if err != nil {
		return err
	}
	left, err := d.store.OpenBySource(ctx, p.Account, cardDay)
	if err != nil {
		return err
	}
	var gross money.Cents
	taken := map[string]money.Cents{}
	var failed []PayoutFlow
	for _, line := range p.Lines {
		switch {
		case line.Failed != "":
			gross += line.Gross
			failed = append(failed, PayoutFlow{Source: payoutSource(p.Merchant, line.Failed), Items: 1, Cents: -line.Gross})
		case line.Known:
			gross += line.Gross
			taken[cardDay+d.house.DayOf(purse.Entity, line.At).String()] += line.Gross
		}
	}
	today := d.house.PostingDay(purse.Entity)
	flows := append(fromDays(taken, left), failed...)
	for i := range flows {
		flows[i].PostedOn = today
	}
	// The fee is of the whole payout. What its unknown lines bring shows as a difference to the line
	// of the bank and not as a fee.
	flows = append(flows, PayoutFlow{
		Source: payoutSource(p.Merchant, p.ID), PostedOn: today, Items: int64(len(p.Lines)), Cents: gross, Fee: p.Fee,
	})
	return d.store.TakePayout(ctx, *p, flows)
}

func payoutSource(merchant, id string) string { return fmt.Sprintf("%s%s/%s", payout, merchant, id) }

// fromDays takes amounts out of the captures of days. The processor's clock can put a
// payment made around midnight on the day beside ours: what a day does not have is
// taken from the nearest days that do, and what none has stays on the day that was named.
func fromDays(taken, left map[string]money.Cents) []PayoutFlow {
	var days []string
	for day := range taken {
		days = append(days, day)
	}
	slices.Sort(days)
	var flows []PayoutFlow
	add := func(day string, cents money.Cents) {
		if cents == 0 {
			return
		}
		left[day] -= cents
		at := slices.IndexFunc(flows, func(f PayoutFlow) bool { return f.Source == day })
		if at < 0 {
			flows = append(flows, PayoutFlow{Source: day, Items: 1, Cents: -cents})
			return
		}
		flows[at].Cents -= cents
	}
	for _, day := range days {
		rest := taken[day]
		if rest > 0 && left[day] < rest {
			rest = over(day, rest, left, add)
		}
		add(day, rest)
	}
	return flows
}

// over takes what a day lacks from the days beside it, and gives what the day is to bear.
func over(day string, wanted money.Cents, left map[string]money.Cents, add func(string, money.Cents)) money.Cents {
	date, err := calendar.Parse(day[len(cardDay):])
	if err != nil {
		return wanted
	}
	for _, beside := range []int{-1, 1} {
		name := cardDay + date.AddDays(beside).String()
		lack := wanted - max(0, left[day])
		if has := min(left[name], lack); has > 0 {
			add(name, has)
			wanted -= has
		}
	}
	return wanted
}
