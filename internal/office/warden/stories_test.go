package warden_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

const storyFolder = "testdata/stories"

// everyNth story runs on the server too: what the engines do differently is the
// store's to prove, and a year of days takes seconds there.
const everyNth = 7

func TestStories_Embedded(t *testing.T) { tell(t, "sqlite", stories(t)) }

func TestStories_PostgreSQL(t *testing.T) {
	var some []string
	for i, file := range stories(t) {
		if i%everyNth == 0 {
			some = append(some, file)
		}
	}
	tell(t, "postgres", some)
}

func stories(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(storyFolder + "/*.txtar")
	if err != nil || len(files) < 40 {
		t.Fatalf("%d stories in %s (%v), want at least 40", len(files), storyFolder, err)
	}
	for _, file := range files {
		story, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		script := strings.TrimSpace(string(story.Comment))
		if !strings.HasPrefix(script, "# coverage-and-premiums.md") || !strings.HasSuffix(script, "\nprove") {
			t.Errorf("%s does not begin with the rule that it tells, or does not end with prove", file)
		}
	}
	return files
}

func tell(t *testing.T, engine string, files []string) {
	testscript.Run(t, testscript.Params{
		Files: files, Cmds: storyCommands, RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			tb := env.T().(testing.TB)
			env.Values[storyKey{}] = &story{plan: open(tb, storetest.Open(tb, engine)), people: map[string]*person{}}
			return nil
		},
	})
}

// storyCommands are what a story may say. WHO is a policy's name in the story;
// KEY=VALUE words follow in any order. A story ends with prove.
var storyCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"rules":    command(1, "rules FILE", (*story).overlay),
	"enrol":    command(5, "enrol WHO LINE STATE FROM RECEIVED KEY=VALUE...", (*story).enrolment),
	"terms":    command(2, "terms WHO FROM KEY=VALUE...", (*story).terms),
	"end":      command(3, "end WHO LASTDAY REASON", (*story).end),
	"cancel":   command(1, "cancel WHO", (*story).cancel),
	"elect":    command(2, "elect WHO DATE", (*story).elect),
	"withhold": command(5, "withhold WHO MONTH AGENCY STATUS DATE", (*story).withhold),
	"until":    command(1, "until DATE", (*story).days),
	"pay":      command(2, "pay WHO AMOUNT [received=DATE] [sent=DATE] [month=MONTH]", (*story).payment),
	"postmark": command(3, "postmark WHO NTH DATE", (*story).postmarked),
	"move":     command(3, "move WHO NTH TO", (*story).misapplied),
	"return":   command(2, "return WHO NTH", (*story).returned),
	"fact":     command(2, "fact WHO KIND [on=DATE] [day=DATE] [notice=NOTICE]", (*story).fact),
	"expect":   command(2, "expect WHO STATE KEY=VALUE...", (*story).expect),
	"duty":     command(3, "duty WHO KIND TEXT", func(s *story, a args) { s.duty(a, true) }),
	"noduty":   command(3, "noduty WHO KIND TEXT", func(s *story, a args) { s.duty(a, false) }),
	"passed":   command(3, "passed WHO DATE STATE", (*story).passed),
	"month":    command(3, "month WHO MONTH KEY=VALUE...", (*story).month),
	"billed":   command(4, "billed WHO MONTH OWNER AMOUNT", (*story).billed),
	"prove":    command(0, "prove", (*story).prove),
}

type storyKey struct{}

// story is a plan whose days a script tells.
type story struct {
	*plan
	ts     *testscript.TestScript
	people map[string]*person
	fresh  bool // nothing happened since the last day was run, so that the kept copies must be right
}

// person is a policy under the name that the story gives it.
type person struct {
	key  coverage.Key
	paid []cashier.Ref
}

// args are a command's words: those that stand in order, and those with a name.
type args struct {
	words []string
	named map[string]string
	used  map[string]bool
}

func (a args) take(name string) (string, bool) {
	value, ok := a.named[name]
	a.used[name] = true
	return value, ok
}

