package enrolment

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// chunk is the working state of one group of rows: members as they were read,
// moved on by each row, so that rows of one group see each other's effect.
type chunk struct {
	e      *Enrolment
	access audit.Access
	now    time.Time
	have   Have
	report Report
	writes Writes
	named  map[string][]billpay.Number // by source, whom rows of a full file named

	families map[Family][]*held
	places   map[Family]int // how many are named under each family, with the new ones
	touched  []*held        // in the order of the rows
	sponsors map[SponsorKey]*sponsor
	aliases  map[billpay.Alias]*held
	ssns     map[secret.Text]*held // of new members
	full     []fullRow             // whom rows of a full file named
	taken    map[string]bool       // texts in these rows that no new number may equal
}

// held is a member as the rows so far leave them.
type held struct {
	*Member
	before     *Member       // as read; nil for a new member
	change     member.Change // the addition that made a new member
	names      []Family      // under which a new member is known
	aliases    []billpay.Alias
	subscriber *held // who answers, where that is new or has changed
	guarantor  *held
	sponsor    *sponsor
	isTouched  bool
	isOwingNew bool // who owes must be worked out again
}

// sponsor is an employer or sponsor that rows name.
type sponsor struct {
	Organisation
	isNew bool
	pays  bool
}

type fullRow struct {
	source string
	who    *held
}

func newChunk(e *Enrolment, access audit.Access, have Have) *chunk {
	c := &chunk{
		e: e, access: access, now: e.clock.Now(), have: have, named: map[string][]billpay.Number{},
		families: map[Family][]*held{}, places: map[Family]int{}, sponsors: map[SponsorKey]*sponsor{},
		aliases: map[billpay.Alias]*held{}, ssns: map[secret.Text]*held{}, taken: map[string]bool{},
	}
	byNumber := map[billpay.Number]*held{}
	for family, members := range have.Members {
		c.places[family] = len(members)
		for i := range members {
			h := byNumber[members[i].Number]
			if h == nil {
				h = &held{Member: members[i].clone(), before: &members[i]}
				byNumber[h.Number] = h
			}
			c.families[family] = append(c.families[family], h)
		}
	}
	// A dependant found by an id of their own stands under the subscriber's too.
	for _, h := range byNumber {
		if f := familyOf(h.Record.Identity); !slices.Contains(c.families[f], h) {
			c.families[f] = append(c.families[f], h)
		}
	}
	for key, number := range have.Sponsors {
		c.sponsors[key] = &sponsor{Organisation: Organisation{Number: number, Key: key}}
	}
	return c
}

// wantOf names everything that rows may touch.
func wantOf(rows []Row) Want {
	var w Want
	seen := map[Family]bool{}
	family := func(source, id string) {
		if f := (Family{source, id}); id != "" && !seen[f] {
			seen[f] = true
			w.Families = append(w.Families, f)
		}
	}
	for i := range rows {
		change := &rows[i].Change
		family(change.Identity.Source, change.Identity.SubscriberID)
		family(change.Identity.Source, rows[i].Household)
		if record := change.Person.RecordNumber; record != "" {
			w.Records = append(w.Records, record)
		}
		if ssn := change.Person.SSN; !ssn.IsZero() && change.Kind != member.Terminate {
			w.SSNs = append(w.SSNs, ssn)
		}
		if alias := rows[i].Alias; !alias.IsZero() {
			w.Aliases = append(w.Aliases, alias.Handle())
		}
		if key, ok := sponsorKey(rows[i]); ok && !slices.Contains(w.Sponsors, key) {
			w.Sponsors = append(w.Sponsors, key)
		}
	}
	return w
}

func sponsorKey(row Row) (SponsorKey, bool) {
	i := row.Change.Identity
	return SponsorKey{i.Source, row.Sponsor.ID, i.Group}, row.Sponsor.ID != ""
}

