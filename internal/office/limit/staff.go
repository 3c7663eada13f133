package limit

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// The rules of the office's own door. They are not among Rules: nobody sets them.
const (
	StaffName    Rule = "staff.name"
	StaffMonth   Rule = "staff.month"
	StaffAddress Rule = "staff.address"
)

// Staff is a sign-in name, whether there is such a person or not.
const Staff Kind = "staff"

// Measures of the office's door.
const (
	signedWrong Measure = "signed_wrong" // names with a wrong password
	codedWrong  Measure = "coded_wrong"  // second factors that were wrong
)

// Tries at a door of the office. Back-off begins after five failures; a hundred in
// a month close the name until somebody resets it (NIST SP 800-63B-4, 3.2.2).
var (
	staffNameSteps    = Steps{Within: day, Free: 5, Most: 5, Pause: time.Minute, PauseMax: time.Hour}
	staffMonthSteps   = Steps{Within: 30 * day, Free: 100, Most: 100}
	staffAddressSteps = Steps{Within: time.Hour, Free: 40, Most: 40, Pause: time.Minute, PauseMax: time.Hour}
)

// StaffTry is one try at the office's door: a password, or with Second the factor
// after it.
type StaffTry struct {
	Name    string // as typed
	Address netip.Addr
	Second  bool
}

func (t *StaffTry) windows() []limited {
	name := SubjectOf(Staff, strings.ToLower(strings.TrimSpace(t.Name)))
	return []limited{
		{StaffName, name, staffNameSteps}, {StaffMonth, name, staffMonthSteps},
		{StaffAddress, SubjectOf(Address, addressText(t.Address)), staffAddressSteps},
	}
}

func (t *StaffTry) measure() Measure {
	if t.Second {
		return codedWrong
	}
	return signedWrong
}

// StaffTries counts a try as a failure and says whether it may be looked at, before
// it is: so that of many at once no more go than one after another. What goes well is
// taken back by StaffPassed.
func (l *Limits) StaffTries(ctx context.Context, try StaffTry) (Verdict, error) {
	q := &inquiry{now: l.clock.Now(), solved: -1}
	for _, limit := range try.windows() {
		if limit.subject.IsZero() {
			continue
		}
		place := q.tries(Window{limit.subject, try.measure(), limit.steps.Within}, Subject{})
		q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
			return limit.steps.judge(limit.rule, at(sums, place).N, 0, at(sums, place).Last, q.now, true)
		})
	}
	v, err := l.decide(ctx, q)
	if err == nil && v.Answer == Allow {
		err = l.count(ctx, marked(q.counts))
	}
	return v, fault.Wrap("limit.StaffTries", err)
}

// StaffPassed takes a try back that went well, and gives how many failures of the
// name stand in the last day.
func (l *Limits) StaffPassed(ctx context.Context, try StaffTry) (failures int, err error) {
	var back []Count
	var read []Window
	for _, limit := range try.windows() {
		if !limit.subject.IsZero() {
			w := Window{limit.subject, try.measure(), limit.steps.Within}
			back, read = append(back, Count{Window: w, N: -1}), append(read, w)
		}
	}
	sums, err := l.store.TallyLimits(ctx, l.clock.Now(), back, read)
	if err != nil || len(sums) == 0 {
		return 0, fault.Wrap("limit.StaffPassed", err)
	}
	return int(max(0, sums[0].N)), nil
}

// StaffForgiven takes back all that is counted against a name, when somebody who may
// has looked into it.
func (l *Limits) StaffForgiven(ctx context.Context, name string) error {
	for _, second := range []bool{false, true} {
		try := StaffTry{Name: name, Second: second}
		var read []Window
		for _, limit := range try.windows() {
			if limit.subject.Kind == Staff {
				read = append(read, Window{limit.subject, try.measure(), limit.steps.Within})
			}
		}
		sums, err := l.store.TallyLimits(ctx, l.clock.Now(), nil, read)
		if err != nil {
			return fault.Wrap("limit.StaffForgiven", err)
		}
		var back []Count
		for i, w := range read {
			back = append(back, Count{Window: w, N: -max(0, sums[i].N)})
		}
		if err := l.count(ctx, back); err != nil {
			return fault.Wrap("limit.StaffForgiven", err)
		}
	}
	return nil
}
