// Package intake takes files once: it keeps their bytes sealed and unchanged,
// recognises them by content, proves them whole, and has every item posted once
// and only once.
//
// A file is kept before it is understood, so that nothing received is lost. It
// is proved in a pass of its own before anything posts, and refused whole with
// line and reason otherwise. Posting then streams the kept bytes in lanes and
// chunks; each chunk is one storage transaction together with its mark of
// progress, so a killed run resumes where it was. The same business file in any
// disguise posts once: its identity is made of its items, not of its bytes.
//
// The package knows no file format: formats are handed to it. Start reading at
// Intake.Take.
package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// Format recognises and proves files of one format.
type Format interface {
	// Name is the format's name: "lockbox", "834".
	Name() string
	// Recognises looks at the first bytes of a file.
	Recognises(head []byte) bool
	// Inspect reads the whole file and touches nothing else.
	Inspect(r io.Reader) (facts map[string]any, problems []fault.Problem)
}

// Deposits is a format whose items are money that came.
type Deposits interface {
	Format
	// Sender gives what the file's own header says of it: who sent it and when.
	// The same header with the same items is the same file; the same items under
	// another header may be a second payment, and go to suspense.
	Sender(head []byte) string
	// Items reads a file that Inspect found good and calls each per item, in the
	// file's order. Its problems are the rail's own reasons to refuse the file. The
	// error is each's, or the reader's.
	Items(r io.Reader, each func(Item) error) ([]fault.Problem, error)
}

// Beside is a format of deposits whose files also bring what is no money that came, such
// as returns of what we sent, or what else moved on a bank account.
type Beside interface {
	Deposits
	// Rest carries out what is not among the items, after these were posted; it is safe
	// to repeat. The report is nil when there was nothing.
	Rest(ctx context.Context, file Kept, open func() io.Reader) (report any, err error)
}

// Roster is a format that changes who is enrolled or what is owed.
type Roster interface {
	Format
	// Prove reads a file that Inspect found good for what else would stop Apply.
	Prove(ctx context.Context, open func() io.Reader) ([]fault.Problem, error)
	// Apply carries a proved file out; it is safe to repeat. Open reads the kept
	// bytes from the start, as often as is needed.
	Apply(ctx context.Context, file Kept, open func() io.Reader) (report any, err error)
}

// Item is one item of a rail, in the rail's own words.
type Item struct {
	Identity  string // everything by which the rail tells this item from others
	Rail      payment.Rail
	Amount    money.Cents
	Received  calendar.Date
	Receiving Receiving
	Parts     []Part
	Line      int
	// Strong says that Identity is the network's own, given to no other payment: the
	// same item in another file is then told again and not posted again.
	Strong bool
}

// Receiving names what received the money, as it stands in the file.
type Receiving struct {
	Kind string // lockbox, bank_account, ach_company
	ID   string
}

// Part is what an item says of one number.
type Part struct {
	Reference string
	Amount    money.Cents
	Doubt     suspense.Reason
	Details   suspense.Details
}

// House is what intake must know of the installation.
type House interface {
	// Receiver gives the purse of a receiving account; false when it is not
	// configured.
	Receiver(kind, id string) (chart.Purse, bool)
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
}

// Kept is a file that was kept.
type Kept struct {
	Book       ledger.BookNo // its operating book; lanes have the numbers after it
	Opaque     ident.Opaque
	Name       string
	Format     string
	SHA256     [sha256.Size]byte
	Bytes      int64
	BusinessID string
	Verdict    fault.Verdict
	Facts      map[string]any
	Problems   []fault.Problem
	Items      int
	Total      money.Cents
	ReceivedAt time.Time
	Actor      ident.Actor
	Chunks     int
}

// Store keeps files and their progress. Its methods return errors of package fault.
type Store interface {
	// OpenOperatingBook opens a book for a file and one per lane after it.
	OpenOperatingBook(ctx context.Context, kind string, lanes int) (ledger.BookNo, error)
	// KeepChunk seals and keeps the n-th piece of a file's bytes, from 0.
	KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error
	// Chunk gives the n-th piece back. NotFound after the last.
	Chunk(ctx context.Context, file ledger.BookNo, n int) ([]byte, error)
	// KeepFile records a file. When its business identity is known already it
	// records nothing and gives the first file's book.
	KeepFile(ctx context.Context, file Kept) (first ledger.BookNo, err error)
	// File loads a file's record. NotFound when there is none.
	File(ctx context.Context, book ledger.BookNo) (Kept, error)
	// Unfinished lists accepted files whose posting has not ended.
	Unfinished(ctx context.Context) ([]ledger.BookNo, error)
	// Progress tells which chunks of a file are posted.
	Progress(ctx context.Context, file ledger.BookNo) (map[LaneChunk]bool, error)
	// Tally counts what a file's posting did so far.
	Tally(ctx context.Context, file ledger.BookNo, lanes int) (Tally, error)
	// FinishFile marks a file as done with its report. It does nothing when it is done.
	FinishFile(ctx context.Context, file ledger.BookNo, report []byte) error
}

