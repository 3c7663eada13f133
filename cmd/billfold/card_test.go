package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
	"github.com/billfold/billfold/internal/store"
)

// cardOffice is an office of the made-up plan beside a simulated processor.
type cardOffice struct {
	*testing.T
	office    *office
	where     *where
	simulator *processor.Processor
	url       string
	number    billpay.Number
}

func openCardOffice(t *testing.T) *cardOffice {
	t.Helper()
	c := &cardOffice{T: t, where: &where{Data: t.TempDir()}}
	var err error
	if c.simulator, err = processor.Open(processor.Options{Dir: t.TempDir()}); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(c.simulator)
	t.Cleanup(func() { c.simulator.Unplug(); server.Close(); c.simulator.Close() })
	c.url = server.URL
	if err := writeConfig(filepath.Join(c.where.Data, "config")); err != nil {
		t.Fatal(err)
	}
	if c.office, err = openOffice(t.Context(), c.where, clock.System{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.office.store.Close() })
	c.office.plan.Processor.API = c.url
	for kept, value := range map[credential]secret.Text{
		processorKey: c.simulator.SecretKey(), processorSigning: c.simulator.WebhookSecret(),
	} {
		if err := vault.KeepCredential(c.where.keys(), kept.file, value); err != nil {
			t.Fatal(err)
		}
	}
	c.member()
	return c
}

// member opens a billing account.
func (c *cardOffice) member() {
	c.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		c.Fatal(err)
	}
	numbers, err := c.office.store.Reserve(c.Context(), issuer.Draw(1))
	if err != nil {
		c.Fatal(err)
	}
	c.number = numbers[0]
	book := store.NewBook{No: ledger.BookNo(c.number), Kind: "member", Opaque: ident.NewOpaque()}
	if err := c.office.store.OpenBooks(c.Context(), []store.NewBook{book}); err != nil {
		c.Fatal(err)
	}
}

// pay pays 40.00 by a test card.
func (c *cardOffice) pay(number string) checkout.Attempt {
	c.Helper()
	opened, err := c.office.openCards(c.where.keys(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Fatal(err)
	}
	draft := checkout.Draft{
		ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: ident.Actor{Kind: ident.Guest, Name: "web"}, Language: "en",
		Parts: []checkout.Part{{Reference: c.number.Digits(), Fund: chart.Premium, Amount: 4_000}},
	}
	if _, err := opened.desk.Begin(c.Context(), draft); err != nil {
		c.Fatal(err)
	}
	a, err := opened.desk.Pay(c.Context(), draft.ID, c.token(number))
	if err != nil {
		c.Fatal(err)
	}
	return a
}

func (c *cardOffice) token(number string) string {
	c.Helper()
	form := url.Values{
		"type": {"card"}, "card[number]": {number}, "card[exp_month]": {"8"}, "card[exp_year]": {"2059"}, "card[cvc]": {"123"},
	}
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.url+"/v1/payment_methods", strings.NewReader(form.Encode()))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Authorization", "Bearer "+c.simulator.PublishableKey())
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	var made struct{ ID string }
	if err != nil || json.Unmarshal(text, &made) != nil || made.ID == "" {
		c.Fatalf("no token: %s (%v)", text, err)
	}
	return made.ID
}

// says carries a command out and gives what it answers.
func (c *cardOffice) says(code int, args ...string) string {
	c.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--staff", "jlee", "--keys", c.where.keys())
	if got := execute(c.Context(), args, &out, &errs, c.office); got != code {
		c.Errorf("%v ended with %d, want %d: %s", args, got, code, errs.String())
	}
	if digits := c.number.Digits(); strings.Contains(out.String()+errs.String(), digits) {
		c.Errorf("%v shows the number", args)
	}
	return out.String()
}

func TestCard_StaffWorkPaymentsByCard(t *testing.T) {
	c := openCardOffice(t)
	if got := c.says(exitOK, "card", "list"); got != "Nothing waits for staff.\n" {
		t.Errorf("at first: %q", got)
	}
	paid, failing := c.pay("4242424242424242"), c.pay(testcard.Number(testcard.RefundFails))
	var shown cardJSON
	if err := json.Unmarshal([]byte(c.says(exitOK, "card", "show", string(paid.ID), "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.State != checkout.Paid || shown.Taken != 4_000 || shown.Legs[0].Card != "visa ending 4242" || shown.Legs[0].Entity != "cvhp" ||
		shown.Parts[0].Ending != c.number.Digits()[8:] {
		t.Errorf("shown as %+v", shown)
	}
	trail, err := c.office.store.AuditOf(t.Context(), ledger.BookNo(c.number))
	if err != nil || !slices.ContainsFunc(trail, func(e audit.Entry) bool {
		return e.Action == audit.ReadPayment && e.Actor == ident.Actor{Kind: ident.Staff, Name: "jlee"}
	}) {
		t.Errorf("the look is not on the trail: %+v (%v)", trail, err)
	}
	refund := []string{"card", "refund", string(paid.ID), "--amount", "15.00", "--reason", "paid twice", "--key", "k1"}
	for range 2 {
		if got := c.says(exitOK, refund...); !strings.Contains(got, "Refund 1, $15.00: on its way") {
			t.Errorf("the refund: %q", got)
		}
	}
	c.says(exitConflict, "card", "refund", string(paid.ID), "--amount", "26.00", "--reason", "more than is left")
	c.says(exitRefused, "card", "refund", string(paid.ID), "--amount", "0.00", "--reason", "nothing")
	c.says(exitNotFound, "card", "show", string(ident.NewOpaque()))
	c.says(exitRefused, "card", "show", "12")
	c.says(exitOK, "card", "settle")
	if got := c.says(exitOK, "card", "settle", string(paid.ID)); !strings.Contains(got, "paid, $40.00 taken") || !strings.Contains(got, "$15.00 refunded") {
		t.Errorf("settled: %q", got)
	}

	// A refund that comes back waits for staff and is given up.
	c.says(exitOK, "card", "refund", string(failing.ID), "--reason", "moved away")
	c.failRefunds()
	if got := c.says(exitOK, "card", "list"); !strings.Contains(got, "refund 1") || !strings.Contains(got, "failed") {
		t.Errorf("what waits for staff: %q", got)
	}
	if got := c.says(exitOK, "card", "cancel-refund", string(failing.ID), "1", "--reason", "sent by cheque"); !strings.Contains(got, "given up") {
		t.Errorf("given up: %q", got)
	}
	if got := c.says(exitOK, "card", "list", "--json"); got != `{"unclear":[],"refunds":[],"disputes":[]}`+"\n" {
		t.Errorf("in the end: %q", got)
	}
}

// failRefunds has the processor's network fail what it does with a delay, and the
// office hear of it.
func (c *cardOffice) failRefunds() {
	c.Helper()
	heard := make(chan struct{}, 16)
	opened, err := c.office.openCards(c.where.keys(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Fatal(err)
	}
	hook := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n, err := opened.processor.ReadNotice(r.Header, body)
		if err == nil {
			err = opened.desk.Notice(r.Context(), n)
		}
		if err != nil {
			c.Error(err)
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		heard <- struct{}{}
	}))
	defer hook.Close()
	c.simulator.NotifyAt(hook.URL)
	eventually(c.T, "the refund comes back", func() bool {
		c.simulator.Settle(c.Context())
		c.simulator.Notify(c.Context())
		return len(heard) > 0
	})
}

func TestCard_OfAPlanWithoutAProcessor(t *testing.T) {
	c := openCardOffice(t)
	c.office.plan.Processor = nil
	c.says(exitDenied, "card", "list")
}
