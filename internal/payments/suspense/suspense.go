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
)

// Reasons lists every reason in order of precedence.
func Reasons() []Reason {
	return []Reason{
		PossibleDuplicate, NoNumber, ManyNumbers, CheckDigit, AmbiguousAlias,
		UnknownNumber, AccountBlocked, FreeText, UnknownItem,
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
}
