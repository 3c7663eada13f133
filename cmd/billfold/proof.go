package main

import (
	"fmt"
	"os"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/store"
)

type verifyCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// proofView is a proof's report as the command line shows it.
type proofView struct {
	Proved       bool                       `json:"proved"`
	Broken       *proof.Broken              `json:"broken"`
	Books        int64                      `json:"books"`
	Transactions int64                      `json:"transactions"`
	Postings     int64                      `json:"postings"`
	Receipts     int64                      `json:"receipts"`
	Items        int64                      `json:"items"`
	Claims       int64                      `json:"claims"`
	Files        int64                      `json:"files"`
	Seals        int64                      `json:"seals"`
	Audited      int64                      `json:"audit_entries"`
	Cents        map[chart.Fund]money.Cents `json:"posted_cents"`
	Debits       money.Cents                `json:"debit_cents"`
	Credits      money.Cents                `json:"credit_cents"`
	Accounts     []accountView              `json:"accounts"`
}

type accountView struct {
	Account string      `json:"account"`
	Debit   money.Cents `json:"debit_cents"`
	Credit  money.Cents `json:"credit_cents"`
}

// Run implements the command.
func (c *verifyCommand) Run(r *run) error {
	o, done, err := r.openBooks(&c.where)
	if err != nil {
		return err
	}
	defer done()
	began := o.clock.Now()
	report, err := proof.Verify(r.ctx, o.store, o.signing, func(p proof.Progress) {
		fmt.Fprintf(r.errs, "  %s: %d transactions of %d books\n", p.Stage, p.Transactions, p.Books)
	})
	if err != nil {
		return err
	}
	if report.Broken == nil {
		report.Audited, report.Broken, err = proof.VerifyAudit(o.store.AuditEntries(r.ctx))
		if err != nil {
			return err
		}
	}
	if err := r.proof(&report, c.JSON, o.clock.Now().Sub(began)); err != nil {
		return err
	}
	if report.Broken != nil {
		return exitError(exitProofFailed)
	}
	return nil
}

func (r *run) proof(report *proof.Report, asJSON bool, took time.Duration) error {
	view := proofView{
		Proved: report.Broken == nil, Broken: report.Broken, Books: report.Books, Transactions: report.Transactions,
		Postings: report.Postings, Receipts: report.Receipts, Items: report.Items, Claims: report.Claims,
		Files: report.Files, Seals: report.Seals, Audited: report.Audited, Cents: report.Cents, Debits: report.Debits, Credits: report.Credits,
		Accounts: []accountView{},
	}
	for _, account := range report.Accounts.Ordered() {
		b := report.Accounts[account]
		view.Accounts = append(view.Accounts, accountView{chart.Name(account), b.PostedDebit, b.PostedCredit})
	}
	if asJSON {
		return r.printJSON(view)
	}
	if report.Broken != nil {
		r.printf("NOT PROVED: %v\nMoney is not moved by verify. Keep this database as it is and see docs/operators/verify.md.\n", report.Broken)
		return nil
	}
	r.printf("Proved in %s: %d books, %d transactions, %d postings, %d receipts, %d items, %d claims, %d files, %d seals, %d audit entries.\n",
		took.Round(time.Millisecond), view.Books, view.Transactions, view.Postings, view.Receipts, view.Items, view.Claims,
		view.Files, view.Seals, view.Audited)
	r.printf("%-32s %18s %18s\n", "Account", "Debit", "Credit")
	for _, a := range view.Accounts {
		r.printf("%-32s %18s %18s\n", a.Account, a.Debit.Grouped(), a.Credit.Grouped())
	}
	r.printf("%-32s %18s %18s\n", "Total", view.Debits.Grouped(), view.Credits.Grouped())
	return nil
}

type closeCommand struct {
	where `embed:""`
	Day   string `help:"The day that is closed; today in the first legal entity's zone when left out."`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *closeCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day := o.plan.Entities[0].PostingDay(o.clock.Now())
	if c.Day != "" {
		if day, err = calendar.Parse(c.Day); err != nil {
			return fault.New(fault.Invalid, "", "--day: %v", err)
		}
	}
	seal, err := proof.Close(r.ctx, o.store, o.signing, o.clock, day)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{
			"seal": seal.No, "day": day, "transactions": seal.Transactions, "root": fmt.Sprintf("%x", seal.Root), "key": seal.KeyID,
		})
	}
	r.printf("Seal %d of %s covers %d transactions; root %x, signed by key %s\n", seal.No, day, seal.Transactions, seal.Root, seal.KeyID)
	return nil
}

