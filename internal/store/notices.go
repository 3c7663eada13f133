package store

import (
	"context"
	"encoding/json"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

var _ notice.Store = (*Store)(nil)

const (
	noticeColumns   = `book_no, notice_key, policy_book, policy_no, kind, due_by, made_on, language, review, facts`
	deliveryColumns = `book_no, notice_key, channel, result, at, ref, digest, language, review`
	consentColumns  = `book_no, consent_no, given_on, withdrawn_on, wording, address`
)

// noticeRetries is how often notices are kept anew when another process keeps
// some of them at the same moment.
const noticeRetries = 5

// KeepNotices implements notice.Store.
func (s *Store) KeepNotices(ctx context.Context, notices []notice.Notice) (int, error) {
	const op = "store.KeepNotices"
	for range noticeRetries {
		kept, err := s.keepNotices(ctx, notices)
		if !errors.Is(err, cashier.ErrStale) {
			return kept, fault.Wrap(op, err)
		}
	}
	return 0, fault.New(fault.Unavailable, op, "the same notices are kept by another process at this moment; try again")
}

func (s *Store) keepNotices(ctx context.Context, notices []notice.Notice) (int, error) {
	there, err := s.noticesThere(ctx, notices)
	if err != nil {
		return 0, err
	}
	rows := insertInto("notice", columnNames(noticeColumns)...)
	due := insertInto("notice_due", "book_no", "notice_key", "road")
	for i := range notices {
		n := &notices[i]
		ref := notice.Ref{Book: n.Book, Key: n.Key}
		if there[ref] {
			continue
		}
		there[ref] = true // the same notice twice in one call is one
		facts, err := json.Marshal(n.Facts)
		if err != nil {
			return 0, err
		}
		rows.add(int64(n.Book), n.Key, int64(n.Policy.Number), n.Policy.No, string(n.Kind), n.DueBy.String(), n.MadeOn.String(),
			n.Language, string(n.Review), string(facts))
		for _, road := range n.Kind.Roads() {
			due.add(int64(n.Book), n.Key, string(road))
		}
	}
	if rows.rows == 0 {
		return 0, nil
	}
	bulks := []*bulk{rows}
	if due.rows > 0 {
		bulks = append(bulks, due)
	}
	return rows.rows, s.engine.write(ctx, bulks...)
}

// noticesThere tells which of some notices are kept already.
func (s *Store) noticesThere(ctx context.Context, notices []notice.Notice) (map[notice.Ref]bool, error) {
	there := map[notice.Ref]bool{}
	if len(notices) == 0 {
		return there, nil
	}
	asked := insertInto("asked", "book_no", "notice_key")
	for i := range notices {
		asked.add(int64(notices[i].Book), notices[i].Key)
	}
	source, args := s.engine.given(asked)
	return there, s.engine.read(ctx, query{
		text: `SELECT n.book_no, n.notice_key FROM ` + source + ` JOIN notice n ON n.book_no = asked.book_no AND n.notice_key = asked.notice_key`,
		args: args,
		each: func(scan func(...any) error) error {
			var ref notice.Ref
			err := scan(&ref.Book, &ref.Key)
			there[ref] = true
			return err
		},
	})
}

// DueRefs implements notice.Store.
func (s *Store) DueRefs(ctx context.Context, after notice.Ref, limit int) ([]notice.Ref, error) {
	var refs []notice.Ref
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, notice_key, road FROM notice_due WHERE (book_no, notice_key, road) > ($1, $2, $3)
			ORDER BY book_no, notice_key, road LIMIT $4`,
		args: []any{int64(after.Book), after.Key, string(after.Road), int64(limit)},
		each: func(scan func(...any) error) error {
			var ref notice.Ref
			err := scan(&ref.Book, &ref.Key, &ref.Road)
			refs = append(refs, ref)
			return err
		},
	})
	return refs, fault.Wrap("store.DueRefs", err)
}

// DueOf implements notice.Store.
func (s *Store) DueOf(ctx context.Context, books []ledger.BookNo) ([]notice.Due, error) {
	var due []notice.Due
	err := s.engine.read(ctx, query{
		text: `SELECT d.road, n.book_no, n.notice_key, n.policy_book, n.policy_no, n.kind, n.due_by, n.made_on, n.language, n.review, n.facts
			FROM notice_due d JOIN notice n ON n.book_no = d.book_no AND n.notice_key = d.notice_key
			WHERE ` + s.engine.list("d.book_no", 1, integerColumn) + ` ORDER BY d.book_no, d.notice_key, d.road`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var one notice.Due
			n, err := scanNotice(func(into ...any) error { return scan(append([]any{&one.Road}, into...)...) })
			one.Notice = n
			due = append(due, one)
			return err
		},
	})
	return due, fault.Wrap("store.DueOf", err)
}

func scanNotice(scan func(...any) error) (notice.Notice, error) {
	var n notice.Notice
	var dueBy, madeOn, facts string
	err := scan(&n.Book, &n.Key, &n.Policy.Number, &n.Policy.No, &n.Kind, &dueBy, &madeOn, &n.Language, &n.Review, &facts)
	if err != nil {
		return n, err
	}
	if err := json.Unmarshal([]byte(facts), &n.Facts); err != nil {
		return n, fault.New(fault.Corrupt, "store.scan", "the facts of a stored notice do not parse")
	}
	return n, scanDates(map[*calendar.Date]string{&n.DueBy: dueBy, &n.MadeOn: madeOn})
}

// errNoticeNotDue says that somebody else sent what was to be settled.
var errNoticeNotDue = fault.New(fault.Conflict, "store.Settle", "a notice is not due any more: another run sent it")

// Settle implements notice.Store.
func (s *Store) Settle(ctx context.Context, settled []notice.Settled, file *notice.PrintFile) error {
	taken := insertInto("taken", "book_no", "notice_key", "road")
	instead := insertInto("notice_due", "book_no", "notice_key", "road")
	proofs := insertInto("notice_delivery", columnNames(deliveryColumns)...)
	for i := range settled {
		ref := settled[i].Ref
		taken.add(int64(ref.Book), ref.Key, string(ref.Road))
		if settled[i].Instead != "" {
			instead.add(int64(ref.Book), ref.Key, string(settled[i].Instead))
		}
		if d := settled[i].Delivery; d != nil {
			proofs.add(int64(d.Book), d.Key, string(d.Channel), string(d.Result), d.At.UnixMicro(), d.Ref, d.Digest, d.Language, string(d.Review))
		}
	}
	files := insertInto("notice_print", "name", "batch", "file_no", "letters", "sha256", "control", "made_at")
	if file != nil {
		files.add(file.Name, file.Batch, file.File, file.Letters, file.SHA256, file.Control, file.MadeAt.UnixMicro())
	}
	err := s.engine.exec(ctx, func(tx execer) error {
		if err := s.takeDue(ctx, tx, taken); err != nil {
			return err
		}
		for _, rows := range []*bulk{instead, proofs, files} {
			if rows.rows == 0 {
				continue
			}
			source, args := s.engine.given(rows)
			text := `INSERT INTO ` + rows.table + ` (` + rows.names() + `) SELECT ` + rows.names() + ` FROM ` + source
			if _, err := tx.ExecContext(ctx, text, args...); err != nil {
				return err
			}
		}
		return nil
	})
	if s.engine.conflict(err) || errors.Is(err, cashier.ErrStale) {
		return errNoticeNotDue
	}
	return fault.Wrap("store.Settle", err)
}

// takeDue takes roads from what is due; each must be there.
func (s *Store) takeDue(ctx context.Context, tx execer, taken *bulk) error {
	if taken.rows == 0 {
		return nil
	}
	source, args := s.engine.given(taken)
	result, err := tx.ExecContext(ctx, `DELETE FROM notice_due WHERE (book_no, notice_key, road) IN
		(SELECT book_no, notice_key, road FROM `+source+`)`, args...)
	if err != nil {
		return err
	}
	gone, err := result.RowsAffected()
	if err == nil && gone != int64(taken.rows) {
		err = errNoticeNotDue
	}
	return err
}

// PrintFileOf implements notice.Store.
func (s *Store) PrintFileOf(ctx context.Context, name string) (file notice.PrintFile, found bool, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT name, batch, file_no, letters, sha256, control, made_at FROM notice_print WHERE name = $1`, args: []any{name},
		each: func(scan func(...any) error) error {
			var at int64
			err := scan(&file.Name, &file.Batch, &file.File, &file.Letters, &file.SHA256, &file.Control, &at)
			file.MadeAt, found = instant(at), true
			return err
		},
	})
	return file, found, fault.Wrap("store.PrintFileOf", err)
}

