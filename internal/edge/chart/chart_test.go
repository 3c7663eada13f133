package chart_test

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/chart"
)

func TestBars_IsWellFormedAndSaysWhatItShows(t *testing.T) {
	svg := chart.Bars(chart.Picture{
		ID: "cash", Title: "Cash <by> rail", Description: "Two rails", Labels: []string{"1/premium/clearing-lockbox", `a "quoted" & long label that goes on and on`, "zero"},
		Cents: []money.Cents{100_00, -50_00, 0},
	})
	decoder := xml.NewDecoder(strings.NewReader(svg))
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
	}
	for _, want := range []string{`<title id="cash-title">Cash &lt;by&gt; rail</title>`, `<desc id="cash-desc">Two rails</desc>`, `role="img"`, ">$100.00<", ">-$50.00<"} {
		if !strings.Contains(svg, want) {
			t.Errorf("%s is not in %s", want, svg)
		}
	}
	if strings.Contains(svg, "style") || strings.Contains(svg, "script") {
		t.Error("the picture brings styles or scripts")
	}
	if chart.Bars(chart.Picture{ID: "none"}) != "" {
		t.Error("a picture of nothing was drawn")
	}
}