// row finds whom a row means and applies it.
func (c *chunk) row(row Row) {
	c.report.Rows++
	change := &row.Change
	change.Identity = c.identityOf(row)
	person := &change.Person
	c.taken[change.Identity.SubscriberID], c.taken[person.RecordNumber], c.taken[person.Phone] = true, true, true
	c.taken[change.Identity.Suffix], c.taken[row.Alias.Handle()] = true, true
	if _, known := c.e.house.Region(region.ID(person.Region)); person.Region != "" && !known {
		c.refuse(row, nil, "region", "the plan has no region of this id")
		return
	}
	family := c.families[familyOf(change.Identity)]
	at, result := member.Match(recordsOf(family), *change)
	switch {
	case result == member.Doubtful:
		c.hold(row, family[at], "perhaps a member on file, of another name or birth date")
	case change.Kind == member.Audit && !row.Replace:
		c.audit(row, family, at, result)
	case result == member.Unmatched:
		c.locate(person, &member.Person{})
		c.enrol(row, family)
	default:
		c.locate(person, &family[at].Record.Person)
		c.alter(row, family[at])
	}
}

// locate finds the region of a person who is new at an address, for most sources
// know no regions.
func (c *chunk) locate(stated, have *member.Person) {
	home := stated.Residence
	if stated.Region != "" || home.IsZero() || (have.Region != "" && home == have.Residence) {
		return
	}
	stated.Region = string(c.e.house.RegionAt(home.State, home.ZIP))
}

func recordsOf(family []*held) []member.Record {
	records := make([]member.Record, len(family))
	for i, h := range family {
		records[i] = h.Record
	}
	return records
}

// identityOf finds the subscriber id under which a row's member stands on file.
// A dependant comes under the subscriber's id or under one of their own; the
// latter becomes the suffix under the subscriber who stands before them.
func (c *chunk) identityOf(row Row) member.Identity {
	i := row.Change.Identity
	if row.Change.Relationship == member.Self {
		return i
	}
	family := c.families[familyOf(i)]
	if subscriberOf(family, i) != nil {
		return i
	}
	own := i.SubscriberID
	for _, h := range family {
		if on := h.Record.Identity; on.Suffix == own && on.SubscriberID != own {
			return member.Identity{Source: i.Source, SubscriberID: on.SubscriberID, Suffix: own, Group: i.Group}
		}
	}
	if row.Household == "" || row.Household == own {
		return i
	}
	return member.Identity{Source: i.Source, SubscriberID: row.Household, Suffix: own, Group: i.Group}
}

// subscriberOf finds the subscriber of a family among its members.
func subscriberOf(family []*held, i member.Identity) *held {
	for _, h := range family {
		if h.Record.Relationship == member.Self && familyOf(h.Record.Identity) == familyOf(i) {
			return h
		}
	}
	return nil
}

// enrol adds a member who is not on file.
func (c *chunk) enrol(row Row, family []*held) {
	change := row.Change
	if row.Replace && change.Kind == member.Audit {
		change.Kind = member.Add
	}
	subscriber := subscriberOf(family, change.Identity)
	switch {
	case change.Kind != member.Add: // member.Apply says what is wrong with it
	case change.Relationship == member.Self && len(family) > 0:
		c.hold(row, family[0], "this id is a dependant's of another subscriber: staff move the member to a policy of their own")
		return
	case change.Relationship != member.Self && subscriber == nil:
		c.refuse(row, nil, "subscriber_id", "the subscriber of this dependant is not on file")
		return
	}
	c.checkRecordNumber(row, &change, nil)
	record, effects, err := member.Apply(nil, change)
	if err != nil {
		c.refuse(row, nil, "", messageOf(err))
		return
	}
	h := &held{Member: &Member{Opaque: ident.NewOpaque(), Record: record, Version: 1}, change: change, isTouched: true, isOwingNew: true}
	h.subscriber = h
	if change.Relationship != member.Self {
		h.subscriber, h.sponsor = subscriber, subscriber.sponsor
	}
	h.guarantor = h.subscriber
	c.touched = append(c.touched, h)
	c.name(h, familyOf(change.Identity))
	if own := change.Identity.Suffix; own != "" && own == row.Change.Identity.Suffix && row.Household == change.Identity.SubscriberID {
		c.name(h, Family{change.Identity.Source, own})
	}
	c.report.count(Added)
	c.settle(row, h, effects)
	c.suspectTwin(row, h)
	c.report.Numbers++
}

func (c *chunk) name(h *held, f Family) {
	h.names = append(h.names, f)
	c.families[f] = append(c.families[f], h)
}

