package checkout

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Books is the cashier, as far as cards need it.
type Books interface {
	Post(ctx context.Context, group []payment.Instruction, progress *cashier.Progress) ([]cashier.Outcome, error)
	Find(ctx context.Context, id payment.ID) (payment.Claim, cashier.Answer, error)
	Stands(ctx context.Context, part cashier.Ref) ([]cashier.Stand, error)
	Refund(ctx context.Context, order cashier.Order, part cashier.Ref, amount money.Cents) (cashier.Done, error)
	RefundFrom(ctx context.Context, order cashier.Order, takes []cashier.Take) (cashier.Done, error)
	RefundSent(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundFailed(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	RefundCancelled(ctx context.Context, order cashier.Order, refund payment.ID) (cashier.Done, error)
	Dispute(ctx context.Context, order cashier.Order, part cashier.Ref, amount money.Cents) (cashier.Done, error)
	DisputeWon(ctx context.Context, order cashier.Order, dispute payment.ID) (cashier.Done, error)
	ProcessorFees(ctx context.Context, order cashier.Order, fees cashier.HouseSum) (cashier.Done, error)
	WriteOff(ctx context.Context, order cashier.Order, loss cashier.HouseSum) (cashier.Done, error)
	Regain(ctx context.Context, order cashier.Order, loss cashier.HouseSum) (cashier.Done, error)
}

// House is what the desk must know of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Options say how patient a desk is. A zero value means its default.
type Options struct {
	Horizon     time.Duration // after which an unknown charge is given up: 24 hours
	UnpaidAfter time.Duration // after which an attempt that nobody paid ends: 1 hour
	Lease       time.Duration // how long a worker may be silent before another takes over: 2 minutes
	Wait        time.Duration // how long a request waits for another on the same attempt: 10 seconds
	Every       time.Duration // how often Run looks for what is due: 1 second
	SweepEvery  time.Duration // how often Run asks for notices that did not come: 15 minutes
	Together    int           // attempts that are settled at the same time: 8
	Teller      Teller        // nobody is told when it is nil
	// CountDisputed lets a chargeback count against coverage from the day on which it is
	// opened. Otherwise it counts when it is lost: no coverage ends before the outcome
	// (payment-rails, chargebacks).
	CountDisputed bool
	Approvals     Approvals // by whom losses are agreed to; none can be written off when it is nil
	Autopay       Autopay   // who orders stored cards to be charged; left to another desk when it is nil
	Log           *slog.Logger
}

func (o Options) filled() Options {
	for at, usual := range map[*time.Duration]time.Duration{
		&o.Horizon: 24 * time.Hour, &o.UnpaidAfter: time.Hour, &o.Lease: 2 * time.Minute, &o.Wait: 10 * time.Second,
		&o.Every: time.Second, &o.SweepEvery: 15 * time.Minute,
	} {
		if *at == 0 {
			*at = usual
		}
	}
	if o.Together == 0 {
		o.Together = 8
	}
	if o.Teller == nil {
		o.Teller = nobody{}
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// nobody is told.
type nobody struct{}

func (nobody) Tell(context.Context, Attempt, News) error { return nil }

// Desk takes payments by card.
type Desk struct {
	store     Store
	processor Processor
	books     Books
	merchants Merchants
	house     House
	clock     clock.Clock
	o         Options
	turns     turns
}

// New makes a desk.
func New(store Store, processor Processor, books Books, merchants Merchants, house House, clk clock.Clock, o Options) *Desk {
	return &Desk{store: store, processor: processor, books: books, merchants: merchants, house: house, clock: clk, o: o.filled()}
}

// Begin makes the attempt of a draft, with a leg per legal entity, and asks the
// processor nothing. The same draft again gives the attempt as it stands.
// Invalid when the draft is not whole or the plan takes no cards for one of its
// funds; Conflict when its id was used for another draft.
func (d *Desk) Begin(ctx context.Context, draft Draft) (Attempt, error) {
	const op = "checkout.Begin"
	if err := draft.validate(); err != nil {
		return Attempt{}, fault.New(fault.Invalid, op, "%v", err)
	}
	legs, err := d.legsOf(&draft)
	if err != nil {
		return Attempt{}, err
	}
	now := d.clock.Now()
	a := Attempt{
		Draft: draft, State: Ready, Legs: legs, CreatedAt: now, ChangedAt: now, LookAt: now.Add(d.o.UnpaidAfter),
	}
	err = d.store.NewAttempt(ctx, &a)
	if fault.KindOf(err) != fault.Conflict {
		return a, fault.Wrap(op, err)
	}
	earlier, err := d.store.Attempt(ctx, draft.ID)
	if err != nil {
		return Attempt{}, fault.Wrap(op, err)
	}
	if !earlier.same(&draft) {
		return Attempt{}, fault.New(fault.Conflict, op, "this id was used for a payment with other content").
			WithHint("Use a new id for a new payment.")
	}
	return earlier, nil
}

func (d *Draft) validate() error {
	if _, err := ident.ParseOpaque(string(d.ID)); err != nil {
		return err
	}
	switch {
	case d.Actor.IsZero():
		return errors.New("no money moves without a named actor")
	case len(d.Parts) == 0 || len(d.Parts) > payment.PartsMax:
		return fmt.Errorf("a payment has 1 to %d parts", payment.PartsMax)
	}
	for i, p := range d.Parts {
		switch {
		case p.Amount <= 0 || p.Amount > money.Max:
			return fmt.Errorf("part %d must be above zero and at most %s", i+1, money.Max.Grouped())
		case p.Fund.No() == 0:
			return fmt.Errorf("part %d is for %q, which is no fund", i+1, p.Fund)
		case p.Reference == "":
			return fmt.Errorf("part %d names no number", i+1)
		}
	}
	if d.Amount() > money.Max {
		return fmt.Errorf("a payment is at most %s", money.Max.Grouped())
	}
	return nil
}

// same reports whether a draft is the payer's same decision. The language may
// differ: it is that of the page, and no other payment.
func (d *Draft) same(other *Draft) bool {
	return d.ID == other.ID && d.Door == other.Door && d.Actor == other.Actor && d.Mail == other.Mail &&
		slices.EqualFunc(d.Parts, other.Parts, func(a, b Part) bool {
			return a.Reference == b.Reference && a.Fund == b.Fund && a.Amount == b.Amount && slices.Equal(a.Items, b.Items)
		})
}

// legsOf makes a leg for each legal entity among the parts, in their order.
func (d *Desk) legsOf(draft *Draft) ([]Leg, error) {
	var legs []Leg
	for i, part := range draft.Parts {
		entity := d.house.PurseOf(part.Fund).Entity
		at := slices.IndexFunc(legs, func(l Leg) bool { return l.Purse.Entity == entity })
		if at < 0 {
			merchant, purse, ok := d.merchants.MerchantOf(entity)
			if !ok {
				return nil, fault.New(fault.Invalid, "checkout.Begin", "the plan takes no cards for the %s fund", part.Fund).
					WithHint("A merchant account of its legal entity stands in plan.yaml under \"receiving\".")
			}
			at = len(legs)
			legs = append(legs, Leg{No: at + 1, Purse: purse, Merchant: merchant, State: LegNew})
		}
		legs[at].Amount += part.Amount
		legs[at].Parts = append(legs[at].Parts, i)
	}
	return legs, nil
}

// Look gives an attempt as it stands. NotFound when there is none.
func (d *Desk) Look(ctx context.Context, id ident.Opaque) (Attempt, error) {
	a, err := d.store.Attempt(ctx, id)
	return a, fault.Wrap("checkout.Look", err)
}

// Tell notes that the payer was told that nothing was taken. It does nothing
// unless that is how the attempt stands.
func (d *Desk) Tell(ctx context.Context, id ident.Opaque) error {
	for {
		a, err := d.store.Attempt(ctx, id)
		if err != nil {
			return fault.Wrap("checkout.Tell", err)
		}
		if a.ToldNo || a.State != Declined && a.State != Abandoned {
			return nil
		}
		a.ToldNo = true
		if err := d.store.SaveAttempt(ctx, &a); !errors.Is(err, ErrMoved) {
			return fault.Wrap("checkout.Tell", err)
		}
	}
}
