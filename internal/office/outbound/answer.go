package outbound

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Level is what of a file an answer is about.
type Level string

// The levels.
const (
	OfInterchange Level = "interchange" // a TA1
	OfGroup       Level = "group"       // a 999's word on the functional group
	OfSet         Level = "set"         // and on a transaction set
)

// Verdict is what a partner says of something that we sent.
type Verdict string

// The verdicts.
const (
	Accepted           Verdict = "accepted"
	AcceptedWithErrors Verdict = "accepted_with_errors" // taken, with errors to mend
	Partly             Verdict = "partly"               // of a group: some sets were taken
	Rejected           Verdict = "rejected"
)

// Said is an answer as it stands in a partner's file.
type Said struct {
	Line       int    // of the answering file
	Partner    string // ISA06 of the answer: our receiver
	Control    int64  // of our interchange or group; 0 when the partner could not read it
	Set        int64  // of a set: its ST02
	Level      Level
	Verdict    Verdict
	Complaints []string // segment, position and reason, without the bad value
}

// Answer is one that belongs to a file of ours.
type Answer struct {
	Said
	File       int64
	From       ledger.BookNo // the book of the file that it came in
	No         int64         // within that file, from 1
	AnsweredAt time.Time
}

// AnswerReport is what became of a file of answers.
type AnswerReport struct {
	Answers  int      `json:"answers"`
	Matched  int      `json:"matched"`
	Rejected int      `json:"rejected"` // interchanges, groups and sets that the partner did not take
	Refused  int      `json:"refused"`  // answers that name nothing we sent
	Lines    []string `json:"lines,omitempty"`
}

const linesMax = 200

// Take keeps what a proved file of answers says. It may be repeated. From is the
// book of the file, which names it.
func (d *Desk) Take(ctx context.Context, from ledger.BookNo, at time.Time, said []Said) (AnswerReport, error) {
	const op = "outbound.Take"
	report := AnswerReport{Answers: len(said)}
	var answers []Answer
	for i, one := range said {
		file, err := d.store.FileOf(ctx, one.Partner, one.Control)
		if fault.KindOf(err) == fault.NotFound && err != nil {
			report.Refused++
			report.line("line %d: the %s with control number %d was never sent to this partner", one.Line, one.Level, one.Control)
			continue
		}
		if err != nil {
			return report, fault.Wrap(op, err)
		}
		if one.Level == OfSet && (one.Set < 1 || one.Set > file.Items) {
			report.Refused++
			report.line("line %d: file %d has no transaction set %d", one.Line, file.No, one.Set)
			continue
		}
		report.Matched++
		if one.Verdict == Rejected {
			report.Rejected++
			report.line("file %d, %s: rejected", file.No, one.what())
			for _, complaint := range one.Complaints {
				report.line("file %d, %s: %s", file.No, one.what(), complaint)
			}
		}
		answers = append(answers, Answer{Said: one, File: file.No, From: from, No: int64(i + 1), AnsweredAt: at})
	}
	return report, fault.Wrap(op, d.store.SaveAnswers(ctx, answers))
}

func (s *Said) what() string {
	if s.Level == OfSet {
		return fmt.Sprintf("transaction set %04d", s.Set)
	}
	return string(s.Level)
}

func (r *AnswerReport) line(format string, args ...any) {
	if len(r.Lines) < linesMax {
		r.Lines = append(r.Lines, fmt.Sprintf(format, args...))
	}
}

// State is how far a file has come.
type State string

// The states of a file.
const (
	Kept    State = "kept" // and not in its folder yet: the next run puts it there
	Sent    State = "sent"
	Overdue State = "overdue" // the partner should have answered by now
	Taken   State = "accepted"
	Noted   State = "accepted_with_errors"
	Some    State = "partly_rejected"
	Refused State = "rejected"
)

