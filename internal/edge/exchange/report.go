package exchange

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/billfold/billfold/internal/base/fault"
)

// What happens to a file that was taken, in this order:
//
//	1. its acknowledgement is written, hidden, in working
//	2. its report is written in done or refused: from here on it counts as taken
//	3. the acknowledgement moves to outgoing
//	4. the file moves to its report
//
// A crash before 2 takes the file again, one after it goes on with 3. So a
// partner sees one acknowledgement, and only of a file that was taken.

func reportOf(c claim) string { return c.base() + ".report.json" }

func hiddenAnswer(c claim) string { return "." + c.base() + answerEnding }

const answerEnding = ".ack.x12"

// report carries out steps 1 and 2.
func (f *Folder) report(c claim, outcome *Outcome, files []File) error {
	answer, err := f.acknowledge(files)
	if err != nil {
		return err
	}
	if len(answer) > 0 {
		outcome.Acknowledgement = filepath.Join(outgoing, c.base()+answerEnding)
		if err := f.disk.Write(f.path(working, hiddenAnswer(c)), answer); err != nil {
			return unavailable(err)
		}
	}
	text, err := json.MarshalIndent(outcome, "", "  ")
	if err != nil {
		return fault.Wrap("exchange.report", err)
	}
	if err := f.disk.Write(f.path(filepath.Dir(outcome.Place), reportOf(c)), append(text, '\n')); err != nil {
		return unavailable(err)
	}
	return nil
}

// reported gives the outcome of a file whose report is written, or nil.
func (f *Folder) reported(c claim) (*Outcome, error) {
	for _, place := range []string{done, refused} {
		text, err := os.ReadFile(f.path(place, reportOf(c)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, unavailable(err)
		}
		outcome := &Outcome{}
		if err := json.NewDecoder(bytes.NewReader(text)).Decode(outcome); err != nil {
			return nil, fault.New(fault.Corrupt, "exchange.reported", "%s does not read: %v", reportOf(c), err).
				WithHint("Remove that report, and the file is taken again; nothing posts twice.")
		}
		outcome.Place = filepath.Join(place, c.base())
		return outcome, nil
	}
	return nil, nil
}

// putAway carries out steps 3 and 4. What is moved already is passed over.
func (f *Folder) putAway(c claim, outcome *Outcome) error {
	if outcome.Acknowledgement != "" {
		err := f.disk.Rename(f.path(working, hiddenAnswer(c)), f.path(outgoing, c.base()+answerEnding))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return unavailable(err)
		}
	}
	if err := f.disk.Rename(f.path(working, c.base()), f.path(outcome.Place)); err != nil {
		return unavailable(err)
	}
	return nil
}
