package clearing

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"slices"
	"strconv"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/payments/payment"
)

// groupEntries is how many payments one storage transaction posts, as with files that
// come in.
const groupEntries = 500

// Ask asks a second person for a live file, by the digest of its bytes.
func (d *Desk) Ask(ctx context.Context, no int64, by ident.Actor, reason string) (approval.Request, error) {
	const op = "clearing.Ask"
	f, err := d.store.ACHFile(ctx, no)
	if err != nil {
		return approval.Request{}, fault.Wrap(op, err)
	}
	if f.State != Built {
		return approval.Request{}, fault.New(fault.Conflict, op, "file %d is %s: only one that is built waits for a second person", no, f.State)
	}
	subject, digest, err := d.agreedTo(ctx, &f)
	if err != nil {
		return approval.Request{}, fault.Wrap(op, err)
	}
	request, err := d.approvals.Ask(ctx, approval.ACHFile, subject, digest, f.DebitCents+f.CreditCents, by, reason)
	return request, fault.Wrap(op, err)
}

// agreedTo is what a second person agrees to: the file by its opaque id, its bytes by
// their digest.
func (d *Desk) agreedTo(ctx context.Context, f *File) (subject string, digest [sha256.Size]byte, err error) {
	sum, err := hex.DecodeString(f.SHA256)
	if err != nil || len(sum) != sha256.Size {
		return "", digest, fault.New(fault.Corrupt, "clearing.agreedTo", "file %d has no digest of its bytes", f.No)
	}
	opaque, err := d.store.OpaqueOf(ctx, f.Book)
	return string(opaque), [sha256.Size]byte(sum), err
}

// Release lets a file go: its debits are posted for the days that were authorised, its
// refunds are marked as sent, and it is placed where the bank fetches it. A live file
// needs a second person's word on exactly these bytes: Denied without it. It goes on
// where a killed run stopped, and posts nothing twice.
func (d *Desk) Release(ctx context.Context, no int64, by ident.Actor) (File, error) {
	const op = "clearing.Release"
	if by.IsZero() {
		return File{}, fault.New(fault.Invalid, op, "no money moves without a named actor")
	}
	f, err := d.store.ACHFile(ctx, no)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	if f.State == Built {
		if err := d.approve(ctx, &f); err != nil {
			return f, fault.Wrap(op, err)
		}
	}
	if f.State == Approved {
		if err := d.post(ctx, &f, by); err != nil {
			return f, fault.Wrap(op, err)
		}
		f.State, f.ReleasedAt = Released, d.clock.Now()
		if err := d.store.SaveFile(ctx, &f); err != nil {
			return f, fault.Wrap(op, err)
		}
	}
	switch f.State {
	case Released:
		return f, fault.Wrap(op, d.place(ctx, &f))
	case Placed, Acknowledged:
		return f, nil
	}
	return f, fault.New(fault.Conflict, op, "file %d is %s and is not released", no, f.State)
}

// approve notes that a file may go. A file that is not live cannot reach a bank, and
// needs nobody's word.
func (d *Desk) approve(ctx context.Context, f *File) error {
	const op = "clearing.approve"
	if f.Live != d.bank.Live {
		return fault.New(fault.Conflict, op, "file %d was made under another configuration: one of both is a sandbox's", f.No)
	}
	if err := d.verify(ctx, f); err != nil {
		return err
	}
	if err := d.reversalsStand(ctx, f); err != nil {
		return err
	}
	f.ApprovedBy = "sandbox"
	if f.Live {
		subject, digest, err := d.agreedTo(ctx, f)
		if err != nil {
			return err
		}
		request, agreed, err := d.approvals.Agreed(ctx, approval.ACHFile, subject, digest)
		if err != nil {
			return err
		}
		if !agreed {
			return fault.New(fault.Denied, op, "file %d waits for a second person", f.No).
				WithHint("Ask with \"billfold ach approve\"; another person answers on the approvals' screen.")
		}
		f.ApprovedBy = request.Checker.String()
	}
	f.State = Approved
	return d.store.SaveFile(ctx, f)
}

