package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// BalanceFilter says which postings a balance counts. The zero filter counts all.
type BalanceFilter struct {
	// Book is one book's number, or 0 for all books.
	Book ledger.BookNo
	// RecordedUpTo asks what the books said at an instant: postings recorded at or
	// before it. Zero means now.
	RecordedUpTo time.Time
	// EffectiveUpTo asks what had counted by the end of a day: postings effective on
	// or before it, whenever they were recorded. Zero means every day.
	EffectiveUpTo calendar.Date
}

// Balances sums the journal by account. The two limits can be combined: what
// was known at an instant of what had counted by a day. Nothing is stored for
// it, so that any past moment has an answer, at the cost of reading the postings
// that count.
func (s *Store) Balances(ctx context.Context, f BalanceFilter) (ledger.Balances, error) {
	const op = "store.Balances"
	where, args := f.where()
	rows, err := s.engine.reader().QueryContext(ctx, `SELECT debit_account, credit_account, phase,
		CAST(SUM(amount_cents) AS BIGINT) FROM posting`+where+` GROUP BY debit_account, credit_account, phase`, args...)
	if err != nil {
		return nil, fault.New(fault.Unavailable, op, "the journal cannot be read: %v", err)
	}
	defer rows.Close()
	balances := ledger.Balances{}
	for rows.Next() {
		var phase ledger.Phase
		var sum ledger.Posting
		if err := rows.Scan(&sum.Debit, &sum.Credit, &phase, &sum.Cents); err != nil {
			return nil, fault.New(fault.Corrupt, op, "a posting does not parse: %v", err)
		}
		balances.Add(phase, sum)
	}
	if err := rows.Err(); err != nil {
		return nil, fault.New(fault.Unavailable, op, "the journal cannot be read: %v", err)
	}
	return balances, nil
}

func (f BalanceFilter) where() (text string, args []any) {
	var conditions []string
	add := func(condition string, arg any) {
		args = append(args, arg)
		conditions = append(conditions, fmt.Sprintf("%s $%d", condition, len(args)))
	}
	if f.Book != 0 {
		add("book_no =", int64(f.Book))
	}
	if !f.RecordedUpTo.IsZero() {
		add("recorded_at <=", f.RecordedUpTo.UnixMicro())
	}
	if !f.EffectiveUpTo.IsZero() {
		add("effective_on <=", f.EffectiveUpTo.String())
	}
	if len(conditions) == 0 {
		return "", nil
	}
	return " WHERE " + strings.Join(conditions, " AND "), args
}
