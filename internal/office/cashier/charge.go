package cashier

import (
	"context"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/payments/payment"
)

// Charging is what a billing run finds due in a chunk of books: what becomes
// owed, what is taken back, and the lines and bills that say so.
type Charging struct {
	Items   []openitem.Item
	Credits []Credit
	// Charges are the lines. One with ItemNo below zero belongs to the new item that
	// stands at place -ItemNo-1 of Items; one with 0 is nobody's item here.
	Charges  []coverage.Charge
	Billed   map[coverage.Key]coverage.Billed
	Payers   []PayerCharge // of a payer's book; ItemNo is as that of Charges
	Invoices []StoredInvoice
	// Prescriptions are bills of the prescription payment plan; ItemNo is as that of
	// Charges.
	Prescriptions []PrescriptionBill
	Report        string // what the chunk did, for the run's report
}

// PayerCharge is what of a run's premium lines was billed to a payer for a month.
type PayerCharge struct {
	Book     ledger.BookNo
	Run      int64 // whose lines were added up
	Month    calendar.Month
	No       int64       // within the book, run and month, from 1
	Cents    money.Cents // below zero: taken back
	BilledOn calendar.Date
	ItemNo   int64 // the item that it made or was taken off
}

// Credit takes back what was billed: off what is open on the item, and what was
// paid already becomes unapplied money of the book.
type Credit struct {
	Book  ledger.BookNo
	Item  int64 // on which it was billed
	Purse chart.Purse
	Cents money.Cents // above zero
	// Prescription says that the item is of the prescription payment plan.
	Prescription bool
}

// StoredInvoice is a bill as it was given out. Body is the document, which this
// package does not read.
type StoredInvoice struct {
	Book     ledger.BookNo
	No       int64 // within the book, from 1
	Number   string
	Period   calendar.Month
	Sequence int   // within the period, from 1
	Posted   int64 // the book's transactions when it was made, those of its own items included
	IssuedOn calendar.Date
	DueOn    calendar.Date
	Due      money.Cents
	Run      int64
	Body     string
}

// RunChunk marks a stretch of books that a run has done.
type RunChunk struct {
	Run      int64
	From, To ledger.BookNo // the first and the last book
	DoneAt   time.Time
	Report   string
}

// Charge bills a chunk of books for a run, all in one storage transaction with
// the mark of the run's progress. Due is asked for what is due after the books
// were read, as often as they moved meanwhile: so that what two runs at once find
// is billed once.
func (c *Cashier) Charge(
	ctx context.Context, order Order, chunk RunChunk, books []ledger.BookNo,
	due func(ctx context.Context, books map[ledger.BookNo]Book) (Charging, error),
) (Done, error) {
	const op = "cashier.Charge"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	content := struct {
		Run      int64
		From, To ledger.BookNo
	}{chunk.Run, chunk.From, chunk.To}
	want := Want{Books: books, ToWrite: true}
	return c.act(ctx, payment.Charge, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		found, refs, err := c.chargeDue(ctx, d, op, order, claim, due)
		if err != nil {
			return nil, err
		}
		d.keepInvoices(&found)
		chunk.DoneAt, chunk.Report = d.now, found.Report
		d.writes.Charges, d.writes.Billed, d.writes.Chunk = found.Charges, found.Billed, &chunk
		return refs, nil
	})
}

// ChargePayer bills an organisation what it owes of a run's premium lines. No
// tells the times apart that this was done for the run and the book, from 1: the
// same again is a repeat. Due is asked as with Charge.
func (c *Cashier) ChargePayer(
	ctx context.Context, order Order, run, no int64, book ledger.BookNo, due func(context.Context, Book) (Charging, error),
) (Done, error) {
	const op = "cashier.ChargePayer"
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	content := struct {
		Run, No int64
		Book    ledger.BookNo
	}{run, no, book}
	want := Want{Books: []ledger.BookNo{book}, ToWrite: true}
	return c.act(ctx, payment.Charge, order, content, want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		found, err := due(ctx, d.have.Books[book])
		if err != nil {
			return nil, err
		}
		refs, err := c.charge(d, op, order, claim, &found)
		if err != nil {
			return nil, err
		}
		d.keepInvoices(&found)
		d.writes.Payers = found.Payers
		return refs, nil
	})
}

