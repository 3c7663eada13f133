package notice_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	today = calendar.MustParse("2026-11-23")
	clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}
)

// regions sends for one region.
type regions struct{ pack region.Pack }

func (r regions) Sender(id region.ID) (notice.Sender, bool) {
	return notice.Sender{Pack: r.pack}, id == r.pack.ID
}

// mailer keeps what it was asked to tell.
type mailer struct {
	told    []string
	refuses string // an address that takes no mail
	down    error
	after   int // how many it takes before it is down
	tokens  []string
	full    string // an address that takes none today
}

func (m *mailer) Notice(_ context.Context, to, language, token, once string) (string, error) {
	m.tokens = append(m.tokens, token)
	if to == m.full {
		return "", fault.New(fault.Unavailable, "test", "mailbox full")
	}
	if to == m.refuses {
		return "", fault.New(fault.Invalid, "test", "no such mailbox")
	}
	if m.down != nil && len(m.told) == m.after {
		return "", m.down
	}
	m.told = append(m.told, to+" "+language)
	return "id-" + once, nil
}

// press keeps files in memory, and can be killed at a step.
type press struct {
	part, files map[string][]notice.Sheet
	controls    map[string]notice.Control
	killAt      string
}

func newPress() *press {
	return &press{part: map[string][]notice.Sheet{}, files: map[string][]notice.Sheet{}, controls: map[string]notice.Control{}}
}

var errKilled = errors.New("killed")

func (p *press) Print(name string, c notice.Control, sheets []notice.Sheet) (notice.Printout, error) {
	p.part[name], p.controls[name] = slices.Clone(sheets), c
	if p.killAt == "print" {
		return notice.Printout{}, errKilled
	}
	return notice.Printout{SHA256: fmt.Sprintf("%064d", len(sheets)), Pages: len(sheets)}, nil
}

func (p *press) Release(name string) error {
	if p.killAt == "release" {
		return errKilled
	}
	p.files[name] = p.part[name]
	delete(p.part, name)
	return nil
}

func (p *press) Drop(name string) error {
	delete(p.part, name)
	return nil
}

func (p *press) Unfinished() ([]string, error) {
	var names []string
	for name := range p.part {
		names = append(names, name)
	}
	return names, nil
}

// printed lists the readers of every released letter, in the order of files.
func (p *press) printed() []string {
	var names []string
	for name := range p.files {
		names = append(names, name)
	}
	slices.Sort(names)
	var all []string
	for _, name := range names {
		for _, s := range p.files[name] {
			all = append(all, s.To[0])
		}
	}
	return all
}

// office is a plan with members who have addresses.
type office struct {
	*storetest.Office
	t       *testing.T
	numbers []billpay.Number
	pack    region.Pack
}

// zips are the members' in the order of their names; the last has no address.
var zips = []string{"80302-1234", "67401", "80302", "00901", ""}

