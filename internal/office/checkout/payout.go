package checkout

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/cashier"
)

// PayoutStore keeps settlement reports. Nothing of one is changed once it is kept.
type PayoutStore interface {
	// KeepReport adds a report with its lines. Conflict when this take of it is there.
	KeepReport(ctx context.Context, r *SettlementReport) error
	// KeepPayoutFailed notes that the bank refused a payout. The same again does nothing.
	KeepPayoutFailed(ctx context.Context, merchant, payout, reason string, at time.Time) error
	// KeepLineKnown notes what a line is that was not known. The same again does nothing.
	KeepLineKnown(ctx context.Context, merchant, line string, attempt ident.Opaque, leg int, at time.Time) error
	// Report loads the last take of a report with its lines. NotFound when there is none.
	Report(ctx context.Context, merchant, payout string) (SettlementReport, error)
	// Reports lists the last takes of reports by the day on which they are paid, without
	// lines; a zero day bounds nothing.
	Reports(ctx context.Context, from, to calendar.Date) ([]SettlementReport, error)
	// UnprovedReports lists those that do not prove, oldest first, without lines.
	UnprovedReports(ctx context.Context, limit int) ([]SettlementReport, error)
	// LastPayout tells when the newest payout of a merchant that was taken was made;
	// zero when none was.
	LastPayout(ctx context.Context, merchant string) (time.Time, error)
	// UnknownLines lists the lines that are not known yet, oldest first.
	UnknownLines(ctx context.Context, limit int) ([]UnknownLine, error)
}

// UnknownLine is a line of a report that is none of ours, as far as is known.
type UnknownLine struct {
	Merchant string
	Payout   string
	SettlementLine
}

const (
	// payoutsFirst is how far back the first look for payouts goes.
	payoutsFirst = 35 * 24 * time.Hour
	// payoutsAgain is how far before the newest payout a look begins: one that is not
	// final yet becomes so, and a bank refuses within five business days.
	payoutsAgain = 10 * 24 * time.Hour
)

// TakePayouts takes the settlement reports of the processor that are new and
// final: each is proved, kept, its lines are matched with our charges, refunds and
// disputes, and what the processor kept is posted, once. It tells how many were
// taken. A report that cannot be taken now is taken by a later call.
func (d *Desk) TakePayouts(ctx context.Context) (int, error) {
	taken := 0
	var failed []error
	for _, merchant := range d.merchants.MerchantIDs() {
		n, err := d.takePayouts(ctx, merchant)
		taken += n
		failed = append(failed, err)
	}
	failed = append(failed, d.recognise(ctx))
	return taken, fault.Wrap("checkout.TakePayouts", errors.Join(failed...))
}

func (d *Desk) takePayouts(ctx context.Context, merchant string) (taken int, err error) {
	last, err := d.store.LastPayout(ctx, merchant)
	if err != nil {
		return 0, err
	}
	since := last.Add(-payoutsAgain)
	if last.IsZero() {
		since = d.clock.Now().Add(-payoutsFirst)
	}
	payouts, err := d.processor.Payouts(ctx, merchant, since)
	if err != nil {
		return 0, err
	}
	for i := range payouts {
		fresh, err := d.takePayout(ctx, payouts[i])
		if err != nil {
			return taken, err
		}
		if fresh {
			taken++
		}
	}
	return taken, nil
}

// takePayout takes one report, and tells whether it is new.
func (d *Desk) takePayout(ctx context.Context, p Payout) (fresh bool, err error) {
	if p.Status == PayoutOpen {
		return false, nil
	}
	before, err := d.store.Report(ctx, p.Merchant, p.ID)
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		return false, err
	case err == nil && before.Problem == "":
		return false, d.noteFailed(ctx, &p, before.Status)
	}
	report, err := d.readReport(ctx, p)
	if err != nil {
		return false, err
	}
	report.Take = before.Take + 1
	if before.Take > 0 && report.Problem == before.Problem {
		return false, d.noteFailed(ctx, &p, before.Status)
	}
	if report.Problem == "" {
		err = d.postFees(ctx, &report)
	} else {
		d.o.Log.Error("a settlement report does not prove", "payout", p.ID, "problem", report.Problem)
		report.Lines = nil
	}
	if err == nil {
		err = d.store.KeepReport(ctx, &report)
	}
	if err != nil && fault.KindOf(err) == fault.Conflict {
		return false, nil // another took it meanwhile
	}
	if err != nil {
		return false, err
	}
	return true, d.noteFailed(ctx, &p, "")
}

