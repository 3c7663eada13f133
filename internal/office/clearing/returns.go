package clearing

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
)

// answersTogether is how many answers are carried out in one go.
const answersTogether = 500

// ReturnReport is what a file of answers came to.
type ReturnReport struct {
	Answers  int             `json:"answers"`
	Outcomes map[Outcome]int `json:"outcomes"`
}

// Take keeps what a file brought back and carries it out: read gives each item of the
// file in order. It is safe to repeat: what was carried out stays as it is.
func (d *Desk) Take(
	ctx context.Context, file ledger.BookNo, by ident.Actor, read func(each func(Answer) error) error,
) (ReturnReport, error) {
	const op = "clearing.Take"
	var page []Answer
	report := ReturnReport{}
	keep := func() error {
		if len(page) == 0 {
			return nil
		}
		err := d.match(ctx, page)
		if err == nil {
			err = d.store.KeepAnswers(ctx, page)
		}
		page = page[:0]
		return err
	}
	err := read(func(a Answer) error {
		report.Answers++
		a.File, a.No, a.TakenAt, a.State = file, int64(report.Answers), d.clock.Now(), Taken
		a.ChangedAt, a.ChangedBy = a.TakenAt, by.String()
		page = append(page, a)
		if len(page) == answersTogether {
			return keep()
		}
		return nil
	})
	if err == nil {
		err = keep()
	}
	if err == nil {
		err = d.carryOut(ctx, file, by)
	}
	if err == nil {
		report.Outcomes, err = d.store.CountAnswers(ctx, file)
	}
	return report, fault.Wrap(op, err)
}

// match finds the entry that each answer is about: by the original trace, the amount, the
// direction and our company. A trace comes again after ten million; the newest entry
// that fits is meant, and one that still stands comes before one that came back.
func (d *Desk) match(ctx context.Context, page []Answer) error {
	found, err := d.found(ctx, page)
	if err != nil {
		return err
	}
	for i := range page {
		a := &page[i]
		if a.SettledOn.IsZero() {
			a.SettledOn = d.today() // our bank's files of answers may leave the day open
		}
		if e := fitting(a, found[a.Original]); e != nil {
			a.Entry, a.Purse = e.Ref(), e.Purse
			a.Rated = a.Kind == Return && e.Direction == Debit && e.Kind != Prenote
		}
	}
	return nil
}

func (d *Desk) found(ctx context.Context, page []Answer) (map[Trace][]FiledEntry, error) {
	traces := make([]Trace, 0, len(page))
	for i := range page {
		traces = append(traces, page[i].Original)
	}
	return d.store.ByTraces(ctx, traces)
}

func fitting(a *Answer, candidates []FiledEntry) *FiledEntry {
	var best *FiledEntry
	for i := range candidates {
		e := &candidates[i]
		if strings.TrimSpace(a.Company) != e.Company || !e.FileState.sent() {
			continue
		}
		// A notification has no amount; the amount of everything else is the entry's.
		if a.Kind != Change && a.Kind != ChangeRefused && (a.Amount != e.Amount || a.Credit != (e.Direction == Credit)) {
			continue
		}
		switch {
		case best == nil, best.State == Returned && e.State == Filed, best.State == e.State && e.File > best.File:
			best = e
		}
	}
	return best
}

// carryOut does what the answers of a file ask for, a group at a time.
func (d *Desk) carryOut(ctx context.Context, file ledger.BookNo, by ident.Actor) error {
	after := int64(0)
	for {
		group, err := d.store.AnswersTaken(ctx, file, after, answersTogether)
		if err != nil || len(group) == 0 {
			return err
		}
		after = group[len(group)-1].No
		found, err := d.found(ctx, group)
		if err != nil {
			return err
		}
		s := settling{Desk: d, by: by, today: d.today(), seen: map[EntryRef]bool{}}
		if err := s.settle(ctx, group, found); err != nil {
			return err
		}
	}
}

