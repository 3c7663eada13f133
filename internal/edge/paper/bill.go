package paper

import (
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/office/notice"
)

// Bill is what a bill has on paper beside a letter's words: what is to be paid set
// apart, the lines, and a coupon to cut off.
type Bill struct {
	Title       string
	About       []string // the days that it covers, when it was issued
	Heads       [2]string
	Lines       []Line
	Total       Line
	OthersTitle string
	Others      []Line
	Coupon      Coupon
}

// Coupon is the lowest part of a bill's first page.
type Coupon struct {
	Cut    string
	Rows   []Line
	PayBy  Line // or none
	ToPay  Line
	Paying string
	MailTo []string // as it shows in the window of the envelope that comes back
	Scan   string   // set in type of one width for a reader
}

func billOf(b *notice.Bill) *Bill {
	return &Bill{
		Title: b.Title, About: []string{b.Coverage, b.Issued}, Heads: b.Heads, Lines: linesOf(b.Lines), Total: Line(b.Total),
		OthersTitle: b.OthersTitle, Others: linesOf(b.Others),
		Coupon: Coupon{
			Cut: b.Coupon.Cut, Rows: linesOf(b.Coupon.Rows), PayBy: Line(b.Coupon.PayBy), ToPay: Line(b.Coupon.ToPay), Paying: b.Coupon.Paying, MailTo: b.Coupon.MailTo,
			Scan: b.Coupon.Scan,
		},
	}
}

func linesOf(rows []notice.Row) []Line {
	lines := make([]Line, len(rows))
	for i, row := range rows {
		lines[i] = Line(row)
	}
	return lines
}

// A bill's first page: above, addresses, whom to call and what is to be paid; in the
// middle its lines and how to pay; at the foot the coupon. Millimetres and points.
const (
	payLeft     = 142.0 // right of what an envelope's window shows
	payTop      = 50.0
	billTop     = 89.0
	couponTop   = 208.0
	couponFoot  = 73.0 // from the sheet's lower edge, which the words do not reach
	scanAt      = 256.0
	scanPitch   = 2.54
	scanSize    = 12.95 // at which a digit is as wide as the pitch
	rowHeight   = 6.5   // on the coupon
	tableAmount = 32.0
	billSize    = 9.5
	billLine    = 4.0
	helpLeft    = 80.0 // between the sender and the bill's number
	helpWidth   = 60.0
	helpHeight  = 37.0
	facts       = 2 // of a letter's rows, which stand nowhere else: the number, the coverage
)

// bill sets a bill. One of a usual household is one page; what does not fit goes
// on to the next, and the coupon stays on the first.
func (p print) bill(l *Letter) {
	p.amount(l.Bill)
	first := p.PageNo()
	p.SetAutoPageBreak(true, couponFoot)
	p.SetAcceptPageBreakFunc(func() bool {
		p.SetAutoPageBreak(true, margin) // below the first page there is no coupon
		return true
	})
	if p.percent == 100 {
		p.small(l)
	} else {
		p.large(l)
	}
	last := p.PageNo()
	p.SetAutoPageBreak(true, 0) // the coupon stands where other pages have their margin
	p.SetPage(first)
	p.coupon(&l.Bill.Coupon)
	p.SetPage(last)
	p.SetAcceptPageBreakFunc(func() bool { return true })
	p.SetAutoPageBreak(true, margin)
}

