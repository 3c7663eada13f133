package paper

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/notice"
)

// LetterOf gives a notice's letter as it is set on paper. Language lines whose
// letters the fonts do not have are left out; they stand in the HTML form.
func LetterOf(sheet notice.Sheet) *Letter {
	l := &Letter{
		Language: sheet.Language, Plan: sheet.Plan, From: sheet.From, To: sheet.To, Date: sheet.Date, Heading: sheet.Heading,
		Parts: sheet.Parts, PayTitle: sheet.PayTitle, Pay: sheet.Pay, PaidNote: sheet.PaidNote, Ask: sheet.Ask, Call: sheet.Call,
		HelpIn: sheet.HelpIn, Large: sheet.Large,
	}
	for _, row := range sheet.Rows {
		l.Lines = append(l.Lines, Line(row))
	}
	if sheet.Bill != nil {
		l.Bill = billOf(sheet.Bill)
	}
	for _, help := range sheet.Help {
		if Shows(help.Text) {
			l.Help = append(l.Help, help.Text)
		}
	}
	return l
}

// Press implements notice.Press in a folder: what is to be printed ends in ".pdf",
// what may not be printed yet in ".part".
type Press struct{ dir string }

const (
	partEnd = ".part"
	fileEnd = ".pdf"
)

// NewPress makes the folder where it is missing. Letters are personal data: only
// its owner may look inside.
func NewPress(dir string) (*Press, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, unwritable("paper.NewPress", err)
	}
	return &Press{dir}, nil
}

func unwritable(op string, err error) error {
	return &fault.Error{Kind: fault.Unavailable, Op: op, Message: "the folder of print files cannot be written", Err: err}
}

func (p *Press) path(name, end string) string { return filepath.Join(p.dir, name+end) }

// Print implements notice.Press. The control sheet is the first page.
func (p *Press) Print(name string, control notice.Control, sheets []notice.Sheet) (notice.Printout, error) {
	const op = "paper.Press"
	f, err := os.OpenFile(p.path(name, partEnd), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return notice.Printout{}, unwritable(op, err)
	}
	sum := sha256.New()
	out := bufio.NewWriter(f)
	pages, err := writeBatch(io.MultiWriter(out, sum), control, sheets)
	err = errors.Join(err, out.Flush(), f.Sync(), f.Close())
	if err != nil {
		return notice.Printout{}, unwritable(op, err)
	}
	return notice.Printout{SHA256: hex.EncodeToString(sum.Sum(nil)), Pages: pages}, nil
}

// writeBatch gives how many pages there are beside the control sheet.
func writeBatch(w io.Writer, control notice.Control, sheets []notice.Sheet) (pages int, err error) {
	author := ""
	if len(sheets) > 0 {
		author = sheets[0].Plan
	}
	s := newSheet(about{control.Name, author, "en", control.On.Time()})
	s.AddPage()
	s.bold(titleSize)
	s.MultiCell(s.width, 10, "Control sheet. Do not mail.", "", "L", false)
	s.Ln(4)
	for _, row := range control.Rows() {
		s.line(Line(row))
	}
	for i, sheet := range sheets {
		s.letter(LetterOf(sheet), fmt.Sprintf("%s / %d", control.Name, i+1))
	}
	return s.PageNo() - 1, s.Output(w)
}

// Release implements notice.Press. A file that is released already stays so.
func (p *Press) Release(name string) error {
	err := os.Rename(p.path(name, partEnd), p.path(name, fileEnd))
	if errors.Is(err, fs.ErrNotExist) {
		_, err = os.Stat(p.path(name, fileEnd))
	}
	if err != nil {
		return unwritable("paper.Release", err)
	}
	return nil
}

// Drop implements notice.Press.
func (p *Press) Drop(name string) error {
	if err := os.Remove(p.path(name, partEnd)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unwritable("paper.Drop", err)
	}
	return nil
}

// Unfinished implements notice.Press.
func (p *Press) Unfinished() ([]string, error) {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, unwritable("paper.Unfinished", err)
	}
	var names []string
	for _, entry := range entries {
		if name, is := strings.CutSuffix(entry.Name(), partEnd); is {
			names = append(names, name)
		}
	}
	return names, nil
}