// suspectTwin tells staff of a person who is on file under another id: both
// have a number then, until staff merge them. Merging by itself could join two
// people for ever on one wrong digit.
func (c *chunk) suspectTwin(row Row, h *held) {
	person := h.Record.Person
	if person.SSN.IsZero() {
		return
	}
	const note = "the same social security number is on file under another id: merge the two if they are one person"
	for _, other := range c.have.SSNs[person.SSN] {
		if other.BirthDate == person.BirthDate || strings.EqualFold(other.FirstName, person.Name.First) {
			c.staff(row, "ssn", note, other.Opaque)
			return
		}
	}
	if other := c.ssns[person.SSN]; other != nil {
		c.staff(row, "ssn", note, other.Opaque)
		return
	}
	c.ssns[person.SSN] = h
}

// alter applies a change to a member on file.
func (c *chunk) alter(row Row, h *held) {
	change := row.Change
	if row.Replace && change.Kind == member.Audit {
		change.Kind = member.Alter
	}
	c.checkRecordNumber(row, &change, h)
	next, effects, err := member.Apply(&h.Record, change)
	if err != nil {
		c.refuse(row, h, "", messageOf(err))
		return
	}
	for _, e := range effects {
		if e.Kind != member.NeedsStaff {
			c.touch(h)
		}
		if e.Kind == member.DetailChanged && e.Field == "birth_date" {
			h.isOwingNew = true
		}
	}
	h.Record = next
	c.report.count(outcomeOf(change.Kind, effects))
	c.settle(row, h, effects)
}

func (c *chunk) touch(h *held) {
	if !h.isTouched {
		h.isTouched = true
		c.touched = append(c.touched, h)
	}
}

func outcomeOf(kind member.ChangeKind, effects []member.Effect) Outcome {
	outcome, stopped := Unchanged, false
	for _, e := range effects {
		switch e.Kind {
		case member.CoverageAdded, member.CoverageChanged, member.CoverageCanceled:
			switch kind {
			case member.Terminate:
				return Terminated
			case member.Reinstate:
				return Reinstated
			}
			return Changed
		case member.DetailChanged:
			outcome = Changed
		case member.NeedsStaff:
			stopped = true
		}
	}
	if stopped && outcome == Unchanged {
		return Held
	}
	return outcome
}

// settle does what every row that found its member does: old numbers, sponsor,
// guarantor, and the report.
func (c *chunk) settle(row Row, h *held, effects []member.Effect) {
	if row.Replace || row.Change.Kind == member.Audit {
		c.full = append(c.full, fullRow{row.Change.Identity.Source, h})
	}
	c.sponsorOf(row, h)
	c.guarantorOf(row, h)
	c.alias(row, h)
	needs, back := false, false
	for _, e := range effects {
		back = back || e.Retroactive
		switch e.Kind {
		case member.NeedsStaff:
			needs = true
			c.report.add(c.line(row, h, NeedsStaff, e.Line, e.Note))
		case member.IdentityConflict:
			needs = true
			c.report.add(c.line(row, h, NeedsStaff, e.Field, "the source states another value than our file"))
		}
	}
	if needs {
		c.report.NeedsStaff++
	}
	if back {
		c.report.Retroactive++
	}
}

// checkRecordNumber takes a record number out of a change when it is another
// person's: that is for staff, and the rest of the row stands.
func (c *chunk) checkRecordNumber(row Row, change *member.Change, own *held) {
	record := change.Person.RecordNumber
	if record == "" {
		return
	}
	holder, isOthers := c.have.Records[record]
	if own != nil && own.before != nil && holder == book(own.before) {
		isOthers = false
	}
	for _, h := range c.touched {
		isOthers = isOthers || h != own && h.Record.Person.RecordNumber == record
	}
	if isOthers {
		change.Person.RecordNumber = ""
		c.staff(row, "record_number", "the record number is another member's", "")
	}
}

