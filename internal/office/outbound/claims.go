package outbound

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Word is what the claims system is told to do with claims of a policy's month.
type Word string

// The words.
const (
	Pay     Word = "pay"
	Pend    Word = "pend"
	Hold    Word = "hold" // for the few days in which money in time may still be posted
	Deny    Word = "deny"
	Release Word = "release" // pay, also what was pended, held or denied before
)

// ClaimSignal is the type of the fact in the feed of events.
const ClaimSignal = "claims.signal"

// Signal is what the claims system is told, or is to be told, of a policy's month.
type Signal struct {
	Policy   coverage.Key
	Key      string         // of the duty, within the policy
	Month    calendar.Month // of service
	Stated   grace.Signal   // as the payment status says
	Word     Word           // as it is told; "" while it is due
	From     calendar.Date  // the day from which it holds
	Sequence int64          // 0 while it is due
}

// PolicyMonth names a policy's month.
type PolicyMonth struct {
	Policy coverage.Key
	Month  calendar.Month
}

// line is a signal in the file, and without the fields about the policy in the feed.
type line struct {
	Sequence     int64          `json:"sequence"`
	Account      ident.Opaque   `json:"account,omitempty"`
	Policy       int64          `json:"policy"`
	Source       string         `json:"source,omitempty"`
	SourcePolicy string         `json:"source_policy,omitempty"`
	Line         coverage.Line  `json:"line,omitempty"`
	Month        calendar.Month `json:"month"`
	Signal       Word           `json:"signal"`
	From         calendar.Date  `json:"from"`
}

// trailer is the last line of a file: with it the receiver knows that the file is
// whole.
type trailer struct {
	End     bool  `json:"end"`
	First   int64 `json:"first"`
	Last    int64 `json:"last"`
	Signals int   `json:"signals"`
}

// claimsReceiver names the one series of sequence numbers.
const claimsReceiver = "claims"

// signal tells the claims system what is due, some accounts at a time.
func (s *sending) signal(ctx context.Context) error {
	if s.claims == nil || s.report.DryRun {
		due, err := s.store.CountSignals(ctx, s.report.Day)
		switch {
		case err != nil:
			return err
		case s.claims != nil:
			s.report.Signals = due
		case due > 0:
			s.waits(claimsReceiver, "plan.yaml names no claims system", due, "")
		}
		return nil
	}
	for after := ledger.BookNo(0); ; {
		books, err := s.store.SignalBooks(ctx, s.report.Day, after, booksListed)
		if err != nil || len(books) == 0 {
			return err
		}
		after = books[len(books)-1]
		for part := range slices.Chunk(books, booksTogether) {
			for range retriesMax {
				if err = s.signals(ctx, part); fault.KindOf(err) != fault.Conflict || err == nil {
					break
				}
			}
			if err != nil {
				return err
			}
		}
	}
}

func (s *sending) signals(ctx context.Context, books []ledger.BookNo) error {
	due, err := s.store.DueSignals(ctx, s.report.Day, books)
	if err != nil || len(due) == 0 {
		return err
	}
	if err := s.inOrder(ctx, due); err != nil {
		return err
	}
	no, next, err := s.store.NextFile(ctx, Claims, claimsReceiver)
	if err != nil {
		return err
	}
	next = max(next, 1)
	last, err := s.store.LastSignals(ctx, books)
	if err != nil {
		return err
	}
	for i := range due {
		due[i].Sequence = next + int64(i)
		due[i].Word = wordFor(due[i].Stated, last[PolicyMonth{due[i].Policy, due[i].Month}])
		last[PolicyMonth{due[i].Policy, due[i].Month}] = due[i].Word
	}
	data, totals, err := s.lines(ctx, due)
	if err != nil {
		return err
	}
	file := File{
		No: no, Kind: Claims, Partner: claimsReceiver, Receiver: claimsReceiver, Control: next, Folder: s.claims.Folder,
		Name: fmt.Sprintf("claims-%012d.jsonl", next), Day: s.report.Day, MadeAt: s.clock.Now(), Actor: s.by,
		Items: int64(len(due)), Totals: totals,
	}
	if file, err = s.keep(ctx, file, data, nil, due); err != nil {
		return err
	}
	s.report.Signals += len(due)
	return s.put(ctx, &file, data)
}

// wordFor says in the claims system's words what a status says of a month's claims,
// after what it was told before.
func wordFor(stated grace.Signal, before Word) Word {
	if stated == grace.Pay && (before == Pend || before == Hold || before == Deny) {
		return Release
	}
	return Word(stated)
}

