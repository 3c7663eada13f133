package recon_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	clerk   = ident.Actor{Kind: ident.Staff, Name: "treasurer"}
	second  = ident.Actor{Kind: ident.Staff, Name: "controller"}
)

const bankAccount = "000555010001"

// house is storetest's with one bank account.
type house struct{ storetest.House }

func (house) Receiver(kind, id string) (chart.Purse, bool) {
	return premium, kind == "bank_account" && id == bankAccount
}
func (house) EntityNos() []chart.EntityNo { return []chart.EntityNo{1, 2} }
func (house) BankPurses() []chart.Purse   { return []chart.Purse{premium} }
func (h house) DayOf(_ chart.EntityNo, at time.Time) calendar.Date {
	return calendar.In(at, time.UTC)
}

// keys signs with a key of the test.
type keys struct{ private ed25519.PrivateKey }

func (k keys) Sign(message []byte) (string, []byte) { return "test", ed25519.Sign(k.private, message) }
func (k keys) PublicKey(id string) (ed25519.PublicKey, bool) {
	return k.private.Public().(ed25519.PublicKey), id == "test"
}

// bench is an office with a desk for reconciliation.
type bench struct {
	*storetest.Office
	t       *testing.T
	desk    *recon.Desk
	keys    keys
	approve *approval.Desk
	paid    int
	file    ledger.BookNo
}

func newBench(t *testing.T, o *storetest.Office) *bench {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Office: o, t: t, keys: keys{private}, approve: approval.New(o.Store, o.Clock)}
	print := func(number secret.Text) (string, error) {
		sum, err := o.Vault.Fingerprint(number, "bank account")
		return hex.EncodeToString(sum), err
	}
	b.desk = recon.New(o.Store, o.Cashier, house{storetest.House{Clock: o.Clock}}, o.Clock, print, recon.DefaultRules(), b.approve, b.keys)
	return b
}

func (b *bench) today() calendar.Date { return calendar.In(b.Clock.Now(), time.UTC) }

// source opens an operating book as a file or drawer has.
func (b *bench) source() ledger.BookNo {
	b.t.Helper()
	book, err := b.Store.OpenOperatingBook(b.t.Context(), "file", 4)
	if err != nil {
		b.t.Fatal(err)
	}
	return book
}

