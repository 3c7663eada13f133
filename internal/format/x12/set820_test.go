package x12

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// entries reads one of our good 820s with a single payment.
func entries(t *testing.T, name string) (*Header820, []Entry820, Summary820) {
	t.Helper()
	var header *Header820
	var list []Entry820
	summary, problems, err := Read820(bytes.NewReader(zoo(t, name)), func(h *Header820) error {
		header = h
		return nil
	}, func(e Entry820) error {
		if e.Header != header || e.Ordinal != len(list)+1 {
			t.Errorf("entry %d has ordinal %d, or comes before its payment", len(list)+1, e.Ordinal)
		}
		list = append(list, e)
		return nil
	})
	if err != nil || len(problems) > 0 || header == nil {
		t.Fatalf("got %v and %v", err, problems)
	}
	return header, list, summary
}

func TestRead820_EmployerHeader(t *testing.T) {
	h, list, summary := entries(t, "820_employer_list_bill_full.txt")
	equal(t, "exchange", h.Exchange(), false)
	equal(t, "handling", h.Handling, "C")
	equal(t, "amount", h.Amount, 101250)
	equal(t, "debit", h.Debit, false)
	equal(t, "method", h.Method, "ACH")
	equal(t, "company", h.Company, "1234567890")
	equal(t, "account", h.Account.Reveal(), "2")
	equal(t, "date", h.Date, calendar.MustParse("2026-11-30"))
	equal(t, "trace", h.TraceType+" "+h.Trace+" "+h.Originator, "1 OAK1130 1234567890")
	equal(t, "group", h.Reference("38"), "OAK-0001")
	equal(t, "payee", h.Payee.ID, "000000072")
	equal(t, "payer", h.Payer.Role+" "+h.Payer.Name, "PR OAKLINE MANUFACTURING")
	equal(t, "line", h.Line, 4)
	equal(t, "coverage of the whole", h.Dates[0].Qualifier, "582")
	equal(t, "entries", len(list), 2)
	equal(t, "payments", summary.Payments, 1)
	equal(t, "total", summary.Total, 101250)
	equal(t, "by code", summary.ByCode["AZ"], 101250)
}

func TestRead820_EmployerPersons(t *testing.T) {
	_, list, _ := entries(t, "820_employer_list_bill_partial.txt")
	e := list[0]
	equal(t, "entity", e.Entity.Number, 1)
	equal(t, "kind", e.Entity.Kind, "2J")
	equal(t, "SSN", e.Entity.SSN.Reveal(), "000000101")
	equal(t, "no id beside the SSN", e.Entity.ID, "")
	equal(t, "name", e.Entity.Person.Name+" "+e.Entity.Person.First, "ALDER JUNE")
	equal(t, "member", e.Entity.Person.ID, "CV100001")
	equal(t, "qualifier", e.Qualifier, "AZ")
	equal(t, "invoice", e.Value, "OAK-2612")
	equal(t, "paid", e.Paid, 21250)
	equal(t, "due", e.Due, 41250)
	equal(t, "has due", e.HasDue, true)
	equal(t, "adjusted", e.Adjusted, -20000)
	equal(t, "subscriber", e.Reference("0F"), "CV100001")
	equal(t, "group", e.Reference("38"), "OAK-0001")
	from, to, ok := e.Period()
	equal(t, "period", fmt.Sprint(from, to, ok), "2026-12-01 2026-12-31 true")
	equal(t, "line", e.Line, 13)
	equal(t, "segment", e.Segment, 13)
	equal(t, "last segment", e.Last, 16)
	equal(t, "the second's line", list[1].Line, 19)
	if strings.Contains(fmt.Sprintf("%+v", *e.Entity), "000000101") {
		t.Error("a social security number is printed")
	}
}

