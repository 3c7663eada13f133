package camt

import (
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/iso20022"
)

// Check holds a camt.053.001.08 or camt.054.001.08 against the message's rules:
// required elements in their order, widths, codes, dates, currency's decimals,
// and what Scan proves of balances and totals. It is stricter than Scan, which
// takes what banks send: it is for what we write ourselves, and refuses elements
// that we have no use for. The error is the reader's.
func Check(kind Kind, open func() io.Reader) ([]fault.Problem, error) {
	problems, err := profiles[kind].Check(open())
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	_, problems, err = Scan(open(), func(Entry) error { return nil })
	return problems, err
}

var profiles = map[Kind]iso20022.Profile{
	Statement:    iso20022.NewProfile("camt.053.001.08", statementText, entryParts()),
	Notification: iso20022.NewProfile("camt.054.001.08", notificationText, entryParts()),
}

func entryParts() map[string]string {
	parts := map[string]string{
		"Pages": `
PgNb Count
LastPgInd True
`,
		"Head": `
MsgId Max35
CreDtTm DateTime
MsgRcpt? @Party
MsgPgntn? @Pages
AddtlInf? Max500
`,
		"Totals": `
NbOfNtries? Count
Sum? Decimal
`,
		"TransactionCode": `
Domn?
	Cd Max4
	Fmly
		Cd Max4
		SubFmlyCd Max4
Prtry?
	Cd Max35
	Issr? Max35
`,
		"Entry":       entryText,
		"Transaction": transactionText,
		"Summary": `
TtlNtries? @Totals
TtlCdtNtries? @Totals
TtlDbtNtries? @Totals
`,
		"Period": `
FrDtTm DateTime
ToDtTm DateTime
`,
	}
	for name, text := range iso20022.Parts {
		parts[name] = text
	}
	return parts
}

const statementText = `
BkToCstmrStmt
	GrpHdr @Head
	Stmt+
		Id Max35
		StmtPgntn? @Pages
		ElctrncSeqNb? Count
		LglSeqNb? Count
		CreDtTm? DateTime
		FrToDt? @Period
		CpyDplctInd? CODU|COPY|DUPL
		Acct @Account
		Bal+
			Tp
				CdOrPrtry @Code
			Amt Amount
			CdtDbtInd CRDT|DBIT
			Dt @Day
		TxsSummry? @Summary
		Ntry* @Entry
		AddtlStmtInf? Max500
`

const notificationText = `
BkToCstmrDbtCdtNtfctn
	GrpHdr @Head
	Ntfctn+
		Id Max35
		NtfctnPgntn? @Pages
		ElctrncSeqNb? Count
		LglSeqNb? Count
		CreDtTm? DateTime
		FrToDt? @Period
		CpyDplctInd? CODU|COPY|DUPL
		Acct @Account
		TxsSummry? @Summary
		Ntry* @Entry
		AddtlNtfctnInf? Max500
`

const entryText = `
NtryRef? Max35
Amt Amount
CdtDbtInd CRDT|DBIT
RvslInd? True
Sts
	Cd BOOK|PDNG|INFO|FUTR
BookgDt? @Day
ValDt? @Day
AcctSvcrRef? Max35
BkTxCd @TransactionCode
NtryDtls*
	Btch?
		MsgId? Max35
		PmtInfId? Max35
		NbOfTxs? Count
		TtlAmt? Amount
		CdtDbtInd? CRDT|DBIT
	TxDtls* @Transaction
AddtlNtryInf? Max500
`

const transactionText = `
Refs?
	MsgId? Max35
	AcctSvcrRef? Max35
	PmtInfId? Max35
	InstrId? Max35
	EndToEndId? Max35
	UETR? UETR
	TxId? Max35
	MndtId? Max35
	ChqNb? Max35
	ClrSysRef? Max35
	Prtry*
		Tp Max35
		Ref Max35
Amt? Amount
CdtDbtInd? CRDT|DBIT
AmtDtls?
	InstdAmt?
		Amt Amount
	TxAmt?
		Amt Amount
BkTxCd? @TransactionCode
RltdPties?
	InitgPty? @PartyOrBank
	Dbtr? @PartyOrBank
	DbtrAcct? @Account
	UltmtDbtr? @PartyOrBank
	Cdtr? @PartyOrBank
	CdtrAcct? @Account
	UltmtCdtr? @PartyOrBank
RltdAgts?
	InstgAgt? @Bank
	InstdAgt? @Bank
	DbtrAgt? @Bank
	CdtrAgt? @Bank
RmtInf? @Remittance
RtrInf?
	Rsn? @Code
	AddtlInf* Max105
AddtlTxInf? Max500
`