// pay posts payments without owner over a rail, all from one source.
func (b *bench) pay(rail payment.Rail, source ledger.BookNo, received calendar.Date, amounts ...money.Cents) []cashier.Answer {
	b.t.Helper()
	var group []payment.Instruction
	for _, cents := range amounts {
		b.paid++
		group = append(group, payment.Instruction{
			Key: ident.Key(fmt.Sprintf("test:%d", b.paid)), Rail: rail, Amount: cents, Received: received, Actor: clerk, Source: source,
			Parts: []payment.Part{{Reference: "nobody", Amount: cents, Received: premium}},
		})
	}
	outcomes, err := b.Cashier.Post(b.t.Context(), group, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	var answers []cashier.Answer
	for _, o := range outcomes {
		if o.Err != nil {
			b.t.Fatal(o.Err)
		}
		answers = append(answers, o.Answer)
	}
	return answers
}

// day is a statement of the bank account.
type day struct {
	on               calendar.Date
	opening, closing money.Cents
	lines            []recon.Line
	interim          bool
}

// reader reads days that the test made.
func reader(days ...day) recon.Reader {
	return func(_ io.Reader, head func(recon.Head) error, line func(recon.Line) error) ([]fault.Problem, error) {
		for _, d := range days {
			err := head(recon.Head{
				Account: secret.New(bankAccount), AsOf: d.on, Interim: d.interim,
				Opening: recon.Balance{Cents: d.opening, Said: true}, Closing: recon.Balance{Cents: d.closing, Said: true},
			})
			if err != nil {
				return nil, err
			}
			for _, l := range d.lines {
				if err := line(l); err != nil {
					return nil, err
				}
			}
		}
		return nil, nil
	}
}

// statement loads a day whose balances follow from its lines, and runs.
func (b *bench) statement(on calendar.Date, opening money.Cents, lines ...recon.Line) (recon.RunReport, money.Cents) {
	b.t.Helper()
	closing := opening
	for _, l := range lines {
		closing += l.Amount
	}
	b.load(day{on: on, opening: opening, closing: closing, lines: lines})
	return b.run(), closing
}

func (b *bench) load(days ...day) recon.LoadReport {
	b.t.Helper()
	b.file++
	report, err := b.desk.Load(b.t.Context(), b.file, func() io.Reader { return bytes.NewReader(nil) }, reader(days...))
	if err != nil {
		b.t.Fatal(err)
	}
	return report
}

func (b *bench) run() recon.RunReport {
	b.t.Helper()
	r, err := b.desk.Run(b.t.Context(), clerk)
	if err != nil {
		b.t.Fatal(err)
	}
	return r
}

func line(code string, cents money.Cents) recon.Line { return recon.Line{Code: code, Amount: cents} }

func (b *bench) seal(ctx context.Context, on calendar.Date) (int64, error) {
	s, err := proof.Close(ctx, b.Store, b.keys, b.Clock, on)
	return s.No, err
}

func (b *bench) prove(on calendar.Date) recon.Proof {
	b.t.Helper()
	p, err := b.desk.Prove(b.t.Context(), 1, on)
	if err != nil {
		b.t.Fatal(err)
	}
	return p
}

func (b *bench) verify() {
	b.t.Helper()
	report, err := proof.Verify(b.t.Context(), b.Store, b.keys, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	if report.Broken != nil {
		b.t.Fatalf("the books do not prove: %v", report.Broken)
	}
}

func (b *bench) exceptions() []recon.Exception {
	b.t.Helper()
	all, err := b.desk.Exceptions(b.t.Context(), recon.ExceptionFilter{})
	if err != nil {
		b.t.Fatal(err)
	}
	return all
}

func TestRun_BooksLinesAgainstWhatTheySettle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		lockbox := b.source()
		b.pay(payment.Lockbox, lockbox, today, 100_00, 250_50, 7_25)
		b.pay(payment.Wire, b.source(), today, 900_00)
		b.pay(payment.Counter, b.Till, today, 40_00, 60_00)
		r, closing := b.statement(today, 5_000_00, line("115", 357_75), line("195", 900_00), line("301", 100_00), line("698", -12_00), line("142", 1_23))
		if r.Matched != 3 || r.Open != 1 || r.Lines != 6 || r.Expected != 0 || r.Exceptions != 1 || r.OpenCents != 1_23 {
			t.Errorf("got %+v", r)
		}
		p := b.prove(today)
		if p.Unexplained != 0 {
			t.Errorf("unexplained %s: %+v", p.Unexplained, p)
		}
		if len(p.Bank) != 1 || p.Bank[0].Closing != closing {
			t.Errorf("got the bank's balances %+v, want %s", p.Bank, closing)
		}
		b.verify()
		if again := b.run(); again.Lines != 0 || again.Exceptions != 1 {
			t.Errorf("a second run did %+v", again)
		}
	})
}

