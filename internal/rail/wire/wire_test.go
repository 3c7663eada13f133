package wire_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/store/storetest"
)

var day = calendar.MustParse("2026-11-23")

func write(t testing.TB, group bai2.Group, items ...bai2.Item) []byte {
	t.Helper()
	var out bytes.Buffer
	w := bai2.NewWriter(&out, bai2.Header{Sender: "BANK", Receiver: "PLAN", Date: day, Time: "0600", ID: "1"})
	if err := w.Group(group); err != nil {
		t.Fatal(err)
	}
	if err := w.Account(secret.New(railtest.Account), "", nil); err != nil {
		t.Fatal(err)
	}
	for _, item := range items {
		if err := w.Item(item); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

var final = bai2.Group{Receiver: "PLAN", Originator: "121042882", Status: "1", AsOf: day, AsOfTime: "2359", Currency: "USD", AsOfModifier: "2"}

func file(t testing.TB, items []railtest.Paid) []byte {
	lines := make([]bai2.Item, len(items))
	for i, item := range items {
		lines[i] = bai2.Item{
			TypeCode: "195", AmountMinor: int64(item.Cents), BankReference: fmt.Sprintf("BR%d", item.No), CustomerReference: item.Reference,
			Text: "INCOMING WIRE",
		}
	}
	return write(t, final, lines...)
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func importing(t *testing.T) railtest.Take {
	o := storetest.Open(t, "sqlite")
	h := house{storetest.House{Clock: o.Clock}}
	return railtest.Importing(intake.New(o.Store, o.Cashier, h, o.Clock, wire.Rail{}))
}

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: wire.Rail{}, File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, wire.Rail{}, "../../../testdata/zoo/bai2", ".bai2", zoo, importing(t))
}

func TestSamples(t *testing.T) {
	folder := railtest.Samples("../../..", "bai2")
	if folder == "" {
		return // the shared samples are not at hand
	}
	for ending, want := range samples {
		railtest.Folder(t, wire.Rail{}, folder, ending, want, importing(t))
	}
}

// What the rail makes of each file.
var zoo = map[string]string{
	"account-without-transactions.bai2":   "0 items, 0.00",
	"amount-beyond-int64.bai2":            "refuse, line 5, amount",
	"amount-missing.bai2":                 "refuse, line 5, amount",
	"bad-account-count.bai2":              "flag, line 8, number of records",
	"bad-account-total.bai2":              "flag, line 5, control total",
	"bad-as-of-date.bai2":                 "refuse, line 2, as-of date",
	"bad-file-count.bai2":                 "flag, line 10, number of records",
	"bad-file-groups.bai2":                "flag, line 7, number of groups",
	"bad-file-total.bai2":                 "flag, line 7, control total",
	"bad-group-accounts.bai2":             "flag, line 6, number of accounts",
	"bad-group-total.bai2":                "flag, line 6, control total",
	"continuation-first.bai2":             "refuse, line 1, record code",
	"continued-trailer.bai2":              "refuse, line 10, record code",
	"custom-and-unknown-type-codes.bai2":  "0 items, 0.00",
	"debits-subtracted-in-total.bai2":     "flag, line 6, control total",
	"decimal-point-in-amount.bai2":        "refuse, line 5, amount",
	"empty.bai2":                          "refuse, line 0, ",
	"funds-types.bai2":                    "0 items, 0.00",
	"intraday.bai2":                       "0 items, 0.00",
	"letters-in-amount.bai2":              "refuse, line 5, amount",
	"line-too-long.bai2":                  "refuse, line 5, ",
	"no-ending-on-last-line.bai2":         "0 items, 0.00",
	"no-file-header.bai2":                 "refuse, line 1, record code",
	"no-file-trailer.bai2":                "refuse, line 9, ",
	"no-groups.bai2":                      "0 items, 0.00",
	"not-ascii.bai2":                      "refuse, line 5, ",
	"padded-lines.bai2":                   "0 items, 0.00",
	"prior-day-crlf.bai2":                 "0 items, 0.00",
	"prior-day.bai2":                      "0 items, 0.00",
	"records-after-trailer.bai2":          "refuse, line 11, record code",
	"returns.bai2":                        "0 items, 0.00",
	"several-currencies.bai2":             "refuse, line 9, currency",
	"signed-amounts.bai2":                 "1 items, 1.00",
	"too-many-distributions.bai2":         "refuse, line 5, number of distributions",
	"transaction-outside-account.bai2":    "refuse, line 3, record code",
	"truncated-inside-a-transaction.bai2": "refuse, line 5, ",
	"type-code-of-two-digits.bai2":        "refuse, line 5, type code",
	"unknown-funds-type.bai2":             "refuse, line 5, funds type",
	"unknown-record-code.bai2":            "refuse, line 8, record code",
	"version-1.bai2":                      "refuse, line 1, version",
}

var samples = map[string]map[string]string{
	".bai2": {
		"citi_example.bai2": "0 items, 0.00",
	},
	".txt": {
		"sample-parseError.txt": "refuse, line 1, record code",
		"sample1.txt":           "0 items, 0.00",
		"sample4-continuations-newline-delimited.txt": "flag, line 22, control total",
	},
}
