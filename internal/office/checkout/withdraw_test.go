package checkout_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/store/storetest"
)

func (c *counter) withdraw(id ident.Opaque) checkout.Attempt {
	c.Helper()
	a, err := c.desk.Withdraw(c.Context(), id)
	if err != nil {
		c.Fatal(err)
	}
	return a
}

// nothingOf fails if anything of an attempt was taken, is held or can be entered.
func (c *counter) nothingOf(id ident.Opaque) {
	c.Helper()
	if n := c.bank.took(id); n != 0 {
		c.Errorf("%s of a withdrawn payment were taken", n)
	}
	if n := c.bank.status(checkout.ChargeAuthorised); n != 0 {
		c.Errorf("%d charges are held", n)
	}
	if a := c.look(id); a.State != checkout.Abandoned || len(a.Loose) > 0 || !a.LookAt.IsZero() {
		c.Errorf("it is %s, with %d loose ends, looked at %s", a.State, len(a.Loose), a.LookAt)
	}
}

func TestWithdraw_ClosesThePageAndOnlyTheNextIsPaid(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		older, next := c.one(), c.one()
		c.begin(older)
		url := c.page(older.ID)
		c.want(c.withdraw(older.ID), checkout.Abandoned)
		if p := c.bank.pages[url[len("https://pay.example.org/"):]]; p.Status != checkout.PageExpired {
			t.Errorf("the older page is %s", p.Status)
		}
		c.want(c.withdraw(older.ID), checkout.Abandoned)
		if a, err := c.desk.Pay(t.Context(), older.ID, "ok"); err != nil || a.State != checkout.Abandoned {
			t.Errorf("paying what was withdrawn gives %s (%v)", a.State, err)
		}
		if _, err := c.desk.OpenPage(t.Context(), older.ID, donePage, backPage); fault.KindOf(err) != fault.Conflict {
			t.Errorf("a page of what was withdrawn: got %v, want Conflict", err)
		}
		c.begin(next)
		c.bank.enter(c.page(next.ID), "ok")
		c.want(c.returned(next.ID), checkout.Paid)
		c.after(time.Hour)
		c.nothingOf(older.ID)
		if got := c.told.news[older.ID]; len(got) != 0 {
			t.Errorf("of a page that nobody used the payer was told %v", got)
		}
		if _, err := c.desk.Withdraw(t.Context(), ident.NewOpaque()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("one that never began: got %v, want NotFound", err)
		}
	})
}

// A card is entered before the page is known to be closed: it is released,
// whatever happens to our calls, and the payer is told.
func TestWithdraw_ALateCompletionIsReleased(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, tc := range []struct {
			name   string
			luck   map[string][]mishap
			before bool // the card is entered before the withdrawal, else after it
			notice bool // the processor tells of it
		}{
			{"entered before", nil, true, false},
			{"entered before, with a notice", nil, true, true},
			{"entered before, void lost", map[string][]mishap{"void": {lostBefore, lostAfter}}, true, false},
			{"the close is lost", map[string][]mishap{"close page": {lostBefore}}, false, false},
			{"the close and its enquiry are lost", map[string][]mishap{"close page": {lostBefore}, "enquire page": {lostBefore}}, false, false},
			{"the same with a notice", map[string][]mishap{"close page": {lostBefore}, "enquire page": {lostBefore}}, false, true},
			{"the processor is away", map[string][]mishap{"close page": {away, away}, "enquire page": {away, away}}, false, true},
		} {
			c.within(t, tc.name, func(t *testing.T, c *counter) {
				draft := c.one()
				c.begin(draft)
				url := c.page(draft.ID)
				if tc.before {
					c.bank.enter(url, "ok")
				}
				c.bank.next = map[string][]mishap{}
				for verb, luck := range tc.luck {
					c.bank.next[verb] = luck
				}
				c.want(c.withdraw(draft.ID), checkout.Abandoned)
				if !tc.before {
					c.bank.enter(url, "ok")
				}
				if tc.notice {
					page := c.bank.pages[url[len("https://pay.example.org/"):]]
					c.notice(checkout.Notice{Kind: checkout.NoticePage, Attempt: draft.ID, Leg: 1})
					c.notice(checkout.Notice{Kind: checkout.NoticeCharge, Attempt: draft.ID, Leg: 1, Charge: page.Charge})
				}
				c.want(c.returned(draft.ID), checkout.Abandoned)
				c.after(2 * time.Hour)
				c.nothingOf(draft.ID)
				if got := c.told.news[draft.ID]; !slices.Equal(got, []checkout.News{checkout.NewsReleased}) || !c.look(draft.ID).Late {
					t.Errorf("the payer was told %v", got)
				}
			})
		}
	})
}

