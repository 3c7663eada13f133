package paper

import (
	"bytes"
	"time"

	"codeberg.org/go-pdf/fpdf"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/report"
)

// Measures of a report's sheet, which lies on its side.
const (
	reportText = 9.0
	reportRow  = 5.5
	barsShown  = 12
	barRoom    = 110.0
)

// Report prints a report: its picture where it has one, its table, its sums.
func Report(t *report.Table, plan string, at time.Time) ([]byte, error) {
	s := newSheet(about{t.Title, plan, "en", at})
	s.AddPageFormat("L", fpdf.SizeType{Wd: 215.9, Ht: 279.4})
	width, _ := s.GetPageSize()
	s.width = width - 2*margin
	s.bold(headSize)
	s.MultiCell(s.width, lineHeight, plan, "", "L", false)
	s.bold(titleSize)
	s.MultiCell(s.width, 10, t.Title, "", "L", false)
	s.regular(bodySize)
	s.MultiCell(s.width, lineHeight, t.Said+" "+t.From.String()+" - "+t.To.String(), "", "L", false)
	s.Ln(3)
	s.bars(t)
	s.reportTable(t)
	var out bytes.Buffer
	if err := s.Output(&out); err != nil {
		return nil, fault.New(fault.Internal, "paper.Report", "%v", err)
	}
	return out.Bytes(), nil
}

// bars draws the picture of a report. The table under it says the same.
func (s *sheet) bars(t *report.Table) {
	labels, cents := t.Bars()
	if len(labels) > barsShown {
		labels, cents = labels[:barsShown], cents[:barsShown]
	}
	var most money.Cents
	for _, c := range cents {
		most = max(most, c, -c)
	}
	if most == 0 {
		return
	}
	s.regular(reportText)
	for i, label := range labels {
		s.CellFormat(60, reportRow, label, "", 0, "R", false, 0, "")
		length := barRoom * float64(max(cents[i], -cents[i])) / float64(most)
		s.SetFillColor(31, 95, 139)
		s.Rect(s.GetX()+3, s.GetY()+1, max(0.3, length), reportRow-2, "F")
		s.SetX(s.GetX() + 6 + length)
		s.CellFormat(40, reportRow, cents[i].Grouped(), "", 1, "L", false, 0, "")
	}
	s.Ln(4)
}

// reportTable sets the rows, with the heads again on each page.
func (s *sheet) reportTable(t *report.Table) {
	widths := reportWidths(t, s.width)
	heads := func() {
		s.bold(reportText)
		for i, c := range t.Columns {
			s.CellFormat(widths[i], reportRow+1, c.Title, "B", 0, alignOf(c), false, 0, "")
		}
		s.Ln(-1)
		s.regular(reportText)
	}
	line := func(cells []report.Cell, sums bool) {
		_, height := s.GetPageSize()
		if s.GetY() > height-margin-2*reportRow {
			s.AddPageFormat("L", fpdf.SizeType{Wd: 215.9, Ht: 279.4})
			heads()
		}
		for i, c := range t.Columns {
			text := ""
			if !sums || c.Sum {
				text = c.Write(cells[i], true)
			}
			s.CellFormat(widths[i], reportRow, text, "", 0, alignOf(c), false, 0, "")
		}
		s.Ln(-1)
	}
	heads()
	for _, row := range t.Rows {
		line(row, false)
	}
	s.bold(reportText)
	line(t.Sums(), true)
}

func alignOf(c report.Column) string {
	if c.Kind == report.Text {
		return "L"
	}
	return "R"
}

// reportWidths gives texts twice the room of numbers.
func reportWidths(t *report.Table, width float64) []float64 {
	parts := 0.0
	share := func(c report.Column) float64 {
		if c.Kind == report.Text && c.ID != "day" && c.ID != "month" {
			return 2
		}
		return 1
	}
	for _, c := range t.Columns {
		parts += share(c)
	}
	widths := make([]float64, len(t.Columns))
	for i, c := range t.Columns {
		widths[i] = width * share(c) / parts
	}
	return widths
}
