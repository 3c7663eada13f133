package store

import (
	"context"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
)

// KeepTry implements checkout.PullStore.
func (s *Store) KeepTry(ctx context.Context, t *checkout.Try) error {
	b := insertInto("card_pull", "series", "due_on", "try_no", "idem_key", "method_id", "attempt_id", "amount_cents", "pulled_at",
		"pulled_on")
	b.add(string(t.Series), t.DueOn.String(), int64(t.No), string(t.Key), string(t.Method), string(t.Attempt), int64(t.Amount), micros(t.At),
		t.On.String())
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.KeepTry", "another try has this number")
	}
	return err
}

// triesAndStates are tries with how their attempts stand.
const triesAndStates = `SELECT p.series, p.due_on, p.try_no, p.idem_key, p.method_id, p.attempt_id, p.amount_cents, p.pulled_at, p.pulled_on,
		COALESCE(a.state, '')
	FROM card_pull p LEFT JOIN card_attempt a ON a.attempt_id = p.attempt_id`

// TriesOf implements checkout.PullStore.
func (s *Store) TriesOf(ctx context.Context, series ident.Opaque, due calendar.Date) ([]checkout.Try, error) {
	return s.tries(ctx, triesAndStates+` WHERE p.series = $1 AND p.due_on = $2 ORDER BY p.try_no`, string(series), due.String())
}

// TryOf implements checkout.PullStore.
func (s *Store) TryOf(ctx context.Context, attempt ident.Opaque) (checkout.Try, error) {
	all, err := s.tries(ctx, triesAndStates+` WHERE p.attempt_id = $1`, string(attempt))
	if err == nil && len(all) == 0 {
		err = fault.New(fault.NotFound, "store.TryOf", "this payment by card was not pulled from a stored card")
	}
	if err != nil {
		return checkout.Try{}, err
	}
	return all[0], nil
}

func (s *Store) tries(ctx context.Context, text string, args ...any) ([]checkout.Try, error) {
	var all []checkout.Try
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) error {
		var t checkout.Try
		var due, on string
		var at int64
		if err := scan(&t.Series, &due, &t.No, &t.Key, &t.Method, &t.Attempt, &t.Amount, &at, &on, &t.State); err != nil {
			return err
		}
		t.At = moment(at)
		err := scanDates(map[*calendar.Date]string{&t.DueOn: due, &t.On: on})
		all = append(all, t)
		return err
	}})
	return all, err
}

// CountTries implements checkout.PullStore.
func (s *Store) CountTries(ctx context.Context, method ident.Opaque, since time.Time) (int, error) {
	var n int
	err := s.engine.read(ctx, query{
		text: `SELECT COUNT(*) FROM card_pull WHERE method_id = $1 AND pulled_at > $2`,
		args: []any{string(method), micros(since)},
		each: func(scan func(...any) error) error { return scan(&n) },
	})
	return n, err
}
