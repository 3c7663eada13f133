package policy

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// chunk is the working state of one group of rows: policies as they were read,
// moved on by each row, so that rows of one group see each other's effect.
type chunk struct {
	decisions []*decision
	have      enrolment.Have
	accounts  map[registry.Reference]registry.Found
	policies  map[billpay.Number][]*state
	owners    map[handle]coverage.Key
	touched   []*state // in the order of the rows
	report    Report
	named     map[string][]coverage.Key // by source, what rows of a full file named
	unlisted  []unlisted
	findings  []Finding // of an audit's rows
	today     calendar.Date

	changed []coverage.Held
	known   map[coverage.Key]coverage.Held
}

// handle is a policy as its source names it.
type handle struct{ source, id string }

// unlisted is a row of a sender that the plan does not know.
type unlisted struct {
	source string
	Line
}

// state is a policy as the rows so far leave it.
type state struct {
	coverage.Held
	before    coverage.Held // as read
	isNew     bool
	isTouched bool
	decisions []*decision
}

// subscriber is whose policy a row is about.
type subscriber struct {
	number  billpay.Number   // of the account that stands for them now
	numbers []billpay.Number // under which they have policies: this one, and one that was merged into it
	opaque  ident.Opaque
	sponsor billpay.Number
}

// decision is what is decided about one row.
type decision struct {
	row     *Row
	said    coverage.Enrolled // of a Sent, in the words of coverage
	err     error             // it cannot be understood
	who     subscriber
	outcome Outcome
	retro   bool
}

func (d *decision) line(outcome Outcome, field, note string) Line {
	return Line{
		Line: d.row.Line, Record: d.row.Record, Segment: d.row.Segment, Outcome: outcome, Field: field, Note: note, Member: d.who.opaque,
	}
}

// policy gives what the row says of the policy as a whole.
func (d *decision) policy() *coverage.Policy {
	if d.row.Stated != nil {
		return &d.row.Stated.Policy
	}
	return &d.said.Policy
}

// The maintenance types (INS03) of a row that states what is so and changes
// nothing, and of an addition.
const auditType, addType = "030", "021"

// read reads everything that rows may touch.
func (p *Policies) read(ctx context.Context, rows []Row) (*chunk, error) {
	c := &chunk{
		policies: map[billpay.Number][]*state{}, owners: map[handle]coverage.Key{}, named: map[string][]coverage.Key{},
		known: map[coverage.Key]coverage.Held{}, accounts: map[registry.Reference]registry.Found{},
		today: calendar.In(p.clock.Now(), time.UTC),
	}
	for i := range rows {
		c.decisions = append(c.decisions, understand(&rows[i]))
	}
	c.inOrder()
	var err error
	if c.have, err = p.store.LoadMembers(ctx, enrolment.Want{Families: c.families()}); err != nil {
		return nil, err
	}
	refs := c.references()
	found, err := registry.Resolve(ctx, p.store, refs)
	if err != nil {
		return nil, err
	}
	var numbers []billpay.Number
	for i, ref := range refs {
		c.accounts[ref] = found[i]
		if found[i].Err == nil {
			numbers = append(numbers, billpay.Number(found[i].Given.No), billpay.Number(found[i].Book.No))
		}
	}
	slices.Sort(numbers)
	held, err := p.store.PoliciesOf(ctx, slices.Compact(numbers))
	if err != nil {
		return nil, err
	}
	for _, h := range held {
		c.policies[h.Number] = append(c.policies[h.Number], &state{Held: h.Clone(), before: h})
	}
	return c, p.findOwners(ctx, c)
}

func understand(row *Row) *decision {
	d := &decision{row: row}
	if s := row.Sent; s != nil && !s.Unlisted {
		sent := s.Sent
		if s.Replace && sent.Maintenance == auditType {
			sent.Maintenance = addType
		}
		d.said, d.err = coverage.FromEnrolment(sent, s.Sender)
	}
	return d
}

// inOrder puts rows of one policy that stand together into the order in which they
// became known, in which terms are kept.
func (c *chunk) inOrder() {
	for from := 0; from < len(c.decisions); {
		to := from + 1
		for to < len(c.decisions) && sameStated(c.decisions[to-1].row, c.decisions[to].row) {
			to++
		}
		slices.SortStableFunc(c.decisions[from:to], func(a, b *decision) int {
			if a.row.Stated == nil || b.row.Stated == nil {
				return 0
			}
			return a.row.Stated.Terms.KnownOn.Compare(b.row.Stated.Terms.KnownOn)
		})
		from = to
	}
}

