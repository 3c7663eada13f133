package main

import (
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/limit"
)

type staffCommand struct {
	Invite inviteStaffCommand `cmd:"" help:"Make an account for a person and print its invitation, once."`
	List   listStaffCommand   `cmd:"" help:"List the office's people."`
	Roles  rolesStaffCommand  `cmd:"" help:"Give a person other roles; their sessions end."`
	Lock   lockStaffCommand   `cmd:"" help:"Keep a person from signing in until a reset; their sessions end."`
	Reset  resetStaffCommand  `cmd:"" help:"Take password and second factors away, and print a new invitation."`
	End    endStaffCommand    `cmd:"" help:"End an account for ever, from this moment on."`
}

// staffDesk is the desk of the office's own people.
func (o *office) staffDesk(limits *limit.Limits) *access.Desk {
	return access.New(access.Options{
		Store: o.store, Hasher: o.vault, Trail: o.members.trail, Limits: limits, Clock: o.clock, Plan: o.plan.Name,
	})
}

// staffJSON is an account as the command line shows it.
type staffJSON struct {
	Name       string        `json:"name"`
	ID         ident.Opaque  `json:"id"`
	Display    string        `json:"display"`
	Roles      []access.Role `json:"roles"`
	State      access.State  `json:"state"`
	ChangedAt  time.Time     `json:"changed_at"`
	ChangedBy  string        `json:"changed_by"`
	Invitation string        `json:"invitation,omitempty"` // when it was just made
}

func staffView(a *access.Account, invitation secret.Text) staffJSON {
	return staffJSON{a.Name, a.ID, a.Display, a.Roles, a.State, a.ChangedAt, a.ChangedBy.String(), invitation.Reveal()}
}

// withStaff opens the desk for a command of a person.
func (r *run) withStaff(w *where, s *staffer, do func(o *office, d *access.Desk, by ident.Actor) error) error {
	by, err := s.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(w)
	if err != nil {
		return err
	}
	defer done()
	return do(o, o.staffDesk(limit.New(o.store, limit.Defaults(), o.clock)), by)
}

// invited tells an invitation, once.
func (r *run) invited(o *office, a *access.Account, code secret.Text, asJSON bool) error {
	if asJSON {
		return r.printJSON(staffView(a, code))
	}
	at := o.site
	if at == "" {
		at = "https://(where the office is served)"
	}
	r.printf("%s sets the account up at %s%s/join with the name %s and the code\n\n  %s\n\n", a.Display, at, auth.Root, a.Name, code.Reveal())
	r.printf("The code counts once, until %s. Hand it over in person or by a sealed letter.\n",
		o.clock.Now().Add(access.InvitationLife).Format(time.RFC3339))
	return nil
}

func rolesOf(words []string) []access.Role {
	roles := make([]access.Role, len(words))
	for i, w := range words {
		roles[i] = access.Role(w)
	}
	return roles
}

type inviteStaffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string   `arg:"" help:"Sign-in name: small letters, digits, dots, hyphens. It stands in the books and is never given to somebody else."`
	Display string   `required:"" help:"How people call them."`
	Role    []string `required:"" help:"What they may do: clerk, specialist, supervisor, treasurer, auditor or administrator; may be repeated."`
	JSON    bool     `help:"Answer in JSON."`
}

// Run implements the command.
func (c *inviteStaffCommand) Run(r *run) error {
	return r.withStaff(&c.where, &c.staffer, func(o *office, d *access.Desk, by ident.Actor) error {
		a, code, err := d.Invite(r.ctx, by, c.Name, c.Display, rolesOf(c.Role))
		if err != nil {
			return err
		}
		return r.invited(o, &a, code, c.JSON)
	})
}

type listStaffCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *listStaffCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	all, err := o.staffDesk(nil).List(r.ctx)
	if err != nil {
		return err
	}
	views := make([]staffJSON, len(all))
	for i := range all {
		views[i] = staffView(&all[i], secret.Text{})
	}
	if c.JSON {
		return r.printJSON(views)
	}
	for i := range all {
		r.printStaff(&all[i])
	}
	return nil
}

func (r *run) printStaff(a *access.Account) {
	words := make([]string, len(a.Roles))
	for i, role := range a.Roles {
		words[i] = string(role)
	}
	r.printf("%-16s %-8s %-28s %s\n", a.Name, a.State, strings.Join(words, " "), a.Display)
}

// changed tells what an account is now.
func (r *run) changed(a *access.Account, asJSON bool) error {
	if asJSON {
		return r.printJSON(staffView(a, secret.Text{}))
	}
	r.printStaff(a)
	return nil
}

type rolesStaffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string   `arg:"" help:"Sign-in name."`
	Role    []string `required:"" help:"All roles from now on; may be repeated."`
	JSON    bool     `help:"Answer in JSON."`
}

// Run implements the command.
func (c *rolesStaffCommand) Run(r *run) error {
	return r.withStaff(&c.where, &c.staffer, func(_ *office, d *access.Desk, by ident.Actor) error {
		a, err := d.SetRoles(r.ctx, by, c.Name, rolesOf(c.Role))
		if err != nil {
			return err
		}
		return r.changed(&a, c.JSON)
	})
}

type lockStaffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string `arg:"" help:"Sign-in name."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *lockStaffCommand) Run(r *run) error {
	return r.withStaff(&c.where, &c.staffer, func(_ *office, d *access.Desk, by ident.Actor) error {
		a, err := d.Lock(r.ctx, by, c.Name)
		if err != nil {
			return err
		}
		return r.changed(&a, c.JSON)
	})
}

type resetStaffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string `arg:"" help:"Sign-in name."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *resetStaffCommand) Run(r *run) error {
	return r.withStaff(&c.where, &c.staffer, func(o *office, d *access.Desk, by ident.Actor) error {
		a, code, err := d.Reset(r.ctx, by, c.Name)
		if err != nil {
			return err
		}
		return r.invited(o, &a, code, c.JSON)
	})
}

type endStaffCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string `arg:"" help:"Sign-in name."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *endStaffCommand) Run(r *run) error {
	return r.withStaff(&c.where, &c.staffer, func(_ *office, d *access.Desk, by ident.Actor) error {
		a, err := d.End(r.ctx, by, c.Name)
		if err != nil {
			return err
		}
		return r.changed(&a, c.JSON)
	})
}
