package processor

import (
	"net/http"
	"strings"

	"golang.org/x/text/language"
)

// words are the texts of the fields and the hosted page in one language.
type words struct {
	Tag string // BCP 47

	Heading, Notice, To, For, Amount, Pay, GoBack, Merchant   string
	ErrorTitle, ProblemsHeading, NotCharged                   string
	ExpiredHeading, Expired, BusyHeading, Busy                string
	OutHeading, Out, MissingHeading, Missing                  string
	Number, NumberHint, Expiry, ExpiryHint, CVC, CVCHint, ZIP string
	NoZIP                                                     string

	// Fields are the frames of the browser script, by kind.
	Fields map[string]fieldWords
	// Messages say what is wrong with a card, by Stripe's code or decline code.
	Messages map[string]string
}

type fieldWords struct{ Label, Placeholder string }

// message finds what to say of a refusal: its decline code says most.
func (w *words) message(no *refusal) string {
	for _, code := range []string{no.declineCode, no.code} {
		if text, ok := w.Messages[code]; ok {
			return text
		}
	}
	return w.Messages["card_declined"]
}

var languages = []*words{&english, &spanish}

var matcher = language.NewMatcher([]language.Tag{language.English, language.Spanish})

// wordsFor chooses a language: the one that the merchant asked for, else what the
// browser asks for.
func wordsFor(locale string, r *http.Request) *words {
	if locale != "" && locale != "auto" {
		for _, w := range languages {
			if strings.HasPrefix(strings.ToLower(locale), w.Tag) {
				return w
			}
		}
	}
	_, i := language.MatchStrings(matcher, r.Header.Get("Accept-Language"))
	return languages[i]
}

var english = words{
	Tag:     "en",
	Heading: "Pay by card", Notice: "This is a simulated card processor. Use test cards only.",
	To: "To", For: "For", Amount: "Amount", Pay: "Pay", GoBack: "Go back", Merchant: "Your health plan",
	ErrorTitle: "Error", ProblemsHeading: "Please check what you entered",
	NotCharged:     "You have not been charged. You can try again or use another card.",
	ExpiredHeading: "This page has expired", Expired: "You have not been charged here. Go back to start again.",
	BusyHeading: "Your payment is being processed",
	Busy:        "Do not pay again. Wait a moment, then reload this page.",
	OutHeading:  "We cannot take cards right now", Out: "Go back, and try again later.",
	MissingHeading: "There is no such page", Missing: "Check the link that you followed.",
	Number: "Card number", NumberHint: "13 to 19 digits, without your PIN", Expiry: "Expiration date", ExpiryHint: "Month and year, such as 08/29",
	CVC: "Security code", CVCHint: "3 digits on the back; 4 on the front of American Express", ZIP: "ZIP code of the card",
	NoZIP: "Enter the 5 digits of the ZIP code.",
	Fields: map[string]fieldWords{
		"card-number": {"Card number", "1234 1234 1234 1234"},
		"card-expiry": {"Expiration date, month and year", "MM / YY"},
		"card-cvc":    {"Security code", "CVC"},
	},
	Messages: map[string]string{
		"incomplete_number": "The card number is incomplete.", "invalid_number": "The card number is not valid. Check each digit.",
		"incorrect_number": "The card number is not valid. Check each digit.", "incomplete_expiry": "The expiration date is incomplete.",
		"invalid_expiry_month": "The month must be from 01 to 12.", "invalid_expiry_year": "The expiration date is in the past or not valid.",
		"invalid_expiry_year_past": "The expiration date is in the past.", "incomplete_cvc": "The security code is incomplete.",
		"invalid_cvc": "The security code is not valid.", "card_declined": "The card was declined. Use another card, or call your bank.",
		"expired_card": "The card has expired. Use another card.", "incorrect_cvc": "The security code is not correct. Check it and try again.",
		"insufficient_funds":      "The card was declined: there is not enough money on it.",
		"processing_error":        "The card could not be processed. Try again in a moment.",
		"authentication_required": "The bank wants you to confirm this payment, which cannot be done here. Use another card.",
		"test_mode_live_card":     "Use a test card. This is a simulated card processor and takes no others.",
		"unreachable":             "We could not reach the card processor. You have not been charged. Please try again.",
	},
}

var spanish = words{
	Tag:     "es",
	Heading: "Pagar con tarjeta", Notice: "Este es un procesador de tarjetas simulado. Use solo tarjetas de prueba.",
	To: "A", For: "Concepto", Amount: "Importe", Pay: "Pagar", GoBack: "Volver", Merchant: "Su plan de salud",
	ErrorTitle: "Error", ProblemsHeading: "Revise lo que escribió",
	NotCharged:     "No se le ha cobrado. Puede intentarlo de nuevo o usar otra tarjeta.",
	ExpiredHeading: "Esta página ha caducado", Expired: "Aquí no se le ha cobrado. Vuelva para empezar de nuevo.",
	BusyHeading: "Su pago se está procesando",
	Busy:        "No pague otra vez. Espere un momento y vuelva a cargar esta página.",
	OutHeading:  "Ahora no podemos aceptar tarjetas", Out: "Vuelva e inténtelo más tarde.",
	MissingHeading: "Esta página no existe", Missing: "Revise el enlace que siguió.",
	Number: "Número de tarjeta", NumberHint: "De 13 a 19 dígitos, sin su PIN", Expiry: "Fecha de vencimiento", ExpiryHint: "Mes y año, por ejemplo 08/29",
	CVC: "Código de seguridad", CVCHint: "3 dígitos al dorso; 4 al frente en American Express", ZIP: "Código postal (ZIP) de la tarjeta",
	NoZIP: "Escriba los 5 dígitos del código postal.",
	Fields: map[string]fieldWords{
		"card-number": {"Número de tarjeta", "1234 1234 1234 1234"},
		"card-expiry": {"Fecha de vencimiento, mes y año", "MM / AA"},
		"card-cvc":    {"Código de seguridad", "CVC"},
	},
	Messages: map[string]string{
		"incomplete_number": "El número de tarjeta está incompleto.", "invalid_number": "El número de tarjeta no es válido. Revise cada dígito.",
		"incorrect_number": "El número de tarjeta no es válido. Revise cada dígito.", "incomplete_expiry": "La fecha de vencimiento está incompleta.",
		"invalid_expiry_month": "El mes debe ser de 01 a 12.", "invalid_expiry_year": "La fecha de vencimiento ya pasó o no es válida.",
		"invalid_expiry_year_past": "La fecha de vencimiento ya pasó.", "incomplete_cvc": "El código de seguridad está incompleto.",
		"invalid_cvc": "El código de seguridad no es válido.", "card_declined": "La tarjeta fue rechazada. Use otra tarjeta o llame a su banco.",
		"expired_card": "La tarjeta ha vencido. Use otra tarjeta.", "incorrect_cvc": "El código de seguridad no es correcto. Revíselo e inténtelo de nuevo.",
		"insufficient_funds":      "La tarjeta fue rechazada: no tiene fondos suficientes.",
		"processing_error":        "No se pudo procesar la tarjeta. Inténtelo de nuevo en un momento.",
		"authentication_required": "El banco pide que confirme este pago, y aquí no es posible. Use otra tarjeta.",
		"test_mode_live_card":     "Use una tarjeta de prueba. Este es un procesador simulado y no acepta otras.",
		"unreachable":             "No pudimos comunicarnos con el procesador de tarjetas. No se le ha cobrado. Inténtelo de nuevo.",
	},
}
