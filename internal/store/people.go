package store

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

var _ enrolment.Store = (*Store)(nil)

// fingerprinter makes the keyed hashes by which a sealed value is found; the
// vault is one.
type fingerprinter interface {
	Fingerprint(value secret.Text, purpose string) ([]byte, error)
}

// ssnPrint gives the text by which a social security number is found, "" for none.
func (s *Store) ssnPrint(ssn secret.Text) (string, error) {
	if ssn.IsZero() {
		return "", nil
	}
	keys, ok := s.seal.(fingerprinter)
	if !ok {
		return "", fault.New(fault.Internal, "store.ssnPrint", "the store was opened without fingerprint keys")
	}
	sum, err := keys.Fingerprint(ssn, "person/ssn")
	return hex.EncodeToString(sum), err
}

func ssnContext(book ledger.BookNo) string      { return fmt.Sprintf("person/ssn/%d", book) }
func conflictContext(book ledger.BookNo) string { return fmt.Sprintf("person/conflicts/%d", book) }

// nameKey folds a last name for the index by which staff find people: letters
// and digits in lower case.
func nameKey(last string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, last)
}

var personColumns = []string{
	"book_no", "version", "source", "subscriber_id", "suffix", "group_no", "relationship", "name_prefix", "first_name",
	"middle_name", "last_name", "name_suffix", "last_key", "birth_date", "death_date", "sex", "ssn_sealed", "ssn_print",
	"record_no", "phone", "email", "spoken_language", "written_language", "format", "contact_by", "region", "subscriber_no",
	"guarantor_no", "sponsor_no", "sponsor_pays", "conflicts", "conflicts_open", "changed_at",
}

func (s *Store) personValues(m *enrolment.Member, at int64) ([]any, error) {
	p, i := &m.Record.Person, &m.Record.Identity
	number := ledger.BookNo(m.Number)
	sealed := []byte{}
	if !p.SSN.IsZero() {
		var err error
		if sealed, err = s.seal.Seal([]byte(p.SSN.Reveal()), ssnContext(number)); err != nil {
			return nil, fault.Wrap("store.person", err)
		}
	}
	print, err := s.ssnPrint(p.SSN)
	if err != nil {
		return nil, err
	}
	conflicts, open, err := s.sealConflicts(m)
	if err != nil {
		return nil, err
	}
	return []any{
		int64(m.Number), m.Version, i.Source, i.SubscriberID, i.Suffix, i.Group, string(m.Record.Relationship), p.Name.Prefix,
		p.Name.First, p.Name.Middle, p.Name.Last, p.Name.Suffix, nameKey(p.Name.Last), p.BirthDate.String(),
		p.DeathDate.String(), p.Sex, sealed, print, p.RecordNumber, p.Phone, p.Email, p.SpokenLanguage, p.WrittenLanguage,
		string(p.Format), string(p.ContactBy), p.Region, int64(m.Standing.Subscriber), int64(m.Standing.Guarantor),
		int64(m.Standing.Sponsor), flag(m.Standing.SponsorPays), conflicts, open, at,
	}, nil
}

func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// storedConflict is a conflict as it is sealed: the one place where a social
// security number is written out, because a secret marshals as a mask.
type storedConflict struct {
	Field        string
	SSN          string        `json:",omitzero"`
	BirthDate    calendar.Date `json:",omitzero"`
	DeathDate    calendar.Date `json:",omitzero"`
	RecordNumber string        `json:",omitzero"`
	Name         member.Name   `json:",omitzero"`
	Relationship member.Relationship
	Refused      bool
}

func (s *Store) sealConflicts(m *enrolment.Member) (sealed []byte, open int64, err error) {
	if len(m.Record.Conflicts) == 0 {
		return []byte{}, 0, nil
	}
	stored := make([]storedConflict, len(m.Record.Conflicts))
	for i, c := range m.Record.Conflicts {
		stored[i] = storedConflict{
			c.Field, c.Stated.SSN.Reveal(), c.Stated.BirthDate, c.Stated.DeathDate, c.Stated.RecordNumber, c.Stated.Name,
			c.Relationship, c.Refused,
		}
		open += 1 - flag(c.Refused)
	}
	plain, err := json.Marshal(stored)
	if err != nil {
		return nil, 0, fault.Wrap("store.conflicts", err)
	}
	sealed, err = s.seal.Seal(plain, conflictContext(ledger.BookNo(m.Number)))
	return sealed, open, fault.Wrap("store.conflicts", err)
}

