package plan

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/recon"
)

func TestLoad_ReadsReconcile(t *testing.T) {
	files := cedarValley(t)
	text := string(files[FileName].Data)
	files[FileName].Data = []byte(text + `
reconcile:
  owner: cash-desk
  exceptions: [{ kind: line, limit: 2, owner: ops }]
  usual_days: [{ rail: card, days: 1 }]
`)
	p, problems := LoadFS(files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := p.Reconcile
	if r.Limits[recon.LineOpen] != 2 || r.Owners[recon.LineOpen] != "ops" || r.Owners[recon.Late] != "cash-desk" || r.Grace[chart.ClearCard] != 1 ||
		r.Grace[chart.ClearLockbox] != 1 || r.Decide != p.Limits.DualControlAbove {
		t.Errorf("got %+v", r)
	}
	files[FileName].Data = []byte(text + "\nreconcile: { exceptions: [{ kind: nothing, limit: 2 }] }\n")
	if _, problems := LoadFS(files); len(problems) == 0 || !strings.Contains(problems[0].String(), "is not known") {
		t.Errorf("a kind that is none: %v", problems)
	}
}
