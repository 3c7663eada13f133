package cashier_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	clerk    = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	premium  = chart.Purse{Entity: 1, Fund: chart.Premium}
	medical  = chart.Purse{Entity: 2, Fund: chart.Medical}
	pharmacy = chart.Purse{Entity: 2, Fund: chart.Pharmacy}

	april    = calendar.MustParse("2026-04-01")
	may      = calendar.MustParse("2026-05-01")
	received = calendar.MustParse("2026-11-20")
)

// counter is an office with the words of these tests.
type counter struct {
	*storetest.Office
	testing.TB
	keys int
	a, b billpay.Number // members of a table test
}

// onEach runs a test on every engine and proves the books at its end.
func onEach(t *testing.T, test func(t *testing.T, c *counter)) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		test(t, &counter{Office: o, TB: t})
		report, err := proof.Verify(context.Background(), o.Store, nil, nil)
		if err != nil || report.Broken != nil {
			t.Errorf("the books do not prove: %v %v", err, report.Broken)
		}
	})
}

// within runs one case of a table in the same office.
func (c *counter) within(t *testing.T, name string, test func(t *testing.T, c *counter)) {
	t.Run(name, func(t *testing.T) {
		inner := *c
		inner.TB = t
		defer func() { c.keys = inner.keys }()
		test(t, &inner)
	})
}

func (c *counter) key() ident.Key {
	c.keys++
	return ident.Key(fmt.Sprintf("test:%d", c.keys))
}

func (c *counter) order() cashier.Order {
	return cashier.Order{Key: c.key(), Actor: clerk, Reason: "as the member asked"}
}

func (c *counter) member() billpay.Number {
	c.Helper()
	return c.Members(c, 1)[0]
}

// dependant opens an account for which others owe.
func (c *counter) dependant(debtors cashier.Debtors) billpay.Number {
	c.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		c.Fatal(err)
	}
	numbers, err := c.Store.Reserve(c.Context(), issuer.Draw(1))
	if err != nil {
		c.Fatal(err)
	}
	book := store.NewBook{No: ledger.BookNo(numbers[0]), Kind: "member", Opaque: ident.NewOpaque(), Debtors: debtors}
	if err := c.Store.OpenBooks(c.Context(), []store.NewBook{book}); err != nil {
		c.Fatal(err)
	}
	return numbers[0]
}

// owes bills an item and says where it stands.
func (c *counter) owes(about billpay.Number, purse chart.Purse, cents money.Cents, due calendar.Date, more ...func(*openitem.Item)) payment.ItemRef {
	c.Helper()
	item := openitem.Item{Purse: purse, About: ledger.BookNo(about), Text: "An item", DueOn: due, Amount: cents}
	for _, change := range more {
		change(&item)
	}
	done := c.did(c.Cashier.Bill(c.Context(), c.order(), []openitem.Item{item}, false))
	have := c.read(done.Refs[0].Book)
	return payment.ItemRef{Book: have.No, No: have.LastItem}
}

func private(class openitem.Privacy) func(*openitem.Item) {
	return func(i *openitem.Item) { i.Privacy = class }
}

func (c *counter) read(book ledger.BookNo) cashier.Book {
	c.Helper()
	have, err := c.Store.Read(c.Context(), cashier.Want{Books: []ledger.BookNo{book}})
	if err != nil {
		c.Fatal(err)
	}
	return have.Books[book]
}

// open writes what is open in a book: "1:150.00 2:50.00".
func (c *counter) open(no billpay.Number) string {
	c.Helper()
	items := c.read(ledger.BookNo(no)).Items
	slices.SortFunc(items, func(a, b openitem.Item) int { return int(a.No - b.No) })
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = fmt.Sprintf("%d:%s", item.No, item.Open)
	}
	return strings.Join(texts, " ")
}

func (c *counter) wantOpen(no billpay.Number, want string) {
	c.Helper()
	if got := c.open(no); got != want {
		c.Errorf("open are %q, want %q", got, want)
	}
}