func (s *Store) openConflicts(m *enrolment.Member, sealed []byte) error {
	if len(sealed) == 0 {
		return nil
	}
	plain, err := s.seal.Open(sealed, conflictContext(ledger.BookNo(m.Number)))
	if err != nil {
		return fault.Wrap("store.conflicts", err)
	}
	var stored []storedConflict
	if err := json.Unmarshal(plain, &stored); err != nil {
		return fault.New(fault.Corrupt, "store.conflicts", "stored conflicts do not parse")
	}
	for _, c := range stored {
		stated := member.Person{
			SSN: secret.New(c.SSN), BirthDate: c.BirthDate, DeathDate: c.DeathDate, RecordNumber: c.RecordNumber, Name: c.Name,
		}
		m.Record.Conflicts = append(m.Record.Conflicts, member.Conflict{
			Field: c.Field, Stated: stated, Relationship: c.Relationship, Refused: c.Refused,
		})
	}
	return nil
}

// SaveMembers implements enrolment.Store.
func (s *Store) SaveMembers(ctx context.Context, w *enrolment.Writes) error {
	at := s.clock.Now().UnixMicro()
	b := newPeopleBulks()
	for i := range w.Edits {
		if err := s.addEdit(b, &w.Edits[i], at); err != nil {
			return err
		}
	}
	for _, o := range w.Organisations {
		b.open(o.Number, string(o.Kind), string(o.Opaque), enrolment.Owing{}, at)
		b.organisations.add(int64(o.Number), string(o.Kind), o.Name, o.Key.Source, o.Key.ID, o.Key.Group)
		b.sponsors.add(o.Key.Source, o.Key.ID, o.Key.Group, int64(o.Number))
	}
	for _, n := range w.Namings {
		b.namings.add(n.Family.Source, n.Family.SubscriberID, int64(n.No), int64(n.Number))
	}
	for _, a := range w.Aliases {
		b.directory.add(a.Alias.Handle(), a.Alias.Source(), int64(a.Number), at)
	}
	for _, r := range w.Records {
		b.records.add(r.Record, int64(r.Number))
	}
	b.audit = auditBulk(w.Audit)
	err := s.engine.write(ctx, b.filled()...)
	if errors.Is(err, cashier.ErrStale) {
		return enrolment.ErrStale
	}
	return err
}

// peopleBulks are the statements of one SaveMembers, in the order in which they
// run: what is guarded comes first, so that a lost race writes nothing.
type peopleBulks struct {
	persons, owing, newPersons, books, opaque, organisations, sponsors, namings, directory, records *bulk
	addresses, newAddresses, spans, newSpans, responsible, households, debtors, audit               *bulk
}

