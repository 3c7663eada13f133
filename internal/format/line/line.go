// Package line is what the line-based bank formats share: reading a file a
// line at a time in bounded memory, and gathering what is wrong with it.
//
// It knows line endings and the bound on problems. It knows no format. Start
// reading at Reader.
package line

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
)

// Reader gives the lines of a text, however they end (LF or CRLF), holding no
// more than one line of bounded length.
type Reader struct {
	src    *bufio.Reader
	number int
	long   bool
}

// NewReader reads lines from r of at most widthMax bytes, ending included; of
// a longer one only its being TooLong is told. Bufio's least is 16.
func NewReader(r io.Reader, widthMax int) *Reader {
	// A reader that is buffered already would be used as it is, with a bound of its own.
	return &Reader{src: bufio.NewReaderSize(struct{ io.Reader }{r}, widthMax)}
}

// Next gives the next line without its ending, valid until the next call, or
// io.EOF after the last.
func (r *Reader) Next() ([]byte, error) {
	text, err := r.src.ReadSlice('\n')
	r.long = errors.Is(err, bufio.ErrBufferFull)
	if r.long {
		r.number++
		return nil, r.skipRest()
	}
	if err == io.EOF && len(text) > 0 {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	r.number++
	return trimEnding(text), nil
}

func (r *Reader) skipRest() error {
	for {
		_, err := r.src.ReadSlice('\n')
		if err == io.EOF || err == nil {
			return nil
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return err
		}
	}
}

// Number is the line's place in the text, from 1.
func (r *Reader) Number() int { return r.number }

// TooLong reports whether the line was longer than allowed; its text is not given.
func (r *Reader) TooLong() bool { return r.long }

func trimEnding(text []byte) []byte {
	if n := len(text); n > 0 && text[n-1] == '\n' {
		text = text[:n-1]
	}
	if n := len(text); n > 0 && text[n-1] == '\r' {
		text = text[:n-1]
	}
	return text
}

// Unprintable gives the place, from 1, of the first byte that is not printable
// ASCII, the only characters these formats allow; 0 when there is none.
func Unprintable[T string | []byte](text T) int {
	for i := 0; i < len(text); i++ {
		if text[i] < ' ' || text[i] > '~' {
			return i + 1
		}
	}
	return 0
}

// Digits reads an unsigned number written in digits only, of at most 18 of them.
func Digits(text string) (n int64, ok bool) {
	if text == "" || len(text) > 18 {
		return 0, false
	}
	for i := 0; i < len(text); i++ {
		if text[i] < '0' || text[i] > '9' {
			return 0, false
		}
		n = n*10 + int64(text[i]-'0')
	}
	return n, true
}

// Problems gathers what is wrong with a file, up to fault.ProblemsMax.
type Problems struct {
	list     []fault.Problem
	refusals int
}

// Refuse notes what keeps the file from being read as its format.
func (p *Problems) Refuse(line int, record, field, format string, args ...any) {
	p.add(fault.Problem{Line: line, Record: record, Field: field, Message: fmt.Sprintf(format, args...)})
}

// Control notes a disagreement between the file and its own counts and totals.
func (p *Problems) Control(line int, record, field, format string, args ...any) {
	p.add(fault.Problem{Line: line, Record: record, Field: field, Message: fmt.Sprintf(format, args...), Control: true})
}

// add keeps the verdict true when the list is full: the first refusal takes
// the place of the last control problem.
func (p *Problems) add(problem fault.Problem) {
	switch {
	case len(p.list) < fault.ProblemsMax:
		p.list = append(p.list, problem)
	case !problem.Control && p.refusals == 0:
		p.list[len(p.list)-1] = problem
	}
	if !problem.Control {
		p.refusals++
	}
}

// Refusals counts what keeps the file from being read, kept in the list or not.
func (p *Problems) Refusals() int { return p.refusals }

// List gives the problems in the order in which they were met.
func (p *Problems) List() []fault.Problem { return p.list }
