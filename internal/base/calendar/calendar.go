// Package calendar knows civil dates, coverage months and bank business days.
//
// A Date has no zone: whoever makes one from an instant says whose day is
// meant (the legal entity's for posting, the region's for deadlines).
package calendar

import (
	"fmt"
	"time"
)

// Date is a civil date from the year 1 on. The zero Date means "no date", comes
// before every other and is written as "".
type Date struct{ days int32 } // days since 0000-12-31, so that zero is "none"

// daysBias is the number of days from 0000-12-31 to 1970-01-01.
const daysBias = 719163

// On makes a Date from year, month and day, normalising overflow as time.Date does.
func On(year int, month time.Month, day int) Date {
	return fromTime(time.Date(year, month, day, 0, 0, 0, 0, time.UTC))
}

// In gives the civil date of an instant in a zone.
func In(t time.Time, zone *time.Location) Date {
	year, month, day := t.In(zone).Date()
	return On(year, month, day)
}

// Parse reads an ISO date, "2026-11-23". The empty string is the zero Date.
func Parse(s string) (Date, error) { return ParseLayout(time.DateOnly, s) }

// ParseLayout reads a date in the layouts of package time ("20060102",
// "060102"). The empty string is the zero Date.
func ParseLayout(layout, s string) (Date, error) {
	if s == "" {
		return Date{}, nil
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return Date{}, fmt.Errorf("%q is not a date", s)
	}
	return fromTime(t), nil
}

// MustParse is Parse for constants; it panics on a bad date.
func MustParse(s string) Date {
	d, err := Parse(s)
	if err != nil {
		panic(err)
	}
	return d
}

func fromTime(t time.Time) Date {
	seconds := t.Unix()
	days := seconds / 86400
	if seconds%86400 < 0 {
		days--
	}
	return Date{int32(days) + daysBias}
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d.days == 0 }

// Time gives midnight UTC of d.
func (d Date) Time() time.Time { return time.Unix(int64(d.days-daysBias)*86400, 0).UTC() }

// String writes the ISO date, or "" for the zero Date.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.Time().Format(time.DateOnly)
}

// Compare orders dates; the zero Date comes first.
func (d Date) Compare(o Date) int { return int(d.days) - int(o.days) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.days < o.days }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d.days > o.days }

// AddDays moves d by n days.
func (d Date) AddDays(n int) Date { return Date{d.days + int32(n)} }

// Sub counts the days from o to d.
func (d Date) Sub(o Date) int { return int(d.days - o.days) }

// AddYears moves d by n years; 29 February becomes 1 March in a common year,
// the day on which a person born then comes of age in most states.
func (d Date) AddYears(n int) Date {
	year, month, day := d.Time().Date()
	return On(year+n, month, day)
}

// MarshalText writes the ISO date.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads an ISO date.
func (d *Date) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
