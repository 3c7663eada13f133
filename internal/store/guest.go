package store

import (
	"context"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/registry"
)

// nearby is what one caller looks for, and what was found.
type nearby struct {
	number ledger.BookNo
	handle string
	filed  registry.Filed
	owners []ledger.BookNo
	err    error
}

// nearbyTogether is how many callers' look-ups share statements at most.
const nearbyTogether = 64

var errNotLooked = fault.New(fault.Internal, "store.Nearest", "it was not looked for")

// Nearest implements registry.Store. Callers who look at the same time share
// statements. A number that is on file and one that is not are looked for by the
// same statement, which reads one row of each table either way.
func (s *Store) Nearest(ctx context.Context, number ledger.BookNo, handle string) (registry.Filed, ledger.BookNo, error) {
	n := &nearby{number: max(number, ledger.FirstBillingBook), handle: handle, err: errNotLooked}
	s.looks.Do(ctx, n)
	if n.err != nil || len(n.owners) != 1 {
		return n.filed, 0, n.err // one old number of two accounts leads to neither
	}
	return n.filed, n.owners[0], nil
}

func (s *Store) lookTogether(ctx context.Context, batch []*nearby) {
	places, handles := newBulk("w", []string{"place", "book_no"}), newBulk("w", []string{"place", "handle"})
	for i, n := range batch {
		n.filed, n.owners = registry.Filed{}, nil
		// The one above the number below: a search that meets its very key ends
		// sooner than one that does not.
		places.add(int64(i), int64(n.number)-1)
		handles.add(int64(i), n.handle)
	}
	numbered, args := s.engine.given(places)
	err := s.engine.read(ctx, query{
		text: `SELECT w.place, b.book_no, b.opaque_id, b.status, b.merged_into, COALESCE(p.last_name, ''), COALESCE(o.name, ''),
				COALESCE(r.zip, ''), COALESCE(m.zip, ''), COALESCE(a.entry_no, 0), a.row_digest
			FROM ` + numbered + `
			JOIN book b ON b.book_no = COALESCE(
				(SELECT n.book_no FROM book n WHERE n.book_no > w.book_no ORDER BY n.book_no LIMIT 1),
				(SELECT MAX(n.book_no) FROM book n))
			LEFT JOIN person p ON p.book_no = b.book_no LEFT JOIN organisation o ON o.book_no = b.book_no
			LEFT JOIN person_address r ON r.book_no = b.book_no AND r.purpose = 'residence'
			LEFT JOIN person_address m ON m.book_no = b.book_no AND m.purpose = 'mailing'
			LEFT JOIN audit_entry a ON a.book_no = b.book_no
				AND a.entry_no = (SELECT MAX(l.entry_no) FROM audit_entry l WHERE l.book_no = b.book_no)`,
		args: args,
		each: func(scan func(...any) error) error {
			var place int64
			var f registry.Filed
			var digest []byte
			err := scan(&place, &f.Book, &f.Opaque, &f.Status, &f.MergedInto, &f.Facts.Last, &f.Facts.Organisation,
				&f.Facts.Residence, &f.Facts.Mailing, &f.Trail.No, &digest)
			if err == nil && digest != nil {
				err = copyDigest(f.Trail.Digest[:], digest)
			}
			batch[place].filed = f
			return err
		},
	}, s.ownersQuery(batch, handles))
	for _, n := range batch {
		n.err = err
	}
}

// ownersQuery looks for old numbers before and after where an issued number's own
// row would stand, so that a number that was issued costs no row more.
func (s *Store) ownersQuery(batch []*nearby, handles *bulk) query {
	handled, args := s.engine.given(handles)
	from := `SELECT w.place, d.book_no FROM ` + handled + ` JOIN directory d ON d.handle = w.handle AND d.source `
	return query{
		text: from + `< '` + Issued + `' UNION ` + from + `> '` + Issued + `'`,
		args: args,
		each: func(scan func(...any) error) error {
			var place int64
			var owner ledger.BookNo
			err := scan(&place, &owner)
			batch[place].owners = append(batch[place].owners, owner)
			return err
		},
	}
}
