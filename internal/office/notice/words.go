package notice

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/region"
)

// words is the catalogue of one language.
type words struct {
	Tag string // BCP 47

	Kinds map[Kind]letterWords

	Lines    map[coverage.Line]string // "your COBRA coverage" without the "your"
	Reasons  map[Reason]string        // whole sentences
	Returns  map[ReturnReason]string  // whole sentences
	Agencies map[string]string
	Tenders  map[region.Tender]string // how to pay by it, a sentence with {remit}, {street}, {phone} and {page}
	Together []tenders                // said in one sentence where a region takes them all
	Refunds  map[region.Tender]string // how a refund travels, a sentence
	Autopay  autopayWords

	Named string // a coverage and the product's name

	Number, Coverage string // labels of rows that every letter has
	HowToPay         string
	Page             string // within a sentence of Tenders, where there is a page to pay at
	AlreadyPaid      string
	Questions        string
	Call             string // with number and TTY
	OtherLanguages   string
	Estate           string // to whom a letter goes after a death
	Bill             billWords

	MonthForm, DateForm, Span string // month, year, day; from and to
	Months                    [12]string
}

// letterWords is what one kind of letter says.
type letterWords struct {
	Review  Review
	Heading string
	Rows    []rowWords
	Parts   []part
	Pay     bool // tells how to pay
}

// tenders are ways to pay that are done alike.
type tenders struct {
	Of   []region.Tender
	Text string
}

// rowWords is a row of the facts that stand first.
type rowWords struct {
	Label, Value string
	When         Fact // only when this fact is there
}

// part is one paragraph.
type part struct {
	Says Statement // what it must say, if anything
	Text string
	When Fact // only when this fact is there
}

// languages are those in which members are written to; the first is for whoever
// wishes another.
var languages = []*words{&english, &spanish}

// Languages lists the tags of the languages in which notices are written.
func Languages() []string {
	tags := make([]string, len(languages))
	for i, w := range languages {
		tags[i] = w.Tag
	}
	return tags
}

// wordsFor finds the words of a language, whatever its region: "es-MX" is Spanish.
func wordsFor(tag string) *words {
	base, _, _ := strings.Cut(tag, "-")
	for _, w := range languages {
		if strings.EqualFold(w.Tag, base) {
			return w
		}
	}
	return languages[0]
}

// review gives how far the words of a kind were checked. A fact that is no letter
// has no words.
func (w *words) review(kind Kind) Review {
	if said, is := w.Kinds[kind]; is {
		return said.Review
	}
	return Source
}

func (w *words) date(d calendar.Date) string {
	year, month, day := d.Time().Date()
	return fmt.Sprintf(w.DateForm, w.Months[month-1], year, day)
}

func (w *words) months(first, last calendar.Month) string {
	text := w.month(first)
	if last.After(first) {
		text = fmt.Sprintf(w.Span, text, w.month(last))
	}
	return text
}

func (w *words) month(m calendar.Month) string {
	return fmt.Sprintf(w.MonthForm, w.Months[m.Of()-1], m.Year())
}

// coverage names what the letter is about as the member knows it.
func (w *words) coverage(f *Facts) string {
	name := w.Lines[f.Line]
	if f.Plan != "" {
		name = fmt.Sprintf(w.Named, name, f.Plan)
	}
	return name
}
