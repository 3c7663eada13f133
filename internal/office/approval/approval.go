// Package approval knows who asked a second person to agree to an act, to exactly
// what, and what the second person said.
//
// Whoever owns the act (a refund, a file for the bank, a release from suspense)
// asks, and carries the act out only when Agreed says so for the digest of what it
// is about to do. The package does not know what the act is, carries nothing out,
// and does not know roles: the screen or command that calls Decide has seen to it
// that its person may check this kind.
//
// Invariants: maker and checker are two people, here and by a CHECK of the table,
// however they write their names; a checker is a person of the staff; a request and
// its decision are rows that are only ever added, so that a thing which was refused
// stays refused and asking again gives the same answer; what was agreed to is bound
// by a digest, so that a changed amount or account needs agreement anew. Start
// reading at Desk.Ask, then Desk.Decide.
package approval

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
)

// Kind is what sort of act is asked for. Each has its permission in the table of
// roles (package access) and its words on the office's screens.
type Kind string

// The kinds.
const (
	ACHFile         Kind = "ach_file"
	Refund          Kind = "refund"
	RefundBatch     Kind = "refund_batch"
	SuspenseRelease Kind = "suspense_release"
	PaymentMove     Kind = "payment_move"
	WriteOff        Kind = "write_off"
	Exception       Kind = "exception"
	DayClose        Kind = "day_close"
	Unclaimed       Kind = "unclaimed"
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{ACHFile, Refund, RefundBatch, SuspenseRelease, PaymentMove, WriteOff, Exception, DayClose, Unclaimed}
}

// State is where a request stands.
type State string

// The states. All but Asked are final.
const (
	Asked     State = "asked"
	Agreed    State = "agreed"
	Refused   State = "refused"
	Withdrawn State = "withdrawn" // by its maker
)

// Request is an act that waits for, or has, a second person's word.
type Request struct {
	ID      ident.Opaque
	Kind    Kind
	Subject string   // opaque id of what it is about; no personal data
	Digest  [32]byte // of exactly what is agreed to
	Amount  money.Cents
	Maker   ident.Actor
	Reason  string
	MadeAt  time.Time

	State     State
	Checker   ident.Actor // zero while asked; the maker when withdrawn
	CheckedAt time.Time
	Note      string
}

// Store keeps requests. Its methods return errors of package fault.
type Store interface {
	// AddApproval adds a request, or gives the one of the same kind, subject and digest.
	AddApproval(ctx context.Context, r Request) (Request, error)
	// Approval loads a request. NotFound when there is none.
	Approval(ctx context.Context, id ident.Opaque) (Request, error)
	// ApprovalOf loads the request of a kind, subject and digest; found is false when
	// nobody asked.
	ApprovalOf(ctx context.Context, kind Kind, subject string, digest [32]byte) (r Request, found bool, err error)
	// DecideApproval adds a decision to a request. Conflict when it has one.
	DecideApproval(ctx context.Context, r Request) error
	// OpenApprovals lists what waits for a decision, the oldest first.
	OpenApprovals(ctx context.Context) ([]Request, error)
	// DecidedApprovals lists the last decisions, at most limit, the newest first.
	DecidedApprovals(ctx context.Context, limit int) ([]Request, error)
}

// Desk takes requests and decisions.
type Desk struct {
	store Store
	clock clock.Clock
}

// New makes a desk.
func New(store Store, clk clock.Clock) *Desk { return &Desk{store, clk} }

// Bounds of what is written with a request.
const (
	TextMax    = 500 // bytes of a reason or a note
	SubjectMax = 100 // bytes
)

// Ask asks for a second person's word on an act. It is idempotent by kind, subject
// and digest: who asks again gets the request as it stands, decided or not. Denied
// without an actor; Invalid when something is missing or too long; Conflict when the
// same digest was asked for with another amount.
func (d *Desk) Ask(
	ctx context.Context, kind Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string,
) (Request, error) {
	const op = "approval.Ask"
	r := Request{
		ID: ident.NewOpaque(), Kind: kind, Subject: subject, Digest: digest, Amount: amount, Maker: by,
		Reason: strings.TrimSpace(reason), MadeAt: d.clock.Now(), State: Asked,
	}
	if err := r.validate(op); err != nil {
		return Request{}, err
	}
	kept, err := d.store.AddApproval(ctx, r)
	if err != nil {
		return Request{}, fault.Wrap(op, err)
	}
	if kept.Amount != amount {
		return Request{}, fault.New(fault.Conflict, op, "approval was asked for the same act with another amount")
	}
	return kept, nil
}

func (r *Request) validate(op string) error {
	switch {
	case r.Maker.IsZero():
		return fault.New(fault.Denied, op, "nobody asks for approval without a named actor")
	case !slices.Contains(Kinds(), r.Kind):
		return fault.New(fault.Invalid, op, "%q is no kind of approval", r.Kind)
	case r.Subject == "" || len(r.Subject) > SubjectMax || strings.ContainsFunc(r.Subject, notPrinting):
		return fault.New(fault.Invalid, op, "the subject of an approval is an id of 1 to %d printing characters", SubjectMax)
	case r.Digest == [32]byte{}:
		return fault.New(fault.Invalid, op, "an approval needs the digest of what is agreed to")
	case r.Amount < 0:
		return fault.New(fault.Invalid, op, "the amount of an approval is not below zero")
	}
	return checkText(op, "reason", r.Reason, true)
}

