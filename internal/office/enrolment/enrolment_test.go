package enrolment_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

var ctx = context.Background()

// house is a plan with one region.
type house struct{}

func (house) RegionAt(state, _ string) region.ID {
	if state == "KS" {
		return "valley"
	}
	return ""
}

func (house) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC, Brand: region.Brand{PlanName: "Cedar Valley"}}, id == "valley"
}

func access(t testing.TB) audit.Access {
	t.Helper()
	a, err := audit.By(ident.Actor{Kind: ident.System, Name: "import"}, "enrolment file", "test")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func newEnrolment(t testing.TB, o *storetest.Office) *enrolment.Enrolment {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	return enrolment.New(o.Store, house{}, issuer, o.Clock)
}

// fileOf makes a file of rows.
func fileOf(rows ...enrolment.Row) enrolment.File {
	return enrolment.File{
		Open: func() io.Reader { return strings.NewReader("") },
		Read: func(_ io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
			for i, row := range rows {
				row.Line, row.Record = i+2, fmt.Sprintf("row %d", i+1)
				if err := each(row); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	}
}

func importRows(t testing.TB, e *enrolment.Enrolment, rows ...enrolment.Row) enrolment.Report {
	t.Helper()
	report, err := e.Import(ctx, access(t), fileOf(rows...))
	if err != nil {
		t.Fatalf("Import: %v", err)
	}
	return report
}

const source = "CVEX"

func date(s string) calendar.Date { return calendar.MustParse(s) }

// addition is a row that enrols a person under a subscriber id.
func addition(id string, relation member.Relationship, first, born string) enrolment.Row {
	return enrolment.Row{Change: member.Change{
		Kind: member.Add, Identity: member.Identity{Source: source, SubscriberID: id}, Relationship: relation,
		Person:    member.Person{Name: member.Name{First: first, Last: "Ruiz"}, BirthDate: date(born), Region: "valley"},
		Coverages: []member.CoverageChange{{Line: "HLT", Plan: "GOLD", From: date("2026-01-01")}},
		AsOf:      date("2026-01-01"),
	}}
}

func family(id string) []enrolment.Row {
	return []enrolment.Row{
		addition(id, member.Self, "Ana", "1984-03-09"),
		addition(id, member.Spouse, "Ben", "1983-05-01"),
		addition(id, member.Child, "Leo", "2012-06-30"),
	}
}

// onFile gives who is on file under a subscriber id, by first name.
func onFile(t testing.TB, o *storetest.Office, id string) map[string]enrolment.Member {
	t.Helper()
	f := enrolment.Family{Source: source, SubscriberID: id}
	have, err := o.Store.LoadMembers(ctx, enrolment.Want{Families: []enrolment.Family{f}})
	if err != nil {
		t.Fatal(err)
	}
	members := map[string]enrolment.Member{}
	for _, m := range have.Members[f] {
		members[m.Record.Person.Name.First] = m
	}
	return members
}

func changes(r enrolment.Report) [8]int {
	return [8]int{r.Added, r.Changed, r.Terminated, r.Reinstated, r.Unchanged, r.Differs, r.Refused, r.Held}
}

func checkChanges(t *testing.T, r enrolment.Report, want [8]int) {
	t.Helper()
	if got := changes(r); got != want {
		t.Errorf("added, changed, terminated, reinstated, unchanged, differs, refused, held: got %v, want %v; lines %+v", got, want, r.Lines)
	}
}

func TestImport_AFamilyAndThenTheSameFileAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		rows := family("S1")
		rows[0].Change.Person.SSN = secret.New("123456789")
		rows[0].Change.Person.Residence = member.Address{Line1: "1 Main", City: "Ames", State: "IA", ZIP: "50010"}
		rows[0].Change.Person.Confidential = member.Address{Line1: "PO Box 7", City: "Ames", State: "IA", ZIP: "50010"}
		rows[0].Sponsor = enrolment.Sponsor{Kind: member.EmployerParty, ID: "EMP7", Name: "Oakline"}
		report := importRows(t, e, rows...)
		checkChanges(t, report, [8]int{3})
		if report.Numbers != 4 {
			t.Errorf("got %d numbers, want 4: three people and their employer", report.Numbers)
		}
		first := onFile(t, o, "S1")
		ana, leo := first["Ana"], first["Leo"]
		if ana.Record.Person != rows[0].Change.Person {
			t.Errorf("got %+v, want what the row says", ana.Record.Person)
		}
		if leo.Standing.Subscriber != ana.Number || leo.Standing.Sponsor.IsZero() || leo.Standing.Sponsor != ana.Standing.Sponsor {
			t.Errorf("got standing %+v of the child, want the subscriber and the sponsor", leo.Standing)
		}
		if want := (enrolment.Owing{Premium: ana.Number, Medical: ana.Number, Pharmacy: ana.Number}); leo.Owing != want {
			t.Errorf("got %v owing for the child, want the subscriber %v", leo.Owing, want)
		}
		if want := (enrolment.Owing{Premium: ana.Number}); first["Ben"].Owing != want {
			t.Errorf("got %v owing for the spouse, want %v", first["Ben"].Owing, want)
		}

		again := importRows(t, e, rows...)
		checkChanges(t, again, [8]int{4: 3})
		if again.Numbers != 0 {
			t.Errorf("got %d numbers issued for the same file", again.Numbers)
		}
		for name, m := range onFile(t, o, "S1") {
			if m.Version != first[name].Version || m.Number != first[name].Number {
				t.Errorf("%s: the same file wrote the record again", name)
			}
		}
	})
}

