package partnerfile_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/edge/exchange/partnerfile"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/office/outbound"
	"github.com/billfold/billfold/internal/office/warden"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx     = context.Background()
	clerk   = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	today   = calendar.In(storetest.Start, time.UTC)
	partner = outbound.Partner{
		Source: "STATEEXCH", Exchange: true, Insurance: "HLT", Folder: "outbound/state", AnswerWithin: 2, FirstControl: 301,
		Envelope: outbound.Envelope{
			SenderQualifier: "ZZ", Sender: "CEDARVALLEY", ReceiverQualifier: "ZZ", Receiver: "STATEEXCH", GroupSender: "CEDARVALLEY",
			GroupReceiver: "STATEEXCH", Test: true,
		},
		Sponsor: outbound.Party{Name: "STATE EXCHANGE", Qualifier: "FI", ID: "000000090"},
		Payer:   outbound.Party{Name: "CEDAR VALLEY HEALTH", Qualifier: "FI", ID: "000000072"},
	}
	claims = &outbound.ClaimsSystem{Folder: "outbound/claims"}
)

func day(text string) calendar.Date { return calendar.MustParse(text) }

// plan is an office with members and policies of one exchange.
type plan struct {
	*storetest.Office
	t       *testing.T
	dir     string // for files
	numbers []billpay.Number
	order   map[coverage.Key][]string
}

// open enrols so many subscribers with a policy each; the first has a spouse.
func open(t *testing.T, o *storetest.Office, subscribers int) *plan {
	t.Helper()
	p := &plan{o, t, t.TempDir(), nil, map[coverage.Key][]string{}}
	issuer, err := billpay.NewIssuer(12)
	p.check(err)
	numbers, err := o.Store.Reserve(ctx, issuer.Draw(subscribers+1))
	p.check(err)
	slices.Sort(numbers)
	spouse := numbers[subscribers]
	p.numbers = numbers[:subscribers]
	var edits []enrolment.Edit
	var held []coverage.Held
	for i, no := range numbers {
		m := &enrolment.Member{Number: no, Opaque: ident.NewOpaque(), Version: 1, Standing: enrolment.Standing{Subscriber: no}}
		m.Record.Identity = member.Identity{Source: partner.Source, SubscriberID: fmt.Sprintf("EX%06d", i)}
		m.Record.Person = member.Person{
			Name: member.Name{First: "June", Last: "Alder"}, BirthDate: day("1980-02-14"), Sex: "F", SSN: secret.New(fmt.Sprintf("9000000%02d", i%100)),
		}
		edits = append(edits, enrolment.Edit{After: m})
		if no == spouse {
			continue
		}
		h := coverage.Held{
			Policy: coverage.Policy{
				Number: no, No: 1, Line: coverage.ExchangeAPTC, State: "CO", Product: "CVH-SILVER-01", Source: partner.Source,
				SourceID: fmt.Sprintf("P-%d", i), Entry: coverage.NewEnrolment, From: day("2026-12-01"), ReceivedOn: day("2026-11-12"),
			},
			Terms: []coverage.Terms{{
				From: day("2026-12-01"), KnownOn: day("2026-11-12"), Stated: true, Rate: 60000, APTC: 45000,
				Members: []coverage.Insured{{Number: no, Born: day("1980-02-14"), Relationship: "self"}},
			}},
		}
		if i == 0 {
			h.Terms[0].Members = append(h.Terms[0].Members, coverage.Insured{Number: spouse, Born: day("1980-02-14"), Relationship: "spouse"})
		}
		held = append(held, h)
	}
	p.check(o.Store.SaveMembers(ctx, &enrolment.Writes{Edits: edits}))
	p.check(o.Store.SavePolicies(ctx, held, nil))
	return p
}