func open(t *testing.T, o *storetest.Office) *office {
	t.Helper()
	pack, problems := region.Load("../../../configs/cedar-valley/regions/front-range.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return &office{o, t, o.Residents(t, "front-range", zips...), pack}
}

func (f *office) desk(m notice.Mailer) *notice.Desk {
	return notice.NewDesk(f.Store, regions{f.pack}, m, clock.At(storetest.Start))
}

// due is a notice to a member.
func (f *office) due(i int, kind notice.Kind) notice.Notice {
	facts := notice.Facts{
		Line: coverage.Direct, Amount: 100_00, GraceFrom: today, GraceTo: today.AddDays(31), CoverEnds: today.AddDays(-1), Reason: notice.NotPaid,
		PendFrom: today.AddDays(30), Received: 5_00, ReceivedOn: today, Return: notice.Stopped, PayBy: today.AddDays(9),
	}
	return notice.Notice{
		Book: ledger.BookNo(f.numbers[i]), Policy: coverage.Key{Number: f.numbers[i], No: 1}, Kind: kind, Key: string(kind) + "/2026-11",
		DueBy: today.AddDays(10), MadeOn: today, Language: "es-MX", Facts: facts,
	}
}

func (f *office) keep(notices ...notice.Notice) int {
	f.t.Helper()
	kept, err := f.desk(nil).Keep(f.t.Context(), notices)
	if err != nil {
		f.t.Fatal(err)
	}
	return kept
}

func (f *office) consent(i int, address string) {
	f.t.Helper()
	err := f.Store.AddConsent(f.t.Context(), notice.Consent{
		Book: ledger.BookNo(f.numbers[i]), GivenOn: today.AddDays(-5), Wording: "2026-1", Address: address, How: notice.OnPage, Evidence: "form 1",
		Actor: clerk, At: storetest.Start,
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *office) print(p notice.Press, most int, m notice.Mailer) notice.Printed {
	f.t.Helper()
	done, err := f.desk(m).Print(f.t.Context(), today, "letters-2026-11-23", p, most)
	if err != nil {
		f.t.Fatal(err)
	}
	return done
}

func (f *office) deliveries(i int) []notice.Delivery {
	f.t.Helper()
	all, err := f.Store.DeliveriesOf(f.t.Context(), ledger.BookNo(f.numbers[i]))
	if err != nil {
		f.t.Fatal(err)
	}
	return all
}

func TestKeep_TheSameDutyMakesOneNotice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		first := f.due(0, notice.StateGrace)
		if kept := f.keep(first, first, f.due(1, notice.StateGrace)); kept != 2 {
			t.Errorf("%d were new, want 2", kept)
		}
		changed := first
		changed.Facts.Amount = 1_00
		if kept := f.keep(changed, f.due(0, notice.ReturnedPayment)); kept != 1 {
			t.Errorf("%d were new, want 1", kept)
		}
		all, err := o.Store.NoticesOf(t.Context(), first.Book)
		if err != nil || len(all) != 2 {
			t.Fatalf("got %d notices, %v", len(all), err)
		}
		first.Language, first.Review = "es", notice.Unreviewed
		if got := all[1]; got != first {
			t.Errorf("got %+v\nwant %+v", got, first)
		}
		if _, err := f.desk(nil).Keep(t.Context(), []notice.Notice{f.due(2, notice.StateGrace), {}}); fault.KindOf(err) != fault.Invalid {
			t.Errorf("with one that lacks everything: got %v", err)
		}
		if all, _ := o.Store.NoticesOf(t.Context(), ledger.BookNo(f.numbers[2])); len(all) != 0 {
			t.Error("its neighbour was kept")
		}
	})
}

func TestPrint_InPostalOrderInFiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		for i := range zips {
			f.keep(f.due(i, notice.StateGrace))
		}
		f.keep(f.due(0, notice.ProviderGrace), f.due(0, notice.Termination))
		p := newPress()
		done := f.print(p, 3, nil)
		want := []string{"Reader3 Ruiz", "Reader1 Ruiz", "Reader2 Ruiz", "Reader0 Ruiz", "Reader0 Ruiz"}
		if got := p.printed(); !slices.Equal(got, want) {
			t.Errorf("got %v, want %v", got, want)
		}
		if done.Letters != 5 || len(done.Files) != 2 || done.Held != 1 || !strings.Contains(done.Reasons[0].Why, "address") {
			t.Errorf("got %+v", done)
		}
		c := p.controls["letters-2026-11-23-001"]
		if c.First != "00901" || c.Last != "80302" || c.Letters != 3 || !slices.Equal(c.Kinds, []notice.KindCount{{Kind: notice.StateGrace, Count: 3}}) {
			t.Errorf("the control sheet says %+v", c)
		}
		file, found, err := o.Store.PrintFileOf(t.Context(), "letters-2026-11-23-002")
		if err != nil || !found || file.Letters != 2 || file.File != 2 || !strings.Contains(file.Control, "of these termination: 1") {
			t.Errorf("recorded is %+v, %v, %v", file, found, err)
		}
		proof := f.deliveries(0)
		if len(proof) != 2 || proof[0].Ref != file.Name || proof[0].Channel != notice.Paper || proof[0].Language != "es" ||
			proof[0].Review != notice.Unreviewed || len(proof[0].Digest) != 64 || proof[0].Digest == proof[1].Digest || !proof[0].At.Equal(storetest.Start) {
			t.Errorf("the proof is %+v", proof)
		}

		again := f.print(p, 3, nil)
		if again.Letters != 0 || len(p.printed()) != 5 || again.Held != 1 {
			t.Errorf("printed again: %+v", again)
		}
		f.keep(f.due(1, notice.ReturnedPayment))
		if more := f.print(p, 3, nil); more.Letters != 1 || more.Files[0].Name != "letters-2026-11-23-003" {
			t.Errorf("one more the same day: %+v", more)
		}
	})
}

