package store

import (
	"context"
	"errors"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/cashier"
)

const pullColumns = `book_no, mandate_id, due_on, pull_id, method_id, tender, entity_no, fund_no, sec, amount_cents, before_cents, state,
	notice, credit_on, settle_on, order_on, tries, why, planned_at, changed_at`

// taken says in words that a key exists already.
func taken(op, why string, err error) error {
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "%s", why)
	}
	return fault.Wrap(op, err)
}

// moved tells a lost race from other failures.
func moved(op string, err error) error {
	if errors.Is(err, cashier.ErrStale) {
		return autopay.ErrMoved
	}
	return fault.Wrap(op, err)
}

func scanPull(scan func(...any) error, more ...any) (p autopay.Pull, err error) {
	var fund, planned, changed int64
	var due, credit, settle, order string
	err = scan(append([]any{&p.Book, &p.Mandate, &due, &p.ID, &p.Method, &p.Tender, &p.Purse.Entity, &fund, &p.Class, &p.Amount, &p.Before, &p.State,
		&p.Notice, &credit, &settle, &order, &p.Tries, &p.Why, &planned, &changed}, more...)...)
	if err != nil {
		return p, err
	}
	if p.Purse.Fund, err = chart.FundOf(int32(fund)); err != nil {
		return p, fault.New(fault.Corrupt, "store.pull", "a stored debit names no fund")
	}
	return p, scanDates(map[*calendar.Date]string{&p.DueOn: due, &p.Times.Credit: credit, &p.Times.Settle: settle, &p.Times.Order: order})
}

func (s *Store) pulls(ctx context.Context, op, where string, args ...any) ([]autopay.Pull, error) {
	var pulls []autopay.Pull
	err := s.engine.read(ctx, query{
		text: `SELECT ` + pullColumns + ` FROM autopay_pull ` + where, args: args,
		each: func(scan func(...any) error) error {
			p, err := scanPull(scan)
			pulls = append(pulls, p)
			return err
		},
	})
	return pulls, fault.Wrap(op, err)
}

// PullsOf implements autopay.Store.
func (s *Store) PullsOf(ctx context.Context, book ledger.BookNo, id ident.Opaque, limit int) ([]autopay.Pull, error) {
	return s.pulls(ctx, "store.PullsOf", `WHERE book_no = $1 AND mandate_id = $2 ORDER BY due_on DESC LIMIT $3`, int64(book), string(id), int64(limit))
}

// PullByID implements autopay.Store.
func (s *Store) PullByID(ctx context.Context, id ident.Opaque) (autopay.Pull, error) {
	found, err := s.pulls(ctx, "store.PullByID", `WHERE pull_id = $1`, string(id))
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "store.PullByID", "there is no such debit")
	}
	if err != nil {
		return autopay.Pull{}, err
	}
	found[0].Items, err = s.pullItems(ctx, &found[0])
	return found[0], err
}

// PullFor implements autopay.Store.
func (s *Store) PullFor(ctx context.Context, id ident.Opaque, due calendar.Date) (autopay.Pull, error) {
	book, err := s.MandateHome(ctx, id)
	if err != nil {
		return autopay.Pull{}, err
	}
	found, err := s.pulls(ctx, "store.PullFor", `WHERE book_no = $1 AND mandate_id = $2 AND due_on = $3`, int64(book), string(id), due.String())
	if err == nil && len(found) == 0 {
		err = fault.New(fault.NotFound, "store.PullFor", "there is no such debit")
	}
	if err != nil {
		return autopay.Pull{}, err
	}
	return found[0], nil
}

func (s *Store) pullItems(ctx context.Context, p *autopay.Pull) ([]int64, error) {
	var items []int64
	err := s.engine.read(ctx, query{
		text: `SELECT item_no FROM autopay_item WHERE book_no = $1 AND mandate_id = $2 AND due_on = $3 ORDER BY item_no`,
		args: []any{int64(p.Book), string(p.Mandate), p.DueOn.String()},
		each: func(scan func(...any) error) error {
			var no int64
			err := scan(&no)
			items = append(items, no)
			return err
		},
	})
	return items, fault.Wrap("store.pullItems", err)
}

