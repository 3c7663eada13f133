package proof

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
)

// rows is a snapshot in memory, for books that the cashier would never write:
// everything a digest covers is right, and the meaning is not. Tables that a
// test does not need are empty.
type rows struct {
	claims    []Claim
	books     []Book
	lines     []Line
	unapplied []Unapplied
	endings   []cashier.Ending
	failing   error // of reading postings
}

func each[T any](all []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, row := range all {
			if !yield(row, nil) {
				return
			}
		}
	}
}

func (r *rows) Snapshot(_ context.Context, fn func(Snapshot) error) error { return fn(r) }
func (r *rows) Claims() iter.Seq2[Claim, error]                           { return each(r.claims) }
func (r *rows) Books() iter.Seq2[Book, error]                             { return each(r.books) }
func (r *rows) Receipts() iter.Seq2[Receipt, error]                       { return each[Receipt](nil) }
func (r *rows) Items() iter.Seq2[Item, error]                             { return each[Item](nil) }
func (r *rows) Unapplied() iter.Seq2[Unapplied, error]                    { return each(r.unapplied) }
func (r *rows) Suspense() iter.Seq2[Suspense, error]                      { return each[Suspense](nil) }
func (r *rows) Endings() iter.Seq2[cashier.Ending, error]                 { return each(r.endings) }
func (r *rows) Files() iter.Seq2[File, error]                             { return each[File](nil) }
func (r *rows) Chunks() iter.Seq2[Chunk, error]                           { return each[Chunk](nil) }
func (r *rows) OpenChunk(Chunk) ([]byte, error)                           { return nil, nil }
func (r *rows) Seals() iter.Seq2[Seal, error]                             { return each[Seal](nil) }
func (r *rows) SealedBooks() iter.Seq2[SealedBook, error]                 { return each[SealedBook](nil) }
func (r *rows) Unsealed() iter.Seq2[Line, error]                          { return r.Lines() }
func (r *rows) CloseOf(ledger.BookNo, int64) (int64, error)               { return 0, nil }
func (r *rows) SealedLinks(int64, ledger.BookNo, ledger.BookNo) iter.Seq2[Link, error] {
	return each[Link](nil)
}

func (r *rows) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for l := range each(r.lines) {
			if !yield(l, nil) {
				return
			}
		}
		if r.failing != nil {
			yield(Line{}, r.failing)
		}
	}
}

var (
	day   = calendar.MustParse("2026-11-23")
	purse = chart.Purse{Entity: 1, Fund: chart.Premium}
)

// pair is a posting between two roles of the purse.
func pair(debit, credit chart.Code, cents money.Cents) ledger.Posting {
	return chart.Transfer(purse, debit, credit, cents, 0)
}

// written chains transactions into one book, each under a claim of its own.
func written(book ledger.BookNo, act payment.Act, transactions ...ledger.Transaction) *rows {
	r := &rows{}
	var head ledger.Head
	for i := range transactions {
		t := transactions[i]
		key := ident.Key("key:" + string(rune('a'+i)))
		claim := payment.Claim{ID: payment.IDOf(key), Key: key, Act: act, Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, RecordedAt: time.Unix(1, 0).UTC()}
		t.Book, t.Link, t.Actor, t.RecordedAt = book, string(claim.ID), claim.Actor, claim.RecordedAt
		t.PostedOn, t.EffectiveOn = day, day
		if t.Phase == 0 {
			t.Phase = ledger.Posted
		}
		if t.Event == "" {
			t.Event = "test.event"
		}
		t.Documents = []ledger.DocDigest{claim.Digest()}
		head = head.Chain(&t)
		r.claims = append(r.claims, Claim{
			StoredClaim: cashier.StoredClaim{Claim: claim, Answer: []cashier.Ref{{Book: book, Seq: t.Seq}}}, Check: rowCheck(claim.Digest()),
		})
		for no, p := range t.Postings {
			l := Line{Transaction: t, No: int64(no + 1), Pair: p}
			l.Postings, l.Documents = nil, nil
			r.lines = append(r.lines, l)
		}
	}
	r.books = []Book{{No: book, Directed: book, Status: cashier.Open, Resolved: true, Head: head}}
	return r
}

func moving(postings ...ledger.Posting) ledger.Transaction {
	return ledger.Transaction{Postings: postings}
}

