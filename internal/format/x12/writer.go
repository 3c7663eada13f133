package x12

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// Writer writes interchanges and computes their counts. Calls must nest as the
// envelopes do; each End writes its trailer. The first error sticks: later
// calls give it again, so that only the last need be checked.
type Writer struct {
	out         *bufio.Writer
	delimiters  Delimiters
	interchange *Interchange
	group       *Group
	set         *Set
	groups      int
	sets        int
	segments    int
	err         error
}

// NewWriter writes to w, each segment on a line of its own.
func NewWriter(w io.Writer) *Writer { return &Writer{out: bufio.NewWriter(w)} }

// BeginInterchange writes an ISA; Groups and the findings of i are ignored. A
// zero Delimiters means DefaultDelimiters, an empty Version 00501, an empty
// qualifier of security or authorization 00.
func (w *Writer) BeginInterchange(i Interchange) error {
	if w.interchange != nil {
		return w.fail("an interchange is open")
	}
	fillISA(&i)
	if err := i.Delimiters.validate(); err != nil {
		return w.fail("%v", err)
	}
	w.interchange, w.delimiters, w.groups = &i, i.Delimiters, 0
	ackRequested := "0"
	if i.AckRequested {
		ackRequested = "1"
	}
	eleventh := "U" // the standard's name, before version 00402
	if i.Delimiters.Repetition != 0 {
		eleventh = string(i.Delimiters.Repetition)
	}
	fields := []string{
		i.AuthorizationQualifier, i.Authorization, i.SecurityQualifier, i.Security,
		i.SenderQualifier, i.Sender, i.ReceiverQualifier, i.Receiver,
		i.Date, i.Time, eleventh, i.Version, i.Control, ackRequested, i.Usage, string(i.Delimiters.Component),
	}
	for n, width := range isaWidths {
		// ISA11 and ISA16 are delimiters themselves.
		if n != 10 && n != 15 && w.delimited(fields[n]) {
			return w.fail("ISA%02d has a delimiter in it", n+1)
		}
		length := len([]rune(fields[n]))
		padded := n == 1 || n == 3 || n == 5 || n == 7
		if length > width || length < width && !padded {
			return w.fail("ISA%02d has %d characters, must have %d", n+1, length, width)
		}
		fields[n] += strings.Repeat(" ", width-length)
	}
	return w.put("ISA", fields)
}

func fillISA(i *Interchange) {
	if i.Delimiters == (Delimiters{}) {
		i.Delimiters = DefaultDelimiters
	}
	for _, fill := range []struct {
		field    *string
		fallback string
	}{{&i.AuthorizationQualifier, "00"}, {&i.SecurityQualifier, "00"}, {&i.Version, "00501"}, {&i.Usage, "P"}} {
		if *fill.field == "" {
			*fill.field = fill.fallback
		}
	}
}

// EndInterchange writes the IEA.
func (w *Writer) EndInterchange() error {
	if w.interchange == nil || w.group != nil {
		return w.fail("there is no interchange to end, or a group is open in it")
	}
	control := w.interchange.Control
	w.interchange = nil
	if err := w.put("IEA", []string{fmt.Sprint(w.groups), control}); err != nil {
		return err
	}
	w.err = w.out.Flush()
	return w.err
}

// TA1 writes an interchange acknowledgement, which stands before the groups.
func (w *Writer) TA1(elements ...string) error {
	if w.interchange == nil || w.groups > 0 {
		return w.fail("a TA1 stands in an interchange, before its groups")
	}
	return w.plain("TA1", elements)
}

// BeginGroup writes a GS; Sets and the findings of g are ignored.
func (w *Writer) BeginGroup(g Group) error {
	if w.interchange == nil || w.group != nil {
		return w.fail("a group begins in an interchange, outside any group")
	}
	w.group, w.sets = &g, 0
	w.groups++
	return w.plain("GS", []string{g.FunctionalID, g.Sender, g.Receiver, g.Date, g.Time, g.Control, g.Agency, g.Version})
}

