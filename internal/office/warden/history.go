package warden

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Found is everything that the statuses of some subscribers' policies follow from.
type Found struct {
	Policies  []coverage.Held
	Standings map[coverage.Key]Standing

	charges map[coverage.Key][]coverage.Charge
	facts   map[coverage.Key][]grace.Fact
	due     map[ItemKey]calendar.Date
	money   map[coverage.Key][]grace.Money
	seen    map[billpay.Number]int64
	noted   map[coverage.Key]map[string]bool // duties of policies that were renewed, for a run
}

// Load reads it.
func Load(ctx context.Context, s Store, numbers []billpay.Number) (Found, error) {
	var f Found
	var err error
	if f.seen, err = s.SeenSeqs(ctx, numbers); err != nil { // before anything else, so that nothing is missed that comes meanwhile
		return f, err
	}
	if f.Policies, err = s.PoliciesOf(ctx, numbers); err != nil {
		return f, err
	}
	if f.Standings, err = s.Standings(ctx, numbers); err != nil {
		return f, err
	}
	charges, err := s.Charges(ctx, numbers)
	if err != nil {
		return f, err
	}
	f.charges = map[coverage.Key][]coverage.Charge{}
	items := map[ItemKey]place{}
	var books []ledger.BookNo
	for _, c := range charges {
		f.charges[c.Policy] = append(f.charges[c.Policy], c)
		if c.ItemNo != 0 {
			items[ItemKey{c.ItemBook, c.ItemNo}] = place{c.Policy, c.Month}
			books = append(books, c.ItemBook)
		}
	}
	for _, no := range numbers {
		books = append(books, ledger.BookNo(no))
	}
	slices.Sort(books)
	books = slices.Compact(books)
	if f.due, err = s.DueDates(ctx, books); err != nil {
		return f, err
	}
	moves, err := s.PremiumMoves(ctx, books)
	if err != nil {
		return f, err
	}
	if f.facts, err = s.PolicyFacts(ctx, numbers); err != nil {
		return f, err
	}
	f.money = f.moneyOf(moves, items)
	return f, nil
}

// place is what an item is for.
type place struct {
	policy coverage.Key
	month  calendar.Month
}

// moneyOf reads money out of the journal. What was applied to an item is its
// month's; what was left unapplied is held for the subscriber's policies alike,
// for nobody has said for which.
func (f *Found) moneyOf(moves []Move, items map[ItemKey]place) map[coverage.Key][]grace.Money {
	held := map[coverage.Key][]grace.Money{}
	freed, sent := freedLots{}, sentDays{}
	for _, m := range moves {
		id := fmt.Sprintf("%d:%d", m.Book, m.Seq)
		part := grace.Money{ID: id, ReceivedOn: m.EffectiveOn, SentOn: sent.of(&m), KnownOn: m.PostedOn, Cents: m.Cents}
		if m.Undecided {
			continue // the bank took it until it decides, and no coverage ends by that
		}
		if m.DecidedOn.After(m.PostedOn) {
			part.KnownOn = m.DecidedOn
		}
		at, known := items[ItemKey{m.Book, m.Item}]
		switch {
		case m.Event == chart.ItemCredited && m.Credit == chart.Unapplied:
			freed.add(f, held, m)
		case m.Debit == chart.Unapplied && freed.is(m):
			freed.use(held, m, part, at)
		case bills(m.Debit) || bills(m.Credit):
			// Billed or taken back: that stands among the charges, or is no premium.
		case m.Credit == chart.Receivable && known:
			part.Month = at.month
			held[at.policy] = append(held[at.policy], part)
			if m.Debit == chart.Unapplied {
				f.unapplied(held, m.Book, part, -m.Cents)
			}
		case m.Debit == chart.Receivable && known:
			part.Month, part.Cents = at.month, -m.Cents
			if returned(m.Event) {
				part.Returns, part.Why = fmt.Sprintf("%d:%d", m.Book, m.Of), m.why()
			}
			held[at.policy] = append(held[at.policy], part)
			if m.Credit == chart.Unapplied {
				f.unapplied(held, m.Book, part, m.Cents)
			}
		case m.Credit == chart.Unapplied:
			f.unapplied(held, m.Book, part, m.Cents)
		case m.Debit == chart.Unapplied:
			if returned(m.Event) {
				part.Returns, part.Why = fmt.Sprintf("%d:%d", m.Book, m.Of), m.why()
			}
			f.unapplied(held, m.Book, part, -m.Cents)
		}
	}
	return held
}

// sentDays are the days on which the money of transactions was received and sent.
type sentDays map[transactionAt]struct{ received, sent calendar.Date }

type transactionAt struct {
	book ledger.BookNo
	seq  int64
}

// of is when a move's money was sent, or zero. A later act on money, such as putting
// it on a month, counts from the day of that money: so its day of sending is the
// same too. What counts from a day of its own, as a refund may, was not sent.
func (s sentDays) of(m *Move) calendar.Date {
	sent := m.SentOn
	if before := s[transactionAt{m.Book, m.Of}]; sent.IsZero() && before.received == m.EffectiveOn {
		sent = before.sent
	}
	if !sent.IsZero() {
		s[transactionAt{m.Book, m.Seq}] = struct{ received, sent calendar.Date }{m.EffectiveOn, sent}
	}
	return sent
}

