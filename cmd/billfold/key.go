package main

import (
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/apikey"
)

type keyCommand struct {
	Create createKeyCommand `cmd:"" help:"Make an API key and print its token, once."`
	List   listKeysCommand  `cmd:"" help:"List API keys."`
	Revoke revokeKeyCommand `cmd:"" help:"End an API key for ever."`
}

type createKeyCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Name    string   `required:"" help:"Whose key it is, such as the partner and its system."`
	Scope   []string `required:"" help:"What it may do: payments:write, payments:read, accounts:match, policies:write, coverage:read; may be repeated."`
	Sandbox bool     `help:"A key that moves no money, for a plan with sandbox: true."`
	JSON    bool     `help:"Answer in JSON."`
}

// keyJSON is an API key as the command line shows it.
type keyJSON struct {
	ID        ident.Opaque   `json:"id"`
	Name      string         `json:"name"`
	Scopes    []apikey.Scope `json:"scopes"`
	Sandbox   bool           `json:"sandbox"`
	CreatedAt time.Time      `json:"created_at"`
	CreatedBy string         `json:"created_by"`
	RevokedAt *time.Time     `json:"revoked_at,omitempty"`
	RevokedBy string         `json:"revoked_by,omitempty"`
	Token     string         `json:"token,omitempty"` // when it was just made
}

func keyView(key *apikey.Key) keyJSON {
	view := keyJSON{
		ID: key.ID, Name: key.Name, Scopes: key.Scopes, Sandbox: key.Sandbox, CreatedAt: key.CreatedAt,
		CreatedBy: key.CreatedBy.String(),
	}
	if key.Revoked() {
		view.RevokedAt, view.RevokedBy = &key.RevokedAt, key.RevokedBy.String()
	}
	return view
}

// Run implements the command.
func (c *createKeyCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	if c.Sandbox && !o.plan.Sandbox {
		return fault.New(fault.Invalid, "", "--sandbox: this plan is no sandbox").
			WithHint("Sandbox keys work where plan.yaml says sandbox: true.")
	}
	by, err := c.actor()
	if err != nil {
		return err
	}
	order := apikey.Order{Name: c.Name, Sandbox: c.Sandbox, By: by}
	for _, scope := range c.Scope {
		order.Scopes = append(order.Scopes, apikey.Scope(scope))
	}
	key, token, err := o.apiKeys.Create(r.ctx, order)
	if err != nil {
		return err
	}
	if c.JSON {
		view := keyView(&key)
		view.Token = token.Reveal()
		return r.printJSON(view)
	}
	r.printf("%s\n\nThis is the only time the token is shown. Keep it as you keep a password.\n", token.Reveal())
	return nil
}

type listKeysCommand struct {
	where `embed:""`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *listKeysCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	keys, err := o.apiKeys.List(r.ctx)
	if err != nil {
		return err
	}
	views := make([]keyJSON, len(keys))
	for i := range keys {
		views[i] = keyView(&keys[i])
	}
	if c.JSON {
		return r.printJSON(views)
	}
	for i := range keys {
		r.printKey(&keys[i])
	}
	return nil
}

func (r *run) printKey(key *apikey.Key) {
	scopes := make([]string, len(key.Scopes))
	for i, scope := range key.Scopes {
		scopes[i] = string(scope)
	}
	mode := "live"
	if key.Sandbox {
		mode = "sandbox"
	}
	r.printf("%s  %-7s  %s  %s\n", key.ID, mode, strings.Join(scopes, " "), key.Name)
	if key.Revoked() {
		r.printf("  revoked %s by %s\n", key.RevokedAt.Format(time.RFC3339), key.RevokedBy)
	}
}

type revokeKeyCommand struct {
	where   `embed:""`
	staffer `embed:""`
	ID      string `arg:"" help:"The key's id, as \"key list\" shows it."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *revokeKeyCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	by, err := c.actor()
	if err != nil {
		return err
	}
	id, err := ident.ParseOpaque(c.ID)
	if err != nil {
		return fault.New(fault.Invalid, "", "this is no id of an API key: %v", err).
			WithHint("It is the part of the token between the second and the third underscore.")
	}
	key, err := o.apiKeys.Revoke(r.ctx, id, by)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(keyView(&key))
	}
	r.printKey(&key)
	return nil
}
