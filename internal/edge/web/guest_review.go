package web

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/limit"
)

// reviewPage shows everything before the card is charged.
type reviewPage struct {
	onForm
	Notices  []Notice
	Progress progress
	Summary  SummaryList
	Late     *Notice // what becomes of premium that comes too late, or nil
	Charges  string  // on several charges, or ""
	Attempt  string
	Note     string
	Buttons  ButtonRow
}

// Title implements titled.
func (reviewPage) Title(w *Words) string { return w.Guest.Review.Title }

// fieldAttempt is the review's own: what was looked over is what is charged.
const fieldAttempt = "attempt"

// errandToReview gives the guest's errand once amount and card are there.
func (v *visit) errandToReview() (*errand, bool) {
	e, ok := v.errandOrOver()
	if !ok {
		return nil, false
	}
	if e.Attempt == "" || e.Token == "" && !e.Elsewhere {
		v.seeOther("/pay")
		return nil, false
	}
	return e, true
}

func (v *visit) guestReview() {
	if e, ok := v.errandToReview(); ok && !v.onItsWay(e) {
		v.showReview(e, false)
	}
}

func (v *visit) showReview(e *errand, changed bool) {
	w := &v.words.Guest.Review
	p := reviewPage{
		Progress: v.progress(stepReview), Attempt: string(e.Attempt), Summary: SummaryList{Lines: v.reviewLines(e)},
		Late: v.lateNotice(e), Note: w.PayNote,
		Buttons: ButtonRow{Primary: Button{Text: fmt.Sprintf(w.Pay, e.amount().Grouped())}, Back: Link{"/pay", w.Back}},
	}
	if e.Elsewhere {
		p.Note, p.Buttons.Primary.Text = fmt.Sprintf(w.PayElsewhereNote, v.processorName()), w.PayElsewhere
	}
	if n := len(v.sharesOf(e.Parts)); n > 1 {
		p.Charges = fmt.Sprintf(w.Charges, n)
	}
	if changed {
		p.Notices = append(p.Notices, Notice{Kind: NoticeWarn, Text: []string{w.Changed}})
	}
	v.show(http.StatusOK, "guest-review", p)
}

// lateNotice says what becomes of premium that comes after the last day to pay. Of
// a bill it is said when its premium is past due; who came by a number learns
// nothing of the account, so to him it is said of any premium, with an if.
func (v *visit) lateNotice(e *errand) *Notice {
	w := &v.words.Guest.Review
	heading := w.IfLate
	for _, part := range e.Parts {
		if part.Fund != chart.Premium {
			continue
		}
		day := v.House.PostingDay(v.House.PurseOf(part.Fund).Entity)
		if at := slices.IndexFunc(e.Bill, func(d due) bool { return d.Fund == part.Fund }); at >= 0 {
			if !e.Bill[at].DueOn.Before(day) {
				return nil
			}
			heading = w.IsLate
		}
		days, err := v.Plan.Billing.Rules.Find(rule.LateMoneyDecision, rule.Place{}, day)
		if err != nil {
			v.log.Error("no rule says when late money is decided upon", "error", err)
			return nil
		}
		return &Notice{Heading: heading, Text: []string{fmt.Sprintf(w.Late, days.Count()), v.callUs(w.LateCall)}}
	}
	return nil
}

func (v *visit) reviewLines(e *errand) []SummaryLine {
	w := &v.words.Guest.Review
	toStart, toPay := Link{"/", v.words.Guest.Pay.Change}, Link{"/pay", v.words.Guest.Pay.Change}
	lines := []SummaryLine{{Label: w.Who, Value: v.ending(e), Change: toStart}}
	for _, part := range e.Parts {
		lines = append(lines, SummaryLine{
			Label: v.words.Guest.Funds[part.Fund], Value: part.Amount.Grouped(), Note: fmt.Sprintf(w.PaidTo, v.entity(part.Fund)), Change: toPay,
		})
	}
	if len(e.Parts) > 1 {
		lines = append(lines, SummaryLine{Label: w.Total, Value: e.amount().Grouped()})
	}
	card := SummaryLine{Label: w.Card, Value: w.CardLater}
	if !e.Elsewhere {
		card.Value, card.Change = v.words.cardName(e.Card), toPay
	}
	day := v.House.PostingDay(v.House.PurseOf(e.Parts[0].Fund).Entity)
	lines = append(lines, card, SummaryLine{Label: w.Date, Value: dateText(v.words, day)})
	if v.Guest.Receipts == nil {
		return lines
	}
	to := SummaryLine{Label: w.Email, Value: e.Mail, Change: toPay}
	if e.Mail == "" {
		to.Value = w.NoEmail
	}
	return append(lines, to)
}