func newPeopleBulks() *peopleBulks {
	span := []string{"book_no", "line", "span_no", "plan", "from_on", "to_on", "cancelled"}
	address := []string{"book_no", "purpose", "line1", "line2", "city", "state", "zip", "country"}
	guarded := slices.Insert(slices.Clone(personColumns), 1, "version") // the version that was read
	return &peopleBulks{
		persons:    updateOf("person", 1, 1, guarded...),
		owing:      updateOf("book", 1, 0, "book_no", "debtor_premium", "debtor_medical", "debtor_pharmacy"),
		newPersons: insertInto("person", personColumns...),
		books: insertInto("book", "book_no", "kind", "opaque_id", "status", "debtor_premium", "debtor_medical", "debtor_pharmacy",
			"digest", "opened_at"),
		opaque:        insertInto("opaque_id", "opaque_id", "book_no"),
		organisations: insertInto("organisation", "book_no", "kind", "name", "source", "sponsor_id", "group_no"),
		sponsors:      insertInto("sponsor_identity", "source", "sponsor_id", "group_no", "book_no"),
		namings:       insertInto("enrolment_identity", "source", "subscriber_id", "member_no", "book_no"),
		directory:     insertInto("directory", "handle", "source", "book_no", "noted_at"),
		records:       insertInto("record_number", "record_no", "book_no"),
		addresses:     updateOf("person_address", 2, 0, address...),
		newAddresses:  insertInto("person_address", address...),
		spans:         updateOf("coverage_span", 3, 0, span...),
		newSpans:      insertInto("coverage_span", span...),
		responsible: insertInto("responsible_party", "book_no", "party_no", "role", "name_prefix", "first_name", "middle_name",
			"last_name", "name_suffix", "line1", "line2", "city", "state", "zip", "country", "phone"),
		households: insertInto("household_member", "book_no", "member_no"),
		debtors:    insertInto("debtor_history", "book_no", "entry_no", "fund_no", "from_on", "debtor_no", "basis"),
	}
}

func (b *peopleBulks) filled() []*bulk {
	all := []*bulk{
		b.persons, b.namings, b.sponsors, b.records, b.directory, b.books, b.opaque, b.owing, b.newPersons, b.organisations,
		b.addresses, b.newAddresses, b.spans, b.newSpans, b.responsible, b.households, b.debtors, b.audit,
	}
	return slices.DeleteFunc(all, func(each *bulk) bool { return each.rows == 0 })
}

// open opens the book of a number.
func (b *peopleBulks) open(number billpay.Number, kind, opaque string, o enrolment.Owing, at int64) {
	empty := make([]byte, len(ledger.Digest{}))
	b.books.add(int64(number), kind, opaque, string(cashier.Open), int64(o.Premium), int64(o.Medical), int64(o.Pharmacy), empty, at)
	b.opaque.add(opaque, int64(number))
}

// addEdit writes down how a member's record differs from what it was.
func (s *Store) addEdit(b *peopleBulks, edit *enrolment.Edit, at int64) error {
	before, m := edit.Before, edit.After
	values, err := s.personValues(m, at)
	if err != nil {
		return err
	}
	number := int64(m.Number)
	if before == nil {
		before = &enrolment.Member{}
		b.newPersons.add(values...)
		b.open(m.Number, string(member.MemberParty), string(m.Opaque), m.Owing, at)
	} else {
		b.persons.add(slices.Insert(values, 1, any(before.Version))...)
		if before.Owing != m.Owing {
			b.owing.add(number, int64(m.Owing.Premium), int64(m.Owing.Medical), int64(m.Owing.Pharmacy))
		}
	}
	if before.Standing.Subscriber != m.Standing.Subscriber {
		b.households.add(int64(m.Standing.Subscriber), number)
	}
	b.addAddresses(number, &before.Record.Person, &m.Record.Person)
	b.addSpans(number, before.Record.Coverages, m.Record.Coverages)
	for i := len(before.Record.Responsible); i < len(m.Record.Responsible); i++ {
		r := m.Record.Responsible[i]
		b.responsible.add(number, int64(i+1), r.Role, r.Name.Prefix, r.Name.First, r.Name.Middle, r.Name.Last, r.Name.Suffix,
			r.Address.Line1, r.Address.Line2, r.Address.City, r.Address.State, r.Address.ZIP, r.Address.Country, r.Phone)
	}
	for i := len(before.Debtors); i < len(m.Debtors); i++ {
		d := m.Debtors[i]
		b.debtors.add(number, int64(i+1), int64(d.Fund.No()), d.From.String(), int64(d.Debtor.Number), string(d.Debtor.Basis))
	}
	return nil
}

// addressOf gives the place of an address by its purpose in a person.
func addressOf(p *member.Person, purpose string) *member.Address {
	switch purpose {
	case "mailing":
		return &p.Mailing
	case "confidential":
		return &p.Confidential
	}
	return &p.Residence
}

