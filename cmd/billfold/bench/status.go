package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// pastDue is of how many members one has not paid: 5 %.
const pastDue = 20

// benchStatus measures the daily look at every payment status, when all members
// were billed and one in twenty has not paid, against the first look, which
// replays everybody.
func benchStatus(ctx context.Context, b *office, o Options) (Figure, error) {
	o.Say("opening %d accounts", o.Items)
	numbers, err := b.openAccounts(ctx, o.Items, 0)
	if err != nil {
		return Figure{}, err
	}
	period := calendar.MonthOf(b.house.PostingDay(1)).Add(1)
	o.Say("keeping and billing %d policies", o.Items)
	if err := b.insure(ctx, numbers, period); err != nil {
		return Figure{}, err
	}
	if _, err := b.billing(ctx, o, period, numbers); err != nil {
		return Figure{}, err
	}
	o.Say("paying all but one in %d", pastDue)
	if err := b.payBills(ctx, numbers); err != nil {
		return Figure{}, err
	}
	day := period.First().AddDays(4)
	look := func(day calendar.Date) (warden.Report, float64, error) {
		began := time.Now()
		w := warden.Warden{Store: b.store, Rules: rule.Embedded(), Lanes: runLanes}
		report, err := w.Run(ctx, day)
		return report, float64(o.Items) / time.Since(began).Seconds(), err
	}
	o.Say("the first look, at everybody")
	first, reference, err := look(day)
	if err != nil {
		return Figure{}, err
	}
	if first.Looked != o.Items || len(first.Problems) > 0 {
		return Figure{}, fault.New(fault.Internal, "", "the first look was at %d of %d policies", first.Looked, o.Items)
	}
	forgetPeakMemory()
	report, rate, err := look(day.AddDays(1))
	if err != nil {
		return Figure{}, err
	}
	if want := o.Items / pastDue; report.Looked < want || report.Looked > want+1 {
		return Figure{}, fault.New(fault.Internal, "", "%d statuses were looked at, not the %d past due", report.Looked, want)
	}
	f := newFigure("status", b.store.Engine(), rate, "members/s", nil)
	return f.against(fmt.Sprintf("the first look, which replays everybody; the day took %.1f s", float64(o.Items)/rate), reference), nil
}

// payBills pays the bills of all but one in twenty.
func (b *office) payBills(ctx context.Context, numbers []billpay.Number) error {
	const together = 500
	var group []payment.Instruction
	purse, today := b.house.PurseOf(chart.Premium), b.house.PostingDay(1)
	for i, no := range numbers {
		if i%pastDue == 0 {
			continue
		}
		cents := premiumCents
		if onExchange(i) {
			cents -= creditCents
		}
		group = append(group, payment.Instruction{
			Key: ident.Key(fmt.Sprintf("bench-paid:%d", i)), Rail: payment.Counter, Actor: clerk, Source: b.till, Received: today,
			Amount: cents, Parts: []payment.Part{{Reference: no.Digits(), Amount: cents, Received: purse}},
		})
		if len(group) == together || i == len(numbers)-1 {
			if _, err := b.cashier.Post(ctx, group, nil); err != nil {
				return err
			}
			group = group[:0]
		}
	}
	return nil
}
