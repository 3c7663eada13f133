package wire_test

import (
	"bytes"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/format/bai2"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/rail/wire"
)

const (
	first  = "472819036580"
	second = "69276167955"
)

func TestItems_WhereTheNumberStands(t *testing.T) {
	for _, tc := range []struct {
		name, reference, text string
		doubt                 suspense.Reason
	}{
		{"in the customer reference", first, "INCOMING WIRE", ""},
		{"in the customer reference with another in the text", first, "ALSO " + second, ""},
		{"in the text only, where digits can be anything", "", "FOR " + first, suspense.FreeText},
		{"two in the text", "", first + " " + second, suspense.ManyNumbers},
		{"an old number", "OLD77", "PREMIUM", ""},
		{"nowhere", "", "PREMIUM", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := bai2.Item{TypeCode: "195", AmountMinor: 1_000, BankReference: "BR1", CustomerReference: tc.reference, Text: tc.text}
			var got []intake.Item
			problems, err := wire.Rail{}.Items(bytes.NewReader(write(t, final, line)), func(item intake.Item) error {
				got = append(got, item)
				return nil
			})
			if err != nil || len(problems) > 0 || len(got) != 1 {
				t.Fatalf("got %v %v %v", got, problems, err)
			}
			part := got[0].Parts[0]
			if part.Doubt != tc.doubt || part.Reference != tc.reference || part.Amount != 1_000 || got[0].Received != day {
				t.Errorf("got %+v, want the reference %q and the doubt %q", got[0], tc.reference, tc.doubt)
			}
		})
	}
}

func TestItems_OnlyWiresOfFinalStatements(t *testing.T) {
	for _, tc := range []struct {
		name     string
		group    func(g *bai2.Group)
		line     func(l *bai2.Item)
		items    int
		problems int
	}{
		{"an incoming wire", nil, nil, 1, 0},
		{"a lockbox deposit, whose items come by themselves", nil, func(l *bai2.Item) { l.TypeCode = "115" }, 0, 0},
		{"a clearing house credit", nil, func(l *bai2.Item) { l.TypeCode = "142" }, 0, 0},
		{"an outgoing wire", nil, func(l *bai2.Item) { l.TypeCode = "495" }, 0, 0},
		{"a wire of nothing", nil, func(l *bai2.Item) { l.AmountMinor = 0 }, 0, 0},
		{"interim previous day", func(g *bai2.Group) { g.AsOfModifier = "1" }, nil, 0, 0},
		{"interim same day", func(g *bai2.Group) { g.AsOfModifier = "3" }, nil, 0, 0},
		{"final same day", func(g *bai2.Group) { g.AsOfModifier = "4" }, nil, 1, 0},
		{"Canadian dollars", func(g *bai2.Group) { g.Currency = "CAD" }, nil, 0, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			group := final
			line := bai2.Item{TypeCode: "195", AmountMinor: 1_000, BankReference: "BR1", CustomerReference: first, Text: "WIRE"}
			if tc.group != nil {
				tc.group(&group)
			}
			if tc.line != nil {
				tc.line(&line)
			}
			items, total := 0, money.Cents(0)
			problems, err := wire.Rail{}.Items(bytes.NewReader(write(t, group, line)), func(item intake.Item) error {
				items++
				total += item.Amount
				return nil
			})
			if err != nil || items != tc.items || len(problems) != tc.problems {
				t.Errorf("got %d items of %s, %v, %v; want %d items and %d problems", items, total, problems, err, tc.items, tc.problems)
			}
		})
	}
}
