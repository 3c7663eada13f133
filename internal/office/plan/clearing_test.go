package plan

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/books/chart"
)

func TestLoad_ReadsTheClearingHouse(t *testing.T) {
	p, problems := LoadFS(cedarValley(t))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	c := p.Clearing
	if c == nil || c.Live || c.ODFI != "990000107" || len(c.Windows) != 2 || !c.Windows[1].SameDay || c.Windows[1].Minute != 45 ||
		c.Companies[chart.Premium].ID != "1555010001" || c.Zone.String() != "America/New_York" || c.SFTP != nil {
		t.Errorf("read %+v", c)
	}
}

// A sandbox cannot be made live by any single word of the file.
func TestLoad_RefusesClearingHouses(t *testing.T) {
	for name, tc := range map[string]struct{ old, new, want string }{
		"a live sandbox":             {"  folder: outbound/ach\n", "  folder: outbound/ach\n  live: true\n", "a sandbox sends no live file"},
		"a bank's number":            {`destination: "990000107"`, `destination: "121042882"`, "must begin with 99"},
		"a bank's own number":        {`odfi: "990000107"`, `odfi: "121042882"`, "must begin with 99"},
		"no such time":               {`cut_off: "14:45"`, `cut_off: "24:45"`, "a cut-off is a time"},
		"a name of 17 letters":       {"name: CEDAR VALLEY,", "name: CEDAR VALLEY PLANS,", "a name of 16"},
		"a fund twice":               {"fund: medical, id: \"1555010002\"", "fund: premium, id: \"1555010002\"", "listed twice"},
		"balanced without accounts":  {"  folder: outbound/ach\n", "  folder: outbound/ach\n  balanced: true\n", "our own account"},
		"a word that nothing is for": {"  folder: outbound/ach\n", "  folder: outbound/ach\n  password: x\n", "password"},
	} {
		files := cedarValley(t)
		text := string(files[FileName].Data)
		changed := strings.Replace(text, tc.old, tc.new, 1)
		if changed == text {
			t.Fatalf("%s: the file no longer says %q", name, tc.old)
		}
		files[FileName].Data = []byte(changed)
		_, problems := LoadFS(files)
		found := false
		for _, p := range problems {
			found = found || strings.Contains(p.String(), tc.want) && p.Line > 0
		}
		if !found {
			t.Errorf("%s: %v, want %q", name, problems, tc.want)
		}
	}
}
