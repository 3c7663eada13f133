package outbound

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Report is what a sending did.
type Report struct {
	Day     calendar.Date `json:"day"`
	DryRun  bool          `json:"dry_run"`
	Placed  int           `json:"placed_anew"` // files of a run that was killed before they were in their folder
	Files   []File        `json:"files"`
	Facts   int           `json:"facts"`
	Signals int           `json:"signals"`
	Waiting []Waiting     `json:"waiting"`
	// Overdue and Rejected are the files, by number, that a partner should have answered
	// by the day, and those of which it rejected something that was not told anew.
	Overdue  []int64 `json:"overdue,omitempty"`
	Rejected []int64 `json:"rejected,omitempty"`
	// NotTold counts by partner the facts that the plan does not have told by file.
	NotTold map[string]int `json:"not_told,omitempty"`
}

// Waiting says why facts wait: what staff, the partner or the configuration must
// mend. They are tried again with each run.
type Waiting struct {
	Partner  string         `json:"partner"`
	Reason   string         `json:"reason"`
	Facts    int            `json:"facts"`
	Examples []ident.Opaque `json:"accounts,omitempty"` // some of the accounts
}

const (
	booksTogether = 1000 // whose facts go into one interchange
	// booksListed is how many accounts are listed at a time: each listing reads what is
	// due as a whole.
	booksListed = 200_000
	retriesMax  = 5
	examplesMax = 20
	chunkBytes  = 512 << 10 // of a file, sealed at a time
)

// Send tells every partner the facts that were noted by a day. A dry run makes no
// file and says what waits.
func (d *Desk) Send(ctx context.Context, day calendar.Date, by ident.Actor, dry bool) (Report, error) {
	const op = "outbound.Send"
	s := &sending{Desk: d, by: by, report: Report{Day: day, DryRun: dry, Files: []File{}, Waiting: []Waiting{}, NotTold: map[string]int{}}}
	if by.IsZero() {
		return s.report, fault.New(fault.Invalid, op, "nothing is sent without a named actor")
	}
	if !dry {
		if err := s.place(ctx); err != nil {
			return s.report, fault.Wrap(op, err)
		}
	}
	sources, err := d.store.DueSources(ctx, day)
	if err != nil {
		return s.report, fault.Wrap(op, err)
	}
	for _, source := range slices.Sorted(maps.Keys(sources)) {
		to := d.partner(source)
		if to == nil {
			s.waits(source, "the source is no partner in plan.yaml, so nothing says where to tell it", sources[source], "")
			continue
		}
		if err := s.tell(ctx, to); err != nil {
			return s.report, fault.Wrap(op, err)
		}
	}
	if err := s.signal(ctx); err != nil {
		return s.report, fault.Wrap(op, err)
	}
	return s.report, fault.Wrap(op, s.late(ctx))
}

// late names the files that somebody must ask a partner about.
func (s *sending) late(ctx context.Context) error {
	overdue, rejected, err := s.Late(ctx, s.report.Day)
	for i := range overdue {
		s.report.Overdue = append(s.report.Overdue, overdue[i].No)
	}
	for i := range rejected {
		s.report.Rejected = append(s.report.Rejected, rejected[i].No)
	}
	return err
}

// sending is a run on its way.
type sending struct {
	*Desk
	by     ident.Actor
	report Report
}

// waits notes that facts wait for a reason.
func (s *sending) waits(partner, reason string, facts int, account ident.Opaque) {
	at := slices.IndexFunc(s.report.Waiting, func(w Waiting) bool { return w.Partner == partner && w.Reason == reason })
	if at < 0 {
		at = len(s.report.Waiting)
		s.report.Waiting = append(s.report.Waiting, Waiting{Partner: partner, Reason: reason})
	}
	w := &s.report.Waiting[at]
	w.Facts += facts
	if account != "" && len(w.Examples) < examplesMax {
		w.Examples = append(w.Examples, account)
	}
}

// tell writes a partner's interchanges, some accounts at a time.
func (s *sending) tell(ctx context.Context, to *Partner) error {
	for after := ledger.BookNo(0); ; {
		books, err := s.store.DueBooks(ctx, to.Source, s.report.Day, after, booksListed)
		if err != nil || len(books) == 0 {
			return err
		}
		after = books[len(books)-1]
		for part := range slices.Chunk(books, booksTogether) {
			if err := s.batch(ctx, to, part); err != nil {
				return err
			}
		}
	}
}

