package web

import (
	"bytes"
	"log/slog"
	"math"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/people/region"
)

func TestContrast_KnownValues(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#767676", "#ffffff", 4.54}, {"#777777", "#ffffff", 4.48}, {"#ff0000", "#ffffff", 4},
	} {
		a, _ := parseColour(c.a)
		b, _ := parseColour(c.b)
		if got := contrast(a, b); math.Abs(got-c.want) > 0.01 {
			t.Errorf("%s on %s: got %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestTheme_UnreadableColoursAreNotUsed(t *testing.T) {
	for _, c := range []struct {
		situation, primary, want string
		warned                   bool
	}{
		{"a dark green", "#1f5c4a", "--color-primary:#1f5c4a;", false},
		{"just enough", "#767676", "--color-primary:#767676;", false},
		{"a little too light", "#777777", "--color-primary:" + fallbackPrimary, true},
		{"yellow", "#ffdd00", "--color-primary:" + fallbackPrimary, true},
	} {
		t.Run(c.situation, func(t *testing.T) {
			var log bytes.Buffer
			pack := region.Pack{ID: "r", Brand: region.Brand{Colours: region.Colours{Primary: c.primary, Accent: "#8a5a00"}}}
			a := &assets{byPath: map[string]*asset{}}
			sheet := string(a.addThemes([]region.Pack{pack}, slog.New(slog.NewTextHandler(&log, nil)))["r"].body)
			if !strings.Contains(sheet, c.want) || (log.Len() > 0) != c.warned {
				t.Errorf("warned is %v: %s", log.Len() > 0, sheet)
			}
		})
	}
}

// Every shade that carries text, or that text stands on, must be readable.
func TestTheme_ShadesCanBeRead(t *testing.T) {
	primary, _ := parseColour("#767676") // the lightest that is accepted
	for _, by := range []float64{0, 0.1, 0.3, 0.5} {
		if got := contrast(primary.mix(black, by), white); got < contrastMin {
			t.Errorf("%.0f %% darker it has %.2f against white", by*100, got)
		}
	}
}