// sponsorOf notes who sponsors a subscriber and so the household.
func (c *chunk) sponsorOf(row Row, h *held) {
	key, named := sponsorKey(row)
	if !named || h.Record.Relationship != member.Self {
		return
	}
	s := c.sponsors[key]
	if s == nil {
		s = &sponsor{isNew: true, Organisation: Organisation{
			Opaque: ident.NewOpaque(), Kind: row.Sponsor.Kind, Name: row.Sponsor.Name, Key: key,
		}}
		c.sponsors[key] = s
		c.report.Numbers++
	}
	s.pays = row.Sponsor.Pays
	for _, m := range c.families[familyOf(h.Record.Identity)] {
		if m != h && m.Record.Relationship == member.Self {
			continue
		}
		if !s.isNew && m.Standing.Sponsor == s.Number && m.Standing.SponsorPays == s.pays {
			continue
		}
		m.sponsor, m.isOwingNew = s, true
		c.touch(m)
	}
}

// responsibleParty is the role in an 834 of who answers for a member's bills.
const responsibleParty = "QD"

// guarantorOf takes the responsible party whom a row names for the guarantor, if
// they are of the household. It makes nobody a representative.
func (c *chunk) guarantorOf(row Row, h *held) {
	for _, named := range row.Change.Responsible {
		if named.Role != responsibleParty {
			continue
		}
		family := c.families[familyOf(h.Record.Identity)]
		at := slices.IndexFunc(family, func(m *held) bool {
			return m != h && strings.EqualFold(m.Record.Person.Name.First, named.Name.First) &&
				strings.EqualFold(m.Record.Person.Name.Last, named.Name.Last)
		})
		if at < 0 {
			c.staff(row, "responsible", "the responsible party is nobody of the household; the subscriber stays guarantor", h.Opaque)
			return
		}
		if h.before != nil && h.Standing.Guarantor == family[at].Number {
			return
		}
		h.guarantor, h.isOwingNew = family[at], true
		c.touch(h)
		return
	}
}

// alias keeps the member's number in an earlier system, unless it would make a
// number mean two people.
func (c *chunk) alias(row Row, h *held) {
	a := row.Alias
	if a.IsZero() {
		return
	}
	refuse := func(note string) { c.staff(row, "alias", note, h.Opaque) }
	if a.Source() == IssuedHere {
		refuse("an old number cannot name this installation as its source; it was not taken over")
		return
	}
	for _, holder := range c.have.Aliases[a.Handle()] {
		switch {
		case holder.Source == IssuedHere:
			refuse("the old number is a bill pay number issued here; it was not taken over")
			return
		case holder.Source == a.Source() && (h.before == nil || holder.Book != book(h.Member)):
			refuse("the old number of this source is another account's; it was not taken over")
			return
		case holder.Source == a.Source():
			return
		}
	}
	if other, taken := c.aliases[a]; taken {
		if other != h {
			refuse("the old number of this source is another account's; it was not taken over")
		}
		return
	}
	c.aliases[a] = h
	h.aliases = append(h.aliases, a)
	c.report.Aliases++
}

// audit compares a row of an audit file with our record; nothing is done.
func (c *chunk) audit(row Row, family []*held, at int, result member.MatchResult) {
	if result == member.Unmatched {
		c.report.count(Differs)
		c.report.add(c.line(row, nil, Differs, "", "the audit names a member who is not on file"))
		return
	}
	h := family[at]
	c.full = append(c.full, fullRow{row.Change.Identity.Source, h})
	_, effects, err := member.Apply(&h.Record, row.Change)
	if err != nil {
		c.refuse(row, h, "", messageOf(err))
		return
	}
	if len(effects) == 0 {
		c.report.count(Unchanged)
		return
	}
	c.report.count(Differs)
	for _, e := range effects {
		note := "the audit states otherwise"
		if e.Note != "" {
			note = e.Note
		}
		if e.Line != "" {
			note += ", line " + e.Line
		}
		c.report.add(c.line(row, h, Differs, e.Field, note))
	}
}

func (c *chunk) refuse(row Row, h *held, field, note string) {
	c.report.count(Refused)
	c.report.add(c.line(row, h, Refused, field, note))
}

// hold leaves a row to staff. In a full file the member is there all the same.
func (c *chunk) hold(row Row, h *held, note string) {
	if row.Replace || row.Change.Kind == member.Audit {
		c.full = append(c.full, fullRow{row.Change.Identity.Source, h})
	}
	c.report.count(Held)
	c.report.NeedsStaff++
	c.report.add(c.line(row, h, Held, "", note))
}

// staff notes something for staff beside what the row did.
func (c *chunk) staff(row Row, field, note string, who ident.Opaque) {
	c.report.NeedsStaff++
	l := c.line(row, nil, NeedsStaff, field, note)
	l.Member = who
	c.report.add(l)
}

