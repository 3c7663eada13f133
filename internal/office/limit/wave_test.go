package limit_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/store/storetest"
)

// stolen is how many cards an attacker has: all in the long run, a share of them
// in the short one.
func stolen() int {
	if os.Getenv("BILLFOLD_SOAK") != "" {
		return 10_000
	}
	return 300
}

// goodPercent is how many of a hundred stolen cards an issuer would approve.
const goodPercent = 5

// testCards tries cards, each once, on a fresh device, address and visit for
// another number, at a pace. unlock is what the attacker does when a challenge is
// asked; it gives whether he tries again. It gives how many cards were tried at
// the processor and how many of them were approved.
func testCards(d *door, draw *rand.Rand, cards int, pace time.Duration, unlock func(limit.Who) bool, beside func()) (tried, approved int) {
	for range cards {
		who := d.stranger()
		v := d.card(who)
		if v.Answer == limit.Challenge && unlock != nil && unlock(who) {
			v = d.card(who)
		}
		if v.Answer == limit.Allow {
			tried++
			if draw.IntN(100) < goodPercent {
				approved++
				d.must(d.Approved(ctx, who))
			} else {
				d.must(d.Declined(ctx, who, [...]string{"hard", "funds", "data", "issuer"}[draw.IntN(4)]))
			}
		}
		d.Clock.Advance(pace)
		if beside != nil {
			beside()
		}
	}
	return tried, approved
}

// An attacker with fresh devices, addresses, visits and numbers gets few answers,
// at any pace. Who takes a week for it and hides among 1,440 payers a day gets
// more: what approvals make plausible cannot be told from him.
func TestAttack_ManyCardsGetFewAuthorisations(t *testing.T) {
	for _, tt := range []struct {
		name   string
		pace   time.Duration
		honest int // payers in an hour
		most   int // cards approved
	}{
		{"all at once", 0, 0, 19},
		{"one a second", time.Second, 0, 19},
		{"one a second beside payers", time.Second, 60, 19},
		{"one a minute", time.Minute, 0, 19},
		{"one a minute beside payers", time.Minute, 60, 60},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, o *storetest.Office) {
				d := newDoor(t, o)
				draw := rand.New(rand.NewPCG(3, 17))
				tried, approved := testCards(d, draw, stolen(), tt.pace, nil, d.payers(draw, tt.honest))
				t.Logf("of %d cards %d reached the processor and %d were approved", stolen(), tried, approved)
				if approved > tt.most {
					t.Errorf("%d of %d cards were approved, want at most %d", approved, stolen(), tt.most)
				}
			})
		})
	}
}

// payers gives what happens beside an attack: so many payers come in an hour,
// solve a challenge where one is asked, and one in eight is declined first.
func (d *door) payers(draw *rand.Rand, anHour int) func() {
	if anHour == 0 {
		return nil
	}
	next := d.Clock.Now()
	return func() {
		for ; !next.After(d.Clock.Now()); next = next.Add(time.Hour / time.Duration(anHour)) {
			who := d.stranger()
			v := d.card(who)
			if v.Answer == limit.Challenge {
				d.must(d.Solved(ctx, who))
				v = d.card(who)
			}
			switch {
			case v.Answer != limit.Allow:
			case draw.IntN(8) == 0:
				d.must(d.Declined(ctx, who, "funds"))
			default:
				d.must(d.Approved(ctx, who))
			}
		}
	}
}

// An attacker who also solves each challenge, with mailboxes of many domains, is
// held to the pace that approvals make plausible.
func TestAttack_SolvingChallengesBuysLittle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		draw := rand.New(rand.NewPCG(3, 18))
		solved := 0
		tried, approved := testCards(d, draw, stolen(), time.Second, func(who limit.Who) bool {
			solved++
			return d.solve(who, fmt.Sprintf("bot@%d.example", solved)) == limit.Right
		}, nil)
		t.Logf("of %d cards %d reached the processor and %d were approved", stolen(), tried, approved)
		if approved >= 20 {
			t.Errorf("%d of %d cards were approved, want under 20", approved, stolen())
		}
	})
}

