// Package suspense knows money without a certain owner: why it is there and
// what may be done with it. Nothing received is ever dropped, and nothing is
// guessed: a near miss of a number is a suggestion for a person, never a
// repair.
package suspense

// Reason says why money could not be given to a billing account. The list is
// closed; where several apply, the first in this order is recorded.
type Reason string

// The reasons, in order of precedence.
const (
	PossibleDuplicate Reason = "possible_duplicate" // the same item came in another file
	NoNumber          Reason = "no_number"          // no bill pay number or known alias in the reference
	ManyNumbers       Reason = "many_numbers"       // two or more valid numbers in the reference
	CheckDigit        Reason = "check_digit"        // a number whose check digit fails
	AmbiguousAlias    Reason = "ambiguous_alias"    // an old number that two earlier systems gave to two accounts
	UnknownNumber     Reason = "unknown_number"     // a well-formed number that was never issued
	AccountBlocked    Reason = "account_blocked"    // the billing account takes no payments until staff decide
	FreeText          Reason = "free_text"          // a valid number stands only in free text
	UnknownItem       Reason = "unknown_item"       // the payer named an item that is not on the billing account
	PaidInFull        Reason = "paid_in_full"       // the cheque says that it settles a dispute
	PostDated         Reason = "post_dated"         // the cheque's date is yet to come
	Unsigned          Reason = "unsigned"           // the cheque bears no signature
	Correspondence    Reason = "correspondence"     // a letter came with the cheque
)

// Reasons lists every reason in order of precedence.
func Reasons() []Reason {
	return []Reason{
		PossibleDuplicate, NoNumber, ManyNumbers, CheckDigit, AmbiguousAlias,
		UnknownNumber, AccountBlocked, FreeText, UnknownItem, PaidInFull, PostDated, Unsigned, Correspondence,
	}
}

var explanations = map[Reason]string{
	PossibleDuplicate: "The same item was received in another file. Ask the bank whether it is a second payment.",
	NoNumber:          "The reference holds no bill pay number and no known old number.",
	ManyNumbers:       "The reference holds more than one valid number. Ask the payer how to split the money.",
	CheckDigit:        "The number's check digit fails: a digit is wrong or two are swapped.",
	AmbiguousAlias:    "Two earlier systems gave this old number to different accounts.",
	UnknownNumber:     "The number is well formed but was never issued.",
	AccountBlocked:    "The billing account is blocked for payments.",
	FreeText:          "A valid number stands in free text only, where it can be anything. Confirm that the payer meant it.",
	UnknownItem:       "The payer named a bill that is not open on the billing account.",
	PaidInFull: "The cheque says \"paid in full\" or the like: taking it can settle a dispute (UCC 3-311). " +
		"Ask whoever handles disputes before it is released.",
	PostDated:      "The cheque's date is yet to come. Hold it until then, or send it back.",
	Unsigned:       "The cheque bears no signature. Ask the bank whether it was paid; else send it back.",
	Correspondence: "A letter came with the cheque. Read it first: it can say what the money is for.",
}

// Explain says in a sentence what the reason means and what to do.
func (r Reason) Explain() string { return explanations[r] }

// Details are what the rail told of an item in suspense. They can name a person
// or hold what the payer wrote, so they are stored sealed and shown to staff
// who work the queue.
type Details struct {
	Reference string `json:"reference"`            // what stood where the number should be, as received
	PayerName string `json:"payer_name,omitempty"` // as the rail gave it
	Source    string `json:"source,omitempty"`     // the rail's own name of the item: batch, item, trace
	TwinOf    string `json:"twin_of,omitempty"`    // the payment that a possible duplicate repeats
	Check     string `json:"check,omitempty"`      // the cheque's number
	Image     string `json:"image,omitempty"`      // by what the bank's portal shows the cheque
	// Payer is a keyed fingerprint of who paid: bank, account and name. It tells a payer
	// of before again and opens nothing. "" where the rail does not know the account.
	Payer string `json:"payer,omitempty"`
}
