package main

import (
	"context"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/rail/ach"
	"github.com/billfold/billfold/internal/rail/bankbill"
	"github.com/billfold/billfold/internal/rail/lockbox"
)

// creditFile is a file of the clearing house that comes: credits, answers to entries of
// ours, and bill payments that are taken back.
type creditFile struct {
	ach.Rail
	office *office
}

func (o *office) credits() creditFile {
	rail := ach.New(o.clearing)
	rail.Reversals = true
	return creditFile{rail, o}
}

// lockboxes is how the office reads cheques.
func (o *office) lockboxes() lockbox.Rail {
	rail := lockbox.New()
	rail.House, rail.Payers = o.house, o.store
	return rail
}

// besideCredits is what else such a file brought.
type besideCredits struct {
	Answers   any             `json:"answers,omitempty"`
	Reversals reversal.Report `json:"reversals"`
}

// Rest implements intake.Beside.
func (f creditFile) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	answers, err := f.Rail.Rest(ctx, file, open)
	if err != nil {
		return nil, err
	}
	report, err := reversal.New(f.office.store, f.office.cashier).Take(ctx, file.Actor, func(each func(reversal.Wanted) error) error {
		problems, err := bankbill.Reversals(open(), each)
		if err == nil && len(problems) > 0 {
			err = fault.New(fault.Corrupt, "creditFile.Rest", "the kept file no longer proves: %s", problems[0])
		}
		return err
	})
	if err != nil || report.Reversed == 0 && len(report.Unmatched) == 0 {
		return answers, err
	}
	return besideCredits{answers, report}, nil
}
