package ach_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// dying is a store, a cashier and an outbox whose process may be killed at each act.
type dying struct {
	*store.Store
	books *cashier.Cashier
	out   *outbox
	kill  *railtest.Kill
}

func (d *dying) OpenOperatingBook(ctx context.Context, kind string, lanes int) (book ledger.BookNo, err error) {
	err = d.kill.Act(func() error { book, err = d.Store.OpenOperatingBook(ctx, kind, lanes); return err })
	return book, err
}

func (d *dying) KeepChunk(ctx context.Context, file ledger.BookNo, n int, data []byte) error {
	return d.kill.Act(func() error { return d.Store.KeepChunk(ctx, file, n, data) })
}

func (d *dying) BeginFile(ctx context.Context, f *clearing.File) error {
	return d.kill.Act(func() error { return d.Store.BeginFile(ctx, f) })
}

func (d *dying) SaveFile(ctx context.Context, f *clearing.File) error {
	return d.kill.Act(func() error { return d.Store.SaveFile(ctx, f) })
}

func (d *dying) TakeBatch(ctx context.Context, f *clearing.File, b *clearing.Batch, t clearing.Take) error {
	return d.kill.Act(func() error { return d.Store.TakeBatch(ctx, f, b, t) })
}

func (d *dying) KeepAnswers(ctx context.Context, answers []clearing.Answer) error {
	return d.kill.Act(func() error { return d.Store.KeepAnswers(ctx, answers) })
}

func (d *dying) SettleAnswers(ctx context.Context, settled []clearing.Settled) error {
	return d.kill.Act(func() error { return d.Store.SettleAnswers(ctx, settled) })
}

func (d *dying) Post(ctx context.Context, group []payment.Instruction, progress *cashier.Progress) (outcomes []cashier.Outcome, err error) {
	err = d.kill.Act(func() error { outcomes, err = d.books.Post(ctx, group, progress); return err })
	return outcomes, err
}

func (d *dying) Find(ctx context.Context, id payment.ID) (payment.Claim, cashier.Answer, error) {
	return d.books.Find(ctx, id)
}

func (d *dying) Reverse(ctx context.Context, order cashier.Order, of cashier.Ref) (cashier.Done, error) {
	return d.books.Reverse(ctx, order, of)
}

func (d *dying) ReverseAll(ctx context.Context, group []cashier.Reversing) (undone []cashier.Undone, err error) {
	err = d.kill.Act(func() error { undone, err = d.books.ReverseAll(ctx, group); return err })
	return undone, err
}

func (d *dying) Put(ctx context.Context, folder, name string, data io.Reader) error {
	return d.kill.Act(func() error { return d.out.Put(ctx, folder, name, data) })
}

// sendingOffice is the world as the suite of sending rails sees it.
type sendingOffice struct {
	*world
	method  ident.Opaque
	entries map[string]clearing.Entry
	letters int
}

func openSending(t *testing.T, engine string) railtest.Sending {
	w := open(t, engine, sandbox())
	return &sendingOffice{world: w, method: w.method(0, true), entries: map[string]clearing.Entry{}}
}

// Order implements railtest.Sending.
func (s *sendingOffice) Order(key string, cents money.Cents) {
	e, err := s.desk.Order(context.Background(), clearing.Order{
		Key: ident.Key(key), Direction: clearing.Debit, Book: s.book(0), Method: s.method, Purse: premium, SEC: clearing.PPD, Amount: cents,
		CreditOn: calendar.MustParse("2026-11-24"), Actor: clerk,
	})
	s.must(err)
	s.entries[key] = e
}

// under makes the desks of a process that may be killed.
func (s *sendingOffice) under(k *railtest.Kill) {
	d := &dying{Store: s.Store, books: s.Cashier, out: s.outbox, kill: k}
	s.wire(d, d, d)
}

