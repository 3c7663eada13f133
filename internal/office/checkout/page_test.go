package checkout_test

import (
	"slices"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store/storetest"
)

const (
	donePage = "https://plan.example.org/pay/done"
	backPage = "https://plan.example.org/pay/back"
)

func (c *counter) page(id ident.Opaque) string {
	c.Helper()
	url, err := c.desk.OpenPage(c.Context(), id, donePage, backPage)
	if err != nil {
		c.Fatal(err)
	}
	return url
}

func (c *counter) returned(id ident.Opaque) checkout.Attempt {
	c.Helper()
	a, err := c.desk.Returned(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return a
}

func TestPage_OnePerLegalEntityThenPaid(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.both()
		draft.Language = "es-US"
		c.begin(draft)
		first := c.page(draft.ID)
		if again := c.page(draft.ID); again != first {
			t.Errorf("the page that is open is opened again: %s and %s", first, again)
		}
		c.want(c.returned(draft.ID), checkout.Ready)
		c.bank.enter(first, "ok")
		a := c.returned(draft.ID)
		c.want(a, checkout.Ready)
		if c.bank.status(checkout.ChargeCaptured) != 0 {
			t.Error("the first entity's money was taken before the second's card was entered")
		}
		second := c.page(draft.ID)
		if second == first || second == donePage {
			t.Fatalf("the second entity's page is %s", second)
		}
		c.bank.enter(second, "ok")
		if url := c.page(draft.ID); url != donePage {
			t.Errorf("nothing is left to enter, and the payer is sent to %s", url)
		}
		a = c.returned(draft.ID)
		c.want(a, checkout.Paid)
		c.want(c.returned(draft.ID), checkout.Paid)
		if a.Taken() != draft.Amount() || a.Legs[0].Card.Last4 != "4242" {
			t.Errorf("%s were taken from %+v", a.Taken(), a.Legs[0].Card)
		}
		var titles []string
		for _, order := range c.bank.orders {
			titles = append(titles, order.Title)
		}
		slices.Sort(titles)
		if want := []string{"Factura médica, Factura de farmacia", "Prima"}; !slices.Equal(titles, want) {
			t.Errorf("the pages are titled %q, want %q", titles, want)
		}
		if _, err := c.desk.OpenPage(t.Context(), draft.ID, donePage, backPage); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a page of a paid payment: got %v, want Conflict", err)
		}
	})
}

// The payer closed the tab after he entered the card: the job takes the money.
func TestPage_ThePayerDoesNotComeBack(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		c.begin(draft)
		c.bank.enter(c.page(draft.ID), "ok")
		c.after(10 * time.Minute)
		c.want(c.look(draft.ID), checkout.Paid)
		noticed := c.one()
		c.begin(noticed)
		url := c.page(noticed.ID)
		c.bank.enter(url, "ok")
		c.notice(checkout.Notice{Kind: checkout.NoticePage, Attempt: noticed.ID, Leg: 1})
		c.want(c.look(noticed.ID), checkout.Paid)
	})
}

func TestPage_AnAbandonedOneNeverCaptures(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		unused, half := c.one(), c.both()
		c.begin(unused)
		url := c.page(unused.ID)
		c.begin(half)
		c.bank.enter(c.page(half.ID), "ok")
		c.want(c.returned(half.ID), checkout.Ready)
		left := c.page(half.ID)
		c.after(90 * time.Minute)
		c.want(c.look(unused.ID), checkout.Abandoned)
		c.want(c.look(half.ID), checkout.Abandoned)
		for id, p := range c.bank.pages {
			if p.Status == checkout.PageOpen {
				t.Errorf("page %s is open", id)
			}
		}
		if url == left || c.bank.status(checkout.ChargeCaptured) != 0 || c.bank.status(checkout.ChargeAuthorised) != 0 {
			t.Error("something was taken or is held")
		}
		if got := c.told.news[half.ID]; !slices.Equal(got, []checkout.News{checkout.NewsNotTaken}) {
			t.Errorf("who left half way was told %v", got)
		}
	})
}