// SavePull implements autopay.Store.
func (s *Store) SavePull(ctx context.Context, was, now autopay.Pull) error {
	b := updateOf("autopay_pull", 3, 2, "book_no", "mandate_id", "due_on", "state", "tries", "state", "tries", "amount_cents", "credit_on", "order_on",
		"why", "changed_at")
	b.add(int64(was.Book), string(was.Mandate), was.DueOn.String(), string(was.State), int64(was.Tries), string(now.State), int64(now.Tries),
		int64(now.Amount), now.Times.Credit.String(), now.Times.Order.String(), now.Why, s.clock.Now().UnixMicro())
	return moved("store.SavePull", s.engine.write(ctx, b))
}

// MovedMandates implements autopay.Runs.
func (s *Store) MovedMandates(ctx context.Context, limit int) ([]autopay.Moved, error) {
	var found []autopay.Moved
	err := s.engine.read(ctx, query{
		text: `SELECT m.book_no, m.mandate_id, b.merged_into FROM book b JOIN mandate m ON m.book_no = b.book_no
			WHERE b.status = 'merged' AND b.merged_into <> 0 AND m.state IN ('active', 'paused') ORDER BY m.book_no, m.mandate_id LIMIT $1`,
		args: []any{int64(limit)},
		each: func(scan func(...any) error) error {
			var m autopay.Moved
			err := scan(&m.Book, &m.ID, &m.Survivor)
			found = append(found, m)
			return err
		},
	})
	return found, fault.Wrap("store.MovedMandates", err)
}

// progressEnd marks a phase that is through.
const progressEnd = 1 << 62

// PhaseProgress implements autopay.Runs.
func (s *Store) PhaseProgress(ctx context.Context, day calendar.Date, phase string) (autopay.Progress, error) {
	var p autopay.Progress
	err := s.engine.read(ctx, query{
		text: `SELECT to_no, report FROM autopay_progress WHERE day = $1 AND phase = $2 ORDER BY to_no`, args: []any{day.String(), phase},
		each: func(scan func(...any) error) error {
			var to int64
			var report string
			if err := scan(&to, &report); err != nil {
				return err
			}
			if to == progressEnd {
				p.Done = true
				return nil
			}
			p.Through = ledger.BookNo(to)
			p.Reports = append(p.Reports, report)
			return nil
		},
	})
	return p, fault.Wrap("store.PhaseProgress", err)
}

func (s *Store) progressRow(day calendar.Date, phase string, to int64, report string) *bulk {
	b := insertInto("autopay_progress", "day", "phase", "to_no", "done_at", "report")
	b.passOver() // a phase that is run again the same day passes the same marks
	b.add(day.String(), phase, to, s.clock.Now().UnixMicro(), report)
	return b
}

// EndPhase implements autopay.Runs.
func (s *Store) EndPhase(ctx context.Context, day calendar.Date, phase string) error {
	return fault.Wrap("store.EndPhase", s.engine.write(ctx, s.progressRow(day, phase, progressEnd, "")))
}