func command(words int, form string, do func(*story, args)) func(*testscript.TestScript, bool, []string) {
	return func(ts *testscript.TestScript, neg bool, given []string) {
		a := args{named: map[string]string{}, used: map[string]bool{}}
		for _, word := range given {
			if name, value, ok := strings.Cut(word, "="); ok && len(a.words) >= words {
				a.named[name] = value
				continue
			}
			a.words = append(a.words, word)
		}
		if neg || len(a.words) != words {
			ts.Fatalf("usage: %s", form)
		}
		s := ts.Value(storyKey{}).(*story)
		s.ts = ts
		do(s, a)
		for name := range a.named {
			if !a.used[name] {
				ts.Fatalf("%s= means nothing here; usage: %s", name, form)
			}
		}
	}
}

func (s *story) date(text string) calendar.Date {
	d, err := calendar.Parse(text)
	s.ts.Check(err)
	return d
}

func (s *story) monthOf(text string) calendar.Month {
	m, err := calendar.ParseMonth(text)
	s.ts.Check(err)
	return m
}

func (s *story) cents(text string) money.Cents {
	c, err := money.Parse(text)
	s.ts.Check(err)
	return c
}

func (s *story) who(name string) *person {
	p := s.people[name]
	if p == nil {
		s.ts.Fatalf("nobody is called %s; there are %v", name, slices.Sorted(maps.Keys(s.people)))
	}
	return p
}

// overlay is "rules FILE": the operator's rows of a file hold from now on.
func (s *story) overlay(a args) {
	set, problems := s.rules.Overlay(a.words[0], []byte(s.ts.ReadFile(a.words[0])))
	if len(problems) > 0 {
		s.ts.Fatalf("%v", problems)
	}
	s.rules = set
}

// enrolment is "enrol WHO LINE STATE FROM RECEIVED": a policy with its first terms.
// with=NAME puts it into the book of another policy's subscriber.
func (s *story) enrolment(a args) {
	name, from, received := a.words[0], s.date(a.words[3]), s.date(a.words[4])
	line, err := coverage.ParseLine(a.words[1])
	s.ts.Check(err)
	key := coverage.Key{No: 1}
	if with, ok := a.take("with"); ok {
		key.Number = s.who(with).key.Number
		for _, p := range s.people {
			if p.key.Number == key.Number {
				key.No = max(key.No, p.key.No+1)
			}
		}
	} else {
		key.Number = s.Members(s.t, 1)[0]
	}
	h := coverage.Held{Policy: coverage.Policy{
		Number: key.Number, No: key.No, Line: line, State: a.words[2], Source: "story", SourceID: name,
		Entry: coverage.NewEnrolment, From: from, ReceivedOn: received,
	}}
	for field, into := range map[string]*string{"entry": (*string)(&h.Entry), "product": &h.Product} {
		if value, ok := a.take(field); ok {
			*into = value
		}
	}
	if group, ok := a.take("group"); ok {
		h.Group = s.who(group).key.Number
	}
	h.Continuation = s.continuation(a)
	h.Terms = []coverage.Terms{s.amounts(a, coverage.Terms{From: from, KnownOn: received, Stated: true})}
	s.ts.Check(s.Store.SavePolicies(ctx, []coverage.Held{h}, nil))
	s.people[name], s.fresh = &person{key: key}, false
}

func (s *story) continuation(a args) *coverage.Continuation {
	loss, ok := a.take("loss")
	if !ok {
		return nil
	}
	c := &coverage.Continuation{LossOn: s.date(loss), EventOn: s.date(loss)}
	for field, into := range map[string]*calendar.Date{"event": &c.EventOn, "notice": &c.NoticeOn, "elected": &c.ElectedOn} {
		if value, ok := a.take(field); ok {
			*into = s.date(value)
		}
	}
	if months, ok := a.take("months"); ok {
		most, err := strconv.Atoi(months)
		s.ts.Check(err)
		c.MonthsMost = most
	}
	if from, ok := a.take("disabled"); ok {
		c.DisabledFrom = s.monthOf(from)
	}
	return c
}

// amounts puts what a command names over terms.
func (s *story) amounts(a args, t coverage.Terms) coverage.Terms {
	for field, into := range map[string]*money.Cents{
		"gross": &t.Rate, "ehb": &t.EHB, "aptc": &t.APTC, "employer": &t.Employer, "subsidy": &t.Subsidy,
	} {
		if value, ok := a.take(field); ok {
			*into = s.cents(value)
		}
	}
	if value, ok := a.take("lep"); ok {
		months, err := strconv.Atoi(value)
		s.ts.Check(err)
		t.LEPMonths = months
	}
	return t
}

