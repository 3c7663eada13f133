package statement_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/rail/statement"
	"github.com/billfold/billfold/internal/rail/wire"
)

func write(t *testing.T, currency, modifier string, balances []bai2.Balance, items ...bai2.Item) []byte {
	t.Helper()
	var out bytes.Buffer
	day := calendar.MustParse("2026-11-23")
	w := bai2.NewWriter(&out, bai2.Header{Sender: "BANK", Receiver: "PLAN", Date: day, Time: "0600", ID: "1"})
	err := w.Group(bai2.Group{Receiver: "PLAN", Originator: "BANK", Status: "1", AsOf: day, Currency: currency, AsOfModifier: modifier})
	if err == nil {
		err = w.Account(secret.New("0071300455"), currency, balances)
	}
	for _, item := range items {
		if err == nil {
			err = w.Item(item)
		}
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func read(t *testing.T, content []byte) (heads []recon.Head, lines []recon.Line) {
	t.Helper()
	problems, err := statement.BAI2(wire.Setting{})(bytes.NewReader(content),
		func(h recon.Head) error { heads = append(heads, h); return nil }, func(l recon.Line) error { lines = append(lines, l); return nil })
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return heads, lines
}

func TestBAI2_SignsDirectionsAndReadsBalances(t *testing.T) {
	balances := []bai2.Balance{{TypeCode: "010", AmountMinor: -500}, {TypeCode: "015", AmountMinor: 700}, {TypeCode: "100", AmountMinor: 9}}
	heads, lines := read(t, write(t, "USD", "2", balances,
		bai2.Item{TypeCode: "142", AmountMinor: 1500, CustomerReference: "C-9", BankReference: "B1", Text: "CIE  CREDIT"},
		bai2.Item{TypeCode: "475", AmountMinor: 300, CustomerReference: "001042"},
		bai2.Item{TypeCode: "890"},
		bai2.Item{TypeCode: "925", AmountMinor: 5},
	))
	if len(heads) != 1 || heads[0].Interim || heads[0].Opening != (recon.Balance{Cents: -500, Said: true}) || heads[0].Closing != (recon.Balance{Cents: 700, Said: true}) {
		t.Errorf("got heads %+v", heads)
	}
	if len(lines) != 2 || lines[0].Amount != 1500 || lines[0].Text != "CIE CREDIT" || lines[1].Amount != -300 || lines[1].CustomerRef != "001042" {
		t.Errorf("got lines %+v", lines)
	}
}

func TestBAI2_PassesOverOtherCurrenciesAndMarksInterim(t *testing.T) {
	if heads, lines := read(t, write(t, "CAD", "2", nil, bai2.Item{TypeCode: "142", AmountMinor: 1})); len(heads)+len(lines) != 0 {
		t.Errorf("got %+v %+v", heads, lines)
	}
	if heads, _ := read(t, write(t, "USD", "3", nil)); len(heads) != 1 || !heads[0].Interim || heads[0].Opening.Said {
		t.Errorf("got %+v", heads)
	}
}

// Two wires that nothing tells apart are two payments, and so are their lines.
func TestBAI2_NamesThePaymentOfEachWire(t *testing.T) {
	same := bai2.Item{TypeCode: "195", AmountMinor: 100, Text: "WIRE"}
	_, lines := read(t, write(t, "USD", "2", nil, same, same, bai2.Item{TypeCode: "142", AmountMinor: 100}))
	if lines[0].Payment == "" || lines[0].Payment == lines[1].Payment || lines[2].Payment != "" {
		t.Errorf("got %+v", lines)
	}
}

const camtFile = `<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-11-24T06:00:00</CreDtTm></GrpHdr>
<Stmt><Id>S1</Id><Acct><Id><Othr><Id>0071300455</Id></Othr></Id><Ccy>USD</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">10.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-22</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="USD">12.50</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2026-11-23</Dt></Dt></Bal>
<Ntry><Amt Ccy="USD">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt><ValDt><Dt>2026-11-23</Dt></ValDt>
<AcctSvcrRef>BR1</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
<Ntry><Amt Ccy="USD">2.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>2026-11-23</Dt></BookgDt><ValDt><Dt>2026-11-23</Dt></ValDt>
<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>ICHQ</Cd><SubFmlyCd>CCHQ</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
</Stmt></BkToCstmrStmt></Document>`

func TestCamt_ReadsHeadThenLines(t *testing.T) {
	var heads []recon.Head
	var lines []recon.Line
	problems, err := statement.Camt(strings.NewReader(camtFile), func(h recon.Head) error { heads = append(heads, h); return nil },
		func(l recon.Line) error { lines = append(lines, l); return nil })
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	if len(heads) != 1 || heads[0].AsOf != calendar.MustParse("2026-11-23") || heads[0].Opening.Cents != 1000 || heads[0].Closing.Cents != 1250 {
		t.Errorf("got %+v", heads)
	}
	if len(lines) != 2 || lines[0].Amount != 500 || lines[1].Amount != -250 {
		t.Fatalf("got %+v", lines)
	}
	var sum money.Cents
	for i, want := range []recon.Family{recon.ACHCredit, recon.CheckPaid} {
		sum += lines[i].Amount
		if got := recon.FamilyOf(lines[i].Code, heads[0].AsOf, lines[i].Amount > 0); got != want {
			t.Errorf("line %d is of family %q, want %q", i, got, want)
		}
	}
	if heads[0].Opening.Cents+sum != heads[0].Closing.Cents {
		t.Error("the lines do not lead from opening to closing")
	}
}
