package limit_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestCard_LeastAmount(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	d := newDoor(t, o)
	for _, tt := range []struct {
		name         string
		amount, bill money.Cents
		kind         fault.Kind
		ok           bool
	}{
		{"a dollar", 100, 0, 0, true},
		{"99 cents", 99, 0, fault.Invalid, false},
		{"a small bill whole", 40, 40, 0, true},
		{"part of a small bill", 39, 40, fault.Invalid, false},
		{"99 cents of a large bill", 99, 10000, fault.Invalid, false},
		{"nothing", 0, 0, fault.Invalid, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			who := d.stranger()
			who.Bill = tt.bill
			if _, err := d.Card(ctx, who, tt.amount); (err == nil) != tt.ok || err != nil && fault.KindOf(err) != tt.kind {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCard_ThreeInAVisit(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		for i := range 3 {
			who.Card = fmt.Sprint("card ", i)
			for range 2 { // a card paid with again is no other card
				wants(t, "one of three cards", d.pay(who), limit.Allow, "")
			}
		}
		who.Card = "a fourth"
		wants(t, "the fourth card", d.pay(who), limit.Refuse, limit.VisitCards)
		who.Card = "card 0"
		wants(t, "one of the three again", d.pay(who), limit.Allow, "")

		page := d.stranger()
		page.Card = "" // entered on the processor's own page
		for range 9 {
			wants(t, "a page that is left again", d.card(page), limit.Allow, "")
			d.must(d.Unused(ctx, page))
		}
		for range 3 {
			wants(t, "a page", d.pay(page), limit.Allow, "")
		}
		wants(t, "the fourth page", d.card(page), limit.Refuse, limit.VisitCards)
		page.Card = "a fourth"
		wants(t, "a fourth card after three pages", d.card(page), limit.Refuse, limit.VisitCards)
	})
}

func TestCard_DeclinesOfOneCardCountAcrossNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		try := func() limit.Verdict {
			who := d.stranger()
			who.Card = "stolen"
			return d.decline(who)
		}
		for range 4 {
			wants(t, "a decline", try(), limit.Allow, "")
		}
		wants(t, "the fifth", try(), limit.Refuse, limit.CardDay)

		lost := d.stranger()
		d.must(second(d.Card(ctx, lost, 5000)))
		d.must(d.Declined(ctx, lost, "hard"))
		again := d.stranger()
		again.Card = lost.Card
		v := d.card(again)
		wants(t, "a card of which its issuer said never", v, limit.Refuse, limit.CardBarred)
		o.Clock.Advance(31 * 24 * time.Hour)
		wants(t, "a month later", d.card(again), limit.Allow, "")
	})
}

func second(_ limit.Verdict, err error) error { return err }

func TestCard_OneCardForManyNumbersNeedsAChallenge(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		clerk := d.stranger()
		for i := range 60 {
			clerk.Number = d.stranger().Number
			v := d.pay(clerk)
			switch {
			case i < 10:
				wants(t, "within ten numbers", v, limit.Allow, "")
			case i == 10:
				wants(t, "the eleventh number", v, limit.Challenge, limit.CardNumbers)
				d.must(d.Solved(ctx, clerk))
			default:
				wants(t, "after a challenge", v, limit.Allow, "")
			}
		}
	})
}

func TestCard_DeclinesOfNumberAndDevice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		device := d.stranger()
		for i := range 4 {
			other := d.stranger()
			other.Device = device.Device
			v := d.decline(other)
			if i < 3 {
				wants(t, "a decline on a device", v, limit.Allow, "")
			} else {
				wants(t, "the fourth on a device", v, limit.Challenge, limit.DeviceCards)
			}
		}
		number := d.stranger().Number
		for i := range 6 {
			other := d.stranger()
			other.Number = number
			v := d.decline(other)
			if i < 5 {
				wants(t, "a decline on a number", v, limit.Allow, "")
			} else {
				wants(t, "the sixth on a number", v, limit.Challenge, limit.NumberCards)
			}
		}
	})
}

// What nobody decided counts against nobody, and a lost answer only for a while.
func TestCard_TechnicalDeclinesAndLostAnswers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		for range 30 {
			wants(t, "after technical declines", d.card(who), limit.Allow, "")
			d.must(d.Declined(ctx, who, "technical"))
		}
		lost := d.stranger()
		for range 3 {
			wants(t, "a card whose answer is lost", d.card(lost), limit.Allow, "")
		}
		wants(t, "while three answers are missing", d.card(lost), limit.Challenge, limit.DeviceCards)
		o.Clock.Advance(70 * time.Minute)
		wants(t, "an hour later", d.card(lost), limit.Allow, "")
	})
}
