package store

import (
	"context"
	"database/sql"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
)

// dayLockKey names the lock between those who post and whoever closes a day.
const dayLockKey int64 = 0x62696c6c666f6c64

// postedDay is the earliest day on which a write posts for a legal entity.
type postedDay struct {
	entity chart.EntityNo
	day    calendar.Date
}

// daysOf lists the days of transactions, one for each legal entity they touch.
func daysOf(transactions []ledger.Transaction) []postedDay {
	var days []postedDay
	for i := range transactions {
		t := &transactions[i]
		for _, p := range t.Postings {
			days = withDay(days, chart.EntityNo(p.Debit/10_000), t.PostedOn)
		}
	}
	return days
}

func withDay(days []postedDay, entity chart.EntityNo, day calendar.Date) []postedDay {
	for i := range days {
		if days[i].entity == entity {
			if day.Before(days[i].day) {
				days[i].day = day
			}
			return days
		}
	}
	return append(days, postedDay{entity, day})
}

// look counts whether the day is closed; if so what is written was decided too early.
func (d postedDay) look() query {
	return query{
		text: `SELECT COUNT(*) FROM day_lock WHERE entity_no = $1 AND held_on >= $2`,
		args: []any{int64(d.entity), d.day.String()},
		each: func(scan func(...any) error) error {
			var closed int64
			if err := scan(&closed); err != nil {
				return err
			}
			if closed > 0 {
				return cashier.ErrStale
			}
			return nil
		},
	}
}

// lockDays runs fn in a transaction while nobody posts.
func (s *Store) lockDays(ctx context.Context, fn func(tx execer) error) error {
	return s.engine.exec(ctx, func(tx execer) error {
		if s.engine.name() == "postgres" {
			if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, dayLockKey); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// HoldDay stops postings into a day and all before it.
func (s *Store) HoldDay(ctx context.Context, entity chart.EntityNo, day calendar.Date) error {
	return s.lockDays(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO day_lock (entity_no, held_on) VALUES ($1, $2)
			ON CONFLICT (entity_no) DO UPDATE SET held_on = excluded.held_on`, int64(entity), day.String())
		return err
	})
}

// LetDay lets postings in again after the last day that was closed.
func (s *Store) LetDay(ctx context.Context, entity chart.EntityNo) error {
	return s.lockDays(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `UPDATE day_lock SET held_on =
			COALESCE((SELECT MAX(c.day) FROM day_close c WHERE c.entity_no = day_lock.entity_no), '') WHERE entity_no = $1`, int64(entity))
		return err
	})
}

// HeldDay tells up to which day an entity's books take no posting, zero for none.
func (s *Store) HeldDay(ctx context.Context, entity chart.EntityNo) (calendar.Date, error) {
	var text string
	err := s.engine.reader().QueryRowContext(ctx, `SELECT held_on FROM day_lock WHERE entity_no = $1`, int64(entity)).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) || err == nil && text == "" {
		return calendar.Date{}, nil
	}
	if err != nil {
		return calendar.Date{}, err
	}
	return scanDate(text)
}
