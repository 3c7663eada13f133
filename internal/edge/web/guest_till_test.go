package web_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

// acquirer is a card processor that does what a card's token says. A token is
// used once; the same card has the same fingerprint.
type acquirer struct {
	checkout.Processor // what no payer's page asks for
	mu                 sync.Mutex
	calls              int
	charges            map[string]*checkout.Charge
	pages              map[string]*checkout.Page
	lost               map[string]checkout.ChargeStatus // charges that were not told of, and how they stand
	taken              money.Cents                      // captured in all
	holds              int                              // authorisations asked of issuers
}

func newAcquirer() *acquirer {
	return &acquirer{charges: map[string]*checkout.Charge{}, pages: map[string]*checkout.Page{}, lost: map[string]checkout.ChargeStatus{}}
}

// The cards of the tests. A number may follow, which makes it another card.
const (
	goodCard     = "pm_good"
	lostCard     = "pm_lost"     // authorised, but the answer is lost
	lostNoCard   = "pm_lostno"   // declined, but the answer is lost
	awayCard     = "pm_away"     // the processor is not there
	strangeCard  = "pm_strange"  // the processor does not know it
	secondNoCard = "pm_second"   // good for the first charge, declined for the second
	halfCard     = "pm_half"     // good for both, but the second is void before it is captured
	declineCard  = "pm_decline_" // followed by the class
)

func cardOf(token string) checkout.Card {
	return checkout.Card{Brand: "visa", Last4: "4242", Funding: "credit", Fingerprint: "print-" + token, ExpiryMonth: 12, ExpiryYear: 2030}
}

func (q *acquirer) Card(_ context.Context, token string) (checkout.Card, error) {
	if token == strangeCard {
		return checkout.Card{}, fault.New(fault.NotFound, "test", "no such card")
	}
	return cardOf(token), nil
}

func (q *acquirer) Keep(_ context.Context, token string, _ ident.Key) (checkout.Kept, error) {
	if token == awayCard {
		return checkout.Kept{}, fault.New(fault.Unavailable, "test", "away")
	}
	return checkout.Kept{Credential: token, Card: cardOf(token)}, nil
}

func (q *acquirer) Forget(context.Context, string) error { return nil }

func (q *acquirer) Open(_ context.Context, order checkout.ChargeOrder, key ident.Key) (checkout.ChargeRef, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	ref := checkout.ChargeRef{Merchant: order.Merchant, ID: "ch_" + string(key)}
	if q.charges[ref.ID] == nil {
		q.charges[ref.ID] = &checkout.Charge{Ref: ref, Status: checkout.ChargeOpened, Amount: order.Amount}
	}
	return ref, nil
}

func (q *acquirer) Authorise(_ context.Context, ref checkout.ChargeRef, with checkout.Method, _ ident.Key) (checkout.Charge, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.charges[ref.ID]
	if c.Status != checkout.ChargeOpened {
		return *c, nil
	}
	q.holds++
	c.Card = cardOf(with.Credential)
	return q.decide(c, with.Credential)
}

// decide does what the card's token says.
func (q *acquirer) decide(c *checkout.Charge, token string) (checkout.Charge, error) {
	class, declines := "", false
	if len(token) > len(declineCard) && token[:len(declineCard)] == declineCard {
		class, declines = token[len(declineCard):], true
	}
	switch {
	case declines:
		c.Status, c.Decline = checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineClass(class), Code: "test"}
	case token == secondNoCard && q.holds > 1:
		c.Status, c.Decline = checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineFunds, Code: "test"}
	case token == lostCard:
		q.lost[c.Ref.ID] = checkout.ChargeAuthorised
		return checkout.Charge{}, fault.New(fault.UnknownOutcome, "test", "lost")
	case token == lostNoCard:
		q.lost[c.Ref.ID] = checkout.ChargeDeclined
		return checkout.Charge{}, fault.New(fault.UnknownOutcome, "test", "lost")
	default:
		c.Status = checkout.ChargeAuthorised
	}
	return *c, nil
}

