package processor

import (
	"context"
	"time"
)

var zeroTime time.Time

// Settle does what has become due by itself: late approvals, failing refunds,
// disputes, and the end of holds and of pages.
func (p *Processor) Settle(context.Context) {
	p.mu.Lock()
	now := p.clock.Now()
	if p.power.Err() == nil {
		for _, id := range p.state.dueBy(now) {
			t := p.turn("")
			t.due(id)
			if err := p.commit(t); err != nil {
				p.log.Error("the journal failed", "error", err)
			}
		}
		p.payDaily(now)
	}
	p.mu.Unlock()
	if err := p.journal.settle(); err != nil {
		p.log.Error("the journal failed", "error", err)
	}
}

// due does what is due of one object.
func (t *turn) due(id string) {
	reached := func(at time.Time) bool { return !at.IsZero() && !at.After(t.now) }
	if i := t.intents[id]; i != nil {
		t.account = i.Account
		switch {
		case reached(i.LateAt):
			t.approveLate(i)
		case reached(i.HeldUntil):
			t.cancel(i, "automatic")
		}
	}
	if c := t.charges[id]; c != nil && reached(c.DisputeAt) {
		t.account = c.Account
		if _, no := t.openDispute(c, c.DisputeReason); no != nil {
			// It was refunded or disputed meanwhile.
			t.changeCharge(c).DisputeAt = zeroTime
		}
	}
	if r := t.refunds[id]; r != nil && reached(r.ChangeAt) {
		t.account = r.Account
		t.changeRefundStatus(r)
	}
	if c := t.sessions[id]; c != nil && c.Status == sessionOpen {
		t.account = c.Account
		t.expire(c)
	}
}

// approveLate is an approval that comes after the decline. An intent that was
// paid with another card or ended meanwhile stays as it is.
func (t *turn) approveLate(i *intent) bool {
	m := t.method(i.LateMethod)
	i = t.changeIntent(i)
	i.LateAt, i.LateMethod = zeroTime, ""
	if m == nil || i.Status != needsMethod {
		return false
	}
	t.hold(i, m)
	for _, c := range t.sessions {
		if c.Intent == i.ID && c.Status == sessionOpen {
			c = t.changeSession(c)
			c.Status = sessionComplete
			t.emit("checkout.session.completed", t.showSession(c, nil))
		}
	}
	return true
}
