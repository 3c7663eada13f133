package processor_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

func TestKey_DoesItsWorkOnce(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.open(plan, 500, "a1")
	method := b.card(plan, visa)
	first, err := b.confirm(plan, id, method, "k1")
	b.must(err)
	again, err := b.confirm(plan, id, method, "k1")
	b.must(err)
	if string(first.LastResponse.RawJSON) != string(again.LastResponse.RawJSON) {
		t.Errorf("the answers differ:\n%s\n%s", first.LastResponse.RawJSON, again.LastResponse.RawJSON)
	}
	if again.LastResponse.Header.Get("Idempotent-Replayed") != "true" {
		t.Error("the second answer does not say that it is one")
	}
	if got := b.tally("a1", plan); got.Authorised.Count != 1 {
		t.Errorf("books: %+v", got)
	}
}

func TestKey_RemembersADecline(t *testing.T) {
	b := start(t, processor.Options{})
	id, method := b.open(plan, 500, "a1"), b.card(plan, "4000000000009995")
	for range 2 {
		_, err := b.confirm(plan, id, method, "k1")
		if no := refused(t, err); no.DeclineCode != stripe.DeclineCodeInsufficientFunds {
			t.Errorf("got %v", no)
		}
	}
	if got := b.tally("a1", plan); got.Refused.Count != 1 {
		t.Errorf("books: %+v", got)
	}
}

func TestKey_IsForOneRequest(t *testing.T) {
	b := start(t, processor.Options{})
	one, two := b.open(plan, 500, "a1"), b.open(plan, 500, "a2")
	_, err := b.confirm(plan, one, b.card(plan, visa), "k1")
	b.must(err)
	_, err = b.confirm(plan, one, b.card(plan, visa), "k1") // another method
	if no := refused(t, err); no.HTTPStatusCode != http.StatusBadRequest || no.Type != stripe.ErrorTypeIdempotency {
		t.Errorf("other parameters: %d %s", no.HTTPStatusCode, no.Type)
	}
	_, err = b.capture(plan, two, "k1")
	if no := refused(t, err); no.Type != stripe.ErrorTypeIdempotency {
		t.Errorf("another address: %s", no.Type)
	}
	// Accounts have keys of their own.
	id := b.open(pharmacy, 500, "a3")
	_, err = b.confirm(pharmacy, id, b.card(pharmacy, visa), "k1")
	b.must(err)
}

// What was wrong with the request itself is not remembered.
func TestKey_DoesNotRememberAMistake(t *testing.T) {
	b := start(t, processor.Options{})
	id := b.open(plan, 500, "a1")
	_, err := b.capture(plan, id, "k1")
	refused(t, err)
	_, err = b.confirm(plan, id, b.card(plan, visa), "")
	b.must(err)
	_, err = b.capture(plan, id, "k1")
	b.must(err)
}

func TestKey_InUseWhileTheFirstRequestRuns(t *testing.T) {
	b := start(t, processor.Options{})
	id, method := b.open(plan, 500, "a1"), b.card(plan, testcard.Number(testcard.NothingNoAnswer))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		params := &stripe.PaymentIntentConfirmParams{PaymentMethod: &method, ErrorOnRequiresAction: stripe.Bool(true)}
		params.SetStripeAccount(plan)
		params.SetIdempotencyKey("k1")
		_, err := b.api.V1PaymentIntents.Confirm(ctx, id, params)
		ended <- err
	}()
	waitFor(t, func() bool { return b.tally("a1", plan).Unanswered.Count == 1 })
	_, err := b.confirm(plan, id, method, "k1")
	if no := refused(t, err); no.HTTPStatusCode != http.StatusConflict || no.Code != "idempotency_key_in_use" {
		t.Errorf("got %d %s", no.HTTPStatusCode, no.Code)
	}
	cancel()
	if err := <-ended; err == nil {
		t.Error("the answer came")
	}
	if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresPaymentMethod {
		t.Errorf("something was done: %s", i.Status)
	}
}

// waitFor waits until something that runs beside the test has happened.
func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(20 * time.Second); !happened(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("it did not happen")
		}
	}
}

