package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/cmd/billfold/demo"
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

type demoCommand struct {
	Addr    string `help:"Address to listen on." default:"127.0.0.1:8080"`
	Data    string `help:"Folder for the demonstration; made when there is none." default:"data/demo" type:"path"`
	Members int    `help:"How many members to make up." default:"10000"`
	Seed    uint64 `help:"The same seed makes up the same people." default:"1"`
	JSON    bool   `help:"Say in JSON when it is ready."`

	ProcessorAddr string `help:"Address of the simulated card processor; what plan.yaml says when left out, or a free port beside a free --addr."`
}

// demoMail is the folder into which letters are put instead of being sent.
const demoMail = "mail"

// demoStaff acts for the demonstration.
var demoStaff = ident.Actor{Kind: ident.System, Name: "demo"}

// readyJSON is what the demonstration says when it is ready.
type readyJSON struct {
	URL      string        `json:"url"`
	ReadyMS  int64         `json:"ready_ms"`
	Cards    string        `json:"processor_url"` // of the simulated card processor, or ""
	Data     string        `json:"data"`
	Try      string        `json:"try"`
	Examples []exampleJSON `json:"examples"`
	Staff    []demoLogin   `json:"staff,omitempty"` // at the first start only
}

type exampleJSON struct {
	Number        string      `json:"number"`
	ZIP           string      `json:"zip"`
	LastName      string      `json:"last_name"`
	StatementCode string      `json:"statement_code"`
	Due           money.Cents `json:"due_cents"`

	premium money.Cents // of Due: a lockbox of the premium fund takes no more
}

// Run implements the command.
func (c *demoCommand) Run(r *run) error {
	clk := clock.System{}
	began := clk.Now()
	w := &where{Data: c.Data}
	if err := writeConfig(w.config()); err != nil {
		return err
	}
	o, err := openOffice(r.ctx, w, clk)
	if err != nil {
		return err
	}
	defer o.store.Close()
	d := &demonstration{office: o, command: c, try: filepath.Join(c.Data, "try"), keys: w.keys()}
	if err := d.prepare(r.ctx); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(r.errs, &slog.HandlerOptions{Level: slog.LevelWarn})) // each request would hide what to try next
	listener, err := listen(c.Addr)
	if err != nil {
		return err
	}
	stop, err := d.startCards(r.ctx, listener.Addr(), log)
	if err != nil {
		listener.Close()
		return err
	}
	defer stop() // after whoever is paying was answered
	s, err := o.serve(r.ctx, serving{
		where: w, listener: listener, drop: filepath.Join(c.Data, "files"), spool: filepath.Join(c.Data, demoMail),
		notices: []web.Text{web.MadeUp}, steps: d.steps(), log: log, overview: true, office: true,
	})
	if err != nil {
		return err
	}
	logins, err := o.openLogins(r.ctx, o.staffDesk(limit.New(o.store, limit.Defaults(), o.clock)))
	if err != nil {
		return err
	}
	ready := readyJSON{Staff: logins,
		URL: s.url, Cards: d.processor, ReadyMS: clk.Now().Sub(began).Milliseconds(), Data: c.Data, Try: d.try, Examples: d.examples,
	}
	if err := d.announce(r, &ready); err != nil {
		return err
	}
	return s.wait()
}

// startCards starts the simulated card processor, if the plan names one, and gives
// a function that stops it.
func (d *demonstration) startCards(ctx context.Context, office net.Addr, log *slog.Logger) (stop func(), err error) {
	addr := simulatedAt(d.office.plan)
	if addr == "" {
		return func() {}, nil
	}
	if strings.HasSuffix(d.command.Addr, ":0") {
		addr = "127.0.0.1:0"
	}
	if d.command.ProcessorAddr != "" {
		addr = d.command.ProcessorAddr
	}
	notify := "http://" + reachable(office) + "/processor/notices"
	alive, end := context.WithCancel(context.WithoutCancel(ctx))
	s, err := startSimulator(alive, addr, filepath.Join(d.command.Data, "processor"), d.office.plan.Name, notify, d.keys, log)
	if err != nil {
		end()
		return nil, err
	}
	s.serves(d.office.plan.Processor)
	d.processor = s.ready.URL
	var watching sync.WaitGroup
	watching.Go(func() { s.watch(alive) })
	return func() {
		end()
		watching.Wait()
	}, nil
}

// writeConfig puts the made-up plan's configuration where it can be read and
// changed, unless some is there.
func writeConfig(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, "plan.yaml")); err == nil {
		return nil
	}
	return fs.WalkDir(cedarvalley.Files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		to := filepath.Join(dir, path)
		if entry.IsDir() {
			return os.MkdirAll(to, 0o700)
		}
		text, err := fs.ReadFile(cedarvalley.Files, path)
		if err != nil {
			return err
		}
		return os.WriteFile(to, text, 0o600)
	})
}

