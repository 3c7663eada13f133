package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/job"
	"github.com/billfold/billfold/internal/store"
)

type serveCommand struct {
	where `embed:""`
	Addr  string `help:"Address to listen on." default:"127.0.0.1:8080"`
	Drop  string `help:"Folder in which partners leave files; the data folder's files when left out." type:"path"`
}

// Run implements the command.
func (c *serveCommand) Run(r *run) error {
	if r.office != nil {
		return fault.New(fault.Conflict, "", "a process owns this data folder and serves it already")
	}
	o, err := openOffice(r.ctx, &c.where, clock.System{})
	if err != nil {
		return err
	}
	defer o.store.Close()
	if c.Drop == "" {
		c.Drop = filepath.Join(c.Data, "files")
	}
	s, err := o.serve(r.ctx, serving{where: &c.where, addr: c.Addr, drop: c.Drop, log: slog.New(slog.NewTextHandler(r.errs, nil))})
	if err != nil {
		return err
	}
	r.printf("%s: %s\nFiles are taken from %s\n", o.plan.Name, s.url, filepath.Join(c.Drop, "incoming"))
	return s.wait()
}

// serving says how an office is served.
type serving struct {
	where   *where
	addr    string
	drop    string // folder for files, or ""
	log     *slog.Logger
	notices []web.Text
	steps   []web.Step
}

// service is a served office.
type service struct {
	url  string
	wait func() error // until it has stopped
}

// dropEvery is how often the folder for files is looked at. A file is taken when
// two looks see it unchanged.
const dropEvery = 2 * time.Second

// stopMax bounds how long requests may take to end when the process stops.
const stopMax = 10 * time.Second

// serve starts everything an office does by itself, until ctx ends: pages, the
// socket for commands, the relay of events, unfinished files and the folder.
func (o *office) serve(ctx context.Context, s serving) (*service, error) {
	listener, err := net.Listen("tcp", s.addr)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "", "the address %s cannot be used: %v", s.addr, err).
			WithHint("Name another with --addr.")
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	commands, err := takeCommands(ctx, s.where.Data, o)
	if err == nil {
		err = o.publish(ctx, &parts, s)
	}
	if err != nil {
		listener.Close()
		cancel(err)
		return nil, err
	}
	server := &http.Server{
		Handler: web.New(web.Options{
			Plan: o.plan, House: o.house, Source: o.store, Clock: o.clock, Log: s.log, Notices: s.notices, Steps: s.steps,
		}),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	parts.Go(func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	parts.Go(func() {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
		defer done()
		server.Shutdown(grace)
	})
	parts.Go(func() { o.takeFiles(ctx, s) })
	return &service{url: "http://" + listener.Addr().String(), wait: func() error {
		parts.Wait()
		commands()
		if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
			return cause
		}
		return nil
	}}, nil
}

// publish starts the relay and the jobs behind it.
func (o *office) publish(ctx context.Context, parts *sync.WaitGroup, s serving) error {
	workers := job.NewWorkers()
	if err := job.Register(workers, event.NewPublisher(o.store).Publish); err != nil {
		return err
	}
	options := store.Options{Dir: s.where.Data, DSN: s.where.DSN, OwnerDSN: s.where.OwnerDSN}
	queue, err := store.OpenJobs(ctx, options, workers, job.Options{Log: s.log})
	if err != nil {
		return err
	}
	if err := queue.Start(ctx); err != nil {
		return errors.Join(err, queue.Close())
	}
	relay := event.NewRelay(o.store, func(ctx context.Context, batch event.Batch) error {
		_, err := queue.InsertOnce(ctx, batch)
		return err
	}, event.Options{Log: s.log})
	parts.Go(func() {
		relay.Run(ctx)
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
		defer done()
		if err := errors.Join(queue.Stop(grace), queue.Close()); err != nil {
			s.log.Error("the job queue did not stop cleanly", "error", err)
		}
	})
	return nil
}

// takeFiles ends what a stop left unfinished, then watches the folder.
func (o *office) takeFiles(ctx context.Context, s serving) {
	results, err := o.intake.Resume(ctx, nil)
	for _, r := range results {
		s.log.Info("file finished", "file", r.File, "format", r.Format, "verdict", r.Verdict)
	}
	if err != nil && ctx.Err() == nil {
		s.log.Error("an accepted file could not be finished; it is tried again at the next start", "error", err)
	}
	if s.drop == "" {
		return
	}
	folder, err := exchange.OpenFolder(s.drop, o.clock)
	if err != nil {
		s.log.Error("the folder for files cannot be used", "error", err)
		return
	}
	tick := time.NewTicker(dropEvery)
	defer tick.Stop()
	for {
		outcomes, err := folder.Once(ctx, func(name string, content io.Reader) (intake.Result, error) {
			return o.intake.Take(ctx, name, content, ident.Actor{Kind: ident.System, Name: "folder"}, nil)
		})
		for _, outcome := range outcomes {
			s.log.Info("file taken", "id", outcome.ID, "verdict", outcome.Verdict, "place", outcome.Place)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("a file could not be taken; it stays and is tried again", "error", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}
