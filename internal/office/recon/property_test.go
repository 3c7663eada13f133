package recon_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/store/storetest"
)

// playing makes days of money over several rails, a statement of each, and breaks that it
// counts.
type playing struct {
	*bench
	r       *rand.Rand
	balance money.Cents
	amount  money.Cents

	lines, late int // exceptions that must be named
	later       []recon.Line
}

// cents gives an amount that no other has, nor sums of a few others.
func (p *playing) cents() money.Cents {
	p.amount = p.amount*21/20 + money.Cents(1+p.r.IntN(97))
	return p.amount
}

// shown adds what the bank shows of an expected settlement, as it happens or broken.
func (p *playing) shown(lines []recon.Line, code string, cents money.Cents) []recon.Line {
	switch p.r.IntN(12) {
	case 0: // never shown
		p.late++
	case 1: // short of a cent
		p.late++
		p.lines++
		lines = append(lines, line(code, cents-1))
	case 2: // shown twice: nobody can say which is ours
		p.late++
		p.lines += 2
		lines = append(lines, line(code, cents), line(code, cents))
	case 3: // a day later
		p.later = append(p.later, line(code, cents))
	case 4: // in two lines under one reference
		one, two := line(code, cents/3), line(code, cents-cents/3)
		one.CustomerRef, two.CustomerRef = "D"+cents.String(), "D"+cents.String()
		lines = append(lines, one, two)
	default:
		lines = append(lines, line(code, cents))
	}
	return lines
}

func (p *playing) day() {
	today := p.today()
	lines := p.later
	p.later = nil
	for range 1 + p.r.IntN(3) {
		one, two := p.cents(), p.cents()
		switch p.r.IntN(3) {
		case 0:
			p.pay(payment.Lockbox, p.source(), today, one, two)
			lines = p.shown(lines, "115", one+two)
		case 1: // a file of two effective days in one sum
			file := p.source()
			p.pay(payment.BankBill, file, today, one)
			p.pay(payment.BankBill, file, today.AddDays(-1), two)
			if p.r.IntN(4) > 0 {
				lines = append(lines, line("142", one+two))
			} else {
				p.late += 2
			}
		case 2:
			p.pay(payment.Wire, p.source(), today, one)
			lines = p.shown(lines, "195", one)
		}
	}
	if p.r.IntN(3) == 0 { // a line that nobody told of
		p.lines++
		lines = append(lines, line("399", p.cents()))
	}
	if p.r.IntN(3) == 0 {
		lines = append(lines, line("698", -p.cents()/100-1))
	}
	p.r.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	_, p.balance = p.statement(today, p.balance, lines...)
	if proof := p.prove(today); proof.Unexplained != 0 {
		p.t.Fatalf("%s is not explained: %+v", today, proof)
	}
	p.Clock.Advance(24 * time.Hour)
}

// Random days with planted breaks: every break is named, nothing else is, and nothing is
// unexplained.
func TestRun_EveryPlantedBreakIsNamedOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		seeds := 5
		if o.DSN != "" {
			seeds = 1 // the same statements; one run shows that they run there
		}
		for seed := range seeds {
			office := o
			if seed > 0 {
				office = storetest.Open(t, "sqlite")
			}
			p := &playing{bench: newBench(t, office), r: rand.New(rand.NewPCG(uint64(seed), 7)), amount: 1000}
			for range 8 {
				p.day()
			}
			if len(p.later) > 0 {
				_, p.balance = p.statement(p.today(), p.balance, p.later...)
			}
			p.Clock.Advance(20 * 24 * time.Hour)
			p.run()
			kinds := map[recon.Kind]int{}
			for _, e := range p.exceptions() {
				kinds[e.Kind]++
			}
			if kinds[recon.LineOpen] != p.lines || kinds[recon.Late] != p.late || len(kinds) > 2 {
				t.Errorf("seed %d: got exceptions %v, want %d lines and %d late", seed, kinds, p.lines, p.late)
			}
			if proof := p.prove(p.today()); proof.Unexplained != 0 {
				t.Errorf("seed %d: unexplained %+v", seed, proof)
			}
			p.verify()
		}
	})
}
