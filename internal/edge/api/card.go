package api

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Desk takes payments by card; checkout's is one.
type Desk interface {
	Begin(ctx context.Context, draft checkout.Draft) (checkout.Attempt, error)
	Pay(ctx context.Context, id ident.Opaque, token string) (checkout.Attempt, error)
	Look(ctx context.Context, id ident.Opaque) (checkout.Attempt, error)
	Tell(ctx context.Context, id ident.Opaque) error
	Notice(ctx context.Context, notice checkout.Notice) error
}

// Processor is the card processor, as far as this edge speaks to it.
type Processor interface {
	// Card tells what may be shown and compared of the card behind a token.
	Card(ctx context.Context, token string) (checkout.Card, error)
	// ReadNotice proves and reads what the processor sent by itself.
	ReadNotice(header http.Header, body []byte) (checkout.Notice, error)
}

// Orders binds an idempotency key to the whole of its body, the card's token
// too, which the attempt itself does not keep; the store is one.
type Orders interface {
	// Order gives the digest that an id is bound to, nil when it is not.
	Order(ctx context.Context, id payment.ID) ([]byte, error)
	// BindOrder binds an id. Conflict when it is bound already.
	BindOrder(ctx context.Context, id payment.ID, digest []byte, at time.Time) error
}

// startMax is how long a payment that was begun may take to reach the processor.
// One that is older was left by a process that stopped, and is taken up.
const startMax = time.Minute

// payByCard charges a card, once for a key and body.
func (s *service) payByCard(ctx context.Context, key ident.Key, order *PaymentOrder) (*payOutput, error) {
	if s.Desk == nil {
		return nil, fault.New(fault.Denied, "api.payByCard", "this plan takes no cards")
	}
	return s.repeatCard(ctx, payment.IDOf(key), digestOf(order), order)
}

// repeatCard answers a key that was used before, and charges under one that was not.
func (s *service) repeatCard(ctx context.Context, id payment.ID, digest []byte, order *PaymentOrder) (*payOutput, error) {
	bound, err := s.Orders.Order(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case bound == nil:
		return s.chargeFirst(ctx, id, digest, order)
	case string(bound) != string(digest):
		return nil, fault.New(fault.Conflict, "api.payByCard", "this idempotency key was used for a payment with other content").
			WithHint("Use a new key for a new payment; to learn what became of the first, ask by its key.")
	}
	a, err := s.Desk.Look(ctx, ident.Opaque(id))
	if err != nil {
		return nil, err
	}
	left := a.Cards == 0 && s.Clock.Now().Sub(a.CreatedAt) > startMax
	if a.State == checkout.Ready && !a.Held && (left || a.Cards > 0) {
		return s.charge(ctx, &a, order, http.StatusOK, nil)
	}
	return s.answer(ctx, &a, http.StatusOK)
}

// digestOf digests everything that the caller decided but the language, in which
// he is told. Blanks and the order of fields are no decision.
func digestOf(order *PaymentOrder) []byte {
	decided := *order
	decided.Language = ""
	text, err := json.Marshal(decided)
	if err != nil {
		panic(err) // it was just read from JSON
	}
	sum := sha256.Sum256(text)
	return sum[:]
}

// chargeFirst charges under a key that is not bound yet.
func (s *service) chargeFirst(ctx context.Context, id payment.ID, digest []byte, order *PaymentOrder) (*payOutput, error) {
	draft := checkout.Draft{
		ID: ident.Opaque(id), Door: checkout.DoorAPI, Actor: visitOf(ctx).key.Actor(), Language: order.Language, Mail: order.ReceiptMail,
	}
	for i := range order.Parts {
		part, err := s.draftPart(ctx, i, &order.Parts[i])
		if err != nil {
			return nil, err
		}
		draft.Parts = append(draft.Parts, part)
	}
	a, err := s.Desk.Begin(ctx, draft)
	if err != nil {
		return nil, err
	}
	out, err := s.charge(ctx, &a, order, http.StatusCreated, func() error {
		return s.Orders.BindOrder(ctx, id, digest, s.Clock.Now())
	})
	if errors.Is(err, errBound) {
		return s.repeatCard(ctx, id, digest, order)
	}
	return out, err
}

// errBound says that another request bound the key first.
var errBound = errors.New("another request with this idempotency key came first")

