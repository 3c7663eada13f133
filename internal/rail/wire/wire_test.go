package wire_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/rail/wire"
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

func TestRail(t *testing.T) { railtest.Run(t, railtest.Rail{Format: wire.Rail{}, File: file}) }

func TestZoo(t *testing.T) {
	railtest.Folder(t, wire.Rail{}, "../../../testdata/zoo/bai2", ".bai2", map[string]string{}, func(*testing.T, string, []byte, string) {})
}

func TestSamples(t *testing.T) {
	folder := railtest.Samples("../../..", "bai2")
	if folder == "" {
		t.Skip("the shared samples are not at hand")
	}
	for _, ending := range []string{".bai2", ".txt"} {
		railtest.Folder(t, wire.Rail{}, folder, ending, map[string]string{}, func(*testing.T, string, []byte, string) {})
	}
}
