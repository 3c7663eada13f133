package pacs

import (
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/iso20022"
)

// Check holds a pacs.008.001.08 against the message's rules: required elements in
// their order, widths, codes, dates, UETRs, currency's decimals, and that count
// and sums agree. It is stricter than Scan, which takes what banks send: it is for
// what we write ourselves, and refuses elements that we have no use for. The error
// is the reader's.
func Check(open func() io.Reader) ([]fault.Problem, error) {
	problems, err := profile.Check(open())
	if err != nil || len(problems) > 0 {
		return problems, err
	}
	_, problems, err = Scan(open(), func(Transfer) error { return nil })
	return problems, err
}

var profile = iso20022.NewProfile("pacs.008.001.08", `
FIToFICstmrCdtTrf
	GrpHdr
		MsgId Max35
		CreDtTm DateTime
		NbOfTxs Count
		CtrlSum? Decimal
		TtlIntrBkSttlmAmt? Amount
		IntrBkSttlmDt? Date
		SttlmInf
			SttlmMtd INDA|INGA|COVE|CLRG
			ClrSys? @Code
		InstgAgt? @Bank
		InstdAgt? @Bank
	CdtTrfTxInf+
		PmtId
			InstrId? Max35
			EndToEndId Max35
			TxId? Max35
			UETR? UETR
			ClrSysRef? Max35
		PmtTpInf?
			InstrPrty? HIGH|NORM
			LclInstrm? @Code
		IntrBkSttlmAmt Amount
		IntrBkSttlmDt? Date
		SttlmPrty? URGT|HIGH|NORM
		InstdAmt? Amount
		ChrgBr DEBT|CRED|SHAR|SLEV
		ChrgsInf*
			Amt Amount
			Agt @Bank
		InstgAgt? @Bank
		InstdAgt? @Bank
		IntrmyAgt1? @Bank
		UltmtDbtr? @Party
		Dbtr @Party
		DbtrAcct? @Account
		DbtrAgt @Bank
		CdtrAgt @Bank
		Cdtr @Party
		CdtrAcct? @Account
		UltmtCdtr? @Party
		Purp? @Code
		RmtInf? @Remittance
`, iso20022.Parts)