func (s *service) draftPart(ctx context.Context, i int, order *OrderPart) (checkout.Part, error) {
	read, err := s.part(ctx, i, order)
	if err != nil {
		return checkout.Part{}, err
	}
	part := checkout.Part{Reference: read.Reference, Fund: order.Fund, Amount: order.AmountCents, Items: read.Items}
	if order.Account != "" {
		_, err := s.payable(ctx, fmt.Sprintf("body.parts[%d].account", i), registry.Reference{Opaque: ident.Opaque(order.Account)})
		return part, err
	}
	book, err := s.owner(ctx, fmt.Sprintf("body.parts[%d].number", i), order.Number)
	part.Reference = strconv.FormatInt(int64(book), 10)
	return part, err
}

// owner finds the billing account of a number that stands at location. To whoever
// tries numbers this is a look-up like any other, and limited like it.
func (s *service) owner(ctx context.Context, location, number string) (ledger.BookNo, error) {
	ref, err := registry.ParseReference(number)
	if err != nil {
		return 0, mistaken(location, fault.MessageOf(err))
	}
	who := limit.Who{Key: string(visitOf(ctx).key.ID), Number: ref.Number}
	book, err := s.payable(ctx, location, ref)
	var wrong *Problem
	if err != nil && !errors.As(err, &wrong) {
		return 0, err
	}
	if refused := s.allowed(s.Limits.Looked(ctx, who, err == nil, billpay.Number(book))); refused != nil {
		return 0, refused
	}
	return book, err
}

// payable finds the billing account that a reference at location names, and wants
// it to take payments: no card is charged for money that would have no owner.
func (s *service) payable(ctx context.Context, location string, ref registry.Reference) (ledger.BookNo, error) {
	found, err := registry.Resolve(ctx, s.Directory, []registry.Reference{ref})
	if err != nil {
		return 0, err
	}
	if found[0].Err != nil || found[0].Book.Status != cashier.Open {
		return 0, mistaken(location, "this names no billing account that takes payments")
	}
	return found[0].Given.No, nil
}

// charge asks the limits, has the desk charge the card, and tells the limits what
// came of it. Bind holds the key, before anything reaches the processor, when it
// is not held yet.
func (s *service) charge(
	ctx context.Context, a *checkout.Attempt, order *PaymentOrder, status int, bind func() error,
) (*payOutput, error) {
	card, err := s.Processor.Card(ctx, order.Method.Token)
	if err != nil {
		return nil, err
	}
	who := limit.Who{Key: string(visitOf(ctx).key.ID), Card: card.Fingerprint}
	who.Number, _ = billpay.Parse(a.Parts[0].Reference)
	if err := s.allowed(s.Limits.Card(ctx, who, order.AmountCents)); err != nil {
		return nil, err
	}
	if bind != nil {
		if err := bind(); err != nil {
			s.tellLimits(ctx, who, checkout.Ready, "")
			if fault.KindOf(err) == fault.Conflict {
				return nil, errBound
			}
			return nil, err
		}
	}
	paid, err := s.Desk.Pay(ctx, a.ID, order.Method.Token)
	switch {
	case err != nil && fault.KindOf(err) == fault.UnknownOutcome:
		paid = *a
		paid.State = checkout.Checking
	case err != nil:
		s.tellLimits(ctx, who, checkout.Ready, "")
		return nil, err
	}
	s.tellLimits(ctx, who, paid.State, paid.Decline.Class)
	return s.answer(ctx, &paid, status)
}

// tellLimits tells what came of a card that was allowed. When that fails the
// card counts as declined for a while, which is no reason to fail the payment.
func (s *service) tellLimits(ctx context.Context, who limit.Who, state checkout.State, class checkout.DeclineClass) {
	ctx = context.WithoutCancel(ctx)
	var err error
	switch state {
	case checkout.Paid:
		err = s.Limits.Approved(ctx, who)
	case checkout.Declined:
		err = s.Limits.Declined(ctx, who, string(class))
	case checkout.Ready, checkout.Abandoned:
		err = s.Limits.Unused(ctx, who)
	}
	if err != nil {
		s.Log.Error("the limits were not told of a card", "request_id", visitOf(ctx).id, "error", err)
	}
}

