package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
)

var (
	_ clearing.Returns = (*Store)(nil)
	_ clearing.Store   = (*Store)(nil)
)

const achReturnColumns = `file_book, item_no, line, kind, code, company, trace, original_trace, amount_cents, credit, settled_on, taken_at,
	book_no, entry_id, entity_no, fund_no, state, outcome, why, due_on, rated, sealed, changed_at, changed_by`

// sealedAnswer is what of an answer is sealed: it can hold an account number.
type sealedAnswer struct {
	Routing         string `json:"routing,omitempty"`
	Number          string `json:"number,omitempty"`
	TransactionCode int    `json:"transaction_code,omitempty"`
	Readable        bool   `json:"readable,omitempty"`
	Said            string `json:"said,omitempty"`
}

// ByTraces implements clearing.Returns.
func (s *Store) ByTraces(ctx context.Context, traces []clearing.Trace) (map[clearing.Trace][]clearing.FiledEntry, error) {
	found := map[clearing.Trace][]clearing.FiledEntry{}
	columns := "e." + strings.Join(columnNames(achEntryColumns), ", e.")
	err := s.engine.read(ctx, query{
		text: `SELECT ` + columns + `, b.company, b.settles_on, f.state FROM ach_entry e
			JOIN ach_file f ON f.file_no = e.file_no
			JOIN ach_batch b ON b.file_no = e.file_no AND b.trace_first <= e.trace AND b.trace_last >= e.trace
			WHERE ` + s.engine.list("e.trace", 1, integerColumn) + ` AND e.trace > 0`,
		args: []any{s.engine.ints(integers(traces))},
		each: func(scan func(...any) error) error {
			var f clearing.FiledEntry
			var settles string
			var err error
			if f.Entry, err = scanAchEntry(scan, &f.Company, &settles, &f.FileState); err != nil {
				return err
			}
			if f.SettlesOn, err = scanDate(settles); err != nil {
				return err
			}
			found[f.Trace] = append(found[f.Trace], f)
			return nil
		},
	})
	return found, fault.Wrap("store.ByTraces", err)
}

// KeepAnswers implements clearing.Returns.
func (s *Store) KeepAnswers(ctx context.Context, answers []clearing.Answer) error {
	rows := insertInto("ach_return", columnNames(achReturnColumns)...)
	rows.known, rows.taken = true, "ON CONFLICT DO NOTHING"
	for i := range answers {
		a := &answers[i]
		sealed := []byte{}
		if a.Corrected != (clearing.Correction{}) || a.Said != "" {
			c := &a.Corrected
			plain, err := json.Marshal(sealedAnswer{c.Routing, c.Number.Reveal(), c.TransactionCode, c.Readable, a.Said})
			if err == nil {
				sealed, err = s.seal.Seal(plain, achReturnContext(a.File, a.No))
			}
			if err != nil {
				return fault.Wrap("store.KeepAnswers", err)
			}
		}
		rows.add(int64(a.File), a.No, int64(a.Line), string(a.Kind), a.Code, a.Company, int64(a.Trace), int64(a.Original), int64(a.Amount),
			flag(a.Credit), a.SettledOn.String(), a.TakenAt.UnixMicro(), int64(a.Entry.Book), string(a.Entry.ID), int64(a.Purse.Entity),
			int64(a.Purse.Fund.No()), string(a.State), string(a.Outcome), a.Why, a.DueOn.String(), flag(a.Rated), sealed,
			a.ChangedAt.UnixMicro(), a.ChangedBy)
	}
	return fault.Wrap("store.KeepAnswers", s.engine.write(ctx, rows))
}

func (s *Store) answers(ctx context.Context, where string, args ...any) ([]clearing.Answer, error) {
	var answers []clearing.Answer
	err := s.engine.read(ctx, query{
		text: `SELECT ` + achReturnColumns + ` FROM ach_return ` + where, args: args,
		each: func(scan func(...any) error) error {
			a, err := s.scanAnswer(scan)
			answers = append(answers, a)
			return err
		},
	})
	return answers, fault.Wrap("store.answers", err)
}

