package camt

import (
	"cmp"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/iso20022"
	"github.com/billfold/billfold/internal/format/line"
)

const (
	// detailsMax bounds the transactions of one entry: a batch with more of them has
	// a file of its own. textsMax bounds each list of texts in a detail.
	detailsMax = 10_000
	textsMax   = 50
	// accountsMax bounds the statements of one file.
	accountsMax = 10_000
)

// Scan reads a file and gives each booked entry to each. The error is only r's
// or each's; whatever is wrong with the file is in the problems.
func Scan(r io.Reader, each func(Entry) error) (Statements, []fault.Problem, error) {
	s := scanner{each: each}
	err := iso20022.Walk(r, &s.Problems, &s)
	if err == nil && s.Refusals() == 0 && len(s.sum.Accounts) == 0 {
		s.Refuse(max(1, s.documentLine), s.root, "", "the message holds no statement, report or notification")
	}
	return s.sum, s.List(), err
}

// Inspect reads a whole file for its facts and problems, posting nothing. A
// file that cannot be read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, func(Entry) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	return map[string]any{
		"documents": len(sum.Accounts), "entries": sum.Entries, "reversals": sum.Reversals,
	}, problems
}

// roots are the messages' outermost elements, and what one account's part is
// called in each.
var roots = map[Kind]struct{ root, part string }{
	Report:       {"BkToCstmrAcctRpt", "Rpt"},
	Statement:    {"BkToCstmrStmt", "Stmt"},
	Notification: {"BkToCstmrDbtCdtNtfctn", "Ntfctn"},
}

type scanner struct {
	line.Problems
	each         func(Entry) error
	sum          Statements
	root, part   string // of the message being read
	prefix       string // of an account's elements: "BkToCstmrStmt/Stmt/"
	documentLine int
	messageID    string

	account *Account // being read
	balance balance
	entry   *entry // being read
	detail  *detail
	faults  int // refusals before the entry began
	totals  []total
	counted counts
}

// balance, entry and detail are read element by element; what only decides how
// they are read stands beside them.
type balance struct {
	kind, direction string
	amount          amount
	on              iso20022.Element
	line            int
}

type entry struct {
	Entry
	amount                      amount
	direction, status, reversal string
}

type detail struct {
	Detail
	own, within amount // Amt, and AmtDtls/TxAmt/Amt in older versions
}

// amount is an amount as it stands in the file.
type amount struct {
	text, currency string
	line           int
}

func amountOf(e iso20022.Element) amount { return amount{e.Text, e.Currency, e.Line} }

// Document implements iso20022.Visitor.
func (s *scanner) Document(definition string, at int) {
	s.documentLine = at
	names, known := roots[kindOf(definition)]
	switch {
	case !known:
		s.Refuse(at, "Document", "", "the message is not a camt.052, camt.053 or camt.054")
	case s.sum.Message != "" && s.sum.Message != definition:
		s.Refuse(at, "Document", "", "the file holds two messages of different definitions")
	}
	s.sum.Message = definition
	s.root, s.part = names.root, names.part
	s.prefix = s.root + "/" + s.part + "/"
}

// Begin implements iso20022.Visitor.
func (s *scanner) Begin(e iso20022.Element) {
	if s.root != "" && e.Path == s.root+"/"+s.part {
		s.beginAccount(e.Line)
		return
	}
	within, ok := s.within(e.Path)
	if !ok {
		return
	}
	switch within {
	case "Bal":
		s.balance = balance{line: e.Line}
	case "TxsSummry/TtlNtries", "TxsSummry/TtlCdtNtries", "TxsSummry/TtlDbtNtries":
		s.totals = append(s.totals, total{kind: e.Name(), line: e.Line})
	case "Ntry":
		s.faults = s.Refusals()
		s.entry = &entry{Entry: Entry{Account: s.account, Line: e.Line}}
	case "Ntry/NtryDtls/TxDtls":
		s.detail = &detail{Detail: Detail{Line: e.Line}}
	}
}

// within gives the path of an element of the account being read.
func (s *scanner) within(path string) (string, bool) {
	if s.account == nil {
		return "", false
	}
	return strings.CutPrefix(path, s.prefix)
}

// End implements iso20022.Visitor.
func (s *scanner) End(e iso20022.Element) error {
	switch e.Path {
	case s.root + "/GrpHdr/MsgId":
		s.messageID = e.Text
		return nil
	case s.root + "/" + s.part:
		s.endAccount()
		return nil
	}
	within, ok := s.within(e.Path)
	if !ok {
		return nil
	}
	if inEntry, ok := strings.CutPrefix(within, "Ntry/"); ok && s.entry != nil {
		s.inEntry(inEntry, e)
		return nil
	}
	switch within {
	case "Ntry":
		return s.endEntry(e)
	case "Bal":
		s.endBalance()
		return nil
	}
	s.inAccount(within, e)
	return nil
}

