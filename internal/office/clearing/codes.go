package clearing

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Consequence is what a return does to payment method and mandate.
type Consequence string

// The consequences.
const (
	Nothing       Consequence = ""
	StopMethod    Consequence = "stop_method"    // no entry to the account any more; the payer gives another
	CancelMandate Consequence = "cancel_mandate" // no debit without a new authorisation
	HoldMandate   Consequence = "hold_mandate"   // no debit until the payer or staff mend it
)

// Rate says which of the network's limits a return counts to, beside the overall one.
type Rate string

// The rates.
const (
	Overall        Rate = "overall"
	Unauthorised   Rate = "unauthorised"
	Administrative Rate = "administrative"
)

// Reach is how long after settlement a receiving bank may send a return.
type Reach string

// The reaches.
const (
	TwoDays   Reach = "2 banking days"
	SixtyDays Reach = "60 calendar days"
	Open      Reach = "open" // prompt, by consent, or of the banks' own disputes
)

// ReturnRule is what a return code obliges us to do, from a day on.
type ReturnRule struct {
	Code    string
	Meaning string
	Reach   Reach
	Rate    Rate
	Consent Consequence
	Reason  mandate.Reason // that a payer reads
	Again   bool           // sent again by itself, at most twice within 180 days
	Correct bool           // staff may send a corrected entry without a new authorisation
	Person  string         // what a person must see to, or ""
	Days    int            // banking days that person has
	From    calendar.Date
	Source  string
}

// Bounds of sending a returned debit again (Nacha Operating Rules, subsection 2.12.4).
const (
	triesMax       = 2
	tryWithinDays  = 180
	secondTryAfter = 2 // banking days after the first return
	thirdTryAfter  = 3 // and after the second
)

// Deadlines of staff, in banking days, unless the network sets another.
const (
	soon      = 2
	disputeBy = 5  // a dishonoured return
	changeBy  = 6  // a notification of change is applied
	refuseBy  = 15 // calendar days in which a notification is refused
)

const (
	nacha      = "Nacha Operating Rules, Appendix Four"
	nachaRetry = "Nacha Operating Rules, subsection 2.12.4"
)

