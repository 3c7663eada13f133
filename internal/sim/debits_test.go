package sim_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/ach"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
	"github.com/billfold/billfold/internal/sim/post"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// TestDebits_OnABadWeek sends bank debits through a clearing house on a road on which a
// fifth of everything is lost, late, doubled or spoilt, both ways, with an office that
// ends while it hands files over. By the clearing house's own books no debit may be
// settled twice and none may be left out, and what our books have is what settled less
// what came back.
func TestDebits_OnABadWeek(t *testing.T) {
	debits, days := 250, 25 // 500 on both engines together
	switch {
	case os.Getenv("BILLFOLD_SOAK") != "":
		debits, days = 20_000, 100
	case testing.Short(): // under the race detector
		debits = 50
	}
	seed := rand.Uint64()
	if text := os.Getenv(seedEnv); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatal(err)
		}
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		t.Logf("%s=%d, %d debits", seedEnv, seed, debits)
		w := openDebits(t, o, seed)
		for day := range days + 45 {
			if day < days {
				w.order(debits / days)
			}
			if day == days+5 { // from now on nothing goes wrong
				w.calm = true
				w.must(w.post.SetPlan(post.Plan{}))
			}
			w.day()
		}
		w.judge(debits)
	})
}

// debitWorld is an office, its bank and the clearing house, and the roads between them.
type debitWorld struct {
	*storetest.Office
	testing.TB
	desk    *clearing.Desk
	intake  *intake.Intake
	bank    *bank.Bank
	house   *clearinghouse.House
	post    *post.Office
	mailbox *post.Memory
	road    *rand.Rand // of what we send
	calm    bool
	random  *rand.Rand // of what is ordered
	numbers []billpay.Number
	today   calendar.Date
	orders  []clearing.Entry
	taken   map[string]bool // documents that were read whole
	deaths  int
}

const (
	debitAccount = "000555010001"
	debitCompany = "1555010001"
)

// debitHouse is storetest's, which receives nothing by itself.
type debitHouse struct{ storetest.House }

func (debitHouse) Receiver(string, string) (chart.Purse, bool) {
	return chart.Purse{Entity: 1, Fund: chart.Premium}, true
}

func openDebits(t *testing.T, o *storetest.Office, seed uint64) *debitWorld {
	t.Helper()
	w := &debitWorld{
		Office: o, TB: t, mailbox: &post.Memory{}, road: rand.New(rand.NewPCG(seed, 0)), random: rand.New(rand.NewPCG(seed, 2)),
		numbers: o.Members(t, 40), today: calendar.In(o.Clock.Now(), time.UTC), taken: map[string]bool{},
	}
	zone, err := time.LoadLocation("America/New_York")
	w.must(err)
	w.post, err = post.Open(post.Options{Mailbox: w.mailbox, Today: w.today, Plan: post.Plan{Seed: seed, Documents: []post.Fault{
		{Kind: "*", Lost: .06, Late: .04, Duplicated: .06, Partial: .04, Garbage: .04},
	}}})
	w.must(err)
	w.bank, err = bank.Open(bank.Options{
		Accounts: []bank.Account{{Number: debitAccount, Owner: "Plan", Opening: 1_000_000_00}}, Opens: w.today,
		Deliver: func(post.Document) error { return nil }, // its statements are another test's
	})
	w.must(err)
	w.house, err = clearinghouse.Open(clearinghouse.Options{
		Routing: "990000107", Companies: map[string]string{debitCompany: debitAccount}, Bank: w.bank, Deliver: w.post.Deliver,
		Plan: clearinghouse.Plan{Seed: seed, Entries: []clearinghouse.Rule{
			{Direction: "debit", Share: .06, Code: "R01"}, {Direction: "debit", Share: .03, Code: "R02"}, {Direction: "debit", Share: .02, Code: "R10"},
		}},
	})
	w.must(err)
	t.Cleanup(func() { w.house.Close(); w.bank.Close(); w.post.Close() })
	h := debitHouse{storetest.House{Clock: o.Clock}}
	w.desk = clearing.New(clearing.Parts{
		Store: o.Store, House: h, Cashier: o.Cashier, Approvals: approval.New(o.Store, o.Clock), Press: ach.Press{}, Outbox: w, Clock: o.Clock,
		Bank: clearing.Bank{
			ODFI: "990000107", Destination: "990000107", DestinationName: "Sandbox Bank", Origin: debitCompany, OriginName: "Cedar Valley",
			Zone: zone, Folder: "ach", Windows: []clearing.Window{{Name: "standard", Hour: 20}},
			Companies: map[chart.Fund]clearing.Company{chart.Premium: {ID: debitCompany, Name: "CEDAR VALLEY", Description: "HEALTHPREM"}},
		},
	})
	w.desk.Tell(&autopay.Desk{Store: o.Store, House: h, Clearing: w.desk, Clock: o.Clock}, nil)
	w.intake = intake.New(o.Store, o.Cashier, h, o.Clock, ach.New(w.desk))
	return w
}

