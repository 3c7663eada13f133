package calendar

import (
	"fmt"
	"time"
)

// Month is a calendar month, such as a month of coverage. The zero Month means
// "no month", comes before every other and is written as "".
type Month struct{ months int32 } // year*12 + month, so that zero is "none"

// MonthOf gives the month in which a date lies.
func MonthOf(d Date) Month {
	if d.IsZero() {
		return Month{}
	}
	t := d.Time()
	return Month{int32(t.Year())*12 + int32(t.Month())}
}

// MonthIn makes a Month from year and month, normalising overflow.
func MonthIn(year int, month time.Month) Month { return MonthOf(On(year, month, 1)) }

// ParseMonth reads "2026-04". The empty string is the zero Month.
func ParseMonth(s string) (Month, error) {
	if s == "" {
		return Month{}, nil
	}
	d, err := ParseLayout("2006-01", s)
	if err != nil {
		return Month{}, fmt.Errorf("%q is no month: write it as 2026-04", s)
	}
	return MonthOf(d), nil
}

// MustParseMonth is ParseMonth for constants; it panics on a bad month.
func MustParseMonth(s string) Month {
	m, err := ParseMonth(s)
	if err != nil {
		panic(err)
	}
	return m
}

// IsZero reports whether m is no month.
func (m Month) IsZero() bool { return m.months == 0 }

// Year gives the calendar year.
func (m Month) Year() int { return int((m.months - 1) / 12) }

// Of gives the month of the year.
func (m Month) Of() time.Month { return time.Month((m.months-1)%12 + 1) }

// First gives the month's first day, and the zero Date of no month.
func (m Month) First() Date {
	if m.IsZero() {
		return Date{}
	}
	return On(m.Year(), m.Of(), 1)
}

// Last gives the month's last day, and the zero Date of no month.
func (m Month) Last() Date {
	if m.IsZero() {
		return Date{}
	}
	return m.Add(1).First().AddDays(-1)
}

// Days counts the days of the month.
func (m Month) Days() int { return m.Last().Sub(m.First()) + 1 }

// Add moves m by n months.
func (m Month) Add(n int) Month { return Month{m.months + int32(n)} }

// Sub counts the months from o to m.
func (m Month) Sub(o Month) int { return int(m.months - o.months) }

// Compare orders months; the zero Month comes first.
func (m Month) Compare(o Month) int { return int(m.months) - int(o.months) }

// Before reports whether m is earlier than o.
func (m Month) Before(o Month) bool { return m.months < o.months }

// After reports whether m is later than o.
func (m Month) After(o Month) bool { return m.months > o.months }

// Holds reports whether a date lies in the month.
func (m Month) Holds(d Date) bool { return MonthOf(d) == m }

// String writes the month as "2026-04", or "" for the zero Month.
func (m Month) String() string {
	if m.IsZero() {
		return ""
	}
	return m.First().String()[:7]
}

// MarshalText writes the month.
func (m Month) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a month.
func (m *Month) UnmarshalText(text []byte) (err error) {
	*m, err = ParseMonth(string(text))
	return err
}
