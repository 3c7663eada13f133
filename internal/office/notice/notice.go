// Package notice knows the letters that the premium rules make due, bills among
// them: which there are, what each must say and under which law, how they read in
// English and Spanish, who agreed to electronic ones, and what proves that one was
// sent.
//
// It finds no duty: package cover/grace says that a letter is due, the daily run
// fills in its Facts and gives it to Desk.Keep. It knows neither paper nor mail
// server: a Press and a Mailer carry what it composes.
//
// Invariants:
//   - A notice is kept once per book and key, and is never changed.
//   - A notice that lacks a fact that its rule demands is refused, not sent thin.
//   - It stays due until what sent it is recorded in the same transaction.
//   - It goes on paper unless an e-consent stands, and what ends coverage goes on
//     paper always.
//   - A mailed link leads to one letter. Its token is in the mail and nowhere else.
//   - Facts are dates, amounts and words of fixed lists; no free text reaches a member.
//
// Start reading at Notice, then the table requirements in facts.go, Compose in
// letter.go, and Desk in desk.go, mail.go and print.go. docs/finance-office/notices.md has the table in
// words.
package notice

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
)

// Kind is which letter it is.
type Kind string

// The kinds.
const (
	Invoice              Kind = "invoice"
	BinderReminder       Kind = "binder_reminder"         // the first payment, before its deadline
	BinderMissed         Kind = "binder_missed"           // cancelled, never effective
	APTCDelinquency      Kind = "aptc_delinquency"        // start of the three months' grace
	ProviderGrace        Kind = "provider_grace"          // a fact for providers, not a letter
	StateGrace           Kind = "state_grace"             // start of a grace under state law
	Termination          Kind = "termination"             // ended because it was not paid
	Cancelled            Kind = "cancelled"               // withdrawn or never effective, not for want of payment
	COBRAElection        Kind = "cobra_election"          // the right to go on, after coverage was lost
	COBRAFirstPayment    Kind = "cobra_first_payment"     // the first payment after the election
	COBRAShortfall       Kind = "cobra_shortfall"         // an insignificant shortfall, with time to pay it
	COBRAEarlyEnd        Kind = "cobra_early_end"         // ended before its longest time
	MedicareFailureToPay Kind = "medicare_failure_to_pay" // start of the grace of a Medicare plan
	MedicareDisenrolment Kind = "medicare_disenrolment"
	ReturnedPayment      Kind = "returned_payment" // a payment came back from the bank
	LateMoney            Kind = "late_money"       // money after the last moment: held, to be decided
	Reinstatement        Kind = "reinstatement"    // coverage goes on without a gap
	RefundMade           Kind = "refund_made"
	DirectBill           Kind = "direct_bill"    // a withhold was rejected or ended
	GroupEnded           Kind = "group_ended"    // the employer's group, to its members
	CoverageEnded        Kind = "coverage_ended" // as asked for, or for a reason other than payment

	AutopayStarted Kind = "autopay_started" // the payer's copy of a consent to be debited
	AutopayChange  Kind = "autopay_change"  // the next debit differs from the one before
	AutopayStopped Kind = "autopay_stopped" // nothing is debited any more
	CardExpiring   Kind = "card_expiring"   // the card that is debited

	UnclaimedMoney Kind = "unclaimed_money" // its owner is silent, and a state's law takes it
)

// Kinds lists every kind.
func Kinds() []Kind {
	return []Kind{
		Invoice, BinderReminder, BinderMissed, APTCDelinquency, ProviderGrace, StateGrace, Termination, Cancelled, COBRAElection,
		COBRAFirstPayment, COBRAShortfall, COBRAEarlyEnd, MedicareFailureToPay, MedicareDisenrolment, ReturnedPayment, LateMoney, Reinstatement,
		RefundMade, DirectBill, GroupEnded, CoverageEnded, AutopayStarted, AutopayChange, AutopayStopped, CardExpiring,
		UnclaimedMoney,
	}
}

// Letter reports whether a kind is a letter to a member; what is none is kept as
// a fact for those who ask, such as providers.
func (k Kind) Letter() bool { return k != ProviderGrace }

// OfAccount reports whether a kind is about a billing account, and about no policy.
func (k Kind) OfAccount() bool {
	return slices.Contains([]Kind{AutopayStarted, AutopayChange, AutopayStopped, CardExpiring, UnclaimedMoney}, k)
}

// AlwaysPaper reports whether a kind goes on paper also where an e-consent
// stands: nobody learns from a mail that went astray that he is not covered.
func (k Kind) AlwaysPaper() bool {
	return slices.Contains([]Kind{BinderMissed, Termination, Cancelled, COBRAElection, COBRAEarlyEnd, MedicareDisenrolment, GroupEnded, CoverageEnded}, k)
}

// Review is how far a translation was checked by a person.
type Review string

// The states of review.
const (
	Source     Review = "source"     // written in this language
	Unreviewed Review = "unreviewed" // translated, and read by no qualified translator yet
	Reviewed   Review = "reviewed"   // by a qualified translator (45 CFR 92.201(c)(3))
)

// KeyMax bounds a notice's key in bytes.
const KeyMax = 120

// Notice is one letter that is due, or a fact for providers.
type Notice struct {
	Book     ledger.BookNo // of whom it is written to: the debtor
	Policy   coverage.Key  // that it is about; zero when it is about the account
	Kind     Kind
	Key      string        // names the duty within the book: the same duty makes one notice
	DueBy    calendar.Date // last day to send it; zero when no rule names one
	MadeOn   calendar.Date // the letter's own date
	Language string        // that it is written in: "en" or "es"
	Review   Review        // of the text in that language when it was made
	Facts    Facts
	Bill     *invoice.Invoice // that an Invoice sends out; it is kept where invoices are
}

// New makes a notice in the language that serves a wish ("es-MX" is Spanish,
// what there are no words in is English). Invalid when it lacks its book, policy,
// key or date, or a fact that its rule demands; the message names what.
func New(n Notice) (Notice, error) {
	const op = "notice.New"
	switch {
	case !slices.Contains(Kinds(), n.Kind):
		return Notice{}, fault.New(fault.Invalid, op, "%q is no kind of notice", n.Kind)
	case n.Book <= 0 || n.Policy.Number.IsZero() && !n.Kind.OfAccount():
		return Notice{}, fault.New(fault.Invalid, op, "a notice %s names no account or no policy", n.Kind)
	case n.Key == "" || len(n.Key) > KeyMax:
		return Notice{}, fault.New(fault.Invalid, op, "a notice %s needs a key of at most %d bytes", n.Kind, KeyMax)
	case n.MadeOn.IsZero():
		return Notice{}, fault.New(fault.Invalid, op, "a notice %s has no date", n.Kind)
	}
	if err := n.Facts.check(n.Kind); err != nil {
		return Notice{}, err
	}
	w := wordsFor(n.Language)
	n.Language, n.Review = w.Tag, w.review(n.Kind)
	return n, nil
}
