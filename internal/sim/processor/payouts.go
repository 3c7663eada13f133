package processor

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Terms are what a merchant agreed with the processor.
type Terms struct {
	// Daily pays out on every business day what has become available; otherwise a
	// payout is made by /control/payout only.
	Daily bool
	// After is how many business days after a charge its money is available: 2 when 0.
	After int
	// FeeBasisPoints and FeeFixed are kept of each charge: its share, in hundredths of
	// a percent and rounded half up to the cent, and the fixed part. 290 and 30 when
	// both are 0.
	FeeBasisPoints int64
	FeeFixed       money.Cents
	DisputeFee     money.Cents // 15.00 when 0; it is not given back
}

func (t Terms) filled() Terms {
	if t.After == 0 {
		t.After = 2
	}
	if t.FeeBasisPoints == 0 && t.FeeFixed == 0 {
		t.FeeBasisPoints, t.FeeFixed = 290, 30
	}
	if t.DisputeFee == 0 {
		t.DisputeFee = 1500
	}
	return t
}

// fee is what is kept of a charge.
func (t Terms) fee(amount money.Cents) money.Cents {
	return (amount*money.Cents(t.FeeBasisPoints)+5_000)/10_000 + t.FeeFixed
}

// Stripe's types of balance transactions.
const (
	lineCharge        = "charge"
	lineRefund        = "refund"
	lineRefundFailure = "refund_failure"
	lineAdjustment    = "adjustment"
	lineFee           = "stripe_fee"
	linePayout        = "payout"
	linePayoutFailure = "payout_failure"
)

// line is a balance transaction: money that moved on an account's balance.
type line struct {
	ID        string      `json:"id"`
	Account   string      `json:"account,omitempty"`
	Kind      string      `json:"kind"`
	Category  string      `json:"category"`
	Source    string      `json:"source,omitempty"`
	Amount    money.Cents `json:"amount"`
	Fee       money.Cents `json:"fee,omitempty"`
	Created   int64       `json:"created"`
	Available int64       `json:"available"`
	Payout    string      `json:"payout,omitempty"` // once it is paid out
}

func (l *line) name() string { return l.ID }

func (l *line) net() money.Cents { return l.Amount - l.Fee }

// payoutStatus is Stripe's status of a payout.
type payoutStatus string

const (
	payoutPaid   payoutStatus = "paid"
	payoutFailed payoutStatus = "failed"
)

// payout is money that went to a merchant's bank account, or was taken from it.
type payout struct {
	ID      string       `json:"id"`
	Account string       `json:"account,omitempty"`
	Amount  money.Cents  `json:"amount"`
	Status  payoutStatus `json:"status"`
	Reason  string       `json:"reason,omitempty"`
	Trace   string       `json:"trace"`
	Created int64        `json:"created"`
	Arrives int64        `json:"arrives"` // a midnight in UTC
}

func (p *payout) name() string { return p.ID }

// moves notes money on the account's balance, with what is kept of it.
func (t *turn) moves(kind, category, source string, amount, fee money.Cents) {
	day := calendar.In(t.now, time.UTC).AddBusinessDays(t.terms.After)
	t.changeLine(&line{
		ID: newID("txn"), Account: t.account, Kind: kind, Category: category, Source: source, Amount: amount, Fee: fee,
		Created: t.now.Unix(), Available: day.Time().Unix(),
	})
	if fee != 0 {
		t.enter(Entry{Kind: FeeKept, Code: category, Cents: fee})
	}
}

func (t *turn) changeLine(l *line) *line       { return changed(&t.record.Lines, l) }
func (t *turn) changePayout(p *payout) *payout { return changed(&t.record.Payouts, p) }

