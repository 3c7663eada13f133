package store

import (
	"context"
	"errors"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

var _ registry.Store = (*Store)(nil)

// HouseholdOf implements registry.Store.
func (s *Store) HouseholdOf(ctx context.Context, subscriber billpay.Number) ([]ledger.BookNo, error) {
	return s.bookList(ctx, `SELECT member_no FROM household_member WHERE book_no = $1 ORDER BY member_no`, int64(subscriber))
}

// FindPersons implements registry.Store.
func (s *Store) FindPersons(ctx context.Context, last string, born calendar.Date, most int) ([]ledger.BookNo, error) {
	return s.bookList(ctx, `SELECT book_no FROM person WHERE last_key = $1 AND birth_date = $2 ORDER BY book_no LIMIT $3`,
		nameKey(last), born.String(), int64(most))
}

// ListMembers implements registry.Store.
func (s *Store) ListMembers(ctx context.Context, f registry.Filter, after billpay.Number, most int) ([]ledger.BookNo, error) {
	return s.bookList(ctx, `SELECT p.book_no FROM person p WHERE p.book_no > $1 AND ($2 = '' OR p.source = $2)
		AND ($3 = '' OR p.region = $3) AND ($4 = '' OR EXISTS (
			SELECT 1 FROM coverage_span c WHERE c.book_no = p.book_no AND c.cancelled = 0 AND (c.to_on = '' OR c.to_on >= $4)))
		ORDER BY p.book_no LIMIT $5`,
		int64(after), f.Source, string(f.Region), f.CoveredOn.String(), int64(most))
}

// Organisation implements registry.Store.
func (s *Store) Organisation(ctx context.Context, book ledger.BookNo) (enrolment.Organisation, error) {
	var o enrolment.Organisation
	err := s.engine.read(ctx, query{
		text: `SELECT b.opaque_id, o.book_no, o.kind, o.name, o.source, o.sponsor_id, o.group_no FROM organisation o
			JOIN book b ON b.book_no = o.book_no WHERE o.book_no = $1`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			return scan(&o.Opaque, (*int64)(&o.Number), &o.Kind, &o.Name, &o.Key.Source, &o.Key.ID, &o.Key.Group)
		},
	})
	if err == nil && o.Number.IsZero() {
		err = fault.New(fault.NotFound, "store.Organisation", "no organisation has this number")
	}
	return o, err
}

// Ties implements registry.Store.
func (s *Store) Ties(ctx context.Context, subject billpay.Number) (registry.Ties, error) {
	var ties registry.Ties
	err := s.engine.read(ctx, query{
		text: `SELECT by_no, authority, from_on, to_on, verified, endangered FROM representation WHERE book_no = $1 ORDER BY tie_no`,
		args: []any{int64(subject)},
		each: func(scan func(...any) error) error {
			var t registry.Representation
			var from, to string
			var verified, endangered int64
			if err := scan((*int64)(&t.By), &t.Authority, &from, &to, &verified, &endangered); err != nil {
				return err
			}
			t.Verified, t.Endangered = verified != 0, endangered != 0
			err := scanDates(map[*calendar.Date]string{&t.From: from, &t.To: to})
			ties.Representations = append(ties.Representations, t)
			return err
		},
	}, query{
		text: `SELECT payer_no, granted_by, scope, funds, cap_cents, from_on, expires_on, revoked_on FROM payer_grant
			WHERE book_no = $1 ORDER BY tie_no`,
		args: []any{int64(subject)},
		each: func(scan func(...any) error) error {
			t, err := scanGrant(scan)
			ties.Grants = append(ties.Grants, t)
			return err
		},
	})
	return ties, err
}

func scanGrant(scan func(...any) error) (registry.Grant, error) {
	var t registry.Grant
	var scope, limit int64
	var funds, from, expires, revoked string
	if err := scan((*int64)(&t.To), (*int64)(&t.By), &scope, &funds, &limit, &from, &expires, &revoked); err != nil {
		return t, err
	}
	t.Scope, t.Cap = member.Scope(scope), money.Cents(limit)
	for _, name := range strings.Fields(funds) {
		fund, err := chart.ParseFund(name)
		if err != nil {
			return t, fault.New(fault.Corrupt, "store.grant", "%v", err)
		}
		t.Funds = append(t.Funds, fund)
	}
	return t, scanDates(map[*calendar.Date]string{&t.From: from, &t.Expires: expires, &t.Revoked: revoked})
}

// AddRepresentation implements registry.Store.
func (s *Store) AddRepresentation(ctx context.Context, subject billpay.Number, t registry.Representation) error {
	ties, err := s.Ties(ctx, subject)
	if err != nil {
		return err
	}
	b := insertInto("representation", "book_no", "tie_no", "by_no", "authority", "from_on", "to_on", "verified", "endangered")
	b.add(int64(subject), int64(len(ties.Representations)+1), int64(t.By), string(t.Authority), t.From.String(), t.To.String(),
		flag(t.Verified), flag(t.Endangered))
	return s.addTie(ctx, b)
}

// AddGrant implements registry.Store.
func (s *Store) AddGrant(ctx context.Context, subject billpay.Number, t registry.Grant) error {
	ties, err := s.Ties(ctx, subject)
	if err != nil {
		return err
	}
	b := insertInto("payer_grant", "book_no", "tie_no", "payer_no", "granted_by", "scope", "funds", "cap_cents", "from_on",
		"expires_on", "revoked_on")
	b.add(int64(subject), int64(len(ties.Grants)+1), int64(t.To), int64(t.By), int64(t.Scope), strings.Join(texts(t.Funds), " "),
		int64(t.Cap), t.From.String(), t.Expires.String(), t.Revoked.String())
	return s.addTie(ctx, b)
}

func (s *Store) addTie(ctx context.Context, b *bulk) error {
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.addTie", "another tie was recorded meanwhile; try again")
	}
	return err
}

// RevokeGrants implements registry.Store.
func (s *Store) RevokeGrants(ctx context.Context, subject, payer billpay.Number, from calendar.Date) error {
	return s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx,
			`UPDATE payer_grant SET revoked_on = $1 WHERE book_no = $2 AND payer_no = $3 AND revoked_on = ''`,
			from.String(), int64(subject), int64(payer))
		return err
	})
}