// amount sets what is to be paid, and until when, in a box beside the address.
func (p print) amount(b *Bill) {
	width := margin + p.width - payLeft
	p.SetXY(payLeft, fromTop)
	p.bold(headSize)
	p.MultiCell(width, lineHeight-1, b.Title, "", "L", false)
	p.regular(billSize)
	for _, line := range b.About {
		p.SetX(payLeft)
		p.MultiCell(width, billLine, line, "", "L", false)
	}
	p.SetLineWidth(0.5)
	p.Rect(payLeft-3, payTop, width+3, 34, "D")
	p.SetXY(payLeft, payTop+3)
	p.regular(bodySize)
	p.CellFormat(width, lineHeight, b.Coupon.ToPay.Label, "", 2, "L", false, 0, "")
	p.bold(readSize)
	p.CellFormat(width, 10, b.Coupon.ToPay.Value, "", 2, "L", false, 0, "")
	p.regular(billSize)
	p.CellFormat(width, billLine+1, b.Coupon.PayBy.Label, "", 2, "L", false, 0, "")
	p.bold(bodySize)
	p.CellFormat(width, billLine+1, b.Coupon.PayBy.Value, "", 2, "L", false, 0, "")
}

// small sets a bill in ordinary print: whom to call in the head as far as there is
// room, the lines, how to pay, and what happens otherwise.
func (p print) small(l *Letter) {
	help := helpWords(l)
	head := len(help)
	for p.height(help[:head], helpWidth) > helpHeight {
		head--
	}
	p.SetY(fromTop)
	p.column(help[:head], helpLeft, helpWidth)
	words := slices.Concat(payWords(l), partWords(l), help[head:])
	p.SetXY(margin, billTop)
	p.bold(headSize)
	p.MultiCell(p.width, lineHeight, l.Heading, "", "L", false)
	for _, row := range l.Lines[:facts] {
		p.fact(row)
	}
	p.Ln(1)
	p.table(l.Bill)
	p.column(words, margin, p.width)
}

// large sets a bill in large print: one thing below the other, also what stands
// small in the box above and on the coupon.
func (p print) large(l *Letter) {
	p.SetXY(margin, billTop)
	p.title(headSize, l.Heading)
	for _, row := range l.Lines {
		p.row(row)
	}
	p.table(l.Bill)
	for _, w := range slices.Concat(payWords(l), partWords(l), helpWords(l)) {
		if w.title {
			p.title(headSize, w.text)
		} else {
			p.paragraph(bodySize, w.text)
		}
	}
}

// fact sets a label and its value in one row.
func (p print) fact(row Line) {
	p.regular(billSize)
	p.CellFormat(labelWidth-18, billLine+0.6, row.Label, "", 0, "L", false, 0, "")
	p.bold(billSize)
	p.MultiCell(p.width-labelWidth+18, billLine+0.6, row.Value, "", "L", false)
}

// table sets the bill's lines, what is left to pay, and what others pay.
func (p print) table(b *Bill) {
	size, line := p.sized(billSize), p.sized(billLine+0.4)
	column := p.sized(tableAmount)
	p.bold(size)
	p.CellFormat(p.width-column, line+1, b.Heads[0], "B", 0, "L", false, 0, "")
	p.CellFormat(column, line+1, b.Heads[1], "B", 1, "R", false, 0, "")
	p.regular(size)
	for _, row := range b.Lines {
		p.amountRow(row, column, line)
	}
	p.bold(size + 1)
	p.SetLineWidth(0.2)
	p.Line(margin, p.GetY(), margin+p.width, p.GetY())
	p.amountRow(b.Total, column, line+0.6)
	if len(b.Others) > 0 {
		p.Ln(p.sized(1))
		p.bold(size - 1)
		p.MultiCell(p.width, line-0.4, b.OthersTitle, "", "L", false)
		p.regular(size - 1)
		for _, row := range b.Others {
			p.amountRow(row, column, line-0.4)
		}
	}
	p.Ln(p.sized(1.2))
}

// amountRow sets one row, whose label may need several lines, in a column of amounts
// so wide and lines so high, in millimetres.
func (p print) amountRow(row Line, column, line float64) {
	top, page := p.GetY(), p.PageNo()
	p.MultiCell(p.width-column, line, row.Label, "", "L", false)
	bottom := p.GetY()
	if p.PageNo() != page {
		top = bottom - line // the row went over to the next sheet
	}
	p.SetXY(margin+p.width-column, top)
	p.CellFormat(column, line, row.Value, "", 1, "R", false, 0, "")
	p.SetXY(margin, bottom)
}