// For an hour issuers decline everything while 200 payers come. Nobody is locked
// out for ever: each pays in the end, after a challenge at most.
func TestOutage_HonestPayersPayAfterwards(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		const payers = 200
		over := o.Clock.Now().Add(time.Hour)
		type payer struct {
			who    limit.Who
			mail   string
			next   time.Time
			tries  int
			paid   bool
			paidAt time.Time
		}
		all := make([]*payer, payers)
		for i := range all {
			host := "large.example"
			if i%5 > 2 {
				host = fmt.Sprintf("own%d.example", i)
			}
			all[i] = &payer{
				who: d.stranger(), mail: fmt.Sprintf("payer%d@%s", i, host),
				next: o.Clock.Now().Add(time.Duration(i) * time.Hour / payers),
			}
		}
		challenges := 0
		for range 12 * 60 {
			for _, p := range all {
				if p.paid || p.next.After(o.Clock.Now()) {
					continue
				}
				v := d.card(p.who)
				if v.Answer == limit.Challenge {
					challenges++
					d.solve(p.who, p.mail)
					v = d.card(p.who)
				}
				switch {
				case v.Answer == limit.Refuse:
					p.next = v.Until
				case v.Answer == limit.Challenge:
					p.next = o.Clock.Now().Add(20 * time.Minute)
				case o.Clock.Now().Before(over):
					p.tries++
					d.must(d.Declined(ctx, p.who, "issuer"))
					p.next = o.Clock.Now().Add(25 * time.Minute) // tries the same card later
				default:
					d.must(d.Approved(ctx, p.who))
					p.paid, p.paidAt = true, o.Clock.Now()
				}
			}
			o.Clock.Advance(time.Minute)
		}
		paid, latest, declined := 0, over, 0
		for _, p := range all {
			declined += p.tries
			if p.paid {
				paid++
				if p.paidAt.After(latest) {
					latest = p.paidAt
				}
			}
		}
		t.Logf("%d paid, the last %v after the outage; %d declines and %d challenges", paid, latest.Sub(over), declined, challenges)
		if paid != payers {
			t.Errorf("%d of %d paid within half a day", paid, payers)
		}

		o.Clock.Advance(26 * time.Hour)
		wants(t, "two days later", d.card(d.stranger()), limit.Allow, "")
	})
}

func TestWave_NeedsAChallengeAndHeals(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		for range 11 {
			wants(t, "before the wave", d.decline(d.stranger()), limit.Allow, "")
		}
		wants(t, "in the wave", d.card(d.stranger()), limit.Challenge, limit.DeclineWave)
		known := d.stranger()
		d.must(d.Solved(ctx, known))
		wants(t, "after a challenge", d.pay(known), limit.Allow, "")
		for range 11 {
			who := d.stranger()
			d.must(d.Solved(ctx, who))
			wants(t, "after a challenge", d.decline(who), limit.Allow, "")
		}
		d.decline(known)
		who := d.stranger()
		d.must(d.Solved(ctx, who))
		v := d.card(who)
		wants(t, "above the pace", v, limit.Refuse, limit.WavePace)
		if v.Until.Sub(o.Clock.Now()) != 10*time.Minute {
			t.Errorf("got %v, want to try again in ten minutes", v.Until.Sub(o.Clock.Now()))
		}
		o.Clock.Advance(27 * time.Hour)
		wants(t, "the next day", d.card(d.stranger()), limit.Allow, "")
	})
}

// Approvals make declines plausible: one in eight at any volume is no wave.
func TestWave_UsualDeclinesAreNone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		draw := rand.New(rand.NewPCG(5, 8))
		for range 600 {
			who := d.stranger()
			wants(t, "a usual day", d.card(who), limit.Allow, "")
			if draw.IntN(8) == 0 {
				d.must(d.Declined(ctx, who, "funds"))
			} else {
				d.must(d.Approved(ctx, who))
			}
			o.Clock.Advance(20 * time.Second)
		}
	})
}
