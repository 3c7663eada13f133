package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
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

	PublicURL string `help:"Where members pay and read letters, such as https://pay.example.org." env:"BILLFOLD_PUBLIC_URL"`
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
	desk, err := r.postDesk(o, &c.where, c.PublicURL)
	if err != nil {
		return err
	}
	printed, err := desk.Print(r.ctx, today, c.Batch, press, c.Most)
	if err != nil {
		return err
	}
	if err := o.noteSent(r.ctx, actor); err != nil {
		return err
	}
	if c.JSON {
		return r.printJSON(map[string]any{"files": len(printed.Files), "letters": printed.Letters, "held": printed.Held, "reasons": printed.Reasons, "unreviewed": printed.Unreviewed})
	}
	r.printf("%d letters in %d files, %d held\n", printed.Letters, len(printed.Files), printed.Held)
	for _, h := range printed.Reasons {
		r.printf("  held: %s\n", h.Why)
	}
	return nil
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
	desk := o.mailDesk()
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
			if n.Kind == notice.BinderMissed {
				n, err = binderMissed(n, &answers[i], func(on calendar.Date) ([]warden.Answer, error) {
					return warden.Status(ctx, o.store, o.plan.Billing.Rules, n.Policy.Number, on)
				})
				if err != nil {
					return nil, nil, err
				}
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
		return notice.Notice{
			Book: ledger.BookNo(duty.Policy.Number), Policy: duty.Policy, Kind: kind, Key: fmt.Sprintf("%d:%s", duty.Policy.No, d.Key),
			DueBy: d.DueBy, MadeOn: day, Language: duty.Language, Facts: o.facts(a, d, day),
		}, true
	}
	return notice.Notice{}, false
}

// binderMissed tells of a cancelled policy what its first payment would have been
// and until when it could be made, as the status was on the last day before the
// deadline ran out, for which status is asked. A policy that was withdrawn before
// that, or never elected, gets another letter.
func binderMissed(
	n notice.Notice, a *warden.Answer, status func(on calendar.Date) ([]warden.Answer, error),
) (notice.Notice, error) {
	last := func(event grace.Event) int {
		return slices.IndexFunc(a.Status.Transitions, func(t grace.Transition) bool { return t.Event == event })
	}
	if last(grace.ElectionLapsed) >= 0 {
		n.Kind, n.Facts.Reason, n.Facts.Amount = notice.Cancelled, notice.NotChosen, refunded(&a.Status)
		return n, nil
	}
	lapsed := max(last(grace.BinderLapsed), last(grace.FirstLapsed))
	if lapsed < 0 {
		n.Kind, n.Facts.Reason, n.Facts.Amount = notice.Cancelled, withdrawnFor(a), refunded(&a.Status)
		return n, nil
	}
	answers, err := status(a.Status.Transitions[lapsed].On.AddDays(-1))
	if err != nil {
		return n, err
	}
	for i := range answers {
		if s := &answers[i].Status; answers[i].Policy.No == a.Policy.No {
			n.Facts.Amount, n.Facts.PayBy = s.ToCure, s.PayBy
		}
	}
	return n, nil
}