// edit changes a policy as its source does.
func (s *story) edit(name string, change func(*coverage.Held)) {
	key := s.who(name).key
	held, err := s.Store.PoliciesOf(ctx, []billpay.Number{key.Number})
	s.ts.Check(err)
	for i := range held {
		if held[i].Key() != key {
			continue
		}
		is := held[i].Clone()
		change(&is)
		s.ts.Check(s.Store.SavePolicies(ctx, []coverage.Held{is}, map[coverage.Key]coverage.Held{key: held[i]}))
		s.fresh = false
		return
	}
	s.ts.Fatalf("%s has no policy", name)
}

// terms is "terms WHO FROM": what is named changes from a day on, and becomes known
// on the day at which the story stands.
func (s *story) terms(a args) {
	from := s.date(a.words[1])
	s.edit(a.words[0], func(h *coverage.Held) {
		t, ok := h.On(from)
		if !ok {
			t = h.Terms[0]
		}
		t.No, t.From, t.KnownOn = int64(len(h.Terms)+1), from, s.today()
		h.Terms = append(h.Terms, s.amounts(a, t))
		h.From = earlier(h.From, from)
	})
}

func earlier(a, b calendar.Date) calendar.Date {
	if b.Before(a) {
		return b
	}
	return a
}

func (s *story) end(a args) {
	s.edit(a.words[0], func(h *coverage.Held) { h.To, h.ToKnownOn, h.EndReason = s.date(a.words[1]), s.today(), a.words[2] })
}

func (s *story) cancel(a args) {
	s.edit(a.words[0], func(h *coverage.Held) { h.To, h.ToKnownOn, h.EndReason = h.From.AddDays(-1), s.today(), "cancelled" })
}

func (s *story) elect(a args) {
	s.edit(a.words[0], func(h *coverage.Held) { h.Continuation.ElectedOn = s.date(a.words[1]) })
}

// withhold is "withhold WHO MONTH AGENCY STATUS DATE": a request, or what became of
// the one that was made last, as a further row.
func (s *story) withhold(a args) {
	s.edit(a.words[0], func(h *coverage.Held) {
		w := coverage.Withhold{From: s.monthOf(a.words[1]), Agency: a.words[2], Status: coverage.WithholdStatus(a.words[3])}
		if on := s.date(a.words[4]); w.Status == coverage.WithholdRequested {
			w.RequestedOn = on
		} else {
			w.RequestedOn, w.DecidedOn = h.Withhold[len(h.Withhold)-1].RequestedOn, on
		}
		h.Withhold = append(h.Withhold, w)
	})
}

func (s *story) days(a args) {
	if to := s.date(a.words[0]); to.Before(s.at) {
		s.ts.Fatalf("%s is over", to)
	}
	s.until(a.words[0])
	s.fresh = true
}

// payment is "pay WHO AMOUNT": money of the day, to the oldest of what the
// subscriber owes, or to what a month of the policy is open with.
func (s *story) payment(a args) {
	p, received := s.who(a.words[0]), s.today()
	if on, ok := a.take("received"); ok {
		received = s.date(on)
	}
	var sent calendar.Date
	if on, ok := a.take("sent"); ok {
		sent = s.date(on)
	}
	var items []payment.ItemRef
	if m, ok := a.take("month"); ok {
		items = s.items(p.key, s.monthOf(m))
	}
	p.paid = append(p.paid, s.takeSent(p.key.Number, s.cents(a.words[1]), received, sent, items))
	s.fresh = false
}

// items are the open items of a policy's month.
func (s *story) items(key coverage.Key, m calendar.Month) (items []payment.ItemRef) {
	for _, c := range s.charges(key) {
		item := payment.ItemRef{Book: c.ItemBook, No: c.ItemNo}
		if c.Month == m && item.No != 0 && !slices.Contains(items, item) {
			items = append(items, item)
		}
	}
	if len(items) == 0 {
		s.ts.Fatalf("nothing was billed for %s", m)
	}
	return items
}

func (s *story) charges(key coverage.Key) []coverage.Charge {
	charges, err := s.Store.Charges(ctx, []billpay.Number{key.Number})
	s.ts.Check(err)
	return slices.DeleteFunc(charges, func(c coverage.Charge) bool { return c.Policy != key })
}

