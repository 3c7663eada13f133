package proof

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// rules checks what a transaction whose bytes prove must also mean.
func (v *verifier) rules(r *replay, t *ledger.Transaction, d documents) error {
	posting := func(expected, found string) error {
		return r.broken("posting", ", "+seqText(t.Seq), expected, found)
	}
	if err := t.Validate(); err != nil {
		return posting("a transaction that holds together", err.Error())
	}
	if err := r.ownership(t, d); err != nil {
		return err
	}
	sums, err := v.sums(t)
	if err != nil {
		return posting("accounts of the chart and pairs that match", err.Error())
	}
	for _, rule := range []func() error{
		func() error { return r.billed(t, d.item) },
		func() error { return r.receipted(t, d.receipt, &sums) },
		func() error { return r.of(t, d.answer.act) },
		func() error { return r.wayBack(t, &sums) },
	} {
		if err := rule(); err != nil {
			return err
		}
	}
	if t.Phase == ledger.Pending || t.Phase == ledger.VoidPending {
		return nil // nothing has moved
	}
	return r.move(t, d.receipt, &sums)
}

// ownership checks that the claim that names t is the one that t names.
func (r *replay) ownership(t *ledger.Transaction, d documents) error {
	a := d.answer
	if t.Link != "" {
		if string(a.claim) != t.Link {
			return &Broken{"claim", string(a.claim), "an answer of its own", "a transaction of claim " + t.Link}
		}
		return nil
	}
	if d.receipt == nil {
		return r.broken("receipt", ", "+seqText(t.Seq), "a receipt for the payment", "none")
	}
	if a.claim != d.receipt.Payment || a.part != int64(d.receipt.No-1) {
		return &Broken{"claim", string(a.claim), fmt.Sprintf("part %d of %s", d.receipt.No, d.receipt.Payment), fmt.Sprintf("part %d", a.part+1)}
	}
	return nil
}

// movement sums what a transaction does to the accounts that rows follow.
type movement struct {
	receivable  money.Cents // credited
	receivableD money.Cents // debited
	unapplied   money.Cents // credited
	unappliedD  money.Cents // debited
	suspense    money.Cents // credited
	suspenseD   money.Cents // debited
	purse       chart.Purse // of unapplied or suspense, else of what was credited
	source      ledger.Account
	returns     stand // credited or debited on refunds-payable
	clearing    stand // likewise on a rail's clearing account
	unclaimed   stand // likewise on unclaimed
}

// stand is what a transaction put on an account, or took off it.
type stand struct {
	account ledger.Account
	put     money.Cents // debits of an asset, credits of a liability: what is there
	taken   money.Cents
}

// sums explains every account and adds up the transaction.
func (v *verifier) sums(t *ledger.Transaction) (movement, error) {
	var m movement
	var interfund money.Cents
	for _, p := range t.Postings {
		debit, err := v.explain(p.Debit)
		if err != nil {
			return m, err
		}
		credit, err := v.explain(p.Credit)
		if err != nil {
			return m, err
		}
		onItem := debit.code == chart.Receivable || credit.code == chart.Receivable
		if onItem != (p.Item != 0) {
			return m, fmt.Errorf("a receivable without an item, or an item without one")
		}
		m.debit(debit, p)
		m.credit(credit, p)
		if debit.code == chart.Interfund {
			interfund += p.Cents
		}
		if credit.code == chart.Interfund {
			interfund -= p.Cents
		}
	}
	if interfund != 0 {
		return m, fmt.Errorf("interfund accounts that differ by %s", interfund)
	}
	return m, nil
}