// facts tells of a policy's status what its letters speak of. What is not known
// stays empty, and a letter that must say it is not made but told of: a letter
// must not guess.
func (o *office) facts(a *warden.Answer, d *grace.Duty, day calendar.Date) notice.Facts {
	s := &a.Status
	f := notice.Facts{
		Line: a.Policy.Line, Plan: o.plan.Billing.Products[a.Policy.Product], Amount: s.ToCure, PayBy: s.PayBy, GraceFrom: s.GraceFrom,
		GraceTo: s.GraceTo, CoverStarts: s.CoveredFrom, CoverEnds: o.coverEnds(a), DecideBy: d.DueBy, Reason: reasonOf(a, d),
	}
	if f.CoverStarts.IsZero() {
		f.CoverStarts = a.Policy.From
	}
	if d.Amount > 0 {
		f.Amount = d.Amount
	}
	if f.Amount == 0 {
		f.Amount = s.Owed
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
		f.PendFrom = calendar.MonthOf(s.GraceFrom).Add(1).First()
	}
	at := rule.Place{State: a.Policy.State, Line: a.Policy.Line}
	if ends := f.CoverEnds; !ends.IsZero() && a.Policy.Line.Medicare() {
		first := ends.AddDays(1) // without coverage
		if r, err := o.plan.Billing.Rules.Find(rule.GoodCauseRequest, at, first); err == nil {
			f.RequestBy = first.AddDays(r.Count())
		}
		if r, err := o.plan.Billing.Rules.Find(rule.GoodCausePayment, at, first); err == nil {
			f.SettleBy = calendar.MonthOf(first).Add(r.Count()).First()
		}
	}
	if n := len(a.Policy.Withhold); n > 0 {
		f.Agency = a.Policy.Withhold[n-1].Agency
	}
	if k := a.Policy.Continuation; k != nil {
		f.ElectedOn, f.CoverMost = k.ElectedOn, calendar.MonthOf(k.LossOn).Add(k.MonthsMost).Last()
	}
	o.about(&f, a, d, day)
	return f
}

// coverEnds is the last covered day, as it is or would become if nothing is paid.
func (o *office) coverEnds(a *warden.Answer) calendar.Date {
	s := &a.Status
	switch {
	case !s.EndsOn.IsZero() || s.GraceFrom.IsZero():
		return s.EndsOn
	case s.State == grace.GraceM1, s.State == grace.GraceM2, s.State == grace.GraceM3:
		return calendar.MonthOf(s.GraceFrom).Last() // 45 CFR 156.270(g)
	case a.Policy.Line.Medicare():
		return s.GraceTo
	}
	return o.stateEnd(a, s.GraceFrom, s.GraceTo)
}

// stateEnd is the last covered day when a state's grace ends unpaid.
func (o *office) stateEnd(a *warden.Answer, graceFrom, graceTo calendar.Date) calendar.Date {
	at := rule.Place{State: a.Policy.State, Line: a.Policy.Line}
	if r, err := o.plan.Billing.Rules.Find(rule.StateGraceEnd, at, graceFrom); err == nil && r.Word() == rule.EndOfGrace {
		return graceTo
	}
	if through := a.Status.PaidThrough; !through.IsZero() {
		return through
	}
	return a.Policy.From.AddDays(-1) // no month is paid: the coverage would never have been
}

// about tells what only one letter speaks of, and of which amount.
func (o *office) about(f *notice.Facts, a *warden.Answer, d *grace.Duty, day calendar.Date) {
	s, at := &a.Status, rule.Place{State: a.Policy.State, Line: a.Policy.Line}
	switch d.Notice {
	case grace.NoticeTermination, grace.NoticeDisenrolment, grace.NoticeVoluntaryEnded:
		f.Amount = s.Owed // for the time that was covered
	case grace.NoticeReinstatement:
		f.Amount, f.CoverStarts = s.Owed, endedBefore(s).AddDays(1)
	case grace.NoticeReturned:
		f.Received, f.ReceivedOn, f.Return = d.Amount, d.ReceivedOn, notice.ReturnOf(d.Why)
		if f.Amount = s.ToCure; f.Amount == 0 {
			f.Amount = s.Owed
		}
	case grace.NoticeLateMoney:
		f.ReceivedOn, f.PayBy = d.ReceivedOn, s.LastMoment
		if s.State == grace.Cancelled {
			f.CoverEnds = calendar.Date{} // there was none
		}
	case grace.NoticeBinder:
		if !d.Through.IsZero() { // of continuation
			f.FirstMonth, f.LastMonth = d.Month, d.Through
		}
	case grace.NoticeShortfall:
		f.Received, f.CoverEnds, f.FirstMonth, f.LastMonth = d.Received, d.Effective, d.Month, d.Through
		if r, err := o.plan.Billing.Rules.Find(rule.CobraShortfallTime, at, day); err == nil {
			f.PayBy = day.AddDays(r.Count()) // it counts from the letter
		}
	case grace.NoticeGrace:
		if r, err := o.plan.Billing.Rules.Find(rule.StateGraceDays, at, day); err == nil && f.GraceTo.IsZero() {
			f.GraceFrom, f.GraceTo = day, day.AddDays(r.Count()) // likewise
			f.CoverEnds = o.stateEnd(a, f.GraceFrom, f.GraceTo)
		}
	case grace.NoticeElection:
		o.aboutElection(f, a, day)
	case grace.NoticeGroupEnded:
		if r, err := o.plan.Billing.Rules.Find(rule.SpecialEnrolment, at, day); err == nil {
			f.RequestBy = f.CoverEnds.AddDays(r.Count())
		}
	}
}

