package cashier_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
)

func TestPost_MoneyFindsTheItems(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		// The example of the rules for applying a payment: two premium months of
		// 150.00 and an older medical bill of 90.00.
		guest := func() (billpay.Number, payment.ItemRef, payment.ItemRef, payment.ItemRef) {
			no := c.member()
			bill := c.owes(no, medical, 9_000, april.AddDays(-30))
			return no, c.owes(no, premium, 15_000, april), c.owes(no, premium, 15_000, may), bill
		}
		for _, tc := range []struct {
			name  string
			parts func(no billpay.Number, first, second, bill payment.ItemRef) []payment.Part
			open  string
			left  string
		}{
			{
				"200.00 for premium pays April and part of May, and no medical bill",
				func(no billpay.Number, _, _, _ payment.ItemRef) []payment.Part {
					return []payment.Part{naming(to(no, 20_000), chart.Premium)}
				}, "1:90.00 3:100.00", "0.00",
			},
			{
				"200.00 without a word stay in the fund that received them",
				func(no billpay.Number, _, _, _ payment.ItemRef) []payment.Part { return []payment.Part{to(no, 20_000)} },
				"1:90.00 3:100.00", "0.00",
			},
			{
				"a cart of April and part of the medical bill is followed exactly",
				func(no billpay.Number, first, _, bill payment.ItemRef) []payment.Part {
					return []payment.Part{naming(to(no, 15_000), chart.Premium, first), naming(to(no, 5_000), chart.Medical, bill)}
				}, "1:40.00 3:150.00", "0.00",
			},
			{
				"a partial payment leaves the rest open",
				func(no billpay.Number, _, _, _ payment.ItemRef) []payment.Part { return []payment.Part{to(no, 1)} },
				"1:90.00 2:149.99 3:150.00", "0.00",
			},
			{
				"the named month comes before the older",
				func(no billpay.Number, _, second, _ payment.ItemRef) []payment.Part {
					return []payment.Part{naming(to(no, 15_100), chart.Premium, second)}
				}, "1:90.00 2:149.00", "0.00",
			},
			{
				"an over-payment stays unapplied in its fund",
				func(no billpay.Number, _, _, _ payment.ItemRef) []payment.Part { return []payment.Part{to(no, 40_000)} },
				"1:90.00", "100.00",
			},
		} {
			t.Run(tc.name, func(t *testing.T) {
				no, first, second, bill := guest()
				parts := tc.parts(no, first, second, bill)
				receipts := c.pays(premium, parts...)
				c.wantOpen(no, tc.open)
				if got := c.unapplied(no).String(); got != tc.left {
					t.Errorf("unapplied are %s, want %s", got, tc.left)
				}
				for i, r := range receipts {
					if r.Amount != parts[i].Amount || r.Applied+r.Unapplied != r.Amount || r.About != ledger.BookNo(no) || r.No != i+1 {
						t.Errorf("part %d has the receipt %+v", i+1, r)
					}
					tx, err := c.Store.Transaction(t.Context(), r.Book, r.Seq)
					if err != nil || tx.EffectiveOn != received || tx.PostedOn.String() != "2026-11-23" {
						t.Errorf("posted on %s, effective on %s (%v)", tx.PostedOn, tx.EffectiveOn, err)
					}
				}
			})
		}
	})
}

