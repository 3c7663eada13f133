package crash

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"strconv"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

// The load of one round: callers that each post payments one after the other,
// and a file beside them.
const (
	callers     = 64
	eachCaller  = 25
	fileItems   = 2500
	posterLanes = 4
)

var operator = ident.Actor{Kind: ident.System, Name: "crash"}

// work is what a round posts. It travels to the child, which does it until it is
// killed, and both sides reckon every payment from its key.
type work struct {
	Dir, DSN, Keys string
	Till           ledger.BookNo
	Numbers        []billpay.Number
	Round          int
	Seed           uint64
}

// draw gives a number that only the seed, the round and the names decide.
func (w *work) draw(names ...any) uint64 {
	h := fnv.New64a()
	fmt.Fprintln(h, append([]any{w.Seed, w.Round}, names...)...)
	return binary.BigEndian.Uint64(h.Sum(nil))
}

// payment is the i-th payment of a caller. Some have two numbers and some none.
func (w *work) payment(caller, i int) payment.Instruction {
	at := w.draw("payment", caller, i)
	purse := storetest.House{}.PurseOf(chart.Premium)
	number := func(n uint64) string { return w.Numbers[n%uint64(len(w.Numbers))].Digits() }
	in := payment.Instruction{
		Key: ident.Key(fmt.Sprintf("crash:%d:%d:%d", w.Round, caller, i)), Rail: payment.Counter, Actor: operator, Source: w.Till,
		Parts:    []payment.Part{{Reference: number(at), Amount: money.Cents(1 + at%9_999), Received: purse}},
		Received: storetest.House{Clock: clock.At(storetest.Start)}.PostingDay(1),
	}
	switch at >> 32 % 10 {
	case 0:
		in.Parts[0].Reference = "nobody"
	case 1:
		in.Parts = append(in.Parts, payment.Part{Reference: number(at >> 16), Amount: 77, Received: purse})
	}
	for _, p := range in.Parts {
		in.Amount += p.Amount
	}
	return in
}

// file is the round's lockbox file and its total.
func (w *work) file() (content []byte, total money.Cents, err error) {
	var out bytes.Buffer
	day := storetest.House{Clock: clock.At(storetest.Start)}.PostingDay(1)
	writer := format.NewWriter(&out, format.Header{Destination: "PLAN", Origin: "BANK", Date: day, Time: "0600"})
	for i := range fileItems {
		at := w.draw("cheque", i)
		cents := money.Cents(1 + at%9_999)
		total += cents
		err := writer.Write(format.Item{
			Lockbox: "5501001", DepositDate: day, Batch: i/500 + 1, Number: i%500 + 1, Amount: cents, Routing: "021000021",
			Account: secret.New("7001"), CheckNumber: strconv.Itoa(w.Round*fileItems + i),
			Overflow: []format.Overflow{{Text: w.Numbers[at>>20%uint64(len(w.Numbers))].Digits()}},
		})
		if err != nil {
			return nil, 0, err
		}
	}
	err = writer.Close()
	return out.Bytes(), total, err
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

// office is the road of money over an open store.
type office struct {
	store   *store.Store
	cashier *cashier.Cashier
	intake  *intake.Intake
}

func (w *work) open(ctx context.Context) (*office, error) {
	keys, err := vault.Open(w.Keys)
	if err != nil {
		return nil, err
	}
	now := clock.At(storetest.Start)
	s, err := store.Open(ctx, store.Options{Dir: w.Dir, DSN: w.DSN}, keys, now)
	if err != nil {
		return nil, err
	}
	h := house{storetest.House{Clock: now}}
	c := cashier.New(s, h, now)
	return &office{s, c, intake.New(s, c, h, now, lockbox.New())}, nil
}

const childEnv = "BILLFOLD_CRASH_CHILD"

func TestMain(m *testing.M) {
	if text := os.Getenv(childEnv); text != "" {
		if err := child(text); err != nil {
			fmt.Fprintln(os.Stderr, "child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// child does a round's work and says on the pipe what was acknowledged, after
// the acknowledgement and never before.
func child(text string) error {
	ctx := context.Background()
	var w work
	if err := json.Unmarshal([]byte(text), &w); err != nil {
		return err
	}
	o, err := w.open(ctx)
	if err != nil {
		return err
	}
	pipe := os.NewFile(3, "acknowledged")
	say := func(line string) { _, _ = pipe.WriteString(line + "\n") } // a line is written whole; a dead parent needs none
	content, _, err := w.file()
	if err != nil {
		return err
	}
	say("ready")
	poster := cashier.NewPoster(o.cashier, posterLanes)
	var all sync.WaitGroup
	failures := make(chan error, callers+1)
	all.Go(func() {
		result, err := o.intake.Take(ctx, "round.txt", bytes.NewReader(content), operator, nil)
		if err == nil && result.Verdict != fault.Accept {
			err = fmt.Errorf("the file was not accepted: %v", result.Problems)
		}
		if err != nil {
			failures <- err
			return
		}
		say("file")
	})
	for caller := range callers {
		all.Go(func() {
			for i := range eachCaller {
				if _, err := poster.Post(ctx, w.payment(caller, i)); err != nil {
					failures <- err
					return
				}
				say(fmt.Sprintf("payment %d %d", caller, i))
			}
		})
	}
	all.Wait()
	close(failures)
	for err := range failures {
		return err
	}
	return nil
}
