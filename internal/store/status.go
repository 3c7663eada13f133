package store

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
)

var _ warden.Store = (*Store)(nil)

// premiumFund is the premium fund's number, for statements.
var premiumFund = strconv.Itoa(int(chart.Premium.No()))

// isOver is the condition of a policy whose coverage has ended or never began.
const isOver = `s.state IN ('TERMINATED', 'CANCELLED', 'VOLUNTARY_TERM')`

// hasMoved is the condition of a policy in whose books something was posted since
// its status was looked at.
const hasMoved = `s.seen_seq <> (SELECT b.seq + COALESCE((SELECT d.seq FROM book d WHERE d.book_no = b.debtor_premium), 0)
	FROM book b WHERE b.book_no = p.book_no)`

// StatusBooks implements warden.Store. A policy that is current, of which nothing
// is due and unpaid and nothing new is known, stays as it is; so does one that is
// over and whose books did not move.
func (s *Store) StatusBooks(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	var books []ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT p.book_no FROM policy p
			LEFT JOIN policy_status s ON s.book_no = p.book_no AND s.policy_no = p.policy_no
			WHERE p.book_no > $1 AND (s.book_no IS NULL OR s.version <> p.version
				OR (s.look_on <> '' AND s.look_on <= $2 AND s.as_of < $2)
				OR (s.state NOT IN ('CURRENT', 'TERMINATED', 'CANCELLED', 'VOLUNTARY_TERM', 'WITHHOLD') AND s.as_of < $2)
				OR EXISTS (SELECT 1 FROM open_item i WHERE i.book_no = p.book_no AND i.open_cents > 0 AND i.fund_no = ` + premiumFund + `
					AND i.due_on <= $2 AND s.as_of < $2 AND NOT ` + isOver + `)
				OR EXISTS (SELECT 1 FROM unapplied u WHERE u.book_no = p.book_no AND u.open_cents > 0 AND u.fund_no = ` + premiumFund + `
					AND s.as_of < $2 AND NOT ` + isOver + `)
				OR (` + isOver + ` AND ` + hasMoved + `))
			ORDER BY p.book_no LIMIT $3`,
		args: []any{int64(after), day.String(), int64(limit)},
		each: func(scan func(...any) error) error {
			var no ledger.BookNo
			err := scan(&no)
			books = append(books, no)
			return err
		},
	})
	return books, fault.Wrap("store.StatusBooks", err)
}

// MovedBooks implements warden.Store.
func (s *Store) MovedBooks(ctx context.Context, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	var books []ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT p.book_no FROM policy p
			JOIN policy_status s ON s.book_no = p.book_no AND s.policy_no = p.policy_no
			WHERE p.book_no > $1 AND (` + isOver + ` OR s.starts_on <> '') AND (s.version = 0 OR ` + hasMoved + `)
			ORDER BY p.book_no LIMIT $2`,
		args: []any{int64(after), int64(limit)},
		each: func(scan func(...any) error) error {
			var no ledger.BookNo
			err := scan(&no)
			books = append(books, no)
			return err
		},
	})
	return books, fault.Wrap("store.MovedBooks", err)
}

// HeldMoney implements biller.HeldStore.
func (s *Store) HeldMoney(ctx context.Context, since calendar.Date) ([]biller.Held, error) {
	var held []biller.Held
	err := s.engine.read(ctx, query{
		text: `SELECT u.book_no, u.seq, MAX(d.on_day) FROM policy_duty d
			JOIN policy_status s ON s.book_no = d.book_no AND s.policy_no = d.policy_no AND NOT ` + isOver + `
			JOIN unapplied u ON u.book_no = d.book_no AND u.open_cents > 0 AND u.fund_no = ` + premiumFund + `
			WHERE d.kind = 'apply_held' AND d.noted_on >= $1 AND EXISTS (SELECT 1 FROM open_item i WHERE i.book_no = d.book_no
				AND i.open_cents > 0 AND i.fund_no = ` + premiumFund + `)
			GROUP BY u.book_no, u.seq ORDER BY u.book_no, u.seq`,
		args: []any{since.String()},
		each: func(scan func(...any) error) error {
			var h biller.Held
			var on string
			err := scan(&h.Money.Book, &h.Money.Seq, &on)
			if err == nil {
				h.Since, err = scanDate(on)
			}
			held = append(held, h)
			return err
		},
	})
	return held, fault.Wrap("store.HeldMoney", err)
}

