package mandate

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// NoticeDays is how long before a debit its payer must be told in writing that it
// differs from the one before (12 CFR 1005.10(d)(1)).
const NoticeDays = 10

// NoticeBy is the last day on which a changed debit may be announced.
func NoticeBy(debit calendar.Date) calendar.Date { return debit.AddDays(-NoticeDays) }

// DayKind says by what the day of a debit is chosen.
type DayKind string

// The kinds.
const (
	OnDueDate   DayKind = "due"
	OnDay       DayKind = "day"    // a day of the month in which the item is due
	DaysBefore  DayKind = "before" // so many days before the item is due
	dayMax              = 28       // which every month has
	daysEarlier         = 15       // bills are given out no earlier
)

// DayRule is the day that the payer chose.
type DayRule struct {
	Kind DayKind
	N    int
}

func (r DayRule) check() error {
	const op = "mandate.CheckDay"
	switch {
	case r.Kind == OnDueDate && r.N == 0:
	case r.Kind == OnDay && r.N >= 1 && r.N <= dayMax:
	case r.Kind == DaysBefore && r.N >= 1 && r.N <= daysEarlier:
	default:
		return fault.New(fault.Invalid, op, "the day of a debit is the due date, a day of the month from 1 to %d, or 1 to %d days before the due date",
			dayMax, daysEarlier)
	}
	return nil
}

// ParseDayRule reads "due", "day:5" or "before:3".
func ParseDayRule(s string) (DayRule, error) {
	r := DayRule{Kind: OnDueDate}
	if s == string(OnDueDate) {
		return r, nil
	}
	for _, kind := range []DayKind{OnDay, DaysBefore} {
		var rest string
		if n, _ := fmt.Sscanf(s, string(kind)+":%d%s", &r.N, &rest); n == 1 {
			r.Kind = kind
			return r, r.check()
		}
	}
	return DayRule{}, fault.New(fault.Invalid, "mandate.ParseDayRule", "%q is no choice of day: write due, day:5 or before:3", s)
}

// String writes what ParseDayRule reads.
func (r DayRule) String() string {
	if r.Kind == OnDueDate {
		return string(r.Kind)
	}
	return fmt.Sprintf("%s:%d", r.Kind, r.N)
}

// DebitOn gives the day of the debit for what is due on a day.
func (r DayRule) DebitOn(due calendar.Date) calendar.Date {
	switch r.Kind {
	case OnDay:
		return calendar.MonthOf(due).First().AddDays(r.N - 1)
	case DaysBefore:
		return due.AddDays(-r.N)
	}
	return due
}

// Range is within what a debit may differ from the one before without a notice, as the
// payer chose (12 CFR 1005.10(d)(2)). Its zero value asks for a notice of every change.
type Range struct {
	Percent int         // of the debit before, up or down
	Cents   money.Cents // up or down
}

// percentMax bounds an elected range: beyond twice the amount nobody can be said to
// expect it.
const percentMax = 100

func (r Range) check() error {
	if r.Percent < 0 || r.Percent > percentMax || r.Cents < 0 || r.Percent > 0 && r.Cents > 0 {
		return fault.New(fault.Invalid, "mandate.CheckRange", "a range is up to %d percent, or an amount, or neither", percentMax)
	}
	return nil
}

// Asks reports whether a debit must be announced, given the one before it (0 for
// none). The amount on the edge of the range is within it.
func (r Range) Asks(before, amount money.Cents) bool {
	if before == 0 {
		return true
	}
	off := amount - before
	if off < 0 {
		off = -off
	}
	if r.Percent > 0 {
		return off*100 > before*money.Cents(r.Percent)
	}
	return off > r.Cents
}

// Capped gives what a debit may take of what is due.
func (m *Mandate) Capped(due money.Cents) money.Cents {
	if m.Cap > 0 && due > m.Cap {
		return m.Cap
	}
	return due
}

// Times are the days of one debit.
type Times struct {
	Credit   calendar.Date // that counts for the payer
	Settle   calendar.Date // wished for at the clearing house; zero for a card
	Order    calendar.Date // on which it goes out
	NoticeBy calendar.Date // zero when it needs no notice
}

// Schedule gives the days of a debit that is due on a day. A bank debit on a day
// without clearing settles on the banking day after it and is filed in time for that;
// the payer's day stays the due date. What cannot be sent in time any more, or was not
// announced in time, moves to the first day on which it can.
func Schedule(t Tender, today, debit calendar.Date, announce bool) Times {
	times := Times{Credit: debit}
	if debit.Before(today) {
		times.Credit = today
	}
	if announce {
		if soonest := today.AddDays(NoticeDays); times.Credit.Before(soonest) {
			times.Credit = soonest
		}
		times.NoticeBy = NoticeBy(times.Credit)
	}
	if t == Card {
		times.Order = times.Credit
		return times
	}
	times.Settle = onOrAfter(times.Credit)
	times.Order = bankingDayBefore(times.Settle)
	if times.Order.Before(today) {
		times.Order = onOrAfter(today)
		times.Settle = times.Order.AddBusinessDays(1)
	}
	return times
}

func onOrAfter(day calendar.Date) calendar.Date {
	for !day.IsBusinessDay() {
		day = day.AddDays(1)
	}
	return day
}

func bankingDayBefore(day calendar.Date) calendar.Date {
	for day = day.AddDays(-1); !day.IsBusinessDay(); {
		day = day.AddDays(-1)
	}
	return day
}

// StopPromise is what a payer is promised: who tells us so many business days before
// a debit stops it for certain (12 CFR 1005.10(c)). Later word is taken up to the
// cut-off of the file.
const StopPromise = 3
