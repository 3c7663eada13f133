package checkout_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestBegin_MakesALegPerLegalEntity(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.both()
		a := c.begin(draft)
		if len(a.Legs) != 2 || a.Legs[0].Amount != 10_000 || a.Legs[1].Amount != 3_200 || a.Legs[1].Merchant != "acct_two" {
			t.Errorf("got legs %+v", a.Legs)
		}
		again := c.begin(draft)
		if again.Version != a.Version || again.ID != a.ID {
			t.Errorf("the same draft again made %+v", again)
		}
		other := draft
		other.Language = "es"
		c.begin(other) // no other payment
		other.Parts = slices.Clone(draft.Parts)
		other.Parts[0].Amount++
		if _, err := c.desk.Begin(t.Context(), other); fault.KindOf(err) != fault.Conflict {
			t.Errorf("another amount under the same id: got %v, want Conflict", err)
		}
		if _, err := c.desk.Look(t.Context(), ident.NewOpaque()); fault.KindOf(err) != fault.NotFound {
			t.Errorf("an id that nobody began: got %v, want NotFound", err)
		}
		if len(c.bank.calls) != 0 {
			t.Errorf("the processor was asked: %v", c.bank.calls)
		}
	})
}

func TestBegin_Refuses(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	for name, change := range map[string]func(*checkout.Draft){
		"no actor":        func(d *checkout.Draft) { d.Actor = ident.Actor{} },
		"no parts":        func(d *checkout.Draft) { d.Parts = nil },
		"nothing":         func(d *checkout.Draft) { d.Parts[0].Amount = 0 },
		"less":            func(d *checkout.Draft) { d.Parts[0].Amount = -5 },
		"no fund":         func(d *checkout.Draft) { d.Parts[0].Fund = "dental" },
		"no number":       func(d *checkout.Draft) { d.Parts[0].Reference = "" },
		"no id":           func(d *checkout.Draft) { d.ID = "" },
		"an id of others": func(d *checkout.Draft) { d.ID = "80251647390" },
	} {
		draft := c.one()
		change(&draft)
		if _, err := c.desk.Begin(t.Context(), draft); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v, want Invalid", name, err)
		}
	}
}

// callMishap is a mishap of a call, and what is to come of it.
type callMishap struct {
	name   string
	two    bool
	token  string
	verb   string
	luck   []mishap
	answer checkout.State
	err    fault.Kind // of Pay, when it has an error
	end    checkout.State
	long   bool // it is still unknown when it is first looked at
	news   checkout.News
}

// Short words for the table.
const (
	ready, checking, paid   = checkout.Ready, checkout.Checking, checkout.Paid
	declined, abandoned     = checkout.Declined, checkout.Abandoned
	receipt, found, nothing = checkout.NewsReceipt, checkout.NewsPaid, checkout.NewsNotTaken
)

