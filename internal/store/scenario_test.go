package store_test

import (
	"crypto/sha256"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	clerk   = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	medical = chart.Purse{Entity: 2, Fund: chart.Medical}
	dueDay  = calendar.MustParse("2026-12-01")
)

// scenario is an office in which every act of the cashier has happened.
type scenario struct {
	*storetest.Office
	t       testing.TB
	numbers []billpay.Number
	keys    int
}

func (s *scenario) order() cashier.Order {
	s.keys++
	return cashier.Order{Key: ident.Key(fmt.Sprintf("order:%d", s.keys)), Actor: clerk, Reason: "as the member asked"}
}

func (s *scenario) must(done cashier.Done, err error) cashier.Done {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return done
}

func (s *scenario) bill(member int, purse chart.Purse, cents money.Cents) {
	s.must(s.Cashier.Bill(s.t.Context(), s.order(), []openitem.Item{
		{Purse: purse, About: ledger.BookNo(s.numbers[member]), Text: "December", Invoice: "INV-1", DueOn: dueDay, Amount: cents},
		{Purse: purse, About: ledger.BookNo(s.numbers[member]), Text: "A late fee", Fee: true, DueOn: dueDay, Amount: 500},
	}, false))
}

func (s *scenario) instruction(purse chart.Purse, parts ...payment.Part) payment.Instruction {
	s.keys++
	in := payment.Instruction{
		Key: ident.Key(fmt.Sprintf("counter:%d", s.keys)), Rail: payment.Counter, Received: calendar.MustParse("2026-11-20"),
		Actor: clerk, Source: s.Till, Parts: parts,
	}
	for i := range parts {
		parts[i].Received = purse
		in.Amount += parts[i].Amount
	}
	return in
}

func (s *scenario) pay(purse chart.Purse, parts ...payment.Part) []payment.ReceiptPart {
	s.t.Helper()
	outcomes, err := s.Cashier.Post(s.t.Context(), []payment.Instruction{s.instruction(purse, parts...)}, nil)
	if err != nil || outcomes[0].Err != nil {
		s.t.Fatal(err, outcomes)
	}
	return outcomes[0].Answer.Parts
}

func (s *scenario) to(member int, cents money.Cents) payment.Part {
	return payment.Part{Reference: s.numbers[member].Digits(), Amount: cents}
}

// play lets every kind of act happen once or more.
func play(t testing.TB, o *storetest.Office) *scenario {
	t.Helper()
	s := &scenario{Office: o, t: t, numbers: o.Members(t, 6)}
	ctx := t.Context()
	for member := range 4 {
		s.bill(member, premium, 10_000)
	}
	s.bill(0, medical, 2_500)
	s.pay(premium, s.to(0, 9_000), s.to(1, 12_000), payment.Part{Reference: "no idea", Amount: 700})
	lost := s.pay(premium, payment.Part{Reference: "Mr Smith", Amount: 3_300, Details: suspense.Details{PayerName: "A Smith"}})[0]
	s.must(s.Cashier.Release(ctx, s.order(), cashier.Ref{Book: lost.Book, Seq: lost.Seq}, 1_000,
		cashier.Target{Reference: s.numbers[2].Digits()}))
	wrong := s.pay(premium, s.to(3, 4_000))[0]
	s.must(s.Cashier.Move(ctx, s.order(), cashier.Ref{Book: wrong.Book, Seq: wrong.Seq},
		cashier.Target{Reference: s.numbers[2].Digits()}))
	bounced := s.pay(premium, s.to(3, 5_000))[0]
	s.must(s.Cashier.Reverse(ctx, s.order(), cashier.Ref{Book: bounced.Book, Seq: bounced.Seq}))
	crossed := s.to(0, 600)
	crossed.For = chart.Medical
	s.pay(premium, crossed)
	early := s.pay(premium, s.to(4, 2_000))[0]
	s.bill(4, premium, 1_200)
	s.must(s.Cashier.ApplyUnapplied(ctx, s.order(), cashier.Ref{Book: early.Book, Seq: early.Seq}, nil))
	s.must(s.Cashier.Redebit(ctx, s.order(), payment.ItemRef{Book: ledger.BookNo(s.numbers[0]), No: 3},
		ledger.BookNo(s.numbers[1]), calendar.MustParse("2026-11-01")))
	s.pay(premium, s.to(5, 800))
	s.bill(5, medical, 900)
	merged, survivor := ledger.BookNo(s.numbers[5]), ledger.BookNo(s.numbers[4])
	merge := s.must(s.Cashier.Merge(ctx, s.order(), merged, survivor))
	s.pay(medical, s.to(5, 100))
	s.must(s.Cashier.Unmerge(ctx, s.order(), merged, merge.ID))
	s.must(s.Cashier.Merge(ctx, s.order(), ledger.BookNo(s.numbers[3]), ledger.BookNo(s.numbers[2])))
	s.goBack()
	s.file()
	s.card()
	return s
}

