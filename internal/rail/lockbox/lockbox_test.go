package lockbox_test

import (
	"bytes"
	"strconv"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/railtest"
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

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: lockbox.New(), File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, lockbox.New(), "../../../testdata/zoo/lockbox", ".bai", map[string]string{}, func(*testing.T, string, []byte, string) {})
}

func TestSamples(t *testing.T) {
	folder := railtest.Samples("../../..", "bai-lockbox")
	if folder == "" {
		t.Skip("the shared samples are not at hand")
	}
	railtest.Folder(t, lockbox.New(), folder, ".bai", map[string]string{}, func(*testing.T, string, []byte, string) {})
}
