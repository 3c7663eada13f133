package notice

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/region"
)

// Senders gives what letters from a region say of their sender.
type Senders interface {
	Sender(id region.ID) (Sender, bool)
}

// Mailer tells a member by mail that a letter is there. It says nothing of what
// the letter is about.
type Mailer interface {
	// Notice gives the Message-ID. An error of kind fault.Invalid means that the
	// address takes no mail and never will.
	Notice(ctx context.Context, to, language, once string) (messageID string, err error)
}

// Desk keeps notices and sees that they go out.
type Desk struct {
	store   Store
	senders Senders
	mailer  Mailer
	clock   clock.Clock
}

// NewDesk makes a desk. Without a mailer (nil) everything goes on paper, also
// where an e-consent stands: nothing waits for a road that is not there.
func NewDesk(store Store, senders Senders, mailer Mailer, clk clock.Clock) *Desk {
	return &Desk{store, senders, mailer, clk}
}

// keptTogether is how many notices are kept in one transaction.
const keptTogether = 500

// Keep keeps notices that are due, each once by its book and key, and says how
// many were new. A notice that lacks a fact refuses the call before any is kept.
// It can be called again with the same notices after any error.
func (d *Desk) Keep(ctx context.Context, notices []Notice) (int, error) {
	whole := make([]Notice, len(notices))
	for i := range notices {
		n, err := New(notices[i])
		if err != nil {
			return 0, err
		}
		whole[i] = n
	}
	kept := 0
	for len(whole) > 0 {
		part := whole[:min(keptTogether, len(whole))]
		n, err := d.store.KeepNotices(ctx, part)
		if err != nil {
			return kept, fault.Wrap("notice.Keep", err)
		}
		kept += n
		whole = whole[len(part):]
	}
	return kept, nil
}

// Held is a letter that could not be made or sent as it is; it stays due.
type Held struct {
	Ref Ref    // names an account: for staff, not for logs
	Why string // without personal data
}

// heldMost bounds how many held letters are named; all are counted.
const heldMost = 100

// Mailed tells what a round of mail came to.
type Mailed struct {
	Sent    int
	Refused int // the address takes no mail: the letter goes on paper
	Held    int
	Reasons []Held // the first of those held
}

// refsTogether is how many due roads are looked at in one go.
const refsTogether = 200

// Mail tells by mail of every letter that is due to somebody whose e-consent
// stands on a day. Without a mailer it does nothing. A mail server that does not
// answer ends the round with its error; what was sent until then is recorded, and
// the next round goes on. A mail sent twice because its proof was lost has the
// same Message-ID.
func (d *Desk) Mail(ctx context.Context, on calendar.Date) (Mailed, error) {
	var m Mailed
	if d.mailer == nil {
		return m, nil
	}
	for after := (Ref{}); ; {
		refs, err := d.store.DueRefs(ctx, after, refsTogether)
		if err != nil || len(refs) == 0 {
			return m, fault.Wrap("notice.Mail", err)
		}
		if err := d.mailPage(ctx, &m, refs, on); err != nil {
			return m, err
		}
		after = refs[len(refs)-1]
	}
}

func (d *Desk) mailPage(ctx context.Context, m *Mailed, refs []Ref, on calendar.Date) error {
	const op = "notice.Mail"
	books := booksOf(refs)
	consents, err := d.store.StandingConsents(ctx, books, on)
	if err != nil {
		return fault.Wrap(op, err)
	}
	round := mailRound{desk: d, consents: consents, refs: setOf(refs), count: m}
	if len(consents) > 0 {
		if round.people, err = d.store.Addressees(ctx, books); err != nil {
			return fault.Wrap(op, err)
		}
	}
	due, err := d.store.DueOf(ctx, books)
	if err != nil {
		return fault.Wrap(op, err)
	}
	for i := range due {
		if err = round.one(ctx, &due[i]); err != nil {
			break
		}
	}
	if len(round.settled) == 0 {
		return err
	}
	if settled := d.store.Settle(ctx, round.settled, nil); settled != nil {
		return fault.Wrap(op, settled)
	}
	return err
}

type mailRound struct {
	desk     *Desk
	consents map[ledger.BookNo]Consent
	people   map[ledger.BookNo]Addressee
	refs     map[Ref]bool
	count    *Mailed
	settled  []Settled
}

func (r *mailRound) one(ctx context.Context, due *Due) error {
	ref := due.Ref()
	consent, stands := r.consents[due.Book]
	switch {
	case !r.refs[ref] || due.Road == OnPaper || due.Road == ByChoice && !stands:
		return nil
	case !stands:
		r.settled = append(r.settled, Settled{Ref: ref})
		return nil
	}
	letter, text, why := r.desk.compose(due, r.people)
	if why != "" {
		r.count.Held++
		r.count.Reasons = hold(r.count.Reasons, ref, why)
		return nil
	}
	proof := &Delivery{
		Book: due.Book, Key: due.Key, Channel: Email, Result: Sent, At: r.desk.clock.Now(), Digest: digest(text),
		Language: letter.Language, Review: letter.Review,
	}
	settled := Settled{Ref: ref, Delivery: proof}
	id, err := r.desk.mailer.Notice(ctx, consent.Address, letter.Language, onceOf(due))
	switch {
	case fault.KindOf(err) == fault.Invalid && err != nil:
		proof.Result = Refused
		if due.Road == ByChoice {
			settled.Instead = OnPaper
		}
		r.count.Refused++
	case err != nil:
		return fault.Wrap("notice.Mail", err)
	default:
		proof.Ref = id
		r.count.Sent++
	}
	r.settled = append(r.settled, settled)
	return nil
}

// onceOf names a mail: the same notice has the same Message-ID. It is hashed
// before it travels.
func onceOf(due *Due) string {
	return "notice:" + digest(fmt.Sprintf("%d/%s", int64(due.Book), due.Key))
}

// compose makes a due letter and its plain text, or says why it cannot.
func (d *Desk) compose(due *Due, people map[ledger.BookNo]Addressee) (l *Letter, text, why string) {
	to, known := people[due.Book]
	if !known {
		return nil, "", "nobody is on file for the account"
	}
	sender, known := d.senders.Sender(to.Region)
	if !known {
		return nil, "", "the member's region has no pack"
	}
	l, err := Compose(due.Notice, sender, to)
	if err == nil {
		text, err = l.Text()
	}
	if err != nil {
		return nil, "", fault.MessageOf(err)
	}
	return l, text, ""
}

func hold(held []Held, ref Ref, why string) []Held {
	if len(held) == heldMost {
		return held
	}
	return append(held, Held{ref, why})
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
