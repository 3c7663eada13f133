package warden

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
)

// What was paid of a month that is taken back becomes unapplied money. It stays
// the month's here, for the month may be billed again, until somebody uses it for
// something else: then it leaves the month.

// freedLots are the parts of months' money that credits made unapplied, by the
// transaction of the credit.
type freedLots map[transactionAt][]lot

// lot is money of a policy's month.
type lot struct {
	place
	cents money.Cents
}

// add notes a credit: it freed money of months that were lowered on its day and
// have more money than they cost then, the first of them first, as they are billed.
func (l freedLots) add(f *Found, held map[coverage.Key][]grace.Money, m Move) {
	at, left := transactionAt{m.Book, m.Seq}, m.Cents
	for i := range f.Policies {
		p := f.Policies[i].Key()
		for _, month := range lowered(f.charges[p], m.PostedOn) {
			surplus := paidOn(held[p], month) - owedOn(f.charges[p], month, m.PostedOn) - l.of(place{p, month})
			if cents := min(left, surplus); cents > 0 {
				l[at] = append(l[at], lot{place{p, month}, cents})
				left -= cents
			}
		}
	}
}

// is reports whether a move uses freed money.
func (l freedLots) is(m Move) bool { return len(l[transactionAt{m.Book, m.Of}]) > 0 }

// use takes freed money from its months and puts it where the move does.
func (l freedLots) use(held map[coverage.Key][]grace.Money, m Move, part grace.Money, to place) {
	at, left := transactionAt{m.Book, m.Of}, m.Cents
	for i := range l[at] {
		from := &l[at][i]
		cents := min(left, from.cents)
		left, from.cents = left-cents, from.cents-cents
		if cents == 0 || from.place == to {
			continue
		}
		part.Month, part.Cents = from.month, -cents
		held[from.policy] = append(held[from.policy], part)
		if !to.month.IsZero() {
			part.Month, part.Cents = to.month, cents
			held[to.policy] = append(held[to.policy], part)
		}
	}
}

// of is what is noted as freed of a month and not used.
func (l freedLots) of(at place) (sum money.Cents) {
	for _, lots := range l {
		for _, one := range lots {
			if one.place == at {
				sum += one.cents
			}
		}
	}
	return sum
}

// lowered lists the months of which the member owed less from a day on.
func lowered(charges []coverage.Charge, on calendar.Date) (months []calendar.Month) {
	for _, c := range charges {
		if c.BilledOn == on && c.Cents < 0 && premium.Owner(c.Owner) == premium.Member && !slices.Contains(months, c.Month) {
			months = append(months, c.Month)
		}
	}
	return months
}

func owedOn(charges []coverage.Charge, m calendar.Month, on calendar.Date) (sum money.Cents) {
	for _, c := range charges {
		if c.Month == m && !c.BilledOn.After(on) && premium.Owner(c.Owner) == premium.Member {
			sum += c.Cents
		}
	}
	return sum
}

func paidOn(parts []grace.Money, m calendar.Month) (sum money.Cents) {
	for _, part := range parts {
		if part.Month == m {
			sum += part.Cents
		}
	}
	return sum
}
