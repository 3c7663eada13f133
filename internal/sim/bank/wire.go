package bank

import (
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/post"
)

// Wire is an incoming Fedwire transfer. The bank makes up IMAD and UETR.
type Wire struct {
	Account    string      `json:"account"`
	Amount     money.Cents `json:"amount_cents"`
	Structured string      `json:"structured,omitempty"` // the creditor reference: where payers are told to put the number
	EndToEnd   string      `json:"end_to_end,omitempty"`
	Text       string      `json:"text,omitempty"` // free remittance text
	Payer      string      `json:"payer,omitempty"`
	Ultimate   string      `json:"ultimate,omitempty"` // whom the payer pays for
	From       string      `json:"from,omitempty"`     // the payer's account
	Charges    money.Cents `json:"charges_cents,omitempty"`
	Advise     bool        `json:"advise,omitempty"` // by an advice and a notification, where the bank sends none usually
	IMAD       string      `json:"imad"`
	UETR       string      `json:"uetr"`
}

// Wire books an incoming transfer and, where the bank sends them, its advice and
// notification.
func (b *Bank) Wire(w Wire) (Line, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	id := len(b.lines) + 1
	w.IMAD = fmt.Sprintf("%sSANDBNK1%06d", b.day.Time().Format("20060102"), id%1_000_000)
	w.UETR = uetr(b.options.Name, w.IMAD)
	if w.EndToEnd == "" {
		w.EndToEnd = "NOTPROVIDED"
	}
	if len(w.Structured) > 35 || len(w.EndToEnd) > 35 || len(w.Text) > 140 {
		return Line{}, fault.New(fault.Invalid, "bank.Wire", "references have at most 35 characters and the text 140")
	}
	lines, err := b.linesOf(Booking{
		Account: w.Account, Code: codeWire, Amount: w.Amount, Customer: w.customer(), Text: w.text(), Of: "wire:" + w.IMAD, Wire: &w,
	})
	if err != nil {
		return Line{}, err
	}
	r := record{Lines: lines}
	if b.options.Advices || w.Advise {
		r.Documents = b.advices(lines[0])
	}
	return lines[0], b.write(r)
}

func (b *Bank) advices(l Line) []post.Document {
	owner := ""
	for _, a := range b.options.Accounts {
		if a.Number == l.Account {
			owner = a.Owner
		}
	}
	return []post.Document{
		b.document("wire_advice", "xml", pacs008(&b.options, l, owner)),
		b.document("camt054", "xml", camtNotification(&b.options, l, owner)),
	}
}

// customer is what a statement has room for in its customer reference.
func (w Wire) customer() string {
	if w.Structured != "" {
		return w.Structured
	}
	if w.EndToEnd != "NOTPROVIDED" {
		return w.EndToEnd
	}
	return ""
}

func (w Wire) text() string {
	parts := []string{"FEDWIRE CREDIT"}
	for _, p := range [][2]string{{"ORIG:", w.Payer}, {"ULT:", w.Ultimate}, {"OBI:", w.Text}, {"IMAD:", w.IMAD}} {
		if p[1] != "" {
			parts = append(parts, p[0]+p[1])
		}
	}
	return strings.Join(parts, " ")
}

// uetr makes a transfer's reference: a random UUID by form, that follows from the
// transfer, so that the same simulation gives the same files.
func uetr(parts ...string) string {
	h := sha256.Sum256([]byte(strings.Join(parts, "|")))
	h[6], h[8] = h[6]&0x0F|0x40, h[8]&0x3F|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", h[0:4], h[4:6], h[6:8], h[8:10], h[10:16])
}
