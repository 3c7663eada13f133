package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// answers carries a command out that nobody in particular gives.
func (c *cardOffice) answers(code int, args ...string) string {
	c.Helper()
	var out, errs bytes.Buffer
	args = append(args, "--keys", c.where.keys())
	if got := execute(c.Context(), args, &out, &errs, c.office); got != code {
		c.Errorf("%v ended with %d, want %d: %s", args, got, code, errs.String())
	}
	if digits := c.number.Digits(); strings.Contains(out.String()+errs.String(), digits) {
		c.Errorf("%v shows the number", args)
	}
	return out.String()
}

func TestCard_StaffWorkSettlementsAndDisputes(t *testing.T) {
	c := openCardOffice(t)
	paid, refunded := c.pay("4242424242424242"), c.pay(testcard.Number(testcard.Approve))
	c.says(exitOK, "card", "refund", string(refunded.ID), "--amount", "15.00", "--reason", "paid twice")
	merchant := paid.Legs[0].Merchant
	made, err := c.simulator.PayOut(merchant, calendar.Date{})
	if err != nil {
		t.Fatal(err)
	}
	payout := made["id"].(string)
	if got := c.answers(exitOK, "card", "payouts", "fetch"); got != "1 settlement reports were new\n" {
		t.Errorf("fetched: %q", got)
	}
	var shown payoutJSON
	if err := json.Unmarshal([]byte(c.answers(exitOK, "card", "payouts", "show", merchant, payout, "--json")), &shown); err != nil {
		t.Fatal(err)
	}
	if shown.Net != 4_000+4_000-1_500-2*146 || shown.Fees != 292 || shown.Entity != "cvhp" || len(shown.Lines) != 3 || shown.Problem != "" {
		t.Errorf("shown as %+v", shown)
	}
	if got := c.answers(exitOK, "card", "payouts", "list"); !strings.Contains(got, payout) || strings.Contains(got, "Not known") {
		t.Errorf("listed as %q", got)
	}
	c.answers(exitNotFound, "card", "payouts", "show", merchant, "po_other")
	c.answers(exitRefused, "card", "payouts", "list", "--from", "soon")

	// The bank takes back all that its network says is there, of which we refunded some.
	dispute := c.dispute(refunded, "fraudulent")
	if got := c.answers(exitOK, "card", "disputes"); !strings.Contains(got, "later") || !strings.Contains(got, dispute) {
		t.Errorf("disputes: %q", got)
	}
	c.says(exitRefused, "card", "evidence", string(refunded.ID), dispute, "--say", "account "+c.number.Digits())
	if got := c.says(exitOK, "card", "evidence", string(refunded.ID), dispute, "--say", "Paid on our page."); !strings.Contains(got, "was sent") {
		t.Errorf("evidence: %q", got)
	}
	c.says(exitConflict, "card", "evidence", string(refunded.ID), dispute, "--say", "Once more.")
	c.says(exitConflict, "card", "write-off", string(refunded.ID), dispute, "--reason", "nothing is over")
}

// dispute opens one at the network and has the office hear of it.
func (c *cardOffice) dispute(a checkout.Attempt, reason string) string {
	c.Helper()
	made, err := c.simulator.Dispute(a.Legs[0].Charge.ID, "", reason)
	if err != nil {
		c.Fatal(err)
	}
	opened, err := c.office.openCards(c.where.keys(), nil, slog.New(slog.DiscardHandler))
	if err != nil {
		c.Fatal(err)
	}
	id := made["id"].(string)
	n := checkout.Notice{Kind: checkout.NoticeDispute, Charge: a.Legs[0].Charge, Subject: id}
	if err := opened.desk.Notice(c.Context(), n); err != nil {
		c.Fatal(err)
	}
	return id
}

// What was over is written off by two people, with the words that the command says.
func TestCard_AnExcessIsWrittenOffByTwo(t *testing.T) {
	c := openCardOffice(t)
	a := c.pay("4242424242424242")
	dispute := c.dispute(a, "fraudulent")
	got, err := c.office.store.DisputesOf(t.Context(), a.ID)
	if err != nil || len(got) != 1 {
		t.Fatal(got, err)
	}
	got[0].Excess = 700 // as if the bank had taken more than was left
	if err := c.office.store.SaveDispute(t.Context(), &got[0]); err != nil {
		t.Fatal(err)
	}
	if said := c.answers(exitOK, "card", "disputes"); !strings.Contains(said, "beyond what was left:        $7.00") {
		t.Errorf("disputes: %q", said)
	}
	off := []string{"card", "write-off", string(a.ID), dispute, "--reason", "the bank took all"}
	if said := c.says(exitOK, off...); !strings.Contains(said, "$7.00 waits for a second person") {
		t.Errorf("asked: %q", said)
	}
	desk := approval.New(c.office.store, c.office.clock)
	open, err := desk.Open(t.Context())
	if err != nil || len(open) != 1 || open[0].Kind != approval.WriteOff {
		t.Fatal(open, err)
	}
	if _, err := desk.Decide(t.Context(), open[0].ID, ident.Actor{Kind: ident.Staff, Name: "mdiaz"}, true, "seen"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if said := c.says(exitOK, off...); !strings.Contains(said, "$7.00 is written off") {
			t.Errorf("agreed: %q", said)
		}
	}
	if said := c.answers(exitOK, "card", "disputes", "--json"); !strings.Contains(said, `"excess":[]`) {
		t.Errorf("afterwards: %q", said)
	}
}

func TestCard_ACallerIsGivenALink(t *testing.T) {
	c := openCardOffice(t)
	link := []string{"card", "link", c.number.Digits(), "--amount", "150.00", "--json"}
	c.says(exitRefused, append(link, "--site", "ftp://plan.example.org")...)
	c.says(exitRefused, "card", "link", "123", "--amount", "150.00", "--site", "https://plan.example.org")
	var made struct {
		ID   ident.Opaque `json:"card_payment"`
		Link string       `json:"link"`
	}
	if err := json.Unmarshal([]byte(c.says(exitOK, append(link, "--site", "https://plan.example.org/")...)), &made); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(made.Link)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	page, err := io.ReadAll(answer.Body)
	if err != nil || !strings.Contains(string(page), "150.00") {
		t.Errorf("the link shows %s (%v)", page, err)
	}
	if said := c.says(exitOK, "card", "show", string(made.ID)); !strings.Contains(said, "ready") {
		t.Errorf("shown as %q", said)
	}
}