// payOut pays out what of an account was available by an instant. It gives nil when
// that is nothing.
func (t *turn) payOut(account string, by, arrives time.Time) *payout {
	t.account = account
	var lines []*line
	var sum money.Cents
	for _, id := range slices.Sorted(maps.Keys(t.unpaid[account])) {
		if l := t.lines[id]; l.Available <= by.Unix() {
			lines = append(lines, l)
			sum += l.net()
		}
	}
	if sum == 0 {
		return nil
	}
	p := t.changePayout(&payout{
		ID: newID("po"), Account: account, Amount: sum, Status: payoutPaid, Trace: newID("trace"), Created: t.now.Unix(),
		Arrives: calendar.In(arrives, time.UTC).Time().Unix(),
	})
	for _, l := range lines {
		t.changeLine(l).Payout = p.ID
	}
	t.changeLine(&line{
		ID: newID("txn"), Account: account, Kind: linePayout, Category: linePayout, Source: p.ID, Amount: -sum,
		Created: t.now.Unix(), Available: p.Arrives, Payout: p.ID,
	})
	t.enter(Entry{Kind: PaidOut, Code: p.ID, Cents: sum})
	t.emit("payout.created", t.showPayout(p))
	t.emit("payout.paid", t.showPayout(p))
	return p
}

// payDaily pays out what has become available, once a business day.
func (p *Processor) payDaily(now time.Time) {
	day := calendar.In(now, time.UTC)
	if !p.terms.Daily || !day.IsBusinessDay() {
		return
	}
	for _, account := range slices.Sorted(maps.Keys(p.state.unpaid)) {
		if account == "" || p.state.lastPaid[account] >= day.Time().Unix() {
			continue
		}
		t := p.turn(account)
		if t.payOut(account, now, now) == nil {
			continue
		}
		if err := p.commit(t); err != nil {
			p.log.Error("the journal failed", "error", err)
		}
	}
}

// PayOut pays out everything that stands on an account's balance, now. Conflict when
// that is nothing.
func (p *Processor) PayOut(account string, arrives calendar.Date) (map[string]any, error) {
	return p.manual(func(t *turn) (shape, error) {
		at := t.now
		if !arrives.IsZero() {
			at = arrives.Time()
		}
		made := t.payOut(account, farAway, at)
		if made == nil {
			return nil, fault.New(fault.Conflict, "processor.PayOut", "nothing stands on the balance of %s", account)
		}
		return t.showPayout(made), nil
	})
}

// farAway is after everything.
var farAway = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// FailPayout has the bank refuse a payout: its money goes back to the balance.
// Conflict when it was refused before.
func (p *Processor) FailPayout(id, reason string) (map[string]any, error) {
	if reason == "" {
		reason = "account_closed"
	}
	return p.manual(func(t *turn) (shape, error) {
		out := t.payouts[id]
		switch {
		case out == nil:
			return nil, fault.New(fault.NotFound, "processor.FailPayout", "there is no payout %s", id)
		case out.Status == payoutFailed:
			return nil, fault.New(fault.Conflict, "processor.FailPayout", "payout %s was refused before", id)
		}
		t.account = out.Account
		out = t.changePayout(out)
		out.Status, out.Reason = payoutFailed, reason
		t.moves(linePayoutFailure, "payout_reversal", out.ID, out.Amount, 0)
		t.enter(Entry{Kind: PayoutFailed, Code: out.ID, Cents: out.Amount})
		t.emit("payout.failed", t.showPayout(out))
		return t.showPayout(out), nil
	})
}

// ChargeFee has the processor keep a fee of no charge of its own.
func (p *Processor) ChargeFee(account string, cents money.Cents) error {
	if cents <= 0 {
		return fault.New(fault.Invalid, "processor.ChargeFee", "a fee is above zero")
	}
	_, err := p.manual(func(t *turn) (shape, error) {
		t.account = account
		t.moves(lineFee, "fee", "", -cents, 0)
		t.enter(Entry{Kind: FeeKept, Code: "fee", Cents: cents})
		return shape{}, nil
	})
	return err
}

// payoutJSON is what may be asked of payouts.
type payoutJSON struct {
	Account string        `json:"account"`
	Arrives calendar.Date `json:"arrives_on"`
	Fee     money.Cents   `json:"fee_cents"` // kept before
}

func (p *Processor) controlPayout(r *http.Request) (any, error) {
	wish, err := read[payoutJSON](r)
	if err == nil && !accountForm.MatchString(wish.Account) {
		err = fault.New(fault.Invalid, "processor.control", "name the account: acct_...")
	}
	if err == nil && wish.Fee != 0 {
		err = p.ChargeFee(wish.Account, wish.Fee)
	}
	if err != nil {
		return nil, err
	}
	return p.PayOut(wish.Account, wish.Arrives)
}