// LaneChunk names a chunk of a lane.
type LaneChunk struct{ Lane, Chunk int }

// Tally is what a file's posting has done.
type Tally struct {
	Items          int         `json:"items"`
	Cents          money.Cents `json:"cents"`
	Suspended      int         `json:"suspended"`
	SuspendedCents money.Cents `json:"suspended_cents"`
}

// Result is what became of a file.
type Result struct {
	File      ident.Opaque    `json:"file"`
	Name      string          `json:"name"`
	Format    string          `json:"format"`
	Verdict   fault.Verdict   `json:"verdict"`
	Problems  []fault.Problem `json:"problems"`
	Facts     map[string]any  `json:"facts,omitempty"`
	Duplicate bool            `json:"duplicate"` // the same business file was taken before; nothing was posted again
	Tally     *Tally          `json:"posted,omitempty"`
	// ToldAgain is how many of the items another file had brought already, by an identity
	// that the network gives to no other payment: they were not posted again.
	ToldAgain int `json:"told_again,omitempty"`
	Report    any `json:"report,omitempty"`
}

// Progress is told after each chunk: items posted so far, of how many.
type Progress func(posted, of int)

// Intake takes files.
type Intake struct {
	store   Store
	cashier *cashier.Cashier
	house   House
	clock   clock.Clock
	formats []Format
}

// New makes an intake for the formats, which are tried in order.
func New(store Store, c *cashier.Cashier, house House, clk clock.Clock, formats ...Format) *Intake {
	return &Intake{store, c, house, clk, formats}
}

// chunkBytes is how much of a file is sealed and kept at a time.
const chunkBytes = 512 << 10

// headBytes is how much of a file its recognition may look at.
const headBytes = 4096

// Take keeps a file, proves it and carries it out. A file that is refused or
// flagged is a result with problems, not an error; an error means that the work
// did not end, and that Resume goes on with it when the file had been accepted.
func (n *Intake) Take(
	ctx context.Context, name string, content io.Reader, by ident.Actor, progress Progress,
) (Result, error) {
	const op = "intake.Take"
	if by.IsZero() {
		return Result{}, fault.New(fault.Invalid, op, "no file is taken without a named actor")
	}
	file, err := n.keep(ctx, name, content, by)
	if err != nil {
		return Result{}, fault.Wrap(op, err)
	}
	format := n.recognise(ctx, &file)
	if format != nil {
		if err := n.prove(ctx, &file, format); err != nil {
			return Result{}, fault.Wrap(op, err)
		}
	}
	file.Verdict = fault.Judge(file.Problems)
	if file.Verdict != fault.Accept {
		// Nothing of it was carried out, so its like is judged anew: by then the
		// sender may have mended it, or the plan its configuration.
		file.BusinessID = fmt.Sprintf("%s:%x:%s", file.Format, file.SHA256, file.Opaque)
	}
	first, err := n.store.KeepFile(ctx, file)
	if err != nil {
		return Result{}, fault.Wrap(op, err)
	}
	if first != file.Book {
		return n.duplicate(ctx, file, first)
	}
	if file.Verdict != fault.Accept {
		return resultOf(&file), nil
	}
	return n.carryOut(ctx, &file, format, progress)
}

// Resume goes on with every accepted file whose posting had not ended.
func (n *Intake) Resume(ctx context.Context, progress Progress) ([]Result, error) {
	books, err := n.store.Unfinished(ctx)
	if err != nil {
		return nil, fault.Wrap("intake.Resume", err)
	}
	var results []Result
	for _, book := range books {
		file, err := n.store.File(ctx, book)
		if err != nil {
			return results, fault.Wrap("intake.Resume", err)
		}
		format := n.named(file.Format)
		if format == nil {
			return results, fault.New(fault.Unavailable, "intake.Resume", "no reader for format %q is installed", file.Format)
		}
		result, err := n.carryOut(ctx, &file, format, progress)
		if err != nil {
			return results, fault.Wrap("intake.Resume", err)
		}
		results = append(results, result)
	}
	return results, nil
}

