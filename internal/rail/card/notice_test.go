package card

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stripe/stripe-go/v84/webhook"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/checkout"
)

// signed is the header under which a body was signed at a time.
func signed(at time.Time, body, with string) http.Header {
	signature := hex.EncodeToString(webhook.ComputeSignature(at, []byte(body), with))
	return http.Header{signatureHeader: {fmt.Sprintf("t=%d,v1=%s,v0=00", at.Unix(), signature)}}
}

const aNotice = `{"id":"evt_1","object":"event","type":"payment_intent.succeeded","account":"acct_cvhp","livemode":false,
	"data":{"object":{"id":"pi_1","object":"payment_intent","metadata":{"attempt":"0123456789abcdefghjkmnpqrs","leg":"2"}}}}`

func TestReadNotice_TakesOnlyWhatIsSignedNow(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", time.Second)
	good := signed(noon, aNotice, testSigning).Get(signatureHeader)
	_, v1, _ := strings.Cut(good, ",")
	stale := signed(noon.Add(-noticeAge-time.Second), aNotice, testSigning).Get(signatureHeader)
	_, oldV1, _ := strings.Cut(stale, ",")
	for _, tc := range []struct {
		situation, header, body string
		ok                      bool
	}{
		{"signed now", good, aNotice, true},
		{"signed with the old secret too", strings.Replace(good, ",v1=", ",v1=00ff,v1=", 1), aNotice, true},
		{"signed a little before", signed(noon.Add(-noticeAge), aNotice, testSigning).Get(signatureHeader), aNotice, true},
		{"signed long before", stale, aNotice, false},
		{"signed in the future", signed(noon.Add(noticeAge+time.Second), aNotice, testSigning).Get(signatureHeader), aNotice, false},
		{"an old signature under a new time", fmt.Sprintf("t=%d,%s", noon.Unix(), oldV1), aNotice, false},
		{"two times", fmt.Sprintf("t=%d,%s", noon.Unix(), good), aNotice, false},
		{"another body", good, aNotice + " ", false},
		{"another secret", signed(noon, aNotice, "whsec_other").Get(signatureHeader), aNotice, false},
		{"no signature", fmt.Sprintf("t=%d", noon.Unix()), aNotice, false},
		{"no time", v1, aNotice, false},
		{"a time that is none", "t=now," + v1, aNotice, false},
		{"another scheme", strings.ReplaceAll(good, "v1=", "v0="), aNotice, false},
		{"nothing", "", aNotice, false},
	} {
		got, err := c.ReadNotice(http.Header{signatureHeader: {tc.header}}, []byte(tc.body))
		if !tc.ok {
			if fault.KindOf(err) != fault.Denied || got != (checkout.Notice{}) {
				t.Errorf("%s: got %+v and %v", tc.situation, got, err)
			}
			continue
		}
		want := checkout.Notice{ID: "evt_1", Kind: checkout.NoticeCharge, Charge: ref, Attempt: "0123456789abcdefghjkmnpqrs", Leg: 2}
		if err != nil || got != want {
			t.Errorf("%s: got %+v and %v", tc.situation, got, err)
		}
	}
}

