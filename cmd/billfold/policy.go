package main

import (
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/edge/api"
	"github.com/billfold/billfold/internal/office/warden"
)

type policyCommand struct {
	Note policyNoteCommand `cmd:"" help:"Note what happened to a policy or was decided about it."`
}

type policyNoteCommand struct {
	where   `embed:""`
	staffer `embed:""`
	Number  string `arg:"" help:"Bill pay number, old number or opaque id of the subscriber."`
	Fact    string `arg:"" help:"${policyfacts}."`
	Policy  int64  `help:"Which policy of the subscriber, when there are several."`
	On      string `help:"The day from which it counts; today when left out."`
	Day     string `help:"The last covered day, of ended, died and group_ended."`
	Reason  string `required:"" help:"Why; it stands beside the fact."`
	JSON    bool   `help:"Answer in JSON."`
}

// staffFacts are the facts that staff note. Others come from files and from what
// was sent.
var staffFacts = []grace.FactKind{
	grace.Reinstated, grace.ReinstatementDenied, grace.GoodCauseRequested, grace.GoodCauseApproved, grace.EndConfirmed, grace.Ended,
	grace.Died, grace.GroupEnded, grace.NeverEffective,
}

// policyFacts lists them for the help.
func policyFacts() string {
	var names []string
	for _, f := range staffFacts {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}

// Run implements the command.
func (c *policyNoteCommand) Run(r *run) error {
	fact := grace.Fact{Kind: grace.FactKind(c.Fact)}
	if !slices.Contains(staffFacts, fact.Kind) {
		return fault.New(fault.Invalid, "", "%q is nothing to note about a policy: write one of %s", c.Fact, policyFacts())
	}
	o, access, done, err := r.openFor(&c.where, &c.staffer, c.Reason)
	if err != nil {
		return err
	}
	defer done()
	fact.KnownOn = o.house.PostingDay(o.house.PurseOf(chart.Premium).Entity)
	fact.On = fact.KnownOn
	for text, into := range map[string]*calendar.Date{c.On: &fact.On, c.Day: &fact.Day} {
		if text == "" {
			continue
		}
		if *into, err = calendar.Parse(text); err != nil {
			return fault.New(fault.Invalid, "", "%q is no day", text).WithHint("Write it as 2026-11-10.")
		}
	}
	switch fact.Kind {
	case grace.Ended, grace.Died, grace.GroupEnded:
		if fact.Day.IsZero() {
			return fault.New(fault.Invalid, "", "say with --day which day is the last covered one")
		}
	}
	account, err := o.members.registry.Account(r.ctx, access, c.Number)
	if err != nil {
		return err
	}
	answers, err := warden.Status(r.ctx, o.store, o.plan.Billing.Rules, account.Number, fact.KnownOn)
	if err != nil {
		return err
	}
	key, err := c.choose(answers)
	if err != nil {
		return err
	}
	actor, err := c.actor()
	if err != nil {
		return err
	}
	if err := o.store.AddPolicyFact(r.ctx, key, fact, actor, c.Reason); err != nil {
		return err
	}
	after, err := warden.Status(r.ctx, o.store, o.plan.Billing.Rules, account.Number, fact.KnownOn)
	if err != nil {
		return err
	}
	for i := range after {
		if after[i].Policy.No != key.No {
			continue
		}
		view := api.ExplainPolicy(&after[i], false)
		if c.JSON {
			return r.printJSON(&view)
		}
		r.printf("Noted: %s from %s\n%s\n", fact.Kind, fact.On, view.Words)
		if decides := fact.Kind == grace.Reinstated || fact.Kind == grace.GoodCauseApproved; decides && !after[i].Status.State.Over() {
			r.printf("The next run bills the months anew and applies the money that is held to them.\n")
		}
	}
	return nil
}

// choose gives the policy that is meant.
func (c *policyNoteCommand) choose(answers []warden.Answer) (coverage.Key, error) {
	var found []coverage.Key
	for i := range answers {
		if c.Policy == 0 || answers[i].Policy.No == c.Policy {
			found = append(found, answers[i].Policy.Key())
		}
	}
	switch len(found) {
	case 0:
		return coverage.Key{}, fault.New(fault.NotFound, "", "the account has no such policy")
	case 1:
		return found[0], nil
	}
	return coverage.Key{}, fault.New(fault.Invalid, "", "the account has %d policies", len(found)).
		WithHint("Say which one with --policy; \"billfold explain\" lists them.")
}