func TestVerify_RulesBeyondTheDigest(t *testing.T) {
	const book = 1234567890
	pending := moving(pair(chart.Cash, chart.Earned, 100))
	pending.Phase = ledger.Pending
	ending := pending
	ending.Phase, ending.Of = ledger.PostPending, 1
	other := ending
	other.Postings = []ledger.Posting{pair(chart.Cash, chart.Earned, 200)}
	reversal := moving(pair(chart.Earned, chart.Cash, 100))
	reversal.Event, reversal.Of = "test.event.reversed", 1
	short := reversal
	short.Postings = []ledger.Posting{pair(chart.Earned, chart.Cash, 99)}
	spent := moving(pair(chart.Unapplied, chart.Cash, 10))
	spent.Of = 1
	crossed := moving(ledger.Posting{Debit: purse.Account(chart.Interfund), Credit: purse.Account(chart.Cash), Cents: 5})
	income := moving(pair(chart.Cash, chart.Earned, 100))
	for _, tc := range []struct {
		name    string
		entries []ledger.Transaction
		endings []cashier.Ending
		want    string // in the broken row, "" when all proves
	}{
		{"income", []ledger.Transaction{income}, nil, ""},
		{"a pending entry that waits", []ledger.Transaction{pending}, nil, ""},
		{"a pending entry that ended", []ledger.Transaction{pending, ending}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, ""},
		{"an ending without its row", []ledger.Transaction{pending, ending}, nil, "ending book"},
		{"a pending entry that ended twice", []ledger.Transaction{pending, ending, ending}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, "ended by seq 3"},
		{"a pending entry that ended with another amount", []ledger.Transaction{pending, other}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, "pending seq 1"},
		{"a reversal", []ledger.Transaction{income, reversal}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, ""},
		{"a reversal of less", []ledger.Transaction{income, short}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, "sides exchanged"},
		{"an ending that nothing made", []ledger.Transaction{income, income}, []cashier.Ending{{Book: book, Seq: 1, BySeq: 2}}, "ending book"},
		{"an account that the chart does not know", []ledger.Transaction{moving(pair(chart.Cash, 99, 1))}, nil, "role 99 is unknown"},
		{"unapplied money that never was", []ledger.Transaction{income, spent}, nil, "unapplied money of 0.10"},
		{"unapplied money without its row", []ledger.Transaction{moving(pair(chart.Cash, chart.Unapplied, 10))}, nil, "unapplied book"},
		{"a receivable without an item", []ledger.Transaction{moving(pair(chart.Receivable, chart.Earned, 10))}, nil, "receivable without an item"},
		{"half of a crossing between funds", []ledger.Transaction{crossed}, nil, "interfund"},
		{"half of a move between books", []ledger.Transaction{moving(pair(chart.Interaccount, chart.Cash, 10))}, nil, "1/premium/interaccount over all books"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := written(book, payment.Apply, tc.entries...)
			source.endings = tc.endings
			report, err := Verify(t.Context(), source, nil, nil)
			switch {
			case err != nil:
				t.Fatal(err)
			case tc.want == "" && report.Broken != nil:
				t.Errorf("got %v", report.Broken)
			case tc.want != "" && (report.Broken == nil || !strings.Contains(report.Broken.Error(), tc.want)):
				t.Errorf("got %v, want %q in it", report.Broken, tc.want)
			}
		})
	}
}

// entry is a transaction of an event that is of an earlier one.
func entry(event ledger.Event, of int64, postings ...ledger.Posting) ledger.Transaction {
	return ledger.Transaction{Event: event, Of: of, Postings: postings}
}