// mishaps are those of every call, with one legal entity and with two.
var mishaps = []callMishap{
	{name: "nothing goes wrong", answer: paid, end: paid, news: receipt},
	{name: "nothing goes wrong", two: true, answer: paid, end: paid, news: receipt},
	{name: "declined", token: "declined", answer: declined, end: abandoned},
	{name: "declined when kept", token: "declined to keep", answer: declined, end: abandoned},
	{name: "the first is declined", two: true, token: "declined at acct_one", answer: declined, end: abandoned},
	{name: "the second is declined", two: true, token: "declined at acct_two", answer: declined, end: abandoned},
	{name: "the issuer takes its time", token: "pending", answer: checking, end: abandoned, long: true, news: nothing},

	{name: "keep", verb: "keep", luck: []mishap{lostAfter}, answer: ready, err: fault.Unavailable, end: abandoned},
	{name: "keep", verb: "keep", luck: []mishap{away}, answer: ready, err: fault.Unavailable, end: abandoned},
	{name: "open", verb: "open", luck: []mishap{lostBefore}, answer: checking, end: paid, news: found},
	{name: "open", verb: "open", luck: []mishap{lostAfter}, answer: checking, end: paid, news: found},
	{name: "open", verb: "open", luck: []mishap{away}, answer: ready, err: fault.Unavailable, end: abandoned},
	{name: "open", verb: "open", luck: []mishap{refused}, answer: declined, end: abandoned},
	{name: "open, second", two: true, verb: "open", luck: []mishap{fine, away}, answer: ready, err: fault.Unavailable, end: abandoned},

	{name: "authorise", verb: "authorise", luck: []mishap{lostBefore}, answer: checking, end: paid, news: found},
	{name: "authorise", verb: "authorise", luck: []mishap{lostAfter}, answer: checking, end: paid, news: found},
	{name: "authorise", verb: "authorise", luck: []mishap{away}, answer: ready, err: fault.Unavailable, end: abandoned},
	{name: "authorise", verb: "authorise", luck: []mishap{refused}, answer: declined, end: abandoned},
	{name: "authorise, declined", token: "declined", verb: "authorise", luck: []mishap{lostAfter}, answer: checking, end: abandoned, news: nothing},
	{name: "authorise, first", two: true, verb: "authorise", luck: []mishap{lostAfter}, answer: checking, end: paid, news: found},
	{name: "authorise, second", two: true, verb: "authorise", luck: []mishap{fine, lostAfter}, answer: checking, end: paid, news: found},
	{name: "authorise, second", two: true, verb: "authorise", luck: []mishap{fine, lostBefore}, answer: checking, end: paid, news: found},
	{name: "authorise, second", two: true, verb: "authorise", luck: []mishap{fine, away}, answer: ready, err: fault.Unavailable, end: abandoned},
	{name: "authorise, second declined", two: true, token: "declined at acct_two", verb: "authorise", luck: []mishap{fine, lostAfter}, answer: checking, end: abandoned, news: nothing},

	{name: "capture", verb: "capture", luck: []mishap{lostBefore}, answer: checking, end: paid, news: found},
	{name: "capture", verb: "capture", luck: []mishap{lostAfter}, answer: checking, end: paid, news: found},
	{name: "capture", verb: "capture", luck: []mishap{away}, answer: checking, end: paid, news: found},
	{name: "capture", verb: "capture", luck: []mishap{refused}, answer: checking, end: paid, news: found},
	{name: "capture, always lost", verb: "capture", luck: slices.Repeat([]mishap{lostBefore}, 100), answer: checking, end: abandoned, long: true, news: nothing},
	{name: "capture, first", two: true, verb: "capture", luck: []mishap{lostAfter}, answer: checking, end: paid, news: found},
	{name: "capture, second", two: true, verb: "capture", luck: []mishap{fine, lostBefore}, answer: checking, end: paid, news: found},
	{name: "capture, second", two: true, verb: "capture", luck: []mishap{fine, away}, answer: checking, end: paid, news: found},

	{name: "void", two: true, token: "declined at acct_two", verb: "void", luck: []mishap{lostBefore}, answer: declined, end: abandoned},
	{name: "void", two: true, token: "declined at acct_two", verb: "void", luck: []mishap{lostAfter}, answer: declined, end: abandoned},
	{name: "void", two: true, token: "declined at acct_two", verb: "void", luck: []mishap{away, away, away}, answer: declined, end: abandoned},
	{name: "forget", verb: "forget", luck: []mishap{lostBefore, away, away}, answer: paid, end: paid, news: receipt},
}

// How the payment stands when the payer is answered, and in the end.
func TestPay_EveryMishapEndsRight(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, tc := range mishaps {
			name := tc.name
			if tc.verb != "" {
				name += fmt.Sprintf(" is %s", tc.luck[len(tc.luck)-1])
			}
			if tc.two {
				name += ", two entities"
			}
			c.within(t, name, func(t *testing.T, c *counter) {
				draft := c.one()
				if tc.two {
					draft = c.both()
				}
				token := tc.token
				if token == "" {
					token = "ok"
				}
				c.begin(draft)
				c.bank.next = map[string][]mishap{tc.verb: tc.luck}
				a, err := c.desk.Pay(t.Context(), draft.ID, token)
				if (err != nil) != (tc.err != fault.Internal) || err != nil && fault.KindOf(err) != tc.err {
					t.Fatalf("got error %v, want %s", err, tc.err)
				}
				c.want(c.look(draft.ID), tc.answer)
				c.want(a, tc.answer)
				c.after(30 * time.Hour)
				end := c.look(draft.ID)
				c.want(end, tc.end)
				var news []checkout.News
				if tc.long {
					news = append(news, checkout.NewsChecking)
				}
				if tc.news != "" {
					news = append(news, tc.news)
				}
				if got := c.told.news[draft.ID]; !slices.Equal(got, news) {
					t.Errorf("the payer was told %v, want %v", got, news)
				}
				want := draft.Amount()
				if tc.end != checkout.Paid {
					want = 0
				}
				if end.Taken() != want || c.bank.took(draft.ID) != want {
					t.Errorf("%s were taken, by the bank's books %s, want %s", end.Taken(), c.bank.took(draft.ID), want)
				}
				if !end.LookAt.IsZero() {
					t.Errorf("it is still looked at, at %s", end.LookAt)
				}
			})
		}
	})
}

