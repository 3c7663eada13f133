package bench

import (
	"testing"
	"time"

	"github.com/billfold/billfold/internal/store/throwaway"
)

// The benches are programs of their own right: each must run from end to end
// and prove what it did. The figures of so short a run mean nothing, so it need
// not be on a disk.
func TestRun(t *testing.T) {
	for _, c := range []struct{ name, engine string }{
		{"online", "sqlite"}, {"web", "sqlite"}, {"file", "sqlite"}, {"numbers", "sqlite"}, {"file", "postgres"},
		{"numbers", "postgres"}, {"billing", "sqlite"}, {"billing", "postgres"}, {"status", "sqlite"}, {"status", "postgres"},
		{"autopay", "sqlite"}, {"autopay", "postgres"}, {"reconcile", "sqlite"}, {"reconcile", "postgres"},
	} {
		t.Run(c.name+" on "+c.engine, func(t *testing.T) {
			figures := 0
			err := Run(t.Context(), c.name, Options{
				Engine: c.engine, Dir: throwaway.Memory(), Seconds: 200 * time.Millisecond, Items: 3000, Numbers: 30_000, People: 3000, Say: t.Logf,
			}, func(f Figure) error {
				if figures++; f.Rate <= 0 || f.Reference.Rate <= 0 || f.Ratio <= 0 {
					t.Errorf("got a figure without a rate or a reference: %+v", f)
				}
				t.Log(f)
				return nil
			})
			if err != nil || figures == 0 {
				t.Fatalf("got %d figures and %v", figures, err)
			}
		})
	}
}
