package checkout_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"),
		goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

var (
	guest   = ident.Actor{Kind: ident.Guest, Name: "web"}
	clerk   = ident.Actor{Kind: ident.Staff, Name: "jlee"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	medical = chart.Purse{Entity: 2, Fund: chart.Medical}
)

// merchants has an account at the bank for each of storetest's entities.
type merchants struct{}

func (merchants) MerchantIDs() []string { return []string{"acct_one", "acct_two"} }

func (merchants) MerchantOf(entity chart.EntityNo) (string, chart.Purse, bool) {
	switch entity {
	case 1:
		return "acct_one", premium, true
	case 2:
		return "acct_two", medical, true
	}
	return "", chart.Purse{}, false
}

// told is a teller that remembers.
type told struct {
	mu   sync.Mutex
	fail bool
	news map[ident.Opaque][]checkout.News
}

func (t *told) Tell(_ context.Context, a checkout.Attempt, news checkout.News) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.fail {
		return errors.New("the mail server is away")
	}
	if t.news == nil {
		t.news = map[ident.Opaque][]checkout.News{}
	}
	t.news[a.ID] = append(t.news[a.ID], news)
	return nil
}

// counter is an office that takes cards of a bank in memory.
type counter struct {
	*storetest.Office
	testing.TB
	bank    *bank
	desk    *checkout.Desk
	told    *told
	store   checkout.Store
	books   checkout.Books
	numbers []billpay.Number
	autopay checkout.Autopay // or nobody
}

// onEach runs a test on every engine; at its end nothing may be left open, the
// books must agree with the bank and prove.
func onEach(t *testing.T, test func(t *testing.T, c *counter)) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		c := newCounter(t, o)
		test(t, c)
		c.agree()
	})
}

func newCounter(t testing.TB, o *storetest.Office) *counter {
	c := &counter{Office: o, TB: t, bank: newBank(o.Clock), told: &told{}, store: o.Store, books: o.Cashier, numbers: o.Members(t, 4)}
	c.restart()
	return c
}

// restart puts a new desk in the place of one whose process ended.
func (c *counter) restart() {
	c.desk = checkout.New(c.store, c.bank, c.books, merchants{}, storetest.House{Clock: c.Clock}, c.Clock, checkout.Options{
		Teller: c.told, Wait: time.Millisecond, Autopay: c.autopay, Approvals: approval.New(c.Store, c.Clock),
	})
}

// within runs a case of a table at the same counter.
func (c *counter) within(t *testing.T, name string, test func(t *testing.T, c *counter)) {
	t.Run(name, func(t *testing.T) {
		inner := *c
		inner.TB = t
		test(t, &inner)
	})
}

// one is a payment to one legal entity, both to two.
func (c *counter) one() checkout.Draft {
	return checkout.Draft{
		ID: ident.NewOpaque(), Door: checkout.DoorGuest, Actor: guest, Language: "en", Mail: "payer@example.org",
		Parts: []checkout.Part{{Reference: c.numbers[0].Digits(), Fund: chart.Premium, Amount: 10_000}},
	}
}

func (c *counter) both() checkout.Draft {
	d := c.one()
	d.Parts = append(d.Parts,
		checkout.Part{Reference: c.numbers[1].Digits(), Fund: chart.Medical, Amount: 2_500},
		checkout.Part{Reference: c.numbers[0].Digits(), Fund: chart.Pharmacy, Amount: 700})
	return d
}

func (c *counter) begin(d checkout.Draft) checkout.Attempt {
	c.Helper()
	a, err := c.desk.Begin(c.Context(), d)
	if err != nil {
		c.Fatal(err)
	}
	return a
}

// pay pays a new draft with a card.
func (c *counter) pay(d checkout.Draft, token string) checkout.Attempt {
	c.Helper()
	c.begin(d)
	a, err := c.desk.Pay(c.Context(), d.ID, token)
	if err != nil {
		c.Fatal(err)
	}
	return a
}

func (c *counter) look(id ident.Opaque) checkout.Attempt {
	c.Helper()
	a, err := c.desk.Look(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return a
}

func (c *counter) want(a checkout.Attempt, state checkout.State) {
	c.Helper()
	if a.State != state {
		c.Errorf("the payment is %s, want %s (legs %+v)", a.State, state, a.Legs)
	}
}

// after lets time go by in the job's steps and settles what falls due.
func (c *counter) after(d time.Duration) {
	c.Helper()
	end := c.Clock.Now().Add(d)
	for {
		if _, err := c.desk.SettleDue(c.Context()); err != nil {
			c.Fatal(err)
		}
		left := end.Sub(c.Clock.Now())
		if left <= 0 {
			return
		}
		step := 10 * time.Minute
		if left < time.Hour {
			step = time.Minute
		}
		c.Clock.Advance(min(left, step))
	}
}

// agree holds the books against the bank: every charge is at its end, none was
// captured twice, no credential is left, what was captured is on the books.
func (c *counter) agree() {
	c.Helper()
	c.bank.hook, c.bank.next = nil, map[string][]mishap{}
	c.after(48 * time.Hour)
	if doubles := c.bank.doubles(); len(doubles) > 0 {
		c.Errorf("captured more than once: %v", doubles)
	}
	if n := c.bank.status(checkout.ChargeAuthorised) + c.bank.status(checkout.ChargePending); n > 0 {
		c.Errorf("%d charges are still held", n)
	}
	if len(c.bank.kept) > 0 {
		c.Errorf("%d cards are still kept", len(c.bank.kept))
	}
	balances, err := c.Store.Balances(context.Background(), store.BalanceFilter{})
	if err != nil {
		c.Fatal(err)
	}
	for merchant, purse := range map[string]chart.Purse{"acct_one": premium, "acct_two": medical} {
		if got, want := balances[purse.Account(chart.ClearCard)].Net(), c.bank.keeps(merchant); got != want {
			c.Errorf("the books have %s from cards of %s, and the bank %s", got, merchant, want)
		}
	}
	report, err := proof.Verify(context.Background(), c.Store, nil, nil)
	if err != nil || report.Broken != nil {
		c.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
}

// crashing runs what may end with our process and reports whether it did.
func crashing(do func()) (crashed bool) {
	defer func() {
		if got := recover(); got != nil {
			if _, ours := got.(crash); !ours {
				panic(got)
			}
			crashed = true
		}
	}()
	do()
	return false
}

// failing is a store of which a write fails.
type failing struct {
	checkout.Store
	at, writes int
	always     bool // and every write after it
	with       error
}

func (f *failing) SaveAttempt(ctx context.Context, a *checkout.Attempt) error {
	if f.writes++; f.writes == f.at || f.always && f.writes > f.at {
		return f.with
	}
	return f.Store.SaveAttempt(ctx, a)
}

// closed are books that take nothing for a while.
type closed struct {
	checkout.Books
	times int
}

func (b *closed) Post(ctx context.Context, group []payment.Instruction, progress *cashier.Progress) ([]cashier.Outcome, error) {
	if b.times--; b.times >= 0 {
		return nil, errors.New("the database is down")
	}
	return b.Books.Post(ctx, group, progress)
}