// A payment survives the end of our process wherever it happens: at each call,
// before it reached the processor and after, and at each write.
func TestPay_SurvivesACrashAnywhere(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, two := range []bool{false, true} {
			for _, token := range []string{"ok", "declined at acct_two"} {
				c.within(t, fmt.Sprintf("%s, two entities %v", token, two), func(_ *testing.T, c *counter) {
					for _, luck := range []mishap{crashBefore, crashAfter} {
						for at := 1; c.crashAt(at, two, token, luck); at++ {
						}
					}
					for at := 1; c.writeFailsAt(at, two, token); at++ {
					}
				})
			}
		}
	})
}

// crashAt pays while the at-th call ends our process, and reports whether there
// was such a call.
func (c *counter) crashAt(at int, two bool, token string, luck mishap) bool {
	draft := c.one()
	if two {
		draft = c.both()
	}
	c.begin(draft)
	calls := 0
	c.bank.hook = func(string) mishap {
		if calls++; calls == at {
			return luck
		}
		return fine
	}
	crashed := crashing(func() { c.desk.Pay(c.Context(), draft.ID, token) })
	c.bank.hook = nil
	c.restart()
	c.finished(draft, fmt.Sprintf("%s call %d", luck, at))
	return crashed
}

// writeFailsAt pays while the at-th write fails and everything after it too.
func (c *counter) writeFailsAt(at int, two bool, token string) bool {
	draft := c.one()
	if two {
		draft = c.both()
	}
	c.begin(draft)
	down := &failing{
		Store: c.Store, at: at, always: true, with: fault.New(fault.Unavailable, "test", "the database is down"),
	}
	c.store = down
	c.restart()
	a, err := c.desk.Pay(c.Context(), draft.ID, token)
	failed := down.writes >= at
	if failed && err == nil {
		c.Errorf("write %d failed, and the payer was told %s", at, a.State)
	}
	if failed && at > 1 && fault.KindOf(err) != fault.UnknownOutcome {
		c.Errorf("write %d failed: got %v, want UnknownOutcome", at, err)
	}
	c.store = c.Store
	c.restart()
	c.finished(draft, fmt.Sprintf("write %d", at))
	return failed
}

// finished lets the job finish a payment that a crash left.
func (c *counter) finished(draft checkout.Draft, where string) {
	c.after(3 * time.Hour)
	a := c.look(draft.ID)
	if a.State != checkout.Paid && a.State != checkout.Abandoned || !a.LookAt.IsZero() {
		c.Errorf("%s: the payment is %s, looked at %s", where, a.State, a.LookAt)
	}
	if again, err := c.desk.Pay(c.Context(), draft.ID, "ok"); err != nil || again.State != a.State {
		c.Errorf("%s: paying again gives %s (%v)", where, again.State, err)
	}
}