// Both cards hold the money; neither answers.
func TestLostAnswers_AreDone(t *testing.T) {
	b := start(t, processor.Options{})
	for _, behaviour := range []testcard.Behaviour{testcard.AuthorisedNoAnswer, testcard.AuthorisedCut} {
		t.Run(string(behaviour), func(t *testing.T) {
			attempt := string(behaviour)
			id, method := b.open(plan, 500, attempt), b.card(plan, testcard.Number(behaviour))
			ctx, cancel := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() {
				params := &stripe.PaymentIntentConfirmParams{PaymentMethod: &method, ErrorOnRequiresAction: stripe.Bool(true)}
				params.SetStripeAccount(plan)
				params.SetIdempotencyKey(attempt)
				_, err := b.api.V1PaymentIntents.Confirm(ctx, id, params)
				ended <- err
			}()
			waitFor(t, func() bool { return b.tally(attempt, plan).Authorised.Count == 1 })
			if behaviour == testcard.AuthorisedNoAnswer {
				cancel()
			}
			err := <-ended
			cancel()
			if err == nil {
				t.Fatal("the answer came")
			}
			if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresCapture {
				t.Errorf("an enquiry says %s", i.Status)
			}
			if i, err := b.confirm(plan, id, method, attempt); err != nil || i.Status != stripe.PaymentIntentStatusRequiresCapture {
				t.Errorf("the key answers %v", err)
			}
			if got := b.tally(attempt, plan); got.Authorised.Count != 1 {
				t.Errorf("books: %+v", got)
			}
		})
	}
}

func TestPlug_PulledAndPutBack(t *testing.T) {
	b := start(t, processor.Options{})
	id, method := b.open(plan, 500, "a1"), b.card(plan, testcard.Number(testcard.AuthorisedNoAnswer))
	ended := make(chan error)
	go func() {
		_, err := b.confirm(plan, id, method, "k1")
		ended <- err
	}()
	waitFor(t, func() bool { return b.tally("a1", plan).Authorised.Count == 1 })
	if status, _ := b.ask("POST", "/control/unplug", ""); status != 200 {
		t.Fatalf("unplug: %d", status)
	}
	if err := <-ended; err == nil {
		t.Error("what was under way was answered")
	}
	if _, err := b.confirm(plan, id, method, "k1"); err == nil {
		t.Error("an unplugged processor answered")
	}
	if status, _ := b.ask("GET", "/books", ""); status != 200 {
		t.Errorf("the books are closed: %d", status)
	}
	b.ask("POST", "/control/plug", "")
	if i := b.get(plan, id); i.Status != stripe.PaymentIntentStatusRequiresCapture {
		t.Errorf("what was done is %s", i.Status)
	}
}

// The same simulator, stopped and started again, knows everything it said.
func TestRestart_KeepsEverything(t *testing.T) {
	dir := t.TempDir()
	first := start(t, processor.Options{Dir: dir})
	paid := first.paid(plan, visa, 900, "a1")
	held := first.open(plan, 500, "a2")
	method := first.card(plan, visa)
	before, err := first.confirm(plan, held, method, "k1")
	first.must(err)
	_, err = first.refund(plan, paid, 300)
	first.must(err)
	books, secretKey := first.p.Books(), first.p.SecretKey().Reveal()
	if _, err := processor.Open(processor.Options{Dir: dir}); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a second simulator on one folder: %v", err)
	}
	first.must(first.p.Close())

	// A stop in the middle of a line leaves it half; nobody was answered by it.
	journal, err := os.OpenFile(filepath.Join(dir, "journal.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	first.must(err)
	_, err = journal.WriteString(`{"at":"2026-11-23T12:00:00Z","entries":[{"kind":"capt`)
	first.must(err)
	first.must(journal.Close())

	second := start(t, processor.Options{Dir: dir})
	if got := second.p.SecretKey().Reveal(); got != secretKey {
		t.Error("the secret key changed")
	}
	if got := second.p.Books(); *got.Attempts["a1"][plan] != *books.Attempts["a1"][plan] || got.AuthorisationAttempts != books.AuthorisationAttempts {
		t.Errorf("the books changed: %+v", got)
	}
	again, err := second.confirm(plan, held, method, "k1")
	second.must(err)
	if string(again.LastResponse.RawJSON) != string(before.LastResponse.RawJSON) {
		t.Error("a key answers otherwise than before")
	}
	_, err = second.capture(plan, held, "")
	second.must(err)
	_, err = second.refund(plan, paid, 601)
	refused(t, err)
	second.must(second.p.Close())
	third := start(t, processor.Options{Dir: dir})
	if got := third.tally("a2", plan); got.Captured.Count != 1 {
		t.Errorf("what was added behind a half line is lost: %+v", got)
	}
}

func TestRestart_RefusesABrokenJournal(t *testing.T) {
	dir := t.TempDir()
	b := start(t, processor.Options{Dir: dir})
	b.paid(plan, visa, 900, "a1")
	b.must(b.p.Close())
	name := filepath.Join(dir, "journal.jsonl")
	text, err := os.ReadFile(name)
	b.must(err)
	text[10] = 0
	b.must(os.WriteFile(name, text, 0o600))
	if _, err := processor.Open(processor.Options{Dir: dir}); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("got %v, want corrupt", err)
	}
}

