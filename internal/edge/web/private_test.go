package web_test

import (
	"bytes"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store/storetest"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "canary-clerk"}

// Nothing that is on file of a person reaches a page or the log, whatever is asked for.
func TestPages_TellNothingOfAnybody(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	known := seedCanary(t, o)
	var log bytes.Buffer
	opts := options(t, o.Store, o.Clock, slog.New(slog.NewTextHandler(&log, nil)))
	if _, err := o.Store.Entities(t.Context(), []chart.EntityID{"cvhp", "cvmg"}); err != nil {
		t.Fatal(err)
	}
	pages := site(t, opts)
	for _, target := range []string{"/", "/?lang=es", "/healthz", "/readyz", "/nowhere", "/" + known[0], "/?number=" + known[0]} {
		w := httptest.NewRecorder()
		pages.ServeHTTP(w, httptest.NewRequest(http.MethodGet, target, nil))
		body := w.Body.String()
		if target == "/" {
			checkHas(t, body, "$125.00", "$30.00", "At a counter", "No bill pay number was given") // the figures are there
		}
		for _, private := range known {
			if strings.Contains(body, private) || strings.Contains(log.String(), private) {
				t.Errorf("%s tells %q", target, private)
			}
		}
	}
}

// seedCanary puts one person on file wherever a person can be, and gives every
// text by which they would be recognised.
func seedCanary(t *testing.T, o *storetest.Office) []string {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := o.Store.Reserve(t.Context(), issuer.Draw(1))
	if err != nil {
		t.Fatal(err)
	}
	number, opaque := numbers[0], ident.NewOpaque()
	person := &enrolment.Member{Number: number, Opaque: opaque, Version: 1, Standing: enrolment.Standing{Subscriber: number}}
	person.Record.Person = member.Person{
		Name: member.Name{First: "Canaryfirst", Last: "Canarylast"}, BirthDate: calendar.MustParse("1948-03-17"),
		SSN: secret.New("900123456"), RecordNumber: "MRN-CANARY", Phone: "3035550199", Email: "canary@example.org",
	}
	if err := o.Store.SaveMembers(t.Context(), &enrolment.Writes{Edits: []enrolment.Edit{{After: person}}}); err != nil {
		t.Fatal(err)
	}
	order := cashier.Order{Key: "order:canary", Actor: clerk, Reason: "canary-reason"}
	item := openitem.Item{
		Purse: premium, About: ledger.BookNo(number), Text: "canary-visit", Invoice: "INV-CANARY",
		DueOn: calendar.MustParse("2026-12-01"), Amount: 125_00,
	}
	if _, err := o.Cashier.Bill(t.Context(), order, []openitem.Item{item}, false); err != nil {
		t.Fatal(err)
	}
	lost := payment.Instruction{
		Key: "counter:canary", Rail: payment.Counter, Amount: 30_00, Received: calendar.MustParse("2026-11-20"), Actor: clerk, Source: o.Till,
		Parts: []payment.Part{{
			Reference: "canary-reference", Amount: 30_00, Received: premium, Details: suspense.Details{PayerName: "Canarypayer"},
		}},
	}
	if outcomes, err := o.Cashier.Post(t.Context(), []payment.Instruction{lost}, nil); err != nil || outcomes[0].Err != nil {
		t.Fatal(err, outcomes)
	}
	book, err := o.Store.OpenOperatingBook(t.Context(), "file", 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := intake.Kept{
		Book: book, Opaque: ident.NewOpaque(), Name: "from-" + number.Digits() + ".txt", Format: "lockbox", BusinessID: "canary-file",
		Verdict: fault.Accept, ReceivedAt: o.Clock.Now(), Actor: clerk,
	}
	if _, err := o.Store.KeepFile(t.Context(), kept); err != nil {
		t.Fatal(err)
	}
	digits := number.Digits()
	return []string{
		digits, digits[:4] + "-" + digits[4:8] + "-" + digits[8:], digits[:4] + " " + digits[4:8] + " " + digits[8:], string(opaque),
		string(kept.Opaque), string(payment.IDOf(lost.Key)), "Canary", "canary", "CANARY", "1948", "900123456", "3035550199", "303-555-0199",
	}
}
