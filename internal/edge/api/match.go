package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Limits keep guessers and card testers slow; limit's are one.
type Limits interface {
	Looked(ctx context.Context, who limit.Who, hit bool, number billpay.Number) (limit.Verdict, error)
	Card(ctx context.Context, who limit.Who, amount money.Cents) (limit.Verdict, error)
	Approved(ctx context.Context, who limit.Who) error
	Declined(ctx context.Context, who limit.Who, class string) error
	Unused(ctx context.Context, who limit.Who) error
}

// Registry finds a billing account by number and fact; registry's is one.
type Registry interface {
	Match(ctx context.Context, access audit.Access, number, fact string, told registry.Told) (registry.Guest, error)
}

type matchInput struct{ Body MatchOrder }

type matchOutput struct{ Body *Match }

// waitUsual is after how long a caller tries again whom no time was given.
const waitUsual = 15 * time.Minute

// allowed turns a verdict that is no permission into a problem. A system has no
// mailbox, so a challenge is as good as a refusal to it.
func (s *service) allowed(v limit.Verdict, err error) error {
	if err != nil || v.Answer == limit.Allow {
		return err
	}
	wait := waitUsual
	if !v.Until.IsZero() {
		wait = max(time.Second, v.Until.Sub(s.Clock.Now()))
	}
	p := ofFault[fault.Limit].problem("there were too many tries", "")
	p.headers = http.Header{"Retry-After": {strconv.FormatInt(int64((wait+time.Second-1)/time.Second), 10)}}
	return p
}

// match finds a billing account by number and fact. An unknown number and a
// wrong fact are one answer in one timing, which is the registry's to give.
func (s *service) match(ctx context.Context, in *matchInput) (*matchOutput, error) {
	ref, err := registry.ParseReference(in.Body.Number)
	if err != nil {
		return nil, mistaken("body.number", fault.MessageOf(err))
	}
	if _, err := member.ParseFact(in.Body.Fact); err != nil {
		return nil, mistaken("body.fact", fault.MessageOf(err))
	}
	access, err := audit.By(visitOf(ctx).key.Actor(), "match for a payment", "api")
	if err != nil {
		return nil, err
	}
	who := limit.Who{Key: string(visitOf(ctx).key.ID), Number: ref.Number}
	guest, err := s.Registry.Match(ctx, access, in.Body.Number, in.Body.Fact, func(ctx context.Context, hit bool, number billpay.Number) error {
		return s.allowed(s.Limits.Looked(ctx, who, hit, number))
	})
	switch {
	case err == nil:
		return &matchOutput{&Match{Account: string(guest.Account)}}, nil
	case errors.Is(err, registry.ErrNoMatch):
		return nil, ofFault[fault.NotFound].problem(fault.MessageOf(err), "Compare both with the card or the bill.")
	}
	return nil, err
}
