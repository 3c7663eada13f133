package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"path/filepath"
	"strings"
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
	where        `embed:""`
	Addr         string   `help:"Address to listen on." default:"127.0.0.1:8080"`
	Drop         string   `help:"Folder in which partners leave files; the data folder's files when left out." type:"path"`
	PublicURL    string   `help:"Where the site stands for the outside, such as https://pay.example.org." env:"BILLFOLD_PUBLIC_URL"`
	TrustedProxy []string `help:"Address or prefix of a machine in front of this one whose X-Forwarded headers count; may be repeated." env:"BILLFOLD_TRUSTED_PROXIES"`
	Overview     bool     `help:"Show the installation's totals to whoever asks, beside the pages for payers."`
	Office       bool     `help:"Serve the office's own screens under /office." default:"true" negatable:""`
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
	proxies, err := parseProxies(c.TrustedProxy)
	if err != nil {
		return err
	}
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	s, err := o.serve(r.ctx, serving{
		where: &c.where, listener: listener, drop: c.Drop, log: slog.New(slog.NewTextHandler(r.errs, nil)),
		publicURL: strings.TrimSuffix(c.PublicURL, "/"), proxies: proxies, overview: c.Overview, office: c.Office,
	})
	if err != nil {
		return err
	}
	r.printf("%s: %s\nFiles are taken from %s\n", o.plan.Name, s.url, filepath.Join(c.Drop, "incoming"))
	return s.wait()
}

// serving says how an office is served.
type serving struct {
	where     *where
	listener  net.Listener // closed by serve
	drop      string       // folder for files, or ""
	spool     string       // folder into which mail is put instead of being sent, or ""
	log       *slog.Logger
	notices   []web.Text
	steps     []web.Step
	publicURL string         // where the site stands for the outside, or ""
	proxies   []netip.Prefix // in front of us, whose word counts
	overview  bool           // totals are shown to whoever asks
	office    bool           // the office's own screens are served
}

// listen opens the port that an office is served on.
func listen(addr string) (net.Listener, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "", "the address %s cannot be used: %v", addr, err).WithHint("Name another with --addr.")
	}
	return listener, nil
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

// serve starts everything an office does by itself, until ctx ends: pages and the
// API, the socket for commands, the relay of events, card payments that are not
// clear, unfinished files and the folder.
func (o *office) serve(ctx context.Context, s serving) (*service, error) {
	o.files = cmp.Or(s.drop, filepath.Join(s.where.Data, "files"))
	if o.site = s.publicURL; o.site == "" && s.spool != "" { // a demonstration is read where it runs
		o.site = "http://" + s.listener.Addr().String()
	}
	doors, err := o.openDoors(s)
	if err != nil {
		s.listener.Close()
		return nil, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var parts sync.WaitGroup
	commands, err := takeCommands(ctx, s.where.Data, o)
	if err == nil {
		err = o.publish(ctx, &parts, s)
	}
	if err != nil {
		s.listener.Close()
		doors.poster.Close()
		cancel(err)
		return nil, err
	}
	server := &http.Server{
		Handler:           doors,
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	}
	url := "http://" + s.listener.Addr().String()
	parts.Go(func() {
		if err := server.Serve(s.listener); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	parts.Go(func() {
		<-ctx.Done()
		grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
		defer done()
		server.Shutdown(grace)
		doors.poster.Close()
	})
	doors.run(ctx, &parts, s, o.store, url)
	parts.Go(func() { o.takeFiles(ctx, s) })
	o.runDays(ctx, &parts, s)
	o.runWindows(ctx, &parts, s.log)
	return &service{url: url, wait: func() error {
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
	err := job.Register(workers, func(ctx context.Context, _ lettersMail) error {
		o.mailLetters(ctx, s.log)
		return nil
	})
	if err != nil {
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
	if o.post != nil && o.post.ReadsLetters() {
		parts.Go(func() { o.askForMail(ctx, queue, s) })
	}
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
		if len(outcomes) > 0 { // a remittance may have waited for money that came now
			if _, err := o.remittances.SettleOpen(ctx, ident.Actor{Kind: ident.System, Name: "folder"}); err != nil && ctx.Err() == nil {
				s.log.Error("remittances could not be settled; it is tried again", "error", err)
			}
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
