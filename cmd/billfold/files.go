package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/exchange/enrolfile"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/rail/remit"
	"github.com/billfold/billfold/internal/rail/statement"
	"github.com/billfold/billfold/internal/rail/wire"
)

// formats lists what the office takes, in the order in which formats are tried.
func formats(o *office) []intake.Format {
	return []intake.Format{
		remit.Rail{Remittances: o.remittances},
		answersFile{Format: document("x12"), office: o},
		enrolmentFile{Format: document("x12"), office: o, read: enrolfile.Read834, only: "834", policies: o.policies834},
		o.credits(), o.lockboxes(), statementFile{Deposits: wire.Rail{Setting: o.wires()}, office: o, read: statement.BAI2(o.wires())},
		statementFile{Deposits: wire.Camt{Setting: o.wires()}, office: o, read: statement.Camt},
		wireFile{wire.Advices{Setting: o.wires()}, o}, document("fedwire"),
		policiesFile{Format: document("policies-csv"), office: o},
		ratesFile{Format: document("rates-csv"), office: o},
		prescriptionFile{Format: document("prescription-bills-csv"), office: o},
		mandatesFile{Format: document("mandates-csv"), office: o},
		owedFile{Format: document("open-items-csv"), office: o},
		enrolmentFile{Format: document("roster-csv"), office: o, read: enrolfile.ReadRoster},
		document("unknown"),
	}
}

func document(name string) intake.Format {
	documents := exchange.Documents()
	at := slices.IndexFunc(documents, func(d intake.Format) bool { return d.Name() == name })
	return documents[at]
}

// enrolmentFile is a format that says who is enrolled.
type enrolmentFile struct {
	intake.Format
	office *office
	read   enrolment.Reader
	only   string // the one X12 transaction set that is taken, or "" for another format
	// policies reads the policies in a file that was received on a day; nil when the
	// format knows none.
	policies func(received calendar.Date) policy.Reader
}

// Inspect implements intake.Format.
func (f enrolmentFile) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	facts, problems := f.Format.Inspect(r)
	if f.only == "" || fault.Judge(problems) != fault.Accept {
		return facts, problems
	}
	sets, _ := facts["transaction_sets"].(map[string]int)
	for set := range sets {
		if set != f.only {
			problems = append(problems, fault.Problem{Record: "ST", Field: "ST01", Message: fmt.Sprintf(
				"the file holds a %s, which can be inspected and not imported: the office takes %s enrolment files", set, f.only)})
		}
	}
	return facts, problems
}

// Prove implements intake.Roster.
func (f enrolmentFile) Prove(_ context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return f.read(open(), func(enrolment.Row) error { return nil })
}

// Apply implements intake.Roster.
func (f enrolmentFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	access, err := audit.By(file.Actor, "enrolment file", string(file.Opaque))
	if err != nil {
		return nil, err
	}
	members, err := f.office.members.enrolment.Import(ctx, access, enrolment.File{Open: open, Read: f.read})
	if err != nil || f.policies == nil || members.Verdict != fault.Accept {
		return members, err
	}
	policies, err := f.office.members.policies.Import(ctx, access, policy.File{
		Open: open, Read: f.policies(f.office.receivedOn(file)), Book: file.Book,
	})
	return enrolledReport{members, policies}, err
}

type inspectCommand struct {
	Files []string `arg:"" help:"Files to inspect." name:"file"`
	JSON  bool     `help:"A line of JSON per file."`
}

// Run implements the command.
func (c *inspectCommand) Run(r *run) error {
	worst := exitOK
	for _, name := range c.Files {
		inspections, err := inspectFile(name)
		if err != nil {
			return err
		}
		for _, in := range inspections {
			if in.Verdict != fault.Accept {
				worst = exitRefused
			}
			if c.JSON {
				err = r.printJSON(in)
			} else {
				err = exchange.Write(r.out, in)
			}
			if err != nil {
				return err
			}
		}
	}
	if worst != exitOK {
		return exitError(worst)
	}
	return nil
}

func inspectFile(name string) ([]exchange.Inspection, error) {
	content, size, err := openFile(name)
	if err != nil {
		return nil, err
	}
	defer content.Close()
	return exchange.Inspect(filepath.Base(name), content, size), nil
}

func openFile(name string) (*os.File, int64, error) {
	content, err := os.Open(name)
	if err != nil {
		return nil, 0, fault.New(fault.NotFound, "", "%v", err)
	}
	info, err := content.Stat()
	if err == nil && info.IsDir() {
		err = fault.New(fault.Invalid, "", "%s is a folder; name the files in it", name)
	}
	if err != nil {
		content.Close()
		return nil, 0, err
	}
	return content, info.Size(), nil
}

type importCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Files   []string `arg:"" help:"Files to take; archives are opened." name:"file"`
	JSON    bool     `help:"A line of JSON per file."`
	Answers string   `help:"Folder for files, such as the data folder's files: the 999 or TA1 that answers an X12 file is put into its outgoing."`
}