func (p *Processor) controlFailPayout(r *http.Request) (any, error) {
	wish, err := read[about](r)
	if err != nil {
		return nil, err
	}
	return p.FailPayout(r.PathValue("id"), wish.Reason)
}

func (t *turn) showPayout(p *payout) shape {
	s := shape{
		"id": p.ID, "object": "payout", "amount": p.Amount, "arrival_date": p.Arrives, "automatic": true, "created": p.Created,
		"currency": "usd", "failure_code": orNull(p.Reason), "livemode": false, "metadata": shape{}, "method": "standard",
		"reconciliation_status": "completed", "source_type": "card", "status": p.Status,
		"trace_id": shape{"status": "supported", "value": p.Trace}, "type": "bank_account",
	}
	return s
}

func (t *turn) showLine(l *line, expand []string) shape {
	s := shape{
		"id": l.ID, "object": "balance_transaction", "amount": l.Amount, "available_on": l.Available, "created": l.Created,
		"currency": "usd", "description": nil, "fee": l.Fee, "net": l.net(), "reporting_category": l.Category,
		"source": orNull(l.Source), "status": "available", "type": l.Kind,
	}
	if slices.Contains(expand, "data.source") {
		if source := t.showSource(l.Source); source != nil {
			s["source"] = source
		}
	}
	return s
}

// showSource gives the object that an id names, or nil.
func (t *turn) showSource(id string) shape {
	if c := t.charges[id]; c != nil {
		return t.showCharge(c)
	}
	if r := t.refunds[id]; r != nil {
		return t.showRefund(r)
	}
	if d := t.disputes[id]; d != nil {
		return t.showDispute(d)
	}
	if p := t.payouts[id]; p != nil {
		return t.showPayout(p)
	}
	return nil
}

func (t *turn) getPayout(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	p := t.payouts[id]
	if p == nil || p.Account != t.account {
		return nil, missing("payout", "payout", id)
	}
	return t.showPayout(p), nil
}

// listPayouts gives an account's payouts, the newest first.
func (t *turn) listPayouts(_ string, in *form) (shape, *refusal) {
	since := in.whole("created[gte]", 0, 0, 1<<62)
	var of []*payout
	for _, id := range slices.Backward(t.paidOut[t.account]) {
		if p := t.payouts[id]; p.Created >= since {
			of = append(of, p)
		}
	}
	return listed(in, "/v1/payouts", of, t.showPayout)
}

// listLines gives what a payout is made of, the newest first, with the payout itself.
func (t *turn) listLines(_ string, in *form) (shape, *refusal) {
	expand, of := in.expansion("data.source"), in.text("payout")
	p := t.payouts[of]
	if of == "" {
		in.fail(badRequest("parameter_missing", "payout", "The simulator lists the lines of a payout only."))
	} else if p == nil || p.Account != t.account {
		in.fail(missing("payout", "payout", of))
	}
	lines := make([]*line, 0, len(t.settled[of]))
	for _, id := range slices.Backward(t.settled[of]) {
		lines = append(lines, t.lines[id])
	}
	return listed(in, "/v1/balance_transactions", lines, func(l *line) shape { return t.showLine(l, expand) })
}

// listed is one page of a list.
func listed[T object](in *form, address string, all []T, show func(T) shape) (shape, *refusal) {
	limit, after := in.whole("limit", pageUsual, 1, pageMost), in.text("starting_after")
	if no := in.done(); no != nil {
		return nil, no
	}
	if after != "" {
		at := slices.IndexFunc(all, func(x T) bool { return x.name() == after })
		if at < 0 {
			return nil, missing("object", "starting_after", after)
		}
		all = all[at+1:]
	}
	more := int64(len(all)) > limit
	if more {
		all = all[:limit]
	}
	data := []json.RawMessage{}
	for _, x := range all {
		text, err := json.Marshal(show(x))
		if err != nil {
			return nil, outOfOrder
		}
		data = append(data, text)
	}
	return shape{"object": "list", "url": address, "has_more": more, "data": data}, nil
}
