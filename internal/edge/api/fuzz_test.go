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
