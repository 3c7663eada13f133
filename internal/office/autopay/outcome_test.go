package autopay_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/store/storetest"
)

// onItsWay is a mandate whose debit of 100.00 for 2026-12-01 waits for the file.
func (h *house) onItsWay(member int) mandate.Mandate {
	h.t.Helper()
	g := h.wish(member)
	g.Expected = 100_00
	m := h.give(g)
	h.bill(member, "2026-12-01", 100_00)
	return m
}

func TestBounced_DoesWhatTheCodeSays(t *testing.T) {
	cases := []struct {
		consent clearing.Consequence
		reason  mandate.Reason
		state   mandate.State
		method  mandate.MethodState
		letter  bool
	}{
		{clearing.Nothing, "", mandate.Active, mandate.MethodActive, false},
		{clearing.StopMethod, mandate.BadAccount, mandate.Ended, mandate.MethodDead, true},
		{clearing.CancelMandate, mandate.Revoked, mandate.Cancelled, mandate.MethodActive, true},
		{clearing.CancelMandate, mandate.NotAuthorised, mandate.Ended, mandate.MethodActive, true},
		{clearing.HoldMandate, mandate.StopPayment, mandate.Paused, mandate.MethodActive, true},
	}
	each(t, len(cases), func(t *testing.T, h *house) {
		var mandates []mandate.Mandate
		for i := range cases {
			mandates = append(mandates, h.onItsWay(i))
		}
		h.run("2026-11-30")
		for i, tc := range cases {
			b := clearing.Bounce{
				Key: ident.Key(fmt.Sprintf("return:%d", i)), Entry: h.entries(i)[0], Code: "R99", Consent: tc.consent, Reason: tc.reason, Actor: nightly,
			}
			for range 2 { // the same word may come again
				if err := h.desk.Bounced(t.Context(), b); err != nil {
					t.Fatal(err)
				}
			}
			m := h.now(mandates[i])
			method, err := h.Store.Method(t.Context(), m.Book, m.Method)
			if err != nil || m.State != tc.state || m.Reason != tc.reason || method.State != tc.method {
				t.Errorf("%s %s: got %s %s, method %s (%v)", tc.consent, tc.reason, m.State, m.Reason, method.State, err)
			}
			if got := h.states(m); got != "2026-12-01 100.00 returned" {
				t.Errorf("%s: got %s", tc.consent, got)
			}
		}
		h.run("2026-12-01")
		letters := storetest.Rows(t, h.Office, "notice")
		if got := strings.Count(letters, string(notice.AutopayStopped)); got != 4 {
			t.Errorf("%d letters of stops, want 4", got)
		}
	})
}

// A debit that was never agreed to must not be followed by the next one.
func TestBounced_TakesBackWhatIsOnItsWay(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.onItsWay(0)
		h.run("2026-11-30")
		first := h.entries(0)[0]
		h.pay(0, 100_00)
		h.bill(0, "2026-12-04", 100_00)
		h.run("2026-12-03")
		if e := h.entries(0); len(e) != 2 {
			t.Fatalf("got %d entries", len(e))
		}
		b := clearing.Bounce{Key: "return:1", Entry: first, Code: "R10", Consent: clearing.CancelMandate, Reason: mandate.NotAuthorised, Actor: nightly}
		if err := h.desk.Bounced(t.Context(), b); err != nil {
			t.Fatal(err)
		}
		if got := h.states(m); got != "2026-12-04 100.00 dropped, 2026-12-01 100.00 returned" {
			t.Errorf("got %s", got)
		}
		for _, e := range h.entries(0) {
			if e.ID != first.ID && e.State != clearing.Cancelled {
				t.Errorf("the next debit is %s", e.State)
			}
		}
	})
}

