package clearing

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

const (
	// batchEntries is how many entries a batch takes, in one transaction. A control
	// counts 999,999; fewer keep the embedded database's writer free.
	batchEntries = 10_000
	// fileEntries bounds a file, whose control counts 99,999,999 records.
	fileEntries = 5_000_000
	pageEntries = 2_000
	chunkBytes  = 512 << 10 // of a file, sealed at a time
	lanes       = 4         // of posting
	partsOfDay  = 36        // modifiers A to Z and 0 to 9 tell the files of a day apart
)

// The largest totals that a control holds, and what an offset's entry holds.
const (
	fileCentsMax  money.Cents = 999_999_999_999
	batchCentsMax money.Cents = 99_999_999_999
)

// BuildReport is what a building did.
type BuildReport struct {
	Files   []File    `json:"files"`
	Failed  int64     `json:"failed"`  // entries whose method or mandate is no longer in force
	Waiting []Waiting `json:"waiting"` // what stays behind: no company, or above a limit
}

// Build makes the file of a window: everything that is ready and should settle by the
// window's day. It ends first what a building that was killed left. A window of which
// nothing is ready has no file. Invalid on a day on which the bank is closed.
func (d *Desk) Build(ctx context.Context, day calendar.Date, window string, by ident.Actor) (BuildReport, error) {
	const op = "clearing.Build"
	report := BuildReport{Files: []File{}, Waiting: []Waiting{}}
	if by.IsZero() {
		return report, fault.New(fault.Invalid, op, "no file is made without a named actor")
	}
	w, known := d.bank.window(window)
	switch {
	case !known:
		return report, fault.New(fault.Invalid, op, "%q is no window of the plan's clearing house", window)
	case !day.IsBusinessDay():
		return report, fault.New(fault.Invalid, op, "the bank takes no file on %s: it is no banking day", day)
	}
	if err := d.finishBuilding(ctx, &report); err != nil {
		return report, fault.Wrap(op, err)
	}
	if err := d.dropUnsendable(ctx, by, &report); err != nil {
		return report, fault.Wrap(op, err)
	}
	for {
		f, err := d.begin(ctx, day, w, by)
		if err != nil || f == nil {
			if err == nil {
				report.Waiting, err = d.store.Waiting(ctx, w.Settles(day))
			}
			return report, fault.Wrap(op, err)
		}
		if err := d.fill(ctx, f); err != nil {
			return report, fault.Wrap(op, err)
		}
		if err := d.print(ctx, f); err != nil {
			return report, fault.Wrap(op, err)
		}
		report.Files = append(report.Files, *f)
	}
}

// dropUnsendable ends what cannot go out any more. Of a refund its owner is told, who
// sends it otherwise.
func (d *Desk) dropUnsendable(ctx context.Context, by ident.Actor, report *BuildReport) error {
	credits, err := d.store.DeadCredits(ctx)
	if err != nil {
		return err
	}
	for i := range credits {
		e := &credits[i]
		if err := d.payouts.Returned(ctx, e.Refund, returnKey(e), "", d.today(), by); err != nil {
			return err
		}
		e.State, e.Why, e.Actor, e.ChangedAt = Failed, "the payment method is no longer in use", by, d.clock.Now()
		if err := d.store.MoveEntry(ctx, Ready, e); err != nil {
			return err
		}
		report.Failed++
	}
	failed, err := d.store.FailUnsendable(ctx, d.clock.Now())
	report.Failed += failed
	return err
}

// finishBuilding ends the file that a killed run began, whatever window it is of.
func (d *Desk) finishBuilding(ctx context.Context, report *BuildReport) error {
	odfi, _ := d.bank.odfi()
	f, err := d.store.BuildingFile(ctx, odfi)
	if err != nil || f == nil {
		return err
	}
	if err := d.fill(ctx, f); err != nil {
		return err
	}
	if err := d.print(ctx, f); err != nil {
		return err
	}
	report.Files = append(report.Files, *f)
	return nil
}