// noteFailed keeps that the bank refused a payout, when that is new.
func (d *Desk) noteFailed(ctx context.Context, p *Payout, known PayoutStatus) error {
	if p.Status != PayoutFailed || known == PayoutFailed {
		return nil
	}
	return d.store.KeepPayoutFailed(ctx, p.Merchant, p.ID, p.Reason, d.clock.Now())
}

// readReport asks for a payout's lines, proves that they sum to its net, and says
// which of ours each is.
func (d *Desk) readReport(ctx context.Context, p Payout) (SettlementReport, error) {
	purse, ok := d.purseOf(p.Merchant)
	if !ok {
		return SettlementReport{}, fault.New(fault.Internal, "checkout.readReport", "merchant %s is no account of the plan", p.Merchant)
	}
	lines, err := d.processor.PayoutLines(ctx, p.Merchant, p.ID)
	if err != nil {
		return SettlementReport{}, err
	}
	r := SettlementReport{Payout: p, Purse: purse, Lines: lines, Count: len(lines), TakenAt: d.clock.Now()}
	if r.Problem = r.prove(); r.Problem != "" {
		return r, nil
	}
	for i := range r.Lines {
		if err := d.match(ctx, p.Merchant, &r.Lines[i]); err != nil {
			return r, err
		}
	}
	return r, nil
}

// purseOf gives the purse of a merchant account.
func (d *Desk) purseOf(merchant string) (chart.Purse, bool) {
	for _, fund := range chart.Funds() {
		if id, purse, ok := d.merchants.MerchantOf(d.house.PurseOf(fund).Entity); ok && id == merchant {
			return purse, true
		}
	}
	return chart.Purse{}, false
}

// prove sums the report up and says what is wrong with it, or "".
func (r *SettlementReport) prove() string {
	seen := make(map[string]bool, len(r.Lines))
	var net money.Cents
	for i := range r.Lines {
		line := &r.Lines[i]
		switch {
		case line.Gross-line.Fee != line.Net:
			return fmt.Sprintf("line %s: %s less %s is not %s", line.ID, line.Gross, line.Fee, line.Net)
		case seen[line.ID]:
			return fmt.Sprintf("line %s stands in it twice", line.ID)
		}
		seen[line.ID] = true
		net += line.Net
		r.Fees += line.Fee
	}
	if net != r.Net {
		return fmt.Sprintf("its lines sum to %s, and it pays %s", net, r.Net)
	}
	return ""
}

// postFees posts what the processor kept of a payout: the clearing account then
// stands at what the bank is to show.
func (d *Desk) postFees(ctx context.Context, r *SettlementReport) error {
	if r.Fees == 0 {
		return nil
	}
	book, err := d.store.CardBook(ctx, d.house.PostingDay(r.Purse.Entity))
	if err != nil {
		return err
	}
	order := cashier.Order{
		Key: ident.Key("card-fees:" + r.Merchant + ":" + r.ID), Actor: cardsActor, Reason: "fees of payout " + r.ID,
	}
	_, err = d.books.ProcessorFees(ctx, order, cashier.HouseSum{Book: book, Purse: r.Purse, On: r.PaidOn, Cents: r.Fees})
	return err
}

// cardsActor is who books what processors and banks did.
var cardsActor = ident.Actor{Kind: ident.System, Name: "cards"}

// match says which of our charges, refunds and disputes a line is. What is not
// known is followed as if its notice had come, and looked for once more.
func (d *Desk) match(ctx context.Context, merchant string, line *SettlementLine) error {
	if err := d.matchNow(ctx, merchant, line); err != nil || line.Problem == "" {
		return err
	}
	kind, told := lineNotices[line.Kind]
	if !told || line.Charge.ID == "" {
		return nil
	}
	if err := d.Notice(ctx, Notice{Kind: kind, Charge: line.Charge, Subject: line.Subject}); err != nil {
		d.o.Log.Warn("a line of a settlement report cannot be followed", "line", line.ID, "error", err)
		return nil
	}
	return d.matchNow(ctx, merchant, line)
}

var lineNotices = map[LineKind]NoticeKind{
	LineCharge: NoticeCharge, LineRefund: NoticeRefund, LineRefundFailed: NoticeRefund,
	LineDispute: NoticeDispute, LineDisputeWon: NoticeDispute,
}

// The reasons for which a line is not known.
const (
	unknownCharge  = "the charge is none of ours"
	unknownRefund  = "we know no such refund"
	unknownDispute = "we know no such dispute"
	unknownPayout  = "we know no such failed payout"
	unknownKind    = "the processor moved money for a reason of its own"
	otherAmount    = "the amount is another on our books"
	notBooked      = "it is not on our books yet"
)

