package enrolfile

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/store/storetest"
)

var received = calendar.MustParse("2026-11-23")

// asExchange and asEmployer read a file as if its sender were listed so.
func asExchange(id string) (coverage.Sender, bool) {
	return coverage.Sender{Name: id, Exchange: true, State: "IA"}, true
}

func asEmployer(id string) (coverage.Sender, bool) {
	return coverage.Sender{Name: id, Line: coverage.Group, State: "IA", ContinuationMonths: map[string]int{"1": 18}}, true
}

func policyRows(t *testing.T, name string, sender func(string) (coverage.Sender, bool)) []policy.Row {
	t.Helper()
	f, err := os.Open(zoo + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []policy.Row
	problems, err := Policies834{Sender: sender, ReceivedOn: received}.Read(f, func(r policy.Row) error { rows = append(rows, r); return nil })
	if err != nil || fault.Judge(problems) != fault.Accept {
		t.Fatalf("%s: %v, %v", name, problems, err)
	}
	return rows
}

func TestPolicies834_WhatAnExchangeStates(t *testing.T) {
	rows := policyRows(t, "834_exchange_with_premium_amounts.txt", asExchange)
	if len(rows) != 1 || rows[0].Record != "HD" || rows[0].Line == 0 || rows[0].Segment == 0 {
		t.Fatalf("got %+v, want one policy of the household, with its place", rows)
	}
	s := rows[0].Sent
	if s.Maintenance != "021" || s.SubscriberID != "EX500001" || s.PolicyID != "OAK-0001" || s.Product != "12345IA0010001-01" ||
		s.Begins.String() != "2027-01-01" || s.ReceivedOn != received || len(s.Members) != 2 || len(s.Persons) != 2 || s.Part != policy.Whole {
		t.Errorf("got %+v", s)
	}
	said, err := coverage.FromEnrolment(s.Sent, s.Sender)
	if err != nil || len(said.Exceptions) > 0 || len(said.Terms) != 1 {
		t.Fatalf("got %+v, %v", said, err)
	}
	if got := said.Terms[0]; got.Rate != 81240 || got.APTC != 60000 || got.Area != "R-IA003" || len(got.Members) != 2 || got.Members[1].Relationship != "spouse" {
		t.Errorf("got %+v", got)
	}
}

func TestPolicies834_RowsOfEmployersFiles(t *testing.T) {
	for name, want := range map[string]string{
		"834_change_add_term_reinstate.txt":         "021 HLT x2 whole; 024 HLT x1 whole; 025 HLT x1 whole",
		"834_dependent_alone_in_change_file.txt":    "024 HLT x1 leaves",
		"834_term_for_death.txt":                    "024 HLT x1 whole",
		"834_full_audit_two_households.txt":         "030 HLT x3 whole; 030 HLT x3 whole; 030 DEN x1 whole",
		"834_address_only_change.txt":               "",
		"834_retroactive_plan_change.txt":           "001 HLT x1 whole",
		"834_outbound_employer_termination.txt":     "024 HLT x1 whole",
		"834_two_interchanges_other_delimiters.txt": "021 HLT x1 whole; 021 HLT x1 whole",
	} {
		var got []string
		for _, r := range policyRows(t, name, asEmployer) {
			part := string(r.Sent.Part)
			if r.Sent.Part == policy.Whole {
				part = "whole"
			}
			got = append(got, fmt.Sprintf("%s %s x%d %s", r.Sent.Maintenance, r.Sent.Insurance, len(r.Sent.Members), part))
		}
		if text := strings.Join(got, "; "); text != want {
			t.Errorf("%s:\n got %s\nwant %s", name, text, want)
		}
	}
}

// importPolicies enrols a file's members and then takes its policies.
func importPolicies(t *testing.T, o *storetest.Office, text []byte, sender func(string) (coverage.Sender, bool)) policy.Report {
	t.Helper()
	importFile(t, o, text)
	access, err := audit.By(ident.Actor{Kind: ident.System, Name: "import"}, "enrolment file", "test")
	if err != nil {
		t.Fatal(err)
	}
	report, err := policy.New(o.Store, audit.New(o.Store, o.Clock), o.Clock).Import(context.Background(), access, policy.File{
		Open: func() io.Reader { return bytes.NewReader(text) }, Read: Policies834{Sender: sender, ReceivedOn: received}.Read,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// Members and their policies come in one file; its numbers reach the insured.
func TestPolicies834_AnEmployersFileOnBothEngines(t *testing.T) {
	text, err := os.ReadFile(zoo + "834_change_add_term_reinstate.txt")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		report := importPolicies(t, o, text, asEmployer)
		if report.Rows != 3 || report.New != 1 || report.Refused != 2 {
			t.Errorf("got %+v, want the addition, and strangers refused", report)
		}
		for _, l := range report.Lines {
			if l.Line == 0 || l.Segment == 0 || l.Note == "" {
				t.Errorf("a line without its place: %+v", l)
			}
		}
		held, err := o.Store.Policies(context.Background(), coverage.Key{}, 10)
		if err != nil || len(held) != 1 {
			t.Fatalf("got %+v, %v", held, err)
		}
		h := held[0]
		if h.Line != coverage.Group || h.Group.IsZero() || h.SourceID != "OAK-0001/CV100001/HLT" || len(h.Terms) != 1 || len(h.Terms[0].Members) != 2 ||
			h.Terms[0].Members[0].Number != h.Number || h.Terms[0].Members[1].Number.IsZero() {
			t.Errorf("got %+v", h)
		}
	})
}

// Every file of the zoo is taken whole or not at all, every row counts, and the same
// file again changes nothing.
func TestPolicies834_EveryFileOfTheZooTwice(t *testing.T) {
	files, err := filepath.Glob(zoo + "*834*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, name := range files {
		for who, sender := range map[string]func(string) (coverage.Sender, bool){"exchange": asExchange, "employer": asEmployer} {
			t.Run(filepath.Base(name)+" of an "+who, func(t *testing.T) {
				text, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				o := storetest.Open(t, "sqlite")
				first := importPolicies(t, o, text, sender)
				isBad := strings.HasPrefix(filepath.Base(name), "bad_")
				if isBad && (first.Verdict == fault.Accept || first.New > 0) {
					t.Errorf("got %+v of a bad file", first)
				}
				if sum := first.New + first.Changed + first.Ended + first.Cancelled + first.Reinstated + first.Unchanged + first.Differs + first.Refused; !isBad && sum != first.Rows {
					t.Errorf("%d of %d rows have an outcome: %+v", sum, first.Rows, first)
				}
				again := importPolicies(t, o, text, sender)
				if again.New+again.Changed+again.Ended+again.Cancelled+again.Reinstated+again.Terms > 0 {
					t.Errorf("the same file again changed something: %+v", again)
				}
			})
		}
	}
}

func FuzzPolicies834(f *testing.F) {
	files, err := filepath.Glob(zoo + "834*.txt")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := Policies834{Sender: asEmployer, ReceivedOn: received}.Read(bytes.NewReader(text), func(r policy.Row) error {
			if r.Line == 0 || r.Segment == 0 || r.Sent == nil {
				t.Errorf("a row without its place: %+v", r)
			}
			// Whatever the row says is understood or refused, without a panic.
			_, _ = coverage.FromEnrolment(r.Sent.Sent, r.Sent.Sender)
			return nil
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
}

// Who comes back under the id of a policy that ended by its payment status has a
// policy of their own; a reinstatement by the source does not undo the status.
func TestPolicies834_AfterAnEndByPaymentStatus(t *testing.T) {
	text, err := os.ReadFile(zoo + "834_exchange_with_premium_amounts.txt")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := context.Background()
		importPolicies(t, o, text, asExchange)
		held, err := o.Store.Policies(ctx, coverage.Key{}, 10)
		if err != nil || len(held) != 1 {
			t.Fatalf("got %+v, %v", held, err)
		}
		err = o.Store.SaveStandings(ctx, []warden.Update{{
			Key: held[0].Key(), Version: held[0].Version, EndsOn: calendar.MustParse("2027-03-31"),
		}})
		if err != nil {
			t.Fatal(err)
		}
		reinstated := importPolicies(t, o, bytes.ReplaceAll(text, []byte("*021*"), []byte("*025*")), asExchange)
		if reinstated.Unchanged != 1 || len(reinstated.Lines) != 1 || !strings.Contains(reinstated.Lines[0].Note, "ended on 2027-03-31 by its payment status") {
			t.Errorf("got %+v", reinstated)
		}
		later := bytes.ReplaceAll(text, []byte("D8*20270101"), []byte("D8*20270601"))
		if back := importPolicies(t, o, later, asExchange); back.New != 1 {
			t.Errorf("got %+v", back)
		}
		if again := importPolicies(t, o, later, asExchange); again.Unchanged != 1 {
			t.Errorf("again: got %+v", again)
		}
		held, err = o.Store.Policies(ctx, coverage.Key{}, 10)
		if err != nil || len(held) != 2 || held[1].SourceID != "OAK-0001#2" || held[1].From.String() != "2027-06-01" || len(held[0].Terms) != 1 {
			t.Errorf("got %+v, %v", held, err)
		}
	})
}
