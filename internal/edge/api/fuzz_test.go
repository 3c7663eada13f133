package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/store/storetest"
)

// Whatever is sent, the answer is a payment or a problem and never our failure,
// and a payment is what was asked for.
func FuzzPay(f *testing.F) {
	s := serve(f, storetest.Open(f, "sqlite"))
	number, account := s.member(1000)
	for _, body := range []string{
		order(500, byNumber(number)), order(500, byAccount(account)), order(500, `"number":"314159265352"`),
		order(500, byNumber(number)+`,"items":["`+string(account)+`:1"]`),
		strings.Replace(order(500, byNumber(number)), "{", `{"received_on":"2026-11-20","language":"es",`, 1),
		`{"amount_cents":1e2,"parts":[{"number":"1","fund":"premium","amount_cents":100.0}],"method":{"type":"sandbox"}}`,
		`{"amount_cents":9223372036854775807,"parts":null,"method":null}`, `[]`, `"\ud800"`, "\xff\xfe", `{"parts":[[[[[[]]]]]]}`,
	} {
		f.Add("kiosk-1", body)
	}
	f.Add("", "{}")
	f.Fuzz(func(t *testing.T, key, body string) {
		if key != "" {
			key = "fuzz-" + string(ident.NewOpaque()) + key
		}
		got := s.sandbox(key, body)
		switch {
		case got.status >= http.StatusInternalServerError:
			t.Fatalf("got %d: %s", got.status, got.body)
		case got.status >= http.StatusBadRequest:
			got.problem(t)
		default:
			var asked api.PaymentOrder
			if err := json.Unmarshal([]byte(body), &asked); err != nil {
				t.Fatalf("paid by what does not read: %v", err)
			}
			p := got.payment(t)
			if p.AmountCents != asked.AmountCents || len(p.Parts) != len(asked.Parts) || p.Status != api.Paid {
				t.Errorf("got %+v for %s", p, body)
			}
		}
	})
}

// Whatever is sent, the answer tells what became of each entry or is a problem,
// and never our failure; sent again it is the same.
func FuzzPolicies(f *testing.F) {
	s := serve(f, storetest.Open(f, "sqlite"))
	number, account := s.member()
	for _, entries := range []string{
		entry(byNumber(number), "P-1", ""), entry(byAccount(account), "P-1", `"to":"2026-06-30","end_reason":"died"`),
		entry(`"number":"314159265352"`, "P-2", "") + "," + entry(`"subscriber_id":"S1"`, "P-3", ""),
		entry(byAccount(account), "P-4", `"withhold":{"from":"2026-03","agency":"SSA","status":"requested"}`),
		entryWith(byAccount(account), "P-5", "", `{"members":[{"relationship":"self","born":"1980-05-04","tobacco":true}]}`),
		strings.ReplaceAll(entry(byAccount(account), "=P", ""), "silver", `'a\"b,\r\nc`), `{}`, `null`, `[[]]`, `"\ud800"`, "\xff",
	} {
		f.Add("batch", entries)
	}
	f.Fuzz(func(t *testing.T, key, entries string) {
		if key != "" {
			key = "fuzz-" + string(ident.NewOpaque()) + key
		}
		got := s.enrol(key, entries)
		switch {
		case got.status >= http.StatusInternalServerError:
			t.Fatalf("got %d: %s", got.status, got.body)
		case got.status >= http.StatusBadRequest:
			got.problem(t)
		default:
			var asked api.PolicyBatch
			if err := json.Unmarshal([]byte(`{"policies":[`+entries+`]}`), &asked); err != nil {
				t.Fatalf("carried out by what does not read: %v", err)
			}
			if done := got.enrolled(t); len(done.Results) != len(asked.Policies) {
				t.Errorf("got %d results for %d entries", len(done.Results), len(asked.Policies))
			}
			if again := s.enrol(key, entries); again.status != http.StatusOK || again.body != got.body {
				t.Errorf("again: got %d and %s, want %s", again.status, again.body, got.body)
			}
		}
	})
}

// Whoever is asked about, the answer is a status or a problem.
func FuzzCoverage(f *testing.F) {
	s := serve(f, storetest.Open(f, "sqlite"))
	number, account := s.member()
	s.enrol("before", entry(byAccount(account), "P-1", ""))
	for _, body := range []string{byNumber(number), byAccount(account) + `,"date":"2026-12-01","language":"es"`, `"number":"OLD"`, `"account":1`, `"x":{}`} {
		f.Add(body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		switch got := s.covered(body); {
		case got.status >= http.StatusInternalServerError:
			t.Fatalf("got %d: %s", got.status, got.body)
		case got.status >= http.StatusBadRequest:
			got.problem(t)
		default:
			if c := got.coverage(t); c.Account != string(account) || c.Status == "" {
				t.Errorf("got %+v", c)
			}
		}
	})
}
