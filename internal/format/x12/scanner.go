package x12

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// SegmentMax bounds one segment in bytes. The longest that the HIPAA guides
// allow outside binary segments is a few kilobytes.
const SegmentMax = 16 << 10

const (
	isaLength   = 106 // "ISA" to the segment terminator, both included
	isaElements = 16
	isaPeek     = 256 // how far an ISA that is not padded is looked for
)

// isaWidths are the fixed widths of ISA01 to ISA16.
var isaWidths = [isaElements]int{2, 10, 2, 10, 2, 15, 2, 15, 6, 4, 1, 5, 9, 1, 1, 1}

// SyntaxError says where a file stops being readable as X12.
type SyntaxError struct {
	Line      int
	Ordinal   int    // of the segment that does not read
	Segment   string // its id, if that much was read
	Message   string
	truncated bool
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("x12: line %d, segment %d: %s", e.Line, e.Ordinal, e.Message)
}

// Scanner reads segments from a stream. It takes each interchange's delimiters
// from its ISA and skips line ends between segments, but checks no envelope:
// that is [Read].
type Scanner struct {
	in         *bufio.Reader
	delimiters Delimiters
	line       int
	ordinal    int
}

// NewScanner reads segments from r.
func NewScanner(r io.Reader) *Scanner {
	return &Scanner{in: bufio.NewReaderSize(r, SegmentMax), line: 1}
}

// Delimiters gives those of the latest ISA.
func (s *Scanner) Delimiters() Delimiters { return s.delimiters }

// Next gives the next segment. Its error is io.EOF after the last segment, a
// *SyntaxError from which there is no way on, or the stream's own.
func (s *Scanner) Next() (Segment, error) {
	if err := s.skipBlank(); err != nil {
		return Segment{}, err
	}
	s.ordinal++
	// A new ISA can follow at any segment, with other delimiters; no segment
	// inside an interchange is called ISA.
	if err := s.detect(); err != nil {
		return Segment{}, err
	}
	line := s.line
	raw, err := s.in.ReadSlice(s.delimiters.Terminator)
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return Segment{}, s.syntaxError(raw, "the segment is longer than %d bytes: its terminator %q is missing", SegmentMax, s.delimiters.Terminator)
	case errors.Is(err, io.EOF):
		syntax := s.syntaxError(raw, "the file ends in the middle of this segment, before its terminator %q", s.delimiters.Terminator)
		syntax.truncated = true
		return Segment{}, syntax
	case err != nil:
		return Segment{}, err
	}
	s.line += bytes.Count(raw, []byte{'\n'})
	elements := strings.Split(text(raw[:len(raw)-1]), string(s.delimiters.Element))
	return Segment{
		ID: elements[0], Elements: elements[1:],
		Line: line, Ordinal: s.ordinal, delimiters: s.delimiters,
	}, nil
}

// text decodes a segment. CR and LF are not characters of X12: mainframes wrap
// at 80 columns, inside elements too. Bytes that are not UTF-8 are Latin-1,
// the usual reading of the extended character set.
func text(raw []byte) string {
	s := string(raw)
	if !utf8.Valid(raw) {
		runes := make([]rune, len(raw))
		for i, b := range raw {
			runes[i] = rune(b)
		}
		s = string(runes)
	}
	if strings.ContainsAny(s, "\r\n") {
		s = strings.NewReplacer("\r", "", "\n", "").Replace(s)
	}
	return s
}

// skipBlank skips a byte order mark and blank space between segments.
func (s *Scanner) skipBlank() error {
	if s.ordinal == 0 {
		if mark, _ := s.in.Peek(3); string(mark) == "\xef\xbb\xbf" {
			_, _ = s.in.Discard(3)
		}
	}
	for {
		b, err := s.in.ReadByte()
		if err != nil {
			return err
		}
		switch b {
		case '\n':
			s.line++
		case '\r', ' ', '\t':
		default:
			return s.in.UnreadByte()
		}
	}
}

// detect takes the delimiters from an ISA that comes next, if one does.
func (s *Scanner) detect() error {
	head, err := s.in.Peek(isaPeek)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	if !startsISA(head) {
		return s.requireDelimiters(head)
	}
	if len(head) < 4 {
		return s.syntaxError(head, "the file ends in its ISA")
	}
	separators := 0
	for i, c := range head[:len(head)-min(2, len(head))] {
		if c != head[3] {
			continue
		}
		if separators++; separators == isaElements {
			return s.use(head, i)
		}
	}
	return s.syntaxError(head, "the ISA is too short: it has %d element separators %q, must have %d and %d characters in all",
		separators, head[3], isaElements, isaLength)
}

// use takes the delimiters around the last element separator of an ISA.
func (s *Scanner) use(head []byte, lastSeparator int) error {
	d := Delimiters{Element: head[3], Component: head[lastSeparator+1], Terminator: head[lastSeparator+2]}
	elements := bytes.Split(head[4:lastSeparator], head[3:4])
	// Until version 00402 ISA11 named the standard ("U"), not a separator.
	if repetition, version := elements[10], string(elements[11]); len(repetition) == 1 && version >= "00402" {
		d.Repetition = repetition[0]
	}
	if err := d.validate(); err != nil {
		return s.syntaxError(head, "%v; an ISA has %d elements and %d characters", err, isaElements, isaLength)
	}
	s.delimiters = d
	return nil
}

func (s *Scanner) requireDelimiters(head []byte) error {
	if s.delimiters.Terminator != 0 {
		return nil
	}
	if len(head) >= 3 && strings.EqualFold(string(head[:3]), "ISA") {
		return s.syntaxError(head, "the ISA must be written in capitals")
	}
	return s.syntaxError(head, "the interchange does not begin with ISA")
}

func startsISA(head []byte) bool {
	return bytes.HasPrefix(head, []byte("ISA")) && (len(head) == 3 || !isAlphanumeric(head[3]))
}

func (s *Scanner) syntaxError(raw []byte, format string, args ...any) *SyntaxError {
	id := idOf(string(raw[:min(3, len(raw))]))
	return &SyntaxError{
		Line: s.line, Ordinal: s.ordinal, Segment: id, Message: fmt.Sprintf(format, args...),
	}
}
