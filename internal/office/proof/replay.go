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
)

// replay proves one book. Rows are compared in the order that names the row
// that changed and not another that follows from it: a transaction's documents
// by their own row checks, then its link of the chain, then the rules.
type replay struct {
	v    *verifier
	t    *tables
	book Book

	head     ledger.Head
	past     []pastEntry // by sequence number, from 1
	items    []itemState // by item number, from 1
	held     []holding   // unapplied money, by sequence number
	waiting  []holding   // suspense, by sequence number
	paid     []paidItem  // by sequence number
	returns  []away      // money on refunds-payable, by sequence number
	away     []away      // money that a refund sent or a dispute took, by sequence number
	endings  []cashier.Ending
	ended    []bool // of endings
	segment  SealedBook
	postings []ledger.Posting
}

// pastEntry is what later transactions of the book need to know of an earlier one.
type pastEntry struct {
	event ledger.Event
	phase ledger.Phase
	of    int64
	pairs uint64
}

type itemState struct {
	purse        chart.Purse
	amount, open money.Cents // as stored
	owed         money.Cents // as the journal says
}

// holding is unapplied money or money in suspense.
type holding struct {
	seq    int64
	purse  chart.Purse
	amount money.Cents
	open   money.Cents // as stored
	left   money.Cents // as the journal says
}

func find(held []holding, seq int64) *holding {
	at, ok := slices.BinarySearchFunc(held, seq, func(h holding, seq int64) int { return cmp.Compare(h.seq, seq) })
	if !ok {
		return nil
	}
	return &held[at]
}

func (r *replay) run() error {
	err := r.replay()
	if unread := r.t.readable(); unread != nil {
		return unread // what seemed missing was not read
	}
	return err
}

func (r *replay) replay() error {
	if err := r.opening(); err != nil {
		return err
	}
	for r.t.lines.ok && r.t.lines.head.Book == r.book.No {
		t, err := r.gather()
		if err == nil {
			err = r.transaction(t)
		}
		if err != nil {
			return err
		}
	}
	return r.closing()
}

func (r *replay) broken(table, rest, expected, found string) error {
	return &Broken{table, bookKey(r.book.No, r.book.Opaque) + rest, expected, found}
}

// opening checks the book's own row and reads its endings.
func (r *replay) opening() error {
	b := &r.book
	if b.Bad != nil {
		return unreadable("book", bookKey(b.No, b.Opaque), b.Bad)
	}
	if b.Directed != b.No {
		return r.broken("book", "", "an opaque id that leads to it", bookKey(b.Directed, ""))
	}
	if !b.Resolved {
		return r.broken("book", "", "a survivor and debtors that have books", "one without")
	}
	switch b.Status {
	case cashier.Open, cashier.Blocked, cashier.Merged:
	default:
		return r.broken("book", "", "a known status", fmt.Sprintf("%q", b.Status))
	}
	if (b.Status == cashier.Merged) != (b.MergedInto != 0) {
		return r.broken("book", "", "a survivor if and only if it is merged", string(b.Status))
	}
	for e := r.t.endings; e.ok && e.head.Book == b.No; e.advance() {
		r.endings = append(r.endings, e.head)
	}
	r.ended = make([]bool, len(r.endings))
	return nil
}

// gather puts a transaction together from its lines.
func (r *replay) gather() (*ledger.Transaction, error) {
	c := r.t.lines
	first := c.head
	t := &first.Transaction
	if t.Seq != r.head.Seq+1 {
		return nil, r.broken("posting", ", "+seqText(r.head.Seq+1), "a transaction", "next "+seqText(t.Seq))
	}
	r.postings = r.postings[:0]
	for no := int64(1); c.ok && c.head.Book == t.Book && c.head.Seq == t.Seq; no++ {
		l := &c.head
		switch {
		case l.Bad != nil:
			return nil, unreadable("posting", bookKey(t.Book, r.book.Opaque)+lineKey(l), l.Bad)
		case l.No != no:
			return nil, r.broken("posting", lineKey(l), fmt.Sprintf("line %d", no), fmt.Sprintf("line %d", l.No))
		case !sameEntry(t, &l.Transaction):
			return nil, r.broken("posting", lineKey(l), "the same transaction as on line 1", "another date, actor, event, reference or digest")
		}
		r.postings = append(r.postings, l.Pair)
		c.advance()
	}
	t.Postings = r.postings
	return t, nil
}

// sameEntry compares what every line of a transaction repeats.
func sameEntry(a, b *ledger.Transaction) bool {
	return a.PostedOn == b.PostedOn && a.EffectiveOn == b.EffectiveOn && a.RecordedAt.Equal(b.RecordedAt) &&
		a.Event == b.Event && a.Phase == b.Phase && a.Of == b.Of && a.Link == b.Link && a.Actor == b.Actor &&
		a.Reason == b.Reason && a.Chained == b.Chained
}

// documents are the rows that a transaction's digest covers beside its own.
type documents struct {
	answer  answer
	receipt *payment.ReceiptPart
	item    *Item
}

