package iso20022

// Parts are pieces that several messages share, for their profiles: accounts,
// banks, parties and remittance information of the versions of 2019 (pacs .08,
// camt .08).
var Parts = map[string]string{
	"Account": `
Id @AccountID
Tp?
	Cd Max4
Ccy? Currency
Nm? Max70
Ownr? @Party
Svcr? @Bank
`,
	"AccountID": "choice\n" + `
IBAN IBAN
Othr
	Id Max34
`,
	"Bank": `
FinInstnId
	BICFI? BIC
	ClrSysMmbId?
		ClrSysId?
			Cd USABA
		MmbId ABA
	Nm? Max140
	PstlAdr? @Address
`,
	"Address": `
Dept? Max70
StrtNm? Max70
BldgNb? Max16
PstCd? Max16
TwnNm? Max35
CtrySubDvsn? Max35
Ctry? Country
AdrLine* Max70
`,
	"Party": `
Nm? Max140
PstlAdr? @Address
Id?
	OrgId?
		AnyBIC? BIC
		Othr*
			Id Max35
CtryOfRes? Country
`,
	"PartyOrBank": "choice\n" + `
Pty @Party
Agt @Bank
`,
	"Remittance": `
Ustrd* Max140
Strd*
	RfrdDocInf*
		Tp?
			CdOrPrtry @Code
		Nb? Max35
		RltdDt? Date
	RfrdDocAmt?
		DuePyblAmt? Amount
		RmtdAmt? Amount
	CdtrRefInf?
		Tp?
			CdOrPrtry @Code
			Issr? Max35
		Ref? Max35
	AddtlRmtInf* Max140
`,
	"Code": "choice\n" + `
Cd Max4
Prtry Max35
`,
	"Day": "choice\n" + `
Dt Date
DtTm DateTime
`,
}
