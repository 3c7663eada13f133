package invoice

import (
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/cover/premium"
)

// Language is a language that invoices are written in.
type Language string

// The languages.
const (
	English Language = "en"
	Spanish Language = "es"
)

// Languages lists every language.
func Languages() []Language { return []Language{English, Spanish} }

// WordedLine is a line in words.
type WordedLine struct {
	Kind  Kind        `json:"kind,omitempty"` // of the invoice's own lines
	Text  string      `json:"text"`
	Cents money.Cents `json:"cents"`
}

// Worded is an invoice in words, in the order in which it is read.
type Worded struct {
	Language    Language     `json:"language"`
	Title       string       `json:"title"` // "Invoice 2612-01-14"
	Coverage    string       `json:"coverage"`
	Issued      string       `json:"issued"`
	Lines       []WordedLine `json:"lines"`
	Due         WordedLine   `json:"due"`                    // amount due, or credit
	OthersTitle string       `json:"others_title,omitempty"` // says that it is not the debtor's money
	Others      []WordedLine `json:"others"`
}

// Words puts the invoice into words. A language that is none is English.
func (i *Invoice) Words(language Language) Worded {
	w := english
	if language == Spanish {
		w = spanish
	}
	out := Worded{
		Language: w.language,
		Title:    fmt.Sprintf(w.title, i.Number),
		Coverage: fmt.Sprintf(w.coverage, w.date(i.From), w.date(i.To)),
		Issued:   fmt.Sprintf(w.issued, w.date(i.IssuedOn)),
		Lines:    []WordedLine{},
		Others:   []WordedLine{},
	}
	for _, l := range i.Lines {
		out.Lines = append(out.Lines, WordedLine{l.Kind, w.line(l), l.Cents})
	}
	out.Due = WordedLine{Text: fmt.Sprintf(w.due, w.date(i.DueOn)), Cents: i.Due}
	if i.Due < 0 {
		out.Due.Text = w.credit
	}
	for _, o := range i.Others {
		out.Others = append(out.Others, WordedLine{Text: w.line(Line{For: o.For, By: o.Owner, Name: o.Name, Month: o.Month}), Cents: o.Cents})
		out.OthersTitle = w.others
	}
	return out
}

// words are one language's. Formats take what their neighbours in English take.
type words struct {
	language                 Language
	title, coverage, issued  string
	due, credit, others      string
	previous, previousCredit string
	payment, returned        string
	more, less               string // a change of an earlier month
	part, paidBy, employee   string
	kinds                    map[premium.Kind]string
	owners                   map[premium.Owner]string
	tiers                    map[premium.Tier]string
	months                   [12]string
	monthFormat, dateFormat  string // of the month's name, the year, the day
}

func (w *words) month(m calendar.Month) string {
	return fmt.Sprintf(w.monthFormat, w.months[m.Of()-1], m.Year())
}

func (w *words) date(d calendar.Date) string {
	m := calendar.MonthOf(d)
	return fmt.Sprintf(w.dateFormat, w.months[m.Of()-1], m.Year(), d.Time().Day())
}

func named(text, name string) string {
	if name == "" {
		return text
	}
	return text + " (" + name + ")"
}

func (w *words) line(l Line) string {
	switch l.Kind {
	case PreviousBalance:
		if l.Cents < 0 {
			return w.previousCredit
		}
		return w.previous
	case PaymentReceived:
		return fmt.Sprintf(w.payment, w.date(l.On))
	case PaymentReturned:
		return fmt.Sprintf(w.returned, w.date(l.On))
	}
	text := w.kinds[l.For]
	if l.By != "" {
		text = fmt.Sprintf(w.paidBy, text, w.owners[l.By])
	}
	text += ", " + w.month(l.Month)
	if !l.From.IsZero() {
		text += ", " + fmt.Sprintf(w.part, l.From.Time().Day(), l.To.Time().Day())
	}
	if l.Tier != "" {
		text += ", " + w.tiers[l.Tier]
	}
	if l.Employee != 0 {
		text += ", " + fmt.Sprintf(w.employee, l.Employee.Grouped())
	}
	if l.Kind == Adjustment {
		change := w.less
		if l.Cents > 0 {
			change = w.more
		}
		text = fmt.Sprintf(change, text)
	}
	return named(text, l.Name)
}