// A run that is killed prints every letter once, wherever it was killed.
func TestPrint_KilledAndGoneOnWith(t *testing.T) {
	for _, step := range []string{"print", "release"} {
		storetest.Each(t, func(t *testing.T, o *storetest.Office) {
			f := open(t, o)
			for i := range 4 {
				f.keep(f.due(i, notice.StateGrace))
			}
			p := newPress()
			p.killAt = step
			if _, err := f.desk(nil).Print(t.Context(), today, "letters", p, 2); !errors.Is(err, errKilled) {
				t.Fatalf("got %v", err)
			}
			if len(p.files) != 0 || len(p.part) != 1 {
				t.Fatalf("%d files and %d unfinished", len(p.files), len(p.part))
			}
			p.killAt = ""
			if _, err := f.desk(nil).Print(t.Context(), today, "letters", p, 2); err != nil {
				t.Fatal(err)
			}
			want := []string{"Reader3 Ruiz", "Reader1 Ruiz", "Reader2 Ruiz", "Reader0 Ruiz"}
			if got := p.printed(); !slices.Equal(got, want) || len(p.part) != 0 || len(p.files) != 2 {
				t.Errorf("killed at %s: got %v and %d unfinished", step, got, len(p.part))
			}
		})
	}
}

// Of two runs at once one prints; the other's file is never released.
func TestPrint_TwoRunsAtOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.keep(f.due(0, notice.StateGrace))
		p, other := newPress(), newPress()
		racing := &race{press: p, meanwhile: func() {
			if _, err := f.desk(nil).Print(t.Context(), today, "other", other, 2); err != nil {
				t.Error(err)
			}
		}}
		_, err := f.desk(nil).Print(t.Context(), today, "letters", racing, 2)
		if fault.KindOf(err) != fault.Conflict || len(p.files) != 0 || len(other.files) != 1 || len(f.deliveries(0)) != 1 {
			t.Errorf("got %v, %d and %d files, %d proofs", err, len(p.files), len(other.files), len(f.deliveries(0)))
		}
	})
}

type race struct {
	*press
	meanwhile func()
}

func (r *race) Print(name string, c notice.Control, sheets []notice.Sheet) (notice.Printout, error) {
	r.meanwhile()
	return r.press.Print(name, c, sheets)
}

