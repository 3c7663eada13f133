package store

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/remittance"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

var _ remittance.Store = (*Store)(nil)

const (
	remittanceColumns = `file_no, set_no, payer_no, guide, trace, originator, method, paid_on, month, amount_cents, lines,
		file_line, taken_at, actor`
	remittanceLineColumns  = `file_no, set_no, line_no, file_line, kind, month, cents, subscriber_no, policy_no, exception`
	remittanceMonthColumns = `file_no, set_no, month, subscriber_no, policy_no, payer_no, paid_cents, before_cents, billed_cents, result`
)

// PersonsNamed implements remittance.Store.
func (s *Store) PersonsNamed(ctx context.Context, refs remittance.References) (remittance.Persons, error) {
	found := remittance.Persons{
		ByText: map[string][]billpay.Number{}, BySSN: map[secret.Text][]billpay.Number{}, Policy: map[string][]coverage.Key{},
	}
	numbers := map[billpay.Number]string{}
	for _, text := range refs.Texts {
		if number, err := billpay.Parse(billpay.Unpad(text)); err == nil {
			numbers[number] = text
		}
	}
	var queries []query
	if len(refs.Texts) > 0 {
		queries = append(queries, query{
			text: `SELECT source_id, book_no, policy_no FROM policy_handle WHERE ` + s.engine.list("source_id", 1, textColumn) +
				` ORDER BY book_no, policy_no`,
			args: []any{s.engine.texts(refs.Texts)},
			each: func(scan func(...any) error) error {
				var id string
				var key coverage.Key
				err := scan(&id, &key.Number, &key.No)
				found.Policy[id] = append(found.Policy[id], key)
				return err
			},
		}, query{
			text: `SELECT subscriber_id, book_no FROM enrolment_identity WHERE ` + s.engine.list("subscriber_id", 1, textColumn) +
				` ORDER BY subscriber_id, book_no`,
			args: []any{s.engine.texts(refs.Texts)},
			each: func(scan func(...any) error) error {
				var id string
				var number billpay.Number
				err := scan(&id, &number)
				found.ByText[id] = append(found.ByText[id], number)
				return err
			},
		})
	}
	ssns := map[secret.Text][]enrolment.Named{}
	bySSN, err := s.ssnQuery(refs.SSNs, ssns)
	if err == nil {
		err = s.engine.read(ctx, append(queries, bySSN...)...)
	}
	if err != nil {
		return found, fault.Wrap("store.PersonsNamed", err)
	}
	for number, text := range numbers { // what reads as a number leads to its account, if it has policies
		found.ByText[text] = append(found.ByText[text], number)
	}
	for ssn, named := range ssns {
		for _, n := range named {
			found.BySSN[ssn] = append(found.BySSN[ssn], n.Number)
		}
	}
	return found, nil
}

