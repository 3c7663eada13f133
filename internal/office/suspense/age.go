package suspense

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
)

// Deadline is the next thing that is due about an item.
type Deadline struct {
	On   calendar.Date
	For  string // bank_query, return_to_sender, unapplied_notice, refund_decision
	Late bool
}

// The days of the plan's own rule and, where an exchange's or Medicare Advantage plan's
// member overpaid, of law: excess is refunded or credited within 45 days of its
// discovery (45 CFR 156.460(c), 42 CFR 422.270). The queue takes the shorter one for
// premium, since it does not know a policy's line.
const (
	bankQueryDays   = 5  // banking days until the bank is asked
	returnDays      = 60 // days until money of nobody goes back to its sender
	noticeDays      = 30 // days until the holder of unapplied money is told of it
	refundDays      = 45
	dateForQuery    = "bank_query"
	dateForReturn   = "return_to_sender"
	dateForNotice   = "unapplied_notice"
	dateForDecision = "refund_decision"
)

// judge fills what follows from an item's history and the day.
func (d *Desk) judge(item *Item, events []Event) {
	today := d.house.PostingDay(item.Purse.Entity)
	item.Age = today.Sub(item.Received)
	for _, e := range events {
		switch e.Kind {
		case Assigned:
			item.Owner = e.Owner
		case Asked:
			item.Waiting = true
		case Released, SentBack, Matched:
			item.Waiting = false
		}
	}
	item.Deadline = deadline(item, events)
	item.Deadline.Late = item.Deadline.On.Before(today)
}

func deadline(item *Item, events []Event) Deadline {
	done := func(kind EventKind) bool {
		return slices.ContainsFunc(events, func(e Event) bool { return e.Kind == kind })
	}
	switch {
	case item.Kind == Suspense && !done(BankAsked):
		return Deadline{On: item.Received.AddBusinessDays(bankQueryDays), For: dateForQuery}
	case item.Kind == Suspense:
		return Deadline{On: item.Received.AddDays(returnDays), For: dateForReturn}
	case !done(NoticeSent):
		return Deadline{On: item.Received.AddDays(noticeDays), For: dateForNotice}
	}
	return Deadline{On: item.Received.AddDays(refundDays), For: dateForDecision}
}
