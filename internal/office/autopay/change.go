package autopay

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Order is who changes which mandate, why, and under which key.
type Order struct {
	Key     ident.Key
	Access  audit.Access
	Book    ledger.BookNo
	Mandate ident.Opaque
}

// Terms are what a payer may change without a new consent: how much at most, when, and
// which changes of amount are announced. What is left nil stays.
type Terms struct {
	Cap   *money.Cents     `json:"cap,omitempty"`
	Day   *mandate.DayRule `json:"day,omitempty"`
	Range *mandate.Range   `json:"range,omitempty"`
}

// Change changes the terms of a mandate, for what is planned from now on; a lower cap
// holds for what is planned already. A higher cap than the consent names is Invalid:
// that needs a new consent.
func (d *Desk) Change(ctx context.Context, o Order, t Terms) (Done, error) {
	facts, err := json.Marshal(t)
	if err != nil {
		return Done{}, fault.Wrap("autopay.Change", err)
	}
	return d.change(ctx, "change", o, string(facts), func(m *mandate.Mandate, _ calendar.Date) (Drop, error) {
		if !m.State.Live() {
			return Drop{}, fault.New(fault.Conflict, "autopay.Change", "this mandate is %s since %s", m.State, m.EndedOn)
		}
		if t.Cap != nil {
			if m.Cap > 0 && (*t.Cap == 0 || *t.Cap > m.Cap) {
				return Drop{}, fault.New(fault.Invalid, "autopay.Change", "a higher cap needs a new consent").
					WithHint("Take the consent anew and say that it takes the place of this one.")
			}
			m.Cap = *t.Cap
		}
		if t.Day != nil {
			m.Day = *t.Day
		}
		if t.Range != nil {
			m.Range = *t.Range
		}
		return Drop{}, m.Check()
	})
}

// Pause takes nothing that falls due from a day through another; a zero last day is
// until Resume.
func (d *Desk) Pause(ctx context.Context, o Order, from, to calendar.Date) (Done, error) {
	return d.change(ctx, "pause", o, from.String()+"/"+to.String(), func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		if from.Before(today) {
			from = today
		}
		drop := Drop{State: Skipped, From: from, To: to, Why: whyPaused}
		return drop, m.Pause(mandate.AskedFor, from, to)
	})
}

// Resume ends a pause. What it had kept from being taken and is still to come is planned
// again.
func (d *Desk) Resume(ctx context.Context, o Order) (Done, error) {
	return d.change(ctx, "resume", o, "", func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		return Drop{State: Planned, From: today, Why: whyPaused}, m.Resume()
	})
}

// Skip leaves out the next debit. One that is planned is skipped at once, one that no
// file has yet is taken back, and else the first that is planned from today on.
func (d *Desk) Skip(ctx context.Context, o Order) (Done, error) {
	return d.change(ctx, "skip", o, "", func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		switch {
		case !m.State.Live():
			return Drop{}, fault.New(fault.Conflict, "autopay.Skip", "this mandate is %s since %s", m.State, m.EndedOn)
		case !m.SkipFrom.IsZero():
			return Drop{}, fault.New(fault.Conflict, "autopay.Skip", "the next debit is left out already")
		}
		m.SkipFrom = today
		return Drop{State: Skipped, First: true, Why: whySkipped}, nil
	})
}

// Cancel ends a mandate as its payer asks. Whatever is planned is dropped, and what no
// file has yet is taken back; Done.Late tells what has gone out already.
func (d *Desk) Cancel(ctx context.Context, o Order) (Done, error) {
	return d.end(ctx, "cancel", o, mandate.Cancelled, mandate.AskedFor)
}

// End ends a mandate for another reason than its payer's wish.
func (d *Desk) End(ctx context.Context, o Order, reason mandate.Reason) (Done, error) {
	return d.end(ctx, "end", o, mandate.Ended, reason)
}

func (d *Desk) end(ctx context.Context, act string, o Order, state mandate.State, reason mandate.Reason) (Done, error) {
	return d.change(ctx, act, o, string(reason), func(m *mandate.Mandate, today calendar.Date) (Drop, error) {
		return Drop{State: Dropped, Why: string(reason)}, m.End(state, reason, today)
	})
}

// Why a debit was left out.
const (
	whyPaused  = "paused"
	whySkipped = "skipped"
)

// changeRetries is how often a change is decided anew because somebody else's came
// between.
const changeRetries = 5