func TestImport_FindsTheRegionByTheAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		rows := family("S1")
		rows[0].Change.Person.Residence = member.Address{Line1: "1 Main", City: "Hays", State: "KS", ZIP: "67601"}
		rows[1].Change.Person.Residence = rows[0].Change.Person.Residence
		rows[1].Change.Person.Region = "valley"
		importRows(t, e, rows...)
		have := func(name string) string { return onFile(t, o, "S1")[name].Record.Person.Region }
		if have("Ana") != "valley" || have("Ben") != "valley" || have("Leo") != "valley" {
			t.Errorf("got %q at an address that the region serves, %q stated, %q with the family", have("Ana"), have("Ben"), have("Leo"))
		}
		moved := addition("S1", member.Self, "Ana", "1984-03-09")
		moved.Change.Kind, moved.Change.Coverages = member.Alter, nil
		moved.Change.Person.Residence = member.Address{Line1: "2 Elm", City: "Ames", State: "IA", ZIP: "50010"}
		importRows(t, e, moved)
		if have("Ana") != "valley" {
			t.Errorf("got %q after a move to where no region serves, want the one before", have("Ana"))
		}
	})
}

func TestImport_ChangeTerminationAndReinstatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		importRows(t, e, family("S1")...)

		moved := addition("S1", member.Self, "Ana", "1984-03-09")
		moved.Change.Kind, moved.Change.Coverages = member.Alter, nil
		moved.Change.Person.Residence = member.Address{Line1: "2 Elm", City: "Ames", State: "IA", ZIP: "50010"}
		ended := addition("S1", member.Spouse, "Ben", "1983-05-01")
		ended.Change.Kind, ended.Change.AsOf = member.Terminate, date("2026-11-20")
		ended.Change.Coverages = []member.CoverageChange{{Line: "HLT", To: date("2026-10-31")}}
		report := importRows(t, e, moved, ended)
		checkChanges(t, report, [8]int{1: 1, 2: 1})
		if report.Retroactive != 1 {
			t.Errorf("got %d retroactive, want the termination", report.Retroactive)
		}
		members := onFile(t, o, "S1")
		if got := members["Ana"].Record.Person.Residence.Line1; got != "2 Elm" {
			t.Errorf("got residence %q", got)
		}
		if members["Ben"].Record.CoveredOn("HLT", date("2026-11-01")) {
			t.Error("the spouse is covered after the termination")
		}

		back := ended
		back.Change.Kind = member.Reinstate
		back.Change.Coverages = []member.CoverageChange{{Line: "HLT", From: date("2026-11-01")}}
		checkChanges(t, importRows(t, e, back), [8]int{3: 1})
		if !onFile(t, o, "S1")["Ben"].Record.CoveredOn("HLT", date("2026-11-01")) {
			t.Error("the spouse is not covered after the reinstatement")
		}
	})
}