func TestRun_SumsOfSeveral(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		file := b.source()
		b.pay(payment.BankBill, file, today, 10_00)
		b.pay(payment.BankBill, file, today.AddDays(-1), 15_00) // two effective days of one file, settled in one sum
		box := b.source()
		b.pay(payment.Lockbox, box, today, 77_77) // settled in two lines under one reference
		half := recon.Line{Code: "115", Amount: 70_00, CustomerRef: "DEP 9"}
		rest := recon.Line{Code: "115", Amount: 7_77, CustomerRef: "DEP 9"}
		r, _ := b.statement(today, 0, line("142", 25_00), half, rest)
		if r.Matched != 3 || r.Open != 0 || r.Expected != 0 {
			t.Errorf("got %+v", r)
		}
		if p := b.prove(today); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestRun_TwoThatFitEquallyWellAreNoMatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Wire, b.source(), today, 50_00)
		wires := b.pay(payment.Wire, b.source(), today, 50_00)
		r, _ := b.statement(today, 0, line("195", 50_00))
		if r.Matched != 0 || r.Open != 1 || r.Expected != 2 {
			t.Fatalf("got %+v", r)
		}
		// The line that made the payment is certain, whatever its amount.
		own := line("195", 50_00)
		own.Payment = wires[0].Payment
		b.Clock.Advance(24 * time.Hour)
		r, _ = b.statement(b.today(), 50_00, own)
		if r.Matched != 1 || r.Explained != 1 || r.Expected != 0 || r.Exceptions != 0 {
			t.Errorf("then got %+v, want both explained: one was left for the other", r)
		}
		if p := b.prove(b.today()); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestRun_WhatExplainsALineCanComeLater(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		day1 := b.today()
		r, _ := b.statement(day1, 0, line("115", 300_00))
		if r.Open != 1 || r.Exceptions != 1 {
			t.Fatalf("got %+v", r)
		}
		b.Clock.Advance(24 * time.Hour)
		b.pay(payment.Lockbox, b.source(), day1, 120_00, 180_00)
		if r := b.run(); r.Explained != 1 || r.Exceptions != 0 || r.Expected != 0 {
			t.Errorf("got %+v", r)
		}
		// As of the first day the line was open; now nothing is.
		if p := b.prove(day1); p.Unexplained != 0 || !hasLines(p, 300_00) {
			t.Errorf("the first day proves as %+v", p)
		}
		if p := b.prove(b.today()); p.Unexplained != 0 || hasLines(p, 300_00) {
			t.Errorf("the second day proves as %+v", p)
		}
		b.verify()
	})
}

func hasLines(p recon.Proof, cents money.Cents) bool {
	for _, a := range p.Accounts {
		if a.Lines.Cents == cents {
			return true
		}
	}
	return false
}

func TestUnmatch_OpensBothAndIsNotMatchedAgain(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Lockbox, b.source(), today, 80_00)
		b.statement(today, 0, line("115", 80_00))
		book := b.book(today)
		if err := b.desk.Unmatch(t.Context(), book, 1, clerk, "of another day"); err != nil {
			t.Fatal(err)
		}
		if r := b.run(); r.Expected != 1 || r.Exceptions != 1 || r.Explained != 0 {
			t.Errorf("got %+v", r)
		}
		if err := b.desk.Unmatch(t.Context(), book, 1, clerk, "again"); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a line that nothing explains was unmatched: %v", err)
		}
		e := b.exceptions()[0]
		detail, err := b.desk.Exception(t.Context(), e.ID)
		if err != nil || len(detail.Candidates) != 1 {
			t.Fatalf("got %+v, %v", detail, err)
		}
		done, err := b.desk.Explain(t.Context(), e.ID, clerk, []string{detail.Candidates[0].Name()}, "it is this one")
		if err != nil || !done.Done {
			t.Fatalf("got %+v, %v", done, err)
		}
		if r := b.run(); r.Expected != 0 || r.Exceptions != 0 {
			t.Errorf("got %+v", r)
		}
		if p := b.prove(today); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

// book gives the operating book of the bank account's day.
func (b *bench) book(on calendar.Date) ledger.BookNo {
	b.t.Helper()
	sum, err := b.Vault.Fingerprint(secret.New(bankAccount), "bank account")
	if err != nil {
		b.t.Fatal(err)
	}
	book, err := b.Store.DayBook(b.t.Context(), hex.EncodeToString(sum), on)
	if err != nil {
		b.t.Fatal(err)
	}
	return book
}

