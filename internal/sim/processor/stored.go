package processor

import (
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// createSetup stores a card with a customer for charges without its holder: the
// issuer is asked while he is there, and may decline.
func (t *turn) createSetup(_ string, in *form) (shape, *refusal) {
	owner, with := in.required("customer"), in.required("payment_method")
	in.choice("usage", "off_session")
	cardsOnly(in)
	metadata := in.metadata("metadata")
	in.expansion("payment_method")
	if !in.flag("confirm") {
		in.fail(badRequest("parameter_invalid", "confirm", "The simulator knows confirm=true only."))
	}
	if no := in.done(); no != nil {
		return nil, no
	}
	c, no := t.ownCustomer(owner)
	if no != nil {
		return nil, no
	}
	m, no := t.ownMethod(with, "payment_method")
	if no != nil {
		return nil, no
	}
	if no := usable(m, ""); no != nil {
		return nil, no
	}
	s := shape{
		"id": newID("seti"), "object": "setup_intent", "created": t.now.Unix(), "customer": c.ID, "livemode": false,
		"metadata": metadataOf(metadata), "payment_method_types": []string{"card"}, "usage": "off_session",
	}
	outcome := m.Behaviour.Outcome()
	if outcome.AtAttach {
		t.enter(Entry{Kind: VerifyRefused, Card: m.Card.Fingerprint, Code: outcome.Decline})
		return nil, refusedCard(declineOf(outcome.Decline), nil, m)
	}
	t.enter(Entry{Kind: Verified, Card: m.Card.Fingerprint})
	if m.Behaviour == testcard.NeedsAuthentication {
		s["status"], s["payment_method"] = "requires_action", t.showMethod(m)
		return s, nil
	}
	m = t.changeMethod(m)
	m.Customer = c.ID
	s["status"], s["payment_method"] = "succeeded", t.showMethod(m)
	return s, nil
}

// cardJSON is a card that its issuer replaced: another date, the same holder.
type cardJSON struct {
	Method string `json:"payment_method"`
	Month  int    `json:"exp_month"`
	Year   int    `json:"exp_year"`
}

func (p *Processor) controlCard(r *http.Request) (any, error) {
	wish, err := read[cardJSON](r)
	if err != nil {
		return nil, err
	}
	return p.ReplaceCard(wish.Method, wish.Month, wish.Year)
}

// ReplaceCard is an issuer who tells the networks of a card's new date, of which
// the processor hears.
func (p *Processor) ReplaceCard(method string, month, year int) (map[string]any, error) {
	return p.manual(func(t *turn) (shape, error) {
		m := t.methods[method]
		switch {
		case m == nil:
			return nil, fault.New(fault.NotFound, "processor.ReplaceCard", "there is no payment method %s", method)
		case m.Customer == "":
			return nil, fault.New(fault.Conflict, "processor.ReplaceCard", "payment method %s is not stored", method)
		case month < 1 || month > 12 || year < 2000:
			return nil, fault.New(fault.Invalid, "processor.ReplaceCard", "a card needs a month and a year")
		}
		t.account = m.Account
		m = t.changeMethod(m)
		m.Card.Month, m.Card.Year = month, year
		t.emit("payment_method.automatically_updated", t.showMethod(m))
		return t.showMethod(m), nil
	})
}

// networkWords are a network's own response code and its advice on trying again.
func networkWords(declineCode string) (code, advice string) {
	words := networkCodes[declineCode]
	return words[0], words[1]
}

var networkCodes = map[string][2]string{
	"stolen_card": {"43", "03"}, "lost_card": {"41", "03"}, "expired_card": {"54", "01"}, "incorrect_cvc": {"82", "01"},
	"incorrect_number": {"14", "01"}, "insufficient_funds": {"51", "02"}, "card_velocity_exceeded": {"65", "02"},
	"processing_error": {"96", ""}, "issuer_not_available": {"91", "24"}, "do_not_honor": {"05", ""},
	"generic_decline": {"05", ""}, "revocation_of_authorization": {"R1", "21"}, "authentication_required": {"1A", ""},
}
