package x12

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// parseAmount reads a decimal element (type R) as dollars: the point may be
// left out or trail, and zeros may follow the cents.
func parseAmount(s string) (money.Cents, error) {
	if strings.Trim(s, "-.0123456789") != "" {
		return 0, fmt.Errorf("%q is not a decimal amount", shown(s))
	}
	whole, fraction, _ := strings.Cut(s, ".")
	if len(fraction) > 2 {
		fraction = fraction[:2] + strings.TrimRight(fraction[2:], "0")
	}
	if fraction != "" {
		whole += "." + fraction
	}
	return money.Parse(whole)
}

// parseDate reads CCYYMMDD. Unlike calendar.ParseLayout it takes no empty date.
func parseDate(s string) (calendar.Date, error) {
	if len(s) != 8 || !isNumber(s) {
		return calendar.Date{}, fmt.Errorf("not a date CCYYMMDD")
	}
	date, err := calendar.ParseLayout("20060102", s)
	if err != nil {
		return calendar.Date{}, fmt.Errorf("no such day in the calendar")
	}
	return date, nil
}

// parsePeriod reads a date by its format qualifier: D8 a day, DT a day with a
// time that is dropped, RD8 a range. A day is a period that begins and ends on it.
func parsePeriod(format, value string) (from, to calendar.Date, err error) {
	switch format {
	case "D8":
		from, err = parseDate(value)
		return from, from, err
	case "DT":
		if len(value) < 12 || !isNumber(value) {
			return from, to, fmt.Errorf("not a date and time CCYYMMDDHHMM")
		}
		from, err = parseDate(value[:8])
		return from, from, err
	case "RD8":
		first, last, ok := strings.Cut(value, "-")
		if !ok {
			return from, to, fmt.Errorf("not a range CCYYMMDD-CCYYMMDD")
		}
		if from, err = parseDate(first); err != nil {
			return from, to, err
		}
		if to, err = parseDate(last); err == nil && to.Before(from) {
			err = fmt.Errorf("the range ends before it begins")
		}
		return from, to, err
	}
	return from, to, fmt.Errorf("the date format is %q, must be D8, DT or RD8", shown(format))
}