// EndGroup writes the GE.
func (w *Writer) EndGroup() error {
	if w.group == nil || w.set != nil {
		return w.fail("there is no group to end, or a transaction set is open in it")
	}
	control := w.group.Control
	w.group = nil
	return w.plain("GE", []string{fmt.Sprint(w.sets), control})
}

// BeginSet writes an ST; an empty version leaves out ST03.
func (w *Writer) BeginSet(kind, control, version string) error {
	if w.group == nil || w.set != nil {
		return w.fail("a transaction set begins in a group, outside any set")
	}
	w.set, w.segments = &Set{Control: control}, 0
	w.sets++
	return w.plain("ST", []string{kind, control, version})
}

// EndSet writes the SE.
func (w *Writer) EndSet() error {
	if w.set == nil {
		return w.fail("there is no transaction set to end")
	}
	control := w.set.Control
	w.set = nil
	return w.plain("SE", []string{fmt.Sprint(w.segments + 1), control})
}

// Segment writes a segment of plain elements into the open set. Elements must
// not hold a delimiter; see [Writer.Composite] and [Writer.Copy].
func (w *Writer) Segment(id string, elements ...string) error {
	if err := w.mayWrite(id); err != nil {
		return err
	}
	return w.plain(id, elements)
}

// Copy writes a segment that was read, composites and repetitions included,
// with this interchange's delimiters.
func (w *Writer) Copy(s Segment) error {
	if err := w.mayWrite(s.ID); err != nil {
		return err
	}
	elements := make([]string, len(s.Elements))
	for n := range s.Elements {
		repetitions := s.Repetitions(n + 1)
		for r, repetition := range repetitions {
			components := strings.Split(repetition, string(s.delimiters.Component))
			if slices.ContainsFunc(components, w.delimited) {
				return w.fail("%s has a delimiter of this interchange in it", s.field(n+1))
			}
			repetitions[r] = strings.Join(components, string(w.delimiters.Component))
		}
		if len(repetitions) > 1 && w.delimiters.Repetition == 0 {
			return w.fail("%s repeats, which this interchange cannot write", s.field(n+1))
		}
		elements[n] = strings.Join(repetitions, string(rune(w.delimiters.Repetition)))
	}
	return w.put(s.ID, elements)
}

func (w *Writer) mayWrite(id string) error {
	if w.set == nil {
		return w.fail("%s stands in no transaction set", id)
	}
	switch id {
	case "ISA", "IEA", "GS", "GE", "ST", "SE":
		return w.fail("%s is written by Begin and End", id)
	}
	if !isSegmentID(id) {
		return w.fail("a segment's name has two or three capitals and digits")
	}
	return nil
}

// plain writes elements that hold no delimiters.
func (w *Writer) plain(id string, elements []string) error {
	for n, element := range elements {
		if w.delimited(element) {
			return w.fail("%s%02d has a delimiter in it", id, n+1)
		}
	}
	return w.put(id, elements)
}

// put writes a segment and drops its empty trailing elements.
func (w *Writer) put(id string, elements []string) error {
	if w.err != nil {
		return w.err
	}
	last := len(elements)
	for last > 0 && elements[last-1] == "" {
		last--
	}
	w.segments++
	separator := string(rune(w.delimiters.Element))
	line := id
	if last > 0 {
		line += separator + strings.Join(elements[:last], separator)
	}
	line += string(rune(w.delimiters.Terminator))
	if !isLineEnd(w.delimiters.Terminator) {
		line += "\n"
	}
	_, w.err = w.out.WriteString(line)
	return w.err
}

// delimited reports whether a value would be torn apart when read again.
func (w *Writer) delimited(value string) bool {
	d := w.delimiters
	return strings.ContainsAny(value, "\r\n"+string([]byte{d.Element, d.Component, d.Terminator})) ||
		d.Repetition != 0 && strings.IndexByte(value, d.Repetition) >= 0
}

func (w *Writer) fail(format string, args ...any) error {
	if w.err == nil {
		w.err = fault.New(fault.Invalid, "x12.Writer", format, args...)
	}
	return w.err
}