// sameStated reports whether two rows of a CSV are of one policy.
func sameStated(a, b *Row) bool {
	return a.Stated != nil && b.Stated != nil && a.Stated.Policy.Source == b.Stated.Policy.Source &&
		a.Stated.Policy.SourceID == b.Stated.Policy.SourceID
}

func (d *decision) family() (enrolment.Family, bool) {
	if s := d.row.Sent; s != nil {
		return s.Subscriber, !s.Unlisted
	}
	return enrolment.Family{Source: d.row.Stated.Policy.Source, SubscriberID: d.row.Stated.SubscriberID}, d.row.Stated.SubscriberID != ""
}

func (c *chunk) families() []enrolment.Family {
	seen := map[enrolment.Family]bool{}
	for _, d := range c.decisions {
		if family, ok := d.family(); ok {
			seen[family] = true
		}
	}
	return slices.Collect(maps.Keys(seen))
}

// reference is how a row names its subscriber's account, once members are read.
func (c *chunk) reference(d *decision) (registry.Reference, bool) {
	if family, ok := d.family(); ok {
		m := c.subscriberOf(family)
		if m == nil {
			return registry.Reference{}, false
		}
		return registry.Reference{Number: m.Standing.Subscriber}, true
	}
	s := d.row.Stated
	if s == nil {
		return registry.Reference{}, false
	}
	ref := registry.Reference{Number: s.Number, Opaque: s.Opaque}
	if !s.Alias.IsZero() {
		ref.Handle, ref.Source = s.Alias.Handle(), s.Alias.Source()
	}
	return ref, true
}

// subscriberOf finds the subscriber whom a source's id means, or a dependant of
// theirs whose own id it is.
func (c *chunk) subscriberOf(family enrolment.Family) *enrolment.Member {
	members := c.have.Members[family]
	for i := range members {
		if m := &members[i]; m.Record.Relationship == member.Self && m.Record.Identity.SubscriberID == family.SubscriberID {
			return m
		}
	}
	if len(members) > 0 {
		return &members[0]
	}
	return nil
}

func (c *chunk) references() []registry.Reference {
	seen := map[registry.Reference]bool{}
	var refs []registry.Reference
	add := func(ref registry.Reference) {
		if !seen[ref] {
			seen[ref] = true
			refs = append(refs, ref)
		}
	}
	for _, d := range c.decisions {
		if ref, ok := c.reference(d); ok {
			add(ref)
		}
		if s := d.row.Stated; s != nil && !s.Policy.Group.IsZero() {
			add(registry.Reference{Number: s.Policy.Group})
		}
	}
	return refs
}

// findOwners looks up whose the policies are that rows name by their sources' ids.
func (p *Policies) findOwners(ctx context.Context, c *chunk) error {
	ids := map[string][]string{}
	for _, d := range c.decisions {
		if policy := d.policy(); policy.SourceID != "" && !slices.Contains(ids[policy.Source], policy.SourceID) {
			ids[policy.Source] = append(ids[policy.Source], policy.SourceID)
		}
	}
	for _, source := range slices.Sorted(maps.Keys(ids)) {
		keys, err := p.store.PolicyKeys(ctx, source, ids[source])
		if err != nil {
			return err
		}
		for id, key := range keys {
			c.owners[handle{source, id}] = key
		}
	}
	return nil
}

// opaque names an account as a report may.
func (p *Policies) opaque(ctx context.Context, number billpay.Number) (ident.Opaque, error) {
	found, err := registry.Resolve(ctx, p.store, []registry.Reference{{Number: number}})
	if err != nil {
		return "", err
	}
	return found[0].Given.Opaque, nil
}

// books lists the accounts whose policies change.
func (c *chunk) books() []ledger.BookNo {
	var books []ledger.BookNo
	for i := range c.changed {
		if no := ledger.BookNo(c.changed[i].Number); !slices.Contains(books, no) {
			books = append(books, no)
		}
	}
	return books
}

// decideAll decides every row and works out what is to be written.
func (c *chunk) decideAll() {
	for at, d := range c.decisions {
		c.report.Rows++
		c.decide(at, d)
	}
	for _, s := range c.touched {
		c.finish(s)
	}
	for _, d := range c.decisions {
		if d.retro {
			c.report.Retroactive++
		}
		c.report.count(d.outcome)
	}
}