func TestGive_InsteadStopsWhatIsOnItsWay(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.onItsWay(0)
		h.run("2026-11-30")
		g := h.wish(0)
		g.Replace, g.Expected = true, 100_00
		fresh, err := mandate.ParseBankAccount("121042882", "5550001111", "savings", "Reader Ruiz", false)
		if err != nil {
			t.Fatal(err)
		}
		g.Account = &fresh
		done, err := h.desk.Give(t.Context(), g)
		if err != nil || len(done.Withdrawn) != 1 {
			t.Fatalf("got %+v and %v", done, err)
		}
		h.run("2026-12-01")
		if got := h.states(m) + "; " + h.states(done.Mandate); got != "2026-12-01 100.00 dropped; 2026-12-01 100.00 ordered" {
			t.Errorf("got %s", got)
		}
		live := 0
		for _, e := range h.entries(0) {
			if e.State == clearing.Ready {
				live++
			}
		}
		if live != 1 {
			t.Errorf("%d debits go out, want the one on the new account", live)
		}
	})
}

func TestConsents_ChangeAtTheBanksWord(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.give(h.wish(0))
		fresh, err := mandate.ParseBankAccount("121042882", "5550001111", "savings", "Reader Ruiz", false)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := h.desk.Corrected(t.Context(), m.Book, m.Method, fresh, "change:1", "C07"); err != nil {
				t.Fatal(err)
			}
			if err := h.desk.Validated(t.Context(), m.Book, m.Method, mandate.ByPrenote, day("2026-11-27"), "valid:1"); err != nil {
				t.Fatal(err)
			}
		}
		got, err := h.Store.Method(t.Context(), m.Book, m.Method)
		if err != nil || got.Account != fresh || got.Validation != mandate.ByPrenote || got.ValidatedOn != day("2026-11-27") || got.Version != 3 {
			t.Errorf("got %+v and %v", got, err)
		}
		events, err := h.Store.EventsOf(t.Context(), m.Book, m.Method)
		if err != nil || len(events) != 3 {
			t.Errorf("%d events and %v", len(events), err)
		}
	})
}

func TestReseal_OpensWhatStandsUnderOldKeys(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.give(h.wish(0))
		if err := h.Vault.Rotate(); err != nil {
			t.Fatal(err)
		}
		n, err := h.Store.Reseal(t.Context(), h.Vault.NeedsReseal, nil)
		if err != nil || n < 2 {
			t.Fatalf("%d values sealed anew, %v", n, err)
		}
		if again, err := h.Store.Reseal(t.Context(), h.Vault.NeedsReseal, nil); err != nil || again != 0 {
			t.Errorf("%d values are still under the old key (%v)", again, err)
		}
		account, err := h.desk.Account(t.Context(), m.Book, m.Method)
		if err != nil || account.Number.Reveal() != "987654321012" || h.now(m).Consent.Evidence.Recording != "calls/17" {
			t.Errorf("got %v and %v", account, err)
		}
	})
}

func (h *house) single(member int) autopay.Single {
	return autopay.Single{
		Key: h.key(), Access: h.access, Book: h.book(member), Account: *h.account(), Fund: chart.Premium, Amount: 45_00, Channel: mandate.Phone,
		Language: "es", Evidence: mandate.Evidence{Name: "Reader Ruiz", Authenticated: "code", Recording: "calls/18"},
	}
}

func TestOneTime_OnceForItsKey(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		s := h.single(0)
		first, err := h.desk.OneTime(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		again, err := h.desk.OneTime(t.Context(), s)
		if err != nil || again.ID != first.ID || len(h.entries(0)) != 1 {
			t.Errorf("the same order again: %+v and %v", again, err)
		}
		if first.SEC != clearing.TEL || first.Recurring || first.State != clearing.Ready || first.CreditOn != day("2026-11-23") || first.SettleOn != day("2026-11-24") {
			t.Errorf("got %+v", first)
		}
		consent := h.now(mandate.Mandate{Book: h.book(0), ID: first.Mandate})
		if consent.State.Live() || consent.Consent.Wording != "phone-once-1" || consent.Consent.Language != "es" || consent.KeepUntil != day("2028-11-23") {
			t.Errorf("the consent is kept as %+v", consent)
		}
		other := s
		other.Account.Number = secret.New("111122223333")
		_, err = h.desk.OneTime(t.Context(), other)
		checkKind(t, err, fault.Conflict)
		paper := h.single(0)
		paper.Channel = mandate.Paper
		_, err = h.desk.OneTime(t.Context(), paper)
		checkKind(t, err, fault.Invalid)
	})
}

