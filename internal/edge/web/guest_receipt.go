package web

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/checkout"
)

// receiptMailsMax bounds how often one payment's receipt is mailed on request.
const receiptMailsMax = 3

// receiptPage is what a payer keeps.
type receiptPage struct {
	onForm
	withProblems
	Notices []Notice
	Heading string
	Receipt receipt
	CanMail bool
	Mail    TextField
	Buttons ButtonRow
}

// Title implements titled.
func (receiptPage) Title(w *Words) string { return w.Guest.Receipt.Title }

// paidErrand gives the guest's errand and its attempt if it is paid.
func (v *visit) paidErrand() (*errand, *checkout.Attempt, bool) {
	e, ok := v.errandOrOver()
	if !ok {
		return nil, nil, false
	}
	a, err := v.Guest.Desk.Look(v.ctx(), e.Attempt)
	switch {
	case err != nil && fault.KindOf(err) != fault.NotFound:
		v.unavailable("an attempt cannot be looked up", err)
	case err != nil || a.State != checkout.Paid:
		v.seeOther("/result")
	default:
		return e, &a, true
	}
	return nil, nil, false
}

func (v *visit) guestReceipt() {
	e, a, ok := v.paidErrand()
	if !ok {
		return
	}
	var said Notice
	if e.Mail != "" {
		said = Notice{Kind: NoticeGood, Text: []string{v.words.Guest.Receipt.Mailed}}
	}
	v.showReceipt(http.StatusOK, e, a, "", "", said)
}

// taken lists what was captured: the parts whose legal entity's charge was made.
// A payment to two of them may have succeeded for one.
func taken(a *checkout.Attempt) []checkout.Part {
	var parts []checkout.Part
	for i := range a.Legs {
		if a.Legs[i].State != checkout.LegCaptured {
			continue
		}
		for _, at := range a.Legs[i].Parts {
			parts = append(parts, a.Parts[at])
		}
	}
	return parts
}

func (v *visit) showReceipt(code int, e *errand, a *checkout.Attempt, typed, wrong string, said Notice) {
	w := &v.words.Guest.Receipt
	p := receiptPage{
		Heading: w.Heading,
		Receipt: receipt{Confirmation: a.Payment.Confirmation(), PaidOn: a.Received, Account: e.last4(), Total: a.Taken()},
		CanMail: v.Guest.Receipts != nil,
		Mail: TextField{
			Field: Field{Name: fieldMail, Label: w.MailLabel, Error: wrong}, Value: typed, Type: "email", Autocomplete: "email",
			InputMode: "email", MaxLength: mailMax,
		},
		Buttons: ButtonRow{Primary: Button{Text: w.Send}},
	}
	for _, part := range taken(a) {
		p.Receipt.Lines = append(p.Receipt.Lines, SummaryLine{
			Label: v.words.Guest.Funds[part.Fund], Value: part.Amount.Grouped(), Note: fmt.Sprintf(v.words.Guest.Review.PaidTo, v.entity(part.Fund)),
		})
	}
	p.Receipt.Lines = append(p.Receipt.Lines, SummaryLine{Label: w.Card, Value: v.words.cardName(cardUsed(a))})
	if missing := a.Amount() - a.Taken(); missing > 0 {
		p.Heading = w.HeadingPartly
		p.Notices = append(p.Notices, Notice{Kind: NoticeWarn, Text: []string{fmt.Sprintf(w.Partly, missing.Grouped())}})
	}
	if len(said.Text) > 0 {
		p.Notices = append(p.Notices, said)
	}
	if wrong != "" {
		p.Problems = []Problem{{fieldMail, wrong}}
	}
	v.show(code, "guest-receipt", p)
}