func (s *Store) scanAnswer(scan func(...any) error) (clearing.Answer, error) {
	var a clearing.Answer
	var credit, taken, entity, fund, rated, changed int64
	var settled, due string
	var sealed []byte
	err := scan(&a.File, &a.No, &a.Line, &a.Kind, &a.Code, &a.Company, &a.Trace, &a.Original, &a.Amount, &credit, &settled, &taken,
		&a.Entry.Book, &a.Entry.ID, &entity, &fund, &a.State, &a.Outcome, &a.Why, &due, &rated, &sealed, &changed, &a.ChangedBy)
	if err != nil {
		return a, err
	}
	a.Credit, a.Rated, a.TakenAt, a.ChangedAt = credit == 1, rated == 1, instant(taken), instant(changed)
	if entity != 0 {
		if a.Purse, err = scanPurse(entity, fund); err != nil {
			return a, err
		}
	} else {
		a.Purse = chart.Purse{}
	}
	if len(sealed) > 0 {
		if err := s.openAnswer(&a, sealed); err != nil {
			return a, err
		}
	}
	return a, scanDates(map[*calendar.Date]string{&a.SettledOn: settled, &a.DueOn: due})
}

func (s *Store) openAnswer(a *clearing.Answer, sealed []byte) error {
	plain, err := s.seal.Open(sealed, achReturnContext(a.File, a.No))
	if err != nil {
		return fault.Wrap("store.openAnswer", err)
	}
	var said sealedAnswer
	if err := json.Unmarshal(plain, &said); err != nil {
		return fault.New(fault.Corrupt, "store.openAnswer", "what an answer says does not parse")
	}
	a.Corrected = clearing.Correction{
		Routing: said.Routing, Number: secret.New(said.Number), TransactionCode: said.TransactionCode, Readable: said.Readable,
	}
	a.Said = said.Said
	return nil
}

// AnswersTaken implements clearing.Returns.
func (s *Store) AnswersTaken(ctx context.Context, file ledger.BookNo, after int64, limit int) ([]clearing.Answer, error) {
	return s.answers(ctx, `WHERE file_book = $1 AND item_no > $2 AND state = 'taken' ORDER BY item_no LIMIT $3`, int64(file), after, int64(limit))
}

// Answer implements clearing.Returns.
func (s *Store) Answer(ctx context.Context, file ledger.BookNo, no int64) (clearing.Answer, error) {
	answers, err := s.answers(ctx, `WHERE file_book = $1 AND item_no = $2`, int64(file), no)
	if err == nil && len(answers) == 0 {
		err = fault.New(fault.NotFound, "store.Answer", "there is no such item")
	}
	if err != nil {
		return clearing.Answer{}, err
	}
	return answers[0], nil
}

// OpenAnswers implements clearing.Returns.
func (s *Store) OpenAnswers(ctx context.Context, most int) ([]clearing.Answer, error) {
	return s.answers(ctx, `WHERE state = 'open' ORDER BY due_on, file_book, item_no LIMIT $1`, int64(most))
}

// AnswersOf implements clearing.Returns.
func (s *Store) AnswersOf(ctx context.Context, entry clearing.EntryRef) ([]clearing.Answer, error) {
	return s.answers(ctx, `WHERE book_no = $1 AND entry_id = $2 ORDER BY taken_at, file_book, item_no`, int64(entry.Book), string(entry.ID))
}

func changedAnswers() *bulk {
	return updateOf("ach_return", 2, 1, "file_book", "item_no", "state", "state", "outcome", "why", "due_on", "rated", "changed_at", "changed_by")
}

func changeAnswer(rows *bulk, was clearing.AnswerState, a *clearing.Answer) {
	rows.add(int64(a.File), a.No, string(was), string(a.State), string(a.Outcome), a.Why, a.DueOn.String(), flag(a.Rated),
		a.ChangedAt.UnixMicro(), a.ChangedBy)
}

// CloseAnswer implements clearing.Returns.
func (s *Store) CloseAnswer(ctx context.Context, a *clearing.Answer) error {
	rows := changedAnswers()
	changeAnswer(rows, clearing.ToDo, a)
	err := s.engine.write(ctx, rows)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.CloseAnswer", "the item is not open")
	}
	return fault.Wrap("store.CloseAnswer", err)
}