// bills reports whether an account is one against which items are billed.
func bills(c chart.Code) bool {
	return c == chart.Earned || c == chart.OpeningBalance || c == chart.DrugAdvances
}

// unapplied notes money that is held without a month for every policy of a book.
func (f *Found) unapplied(held map[coverage.Key][]grace.Money, book ledger.BookNo, part grace.Money, cents money.Cents) {
	part.Month, part.Cents = calendar.Month{}, cents
	for i := range f.Policies {
		if p := &f.Policies[i]; ledger.BookNo(p.Number) == book {
			held[p.Key()] = append(held[p.Key()], part)
		}
	}
}

// why is the reason of a return. A bank takes a card's payment back because it was
// disputed, whatever staff write of it.
func (m *Move) why() string {
	if m.Event == chart.PaymentDisputed {
		return disputed
	}
	return m.Reason
}

// disputed is the reason of a chargeback.
const disputed = "disputed"

// returned reports that an event took a payment back as if it had never been made.
func returned(e ledger.Event) bool {
	return strings.HasSuffix(string(e), ledger.ReversedSuffix) && strings.HasPrefix(string(e), string(chart.PaymentReceived)) ||
		e == chart.PaymentDisputed
}

// History gives a policy's, with that of the policy which it renews.
func (f *Found) History(p *coverage.Held) grace.History {
	h := grace.History{
		Policy: p.Policy, Charges: f.chargesOf(p), Money: f.money[p.Key()], Facts: f.facts[p.Key()], Noted: f.Standings[p.Key()].noted(),
	}
	h.Policy.Withhold = withholdsOf(p)
	if before := f.before(p); before != nil {
		previous := f.History(before)
		h.Previous = &previous
	}
	return h
}

// noted are the changes that were told of the policy as they came about.
func (s Standing) noted() []grace.Noted {
	var noted []grace.Noted
	for c := range s.Kept {
		if !c.Rerun {
			noted = append(noted, grace.Noted{On: c.On, From: c.From, To: c.To, Event: c.Event})
		}
	}
	return noted
}

// withholdsOf gives a policy's withholds, each once: rows are only ever added, so
// what became of a request, and a last month that is set later, is a further row.
func withholdsOf(p *coverage.Held) []coverage.Withhold {
	var held []coverage.Withhold
	for _, w := range p.Withhold {
		at := slices.IndexFunc(held, func(o coverage.Withhold) bool {
			return o.From == w.From && o.Agency == w.Agency && (o.Status == coverage.WithholdRequested || o.Status == w.Status)
		})
		if at < 0 {
			held = append(held, w)
			continue
		}
		if w.RequestedOn.IsZero() {
			w.RequestedOn = held[at].RequestedOn
		}
		held[at] = w
	}
	return held
}

// before is the policy that p renews passively, or nil.
func (f *Found) before(p *coverage.Held) *coverage.Held {
	if p.Entry != coverage.PassiveRenewal {
		return nil
	}
	for i := range f.Policies {
		o := &f.Policies[i]
		if o.Number == p.Number && o.No != p.No && o.Line.OnExchange() == p.Line.OnExchange() && o.To.AddDays(1) == p.From {
			return o
		}
	}
	return nil
}

// formers are the subscribers who have a policy that another one renews.
func (f *Found) formers() (numbers []billpay.Number) {
	for i := range f.Policies {
		if f.before(&f.Policies[i]) != nil {
			numbers = append(numbers, f.Policies[i].Number)
		}
	}
	return slices.Compact(numbers)
}

// renewed reports that another policy renews p passively.
func (f *Found) renewed(p *coverage.Held) bool {
	for i := range f.Policies {
		if before := f.before(&f.Policies[i]); before == p {
			return true
		}
	}
	return false
}

// chargesOf sums a policy's lines by month and the day on which they were billed.
func (f *Found) chargesOf(p *coverage.Held) []grace.Charge {
	type key struct {
		month calendar.Month
		on    calendar.Date
	}
	var keys []key
	sums := map[key]*grace.Charge{}
	for _, c := range f.charges[p.Key()] {
		k := key{c.Month, c.BilledOn} // a month's lines of one day are one charge, whoever owes them
		sum, seen := sums[k]
		if !seen {
			sum = &grace.Charge{Month: c.Month, BilledOn: c.BilledOn, DueOn: c.Month.First()}
			sums[k] = sum
			keys = append(keys, k)
		}
		if due, ok := f.due[ItemKey{c.ItemBook, c.ItemNo}]; ok && premium.Owner(c.Owner) == premium.Member && c.Cents > 0 {
			sum.DueOn = due
		}
		f.add(sum, &c)
	}
	slices.SortFunc(keys, func(a, b key) int { return cmp.Or(a.on.Compare(b.on), a.month.Compare(b.month)) })
	charges := make([]grace.Charge, len(keys))
	for i, k := range keys {
		charges[i] = *sums[k]
	}
	return charges
}

func (f *Found) add(sum *grace.Charge, c *coverage.Charge) {
	switch premium.Kind(c.Kind) {
	case premium.Gross, premium.Continuation, premium.Penalty:
		sum.Gross += c.Cents
	}
	switch premium.Owner(c.Owner) {
	case premium.Member:
		sum.Owed += c.Cents
	case premium.HHS:
		sum.APTC += c.Cents
	}
}