func (s *scanner) inEntry(within string, e iso20022.Element) {
	if inDetail, ok := strings.CutPrefix(within, "NtryDtls/TxDtls/"); ok && s.detail != nil {
		s.inDetail(inDetail, e)
		return
	}
	if within == "NtryDtls/TxDtls" {
		s.endDetail()
		return
	}
	en := s.entry
	switch within {
	case "NtryRef":
		en.Ref = e.Text
	case "Amt":
		en.amount = amountOf(e)
	case "CdtDbtInd":
		en.direction = e.Text
	case "RvslInd":
		en.reversal = e.Text
	case "Sts", "Sts/Cd", "Sts/Prtry":
		en.status = cmp.Or(e.Text, en.status)
	case "BookgDt/Dt", "BookgDt/DtTm":
		en.Booked = s.date(e, "Ntry")
	case "ValDt/Dt", "ValDt/DtTm":
		en.Value = s.date(e, "Ntry")
	case "AcctSvcrRef":
		en.BankReference = e.Text
	case "BkTxCd/Domn/Cd":
		en.Code.Domain = e.Text
	case "BkTxCd/Domn/Fmly/Cd":
		en.Code.Family = e.Text
	case "BkTxCd/Domn/Fmly/SubFmlyCd":
		en.Code.SubFamily = e.Text
	case "BkTxCd/Prtry/Cd":
		en.Code.Own = e.Text
	case "AddtlNtryInf":
		en.Information = e.Text
	}
}

// endEntry gives a whole entry to the caller if it moved the account.
func (s *scanner) endEntry(e iso20022.Element) error {
	en := s.entry
	s.entry = nil
	s.sum.Entries++
	var ok bool
	if en.AmountMinor, ok = s.minor(en.amount, "Ntry", e.Line); ok {
		en.Currency = en.amount.currency
	}
	en.Credit = s.isCredit(en.direction, "Ntry", e.Line)
	if en.Reversal = s.isTrue(en.reversal, e.Line); en.Reversal {
		s.sum.Reversals++
	}
	switch en.status {
	case "BOOK":
	case "PDNG", "INFO", "FUTR":
		s.counted.entry(&en.Entry, false)
		return nil
	default:
		s.Refuse(e.Line, "Ntry", "Sts", "the status is not BOOK, PDNG, INFO or FUTR")
	}
	if en.Booked.IsZero() {
		en.Booked = en.Value
	}
	if en.Booked.IsZero() {
		en.Booked = s.account.Created
	}
	if s.Refusals() > s.faults {
		return nil
	}
	s.account.Currency = cmp.Or(s.account.Currency, en.Currency)
	if en.Currency != s.account.Currency {
		s.Control(e.Line, "Ntry", "Amt", "the entry is in %s and the account in %s", en.Currency, s.account.Currency)
	}
	if !s.counted.entry(&en.Entry, true) {
		s.Refuse(e.Line, "Ntry", "Amt", "the amounts add up to more than can be counted")
		return nil
	}
	s.sum.Booked++
	s.sum.Details += len(en.Details)
	return s.each(en.Entry)
}

// isTrue reads an indicator; one that is not there is false.
func (s *scanner) isTrue(text string, at int) bool {
	switch text {
	case "true", "1":
		return true
	case "", "false", "0":
		return false
	}
	s.Refuse(at, "Ntry", "RvslInd", "the reversal indicator is neither true nor false")
	return false
}

func (s *scanner) isCredit(text, record string, at int) bool {
	if text != "CRDT" && text != "DBIT" {
		s.Refuse(at, record, "CdtDbtInd", "the direction is not CRDT or DBIT")
	}
	return text == "CRDT"
}

// minor reads an amount; a fault is told at the amount's own line, or at the
// record's where there is none.
func (s *scanner) minor(a amount, record string, at int) (int64, bool) {
	switch {
	case a.text == "":
		s.Refuse(cmp.Or(a.line, at), record, "Amt", "the amount is missing")
		return 0, false
	case !iso20022.IsCurrency(a.currency):
		s.Refuse(a.line, record, "Amt", "the amount names no currency")
		return 0, false
	}
	minor, ok := iso20022.Minor(a.text, a.currency)
	if !ok {
		s.Refuse(a.line, record, "Amt", "this is no amount of %s: digits and at most %d after a point, without sign",
			a.currency, iso20022.Decimals(a.currency))
	}
	return minor, ok
}
