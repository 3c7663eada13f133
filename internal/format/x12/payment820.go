package x12

import (
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
)

// The implementation guides of the 820 that this package reads.
const (
	Guide820Group    = "005010X218" // employers and governments pay premiums
	Guide820Exchange = "005010X306" // an exchange pays, and charges, an issuer
)

// Header820 is what one 820 says of the payment before its first ENT.
type Header820 struct {
	Set      *Set
	Line     int           // of the BPR
	Handling string        // BPR01: C payment with its remittance, I remittance only, ...
	Amount   money.Cents   // BPR02
	Debit    bool          // BPR03 = D: the payee is charged, not paid
	Method   string        // BPR04: ACH, CHK, FWT, or NON where no money moves
	Company  string        // BPR10, who originates the payment
	Account  secret.Text   // BPR15, the payee's account
	Date     calendar.Date // BPR16, when the money is there
	// TraceType is TRN01: 1 the payment's own trace, 3 that of a payment sent apart.
	TraceType  string
	Trace      string // TRN02: the ACH trace, the cheque's number, the wire's reference
	Originator string // TRN03
	References []Reference
	Dates      []Period
	Payee      Party // N1*PE, the plan
	Payer      Party // N1*PR, or N1*RM from an exchange
}

// Exchange reports whether the payment comes by the exchanges' guide.
func (h *Header820) Exchange() bool { return h.Set.Version == Guide820Exchange }

// Reference gives the value of the first REF with a qualifier, or "".
func (h *Header820) Reference(qualifier string) string { return referenceOf(h.References, qualifier) }

// Entity820 is one ENT: a person or an enrolment group, or the payer itself for
// lines that concern no member.
type Entity820 struct {
	Line, Segment int
	Number        int         // ENT01
	Kind          string      // ENT02: 2J individual, 2L corporation, ...
	IDQualifier   string      // ENT03: 34, EI, FI, ...; "34" has its value in SSN
	ID            string      // ENT04
	SSN           secret.Text // ENT04 or NM109 under 34, or else REF*SY
	Person        Party       // the first NM1; its Role is "" for an entity without a name
	Others        []Party     // further NM1
	// References are the REF between the ENT and its first money. An exchange
	// names its policy and subscriber here: 38, POL, AZ, 0F, 1L.
	References []Reference
}

// Reference gives the value of the first REF with a qualifier, or "".
func (e *Entity820) Reference(qualifier string) string { return referenceOf(e.References, qualifier) }

// Entry820 is one line of money: an RMR with what follows it, or an ADX that
// stands under its entity alone and corrects an earlier payment (loop 2200).
type Entry820 struct {
	Header *Header820
	Entity *Entity820

	Line, Segment int
	Last          int    // the ordinal of the entry's last segment
	Text          string // the RMR, or ADX alone, as it stands in the file
	Ordinal       int    // which entry of its transaction set this is, from 1

	Remittance bool        // an RMR; false for an adjustment alone
	Qualifier  string      // RMR01: AZ, IK, ...; an exchange writes ZZ
	Value      string      // RMR02: the invoice or policy; an exchange's kind of payment, see [ExchangeLine]
	Action     string      // RMR03: PA in advance, PI one item, PO on account, PP partial
	Paid       money.Cents // RMR04; negative takes back
	Due        money.Cents // RMR05, what was billed
	HasDue     bool
	Adjusted   money.Cents // RMR06, discount or adjustment as told; no part of the balance

	References  []Reference
	Dates       []Period
	Adjustments []Adjustment820
}

// Adjustment820 is an ADX: money added to (or, negative, kept from) what was
// remitted, with the reason.
type Adjustment820 struct {
	Line, Segment int
	Cents         money.Cents
	Reason        string // ADX02, see [AdjustmentReason]
	Text          string // the ADX as it stands in the file
	References    []Reference
}

// Reference gives the value of the first REF behind the RMR with a qualifier, or "".
func (e *Entry820) Reference(qualifier string) string { return referenceOf(e.References, qualifier) }

// Period is DTM*582, the coverage that the entry pays for; false if it has none.
func (e *Entry820) Period() (from, to calendar.Date, ok bool) {
	for _, d := range e.Dates {
		if d.Qualifier == "582" {
			return d.From, d.To, true
		}
	}
	return from, to, false
}

// adjustmentReasons are the codes of ADX02 that the guide for premium payments lists.
var adjustmentReasons = map[string]string{
	"01": "pricing error",
	"20": "balance due declined",
	"52": "credit for an overpayment",
	"53": "remittance for an earlier underpayment",
	"80": "overpayment",
	"81": "credit as agreed",
	"86": "duplicate payment",
	"AA": "prepaid benefit or advance",
	"AX": "the person is no longer employed",
	"BJ": "insurance charge",
	"H1": "information will follow",
	"H6": "partial payment",
	"IA": "the invoice does not match the payer's statement",
	"J3": "a promised adjustment was not received",
	"RU": "interest",
	"WO": "recovery of an overpayment",
	"WW": "credit of an overpayment",
}

// AdjustmentReason says an ADX02 in words, "" for a code outside the guide's list.
func AdjustmentReason(code string) string { return adjustmentReasons[code] }

// exchangeLines are the kinds of line that exchanges write into RMR02.
var exchangeLines = map[string]string{
	"APTC":     "advance premium tax credit",
	"APTCADJ":  "advance premium tax credit, adjustment of an earlier month",
	"APTCMADJ": "advance premium tax credit, adjustment by hand",
	"CSR":      "cost-sharing reduction",
	"CSRADJ":   "cost-sharing reduction, adjustment of an earlier month",
	"CSRMADJ":  "cost-sharing reduction, adjustment by hand",
	"UF":       "user fee",
	"UFADJ":    "user fee, adjustment of an earlier month",
	"UFMADJ":   "user fee, adjustment by hand",
	"BAL":      "balance carried to another report",
	"REDUCED":  "payment reduced to settle a debt",
	"DEBTADJ":  "adjustment of a debt",
	"INVOICE":  "invoiced amount",
}

// ExchangeLine says an exchange's kind of payment (RMR02) in words, "" for one
// that is not known. Exchanges add kinds: an unknown one is no error.
func ExchangeLine(kind string) string { return exchangeLines[kind] }
