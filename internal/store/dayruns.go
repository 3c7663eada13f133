package store

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/daily"
)

var _ daily.Store = (*Store)(nil)

const dayRunColumns = `day, state, attempt, holder, lease_until, began_at, ended_at, message, report`

// DayRun implements daily.Store.
func (s *Store) DayRun(ctx context.Context, day calendar.Date) (daily.Run, error) {
	runs, err := s.dayRuns(ctx, `WHERE day = $1`, day.String())
	if err == nil && len(runs) == 0 {
		err = fault.New(fault.NotFound, "store.DayRun", "the day was not run by the schedule")
	}
	if err != nil {
		return daily.Run{}, err
	}
	return runs[0], nil
}

// DayRuns implements daily.Store.
func (s *Store) DayRuns(ctx context.Context, most int) ([]daily.Run, error) {
	return s.dayRuns(ctx, `ORDER BY day DESC LIMIT $1`, int64(most))
}

func (s *Store) dayRuns(ctx context.Context, where string, args ...any) ([]daily.Run, error) {
	var runs []daily.Run
	err := s.engine.read(ctx, query{
		text: `SELECT ` + dayRunColumns + ` FROM day_run ` + where, args: args,
		each: func(scan func(...any) error) error {
			var r daily.Run
			var day, report string
			var lease, began, ended int64
			err := scan(&day, &r.State, &r.Attempt, &r.Holder, &lease, &began, &ended, &r.Message, &report)
			if err != nil {
				return err
			}
			r.LeaseUntil, r.BeganAt, r.Report = instant(lease), instant(began), []byte(report)
			if ended > 0 {
				r.EndedAt = instant(ended)
			}
			r.Day, err = scanDate(day)
			runs = append(runs, r)
			return err
		},
	})
	return runs, fault.Wrap("store.DayRuns", err)
}

// errDayRunTaken says that another process has the run.
var errDayRunTaken = fault.New(fault.Conflict, "store.DayRun", "another process has the run of this day")

// ClaimDayRun implements daily.Store.
func (s *Store) ClaimDayRun(ctx context.Context, before *daily.Run, run daily.Run) error {
	b := insertInto("day_run", columnNames(dayRunColumns)...)
	if before == nil {
		b.add(run.Day.String(), string(run.State), run.Attempt, run.Holder, run.LeaseUntil.UnixMicro(), run.BeganAt.UnixMicro(),
			int64(0), "", "")
	} else {
		b = updateOf("day_run", 1, 3, "day", "state", "attempt", "lease_until", "state", "attempt", "holder", "lease_until", "began_at",
			"ended_at", "message")
		b.add(run.Day.String(), string(before.State), before.Attempt, before.LeaseUntil.UnixMicro(), string(run.State), run.Attempt,
			run.Holder, run.LeaseUntil.UnixMicro(), run.BeganAt.UnixMicro(), int64(0), "")
	}
	return dayRunError("store.ClaimDayRun", s.engine.write(ctx, b))
}

// UpdateDayRun implements daily.Store.
func (s *Store) UpdateDayRun(ctx context.Context, run daily.Run) error {
	ended := int64(0)
	if !run.EndedAt.IsZero() {
		ended = run.EndedAt.UnixMicro()
	}
	b := updateOf("day_run", 1, 3, "day", "state", "attempt", "holder", "state", "lease_until", "ended_at", "message", "report")
	b.add(run.Day.String(), string(daily.Running), run.Attempt, run.Holder, string(run.State), run.LeaseUntil.UnixMicro(), ended,
		run.Message, string(run.Report))
	return dayRunError("store.UpdateDayRun", s.engine.write(ctx, b))
}

func dayRunError(op string, err error) error {
	if errors.Is(err, cashier.ErrStale) {
		return errDayRunTaken
	}
	return fault.Wrap(op, err)
}
