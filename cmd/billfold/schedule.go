package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/daily"
	"github.com/billfold/billfold/internal/office/outbound"
)

// scheduleEvery is how often is looked whether a day's run is due. Looking costs
// one row.
const scheduleEvery = 20 * time.Second

// scheduled is who acts in runs that begin by themselves.
var scheduled = ident.Actor{Kind: ident.System, Name: "schedule"}

// runDays starts the run of each day by itself, when the plan says when.
func (o *office) runDays(ctx context.Context, parts *sync.WaitGroup, s serving) {
	runner := o.dayRunner(s)
	if runner == nil {
		return
	}
	parts.Go(func() {
		tick := time.NewTicker(scheduleEvery)
		defer tick.Stop()
		runner.Run(ctx, tick.C)
	})
}

func (o *office) dayRunner(s serving) *daily.Runner {
	at := o.plan.Billing.Schedule
	if at == nil {
		return nil
	}
	entity, _ := o.plan.Entity(o.plan.EntityOf(chart.Premium)) // every fund has one
	return &daily.Runner{
		Store:    o.store,
		Schedule: daily.Schedule{Hour: at.Hour, Minute: at.Minute, Zone: entity.Zone, DayBefore: at.DayBefore},
		Do: func(ctx context.Context, day calendar.Date) (any, error) {
			return o.scheduledDay(ctx, day, at.Send)
		},
		Clock: o.clock, Holder: string(ident.NewOpaque()), Log: s.log,
	}
}

// scheduledJSON is the report of a run that began by itself.
type scheduledJSON struct {
	dayJSON
	Outbound *outbound.Report `json:"outbound,omitempty"`
}

func (o *office) scheduledDay(ctx context.Context, day calendar.Date, send bool) (any, error) {
	var report scheduledJSON
	var err error
	report.dayJSON, err = o.runDay(&run{ctx: ctx, out: io.Discard, errs: io.Discard}, day, scheduled, false)
	if err != nil {
		return report, err
	}
	if n := len(report.Billing.Problems); n > 0 {
		return report, fault.New(fault.Invalid, "", "nothing was billed: %s (%d in all)", report.Billing.Problems[0], n)
	}
	if !send {
		return report, nil
	}
	sent, err := o.outboundDesk(o.files).Send(ctx, day, scheduled, false)
	report.Outbound = &sent
	return report, err
}

// troubles tells on the overview of what the office should see to at once.
func (o *office) troubles(ctx context.Context) []web.Text {
	troubles := o.clearingTroubles(ctx)
	failed, is, err := daily.Trouble(ctx, o.store)
	if err != nil || !is {
		return troubles
	}
	return append(troubles, web.Text{
		English: fmt.Sprintf("The run of %s failed and is tried again every 15 minutes. \"billfold run list\" says why.", failed.Day),
		Spanish: fmt.Sprintf("El proceso del %s falló y se repite cada 15 minutos. «billfold run list» dice por qué.", failed.Day),
	})
}

type runListCommand struct {
	where `embed:""`
	Most  int  `help:"How many days, the latest first." default:"10"`
	JSON  bool `help:"Answer in JSON, with each day's report."`
}

// Run implements the command.
func (c *runListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	runs, err := o.store.DayRuns(r.ctx, c.Most)
	if err != nil {
		return err
	}
	if c.JSON {
		if runs == nil {
			runs = []daily.Run{}
		}
		return r.printJSON(map[string]any{"runs": runs})
	}
	for _, d := range runs {
		r.printf("%s: %s, attempt %d", d.Day, d.State, d.Attempt)
		if d.Message != "" {
			r.printf(": %s", d.Message)
		}
		r.printf("\n")
	}
	return nil
}
