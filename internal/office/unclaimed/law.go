package unclaimed

import (
	_ "embed"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/yamldoc"
)

// Type is what sort of property it is.
type Type string

// The types.
const (
	CreditBalance Type = "credit_balance" // money that a billing account has over
	Uncashed      Type = "refund"         // a refund that came back, or a check that nobody cashed
)

// Law is what a state says of a type of property, from a day on.
type Law struct {
	State          string // postal code; "" for states without rows of their own
	Type           Type   // "" for every type
	From           calendar.Date
	Years          int         // without a word of its owner
	ReportOn       string      // month and day: 11-01
	CutoffOn       string      // property that is dormant by then is reported
	LetterFirst    int         // days before the report from which on the letter goes out
	LetterLast     int         // and until when
	LetterFrom     money.Cents // smaller amounts get no letter
	AggregateBelow money.Cents // smaller amounts are reported together
	Source         string
	Unconfirmed    bool // nobody has checked it against the state's act
}

// Laws are rows of law, later ones over earlier ones.
type Laws []Law

//go:embed dormancy.yaml
var embedded []byte

// Embedded gives the product's rows.
func Embedded() Laws {
	file, root := yamldoc.Parse("dormancy.yaml", embedded)
	laws := Read(root.Fields("rows").Need("rows"))
	if problems := file.Problems(); len(problems) > 0 {
		panic("unclaimed: the rows that are built in do not parse: " + problems[0].String())
	}
	return laws
}

// The bounds of a row.
const (
	yearsMax = 15
	daysMax  = 400
)

// Read reads rows of law, as dormancy.yaml and plan.yaml hold them.
func Read(list yamldoc.Value) Laws {
	var laws Laws
	for _, entry := range list.List() {
		f := entry.Fields("state", "type", "from", "years", "report_on", "cutoff_on", "letter_first", "letter_last", "letter_from", "aggregate_below",
			"source", "unconfirmed")
		law := Law{
			From: readDay(f.Need("from")), Years: f.Need("years").Int(1, yearsMax), ReportOn: readMonthDay(f.Need("report_on")),
			CutoffOn: readMonthDay(f.Need("cutoff_on")), LetterFirst: f.Need("letter_first").Int(1, daysMax),
			LetterLast: f.Need("letter_last").Int(1, daysMax), LetterFrom: readCents(f.Need("letter_from")),
			AggregateBelow: readCents(f.Need("aggregate_below")), Source: f.Need("source").Text(), Unconfirmed: f.May("unconfirmed").Bool(),
		}
		if state := f.May("state"); state.Present() {
			if law.State = state.Text(); len(law.State) != 2 {
				state.Refuse("write a state by its two letters")
			}
		}
		if t := f.May("type"); t.Present() {
			law.Type = Type(t.OneOf(string(CreditBalance), string(Uncashed)))
		}
		if law.LetterLast > law.LetterFirst {
			entry.Refuse("the letters begin letter_first days before the report and end letter_last days before it")
		}
		laws = append(laws, law)
	}
	return laws
}

func readDay(v yamldoc.Value) calendar.Date {
	day, err := calendar.Parse(v.Text())
	if err != nil {
		v.Refuse("write a day as 2026-11-10")
	}
	return day
}

func readCents(v yamldoc.Value) money.Cents {
	cents, err := money.Parse(v.Text())
	if err != nil || cents < 0 {
		v.Refuse("write dollars and cents, not below zero")
	}
	return cents
}

func readMonthDay(v yamldoc.Value) string {
	text := v.Text()
	if _, err := time.Parse("01-02", text); err != nil {
		v.Refuse("write a month and a day as 11-01")
		return "01-01"
	}
	return text
}

// Find gives the row for property of a type in a state on a day: one of the state
// before the general one, one of the type before one of all, the latest begun. NotFound
// when no row is old enough.
func (l Laws) Find(state string, t Type, on calendar.Date) (Law, error) {
	best := -1
	rank := func(law Law) int {
		n := 0
		if law.State != "" {
			n += 2
		}
		if law.Type != "" {
			n++
		}
		return n
	}
	for i, law := range l {
		if law.From.After(on) || law.State != "" && law.State != state || law.Type != "" && law.Type != t {
			continue
		}
		if best < 0 || rank(law) > rank(l[best]) || rank(law) == rank(l[best]) && !law.From.Before(l[best].From) {
			best = i
		}
	}
	if best < 0 {
		return Law{}, fault.New(fault.NotFound, "unclaimed.Find", "no row of dormancy is in force on %s", on)
	}
	return l[best], nil
}

// Timing is when property falls to a state.
type Timing struct {
	DormantOn  calendar.Date
	Year       int           // of the report
	ReportBy   calendar.Date // the report and the money are due
	LetterFrom calendar.Date // the letter goes out from then on
	LetterTo   calendar.Date // and until then
}

// Timing reckons from the last word of the owner.
func (l *Law) Timing(silentSince calendar.Date) Timing {
	t := Timing{DormantOn: silentSince.AddYears(l.Years)}
	for t.Year = calendar.MonthOf(t.DormantOn).Year(); l.cutoff(t.Year).Before(t.DormantOn); t.Year++ {
	}
	t.ReportBy = l.day(t.Year, l.ReportOn)
	t.LetterFrom, t.LetterTo = t.ReportBy.AddDays(-l.LetterFirst), t.ReportBy.AddDays(-l.LetterLast)
	return t
}

// cutoff is the day until which property is in the report of a year: of the year
// before, where the report is due earlier in the year than that.
func (l *Law) cutoff(year int) calendar.Date {
	if l.CutoffOn >= l.ReportOn {
		year--
	}
	return l.day(year, l.CutoffOn)
}

func (l *Law) day(year int, monthDay string) calendar.Date {
	at, _ := time.Parse("01-02", monthDay) // checked when it was read
	return calendar.On(year, at.Month(), at.Day())
}

// States lists the states that have rows of their own.
func (l Laws) States() []string {
	var states []string
	for _, law := range l {
		if law.State != "" && !slices.Contains(states, law.State) {
			states = append(states, law.State)
		}
	}
	slices.Sort(states)
	return states
}
