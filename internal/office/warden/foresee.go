package warden

import (
	"context"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Bills gives what will be billed of a policy by a day, of which some was billed.
type Bills func(p *coverage.Held, billed []coverage.Charge) ([]coverage.Charge, error)

// Foresee answers as Status does for a day to come, counting the months that will be
// billed by then. Its words say that it looks ahead.
func Foresee(ctx context.Context, s Store, rules *rule.Set, number billpay.Number, day calendar.Date, bills Bills) ([]Answer, error) {
	const op = "warden.Foresee"
	found, err := Load(ctx, s, []billpay.Number{number})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for i := range found.Policies {
		p := &found.Policies[i]
		expected, err := bills(p, found.charges[p.Key()])
		if err != nil {
			return nil, fault.Wrap(op, fmt.Errorf("policy %d: %w", p.No, err))
		}
		found.charges[p.Key()] = slices.Concat(found.charges[p.Key()], expected)
	}
	answers, err := found.answers(rules, day)
	for i := range answers {
		ahead(&answers[i].Status.Words)
	}
	return answers, fault.Wrap(op, err)
}

// ahead says of an answer that it looks ahead.
func ahead(w *grace.Words) {
	w.English += " This looks ahead: it counts the months that will be billed by then, as the policy stands today, and no payment that is still to come."
	w.Spanish += " Esto mira hacia adelante: cuenta los meses que se facturarán hasta entonces, según la póliza de hoy, y ningún pago que todavía no ha llegado."
}
