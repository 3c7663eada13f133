package x12

import (
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/fault"
)

// EnvelopesMax bounds the interchanges, groups and transaction sets of one
// file together, because a Result keeps a few words about each.
const EnvelopesMax = 100_000

// Result is what a reading found: every envelope of the file and everything
// wrong with it. [Acknowledge] turns it into the answer to the sender.
type Result struct {
	Interchanges []*Interchange
	problems     []fault.Problem
	refused      bool
	flagged      bool
	notes        int
}

// Interchange is one ISA to IEA. Text fields come without their padding.
type Interchange struct {
	AuthorizationQualifier, Authorization string // ISA01, ISA02
	SecurityQualifier, Security           string // ISA03, ISA04
	SenderQualifier, Sender               string // ISA05, ISA06
	ReceiverQualifier, Receiver           string // ISA07, ISA08
	Date                                  string // ISA09, YYMMDD
	Time                                  string // ISA10, HHMM
	Version                               string // ISA12, "00501"
	Control                               string // ISA13, nine digits
	AckRequested                          bool   // ISA14: the sender wants a TA1
	Usage                                 string // ISA15: P production, T test
	Delimiters                            Delimiters

	Groups       []*Group
	TA1s         int  // acknowledgements of interchanges that this one carries
	TA1sRejected int  // those of TA1s that do not accept
	Line         int  // of the ISA
	Closed       bool // an IEA was read
	tally
}

// Group is one functional group, GS to GE.
type Group struct {
	FunctionalID string // GS01: BE for 834, RA 820, HP 835, HC 837, FA 999
	Sender       string // GS02
	Receiver     string // GS03
	Date         string // GS04, CCYYMMDD
	Time         string // GS05
	Control      string // GS06
	Agency       string // GS07, X
	Version      string // GS08, the implementation guide: "005010X220A1"

	Interchange *Interchange
	Sets        []*Set
	Stated      string // GE01 as written, "" if there was none
	Line        int
	tally
}

// Set is one transaction set, ST to SE.
type Set struct {
	Type    string // ST01: "834"
	Control string // ST02
	Version string // ST03, or GS08 where ST03 is absent

	Group    *Group
	Segments int // counted, ST and SE included
	Line     int
	tally
}

// Status is an acknowledgement's word on an envelope.
type Status string

// The statuses of TA104, AK901 and IK501 that this package gives.
const (
	Accepted           Status = "A"
	AcceptedWithErrors Status = "E" // taken as it is, with errors that the sender should mend
	Rejected           Status = "R"
)

// Finding is one thing wrong, with what an acknowledgement needs to say so.
type Finding struct {
	fault.Problem

	// Note marks an error that stops nothing: it is reported to the sender in
	// the 999 and is no problem of the file.
	Note bool

	// Code is from the list of the envelope that holds the finding: TA105 for
	// an interchange, AK905 for a group. In a transaction set it is IK304 if
	// Segment is given and Element is not, IK403 if Element is, else IK502.
	Code     string
	Segment  string
	Position int // of the segment in its set, from 1 at the ST
	Element  int
}

// tally collects what is wrong directly with one envelope, not inside it.
type tally struct {
	findings []Finding // up to fault.ProblemsMax over the whole file
	rejected bool
	noted    bool
}

// Findings lists what is wrong with this envelope itself.
func (t *tally) Findings() []Finding { return slices.Clone(t.findings) }

// Status says whether this envelope itself, not what it holds, can be taken.
func (t *tally) Status() Status {
	switch {
	case t.rejected:
		return Rejected
	case t.noted:
		return AcceptedWithErrors
	}
	return Accepted
}

func (t *tally) add(f Finding, keep bool) {
	t.noted = t.noted || f.Note
	t.rejected = t.rejected || !f.Note
	if keep {
		t.findings = append(t.findings, f)
	}
}

// Problems lists what is wrong with the file in the order of reading, up to
// fault.ProblemsMax.
func (r *Result) Problems() []fault.Problem { return slices.Clone(r.problems) }

// Verdict says what the file's problems add up to, those beyond
// fault.ProblemsMax included.
func (r *Result) Verdict() fault.Verdict {
	switch {
	case r.refused:
		return fault.Refuse
	case r.flagged:
		return fault.Flag
	}
	return fault.Accept
}

// record notes a finding and reports whether there was room to keep it. The
// first refusal takes the last place when only flags were kept, so that
// fault.Judge of the problems agrees with Verdict.
func (r *Result) record(f Finding) bool {
	if f.Note {
		r.notes++
		return r.notes <= fault.ProblemsMax
	}
	firstRefusal := !f.Control && !r.refused
	r.refused = r.refused || !f.Control
	r.flagged = r.flagged || f.Control
	if len(r.problems) < fault.ProblemsMax {
		r.problems = append(r.problems, f.Problem)
		return true
	}
	if firstRefusal {
		r.problems[fault.ProblemsMax-1] = f.Problem
	}
	return false
}

// groups counts functional groups.
func (r *Result) groups() int {
	n := 0
	for _, interchange := range r.Interchanges {
		n += len(interchange.Groups)
	}
	return n
}

// sets calls each on every transaction set in file order.
func (r *Result) sets(each func(*Set)) {
	for _, interchange := range r.Interchanges {
		for _, group := range interchange.Groups {
			for _, set := range group.Sets {
				each(set)
			}
		}
	}
}

// problemAt places a message at a segment.
func problemAt(s Segment, element int, control bool, format string, args ...any) fault.Problem {
	p := fault.Problem{
		Line: s.Line, Control: control,
		Message: fmt.Sprintf("segment %d: ", s.Ordinal) + fmt.Sprintf(format, args...),
	}
	if isSegmentID(s.ID) { // else it may be a piece of anybody's data
		p.Record = s.ID
	}
	if element > 0 {
		p.Field = s.field(element)
	}
	return p
}
