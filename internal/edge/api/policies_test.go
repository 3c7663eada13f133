package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// statuses answers by the product's own rules.
type statuses struct{ o *storetest.Office }

func (s statuses) Statuses(ctx context.Context, number billpay.Number, day calendar.Date) ([]warden.Answer, error) {
	return warden.Status(ctx, s.o.Store, rule.Embedded(), number, day)
}

// entry is a policy on an exchange; more is added to it.
func entry(who, id, more string) string {
	return entryWith(who, id, more, `{"rate_cents":60000,"aptc_cents":45000,"stated":true}`)
}

func entryWith(who, id, more, terms string) string {
	if more != "" {
		more = "," + more
	}
	return fmt.Sprintf(`{%s,"source":"exchange-co","source_id":"%s","line":"EXCH_APTC","state":"CO","product":"silver","entry":"new",`+
		`"from":"2026-01-01","received_on":"2025-11-20","terms":%s%s}`, who, id, terms, more)
}

func (s *site) enrol(key, entries string) answer {
	return s.send(request{path: "/api/v1/policies", token: s.live, key: key, body: `{"policies":[` + entries + `]}`})
}

func (a answer) enrolled(t testing.TB) api.PolicyAnswer {
	t.Helper()
	var p api.PolicyAnswer
	if err := json.Unmarshal([]byte(a.body), &p); err != nil || a.status > 299 {
		t.Fatalf("status %d, %q is no answer: %v", a.status, a.body, err)
	}
	return p
}

func (s *site) held(number billpay.Number) []coverage.Held {
	s.t.Helper()
	held, err := s.Store.PoliciesOf(s.t.Context(), []billpay.Number{number})
	if err != nil {
		s.t.Fatal(err)
	}
	return held
}

func TestPolicies_BeginChangeEndCancelAndReinstate(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		who := byAccount(account)
		for i, step := range []struct {
			entry   string
			outcome policy.Outcome
			days    string
			terms   int
		}{
			{entry(byNumber(number), "P-1", ""), policy.Began, "2026-01-01..", 1},
			{entry(who, "P-1", ""), policy.Unchanged, "2026-01-01..", 1},
			{entryWith(who, "P-1", "", `{"from":"2026-05-01","known_on":"2026-04-12","rate_cents":60000,"aptc_cents":40000,"stated":true}`),
				policy.Changed, "2026-01-01..", 2},
			{entryWith(who, "P-1", `"to":"2026-06-30","end_reason":"voluntary"`,
				`{"from":"2026-05-01","known_on":"2026-06-12","rate_cents":60000,"aptc_cents":40000,"stated":true}`),
				policy.Ended, "2026-01-01..2026-06-30", 2},
			{entryWith(who, "P-1", "", `{"from":"2026-05-01","known_on":"2026-07-12","rate_cents":60000,"aptc_cents":40000,"stated":true}`),
				policy.Reinstated, "2026-01-01..", 2},
			{entryWith(who, "P-1", `"to":"2025-12-31"`,
				`{"from":"2026-05-01","known_on":"2026-08-12","rate_cents":60000,"aptc_cents":40000,"stated":true}`),
				policy.Cancelled, "2026-01-01..2025-12-31", 2},
		} {
			got := s.enrol(fmt.Sprint("step-", i), step.entry)
			done := got.enrolled(t)
			if got.status != http.StatusCreated || len(done.Results) != 1 || done.Results[0].Outcome != step.outcome ||
				done.Results[0].Account != string(account) {
				t.Fatalf("step %d: got %d and %s, want %s", i, got.status, got.body, step.outcome)
			}
			held := s.held(number)
			if days := fmt.Sprintf("%s..%s", held[0].From, held[0].To); len(held) != 1 || days != step.days || len(held[0].Terms) != step.terms {
				t.Fatalf("step %d: got %s with %d terms, want %s with %d", i, days, len(held[0].Terms), step.days, step.terms)
			}
		}
		trail, err := o.Store.AuditOf(t.Context(), ledger.BookNo(number))
		if err != nil || len(trail) != 5 || trail[0].Action != audit.Enrol || trail[0].Source != "api" || trail[0].Actor.Kind != "service" {
			t.Errorf("got trail %+v and %v, want the key's five changes", trail, err)
		}
	})
}