func TestLoad_ADayStandsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		one := day{on: today, opening: 0, closing: 10_00, lines: []recon.Line{line("142", 10_00)}}
		early := one
		early.interim = true
		if got := b.load(early); got.Interim != 1 || got.Lines != 0 {
			t.Errorf("an interim statement gave %+v", got)
		}
		b.load(one)
		if got := b.load(one); got.Again != 1 || got.Lines != 0 {
			t.Errorf("the day again gave %+v", got)
		}
		other := one
		other.closing = 11_00
		if got := b.load(other); got.Again != 1 {
			t.Errorf("the day with another balance gave %+v", got)
		}
		b.load(day{on: today.AddDays(-7), opening: 0, closing: 0})
		r := b.run()
		if r.Lines != 1 {
			t.Errorf("got %+v", r)
		}
		kinds := map[recon.Kind]int{}
		for _, e := range b.exceptions() {
			kinds[e.Kind]++
		}
		if kinds[recon.Differs] != 1 || kinds[recon.LineOpen] != 1 || len(kinds) != 2 {
			t.Errorf("got exceptions %v", kinds)
		}
		b.verify()
	})
}

func TestRun_StatementsThatDoNotContinueAreNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.load(day{on: today, opening: 100_00, closing: 100_00})
		b.load(day{on: today.AddDays(2), opening: 130_00, closing: 131_00}) // 30.00 came in a day between, and 1.00 has no line
		b.Clock.Advance(48 * time.Hour)
		b.run()
		p := b.prove(today.AddDays(2))
		if p.Unexplained != 0 || len(p.Open) != 2 || p.Open[0].Open+p.Open[1].Open != 31_00 {
			t.Errorf("got %+v", p)
		}
		b.load(day{on: today.AddDays(1), opening: 100_00, closing: 130_00, lines: []recon.Line{line("142", 30_00)}})
		b.run()
		p = b.prove(today.AddDays(2))
		if p.Unexplained != 0 {
			t.Errorf("with the missing day: %+v", p)
		}
		for _, e := range b.exceptions() {
			if e.Kind == recon.Gap {
				t.Errorf("the gap is still open: %+v", e)
			}
		}
		b.verify()
	})
}

