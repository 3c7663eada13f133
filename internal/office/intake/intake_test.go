package intake_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	importer = ident.Actor{Kind: ident.System, Name: "import"}
	premium  = chart.Purse{Entity: 1, Fund: chart.Premium}
)

// slips is a format of these tests: a line for each item, with the receiving
// lockbox, the cheque and one or more "number=cents", and a count at the end.
type slips struct{}

func (slips) Name() string                { return "slips" }
func (slips) Recognises(head []byte) bool { return bytes.HasPrefix(head, []byte("SLIPS")) }

func (f slips) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	items := 0
	problems, err := f.Items(r, func(intake.Item) error { items++; return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: err.Error()})
	}
	return map[string]any{"items": items}, problems
}

// Sender takes the first line: "SLIPS" and, where a test wants it, a time.
func (slips) Sender(head []byte) string {
	first, _, _ := strings.Cut(string(head), "\n")
	return strings.TrimSpace(first)
}

func (slips) Items(r io.Reader, each func(intake.Item) error) ([]fault.Problem, error) {
	scan := bufio.NewScanner(r)
	items, line := 0, 0
	for scan.Scan() {
		line++
		fields := strings.Fields(scan.Text())
		switch {
		case line == 1:
		case fields[0] == "END":
			if fields[1] != strconv.Itoa(items) {
				return []fault.Problem{{Line: line, Message: "the count disagrees", Control: true}}, nil
			}
			return nil, nil
		default:
			items++
			if err := each(slip(fields, line)); err != nil {
				return nil, err
			}
		}
	}
	if err := scan.Err(); err != nil {
		return nil, err
	}
	return []fault.Problem{{Line: line, Message: "the file has no end"}}, nil
}

func slip(fields []string, line int) intake.Item {
	item := intake.Item{
		Rail: payment.Lockbox, Received: calendar.MustParse("2026-11-20"), Line: line,
		Receiving: intake.Receiving{Kind: "lockbox", ID: fields[0]},
	}
	for _, f := range fields[2:] {
		number, text, _ := strings.Cut(f, "=")
		cents, _ := strconv.ParseInt(text, 10, 64)
		item.Parts = append(item.Parts, intake.Part{Reference: number, Amount: money.Cents(cents)})
		item.Amount += money.Cents(cents)
	}
	item.Identity = fields[0] + "|" + fields[1] + "|" + item.Amount.String()
	return item
}

// file writes slips.
func file(lines ...string) string {
	return "SLIPS\n" + strings.Join(lines, "\n") + fmt.Sprintf("\nEND %d\n", len(lines))
}

// house receives at one lockbox and at those that are configured later.
type house struct {
	storetest.House
	boxes map[string]bool
}

func (h house) Receiver(kind, id string) (chart.Purse, bool) {
	return premium, kind == "lockbox" && h.boxes[id]
}

type desk struct {
	*storetest.Office
	testing.TB
	*intake.Intake
	house house
}

func onEach(t *testing.T, test func(t *testing.T, d *desk)) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		test(t, d)
		d.proves()
	})
}

func newDesk(t testing.TB, o *storetest.Office) *desk {
	h := house{storetest.House{Clock: o.Clock}, map[string]bool{"B1": true}}
	return &desk{Office: o, TB: t, house: h, Intake: intake.New(o.Store, o.Cashier, h, o.Clock, slips{})}
}