func TestOneTime_OnTheWebWaitsForItsAccount(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		s := h.single(0)
		s.Channel = mandate.Web
		held, err := h.desk.OneTime(t.Context(), s)
		if err != nil || held.State != clearing.Held || held.Why != clearing.NotValidated {
			t.Fatalf("got %+v and %v", held, err)
		}
		if err := h.desk.Validated(t.Context(), held.Book, held.Method, mandate.ByService, day("2026-11-23"), "valid:1"); err != nil {
			t.Fatal(err)
		}
		second := h.single(0)
		second.Channel = mandate.Web
		if next, err := h.desk.OneTime(t.Context(), second); err != nil || next.State != clearing.Ready {
			t.Errorf("an account that this payer had validated is held: %+v and %v", next, err)
		}
	})
}

func TestRun_HoldsTheFirstWebDebitOfAnAccount(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		g := h.wish(0)
		g.Channel, g.Expected = mandate.Web, 100_00
		h.give(g)
		h.bill(0, "2026-12-01", 100_00)
		h.run("2026-11-29")
		report := h.run("2026-11-30")
		if e := h.entries(0); len(e) != 1 || e[0].State != clearing.Held || report.Ordered.Held != 1 {
			t.Errorf("got %+v, %+v", e, report.Ordered)
		}
	})
}

// register stands for the checkout desk: it answers each try as it was told to.
type register struct {
	desk    *autopay.Desk
	answers map[int]checkout.Outcome // by the number of the try
	pulls   []checkout.Pull
	limit   bool
}

func (r *register) PullStored(_ context.Context, p checkout.Pull) (checkout.Attempt, error) {
	if r.limit {
		return checkout.Attempt{}, fault.New(fault.Limit, "", "not today")
	}
	r.pulls = append(r.pulls, p)
	return checkout.Attempt{}, nil
}

func (r *register) OutcomeOf(context.Context, *checkout.Attempt) (checkout.Outcome, error) {
	p := r.pulls[len(r.pulls)-1]
	o := r.answers[len(r.pulls)]
	o.Series, o.DueOn, o.No, o.Key = p.Series, p.DueOn, len(r.pulls), p.Key
	return o, nil
}

func (h *house) card(member int) mandate.Mandate {
	g := h.wish(member)
	g.Account, g.Card, g.Expected = nil, &mandate.StoredCard{
		Merchant: "acct_1", Token: secret.New("pm_card_1"), Brand: "visa", Last4: "4242", Expires: calendar.MustParseMonth("2026-12"),
	}, 100_00
	return h.give(g)
}

func (h *house) pull(r *register, date string) autopay.CardTally {
	h.t.Helper()
	tally, err := h.desk.PullCards(h.ctx(), day(date), nightly, r)
	if err != nil {
		h.t.Fatal(err)
	}
	return tally
}

