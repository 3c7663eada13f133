package clearing

import (
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Bank is how we send through an originating bank, as the plan's configuration says.
type Bank struct {
	ODFI            string // the originating bank's routing number
	Destination     string // the file's immediate destination: a routing number
	DestinationName string
	Origin          string // the file's immediate origin: ten characters that the bank gives
	OriginName      string
	Zone            *time.Location // of the windows' times
	Windows         []Window       // in the order of their times
	Companies       map[chart.Fund]Company
	Limits          []SameDayLimit
	Balanced        bool   // each batch has an entry for our own account
	Folder          string // below the folder for files
	Live            bool   // files go to a bank; without it they are a sandbox's
	Validation      mandate.Validation
}

// Company is how a fund's entries name who sends them.
type Company struct {
	ID            string // company identification, ten characters
	Name          string // sixteen characters, as members know us
	Description   string // ten: "HEALTHPREM"
	Discretionary string
	Offset        mandate.BankAccount // our own account, of a balanced file
}

// Window is a time by which the bank takes a file.
type Window struct {
	Name         string
	Hour, Minute int  // the cut-off, in the bank's zone
	SameDay      bool // entries settle on the day itself
}

// SameDayLimit is the most that an entry of a same-day window may be, from a day on.
type SameDayLimit struct {
	From   calendar.Date
	Amount money.Cents
	Source string
}

// SameDayLimits are the network's (Nacha Operating Rules, same-day ACH).
func SameDayLimits() []SameDayLimit {
	return []SameDayLimit{
		{calendar.On(2020, time.March, 20), 100_000_00, "Nacha, same-day dollar limit of 2020-03-20"},
		{calendar.On(2022, time.March, 18), 1_000_000_00, "Nacha, same-day dollar limit of 2022-03-18"},
	}
}

// sandboxPrefix begins routing numbers of which no bank has any: the American Bankers
// Association gives out none that begin with 99.
const sandboxPrefix = "99"

// SandboxMark stands in the file header's reference code of every file that is not live.
const SandboxMark = "SANDBOX"

// Check refuses a configuration from which no file can be made, and one by which a
// sandbox could reach a bank: a sandbox is never live, and its destination and
// originating bank begin with 99, as no bank's number does.
func (b *Bank) Check(sandbox bool) error {
	const op = "clearing.Check"
	if sandbox && b.Live {
		return fault.New(fault.Invalid, op, "a sandbox sends no live file: leave out \"live\", or \"sandbox\" where the money is real")
	}
	for name, routing := range map[string]string{"odfi": b.ODFI, "destination": b.Destination} {
		if b.Live {
			if err := mandate.CheckRouting(routing); err != nil {
				return fault.New(fault.Invalid, op, "the %s: %s", name, fault.MessageOf(err))
			}
			continue
		}
		if !checks(routing) || !strings.HasPrefix(routing, sandboxPrefix) {
			return fault.New(fault.Invalid, op, "the %s of files that are not live must begin with %s, as no bank's routing number does, and end "+
				"with a right check digit", name, sandboxPrefix)
		}
	}
	if len(b.Windows) == 0 || len(b.Companies) == 0 {
		return fault.New(fault.Invalid, op, "a clearing house needs at least one window and one company")
	}
	for fund, c := range b.Companies {
		if c.ID == "" || len(c.ID) > 10 || c.Name == "" || len(c.Name) > 16 || c.Description == "" || len(c.Description) > 10 || len(c.Discretionary) > 20 {
			return fault.New(fault.Invalid, op, "the company of %s needs an id of at most 10 characters, a name of 16 and a description of 10", fund)
		}
		if b.Balanced && c.Offset.Routing == "" {
			return fault.New(fault.Invalid, op, "a balanced file needs our own account (offset) of %s", fund)
		}
	}
	if len(b.Origin) > 10 || len(b.OriginName) > 23 || len(b.DestinationName) > 23 {
		return fault.New(fault.Invalid, op, "an origin has at most 10 characters, a name 23")
	}
	return nil
}

// checks reports whether nine digits end with the right check digit.
func checks(routing string) bool {
	if len(routing) != 9 {
		return false
	}
	sum := 0
	for i, weight := range [9]int{3, 7, 1, 3, 7, 1, 3, 7, 1} {
		digit := int(routing[i]) - '0'
		if digit < 0 || digit > 9 {
			return false
		}
		sum += weight * digit
	}
	return sum%10 == 0
}

// window finds a window by its name.
func (b *Bank) window(name string) (Window, bool) {
	for _, w := range b.Windows {
		if w.Name == name {
			return w, true
		}
	}
	return Window{}, false
}

// odfi is the first eight digits of the originating bank's routing number.
func (b *Bank) odfi() (digits string, number int64) {
	digits = b.ODFI[:8]
	for i := range digits {
		number = number*10 + int64(digits[i]-'0')
	}
	return digits, number
}

// Settles is the day on which entries of a window settle that the bank takes on a day:
// the day itself, or the banking day after.
func (w Window) Settles(day calendar.Date) calendar.Date {
	if w.SameDay {
		return day
	}
	return day.AddBusinessDays(1)
}

// CutOff is the instant of a window's end on a day.
func (w Window) CutOff(day calendar.Date, zone *time.Location) time.Time {
	at := day.Time()
	return time.Date(at.Year(), at.Month(), at.Day(), w.Hour, w.Minute, 0, 0, zone)
}

// Soonest is the first banking day on which an entry can settle that is ordered at an
// instant, by the windows that are still open.
func (b *Bank) Soonest(now time.Time) calendar.Date {
	for day := calendar.In(now, b.Zone); ; day = day.AddDays(1) {
		if !day.IsBusinessDay() {
			continue
		}
		soonest := calendar.Date{}
		for _, w := range b.Windows {
			if settles := w.Settles(day); now.Before(w.CutOff(day, b.Zone)) && (soonest.IsZero() || settles.Before(soonest)) {
				soonest = settles
			}
		}
		if !soonest.IsZero() {
			return soonest
		}
	}
}

// limit is the most that an entry of a window may be on a day.
func (b *Bank) limit(w Window, day calendar.Date) money.Cents {
	if !w.SameDay {
		return AmountMax
	}
	limits := b.Limits
	if len(limits) == 0 {
		limits = SameDayLimits()
	}
	most := money.Cents(0)
	for _, l := range limits {
		if !day.Before(l.From) {
			most = l.Amount
		}
	}
	return min(most, AmountMax)
}
