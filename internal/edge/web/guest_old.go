package web

import (
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Numbers of an earlier system lead guests to their accounts as bill pay numbers
// do. They have whatever form that system gave them, so that a slip in a bill pay
// number cannot be told from one before it was looked up.

// mayBeOld reports whether a text that is no bill pay number may be the number of
// an earlier system: it has a digit, which keeps names out, and is no card's.
func mayBeOld(typed string) bool {
	return oldHandle(typed) != "" && billpay.HintFor(typed).Kind != billpay.CardNumber && strings.ContainsFunc(typed, unicode.IsDigit)
}

// oldHandle is how an earlier system's number is looked up, or "". Which system it
// was, a guest does not know.
func oldHandle(typed string) string {
	alias, err := billpay.ParseAlias("any", typed)
	if err != nil {
		return ""
	}
	return alias.Handle()
}

// asking is what limits may know of a guest who typed a number, whether it exists
// or not, of this system or an earlier one.
func (v *visit) asking(typed string) limit.Who {
	number, err := billpay.Parse(typed)
	who := v.who(number)
	if err != nil && mayBeOld(typed) {
		who.Handle = oldHandle(typed)
	}
	return who
}

// shownAgain is a number as its field shows it to a guest who goes back.
func shownAgain(typed string) string {
	if number, err := billpay.Parse(typed); err == nil {
		return number.Grouped()
	}
	return typed
}
