package limit_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/store/storetest"
)

const payerMail = "payer@example.org"

func (d *door) send(who limit.Who, mail string) limit.Verdict {
	d.t.Helper()
	v, err := d.asks.Send(ctx, who, mail, "es")
	d.must(err)
	return v
}

func (d *door) check(situation string, who limit.Who, code string, want limit.Outcome) {
	d.t.Helper()
	got, err := d.asks.Check(ctx, who, code)
	d.must(err)
	if got != want {
		d.t.Errorf("%s: got %s, want %s", situation, got, want)
	}
}

// wrong gives a code that is not the one.
func wrong(code string) string {
	if code == "000000" {
		return "000001"
	}
	return "000000"
}

func TestChallenge_ACodeIsGoodOnceForTenMinutesAndFiveTries(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		d.check("before any was sent", who, "123456", limit.Over)
		wants(t, "the first code", d.send(who, payerMail), limit.Allow, "")
		code := d.mail.newest(payerMail)
		if len(code) != 6 || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("got a code of %d characters, want six digits", len(code))
		}
		d.check("a wrong code", who, wrong(code), limit.Wrong)
		d.check("five digits", who, code[:5], limit.Wrong)
		d.check("another device", d.stranger(), code, limit.Over)
		d.check("pasted with a blank and a line end", who, " "+code[:3]+" "+code[3:]+"\r\n", limit.Right)
		d.check("the same code again", who, code, limit.Over)

		other := d.stranger()
		d.send(other, "other@example.org")
		code = d.mail.newest("other@example.org")
		for range 4 {
			d.check("four wrong codes", other, wrong(code), limit.Wrong)
		}
		d.check("the fifth wrong code", other, wrong(code), limit.Over)
		d.check("the right one after five tries", other, code, limit.Over)

		late := d.stranger()
		d.send(late, "late@example.org")
		o.Clock.Advance(10 * time.Minute)
		d.check("after ten minutes", late, d.mail.newest("late@example.org"), limit.Over)

		twice := d.stranger()
		d.send(twice, "twice@example.org")
		first := d.mail.newest("twice@example.org")
		d.send(twice, "twice@example.org")
		if newest := d.mail.newest("twice@example.org"); newest != first {
			d.check("a code that a newer one replaced", twice, first, limit.Wrong)
		}
		d.check("the newest code", twice, d.mail.newest("twice@example.org"), limit.Right)
	})
}

func TestChallenge_TriesAtOnceAreNoMoreThanFive(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		d.send(who, payerMail)
		code := d.mail.newest(payerMail)
		outcomes := map[limit.Outcome]int{}
		var mu sync.Mutex
		var wait sync.WaitGroup
		for range 30 {
			wait.Go(func() {
				outcome, err := d.asks.Check(ctx, who, wrong(code))
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				}
				outcomes[outcome]++
			})
		}
		wait.Wait()
		if outcomes[limit.Wrong] != 4 {
			t.Errorf("got %v, want four wrong ones before the last", outcomes)
		}
	})
}

func TestChallenge_SolvingLiftsChallengesOnThatDeviceForAnHour(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		for range 5 {
			d.miss(who)
		}
		wants(t, "before", d.look(who), limit.Challenge, limit.NumberLooks)
		if outcome := d.solve(who, payerMail); outcome != limit.Right {
			t.Fatalf("got %s", outcome)
		}
		wants(t, "after", d.look(who), limit.Allow, "")
		other := who
		other.Device = "another"
		wants(t, "another device", d.look(other), limit.Challenge, limit.NumberLooks)
		o.Clock.Advance(70 * time.Minute)
		wants(t, "an hour later", d.look(who), limit.Challenge, limit.NumberLooks)
	})
}

func TestChallenge_FillsNoMailbox(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		// Each request comes from a device and address of its own, and writes the
		// address in another way.
		spellings := []string{"victim@example.org", "Victim@Example.org", "v.i.c.t.i.m@example.org", "victim+x@example.org"}
		for i := range 200 {
			who := d.stranger()
			_, err := d.asks.Send(ctx, who, spellings[i%len(spellings)], "en")
			d.must(err)
			o.Clock.Advance(7 * time.Minute)
		}
		if d.mail.sent > 7 { // six in a day; 200 requests take 23 hours
			t.Errorf("the mailbox got %d codes in a day, want at most 7", d.mail.sent)
		}

		flood := newDoor(t, o)
		for range 500 {
			flood.send(d.stranger(), fmt.Sprintf("%d@victims.example", flood.devices*1000+d.devices))
		}
		if flood.mail.sent > 40 {
			t.Errorf("one domain got %d codes in an hour, want some 30", flood.mail.sent)
		}
	})
}

func TestChallenge_LimitsOfDeviceNumberAndAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		for rule, same := range map[limit.Rule]func(who *limit.Who, one limit.Who){
			limit.DeviceCodes:  func(who *limit.Who, one limit.Who) { who.Device = one.Device },
			limit.NumberCodes:  func(who *limit.Who, one limit.Who) { who.Number = one.Number },
			limit.AddressCodes: func(who *limit.Who, one limit.Who) { who.Address = one.Address },
		} {
			one := d.stranger()
			for i := range 11 {
				who := d.stranger()
				same(&who, one)
				v := d.send(who, fmt.Sprintf("payer%d@%d.example", d.devices, d.devices))
				if i < 10 {
					wants(t, "within ten codes", v, limit.Allow, "")
				} else {
					wants(t, "the eleventh", v, limit.Refuse, rule)
				}
			}
		}
	})
}

func TestChallenge_OneMailboxUnlocksFewDevices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		unlocked := 0
		for range 20 {
			if d.solve(d.stranger(), payerMail) == limit.Right {
				unlocked++
			}
			o.Clock.Advance(30 * time.Minute)
		}
		if unlocked != 3 {
			t.Errorf("one mail address unlocked %d devices in ten hours, want 3", unlocked)
		}
	})
}

// A domain whose every name reaches one attacker opens no more devices than a
// corner may; one that most payers use does.
func TestChallenge_ADomainInBulkUnlocksFewDevices(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		unlocked := 0
		for i := range 300 {
			if d.solve(d.stranger(), fmt.Sprintf("bot%d@catchall.example", i)) == limit.Right {
				unlocked++
			}
			o.Clock.Advance(time.Minute)
		}
		if unlocked > 10 {
			t.Errorf("one domain unlocked %d devices, want at most 10", unlocked)
		}

		o.Clock.Advance(27 * time.Hour)
		honest := newDoor(t, o)
		for i := range 200 { // six of ten use one large provider
			host := "large.example"
			if i%5 > 2 {
				host = fmt.Sprintf("own%d.example", i)
			}
			if outcome := honest.solve(d.stranger(), fmt.Sprintf("payer%d@%s", i, host)); outcome != limit.Right {
				t.Fatalf("payer %d at %s: %s", i, host, outcome)
			}
			o.Clock.Advance(18 * time.Second)
		}
	})
}

func TestChallenge_MailThatDoesNotGoOut(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDoor(t, o)
		who := d.stranger()
		d.mail.broken = fault.New(fault.Unavailable, "", "the mail server does not answer")
		for range 20 {
			if _, err := d.asks.Send(ctx, who, payerMail, "en"); fault.KindOf(err) != fault.Unavailable {
				t.Fatalf("got %v, want unavailable", err)
			}
		}
		d.mail.broken = nil
		wants(t, "when mail works again", d.send(who, payerMail), limit.Allow, "")

		d.mail.broken = fault.New(fault.Invalid, "", "no such mailbox")
		if _, err := d.asks.Send(ctx, d.stranger(), "nobody@example.org", "en"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v, want invalid", err)
		}
	})
}

func TestSend_RefusesWhatIsNoAddress(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	d := newDoor(t, o)
	for _, text := range []string{
		"", "payer", "payer@", "@example.org", "payer@localhost", "Payer <payer@example.org>", "a@example.org, b@example.org",
		"payer@example.org\r\nBcc: b@example.org", "payer@[192.0.2.1]", `"a b"@example.org`, strings.Repeat("a", 250) + "@example.org",
	} {
		_, err := d.asks.Send(ctx, d.stranger(), text, "en")
		if fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("Send to %.30q: got %v, want invalid", text, err)
		}
		if text != "" && err != nil && strings.Contains(err.Error(), text) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	if d.mail.sent != 0 {
		t.Errorf("%d codes were sent", d.mail.sent)
	}
	if _, err := d.asks.Send(ctx, limit.Who{}, payerMail, "en"); fault.KindOf(err) != fault.Invalid || errors.Is(err, nil) {
		t.Errorf("got %v without a device, want invalid", err)
	}
}

func FuzzSend(f *testing.F) {
	for _, seed := range []string{payerMail, "a@b.c\r\nBcc: x@y.z", "\"@\"@example.org", "用户@例子.广告"} {
		f.Add(seed)
	}
	o := storetest.Open(f, "sqlite")
	d := newDoor(f, o)
	d.mail.broken = fault.New(fault.Invalid, "", "not sent")
	f.Fuzz(func(t *testing.T, text string) {
		to := &recorder{}
		_, err := limit.NewChallenger(limit.New(o.Store, limit.Defaults(), o.Clock), to).Send(ctx, limit.Who{Device: "d" + text}, text, "en")
		if err == nil && strings.ContainsAny(to.to, "\r\n,;<> ") {
			t.Fatalf("%q was written to", to.to)
		}
	})
}

type recorder struct{ to string }

func (r *recorder) Code(_ context.Context, to, _, _ string, _ int) error {
	r.to = to
	return nil
}