// LastPrintFile implements notice.Store.
func (s *Store) LastPrintFile(ctx context.Context, batch string) (last int64, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(file_no), 0) FROM notice_print WHERE batch = $1`, args: []any{batch},
		each: func(scan func(...any) error) error { return scan(&last) },
	})
	return last, fault.Wrap("store.LastPrintFile", err)
}

// NoticesOf gives every notice of a book, in the order of their dates.
func (s *Store) NoticesOf(ctx context.Context, book ledger.BookNo) ([]notice.Notice, error) {
	var all []notice.Notice
	err := s.engine.read(ctx, query{
		text: `SELECT ` + noticeColumns + ` FROM notice WHERE book_no = $1 ORDER BY made_on, notice_key`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			n, err := scanNotice(scan)
			all = append(all, n)
			return err
		},
	})
	return all, fault.Wrap("store.NoticesOf", err)
}

// DeliveriesOf gives the proof of what was sent to a book, in the order of time.
func (s *Store) DeliveriesOf(ctx context.Context, book ledger.BookNo) ([]notice.Delivery, error) {
	var all []notice.Delivery
	err := s.engine.read(ctx, query{
		text: `SELECT ` + deliveryColumns + ` FROM notice_delivery WHERE book_no = $1 ORDER BY at, notice_key, channel`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			var d notice.Delivery
			var at int64
			err := scan(&d.Book, &d.Key, &d.Channel, &d.Result, &at, &d.Ref, &d.Digest, &d.Language, &d.Review)
			d.At = instant(at)
			all = append(all, d)
			return err
		},
	})
	return all, fault.Wrap("store.DeliveriesOf", err)
}

// AddConsent keeps that a member agreed to electronic letters or, with
// WithdrawnOn, took it back; what is kept last holds. Conflict when another is
// kept at the same moment.
func (s *Store) AddConsent(ctx context.Context, c notice.Consent) error {
	const op = "store.AddConsent"
	var last int64
	err := s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(consent_no), 0) FROM e_consent WHERE book_no = $1`, args: []any{int64(c.Book)},
		each: func(scan func(...any) error) error { return scan(&last) },
	})
	if err != nil {
		return fault.Wrap(op, err)
	}
	row := insertInto("e_consent", columnNames(consentColumns)...)
	row.add(int64(c.Book), last+1, c.GivenOn.String(), c.WithdrawnOn.String(), c.Wording, c.Address)
	if err = s.engine.write(ctx, row); errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, op, "another consent of the account was kept at this moment; read it again")
	}
	return fault.Wrap(op, err)
}