// change decides on a mandate as it stands, keeps what was decided once for its key, and
// takes back what is on its way and no file has.
func (d *Desk) change(
	ctx context.Context, act string, o Order, facts string, decide func(*mandate.Mandate, calendar.Date) (Drop, error),
) (Done, error) {
	op := "autopay." + act
	if err := o.Access.Check(); err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	if _, err := ident.ParseKey(string(o.Key)); err != nil {
		return Done{}, fault.New(fault.Invalid, op, "%v", err)
	}
	for range changeRetries {
		done, err := d.changeOnce(ctx, act, o, facts, decide)
		if !errors.Is(err, ErrMoved) {
			return done, fault.Wrap(op, err)
		}
	}
	return Done{}, fault.New(fault.Unavailable, op, "this mandate is being changed by others; try again")
}

func (d *Desk) changeOnce(
	ctx context.Context, act string, o Order, facts string, decide func(*mandate.Mandate, calendar.Date) (Drop, error),
) (Done, error) {
	m, err := d.Store.Mandate(ctx, o.Book, o.Mandate)
	if err != nil {
		return Done{}, err
	}
	was, known, err := d.Store.EventOf(ctx, o.Book, o.Mandate, o.Key)
	if err != nil {
		return Done{}, err
	}
	if known {
		if was.Act != act || was.Facts != facts {
			return Done{}, fault.New(fault.Conflict, "autopay.change", "this key was used for another change")
		}
		return Done{Mandate: m, Replayed: true}, nil
	}
	drop, err := decide(&m, d.day(m.Purse.Fund))
	if err != nil {
		return Done{}, err
	}
	done := Done{}
	if err := d.Trail.Record(ctx, o.Access, audit.ChangeAutopay, o.Book); err != nil {
		return Done{}, err
	}
	if drop.First {
		if err := d.skipNext(ctx, o, &m, &drop, &done); err != nil {
			return Done{}, err
		}
	}
	if err := d.Store.SaveMandate(ctx, Change{Mandate: m, Event: d.event(act, o.Key, o.Access, facts), Drop: drop}); err != nil {
		return Done{}, err
	}
	if drop.State == Skipped && !drop.First || drop.State == Dropped {
		if err := d.withdraw(ctx, &m, o.Access.Actor(), drop, &done); err != nil {
			return done, err
		}
	}
	m.Version++
	done.Mandate = m
	return done, nil
}

// skipNext finds what "the next debit" is: one that no file has yet, one that is
// planned, or one that is still to be planned.
func (d *Desk) skipNext(ctx context.Context, o Order, m *mandate.Mandate, drop *Drop, done *Done) error {
	pulls, err := d.Store.PullsOf(ctx, o.Book, o.Mandate, pullsShown)
	if err != nil {
		return err
	}
	for i := len(pulls) - 1; i >= 0; i-- { // the earliest first
		p := pulls[i]
		switch p.State {
		case Sent:
			taken, err := d.takeBack(ctx, o.Access.Actor(), p, Skipped, whySkipped)
			if err != nil {
				return err
			}
			if taken {
				done.Withdrawn = append(done.Withdrawn, p)
				m.SkipFrom, drop.State = calendar.Date{}, ""
				return nil
			}
		case Planned:
			m.SkipFrom, drop.From = calendar.Date{}, p.DueOn
			return nil
		}
	}
	drop.State = ""
	return nil
}

// withdraw takes back what is on its way under a mandate and falls under the drop.
func (d *Desk) withdraw(ctx context.Context, m *mandate.Mandate, actor ident.Actor, drop Drop, done *Done) error {
	pulls, err := d.Store.PullsOf(ctx, m.Book, m.ID, pullsShown)
	if err != nil {
		return err
	}
	today := d.day(m.Purse.Fund)
	for _, p := range pulls {
		if p.State != Sent || p.DueOn.Before(drop.From) || !drop.To.IsZero() && p.DueOn.After(drop.To) {
			continue
		}
		taken, err := d.takeBack(ctx, actor, p, drop.State, drop.Why)
		switch {
		case err != nil:
			return err
		case taken:
			done.Withdrawn = append(done.Withdrawn, p)
		case !p.Times.Settle.Before(today): // what settled long ago was not stopped either
			done.Late = append(done.Late, p)
		}
	}
	return nil
}

// takeBack takes back a debit on its way; false when its file has gone out, or a try
// with the card has begun.
func (d *Desk) takeBack(ctx context.Context, actor ident.Actor, p Pull, state PullState, why string) (bool, error) {
	if p.Tender == mandate.Bank {
		_, err := d.Clearing.Cancel(ctx, clearing.EntryRef{Book: p.Book, ID: p.ID}, actor, why)
		if fault.KindOf(err) == fault.Conflict {
			return false, nil
		}
		if err != nil {
			return false, err
		}
	} else if p.Why == whyAsked {
		return false, nil
	}
	now := p
	now.State, now.Why = state, why
	err := d.Store.SavePull(ctx, p, now)
	return err == nil, err
}
