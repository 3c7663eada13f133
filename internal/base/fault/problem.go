package fault

import "fmt"

// Problem is one thing wrong with a file, at a place a person can go to.
type Problem struct {
	Line    int    `json:"line"`   // physical line, from 1; 0 when the whole file is meant
	Record  string `json:"record"` // the record or segment as its format names it: "6", "INS", "row 12"
	Field   string `json:"field"`  // the field as its format names it, or ""
	Message string `json:"message"`

	// Control marks a file that reads well but whose own counts, totals or
	// hashes disagree with its contents. Any other problem means the file
	// cannot be read as its format.
	Control bool `json:"-"`
}

func (p Problem) String() string {
	where := fmt.Sprintf("line %d", p.Line)
	if p.Line == 0 {
		where = "file"
	}
	if p.Record != "" {
		where += ", record " + p.Record
	}
	if p.Field != "" {
		where += ", " + p.Field
	}
	return where + ": " + p.Message
}

// ProblemsMax bounds how many problems a parser reports for one file.
const ProblemsMax = 50

// Verdict is what a file's problems add up to.
type Verdict string

// The verdicts. Nothing is posted from a file that is not accepted.
const (
	Accept Verdict = "accept"
	Flag   Verdict = "flag"   // readable, but its own controls disagree
	Refuse Verdict = "refuse" // not readable as its format
)

// Judge gives the verdict on a file's problems.
func Judge(problems []Problem) Verdict {
	verdict := Accept
	for _, p := range problems {
		if !p.Control {
			return Refuse
		}
		verdict = Flag
	}
	return verdict
}
