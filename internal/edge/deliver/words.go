package deliver

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/office/checkout"
)

// words is the catalogue of one language.
type words struct {
	Tag string // BCP 47

	News      map[checkout.News]letterWords
	Challenge letterWords
	Letter    letterWords // that a letter is there; {page} is where

	Amount, Date, Confirmation, Account, Card, PaidTo, NotPaidTo string

	Ending      string // of an account or card, with its last four digits
	EntityShare string // a legal entity and the amount it received
	Brands      map[string]string
	Questions   string
	Machine     string
	DateForm    string // month, day and year by the verbs %[1]s, %[2]d and %[3]d
	Months      [12]string
}

// letterWords is what one kind of letter says beside its facts.
type letterWords struct {
	Subject, Heading string
	Paragraphs       []string
	Last             []string
}

// languages are those in which payers are written to; the first is for whoever
// asks for another.
var languages = []*words{&english, &spanish}

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

func (w *words) date(d calendar.Date) string {
	year, month, day := d.Time().Date()
	return fmt.Sprintf(w.DateForm, w.Months[month-1], day, year)
}

// cardName says "Visa ending in 4242". A network without a name here is left out.
func (w *words) cardName(card checkout.Card) string {
	return strings.TrimSpace(w.Brands[card.Brand] + " " + w.ending(card.Last4))
}

func (w *words) ending(last4 string) string { return fmt.Sprintf(w.Ending, last4) }

// challenge is the letter with a code, written in two halves to be read aloud.
func (w *words) challenge(code string, minutes int) content {
	c := w.Challenge.content()
	half := len(code) / 2
	c.Code = code[:half] + " " + code[half:]
	for i, line := range c.Last {
		c.Last[i] = strings.ReplaceAll(line, "{minutes}", strconv.Itoa(minutes))
	}
	return c
}

func (l letterWords) content() content {
	return content{
		Subject: l.Subject, Heading: l.Heading,
		Paragraphs: append([]string(nil), l.Paragraphs...), Last: append([]string(nil), l.Last...),
	}
}

// brands are the names of card networks as they stand on cards, in every language.
var brands = map[string]string{
	"visa": "Visa", "mastercard": "Mastercard", "amex": "American Express", "discover": "Discover", "diners": "Diners Club",
	"jcb": "JCB", "unionpay": "UnionPay",
}
