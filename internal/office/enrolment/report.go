package enrolment

import (
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
)

// Outcome is what became of a row.
type Outcome string

// The outcomes. Each row has one of those before NeedsStaff; a row may need
// staff besides.
const (
	Added      Outcome = "added"
	Changed    Outcome = "changed"
	Terminated Outcome = "terminated"
	Reinstated Outcome = "reinstated"
	Unchanged  Outcome = "unchanged"
	Differs    Outcome = "differs" // an audit states otherwise than our file, or names nobody here
	Refused    Outcome = "refused" // nothing was done, for the reason given
	Held       Outcome = "held"    // nothing was done until staff decide

	NeedsStaff Outcome = "needs_staff"
	Absent     Outcome = "absent" // covered here and not in a full file; nothing was done
)

// Line is a row, or a member absent from a full file, that somebody must look
// at. It names fields and reasons, never a person's data: Member is the opaque
// id of the record, where there is one.
type Line struct {
	Line    int          `json:"line"`   // physical line; 0 for a member absent from the file
	Record  string       `json:"record"` // the row as its format names it
	Outcome Outcome      `json:"outcome"`
	Field   string       `json:"field,omitempty"`
	Note    string       `json:"note"`
	Member  ident.Opaque `json:"member,omitempty"`
}

// LinesMax bounds the lines of a report; More counts the others.
const LinesMax = 1000

// List adds further lines to those of a report of rows, as far as LinesMax leaves
// room, and the others to the count of more.
func List[L any](lines []L, more int, further ...L) ([]L, int) {
	room := min(max(LinesMax-len(lines), 0), len(further))
	return append(lines, further[:room]...), more + len(further) - room
}

// Report is what an import did.
type Report struct {
	Verdict     fault.Verdict   `json:"verdict"`
	Problems    []fault.Problem `json:"problems,omitempty"` // when the verdict is not accept; nothing was done then
	Rows        int             `json:"rows"`
	Added       int             `json:"added"`
	Changed     int             `json:"changed"`
	Terminated  int             `json:"terminated"`
	Reinstated  int             `json:"reinstated"`
	Unchanged   int             `json:"unchanged"`
	Differs     int             `json:"differs"`
	Refused     int             `json:"refused"`
	Held        int             `json:"held"`
	NeedsStaff  int             `json:"needs_staff"` // rows with something for staff, done or not
	Retroactive int             `json:"retroactive"` // rows that reach back before the change was made
	Numbers     int             `json:"numbers"`     // bill pay numbers issued, those of sponsors included
	Aliases     int             `json:"aliases"`     // old numbers taken over
	Lines       []Line          `json:"lines,omitempty"`
	More        int             `json:"more,omitempty"`
	Full        *Comparison     `json:"full,omitempty"` // when the file states everybody
}

// Comparison is what a file that states everybody leaves out.
type Comparison struct {
	Covered int `json:"covered"` // members of the source covered today or later
	Absent  int `json:"absent"`  // of them, not in the file
	// Alarm says that so many are absent that the file is more likely cut short
	// than the members gone. Nobody is terminated for absence in any case.
	Alarm bool `json:"alarm"`
}

func (r *Report) count(o Outcome) {
	switch o {
	case Added:
		r.Added++
	case Changed:
		r.Changed++
	case Terminated:
		r.Terminated++
	case Reinstated:
		r.Reinstated++
	case Unchanged:
		r.Unchanged++
	case Differs:
		r.Differs++
	case Refused:
		r.Refused++
	case Held:
		r.Held++
	}
}

func (r *Report) add(l ...Line) { r.Lines, r.More = List(r.Lines, r.More, l...) }

// merge takes over what a chunk did, once it is committed.
func (r *Report) merge(chunk *Report) {
	r.Rows += chunk.Rows
	r.Added += chunk.Added
	r.Changed += chunk.Changed
	r.Terminated += chunk.Terminated
	r.Reinstated += chunk.Reinstated
	r.Unchanged += chunk.Unchanged
	r.Differs += chunk.Differs
	r.Refused += chunk.Refused
	r.Held += chunk.Held
	r.NeedsStaff += chunk.NeedsStaff
	r.Retroactive += chunk.Retroactive
	r.Numbers += chunk.Numbers
	r.Aliases += chunk.Aliases
	r.add(chunk.Lines...)
	r.More += chunk.More
}