func TestPolicies_EveryFieldArrives(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	number, account := s.member()
	employer, _ := s.member()
	medicare := fmt.Sprintf(`{"account":"%s","source":"='cms","source_id":"-P","line":"MAPD","state":"CO","product":"+gold","entry":"takeover",`+
		`"from":"2026-01-01","to":"2026-12-31","end_reason":"moved","received_on":"2025-12-01",
		"terms":{"from":"2026-02-01","known_on":"2026-01-10","product":"gold-2","area":"3","rate_cents":4205,"subsidy_cents":305,
			"lep_months":14,"lis":true,"members":[{"relationship":"self","born":"1950-05-04"},{"relationship":"spouse","born":"1951-06-07","tobacco":true}]},
		"withhold":{"from":"2026-03","to":"2026-11","agency":"SSA","status":"accepted","requested_on":"2026-01-15","decided_on":"2026-02-20"}}`, account)
	cobra := fmt.Sprintf(`{"account":"%s","source":"acme","source_id":"C","line":"COBRA","state":"CO","entry":"new","from":"2026-04-01",
		"received_on":"2026-05-20","terms":{"rate_cents":69804,"employer_cents":100},"continuation":{"event_on":"2026-03-15",
		"loss_on":"2026-03-31","notice_on":"2026-04-10","elected_on":"2026-05-20","months_most":18,"disabled_from":"2027-10"}}`, account)
	group := fmt.Sprintf(`{"account":"%s","source":"acme","source_id":"G","line":"GROUP","state":"CO","group":"%s","entry":"new",
		"from":"2026-01-01","received_on":"2025-12-01","terms":{"rate_cents":62000,"ehb_cents":60000,"stated":true}}`, account, employer.Digits())
	if done := s.enrol("all", medicare+","+cobra+","+group).enrolled(t); done.New != 3 || done.Refused != 0 {
		t.Fatalf("got %+v, want three new", done)
	}
	day, month := calendar.MustParse, calendar.MustParseMonth
	want := []coverage.Held{
		{Policy: coverage.Policy{
			Line: coverage.MAPD, State: "CO", Product: "+gold", Source: "='cms", SourceID: "-P", Entry: coverage.Takeover,
			From: day("2026-01-01"), To: day("2026-12-31"), EndReason: "moved", ReceivedOn: day("2025-12-01"),
			Withhold: []coverage.Withhold{{
				From: month("2026-03"), To: month("2026-11"), Agency: "SSA", Status: coverage.WithholdAccepted,
				RequestedOn: day("2026-01-15"), DecidedOn: day("2026-02-20"),
			}},
		}, Terms: []coverage.Terms{{
			KnownOn: day("2026-01-10"), From: day("2026-02-01"), Product: "gold-2", Area: "3", Rate: 4205, Subsidy: 305,
			LEPMonths: 14, LISFull: true, Members: []coverage.Insured{
				{Born: day("1950-05-04"), Relationship: "self"}, {Born: day("1951-06-07"), Relationship: "spouse", Tobacco: true},
			},
		}}},
		{Policy: coverage.Policy{
			Line: coverage.COBRA, State: "CO", Source: "acme", SourceID: "C", Entry: coverage.NewEnrolment, From: day("2026-04-01"),
			ReceivedOn: day("2026-05-20"), Continuation: &coverage.Continuation{
				EventOn: day("2026-03-15"), LossOn: day("2026-03-31"), NoticeOn: day("2026-04-10"), ElectedOn: day("2026-05-20"),
				MonthsMost: 18, DisabledFrom: month("2027-10"),
			},
		}, Terms: []coverage.Terms{{KnownOn: day("2026-05-20"), From: day("2026-04-01"), Rate: 69804, Employer: 100}}},
		{Policy: coverage.Policy{
			Line: coverage.Group, State: "CO", Source: "acme", SourceID: "G", Group: employer, Entry: coverage.NewEnrolment,
			From: day("2026-01-01"), ReceivedOn: day("2025-12-01"),
		}, Terms: []coverage.Terms{{KnownOn: day("2025-12-01"), From: day("2026-01-01"), Rate: 62000, EHB: 60000, Stated: true}}},
	}
	for i, held := range s.held(number) {
		held.Number, held.No, held.Version = 0, 0, 0
		for n := range held.Terms {
			held.Terms[n].No = 0
		}
		if got, want := fmt.Sprintf("%+v %+v", held, held.Continuation), fmt.Sprintf("%+v %+v", want[i], want[i].Continuation); cut(got) != cut(want) {
			t.Errorf("policy %d: got\n%s, want\n%s", i, cut(got), cut(want))
		}
	}
}

