package coverage

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Difference is one fact of a policy that its source states otherwise than our
// file. Nothing is done about it by itself. Its texts hold dates and amounts, and
// nothing that tells who somebody is.
type Difference struct {
	Field  string        // "from", "to", "status", "product", "premium", "tax_credit", "subsidy", "employer", "responsible"
	From   calendar.Date // from when on, of what depends on the day
	Stated string        // by the source
	OnFile string
	Note   string // both in words
}

// CompareAudit holds what an audit file says of a policy against our file of it:
// its days, whether it is in force by its payment status, and on each day from which
// amounts are stated the premium and who owes how much of it. What the audit leaves
// out says nothing, but for the end: no end means none. A source that states the end
// which the payment status made agrees with us.
func CompareAudit(h *Held, said *Enrolled) []Difference {
	a := &auditing{h: h}
	p := &said.Policy
	if !p.From.IsZero() && p.From != h.From {
		a.differ("from", calendar.Date{}, p.From.String(), h.From.String())
	}
	a.ends(p)
	for _, t := range said.Terms {
		a.terms(&t)
	}
	return a.found
}

// auditing is the comparison of one policy.
type auditing struct {
	h     *Held
	found []Difference
}

func (a *auditing) differ(field string, from calendar.Date, stated, onFile string) {
	d := Difference{Field: field, From: from, Stated: stated, OnFile: onFile}
	switch {
	case field == "product": // an id of a plan may be told, and says nothing to a reader
		d.Note = fmt.Sprintf("from %s the plan is another than on file", from)
	case from.IsZero():
		d.Note = fmt.Sprintf("stated %s, on file %s", stated, onFile)
	default:
		d.Note = fmt.Sprintf("from %s stated %s, on file %s", from, stated, onFile)
	}
	a.found = append(a.found, d)
}

// ends compares the last day as the source knows it, and as the payment status made it.
func (a *auditing) ends(p *Policy) {
	h := a.h
	ended := !h.EndsOn.IsZero() && (h.To.IsZero() || h.EndsOn.Before(h.To))
	switch {
	case ended && (p.To == h.EndsOn || h.EndsOn.Before(h.From) && !p.To.IsZero() && !p.To.After(p.From)):
	case ended && (p.To.IsZero() || p.To.After(h.EndsOn)):
		stated := "in force"
		if !p.To.IsZero() {
			stated = "in force through " + p.To.String()
		}
		a.differ("status", calendar.Date{}, stated, "ended on "+h.EndsOn.String()+" by its payment status")
	case p.To != h.To:
		a.differ("to", calendar.Date{}, orNone(p.To), orNone(h.Effective().To))
	}
}

func (a *auditing) terms(t *Terms) {
	ours, ok := a.h.On(t.From)
	if !ok {
		if t.Stated {
			a.differ("premium", t.From, t.Rate.String(), "no premium")
		}
		return
	}
	if product := a.h.ProductIn(ours); t.Product != "" && product != "" && t.Product != product {
		a.differ("product", t.From, t.Product, product)
	}
	if !t.Stated {
		return
	}
	for _, amount := range []struct {
		field        string
		stated, ours money.Cents
	}{
		{"premium", t.Rate, ours.Rate}, {"tax_credit", t.APTC, ours.APTC}, {"subsidy", t.Subsidy, ours.Subsidy},
		{"employer", t.Employer, ours.Employer}, {"responsible", t.responsible(), ours.responsible()},
	} {
		if amount.stated != amount.ours {
			a.differ(amount.field, t.From, amount.stated.String(), amount.ours.String())
		}
	}
}

func orNone(d calendar.Date) string {
	if d.IsZero() {
		return "none"
	}
	return d.String()
}

// responsible is what is left of the rate for the member.
func (t *Terms) responsible() money.Cents { return max(0, t.Rate-t.APTC-t.Employer-t.Subsidy) }

// ProductIn gives the plan's id while terms of the policy are in force.
func (h *Held) ProductIn(t Terms) string {
	if t.Product != "" {
		return t.Product
	}
	return h.Product
}

// SameTerms reports whether two stretches of terms cost the same and cover the same
// persons, whenever they began and became known.
func SameTerms(a, b Terms) bool {
	members := slices.Equal(a.Members, b.Members)
	for _, t := range []*Terms{&a, &b} {
		t.No, t.KnownOn, t.From, t.Cause, t.Members = 0, calendar.Date{}, calendar.Date{}, "", nil
	}
	return members && reflect.DeepEqual(a, b)
}
