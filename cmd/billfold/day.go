package main

import (
	"context"
	"encoding/json"
	"os"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/recon"
)

type dayCommand struct {
	Status     dayStatusCommand     `cmd:"" help:"What a day's proof says, and what keeps it open."`
	Close      dayCloseCommand      `cmd:"" help:"Close a day: nothing is posted into it any more."`
	List       dayListCommand       `cmd:"" help:"The days that were closed."`
	Proof      dayProofCommand      `cmd:"" help:"Write the proof that a transaction stands under a signed seal."`
	CheckProof dayCheckProofCommand `cmd:"" name:"check-proof" help:"Check such a proof; needs no database."`
}

// dayOf reads --date: yesterday of the first legal entity when left out.
func (o *office) dayOf(text string) (calendar.Date, error) {
	if text == "" {
		return o.plan.Entities[0].PostingDay(o.clock.Now()).AddDays(-1), nil
	}
	day, err := calendar.Parse(text)
	if err != nil {
		return day, fault.New(fault.Invalid, "", "--date: %v", err)
	}
	return day, nil
}

// entitiesOf reads --entity: all legal entities when left out.
func (o *office) entitiesOf(ctx context.Context, id string) ([]chart.EntityNo, error) {
	if id == "" {
		return o.house.EntityNos(), nil
	}
	for _, no := range o.house.EntityNos() {
		if string(o.house.EntityOf(no).ID) == id {
			return []chart.EntityNo{no}, nil
		}
	}
	return nil, fault.New(fault.NotFound, "", "no legal entity has the id %q", id)
}

type dayStatusCommand struct {
	where  `embed:""`
	Date   string `help:"The day; yesterday when left out."`
	Entity string `help:"One legal entity; all when left out."`
	JSON   bool   `help:"A line of JSON for each legal entity."`
}

// Run implements the command.
func (c *dayStatusCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day, err := o.dayOf(c.Date)
	if err != nil {
		return err
	}
	entities, err := o.entitiesOf(r.ctx, c.Entity)
	if err != nil {
		return err
	}
	desk := o.recon()
	for _, entity := range entities {
		p, err := desk.Prove(r.ctx, entity, day)
		if err != nil {
			return err
		}
		if err := r.dayProof(o, &p, c.JSON); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) dayProof(o *office, p *recon.Proof, asJSON bool) error {
	if asJSON {
		return r.printJSON(p)
	}
	r.printf("%s, %s\n", o.house.EntityOf(p.Entity).Name, p.Day)
	for _, b := range p.Bank {
		r.printf("  %-40s %s %18s\n", b.Account, b.AsOf, b.Closing.Grouped())
	}
	for _, a := range append(p.Accounts[:len(p.Accounts):len(p.Accounts)], p.Control...) {
		r.printf("  %-28s %18s", a.Account, a.Balance.Grouped())
		for _, n := range []struct {
			what string
			recon.Named
		}{{"on its way", a.Timing}, {"late", a.Late}, {"not explained", a.Lines}} {
			if n.Count > 0 {
				r.printf("  %d %s %s", n.Count, n.what, n.Cents.Grouped())
			}
		}
		r.printf("\n")
	}
	r.printf("  unexplained: %s\n", p.Unexplained.Grouped())
	for _, b := range p.Blockers {
		r.printf("  keeps it open: %s %s\n", b.What, b.ID)
	}
	return nil
}

type dayCloseCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Date    string `help:"The day; yesterday when left out. Days since the last close close with it."`
	Entity  string `help:"One legal entity; all when left out."`
	JSON    bool   `help:"A line of JSON for each legal entity."`
}

// Run implements the command.
func (c *dayCloseCommand) Run(r *run) error {
	o, desk, actor, done, err := r.reconDesk(&c.where, &c.staffer)
	if err != nil {
		return err
	}
	defer done()
	day, err := o.dayOf(c.Date)
	if err != nil {
		return err
	}
	entities, err := o.entitiesOf(r.ctx, c.Entity)
	if err != nil {
		return err
	}
	proofs, err := desk.Close(r.ctx, entities, day, actor, o.sealBooks)
	for i := range proofs {
		if printErr := r.dayProof(o, &proofs[i], c.JSON); printErr != nil {
			return printErr
		}
	}
	if err == nil && !c.JSON {
		r.printf("%s is closed.\n", day)
	}
	return err
}

// sealBooks takes the seal that belongs to a close.
func (o *office) sealBooks(ctx context.Context, day calendar.Date) (int64, error) {
	seal, err := proof.Close(ctx, o.store, o.signing, o.clock, day)
	return seal.No, err
}

type dayListCommand struct {
	where `embed:""`
	Limit int  `help:"How many at most for each legal entity." default:"30"`
	JSON  bool `help:"A line of JSON for each."`
}

// Run implements the command.
func (c *dayListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	desk := o.recon()
	for _, entity := range o.house.EntityNos() {
		closes, err := desk.Closes(r.ctx, entity, c.Limit)
		if err != nil {
			return err
		}
		for i := range closes {
			d := &closes[i]
			if c.JSON {
				err = r.printJSON(map[string]any{
					"entity": o.house.EntityOf(entity).ID, "day": d.Day, "closed_at": d.ClosedAt, "actor": d.Actor, "seal": d.Seal,
					"report": json.RawMessage(d.Report),
				})
			} else {
				r.printf("%s  %-12s closed %s by %s, seal %d\n", d.Day, o.house.EntityOf(entity).ID, d.ClosedAt.Format("2006-01-02 15:04"), d.Actor, d.Seal)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

type dayProofCommand struct {
	where       `embed:""`
	Transaction string `required:"" help:"The transaction, as \"account\" shows it."`
	Out         string `help:"The file to write; the standard output when left out."`
}

// Run implements the command.
func (c *dayProofCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	ref, err := o.parseReference(r.ctx, c.Transaction)
	if err != nil {
		return err
	}
	document, err := proof.Export(r.ctx, o.store, o.signing, ref.Book, ref.Seq)
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(document, "", "  ")
	if err != nil {
		return err
	}
	text = append(text, '\n')
	if c.Out == "" {
		_, err = r.out.Write(text)
		return err
	}
	if err := os.WriteFile(r.path(c.Out), text, 0o600); err != nil {
		return fault.New(fault.Unavailable, "", "the proof cannot be written: %v", err)
	}
	r.printf("Written: %s\n", c.Out)
	return nil
}

type dayCheckProofCommand struct {
	File string `arg:"" help:"The proof." type:"existingfile"`
	Key  string `help:"The plan's public key in hexadecimal, as the plan published it. The key in the file shows only that the file agrees with itself."`
	JSON bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *dayCheckProofCommand) Run(r *run) error {
	text, err := os.ReadFile(c.File)
	if err != nil {
		return fault.New(fault.NotFound, "", "%v", err)
	}
	checked, err := proof.Check(text, c.Key)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(checked)
	}
	r.printf("Proved: the transaction stood in the books when close %d of %s was sealed; the chain leads on to close %d.\n",
		checked.Seal, checked.Day, checked.Last)
	if c.Key == "" {
		r.printf("The key is the file's own (%s): compare it with the one that the plan publishes.\n", checked.PublicKey)
	}
	return nil
}
