// Package wire is the rail of incoming money transfers: wires, as the bank's
// statements (BAI2, camt.053), notifications (camt.054) and advices (pacs.008) tell
// of them.
//
// The same wire stands in several of these files, so that one kind of them posts
// for each receiving account, by the plan's configuration; what the others tell is
// proved, kept and not posted. On a statement only an incoming wire is money that no
// other file brings: lockbox deposits, clearing house credits and card settlements
// are sums of files that come by themselves, and are left for reconciliation.
//
// A number that fills a reference field matches by itself; one that stands only in
// free text goes to suspense, because digits in free text can be anything, and
// office/suspense gives it to its owner when the payer's name or history agrees. The
// package knows the formats and the instruction's words, and neither billing
// accounts nor posting. Start reading at told in told.go; there is a file for each
// format.
package wire

// The kinds of file that can post an account's wires, as plan.yaml names them.
const (
	ByStatement    = "statement"
	ByAdvice       = "advice"
	ByNotification = "notification"
)

// House is what the rail must know of the installation.
type House interface {
	// WiresOf gives which kind of file posts the wires of a bank account.
	WiresOf(account string) string
}

// Payers tells payers of before again. It gives a fingerprint of a payer, or "" when
// too little is known of one.
type Payers interface {
	PayerPrint(bank, account, name string) string
}

// Setting is what each of the package's formats needs. The zero value posts from
// statements and remembers no payers.
type Setting struct {
	House  House
	Payers Payers
}

// posts reports whether files of a kind post the wires of an account.
func (s Setting) posts(kind, account string) bool {
	if s.House == nil {
		return kind == ByStatement
	}
	return s.House.WiresOf(account) == kind
}

func (s Setting) print(p payer) string {
	if s.Payers == nil || p.account == "" {
		return ""
	}
	return s.Payers.PayerPrint(p.bank, p.account, p.name)
}
