package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/sandbox"
)

type sandboxCommand struct {
	Addr       string    `help:"Address to listen on, for the card processor and the sandbox's own requests." default:"127.0.0.1:8091"`
	SFTPAddr   string    `name:"sftp-addr" help:"Address of the mailbox over SFTP." default:"127.0.0.1:8022"`
	Data       string    `help:"Folder of its books, keys and mailbox; taken up where it was left." default:"data/sandbox" type:"path"`
	Faults     string    `help:"JSON file that says what goes wrong; what was in force before when left out." type:"existingfile"`
	Config     string    `help:"Folder of the plan.yaml whose accounts it plays; a made-up plan's when left out." type:"existingdir"`
	Begins     time.Time `help:"When the clock of a new sandbox begins, such as 2026-12-01T08:30:00-05:00; now when left out."`
	Statements string    `help:"How statements come: ${enum}." enum:"bai2,camt053,both" default:"bai2"`
	Advices    bool      `help:"Tell of each wire by a pacs.008 advice and a camt.054 notification, too."`
	Notify     string    `help:"Address to which the processor's webhooks go; nowhere when left out."`
	Attached   bool      `hidden:"" help:"Stop when the standard input ends: when whoever started it is gone."`
}

// sandboxJSON is what the sandbox says when it is ready. Its keys open nothing but the
// sandbox.
type sandboxJSON struct {
	URL            string    `json:"url"`
	SecretKey      string    `json:"secret_key"`
	PublishableKey string    `json:"publishable_key"`
	WebhookSecret  string    `json:"webhook_secret"`
	SFTP           sftpJSON  `json:"sftp"`
	Inbox          string    `json:"inbox"`
	Outbox         string    `json:"outbox"`
	Now            time.Time `json:"now"`
	Day            string    `json:"banking_day"`
}

type sftpJSON struct {
	Addr      string `json:"addr"`
	User      string `json:"user"`
	HostKey   string `json:"host_key"`
	ClientKey string `json:"client_key_file"`
}

// Run implements the command.
func (c *sandboxCommand) Run(r *run) error {
	o, err := c.options()
	if err != nil {
		return err
	}
	web, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return fault.New(fault.Unavailable, "", "the address %s cannot be used: %v", c.Addr, err).
			WithHint("Name another with --addr.")
	}
	defer web.Close()
	files, err := net.Listen("tcp", c.SFTPAddr)
	if err != nil {
		return fault.New(fault.Unavailable, "", "the address %s cannot be used: %v", c.SFTPAddr, err).
			WithHint("Name another with --sftp-addr.")
	}
	defer files.Close()
	o.URL, o.Log = "http://"+web.Addr().String(), slog.New(slog.NewTextHandler(r.errs, nil))
	s, err := sandbox.Open(o)
	if err != nil {
		return err
	}
	server, err := s.NewServer()
	if err != nil {
		return errors.Join(err, s.Close())
	}
	defer server.Close()
	if err := r.printJSON(c.ready(s, server, o.URL, files.Addr().String())); err != nil {
		return errors.Join(err, s.Close())
	}
	ctx := r.ctx
	if c.Attached {
		var cancel context.CancelFunc
		ctx, cancel = untilClosed(ctx, os.Stdin)
		defer cancel()
	}
	return serveSandbox(ctx, s, server, web, files)
}

func (c *sandboxCommand) ready(s *sandbox.Sandbox, server *sandbox.Server, url, files string) sandboxJSON {
	p, exchange := s.Processor, filepath.Join(c.Data, "exchange")
	return sandboxJSON{
		URL: url, SecretKey: p.SecretKey().Reveal(), PublishableKey: p.PublishableKey(), WebhookSecret: p.WebhookSecret().Reveal(),
		SFTP:  sftpJSON{files, sandbox.User, server.HostKey, server.ClientKey},
		Inbox: filepath.Join(exchange, "in"), Outbox: filepath.Join(exchange, "out"), Now: s.Now(), Day: s.Bank.Day().String(),
	}
}

