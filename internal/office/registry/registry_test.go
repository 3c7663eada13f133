package registry_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx   = context.Background()
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	date  = calendar.MustParse
)

type house struct{}

func (house) RegionAt(_, _ string) region.ID { return "" }

func (house) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC, Brand: region.Brand{PlanName: "Cedar Valley"}}, id == "valley"
}

func access(t *testing.T) audit.Access {
	t.Helper()
	a, err := audit.By(clerk, "the member calls about a bill", "console")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// office is a store with a family on file: Ana, her husband Ben and their son
// Leo, each with an old number.
type office struct {
	*storetest.Office
	registry      *registry.Registry
	ana, ben, leo billpay.Number
}

const anaSSN = "123456789"

func newOffice(t *testing.T, o *storetest.Office) *office {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	var rows []enrolment.Row
	for i, p := range []struct {
		relation    member.Relationship
		first, born string
	}{{member.Self, "Ana", "1984-03-09"}, {member.Spouse, "Ben", "1983-05-01"}, {member.Child, "Leo", "2012-06-30"}} {
		alias, err := billpay.ParseAlias("oldbill", fmt.Sprintf("OLD-%d", i))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, enrolment.Row{Alias: alias, Change: member.Change{
			Kind: member.Add, Identity: member.Identity{Source: "CVEX", SubscriberID: "S1"}, Relationship: p.relation,
			Person:    member.Person{Name: member.Name{First: p.first, Last: "O'Ruiz"}, BirthDate: date(p.born), Region: "valley"},
			Coverages: []member.CoverageChange{{Line: "HLT", From: date("2026-01-01")}},
		}})
	}
	rows[0].Change.Person.SSN = secret.New(anaSSN)
	e := enrolment.New(o.Store, house{}, issuer, o.Clock)
	report, err := e.Import(ctx, access(t), enrolment.File{
		Open: func() io.Reader { return strings.NewReader("") },
		Read: func(_ io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
			for _, row := range rows {
				if err := each(row); err != nil {
					return nil, err
				}
			}
			return nil, nil
		},
	})
	if err != nil || report.Added != 3 {
		t.Fatalf("got %+v and %v, want three members", report, err)
	}

	f := &office{
		Office: o, registry: registry.New(o.Store, house{}, o.Clock),
	}
	f.ana, f.ben, f.leo = f.number(t, "OLD-0"), f.number(t, "OLD-1"), f.number(t, "OLD-2")
	return f
}

func (o *office) number(t *testing.T, reference string) billpay.Number {
	t.Helper()
	a, err := o.registry.Account(ctx, access(t), reference)
	if err != nil {
		t.Fatalf("Account(%q): %v", reference, err)
	}
	return a.Number
}

// bill makes a person owe something, or whoever the rules name for them.
func (o *office) bill(t *testing.T, key string, about billpay.Number, fund chart.Fund, privacy openitem.Privacy, amount money.Cents) {
	t.Helper()
	_, err := o.Cashier.Bill(ctx, cashier.Order{Key: ident.Key(key), Actor: clerk}, []openitem.Item{{
		About: ledger.BookNo(about), Purse: storetest.House{}.PurseOf(fund), Privacy: privacy, Amount: amount, DueOn: date("2026-12-01"),
	}}, true)
	if err != nil {
		t.Fatal(err)
	}
}

