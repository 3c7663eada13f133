package crash

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
	"github.com/billfold/billfold/internal/store/throwaway/pgtest"
)

// killsPerStore is how often one database is killed, so that the second child
// starts on what the first one left behind.
const killsPerStore = 2

// TestKill kills the program twice on each engine, and 200 times when soaking.
func TestKill(t *testing.T) {
	stores := 1
	if os.Getenv("BILLFOLD_SOAK") != "" {
		stores = 100
	}
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			for range stores {
				seed := rand.Uint64()
				t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) { killed(t, engine, seed) })
			}
		})
	}
}

// killed opens a fresh store, lets it be killed, and proves it after each kill.
func killed(t *testing.T, engine string, seed uint64) {
	w := prepare(t, engine, seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var want money.Cents
	for w.Round = range killsPerStore {
		acknowledged := runAndKill(t, w, random.IntN(callers*eachCaller))
		want += settle(t, w, acknowledged)
		proveAll(t, w, want)
	}
}

func prepare(t *testing.T, engine string, seed uint64) *work {
	w := &work{Keys: t.TempDir() + "/keys", Seed: seed}
	if engine == "postgres" {
		w.DSN = pgtest.Database(t)
	} else {
		w.Dir = t.TempDir()
	}
	if _, err := vault.Create(w.Keys); err != nil {
		t.Fatal(err)
	}
	o := reopen(t, w)
	defer o.store.Close()
	ctx := t.Context()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	if w.Numbers, err = o.store.Reserve(ctx, issuer.Draw(200)); err != nil {
		t.Fatal(err)
	}
	var books []store.NewBook
	var items []openitem.Item
	for _, no := range w.Numbers {
		books = append(books, store.NewBook{No: ledger.BookNo(no), Kind: "member", Opaque: ident.NewOpaque()})
		items = append(items, openitem.Item{
			About: ledger.BookNo(no), Purse: storetest.House{}.PurseOf(chart.Premium), Text: "Premium", Amount: 20_000,
			DueOn: calendar.MustParse("2026-12-01"),
		})
	}
	if err := o.store.OpenBooks(ctx, books); err != nil {
		t.Fatal(err)
	}
	if _, err := o.cashier.Bill(ctx, cashier.Order{Key: "bill", Actor: operator}, items, false); err != nil {
		t.Fatal(err)
	}
	if w.Till, err = o.store.OpenOperatingBook(ctx, "till", 0); err != nil {
		t.Fatal(err)
	}
	return w
}

func reopen(t *testing.T, w *work) *office {
	t.Helper()
	o, err := w.open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// runAndKill starts a child on the work and kills it when it has acknowledged a
// number of payments. It gives everything that was acknowledged, also what was
// on its way when the child died.
func runAndKill(t *testing.T, w *work, after int) map[string]bool {
	t.Helper()
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.ExtraFiles = []*os.File{write}
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	write.Close() // the child alone holds it: the pipe ends with the child
	acknowledged := map[string]bool{}
	lines, payments, alive := bufio.NewScanner(read), -1, true // "ready" comes before the first
	for lines.Scan() {
		acknowledged[lines.Text()] = true
		if lines.Text() != "file" {
			payments++
		}
		if alive && payments >= after {
			alive = false
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // it was killed, which Wait reports as an error
	if alive || !acknowledged["ready"] {
		t.Fatalf("the child ended by itself: %s", complaint.String())
	}
	t.Logf("round %d: killed after %d of %d payments, file done: %v", w.Round, len(acknowledged)-1, callers*eachCaller, acknowledged["file"])
	return acknowledged
}

// settle does the whole work again on the killed store, as callers do who got no
// answer: what was acknowledged must be there, and the rest is posted now. It
// gives what the round's payments and file are worth.
func settle(t *testing.T, w *work, acknowledged map[string]bool) (total money.Cents) {
	t.Helper()
	o := reopen(t, w)
	defer o.store.Close()
	ctx := t.Context()
	if _, err := o.intake.Resume(ctx, nil); err != nil {
		t.Fatal(err)
	}
	for caller := range callers {
		group := make([]payment.Instruction, eachCaller)
		for i := range group {
			group[i] = w.payment(caller, i)
			total += group[i].Amount
		}
		outcomes, err := o.cashier.Post(ctx, group, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, outcome := range outcomes {
			if outcome.Err != nil {
				t.Fatal(outcome.Err)
			}
			if acknowledged[fmt.Sprintf("payment %d %d", caller, i)] && !outcome.Answer.Replayed {
				t.Errorf("seed %d: payment %s was acknowledged and is lost", w.Seed, group[i].Key)
			}
		}
	}
	content, inFile, err := w.file()
	if err != nil {
		t.Fatal(err)
	}
	result, err := o.intake.Take(ctx, "again.txt", bytes.NewReader(content), operator, nil)
	if err != nil || result.Verdict != fault.Accept || result.Tally.Items != fileItems || result.Tally.Cents != inFile || result.Tally.Suspended != 0 {
		t.Fatalf("seed %d: the file ended as %+v with %+v (%v)", w.Seed, result, result.Tally, err)
	}
	if acknowledged["file"] && !result.Duplicate {
		t.Errorf("seed %d: the file was acknowledged and is lost", w.Seed)
	}
	return total + inFile
}

// proveAll holds the books against what was paid in all rounds.
func proveAll(t *testing.T, w *work, want money.Cents) {
	t.Helper()
	o := reopen(t, w)
	defer o.store.Close()
	report, err := proof.Verify(t.Context(), o.store, nil, nil)
	if err != nil || report.Broken != nil {
		t.Fatalf("seed %d: the books do not prove: %v %v", w.Seed, err, report.Broken)
	}
	purse := storetest.House{}.PurseOf(chart.Premium)
	got := report.Accounts[purse.Account(chart.ClearCounter)].Net() + report.Accounts[purse.Account(chart.ClearLockbox)].Net()
	if got != want {
		t.Errorf("seed %d: the books took %s, want %s", w.Seed, got, want)
	}
}
