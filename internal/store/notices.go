package store

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

var _ notice.Store = (*Store)(nil)

const (
	noticeColumns   = `book_no, notice_key, policy_book, policy_no, kind, due_by, made_on, language, review, facts`
	deliveryColumns = `book_no, notice_key, channel, result, at, ref, digest, language, review`
	consentColumns  = `book_no, consent_no, given_on, withdrawn_on, wording, address, how, evidence, actor, noted_at`
	printColumns    = `name, batch, file_no, letters, pages, cents, sha256, control, made_at`
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

// noticesThere tells which of some notices are kept already. Here and below every
// table is cut to the books at hand by itself: a database that has not counted its
// tables yet would join them whole.
func (s *Store) noticesThere(ctx context.Context, notices []notice.Notice) (map[notice.Ref]bool, error) {
	books := make([]ledger.BookNo, len(notices))
	for i := range notices {
		books[i] = notices[i].Book
	}
	there := map[notice.Ref]bool{}
	return there, s.engine.read(ctx, query{
		text: `SELECT book_no, notice_key FROM notice WHERE ` + s.engine.list("book_no", 1, integerColumn), args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var ref notice.Ref
			err := scan(&ref.Book, &ref.Key)
			there[ref] = true
			return err
		},
	})
}

// piles say which of what is due is in each pile; bills are known by their keys. Of
// what is to be mailed only accounts that agreed to it once are looked at, for most
// never did.
var piles = map[notice.Pile]string{
	notice.Letters: `d.notice_key NOT LIKE 'bill:%'`,
	notice.Bills:   `d.notice_key LIKE 'bill:%'`,
	notice.ToMail:  `d.road <> 'paper' AND (d.road = 'copy' OR EXISTS (SELECT 1 FROM e_consent c WHERE c.book_no = d.book_no))`,
}