func TestPost_FundsAndEntitiesNeverMix(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		book := ledger.BookNo(no)
		c.owes(no, premium, 10_000, april)
		c.owes(no, medical, 2_000, april)
		c.owes(no, pharmacy, 3_000, april)
		c.pays(premium, to(no, 11_000)) // more than the premium owed, with care open beside it
		c.wantOpen(no, "2:20.00 3:30.00")
		for _, purse := range []chart.Purse{premium, medical, pharmacy} {
			if net := c.balance(0, purse.Account(chart.Interfund)); net != 0 {
				t.Errorf("%s crossed from or to %v without instruction", net, purse)
			}
		}
		c.pays(premium, naming(to(no, 500), chart.Medical)) // the payer's instruction
		c.wantOpen(no, "2:15.00 3:30.00")
		for account, want := range map[ledger.Account]string{
			premium.Account(chart.ClearCounter): "115.00", premium.Account(chart.Interfund): "-5.00",
			medical.Account(chart.Interfund): "5.00", medical.Account(chart.ClearCounter): "0.00",
			medical.Account(chart.Receivable): "15.00", premium.Account(chart.Unapplied): "-10.00",
			premium.Account(chart.Receivable): "0.00", pharmacy.Account(chart.Receivable): "30.00",
		} {
			if got := c.balance(book, account).String(); got != want {
				t.Errorf("%s stands at %s, want %s", chart.Name(account), got, want)
			}
		}
		// One payment over several funds: a receipt part for each legal entity.
		parts := c.pays(premium, naming(to(no, 100), chart.Medical), naming(to(no, 200), chart.Pharmacy), to(no, 300))
		if parts[0].Purse != medical || parts[1].Purse != pharmacy || parts[2].Purse != premium {
			t.Errorf("the parts were applied in %v, %v and %v", parts[0].Purse, parts[1].Purse, parts[2].Purse)
		}
		// An item of another fund than the one named is not there to be paid.
		item := payment.ItemRef{Book: book, No: 2}
		entry := c.suspended(c.pays(premium, naming(to(no, 100), chart.Premium, item))[0])
		if entry.Reason != suspense.UnknownItem || entry.Purse != premium {
			t.Errorf("got %s in %v, want %s in %v", entry.Reason, entry.Purse, suspense.UnknownItem, premium)
		}
	})
}

func TestPost_KeysAnswerOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 10_000, april)
		in := c.instruction(premium, to(no, 4_000), payment.Part{Reference: "nobody", Amount: 50})
		first := c.post(in)[0]
		if first.Err != nil || first.Answer.Replayed {
			t.Fatalf("got %+v", first)
		}
		before := c.state(no)
		again := c.post(in, in)
		for _, o := range again {
			if o.Err != nil || !o.Answer.Replayed || o.Answer.Payment != first.Answer.Payment || !reflect.DeepEqual(o.Answer.Parts, first.Answer.Parts) {
				t.Errorf("repeated: got %+v, want the answer %+v", o, first.Answer)
			}
		}
		other := in
		other.Amount, other.Parts = 4_001, []payment.Part{to(no, 4_001)}
		other.Parts[0].Received = premium
		c.wantKind(c.post(other)[0].Err, fault.Conflict)
		anotherClerk := in
		anotherClerk.Actor.Name = "mkhan"
		if o := c.post(anotherClerk)[0]; o.Err != nil || !o.Answer.Replayed {
			t.Errorf("through another clerk's session: got %+v, want the first answer", o)
		}
		invalid := c.instruction(premium, to(no, 100))
		invalid.Amount = 99
		twin := c.instruction(premium, to(no, 100))
		changed := twin
		changed.Received = april
		group := c.post(invalid, in, twin, twin, changed)
		c.wantKind(group[0].Err, fault.Invalid)
		c.wantKind(group[4].Err, fault.Conflict)
		if !group[1].Answer.Replayed || group[2].Answer.Replayed || !group[3].Answer.Replayed ||
			!reflect.DeepEqual(group[2].Answer.Parts, group[3].Answer.Parts) {
			t.Errorf("in one group: got %+v", group)
		}
		closed := c.instruction(premium, to(no, 100))
		closed.Source = 12_345 * ledger.OperatingRun
		c.wantKind(c.post(closed)[0].Err, fault.NotFound)
		c.wantOpen(no, "1:59.00")
		if got := c.state(no); got == before {
			t.Error("the valid payment of the group was not posted")
		}
		// The key of a payment does for no other operation, and the other way round.
		_, err := c.Cashier.Bill(t.Context(), cashier.Order{Key: in.Key, Actor: clerk}, nil, false)
		c.wantKind(err, fault.Conflict)
	})
}

func TestPost_PaymentsOfOneGroupSeeEachOther(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		item := c.owes(no, premium, 10_000, april)
		named := naming(to(no, 8_000), chart.Premium, item)
		out := c.post(c.instruction(premium, named), c.instruction(premium, to(no, 8_000)), c.instruction(premium, named))
		want := [][2]string{{"80.00", "0.00"}, {"20.00", "60.00"}}
		for i, w := range want {
			r := out[i].Answer.Parts[0]
			if r.Applied.String() != w[0] || r.Unapplied.String() != w[1] {
				t.Errorf("payment %d applied %s and left %s, want %v", i+1, r.Applied, r.Unapplied, w)
			}
		}
		if reason := c.suspended(out[2].Answer.Parts[0]).Reason; reason != suspense.UnknownItem {
			t.Errorf("a payment naming a paid item went to suspense for %s", reason)
		}
		c.wantOpen(no, "")
	})
}

