package mandate

import (
	"crypto/sha256"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// State says whether a mandate may be used.
type State string

// The states.
const (
	Active    State = "active"
	Paused    State = "paused"    // nothing is taken that falls due in the pause; afterwards it goes on
	Cancelled State = "cancelled" // by the payer, also through the bank
	Ended     State = "ended"     // by us, or because what it hangs on ended
)

// Live reports whether the mandate still stands.
func (s State) Live() bool { return s == Active || s == Paused }

// Reason is why a mandate is no longer active. A payer reads it in a letter.
type Reason string

// The reasons.
const (
	AskedFor      Reason = "asked_for"      // the payer told us
	Revoked       Reason = "revoked"        // the payer told the bank (R07, R0, R1, R3)
	NotAuthorised Reason = "not_authorised" // the payer or the bank says it never was (R05, R10, R29)
	NotAsAgreed   Reason = "not_as_agreed"  // a debit was not on the terms (R11): held until staff mend it
	StopPayment   Reason = "stop_payment"   // the payer stopped one debit at the bank (R08): held until the payer agrees
	BadAccount    Reason = "bad_account"    // closed, not found, takes no entries (R02, R03, R04, R13, R16, R20)
	CardDeclined  Reason = "card_declined"  // the issuer said that it never will
	CardData      Reason = "card_data"      // expired or changed: held until the payer gives the new data
	TriesUsed     Reason = "tries_used"     // the last attempt for a due date failed
	PayerDied     Reason = "payer_died"     // R14, R15, or a person told us
	Replaced      Reason = "replaced"       // a newer consent stands in its place
	Merged        Reason = "merged"         // it goes on under the surviving billing account
	MethodGone    Reason = "method_gone"    // the account or card was taken out
	AccountClosed Reason = "account_closed" // nothing more will be billed

	// Single is no end of a mandate: it marks the consent to one debit, which is kept as
	// long and never used again. No letter tells of it.
	Single Reason = "single"
)

// Reasons lists every reason of which a letter can tell.
func Reasons() []Reason {
	return []Reason{
		AskedFor, Revoked, NotAuthorised, NotAsAgreed, StopPayment, BadAccount, CardDeclined, CardData, TriesUsed, PayerDied, Replaced,
		Merged, MethodGone, AccountClosed,
	}
}

// Purpose is what a mandate may pay.
type Purpose string

// The purposes.
const (
	Premium Purpose = "premium" // premiums only; bills of the prescription payment plan are none
	Balance Purpose = "balance" // whatever is due in the fund
)

// Class is the clearing house's standard entry class, which says how the debit was
// authorised, and with it who may send it back for how long.
type Class string

// The classes of debits; a card has none.
const (
	NoClass Class = ""
	PPD     Class = "PPD"
	WEB     Class = "WEB"
	TEL     Class = "TEL"
	CCD     Class = "CCD"
)

// Channel is where a consent was given.
type Channel string

// The channels.
const (
	Web     Channel = "web"
	Phone   Channel = "phone"
	Paper   Channel = "paper"   // a signed form that came by mail
	Counter Channel = "counter" // signed before a clerk
	Staff   Channel = "staff"   // entered by staff from a signed form that is on file
	Import  Channel = "import"  // brought along from another system; GivenBy says where it was given
)

// ClassFor gives the entry class of a consent. A business account is debited as CCD
// whatever the channel: consumer law and its return window do not hold there.
func ClassFor(tender Tender, given Channel, business bool) Class {
	switch {
	case tender == Card:
		return NoClass
	case business:
		return CCD
	case given == Web:
		return WEB
	case given == Phone:
		return TEL
	}
	return PPD
}

// Consent is what proves that a payer agreed.
type Consent struct {
	Channel  Channel
	GivenBy  Channel // of an import: where the payer had given it; else as Channel
	GivenOn  calendar.Date
	Language string            // in which it was read or heard
	Wording  string            // version of the wording
	Digest   [sha256.Size]byte // of the text as it was shown or read out
	Evidence Evidence
}

// Evidence is what would be shown to a bank that asks. It is sealed at rest.
type Evidence struct {
	Name          string    `json:"name"` // as signed or spoken
	At            time.Time `json:"at"`
	Authenticated string    `json:"authenticated,omitempty"` // how it was made sure who agreed
	Recording     string    `json:"recording,omitempty"`     // of a call: where it is kept, or the written confirmation sent
	Document      string    `json:"document,omitempty"`      // of paper: where the signed form is kept
	Text          string    `json:"text,omitempty"`          // what was agreed to, word for word
}

// Mandate is a stored consent to debit.
type Mandate struct {
	ID      ident.Opaque
	Book    ledger.BookNo // whose debts it pays
	Version int64
	Method  ident.Opaque
	Tender  Tender
	Purse   chart.Purse
	Purpose Purpose
	Class   Class
	Cap     money.Cents // most that one debit may take; 0 for all that is due
	Day     DayRule
	Range   Range
	// Last is the amount with which the next debit is compared: of the one before it, or
	// told with the consent; 0 for neither. Stored is what was told.
	Last money.Cents

	State      State
	Reason     Reason
	PausedFrom calendar.Date
	PausedTo   calendar.Date // zero: until further notice
	SkipFrom   calendar.Date // the first debit on or after this day is left out; zero for none
	BeginsOn   calendar.Date
	EndedOn    calendar.Date
	KeepUntil  calendar.Date

	Consent Consent
	Follows ident.Opaque // the mandate in whose place it stands, or ""
}

// KeepYears is how long a consent is kept after it ended (Nacha Operating Rules,
// Article Two, retention of authorisations). 12 CFR 1005.13 asks for as long.
const KeepYears = 2

// CapMin is the smallest cap: below it nothing sensible could be paid.
const CapMin money.Cents = 1_00

// Check refuses a mandate that no debit may be made on. Invalid says what is missing.
func (m *Mandate) Check() error {
	const op = "mandate.Check"
	switch {
	case m.ID == "" || m.Method == "" || m.Book <= 0:
		return fault.New(fault.Invalid, op, "a mandate needs an id, a billing account and a payment method")
	case m.Purse.Entity == 0 || m.Purse.Fund.No() == 0:
		return fault.New(fault.Invalid, op, "a mandate needs a legal entity's fund")
	case m.Purpose != Premium && m.Purpose != Balance:
		return fault.New(fault.Invalid, op, "a mandate is for premium or for any balance")
	case m.Purpose == Premium && m.Purse.Fund != chart.Premium:
		return fault.New(fault.Invalid, op, "premium is owed to the premium fund only")
	case m.Cap != 0 && m.Cap < CapMin || m.Cap > money.Max:
		return fault.New(fault.Invalid, op, "a cap is %s or more, or none", CapMin.Grouped())
	case m.BeginsOn.IsZero():
		return fault.New(fault.Invalid, op, "a mandate needs the day from which it may be used")
	}
	if err := m.Day.check(); err != nil {
		return err
	}
	if err := m.Range.check(); err != nil {
		return err
	}
	return m.Consent.check()
}

func (c *Consent) check() error {
	const op = "mandate.CheckConsent"
	e := &c.Evidence
	switch {
	case c.GivenOn.IsZero():
		return fault.New(fault.Invalid, op, "a consent needs the day on which it was given")
	case c.Wording == "" || c.Digest == [sha256.Size]byte{}:
		return fault.New(fault.Invalid, op, "a consent needs the version of its wording and a digest of its text")
	case c.Channel != Import && c.GivenBy != c.Channel, c.GivenBy == "" || c.GivenBy == Import:
		return fault.New(fault.Invalid, op, "a consent needs the channel by which the payer gave it")
	case e.Name == "" || e.At.IsZero():
		return fault.New(fault.Invalid, op, "evidence needs who agreed and when")
	}
	switch c.GivenBy {
	case Web:
		if e.Authenticated == "" {
			return fault.New(fault.Invalid, op, "a consent on the web needs how it was made sure who agreed")
		}
	case Phone:
		if e.Recording == "" {
			return fault.New(fault.Invalid, op, "a consent by telephone needs where its recording or written confirmation is kept")
		}
	default:
		if e.Document == "" {
			return fault.New(fault.Invalid, op, "a consent on paper needs where the signed form is kept")
		}
	}
	return nil
}

// End closes a mandate on a day and says until when its consent must be kept.
// Conflict when it is closed already.
func (m *Mandate) End(state State, reason Reason, on calendar.Date) error {
	if !m.State.Live() {
		return fault.New(fault.Conflict, "mandate.End", "this mandate is %s since %s", m.State, m.EndedOn)
	}
	m.State, m.Reason, m.EndedOn, m.KeepUntil = state, reason, on, on.AddYears(KeepYears)
	return nil
}

// Pause takes nothing that falls due from a day through another, or until further
// notice (zero). Conflict when the mandate is closed; Invalid when the days do not follow.
func (m *Mandate) Pause(reason Reason, from, to calendar.Date) error {
	switch {
	case !m.State.Live():
		return fault.New(fault.Conflict, "mandate.Pause", "this mandate is %s since %s", m.State, m.EndedOn)
	case from.IsZero() || !to.IsZero() && to.Before(from):
		return fault.New(fault.Invalid, "mandate.Pause", "a pause has a first day, and a last one that is not before it")
	}
	m.State, m.Reason, m.PausedFrom, m.PausedTo = Paused, reason, from, to
	return nil
}

// Resume ends a pause. Conflict when there is none.
func (m *Mandate) Resume() error {
	if m.State != Paused {
		return fault.New(fault.Conflict, "mandate.Resume", "this mandate is %s, not paused", m.State)
	}
	m.State, m.Reason, m.PausedFrom, m.PausedTo = Active, "", calendar.Date{}, calendar.Date{}
	return nil
}

// PausedOn reports whether a debit that is due on a day falls into the pause.
func (m *Mandate) PausedOn(day calendar.Date) bool {
	return m.State == Paused && !day.Before(m.PausedFrom) && (m.PausedTo.IsZero() || !day.After(m.PausedTo))
}

// Event is one change of a payment method or a mandate, numbered by the version that
// it made.
type Event struct {
	Subject ident.Opaque
	No      int64
	Act     string // "give", "pause", "returned", ...
	Key     ident.Key
	At      time.Time
	Actor   ident.Actor
	Reason  string // as the actor gave it
	Facts   string // what was different afterwards, as JSON; no account or card number
}
