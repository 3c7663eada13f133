package checkout_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

// mishap is what befalls one call to the bank.
type mishap string

const (
	fine        mishap = ""
	lostBefore  mishap = "lost before"  // nothing is done, and nobody tells
	lostAfter   mishap = "lost after"   // it is done, and nobody tells
	away        mishap = "away"         // nothing is done, and that is told
	refused     mishap = "refused"      // a state forbids it
	crashBefore mishap = "crash before" // our own process ends
	crashAfter  mishap = "crash after"
)

// crash ends a worker where it stands.
type crash struct{}

// held is a charge at the bank.
type held struct {
	attempt  ident.Opaque
	status   checkout.ChargeStatus
	amount   money.Cents
	captures int
	refunded money.Cents
	decline  checkout.Decline
	card     checkout.Card
}

// bank is a card processor in memory, on which calls can be lost. Each verb has a
// queue of mishaps; hook sees every call and may add one.
type bank struct {
	mu       sync.Mutex
	clock    clock.Clock
	next     map[string][]mishap
	hook     func(verb string) mishap
	done     map[ident.Key]func() (any, error)
	charges  map[checkout.ChargeRef]*held
	kept     map[string]string // credential -> token
	pages    map[string]*checkout.Page
	orders   map[string]checkout.PageOrder
	refunds  map[string]*checkout.Refund
	disputes map[string]*checkout.Dispute
	past     []checkout.Notice // what happened, whether notice of it came or not
	payouts  []checkout.Payout
	lines    map[string][]checkout.SettlementLine // by payout
	fees     map[string]money.Cents               // that payouts kept, by merchant
	evidence []checkout.Evidence
	stored   map[string]bool // credentials that are charged without their holders
	expiry   int             // of stored cards, year and month
	// offSession counts charges without their holders.
	offSession int
	numbers    int
	calls      []string
}

func newBank(clk clock.Clock) *bank {
	return &bank{
		clock: clk, next: map[string][]mishap{}, done: map[ident.Key]func() (any, error){}, charges: map[checkout.ChargeRef]*held{},
		kept: map[string]string{}, pages: map[string]*checkout.Page{}, orders: map[string]checkout.PageOrder{},
		refunds: map[string]*checkout.Refund{}, disputes: map[string]*checkout.Dispute{},
		lines: map[string][]checkout.SettlementLine{}, fees: map[string]money.Cents{}, stored: map[string]bool{}, expiry: 2029_08,
	}
}

func (b *bank) number(kind string) string {
	b.numbers++
	return fmt.Sprintf("%s_%d", kind, b.numbers)
}

// call does what a verb does, unless a mishap befalls it, and once for a key.
func call[T any](b *bank, verb string, key ident.Key, do func() (T, error)) (T, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calls = append(b.calls, verb)
	luck := fine
	if queue := b.next[verb]; len(queue) > 0 {
		luck, b.next[verb] = queue[0], queue[1:]
	}
	if b.hook != nil && luck == fine {
		luck = b.hook(verb)
	}
	var none T
	lost := fault.New(fault.UnknownOutcome, "bank."+verb, "no answer")
	switch luck {
	case lostBefore:
		return none, lost
	case away:
		return none, fault.New(fault.Unavailable, "bank."+verb, "not there")
	case refused:
		return none, fault.New(fault.Conflict, "bank."+verb, "not in this state")
	case crashBefore:
		panic(crash{})
	}
	if _, known := b.done[key]; key != "" && !known {
		answer, err := do()
		b.done[key] = func() (any, error) { return answer, err }
	}
	answer, err := none, error(nil)
	if key == "" {
		answer, err = do()
	} else {
		var any any
		any, err = b.done[key]()
		answer, _ = any.(T)
	}
	switch luck {
	case lostAfter:
		if verb == "keep" {
			clear(b.kept) // whoever does not hear of it drops it by himself, as the client does
		}
		return none, lost
	case crashAfter:
		panic(crash{})
	}
	return answer, err
}

