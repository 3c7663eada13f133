package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

func (s *site) covered(body string) answer {
	return s.send(request{path: "/api/v1/accounts/coverage", token: s.live, body: `{` + body + `}`})
}

func (a answer) coverage(t testing.TB) api.Coverage {
	t.Helper()
	var c api.Coverage
	if err := json.Unmarshal([]byte(a.body), &c); err != nil || a.status != http.StatusOK {
		t.Fatalf("status %d, %q is no answer: %v", a.status, a.body, err)
	}
	return c
}

// goTo moves the clock to noon of a day.
func (s *site) goTo(day string) {
	s.t.Helper()
	s.Clock.Advance(calendar.MustParse(day).Time().Add(12 * time.Hour).Sub(s.Clock.Now()))
}

// bill runs the month's premium on the clock's day.
func (s *site) bill(month string) {
	s.t.Helper()
	monthly := biller.Monthly{
		Store: s.Store, Cashier: s.Cashier, House: storetest.House{Clock: s.Clock}, Rules: rule.Embedded(),
		Terms: biller.Terms{
			RemitTo:   invoice.Address{Name: "Plan", Line1: "PO Box 1", City: "Denver", State: "CO", ZIP: "80202"},
			Proration: premium.FullMonth,
		},
	}
	run := biller.Run{Kind: "premium", Period: calendar.MustParseMonth(month), Day: calendar.In(s.Clock.Now(), time.UTC), Actor: clerk}
	if report, err := monthly.Bill(s.t.Context(), run, false); err != nil || len(report.Problems) > 0 || report.Excepted > 0 {
		s.t.Fatalf("billing %s: %v, %+v", month, err, report)
	}
}

// cash takes money at the counter today.
func (s *site) cash(number billpay.Number, cents money.Cents) {
	s.t.Helper()
	outcomes, err := s.Cashier.Post(s.t.Context(), []payment.Instruction{{
		Key: ident.Key("cash-" + ident.NewOpaque()), Rail: payment.Counter, Actor: clerk, Source: s.Till,
		Received: calendar.In(s.Clock.Now(), time.UTC), Amount: cents,
		Parts: []payment.Part{{Reference: number.Digits(), Amount: cents, Received: storetest.House{}.PurseOf(chart.Premium)}},
	}}, nil)
	if err != nil || outcomes[0].Err != nil {
		s.t.Fatal(err, outcomes[0].Err)
	}
}

// A policy goes from its first payment to an end by its own arrears, and the
// answer says each time what a member must know.
func TestCoverage_SaysWhereAPolicyStandsOnAnyDay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := serve(t, o)
		number, account := s.member()
		s.enrol("new", strings.NewReplacer("2026-01-01", "2027-01-01", "2025-11-20", "2026-11-20").Replace(entry(byAccount(account), "P-1", "")))
		s.goTo("2026-12-10")
		s.bill("2027-01")
		s.cash(number, 15000)
		s.goTo("2027-01-10")
		s.bill("2027-02")
		s.goTo("2027-02-10")
		s.bill("2027-03")
		s.goTo("2027-03-10")
		s.bill("2027-04")
		s.goTo("2027-05-20")
		s.cash(number, 99900)
		for day, want := range map[string]string{
			"2026-12-09": "PENDING_BINDER paid ..  owed 0 by ",
			"2026-12-10": "CURRENT paid ..2027-01-31  owed 0 by ",
			"2027-02-01": "PAST_DUE",
			"2027-02-15": "GRACE_M1 paid ..2027-01-31 2027-02-01..2027-04-30 owed 15000 by 2027-04-30 held from 2027-05-01",
			"2027-03-15": "GRACE_M2 paid ..2027-01-31 2027-02-01..2027-04-30 owed 30000 by 2027-04-30 held from 2027-05-01",
			"2027-05-19": "TERMINATED",
		} {
			c := s.covered(byNumber(number) + `,"date":"` + day + `"`).coverage(t)
			got := fmt.Sprintf("%s paid ..%s %s..%s owed %d by %s held from %s", c.Status, c.PaidThrough, c.GraceBegan, c.GraceEnds, c.Owed, c.PayBy, c.HeldFrom)
			got = strings.ReplaceAll(got, " .. owed", "  owed")
			if c.Account != string(account) || c.Date != day || len(c.Policies) != 1 || c.Words == "" {
				t.Errorf("%s: got %+v", day, c)
			}
			if day == "2027-02-01" && c.Status == "GRACE_M1" {
				continue // on an exchange the grace begins with the first unpaid month
			}
			if !strings.HasPrefix(got, want) {
				t.Errorf("%s: got %q, want %q", day, got, want)
			}
		}
		// What came after the last moment is told with its days.
		late := s.covered(byAccount(account)).coverage(t)
		want := api.HeldMoney{AmountCents: 99900, ReceivedOn: "2027-05-20", DecideBy: "2027-06-04"}
		if late.Status != "TERMINATED" || late.HeldFrom != "2027-05-01" || len(late.Held) != 1 || late.Held[0] != want || late.EndsOn != "2027-02-28" {
			t.Errorf("got %+v, want the late money with %+v", late, want)
		}
		spanish := s.covered(byAccount(account) + `,"language":"es"`).coverage(t)
		if !strings.HasPrefix(late.Words, "No. Your coverage ended") || !strings.HasPrefix(spanish.Words, "No. Su cobertura terminó") {
			t.Errorf("got %q and %q", late.Words, spanish.Words)
		}
		trail, err := o.Store.AuditOf(t.Context(), ledger.BookNo(number))
		if err != nil {
			t.Fatal(err)
		}
		asked := 0
		for _, e := range trail {
			if e.Action == audit.ReadCoverage && e.Result == audit.Shown && e.Actor.Kind == "service" {
				asked++
			}
		}
		if asked != 8 {
			t.Errorf("the trail has %d looks at coverage, want 8", asked)
		}
	})
}

func TestCoverage_NumbersThatNameNobodyAreNotedAndLimited(t *testing.T) {
	s := serve(t, storetest.Open(t, "sqlite"))
	statuses := map[int]int{}
	for range 12 {
		got := s.covered(`"number":"314159265352"`)
		statuses[got.status]++
		got.problem(t)
		if strings.Contains(got.body, "314159") {
			t.Fatalf("the answer repeats the number: %s", got.body)
		}
	}
	if statuses[http.StatusNotFound] == 0 || statuses[http.StatusTooManyRequests] == 0 || len(statuses) != 2 {
		t.Errorf("got %v, want some told and the others limited", statuses)
	}
	trail, err := s.Store.AuditOf(t.Context(), 0)
	if err != nil || len(trail) != statuses[http.StatusNotFound] || trail[0].Action != audit.ReadCoverage || trail[0].Result != audit.Nobody {
		t.Errorf("got %+v and %v, want each look that was answered", trail, err)
	}
	if strings.Contains(s.log.String(), "314159265352") {
		t.Error("the log holds the number")
	}
}