// inOrder puts a policy's signals into the order in which they arose. Two of one
// month on one day are told apart by the replay of the status.
func (s *sending) inOrder(ctx context.Context, due []Signal) error {
	for from := 0; from < len(due); {
		to := from
		for to < len(due) && due[to].Policy.Number == due[from].Policy.Number {
			to++
		}
		part := due[from:to]
		from = to
		if !sameDay(part) {
			continue
		}
		arose, err := s.order(ctx, part[0].Policy.Number)
		if err != nil {
			return err
		}
		slices.SortStableFunc(part, func(a, b Signal) int {
			if a.Policy != b.Policy || a.From != b.From {
				return 0 // in order already
			}
			return slices.Index(arose[a.Policy], a.Key) - slices.Index(arose[b.Policy], b.Key)
		})
	}
	return nil
}

// sameDay reports whether two signals of a policy's month arose on one day.
func sameDay(signals []Signal) bool {
	type place struct {
		at PolicyMonth
		on calendar.Date
	}
	seen := map[place]bool{}
	for i := range signals {
		p := place{PolicyMonth{signals[i].Policy, signals[i].Month}, signals[i].From}
		if seen[p] {
			return true
		}
		seen[p] = true
	}
	return false
}

// lines writes the file.
func (s *sending) lines(ctx context.Context, signals []Signal) ([]byte, map[string]int, error) {
	var numbers []billpay.Number
	var books []ledger.BookNo
	for i := range signals {
		numbers, books = append(numbers, signals[i].Policy.Number), append(books, ledger.BookNo(signals[i].Policy.Number))
	}
	slices.Sort(numbers)
	slices.Sort(books)
	held, err := s.store.PoliciesOf(ctx, slices.Compact(numbers))
	if err != nil {
		return nil, nil, err
	}
	policies := map[coverage.Key]*coverage.Held{}
	for i := range held {
		policies[held[i].Key()] = &held[i]
	}
	opaque, err := s.store.Opaques(ctx, slices.Compact(books))
	if err != nil {
		return nil, nil, err
	}
	totals := map[string]int{}
	var out bytes.Buffer
	to := json.NewEncoder(&out)
	for i := range signals {
		v := &signals[i]
		p := policies[v.Policy]
		if p == nil {
			return nil, nil, fault.New(fault.Corrupt, "outbound.lines", "a signal is due for a policy that is not on file")
		}
		totals[string(v.Word)]++
		err := to.Encode(line{
			Sequence: v.Sequence, Account: opaque[ledger.BookNo(v.Policy.Number)], Policy: v.Policy.No, Source: p.Source,
			SourcePolicy: p.SourceID, Line: p.Line, Month: v.Month, Signal: v.Word, From: v.From,
		})
		if err != nil {
			return nil, nil, err
		}
	}
	err = to.Encode(trailer{End: true, First: signals[0].Sequence, Last: signals[len(signals)-1].Sequence, Signals: len(signals)})
	return out.Bytes(), totals, err
}

// publish puts a file's signals into the feed of events. What is there already
// stays as it is.
func (s *sending) publish(ctx context.Context, file *File) error {
	signals, err := s.store.SignalsIn(ctx, file.No)
	if err != nil {
		return err
	}
	of, err := s.store.OpaqueOf(ctx, file.Book)
	if err != nil {
		return err
	}
	var books []ledger.BookNo
	for i := range signals {
		books = append(books, ledger.BookNo(signals[i].Policy.Number))
	}
	slices.Sort(books)
	opaque, err := s.store.Opaques(ctx, slices.Compact(books))
	if err != nil {
		return err
	}
	facts := make([]event.Fact, len(signals))
	for i := range signals {
		v := &signals[i]
		data, err := json.Marshal(line{Sequence: v.Sequence, Policy: v.Policy.No, Month: v.Month, Signal: v.Word, From: v.From})
		if err != nil {
			return err
		}
		facts[i] = event.Fact{
			ID: event.IDOf(of, int64(i+1)), Type: ClaimSignal, Time: file.MadeAt, Account: opaque[ledger.BookNo(v.Policy.Number)],
			Data: data, Ref: event.Ref{Book: file.Book, Seq: int64(i + 1)},
		}
	}
	_, err = s.store.InsertEvents(ctx, facts)
	return err
}