func (b *bank) charge(ref checkout.ChargeRef) (checkout.Charge, *held, error) {
	h, ok := b.charges[ref]
	if !ok {
		return checkout.Charge{}, nil, fault.New(fault.NotFound, "bank.charge", "there is no charge %s", ref.ID)
	}
	c := checkout.Charge{Ref: ref, Status: h.status, Amount: h.amount, Refunded: h.refunded, Decline: h.decline, Card: h.card}
	if h.status == checkout.ChargeCaptured {
		c.Captured = h.amount
	}
	return c, h, nil
}

func (b *bank) Open(_ context.Context, order checkout.ChargeOrder, key ident.Key) (checkout.ChargeRef, error) {
	return call(b, "open", key, func() (checkout.ChargeRef, error) {
		ref := checkout.ChargeRef{Merchant: order.Merchant, ID: b.number("ch")}
		b.charges[ref] = &held{attempt: order.Attempt, status: checkout.ChargeOpened, amount: order.Amount}
		return ref, nil
	})
}

func (b *bank) Authorise(_ context.Context, ref checkout.ChargeRef, with checkout.Method, key ident.Key) (checkout.Charge, error) {
	return call(b, "authorise", key, func() (checkout.Charge, error) {
		_, h, err := b.charge(ref)
		if err != nil || h.status != checkout.ChargeOpened && h.status != checkout.ChargeDeclined {
			return checkout.Charge{}, fault.New(fault.Conflict, "bank.authorise", "not in this state: %v", err)
		}
		if with.OffSession {
			b.offSession++
		}
		b.swipe(ref, b.kept[with.Credential])
		c, _, err := b.charge(ref)
		return c, err
	})
}

// swipe shows a card to a charge. Tokens say what their card does: "ok",
// "declined", "declined at <merchant>", "pending".
func (b *bank) swipe(ref checkout.ChargeRef, token string) {
	h := b.charges[ref]
	h.card = checkout.Card{Brand: "visa", Last4: "4242", Fingerprint: token}
	at, elsewhere := strings.CutPrefix(token, "declined at ")
	switch {
	case token == "declined" || elsewhere && at == ref.Merchant:
		h.status, h.decline = checkout.ChargeDeclined, checkout.Decline{Class: checkout.DeclineFunds, Code: "insufficient_funds"}
	case token == "pending":
		h.status = checkout.ChargePending
	default:
		h.status = checkout.ChargeAuthorised
	}
}

func (b *bank) Capture(_ context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	return call(b, "capture", key, func() (checkout.Charge, error) {
		_, h, err := b.charge(ref)
		if err != nil || h.status != checkout.ChargeAuthorised {
			return checkout.Charge{}, fault.New(fault.Conflict, "bank.capture", "not in this state: %v", err)
		}
		h.status = checkout.ChargeCaptured
		h.captures++
		c, _, err := b.charge(ref)
		return c, err
	})
}

func (b *bank) Void(_ context.Context, ref checkout.ChargeRef, key ident.Key) (checkout.Charge, error) {
	return call(b, "void", key, func() (checkout.Charge, error) {
		_, h, err := b.charge(ref)
		if err != nil || h.status == checkout.ChargeCaptured {
			return checkout.Charge{}, fault.New(fault.Conflict, "bank.void", "not in this state: %v", err)
		}
		h.status = checkout.ChargeVoided
		c, _, err := b.charge(ref)
		return c, err
	})
}

func (b *bank) Enquire(_ context.Context, ref checkout.ChargeRef) (checkout.Charge, error) {
	return call(b, "enquire", "", func() (checkout.Charge, error) {
		c, _, err := b.charge(ref)
		return c, err
	})
}

func (b *bank) Refund(_ context.Context, order checkout.RefundOrder, key ident.Key) (checkout.Refund, error) {
	return call(b, "refund", key, func() (checkout.Refund, error) {
		_, h, err := b.charge(order.Charge)
		if err != nil || h.refunded+order.Amount > h.amount {
			return checkout.Refund{}, fault.New(fault.Invalid, "bank.refund", "more than was charged")
		}
		h.refunded += order.Amount
		r := checkout.Refund{ID: b.number("re"), Charge: order.Charge, Amount: order.Amount, Status: checkout.RefundSent}
		if h.card.Fingerprint == "refund pends" {
			r.Status = checkout.RefundPending
		}
		b.refunds[r.ID] = &r
		return r, nil
	})
}

