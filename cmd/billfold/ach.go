package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/deliver"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/ach"
)

type achCommand struct {
	Build       achBuildCommand       `cmd:"" help:"Make the file of a window from what is ready."`
	List        achListCommand        `cmd:"" help:"The files made last, and what waits for the next."`
	Show        achShowCommand        `cmd:"" help:"Show one file: its batches and totals."`
	Approve     achApproveCommand     `cmd:"" help:"Ask a second person for a live file."`
	Release     achReleaseCommand     `cmd:"" help:"Let a file go: post its debits, and put it where the bank fetches it."`
	Withdraw    achWithdrawCommand    `cmd:"" help:"Take a built file back; its entries wait for the next."`
	Put         achPutCommand         `cmd:"" help:"Put a file into its place once more, for a bank that lost it."`
	Acknowledge achAcknowledgeCommand `cmd:"" help:"Note what the bank said of a file."`
	Validate    achValidateCommand    `cmd:"" help:"Try accounts that must be validated, and let debits go whose account is good."`
	Attest      achAttestCommand      `cmd:"" help:"Note an outside word that an account is good, or is not."`
	Entries     achEntriesCommand     `cmd:"" help:"The entries of a billing account."`
	Cancel      achCancelCommand      `cmd:"" help:"Take an entry back that no file has yet."`
	Reverse     achReverseCommand     `cmd:"" help:"Give a debit of ours back that was a mistake, within five banking days."`
	Returns     achReturnsCommand     `cmd:"" help:"What came back and somebody must see to."`
	Settle      achSettleCommand      `cmd:"" help:"Close an item that came back, after it was seen to."`
	Rates       achRatesCommand       `cmd:"" help:"Return rates of sixty days against the network's limits."`
	Codes       achCodesCommand       `cmd:"" help:"What each return code obliges us to do."`
}

// Our key and password at the bank's file server.
var (
	sftpKey      = credential{"ach-sftp-key", "BILLFOLD_ACH_SFTP_KEY"}
	sftpPassword = credential{"ach-sftp-password", "BILLFOLD_ACH_SFTP_PASSWORD"}
)

// achPlace is where files for the bank go: the folder for files, or the bank's server.
type achPlace struct{ office *office }

// Put implements clearing.Outbox.
func (p achPlace) Put(ctx context.Context, folder, name string, data io.Reader) error {
	to := p.office.plan.Clearing.SFTP
	if to == nil {
		return exchange.NewDrop(p.office.files).Put(ctx, folder, name, data)
	}
	server := deliver.SFTP{Address: to.Address, User: to.User, Folder: to.Folder}
	var err error
	if server.HostKey, err = deliver.ParseHostKey(to.HostKey); err != nil {
		return err
	}
	key, err := sftpKey.read(p.office.keys)
	if err == nil {
		if server.Signer, err = deliver.ParseSigner(key); err != nil {
			return err
		}
	} else if server.Password, err = sftpPassword.read(p.office.keys); err != nil {
		return fault.New(fault.NotFound, "", "our key at the bank's file server is missing: %s or %s in the key folder", sftpKey.file, sftpPassword.file)
	}
	return server.Put(ctx, "", name, data)
}

// wireClearing makes the desk of the clearing house, and tells it who hears of entries.
// Without a clearing house in the plan there is none.
func (o *office) wireClearing() {
	if o.plan.Clearing == nil {
		return
	}
	approvals := approval.New(o.store, o.clock)
	o.clearing = clearing.New(clearing.Parts{
		Store: o.store, Bank: o.plan.Clearing.Bank, House: o.house, Cashier: o.cashier, Approvals: approvals,
		Press: ach.Press{}, Outbox: achPlace{o}, Clock: o.clock,
	})
	consents := &autopay.Desk{Store: o.store, House: o.house, Clearing: o.clearing, Clock: o.clock}
	refunds := refund.New(o.store, o.cashier, approvals, o.house, o.clock, refund.Options{Clearing: o.clearing, Entries: o.store})
	o.clearing.Tell(consents, refunds.Payouts())
}

// clearingDesk gives the desk, or says that the plan has none.
func (o *office) clearingDesk() (*clearing.Desk, error) {
	if o.clearing == nil {
		return nil, fault.New(fault.Invalid, "", "the plan sends nothing through the clearing house").
			WithHint("Describe the bank under \"clearing\" in plan.yaml.")
	}
	return o.clearing, nil
}

// clearingDay is today where the bank is.
func (o *office) clearingDay() calendar.Date { return calendar.In(o.clock.Now(), o.plan.Clearing.Zone) }