func (d *desk) proves() {
	d.Helper()
	report, err := proof.Verify(context.Background(), d.Store, nil, nil)
	if err != nil || report.Broken != nil {
		d.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
}

func (d *desk) take(name, content string) intake.Result {
	d.Helper()
	result, err := d.Take(d.Context(), name, strings.NewReader(content), importer, nil)
	if err != nil {
		d.Fatal(err)
	}
	return result
}

func (d *desk) wantPosted(r intake.Result, items, suspended int, duplicate bool) {
	d.Helper()
	if r.Verdict != fault.Accept || r.Tally == nil || r.Tally.Items != items || r.Tally.Suspended != suspended || r.Duplicate != duplicate {
		d.Errorf("got %+v with %+v posted, want %d items of which %d in suspense, duplicate %v", r, r.Tally, items, suspended, duplicate)
	}
}

// took is what the lockbox brought in all.
func (d *desk) took() money.Cents {
	d.Helper()
	balances, err := d.Store.Balances(d.Context(), store.BalanceFilter{})
	if err != nil {
		d.Fatal(err)
	}
	return balances[premium.Account(chart.ClearLockbox)].Net()
}

func (d *desk) unapplied(no billpay.Number) (sum money.Cents) {
	d.Helper()
	all, err := d.Store.UnappliedOf(d.Context(), ledger.BookNo(no))
	if err != nil {
		d.Fatal(err)
	}
	for _, u := range all {
		sum += u.Open
	}
	return sum
}

func TestTake_OneBusinessFilePostsOnceInAnyDisguise(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		no := d.Members(t, 2)
		lines := []string{
			"B1 chq1 " + no[0].Digits() + "=1000", "B1 chq2 " + no[1].Digits() + "=2000",
			"B1 chq3 " + no[0].Digits() + "=300 " + no[1].Digits() + "=400", "B1 chq4 nobody=50",
		}
		original := file(lines...)
		d.wantPosted(d.take("a.txt", original), 4, 1, false)
		reversed := slices.Clone(lines)
		slices.Reverse(reversed)
		for name, content := range map[string]string{
			"the same bytes":         original,
			"another order of items": file(reversed...),
			"other line ends":        strings.ReplaceAll(original, "\n", "\r\n"),
			"blanks at line ends":    strings.ReplaceAll(original, "\n", "  \n"),
		} {
			t.Run(name, func(t *testing.T) { d.wantPosted(d.take("b.txt", content), 4, 1, true) })
		}
		if got := d.took(); got != 3_750 {
			t.Errorf("the lockbox brought %s, want 37.50 once", got)
		}
		if a, b := d.unapplied(no[0]), d.unapplied(no[1]); a != 1_300 || b != 2_400 {
			t.Errorf("the accounts have %s and %s, want 13.00 and 24.00", a, b)
		}
	})
}

func TestTake_TwinsAndGenuineCheques(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		no := d.Members(t, 1)[0]
		same := "B1 chq1 " + no.Digits() + "=1000"
		// Two identical genuine cheques of one file are two payments.
		d.wantPosted(d.take("a", file(same, same)), 2, 0, false)
		// In another file the same cheque seems to have come again: both copies
		// wait, and the stranger beside them is posted.
		other := d.take("b", file(same, "B1 chq2 "+no.Digits()+"=500", same, same))
		d.wantPosted(other, 4, 2, false)
		if got := d.unapplied(no); got != 3_500 {
			t.Errorf("the account has %s, want 35.00: the third cheque was in no file before", got)
		}
		waiting, err := d.Store.OpenSuspense(t.Context(), 10)
		if err != nil || len(waiting) != 2 {
			t.Fatalf("%d wait (%v), want 2", len(waiting), err)
		}
		for _, w := range waiting {
			if w.Reason != suspense.PossibleDuplicate || w.Details.TwinOf == "" || w.Amount != 1_000 {
				t.Errorf("%+v waits, want a possible duplicate that names its twin", w)
			}
		}
		// The same file again finds its own keys, not twins of twins.
		d.wantPosted(d.take("c", file(same, "B1 chq2 "+no.Digits()+"=500", same, same)), 4, 2, true)
		if got := d.took(); got != 5_500 {
			t.Errorf("the lockbox brought %s, want everything received: 55.00", got)
		}
	})
}

func TestTake_TheSameItemsUnderAnotherHeaderWaitForAPerson(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		slip := file("B1 chq1 " + d.Members(t, 1)[0].Digits() + "=1000")
		d.wantPosted(d.take("morning", slip), 1, 0, false)
		d.wantPosted(d.take("afternoon", strings.Replace(slip, "SLIPS", "SLIPS 1500", 1)), 1, 1, false)
		d.wantPosted(d.take("afternoon again", strings.Replace(slip, "SLIPS", "SLIPS 1500", 1)), 1, 1, true)
		if got := d.took(); got != 2_000 {
			t.Errorf("the lockbox brought %s, want both: a whole file that comes twice can be two payments", got)
		}
	})
}