// share is what one legal entity gets of a payment: one charge on the card.
type share struct {
	Entity chart.EntityNo
	Fund   chart.Fund // the first
}

// sharesOf gives the legal entities among parts, in their order.
func (v *visit) sharesOf(parts []checkout.Part) []share {
	var shares []share
	seen := map[chart.EntityNo]bool{}
	for _, part := range parts {
		entity := v.House.PurseOf(part.Fund).Entity
		if !seen[entity] {
			seen[entity] = true
			shares = append(shares, share{entity, part.Fund})
		}
	}
	return shares
}

// guestCharge charges the card, if what was looked over is still what is to be
// paid.
func (v *visit) guestCharge() {
	e, ok := v.errandToReview()
	switch {
	case !ok:
		return
	case v.switching():
		v.showReview(e, false)
		return
	case v.text(fieldAttempt) != string(e.Attempt):
		v.showReview(e, true)
		return
	}
	a, err := v.Guest.Desk.Begin(v.ctx(), v.draft(e))
	if err != nil {
		v.unavailable("an attempt cannot begin", err)
		return
	}
	if a.State != checkout.Ready && a.State != checkout.Declined {
		v.seeOther("/result") // the same form again: it is the same payment
		return
	}
	if !v.mayCharge(e) {
		return
	}
	if e.Elsewhere {
		v.openCardPage(e)
		return
	}
	v.charge(e)
}

// mayCharge asks the limits for a card.
func (v *visit) mayCharge(e *errand) bool {
	if e.Asked {
		return true // for the page of another legal entity, or one that was left and is opened again
	}
	verdict, err := v.Guest.Limits.Card(v.ctx(), v.payer(e), e.amount())
	switch {
	case err != nil:
		v.unavailable("the limits of cards cannot be read", err)
	case verdict.Answer == limit.Challenge:
		v.challenge(verdict, asked{})
	case verdict.Answer == limit.Refuse:
		v.refuse(verdict, &v.words.Guest.Limit.Cards)
	default:
		return true
	}
	return false
}

func (v *visit) charge(e *errand) {
	// A payer who leaves the page leaves the charge to be finished and counted.
	ctx := context.WithoutCancel(v.ctx())
	a, err := v.Guest.Desk.Pay(ctx, e.Attempt, e.Token)
	v.tellLimits(ctx, e, a, err)
	switch fault.KindOf(err) {
	case fault.UnknownOutcome:
		v.log.Warn("it is not known whether a card was charged", "error", err)
		v.seeOther("/result")
		return
	case fault.Invalid:
		if err != nil { // the token was used up or is of another processor
			v.spendCard(e)
			v.showPay(http.StatusUnprocessableEntity, e, v.formOf(e, true), nil)
			return
		}
	}
	if err != nil {
		v.unavailable("a card could not be charged", err)
		return
	}
	if a.State == checkout.Declined {
		v.spendCard(e)
	}
	if a.State == checkout.Paid {
		v.paid(e)
	}
	v.seeOther("/result")
}

// paid forgets what is not needed any more. The session keeps its token: of a
// double click the browser drops the first answer, and with it a new token.
func (v *visit) paid(e *errand) {
	e.Typed, e.Fact = "", ""
	v.keep(keptErrand, e)
}

// spendCard forgets a card that cannot be charged again.
func (v *visit) spendCard(e *errand) {
	e.Token, e.Card, e.Elsewhere = "", checkout.Card{}, false
	v.keep(keptErrand, e)
}

