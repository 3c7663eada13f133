package processor

import (
	"time"

	"github.com/billfold/billfold/internal/base/money"
)

// EntryKind says what an entry of the books records.
type EntryKind string

// The kinds.
const (
	Verified      EntryKind = "verified"       // an issuer said yes to keeping a card; no money
	VerifyRefused EntryKind = "verify_refused" // an issuer said no to it
	Authorised    EntryKind = "authorised"     // held on a card
	Refused       EntryKind = "refused"        // an issuer said no to a charge
	Unanswered    EntryKind = "unanswered"     // a charge was asked for and no issuer reached
	Captured      EntryKind = "captured"       // taken
	Voided        EntryKind = "voided"         // a hold, or the rest of one, released
	Refunded      EntryKind = "refunded"       // sent back
	RefundFailed  EntryKind = "refund_failed"  // came back
	Disputed      EntryKind = "disputed"       // taken back by the bank
	DisputeWon    EntryKind = "dispute_won"    // and given again
	DisputeLost   EntryKind = "dispute_lost"   // and gone; no money
	FeeKept       EntryKind = "fee"            // kept by the processor
	PaidOut       EntryKind = "paid_out"       // sent to the merchant's bank account
	PayoutFailed  EntryKind = "payout_failed"  // and refused there
)

// Entry is one line of the simulator's own books. Entries are only added.
type Entry struct {
	At      time.Time   `json:"at"`
	Kind    EntryKind   `json:"kind"`
	Account string      `json:"account,omitempty"` // "" is the platform's own
	Attempt string      `json:"attempt,omitempty"` // metadata[attempt] of the charge
	Leg     string      `json:"leg,omitempty"`     // metadata[leg]
	Intent  string      `json:"intent,omitempty"`
	Charge  string      `json:"charge,omitempty"`
	Card    string      `json:"card,omitempty"` // the fingerprint
	Code    string      `json:"code,omitempty"` // of a refusal or dispute
	Cents   money.Cents `json:"cents"`
}

// Sum is how often and how much.
type Sum struct {
	Count int         `json:"count"`
	Cents money.Cents `json:"cents"`
}

func (s *Sum) add(c money.Cents) {
	s.Count++
	s.Cents += c
}

// Tally sums up entries. Held is what is authorised and neither captured nor
// voided; Net is what was taken and not given back.
type Tally struct {
	Authorised   Sum         `json:"authorised"`
	Refused      Sum         `json:"refused"`
	Unanswered   Sum         `json:"unanswered"`
	Captured     Sum         `json:"captured"`
	Voided       Sum         `json:"voided"`
	Refunded     Sum         `json:"refunded"`
	RefundFailed Sum         `json:"refund_failed"`
	Disputed     Sum         `json:"disputed"`
	DisputeWon   Sum         `json:"dispute_won"`
	DisputeLost  Sum         `json:"dispute_lost"`
	Held         money.Cents `json:"held_cents"`
	Net          money.Cents `json:"net_cents"`
	Fees         Sum         `json:"fees"`
	PaidOut      Sum         `json:"paid_out"`
	PayoutFailed Sum         `json:"payout_failed"`
	// Balance is what is not paid out: net, less fees, less payouts that the bank took.
	Balance money.Cents `json:"balance_cents"`
}

func (t *Tally) add(e Entry) {
	switch e.Kind {
	case Authorised:
		t.Authorised.add(e.Cents)
		t.Held += e.Cents
	case Refused:
		t.Refused.add(e.Cents)
	case Unanswered:
		t.Unanswered.add(e.Cents)
	case Captured:
		t.Captured.add(e.Cents)
		t.Held -= e.Cents
		t.Net += e.Cents
	case Voided:
		t.Voided.add(e.Cents)
		t.Held -= e.Cents
	case Refunded:
		t.Refunded.add(e.Cents)
		t.Net -= e.Cents
	case RefundFailed:
		t.RefundFailed.add(e.Cents)
		t.Net += e.Cents
	case Disputed:
		t.Disputed.add(e.Cents)
		t.Net -= e.Cents
	case DisputeWon:
		t.DisputeWon.add(e.Cents)
		t.Net += e.Cents
	case DisputeLost:
		t.DisputeLost.add(e.Cents)
	case FeeKept:
		t.Fees.add(e.Cents)
	case PaidOut:
		t.PaidOut.add(e.Cents)
	case PayoutFailed:
		t.PayoutFailed.add(e.Cents)
	}
	t.Balance = t.Net - t.Fees.Cents - t.PaidOut.Cents + t.PayoutFailed.Cents
}

// Books is what the simulator answers at /books.
type Books struct {
	Accounts map[string]*Tally            `json:"accounts"` // "platform" is the platform's own
	Attempts map[string]map[string]*Tally `json:"attempts"` // by attempt, then account
	// AuthorisationAttempts counts how often a charge was asked for, whatever the answer.
	AuthorisationAttempts int `json:"authorisation_attempts"`
	// Verifications counts how often a card was asked to be kept.
	Verifications int `json:"verifications"`
	DistinctCards int `json:"distinct_cards"` // that an issuer was asked about
}

// platform names the account of requests without Stripe-Account.
const platform = "platform"

// summed sums up entries; with an attempt, those of this attempt only.
func summed(entries []Entry, attempt string) Books {
	b := Books{Accounts: map[string]*Tally{}, Attempts: map[string]map[string]*Tally{}}
	cards := map[string]bool{}
	for _, e := range entries {
		if attempt != "" && e.Attempt != attempt {
			continue
		}
		if e.Card != "" {
			cards[e.Card] = true
		}
		switch e.Kind {
		case Verified, VerifyRefused:
			b.Verifications++
			continue
		case Authorised, Refused, Unanswered:
			b.AuthorisationAttempts++
		}
		account := e.Account
		if account == "" {
			account = platform
		}
		tallyIn(b.Accounts, account).add(e)
		if e.Attempt != "" {
			if b.Attempts[e.Attempt] == nil {
				b.Attempts[e.Attempt] = map[string]*Tally{}
			}
			tallyIn(b.Attempts[e.Attempt], account).add(e)
		}
	}
	b.DistinctCards = len(cards)
	return b
}

func tallyIn(tallies map[string]*Tally, account string) *Tally {
	if tallies[account] == nil {
		tallies[account] = &Tally{}
	}
	return tallies[account]
}
