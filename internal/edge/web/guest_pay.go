package web

import (
	"context"
	"fmt"
	"net/http"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
)

// The fields of the page with amount and card.
const (
	fieldAmount = "amount" // of a bill, followed by the fund
	fieldMail   = "mail"
	fieldToken  = "card-token"
)

// mailMax bounds an address (RFC 5321, 4.5.3.1.3).
const mailMax = 254

// payPage asks for amount and card.
type payPage struct {
	onForm
	withProblems
	Notices   []Notice
	Progress  progress
	Who       SummaryList
	Intro     string
	Amounts   []MoneyField
	CanMail   bool
	Mail      TextField
	Entered   string // the card that was entered already, or ""
	Card      cardFields
	Elsewhere string
	Buttons   ButtonRow
}

// Title implements titled.
func (payPage) Title(w *Words) string { return w.Guest.Pay.Title }

// payForm is what that page asks for, as typed, amounts by the names of their fields.
type payForm struct {
	Amounts map[string]string
	Mail    string
	Again   bool // another card is wanted
}

func (v *visit) guestPay() {
	e, ok := v.errandOrOver()
	if !ok || v.onItsWay(e) {
		return
	}
	form := v.formOf(e, false)
	if e.Attempt == "" {
		for _, d := range e.Bill {
			form.Amounts[amountField(e, d.Fund)] = typedAmount(d.Open)
		}
	}
	v.showPay(http.StatusOK, e, form, nil)
}

// typedAmount writes an amount as people type it: without the dollar sign, which
// stands before the field.
func typedAmount(amount money.Cents) string { return strings.TrimPrefix(amount.Grouped(), "$") }

// onItsWay reports that the errand was paid, or that it is not known whether: then
// the guest is shown that and can pay it no second time.
func (v *visit) onItsWay(e *errand) bool {
	state, err := v.state(e)
	switch {
	case err != nil:
		v.unavailable("an attempt cannot be looked up", err)
		return true
	case state == checkout.Paying, state == checkout.Checking, state == checkout.Paid:
		v.seeOther("/result")
		return true
	}
	return false
}

// state is how the errand's attempt stands, or "" before it began.
func (v *visit) state(e *errand) (checkout.State, error) {
	if e.Attempt == "" {
		return "", nil
	}
	a, err := v.Guest.Desk.Look(v.ctx(), e.Attempt)
	if err != nil && fault.KindOf(err) == fault.NotFound {
		return "", nil
	}
	return a.State, err
}

// amountField names the field of an amount: one for all, or one for each fund of a bill.
func amountField(e *errand, fund chart.Fund) string {
	if len(e.Bill) == 0 {
		return fieldAmount
	}
	return fieldAmount + "-" + string(fund)
}

func (v *visit) showPay(code int, e *errand, form payForm, problems []Problem) {
	w := &v.words.Guest.Pay
	p := payPage{
		withProblems: withProblems{problems}, Progress: v.progress(stepPay),
		Who: SummaryList{Lines: []SummaryLine{
			{Label: w.Who, Value: v.ending(e), Change: Link{"/", w.Change}}, {Label: w.For, Value: v.what(e)},
		}},
		CanMail: v.Guest.Receipts != nil,
		Mail: TextField{
			Field: Field{Name: fieldMail, Label: v.words.Guest.Email, Hint: w.EmailHint, Error: errorOf(problems, fieldMail), Optional: true},
			Value: form.Mail, Type: "email", Autocomplete: "email", InputMode: "email", MaxLength: mailMax,
		},
		Elsewhere: fmt.Sprintf(w.CardElsewhere, v.processorName()),
		Buttons:   ButtonRow{Primary: Button{Text: w.Continue}, Back: Link{"/", v.words.Guest.Review.Back}},
	}
	switch {
	case e.Token != "":
		p.Entered = v.words.cardName(e.Card)
		p.Buttons.Others = []Button{{Text: w.OtherCard, Name: buttonOtherCard, Value: "1"}}
	case v.Processor != nil:
		p.Card.Key = v.Processor.Key
	}
	if form.Again {
		p.Notices = append(p.Notices, Notice{Text: []string{w.CardAgain}})
	}
	if len(e.Bill) == 0 {
		p.Amounts = []MoneyField{{Field{Name: fieldAmount, Label: w.Amount, Hint: w.AmountHint, Error: errorOf(problems, fieldAmount)}, form.Amounts[fieldAmount]}}
	} else {
		p.Intro = w.BillIntro
	}
	for _, d := range e.Bill {
		name := amountField(e, d.Fund)
		p.Amounts = append(p.Amounts, MoneyField{Field{
			Name: name, Label: v.words.Guest.Funds[d.Fund], Hint: fmt.Sprintf(w.BillHint, d.Open.Grouped(), v.entity(d.Fund)),
			Error: errorOf(problems, name),
		}, form.Amounts[name]})
	}
	v.show(code, "guest-pay", p)
}