func (s *story) returned(a args) {
	p := s.who(a.words[0])
	nth, err := strconv.Atoi(a.words[1])
	s.ts.Check(err)
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("return-%s-%d", a.words[0], nth)), Actor: clerk, Reason: "R01, insufficient funds"}
	_, err = s.Cashier.Reverse(ctx, order, p.paid[nth-1])
	s.ts.Check(err)
	s.fresh = false
}

// postmarked is "postmark WHO NTH DATE": staff find when a payment was sent.
func (s *story) postmarked(a args) {
	p := s.who(a.words[0])
	nth, err := strconv.Atoi(a.words[1])
	s.ts.Check(err)
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("postmark-%s-%d", a.words[0], nth)), Actor: clerk, Reason: "the envelope was found"}
	_, err = s.Cashier.Move(ctx, order, p.paid[nth-1], cashier.Target{Reference: p.key.Number.Digits(), SentOn: s.date(a.words[2])})
	s.ts.Check(err)
	s.fresh = false
}

// misapplied is "move WHO NTH TO": a payment that was made for another is given to whom
// it was meant for.
func (s *story) misapplied(a args) {
	nth, err := strconv.Atoi(a.words[1])
	s.ts.Check(err)
	order := cashier.Order{Key: ident.Key(fmt.Sprintf("move-%s-%d", a.words[0], nth)), Actor: clerk, Reason: "the payer mixed up two numbers"}
	_, err = s.Cashier.Move(ctx, order, s.who(a.words[0]).paid[nth-1], cashier.Target{Reference: s.who(a.words[2]).key.Number.Digits()})
	s.ts.Check(err)
	s.fresh = false
}

func (s *story) fact(a args) {
	f := grace.Fact{Kind: grace.FactKind(a.words[1]), On: s.today(), KnownOn: s.today()}
	for field, into := range map[string]*calendar.Date{"on": &f.On, "day": &f.Day} {
		if value, ok := a.take(field); ok {
			*into = s.date(value)
		}
	}
	if value, ok := a.take("notice"); ok {
		f.Notice = grace.Notice(value)
	}
	s.ts.Check(s.Store.AddPolicyFact(ctx, s.who(a.words[0]).key, f, clerk, "as the story tells"))
	s.fresh = false
}

// stood gives a policy's status at the end of the day at which the story stands.
func (s *story) stood(name string) grace.Status {
	key := s.who(name).key
	answers, err := warden.Status(ctx, s.Store, s.rules, key.Number, s.today())
	s.ts.Check(err)
	for i := range answers {
		if answers[i].Policy.Key() == key {
			return answers[i].Status
		}
	}
	s.ts.Fatalf("no status is about %s alone", name)
	return grace.Status{}
}

// expect is "expect WHO STATE KEY=VALUE...": the status, with the amounts and dates
// that are named; "-" is no date. The kept copy must say the same.
func (s *story) expect(a args) {
	status, key := s.stood(a.words[0]), s.who(a.words[0]).key
	got := map[string]string{
		"owed": status.Owed.String(), "cure": status.ToCure.String(), "through": dash(status.PaidThrough), "ends": dash(status.EndsOn),
		"grace": dash(status.GraceFrom), "to": dash(status.GraceTo), "payby": dash(status.PayBy), "from": dash(status.CoveredFrom),
		"unapplied": s.unapplied(key).String(),
	}
	var wrong []string
	if string(status.State) != a.words[1] {
		wrong = append(wrong, fmt.Sprintf("state %s, want %s", status.State, a.words[1]))
	}
	for field, want := range a.named {
		value, known := got[field]
		a.used[field] = known
		if known && value != want {
			wrong = append(wrong, fmt.Sprintf("%s %s, want %s", field, value, want))
		}
	}
	if s.fresh {
		kept, err := s.Store.Standings(ctx, []billpay.Number{key.Number})
		s.ts.Check(err)
		if at := kept[key]; at.State != status.State {
			wrong = append(wrong, fmt.Sprintf("the copy says %s", at.State))
		}
	}
	if len(wrong) > 0 {
		slices.Sort(wrong)
		s.ts.Fatalf("%s on %s: %s; the log:%s", a.words[0], s.today(), strings.Join(wrong, "; "), changes(status))
	}
}

