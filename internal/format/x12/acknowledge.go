package x12

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
)

// AckVersion is the implementation guide of the 999s written here.
const AckVersion = "005010X231A1"

// Stamp numbers and dates an acknowledgement.
type Stamp struct {
	// Control is the control number of the first interchange written, 1 to
	// 999,999,999; each further one takes the next. See [Answered].
	Control int
	// At is written as it reads in its own zone.
	At time.Time
}

// Answered counts the interchanges that [Acknowledge] writes for r, which is
// how many control numbers it uses.
func Answered(r *Result) int {
	n := 0
	for _, interchange := range r.Interchanges {
		if isAnswered(interchange) {
			n++
		}
	}
	return n
}

// Acknowledge writes the answer to a file: for each interchange one back to its
// sender with a TA1 where that was asked for or the interchange itself is
// rejected, and a 999 for each functional group. A 999 or TA1 is not answered,
// nor an ISA that names no sender, so a file of those, or without a readable
// ISA, gives no bytes and no error.
//
// A file is taken whole or not at all, so if any part of it is refused or
// flagged every group is answered R; only sets that are wrong themselves are
// named with their errors. Sets that were taken with Notes are answered E.
func Acknowledge(r *Result, stamp Stamp) ([]byte, error) {
	if last := stamp.Control + Answered(r) - 1; stamp.Control < 1 || last > 999_999_999 {
		return nil, fault.New(fault.Invalid, "x12.Acknowledge", "the control number %d is not of 1 to 9 digits", stamp.Control)
	}
	var out bytes.Buffer
	a := acknowledger{w: NewWriter(&out), at: stamp.At, taken: r.Verdict() == fault.Accept}
	control := stamp.Control
	for _, interchange := range r.Interchanges {
		if !isAnswered(interchange) {
			continue
		}
		if err := a.interchange(interchange, control); err != nil {
			return nil, fault.Wrap("x12.Acknowledge", err)
		}
		control++
	}
	return out.Bytes(), nil
}

func isAnswered(i *Interchange) bool {
	return i.Sender != "" && i.Receiver != "" && (wantsTA1(i) || len(answeredGroups(i)) > 0)
}

func wantsTA1(i *Interchange) bool {
	if i.TA1s > 0 && len(i.Groups) == 0 {
		return false // acknowledgements are not acknowledged
	}
	return i.AckRequested || i.Status() == Rejected || slices.ContainsFunc(i.Groups, isNameless)
}

// isNameless reports a group that a 999 could not name in its AK1: it is
// rejected with its interchange.
func isNameless(g *Group) bool { return g.FunctionalID == "" || g.Control == "" || g.Version == "" }

func answeredGroups(i *Interchange) []*Group {
	var groups []*Group
	for _, g := range i.Groups {
		if g.FunctionalID != "FA" && !isNameless(g) {
			groups = append(groups, g)
		}
	}
	return groups
}

type acknowledger struct {
	w     *Writer
	at    time.Time
	taken bool // the whole file is
}

// interchange answers one interchange. The writer's errors stick, so the last
// one tells of all.
func (a *acknowledger) interchange(i *Interchange, control int) error {
	usage := i.Usage
	if usage != "T" {
		usage = "P"
	}
	_ = a.w.BeginInterchange(Interchange{
		SenderQualifier: qualifier(i.ReceiverQualifier), Sender: clean(i.Receiver, 15),
		ReceiverQualifier: qualifier(i.SenderQualifier), Receiver: clean(i.Sender, 15),
		Date: a.at.Format("060102"), Time: a.at.Format("1504"),
		Control: fmt.Sprintf("%09d", control), Usage: usage,
	})
	if wantsTA1(i) {
		status, code := "A", "000"
		if i.Status() == Rejected || slices.ContainsFunc(i.Groups, isNameless) {
			status, code = "R", firstCode(i.findings, taContent)
		}
		_ = a.w.TA1(clean(i.Control, 9), clean(i.Date, 6), clean(i.Time, 4), status, code)
	}
	for n, g := range answeredGroups(i) {
		a.group(g, n+1)
	}
	return a.w.EndInterchange()
}

