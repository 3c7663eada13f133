package store

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/office/cashier"
)

// SweptTo implements checkout.Store.
func (s *Store) SweptTo(ctx context.Context, merchant string) (time.Time, error) {
	var to int64
	err := s.engine.read(ctx, query{
		text: `SELECT seen_to FROM card_sweep WHERE merchant = $1`,
		args: []any{merchant},
		each: func(scan func(...any) error) error { return scan(&to) },
	})
	return moment(to), err
}

// SaveSwept implements checkout.Store.
func (s *Store) SaveSwept(ctx context.Context, merchant string, to time.Time) error {
	before, err := s.SweptTo(ctx, merchant)
	if err != nil {
		return err
	}
	row := insertInto("card_sweep", "merchant", "seen_to")
	if !before.IsZero() {
		row = updateOf("card_sweep", 1, 0, "merchant", "seen_to")
	}
	row.add(merchant, micros(to))
	if err = s.engine.write(ctx, row); errors.Is(err, cashier.ErrStale) {
		return nil // another wrote it first
	}
	return err
}