func TestPay_ManyAtOnceAreOneCharge(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for range 5 {
			draft := c.both()
			c.begin(draft)
			other := checkout.New(c.Store, c.bank, c.books, merchants{}, storetest.House{Clock: c.Clock}, c.Clock, checkout.Options{Teller: c.told})
			var tabs sync.WaitGroup
			for i := range 12 {
				desk := c.desk
				if i%2 == 1 {
					desk = other
				}
				tabs.Go(func() {
					a, err := desk.Pay(t.Context(), draft.ID, "ok")
					if err != nil || a.State != checkout.Paid && a.State != checkout.Paying {
						t.Errorf("got %s (%v)", a.State, err)
					}
				})
			}
			tabs.Wait()
			c.want(c.look(draft.ID), checkout.Paid)
		}
		if opened, taken := len(c.bank.charges), c.bank.status(checkout.ChargeCaptured); opened != 10 || taken != 10 {
			t.Errorf("%d charges were opened and %d captured, want 10", opened, taken)
		}
		if n := c.bank.count("capture"); n != 10 {
			t.Errorf("captured %d times, want 10", n)
		}
	})
}

func TestPay_AnotherCardAfterADecline(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.both()
		a := c.pay(draft, "declined at acct_two")
		if a.Decline.Class != checkout.DeclineFunds || a.Cards != 1 || c.bank.status(checkout.ChargeAuthorised) != 0 {
			t.Errorf("got %+v with %d charges held", a.Decline, c.bank.status(checkout.ChargeAuthorised))
		}
		if err := c.desk.Tell(t.Context(), draft.ID); err != nil || !c.look(draft.ID).ToldNo {
			t.Errorf("the payer was told, and the payment does not know (%v)", err)
		}
		a, err := c.desk.Pay(t.Context(), draft.ID, "ok")
		if err != nil || a.State != checkout.Paid || a.Cards != 2 || a.Decline != (checkout.Decline{}) {
			t.Errorf("the second card: got %s after %d cards (%v)", a.State, a.Cards, err)
		}
		c.desk.Tell(t.Context(), draft.ID)
		if c.look(draft.ID).ToldNo {
			t.Error("a paid payment notes that its payer was told no")
		}
		c.after(time.Hour)
		if n := c.bank.status(checkout.ChargeCaptured); n != 2 {
			t.Errorf("%d charges captured, want 2", n)
		}
		if n := c.bank.status(checkout.ChargeDeclined); n != 0 {
			t.Errorf("%d declined charges were left open", n)
		}
	})
}

// What an issuer approves after the payer was told no is released, and he is
// told; whatever card he paid with meanwhile.
func TestSettle_ReleasesALateApproval(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		for _, again := range []bool{false, true} {
			for _, byNotice := range []bool{false, true} {
				c.within(t, fmt.Sprintf("paid again %v, noticed %v", again, byNotice), func(t *testing.T, c *counter) {
					draft := c.one()
					a := c.pay(draft, "declined")
					late := a.Legs[0].Charge
					c.desk.Tell(t.Context(), draft.ID)
					want := []checkout.News{checkout.NewsReleased}
					if again {
						if a, err := c.desk.Pay(t.Context(), draft.ID, "ok"); err != nil || a.State != checkout.Paid {
							t.Fatal(a.State, err)
						}
						want = []checkout.News{checkout.NewsReceipt, checkout.NewsReleased}
					}
					c.bank.set(late, checkout.ChargeAuthorised)
					if byNotice {
						c.notice(checkout.Notice{Kind: checkout.NoticeCharge, Charge: late})
						if a := c.look(draft.ID); !a.Late {
							t.Error("the notice did not release it")
						}
					}
					c.after(10 * time.Minute)
					a = c.look(draft.ID)
					got := slices.Sorted(slices.Values(c.told.news[draft.ID]))
					if !a.Late || !slices.Equal(got, slices.Sorted(slices.Values(want))) {
						t.Errorf("late %v, told %v, want %v", a.Late, got, want)
					}
					if n := c.bank.status(checkout.ChargeAuthorised); n != 0 {
						t.Errorf("%d charges are held", n)
					}
				})
			}
		}
	})
}

