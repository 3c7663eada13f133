package checkout_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/store/storetest"
)

// ordering is who orders pulls and remembers what it is told.
type ordering struct {
	mu       sync.Mutex
	fail     bool
	outcomes []checkout.Outcome
	renewed  []checkout.Card
}

func (o *ordering) Pulled(_ context.Context, out checkout.Outcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.fail {
		return errors.New("the database is away")
	}
	o.outcomes = append(o.outcomes, out)
	return nil
}

func (o *ordering) CardRenewed(_ context.Context, _ secret.Text, card checkout.Card) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.renewed = append(o.renewed, card)
	return nil
}

// last is what was told last, told times in all.
func (o *ordering) last() (out checkout.Outcome, told int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.outcomes) == 0 {
		return out, 0
	}
	return o.outcomes[len(o.outcomes)-1], len(o.outcomes)
}

// stored is a stored card of the bank's that does what its token says.
func (c *counter) stored(token string) *mandate.Method {
	c.Helper()
	kept, err := c.desk.StoreCard(c.Context(), token, ident.Key("store:"+ident.NewOpaque()))
	if err != nil || kept.Credential == "" {
		c.Fatalf("the card was not stored: %+v %v", kept, err)
	}
	return &mandate.Method{
		ID: ident.NewOpaque(), Kind: mandate.Card, State: mandate.MethodActive,
		Card: mandate.StoredCard{Token: secret.New(kept.Credential), Brand: "visa", Last4: "4242"},
	}
}

// pullOf is the nth try of a stored card for a premium that is due on its first day.
func (c *counter) pullOf(m *mandate.Method, series ident.Opaque, try int) checkout.Pull {
	return checkout.Pull{
		Key: ident.Key(fmt.Sprintf("%s:%s:%d", series, due, try)), Series: series, Method: m, Actor: ident.Actor{Kind: ident.System, Name: "autopay"},
		Parts: []checkout.Part{{Reference: c.numbers[0].Digits(), Fund: chart.Premium, Amount: 10_000}}, DueOn: due,
	}
}

// onEachPull runs a test on every engine with somebody who orders pulls.
func onEachPull(t *testing.T, test func(t *testing.T, c *counter, o *ordering)) {
	onEach(t, func(t *testing.T, c *counter) {
		o := &ordering{}
		c.autopay = o
		c.restart()
		test(t, c, o)
	})
}

// onePull is onEachPull on one engine, for tables of mishaps that no engine knows of.
func onePull(t *testing.T, test func(t *testing.T, c *counter, o *ordering)) {
	c, o := newCounter(t, storetest.Open(t, "sqlite")), &ordering{}
	c.autopay = o
	c.restart()
	test(t, c, o)
	c.agree()
}

func TestPullStored_TakesOnceAndKeepsTheCard(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		c.bill(0, premium, 10_000)
		m, series := c.stored("ok"), ident.NewOpaque()
		p := c.pullOf(m, series, 1)
		for range 2 {
			a, err := c.desk.PullStored(t.Context(), p)
			if err != nil || a.State != checkout.Paid || a.Received != due || c.bank.took(a.ID) != 10_000 {
				t.Fatalf("pulled: %s %v", a.State, err)
			}
		}
		c.after(time.Minute)
		out, told := o.last()
		if told != 1 || out.Result != checkout.PullTaken || out.Key != p.Key || out.Payment == "" || out.Method != m.ID || out.Series != series {
			t.Errorf("told %d times: %+v", told, out)
		}
		if _, kept := c.bank.kept[m.Card.Token.Reveal()]; !kept || c.bank.offSession != 1 {
			t.Errorf("the card is kept: %v, charged without its holder %d times", kept, c.bank.offSession)
		}
		if owed := c.owed(0, chart.Premium); owed != 0 {
			t.Errorf("%s are owed", owed)
		}
		if _, err := c.desk.PullStored(t.Context(), c.pullOf(m, series, 2)); fault.KindOf(err) != fault.Conflict {
			t.Errorf("again for what was taken: %v", err)
		}
		if err := c.desk.ForgetCard(t.Context(), m.Card.Token); err != nil {
			t.Error(err)
		}
	})
}

func TestPullStored_DeclinesAreSpacedAndCapped(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m, series := c.stored("declined"), ident.NewOpaque()
		var on []int
		started := calendar.In(c.Clock.Now(), time.UTC)
		for try := 1; try <= 4; try++ {
			a, err := c.desk.PullStored(t.Context(), c.pullOf(m, series, try))
			if err != nil || a.State != checkout.Declined {
				t.Fatalf("try %d: %s %v", try, a.State, err)
			}
			if _, err := c.desk.PullStored(t.Context(), c.pullOf(m, series, 9)); fault.KindOf(err) != fault.Limit {
				t.Errorf("a second on the same day: %v", err)
			}
			c.after(time.Minute)
			out, told := o.last()
			if told != try || out.Result != checkout.PullDeclined || out.No != try || out.Decline.Class != checkout.DeclineFunds {
				t.Fatalf("try %d: told %d times, %+v", try, told, out)
			}
			on = append(on, calendar.In(c.Clock.Now(), time.UTC).Sub(started)+1)
			if try == 4 {
				if !out.Again.Used {
					t.Errorf("after the last: %+v", out.Again)
				}
				break
			}
			c.Clock.Advance(time.Duration(out.Again.On.Sub(calendar.In(c.Clock.Now(), time.UTC))) * 24 * time.Hour)
		}
		if !slices.Equal(on, []int{1, 3, 5, 7}) {
			t.Errorf("tried on days %v, want 1, 3, 5, 7", on)
		}
		c.Clock.Advance(24 * time.Hour)
		if _, err := c.desk.PullStored(t.Context(), c.pullOf(m, series, 5)); fault.KindOf(err) != fault.Limit {
			t.Errorf("a fifth: %v", err)
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
	})
}