var pointer = regexp.MustCompile(`0x[0-9a-f]+`)

// cut takes addresses of memory out of what is printed.
func cut(text string) string { return pointer.ReplaceAllString(text, "") }

func TestPolicies_AFieldThatIsNotValidRefusesTheBatchWithEachPlace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		who := byAccount(account)
		entries := []string{
			entry(who, "P-0", ""),
			entryWith(who, "P-1", "", `{"from":"2025-06-01","rate_cents":60000}`),
			entry(who+`,"subscriber_id":"S1"`, "P-2", ""),
			entryWith(who, "P-3", "", `{"rate_cents":50000,"ehb_cents":60000}`),
			entry(who, "P-4", `"to":"2025-06-30"`),
			entry(who, "P-5", `"withhold":{"from":"2026-03","agency":"SSA","status":"accepted","decided_on":"2026-01-01"}`),
			entry(who, "P-6", `"continuation":{"event_on":"2026-03-15","loss_on":"2026-03-31","months_most":18}`),
			entry(who, "P-7", `"end_reason":"two\nlines"`),
		}
		p := s.enrol("bad", strings.Join(entries, ",")).problem(t)
		var places []string
		for _, e := range p.Errors {
			places = append(places, e.Location)
		}
		want := []string{
			"body.policies[1].terms.from", "body.policies[2].number", "body.policies[3].terms.ehb_cents", "body.policies[4].to",
			"body.policies[5].withhold.from", "body.policies[6].continuation.event_on", "body.policies[7].end_reason",
		}
		if p.Status != http.StatusUnprocessableEntity || !slices.Equal(places, want) {
			t.Errorf("got %d with %q, want %q", p.Status, places, want)
		}
		if held := s.held(number); len(held) != 0 {
			t.Errorf("got %d policies of a refused batch, want none", len(held))
		}
		// A batch that was refused is no batch: mended, it may come under its key.
		if got := s.enrol("bad", entries[0]); got.status != http.StatusCreated || got.enrolled(t).New != 1 {
			t.Errorf("got %d and %s, want it carried out", got.status, got.body)
		}
	})
}

func TestPolicies_WhoIsNotOnFileIsAnExceptionAndTheOthersStand(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		other, _ := s.member()
		s.enrol("before", entry(byNumber(other), "P-9", ""))
		got := s.enrol("mixed", strings.Join([]string{
			entry(`"number":"314159265352"`, "P-1", ""), entry(byAccount(account), "P-2", ""),
			entry(`"subscriber_id":"S-404"`, "P-3", ""), entry(byAccount(account), "P-9", ""),
			entry(`"alias":"OLD-1","alias_source":"legacy"`, "P-5", ""),
		}, ","))
		done := got.enrolled(t)
		if got.status != http.StatusCreated || done.New != 1 || done.Refused != 4 || len(s.held(number)) != 1 {
			t.Fatalf("got %d and %s, want one of five", got.status, got.body)
		}
		for i, want := range []string{"body.policies[0]", "", "body.policies[2]", "body.policies[3].source_id", "body.policies[4]"} {
			r := done.Results[i]
			if want == "" && (r.Outcome != policy.Began || len(r.Notes) != 0) ||
				want != "" && (r.Outcome != policy.Refused || len(r.Notes) != 1 || r.Notes[0].Location != want || r.Notes[0].Message == "") {
				t.Errorf("entry %d: got %+v, want the place %q", i, r, want)
			}
		}
		if strings.Contains(got.body, "31415926") || strings.Contains(got.body, other.Digits()) {
			t.Errorf("the answer names a number: %s", got.body)
		}
	})
}