// reversalsStand refuses a file that gives a debit back which came back by itself since:
// the payer would have the money twice.
func (d *Desk) reversalsStand(ctx context.Context, f *File) error {
	batches, err := d.store.Batches(ctx, f.No)
	if err != nil {
		return err
	}
	for i := range batches {
		b := &batches[i]
		for after := b.TraceFirst - 1; b.Kind == Reversal; {
			page, err := d.store.FiledEntries(ctx, f, after, pageEntries, false)
			if err != nil {
				return err
			}
			for n := range page {
				if page[n].Kind != Reversal {
					continue
				}
				first, err := d.store.Entry(ctx, EntryRef{page[n].Book, page[n].First})
				if err != nil {
					return err
				}
				if first.State != Filed {
					return fault.New(fault.Conflict, "clearing.reversalsStand", "file %d gives a debit back that came back since", f.No).
						WithHint("Withdraw the file; the next one is made without the reversal.")
				}
			}
			if len(page) == 0 || page[len(page)-1].Trace >= b.TraceLast {
				break
			}
			after = page[len(page)-1].Trace
		}
	}
	return nil
}

// verify reads a file's bytes and holds them against their digest.
func (d *Desk) verify(ctx context.Context, f *File) error {
	sum := sha256.New()
	if _, err := io.Copy(sum, d.Content(ctx, f)); err != nil {
		return err
	}
	if hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		return fault.New(fault.Corrupt, "clearing.verify", "the bytes of file %d are not those that were made", f.No)
	}
	return nil
}

// Content gives a file's bytes as they were made. Whoever sends them on holds them
// against the file's digest.
func (d *Desk) Content(ctx context.Context, f *File) io.Reader {
	return &content{ctx: ctx, store: d.store, file: f}
}

type content struct {
	ctx   context.Context
	store Files
	file  *File
	next  int
	piece []byte
}

// Read implements io.Reader.
func (c *content) Read(p []byte) (int, error) {
	for len(c.piece) == 0 {
		if int64(c.next) == c.file.Chunks {
			return 0, io.EOF
		}
		piece, err := c.store.Chunk(c.ctx, c.file.Book, c.next)
		if err != nil {
			return 0, err
		}
		c.next++
		c.piece = piece
	}
	n := copy(p, c.piece)
	c.piece = c.piece[n:]
	return n, nil
}

