package wire

import (
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
)

// incomingTransfer is BAI2's type of an incoming money transfer.
const incomingTransfer = "195"

// Rail reads BAI2 statements for the wires in them.
type Rail struct{ Setting }

// Name implements intake.Format.
func (Rail) Name() string { return "bai2" }

// Recognises implements intake.Format.
func (Rail) Recognises(head []byte) bool { return bai2.Sniff(head) }

// Inspect implements intake.Format.
func (Rail) Inspect(r io.Reader) (map[string]any, []fault.Problem) { return bai2.Inspect(r) }

// Sender implements intake.Deposits: record 01 has sender, date, time and the
// file's number.
func (Rail) Sender(head []byte) string {
	first, _, _ := strings.Cut(strings.TrimLeft(string(head), "\r\n "), "/")
	return first
}

// Items implements intake.Deposits.
func (rail Rail) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	var own []fault.Problem
	_, problems, err := bai2.Scan(r, func(line bai2.Item) error {
		account := strings.TrimSpace(line.Account.Reveal())
		if line.TypeCode != incomingTransfer || interim(line.Group) || !rail.posts(ByStatement, account) {
			return nil
		}
		return rail.give(toldByBAI2(&line, account), "16", &own, each)
	})
	return append(problems, own...), err
}

// interim reports whether a statement will be followed by a final one for the
// same day, which reports the same wires again. Only final statements post.
func interim(group bai2.Group) bool { return group.AsOfModifier == "1" || group.AsOfModifier == "3" }

func toldByBAI2(line *bai2.Item, account string) *told {
	return &told{
		account: account, minor: line.AmountMinor, currency: line.Currency, received: line.Group.AsOf, line: line.Line,
		imad:       imadIn(line.BankReference, line.Text),
		own:        strings.Join([]string{line.BankReference, line.CustomerReference, line.Text}, "|"),
		references: given(line.CustomerReference), text: []string{line.Text}, old: strings.TrimSpace(line.CustomerReference),
		payer:  payer{name: originator(line.Text)},
		source: fmt.Sprintf("wire of %s, bank reference %s", line.Group.AsOf, line.BankReference),
	}
}

func given(texts ...string) []string {
	var all []string
	for _, t := range texts {
		if t = strings.TrimSpace(t); t != "" {
			all = append(all, t)
		}
	}
	return all
}

// originator finds who sent the wire where the bank's text says it in one of the
// usual ways ("ORIG:PAT RIVERA"). The name ends where the line or the next label does.
func originator(text string) string {
	at := originatorLabel.FindStringIndex(text)
	if at == nil {
		return ""
	}
	name := text[at[1]:]
	if end := strings.IndexAny(name, "\n;/"); end >= 0 {
		name = name[:end]
	}
	if next := nextLabel.FindStringIndex(name); next != nil {
		name = name[:next[0]]
	}
	return strings.Trim(name, " ,.-")
}

var (
	originatorLabel = regexp.MustCompile(`(?i)(?:^|[\n;/ ])(?:ORIG(?:INATOR)?|ORG|B/O|BY ORDER OF)(?: NAME)?[:=] *`)
	nextLabel       = regexp.MustCompile(` +[A-Z]+(?: [A-Z]+)?[:=]`)
)