func (m *movement) debit(r role, p ledger.Posting) {
	switch r.code {
	case chart.Receivable:
		m.receivableD += p.Cents
	case chart.Unapplied:
		m.unappliedD, m.purse = m.unappliedD+p.Cents, r.purse
	case chart.Suspense:
		m.suspenseD, m.purse = m.suspenseD+p.Cents, r.purse
	case chart.RefundsPayable:
		m.returns.account, m.returns.taken = p.Debit, m.returns.taken+p.Cents
	case chart.Unclaimed:
		m.unclaimed.account, m.unclaimed.taken = p.Debit, m.unclaimed.taken+p.Cents
	}
	if clears(r.code) {
		m.clearing.account, m.clearing.put = p.Debit, m.clearing.put+p.Cents
	}
}

func clears(c chart.Code) bool { return c >= chart.ClearLockbox && c <= chart.ClearPayout }

func (m *movement) credit(r role, p ledger.Posting) {
	switch r.code {
	case chart.Receivable:
		m.receivable += p.Cents
	case chart.Unapplied:
		m.unapplied, m.purse = m.unapplied+p.Cents, r.purse
	case chart.Suspense:
		m.suspense, m.purse, m.source = m.suspense+p.Cents, r.purse, p.Debit
	case chart.RefundsPayable:
		m.returns.account, m.returns.put = p.Credit, m.returns.put+p.Cents
	case chart.Unclaimed:
		m.unclaimed.account, m.unclaimed.put = p.Credit, m.unclaimed.put+p.Cents
	}
	if clears(r.code) {
		m.clearing.account, m.clearing.taken = p.Credit, m.clearing.taken+p.Cents
	}
}

// billed checks an item against the transaction that made it owed.
func (r *replay) billed(t *ledger.Transaction, item *Item) error {
	if item == nil {
		return nil
	}
	key := itemKey(item.No)
	if want := int64(len(r.items) + 1); item.No != want {
		return r.broken("open_item", key, fmt.Sprintf("item %d", want), fmt.Sprintf("item %d", item.No))
	}
	p := t.Postings[0]
	if len(t.Postings) != 1 || p.Item != item.No || p.Debit != item.Purse.Account(chart.Receivable) || p.Cents != item.Amount {
		return r.broken("open_item", key, "the account and amount that its transaction billed", item.Amount.String())
	}
	if item.Open < 0 || item.Open > item.Amount {
		return r.broken("open_item", key, "0.00 to "+item.Amount.String()+" open", item.Open.String())
	}
	r.items = append(r.items, itemState{purse: item.Purse, amount: item.Amount, open: item.Open})
	return nil
}

// receipted checks a receipt part against what its transaction posted.
func (r *replay) receipted(t *ledger.Transaction, receipt *payment.ReceiptPart, m *movement) error {
	if receipt == nil {
		return nil
	}
	broken := func(expected, found string) error {
		return r.broken("receipt", ", "+seqText(t.Seq), expected, found)
	}
	if receipt.PostedOn != t.PostedOn {
		return broken("posted on "+t.PostedOn.String(), receipt.PostedOn.String())
	}
	if receipt.InSuspense() {
		if receipt.Amount != m.suspense || receipt.Applied != 0 || receipt.Unapplied != 0 {
			return broken(m.suspense.String()+" in suspense", receipt.Amount.String())
		}
		return nil
	}
	switch {
	case receipt.Applied != m.receivable:
		return broken(m.receivable.String()+" applied", receipt.Applied.String())
	case receipt.Unapplied != m.unapplied:
		return broken(m.unapplied.String()+" unapplied", receipt.Unapplied.String())
	case receipt.Amount != receipt.Applied+receipt.Unapplied:
		return broken("an amount of "+(receipt.Applied+receipt.Unapplied).String(), receipt.Amount.String())
	}
	return nil
}

