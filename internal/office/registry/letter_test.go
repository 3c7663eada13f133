package registry_test

import (
	"context"
	"errors"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

// A birth date opens the letter of the person who has it, and of nobody else; every
// look is told to the limits before it is answered, and a hit is in the trail.
func TestMatchBirth_OpensToItsPersonOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		g := newGuests(t, o)
		number, born := g.eva, date("1990-01-31")
		for _, tc := range []struct {
			situation string
			book      ledger.BookNo
			born      calendar.Date
			hit       bool
		}{
			{"the date on file", ledger.BookNo(number), born, true},
			{"the day after", ledger.BookNo(number), born.AddDays(1), false},
			{"no date", ledger.BookNo(number), calendar.Date{}, false},
			{"a link that leads nowhere", 0, born, false},
			{"nobody's account", ledger.BookNo(number) + 1, born, false},
		} {
			var told []bool
			err := g.registry.MatchBirth(t.Context(), byGuest(t), tc.book, tc.born, func(_ context.Context, hit bool, of billpay.Number) error {
				told = append(told, hit)
				if hit != (of == number) {
					t.Errorf("%s: the limits are told of %v", tc.situation, of.IsZero())
				}
				return nil
			})
			if len(told) != 1 || told[0] != tc.hit || (err == nil) != tc.hit || err != nil && (fault.KindOf(err) != fault.NotFound || !errors.Is(err, registry.ErrNoMatch)) {
				t.Errorf("%s: told %v, got %v", tc.situation, told, err)
			}
		}
		held := errors.New("held back")
		if err := g.registry.MatchBirth(t.Context(), byGuest(t), ledger.BookNo(number), born, func(context.Context, bool, billpay.Number) error { return held }); !errors.Is(err, held) {
			t.Errorf("an answer that is held back: got %v", err)
		}
	})
}