// Money that came in as 1.00 of unapplied money by card, and what goes back of it.
func TestVerify_RulesOfTheWayBack(t *testing.T) {
	const book = 1234567890
	income := entry(chart.PaymentReceived, 0, pair(chart.ClearCard, chart.Unapplied, 100))
	refund := entry(chart.PaymentRefunded, 1, pair(chart.Unapplied, chart.RefundsPayable, 60))
	sent := entry(chart.RefundSent, 2, pair(chart.RefundsPayable, chart.ClearCard, 60))
	back := entry(chart.RefundReturned, 3, pair(chart.ClearCard, chart.RefundsPayable, 60))
	again := entry(chart.RefundSent, 4, pair(chart.RefundsPayable, chart.ClearCard, 60))
	byCheck := entry(chart.RefundSent, 2, pair(chart.RefundsPayable, chart.ClearCheck, 60))
	fromCheck := entry(chart.RefundReturned, 3, pair(chart.ClearCheck, chart.RefundsPayable, 60))
	byACH := entry(chart.RefundSent, 4, pair(chart.RefundsPayable, chart.ClearPayout, 60))
	lost := entry(chart.RefundUnclaimed, 2, pair(chart.RefundsPayable, chart.Unclaimed, 60))
	found := entry(chart.RefundReclaimed, 3, pair(chart.Unclaimed, chart.RefundsPayable, 60))
	taken := entry(chart.RefundRemitted, 3, pair(chart.Unclaimed, chart.ClearCheck, 60))
	dispute := entry(chart.PaymentDisputed, 1, pair(chart.Unapplied, chart.ClearCard, 60))
	won := entry(chart.DisputeWon, 2, pair(chart.ClearCard, chart.Interaccount, 60))
	placed := entry(chart.PaymentPlaced, 0, pair(chart.Interaccount, chart.Earned, 60))
	altered := func(t ledger.Transaction, of int64, postings ...ledger.Posting) ledger.Transaction {
		t.Of, t.Postings = of, postings
		return t
	}
	for _, tc := range []struct {
		name    string
		entries []ledger.Transaction // after the income
		ended   []int64              // by the entry after it, as rows say
		left    money.Cents          // unapplied, as its row says
		want    string               // in the broken row, "" when all proves
	}{
		{"a refund on its way", []ledger.Transaction{refund}, nil, 40, ""},
		{"a refund that left, came back and left again", []ledger.Transaction{refund, sent, back, again}, []int64{2, 3, 4}, 40, ""},
		{"a refund by check that came back and went by ACH", []ledger.Transaction{refund, byCheck, fromCheck, byACH}, []int64{2, 3, 4}, 40, ""},
		{"a check that came back from the card", []ledger.Transaction{refund, byCheck, altered(back, 3, back.Postings...)}, []int64{2, 3}, 40, "clearing account"},
		{"a lost owner, found, lost again, and the state", []ledger.Transaction{refund, lost, found, altered(lost, 4, lost.Postings...), altered(taken, 5, taken.Postings...)}, []int64{2, 3, 4, 5}, 40, ""},
		{"unclaimed property that the state took in part", []ledger.Transaction{refund, lost, altered(taken, 3, pair(chart.Unclaimed, chart.ClearCheck, 59))}, []int64{2, 3}, 40, "all that seq 3 put on unclaimed"},
		{"unclaimed property that left twice", []ledger.Transaction{refund, lost, taken, altered(taken, 4, taken.Postings...)}, []int64{2, 3, 4}, 40, "takes from"},
		{"unclaimed property sent as a refund", []ledger.Transaction{refund, lost, altered(sent, 3, pair(chart.Unclaimed, chart.ClearCard, 60))}, []int64{2, 3}, 40, "takes from"},
		{"unclaimed without a refund", []ledger.Transaction{entry("test.event", 1, pair(chart.Unapplied, chart.Unclaimed, 60))}, nil, 40, "unclaimed in a refund only"},
		{"a dispute", []ledger.Transaction{dispute}, nil, 40, ""},
		{"a dispute that was won", []ledger.Transaction{dispute, won, placed}, []int64{2}, 40, ""},
		{"a refund that was sent twice", []ledger.Transaction{refund, sent, altered(sent, 2, sent.Postings...)}, []int64{2}, 40, "ended by seq 4"},
		{"a refund that was sent in part", []ledger.Transaction{refund, altered(sent, 2, pair(chart.RefundsPayable, chart.ClearCard, 59))}, []int64{2}, 40, "all that seq 2"},
		{"a refund that was sent and not ended", []ledger.Transaction{refund, sent}, nil, 40, "ending book"},
		{"a refund that came back elsewhere", []ledger.Transaction{refund, sent, altered(back, 3, pair(chart.ClearACH, chart.RefundsPayable, 60))}, []int64{2, 3}, 40, "clearing account"},
		{"a refund that came back before it left", []ledger.Transaction{refund, altered(back, 2, back.Postings...)}, []int64{2}, 40, "takes from"},
		{"a refund of nothing", []ledger.Transaction{altered(refund, 0, refund.Postings...)}, nil, 40, "takes from"},
		{"a refund of a refund", []ledger.Transaction{refund, altered(refund, 2, refund.Postings...)}, nil, 40, "takes from"},
		{"a refund of more than came in", []ledger.Transaction{altered(refund, 1, pair(chart.Unapplied, chart.RefundsPayable, 101))}, nil, 40, "1.01 at seq 1"},
		{"a refund that keeps some", []ledger.Transaction{altered(refund, 1, pair(chart.Unapplied, chart.RefundsPayable, 59), pair(chart.Unapplied, chart.Earned, 1))}, nil, 40, "as was taken"},
		{"a refund onto cash", []ledger.Transaction{altered(refund, 1, pair(chart.Unapplied, chart.Cash, 60))}, nil, 40, "as was taken"},
		{"refunds-payable without a refund", []ledger.Transaction{entry("test.event", 1, refund.Postings...)}, nil, 40, "refunds-payable and unclaimed in a refund only"},
		{"a dispute of a refund", []ledger.Transaction{refund, altered(dispute, 2, pair(chart.RefundsPayable, chart.ClearCard, 60))}, nil, 40, "takes from"},
		{"a dispute that was won with more", []ledger.Transaction{dispute, altered(won, 2, pair(chart.ClearCard, chart.Interaccount, 61)), placed}, []int64{2}, 40, "took from its clearing"},
		{"a dispute that was won twice", []ledger.Transaction{dispute, won, altered(won, 2, won.Postings...)}, []int64{2}, 40, "ended by seq 4"},
		{"a dispute whose money is still counted", []ledger.Transaction{dispute}, nil, 100, "0.40 open"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			source := written(book, payment.Apply, append([]ledger.Transaction{income}, tc.entries...)...)
			for _, seq := range tc.ended {
				source.endings = append(source.endings, cashier.Ending{Book: book, Seq: seq, BySeq: seq + 1})
			}
			source.unapplied = []Unapplied{{Unapplied: cashier.Unapplied{Book: book, Seq: 1, Purse: purse, Received: day, Amount: 100, Open: tc.left}}}
			report, err := Verify(t.Context(), source, nil, nil)
			switch {
			case err != nil:
				t.Fatal(err)
			case tc.want == "" && report.Broken != nil:
				t.Errorf("got %v", report.Broken)
			case tc.want != "" && (report.Broken == nil || !strings.Contains(report.Broken.Error(), tc.want)):
				t.Errorf("got %v, want %q in it", report.Broken, tc.want)
			}
		})
	}
}