func (o *office) pay(t *testing.T, key, reference string, amount money.Cents) payment.ReceiptPart {
	t.Helper()
	outcomes, err := o.Cashier.Post(ctx, []payment.Instruction{{
		Key: ident.Key(key), Rail: payment.Counter, Amount: amount, Received: date("2026-11-23"), Actor: clerk, Source: o.Till,
		Parts: []payment.Part{{
			Reference: reference, Amount: amount, Received: chart.Purse{Entity: 1, Fund: chart.Premium}, For: chart.Premium,
		}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		t.Fatalf("Post: %v, %v", err, outcomes)
	}
	return outcomes[0].Answer.Parts[0]
}

func TestAccount_EveryReferenceLeadsThereAndIsAudited(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		a, err := f.registry.Account(ctx, access(t), f.ana.Grouped())
		if err != nil {
			t.Fatal(err)
		}
		if !a.HasSSN || !a.Person.SSN.IsZero() || a.Person.Name.First != "Ana" || len(a.Household) != 2 || !a.Household[0].Minor && !a.Household[1].Minor {
			t.Errorf("got %+v, want Ana without her SSN and two relatives, one a minor", a)
		}
		if got := f.number(t, string(a.Opaque)); got != f.ana {
			t.Error("the opaque id leads elsewhere")
		}
		trail, err := o.Store.AuditOf(ctx, ledger.BookNo(f.ana))
		if err != nil || len(trail) != 4 { // enrolled, by old number, by number, by opaque id
			t.Fatalf("got %d entries and %v, want 4", len(trail), err)
		}
		if last := trail[3]; last.Actor != clerk || last.Action != audit.ReadAccount || last.Reason == "" || last.Result != audit.Shown {
			t.Errorf("got %+v", last)
		}
		if _, err := f.registry.Account(ctx, access(t), "no such thing"); fault.KindOf(err) != fault.NotFound {
			t.Errorf("got %v, want not found", err)
		}
		if nobody, _ := o.Store.AuditOf(ctx, 0); len(nobody) != 1 || nobody[0].Result != audit.Nobody {
			t.Errorf("got %+v, want the question that found nobody", nobody)
		}
		if _, err := f.registry.Account(ctx, audit.Access{}, f.ana.Digits()); fault.KindOf(err) != fault.Denied {
			t.Errorf("got %v without an actor, want denied", err)
		}
		if _, err := audit.Prove(o.Store.AuditEntries(ctx)); err != nil {
			t.Error(err)
		}
	})
}

func TestFind_ByNameAndBirthDate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		found, err := f.registry.Find(ctx, access(t), member.Name{Last: "oruiz"}, date("1984-03-09"))
		if err != nil || len(found) != 1 || found[0].Number != f.ana {
			t.Errorf("got %+v and %v, want Ana", found, err)
		}
		if _, err := f.registry.Find(ctx, access(t), member.Name{Last: "oruiz"}, calendar.Date{}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v for a last name alone, want invalid", err)
		}
	})
}

func TestMerge_OldNumbersLeadToTheSurvivorAndBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		order := func(key string) cashier.Order {
			return cashier.Order{Key: ident.Key(key), Actor: clerk, Reason: "one person, enrolled twice"}
		}
		merged, err := o.Cashier.Merge(ctx, order("merge"), ledger.BookNo(f.ben), ledger.BookNo(f.ana))
		if err != nil {
			t.Fatal(err)
		}
		for _, reference := range []string{f.ben.Digits(), "OLD-1"} {
			a, err := f.registry.Account(ctx, access(t), reference)
			if err != nil || a.Number != f.ana || !a.Merged {
				t.Errorf("got %v and %v, want the survivor", a.Number, err)
			}
			if part := f.pay(t, "pay:"+reference, reference, 100); part.Book != ledger.BookNo(f.ana) {
				t.Errorf("the payment by %d characters did not reach the survivor", len(reference))
			}
		}
		if _, err := o.Cashier.Unmerge(ctx, order("undo"), ledger.BookNo(f.ben), merged.ID); err != nil {
			t.Fatal(err)
		}
		if got := f.number(t, "OLD-1"); got != f.ben {
			t.Error("after the wrong merge was undone, the old number does not lead to its first holder")
		}
	})
}

func TestAccount_AnOldNumberOfTwoAccountsIsAmbiguous(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	f := newOffice(t, o)
	alias, err := billpay.ParseAlias("othersystem", "OLD-1")
	if err != nil {
		t.Fatal(err)
	}
	if err := o.Store.SaveMembers(ctx, &enrolment.Writes{Aliases: []enrolment.NewAlias{{Alias: alias, Number: f.ana}}}); err != nil {
		t.Fatal(err)
	}
	_, err = f.registry.Account(ctx, access(t), "OLD-1")
	if !errors.Is(err, registry.ErrAmbiguous) || fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v, want ambiguous", err)
	}
	if part := f.pay(t, "p", "OLD-1", 100); !part.Book.IsOperating() {
		t.Error("money for an ambiguous old number was not put into suspense")
	}
}

