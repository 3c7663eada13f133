package bankbill_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/railtest"
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

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: bankbill.Rail{}, File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, bankbill.Rail{}, "../../../testdata/zoo/nacha", ".ach", map[string]string{}, func(*testing.T, string, []byte, string) {})
}

func TestSamples(t *testing.T) {
	for _, kind := range []string{"nacha", "nacha-returns-noc"} {
		folder := railtest.Samples("../../..", kind)
		if folder == "" {
			t.Skip("the shared samples are not at hand")
		}
		railtest.Folder(t, bankbill.Rail{}, folder, ".ach", map[string]string{}, func(*testing.T, string, []byte, string) {})
	}
}
