package card

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

func TestPayoutLines_PutEveryKindIntoOurWords(t *testing.T) {
	line := func(id, kind, source string, amount, fee int) string {
		return fmt.Sprintf(`{"id":"txn_%s","object":"balance_transaction","type":%q,"amount":%d,"fee":%d,"net":%d,"created":%d,"source":%s}`,
			id, kind, amount, fee, amount-fee, noon.Unix(), source)
	}
	of := func(object, id string) string {
		return fmt.Sprintf(`{"id":%q,"object":%q,"payment_intent":"pi_1","amount":1}`, id, object)
	}
	c, _ := answering(t, status(200, `{"object":"list","url":"/v1/balance_transactions","has_more":false,"data":[`+strings.Join([]string{
		line("self", "payout", `"po_1"`, -9_000, 0), line("1", "charge", of("charge", "ch_1"), 10_000, 320),
		line("2", "refund", of("refund", "re_1"), -500, 0), line("3", "refund_failure", of("refund", "re_1"), 500, 0),
		line("4", "adjustment", of("dispute", "du_1"), -10_000, 1_500), line("5", "adjustment", of("dispute", "du_1"), 10_000, 0),
		line("6", "stripe_fee", "null", -99, 0), line("7", "payout_failure", of("payout", "po_0"), 700, 0),
		line("8", "reserve_transaction", `"rsv_1"`, -5, 0), line("9", "adjustment", "null", 3, 0),
	}, ",")+`]}`))
	got, err := c.PayoutLines(t.Context(), merchant, "po_1")
	if err != nil {
		t.Fatal(err)
	}
	type brief struct {
		kind       checkout.LineKind
		subject    string
		charge     string
		gross, fee money.Cents
	}
	want := []brief{
		{checkout.LineCharge, "", "pi_1", 10_000, 320}, {checkout.LineRefund, "re_1", "pi_1", -500, 0},
		{checkout.LineRefundFailed, "re_1", "pi_1", 500, 0}, {checkout.LineDispute, "du_1", "pi_1", -10_000, 1_500},
		{checkout.LineDisputeWon, "du_1", "pi_1", 10_000, 0}, {checkout.LineFee, "", "", 0, 99},
		{checkout.LinePayoutFailed, "po_0", "", 700, 0}, {checkout.LineOther, "", "", -5, 0}, {checkout.LineOther, "", "", 3, 0},
	}
	var have []brief
	for _, l := range got {
		if l.Gross-l.Fee != l.Net || !l.At.Equal(noon) || l.Charge.ID != "" && l.Charge.Merchant != merchant {
			t.Errorf("line %+v", l)
		}
		have = append(have, brief{l.Kind, l.Subject, l.Charge.ID, l.Gross, l.Fee})
	}
	if !slices.Equal(have, want) {
		t.Errorf("got  %v\nwant %v", have, want)
	}
}

func TestPayouts_AskPageByPageAndSayHowTheyStand(t *testing.T) {
	payout := func(n int, state, reconciled string) string {
		return fmt.Sprintf(`{"id":"po_%d","object":"payout","amount":%d,"arrival_date":%d,"created":%d,"status":%q,"reconciliation_status":%q,
			"failure_code":"account_closed","trace_id":{"status":"supported","value":"tr_%d"}}`,
			n, n, time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC).Unix(), noon.Unix()-int64(n), state, reconciled, n)
	}
	var asked []string
	c, _ := answering(t, func(w http.ResponseWriter, r *http.Request) {
		after := r.URL.Query().Get("starting_after")
		asked = append(asked, after)
		var page []string
		switch after {
		case "":
			for n := range 100 {
				page = append(page, payout(n, "paid", "completed"))
			}
		default:
			page = []string{payout(100, "pending", "in_progress"), payout(101, "failed", "completed")}
		}
		status(200, `{"object":"list","url":"/v1/payouts","has_more":true,"data":[`+strings.Join(page, ",")+`]}`)(w, r)
	})
	got, err := c.Payouts(t.Context(), merchant, noon.Add(-time.Hour))
	if err != nil || len(got) != 102 || !slices.Equal(asked, []string{"", "po_99"}) {
		t.Fatalf("got %d (%v), asked behind %q", len(got), err, asked)
	}
	for at, want := range map[int]checkout.PayoutStatus{0: checkout.PayoutFailed, 1: checkout.PayoutOpen, 2: checkout.PayoutFinal} {
		if p := got[at]; p.Status != want || p.PaidOn != calendar.MustParse("2026-11-25") || p.Trace == "" || p.Net != money.Cents(101-at) {
			t.Errorf("place %d: %+v, want %s", at, p, want)
		}
	}
	if got[0].Reason != "account_closed" || got[2].Reason != "" {
		t.Errorf("the reasons are %q and %q", got[0].Reason, got[2].Reason)
	}
}

func TestDecline_CarriesTheNetworksWords(t *testing.T) {
	c, _ := answering(t, status(402, `{"error":{"type":"card_error","code":"card_declined","decline_code":"insufficient_funds",
		"network_decline_code":"51","network_advice_code":"24","message":"no"}}`))
	got, err := c.Authorise(t.Context(), ref, checkout.Method{Credential: credential, OffSession: true}, "k")
	want := checkout.Decline{Class: checkout.DeclineFunds, Code: "insufficient_funds", Network: "51", Advice: "24"}
	if err != nil || got.Decline != want {
		t.Errorf("got %+v (%v)", got.Decline, err)
	}
}

func TestReadNotice_TellsOfPayoutsAndRenewedCards(t *testing.T) {
	c := newClient(t, "http://127.0.0.1:1", time.Second)
	for body, want := range map[string]checkout.Notice{
		`{"id":"evt_1","object":"event","type":"payout.paid","account":"acct_cvhp","data":{"object":{"id":"po_1"}}}`: {
			ID: "evt_1", Kind: checkout.NoticePayout, Charge: checkout.ChargeRef{Merchant: merchant}, Subject: "po_1",
		},
		`{"id":"evt_2","object":"event","type":"payment_method.automatically_updated","data":{"object":{"id":"pm_1","customer":"cus_1"}}}`: {
			ID: "evt_2", Kind: checkout.NoticeMethod, Subject: credential,
		},
		`{"id":"evt_3","object":"event","type":"payment_method.automatically_updated","data":{"object":{"id":"pm_1","customer":null}}}`: {
			ID: "evt_3", Kind: checkout.NoticeOther,
		},
		`{"id":"evt_4","object":"event","type":"payment_method.automatically_updated","account":"acct_cvhp","data":{"object":{"id":"pm_1","customer":"cus_1"}}}`: {
			ID: "evt_4", Kind: checkout.NoticeOther,
		},
	} {
		got, err := c.ReadNotice(signed(noon, body, testSigning), []byte(body))
		if err != nil || got != want {
			t.Errorf("got %+v (%v), want %+v", got, err, want)
		}
	}
}
