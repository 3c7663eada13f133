// Package paper makes documents to print and keep, as PDF.
//
// It knows sheets, fonts and where things stand on them. It knows no words: what
// a document says comes to it in its reader's language, so that a page and its
// print say the same. It knows no payment, no store and no page. Of notices it
// knows that they come composed and go into files for the printer (Press).
//
// Invariants:
//   - The same content gives the same bytes, on every machine and at any time.
//   - Text is text: it can be selected, searched and read aloud, and the document
//     names its language, title and author.
//   - The document brings its fonts, so that it looks alike everywhere.
//
// The library writes no structure tree, so a document is not PDF/UA: the page
// with the same content is the accessible form. Start reading at Receipt, then
// Letter in letter.go, Bill in bill.go and Press in press.go.
package paper

import (
	"bytes"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"

	"github.com/billfold/billfold/internal/base/fault"
)

// Receipt is the proof of one payment, in its reader's language.
type Receipt struct {
	Language     string // BCP 47
	Plan         string // the plan's name: the document's author
	Title        string
	Said         string // one line under the title, or ""
	Confirmation Line   // the number that is read aloud on the telephone, in groups
	Lines        []Line
	Shares       []Share // who received what for what
	ShareHeads   [3]string
	Total        Line
	Notes        []string
	Contacts     []string
	At           time.Time // when it was paid: the document's own date
}

// Line is a label and what it stands for.
type Line struct{ Label, Value string }

// Share is what was paid to one receiver for one thing.
type Share struct{ For, To, Amount string }

// The sheet is US Letter; measures are in millimetres, type sizes in points.
const (
	margin      = 20.0
	labelWidth  = 62.0
	lineHeight  = 6.5
	bodySize    = 12.0
	smallSize   = 10.5
	titleSize   = 22.0
	headSize    = 13.0
	readSize    = 20.0
	shareFor    = 62.0 // the first column of the table; the second takes what is left
	shareAmount = 34.0
)

const family = "Go"

// sheet is a document on its way.
type sheet struct {
	*fpdf.Fpdf
	width float64 // between the margins
	mark  string  // at the foot of a letter's pages, or ""
	page  int     // of the letter, as far as it is finished
}

// PDF writes the receipt. Internal when the library cannot.
func (r *Receipt) PDF() ([]byte, error) {
	s := newSheet(about{r.Title, r.Plan, r.Language, r.At})
	s.AddPage()
	s.head(r)
	s.confirmation(r.Confirmation)
	for _, line := range r.Lines {
		s.line(line)
	}
	s.shares(r)
	s.notes(r)
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fault.New(fault.Internal, "paper.PDF", "%v", err)
	}
	return out.Bytes(), nil
}

// about is what a document says of itself.
type about struct {
	Title, Author, Language string
	At                      time.Time
}

// newSheet begins a document without a page.
func newSheet(a about) *sheet {
	doc := fpdf.New("P", "mm", "Letter", "")
	doc.SetCatalogSort(true) // else the order of fonts changes from run to run
	doc.SetCreationDate(a.At.UTC())
	doc.SetModificationDate(a.At.UTC())
	doc.SetProducer("Billfold", true)
	doc.SetCreator("Billfold", true)
	doc.SetTitle(a.Title, true)
	doc.SetAuthor(a.Author, true)
	doc.SetLang(a.Language)
	doc.AddUTF8FontFromBytes(family, "", goregular.TTF)
	doc.AddUTF8FontFromBytes(family, "B", gobold.TTF)
	doc.SetMargins(margin, margin, margin)
	doc.SetAutoPageBreak(true, margin)
	width, _ := doc.GetPageSize()
	s := &sheet{Fpdf: doc, width: width - 2*margin}
	doc.SetFooterFunc(s.foot)
	return s
}

func (s *sheet) regular(size float64) { s.SetFont(family, "", size) }
func (s *sheet) bold(size float64)    { s.SetFont(family, "B", size) }

func (s *sheet) head(r *Receipt) {
	s.bold(headSize)
	s.MultiCell(s.width, lineHeight, r.Plan, "", "L", false)
	s.rule()
	s.bold(titleSize)
	s.MultiCell(s.width, 10, r.Title, "", "L", false)
	if r.Said != "" {
		s.regular(bodySize)
		s.MultiCell(s.width, lineHeight, r.Said, "", "L", false)
	}
	s.Ln(4)
}

// rule draws a line over the whole width.
func (s *sheet) rule() {
	y := s.GetY() + 2
	s.SetLineWidth(0.4)
	s.Line(margin, y, margin+s.width, y)
	s.SetY(y + 5)
}

// confirmation sets the one number that the payer may be asked for apart from
// all others.
func (s *sheet) confirmation(line Line) {
	const height = 21.0
	top := s.GetY()
	s.SetLineWidth(0.3)
	s.Rect(margin, top, s.width, height, "D")
	s.SetXY(margin+4, top+3)
	s.regular(bodySize)
	s.CellFormat(s.width-8, lineHeight, line.Label, "", 2, "L", false, 0, "")
	s.bold(readSize)
	s.CellFormat(s.width-8, 9, line.Value, "", 1, "L", false, 0, "")
	s.SetY(top + height + 5)
}

func (s *sheet) line(line Line) {
	s.regular(bodySize)
	s.CellFormat(labelWidth, lineHeight, line.Label, "", 0, "L", false, 0, "")
	s.bold(bodySize)
	s.MultiCell(s.width-labelWidth, lineHeight, line.Value, "", "L", false)
	s.Ln(1)
}

// shares sets the table of what was paid to whom, and the sum under it.
func (s *sheet) shares(r *Receipt) {
	s.Ln(3)
	middle := s.width - shareFor - shareAmount
	s.bold(bodySize)
	s.CellFormat(shareFor, lineHeight+1, r.ShareHeads[0], "B", 0, "L", false, 0, "")
	s.CellFormat(middle, lineHeight+1, r.ShareHeads[1], "B", 0, "L", false, 0, "")
	s.CellFormat(shareAmount, lineHeight+1, r.ShareHeads[2], "B", 1, "R", false, 0, "")
	s.regular(bodySize)
	for _, share := range r.Shares {
		s.share(share, middle)
	}
	s.bold(headSize)
	s.CellFormat(s.width-shareAmount, lineHeight+3, r.Total.Label, "T", 0, "L", false, 0, "")
	s.CellFormat(shareAmount, lineHeight+3, r.Total.Value, "T", 1, "R", false, 0, "")
	s.Ln(5)
}

// share sets one row, whose middle may need several lines. What is read is in the
// order of the columns.
func (s *sheet) share(share Share, middle float64) {
	s.CellFormat(shareFor, lineHeight, share.For, "", 0, "L", false, 0, "")
	x, top, page := s.GetX(), s.GetY(), s.PageNo()
	s.MultiCell(middle, lineHeight, share.To, "", "L", false)
	bottom := s.GetY()
	if s.PageNo() != page {
		top = bottom - lineHeight // the row went over to the next sheet
	}
	s.SetXY(x+middle, top)
	s.CellFormat(shareAmount, lineHeight, share.Amount, "", 0, "R", false, 0, "")
	s.SetXY(margin, bottom+1)
}

func (s *sheet) notes(r *Receipt) {
	s.regular(smallSize)
	for _, note := range r.Notes {
		s.MultiCell(s.width, lineHeight-1, note, "", "L", false)
		s.Ln(2)
	}
	s.rule()
	for _, contact := range r.Contacts {
		s.MultiCell(s.width, lineHeight-1, contact, "", "L", false)
	}
}
