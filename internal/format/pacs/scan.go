package pacs

import (
	"cmp"
	"io"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/iso20022"
	"github.com/billfold/billfold/internal/format/line"
)

// textsMax bounds each list of texts in a transfer.
const textsMax = 50

// sumMax keeps a sum and one more amount of 18 digits from running over.
const sumMax = int64(7) << 60

// Scan reads a file and gives each transfer of a pacs.008 to each; the
// transactions of the other messages are counted only. The error is only r's or
// each's; whatever is wrong with the file is in the problems.
func Scan(r io.Reader, each func(Transfer) error) (Summary, []fault.Problem, error) {
	s := scanner{each: each}
	err := iso20022.Walk(r, &s.Problems, &s)
	if err == nil && s.Refusals() == 0 {
		s.prove()
	}
	return s.sum, s.List(), err
}

// Inspect reads a whole file for its facts and problems, posting nothing. A
// file that cannot be read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, func(Transfer) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	return map[string]any{"transactions": sum.Transactions, "amount_minor": sum.AmountMinor}, problems
}

// shape says where a message has what every one of them has.
type shape struct{ root, transaction, amount string }

var shapes = map[Kind]shape{
	CreditTransfer: {"FIToFICstmrCdtTrf", "FIToFICstmrCdtTrf/CdtTrfTxInf", "IntrBkSttlmAmt"},
	Return:         {"PmtRtr", "PmtRtr/TxInf", "RtrdIntrBkSttlmAmt"},
	ReturnRequest:  {"FIToFIPmtCxlReq", "FIToFIPmtCxlReq/Undrlyg/TxInf", "OrgnlIntrBkSttlmAmt"},
}

type scanner struct {
	line.Problems
	each     func(Transfer) error
	sum      Summary
	shape    shape
	header   header
	transfer *transfer // being read
	faults   int       // refusals before it began
}

// header is what a message says of itself.
type header struct {
	count, control, total iso20022.Element
	settledOn             calendar.Date
	line                  int
}

type transfer struct {
	Transfer
	amount, instructed iso20022.Element
}

// Document implements iso20022.Visitor.
func (s *scanner) Document(definition string, at int) {
	kind := kindOf(definition)
	switch {
	case kind == "":
		s.Refuse(at, "Document", "", "the message is not a pacs.008, pacs.004 or camt.056")
	case s.sum.Message != "":
		s.Refuse(at, "Document", "", "the file holds more than one message")
	}
	s.sum.Message, s.shape = definition, shapes[kind]
	s.header.line = at
}

// Begin implements iso20022.Visitor.
func (s *scanner) Begin(e iso20022.Element) {
	if e.Path == s.shape.transaction && e.Path != "" {
		s.faults = s.Refusals()
		s.transfer = &transfer{Transfer: Transfer{MessageID: s.sum.MessageID, Line: e.Line}}
	}
}

// End implements iso20022.Visitor.
func (s *scanner) End(e iso20022.Element) error {
	if s.transfer == nil {
		s.inHeader(e)
		return nil
	}
	if e.Path == s.shape.transaction {
		return s.endTransfer(e)
	}
	within, ok := strings.CutPrefix(e.Path, s.shape.transaction+"/")
	if !ok {
		return nil
	}
	if within == s.shape.amount {
		s.transfer.amount = e
	}
	if s.sum.Kind() == CreditTransfer {
		s.inTransfer(within, e)
	}
	return nil
}

func (s *scanner) inHeader(e iso20022.Element) {
	within, ok := strings.CutPrefix(e.Path, s.shape.root+"/")
	if !ok {
		return
	}
	switch within {
	case "GrpHdr/MsgId", "Assgnmt/Id":
		s.sum.MessageID = e.Text
	case "GrpHdr/NbOfTxs", "CtrlData/NbOfTxs":
		s.header.count = e
	case "GrpHdr/CtrlSum", "CtrlData/CtrlSum":
		s.header.control = e
	case "GrpHdr/TtlIntrBkSttlmAmt", "GrpHdr/TtlRtrdIntrBkSttlmAmt":
		s.header.total = e
	case "GrpHdr/IntrBkSttlmDt":
		s.header.settledOn = s.date(e)
	}
}

func (s *scanner) date(e iso20022.Element) calendar.Date {
	d, ok := iso20022.Date(e.Text)
	if !ok {
		s.Refuse(e.Line, e.Parent(), e.Name(), "this is no date")
	}
	return d
}

func (s *scanner) inTransfer(within string, e iso20022.Element) {
	t := s.transfer
	first, rest, _ := strings.Cut(within, "/")
	switch first {
	case "PmtId":
		t.reference(rest, e.Text)
		return
	case "RmtInf":
		s.remittance(rest, e)
		return
	}
	if party(&t.Transfer, first, rest, e.Text) {
		return
	}
	switch within {
	case "IntrBkSttlmDt":
		t.SettledOn = s.date(e)
	case "InstdAmt":
		t.instructed = e
	case "ChrgBr":
		t.ChargeBearer = e.Text
	}
}

func (t *transfer) reference(within, text string) {
	switch within {
	case "InstrId":
		t.InstructionID = text
	case "EndToEndId":
		if text != "NOTPROVIDED" {
			t.EndToEndID = text
		}
	case "TxId":
		t.TransactionID = text
	case "UETR":
		t.UETR = strings.ToLower(text)
	case "ClrSysRef":
		t.ClearingRef = text
	}
}