// SeenSeqs implements warden.Store.
func (s *Store) SeenSeqs(ctx context.Context, numbers []billpay.Number) (map[billpay.Number]int64, error) {
	seen := map[billpay.Number]int64{}
	err := s.engine.read(ctx, query{
		text: `SELECT b.book_no, b.seq + COALESCE((SELECT d.seq FROM book d WHERE d.book_no = b.debtor_premium), 0) FROM book b WHERE ` +
			s.engine.list("b.book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			var no billpay.Number
			var seq int64
			err := scan(&no, &seq)
			seen[no] = seq
			return err
		},
	})
	return seen, fault.Wrap("store.SeenSeqs", err)
}

// NotedDuties implements warden.Store.
func (s *Store) NotedDuties(ctx context.Context, numbers []billpay.Number) (map[coverage.Key]map[string]bool, error) {
	noted := map[coverage.Key]map[string]bool{}
	if len(numbers) == 0 {
		return noted, nil
	}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, duty_key FROM policy_duty WHERE ` + s.engine.list("book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			var of coverage.Key
			var key string
			err := scan(&of.Number, &of.No, &key)
			if noted[of] == nil {
				noted[of] = map[string]bool{}
			}
			noted[of][key] = true
			return err
		},
	})
	return noted, fault.Wrap("store.NotedDuties", err)
}

// PremiumMoves implements warden.Store.
func (s *Store) PremiumMoves(ctx context.Context, books []ledger.BookNo) ([]warden.Move, error) {
	var moves []warden.Move
	sent := map[cashier.Ref]calendar.Date{}
	inBooks, args := s.engine.list("book_no", 1, integerColumn), []any{s.engine.ints(integers(books))}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, seq, of_seq, item_no, event, debit_account, credit_account, amount_cents, effective_on, posted_on, reason
			FROM posting WHERE ` + inBooks + ` AND debit_account / 100 % 100 = ` + premiumFund +
			` ORDER BY book_no, seq, line`,
		args: args,
		each: func(scan func(...any) error) error {
			var m warden.Move
			var debit, credit int64
			var effective, posted string
			err := scan(&m.Book, &m.Seq, &m.Of, &m.Item, &m.Event, &debit, &credit, &m.Cents, &effective, &posted, &m.Reason)
			if err != nil {
				return err
			}
			m.Debit, m.Credit = chart.Code(debit%100), chart.Code(credit%100)
			moves = append(moves, m)
			return scanDates(map[*calendar.Date]string{
				&moves[len(moves)-1].EffectiveOn: effective, &moves[len(moves)-1].PostedOn: posted,
			})
		},
	}, query{
		text: `SELECT book_no, seq, sent_on FROM receipt WHERE ` + inBooks + ` AND sent_on <> ''`,
		args: args,
		each: func(scan func(...any) error) error {
			var at cashier.Ref
			var on string
			err := scan(&at.Book, &at.Seq, &on)
			if err == nil {
				sent[at], err = scanDate(on)
			}
			return err
		},
	})
	for i := range moves {
		moves[i].SentOn = sent[cashier.Ref{Book: moves[i].Book, Seq: moves[i].Seq}]
	}
	disputed := slices.ContainsFunc(moves, func(m warden.Move) bool { return m.Event == chart.PaymentDisputed })
	if err == nil && disputed {
		err = s.heldDisputes(ctx, inBooks, args, moves)
	}
	return moves, fault.Wrap("store.PremiumMoves", err)
}