func (d *Desk) today() calendar.Date { return calendar.In(d.clock.Now(), d.bank.Zone) }

// settling is a group of answers on their way.
type settling struct {
	*Desk
	by    ident.Actor
	today calendar.Date
	seen  map[EntryRef]bool // that came back within this group
	all   []Settled
	back  []reversing
	told  []Bounce // of whom payment methods and mandates hear
}

// reversing is a payment that is to be taken back, for an answer of the group.
type reversing struct {
	at    int // in all
	rule  ReturnRule
	filed *FiledEntry
}

func (s *settling) settle(ctx context.Context, group []Answer, found map[Trace][]FiledEntry) error {
	s.all = make([]Settled, len(group))
	for i := range group {
		a := &s.all[i].Answer
		*a = group[i]
		a.State, a.ChangedAt, a.ChangedBy = Done, s.clock.Now(), s.by.String()
		filed := of(found[a.Original], a.Entry)
		if err := s.one(ctx, i, filed); err != nil {
			return err
		}
	}
	if err := s.reverse(ctx); err != nil {
		return err
	}
	if err := s.tell(ctx); err != nil {
		return err
	}
	return s.store.SettleAnswers(ctx, s.all)
}

// tell tells of the group's returns at once, or one by one where that cannot be.
func (s *settling) tell(ctx context.Context) error {
	err := s.store.Together(ctx, func(ctx context.Context) error {
		failed := make([]error, lanes)
		var tellers sync.WaitGroup
		for lane := range lanes {
			tellers.Go(func() {
				for at := lane; at < len(s.told) && failed[lane] == nil; at += lanes {
					failed[lane] = s.consents.Bounced(ctx, s.told[at])
				}
			})
		}
		tellers.Wait()
		return errors.Join(failed...)
	})
	for i := 0; err != nil && i < len(s.told); i++ {
		if one := s.consents.Bounced(ctx, s.told[i]); one != nil {
			return one
		}
	}
	return ctx.Err()
}

func of(candidates []FiledEntry, ref EntryRef) *FiledEntry {
	for i := range candidates {
		if ref.ID != "" && candidates[i].Ref() == ref {
			return &candidates[i]
		}
	}
	return nil
}

// one decides what an answer comes to, and does what is not a reversal.
func (s *settling) one(ctx context.Context, i int, filed *FiledEntry) error {
	a := &s.all[i].Answer
	switch {
	case a.Kind == Dishonoured || a.Kind == Contested:
		s.open(a, BetweenBanks, "the banks dispute this return; agree with our bank what it books", soon)
		return nil
	case filed == nil && a.Kind == Change:
		s.refuse(a, "C62", "no entry of ours has this trace")
		return nil
	case filed == nil:
		s.open(a, Unmatched, "no entry of ours has this trace, amount and company", soon)
		return nil
	case a.Kind == Change:
		return s.change(ctx, a, filed)
	case a.Kind == ChangeRefused:
		s.open(a, ForPerson, "a bank refuses a notification of change that we did not send", soon)
		return nil
	}
	return s.returned(ctx, i, filed)
}

func (s *settling) open(a *Answer, outcome Outcome, why string, days int) {
	a.State, a.Outcome, a.Why, a.DueOn = ToDo, outcome, why, s.today.AddBusinessDays(days)
}

func (s *settling) returned(ctx context.Context, i int, filed *FiledEntry) error {
	a := &s.all[i].Answer
	rule, known := RuleFor(a.Code)
	if !known {
		rule = ReturnRule{Code: a.Code, Meaning: "unknown", Reach: Open, Rate: Overall, Person: "find out what the code means", Days: soon}
	}
	if filed.State != Filed || s.seen[filed.Ref()] {
		return s.repeated(ctx, a)
	}
	s.seen[filed.Ref()] = true
	e := filed.Entry
	e.State, e.ReturnCode, e.ReturnedOn, e.Why = Returned, a.Code, a.SettledOn, rule.Meaning
	e.Actor, e.ChangedAt = s.by, s.clock.Now()
	s.all[i].Was, s.all[i].Entry = filed.State, &e
	switch {
	case e.Kind == Prenote:
		return s.prenoteBack(ctx, a, &e, rule)
	case e.Kind == Reversal:
		s.open(a, ReversalBack, "our reversal came back: the receiver keeps the money until it is settled otherwise", soon)
		return nil
	case e.Direction == Credit:
		return s.creditBack(ctx, a, &e, rule)
	}
	s.back = append(s.back, reversing{i, rule, filed})
	return nil
}

