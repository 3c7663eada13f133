package plan

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/office/unclaimed"
)

func TestLoad_ReadsRefunds(t *testing.T) {
	p, problems := LoadFS(cedarValley(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	r := p.Refunds
	if len(r.Checks) != 1 || r.Checks[0].First != 100001 || r.Checks[0].Stale != 180 || r.Checks[0].Credential() != "check-account-cvhp" || r.Home != "CO" {
		t.Errorf("got %+v", r)
	}
	last := r.Rules[len(r.Rules)-1]
	if last.AfterDays != 75 || last.Minimum != 5_00 || last.Authority != "Cedar Valley refund policy" || len(r.Rules) < 5 {
		t.Errorf("got %+v", r.Rules)
	}
	files := cedarValley(t)
	text := strings.Replace(string(files[FileName].Data), "unclaimed: { home: CO }",
		"unclaimed:\n    home: CO\n    rows:\n      - { state: CO, from: 2027-01-01, years: 5, report_on: 11-01, cutoff_on: 06-30, letter_first: 120, letter_last: 60, letter_from: 50.00, aggregate_below: 50.00, source: counsel 2027 }", 1)
	files[FileName].Data = []byte(text)
	if p, problems = LoadFS(files); len(problems) > 0 {
		t.Fatal(problems)
	}
	law, err := p.Refunds.Laws.Find("CO", unclaimed.Uncashed, p.Refunds.Laws[len(p.Refunds.Laws)-1].From)
	if err != nil || law.Years != 5 || law.Unconfirmed {
		t.Errorf("got %+v, %v", law, err)
	}
}

func TestLoad_RefusesRefunds(t *testing.T) {
	for situation, c := range map[string]struct{ old, new, want string }{
		"a minimum of nothing":      {"minimum: 5.00", "minimum: 0.00", "above zero"},
		"a minimum that keeps much": {"minimum: 5.00", "minimum: 100.01", "at most"},
		"a wait of years":           {"after_days: 75", "after_days: 400", "366"},
		"a line that is none":       {"after_days: 75,", "after_days: 75, lines: [EXCH],", "is not known"},
		"a routing number":          {`routing: "102000021"`, `routing: "102000022"`, "routing number"},
		"a folder outside":          {"folder: outbound/checks", "folder: ../checks", "below the folder"},
		"another layout":            {"positive_pay: csv", "positive_pay: xml", "is not known"},
		"no payer":                  {`payer: ["Cedar Valley Health Plan, Inc.", PO Box 5501, "Denver CO 80217"]`, "payer: []", "one to four lines"},
		"a fund twice":              {"  unclaimed: { home: CO }", "    - { id: two, fund: premium, payer: [X], bank: B, routing: \"102000021\", first: 1, positive_pay: csv, folder: x }\n  unclaimed: { home: CO }", "twice"},
		"no state":                  {"home: CO", "home: Colorado", "two letters"},
	} {
		files := cedarValley(t)
		text := string(files[FileName].Data)
		if !strings.Contains(text, c.old) {
			t.Fatalf("%s: the plan has no %q", situation, c.old)
		}
		files[FileName].Data = []byte(strings.Replace(text, c.old, c.new, 1))
		_, problems := LoadFS(files)
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), c.want)
		}
		if !found {
			t.Errorf("%s: got %v, want %q", situation, problems, c.want)
		}
	}
}