// guestMailReceipt sends the receipt to an address that the payer types now.
func (v *visit) guestMailReceipt() {
	e, a, ok := v.paidErrand()
	if !ok {
		return
	}
	to, w := v.typed(fieldMail), &v.words.Guest.Receipt
	failed := Notice{Kind: NoticeWarn, Text: []string{w.MailFailed}}
	switch {
	case v.switching():
		v.showReceipt(http.StatusOK, e, a, to, "", Notice{})
		return
	case !isMail(to):
		v.showReceipt(http.StatusUnprocessableEntity, e, a, to, w.MailWrong, Notice{})
		return
	case v.Guest.Receipts == nil || e.Mailed >= receiptMailsMax:
		v.showReceipt(http.StatusTooManyRequests, e, a, "", "", failed)
		return
	}
	e.Mailed++
	v.keep(keptErrand, e)
	if err := v.Guest.Receipts.Receipt(v.ctx(), *a, to, v.words.Tag); err != nil {
		v.log.Error("a receipt could not be mailed", "kind", fault.KindOf(err).String(), "error", err)
		v.showReceipt(http.StatusServiceUnavailable, e, a, to, "", failed)
		return
	}
	v.showReceipt(http.StatusOK, e, a, "", "", Notice{Kind: NoticeGood, Text: []string{w.Mailed}})
}

// guestReceiptPDF gives the receipt to keep and print.
func (v *visit) guestReceiptPDF() {
	e, a, ok := v.paidErrand()
	if !ok {
		return
	}
	doc, err := v.paper(e, a).PDF()
	if err != nil {
		v.unavailable("a receipt cannot be made", err)
		return
	}
	v.sendPDF(v.words.Tag, v.words.Guest.Receipt.FileName, doc)
}

// sendPDF answers with a document to keep, under a file's name without ending.
func (v *visit) sendPDF(language, name string, doc []byte) {
	if !v.endWell() {
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Language", language)
	h.Set("Content-Disposition", `attachment; filename="`+name+`.pdf"`)
	v.send(http.StatusOK, doc)
}

// paper is the receipt in the words of the page.
func (v *visit) paper(e *errand, a *checkout.Attempt) *paper.Receipt {
	w, day := &v.words.Guest.Receipt, a.Received.Time()
	r := &paper.Receipt{
		Language: v.words.Tag, Plan: v.region.Brand.PlanName, Title: w.PaperTitle, Said: w.Thanks, At: a.TriedAt,
		Confirmation: paper.Line{Label: v.words.Pieces.Confirmation, Value: a.Payment.Confirmation()},
		Lines: []paper.Line{
			{Label: v.words.Pieces.PaidOn, Value: v.words.Date(day.Year(), day.Month(), day.Day())},
			{Label: v.words.Guest.Review.Who, Value: fmt.Sprintf(v.words.Pieces.EndingIn, e.last4())},
			{Label: w.Card, Value: v.words.cardName(cardUsed(a))},
		},
		ShareHeads: [3]string{w.For, w.PaidTo, v.words.Guest.Review.Amount},
		Total:      paper.Line{Label: v.words.Pieces.Total, Value: a.Taken().Grouped()},
		Notes:      []string{w.NotBalance},
		// The font has no hyphen but the ordinary one.
		Contacts: []string{strings.ReplaceAll(v.callUs(v.words.Guest.CallUs), unbroken, "-")},
	}
	if missing := a.Amount() - a.Taken(); missing > 0 {
		r.Said = w.HeadingPartly
		r.Notes = append([]string{fmt.Sprintf(w.Partly, missing.Grouped())}, r.Notes...)
	}
	for _, part := range taken(a) {
		r.Shares = append(r.Shares, paper.Share{For: v.words.Guest.Funds[part.Fund], To: v.entity(part.Fund), Amount: part.Amount.Grouped()})
	}
	return r
}

// guestAnother ends one errand for the next. The sitting stays: limits hold for
// all that is paid in it.
func (v *visit) guestAnother() {
	var e errand
	if v.kept(keptErrand, &e) {
		v.unasked(&e)
	}
	v.drop(keptErrand)
	v.seeOther("/")
}