// demonstration is a made-up plan on its way to being ready.
type demonstration struct {
	office  *office
	command *demoCommand
	try     string // folder of files to try
	keys    string // key folder
	// processor is where the simulated card processor answers, or "".
	processor string
	people    []enrolment.Member
	examples  []exampleJSON
}

func (d *demonstration) today() calendar.Date {
	return d.office.plan.Entities[0].PostingDay(d.office.clock.Now())
}

// prepare fills a new data folder; one that was filled before is used as it is.
func (d *demonstration) prepare(ctx context.Context) error {
	if err := d.loadPeople(ctx); err != nil {
		return err
	}
	if len(d.people) == 0 {
		if err := d.fill(ctx); err != nil {
			return err
		}
	}
	if err := d.findExamples(ctx); err != nil {
		return err
	}
	return d.writeFilesToTry()
}

func (d *demonstration) fill(ctx context.Context) error {
	access, err := audit.By(demoStaff, "made-up members", "demo")
	if err != nil {
		return err
	}
	people := demo.People{Members: d.command.Members, Seed: d.command.Seed, Today: d.today()}
	report, err := d.office.members.enrolment.Import(ctx, access, enrolment.File{
		Open: func() io.Reader { return bytes.NewReader(nil) }, Read: people.Rows,
	})
	if err != nil {
		return err
	}
	if report.Added != d.command.Members {
		return fault.New(fault.Internal, "", "%d of %d made-up members were enrolled", report.Added, d.command.Members)
	}
	if err := d.take(ctx, "juniper-outfitters.834", demo.Enrolment(d.today(), 0)); err != nil {
		return err
	}
	if err := d.loadPeople(ctx); err != nil {
		return err
	}
	if err := d.bill(ctx); err != nil {
		return err
	}
	return d.post(ctx)
}

func (d *demonstration) take(ctx context.Context, name string, content []byte) error {
	result, err := d.office.intake.Take(ctx, name, bytes.NewReader(content), demoStaff, nil)
	if err == nil && result.Verdict != fault.Accept {
		err = fault.New(fault.Internal, "", "the demonstration's file %s is not accepted: %v", name, result.Problems)
	}
	return err
}

// loadPage is how many members are loaded at a time.
const loadPage = 2000

func (d *demonstration) loadPeople(ctx context.Context) error {
	d.people = nil
	after := billpay.Number(0)
	for {
		books, err := d.office.store.ListMembers(ctx, registry.Filter{}, after, loadPage)
		if err != nil || len(books) == 0 {
			return err
		}
		members, err := d.office.store.Members(ctx, books)
		if err != nil {
			return err
		}
		d.people = append(d.people, members...)
		after = billpay.Number(books[len(books)-1])
	}
}

// bill makes two months' premiums owed by subscribers, and some visits and
// prescriptions.
func (d *demonstration) bill(ctx context.Context) error {
	draw := rand.New(rand.NewPCG(d.command.Seed, 0xB111))
	month := d.today().AddDays(1 - d.today().Time().Day())
	var items []openitem.Item
	for i := range d.people {
		p := &d.people[i]
		item := openitem.Item{About: ledger.BookNo(p.Number), Privacy: openitem.Ordinary}
		if p.Record.Relationship == member.Self {
			premium := money.Cents(18_000 + 50*draw.IntN(900))
			for back := range 1 + draw.IntN(2) {
				of := item
				of.Purse = d.office.house.PurseOf(chart.Premium)
				of.ServiceOn = month.AddDays(-27 * back)
				of.ServiceOn = of.ServiceOn.AddDays(1 - of.ServiceOn.Time().Day())
				of.Text, of.DueOn, of.Amount = "Premium "+of.ServiceOn.Time().Format("January 2006"), of.ServiceOn, premium
				items = append(items, of)
			}
		}
		if draw.IntN(5) == 0 {
			visit := item
			visit.Purse, visit.Text = d.office.house.PurseOf(chart.Medical), "Office visit"
			visit.ServiceOn = d.today().AddDays(-20 - draw.IntN(40))
			visit.DueOn, visit.Amount = visit.ServiceOn.AddDays(45), money.Cents(2_500+100*draw.IntN(200))
			items = append(items, visit)
		}
		if draw.IntN(4) == 0 {
			fill := item
			fill.Purse, fill.Text = d.office.house.PurseOf(chart.Pharmacy), "Prescription"
			fill.ServiceOn = d.today().AddDays(-draw.IntN(30))
			fill.DueOn, fill.Amount = fill.ServiceOn.AddDays(30), money.Cents(500+25*draw.IntN(200))
			items = append(items, fill)
		}
	}
	const chunk = 1000
	for from := 0; from < len(items); from += chunk {
		order := cashier.Order{Key: ident.Key(fmt.Sprintf("demo-bills:%d", from)), Actor: demoStaff}
		if _, err := d.office.cashier.Bill(ctx, order, items[from:min(from+chunk, len(items))], false); err != nil {
			return err
		}
	}
	return nil
}

