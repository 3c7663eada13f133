package bankbill_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/store/storetest"
)

var day = calendar.MustParse("2026-11-24")

func header() nacha.Header {
	return nacha.Header{Destination: "121042882", Origin: "231380104", Date: day, Time: "0600", Modifier: "A"}
}

func batch(class string, no int) *nacha.Batch {
	return &nacha.Batch{
		ServiceClass: 220, CompanyName: "A BANK", CompanyID: "9876543210", SECCode: class, EntryDescription: "HEALTHPREM",
		EffectiveDate: day, ODFI: "23138010", Number: no,
	}
}

func entry(no int) nacha.Entry {
	return nacha.Entry{
		TransactionCode: 22, RDFI: "121042882", Account: secret.New(railtest.Account), IndividualName: "PAT RIVERA",
		Trace: fmt.Sprintf("23138010%07d", no),
	}
}

// write makes a file of one class. Traces ascend within a batch, so an entry
// that is out of order begins another.
func write(t testing.TB, class string, entries ...nacha.Entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := nacha.NewWriter(&out, header())
	batches, last := 0, "9"
	for _, e := range entries {
		if e.Trace <= last {
			batches++
			if err := w.Batch(batch(class, batches)); err != nil {
				t.Fatal(err)
			}
		}
		last = e.Trace
		if err := w.Entry(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func file(t testing.TB, items []railtest.Paid) []byte {
	entries := make([]nacha.Entry, len(items))
	for i, item := range items {
		entries[i] = entry(item.No)
		entries[i].IndividualID, entries[i].Amount = item.Reference, item.Cents
	}
	return write(t, "CIE", entries...)
}

// house receives everything in the premium fund.
type house struct{ storetest.House }

func (h house) Receiver(string, string) (chart.Purse, bool) { return h.PurseOf(chart.Premium), true }

func importing(t *testing.T) railtest.Take {
	o := storetest.Open(t, "sqlite")
	h := house{storetest.House{Clock: o.Clock}}
	return railtest.Importing(intake.New(o.Store, o.Cashier, h, o.Clock, bankbill.Rail{}))
}

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: bankbill.Rail{}, File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, bankbill.Rail{}, "../../../testdata/zoo/nacha", ".ach", zoo, importing(t))
}

func TestSamples(t *testing.T) {
	for kind, want := range samples {
		folder := railtest.Samples("../../..", kind)
		if folder == "" {
			return // the shared samples are not at hand
		}
		railtest.Folder(t, bankbill.Rail{}, folder, ".ach", want, importing(t))
	}
}

// What the rail makes of each file.
var zoo = map[string]string{
	"addenda-announced-but-missing.ach":     "refuse, line 3, addenda record indicator",
	"addenda-not-announced.ach":             "refuse, line 3, addenda record indicator",
	"addenda-of-another-entry.ach":          "refuse, line 4, entry detail sequence number",
	"addenda-sequence-skips.ach":            "refuse, line 5, addenda sequence number",
	"bad-batch-company.ach":                 "flag, line 4, company identification",
	"bad-batch-count.ach":                   "flag, line 4, entry/addenda count",
	"bad-batch-credit-total.ach":            "flag, line 4, total credit",
	"bad-batch-debit-total.ach":             "flag, line 4, total debit",
	"bad-batch-hash.ach":                    "flag, line 4, entry hash",
	"bad-batch-number.ach":                  "flag, line 4, batch number",
	"bad-batch-odfi.ach":                    "flag, line 4, ODFI",
	"bad-check-digit.ach":                   "refuse, line 3, check digit",
	"bad-effective-date.ach":                "refuse, line 2, effective entry date",
	"bad-file-batches.ach":                  "flag, line 8, batch count",
	"bad-file-count.ach":                    "flag, line 8, entry/addenda count",
	"bad-file-credit-total.ach":             "flag, line 8, total credit",
	"bad-file-hash.ach":                     "flag, line 8, entry hash",
	"bad-record-size.ach":                   "refuse, line 1, ",
	"batch-without-control.ach":             "refuse, line 7, record type",
	"batch-without-entries.ach":             "refuse, line 3, ",
	"ccd-credit.ach":                        "1 items, 2500.00",
	"cie-bill-pay-crlf.ach":                 "3 items, 674.50",
	"cie-bill-pay.ach":                      "3 items, 674.50",
	"cie-debit.ach":                         "refuse, line 3, transaction code",
	"cie-two-addenda.ach":                   "refuse, line 5, ",
	"cor-without-addenda.ach":               "refuse, line 3, addenda record indicator",
	"ctx-bad-addenda-count.ach":             "flag, line 3, number of addenda",
	"ctx-with-820-in-addenda.ach":           "1 items, 2500.00",
	"debit-in-batch-of-credits.ach":         "refuse, line 3, transaction code",
	"dishonoured-and-contested-returns.ach": "refuse, line 3, transaction code",
	"empty.ach":                             "refuse, line 0, ",
	"entry-outside-batch.ach":               "refuse, line 2, record type",
	"iat-batch.ach":                         "refuse, line 2, standard entry class",
	"letters-in-amount.ach":                 "refuse, line 3, amount",
	"letters-in-trace.ach":                  "refuse, line 3, trace number",
	"line-too-long.ach":                     "refuse, line 2, ",
	"long-line.ach":                         "refuse, line 2, ",
	"no-batches.ach":                        "0 items, 0.00",
	"no-ending-on-last-line.ach":            "3 items, 674.50",
	"no-file-control.ach":                   "refuse, line 7, ",
	"no-file-header.ach":                    "refuse, line 1, record type",
	"no-line-breaks.ach":                    "3 items, 674.50",
	"not-ascii.ach":                         "refuse, line 3, ",
	"notifications-of-change.ach":           "refuse, line 3, transaction code",
	"offset-balanced.ach":                   "refuse, line 3, transaction code",
	"padded-lines.ach":                      "3 items, 674.50",
	"prenote-then-live.ach":                 "refuse, line 3, transaction code",
	"prenote-with-amount.ach":               "refuse, line 3, amount",
	"records-after-file-control.ach":        "refuse, line 9, record type",
	"retry-payment.ach":                     "refuse, line 3, transaction code",
	"return-account-holder-deceased.ach":    "refuse, line 3, transaction code",
	"returns.ach":                           "refuse, line 3, transaction code",
	"reversal.ach":                          "refuse, line 3, transaction code",
	"several-batches.ach":                   "refuse, line 9, transaction code",
	"short-line.ach":                        "refuse, line 8, ",
	"trace-numbers-descend.ach":             "refuse, line 4, trace number",
	"trace-of-another-odfi.ach":             "refuse, line 3, trace number",
	"truncated-inside-an-entry.ach":         "refuse, line 4, ",
	"two-identical-entries.ach":             "2 items, 900.00",
	"unknown-entry-class.ach":               "refuse, line 2, standard entry class code",
	"unknown-record-type.ach":               "refuse, line 3, record type",
	"unknown-return-code.ach":               "refuse, line 4, return code",
	"unknown-transaction-code.ach":          "refuse, line 3, transaction code",
	"without-filler.ach":                    "3 items, 674.50",
	"zero-amount.ach":                       "refuse, line 3, amount",
}

var samples = map[string]map[string]string{
	"nacha": {
		"ctx-debit.ach":                                "refuse, line 3, transaction code",
		"flattenBatchesMultipleBatchHeaders.ach":       "refuse, line 3, transaction code",
		"ppd-debit-invalid-entryDetail-checkDigit.ach": "refuse, line 1, ",
		"ppd-mixedDebitCredit.ach":                     "refuse, line 3, transaction code",
		"two-micro-deposits.ach":                       "refuse, line 3, transaction code",
	},
	"nacha-returns-noc": {
		"cor-read.ach":          "refuse, line 3, transaction code",
		"dishonored-return.ach": "refuse, line 3, transaction code",
		"return-WEB.ach":        "refuse, line 3, transaction code",
	},
}
