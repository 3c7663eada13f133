package premium

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/member"
)

// Basis is what a product's rates go by.
type Basis string

// The bases.
const (
	ByAge      Basis = "age"        // each person by age, family by the sum
	ByTier     Basis = "tier"       // who is covered
	Applicable Basis = "applicable" // the applicable premium of continuation, by tier
)

// Bases lists every basis.
func Bases() []Basis { return []Basis{ByAge, ByTier, Applicable} }

// Tier is who is covered, where rates go by that.
type Tier string

// The tiers.
const (
	EmployeeOnly     Tier = "employee"
	EmployeeSpouse   Tier = "employee_spouse"
	EmployeeChildren Tier = "employee_children"
	Family           Tier = "family"
)

// Tiers lists every tier.
func Tiers() []Tier { return []Tier{EmployeeOnly, EmployeeSpouse, EmployeeChildren, Family} }

// TierOf gives the tier of who is covered, the subscriber included.
func TierOf(insured []coverage.Insured) Tier {
	spouse, others := false, false
	for _, i := range insured {
		switch member.Relationship(i.Relationship) {
		case member.Self:
		case member.Spouse, member.Partner:
			spouse = true
		default:
			others = true
		}
	}
	switch {
	case spouse && others:
		return Family
	case spouse:
		return EmployeeSpouse
	case others:
		return EmployeeChildren
	}
	return EmployeeOnly
}

// Rate is one row of a rate table: what a month costs.
type Rate struct {
	Line     int // of the file
	Basis    Basis
	Product  string
	State    string
	Area     string        // rating area, or "" for the whole state
	From, To calendar.Date // first and last day; To zero while no end is known
	// AgeFrom and AgeTo are the first and last full year of age of the band, of
	// rates by age; AgeTo is ageOpen in the band without an end.
	AgeFrom, AgeTo int
	Tier           Tier // of other rates
	Cents          money.Cents
	Tobacco        money.Cents // who uses tobacco; the same as Cents where it makes no difference
}

// ageOpen is the end of the last age band.
const ageOpen = 999

// farFuture is the end of a rate whose end is not known.
var farFuture = calendar.MustParse("9999-12-31")

func (r *Rate) to() calendar.Date {
	if r.To.IsZero() {
		return farFuture
	}
	return r.To
}

// shelf names the rates that must fit together without gap and overlap.
type shelf struct {
	basis                Basis
	product, state, area string
	tier                 Tier // "" of rates by age
}

func (r *Rate) shelf() shelf { return shelf{r.Basis, r.Product, r.State, r.Area, r.Tier} }

// Rates are rate tables that fit together: for every product, place and day of
// their span there is exactly one rate of each age or tier. ReadRates makes them.
// They are safe for concurrent use.
type Rates struct {
	shelves map[shelf][]Rate // by From, then AgeFrom
}

// Rows counts the rows of the tables.
func (r *Rates) Rows() int {
	n := 0
	for _, rows := range r.shelves {
		n += len(rows)
	}
	return n
}

// Gaps names what keeps a product's policies in a state from being rated over a
// whole month; none means that every rating area and tier on file has its rates.
// A run asks before it bills anybody.
func (r *Rates) Gaps(line coverage.Line, state, product string, month calendar.Month) []string {
	var shelves map[shelf][]Rate
	if r != nil {
		shelves = r.shelves
	}
	found := false
	var gaps []string
	for s, rows := range shelves {
		if s.product != product || s.state != state || (s.basis == Applicable) != isContinuation(line) {
			continue
		}
		found = true
		if rows[0].From.After(month.First()) || lastDay(rows).Before(month.Last()) {
			gaps = append(gaps, fmt.Sprintf("%s has no rate for all of %s", s, month))
		}
	}
	if !found {
		return []string{fmt.Sprintf("product %q has no rates for %s in %s", product, line, state)}
	}
	slices.Sort(gaps)
	return gaps
}

func lastDay(rows []Rate) (last calendar.Date) {
	for _, row := range rows {
		if last.Before(row.to()) {
			last = row.to()
		}
	}
	return last
}

func isContinuation(line coverage.Line) bool {
	return line == coverage.COBRA || line == coverage.StateCont
}

// find gives the rate of a shelf on a day for an age. Where the rating area has no
// shelf of its own the whole state's is taken.
func (r *Rates) find(s shelf, day calendar.Date, age int) (Rate, bool) {
	if r == nil {
		return Rate{}, false
	}
	rows, ok := r.shelves[s]
	if !ok {
		s.area = ""
		rows = r.shelves[s]
	}
	for _, row := range rows {
		if !day.Before(row.From) && !day.After(row.to()) && row.AgeFrom <= age && age <= row.AgeTo {
			return row, true
		}
	}
	return Rate{}, false
}

// Rated is a month's premium by the tables.
type Rated struct {
	Cents   money.Cents
	Basis   Basis
	Tier    Tier           // of rates by tier
	Persons []PersonsShare // of rates by age, in the order of the terms' members
}

// PersonsShare is what one covered person adds to a premium rated by age.
type PersonsShare struct {
	Cents   money.Cents
	Counted bool // false of a child beyond the oldest that count
}

