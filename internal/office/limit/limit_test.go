package limit_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var ctx = context.Background()

// door is a place where somebody tries something, with limits on a real store.
type door struct {
	*limit.Limits
	*storetest.Office
	t       testing.TB
	rules   limit.Rules
	mail    *mailbox
	asks    *limit.Challenger
	devices int
}

func newDoor(t testing.TB, o *storetest.Office) *door {
	t.Helper()
	d := &door{Office: o, t: t, rules: limit.Defaults(), mail: &mailbox{codes: map[string]string{}}}
	if err := d.rules.Validate(); err != nil {
		t.Fatal(err)
	}
	d.Limits = limit.New(o.Store, d.rules, o.Clock)
	d.asks = limit.NewChallenger(d.Limits, d.mail)
	return d
}

// mailbox is the other end of the mail: it holds the newest code of each address.
type mailbox struct {
	mu     sync.Mutex
	codes  map[string]string
	sent   int
	broken error
}

func (m *mailbox) Code(_ context.Context, to, _, code string, _ int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken != nil {
		return m.broken
	}
	m.codes[to] = code
	m.sent++
	return nil
}

func (m *mailbox) newest(to string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.codes[to]
}

// stranger is somebody who was never there before: device, address and visit are new.
func (d *door) stranger() limit.Who {
	d.devices++
	return limit.Who{
		Number: billpay.Number(100_000_000_000 + int64(d.devices)), Device: fmt.Sprintf("device-%d", d.devices),
		Address: netip.AddrFrom4([4]byte{10, byte(d.devices >> 16), byte(d.devices >> 8), byte(d.devices)}),
		Visit:   fmt.Sprintf("visit-%d", d.devices), Card: fmt.Sprintf("card-%d", d.devices),
	}
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// look looks and finds the account of the number, when it may.
func (d *door) look(who limit.Who) limit.Verdict {
	d.t.Helper()
	v, err := d.Looked(ctx, who, true, who.Number)
	d.must(err)
	return v
}

// miss looks and finds nothing, when it may.
func (d *door) miss(who limit.Who) limit.Verdict {
	d.t.Helper()
	v, err := d.Looked(ctx, who, false, 0)
	d.must(err)
	return v
}

func (d *door) card(who limit.Who) limit.Verdict {
	d.t.Helper()
	v, err := d.Card(ctx, who, 5000)
	d.must(err)
	return v
}

// decline tries a card that is declined, when it may be tried.
func (d *door) decline(who limit.Who) limit.Verdict {
	d.t.Helper()
	v := d.card(who)
	if v.Answer == limit.Allow {
		d.must(d.Declined(ctx, who, "issuer"))
	}
	return v
}

func (d *door) pay(who limit.Who) limit.Verdict {
	d.t.Helper()
	v := d.card(who)
	if v.Answer == limit.Allow {
		d.must(d.Approved(ctx, who))
	}
	return v
}

// solve has a code sent to an address and types it.
func (d *door) solve(who limit.Who, mail string) limit.Outcome {
	d.t.Helper()
	v, err := d.asks.Send(ctx, who, mail, "en")
	d.must(err)
	if v.Answer != limit.Allow {
		return limit.Spent
	}
	outcome, err := d.asks.Check(ctx, who, d.mail.newest(mail))
	d.must(err)
	return outcome
}

func wants(t testing.TB, situation string, got limit.Verdict, answer limit.Answer, rule limit.Rule) {
	t.Helper()
	if got.Answer != answer || got.Rule != rule {
		t.Errorf("%s: got %s by %q, want %s by %q", situation, got.Answer, got.Rule, answer, rule)
	}
}

func TestLook_FiveMissesOfANumberThenAChallengeThenPausesThatGrow(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		victim := d.stranger().Number
		guess := func() limit.Who {
			who := d.stranger()
			who.Number = victim
			return who
		}
		for i := range 5 {
			wants(t, fmt.Sprint("miss ", i+1), d.miss(guess()), limit.Allow, "")
		}
		for range 20 { // whoever hammers a closed door does not change it
			wants(t, "the sixth", d.miss(guess()), limit.Challenge, limit.NumberLooks)
		}
		solved := guess()
		d.must(d.Solved(ctx, solved))
		for i := range 5 {
			wants(t, fmt.Sprint("after a challenge, miss ", i+6), d.miss(solved), limit.Allow, "")
		}
		pause := 15 * time.Minute
		for range 7 {
			d.must(d.Solved(ctx, solved))
			v := d.look(solved)
			wants(t, "beyond the most", v, limit.Refuse, limit.NumberLooks)
			if got := v.Until.Sub(o.Clock.Now()); got != min(pause, 12*time.Hour) {
				t.Errorf("got a pause of %v, want %v", got, pause)
			}
			o.Clock.Advance(v.Until.Sub(o.Clock.Now()))
			d.must(d.Solved(ctx, solved))
			wants(t, "after the pause", d.miss(solved), limit.Allow, "")
			pause *= 2
			if o.Clock.Now().Sub(storetest.Start) > 12*time.Hour {
				break // the first misses leave the window soon
			}
		}
		o.Clock.Advance(27 * time.Hour)
		wants(t, "when the window has passed", d.miss(guess()), limit.Allow, "")
	})
}

