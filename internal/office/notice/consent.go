package notice

import (
	"context"
	"embed"
	"net/mail"
	"slices"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Consent is a member's agreement to receive letters electronically, or that he
// took it back (15 U.S.C. 7001(c)).
type Consent struct {
	Book        ledger.BookNo
	GivenOn     calendar.Date
	WithdrawnOn calendar.Date // zero while it stands
	Wording     string        // version of the text that was agreed to
	Address     string        // where mail goes
	How         How
	Evidence    string // where the proof of it is: a message's id, a document's number
	Actor       ident.Actor
	At          time.Time // when it was noted
}

// How is by which way a consent was given or taken back.
type How string

// The ways.
const (
	OnPage   How = "web"
	ByMail   How = "email"
	ByPhone  How = "phone"
	ByLetter How = "paper"
	InPerson How = "in_person"
	Bounced  How = "bounce" // the address took no mail: nobody asked for it
)

// Hows lists the ways of people.
func Hows() []How { return []How{OnPage, ByMail, ByPhone, ByLetter, InPerson} }

// Electronic reports whether a consent by this way shows that its giver can open
// what comes electronically (15 U.S.C. 7001(c)(1)(C)(ii)). What was said on the
// telephone or signed on paper does not.
func (h How) Electronic() bool { return h == OnPage || h == ByMail }

// Consents keeps who agreed to electronic letters.
type Consents interface {
	// StandingConsents gives the consents that stand on a day, by book.
	StandingConsents(ctx context.Context, books []ledger.BookNo, on calendar.Date) (map[ledger.BookNo]Consent, error)
	// AddConsent keeps a consent, or that one was taken back; what is kept last holds.
	// Conflict when another is kept at the same moment.
	AddConsent(ctx context.Context, c Consent) error
}

// wordings are the texts that members agree to, by version: consent/VERSION.LANGUAGE.txt.
// A text that was agreed to is never changed; another text is another version.
//
//go:embed consent
var wordings embed.FS

// Wordings lists the versions of the text that members agree to, the one in use last.
func Wordings() []string { return []string{"2026-1"} }

// Wording gives the text of a version in the language that serves a wish. NotFound
// for a version that never was.
func Wording(version, language string) (string, error) {
	text, err := wordings.ReadFile("consent/" + version + "." + wordsFor(language).Tag + ".txt")
	if err != nil {
		return "", fault.New(fault.NotFound, "notice.Wording", "there is no wording %q of the consent to electronic letters", version).
			WithHint("There are: " + strings.Join(Wordings(), ", "))
	}
	return string(text), nil
}

// evidenceMax bounds a consent's evidence in bytes.
const evidenceMax = 200

// GiveConsent notes that a member agreed to electronic letters. Invalid for a
// wording that never was, an address that is none, missing evidence, and a way that
// does not show that the member can open what comes electronically.
func (d *Desk) GiveConsent(ctx context.Context, c Consent) error {
	const op = "notice.GiveConsent"
	address, err := mail.ParseAddress(c.Address)
	switch {
	case err != nil || address.Name != "":
		return fault.New(fault.Invalid, op, "the address for electronic letters is no mail address")
	case !slices.Contains(Wordings(), c.Wording):
		return fault.New(fault.Invalid, op, "there is no wording %q of the consent", c.Wording).WithHint("There are: " + strings.Join(Wordings(), ", "))
	case !slices.Contains(Hows(), c.How):
		return fault.New(fault.Invalid, op, "%q is no way to give a consent", c.How)
	case !c.How.Electronic():
		return fault.New(fault.Invalid, op, "a consent by %s does not show that the member can open electronic letters (15 U.S.C. 7001(c)(1)(C)(ii))", c.How).
			WithHint("Have the member confirm it by mail or on a page, and note that.")
	}
	c.WithdrawnOn = calendar.Date{}
	return d.addConsent(ctx, op, c)
}

// WithdrawConsent notes that a member wants paper again, from a day on, however
// that was said. What was mailed can be read no more: it comes on paper on request.
// NotFound when no consent stands.
func (d *Desk) WithdrawConsent(ctx context.Context, c Consent, on calendar.Date) error {
	const op = "notice.WithdrawConsent"
	standing, err := d.store.StandingConsents(ctx, []ledger.BookNo{c.Book}, on)
	if err != nil {
		return fault.Wrap(op, err)
	}
	given, stands := standing[c.Book]
	if !stands {
		return fault.New(fault.NotFound, op, "the account has not agreed to electronic letters: they go on paper")
	}
	c.GivenOn, c.WithdrawnOn, c.Wording, c.Address = given.GivenOn, on, given.Wording, given.Address
	if err := d.addConsent(ctx, op, c); err != nil {
		return err
	}
	return fault.Wrap(op, d.store.RevokeLinks(ctx, c.Book, d.clock.Now()))
}

func (d *Desk) addConsent(ctx context.Context, op string, c Consent) error {
	if c.Evidence == "" || len(c.Evidence) > evidenceMax || c.Actor.IsZero() {
		return fault.New(fault.Invalid, op, "a consent needs who notes it, and its evidence in at most %d bytes", evidenceMax)
	}
	c.At = d.clock.Now()
	return fault.Wrap(op, d.store.AddConsent(ctx, c))
}

// bounced puts somebody whose address takes no mail back on paper.
func (d *Desk) bounced(ctx context.Context, c Consent, on calendar.Date) error {
	c.WithdrawnOn, c.How, c.Evidence = on, Bounced, "the mail server refused the address"
	c.Actor = ident.Actor{Kind: ident.System, Name: "mail"}
	return d.addConsent(ctx, "notice.bounced", c)
}
