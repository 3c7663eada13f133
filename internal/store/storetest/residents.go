package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// Residents puts a member of a region on file for each ZIP code and gives their
// numbers, ascending: "Reader0 Ruiz" with the first ZIP code has the first. One
// with the ZIP code "" has no address.
func (o *Office) Residents(t testing.TB, region string, zips ...string) []billpay.Number {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := o.Store.Reserve(context.Background(), issuer.Draw(len(zips)))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(numbers)
	var edits []enrolment.Edit
	for i, number := range numbers {
		m := &enrolment.Member{Number: number, Opaque: ident.NewOpaque(), Version: 1, Standing: enrolment.Standing{Subscriber: number}}
		m.Record.Person = member.Person{Name: member.Name{First: fmt.Sprintf("Reader%d", i), Last: "Ruiz"}, Region: region}
		if zips[i] != "" {
			m.Record.Person.Residence = member.Address{Line1: "1 Main Street", City: "Town", State: "CO", ZIP: zips[i]}
		}
		edits = append(edits, enrolment.Edit{After: m})
	}
	if err := o.Store.SaveMembers(context.Background(), &enrolment.Writes{Edits: edits}); err != nil {
		t.Fatal(err)
	}
	return numbers
}