func (v *visit) processorName() string {
	if v.Processor == nil {
		return ""
	}
	return v.Processor.Name
}

// guestDraft takes the form with amount and card.
func (v *visit) guestDraft() {
	e, ok := v.errandOrOver()
	if !ok {
		return
	}
	form := payForm{Amounts: map[string]string{}, Mail: v.typed(fieldMail)}
	for _, name := range amountFields(e) {
		form.Amounts[name] = v.typed(name)
	}
	if v.switching() {
		v.showPay(http.StatusOK, e, form, nil)
		return
	}
	if v.onItsWay(e) {
		return
	}
	if v.has(buttonOtherCard) {
		v.spendCard(e)
		v.showPay(http.StatusOK, e, form, nil)
		return
	}
	if !v.takeCard(e, form) {
		return
	}
	parts, problems := v.judgeAmounts(e, form)
	if form.Mail != "" && !isMail(form.Mail) {
		problems = append(problems, Problem{fieldMail, v.words.Guest.EmailWrong})
	}
	if len(problems) > 0 {
		v.keep(keptErrand, e) // a card that was entered need not be entered again
		v.showPay(http.StatusUnprocessableEntity, e, form, problems)
		return
	}
	if !v.decide(e, parts, form.Mail) {
		return
	}
	v.keep(keptErrand, e)
	v.seeOther("/review")
}

func amountFields(e *errand) []string {
	if len(e.Bill) == 0 {
		return []string{fieldAmount}
	}
	var names []string
	for _, d := range e.Bill {
		names = append(names, amountField(e, d.Fund))
	}
	return names
}

// buttonOtherCard drops a card that was entered, for another.
const buttonOtherCard = "other-card"

// takeCard notes the card that was entered: in the processor's own fields, whose
// token shows us what may be shown of it, or later on the processor's page.
func (v *visit) takeCard(e *errand, form payForm) bool {
	token := v.text(fieldToken)
	if token == "" {
		e.Elsewhere = e.Token == ""
		return true
	}
	card, err := v.Guest.Cards.Card(v.ctx(), token)
	switch {
	case err == nil:
		v.unasked(e) // what was asked of the limits was for a card on the processor's page
		e.Token, e.Card, e.Elsewhere = token, card, false
		return true
	case fault.KindOf(err) == fault.Invalid, fault.KindOf(err) == fault.NotFound:
		form.Again = true // nobody made this token, or it was used up
		v.showPay(http.StatusUnprocessableEntity, e, form, nil)
	default:
		v.unavailable("a card cannot be shown", err)
	}
	return false
}

