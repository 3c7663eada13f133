package member

import (
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Basis says why a party owes.
type Basis string

// The bases.
const (
	OwesAsSelf       Basis = "self"
	OwesAsSubscriber Basis = "subscriber"
	OwesAsGuarantor  Basis = "guarantor"
	OwesAsSponsor    Basis = "sponsor" // an employer, sponsor or agency that is billed for the group
)

// Debtor is who owes an item, and why.
type Debtor struct {
	Number billpay.Number
	Basis  Basis
}

// Owing is what decides who owes for one member.
type Owing struct {
	Member     Subject
	Subscriber billpay.Number // the member's own number when they hold the coverage
	Sponsor    billpay.Number // set when premiums are billed to a group, else zero
	Guarantor  billpay.Number // zero when nobody answers for the member
}

// DebtorOf gives who owes an item that arises on a date:
//
//   - a premium: the sponsor where the group is billed, else the subscriber;
//   - an adult's care: the adult;
//   - a minor's ordinary care: the guarantor;
//   - a minor's other care: the minor, because a bill to the guarantor would
//     reveal it (45 CFR 164.502(g)(3); Cal. Family Code 6920-6929 frees the
//     parents from paying for what the minor consented to).
//
// It fails with fault.Conflict when the debtor that the rule names is not on
// file; such an item waits for staff.
func DebtorOf(o Owing, item Item, on calendar.Date) (Debtor, error) {
	debtor := debtorOf(o, item, on)
	if debtor.Number.IsZero() {
		return Debtor{}, fault.New(fault.Conflict, "member.DebtorOf", "the member has no %s on file, who owes this item", debtor.Basis).
			WithHint("Record the household's subscriber or guarantor, then bill again.")
	}
	return debtor, nil
}

func debtorOf(o Owing, item Item, on calendar.Date) Debtor {
	switch {
	case item.isPremium() && !o.Sponsor.IsZero():
		return Debtor{o.Sponsor, OwesAsSponsor}
	case item.isPremium():
		return Debtor{o.Subscriber, OwesAsSubscriber}
	case item.Class == Ordinary && o.Member.Person.MinorOn(on):
		return Debtor{o.Guarantor, OwesAsGuarantor}
	}
	return Debtor{o.Member.Number, OwesAsSelf}
}

// DebtorFrom is one entry of a member's history: from a date on, this is the
// debtor of ordinary items in a fund, until a later entry says otherwise.
type DebtorFrom struct {
	Member billpay.Number
	Fund   chart.Fund
	From   calendar.Date
	Debtor Debtor
}

// Debtors is the history of who owes for whom. It only grows; an entry with
// the same member, fund and date as an earlier one corrects it.
type Debtors struct{ entries []DebtorFrom }

// With gives the history with an entry added. The receiver is unchanged.
func (d Debtors) With(entry DebtorFrom) Debtors {
	return Debtors{append(slices.Clip(d.entries), entry)}
}

// Entries lists the history in the order in which it was recorded.
func (d Debtors) Entries() []DebtorFrom { return slices.Clone(d.entries) }

// On resolves a member's number, a fund and a date to the debtor. It reports
// false before the first entry.
func (d Debtors) On(member billpay.Number, fund chart.Fund, on calendar.Date) (Debtor, bool) {
	var found DebtorFrom
	for _, e := range d.entries {
		if e.Member == member && e.Fund == fund && !on.Before(e.From) && !e.From.Before(found.From) {
			found = e
		}
	}
	return found.Debtor, !found.From.IsZero()
}

// DebtorsFrom gives the entries that hold for a member from a date on, in every
// fund, with the change of debtor at the 18th birthday already in them.
func DebtorsFrom(o Owing, from calendar.Date) ([]DebtorFrom, error) {
	var entries []DebtorFrom
	for _, fund := range chart.Funds() {
		dates := []calendar.Date{from}
		if o.Member.Person.MinorOn(from) && fund != chart.Premium {
			dates = append(dates, o.Member.Person.BirthDate.AddYears(Majority))
		}
		for _, date := range dates {
			debtor, err := DebtorOf(o, Item{Fund: fund}, date)
			if err != nil {
				return nil, err
			}
			entries = append(entries, DebtorFrom{o.Member.Number, fund, date, debtor})
		}
	}
	return entries, nil
}