func (p *plan) check(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// due notes duties of a subscriber's policy, in the order in which they arise.
func (p *plan) due(of int, duties ...grace.Duty) {
	p.t.Helper()
	key := coverage.Key{Number: p.numbers[of], No: 1}
	for i := range duties {
		duties[i].On = today
		p.order[key] = append(p.order[key], duties[i].Key)
	}
	p.check(p.Store.SaveStandings(ctx, []warden.Update{{Key: key, Version: 1, Status: grace.Status{On: today, State: grace.Current, Duties: duties}}}))
}

func fact(what grace.Outbound, effective string) grace.Duty {
	return grace.Duty{Key: "outbound/" + string(what) + "/" + effective, Kind: grace.SendFact, Outbound: what, Effective: day(effective)}
}

func signal(month string, s grace.Signal) grace.Duty {
	return grace.Duty{Key: "claims/" + month + "/" + string(s), Kind: grace.SignalClaim, Month: calendar.MustParseMonth(month), Signal: s}
}

func (p *plan) deskOver(s outbound.Store, out outbound.Outbox) *outbound.Desk {
	order := func(context.Context, billpay.Number) (map[coverage.Key][]string, error) { return p.order, nil }
	return outbound.New(s, []outbound.Partner{partner}, claims, partnerfile.Press{Zone: time.UTC}, out, order, p.Clock)
}

func (p *plan) desk() *outbound.Desk { return p.deskOver(p.Store, exchange.NewOutbox(p.dir)) }

func (p *plan) send() outbound.Report {
	p.t.Helper()
	report, err := p.desk().Send(ctx, today, clerk, false)
	p.check(err)
	return report
}

// put gives the files in a folder by name.
func (p *plan) put(folder string) map[string][]byte {
	p.t.Helper()
	files := map[string][]byte{}
	entries, err := os.ReadDir(filepath.Join(p.dir, folder))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		p.t.Fatal(err)
	}
	for _, entry := range entries {
		data, err := os.ReadFile(filepath.Join(p.dir, folder, entry.Name()))
		p.check(err)
		files[entry.Name()] = data
	}
	return files
}

// told reads what stands in the 834s of the folder: the fact by the subscriber's id.
func (p *plan) told() []string {
	p.t.Helper()
	var told []string
	for name, data := range p.put(partner.Folder) {
		_, problems, err := x12.Read834(bytes.NewReader(data), func(m x12.Member834) error {
			if why, _ := m.Category("ADDL MAINT REASON"); m.Subscriber {
				told = append(told, m.SubscriberID+" "+why.Reference.Value)
			}
			return nil
		})
		p.check(err)
		if len(problems) > 0 {
			p.t.Errorf("%s does not prove: %v", name, problems)
		}
	}
	slices.Sort(told)
	return told
}

func TestSend_EachFactOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o, 3)
		p.due(0, fact(grace.Effectuation, "2026-12-01"))
		p.due(1, fact(grace.Effectuation, "2026-12-01"), fact(grace.Termination, "2027-01-31"))
		p.due(2, fact(grace.Cancellation, "2026-11-30"))
		dry, err := p.desk().Send(ctx, today, clerk, true)
		p.check(err)
		if dry.Facts != 4 || len(p.put(partner.Folder)) != 0 {
			t.Errorf("a dry run says %d facts and wrote %d files", dry.Facts, len(p.put(partner.Folder)))
		}
		report := p.send()
		if report.Facts != 4 || len(report.Files) != 1 || len(report.Waiting) != 0 {
			t.Fatalf("got %+v", report)
		}
		if file := report.Files[0]; file.Control != 301 || file.Totals["members"] != 5 || file.Totals["transaction_sets"] != 4 {
			t.Errorf("got %+v", file)
		}
		want := []string{"EX000000 CONFIRM", "EX000001 CONFIRM", "EX000001 TERM", "EX000002 CANCEL"}
		if got := p.told(); !slices.Equal(got, want) {
			t.Errorf("told %v, want %v", got, want)
		}
		for name, data := range p.put(partner.Folder) {
			for _, number := range p.numbers {
				if bytes.Contains(data, []byte(number.Digits())) {
					t.Errorf("%s has a bill pay number in it", name)
				}
			}
			if bytes.Contains(data, []byte("9000000")) {
				t.Errorf("%s has a social security number in it", name)
			}
		}
		if again := p.send(); again.Facts != 0 || len(again.Files) != 0 {
			t.Errorf("sent twice: %+v", again)
		}
		p.due(2, fact(grace.Reinstatement, "2026-12-01"))
		if next := p.send(); len(next.Files) != 1 || next.Files[0].Control != 302 {
			t.Errorf("the next file is %+v, want control number 302", next.Files)
		}
	})
}

