package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/outbound"
)

var _ outbound.Store = (*Store)(nil)

const outboundColumns = `file_no, kind, partner, receiver, control, book_no, folder, name, day, made_at, actor, items, totals, sha256,
	bytes, chunks`

// untold is the condition that a duty d is an enrolment fact that was not told, or
// that somebody had told anew.
const untold = `d.kind = 'outbound' AND (NOT EXISTS (SELECT 1 FROM outbound_fact f
		WHERE f.book_no = d.book_no AND f.policy_no = d.policy_no AND f.duty_key = d.duty_key)
	OR EXISTS (SELECT 1 FROM outbound_again a WHERE a.book_no = d.book_no AND a.policy_no = d.policy_no AND a.duty_key = d.duty_key
		AND NOT EXISTS (SELECT 1 FROM outbound_fact f WHERE f.book_no = a.book_no AND f.policy_no = a.policy_no
			AND f.duty_key = a.duty_key AND f.attempt = a.attempt)))`

// unsignalled is the condition that a duty d is a signal that was not told.
const unsignalled = `d.kind = 'claim_signal' AND NOT EXISTS (SELECT 1 FROM claim_signal c
	WHERE c.book_no = d.book_no AND c.policy_no = d.policy_no AND c.duty_key = d.duty_key)`