func TestImport_RowsThatStaffMustSee(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		importRows(t, e, family("S1")...)
		unknown := addition("S9", member.Self, "Zoe", "1990-01-01")
		unknown.Change.Kind = member.Terminate
		unknown.Change.Coverages[0].To = date("2026-05-31")
		elsewhere := addition("S2", member.Self, "Kim", "1990-01-01")
		elsewhere.Change.Person.Region = "atlantis"
		otherBirth := addition("S1", member.Self, "Ana", "1984-03-08")
		otherBirth.Change.Kind = member.Alter
		for _, c := range []struct {
			situation string
			row       enrolment.Row
			want      [8]int
		}{
			{"a termination meets nobody", unknown, [8]int{6: 1}},
			{"a dependant has no subscriber on file", addition("S8", member.Child, "Ida", "2015-01-01"), [8]int{6: 1}},
			{"the region is not in the plan", elsewhere, [8]int{6: 1}},
			{"a twin of a child on file", addition("S1", member.Child, "Mia", "2012-06-30"), [8]int{7: 1}},
		} {
			report := importRows(t, e, c.row)
			checkChanges(t, report, c.want)
			if len(report.Lines) != 1 || report.Lines[0].Line != 2 || report.Lines[0].Note == "" {
				t.Errorf("%s: got lines %+v, want one with its line and reason", c.situation, report.Lines)
			}
		}
		report := importRows(t, e, otherBirth)
		if report.NeedsStaff != 1 {
			t.Errorf("another birth date: got %+v, want it left to staff", report)
		}
		ana := onFile(t, o, "S1")["Ana"]
		if len(ana.Record.Conflicts) != 1 || ana.Record.Person.BirthDate != date("1984-03-09") {
			t.Errorf("got %+v, want the birth date kept and the conflict stored", ana.Record)
		}
	})
}

func TestImport_ARefusedFileIsNotApplied(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	file := fileOf(family("S1")...)
	good := file.Read
	file.Read = func(r io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
		if _, err := good(r, each); err != nil {
			return nil, err
		}
		return []fault.Problem{{Line: 9, Record: "QTY", Control: true, Message: "members stated 4, counted 3"}}, nil
	}
	report, err := newEnrolment(t, o).Import(ctx, access(t), file)
	if err != nil || report.Verdict != fault.Flag || len(report.Problems) != 1 {
		t.Errorf("got %+v and %v, want the verdict flag with its problem", report, err)
	}
	if len(onFile(t, o, "S1")) != 0 {
		t.Error("a flagged file enrolled somebody")
	}
}

func TestImport_WithoutActorIsRefused(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	_, err := newEnrolment(t, o).Import(ctx, audit.Access{}, fileOf(family("S1")...))
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("got %v, want denied", err)
	}
}

// A source may give each dependant an id of their own, and later send one alone.
func TestImport_DependantsWithIdsOfTheirOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		child := addition("M3", member.Child, "Leo", "2012-06-30")
		child.Household = "M2"
		rows := []enrolment.Row{addition("M2", member.Self, "Ana", "1984-03-09"), child}
		checkChanges(t, importRows(t, e, rows...), [8]int{2})
		checkChanges(t, importRows(t, e, rows...), [8]int{4: 2})
		alone := addition("M3", member.Child, "Leo", "2012-06-30")
		alone.Change.Kind = member.Terminate
		alone.Change.Coverages[0].To = date("2026-06-30")
		checkChanges(t, importRows(t, e, alone), [8]int{2: 1})
		checkChanges(t, importRows(t, e, addition("M3", member.Self, "Leo", "2012-06-30")), [8]int{7: 1})
	})
}