// Explained implements remittance.Store.
func (s *Store) Explained(
	ctx context.Context, payer billpay.Number, trace string, on calendar.Date,
) (id remittance.ID, amount money.Cents, explained bool, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT t.file_no, t.set_no, r.amount_cents FROM remittance_trace t
			JOIN remittance r ON r.file_no = t.file_no AND r.set_no = t.set_no
			WHERE t.payer_no = $1 AND t.trace = $2 AND t.paid_on = $3`,
		args: []any{int64(payer), trace, on.String()},
		each: func(scan func(...any) error) error { return scan(&id.File, &id.Set, &amount) },
	})
	return id, amount, id.Set != 0, fault.Wrap("store.Explained", err)
}

// KeepLines implements remittance.Store.
func (s *Store) KeepLines(ctx context.Context, lines []remittance.KeptLine) error {
	b := insertInto("remittance_line", columnNames(remittanceLineColumns)...)
	b.taken = `ON CONFLICT (file_no, set_no, line_no) DO NOTHING`
	b.known = true
	for i := range lines {
		l := &lines[i]
		b.add(int64(l.File), int64(l.Set), int64(l.No), int64(l.FileLine), string(l.Kind), l.Month.String(), int64(l.Cents),
			int64(l.Policy.Number), l.Policy.No, string(l.Exception))
	}
	return fault.Wrap("store.KeepLines", s.engine.write(ctx, b))
}

// KeepMonths implements remittance.Store.
func (s *Store) KeepMonths(ctx context.Context, id remittance.ID, payer billpay.Number, months []remittance.PaidMonth) error {
	b := insertInto("remittance_month", columnNames(remittanceMonthColumns)...)
	b.taken = `ON CONFLICT (file_no, set_no, month, subscriber_no, policy_no) DO NOTHING`
	b.known = true
	for i := range months {
		m := &months[i]
		b.add(int64(id.File), int64(id.Set), m.Month.String(), int64(m.Policy.Number), m.Policy.No, int64(payer), int64(m.Paid),
			int64(m.Before), int64(m.Billed), string(m.Result))
	}
	return fault.Wrap("store.KeepMonths", s.engine.write(ctx, b))
}

// KeepRemittance implements remittance.Store.
func (s *Store) KeepRemittance(ctx context.Context, r remittance.Remittance) error {
	const op = "store.KeepRemittance"
	if id, _, explained, err := s.Explained(ctx, r.Payer, r.Trace, r.PaidOn); err != nil || explained && id == r.ID {
		return fault.Wrap(op, err)
	}
	rows := insertInto("remittance", columnNames(remittanceColumns)...)
	rows.add(int64(r.File), int64(r.ID.Set), int64(r.Payer), r.Guide, r.Trace, r.Originator, r.Method, r.PaidOn.String(),
		r.Month.String(), int64(r.Amount), int64(r.Lines), int64(r.FileLine), r.TakenAt.UnixMicro(), r.Actor.String())
	traces := insertInto("remittance_trace", "payer_no", "trace", "paid_on", "file_no", "set_no")
	traces.add(int64(r.Payer), r.Trace, r.PaidOn.String(), int64(r.File), int64(r.ID.Set))
	err := s.engine.write(ctx, traces, rows)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "the payment with this trace was explained by another file at the same moment")
	}
	return fault.Wrap(op, err)
}

// ownersOf writes the condition that a premium line is a payer's.
func ownersOf(column string, owners []premium.Owner) string {
	names := make([]string, len(owners))
	for i, o := range owners {
		names[i] = "'" + string(o) + "'" // of the program's own list
	}
	return column + " IN (" + strings.Join(names, ", ") + ")"
}

// paidBefore adds up what earlier remittances of a payer paid of a policy's month.
const paidBefore = `COALESCE((SELECT CAST(SUM(b.paid_cents) AS BIGINT) FROM remittance_month b
	WHERE b.subscriber_no = m.subscriber_no AND b.policy_no = m.policy_no AND b.month = m.month AND b.payer_no = $1
		AND NOT (b.file_no = $2 AND b.set_no = $3)), 0)`

// pendingPolicy tells whether something of a policy is known that is not billed yet.
const pendingPolicy = `COALESCE((SELECT MAX(CASE WHEN g.version <> p.version THEN 1 ELSE 0 END) FROM policy p
	JOIN policy_billing g ON g.book_no = p.book_no AND g.policy_no = p.policy_no
	WHERE p.book_no = m.subscriber_no AND p.policy_no = m.policy_no), 1)`

// EachPaid implements remittance.Store.
func (s *Store) EachPaid(
	ctx context.Context, id remittance.ID, payer *biller.Payer, each func(remittance.PaidMonth) error,
) error {
	billed := `COALESCE((SELECT CAST(SUM(c.cents) AS BIGINT) FROM premium_charge c
		WHERE c.book_no = m.subscriber_no AND c.policy_no = m.policy_no AND c.month = m.month AND ` +
		ownersOf("c.owner", payer.OwesOf()) + `), 0)`
	text := `SELECT m.subscriber_no, m.policy_no, m.month, m.paid, ` + paidBefore + `, ` + billed + `, ` + pendingPolicy + `
		FROM (SELECT subscriber_no, policy_no, month, CAST(SUM(cents) AS BIGINT) AS paid FROM remittance_line
			WHERE file_no = $2 AND set_no = $3 AND subscriber_no <> 0 AND month <> '' AND kind = 'premium'
			GROUP BY subscriber_no, policy_no, month) m
		ORDER BY m.subscriber_no, m.policy_no, m.month`
	return fault.Wrap("store.EachPaid", s.eachPaidMonth(ctx, text, each, int64(payer.Number), int64(id.File), int64(id.Set)))
}

// EachUnnamed implements remittance.Store.
func (s *Store) EachUnnamed(
	ctx context.Context, id remittance.ID, payer *biller.Payer, month calendar.Month, each func(remittance.PaidMonth) error,
) error {
	args := []any{int64(payer.Number), int64(id.File), int64(id.Set), month.String()}
	from, of := `premium_charge c`, ownersOf("c.owner", payer.OwesOf())
	switch payer.Owner {
	case premium.Employer:
		from = `policy q JOIN premium_charge c ON c.book_no = q.book_no AND c.policy_no = q.policy_no`
		of += ` AND q.group_no = $1 AND q.group_no <> 0`
	case premium.State:
		from = `policy q JOIN premium_charge c ON c.book_no = q.book_no AND c.policy_no = q.policy_no`
		of += ` AND q.state = $5`
		args = append(args, payer.State)
	}
	text := `SELECT m.subscriber_no, m.policy_no, m.month, 0, ` + paidBefore + `, m.billed, ` + pendingPolicy + `
		FROM (SELECT c.book_no AS subscriber_no, c.policy_no AS policy_no, c.month AS month, CAST(SUM(c.cents) AS BIGINT) AS billed
			FROM ` + from + ` WHERE c.month = $4 AND ` + of + ` GROUP BY c.book_no, c.policy_no, c.month HAVING SUM(c.cents) <> 0) m
		WHERE NOT EXISTS (SELECT 1 FROM remittance_month n WHERE n.file_no = $2 AND n.set_no = $3 AND n.month = m.month
			AND n.subscriber_no = m.subscriber_no AND n.policy_no = m.policy_no)
		ORDER BY m.subscriber_no, m.policy_no`
	return fault.Wrap("store.EachUnnamed", s.eachPaidMonth(ctx, text, each, args...))
}

// eachPaidMonth streams months: a remittance of a large plan names very many.
func (s *Store) eachPaidMonth(ctx context.Context, text string, each func(remittance.PaidMonth) error, args ...any) error {
	rows, err := s.engine.reader().QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var m remittance.PaidMonth
		var month string
		var pending int64
		if err := rows.Scan(&m.Policy.Number, &m.Policy.No, &month, &m.Paid, &m.Before, &m.Billed, &pending); err != nil {
			return err
		}
		if m.Month, err = scanMonth(month); err != nil {
			return err
		}
		m.Pending = pending != 0
		if err := each(m); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Remittances implements remittance.Store.
func (s *Store) Remittances(ctx context.Context, open bool) ([]remittance.Remittance, error) {
	where := ``
	if open {
		where = ` WHERE d.file_no IS NULL`
	}
	all, err := s.remittances(ctx, where+` ORDER BY r.taken_at DESC, r.file_no, r.set_no`)
	return all, fault.Wrap("store.Remittances", err)
}

// Remittance implements remittance.Store.
func (s *Store) Remittance(ctx context.Context, id remittance.ID) (remittance.Remittance, error) {
	found, err := s.remittances(ctx, ` WHERE r.file_no = $1 AND r.set_no = $2`, int64(id.File), int64(id.Set))
	if err != nil || len(found) == 0 {
		if err == nil {
			err = fault.New(fault.NotFound, "", "there is no such remittance")
		}
		return remittance.Remittance{}, fault.Wrap("store.Remittance", err)
	}
	return found[0], nil
}

func (s *Store) remittances(ctx context.Context, where string, args ...any) ([]remittance.Remittance, error) {
	var all []remittance.Remittance
	columns := "r." + strings.Join(columnNames(remittanceColumns), ", r.")
	err := s.engine.read(ctx, query{
		text: `SELECT ` + columns + `, CASE WHEN d.file_no IS NULL THEN 0 ELSE 1 END FROM remittance r
			LEFT JOIN remittance_settled d ON d.file_no = r.file_no AND d.set_no = r.set_no` + where,
		args: args,
		each: func(scan func(...any) error) error {
			r, err := scanRemittance(scan)
			all = append(all, r)
			return err
		},
	})
	return all, err
}

func scanRemittance(scan func(...any) error) (r remittance.Remittance, err error) {
	var paid, month, actor string
	var taken, settled int64
	err = scan(&r.File, &r.ID.Set, &r.Payer, &r.Guide, &r.Trace, &r.Originator, &r.Method, &paid, &month, &r.Amount, &r.Lines,
		&r.FileLine, &taken, &actor, &settled)
	if err != nil {
		return r, err
	}
	r.Payment.Set, r.TakenAt, r.Settled = r.ID.Set, instant(taken), settled != 0
	if r.Month, err = scanMonth(month); err != nil {
		return r, err
	}
	if r.Actor, err = scanActor(actor); err != nil {
		return r, err
	}
	r.PaidOn, err = scanDate(paid)
	return r, err
}

// Sums implements remittance.Store.
func (s *Store) Sums(ctx context.Context, id remittance.ID) ([]remittance.Sum, error) {
	var sums []remittance.Sum
	holding := make([]string, len(remittance.Holding()))
	for i, e := range remittance.Holding() {
		holding[i] = "'" + string(e) + "'"
	}
	held := `CASE WHEN cents > 0 AND exception IN (` + strings.Join(holding, ", ") + `) THEN 1 ELSE 0 END`
	err := s.engine.read(ctx, query{
		text: `SELECT kind, month, ` + held + `, CAST(SUM(cents) AS BIGINT) FROM remittance_line
			WHERE file_no = $1 AND set_no = $2 GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
		args: []any{int64(id.File), int64(id.Set)},
		each: func(scan func(...any) error) error {
			var sum remittance.Sum
			var month string
			var held int64
			err := scan(&sum.Kind, &month, &held, &sum.Cents)
			sum.Held = held != 0
			if err == nil {
				sum.Month, err = scanMonth(month)
			}
			sums = append(sums, sum)
			return err
		},
	})
	return sums, fault.Wrap("store.Sums", err)
}

