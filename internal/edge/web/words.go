package web

import (
	"fmt"
	"net/http"
	"time"

	"golang.org/x/text/language"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/region"
)

// Words is the catalogue of one language. A text for people stands here and
// nowhere else, so that a test can prove every language complete.
type Words struct {
	Tag  string // BCP 47
	Name string // of the language, in the language

	SkipLink, LanguageLabel, Title, Intro, AsOf, Made, NoFigures string

	GlanceHeading, Members, Households, Employers, Files string

	MoneyHeading, MoneyIntro, MoneyCaption, What                          string
	OpenItems, Owed, Received, Moved, Applied, Unapplied, Held, Refunding string
	OwedNote, MovedNote, UnappliedNote, HeldNote                          string

	RailCaption, Fund, Rail, Today, InAll, NothingReceived string

	ProofHeading, Balanced, Unbalanced, Agreeing, Disagreeing string

	SuspenseHeading, SuspenseIntro, SuspenseCaption, SuspenseNone, Reason, Items, Dollars, Oldest string

	FilesHeading, FilesIntro, FilesCaption, FilesNone, FileName, FileKind, FileResult, FileTaken string

	StepsHeading, StepsIntro, CommandLabel string

	PhonesHeading, PhonesIntro, PhonesCaption, CallFor, Phone, TTY, Hours, Now, OpenNow, ClosedNow, EveryDay, AllDay, AllWeek, Closed string
	LanguagesHeading, LanguagesIntro                                                                                                  string

	HomeLink, ReferenceLabel string

	Day     Count
	DayZero string // fewer than one

	Funds    map[chart.Fund]string
	Rails    map[chart.Code]string
	Reasons  map[suspense.Reason]string
	Formats  map[string]string
	Verdicts map[fileResult]string
	Purposes map[region.Purpose]string
	Coverage map[region.CoverageType]string
	Zones    map[string]string
	Weekdays [7]string // Sunday first
	Months   [12]string
	Failures map[int]Failure

	DateForm   string // day, month and year by the verbs %[1]d, %[2]s and %[3]d
	DayRange   string // two weekdays
	SpanForm   string // two times of day
	And        string // between two parts of a day
	Noon       string
	Midnight   string
	Meridiem   [2]string // before and after noon
	Particular string    // a purpose and the coverage type for which it holds

	Pieces pieceWords
	Guest  guestWords
	Letter letterWords
}

// Failure is what a page says when it cannot be shown.
type Failure struct{ Heading, Body string }

// Count is a text that depends on a number: one, or any other.
type Count struct{ One, Many string }

// Of writes n with the text.
func (c Count) Of(n int) string {
	if n == 1 {
		return c.One
	}
	return fmt.Sprintf(c.Many, n)
}

// fileResult is what became of a file: its verdict, or that it is still under way.
type fileResult string

const underWay fileResult = "under_way"

func fileResults() []fileResult {
	return []fileResult{fileResult(fault.Accept), fileResult(fault.Flag), fileResult(fault.Refuse), underWay}
}

// failureCodes are the statuses that have a page.
var failureCodes = []int{
	http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusRequestEntityTooLarge,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// railsShown are the accounts by which money comes in, in the order of the page.
var railsShown = []chart.Code{chart.ClearLockbox, chart.ClearACH, chart.ClearWire, chart.ClearCounter, chart.ClearCard, chart.ClearDebit}

// languages are those of the pages; the first is used when nobody says.
var languages = []*Words{&english, &spanish}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// languageOf finds a language by its tag; nil when we lack it.
func languageOf(tag string) *Words {
	for _, w := range languages {
		if w.Tag == tag {
			return w
		}
	}
	return nil
}

// otherLanguage gives the language to offer beside one.
func otherLanguage(w *Words) *Words {
	if w == &english {
		return &spanish
	}
	return &english
}

// In gives a text in the language of the words.
func (w *Words) In(t Text) string {
	if w.Tag == spanish.Tag {
		return t.Spanish
	}
	return t.English
}

// Date writes a day for people: "November 23, 2026".
func (w *Words) Date(year int, month time.Month, day int) string {
	return fmt.Sprintf(w.DateForm, day, w.Months[month-1], year)
}

// Clock writes a time of day in minutes after midnight: "8 a.m.", "5:30 p.m.",
// with blanks at which no line is broken.
func (w *Words) Clock(minute int) string {
	switch minute {
	case 0, 24 * 60:
		return w.Midnight
	case 12 * 60:
		return w.Noon
	}
	hour, rest := minute/60, minute%60
	half := w.Meridiem[hour/12%2]
	if hour = hour % 12; hour == 0 {
		hour = 12
	}
	if rest == 0 {
		return fmt.Sprintf("%d\u00a0%s", hour, half)
	}
	return fmt.Sprintf("%d:%02d\u00a0%s", hour, rest, half)
}

// Moment writes an instant on its own clock: "November 23, 2026, 8:05 a.m. MST".
func (w *Words) Moment(t time.Time) string {
	year, month, day := t.Date()
	return w.Date(year, month, day) + ", " + w.Clock(t.Hour()*60+t.Minute()) + " " + t.Format("MST")
}

// Zone names a zone's time, "Mountain time", or gives its abbreviation at an instant.
func (w *Words) Zone(zone *time.Location, at time.Time) string {
	if name, ok := w.Zones[zone.String()]; ok {
		return name
	}
	return at.In(zone).Format("MST")
}

// named finds a word, or shows the name itself rather than nothing.
func named[K ~string](words map[K]string, key K) string {
	if word, ok := words[key]; ok {
		return word
	}
	return string(key)
}
