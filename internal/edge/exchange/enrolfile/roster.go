package enrolfile

import (
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/member"
)

// ReadRoster reads the CSV roster of docs/formats/roster-csv.md as rows. It is
// an enrolment.Reader.
func ReadRoster(r io.Reader, each func(enrolment.Row) error) ([]fault.Problem, error) {
	n := 0
	return member.ReadRoster(r, func(row member.Row) error {
		n++
		return each(enrolment.Row{
			Line: row.Line, Record: fmt.Sprintf("row %d", n), Change: row.Change, Alias: row.Alias,
		})
	})
}