// begin keeps a new file when something is ready for it; nil when nothing is.
func (d *Desk) begin(ctx context.Context, day calendar.Date, w Window, by ident.Actor) (*File, error) {
	f := &File{
		Version: 1, Day: day, Window: w.Name, State: Building, Live: d.bank.Live, SameDay: w.SameDay, Balanced: d.bank.Balanced,
		EffectiveOn: w.Settles(day), MadeAt: d.clock.Now(), Actor: by,
	}
	takes, err := d.takes(ctx, f)
	if err != nil || len(takes) == 0 {
		return nil, err
	}
	odfi, number := d.bank.odfi()
	f.ODFI = odfi
	no, last, part, ofDay, err := d.store.LastFile(ctx, odfi, day, w.Name)
	if err != nil {
		return nil, err
	}
	if ofDay >= partsOfDay {
		return nil, fault.New(fault.Limit, "clearing.begin", "%d files were made for %s already; the header tells no more apart", ofDay, day)
	}
	next := last.Number() + 1
	if next > tracesMax {
		next = 1
	}
	f.No, f.Part = no+1, part+1
	f.TraceFirst = traceOf(number, next)
	f.TraceLast = f.TraceFirst - 1
	f.Modifier = string("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"[ofDay])
	f.Name = fmt.Sprintf("ach-%s-%s-%s-%d.ach", d.bank.Origin, day, w.Name, f.Part)
	if !f.Live {
		f.Name = "sandbox-" + f.Name
	}
	if f.Book, err = d.store.OpenOperatingBook(ctx, "ach", lanes); err != nil {
		return nil, err
	}
	return f, d.store.BeginFile(ctx, f)
}

// takes gives what a file can take of each group that waits.
func (d *Desk) takes(ctx context.Context, f *File) ([]Take, error) {
	waiting, err := d.store.Waiting(ctx, f.EffectiveOn)
	if err != nil {
		return nil, err
	}
	w, known := d.bank.window(f.Window)
	if !known {
		return nil, fault.New(fault.Invalid, "clearing.takes", "the window %q of a file that was begun is no longer in the plan", f.Window)
	}
	var takes []Take
	for _, group := range waiting {
		if _, sends := d.bank.Companies[group.Purse.Fund]; !sends {
			continue
		}
		t := Take{
			Group: group.Group, SettleBy: f.EffectiveOn, EachMax: d.bank.limit(w, f.Day), SumMax: batchCentsMax, Limit: batchEntries,
			Offset: f.Balanced && group.Kind != Prenote,
		}
		if t.Offset {
			t.SumMax = AmountMax
		}
		if fits, err := d.store.Fits(ctx, t); err != nil || !fits {
			if err != nil {
				return nil, err
			}
			continue
		}
		takes = append(takes, t)
	}
	return takes, nil
}

// fill puts what is ready into batches until the file is full or nothing is left.
func (d *Desk) fill(ctx context.Context, f *File) error {
	takes, err := d.takes(ctx, f)
	if err != nil {
		return err
	}
	_, number := d.bank.odfi()
	for _, t := range takes {
		company := d.bank.Companies[t.Purse.Fund]
		for {
			room := min(fileEntries-f.Entries, int64(traceOf(number, tracesMax)-f.TraceLast)-1)
			t.Limit = int(min(batchEntries, room))
			t.SumMax = min(t.SumMax, fileCentsMax-f.DebitCents-f.CreditCents)
			if t.Limit <= 0 || t.SumMax < 0 {
				return nil // the rest goes into the next part
			}
			b := Batch{
				File: f.No, No: f.Batches + 1, Purse: t.Purse, Direction: t.Direction, Kind: t.Kind, SEC: t.SEC, Company: company.ID,
				CompanyName: company.Name, Description: describes(t.Kind, company), SettlesOn: f.EffectiveOn,
			}
			if err := d.store.TakeBatch(ctx, f, &b, t); err != nil {
				return err
			}
			if b.Entries == 0 {
				break
			}
		}
	}
	return nil
}

// describes gives the company entry description of a batch: the network's own words
// where it prescribes them.
func describes(kind Kind, company Company) string {
	switch kind {
	case Retry:
		return "RETRY PYMT"
	case Reversal:
		return "REVERSAL"
	}
	return company.Description
}