// of checks a transaction that refers to an earlier one of its book.
func (r *replay) of(t *ledger.Transaction, act payment.Act) error {
	posting := func(expected, found string) error {
		return r.broken("posting", ", "+seqText(t.Seq), expected, found)
	}
	if t.Of < 0 || t.Of >= t.Seq {
		return posting("a reference to an earlier transaction", seqText(t.Of))
	}
	if !ends(t, act) {
		return nil
	}
	if t.Of == 0 {
		return posting("a reference to the transaction that it ends", "none")
	}
	past := r.past[t.Of-1]
	reversed := strings.HasSuffix(string(t.Event), ledger.ReversedSuffix)
	switch {
	case reversed && (t.Event != past.event+ledger.ReversedSuffix || pairsHash(t.Postings, true) != past.pairs):
		return posting("the pairs of "+seqText(t.Of)+" with their sides exchanged", "others")
	case t.Phase == ledger.PostPending || t.Phase == ledger.VoidPending:
		if past.phase != ledger.Pending || pairsHash(t.Postings, false) != past.pairs {
			return posting("the pairs of the pending "+seqText(t.Of), "others")
		}
	}
	return r.ending(t)
}

// ending finds the row that says that t ended another.
func (r *replay) ending(t *ledger.Transaction) error {
	at, ok := slices.BinarySearchFunc(r.endings, t.Of, func(e cashier.Ending, seq int64) int { return cmp.Compare(e.Seq, seq) })
	if !ok {
		return r.broken("ending", ", "+seqText(t.Of), "a row that says it was ended by "+seqText(t.Seq), "none")
	}
	if by := r.endings[at].BySeq; by != t.Seq {
		return r.broken("ending", ", "+seqText(t.Of), "ended by "+seqText(t.Seq), "ended by "+seqText(by))
	}
	r.ended[at] = true
	return nil
}

// move carries what t posted over to items, unapplied money and suspense.
func (r *replay) move(t *ledger.Transaction, receipt *payment.ReceiptPart, m *movement) error {
	for _, p := range t.Postings {
		if p.Item != 0 {
			if err := r.onItem(t, p); err != nil {
				return err
			}
			if err := r.onPaid(t, p); err != nil {
				return err
			}
		}
	}
	switch {
	case t.Event == chart.PaymentApplied+ledger.ReversedSuffix:
		if err := r.restore(t, m); err != nil {
			return err
		}
	case m.unapplied > 0:
		if err := r.leftUnapplied(t, m); err != nil {
			return err
		}
	}
	if m.suspense > 0 {
		if err := r.suspended(t, receipt, m); err != nil {
			return err
		}
	}
	if err := r.spend(t, r.held, m.unappliedD, m.purse, "unapplied money"); err != nil {
		return err
	}
	return r.spend(t, r.waiting, m.suspenseD, m.purse, "money in suspense")
}

func (r *replay) onItem(t *ledger.Transaction, p ledger.Posting) error {
	if p.Item < 0 || p.Item > int64(len(r.items)) {
		return r.broken("posting", ", "+seqText(t.Seq), "an item that was billed before", fmt.Sprintf("item %d", p.Item))
	}
	item := &r.items[p.Item-1]
	switch item.purse.Account(chart.Receivable) {
	case p.Debit:
		item.owed += p.Cents
	case p.Credit:
		item.owed -= p.Cents
	default:
		return r.broken("posting", ", "+seqText(t.Seq), "the account of "+fmt.Sprintf("item %d", p.Item), "another")
	}
	if item.owed < 0 || item.owed > item.amount {
		return r.broken("posting", ", "+seqText(t.Seq), fmt.Sprintf("item %d between 0.00 and %s", p.Item, item.amount), item.owed.String())
	}
	return nil
}