// said is a title or a paragraph.
type said struct {
	title bool
	text  string
}

func payWords(l *Letter) []said {
	if len(l.Pay) == 0 {
		return nil
	}
	words := []said{{true, l.PayTitle}}
	for _, way := range l.Pay {
		words = append(words, said{text: "• " + way})
	}
	return append(words, said{text: l.PaidNote})
}

func partWords(l *Letter) []said {
	var words []said
	for _, part := range l.Parts {
		words = append(words, said{text: part})
	}
	return words
}

func helpWords(l *Letter) []said {
	words := []said{{true, l.Ask}, {text: l.Call}}
	if len(l.Help) > 0 {
		words = append(words, said{true, l.HelpIn})
	}
	for _, line := range l.Help {
		words = append(words, said{text: line})
	}
	return words
}

// columnAfter stands below each paragraph.
const columnAfter = 0.7

func (p print) column(words []said, left, width float64) {
	for _, w := range words {
		p.inColumn(w)
		p.SetX(left)
		p.MultiCell(width, billLine, w.text, "", "L", false)
		p.Ln(columnAfter)
	}
}

// height is how much room words take in a column.
func (p print) height(words []said, width float64) float64 {
	sum := 0.0
	for _, w := range words {
		p.inColumn(w)
		sum += float64(len(p.SplitText(w.text, width)))*billLine + columnAfter
	}
	return sum
}

func (p print) inColumn(w said) {
	if w.title {
		p.bold(billSize + 0.5)
	} else {
		p.regular(billSize)
	}
}

// coupon sets what comes back with a check, below the second fold.
func (p print) coupon(c *Coupon) {
	p.regular(1) // another page may have ended in the type that comes next
	p.SetLineWidth(0.2)
	p.SetDashPattern([]float64{2, 1.5}, 0)
	p.Line(margin/2, couponTop, margin*1.5+p.width, couponTop)
	p.SetDashPattern(nil, 0)
	p.SetXY(margin, couponTop+1.5)
	p.regular(billSize - 1)
	p.MultiCell(p.width, billLine, c.Cut, "", "L", false)
	right := margin + p.width/2
	top := couponTop + 6.5
	rows := slices.Clone(c.Rows)
	if c.PayBy != (Line{}) {
		rows = append(rows, c.PayBy)
	}
	rows = append(rows, Line{c.Paying, "$ ____________"})
	for i, row := range rows {
		p.SetXY(right, top+float64(i)*rowHeight)
		p.regular(billSize)
		p.CellFormat(42, rowHeight, row.Label, "", 0, "L", false, 0, "")
		p.bold(smallSize)
		p.CellFormat(p.width/2-42, rowHeight, row.Value, "", 0, "R", false, 0, "")
	}
	p.SetXY(right, top+float64(len(rows))*rowHeight+1)
	p.bold(bodySize)
	p.CellFormat(42, 8, c.ToPay.Label, "T", 0, "L", false, 0, "")
	p.bold(headSize + 1)
	p.CellFormat(p.width/2-42, 8, c.ToPay.Value, "T", 0, "R", false, 0, "")
	p.SetXY(margin, top+8)
	p.regular(smallSize)
	for _, line := range c.MailTo {
		p.SetX(windowLeft)
		p.CellFormat(p.width/2-10, windowLine, line, "", 2, "L", false, 0, "")
	}
	p.scan(c.Scan)
}

// scan sets the line for a reader at ten digits to the inch, blanks as wide as
// digits. The fonts that a document brings have digits of one width.
func (s *sheet) scan(line string) {
	s.regular(scanSize)
	left := margin + s.width - scanPitch*float64(len(line))
	for group := range strings.SplitSeq(line, " ") {
		s.SetXY(left-s.GetCellMargin(), scanAt)
		s.CellFormat(scanPitch*float64(len(group)+1), 5, group, "", 0, "L", false, 0, "")
		left += scanPitch * float64(len(group)+1)
	}
}