// finish takes back terms that change nothing in effect and writes a policy that
// is new or another than before.
func (c *chunk) finish(s *state) {
	if !s.isNew && s.To != s.before.To {
		s.ToKnownOn = s.knownOn(c.today)
	}
	if sameCourse(s.before.Terms, s.Terms) {
		s.Terms = s.Terms[:len(s.before.Terms)]
	}
	was, is := s.before.Policy, s.Policy
	was.Withhold, is.Withhold = nil, nil
	if !s.isNew && len(s.Terms) == len(s.before.Terms) && len(s.Withhold) == len(s.before.Withhold) && reflect.DeepEqual(was, is) {
		for _, d := range s.decisions {
			d.outcome, d.retro = Unchanged, false
		}
		return
	}
	c.report.Terms += len(s.Terms) - len(s.before.Terms)
	if !s.isNew {
		c.known[s.Key()] = s.before
	}
	c.changed = append(c.changed, s.Held)
}

// knownOn is the day on which the policy's last day became known, or the zero Date
// when it has none any more. A row of a CSV says since when its terms are known, which
// for an end that it adds can be long before anybody told of the end.
func (s *state) knownOn(today calendar.Date) calendar.Date {
	if s.To.IsZero() {
		return calendar.Date{}
	}
	d := s.decisions[len(s.decisions)-1]
	if stated := d.row.Stated; stated != nil {
		if known := stated.Terms.KnownOn; known.After(today) {
			return known
		}
		return today
	}
	return d.said.Policy.ReceivedOn
}

// decide finds whose policy a row means and carries the row out.
func (c *chunk) decide(at int, d *decision) {
	if s := d.row.Sent; s != nil && s.Unlisted {
		c.report.Unlisted++
		c.unlisted = append(c.unlisted, unlisted{s.Sender.Name, d.line(NeedsStaff, "sender",
			"plan.yaml does not list this sender under senders, so its coverages make no policies; members were enrolled")})
		return
	}
	if d.err != nil {
		c.refuse(d, "", fault.MessageOf(d.err))
		return
	}
	if !c.identify(d) {
		return
	}
	policy := d.policy()
	if key, taken := c.owners[handle{policy.Source, policy.SourceID}]; taken && !slices.Contains(d.who.numbers, key.Number) {
		c.refuse(d, "source_id", "the policy of this id is another subscriber's on file")
		return
	}
	if d.row.Stated != nil {
		c.stated(at, d)
		return
	}
	c.sent(d)
	if d.outcome == Refused {
		return
	}
	for _, note := range d.said.Exceptions {
		c.staff(d, "", note)
	}
}

// identify finds the row's subscriber and refuses a row that names nobody.
func (c *chunk) identify(d *decision) bool {
	ref, ok := c.reference(d)
	account := c.accounts[ref]
	switch {
	case !ok || fault.KindOf(account.Err) == fault.NotFound:
		c.refuse(d, "subscriber", "the subscriber is not on file")
		return false
	case account.Err != nil:
		c.refuse(d, "subscriber", fault.MessageOf(account.Err))
		return false
	}
	d.who = subscriber{number: billpay.Number(account.Book.No), opaque: account.Book.Opaque}
	d.who.numbers = []billpay.Number{d.who.number}
	if given := billpay.Number(account.Given.No); given != d.who.number {
		d.who.numbers = append(d.who.numbers, given)
	}
	if family, ok := d.family(); ok {
		d.who.sponsor = c.subscriberOf(family).Standing.Sponsor
	}
	return true
}

func (c *chunk) refuse(d *decision, field, note string) {
	d.outcome = Refused
	c.report.NeedsStaff++
	c.report.add(d.line(Refused, field, note))
}

// staff notes something for staff beside what the row did.
func (c *chunk) staff(d *decision, field, note string) {
	c.report.NeedsStaff++
	c.report.add(d.line(NeedsStaff, field, note))
}

// again separates a policy's id at its source from the number of its stretch: who
// comes back after a gap under the same id has a policy of their own from then.
const again = "#"

// candidates are the subscriber's policies that a source means by an id, the one
// that began first in front. Continuation is never the policy that it continues.
func (c *chunk) candidates(d *decision) []*state {
	want := d.policy()
	var found []*state
	for _, number := range d.who.numbers {
		for _, s := range c.policies[number] {
			id, _, _ := strings.Cut(s.SourceID, again)
			if s.Source == want.Source && (s.SourceID == want.SourceID || id == want.SourceID) && isContinuation(s.Line) == isContinuation(want.Line) {
				found = append(found, s)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b *state) int { return a.From.Compare(b.From) })
	return found
}

func isContinuation(line coverage.Line) bool {
	return line == coverage.COBRA || line == coverage.StateCont
}

// touch notes that a row changed a policy.
func (c *chunk) touch(d *decision, s *state) {
	s.decisions = append(s.decisions, d)
	if !s.isTouched {
		s.isTouched = true
		c.touched = append(c.touched, s)
	}
}
