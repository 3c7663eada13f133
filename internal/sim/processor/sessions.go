package processor

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/money"
)

// How long Stripe lets a hosted page stand.
const (
	sessionMin     = 30 * time.Minute
	sessionMax     = 24 * time.Hour
	sessionDefault = sessionMax
)

func (t *turn) createSession(_ string, in *form) (shape, *refusal) {
	in.required("mode")
	in.choice("mode", "payment")
	cardsOnly(in)
	amount, title := lines(in)
	if in.required("payment_intent_data[capture_method]") != "manual" {
		in.fail(badRequest("parameter_invalid", "payment_intent_data[capture_method]", "The simulator knows capture_method manual only."))
	}
	c := &session{
		ID: newID("cs_test"), Account: t.account, Title: title, Amount: amount, Status: sessionOpen,
		IntentMetadata: in.metadata("payment_intent_data[metadata]"), Metadata: in.metadata("metadata"),
		Reference: in.text("client_reference_id"), Locale: in.text("locale"),
		Success: webAddress(in, "success_url"), Back: webAddress(in, "cancel_url"),
		Created: t.now.Unix(), ExpiresAt: t.expiry(in),
	}
	in.ignore("submit_type", "billing_address_collection", "payment_intent_data[description]")
	if no := in.done(); no != nil {
		return nil, no
	}
	c.URL = t.base + "/c/pay/" + c.ID
	return t.showSession(t.changeSession(c), nil), nil
}

// lines adds up what is paid for, and names the first of it.
func lines(in *form) (total money.Cents, title string) {
	for i := 0; ; i++ {
		line := fmt.Sprintf("line_items[%d]", i)
		if len(in.keysUnder(line)) == 0 {
			break
		}
		if in.required(line+"[price_data][currency]") != "usd" {
			in.fail(badRequest("parameter_invalid", line, "The simulator knows usd only."))
		}
		name := in.required(line + "[price_data][product_data][name]")
		if i == 0 {
			title = name
		}
		in.required(line + "[price_data][unit_amount]")
		in.required(line + "[quantity]")
		each, count := in.cents(line+"[price_data][unit_amount]"), in.number(line+"[quantity]")
		if count < 1 || count > 1000 {
			in.fail(badRequest("parameter_invalid_integer", line+"[quantity]", "The quantity must be from 1 to 1000."))
			break
		}
		total += each * money.Cents(count)
	}
	checkAmount(in, total, "line_items")
	if total > amountMax {
		in.fail(badRequest("amount_too_large", "line_items", "The total amount must be no more than $999,999.99"))
	}
	return total, title
}

var plainHost = regexp.MustCompile(`^[A-Za-z0-9.:\[\]-]+$`)

// webAddress reads where a browser is sent. The host is held to plain characters
// because the page's content security policy names it.
func webAddress(in *form, name string) string {
	value := in.required(name)
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || !plainHost.MatchString(u.Host) {
		in.fail(badRequest("url_invalid", name, "Not a valid URL: %s", name))
	}
	return value
}

func (t *turn) expiry(in *form) int64 {
	ends := in.number("expires_at")
	if ends == 0 {
		return t.now.Add(sessionDefault).Unix()
	}
	if ends < t.now.Add(sessionMin).Unix() || ends > t.now.Add(sessionMax).Unix() {
		in.fail(badRequest("parameter_invalid", "expires_at", "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."))
	}
	return ends
}

func (t *turn) getSession(id string, in *form) (shape, *refusal) {
	expand := in.expansion("payment_intent")
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.ownSession(id)
	if no != nil {
		return nil, no
	}
	return t.showSession(c, expand), nil
}

func (t *turn) expireSession(id string, in *form) (shape, *refusal) {
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.ownSession(id)
	if no != nil {
		return nil, no
	}
	if c.Status != sessionOpen {
		return nil, badRequest("", "", "Only Checkout Sessions with a status in [\"open\"] can be expired. This Checkout Session has a status of %s.", c.Status)
	}
	return t.showSession(t.expire(c), nil), nil
}

// expire ends a page that was not used, and what was begun on it.
func (t *turn) expire(c *session) *session {
	c = t.changeSession(c)
	c.Status = sessionExpired
	if i := t.intent(c.Intent); i != nil && i.Status == needsMethod {
		t.cancel(i, "automatic")
	}
	t.emit("checkout.session.expired", t.showSession(c, nil))
	return c
}

// pay charges a card that was entered on a page. It gives the page as it stands
// then, nothing at all when no issuer was reached, or the decline.
func (t *turn) pay(c *session, typed typedCard) (*session, *refusal) {
	m, no := t.token(typed)
	if no != nil {
		return nil, no
	}
	i := t.intent(c.Intent)
	if i == nil {
		i = t.newIntent(c.Amount, "", c.IntentMetadata)
	}
	c = t.changeSession(c)
	c.Intent = i.ID
	if i, no = t.authorise(i, m); no != nil || i == nil {
		return nil, no
	}
	c.Status = sessionComplete
	t.emit("checkout.session.completed", t.showSession(c, nil))
	return c, nil
}

// doneURL is where the browser goes when the card was entered.
func (c *session) doneURL() string {
	return strings.ReplaceAll(c.Success, "{CHECKOUT_SESSION_ID}", c.ID)
}