func TestRun_SweepsAreHeldAgainstEachOther(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		r, _ := b.statement(today, 0, line("275", 500_00), line("575", -500_00))
		if r.Exceptions != 0 {
			t.Errorf("got %+v", r)
		}
		b.Clock.Advance(24 * time.Hour)
		if r, _ = b.statement(b.today(), 0, line("575", -1_00)); r.Exceptions != 1 {
			t.Errorf("a sweep without its other side: %+v", r)
		}
		if p := b.prove(b.today()); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestToSuspense_MakesAPaymentOfALine(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		number := o.Members(t, 1)[0]
		b.statement(today, 0, line("142", 12_34), line("142", 5_00))
		all := b.exceptions()
		for i, to := range []string{"", fmt.Sprint(int64(number))} {
			if done, err := b.desk.ToSuspense(t.Context(), all[i].ID, clerk, to, "the bank sent no details"); err != nil || !done.Done {
				t.Fatalf("got %+v, %v", done, err)
			}
		}
		if r := b.run(); r.Exceptions != 0 || r.Expected != 0 {
			t.Errorf("got %+v", r)
		}
		held, err := o.Store.OpenSuspense(t.Context(), 10)
		if err != nil || len(held) != 1 {
			t.Errorf("got in suspense %+v, %v", held, err)
		}
		if p := b.prove(today); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestWriteOff_NeedsASecondPerson(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Counter, b.Till, today, 20_00)
		b.Clock.Advance(10 * 24 * time.Hour)
		b.statement(b.today(), 0, line("699", -3_00))
		if all := b.exceptions(); len(all) != 2 {
			t.Fatalf("got %+v, want a late deposit and a line", all)
		}
		for _, e := range b.exceptions() {
			waiting, err := b.desk.WriteOff(t.Context(), e.ID, clerk, chart.Losses, "lost for good")
			if err != nil || waiting.Done || waiting.Waiting == nil {
				t.Fatalf("got %+v, %v", waiting, err)
			}
			if done, err := b.desk.CarryAgreed(t.Context(), e.ID, clerk); err != nil || done.Done {
				t.Fatalf("nobody agreed, and got %+v, %v", done, err)
			}
			if _, err := b.approve.Decide(t.Context(), waiting.Waiting.ID, second, true, "seen"); err != nil {
				t.Fatal(err)
			}
			if done, err := b.desk.CarryAgreed(t.Context(), e.ID, second); err != nil || !done.Done {
				t.Fatalf("got %+v, %v", done, err)
			}
		}
		if r := b.run(); r.Exceptions != 0 || r.Expected != 0 {
			t.Errorf("got %+v", r)
		}
		if p := b.prove(b.today()); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestClose_LocksTheDayWhenAllIsNamed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.pay(payment.Lockbox, b.source(), today, 80_00)
		b.pay(payment.Wire, b.source(), today, 20_00)
		b.statement(today, 0, line("115", 80_00))
		entities := []chart.EntityNo{1, 2}
		if _, err := b.desk.Close(t.Context(), entities, today, clerk, b.seal); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("a day that is not over: %v", err)
		}
		b.Clock.Advance(24 * time.Hour)
		proofs, err := b.desk.Close(t.Context(), entities, today, clerk, b.seal)
		if err != nil {
			t.Fatalf("%v: %+v", err, proofs)
		}
		if _, err := b.desk.Close(t.Context(), entities, today, clerk, b.seal); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a day closed twice: %v", err)
		}
		closes, err := b.desk.Closes(t.Context(), 1, 10)
		if err != nil || len(closes) != 1 || closes[0].Seal != 1 {
			t.Fatalf("got %+v, %v", closes, err)
		}
		if err := closes[0].Check(func(m, s []byte) bool { return ed25519.Verify(b.keys.private.Public().(ed25519.PublicKey), m, s) }); err != nil {
			t.Error(err)
		}
		// The clock goes back: what would be posted into the closed day is refused.
		b.Clock.Advance(-24 * time.Hour)
		_, err = b.Cashier.Post(t.Context(), []payment.Instruction{{
			Key: "late", Rail: payment.Wire, Amount: 1, Received: today, Actor: clerk, Source: b.Till,
			Parts: []payment.Part{{Reference: "nobody", Amount: 1, Received: premium}},
		}}, nil)
		if fault.KindOf(err) != fault.Unavailable {
			t.Errorf("a posting into a closed day: %v", err)
		}
		b.Clock.Advance(24 * time.Hour)
		// A line of a closed day stands on the first open one.
		b.load(day{on: today.AddDays(1), opening: 80_00, closing: 100_00, lines: []recon.Line{line("195", 20_00)}})
		b.run()
		if p := b.prove(today.AddDays(1)); p.Unexplained != 0 {
			t.Errorf("unexplained: %+v", p)
		}
		b.verify()
	})
}

func TestClose_IsRefusedWithWhatBlocksIt(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := newBench(t, o)
		today := b.today()
		b.statement(today, 0, line("142", 9_00))
		b.Clock.Advance(10 * 24 * time.Hour) // the line is past its limit, and no statement came since
		proofs, err := b.desk.Close(t.Context(), []chart.EntityNo{1}, today.AddDays(9), clerk, b.seal)
		if fault.KindOf(err) != fault.Conflict || len(proofs) != 1 {
			t.Fatalf("got %+v, %v", proofs, err)
		}
		kinds := map[string]int{}
		for _, blocker := range proofs[0].Blockers {
			kinds[blocker.Kind]++
		}
		if kinds[recon.BlockPastLimit] != 1 || kinds[recon.BlockStatement] == 0 || proofs[0].Unexplained != 0 {
			t.Errorf("got %v: %+v", kinds, proofs[0].Blockers)
		}
		b.pay(payment.Lockbox, b.source(), b.today(), 5) // the day that was not closed takes postings again
		held, err := o.Store.HeldDay(t.Context(), 1)
		if err != nil || !held.IsZero() {
			t.Errorf("the hold of the refused close is still there: %v, %v", held, err)
		}
	})
}
