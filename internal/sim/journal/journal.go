// Package journal keeps a simulated counterparty's books on disk: records of JSON,
// one a line, added at the end and never changed. It knows no record's meaning and
// nothing of the product.
//
// Invariants: a record is on disk when Add has returned; records that were added
// together come back together or not at all; one process uses a folder at a time.
//
// Start reading at Open.
package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
)

// Journal is the file of records of one kind.
type Journal[R any] struct {
	mu     sync.Mutex
	file   *os.File // nil for books in memory
	failed error    // the first failure of the disk; nothing is added after it
}

// Open opens the journal of a name in a folder, alone, and gives every record in it
// to each. A last line that was cut off is dropped: its act was never answered. An
// empty folder name keeps nothing, for simulations that live in memory. Unavailable
// when another process has it, Corrupt when a line is no record.
func Open[R any](dir, name string, each func(R) error) (*Journal[R], error) {
	const op = "journal.Open"
	if dir == "" {
		return &Journal[R]{}, nil
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, op, "the data folder cannot be made: %v", err)
	}
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, op, "the journal %s cannot be opened: %v", name, err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fault.New(fault.Unavailable, op, "another simulator uses this data folder").
			WithHint("Name another with --data.")
	}
	end, err := replay(file, each)
	if err == nil {
		err = file.Truncate(end)
	}
	if err == nil {
		_, err = file.Seek(end, io.SeekStart)
	}
	if err != nil {
		file.Close()
		return nil, fault.Wrap(op, err)
	}
	return &Journal[R]{file: file}, nil
}

// replay reads records up to the last whole line and gives its end.
func replay[R any](file io.Reader, each func(R) error) (end int64, err error) {
	lines := bufio.NewReaderSize(file, 1<<20)
	for no := 1; ; no++ {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			return 0, fault.New(fault.Unavailable, "", "line %d of the journal cannot be read: %v", no, err)
		}
		var r R
		if err := json.Unmarshal(line, &r); err != nil {
			return 0, fault.New(fault.Corrupt, "", "line %d of the journal is not a record: %v", no, err)
		}
		if err := each(r); err != nil {
			return 0, err
		}
		end += int64(len(line))
	}
}

// Add puts a record behind the others; it is on disk when Add returns.
func (j *Journal[R]) Add(r R) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.failed != nil || j.file == nil {
		return j.failed
	}
	line, err := json.Marshal(r)
	if err == nil {
		_, err = j.file.Write(append(line, '\n'))
	}
	if err == nil {
		err = j.file.Sync()
	}
	if err != nil {
		j.failed = fault.New(fault.Unavailable, "journal.Add", "the journal cannot be written: %v", err)
	}
	return j.failed
}

// Close ends the journal; a second time it does nothing.
func (j *Journal[R]) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	file := j.file
	j.file, j.failed = nil, fault.New(fault.Unavailable, "journal.Close", "the simulator was stopped")
	if file == nil {
		return nil
	}
	return file.Close()
}