// Standing is a file with what its partner said of it.
type Standing struct {
	File
	State    State         `json:"state"`
	AnswerBy calendar.Date `json:"answer_by,omitzero"` // the partner's last day to answer
	Rejected int           `json:"rejected"`           // facts that the partner did not take
	Resent   int           `json:"sent_anew"`          // of them told anew, or about to be
	Facts    []Outcome     `json:"facts,omitempty"`
}

// Outcome is what became of a fact.
type Outcome struct {
	Account   ident.Opaque  `json:"account"`
	Policy    int64         `json:"policy"`
	Fact      string        `json:"fact"`
	Effective calendar.Date `json:"effective"`
	Set       int64         `json:"transaction_set"`
	Attempt   int64         `json:"attempt"`
	State     Verdict       `json:"state,omitempty"` // "" while the partner has not answered
	Reasons   []string      `json:"reasons,omitempty"`
	Again     bool          `json:"sent_anew"`

	told Told
}

// List tells of the 834s that are not settled, and of the files made last. Every
// rejected fact is among the first.
func (d *Desk) List(ctx context.Context, day calendar.Date, most int) ([]Standing, error) {
	const op = "outbound.List"
	open, err := d.store.Unsettled(ctx)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	last, err := d.store.OutboundFiles(ctx, most)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	for _, file := range last {
		if !slices.ContainsFunc(open, func(o File) bool { return o.No == file.No }) {
			open = append(open, file)
		}
	}
	slices.SortFunc(open, func(a, b File) int { return int(b.No - a.No) })
	standings, err := d.standings(ctx, open, day, false)
	return standings, fault.Wrap(op, err)
}

// Late gives the files that a partner should have answered by a day, and those of
// which something was rejected and not told anew.
func (d *Desk) Late(ctx context.Context, day calendar.Date) (overdue, rejected []Standing, err error) {
	open, err := d.store.Unsettled(ctx)
	if err != nil {
		return nil, nil, fault.Wrap("outbound.Late", err)
	}
	standings, err := d.standings(ctx, open, day, false)
	for _, s := range standings {
		switch {
		case s.State == Overdue:
			overdue = append(overdue, s)
		case s.Rejected > s.Resent:
			rejected = append(rejected, s)
		}
	}
	return overdue, rejected, fault.Wrap("outbound.Late", err)
}

// Show tells everything of one file.
func (d *Desk) Show(ctx context.Context, no int64, day calendar.Date) (Standing, error) {
	const op = "outbound.Show"
	file, err := d.store.OutboundFile(ctx, no)
	if err != nil {
		return Standing{}, err
	}
	standings, err := d.standings(ctx, []File{file}, day, true)
	if err != nil {
		return Standing{}, fault.Wrap(op, err)
	}
	return standings[0], nil
}

// standings judges files by what was said of them.
func (d *Desk) standings(ctx context.Context, files []File, day calendar.Date, each bool) ([]Standing, error) {
	numbers := make([]int64, len(files))
	for i := range files {
		numbers[i] = files[i].No
	}
	answers, err := d.store.AnswersTo(ctx, numbers)
	if err != nil {
		return nil, err
	}
	told, err := d.store.ToldIn(ctx, numbers)
	if err != nil {
		return nil, err
	}
	var all []Due
	for _, facts := range told {
		for i := range facts {
			all = append(all, facts[i].Due)
		}
	}
	books := booksOf(all)
	attempts, err := d.store.Attempts(ctx, books)
	if err != nil {
		return nil, err
	}
	opaque, err := d.store.Opaques(ctx, books)
	if err != nil {
		return nil, err
	}
	standings := make([]Standing, len(files))
	for i := range files {
		s := Standing{File: files[i]}
		s.Facts = outcomes(told[s.No], answers[s.No])
		for n := range s.Facts {
			o := &s.Facts[n]
			o.Account = opaque[ledger.BookNo(o.told.Policy.Number)]
			o.Again = attempts[Again{o.told.Policy, o.told.Key, o.Attempt + 1}]
		}
		d.judge(&s, answers[s.No], day)
		if !each {
			s.Facts = slices.DeleteFunc(s.Facts, func(o Outcome) bool { return o.State != Rejected || o.Again })
		}
		standings[i] = s
	}
	return standings, nil
}

