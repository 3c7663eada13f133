package coverage_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
)

const policyZoo = "../../../testdata/zoo/policies/"

func readPolicies(t *testing.T, name string) (rows []coverage.Stated, problems []fault.Problem) {
	t.Helper()
	f, err := os.Open(policyZoo + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	problems, err = coverage.ReadPolicies(f, func(_ int, s coverage.Stated) error { rows = append(rows, s); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return rows, problems
}

func TestReadPolicies_GoodFile(t *testing.T) {
	rows, problems := readPolicies(t, "good.csv")
	if len(problems) > 0 || len(rows) != 5 {
		t.Fatalf("got %d rows and %v", len(rows), problems)
	}
	aptc, changed, cobra, mapd, group := rows[0], rows[1], rows[2], rows[3], rows[4]
	if aptc.Number.Last4() != "5352" || aptc.Terms.Rate != 60000 || !aptc.Terms.Stated || aptc.Terms.APTC != 45000 || len(aptc.Terms.Members) != 3 ||
		aptc.Terms.From != aptc.Policy.From || aptc.Terms.KnownOn != aptc.Policy.ReceivedOn || !aptc.Terms.Members[1].Tobacco {
		t.Errorf("exchange: got %+v", aptc)
	}
	if changed.Policy.SourceID != aptc.Policy.SourceID || changed.Terms.From.String() != "2026-05-01" || changed.Terms.KnownOn.String() != "2026-04-12" {
		t.Errorf("terms of the same policy: got %+v", changed)
	}
	if c := cobra.Policy.Continuation; c == nil || c.ElectedOn.String() != "2026-05-20" || c.MonthsMost != 18 || cobra.Alias.Source() != "oldbill" {
		t.Errorf("continuation: got %+v", cobra)
	}
	if w := mapd.Policy.Withhold; len(w) != 1 || w[0].Status != coverage.WithholdAccepted || mapd.SubscriberID != "S-9" || mapd.Terms.LEPMonths != 14 {
		t.Errorf("Medicare: got %+v", mapd)
	}
	if group.Policy.Group.IsZero() || group.Terms.Employer != 50000 || group.Terms.Rate != 0 {
		t.Errorf("group: got %+v", group)
	}
}

func TestReadPolicies_RefusesWithLineAndColumn(t *testing.T) {
	for file, want := range map[string][]string{
		"bad_dates.csv": {"2 to", "4 from"},
		"bad_money.csv": {"2 rate", "3 rate", "4 ehb", "5 aptc", "6 lep_months", "7 lis", "8 members", "9 members"},
		"bad_continuation_withhold_and_group.csv": {
			"2 event_on", "3 from", "4 event_on", "5 withhold_from", "6 withhold_decided_on", "7 withhold_from", "8 group", "9 group",
		},
		"rows_of_one_policy_disagree.csv": {"3 source_id"},
		"named_in_no_way.csv":             {"2 number", "3 number"},
	} {
		_, problems := readPolicies(t, file)
		var places []string
		for _, p := range problems {
			places = append(places, fmt.Sprint(p.Line, " ", p.Field))
			if strings.Contains(p.Message, "3141") || strings.Contains(p.Message, "/1980") {
				t.Errorf("%s: the message repeats what is private: %v", file, p)
			}
		}
		if !slices.Equal(places, want) {
			t.Errorf("%s: got %v, want %v\n%v", file, places, want, problems)
		}
	}
}

func FuzzReadPolicies(f *testing.F) {
	files, err := filepath.Glob(policyZoo + "*.csv")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	f.Fuzz(func(t *testing.T, text string) {
		problems, err := coverage.ReadPolicies(strings.NewReader(text), func(line int, s coverage.Stated) error {
			p := s.Policy
			if line < 2 || p.Source == "" || p.SourceID == "" || p.From.IsZero() || s.Terms.From.Before(p.From) || s.Terms.APTC > 0 && !p.Line.OnExchange() {
				t.Errorf("took %+v", s)
			}
			return nil
		})
		if err != nil || len(problems) > fault.ProblemsMax {
			t.Errorf("got %d problems and %v", len(problems), err)
		}
		for _, p := range problems {
			if p.Line < 1 || p.Message == "" {
				t.Errorf("a problem without place or message: %+v", p)
			}
		}
	})
}
