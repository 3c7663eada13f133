package grace

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
)

// postmarked gives the history with the days of sending that count: those of
// continuation coverage, where the rule says so. All other money counts from the day
// on which it was received.
func (h History) postmarked(rules *rule.Set) (History, error) {
	h.Money = slices.Clone(h.Money)
	continued := h.Policy.Line == coverage.COBRA || h.Policy.Line == coverage.StateCont
	counted := false
	for i := range h.Money {
		m := &h.Money[i]
		if m.SentOn.IsZero() {
			continue
		}
		counts := false
		if continued {
			row, err := rules.Find(rule.CobraPaymentFrom, rule.Place{State: h.Policy.State, Line: h.Policy.Line}, m.ReceivedOn)
			if err != nil {
				return h, err
			}
			counts = row.Word() == rule.FromSent
		}
		if !counts {
			m.SentOn = calendar.Date{}
		}
		counted = counted || counts
	}
	if counted {
		h.Money = h.underWay()
	}
	return h, nil
}

// lot is money on a month that was billed when it was sent; left is what nobody
// took from there since.
type lot struct {
	Money
	left money.Cents
}

// lots puts money on months, as it becomes known.
type lots struct {
	h    History
	lots []lot
}

// underWay gives the money, with what was sent before the bills of its months were
// taken back, and came after, on those months. It found no bill to pay and is held,
// but it was a payment of them when it was sent. The months are billed again for it,
// and what is then done with it takes it from where it is here.
func (h History) underWay() []Money {
	known := slices.Clone(h.Money)
	slices.SortStableFunc(known, func(a, b Money) int { return a.known().Compare(b.known()) })
	l := lots{h: h}
	var all []Money
	for _, m := range known {
		var parts []Money
		switch {
		case !m.Month.IsZero():
		case m.Cents > 0 && !m.SentOn.IsZero():
			parts = l.put(m)
		case m.Cents < 0:
			parts = l.take(m)
		}
		for _, part := range parts {
			m.Cents -= part.Cents
		}
		if all = append(all, parts...); m.Cents != 0 {
			all = append(all, m)
		}
	}
	return all
}

// put spreads held money over the months, oldest first.
func (l *lots) put(m Money) (parts []Money) {
	left := m.Cents
	var months []calendar.Month
	for _, c := range l.h.Charges {
		months = append(months, c.Month)
	}
	slices.SortFunc(months, calendar.Month.Compare)
	for _, month := range slices.Compact(months) {
		part := m
		part.Month, part.Cents = month, min(left, l.open(m, month))
		if part.Cents > 0 {
			left -= part.Cents
			parts, l.lots = append(parts, part), append(l.lots, lot{part, part.Cents})
		}
	}
	return parts
}

// open is what was to be paid of a month when m was sent, as far as it was taken
// back by the time at which m came.
func (l *lots) open(m Money, month calendar.Month) money.Cents {
	var owed, gone money.Cents
	for _, c := range l.h.Charges {
		switch {
		case c.Month != month:
		case !c.BilledOn.After(m.SentOn):
			owed += c.Owed
		case !c.BilledOn.After(m.known()):
			gone -= min(c.Owed, 0)
		}
	}
	for _, o := range l.h.Money {
		if o.Month == month && !o.known().After(m.known()) {
			owed -= o.Cents
		}
	}
	for _, o := range l.lots {
		if o.Month == month {
			owed -= o.left
		}
	}
	return min(owed, gone)
}

// take takes money that is no longer held from the months on which it was put.
func (l *lots) take(m Money) (parts []Money) {
	left := -m.Cents
	for i := range l.lots {
		from := &l.lots[i]
		same := from.SentOn == m.SentOn && from.ReceivedOn == m.ReceivedOn
		if m.Returns != "" {
			same = from.ID == m.Returns
		}
		part := m
		part.Month, part.Cents = from.Month, -min(left, from.left)
		if same && part.Cents < 0 {
			left, from.left = left+part.Cents, from.left+part.Cents
			parts = append(parts, part)
		}
	}
	return parts
}