func TestTake_RefusedWholeWithNothingPosted(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		no := d.Members(t, 1)[0].Digits()
		good := "B1 chq1 " + no + "=1000"
		for _, tc := range []struct {
			name, content string
			verdict       fault.Verdict
			line          int
		}{
			{"a count that disagrees", "SLIPS\n" + good + "\nEND 2\n", fault.Flag, 3},
			{"no end", "SLIPS\n" + good + "\n", fault.Refuse, 2},
			{"a lockbox that is not the plan's", file(good, "B2 chq2 "+no+"=5"), fault.Refuse, 3},
			{"an item of nothing", file(good, "B1 chq2 "+no+"=0"), fault.Refuse, 3},
			{"a part below nothing", file(good, "B1 chq2 "+no+"=10 "+no+"=-5"), fault.Refuse, 3},
			{"more than any payment", file(good, fmt.Sprintf("B1 chq2 %s=%d", no, money.Max+1)), fault.Refuse, 3},
			{"more numbers than any payment", file(good, "B1 chq2"+strings.Repeat(" "+no+"=1", payment.PartsMax+1)), fault.Refuse, 3},
			{"no known format", "HELLO\n", fault.Refuse, 1},
			{"nothing", "", fault.Refuse, 1},
		} {
			t.Run(tc.name, func(t *testing.T) {
				d.TB = t
				r := d.take("bad", tc.content)
				if r.Verdict != tc.verdict || r.Tally != nil || len(r.Problems) == 0 || r.Problems[0].Line != tc.line {
					t.Errorf("got %+v, want %s at line %d", r, tc.verdict, tc.line)
				}
			})
		}
		d.TB = t
		if got := d.took(); got != 0 {
			t.Errorf("%s were posted from files that are not good", got)
		}
		if left, err := d.Store.Unfinished(t.Context()); err != nil || len(left) != 0 {
			t.Errorf("%d files are unfinished (%v)", len(left), err)
		}
		_, err := d.Take(t.Context(), "x", strings.NewReader(file(good)), ident.Actor{}, nil)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("without an actor: got %v, want it refused", err)
		}
	})
}

func TestTake_ARefusedFileIsJudgedAnewWhenItComesAgain(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		content := file("B2 chq1 " + d.Members(t, 1)[0].Digits() + "=1000")
		for range 2 {
			if r := d.take("early", content); r.Verdict != fault.Refuse || r.Duplicate {
				t.Errorf("before its lockbox is configured: got %+v, want it refused", r)
			}
		}
		d.house.boxes["B2"] = true
		d.wantPosted(d.take("again", content), 1, 0, false)
		d.wantPosted(d.take("once more", content), 1, 0, true)
	})
}

func TestTake_FilesWithoutItemsAreNotEachOther(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		first := d.take("monday", "SLIPS monday\nEND 0\n")
		second := d.take("tuesday", "SLIPS tuesday\nEND 0\n")
		again := d.take("monday again", "SLIPS monday\r\nEND 0\r\n")
		d.wantPosted(first, 0, 0, false)
		d.wantPosted(second, 0, 0, false)
		d.wantPosted(again, 0, 0, true)
	})
}

func TestTake_KeepsWhatCameUnchanged(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		content := file("B1 chq1 " + d.Members(t, 1)[0].Digits() + "=1000")
		d.take("name.txt", content)
		files, err := d.Store.Files(t.Context(), 10)
		if err != nil || len(files) != 1 {
			t.Fatalf("%d files are kept (%v), want 1", len(files), err)
		}
		var kept strings.Builder
		for n := range files[0].Chunks {
			piece, err := d.Store.Chunk(t.Context(), files[0].Book, n)
			if err != nil {
				t.Fatal(err)
			}
			kept.Write(piece)
		}
		if kept.String() != content || files[0].Bytes != int64(len(content)) || files[0].Actor != importer {
			t.Errorf("kept are %q in %+v", kept.String(), files[0])
		}
	})
}

// stopping is a store that stops the import before its n-th write of a chunk, or
// after it, when the answer is lost.
type stopping struct {
	*store.Store
	stop  context.CancelFunc
	left  *int
	after bool
}