// SettleAnswers implements clearing.Returns.
func (s *Store) SettleAnswers(ctx context.Context, settled []clearing.Settled) error {
	answers := changedAnswers()
	entries := movedEntries()
	var fresh []clearing.Entry
	for i := range settled {
		v := &settled[i]
		changeAnswer(answers, clearing.Taken, &v.Answer)
		if v.Entry != nil {
			moveEntry(entries, v.Was, v.Entry)
		}
		if v.Fresh != nil {
			fresh = append(fresh, *v.Fresh)
		}
	}
	bulks := []*bulk{answers}
	if entries.rows > 0 {
		bulks = append(bulks, entries)
	}
	if len(fresh) > 0 {
		bulks = append(bulks, newEntries(fresh))
	}
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.SettleAnswers", "another run carries this file out at this moment")
	}
	return fault.Wrap("store.SettleAnswers", err)
}

// CountAnswers implements clearing.Returns.
func (s *Store) CountAnswers(ctx context.Context, file ledger.BookNo) (map[clearing.Outcome]int, error) {
	counts := map[clearing.Outcome]int{}
	err := s.engine.read(ctx, query{
		text: `SELECT outcome, COUNT(*) FROM ach_return WHERE file_book = $1 GROUP BY outcome`, args: []any{int64(file)},
		each: func(scan func(...any) error) error {
			var outcome clearing.Outcome
			var n int
			err := scan(&outcome, &n)
			counts[outcome] = n
			return err
		},
	})
	return counts, fault.Wrap("store.CountAnswers", err)
}

// Sent implements clearing.Returns.
func (s *Store) Sent(ctx context.Context, from, to calendar.Date) (map[string]int64, error) {
	sent := map[string]int64{}
	err := s.engine.read(ctx, query{
		text: `SELECT b.company, CAST(SUM(b.entries) AS BIGINT) FROM ach_batch b JOIN ach_file f ON f.file_no = b.file_no
			WHERE b.settles_on BETWEEN $1 AND $2 AND b.direction = 'debit' AND b.kind <> 'prenote'
				AND f.state IN ('released', 'placed', 'acknowledged') GROUP BY b.company`,
		args: []any{from.String(), to.String()},
		each: func(scan func(...any) error) error {
			var company string
			var n int64
			err := scan(&company, &n)
			sent[company] = n
			return err
		},
	})
	return sent, fault.Wrap("store.Sent", err)
}

// Came implements clearing.Returns.
func (s *Store) Came(ctx context.Context, from, to calendar.Date) (map[string]map[string]int64, error) {
	came := map[string]map[string]int64{}
	err := s.engine.read(ctx, query{
		text: `SELECT company, code, COUNT(*) FROM ach_return WHERE rated = 1 AND settled_on BETWEEN $1 AND $2 GROUP BY company, code`,
		args: []any{from.String(), to.String()},
		each: func(scan func(...any) error) error {
			var company, code string
			var n int64
			if err := scan(&company, &code, &n); err != nil {
				return err
			}
			if came[company] == nil {
				came[company] = map[string]int64{}
			}
			came[company][code] += n
			return nil
		},
	})
	return came, fault.Wrap("store.Came", err)
}

// Unvalidated implements clearing.Validations.
func (s *Store) Unvalidated(ctx context.Context, after clearing.EntryRef, limit int) ([]clearing.Entry, error) {
	entries, err := s.achEntries(ctx, `AS e WHERE e.state = 'held' AND (e.book_no, e.method_id) > ($1, $2)
			AND NOT EXISTS (SELECT 1 FROM ach_validation v WHERE v.book_no = e.book_no AND v.method_id = e.method_id)
			AND e.entry_id = (SELECT MIN(o.entry_id) FROM ach_entry o
				WHERE o.book_no = e.book_no AND o.method_id = e.method_id AND o.state = 'held')
		ORDER BY e.book_no, e.method_id LIMIT $3`, int64(after.Book), string(after.ID), int64(limit))
	return entries, fault.Wrap("store.Unvalidated", err)
}