// settle lets the processor tell again how lost charges stand.
func (q *acquirer) settle() {
	q.mu.Lock()
	defer q.mu.Unlock()
	for id, status := range q.lost {
		q.charges[id].Status = status
		if status == checkout.ChargeDeclined {
			q.charges[id].Decline = checkout.Decline{Class: checkout.DeclineFunds, Code: "test"}
		}
	}
	clear(q.lost)
}

func (q *acquirer) Capture(_ context.Context, ref checkout.ChargeRef, _ ident.Key) (checkout.Charge, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.charges[ref.ID]
	if c.Card.Fingerprint == cardOf(halfCard).Fingerprint && q.taken > 0 && c.Captured == 0 {
		c.Status = checkout.ChargeVoided
		return checkout.Charge{}, fault.New(fault.Conflict, "test", "it is void")
	}
	if c.Status == checkout.ChargeAuthorised {
		c.Status, c.Captured = checkout.ChargeCaptured, c.Amount
		q.taken += c.Amount
	}
	return *c, nil
}

func (q *acquirer) Void(_ context.Context, ref checkout.ChargeRef, _ ident.Key) (checkout.Charge, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.charges[ref.ID]
	if c.Status != checkout.ChargeCaptured {
		c.Status = checkout.ChargeVoided
	}
	return *c, nil
}

func (q *acquirer) Enquire(_ context.Context, ref checkout.ChargeRef) (checkout.Charge, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, lost := q.lost[ref.ID]; lost {
		return checkout.Charge{}, fault.New(fault.UnknownOutcome, "test", "no answer")
	}
	if c := q.charges[ref.ID]; c != nil {
		return *c, nil
	}
	return checkout.Charge{}, fault.New(fault.NotFound, "test", "no such charge")
}

// cardPages is the origin of the processor's own pages.
const cardPages = "https://checkout.pay.example"

func (q *acquirer) OpenPage(_ context.Context, order checkout.PageOrder, key ident.Key) (checkout.Page, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	id := fmt.Sprintf("page_%s", key)
	if q.pages[id] == nil {
		q.pages[id] = &checkout.Page{ID: id, URL: cardPages + "/" + id, Status: checkout.PageOpen}
		q.charges["ch_"+id] = &checkout.Charge{
			Ref: checkout.ChargeRef{Merchant: order.Charge.Merchant, ID: "ch_" + id}, Status: checkout.ChargeOpened, Amount: order.Charge.Amount,
		}
	}
	return *q.pages[id], nil
}

// enter is the payer entering a card on a page.
func (q *acquirer) enter(url, token string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p := q.pages[url[len(cardPages)+1:]]
	if p.Status != checkout.PageOpen {
		return // it says that it is over
	}
	c := q.charges["ch_"+p.ID]
	c.Card = cardOf(token)
	if _, err := q.decide(c, token); err == nil && c.Status == checkout.ChargeAuthorised {
		p.Status, p.Charge = checkout.PageDone, c.Ref
	}
}

func (q *acquirer) EnquirePage(_ context.Context, id string) (checkout.Page, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return *q.pages[id], nil
}

func (q *acquirer) ClosePage(_ context.Context, id string) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.pages[id].Status == checkout.PageDone {
		return fault.New(fault.Conflict, "test", "a card was entered")
	}
	q.pages[id].Status = checkout.PageExpired
	return nil
}

func (q *acquirer) Refund(context.Context, checkout.RefundOrder, ident.Key) (checkout.Refund, error) {
	return checkout.Refund{}, fault.New(fault.Internal, "test", "no refunds here")
}

func (q *acquirer) EnquireRefund(context.Context, string, string) (checkout.Refund, error) {
	return checkout.Refund{}, fault.New(fault.NotFound, "test", "no refunds here")
}

func (q *acquirer) EnquireDispute(context.Context, string, string) (checkout.Dispute, error) {
	return checkout.Dispute{}, fault.New(fault.NotFound, "test", "no disputes here")
}

func (q *acquirer) PastNotices(context.Context, string, time.Time) ([]checkout.Notice, error) {
	return nil, nil
}

func (q *acquirer) ReadNotice(http.Header, []byte) (checkout.Notice, error) {
	return checkout.Notice{}, fault.New(fault.Denied, "test", "no notices here")
}