func TestMail_WhereAConsentStands(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.consent(0, "ana@example.org")
		f.consent(1, "gone@example.org")
		f.consent(2, "late@example.org")
		err := o.Store.AddConsent(t.Context(), notice.Consent{
			Book: ledger.BookNo(f.numbers[2]), GivenOn: today.AddDays(-5), WithdrawnOn: today, Wording: "2026-1", Address: "late@example.org", Actor: clerk,
		})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			f.keep(f.due(i, notice.StateGrace), f.due(i, notice.Termination))
		}
		m := &mailer{refuses: "gone@example.org"}
		done, err := f.desk(m).Mail(t.Context(), today)
		if err != nil || done.Sent != 2 || done.Refused != 1 {
			t.Errorf("got %+v, %v", done, err)
		}
		if want := []string{"ana@example.org es", "ana@example.org es"}; !slices.Equal(m.told, want) {
			t.Errorf("told %v, want %v", m.told, want)
		}

		p := newPress()
		f.print(p, 100, m)
		// Ana's termination, and both of everybody else, also of whose mailbox is gone.
		want := []string{"Reader3 Ruiz", "Reader3 Ruiz", "Reader1 Ruiz", "Reader1 Ruiz", "Reader2 Ruiz", "Reader2 Ruiz", "Reader0 Ruiz"}
		if got := p.printed(); !slices.Equal(got, want) {
			t.Errorf("printed for %v, want %v", got, want)
		}
		proof := map[string]int{}
		for i := range 4 {
			for _, d := range f.deliveries(i) {
				proof[fmt.Sprint(i, " ", d.Channel, " ", d.Result)]++
			}
		}
		wantProof := map[string]int{"0 email sent": 2, "0 paper sent": 1, "1 email refused": 1, "1 paper sent": 2, "2 paper sent": 2, "3 paper sent": 2}
		if fmt.Sprint(proof) != fmt.Sprint(wantProof) {
			t.Errorf("the proof is %v, want %v", proof, wantProof)
		}
		if refs, err := o.Store.DueRefs(t.Context(), notice.Letters, notice.Ref{}, 10); err != nil || len(refs) != 0 {
			t.Errorf("still due: %v, %v", refs, err)
		}
		if done, err := f.desk(m).Mail(t.Context(), today); err != nil || done.Sent != 0 || len(m.told) != 2 {
			t.Errorf("a second round: %+v, %v", done, err)
		}
	})
}

// A server that stops answering costs nothing of what it took.
func TestMail_GoesOnAfterTheServerWasDown(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		for i := range 3 {
			f.consent(i, fmt.Sprintf("reader%d@example.org", i))
			f.keep(f.due(i, notice.StateGrace))
		}
		m := &mailer{down: fault.New(fault.Unavailable, "test", "no answer"), after: 2}
		if done, err := f.desk(m).Mail(t.Context(), today); fault.KindOf(err) != fault.Unavailable || done.Sent != 2 {
			t.Errorf("got %+v, %v", done, err)
		}
		m.down = nil
		if done, err := f.desk(m).Mail(t.Context(), today); err != nil || done.Sent != 1 || len(m.told) != 3 {
			t.Errorf("then %+v, %v; told %v", done, err, m.told)
		}
	})
}

// Without a mail server nothing waits for one.
func TestPrint_EverythingWithoutAMailer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.consent(0, "ana@example.org")
		f.keep(f.due(0, notice.StateGrace))
		if done, err := f.desk(nil).Mail(t.Context(), today); err != nil || done.Sent != 0 {
			t.Errorf("mail: %+v, %v", done, err)
		}
		if done := f.print(newPress(), 10, nil); done.Letters != 1 {
			t.Errorf("got %+v", done)
		}
	})
}

func TestPrint_RefusesABatchThatIsNoName(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		for _, tc := range []struct {
			batch string
			most  int
		}{{"", 1}, {"../up", 1}, {"A", 1}, {"ok", 0}, {"ok", notice.LettersMost + 1}} {
			if _, err := f.desk(nil).Print(t.Context(), today, tc.batch, newPress(), tc.most); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%+v: got %v", tc, err)
			}
		}
	})
}

