package mandate

import (
	"encoding/json"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Tender is what is debited.
type Tender string

// The tenders.
const (
	Bank Tender = "bank"
	Card Tender = "card"
)

// MethodState says whether a payment method may be used.
type MethodState string

// The states.
const (
	MethodActive MethodState = "active"
	MethodDead   MethodState = "dead"  // the bank or the card's issuer said that it never will
	MethodEnded  MethodState = "ended" // taken out by the payer or by us
)

// StoredCard is a card that a processor keeps for us.
type StoredCard struct {
	Merchant string      // at the processor: whose card file it is in
	Token    secret.Text // the processor's name of the card
	// First is the network's id of the payment by which the card was stored, which every
	// later payment without the payer names; zero where the processor keeps it.
	First   secret.Text
	Brand   string // "visa", or ""
	Last4   string // the last four digits
	Expires calendar.Month
}

// Mask shows the card as people may see it.
func (c StoredCard) Mask() string { return "•••• " + c.Last4 }

func (c *StoredCard) check() error {
	const op = "mandate.CheckMethod"
	switch {
	case c.Token.IsZero():
		return fault.New(fault.Invalid, op, "a stored card needs the processor's token")
	case len(c.Last4) != 4:
		return fault.New(fault.Invalid, op, "a stored card needs its last four digits")
	case c.Expires.IsZero():
		return fault.New(fault.Invalid, op, "a stored card needs the month in which it expires")
	}
	return nil
}

// Validation is how it was found that a bank account exists and takes entries. It
// does not prove whose it is.
type Validation string

// The ways (Nacha: "commercially reasonable", before the first WEB debit).
const (
	NotValidated   Validation = ""
	ByPrenote      Validation = "prenote"       // an entry of nothing, three banking days unanswered
	ByMicroEntries Validation = "micro_entries" // two small credits, told back
	ByService      Validation = "service"       // a database of accounts or the bank's own answer
	ByUse          Validation = "use"           // an earlier debit settled and its return window is over
)

// Method is a bank account or a stored card of a billing account.
type Method struct {
	ID          ident.Opaque
	Book        ledger.BookNo
	Version     int64
	Kind        Tender
	State       MethodState
	Account     BankAccount // of a bank account
	Card        StoredCard  // of a card
	Shown       string      // the mask, which lists show without opening the rest
	Validation  Validation
	ValidatedOn calendar.Date
	Reason      string // why it is no longer active
}

// Mask shows the method as people may see it.
func (m *Method) Mask() string {
	if m.Kind == Card {
		return m.Card.Mask()
	}
	return m.Account.Mask()
}

// Identity is by what the same account or card is known again, for a keyed hash, and
// the hash's purpose.
func (m *Method) Identity() (value secret.Text, purpose string) {
	if m.Kind == Card {
		return m.Card.Token, CardPurpose
	}
	return m.Account.Identity(), BankPurpose
}

// CardPurpose is the purpose of the keyed hash of a card's token.
const CardPurpose = "payer/card"

// Check refuses a method that lacks something.
func (m *Method) Check() error {
	switch {
	case m.ID == "" || m.Book <= 0:
		return fault.New(fault.Invalid, "mandate.CheckMethod", "a payment method needs an id and a billing account")
	case m.Kind == Bank:
		return m.Account.check()
	case m.Kind == Card:
		return m.Card.check()
	}
	return fault.New(fault.Invalid, "mandate.CheckMethod", "%q is no kind of payment method", m.Kind)
}

type writtenCard struct {
	Merchant string `json:"merchant"`
	Token    string `json:"token"`
	First    string `json:"first,omitempty"`
	Brand    string `json:"brand,omitempty"`
	Last4    string `json:"last4"`
	Expires  string `json:"expires"`
}

// ToSeal writes what of the method must be sealed.
func (m *Method) ToSeal() ([]byte, error) {
	if m.Kind == Bank {
		return m.Account.ToSeal()
	}
	c := &m.Card
	plain, err := json.Marshal(writtenCard{c.Merchant, c.Token.Reveal(), c.First.Reveal(), c.Brand, c.Last4, c.Expires.String()})
	return plain, fault.Wrap("mandate.ToSeal", err)
}

// Unseal reads what ToSeal wrote into the method, whose kind is known. Corrupt when it
// does not parse.
func (m *Method) Unseal(plain []byte) (err error) {
	if m.Kind == Bank {
		m.Account, err = UnsealedAccount(plain)
		return err
	}
	var w writtenCard
	if err = json.Unmarshal(plain, &w); err == nil {
		m.Card = StoredCard{Merchant: w.Merchant, Token: secret.New(w.Token), First: secret.New(w.First), Brand: w.Brand, Last4: w.Last4}
		m.Card.Expires, err = calendar.ParseMonth(w.Expires)
	}
	if err != nil {
		return fault.New(fault.Corrupt, "mandate.Unseal", "a stored card does not parse")
	}
	return nil
}