func (r *replay) leftUnapplied(t *ledger.Transaction, m *movement) error {
	c := r.t.unapplied
	key := ", " + seqText(t.Seq)
	if !c.ok || c.head.Book != t.Book || c.head.Seq > t.Seq {
		return r.broken("unapplied", key, "a row for "+m.unapplied.String(), "none")
	}
	u := c.head
	switch {
	case u.Bad != nil:
		return unreadable("unapplied", bookKey(t.Book, r.book.Opaque)+", "+seqText(u.Seq), u.Bad)
	case u.Seq < t.Seq:
		return r.broken("unapplied", ", "+seqText(u.Seq), "a transaction that left it", "none")
	case u.Amount != m.unapplied:
		return r.broken("unapplied", key, m.unapplied.String(), u.Amount.String())
	case u.Purse != m.purse:
		return r.broken("unapplied", key, purseText(m.purse), purseText(u.Purse))
	case u.Received != t.EffectiveOn:
		return r.broken("unapplied", key, "received on "+t.EffectiveOn.String(), u.Received.String())
	}
	r.held = append(r.held, holding{t.Seq, u.Purse, u.Amount, u.Open, u.Amount})
	c.advance()
	return nil
}

func (r *replay) suspended(t *ledger.Transaction, receipt *payment.ReceiptPart, m *movement) error {
	c := r.t.suspense
	key := ", " + seqText(t.Seq)
	if !c.ok || c.head.Book != t.Book || c.head.Seq > t.Seq {
		return r.broken("suspense", key, "a row for "+m.suspense.String(), "none")
	}
	s := c.head
	clearing, known := s.Rail.Clearing()
	switch {
	case s.Bad != nil:
		return unreadable("suspense", bookKey(t.Book, r.book.Opaque)+", "+seqText(s.Seq), s.Bad)
	case s.Seq < t.Seq:
		return r.broken("suspense", ", "+seqText(s.Seq), "a transaction that left it", "none")
	case s.Amount != m.suspense:
		return r.broken("suspense", key, m.suspense.String(), s.Amount.String())
	case s.Purse != m.purse:
		return r.broken("suspense", key, purseText(m.purse), purseText(s.Purse))
	case s.Received != t.EffectiveOn || !s.OpenedAt.Equal(t.RecordedAt):
		return r.broken("suspense", key, "received on "+t.EffectiveOn.String()+" and opened with its transaction", s.Received.String())
	case receipt == nil || s.Payment != receipt.Payment || s.PartNo != receipt.No:
		return r.broken("suspense", key, "the payment and part of its receipt", fmt.Sprintf("part %d of %s", s.PartNo, s.Payment))
	case t.Event == chart.RefundCancelled:
		clearing = chart.RefundsPayable
	}
	switch {
	case !known || s.Purse.Account(clearing) != m.source:
		return r.broken("suspense", key, "a rail that clears over "+chart.Name(m.source), fmt.Sprintf("%q", s.Rail))
	case !slices.Contains(suspense.Reasons(), s.Reason):
		return r.broken("suspense", key, "a known reason", fmt.Sprintf("%q", s.Reason))
	}
	r.waiting = append(r.waiting, holding{t.Seq, s.Purse, s.Amount, s.Open, s.Amount})
	c.advance()
	return nil
}

// restore gives unapplied money back that a reversed application had used.
func (r *replay) restore(t *ledger.Transaction, m *movement) error {
	from := r.past[t.Of-1].of
	h := find(r.held, from)
	if h == nil || h.purse != m.purse || h.left+m.unapplied > h.amount {
		return r.broken("posting", ", "+seqText(t.Seq), "unapplied money at "+seqText(from)+" that was used", "less or none")
	}
	h.left += m.unapplied
	return nil
}

// spend takes cents from what the transaction that t refers to left.
func (r *replay) spend(t *ledger.Transaction, held []holding, cents money.Cents, purse chart.Purse, what string) error {
	if cents == 0 {
		return nil
	}
	h := find(held, t.Of)
	if h == nil || h.purse != purse || h.left < cents {
		return r.broken("posting", ", "+seqText(t.Seq), what+" of "+cents.String()+" at "+seqText(t.Of), "less or none")
	}
	h.left -= cents
	return nil
}

func purseText(p chart.Purse) string { return fmt.Sprintf("%d/%s", p.Entity, p.Fund) }
