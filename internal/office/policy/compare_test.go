package policy_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/policy"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestImport_AnAuditsFindingsAreKept(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		ctx := context.Background()
		d.send(row(), row(func(s *policy.Sent) { s.PolicyID = "P2" }))
		book, err := o.Store.OpenOperatingBook(ctx, "file", 0)
		if err != nil {
			t.Fatal(err)
		}
		rows := []policy.Row{
			row(does("030", "2026-02-01"), func(s *policy.Sent) { s.Categories[1].Value = "590.00" }),
			row(does("030", "2026-02-01"), func(s *policy.Sent) { s.PolicyID = "P7" }),
		}
		for i := range rows {
			rows[i].Line = 10 + i
		}
		for range 2 { // a repeated import keeps nothing twice
			_, err := d.policies.Import(ctx, d.access, policy.File{
				Book: book, Open: func() io.Reader { return nil },
				Read: func(_ io.Reader, each func(policy.Row) error) ([]fault.Problem, error) {
					for _, r := range rows {
						if err := each(r); err != nil {
							return nil, err
						}
					}
					return nil, nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		found, err := o.Store.Findings(ctx, book, 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range found {
			got = append(got, fmt.Sprintf("%d %s %s: %s, %s", f.Line, f.Field, f.From, f.Stated, f.OnFile))
		}
		want := []string{
			"10 tax_credit 2026-01-01: 590.00, 600.00", "10 responsible 2026-01-01: 210.00, 200.00", "11 missing_here : in the audit, not on file",
			"0 missing_there : not in the audit, covered",
		}
		if !slices.Equal(got, want) {
			t.Errorf("got  %q\nwant %q", got, want)
		}
		audits, err := o.Store.Audits(ctx, 10)
		if err != nil || len(audits) != 1 {
			t.Fatalf("got %+v, %v", audits, err)
		}
		if a := audits[0]; a.File != book || a.Rows != 2 || a.Differing != 1 || a.Unknown != 1 || a.Covered != 2 || a.Absent != 1 || a.Source != source {
			t.Errorf("got %+v", a)
		}
	})
}