// The answer to closing a page is lost, and nobody uses it: nothing is told.
func TestWithdraw_TheAnswerOfTheCloseIsLost(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, luck := range []mishap{lostBefore, lostAfter, away} {
			draft := c.one()
			c.begin(draft)
			c.page(draft.ID)
			c.bank.next = map[string][]mishap{"close page": {luck}, "enquire page": {lostBefore}}
			a := c.withdraw(draft.ID)
			c.want(a, checkout.Abandoned)
			if len(a.Loose) != 1 || a.LookAt.IsZero() {
				t.Errorf("%s: it has %d loose ends, looked at %s", luck, len(a.Loose), a.LookAt)
			}
			c.after(10 * time.Minute)
			c.nothingOf(draft.ID)
			if got := c.told.news[draft.ID]; len(got) != 0 {
				t.Errorf("%s: the payer was told %v", luck, got)
			}
		}
		for _, p := range c.bank.pages {
			if p.Status == checkout.PageOpen {
				t.Errorf("page %s is open", p.ID)
			}
		}
	})
}

func TestWithdraw_OfWhatIsPaidOrUnknownChangesNothing(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		paid, unknown := c.one(), c.one()
		before := c.pay(paid, "ok")
		if a := c.withdraw(paid.ID); a.State != checkout.Paid || a.Version != before.Version {
			t.Errorf("a paid one is %s at version %d, was %d", a.State, a.Version, before.Version)
		}
		c.begin(unknown)
		c.bank.next = map[string][]mishap{"capture": {lostAfter}}
		if a, err := c.desk.Pay(t.Context(), unknown.ID, "ok"); err != nil || a.State != checkout.Checking {
			t.Fatal(a.State, err)
		}
		c.want(c.withdraw(unknown.ID), checkout.Checking)
		c.after(time.Hour)
		c.want(c.look(unknown.ID), checkout.Paid)
		c.want(c.look(paid.ID), checkout.Paid)
		if n := c.bank.took(paid.ID) + c.bank.took(unknown.ID); n != paid.Amount()+unknown.Amount() {
			t.Errorf("%s were taken", n)
		}
	})
}

// The card of the first legal entity was entered, and that of the second was not.
func TestWithdraw_ReleasesWhatIsHeld(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		half, declined := c.both(), c.one()
		c.begin(half)
		c.bank.enter(c.page(half.ID), "ok")
		c.want(c.returned(half.ID), checkout.Ready)
		second := c.page(half.ID)
		c.want(c.withdraw(half.ID), checkout.Abandoned)
		if n := c.bank.status(checkout.ChargeAuthorised); n != 0 {
			t.Errorf("%d charges are held when the payer goes on", n)
		}
		if p := c.bank.pages[second[len("https://pay.example.org/"):]]; p.Status != checkout.PageExpired {
			t.Errorf("the second page is %s", p.Status)
		}
		c.want(c.pay(declined, "declined"), checkout.Declined)
		c.want(c.withdraw(declined.ID), checkout.Abandoned)
		c.after(time.Hour)
		c.nothingOf(half.ID)
		c.nothingOf(declined.ID)
		if got := c.told.news[half.ID]; !slices.Equal(got, []checkout.News{checkout.NewsNotTaken}) {
			t.Errorf("of what was held the payer was told %v", got)
		}
	})
}

