package refund_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	ctx     = context.Background()
	jlee    = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	boss    = ident.Actor{Kind: ident.Staff, Name: "mgarcia"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	today   = calendar.MustParse("2026-11-23")
)

// bureau is an office that sends money back.
type bureau struct {
	*storetest.Office
	testing.TB
	desk    *refund.Desk
	second  *approval.Desk
	cards   *cards
	house   *clearinghouse
	options refund.Options
	keys    int
}

func onEach(t *testing.T, test func(b *bureau)) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		b := &bureau{Office: o, TB: t, second: approval.New(o.Store, o.Clock)}
		b.cards = &cards{b: b}
		b.house = &clearinghouse{entries: map[ident.Opaque]clearing.Entry{}, methods: map[ident.Opaque]clearing.Method{}}
		b.options = refund.Options{
			DualControlAbove: 100_00, Rules: back.DefaultRules(), Cards: b.cards, Clearing: b.house, Entries: b.house, Press: press{},
			Accounts: []refund.CheckAccount{{ID: "cvhp", Purse: premium, Number: secret.New("555"), First: 5001, Style: "csv", Folder: "checks", Stale: refund.StaleAfter}},
		}
		b.open()
		test(b)
		report, err := proof.Verify(ctx, o.Store, nil, nil)
		if err != nil || report.Broken != nil {
			t.Errorf("the books do not prove: %v %v", err, report.Broken)
		}
	})
}

func (b *bureau) open() {
	b.desk = refund.New(b.Store, b.Cashier, b.second, storetest.House{Clock: b.Clock}, b.Clock, b.options)
}

func (b *bureau) key() ident.Key {
	b.keys++
	return ident.Key(fmt.Sprintf("test:%d", b.keys))
}

// lives opens a member's account with an address on file.
func (b *bureau) lives() ledger.BookNo {
	b.Helper()
	return ledger.BookNo(b.Residents(b, "front-range", "80302")[0])
}

// pays posts a payment that finds nothing to pay but what is owed.
func (b *bureau) pays(book ledger.BookNo, rail payment.Rail, amount money.Cents, by ident.Actor) cashier.Ref {
	b.Helper()
	return b.posts(b.key(), book, rail, amount, by)
}

func (b *bureau) posts(key ident.Key, book ledger.BookNo, rail payment.Rail, amount money.Cents, by ident.Actor) cashier.Ref {
	b.Helper()
	in := payment.Instruction{
		Key: key, Rail: rail, Amount: amount, Received: calendar.In(b.Clock.Now(), time.UTC), Actor: by, Source: b.Till,
		Parts: []payment.Part{{Reference: billpay.Number(book).Digits(), Amount: amount, Received: premium}},
	}
	done, err := b.Cashier.Post(ctx, []payment.Instruction{in}, nil)
	if err == nil {
		err = done[0].Err
	}
	if err != nil {
		b.Fatal(err)
	}
	part := done[0].Answer.Parts[0]
	return cashier.Ref{Book: part.Book, Seq: part.Seq}
}

func (b *bureau) owes(book ledger.BookNo, amount money.Cents) {
	b.Helper()
	item := openitem.Item{Purse: premium, About: book, Text: "Premium", DueOn: today, Amount: amount}
	if _, err := b.Cashier.Bill(ctx, cashier.Order{Key: b.key(), Actor: jlee, Reason: "test"}, []openitem.Item{item}, false); err != nil {
		b.Fatal(err)
	}
}

func (b *bureau) wish(book ledger.BookNo, amount money.Cents) refund.Wish {
	return refund.Wish{Key: b.key(), Book: book, Fund: chart.Premium, Amount: amount, Cause: back.Asked, Reason: "paid twice", By: jlee}
}

func (b *bureau) asks(w refund.Wish) []back.Refund {
	b.Helper()
	all, err := b.desk.Request(ctx, w)
	if err != nil {
		b.Fatal(err)
	}
	return all
}

func (b *bureau) runs() refund.Ran {
	b.Helper()
	ran, err := b.desk.Run(ctx, jlee)
	if err != nil {
		b.Fatal(err)
	}
	return ran
}

func (b *bureau) is(id payment.ID, want back.State) back.Refund {
	b.Helper()
	r, steps, err := b.desk.Refund(ctx, id)
	if err != nil || r.State != want {
		b.Errorf("refund is %s (%s), want %s: %v %v", r.State, r.Problem, want, steps, err)
	}
	return r
}

// stands checks what stands on accounts of premium, credits positive.
func (b *bureau) stands(book ledger.BookNo, want map[chart.Code]money.Cents) {
	b.Helper()
	journal, err := b.Store.Journal(ctx, book)
	if err != nil {
		b.Fatal(err)
	}
	got := ledger.Balances{}
	for i := range journal {
		for _, p := range journal[i].Postings {
			got.Add(ledger.Posted, p)
		}
	}
	for code, cents := range want {
		if net := -got[premium.Account(code)].Net(); net != cents {
			b.Errorf("%s stands at %s, want %s", code, net, cents)
		}
	}
}