func (d *Desk) matchNow(ctx context.Context, merchant string, line *SettlementLine) error {
	line.Problem = ""
	switch line.Kind {
	case LineFee:
		return nil
	case LinePayoutFailed:
		return d.matchFailed(ctx, merchant, line)
	case LineOther:
		line.Problem = unknownKind
		return nil
	}
	id, err := d.store.AttemptOfCharge(ctx, line.Charge)
	if err != nil {
		if fault.KindOf(err) == fault.NotFound {
			line.Problem, err = unknownCharge, nil
		}
		return err
	}
	a, err := d.store.Attempt(ctx, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(a.Legs, func(l Leg) bool { return l.Charge == line.Charge })
	if at < 0 {
		line.Problem = unknownCharge // of an earlier card
		return nil
	}
	line.Attempt, line.Leg = id, a.Legs[at].No
	switch line.Kind {
	case LineCharge:
		line.Problem = a.Legs[at].settled(&a, line.Gross)
	case LineRefund, LineRefundFailed:
		err = d.matchRefund(ctx, id, line)
	case LineDispute, LineDisputeWon:
		err = d.matchDispute(ctx, id, line)
	}
	return err
}

// settled says why a charge that was paid out is not a leg's, or "".
func (l *Leg) settled(a *Attempt, gross money.Cents) string {
	switch {
	case l.State != LegCaptured || a.State != Paid:
		return notBooked
	case l.Amount != gross:
		return otherAmount
	}
	return ""
}

func (d *Desk) matchRefund(ctx context.Context, id ident.Opaque, line *SettlementLine) error {
	all, err := d.store.RefundsOf(ctx, id)
	if err != nil {
		return err
	}
	gone := line.Gross
	if line.Kind == LineRefund {
		gone = -gone
	}
	at := slices.IndexFunc(all, func(r RefundCase) bool { return r.Processor == line.Subject })
	if at < 0 {
		// One that was made at the dashboard was found by what was refunded of the charge
		// in all, so that it has no name, and can be the sum of several.
		at = slices.IndexFunc(all, func(r RefundCase) bool { return r.Elsewhere && r.Processor == "" && r.Amount >= gone })
	}
	switch {
	case at < 0:
		line.Problem = unknownRefund
	case all[at].Amount != gone && !all[at].Elsewhere:
		line.Problem = otherAmount
	case line.Kind == LineRefund && all[at].counts() && all[at].State != CaseSent,
		line.Kind == LineRefundFailed && all[at].counts():
		line.Problem = notBooked
	}
	return nil
}

func (d *Desk) matchDispute(ctx context.Context, id ident.Opaque, line *SettlementLine) error {
	all, err := d.store.DisputesOf(ctx, id)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(c DisputeCase) bool { return c.ID == line.Subject })
	gone := line.Gross
	if line.Kind == LineDispute {
		gone = -gone
	}
	switch {
	case at < 0:
		line.Problem = unknownDispute
	case all[at].Amount != gone:
		line.Problem = otherAmount
	case all[at].Status == DisputeWon && !all[at].Booked:
		// It came back before we had heard of it: on our books nothing moved.
	case !all[at].Booked, line.Kind == LineDisputeWon && !all[at].Restored:
		line.Problem = notBooked
	}
	return nil
}

func (d *Desk) matchFailed(ctx context.Context, merchant string, line *SettlementLine) error {
	earlier, err := d.store.Report(ctx, merchant, line.Subject)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound, err == nil && earlier.Status != PayoutFailed:
		line.Problem = unknownPayout
		return nil
	case err == nil && earlier.Net != line.Gross:
		line.Problem = otherAmount
	}
	return err
}

// recognise looks again at lines that were not known.
func (d *Desk) recognise(ctx context.Context) error {
	lines, err := d.store.UnknownLines(ctx, exceptionsMax)
	if err != nil {
		return err
	}
	for i := range lines {
		u := &lines[i]
		if err := d.match(ctx, u.Merchant, &u.SettlementLine); err != nil {
			return err
		}
		if u.Problem != "" {
			continue
		}
		if err := d.store.KeepLineKnown(ctx, u.Merchant, u.ID, u.Attempt, u.Leg, d.clock.Now()); err != nil {
			return err
		}
	}
	return nil
}

// Reports lists settlement reports by the day on which the bank is to show them,
// without their lines. A zero day bounds nothing.
func (d *Desk) Reports(ctx context.Context, from, to calendar.Date) ([]SettlementReport, error) {
	all, err := d.store.Reports(ctx, from, to)
	return all, fault.Wrap("checkout.Reports", err)
}

// Report gives a settlement report with its lines. NotFound when it was not taken.
func (d *Desk) Report(ctx context.Context, merchant, payout string) (SettlementReport, error) {
	r, err := d.store.Report(ctx, merchant, payout)
	return r, fault.Wrap("checkout.Report", err)
}
