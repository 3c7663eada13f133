package x12

import "github.com/billfold/billfold/internal/base/secret"

func (p *premiumPayment) headerSegment(s Segment) {
	h := p.header
	if p.first == "" {
		p.first = s.ID
		if s.ID != "BPR" {
			p.headerGood = false
			p.at.missing(s, "BPR", "BPR must follow the ST")
		}
	}
	switch s.ID {
	case "BPR":
		p.paid(s)
	case "TRN":
		p.trace(s)
	case "REF":
		h.References = p.reference(h.References, s)
	case "DTM":
		h.Dates = p.date(h.Dates, s)
	case "N1":
		p.party(s)
	case "NTE", "CUR", "N2", "N3", "N4", "PER", "RDM":
		// notes, currency, how to reach the parties: not kept
	default:
		p.refuse(s, 0, segmentUnexpected, "%s has no place before the first ENT", s.ID)
	}
}

func (p *premiumPayment) paid(s Segment) {
	h := p.header
	if h.Line > 0 {
		p.headerGood = false // the balance reports a second BPR
		return
	}
	h.Line = s.Line
	h.Handling, h.Debit, h.Method, h.Company = s.Element(1), s.Element(3) == "D", s.Element(4), s.Element(10)
	h.Account = secret.New(s.Element(15))
	if h.Handling == "" {
		p.refuse(s, 1, elementMissing, "the handling code is missing")
	}
	h.Amount = p.amount(s, 2)
	switch credit := s.Element(3); credit {
	case "C", "D":
	default:
		p.refuse(s, 3, elementCode, "the credit or debit flag is %q, must be C or D", shown(credit))
	}
	if h.Method == "" {
		p.refuse(s, 4, elementMissing, "the payment method is missing")
	}
	date, err := parseDate(s.Element(16))
	if err != nil {
		p.refuse(s, 16, elementDate, "the payment's date %q: %v", shown(s.Element(16)), err)
	}
	h.Date = date
}

func (p *premiumPayment) trace(s Segment) {
	h := p.header
	if p.traced {
		p.refuse(s, 0, segmentTooMany, "a second TRN in one transaction set")
		return
	}
	p.traced = true
	h.TraceType, h.Trace, h.Originator = s.Element(1), s.Element(2), s.Element(3)
	if h.Trace == "" {
		p.refuse(s, 2, elementMissing, "the payment's trace is missing")
	}
}

func (p *premiumPayment) party(s Segment) {
	party := Party{Role: s.Element(1), Organization: true, Name: s.Element(2)}
	party.identify(s.Element(3), s.Element(4))
	switch {
	case party.Role == "PE":
		p.header.Payee = party
	case party.Role == p.payerRole():
		p.header.Payer = party
	}
}

func (p *premiumPayment) payerRole() string {
	if p.header.Exchange() {
		return "RM"
	}
	return "PR"
}

// endHeader checks, at the first entity or the end, that the header is whole.
func (p *premiumPayment) endHeader(s Segment) error {
	if p.place != beforeEntities {
		return nil
	}
	h := p.header
	for _, needed := range []struct {
		has           bool
		segment, says string
	}{
		{p.traced, "TRN", "the payment's trace, TRN, is missing before this segment"},
		{h.Payee.Role != "", "N1", "the payee, N1*PE, is missing before this segment"},
		{h.Payer.Role != "", "N1", "the payer, N1*" + p.payerRole() + ", is missing before this segment"},
	} {
		if !needed.has {
			p.headerGood = false
			p.at.missing(s, needed.segment, "%s", needed.says)
		}
	}
	p.place = inEntity
	if !p.headerGood || h.Line == 0 || p.eachHeader == nil {
		return nil
	}
	return p.eachHeader(h)
}
