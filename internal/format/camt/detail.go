package camt

import (
	"cmp"
	"strings"

	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/iso20022"
)

func (s *scanner) inDetail(within string, e iso20022.Element) {
	d := s.detail
	first, rest, _ := strings.Cut(within, "/")
	switch first {
	case "Refs":
		s.reference(rest, e)
	case "RltdPties":
		party(d, rest, e)
	case "RltdAgts":
		agent(d, rest, e)
	case "RmtInf":
		s.remittance(rest, e)
	case "Amt":
		d.own = amountOf(e)
	case "CdtDbtInd":
		d.Debit = e.Text == "DBIT"
	}
	switch within {
	case "AmtDtls/TxAmt/Amt":
		d.within = amountOf(e)
	case "RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry":
		d.ReturnReason = e.Text
	}
}

func (s *scanner) reference(within string, e iso20022.Element) {
	d := s.detail
	switch within {
	case "EndToEndId":
		if e.Text != "NOTPROVIDED" {
			d.EndToEndID = e.Text
		}
	case "UETR":
		d.UETR = strings.ToLower(e.Text)
	case "InstrId":
		d.InstructionID = e.Text
	case "TxId":
		d.TransactionID = e.Text
	case "MsgId":
		d.MessageID = e.Text
	case "AcctSvcrRef":
		d.BankReference = e.Text
	case "ClrSysRef":
		d.ClearingRef = e.Text
	case "ChqNb":
		d.CheckNumber = e.Text
	case "Prtry/Ref":
		s.text(&d.Own, e)
	}
}

func (s *scanner) remittance(within string, e iso20022.Element) {
	switch within {
	case "Ustrd":
		s.text(&s.detail.Unstructured, e)
	case "Strd/CdtrRefInf/Ref":
		s.text(&s.detail.Structured, e)
	case "Strd/RfrdDocInf/Nb":
		s.text(&s.detail.Documents, e)
	case "Strd/AddtlRmtInf":
		s.text(&s.detail.Unstructured, e)
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
		s.Refuse(e.Line, "TxDtls", e.Name(), "a transaction has more than %d of these", textsMax)
	}
}

// party reads names and accounts; newer versions put a Pty between.
func party(d *detail, within string, e iso20022.Element) {
	role, rest, _ := strings.Cut(within, "/")
	name := rest == "Nm" || rest == "Pty/Nm"
	account := rest == "Id/IBAN" || rest == "Id/Othr/Id"
	switch {
	case role == "Dbtr" && name:
		d.Debtor.Name = e.Text
	case role == "UltmtDbtr" && name:
		d.UltimateDebtor.Name = e.Text
	case role == "Cdtr" && name:
		d.Creditor.Name = e.Text
	case role == "DbtrAcct" && account:
		d.Debtor.Account = secret.New(e.Text)
	case role == "CdtrAcct" && account:
		d.Creditor.Account = secret.New(e.Text)
	}
}

// agent reads what names a party's bank; its number or code before its name.
func agent(d *detail, within string, e iso20022.Element) {
	role, rest, _ := strings.Cut(within, "/")
	bank := &d.Debtor.Bank
	switch role {
	case "DbtrAgt":
	case "CdtrAgt":
		bank = &d.Creditor.Bank
	default:
		return
	}
	switch rest {
	case "FinInstnId/ClrSysMmbId/MmbId":
		*bank = e.Text
	case "FinInstnId/BICFI", "FinInstnId/BIC", "FinInstnId/Nm":
		*bank = cmp.Or(*bank, e.Text)
	}
}

// endDetail adds a whole transaction to its entry.
func (s *scanner) endDetail() {
	d := s.detail
	s.detail = nil
	if a := cmp.Or(d.own, d.within); a.text != "" {
		if minor, ok := s.minor(a, "TxDtls", a.line); ok {
			d.AmountMinor, d.Currency = minor, a.currency
		}
	}
	switch n := len(s.entry.Details); {
	case n < detailsMax:
		s.entry.Details = append(s.entry.Details, d.Detail)
	case n == detailsMax:
		s.Refuse(d.Line, "Ntry", "TxDtls", "an entry has more than %d transactions", detailsMax)
	}
}