// DueRefs implements notice.Store.
func (s *Store) DueRefs(ctx context.Context, pile notice.Pile, after notice.Ref, limit int) ([]notice.Ref, error) {
	var refs []notice.Ref
	err := s.engine.read(ctx, query{
		text: `SELECT d.book_no, d.notice_key, d.road FROM notice_due d WHERE (d.book_no, d.notice_key, d.road) > ($1, $2, $3) AND ` + piles[pile] +
			` ORDER BY d.book_no, d.notice_key, d.road LIMIT $4`,
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

// A notice with the invoice that it sends out, if it is a bill.
const billColumns = `n.book_no, n.notice_key, n.policy_book, n.policy_no, n.kind, n.due_by, n.made_on, n.language, n.review, n.facts, COALESCE(i.body, '')`

// withBill joins the invoices of the books of the first argument.
func (s *Store) withBill() string {
	return ` LEFT JOIN invoice i ON i.book_no = n.book_no AND ` + s.engine.list("i.book_no", 1, integerColumn) +
		` AND n.kind = 'invoice' AND n.notice_key = 'bill:' || CAST(i.invoice_no AS TEXT)`
}

// DueOf implements notice.Store.
func (s *Store) DueOf(ctx context.Context, books []ledger.BookNo) ([]notice.Due, error) {
	var due []notice.Due
	err := s.engine.read(ctx, query{
		text: `SELECT d.road, ` + billColumns + ` FROM notice_due d JOIN notice n ON n.book_no = d.book_no AND n.notice_key = d.notice_key` + s.withBill() +
			` WHERE ` + s.engine.list("d.book_no", 1, integerColumn) + ` AND ` + s.engine.list("n.book_no", 1, integerColumn) +
			` ORDER BY d.book_no, d.notice_key, d.road`,
		args: []any{s.engine.ints(integers(books))},
		each: func(scan func(...any) error) error {
			var one notice.Due
			n, err := scanWithBill(func(into ...any) error { return scan(append([]any{&one.Road}, into...)...) })
			one.Notice = n
			due = append(due, one)
			return err
		},
	})
	return due, fault.Wrap("store.DueOf", err)
}

// NoticeOf implements notice.Store.
func (s *Store) NoticeOf(ctx context.Context, book ledger.BookNo, key string) (notice.Notice, error) {
	var n notice.Notice
	found := false
	err := s.engine.read(ctx, query{
		text: `SELECT ` + billColumns + ` FROM notice n` + s.withBill() + ` WHERE ` + s.engine.list("n.book_no", 1, integerColumn) + ` AND n.notice_key = $2`,
		args: []any{s.engine.ints([]int64{int64(book)}), key},
		each: func(scan func(...any) error) (err error) {
			found = true
			n, err = scanWithBill(scan)
			return err
		},
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, "store.NoticeOf", "there is no such letter")
	}
	return n, fault.Wrap("store.NoticeOf", err)
}

func scanWithBill(scan func(...any) error) (notice.Notice, error) {
	var body string
	n, err := scanNotice(func(into ...any) error { return scan(append(into, &body)...) })
	if err != nil || body == "" {
		return n, err
	}
	bill, err := parseBill(body)
	n.Bill = &bill
	return n, err
}

func parseBill(body string) (invoice.Invoice, error) {
	var bill invoice.Invoice
	if err := json.Unmarshal([]byte(body), &bill); err != nil {
		return bill, fault.New(fault.Corrupt, "store.parseBill", "a stored bill does not parse")
	}
	return bill, nil
}

// IssuedBills implements notice.Store.
func (s *Store) IssuedBills(ctx context.Context, since calendar.Date, after notice.IssuedBill, limit int) ([]notice.IssuedBill, error) {
	const op = "store.IssuedBills"
	var bills []notice.IssuedBill
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, invoice_no, body FROM invoice WHERE (book_no, invoice_no) > ($1, $2) AND issued_on >= $3
			ORDER BY book_no, invoice_no LIMIT $4`,
		args: []any{int64(after.Policy.Number), after.No, since.String(), int64(limit)},
		each: func(scan func(...any) error) error {
			var b notice.IssuedBill
			var body string
			err := scan(&b.Policy.Number, &b.No, &body)
			if err == nil {
				b.Bill, err = parseBill(body)
			}
			bills = append(bills, b)
			return err
		},
	})
	if err == nil && len(bills) > 0 {
		err = s.fillBills(ctx, bills)
	}
	return bills, fault.Wrap(op, err)
}

// fillBills adds what is known of each bill's policies and reader, and whether its
// notice is kept. Of several policies the newest that had begun says whom to call.
func (s *Store) fillBills(ctx context.Context, bills []notice.IssuedBill) error {
	books := make([]ledger.BookNo, len(bills))
	for i := range bills {
		books[i] = ledger.BookNo(bills[i].Policy.Number)
	}
	type policy struct {
		no    int64
		line  coverage.Line
		began string
	}
	policies, language, kept := map[ledger.BookNo][]policy{}, map[ledger.BookNo]string{}, map[notice.Ref]bool{}
	of, args := s.engine.list("book_no", 1, integerColumn), []any{s.engine.ints(integers(books))}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, line, from_on FROM policy WHERE ` + of + ` ORDER BY book_no, policy_no`, args: args,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var p policy
			err := scan(&book, &p.no, &p.line, &p.began)
			policies[book] = append(policies[book], p)
			return err
		},
	}, query{
		text: `SELECT book_no, written_language FROM person WHERE ` + of, args: args,
		each: func(scan func(...any) error) error {
			var book ledger.BookNo
			var reads string
			err := scan(&book, &reads)
			language[book] = reads
			return err
		},
	}, query{
		text: `SELECT book_no, notice_key FROM notice WHERE ` + of + ` AND kind = 'invoice'`, args: args,
		each: func(scan func(...any) error) error {
			var ref notice.Ref
			err := scan(&ref.Book, &ref.Key)
			kept[ref] = true
			return err
		},
	})
	for i := range bills {
		b, book := &bills[i], books[i]
		b.Line, b.Language, b.Kept = coverage.Group, language[book], kept[notice.Ref{Book: book, Key: notice.KeyOfBill(b.No)}]
		for _, p := range policies[book] {
			if b.Policy.No == 0 || p.began <= b.Bill.To.String() {
				b.Policy.No, b.Line = p.no, p.line
			}
		}
	}
	return err
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
	var books []int64
	for i := range settled {
		ref := settled[i].Ref
		books = append(books, int64(ref.Book))
		taken.add(int64(ref.Book), ref.Key, string(ref.Road))
		if settled[i].Instead != "" {
			instead.add(int64(ref.Book), ref.Key, string(settled[i].Instead))
		}
		if d := settled[i].Delivery; d != nil {
			proofs.add(int64(d.Book), d.Key, string(d.Channel), string(d.Result), d.At.UnixMicro(), d.Ref, d.Digest, d.Language, string(d.Review))
		}
	}
	files := insertInto("notice_print", columnNames(printColumns)...)
	if file != nil {
		files.add(file.Name, file.Batch, file.File, file.Letters, file.Pages, int64(file.Cents), file.SHA256, file.Control, file.MadeAt.UnixMicro())
	}
	err := s.engine.exec(ctx, func(tx execer) error {
		if err := s.takeDue(ctx, tx, taken, books); err != nil {
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
func (s *Store) takeDue(ctx context.Context, tx execer, taken *bulk, books []int64) error {
	if taken.rows == 0 {
		return nil
	}
	source, args := s.engine.given(taken)
	result, err := tx.ExecContext(ctx, `DELETE FROM notice_due WHERE `+s.engine.list("book_no", len(args)+1, integerColumn)+
		` AND (book_no, notice_key, road) IN (SELECT book_no, notice_key, road FROM `+source+`)`, append(args, s.engine.ints(books))...)
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
		text: `SELECT ` + printColumns + ` FROM notice_print WHERE name = $1`, args: []any{name},
		each: func(scan func(...any) error) (err error) {
			found = true
			file, err = scanPrintFile(scan)
			return err
		},
	})
	return file, found, fault.Wrap("store.PrintFileOf", err)
}

// PrintFiles gives the recorded files of a batch, in order.
func (s *Store) PrintFiles(ctx context.Context, batch string) ([]notice.PrintFile, error) {
	var files []notice.PrintFile
	err := s.engine.read(ctx, query{
		text: `SELECT ` + printColumns + ` FROM notice_print WHERE batch = $1 ORDER BY file_no`, args: []any{batch},
		each: func(scan func(...any) error) error {
			file, err := scanPrintFile(scan)
			files = append(files, file)
			return err
		},
	})
	return files, fault.Wrap("store.PrintFiles", err)
}

func scanPrintFile(scan func(...any) error) (file notice.PrintFile, err error) {
	var at int64
	err = scan(&file.Name, &file.Batch, &file.File, &file.Letters, &file.Pages, &file.Cents, &file.SHA256, &file.Control, &at)
	file.MadeAt = instant(at)
	return file, err
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

// AddConsent implements notice.Consents.
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
	row.add(int64(c.Book), last+1, c.GivenOn.String(), c.WithdrawnOn.String(), c.Wording, c.Address, string(c.How), c.Evidence, c.Actor.String(),
		c.At.UnixMicro())
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
			c, err := scanConsent(scan)
			switch {
			case err != nil:
				return err
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

// ConsentsOf gives every consent of a book, given and taken back, in order.
func (s *Store) ConsentsOf(ctx context.Context, book ledger.BookNo) ([]notice.Consent, error) {
	var all []notice.Consent
	err := s.engine.read(ctx, query{
		text: `SELECT ` + consentColumns + ` FROM e_consent WHERE book_no = $1 ORDER BY consent_no`, args: []any{int64(book)},
		each: func(scan func(...any) error) error {
			c, err := scanConsent(scan)
			all = append(all, c)
			return err
		},
	})
	return all, fault.Wrap("store.ConsentsOf", err)
}

func scanConsent(scan func(...any) error) (notice.Consent, error) {
	var c notice.Consent
	var no, at int64
	var given, withdrawn, actor string
	if err := scan(&c.Book, &no, &given, &withdrawn, &c.Wording, &c.Address, &c.How, &c.Evidence, &actor, &at); err != nil {
		return c, err
	}
	c.At = instant(at)
	if err := scanDates(map[*calendar.Date]string{&c.GivenOn: given, &c.WithdrawnOn: withdrawn}); err != nil || actor == "" {
		return c, err
	}
	var err error
	c.Actor, err = ident.ParseActor(actor)
	return c, err
}

// AddLinks implements notice.Links.
func (s *Store) AddLinks(ctx context.Context, links []notice.Link) error {
	rows := insertInto("notice_link", "token_digest", "book_no", "notice_key", "issued_at", "expires_at", "revoked_at")
	for i := range links {
		l := &links[i]
		rows.add(l.Digest, int64(l.Book), l.Key, l.IssuedAt.UnixMicro(), l.ExpiresAt.UnixMicro(), int64(0))
	}
	return fault.Wrap("store.AddLinks", s.engine.write(ctx, rows))
}

// LinkOf implements notice.Links.
func (s *Store) LinkOf(ctx context.Context, digest string, at time.Time) (link notice.Link, found bool, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT token_digest, book_no, notice_key, issued_at, expires_at FROM notice_link
			WHERE token_digest = $1 AND expires_at > $2 AND revoked_at = 0`,
		args: []any{digest, at.UnixMicro()},
		each: func(scan func(...any) error) error {
			var issued, expires int64
			err := scan(&link.Digest, &link.Book, &link.Key, &issued, &expires)
			link.IssuedAt, link.ExpiresAt, found = instant(issued), instant(expires), true
			return err
		},
	})
	return link, found, fault.Wrap("store.LinkOf", err)
}

// RevokeLinks implements notice.Links.
func (s *Store) RevokeLinks(ctx context.Context, book ledger.BookNo, at time.Time) error {
	err := s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, `UPDATE notice_link SET revoked_at = $2 WHERE book_no = $1 AND revoked_at = 0`, int64(book), at.UnixMicro())
		return err
	})
	return fault.Wrap("store.RevokeLinks", err)
}

// Addressees implements notice.Store. It reads names and addresses only: nothing
// sealed is opened to print an envelope.
func (s *Store) Addressees(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]notice.Addressee, error) {
	people := map[ledger.BookNo]notice.Addressee{}
	persons := map[ledger.BookNo]*member.Person{}
	ofBooks := s.engine.list("book_no", 1, integerColumn)
	args := []any{s.engine.ints(integers(books))}
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, name, region FROM organisation WHERE ` + ofBooks, args: args,
		each: func(scan func(...any) error) error {
			var a notice.Addressee
			err := scan(&a.Book, &a.Name, &a.Region)
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
				return nil
			}
			of := people[book]
			of.Address = a // an organisation has one
			people[book] = of
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
