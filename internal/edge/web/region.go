package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/people/region"
)

// regionHelp is whom to call in one region.
type regionHelp struct {
	ID, Name  string
	Phones    []phoneLine
	Languages []region.Language
}

type phoneLine struct {
	For                  []string
	Number, Dial, TTY    string
	Hours                []string
	Open                 bool
	OpenText, ClosedText string
}

func regionsHelp(w *Words, packs []region.Pack, now time.Time) []regionHelp {
	all := make([]regionHelp, len(packs))
	for i := range packs {
		all[i] = regionHelpOf(w, &packs[i], region.Purposes(), now)
	}
	return all
}

// regionHelpOf lists the lines of a region that answer any of some purposes.
func regionHelpOf(w *Words, pack *region.Pack, purposes []region.Purpose, now time.Time) regionHelp {
	help := regionHelp{ID: string(pack.ID), Name: pack.Name, Languages: pack.Languages}
	for _, phone := range pack.Phones {
		answers := purposesOf(w, pack, phone.ID, purposes)
		if len(answers) == 0 {
			continue
		}
		help.Phones = append(help.Phones, phoneLine{
			For: answers, Number: phone.Number.String(), Dial: phone.Number.E164(), TTY: phone.TTY.String(),
			Hours: hoursOf(w, phone, now), Open: phone.OpenAt(now), OpenText: w.OpenNow, ClosedText: w.ClosedNow,
		})
	}
	return help
}

// purposesOf lists which of some purposes a line answers, in their order.
func purposesOf(w *Words, pack *region.Pack, phone string, among []region.Purpose) []string {
	var purposes []string
	for _, purpose := range among {
		for _, c := range pack.Contacts {
			if c.Purpose != purpose || c.Phone.ID != phone {
				continue
			}
			word := named(w.Purposes, purpose)
			if c.Coverage != region.AllTypes {
				word = fmt.Sprintf(w.Particular, word, named(w.Coverage, c.Coverage))
			}
			purposes = append(purposes, word)
		}
	}
	return purposes
}

// week is the days in the order in which people read hours.
var week = []time.Weekday{
	time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday,
}

// hoursOf writes a line's week with one entry per stretch of like days: "Monday
// to Friday: 8 a.m. to 6 p.m.". The last entry names the zone whose clock is meant.
func hoursOf(w *Words, phone region.Phone, now time.Time) []string {
	allDay := []region.Span{{Open: 0, Close: 24 * 60}}
	var lines []string
	for from := 0; from < len(week); {
		spans := phone.Hours[week[from]]
		to := from
		for to+1 < len(week) && slices.Equal(phone.Hours[week[to+1]], spans) {
			to++
		}
		whole := from == 0 && to == len(week)-1
		if whole && slices.Equal(spans, allDay) {
			return []string{w.AllWeek} // the same on every clock
		}
		if len(spans) > 0 {
			lines = append(lines, daysOf(w, from, to, whole)+": "+spansOf(w, spans, allDay))
		}
		from = to + 1
	}
	return append(lines, w.Zone(phone.Zone, now))
}

func daysOf(w *Words, from, to int, whole bool) string {
	first, last := w.Weekdays[week[from]], w.Weekdays[week[to]]
	text := first
	switch {
	case whole:
		return w.EveryDay
	case to > from:
		text = fmt.Sprintf(w.DayRange, first, last)
	}
	return strings.ToUpper(text[:1]) + text[1:] // no day's name begins with an accent
}

func spansOf(w *Words, spans, allDay []region.Span) string {
	if slices.Equal(spans, allDay) {
		return w.AllDay
	}
	texts := make([]string, len(spans))
	for i, s := range spans {
		texts[i] = fmt.Sprintf(w.SpanForm, w.Clock(s.Open), w.Clock(s.Close))
	}
	return strings.Join(texts, w.And)
}
