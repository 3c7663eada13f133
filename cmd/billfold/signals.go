package main

import (
	"context"
	"io"
	"path/filepath"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/exchange/partnerfile"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/outbound"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
)

type outboundCommand struct {
	Send  outboundSendCommand  `cmd:"" help:"Tell partners and the claims system what payment statuses made due."`
	List  outboundListCommand  `cmd:"" help:"Files that are open, overdue or rejected, and the files sent last."`
	Show  outboundShowCommand  `cmd:"" help:"Show one file: each fact in it and what the partner said."`
	Put   outboundPutCommand   `cmd:"" help:"Put a file that was sent into its folder once more, for a receiver who lost it."`
	Again outboundAgainCommand `cmd:"" help:"Have facts told anew that a partner rejected."`
}

// filesFolder is where files for others are put.
type filesFolder struct {
	Files string `help:"Folder for files, below which each receiver has its own; that of the running process, or the data folder's files, when left out." env:"BILLFOLD_FILES"`
}

func (f *filesFolder) of(r *run, o *office) string {
	if f.Files != "" {
		return r.path(f.Files)
	}
	return o.files
}

// outboundDesk tells partners what is due, and puts files below a folder.
func (o *office) outboundDesk(files string) *outbound.Desk {
	entity, _ := o.plan.Entity(o.plan.EntityOf(chart.Premium)) // every fund has one
	return outbound.New(o.store, o.plan.Partners, o.plan.Claims, partnerfile.Press{Zone: entity.Zone}, exchange.NewOutbox(files),
		o.dutyOrder, o.clock)
}

// dutyOrder implements outbound.Order: the order in which a replay makes duties due.
func (o *office) dutyOrder(ctx context.Context, number billpay.Number) (map[coverage.Key][]string, error) {
	answers, err := warden.Status(ctx, o.store, o.plan.Billing.Rules, number, o.premiumDay())
	if err != nil {
		return nil, err
	}
	order := map[coverage.Key][]string{}
	for i := range answers {
		key := answers[i].Policy.Key()
		for _, duty := range answers[i].Status.Duties {
			order[key] = append(order[key], duty.Key)
		}
	}
	return order, nil
}

// premiumDay is today where premiums are billed.
func (o *office) premiumDay() calendar.Date {
	return o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
}

// dayOrToday reads a day; "" is today where premiums are billed.
func (o *office) dayOrToday(text string) (calendar.Date, error) {
	if text == "" {
		return o.premiumDay(), nil
	}
	day, err := calendar.Parse(text)
	if err != nil || day.IsZero() {
		return day, fault.New(fault.Invalid, "", "%q is no day", text).WithHint("Write it as 2026-11-10.")
	}
	return day, nil
}

type outboundSendCommand struct {
	where       `embed:""`
	staffer     `embed:""`
	filesFolder `embed:""`
	Date        string `help:"Send what was noted by this day; today when left out."`
	DryRun      bool   `help:"Say what would be sent and what waits, and send nothing."`
	JSON        bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *outboundSendCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day, err := o.dayOrToday(c.Date)
	if err != nil {
		return err
	}
	report, err := o.outboundDesk(c.filesFolder.of(r, o)).Send(r.ctx, day, actor, c.DryRun)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&report)
	}
	printOutbound(r, &report)
	return nil
}

func printOutbound(r *run, report *outbound.Report) {
	for _, w := range report.Waiting {
		r.printf("Waits: %s, %d: %s\n", w.Partner, w.Facts, w.Reason)
		for _, account := range w.Examples {
			r.printf("  account %s\n", account)
		}
	}
	for _, no := range report.Overdue {
		r.printf("Overdue: nobody has answered file %d\n", no)
	}
	for _, no := range report.Rejected {
		r.printf("Rejected: \"billfold outbound show %d\" says why\n", no)
	}
	if report.DryRun {
		r.printf("Would send %s and %s\n", counted(report.Facts, "fact"), counted(report.Signals, "signal"))
		return
	}
	for _, f := range report.Files {
		r.printf("%s: %s, control number %d, %s\n", filepath.Join(f.Folder, f.Name), f.Kind, f.Control, counted(int(f.Items), "item"))
	}
	r.printf("Sent %s and %s in %s\n", counted(report.Facts, "fact"), counted(report.Signals, "signal"), counted(len(report.Files), "file"))
}

