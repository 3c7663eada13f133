package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/deliver"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/remittance"
	"github.com/billfold/billfold/internal/store"
)

// where says which office a command works on.
type where struct {
	Data      string `help:"Folder of the embedded database, the keys and the configuration." default:"data/billfold" env:"BILLFOLD_DATA" type:"path"`
	DSN       string `help:"Address of a PostgreSQL database, instead of the embedded one." env:"BILLFOLD_DSN"`
	OwnerDSN  string `help:"Address under the role that owns the schema, for migrations." env:"BILLFOLD_OWNER_DSN"`
	Config    string `help:"Folder of plan.yaml; the data folder's config when left out." env:"BILLFOLD_CONFIG" type:"path"`
	KeyFolder string `name:"keys" help:"Folder of the encryption keys; the data folder's keys when left out." env:"BILLFOLD_KEYS" type:"path"`
}

// folder implements dataFolder: commands with it can be sent to the process
// that owns the folder.
func (w *where) folder() string { return w.Data }

func (w *where) config() string {
	if w.Config != "" {
		return w.Config
	}
	return filepath.Join(w.Data, "config")
}

func (w *where) keys() string {
	if w.KeyFolder != "" {
		return w.KeyFolder
	}
	return filepath.Join(w.Data, "keys")
}

// staffer is who acts, when it is a person at the command line.
type staffer struct {
	Staff string `help:"Who does this: a staff login. The login of this machine when left out."`
}

func (s *staffer) actor() (ident.Actor, error) {
	name := s.Staff
	if name == "" {
		u, err := user.Current()
		if err != nil {
			return ident.Actor{}, fault.New(fault.Invalid, "billfold", "say who does this with --staff")
		}
		name = u.Username
	}
	return ident.Actor{Kind: ident.Staff, Name: name}, nil
}

// office is an open installation.
type office struct {
	plan    *plan.Plan
	house   *plan.House
	vault   *vault.Vault
	signing *vault.Signing
	store   *store.Store
	cashier *cashier.Cashier
	intake  *intake.Intake
	clock   clock.Clock
	files   string // the folder for files, in and out
	keys    string // the folder of the keys, the processor's among them; "" when that is not known
	members *membersOffice
	// clearing is the desk of the clearing house; nil when the plan sends nothing there.
	clearing *clearing.Desk
	// remittances are the 820s that explain payers' money.
	remittances *remittance.Remittances
	apiKeys     *apikey.Keys
	site        string        // where members reach the pages: https://pay.example.org; "" when that is not known
	post        *deliver.Post // of a served office that sends mail
}

// open gives the office that a command works on and a function that lets it go.
func (r *run) open(w *where) (*office, func(), error) {
	if r.office != nil {
		return r.office, func() {}, nil
	}
	o, err := openOffice(r.ctx, w, clock.System{})
	if err != nil {
		return nil, nil, err
	}
	return o, func() { o.store.Close() }, nil
}

// openBooks is open for what needs no configuration: the books as they are, such
// as a copy that was restored elsewhere.
func (r *run) openBooks(w *where) (*office, func(), error) {
	if r.office != nil {
		return r.office, func() {}, nil
	}
	clk := clock.System{}
	keys, err := vault.Open(w.keys())
	if err != nil {
		return nil, nil, err
	}
	signing, err := vault.OpenSigning(w.keys())
	if err != nil {
		return nil, nil, err
	}
	s, err := store.Open(r.ctx, store.Options{Dir: w.Data, DSN: w.DSN, OwnerDSN: w.OwnerDSN}, keys, clk)
	if err != nil {
		return nil, nil, err
	}
	return &office{vault: keys, signing: signing, store: s, clock: clk}, func() { s.Close() }, nil
}

func openOffice(ctx context.Context, w *where, clk clock.Clock) (*office, error) {
	p, problems := plan.Load(w.config())
	if len(problems) > 0 {
		err := fault.New(fault.Invalid, "", "the configuration in %s is not usable: %s", w.config(), problems[0])
		return nil, err.WithHint("Run \"billfold demo\" to see a complete one, or name the folder with --config.")
	}
	keys, err := openKeys(w.keys())
	if err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{Dir: w.Data, DSN: w.DSN, OwnerDSN: w.OwnerDSN}, keys, clk)
	if err != nil {
		return nil, err
	}
	o, err := newOffice(ctx, p, keys, s, clk)
	if err == nil {
		o.files, o.keys = filepath.Join(w.Data, "files"), w.keys()
		o.signing, err = vault.OpenSigning(w.keys())
	}
	if err != nil {
		s.Close()
	}
	return o, err
}

// openKeys opens the key folder, and makes it where there is none yet.
func openKeys(dir string) (*vault.Vault, error) {
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return vault.Create(dir)
	}
	return vault.Open(dir)
}

func newOffice(ctx context.Context, p *plan.Plan, keys *vault.Vault, s *store.Store, clk clock.Clock) (*office, error) {
	ids := make([]chart.EntityID, len(p.Entities))
	for i, e := range p.Entities {
		ids[i] = e.ID
	}
	numbers, err := s.Entities(ctx, ids)
	if err != nil {
		return nil, err
	}
	house, err := plan.NewHouse(p, numbers, clk)
	if err != nil {
		return nil, err
	}
	o := &office{plan: p, house: house, vault: keys, store: s, clock: clk}
	o.cashier = cashier.New(s, house, clk)
	o.apiKeys = apikey.New(s, keys, clk)
	if o.members, err = newMembersOffice(o); err != nil {
		return nil, err
	}
	o.wireClearing()
	o.remittances = remittance.New(s, o.cashier, house, clk, p.Billing.Tolerance)
	o.intake = intake.New(s, o.cashier, house, clk, formats(o)...)
	return o, nil
}

// reference writes a transaction as the command line and events name it: the
// opaque id of its book, a colon, its number in the book.
func (o *office) reference(ctx context.Context, ref cashier.Ref) (string, error) {
	opaque, err := o.store.OpaqueOf(ctx, ref.Book)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s:%d", opaque, ref.Seq), nil
}

// parseReference reads what reference wrote.
func (o *office) parseReference(ctx context.Context, text string) (cashier.Ref, error) {
	var seq int64
	id, rest, ok := cut(text)
	if _, err := fmt.Sscanf(rest, "%d", &seq); !ok || err != nil || seq <= 0 {
		return cashier.Ref{}, fault.New(fault.Invalid, "", "%q names no transaction: write it as \"account\" and \"suspense list\" show it", text)
	}
	opaque, err := ident.ParseOpaque(id)
	if err != nil {
		return cashier.Ref{}, fault.New(fault.Invalid, "", "%q names no transaction: %v", text, err)
	}
	book, err := o.store.BookOf(ctx, opaque)
	return cashier.Ref{Book: book, Seq: seq}, err
}

func cut(text string) (id, seq string, ok bool) {
	for i := len(text) - 1; i >= 0; i-- {
		if text[i] == ':' {
			return text[:i], text[i+1:], true
		}
	}
	return "", "", false
}