func dash(d calendar.Date) string {
	if d.IsZero() {
		return "-"
	}
	return d.String()
}

func changes(status grace.Status) string {
	var b strings.Builder
	for _, t := range status.Transitions {
		fmt.Fprintf(&b, "\n  %s %s -> %s (%s) %s", t.On, t.From, t.To, t.Event, dash(t.Effective))
	}
	return b.String()
}

func (s *story) unapplied(key coverage.Key) (sum money.Cents) {
	left, err := s.Store.UnappliedOf(ctx, ledger.BookNo(key.Number))
	s.ts.Check(err)
	for _, u := range left {
		sum += u.Open
	}
	return sum
}

// duty is "duty WHO KIND TEXT": a duty of the kind that has arisen says the text, or
// none does. What a duty says is in told.
func (s *story) duty(a args, want bool) {
	status := s.stood(a.words[0])
	var said []string
	for i := range status.Duties {
		if d := &status.Duties[i]; string(d.Kind) == a.words[1] && !d.On.After(status.On) {
			said = append(said, told(d))
		}
	}
	found := slices.ContainsFunc(said, func(text string) bool { return strings.Contains(text, a.words[2]) })
	if found != want {
		s.ts.Fatalf("%s on %s: duties of %s are\n  %s\nlooked for %q, want %t; the log:%s",
			a.words[0], status.On, a.words[1], strings.Join(said, "\n  "), a.words[2], want, changes(status))
	}
}

func told(d *grace.Duty) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s%s%s%s of %s", d.Notice, d.Outbound, d.Reason, d.Signal, d.On)
	for _, part := range []struct{ word, value string }{
		{"by", d.DueBy.String()}, {"effective", d.Effective.String()}, {"month", d.Month.String()}, {"amount", d.Amount.String()},
	} {
		if part.value != "" && part.value != "0.00" {
			fmt.Fprintf(&b, " %s %s", part.word, part.value)
		}
	}
	return b.String()
}

// passed is "passed WHO DATE STATE": a change to the state was logged on the date.
func (s *story) passed(a args) {
	status, on := s.stood(a.words[0]), s.date(a.words[1])
	to := func(t grace.Transition) bool { return t.On == on && string(t.To) == a.words[2] }
	if !slices.ContainsFunc(status.Transitions, to) {
		s.ts.Fatalf("%s: no change to %s on %s; the log:%s", a.words[0], a.words[2], on, changes(status))
	}
}

// month is "month WHO MONTH KEY=VALUE...": what the status says of a month.
func (s *story) month(a args) {
	m := s.monthOf(a.words[1])
	for _, is := range s.stood(a.words[0]).Months {
		if is.Month != m {
			continue
		}
		got := map[string]string{
			"owed": is.Owed.String(), "paid": is.Paid.String(), "open": is.Open.String(), "expected": strconv.FormatBool(is.Expected),
		}
		if string(is.Claims) != a.words[2] {
			s.ts.Fatalf("%s on %s: claims of %s are %s, want %s", a.words[0], s.today(), m, is.Claims, a.words[2])
		}
		for field, want := range a.named {
			value, known := got[field]
			a.used[field] = known
			if known && value != want {
				s.ts.Fatalf("%s on %s: %s of %s is %s, want %s", a.words[0], s.today(), field, m, value, want)
			}
		}
		return
	}
	s.ts.Fatalf("%s was billed nothing for %s", a.words[0], m)
}

// billed is "billed WHO MONTH OWNER AMOUNT": what an owner owes of a month by all
// lines that were billed.
func (s *story) billed(a args) {
	m, owner := s.monthOf(a.words[1]), premium.Owner(a.words[2])
	var sum money.Cents
	for _, c := range s.charges(s.who(a.words[0]).key) {
		if c.Month == m && premium.Owner(c.Owner) == owner {
			sum += c.Cents
		}
	}
	if sum != s.cents(a.words[3]) {
		s.ts.Fatalf("%s on %s: %s owes %s of %s, want %s", a.words[0], s.today(), owner, sum, m, a.words[3])
	}
}

// prove is the proof of the books.
func (s *story) prove(args) {
	report, err := proof.Verify(ctx, s.Store, nil, nil)
	s.ts.Check(err)
	if report.Broken != nil {
		s.ts.Fatalf("the books do not prove: %+v", report.Broken)
	}
}
