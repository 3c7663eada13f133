package mandate

import (
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/money"
)

// The elements of Nacha's rules for authorisations: that it is one, who debits, the
// amount or how it is found, once or recurring, when, the account and its kind, consent
// to the rules, how and by when to revoke, the date and the name. TEL adds the number
// for questions and that it is an electronic debit of the clearing house. Regulation E
// adds notice of changed amounts, and that coverage does not hang on it (1005.10(e)).
const (
	recurringEnglish = "I, {name}, authorize {company} to debit {account}, again and again until I end this, to pay {what}. " +
		"The amount of each debit is what is due then; it can change from one debit to the next. {most} {when} The first debit is on or after {on}. " +
		"{change} "
	endingEnglish = "This stays in force until I end it. I can end it, skip a debit or stop one at any time by calling {phone} in business hours or in writing. " +
		"If I say so {stop} business days before a debit, it will not be made; later word counts if the bank file has not gone out. " +
		"I do not have to agree to this to have coverage, and I can pay in other ways at no cost. "
	rulesEnglish  = "The debits must follow United States law and the rules of the clearing house (Nacha), to which I agree. "
	signedEnglish = "I may use this account. I will receive a copy. Agreed on {agreed} by {name}."

	recurringSpanish = "Yo, {name}, autorizo a {company} a debitar {account}, de forma repetida hasta que yo lo termine, para pagar {what}. " +
		"El monto de cada débito es lo que se deba en ese momento; puede cambiar de un débito a otro. {most} {when} El primer débito será el {on} o después. " +
		"{change} "
	endingSpanish = "Esta autorización sigue vigente hasta que yo la termine. Puedo terminarla, omitir un débito o detener uno en cualquier momento llamando al {phone} en horas de oficina o por escrito. " +
		"Si lo digo {stop} días hábiles antes de un débito, no se hará; un aviso posterior vale si el archivo bancario aún no ha salido. " +
		"No tengo que aceptar esto para tener cobertura, y puedo pagar de otras formas sin costo. "
	rulesSpanish  = "Los débitos deben cumplir las leyes de los Estados Unidos y las reglas de la cámara de compensación (Nacha), que acepto. "
	signedSpanish = "Puedo usar esta cuenta. Recibiré una copia. Aceptado el {agreed} por {name}."

	cardEnglish = "The card's number is kept by our card processor, not by us, and will be charged without my taking part. "
	cardSpanish = "El número de la tarjeta lo guarda nuestro procesador de tarjetas, no nosotros, y se cobrará sin mi participación. "

	onceEnglish = "I, {name}, authorize {company} to debit {account} once, for {amount}, on or after {on}. "
	onceSpanish = "Yo, {name}, autorizo a {company} a debitar {account} una sola vez, por {amount}, el {on} o después. "

	onceEndEnglish = "I can withdraw this by calling {phone} in business hours until the bank file has gone out. "
	onceEndSpanish = "Puedo retirar esta autorización llamando al {phone} en horas de oficina hasta que salga el archivo bancario. "

	spokenEnglish = "This call is being recorded. Today is {agreed}. This is an electronic debit through the clearing house (ACH). "
	spokenSpanish = "Esta llamada se está grabando. Hoy es {agreed}. Este es un débito electrónico a través de la cámara de compensación (ACH). "

	askEnglish = "For questions, call {phone} in business hours. "
	askSpanish = "Si tiene preguntas, llame al {phone} en horas de oficina. "
)

var noticeWords = strings.NewReplacer("{notice}", fmt.Sprint(NoticeDays))