// ExceptedLines implements remittance.Store.
func (s *Store) ExceptedLines(ctx context.Context, id remittance.ID) ([]remittance.KeptLine, error) {
	var lines []remittance.KeptLine
	err := s.engine.read(ctx, query{
		text: `SELECT ` + remittanceLineColumns + ` FROM remittance_line WHERE file_no = $1 AND set_no = $2 AND exception <> ''
			ORDER BY line_no`,
		args: []any{int64(id.File), int64(id.Set)},
		each: func(scan func(...any) error) error {
			var l remittance.KeptLine
			var month string
			err := scan(&l.File, &l.Set, &l.No, &l.FileLine, &l.Kind, &month, &l.Cents, &l.Policy.Number, &l.Policy.No, &l.Exception)
			if err == nil {
				l.Month, err = scanMonth(month)
			}
			lines = append(lines, l)
			return err
		},
	})
	return lines, fault.Wrap("store.ExceptedLines", err)
}

// ExceptedMonths implements remittance.Store.
func (s *Store) ExceptedMonths(ctx context.Context, id remittance.ID) ([]remittance.PaidMonth, error) {
	var months []remittance.PaidMonth
	err := s.engine.read(ctx, query{
		text: `SELECT month, subscriber_no, policy_no, paid_cents, before_cents, billed_cents, result FROM remittance_month
			WHERE file_no = $1 AND set_no = $2 AND result <> $3 ORDER BY month, subscriber_no, policy_no`,
		args: []any{int64(id.File), int64(id.Set), string(remittance.Paid)},
		each: func(scan func(...any) error) error {
			var m remittance.PaidMonth
			var month string
			err := scan(&month, &m.Policy.Number, &m.Policy.No, &m.Paid, &m.Before, &m.Billed, &m.Result)
			if err == nil {
				m.Month, err = scanMonth(month)
			}
			months = append(months, m)
			return err
		},
	})
	return months, fault.Wrap("store.ExceptedMonths", err)
}

