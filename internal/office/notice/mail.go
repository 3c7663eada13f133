package notice

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Mailed tells what a round of mail came to.
type Mailed struct {
	Sent    int
	Refused int // the address takes no mail: from now on everything goes on paper
	Waiting int // the server did not take it now: the next round tries again
	Held    int
	Reasons []Held // the first of those held
}

const (
	// refsTogether is how many due roads are looked at in one go.
	refsTogether = 500
	// failuresMost is how many letters in a row a server may refuse for the moment
	// before the round ends: it is the server then, and not one mailbox.
	failuresMost = 5
	// mailWaitDays is after how many days a letter that no server took goes on paper.
	mailWaitDays = 7
)

// waits reports whether a letter that may go on paper waits for the mail on a day: an
// e-consent stands, its giver lives, and the mail has had its time neither by the
// days that it may wait nor by the letter's own last day. After that it goes by
// whichever road takes it first.
func (d *Desk) waits(n *Notice, stands bool, to Addressee, on calendar.Date) bool {
	inTime := on.Before(n.MadeOn.AddDays(mailWaitDays)) && (n.DueBy.IsZero() || on.Before(n.DueBy))
	return d.mailer != nil && stands && !to.Died && inTime
}

// Mail tells by mail of every letter and bill that is due to somebody whose
// e-consent stands on a day. Without a mailer it does nothing. What a server does
// not take now waits for the next round, and the error of the last such letter is
// given; several in a row end the round. What was sent is recorded. A mail sent
// twice because its proof was lost has the same Message-ID.
func (d *Desk) Mail(ctx context.Context, on calendar.Date) (Mailed, error) {
	round := mailRound{desk: d, on: on}
	if d.mailer == nil {
		return round.count, nil
	}
	for after := (Ref{}); ; {
		refs, err := d.store.DueRefs(ctx, ToMail, after, refsTogether)
		if err != nil {
			return round.count, fault.Wrap("notice.Mail", err)
		}
		if len(refs) == 0 {
			return round.count, fault.Wrap("notice.Mail", round.failure)
		}
		if err := round.page(ctx, refs); err != nil {
			return round.count, fault.Wrap("notice.Mail", err)
		}
		after = refs[len(refs)-1]
	}
}

// mailRound is one call of Mail.
type mailRound struct {
	desk    *Desk
	on      calendar.Date
	count   Mailed
	failure error // of the last letter that a server did not take for the moment
	inARow  int
}

// mailPage is a part of a round: some refs and what is known of their readers.
type mailPage struct {
	*mailRound
	consents map[ledger.BookNo]Consent
	people   map[ledger.BookNo]Addressee
	settled  []Settled
}

// outgoing is a letter on its way.
type outgoing struct {
	due    *Due
	letter *Letter
	digest string // of the letter's text
	token  string
}

func (r *mailRound) page(ctx context.Context, refs []Ref) error {
	store, books, asked := r.desk.store, booksOf(refs), setOf(refs)
	p := mailPage{mailRound: r}
	var err error
	if p.consents, err = store.StandingConsents(ctx, books, r.on); err != nil {
		return err
	}
	if p.people, err = store.Addressees(ctx, books); err != nil {
		return err
	}
	due, err := store.DueOf(ctx, books)
	if err != nil {
		return err
	}
	var letters []outgoing
	var links []Link
	for i := range due {
		if !asked[due[i].Ref()] {
			continue
		}
		if out, link, goes := p.ready(&due[i]); goes {
			letters, links = append(letters, out), append(links, link)
		}
	}
	// A link is kept before it is mailed: one that leads nowhere is worse than one
	// that nobody has.
	if len(links) > 0 {
		if err := store.AddLinks(ctx, links); err != nil {
			return err
		}
	}
	for i := range letters {
		if err = p.send(ctx, &letters[i]); err != nil {
			break
		}
	}
	if len(p.settled) > 0 {
		// What went out is recorded also when there is no time for more.
		if settled := store.Settle(context.WithoutCancel(ctx), p.settled, nil); settled != nil {
			return settled
		}
	}
	return err
}

// ready makes a letter to mail, unless it goes on paper or nowhere.
func (p *mailPage) ready(due *Due) (outgoing, Link, bool) {
	_, stands := p.consents[due.Book]
	stands = stands && !p.people[due.Book].Died
	switch {
	case due.Road == Copy && !stands:
		p.settled = append(p.settled, Settled{Ref: due.Ref()})
		return outgoing{}, Link{}, false
	case !stands:
		return outgoing{}, Link{}, false
	}
	letter, text, why := p.desk.compose(due, p.people)
	if why != "" {
		p.count.Held++
		p.count.Reasons = hold(p.count.Reasons, due.Ref(), why)
		return outgoing{}, Link{}, false
	}
	link, token := p.desk.newLink(&due.Notice)
	return outgoing{due, letter, digest(text), token}, link, true
}

// send mails one letter and notes what became of it. An error ends the round.
func (p *mailPage) send(ctx context.Context, out *outgoing) error {
	due := out.due
	consent, stands := p.consents[due.Book]
	if !stands { // the address refused a letter a moment ago
		if due.Road == Copy {
			p.settled = append(p.settled, Settled{Ref: due.Ref()})
		}
		return nil
	}
	proof := &Delivery{
		Book: due.Book, Key: due.Key, Channel: Email, Result: Sent, At: p.desk.clock.Now(), Digest: out.digest,
		Language: out.letter.Language, Review: out.letter.Review,
	}
	id, err := p.desk.mailer.Notice(ctx, consent.Address, out.letter.Language, out.token, onceOf(due))
	switch {
	case err == nil:
		p.inARow, proof.Ref = 0, id
		p.count.Sent++
		p.settled = append(p.settled, Settled{Ref: due.Ref(), Delivery: proof})
		return nil
	case fault.KindOf(err) == fault.Invalid:
		p.inARow = 0
		return p.refused(ctx, due, consent, proof)
	}
	p.count.Waiting++
	p.failure = err
	if p.inARow++; p.inARow < failuresMost && ctx.Err() == nil {
		return nil
	}
	return err
}

// refused notes that an address takes no mail: this letter and all that follow go
// on paper.
func (p *mailPage) refused(ctx context.Context, due *Due, consent Consent, proof *Delivery) error {
	proof.Result = Refused
	settled := Settled{Ref: due.Ref(), Delivery: proof}
	if due.Road == ByChoice {
		settled.Instead = OnPaper
	}
	p.settled = append(p.settled, settled)
	p.count.Refused++
	delete(p.consents, due.Book)
	return p.desk.bounced(context.WithoutCancel(ctx), consent, p.on)
}

// onceOf names a mail: the same notice has the same Message-ID. It is hashed
// before it travels.
func onceOf(due *Due) string {
	return "notice:" + digest(fmt.Sprintf("%d/%s", int64(due.Book), due.Key))
}

// booksOf gives the books of refs that are in order, each once.
func booksOf(refs []Ref) []ledger.BookNo {
	var books []ledger.BookNo
	for _, ref := range refs {
		if n := len(books); n == 0 || books[n-1] != ref.Book {
			books = append(books, ref.Book)
		}
	}
	return books
}

func setOf(refs []Ref) map[Ref]bool {
	set := make(map[Ref]bool, len(refs))
	for _, ref := range refs {
		set[ref] = true
	}
	return set
}
