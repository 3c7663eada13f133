package ach

import (
	"context"
	"io"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/rail/bankbill"
)

// Rail reads NACHA files that come: credits to the plan, which are posted, and what
// answers entries of ours.
type Rail struct {
	bankbill.Rail
	Desk *clearing.Desk
}

// New makes the rail. Without a desk, answers stop a file.
func New(desk *clearing.Desk) Rail { return Rail{bankbill.Rail{Answers: desk != nil}, desk} }

var _ intake.Beside = Rail{}

// Rest implements intake.Beside: it takes the answers of a file.
func (r Rail) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	if r.Desk == nil {
		return nil, nil
	}
	report, err := r.Desk.Take(ctx, file.Book, file.Actor, func(each func(clearing.Answer) error) error {
		problems, err := Answers(open(), each)
		if err == nil && len(problems) > 0 {
			err = fault.New(fault.Corrupt, "ach.Rest", "the kept file no longer proves: %s", problems[0])
		}
		return err
	})
	if err != nil || report.Answers == 0 {
		return nil, err
	}
	return report, nil
}

// Answers reads a file for what answers entries of ours, in the file's order.
func Answers(r io.Reader, each func(clearing.Answer) error) ([]fault.Problem, error) {
	_, problems, err := nacha.Scan(r, func(e nacha.Entry) error {
		if e.Return == nil && e.Change == nil {
			return nil
		}
		return each(answer(&e))
	})
	return problems, err
}

func answer(e *nacha.Entry) clearing.Answer {
	a := clearing.Answer{
		Line: e.Line, Company: strings.TrimSpace(e.Batch.CompanyID), Trace: trace(e.Trace), Amount: e.Amount, Credit: e.Credit(),
		SettledOn: e.Batch.EffectiveDate,
	}
	if e.Return != nil {
		a.Kind, a.Code, a.Original, a.Said = clearing.Return, e.Return.Code, trace(e.Return.OriginalTrace), strings.TrimSpace(e.Return.Information)
		if kind, between := clearing.Disputed(a.Code); between {
			a.Kind = kind
		}
		return a
	}
	a.Kind, a.Code, a.Original = clearing.Change, e.Change.Code, trace(e.Change.OriginalTrace)
	if a.Code >= "C61" {
		a.Kind = clearing.ChangeRefused
	}
	correction, readable := e.Change.Correction()
	a.Corrected = clearing.Correction{
		Routing: correction.RDFI, Number: correction.Account, TransactionCode: correction.TransactionCode, Readable: readable,
	}
	return a
}

// trace reads fifteen digits, which the format has proved; 0 for blanks.
func trace(digits string) clearing.Trace {
	n, err := strconv.ParseInt(strings.TrimSpace(digits), 10, 64)
	if err != nil {
		return 0
	}
	return clearing.Trace(n)
}