const achValidationColumns = `book_no, method_id, way, state, entry_id, good_on, reason, asked_at, changed_at`

// BeginValidation implements clearing.Validations.
func (s *Store) BeginValidation(ctx context.Context, begun []clearing.Validation, entries []clearing.Entry) error {
	now := s.clock.Now().UnixMicro()
	rows := insertInto("ach_validation", columnNames(achValidationColumns)...)
	rows.known, rows.taken = true, "ON CONFLICT DO NOTHING"
	for i := range begun {
		v := &begun[i]
		rows.add(int64(v.Book), string(v.Method), string(v.Way), string(v.State), string(v.Entry), v.GoodOn.String(), v.Reason, now, now)
	}
	bulks := []*bulk{rows}
	if len(entries) > 0 {
		bulks = append(bulks, newEntries(entries))
	}
	return fault.Wrap("store.BeginValidation", s.engine.write(ctx, bulks...))
}

// Asked implements clearing.Validations.
func (s *Store) Asked(ctx context.Context, after clearing.EntryRef, limit int) ([]clearing.Asked, error) {
	var asked []clearing.Asked
	err := s.engine.read(ctx, query{
		text: `SELECT v.book_no, v.method_id, v.way, v.state, v.entry_id, v.reason,
				CASE WHEN f.state IN ('released', 'placed', 'acknowledged') AND e.state = 'filed' THEN f.effective_on ELSE '' END
			FROM ach_validation v LEFT JOIN ach_entry e ON e.book_no = v.book_no AND e.entry_id = v.entry_id
			LEFT JOIN ach_file f ON f.file_no = e.file_no
			WHERE v.state = 'asked' AND (v.book_no, v.method_id) > ($1, $2) ORDER BY v.book_no, v.method_id LIMIT $3`,
		args: []any{int64(after.Book), string(after.ID), int64(limit)},
		each: func(scan func(...any) error) error {
			var a clearing.Asked
			var settled string
			err := scan(&a.Book, &a.Method, &a.Way, &a.State, &a.Entry, &a.Reason, &settled)
			if err != nil {
				return err
			}
			a.SettledOn, err = scanDate(settled)
			asked = append(asked, a)
			return err
		},
	})
	return asked, fault.Wrap("store.Asked", err)
}

// EndValidation implements clearing.Validations.
func (s *Store) EndValidation(ctx context.Context, v clearing.Validation, at time.Time) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `UPDATE ach_validation SET state = $1, way = $2, good_on = $3, reason = $4, changed_at = $5
			WHERE book_no = $6 AND method_id = $7`,
			string(v.State), string(v.Way), v.GoodOn.String(), v.Reason, at.UnixMicro(), int64(v.Book), string(v.Method))
		if err != nil {
			return err
		}
		state, why := clearing.Ready, ""
		if v.State == clearing.ValidationFailed {
			state, why = clearing.Failed, "the account could not be validated: "+v.Reason
		}
		_, err = tx.ExecContext(ctx, `UPDATE ach_entry SET state = $1, why = $2, changed_at = $3
			WHERE book_no = $4 AND method_id = $5 AND state = 'held'`,
			string(state), why, at.UnixMicro(), int64(v.Book), string(v.Method))
		return err
	})
	return fault.Wrap("store.EndValidation", err)
}

// Validation implements clearing.Validations.
func (s *Store) Validation(ctx context.Context, book ledger.BookNo, method ident.Opaque) (clearing.Validation, error) {
	v, found := clearing.Validation{Book: book, Method: method}, false
	err := s.engine.read(ctx, query{
		text: `SELECT way, state, entry_id, good_on, reason FROM ach_validation WHERE book_no = $1 AND method_id = $2`,
		args: []any{int64(book), string(method)},
		each: func(scan func(...any) error) error {
			var good string
			if err := scan(&v.Way, &v.State, &v.Entry, &good, &v.Reason); err != nil {
				return err
			}
			found = true
			return scanDates(map[*calendar.Date]string{&v.GoodOn: good})
		},
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, "store.Validation", "nobody began to validate the account")
	}
	return v, fault.Wrap("store.Validation", err)
}