func TestVisible_WhoSeesWhatIsOwed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		f.bill(t, "b1", f.leo, chart.Premium, openitem.Ordinary, 10000)
		f.bill(t, "b2", f.leo, chart.Medical, openitem.Ordinary, 3000)
		f.bill(t, "b3", f.leo, chart.Medical, openitem.MinorConsent, 5500)
		part := f.pay(t, "premium", f.leo.Digits(), 10000)
		if part.Book != ledger.BookNo(f.ana) || part.Applied != 10000 || part.About != ledger.BookNo(f.leo) {
			t.Errorf("got %+v, want it applied to the subscriber's item", part)
		}

		sees := func(viewer, subject billpay.Number) (seen []string) {
			items, err := f.registry.Visible(ctx, access(t), viewer, subject)
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range items {
				seen = append(seen, i.Amount.String())
			}
			return seen
		}
		checkSees(t, "the guarantor sees the minor's ordinary care only", sees(f.ana, f.leo), "30.00")
		checkSees(t, "the minor sees all", sees(f.leo, f.leo), "55.00", "30.00")
		checkSees(t, "the other parent has no tie", sees(f.ben, f.leo))
		grant := registry.Grant{To: f.ben, Grant: member.Grant{
			By: f.ana, Scope: member.Pay, Funds: []chart.Fund{chart.Medical}, From: date("2026-11-01"),
		}}
		if err := f.registry.Authorise(ctx, access(t), f.leo, grant); err != nil {
			t.Fatal(err)
		}
		checkSees(t, "an authorised payer sees ordinary items", sees(f.ben, f.leo), "30.00")
		if err := f.registry.Revoke(ctx, access(t), f.leo, f.ben); err != nil {
			t.Fatal(err)
		}
		checkSees(t, "a revoked grant shows nothing", sees(f.ben, f.leo))
		parent := registry.Representation{By: f.ben, Representation: member.Representation{
			Authority: member.ParentOfMinor, From: date("2026-01-01"), Verified: true,
		}}
		if err := f.registry.Represent(ctx, access(t), f.leo, parent); err != nil {
			t.Fatal(err)
		}
		checkSees(t, "a parent with a document sees what the minor did not consent to alone", sees(f.ben, f.leo), "30.00")
	})
}

func checkSees(t *testing.T, situation string, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("%s: got %v, want %v", situation, got, want)
	}
}

func TestExport_CardsAndRosterAreAuditedPerPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := newOffice(t, o)
		var cards, roster bytes.Buffer
		n, err := f.registry.ExportCards(ctx, access(t), &cards, registry.Filter{Region: "valley"})
		if err != nil || n != 3 || !strings.Contains(cards.String(), f.leo.Grouped()) {
			t.Errorf("got %d rows and %v: %s", n, err, cards.String())
		}
		n, err = f.registry.ExportRoster(ctx, access(t), &roster, registry.Filter{Source: "CVEX", CoveredOn: date("2026-11-23")})
		if err != nil || n != 3 || strings.Contains(roster.String(), anaSSN) {
			t.Errorf("got %d rows and %v: %s", n, err, roster.String())
		}
		problems, err := member.ReadRoster(&roster, func(member.Row) error { return nil })
		if err != nil || len(problems) > 0 {
			t.Errorf("the roster does not read: %v, %v", problems, err)
		}
		trail, err := o.Store.AuditOf(ctx, ledger.BookNo(f.leo))
		if err != nil || len(trail) != 4 || trail[2].Action != audit.ExportCards || trail[3].Action != audit.ExportRoster {
			t.Errorf("got %+v and %v, want both exports in the trail", trail, err)
		}
		if n, err := f.registry.ExportCards(ctx, audit.Access{}, io.Discard, registry.Filter{}); n != 0 || fault.KindOf(err) != fault.Denied {
			t.Errorf("got %d rows and %v without an actor", n, err)
		}
	})
}

func TestLogs_ShowNoNumberAndNoSSN(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	f := newOffice(t, o)
	f.bill(t, "b", f.ana, chart.Premium, openitem.Ordinary, 10000)
	a, err := f.registry.Account(ctx, access(t), f.leo.Digits())
	if err != nil {
		t.Fatal(err)
	}
	members, err := o.Store.Members(ctx, []ledger.BookNo{ledger.BookNo(f.ana)})
	if err != nil || members[0].Record.Person.SSN.Reveal() != anaSSN {
		t.Fatalf("got %v and %v, want the sealed SSN to open", members, err)
	}
	a.Funds = nil // items name books, which are ledger numbers and are not logged
	var text bytes.Buffer
	log := slog.New(slog.NewTextHandler(&text, nil))
	log.Info("read", "number", a.Number, "member", fmt.Sprintf("%+v", members[0]), "account", fmt.Sprintf("%+v %#v", a, a.Number))
	_, err = f.registry.Account(ctx, access(t), "9"+f.leo.Digits())
	log.Info("failed", "err", err)
	for name, n := range map[string]string{"Ana's number": f.ana.Digits(), "Leo's number": f.leo.Digits(), "the SSN": anaSSN} {
		if strings.Contains(text.String(), n) {
			t.Errorf("the log shows %s: %s", name, text.String())
		}
	}
}