func TestPullCards_TriesAgainOnTheDayThatItIsTold(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.card(0)
		h.bill(0, "2026-11-29", 100_00) // a Sunday
		h.run("2026-11-29")
		short := checkout.Outcome{Result: checkout.PullDeclined, Decline: checkout.Decline{Class: checkout.DeclineFunds, Code: "51"},
			Again: checkout.Again{On: day("2026-12-01")}}
		r := &register{desk: h.desk, answers: map[int]checkout.Outcome{1: short, 2: {Result: checkout.PullTaken}}}
		if tally := h.pull(r, "2026-11-29"); tally.Declined != 1 {
			t.Errorf("got %+v", tally)
		}
		h.pull(r, "2026-11-29")
		h.pull(r, "2026-11-30")
		if len(r.pulls) != 1 {
			t.Fatalf("%d tries before the day that was told", len(r.pulls))
		}
		r.limit = true
		if tally := h.pull(r, "2026-12-01"); tally.Waiting != 1 {
			t.Errorf("got %+v", tally)
		}
		r.limit = false
		if tally := h.pull(r, "2026-12-02"); tally.Paid != 1 || tally.PaidCents != 100_00 {
			t.Errorf("got %+v", tally)
		}
		if r.pulls[0].Key == r.pulls[1].Key || r.pulls[1].CreditOn != day("2026-11-29") || r.pulls[0].Parts[0].Amount != 100_00 {
			t.Errorf("got %+v", r.pulls)
		}
		if got := h.states(m); got != "2026-11-29 100.00 paid" {
			t.Errorf("got %s", got)
		}
		letters := storetest.Rows(t, h.Office, "notice")
		if strings.Count(letters, string(notice.CardExpiring)) != 1 || strings.Count(letters, string(notice.AutopayStarted)) != 1 {
			t.Errorf("the card's expiry and the copy of the consent are told once each: %s", letters)
		}
	})
}

func TestPullCards_AnUnknownAnswerKeepsItsKey(t *testing.T) {
	each(t, 1, func(t *testing.T, h *house) {
		m := h.card(0)
		h.bill(0, "2026-11-23", 100_00)
		h.run("2026-11-23")
		r := &register{desk: h.desk, answers: map[int]checkout.Outcome{2: {Result: checkout.PullTaken}}}
		h.pull(r, "2026-11-23")
		cancelled, err := h.desk.Cancel(t.Context(), h.order(m))
		if err != nil || len(cancelled.Withdrawn) != 0 {
			t.Errorf("a try that is not known yet was taken back: %+v, %v", cancelled, err)
		}
		h.pull(r, "2026-11-23")
		if r.pulls[0].Key != r.pulls[1].Key {
			t.Errorf("asked under %s and %s", r.pulls[0].Key, r.pulls[1].Key)
		}
		if got := h.states(m); got != "2026-11-23 100.00 paid" {
			t.Errorf("got %s", got)
		}
	})
}

func TestPulled_StopsWhatTheIssuerForbids(t *testing.T) {
	for name, tc := range map[string]struct {
		again  checkout.Again
		state  mandate.State
		reason mandate.Reason
		method mandate.MethodState
	}{
		"never again": {checkout.Again{Stop: true}, mandate.Ended, mandate.CardDeclined, mandate.MethodDead},
		"revoked":     {checkout.Again{Cancel: true, Stop: true}, mandate.Cancelled, mandate.Revoked, mandate.MethodActive},
		"new data":    {checkout.Again{NewData: true}, mandate.Paused, mandate.CardData, mandate.MethodActive},
		"used up":     {checkout.Again{Used: true}, mandate.Active, "", mandate.MethodActive},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, 1, func(t *testing.T, h *house) {
				m := h.card(0)
				h.bill(0, "2026-11-23", 100_00)
				h.run("2026-11-23")
				r := &register{desk: h.desk, answers: map[int]checkout.Outcome{1: {
					Result: checkout.PullDeclined, Decline: checkout.Decline{Class: checkout.DeclineHard, Code: "04"}, Again: tc.again,
				}}}
				h.pull(r, "2026-11-23")
				now := h.now(m)
				method, err := h.Store.Method(t.Context(), m.Book, m.Method)
				if err != nil || now.State != tc.state || now.Reason != tc.reason || method.State != tc.method {
					t.Errorf("got %s %s, card %s (%v)", now.State, now.Reason, method.State, err)
				}
				if got := h.states(m); got != "2026-11-23 100.00 failed" {
					t.Errorf("got %s", got)
				}
				if tc.reason == mandate.CardData {
					fresh := checkout.Card{Brand: "visa", Last4: "1881", ExpiryMonth: 3, ExpiryYear: 2030}
					if err := h.desk.CardRenewed(t.Context(), secret.New("pm_card_1"), fresh); err != nil {
						t.Fatal(err)
					}
					got, err := h.Store.Method(t.Context(), m.Book, m.Method)
					if err != nil || got.Card.Last4 != "1881" || got.Card.Expires != calendar.MustParseMonth("2030-03") {
						t.Errorf("got %+v and %v", got.Card, err)
					}
				}
			})
		})
	}
}