// A charge of an ended payment that is approved at last is released too, and one
// that somebody captured reaches the books.
func TestNotice_OfAnEndedPayment(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		held, taken, earlier := c.one(), c.one(), c.one()
		var refs []checkout.ChargeRef
		for _, draft := range []checkout.Draft{held, taken, earlier} {
			refs = append(refs, c.pay(draft, "declined").Legs[0].Charge)
			c.desk.Tell(t.Context(), draft.ID)
		}
		if _, err := c.desk.Pay(t.Context(), earlier.ID, "ok"); err != nil {
			t.Fatal(err)
		}
		c.after(3 * time.Hour)
		c.want(c.look(held.ID), checkout.Abandoned)
		c.bank.set(refs[0], checkout.ChargeAuthorised)
		c.bank.set(refs[1], checkout.ChargeCaptured)
		c.bank.set(refs[2], checkout.ChargeCaptured)
		for _, ref := range refs {
			c.notice(checkout.Notice{Kind: checkout.NoticeCharge, Charge: ref})
			c.notice(checkout.Notice{Kind: checkout.NoticeCharge, Charge: ref})
		}
		if a := c.look(held.ID); a.State != checkout.Abandoned || !a.Late {
			t.Errorf("the one that was approved is %s, late %v", a.State, a.Late)
		}
		c.want(c.look(taken.ID), checkout.Paid)
		c.want(c.look(earlier.ID), checkout.Paid) // and the first card's money beside the second's, see agree
	})
}

func TestSettle_GivesUpAfterTheHorizonAndShowsStaff(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		c.bank.hook = func(verb string) mishap {
			if verb == "keep" || verb == "open" {
				return fine
			}
			return lostBefore
		}
		c.want(c.pay(draft, "ok"), checkout.Checking)
		steps := c.bank.count("enquire")
		c.after(23 * time.Hour)
		if n := c.bank.count("enquire") - steps; n < 20 || n > 40 {
			t.Errorf("asked %d times in 23 hours", n)
		}
		if e := c.exceptions(); len(e.Unclear) != 0 || c.bank.count("void") != 0 {
			t.Errorf("given up before the horizon: %+v", e)
		}
		c.after(3 * time.Hour)
		if e := c.exceptions(); len(e.Unclear) != 1 || e.Unclear[0].ID != draft.ID || c.bank.count("void") == 0 {
			t.Errorf("after the horizon staff see %+v, void was asked %d times", e, c.bank.count("void"))
		}
		c.want(c.look(draft.ID), checkout.Checking)
		c.bank.hook = nil
		c.after(2 * time.Hour)
		c.want(c.look(draft.ID), checkout.Abandoned)
		if e := c.exceptions(); len(e.Unclear) != 0 {
			t.Errorf("staff still see %+v", e)
		}
		if got := c.told.news[draft.ID]; !slices.Equal(got, []checkout.News{checkout.NewsChecking, checkout.NewsNotTaken}) || !c.look(draft.ID).ToldNo {
			t.Errorf("the payer was told %v", got)
		}
	})
}

func (c *counter) exceptions() checkout.Exceptions {
	c.Helper()
	e, err := c.desk.Exceptions(c.Context())
	if err != nil {
		c.Fatal(err)
	}
	return e
}

func TestSettle_CapturedMoneyReachesTheBooksWhenTheyOpen(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		c.books = &closed{Books: c.Cashier, times: 3}
		c.restart()
		draft := c.both()
		c.want(c.pay(draft, "ok"), checkout.Checking)
		c.after(10 * time.Minute)
		a := c.look(draft.ID)
		c.want(a, checkout.Paid)
		if got := c.told.news[draft.ID]; !slices.Equal(got, []checkout.News{checkout.NewsChecking, checkout.NewsPaid}) {
			t.Errorf("the payer was told %v", got)
		}
		if a.Received != (storetest.House{Clock: c.Clock}).PostingDay(1) {
			t.Errorf("received on %s", a.Received)
		}
	})
}

// A number that nobody has goes to suspense by itself: the money is captured, and
// captured money is on the books.
func TestPay_ForAnUnknownNumberIsInSuspense(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		draft.Parts[0].Reference = "999999999999"
		c.want(c.pay(draft, "ok"), checkout.Paid)
		entries, err := c.Store.OpenSuspense(t.Context(), 10)
		if err != nil || len(entries) != 1 || entries[0].Open != 10_000 || entries[0].Rail != payment.Card {
			t.Errorf("got %+v (%v)", entries, err)
		}
	})
}