// Run implements the command.
func (c *importCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	actor, err := c.actor()
	if err != nil {
		return err
	}
	if r.office == nil { // a running process goes on with them by itself
		if _, err := o.intake.Resume(r.ctx, r.progress()); err != nil {
			return err
		}
	}
	worst := exitOK
	money := false
	for _, name := range c.Files {
		results, answer, err := o.takeFile(r, name, actor, c.Answers)
		if answer != "" && !c.JSON {
			r.printf("%s is answered by %s\n", filepath.Base(name), filepath.Join(c.Answers, answer))
		}
		for _, result := range results {
			money = money || result.Tally != nil
			if result.Verdict != fault.Accept || refusedRows(result.Report) > 0 {
				worst = exitRefused
			}
			if err := r.result(result, c.JSON); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	if money { // a remittance may have waited for it
		if _, err := o.remittances.SettleOpen(r.ctx, actor); err != nil {
			return err
		}
	}
	if worst != exitOK {
		return exitError(worst)
	}
	return nil
}

// takeFile takes a file, or each of an archive. With a folder for answers an X12 file
// is answered there, accepted or not.
func (o *office) takeFile(r *run, name string, actor ident.Actor, answers string) (results []intake.Result, answer string, err error) {
	content, size, err := openFile(r.path(name))
	if err != nil {
		return nil, "", err
	}
	defer content.Close()
	arrival := exchange.Open(filepath.Base(name), content, size)
	if len(arrival.Problems) > 0 {
		return []intake.Result{{
			Name: filepath.Base(name), Format: arrival.Container, Verdict: fault.Judge(arrival.Problems), Problems: arrival.Problems,
		}}, "", nil
	}
	for _, file := range arrival.Files {
		in, err := file.Open()
		if err != nil {
			return results, "", err
		}
		result, err := o.intake.Take(r.ctx, file.Name, in, actor, r.progress())
		in.Close()
		if err != nil {
			return results, "", err
		}
		results = append(results, result)
	}
	if answers == "" {
		return results, "", nil
	}
	folder, err := exchange.OpenFolder(r.path(answers), o.clock)
	if err == nil {
		answer, err = folder.Answer(filepath.Base(name), arrival.Files)
	}
	return results, answer, err
}

// progressItems is after how many items progress is told.
const progressItems = 50_000

func (r *run) progress() intake.Progress {
	told := 0
	return func(posted, of int) {
		if posted-told >= progressItems {
			told = posted
			fmt.Fprintf(r.errs, "  %d of %d items posted\n", posted, of)
		}
	}
}

func (r *run) result(result intake.Result, asJSON bool) error {
	if asJSON {
		return r.printJSON(result)
	}
	r.printf("%s: %s, %s\n", result.Name, result.Format, verdictWords[result.Verdict])
	for _, p := range result.Problems {
		r.printf("  %s\n", p)
	}
	if result.Duplicate {
		r.printf("  this business file was taken before; nothing is posted twice\n")
	}
	if t := result.Tally; t != nil {
		r.printf("  posted: %s, %s\n", counted(t.Items, "item"), t.Cents.Grouped())
		switch {
		case t.Items == 0:
			r.printf("  nothing in this file is money that no other file brings\n")
		case t.Suspended > 0:
			r.printf("  of it in suspense: %s in %s\n", t.SuspendedCents.Grouped(), counted(t.Suspended, "entry"))
		}
		if result.ToldAgain > 0 {
			r.printf("  of it told before by another file, and not posted again: %s\n", counted(result.ToldAgain, "item"))
		}
	}
	if result.Report != nil {
		lines, err := indented(result.Report)
		if err != nil {
			return err
		}
		r.printf("%s", lines)
	}
	return nil
}

// counted writes a number of things.
func counted(n int, thing string) string {
	switch {
	case n == 1:
	case strings.HasSuffix(thing, "y"):
		thing = strings.TrimSuffix(thing, "y") + "ies"
	default:
		thing += "s"
	}
	return fmt.Sprintf("%d %s", n, thing)
}

var verdictWords = map[fault.Verdict]string{
	fault.Accept: "accepted", fault.Flag: "flagged: its own controls disagree, nothing was posted",
	fault.Refuse: "refused, nothing was posted",
}

// sentence writes one line of a report: where, what became of it, and why.
func sentence(entry any) string {
	fields, ok := entry.(map[string]any)
	if !ok {
		return fmt.Sprint(entry)
	}
	text := ""
	if line, ok := fields["line"].(float64); ok && line > 0 { // not money: a line number
		text = fmt.Sprintf("line %.0f, ", line)
	}
	for _, name := range []string{"record", "outcome", "field", "note", "message"} {
		if v, ok := fields[name].(string); ok && v != "" {
			text += strings.ReplaceAll(v, "_", " ") + ": "
		}
	}
	return strings.TrimSuffix(text, ": ")
}

// indented writes a report for people: a line per field that says something.
func indented(report any) (string, error) {
	var fields map[string]any
	if err := remarshal(report, &fields); err != nil {
		return "", err
	}
	var lines []string
	for _, name := range sortedKeys(fields) {
		switch v := fields[name].(type) {
		case float64: // not money: counts of a report
			if v != 0 {
				lines = append(lines, fmt.Sprintf("  %s: %.0f\n", strings.ReplaceAll(name, "_", " "), v))
			}
		case map[string]any:
			inner, err := indented(v)
			if err != nil {
				return "", err
			}
			if inner != "" {
				lines = append(lines, "  "+strings.ReplaceAll(name, "_", " ")+"\n  "+strings.ReplaceAll(strings.TrimSuffix(inner, "\n"), "\n", "\n  ")+"\n")
			}
		case []any:
			for _, entry := range v {
				lines = append(lines, "  "+sentence(entry)+"\n")
			}
		}
	}
	return strings.Join(lines, ""), nil
}