// No card number is written anywhere: not by the API, not by the page, not in a
// refusal, and not when it is no test card at all.
func TestCardNumbers_AreNotKept(t *testing.T) {
	dir := t.TempDir()
	var log logged
	b := start(t, processor.Options{Dir: dir, Log: log.logger(), Notify: "http://127.0.0.1:1/"})
	numbers := []string{visa, "5555555555554444", "4000000000009995", testcard.Number(testcard.AuthorisedCut), testcard.Refused(7)}
	for _, number := range numbers {
		b.confirm(plan, b.open(plan, 500, "a"), b.card(plan, number), "k"+number[:1]+number[12:])
	}
	stranger := "4111111111111111"
	b.tryToken(stranger)
	b.ask("POST", "/v1/payment_methods", form("type", "card", "card[number]", stranger, "card[pan]", stranger), "Idempotency-Key", "x")
	b.ask("POST", "/v1/payment_methods", form("type", "card", "card[number]", visa, "card[exp_month]", "8", "card[exp_year]", "29"), "Idempotency-Key", "y")
	page := b.session(plan, "en", "p1")
	b.submit(page, visa)
	b.submit(b.session(plan, "en", "p2"), stranger)
	b.p.Notify(t.Context())
	var all strings.Builder
	all.WriteString(log.String())
	for _, name := range []string{"journal.jsonl", "keys.json"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		b.must(err)
		all.Write(text)
	}
	for _, number := range append(numbers, stranger) {
		if strings.Contains(all.String(), number) {
			t.Errorf("the journal or log holds a number that ends in %s", number[12:])
		}
		if strings.Contains(all.String(), number[:12]) {
			t.Errorf("the journal or log holds the beginning of a number")
		}
	}
	if !strings.Contains(all.String(), `"last4":"4242"`) {
		t.Error("the journal does not hold the last four either; this test looks at the wrong place")
	}
}

// Many at once: each key once, and the books agree with what was answered.
func TestKeys_UnderLoad(t *testing.T) {
	b := start(t, processor.Options{})
	var at sync.WaitGroup
	for i := range 8 {
		at.Go(func() {
			for n := range 5 {
				attempt := "load-" + string(rune('a'+i)) + string(rune('0'+n))
				id, method := b.open(plan, 500, attempt), b.card(plan, testcard.Approved(10*i+n))
				var twice sync.WaitGroup
				for range 3 {
					twice.Go(func() { b.confirm(plan, id, method, attempt) })
				}
				twice.Wait()
				if got := b.tally(attempt, plan); got.Authorised.Count != 1 || got.Held != 500 {
					t.Errorf("%s: %+v", attempt, got)
				}
			}
		})
	}
	at.Wait()
	if got := b.p.Books(); got.DistinctCards != 40 || got.AuthorisationAttempts != 40 {
		t.Errorf("%d cards, %d attempts", got.DistinctCards, got.AuthorisationAttempts)
	}
}