// heldDisputes says which moves of chargebacks count only when they are decided.
func (s *Store) heldDisputes(ctx context.Context, inBooks string, args []any, moves []warden.Move) error {
	held := map[cashier.Ref]string{}
	err := s.engine.read(ctx, query{
		text: `SELECT p.book_no, p.seq, h.decided_on FROM posting p JOIN card_dispute_hold h ON h.claim_id = p.link
			WHERE p.` + inBooks + ` AND p.event = '` + string(chart.PaymentDisputed) + `'`,
		args: args,
		each: func(scan func(...any) error) error {
			var at cashier.Ref
			var on string
			err := scan(&at.Book, &at.Seq, &on)
			held[at] = on
			return err
		},
	})
	for i := range moves {
		on, isHeld := held[cashier.Ref{Book: moves[i].Book, Seq: moves[i].Seq}]
		if err != nil || !isHeld {
			continue
		}
		moves[i].Undecided = on == ""
		moves[i].DecidedOn, err = scanDate(on)
	}
	return err
}

// DueDates implements warden.Store.
func (s *Store) DueDates(ctx context.Context, books []ledger.BookNo) (map[warden.ItemKey]calendar.Date, error) {
	due := map[warden.ItemKey]calendar.Date{}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, item_no, due_on FROM open_item WHERE ` + s.engine.list("book_no", 1, integerColumn) + ` AND fund_no = ` + premiumFund,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var key warden.ItemKey
			var on string
			err := scan(&key.Book, &key.No, &on)
			if err == nil {
				due[key], err = scanDate(on)
			}
			return err
		},
	})
	return due, fault.Wrap("store.DueDates", err)
}

// PolicyFacts implements warden.Store.
func (s *Store) PolicyFacts(ctx context.Context, numbers []billpay.Number) (map[coverage.Key][]grace.Fact, error) {
	facts := map[coverage.Key][]grace.Fact{}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, kind, on_day, known_on, about_day, notice FROM policy_fact WHERE ` +
			s.engine.list("book_no", 1, integerColumn) + ` ORDER BY book_no, policy_no, fact_no`,
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			var f grace.Fact
			var on, known, about string
			err := scan(&key.Number, &key.No, &f.Kind, &on, &known, &about, &f.Notice)
			if err == nil {
				err = scanDates(map[*calendar.Date]string{&f.On: on, &f.KnownOn: known, &f.Day: about})
			}
			facts[key] = append(facts[key], f)
			return err
		},
	})
	return facts, fault.Wrap("store.PolicyFacts", err)
}

// AddPolicyFact notes what happened to a policy or was decided about it, by whom
// and why.
func (s *Store) AddPolicyFact(ctx context.Context, key coverage.Key, f grace.Fact, by ident.Actor, reason string) error {
	const op = "store.AddPolicyFact"
	for range runRetries {
		var last int64
		err := s.engine.read(ctx, query{
			text: `SELECT COALESCE(MAX(fact_no), 0) FROM policy_fact WHERE book_no = $1 AND policy_no = $2`,
			args: []any{int64(key.Number), key.No},
			each: func(scan func(...any) error) error { return scan(&last) },
		})
		if err != nil {
			return fault.Wrap(op, err)
		}
		b := insertInto("policy_fact", "book_no", "policy_no", "fact_no", "kind", "on_day", "known_on", "about_day", "notice", "actor", "reason")
		b.add(int64(key.Number), key.No, last+1, string(f.Kind), f.On.String(), f.KnownOn.String(), f.Day.String(), string(f.Notice),
			by.String(), reason)
		again := updateOf("policy_status", 2, 0, "book_no", "policy_no", "version")
		again.add(int64(key.Number), key.No, int64(0)) // so that the next run looks
		if err = s.engine.write(ctx, b, again); !errors.Is(err, cashier.ErrStale) {
			return fault.Wrap(op, err)
		}
	}
	return fault.New(fault.Unavailable, op, "others write about this policy at this moment; try again")
}