func TestImport_AliasesThatWouldMeanTwoPeople(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		alias := func(source, handle string) billpay.Alias {
			a, err := billpay.ParseAlias(source, handle)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
		ana := addition("S1", member.Self, "Ana", "1984-03-09")
		ana.Alias = alias("oldbill", "OLD-77")
		kim := addition("S2", member.Self, "Kim", "1990-01-01")
		kim.Alias = alias("oldbill", "OLD-77")
		report := importRows(t, e, ana, kim)
		if report.Aliases != 1 || report.NeedsStaff != 1 {
			t.Errorf("one source, two accounts: got %+v, want the second refused", report)
		}
		kim.Alias = alias("othersystem", "OLD-77")
		if report = importRows(t, e, ana, kim); report.Aliases != 1 || report.NeedsStaff != 0 {
			t.Errorf("two sources, two accounts: got %+v, want it taken over", report)
		}
		if report = importRows(t, e, ana, kim); report.Aliases != 0 || report.NeedsStaff != 0 {
			t.Errorf("the same again: got %+v, want nothing", report)
		}
		kim.Alias = alias("oldbill", onFile(t, o, "S1")["Ana"].Number.Digits())
		if report = importRows(t, e, kim); report.Aliases != 0 || report.NeedsStaff != 1 {
			t.Errorf("an issued number: got %+v, want it refused", report)
		}
		holders, err := o.Store.Holders(ctx, []string{"OLD77"})
		if err != nil || len(holders["OLD77"]) != 2 {
			t.Errorf("got %v and %v, want two holders of one handle", holders, err)
		}
	})
}

// planned issues what it is told first, to force collisions and likenesses.
type planned struct {
	first []billpay.Number
	then  *billpay.Issuer
}

func (p *planned) Draw(n int) []billpay.Number {
	k := min(n, len(p.first))
	drawn := append([]billpay.Number(nil), p.first[:k]...)
	p.first = p.first[k:]
	return append(drawn, p.then.Draw(n-k)...)
}

func TestImport_NumbersNeverResembleWhatIsOnFile(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		issuer, err := billpay.NewIssuer(12)
		if err != nil {
			t.Fatal(err)
		}
		taken := o.Members(t, 1)[0]
		drawn := issuer.Draw(4)
		rows := family("S1")
		rows[0].Change.Person.RecordNumber = drawn[1].Digits()
		rows[1].Alias, err = billpay.ParseAlias("oldbill", drawn[2].Digits())
		if err != nil {
			t.Fatal(err)
		}
		rows[2].Change.Identity.SubscriberID, rows[2].Household = drawn[3].Digits(), "S1"
		e := enrolment.New(o.Store, house{}, &planned{
			// A number on file, and each person's own and a neighbour's identifiers.
			[]billpay.Number{taken, drawn[1], drawn[2], drawn[2], drawn[3], drawn[1], drawn[3], taken, drawn[2]}, issuer,
		}, o.Clock)
		checkChanges(t, importRows(t, e, rows...), [8]int{3})
		forbidden := map[billpay.Number]bool{taken: true, drawn[1]: true, drawn[2]: true, drawn[3]: true}
		for name, m := range onFile(t, o, "S1") {
			if forbidden[m.Number] {
				t.Errorf("%s got a number that was on file", name)
			}
		}
		// And the identifiers of those on file are kept from later members.
		later := enrolment.New(o.Store, house{}, &planned{[]billpay.Number{drawn[1], drawn[3], drawn[2]}, issuer}, o.Clock)
		importRows(t, later, addition("S2", member.Self, "Kim", "1990-01-01"))
		if n := onFile(t, o, "S2")["Kim"].Number; forbidden[n] {
			t.Error("a later member got an identifier of somebody on file")
		}
	})
}

func TestImport_AFullFileNamesWhoIsAbsent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		importRows(t, e, append(family("S1"), family("S2")...)...)
		audits := append(family("S1"), addition("S7", member.Self, "Zoe", "1990-01-01"))
		audits[1].Change.Coverages[0].To = date("2026-12-31")
		var stated []member.Change
		for i := range audits {
			audits[i].Change.Kind = member.Audit
			stated = append(stated, audits[i].Change)
		}
		report := importRows(t, e, audits...)
		checkChanges(t, report, [8]int{4: 2, 5: 2})
		want := enrolment.Comparison{Covered: 6, Absent: 3, Alarm: true}
		if report.Full == nil || *report.Full != want {
			t.Fatalf("got %+v, want %+v", report.Full, want)
		}
		// The comparison as it is for files that fit into memory.
		var ours []member.Record
		for _, id := range []string{"S1", "S2"} {
			for _, m := range onFile(t, o, id) {
				ours = append(ours, m.Record)
			}
		}
		held := member.CompareAudit(stated, ours, date("2026-11-23"), member.AbsentAlarmDefault)
		if held.Covered != want.Covered || held.Absent != want.Absent || held.Alarm != want.Alarm || len(held.Discrepancies) != len(report.Lines) {
			t.Errorf("got %+v, want what member.CompareAudit finds: %+v", report, held)
		}
		for name, m := range onFile(t, o, "S2") {
			if !m.Record.CoveredOn("HLT", date("2026-12-01")) {
				t.Errorf("%s lost coverage by absence", name)
			}
		}
	})
}