func (b *peopleBulks) addAddresses(number int64, before, after *member.Person) {
	for _, purpose := range []string{"residence", "mailing", "confidential"} {
		was, is := addressOf(before, purpose), addressOf(after, purpose)
		if *was == *is {
			continue
		}
		into := b.addresses
		if was.IsZero() {
			into = b.newAddresses
		}
		into.add(number, purpose, is.Line1, is.Line2, is.City, is.State, is.ZIP, is.Country)
	}
}

// addSpans writes spans by their place in their line: one that moved is written
// over the one that stood there.
func (b *peopleBulks) addSpans(number int64, before, after []member.Coverage) {
	for _, c := range after {
		var was []member.Span
		if at := slices.IndexFunc(before, func(o member.Coverage) bool { return o.Line == c.Line }); at >= 0 {
			was = before[at].Spans
		}
		for i, span := range c.Spans {
			into := b.newSpans
			if i < len(was) {
				if was[i] == span {
					continue
				}
				into = b.spans
			}
			into.add(number, c.Line, int64(i+1), span.Plan, span.From.String(), span.To.String(), flag(span.Cancelled))
		}
	}
}

// Members implements enrolment.Store.
func (s *Store) Members(ctx context.Context, books []ledger.BookNo) ([]enrolment.Member, error) {
	if len(books) == 0 {
		return nil, nil
	}
	var members []*enrolment.Member
	byBook := map[ledger.BookNo]*enrolment.Member{}
	e, of := s.engine, s.engine.ints(integers(books))
	columns := "p." + strings.Join(personColumns, ", p.")
	on := func(table string) string {
		return table + " WHERE " + e.list("book_no", 1, integerColumn) + " ORDER BY "
	}
	err := e.read(ctx, query{
		text: `SELECT b.opaque_id, b.debtor_premium, b.debtor_medical, b.debtor_pharmacy, ` + columns +
			` FROM person p JOIN book b ON b.book_no = p.book_no WHERE ` + e.list("p.book_no", 1, integerColumn) + ` ORDER BY p.book_no`,
		args: []any{of},
		each: func(scan func(...any) error) error {
			m, err := s.scanMember(scan)
			members = append(members, m)
			byBook[ledger.BookNo(m.Number)] = m
			return err
		},
	}, query{
		text: `SELECT book_no, purpose, line1, line2, city, state, zip, country FROM ` + on("person_address") + `book_no, purpose`,
		args: []any{of},
		each: func(scan func(...any) error) error { return scanAddress(scan, byBook) },
	}, query{
		text: `SELECT book_no, line, plan, from_on, to_on, cancelled FROM ` + on("coverage_span") + `book_no, line, span_no`,
		args: []any{of},
		each: func(scan func(...any) error) error { return scanSpan(scan, byBook) },
	}, query{
		text: `SELECT book_no, role, name_prefix, first_name, middle_name, last_name, name_suffix, line1, line2, city, state, zip,
			country, phone FROM ` + on("responsible_party") + `book_no, party_no`,
		args: []any{of},
		each: func(scan func(...any) error) error { return scanResponsible(scan, byBook) },
	}, query{
		text: `SELECT book_no, fund_no, from_on, debtor_no, basis FROM ` + on("debtor_history") + `book_no, entry_no`,
		args: []any{of},
		each: func(scan func(...any) error) error { return scanDebtor(scan, byBook) },
	}, s.auditHeadQuery(books, func(book ledger.BookNo, head audit.Head) {
		if m := byBook[book]; m != nil {
			m.Audited = head
		}
	}))
	if err != nil {
		return nil, err
	}
	out := make([]enrolment.Member, len(members))
	for i, m := range members {
		out[i] = *m
	}
	return out, nil
}