// print writes the file from its entries and keeps its bytes sealed. Bytes that a
// killed run kept are never read: each printing has a book of its own.
func (d *Desk) print(ctx context.Context, f *File) error {
	if f.Entries == 0 {
		f.State, f.Why = Withdrawn, "nothing was left to send"
		return d.store.SaveFile(ctx, f)
	}
	book, err := d.store.OpenOperatingBook(ctx, "ach", lanes)
	if err != nil {
		return err
	}
	out := &keeper{ctx: ctx, store: d.store, book: book, sum: sha256.New()}
	hashed, err := d.write(ctx, f, out)
	if err == nil {
		err = out.flush()
	}
	if err != nil {
		return err
	}
	f.Book, f.Bytes, f.Chunks, f.EntryHash = book, out.bytes, int64(out.chunks), hashed
	f.SHA256 = hex.EncodeToString(out.sum.Sum(nil))
	f.State = Built
	return d.store.SaveFile(ctx, f)
}

func (d *Desk) write(ctx context.Context, f *File, out io.Writer) (entryHash string, err error) {
	batches, err := d.store.Batches(ctx, f.No)
	if err != nil {
		return "", err
	}
	printing := d.press.Begin(out, &d.bank, f)
	pages := entryPages{desk: d, file: f, after: f.TraceFirst - 1, accounts: true}
	for i := range batches {
		b := &batches[i]
		if err := printing.Batch(b); err != nil {
			return "", err
		}
		for range b.Entries {
			o, err := pages.next(ctx)
			if err != nil {
				return "", err
			}
			if o == nil || o.Trace > b.TraceLast {
				return "", fault.New(fault.Corrupt, "clearing.write", "batch %d of file %d has fewer entries than it counted", b.No, f.No)
			}
			if err := printing.Entry(o); err != nil {
				return "", fault.New(fault.Invalid, "clearing.write", "an entry of file %d cannot be written: %s", f.No, fault.MessageOf(err)).
					WithHint("Mend the account of the payment method of entry " + string(o.ID) + ".")
			}
		}
		if b.TraceLast-b.TraceFirst+1 > Trace(b.Entries) {
			if err := printing.Offset(b, d.bank.Companies[b.Purse.Fund].Offset); err != nil {
				return "", err
			}
		}
	}
	return printing.Close()
}

// entryPages gives a file's entries in the order of their traces, page by page.
type entryPages struct {
	desk     *Desk
	file     *File
	after    Trace
	accounts bool
	page     []Outgoing
	at       int
}

// next gives the next entry, and nil after the last.
func (p *entryPages) next(ctx context.Context) (*Outgoing, error) {
	if p.at == len(p.page) {
		page, err := p.desk.store.FiledEntries(ctx, p.file, p.after, pageEntries, p.accounts)
		if err != nil || len(page) == 0 {
			return nil, err
		}
		p.page, p.at, p.after = page, 0, page[len(page)-1].Trace
	}
	p.at++
	return &p.page[p.at-1], nil
}

// keeper seals and keeps what is written to it, a piece at a time.
type keeper struct {
	ctx    context.Context
	store  Files
	book   ledger.BookNo
	sum    hash.Hash
	buffer bytes.Buffer
	bytes  int64
	chunks int
}

// Write implements io.Writer.
func (k *keeper) Write(p []byte) (int, error) {
	k.sum.Write(p)
	k.bytes += int64(len(p))
	k.buffer.Write(p)
	for k.buffer.Len() >= chunkBytes {
		if err := k.keep(k.buffer.Next(chunkBytes)); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

func (k *keeper) keep(piece []byte) error {
	err := k.store.KeepChunk(k.ctx, k.book, k.chunks, piece)
	k.chunks++
	return err
}

func (k *keeper) flush() error {
	if k.buffer.Len() == 0 {
		return nil
	}
	return k.keep(k.buffer.Next(k.buffer.Len()))
}

// DueWindows gives the windows whose file is to be made at an instant: on a banking
// day, from so long before their cut-off on.
func (b *Bank) DueWindows(now time.Time, before time.Duration) (day calendar.Date, due []Window) {
	day = calendar.In(now, b.Zone)
	if !day.IsBusinessDay() {
		return day, nil
	}
	for _, w := range b.Windows {
		cut := w.CutOff(day, b.Zone)
		if !now.Before(cut.Add(-before)) && now.Before(cut) {
			due = append(due, w)
		}
	}
	return day, due
}