// Two payments paid one item; a refund of the first takes no more off it than
// the first put there.
func TestVerify_TakesOffAnItemWhatOnePaymentPutThere(t *testing.T) {
	r := &replay{items: []itemState{{purse: purse, amount: 100}}, paid: []paidItem{{2, 1, 30}, {3, 1, 70}}}
	refund := func(seq, of int64, cents money.Cents) error {
		p := chart.Transfer(purse, chart.Receivable, chart.RefundsPayable, cents, 1)
		return r.onPaid(&ledger.Transaction{Book: 1234567890, Seq: seq, Of: of}, p)
	}
	for _, tc := range []struct {
		of    int64
		cents money.Cents
		fits  bool
	}{{2, 31, false}, {2, 20, true}, {2, 11, false}, {2, 10, true}, {2, 1, false}, {3, 70, true}, {1, 1, false}} {
		if err := refund(4, tc.of, tc.cents); (err == nil) != tc.fits {
			t.Errorf("%s off what seq %d paid: got %v, want it to fit: %v", tc.cents, tc.of, err, tc.fits)
		}
	}
}

func TestVerify_WhatCannotBeReadIsNotBroken(t *testing.T) {
	source := written(1234567890, payment.Apply, moving(pair(chart.Cash, chart.Earned, 100)))
	source.lines, source.failing = nil, errors.New("the disk is gone")
	report, err := Verify(t.Context(), source, nil, nil)
	if err == nil || report.Broken != nil {
		t.Errorf("got %v and broken %v, want an error and nothing broken", err, report.Broken)
	}
}

func TestVerify_TellsHowFarItIs(t *testing.T) {
	calls := 0
	v := &verifier{progress: func(Progress) { calls++ }}
	for i := range int64(3 * progressEvery) {
		v.tell("books", i+1)
	}
	if calls != 3 {
		t.Errorf("progress was told %d times, want 3", calls)
	}
}