func TestPost_WithoutACertainOwnerMoneyWaits(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		known, other, blocked := c.member(), c.member(), c.member()
		c.setStatus(blocked, cashier.Blocked)
		c.alias("OLD-77 12", "oldsys", known)
		c.alias("AMB1", "oldsys", known)
		c.alias("AMB1", "older", other)
		c.alias("SAME2", "oldsys", known)
		c.alias("SAME2", "older", known)
		issuer, err := billpay.NewIssuer(12)
		if err != nil {
			t.Fatal(err)
		}
		neverIssued := issuer.Draw(1)[0]
		c.alias(neverIssued.Digits(), "oldsys", other)
		unknown := issuer.Draw(1)[0].Digits()
		digits := known.Digits()
		wrong := digits[:11] + string('0'+(digits[11]-'0'+1)%10)
		for _, tc := range []struct {
			name      string
			reference string
			doubt     suspense.Reason
			owner     billpay.Number // 0 when it waits
			want      suspense.Reason
		}{
			{"the number", digits, "", known, ""},
			{"the number in groups", digits[:4] + " " + digits[4:8] + "-" + digits[8:], "", known, ""},
			{"an old number", "old 7712", "", known, ""},
			{"an old number of two systems for one account", "SAME2", "", known, ""},
			{"an old number that reads as a number never issued", neverIssued.Digits(), "", other, ""},
			{"an old number of two accounts", "amb1", "", 0, suspense.AmbiguousAlias},
			{"a wrong check digit", wrong, "", 0, suspense.CheckDigit},
			{"a number never issued", unknown, "", 0, suspense.UnknownNumber},
			{"no number", "rent", "", 0, suspense.NoNumber},
			{"nothing", "", "", 0, suspense.NoNumber},
			{"a blocked account", blocked.Digits(), "", 0, suspense.AccountBlocked},
			{"the rail's own doubt", digits, suspense.FreeText, 0, suspense.FreeText},
		} {
			t.Run(tc.name, func(t *testing.T) {
				part := payment.Part{Reference: tc.reference, Amount: 100, Doubt: tc.doubt}
				r := c.pays(premium, part)[0]
				if tc.owner != 0 {
					if r.Book != ledger.BookNo(tc.owner) || r.Unapplied != 100 {
						t.Errorf("%q reached %+v, want the book %s", tc.reference, r, tc.owner.Digits())
					}
					return
				}
				e := c.suspended(r)
				if e.Reason != tc.want || e.Open != 100 || e.Details.Reference != tc.reference || e.Purse != premium || r.About != 0 {
					t.Errorf("%q waits as %+v, want the reason %s", tc.reference, e, tc.want)
				}
			})
		}
		if net := c.balance(c.Till, premium.Account(chart.Suspense)); net != -700 {
			t.Errorf("suspense stands at %s, want -7.00", net)
		}
	})
}

