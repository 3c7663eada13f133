package mandate

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Review is how far a wording was checked by a person who may say so.
type Review string

// The states of review. No text of this package was read by a lawyer yet: a plan has
// its counsel and its bank approve what it uses.
const (
	Unreviewed Review = "unreviewed"
	Reviewed   Review = "reviewed"
)

// Wording is one version of the text by which a payer agrees. A version that was used
// is never changed: a better one gets a new id.
type Wording struct {
	ID       string // "web-1"
	Language string // "en" or "es"
	Channel  Channel
	Single   bool // one debit, and no mandate
	Review   Review
	text     string
}

// Terms are what a wording tells the payer.
type Terms struct {
	Company  string // who debits
	Name     string // of the payer
	Tender   Tender
	Account  string // masked
	Kind     AccountKind
	Purpose  Purpose
	Cap      money.Cents
	Day      DayRule
	Range    Range
	Amount   money.Cents   // of a single debit, or of the first one where it is known
	On       calendar.Date // of a single debit: on or after; else from when on
	Phone    string        // for questions and revocation, in business hours
	AgreedOn calendar.Date
}

// Render gives the text as the payer sees or hears it. Invalid when a term that the
// rules ask for is missing.
func (w Wording) Render(t Terms) (string, error) {
	const op = "mandate.Render"
	missing := func(what string) (string, error) {
		return "", fault.New(fault.Invalid, op, "a consent cannot be worded without %s", what)
	}
	switch {
	case t.Company == "":
		return missing("the company that debits")
	case t.Name == "":
		return missing("the payer's name")
	case t.Account == "":
		return missing("the masked account")
	case t.Phone == "":
		return missing("a telephone number")
	case t.AgreedOn.IsZero() || t.On.IsZero():
		return missing("its dates")
	case w.Single && t.Amount <= 0:
		return missing("the amount of the debit")
	}
	said := saidIn[w.Language]
	return strings.NewReplacer(
		"{company}", t.Company, "{name}", t.Name, "{account}", said.account(t), "{what}", said.what[t.Purpose],
		"{amount}", t.Amount.Grouped(), "{most}", said.most(t.Cap), "{when}", said.when(t.Day), "{change}", said.change(t.Range),
		"{on}", t.On.String(), "{phone}", t.Phone, "{agreed}", t.AgreedOn.String(), "{stop}", fmt.Sprint(StopPromise),
	).Replace(w.text), nil
}

// DigestOf gives the digest under which a consent keeps the text that was agreed to.
func DigestOf(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// WordingFor gives the newest wording for a channel, tender and language ("es-MX" is
// Spanish; what there is no text in is English). Imported consents have their own.
func WordingFor(c Channel, t Tender, single bool, language string) (Wording, error) {
	base, _, _ := strings.Cut(language, "-")
	if _, spoken := saidIn[base]; !spoken {
		base = "en"
	}
	if c == Counter || c == Staff {
		c = Paper
	}
	for _, w := range slices.Backward(wordings) {
		if w.Channel == c && w.Single == single && w.Language == base && strings.HasPrefix(w.ID, "card") == (t == Card) {
			return w, nil
		}
	}
	return Wording{}, fault.New(fault.NotFound, "mandate.WordingFor", "there is no wording for a consent by %s", c)
}
