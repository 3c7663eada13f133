package x12

import (
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// acknowledgement reads one 999: what a partner says of one functional group.
type acknowledgement struct {
	at      *reporter
	summary *AnswerSummary
	each    func(Answer) error

	known   bool // the guide is one of ours
	good    bool // nothing of the set was refused
	group   *Answer
	set     *Answer
	place   Complaint // of the latest IK3, for its IK4s
	ended   bool      // the AK9 was read
	refused int       // sets that the 999 rejects by name
	last    Segment
}

func newAcknowledgement(set *Set, at *reporter, c *checker) *acknowledgement {
	c.answers.Sets++
	known := set.Version == "005010X231A1" || set.Version == "005010X231"
	return &acknowledgement{at: at, summary: &c.answers, each: c.eachAnswer, known: known, good: true}
}

func (a *acknowledgement) refuse(s Segment, element int, code, format string, args ...any) {
	a.good = false
	a.at.refuse(s, element, code, format, args...)
}

func (a *acknowledgement) missing(s Segment, id, format string, args ...any) {
	a.good = false
	a.at.missing(s, id, format, args...)
}

func (a *acknowledgement) segment(s Segment) error {
	a.last = s
	if s.ID == "ST" && !a.known {
		a.refuse(s, 3, elementCode, "the implementation guide is %q, must be 005010X231A1 or 005010X231", shown(a.at.set.Version))
	}
	if !a.known || s.ID == "ST" || s.ID == "SE" {
		return nil
	}
	if a.ended {
		a.refuse(s, 0, segmentSequence, "%s stands behind the AK9 that ends the answer", s.ID)
		return nil
	}
	if a.group == nil && s.ID != "AK1" {
		a.missing(s, "AK1", "AK1 must follow the ST")
		a.group = a.answer(s, OfGroup)
	}
	switch s.ID {
	case "AK1":
		a.beginGroup(s)
	case "AK2":
		a.beginSet(s)
	case "IK3":
		a.segmentComplaint(s)
	case "IK4":
		a.elementComplaint(s)
	case "IK5":
		return a.endSet(s)
	case "AK9":
		return a.endGroup(s)
	case "CTX": // the context of a complaint, which may quote a person's data: not kept
	default:
		a.refuse(s, 0, segmentUnexpected, "%s has no place in a 999", s.ID)
	}
	return nil
}

func (a *acknowledgement) answer(s Segment, of Envelope) *Answer {
	return &Answer{Of: of, Line: s.Line, Segment: s.Ordinal, By: a.at.set.Group.Interchange}
}

func (a *acknowledgement) beginGroup(s Segment) {
	if a.group != nil {
		a.refuse(s, 0, segmentTooMany, "a second AK1 in one 999")
		return
	}
	a.group = a.answer(s, OfGroup)
	a.group.Group.FunctionalID, a.group.Group.Control, a.group.Group.Version = s.Element(1), s.Element(2), s.Element(3)
	for _, n := range []int{1, 2} {
		if s.Element(n) == "" {
			a.refuse(s, n, elementMissing, "%s is missing: the answer does not say of which group it is", s.field(n))
		}
	}
}

func (a *acknowledgement) beginSet(s Segment) {
	a.requireEnd(s)
	a.set = a.answer(s, OfSet)
	a.set.Group = a.group.Group
	a.set.Set.Type, a.set.Set.Control, a.set.Set.Version = s.Element(1), s.Element(2), s.Element(3)
	a.place = Complaint{}
}

// requireEnd reports a set that has no verdict before the next one begins.
func (a *acknowledgement) requireEnd(s Segment) {
	if a.set != nil {
		a.missing(s, "IK5", "the verdict on the set, IK5, is missing before this segment")
	}
}

func (a *acknowledgement) segmentComplaint(s Segment) {
	if a.set == nil {
		a.refuse(s, 0, segmentSequence, "IK3 stands before the AK2 of the set that it is about")
		return
	}
	a.place = Complaint{
		Line: s.Line, List: CodesIK304, Code: s.Element(4), Segment: s.Element(1), Loop: s.Element(3),
		Position: a.number(s, 2, s.Element(2)),
	}
	if a.place.Code == "" {
		a.refuse(s, 4, elementMissing, "the error code is missing")
	}
	a.set.complain(a.place)
}

func (a *acknowledgement) elementComplaint(s Segment) {
	if a.set == nil || a.place.Line == 0 {
		a.refuse(s, 0, segmentSequence, "IK4 stands before the IK3 of the segment that it is about")
		return
	}
	c := a.place
	c.Line, c.List, c.Code = s.Line, CodesIK403, s.Element(3)
	c.Element = a.number(s, 1, s.Component(1, 1))
	if part := s.Component(1, 2); part != "" {
		c.Part = a.number(s, 1, part)
	}
	if c.Code == "" {
		a.refuse(s, 3, elementMissing, "the error code is missing")
	}
	a.set.complain(c)
}

// complain keeps a complaint while there is room.
func (a *Answer) complain(c Complaint) {
	if len(a.Complaints) >= fault.ProblemsMax {
		a.Unkept++
		return
	}
	a.Complaints = append(a.Complaints, c)
}

// number reads a count or a position.
func (a *acknowledgement) number(s Segment, element int, value string) int {
	n, err := strconv.Atoi(value)
	if err != nil || !isNumber(value) {
		a.refuse(s, element, elementCharacter, "%s is %q, which is not a number", s.field(element), shown(value))
		return 0
	}
	return n
}

func (a *acknowledgement) endSet(s Segment) error {
	set := a.set
	if set == nil {
		a.refuse(s, 0, segmentSequence, "IK5 stands before the AK2 of the set that it is about")
		return nil
	}
	a.set, a.place = nil, Complaint{}
	set.Verdict = a.verdict(s, "A", "E", "M", "R", "W", "X")
	if !set.Verdict.Taken() {
		a.refused++
	}
	a.envelopeComplaints(set, s, 2, CodesIK502)
	return a.give(set)
}

func (a *acknowledgement) verdict(s Segment, known ...string) Status {
	stated := s.Element(1)
	for _, status := range known {
		if stated == status {
			return Status(stated)
		}
	}
	a.refuse(s, 1, elementCode, "the verdict is %q, must be one of %s", shown(stated), strings.Join(known, ", "))
	return Status(stated)
}

// envelopeComplaints takes the codes from an element of an IK5 or AK9 on.
func (a *acknowledgement) envelopeComplaints(of *Answer, s Segment, from int, list CodeList) {
	for n := from; n < from+codesMax; n++ {
		if code := s.Element(n); code != "" {
			of.complain(Complaint{Line: s.Line, List: list, Code: code})
		}
	}
}

func (a *acknowledgement) endGroup(s Segment) error {
	a.requireEnd(s)
	group := a.group
	a.ended = true
	group.Verdict = a.verdict(s, "A", "E", "M", "P", "R", "W", "X")
	group.Stated, group.Received, group.Accepted =
		a.number(s, 2, s.Element(2)), a.number(s, 3, s.Element(3)), a.number(s, 4, s.Element(4))
	a.envelopeComplaints(group, s, 5, CodesAK905)
	if !a.good {
		return nil
	}
	a.balance(group, s)
	if group.Accepted <= group.Received {
		a.summary.SetsAccepted += group.Accepted
		a.summary.SetsRejected += group.Received - group.Accepted
	}
	return a.give(group)
}

// balance holds the verdict on a group against its counts and its sets.
func (a *acknowledgement) balance(group *Answer, s Segment) {
	rejected := group.Received - group.Accepted
	switch {
	case rejected < 0:
		a.at.flag(s, 4, "accepted sets stated %d, received %d", group.Accepted, group.Received)
	case group.Verdict.Taken() && rejected > 0:
		a.at.flag(s, 4, "the group is accepted (%s), but %d of %d sets are", group.Verdict, group.Accepted, group.Received)
	case group.Verdict.Taken() && a.refused > 0:
		a.at.flag(s, 1, "the group is accepted (%s), but %d sets are rejected by name", group.Verdict, a.refused)
	case group.Verdict == PartlyAccepted && a.refused > rejected:
		a.at.flag(s, 4, "%d sets are rejected by name, by the counts %d", a.refused, rejected)
	case group.Verdict != PartlyAccepted && !group.Verdict.Taken() && group.Accepted > 0:
		a.at.flag(s, 4, "the group is rejected (%s), but %d sets are accepted", group.Verdict, group.Accepted)
	}
}

// give hands on an answer of a 999 that is right so far.
func (a *acknowledgement) give(answer *Answer) error {
	if !a.good || a.each == nil {
		return nil
	}
	return a.each(*answer)
}

func (a *acknowledgement) end() error {
	if a.known && !a.ended {
		a.missing(a.last, "AK9", "the verdict on the group, AK9, is missing before this segment")
	}
	return nil
}