// batch tells what is due of some accounts in one interchange. When another run
// took a number or told something meanwhile, it is decided again.
func (s *sending) batch(ctx context.Context, to *Partner, books []ledger.BookNo) error {
	var err error
	for range retriesMax {
		before := s.report.clone()
		var messages []Message
		if messages, err = s.messages(ctx, to, books); err != nil || len(messages) == 0 {
			return err
		}
		if s.report.DryRun {
			s.report.Facts += len(messages)
			return nil
		}
		if err = s.write(ctx, to, messages); fault.KindOf(err) != fault.Conflict {
			return err
		}
		s.report = before
	}
	return err
}

func (r *Report) clone() Report {
	c := *r
	c.Files, c.Waiting, c.NotTold = slices.Clone(r.Files), slices.Clone(r.Waiting), maps.Clone(r.NotTold)
	return c
}

// messages collects what a partner is to be told; what cannot be told waits.
func (s *sending) messages(ctx context.Context, to *Partner, books []ledger.BookNo) ([]Message, error) {
	due, err := s.store.DueFacts(ctx, to.Source, s.report.Day, books)
	if err != nil || len(due) == 0 {
		return nil, err
	}
	all := len(due)
	due = slices.DeleteFunc(due, func(f Due) bool { return slices.Contains(to.NotTold, f.What) })
	if skipped := all - len(due); skipped > 0 {
		s.report.NotTold[to.Source] += skipped
	}
	if len(due) == 0 {
		return nil, nil
	}
	books = booksOf(due)
	people, err := s.people(ctx, books)
	if err != nil {
		return nil, err
	}
	opaque, err := s.store.Opaques(ctx, books)
	if err != nil {
		return nil, err
	}
	var messages []Message
	for i := range due {
		m, err := people.message(to, &due[i])
		if err == nil {
			err = s.press.Refuses(to, &m)
		}
		if err != nil {
			s.waits(to.Source, fault.MessageOf(err), 1, opaque[ledger.BookNo(due[i].Policy.Number)])
			continue
		}
		messages = append(messages, m)
	}
	return messages, nil
}

func booksOf(due []Due) []ledger.BookNo {
	books := make([]ledger.BookNo, len(due))
	for i := range due {
		books[i] = ledger.BookNo(due[i].Policy.Number)
	}
	slices.Sort(books)
	return slices.Compact(books)
}

// people are the policies and persons that facts are about.
type people struct {
	held    map[coverage.Key]*coverage.Held
	members map[billpay.Number]*enrolment.Member
}

func (s *sending) people(ctx context.Context, books []ledger.BookNo) (*people, error) {
	numbers := make([]billpay.Number, len(books))
	for i, book := range books {
		numbers[i] = billpay.Number(book)
	}
	held, err := s.store.PoliciesOf(ctx, numbers)
	if err != nil {
		return nil, err
	}
	p := &people{map[coverage.Key]*coverage.Held{}, map[billpay.Number]*enrolment.Member{}}
	persons := slices.Clone(books)
	for i := range held {
		p.held[held[i].Key()] = &held[i]
		for _, t := range held[i].Terms {
			for _, insured := range t.Members {
				if !insured.Number.IsZero() {
					persons = append(persons, ledger.BookNo(insured.Number))
				}
			}
		}
	}
	slices.Sort(persons)
	members, err := s.store.Members(ctx, slices.Compact(persons))
	for i := range members {
		p.members[members[i].Number] = &members[i]
	}
	return p, err
}

// message joins a fact with the policy and the persons that it is about. The error
// says what is not on file.
func (p *people) message(to *Partner, due *Due) (Message, error) {
	const op = "outbound.message"
	m := Message{Due: *due}
	held := p.held[due.Policy]
	if held == nil {
		return m, fault.New(fault.NotFound, op, "the policy is not on file")
	}
	m.Held = *held
	subscriber := p.members[due.Policy.Number]
	if subscriber == nil {
		return m, fault.New(fault.NotFound, op, "the subscriber's name and id at the partner are not on file; import an enrolment file that has them")
	}
	m.Subscriber = *subscriber
	if id := &subscriber.Record.Identity; id.Source != to.Source || id.SubscriberID == "" {
		return m, fault.New(fault.NotFound, op, "the id by which the partner knows the subscriber is not on file; import an enrolment file of the partner's")
	}
	if due.What != grace.Effectuation && due.What != grace.Reinstatement {
		return m, nil // what ends or never began ends for all who are covered
	}
	begins := due.Effective
	if begins.IsZero() {
		begins = held.From
	}
	terms, _ := held.On(begins)
	for _, insured := range terms.Members {
		if insured.Relationship == "self" || insured.Number == due.Policy.Number {
			continue
		}
		member := p.members[insured.Number]
		if member == nil {
			return m, fault.New(fault.NotFound, op, "somebody covered with the subscriber is not on file by name")
		}
		m.Dependants = append(m.Dependants, Dependant{*member, insured.Relationship})
	}
	return m, nil
}

