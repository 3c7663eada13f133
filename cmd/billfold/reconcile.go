package main

import (
	"maps"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/policy"
)

type reconcileCommand struct {
	List reconcileListCommand `cmd:"" help:"The audit files that were compared last."`
	Show reconcileShowCommand `cmd:"" help:"What one of them states otherwise, policy by policy, and what to do."`
}

// comparedJSON is the comparison of an audit file.
type comparedJSON struct {
	File      ident.Opaque `json:"file"`
	At        time.Time    `json:"compared_at"`
	Source    string       `json:"source"`
	Rows      int          `json:"policies_stated"`
	Differing int          `json:"differing"`
	Unknown   int          `json:"missing_here"`
	Covered   int          `json:"covered_here"`
	Absent    int          `json:"missing_there"`
}

func (o *office) compared(r *run, c *policy.Compared) (comparedJSON, error) {
	file, err := o.store.OpaqueOf(r.ctx, c.File)
	return comparedJSON{file, c.At, c.Source, c.Rows, c.Differing, c.Unknown, c.Covered, c.Absent}, err
}

func (c *comparedJSON) print(r *run) {
	r.printf("file %s, %s, %s: %s stated, %d differ, %d not on file; %d covered here, %d of them not in the file\n",
		c.File, c.Source, c.At.Format(time.DateOnly), counted(c.Rows, "policy"), c.Differing, c.Unknown, c.Covered, c.Absent)
}

type reconcileListCommand struct {
	where `embed:""`
	Most  int  `help:"How many, the latest first." default:"12"`
	JSON  bool `help:"Answer in JSON."`
}

// Run implements the command.
func (c *reconcileListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	audits, err := o.store.Audits(r.ctx, c.Most)
	if err != nil {
		return err
	}
	all := []comparedJSON{}
	for i := range audits {
		view, err := o.compared(r, &audits[i])
		if err != nil {
			return err
		}
		all = append(all, view)
	}
	if c.JSON {
		return r.printJSON(map[string]any{"audits": all})
	}
	for i := range all {
		all[i].print(r)
	}
	return nil
}

// advised says what to do about a finding, by its field.
var advised = map[string]string{
	"from":              "compare with the 834 that enrolled; ask the exchange for a correction, or dispute it",
	"to":                "compare with the last 834 about the end; ask the exchange for it, or dispute it",
	"status":            "the exchange has not taken our end: see \"billfold outbound list\", send it anew or dispute it",
	"product":           "ask the exchange for the 834 of the plan change, or dispute it",
	"premium":           "ask the exchange for the 834 with the amounts from that day; members are billed what came last",
	"tax_credit":        "ask the exchange for the 834 with the credit from that day; what HHS pays will differ until then",
	"subsidy":           "ask the exchange for the 834 with the subsidy from that day",
	"employer":          "ask the exchange for the 834 with the employer's share from that day",
	"responsible":       "it follows from the premium and what others owe; mend those",
	policy.MissingHere:  "ask the exchange for the 834 that enrolled; nobody is billed for this policy",
	policy.MissingThere: "ask the exchange whether it ended the policy; nothing ends here before its 834 or a decision of staff",
	policy.Unclear:      "the report of the file's import says what is unclear; ask the exchange",
}

// findingJSON is one thing that an audit states otherwise.
type findingJSON struct {
	Account ident.Opaque  `json:"account,omitempty"` // "" of a policy that is not on file
	Policy  int64         `json:"policy,omitempty"`
	Line    int           `json:"line,omitempty"` // of the audit file
	Field   string        `json:"field"`
	From    calendar.Date `json:"from,omitzero"`
	Stated  string        `json:"stated"`
	OnFile  string        `json:"on_file"`
	Do      string        `json:"do"`
}

type reconcileShowCommand struct {
	where `embed:""`
	File  string `arg:"" optional:"" help:"Opaque id of the audit file; the latest when left out."`
	Field string `help:"Only findings about this field, such as tax_credit."`
	JSON  bool   `help:"Answer in JSON."`
}

// findingsTogether is how many findings are read at a time.
const findingsTogether = 5000

// Run implements the command.
func (c *reconcileShowCommand) Run(r *run) error {
	if c.Field != "" && advised[c.Field] == "" {
		return fault.New(fault.Invalid, "", "%q is no field of a finding: write one of %v", c.Field, slices.Sorted(maps.Keys(advised)))
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	audit, err := o.audit(r, c.File)
	if err != nil {
		return err
	}
	view, err := o.compared(r, &audit)
	if err != nil {
		return err
	}
	findings, err := o.findings(r, audit.File, c.Field)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"audit": view, "findings": findings})
	}
	view.print(r)
	for i := range findings {
		f := &findings[i]
		switch {
		case f.Account == "":
			r.printf("line %d, %s: %s, %s\n", f.Line, f.Field, f.Stated, f.OnFile)
		case f.From.IsZero():
			r.printf("account %s, policy %d, %s: stated %s, on file %s\n", f.Account, f.Policy, f.Field, f.Stated, f.OnFile)
		default:
			r.printf("account %s, policy %d, %s from %s: stated %s, on file %s\n", f.Account, f.Policy, f.Field, f.From, f.Stated, f.OnFile)
		}
		r.printf("  %s\n", f.Do)
	}
	return nil
}

// audit finds the comparison of a file, or the latest.
func (o *office) audit(r *run, file string) (policy.Compared, error) {
	most := 1
	var book ledger.BookNo
	if file != "" {
		opaque, err := ident.ParseOpaque(file)
		if err != nil {
			return policy.Compared{}, fault.New(fault.Invalid, "", "%q names no file: %v", file, err)
		}
		if book, err = o.store.BookOf(r.ctx, opaque); err != nil {
			return policy.Compared{}, err
		}
		most = 10_000
	}
	audits, err := o.store.Audits(r.ctx, most)
	if err != nil {
		return policy.Compared{}, err
	}
	for _, a := range audits {
		if book == 0 || a.File == book {
			return a, nil
		}
	}
	return policy.Compared{}, fault.New(fault.NotFound, "", "no audit file was compared").
		WithHint("Import the exchange's audit file (an 834 that states everybody) with \"billfold import\".")
}

func (o *office) findings(r *run, file ledger.BookNo, field string) ([]findingJSON, error) {
	all := []findingJSON{}
	for after := 0; ; after += findingsTogether {
		page, err := o.store.Findings(r.ctx, file, after, findingsTogether)
		if err != nil {
			return nil, err
		}
		var books []ledger.BookNo
		for _, f := range page {
			books = append(books, ledger.BookNo(f.Policy.Number))
		}
		opaque, err := o.store.Opaques(r.ctx, books)
		if err != nil {
			return nil, err
		}
		for _, f := range page {
			if field == "" || f.Field == field {
				all = append(all, findingJSON{
					opaque[ledger.BookNo(f.Policy.Number)], f.Policy.No, f.Line, f.Field, f.From, f.Stated, f.OnFile, advised[f.Field],
				})
			}
		}
		if len(page) < findingsTogether {
			return all, nil
		}
	}
}