// aboutElection tells of continuation what can be elected until when. The time to
// elect counts from the later of the loss of coverage and the letter.
func (o *office) aboutElection(f *notice.Facts, a *warden.Answer, day calendar.Date) {
	k, at := a.Policy.Continuation, rule.Place{State: a.Policy.State, Line: a.Policy.Line}
	if k == nil {
		return
	}
	f.CoverEnds, f.Amount = k.LossOn, 0
	if months := a.Status.Months; len(months) > 0 {
		f.Amount = months[0].Owed // of one month, if one is billed
	}
	if r, err := o.plan.Billing.Rules.Find(rule.CobraElection, at, a.Policy.From); err == nil {
		from := day
		if k.LossOn.After(from) {
			from = k.LossOn
		}
		f.RequestBy = from.AddDays(r.Count())
	}
}

// endedBefore is the last covered day of the end that was taken back, or the zero
// Date.
func endedBefore(s *grace.Status) (ended calendar.Date) {
	for _, t := range s.Transitions {
		if t.To == grace.Terminated || t.To == grace.Cancelled {
			ended = t.Effective
		}
	}
	return ended
}

// reasonOf is why coverage ended, or "" where the letter's reason is not known.
func reasonOf(a *warden.Answer, d *grace.Duty) notice.Reason {
	switch d.Notice {
	case grace.NoticeTermination, grace.NoticeDisenrolment, grace.NoticeCancellation:
		return notice.NotPaid
	}
	return withdrawnFor(a)
}

// endReasons are the words in which sources say why a policy ended.
var endReasons = map[string]notice.Reason{
	"death": notice.Died, "died": notice.Died, "voluntary": notice.AskedFor, "moved": notice.MovedAway, "non_payment": notice.NotPaid,
	"divorce": notice.NotEligible, "employment_ended": notice.NotEligible, "ended_by_sponsor": notice.NotEligible,
}

// withdrawnFor is why a policy ended otherwise than by its arrears: as its source
// or a member of staff said. "" when nobody ended it.
func withdrawnFor(a *warden.Answer) notice.Reason {
	for _, f := range slices.Backward(a.Facts) {
		switch f.Kind {
		case grace.Died:
			return notice.Died
		case grace.Ended, grace.NeverEffective:
			return notice.AskedFor
		}
	}
	reason, known := endReasons[a.Policy.EndReason]
	switch {
	case known:
		return reason
	case a.Policy.To.IsZero():
		return ""
	case a.Policy.Line.OnExchange():
		return notice.AskedFor // of the member, or of the marketplace: the letter says either
	}
	return notice.SourceEnded
}

// refunded is what the status makes due to go back.
func refunded(s *grace.Status) (sum money.Cents) {
	for _, d := range s.Duties {
		if d.Kind == grace.Refund && !d.On.After(s.On) {
			sum += d.Amount
		}
	}
	return sum
}
