package mandate

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// AccountKind is what sort of bank account it is: the clearing house debits each by
// a transaction code of its own.
type AccountKind string

// The kinds of bank account.
const (
	Checking AccountKind = "checking"
	Savings  AccountKind = "savings"
)

// Bounds of what a bank account is described with. The clearing house's entry has 17
// columns for the number and 22 for the holder; a longer name is cut there, not here.
const (
	accountDigitsMin = 4
	accountDigitsMax = 17
	holderMax        = 80
)

// BankAccount is an account at a bank in the United States that can be debited or
// credited through the clearing house.
type BankAccount struct {
	Routing  string      // nine digits, the last of them a check digit
	Number   secret.Text // letters and digits, without blanks and hyphens
	Kind     AccountKind
	Holder   string // as the bank knows them
	Business bool   // an organisation's: entries are CCD, and consumer law does not hold
}

// ParseBankAccount checks what a payer says of an account. Invalid names the part
// that is wrong, and never quotes the number.
func ParseBankAccount(routing, number, kind, holder string, business bool) (BankAccount, error) {
	a := BankAccount{
		Routing: dropPunctuation(routing), Number: secret.New(strings.ToUpper(dropPunctuation(number))),
		Kind: AccountKind(strings.ToLower(strings.TrimSpace(kind))), Holder: strings.Join(strings.Fields(holder), " "),
		Business: business,
	}
	return a, a.check()
}

func (a *BankAccount) check() error {
	const op = "mandate.ParseBankAccount"
	if err := CheckRouting(a.Routing); err != nil {
		return err
	}
	length := len(a.Number.Reveal())
	switch {
	case length < accountDigitsMin || length > accountDigitsMax:
		return fault.New(fault.Invalid, op, "an account number has %d to %d digits", accountDigitsMin, accountDigitsMax)
	case strings.IndexFunc(a.Number.Reveal(), isNoDigitOrLetter) >= 0:
		return fault.New(fault.Invalid, op, "an account number has digits and letters only")
	case !slices.Contains([]AccountKind{Checking, Savings}, a.Kind):
		return fault.New(fault.Invalid, op, "an account is %s or %s", Checking, Savings)
	case a.Holder == "" || utf8.RuneCountInString(a.Holder) > holderMax:
		return fault.New(fault.Invalid, op, "an account has a holder's name of at most %d letters", holderMax)
	case strings.IndexFunc(a.Holder, isControl) >= 0:
		return fault.New(fault.Invalid, op, "a holder's name has letters, digits and marks only")
	}
	return nil
}

// CheckRouting says why a text is no routing number: nine digits, a Federal Reserve
// prefix, and the check digit of the American Bankers Association, which is right
// when 3, 7 and 1 times the digits, in turn, sum to a multiple of ten.
func CheckRouting(routing string) error {
	const op = "mandate.CheckRouting"
	if len(routing) != 9 || strings.IndexFunc(routing, func(r rune) bool { return r < '0' || r > '9' }) >= 0 {
		return fault.New(fault.Invalid, op, "a routing number has nine digits")
	}
	sum := 0
	for i, weight := range [9]int{3, 7, 1, 3, 7, 1, 3, 7, 1} {
		sum += weight * int(routing[i]-'0')
	}
	if sum%10 != 0 {
		return fault.New(fault.Invalid, op, "the routing number has a wrong digit: its check digit does not agree")
	}
	if !knownPrefix(10*int(routing[0]-'0') + int(routing[1]-'0')) {
		return fault.New(fault.Invalid, op, "the routing number is no bank's: its first two digits are not in use")
	}
	return nil
}

// knownPrefix tells the first two digits that the American Bankers Association gives
// out to institutions which take entries: Reserve districts, thrifts, electronic ones.
// 00 is the government's and 80 is for traveller's cheques, so neither can be debited.
func knownPrefix(prefix int) bool {
	return prefix >= 1 && prefix <= 12 || prefix >= 21 && prefix <= 32 || prefix >= 61 && prefix <= 72
}

// Mask shows the account as people may see it: four dots and the last four digits.
func (a BankAccount) Mask() string { return maskOf(a.Number) }

func maskOf(number secret.Text) string {
	text := number.Reveal()
	return "•••• " + text[max(0, len(text)-4):]
}

// Identity is what two descriptions of one account have in common, for a keyed hash:
// routing and account number. Kind and holder are told wrongly too often to count.
func (a BankAccount) Identity() secret.Text { return secret.New(a.Routing + "/" + a.Number.Reveal()) }

// BankPurpose is the purpose of the keyed hash of a bank account's identity.
const BankPurpose = "payer/bank"

// writtenAccount is a bank account as it is written to be sealed: the one form that
// holds the number in clear.
type writtenAccount struct {
	Routing  string      `json:"routing"`
	Number   string      `json:"number"`
	Kind     AccountKind `json:"kind"`
	Holder   string      `json:"holder"`
	Business bool        `json:"business"`
}

// ToSeal writes the account, number included, for whoever seals it at once.
func (a BankAccount) ToSeal() ([]byte, error) {
	plain, err := json.Marshal(writtenAccount{a.Routing, a.Number.Reveal(), a.Kind, a.Holder, a.Business})
	return plain, fault.Wrap("mandate.ToSeal", err)
}

// UnsealedAccount reads what ToSeal wrote. Corrupt when it does not parse.
func UnsealedAccount(plain []byte) (BankAccount, error) {
	var w writtenAccount
	if err := json.Unmarshal(plain, &w); err != nil {
		return BankAccount{}, fault.New(fault.Corrupt, "mandate.UnsealedAccount", "a stored bank account does not parse")
	}
	return BankAccount{w.Routing, secret.New(w.Number), w.Kind, w.Holder, w.Business}, nil
}

func dropPunctuation(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\t' {
			return -1
		}
		return r
	}, text)
}

func isNoDigitOrLetter(r rune) bool {
	return (r < '0' || r > '9') && (r < 'A' || r > 'Z')
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
