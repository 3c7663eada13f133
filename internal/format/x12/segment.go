package x12

import (
	"fmt"
	"strings"
)

// Delimiters are the four characters that give an interchange its structure.
// An interchange names its own in its ISA segment.
type Delimiters struct {
	Element    byte // the fourth character of the file
	Repetition byte // ISA11; 0 before version 00402, which had none
	Component  byte // ISA16
	Terminator byte // the character after ISA16
}

// DefaultDelimiters are those that the HIPAA guides recommend.
var DefaultDelimiters = Delimiters{Element: '*', Repetition: '^', Component: ':', Terminator: '~'}

// validate reports delimiters that would make a file ambiguous.
func (d Delimiters) validate() error {
	named := []struct {
		what string
		char byte
	}{
		{"element separator", d.Element},
		{"component separator (ISA16)", d.Component},
		{"segment terminator", d.Terminator},
		{"repetition separator (ISA11)", d.Repetition},
	}
	for i, n := range named {
		if n.char == 0 && n.char == d.Repetition {
			continue
		}
		if !canDelimit(n.char) {
			return fmt.Errorf("the %s is %q: it must not be a letter, a digit or a blank", n.what, n.char)
		}
		if isLineEnd(n.char) && n.char != d.Terminator {
			return fmt.Errorf("the %s is a line end: only a segment terminator can be one", n.what)
		}
		for _, other := range named[:i] {
			if n.char == other.char {
				return fmt.Errorf("the %s and the %s are both %q", other.what, n.what, n.char)
			}
		}
	}
	return nil
}

func canDelimit(c byte) bool {
	return c != 0 && c != ' ' && c < 0x80 && !isAlphanumeric(c)
}

func isLineEnd(c byte) bool { return c == '\r' || c == '\n' }

func isAlphanumeric(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

// Segment is one segment and where it stands.
type Segment struct {
	ID       string   // "INS"
	Elements []string // Elements[0] is INS01; trailing empty ones may be absent
	Line     int      // the physical line on which it begins, from 1
	Ordinal  int      // its place in the file, from 1; the ISA is 1
	Position int      // its place in its transaction set, from 1 at the ST; 0 outside one

	delimiters Delimiters
}

// Element gives element n as the guides count, from 1, or "" if it is absent.
// A composite comes whole; see [Segment.Component].
func (s Segment) Element(n int) string {
	if n < 1 || n > len(s.Elements) {
		return ""
	}
	return s.Elements[n-1]
}

// Component gives component c, from 1, of the first repetition of element n.
func (s Segment) Component(n, c int) string {
	repetitions := s.Repetitions(n)
	if len(repetitions) == 0 {
		return ""
	}
	components := strings.Split(repetitions[0], string(s.delimiters.Component))
	if c < 1 || c > len(components) {
		return ""
	}
	return components[c-1]
}

// Repetitions gives the repeats of element n; none for an empty element.
func (s Segment) Repetitions(n int) []string {
	value := s.Element(n)
	if value == "" {
		return nil
	}
	if s.delimiters.Repetition == 0 {
		return []string{value}
	}
	return strings.Split(value, string(s.delimiters.Repetition))
}

// String writes the segment as it stands in the file, without its terminator.
func (s Segment) String() string {
	separator := string(s.delimiters.Element)
	return strings.Join(append([]string{s.ID}, s.Elements...), separator)
}

// field names element n as the guides do: "INS01".
func (s Segment) field(n int) string { return fmt.Sprintf("%s%02d", s.ID, n) }