// post takes a lockbox file in which one number has two digits swapped, a file
// of banks' bill pay, and cash at a counter.
func (d *demonstration) post(ctx context.Context) error {
	draw := rand.New(rand.NewPCG(d.command.Seed, 0x10CB))
	payers := d.payers(draw, min(400, 1+len(d.people)/20))
	cheques := make([]demo.Cheque, len(payers))
	for i, p := range payers {
		cheques[i] = demo.Cheque{Reference: p.Digits(), Cents: money.Cents(10_000 + 25*draw.IntN(1200))}
	}
	cheques[len(cheques)/2].Reference = demo.Swapped(cheques[len(cheques)/2].Reference)
	file, err := demo.Lockbox(d.today(), 1, cheques)
	if err != nil {
		return err
	}
	if err := d.take(ctx, "lockbox.txt", file); err != nil {
		return err
	}
	var bills []demo.Cheque
	for _, p := range d.payers(draw, min(150, 1+len(d.people)/50)) {
		bills = append(bills, demo.Cheque{Reference: p.Digits(), Cents: money.Cents(10_000 + 25*draw.IntN(800))})
	}
	if file, err = demo.BankBillPay(d.today(), bills); err != nil {
		return err
	}
	return d.take(ctx, "bank-bill-pay.ach", file)
}

// payers draws members who are old enough to pay.
func (d *demonstration) payers(draw *rand.Rand, n int) []billpay.Number {
	numbers := make([]billpay.Number, 0, n)
	for len(numbers) < n {
		p := &d.people[draw.IntN(len(d.people))]
		if p.Record.Relationship == member.Self {
			numbers = append(numbers, p.Number)
		}
	}
	return numbers
}

const examplesMax = 10

// findExamples picks subscribers who owe something, and makes each a statement
// code: codes are kept as hashes, so only new ones can be shown.
func (d *demonstration) findExamples(ctx context.Context) error {
	draw := rand.New(rand.NewPCG(d.command.Seed, 0xE8A3))
	var books []ledger.BookNo
	for tries := 0; len(d.examples) < examplesMax && tries < 50*examplesMax; tries++ {
		p := &d.people[draw.IntN(len(d.people))]
		have, err := d.office.store.Read(ctx, cashier.Want{Books: []ledger.BookNo{ledger.BookNo(p.Number)}})
		if err != nil {
			return err
		}
		due, premium := money.Cents(0), money.Cents(0)
		for _, item := range have.Books[ledger.BookNo(p.Number)].Items {
			due += item.Open
			if item.Purse.Fund == chart.Premium {
				premium += item.Open
			}
		}
		if slices.Contains(books, ledger.BookNo(p.Number)) {
			continue
		}
		if p.Record.Relationship != member.Self || premium == 0 {
			continue
		}
		person := &p.Record.Person
		d.examples = append(d.examples, exampleJSON{
			Number: p.Number.Digits(), ZIP: person.Residence.ZIP, LastName: person.Name.Last, Due: due, premium: premium,
		})
		books = append(books, ledger.BookNo(p.Number))
	}
	codes, err := d.office.store.StatementCodes(ctx, books, d.today().AddDays(registry.CodeDays))
	for i, code := range codes {
		d.examples[i].StatementCode = code
	}
	return err
}

// Files to try, in the demonstration's folder.
const (
	tryLockbox   = "lockbox.txt"
	tryEnrolment = "enrolment.834"
	tryBroken    = "lockbox-broken.txt"
	tryItems     = "open-items.csv"
)

// writeFilesToTry writes files that a visitor can import: good ones and one
// whose totals are wrong.
func (d *demonstration) writeFilesToTry() error {
	if err := os.MkdirAll(d.try, 0o700); err != nil {
		return fault.New(fault.Unavailable, "", "%v", err)
	}
	if len(d.examples) < 3 {
		return nil
	}
	var cheques []demo.Cheque
	for _, e := range d.examples[:3] {
		cheques = append(cheques, demo.Cheque{Reference: e.Number, Cents: e.premium})
	}
	cheques[2].Reference = demo.Swapped(cheques[2].Reference)
	good, err := demo.Lockbox(d.today(), 2, cheques)
	if err != nil {
		return err
	}
	items := "number,fund,amount,due_on,description,privacy\n" +
		d.examples[0].Number + ",medical,85.00," + d.today().AddDays(30).String() + ",Office visit,ordinary\n"
	var failed error
	for name, content := range map[string][]byte{
		tryLockbox: good, tryEnrolment: demo.Enrolment(d.today(), 1), tryItems: []byte(items),
		// Two bytes of the first cheque's amount: the file's own totals disagree.
		tryBroken: bytes.Replace(good, []byte("6001001000"), []byte("6001001099"), 1),
	} {
		failed = errors.Join(failed, os.WriteFile(filepath.Join(d.try, name), content, 0o600))
	}
	return failed
}

