package wire

import (
	"cmp"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/iso20022"
	"github.com/billfold/billfold/internal/format/pacs"
	"github.com/billfold/billfold/internal/office/intake"
)

// Advices reads pacs.008 messages, in which Fedwire tells the receiver of a wire.
// What takes money back (pacs.004, camt.056) is for a person to answer and is refused
// with that reason.
type Advices struct{ Setting }

// Name implements intake.Format.
func (Advices) Name() string { return "pacs" }

// Recognises implements intake.Format.
func (Advices) Recognises(head []byte) bool { return pacs.Sniff(head) }

// Inspect implements intake.Format.
func (Advices) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return pacs.Inspect(r) }

// Sender implements intake.Deposits.
func (Advices) Sender(head []byte) string { return messageID(head) }

// messageID finds a message's identification near its beginning.
func messageID(head []byte) string {
	if m := groupHeader.FindSubmatch(head); m != nil {
		return iso20022.Sniff(head) + " " + string(m[1])
	}
	return iso20022.Sniff(head)
}

var groupHeader = regexp.MustCompile(`MsgId>\s*([^<]{1,35}?)\s*<`)

// Items implements intake.Deposits.
func (rail Advices) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	var own []fault.Problem
	sum, problems, err := pacs.Scan(r, func(t pacs.Transfer) error {
		account := t.Creditor.Account.Reveal()
		if !rail.posts(ByAdvice, account) {
			return nil
		}
		return rail.give(toldByAdvice(&t, account), "CdtTrfTxInf", &own, each)
	})
	if why, ok := notAdvice[sum.Kind()]; ok {
		own = append(own, fault.Problem{Record: "Document", Message: why})
	}
	return append(problems, own...), err
}

var notAdvice = map[pacs.Kind]string{
	pacs.Return:        "the message returns a payment of ours and brings none: work it as a returned refund",
	pacs.ReturnRequest: "the sender's bank asks for a payment back: answer the bank, and refund the payment if it is right",
}

func toldByAdvice(t *pacs.Transfer, account string) *told {
	source := fmt.Sprintf("wire of %s, %s", t.SettledOn, cmp.Or(t.IMAD, t.UETR, t.TransactionID))
	if t.InstructedIn == t.Currency && t.InstructedMinor > t.AmountMinor {
		source += fmt.Sprintf(", sent as %s less charges of banks on the way", iso20022.Decimal(t.InstructedMinor, t.Currency))
	}
	return &told{
		account: account, minor: t.AmountMinor, currency: t.Currency, received: t.SettledOn, line: t.Line,
		uetr: t.UETR, imad: t.IMAD,
		own:        strings.Join([]string{t.MessageID, t.InstructionID, t.EndToEndID, t.TransactionID, t.ClearingRef}, "|"),
		structured: t.Structured, old: onlyOne(t.Structured),
		references: slices.Concat(given(t.EndToEndID), t.Documents), text: t.Unstructured,
		payer:  payer{cmp.Or(t.UltimateDebtor.Name, t.Debtor.Name), t.Debtor.Bank, t.Debtor.Account.Reveal()},
		source: source,
	}
}