func (n *Intake) keep(ctx context.Context, name string, content io.Reader, by ident.Actor) (Kept, error) {
	book, err := n.store.OpenOperatingBook(ctx, "file", lanes)
	if err != nil {
		return Kept{}, err
	}
	file := Kept{Book: book, Opaque: ident.NewOpaque(), Name: name, Actor: by, ReceivedAt: n.clock.Now()}
	hash := sha256.New()
	buffer := make([]byte, chunkBytes)
	for {
		read, err := io.ReadFull(content, buffer)
		if read > 0 {
			hash.Write(buffer[:read])
			if err := n.store.KeepChunk(ctx, book, file.Chunks, buffer[:read]); err != nil {
				return Kept{}, err
			}
			file.Bytes += int64(read)
			file.Chunks++
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return Kept{}, fault.New(fault.Invalid, "intake.keep", "the file could not be read to its end: %v", err)
		}
	}
	hash.Sum(file.SHA256[:0])
	return file, nil
}

func (n *Intake) recognise(ctx context.Context, file *Kept) Format {
	head := make([]byte, headBytes)
	read, _ := io.ReadFull(n.open(ctx, file), head) // a short or unreadable head is simply not recognised
	for _, format := range n.formats {
		if format.Recognises(head[:read]) {
			file.Format = format.Name()
			return format
		}
	}
	file.Format = "unknown"
	message := "no format of the product begins like this file"
	if file.Bytes == 0 {
		message = "the file is empty"
	}
	file.Problems = []fault.Problem{{Line: 1, Message: message}}
	return nil
}

func (n *Intake) named(name string) Format {
	for _, format := range n.formats {
		if format.Name() == name {
			return format
		}
	}
	return nil
}

// prove reads the kept bytes as their format and computes the file's business
// identity. Nothing posts before it has ended.
func (n *Intake) prove(ctx context.Context, file *Kept, format Format) error {
	facts, problems := format.Inspect(n.open(ctx, file))
	file.Facts, file.Problems = facts, problems
	if fault.Judge(problems) != fault.Accept {
		return nil
	}
	switch f := format.(type) {
	case Deposits:
		return n.proveItems(ctx, file, f)
	case Roster:
		return n.proveRoster(ctx, file, f)
	}
	file.Problems = []fault.Problem{{Line: 1, Message: "a file of format " + file.Format + " can be inspected and not imported"}}
	return nil
}

func (n *Intake) proveRoster(ctx context.Context, file *Kept, format Roster) error {
	problems, err := format.Prove(ctx, func() io.Reader { return n.open(ctx, file) })
	if err != nil || len(problems) > 0 {
		file.Problems = problems
		return err
	}
	return n.identifyByText(ctx, file)
}

func (n *Intake) identifyByText(ctx context.Context, file *Kept) error {
	id, err := textIdentity(n.open(ctx, file))
	file.BusinessID = file.Format + ":" + id
	return err
}

func (n *Intake) proveItems(ctx context.Context, file *Kept, format Deposits) error {
	head := make([]byte, headBytes)
	read, _ := io.ReadFull(n.open(ctx, file), head) // the pass over the items meets the same error
	identity := newItemIdentity(format.Sender(head[:read]))
	var own []fault.Problem
	problems, err := format.Items(n.open(ctx, file), func(item Item) error {
		identity.add(&item)
		file.Items++
		file.Total += item.Amount
		if p, ok := n.refuses(&item); !ok && len(own) < fault.ProblemsMax {
			own = append(own, p)
		}
		return nil
	})
	if err != nil {
		return err
	}
	file.Problems = append(problems, own...)
	switch {
	case len(file.Problems) > 0:
	case file.Items == 0: // two statements of days on which nothing came are two files
		return n.identifyByText(ctx, file)
	default:
		file.BusinessID = fmt.Sprintf("%s:%s:%d:%d", file.Format, identity, file.Items, file.Total)
	}
	return nil
}