func (w *debitWorld) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// Put implements clearing.Outbox: the road to the clearing house, on which a file is
// lost, doubled, or handed over without our hearing of it.
func (w *debitWorld) Put(_ context.Context, _, name string, data io.Reader) error {
	content, err := io.ReadAll(data)
	if err != nil {
		return err
	}
	at := w.today.Time().Add(15 * time.Hour)
	fate := w.road.IntN(100)
	if w.calm {
		fate = 99
	}
	hand := func() { _, err = w.house.Take(name, content, at) }
	switch {
	case fate < 6: // lost on its way
	case fate < 10:
		return errors.New("the connection broke before the file was there")
	case fate < 14:
		hand()
		return errors.Join(err, errors.New("the connection broke after the file was there"))
	case fate < 18:
		panic(death{})
	case fate < 22:
		hand()
		panic(death{})
	case fate < 26:
		hand()
		hand()
	default:
		hand()
	}
	return err
}

// survives runs what may end with our process.
func (w *debitWorld) survives(do func()) {
	defer func() {
		if got := recover(); got != nil {
			if _, ours := got.(death); !ours {
				panic(got)
			}
			w.deaths++
		}
	}()
	do()
}

// order debits members on the next banking day; some are ordered twice.
func (w *debitWorld) order(n int) {
	w.Helper()
	ctx := context.Background()
	for range n {
		book := ledger.BookNo(w.numbers[w.random.IntN(len(w.numbers))])
		account, err := mandate.ParseBankAccount("121042882", fmt.Sprintf("7%09d", len(w.orders)), "checking", "A Payer", false)
		w.must(err)
		m := mandate.Method{
			ID: ident.NewOpaque(), Book: book, Kind: mandate.Bank, State: mandate.MethodActive, Account: account, Shown: account.Mask(),
			Validation: mandate.ByService, ValidatedOn: w.today,
		}
		w.must(w.Store.KeepMethod(ctx, m, mandate.Event{Subject: m.ID, Act: "keep", At: w.Clock.Now(), Actor: clerk}))
		order := clearing.Order{
			Key: ident.Key(fmt.Sprintf("debit:%d", len(w.orders))), Direction: clearing.Debit, Book: book, Method: m.ID,
			Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, SEC: clearing.WEB, Amount: money.Cents(100 + w.random.IntN(50_000)),
			CreditOn: w.today.AddBusinessDays(1), Actor: clerk,
		}
		var e clearing.Entry
		for range 1 + w.random.IntN(2) {
			e, err = w.desk.Order(ctx, order)
			w.must(err)
		}
		w.orders = append(w.orders, e)
	}
}

// day is a banking day: mail in the morning, the file in the evening, the clearing house
// at night.
func (w *debitWorld) day() {
	w.Helper()
	ctx := context.Background()
	w.Clock.Advance(w.today.Time().Add(15 * time.Hour).Sub(w.Clock.Now()))
	w.must(w.post.Day(w.today))
	w.askAgain()
	w.readMail()
	w.survives(func() {
		if _, err := w.desk.Resume(ctx, clerk); err != nil && w.calm {
			w.Fatal(err)
		}
	})
	placed, err := w.Store.FilesIn(ctx, clearing.Placed)
	w.must(err)
	for i := range placed {
		if placed[i].Day.Before(w.today.AddDays(-1)) { // nobody answered it
			w.survives(func() {
				if _, err := w.desk.PutAgain(ctx, placed[i].No); err != nil && w.calm {
					w.Fatal(err)
				}
			})
		}
	}
	report, err := w.desk.Build(ctx, w.today, "standard", clerk)
	w.must(err)
	for i := range report.Files {
		w.survives(func() {
			if _, err := w.desk.Release(ctx, report.Files[i].No, clerk); err != nil && w.calm {
				w.Fatal(err)
			}
		})
	}
	w.must(w.house.Settle())
	w.must(w.house.Return())
	w.today, err = w.bank.CloseDay()
	w.must(err)
}