// Results implements remittance.Store.
func (s *Store) Results(ctx context.Context, id remittance.ID) ([]remittance.ResultCount, error) {
	var counts []remittance.ResultCount
	err := s.engine.read(ctx, query{
		text: `SELECT result, COUNT(*), CAST(SUM(paid_cents + before_cents - billed_cents) AS BIGINT) FROM remittance_month
			WHERE file_no = $1 AND set_no = $2 GROUP BY result ORDER BY result`,
		args: []any{int64(id.File), int64(id.Set)},
		each: func(scan func(...any) error) error {
			var c remittance.ResultCount
			err := scan(&c.Result, &c.Months, &c.Difference)
			counts = append(counts, c)
			return err
		},
	})
	return counts, fault.Wrap("store.Results", err)
}

// SuspendedPayments implements remittance.Store.
func (s *Store) SuspendedPayments(ctx context.Context, amount money.Cents) ([]cashier.SuspenseEntry, error) {
	entries, err := s.suspense(ctx, `WHERE open_cents > 0 AND payment_id IN (
			SELECT payment_id FROM suspense WHERE open_cents > 0 GROUP BY payment_id
			HAVING SUM(open_cents) = $1 AND SUM(amount_cents) = $1)
		ORDER BY received_on, book_no, seq`, int64(amount))
	return entries, fault.Wrap("store.SuspendedPayments", err)
}

