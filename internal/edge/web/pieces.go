package web

import (
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/people/billpay"
)

// The pieces that pages are put together from. Each struct is what the template
// of its name in assets/pieces.html takes; all text in them is in the reader's
// language already.

// Field is what every field of a form has.
type Field struct {
	Name  string // of the value in the form, and the element's id
	Label string
	Hint  string // or ""
	Error string // or ""
	// Optional says so beside the label; whatever is not optional is required.
	Optional bool
}

// Described names the elements that explain the field, for assistive technology.
func (f Field) Described() string {
	var ids []string
	if f.Hint != "" {
		ids = append(ids, f.Name+"-hint")
	}
	if f.Error != "" {
		ids = append(ids, f.Name+"-error")
	}
	return strings.Join(ids, " ")
}

// TextField is a line of text.
type TextField struct {
	Field
	Value        string
	Type         string // of the input: "" is text; "email", "tel"
	Autocomplete string // WCAG 1.3.5: "email", "postal-code", ...; "" is off
	InputMode    string // the keyboard of a phone: "numeric", ...
	MaxLength    int    // 0 is unbounded
	Width        int    // in characters that are expected; 0 is wide
}

// numberField takes a bill pay number. It has no length limit: what is pasted
// with blanks and signs around it must fit.
type numberField struct {
	Field
	Value string // as typed, or grouped
}

// MoneyField takes an amount in dollars.
type MoneyField struct {
	Field
	Value string
}

// Choice is one of a group.
type Choice struct {
	Value, Label, Hint string
	Chosen             bool
}

// ChoiceGroup is one question with its answers: one of them, or any with Many.
type ChoiceGroup struct {
	Field
	Choices []Choice
	Many    bool
}

// Problem is what is wrong with one field.
type Problem struct {
	Field string // its name
	Text  string
}

// Button sends the form; Name and Value say which one it was, or "".
type Button struct{ Text, Name, Value string }

// Link leads somewhere.
type Link struct{ Href, Text string }

// ButtonRow ends a form.
type ButtonRow struct {
	Primary Button
	Others  []Button
	Back    Link // or none
}

// NoticeKind is how a notice looks and what it is called by screen readers.
type NoticeKind string

const (
	NoticeInfo NoticeKind = "info"
	NoticeGood NoticeKind = "success"
	NoticeWarn NoticeKind = "warn"
	NoticeBad  NoticeKind = "error"
)

// Notice is a box that says something apart from the page's own text.
type Notice struct {
	Kind    NoticeKind
	Heading string // or ""
	Text    []string
}

// Class is how the design system calls the kind.
func (n Notice) Class() string {
	if n.Kind == NoticeInfo || n.Kind == "" {
		return "ds-c-alert"
	}
	// The classes as they stand in the style sheet, for the tool that keeps only
	// those that some file names: ds-c-alert--success ds-c-alert--warn ds-c-alert--error.
	return "ds-c-alert ds-c-alert--" + string(n.Kind)
}

// SummaryLine is one fact of a review or receipt. Value may be what a template
// function wrote.
type SummaryLine struct {
	Label  string
	Value  any
	Note   string // or ""
	Change Link   // where it can be changed, or none
}

// SummaryList is what a payer looks over before or after an act.
type SummaryList struct{ Lines []SummaryLine }

// progress says how far a reader has come: At counts from 0.
type progress struct {
	Steps []string
	At    int
}

// Here is the number of the current step, from 1.
func (p progress) Here() int { return p.At + 1 }

// picture is one of assets/pictures with what it shows.
type picture struct {
	File, Alt     string
	Width, Height int // of the picture, so that nothing moves when it comes
}

// details are hidden until somebody asks for them.
type details struct {
	Summary  string
	Text     []string
	Pictures []picture
}

// receipt is what a payer keeps. Account is the last four digits.
type receipt struct {
	Confirmation string
	PaidOn       calendar.Date
	Account      string
	Lines        []SummaryLine
	Total        money.Cents
}

// cardFields are the processor's own fields on the card page.
type cardFields struct{ Key string }

// numberHelp tells how to find the number, with pictures of card and bill.
func numberHelp(w *Words) details {
	p := &w.Pieces
	return details{Summary: p.FindNumber, Text: []string{p.FindOnCard, p.FindOnBill, p.FindByPhone}, Pictures: []picture{
		{File: "card.svg", Alt: p.CardPicture, Width: 340, Height: 214}, {File: "bill.svg", Alt: p.BillPicture, Width: 340, Height: 214},
	}}
}

// numberProblem names the likely slip in a bill pay number from its own digits.
// It says nothing of who is on file, and is "" for a number that could be one.
func numberProblem(w *Words, typed string) string {
	switch hint := billpay.HintFor(typed); hint.Kind {
	case billpay.TooFewDigits:
		return w.Pieces.DigitsMissing.Of(hint.By)
	case billpay.TooManyDigits:
		return w.Pieces.DigitsTooMany.Of(hint.By)
	default:
		return w.Pieces.NumberProblems[hint.Kind]
	}
}

// amountProblem is why a text is no amount of money to pay.
type amountProblem uint8

// The problems, as the words name them.
const (
	amountMissing amountProblem = iota + 1
	amountUnreadable
	amountTooSmall
	amountTooLarge
)

// amountProblems lists every problem.
func amountProblems() []amountProblem {
	return []amountProblem{amountMissing, amountUnreadable, amountTooSmall, amountTooLarge}
}

// parseMoney reads an amount as people type it: "$1,250.00", "1250", "12.5". The
// Problem is 0 when it is one between least and most.
func parseMoney(typed string, least, most money.Cents) (money.Cents, amountProblem) {
	if strings.TrimSpace(typed) == "" {
		return 0, amountMissing
	}
	amount, err := money.Parse(typed)
	switch {
	case err != nil:
		return 0, amountUnreadable
	case amount < least:
		return 0, amountTooSmall
	case amount > most:
		return 0, amountTooLarge
	}
	return amount, 0
}