// Opaques gives the ids under which books may be named outside.
func (s *Store) Opaques(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]ident.Opaque, error) {
	ids := make(map[ledger.BookNo]ident.Opaque, len(books))
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, opaque_id FROM book WHERE ` + s.engine.list("book_no", 1, integerColumn),
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var id ident.Opaque
			err := scan(&book, &id)
			ids[book] = id
			return err
		},
	})
	return ids, fault.Wrap("store.Opaques", err)
}

// DueSources implements outbound.Store.
func (s *Store) DueSources(ctx context.Context, day calendar.Date) (map[string]int, error) {
	sources := map[string]int{}
	err := s.engine.read(ctx, query{
		text: `SELECT p.source, COUNT(*) FROM policy_duty d JOIN policy p ON p.book_no = d.book_no AND p.policy_no = d.policy_no
			WHERE d.noted_on <= $1 AND ` + untold + ` GROUP BY p.source`,
		args: []any{day.String()},
		each: func(scan func(...any) error) error {
			var source string
			var facts int
			err := scan(&source, &facts)
			sources[source] = facts
			return err
		},
	})
	return sources, fault.Wrap("store.DueSources", err)
}

// DueBooks implements outbound.Store.
func (s *Store) DueBooks(ctx context.Context, source string, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	books, err := s.bookList(ctx, `SELECT DISTINCT d.book_no FROM policy_duty d
		JOIN policy p ON p.book_no = d.book_no AND p.policy_no = d.policy_no
		WHERE p.source = $1 AND d.noted_on <= $2 AND d.book_no > $3 AND `+untold+` ORDER BY d.book_no LIMIT $4`,
		source, day.String(), int64(after), int64(limit))
	return books, fault.Wrap("store.DueBooks", err)
}

// DueFacts implements outbound.Store.
func (s *Store) DueFacts(ctx context.Context, source string, day calendar.Date, books []ledger.BookNo) ([]outbound.Due, error) {
	var due []outbound.Due
	err := s.engine.read(ctx, query{
		text: `SELECT d.book_no, d.policy_no, d.duty_key, d.what, d.on_day, d.effective_on,
				(SELECT COUNT(*) FROM outbound_fact f WHERE f.book_no = d.book_no AND f.policy_no = d.policy_no AND f.duty_key = d.duty_key)
			FROM policy_duty d JOIN policy p ON p.book_no = d.book_no AND p.policy_no = d.policy_no
			WHERE ` + s.engine.list("d.book_no", 1, integerColumn) + ` AND p.source = $2 AND d.noted_on <= $3 AND ` + untold + `
			ORDER BY d.book_no, d.policy_no, d.on_day, d.noted_on, d.duty_key`,
		args: []any{s.engine.ints(integers(books)), source, day.String()},
		each: func(scan func(...any) error) error {
			var d outbound.Due
			var on, effective string
			if err := scan(&d.Policy.Number, &d.Policy.No, &d.Key, &d.What, &on, &effective, &d.Attempt); err != nil {
				return err
			}
			d.Attempt++
			err := scanDates(map[*calendar.Date]string{&d.On: on, &d.Effective: effective})
			due = append(due, d)
			return err
		},
	})
	return due, fault.Wrap("store.DueFacts", err)
}

// NextFile implements outbound.Store.
func (s *Store) NextFile(ctx context.Context, kind outbound.Kind, receiver string) (file, control int64, err error) {
	last := query{
		text: `SELECT COALESCE(MAX(control), 0) FROM outbound_file WHERE kind = $1 AND receiver = $2`, args: []any{string(kind), receiver},
		each: func(scan func(...any) error) error { return scan(&control) },
	}
	if kind == outbound.Claims {
		last.text, last.args = `SELECT COALESCE(MAX(seq), 0) FROM claim_signal`, nil
	}
	err = s.engine.read(ctx, last, query{
		text: `SELECT COALESCE(MAX(file_no), 0) FROM outbound_file`,
		each: func(scan func(...any) error) error { return scan(&file) },
	})
	return file + 1, control + 1, fault.Wrap("store.NextFile", err)
}

// SaveOutbound implements outbound.Store.
func (s *Store) SaveOutbound(ctx context.Context, file outbound.File, facts []outbound.Told, signals []outbound.Signal) error {
	const op = "store.SaveOutbound"
	totals, err := json.Marshal(file.Totals)
	if err != nil {
		return fault.Wrap(op, err)
	}
	files := insertInto("outbound_file", columnNames(outboundColumns)...)
	files.add(file.No, string(file.Kind), file.Partner, file.Receiver, file.Control, int64(file.Book), file.Folder, file.Name,
		file.Day.String(), file.MadeAt.UnixMicro(), file.Actor.String(), file.Items, string(totals), file.SHA256, file.Bytes, file.Chunks)
	bulks := []*bulk{files}
	if len(facts) > 0 {
		told := insertInto("outbound_fact", "book_no", "policy_no", "duty_key", "attempt", "file_no", "set_no", "what")
		for i := range facts {
			f := &facts[i]
			told.add(int64(f.Policy.Number), f.Policy.No, f.Key, f.Attempt, file.No, f.Set, string(f.What))
		}
		bulks = append(bulks, told)
	}
	if len(signals) > 0 {
		told := insertInto("claim_signal", "seq", "book_no", "policy_no", "duty_key", "month", "signal", "from_on", "file_no")
		for i := range signals {
			v := &signals[i]
			told.add(v.Sequence, int64(v.Policy.Number), v.Policy.No, v.Key, v.Month.String(), string(v.Word), v.From.String(), file.No)
		}
		bulks = append(bulks, told)
	}
	if err = s.engine.write(ctx, bulks...); errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "another run sends at this moment; read again what is due")
	}
	return fault.Wrap(op, err)
}

// Unplaced implements outbound.Store.
func (s *Store) Unplaced(ctx context.Context) ([]outbound.File, error) {
	return s.outboundFiles(ctx, `WHERE p.file_no IS NULL ORDER BY o.file_no`)
}

// OutboundFiles implements outbound.Store.
func (s *Store) OutboundFiles(ctx context.Context, most int) ([]outbound.File, error) {
	return s.outboundFiles(ctx, `ORDER BY o.file_no DESC LIMIT $1`, int64(most))
}

// OutboundFile implements outbound.Store.
func (s *Store) OutboundFile(ctx context.Context, no int64) (outbound.File, error) {
	return s.oneOutbound(ctx, `WHERE o.file_no = $1`, no)
}

// FileOf implements outbound.Store.
func (s *Store) FileOf(ctx context.Context, receiver string, control int64) (outbound.File, error) {
	return s.oneOutbound(ctx, `WHERE o.kind = '834' AND o.receiver = $1 AND o.control = $2`, receiver, control)
}

func (s *Store) oneOutbound(ctx context.Context, where string, args ...any) (outbound.File, error) {
	files, err := s.outboundFiles(ctx, where, args...)
	if err == nil && len(files) == 0 {
		err = fault.New(fault.NotFound, "store.OutboundFile", "no such file was sent")
	}
	if err != nil {
		return outbound.File{}, err
	}
	return files[0], nil
}

// Unsettled implements outbound.Store.
func (s *Store) Unsettled(ctx context.Context) ([]outbound.File, error) {
	return s.outboundFiles(ctx, `WHERE o.kind = '834' AND (
			NOT EXISTS (SELECT 1 FROM outbound_answer a WHERE a.file_no = o.file_no AND a.level = 'group')
			OR EXISTS (SELECT 1 FROM outbound_answer a WHERE a.file_no = o.file_no AND a.verdict IN ('rejected', 'partly')
				AND EXISTS (SELECT 1 FROM outbound_fact f WHERE f.file_no = o.file_no AND NOT EXISTS (SELECT 1 FROM outbound_fact n
					WHERE n.book_no = f.book_no AND n.policy_no = f.policy_no AND n.duty_key = f.duty_key AND n.attempt > f.attempt))))
		ORDER BY o.file_no DESC`)
}

func (s *Store) outboundFiles(ctx context.Context, where string, args ...any) ([]outbound.File, error) {
	var files []outbound.File
	err := s.engine.read(ctx, query{
		text: `SELECT o.file_no, o.kind, o.partner, o.receiver, o.control, o.book_no, o.folder, o.name, o.day, o.made_at, o.actor, o.items,
				o.totals, o.sha256, o.bytes, o.chunks, COALESCE(p.at, 0)
			FROM outbound_file o LEFT JOIN outbound_placed p ON p.file_no = o.file_no ` + where,
		args: args,
		each: func(scan func(...any) error) error {
			var f outbound.File
			var day, actor, totals string
			var made, placed int64
			err := scan(&f.No, &f.Kind, &f.Partner, &f.Receiver, &f.Control, &f.Book, &f.Folder, &f.Name, &day, &made, &actor, &f.Items,
				&totals, &f.SHA256, &f.Bytes, &f.Chunks, &placed)
			if err != nil {
				return err
			}
			if f.MadeAt = instant(made); placed > 0 {
				f.PlacedAt = instant(placed)
			}
			if f.Actor, err = scanActor(actor); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(totals), &f.Totals); err != nil {
				return fault.New(fault.Corrupt, "store.scan", "the totals of a stored file do not parse")
			}
			f.Day, err = scanDate(day)
			files = append(files, f)
			return err
		},
	})
	return files, fault.Wrap("store.OutboundFiles", err)
}

// Placed implements outbound.Store.
func (s *Store) Placed(ctx context.Context, file int64, at time.Time) error {
	b := insertInto("outbound_placed", "file_no", "at")
	b.add(file, at.UnixMicro())
	if err := s.engine.write(ctx, b); !errors.Is(err, cashier.ErrStale) {
		return fault.Wrap("store.Placed", err)
	}
	return nil
}

// ToldIn implements outbound.Store.
func (s *Store) ToldIn(ctx context.Context, files []int64) (map[int64][]outbound.Told, error) {
	told := map[int64][]outbound.Told{}
	if len(files) == 0 {
		return told, nil
	}
	err := s.engine.read(ctx, query{
		text: `SELECT f.file_no, f.set_no, f.book_no, f.policy_no, f.duty_key, f.attempt, f.what, d.on_day, d.effective_on
			FROM outbound_fact f JOIN policy_duty d ON d.book_no = f.book_no AND d.policy_no = f.policy_no AND d.duty_key = f.duty_key
			WHERE ` + s.engine.list("f.file_no", 1, integerColumn) + ` ORDER BY f.file_no, f.set_no`,
		args: []any{s.engine.ints(files)},
		each: func(scan func(...any) error) error {
			var t outbound.Told
			var file int64
			var on, effective string
			err := scan(&file, &t.Set, &t.Policy.Number, &t.Policy.No, &t.Key, &t.Attempt, &t.What, &on, &effective)
			if err == nil {
				err = scanDates(map[*calendar.Date]string{&t.On: on, &t.Effective: effective})
			}
			told[file] = append(told[file], t)
			return err
		},
	})
	return told, fault.Wrap("store.ToldIn", err)
}

// Attempts implements outbound.Store.
func (s *Store) Attempts(ctx context.Context, books []ledger.BookNo) (map[outbound.Again]bool, error) {
	attempts := map[outbound.Again]bool{}
	each := func(scan func(...any) error) error {
		var a outbound.Again
		err := scan(&a.Policy.Number, &a.Policy.No, &a.Key, &a.Attempt)
		attempts[a] = true
		return err
	}
	of, args := s.engine.list("book_no", 1, integerColumn), []any{s.engine.ints(integers(books))}
	err := s.engine.read(ctx,
		query{text: `SELECT book_no, policy_no, duty_key, attempt FROM outbound_fact WHERE ` + of, args: args, each: each},
		query{text: `SELECT book_no, policy_no, duty_key, attempt FROM outbound_again WHERE ` + of, args: args, each: each})
	return attempts, fault.Wrap("store.Attempts", err)
}

// SaveAgain implements outbound.Store.
func (s *Store) SaveAgain(ctx context.Context, again []outbound.Again, by ident.Actor, reason string) error {
	const op = "store.SaveAgain"
	b := insertInto("outbound_again", "book_no", "policy_no", "duty_key", "attempt", "asked_at", "actor", "reason")
	for _, a := range again {
		b.add(int64(a.Policy.Number), a.Policy.No, a.Key, a.Attempt, s.clock.Now().UnixMicro(), by.String(), reason)
	}
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "somebody had it sent anew at this moment")
	}
	return fault.Wrap(op, err)
}

// SaveAnswers implements outbound.Store.
func (s *Store) SaveAnswers(ctx context.Context, answers []outbound.Answer) error {
	const op = "store.SaveAnswers"
	if len(answers) == 0 {
		return nil
	}
	b := insertInto("outbound_answer", "answer_book", "answer_no", "file_no", "level", "set_no", "verdict", "complaints", "answered_at")
	b.taken, b.known = `ON CONFLICT (answer_book, answer_no) DO NOTHING`, true
	for i := range answers {
		a := &answers[i]
		complaints, err := json.Marshal(a.Complaints)
		if err != nil {
			return fault.Wrap(op, err)
		}
		b.add(int64(a.From), a.No, a.File, string(a.Level), a.Set, string(a.Verdict), string(complaints), a.AnsweredAt.UnixMicro())
	}
	return fault.Wrap(op, s.engine.write(ctx, b))
}

// AnswersTo implements outbound.Store.
func (s *Store) AnswersTo(ctx context.Context, files []int64) (map[int64][]outbound.Answer, error) {
	answers := map[int64][]outbound.Answer{}
	if len(files) == 0 {
		return answers, nil
	}
	err := s.engine.read(ctx, query{
		text: `SELECT answer_book, answer_no, file_no, level, set_no, verdict, complaints, answered_at FROM outbound_answer
			WHERE ` + s.engine.list("file_no", 1, integerColumn) + ` ORDER BY file_no, answered_at, answer_book, answer_no`,
		args: []any{s.engine.ints(files)},
		each: func(scan func(...any) error) error {
			var a outbound.Answer
			var complaints string
			var at int64
			if err := scan(&a.From, &a.No, &a.File, &a.Level, &a.Set, &a.Verdict, &complaints, &at); err != nil {
				return err
			}
			a.AnsweredAt = instant(at)
			if err := json.Unmarshal([]byte(complaints), &a.Complaints); err != nil {
				return fault.New(fault.Corrupt, "store.scan", "the complaints of a stored answer do not parse")
			}
			answers[a.File] = append(answers[a.File], a)
			return nil
		},
	})
	return answers, fault.Wrap("store.AnswersTo", err)
}

// CountSignals implements outbound.Store.
func (s *Store) CountSignals(ctx context.Context, day calendar.Date) (signals int, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COUNT(*) FROM policy_duty d WHERE d.noted_on <= $1 AND ` + unsignalled, args: []any{day.String()},
		each: func(scan func(...any) error) error { return scan(&signals) },
	})
	return signals, fault.Wrap("store.CountSignals", err)
}

