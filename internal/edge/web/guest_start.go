package web

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// The fields of the first pages.
const (
	fieldNumber = "number"
	fieldFact   = "fact"
	fieldFund   = "fund"
	fieldCode   = "code"
)

// The steps of the progress, from 0.
const (
	stepWho = iota
	stepPay
	stepReview
)

func (v *visit) progress(at int) progress { return progress{Steps: v.words.Guest.Steps[:], At: at} }

// startPage asks whom the guest pays for.
type startPage struct {
	onForm
	withProblems
	Notices  []Notice
	Progress progress
	NoMatch  bool
	Number   numberField
	Find     details
	Fact     TextField
	For      ChoiceGroup
	Buttons  ButtonRow
	More     []details
}

// Title implements titled.
func (startPage) Title(w *Words) string { return w.Guest.Start.Title }

// asked is what the first page asks for, as typed, or the code of a bill.
type asked struct{ Number, Fact, Fund, Code string }

func (v *visit) guestStart() {
	v.device() // a browser that does not bring it back takes no cookies
	var a asked
	var e errand
	switch {
	case v.kept(keptAsked, &a) && a.Code == "":
		v.drop(keptAsked)
	case v.kept(keptErrand, &e):
		a = e.asked() // nobody types twelve digits twice (WCAG 3.3.7)
	}
	v.showStart(http.StatusOK, a, nil, false)
}

// asked gives what a guest typed to come to his errand; nothing for a bill's.
func (e *errand) asked() asked { return asked{Number: e.Typed, Fact: e.Fact, Fund: string(e.Fund)} }

// showStart shows the first page with what was typed. NoMatch adds the one answer
// to an unknown number and to a wrong fact.
func (v *visit) showStart(code int, a asked, problems []Problem, noMatch bool) {
	w := &v.words.Guest.Start
	p := startPage{
		withProblems: withProblems{problems}, Progress: v.progress(stepWho), NoMatch: noMatch,
		Number:  numberField{Field{Name: fieldNumber, Label: w.NumberLabel, Hint: w.NumberHint, Error: errorOf(problems, fieldNumber)}, a.Number},
		Find:    numberHelp(v.words),
		Fact:    TextField{Field: Field{Name: fieldFact, Label: w.FactLabel, Hint: w.FactHint, Error: errorOf(problems, fieldFact)}, Value: a.Fact},
		For:     ChoiceGroup{Field: Field{Name: fieldFund, Label: w.ForLabel, Error: errorOf(problems, fieldFund)}},
		Buttons: ButtonRow{Primary: Button{Text: w.Continue}},
		More: []details{
			{Summary: w.OtherHolder, Text: w.OtherHolders[:]},
			{Summary: w.Lost, Text: []string{w.LostA, v.call(w.LostB, region.LostNumber)}},
		},
	}
	for _, text := range v.Notices {
		p.Notices = append(p.Notices, Notice{Text: []string{v.words.In(text)}})
	}
	for _, fund := range chart.Funds() {
		p.For.Choices = append(p.For.Choices, Choice{
			Value: string(fund), Label: v.words.Guest.Funds[fund], Hint: v.words.Guest.FundHints[fund], Chosen: a.Fund == string(fund),
		})
	}
	v.show(code, "guest-start", p)
}

// errorOf gives what is wrong with a field, or "".
func errorOf(problems []Problem, name string) string {
	for _, p := range problems {
		if p.Field == name {
			return p.Text
		}
	}
	return ""
}

// guestFind takes the first page's form.
func (v *visit) guestFind() {
	a := asked{Number: v.text(fieldNumber), Fact: v.typed(fieldFact), Fund: v.typed(fieldFund)}
	if billpay.HintFor(a.Number).Kind == billpay.CardNumber {
		problems := []Problem{{fieldNumber, numberProblem(v.words, a.Number)}}
		a.Number = "" // it is not ours to keep, nor to show again
		v.showStart(http.StatusUnprocessableEntity, a, problems, false)
		return
	}
	if v.switching() {
		v.showStart(http.StatusOK, a, nil, false)
		return
	}
	if problems := v.judgeStart(a); len(problems) > 0 {
		v.showStart(http.StatusUnprocessableEntity, a, problems, false)
		return
	}
	who := v.asking(a.Number)
	var verdict limit.Verdict
	found, err := v.Guest.Directory.Match(v.ctx(), v.guestAccess(), a.Number, a.Fact, v.judged(who, &verdict))
	if v.held(verdict, a) {
		return
	}
	missed := err != nil && fault.KindOf(err) == fault.NotFound
	if err != nil && !missed {
		v.unavailable("a number cannot be looked up", err)
		return
	}
	if missed {
		v.showStart(http.StatusUnprocessableEntity, a, []Problem{{fieldNumber, v.noMatch(a.Number)}}, true)
		return
	}
	fund, _ := chart.ParseFund(a.Fund) // judgeStart has read it
	v.takeUp(errand{Number: found.Number.Digits(), Fund: fund, Typed: shownAgain(a.Number), Fact: a.Fact})
}