// decide notes what is paid. Another content is another attempt, in whose favour
// the older is withdrawn: a card page of it may still stand open in another
// window. The same content keeps its id, unless its attempt has ended for good.
func (v *visit) decide(e *errand, parts []checkout.Part, to string) bool {
	state, err := v.state(e)
	if err != nil {
		v.unavailable("an attempt cannot be looked up", err)
		return false
	}
	same := e.Mail == to && slices.EqualFunc(e.Parts, parts, func(a, b checkout.Part) bool {
		return a.Reference == b.Reference && a.Fund == b.Fund && a.Amount == b.Amount && slices.Equal(a.Items, b.Items)
	})
	if !same || e.Attempt == "" || state == checkout.Abandoned {
		if state != "" && !v.withdraw(e) {
			return false
		}
		v.unasked(e)
		e.Attempt = ident.NewOpaque()
	}
	e.Parts, e.Mail = parts, to
	return true
}

// withdraw ends the errand's attempt for another. One that was paid meanwhile, or
// of which it is not known, is shown instead.
func (v *visit) withdraw(e *errand) bool {
	a, err := v.Guest.Desk.Withdraw(context.WithoutCancel(v.ctx()), e.Attempt)
	switch {
	case err != nil:
		v.unavailable("an attempt cannot be withdrawn", err)
		return false
	case a.State != checkout.Abandoned:
		v.seeOther("/result")
		return false
	}
	return true
}

// isMail reports whether a text can be an address that mail is sent to.
func isMail(text string) bool {
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > mailMax {
		return false
	}
	_, host, _ := strings.Cut(text, "@")
	return strings.Contains(host, ".")
}

// judgeAmounts reads the amounts and says what is wrong with them.
func (v *visit) judgeAmounts(e *errand, form payForm) ([]checkout.Part, []Problem) {
	least, most := v.Guest.Limits.Least(e.open()), v.Plan.Limits.MaxPayment
	if len(e.Bill) == 0 {
		amount, wrong := v.judgeAmount(form.Amounts[fieldAmount], least, most)
		if wrong != "" {
			return nil, []Problem{{fieldAmount, wrong}}
		}
		return []checkout.Part{{Reference: e.Number, Fund: e.Fund, Amount: amount}}, nil
	}
	var parts []checkout.Part
	var problems []Problem
	var sum money.Cents
	for _, d := range e.Bill {
		name := amountField(e, d.Fund)
		if isNothing(form.Amounts[name]) && len(e.Bill) > 1 {
			continue
		}
		amount, wrong := v.judgeAmount(form.Amounts[name], 1, min(most, d.Open))
		if wrong != "" {
			problems = append(problems, Problem{name, wrong})
			continue
		}
		parts = append(parts, checkout.Part{Reference: e.Number, Fund: d.Fund, Amount: amount, Items: d.Items})
		sum += amount
	}
	first := amountField(e, e.Bill[0].Fund)
	switch {
	case len(problems) > 0:
	case sum < least:
		problems = append(problems, Problem{first, v.words.Guest.Pay.NothingChosen})
	case sum > most:
		problems = append(problems, Problem{first, fmt.Sprintf(v.words.Guest.Pay.TotalTooLarge, most.Grouped())})
	}
	return parts, problems
}

// isNothing reports that an amount was left out.
func isNothing(typed string) bool {
	amount, err := money.Parse(typed)
	return strings.TrimSpace(typed) == "" || err == nil && amount == 0
}

// centsAfterComma is how much of the world writes an amount.
var centsAfterComma = regexp.MustCompile(`^\$?\s*\d{1,3}(\.?\d{3})*,\d{1,2}$`)

func (v *visit) judgeAmount(typed string, least, most money.Cents) (money.Cents, string) {
	typed = strings.ReplaceAll(typed, "$ ", "$")
	amount, wrong := parseMoney(typed, least, most)
	w := v.words.Pieces.AmountProblems[wrong]
	switch wrong {
	case 0:
		return amount, ""
	case amountUnreadable:
		if centsAfterComma.MatchString(typed) {
			return 0, v.words.Guest.Pay.AmountComma
		}
		return 0, w
	case amountTooSmall:
		return 0, fmt.Sprintf(w, least.Grouped())
	case amountTooLarge:
		return 0, fmt.Sprintf(w, most.Grouped())
	}
	return 0, w
}
