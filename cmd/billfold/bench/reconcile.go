package bench

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/rail/statement"
	"github.com/billfold/billfold/internal/rail/wire"
)

// benchAccount is the bank account of the reconcile bench.
const benchAccount = "000555010001"

// bankHouse is the benches' plan with a bank account.
type bankHouse struct{ house }

func (bankHouse) Receiver(string, string) (chart.Purse, bool) {
	return chart.Purse{Entity: 1, Fund: chart.Premium}, true
}
func (bankHouse) DayOf(_ chart.EntityNo, at time.Time) calendar.Date {
	return calendar.In(at, time.UTC)
}
func (bankHouse) EntityNos() []chart.EntityNo { return []chart.EntityNo{1} }
func (bankHouse) BankPurses() []chart.Purse {
	return []chart.Purse{{Entity: 1, Fund: chart.Premium}}
}

// timed is a statement whose reconciliation is timed.
type timed struct {
	wire.Rail
	desk *recon.Desk
	took time.Duration
	ran  recon.RunReport
}

// Rest implements intake.Beside.
func (t *timed) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	began := time.Now()
	_, err := t.desk.Load(ctx, file.Book, open, statement.BAI2(wire.Setting{}))
	if err == nil {
		t.ran, err = t.desk.Run(ctx, file.Actor)
	}
	t.took = time.Since(began)
	return t.ran, err
}

// ownWires is of how many lines one is a wire that the statement itself posts; the
// others settle payments that were there before, each found by its amount.
const ownWires = 10

// benchReconcile measures a statement from its kept bytes to the last line in the books,
// matched, against a plain read of the same file.
func benchReconcile(ctx context.Context, b *office, o Options) (Figure, error) {
	signing, err := vault.OpenSigning(filepath.Join(b.dir, "keys"))
	if err != nil {
		return Figure{}, err
	}
	print := func(number secret.Text) (string, error) {
		sum, err := b.vault.Fingerprint(number, "bench")
		return hex.EncodeToString(sum), err
	}
	h := bankHouse{b.house}
	desk := recon.New(b.store, b.cashier, h, clock.System{}, print, recon.DefaultRules(), approval.New(b.store, clock.System{}), signing)
	o.Say("posting what %d lines will settle", o.Items-o.Items/ownWires)
	if err := b.expect(ctx, o); err != nil {
		return Figure{}, err
	}
	path, err := b.writeStatement(o.Items)
	if err != nil {
		return Figure{}, err
	}
	read := func() (float64, error) { return plainRead(path, o.Items) }
	before, err := read()
	if err != nil {
		return Figure{}, err
	}
	forgetPeakMemory()
	format := &timed{desk: desk}
	file, err := os.Open(path)
	if err != nil {
		return Figure{}, err
	}
	defer file.Close()
	o.Say("taking the statement")
	result, err := intake.New(b.store, b.cashier, h, clock.System{}, format).Take(ctx, "statement.bai", file, clerk, nil)
	if err != nil {
		return Figure{}, err
	}
	if int(format.ran.Matched) != o.Items || format.ran.Expected != 0 {
		return Figure{}, fault.New(fault.Internal, "", "%s: of %d lines %+v: %v", result.Verdict, o.Items, format.ran, result.Problems)
	}
	f := newFigure("reconcile", b.store.Engine(), float64(o.Items)/format.took.Seconds(), "lines/s", nil)
	after, err := read()
	return f.against(fmt.Sprintf("a plain read of the same file; the lines took %.1f s", format.took.Seconds()), before, after), err
}

// expect posts wires that another file told of.
func (b *office) expect(ctx context.Context, o Options) error {
	purse, today := b.house.PurseOf(chart.Premium), b.house.PostingDay(1)
	var group []payment.Instruction
	for i := range o.Items {
		if i%ownWires != 0 {
			cents := benchCents(i)
			group = append(group, payment.Instruction{
				Key: ident.Key(fmt.Sprintf("bench-wire:%d", i)), Rail: payment.Wire, Actor: clerk, Source: b.till, Received: today,
				Amount: cents, Parts: []payment.Part{{Reference: "nobody", Amount: cents, Received: purse}},
			})
		}
		if len(group) == 500 || i == o.Items-1 {
			if _, err := b.cashier.Post(ctx, group, nil); err != nil {
				return err
			}
			group = group[:0]
		}
	}
	return nil
}

// benchCents gives each line an amount of its own.
func benchCents(i int) money.Cents { return money.Cents(10_000 + i) }

func (b *office) writeStatement(lines int) (string, error) {
	path := filepath.Join(b.dir, "statement.bai")
	out, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer out.Close()
	today := b.house.PostingDay(1)
	var sum money.Cents
	for i := range lines {
		sum += benchCents(i)
	}
	w := bai2.NewWriter(out, bai2.Header{Sender: "BENCHBANK", Receiver: "BENCH", Date: today, Time: "2300", ID: "1"})
	if err := w.Group(bai2.Group{Receiver: "BENCH", Originator: "BENCHBANK", Status: "1", AsOf: today, AsOfTime: "2300", Currency: "USD", AsOfModifier: "2"}); err != nil {
		return "", err
	}
	balances := []bai2.Balance{{TypeCode: "010", AmountMinor: 0}, {TypeCode: "015", AmountMinor: int64(sum)}}
	if err := w.Account(secret.New(benchAccount), "USD", balances); err != nil {
		return "", err
	}
	for i := range lines {
		code := "206" // a wire under a code that the statement does not post
		if i%ownWires == 0 {
			code = "195"
		}
		err := w.Item(bai2.Item{
			TypeCode: code, AmountMinor: int64(benchCents(i)), Funds: bai2.Funds{Type: "0"}, BankReference: fmt.Sprintf("B%09d", i),
			Text: fmt.Sprintf("WIRE FROM PAYER %d", i),
		})
		if err != nil {
			return "", err
		}
	}
	return path, w.Close()
}

// plainRead reads the file's lines and does nothing with them.
func plainRead(path string, lines int) (float64, error) {
	began := time.Now()
	file, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	sum, problems, err := bai2.Scan(file, func(bai2.Item) error { return nil })
	if err == nil && (len(problems) > 0 || sum.Transactions != lines) {
		err = fault.New(fault.Internal, "", "the statement does not read: %v", problems)
	}
	return float64(lines) / time.Since(began).Seconds(), err
}