// Standings implements warden.Store.
func (s *Store) Standings(ctx context.Context, numbers []billpay.Number) (map[coverage.Key]warden.Standing, error) {
	standings := map[coverage.Key]warden.Standing{}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, as_of, state, starts_on, ends_on, version FROM policy_status WHERE ` +
			s.engine.list("book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			var v warden.Standing
			var asOf, starts, ends string
			err := scan(&key.Number, &key.No, &asOf, &v.State, &starts, &ends, &v.Version)
			if err == nil {
				err = scanDates(map[*calendar.Date]string{&v.AsOf: asOf, &v.StartsOn: starts, &v.EndsOn: ends})
			}
			standings[key] = v
			return err
		},
	}, query{
		text: `SELECT book_no, policy_no, change_no, on_day, from_state, to_state, cause, effective_on, rerun FROM status_change WHERE ` +
			s.engine.list("book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			var c warden.Kept
			var no, rerun int64
			var on, effective string
			err := scan(&key.Number, &key.No, &no, &on, &c.From, &c.To, &c.Event, &effective, &rerun)
			if err != nil {
				return err
			}
			if err := scanDates(map[*calendar.Date]string{&c.On: on, &c.Effective: effective}); err != nil {
				return err
			}
			c.Rerun = rerun != 0
			v := standings[key]
			if v.Kept == nil {
				v.Kept = map[warden.Kept]bool{}
			}
			v.Kept[c], v.Changes = true, max(v.Changes, int(no))
			standings[key] = v
			return nil
		},
	})
	return standings, fault.Wrap("store.Standings", err)
}

// SaveStandings implements warden.Store.
func (s *Store) SaveStandings(ctx context.Context, updates []warden.Update) error {
	status := insertInto("policy_status", "book_no", "policy_no", "as_of", "state", "since_on", "paid_through", "ends_on", "grace_from",
		"grace_to", "owed_cents", "cure_cents", "pay_by", "look_on", "version", "starts_on", "seen_seq")
	status.taken = `ON CONFLICT (book_no, policy_no) DO UPDATE SET as_of = excluded.as_of, state = excluded.state,
		since_on = excluded.since_on, paid_through = excluded.paid_through, ends_on = excluded.ends_on, grace_from = excluded.grace_from,
		grace_to = excluded.grace_to, owed_cents = excluded.owed_cents, cure_cents = excluded.cure_cents, pay_by = excluded.pay_by,
		look_on = excluded.look_on, version = excluded.version, starts_on = excluded.starts_on, seen_seq = excluded.seen_seq`
	changes := insertInto("status_change", "book_no", "policy_no", "change_no", "on_day", "from_state", "to_state", "cause",
		"effective_on", "rerun", "rule_row", "rule_version")
	duties := insertInto("policy_duty", "book_no", "policy_no", "duty_key", "kind", "on_day", "due_by", "what", "month", "signal",
		"effective_on", "cents", "rule_row", "noted_on")
	duties.taken, duties.known = `ON CONFLICT (book_no, policy_no, duty_key) DO NOTHING`, true
	policies := updateOf("policy", 2, 1, "book_no", "policy_no", "version", "version")
	for i := range updates {
		u, v := &updates[i], &updates[i].Status
		book, no, version := int64(u.Key.Number), u.Key.No, u.Version
		if u.EndsOn != u.Before.EndsOn || u.StartsOn != u.Before.StartsOn { // what is billed must follow
			policies.add(book, no, version, version+1)
			version++
		}
		status.add(book, no, v.On.String(), string(v.State), v.Since.String(), v.PaidThrough.String(), u.EndsOn.String(),
			v.GraceFrom.String(), v.GraceTo.String(), int64(v.Owed), int64(v.ToCure), v.PayBy.String(), v.Next.String(),
			version, u.StartsOn.String(), u.SeenSeq)
		for n, t := range u.New() {
			changes.add(book, no, int64(u.Before.Changes+n+1), t.On.String(), string(t.From), string(t.To), string(t.Event), t.Effective.String(),
				flag(t.Rerun), t.Basis.Row, t.Basis.Version)
		}
		for n := range v.Duties {
			d := &v.Duties[n]
			if d.On.After(v.On) {
				continue // the day on which it is due may find it gone
			}
			duties.add(book, no, d.Key, string(d.Kind), d.On.String(), d.DueBy.String(), string(d.Notice)+string(d.Outbound)+string(d.Reason),
				d.Month.String(), string(d.Signal), d.Effective.String(), int64(d.Amount), d.Basis.Row, v.On.String())
		}
	}
	bulks := slices.DeleteFunc([]*bulk{policies, status, changes, duties}, func(b *bulk) bool { return b.rows == 0 })
	if len(bulks) == 0 {
		return nil
	}
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.SaveStandings", "a policy changed since it was read; read it again")
	}
	return fault.Wrap("store.SaveStandings", err)
}

// NoticeDuties gives the letters that statuses made due by a day and that are not
// kept yet, in the order of policy, and in which language their reader reads.
func (s *Store) NoticeDuties(ctx context.Context, day calendar.Date) ([]warden.NoticeDuty, error) {
	var duties []warden.NoticeDuty
	err := s.engine.read(ctx, query{
		text: `SELECT d.book_no, d.policy_no, d.duty_key, COALESCE(p.written_language, '')
			FROM policy_duty d LEFT JOIN person p ON p.book_no = d.book_no
			WHERE d.kind = 'notice' AND d.noted_on <= $1 AND NOT EXISTS (SELECT 1 FROM notice n
				WHERE n.book_no = d.book_no AND n.notice_key = CAST(d.policy_no AS TEXT) || ':' || d.duty_key)
			ORDER BY d.book_no, d.policy_no, d.duty_key`,
		args: []any{day.String()},
		each: func(scan func(...any) error) error {
			var d warden.NoticeDuty
			err := scan(&d.Policy.Number, &d.Policy.No, &d.Key, &d.Language)
			duties = append(duties, d)
			return err
		},
	})
	return duties, fault.Wrap("store.NoticeDuties", err)
}

// SentNotices gives the letters about policies' statuses that have gone out and are
// not among the policies' facts yet.
func (s *Store) SentNotices(ctx context.Context) ([]warden.SentNotice, error) {
	var sent []warden.SentNotice
	err := s.engine.read(ctx, query{
		text: `SELECT n.policy_book, n.policy_no, n.notice_key, d.what, MIN(v.at)
			FROM notice n
			JOIN policy_duty d ON d.book_no = n.book_no AND d.policy_no = n.policy_no AND d.kind = 'notice'
				AND n.notice_key = CAST(d.policy_no AS TEXT) || ':' || d.duty_key
			JOIN notice_delivery v ON v.book_no = n.book_no AND v.notice_key = n.notice_key AND v.result = 'sent'
			WHERE NOT EXISTS (SELECT 1 FROM policy_fact f WHERE f.book_no = n.policy_book AND f.policy_no = n.policy_no
				AND f.kind = 'notice_sent' AND f.reason = n.notice_key)
			GROUP BY n.policy_book, n.policy_no, d.what, n.notice_key ORDER BY n.policy_book, n.policy_no, n.notice_key`,
		each: func(scan func(...any) error) error {
			var v warden.SentNotice
			var at int64
			err := scan(&v.Policy.Number, &v.Policy.No, &v.Key, &v.Notice, &at)
			v.At = instant(at)
			sent = append(sent, v)
			return err
		},
	})
	return sent, fault.Wrap("store.SentNotices", err)
}