func TestStandingConsents_TheLastOneHolds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		book := ledger.BookNo(f.numbers[0])
		for _, c := range []notice.Consent{
			{GivenOn: today, Address: "one@example.org"}, {GivenOn: today, WithdrawnOn: today.AddDays(3), Address: "one@example.org"},
			{GivenOn: today.AddDays(7), Address: "two@example.org"},
		} {
			c.Book, c.Wording, c.Actor = book, "2026-1", clerk
			if err := o.Store.AddConsent(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		for days, want := range map[int]string{-1: "", 0: "one@example.org", 2: "one@example.org", 3: "", 6: "", 7: "two@example.org"} {
			got, err := o.Store.StandingConsents(t.Context(), []ledger.BookNo{book}, today.AddDays(days))
			if err != nil || got[book].Address != want {
				t.Errorf("after %d days: got %q, %v, want %q", days, got[book].Address, err, want)
			}
		}
	})
}

// One mailbox that a server does not take for the moment holds up nobody else.
func TestMail_OneMailboxHoldsUpNobody(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		for i := range 3 {
			f.consent(i, fmt.Sprintf("reader%d@example.org", i))
			f.keep(f.due(i, notice.StateGrace))
		}
		m := &mailer{full: "reader1@example.org"}
		done, err := f.desk(m).Mail(t.Context(), today)
		if fault.KindOf(err) != fault.Unavailable || done.Sent != 2 || done.Waiting != 1 {
			t.Errorf("got %+v, %v", done, err)
		}
		// It waits some days for the mail, and goes on paper then.
		for days, want := range map[int]int{0: 0, 6: 0} {
			if printed, err := f.desk(m).Print(t.Context(), today.AddDays(days), fmt.Sprint("d", days), newPress(), 9); err != nil || printed.Letters != want {
				t.Errorf("after %d days: %+v, %v", days, printed, err)
			}
		}
		if printed, err := f.desk(m).Print(t.Context(), today.AddDays(7), "d7", newPress(), 9); err != nil || printed.Letters != 1 {
			t.Errorf("after a week: %+v, %v", printed, err)
		}
	})
}

// A mail that bounces puts its reader back on paper, for this letter and all that follow.
func TestMail_ABounceEndsTheConsent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.consent(0, "gone@example.org")
		f.keep(f.due(0, notice.StateGrace), f.due(0, notice.ReturnedPayment))
		m := &mailer{refuses: "gone@example.org"}
		if done, err := f.desk(m).Mail(t.Context(), today); err != nil || done.Refused != 1 {
			t.Fatalf("got %+v, %v", done, err)
		}
		all, err := o.Store.ConsentsOf(t.Context(), ledger.BookNo(f.numbers[0]))
		if err != nil || len(all) != 2 || all[1].WithdrawnOn != today || all[1].How != notice.Bounced || all[1].Actor.Kind != ident.System {
			t.Errorf("kept is %+v, %v", all, err)
		}
		p := newPress()
		if done := f.print(p, 9, m); done.Letters != 2 {
			t.Errorf("printed %+v", done)
		}
	})
}

// What ends coverage goes on paper always, and by mail as well.
func TestMail_ThePaperThatGoesAlways(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.consent(0, "ana@example.org")
		f.keep(f.due(0, notice.Termination), f.due(0, notice.StateGrace))
		m := &mailer{}
		if done, err := f.desk(m).Mail(t.Context(), today); err != nil || done.Sent != 2 || len(m.tokens) != 2 || m.tokens[0] == m.tokens[1] {
			t.Fatalf("got %+v, %v, %v", done, err, m.tokens)
		}
		if done := f.print(newPress(), 9, m); done.Letters != 1 {
			t.Errorf("printed %+v", done)
		}
	})
}

