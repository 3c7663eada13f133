// Package outbound tells partners what payment statuses made due: enrolment facts
// to whoever enrolled (X12 834), and to the claims system what is to be done with
// claims of a policy's month. It takes their answers (999, TA1).
//
// It knows what is due, what was told in which file and what became of it. It knows
// no X12, no folder and no SQL: a Press writes the files, an Outbox puts them where
// they are fetched, a Store keeps everything.
//
// Invariants:
//   - A fact is told once. What it was told in is kept in the same transaction as
//     the file; a run that is killed places the file when it runs again, under the
//     same name, with the same bytes and control number.
//   - Control numbers of a receiver are never used twice.
//   - What cannot be told waits with its reason, and is tried again by each run.
//   - A fact is told anew only when the partner rejected it and somebody asked.
//   - Signals for claims have sequence numbers from 1 without a gap.
//   - Reports name opaque ids, places and reasons, never a number or a person.
//
// Start reading at Desk.Send, then Desk.Signal and judge.
package outbound

import (
	"context"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Partner is who enrolled, as the plan's configuration names them: how facts are
// told to them, and where.
type Partner struct {
	Source   string // of the policies; ISA06 of the 834s that it sends
	Exchange bool   // it takes amounts and additional reasons
	Envelope Envelope
	Sponsor  Party // N1*P5
	Payer    Party // N1*IN: ourselves
	// Insurance is HD03 of what the partner enrols into.
	Insurance string
	// Folder is where files are put, below the folder for files.
	Folder string
	// AnswerWithin is how many business days a partner has for its 999.
	AnswerWithin int
	FirstControl int64 // of our series of control numbers
	// Words replace what an 834 says beside its maintenance type (ADDL MAINT REASON);
	// non-payment has no word of its own and is told by one from here alone.
	Words map[grace.Outbound]string
	// NotTold lists the facts that the partner is not told by file.
	NotTold []grace.Outbound
}

// Envelope is how an interchange names who sends and who receives it.
type Envelope struct {
	SenderQualifier, Sender     string // ISA05, ISA06
	ReceiverQualifier, Receiver string // ISA07, ISA08
	GroupSender, GroupReceiver  string // GS02, GS03
	Test                        bool   // ISA15
}

// Party is an organisation in the header of an 834.
type Party struct{ Name, Qualifier, ID string }

// Kind is what is in a file.
type Kind string

// The kinds.
const (
	Enrolment Kind = "834"
	Claims    Kind = "claims"
)

// Due is an enrolment fact that a payment status made due and that was not told.
type Due struct {
	Policy    coverage.Key
	Key       string // of the duty, within the policy
	What      grace.Outbound
	On        calendar.Date // from when it can be told
	Effective calendar.Date // the last covered day, or the first one of an effectuation
	Attempt   int64         // from 1
}

// Message is a fact with all that a partner is told beside it.
type Message struct {
	Due
	Held       coverage.Held
	Subscriber enrolment.Member
	Dependants []Dependant // who are covered with the subscriber, of an effectuation or reinstatement
}

// Dependant is somebody covered on another's policy.
type Dependant struct {
	enrolment.Member
	Relationship string // as in package member
}

// Press writes messages as a partner reads them.
type Press interface {
	// Refuses says why a message cannot be written; nil when it can.
	Refuses(to *Partner, m *Message) error
	// Write makes one interchange, a transaction set per message, numbered from 1 in
	// their order. It proves what it wrote and gives an error rather than a file that
	// a reader would refuse.
	Write(to *Partner, control int64, at time.Time, messages []Message) (data []byte, members int, err error)
}

// Outbox puts files where their receivers fetch them.
type Outbox interface {
	// Put makes a file whole or not at all, and lasting. It replaces one of its name.
	Put(folder, name string, data []byte) error
}

// File is a file that was made for a partner.
type File struct {
	No       int64          `json:"file"`
	Kind     Kind           `json:"kind"`
	Partner  string         `json:"partner"`
	Receiver string         `json:"receiver"`
	Control  int64          `json:"control"` // ISA13 and GS06; of claims the first sequence number
	Book     ledger.BookNo  `json:"-"`
	Folder   string         `json:"folder"`
	Name     string         `json:"name"`
	Day      calendar.Date  `json:"day"`
	MadeAt   time.Time      `json:"made_at"`
	Actor    ident.Actor    `json:"-"`
	Items    int64          `json:"items"` // facts or signals
	Totals   map[string]int `json:"totals"`
	SHA256   string         `json:"sha256"`
	Bytes    int64          `json:"bytes"`
	Chunks   int64          `json:"-"`
	PlacedAt time.Time      `json:"placed_at,omitzero"` // zero while it was not put into its folder
}

// Told says in which transaction set of a file a fact was told.
type Told struct {
	Due
	Set int64
}

// Again is somebody's wish to have a fact told anew. Attempt is the new one.
type Again struct {
	Policy  coverage.Key
	Key     string
	Attempt int64
}

// Store keeps what was told and answered. Its errors are of package fault.
type Store interface {
	// OpenOperatingBook opens the book under which a file's bytes are kept.
	OpenOperatingBook(ctx context.Context, kind string, lanes int) (ledger.BookNo, error)
	KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error
	Chunk(ctx context.Context, file ledger.BookNo, n int) ([]byte, error)
	OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)
	Opaques(ctx context.Context, books []ledger.BookNo) (map[ledger.BookNo]ident.Opaque, error)
	PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error)
	Members(ctx context.Context, books []ledger.BookNo) ([]enrolment.Member, error)

	// DueSources counts by source of their policies the facts that were noted by a
	// day and are to be told.
	DueSources(ctx context.Context, day calendar.Date) (map[string]int, error)
	// DueBooks gives at most so many books after one, in order, with facts to tell a
	// source's partner.
	DueBooks(ctx context.Context, source string, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	// DueFacts gives those facts of books, in the order of policy and day.
	DueFacts(ctx context.Context, source string, day calendar.Date, books []ledger.BookNo) ([]Due, error)

	// NextFile gives the number of the next file, and the receiver's next control
	// number of a kind, or 0 when none was used.
	NextFile(ctx context.Context, kind Kind, receiver string) (file, control int64, err error)
	// SaveOutbound keeps a file with what is told in it, all or none. Conflict when
	// another run took a number or told something of it meanwhile.
	SaveOutbound(ctx context.Context, file File, facts []Told, signals []Signal) error
	// Unplaced gives the files that were kept and not put into their folder, in order.
	Unplaced(ctx context.Context) ([]File, error)
	// Placed notes that a file stands in its folder. It does nothing when that is noted.
	Placed(ctx context.Context, file int64, at time.Time) error

	// OutboundFiles gives the files made last, newest first.
	OutboundFiles(ctx context.Context, most int) ([]File, error)
	// OutboundFile gives one. NotFound when there is none.
	OutboundFile(ctx context.Context, no int64) (File, error)
	// Unsettled gives the 834s that nobody answered whole, or of which something was rejected.
	Unsettled(ctx context.Context) ([]File, error)
	// FileOf finds our 834 by its receiver and control number. NotFound when there is none.
	FileOf(ctx context.Context, receiver string, control int64) (File, error)
	// ToldIn gives what was told in files, in the order of their sets.
	ToldIn(ctx context.Context, files []int64) (map[int64][]Told, error)
	// Attempts gives how often facts of books were told.
	Attempts(ctx context.Context, books []ledger.BookNo) (map[Again]bool, error)
	// SaveAnswers keeps answers; those that are kept already do not matter.
	SaveAnswers(ctx context.Context, answers []Answer) error
	// AnswersTo gives what partners said of files, in the order in which they said it.
	AnswersTo(ctx context.Context, files []int64) (map[int64][]Answer, error)
	// SaveAgain notes that facts are to be told anew. Conflict when that is noted.
	SaveAgain(ctx context.Context, again []Again, by ident.Actor, reason string) error

	// CountSignals counts the signals for claims that were noted by a day and not told.
	CountSignals(ctx context.Context, day calendar.Date) (int, error)
	// SignalBooks gives at most so many books after one, in order, with signals for
	// claims that were noted by a day and not told.
	SignalBooks(ctx context.Context, day calendar.Date, after ledger.BookNo, limit int) ([]ledger.BookNo, error)
	// DueSignals gives them, in the order of policy and day.
	DueSignals(ctx context.Context, day calendar.Date, books []ledger.BookNo) ([]Signal, error)
	// LastSignals gives what the claims system was told last of books' policies' months.
	LastSignals(ctx context.Context, books []ledger.BookNo) (map[PolicyMonth]Word, error)
	// SignalsIn gives the signals of a file in order.
	SignalsIn(ctx context.Context, file int64) ([]Signal, error)
	InsertEvents(ctx context.Context, facts []event.Fact) (added int, err error)
}

// Desk tells partners what is due.
type Desk struct {
	store    Store
	partners []Partner
	claims   *ClaimsSystem // nil when nobody is told of claims
	press    Press
	outbox   Outbox
	order    Order
	clock    clock.Clock
}

// ClaimsSystem is where signals for claims go.
type ClaimsSystem struct {
	Folder string // below the folder for files
}

// Order gives the keys of a subscriber's duties in the order in which they arose.
// It is asked only where two signals of one month arose on one day.
type Order func(ctx context.Context, number billpay.Number) (map[coverage.Key][]string, error)

// New makes a desk. The outbox may be nil for a desk that only looks.
func New(store Store, partners []Partner, claims *ClaimsSystem, press Press, outbox Outbox, order Order, clk clock.Clock) *Desk {
	return &Desk{store, partners, claims, press, outbox, order, clk}
}

func (d *Desk) partner(source string) *Partner {
	for i := range d.partners {
		if d.partners[i].Source == source {
			return &d.partners[i]
		}
	}
	return nil
}