func (b *bank) EnquireRefund(_ context.Context, _, id string) (checkout.Refund, error) {
	return call(b, "enquire refund", "", func() (checkout.Refund, error) {
		r, ok := b.refunds[id]
		if !ok {
			return checkout.Refund{}, fault.New(fault.NotFound, "bank.refund", "there is no such refund")
		}
		return *r, nil
	})
}

func (b *bank) EnquireDispute(_ context.Context, _, id string) (checkout.Dispute, error) {
	return call(b, "enquire dispute", "", func() (checkout.Dispute, error) {
		d, ok := b.disputes[id]
		if !ok {
			return checkout.Dispute{}, fault.New(fault.NotFound, "bank.dispute", "there is no such dispute")
		}
		return *d, nil
	})
}

func (b *bank) Card(context.Context, string) (checkout.Card, error) { return checkout.Card{}, nil }

func (b *bank) Keep(_ context.Context, token string, key ident.Key) (checkout.Kept, error) {
	return call(b, "keep", key, func() (checkout.Kept, error) {
		if token == "declined to keep" {
			return checkout.Kept{Decline: &checkout.Decline{Class: checkout.DeclineHard, Code: "lost_card"}}, nil
		}
		credential := b.number("cred")
		b.kept[credential] = token
		return checkout.Kept{Credential: credential, Card: checkout.Card{Brand: "visa", Last4: "4242", Fingerprint: token}}, nil
	})
}

func (b *bank) Forget(_ context.Context, credential string) error {
	_, err := call(b, "forget", "", func() (bool, error) {
		delete(b.kept, credential)
		return true, nil
	})
	return err
}

func (b *bank) OpenPage(_ context.Context, order checkout.PageOrder, key ident.Key) (checkout.Page, error) {
	return call(b, "open page", key, func() (checkout.Page, error) {
		p := checkout.Page{ID: b.number("page"), Status: checkout.PageOpen}
		p.URL = "https://pay.example.org/" + p.ID
		b.pages[p.ID], b.orders[p.ID] = &p, order
		return p, nil
	})
}

func (b *bank) EnquirePage(_ context.Context, id string) (checkout.Page, error) {
	return call(b, "enquire page", "", func() (checkout.Page, error) { return *b.pages[id], nil })
}

func (b *bank) ClosePage(_ context.Context, id string) error {
	_, err := call(b, "close page", "", func() (bool, error) {
		if b.pages[id].Status == checkout.PageDone {
			return false, fault.New(fault.Conflict, "bank.page", "a card was entered")
		}
		b.pages[id].Status = checkout.PageExpired
		return true, nil
	})
	return err
}

func (b *bank) PastNotices(_ context.Context, merchant string, since time.Time) ([]checkout.Notice, error) {
	return call(b, "past notices", "", func() ([]checkout.Notice, error) {
		return slices.DeleteFunc(slices.Clone(b.past), func(n checkout.Notice) bool {
			return n.Charge.Merchant != merchant || n.At.Before(since)
		}), nil
	})
}

func (b *bank) Payouts(_ context.Context, merchant string, since time.Time) ([]checkout.Payout, error) {
	return call(b, "payouts", "", func() ([]checkout.Payout, error) {
		return slices.DeleteFunc(slices.Clone(b.payouts), func(p checkout.Payout) bool {
			return p.Merchant != merchant || p.CreatedAt.Before(since)
		}), nil
	})
}

func (b *bank) PayoutLines(_ context.Context, _, payout string) ([]checkout.SettlementLine, error) {
	return call(b, "payout lines", "", func() ([]checkout.SettlementLine, error) { return slices.Clone(b.lines[payout]), nil })
}

func (b *bank) SubmitEvidence(_ context.Context, _, id string, e checkout.Evidence, key ident.Key) (checkout.Dispute, error) {
	return call(b, "evidence", key, func() (checkout.Dispute, error) {
		d := b.disputes[id]
		d.Answered = true
		b.evidence = append(b.evidence, e)
		return *d, nil
	})
}

