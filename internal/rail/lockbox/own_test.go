package lockbox_test

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/railtest"
)

// columns of a bank: image in 46-55, remitter in 56-75, marker in 76-77.
type columns struct{}

func (columns) LockboxColumns(string) plan.LockboxColumns {
	return plan.LockboxColumns{
		Image: plan.Span{From: 46, To: 55}, Remitter: plan.Span{From: 56, To: 75}, Marker: plan.Span{From: 76, To: 77},
		Markers: map[string]suspense.Reason{"PF": suspense.PaidInFull, "US": suspense.Unsigned},
	}
}

type prints struct{}

func (prints) PayerPrint(bank, account, name string) string {
	if bank == "" || account == "" || name == "" {
		return ""
	}
	return "print of " + name
}

func TestItems_ColumnsOfTheBanksOwn(t *testing.T) {
	rail := lockbox.New()
	rail.House, rail.Payers = columns{}, prints{}
	content := file(t, []railtest.Paid{{No: 1, Reference: "472819036580", Cents: 10_00}, {No: 2, Reference: "472819036580", Cents: 20_00}})
	lines := strings.Split(string(content), "\n")
	marked := 0
	for i, line := range lines {
		if !strings.HasPrefix(line, "6") {
			continue
		}
		marker := "  "
		if marked++; marked == 2 {
			marker = "PF"
		}
		own := "IMG0000001PAT RIVERA          " + marker
		padded := line
		for len(padded) < 45 {
			padded += " "
		}
		lines[i] = padded[:45] + own
	}
	got := map[money.Cents]intake.Part{}
	problems, err := rail.Items(strings.NewReader(strings.Join(lines, "\n")), func(item intake.Item) error {
		got[item.Amount] = item.Parts[0]
		return nil
	})
	if err != nil || len(problems) > 0 || len(got) != 2 {
		t.Fatal(problems, err, got)
	}
	if p := got[10_00]; p.Details.Image != "IMG0000001" || p.Details.PayerName != "PAT RIVERA" || p.Details.Payer != "print of PAT RIVERA" ||
		p.Details.Check == "" || p.Doubt != "" {
		t.Errorf("got %+v", p)
	}
	if p := got[20_00]; p.Doubt != suspense.PaidInFull {
		t.Errorf("a cheque that says paid in full is taken: %+v", p)
	}
}