func TestReadNotice_SaysWhatItIsAbout(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", time.Second)
	charge := checkout.ChargeRef{Merchant: merchant, ID: "pi_1"}
	for _, tc := range []struct {
		kind, object, rest string
		want               checkout.Notice
	}{
		{"payment_intent.amount_capturable_updated", `{"id":"pi_1"}`, "", checkout.Notice{Kind: checkout.NoticeCharge, Charge: charge}},
		{"payment_intent.payment_failed", `{"id":"pi_1","metadata":{}}`, "", checkout.Notice{Kind: checkout.NoticeCharge, Charge: charge}},
		{"payment_intent.canceled", `{"id":"pi_1","metadata":{"attempt":"x","leg":"1"}}`, "", checkout.Notice{Kind: checkout.NoticeCharge, Charge: charge}},
		{"charge.refunded", `{"id":"ch_1","payment_intent":"pi_1"}`, "", checkout.Notice{Kind: checkout.NoticeCharge, Charge: charge}},
		{"charge.refunded", `{"id":"ch_1","payment_intent":null}`, "", checkout.Notice{Kind: checkout.NoticeOther}},
		{"charge.refund.updated", `{"id":"re_1","payment_intent":"pi_1"}`, "", checkout.Notice{Kind: checkout.NoticeRefund, Subject: "re_1", Charge: charge}},
		{"refund.failed", `{"id":"re_1","payment_intent":{"id":"pi_1"}}`, "", checkout.Notice{Kind: checkout.NoticeRefund, Subject: "re_1", Charge: charge}},
		{"charge.dispute.created", `{"id":"dp_1","payment_intent":"pi_1"}`, "", checkout.Notice{Kind: checkout.NoticeDispute, Subject: "dp_1", Charge: charge}},
		{"checkout.session.completed", `{"id":"cs_1","payment_intent":"pi_1"}`, "", checkout.Notice{Kind: checkout.NoticePage, Subject: "acct_cvhp/cs_1", Charge: charge}},
		{"checkout.session.expired", `{"id":"cs_1","payment_intent":null}`, "", checkout.Notice{Kind: checkout.NoticePage, Subject: "acct_cvhp/cs_1"}},
		{"customer.created", `{"id":"cus_1"}`, "", checkout.Notice{Kind: checkout.NoticeOther}},
		{"balance.available", `[]`, "", checkout.Notice{Kind: checkout.NoticeOther}},
		// The platform's own account is no entity's.
		{"payment_intent.succeeded", `{"id":"pi_1"}`, `"account":null,`, checkout.Notice{Kind: checkout.NoticeOther}},
		// The other sort of money comes to the same address.
		{"payment_intent.succeeded", `{"id":"pi_1"}`, `"livemode":true,`, checkout.Notice{Kind: checkout.NoticeOther}},
	} {
		// Of two keys the last counts.
		body := fmt.Sprintf(`{"account":"acct_cvhp",%s"id":"evt_1","object":"event","type":%q,"data":{"object":%s}}`, tc.rest, tc.kind, tc.object)
		if tc.rest == `"account":null,` {
			body = strings.Replace(body, `"account":"acct_cvhp",`, "", 1)
		}
		got, err := c.ReadNotice(signed(noon, body, testSigning), []byte(body))
		tc.want.ID = "evt_1"
		if err != nil || got != tc.want {
			t.Errorf("%s: got %+v and %v, want %+v", tc.kind, got, err, tc.want)
		}
	}
	for _, body := range []string{"", "{", `{"id":"evt_1","object":"v2.core.event"}`, `{"object":"event"}`,
		`{"id":"evt_1","object":"event","account":"a","type":"payment_intent.succeeded","data":{"object":7}}`} {
		if _, err := c.ReadNotice(signed(noon, body, testSigning), []byte(body)); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: got %v", body, err)
		}
	}
}

// Whatever is signed is read without a panic, and names a charge only with the
// account that it is on.
func FuzzReadNotice(f *testing.F) {
	f.Add(aNotice, "", true)
	f.Add(aNotice, "t=1,v1=00", false)
	f.Add(`{"id":"e","object":"event","account":"a","type":"charge.dispute.created","data":{"object":{"id":"d","payment_intent":{"id":"p"}}}}`, "", true)
	c := newClient(f, "http://127.0.0.1:1", time.Second)
	f.Fuzz(func(t *testing.T, body, header string, sign bool) {
		h := http.Header{signatureHeader: {header}}
		if sign {
			h = signed(noon, body, testSigning)
		}
		n, err := c.ReadNotice(h, []byte(body))
		if err != nil {
			if kind := fault.KindOf(err); n != (checkout.Notice{}) || kind != fault.Denied && kind != fault.Invalid {
				t.Fatalf("got %+v and %v", n, err)
			}
			return
		}
		if n.ID == "" || n.Kind == "" || (n.Charge.ID != "") != (n.Charge.Merchant != "") {
			t.Fatalf("got %+v", n)
		}
		if n.Kind == checkout.NoticeCharge && n.Charge.ID == "" {
			t.Fatalf("a notice of no charge: %+v", n)
		}
	})
}
