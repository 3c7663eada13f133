package paper

import (
	"bytes"
	"strconv"
	"time"

	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"

	"github.com/billfold/billfold/internal/base/fault"
)

// Letter is a letter in its reader's language, for a window envelope.
type Letter struct {
	Language string // BCP 47
	Plan     string
	From     []string // the sender's address
	To       []string // the reader's name and address, as they show in the window
	Date     string
	Heading  string
	Lines    []Line // what matters most
	Parts    []string
	PayTitle string
	Pay      []string // ways to pay, or none
	PaidNote string
	Ask      string
	Call     string
	HelpIn   string
	Help     []string // that help is free, a line for each language; see Shows
	Large    bool     // in large print: 18 points (45 CFR 92.202)
	Bill     *Bill    // of a bill, which is set in its own way
}

// The address stands where a sheet that is folded in three shows it in the window
// of a #10 envelope, and nothing else does. Millimetres.
const (
	fromTop    = 12.0
	windowLeft = 25.0
	windowTop  = 54.0
	windowLine = 5.0
	belowFold  = 96.0 // where the letter begins
	markTop    = -12.0
	markSize   = 7.0
)

// largePrint is how much larger large print is than ordinary print, in per cent.
const largePrint = 150

// Shows reports whether the fonts that a document brings have every letter of a
// text: what they lack would be printed as empty boxes.
func Shows(text string) bool {
	var buffer sfnt.Buffer
	for _, r := range text {
		if index, err := face.GlyphIndex(&buffer, r); err != nil || index == 0 {
			return false
		}
	}
	return true
}

var face = func() *sfnt.Font {
	f, err := sfnt.Parse(goregular.TTF)
	if err != nil {
		panic("paper: the font that is built in does not parse: " + err.Error())
	}
	return f
}()

// PDF writes the letter as a document of its own, dated at. Internal when the
// library cannot.
func (l *Letter) PDF(at time.Time) ([]byte, error) {
	s := newSheet(about{l.Heading, l.Plan, l.Language, at})
	s.letter(l, "")
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fault.New(fault.Internal, "paper.Letter", "%v", err)
	}
	return out.Bytes(), nil
}

// letter sets a letter from a new page on. Mark stands small at the foot of each
// of its pages, with the page's number in the letter.
func (s *sheet) letter(l *Letter, mark string) {
	s.AddPage() // which ends the page before, with that one's mark
	s.mark, s.page = mark, 0
	s.envelope(l)
	p := print{s, 100}
	if l.Large {
		p.percent = largePrint
	}
	if l.Bill != nil {
		p.bill(l)
		return
	}
	p.words(l)
}

// foot sets what stands at the foot of a page that ends: numbers by which a
// printer sees that no sheet is missing.
func (s *sheet) foot() {
	if s.mark == "" {
		return
	}
	s.page++
	s.SetY(markTop)
	s.regular(markSize)
	s.CellFormat(s.width, 4, s.mark+" / "+strconv.Itoa(s.page), "", 0, "R", false, 0, "")
}

// envelope sets the addresses. They keep their size in large print: the window
// does not grow.
func (s *sheet) envelope(l *Letter) {
	s.SetXY(margin, fromTop)
	s.bold(smallSize)
	s.MultiCell(s.width, windowLine, l.Plan, "", "L", false)
	s.regular(smallSize - 1)
	for _, line := range l.From {
		s.MultiCell(s.width, windowLine-0.7, line, "", "L", false)
	}
	s.SetY(windowTop)
	s.regular(smallSize)
	for _, line := range l.To {
		s.SetX(windowLeft)
		s.CellFormat(s.width-windowLeft, windowLine, line, "", 1, "L", false, 0, "")
	}
	s.SetXY(margin, belowFold)
}

// print sets text in a size of print.
type print struct {
	*sheet
	percent float64
}

func (p print) sized(points float64) float64 { return points * p.percent / 100 }

func (p print) paragraph(points float64, text string) {
	p.regular(p.sized(points))
	p.MultiCell(p.width, p.sized(lineHeight-0.7), text, "", "L", false)
	p.Ln(p.sized(2))
}

func (p print) title(points float64, text string) {
	p.bold(p.sized(points))
	p.MultiCell(p.width, p.sized(points*0.5), text, "", "L", false)
	p.Ln(p.sized(2))
}

func (p print) words(l *Letter) {
	p.paragraph(bodySize, l.Date)
	p.title(16, l.Heading)
	for _, line := range l.Lines {
		p.row(line)
	}
	p.Ln(p.sized(2))
	for _, part := range l.Parts {
		p.paragraph(bodySize, part)
	}
	if len(l.Pay) > 0 {
		p.title(headSize, l.PayTitle)
		for _, way := range l.Pay {
			p.paragraph(bodySize, "• "+way)
		}
		p.paragraph(bodySize, l.PaidNote)
	}
	p.help(l)
}

func (p print) help(l *Letter) {
	p.title(headSize, l.Ask)
	p.paragraph(bodySize, l.Call)
	if len(l.Help) > 0 {
		p.title(smallSize, l.HelpIn)
		for _, line := range l.Help {
			p.paragraph(smallSize, line)
		}
	}
}

// row sets a label and its value, each on as many lines as it needs.
func (p print) row(line Line) {
	p.regular(p.sized(bodySize))
	p.MultiCell(p.width, p.sized(lineHeight-0.7), line.Label+":", "", "L", false)
	p.bold(p.sized(headSize))
	p.SetX(margin + 6)
	p.MultiCell(p.width-6, p.sized(lineHeight), line.Value, "", "L", false)
	p.Ln(p.sized(0.7))
}