// Rate rates a policy's terms on a day of coverage. Continuation goes by its
// applicable premium, other coverage by age where the product has such rates in
// the place, else by tier. The error is fault.Invalid and names what is missing.
func (r *Rates) Rate(p *coverage.Policy, t coverage.Terms, day calendar.Date, rules Rules) (Rated, error) {
	if len(t.Members) == 0 {
		return Rated{}, invalid("the terms from %s name neither a rate nor who is covered", t.From)
	}
	s := shelf{basis: ByTier, product: t.Product, state: p.State, area: t.Area, tier: TierOf(t.Members)}
	if s.product == "" {
		s.product = p.Product
	}
	if isContinuation(p.Line) {
		s.basis = Applicable
	} else if r.byAge(s) {
		return r.rateByAge(p, t, day, s, rules)
	}
	row, ok := r.find(s, day, 0)
	if !ok {
		return Rated{}, noRate(s, day)
	}
	return Rated{Cents: row.Cents, Basis: s.basis, Tier: s.tier}, nil
}

func (r *Rates) byAge(s shelf) bool {
	if r == nil {
		return false
	}
	s.basis, s.tier = ByAge, ""
	_, area := r.shelves[s]
	s.area = ""
	_, state := r.shelves[s]
	return area || state
}

func noRate(s shelf, day calendar.Date) error {
	place := s.state
	if s.area != "" {
		place += ", area " + s.area
	}
	what := "by " + string(s.basis)
	if s.tier != "" {
		what = string(s.basis) + ", tier " + string(s.tier)
	}
	return fault.New(fault.Invalid, "premium.Rate", "product %q has no rate (%s) in %s on %s", s.product, what, place, day).
		WithHint("import a rate table that holds one, or state the rate in the terms")
}

// rateByAge sums the rates of the persons (45 CFR 147.102(c)(1)): each by the age
// on the day of issue or renewal, of the children under a certain age only the
// oldest few.
func (r *Rates) rateByAge(p *coverage.Policy, t coverage.Terms, day calendar.Date, s shelf, rules Rules) (Rated, error) {
	s.basis, s.tier = ByAge, ""
	on := ratedOn(p, day)
	rated := Rated{Basis: ByAge, Persons: make([]PersonsShare, len(t.Members))}
	counted := countedPersons(t.Members, on, rules)
	for i, person := range t.Members {
		age := ageOn(person.Born, on)
		if person.Born.IsZero() || age < 0 {
			return Rated{}, invalid("person %d of the terms from %s has no birth date before %s, and the product is rated by age", i+1, t.From, on)
		}
		row, ok := r.find(s, day, age)
		if !ok {
			return Rated{}, noRate(s, day)
		}
		share := &rated.Persons[i]
		share.Cents, share.Counted = row.Cents, counted[i]
		if person.Tobacco && age >= rules.TobaccoAge {
			share.Cents = row.Tobacco
		}
		if !share.Counted {
			share.Cents = 0
		}
		rated.Cents += share.Cents
	}
	return rated, nil
}

// ratedOn is the day whose age counts: of issue or of renewal, whichever is later
// (45 CFR 147.102(a)(1)(iii)). Individual policies renew with the calendar year,
// others on the anniversary of their first day.
func ratedOn(p *coverage.Policy, day calendar.Date) calendar.Date {
	year := calendar.MonthOf(day).Year()
	if p.Line.OnExchange() || p.Line == coverage.Direct {
		if newYear := calendar.On(year, 1, 1); p.From.Before(newYear) {
			return newYear
		}
		return p.From
	}
	renewal := p.From.AddYears(max(0, year-calendar.MonthOf(p.From).Year()))
	if renewal.After(day) && renewal.After(p.From) {
		renewal = p.From.AddYears(year - 1 - calendar.MonthOf(p.From).Year())
	}
	return renewal
}

// ageOn is the number of birthdays by a day; below 0 before birth.
func ageOn(born, day calendar.Date) int {
	age := calendar.MonthOf(day).Year() - calendar.MonthOf(born).Year()
	if born.AddYears(age).After(day) {
		age--
	}
	return age
}

// countedPersons says of each person whether a premium by age counts them.
func countedPersons(insured []coverage.Insured, on calendar.Date, rules Rules) []bool {
	counted := make([]bool, len(insured))
	var children []int
	for i, person := range insured {
		counted[i] = true
		if person.IsChild() && ageOn(person.Born, on) < rules.ChildrenUnder {
			children = append(children, i)
		}
	}
	slices.SortStableFunc(children, func(a, b int) int { return insured[a].Born.Compare(insured[b].Born) })
	for _, i := range children[min(len(children), rules.ChildrenCounted):] {
		counted[i] = false
	}
	return counted
}

// Mismatch is a stated rate that the tables do not give. It is for staff: the
// stated rate is billed all the same.
type Mismatch struct {
	From, To     calendar.Date // the days of the month that the terms hold
	Stated, Ours money.Cents
}

// Check holds the stated rates of a month against the tables. It changes nothing.
// Terms that state who is covered nowhere cannot be checked and are passed over;
// a rate that the tables lack is an error as of Rate.
func (r *Rates) Check(h *coverage.Held, month calendar.Month, rules Rules) ([]Mismatch, error) {
	covered, err := coveredTerms(h, month)
	if err != nil {
		return nil, err
	}
	var all []Mismatch
	for _, s := range covered {
		if !s.what.Stated || len(s.what.Members) == 0 {
			continue
		}
		rated, err := r.Rate(&h.Policy, s.what, s.from, rules)
		if err != nil {
			return nil, err
		}
		if rated.Cents != s.what.Rate {
			all = append(all, Mismatch{s.from, s.to, s.what.Rate, rated.Cents})
		}
	}
	return all, nil
}
