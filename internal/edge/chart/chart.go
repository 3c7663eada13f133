// Package chart draws pictures of amounts as SVG: bars beside their labels, for people
// who look rather than read.
//
// A picture repeats what a table beside it says and never stands alone: it has a title
// and a description for those who do not see it, and its colours carry no
// meaning. It has no style sheet and no script, so that it can stand in a page under a
// strict security policy, in a letter or by itself. Start reading at Bars.
package chart

import (
	"fmt"
	"html"
	"strings"

	"github.com/billfold/billfold/internal/base/money"
)

// Picture is what a chart shows.
type Picture struct {
	ID          string // unique in its page, of letters, digits and hyphens
	Title       string
	Description string // what there is to see, in a sentence
	Labels      []string
	Cents       []money.Cents
}

// Measures in units of the picture, which scales with its place.
const (
	width      = 720
	barHeight  = 22
	barStep    = 34
	labelWidth = 240
	valueWidth = 130
	top        = 12
	// barsMax bounds a picture: more bars than that are read from the table.
	barsMax = 40
)

// Bars draws one bar per amount, those below zero to the left of the line. Empty when there is
// nothing to show.
func Bars(p Picture) string {
	n := min(len(p.Labels), len(p.Cents), barsMax)
	if n == 0 {
		return ""
	}
	var least, most money.Cents
	for _, c := range p.Cents[:n] {
		least, most = min(least, c), max(most, c)
	}
	span := int64(most - least)
	if span == 0 {
		span = 1
	}
	room := int64(width - labelWidth - valueWidth)
	at := func(c money.Cents) int64 { return labelWidth + int64(c-least)*room/span }
	zero := at(0)
	var b strings.Builder
	height := 2*top + n*barStep
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="100%%" role="img" aria-labelledby="%s-title %s-desc" font-family="sans-serif" font-size="15">`,
		width, height, p.ID, p.ID)
	fmt.Fprintf(&b, `<title id="%s-title">%s</title><desc id="%s-desc">%s</desc>`, p.ID, html.EscapeString(p.Title), p.ID, html.EscapeString(p.Description))
	for i := range n {
		y := int64(top + i*barStep)
		from, to := zero, at(p.Cents[i])
		if to < from {
			from, to = to, from
		}
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end" fill="currentColor">%s</text>`, labelWidth-10, y+16, html.EscapeString(short(p.Labels[i])))
		fmt.Fprintf(&b, `<rect x="%d" y="%d" width="%d" height="%d" fill="#1f5f8b"/>`, from, y, max(1, to-from), barHeight)
		fmt.Fprintf(&b, `<text x="%d" y="%d" fill="currentColor">%s</text>`, max(to, zero)+8, y+16, html.EscapeString(p.Cents[i].Grouped()))
	}
	fmt.Fprintf(&b, `<line x1="%d" y1="0" x2="%d" y2="%d" stroke="currentColor"/></svg>`, zero, zero, height)
	return b.String()
}

// short keeps a label within its place.
func short(label string) string {
	const most = 30
	if runes := []rune(label); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return label
}
