package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/sim/processor"
)

type simulateCommand struct {
	Processor simulateProcessorCommand `cmd:"" help:"Run a card processor that takes test cards only, and misbehaves on demand."`
}

type simulateProcessorCommand struct {
	Addr           string        `help:"Address to listen on." default:"127.0.0.1:8090"`
	Data           string        `help:"Folder of its own books; made when there is none." default:"data/processor" type:"path"`
	FaultPlan      string        `help:"JSON file that says what goes wrong how often." type:"existingfile"`
	Notify         string        `help:"Address to which webhooks go; nowhere when left out."`
	Merchant       string        `help:"Name that its hosted page shows."`
	LateAfter      time.Duration `help:"How long after its decline a late approval comes." default:"2m"`
	PayoutAfter    int           `help:"Business days from a charge to its payout; 0 pays out on demand only." default:"2"`
	FeeBasisPoints int64         `help:"Hundredths of a percent that it keeps of a charge." default:"290"`
	FeeFixed       int64         `help:"Cents that it keeps of a charge beside." default:"30"`
	JSON           bool          `help:"Say in JSON when it is ready."`
	Attached       bool          `hidden:"" help:"Stop when the standard input ends: when whoever started it is gone."`
}

// The keys of a simulator whose parent process wants to know them beforehand.
// They are no options, because a command line can be read by everybody.
const (
	simSecretKeyEnv     = "BILLFOLD_SIM_SECRET_KEY"
	simWebhookSecretEnv = "BILLFOLD_SIM_WEBHOOK_SECRET"
)

// simulatorJSON is what the simulator says when it is ready. Its keys open
// nothing but the simulator.
type simulatorJSON struct {
	URL            string `json:"url"`
	PublishableKey string `json:"publishable_key"`
	SecretKey      string `json:"secret_key"`
	WebhookSecret  string `json:"webhook_secret"`
}

// Run implements the command.
func (c *simulateProcessorCommand) Run(r *run) error {
	plan, err := c.plan()
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fault.New(fault.Unavailable, "", "the address %s cannot be used: %v", c.Addr, err).WithHint("Name another with --addr.")
	}
	defer listener.Close()
	p, err := processor.Open(processor.Options{
		Dir: c.Data, URL: "http://" + listener.Addr().String(), Log: slog.New(slog.NewTextHandler(r.errs, nil)), Merchant: c.Merchant,
		SecretKey: secret.New(os.Getenv(simSecretKeyEnv)), WebhookSecret: secret.New(os.Getenv(simWebhookSecretEnv)),
		Notify: c.Notify, Plan: plan, Delays: processor.Delays{Approval: c.LateAfter},
		Terms: processor.Terms{
			Daily: c.PayoutAfter > 0, After: c.PayoutAfter, FeeBasisPoints: c.FeeBasisPoints, FeeFixed: money.Cents(c.FeeFixed),
		},
	})
	if err != nil {
		return err
	}
	ready := simulatorJSON{
		"http://" + listener.Addr().String(), p.PublishableKey(), p.SecretKey().Reveal(), p.WebhookSecret().Reveal(),
	}
	if c.JSON {
		err = r.printJSON(ready)
	} else {
		r.printf("The simulated card processor answers at %s\n  publishable key  %s\n  secret key       %s\n  webhook secret   %s\n",
			ready.URL, ready.PublishableKey, ready.SecretKey, ready.WebhookSecret)
		r.printf("Its books: %s/books, with the secret key as the user name. Stop with Ctrl-C; the books stay.\n", ready.URL)
	}
	if err != nil {
		return errors.Join(err, p.Close())
	}
	ctx := r.ctx
	if c.Attached {
		var cancel context.CancelFunc
		ctx, cancel = untilClosed(ctx, os.Stdin)
		defer cancel()
	}
	return serveSimulator(ctx, p, listener)
}

func (c *simulateProcessorCommand) plan() (processor.Plan, error) {
	if c.FaultPlan == "" {
		return processor.Plan{}, nil
	}
	file, err := os.Open(c.FaultPlan)
	if err != nil {
		return processor.Plan{}, fault.New(fault.NotFound, "", "the fault plan cannot be opened: %v", err)
	}
	defer file.Close()
	return processor.ReadPlan(file)
}

// serveSimulator serves until ctx ends, then closes the books.
func serveSimulator(ctx context.Context, p *processor.Processor, listener net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// No limit but for headers: an answer that never comes must not end by itself.
	server := &http.Server{Handler: p, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	parts.Go(func() { p.Run(ctx) })
	<-ctx.Done()
	p.Unplug() // what hangs by design would never end
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
	defer done()
	err := server.Shutdown(grace)
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, p.Close())
}