func (d *demonstration) steps() []web.Step {
	data := d.command.Data
	command := func(format string, args ...any) string { return "bin/billfold " + fmt.Sprintf(format, args...) }
	steps := []web.Step{
		{Title: web.Text{English: "Take a lockbox file: two checks find their owners, one goes to suspense", Spanish: "Reciba un archivo de cheques: dos encuentran a su dueño y uno queda pendiente"},
			Command: command("import %s --data %s", filepath.Join(d.try, tryLockbox), data)},
		{Title: web.Text{English: "See what is in suspense and who may own it", Spanish: "Vea qué dinero está pendiente y de quién puede ser"},
			Command: command("suspense list --data %s", data)},
		{Title: web.Text{English: "Send a file whose totals are wrong: nothing is posted", Spanish: "Envíe un archivo con totales equivocados: no se registra nada"},
			Command: command("import %s --data %s", filepath.Join(d.try, tryBroken), data)},
		{Title: web.Text{English: "Enrol an employer's people from an 834: each gets a number", Spanish: "Inscriba a las personas de un empleador con un 834: cada una recibe un número"},
			Command: command("import %s --data %s", filepath.Join(d.try, tryEnrolment), data)},
		{Title: web.Text{English: "Prove every cent", Spanish: "Compruebe cada centavo"},
			Command: command("verify --data %s", data)},
	}
	if d.processor == "" {
		return steps
	}
	control := func(what string) string {
		key := filepath.Join(d.keys, processorKey.file)
		return fmt.Sprintf(`curl -u "$(cat %s):" -X POST %s/control/%s`, key, d.processor, what)
	}
	return append(steps,
		web.Step{Title: web.Text{English: "Pull the plug of the simulated card processor, then pay by card", Spanish: "Desconecte el procesador de tarjetas simulado y después pague con tarjeta"},
			Command: control("unplug")},
		web.Step{Title: web.Text{English: "Put the plug back: what was not clear is found out", Spanish: "Vuelva a conectarlo: se averigua lo que no estaba claro"},
			Command: control("plug")},
	)
}

func (d *demonstration) announce(r *run, ready *readyJSON) error {
	if d.command.JSON {
		return r.printJSON(ready)
	}
	r.printf("%s is ready after %.1f s: %s\n\n", d.office.plan.Name, float64(ready.ReadyMS)/1000, ready.URL) // not money: seconds
	if len(ready.Examples) > 0 {
		if err := d.announceExample(r, ready); err != nil {
			return err
		}
	}
	for i, login := range ready.Staff {
		if i == 0 {
			r.printf("The office: %s/office. These are shown once; an app that shows codes takes the key:\n", ready.URL)
		}
		r.printf("  %-14s password %s  key %s\n", login.Name, login.Password, login.Secret)
		if i == len(ready.Staff)-1 {
			r.printf("\n")
		}
	}
	r.printf("What to try next, in another terminal:\n")
	for _, step := range d.steps() {
		r.printf("\n  %s\n    %s\n", step.Title.English, step.Command)
	}
	r.printf("\nOr put a file into %s. Stop with Ctrl-C; the data stays.\n", filepath.Join(d.command.Data, "files", "incoming"))
	return nil
}

// announceExample says with which facts a visitor can pay, at the page and at a
// counter.
func (d *demonstration) announceExample(r *run, ready *readyJSON) error {
	e := ready.Examples[0]
	number, err := billpay.Parse(e.Number)
	if err != nil {
		return err
	}
	if ready.Cards != "" {
		r.printf("Pay a bill as a guest: %s\n", ready.URL)
		r.printf("    number %s, ZIP %s or last name %s; or the code %s, which stands on a bill\n", number.Grouped(), e.ZIP, e.LastName, e.StatementCode)
		r.printf("    card 4242 4242 4242 4242, any later date, any code; other cards: docs/integrators/card-simulator.md\n")
		r.printf("    receipts go to %s\n\n", filepath.Join(d.command.Data, demoMail))
	}
	r.printf("Take cash for somebody (%s, owes %s)\n    bin/billfold take cash --number %q --amount 5.00 --staff you --drawer boulder-1 --data %s\n",
		e.LastName, e.Due.Grouped(), number.Grouped(), d.command.Data)
	r.printf("    bin/billfold account %q --data %s\n\n", number.Grouped(), d.command.Data)
	return nil
}