var english = words{
	language: English,
	title:    "Invoice %s",
	coverage: "For coverage from %s to %s",
	issued:   "Issued on %s",
	due:      "Amount due by %s",
	credit:   "Credit: nothing to pay. It is used for your next bill",
	others:   "Paid by others. For your information: you do not pay these amounts",
	previous: "Previous balance", previousCredit: "Credit from before",
	payment:  "Payment received, %s",
	returned: "Payment of %s came back unpaid",
	more:     "Change to an earlier month, more to pay: %s",
	less:     "Change to an earlier month, less to pay: %s",
	part:     "days %d to %d",
	paidBy:   "%s, paid by: %s",
	employee: "of this from the employee %s",
	kinds: map[premium.Kind]string{
		premium.Gross:         "Premium",
		premium.Continuation:  "Addition for continuation coverage",
		premium.Penalty:       "Part D late enrollment penalty",
		premium.TaxCredit:     "Advance premium tax credit",
		premium.EmployerShare: "Employer's share",
		premium.Subsidy:       "Premium subsidy",
		premium.Withholding:   "Withheld from your benefit",
	},
	owners: map[premium.Owner]string{
		premium.Member: "you", premium.HHS: "the federal government", premium.Employer: "your employer", premium.CMS: "Medicare",
		premium.State: "your state", premium.SSA: "Social Security", premium.RRB: "the Railroad Retirement Board",
	},
	tiers: map[premium.Tier]string{
		premium.EmployeeOnly: "employee only", premium.EmployeeSpouse: "employee and spouse",
		premium.EmployeeChildren: "employee and children", premium.Family: "family",
	},
	months: [12]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	},
	monthFormat: "%s %d",
	dateFormat:  "%[1]s %[3]d, %[2]d",
}

var spanish = words{
	language: Spanish,
	title:    "Factura %s",
	coverage: "Por la cobertura del %s al %s",
	issued:   "Emitida el %s",
	due:      "Cantidad a pagar a más tardar el %s",
	credit:   "Saldo a su favor: no tiene que pagar nada. Se usa en su próxima factura",
	others:   "Pagado por otros. Para su información: usted no paga estas cantidades",
	previous: "Saldo anterior", previousCredit: "Saldo anterior a su favor",
	payment:  "Pago recibido, %s",
	returned: "El pago del %s fue devuelto sin cobrar",
	more:     "Cambio de un mes anterior, más a pagar: %s",
	less:     "Cambio de un mes anterior, menos a pagar: %s",
	part:     "días %d al %d",
	paidBy:   "%s, lo paga: %s",
	employee: "de esto, del empleado %s",
	kinds: map[premium.Kind]string{
		premium.Gross:         "Prima",
		premium.Continuation:  "Recargo por continuación de la cobertura",
		premium.Penalty:       "Multa por inscripción tardía en la Parte D",
		premium.TaxCredit:     "Crédito fiscal anticipado para la prima",
		premium.EmployerShare: "Parte del empleador",
		premium.Subsidy:       "Subsidio para la prima",
		premium.Withholding:   "Descontado de su beneficio",
	},
	owners: map[premium.Owner]string{
		premium.Member: "usted", premium.HHS: "el gobierno federal", premium.Employer: "su empleador", premium.CMS: "Medicare",
		premium.State: "su estado", premium.SSA: "el Seguro Social", premium.RRB: "la Junta de Jubilación Ferroviaria",
	},
	tiers: map[premium.Tier]string{
		premium.EmployeeOnly: "solo el empleado", premium.EmployeeSpouse: "empleado y cónyuge",
		premium.EmployeeChildren: "empleado e hijos", premium.Family: "familia",
	},
	months: [12]string{
		"enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre",
	},
	monthFormat: "%s de %d",
	dateFormat:  "%[3]d de %[1]s de %[2]d",
}
