package limit

import (
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Rule names a limit, for staff, logs and docs/operators/abuse-limits.md.
type Rule string

// The rules.
const (
	NumberLooks  Rule = "number.looks"
	DeviceLooks  Rule = "device.looks"
	AddressLooks Rule = "address.looks"
	KeyLooks     Rule = "key.looks"

	VisitCards   Rule = "visit.cards"
	CardDay      Rule = "card.day"
	CardMonth    Rule = "card.month"
	CardBarred   Rule = "card.barred"
	CardNumbers  Rule = "card.numbers"
	NumberCards  Rule = "number.cards"
	DeviceCards  Rule = "device.cards"
	AddressCards Rule = "address.cards"
	KeyCards     Rule = "key.cards"
	DeclineWave  Rule = "wave"
	WavePace     Rule = "wave.pace"

	MailHour      Rule = "mail.hour"
	MailDay       Rule = "mail.day"
	MailDevices   Rule = "mail.devices"
	DomainCodes   Rule = "domain.codes"
	DomainDevices Rule = "domain.devices"
	DeviceCodes   Rule = "device.codes"
	NumberCodes   Rule = "number.codes"
	AddressCodes  Rule = "address.codes"
	AllCodes      Rule = "all.codes"
)

// Steps is a limit on one subject in a sliding window. A window moves in
// twelfths of its length.
type Steps struct {
	Within time.Duration
	Free   int // so many go without a challenge
	Most   int // so many go at all; a further one waits for a pause
	// Per, when above 0, makes the limit one of failures net of successes: so many
	// different successes allow one more. Such a limit is lifted by a challenge.
	Per int
	// Pause is how long the first one above Most waits after the last failure; each
	// further one waits twice as long, up to PauseMax. 0 waits for the whole window.
	Pause, PauseMax time.Duration
}

// judge gives the verdict on n, the try itself counted.
func (s Steps) judge(rule Rule, n, successes int64, last, now time.Time, solved bool) Verdict {
	free, most := int64(s.Free), int64(s.Most)
	if s.Per > 0 {
		free, most = free+successes/int64(s.Per), most+successes/int64(s.Per)
	}
	lifted := solved && s.Per > 0
	if n > most && !lifted {
		if until := s.until(n-most, last, now); until.After(now) {
			return Verdict{Refuse, until, rule}
		}
	}
	if n > free && !solved {
		return Verdict{Answer: Challenge, Rule: rule}
	}
	return Verdict{}
}

// until is when a try that is so many above the most may go.
func (s Steps) until(above int64, last, now time.Time) time.Time {
	if s.Pause == 0 {
		return now.Add(s.Within)
	}
	pause := s.Pause
	for ; above > 1 && pause < s.PauseMax; above-- {
		pause *= 2
	}
	return last.Add(min(pause, s.PauseMax))
}

// Crowd is a limit that grows with what others do in the same window: what comes
// from one corner may not stand out.
type Crowd struct {
	Within  time.Duration
	Base    int // so many always
	Percent int // and so many of each hundred of the others
}

// holds reports whether n is at most what others make plausible.
func (c Crowd) holds(n, others int64) bool {
	return n <= int64(c.Base)+max(0, others)*int64(c.Percent)/100
}

// Rules are all limits. Defaults gives what holds unless an operator sets others.
type Rules struct {
	Looks Looks
	Cards Cards
	Codes Codes
	// Solved is how long a solved challenge lifts challenges on its device.
	Solved time.Duration
}

// Looks limits look-ups by number and fact, and by statement code.
type Looks struct {
	Number, Device, Address Steps
	Key                     Steps // of an integrator, in place of its address; of the same window
}

// Cards limits cards before they reach the processor.
type Cards struct {
	Least   money.Cents   // the least amount, but for a smaller bill paid whole
	Visit   Steps         // different cards in one visit
	Day     Steps         // declines of one card, across numbers; the networks charge for more
	Month   Steps         // the same for longer
	Barred  time.Duration // a card of which its issuer said "never" is not tried for so long
	Numbers Steps         // numbers that one card was tried for
	Number  Steps         // declines on one number
	Device  Steps
	Address Steps
	Key     Steps         // of an integrator, in place of its address; of the same window
	Going   time.Duration // a card of which nothing was told counts as a decline so long
	// Waves trip the breaker: declines of the whole installation above what its
	// approvals make plausible, in any of these windows.
	Waves []Crowd
	// AtOnce is how many cards may be under way before they count as declines.
	AtOnce int
	// Pace is how many cards go during a wave after a challenge, against approvals.
	Pace Crowd
	// Wait is when a card that the pace refuses is tried again.
	Wait time.Duration
}

// Codes limits the codes of challenges, so that they neither fill a mailbox nor
// let one mailbox open many devices.
type Codes struct {
	Life      time.Duration // of a code
	Tries     int           // at one code
	MailHour  Steps
	MailDay   Steps
	Devices   Steps // that one mail address unlocks
	Domain    Crowd // codes to one domain, against those to all others
	Unlocks   Crowd // devices that one domain unlocks, against all others
	Device    Steps
	Number    Steps
	Address   Steps
	Everybody Steps
}

const day = 24 * time.Hour

// Defaults gives the rules of docs/operators/abuse-limits.md.
func Defaults() Rules {
	return Rules{
		Solved: time.Hour,
		Looks: Looks{
			Number:  Steps{Within: day, Free: 5, Most: 10, Pause: 15 * time.Minute, PauseMax: 12 * time.Hour},
			Device:  Steps{Within: day, Free: 5, Most: 15, Pause: 15 * time.Minute, PauseMax: 12 * time.Hour},
			Address: Steps{Within: time.Hour, Free: 5, Most: 30, Per: 4, Pause: 10 * time.Minute, PauseMax: time.Hour},
			Key:     Steps{Within: time.Hour, Free: 100, Most: 100, Per: 4, Pause: 10 * time.Minute, PauseMax: time.Hour},
		},
		Cards: Cards{
			Least:   100,
			Visit:   Steps{Within: day, Free: 3, Most: 3},
			Day:     Steps{Within: day, Free: 4, Most: 4},
			Month:   Steps{Within: 30 * day, Free: 15, Most: 15},
			Barred:  30 * day,
			Numbers: Steps{Within: day, Free: 10, Most: 60},
			Number:  Steps{Within: day, Free: 5, Most: 10, Pause: 15 * time.Minute, PauseMax: 12 * time.Hour},
			Device:  Steps{Within: day, Free: 3, Most: 9, Pause: 15 * time.Minute, PauseMax: 12 * time.Hour},
			Address: Steps{Within: time.Hour, Free: 5, Most: 30, Per: 2, Pause: 10 * time.Minute, PauseMax: time.Hour},
			Key:     Steps{Within: time.Hour, Free: 100, Most: 100, Per: 2, Pause: 10 * time.Minute, PauseMax: time.Hour},
			Going:   time.Hour,
			// Some 12 of 100 honest tries without a card in hand are declined: 14 for
			// each 100 approvals.
			Waves:  []Crowd{{time.Hour, 10, 20}, {day, 15, 20}},
			AtOnce: 40,
			Pace:   Crowd{time.Hour, 12, 130},
			Wait:   10 * time.Minute,
		},
		Codes: Codes{
			Life:      10 * time.Minute,
			Tries:     5,
			MailHour:  Steps{Within: time.Hour, Free: 3, Most: 3},
			MailDay:   Steps{Within: day, Free: 6, Most: 6},
			Devices:   Steps{Within: day, Free: 3, Most: 3},
			Domain:    Crowd{time.Hour, 30, 200},
			Unlocks:   Crowd{day, 10, 200},
			Device:    Steps{Within: day, Free: 10, Most: 10},
			Number:    Steps{Within: day, Free: 10, Most: 10},
			Address:   Steps{Within: time.Hour, Free: 10, Most: 10, Per: 1},
			Everybody: Steps{Within: time.Hour, Free: 1000, Most: 1000},
		},
	}
}

// Validate checks rules that an operator changed: fault.Invalid names the first
// that cannot be followed.
func (r *Rules) Validate() error {
	c, k := &r.Cards, &r.Codes
	for rule, s := range map[Rule]Steps{
		NumberLooks: r.Looks.Number, DeviceLooks: r.Looks.Device, AddressLooks: r.Looks.Address,
		KeyLooks: r.Looks.Key, KeyCards: c.Key,
		VisitCards: c.Visit, CardDay: c.Day, CardMonth: c.Month, CardNumbers: c.Numbers, NumberCards: c.Number,
		DeviceCards: c.Device, AddressCards: c.Address,
		MailHour: k.MailHour, MailDay: k.MailDay, MailDevices: k.Devices, DeviceCodes: k.Device, NumberCodes: k.Number,
		AddressCodes: k.Address, AllCodes: k.Everybody,
	} {
		if s.Within < time.Minute || s.Free < 0 || s.Most < s.Free || s.Per < 0 || s.Pause < 0 || s.PauseMax < s.Pause {
			return fault.New(fault.Invalid, "limit.Validate",
				"the limit %s needs a window of a minute or more, no negative number, and no more free than at most", rule)
		}
	}
	for rule, all := range map[Rule][]Crowd{
		DeclineWave: c.Waves, WavePace: {c.Pace}, DomainCodes: {k.Domain}, DomainDevices: {k.Unlocks},
	} {
		for _, w := range all {
			if w.Within < time.Minute || w.Base < 0 || w.Percent < 0 {
				return fault.New(fault.Invalid, "limit.Validate", "the limit %s needs a window of a minute or more and no negative number", rule)
			}
		}
	}
	if r.Looks.Key.Within != r.Looks.Address.Within || c.Key.Within != c.Address.Within {
		return fault.New(fault.Invalid, "limit.Validate", "the limits %s and %s need the windows of those by address", KeyLooks, KeyCards)
	}
	if r.Solved < time.Minute || c.Going < time.Minute || c.Barred < time.Minute || c.Wait < time.Minute ||
		c.Least < 1 || c.AtOnce < 0 || k.Life < time.Minute || k.Life > time.Hour || k.Tries < 1 || k.Tries > 10 {
		return fault.New(fault.Invalid, "limit.Validate", "a time, the least amount or the tries at a code are out of range")
	}
	return nil
}
