package sim

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"sync"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/store"
)

// errDied is what a write gives when the program dies at it. Whatever was in
// memory is gone then.
var errDied = errors.New("the program died")

// frail is a store at whose writes the program may die: before anything was
// written, or after all of it was and before anybody was told.
//
// What happens at a write follows from the seed, the step and what is written,
// not from the order in which a file's lanes come to it, so that a seed repeats.
type frail struct {
	*store.Store
	seed uint64
	step *int

	mu   sync.Mutex
	seen map[string]int // writes of a name in this step
	dead bool
}

// Of a hundred writes, how many the program does not survive.
const diesBefore, diesAfter = 3, 3

// at says what happens at a write. A name is struck once in a step at most, so that
// repeating gets through.
func (f *frail) at(name string) (before, after bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return true, false
	}
	name = fmt.Sprint(*f.step, name)
	f.seen[name]++
	hash := fnv.New64a()
	fmt.Fprint(hash, f.seed, name, f.seen[name])
	if f.seen[name] > 1 {
		return false, false
	}
	switch n := hash.Sum64() % 100; {
	case n < diesBefore:
		f.dead = true
		return true, false
	case n < diesBefore+diesAfter:
		f.dead = true
		return false, true
	}
	return false, false
}

func (f *frail) do(name string, write func() error) error {
	before, after := f.at(name)
	if before {
		return errDied
	}
	if err := write(); err != nil || !after {
		return err
	}
	return errDied
}

// Write implements cashier.Store.
func (f *frail) Write(ctx context.Context, writes *cashier.Writes) error {
	name := "write"
	if p := writes.Progress; p != nil {
		name = fmt.Sprint("write", p.Lane, p.Chunk)
	}
	return f.do(name, func() error { return f.Store.Write(ctx, writes) })
}

// OpenOperatingBook implements intake.Store.
func (f *frail) OpenOperatingBook(ctx context.Context, kind string, lanes int) (book ledger.BookNo, err error) {
	err = f.do("open", func() error {
		book, err = f.Store.OpenOperatingBook(ctx, kind, lanes)
		return err
	})
	return book, err
}

// KeepChunk implements intake.Store.
func (f *frail) KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error {
	return f.do(fmt.Sprint("chunk", n), func() error { return f.Store.KeepChunk(ctx, file, n, data) })
}

// KeepFile implements intake.Store.
func (f *frail) KeepFile(ctx context.Context, file intake.Kept) (first ledger.BookNo, err error) {
	err = f.do("file", func() error {
		first, err = f.Store.KeepFile(ctx, file)
		return err
	})
	return first, err
}

// FinishFile implements intake.Store.
func (f *frail) FinishFile(ctx context.Context, file ledger.BookNo, report []byte) error {
	return f.do("finish", func() error { return f.Store.FinishFile(ctx, file, report) })
}

// try does something as its caller would: when the program died at it, it is
// started again, goes on with the files that it had taken, and is asked once more.
func (w *world) try(do func() error) error {
	for range 100 {
		err := do()
		if !errors.Is(err, errDied) {
			return err
		}
		w.deaths++
		w.restart()
	}
	w.fail("the program died a hundred times at one act")
	return nil
}

// restart opens the store anew and makes everything that works on it.
func (w *world) restart() {
	for {
		w.open()
		_, err := w.intake.Resume(w.ctx, nil)
		if err == nil {
			return
		}
		if !errors.Is(err, errDied) {
			w.fail("files are not taken up again: %v", err)
		}
		w.deaths++
	}
}
