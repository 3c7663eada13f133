package store

import (
	"context"
	"errors"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/cashier"
)

// RatesBytesMax bounds a rate table: a row of an archive holds it, escaped.
const RatesBytesMax = 16 << 20

// SaveRates keeps a rate table, the text of docs/formats/rates-csv.md, as the one
// in force from now on. The name is for people. The table that is in force is not
// kept twice. A text that does not read as a table is Invalid.
func (s *Store) SaveRates(ctx context.Context, name, body string) error {
	const op = "store.SaveRates"
	if len(body) > RatesBytesMax {
		return fault.New(fault.Invalid, op, "the rate table has %d bytes; at most %d are kept", len(body), RatesBytesMax)
	}
	_, problems, err := premium.ReadRates(strings.NewReader(body))
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Invalid, op, "the rate table does not read: %s", problems[0])
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	no, inForce, err := s.newestRates(ctx)
	if err != nil || no > 0 && inForce == body {
		return fault.Wrap(op, err)
	}
	b := insertInto("rate_table", "rate_no", "accepted_at", "name", "body")
	b.add(no+1, s.clock.Now().UnixMicro(), name, body)
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "another rate table was taken at the same moment; import it again")
	}
	return fault.Wrap(op, err)
}

// Rates gives the rate table in force, nil when none was ever kept.
func (s *Store) Rates(ctx context.Context) (*premium.Rates, error) {
	const op = "store.Rates"
	no, body, err := s.newestRates(ctx)
	if err != nil || no == 0 {
		return nil, fault.Wrap(op, err)
	}
	rates, problems, err := premium.ReadRates(strings.NewReader(body))
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Corrupt, op, "the rate table in force does not read any more: %s", problems[0])
	}
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	return rates, nil
}

// newestRates gives the table that was kept last and its number, 0 for none.
func (s *Store) newestRates(ctx context.Context) (no int64, body string, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT rate_no, body FROM rate_table ORDER BY rate_no DESC LIMIT 1`,
		each: func(scan func(...any) error) error { return scan(&no, &body) },
	})
	return no, body, err
}