// repeated tells a return that came before, in another file, from a second one of the
// same entry, of which the bank must be asked.
func (s *settling) repeated(ctx context.Context, a *Answer) error {
	a.Rated = false
	earlier, err := s.store.AnswersOf(ctx, a.Entry)
	if err != nil {
		return err
	}
	for i := range earlier {
		o := &earlier[i]
		if o.Trace == a.Trace && o.Code == a.Code && (o.File != a.File) && o.Kind == a.Kind {
			a.Outcome, a.Why = Repeated, "the same return came before in another file"
			return nil
		}
	}
	s.open(a, Repeated, "the entry came back before; see that the bank booked it once", soon)
	return nil
}

func (s *settling) prenoteBack(ctx context.Context, a *Answer, e *Entry, rule ReturnRule) error {
	a.Outcome, a.Why = NotValid, rule.Meaning
	v := Validation{Book: e.Book, Method: e.Method, Way: ByPrenote, State: ValidationFailed, Entry: e.ID, Reason: a.Code + " " + rule.Meaning}
	if err := s.store.EndValidation(ctx, v, s.clock.Now()); err != nil {
		return err
	}
	s.bounced(e, rule, false)
	return nil
}

func (s *settling) creditBack(ctx context.Context, a *Answer, e *Entry, rule ReturnRule) error {
	a.Outcome, a.Why = RefundFailed, rule.Meaning
	err := s.payouts.Returned(ctx, e.Refund, returnKey(e), a.Code, a.SettledOn, s.by)
	if err != nil && (fault.KindOf(err) == fault.Conflict || fault.KindOf(err) == fault.NotFound) {
		s.open(a, RefundUnknown, fault.MessageOf(err), soon)
		err = nil
	}
	if err != nil {
		return err
	}
	s.bounced(e, rule, false)
	return nil
}

// returnKey is the key under which what an entry's return does is done once.
func returnKey(e *Entry) ident.Key { return ident.Key("ach-return:" + string(e.ID)) }

func (s *settling) bounced(e *Entry, rule ReturnRule, again bool) {
	if again {
		return // nothing changes for the payer's consent while the debit is tried again
	}
	s.told = append(s.told, Bounce{
		Key: returnKey(e), Entry: *e, Code: rule.Code, Consent: rule.Consent, Reason: rule.Reason, On: e.ReturnedOn, Actor: s.by,
	})
}

// reverse takes the payments of returned debits back, with the days kept for which they
// counted, and sends those again that may be.
func (s *settling) reverse(ctx context.Context) error {
	if len(s.back) == 0 {
		return nil
	}
	group := make([]cashier.Reversing, len(s.back))
	for n := range s.back {
		b := &s.back[n]
		group[n] = cashier.Reversing{
			Order:   cashier.Order{Key: returnKey(&b.filed.Entry), Actor: s.by, Reason: b.rule.reason()},
			Payment: b.filed.payment(),
		}
	}
	undone, err := s.cashier.ReverseAll(ctx, group)
	if err != nil {
		return err
	}
	for n := range s.back {
		if err := s.after(ctx, &s.back[n], undone[n].Err); err != nil {
			return err
		}
	}
	return nil
}

