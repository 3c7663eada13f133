package intake

import (
	"cmp"
	"context"
	"encoding/json"
	"io"
	"slices"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// lanes is how many chunks of a file are posted side by side; a chunk belongs to
// the lane of its number, which has an operating book of its own for what goes
// to suspense.
const lanes = 4

// chunkItems is how many items one storage transaction posts. It keeps the
// embedded database's writer under 50 ms.
const chunkItems = 500

// windowItems is how many items are put into the order of their numbers before
// they are cut into chunks: the chunks of a window touch pages that lie
// together, and no book stands in two of them. The three constants are part of
// a kept file's progress; a file that was posted halfway under others is still
// posted once, because every item's key is claimed for ever.
const windowItems = 25_000

// carryOut does what an accepted file asks for.
func (n *Intake) carryOut(ctx context.Context, file *Kept, format Format, progress Progress) (Result, error) {
	result := resultOf(file)
	switch f := format.(type) {
	case Deposits:
		again, err := n.post(ctx, file, f, progress)
		if err != nil {
			return Result{}, err
		}
		result.ToldAgain = again
		tally, err := n.store.Tally(ctx, file.Book, lanes)
		if err != nil {
			return Result{}, err
		}
		result.Tally = &tally
		if beside, ok := format.(Beside); ok {
			if result.Report, err = beside.Rest(ctx, *file, func() io.Reader { return n.open(ctx, file) }); err != nil {
				return Result{}, err
			}
		}
	case Roster:
		report, err := f.Apply(ctx, *file, func() io.Reader { return n.open(ctx, file) })
		if err != nil {
			return Result{}, err
		}
		result.Report = report
	}
	report, err := json.Marshal(result)
	if err != nil {
		return Result{}, fault.Wrap("intake.carryOut", err)
	}
	return result, n.store.FinishFile(ctx, file.Book, report)
}

// poster posts one file.
type poster struct {
	intake   *Intake
	file     *Kept
	done     map[LaneChunk]bool
	progress Progress
	mu       sync.Mutex
	posted   int // items so far, under mu
	again    int // of them told before, under mu
	seen     ordinals
	purses   map[Receiving]chart.Purse
}

// batch is one chunk of a lane on its way to the books.
type batch struct {
	mark  cashier.Progress
	group []payment.Instruction
}

// post posts a file's items and tells how many of them another file had brought.
func (n *Intake) post(ctx context.Context, file *Kept, format Deposits, progress Progress) (again int, err error) {
	done, err := n.store.Progress(ctx, file.Book)
	if err != nil {
		return 0, err
	}
	p := &poster{
		intake: n, file: file, done: done, progress: progress, purses: map[Receiving]chart.Purse{},
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	queues := make([]chan batch, lanes)
	var workers sync.WaitGroup
	for lane := range queues {
		queues[lane] = make(chan batch, 1)
		workers.Go(func() {
			for b := range queues[lane] {
				if err := p.postBatch(ctx, b); err != nil {
					cancel(err)
				}
			}
		})
	}
	err = p.feed(ctx, format, queues)
	for _, q := range queues {
		close(q)
	}
	workers.Wait()
	if cause := context.Cause(ctx); cause != nil {
		return 0, cause
	}
	return p.again, err
}

// feed streams the file's items to the lanes, window by window.
func (p *poster) feed(ctx context.Context, format Deposits, queues []chan batch) error {
	window := make([]payment.Instruction, 0, min(windowItems, p.file.Items))
	next := 0
	problems, err := format.Items(p.intake.open(ctx, p.file), func(item Item) error {
		window = append(window, p.instruction(&item))
		if len(window) < windowItems {
			return nil
		}
		err := p.send(ctx, window, &next, queues)
		window = make([]payment.Instruction, 0, windowItems)
		return err
	})
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Corrupt, "intake.post", "the kept file no longer proves: %s", problems[0])
	}
	if err == nil {
		err = p.send(ctx, window, &next, queues)
	}
	return err
}

// send orders a window by number, cuts it into chunks and hands them out.
func (p *poster) send(ctx context.Context, window []payment.Instruction, next *int, queues []chan batch) error {
	slices.SortStableFunc(window, func(a, b payment.Instruction) int {
		return cmp.Compare(numberOf(&a), numberOf(&b))
	})
	for group := range slices.Chunk(window, chunkItems) {
		lane := *next % lanes
		b := batch{mark: cashier.Progress{File: p.file.Book, Lane: lane, Chunk: *next / lanes, Items: len(group)}, group: group}
		for i := range group {
			group[i].Source = p.file.Book + 1 + ledger.BookNo(lane)
			b.mark.Cents += group[i].Amount
		}
		*next++
		select {
		case queues[lane] <- b:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

func (p *poster) instruction(item *Item) payment.Instruction {
	hash := identityHash(item)
	purse, known := p.purses[item.Receiving]
	if !known {
		purse, _ = p.intake.house.Receiver(item.Receiving.Kind, item.Receiving.ID) // proved before
		p.purses[item.Receiving] = purse
	}
	received := item.Received
	if received.IsZero() {
		received = p.intake.house.PostingDay(purse.Entity)
	}
	ordinal := uint32(1)
	if !item.Strong {
		ordinal = p.seen.next(&hash)
	}
	in := payment.Instruction{
		Key: keyOf(item, &hash, ordinal), Strong: item.Strong, Rail: item.Rail, Amount: item.Amount, Received: received,
		Actor: p.file.Actor, Parts: make([]payment.Part, len(item.Parts)),
	}
	for i, part := range item.Parts {
		in.Parts[i] = payment.Part{
			Reference: part.Reference, Amount: part.Amount, Received: purse, Doubt: part.Doubt, Details: part.Details,
		}
	}
	return in
}

// numberOf gives the number that an instruction's first part reads as, or 0.
func numberOf(in *payment.Instruction) billpay.Number {
	number, err := billpay.Parse(in.Parts[0].Reference)
	if err != nil {
		return 0
	}
	return number
}

func (p *poster) postBatch(ctx context.Context, b batch) error {
	if !p.done[LaneChunk{b.mark.Lane, b.mark.Chunk}] {
		if err := p.postNew(ctx, b); err != nil {
			return err
		}
	}
	p.tell(len(b.group))
	return nil
}

// tell reports progress from one lane at a time, so that it only grows.
func (p *poster) tell(items int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.posted += items
	if p.progress != nil {
		p.progress(p.posted, p.file.Items)
	}
}

func (p *poster) postNew(ctx context.Context, b batch) error {
	outcomes, err := p.intake.cashier.Post(ctx, b.group, &b.mark)
	if err != nil {
		return err
	}
	again := 0
	for i, o := range outcomes {
		if o.Err == nil && o.Answer.Replayed && b.group[i].Strong {
			again++
		}
		if o.Err != nil {
			// The file was proved, so an item that cannot post is our mistake: stop
			// loudly with the file unfinished, and nothing lost.
			return fault.New(fault.Internal, "intake.post", "a proved item was refused: %v", o.Err)
		}
	}
	p.mu.Lock()
	p.again += again
	p.mu.Unlock()
	return nil
}