// write makes the interchange, keeps it, and puts it into its folder.
func (s *sending) write(ctx context.Context, to *Partner, messages []Message) error {
	no, control, err := s.store.NextFile(ctx, Enrolment, to.Envelope.Receiver)
	if err != nil {
		return err
	}
	control = max(control, to.FirstControl, 1)
	if control > controlMax {
		return fault.New(fault.Limit, "outbound.write", "the control numbers for %s are used up", to.Source).
			WithHint("Agree on a new receiver id with the partner: a control number is never used twice.")
	}
	now := s.clock.Now()
	data, members, err := s.press.Write(to, control, now, messages)
	if err != nil {
		return err
	}
	file := File{
		No: no, Kind: Enrolment, Partner: to.Source, Receiver: to.Envelope.Receiver, Control: control, Folder: to.Folder,
		Name: fmt.Sprintf("834-%s-%09d.x12", to.Envelope.Receiver, control), Day: s.report.Day, MadeAt: now, Actor: s.by,
		Items: int64(len(messages)), Totals: map[string]int{"transaction_sets": len(messages), "members": members},
	}
	told := make([]Told, len(messages))
	for i := range messages {
		told[i] = Told{messages[i].Due, int64(i + 1)}
		file.Totals[string(messages[i].What)]++
	}
	if file, err = s.keep(ctx, file, data, told, nil); err != nil {
		return err
	}
	s.report.Facts += len(messages)
	return s.put(ctx, &file, data)
}

// controlMax is the highest ISA13.
const controlMax = 999_999_999

// keep keeps a file's bytes sealed and then, in one transaction, the file with what
// is told in it. Bytes of a file that was not kept in the end are never read.
func (s *sending) keep(ctx context.Context, file File, data []byte, facts []Told, signals []Signal) (File, error) {
	book, err := s.store.OpenOperatingBook(ctx, "outbound", 0)
	if err != nil {
		return file, err
	}
	for part := range slices.Chunk(data, chunkBytes) {
		if err := s.store.KeepChunk(ctx, book, int(file.Chunks), part); err != nil {
			return file, err
		}
		file.Chunks++
	}
	sum := sha256.Sum256(data)
	file.Book, file.SHA256, file.Bytes = book, hex.EncodeToString(sum[:]), int64(len(data))
	return file, s.store.SaveOutbound(ctx, file, facts, signals)
}

// put puts a kept file into its folder, and notes that it stands there.
func (s *sending) put(ctx context.Context, file *File, data []byte) error {
	if file.Kind == Claims {
		if err := s.publish(ctx, file); err != nil {
			return err
		}
	}
	if err := s.outbox.Put(file.Folder, file.Name, data); err != nil {
		return err
	}
	file.PlacedAt = s.clock.Now()
	s.report.Files = append(s.report.Files, *file)
	return s.store.Placed(ctx, file.No, file.PlacedAt)
}

// place ends what a run that was killed left: files that are kept and not in their
// folder.
func (s *sending) place(ctx context.Context) error {
	files, err := s.store.Unplaced(ctx)
	if err != nil {
		return err
	}
	for i := range files {
		data, err := s.Content(ctx, &files[i])
		if err != nil {
			return err
		}
		if err := s.put(ctx, &files[i], data); err != nil {
			return err
		}
		s.report.Placed++
	}
	return nil
}

// PutAgain puts a file that was sent into its folder once more, for a receiver who
// lost it: the same bytes under the same name and control number.
func (d *Desk) PutAgain(ctx context.Context, no int64) (File, error) {
	file, err := d.store.OutboundFile(ctx, no)
	if err != nil {
		return file, err
	}
	data, err := d.Content(ctx, &file)
	if err == nil {
		err = d.outbox.Put(file.Folder, file.Name, data)
	}
	return file, fault.Wrap("outbound.PutAgain", err)
}

// Content gives a file's bytes as they were sent. Corrupt when they are others.
func (d *Desk) Content(ctx context.Context, file *File) ([]byte, error) {
	data := make([]byte, 0, file.Bytes)
	for n := range int(file.Chunks) {
		part, err := d.store.Chunk(ctx, file.Book, n)
		if err != nil {
			return nil, fault.Wrap("outbound.Content", err)
		}
		data = append(data, part...)
	}
	if sum := sha256.Sum256(data); hex.EncodeToString(sum[:]) != file.SHA256 {
		return nil, fault.New(fault.Corrupt, "outbound.Content", "the bytes of file %d are not those that were sent", file.No)
	}
	return data, nil
}