func TestLook_OneDeviceCannotTryManyNumbers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		try := func() limit.Verdict {
			other := d.stranger()
			who.Number, who.Address = other.Number, other.Address
			return d.miss(who)
		}
		for range 5 {
			wants(t, "within the first five", try(), limit.Allow, "")
		}
		wants(t, "the sixth", try(), limit.Challenge, limit.DeviceLooks)
		d.must(d.Solved(ctx, who))
		for range 10 {
			wants(t, "after a challenge", try(), limit.Allow, "")
		}
		wants(t, "the sixteenth", try(), limit.Refuse, limit.DeviceLooks)
	})
}

// Whoever has one good pair of number and fact cannot use it to guess on.
func TestLook_OwnHitsWashNoMissesAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		own := d.stranger()
		answers := map[limit.Answer]int{}
		for range 100 {
			guess := d.stranger()
			guess.Address = own.Address
			answers[d.miss(guess).Answer]++
			mine := d.stranger()
			mine.Address, mine.Number = own.Address, own.Number
			d.look(mine)
		}
		if answers[limit.Allow] > 6 {
			t.Errorf("%d guesses went from one address beside one good number, want about five", answers[limit.Allow])
		}
	})
}

func TestLook_ManyAtOnceGetNoMoreThanOneAfterAnother(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		nodes := []*limit.Limits{d.Limits}
		if o.DSN != "" {
			nodes = append(nodes, limit.New(anotherNode(t, o), d.rules, o.Clock))
		}
		victim := d.stranger()
		var wait sync.WaitGroup
		var mu sync.Mutex
		allowed := 0
		for i := range 40 {
			who := d.stranger()
			who.Number = victim.Number
			wait.Go(func() {
				v, err := nodes[i%len(nodes)].Looked(ctx, who, false, 0)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				if v.Answer == limit.Allow {
					allowed++
				}
			})
		}
		wait.Wait()
		if allowed == 0 || allowed > 5 {
			t.Errorf("%d of 40 guesses at once went, want 1 to 5", allowed)
		}
	})
}

