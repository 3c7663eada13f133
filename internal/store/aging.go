package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/rule"
	"github.com/billfold/billfold/internal/office/policy"
)

var _ policy.AgingStore = (*Store)(nil)

// PolicyPlaces implements policy.AgingStore.
func (s *Store) PolicyPlaces(ctx context.Context) ([]rule.Place, error) {
	var places []rule.Place
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT state, line FROM policy ORDER BY state, line`,
		each: func(scan func(...any) error) error {
			var p rule.Place
			err := scan(&p.State, &p.Line)
			places = append(places, p)
			return err
		},
	})
	return places, fault.Wrap("store.PolicyPlaces", err)
}

// BornBooks implements policy.AgingStore. Birth dates stand in the insured persons of
// terms as JSON; looking for the text of a month reads each row once and parses none.
func (s *Store) BornBooks(ctx context.Context, months []calendar.Month, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	args := []any{int64(after), int64(limit)}
	var born []string
	for _, m := range months {
		args = append(args, `%"Born":"`+m.String()+`-%`)
		born = append(born, fmt.Sprintf("members LIKE $%d", len(args)))
	}
	if len(born) == 0 {
		return nil, nil
	}
	books, err := s.bookList(ctx, `SELECT DISTINCT book_no FROM policy_terms WHERE book_no > $1 AND (`+strings.Join(born, " OR ")+`)
		ORDER BY book_no LIMIT $2`, args...)
	return books, fault.Wrap("store.BornBooks", err)
}
