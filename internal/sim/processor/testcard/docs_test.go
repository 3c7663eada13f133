package testcard_test

import (
	"os"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

const page = "../../../../docs/integrators/card-simulator.md"

func TestDocs_ListEveryCard(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]string{} // by digits
	for _, row := range strings.Split(string(text), "\n") {
		if cells := strings.Split(row, "|"); len(cells) > 3 {
			rows[strings.ReplaceAll(strings.TrimSpace(cells[1]), " ", "")] = row
		}
	}
	for _, c := range testcard.All() {
		row := rows[c.Number]
		if row == "" {
			t.Errorf("the page lacks %s: %s", c.Number, c.Meaning)
		}
		if code := c.Behaviour.Outcome().Decline; code != "" && !strings.Contains(row, "`"+code+"`") {
			t.Errorf("the page does not say that %s is declined with %s", c.Number, code)
		}
		if !strings.Contains(row, strings.Split(c.Meaning, ";")[0]) && !strings.Contains(row, strings.ReplaceAll(c.Meaning, ":", "")) {
			t.Errorf("the page says of %s: %s; want %s", c.Number, row, c.Meaning)
		}
	}
}