// post posts the money of a file's entries, in lanes, group by group. Every entry's key
// is claimed for ever, so that a group that was posted is answered and not posted again.
func (d *Desk) post(ctx context.Context, f *File, by ident.Actor) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queues := make([]chan []Entry, lanes)
	var workers sync.WaitGroup
	for lane := range queues {
		queues[lane] = make(chan []Entry, 1)
		workers.Go(func() {
			for entries := range queues[lane] {
				if err := d.postGroup(ctx, f, lane, entries, by); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := d.feed(ctx, f, queues)
	for _, q := range queues {
		close(q)
	}
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	return err
}

func (d *Desk) feed(ctx context.Context, f *File, queues []chan []Entry) error {
	after := f.TraceFirst - 1
	for n := 0; ; n++ {
		page, err := d.store.FiledEntries(ctx, f, after, groupEntries, false)
		if err != nil || len(page) == 0 {
			return err
		}
		after = page[len(page)-1].Trace
		entries := make([]Entry, len(page))
		for i := range page {
			entries[i] = page[i].Entry
		}
		select {
		case queues[n%lanes] <- entries:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (d *Desk) postGroup(ctx context.Context, f *File, lane int, entries []Entry, by ident.Actor) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	source := f.Book + 1 + ledger.BookNo(lane)
	var debits []payment.Instruction
	for i := range entries {
		e := &entries[i]
		switch {
		case e.Kind == Prenote:
		case e.Kind == Reversal:
			if err := d.reverseOwn(ctx, e, by); err != nil {
				return err
			}
		case e.Direction == Credit:
			if err := d.payouts.Sent(ctx, e.Refund, e.Key(), e.SettleOn, by); err != nil {
				return err
			}
		default:
			debits = append(debits, instruction(e, source, by))
		}
	}
	slices.SortFunc(debits, func(a, b payment.Instruction) int { return cmp.Compare(a.Parts[0].Reference, b.Parts[0].Reference) })
	if len(debits) == 0 {
		return nil
	}
	outcomes, err := d.cashier.Post(ctx, debits, nil)
	if err != nil {
		return err
	}
	for i := range outcomes {
		if outcomes[i].Err != nil {
			// Entries were checked when they were ordered, so one that cannot post is our
			// mistake: stop loudly with the file unreleased, and nothing lost.
			return fault.New(fault.Internal, "clearing.postGroup", "an entry of file %d was refused: %v", f.No, outcomes[i].Err)
		}
	}
	return nil
}

// instruction is the payment that a debit makes. Money of a number that cannot take it
// by now goes to suspense, as with any rail.
func instruction(e *Entry, source ledger.BookNo, by ident.Actor) payment.Instruction {
	return payment.Instruction{
		Key: e.Key(), Rail: payment.Debit, Amount: e.Amount, Received: e.CreditOn, Actor: by, Source: source,
		Parts: []payment.Part{{
			Reference: strconv.FormatInt(int64(e.Book), 10), Amount: e.Amount, Received: e.Purse, Items: e.Items,
		}},
	}
}

// place puts a released file where the bank fetches it, as often as it takes.
func (d *Desk) place(ctx context.Context, f *File) error {
	if err := d.verify(ctx, f); err != nil {
		return err
	}
	if err := d.outbox.Put(ctx, d.bank.Folder, f.Name, d.Content(ctx, f)); err != nil {
		return err
	}
	f.State, f.PlacedAt = Placed, d.clock.Now()
	return d.store.SaveFile(ctx, f)
}

// PutAgain puts a file that was placed into its place once more, for a bank that lost it:
// the same bytes under the same name.
func (d *Desk) PutAgain(ctx context.Context, no int64) (File, error) {
	const op = "clearing.PutAgain"
	f, err := d.store.ACHFile(ctx, no)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	if f.State != Placed && f.State != Acknowledged {
		return f, fault.New(fault.Conflict, op, "file %d is %s: only one that was placed is placed again", no, f.State)
	}
	if err := d.verify(ctx, &f); err != nil {
		return f, fault.Wrap(op, err)
	}
	return f, fault.Wrap(op, d.outbox.Put(ctx, d.bank.Folder, f.Name, d.Content(ctx, &f)))
}

// Resume ends what a killed run left: files whose release had begun, and files whose
// entries were being given back.
func (d *Desk) Resume(ctx context.Context, by ident.Actor) ([]File, error) {
	const op = "clearing.Resume"
	files, err := d.store.FilesIn(ctx, Approved, Released, Withdrawing)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for i := range files {
		if files[i].State == Withdrawing {
			files[i], err = d.giveBack(ctx, &files[i])
		} else {
			files[i], err = d.Release(ctx, files[i].No, by)
		}
		if err != nil {
			return files[:i], fault.Wrap(op, err)
		}
	}
	return files, nil
}

// Withdraw takes a built file back whose release has not begun: it never goes, and its
// entries wait for another. Its traces are not used again.
func (d *Desk) Withdraw(ctx context.Context, no int64, by ident.Actor, reason string) (File, error) {
	const op = "clearing.Withdraw"
	if by.IsZero() || reason == "" {
		return File{}, fault.New(fault.Invalid, op, "say who takes the file back, and why")
	}
	f, err := d.store.ACHFile(ctx, no)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	switch f.State {
	case Withdrawn:
		return f, nil
	case Withdrawing:
	case Built:
		f.State, f.Why = Withdrawing, by.String()+": "+reason
		if err := d.store.SaveFile(ctx, &f); err != nil {
			return f, fault.Wrap(op, err)
		}
	default:
		return f, fault.New(fault.Conflict, op, "file %d is %s: only one whose release has not begun is taken back", no, f.State)
	}
	f, err = d.giveBack(ctx, &f)
	return f, fault.Wrap(op, err)
}

func (d *Desk) giveBack(ctx context.Context, f *File) (File, error) {
	for {
		given, err := d.store.GiveBack(ctx, f, batchEntries, d.clock.Now())
		if err != nil {
			return *f, err
		}
		if given == 0 {
			break
		}
	}
	f.State = Withdrawn
	return *f, d.store.SaveFile(ctx, f)
}

// Acknowledge keeps what the bank said of a placed file.
func (d *Desk) Acknowledge(ctx context.Context, no int64, answer string) (File, error) {
	const op = "clearing.Acknowledge"
	f, err := d.store.ACHFile(ctx, no)
	if err != nil {
		return f, fault.Wrap(op, err)
	}
	if f.State == Acknowledged && f.Answer == answer {
		return f, nil
	}
	if f.State != Placed || answer == "" {
		return f, fault.New(fault.Conflict, op, "file %d is %s: the bank answers a file that was placed, in words", no, f.State)
	}
	f.State, f.Answer, f.AnsweredAt = Acknowledged, answer, d.clock.Now()
	return f, fault.Wrap(op, d.store.SaveFile(ctx, &f))
}