// goBack lets card payments be refunded and disputed: applied and over, across
// two funds, in suspense, and in an account that was merged.
func (s *scenario) goBack() {
	s.t.Helper()
	ctx := s.t.Context()
	crossed := s.to(1, 3_000)
	crossed.For = chart.Medical
	in := s.instruction(premium, s.to(2, 30_000), crossed, payment.Part{Reference: "a card", Amount: 900}, s.to(3, 400))
	in.Rail = payment.Card
	outcomes, err := s.Cashier.Post(ctx, []payment.Instruction{in}, nil)
	if err != nil || outcomes[0].Err != nil {
		s.t.Fatal(err, outcomes)
	}
	for _, r := range outcomes[0].Answer.Parts {
		part := cashier.Ref{Book: r.Book, Seq: r.Seq}
		sent := s.must(s.Cashier.Refund(ctx, s.order(), part, r.Amount/2))
		s.must(s.Cashier.RefundSent(ctx, s.order(), sent.ID))
		s.must(s.Cashier.RefundFailed(ctx, s.order(), sent.ID))
		given := s.must(s.Cashier.Refund(ctx, s.order(), part, r.Amount/10))
		s.must(s.Cashier.RefundCancelled(ctx, s.order(), given.ID))
		dispute := s.must(s.Cashier.Dispute(ctx, s.order(), part, r.Amount/2))
		s.must(s.Cashier.DisputeWon(ctx, s.order(), dispute.ID))
		s.must(s.Cashier.Dispute(ctx, s.order(), part, r.Amount/4))
		s.must(s.Cashier.RefundSent(ctx, s.order(), sent.ID))
	}
}

// file keeps a file of two pieces and posts its two payments.
func (s *scenario) file() {
	s.t.Helper()
	ctx := s.t.Context()
	book, err := s.Store.OpenOperatingBook(ctx, "file", 2)
	if err != nil {
		s.t.Fatal(err)
	}
	pieces := []string{"the first piece;", "the second piece"}
	kept := intake.Kept{
		Book: book, Opaque: ident.NewOpaque(), Name: "remit.txt", Format: "test", Bytes: 32, Items: 2, Total: 1_000,
		SHA256: sha256.Sum256([]byte(pieces[0] + pieces[1])), BusinessID: "test:1", Verdict: fault.Accept,
		ReceivedAt: s.Clock.Now(), Actor: clerk, Chunks: len(pieces),
	}
	for n, piece := range pieces {
		if err := s.Store.KeepChunk(ctx, book, n, []byte(piece)); err != nil {
			s.t.Fatal(err)
		}
	}
	if _, err := s.Store.KeepFile(ctx, kept); err != nil {
		s.t.Fatal(err)
	}
	for lane := range 2 {
		in := s.instruction(premium, s.to(lane, 500))
		in.Rail, in.Source = payment.Lockbox, book+1+ledger.BookNo(lane)
		progress := &cashier.Progress{File: book, Lane: lane, Items: 1, Cents: in.Amount}
		if _, err := s.Cashier.Post(ctx, []payment.Instruction{in}, progress); err != nil {
			s.t.Fatal(err)
		}
	}
	if err := s.Store.FinishFile(ctx, book, []byte("{}")); err != nil {
		s.t.Fatal(err)
	}
}