// refuses checks an item against the installation.
func (n *Intake) refuses(item *Item) (fault.Problem, bool) {
	if _, known := n.house.Receiver(item.Receiving.Kind, item.Receiving.ID); !known {
		return fault.Problem{Line: item.Line, Field: item.Receiving.Kind, Message: fmt.Sprintf(
			"the receiving %s is not in the plan's configuration, so the legal entity that owns the money is not known; "+
				"add it under \"receiving\" in plan.yaml and send the file again", item.Receiving.words())}, false
	}
	if why := notPayable(item); why != "" {
		return fault.Problem{Line: item.Line, Message: why}, false
	}
	return fault.Problem{}, true
}

// notPayable says why an item cannot become a payment, or "". It asks what the
// cashier will ask, so that no file is accepted and then stops halfway.
func notPayable(item *Item) string {
	if item.Amount <= 0 || item.Amount > money.Max {
		return fmt.Sprintf("the item is for %s, and a payment is above zero and at most %s", item.Amount, money.Max.Grouped())
	}
	if len(item.Parts) == 0 || len(item.Parts) > payment.PartsMax {
		return fmt.Sprintf("the item has %d parts, and a payment has 1 to %d", len(item.Parts), payment.PartsMax)
	}
	var sum money.Cents
	for _, p := range item.Parts {
		if p.Amount <= 0 || p.Amount > item.Amount {
			return fmt.Sprintf("a part of %s cannot stand in an item of %s", p.Amount, item.Amount)
		}
		sum += p.Amount
	}
	if sum != item.Amount {
		return fmt.Sprintf("the item's parts sum to %s and the item is for %s", sum, item.Amount)
	}
	return ""
}

// words names what received the money; of a bank account it shows the end.
func (r Receiving) words() string {
	if r.Kind == "bank_account" {
		return "bank account ending " + secret.New(r.ID).Last4()
	}
	return strings.ReplaceAll(r.Kind, "_", " ") + " " + r.ID
}

func (n *Intake) duplicate(ctx context.Context, file Kept, first ledger.BookNo) (Result, error) {
	original, err := n.store.File(ctx, first)
	if err != nil {
		return Result{}, fault.Wrap("intake.Take", err)
	}
	unfinished, err := n.store.Unfinished(ctx)
	if err != nil {
		return Result{}, fault.Wrap("intake.Take", err)
	}
	if slices.Contains(unfinished, first) {
		// It came before and was cut short: sending it again goes on with it.
		result, err := n.carryOut(ctx, &original, n.named(original.Format), nil)
		result.Duplicate = true
		return result, fault.Wrap("intake.Take", err)
	}
	result := resultOf(&original)
	result.Name, result.Duplicate = file.Name, true
	tally, err := n.store.Tally(ctx, first, lanes)
	if err != nil {
		return Result{}, fault.Wrap("intake.Take", err)
	}
	if original.Verdict == fault.Accept && n.isDeposit(original.Format) {
		result.Tally = &tally
	}
	return result, nil
}

func (n *Intake) isDeposit(format string) bool {
	_, ok := n.named(format).(Deposits)
	return ok
}

func resultOf(file *Kept) Result {
	problems := file.Problems
	if problems == nil {
		problems = []fault.Problem{}
	}
	return Result{
		File: file.Opaque, Name: file.Name, Format: file.Format, Verdict: file.Verdict, Problems: problems, Facts: file.Facts,
	}
}

// open reads a kept file's bytes from the start.
func (n *Intake) open(ctx context.Context, file *Kept) io.Reader {
	return &keptReader{ctx: ctx, store: n.store, file: file.Book, chunks: file.Chunks}
}

// Reopen reads the bytes of a file that was kept, as they came. NotFound when there
// is none.
func (n *Intake) Reopen(ctx context.Context, book ledger.BookNo) (io.Reader, error) {
	file, err := n.store.File(ctx, book)
	if err != nil {
		return nil, fault.Wrap("intake.Reopen", err)
	}
	return n.open(ctx, &file), nil
}

type keptReader struct {
	ctx    context.Context
	store  Store
	file   ledger.BookNo
	chunks int
	next   int
	rest   []byte
}

func (k *keptReader) Read(p []byte) (int, error) {
	for len(k.rest) == 0 {
		if k.next == k.chunks {
			return 0, io.EOF
		}
		chunk, err := k.store.Chunk(k.ctx, k.file, k.next)
		if err != nil {
			return 0, err
		}
		k.rest = chunk
		k.next++
	}
	n := copy(p, k.rest)
	k.rest = k.rest[n:]
	return n, nil
}
