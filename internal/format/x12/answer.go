package x12

import (
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
)

// The statuses that partners give beside those that this package gives itself.
const (
	PartlyAccepted Status = "P" // a group of which some sets were taken: AK901 only
	BadCode        Status = "M" // rejected: the message authentication code failed
	BadAssurance   Status = "W" // rejected: the assurance failed its validity tests
	BadDecryption  Status = "X" // rejected: the content could not be decrypted
)

// Taken reports whether what the status is about was accepted whole.
func (s Status) Taken() bool { return s == Accepted || s == AcceptedWithErrors }

// Words says the status.
func (s Status) Words() string {
	switch s {
	case Accepted:
		return "accepted"
	case AcceptedWithErrors:
		return "accepted, with errors to mend"
	case PartlyAccepted:
		return "partly accepted: at least one transaction set was rejected"
	case Rejected:
		return "rejected"
	case BadCode:
		return "rejected: the message authentication code failed"
	case BadAssurance:
		return "rejected: the assurance failed its validity tests"
	case BadDecryption:
		return "rejected: the content could not be decrypted"
	}
	return "an unknown status"
}

// Envelope is the level of an interchange that an answer is about.
type Envelope string

// The levels, from the outside in.
const (
	OfInterchange Envelope = "interchange" // a TA1
	OfGroup       Envelope = "group"       // AK1 and AK9 of a 999
	OfSet         Envelope = "set"         // AK2 to IK5 of a 999
)

// Answer is what a partner says of one envelope that we sent.
//
// A group's verdict covers the sets that its 999 does not name: partners may
// leave out accepted sets, and a group rejected (R) has none accepted whatever
// its sets' own verdicts say. A set's verdict comes before its group's.
type Answer struct {
	Of      Envelope
	Line    int          // of the TA1, AK1 or AK2
	Segment int          // its ordinal in the file
	By      *Interchange // the interchange that brought the answer
	Verdict Status

	// An interchange's: ISA13, ISA09 and ISA10 of ours. Control may be "" where
	// the partner could not read it. Under a 999 they are not told.
	Control string
	Date    string
	Time    string

	// Group is given of a group and of a set: GS01, GS06 and GS08 of ours.
	Group struct{ FunctionalID, Control, Version string }
	// Set is given of a set: ST01, ST02 and ST03 of ours.
	Set struct{ Type, Control, Version string }

	// A group's counts: the sets that our GE stated, those received and those
	// accepted.
	Stated, Received, Accepted int

	Complaints []Complaint
	Unkept     int // complaints beyond the fault.ProblemsMax that are kept
}

// Complaint is one thing that a partner found wrong. The bad value itself
// (IK404) is not kept: it may be a person's.
type Complaint struct {
	Line int
	List CodeList
	Code string

	// Where in our transaction set; zero for a complaint about an envelope.
	Segment  string // IK301: "NM1"
	Position int    // IK302, from 1 at our ST
	Loop     string // IK303: "2100A"
	Element  int    // IK401, 0 if the whole segment is meant
	Part     int    // IK401-2, the component of the element; 0 if the whole
}

// Words says a complaint: where and what, such as "segment NM1 at 8 in loop
// 2100A, NM103: a required element is missing".
func (c Complaint) Words() string {
	meaning := c.List.Meaning(c.Code)
	if c.Segment == "" && c.Position == 0 {
		return meaning
	}
	where := fmt.Sprintf("segment %s at %d", shown(c.Segment), c.Position)
	if c.Loop != "" {
		where += " in loop " + shown(c.Loop)
	}
	if c.Element > 0 {
		where += fmt.Sprintf(", %s%02d", shown(c.Segment), c.Element)
	}
	if c.Part > 0 {
		where += fmt.Sprintf("-%d", c.Part)
	}
	return where + ": " + meaning
}

// AnswerSummary counts the answers of a file.
type AnswerSummary struct {
	Result       *Result
	TA1s         int // interchanges answered
	TA1sRejected int
	Sets         int // 999s
	SetsAccepted int // our sets that they accept, by AK904
	SetsRejected int // our sets that they do not, by AK903 less AK904
}

// ReadAnswers reads the TA1s and 999s of r (005010X231 and X231A1) and calls
// each for every verdict that reads, in file order. The problems are those of
// the whole file; the error is that of r or of each, which ends the reading.
//
// Answers arrive before the trailers that prove the file: mark nothing for good
// until fault.Judge of the problems says accept.
func ReadAnswers(r io.Reader, each func(Answer) error) (AnswerSummary, []fault.Problem, error) {
	c := newChecker()
	c.eachAnswer = each
	result, err := walk(r, c)
	c.answers.Result = result
	c.answers.TA1s, c.answers.TA1sRejected = result.ta1s()
	return c.answers, result.Problems(), err
}

// acknowledged hands on a TA1.
func (c *checker) acknowledged(by *Interchange, s Segment) error {
	if c.eachAnswer == nil {
		return nil
	}
	a := Answer{
		Of: OfInterchange, Line: s.Line, Segment: s.Ordinal, By: by, Verdict: Status(s.Element(4)),
		Control: s.Element(1), Date: s.Element(2), Time: s.Element(3),
	}
	if code := s.Element(5); code != "" && code != taNoError {
		a.Complaints = []Complaint{{Line: s.Line, List: CodesTA105, Code: code}}
	}
	return c.eachAnswer(a)
}