// options takes the counterparties' accounts from the plan.
func (c *sandboxCommand) options() (sandbox.Options, error) {
	folder, clean, err := c.planFolder()
	if err != nil {
		return sandbox.Options{}, err
	}
	defer clean()
	p, problems := plan.Load(folder)
	if len(problems) > 0 {
		return sandbox.Options{}, fault.New(fault.Invalid, "", "plan.yaml: %s", problems[0])
	}
	o := sandbox.Options{
		Dir: c.Data, Begins: c.Begins, BAI2: c.Statements != "camt053", Camt: c.Statements != "bai2", Advices: c.Advices,
		Lockboxes: map[string]string{}, Companies: map[string]string{}, Merchants: map[string]string{},
		Processor: processor.Options{
			Notify: c.Notify, Merchant: p.Name,
			SecretKey: secret.New(os.Getenv(simSecretKeyEnv)), WebhookSecret: secret.New(os.Getenv(simWebhookSecretEnv)),
		},
	}
	bankAccounts(p, &o)
	if c.Faults != "" {
		if o.Faults, err = readFaults(c.Faults); err != nil {
			return o, err
		}
	}
	return o, nil
}

// bankAccounts gives each bank account of the plan to the bank, and what else receives
// money to the account of the same fund, or of the same legal entity.
func bankAccounts(p *plan.Plan, o *sandbox.Options) {
	type fundOf struct {
		entity chart.EntityID
		fund   chart.Fund
	}
	owners := map[chart.EntityID]string{}
	for _, e := range p.Entities {
		owners[e.ID] = e.Name
	}
	byFund, byEntity := map[fundOf]string{}, map[chart.EntityID]string{}
	all := p.ReceivingAccounts()
	for _, a := range all {
		if a.Kind != plan.BankAccount {
			continue
		}
		number := a.ID.Reveal()
		o.Accounts = append(o.Accounts, bank.Account{Number: number, Owner: owners[a.Entity], Opening: sandboxOpening})
		byFund[fundOf{a.Entity, a.Fund}] = number
		if byEntity[a.Entity] == "" {
			byEntity[a.Entity] = number
		}
	}
	into := map[plan.ReceivingKind]map[string]string{
		plan.Lockbox: o.Lockboxes, plan.ACHCompany: o.Companies, plan.Merchant: o.Merchants,
	}
	for _, a := range all {
		account := cmp.Or(byFund[fundOf{a.Entity, a.Fund}], byEntity[a.Entity])
		if of := into[a.Kind]; of != nil && account != "" {
			of[a.ID.Reveal()] = account
		}
	}
	if p.Clearing == nil {
		return
	}
	o.Routing = p.Clearing.ODFI
	for fund, company := range p.Clearing.Companies {
		owner := p.EntityOf(fund)
		if account := cmp.Or(byFund[fundOf{owner, fund}], byEntity[owner]); account != "" {
			o.Companies[company.ID] = account
		}
	}
}

// sandboxOpening is with what the made-up accounts begin, so that returns and refunds
// of the first days find money.
const sandboxOpening = 250_000_00

func readFaults(name string) (*sandbox.Faults, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, fault.New(fault.NotFound, "", "the fault plan cannot be opened: %v", err)
	}
	defer file.Close()
	f, err := sandbox.ReadFaults(file)
	return &f, err
}

// planFolder gives the folder of the plan's configuration, and what clears up after it.
func (c *sandboxCommand) planFolder() (folder string, clean func(), err error) {
	if c.Config != "" {
		return c.Config, func() {}, nil
	}
	folder, err = os.MkdirTemp("", "billfold-sandbox-")
	if err != nil {
		return "", nil, fault.New(fault.Unavailable, "", "no folder can be made for the made-up plan: %v", err)
	}
	clean = func() { os.RemoveAll(folder) }
	if err := os.CopyFS(folder, cedarvalley.Files); err != nil {
		clean()
		return "", nil, fault.New(fault.Unavailable, "", "the made-up plan cannot be written: %v", err)
	}
	return folder, clean, nil
}

// serveSandbox serves until ctx ends, then closes the books.
func serveSandbox(ctx context.Context, s *sandbox.Sandbox, server *sandbox.Server, web, files net.Listener) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	// No limit but for headers: an answer that never comes must not end by itself.
	pages := &http.Server{Handler: s.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute}
	var parts sync.WaitGroup
	parts.Go(func() {
		if err := pages.Serve(web); !errors.Is(err, http.ErrServerClosed) {
			cancel(err)
		}
	})
	parts.Go(func() {
		if err := server.Serve(ctx, files); err != nil {
			cancel(err)
		}
	})
	parts.Go(func() { s.Run(ctx) })
	<-ctx.Done()
	s.Processor.Unplug() // what hangs by design would never end
	grace, done := context.WithTimeout(context.WithoutCancel(ctx), stopMax)
	defer done()
	err := pages.Shutdown(grace)
	parts.Wait()
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		err = errors.Join(err, cause)
	}
	return errors.Join(err, s.Close())
}
