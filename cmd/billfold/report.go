package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	picture "github.com/billfold/billfold/internal/edge/chart"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/recon"
	reports "github.com/billfold/billfold/internal/office/report"
)

type reportCommand struct {
	where  `embed:""`
	Name   string `arg:"" help:"${reports}."`
	From   string `help:"The first posting day; the first of the month of the last one when left out."`
	To     string `help:"The last posting day; yesterday when left out."`
	Format string `help:"How it is written: csv, json, pdf, or svg for its picture." enum:"csv,json,pdf,svg" default:"csv"`
	Out    string `help:"The file to write; the standard output when left out."`
}

// reportNames lists the reports for the command's help.
func reportNames() string { return strings.Join(reports.Names(), ", ") }

// Run implements the command.
func (c *reportCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	period := reports.Period{}
	if period.To, err = o.dayOf(c.To); err != nil {
		return err
	}
	period.From = calendar.MonthOf(period.To).First()
	if c.From != "" {
		if period.From, err = calendar.Parse(c.From); err != nil {
			return fault.New(fault.Invalid, "", "--from: %v", err)
		}
	}
	table, err := r.makeReport(o, reports.Name(c.Name), period)
	if err != nil {
		return err
	}
	text, err := o.writeReport(&table, c.Format)
	if err != nil {
		return err
	}
	if c.Out == "" {
		_, err = r.out.Write(text)
		return err
	}
	if err := os.WriteFile(r.path(c.Out), text, 0o600); err != nil {
		return fault.New(fault.Unavailable, "", "the report cannot be written: %v", err)
	}
	r.printf("Written: %s, %s\n", c.Out, counted(len(table.Rows), "row"))
	return nil
}

func (r *run) makeReport(o *office, name reports.Name, period reports.Period) (reports.Table, error) {
	if name != reports.Bank {
		if name == reports.CashByRail {
			if err := o.recon().Refresh(r.ctx); err != nil {
				return reports.Table{}, err
			}
		}
		return reports.Make(r.ctx, o.store, name, period)
	}
	shape, err := reports.ShapeOf(name)
	table := reports.Table{Shape: shape, From: period.From, To: period.To}
	for _, entity := range o.house.EntityNos() {
		p, proveErr := o.recon().Prove(r.ctx, entity, period.To)
		if proveErr != nil {
			return table, proveErr
		}
		table.Rows = append(table.Rows, bankRows(&p)...)
	}
	return table, err
}

// bankRows leads from each bank account's balance to the books.
func bankRows(p *recon.Proof) (rows [][]reports.Cell) {
	add := func(account, what string, n recon.Named) {
		if n.Count != 0 || n.Cents != 0 {
			rows = append(rows, []reports.Cell{reports.T(account), reports.T(what), reports.N(n.Count), reports.N(n.Cents)})
		}
	}
	for _, b := range p.Bank {
		add(b.Account, fmt.Sprintf("bank's balance of %s", b.AsOf), recon.Named{Count: 1, Cents: b.Closing})
	}
	for _, a := range p.Accounts {
		if strings.HasSuffix(a.Account, "/"+chart.Cash.String()) {
			add(a.Account, "balance of the books", recon.Named{Count: 1, Cents: a.Balance})
			add(a.Account, "named differences of statements", recon.Named{Cents: a.Balance - a.Other})
			continue
		}
		add(a.Account, "on its way", a.Timing)
		add(a.Account, "late", a.Late)
		add(a.Account, "lines not explained", a.Lines)
	}
	add("all", "unexplained", recon.Named{Count: 1, Cents: p.Unexplained})
	return rows
}

func (o *office) writeReport(t *reports.Table, format string) ([]byte, error) {
	var out bytes.Buffer
	switch format {
	case "pdf":
		return paper.Report(t, o.plan.Name, o.clock.Now())
	case "json":
		err := t.JSON(&out)
		return out.Bytes(), err
	case "svg":
		labels, cents := t.Bars()
		if len(labels) == 0 {
			return nil, fault.New(fault.Invalid, "", "the report %q has no picture: read its table", t.Name)
		}
		return []byte(picture.Bars(picture.Picture{ID: string(t.Name), Title: t.Title, Description: t.Said, Labels: labels, Cents: cents}) + "\n"), nil
	}
	err := t.CSV(&out)
	return out.Bytes(), err
}
