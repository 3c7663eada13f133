package notice

import (
	"slices"
	"strings"
)

// returnCodes are the classes of the codes by which banks give payments back: the
// return reasons of Nacha entries, and the letters stamped on cheques.
var returnCodes = map[string]ReturnReason{
	"R01": NoFunds, "R09": NoFunds, "NSF": NoFunds, "UCF": NoFunds,
	"R02": NoAccount, "R03": NoAccount, "R04": NoAccount, "R20": NoAccount,
	"R08": Stopped,
	"R05": Disputed, "R07": Disputed, "R10": Disputed, "R11": Disputed, "R29": Disputed, "R51": Disputed,
}

// ReturnOf gives the class of the reason for which a payment was taken back, as the
// books have it: the reason begins with a class or a bank's code, then perhaps a
// colon or a blank and more. "" when it does not: then it is not known why, or the
// payment was no bank's return but a mistake.
func ReturnOf(reason string) ReturnReason {
	word := strings.TrimRight(strings.TrimSpace(reason), ".")
	if end := strings.IndexAny(word, " :,;"); end >= 0 {
		word = word[:end]
	}
	if class := ReturnReason(strings.ToLower(word)); slices.Contains(ReturnReasons(), class) {
		return class
	}
	return returnCodes[strings.ToUpper(word)]
}