// unapplied sums what found no item in a book.
func (c *counter) unapplied(no billpay.Number) (sum money.Cents) {
	c.Helper()
	all, err := c.Store.UnappliedOf(c.Context(), ledger.BookNo(no))
	if err != nil {
		c.Fatal(err)
	}
	for _, u := range all {
		sum += u.Open
	}
	return sum
}

// balance is the net of one account in one book, or in all for 0.
func (c *counter) balance(book ledger.BookNo, account ledger.Account) money.Cents {
	c.Helper()
	balances, err := c.Store.Balances(c.Context(), store.BalanceFilter{Book: book})
	if err != nil {
		c.Fatal(err)
	}
	return balances[account].Net()
}

func to(no billpay.Number, cents money.Cents) payment.Part {
	return payment.Part{Reference: no.Digits(), Amount: cents}
}

func naming(p payment.Part, fund chart.Fund, items ...payment.ItemRef) payment.Part {
	p.For, p.Items = fund, items
	return p
}

// instruction makes a payment over the counter, received by a purse.
func (c *counter) instruction(by chart.Purse, parts ...payment.Part) payment.Instruction {
	in := payment.Instruction{
		Key: c.key(), Rail: payment.Counter, Received: received, Actor: clerk, Source: c.Till, Parts: parts,
	}
	for i := range parts {
		parts[i].Received = by
		in.Amount += parts[i].Amount
	}
	return in
}

func (c *counter) post(group ...payment.Instruction) []cashier.Outcome {
	c.Helper()
	outcomes, err := c.Cashier.Post(c.Context(), group, nil)
	if err != nil {
		c.Fatal(err)
	}
	return outcomes
}

// pays posts one payment that must be answered.
func (c *counter) pays(by chart.Purse, parts ...payment.Part) []payment.ReceiptPart {
	c.Helper()
	outcome := c.post(c.instruction(by, parts...))[0]
	if outcome.Err != nil {
		c.Fatal(outcome.Err)
	}
	return outcome.Answer.Parts
}

func ref(r payment.ReceiptPart) cashier.Ref { return cashier.Ref{Book: r.Book, Seq: r.Seq} }

// suspended is the entry of a receipt part in suspense.
func (c *counter) suspended(r payment.ReceiptPart) cashier.SuspenseEntry {
	c.Helper()
	if !r.InSuspense() {
		c.Fatalf("%+v is not in suspense", r)
	}
	entry, err := c.Store.Suspense(c.Context(), r.Book, r.Seq)
	if err != nil {
		c.Fatal(err)
	}
	return entry
}

func (c *counter) did(done cashier.Done, err error) cashier.Done {
	c.Helper()
	if err != nil {
		c.Fatal(err)
	}
	return done
}

func (c *counter) wantKind(err error, want fault.Kind) {
	c.Helper()
	if err == nil || fault.KindOf(err) != want {
		c.Errorf("got the error %v, want one of kind %v", err, want)
	}
}

// setStatus does what a later operation of staff will: it blocks an account.
func (c *counter) setStatus(no billpay.Number, status cashier.Status) {
	c.Helper()
	b := c.read(ledger.BookNo(no))
	err := c.Store.Write(c.Context(), &cashier.Writes{Accounts: []cashier.AccountMove{{Book: b.No, At: b.Head.Seq, Status: status}}})
	if err != nil {
		c.Fatal(err)
	}
}

// rows counts everything that an act can have written.
func (c *counter) state(numbers ...billpay.Number) string {
	c.Helper()
	var b strings.Builder
	for _, no := range append([]billpay.Number{billpay.Number(c.Till)}, numbers...) {
		book := c.read(ledger.BookNo(no))
		fmt.Fprintf(&b, "%d at %d: %s %s\n", no, book.Head.Seq, c.open(no), c.unapplied(no))
	}
	return b.String()
}

// alias notes an old number of an earlier system.
func (c *counter) alias(handle, source string, no billpay.Number) {
	c.Helper()
	alias, err := billpay.ParseAlias(source, handle)
	if err != nil {
		c.Fatal(err)
	}
	storetest.NoteAlias(c, c.Office, alias, ledger.BookNo(no))
}
