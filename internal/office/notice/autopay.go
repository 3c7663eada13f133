package notice

import (
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Autopay is what letters about automatic payment tell beside an amount.
type Autopay struct {
	Tender   mandate.Tender  `json:"tender"`
	Last4    string          `json:"last4"` // of the account or card
	Purpose  mandate.Purpose `json:"purpose"`
	DebitOn  calendar.Date   `json:"debit_on,omitzero"`
	Before   money.Cents     `json:"before,omitempty"` // the debit before
	Most     money.Cents     `json:"most,omitempty"`   // that one debit may take
	Day      string          `json:"day,omitempty"`    // the day that was chosen, as mandate.DayRule writes it
	AgreedOn calendar.Date   `json:"agreed_on,omitzero"`
	Stopped  mandate.Reason  `json:"stopped,omitempty"`
	Expires  calendar.Month  `json:"expires,omitzero"` // of a card
}

// The facts of automatic payment.
const (
	FactAccount  Fact = "account" // which account or card
	FactPaidFor  Fact = "paid_for"
	FactDebitOn  Fact = "debit_on"
	FactBefore   Fact = "before"
	FactMost     Fact = "most"
	FactDebitDay Fact = "debit_day"
	FactAgreedOn Fact = "agreed_on"
	FactStopped  Fact = "stopped"
	FactExpires  Fact = "expires"
)

// What a letter about automatic payment must say beside its facts.
const (
	HowToStop   Statement = "how_to_stop"  // how and until when a debit is stopped
	NotRequired Statement = "not_required" // coverage does not hang on it
)

// has reports whether a fact of automatic payment is there.
func (a *Autopay) has(fact Fact) bool {
	if a == nil {
		return false
	}
	switch fact {
	case FactAccount:
		return (a.Tender == mandate.Bank || a.Tender == mandate.Card) && len(a.Last4) == 4 && !strings.ContainsFunc(a.Last4, noLetterOrDigit)
	case FactPaidFor:
		return a.Purpose == mandate.Premium || a.Purpose == mandate.Balance
	case FactDebitOn:
		return !a.DebitOn.IsZero()
	case FactBefore:
		return a.Before > 0
	case FactMost:
		return a.Most > 0
	case FactDebitDay:
		_, err := mandate.ParseDayRule(a.Day)
		return err == nil
	case FactAgreedOn:
		return !a.AgreedOn.IsZero()
	case FactStopped:
		return slices.Contains(mandate.Reasons(), a.Stopped)
	case FactExpires:
		return !a.Expires.IsZero()
	}
	return false
}

func noLetterOrDigit(r rune) bool { return (r < '0' || r > '9') && (r < 'A' || r > 'Z') }

// autopayWords say the facts of automatic payment.
type autopayWords struct {
	Accounts    map[mandate.Tender]string // with the last four digits
	PaidFor     map[mandate.Purpose]string
	OnDueDate   string
	OnDay       string // with the day of the month
	DaysBefore  string
	DayBefore   string                    // one day before
	StopReasons map[mandate.Reason]string // whole sentences
}

// debit writes a fact of automatic payment that is there.
func (w *words) debit(a *Autopay, fact Fact) string {
	switch fact {
	case FactAccount:
		return fmt.Sprintf(w.Autopay.Accounts[a.Tender], a.Last4)
	case FactPaidFor:
		return w.Autopay.PaidFor[a.Purpose]
	case FactDebitOn:
		return w.date(a.DebitOn)
	case FactBefore:
		return a.Before.Grouped()
	case FactMost:
		return a.Most.Grouped()
	case FactDebitDay:
		return w.Autopay.day(a.Day)
	case FactAgreedOn:
		return w.date(a.AgreedOn)
	case FactStopped:
		return w.Autopay.StopReasons[a.Stopped]
	}
	return w.month(a.Expires)
}

func (w *autopayWords) day(text string) string {
	rule, err := mandate.ParseDayRule(text)
	switch {
	case err != nil || rule.Kind == mandate.OnDueDate:
		return w.OnDueDate
	case rule.Kind == mandate.OnDay:
		return fmt.Sprintf(w.OnDay, rule.N)
	case rule.N == 1:
		return w.DayBefore
	}
	return fmt.Sprintf(w.DaysBefore, rule.N)
}
