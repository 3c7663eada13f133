package api

import (
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
)

// What travels over HTTP. Names never change and are never taken away; new ones
// may be added.

// PaymentOrder asks for one payment.
type PaymentOrder struct {
	AmountCents money.Cents   `json:"amount_cents" minimum:"1" maximum:"1000000000000" doc:"The whole payment in cents of a US dollar: the sum of the parts." example:"4500"`
	ReceivedOn  calendar.Date `json:"received_on,omitempty" format:"date" doc:"The day that counts for the payer, not in the future and at most 30 days ago. Today at the legal entity when left out. Not for cards: the day of the capture counts." example:"2026-11-23"`
	SentOn      calendar.Date `json:"sent_on,omitempty" format:"date" doc:"The postmark of a payment that came by mail, if it is known: at most 60 days before it was received. A payment of continuation coverage (COBRA) counts from this day, every other from received_on. Not for cards." example:"2026-11-20"`
	Parts       []OrderPart   `json:"parts" minItems:"1" maxItems:"50" doc:"The money for each number and fund."`
	Method      Method        `json:"method" doc:"How it is paid."`
	Language    string        `json:"language,omitempty" enum:"en,es" default:"en" doc:"In which the payer is told." example:"en"`
	ReceiptMail string        `json:"receipt_mail,omitempty" format:"email" maxLength:"254" doc:"Where the receipt goes. Only for cards; it is kept sealed." example:"payer@example.com"`
}

// OrderPart is the money for one billing account and fund.
type OrderPart struct {
	Account     string      `json:"account,omitempty" pattern:"^[0-9a-hjkmnp-tv-z]{26}$" doc:"Opaque id of the billing account, as accounts/match gives it. Either this or number." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Number      string      `json:"number,omitempty" maxLength:"40" doc:"Bill pay number as the payer gave it; blanks and hyphens do no harm. Either this or account. Money for a number that names no account waits in suspense." example:"3141 5926 5352"`
	Fund        chart.Fund  `json:"fund" enum:"premium,medical,pharmacy" doc:"What it is for." example:"premium"`
	AmountCents money.Cents `json:"amount_cents" minimum:"1" maximum:"1000000000000" doc:"In cents of a US dollar." example:"4500"`
	Items       []string    `json:"items,omitempty" maxItems:"50" doc:"The bills to pay, in order, each as the opaque id of the account that owes it, a colon, and its number there. The fund's rule when left out." example:"[\"5h8k2m9r4t6w1y3b7d0f2g4j6q:3\"]"`
}

// Method is how a payment is paid.
type Method struct {
	Type  string `json:"type" enum:"sandbox,card" doc:"sandbox moves no money and needs a sandbox key; card needs a live key." example:"card"`
	Token string `json:"token,omitempty" pattern:"^pm_[A-Za-z0-9_]{1,250}$" patternDescription:"what the processor gives for a card, never a card number" doc:"What the processor's own fields gave for the card. Never a card number." example:"pm_1QhXz2Abc"`
}

// Payment is one payment and how it stands.
type Payment struct {
	ID           string        `json:"id" doc:"Names the payment for ever. It is computed from the idempotency key and is no secret." example:"3k5m7p9r1t3v5x7z2b4d6f8h0j"`
	Status       Status        `json:"status" enum:"paid,checking,declined,abandoned" doc:"paid: it is on the books. checking: it is not known yet, do not pay again. declined: the card was refused and nothing was taken. abandoned: nothing was taken and nothing can be taken any more." example:"paid"`
	Confirmation string        `json:"confirmation,omitempty" doc:"For people to read aloud, once it is paid." example:"3K5M-7P9R-1T3V"`
	AmountCents  money.Cents   `json:"amount_cents" doc:"In cents of a US dollar." example:"4500"`
	ReceivedOn   string        `json:"received_on,omitempty" format:"date" doc:"The day that counts for the payer; absent until it is paid." example:"2026-11-23"`
	Parts        []PaymentPart `json:"parts" doc:"In the order of the request."`
	Decline      *Decline      `json:"decline,omitempty" doc:"Why the card was refused, when it was."`
	CreatedAt    time.Time     `json:"created_at" doc:"When we first took it on." example:"2026-11-23T16:04:05.123456Z"`
}

// Status is how a payment stands.
type Status string

// The statuses.
const (
	Paid      Status = "paid"
	Checking  Status = "checking"
	Declined  Status = "declined"
	Abandoned Status = "abandoned"
)

// PaymentPart is what became of the money for one billing account and fund.
type PaymentPart struct {
	Account        string         `json:"account,omitempty" doc:"Opaque id of the billing account; absent while the money has no owner." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
	Fund           chart.Fund     `json:"fund" enum:"premium,medical,pharmacy" doc:"What it is for." example:"premium"`
	Entity         chart.EntityID `json:"entity" doc:"The legal entity that received it." example:"cvhp"`
	AmountCents    money.Cents    `json:"amount_cents" doc:"In cents of a US dollar." example:"4500"`
	AppliedCents   money.Cents    `json:"applied_cents" doc:"Of it, what paid bills. 0 until it is paid." example:"4500"`
	UnappliedCents money.Cents    `json:"unapplied_cents" doc:"Of it, what waits on the account for bills to come." example:"0"`
	InSuspense     bool           `json:"in_suspense" doc:"It has no certain owner and waits for staff." example:"false"`
}

// Decline is why a card was refused.
type Decline struct {
	Class checkout.DeclineClass `json:"class" enum:"hard,data,funds,technical,issuer" doc:"hard: this card never, use another. data: a detail is wrong or expired. funds: not enough money, or above a limit. technical: nobody's decision, try again later. issuer: the bank wants more or gives no reason." example:"funds"`
	Code  string                `json:"code" doc:"The processor's own word." example:"insufficient_funds"`
}

// MatchOrder asks which billing account a payer means.
type MatchOrder struct {
	Number string `json:"number" minLength:"1" maxLength:"40" doc:"Bill pay number as the payer gave it." example:"3141 5926 5352"`
	Fact   string `json:"fact" minLength:"1" maxLength:"100" doc:"What the payer knows of the person on file: the ZIP code or the last name." example:"80302"`
}

// Match is the billing account that a number and a fact mean together.
type Match struct {
	Account string `json:"account" doc:"Opaque id of the billing account, for payments." example:"5h8k2m9r4t6w1y3b7d0f2g4j6q"`
}