// StandingConsents implements notice.Consents.
func (s *Store) StandingConsents(ctx context.Context, books []ledger.BookNo, on calendar.Date) (map[ledger.BookNo]notice.Consent, error) {
	standing := map[ledger.BookNo]notice.Consent{}
	err := s.engine.read(ctx, query{
		text: `SELECT ` + consentColumns + ` FROM e_consent WHERE ` + s.engine.list("book_no", 1, integerColumn) + ` ORDER BY book_no, consent_no`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var c notice.Consent
			var no int64
			var given, withdrawn string
			if err := scan(&c.Book, &no, &given, &withdrawn, &c.Wording, &c.Address); err != nil {
				return err
			}
			if err := scanDates(map[*calendar.Date]string{&c.GivenOn: given, &c.WithdrawnOn: withdrawn}); err != nil {
				return err
			}
			switch {
			case c.GivenOn.After(on):
			case !c.WithdrawnOn.IsZero() && !c.WithdrawnOn.After(on):
				delete(standing, c.Book)
			default:
				standing[c.Book] = c
			}
			return nil
		},
	})
	return standing, fault.Wrap("store.StandingConsents", err)
}

// Addressees implements notice.Store. It reads names and addresses only: nothing
// sealed is opened to print an envelope.
func (s *Store) Addressees(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]notice.Addressee, error) {
	people := map[ledger.BookNo]notice.Addressee{}
	persons := map[ledger.BookNo]*member.Person{}
	ofBooks := s.engine.list("book_no", 1, integerColumn)
	args := []any{s.engine.ints(integers(books))}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, name FROM organisation WHERE ` + ofBooks, args: args,
		each: func(scan func(...any) error) error {
			var a notice.Addressee
			err := scan(&a.Book, &a.Name)
			people[a.Book] = a
			return err
		},
	}, query{
		text: `SELECT book_no, name_prefix, first_name, middle_name, last_name, name_suffix, death_date, format, region FROM person WHERE ` + ofBooks,
		args: args,
		each: func(scan func(...any) error) error {
			var a notice.Addressee
			var p member.Person
			var died string
			n := &p.Name
			err := scan(&a.Book, &n.Prefix, &n.First, &n.Middle, &n.Last, &n.Suffix, &died, &a.Format, &p.Region)
			a.Name, a.Died, a.Region = n.Full(), died != "", region.ID(p.Region)
			people[a.Book], persons[a.Book] = a, &p
			return err
		},
	}, query{
		text: `SELECT book_no, purpose, line1, line2, city, state, zip, country FROM person_address WHERE ` + ofBooks, args: args,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var purpose string
			var a member.Address
			if err := scan(&book, &purpose, &a.Line1, &a.Line2, &a.City, &a.State, &a.ZIP, &a.Country); err != nil {
				return err
			}
			if p := persons[book]; p != nil {
				*addressOf(p, purpose) = a
			}
			return nil
		},
	})
	for book, p := range persons {
		a := people[book]
		a.Address = p.AddressFor(member.Ordinary)
		people[book] = a
	}
	return people, fault.Wrap("store.Addressees", err)
}
