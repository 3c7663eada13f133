package api_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

// valley is a plan of one region.
type valley struct{}

func (valley) RegionAt(_, _ string) region.ID { return "" }

func (valley) Region(id region.ID) (region.Pack, bool) {
	return region.Pack{ID: id, Zone: time.UTC}, true
}

// enrolled enrols Ana Rivera of ZIP 80302 and gives her number.
func enrolled(t *testing.T, o *storetest.Office) billpay.Number {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	access, err := audit.By(clerk, "enrolment", "test")
	if err != nil {
		t.Fatal(err)
	}
	row := enrolment.Row{Line: 1, Record: "row 1", Change: member.Change{
		Kind: member.Add, Relationship: member.Self, AsOf: calendar.MustParse("2026-11-23"),
		Identity: member.Identity{Source: "CVEX", SubscriberID: "S1"},
		Person: member.Person{
			Name: member.Name{First: "Ana", Last: "Rivera"}, BirthDate: calendar.MustParse("1984-03-09"), Sex: "F", Region: "valley",
			Residence: member.Address{Line1: "1 Mesa Dr", City: "Boulder", State: "CO", ZIP: "80302"},
		},
		Coverages: []member.CoverageChange{{Line: "direct", Plan: "Silver", From: calendar.MustParse("2026-01-01")}},
	}}
	report, err := enrolment.New(o.Store, valley{}, issuer, o.Clock).Import(t.Context(), access, enrolment.File{
		Open: func() io.Reader { return bytes.NewReader(nil) },
		Read: func(_ io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) { return nil, each(row) },
	})
	if err != nil || report.Added != 1 {
		t.Fatalf("got %+v and %v, want one member", report, err)
	}
	books, err := o.Store.ListMembers(t.Context(), registry.Filter{}, 0, 2)
	if err != nil || len(books) != 1 {
		t.Fatal(books, err)
	}
	return billpay.Number(books[0])
}

func serveMatch(t *testing.T, o *storetest.Office) *site {
	t.Helper()
	found := registry.New(o.Store, valley{}, o.Clock)
	found.HoldMisses(func(context.Context, time.Time) {})
	return serve(t, o, func(options *api.Options) { options.Registry = found })
}

func (s *site) match(number, fact string) answer {
	return s.send(request{
		path: "/api/v1/accounts/match", token: s.live, body: fmt.Sprintf(`{"number":%q,"fact":%q}`, number, fact),
	})
}

var requestID = regexp.MustCompile(`"request_id":"[0-9a-z]{26}"`)

func TestMatch_GivesTheAccountForNumberAndFactAndOneAnswerOtherwise(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serveMatch(t, o)
		number := enrolled(t, o)
		account, err := o.Store.OpaqueOf(t.Context(), ledger.BookNo(number))
		if err != nil {
			t.Fatal(err)
		}
		for _, fact := range []string{"80302", "80302-1234", "rivera", " RIVERA "} {
			if got := s.match(number.Grouped(), fact); got.status != http.StatusOK || got.body != `{"account":"`+string(account)+`"}`+"\n" {
				t.Errorf("%q: got %d and %s, want the account alone", fact, got.status, got.body)
			}
		}
		var want string
		for what, got := range map[string]answer{
			"a wrong fact": s.match(number.Digits(), "80303"), "an unknown number": s.match("314159265352", "80302"),
			"both wrong": s.match("314159265352", "Smith"), "an old number that nobody has": s.match("OLD-77", "80302"),
		} {
			body := requestID.ReplaceAllString(got.body, "")
			if want == "" {
				want = body
			}
			if p := got.problem(t); got.status != http.StatusNotFound || p.Type != "/api/v1/problems#not-found" || body != want {
				t.Errorf("%s: got %d and %s, want one answer for all", what, got.status, got.body)
			}
		}
		trail, err := o.Store.AuditOf(t.Context(), ledger.BookNo(number))
		if err != nil || len(trail) == 0 {
			t.Fatal(trail, err)
		}
		if e := trail[len(trail)-1]; e.Action != audit.MatchGuest || e.Source != "api" || e.Actor.Kind != "service" {
			t.Errorf("got %+v, want the key's match", e)
		}
	})
}

func TestMatch_GuessesAreLimited(t *testing.T) {
	s := serveMatch(t, storetest.Open(t, "sqlite"))
	number := enrolled(t, s.Office)
	refused := 0
	for i := range 12 {
		got := s.match(number.Digits(), fmt.Sprint("9000", i%10))
		switch got.status {
		case http.StatusNotFound:
		case http.StatusTooManyRequests:
			refused++
			if got.header.Get("Retry-After") == "" || got.problem(t).Type != "/api/v1/problems#limit" {
				t.Errorf("got %v and %s, want a time to wait", got.header, got.body)
			}
		default:
			t.Fatalf("got %d and %s", got.status, got.body)
		}
	}
	if free := limit.Defaults().Looks.Number.Free; refused != 12-free {
		t.Errorf("%d guesses were refused, want all after %d", refused, free)
	}
}

func TestMatch_RefusesWhatCanBeNoNumberOrFact(t *testing.T) {
	s := serveMatch(t, storetest.Open(t, "sqlite"))
	for what, got := range map[string]answer{
		"no number": s.match(" - ", "80302"), "no fact": s.match("314159265352", "-"), "an empty fact": s.match("314159265352", ""),
		"no body": s.send(request{path: "/api/v1/accounts/match", token: s.live}),
	} {
		if got.status != http.StatusUnprocessableEntity && got.status != http.StatusBadRequest {
			t.Errorf("%s: got %d and %s, want it refused", what, got.status, got.body)
		}
		got.problem(t)
	}
}