// More facts than go into one interchange make several; each stays in order.
func TestSend_ManyFacts(t *testing.T) {
	p := open(t, storetest.Open(t, "sqlite"), 1200)
	for i := range p.numbers {
		p.due(i, fact(grace.Effectuation, "2026-12-01"), signal("2026-12", grace.Pend))
	}
	report := p.send()
	if report.Facts != 1200 || report.Signals != 1200 || len(report.Files) != 4 || len(p.told()) != 1200 {
		t.Errorf("told %d facts and %d signals in %d files", report.Facts, report.Signals, len(report.Files))
	}
	p.checkSignals(1200)
}

func TestSend_TwoAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o, 30)
		for i := range p.numbers {
			p.due(i, fact(grace.Effectuation, "2026-12-01"), signal("2026-12", grace.Pend))
		}
		var nodes sync.WaitGroup
		for range 3 {
			nodes.Go(func() {
				if _, err := p.desk().Send(ctx, today, clerk, false); err != nil && fault.KindOf(err) != fault.Conflict {
					t.Error(err)
				}
			})
		}
		nodes.Wait()
		p.send()
		if got := p.told(); len(got) != 30 || len(slices.Compact(got)) != 30 {
			t.Errorf("told %d facts: %v", len(got), got)
		}
		p.checkSignals(30)
	})
}

func TestSend_WhatCannotBeToldWaits(t *testing.T) {
	p := open(t, storetest.Open(t, "sqlite"), 3)
	p.due(0, fact(grace.NonPayment, "2026-12-01"), fact(grace.Effectuation, "2026-12-01"))
	p.due(1, fact(grace.Termination, "2026-12-01")) // it reads as a cancellation everywhere
	stranger := coverage.Held{Policy: coverage.Policy{
		Number: p.numbers[2], No: 2, Line: coverage.Direct, State: "CO", Source: "elsewhere", SourceID: "X", Entry: coverage.NewEnrolment, From: day("2026-12-01"),
	}}
	p.check(p.Store.SavePolicies(ctx, []coverage.Held{stranger}, nil))
	p.check(p.Store.SaveStandings(ctx, []warden.Update{{Key: stranger.Key(), Version: 1, Status: grace.Status{
		On: today, State: grace.Current, Duties: []grace.Duty{func() grace.Duty { d := fact(grace.Effectuation, "2026-12-01"); d.On = today; return d }()},
	}}}))
	report := p.send()
	if report.Facts != 1 || len(report.Waiting) != 3 {
		t.Fatalf("got %+v", report)
	}
	var reasons []string
	for _, w := range report.Waiting {
		reasons = append(reasons, w.Reason)
		if w.Facts != 1 {
			t.Errorf("got %+v", w)
		}
		for _, number := range p.numbers {
			if strings.Contains(w.Reason, number.Digits()) {
				t.Errorf("a reason names a number")
			}
		}
	}
	for _, want := range []string{"no partner in plan.yaml", "no word of its own", "ends after its first day"} {
		if !slices.ContainsFunc(reasons, func(r string) bool { return strings.Contains(r, want) }) {
			t.Errorf("no reason says %q: %q", want, reasons)
		}
	}
	if again := p.send(); again.Facts != 0 || len(again.Waiting) != 3 {
		t.Errorf("what waits does so until it is mended: %+v", again)
	}
}

var errKilled = errors.New("killed here")

// dying is a store and an outbox whose process is killed at its n-th act, before or
// after it was carried out.
type dying struct {
	*store.Store
	*exchange.Outbox
	acts, at int
	after    bool
}

func (d *dying) act(do func() error) error {
	d.acts++
	if d.acts == d.at && !d.after {
		return errKilled
	}
	if err := do(); err != nil {
		return err
	}
	if d.acts == d.at {
		return errKilled
	}
	return nil
}

func (d *dying) OpenOperatingBook(ctx context.Context, kind string, lanes int) (book ledger.BookNo, err error) {
	err = d.act(func() error { book, err = d.Store.OpenOperatingBook(ctx, kind, lanes); return err })
	return book, err
}

func (d *dying) KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error {
	return d.act(func() error { return d.Store.KeepChunk(ctx, file, n, data) })
}

func (d *dying) SaveOutbound(ctx context.Context, file outbound.File, facts []outbound.Told, signals []outbound.Signal) error {
	return d.act(func() error { return d.Store.SaveOutbound(ctx, file, facts, signals) })
}

