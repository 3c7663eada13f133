package wire_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/format/iso20022"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/store/storetest"
)

// by posts the wires of every account from one kind of file.
type by string

func (b by) WiresOf(string) string { return string(b) }

func setting(source string) wire.Setting { return wire.Setting{House: by(source)} }

// transfer is one wire to write into a message.
type transfer struct {
	no                 int
	cents              int64
	structured, endTo  string
	text, payer, sent  string
	withoutNetworkName bool
}

func (x transfer) references() string {
	if x.withoutNetworkName {
		return ""
	}
	return fmt.Sprintf("<UETR>8a562c67-ca16-48ba-b074-%012d</UETR>", x.no)
}

func (x transfer) remittance() string {
	var out string
	if x.text != "" {
		out += "<Ustrd>" + x.text + "</Ustrd>"
	}
	if x.structured != "" {
		out += "<Strd><CdtrRefInf><Ref>" + x.structured + "</Ref></CdtrRefInf></Strd>"
	}
	return out
}

func (x transfer) endToEnd() string {
	if x.endTo == "" {
		return "NOTPROVIDED"
	}
	return x.endTo
}

const namespace = "urn:iso:std:iso:20022:tech:xsd:"

// camtFile writes a statement or notification of wires, a line for each entry.
func camtFile(kind, message string, transfers ...transfer) []byte {
	root, part, balances := "BkToCstmrStmt", "Stmt", ""
	sum := int64(0)
	var entries strings.Builder
	for _, x := range transfers {
		sum += x.cents
		amount := iso20022.Decimal(x.cents, "USD")
		fmt.Fprintf(&entries, `<Ntry><Amt Ccy="USD">%s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>%s</Dt></BookgDt>`+
			`<AcctSvcrRef>BR%d</AcctSvcrRef><BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>DMCT</SubFmlyCd></Fmly></Domn></BkTxCd>`+
			`<NtryDtls><TxDtls><Refs><EndToEndId>%s</EndToEndId>%s</Refs><RltdPties><Dbtr><Pty><Nm>%s</Nm></Pty></Dbtr>`+
			`<DbtrAcct><Id><Othr><Id>%s</Id></Othr></Id></DbtrAcct></RltdPties><RmtInf>%s</RmtInf></TxDtls></NtryDtls></Ntry>`+"\n",
			amount, day, x.no, x.endToEnd(), x.references(), x.payer, railtest.Account, x.remittance())
	}
	if kind == "camt.054" {
		root, part = "BkToCstmrDbtCdtNtfctn", "Ntfctn"
	} else {
		for _, b := range []struct {
			code  string
			cents int64
		}{{"OPBD", 0}, {"CLBD", sum}} {
			balances += fmt.Sprintf(`<Bal><Tp><CdOrPrtry><Cd>%s</Cd></CdOrPrtry></Tp><Amt Ccy="USD">%s</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>%s</Dt></Dt></Bal>`,
				b.code, iso20022.Decimal(b.cents, "USD"), day)
		}
	}
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"%s%s.001.08\"><%s>\n"+
		"<GrpHdr><MsgId>%s</MsgId><CreDtTm>2026-11-24T06:00:00Z</CreDtTm></GrpHdr>\n"+
		"<%s><Id>1</Id><CreDtTm>2026-11-24T06:00:00Z</CreDtTm><Acct><Id><Othr><Id>%s</Id></Othr></Id></Acct>%s\n%s</%s>\n</%s></Document>\n",
		namespace, kind, root, message, part, railtest.Account, balances, entries.String(), part, root)
}

// advice writes a pacs.008 of wires.
func advice(message string, transfers ...transfer) []byte {
	var all strings.Builder
	for _, x := range transfers {
		sent := ""
		if x.sent != "" {
			sent = `<InstdAmt Ccy="USD">` + x.sent + `</InstdAmt>`
		}
		fmt.Fprintf(&all, `<CdtTrfTxInf><PmtId><EndToEndId>%s</EndToEndId><TxId>T%d</TxId>%s</PmtId><IntrBkSttlmAmt Ccy="USD">%s</IntrBkSttlmAmt>`+
			`%s<ChrgBr>SLEV</ChrgBr><Dbtr><Nm>%s</Nm></Dbtr><DbtrAcct><Id><Othr><Id>%s</Id></Othr></Id></DbtrAcct>`+
			`<CdtrAcct><Id><Othr><Id>%s</Id></Othr></Id></CdtrAcct><RmtInf>%s</RmtInf></CdtTrfTxInf>`+"\n",
			x.endToEnd(), x.no, x.references(), iso20022.Decimal(x.cents, "USD"), sent, x.payer, railtest.Account, railtest.Account, x.remittance())
	}
	return fmt.Appendf(nil, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Document xmlns=\"%spacs.008.001.08\"><FIToFICstmrCdtTrf>\n"+
		"<GrpHdr><MsgId>%s</MsgId><NbOfTxs>%d</NbOfTxs><IntrBkSttlmDt>%s</IntrBkSttlmDt></GrpHdr>\n%s</FIToFICstmrCdtTrf></Document>\n",
		namespace, message, len(transfers), day, all.String())
}