func (b *bureau) fails(err error, want fault.Kind) {
	b.Helper()
	if err == nil || fault.KindOf(err) != want {
		b.Errorf("got %v, want it refused as %v", err, want)
	}
}

// cards is a processor's desk that answers as it is told.
type cards struct {
	b      *bureau
	answer checkout.CaseState
	made   []checkout.RefundCase
	left   money.Cents
}

func (c *cards) PaidBy(_ context.Context, id payment.ID, _ int) (checkout.CardPart, error) {
	return checkout.CardPart{Attempt: ident.Opaque(id), Leg: 1, Left: c.left}, nil
}

func (c *cards) RefundShares(ctx context.Context, o cashier.Order, attempt ident.Opaque, leg int, shares []checkout.Share) (checkout.RefundCase, error) {
	for _, r := range c.made {
		if r.Order.Key == o.Key {
			return r, nil
		}
	}
	r := checkout.RefundCase{Attempt: attempt, No: len(c.made) + 1, Leg: leg, Order: o, Shares: shares, State: c.answer}
	for _, s := range shares {
		r.Amount += s.Amount
		o.Key = ident.Key(fmt.Sprintf("%s:%d", o.Key, s.At.Seq))
		done, err := c.b.Cashier.RefundFrom(ctx, o, []cashier.Take{{At: s.At, Amount: s.Amount}})
		if err == nil && r.State == checkout.CaseSent {
			o.Key += ":sent"
			_, err = c.b.Cashier.RefundSent(ctx, o, done.ID)
		}
		if err != nil {
			return checkout.RefundCase{}, err
		}
	}
	c.made = append(c.made, r)
	return r, nil
}

func (c *cards) RefundOf(_ context.Context, _ ident.Opaque, no int) (checkout.RefundCase, error) {
	return c.made[no-1], nil
}

func (c *cards) CancelRefund(ctx context.Context, o cashier.Order, _ ident.Opaque, no int) (checkout.RefundCase, error) {
	r := &c.made[no-1]
	for _, s := range r.Shares {
		taken := payment.IDOf(ident.Key(fmt.Sprintf("%s:%d", r.Order.Key, s.At.Seq)))
		o.Key = ident.Key(fmt.Sprintf("%s:%d", o.Key, s.At.Seq))
		if _, err := c.b.Cashier.RefundFailed(ctx, cashier.Order{Key: o.Key + "f", Actor: o.Actor}, taken); err != nil {
			return *r, err
		}
		if _, err := c.b.Cashier.RefundCancelled(ctx, o, taken); err != nil {
			return *r, err
		}
	}
	r.State = checkout.CaseCancelled
	return *r, nil
}

func (c *cards) Exceptions(context.Context) (checkout.Exceptions, error) {
	var e checkout.Exceptions
	for _, r := range c.made {
		if r.State == checkout.CaseFailed {
			e.Refunds = append(e.Refunds, r)
		}
	}
	return e, nil
}

// clearinghouse takes orders.
type clearinghouse struct {
	entries map[ident.Opaque]clearing.Entry
	methods map[ident.Opaque]clearing.Method
}

func (c *clearinghouse) Order(_ context.Context, o clearing.Order) (clearing.Entry, error) {
	e := clearing.Entry{Book: o.Book, ID: clearing.EntryID(o.Key), Method: o.Method, Refund: o.Refund, Amount: o.Amount, SEC: o.SEC, SettleOn: o.CreditOn}
	c.entries[e.ID] = e
	return e, nil
}

func (c *clearinghouse) Cancel(_ context.Context, ref clearing.EntryRef, _ ident.Actor, _ string) (clearing.Entry, error) {
	e, known := c.entries[ref.ID]
	if !known {
		return e, fault.New(fault.NotFound, "test", "no such entry")
	}
	delete(c.entries, ref.ID)
	return e, nil
}

func (c *clearinghouse) BankMethod(_ context.Context, _ ledger.BookNo, method ident.Opaque) (clearing.Method, error) {
	m, known := c.methods[method]
	if !known {
		return m, fault.New(fault.NotFound, "test", "no such method")
	}
	return m, nil
}

func (c *clearinghouse) EntriesOf(context.Context, ledger.BookNo) ([]clearing.Entry, error) {
	var all []clearing.Entry
	for _, e := range c.entries {
		all = append(all, e)
	}
	return all, nil
}

// press writes files whose text says what is in them.
type press struct{}

func (press) Checks(_ *refund.CheckAccount, b *refund.Batch, checks []refund.Check) ([]byte, error) {
	text := b.Name()
	for _, c := range checks {
		text += fmt.Sprintf(" %d:%s:%s", c.No, c.To.Name, c.Amount)
	}
	return []byte(text), nil
}

func (press) PositivePay(_ *refund.CheckAccount, b *refund.Batch, issued, void []refund.Check) ([]byte, error) {
	return fmt.Appendf(nil, "%s %d %d", b.Name(), len(issued), len(void)), nil
}

// folder keeps what was placed.
type folder map[string]string

func (f folder) Put(dir, name string, data []byte) error {
	f[dir+"/"+name] = string(data)
	return nil
}