func TestPolicies_TheSameKeyGivesTheSameAnswer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		first := s.enrol("k", entry(byAccount(account), "P-1", ""))
		// What came between does not change what became of the first.
		s.enrol("end", entry(byAccount(account), "P-1", `"to":"2026-06-30"`))
		again := s.enrol("k", strings.ReplaceAll(entry(byAccount(account), "P-1", ""), ",", " ,\n"))
		if first.status != http.StatusCreated || again.status != http.StatusOK || again.body != first.body {
			t.Errorf("got %d and %s, want 200 and %s", again.status, again.body, first.body)
		}
		if held := s.held(number); held[0].To.String() != "2026-06-30" {
			t.Errorf("got %+v, want the end to stand", held[0])
		}
		if other := s.enrol("k", entry(byAccount(account), "P-2", "")); other.status != http.StatusConflict || other.problem(t).Type != "/api/v1/problems#conflict" {
			t.Errorf("got %d and %s, want a conflict", other.status, other.body)
		}
		look := s.send(request{method: "GET", path: "/api/v1/policies", token: s.live, key: "k"})
		if look.status != http.StatusOK || look.body != first.body {
			t.Errorf("looked up: got %d and %s, want %s", look.status, look.body, first.body)
		}
		if look := s.send(request{method: "GET", path: "/api/v1/policies", token: s.test, key: "k"}); look.status != http.StatusNotFound {
			t.Errorf("got %d by a sandbox key, want its own batches only", look.status)
		}
	})
}

func TestPolicies_SixteenCallersWithOneKeyCarryOneBatchOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		answers := make([]answer, 16)
		var callers sync.WaitGroup
		for i := range answers {
			callers.Go(func() { answers[i] = s.enrol("one", entry(byAccount(account), "P-1", "")) })
		}
		callers.Wait()
		created := 0
		for _, a := range answers {
			if a.status == http.StatusCreated {
				created++
			}
			if a.body != answers[0].body || a.enrolled(t).New != 1 {
				t.Fatalf("got %s and %s, want one answer", a.body, answers[0].body)
			}
		}
		if held := s.held(number); created != 1 || len(held) != 1 || len(held[0].Terms) != 1 {
			t.Errorf("got %d created and %d policies, want one", created, len(held))
		}
	})
}

func TestPolicies_TryingNumbersIsLimited(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	free := limit.Defaults().Looks.Key.Free
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	var entries []string
	for i, n := range issuer.Draw(free + 10) {
		entries = append(entries, entry(`"number":"`+n.Digits()+`"`, fmt.Sprint("Q-", i), ""))
	}
	number, _ := s.member()
	entries = append(entries, entry(byNumber(number), "Q-own", ""))
	got := s.enrol("guess", strings.Join(entries, ","))
	if got.status != http.StatusTooManyRequests || got.header.Get("Retry-After") == "" || len(s.held(number)) != 0 {
		t.Errorf("got %d and %s, want the batch refused whole", got.status, got.body)
	}
}

func TestPolicies_ScopesAreApart(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	_, account := s.member()
	for _, scope := range apikey.Scopes() {
		_, token := s.key(false, scope)
		enrol := s.send(request{path: "/api/v1/policies", token: token, key: "k-" + string(scope), body: `{"policies":[` + entry(byAccount(account), "P-1", "") + `]}`})
		if (enrol.status < 300) != (scope == apikey.WritePolicies) {
			t.Errorf("%s: got %d for enrolment", scope, enrol.status)
		}
		ask := s.send(request{path: "/api/v1/accounts/coverage", token: token, body: `{` + byAccount(account) + `}`})
		if (ask.status != http.StatusForbidden) != (scope == apikey.ReadCoverage) {
			t.Errorf("%s: got %d for coverage", scope, ask.status)
		}
	}
}
