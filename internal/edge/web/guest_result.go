package web

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/checkout"
)

// lookEvery is after how many seconds a browser looks again at a payment that is
// being checked. A reader can turn that off (WCAG 2.2.1).
const lookEvery = 10

// resultPage says how a payment stands that is not paid.
type resultPage struct {
	Name    string // the page's
	Notice  Notice
	Heading string
	Text    []string
	Summary SummaryList
	Status  string
	Ways    []wayOn
	Last    []string
}

// Title implements titled.
func (p resultPage) Title(*Words) string { return p.Name }

// wayOn is a link to what can be done next.
type wayOn struct {
	Link
	Main bool
}

// guestResult shows how the payment stands. Loading it again changes nothing.
func (v *visit) guestResult() {
	e, ok := v.errandOrOver()
	if !ok {
		return
	}
	if e.Attempt == "" {
		v.seeOther("/pay")
		return
	}
	a, err := v.Guest.Desk.Look(v.ctx(), e.Attempt)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		v.seeOther("/review") // it never began
	case err != nil:
		v.unavailable("an attempt cannot be looked up", err)
	default:
		v.showResult(e, &a)
	}
}

func (v *visit) showResult(e *errand, a *checkout.Attempt) {
	switch a.State {
	case checkout.Paid:
		v.seeOther("/receipt")
	case checkout.Ready:
		v.seeOther("/review")
	case checkout.Paying, checkout.Checking:
		if !e.Checked {
			e.Checked = true
			v.keep(keptErrand, e)
		}
		v.showChecking(e)
	default:
		v.showNotPaid(e, a)
	}
}

func (v *visit) showChecking(e *errand) {
	w := &v.words.Guest.Result
	p := resultPage{
		Name: w.CheckingTitle, Heading: w.CheckingHeading, Notice: Notice{Kind: NoticeWarn, Text: []string{w.Checking[2]}},
		Text: w.Checking[:2], Summary: v.paymentLines(e), Status: w.StoppedLooking,
		Ways: []wayOn{{Link{"/result", w.LookAgain}, true}}, Last: []string{v.callUs(v.words.Guest.CallUs)},
	}
	news := w.CheckingNoMail
	if e.Mail != "" {
		news = w.CheckingMail
	}
	p.Text = append(p.Text[:len(p.Text):len(p.Text)], news)
	if !v.r.URL.Query().Has("still") {
		v.w.Header().Set("Refresh", strconv.Itoa(lookEvery)+"; url=/result")
		p.Status = fmt.Sprintf(w.LooksEvery, lookEvery)
		p.Ways = append(p.Ways, wayOn{Link{"/result?still=1", w.StopLooking}, false})
	}
	v.show(http.StatusOK, "guest-result", p)
}

// paymentLines name a payment so that its payer knows which one is meant.
func (v *visit) paymentLines(e *errand) SummaryList {
	w := &v.words.Guest.Result
	return SummaryList{Lines: []SummaryLine{{Label: w.Amount, Value: e.amount().Grouped()}, {Label: w.Account, Value: v.ending(e)}}}
}

// showNotPaid says that nothing was taken, and tells the desk that it was said.
func (v *visit) showNotPaid(e *errand, a *checkout.Attempt) {
	if err := v.Guest.Desk.Tell(v.ctx(), e.Attempt); err != nil {
		v.unavailable("that a payer was told cannot be noted", err)
		return
	}
	w := &v.words.Guest.Result
	p := resultPage{Summary: v.paymentLines(e), Last: []string{v.callUs(w.OtherWays)}}
	switch {
	case a.Late:
		p.Name, p.Heading, p.Notice = w.LateTitle, w.LateHeading, Notice{Kind: NoticeWarn, Text: w.Late[:1]}
		p.Text = w.Late[1:]
		p.Ways = []wayOn{{Link{"/pay", w.PayAgain}, true}}
	case a.State == checkout.Declined && !e.Checked:
		p.Name, p.Heading, p.Notice = w.DeclinedTitle, w.DeclinedHeading, Notice{Kind: NoticeBad, Text: []string{w.Declined[a.Decline.Class]}}
		p.Text = []string{w.DeclinedDo[a.Decline.Class], w.FewCards}
		p.Ways = []wayOn{{Link{"/pay", w.TryAnother}, true}}
	default:
		p.Name, p.Heading, p.Notice = w.NotTakenTitle, w.NotTakenHeading, Notice{Kind: NoticeWarn, Text: w.NotTaken[:1]}
		p.Text = w.NotTaken[1:]
		p.Ways = []wayOn{{Link{"/pay", w.PayAgain}, true}}
	}
	v.show(http.StatusOK, "guest-result", p)
}
