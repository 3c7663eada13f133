package main

import (
	"context"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/console"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/suspense"
)

// openConsole makes the office's own screens and their door.
func (o *office) openConsole(s serving, d *doors) (*auth.Door, error) {
	// The desk of refunds is made for a command line, which has a place for what the
	// card processor's client logs; here nobody reads it.
	refunds, err := (&run{ctx: context.Background(), errs: io.Discard}).refunds(o, s.where)
	if err != nil {
		return nil, err
	}
	approvals := approval.New(o.store, o.clock)
	held := suspense.New(o.store, o.cashier, approvals, o.house, o.clock)
	names := map[chart.EntityNo]string{}
	for _, no := range o.house.EntityNos() {
		names[no] = o.house.EntityOf(no).Name
	}
	options := console.Options{
		Figures: d.site.Figures, House: o.house, Entities: names, Zone: o.plan.Entities[0].Zone, Trail: o.members.trail, Books: o.store,
		Directory: o.members.registry, Approvals: approvals, Suspense: held, Recon: o.recon(), Refunds: refunds, Seal: o.sealBooks,
		DualControlAbove: o.plan.Limits.DualControlAbove,
	}
	if o.clearing != nil {
		options.Clearing, options.BankFiles = o.clearing, o.store
	}
	return auth.New(auth.Options{Desk: d.staff, Site: d.site, Clock: o.clock, Log: s.log}, console.New(options))
}

// demoLogin is how a visitor of the demonstration signs in to the office.
type demoLogin struct {
	Name     string `json:"name"`
	Password string `json:"password"`
	Secret   string `json:"totp_secret"`
}

// demoStaffNames are the people of the demonstration's office: two of them, so that a
// visitor can ask as one and agree as the other, and one who guards the bank.
var demoStaffNames = []struct {
	name, display string
	role          access.Role
}{
	{"specialist", "Sam Specialist", access.Specialist}, {"supervisor", "Sasha Supervisor", access.Supervisor},
	{"treasurer", "Toni Treasurer", access.Treasurer}, {"administrator", "Alex Administrator", access.Administrator},
}

// openLogins gives a demonstration's office its people, once: in a sandbox only.
func (o *office) openLogins(ctx context.Context, d *access.Desk) ([]demoLogin, error) {
	if !o.plan.Sandbox {
		return nil, nil
	}
	known, err := d.List(ctx)
	if err != nil || len(known) > 0 {
		return nil, err
	}
	var logins []demoLogin
	for _, p := range demoStaffNames {
		_, invitation, err := d.Invite(ctx, demoStaff, p.name, p.display, []access.Role{p.role})
		if err != nil {
			return nil, err
		}
		login := demoLogin{Name: p.name, Password: string(ident.NewOpaque())[:16]}
		j, err := d.Join(ctx, access.From{}, p.name, invitation, secret.New(login.Password))
		if err != nil {
			return nil, err
		}
		code, err := d.CodeNow(j)
		if err != nil {
			return nil, err
		}
		if _, _, err := d.JoinByApp(ctx, access.From{}, j, code); err != nil {
			return nil, fault.Wrap("demo.openLogins", err)
		}
		login.Secret = j.Secret
		logins = append(logins, login)
	}
	return logins, nil
}