func TestPage_ExpiredIsOpenedAnew(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		c.begin(draft)
		first := c.page(draft.ID)
		c.bank.expire(first)
		second := c.page(draft.ID)
		if first == second {
			t.Fatal("the expired page is shown again")
		}
		c.bank.enter(second, "ok")
		c.want(c.returned(draft.ID), checkout.Paid)
	})
}

// A payer who goes to the processor's page and pays with our fields after all, or
// in both places, is charged once.
func TestPage_AndFieldsAreOneCharge(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		fields, both := c.one(), c.one()
		c.begin(fields)
		url := c.page(fields.ID)
		a, err := c.desk.Pay(t.Context(), fields.ID, "ok")
		if err != nil || a.State != checkout.Paid {
			t.Fatal(a.State, err)
		}
		if p := c.bank.pages[url[len("https://pay.example.org/"):]]; p.Status != checkout.PageExpired {
			t.Errorf("the page is %s while the payment was made elsewhere", p.Status)
		}
		c.begin(both)
		c.bank.enter(c.page(both.ID), "ok")
		if a, err = c.desk.Pay(t.Context(), both.ID, "ok"); err != nil || a.State != checkout.Paid {
			t.Fatal(a.State, err)
		}
		if n := c.bank.took(both.ID); n != both.Amount() || c.bank.count("keep") != 1 {
			t.Errorf("%s were taken", n)
		}
		// The page cannot be closed: nothing is charged beside it.
		third := c.one()
		c.begin(third)
		c.page(third.ID)
		c.bank.next = map[string][]mishap{"close page": {lostBefore}}
		if _, err := c.desk.Pay(t.Context(), third.ID, "ok"); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("got %v, want Unavailable", err)
		}
		if a, err := c.desk.Pay(t.Context(), third.ID, "ok"); err != nil || a.State != checkout.Paid {
			t.Errorf("got %s (%v)", a.State, err)
		}
	})
}

func TestPage_OfAPayerWhoseCardWasDeclined(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.both()
		c.want(c.pay(draft, "declined at acct_two"), checkout.Declined)
		for range 2 {
			c.bank.enter(c.page(draft.ID), "ok")
			c.returned(draft.ID)
		}
		c.want(c.look(draft.ID), checkout.Paid)
		if n := c.bank.took(draft.ID); n != draft.Amount() {
			t.Errorf("%s were taken of %s", n, draft.Amount())
		}
	})
}

func TestPage_EveryMishapEndsRight(t *testing.T) {
	for _, tc := range []struct {
		verb string
		luck []mishap
		end  checkout.State
	}{
		{"open page", []mishap{lostAfter}, checkout.Paid},
		{"open page", []mishap{away}, checkout.Paid},
		{"enquire page", []mishap{lostBefore, lostBefore}, checkout.Paid},
		{"enquire", []mishap{lostBefore}, checkout.Paid},
		{"capture", []mishap{lostAfter}, checkout.Paid},
		{"capture", []mishap{lostBefore}, checkout.Paid},
	} {
		t.Run(tc.verb+" is "+string(tc.luck[0]), func(t *testing.T) {
			c := newCounter(t, storetest.Open(t, "sqlite"))
			draft := c.one()
			c.begin(draft)
			c.bank.next = map[string][]mishap{tc.verb: tc.luck}
			url, err := c.desk.OpenPage(t.Context(), draft.ID, donePage, backPage)
			if tc.verb == "open page" && fault.KindOf(err) != fault.Unavailable {
				t.Errorf("got %v, want Unavailable", err)
			}
			if err != nil {
				url = c.page(draft.ID)
			}
			c.bank.enter(url, "ok")
			if _, err := c.desk.Returned(t.Context(), draft.ID); err != nil && fault.KindOf(err) != fault.Unavailable {
				t.Error(err)
			}
			c.after(time.Hour)
			c.want(c.look(draft.ID), tc.end)
			c.agree()
		})
	}
}