// SignalBooks implements outbound.Store.
func (s *Store) SignalBooks(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error) {
	books, err := s.bookList(ctx, `SELECT DISTINCT d.book_no FROM policy_duty d
		WHERE d.noted_on <= $1 AND d.book_no > $2 AND `+unsignalled+` ORDER BY d.book_no LIMIT $3`,
		day.String(), int64(after), int64(limit))
	return books, fault.Wrap("store.SignalBooks", err)
}

// DueSignals implements outbound.Store.
func (s *Store) DueSignals(ctx context.Context, day calendar.Date, books []ledger.BookNo) ([]outbound.Signal, error) {
	var due []outbound.Signal
	err := s.engine.read(ctx, query{
		text: `SELECT d.book_no, d.policy_no, d.duty_key, d.month, d.signal, d.on_day FROM policy_duty d
			WHERE ` + s.engine.list("d.book_no", 1, integerColumn) + ` AND d.noted_on <= $2 AND ` + unsignalled + `
			ORDER BY d.book_no, d.policy_no, d.on_day, d.month, d.noted_on, d.duty_key`,
		args: []any{s.engine.ints(integers(books)), day.String()},
		each: func(scan func(...any) error) error {
			var v outbound.Signal
			var month, from string
			err := scan(&v.Policy.Number, &v.Policy.No, &v.Key, &month, &v.Stated, &from)
			if err == nil {
				v.Month, err = scanMonth(month)
			}
			if err == nil {
				v.From, err = scanDate(from)
			}
			due = append(due, v)
			return err
		},
	})
	return due, fault.Wrap("store.DueSignals", err)
}

