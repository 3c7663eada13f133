package month

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
)

func (m *Month) lockbox() error {
	var cheques []bank.Cheque
	for range m.count(Lockbox) {
		p := m.pay(Lockbox)
		m.serial++
		cheques = append(cheques, bank.Cheque{
			Lockbox: m.options.Lockbox, Amount: p.Amount, Routing: routing, Drawn: fmt.Sprint(1_000_000 + m.random.IntN(9_000_000)),
			Serial: fmt.Sprint(m.serial), Stubs: []bank.Stub{{Reference: p.Number}},
		})
	}
	_, err := m.Bank.Receive(cheques...)
	return err
}

func (m *Month) bills() error {
	var bills []bank.BillPay
	for i := range m.count(Bills) {
		p := m.pay(Bills)
		from := billPayBank
		if i%3 == 0 {
			from = consolidator
			m.sums = append(m.sums, paidOnce{p.Number, p.Amount})
		}
		bill := bank.BillPay{Account: m.options.Account, From: from, Number: p.Number, Payer: "A PAYER", Amount: p.Amount}
		if i == 1 && m.has(NumberSlipped) {
			bill.Number = slipped(p.Number)
			m.plant(NumberSlipped, bill.Number, p.Amount)
		}
		bills = append(bills, bill)
	}
	if m.has(CreditReversed) {
		back := m.sums[0]
		bills = append(bills, bank.BillPay{
			Account: m.options.Account, From: consolidator, Number: back.number, Payer: "A PAYER", Amount: back.amount, Reversal: true,
		})
		m.plant(CreditReversed, back.number, back.amount)
	}
	_, err := m.Bank.Send(bills...)
	return err
}

// slipped exchanges two neighbours that are not the same, as tired eyes do.
func slipped(number string) string {
	for i := 3; i+1 < len(number); i++ {
		if number[i] != number[i+1] {
			return number[:i] + number[i+1:i+2] + number[i:i+1] + number[i+2:]
		}
	}
	return number[1:]
}

func (m *Month) wires() error {
	for i := range m.count(Wire) {
		p := m.pay(Wire)
		w := bank.Wire{Account: m.options.Account, Amount: p.Amount, Structured: p.Number, Payer: "AN EMPLOYER"}
		if i == 0 && m.has(TwoNumbers) {
			w.Structured, w.Text = "", "PREMIUM "+p.Number+" AND "+m.otherThan(p.Number)
			m.plant(TwoNumbers, w.Text, p.Amount)
		}
		w.Advise = i == 0 && m.has(WireToldThrice)
		line, err := m.Bank.Wire(w)
		if err != nil {
			return err
		}
		if w.Advise {
			m.plant(WireToldThrice, line.Reference, p.Amount)
		}
	}
	return nil
}

func (m *Month) otherThan(number string) string {
	for {
		if other := m.payer(); other != number {
			return other
		}
	}
}

// bag brings the counter's money to the bank on the same day.
func (m *Month) bag() error {
	d := bank.Deposit{Account: m.options.Account, Bag: m.day.Bag}
	for _, p := range m.day.Counter {
		d.Amount += p.Amount
	}
	if m.has(BagShort) {
		d.Wrong = 20_00
	}
	line, err := m.Bank.Bring(d)
	if err == nil && d.Wrong != 0 {
		m.plant(BagShort, line.Reference, line.Amount)
	}
	return err
}

// The processor's terms: 2.9 % rounded half up, and 0.30; 15.00 for a dispute.
func feeOf(amount money.Cents) money.Cents { return (amount*29+500)/1000 + 30 }

const disputeFee = 15_00

// cards books the payout that arrives today, and makes that of today's captures.
func (m *Month) cards() error {
	for _, p := range m.day.Payouts {
		k := bank.Booking{
			Account: m.options.Account, Code: "165", Amount: p.Net, Customer: p.Trace, Text: "CARD PAYOUT " + p.ID, Of: "payout:" + p.ID,
		}
		if m.has(PayoutShort) {
			k.Amount -= 25_00
			k.Wrong = "payout less by a fee of 25.00"
		}
		if k.Amount < 0 { // disputes took more than was captured
			k.Code, k.Amount = "455", -k.Amount
		}
		lines, err := m.Bank.Book(k)
		if err != nil {
			return err
		}
		if k.Wrong != "" {
			m.plant(PayoutShort, lines[0].Reference, k.Amount)
		}
	}
	n := len(m.payouts) + 1
	p := Payout{
		ID: fmt.Sprintf("po_%04d", n), Trace: fmt.Sprintf("CP%08d", n), Made: m.day.Date, Arrives: m.day.Date.AddBusinessDays(1),
	}
	for _, c := range m.day.Cards {
		p.Lines = append(p.Lines, PayoutLine{c.Key, "charge", c.Amount, feeOf(c.Amount)})
	}
	if m.has(Chargeback) {
		c := m.carded[0]
		p.Lines = append(p.Lines, PayoutLine{c.Key, "dispute", -c.Amount, disputeFee})
		m.plant(Chargeback, c.Key, c.Amount)
	}
	for _, l := range p.Lines {
		p.Net += l.Gross - l.Fee
	}
	m.carded = append(m.carded, m.day.Cards...)
	m.payouts = append(m.payouts, p)
	return nil
}

// presented brings the checks of three days ago to the bank.
func (m *Month) presented() error {
	for _, c := range m.checks[m.day.No-3] {
		p := bank.Presented{Account: m.options.Account, Serial: c.Serial, Amount: c.Amount}
		if m.has(CheckAltered) {
			p.Amount, p.Force = p.Amount+900_00, true
		}
		line, err := m.Bank.Present(p)
		if err != nil {
			return err
		}
		if m.has(CheckAltered) {
			m.plant(CheckAltered, line.Reference, line.Amount)
		}
		if m.has(CheckTwice) {
			p.Force = true
			if line, err = m.Bank.Present(p); err != nil {
				return err
			}
			m.plant(CheckTwice, line.Reference, line.Amount)
		}
	}
	return nil
}

func (m *Month) bounced() error {
	if !m.has(ChequeBounced) {
		return nil
	}
	line, err := m.Bank.Bounce(1, "NSF")
	if err == nil {
		m.plant(ChequeBounced, line.Reference, line.Amount)
	}
	return err
}

func (m *Month) fees() error {
	if !m.has(FeeUnknown) {
		return nil
	}
	lines, err := m.Bank.Book(bank.Booking{
		Account: m.options.Account, Code: "699", Amount: 18_75, Text: "SERVICE ADJ 77", Of: "fee",
	})
	if err == nil {
		m.plant(FeeUnknown, lines[0].Reference, 18_75)
	}
	return err
}