// takeUp goes on with a new errand. The one before it is given up: a card page of
// it may still stand open in another window, and would be a second payment.
func (v *visit) takeUp(e errand) {
	var before errand
	if v.kept(keptErrand, &before) && before.Attempt != "" {
		_, err := v.Guest.Desk.Withdraw(context.WithoutCancel(v.ctx()), before.Attempt)
		if err != nil && fault.KindOf(err) != fault.NotFound {
			v.unavailable("an attempt cannot be withdrawn", err)
			return
		}
		// One that was paid, or of which it is not known, takes its course by itself.
	}
	v.keep(keptErrand, e)
	v.rise()
	v.seeOther("/pay")
}

// judgeStart says what is wrong with the form by itself. Nobody is looked up.
func (v *visit) judgeStart(a asked) []Problem {
	var problems []Problem
	if _, err := billpay.Parse(a.Number); err != nil && !mayBeOld(a.Number) {
		problems = append(problems, Problem{fieldNumber, numberProblem(v.words, a.Number)})
	}
	if _, err := member.ParseFact(a.Fact); err != nil {
		problems = append(problems, Problem{fieldFact, v.words.Guest.Start.FactMissing})
	}
	if _, err := chart.ParseFund(a.Fund); err != nil {
		problems = append(problems, Problem{fieldFund, v.words.Guest.Start.ForMissing})
	}
	return problems
}

// noMatch says that a number leads nowhere together with the fact. Of one with a
// slip it names the slip. It depends on the text alone, and not on whether
// anybody has the number, of this system or an earlier one.
func (v *visit) noMatch(typed string) string {
	switch billpay.HintFor(typed).Kind {
	case billpay.NoHint, billpay.OtherLetters: // with letters it was meant as an old number
		return v.words.Guest.Start.NoMatch
	}
	return numberProblem(v.words, typed)
}

// errHeld ends a look-up whose answer may not be given.
var errHeld = errors.New("the limits of look-ups hold the answer back")

// judged tells the limits what a look-up came to and keeps their verdict.
func (v *visit) judged(who limit.Who, verdict *limit.Verdict) registry.Told {
	return v.judgedBy(v.Guest.Limits, who, verdict)
}

func (v *visit) judgedBy(limits Limits, who limit.Who, verdict *limit.Verdict) registry.Told {
	return func(ctx context.Context, hit bool, number billpay.Number) (err error) {
		*verdict, err = limits.Looked(ctx, who, hit, number)
		if err == nil && verdict.Answer != limit.Allow {
			err = errHeld
		}
		return err
	}
}

// held answers in place of a look-up whose answer may not be given, and reports
// whether it did. What was typed is kept for after the challenge.
func (v *visit) held(verdict limit.Verdict, a asked) bool {
	switch verdict.Answer {
	case limit.Challenge:
		v.challenge(verdict, a)
	case limit.Refuse:
		v.refuse(verdict, &v.words.Guest.Limit.Looks)
	}
	return verdict.Answer != limit.Allow
}

// billPage asks for the code of a bill.
type billPage struct {
	onForm
	withProblems
	Notices  []Notice
	Progress progress
	Code     TextField
	Buttons  ButtonRow
}

// Title implements titled.
func (billPage) Title(w *Words) string { return w.Guest.Bill.Title }

// guestScan takes the code that a telephone's camera read from a bill. It is not
// looked up before it is out of the address, where histories would keep it.
func (v *visit) guestScan() {
	v.device()
	v.keep(keptScan, v.r.PathValue("code"))
	v.seeOther("/bill?scanned=1")
}