func (r *replay) transaction(t *ledger.Transaction) error {
	d, err := r.documents(t)
	if err != nil {
		return err
	}
	if err := r.chain(t, d); err != nil {
		return err
	}
	if err := r.v.rules(r, t, d); err != nil {
		return err
	}
	r.past = append(r.past, pastEntry{t.Event, t.Phase, t.Of, pairsHash(t.Postings, false)})
	for _, p := range t.Postings {
		r.v.report.Accounts.Add(t.Phase, p)
		r.v.report.Cents[r.v.accounts[p.Debit].purse.Fund] += p.Cents
	}
	r.v.report.Transactions++
	r.v.report.Postings += int64(len(t.Postings))
	r.v.tell("books", r.v.report.Transactions)
	return r.seal(t)
}

// documents takes the rows written with t and checks each by itself.
func (r *replay) documents(t *ledger.Transaction) (d documents, err error) {
	if c := r.t.receipts; c.ok && c.head.Book == t.Book && c.head.Seq <= t.Seq {
		receipt := c.head.ReceiptPart
		if err := r.receiptRow(&c.head, t); err != nil {
			return d, err
		}
		d.receipt = &receipt
		c.advance()
	}
	if c := r.t.items; c.ok && c.head.Book == t.Book && c.head.BilledSeq <= t.Seq {
		item := c.head
		if err := r.itemRow(&item, t); err != nil {
			return d, err
		}
		d.item = &item
		c.advance()
	}
	d.answer, err = r.answered(t, d.receipt)
	return d, err
}

func (r *replay) receiptRow(stored *Receipt, t *ledger.Transaction) error {
	key := ", " + seqText(stored.Seq)
	if stored.Bad != nil {
		return unreadable("receipt", bookKey(t.Book, r.book.Opaque)+key, stored.Bad)
	}
	if check := rowCheck(stored.Digest()); check != stored.Check {
		return r.broken("receipt", key, checkText(check), checkText(stored.Check))
	}
	if stored.Seq != t.Seq {
		return r.broken("receipt", key, "a transaction", "none")
	}
	r.v.report.Receipts++
	return nil
}

func (r *replay) itemRow(stored *Item, t *ledger.Transaction) error {
	key := itemKey(stored.No)
	if stored.Bad != nil {
		return unreadable("open_item", bookKey(t.Book, r.book.Opaque)+key, stored.Bad)
	}
	if check := rowCheck(stored.Digest()); check != stored.Check {
		return r.broken("open_item", key, checkText(check), checkText(stored.Check))
	}
	if stored.BilledSeq != t.Seq {
		return r.broken("open_item", key, "a transaction that billed it", "none")
	}
	r.v.report.Items++
	return nil
}

// answered finds the claim that t carried out: exactly one names it.
func (r *replay) answered(t *ledger.Transaction, receipt *payment.ReceiptPart) (answer, error) {
	owner := payment.ID(t.Link)
	if owner == "" && receipt != nil {
		owner = receipt.Payment
	}
	var found *answer
	for c := r.t.answers; c.ok && c.head.book == t.Book && c.head.seq <= t.Seq; c.advance() {
		a := c.head
		switch {
		case a.seq < t.Seq:
			return a, r.unanswered(a)
		case found == nil:
			found = &a
		default:
			if found.claim != owner {
				a = *found
			}
			return a, &Broken{"claim", string(a.claim), "an answer of its own", a.place() + ", which another claim or part names"}
		}
	}
	switch {
	case found != nil:
		return *found, nil
	case t.Seq > r.book.Head.Seq || owner == "":
		return answer{}, r.broken("posting", ", "+seqText(t.Seq), "a claim that it carries out", "none")
	}
	return answer{}, &Broken{"claim", string(owner), "an answer that names " + placeText(t.Book, t.Seq), "none that does"}
}

// unanswered is a claim whose answer names no transaction.
func (r *replay) unanswered(a answer) error {
	return &Broken{"claim", string(a.claim), "an answer that names transactions", a.place() + ", which is none"}
}

// chain recomputes t's link of the book's chain.
func (r *replay) chain(t *ledger.Transaction, d documents) error {
	if t.Seq > r.book.Head.Seq {
		return r.broken("book", "", "a head at "+seqText(t.Seq)+" or later", seqText(r.book.Head.Seq))
	}
	again := *t
	if coversClaim(d.answer.act, d.answer.part) {
		again.Documents = append(again.Documents, d.answer.digest)
	}
	if d.receipt != nil {
		again.Documents = append(again.Documents, d.receipt.Digest())
	}
	if d.item != nil {
		again.Documents = append(again.Documents, d.item.Digest())
	}
	r.head = r.head.Chain(&again)
	if again.Chained == t.Chained {
		return nil
	}
	if err := r.t.changedDocument(); err != nil {
		return err
	}
	return r.broken("posting", ", "+seqText(t.Seq), fmt.Sprintf("digest %x", again.Chained[:8]), fmt.Sprintf("%x", t.Chained[:8]))
}