// outcomes says of each fact of a file what the partner said. A set's own verdict
// comes before its group's, a group's covers the sets that it leaves out, and an
// interchange that is rejected takes everything with it. What was said last holds.
func outcomes(told []Told, answers []Answer) []Outcome {
	facts := make([]Outcome, len(told))
	for i := range told {
		o := Outcome{
			Policy: told[i].Policy.No, Fact: string(told[i].What), Effective: told[i].Effective, Set: told[i].Set, Attempt: told[i].Attempt,
			told: told[i],
		}
		for n := range answers {
			a := &answers[n]
			switch {
			case a.Level == OfSet && a.Set == o.Set:
				o.State, o.Reasons = a.Verdict, a.Complaints
			case a.Level == OfSet:
			case a.Verdict == Rejected:
				o.State = Rejected
				o.Reasons = append(slices.Clone(a.Complaints), o.Reasons...)
			case a.Level == OfGroup && o.State == "" && a.Verdict == Partly:
				o.State = Accepted
			case a.Level == OfGroup && o.State == "":
				o.State = a.Verdict
			}
		}
		facts[i] = o
	}
	return facts
}

// judge gives a file's state.
func (d *Desk) judge(s *Standing, answers []Answer, day calendar.Date) {
	answered, errors := 0, 0
	for i := range s.Facts {
		switch o := &s.Facts[i]; o.State {
		case "":
			continue
		case Rejected:
			s.Rejected++
			if o.Again {
				s.Resent++
			}
		case AcceptedWithErrors:
			errors++
		}
		answered++
	}
	if p := d.partner(s.Partner); p != nil && s.Kind == Enrolment {
		s.AnswerBy = s.Day.AddBusinessDays(p.AnswerWithin)
	}
	switch {
	case s.PlacedAt.IsZero():
		s.State = Kept
	case s.Kind == Claims:
		s.State = Sent
	case s.Rejected > 0 && s.Rejected == len(s.Facts):
		s.State = Refused
	case s.Rejected > 0:
		s.State = Some
	case answered < len(s.Facts) && !s.AnswerBy.IsZero() && day.After(s.AnswerBy):
		s.State = Overdue
	case answered < len(s.Facts):
		s.State = Sent
	case errors > 0 || slices.ContainsFunc(answers, func(a Answer) bool { return a.Verdict == AcceptedWithErrors }):
		s.State = Noted
	default:
		s.State = Taken
	}
}

// SendAnew has the rejected facts of a file told anew with the next sending: all,
// or those of one transaction set. It gives how many. Conflict when there are none.
func (d *Desk) SendAnew(ctx context.Context, no, set int64, by ident.Actor, reason string) (int, error) {
	const op = "outbound.SendAnew"
	if by.IsZero() || reason == "" {
		return 0, fault.New(fault.Invalid, op, "say who has it sent anew, and why")
	}
	standing, err := d.Show(ctx, no, calendar.Date{})
	if err != nil {
		return 0, err
	}
	var again []Again
	for i := range standing.Facts {
		o := &standing.Facts[i]
		if o.State == Rejected && !o.Again && (set == 0 || o.Set == set) {
			again = append(again, Again{o.told.Policy, o.told.Key, o.Attempt + 1})
		}
	}
	if len(again) == 0 {
		return 0, fault.New(fault.Conflict, op, "nothing of file %d was rejected and not sent anew", no).
			WithHint("\"billfold outbound show\" tells what the partner said of each fact.")
	}
	return len(again), fault.Wrap(op, d.store.SaveAgain(ctx, again, by, reason))
}
