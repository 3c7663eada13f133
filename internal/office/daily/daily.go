// Package daily starts the run of each business day by itself, once, on whichever
// node of an installation comes first.
//
// It knows when a day's run begins and who has it; what the run does is handed to
// it. Invariants: a day's run is started once and begins anew only after it failed
// or its process died; days are run in their order, those that were missed while
// nothing ran included; civil times are the zone's, so that a day on which the
// clocks change has one run like any other. The run itself must be safe to repeat.
//
// Start reading at Schedule.Due, then Runner.Once.
package daily

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
)

// Schedule says when a day's run begins.
type Schedule struct {
	Hour, Minute int // civil time in Zone
	Zone         *time.Location
	// DayBefore says that the run is of the day that is over, and not of the day on
	// which it begins.
	DayBefore bool
}

// Due gives the latest business day whose run should have begun by an instant.
func (s Schedule) Due(now time.Time) calendar.Date {
	day := calendar.In(now, s.Zone)
	if now.Before(s.begins(day)) {
		day = day.AddDays(-1)
	}
	if s.DayBefore {
		day = day.AddDays(-1)
	}
	return day
}

// begins gives the instant of the schedule's time on a civil day. A time that the
// clocks leave out stands for the same instant as the one an hour beside it, and one
// that comes twice for one of both.
func (s Schedule) begins(day calendar.Date) time.Time {
	at := day.Time()
	return time.Date(at.Year(), at.Month(), at.Day(), s.Hour, s.Minute, 0, 0, s.Zone)
}

// State is how a day's run stands.
type State string

// The states.
const (
	Running State = "running"
	Done    State = "done"
	Failed  State = "failed"
)

// Run is the run of a business day.
type Run struct {
	Day        calendar.Date   `json:"day"`
	State      State           `json:"state"`
	Attempt    int64           `json:"attempt"`
	Holder     string          `json:"-"`
	LeaseUntil time.Time       `json:"-"`
	BeganAt    time.Time       `json:"began_at"`
	EndedAt    time.Time       `json:"ended_at,omitzero"`
	Message    string          `json:"message,omitempty"` // why it failed
	Report     json.RawMessage `json:"report,omitempty"`
}

// Store keeps runs. Its errors are of package fault.
type Store interface {
	// DayRun gives a day's run. NotFound when there is none.
	DayRun(ctx context.Context, day calendar.Date) (Run, error)
	// DayRuns gives the latest, newest first.
	DayRuns(ctx context.Context, most int) ([]Run, error)
	// ClaimDayRun keeps a run that is new (Attempt 1), or is the next attempt of one
	// that is as it was read (before). Conflict when another process was first.
	ClaimDayRun(ctx context.Context, before *Run, run Run) error
	// UpdateDayRun changes the run that this holder has in this attempt. Conflict when
	// another process took it over.
	UpdateDayRun(ctx context.Context, run Run) error
}

const (
	lease = 2 * time.Minute
	// retryAfter is how long a failed run rests, so that its cause can be mended.
	retryAfter = 15 * time.Minute
	// missedMax bounds the days that are made up for after a standstill. Statuses are
	// derived anew by each run, so that nothing older is lost.
	missedMax = 7
)

// Do carries out a day's run. What it gives is kept as the day's report, also beside
// an error. It is called again for the same day after a failure or a kill.
type Do func(ctx context.Context, day calendar.Date) (report any, err error)

// Runner starts runs.
type Runner struct {
	Store    Store
	Schedule Schedule
	Do       Do
	Clock    clock.Clock
	Holder   string // names this process among those of the installation
	Log      *slog.Logger
}

// Once carries out what is due and gives how many days it ran. A run that failed is
// an error, kept with the day; the days after it wait until it succeeded.
func (r *Runner) Once(ctx context.Context) (ran int, err error) {
	const op = "daily.Once"
	days, err := r.days(ctx)
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	for _, day := range days {
		run, claimed, err := r.claim(ctx, day)
		if err != nil {
			return ran, fault.Wrap(op, err)
		}
		if run.State == Done {
			continue
		}
		if !claimed {
			return ran, nil // another process has it, or it rests
		}
		ran++
		if err := r.carryOut(ctx, run); err != nil {
			return ran, fault.Wrap(op, err)
		}
	}
	return ran, nil
}

