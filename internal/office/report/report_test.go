package report_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/report"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "accountant"}

func TestMake_EveryReportAddsUp(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		today := calendar.In(o.Clock.Now(), time.UTC)
		var group []payment.Instruction
		for i, cents := range []money.Cents{100_00, 50_00, 7_50} {
			group = append(group, payment.Instruction{
				Key: ident.Key("r" + string(rune('a'+i))), Rail: payment.Wire, Amount: cents, Received: today, Actor: clerk, Source: o.Till,
				Parts: []payment.Part{{Reference: "nobody", Amount: cents, Received: chart.Purse{Entity: 1, Fund: chart.Premium}}},
			})
		}
		if _, err := o.Cashier.Post(t.Context(), group, nil); err != nil {
			t.Fatal(err)
		}
		if err := o.Store.ReckonFlows(t.Context()); err != nil {
			t.Fatal(err)
		}
		period := report.Period{From: today.AddDays(-3), To: today}
		sums := map[report.Name]int64{
			report.CashByRail: 157_50, report.Unapplied: 157_50, report.TrialBalance: 0, report.Ledger: 157_50,
		}
		for _, shape := range report.All() {
			if shape.Name == report.Bank {
				continue // made of the day's proof
			}
			table, err := report.Make(t.Context(), o.Store, shape.Name, period)
			if err != nil {
				t.Fatalf("%s: %v", shape.Name, err)
			}
			last := table.Sums()[len(table.Columns)-1].Number
			if want, ok := sums[shape.Name]; ok && last != want {
				t.Errorf("%s sums to %d, want %d: %+v", shape.Name, last, want, table.Rows)
			}
			for _, row := range table.Rows {
				if len(row) != len(table.Columns) {
					t.Errorf("%s has a row of %d cells and %d columns", shape.Name, len(row), len(table.Columns))
				}
			}
		}
	})
}

func TestMake_RefusesWhatItIsNot(t *testing.T) {
	day := calendar.MustParse("2026-11-23")
	if _, err := report.Make(t.Context(), nil, "profits", report.Period{From: day, To: day}); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
	if _, err := report.Make(t.Context(), nil, report.Ledger, report.Period{From: day, To: day.AddDays(-1)}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestWrite_CSVIsShieldedAndTotalled(t *testing.T) {
	table := report.Table{
		Shape: report.Shape{Name: "x", Columns: []report.Column{{ID: "what", Kind: report.Text}, {ID: "n", Kind: report.Count, Sum: true}, {ID: "cents", Kind: report.Amount, Sum: true}},
			Label: "what", Bar: "cents"},
		Rows: [][]report.Cell{{report.T("=cmd()"), report.N(2), report.N(-1234_56)}, {report.T("a, b"), report.N(3), report.N(1)}},
	}
	var out bytes.Buffer
	if err := table.CSV(&out); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
	if err != nil || len(rows) != 4 || rows[1][0] != "'=cmd()" || rows[1][2] != "-1234.56" || rows[3][0] != "TOTAL" || rows[3][1] != "5" || rows[3][2] != "-1234.55" {
		t.Errorf("got %v, %v", rows, err)
	}
	out.Reset()
	if err := table.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var read struct {
		Rows   []map[string]any
		Totals map[string]int64
	}
	if err := json.Unmarshal(out.Bytes(), &read); err != nil || len(read.Rows) != 2 || read.Totals["cents"] != -1234_55 {
		t.Errorf("got %s, %v", out.String(), err)
	}
	if labels, cents := table.Bars(); len(labels) != 2 || cents[0] != -1234_56 {
		t.Errorf("got %v %v", labels, cents)
	}
}