// askAgain asks the bank for files of returns that its list names and that we have not
// read.
func (w *debitWorld) askAgain() {
	w.Helper()
	for _, d := range w.post.Documents() {
		if d.Kind == "ach_returns" && !w.taken[d.Name] && d.Day.Before(w.today.AddDays(-3)) {
			_, err := w.post.Resend(d.Name)
			w.must(err)
		}
	}
}

// original is the name under which a document was made: a copy is "name-2.ach".
func (w *debitWorld) original(name string) string {
	for _, d := range w.post.Documents() {
		for _, as := range d.Placed {
			if as == name {
				return d.Name
			}
		}
	}
	return name
}

func (w *debitWorld) readMail() {
	w.Helper()
	ctx := context.Background()
	for _, f := range w.mailbox.Take() {
		if f.Kind == "ach_ack" {
			w.acknowledge(f.Content)
			continue
		}
		result, err := w.intake.Take(ctx, f.Name, bytes.NewReader(f.Content), clerk, nil)
		if err != nil {
			if kind := fault.KindOf(err); kind != fault.Invalid && kind != fault.Conflict {
				w.Fatalf("%s: %v", f.Name, err)
			}
			continue
		}
		if result.Verdict == fault.Accept {
			w.taken[w.original(f.Name)] = true
		}
	}
}

// acknowledge keeps an answer of the clearing house that can be read.
func (w *debitWorld) acknowledge(content []byte) {
	w.Helper()
	var a clearinghouse.Acknowledgement
	if json.Unmarshal(content, &a) != nil || a.Verdict != clearinghouse.Accepted && a.Verdict != clearinghouse.Duplicate {
		return
	}
	files, err := w.Store.FilesIn(context.Background(), clearing.Placed)
	w.must(err)
	for i := range files {
		if files[i].Name == a.File {
			_, err := w.desk.Acknowledge(context.Background(), files[i].No, string(a.Verdict))
			w.must(err)
		}
	}
}

// judge holds our books against the clearing house's.
func (w *debitWorld) judge(debits int) {
	w.Helper()
	ctx := context.Background()
	if len(w.orders) != debits || w.house.Doubled() != 0 {
		w.Errorf("%d debits were ordered, want %d; %d were settled twice", len(w.orders), debits, w.house.Doubled())
	}
	settled, came, first, again := money.Cents(0), money.Cents(0), map[string]int{}, 0
	for _, e := range w.house.Entries() {
		if !e.Settled || e.Outcome != "" && strings.HasPrefix(e.Outcome, "R") && !e.Back {
			w.Errorf("an entry of %s is still under way at the clearing house", e.Amount)
		}
		settled += e.Amount
		if strings.Contains(e.Description, "RETRY") {
			again++
		} else {
			first[e.Account]++
		}
		if e.Back && strings.HasPrefix(e.Outcome, "R") {
			came += e.Amount
		}
	}
	returned := 0
	for i := range w.orders {
		e, err := w.Store.Entry(ctx, w.orders[i].Ref())
		w.must(err)
		account := fmt.Sprintf("7%09d", i)
		if n := first[account]; n != 1 {
			w.Errorf("debit %d came to the clearing house %d times", i, n)
		}
		if e.State != clearing.Filed && e.State != clearing.Returned {
			w.Errorf("debit %d is %s: %s", i, e.State, e.Why)
		}
		if e.State == clearing.Returned {
			returned++
		}
	}
	open, err := w.Store.FilesIn(ctx, clearing.Building, clearing.Built, clearing.Approved, clearing.Released, clearing.Placed, clearing.Withdrawing)
	w.must(err)
	if len(open) != 0 {
		w.Errorf("%d files are not answered: %+v", len(open), open)
	}
	balances, err := w.Store.Balances(ctx, store.BalanceFilter{})
	w.must(err)
	if got := balances[chart.Purse{Entity: 1, Fund: chart.Premium}.Account(chart.ClearDebit)].Net(); got != settled-came {
		w.Errorf("our books have %s from debits, and the clearing house settled %s and sent %s back", got, settled, came)
	}
	if report, err := proof.Verify(ctx, w.Store, nil, nil); err != nil || report.Broken != nil {
		w.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
	w.Logf("%s settled, %s of it came back: %d debits, and %d were sent again; %d deaths, %d mishaps of the post", settled.Grouped(),
		came.Grouped(), returned, again, w.deaths, len(w.post.Planted()))
}
