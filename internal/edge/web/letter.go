package web

import (
	"context"
	"fmt"
	"net/http"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/paper"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	letters "github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Letters is what reading mailed letters needs of the office; without it the pages
// are left out. A mail's link and a fact on file open one letter, and nothing else
// of the account.
type Letters struct {
	Desk    LetterDesk
	Readers Readers
	Limits  Limits
}

// LetterDesk finds what a link leads to; notice.Desk is one.
type LetterDesk interface {
	Linked(ctx context.Context, digest string) (letters.Link, bool, error)
	Open(ctx context.Context, link letters.Link) (*letters.Letter, error)
}

// Readers knows whether a reader is whom a letter is written to; registry.Registry
// is one.
type Readers interface {
	MatchBirth(ctx context.Context, access audit.Access, book ledger.BookNo, born calendar.Date, told registry.Told) error
}

// letterRoutes are the addresses of mailed letters.
func (s *Site) letterRoutes() []route {
	if s.Letters == nil {
		return nil
	}
	return []route{
		{name: "letter.ask", pattern: "GET /letter/{token}", serve: (*visit).letterAsk},
		{name: "letter.open", pattern: "POST /letter/{token}", serve: (*visit).letterOpen},
		{name: "letter", pattern: "GET /letter", serve: (*visit).letter},
		{name: "letter.pdf", pattern: "GET /letter.pdf", serve: (*visit).letterPDF},
		{name: "letter.close", pattern: "POST /letter", serve: (*visit).letterClose},
	}
}

// keptLetter is the digest of the link whose letter the session may show.
const keptLetter = "letter"

// The fields of a birth date.
const (
	fieldBorn  = "born" // all three
	fieldMonth = "month"
	fieldDay   = "day"
	fieldYear  = "year"
)

// letterAskPage asks for the birth date. It says nothing of the letter, nor whether
// there is one.
type letterAskPage struct {
	onForm
	withProblems
	Action  string
	Born    Field
	Fields  []TextField
	Call    string
	Buttons ButtonRow
}

// Title implements titled.
func (letterAskPage) Title(w *Words) string { return w.Letter.Title }

func (v *visit) letterAsk() {
	v.device() // a browser that does not bring it back takes no cookies
	v.showLetterAsk(http.StatusOK, "")
}

// showLetterAsk shows the form with what was typed, which stays on the page and is
// kept nowhere.
func (v *visit) showLetterAsk(code int, wrong string) {
	w := &v.words.Letter
	p := letterAskPage{
		Action: v.r.URL.Path, Born: Field{Name: fieldBorn, Label: w.BornLabel, Hint: w.BornHint, Error: wrong}, Call: v.callUs(w.Help),
		Buttons: ButtonRow{Primary: Button{Text: w.Open}},
	}
	for _, f := range []struct {
		name, label, fill string
		most              int
	}{{fieldMonth, w.Month, "bday-month", 2}, {fieldDay, w.Day, "bday-day", 2}, {fieldYear, w.Year, "bday-year", 4}} {
		p.Fields = append(p.Fields, TextField{
			Field: Field{Name: f.name, Label: f.label}, Value: v.text(f.name), Autocomplete: f.fill, InputMode: "numeric", MaxLength: f.most, Width: f.most,
		})
	}
	if wrong != "" {
		p.Problems = []Problem{{fieldMonth, wrong}}
	}
	v.show(code, "letter-ask", p)
}

// bornTyped reads the birth date of the form.
func (v *visit) bornTyped() (calendar.Date, bool) {
	var parts [3]int
	for i, name := range []string{fieldYear, fieldMonth, fieldDay} {
		n, err := strconv.Atoi(v.text(name))
		if err != nil || n < 1 {
			return calendar.Date{}, false
		}
		parts[i] = n
	}
	if parts[0] < 1000 { // "56" is no year: which century?
		return calendar.Date{}, false
	}
	born, err := calendar.Parse(fmt.Sprintf("%04d-%02d-%02d", parts[0], parts[1], parts[2]))
	return born, err == nil
}

// letterOpen takes the form. A link that never was, one that is over, and a date
// that is not on file get the same answer at the same moment.
func (v *visit) letterOpen() {
	if v.switching() {
		v.showLetterAsk(http.StatusOK, "")
		return
	}
	born, whole := v.bornTyped()
	if !whole {
		v.showLetterAsk(http.StatusUnprocessableEntity, v.words.Letter.BornMissing)
		return
	}
	digest := letters.TokenDigest(v.r.PathValue("token"))
	link, _, err := v.Letters.Desk.Linked(v.ctx(), digest)
	if err != nil {
		v.unavailable("a mailed link cannot be looked up", err)
		return
	}
	var verdict limit.Verdict
	told := v.judgedBy(v.Letters.Limits, v.who(billpay.Number(link.Book)), &verdict)
	err = v.Letters.Readers.MatchBirth(v.ctx(), v.letterAccess(), link.Book, born, told)
	switch {
	case verdict.Answer == limit.Challenge && v.Guest != nil:
		v.challenge(verdict, asked{})
	case verdict.Answer != limit.Allow:
		v.refuse(verdict, &v.words.Guest.Limit.Looks)
	case err != nil && fault.KindOf(err) == fault.NotFound:
		v.showLetterAsk(http.StatusUnprocessableEntity, v.words.Letter.NoMatch)
	case err != nil:
		v.unavailable("a reader of a letter cannot be looked up", err)
	default:
		v.keep(keptLetter, digest)
		v.rise()
		v.seeOther("/letter")
	}
}

// letterAccess is what a reader's look is written down under: his browser, for that
// is all that is known for certain.
func (v *visit) letterAccess() audit.Access {
	access, err := audit.By(v.guestActor(), "reading a letter that was mailed", "web")
	if err != nil {
		panic("web: a guest always has an id: " + err.Error())
	}
	return access
}

// letterPage shows one letter.
type letterPage struct{ *letters.Letter }

// Title implements titled.
func (p letterPage) Title(*Words) string { return p.Heading }

// letterOrOver gives the letter that the session may show, or ends with a page that
// says how to come back to it. A link that was revoked meanwhile shows nothing more.
func (v *visit) letterOrOver() (*letters.Letter, letters.Link, bool) {
	var digest string
	if !v.kept(keptLetter, &digest) {
		if v.withoutCookies() {
			v.stop(http.StatusBadRequest, v.words.Letter.CookiesOff)
		} else {
			v.stop(http.StatusGone, v.words.Letter.Over)
		}
		return nil, letters.Link{}, false
	}
	link, found, err := v.Letters.Desk.Linked(v.ctx(), digest)
	if err == nil && !found {
		v.endSession()
		v.stop(http.StatusGone, v.words.Letter.Over)
		return nil, link, false
	}
	var letter *letters.Letter
	if err == nil {
		letter, err = v.Letters.Desk.Open(v.ctx(), link)
	}
	if err != nil {
		v.unavailable("a mailed letter cannot be shown", err)
	}
	return letter, link, err == nil
}

func (v *visit) letter() {
	if letter, _, ok := v.letterOrOver(); ok {
		v.pickRegion(string(letter.Region)) // the telephones below are those of the letter
		v.show(http.StatusOK, "letter", letterPage{letter})
	}
}

// letterPDF gives the letter to keep and print.
func (v *visit) letterPDF() {
	letter, link, ok := v.letterOrOver()
	if !ok {
		return
	}
	doc, err := paper.LetterOf(letters.Sheet{Letter: letter}).PDF(link.IssuedAt)
	if err != nil {
		v.unavailable("a mailed letter cannot be made for print", err)
		return
	}
	v.sendPDF(letter.Language, v.words.Letter.FileName, doc)
}

// letterClose ends the reading: the next person at this browser sees nothing.
func (v *visit) letterClose() {
	v.endSession()
	v.stop(http.StatusOK, v.words.Letter.Closed)
}