func transfers(items []railtest.Paid) []transfer {
	all := make([]transfer, len(items))
	for i, item := range items {
		all[i] = transfer{no: item.No, cents: int64(item.Cents), structured: item.Reference, payer: "Pat Rivera"}
	}
	return all
}

func TestRail_ISO(t *testing.T) {
	t.Run("statement", func(t *testing.T) {
		railtest.Run(t, railtest.Rail{Format: wire.Camt{}, File: func(_ testing.TB, items []railtest.Paid) []byte {
			return camtFile("camt.053", "M1", transfers(items)...)
		}})
	})
	t.Run("notification", func(t *testing.T) {
		railtest.Run(t, railtest.Rail{Format: wire.Camt{setting(wire.ByNotification)}, File: func(_ testing.TB, items []railtest.Paid) []byte {
			return camtFile("camt.054", "M1", transfers(items)...)
		}})
	})
	t.Run("advice", func(t *testing.T) {
		railtest.Run(t, railtest.Rail{Format: wire.Advices{setting(wire.ByAdvice)}, File: func(_ testing.TB, items []railtest.Paid) []byte {
			return advice("M1", transfers(items)...)
		}})
	})
}

func TestZoo_ISO(t *testing.T) {
	// The files tell of the same few wires, which would post once only.
	take := func(*testing.T, string, []byte, string) {}
	railtest.Folder(t, wire.Camt{}, "../../../testdata/zoo/camt", ".xml", camtZoo, take)
	railtest.Folder(t, wire.Advices{setting(wire.ByAdvice)}, "../../../testdata/zoo/pacs", ".xml", pacsZoo, take)
}

func TestItems_WhereTheNumberStandsInISO(t *testing.T) {
	const slip = "472819036581"
	for _, tc := range []struct {
		name      string
		x         transfer
		reference string
		doubt     suspense.Reason
	}{
		{"creditor's reference", transfer{structured: first}, first, ""},
		{"creditor's reference, another in the text", transfer{structured: first, text: "ALSO " + second}, first, ""},
		{"creditor's reference before the payer's own", transfer{structured: first, endTo: second}, first, ""},
		{"the payer's own reference", transfer{endTo: first}, first, ""},
		{"the payer's own reference with words", transfer{endTo: "INV " + first}, "", suspense.FreeText},
		{"text only", transfer{text: "PREMIUM " + first}, "", suspense.FreeText},
		{"two in the text", transfer{text: first + " " + second}, "", suspense.ManyNumbers},
		{"one with words, one in the text", transfer{endTo: "INV " + first, text: second}, "", suspense.ManyNumbers},
		{"a wrong check digit", transfer{structured: slip}, slip, suspense.CheckDigit},
		{"an old number as creditor's reference", transfer{structured: "OLD77"}, "OLD77", ""},
		{"the payer's own words are no old number", transfer{endTo: "OLD77"}, "", ""},
		{"nothing", transfer{}, "", ""},
	} {
		tc.x.no, tc.x.cents = 1, 1_000
		for format, content := range map[intake.Deposits][]byte{
			wire.Camt{}: camtFile("camt.053", "M1", tc.x), wire.Advices{setting(wire.ByAdvice)}: advice("M1", tc.x),
		} {
			items := itemsOf(t, format, content)
			if len(items) != 1 {
				t.Fatalf("%s: %d items", tc.name, len(items))
			}
			if p := items[0].Parts[0]; p.Reference != tc.reference || p.Doubt != tc.doubt {
				t.Errorf("%s by %s: got %q and %q, want %q and %q", tc.name, format.Name(), p.Reference, p.Doubt, tc.reference, tc.doubt)
			}
		}
	}
}

