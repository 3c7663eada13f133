package store

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// LoadMembers implements enrolment.Store: first the look-ups by what others call
// a person, then the records by number.
func (s *Store) LoadMembers(ctx context.Context, want enrolment.Want) (enrolment.Have, error) {
	have := enrolment.Have{
		Members:  map[enrolment.Family][]enrolment.Member{},
		Sponsors: map[enrolment.SponsorKey]billpay.Number{},
		Records:  map[string]ledger.BookNo{},
		SSNs:     map[secret.Text][]enrolment.Named{},
		Aliases:  map[string][]enrolment.Holder{},
	}
	named := map[enrolment.Family][]ledger.BookNo{}
	queries := s.familyQueries(want.Families, named)
	queries = append(queries, s.sponsorQueries(want.Sponsors, have.Sponsors)...)
	if len(want.Records) > 0 {
		queries = append(queries, query{
			text: `SELECT record_no, book_no FROM record_number WHERE ` + s.engine.list("record_no", 1, textColumn),
			args: []any{s.engine.texts(want.Records)},
			each: func(scan func(...any) error) error {
				var record string
				var book ledger.BookNo
				err := scan(&record, &book)
				have.Records[record] = book
				return err
			},
		})
	}
	if len(want.Aliases) > 0 {
		queries = append(queries, s.holderQuery(want.Aliases, have.Aliases))
	}
	ssn, err := s.ssnQuery(want.SSNs, have.SSNs)
	if err != nil {
		return have, err
	}
	if err := s.engine.read(ctx, append(queries, ssn...)...); err != nil {
		return have, err
	}
	return have, s.fillFamilies(ctx, named, have.Members)
}

func (s *Store) fillFamilies(
	ctx context.Context, named map[enrolment.Family][]ledger.BookNo, into map[enrolment.Family][]enrolment.Member,
) error {
	var books []ledger.BookNo
	for _, numbers := range named {
		books = append(books, numbers...)
	}
	members, err := s.Members(ctx, books)
	if err != nil {
		return err
	}
	byBook := make(map[ledger.BookNo]enrolment.Member, len(members))
	for _, m := range members {
		byBook[ledger.BookNo(m.Number)] = m
	}
	for family, numbers := range named {
		for _, no := range numbers {
			if m, ok := byBook[no]; ok {
				into[family] = append(into[family], m)
			}
		}
	}
	return nil
}

// familyQueries look up subscriber ids, a query for each source; a file has one.
func (s *Store) familyQueries(families []enrolment.Family, into map[enrolment.Family][]ledger.BookNo) []query {
	bySource := map[string][]string{}
	for _, f := range families {
		bySource[f.Source] = append(bySource[f.Source], f.SubscriberID)
	}
	var queries []query
	for source, ids := range bySource {
		queries = append(queries, query{
			text: `SELECT subscriber_id, book_no FROM enrolment_identity WHERE source = $1 AND ` +
				s.engine.list("subscriber_id", 2, textColumn) + ` ORDER BY subscriber_id, member_no`,
			args: []any{source, s.engine.texts(ids)},
			each: func(scan func(...any) error) error {
				f := enrolment.Family{Source: source}
				var book ledger.BookNo
				err := scan(&f.SubscriberID, &book)
				into[f] = append(into[f], book)
				return err
			},
		})
	}
	return queries
}

func (s *Store) sponsorQueries(sponsors []enrolment.SponsorKey, into map[enrolment.SponsorKey]billpay.Number) []query {
	var queries []query
	for _, key := range sponsors {
		queries = append(queries, query{
			text: `SELECT book_no FROM sponsor_identity WHERE source = $1 AND sponsor_id = $2 AND group_no = $3`,
			args: []any{key.Source, key.ID, key.Group},
			each: func(scan func(...any) error) error {
				var number int64
				err := scan(&number)
				into[key] = billpay.Number(number)
				return err
			},
		})
	}
	return queries
}

// ssnQuery finds people by the keyed hash of their social security number.
func (s *Store) ssnQuery(ssns []secret.Text, into map[secret.Text][]enrolment.Named) ([]query, error) {
	if len(ssns) == 0 {
		return nil, nil
	}
	byPrint := make(map[string]secret.Text, len(ssns))
	prints := make([]string, len(ssns))
	for i, ssn := range ssns {
		print, err := s.ssnPrint(ssn)
		if err != nil {
			return nil, err
		}
		prints[i], byPrint[print] = print, ssn
	}
	return []query{{
		text: `SELECT p.ssn_print, p.book_no, b.opaque_id, p.first_name, p.birth_date FROM person p
			JOIN book b ON b.book_no = p.book_no WHERE p.ssn_print <> '' AND ` + s.engine.list("p.ssn_print", 1, textColumn),
		args: []any{s.engine.texts(prints)},
		each: func(scan func(...any) error) error {
			var print, birth string
			var n enrolment.Named
			err := scan(&print, (*int64)(&n.Number), &n.Opaque, &n.FirstName, &birth)
			if err != nil {
				return err
			}
			if n.BirthDate, err = scanDate(birth); err != nil {
				return err
			}
			ssn := byPrint[print]
			into[ssn] = append(into[ssn], n)
			return nil
		},
	}}, nil
}