var wordings = []Wording{
	{"web-1", "en", Web, false, Unreviewed, recurringEnglish + endingEnglish + rulesEnglish + signedEnglish},
	{"web-1", "es", Web, false, Unreviewed, recurringSpanish + endingSpanish + rulesSpanish + signedSpanish},
	{"paper-1", "en", Paper, false, Unreviewed, recurringEnglish + endingEnglish + rulesEnglish + signedEnglish},
	{"paper-1", "es", Paper, false, Unreviewed, recurringSpanish + endingSpanish + rulesSpanish + signedSpanish},
	{"phone-1", "en", Phone, false, Unreviewed, spokenEnglish + recurringEnglish + endingEnglish + rulesEnglish + askEnglish + signedEnglish},
	{"phone-1", "es", Phone, false, Unreviewed, spokenSpanish + recurringSpanish + endingSpanish + rulesSpanish + askSpanish + signedSpanish},

	{"card-web-1", "en", Web, false, Unreviewed, recurringEnglish + cardEnglish + endingEnglish + signedEnglish},
	{"card-web-1", "es", Web, false, Unreviewed, recurringSpanish + cardSpanish + endingSpanish + signedSpanish},
	{"card-paper-1", "en", Paper, false, Unreviewed, recurringEnglish + cardEnglish + endingEnglish + signedEnglish},
	{"card-paper-1", "es", Paper, false, Unreviewed, recurringSpanish + cardSpanish + endingSpanish + signedSpanish},
	{"card-phone-1", "en", Phone, false, Unreviewed, recurringEnglish + cardEnglish + endingEnglish + askEnglish + signedEnglish},
	{"card-phone-1", "es", Phone, false, Unreviewed, recurringSpanish + cardSpanish + endingSpanish + askSpanish + signedSpanish},

	{"web-once-1", "en", Web, true, Unreviewed, onceEnglish + onceEndEnglish + rulesEnglish + signedEnglish},
	{"web-once-1", "es", Web, true, Unreviewed, onceSpanish + onceEndSpanish + rulesSpanish + signedSpanish},
	{"phone-once-1", "en", Phone, true, Unreviewed, spokenEnglish + onceEnglish + onceEndEnglish + rulesEnglish + askEnglish + signedEnglish},
	{"phone-once-1", "es", Phone, true, Unreviewed, spokenSpanish + onceSpanish + onceEndSpanish + rulesSpanish + askSpanish + signedSpanish},
}

// said is how one language says the terms.
type said struct {
	accounts           map[AccountKind]string // with the mask
	card               string
	what               map[Purpose]string
	mostOf, noMost     string
	due, onDay, before string
	every              string
	percent, cents     string
}

var saidIn = map[string]said{
	"en": {
		accounts: map[AccountKind]string{
			Checking: "my checking account %s", Savings: "my savings account %s",
		},
		card:   "my card %s",
		what:   map[Purpose]string{Premium: "my premiums", Balance: "what I owe on my account"},
		mostOf: "No debit is more than %s.", noMost: "",
		due: "Each debit is made on the due date.", onDay: "Each debit is made on day %d of the month.",
		before:  "Each debit is made %d days before the due date.",
		every:   "If an amount differs from the one before, I will be told in writing {notice} days ahead.",
		percent: "I choose to be told in writing {notice} days ahead only if an amount differs from the one before by more than %d percent; I can ask to be told of every change.",
		cents:   "I choose to be told in writing {notice} days ahead only if an amount differs from the one before by more than %s; I can ask to be told of every change.",
	},
	"es": {
		accounts: map[AccountKind]string{
			Checking: "mi cuenta corriente %s", Savings: "mi cuenta de ahorros %s",
		},
		card:   "mi tarjeta %s",
		what:   map[Purpose]string{Premium: "mis primas", Balance: "lo que debo en mi cuenta"},
		mostOf: "Ningún débito será de más de %s.", noMost: "",
		due: "Cada débito se hace en la fecha de vencimiento.", onDay: "Cada débito se hace el día %d del mes.",
		before:  "Cada débito se hace %d días antes de la fecha de vencimiento.",
		every:   "Si un monto es distinto del anterior, se me avisará por escrito {notice} días antes.",
		percent: "Elijo que se me avise por escrito {notice} días antes solo si un monto difiere del anterior en más del %d por ciento; puedo pedir que se me avise de todo cambio.",
		cents:   "Elijo que se me avise por escrito {notice} días antes solo si un monto difiere del anterior en más de %s; puedo pedir que se me avise de todo cambio.",
	},
}

func (s said) account(t Terms) string {
	if t.Tender == Card {
		return fmt.Sprintf(s.card, t.Account)
	}
	return fmt.Sprintf(s.accounts[t.Kind], t.Account)
}

func (s said) most(most money.Cents) string {
	if most == 0 {
		return s.noMost
	}
	return fmt.Sprintf(s.mostOf, most.Grouped())
}

func (s said) when(r DayRule) string {
	switch r.Kind {
	case OnDay:
		return fmt.Sprintf(s.onDay, r.N)
	case DaysBefore:
		return fmt.Sprintf(s.before, r.N)
	}
	return s.due
}

func (s said) change(r Range) string {
	text := s.every
	switch {
	case r.Percent > 0:
		text = fmt.Sprintf(s.percent, r.Percent)
	case r.Cents > 0:
		text = fmt.Sprintf(s.cents, r.Cents.Grouped())
	}
	return fill(text)
}

// fill puts the number of days into a term, which a wording's own filling does not
// look into again.
func fill(term string) string {
	return noticeWords.Replace(term)
}
