package main

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/region"
)

type lettersCommand struct {
	Print lettersPrintCommand `cmd:"" help:"Put every letter that is due on paper into files for the printer."`
}

type lettersPrintCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Out     string `required:"" help:"The folder for the files, which exists."`
	Batch   string `required:"" help:"The batch's name, one word: 2026-12-10."`
	Most    int    `help:"Letters in a file at most." default:"1000"`
	JSON    bool   `help:"Answer in JSON."`
}

// Run implements the command.
func (c *lettersPrintCommand) Run(r *run) error {
	actor, err := c.actor()
	if err != nil {
		return err
	}
	o, done, err := r.open(&c.where)
	if err != nil {
		return err
	}
	defer done()
	press, err := paper.NewPress(r.path(c.Out))
	if err != nil {
		return err
	}
	today := o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	printed, err := o.noticeDesk().Print(r.ctx, today, c.Batch, press, c.Most)
	if err != nil {
		return err
	}
	if err := o.noteSent(r.ctx, actor); err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"files": len(printed.Files), "letters": printed.Letters, "held": printed.Held})
	}
	r.printf("%d letters in %d files, %d held\n", printed.Letters, len(printed.Files), printed.Held)
	for _, h := range printed.Reasons {
		r.printf("  held: %s\n", h.Why)
	}
	return nil
}

// noticeDesk keeps letters and sees that they go out, for now all on paper.
func (o *office) noticeDesk() *notice.Desk {
	return notice.NewDesk(o.store, senders{o.plan}, nil, o.clock)
}

// senders gives what letters say of their sender.
type senders struct{ plan *plan.Plan }

// Sender implements notice.Senders.
func (s senders) Sender(id region.ID) (notice.Sender, bool) {
	pack, ok := s.plan.Region(id)
	return notice.Sender{Pack: pack}, ok
}

// noteSent notes the letters that went out among the facts that statuses follow
// from: a grace or a disenrolment may depend on its letter.
func (o *office) noteSent(ctx context.Context, actor ident.Actor) error {
	sent, err := o.store.SentNotices(ctx)
	if err != nil {
		return err
	}
	zone := o.house.PurseOf(chart.Premium).Entity
	for _, s := range sent {
		day := o.house.DayOf(zone, s.At)
		fact := grace.Fact{Kind: grace.NoticeSent, On: day, KnownOn: day, Notice: s.Notice}
		if err := o.store.AddPolicyFact(ctx, s.Policy, fact, actor, s.Key); err != nil {
			return err
		}
	}
	return nil
}

// keepNotices keeps the letters that the statuses of a day made due. One that lacks
// a fact is told of, and tried again with the next run.
func (o *office) keepNotices(ctx context.Context, day calendar.Date) (kept int, problems []fault.Problem, err error) {
	duties, err := o.store.NoticeDuties(ctx, day)
	if err != nil {
		return 0, nil, err
	}
	desk := o.noticeDesk()
	for from := 0; from < len(duties); {
		to := from
		for to < len(duties) && duties[to].Policy.Number == duties[from].Policy.Number {
			to++
		}
		letters, wrong, err := o.letters(ctx, duties[from:to], day)
		if err != nil {
			return kept, problems, err
		}
		n, err := desk.Keep(ctx, letters)
		if err != nil {
			return kept, problems, err
		}
		kept, problems, from = kept+n, append(problems, wrong...), to
	}
	return kept, problems, nil
}

// letters makes the letters about one subscriber's policies.
func (o *office) letters(ctx context.Context, duties []warden.NoticeDuty, day calendar.Date) ([]notice.Notice, []fault.Problem, error) {
	answers, err := warden.Status(ctx, o.store, o.plan.Billing.Rules, duties[0].Policy.Number, day)
	if err != nil {
		return nil, nil, err
	}
	var letters []notice.Notice
	var problems []fault.Problem
	for _, duty := range duties {
		for i := range answers {
			n, is := o.letter(&answers[i], duty, day)
			if !is {
				continue
			}
			if n, err = notice.New(n); err != nil {
				problems = append(problems, fault.Problem{Field: string(n.Kind), Message: fault.MessageOf(err)})
				continue
			}
			letters = append(letters, n)
		}
	}
	return letters, problems, nil
}

// letter makes one letter of a policy's status, when the duty is of that policy and
// stands.
func (o *office) letter(a *warden.Answer, duty warden.NoticeDuty, day calendar.Date) (notice.Notice, bool) {
	if a.Policy.No != duty.Policy.No {
		return notice.Notice{}, false
	}
	for i := range a.Status.Duties {
		d := &a.Status.Duties[i]
		if d.Key != duty.Key || d.On.After(day) {
			continue
		}
		kind, is := notice.KindFor(d.Notice, a.Policy.Line)
		if !is {
			return notice.Notice{}, false
		}
		if kind == notice.BinderMissed && a.Status.Owed == 0 && d.Amount == 0 {
			kind = notice.Cancelled
		}
		return notice.Notice{
			Book: ledger.BookNo(duty.Policy.Number), Policy: duty.Policy, Kind: kind, Key: fmt.Sprintf("%d:%s", duty.Policy.No, d.Key),
			DueBy: d.DueBy, MadeOn: day, Language: duty.Language, Facts: o.facts(a, d),
		}, true
	}
	return notice.Notice{}, false
}

// requestDays and settleMonths bound a reinstatement for good cause (42 CFR
// 422.74(d)(1)(v)); a special enrolment is as long (45 CFR 155.420(c)).
const (
	requestDays  = 60
	settleMonths = 3
)

// facts tells of a policy's status what its letters speak of.
func (o *office) facts(a *warden.Answer, d *grace.Duty) notice.Facts {
	s := &a.Status
	f := notice.Facts{
		Line: a.Policy.Line, Plan: o.plan.Billing.Products[a.Policy.Product], Amount: s.ToCure, PayBy: s.PayBy, GraceFrom: s.GraceFrom,
		GraceTo: s.GraceTo, CoverStarts: s.CoveredFrom, CoverEnds: s.EndsOn, DecideBy: d.DueBy, ReceivedOn: d.On, Reason: notice.NotPaid,
		Return: notice.OtherReturns, Agency: "SSA",
	}
	if f.CoverStarts.IsZero() {
		f.CoverStarts = a.Policy.From
	}
	if d.Amount > 0 {
		f.Amount, f.Received = d.Amount, d.Amount
	}
	if f.Amount == 0 {
		f.Amount = s.Owed
	}
	if f.PayBy.IsZero() {
		f.PayBy = d.On
	}
	for _, m := range s.Months {
		if m.Open <= 0 {
			continue
		}
		if f.FirstMonth.IsZero() {
			f.FirstMonth = m.Month
		}
		f.LastMonth = m.Month
	}
	if !s.GraceFrom.IsZero() {
		first := calendar.MonthOf(s.GraceFrom)
		f.PendFrom = first.Add(1).First()
		if f.CoverEnds.IsZero() {
			f.CoverEnds = first.Last()
		}
	}
	if !f.CoverEnds.IsZero() {
		f.RequestBy = f.CoverEnds.AddDays(1 + requestDays)
		f.SettleBy = calendar.MonthOf(f.CoverEnds.AddDays(1)).Add(settleMonths).First()
	}
	if k := a.Policy.Continuation; k != nil {
		f.ElectedOn, f.CoverMost = k.ElectedOn, calendar.MonthOf(k.LossOn).Add(k.MonthsMost).Last()
	}
	return f
}