type backupCommand struct {
	where `embed:""`
	To    string `required:"" help:"The archive to write."`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *backupCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	archived, err := o.store.Backup(r.ctx, r.path(c.To))
	if err != nil {
		return err
	}
	return r.archived("Written", archived, c.JSON)
}

func (r *run) archived(did string, a store.Archived, asJSON bool) error {
	if asJSON {
		return r.printJSON(map[string]any{"tables": a.Tables, "rows": a.Rows, "sha256": a.SHA256})
	}
	r.printf("%s: %d rows of %d tables, SHA-256 %s\n", did, a.Rows, a.Tables, a.SHA256)
	if did == "Written" {
		r.printf("The keys are not in it. Without the key folder nothing sealed in it can be read: keep both, apart.\n")
	}
	return nil
}

type restoreCommand struct {
	Archive   string `arg:"" help:"The archive that backup wrote." type:"existingfile"`
	Data      string `help:"Folder for the embedded database, which must be empty." default:"data/billfold" env:"BILLFOLD_DATA" type:"path"`
	DSN       string `help:"Address of an empty PostgreSQL database, instead." env:"BILLFOLD_DSN"`
	OwnerDSN  string `help:"Address under the role that owns the schema." env:"BILLFOLD_OWNER_DSN"`
	KeyFolder string `name:"keys" help:"Folder of the keys under which the archive was sealed; the data folder's keys when left out." type:"path"`
	JSON      bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *restoreCommand) Run(r *run) error {
	w := where{Data: c.Data, DSN: c.DSN, OwnerDSN: c.OwnerDSN, KeyFolder: c.KeyFolder}
	if _, err := os.Stat(w.keys()); err != nil {
		return fault.New(fault.Invalid, "", "there are no keys in %s", w.keys()).
			WithHint("An archive holds no keys: copy the key folder of the office that it comes from, or name it with --keys.")
	}
	keys, err := openKeys(w.keys())
	if err != nil {
		return err
	}
	s, err := store.Open(r.ctx, store.Options{Dir: c.Data, DSN: c.DSN, OwnerDSN: c.OwnerDSN}, keys, clock.System{})
	if err != nil {
		return err
	}
	defer s.Close()
	archived, err := s.Restore(r.ctx, c.Archive)
	if err != nil {
		return err
	}
	return r.archived("Restored", archived, c.JSON)
}

type keysCommand struct {
	Rotate keysRotateCommand `cmd:"" help:"Make a new key and seal everything under it; old backups still open."`
}

type keysRotateCommand struct {
	where `embed:""`
}

// Run implements the command.
func (c *keysRotateCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	if err := o.vault.Rotate(); err != nil {
		return err
	}
	told := 0
	resealed, err := o.store.Reseal(r.ctx, o.vault.NeedsReseal, func(done int) {
		if done-told >= progressItems {
			told = done
			fmt.Fprintf(r.errs, "  %d values sealed anew\n", done)
		}
	})
	if err != nil {
		return err
	}
	r.printf("A new key is in force and %d values are sealed under it. Keep the old key files for old backups.\n", resealed)
	return nil
}

type balanceCommand struct {
	where     `embed:""`
	At        string `help:"As the books stood at this instant, such as 2026-11-23T17:00:00-07:00; now when left out."`
	Effective string `help:"Only what counts for the payer up to this date, such as 2026-11-30."`
	JSON      bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *balanceCommand) Run(r *run) error {
	o, done, err := r.openBooks(&c.where)
	if err != nil {
		return err
	}
	defer done()
	var filter store.BalanceFilter
	if c.At != "" {
		if filter.RecordedUpTo, err = time.Parse(time.RFC3339, c.At); err != nil {
			return fault.New(fault.Invalid, "", "--at: write an instant with its zone, such as 2026-11-23T17:00:00-07:00")
		}
	}
	if filter.EffectiveUpTo, err = calendar.Parse(c.Effective); err != nil {
		return fault.New(fault.Invalid, "", "--effective: %v", err)
	}
	balances, err := o.store.Balances(r.ctx, filter)
	if err != nil {
		return err
	}
	views := make([]accountView, 0, len(balances))
	for _, account := range balances.Ordered() {
		b := balances[account]
		views = append(views, accountView{chart.Name(account), b.PostedDebit, b.PostedCredit})
	}
	if c.JSON {
		return r.printJSON(views)
	}
	for _, v := range views {
		r.printf("%-32s %18s %18s\n", v.Account, v.Debit.Grouped(), v.Credit.Grouped())
	}
	return nil
}