func (s stopping) Write(ctx context.Context, w *cashier.Writes) error {
	if *s.left == 1 && !s.after {
		s.stop()
		return ctx.Err()
	}
	if err := s.Store.Write(ctx, w); err != nil {
		return err
	}
	if *s.left--; *s.left == 0 {
		s.stop()
		return ctx.Err()
	}
	return nil
}

// TestResume_PostsEachItemOnceWhereverItStopped stops an import at every chunk,
// before and after its commit, and goes on with it.
func TestResume_PostsEachItemOnceWhereverItStopped(t *testing.T) {
	const chunks, items = 3, 3*500 - 100
	for _, engine := range storetest.Engines {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			o := storetest.Open(t, engine)
			members := o.Members(t, 40)
			d := newDesk(t, o)
			random := rand.New(rand.NewPCG(1, 2))
			total := money.Cents(0)
			for n := range 2 * chunks {
				lines := make([]string, items)
				for i := range lines {
					cents := 1 + random.IntN(500)
					total += money.Cents(cents)
					lines[i] = fmt.Sprintf("B1 run%d-chq%d %s=%d", n, i, members[random.IntN(len(members))].Digits(), cents)
				}
				content := file(lines...)
				ctx, stop := context.WithCancel(t.Context())
				left := n/2 + 1
				stopped := stopping{o.Store, stop, &left, n%2 == 1}
				first := intake.New(o.Store, cashier.New(serial{stopped}, d.house, o.Clock), d.house, o.Clock, slips{})
				if _, err := first.Take(ctx, "run", strings.NewReader(content), importer, nil); err == nil {
					t.Fatalf("stop %d: the import was not stopped", n)
				}
				stop()
				if left, err := o.Store.Unfinished(t.Context()); err != nil || len(left) != 1 {
					t.Fatalf("stop %d: %d files are unfinished (%v), want 1", n, len(left), err)
				}
				seen := 0
				results, err := d.Resume(t.Context(), func(posted, of int) { seen = of })
				if err != nil || len(results) != 1 || seen != items {
					t.Fatalf("stop %d: resumed %+v, %v", n, results, err)
				}
				d.wantPosted(results[0], items, 0, false)
				d.wantPosted(d.take("again", content), items, 0, true)
				if got := d.took(); got != total {
					t.Fatalf("stop %d: the lockbox brought %s, want %s", n, got, total)
				}
			}
			sum := money.Cents(0)
			for _, no := range members {
				sum += d.unapplied(no)
			}
			if sum != total {
				t.Errorf("the accounts have %s, want %s", sum, total)
			}
			d.proves()
		})
	}
}

// Two nodes that start together both find the file that a third left behind.
func TestResume_BySeveralAtOncePostsOnce(t *testing.T) {
	onEach(t, func(t *testing.T, d *desk) {
		no := d.Members(t, 1)[0]
		lines := make([]string, 2500)
		for i := range lines {
			lines[i] = fmt.Sprintf("B1 chq%d %s=100", i, no.Digits())
		}
		ctx, stop := context.WithCancel(t.Context())
		left := 1
		first := intake.New(d.Store, cashier.New(serial{stopping{d.Store, stop, &left, true}}, d.house, d.Clock), d.house, d.Clock, slips{})
		if _, err := first.Take(ctx, "run", strings.NewReader(file(lines...)), importer, nil); err == nil {
			t.Fatal("the import was not stopped")
		}
		var nodes sync.WaitGroup
		for range 3 {
			nodes.Go(func() {
				if _, err := newDesk(t, d.Office).Resume(t.Context(), nil); err != nil {
					t.Errorf("a node could not resume: %v", err)
				}
			})
		}
		nodes.Wait()
		if got := d.unapplied(no); got != 2500*100 {
			t.Errorf("the account has %s, want 2500.00", got)
		}
	})
}

// serial lets one lane write at a time, so that the place of a stop is known.
type serial struct{ stopping }

var oneAtATime = make(chan struct{}, 1)

func (s serial) Write(ctx context.Context, w *cashier.Writes) error {
	oneAtATime <- struct{}{}
	defer func() { <-oneAtATime }()
	return s.stopping.Write(ctx, w)
}