// days gives the days whose run is due, in order: those after the last one that
// was done, or that were begun and not ended.
func (r *Runner) days(ctx context.Context) ([]calendar.Date, error) {
	due := r.Schedule.Due(r.Clock.Now())
	runs, err := r.Store.DayRuns(ctx, 1)
	if err != nil {
		return nil, err
	}
	from := due
	if len(runs) > 0 {
		from = runs[0].Day
		if runs[0].State == Done {
			from = from.AddDays(1)
		}
		if earliest := due.AddDays(1 - missedMax); from.Before(earliest) {
			from = earliest
		}
	}
	var days []calendar.Date
	for day := from; !day.After(due); day = day.AddDays(1) {
		days = append(days, day)
	}
	return days, nil
}

// claim takes a day's run for this process, unless it is done, rests after a
// failure, or another process has it.
func (r *Runner) claim(ctx context.Context, day calendar.Date) (Run, bool, error) {
	now := r.Clock.Now()
	next := Run{Day: day, State: Running, Attempt: 1, Holder: r.Holder, LeaseUntil: now.Add(lease), BeganAt: now}
	held, err := r.Store.DayRun(ctx, day)
	before := &held
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		before = nil
	case err != nil:
		return held, false, err
	case held.State == Done,
		held.State == Failed && now.Before(held.EndedAt.Add(retryAfter)),
		held.State == Running && now.Before(held.LeaseUntil):
		return held, false, nil
	default:
		next.Attempt = held.Attempt + 1
	}
	err = r.Store.ClaimDayRun(ctx, before, next)
	if err != nil && fault.KindOf(err) == fault.Conflict {
		return next, false, nil
	}
	return next, err == nil, err
}

// carryOut runs a day and keeps how it ended. When this process is told to stop,
// the run is given back, so that the next start goes on with it at once.
func (r *Runner) carryOut(ctx context.Context, run Run) error {
	working, stop := context.WithCancelCause(ctx)
	kept := make(chan struct{})
	go func() {
		defer close(kept)
		r.keep(working, run, stop)
	}()
	report, err := r.Do(working, run.Day)
	lost := context.Cause(working)
	stop(nil)
	<-kept
	if err != nil && lost != nil && ctx.Err() == nil {
		return lost // another process has taken the run over
	}
	if report != nil {
		text, marshal := json.Marshal(report)
		run.Report = text
		err = errors.Join(err, marshal)
	}
	after := context.WithoutCancel(ctx)
	if err != nil && ctx.Err() != nil {
		run.LeaseUntil = r.Clock.Now()
		return errors.Join(ctx.Err(), r.Store.UpdateDayRun(after, run))
	}
	run.State, run.EndedAt = Done, r.Clock.Now()
	if err != nil {
		run.State, run.Message = Failed, fault.MessageOf(err)
	}
	return errors.Join(err, r.Store.UpdateDayRun(after, run))
}

// keep renews the lease of a run until it has ended. When another process took the
// run over, this one stops.
func (r *Runner) keep(ctx context.Context, run Run, stop context.CancelCauseFunc) {
	tick := time.NewTicker(lease / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		run.LeaseUntil = r.Clock.Now().Add(lease)
		if err := r.Store.UpdateDayRun(ctx, run); fault.KindOf(err) == fault.Conflict && err != nil {
			stop(err)
			return
		}
	}
}

// Run looks at each tick whether a run is due, until ctx ends.
func (r *Runner) Run(ctx context.Context, ticks <-chan time.Time) {
	for {
		ran, err := r.Once(ctx)
		switch {
		case err != nil && ctx.Err() == nil:
			r.Log.ErrorContext(ctx, "the run of the day failed; it is tried again", "error", err, "again_after", retryAfter)
		case ran > 0:
			r.Log.InfoContext(ctx, "the run of the day ended", "days", ran)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks:
		}
	}
}

// Trouble gives the run that must be looked at: the last one when it failed.
func Trouble(ctx context.Context, s Store) (Run, bool, error) {
	runs, err := s.DayRuns(ctx, 1)
	if err != nil || len(runs) == 0 {
		return Run{}, false, err
	}
	return runs[0], runs[0].State == Failed, nil
}