// PlacedPayments implements remittance.Store.
func (s *Store) PlacedPayments(
	ctx context.Context, book ledger.BookNo, amount money.Cents, from, to calendar.Date,
) ([]cashier.Ref, error) {
	var refs []cashier.Ref
	err := s.engine.read(ctx, query{
		text: fmt.Sprintf(`SELECT r.book_no, r.seq FROM receipt r
			JOIN posting p ON p.book_no = r.book_no AND p.posted_on = r.posted_on AND p.seq = r.seq AND p.line = 1
			WHERE r.book_no = $1 AND r.amount_cents = $2 AND r.fund_no = %d AND p.effective_on >= $3 AND p.effective_on <= $4
				AND NOT EXISTS (SELECT 1 FROM ending e WHERE e.book_no = r.book_no AND e.seq = r.seq)
				AND NOT EXISTS (SELECT 1 FROM claim c WHERE c.claim_id = p.link AND c.act = $5)
			ORDER BY r.seq`, chart.Premium.No()),
		args: []any{int64(book), int64(amount), from.String(), to.String(), string(payment.Settle)},
		each: func(scan func(...any) error) error {
			var ref cashier.Ref
			err := scan(&ref.Book, &ref.Seq)
			refs = append(refs, ref)
			return err
		},
	})
	return refs, fault.Wrap("store.PlacedPayments", err)
}

// Settled implements remittance.Store.
func (s *Store) Settled(ctx context.Context, id remittance.ID, claim string, actor ident.Actor) error {
	b := insertInto("remittance_settled", "file_no", "set_no", "settled_at", "claim_id", "actor")
	b.taken = `ON CONFLICT (file_no, set_no) DO NOTHING`
	b.known = true
	b.add(int64(id.File), int64(id.Set), s.clock.Now().UnixMicro(), claim, actor.String())
	return fault.Wrap("store.Settled", s.engine.write(ctx, b))
}
