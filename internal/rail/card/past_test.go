package card

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/office/checkout"
)

// listed are so many events of refunds, the newest first, as the processor lists them.
func listed(from, to int) string {
	var all []string
	for n := from; n < to; n++ {
		all = append(all, fmt.Sprintf(`{"id":"evt_%d","object":"event","type":"refund.created","created":%d,"livemode":false,
			"data":{"object":{"id":"re_%d","object":"refund","payment_intent":"pi_%d"}}}`, n, noon.Unix()-int64(n), n, n))
	}
	return `{"object":"list","url":"/v1/events","has_more":true,"data":[` + strings.Join(all, ",") + `]}`
}

func TestPastNotices_AsksPageByPageAndGivesTheOldestFirst(t *testing.T) {
	var asked []string
	c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		asked = append(asked, q.Get("starting_after"))
		if r.Header.Get("Stripe-Account") != merchant || q.Get("created[gte]") != fmt.Sprint(noon.Unix()-500) || q.Get("limit") != "100" {
			t.Errorf("asked %s of %s", r.URL.RawQuery, r.Header.Get("Stripe-Account"))
		}
		body := listed(0, 100)
		if len(asked) == 2 {
			body = listed(100, 130)
		}
		status(200, body)(w, r)
	})
	got, err := c.PastNotices(t.Context(), merchant, noon.Add(-500*time.Second))
	if err != nil || len(got) != 130 || !slices.Equal(asked, []string{"", "evt_99"}) {
		t.Fatalf("got %d (%v), asked behind %q", len(got), err, asked)
	}
	want := checkout.Notice{
		ID: "evt_129", Kind: checkout.NoticeRefund, Charge: checkout.ChargeRef{Merchant: merchant, ID: "pi_129"}, Subject: "re_129",
		At: noon.Add(-129 * time.Second).UTC(),
	}
	if got[0] != want || got[129].ID != "evt_0" {
		t.Errorf("the first is %+v", got[0])
	}
}

// What is not ours to act on, or does not read, is left out.
func TestPastNotices_LeavesOut(t *testing.T) {
	c, _ := answering(t, status(200, `{"object":"list","url":"/v1/events","has_more":false,"data":[
		{"id":"evt_1","object":"event","type":"refund.created","created":1,"livemode":true,"data":{"object":{"id":"re_1"}}},
		{"id":"evt_2","object":"event","type":"refund.created","created":1,"data":{"object":{"id":7}}},
		{"id":"evt_3","object":"event","type":"customer.created","created":1,"data":{"object":{"id":"cus_1"}}},
		{"id":"evt_4","object":"event","type":"charge.dispute.created","created":1,"data":{"object":{"id":"dp_1","payment_intent":"pi_1"}}}]}`))
	got, err := c.PastNotices(t.Context(), merchant, noon)
	if err != nil || len(got) != 1 || got[0].Kind != checkout.NoticeDispute || got[0].Charge != ref {
		t.Errorf("got %+v (%v)", got, err)
	}
}