func TestRead820_Adjustments(t *testing.T) {
	_, list, summary := entries(t, "820_employer_list_bill_short_with_reason.txt")
	a := list[1].Adjustments[0]
	equal(t, "kept back", a.Cents, -25000)
	equal(t, "reason", AdjustmentReason(a.Reason), "the person is no longer employed")
	equal(t, "line", a.Line, 23)
	equal(t, "adjustments", summary.Adjustments, 1)
	equal(t, "unknown reason", AdjustmentReason("Q9"), "")

	_, over, _ := entries(t, "820_employer_list_bill_over.txt")
	equal(t, "for another invoice", over[0].Adjustments[0].References[0], Reference{"IK", "OAK-2611"})

	_, back, _ := entries(t, "820_employer_two_months_and_takes_back.txt")
	equal(t, "taken back", back[2].Paid, -10000)
	equal(t, "no due", back[2].HasDue, true)
	from, _, _ := back[0].Period()
	equal(t, "earlier month", from, calendar.MustParse("2026-11-01"))
}

func TestRead820_Organization(t *testing.T) {
	_, list, _ := entries(t, "820_employer_organization_and_earlier_payment.txt")
	equal(t, "entries", len(list), 2)
	alone := list[0]
	equal(t, "adjustment alone", alone.Remittance, false)
	equal(t, "its amount", alone.Adjustments[0].Cents, -4975)
	equal(t, "its references", len(alone.Adjustments[0].References), 2)
	equal(t, "nobody's name", alone.Entity.Person.Role, "")
	equal(t, "organisation", alone.Entity.ID, "000000071")
	bill := list[1]
	equal(t, "remittance", bill.Remittance, true)
	equal(t, "on account", bill.Action, "PO")
	equal(t, "same entity", bill.Entity, alone.Entity)
	equal(t, "references", len(bill.References), 1)
}

func TestRead820_Exchange(t *testing.T) {
	h, list, summary := entries(t, "820_exchange_month_with_all_kinds.txt")
	equal(t, "exchange", h.Exchange(), true)
	equal(t, "remitter", h.Payer.Role, "RM")
	equal(t, "handling", h.Handling, "I")
	equal(t, "trace", h.TraceType, "3")
	want := map[string]money.Cents{
		"APTC": 110000, "CSR": 12055, "UF": -4843, "APTCADJ": -15000, "CSRADJ": 1502, "APTCMADJ": 4000, "BAL": -5000,
	}
	if !maps.Equal(summary.ByCode, want) {
		t.Errorf("by code: got %v, want %v", summary.ByCode, want)
	}
	for code := range want {
		if ExchangeLine(code) == "" {
			t.Errorf("%s has no words", code)
		}
	}
	first := list[0]
	equal(t, "kind", first.Value, "APTC")
	equal(t, "policy", first.Entity.Reference("POL"), "EXCH-POLICY-9")
	equal(t, "ours", first.Entity.Reference("AZ"), "A1")
	equal(t, "subscriber", first.Entity.Reference("0F"), "EX500001")
	equal(t, "no due", first.HasDue, false)
	last := list[len(list)-1]
	equal(t, "the issuer's own line", last.Value+last.Entity.Person.Role, "BAL")

	none, reduced, _ := entries(t, "820_exchange_reduced_for_a_debt.txt")
	equal(t, "nothing paid", none.Amount, 0)
	equal(t, "by no method", none.Method, "NON")
	equal(t, "debt", reduced[2].Reference("0N"), "DEBT-77")
}

func TestRead820_PublicSamples(t *testing.T) {
	for file, want := range map[string]struct {
		trace    string
		cents    money.Cents
		entities int
		entries  int
	}{
		"x12-820/sample_820_01.txt": {"TESTTRN01000001", 10213946, 12, 13},
		"x12-820/sample_820_04.txt": {"TESTTRN04000001", 8086530, 10, 12},
	} {
		entities, read := map[int]bool{}, 0
		summary, problems, err := Read820(sample(t, file), func(h *Header820) error {
			equal(t, "trace", h.Trace, want.trace)
			equal(t, "amount", h.Amount, want.cents)
			equal(t, "method", h.Method, "NON")
			return nil
		}, func(e Entry820) error {
			entities[e.Entity.Number] = true
			read++
			return nil
		})
		if err != nil || len(problems) > 0 {
			t.Fatalf("%s: got %v and %v", file, err, problems)
		}
		equal(t, "total", summary.Total, want.cents)
		equal(t, "by code", summary.ByCode["IK"], want.cents)
		equal(t, "entities", len(entities), want.entities)
		equal(t, "entries", read, want.entries)
		equal(t, "remittances", summary.Remittances, want.entries)
		equal(t, "adjustments", summary.Adjustments, 0)
	}
}