// changedDocument reads on for a document that was moved away from the
// transaction whose digest covers it: its row check tells.
func (t *tables) changedDocument() error {
	for c := t.receipts; c.ok; c.advance() {
		if check := rowCheck(c.head.Digest()); c.head.Bad != nil || check != c.head.Check {
			return &Broken{"receipt", bookKey(c.head.Book, "") + ", " + seqText(c.head.Seq), checkText(check), checkText(c.head.Check)}
		}
	}
	for c := t.items; c.ok; c.advance() {
		if check := rowCheck(c.head.Digest()); c.head.Bad != nil || check != c.head.Check {
			return &Broken{"open_item", bookKey(c.head.Book, "") + itemKey(c.head.No), checkText(check), checkText(c.head.Check)}
		}
	}
	return nil
}

// closing compares what the journal gave with the rows that follow from it.
func (r *replay) closing() error {
	if err := r.leftOver(); err != nil {
		return err
	}
	if r.head != r.book.Head {
		return r.broken("book", "", fmt.Sprintf("a head at seq %d with digest %x", r.head.Seq, r.head.Digest[:8]),
			fmt.Sprintf("seq %d with digest %x", r.book.Head.Seq, r.book.Head.Digest[:8]))
	}
	if last := int64(len(r.items)); last != r.book.LastItem {
		return r.broken("book", "", fmt.Sprintf("last item %d", last), fmt.Sprintf("%d", r.book.LastItem))
	}
	for i, item := range r.items {
		if item.owed != item.open {
			return r.broken("open_item", itemKey(int64(i+1)), item.owed.String()+" open", item.open.String())
		}
	}
	if err := r.unspent("unapplied", r.held); err != nil {
		return err
	}
	if err := r.unspent("suspense", r.waiting); err != nil {
		return err
	}
	for i, done := range r.ended {
		if e := r.endings[i]; !done {
			return r.broken("ending", ", "+seqText(e.Seq), "a transaction that says it ends it", fmt.Sprintf("seq %d, which does not", e.BySeq))
		}
	}
	if r.segment.To > r.head.Seq {
		return r.broken("seal_book", fmt.Sprintf(", close %d", r.segment.Close), "transactions up to "+seqText(r.segment.To), seqText(r.head.Seq))
	}
	return nil
}

func (r *replay) unspent(table string, held []holding) error {
	for _, h := range held {
		if h.left != h.open {
			return r.broken(table, ", "+seqText(h.seq), h.left.String()+" open", h.open.String())
		}
	}
	return nil
}

// leftOver looks at rows of this book that no transaction took. Rows that name
// the transaction after the last one witness that it is missing.
func (r *replay) leftOver() error {
	c := r.t
	next := r.head.Seq + 1
	witnessed := c.answers.ok && c.answers.head.book == r.book.No && c.answers.head.seq == next ||
		c.receipts.ok && c.receipts.head.Book == r.book.No && c.receipts.head.Seq == next
	if witnessed && r.book.Head.Seq >= next {
		return r.broken("posting", ", "+seqText(next), "a transaction", "none")
	}
	none := *new(ledger.Transaction)
	none.Book = r.book.No
	switch {
	case c.receipts.ok && c.receipts.head.Book == r.book.No:
		return r.receiptRow(&c.receipts.head, &none)
	case c.items.ok && c.items.head.Book == r.book.No:
		return r.itemRow(&c.items.head, &none)
	case c.answers.ok && c.answers.head.book == r.book.No:
		return r.unanswered(c.answers.head)
	case c.unapplied.ok && c.unapplied.head.Book == r.book.No:
		return r.broken("unapplied", ", "+seqText(c.unapplied.head.Seq), "a transaction that left it", "none")
	case c.suspense.ok && c.suspense.head.Book == r.book.No:
		return r.broken("suspense", ", "+seqText(c.suspense.head.Seq), "a transaction that left it", "none")
	case c.sealed.ok && c.sealed.head.Book == r.book.No:
		return r.broken("seal_book", fmt.Sprintf(", close %d", c.sealed.head.Close), "transactions that it sealed", "none")
	}
	return nil
}

// pairsHash mixes the postings; mirrored exchanges the sides of each.
func pairsHash(postings []ledger.Posting, mirrored bool) uint64 {
	const prime = 1099511628211 // FNV-1a, over words
	h := uint64(14695981039346656037)
	for _, p := range postings {
		if mirrored {
			p.Debit, p.Credit = p.Credit, p.Debit
		}
		for _, n := range [...]int64{int64(p.Debit), int64(p.Credit), int64(p.Cents), p.Item} {
			h = (h ^ uint64(n)) * prime
		}
	}
	return h
}

// ends reports whether t ends another transaction of its book for ever: it
// reverses it, moves it out, ends it while pending, or moves a refund's or a
// dispute's money on. A merge moves what is left of unapplied money, and a refund
// or dispute takes some of a placement, which ends nothing.
func ends(t *ledger.Transaction, act payment.Act) bool {
	return t.Phase == ledger.PostPending || t.Phase == ledger.VoidPending ||
		strings.HasSuffix(string(t.Event), ledger.ReversedSuffix) ||
		t.Event == chart.PaymentMovedOut && (act == payment.Move || act == payment.Settle) ||
		wayBack[t.Event].ends
}