func TestImport_AReplacingFileEnrolsAndChanges(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	e := newEnrolment(t, o)
	rows := family("S1")
	for i := range rows {
		rows[i].Change.Kind, rows[i].Replace = member.Audit, true
	}
	checkChanges(t, importRows(t, e, rows...), [8]int{3})
	rows[0].Change.Person.Phone = "5152340101"
	report := importRows(t, e, rows[:1]...)
	checkChanges(t, report, [8]int{1: 1})
	if report.Full == nil || report.Full.Absent != 2 {
		t.Errorf("got %+v, want two absent", report.Full)
	}
}

func TestTurnDebtors_AtTheEighteenthBirthday(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		importRows(t, e, addition("S1", member.Self, "Ana", "1984-03-09"), addition("S1", member.Child, "Leo", "2008-11-25"))
		before := onFile(t, o, "S1")["Leo"]
		o.Clock.Advance(48 * time.Hour)
		for range 2 {
			if _, err := e.TurnDebtors(ctx, access(t), date("2026-11-23"), date("2026-11-25")); err != nil {
				t.Fatal(err)
			}
		}
		leo := onFile(t, o, "S1")["Leo"]
		if want := (enrolment.Owing{Premium: before.Owing.Premium}); leo.Owing != want || before.Owing.Medical.IsZero() {
			t.Errorf("got %v before and %v after the birthday, want the care to become the person's own", before.Owing, leo.Owing)
		}
		if leo.Version != before.Version+1 {
			t.Errorf("got version %d after two runs, want one change after %d", leo.Version, before.Version)
		}
	})
}

func TestImport_TheAuditTrailProves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		e := newEnrolment(t, o)
		importRows(t, e, family("S1")...)
		changed := addition("S1", member.Self, "Ana", "1984-03-09")
		changed.Change.Person.Phone = "5152340101"
		importRows(t, e, changed)
		proved, err := audit.Prove(o.Store.AuditEntries(ctx))
		if err != nil || proved != 4 {
			t.Errorf("got %d proved and %v, want four entries", proved, err)
		}
		trail, err := o.Store.AuditOf(ctx, ledger.BookNo(onFile(t, o, "S1")["Ana"].Number))
		if err != nil || len(trail) != 2 || trail[1].Reason != "enrolment file" {
			t.Errorf("got %+v and %v, want an addition and a change with their reason", trail, err)
		}
	})
}

// membersMany is enough for several chunks and to see what one member costs.
const membersMany = 10_000

func BenchmarkImport(b *testing.B) {
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			rows := manyRows()
			for b.Loop() {
				o := storetest.Open(b, engine)
				report := importRows(b, newEnrolment(b, o), rows...)
				if report.Added != membersMany {
					b.Fatalf("got %d added, want %d", report.Added, membersMany)
				}
			}
			b.ReportMetric(float64(membersMany*b.N)/b.Elapsed().Seconds(), "members/s")
		})
	}
}

func manyRows() []enrolment.Row {
	rows := make([]enrolment.Row, 0, membersMany)
	for i := range membersMany {
		id := fmt.Sprintf("S%06d", i/4)
		relation, born := member.Child, fmt.Sprintf("20%02d-06-30", 10+i%4)
		if i%4 == 0 {
			relation, born = member.Self, "1984-03-09"
		}
		row := addition(id, relation, fmt.Sprintf("First%d", i), born)
		row.Change.Person.SSN = secret.New(fmt.Sprintf("4%08d", i))
		row.Change.Person.Residence = member.Address{Line1: "1 Main", City: "Ames", State: "IA", ZIP: "50010"}
		rows = append(rows, row)
	}
	return rows
}