// keepInvoices keeps bills, each as of what was posted for it.
func (d *desk) keepInvoices(found *Charging) {
	for i := range found.Invoices {
		found.Invoices[i].Posted = d.books[found.Invoices[i].Book].Head.Seq
	}
	d.writes.Invoices = found.Invoices
}

// chargeDue asks for what is due and makes it owed, or takes it back.
func (c *Cashier) chargeDue(
	ctx context.Context, d *desk, op string, order Order, claim *payment.Claim,
	due func(ctx context.Context, books map[ledger.BookNo]Book) (Charging, error),
) (Charging, []Ref, error) {
	found, err := due(ctx, d.have.Books)
	if err != nil {
		return found, nil, err
	}
	if err := c.bringCredited(ctx, d, found.Credits); err != nil {
		return found, nil, err
	}
	refs, err := c.charge(d, op, order, claim, &found)
	return found, refs, err
}

// bringCredited reads the books of credits that are not here: somebody else was the
// debtor when the item was billed.
func (c *Cashier) bringCredited(ctx context.Context, d *desk, credits []Credit) error {
	var missing []ledger.BookNo
	for _, credit := range credits {
		if d.books[credit.Book] == nil && !slices.Contains(missing, credit.Book) {
			missing = append(missing, credit.Book)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return c.bring(ctx, d, Want{Books: missing, ToWrite: true})
}

func (c *Cashier) charge(d *desk, op string, order Order, claim *payment.Claim, found *Charging) ([]Ref, error) {
	refs := make([]Ref, 0, len(found.Items)+len(found.Credits))
	documents := []ledger.DocDigest{claim.Digest()} // of the first transaction
	numbers := make([]Ref, len(found.Items))
	for i, item := range found.Items {
		if err := item.Validate(); err != nil {
			return nil, fault.New(fault.Internal, op, "item %d of the run: %v", i+1, err)
		}
		ref, err := c.billOne(d, op, order, claim, item, false, documents)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		refs, documents = append(refs, ref), nil
		numbers[i] = Ref{ref.Book, d.books[ref.Book].LastItem}
	}
	for i := range found.Charges {
		if place := -found.Charges[i].ItemNo - 1; place >= 0 {
			found.Charges[i].ItemBook, found.Charges[i].ItemNo = numbers[place].Book, numbers[place].Seq
		}
	}
	for i := range found.Payers {
		if place := -found.Payers[i].ItemNo - 1; place >= 0 {
			found.Payers[i].ItemNo = numbers[place].Seq
		}
	}
	for i := range found.Prescriptions {
		if place := -found.Prescriptions[i].ItemNo - 1; place >= 0 {
			found.Prescriptions[i].ItemBook, found.Prescriptions[i].ItemNo = numbers[place].Book, numbers[place].Seq
		}
	}
	for _, credit := range found.Credits {
		ref, err := c.credit(d, op, order, claim, credit, documents)
		if err != nil {
			return nil, err
		}
		refs, documents = append(refs, ref), nil
	}
	return refs, nil
}

// credit takes an amount back off an item, and leaves what was paid of it already
// as unapplied money.
func (c *Cashier) credit(
	d *desk, op string, order Order, claim *payment.Claim, credit Credit, documents []ledger.DocDigest,
) (Ref, error) {
	b := d.survivor(d.books[credit.Book])
	if b == nil {
		return Ref{}, fault.New(fault.NotFound, op, "the book of a credit was not read")
	}
	off := money.Cents(0)
	if item := b.item(credit.Item); item != nil && b.No == credit.Book {
		off = min(credit.Cents, item.Open)
	}
	t := transaction(b.No, chart.ItemCredited, order.Actor)
	t.PostedOn = c.house.PostingDay(credit.Purse.Entity)
	t.EffectiveOn, t.Link, t.Reason, t.Documents = t.PostedOn, string(claim.ID), order.Reason, documents
	t.Postings = chart.CreditPostings(credit.Purse, chart.Applied{Item: credit.Item, Cents: off}, credit.Cents-off,
		against(credit.Prescription, false))
	if off > 0 {
		d.setOpen(b, credit.Item, -off)
	}
	d.post(&t)
	if left := credit.Cents - off; left > 0 {
		d.writes.Unapplied = append(d.writes.Unapplied, Unapplied{
			Book: b.No, Seq: t.Seq, Purse: credit.Purse, Received: t.EffectiveOn, Amount: left, Open: left,
		})
	}
	return Ref{t.Book, t.Seq}, nil
}
