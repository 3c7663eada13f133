package exchange

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/format/x12"
)

// acknowledge writes the answer to every X12 file among files, one after
// another, or nothing when there is none. It answers what the sender must know:
// whether the interchanges read and prove. What the office then made of them is
// told in the report.
func (f *Folder) acknowledge(files []File) ([]byte, error) {
	var answers bytes.Buffer
	for _, file := range files {
		if err := f.acknowledgeFile(&answers, file); err != nil {
			return nil, err
		}
	}
	return answers.Bytes(), nil
}

// Answer writes the answer to files that came on another road than the folder into
// outgoing. It gives the place from the folder, or "" when nothing is answered.
func (f *Folder) Answer(name string, files []File) (place string, err error) {
	answer, err := f.acknowledge(files)
	if err != nil || len(answer) == 0 {
		return "", err
	}
	c := claim{ident.NewOpaque(), label(name)}
	place = filepath.Join(outgoing, c.base()+answerEnding)
	if err := f.disk.Write(f.path(place), answer); err != nil {
		return "", unavailable(err)
	}
	return place, nil
}

func (f *Folder) acknowledgeFile(answers *bytes.Buffer, file File) error {
	content, err := file.Open()
	if err != nil {
		return unavailable(err)
	}
	defer content.Close()
	head, whole, err := begin(content)
	if err != nil {
		return unavailable(err)
	}
	if !(x12Document{}).Recognises(head) {
		return nil
	}
	result, err := x12.Check(whole)
	if err != nil {
		return unavailable(err)
	}
	count := x12.Answered(result)
	if count == 0 {
		return nil
	}
	first, err := nextControls(f.path(controlFile), count)
	if err != nil {
		return err
	}
	answer, err := x12.Acknowledge(result, x12.Stamp{Control: first, At: f.clock.Now()})
	if err != nil {
		return fault.Wrap("exchange.acknowledge", err)
	}
	answers.Write(answer)
	return nil
}

// controlFile holds the last interchange control number that was used, in nine
// digits. It lives with the folder because partners see the numbers as one
// series from one sender.
const controlFile = "interchange-control-number"

const controlMax = 999_999_999

// nextControls sets count control numbers aside, for ever, and gives the first.
// A crash may leave some of them unused; the series starts again after its end.
func nextControls(path string, count int) (first int, err error) {
	const op = "exchange.nextControls"
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return 0, unavailable(err)
	}
	defer file.Close()
	// Held for the time of one write, so waiting for it is short.
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return 0, unavailable(err)
	}
	text, err := io.ReadAll(io.LimitReader(file, 64))
	if err != nil {
		return 0, unavailable(err)
	}
	last := 0
	if said := strings.TrimSpace(string(text)); said != "" {
		if last, err = strconv.Atoi(said); err != nil || last < 0 || last > controlMax {
			return 0, fault.New(fault.Corrupt, op, "%s holds no control number", controlFile).
				WithHint("Write into it the highest control number that partners have seen.")
		}
	}
	if last+count > controlMax {
		last = 0
	}
	// One small write in place: it happens whole or not at all.
	if _, err := file.WriteAt(fmt.Appendf(nil, "%09d\n", last+count), 0); err != nil {
		return 0, unavailable(err)
	}
	if err := file.Sync(); err != nil {
		return 0, unavailable(err)
	}
	return last + 1, nil
}