func (s *Store) lastOf(ctx context.Context, op, from string, args ...any) (ledger.BookNo, error) {
	var no ledger.BookNo
	err := s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(c.book_no), 0) FROM (` + from + `) AS c`, args: args,
		each: func(scan func(...any) error) error { return scan(&no) },
	})
	return no, fault.Wrap(op, err)
}

// PlanEnd implements autopay.Runs.
func (s *Store) PlanEnd(ctx context.Context, after ledger.BookNo, limit int) (ledger.BookNo, error) {
	return s.lastOf(ctx, "store.PlanEnd", `SELECT book_no FROM mandate WHERE book_no > $1 AND state IN ('active', 'paused') ORDER BY book_no LIMIT $2`,
		int64(after), int64(limit))
}

// OrderEnd implements autopay.Runs.
func (s *Store) OrderEnd(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) (ledger.BookNo, error) {
	return s.lastOf(ctx, "store.OrderEnd", `SELECT book_no FROM autopay_pull WHERE state = 'planned' AND book_no > $1 AND order_on <= $3
		ORDER BY book_no LIMIT $2`, int64(after), int64(limit), day.String())
}

// Candidates implements autopay.Runs. An item that an earlier mandate has on its way
// is left out: it would be paid twice.
func (s *Store) Candidates(ctx context.Context, in autopay.Span, dueFrom, dueTo calendar.Date) ([]autopay.Candidate, error) {
	var found []autopay.Candidate
	err := s.engine.read(ctx, query{
		text: `SELECT m.book_no, m.mandate_id, m.version, m.method_id, m.tender, m.entity_no, m.fund_no, m.purpose, m.sec, m.cap_cents, m.day_rule,
				m.day_no, m.range_percent, m.range_cents, COALESCE((SELECT l.amount_cents FROM autopay_pull l
					WHERE l.book_no = m.book_no AND l.mandate_id = m.mandate_id AND l.state IN ('planned', 'ordered', 'paid', 'returned')
					ORDER BY l.due_on DESC LIMIT 1), m.last_cents), m.state, m.reason, m.paused_from, m.paused_to, m.skip_from, m.begins_on,
				o.item_no, o.due_on, o.open_cents
			FROM mandate m JOIN open_item o ON o.book_no = m.book_no AND o.entity_no = m.entity_no AND o.fund_no = m.fund_no
			WHERE m.book_no > $1 AND m.book_no <= $2 AND o.book_no > $1 AND o.book_no <= $2 AND m.state IN ('active', 'paused')
				AND o.open_cents > 0 AND o.due_on >= $3 AND o.due_on <= $4 AND (m.purpose = 'balance' OR o.prescription = 0)
				AND NOT EXISTS (SELECT 1 FROM autopay_item a LEFT JOIN autopay_pull p
						ON p.book_no = a.book_no AND p.mandate_id = a.mandate_id AND p.due_on = a.due_on AND p.book_no > $1 AND p.book_no <= $2
					WHERE a.book_no = o.book_no AND a.book_no > $1 AND a.book_no <= $2 AND a.item_no = o.item_no
						AND (a.mandate_id = m.mandate_id OR p.state IN ('planned', 'ordered')))
			ORDER BY m.book_no, m.mandate_id, o.item_no`,
		args: []any{int64(in.After), int64(in.To), dueFrom.String(), dueTo.String()},
		each: func(scan func(...any) error) error {
			var c autopay.Candidate
			var item autopay.Item
			m := &c.Mandate
			var fund int64
			var from, to, skip, begins, due string
			err := scan(&m.Book, &m.ID, &m.Version, &m.Method, &m.Tender, &m.Purse.Entity, &fund, &m.Purpose, &m.Class, &m.Cap, &m.Day.Kind,
				&m.Day.N, &m.Range.Percent, &m.Range.Cents, &m.Last, &m.State, &m.Reason, &from, &to, &skip, &begins,
				&item.No, &due, &item.Open)
			if err == nil {
				item.DueOn, err = scanDate(due)
			}
			if n := len(found); err != nil || n > 0 && found[n-1].ID == m.ID {
				if err == nil {
					found[n-1].Items = append(found[n-1].Items, item)
				}
				return err
			}
			if m.Purse.Fund, err = chart.FundOf(int32(fund)); err != nil {
				return fault.New(fault.Corrupt, "store.Candidates", "a stored mandate names no fund")
			}
			c.Items = []autopay.Item{item}
			if err := scanDates(map[*calendar.Date]string{&m.PausedFrom: from, &m.PausedTo: to, &m.SkipFrom: skip, &m.BeginsOn: begins}); err != nil {
				return err
			}
			found = append(found, c)
			return nil
		},
	})
	return found, fault.Wrap("store.Candidates", err)
}

// PulledDays implements autopay.Runs.
func (s *Store) PulledDays(ctx context.Context, in autopay.Span, from calendar.Date) (map[ident.Opaque]map[calendar.Date]bool, error) {
	days := map[ident.Opaque]map[calendar.Date]bool{}
	err := s.engine.read(ctx, query{
		text: `SELECT mandate_id, due_on FROM autopay_pull WHERE book_no > $1 AND book_no <= $2 AND due_on >= $3`,
		args: []any{int64(in.After), int64(in.To), from.String()},
		each: func(scan func(...any) error) error {
			var id ident.Opaque
			var due string
			if err := scan(&id, &due); err != nil {
				return err
			}
			day, err := scanDate(due)
			if days[id] == nil {
				days[id] = map[calendar.Date]bool{}
			}
			days[id][day] = true
			return err
		},
	})
	return days, fault.Wrap("store.PulledDays", err)
}

// SavePlans implements autopay.Runs.
func (s *Store) SavePlans(ctx context.Context, p autopay.Plans) error {
	pulls := insertInto("autopay_pull", columnNames(pullColumns)...)
	items := insertInto("autopay_item", "book_no", "item_no", "mandate_id", "due_on")
	at := p.At.UnixMicro()
	for i := range p.Pulls {
		u := &p.Pulls[i]
		due := u.DueOn.String()
		pulls.add(int64(u.Book), string(u.Mandate), due, string(u.ID), string(u.Method), string(u.Tender), int64(u.Purse.Entity),
			int64(u.Purse.Fund.No()), string(u.Class), int64(u.Amount), int64(u.Before), string(u.State), string(u.Notice),
			u.Times.Credit.String(), u.Times.Settle.String(), u.Times.Order.String(), int64(u.Tries), u.Why, at, at)
		for _, no := range u.Items {
			items.add(int64(u.Book), no, string(u.Mandate), due)
		}
	}
	spent, events := changedMandates(), newEvents()
	for i := range p.Spent {
		s.changeMandate(spent, &p.Spent[i].Mandate)
		addChangeEvent(events, &p.Spent[i])
	}
	bulks := slices.DeleteFunc([]*bulk{spent, events, pulls, items}, func(b *bulk) bool { return b.rows == 0 })
	bulks = append(bulks, s.progressRow(p.Day, "plan", int64(p.Span.To), p.Report))
	return moved("store.SavePlans", s.engine.write(ctx, bulks...))
}

// Announce implements autopay.Runs.
func (s *Store) Announce(ctx context.Context, after autopay.Place, limit int) ([]autopay.Announced, error) {
	var found []autopay.Announced
	err := s.engine.read(ctx, query{
		text: `SELECT ` + prefixed("p", pullColumns) + `, q.mask, COALESCE(n.written_language, '')
			FROM autopay_pull p JOIN payment_method q ON q.book_no = p.book_no AND q.method_id = p.method_id
			LEFT JOIN person n ON n.book_no = p.book_no
			WHERE p.state = 'planned' AND p.notice = 'due' AND (p.book_no, p.pull_id) > ($1, $2) ORDER BY p.book_no, p.pull_id LIMIT $3`,
		args: []any{int64(after.Book), string(after.ID), int64(limit)},
		each: func(scan func(...any) error) error {
			var a autopay.Announced
			p, err := scanPull(scan, &a.Mask, &a.Language)
			a.Pull = p
			found = append(found, a)
			return err
		},
	})
	return found, fault.Wrap("store.Announce", err)
}

// NoteAnnounced implements autopay.Runs.
func (s *Store) NoteAnnounced(ctx context.Context, pulls []autopay.Pull) error {
	b := updateOf("autopay_pull", 3, 0, "book_no", "mandate_id", "due_on", "notice", "changed_at")
	for i := range pulls {
		b.add(int64(pulls[i].Book), string(pulls[i].Mandate), pulls[i].DueOn.String(), string(autopay.NoticeKept), s.clock.Now().UnixMicro())
	}
	if b.rows == 0 {
		return nil
	}
	return fault.Wrap("store.NoteAnnounced", s.engine.write(ctx, b))
}

// CardQueue implements autopay.Runs.
func (s *Store) CardQueue(ctx context.Context, day calendar.Date, after autopay.Place, limit int) ([]autopay.Pull, error) {
	return s.pulls(ctx, "store.CardQueue", `WHERE state = 'ordered' AND tender = 'card' AND order_on <= $1 AND (book_no, pull_id) > ($2, $3)
		ORDER BY book_no, pull_id LIMIT $4`, day.String(), int64(after.Book), string(after.ID), int64(limit))
}

const letterColumns = `m.book_no, m.mandate_id, m.version, m.method_id, m.tender, m.entity_no, m.fund_no, m.purpose, m.cap_cents, m.day_rule, m.day_no,
	m.state, m.reason, m.begins_on, m.ended_on, m.given_on, m.wording, q.mask, q.card_expires, COALESCE(n.written_language, '')`

func (s *Store) letterRows(ctx context.Context, op, where string, args ...any) ([]autopay.LetterDue, error) {
	var found []autopay.LetterDue
	err := s.engine.read(ctx, query{
		text: `SELECT ` + letterColumns + ` FROM mandate m JOIN payment_method q ON q.book_no = m.book_no AND q.method_id = m.method_id
			LEFT JOIN person n ON n.book_no = m.book_no WHERE ` + where, args: args,
		each: func(scan func(...any) error) error {
			var l autopay.LetterDue
			m := &l.Mandate
			var fund int64
			var begins, ended, given, expires string
			err := scan(&m.Book, &m.ID, &m.Version, &m.Method, &m.Tender, &m.Purse.Entity, &fund, &m.Purpose, &m.Cap, &m.Day.Kind, &m.Day.N, &m.State,
				&m.Reason, &begins, &ended, &given, &m.Consent.Wording, &l.Mask, &expires, &l.Language)
			if err == nil {
				m.Purse.Fund, err = chart.FundOf(int32(fund))
			}
			if err == nil && expires != "" {
				l.Expires, err = scanMonth(expires)
			}
			if err == nil {
				err = scanDates(map[*calendar.Date]string{&m.BeginsOn: begins, &m.EndedOn: ended, &m.Consent.GivenOn: given})
			}
			found = append(found, l)
			return err
		},
	})
	return found, fault.Wrap(op, err)
}

// NewMandates implements autopay.Runs.
func (s *Store) NewMandates(ctx context.Context, since calendar.Date, after autopay.Place, limit int) ([]autopay.LetterDue, error) {
	return s.letterRows(ctx, "store.NewMandates", `(m.book_no, m.mandate_id) > ($1, $2) AND m.given_on >= $3 AND m.channel <> 'import'
		AND m.state IN ('active', 'paused') AND m.follows = ''
		AND NOT EXISTS (SELECT 1 FROM notice k WHERE k.book_no = m.book_no AND k.notice_key = 'mandate:' || m.mandate_id)
		ORDER BY m.book_no, m.mandate_id LIMIT $4`, int64(after.Book), string(after.ID), since.String(), int64(limit))
}

// StoppedMandates implements autopay.Runs.
func (s *Store) StoppedMandates(ctx context.Context, reasons []string, sinceMicros int64, after autopay.Place, limit int) ([]autopay.LetterDue, error) {
	return s.letterRows(ctx, "store.StoppedMandates", `(m.book_no, m.mandate_id) > ($1, $2) AND m.changed_at >= $3 AND m.state <> 'active' AND `+
		s.engine.list("m.reason", 4, textColumn)+`
		AND NOT EXISTS (SELECT 1 FROM notice k WHERE k.book_no = m.book_no AND k.notice_key = 'stopped:' || m.mandate_id || ':' || m.reason)
		ORDER BY m.book_no, m.mandate_id LIMIT $5`,
		int64(after.Book), string(after.ID), sinceMicros, s.engine.texts(reasons), int64(limit))
}

// ExpiringCards implements autopay.Runs.
func (s *Store) ExpiringCards(ctx context.Context, by calendar.Month, after autopay.Place, limit int) ([]autopay.LetterDue, error) {
	return s.letterRows(ctx, "store.ExpiringCards", `(m.book_no, m.mandate_id) > ($1, $2) AND m.tender = 'card' AND m.state IN ('active', 'paused')
		AND q.state = 'active' AND q.card_expires <> '' AND q.card_expires <= $3
		AND NOT EXISTS (SELECT 1 FROM notice k WHERE k.book_no = m.book_no AND k.notice_key = 'card:' || m.method_id || ':' || q.card_expires)
		ORDER BY m.book_no, m.mandate_id LIMIT $4`, int64(after.Book), string(after.ID), by.String(), int64(limit))
}

// passOver leaves out rows whose key exists.
func (b *bulk) passOver() { b.known, b.taken = true, "ON CONFLICT DO NOTHING" }

// prefixed puts a table's name before each of a list of columns.
func prefixed(table, columns string) string {
	out := ""
	for i, name := range columnNames(columns) {
		if i > 0 {
			out += ", "
		}
		out += table + "." + name
	}
	return out
}