// after decides what follows a returned debit's reversal.
func (s *settling) after(ctx context.Context, b *reversing, failed error) error {
	settled := &s.all[b.at]
	a, e := &settled.Answer, settled.Entry
	again := false
	switch {
	case failed != nil && fault.KindOf(failed) != fault.Conflict && fault.KindOf(failed) != fault.NotFound && fault.KindOf(failed) != fault.Invalid:
		return failed // it is tried again with the file
	case failed != nil:
		s.open(a, NotReversed, "the bank took the money and it could not be taken back here: "+fault.MessageOf(failed), soon)
	default:
		a.Outcome, a.Why = Reversed, b.rule.Meaning
		if b.rule.Again {
			fresh, err := s.again(ctx, e, b.filed.SettlesOn)
			if err != nil {
				return err
			}
			if settled.Fresh, again = fresh, fresh != nil; again {
				a.Outcome = SentAgain
			}
		}
		s.late(a, e, b)
	}
	s.bounced(e, b.rule, again)
	return nil
}

// late opens what a person must look at: a return after its window, or what the rule
// says of its code.
func (s *settling) late(a *Answer, e *Entry, b *reversing) {
	switch {
	case !b.rule.inTime(e.SEC, b.filed.SettlesOn, e.ReturnedOn):
		s.open(a, a.Outcome, fmt.Sprintf("it came after the %s that %s has: our bank can dishonour it", b.rule.Reach, a.Code), disputeBy)
	case b.rule.Person != "":
		s.open(a, a.Outcome, b.rule.Person, b.rule.Days)
	}
}

// again makes the entry by which a returned debit is sent once more: the same amount,
// for the day on which it comes then. Nil when the network allows no further time.
func (s *settling) again(ctx context.Context, e *Entry, settled calendar.Date) (*Entry, error) {
	first := e.First
	if first == "" {
		first = e.ID
	} else {
		original, err := s.store.Entry(ctx, EntryRef{e.Book, first})
		if err != nil {
			return nil, err
		}
		settled = original.SettleOn
	}
	on, allowed := nextTry(e, settled, s.today)
	if !allowed {
		return nil, nil
	}
	fresh := *e
	fresh.ID = EntryID(ident.Key(fmt.Sprintf("retry:%s:%d", first, e.Tries+1)))
	fresh.Kind, fresh.State, fresh.Tries, fresh.First = Retry, Ready, e.Tries+1, first
	fresh.CreditOn, fresh.SettleOn = on, on
	fresh.File, fresh.Trace, fresh.ReturnCode, fresh.ReturnedOn, fresh.Why = 0, 0, "", calendar.Date{}, ""
	fresh.OrderedAt, fresh.ChangedAt = s.clock.Now(), s.clock.Now()
	return &fresh, nil
}

// reason is what stands in the books, and the class of letter that the payer gets
// before the colon.
func (r *ReturnRule) reason() string {
	class := "other"
	switch r.Code {
	case "R01", "R09":
		class = "no_funds"
	case "R02", "R03", "R04", "R12", "R13", "R16", "R20":
		class = "no_account"
	case "R07", "R08":
		class = "stopped"
	case "R05", "R10", "R11", "R29":
		class = "disputed"
	}
	return class + ": " + r.Code + " " + r.Meaning
}

// Settle closes an item that somebody saw to, with a note of what was done. Conflict
// when it is not open.
func (d *Desk) Settle(ctx context.Context, file ledger.BookNo, no int64, by ident.Actor, note string) (Answer, error) {
	const op = "clearing.Settle"
	if by.IsZero() || note == "" {
		return Answer{}, fault.New(fault.Invalid, op, "say who saw to it, and what was done")
	}
	a, err := d.store.Answer(ctx, file, no)
	if err != nil {
		return a, fault.Wrap(op, err)
	}
	a.State, a.Why = Closed, a.Why+"; "+note
	a.ChangedAt, a.ChangedBy = d.clock.Now(), by.String()
	return a, fault.Wrap(op, d.store.CloseAnswer(ctx, &a))
}