func TestPullStored_LostAnswersAreFoundOutBeforeAnotherTry(t *testing.T) {
	for _, lost := range []mishap{lostBefore, lostAfter, crashBefore, crashAfter, away} {
		for _, verb := range []string{"open", "authorise", "capture"} {
			t.Run(fmt.Sprintf("%s of %s", lost, verb), func(t *testing.T) {
				onePull(t, func(t *testing.T, c *counter, o *ordering) {
					m, series := c.stored("ok"), ident.NewOpaque()
					p := c.pullOf(m, series, 1)
					c.bank.next[verb] = []mishap{lost}
					if crashing(func() { c.desk.PullStored(t.Context(), p) }) {
						c.restart()
					}
					if _, err := c.desk.PullStored(t.Context(), c.pullOf(m, series, 2)); fault.KindOf(err) != fault.Conflict {
						t.Errorf("another try meanwhile: %v", err)
					}
					c.after(48 * time.Hour)
					out, told := o.last()
					if told != 1 || out.Result == "" || (out.Result == checkout.PullTaken) != (c.bank.took(out.Attempt) == 10_000) {
						t.Errorf("told %d times: %+v, and the bank took %s", told, out, c.bank.took(out.Attempt))
					}
					c.desk.ForgetCard(t.Context(), m.Card.Token)
				})
			})
		}
	}
}

func TestPullStored_IsToldUntilItIsHeard(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m := c.stored("ok")
		o.fail = true
		if _, err := c.desk.PullStored(t.Context(), c.pullOf(m, ident.NewOpaque(), 1)); err != nil {
			t.Fatal(err)
		}
		c.after(time.Hour)
		o.mu.Lock()
		o.fail = false
		o.mu.Unlock()
		c.after(2 * time.Hour)
		if _, told := o.last(); told != 1 {
			t.Errorf("told %d times", told)
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
	})
}

func TestPullStored_NetworksCountOverAllDebts(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m := c.stored("ok")
		for try := range 11 {
			_, err := c.desk.PullStored(t.Context(), c.pullOf(m, ident.NewOpaque(), try))
			if refused := fault.KindOf(err) == fault.Limit; refused != (try == 10) {
				t.Errorf("pull %d of a day: %v", try+1, err)
			}
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
	})
}

func TestPullStored_Refuses(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m := c.stored("ok")
		ended := *m
		ended.State = mandate.MethodEnded
		for name, change := range map[string]func(p *checkout.Pull){
			"no card":     func(p *checkout.Pull) { p.Method = nil },
			"ended card":  func(p *checkout.Pull) { p.Method = &ended },
			"bank":        func(p *checkout.Pull) { p.Method = &mandate.Method{Kind: mandate.Bank} },
			"no key":      func(p *checkout.Pull) { p.Key = "" },
			"no consent":  func(p *checkout.Pull) { p.Series = "" },
			"no due day":  func(p *checkout.Pull) { p.DueOn = calendar.Date{} },
			"no money":    func(p *checkout.Pull) { p.Parts = nil },
			"nobody acts": func(p *checkout.Pull) { p.Actor = ident.Actor{} },
		} {
			p := c.pullOf(m, ident.NewOpaque(), 1)
			change(&p)
			if _, err := c.desk.PullStored(t.Context(), p); fault.KindOf(err) != fault.Invalid {
				t.Errorf("%s: %v", name, err)
			}
		}
		if kept, err := c.desk.StoreCard(t.Context(), "declined to keep", "k1"); err != nil || kept.Decline == nil {
			t.Errorf("an issuer who refuses: %+v %v", kept, err)
		}
		if _, err := c.desk.StoreCard(t.Context(), "", "k2"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("no token: %v", err)
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
	})
}

func TestNotice_ARenewedCardIsTold(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m := c.stored("ok")
		n := checkout.Notice{Kind: checkout.NoticeMethod, Subject: m.Card.Token.Reveal()}
		c.bank.expiry = 2031_09
		if err := c.desk.Notice(t.Context(), n); err != nil || len(o.renewed) != 1 || o.renewed[0].ExpiryYear != 2031 {
			t.Errorf("told %+v (%v)", o.renewed, err)
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
		if err := c.desk.Notice(t.Context(), n); err != nil || len(o.renewed) != 1 {
			t.Errorf("of one that is gone: %+v (%v)", o.renewed, err)
		}
	})
}

// A node that ends before the first call leaves an attempt that nobody works on. It is
// ended and told of, so that the debt is tried again.
func TestPullStored_ThatNeverBeganIsTold(t *testing.T) {
	onEachPull(t, func(t *testing.T, c *counter, o *ordering) {
		m := c.stored("ok")
		p := c.pullOf(m, ident.NewOpaque(), 1)
		f := &failing{Store: c.store, at: 1, with: errors.New("the database is away")}
		c.store = f
		c.restart()
		if _, err := c.desk.PullStored(t.Context(), p); err == nil {
			t.Fatal("it began")
		}
		c.after(3 * time.Hour)
		out, told := o.last()
		if told != 1 || out.Result != checkout.PullNotTaken || out.Again.On.IsZero() || !out.Again.NotTried {
			t.Errorf("told %d times: %+v", told, out)
		}
		if a, err := c.desk.PullStored(t.Context(), p); err != nil || a.State != checkout.Abandoned {
			t.Errorf("asked again: %s %v", a.State, err)
		}
		c.desk.ForgetCard(t.Context(), m.Card.Token)
	})
}
