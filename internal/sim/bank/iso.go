package bank

import (
	"bytes"
	"encoding/xml"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// isoWriter writes the XML of ISO 20022: elements in order, text escaped.
type isoWriter struct{ out bytes.Buffer }

func (w *isoWriter) in(tag string, inside func()) {
	fmt.Fprintf(&w.out, "<%s>", tag)
	inside()
	name, _, _ := bytes.Cut([]byte(tag), []byte(" "))
	fmt.Fprintf(&w.out, "</%s>", name)
}

// put writes an element with text, and nothing when there is none.
func (w *isoWriter) put(tag, text string) {
	if text == "" {
		return
	}
	w.in(tag, func() { xml.EscapeText(&w.out, []byte(text)) })
}

// under writes a text below a path of elements.
func (w *isoWriter) under(text string, path ...string) {
	if text == "" {
		return
	}
	if len(path) == 1 {
		w.put(path[0], text)
		return
	}
	w.in(path[0], func() { w.under(text, path[1:]...) })
}

func (w *isoWriter) amount(tag string, c money.Cents) {
	w.put(tag+` Ccy="USD"`, c.String())
}

func (w *isoWriter) document(message string, inside func()) []byte {
	w.out.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	w.in(`Document xmlns="urn:iso:std:iso:20022:tech:xsd:`+message+`"`, inside)
	w.out.WriteByte('\n')
	return w.out.Bytes()
}

func stamp(d calendar.Date, clock string) string { return d.String() + "T" + clock + "-05:00" }

// camtStatement writes the accounts of a day as one camt.053, saying what the BAI2
// statement says.
func camtStatement(o *Options, statements []Statement, day, made calendar.Date, nth int) []byte {
	w := &isoWriter{}
	return w.document("camt.053.001.08", func() {
		w.in("BkToCstmrStmt", func() {
			w.in("GrpHdr", func() {
				w.put("MsgId", fmt.Sprintf("%s-%s-%d", o.Name, yymmdd(day), nth))
				w.put("CreDtTm", stamp(made, "06:00:00"))
			})
			for _, s := range statements {
				w.statement(o, s, made, nth)
			}
		})
	})
}

func (w *isoWriter) statement(o *Options, s Statement, made calendar.Date, nth int) {
	w.in("Stmt", func() {
		w.put("Id", fmt.Sprintf("%s-%s-%.8s", yymmdd(s.Day), s.Account.Number, o.Name))
		w.put("ElctrncSeqNb", fmt.Sprint(nth))
		w.put("CreDtTm", stamp(made, "06:00:00"))
		w.in("FrToDt", func() {
			w.put("FrDtTm", stamp(s.Day, "00:00:00"))
			w.put("ToDtTm", stamp(s.Day, "23:59:59"))
		})
		w.account(s.Account)
		w.balance("OPBD", s.Opening, s.Day)
		w.balance("CLBD", s.Closing, s.Day)
		credits, debits, in, out := s.totals()
		w.in("TxsSummry", func() {
			w.in("TtlCdtNtries", func() {
				w.put("NbOfNtries", fmt.Sprint(credits))
				w.put("Sum", in.String())
			})
			w.in("TtlDbtNtries", func() {
				w.put("NbOfNtries", fmt.Sprint(debits))
				w.put("Sum", out.String())
			})
		})
		for _, l := range s.Lines {
			w.entry(l)
		}
	})
}

func (w *isoWriter) account(a Account) {
	w.in("Acct", func() {
		w.under(a.Number, "Id", "Othr", "Id")
		w.put("Ccy", "USD")
		w.under(a.Owner, "Ownr", "Nm")
	})
}

func (w *isoWriter) balance(kind string, c money.Cents, day calendar.Date) {
	w.in("Bal", func() {
		w.under(kind, "Tp", "CdOrPrtry", "Cd")
		w.amount("Amt", max(c, -c))
		w.put("CdtDbtInd", side(c >= 0))
		w.under(day.String(), "Dt", "Dt")
	})
}

func side(credit bool) string {
	if credit {
		return "CRDT"
	}
	return "DBIT"
}

// entry writes one booked line. The bank's own code stands beside ISO's, which has no
// word for most of it.
func (w *isoWriter) entry(l Line) {
	w.in("Ntry", func() {
		w.put("NtryRef", fmt.Sprint(l.ID))
		w.amount("Amt", l.Amount)
		w.put("CdtDbtInd", side(l.Credit()))
		w.under("BOOK", "Sts", "Cd")
		w.under(l.Day.String(), "BookgDt", "Dt")
		w.under(l.Day.String(), "ValDt", "Dt")
		w.put("AcctSvcrRef", l.Reference)
		w.in("BkTxCd", func() {
			family, sub := codesOf(l)
			w.in("Domn", func() {
				w.put("Cd", "PMNT")
				w.in("Fmly", func() {
					w.put("Cd", family)
					w.put("SubFmlyCd", sub)
				})
			})
			w.in("Prtry", func() {
				w.put("Cd", l.Code)
				w.put("Issr", "BAI")
			})
		})
		w.in("NtryDtls", func() { w.in("TxDtls", func() { w.details(l) }) })
		w.put("AddtlNtryInf", l.Text)
	})
}

// codesOf gives ISO's family and sub-family of a line.
func codesOf(l Line) (family, sub string) {
	switch l.Code {
	case codeWire:
		return "RCDT", "DMCT"
	case codeLockbox:
		return "LBOX", "LBDP"
	case codeDeposit:
		return "CNTR", "CDPT"
	case codePaid:
		return "ICHQ", "CCHQ"
	case codeFee:
		return "MDOP", "CHRG"
	case codeBounced:
		return "RCHQ", "UPCQ"
	}
	if l.Credit() {
		return "RCDT", "OTHR"
	}
	return "RDDT", "OTHR"
}

func (w *isoWriter) details(l Line) {
	wire := l.Wire
	w.in("Refs", func() {
		w.put("AcctSvcrRef", l.Reference)
		if wire == nil {
			w.put("EndToEndId", l.Customer)
			return
		}
		w.put("EndToEndId", wire.EndToEnd)
		w.put("UETR", wire.UETR)
	})
	w.amount("Amt", l.Amount)
	w.put("CdtDbtInd", side(l.Credit()))
	if wire == nil {
		return
	}
	if wire.Payer != "" || wire.Ultimate != "" {
		w.in("RltdPties", func() {
			w.under(wire.Payer, "Dbtr", "Pty", "Nm")
			w.under(wire.From, "DbtrAcct", "Id", "Othr", "Id")
			w.under(wire.Ultimate, "UltmtDbtr", "Pty", "Nm")
		})
	}
	w.remittance(wire)
}

func (w *isoWriter) remittance(wire *Wire) {
	if wire.Text == "" && wire.Structured == "" {
		return
	}
	w.in("RmtInf", func() {
		w.put("Ustrd", wire.Text)
		w.under(wire.Structured, "Strd", "CdtrRefInf", "Ref")
	})
}

// camtNotification tells of one line on the day, before the statement does.
func camtNotification(o *Options, l Line, owner string) []byte {
	w := &isoWriter{}
	return w.document("camt.054.001.08", func() {
		w.in("BkToCstmrDbtCdtNtfctn", func() {
			w.in("GrpHdr", func() {
				w.put("MsgId", "N-"+l.Reference)
				w.put("CreDtTm", stamp(l.Day, "12:00:00"))
			})
			w.in("Ntfctn", func() {
				w.put("Id", "N-"+l.Reference)
				w.put("CreDtTm", stamp(l.Day, "12:00:00"))
				w.account(Account{Number: l.Account, Owner: owner})
				w.entry(l)
			})
		})
	})
}

// pacs008 is the transfer itself, as the Fedwire service delivers it to the bank and
// the bank hands it on as an advice.
func pacs008(o *Options, l Line, owner string) []byte {
	w, wire := &isoWriter{}, l.Wire
	return w.document("pacs.008.001.08", func() {
		w.in("FIToFICstmrCdtTrf", func() {
			w.in("GrpHdr", func() {
				w.put("MsgId", wire.IMAD)
				w.put("CreDtTm", stamp(l.Day, "12:00:00"))
				w.put("NbOfTxs", "1")
				w.in("SttlmInf", func() {
					w.put("SttlmMtd", "CLRG")
					w.under("FDW", "ClrSys", "Cd")
				})
			})
			w.in("CdtTrfTxInf", func() { w.transfer(o, l, owner) })
		})
	})
}

func (w *isoWriter) transfer(o *Options, l Line, owner string) {
	wire := l.Wire
	w.in("PmtId", func() {
		w.put("EndToEndId", wire.EndToEnd)
		w.put("UETR", wire.UETR)
	})
	w.amount("IntrBkSttlmAmt", l.Amount)
	w.put("IntrBkSttlmDt", l.Day.String())
	if wire.Charges > 0 {
		w.amount("InstdAmt", l.Amount+wire.Charges)
	}
	w.put("ChrgBr", "SHAR")
	if wire.Charges > 0 {
		w.in("ChrgsInf", func() {
			w.amount("Amt", wire.Charges)
			w.agent("Agt", "021000021")
		})
	}
	w.agent("InstgAgt", "021000021")
	w.agent("InstdAgt", o.Routing)
	w.under(wire.Ultimate, "UltmtDbtr", "Nm")
	payer := wire.Payer
	if payer == "" {
		payer = "NOTPROVIDED"
	}
	w.under(payer, "Dbtr", "Nm")
	w.under(wire.From, "DbtrAcct", "Id", "Othr", "Id")
	w.agent("DbtrAgt", "021000021")
	w.agent("CdtrAgt", o.Routing)
	w.under(owner, "Cdtr", "Nm")
	w.under(l.Account, "CdtrAcct", "Id", "Othr", "Id")
	w.remittance(wire)
}

// agent names a bank by its routing number.
func (w *isoWriter) agent(tag, routing string) {
	w.in(tag, func() {
		w.in("FinInstnId", func() {
			w.in("ClrSysMmbId", func() {
				w.under("USABA", "ClrSysId", "Cd")
				w.put("MmbId", routing)
			})
		})
	})
}