// tellLimits tells what came of a card. Of one whose outcome is not known nothing
// is told: it counts until it is forgotten.
func (v *visit) tellLimits(ctx context.Context, e *errand, a checkout.Attempt, failed error) {
	who, limits := v.payer(e), v.Guest.Limits
	if used := cardUsed(&a); used.Fingerprint != "" {
		who.Card = used.Fingerprint
	}
	var err error
	switch {
	case failed != nil && fault.KindOf(failed) == fault.UnknownOutcome, failed == nil && a.State == checkout.Checking:
		return
	case failed != nil, a.State == checkout.Paying, a.State == checkout.Ready, a.State == checkout.Abandoned:
		err = limits.Unused(ctx, who)
	case a.State == checkout.Declined:
		err = limits.Declined(ctx, who, string(a.Decline.Class))
	case a.State == checkout.Paid:
		err = limits.Approved(ctx, who)
	}
	if err != nil {
		v.log.Error("the limits were not told what became of a card", "error", err)
	}
}

// cardUsed gives the card of an attempt; every leg has the same, unless they were
// entered on the processor's page one by one.
func cardUsed(a *checkout.Attempt) checkout.Card {
	for i := range a.Legs {
		if a.Legs[i].Card.Last4 != "" {
			return a.Legs[i].Card
		}
	}
	return checkout.Card{}
}

// Where the processor sends the payer from its own page. They name nothing: the
// session knows what was paid.
const (
	pageDonePath = "/pay/done"
	pageBackPath = "/pay/back"
)

// openCardPage sends the payer to the processor's own page.
func (v *visit) openCardPage(e *errand) {
	url, err := v.Guest.Desk.OpenPage(context.WithoutCancel(v.ctx()), e.Attempt, v.origin()+pageDonePath, v.origin()+pageBackPath)
	switch {
	case err != nil && fault.KindOf(err) == fault.Conflict:
		v.seeOther("/result")
	case err != nil:
		v.tellLimits(v.ctx(), e, checkout.Attempt{}, err)
		v.unavailable("the card page cannot be opened", err)
	case url == v.origin()+pageDonePath:
		v.keepAsked(e, true)
		v.seeOther(pageDonePath) // nothing is left to enter
	default:
		v.keepAsked(e, true)
		v.leave(url)
	}
}

// unasked tells the limits that a card they allowed is not going to be entered.
func (v *visit) unasked(e *errand) {
	if e.Asked {
		v.tellLimits(v.ctx(), e, checkout.Attempt{State: checkout.Ready}, nil)
		e.Asked = false
	}
}

func (v *visit) keepAsked(e *errand, asked bool) {
	e.Asked = asked
	v.keep(keptErrand, e)
}

// guestPageDone takes up a payer who entered a card on the processor's page. If
// another legal entity is to be paid too he goes on to its page.
func (v *visit) guestPageDone() {
	if e, a, ok := v.returned(); ok && a.State == checkout.Ready {
		v.openCardPage(e)
	} else if ok {
		v.seeOther("/result")
	}
}

// guestPageBack takes up a payer who turned back on the processor's page.
func (v *visit) guestPageBack() {
	_, a, ok := v.returned()
	switch {
	case !ok:
	case a.State == checkout.Ready: // the limits are not told: it is the same card that he may yet enter
		w := &v.words.Guest.Result
		v.stop(http.StatusOK, Failure{w.DidNotFinishHeading, w.DidNotFinish}, Link{"/review", w.GoOn})
	default:
		v.seeOther("/result")
	}
}

// returned asks what became of a payment whose payer was on the processor's page.
func (v *visit) returned() (*errand, checkout.Attempt, bool) {
	e, ok := v.errandToReview()
	if !ok {
		return nil, checkout.Attempt{}, false
	}
	a, err := v.Guest.Desk.Returned(context.WithoutCancel(v.ctx()), e.Attempt)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		v.seeOther("/review")
	case err != nil && fault.KindOf(err) == fault.UnknownOutcome:
		v.seeOther("/result")
	case err != nil:
		v.unavailable("what became of the card page cannot be told", err)
	default:
		if e.Asked && a.State != checkout.Ready {
			v.tellLimits(v.ctx(), e, a, nil)
			v.keepAsked(e, false)
		}
		if a.State == checkout.Paid {
			v.paid(e)
		}
		return e, a, true
	}
	return nil, a, false
}

// formOf gives what was typed of amount and mail.
func (v *visit) formOf(e *errand, again bool) payForm {
	form := payForm{Amounts: map[string]string{}, Mail: e.Mail, Again: again}
	for _, part := range e.Parts {
		form.Amounts[amountField(e, part.Fund)] = typedAmount(part.Amount)
	}
	return form
}