func (d *dying) InsertEvents(ctx context.Context, facts []event.Fact) (added int, err error) {
	err = d.act(func() error { added, err = d.Store.InsertEvents(ctx, facts); return err })
	return added, err
}

func (d *dying) Placed(ctx context.Context, file int64, at time.Time) error {
	return d.act(func() error { return d.Store.Placed(ctx, file, at) })
}

func (d *dying) Put(folder, name string, data []byte) error {
	return d.act(func() error { return d.Outbox.Put(folder, name, data) })
}

func TestSend_KilledAnywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o, 60)
		whole, round := false, 0
		for at := 1; !whole; at++ {
			for _, after := range []bool{false, true} {
				from := 2 * round
				p.due(from, fact(grace.Effectuation, "2026-12-01"), signal("2026-12", grace.Pend))
				p.due(from+1, fact(grace.Cancellation, "2026-11-30"), signal("2026-12", grace.Deny))
				round++
				d := &dying{Store: o.Store, Outbox: exchange.NewOutbox(p.dir), at: at, after: after}
				_, err := p.deskOver(d, d).Send(ctx, today, clerk, false)
				whole = err == nil
				if err != nil && !errors.Is(err, errKilled) {
					t.Fatal(err)
				}
				if report := p.send(); !whole && len(report.Waiting) > 0 {
					t.Errorf("killed at %d: %+v", at, report)
				}
			}
		}
		if round < 16 {
			t.Errorf("only %d kills were made", round)
		}
		var want []string
		for i := range 2 * round {
			want = append(want, fmt.Sprintf("EX%06d %s", i, []string{"CONFIRM", "CANCEL"}[i%2]))
		}
		if got := p.told(); !slices.Equal(got, want) {
			t.Errorf("told %v\nwant %v", got, want)
		}
		p.checkSignals(2 * round)
		files, err := o.Store.OutboundFiles(ctx, 1000)
		p.check(err)
		controls := map[string]bool{}
		for _, f := range files {
			if f.PlacedAt.IsZero() || controls[fmt.Sprint(f.Kind, f.Control)] {
				t.Errorf("not placed, or its control number twice: %+v", f)
			}
			controls[fmt.Sprint(f.Kind, f.Control)] = true
		}
	})
}

// checkSignals demands signals from 1 to n in the files and in the feed, without a gap.
func (p *plan) checkSignals(n int) {
	p.t.Helper()
	var files []int64
	for name, data := range p.put(claims.Folder) {
		last := map[string]any{}
		for text := range strings.Lines(string(data)) {
			last = map[string]any{}
			p.check(json.Unmarshal([]byte(text), &last))
			if sequence, ok := last["sequence"].(float64); ok {
				files = append(files, int64(sequence))
			}
		}
		if last["end"] != true {
			p.t.Errorf("%s has no last line", name)
		}
	}
	slices.Sort(files)
	facts, err := p.Store.Events(ctx, 0, 10_000)
	p.check(err)
	var feed []int64
	for _, f := range facts {
		var data struct{ Sequence int64 }
		p.check(json.Unmarshal(f.Data, &data))
		if f.Type != outbound.ClaimSignal || f.Account == "" {
			p.t.Errorf("got %+v", f)
		}
		feed = append(feed, data.Sequence)
	}
	slices.Sort(feed)
	var want []int64
	for i := range n {
		want = append(want, int64(i+1))
	}
	if !slices.Equal(files, want) || !slices.Equal(feed, want) {
		p.t.Errorf("signals in files %v, in the feed %v, want 1 to %d", files, feed, n)
	}
}

func TestSignals_InOrderAndReleased(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o, 1)
		p.due(0, signal("2026-12", grace.Pend), signal("2027-01", grace.Pend), signal("2026-12", grace.Hold), signal("2026-12", grace.Deny))
		p.send()
		p.due(0, signal("2026-12", grace.Pay), signal("2027-02", grace.Pay))
		p.send()
		var words []string
		for _, no := range []int64{1, 2} {
			signals, err := o.Store.SignalsIn(ctx, no)
			p.check(err)
			for _, s := range signals {
				words = append(words, fmt.Sprint(s.Sequence, " ", s.Month, " ", s.Word))
			}
		}
		want := []string{"1 2026-12 pend", "2 2027-01 pend", "3 2026-12 hold", "4 2026-12 deny", "5 2026-12 release", "6 2027-02 pay"}
		if !slices.Equal(words, want) {
			t.Errorf("told %v\nwant %v", words, want)
		}
		p.checkSignals(6)
		for name, data := range p.put(claims.Folder) {
			if bytes.Contains(data, []byte(p.numbers[0].Digits())) {
				t.Errorf("%s has a bill pay number in it", name)
			}
		}
	})
}

