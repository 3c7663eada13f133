package enrolfile

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

const zoo = "../../../../testdata/zoo/x12/"

func rowsOf(t *testing.T, name string) []enrolment.Row {
	t.Helper()
	f, err := os.Open(zoo + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var rows []enrolment.Row
	problems, err := Read834(f, func(r enrolment.Row) error { rows = append(rows, r); return nil })
	if err != nil || fault.Judge(problems) != fault.Accept {
		t.Fatalf("%s: %v, %v", name, problems, err)
	}
	return rows
}

func TestRead834_WhatIsSaidOfAMember(t *testing.T) {
	guarded := rowsOf(t, "834_minor_with_guardian_and_responsible_person.txt")
	ana, child := guarded[0], guarded[1]
	if want := (member.Identity{Source: "OAKLINEMFG", SubscriberID: "CV100001", Group: "OAK-0001"}); ana.Change.Identity != want {
		t.Errorf("got %+v, want %+v", ana.Change.Identity, want)
	}
	if want := (enrolment.Sponsor{Kind: member.EmployerParty, ID: "000000071", Name: "OAKLINE MANUFACTURING"}); ana.Sponsor != want {
		t.Errorf("got sponsor %+v, want %+v", ana.Sponsor, want)
	}
	p := child.Change.Person
	if p.Mailing.Line1 != "PO BOX 77" || p.BirthDate.String() != "2018-03-16" || child.Household != "CV100001" || child.Sponsor.ID != "" {
		t.Errorf("got %+v", child)
	}
	roles := ""
	for _, r := range child.Change.Responsible {
		roles += r.Role + " "
	}
	if roles != "S3 GD QD " || child.Change.Responsible[1].Phone != "3195550110" {
		t.Errorf("got %q and %+v, want custodian, guardian and responsible party", roles, child.Change.Responsible)
	}
	if got := rowsOf(t, "834_full_audit_two_households.txt")[0].Change; got.Person.SpokenLanguage != "es" || got.Kind != member.Audit {
		t.Errorf("got %+v, want an audit of somebody who speaks Spanish", got)
	}
	if got := rowsOf(t, "834_exchange_with_premium_amounts.txt")[0].Sponsor; got.ID != "" {
		t.Errorf("got sponsor %+v: on an exchange the subscriber stands there in person", got)
	}
	died := rowsOf(t, "834_term_for_death.txt")[0].Change
	if died.Kind != member.Terminate || died.Person.DeathDate.String() != "2026-11-09" || died.Coverages[0].To.String() != "2026-11-10" {
		t.Errorf("got %+v", died)
	}
	back := rowsOf(t, "834_retroactive_plan_change.txt")[0].Change
	if back.Coverages[0].From.String() != "2026-08-01" || back.AsOf.String() != "2026-11-23" {
		t.Errorf("got %+v, want a change from August made in November", back)
	}
}

type house struct{}

func (house) RegionAt(state, zip string) region.ID { return "" }

func (house) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC}, true
}

func importFile(t *testing.T, o *storetest.Office, text []byte) enrolment.Report {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	access, err := audit.By(ident.Actor{Kind: ident.System, Name: "import"}, "enrolment file", "test")
	if err != nil {
		t.Fatal(err)
	}
	report, err := enrolment.New(o.Store, house{}, issuer, o.Clock).Import(context.Background(), access, enrolment.File{
		Open: func() io.Reader { return bytes.NewReader(text) }, Read: Read834,
	})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestImport_AdditionTerminationAndReinstatementOfAnEmployersFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		text, err := os.ReadFile(zoo + "834_change_add_term_reinstate.txt")
		if err != nil {
			t.Fatal(err)
		}
		first := importFile(t, o, text)
		if first.Added != 2 || first.Numbers != 3 || first.Refused == 0 {
			t.Errorf("got %+v, want two members added, their employer, and the changes of strangers refused", first)
		}
		if again := importFile(t, o, text); again.Added != 0 || again.Numbers != 0 || again.Unchanged != 2 || again.Refused != first.Refused {
			t.Errorf("the same file again: got %+v", again)
		}
	})
}

// Every file of the zoo is taken whole or not at all, and never twice.
func TestImport_EveryFileOfTheZooTwice(t *testing.T) {
	files, err := filepath.Glob(zoo + "*834*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	importAllTwice(t, files)
}

// The shared samples are read where they are at hand.
func TestImport_TheSharedSamplesTwice(t *testing.T) {
	dir := os.Getenv("BILLFOLD_SAMPLES")
	if dir == "" {
		dir = "../../../../../shared/samples"
	}
	files, _ := filepath.Glob(filepath.Join(dir, "x12-834", "*.txt"))
	importAllTwice(t, files)
}

func importAllTwice(t *testing.T, files []string) {
	t.Helper()
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			o := storetest.Open(t, "sqlite")
			first := importFile(t, o, text)
			isBad := strings.HasPrefix(filepath.Base(name), "bad_")
			if isBad && (first.Verdict == fault.Accept || first.Numbers > 0) {
				t.Errorf("got %+v of a bad file", first)
			}
			again := importFile(t, o, text)
			if again.Added+again.Changed+again.Terminated+again.Reinstated+again.Numbers > 0 {
				t.Errorf("the same file again changed something: %+v", again)
			}
			for _, l := range first.Lines {
				if l.Note == "" || l.Line == 0 && l.Outcome != enrolment.Absent {
					t.Errorf("a line without place or reason: %+v", l)
				}
			}
		})
	}
}

func FuzzRead834(f *testing.F) {
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
		_, err := Read834(bytes.NewReader(text), func(r enrolment.Row) error {
			if r.Change.Kind == "" || r.Change.Relationship == "" || r.Line == 0 {
				t.Errorf("a row that means nothing: %+v", r)
			}
			// Whatever the row says, applying it is decided without a panic.
			_, _, _ = member.Apply(nil, r.Change)
			return nil
		})
		if err != nil {
			t.Errorf("got %v", err)
		}
	})
}
