package lockbox_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/railtest"
)

const (
	first  = "472819036580"
	second = "69276167955"
)

func TestItems_WhereTheNumberStands(t *testing.T) {
	amount := func(text string, cents money.Cents) format.Overflow {
		return format.Overflow{Text: text, Amount: cents, HasAmount: true}
	}
	for _, tc := range []struct {
		name     string
		overflow []format.Overflow
		tail     string
		want     string // reference=amount, with the doubt
	}{
		{"on the stub", []format.Overflow{{Text: first}}, "", first + "=10.00"},
		{"on the stub in groups", []format.Overflow{{Text: "4728-1903-6580"}}, "", first + "=10.00"},
		{"beside other words of the stub", []format.Overflow{{Text: "ACCT " + first + " NOV"}}, "", first + "=10.00"},
		{"at the end of the cheque's record", nil, first, first + "=10.00"},
		{"on the stub before the cheque's record", []format.Overflow{{Text: first}}, second, first + "=10.00"},
		{"two numbers", []format.Overflow{{Text: first + " " + second}}, "", first + " " + second + "=10.00 many_numbers"},
		{"two numbers with amounts that sum", []format.Overflow{amount(first, 600), amount(second, 400)}, "", first + "=6.00, " + second + "=4.00"},
		{"two numbers with amounts that do not sum", []format.Overflow{amount(first, 600), amount(second, 300)}, "", first + " " + second + "=10.00 many_numbers"},
		{"amounts on one of two", []format.Overflow{amount(first, 1_000), {Text: second}}, "", first + " " + second + "=10.00 many_numbers"},
		{"a number of which a digit is wrong", []format.Overflow{{Text: "472819036581"}}, "", "472819036581=10.00"},
		{"a name", nil, "PAT RIVERA", "PAT=10.00"},
		{"nothing", nil, "", "=10.00"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			w := format.NewWriter(&out, format.Header{Destination: "PLAN", Origin: "BANK", Date: day, Time: "0600"})
			check := format.Item{
				Lockbox: "5501001", DepositDate: day, Batch: 1, Number: 1, Amount: 1_000, Routing: "121042882",
				Account: secret.New(railtest.Account), CheckNumber: "77", Overflow: tc.overflow, Tail: tc.tail,
			}
			if err := w.Write(check); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			var got []string
			problems, err := lockbox.New().Items(&out, func(item intake.Item) error {
				for _, p := range item.Parts {
					text := fmt.Sprintf("%s=%s", p.Reference, p.Amount)
					if p.Doubt != "" {
						text += " " + string(p.Doubt)
					}
					got = append(got, text)
					if !strings.HasSuffix(p.Details.Source, "drawn on an account ending 8250") {
						t.Errorf("the source is %q, want the last four of the account", p.Details.Source)
					}
				}
				return nil
			})
			if err != nil || len(problems) > 0 || strings.Join(got, ", ") != tc.want {
				t.Errorf("got %q, want %q (%v %v)", got, tc.want, problems, err)
			}
		})
	}
	if suspense.ManyNumbers != "many_numbers" {
		t.Error("the table writes another reason")
	}
}