// LastSignals implements outbound.Store.
func (s *Store) LastSignals(ctx context.Context, books []ledger.BookNo) (map[outbound.PolicyMonth]outbound.Word, error) {
	signals, err := s.signals(ctx, s.engine.list("book_no", 1, integerColumn), s.engine.ints(integers(books)))
	last := map[outbound.PolicyMonth]outbound.Word{}
	for _, v := range signals {
		last[outbound.PolicyMonth{Policy: v.Policy, Month: v.Month}] = v.Word
	}
	return last, fault.Wrap("store.LastSignals", err)
}

// SignalsIn implements outbound.Store.
func (s *Store) SignalsIn(ctx context.Context, file int64) ([]outbound.Signal, error) {
	signals, err := s.signals(ctx, `file_no = $1`, file)
	return signals, fault.Wrap("store.SignalsIn", err)
}

func (s *Store) signals(ctx context.Context, where string, arg any) ([]outbound.Signal, error) {
	var signals []outbound.Signal
	err := s.engine.read(ctx, query{
		text: `SELECT seq, book_no, policy_no, duty_key, month, signal, from_on FROM claim_signal WHERE ` + where + ` ORDER BY seq`,
		args: []any{arg},
		each: func(scan func(...any) error) error {
			var v outbound.Signal
			var month, from string
			err := scan(&v.Sequence, &v.Policy.Number, &v.Policy.No, &v.Key, &month, &v.Word, &from)
			if err == nil {
				v.Month, err = scanMonth(month)
			}
			if err == nil {
				v.From, err = scanDate(from)
			}
			signals = append(signals, v)
			return err
		},
	})
	return signals, err
}