func itemsOf(t *testing.T, format intake.Deposits, content []byte) []intake.Item {
	t.Helper()
	var items []intake.Item
	problems, err := format.Items(bytes.NewReader(content), func(item intake.Item) error {
		items = append(items, item)
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("%v %v", problems, err)
	}
	return items
}

// One kind of file posts an account's wires; the others are kept.
func TestItems_OneSourcePosts(t *testing.T) {
	x := transfer{no: 1, cents: 1_000, structured: first}
	files := map[string]struct {
		format  func(wire.Setting) intake.Deposits
		content []byte
	}{
		wire.ByStatement:    {func(s wire.Setting) intake.Deposits { return wire.Camt{s} }, camtFile("camt.053", "M1", x)},
		wire.ByNotification: {func(s wire.Setting) intake.Deposits { return wire.Camt{s} }, camtFile("camt.054", "M2", x)},
		wire.ByAdvice:       {func(s wire.Setting) intake.Deposits { return wire.Advices{s} }, advice("M3", x)},
	}
	for source := range files {
		for kind, file := range files {
			want := 0
			if kind == source {
				want = 1
			}
			if got := len(itemsOf(t, file.format(setting(source)), file.content)); got != want {
				t.Errorf("wires by %s: a %s gives %d items, want %d", source, kind, got, want)
			}
		}
	}
}

// The same wire told again, in any file, is posted once and makes no entry in
// suspense; told with another amount it is a possible duplicate for staff.
func TestWires_ToldAgainPostOnce(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			o := storetest.Open(t, engine)
			in := intake.New(o.Store, o.Cashier, house{storetest.House{Clock: o.Clock}}, o.Clock,
				wire.Rail{}, wire.Camt{}, wire.Advices{setting(wire.ByAdvice)})
			by := ident.Actor{Kind: ident.System, Name: "test"}
			x := transfer{no: 1, cents: 1_000, structured: "nobody", payer: "Pat Rivera"}
			other := transfer{no: 1, cents: 1_100, structured: "nobody"}
			for i, tc := range []struct {
				content []byte
				items   int
				waiting int
			}{
				{camtFile("camt.053", "M1", x), 1, 1},
				{camtFile("camt.053", "M2", x), 0, 1},
				{advice("M3", x), 0, 1},
				{advice("M4", x, x), 0, 1},
				{camtFile("camt.053", "M5", other), 1, 2},
				{camtFile("camt.053", "M6", transfer{no: 2, cents: 1_000, withoutNetworkName: true, structured: "n"}), 1, 3},
			} {
				result, err := in.Take(t.Context(), fmt.Sprint(i), bytes.NewReader(tc.content), by, nil)
				if err != nil || result.Tally == nil {
					t.Fatalf("file %d: %+v %v", i, result, err)
				}
				entries, err := o.Store.OpenSuspense(t.Context(), 100)
				if err != nil {
					t.Fatal(err)
				}
				if result.Tally.Items != tc.items || len(entries) != tc.waiting {
					t.Errorf("file %d posted %d items and %d wait, want %d and %d", i, result.Tally.Items, len(entries), tc.items, tc.waiting)
				}
			}
			if report, err := proof.Verify(t.Context(), o.Store, nil, nil); err != nil || report.Broken != nil {
				t.Errorf("the books do not prove: %v %v", report.Broken, err)
			}
		})
	}
}

func TestItems_ShortfallIsTold(t *testing.T) {
	items := itemsOf(t, wire.Advices{setting(wire.ByAdvice)}, advice("M1", transfer{no: 1, cents: 51_000, sent: "525.00", structured: first}))
	if p := items[0].Parts[0]; p.Amount != 51_000 || !strings.Contains(p.Details.Source, "sent as 525.00") {
		t.Errorf("got %+v", p)
	}
}