type outboundListCommand struct {
	where `embed:""`
	Date  string `help:"The day by which answers are late; today when left out."`
	Most  int    `help:"How many of the files sent last are listed beside those that are open." default:"20"`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *outboundListCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day, err := o.dayOrToday(c.Date)
	if err != nil {
		return err
	}
	files, err := o.outboundDesk("").List(r.ctx, day, c.Most)
	if err != nil {
		return err
	}
	if c.JSON {
		if files == nil {
			files = []outbound.Standing{}
		}
		return r.printJSON(map[string]any{"files": files})
	}
	for i := range files {
		printStanding(r, &files[i])
	}
	return nil
}

func printStanding(r *run, s *outbound.Standing) {
	r.printf("file %d, %s to %s, %s, control number %d, %s: %s", s.No, s.Kind, s.Partner, s.Day, s.Control, counted(int(s.Items), "item"), s.State)
	if s.State == outbound.Overdue || s.State == outbound.Sent && !s.AnswerBy.IsZero() {
		r.printf(", answer due by %s", s.AnswerBy)
	}
	r.printf("\n")
	for i := range s.Facts {
		f := &s.Facts[i]
		r.printf("  set %04d, account %s, policy %d, %s, %s: %s", f.Set, f.Account, f.Policy, f.Fact, f.Effective, stateWords[f.State])
		if f.Again {
			r.printf(", sent anew")
		}
		r.printf("\n")
		for _, reason := range f.Reasons {
			r.printf("    %s\n", reason)
		}
	}
}

var stateWords = map[outbound.Verdict]string{
	"": "no answer yet", outbound.Accepted: "accepted", outbound.AcceptedWithErrors: "accepted, with errors to mend", outbound.Rejected: "rejected",
}

type outboundShowCommand struct {
	where `embed:""`
	File  int64  `arg:"" help:"The file's number, as \"outbound list\" shows it."`
	Date  string `help:"The day by which answers are late; today when left out."`
	JSON  bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *outboundShowCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	day, err := o.dayOrToday(c.Date)
	if err != nil {
		return err
	}
	standing, err := o.outboundDesk("").Show(r.ctx, c.File, day)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&standing)
	}
	printStanding(r, &standing)
	return nil
}

type outboundPutCommand struct {
	where       `embed:""`
	filesFolder `embed:""`
	File        int64 `arg:"" help:"The file's number."`
	JSON        bool  `help:"Answer in JSON."`
}

// Run implements the command.
func (c *outboundPutCommand) Run(r *run) error {
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	file, err := o.outboundDesk(c.filesFolder.of(r, o)).PutAgain(r.ctx, c.File)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(&file)
	}
	r.printf("%s is there again, as it was sent\n", filepath.Join(file.Folder, file.Name))
	return nil
}

type outboundAgainCommand struct {
	where   `embed:""`
	staffer `embed:""`
	File    int64  `arg:"" help:"The file's number."`
	Set     int64  `help:"One transaction set of it; every rejected one when left out."`
	Reason  string `required:"" help:"Why: what was mended, or agreed with the partner."`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *outboundAgainCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	facts, err := o.outboundDesk("").SendAnew(r.ctx, c.File, c.Set, actor, c.Reason)
	if err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"facts": facts})
	}
	r.printf("%s told anew with the next \"billfold outbound send\"\n", counted(facts, "fact"))
	return nil
}

// answersFile is a file of 999s and TA1s about what was sent.
type answersFile struct {
	intake.Format
	office *office
}

// Name implements intake.Format.
func (answersFile) Name() string { return "x12-answers" }

// Recognises implements intake.Format.
func (answersFile) Recognises(head []byte) bool { return partnerfile.IsAnswer(head) }

// Prove implements intake.Roster.
func (answersFile) Prove(_ context.Context, open func() io.Reader) ([]fault.Problem, error) {
	_, problems, err := partnerfile.ReadAnswers(open())
	return problems, err
}

// Apply implements intake.Roster.
func (f answersFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	said, problems, err := partnerfile.ReadAnswers(open())
	if err == nil && len(problems) > 0 {
		err = fault.New(fault.Conflict, "answers", "the file changed between its two readings")
	}
	if err != nil {
		return nil, err
	}
	return f.office.outboundDesk("").Take(ctx, file.Book, file.ReceivedAt, said)
}
