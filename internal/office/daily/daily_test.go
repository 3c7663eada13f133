package daily_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/daily"
	"github.com/billfold/billfold/internal/store/storetest"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func TestSchedule_DueOnceADay(t *testing.T) {
	denver := zone(t, "America/Denver")
	evening := daily.Schedule{Hour: 19, Minute: 30, Zone: denver}
	night := daily.Schedule{Hour: 0, Minute: 30, Zone: denver, DayBefore: true}
	for _, tc := range []struct {
		s    daily.Schedule
		now  string
		want string
	}{
		{evening, "2026-11-23T19:29:59-07:00", "2026-11-22"},
		{evening, "2026-11-23T19:30:00-07:00", "2026-11-23"},
		{evening, "2026-11-24T02:30:00Z", "2026-11-23"},
		{night, "2026-11-23T00:29:59-07:00", "2026-11-21"},
		{night, "2026-11-23T00:30:00-07:00", "2026-11-22"},
		{night, "2026-12-01T12:00:00-07:00", "2026-11-30"},
	} {
		now, err := time.Parse(time.RFC3339, tc.now)
		if err != nil {
			t.Fatal(err)
		}
		if got := tc.s.Due(now).String(); got != tc.want {
			t.Errorf("at %s due is %s, want %s", tc.now, got, tc.want)
		}
	}
}

// Over the days on which the clocks change, minute by minute, each day becomes due
// once, in order, whatever the time of the run.
func TestSchedule_ClockChanges(t *testing.T) {
	denver := zone(t, "America/Denver")
	for _, at := range [][2]int{{0, 0}, {1, 30}, {2, 0}, {2, 30}, {3, 0}, {23, 59}} {
		s := daily.Schedule{Hour: at[0], Minute: at[1], Zone: denver}
		for _, from := range []string{"2026-03-06", "2026-10-30"} { // the changes are on 8 March and 1 November
			start := calendar.MustParse(from).Time()
			last := s.Due(start)
			for minute := range 5 * 24 * 60 {
				due := s.Due(start.Add(time.Duration(minute) * time.Minute))
				if due != last && due != last.AddDays(1) {
					t.Fatalf("at %02d:%02d, due went from %s to %s", at[0], at[1], last, due)
				}
				last = due
			}
			if want := calendar.MustParse(from).AddDays(4); last.Before(want.AddDays(-1)) {
				t.Errorf("at %02d:%02d, the last day is %s", at[0], at[1], last)
			}
		}
	}
}

// office runs days over a store, as one process of several.
type office struct {
	mu   sync.Mutex
	days []string
	fail func(day calendar.Date) error
}

func (o *office) do(_ context.Context, day calendar.Date) (any, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.days = append(o.days, day.String())
	var err error
	if o.fail != nil {
		err = o.fail(day)
	}
	return map[string]string{"day": day.String()}, err
}

func runner(o *storetest.Office, name string, do daily.Do) *daily.Runner {
	return &daily.Runner{
		Store: o.Store, Schedule: daily.Schedule{Hour: 14, Zone: time.UTC}, Do: do, Clock: o.Clock, Holder: name,
		Log: slog.New(slog.DiscardHandler),
	}
}

func once(t *testing.T, r *daily.Runner) int {
	t.Helper()
	ran, err := r.Once(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return ran
}

func TestOnce_OneOfSeveralNodesRunsTheDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		var did office
		var nodes sync.WaitGroup
		for _, name := range []string{"a", "b", "c", "d"} {
			nodes.Go(func() {
				if _, err := runner(o, name, did.do).Once(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
		if got := strings.Join(did.days, " "); got != "2026-11-23" {
			t.Errorf("ran %q, want the day once", got)
		}
		run, err := o.Store.DayRun(context.Background(), calendar.MustParse("2026-11-23"))
		if err != nil || run.State != daily.Done || !strings.Contains(string(run.Report), `"2026-11-23"`) {
			t.Errorf("got %+v, %v", run, err)
		}
		o.Clock.Advance(2 * time.Hour)
		if once(t, runner(o, "a", did.do)) != 0 {
			t.Error("the day was run again")
		}
	})
}

func TestOnce_MakesUpForMissedDays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		var did office
		r := runner(o, "a", did.do)
		once(t, r)
		o.Clock.Advance(3 * 24 * time.Hour)
		once(t, r)
		if want := []string{"2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"}; !slices.Equal(did.days, want) {
			t.Errorf("ran %v, want %v", did.days, want)
		}
		o.Clock.Advance(30 * 24 * time.Hour)
		if got := once(t, r); got != 7 {
			t.Errorf("after a month %d days are made up for, want 7", got)
		}
	})
}

func TestOnce_FailureIsKeptAndTriedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		did := office{fail: func(calendar.Date) error { return fault.New(fault.Invalid, "", "no rates for the state") }}
		var log bytes.Buffer
		r := runner(o, "a", did.do)
		r.Log = slog.New(slog.NewTextHandler(&log, nil))
		if _, err := r.Once(context.Background()); err == nil {
			t.Fatal("the failure is not told")
		}
		failed, is, err := daily.Trouble(context.Background(), o.Store)
		if err != nil || !is || failed.Message != "no rates for the state" || len(failed.Report) == 0 {
			t.Errorf("got %+v, %v, %v", failed, is, err)
		}
		if once(t, r) != 0 {
			t.Error("tried again at once")
		}
		o.Clock.Advance(16 * time.Minute)
		did.fail = nil
		if once(t, r) != 1 {
			t.Error("not tried again")
		}
		if last, is, _ := daily.Trouble(context.Background(), o.Store); is || last.Attempt != 2 || last.Message != "" {
			t.Errorf("got %+v, trouble %v", last, is)
		}
	})
}

func TestOnce_ResumesAfterAKill(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		// A process that is killed leaves its claim and nothing more.
		day := calendar.MustParse("2026-11-23")
		now := o.Clock.Now()
		err := o.Store.ClaimDayRun(context.Background(), nil, daily.Run{
			Day: day, State: daily.Running, Attempt: 1, Holder: "dead", LeaseUntil: now.Add(2 * time.Minute), BeganAt: now,
		})
		if err != nil {
			t.Fatal(err)
		}
		var did office
		r := runner(o, "b", did.do)
		if once(t, r) != 0 {
			t.Error("took over while the lease stands")
		}
		o.Clock.Advance(3 * time.Minute)
		if once(t, r) != 1 {
			t.Error("did not take over")
		}
		late := daily.Run{Day: day, State: daily.Done, Attempt: 1, Holder: "dead"}
		if err := o.Store.UpdateDayRun(context.Background(), late); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the process that lost the run ends it: %v", err)
		}
	})
}

func TestRun_StoppedProcessGivesItsDayBack(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	ctx, stop := context.WithCancel(context.Background())
	r := runner(o, "a", func(ctx context.Context, _ calendar.Date) (any, error) {
		stop()
		<-ctx.Done()
		return nil, ctx.Err()
	})
	r.Run(ctx, nil)
	var did office
	if once(t, runner(o, "b", did.do)) != 1 {
		t.Error("the next process waits for a lease that was given back")
	}
}