func (c *chunk) line(row Row, h *held, outcome Outcome, field, note string) Line {
	l := Line{Line: row.Line, Record: row.Record, Outcome: outcome, Field: field, Note: note}
	if h != nil {
		l.Member = h.Opaque
	}
	return l
}

func messageOf(err error) string {
	var e *fault.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return err.Error()
}

func book(m *Member) ledger.BookNo { return ledger.BookNo(m.Number) }

// finish issues the numbers that the rows need and completes the writes.
func (c *chunk) finish(ctx context.Context) error {
	if err := c.issue(ctx); err != nil {
		return err
	}
	for _, h := range c.touched {
		if err := c.stand(h); err != nil {
			return err
		}
		c.write(h)
	}
	for _, f := range c.full {
		c.named[f.source] = append(c.named[f.source], f.who.Number)
	}
	for alias, h := range c.aliases {
		c.writes.Aliases = append(c.writes.Aliases, NewAlias{alias, h.Number})
	}
	return nil
}

// issue gives numbers to new members and sponsors.
func (c *chunk) issue(ctx context.Context) error {
	var persons []billpay.Identifiers
	var give []*billpay.Number
	for _, h := range c.touched {
		if h.before == nil {
			persons, give = append(persons, identifiersOf(h)), append(give, &h.Number)
		}
	}
	for _, s := range c.sponsors {
		if s.isNew {
			persons = append(persons, billpay.Identifiers{Records: []string{s.Key.ID, s.Key.Group}})
			give = append(give, &s.Number)
		}
	}
	numbers, err := c.e.issue(ctx, persons, c.taken)
	if err != nil {
		return err
	}
	for i, n := range numbers {
		*give[i] = n
	}
	for _, s := range c.sponsors {
		if s.isNew {
			var trail audit.Head
			c.writes.Organisations = append(c.writes.Organisations, s.Organisation)
			c.writes.Audit = append(c.writes.Audit, trail.Entry(c.access, audit.Enrol, audit.Changed, ledger.BookNo(s.Number), c.now))
		}
	}
	return nil
}

func identifiersOf(h *held) billpay.Identifiers {
	r := h.Record
	return billpay.Identifiers{
		Records: []string{r.Person.RecordNumber, r.Identity.SubscriberID, r.Identity.Suffix, r.Identity.Group},
		Aliases: h.aliases, SSN: r.Person.SSN, BirthDate: r.Person.BirthDate, Phones: []string{r.Person.Phone},
	}
}

// stand works out who answers for a member, now that all have numbers.
func (c *chunk) stand(h *held) error {
	if h.subscriber != nil {
		h.Standing.Subscriber = h.subscriber.Number
	}
	if h.before == nil && h.sponsor == nil && h.subscriber != h {
		h.Standing.Sponsor, h.Standing.SponsorPays = h.subscriber.Standing.Sponsor, h.subscriber.Standing.SponsorPays
	}
	if h.guarantor != nil {
		h.Standing.Guarantor = h.guarantor.Number
	}
	if h.sponsor != nil {
		h.Standing.Sponsor, h.Standing.SponsorPays = h.sponsor.Number, h.sponsor.pays
	}
	if !h.isOwingNew {
		return nil
	}
	from := c.e.today(h.Member)
	if h.before == nil {
		from = c.e.firstDay(h.Member, h.change)
	}
	return c.e.recordDebtors(h.Member, from)
}

func (c *chunk) write(h *held) {
	if h.before != nil {
		h.Version++
	}
	number := h.Number
	for _, f := range h.names {
		c.places[f]++
		c.writes.Namings = append(c.writes.Namings, Naming{f, c.places[f], number})
	}
	record := h.Record.Person.RecordNumber
	if _, known := c.have.Records[record]; record != "" && !known && (h.before == nil || h.before.Record.Person.RecordNumber != record) {
		c.writes.Records = append(c.writes.Records, NewRecord{record, number})
	}
	c.writes.Audit = append(c.writes.Audit, h.Audited.Entry(c.access, audit.Enrol, audit.Changed, book(h.Member), c.now))
	c.writes.Edits = append(c.writes.Edits, Edit{h.before, h.Member})
}
