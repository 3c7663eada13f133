package checkout_test

import (
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/checkout"
)

// elsewhere refunds part of a charge at the bank's own dashboard, of which no notice comes.
func (b *bank) elsewhere(a *checkout.Attempt) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ref := a.Legs[0].Charge
	r := checkout.Refund{ID: b.number("re"), Charge: ref, Amount: 2_000, Status: checkout.RefundSent}
	b.charges[ref].refunded += r.Amount
	b.refunds[r.ID] = &r
	b.past = append(b.past, checkout.Notice{
		ID: b.number("evt"), Kind: checkout.NoticeRefund, Charge: ref, Subject: r.ID, At: b.clock.Now(),
	})
}

// lose keeps a notice back; only a sweep finds it.
func (b *bank) lose(n checkout.Notice) {
	b.mu.Lock()
	defer b.mu.Unlock()
	n.ID, n.At = b.number("evt"), b.clock.Now()
	b.past = append(b.past, n)
}

func (c *counter) sweep(want int) {
	c.Helper()
	if n, err := c.desk.Sweep(c.Context()); err != nil || n != want {
		c.Errorf("the sweep followed %d (%v), want %d", n, err, want)
	}
}

// cases counts the refunds and booked disputes of an attempt.
func (c *counter) cases(id ident.Opaque) (refunds, disputes int) {
	c.Helper()
	a := c.look(id)
	r, d, err := c.desk.Cases(c.Context(), &a)
	if err != nil {
		c.Fatal(err)
	}
	for i := range d {
		if d[i].Booked {
			disputes++
		}
	}
	return len(r), disputes
}

func TestSweep_BooksWhatNoNoticeToldOf(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		refunded, disputed := c.pay(c.one(), "ok"), c.pay(c.one(), "ok")
		c.sweep(0)
		c.bank.elsewhere(&refunded)
		c.Clock.Advance(time.Minute)
		c.bank.lose(c.bank.dispute(disputed.Legs[0].Charge, disputed.Amount()))
		c.sweep(2)
		for range 2 { // again, and after a restart: booked once
			if refunds, _ := c.cases(refunded.ID); refunds != 1 || c.look(refunded.ID).Legs[0].Refunded != 2_000 {
				t.Errorf("there are %d refunds of %s", refunds, c.look(refunded.ID).Legs[0].Refunded)
			}
			if _, disputes := c.cases(disputed.ID); disputes != 1 {
				t.Errorf("%d disputes are booked", disputes)
			}
			c.restart()
			c.Clock.Advance(time.Hour)
			c.sweep(2) // what is near the last that was seen is asked again
		}
		// What was seen long before the last is not asked again.
		c.Clock.Advance(24 * time.Hour)
		third := c.pay(c.one(), "ok")
		c.bank.elsewhere(&third)
		c.sweep(3)
		c.sweep(1)
	})
}

// What cannot be followed now is followed by a later sweep.
func TestSweep_WhatFailedIsAskedAgain(t *testing.T) {
	onEach(t, func(t *testing.T, c *counter) {
		first, second := c.pay(c.one(), "ok"), c.pay(c.one(), "ok")
		c.bank.lose(c.bank.dispute(first.Legs[0].Charge, first.Amount()))
		c.Clock.Advance(time.Hour)
		c.bank.lose(c.bank.dispute(second.Legs[0].Charge, second.Amount()))
		c.bank.next = map[string][]mishap{"past notices": {away}}
		if _, err := c.desk.Sweep(t.Context()); err == nil {
			t.Error("the bank was away, and nothing is said")
		}
		c.bank.next = map[string][]mishap{"enquire dispute": {lostBefore}}
		c.sweep(1)
		if _, disputes := c.cases(first.ID); disputes != 0 {
			t.Error("a dispute was booked that nobody told of")
		}
		c.sweep(2)
		if _, disputes := c.cases(first.ID); disputes != 1 {
			t.Errorf("%d disputes are booked", disputes)
		}
	})
}