var returnRules = []ReturnRule{
	{Code: "R01", Meaning: "insufficient funds", Reach: TwoDays, Rate: Overall, Again: true, Source: nachaRetry},
	{Code: "R02", Meaning: "account closed", Reach: TwoDays, Rate: Administrative, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R03", Meaning: "no account", Reach: TwoDays, Rate: Administrative, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R04", Meaning: "invalid account number", Reach: TwoDays, Rate: Administrative, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R05", Meaning: "consumer's account debited under a corporate class", Reach: SixtyDays, Rate: Unauthorised, Consent: StopMethod,
		Reason: mandate.NotAuthorised, Person: "correct the entry class of the payer's account", Days: soon},
	{Code: "R06", Meaning: "returned at our bank's request", Reach: Open, Rate: Overall, Person: "see what our bank asked for", Days: soon},
	{Code: "R07", Meaning: "authorisation revoked", Reach: SixtyDays, Rate: Unauthorised, Consent: CancelMandate, Reason: mandate.Revoked},
	{Code: "R08", Meaning: "payment stopped", Reach: SixtyDays, Rate: Overall, Consent: HoldMandate, Reason: mandate.StopPayment},
	{Code: "R09", Meaning: "uncollected funds", Reach: TwoDays, Rate: Overall, Again: true, Source: nachaRetry},
	{Code: "R10", Meaning: "originator unknown or not authorised", Reach: SixtyDays, Rate: Unauthorised, Consent: CancelMandate,
		Reason: mandate.NotAuthorised, Person: "look into possible fraud", Days: soon},
	{Code: "R11", Meaning: "not in the terms of the authorisation", Reach: SixtyDays, Rate: Unauthorised, Consent: HoldMandate,
		Reason: mandate.NotAsAgreed, Correct: true, Person: "correct amount or day; a new entry within 60 days needs no new authorisation", Days: soon},
	{Code: "R12", Meaning: "branch sold to another bank", Reach: TwoDays, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R13", Meaning: "routing number takes no entries", Reach: TwoDays, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R14", Meaning: "representative payee deceased", Reach: TwoDays, Rate: Overall, Consent: CancelMandate, Reason: mandate.PayerDied,
		Person: "begin what follows a death", Days: soon},
	{Code: "R15", Meaning: "account holder deceased", Reach: TwoDays, Rate: Overall, Consent: CancelMandate, Reason: mandate.PayerDied,
		Person: "begin what follows a death", Days: soon},
	{Code: "R16", Meaning: "account frozen", Reach: TwoDays, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount,
		Person: "tell compliance: the account is frozen or sanctioned", Days: soon},
	{Code: "R17", Meaning: "file edit, or questionable entry", Reach: TwoDays, Rate: Overall, Consent: HoldMandate, Reason: mandate.BadAccount,
		Person: "look at the entry; it may be fraud", Days: soon},
	{Code: "R18", Meaning: "improper effective date", Reach: Open, Rate: Overall, Person: "see what our bank refused", Days: soon},
	{Code: "R19", Meaning: "amount field error", Reach: Open, Rate: Overall, Person: "see what our bank refused", Days: soon},
	{Code: "R20", Meaning: "non-transaction account", Reach: TwoDays, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R21", Meaning: "invalid company identification", Reach: TwoDays, Rate: Overall, Person: "mend the company identification", Days: soon},
	{Code: "R22", Meaning: "invalid individual identification", Reach: TwoDays, Rate: Overall, Person: "mend the identification", Days: soon},
	{Code: "R23", Meaning: "credit refused by its receiver", Reach: Open, Rate: Overall},
	{Code: "R24", Meaning: "duplicate entry", Reach: TwoDays, Rate: Overall, Person: "find the other entry; do not send it again", Days: soon},
	{Code: "R29", Meaning: "corporate receiver: not authorised", Reach: TwoDays, Rate: Unauthorised, Consent: CancelMandate, Reason: mandate.NotAuthorised},
	{Code: "R31", Meaning: "permissible late return, with our bank's consent", Reach: Open, Rate: Overall, Consent: HoldMandate, Reason: mandate.NotAuthorised},
	{Code: "R33", Meaning: "return of a check entry", Reach: SixtyDays, Rate: Overall},
	{Code: "R34", Meaning: "limited participation of the receiving bank", Reach: Open, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R37", Meaning: "source document presented", Reach: SixtyDays, Rate: Overall},
	{Code: "R38", Meaning: "stop payment on source document", Reach: SixtyDays, Rate: Overall},
	{Code: "R39", Meaning: "improper source document", Reach: TwoDays, Rate: Overall},
	{Code: "R51", Meaning: "ineligible re-presented check", Reach: SixtyDays, Rate: Unauthorised},
	{Code: "R52", Meaning: "stop payment on re-presented check", Reach: SixtyDays, Rate: Overall},
	{Code: "R53", Meaning: "check and entry both presented", Reach: SixtyDays, Rate: Overall},
	{Code: "R80", Meaning: "international entry coding error", Reach: Open, Rate: Overall, Person: "the entry belongs under IAT", Days: soon},
	{Code: "R81", Meaning: "receiver takes no international entries", Reach: Open, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R82", Meaning: "invalid foreign bank", Reach: Open, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R83", Meaning: "foreign bank unable to settle", Reach: Open, Rate: Overall, Consent: StopMethod, Reason: mandate.BadAccount},
	{Code: "R84", Meaning: "entry not processed by the gateway", Reach: Open, Rate: Overall, Person: "ask our bank", Days: soon},
	{Code: "R85", Meaning: "outbound international payment coded wrongly", Reach: Open, Rate: Overall, Consent: HoldMandate, Reason: mandate.BadAccount,
		Person: "recode the entry as IAT", Days: soon},
}

// ReturnRules gives what each code obliges us to do.
func ReturnRules() []ReturnRule {
	rules := slices.Clone(returnRules)
	for i := range rules {
		if rules[i].Source == "" {
			rules[i].Source = nacha
		}
	}
	return rules
}

// RuleFor finds the rule of a return code.
func RuleFor(code string) (ReturnRule, bool) {
	for _, r := range returnRules {
		if r.Code == code {
			return r, true
		}
	}
	return ReturnRule{}, false
}

// Disputed tells the codes by which banks dispute a return: R61 to R70 dishonour it, R71
// to R77 contest that.
func Disputed(code string) (AnswerKind, bool) {
	switch {
	case code >= "R61" && code <= "R70":
		return Dishonoured, true
	case code >= "R71" && code <= "R77":
		return Contested, true
	}
	return "", false
}

// inTime reports whether a return that settled on a day came within the reach of its
// code. A business's account has two banking days, whatever the code.
func (r *ReturnRule) inTime(sec SEC, settled, returned calendar.Date) bool {
	if settled.IsZero() || returned.IsZero() || r.Reach == Open {
		return true
	}
	if r.Reach == TwoDays || sec == CCD && r.Code != "R05" { // a consumer under a corporate class has a consumer's days
		return !returned.After(settled.AddBusinessDays(2))
	}
	return !returned.After(settled.AddDays(60))
}

// nextTry gives the day on which a returned debit is sent again; false when the rule
// forbids another time.
func nextTry(e *Entry, settled, today calendar.Date) (calendar.Date, bool) {
	if e.Tries >= triesMax {
		return calendar.Date{}, false
	}
	wait := secondTryAfter
	if e.Tries > 0 {
		wait = thirdTryAfter
	}
	on := today.AddBusinessDays(wait)
	return on, !on.After(settled.AddDays(tryWithinDays))
}
