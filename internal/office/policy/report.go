package policy

import (
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/member"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes. Each row has one of those before NeedsStaff; a row may need staff
// besides.
const (
	Began      Outcome = "new"
	Changed    Outcome = "changed"
	Ended      Outcome = "ended"
	Cancelled  Outcome = "cancelled" // it never takes effect
	Reinstated Outcome = "reinstated"
	Unchanged  Outcome = "unchanged"
	Differs    Outcome = "differs" // an audit states otherwise than our file, or a policy that is not on it
	Refused    Outcome = "refused" // nothing was done, for the reason given

	NeedsStaff Outcome = "needs_staff"
	Absent     Outcome = "absent" // covered here and not in a full file; nothing was done
)

// Line is a row, or a policy absent from a full file, that somebody must look at.
// It names places, fields, dates and amounts, never a person's data: Member is the
// opaque id of the subscriber's account, where there is one.
type Line struct {
	Line    int          `json:"line"`   // physical line; 0 for a policy absent from the file
	Record  string       `json:"record"` // the row as its format names it
	Segment int          `json:"segment,omitempty"`
	Outcome Outcome      `json:"outcome"`
	Field   string       `json:"field,omitempty"`
	Note    string       `json:"note"`
	Member  ident.Opaque `json:"member,omitempty"`
}

// LinesMax bounds the lines of a report; More counts the others.
const LinesMax = enrolment.LinesMax

// Report is what an import did.
type Report struct {
	Verdict     fault.Verdict   `json:"verdict"`
	Problems    []fault.Problem `json:"problems,omitempty"` // when the verdict is not accept; nothing was done then
	Rows        int             `json:"rows"`
	New         int             `json:"new"`
	Changed     int             `json:"changed"`
	Ended       int             `json:"ended"`
	Cancelled   int             `json:"cancelled"`
	Reinstated  int             `json:"reinstated"`
	Unchanged   int             `json:"unchanged"`
	Differs     int             `json:"differs"`
	Refused     int             `json:"refused"`
	Unlisted    int             `json:"unlisted"`    // rows of senders that plan.yaml does not list; nothing was done
	NeedsStaff  int             `json:"needs_staff"` // rows with something for staff, done or not
	Retroactive int             `json:"retroactive"` // rows that reach back before they were known
	Terms       int             `json:"terms"`       // terms that were added
	Lines       []Line          `json:"lines,omitempty"`
	More        int             `json:"more,omitempty"`
	Full        *Comparison     `json:"full,omitempty"` // when the file states everybody
}

// Comparison is what a file that states everybody leaves out.
type Comparison struct {
	Covered int `json:"covered"` // policies of the source that cover today or a later day
	Absent  int `json:"absent"`  // of them, not in the file
	// Alarm says that so many are absent that the file is more likely cut short than
	// the policies gone. No policy ends by absence in any case.
	Alarm bool `json:"alarm"`
}

func (c *Comparison) judge() {
	c.Alarm = member.TooManyAbsent(c.Absent, c.Covered, member.AbsentAlarmDefault)
}

func (r *Report) count(o Outcome) {
	switch o {
	case Began:
		r.New++
	case Changed:
		r.Changed++
	case Ended:
		r.Ended++
	case Cancelled:
		r.Cancelled++
	case Reinstated:
		r.Reinstated++
	case Unchanged:
		r.Unchanged++
	case Differs:
		r.Differs++
	case Refused:
		r.Refused++
	}
}

func (r *Report) add(l ...Line) { r.Lines, r.More = enrolment.List(r.Lines, r.More, l...) }

// merge takes over what a chunk did, once it is committed.
func (r *Report) merge(chunk *Report) {
	r.Rows += chunk.Rows
	r.New += chunk.New
	r.Changed += chunk.Changed
	r.Ended += chunk.Ended
	r.Cancelled += chunk.Cancelled
	r.Reinstated += chunk.Reinstated
	r.Unchanged += chunk.Unchanged
	r.Differs += chunk.Differs
	r.Refused += chunk.Refused
	r.Unlisted += chunk.Unlisted
	r.NeedsStaff += chunk.NeedsStaff
	r.Retroactive += chunk.Retroactive
	r.Terms += chunk.Terms
	r.add(chunk.Lines...)
	r.More += chunk.More
}