// party reads names, accounts and banks; it is false for any other element.
func party(t *Transfer, role, within, text string) bool {
	named := map[string]*Party{
		"Dbtr": &t.Debtor, "UltmtDbtr": &t.UltimateDebtor, "Cdtr": &t.Creditor, "UltmtCdtr": &t.UltimateCreditor,
	}
	if p, ok := named[role]; ok {
		if within == "Nm" {
			p.Name = text
		}
		return true
	}
	p := &t.Debtor
	if strings.HasPrefix(role, "Cdtr") {
		p = &t.Creditor
	}
	switch role {
	case "DbtrAcct", "CdtrAcct":
		if within == "Id/IBAN" || within == "Id/Othr/Id" {
			p.Account = secret.New(text)
		}
	case "DbtrAgt", "CdtrAgt":
		switch within {
		case "FinInstnId/ClrSysMmbId/MmbId":
			p.Bank = text
		case "FinInstnId/BICFI", "FinInstnId/Nm":
			p.Bank = cmp.Or(p.Bank, text)
		}
	default:
		return false
	}
	return true
}

func (s *scanner) remittance(within string, e iso20022.Element) {
	t := s.transfer
	switch within {
	case "Ustrd", "Strd/AddtlRmtInf":
		s.text(&t.Unstructured, e)
	case "Strd/CdtrRefInf/Ref":
		s.text(&t.Structured, e)
	case "Strd/RfrdDocInf/Nb":
		s.text(&t.Documents, e)
	}
}

// text keeps one of a list of texts. None is dropped in silence: a second number
// in the text decides whether the first one is certain.
func (s *scanner) text(list *[]string, e iso20022.Element) {
	switch {
	case e.Text == "":
	case len(*list) < textsMax:
		*list = append(*list, e.Text)
	case len(*list) == textsMax:
		s.Refuse(e.Line, "CdtTrfTxInf", e.Name(), "a transaction has more than %d of these", textsMax)
	}
}

func (s *scanner) endTransfer(e iso20022.Element) error {
	t := s.transfer
	s.transfer = nil
	s.sum.Transactions++
	minor, ok := s.minor(t.amount, e.Line, true)
	if !ok {
		return nil
	}
	t.AmountMinor, t.Currency = minor, t.amount.Currency
	if s.sum.Currency == "" {
		s.sum.Currency = t.Currency
	}
	if t.Currency != s.sum.Currency {
		s.Control(t.amount.Line, e.Name(), t.amount.Name(), "the transactions of a message are in two currencies")
	}
	if s.sum.AmountMinor > sumMax-minor {
		s.Refuse(t.amount.Line, e.Name(), t.amount.Name(), "the amounts add up to more than can be counted")
		return nil
	}
	s.sum.AmountMinor += minor
	if s.sum.Kind() != CreditTransfer {
		return nil
	}
	if t.InstructedMinor, ok = s.minor(t.instructed, e.Line, false); ok {
		t.InstructedIn = t.instructed.Currency
	}
	if t.SettledOn.IsZero() {
		t.SettledOn = s.header.settledOn
	}
	if t.SettledOn.IsZero() {
		s.Refuse(e.Line, e.Name(), "IntrBkSttlmDt", "the settlement date is missing")
	}
	if t.EndToEndID == "" && t.UETR == "" && t.InstructionID == "" && t.TransactionID == "" && t.ClearingRef == "" && t.MessageID == "" {
		s.Refuse(e.Line, e.Name(), "PmtId", "the transaction has no reference")
	}
	for _, id := range []string{t.ClearingRef, t.MessageID} {
		if t.IMAD == "" && iso20022.IsIMAD(id) {
			t.IMAD = id
		}
	}
	if s.Refusals() > s.faults {
		return nil
	}
	return s.each(t.Transfer)
}

// minor reads an amount. One that is not there is a fault where it is required.
func (s *scanner) minor(e iso20022.Element, at int, required bool) (int64, bool) {
	if e.Text == "" {
		if required {
			s.Refuse(at, "TxInf", s.shape.amount, "the amount is missing")
		}
		return 0, false
	}
	minor, ok := iso20022.Minor(e.Text, e.Currency)
	if !ok || !iso20022.IsCurrency(e.Currency) {
		s.Refuse(e.Line, e.Parent(), e.Name(), "this is no amount of its currency: digits and a point, without sign")
		return 0, false
	}
	return minor, true
}

// prove holds the message's own totals against its transactions.
func (s *scanner) prove() {
	h := &s.header
	if s.sum.Transactions == 0 {
		s.Refuse(h.line, s.shape.root, "", "the message holds no transaction")
		return
	}
	if n, err := strconv.Atoi(h.count.Text); h.count.Text != "" && (err != nil || n != s.sum.Transactions) {
		s.Control(h.count.Line, "GrpHdr", "NbOfTxs", "the number of transactions differs: counted %d", s.sum.Transactions)
	}
	for _, stated := range []iso20022.Element{h.control, h.total} {
		if stated.Text == "" {
			continue
		}
		currency := cmp.Or(stated.Currency, s.sum.Currency) // a control sum has none of its own
		if minor, ok := iso20022.Minor(stated.Text, currency); !ok || minor != s.sum.AmountMinor || currency != s.sum.Currency {
			s.Control(stated.Line, "GrpHdr", stated.Name(), "the sum of the transactions differs: computed %s %s",
				iso20022.Decimal(s.sum.AmountMinor, s.sum.Currency), s.sum.Currency)
		}
	}
}
