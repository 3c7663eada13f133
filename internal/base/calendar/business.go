package calendar

import (
	"time"

	"github.com/rickar/cal/v2/us"
)

// IsBusinessDay reports whether the Federal Reserve Banks are open on a day. A
// holiday on a Sunday is kept on the Monday after it; one on a Saturday is not
// kept on the Friday before (Federal Reserve Bank Services, Holiday Schedules).
func (d Date) IsBusinessDay() bool {
	switch d.Time().Weekday() {
	case time.Saturday, time.Sunday:
		return false
	case time.Monday:
		return !d.isHoliday() && !d.AddDays(-1).isHoliday()
	}
	return !d.isHoliday()
}

func (d Date) isHoliday() bool {
	year := d.Time().Year()
	for _, holiday := range us.Holidays {
		if actual, _ := holiday.Calc(year); !actual.IsZero() && In(actual, actual.Location()) == d {
			return true
		}
	}
	return false
}

// AddBusinessDays moves d forward by n business days; d itself is not counted,
// whether it is one or not. n below 1 leaves d where it is.
func (d Date) AddBusinessDays(n int) Date {
	for ; n > 0; n-- {
		for d = d.AddDays(1); !d.IsBusinessDay(); {
			d = d.AddDays(1)
		}
	}
	return d
}
