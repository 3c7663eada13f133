package x12

import (
	"errors"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// Codes of TA105, the interchange note.
const (
	taControlMismatch  = "001"
	taVersion          = "003"
	taDate             = "014"
	taTime             = "015"
	taControlNumber    = "018"
	taAckRequested     = "019"
	taUsage            = "020"
	taGroupCount       = "021"
	taStructure        = "022"
	taEndOfFile        = "023"
	taContent          = "024"
	taDuplicateControl = "025"
)

// Codes of AK905, the functional group syntax error.
const (
	akTrailerMissing   = "3"
	akControlMismatch  = "4"
	akSetCount         = "5"
	akControlNumber    = "6"
	akDuplicateControl = "19"
)

// Codes of IK502, the transaction set syntax error.
const (
	ikTrailerMissing   = "2"
	ikControlMismatch  = "3"
	ikSegmentCount     = "4"
	ikSegmentsInError  = "5"
	ikSetIdentifier    = "6"
	ikControlNumber    = "7"
	ikDuplicateControl = "23"
)

// Codes of IK304, the segment syntax error.
const (
	segmentUnknown    = "1"
	segmentUnexpected = "2"
	segmentMissing    = "3"
	segmentTooMany    = "5"
	segmentSequence   = "7"
	segmentElements   = "8"
)

// Codes of IK403, the element syntax error.
const (
	elementMissing   = "1"
	elementCharacter = "6"
	elementCode      = "7"
	elementDate      = "8"
	elementPattern   = "I12"
)

// functionalIDs says which group (GS01) each set of the HIPAA guides goes in.
var functionalIDs = map[string]string{
	"270": "HS", "271": "HB", "276": "HR", "277": "HN", "278": "HI",
	"820": "RA", "834": "BE", "835": "HP", "837": "HC", "999": "FA",
}

// Read reads every interchange of r, checks its envelopes and calls each for
// every segment of a transaction set, ST and SE included. What is wrong with
// the file is in the Result, which is complete up to the point where reading
// stopped; the error is that of r or of each, which ends the reading.
//
// Segments arrive before the trailers that prove them: use nothing for good
// until the Result's verdict is known.
func Read(r io.Reader, each func(*Set, Segment) error) (*Result, error) {
	return walk(r, passer(each))
}

// visitor takes what a walk meets between the envelopes.
type visitor interface {
	open(*Set, *reporter) body                // a transaction set begins
	acknowledged(*Interchange, Segment) error // a TA1 whose verdict is readable
}

// passer hands every segment on and checks none.
type passer func(*Set, Segment) error

func (p passer) open(set *Set, _ *reporter) body          { return passing{set, p} }
func (p passer) acknowledged(*Interchange, Segment) error { return nil }

// body checks the inside of one transaction set.
type body interface {
	segment(Segment) error // every segment, ST and SE included
	end() error            // after the SE, or where it should have been
}

type passing struct {
	set  *Set
	each passer
}

func (p passing) segment(s Segment) error { return p.each(p.set, s) }
func (p passing) end() error              { return nil }

// reporter takes what a body finds wrong in its set.
type reporter struct {
	result *Result
	set    *Set
}

// missing reports that a segment named id should stand near s, code 3 of IK304.
func (r *reporter) missing(s Segment, id, format string, args ...any) {
	p := problemAt(s, 0, false, format, args...)
	s.ID = id
	r.report(s, 0, segmentMissing, p, false)
}

// refuse reports a segment (element 0) or one of its elements that breaks the
// guide. The code is IK304 or IK403.
func (r *reporter) refuse(s Segment, element int, code, format string, args ...any) {
	r.report(s, element, code, problemAt(s, element, false, format, args...), false)
}

// flag reports an amount or count that does not agree with the contents.
func (r *reporter) flag(s Segment, element int, format string, args ...any) {
	r.report(s, element, elementPattern, problemAt(s, element, true, format, args...), false)
}

// note reports an error that stops nothing.
func (r *reporter) note(s Segment, element int, code, format string, args ...any) fault.Problem {
	p := problemAt(s, element, false, format, args...)
	r.report(s, element, code, p, true)
	return p
}

func (r *reporter) report(s Segment, element int, code string, p fault.Problem, note bool) {
	f := Finding{Problem: p, Note: note, Code: code, Segment: s.ID, Position: s.Position, Element: element}
	keep := r.result.record(f) && len(r.set.findings) < fault.ProblemsMax
	r.set.add(f, keep)
}

// walker is the state machine of the envelope.
type walker struct {
	scan   *Scanner
	result *Result
	to     visitor

	interchange *Interchange
	group       *Group
	set         *Set
	body        body
	last        Segment
	envelopes   int
	orphans     bool // segments outside any set were reported in this group

	interchangeControls, groupControls, setControls map[string]bool
}

func walk(r io.Reader, to visitor) (*Result, error) {
	w := &walker{
		scan: NewScanner(r), result: &Result{}, to: to, interchangeControls: map[string]bool{},
	}
	for {
		segment, err := w.scan.Next()
		var syntax *SyntaxError
		switch {
		case errors.Is(err, io.EOF):
			return w.result, w.endOfFile()
		case errors.As(err, &syntax):
			return w.result, w.breakOff(syntax)
		case err != nil:
			return w.result, err
		}
		on, err := w.segment(segment)
		if err != nil || !on {
			return w.result, err
		}
	}
}

// segment moves the state machine by one segment and reports whether to go on.
func (w *walker) segment(s Segment) (on bool, err error) {
	w.last = s
	if s.ID != "ISA" && w.interchange == nil {
		w.record(nil, Finding{Problem: problemAt(s, 0, false, "this segment stands outside an interchange: reading stopped")})
		return false, nil
	}
	switch s.ID {
	case "ISA", "GS", "ST":
		if w.envelopes++; w.envelopes > EnvelopesMax {
			w.refuse(&w.interchange.tally, s, 0, taContent, "the file has more than %d interchanges, groups and transaction sets", EnvelopesMax)
			return false, nil
		}
	}
	switch s.ID {
	case "ISA":
		err = w.beginInterchange(s)
	case "IEA":
		err = w.endInterchange(s)
	case "GS":
		err = w.beginGroup(s)
	case "GE":
		err = w.endGroup(s)
	case "ST":
		err = w.beginSet(s)
	case "SE":
		err = w.endSet(s)
	default:
		err = w.inside(s)
	}
	return true, err
}

func (w *walker) beginInterchange(s Segment) error {
	if w.interchange != nil {
		if err := w.closeInterchange("another ISA begins before the IEA", taStructure); err != nil {
			return err
		}
	}
	trimmed := func(n int) string { return strings.TrimRight(s.Element(n), " ") }
	w.interchange = &Interchange{
		AuthorizationQualifier: s.Element(1), Authorization: trimmed(2),
		SecurityQualifier: s.Element(3), Security: trimmed(4),
		SenderQualifier: s.Element(5), Sender: trimmed(6),
		ReceiverQualifier: s.Element(7), Receiver: trimmed(8),
		Date: s.Element(9), Time: s.Element(10), Version: s.Element(12),
		Control: s.Element(13), AckRequested: s.Element(14) == "1", Usage: s.Element(15),
		Delimiters: w.scan.Delimiters(), Line: s.Line,
	}
	w.result.Interchanges = append(w.result.Interchanges, w.interchange)
	w.groupControls = map[string]bool{}
	w.orphans = false
	w.checkISA(s)
	return nil
}

func (w *walker) checkISA(s Segment) {
	for n, width := range isaWidths {
		if got := len([]rune(s.Element(n + 1))); got != width {
			w.refuse(&w.interchange.tally, s, n+1, taStructure, "the ISA is not the fixed %d characters: %s has %d, must have %d", isaLength, s.field(n+1), got, width)
		}
	}
	if _, err := time.Parse("060102", s.Element(9)); err != nil {
		w.refuse(&w.interchange.tally, s, 9, taDate, "%q is not a date YYMMDD", shown(s.Element(9)))
	}
	if _, err := time.Parse("1504", s.Element(10)); err != nil {
		w.refuse(&w.interchange.tally, s, 10, taTime, "%q is not a time HHMM", shown(s.Element(10)))
	}
	if !isNumber(s.Element(12)) {
		w.refuse(&w.interchange.tally, s, 12, taVersion, "the version %q is not a number", shown(s.Element(12)))
	}
	if !isNumber(s.Element(13)) {
		w.refuse(&w.interchange.tally, s, 13, taControlNumber, "the control number %q is not a number", shown(s.Element(13)))
	}
	if v := s.Element(14); v != "0" && v != "1" {
		w.refuse(&w.interchange.tally, s, 14, taAckRequested, "acknowledgement requested is %q, must be 0 or 1", shown(v))
	}
	if v := s.Element(15); v != "P" && v != "T" && v != "I" {
		w.refuse(&w.interchange.tally, s, 15, taUsage, "usage is %q, must be P, T or I", shown(v))
	}
	if control := s.Element(13); w.interchangeControls[control] {
		w.flag(&w.interchange.tally, s, 13, taDuplicateControl, "control number %s stands twice in this file", shown(control))
	}
	w.interchangeControls[s.Element(13)] = true
}

func (w *walker) endInterchange(s Segment) error {
	if w.group != nil {
		if err := w.closeGroup("the IEA comes before the GE"); err != nil {
			return err
		}
	}
	i := w.interchange
	i.Closed = true
	w.checkCount(&i.tally, s, len(i.Groups), "groups", taGroupCount)
	if s.Element(2) != i.Control {
		w.flag(&w.interchange.tally, s, 2, taControlMismatch, "control number stated %q, the ISA has %q", shown(s.Element(2)), shown(i.Control))
	}
	w.interchange = nil
	return nil
}

func (w *walker) beginGroup(s Segment) error {
	if w.group != nil {
		if err := w.closeGroup("another GS begins before the GE"); err != nil {
			return err
		}
	}
	w.group = &Group{
		FunctionalID: kept(s, 1), Sender: kept(s, 2), Receiver: kept(s, 3), Date: kept(s, 4), Time: kept(s, 5),
		Control: kept(s, 6), Agency: kept(s, 7), Version: kept(s, 8),
		Interchange: w.interchange, Line: s.Line,
	}
	w.interchange.Groups = append(w.interchange.Groups, w.group)
	w.setControls = map[string]bool{}
	w.orphans = false
	for _, n := range []int{1, 2, 3, 7, 8} {
		if s.Element(n) == "" {
			w.refuse(&w.group.tally, s, n, akControlNumber, "%s is missing", s.field(n))
		}
	}
	control := w.group.Control
	if !isNumber(control) || len(control) > 9 {
		w.refuse(&w.group.tally, s, 6, akControlNumber, "the group's control number is %q, must have 1 to 9 digits", shown(control))
	}
	if key := sameNumber(control); w.groupControls[key] {
		w.flag(&w.group.tally, s, 6, akDuplicateControl, "control number %s stands twice in this interchange", shown(control))
	}
	w.groupControls[sameNumber(control)] = true
	return nil
}

func (w *walker) endGroup(s Segment) error {
	if w.set != nil {
		if err := w.closeSet("the GE comes before the SE"); err != nil {
			return err
		}
	}
	g := w.group
	if g == nil {
		w.refuse(&w.interchange.tally, s, 0, taContent, "a GE without a GS")
		return nil
	}
	g.Stated = kept(s, 1)
	w.checkCount(&g.tally, s, len(g.Sets), "transaction sets", akSetCount)
	if sameNumber(s.Element(2)) != sameNumber(g.Control) {
		w.flag(&w.group.tally, s, 2, akControlMismatch, "control number stated %q, the GS has %q", shown(s.Element(2)), shown(g.Control))
	}
	w.group = nil
	w.orphans = false
	return nil
}

func (w *walker) beginSet(s Segment) error {
	if w.set != nil {
		if err := w.closeSet("another ST begins before the SE"); err != nil {
			return err
		}
	}
	if w.group == nil {
		w.orphan(s)
		return nil
	}
	version := kept(s, 3)
	if version == "" {
		version = w.group.Version
	}
	w.set = &Set{Type: kept(s, 1), Control: kept(s, 2), Version: version, Group: w.group, Line: s.Line}
	w.group.Sets = append(w.group.Sets, w.set)
	w.orphans = false
	if len(w.set.Type) != 3 || !isNumber(w.set.Type) {
		w.refuse(&w.set.tally, s, 1, ikSetIdentifier, "the transaction set is %q, must have three digits", shown(w.set.Type))
		w.set.Type = ""
	}
	if want, known := functionalIDs[w.set.Type]; known && w.group.FunctionalID != want {
		w.refuse(&w.set.tally, s, 1, ikSetIdentifier, "a set %s in a group %q, must be %s", w.set.Type, shown(w.group.FunctionalID), want)
	}
	if n := len(w.set.Control); n < 4 || n > 9 {
		w.refuse(&w.set.tally, s, 2, ikControlNumber, "the control number is %q, must have 4 to 9 characters", shown(w.set.Control))
	}
	if w.setControls[w.set.Control] {
		w.flag(&w.set.tally, s, 2, ikDuplicateControl, "control number %s stands twice in this group", shown(w.set.Control))
	}
	w.setControls[w.set.Control] = true
	w.body = w.to.open(w.set, &reporter{w.result, w.set})
	return w.inside(s)
}

func (w *walker) endSet(s Segment) error {
	set := w.set
	if set == nil {
		w.orphan(s)
		return nil
	}
	if err := w.inside(s); err != nil {
		return err
	}
	w.checkCount(&set.tally, s, set.Segments, "segments", ikSegmentCount)
	if s.Element(2) != set.Control {
		w.flag(&w.set.tally, s, 2, ikControlMismatch, "control number stated %q, the ST has %q", shown(s.Element(2)), shown(set.Control))
	}
	return w.finishSet()
}

// inside takes a segment that opens or closes no envelope, and ST and SE as
// seen from within their set.
func (w *walker) inside(s Segment) error {
	if w.set == nil {
		if s.ID == "TA1" && w.group == nil {
			return w.acknowledgement(s)
		}
		w.orphan(s)
		return nil
	}
	w.set.Segments++
	s.Position = w.set.Segments
	if !isSegmentID(s.ID) {
		w.record(&w.set.tally, Finding{
			Problem: problemAt(s, 0, false, "a segment's name has two or three capitals and digits, this one does not"),
			Code:    segmentUnknown, Segment: idOf(s.ID), Position: s.Position,
		})
		return nil
	}
	return w.body.segment(s)
}

// acknowledgement takes a TA1: what a partner says of an interchange of ours.
func (w *walker) acknowledgement(s Segment) error {
	i := w.interchange
	i.TA1s++
	switch status := s.Element(4); Status(status) {
	case Accepted, AcceptedWithErrors:
	case Rejected:
		i.TA1sRejected++
	default:
		i.TA1sRejected++
		w.refuse(&i.tally, s, 4, taContent, "the verdict of the TA1 is %q, must be A, E or R", shown(status))
		return nil
	}
	return w.to.acknowledged(i, s)
}

// orphan reports the first of a run of segments that belong to no set.
func (w *walker) orphan(s Segment) {
	if w.orphans {
		return
	}
	w.orphans = true
	p := problemAt(s, 0, false, "this segment stands outside a transaction set of a functional group")
	w.record(&w.interchange.tally, Finding{Problem: p, Code: taContent})
}

func (w *walker) closeSet(why string) error {
	p := problemAt(w.last, 0, false, "transaction set %s has no SE: %s", shown(w.set.Control), why)
	w.record(&w.set.tally, Finding{Problem: p, Code: ikTrailerMissing})
	return w.finishSet()
}

func (w *walker) finishSet() error {
	body := w.body
	w.set, w.body = nil, nil
	return body.end()
}

func (w *walker) closeGroup(why string) error {
	if w.set != nil {
		if err := w.closeSet(why); err != nil {
			return err
		}
	}
	p := problemAt(w.last, 0, false, "functional group %s has no GE: %s", shown(w.group.Control), why)
	w.record(&w.group.tally, Finding{Problem: p, Code: akTrailerMissing})
	w.group = nil
	return nil
}

func (w *walker) closeInterchange(why, code string) error {
	if w.group != nil {
		if err := w.closeGroup(why); err != nil {
			return err
		}
	}
	p := problemAt(w.last, 0, false, "interchange %s has no IEA: %s", shown(w.interchange.Control), why)
	w.record(&w.interchange.tally, Finding{Problem: p, Code: code})
	w.interchange = nil
	return nil
}

func (w *walker) endOfFile() error {
	if len(w.result.Interchanges) == 0 {
		w.record(nil, Finding{Problem: fault.Problem{Message: "the file is empty"}})
		return nil
	}
	if w.interchange == nil {
		return nil
	}
	return w.closeInterchange("the file ends", taEndOfFile)
}

// breakOff ends the reading at a segment that does not read.
func (w *walker) breakOff(syntax *SyntaxError) error {
	s := Segment{ID: syntax.Segment, Line: syntax.Line, Ordinal: syntax.Ordinal}
	w.last = s
	f := Finding{Problem: problemAt(s, 0, false, "%s", syntax.Message), Code: taContent}
	if syntax.truncated {
		f.Code = taEndOfFile
	}
	if w.interchange == nil {
		w.record(nil, f)
		return nil
	}
	w.record(&w.interchange.tally, f)
	return w.closeInterchange("reading stopped", taEndOfFile)
}

// checkCount holds a trailer's count, its first element, against what was
// counted. A count that is no number cannot be compared and is a refusal.
func (w *walker) checkCount(t *tally, s Segment, counted int, of, code string) {
	stated := s.Element(1)
	n, err := strconv.Atoi(stated)
	switch {
	case stated != "" && (err != nil || !isNumber(stated)):
		w.refuse(t, s, 1, code, "the count of %s is %q, which is not a number", of, shown(stated))
	case stated == "" || n != counted:
		w.flag(t, s, 1, code, "%s stated %q, counted %d", of, shown(stated), counted)
	}
}

func (w *walker) record(t *tally, f Finding) {
	keep := w.result.record(f)
	if t != nil {
		t.add(f, keep)
	}
}

func (w *walker) refuse(t *tally, s Segment, element int, code, format string, args ...any) {
	w.record(t, Finding{Problem: problemAt(s, element, false, format, args...), Code: code})
}

func (w *walker) flag(t *tally, s Segment, element int, code, format string, args ...any) {
	w.record(t, Finding{Problem: problemAt(s, element, true, format, args...), Code: code})
}

// kept is an element of an envelope as a Result keeps it. The longest that the
// standard allows has 35 characters; a copy lets go of the rest of its segment.
func kept(s Segment, n int) string {
	const most = 40
	value := s.Element(n)
	return strings.Clone(value[:min(most, len(value))])
}

// idOf is what a segment without a proper name is called in an acknowledgement.
func idOf(s string) string {
	n := 0
	for n < len(s) && n < 3 && isAlphanumeric(s[n]) {
		n++
	}
	return s[:n]
}

// shown shortens a value that a message or an acknowledgement quotes.
func shown(value string) string {
	const most = 20
	runes := []rune(value)
	if len(runes) <= most {
		return value
	}
	return string(runes[:most]) + "..."
}

// sameNumber is a control number without leading zeros: GS06 is numeric, and
// some senders pad it in one place only.
func sameNumber(control string) string { return strings.TrimLeft(control, "0") }

func isNumber(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

func isSegmentID(s string) bool {
	if len(s) < 2 || len(s) > 3 || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if !isAlphanumeric(s[i]) || s[i] >= 'a' {
			return false
		}
	}
	return true
}
