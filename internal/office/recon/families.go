package recon

import (
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/chart"
)

// Family is what a line of a bank's statement is about, as far as the bank's code says.
type Family string

// The families.
const (
	LockboxDeposit Family = "lockbox"
	ACHCredit      Family = "ach_credit"
	ACHDebit       Family = "ach_debit"
	WireIn         Family = "wire_in"
	WireOut        Family = "wire_out"
	Deposit        Family = "deposit" // of a counter, or a package of checks
	CheckPaid      Family = "check_paid"
	CheckReturned  Family = "check_returned"  // a check that we issued came back to us
	DepositBounced Family = "deposit_bounced" // a check that we deposited was returned unpaid
	ReturnCredit   Family = "return_credit"   // of an entry that we sent
	ReturnDebit    Family = "return_debit"    // of an entry that we sent, or had received
	Sweep          Family = "sweep"           // between the plan's own accounts, at the bank
	Fee            Family = "fee"
	Interest       Family = "interest"
	OtherCredit    Family = "other_credit"
	OtherDebit     Family = "other_debit"
	Opening        Family = "opening" // the balance with which an account's first statement began
)

// codesOf says which clearing accounts a family can settle. The bank's code narrows
// what is looked at; amount, account and reference decide.
var codesOf = map[Family][]chart.Code{
	LockboxDeposit: {chart.ClearLockbox},
	ACHCredit:      {chart.ClearACH, chart.ClearCard, chart.ClearDebit, chart.ClearPayout, chart.ClearLockbox},
	ACHDebit:       {chart.ClearPayout, chart.ClearDebit, chart.ClearCard, chart.ClearACH},
	WireIn:         {chart.ClearWire, chart.ClearCard, chart.ClearACH},
	WireOut:        {chart.ClearWire, chart.ClearPayout},
	Deposit:        {chart.ClearCounter, chart.ClearLockbox},
	CheckPaid:      {chart.ClearCheck},
	CheckReturned:  {chart.ClearCheck},
	DepositBounced: {chart.ClearLockbox, chart.ClearCounter},
	ReturnCredit:   {chart.ClearPayout},
	ReturnDebit:    {chart.ClearDebit, chart.ClearACH, chart.ClearCard},
	OtherCredit:    clearing,
	OtherDebit:     clearing,
}

// clearing lists the clearing accounts.
var clearing = []chart.Code{
	chart.ClearLockbox, chart.ClearACH, chart.ClearWire, chart.ClearCounter, chart.ClearCard, chart.ClearDebit,
	chart.ClearCheck, chart.ClearPayout,
}

// Codes gives the clearing accounts that a family can settle, a bit each.
func (f Family) Codes() int64 {
	bits := int64(0)
	for _, code := range codesOf[f] {
		bits |= CodeBit(code)
	}
	return bits
}

// CodeBit is the bit of a clearing account.
func CodeBit(c chart.Code) int64 { return 1 << int64(c) }

// dated is a code's family from a day on.
type dated struct {
	from   calendar.Date
	codes  string // parted by blanks; "a-b" is a range
	family Family
}

// bai2Families are BAI2's detail codes that matter to a biller (payment-rails rules,
// section 6). A code's first row whose day has come holds, later rows before earlier.
var bai2Families = []dated{
	{codes: "115 116", family: LockboxDeposit},
	{codes: "142 143 145 146 147 164 165 166 168 169", family: ACHCredit},
	{codes: "171 172 173 174 175 176 178 179 301", family: Deposit},
	{codes: "191 195 196 206 208", family: WireIn},
	{codes: "255", family: CheckReturned},
	{codes: "257 258", family: ReturnCredit},
	{codes: "274 275 276 277", family: Sweep},
	{codes: "354 357 358", family: Interest},
	{codes: "445 446 447 451 452 455 462 464 465 466 468 469", family: ACHDebit},
	{codes: "470 471 472 474 475 476 477 479", family: CheckPaid},
	{codes: "491 495 496 506 508", family: WireOut},
	{codes: "555 556", family: DepositBounced},
	{codes: "557 558", family: ReturnDebit},
	{codes: "574 575 576 577", family: Sweep},
	{codes: "654 691 697 698", family: Fee},
}

// isoFamilies are the bank transaction codes of ISO 20022, family and sub-family:
// "RCDT/ESCT". A sub-family of "*" is any.
var isoFamilies = []dated{
	{codes: "RCDT/DMCT RCDT/FCDT RCDT/XBCT", family: WireIn},
	{codes: "ICDT/DMCT ICDT/FCDT ICDT/XBCT", family: WireOut},
	{codes: "RCDT/* IDDT/*", family: ACHCredit},
	{codes: "ICDT/* RDDT/*", family: ACHDebit},
	{codes: "RCHQ/URCQ RCHQ/UPCQ RCHQ/*", family: Deposit},
	{codes: "ICHQ/*", family: CheckPaid},
	{codes: "CNTR/*", family: Deposit},
	{codes: "LBOX/*", family: LockboxDeposit},
	{codes: "MCRD/* CCRD/* POSP/*", family: ACHCredit},
	{codes: "ZABA/*", family: Sweep},
}

// FamilyOf tells what a code is about on a day. BAI2's codes have three digits, those
// of ISO 20022 are family and sub-family parted by a slash. A code that is not listed
// keeps its direction and can settle whatever the amount and reference say.
func FamilyOf(code string, on calendar.Date, credit bool) Family {
	table := bai2Families
	if strings.Contains(code, "/") {
		table = isoFamilies
	}
	family := Family("")
	for _, row := range table {
		if !row.from.After(on) && row.holds(code) {
			family = row.family
			break
		}
	}
	switch {
	case family == "" && credit:
		return OtherCredit
	case family == "":
		return OtherDebit
	}
	return family
}

func (d dated) holds(code string) bool {
	for _, c := range strings.Fields(d.codes) {
		if any, ok := strings.CutSuffix(c, "*"); ok && strings.HasPrefix(code, any) || c == code {
			return true
		}
	}
	return false
}

// Normal is a reference as it is compared: letters and digits only, capitals, without
// zeros in front. Banks pad and punctuate what we sent.
func Normal(ref string) string {
	var b strings.Builder
	for _, c := range strings.ToUpper(ref) {
		if c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' {
			b.WriteRune(c)
		}
	}
	return strings.TrimLeft(b.String(), "0")
}