// openDesk opens the office and its desk.
func (r *run) openDesk(w *where) (*office, *clearing.Desk, func(), error) {
	o, done, err := r.open(w)
	if err != nil {
		return nil, nil, nil, err
	}
	desk, err := o.clearingDesk()
	if err != nil {
		done()
		return nil, nil, nil, err
	}
	return o, desk, done, nil
}

// windowsBefore is how long before its cut-off a window's file is made by itself.
const windowsBefore = 30 * time.Minute

// sendWindows does what an instant makes due at the clearing house: what a killed run
// left is ended, accounts are tried, and the files of windows near their cut-off are
// made. Files that are not live are released too; a live one waits for a second person.
func (o *office) sendWindows(ctx context.Context, by ident.Actor) ([]clearing.File, error) {
	desk := o.clearing
	if desk == nil {
		return nil, nil
	}
	if _, err := desk.Resume(ctx, by); err != nil {
		return nil, err
	}
	day, due := o.plan.Clearing.DueWindows(o.clock.Now(), windowsBefore)
	var made []clearing.File
	for _, w := range due {
		if _, err := desk.Validate(ctx, day, by); err != nil {
			return made, err
		}
		report, err := desk.Build(ctx, day, w.Name, by)
		if err != nil {
			return made, err
		}
		for i := range report.Files {
			f := report.Files[i]
			if f.Live {
				_, err = desk.Ask(ctx, f.No, by, "the window "+w.Name+" of "+day.String())
			} else if f.State == clearing.Built {
				f, err = desk.Release(ctx, f.No, by)
			}
			if err != nil {
				return made, err
			}
			made = append(made, f)
		}
	}
	return made, nil
}

// clearingTroubles tells of files that wait for a second person, of return rates near a
// limit of the network, and of what came back and is late. What cannot be read is left
// out: the page shows the rest.
func (o *office) clearingTroubles(ctx context.Context) []web.Text {
	if o.clearing == nil {
		return nil
	}
	var troubles []web.Text
	if files, err := o.store.FilesIn(ctx, clearing.Built); err == nil {
		for i := range files {
			if f := &files[i]; f.Live {
				troubles = append(troubles, web.Text{
					English: fmt.Sprintf("File %d for the clearing house waits for a second person.", f.No),
					Spanish: fmt.Sprintf("El archivo %d para la cámara de compensación espera a una segunda persona.", f.No),
				})
			}
		}
	}
	alarms, err := o.clearing.Alarms(ctx, o.clearingDay())
	if err != nil {
		return troubles
	}
	for _, a := range alarms {
		troubles = append(troubles, web.Text{
			English: fmt.Sprintf("Returns of debits (%s, company %s) are at %d.%d %% of sixty days; the limit is %d.%d %%.",
				a.Rate, a.Company, a.PerMille/10, a.PerMille%10, a.Limit/10, a.Limit%10),
			Spanish: fmt.Sprintf("Las devoluciones de débitos (%s, compañía %s) llegan al %d,%d %% en sesenta días; el límite es %d,%d %%.",
				rateWords[a.Rate], a.Company, a.PerMille/10, a.PerMille%10, a.Limit/10, a.Limit%10),
		})
	}
	open, err := o.store.OpenAnswers(ctx, 1)
	if err == nil && len(open) > 0 && open[0].DueOn.Before(o.clearingDay()) {
		troubles = append(troubles, web.Text{
			English: fmt.Sprintf("Something that came back from the clearing house was to be seen to by %s. \"billfold ach returns\" lists it.", open[0].DueOn),
			Spanish: fmt.Sprintf("Algo que volvió de la cámara de compensación debía atenderse hasta el %s. «billfold ach returns» lo muestra.", open[0].DueOn),
		})
	}
	return troubles
}

var rateWords = map[clearing.Rate]string{
	clearing.Unauthorised: "no autorizadas", clearing.Administrative: "administrativas", clearing.Overall: "en total",
}

// windowsEvery is how often is looked whether a window's file is due.
const windowsEvery = time.Minute

// runWindows makes the files of windows by itself, while the office is served. Two
// processes that look at once make one file: the other is told of a conflict.
func (o *office) runWindows(ctx context.Context, parts *sync.WaitGroup, log *slog.Logger) {
	if o.clearing == nil {
		return
	}
	parts.Go(func() {
		tick := time.NewTicker(windowsEvery)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			made, err := o.sendWindows(ctx, scheduled)
			if err != nil && fault.KindOf(err) != fault.Conflict && ctx.Err() == nil {
				log.Error("the files for the clearing house could not be made", "error", err)
			}
			for i := range made {
				log.Info("a file for the clearing house", "file", made[i].No, "window", made[i].Window, "entries", made[i].Entries, "state", made[i].State)
			}
		}
	})
}

type achBuildCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Window  string `help:"The window; the plan's first when left out."`
	Date    string `help:"The day on which the bank takes the file; today when left out."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *achBuildCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day := o.clearingDay()
	if c.Date != "" {
		if day, err = o.dayOrToday(c.Date); err != nil {
			return err
		}
	}
	window := c.Window
	if window == "" {
		window = o.plan.Clearing.Windows[0].Name
	}
	report, err := desk.Build(r.ctx, day, window, actor)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{
			"files": filesJSON(report.Files), "failed": report.Failed, "waiting": waitingJSON(report.Waiting),
		})
	}
	for i := range report.Files {
		printACHFile(r, &report.Files[i])
	}
	if len(report.Files) == 0 {
		r.printf("Nothing is ready for the window %s of %s.\n", window, day)
	}
	if report.Failed > 0 {
		r.printf("%s could not be sent: the account or the authorisation is gone\n", counted(int(report.Failed), "entry"))
	}
	printWaiting(r, report.Waiting)
	return nil
}

func printWaiting(r *run, waiting []clearing.Waiting) {
	for _, w := range waiting {
		r.printf("Waits: %d %s %ss of %s, %s in all\n", w.Entries, w.SEC, w.Direction, w.Purse.Fund, w.Cents.Grouped())
	}
}

func waitingJSON(waiting []clearing.Waiting) []map[string]any {
	out := []map[string]any{}
	for _, w := range waiting {
		out = append(out, map[string]any{
			"fund": w.Purse.Fund, "direction": w.Direction, "sec": w.SEC, "kind": w.Kind, "entries": w.Entries, "cents": int64(w.Cents),
		})
	}
	return out
}

// achFileJSON is a file as the command line tells it.
type achFileJSON struct {
	File        int64              `json:"file"`
	State       clearing.FileState `json:"state"`
	Live        bool               `json:"live"`
	Day         calendar.Date      `json:"day"`
	Window      string             `json:"window"`
	Part        int64              `json:"part"`
	EffectiveOn calendar.Date      `json:"effective_on"`
	Name        string             `json:"name"`
	Batches     int64              `json:"batches"`
	Entries     int64              `json:"entries"`
	DebitCents  int64              `json:"debit_cents"`
	CreditCents int64              `json:"credit_cents"`
	EntryHash   string             `json:"entry_hash"`
	Bytes       int64              `json:"bytes"`
	SHA256      string             `json:"sha256"`
	ApprovedBy  string             `json:"approved_by,omitempty"`
	ReleasedAt  time.Time          `json:"released_at,omitzero"`
	PlacedAt    time.Time          `json:"placed_at,omitzero"`
	Answer      string             `json:"answer,omitempty"`
	Why         string             `json:"why,omitempty"`
}

func fileJSON(f *clearing.File) achFileJSON {
	return achFileJSON{
		f.No, f.State, f.Live, f.Day, f.Window, f.Part, f.EffectiveOn, f.Name, f.Batches, f.Entries, int64(f.DebitCents), int64(f.CreditCents),
		f.EntryHash, f.Bytes, f.SHA256, f.ApprovedBy, f.ReleasedAt, f.PlacedAt, f.Answer, f.Why,
	}
}

func filesJSON(files []clearing.File) []achFileJSON {
	out := []achFileJSON{}
	for i := range files {
		out = append(out, fileJSON(&files[i]))
	}
	return out
}

func printACHFile(r *run, f *clearing.File) {
	kind := "sandbox"
	if f.Live {
		kind = "live"
	}
	r.printf("file %d, %s, %s, window %s of %s, settles %s: %s, debits %s, credits %s: %s", f.No, f.Name, kind, f.Window, f.Day, f.EffectiveOn,
		counted(int(f.Entries), "entry"), f.DebitCents.Grouped(), f.CreditCents.Grouped(), f.State)
	if f.Answer != "" {
		r.printf(", the bank says: %s", f.Answer)
	}
	r.printf("\n")
}

type achListCommand struct {
	where `embed:""`
	Most  int  `help:"How many files, the latest first." default:"20"`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *achListCommand) Run(r *run) error {
	o, _, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	files, err := o.store.ACHFiles(r.ctx, c.Most)
	if err != nil {
		return err
	}
	waiting, err := o.store.Waiting(r.ctx, o.clearingDay().AddYears(100)) // everything, whenever it goes out
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"files": filesJSON(files), "waiting": waitingJSON(waiting)})
	}
	for i := range files {
		printACHFile(r, &files[i])
	}
	printWaiting(r, waiting)
	return nil
}

// achFile names a file and who acts.
type achFile struct {
	where   `embed:""`
	staffer `embed:""`
	File    int64 `arg:"" help:"The file's number, as \"ach list\" shows it."`
	JSON    bool  `help:"Answer in JSON."`
}

// do carries out an act on a file and prints what it is then.
func (c *achFile) do(r *run, act func(desk *clearing.Desk, by ident.Actor) (clearing.File, error)) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	_, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	f, err := act(desk, actor)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(fileJSON(&f))
	}
	printACHFile(r, &f)
	return nil
}

type achShowCommand struct {
	achFile `embed:""`
	To      string `help:"Write the file's bytes here too."`
}

// Run implements the command.
func (c *achShowCommand) Run(r *run) error {
	o, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	f, err := o.store.ACHFile(r.ctx, c.File)
	if err != nil {
		return err
	}
	batches, err := o.store.Batches(r.ctx, f.No)
	if err != nil {
		return err
	}
	if c.To != "" {
		to := r.path(c.To)
		if err := exchange.NewDrop(filepath.Dir(to)).Put(r.ctx, "", filepath.Base(to), desk.Content(r.ctx, &f)); err != nil {
			return err
		}
	}
	if c.JSON {
		type batchJSON struct {
			Batch   int64  `json:"batch"`
			Company string `json:"company"`
			SEC     string `json:"sec"`
			Words   string `json:"description"`
			Way     string `json:"direction"`
			Entries int64  `json:"entries"`
			Cents   int64  `json:"cents"`
		}
		list := []batchJSON{}
		for _, b := range batches {
			list = append(list, batchJSON{b.No, b.Company, string(b.SEC), b.Description, string(b.Direction), b.Entries, int64(b.Amount)})
		}
		return r.printJSON(map[string]any{"file": fileJSON(&f), "batches": list})
	}
	printACHFile(r, &f)
	for _, b := range batches {
		r.printf("  batch %d, %s %s %s %s: %s, %s\n", b.No, b.Company, b.SEC, b.Direction, b.Description, counted(int(b.Entries), "entry"), b.Amount.Grouped())
	}
	return nil
}

type achReleaseCommand struct {
	achFile `embed:""`
}

// Run implements the command.
func (c *achReleaseCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, by ident.Actor) (clearing.File, error) {
		return desk.Release(r.ctx, c.File, by)
	})
}

type achPutCommand struct {
	achFile `embed:""`
}

// Run implements the command.
func (c *achPutCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, _ ident.Actor) (clearing.File, error) { return desk.PutAgain(r.ctx, c.File) })
}

type achWithdrawCommand struct {
	achFile `embed:""`
	Reason  string `help:"Why." required:""`
}

// Run implements the command.
func (c *achWithdrawCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, by ident.Actor) (clearing.File, error) {
		return desk.Withdraw(r.ctx, c.File, by, c.Reason)
	})
}

type achAcknowledgeCommand struct {
	achFile `embed:""`
	Answer  string `help:"What the bank said." required:""`
}

// Run implements the command.
func (c *achAcknowledgeCommand) Run(r *run) error {
	return c.do(r, func(desk *clearing.Desk, _ ident.Actor) (clearing.File, error) {
		return desk.Acknowledge(r.ctx, c.File, c.Answer)
	})
}

type achApproveCommand struct {
	achFile `embed:""`
	Reason  string `help:"What the file is." default:"the window's debits"`
}

// Run implements the command.
func (c *achApproveCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	_, desk, done, err := r.openDesk(&c.where)
	if err != nil {
		return err
	}
	defer done()
	request, err := desk.Ask(r.ctx, c.File, actor, c.Reason)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"request": request.ID, "state": request.State})
	}
	r.printf("request %s: %s\n", request.ID, request.State)
	return nil
}

// accountOf reads a billing account at the command line.
func (o *office) accountOf(number string) (ledger.BookNo, error) {
	no, err := billpay.Parse(number)
	if err != nil {
		return 0, fault.New(fault.Invalid, "", "%v", err)
	}
	return ledger.BookNo(no), nil
}
