package exchange

import (
	"io"

	"github.com/billfold/billfold/internal/base/fault"
)

// Inspection says what a file is and whether it proves. Its JSON is an interface
// that others script against; see docs/formats/README.md.
type Inspection struct {
	// File is the file's name, for people.
	File string `json:"-"`
	// Entry is the name of the file in its archive, or "".
	Entry    string          `json:"entry,omitempty"`
	Format   string          `json:"format"`
	Verdict  fault.Verdict   `json:"verdict"`
	Problems []fault.Problem `json:"problems"` // never nil
	Facts    map[string]any  `json:"facts"`    // never nil: integers, hashes as text
}

// Inspect reads a file to its end and posts nothing. A plain file gives one
// inspection, an archive one for each file in it; an archive that cannot be
// opened gives one of its own.
func Inspect(name string, content io.ReaderAt, size int64) []Inspection {
	arrival := Open(name, content, size)
	if len(arrival.Problems) > 0 {
		return []Inspection{newInspection(File{Name: name}, arrival.Container, nil, arrival.Problems)}
	}
	inspections := make([]Inspection, len(arrival.Files))
	for i, file := range arrival.Files {
		inspections[i] = inspectFile(file)
	}
	return inspections
}

func inspectFile(file File) Inspection {
	content, err := file.Open()
	if err != nil {
		return newInspection(file, Unknown{}.Name(), nil, []fault.Problem{unread})
	}
	defer content.Close()
	head, whole, err := begin(content)
	if err != nil {
		return newInspection(file, Unknown{}.Name(), nil, []fault.Problem{unread})
	}
	document := recognise(head)
	facts, problems := document.Inspect(whole)
	return newInspection(file, document.Name(), facts, problems)
}

func newInspection(file File, format string, facts map[string]any, problems []fault.Problem) Inspection {
	if problems == nil {
		problems = []fault.Problem{}
	}
	if facts == nil {
		facts = map[string]any{}
	}
	return Inspection{
		File: file.Name, Entry: file.Entry, Format: format, Verdict: fault.Judge(problems), Problems: problems, Facts: facts,
	}
}