func notPrinting(c rune) bool { return c <= ' ' || c > '~' }

func checkText(op, what, text string, needed bool) error {
	switch {
	case needed && text == "":
		return fault.New(fault.Invalid, op, "say why: the %s stands in the record", what)
	case len(text) > TextMax || strings.ContainsFunc(text, unicode.IsControl):
		return fault.New(fault.Invalid, op, "a %s has at most %d bytes and no control characters", what, TextMax)
	}
	return nil
}

// Decide writes down what the second person says. A refusal needs a note. Denied
// when by is the maker or no person of the staff; NotFound when nobody asked;
// Conflict when it was decided otherwise before. The same word of the same person
// again changes nothing.
func (d *Desk) Decide(ctx context.Context, id ident.Opaque, by ident.Actor, agree bool, note string) (Request, error) {
	const op = "approval.Decide"
	r, err := d.store.Approval(ctx, id)
	if err != nil {
		return Request{}, fault.Wrap(op, err)
	}
	switch {
	case by.IsZero() || by.Kind != ident.Staff:
		return Request{}, fault.New(fault.Denied, op, "only a person of the staff decides on an approval")
	case SamePerson(r.Maker, by):
		return Request{}, fault.New(fault.Denied, op, "whoever asked for an approval does not decide on it").
			WithHint("Ask somebody else who may check this.")
	}
	state := Refused
	if agree {
		state = Agreed
	}
	return d.settle(ctx, op, r, by, state, note, !agree)
}

// Withdraw takes a request back before it is decided. Denied when by is not its maker.
func (d *Desk) Withdraw(ctx context.Context, id ident.Opaque, by ident.Actor, note string) (Request, error) {
	const op = "approval.Withdraw"
	r, err := d.store.Approval(ctx, id)
	if err != nil {
		return Request{}, fault.Wrap(op, err)
	}
	if by.IsZero() || !SamePerson(r.Maker, by) {
		return Request{}, fault.New(fault.Denied, op, "only whoever asked for an approval takes it back")
	}
	return d.settle(ctx, op, r, r.Maker, Withdrawn, note, false)
}

// SamePerson reports whether two actors are one, however they write their names.
func SamePerson(a, b ident.Actor) bool {
	return a.Kind == b.Kind && strings.EqualFold(strings.TrimSpace(a.Name), strings.TrimSpace(b.Name))
}

// settle adds the decision, or finds that the same was decided before.
func (d *Desk) settle(
	ctx context.Context, op string, r Request, by ident.Actor, state State, note string, noteNeeded bool,
) (Request, error) {
	note = strings.TrimSpace(note)
	if err := checkText(op, "note", note, noteNeeded); err != nil {
		return Request{}, err
	}
	if r.State == Asked {
		decided := r
		decided.State, decided.Checker, decided.CheckedAt, decided.Note = state, by, d.clock.Now(), note
		err := d.store.DecideApproval(ctx, decided)
		if err == nil {
			return decided, nil
		}
		if fault.KindOf(err) != fault.Conflict {
			return Request{}, fault.Wrap(op, err)
		}
		if r, err = d.store.Approval(ctx, r.ID); err != nil { // somebody was faster
			return Request{}, fault.Wrap(op, err)
		}
	}
	if r.State == state && SamePerson(r.Checker, by) {
		return r, nil
	}
	return Request{}, fault.New(fault.Conflict, op, "this request was %s before", r.State)
}

// Agreed gives the request for exactly this act and whether a second person agreed.
// The zero Request and false when nobody asked.
func (d *Desk) Agreed(ctx context.Context, kind Kind, subject string, digest [32]byte) (Request, bool, error) {
	r, found, err := d.store.ApprovalOf(ctx, kind, subject, digest)
	if err != nil || !found {
		return Request{}, false, fault.Wrap("approval.Agreed", err)
	}
	return r, r.State == Agreed, nil
}

// Request gives a request. NotFound when there is none.
func (d *Desk) Request(ctx context.Context, id ident.Opaque) (Request, error) {
	r, err := d.store.Approval(ctx, id)
	return r, fault.Wrap("approval.Request", err)
}

// Open lists what waits for a decision, the oldest first.
func (d *Desk) Open(ctx context.Context) ([]Request, error) {
	open, err := d.store.OpenApprovals(ctx)
	return open, fault.Wrap("approval.Open", err)
}

// Decided lists the last decisions, at most limit, the newest first.
func (d *Desk) Decided(ctx context.Context, limit int) ([]Request, error) {
	decided, err := d.store.DecidedApprovals(ctx, limit)
	return decided, fault.Wrap("approval.Decided", err)
}
