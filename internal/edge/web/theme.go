package web

import (
	"fmt"
	"log/slog"
	"math"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/people/region"
)

// contrastMin is what text must have against its background (WCAG 1.4.3).
const contrastMin = 4.5

// The colours of a region whose own cannot be read: those of the design system.
const (
	fallbackPrimary = "#004f84"
	fallbackAccent  = "#9b2602"
)

// addThemes makes a style sheet per region, with its colours as custom
// properties, which is how pages are branded without a word of inline style.
func (a *assets) addThemes(packs []region.Pack, log *slog.Logger) map[string]*asset {
	themes := map[string]*asset{}
	for i := range packs {
		pack := &packs[i]
		primary := readable(pack, "primary", pack.Brand.Colours.Primary, fallbackPrimary, log)
		accent := readable(pack, "accent", pack.Brand.Colours.Accent, fallbackAccent, log)
		themes[string(pack.ID)] = a.addHashed("theme-"+string(pack.ID)+".css", themeSheet(primary, accent))
	}
	return themes
}

// readable gives a region's colour if text of it can be read on white, and white
// text on it; else the fallback, and the log says so.
func readable(pack *region.Pack, name, written, fallback string, log *slog.Logger) colour {
	c, ok := parseColour(written)
	if ok && contrast(c, white) >= contrastMin {
		return c
	}
	log.Warn("a brand colour has too little contrast with white and is not used", "region", pack.ID, "colour", name,
		"contrast", fmt.Sprintf("%.2f", contrast(c, white)), "least", contrastMin)
	c, _ = parseColour(fallback)
	return c
}

// themeSheet names the brand's colours as the design system calls them, with
// darker and lighter shades. It is declared where the design system declares
// its own, or pseudo-elements would keep those.
func themeSheet(primary, accent colour) []byte {
	var b strings.Builder
	b.WriteString(":root,::before,::after,::backdrop{")
	for _, v := range []struct {
		name string
		c    colour
	}{
		{"color-primary-lightest", primary.mix(white, 0.9)}, {"color-primary-lighter", primary.mix(white, 0.7)},
		{"color-primary-light", primary.mix(white, 0.35)}, {"color-primary", primary},
		{"color-primary-dark", primary.mix(black, 0.1)}, {"color-primary-darker", primary.mix(black, 0.3)},
		{"color-primary-darkest", primary.mix(black, 0.5)}, {"color-background-inverse", primary.mix(black, 0.3)},
		{"brand", primary}, {"brand-accent", accent},
	} {
		fmt.Fprintf(&b, "--%s:%s;", v.name, v.c)
	}
	b.WriteString("}\n")
	return []byte(b.String())
}

// colour is an sRGB colour, each part from 0 to 1.
type colour struct{ red, green, blue float64 }

var white, black = colour{1, 1, 1}, colour{}

// parseColour reads "#rrggbb".
func parseColour(text string) (colour, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(text, "#"), 16, 32)
	if err != nil || len(text) != 7 {
		return colour{}, false
	}
	part := func(shift uint) float64 { return float64(n>>shift&0xff) / 255 }
	return colour{part(16), part(8), part(0)}, true
}

func (c colour) String() string {
	part := func(x float64) int { return int(math.Round(x * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c.red), part(c.green), part(c.blue))
}

// mix moves a colour towards another: by 0 not at all, by 1 all the way.
func (c colour) mix(to colour, by float64) colour {
	part := func(from, to float64) float64 { return from + (to-from)*by }
	return colour{part(c.red, to.red), part(c.green, to.green), part(c.blue, to.blue)}
}

// luminance is WCAG's relative luminance.
func (c colour) luminance() float64 {
	linear := func(x float64) float64 {
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.red) + 0.7152*linear(c.green) + 0.0722*linear(c.blue)
}

// contrast is WCAG's ratio of two colours, from 1 to 21.
func contrast(a, b colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}