// answer is a 999 of the partner's about a group of ours: a verdict per set, "" for
// one that it leaves out.
func answer(t *testing.T, control int64, group string, sets ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := x12.NewWriter(&out)
	_ = w.BeginInterchange(x12.Interchange{
		SenderQualifier: "ZZ", Sender: "STATEEXCH", ReceiverQualifier: "ZZ", Receiver: "CEDARVALLEY", Date: "261124", Time: "0900",
		Control: fmt.Sprintf("%09d", 900+control), Usage: "T",
	})
	_ = w.BeginGroup(x12.Group{
		FunctionalID: "FA", Sender: "STATEEXCH", Receiver: "CEDARVALLEY", Date: "20261124", Time: "0900", Control: "1", Agency: "X", Version: x12.AckVersion,
	})
	_ = w.BeginSet("999", "0001", x12.AckVersion)
	_ = w.Segment("AK1", "BE", fmt.Sprint(control), x12.Guide834)
	accepted := len(sets)
	for i, verdict := range sets {
		if verdict == "" {
			continue
		}
		_ = w.Segment("AK2", "834", fmt.Sprintf("%04d", i+1), x12.Guide834)
		if verdict == "R" {
			accepted--
			_ = w.Segment("IK3", "REF", "8", "2000", "8")
			_ = w.Segment("IK4", "2", "127", "7")
		}
		_ = w.Segment("IK5", verdict)
	}
	_ = w.Segment("AK9", group, fmt.Sprint(len(sets)), fmt.Sprint(len(sets)), fmt.Sprint(accepted))
	_ = w.EndSet()
	_ = w.EndGroup()
	if err := w.EndInterchange(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (p *plan) take(from ledger.BookNo, data []byte) outbound.AnswerReport {
	p.t.Helper()
	if !partnerfile.IsAnswer(data) {
		p.t.Error("the answer is not recognised")
	}
	said, problems, err := partnerfile.ReadAnswers(bytes.NewReader(data))
	p.check(err)
	if fault.Judge(problems) != fault.Accept {
		p.t.Fatalf("the answer does not prove: %v", problems)
	}
	report, err := p.desk().Take(ctx, from, p.Clock.Now(), said)
	p.check(err)
	return report
}

func (p *plan) state(file int64, on string) outbound.Standing {
	p.t.Helper()
	s, err := p.desk().Show(ctx, file, day(on))
	p.check(err)
	return s
}

func TestAnswers_MatchedJudgedAndSentAnew(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		p := open(t, o, 3)
		for i := range 3 {
			p.due(i, fact(grace.Effectuation, "2026-12-01"))
		}
		p.send()
		for on, want := range map[string]outbound.State{"2026-11-25": outbound.Sent, "2026-11-26": outbound.Overdue} {
			if got := p.state(1, on); got.State != want || got.AnswerBy != day("2026-11-25") {
				t.Errorf("on %s the file is %s, to be answered by %s", on, got.State, got.AnswerBy)
			}
		}
		report := p.take(16, answer(t, 301, "P", "", "R", "E"))
		if report.Matched != 3 || report.Rejected != 1 || report.Refused != 0 {
			t.Errorf("got %+v", report)
		}
		p.take(16, answer(t, 301, "P", "", "R", "E")) // the import of the same file was repeated
		got := p.state(1, "2026-12-24")
		var states []string
		for _, f := range got.Facts {
			states = append(states, string(f.State))
		}
		if want := []string{"accepted", "rejected", "accepted_with_errors"}; !slices.Equal(states, want) || got.State != outbound.Some {
			t.Errorf("got %v and %s, want %v", states, got.State, want)
		}
		if reasons := got.Facts[1].Reasons; len(reasons) == 0 || !strings.Contains(strings.Join(reasons, " "), "segment REF at 8 in loop 2000, REF02") {
			t.Errorf("the reasons are %v", reasons)
		}
		if report := p.send(); report.Facts != 0 {
			t.Error("a rejected fact went out again by itself")
		}
		if _, err := p.desk().SendAnew(ctx, 1, 1, clerk, "an accepted one"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("an accepted fact is sent anew: %v", err)
		}
		facts, err := p.desk().SendAnew(ctx, 1, 0, clerk, "the id was mended")
		if err != nil || facts != 1 {
			t.Errorf("got %d and %v", facts, err)
		}
		if _, err := p.desk().SendAnew(ctx, 1, 0, clerk, "again"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("sent anew twice: %v", err)
		}
		if report := p.send(); report.Facts != 1 || report.Files[0].Control != 302 {
			t.Errorf("got %+v", report)
		}
		if report := p.send(); report.Facts != 0 {
			t.Error("the second attempt went out twice")
		}
		p.take(32, answer(t, 302, "A", "A"))
		if got := p.state(2, "2026-12-24"); got.State != outbound.Taken || got.Facts[0].Attempt != 2 {
			t.Errorf("got %+v", got)
		}
		overdue, rejected, err := p.desk().Late(ctx, day("2026-12-24"))
		if err != nil || len(overdue)+len(rejected) != 0 {
			t.Errorf("got %v, %v, %v", overdue, rejected, err)
		}
	})
}