func (b *bank) Store(ctx context.Context, token string, key ident.Key) (checkout.Kept, error) {
	kept, err := b.Keep(ctx, token, key)
	b.mu.Lock()
	defer b.mu.Unlock()
	if kept.Credential != "" {
		b.stored[kept.Credential] = true
	}
	return kept, err
}

func (b *bank) StoredCard(_ context.Context, credential string) (checkout.Card, error) {
	return call(b, "stored card", "", func() (checkout.Card, error) {
		token, ok := b.kept[credential]
		if !ok {
			return checkout.Card{}, fault.New(fault.NotFound, "bank.stored", "there is no such card")
		}
		return checkout.Card{Brand: "visa", Last4: "4242", Fingerprint: token, ExpiryMonth: b.expiry % 100, ExpiryYear: b.expiry / 100}, nil
	})
}

func (b *bank) ReadNotice(http.Header, []byte) (checkout.Notice, error) {
	return checkout.Notice{}, nil
}

// enter is a payer who enters a card on the page at an address.
func (b *bank) enter(url, token string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p := b.pages[url[strings.LastIndex(url, "/")+1:]]
	order := b.orders[p.ID]
	p.Charge = checkout.ChargeRef{Merchant: order.Charge.Merchant, ID: b.number("ch")}
	p.Status = checkout.PageDone
	b.charges[p.Charge] = &held{attempt: order.Charge.Attempt, amount: order.Charge.Amount}
	b.swipe(p.Charge, token)
}

// expire ends a page that nobody used.
func (b *bank) expire(url string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[url[strings.LastIndex(url, "/")+1:]].Status = checkout.PageExpired
}

// set puts a charge where the issuer has it all of a sudden.
func (b *bank) set(ref checkout.ChargeRef, status checkout.ChargeStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.charges[ref]
	h.status = status
	if status == checkout.ChargeCaptured {
		h.captures++
	}
}

// dispute opens a dispute about a charge.
func (b *bank) dispute(ref checkout.ChargeRef, amount money.Cents) checkout.Notice {
	b.mu.Lock()
	defer b.mu.Unlock()
	d := checkout.Dispute{
		ID: b.number("dp"), Charge: ref, Amount: amount, Status: checkout.DisputeOpen, Reason: "fraudulent", OpenedAt: b.clock.Now(),
		EvidenceBy: b.clock.Now().Add(20 * 24 * time.Hour),
	}
	b.disputes[d.ID] = &d
	return checkout.Notice{Kind: checkout.NoticeDispute, Charge: ref, Subject: d.ID}
}

func (b *bank) decide(id string, status checkout.DisputeStatus) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.disputes[id].Status = status
}

// status counts the charges at the bank by how they stand.
func (b *bank) status(s checkout.ChargeStatus) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, h := range b.charges {
		if h.status == s {
			n++
		}
	}
	return n
}

// took is what was captured for an attempt.
func (b *bank) took(id ident.Opaque) money.Cents {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum money.Cents
	for _, h := range b.charges {
		if h.attempt == id && h.status == checkout.ChargeCaptured {
			sum += h.amount
		}
	}
	return sum
}

// count says how often a verb was called.
func (b *bank) count(verb string) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := 0
	for _, v := range b.calls {
		if v == verb {
			n++
		}
	}
	return n
}

// keeps is what the bank has of a merchant: captured, less refunded and disputed.
func (b *bank) keeps(merchant string) money.Cents {
	b.mu.Lock()
	defer b.mu.Unlock()
	var sum money.Cents
	for ref, h := range b.charges {
		if ref.Merchant == merchant && h.status == checkout.ChargeCaptured {
			sum += h.amount
		}
	}
	for _, r := range b.refunds {
		if r.Charge.Merchant == merchant && r.Status == checkout.RefundSent {
			sum -= r.Amount
		}
	}
	for _, d := range b.disputes {
		if d.Charge.Merchant == merchant && slices.Contains([]checkout.DisputeStatus{checkout.DisputeOpen, checkout.DisputeLost}, d.Status) {
			sum -= d.Amount
		}
	}
	return sum - b.fees[merchant]
}

// doubles lists the charges that were captured more than once.
func (b *bank) doubles() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var all []string
	for ref, h := range b.charges {
		if h.captures > 1 {
			all = append(all, ref.ID)
		}
	}
	return all
}
