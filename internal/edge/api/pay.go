package api

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

type payInput struct {
	Key  string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"printing ASCII characters without blanks" doc:"Your own name for this one payment, made and kept before it is sent. The same key and body give the first answer again; the key with another body is refused." example:"kiosk3-000481"`
	Body PaymentOrder
}

type payOutput struct {
	Status   int
	Location string `header:"Location" doc:"Where the payment can be looked up."`
	Body     *Payment
}

// The methods.
const (
	bySandbox = "sandbox"
	byCard    = "card"
)

// backdateMax is how many days ago a payment may have been received.
const backdateMax = 30

// keyLetters write the hash under which an idempotency key is kept.
var keyLetters = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

// keyOf gives the key of a payment in our books for the key that a caller
// chose. Only a hash of the latter is kept, for it may hold anything. Sandbox
// and live keys name different payments, so that neither meets the other's.
func keyOf(sandbox bool, chosen string) ident.Key {
	mode := "api:"
	if sandbox {
		mode = "api-sandbox:"
	}
	sum := sha256.Sum256([]byte(chosen))
	return ident.Key(mode + keyLetters.EncodeToString(sum[:]))
}

// pay takes a payment.
func (s *service) pay(ctx context.Context, in *payInput) (*payOutput, error) {
	key := visitOf(ctx).key
	order := &in.Body
	if problem := s.check(order); problem != nil {
		return nil, problem
	}
	switch {
	case key.Sandbox != (order.Method.Type == bySandbox):
		return nil, fault.New(fault.Denied, "api.pay", "the method %s does not go with this key", order.Method.Type).
			WithHint("Sandbox keys pay with the method sandbox only, live keys with every other.")
	case order.Method.Type == bySandbox:
		return s.payInSandbox(ctx, keyOf(true, in.Key), order)
	}
	return s.payByCard(ctx, keyOf(false, in.Key), order)
}

// check proves what an order says by itself, beyond its schema.
func (s *service) check(order *PaymentOrder) *Problem {
	var sum money.Cents
	for i := range order.Parts {
		part := &order.Parts[i]
		if (part.Account == "") == (part.Number == "") {
			return mistaken(fmt.Sprintf("body.parts[%d]", i), "name the billing account by either account or number")
		}
		sum += part.AmountCents // 50 parts of at most money.Max do not run over
	}
	switch {
	case sum != order.AmountCents:
		return mistaken("body.amount_cents", fmt.Sprintf("the parts sum to %d cents", sum))
	case s.MaxPayment > 0 && sum > s.MaxPayment:
		return mistaken("body.amount_cents", fmt.Sprintf("the plan takes at most %d cents in one payment", s.MaxPayment))
	case (order.Method.Type == byCard) == (order.Method.Token == ""):
		return mistaken("body.method.token", "the method card needs a token and sandbox takes none")
	case order.Method.Type == byCard && !order.ReceivedOn.IsZero():
		return mistaken("body.received_on", "a card's payment is received on the day of its capture")
	case order.Method.Type == byCard && !order.SentOn.IsZero():
		return mistaken("body.sent_on", "a card's payment is made at once: no mail carries it")
	case order.Method.Type == bySandbox && order.ReceiptMail != "":
		return mistaken("body.receipt_mail", "the sandbox sends no mail")
	}
	return nil
}

// payInSandbox posts a payment that moves no money, under one key for ever.
func (s *service) payInSandbox(ctx context.Context, key ident.Key, order *PaymentOrder) (*payOutput, error) {
	in, err := s.instruction(ctx, key, order)
	if err != nil {
		return nil, err
	}
	answer, err := s.Poster.Post(ctx, in)
	if err != nil && fault.KindOf(err) == fault.Conflict && order.ReceivedOn.IsZero() {
		// The caller named no day, and the first request may have come on another:
		// the same body then still is the same payment.
		claim, _, found := s.Finder.Find(ctx, payment.IDOf(key))
		if found != nil || claim.Received == in.Received {
			return nil, err
		}
		in.Received = claim.Received
		answer, err = s.Poster.Post(ctx, in)
	}
	if err != nil {
		return nil, err
	}
	out := &payOutput{Status: http.StatusCreated, Body: s.posted(&answer)}
	if answer.Replayed {
		out.Status = http.StatusOK
	}
	out.Location = paymentsPath + "/" + out.Body.ID
	return out, nil
}

func (s *service) instruction(ctx context.Context, key ident.Key, order *PaymentOrder) (payment.Instruction, error) {
	in := payment.Instruction{
		Key: key, Rail: payment.Sandbox, Amount: order.AmountCents, Received: order.ReceivedOn, SentOn: order.SentOn,
		Actor: visitOf(ctx).key.Actor(), Parts: make([]payment.Part, len(order.Parts)),
	}
	for i := range order.Parts {
		part, err := s.part(ctx, i, &order.Parts[i])
		if err != nil {
			return in, err
		}
		in.Parts[i] = part
	}
	today := s.House.PostingDay(in.Parts[0].Received.Entity)
	if in.Received.IsZero() {
		in.Received = today
	}
	if today.Before(in.Received) || in.Received.Before(today.AddDays(-backdateMax)) && !s.known(ctx, key) {
		return in, mistaken("body.received_on", fmt.Sprintf("the day is in the future or more than %d days ago", backdateMax))
	}
	err := payment.CheckSent(in.SentOn, in.Received)
	if err != nil {
		return in, mistaken("body.sent_on", err.Error())
	}
	in.Source, err = s.sandboxBook(ctx, today)
	return in, err
}

// known reports whether the key was used: its payment is repeated however long ago it was.
func (s *service) known(ctx context.Context, key ident.Key) bool {
	_, _, err := s.Finder.Find(ctx, payment.IDOf(key))
	return err == nil
}

func (s *service) part(ctx context.Context, i int, order *OrderPart) (payment.Part, error) {
	part := payment.Part{
		Reference: order.Number, Amount: order.AmountCents, Received: s.House.PurseOf(order.Fund), For: order.Fund,
		Details: suspense.Details{Source: "api"},
	}
	if order.Account != "" {
		book, err := s.account(ctx, fmt.Sprintf("body.parts[%d].account", i), order.Account)
		if err != nil {
			return part, err
		}
		part.Reference = strconv.FormatInt(int64(book), 10)
	}
	for j, text := range order.Items {
		item, err := s.item(ctx, fmt.Sprintf("body.parts[%d].items[%d]", i, j), text)
		if err != nil {
			return part, err
		}
		part.Items = append(part.Items, item)
	}
	return part, nil
}

// account finds the billing account of an opaque id that stands at location.
func (s *service) account(ctx context.Context, location, text string) (ledger.BookNo, error) {
	unknown := mistaken(location, "this id names no billing account")
	id, err := ident.ParseOpaque(text)
	if err != nil {
		return 0, unknown
	}
	book, err := s.Directory.BookOf(ctx, id)
	switch {
	case err != nil && fault.KindOf(err) == fault.NotFound:
		return 0, unknown
	case err != nil:
		return 0, err
	case book.IsOperating():
		return 0, unknown
	}
	return book, nil
}

// item finds the bill that "account:number" names.
func (s *service) item(ctx context.Context, location, text string) (payment.ItemRef, error) {
	id, digits, _ := strings.Cut(text, ":")
	no, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || no <= 0 {
		return payment.ItemRef{}, mistaken(location, "write the opaque id of the account, a colon and the bill's number")
	}
	book, err := s.account(ctx, location, id)
	return payment.ItemRef{Book: book, No: no}, err
}

// drawer is the operating book in which a day's sandbox payments without an
// owner stand.
type drawer struct {
	day  calendar.Date
	book ledger.BookNo
}

func (s *service) sandboxBook(ctx context.Context, day calendar.Date) (ledger.BookNo, error) {
	if known := s.sandbox.Load(); known != nil && known.day == day {
		return known.book, nil
	}
	book, err := s.Directory.TillOf(ctx, "api/sandbox", day)
	if err == nil {
		s.sandbox.Store(&drawer{day, book})
	}
	return book, err
}
