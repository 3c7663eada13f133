package bench

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/rail/lockbox"
)

// Receiver implements intake.House: every lockbox belongs to the premium fund.
func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

// file measures a lockbox file from its first byte to its last posting: kept,
// proved, resolved, allocated, posted, receipted.
func (o *office) file(ctx context.Context, numbers []billpay.Number, progress intake.Progress) (Figure, error) {
	path, err := writeLockbox(numbers)
	if err != nil {
		return Figure{}, err
	}
	defer os.Remove(path)
	in, err := os.Open(path)
	if err != nil {
		return Figure{}, err
	}
	defer in.Close()
	forgetPeakMemory()
	taking := intake.New(o.store, o.cashier, o.house, clock.System{}, lockbox.New())
	began := time.Now()
	result, err := taking.Take(ctx, "bench.txt", in, clerk, progress)
	if err != nil {
		return Figure{}, err
	}
	took := time.Since(began)
	if result.Tally == nil || result.Tally.Items != len(numbers) || result.Tally.Suspended != 0 {
		return Figure{}, fmt.Errorf("the file was not posted whole: %+v", result)
	}
	f := newFigure("file", o.store.Engine(), float64(len(numbers))/took.Seconds(), "items/s", nil)
	return f, nil
}

func writeLockbox(numbers []billpay.Number) (string, error) {
	out, err := os.CreateTemp("", "billfold-bench-*.txt")
	if err != nil {
		return "", err
	}
	defer out.Close()
	today := calendar.In(clock.System{}.Now(), time.UTC)
	w := format.NewWriter(out, format.Header{Destination: "BILLFOLD", Origin: "BENCH", Date: today, Time: "0600"})
	order := rand.Perm(len(numbers))
	for i, at := range order {
		err := w.Write(format.Item{
			Lockbox: "5501001", DepositDate: today, Batch: i/500%900 + 1, Number: i%500 + 1, Amount: 125, Routing: "021000021",
			Account: secret.New(fmt.Sprintf("%09d", i%999_999_937)), CheckNumber: strconv.Itoa(i % 1_000_000),
			Overflow: []format.Overflow{{Text: numbers[at].Digits()}},
		})
		if err != nil {
			return "", err
		}
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return out.Name(), nil
}

// forgetPeakMemory lets go of what the preparation used, so that the peak is the
// file's own. Where the kernel cannot forget, the figure is the larger one.
func forgetPeakMemory() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0)
}

// peakMemory is the most memory that the process has held, in MiB.
func peakMemory() int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	text, _ := io.ReadAll(f)
	for _, line := range strings.Split(string(text), "\n") {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib / 1024
		}
	}
	return 0
}
