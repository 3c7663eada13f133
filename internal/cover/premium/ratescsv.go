package premium

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/sheet"
)

// rateRow is a row of the file, with what only Check can turn into a Rate.
type rateRow struct {
	Rate
	hasAgeFrom, hasAgeTo bool
	tobaccoFactor        int64 // in ten-thousandths, 0 when none is given
}

// determinationMonths is how long an applicable premium is fixed (26 CFR
// 54.4980B-8 Q&A-2).
const determinationMonths = 12

var rateTable = sheet.Table[rateRow]{
	Columns: []sheet.Column[rateRow]{
		sheet.Must(sheet.OneOf("basis", Bases(), func(r *rateRow) *Basis { return &r.Basis })),
		sheet.Must(sheet.Text("product", func(r *rateRow) *string { return &r.Product })),
		sheet.Must(sheet.State("state", func(r *rateRow) *string { return &r.State })),
		sheet.Text("area", func(r *rateRow) *string { return &r.Area }),
		sheet.Must(sheet.Date("from", func(r *rateRow) *calendar.Date { return &r.From })),
		sheet.Date("to", func(r *rateRow) *calendar.Date { return &r.To }),
		{Name: "age_from", Read: func(r *rateRow, s string) (err error) {
			r.hasAgeFrom = true
			r.AgeFrom, err = readAge(s)
			return err
		}},
		{Name: "age_to", Read: func(r *rateRow, s string) (err error) {
			r.hasAgeTo = true
			r.AgeTo, err = readAge(s)
			return err
		}},
		sheet.OneOf("tier", Tiers(), func(r *rateRow) *Tier { return &r.Tier }),
		sheet.Must(sheet.Cents("rate", func(r *rateRow) *money.Cents { return &r.Cents })),
		sheet.Cents("tobacco_rate", func(r *rateRow) *money.Cents { return &r.Tobacco }),
		{Name: "tobacco_factor", Read: readFactor},
	},
	Check: func(line int, r *rateRow, refuse sheet.Refuse) { r.Line = line; r.check(refuse) },
}

// RateColumns lists the columns of a rate table in their documented order.
func RateColumns() []string { return rateTable.Names() }

func readAge(s string) (int, error) {
	const most = 150
	age, err := strconv.Atoi(s)
	if err != nil || age < 0 || age > most {
		return 0, fmt.Errorf("%q is no age in full years", s)
	}
	return age, nil
}

// readFactor reads a factor from 1 to 9.9999.
func readFactor(r *rateRow, s string) error {
	whole, fraction, _ := strings.Cut(s, ".")
	digits := fraction + strings.Repeat("0", max(0, 4-len(fraction)))
	factor, err := strconv.ParseUint(whole+digits, 10, 32)
	if err != nil || len(whole) != 1 || len(fraction) > 4 || factor < 10000 {
		return errors.New("a factor is 1 or more with at most four decimals, such as 1.25")
	}
	r.tobaccoFactor = int64(factor)
	return nil
}

func (r *rateRow) check(refuse sheet.Refuse) {
	if !r.To.IsZero() && r.To.Before(r.From) {
		refuse("to", "%s is before the first day, %s", r.To, r.From)
	}
	if r.Cents == 0 {
		refuse("rate", "a rate is above zero")
	}
	if r.Basis == ByAge {
		r.checkAge(refuse)
	} else {
		r.checkTier(refuse)
	}
	if r.tobaccoFactor > 0 && r.Tobacco > 0 {
		refuse("tobacco_factor", "give tobacco_rate or tobacco_factor, not both")
	}
	switch {
	case r.tobaccoFactor > 0:
		r.Tobacco = (2*r.Cents*money.Cents(r.tobaccoFactor) + 10000) / 20000
	case r.Tobacco == 0:
		r.Tobacco = r.Cents
	}
	if r.Tobacco < r.Cents {
		refuse("tobacco_rate", "%s is below the rate, %s", r.Tobacco, r.Cents)
	}
}

func (r *rateRow) checkAge(refuse sheet.Refuse) {
	if !r.hasAgeTo {
		r.AgeTo = ageOpen
	}
	switch {
	case !r.hasAgeFrom:
		refuse("age_from", "a rate by age names the band's first age; age_to is empty in the last band")
	case r.AgeTo < r.AgeFrom:
		refuse("age_to", "%d is below the band's first age, %d", r.AgeTo, r.AgeFrom)
	case r.Tier != "":
		refuse("tier", "a rate by age has no tier")
	}
}

func (r *rateRow) checkTier(refuse sheet.Refuse) {
	switch {
	case r.Tier == "":
		refuse("tier", "the value is missing: a rate that does not go by age goes by tier")
	case r.hasAgeFrom || r.hasAgeTo:
		refuse("age_from", "a rate by tier has no ages")
	case r.Tobacco > 0 || r.tobaccoFactor > 0:
		refuse("tobacco_rate", "a rate by tier knows no tobacco")
	case r.Basis == Applicable && (r.To.IsZero() || calendar.MonthOf(r.From).Add(determinationMonths).First() != r.To.AddDays(1) ||
		calendar.MonthOf(r.From).First() != r.From):
		refuse("to", "an applicable premium holds for a determination period of %d whole months", determinationMonths)
	}
	r.AgeTo = ageOpen
}