func TestAnswers_RejectedWholeAndUnknown(t *testing.T) {
	p := open(t, storetest.Open(t, "sqlite"), 2)
	p.due(0, fact(grace.Effectuation, "2026-12-01"))
	p.send()
	if report := p.take(16, answer(t, 77, "A", "A")); report.Refused != 2 || report.Matched != 0 {
		t.Errorf("an answer to nothing: %+v", report)
	}
	ta1 := strings.Replace(`ISA*00*          *00*          *ZZ*STATEEXCH      *ZZ*CEDARVALLEY    *261124*0900*^*00501*000000007*0*T*:~
TA1*000000301*261123*1500*R*010~
IEA*0*000000007~
`, "\n", "", -1)
	if report := p.take(32, []byte(ta1)); report.Rejected != 1 || report.Matched != 1 {
		t.Errorf("got %+v", report)
	}
	if got := p.state(1, "2026-11-24"); got.State != outbound.Refused || got.Facts[0].State != outbound.Rejected {
		t.Errorf("got %+v", got)
	}
	_, rejected, err := p.desk().Late(ctx, today)
	if err != nil || len(rejected) != 1 {
		t.Errorf("got %v, %v", rejected, err)
	}
}

func TestIsAnswer_LooksAtTheFirstGroup(t *testing.T) {
	isa := "ISA*00*          *00*          *ZZ*STATEEXCH      *ZZ*CEDARVALLEY    *261124*0900*^*00501*000000007*0*T*:~"
	for text, want := range map[string]bool{
		isa + "GS*FA*A*B~":                   true,
		isa + "\r\nTA1*1*2*3*A*000~\r\nIEA*": true,
		isa + "TA1*1*2*3*A*000~GS*FA*":       true,
		isa + "TA1*1*2*3*A*000~GS*BE*":       false,
		isa + "GS*BE*A*B~":                   false,
		isa:                                  false,
		"":                                   false,
		"ISA*":                               false,
	} {
		if got := partnerfile.IsAnswer([]byte(text)); got != want {
			t.Errorf("%q: got %v", text[min(len(text), 105):], got)
		}
	}
}

func FuzzReadAnswers(f *testing.F) {
	f.Add([]byte("ISA*00*          *00*          *ZZ*STATEEXCH      *ZZ*CEDARVALLEY    *261124*0900*^*00501*000000007*0*T*:~TA1*000000301*261123*1500*R*010~IEA*0*000000007~"))
	f.Fuzz(func(t *testing.T, data []byte) {
		partnerfile.IsAnswer(data)
		said, _, err := partnerfile.ReadAnswers(bytes.NewReader(data))
		if err != nil {
			t.Error(err)
		}
		for _, s := range said {
			if s.Control < 0 || s.Level == "" || s.Verdict == "" {
				t.Errorf("got %+v", s)
			}
		}
	})
}
