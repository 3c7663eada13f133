package store_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/store/storetest"
)

// The newest table is in force and the others are kept.
func TestRates_TheNewestIsInForce(t *testing.T) {
	text, err := os.ReadFile("../../testdata/zoo/rates/good.csv")
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		ctx := context.Background()
		if rates, err := o.Store.Rates(ctx); rates != nil || err != nil {
			t.Errorf("without any: got %v, %v", rates, err)
		}
		const small = "basis,product,state,from,tier,rate\ntier,P,CO,2026-01-01,family,1.00\n"
		for _, body := range []string{small, string(text), string(text)} {
			if err := o.Store.SaveRates(ctx, "rates.csv", body); err != nil {
				t.Fatal(err)
			}
		}
		rates, err := o.Store.Rates(ctx)
		if err != nil || rates.Rows() != strings.Count(string(text), "\n")-1 {
			t.Errorf("got %d rows, %v", rates.Rows(), err)
		}
		if kept := storetest.Rows(t, o, "rate_table"); !strings.Contains(kept, "tier,P,CO") {
			t.Errorf("the older table is gone: %s", kept)
		}
		if err := o.Store.SaveRates(ctx, "bad.csv", "basis\nage\n"); fault.KindOf(err) != fault.Invalid {
			t.Errorf("got %v, want a refusal of what is no rate table", err)
		}
	})
}
