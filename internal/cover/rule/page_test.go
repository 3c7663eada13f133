package rule_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/rule"
)

var update = flag.Bool("update", false, "write docs/rules/premium-rules.md anew")

// The page is made of the data, so that nobody reads numbers that do not hold.
func TestPage_IsWhatTheDataSays(t *testing.T) {
	const path = "../../../docs/rules/premium-rules.md"
	got := page(rule.Embedded())
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("docs/rules/premium-rules.md is stale (%v); look at the change and run with -update", err)
	}
}

func page(set *rule.Set) string {
	var b strings.Builder
	fmt.Fprintf(&b, `# Premium rules

Made by the tests of internal/cover/rule from its data; do not edit. Version of these rows: %s.

A row of a state wins over one of US, and a row of a line over one of ALL. *Unconfirmed* rows are in doubt: nobody is cancelled
or terminated by one, and an alarm is raised instead, until the operator's file confirms it. *Default* rows stand in for states without a
row of their own, and a run names them. The operator's file has the same shape, with confirm in the place of confirmed:

~~~yaml
rows:
  # confirms an embedded row as it is
  - {rule: binder.retroactive.deadline, jurisdiction: US, coverage_line: EXCH_APTC EXCH_NOAPTC, valid_from: "2014-01-01", confirm: true}
  # a value of the plan's own
  - {rule: grace.state.days, jurisdiction: CO, coverage_line: DIRECT, valid_from: "2027-01-01", value: 31, citation: "the statute", confirm: true}
~~~

Rules marked **ends** can end coverage.
`, set.Version())
	group := ""
	for _, d := range rule.Definitions() {
		if head, _, _ := strings.Cut(string(d.Name), "."); head != group {
			group = head
			fmt.Fprintf(&b, "\n## %s\n\n| Rule | Where | Holds | Value | Source | |\n| --- | --- | --- | --- | --- | --- |\n",
				strings.ReplaceAll(group, "_", " "))
		}
		ends := ""
		if d.Ends {
			ends = " **ends**"
		}
		fmt.Fprintf(&b, "| `%s`%s: %s (%s) | | | | | |\n", d.Name, ends, d.Meaning, d.Kind)
		for _, row := range set.Rows() {
			if row.Rule == d.Name {
				fmt.Fprintf(&b, "| | %s %s | %s | %s | %s | %s |\n", row.Jurisdiction, row.Line, period(row), row.Value, row.Citation, marks(row))
			}
		}
	}
	return b.String()
}

func period(r rule.Row) string {
	if r.To.IsZero() {
		return "from " + r.From.String()
	}
	return r.From.String() + " to " + r.To.String()
}

func marks(r rule.Row) string {
	var words []string
	if !r.Confirmed {
		words = append(words, "*unconfirmed*")
	}
	if r.Default {
		words = append(words, "*default*")
	}
	return strings.Join(words, ", ")
}
