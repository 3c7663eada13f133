package clearing

import (
	"context"
	"io"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// FileState says how far a file is.
type FileState string

// The states of a file.
const (
	Building     FileState = "building"     // entries are put into it
	Built        FileState = "built"        // its bytes are kept; a live one waits for a second person
	Approved     FileState = "approved"     // it may go; its entries are being posted
	Released     FileState = "released"     // every entry of it is posted
	Placed       FileState = "placed"       // it stands where the bank fetches it
	Acknowledged FileState = "acknowledged" // the bank said that it has it
	Withdrawing  FileState = "withdrawing"  // its entries are being given back
	Withdrawn    FileState = "withdrawn"    // it never goes; its entries wait for another
)

// sent reports whether the bank can have answered a file of this state.
func (s FileState) sent() bool { return s == Released || s == Placed || s == Acknowledged }

// File is a file for the clearing house.
type File struct {
	No          int64
	Version     int64
	ODFI        string
	Day         calendar.Date // on which the bank takes it
	Window      string
	Part        int64 // from 1: a further file of the same window
	State       FileState
	Live        bool
	SameDay     bool
	Balanced    bool
	EffectiveOn calendar.Date // the settlement wished for
	Modifier    string
	MadeAt      time.Time     // as the file header says
	Book        ledger.BookNo // its operating book; lanes of posting have the numbers after it
	Name        string
	TraceFirst  Trace
	TraceLast   Trace // below TraceFirst while it is empty
	Batches     int64
	Entries     int64 // offsets not counted
	DebitCents  money.Cents
	CreditCents money.Cents
	EntryHash   string
	Bytes       int64
	Chunks      int64
	SHA256      string
	Actor       ident.Actor
	ApprovedBy  string
	ReleasedAt  time.Time
	PlacedAt    time.Time
	AnsweredAt  time.Time
	Answer      string
	Why         string
}

// Batch is what entries of a file have in common, and their totals.
type Batch struct {
	File        int64
	No          int64
	Purse       chart.Purse
	Direction   Direction
	Kind        Kind
	SEC         SEC
	Company     string
	CompanyName string
	Description string
	SettlesOn   calendar.Date
	TraceFirst  Trace
	TraceLast   Trace // an offset's included
	Entries     int64
	Amount      money.Cents
}

// Group is what entries must have in common to stand in one batch.
type Group struct {
	Purse     chart.Purse
	Direction Direction
	SEC       SEC
	Kind      Kind
}

// Waiting is how much of a group waits to be sent.
type Waiting struct {
	Group
	Entries int64
	Cents   money.Cents
}

// Take says which entries of a group a batch takes.
type Take struct {
	Group
	SettleBy calendar.Date
	EachMax  money.Cents // the most of one entry
	SumMax   money.Cents // of all together
	Limit    int
	Offset   bool // one trace more is used for our own account's entry
}

// Outgoing is an entry with the account that it goes to.
type Outgoing struct {
	Entry
	Account mandate.BankAccount
}

// Files keeps files. Its errors are of package fault.
type Files interface {
	OpenOperatingBook(ctx context.Context, kind string, lanes int) (ledger.BookNo, error)
	KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error
	Chunk(ctx context.Context, file ledger.BookNo, n int) ([]byte, error)
	OpaqueOf(ctx context.Context, book ledger.BookNo) (ident.Opaque, error)

	// BeginFile keeps a new file, in state building. Conflict when another is being
	// built for the originating bank, or its window's part exists.
	BeginFile(ctx context.Context, f *File) error
	// BuildingFile gives the file that is being built for an originating bank, or nil.
	BuildingFile(ctx context.Context, odfi string) (*File, error)
	// LastFile gives the highest file number, the last trace used of an originating
	// bank (0 for none), and the highest part of a window's files and how many files
	// the bank got of the day.
	LastFile(ctx context.Context, odfi string, day calendar.Date, window string) (no int64, trace Trace, part int64, ofDay int64, err error)
	// SaveFile changes a file that is as it was read. Conflict when it moved meanwhile.
	SaveFile(ctx context.Context, f *File) error
	// ACHFile gives one. NotFound when there is none.
	ACHFile(ctx context.Context, no int64) (File, error)
	// ACHFiles gives the latest, newest first.
	ACHFiles(ctx context.Context, most int) ([]File, error)
	// FilesIn gives the files in a state, in order.
	FilesIn(ctx context.Context, states ...FileState) ([]File, error)
	// Batches gives a file's batches in order.
	Batches(ctx context.Context, file int64) ([]Batch, error)

	// DeadCredits gives the refunds' credits that are ready and whose payment method is no
	// longer in force.
	DeadCredits(ctx context.Context) ([]Entry, error)
	// FailUnsendable ends other ready entries whose payment method or mandate is no longer in
	// force, and gives how many.
	FailUnsendable(ctx context.Context, at time.Time) (int64, error)
	// Waiting counts by group the ready entries that should settle by a day.
	Waiting(ctx context.Context, settleBy calendar.Date) ([]Waiting, error)
	// Fits reports whether something waits that a batch can take.
	Fits(ctx context.Context, t Take) (bool, error)
	// TakeBatch puts ready entries into a file, in the order of books, with the traces
	// after the file's last, and counts them in batch and file: all in one transaction.
	// Nothing is kept of an empty batch.
	TakeBatch(ctx context.Context, f *File, b *Batch, t Take) error
	// FiledEntries gives at most so many entries of a file with a trace after one, in
	// order, with their accounts where these are asked for.
	FiledEntries(ctx context.Context, file *File, after Trace, limit int, accounts bool) ([]Outgoing, error)
	// GiveBack makes at most so many entries of a file ready again, and gives how many.
	GiveBack(ctx context.Context, f *File, limit int, at time.Time) (int64, error)
}

// Press writes files as the clearing house reads them.
type Press interface {
	// Begin begins a file.
	Begin(w io.Writer, bank *Bank, f *File) Printing
}

// Printing is a file that is being written. Its memory does not grow with the file.
type Printing interface {
	// Batch begins a batch; its entries follow.
	Batch(b *Batch) error
	// Entry writes an entry with its trace.
	Entry(o *Outgoing) error
	// Offset writes the entry of our own account that balances the batch.
	Offset(b *Batch, own mandate.BankAccount) error
	// Close ends the file and gives its entry hash.
	Close() (hash string, err error)
}

// Outbox puts files where the bank fetches them, or brings them there.
type Outbox interface {
	// Put makes a file whole or not at all, under its name. It replaces one of its name.
	Put(ctx context.Context, folder, name string, data io.Reader) error
}
