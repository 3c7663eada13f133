package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/edge/exchange/enrolfile"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/outbound"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/store"
)

// enrolledReport is what a file did that brings members and their policies.
type enrolledReport struct {
	enrolment.Report
	Policies policy.Report `json:"policies"`
}

// refusedRows counts the rows of a report of which nothing was done.
func refusedRows(report any) int {
	switch r := report.(type) {
	case enrolment.Report:
		return r.Refused
	case policy.Report:
		return r.Refused
	case outbound.AnswerReport:
		return r.Refused
	case enrolledReport:
		return r.Refused + r.Policies.Refused
	}
	return 0
}

// receivedOn is the day on which a file was taken, where premiums are billed.
func (o *office) receivedOn(file intake.Kept) calendar.Date {
	entity, _ := o.plan.Entity(o.plan.EntityOf(chart.Premium)) // every fund has one
	return entity.PostingDay(file.ReceivedAt)
}

func (o *office) policies834(received calendar.Date) policy.Reader {
	return enrolfile.Policies834{Sender: o.plan.Sender, ReceivedOn: received}.Read
}

// policiesFile is the CSV of policies.
type policiesFile struct {
	intake.Format
	office *office
}

// Prove implements intake.Roster.
func (f policiesFile) Prove(_ context.Context, open func() io.Reader) ([]fault.Problem, error) {
	return enrolfile.ReadPolicies(open(), func(policy.Row) error { return nil })
}

// Apply implements intake.Roster.
func (f policiesFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	access, err := audit.By(file.Actor, "policies file", string(file.Opaque))
	if err != nil {
		return nil, err
	}
	return f.office.members.policies.Import(ctx, access, policy.File{Open: open, Read: enrolfile.ReadPolicies})
}

// ratesFile is the CSV of rates.
type ratesFile struct {
	intake.Format
	office *office
}

// ratesReport is what a rate table did.
type ratesReport struct {
	Verdict fault.Verdict `json:"verdict"`
	Rows    int           `json:"rows"` // of the table that is in force now
}

// Prove implements intake.Roster.
func (f ratesFile) Prove(_ context.Context, open func() io.Reader) ([]fault.Problem, error) {
	file := &io.LimitedReader{R: open(), N: store.RatesBytesMax + 1}
	_, problems, err := premium.ReadRates(file)
	if file.N == 0 {
		return []fault.Problem{{Message: fmt.Sprintf("a rate table has at most %d bytes", store.RatesBytesMax)}}, nil
	}
	return problems, err
}

// Apply implements intake.Roster.
func (f ratesFile) Apply(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	var body strings.Builder
	if _, err := io.Copy(&body, open()); err != nil {
		return nil, fault.Wrap("rates", err)
	}
	if err := f.office.store.SaveRates(ctx, file.Name, body.String()); err != nil {
		return nil, err
	}
	rates, err := f.office.store.Rates(ctx)
	if err != nil {
		return nil, err
	}
	return ratesReport{fault.Accept, rates.Rows()}, nil
}
