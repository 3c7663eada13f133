package recon

import (
	"cmp"
	"context"
	"slices"
	"sort"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Step is a way of pairing lines with expectations one to one.
type Step string

// The steps, in their order.
const (
	ByPayment   Step = "payment"   // the line itself made the payment
	ByReference Step = "reference" // same reference and amount
	BySum       Step = "sum"       // the only such amount within rail, account and days
)

// Bounds of matching. What lies beyond them is left to a person.
const (
	sumDays    = 6    // between a line and the day of what it settles, by sum
	refDays    = 60   // the same, by reference
	looseMax   = 5000 // lines and expectations that are looked at together for sums of several
	subsetMax  = 8    // of which any may sum up to one: 255 sums
	subsetsMax = 500  // how often that is tried
)

// pair finds what lines settle: first one to one, set by set in the store, then sums of
// several, account by account.
func (d *Desk) pair(ctx context.Context) error {
	if err := d.store.ForgetPairs(ctx); err != nil {
		return err
	}
	for _, step := range []struct {
		by     Step
		within int
	}{{ByPayment, refDays}, {ByReference, refDays}, {BySum, sumDays}} {
		if _, err := d.store.PairLines(ctx, step.by, step.within); err != nil {
			return err
		}
	}
	accounts, err := d.store.CashWithLoose(ctx)
	if err != nil {
		return err
	}
	for _, cash := range accounts {
		lines, open, err := d.store.Loose(ctx, cash, looseMax)
		if err != nil {
			return err
		}
		if pairs := PairSums(lines, open); len(pairs) > 0 {
			if err := d.store.KeepPairs(ctx, pairs); err != nil {
				return err
			}
		}
	}
	return nil
}

// PairSums pairs lines and expectations of one account where several make up one. A set that
// fits is taken only when no other fits as well:
//
//   - a line and all that is open of one batch;
//   - lines of one day, family and reference, and one expectation;
//   - a line and some of at most subsetMax expectations of its rail and days;
//   - an expectation and some of as many lines.
//
// The answer does not depend on the order of what comes in.
func PairSums(lines []Candidate, open []Expectation) []Pair {
	m := &summing{lines: slices.Clone(lines), open: slices.Clone(open)}
	slices.SortFunc(m.lines, func(a, b Candidate) int {
		return cmp.Or(cmp.Compare(a.Print, b.Print), a.AsOf.Compare(b.AsOf), cmp.Compare(a.No, b.No))
	})
	slices.SortFunc(m.open, func(a, b Expectation) int {
		return cmp.Or(cmp.Compare(a.Account, b.Account), cmp.Compare(a.Source, b.Source))
	})
	m.lineUsed, m.openUsed = make([]bool, len(m.lines)), make([]bool, len(m.open))
	m.byBatch()
	m.byReference()
	m.bySomeExpected()
	m.bySomeLines()
	return m.pairs
}

type summing struct {
	lines    []Candidate
	open     []Expectation
	lineUsed []bool
	openUsed []bool
	pairs    []Pair
}

// found is one set that fits: lines and expectations by their places.
type found struct {
	lines, open []int
	rule        string
}

// take keeps the sets that share nothing with another.
func (m *summing) take(sets []found) {
	lines, open := map[int]int{}, map[int]int{}
	for _, s := range sets {
		for _, l := range s.lines {
			lines[l]++
		}
		for _, e := range s.open {
			open[e]++
		}
	}
	for _, s := range sets {
		alone := !slices.ContainsFunc(s.lines, func(l int) bool { return lines[l] > 1 }) &&
			!slices.ContainsFunc(s.open, func(e int) bool { return open[e] > 1 })
		if alone {
			m.keep(s)
		}
	}
}

func (m *summing) keep(s found) {
	for _, l := range s.lines {
		m.lineUsed[l] = true
		for _, e := range s.open {
			m.openUsed[e] = true
			line, cents := &m.lines[l], m.lines[l].Amount
			if len(s.lines) == 1 {
				cents = m.open[e].Comes()
			}
			m.pairs = append(m.pairs, Pair{
				Print: line.Print, AsOf: line.AsOf, No: line.No, Account: m.open[e].Account, Source: m.open[e].Source, Cents: cents, Rule: s.rule,
			})
		}
	}
}

// fits reports whether a line can settle an expectation at all.
func fits(l *Candidate, e *Expectation, days int) bool {
	return l.Codes&e.CodeBit != 0 && l.AsOf.Sub(e.On) <= days && e.On.Sub(l.AsOf) <= days
}

func (m *summing) byBatch() {
	batches := map[string][]int{}
	for e := range m.open {
		if b := m.open[e].Batch; b != "" && !m.openUsed[e] {
			batches[b] = append(batches[b], e)
		}
	}
	bySum := map[money.Cents][][]int{}
	for _, b := range sortedBatches(batches) {
		members := batches[b]
		if sum := m.comes(members); sum != 0 && len(members) > 1 {
			bySum[sum] = append(bySum[sum], members)
		}
	}
	var sets []found
	for l := range m.lines {
		if m.lineUsed[l] {
			continue
		}
		for _, members := range bySum[m.lines[l].Amount] {
			if m.allFit(l, members, refDays) {
				sets = append(sets, found{[]int{l}, members, "batch"})
			}
		}
	}
	m.take(sets)
}

func sortedBatches(batches map[string][]int) []string {
	names := make([]string, 0, len(batches))
	for name := range batches {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

func (m *summing) comes(open []int) (sum money.Cents) {
	for _, e := range open {
		sum += m.open[e].Comes()
	}
	return sum
}

func (m *summing) allFit(l int, open []int, days int) bool {
	return !slices.ContainsFunc(open, func(e int) bool { return !fits(&m.lines[l], &m.open[e], days) })
}

// byReference adds up lines that the bank wrote under one reference.
func (m *summing) byReference() {
	type together struct {
		print, day, ref string
		family          Family
	}
	groups, order := map[together][]int{}, []together{}
	for l := range m.lines {
		line := &m.lines[l]
		if m.lineUsed[l] || line.Ref == "" {
			continue
		}
		key := together{line.Print, line.AsOf.String(), line.Ref, line.Family}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], l)
	}
	bySum := m.openBySum()
	var sets []found
	for _, key := range order {
		members := groups[key]
		if len(members) < 2 {
			continue
		}
		var sum money.Cents
		for _, l := range members {
			sum += m.lines[l].Amount
		}
		for _, e := range bySum[sum] {
			if m.open[e].Fee == 0 && fits(&m.lines[members[0]], &m.open[e], sumDays) {
				sets = append(sets, found{members, []int{e}, "lines of one reference"})
			}
		}
	}
	m.take(sets)
}

func (m *summing) openBySum() map[money.Cents][]int {
	bySum := map[money.Cents][]int{}
	for e := range m.open {
		if !m.openUsed[e] {
			bySum[m.open[e].Comes()] = append(bySum[m.open[e].Comes()], e)
		}
	}
	return bySum
}

// bySomeExpected looks for the one set of expectations that makes up a line.
func (m *summing) bySomeExpected() {
	var sets []found
	tried := 0
	for l := range m.lines {
		if m.lineUsed[l] || tried == subsetsMax {
			continue
		}
		byAccount := map[ledger.Account][]int{}
		for e := range m.open {
			if !m.openUsed[e] && fits(&m.lines[l], &m.open[e], sumDays) {
				byAccount[m.open[e].Account] = append(byAccount[m.open[e].Account], e)
			}
		}
		tried++
		if set, only := m.onlySubset(l, byAccount); only {
			sets = append(sets, found{[]int{l}, set, "sum of several"})
		}
	}
	m.take(sets)
}

func (m *summing) onlySubset(l int, byAccount map[ledger.Account][]int) (set []int, only bool) {
	count := 0
	for _, members := range byAccount {
		if len(members) > subsetMax {
			return nil, false // any of too many could make it up
		}
		amounts := make([]money.Cents, len(members))
		for i, e := range members {
			amounts[i] = m.open[e].Comes()
		}
		found, n := subset(amounts, m.lines[l].Amount)
		count += n
		if n == 1 {
			set = nil
			for _, i := range found {
				set = append(set, members[i])
			}
		}
	}
	return set, count == 1 && len(set) > 1
}

// bySomeLines looks for the one set of lines that makes up an expectation.
func (m *summing) bySomeLines() {
	var sets []found
	tried := 0
	for e := range m.open {
		if m.openUsed[e] || m.open[e].Fee != 0 || tried == subsetsMax {
			continue
		}
		var members []int
		for l := range m.lines {
			if !m.lineUsed[l] && fits(&m.lines[l], &m.open[e], sumDays) {
				members = append(members, l)
			}
		}
		tried++
		if len(members) > subsetMax {
			continue
		}
		amounts := make([]money.Cents, len(members))
		for i, l := range members {
			amounts[i] = m.lines[l].Amount
		}
		if places, n := subset(amounts, m.open[e].Comes()); n == 1 && len(places) > 1 {
			set := make([]int, len(places))
			for i, p := range places {
				set[i] = members[p]
			}
			sets = append(sets, found{set, []int{e}, "sum of several lines"})
		}
	}
	m.take(sets)
}

// subset finds a set of amounts that sums to what is wanted and counts such sets, up to
// two. There are at most subsetMax amounts.
func subset(amounts []money.Cents, want money.Cents) (places []int, count int) {
	for mask := 1; mask < 1<<len(amounts); mask++ {
		var sum money.Cents
		for i := range amounts {
			if mask>>i&1 == 1 {
				sum += amounts[i]
			}
		}
		if sum != want {
			continue
		}
		if count++; count == 2 {
			return nil, 2
		}
		for i := range amounts {
			if mask>>i&1 == 1 {
				places = append(places, i)
			}
		}
	}
	return places, count
}