// file820 wraps entities in an envelope and a header of four segments; count is
// how many segments they are.
func file820(paid, entities string, count int) io.Reader {
	return strings.NewReader(isa("*^:~") + "GS*RA*A*B*20261123*0800*1*X*005010X218~ST*820*0001*005010X218~" +
		"BPR*I*" + paid + "*C*NON************20261123~TRN*1*T1~N1*PE*P*FI*1~N1*PR*S*FI*2~" + entities +
		fmt.Sprintf("SE*%d*0001~GE*1*1~IEA*1*000000101~", count+6))
}

func TestRead820_RefusesWhatStandsInTheWrongPlace(t *testing.T) {
	const entity, ten = "ENT*1~NM1*IL*1*ALDER~", "RMR*AZ*1**10~"
	for _, test := range []struct {
		name, entities string
		count          int
		record, field  string
		says           string
	}{
		{"an ADX before any ENT", "ADX*10*52~" + entity, 3, "ADX", "", "before the first ENT"},
		{"a name behind the money", entity + ten + "NM1*IL*1*B~", 4, "NM1", "", "behind its entity's money"},
		{"a name of nobody", "ENT*1~NM1~" + ten, 3, "NM1", "NM101", "is missing"},
		{"an IT1 without a bill", entity + "IT1*1~" + ten, 4, "IT1", "", "before the RMR"},
		{"a segment of another set", entity + ten + "INS*Y~", 4, "INS", "", "no place in an 820"},
		{"an ENT without number", "ENT~" + ten, 2, "ENT", "ENT01", "is missing"},
		{"an ENT whose number is none", "ENT*A~" + ten, 2, "ENT", "ENT01", "not a number"},
		{"an ENT twice", entity + ten + entity, 5, "ENT", "ENT01", "is 1, must be 2"},
		{"a remittance for nothing", entity + "RMR*AZ***10~", 3, "RMR", "RMR02", "is missing"},
		{"a remittance without qualifier", entity + "RMR**1**10~", 3, "RMR", "RMR01", "is missing"},
		{"a due that is no amount", entity + "RMR*AZ*1**10*x~", 3, "RMR", "RMR05", "not a decimal"},
		{"a date that is none", entity + ten + "DTM*582*20261301~", 4, "DTM", "DTM02", "no such day"},
		{"a reference without value", entity + ten + "REF*0F~", 4, "REF", "", "needs a qualifier and a value"},
		{"an adjustment without amount", entity + ten + "ADX**52~", 4, "ADX", "ADX01", "is missing"},
		{"an adjustment that is no amount", entity + ten + "ADX*1,0*52~", 4, "ADX", "ADX01", "not a decimal"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, problems, err := Read820(file820("10", test.entities, test.count), nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			checkPlaces(t, problems, []place{{1, test.record, test.field, test.says}})
		})
	}
}