// group writes the 999 of one functional group in a group of its own.
func (a *acknowledger) group(g *Group, number int) {
	_ = a.w.BeginGroup(Group{
		FunctionalID: "FA",
		Sender:       clean(cmp.Or(g.Receiver, g.Interchange.Receiver), 15),
		Receiver:     clean(cmp.Or(g.Sender, g.Interchange.Sender), 15),
		Date:         a.at.Format("20060102"), Time: a.at.Format("1504"),
		Control: strconv.Itoa(number), Agency: "X", Version: AckVersion,
	})
	_ = a.w.BeginSet("999", "0001", AckVersion)
	_ = a.w.Segment("AK1", clean(g.FunctionalID, 2), clean(g.Control, 9), clean(g.Version, 12))
	noted := false
	for _, set := range g.Sets {
		noted = noted || set.Status() != Accepted
		if a.taken || set.Status() != Accepted {
			a.set(set)
		}
	}
	status, accepted := Rejected, 0
	if a.taken {
		status, accepted = Accepted, len(g.Sets)
		if noted {
			status = AcceptedWithErrors
		}
	}
	stated := g.Stated
	if !isNumber(stated) || len(stated) > 6 {
		stated = strconv.Itoa(len(g.Sets))
	}
	elements := []string{string(status), stated, strconv.Itoa(len(g.Sets)), strconv.Itoa(accepted)}
	_ = a.w.Segment("AK9", append(elements, codes(g.findings)...)...)
	_ = a.w.EndSet()
	_ = a.w.EndGroup()
}

// set writes the AK2 loop of one transaction set.
func (a *acknowledger) set(set *Set) {
	_ = a.w.Segment("AK2", clean(set.Type, 3), clean(set.Control, 9), clean(set.Version, 35))
	var envelope []Finding
	inside := false
	for _, f := range set.findings {
		if f.Position == 0 {
			envelope = append(envelope, f)
			continue
		}
		inside = true
		a.finding(f)
	}
	trailing := codes(envelope)
	// Findings beyond fault.ProblemsMax are not kept, but the set stays rejected.
	inside = inside || len(envelope) == 0 && set.Status() == Rejected
	if inside && len(trailing) < codesMax {
		trailing = append(trailing, ikSegmentsInError)
	}
	_ = a.w.Segment("IK5", append([]string{string(set.Status())}, trailing...)...)
}

// finding writes an IK3 and, for an element, its IK4. The bad value itself is
// left out (IK404): it may be a person's.
func (a *acknowledger) finding(f Finding) {
	code := f.Code
	if f.Element > 0 {
		code = segmentElements
	}
	_ = a.w.Segment("IK3", f.Segment, strconv.Itoa(f.Position), "", code)
	if f.Element > 0 {
		_ = a.w.Segment("IK4", strconv.Itoa(f.Element), "", f.Code)
	}
}

// clean makes what a sender wrote fit to be written back: delimiters of ours
// in it become blanks, and it is cut to its element's length.
func clean(value string, most int) string {
	d := DefaultDelimiters
	runes := []rune(value)
	for i, r := range runes {
		if r < ' ' || r == rune(d.Element) || r == rune(d.Component) || r == rune(d.Repetition) || r == rune(d.Terminator) {
			runes[i] = ' '
		}
	}
	return string(runes[:min(most, len(runes))])
}

// qualifier is how a party's id is qualified in the answer; ZZ, mutually
// defined, where a malformed ISA gives no qualifier of two characters.
func qualifier(stated string) string {
	if cleaned := clean(stated, 2); len(cleaned) == 2 {
		return cleaned
	}
	return "ZZ"
}

// codesMax is how many error codes AK9 and IK5 have room for.
const codesMax = 5

// codes lists the different codes of findings.
func codes(findings []Finding) []string {
	var list []string
	seen := map[string]bool{}
	for _, f := range findings {
		if !seen[f.Code] && len(list) < codesMax {
			seen[f.Code] = true
			list = append(list, f.Code)
		}
	}
	return list
}

// firstCode is the code of the first finding, or a fallback where none was kept.
func firstCode(findings []Finding, fallback string) string {
	if len(findings) == 0 {
		return fallback
	}
	return findings[0].Code
}