// What the rail makes of each file.
var camtZoo = map[string]string{
	"account-missing.xml":            "refuse, line 8, Acct",
	"amount-missing.xml":             "refuse, line 52, Amt",
	"amount-of-nineteen-digits.xml":  "refuse, line 53, Amt",
	"amount-of-three-decimals.xml":   "refuse, line 53, Amt",
	"amount-with-comma.xml":          "refuse, line 53, Amt",
	"amount-with-sign.xml":           "refuse, line 53, Amt",
	"amount-without-currency.xml":    "refuse, line 53, Amt",
	"amounts-beyond-counting.xml":    "refuse, line 52, Amt",
	"another-message.xml":            "refuse, line 2, ",
	"bad-booking-date.xml":           "refuse, line 29, BookgDt",
	"bad-reversal-indicator.xml":     "refuse, line 25, RvslInd",
	"bad-total-count.xml":            "flag, line 26, NbOfNtries",
	"bad-total-sum.xml":              "flag, line 27, Sum",
	"balances-in-two-currencies.xml": "flag, line 19, CLBD",
	"batch-of-details.xml":           "0 items, 0.00",
	"business-header.xml":            "1 items, 525.00",
	"byte-order-mark.xml":            "1 items, 525.00",
	"closing-balance-missing.xml":    "flag, line 8, CLBD",
	"control-character.xml":          "refuse, line 43, Nm",
	"deep.xml":                       "refuse, line 43, ",
	"direction-missing.xml":          "refuse, line 25, CdtDbtInd",
	"does-not-balance.xml":           "flag, line 19, CLBD",
	"empty.xml":                      "refuse, line 1, ",
	"entity-bomb.xml":                "refuse, line 2, ",
	"entry-in-another-currency.xml":  "flag, line 25, Amt",
	"external-entity.xml":            "refuse, line 2, ",
	"intraday-report.xml":            "0 items, 0.00",
	"latin-1.xml":                    "refuse, line 1, ",
	"long-tag.xml":                   "refuse, line 31, ",
	"long-value.xml":                 "refuse, line 43, ",
	"no-document.xml":                "refuse, line 3, ",
	"no-entries.xml":                 "0 items, 0.00",
	"no-statement.xml":               "refuse, line 2, ",
	"not-utf-8.xml":                  "refuse, line 43, ",
	"notification.xml":               "0 items, 0.00",
	"one-line.xml":                   "1 items, 525.00",
	"overdrawn.xml":                  "0 items, 0.00",
	"pending-and-booked.xml":         "1 items, 525.00",
	"prefixed-namespace.xml":         "1 items, 525.00",
	"previous-closing-balance.xml":   "0 items, 0.00",
	"returned-payment.xml":           "0 items, 0.00",
	"reversal.xml":                   "1 items, 525.00",
	"statement-crlf.xml":             "1 items, 525.00",
	"statement-of-version-2.xml":     "1 items, 525.00",
	"statement.xml":                  "1 items, 525.00",
	"supplementary-data.xml":         "1 items, 525.00",
	"tags-crossed.xml":               "refuse, line 15, ",
	"text-after-document.xml":        "refuse, line 72, ",
	"text-between-elements.xml":      "refuse, line 30, ",
	"totals.xml":                     "1 items, 525.00",
	"truncated.xml":                  "refuse, line 39, ",
	"two-messages.xml":               "refuse, line 74, ",
	"two-pages.xml":                  "1 items, 525.00",
	"unknown-entity.xml":             "refuse, line 43, ",
	"unknown-status.xml":             "refuse, line 25, Sts",
	"utf-16.xml":                     "refuse, line 1, ",
	"yen-and-dinars.xml":             "0 items, 0.00",
}

var pacsZoo = map[string]string{
	"advice-in-envelope.xml":       "1 items, 525.00",
	"advice.xml":                   "1 items, 525.00",
	"amount-missing.xml":           "refuse, line 13, IntrBkSttlmAmt",
	"amount-of-three-decimals.xml": "refuse, line 18, IntrBkSttlmAmt",
	"bad-control-sum.xml":          "flag, line 8, CtrlSum",
	"bad-count.xml":                "flag, line 7, NbOfTxs",
	"bad-date.xml":                 "refuse, line 10, IntrBkSttlmDt",
	"bad-total.xml":                "flag, line 9, TtlIntrBkSttlmAmt",
	"date-missing.xml":             "refuse, line 13, IntrBkSttlmDt",
	"date-of-the-transfer.xml":     "1 items, 525.00",
	"empty.xml":                    "refuse, line 1, ",
	"entity-bomb.xml":              "refuse, line 2, ",
	"intermediary-fees.xml":        "1 items, 510.00",
	"no-reference-provided.xml":    "1 items, 525.00",
	"no-transaction.xml":           "refuse, line 2, ",
	"number-in-end-to-end-id.xml":  "1 items, 525.00",
	"number-in-text.xml":           "1 items, 525.00",
	"return-request.xml":           "refuse, line 0, ",
	"return.xml":                   "refuse, line 0, ",
	"truncated.xml":                "refuse, line 22, ",
	"two-currencies.xml":           "flag, line 33, IntrBkSttlmAmt",
	"two-messages.xml":             "refuse, line 31, ",
	"two-numbers.xml":              "1 items, 525.00",
	"two-transfers.xml":            "2 items, 535.00",
}
