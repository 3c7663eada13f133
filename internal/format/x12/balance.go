package x12

import "github.com/billfold/billfold/internal/base/money"

// sum adds amounts of one kind in one set and remembers what made it unusable,
// so that a total is compared only if every part of it was read.
type sum struct {
	cents  money.Cents
	broken bool
}

// addElement adds element n of s; an absent element adds nothing.
func (t *sum) addElement(r *reporter, s Segment, n int) {
	if s.Element(n) == "" {
		return
	}
	cents, err := parseAmount(s.Element(n))
	if err != nil {
		t.broken = true
		r.refuse(s, n, elementCharacter, "%v", err)
		return
	}
	total, ok := money.Add(t.cents, cents)
	if !ok {
		t.broken = true
		r.refuse(s, n, elementCharacter, "the sum leaves the range of amounts")
		return
	}
	t.cents = total
}

// payment is the BPR of an 820 or 835: the amount that the set pays.
type payment struct {
	bpr    Segment
	amount sum
}

func (p *payment) read(r *reporter, s Segment) {
	if p.bpr.ID != "" {
		r.refuse(s, 0, segmentTooMany, "a second BPR in one transaction set")
		return
	}
	p.bpr = s
	if s.Element(2) == "" {
		p.amount.broken = true
		r.refuse(s, 2, elementMissing, "the amount paid is missing")
		return
	}
	p.amount.addElement(r, s, 2)
}

// check holds the payment against what its details come to.
func (p *payment) check(r *reporter, last Segment, details *sum, formula string) {
	if p.bpr.ID == "" {
		r.missing(last, "BPR", "the transaction set has no BPR before this segment")
		return
	}
	if p.amount.broken || details.broken || p.amount.cents == details.cents {
		return
	}
	r.flag(p.bpr, 2, "the payment stated is %s, %s comes to %s", p.amount.cents, formula, details.cents)
}

// balance820 proves a premium payment, 005010X218 and X306 alike: the sum
// of RMR04 and ADX01 is BPR02.
type balance820 struct {
	at      *reporter
	payment payment
	details sum
	last    Segment
}

func (b *balance820) segment(s Segment) {
	b.last = s
	switch s.ID {
	case "BPR":
		b.payment.read(b.at, s)
	case "RMR":
		b.details.addElement(b.at, s, 4)
	case "ADX":
		b.details.addElement(b.at, s, 1)
	}
}

func (b *balance820) end() {
	if b.payment.bpr.Element(3) == "D" && b.details.cents == -b.payment.amount.cents {
		return // what charges the payee is stated without its sign
	}
	b.payment.check(b.at, b.last, &b.details, "the sum of RMR04 and ADX01")
}

// remittance835 proves a claim payment by the balancing rules of 005010X221A1,
// section 1.10.2: each claim's charge less its adjustments is its payment, and
// the claims' payments less the provider adjustments are BPR02.
type remittance835 struct {
	at      *reporter
	payment payment
	details sum
	last    Segment
	claim   Segment
	charge  sum // CLP03 less the claim's CAS so far
}

// The places of amounts in a CAS (three elements for each adjustment) and in a
// PLB (two), by the element numbers of the guide.
var (
	casAmounts = []int{3, 6, 9, 12, 15, 18}
	plbAmounts = []int{4, 6, 8, 10, 12, 14}
)

func (b *remittance835) segment(s Segment) error {
	b.last = s
	switch s.ID {
	case "BPR":
		b.payment.read(b.at, s)
	case "CLP":
		b.endClaim()
		b.claim, b.charge = s, sum{}
		b.charge.addElement(b.at, s, 3)
		b.details.addElement(b.at, s, 4)
	case "CAS":
		if b.claim.ID == "" {
			b.at.refuse(s, 0, segmentSequence, "an adjustment before any claim")
			return nil
		}
		b.charge.subtract(b.at, s, casAmounts)
	case "PLB":
		b.endClaim()
		b.details.subtract(b.at, s, plbAmounts)
	}
	return nil
}

func (b *remittance835) endClaim() {
	claim := b.claim
	b.claim = Segment{}
	if claim.ID == "" || b.charge.broken {
		return
	}
	paid, err := parseAmount(claim.Element(4))
	if err != nil || paid == b.charge.cents {
		return // an unreadable CLP04 was reported when it was summed
	}
	b.at.flag(claim, 4, "the claim's payment stated is %s, its charge less its adjustments comes to %s", paid, b.charge.cents)
}

func (b *remittance835) end() error {
	b.endClaim()
	b.payment.check(b.at, b.last, &b.details, "the sum of CLP04 less the provider adjustments (PLB)")
	return nil
}

// subtract takes away the named elements of s.
func (t *sum) subtract(r *reporter, s Segment, elements []int) {
	var away sum
	for _, n := range elements {
		away.addElement(r, s, n)
	}
	total, ok := money.Add(t.cents, -away.cents)
	if !ok {
		r.refuse(s, 0, segmentElements, "the sum leaves the range of amounts")
	}
	t.cents, t.broken = total, t.broken || away.broken || !ok
}