func TestRead820_RefusesABrokenHeader(t *testing.T) {
	good := string(zoo(t, "820_employer_list_bill_full.txt"))
	for _, test := range []struct{ name, old, put, record, field, says string }{
		{"no amount", "BPR*C*1012.50*", "BPR*C**", "BPR", "BPR02", "the amount paid is missing"},
		{"no handling", "BPR*C*", "BPR**", "BPR", "BPR01", "handling code is missing"},
		{"neither credit nor debit", "*C*ACH*CTX", "*X*ACH*CTX", "BPR", "BPR03", "must be C or D"},
		{"no method", "*C*ACH*CTX", "*C**CTX", "BPR", "BPR04", "method is missing"},
		{"no date", "*2*20261130~", "*2~", "BPR", "BPR16", "not a date"},
		{"an empty trace", "TRN*1*OAK1130*", "TRN*1**", "TRN", "TRN02", "trace is missing"},
		{"two traces", "REF*14*OAK~", "TRN*1*OAK1131~", "TRN", "", "a second TRN"},
		{"no BPR first", "BPR*", "NTE*GEN*X~\nBPR*", "NTE", "", "BPR must follow"},
		{"a segment of another set", "REF*14*OAK~", "BGN*00~", "BGN", "", "no place before the first ENT"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := strings.Replace(good, test.old, test.put, 1)
			if test.name == "no BPR first" {
				data = strings.Replace(data, "SE*21*", "SE*22*", 1)
			}
			_, problems, err := Read820(strings.NewReader(data), func(*Header820) error {
				t.Error("the payment was handed on")
				return nil
			}, func(Entry820) error {
				t.Error("an entry was handed on")
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(problems) != 1 || problems[0].Record != test.record || problems[0].Field != test.field || !strings.Contains(problems[0].Message, test.says) {
				t.Errorf("got %v, want one of %s %s saying %q", problems, test.record, test.field, test.says)
			}
		})
	}
}

func TestRead820_TakesWhatTheGuideLeavesOpen(t *testing.T) {
	text := "ENT*1~NM1*EY*1*ALDER*JUNE****34*000000101~NM1*DO*1*ALDER*IVY~REF*SY*000000109~REF*38*G1~DTM*097*20261101~" +
		"RMR*AZ*1**10~DTM*582*20261201~IT1*1~REF*ZZ*X~DTM*097*20261101~" +
		"ENT*2~REF*SY*000000104~RMR*AZ*2**5~"
	var got []Entry820
	_, problems, err := Read820(file820("15", text, 14), nil, func(e Entry820) error {
		got = append(got, e)
		return nil
	})
	if err != nil || len(problems) > 0 || len(got) != 2 {
		t.Fatalf("got %d entries, %v, %v", len(got), problems, err)
	}
	equal(t, "the name's SSN before the reference's", got[0].Entity.SSN.Reveal(), "000000101")
	equal(t, "another name", got[0].Entity.Others[0].First, "IVY")
	equal(t, "entity's references", len(got[0].Entity.References), 1)
	equal(t, "entry's dates", len(got[0].Dates), 1)
	equal(t, "entry's references", len(got[0].References), 0)
	equal(t, "SSN by reference", got[1].Entity.SSN.Reveal(), "000000104")
	if _, _, ok := got[1].Period(); ok {
		t.Error("an entry without DTM*582 has a period")
	}
}

func TestRead820_ReportsAPaymentOnce(t *testing.T) {
	for _, test := range []struct {
		name, old, put string
		says           []string
	}{
		{"no header at all", "BPR*I*10*C*NON************20261123~TRN*1*T1~N1*PE*P*FI*1~N1*PR*S*FI*2~", "",
			[]string{"TRN, is missing", "N1*PE, is missing", "N1*PR, is missing", "stated \"8\"", "no BPR"}},
		{"a second BPR", "TRN*1*T1~", "TRN*1*T1~BPR*I*10*C*NON************20261123~", []string{"a second BPR", "stated \"8\""}},
		{"no SE", "SE*8*0001~", "", []string{"has no SE"}},
		{"more than can be counted", "BPR*I*10*", "BPR*I*99999999999999*", []string{"above the largest amount"}},
	} {
		content, err := io.ReadAll(file820("10", "ENT*1~RMR*AZ*1**10~", 2))
		if err != nil {
			t.Fatal(err)
		}
		_, problems, err := Read820(strings.NewReader(strings.Replace(string(content), test.old, test.put, 1)), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(problems) != len(test.says) {
			t.Errorf("%s: got %v", test.name, problems)
			continue
		}
		for i, p := range problems {
			if !strings.Contains(p.Message, test.says[i]) {
				t.Errorf("%s: got %q, want it to say %q", test.name, p.Message, test.says[i])
			}
		}
	}
}

func TestRead820_KeepsBrokenEntriesBack(t *testing.T) {
	text := "ENT*1~RMR*AZ*1**10~ENT*2~REF*0F~RMR*AZ*2**10~ENT*3~RMR***10~RMR*AZ*4**10~"
	var got []string
	_, problems, err := Read820(file820("30", text, 8), nil, func(e Entry820) error {
		got = append(got, e.Value)
		return nil
	})
	if err != nil || strings.Join(got, " ") != "1 4" {
		t.Errorf("got %v, %v, want entries 1 and 4", got, err)
	}
	equal(t, "verdict", fault.Judge(problems), fault.Refuse)
}

func TestRead820_EndsWithItsTaker(t *testing.T) {
	full, taken := errors.New("no room"), 0
	_, _, err := Read820(bytes.NewReader(zoo(t, "820_employer_list_bill_full.txt")), nil, func(Entry820) error {
		taken++
		return full
	})
	if !errors.Is(err, full) || taken != 1 {
		t.Errorf("got %v after %d entries, want the taker's error after 1", err, taken)
	}
	_, _, err = Read820(bytes.NewReader(zoo(t, "820_employer_list_bill_full.txt")), func(*Header820) error { return full }, nil)
	if !errors.Is(err, full) {
		t.Errorf("got %v, want the taker's error", err)
	}
}

func TestRead820_Bounds(t *testing.T) {
	const many = entrySegmentsMax + 10
	_, problems, err := Read820(file820("10", "ENT*1~RMR*AZ*1**10~"+strings.Repeat("REF*ZZ*1~", many), many+2), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	checkPlaces(t, problems, []place{{1, "REF", "", "more than 1000 segments"}})

	// An organisation's bill may have lines without end: nothing of them is kept.
	lines := "ENT*1~RMR*IK*1**10~" + strings.Repeat("IT1*1~SLN*1~", many)
	if _, problems, _ := Read820(file820("10", lines, 2*many+2), nil, nil); len(problems) > 0 {
		t.Errorf("got %v", problems)
	}

	kinds := "ENT*1~"
	for n := range codesKeptMax + 50 {
		kinds += fmt.Sprintf("RMR*K%d*1**10~", n)
	}
	summary, problems, _ := Read820(file820("1500", kinds, codesKeptMax+51), nil, nil)
	equal(t, "kinds told apart", len(summary.ByCode), codesKeptMax)
	equal(t, "problems", len(problems), 0)
}

func TestRead820_Streams(t *testing.T) {
	const count = 20_000
	var text strings.Builder
	for n := range count {
		fmt.Fprintf(&text, "ENT*%d*2J~NM1*IL*1*ALDER~RMR*AZ*1**10~DTM*582****RD8*20261201-20261231~", n+1)
	}
	source := &counting{from: file820("200000", text.String(), 4*count)}
	first, n := 0, 0
	_, problems, err := Read820(source, nil, func(Entry820) error {
		if n++; n == 1 {
			first = source.bytes
		}
		return nil
	})
	if err != nil || len(problems) > 0 || n != count {
		t.Fatalf("got %d entries, %v, %v", n, problems, err)
	}
	if first > 2*SegmentMax {
		t.Errorf("%d bytes were read before the first entry was handed on", first)
	}
}

func BenchmarkRead820(b *testing.B) {
	const count = 10_000
	var text strings.Builder
	for n := range count {
		fmt.Fprintf(&text, "ENT*%d*2J~NM1*IL*1*ALDER~RMR*AZ*1**10~DTM*582****RD8*20261201-20261231~", n+1)
	}
	for b.Loop() {
		summary, _, err := Read820(file820("100000", text.String(), 4*count), nil, func(Entry820) error { return nil })
		if err != nil || summary.Remittances != count {
			b.Fatal(summary.Remittances, err)
		}
	}
	b.ReportMetric(float64(count*b.N)/b.Elapsed().Seconds(), "entries/s")
}
