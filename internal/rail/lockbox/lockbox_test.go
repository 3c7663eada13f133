package lockbox_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/store/storetest"
)

var day = calendar.MustParse("2026-11-23")

func file(t testing.TB, items []railtest.Paid) []byte {
	var out bytes.Buffer
	w := format.NewWriter(&out, format.Header{Destination: "PLAN", Origin: "BANK", Date: day, Time: "0600"})
	for i, item := range items {
		err := w.Write(format.Item{
			Lockbox: "5501001", DepositDate: day, Batch: 1, Number: i + 1, Amount: item.Cents, Routing: "121042882",
			Account: secret.New(railtest.Account), CheckNumber: strconv.Itoa(item.No), Overflow: []format.Overflow{{Text: item.Reference}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func importing(t *testing.T) railtest.Take {
	o := storetest.Open(t, "sqlite")
	h := house{storetest.House{Clock: o.Clock}}
	return railtest.Importing(intake.New(o.Store, o.Cashier, h, o.Clock, lockbox.New()))
}

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: lockbox.New(), File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, lockbox.New(), "../../../testdata/zoo/lockbox", ".bai", zoo, importing(t))
}

func TestSamples(t *testing.T) {
	folder := railtest.Samples("../../..", "bai-lockbox")
	if folder == "" {
		return // the shared samples are not at hand
	}
	railtest.Folder(t, lockbox.New(), folder, ".bai", samples, importing(t))
}

// What the rail makes of each file; a file of cheques without a number has items all the same.
var zoo = map[string]string{
	"bad-batch-count.bai":                    "flag, line 5, count",
	"bad-batch-total.bai":                    "flag, line 5, amount",
	"bad-deposit-date.bai":                   "refuse, line 3, deposit date",
	"bad-record-count.bai":                   "flag, line 8, record count",
	"bad-service-count.bai":                  "flag, line 6, count",
	"bad-service-total.bai":                  "flag, line 6, amount",
	"batch-without-checks.bai":               "0 items, 0.00",
	"batch-without-total.bai":                "refuse, line 5, batch number",
	"check-before-deposit-header.bai":        "refuse, line 3, record type",
	"deposit-header-before-each-batch.bai":   "2 items, 451.00",
	"empty.bai":                              "refuse, line 0, ",
	"invoice-split-over-three-overflows.bai": "1 items, 600.00",
	"letters-in-amount.bai":                  "refuse, line 4, amount",
	"letters-in-routing.bai":                 "refuse, line 4, routing number",
	"line-too-long.bai":                      "refuse, line 4, ",
	"no-deposit.bai":                         "0 items, 0.00",
	"no-ending-on-last-line.bai":             "1 items, 450.00",
	"no-trailer.bai":                         "refuse, line 7, ",
	"not-ascii.bai":                          "refuse, line 4, ",
	"one-check-crlf.bai":                     "1 items, 450.00",
	"one-check-padded-lines.bai":             "1 items, 450.00",
	"one-check.bai":                          "1 items, 450.00",
	"overflow-before-check.bai":              "refuse, line 4, record type",
	"overflow-never-ends.bai":                "refuse, line 4, indicator",
	"overflow-of-another-item.bai":           "refuse, line 5, item number",
	"overflow-sequence-skips.bai":            "refuse, line 6, sequence",
	"records-after-trailer.bai":              "refuse, line 9, record type",
	"repeated-batch.bai":                     "flag, line 7, batch number",
	"repeated-item.bai":                      "flag, line 5, item number",
	"several-batches.bai":                    "3 items, 674.50",
	"total-of-another-lockbox.bai":           "flag, line 5, lockbox number",
	"truncated-inside-a-check.bai":           "refuse, line 4, amount",
	"two-identical-genuine-checks.bai":       "2 items, 900.00",
	"two-lockboxes.bai":                      "2 items, 530.00",
	"unknown-record-type.bai":                "refuse, line 4, record type",
}

var samples = map[string]string{
	"test_lockbox.bai": "1 items, 7000.00",
}
