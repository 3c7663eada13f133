package processor

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// record is one line of the journal: everything that one act changed.
type record struct {
	At        time.Time   `json:"at"`
	Customers []*customer `json:"customers,omitempty"`
	Methods   []*method   `json:"methods,omitempty"`
	Intents   []*intent   `json:"intents,omitempty"`
	Charges   []*charge   `json:"charges,omitempty"`
	Refunds   []*refund   `json:"refunds,omitempty"`
	Disputes  []*dispute  `json:"disputes,omitempty"`
	Sessions  []*session  `json:"sessions,omitempty"`
	Lines     []*line     `json:"lines,omitempty"`
	Payouts   []*payout   `json:"payouts,omitempty"`
	Entries   []Entry     `json:"entries,omitempty"`
	Events    []event     `json:"events,omitempty"`
	Done      []string    `json:"done,omitempty"` // events that were delivered or dropped
	Answer    *answer     `json:"answer,omitempty"`
}

func (r *record) isEmpty() bool {
	return len(r.Customers)+len(r.Methods)+len(r.Intents)+len(r.Charges)+len(r.Refunds)+len(r.Disputes)+
		len(r.Sessions)+len(r.Lines)+len(r.Payouts)+len(r.Entries)+len(r.Events)+len(r.Done) == 0 && r.Answer == nil
}

// answer is what an idempotency key was answered.
type answer struct {
	Key    string          `json:"key"`    // with its account
	Digest string          `json:"digest"` // keyed, of the request
	Status int             `json:"status"`
	Body   json.RawMessage `json:"body"`
}

// place is where a line stands in the journal.
type place struct{ at, size int64 }

// journal is the file of records. Whoever adds one waits until it is on disk; a
// flush takes all that wait.
type journal struct {
	file *os.File

	mu       sync.Mutex
	flushed  *sync.Cond
	waiting  []byte // added and not on disk
	end      int64  // of what was added
	durable  int64  // of what is on disk
	flushing bool
	failed   error // the first failure of the disk; nothing is answered after it
}

const journalName = "journal.jsonl"

// openJournal opens the journal of a folder, alone, and gives every record in it
// to each. A last line that was cut off is dropped: nobody was answered by it.
func openJournal(dir string, each func(*record, place) error) (*journal, error) {
	const op = "processor.Open"
	file, err := os.OpenFile(filepath.Join(dir, journalName), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, op, "the journal cannot be opened: %v", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fault.New(fault.Unavailable, op, "another simulator uses this data folder").WithHint("Name another with --data.")
	}
	end, err := replay(file, each)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err == nil {
		err = syncFolder(dir)
	}
	if err != nil {
		file.Close()
		return nil, fault.Wrap(op, err)
	}
	j := &journal{file: file, end: end, durable: end}
	j.flushed = sync.NewCond(&j.mu)
	return j, nil
}

// syncFolder makes a new file's name durable.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer folder.Close()
	return folder.Sync()
}

// replay reads records up to the last whole line and gives its end.
func replay(file io.Reader, each func(*record, place) error) (end int64, err error) {
	lines := bufio.NewReaderSize(file, 1<<20)
	for no := 1; ; no++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, fault.New(fault.Unavailable, "", "line %d of the journal cannot be read: %v", no, err)
		}
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return 0, fault.New(fault.Corrupt, "", "line %d of the journal is not a record: %v", no, err)
		}
		if err := each(&r, place{end, int64(len(line))}); err != nil {
			return 0, err
		}
		end += int64(len(line))
	}
}

// add puts a record behind those before it. It is on disk once settle returned.
func (j *journal) add(r *record) (place, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return place{}, fmt.Errorf("writing a record: %w", err)
	}
	line = append(line, '\n')
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil {
		return place{}, j.failed
	}
	at := place{j.end, int64(len(line))}
	j.waiting = append(j.waiting, line...)
	j.end += at.size
	return at, nil
}

// settle waits until everything added before is on disk.
func (j *journal) settle() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for goal := j.end; j.durable < goal && j.failed == nil; {
		if j.flushing {
			j.flushed.Wait()
			continue
		}
		j.flush()
	}
	return j.failed
}

// flush writes what waits. It is called under the lock, and lets it go while the
// disk works, so that others can add.
func (j *journal) flush() {
	lines := j.waiting
	j.waiting, j.flushing = nil, true
	j.mu.Unlock()
	_, err := j.file.Write(lines)
	if err == nil {
		err = j.file.Sync()
	}
	j.mu.Lock()
	j.flushing = false
	if err != nil {
		j.failed = fault.New(fault.Unavailable, "processor.flush", "the journal cannot be written: %v", err)
	} else {
		j.durable += int64(len(lines))
	}
	j.flushed.Broadcast()
}

// answerAt reads an answer that is on disk.
func (j *journal) answerAt(at place) (*answer, error) {
	r, err := j.recordAt(at)
	if err == nil && r.Answer == nil {
		err = fault.New(fault.Corrupt, "processor.answerAt", "the journal has no answer at byte %d", at.at)
	}
	if err != nil {
		return nil, err
	}
	return r.Answer, nil
}

// recordAt reads a record that is on disk.
func (j *journal) recordAt(at place) (*record, error) {
	line := make([]byte, at.size)
	if _, err := j.file.ReadAt(line, at.at); err != nil {
		return nil, fault.New(fault.Unavailable, "processor.recordAt", "the journal cannot be read: %v", err)
	}
	var r record
	if err := json.NewDecoder(bytes.NewReader(line)).Decode(&r); err != nil {
		return nil, fault.New(fault.Corrupt, "processor.recordAt", "the journal has no record at byte %d", at.at)
	}
	return &r, nil
}

// close ends the journal; a second time it does nothing.
func (j *journal) close() error {
	err := j.settle()
	j.mu.Lock()
	defer j.mu.Unlock()
	if errors.Is(j.failed, errClosed) {
		return nil
	}
	j.failed = errClosed
	return errors.Join(err, j.file.Close())
}

var errClosed = fault.New(fault.Unavailable, "processor.Close", "the simulator was stopped")
