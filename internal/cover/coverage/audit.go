package coverage

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Difference is one fact of a policy that its source states otherwise than our
// file. Nothing is done about it by itself. Note holds dates and amounts, and
// nothing that tells who somebody is.
type Difference struct {
	Field string // "from", "to", "product", "premium", "tax_credit", "subsidy", "employer", "responsible"
	Note  string
}

// CompareAudit holds what an audit file says of a policy against our file of it:
// its days, and on each day from which amounts are stated the premium and who owes
// how much of it. What the audit leaves out says nothing, but for the end: no end
// means none.
func CompareAudit(h *Held, said *Enrolled) []Difference {
	var found []Difference
	differ := func(field, format string, args ...any) {
		found = append(found, Difference{field, fmt.Sprintf(format, args...)})
	}
	p := &said.Policy
	if !p.From.IsZero() && p.From != h.From {
		differ("from", "stated %s, on file %s", p.From, h.From)
	}
	if p.To != h.To {
		differ("to", "stated %s, on file %s", orNone(p.To), orNone(h.To))
	}
	for _, t := range said.Terms {
		ours, ok := h.On(t.From)
		if !ok && t.Stated {
			differ("premium", "from %s stated %s, on file no premium", t.From, t.Rate)
		}
		if !ok {
			continue
		}
		if product := h.ProductIn(ours); t.Product != "" && product != "" && t.Product != product {
			differ("product", "from %s the plan is another than on file", t.From)
		}
		if !t.Stated {
			continue
		}
		for _, amount := range []struct {
			field        string
			stated, ours money.Cents
		}{
			{"premium", t.Rate, ours.Rate}, {"tax_credit", t.APTC, ours.APTC}, {"subsidy", t.Subsidy, ours.Subsidy},
			{"employer", t.Employer, ours.Employer}, {"responsible", t.responsible(), ours.responsible()},
		} {
			if amount.stated != amount.ours {
				differ(amount.field, "from %s stated %s, on file %s", t.From, amount.stated, amount.ours)
			}
		}
	}
	return found
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
		t.No, t.KnownOn, t.From, t.Members = 0, calendar.Date{}, calendar.Date{}, nil
	}
	return members && reflect.DeepEqual(a, b)
}

// Leaver is somebody who reaches the age limit of dependants.
type Leaver struct {
	Person   Insured
	Birthday calendar.Date
	LastDay  calendar.Date // of their coverage: the end of the month
}

// AgingOut lists the children on a policy who reach an age in a month, and so are
// covered to its end. The age is dated rule data of the policy's state and line:
// 26 under 45 CFR 147.120. Policies of Medicare lines have nobody but their
// subscriber.
func (h *Held) AgingOut(month calendar.Month, age int) []Leaver {
	if !h.Covers(month) {
		return nil
	}
	in := h.In(month)
	if len(in) == 0 {
		return nil
	}
	var leavers []Leaver
	for _, person := range in[len(in)-1].Members {
		if birthday := person.Born.AddYears(age); person.IsChild() && month.Holds(birthday) {
			leavers = append(leavers, Leaver{person, birthday, month.Last()})
		}
	}
	return leavers
}