func (s *Store) holderQuery(handles []string, into map[string][]enrolment.Holder) query {
	return query{
		text: `SELECT handle, source, book_no FROM directory WHERE ` + s.engine.list("handle", 1, textColumn),
		args: []any{s.engine.texts(handles)},
		each: func(scan func(...any) error) error {
			var handle string
			var h enrolment.Holder
			err := scan(&handle, &h.Source, &h.Book)
			into[handle] = append(into[handle], h)
			return err
		},
	}
}

// AddAlias implements registry.Store.
func (s *Store) AddAlias(ctx context.Context, alias billpay.Alias, book ledger.BookNo) error {
	b := insertInto("directory", "handle", "source", "book_no", "noted_at")
	b.add(alias.Handle(), alias.Source(), int64(book), s.clock.Now().UnixMicro())
	err := s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.AddAlias", "this system's old number was noted meanwhile")
	}
	return err
}

// Holders tells which accounts were given each of some handles, by which source.
func (s *Store) Holders(ctx context.Context, handles []string) (map[string][]enrolment.Holder, error) {
	holders := make(map[string][]enrolment.Holder, len(handles))
	if len(handles) == 0 {
		return holders, nil
	}
	return holders, s.engine.read(ctx, s.holderQuery(handles, holders))
}

// BooksOf gives the books of opaque ids; those that name nothing are absent.
func (s *Store) BooksOf(ctx context.Context, ids []ident.Opaque) (map[ident.Opaque]ledger.BookNo, error) {
	books := make(map[ident.Opaque]ledger.BookNo, len(ids))
	if len(ids) == 0 {
		return books, nil
	}
	err := s.engine.read(ctx, query{
		text: `SELECT opaque_id, book_no FROM opaque_id WHERE ` + s.engine.list("opaque_id", 1, textColumn),
		args: []any{s.engine.texts(texts(ids))},
		each: func(scan func(...any) error) error {
			var id ident.Opaque
			var book ledger.BookNo
			err := scan(&id, &book)
			books[id] = book
			return err
		},
	})
	return books, err
}

// Identifying implements enrolment.Store.
func (s *Store) Identifying(ctx context.Context, digits []string) (map[string]bool, error) {
	found := map[string]bool{}
	if len(digits) == 0 {
		return found, nil
	}
	var queries []query
	for _, look := range []struct{ table, column, and string }{
		{"record_number", "record_no", ""}, {"enrolment_identity", "subscriber_id", ""}, {"person", "phone", " AND phone <> ''"},
	} {
		queries = append(queries, query{
			text: `SELECT ` + look.column + ` FROM ` + look.table + ` WHERE ` + s.engine.list(look.column, 1, textColumn) + look.and,
			args: []any{s.engine.texts(digits)},
			each: func(scan func(...any) error) error {
				var text string
				err := scan(&text)
				found[text] = true
				return err
			},
		})
	}
	return found, s.engine.read(ctx, queries...)
}

// CoveredMembers implements enrolment.Store.
func (s *Store) CoveredMembers(
	ctx context.Context, source string, on calendar.Date, after billpay.Number, most int,
) ([]enrolment.Named, error) {
	var page []enrolment.Named
	err := s.engine.read(ctx, query{
		text: `SELECT p.book_no, b.opaque_id FROM person p JOIN book b ON b.book_no = p.book_no
			WHERE p.source = $1 AND p.book_no > $2 AND EXISTS (
				SELECT 1 FROM coverage_span c WHERE c.book_no = p.book_no AND c.cancelled = 0 AND (c.to_on = '' OR c.to_on >= $3))
			ORDER BY p.book_no LIMIT $4`,
		args: []any{source, int64(after), on.String(), int64(most)},
		each: func(scan func(...any) error) error {
			var n enrolment.Named
			err := scan((*int64)(&n.Number), &n.Opaque)
			page = append(page, n)
			return err
		},
	})
	return page, err
}

// DebtorTurns implements enrolment.Store.
func (s *Store) DebtorTurns(ctx context.Context, after, to calendar.Date) ([]ledger.BookNo, error) {
	return s.bookList(ctx, `SELECT DISTINCT book_no FROM debtor_history WHERE from_on > $1 AND from_on <= $2 ORDER BY book_no`,
		after.String(), to.String())
}

// bookList reads a column of book numbers.
func (s *Store) bookList(ctx context.Context, text string, args ...any) ([]ledger.BookNo, error) {
	var books []ledger.BookNo
	err := s.engine.read(ctx, query{text: text, args: args, each: func(scan func(...any) error) error {
		var book ledger.BookNo
		err := scan(&book)
		books = append(books, book)
		return err
	}})
	return books, err
}