// Our process ends, or the database goes, at each step of a withdrawal: the
// attempt is either not withdrawn, or it takes nothing.
func TestWithdraw_ACrashLeavesNoSecondPayment(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, luck := range []mishap{crashBefore, crashAfter} {
			for at, crashed := 1, true; crashed; at++ {
				draft := c.one()
				c.begin(draft)
				url, calls := c.page(draft.ID), 0
				c.bank.enter(url, "ok")
				c.bank.hook = func(string) mishap {
					if calls++; calls == at {
						return luck
					}
					return fine
				}
				crashed = crashing(func() { c.desk.Withdraw(t.Context(), draft.ID) })
				c.bank.hook = nil
				c.restart()
				c.after(time.Hour)
				c.nothingOf(draft.ID)
			}
		}
		for at := 1; at <= 2; at++ {
			draft := c.one()
			c.begin(draft)
			c.page(draft.ID)
			c.store = &failing{Store: c.Store, at: at, always: true, with: fault.New(fault.Unavailable, "test", "the database is down")}
			c.restart()
			a, err := c.desk.Withdraw(t.Context(), draft.ID)
			if at == 1 && fault.KindOf(err) != fault.Unavailable || at > 1 && (err != nil || a.State != checkout.Abandoned) {
				t.Error(fmt.Sprintf("write %d failed: it is %s", at, a.State), err)
			}
			c.store = c.Store
			c.restart()
			c.after(3 * time.Hour)
			c.nothingOf(draft.ID)
		}
	})
}

// Another process is at the attempt: it is not withdrawn, and that is told.
func TestWithdraw_BesideAnother(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	draft := c.one()
	c.begin(draft)
	c.page(draft.ID)
	c.store = &failing{Store: c.Store, at: 1, with: checkout.ErrMoved}
	c.restart()
	if _, err := c.desk.Withdraw(t.Context(), draft.ID); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want Unavailable", err)
	}
	c.want(c.withdraw(draft.ID), checkout.Abandoned)
	c.agree()
}

// The payer is told once that we are checking, and not when the first look finds out.
func TestSettle_TellsOnceThatItIsChecked(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		long, short := c.one(), c.one()
		c.begin(long)
		c.bank.next = map[string][]mishap{"authorise": {lostAfter}, "enquire": {lostBefore, lostBefore, lostBefore}}
		if a, err := c.desk.Pay(t.Context(), long.ID, "ok"); err != nil || a.State != checkout.Checking {
			t.Fatal(a.State, err)
		}
		if got := c.told.news[long.ID]; len(got) != 0 {
			t.Errorf("before anybody looked he was told %v", got)
		}
		c.Clock.Advance(10 * time.Second)
		if _, err := c.desk.SettleDue(t.Context()); err != nil {
			t.Fatal(err)
		}
		a := c.look(long.ID)
		if got := c.told.news[long.ID]; a.State != checkout.Checking || a.Held || !slices.Equal(got, []checkout.News{checkout.NewsChecking}) {
			t.Errorf("it is %s, held %v, and the payer was told %v", a.State, a.Held, got)
		}
		c.after(time.Hour)
		if got := c.told.news[long.ID]; !slices.Equal(got, []checkout.News{checkout.NewsChecking, checkout.NewsPaid}) {
			t.Errorf("told %v", got)
		}
		c.begin(short)
		c.bank.next = map[string][]mishap{"authorise": {lostAfter}}
		if _, err := c.desk.Pay(t.Context(), short.ID, "ok"); err != nil {
			t.Fatal(err)
		}
		c.after(time.Hour)
		if got := c.told.news[short.ID]; !slices.Equal(got, []checkout.News{checkout.NewsPaid}) {
			t.Errorf("one that the first look found out was told as %v", got)
		}
	})
}