// ReadRates reads a rate table in the form of docs/formats/rates-csv.md. With any
// problem there are no rates: a table is taken whole or not at all. Problems are
// those of the text, and gaps and overlaps, which name product, place, dates and
// ages. The error is that of r.
func ReadRates(r io.Reader) (*Rates, []fault.Problem, error) {
	rates := &Rates{shelves: map[shelf][]Rate{}}
	problems, err := rateTable.Read(r, func(_ int, row rateRow) error {
		rates.shelves[row.shelf()] = append(rates.shelves[row.shelf()], row.Rate)
		return nil
	})
	if err != nil {
		return nil, nil, fault.Wrap("premium.ReadRates", err)
	}
	if len(problems) == 0 {
		problems = rates.fit()
	}
	if len(problems) > 0 {
		return nil, problems, nil
	}
	return rates, nil, nil
}

// fit orders the rates and finds what keeps them from fitting together.
func (r *Rates) fit() []fault.Problem {
	f := &fitting{overlapping: map[[2]int]bool{}}
	shelves := make([]shelf, 0, len(r.shelves))
	for s, rows := range r.shelves {
		slices.SortFunc(rows, func(a, b Rate) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.AgeFrom, b.AgeFrom)) })
		shelves = append(shelves, s)
	}
	slices.SortFunc(shelves, func(a, b shelf) int { return cmp.Compare(r.shelves[a][0].Line, r.shelves[b][0].Line) })
	for _, s := range shelves {
		if s.basis == ByTier && r.byAge(s) {
			f.refuse(r.shelves[s][0].Line, "basis", "%s has rates by age and by tier", s)
		}
		f.fit(s, r.shelves[s])
	}
	return f.problems
}

func (s shelf) String() string {
	text := fmt.Sprintf("product %q in %s", s.product, s.state)
	if s.area != "" {
		text += ", area " + s.area
	}
	if s.tier != "" {
		text += ", " + string(s.basis) + " rates of tier " + string(s.tier)
	}
	return text
}

// fitting finds gaps and overlaps.
type fitting struct {
	problems    []fault.Problem
	overlapping map[[2]int]bool // pairs of lines that were told
}

func (f *fitting) refuse(line int, field, format string, args ...any) {
	if len(f.problems) < fault.ProblemsMax {
		f.problems = append(f.problems, fault.Problem{Line: line, Record: "rate", Field: field, Message: fmt.Sprintf(format, args...)})
	}
}

// fit proves the rates of one shelf, which are ordered by date: on every day from
// the first to the last they hold every age once. It goes from one day on which
// rates begin or end to the next and looks at those in force between.
func (f *fitting) fit(s shelf, rows []Rate) {
	days := make([]calendar.Date, 0, 2*len(rows))
	for _, row := range rows {
		days = append(days, row.From, row.to().AddDays(1))
	}
	slices.SortFunc(days, calendar.Date.Compare)
	days = slices.Compact(days)
	var inForce []Rate
	for i, day := range days[:len(days)-1] {
		last := days[i+1].AddDays(-1)
		inForce = slices.DeleteFunc(inForce, func(row Rate) bool { return row.to().Before(day) })
		for len(rows) > 0 && rows[0].From == day {
			inForce, rows = append(inForce, rows[0]), rows[1:]
		}
		if len(inForce) == 0 {
			f.refuse(rows[0].Line, "from", "%s has no rate for %s, before this row", s, span(day, last))
			continue
		}
		slices.SortFunc(inForce, func(a, b Rate) int { return cmp.Compare(a.AgeFrom, b.AgeFrom) })
		f.bands(s, inForce, day, last)
		if len(f.problems) >= fault.ProblemsMax {
			return
		}
	}
}

// bands proves the age bands in force over some days.
func (f *fitting) bands(s shelf, bands []Rate, from, to calendar.Date) {
	next := 0 // the first age that has no rate yet
	var reaches Rate
	for _, band := range bands {
		switch {
		case band.AgeFrom < next:
			pair := [2]int{min(reaches.Line, band.Line), max(reaches.Line, band.Line)}
			if !f.overlapping[pair] {
				f.overlapping[pair] = true
				f.refuse(pair[1], "from", "%s has two rates%s for %s: here and on line %d",
					s, ages(band, band.AgeFrom, min(band.AgeTo, reaches.AgeTo)), span(from, to), pair[0])
			}
		case band.AgeFrom > next:
			f.refuse(band.Line, "age_from", "%s has no rate%s for %s", s, ages(band, next, band.AgeFrom-1), span(from, to))
		}
		if band.AgeTo >= next {
			next, reaches = band.AgeTo+1, band
		}
	}
	if next <= ageOpen {
		f.refuse(reaches.Line, "age_to", "%s has no rate%s for %s", s, ages(reaches, next, ageOpen), span(from, to))
	}
}

func ages(r Rate, from, to int) string {
	switch {
	case r.Basis != ByAge:
		return ""
	case to == ageOpen:
		return fmt.Sprintf(" for ages %d and over", from)
	}
	return fmt.Sprintf(" for ages %d to %d", from, to)
}

func span(from, to calendar.Date) string {
	if to == farFuture {
		return from.String() + " and later"
	}
	return from.String() + " to " + to.String()
}
