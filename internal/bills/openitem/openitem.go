// Package openitem knows what is owed: one item per premium month, visit or
// prescription, in the book of whoever owes it, and the CSV file by which
// another system hands items over.
//
// It knows the item and what makes one well formed. It does not know how money
// is applied (payments/allocate) or posted (books/chart).
package openitem

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/member"
)

// Privacy is the class of an item, as it is stored and written in files: who may
// know of it besides the person it is about. Package member decides by its Class.
type Privacy string

// The privacy classes.
const (
	Ordinary     Privacy = "ordinary"
	MinorConsent Privacy = "minor_consent" // the minor consented alone: 45 CFR 164.502(g)(3)
	Sensitive    Privacy = "sensitive"     // sensitive services under state law
	Confidential Privacy = "confidential"  // confidential communication asked for: 45 CFR 164.522(b)
)

// ParsePrivacy reads a class; "" is Ordinary.
func ParsePrivacy(s string) (Privacy, error) {
	switch p := Privacy(s); p {
	case "":
		return Ordinary, nil
	case Ordinary, MinorConsent, Sensitive, Confidential:
		return p, nil
	}
	return "", fmt.Errorf("%q is no privacy class: write ordinary, minor_consent, sensitive or confidential", s)
}

// Class gives the class by which the rules of privacy decide. A value that is
// none is taken for the strictest.
func (p Privacy) Class() member.Class {
	switch p {
	case Ordinary, "":
		return member.Ordinary
	case MinorConsent:
		return member.MinorConsent
	case Sensitive:
		return member.Sensitive
	}
	return member.ConfidentialCommunication
}

// Item is something owed.
type Item struct {
	Book     ledger.BookNo // the debtor's
	No       int64         // within Book, from 1
	Purse    chart.Purse   // the legal entity and fund it is owed to
	About    ledger.BookNo // the person it is about
	DebtorOn calendar.Date // since when Book's person owes it
	Invoice  string        // the number on the bill, or ""
	Text     string        // what the bill says in a few words
	Fee      bool          // a fee gives way to a premium or charge due the same day
	Binder   bool          // a coverage waits for it: money that names nothing pays it first (45 CFR 147.104(i))
	// Prescription is of the Medicare Prescription Payment Plan: it stands in the
	// premium fund and is no premium. Premium is paid before it, and no coverage ends
	// for it (42 CFR 423.137).
	Prescription bool
	Privacy      Privacy
	ServiceOn    calendar.Date // the visit, the fill, or the first day of the coverage month
	DueOn        calendar.Date
	Amount       money.Cents // as billed; never changes
	Open         money.Cents // what is still owed: follows from the journal
	BilledSeq    int64       // the transaction of Book that made it owed
}

// Digest is the item's document digest: every field that never changes.
func (i *Item) Digest() ledger.DocDigest {
	fee := int64(0)
	if i.Fee {
		fee = 1
	}
	ints := []int64{
		int64(i.Book), i.No, int64(i.Purse.Entity), int64(i.Purse.Fund.No()), int64(i.About), fee, int64(i.Amount), i.BilledSeq,
	}
	if i.Binder {
		ints = append(ints, 1) // items of before there were binders keep their digest
	}
	if i.Prescription {
		ints = append(ints, 2)
	}
	return ledger.DocumentDigest("item", ints,
		[]string{
			i.DebtorOn.String(), i.Invoice, i.Text, string(i.Privacy), i.ServiceOn.String(), i.DueOn.String(),
		})
}

// TextMax and InvoiceMax bound what a bill says of an item, in bytes.
const (
	TextMax    = 120
	InvoiceMax = 40
)

// Validate checks an item that is about to be billed. It changes nothing.
func (i *Item) Validate() error {
	switch {
	case i.Amount <= 0 || i.Amount > money.Max:
		return fmt.Errorf("the amount must be above zero and at most %s", money.Max.Grouped())
	case i.DueOn.IsZero():
		return fmt.Errorf("an item needs a due date")
	case i.Purse.Entity == 0 || i.Purse.Fund.No() == 0:
		return fmt.Errorf("an item belongs to a fund of a legal entity")
	case i.About.IsOperating() || i.About == 0:
		return fmt.Errorf("an item is about a person with a bill pay number")
	case i.Prescription && (i.Purse.Fund != chart.Premium || i.Binder || i.Fee):
		return fmt.Errorf("an item of the prescription payment plan stands in the premium fund and is neither a fee nor awaited by a coverage")
	case len(i.Text) > TextMax || len(i.Invoice) > InvoiceMax:
		return fmt.Errorf("an item's text has at most %d bytes and its invoice number %d", TextMax, InvoiceMax)
	}
	return nil
}