func (s *Store) scanMember(scan func(...any) error) (*enrolment.Member, error) {
	m := &enrolment.Member{}
	p, i := &m.Record.Person, &m.Record.Identity
	var lastKey, birth, death, print string
	var sealed, conflicts []byte
	var pays, open, changed int64
	err := scan(&m.Opaque, (*int64)(&m.Owing.Premium), (*int64)(&m.Owing.Medical), (*int64)(&m.Owing.Pharmacy), (*int64)(&m.Number), &m.Version, &i.Source,
		&i.SubscriberID, &i.Suffix, &i.Group, &m.Record.Relationship, &p.Name.Prefix, &p.Name.First, &p.Name.Middle, &p.Name.Last,
		&p.Name.Suffix, &lastKey, &birth, &death, &p.Sex, &sealed, &print, &p.RecordNumber, &p.Phone, &p.Email, &p.SpokenLanguage,
		&p.WrittenLanguage, &p.Format, &p.ContactBy, &p.Region, (*int64)(&m.Standing.Subscriber), (*int64)(&m.Standing.Guarantor), (*int64)(&m.Standing.Sponsor),
		&pays, &conflicts, &open, &changed)
	if err != nil {
		return m, err
	}
	m.Standing.SponsorPays = pays != 0
	if len(sealed) > 0 {
		plain, err := s.seal.Open(sealed, ssnContext(ledger.BookNo(m.Number)))
		if err != nil {
			return m, fault.Wrap("store.person", err)
		}
		p.SSN = secret.New(string(plain))
	}
	if err := s.openConflicts(m, conflicts); err != nil {
		return m, err
	}
	return m, scanDates(map[*calendar.Date]string{&p.BirthDate: birth, &p.DeathDate: death})
}

func scanAddress(scan func(...any) error, members map[ledger.BookNo]*enrolment.Member) error {
	var book ledger.BookNo
	var purpose string
	var a member.Address
	if err := scan(&book, &purpose, &a.Line1, &a.Line2, &a.City, &a.State, &a.ZIP, &a.Country); err != nil {
		return err
	}
	// Look-ups may see different moments: a row of a member who was added
	// meanwhile is left out.
	if m := members[book]; m != nil {
		*addressOf(&m.Record.Person, purpose) = a
	}
	return nil
}

func scanSpan(scan func(...any) error, members map[ledger.BookNo]*enrolment.Member) error {
	var book ledger.BookNo
	var line, from, to string
	var cancelled int64
	var span member.Span
	if err := scan(&book, &line, &span.Plan, &from, &to, &cancelled); err != nil {
		return err
	}
	span.Cancelled = cancelled != 0
	m := members[book]
	if m == nil {
		return nil
	}
	held := &m.Record.Coverages
	if n := len(*held); n == 0 || (*held)[n-1].Line != line {
		*held = append(*held, member.Coverage{Line: line})
	}
	if err := scanDates(map[*calendar.Date]string{&span.From: from, &span.To: to}); err != nil {
		return err
	}
	last := &(*held)[len(*held)-1]
	last.Spans = append(last.Spans, span)
	return nil
}

func scanResponsible(scan func(...any) error, members map[ledger.BookNo]*enrolment.Member) error {
	var book ledger.BookNo
	var r member.Responsible
	err := scan(&book, &r.Role, &r.Name.Prefix, &r.Name.First, &r.Name.Middle, &r.Name.Last, &r.Name.Suffix, &r.Address.Line1,
		&r.Address.Line2, &r.Address.City, &r.Address.State, &r.Address.ZIP, &r.Address.Country, &r.Phone)
	if m := members[book]; m != nil && err == nil {
		m.Record.Responsible = append(m.Record.Responsible, r)
	}
	return err
}

func scanDebtor(scan func(...any) error, members map[ledger.BookNo]*enrolment.Member) error {
	var book ledger.BookNo
	var fund int64
	var from string
	var d member.DebtorFrom
	if err := scan(&book, &fund, &from, (*int64)(&d.Debtor.Number), &d.Debtor.Basis); err != nil {
		return err
	}
	var err error
	if d.Fund, err = chart.FundOf(int32(fund)); err != nil {
		return fault.New(fault.Corrupt, "store.debtor", "%v", err)
	}
	if d.From, err = scanDate(from); err != nil {
		return err
	}
	d.Member = billpay.Number(book)
	if m := members[book]; m != nil {
		m.Debtors = append(m.Debtors, d)
	}
	return nil
}