func TestPost_AHouseholdInOnePayment(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		subscriber, guarantor := c.member(), c.member()
		child := c.dependant(cashier.Debtors{Premium: ledger.BookNo(subscriber), Medical: ledger.BookNo(guarantor)})
		c.owes(subscriber, premium, 10_000, april)
		visit := c.owes(child, medical, 4_000, april)
		c.owes(guarantor, medical, 6_000, april.AddDays(-1))
		private1 := c.owes(child, medical, 7_000, april.AddDays(-9), private(openitem.MinorConsent))
		if visit.Book != ledger.BookNo(guarantor) || private1.Book != ledger.BookNo(child) {
			t.Fatalf("the child's items stand in %d and %d", visit.Book, private1.Book)
		}
		// Premium on the child's number reaches the subscriber's item; the receipt
		// names the number that was given.
		r := c.pays(premium, to(child, 3_000))[0]
		if r.Book != ledger.BookNo(subscriber) || r.About != ledger.BookNo(child) || r.Applied != 3_000 {
			t.Errorf("premium on the child's number: got %+v", r)
		}
		// Care on the child's number pays what is about the child in the
		// guarantor's book, and neither the guarantor's own older bill nor what the
		// child consented to alone.
		r = c.pays(medical, to(child, 5_000))[0]
		if r.Book != ledger.BookNo(guarantor) || r.Applied != 4_000 || r.Unapplied != 1_000 {
			t.Errorf("care on the child's number: got %+v", r)
		}
		c.wantOpen(child, "1:70.00")
		c.wantOpen(guarantor, "2:60.00")
		// Whoever holds the bill and names the item pays it.
		r = c.pays(medical, naming(to(child, 7_000), chart.Medical, private1))[0]
		if r.Book != ledger.BookNo(child) || r.Applied != 7_000 {
			t.Errorf("the named private item: got %+v", r)
		}
		// One payment for the household, its split shown, each part in its book.
		parts := c.pays(premium, to(subscriber, 2_000), to(child, 1_000), naming(to(guarantor, 500), chart.Medical))
		if len(parts) != 3 || parts[0].Book != parts[1].Book || parts[2].Book != ledger.BookNo(guarantor) {
			t.Errorf("the household's payment was split as %+v", parts)
		}
		c.wantOpen(subscriber, "1:40.00")
		c.wantOpen(guarantor, "2:55.00")
	})
}

func TestPost_PrivateItemsAreNotPaidByAccident(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, class := range []openitem.Privacy{openitem.MinorConsent, openitem.Sensitive, openitem.Confidential} {
			t.Run(string(class), func(t *testing.T) {
				guarantor := c.member()
				child := c.dependant(cashier.Debtors{Medical: ledger.BookNo(guarantor)})
				in := c.owes(child, medical, 1_000, april, private(class), func(i *openitem.Item) { i.Book = ledger.BookNo(guarantor) })
				c.pays(medical, to(guarantor, 1_000))
				c.pays(medical, to(child, 1_000))
				c.wantOpen(guarantor, fmt.Sprintf("%d:10.00", in.No))
				own := c.member()
				c.owes(own, medical, 1_000, april, private(class))
				c.pays(medical, to(own, 400))
				c.wantOpen(own, "1:6.00") // one's own money pays one's own item
			})
		}
	})
}

func TestPost_ThePersonsSurvivorTakesTheMoney(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		first, second, last := c.member(), c.member(), c.member()
		child := c.dependant(cashier.Debtors{Premium: ledger.BookNo(first)})
		c.owes(first, premium, 10_000, april)
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(first), ledger.BookNo(second)))
		c.did(c.Cashier.Merge(t.Context(), c.order(), ledger.BookNo(second), ledger.BookNo(last)))
		for name, no := range map[string]billpay.Number{"the merged number": first, "the survivor that was merged": second, "the last": last} {
			if r := c.pays(premium, to(no, 100))[0]; r.Book != ledger.BookNo(last) || r.Applied != 100 {
				t.Errorf("%s: got %+v, want the book of the last", name, r)
			}
		}
		if r := c.pays(premium, to(child, 100))[0]; r.Book != ledger.BookNo(last) || r.Applied != 100 {
			t.Errorf("a dependant whose debtor was merged: got %+v, want the book of the last", r)
		}
		item := c.owes(child, premium, 500, may)
		if item.Book != ledger.BookNo(last) {
			t.Errorf("a dependant's premium is owed by %d, want the survivor %d", item.Book, last)
		}
		if item := c.owes(first, premium, 500, may); item.Book != ledger.BookNo(last) {
			t.Errorf("what is billed to a merged number is owed by %d, want the survivor %d", item.Book, last)
		}
	})
}

func TestPreview_ShowsTheSplitAndWritesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		no := c.member()
		c.owes(no, premium, 10_000, april)
		in := c.instruction(premium, to(no, 12_000), payment.Part{Reference: "nobody", Amount: 50})
		before := c.state(no)
		shown, err := c.Cashier.Preview(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.state(no); got != before {
			t.Errorf("the preview changed\n%s into\n%s", before, got)
		}
		posted := c.post(in)[0].Answer
		if !reflect.DeepEqual(shown, posted) {
			t.Errorf("shown was %+v, posted is %+v", shown, posted)
		}
		in.Amount++
		_, err = c.Cashier.Preview(t.Context(), in)
		c.wantKind(err, fault.Invalid)
	})
}
