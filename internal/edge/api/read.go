package api

import (
	"context"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

type getInput struct {
	ID string `path:"id" minLength:"26" maxLength:"26" doc:"The payment's id." example:"3k5m7p9r1t3v5x7z2b4d6f8h0j"`
}

type findInput struct {
	Key string `header:"Idempotency-Key" required:"true" minLength:"1" maxLength:"200" pattern:"^[!-~]+$" patternDescription:"printing ASCII characters without blanks" doc:"The key under which the payment was sent." example:"kiosk3-000481"`
}

type paymentOutput struct{ Body *Payment }

// get shows a payment by its id.
func (s *service) get(ctx context.Context, in *getInput) (*paymentOutput, error) {
	return s.show(ctx, payment.ID(in.ID))
}

// find shows a payment by the key under which it was sent.
func (s *service) find(ctx context.Context, in *findInput) (*paymentOutput, error) {
	return s.show(ctx, payment.IDOf(keyOf(visitOf(ctx).key.Sandbox, in.Key)))
}

func (s *service) show(ctx context.Context, id payment.ID) (*paymentOutput, error) {
	key := visitOf(ctx).key
	if !key.Sandbox {
		return s.showCard(ctx, ident.Opaque(id))
	}
	claim, answer, err := s.Finder.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	// Payments of other doors are not for systems: to them there is none.
	if claim.Rail != payment.Sandbox || claim.Actor.Kind != ident.Service {
		return nil, noPayment()
	}
	if err := s.note(ctx, aboutOf(&answer)); err != nil {
		return nil, err
	}
	return &paymentOutput{s.posted(&answer)}, nil
}

func noPayment() error {
	return fault.New(fault.NotFound, "api.show", "there is no payment with this id")
}

// aboutOf gives the billing accounts that a payment's parts are about.
func aboutOf(answer *cashier.Answer) []ledger.BookNo {
	var books []ledger.BookNo
	for i := range answer.Parts {
		if about := answer.Parts[i].About; about != 0 {
			books = append(books, about)
		}
	}
	return books
}

// note puts the look at a payment into the trails of billing accounts.
func (s *service) note(ctx context.Context, books []ledger.BookNo) error {
	if len(books) == 0 {
		return nil // all of it is in suspense: nobody's record is shown
	}
	access, err := audit.By(visitOf(ctx).key.Actor(), "payment look-up", "api")
	if err != nil {
		return err
	}
	slices.Sort(books)
	return s.Trail.Record(ctx, access, audit.ReadPayment, slices.Compact(books)...)
}

// posted shows a payment that is on the books.
func (s *service) posted(answer *cashier.Answer) *Payment {
	p := &Payment{
		ID: string(answer.Payment), Status: Paid, Confirmation: answer.Payment.Confirmation(),
		ReceivedOn: answer.Received.String(), CreatedAt: answer.RecordedAt, Parts: make([]PaymentPart, len(answer.Parts)),
	}
	for i := range answer.Parts {
		part := &answer.Parts[i]
		p.AmountCents += part.Amount
		p.Parts[i] = PaymentPart{
			Account: string(answer.Accounts[i]), Fund: part.Purse.Fund, Entity: s.House.EntityOf(part.Purse.Entity).ID,
			AmountCents: part.Amount, AppliedCents: part.Applied, UnappliedCents: part.Unapplied, InSuspense: part.InSuspense(),
		}
	}
	return p
}
