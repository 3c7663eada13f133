package chart

import (
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
)

// The business events that books record. A reversal has the event of what it
// takes back, followed by ".reversed".
const (
	ItemBilled       ledger.Event = "item.billed"       // an item became owed
	ItemCredited     ledger.Event = "item.credited"     // what was billed was taken back, in whole or part
	ItemMovedOut     ledger.Event = "item.moved_out"    // an item left for another debtor's book
	ItemMovedIn      ledger.Event = "item.moved_in"     // an item came from another debtor's book
	PaymentReceived  ledger.Event = "payment.received"  // money came in and was applied or left unapplied
	PaymentSuspended ledger.Event = "payment.suspended" // money came in whose owner is not certain
	SuspenseReleased ledger.Event = "suspense.released" // money left suspense for the book of its owner
	PaymentPlaced    ledger.Event = "payment.placed"    // money came from suspense or another book
	PaymentMovedOut  ledger.Event = "payment.moved_out" // money left a book in which it did not belong
	PaymentApplied   ledger.Event = "payment.applied"   // unapplied money was applied to items
	PaymentReapplied ledger.Event = "payment.reapplied" // money was placed anew in the book where it stood

	RemittanceCharged ledger.Event = "remittance.charged" // what a payer kept of its payment paid items all the same
	RemittanceSorted  ledger.Event = "remittance.sorted"  // what came with a payment and is no premium went to its account

	PaymentRefunded ledger.Event = "payment.refunded"         // money was taken back out, to be sent back
	RefundSent      ledger.Event = "payment.refund_sent"      // a refund left
	RefundReturned  ledger.Event = "payment.refund_returned"  // a refund that had left came back
	RefundCancelled ledger.Event = "payment.refund_cancelled" // a refund was given up: its money is the account's again

	RefundUnclaimed ledger.Event = "payment.refund_unclaimed" // its owner is lost: the money waits for a state's law
	RefundReclaimed ledger.Event = "payment.refund_reclaimed" // the owner was found before the state had it
	RefundRemitted  ledger.Event = "payment.refund_remitted"  // a state took it into custody

	PaymentDisputed ledger.Event = "payment.disputed"    // the bank took money back until it decides
	DisputeWon      ledger.Event = "payment.dispute_won" // the bank gave it back

	BankBooked    ledger.Event = "bank.booked"    // a line of a bank's statement moved cash
	BankExplained ledger.Event = "bank.explained" // what a line stands against changed: it was explained, or its explanation taken back

	FeesKept       ledger.Event = "processor.fees"   // what a card processor kept of what it settles
	LossWrittenOff ledger.Event = "loss.written_off" // what a bank took beyond what was left
	LossRegained   ledger.Event = "loss.regained"    // and gave back after all
)

// Applied is money put on one open item.
type Applied struct {
	Item  int64 // the item's number within its book
	Cents money.Cents
}

// BilledPosting makes an item owed: receivable against revenue earned; for an item
// taken over from an earlier system, against the opening balance; for one of the
// prescription payment plan, against what was advanced to pharmacies.
func BilledPosting(purse Purse, item Applied, against Code) ledger.Posting {
	return ledger.Posting{
		Debit: purse.Account(Receivable), Credit: purse.Account(against), Cents: item.Cents, Item: item.Item,
	}
}

// CreditPostings takes back what was billed: off what is open on the item, and
// what was paid of it already becomes unapplied money. Both come out of the account
// against which it was billed.
func CreditPostings(purse Purse, off Applied, paid money.Cents, against Code) []ledger.Posting {
	var postings []ledger.Posting
	if off.Cents > 0 {
		postings = append(postings, Transfer(purse, against, Receivable, off.Cents, off.Item))
	}
	if paid > 0 {
		postings = append(postings, Transfer(purse, against, Unapplied, paid, 0))
	}
	return postings
}

// Place puts money that stands on the account source of purse from onto items
// of purse to, and what is left onto to's unapplied account. Between two
// purses the money crosses over their interfund accounts, so that each purse's
// own books stay whole; that happens only on the payer's instruction.
func Place(from Purse, source Code, to Purse, applied []Applied, remainder money.Cents) []ledger.Posting {
	debit := from.Account(source)
	postings := make([]ledger.Posting, 0, len(applied)+2)
	if from != to {
		total := remainder
		for _, a := range applied {
			total += a.Cents
		}
		postings = append(postings, ledger.Posting{Debit: debit, Credit: from.Account(Interfund), Cents: total})
		debit = to.Account(Interfund)
	}
	for _, a := range applied {
		postings = append(postings, ledger.Posting{
			Debit: debit, Credit: to.Account(Receivable), Cents: a.Cents, Item: a.Item,
		})
	}
	if remainder > 0 {
		postings = append(postings, ledger.Posting{Debit: debit, Credit: to.Account(Unapplied), Cents: remainder})
	}
	return postings
}

// Taken is money of one purse that a transaction had placed.
type Taken struct {
	Suspense  money.Cents
	Unapplied money.Cents
	Items     []Applied
}

// Total is how much it is.
func (t *Taken) Total() money.Cents {
	sum := t.Suspense + t.Unapplied
	for _, a := range t.Items {
		sum += a.Cents
	}
	return sum
}

// TakeBack is Place the other way round: it takes money out of suspense, of
// unapplied money and off items of purse from, and puts it on the account target
// of purse to, from which it had come. Between two purses it goes back over the
// interfund accounts over which it crossed.
func TakeBack(from Purse, taken Taken, to Purse, target Code) []ledger.Posting {
	credit := to.Account(target)
	if from != to {
		credit = from.Account(Interfund)
	}
	postings := make([]ledger.Posting, 0, len(taken.Items)+3)
	take := func(debit Code, cents money.Cents, item int64) {
		if cents > 0 {
			postings = append(postings, ledger.Posting{Debit: from.Account(debit), Credit: credit, Cents: cents, Item: item})
		}
	}
	take(Suspense, taken.Suspense, 0)
	take(Unapplied, taken.Unapplied, 0)
	for _, a := range taken.Items {
		take(Receivable, a.Cents, a.Item)
	}
	if from != to {
		postings = append(postings, ledger.Posting{Debit: to.Account(Interfund), Credit: to.Account(target), Cents: taken.Total()})
	}
	return postings
}

// Transfer moves an amount between two accounts of one purse.
func Transfer(purse Purse, debit, credit Code, cents money.Cents, item int64) ledger.Posting {
	return ledger.Posting{Debit: purse.Account(debit), Credit: purse.Account(credit), Cents: cents, Item: item}
}

// Moved is how much money a transaction is about: its postings without those by
// which the same money crosses between two purses.
func Moved(t *ledger.Transaction) money.Cents {
	var sum money.Cents
	for _, p := range t.Postings {
		if Code(p.Credit%100) != Interfund {
			sum += p.Cents
		}
	}
	return sum
}