// answer shows an attempt to whoever asked for it, and notes that he was told no.
func (s *service) answer(ctx context.Context, a *checkout.Attempt, status int) (*payOutput, error) {
	shown, _, err := s.attempted(ctx, a)
	if err != nil {
		return nil, err
	}
	switch shown.Status {
	case Checking:
		status = http.StatusAccepted
	case Declined, Abandoned:
		if err := s.Desk.Tell(ctx, a.ID); err != nil {
			return nil, err
		}
	}
	return &payOutput{Status: status, Location: paymentsPath + "/" + shown.ID, Body: shown}, nil
}

// showCard shows a payment by card that came over this edge.
func (s *service) showCard(ctx context.Context, id ident.Opaque) (*paymentOutput, error) {
	if s.Desk == nil {
		return nil, noPayment()
	}
	a, err := s.Desk.Look(ctx, id)
	if err != nil && fault.KindOf(err) == fault.NotFound || err == nil && a.Door != checkout.DoorAPI {
		return nil, noPayment()
	}
	if err != nil {
		return nil, err
	}
	shown, about, err := s.attempted(ctx, &a)
	if err == nil {
		err = s.note(ctx, about)
	}
	if err != nil {
		return nil, err
	}
	if shown.Status == Declined || shown.Status == Abandoned {
		err = s.Desk.Tell(ctx, id)
	}
	return &paymentOutput{shown}, err
}

// attempted shows an attempt, and tells which billing accounts it is about.
func (s *service) attempted(ctx context.Context, a *checkout.Attempt) (*Payment, []ledger.BookNo, error) {
	if a.State == checkout.Paid {
		_, answer, err := s.Finder.Find(ctx, a.Payment)
		if err != nil {
			return nil, nil, err
		}
		p := s.posted(&answer)
		p.ID, p.CreatedAt = string(a.ID), a.CreatedAt
		p.Parts = inOrder(a, p.Parts)
		return p, aboutOf(&answer), nil
	}
	p := &Payment{ID: string(a.ID), Status: statusOf(a), AmountCents: a.Amount(), CreatedAt: a.CreatedAt}
	if p.Status == Declined {
		p.Decline = &Decline{Class: a.Decline.Class, Code: a.Decline.Code}
		if a.State == checkout.Ready {
			p.Decline = &Decline{Class: checkout.DeclineTechnical, Code: "processor_unavailable"}
		}
	}
	books := make([]ledger.BookNo, len(a.Parts))
	for i := range a.Parts {
		number, err := billpay.Parse(a.Parts[i].Reference)
		if err != nil {
			return nil, nil, fault.New(fault.Corrupt, "api.attempted", "a part of payment %s names no bill pay number", a.ID)
		}
		books[i] = ledger.BookNo(number)
	}
	have, err := s.Directory.Read(ctx, cashier.Want{Books: books})
	if err != nil {
		return nil, nil, err
	}
	for i := range a.Parts {
		part := &a.Parts[i]
		p.Parts = append(p.Parts, PaymentPart{
			Account: string(have.Books[books[i]].Opaque), Fund: part.Fund, AmountCents: part.Amount,
			Entity: s.House.EntityOf(s.House.PurseOf(part.Fund).Entity).ID,
		})
	}
	return p, books, nil
}

// inOrder brings the parts of a receipt, which stand in the order of the
// captured legs, into that of the request.
func inOrder(a *checkout.Attempt, receipt []PaymentPart) []PaymentPart {
	at := make([]*PaymentPart, len(a.Parts))
	next := 0
	for i := range a.Legs {
		if a.Legs[i].State != checkout.LegCaptured {
			continue
		}
		for _, part := range a.Legs[i].Parts {
			if next < len(receipt) && part < len(at) {
				at[part] = &receipt[next]
			}
			next++
		}
	}
	parts := make([]PaymentPart, 0, len(receipt))
	for _, part := range at {
		if part != nil {
			parts = append(parts, *part)
		}
	}
	return parts
}

// statusOf tells a caller how an attempt stands that is not paid.
func statusOf(a *checkout.Attempt) Status {
	switch {
	case a.State == checkout.Declined, a.State == checkout.Ready && !a.Held && a.Cards > 0:
		return Declined // or turned back: nothing was taken
	case a.State == checkout.Abandoned:
		return Abandoned
	}
	return Checking
}