// A link leads to its letter until it is over or taken back; the database holds no
// token.
func TestLinks_LeadToTheirLetter(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		f.consent(0, "ana@example.org")
		f.keep(f.due(0, notice.Termination))
		m := &mailer{}
		if _, err := f.desk(m).Mail(t.Context(), today); err != nil {
			t.Fatal(err)
		}
		digest := notice.TokenDigest(m.tokens[0])
		link, found, err := f.desk(nil).Linked(t.Context(), digest)
		if err != nil || !found || link.Book != ledger.BookNo(f.numbers[0]) || digest == m.tokens[0] {
			t.Fatalf("it leads to %+v, %v, %v", link, found, err)
		}
		letter, err := f.desk(nil).Open(t.Context(), link)
		if err != nil || letter.Kind != notice.Termination || letter.Language != "es" {
			t.Errorf("it opens %+v, %v", letter, err)
		}
		for days, want := range map[int]bool{89: true, 90: false} {
			if _, found, err := o.Store.LinkOf(t.Context(), digest, storetest.Start.AddDate(0, 0, days)); found != want || err != nil {
				t.Errorf("after %d days: %v, %v", days, found, err)
			}
		}
		if _, found, _ := f.desk(nil).Linked(t.Context(), notice.TokenDigest("another")); found {
			t.Error("a link that nobody made leads somewhere")
		}
		paper := notice.Consent{Book: link.Book, How: notice.ByPhone, Evidence: "call 7", Actor: clerk}
		if err := f.desk(nil).WithdrawConsent(t.Context(), paper, today); err != nil {
			t.Fatal(err)
		}
		if _, found, _ := f.desk(nil).Linked(t.Context(), digest); found {
			t.Error("it still leads there after the consent was taken back")
		}
		if err := f.desk(nil).WithdrawConsent(t.Context(), paper, today); fault.KindOf(err) != fault.NotFound {
			t.Errorf("taken back twice: %v", err)
		}
	})
}

func TestGiveConsent_OnlyWhatTheLawTakes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		f := open(t, o)
		whole := notice.Consent{
			Book: ledger.BookNo(f.numbers[0]), GivenOn: today, Wording: "2026-1", Address: "ana@example.org", How: notice.ByMail, Evidence: "message 7",
			Actor: clerk,
		}
		for what, spoil := range map[string]func(c *notice.Consent){
			"said on the telephone": func(c *notice.Consent) { c.How = notice.ByPhone }, "no way": func(c *notice.Consent) { c.How = "pigeon" },
			"a bounce": func(c *notice.Consent) { c.How = notice.Bounced }, "unknown words": func(c *notice.Consent) { c.Wording = "1999-1" },
			"no address": func(c *notice.Consent) { c.Address = "ana" }, "a name with it": func(c *notice.Consent) { c.Address = "Ana <ana@example.org>" },
			"no evidence": func(c *notice.Consent) { c.Evidence = "" }, "nobody": func(c *notice.Consent) { c.Actor = ident.Actor{} },
		} {
			c := whole
			spoil(&c)
			if err := f.desk(nil).GiveConsent(t.Context(), c); fault.KindOf(err) != fault.Invalid || strings.Contains(err.Error(), "example.org") {
				t.Errorf("%s: got %v", what, err)
			}
		}
		if err := f.desk(nil).GiveConsent(t.Context(), whole); err != nil {
			t.Fatal(err)
		}
		all, err := o.Store.ConsentsOf(t.Context(), whole.Book)
		whole.At = storetest.Start
		if err != nil || len(all) != 1 || !all[0].At.Equal(whole.At) || all[0].Evidence != "message 7" || all[0].Actor != clerk {
			t.Errorf("kept is %+v, %v", all, err)
		}
	})
}

// What members agree to is there in every language.
func TestWordings_InEveryLanguage(t *testing.T) {
	for _, version := range notice.Wordings() {
		seen := map[string]bool{}
		for _, language := range notice.Languages() {
			text, err := notice.Wording(version, language)
			if err != nil || len(text) < 500 || seen[text] {
				t.Errorf("%s in %s: %d bytes, %v", version, language, len(text), err)
			}
			seen[text] = true
		}
	}
	if _, err := notice.Wording("1999-1", "en"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v", err)
	}
}
