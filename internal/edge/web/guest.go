package web

import (
	"context"
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/region"
)

// Guest is what paying without sign-in needs of the office; without it the
// pages are left out.
type Guest struct {
	Desk       Desk
	Cards      Cards
	Directory  Directory
	Limits     Limits
	Challenger Challenger
	Receipts   Receipts // nil when no mail is sent
}

// Desk takes payments by card; checkout.Desk is one.
type Desk interface {
	Begin(ctx context.Context, draft checkout.Draft) (checkout.Attempt, error)
	Pay(ctx context.Context, id ident.Opaque, token string) (checkout.Attempt, error)
	OpenPage(ctx context.Context, id ident.Opaque, done, back string) (string, error)
	Returned(ctx context.Context, id ident.Opaque) (checkout.Attempt, error)
	Withdraw(ctx context.Context, id ident.Opaque) (checkout.Attempt, error)
	Look(ctx context.Context, id ident.Opaque) (checkout.Attempt, error)
	Tell(ctx context.Context, id ident.Opaque) error
}

// Cards tells what may be shown of the card behind a token; a checkout.Processor
// is one.
type Cards interface {
	Card(ctx context.Context, token string) (checkout.Card, error)
}

// Directory knows whom a number or a bill's code names, and says no more of it
// than a guest may know; registry.Registry is one.
type Directory interface {
	Match(ctx context.Context, access audit.Access, number, fact string, told registry.Told) (registry.Guest, error)
	Bill(ctx context.Context, access audit.Access, code string, told registry.Told) (registry.Bill, error)
}

// Limits says what may be tried; limit.Limits is one.
type Limits interface {
	Looked(ctx context.Context, who limit.Who, hit bool, number billpay.Number) (limit.Verdict, error)
	Card(ctx context.Context, who limit.Who, amount money.Cents) (limit.Verdict, error)
	Approved(ctx context.Context, who limit.Who) error
	Declined(ctx context.Context, who limit.Who, class string) error
	Unused(ctx context.Context, who limit.Who) error
	Least(bill money.Cents) money.Cents
}

// Challenger has a payer prove that somebody reads a mailbox; limit.Challenger is one.
type Challenger interface {
	Send(ctx context.Context, who limit.Who, to, language string) (limit.Verdict, error)
	Check(ctx context.Context, who limit.Who, typed string) (limit.Outcome, error)
}

// Receipts writes a receipt to an address that its payer gives; deliver.Post is one.
type Receipts interface {
	Receipt(ctx context.Context, a checkout.Attempt, to, language string) error
}

// guestRoutes are the addresses of paying without sign-in.
func (s *Site) guestRoutes() []route {
	if s.Guest == nil {
		return nil
	}
	return []route{
		{name: "guest.start", pattern: "GET /{$}", serve: (*visit).guestStart},
		{name: "guest.find", pattern: "POST /{$}", serve: (*visit).guestFind},
		{name: "guest.scan", pattern: "GET /pay/b/{code}", serve: (*visit).guestScan},
		{name: "guest.bill", pattern: "GET /bill", serve: (*visit).guestBill},
		{name: "guest.code", pattern: "POST /bill", serve: (*visit).guestCode},
		{name: "guest.pay", pattern: "GET /pay", loads: cardPage, serve: (*visit).guestPay},
		{name: "guest.draft", pattern: "POST /pay", loads: cardPage, serve: (*visit).guestDraft},
		{name: "guest.review", pattern: "GET /review", leaves: true, serve: (*visit).guestReview},
		{name: "guest.charge", pattern: "POST /review", leaves: true, serve: (*visit).guestCharge},
		{name: "guest.page.done", pattern: "GET /pay/done", serve: (*visit).guestPageDone},
		{name: "guest.page.back", pattern: "GET /pay/back", serve: (*visit).guestPageBack},
		{name: "guest.result", pattern: "GET /result", serve: (*visit).guestResult},
		{name: "guest.receipt", pattern: "GET /receipt", serve: (*visit).guestReceipt},
		{name: "guest.receipt.mail", pattern: "POST /receipt", serve: (*visit).guestMailReceipt},
		{name: "guest.receipt.pdf", pattern: "GET /receipt.pdf", serve: (*visit).guestReceiptPDF},
		{name: "guest.another", pattern: "POST /another", serve: (*visit).guestAnother},
		{name: "guest.challenge", pattern: "GET /code", serve: (*visit).guestChallenge},
		{name: "guest.challenge.answer", pattern: "POST /code", serve: (*visit).guestChallengeAnswer},
	}
}

// Names of what a session keeps for a guest.
const (
	keptVisit  = "visit"  // the sitting's id
	keptErrand = "errand" // what the guest is about to pay
	keptAsked  = "asked"  // what he typed before a challenge stood in the way
	keptScan   = "scan"   // the code that was scanned from a bill
)

// errand is what a guest is about to pay, as far as he has come.
type errand struct {
	Number string // in digits; it was matched, or is that of the bill
	Bill   []due  // of a bill: what is open on it; else empty
	Fund   chart.Fund
	// Typed and Fact are what the guest came with, for when he goes back.
	Typed, Fact string

	// Attempt changes whenever what is paid changes, and only then: the same page
	// sent twice, from two windows or after going back, is one payment.
	Attempt ident.Opaque
	Parts   []checkout.Part
	Mail    string

	Token string        // a card that the processor's fields took, not yet charged; or ""
	Card  checkout.Card // behind Token
	// Elsewhere says that the card is entered on the processor's own page.
	Elsewhere bool
	// Asked says that limits allowed a card of which they were not told the outcome.
	Asked bool
	// Checked says that the guest was told that we do not know.
	Checked bool
	Mailed  int // receipts sent on request
}