// anotherNode opens the same database as another process would.
func anotherNode(t *testing.T, o *storetest.Office) *store.Store {
	t.Helper()
	s, err := store.Open(ctx, store.Options{DSN: o.DSN}, o.Vault, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestLook_AddressesOfASubscriberAreOne(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	d := newDoor(t, o)
	for i := range 6 {
		who := d.stranger()
		who.Address = netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2:%d::1", i))
		v := d.miss(who)
		if i < 5 {
			wants(t, "within the first five", v, limit.Allow, "")
		} else {
			wants(t, "the sixth of one /64", v, limit.Challenge, limit.AddressLooks)
		}
	}
	other := d.stranger()
	other.Address = netip.MustParseAddr("2001:db8:1:3::1")
	wants(t, "another /64", d.miss(other), limit.Allow, "")
	mapped := d.stranger()
	mapped.Address = netip.MustParseAddr("::ffff:192.0.2.1")
	for range 6 {
		mapped.Device, mapped.Number = d.stranger().Device, d.stranger().Number
		d.miss(mapped)
	}
	plain := d.stranger()
	plain.Address = netip.MustParseAddr("192.0.2.1")
	wants(t, "an IPv4 address written as IPv6", d.miss(plain), limit.Challenge, limit.AddressLooks)
}

// 200 payers of one office behind one address, each on a device of their own,
// with the slips that people make: one in eight mistypes and one in eight cards
// is declined at first.
func TestOffice_200PayersBehindOneAddressPay(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		office := netip.MustParseAddr("198.51.100.7")
		paid, challenges := 0, 0
		allowed := func(who limit.Who, v limit.Verdict, again func(limit.Who) limit.Verdict) bool {
			if v.Answer == limit.Challenge {
				challenges++
				if outcome := d.solve(who, who.Device+"@example.org"); outcome != limit.Right {
					t.Fatalf("a challenge ended as %s", outcome)
				}
				v = again(who)
			}
			return v.Answer == limit.Allow
		}
		for i := range 200 {
			who := d.stranger()
			who.Address = office
			if i%8 == 3 {
				typo := who
				typo.Number = d.stranger().Number
				if !allowed(typo, d.miss(typo), d.miss) {
					t.Fatalf("payer %d may not mistype", i)
				}
			}
			if !allowed(who, d.look(who), d.look) {
				t.Fatalf("payer %d may not look: %+v", i, d.look(who))
			}
			if i%8 == 6 {
				first := who
				first.Card += "-of-another-bank"
				if !allowed(first, d.decline(first), d.decline) {
					t.Fatalf("payer %d may not try a card", i)
				}
			}
			if !allowed(who, d.pay(who), d.pay) {
				t.Fatalf("payer %d may not pay", i)
			}
			paid++
			o.Clock.Advance(15 * time.Second)
		}
		if paid != 200 || challenges > 4 {
			t.Errorf("%d of 200 paid, with %d challenges; want all with hardly any", paid, challenges)
		}
	})
}

func TestSweep_RemovesWhatHasEndedAndNothingElse(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		for range 5 {
			d.miss(who)
		}
		if outcome := d.solve(d.stranger(), "payer@example.org"); outcome != limit.Right {
			t.Fatalf("got %s", outcome)
		}
		o.Clock.Advance(2 * time.Hour)
		swept := 0
		for {
			n, err := d.Sweep(ctx, 2)
			d.must(err)
			if n > 4 {
				t.Fatalf("%d were removed at once, want at most 2 counts and 2 codes", n)
			}
			if swept += n; n == 0 {
				break
			}
		}
		if swept == 0 {
			t.Error("nothing was swept")
		}
		wants(t, "a miss of two hours ago still counts", d.miss(who), limit.Challenge, limit.NumberLooks)
		o.Clock.Advance(27 * time.Hour)
		if n, err := d.Sweep(ctx, 1000); err != nil || n == 0 {
			t.Errorf("got %d and %v, want the rest gone", n, err)
		}
		if n, err := d.Sweep(ctx, 1000); err != nil || n != 0 {
			t.Errorf("got %d and %v, want nothing left", n, err)
		}
	})
}

func TestPrivacy_NothingIsStoredInClear(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		who.Address = netip.MustParseAddr("203.0.113.77")
		d.miss(who)
		d.decline(who)
		if outcome := d.solve(who, "payer@example.org"); outcome != limit.Right {
			t.Fatalf("got %s", outcome)
		}
		rows := storetest.Rows(t, o, "limit_count") + storetest.Rows(t, o, "limit_code")
		if !strings.Contains(rows, "missed/") {
			t.Fatalf("the rows show no count: %s", rows)
		}
		for what, text := range map[string]string{
			"the number": who.Number.Digits(), "the device": who.Device, "the address": "203.0.113", "the card": who.Card,
			"the visit": who.Visit, "the mail address": "payer@", "the domain": "example.org", "the code": d.mail.newest("payer@example.org"),
		} {
			if strings.Contains(rows, text) {
				t.Errorf("%s stands in the tables of limits", what)
			}
		}
	})
}
