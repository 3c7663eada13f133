package plan

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
)

// withSenders is the demonstration's plan with other senders.
func withSenders(t *testing.T, senders string) (*Plan, []string) {
	t.Helper()
	files := cedarValley(t)
	text := string(files[FileName].Data)
	before, rest, _ := strings.Cut(text, "senders:\n")
	_, after, _ := strings.Cut(rest, "\n\n")
	files[FileName].Data = []byte(before + "senders:\n" + senders + "\n" + after)
	plan, problems := LoadFS(files)
	var told []string
	for _, p := range problems {
		told = append(told, p.String())
	}
	return plan, told
}

func TestSenders_WhoSendsEnrolment(t *testing.T) {
	plan, problems := withSenders(t, `  - { id: COEXCHANGE, exchange: true, state: CO }
  - { id: OAKLINEMFG, line: GROUP, state: IA, continuation: [{ event: "1", months: 18 }] }
`)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	if got, ok := plan.Sender("COEXCHANGE"); !ok || !got.Exchange || got.State != "CO" || got.Line != "" {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := plan.Sender("OAKLINEMFG"); !ok || got.Exchange || got.Line != coverage.Group || got.ContinuationMonths["1"] != 18 {
		t.Errorf("got %+v, %v", got, ok)
	}
	if got, ok := plan.Sender("SOMEBODY"); ok {
		t.Errorf("got %+v of a sender that is not listed", got)
	}
}

func TestSenders_WhatIsRefused(t *testing.T) {
	for says, senders := range map[string]string{
		"listed twice":           "  - { id: A, exchange: true, state: CO }\n  - { id: A, exchange: true, state: CO }\n",
		"leave line out":         "  - { id: A, exchange: true, line: DIRECT, state: CO }\n",
		"line":                   "  - { id: A, state: CO }\n",
		"two letters":            "  - { id: A, exchange: true, state: Colorado }\n",
		"EXCH":                   "  - { id: A, line: EXCH_APTC, state: CO }\n",
		"qualifying event \"1\"": "  - { id: A, line: GROUP, state: CO, continuation: [{ event: \"1\", months: 18 }, { event: \"1\", months: 36 }] }\n",
	} {
		if _, problems := withSenders(t, senders); !strings.Contains(strings.Join(problems, "\n"), says) {
			t.Errorf("got %q, want one about %q", problems, says)
		}
	}
}