const brought = "source,source_id,number,routing,account,account_kind,holder,purpose,cap,day,last_amount,begins_on,channel,given_on,language,wording," +
	"text_sha256,name,authenticated,recording,document\n"

func (h *house) line(member int, id string) string {
	return fmt.Sprintf("oldsys,%s,%s,021000021,987654321012,checking,Reader Ruiz,premium,500,day:5,100.00,2026-11-01,phone,2025-03-04,en,old-3,%s,Reader Ruiz,,rec/%s,\n",
		id, h.numbers[member].Digits(), strings.Repeat("ab", 32), id)
}

func TestImport_WholeOrNotAtAll(t *testing.T) {
	each(t, 3, func(t *testing.T, h *house) {
		ctx := t.Context()
		open := func(text string) func() io.Reader { return func() io.Reader { return strings.NewReader(text) } }
		good := brought + h.line(0, "1") + h.line(1, "2")
		if problems, err := h.desk.Prove(ctx, open(good)); err != nil || len(problems) > 0 {
			t.Fatal(problems, err)
		}
		for range 2 {
			report, err := h.desk.Import(ctx, h.access, open(good))
			if err != nil || report.Verdict != fault.Accept || report.Kept+report.Before != 2 {
				t.Fatalf("got %+v and %v", report, err)
			}
		}
		m, err := h.Store.Mandates(ctx, h.book(0))
		if err != nil || len(m) != 1 || m[0].Class != mandate.TEL || m[0].Consent.Channel != mandate.Import || m[0].Consent.GivenBy != mandate.Phone ||
			m[0].Consent.Evidence.Recording != "rec/1" || m[0].Last != 100_00 || m[0].Cap != 500_00 {
			t.Errorf("got %+v and %v", m, err)
		}
		if rows := storetest.Rows(t, h.Office, "payment_method"); strings.Contains(rows, "987654321012") {
			t.Error("a number stands in clear")
		}
		for name, tc := range map[string]struct{ text, field string }{
			"another mandate is live": {brought + h.line(0, "9"), "number"},
			"nobody":                  {brought + strings.Replace(h.line(2, "3"), h.numbers[2].Digits(), "1000000000", 1), "number"},
			"the same account twice":  {brought + h.line(2, "3") + h.line(2, "4"), "number"},
			"no evidence":             {brought + strings.Replace(h.line(2, "3"), "rec/3", "", 1), "recording"},
			"a wrong check digit":     {brought + strings.Replace(h.line(2, "3"), "021000021", "021000022", 1), "account"},
			"to come":                 {brought + strings.Replace(h.line(2, "3"), "2025-03-04", "2027-03-04", 1), "given_on"},
		} {
			report, err := h.desk.Import(ctx, h.access, open(tc.text))
			if err != nil || report.Verdict == fault.Accept || len(report.Problems) == 0 || report.Kept != 0 {
				t.Errorf("%s: got %+v and %v", name, report, err)
				continue
			}
			if p := report.Problems[0]; p.Line == 0 || p.Field != tc.field || strings.Contains(p.Message, "987654321012") {
				t.Errorf("%s: got %+v", name, p)
			}
		}
		if m, err := h.Store.Mandates(ctx, h.book(2)); err != nil || len(m) != 0 {
			t.Errorf("a refused file left %d mandates (%v)", len(m), err)
		}
		// What was brought along goes on here.
		h.bill(0, "2026-12-01", 100_00)
		h.run("2026-12-04")
		if got := h.states(m0(h)); got != "2026-12-05 100.00 ordered" {
			t.Errorf("got %s", got)
		}
	})
}

func m0(h *house) mandate.Mandate {
	all, err := h.Store.Mandates(h.ctx(), h.book(0))
	if err != nil || len(all) == 0 {
		h.t.Fatal("no mandate", err)
	}
	return all[0]
}
