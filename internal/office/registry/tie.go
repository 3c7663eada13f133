package registry

import (
	"context"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Representation is somebody's standing as a person's representative.
type Representation struct {
	By billpay.Number // the representative
	member.Representation
}

// Grant is what a person lets somebody see or pay.
type Grant struct {
	To billpay.Number
	member.Grant
}

// Ties is everybody who stands in or pays for one person.
type Ties struct {
	Representations []Representation
	Grants          []Grant
}

// Represent records that somebody stands in for a person. Staff say whether they
// saw the document (45 CFR 164.514(h)).
func (r *Registry) Represent(ctx context.Context, access audit.Access, subject billpay.Number, tie Representation) error {
	return r.change(ctx, "registry.Represent", access, subject, func() error {
		return r.store.AddRepresentation(ctx, subject, tie)
	})
}

// Authorise records what a person lets somebody see or pay (45 CFR 164.510(b)).
func (r *Registry) Authorise(ctx context.Context, access audit.Access, subject billpay.Number, tie Grant) error {
	return r.change(ctx, "registry.Authorise", access, subject, func() error {
		if len(tie.Funds) == 0 || tie.Scope == member.NoScope || tie.By.IsZero() || tie.To.IsZero() || tie.From.IsZero() {
			return fault.New(fault.Invalid, "", "a grant names who gives it to whom, its funds, its scope and its first day")
		}
		return r.store.AddGrant(ctx, subject, tie)
	})
}

// Revoke ends everything that a person granted to a payer, from today on.
func (r *Registry) Revoke(ctx context.Context, access audit.Access, subject, payer billpay.Number) error {
	return r.change(ctx, "registry.Revoke", access, subject, func() error {
		now := r.clock.Now()
		return r.store.RevokeGrants(ctx, subject, payer, calendar.In(now, now.Location()))
	})
}

func (r *Registry) change(
	ctx context.Context, op string, access audit.Access, subject billpay.Number, change func() error,
) error {
	if err := r.trail.Record(ctx, access, audit.ChangeStanding, ledger.BookNo(subject)); err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, change())
}

// Visible lists the open items about a person that a viewer may see today, by
// the rules of member.MaySee and the ties on file. Two members without a tie see
// nothing of each other, whether or not there is something to see.
func (r *Registry) Visible(ctx context.Context, access audit.Access, viewer, subject billpay.Number) ([]openitem.Item, error) {
	const op = "registry.Visible"
	if err := r.trail.Record(ctx, access, audit.ReadVisible, ledger.BookNo(subject)); err != nil {
		return nil, fault.Wrap(op, err)
	}
	found, err := Resolve(ctx, r.store, []Reference{{Number: viewer}, {Number: subject}})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if found[0].Err != nil || found[1].Err != nil {
		return nil, nil
	}
	members, err := r.store.Members(ctx, []ledger.BookNo{found[1].Book.No})
	if err != nil || len(members) == 0 {
		return nil, fault.Wrap(op, err)
	}
	m := &members[0]
	v, err := r.viewer(ctx, found[0].Book, m)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	funds, err := r.openItems(ctx, found[1].Book)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	on := r.today(m)
	about := member.Subject{Number: m.Number, Person: m.Record.Person}
	var visible []openitem.Item
	for _, fund := range funds {
		for _, item := range fund.Items {
			seen := member.Item{Fund: fund.Fund, Class: item.Privacy.Class()}
			if item.About == found[1].Book.No && member.MaySee(v, about, seen, on).Allowed {
				visible = append(visible, item)
			}
		}
	}
	return visible, nil
}

// viewer gathers every tie of a viewer to a member.
func (r *Registry) viewer(ctx context.Context, b cashier.Book, m *enrolment.Member) (member.Viewer, error) {
	number := billpay.Number(b.No)
	v := member.Viewer{Number: number, Kind: member.MemberParty, Ties: member.Ties{
		Guarantor: m.Standing.Guarantor == number, Subscriber: m.Standing.Subscriber == number,
		Sponsor: m.Standing.Sponsor == number && m.Standing.SponsorPays,
	}}
	o, err := r.store.Organisation(ctx, b.No)
	switch {
	case err == nil:
		v.Kind = o.Kind
	case fault.KindOf(err) != fault.NotFound:
		return v, err
	}
	ties, err := r.store.Ties(ctx, m.Number)
	if err != nil {
		return v, err
	}
	for _, t := range ties.Representations {
		if t.By == number {
			v.Ties.Representations = append(v.Ties.Representations, t.Representation)
		}
	}
	for _, t := range ties.Grants {
		if t.To == number {
			v.Ties.Grants = append(v.Ties.Grants, t.Grant)
		}
	}
	return v, nil
}
