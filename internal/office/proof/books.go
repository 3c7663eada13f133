package proof

import (
	"fmt"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
)

// tables are the cursors that are merged by book.
type tables struct {
	answers   *cursor[answer]
	lines     *cursor[Line]
	receipts  *cursor[Receipt]
	items     *cursor[Item]
	unapplied *cursor[Unapplied]
	suspense  *cursor[Suspense]
	endings   *cursor[cashier.Ending]
	sealed    *cursor[SealedBook]
}

func (v *verifier) openTables() *tables {
	s := v.source
	return &tables{
		walk(v.answers.sorted()), walk(s.Lines()), walk(s.Receipts()), walk(s.Items()), walk(s.Unapplied()),
		walk(s.Suspense()), walk(s.Endings()), walk(s.SealedBooks()),
	}
}

func (t *tables) close() {
	for _, stop := range []func(){
		t.answers.stop, t.lines.stop, t.receipts.stop, t.items.stop, t.unapplied.stop, t.suspense.stop, t.endings.stop,
		t.sealed.stop,
	} {
		stop()
	}
}

// replayBooks proves each book in turn, and that no row stands outside one.
func (v *verifier) replayBooks() error {
	t := v.openTables()
	defer t.close()
	for b, err := range v.source.Books() {
		if err != nil {
			return err
		}
		if err := t.before(b.No); err != nil {
			return err
		}
		r := &replay{v: v, t: t, book: b}
		if err := r.run(); err != nil {
			return err
		}
		v.report.Books++
	}
	return t.before(afterAllBooks)
}

const afterAllBooks = ledger.BookNo(1<<63 - 1)

// before fails when a row belongs to a book below no: its book was passed, so
// either it has none, or the book's replay found nothing for it to be.
func (t *tables) before(no ledger.BookNo) error {
	if err := t.readable(); err != nil {
		return err
	}
	stray := func(table string, book ledger.BookNo, key string) error {
		return &Broken{table, bookKey(book, "") + key, "a book that it belongs to", "none"}
	}
	switch {
	case t.lines.ok && t.lines.head.Book < no && t.answers.ok && t.answers.head.book == t.lines.head.Book:
		return &Broken{"book", bookKey(t.lines.head.Book, ""), "a row: claims and postings name it", "none"}
	case t.lines.ok && t.lines.head.Book < no:
		l := &t.lines.head
		return stray("posting", l.Book, lineKey(l))
	case t.receipts.ok && t.receipts.head.Book < no:
		return stray("receipt", t.receipts.head.Book, ", "+seqText(t.receipts.head.Seq))
	case t.items.ok && t.items.head.Book < no:
		return stray("open_item", t.items.head.Book, itemKey(t.items.head.No))
	case t.unapplied.ok && t.unapplied.head.Book < no:
		return stray("unapplied", t.unapplied.head.Book, ", "+seqText(t.unapplied.head.Seq))
	case t.suspense.ok && t.suspense.head.Book < no:
		return stray("suspense", t.suspense.head.Book, ", "+seqText(t.suspense.head.Seq))
	case t.endings.ok && t.endings.head.Book < no:
		return stray("ending", t.endings.head.Book, ", "+seqText(t.endings.head.Seq))
	case t.sealed.ok && t.sealed.head.Book < no:
		return stray("seal_book", t.sealed.head.Book, fmt.Sprintf(", close %d", t.sealed.head.Close))
	case t.answers.ok && t.answers.head.book < no:
		a := t.answers.head
		return &Broken{"claim", string(a.claim), "an answer that names transactions", a.place() + ", which has no book"}
	}
	return nil
}

func (t *tables) readable() error {
	for _, err := range []error{
		t.answers.err, t.lines.err, t.receipts.err, t.items.err, t.unapplied.err, t.suspense.err, t.endings.err, t.sealed.err,
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func lineKey(l *Line) string { return fmt.Sprintf(", seq %d, line %d", l.Seq, l.No) }

func itemKey(no int64) string { return fmt.Sprintf(", item %d", no) }