func TestSettle_TellsAgainUntilItIsTold(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.one()
		c.told.fail = true
		c.pay(draft, "ok")
		c.after(10 * time.Minute)
		if a := c.look(draft.ID); !slices.Equal(a.News, []checkout.News{checkout.NewsReceipt}) || a.LookAt.IsZero() {
			t.Errorf("not told, and it stands at %v, looked at %s", a.News, a.LookAt)
		}
		c.told.fail = false
		c.after(3 * time.Hour)
		if got := c.told.news[draft.ID]; len(got) != 1 {
			t.Errorf("told %v", got)
		}
	})
}

func TestSettle_EndsWhatNobodyPaid(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		never, after := c.one(), c.one()
		c.begin(never)
		c.bank.next["authorise"] = []mishap{away}
		c.begin(after)
		if _, err := c.desk.Pay(t.Context(), after.ID, "ok"); fault.KindOf(err) != fault.Unavailable {
			t.Fatal(err)
		}
		c.after(50 * time.Minute)
		c.want(c.look(never.ID), checkout.Ready)
		c.after(15 * time.Minute)
		c.want(c.look(never.ID), checkout.Abandoned)
		c.want(c.look(after.ID), checkout.Abandoned)
		if n := c.bank.status(checkout.ChargeOpened); n != 0 {
			t.Errorf("%d opened charges were left", n)
		}
		if a, err := c.desk.Pay(t.Context(), never.ID, "ok"); err != nil || a.State != checkout.Abandoned {
			t.Errorf("an ended payment is paid: %s (%v)", a.State, err)
		}
	})
}

// An entity's charge that is voided between its approval and its capture: what
// was taken for the other is booked, and the answer says how much it is.
func TestPay_OneOfTwoIsTaken(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		draft := c.both()
		c.begin(draft)
		c.bank.next["capture"] = []mishap{fine, lostBefore}
		a, err := c.desk.Pay(t.Context(), draft.ID, "ok")
		if err != nil || a.State != checkout.Checking {
			t.Fatal(a.State, err)
		}
		c.bank.set(a.Legs[1].Charge, checkout.ChargeVoided)
		c.after(time.Hour)
		a = c.look(draft.ID)
		c.want(a, checkout.Paid)
		if a.Taken() != 10_000 || a.Legs[1].State != checkout.LegVoided {
			t.Errorf("%s were taken, the second leg is %s", a.Taken(), a.Legs[1].State)
		}
	})
}

func TestPay_AnAttemptTakenOverIsLeftToTheOther(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	draft := c.one()
	c.begin(draft)
	moved := &failing{Store: c.Store, at: 3, with: checkout.ErrMoved}
	c.store = moved
	c.restart()
	a, err := c.desk.Pay(t.Context(), draft.ID, "ok")
	if err != nil || a.State != checkout.Paying {
		t.Errorf("got %s (%v), want what the other made of it", a.State, err)
	}
	if c.bank.count("authorise") != 0 {
		t.Error("a call was made that was not written down")
	}
	c.agree()
}

func TestPay_WithoutACard(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	draft := c.one()
	c.begin(draft)
	if _, err := c.desk.Pay(t.Context(), draft.ID, ""); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v, want Invalid", err)
	}
	if _, err := c.desk.Pay(t.Context(), ident.NewOpaque(), "ok"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("got %v, want NotFound", err)
	}
}

// notice tells the desk what the bank sent.
func (c *counter) notice(n checkout.Notice) {
	c.Helper()
	if err := c.desk.Notice(c.Context(), n); err != nil {
		c.Fatal(err)
	}
}

// bell is a teller that rings.
type bell chan checkout.News

func (b bell) Tell(_ context.Context, _ checkout.Attempt, news checkout.News) error {
	b <- news
	return nil
}

func TestRun_SettlesUntilItIsStopped(t *testing.T) {
	c := newCounter(t, storetest.Open(t, "sqlite"))
	rings := make(bell, 1)
	desk := checkout.New(c.Store, c.bank, c.books, merchants{}, storetest.House{Clock: c.Clock}, c.Clock, checkout.Options{
		Teller: rings, Every: time.Millisecond,
	})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { desk.Run(ctx) })
	c.pay(c.one(), "ok")
	if news := <-rings; news != checkout.NewsReceipt {
		t.Errorf("told %s", news)
	}
	stop()
	running.Wait()
}