// Send implements railtest.Sending.
func (s *sendingOffice) Send(k *railtest.Kill) error {
	ctx := context.Background()
	s.under(k)
	if _, err := s.desk.Resume(ctx, clerk); err != nil {
		return err
	}
	if _, err := s.desk.Build(ctx, monday, "standard", clerk); err != nil {
		return err
	}
	files, err := s.Store.FilesIn(ctx, clearing.Built)
	for i := range files {
		if _, err := s.desk.Release(ctx, files[i].No, clerk); err != nil {
			return err
		}
	}
	return err
}

// Placed implements railtest.Sending.
func (s *sendingOffice) Placed() map[string][]money.Cents {
	placed := map[string][]money.Cents{}
	for name := range s.outbox.files {
		_, entries := s.read(name)
		for _, e := range entries {
			placed[s.keyOf(e.Trace)] = append(placed[s.keyOf(e.Trace)], e.Amount)
		}
	}
	return placed
}

func (s *sendingOffice) keyOf(trace string) string {
	for key, e := range s.entries {
		if now := s.entry(e); fmt.Sprintf("%015d", int64(now.Trace)) == trace {
			return key
		}
	}
	return trace
}

// Posted implements railtest.Sending.
func (s *sendingOffice) Posted() map[string]money.Cents {
	posted := map[string]money.Cents{}
	have, err := s.Store.UnappliedOf(context.Background(), s.book(0))
	s.must(err)
	left := map[int64]money.Cents{}
	for _, u := range have {
		left[u.Seq] = u.Open
	}
	for key, e := range s.entries {
		_, answer, err := s.Cashier.Find(context.Background(), payment.IDOf(e.Key()))
		s.must(err)
		for _, part := range answer.Parts {
			if left[part.Seq] > 0 {
				posted[key] += left[part.Seq]
			}
		}
	}
	return posted
}

// Returns implements railtest.Sending.
func (s *sendingOffice) Returns(keys ...string) []byte {
	var bounces []bounce
	for _, key := range keys {
		now := s.entry(s.entries[key])
		bounces = append(bounces, bounce{code: "R08", of: nacha.Entry{
			Batch: &nacha.Batch{SECCode: "PPD"}, Amount: now.Amount, Trace: fmt.Sprintf("%015d", int64(now.Trace)), Account: secretOf("7913468000"),
		}})
	}
	s.letters++
	day := calendar.MustParse("2026-11-25").AddDays(s.letters)
	for !day.IsBusinessDay() {
		s.letters++
		day = day.AddDays(1)
	}
	return s.answers(day, "A", bounces...)
}

// Take implements railtest.Sending.
func (s *sendingOffice) Take(content []byte, k *railtest.Kill) error {
	ctx := context.Background()
	s.under(k)
	if _, err := s.intake.Resume(ctx, nil); err != nil {
		return err
	}
	_, err := s.intake.Take(ctx, "answers.ach", bytes.NewReader(content), clerk, nil)
	return err
}

func TestSending(t *testing.T) {
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			railtest.Send(t, func(t *testing.T) railtest.Sending { return openSending(t, engine) }, 16)
		})
	}
}

// A place that does not answer leaves the file released, and the next try places it.
func TestDesk_PlaceThatDoesNotAnswer(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	w.order(0, w.method(0, true), clearing.PPD, 100, calendar.MustParse("2026-11-24"))
	f := w.build(monday, "standard")
	w.outbox.fail = errors.New("no answer")
	if _, err := w.desk.Release(context.Background(), f.No, clerk); err == nil {
		t.Fatal("a file was placed that could not be")
	}
	if now, err := w.Store.ACHFile(context.Background(), f.No); err != nil || now.State != clearing.Released || w.paid(0) != 100 {
		t.Errorf("the file is %s, %s is posted (%v)", now.State, w.paid(0), err)
	}
	w.outbox.fail = nil
	resumed, err := w.desk.Resume(context.Background(), clerk)
	if err != nil || len(resumed) != 1 || resumed[0].State != clearing.Placed || w.paid(0) != 100 {
		t.Errorf("resumed as %+v, %s is posted (%v)", resumed, w.paid(0), err)
	}
}