// due is what is open of one fund on a bill.
type due struct {
	Fund  chart.Fund
	Open  money.Cents
	Items []payment.ItemRef
	DueOn calendar.Date // of the oldest
}

// open sums up what is open on the bill, or is 0 without one.
func (e *errand) open() money.Cents {
	var sum money.Cents
	for _, d := range e.Bill {
		sum += d.Open
	}
	return sum
}

func (e *errand) amount() money.Cents {
	var sum money.Cents
	for _, p := range e.Parts {
		sum += p.Amount
	}
	return sum
}

// last4 is all that a page shows of the number.
func (e *errand) last4() string { return e.Number[len(e.Number)-4:] }

// ending writes the errand's account as a guest may see it: "ending in 1234".
func (v *visit) ending(e *errand) template.HTML {
	text, err := last4(v.words, e.last4())
	if err != nil {
		panic("web: an errand always has a number: " + err.Error())
	}
	return text
}

// draft is the decision to pay, for the desk. It is the same for as long as its
// id is.
func (v *visit) draft(e *errand) checkout.Draft {
	return checkout.Draft{
		ID: e.Attempt, Door: checkout.DoorGuest, Actor: v.guestActor(), Language: v.words.Tag, Mail: e.Mail, Parts: e.Parts,
	}
}

// sitting is one visit of a guest, whatever he pays in it.
func (v *visit) sitting() ident.Opaque {
	var id ident.Opaque
	if !v.kept(keptVisit, &id) {
		id = ident.NewOpaque()
		v.keep(keptVisit, id)
	}
	return id
}

// guestActor is how books and audit trail name a guest: by his browser, for
// nobody knows who he is.
func (v *visit) guestActor() ident.Actor {
	return ident.Actor{Kind: ident.Guest, Name: string(v.device())}
}

// guestAccess is what a guest's look-ups are written down under.
func (v *visit) guestAccess() audit.Access {
	access, err := audit.By(v.guestActor(), "paying as a guest", "web")
	if err != nil {
		panic("web: a guest always has an id: " + err.Error())
	}
	return access
}

// who is what limits may know of a guest who names a number. No session begins
// for it: whoever guesses would fill the database.
func (v *visit) who(number billpay.Number) limit.Who {
	return limit.Who{Number: number, Device: string(v.device()), Address: v.client()}
}

// payer is what limits may know of a guest at his errand.
func (v *visit) payer(e *errand) limit.Who {
	number, _ := billpay.Parse(e.Number) // it was read before it was kept
	who := v.who(number)
	who.Card, who.Bill, who.Visit = e.Card.Fingerprint, e.open(), string(v.sitting())
	return who
}

// errandOrOver gives the guest's errand, or ends with a page that says why there
// is none.
func (v *visit) errandOrOver() (*errand, bool) {
	var e errand
	if v.kept(keptErrand, &e) {
		return &e, true
	}
	if v.withoutCookies() {
		v.stop(http.StatusBadRequest, v.words.Guest.CookiesOff, Link{"/", v.words.Pieces.StartAgain})
	} else {
		v.sessionOver()
	}
	return nil, false
}

// withoutCookies reports that the browser sent none of the cookies that the first
// page sets.
func (v *visit) withoutCookies() bool {
	_, err := v.r.Cookie(v.cookieName(deviceCookie))
	return err != nil && !v.session.sent
}

// stopPage says that there is no going on, and what to do instead.
type stopPage struct {
	Failure
	Text []string
	Ways []Link
}

// Title implements titled.
func (p stopPage) Title(*Words) string { return p.Heading }

func (v *visit) stop(code int, why Failure, ways ...Link) {
	v.show(code, "guest-stop", stopPage{Failure: why, Text: []string{why.Body, v.callUs(v.words.Guest.CallUs)}, Ways: ways})
}

// unavailable says that something we need is down. Nothing was charged.
func (v *visit) unavailable(what string, err error) {
	v.log.Error(what, "kind", fault.KindOf(err).String(), "error", err)
	v.stop(http.StatusServiceUnavailable, v.words.Guest.Unavailable, Link{"/", v.words.Pieces.StartAgain})
}

// callUs writes the region's telephone number for questions about bills into a text.
func (v *visit) callUs(text string) string { return v.call(text, region.Billing) }

func (v *visit) call(text string, purpose region.Purpose) string {
	contact, _ := v.region.Contact(purpose, region.AllTypes) // every region has one for every purpose
	number := strings.ReplaceAll(contact.Phone.Number.String(), "-", unbroken)
	return fmt.Sprintf(strings.ReplaceAll(text, "TTY ", "TTY\u00a0"), number, contact.Phone.TTY.String())
}

// unbroken is a hyphen at which no line is broken.
const unbroken = "\u2011"

// typed gives a value of the form, unless it is a card's number: that was typed
// into the wrong field, and is neither kept nor shown again.
func (v *visit) typed(name string) string {
	value := v.text(name)
	if billpay.HintFor(value).Kind == billpay.CardNumber {
		return ""
	}
	return value
}

// entity names the legal entity that a fund's money goes to.
func (v *visit) entity(fund chart.Fund) string {
	e, _ := v.Plan.Entity(v.Plan.EntityOf(fund)) // every fund has one
	return e.Name
}

// cardName says "Visa ending in 4242".
func (w *Words) cardName(card checkout.Card) string {
	brand, known := cardBrands[card.Brand]
	if !known {
		brand = w.Guest.OtherCard
	}
	return brand + " " + fmt.Sprintf(w.Pieces.EndingIn, card.Last4)
}