func (v *visit) guestBill() {
	v.device()
	var scanned string
	var a asked
	switch {
	case v.kept(keptScan, &scanned):
		v.drop(keptScan)
		v.openBill(scanned)
	case v.kept(keptAsked, &a) && a.Code != "":
		v.drop(keptAsked)
		v.showBill(http.StatusOK, a.Code, "")
	case v.r.URL.Query().Has("scanned") && v.withoutCookies():
		v.stop(http.StatusBadRequest, v.words.Guest.CookiesOff, Link{"/", v.words.Pieces.StartAgain})
	default:
		v.showBill(http.StatusOK, "", "")
	}
}

func (v *visit) showBill(code int, typed, wrong string) {
	w := &v.words.Guest.Bill
	p := billPage{
		Progress: v.progress(stepWho),
		Code: TextField{
			Field: Field{Name: fieldCode, Label: w.Label, Hint: w.Hint, Error: wrong}, Value: typed, Width: 14,
		},
		Buttons: ButtonRow{Primary: Button{Text: w.Continue}},
	}
	if wrong != "" {
		p.Problems = []Problem{{fieldCode, wrong}}
	}
	v.show(code, "guest-bill", p)
}

// guestCode takes the form with the code of a bill.
func (v *visit) guestCode() {
	if typed := v.typed(fieldCode); v.switching() {
		v.showBill(http.StatusOK, typed, "")
	} else {
		v.openBill(typed)
	}
}

// openBill looks a code up and goes on with what is open on its bill.
func (v *visit) openBill(typed string) {
	w := &v.words.Guest.Bill
	code := readBillCode(typed)
	switch {
	case typed == "":
		v.showBill(http.StatusUnprocessableEntity, "", w.Missing)
		return
	case code == "":
		v.showBill(http.StatusUnprocessableEntity, typed, w.WrongShape)
		return
	}
	var verdict limit.Verdict
	bill, err := v.Guest.Directory.Bill(v.ctx(), v.guestAccess(), code, v.judged(v.who(0), &verdict))
	if v.held(verdict, asked{Code: typed}) {
		return
	}
	expired := errors.Is(err, registry.ErrCodeExpired)
	missed := err != nil && fault.KindOf(err) == fault.NotFound && !expired
	if err != nil && !missed && !expired {
		v.unavailable("a bill cannot be looked up", err)
		return
	}
	switch {
	case missed:
		v.showBill(http.StatusUnprocessableEntity, typed, w.Unknown)
	case expired:
		v.stop(http.StatusGone, w.Expired, Link{"/", w.UseNumber})
	case len(bill.Dues) == 0:
		v.stop(http.StatusOK, w.NothingOpen, Link{"/", v.words.Pieces.StartAgain})
	default:
		v.takeUp(errandOf(bill))
	}
}

// billCode is a code as people type it, without blanks and dashes.
var billCode = regexp.MustCompile(`^[2-9A-HJKMNP-Z]{10}$`)

// readBillCode reads a code as people type it; "" when it can be none. What is
// the same to the directory is the same here.
func readBillCode(typed string) string {
	code := strings.ToUpper(strings.Map(func(c rune) rune {
		if c == '.' || unicode.IsSpace(c) || unicode.Is(unicode.Pd, c) || unicode.Is(unicode.Cf, c) {
			return -1
		}
		return c
	}, typed))
	if !billCode.MatchString(code) {
		return ""
	}
	return code
}

// errandOf makes an errand of a bill: one amount per fund, for its open items.
func errandOf(bill registry.Bill) errand {
	e := errand{Number: bill.Number.Digits()}
	for _, d := range bill.Dues {
		at := slices.IndexFunc(e.Bill, func(known due) bool { return known.Fund == d.Purse.Fund })
		if at < 0 {
			at = len(e.Bill)
			e.Bill = append(e.Bill, due{Fund: d.Purse.Fund, DueOn: d.DueOn})
		}
		if d.DueOn.Before(e.Bill[at].DueOn) {
			e.Bill[at].DueOn = d.DueOn
		}
		e.Bill[at].Open += d.Open
		e.Bill[at].Items = append(e.Bill[at].Items, d.Items...)
	}
	return e
}

// what says what an errand is for: "Premium", "Premium, Pharmacy".
func (v *visit) what(e *errand) string {
	if len(e.Bill) == 0 {
		return v.words.Guest.Funds[e.Fund]
	}
	var funds []string
	for _, d := range e.Bill {
		funds = append(funds, v.words.Guest.Funds[d.Fund])
	}
	return strings.Join(funds, ", ")
}
