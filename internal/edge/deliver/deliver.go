// Package deliver sends mail to payers and members: a receipt, what became of a
// payment that was being checked, the code that a page asks for, and the news that
// a letter about the account is there.
//
// It knows how a letter reads in each language and by which road it travels: a
// mail server, or a folder of files for demonstrations. It knows no page, no
// session and no queue: whoever calls it keeps a durable job and tries again.
//
// Invariants:
//   - A letter holds no health data, no balance and no bill pay number. An account
//     is named by its last four digits, and a subject line names nothing at all:
//     mail is read on locked screens and by other people's servers.
//   - The same news of the same payment has the same Message-ID, so that a letter
//     sent twice after a lost answer is recognised as one.
//   - Errors name no address: they end in logs and in the queue's tables.
//
// Start reading at Post, then Letter in letter.go, SMTP in smtp.go.
package deliver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/mail"
	"strings"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
)

// Road carries letters to their readers.
type Road interface {
	// Carry hands a letter over. An error of kind fault.Unavailable may pass if it
	// is tried again; fault.Invalid means that the address takes no mail and never will.
	Carry(ctx context.Context, letter *Letter) error
}

// Letterhead is what every letter says of its sender.
type Letterhead struct {
	Plan     string // the plan's name
	From     string // the sender's address
	Contacts []Contact
	// Interpreters are, by language tag, the lines that say that an interpreter is
	// free and where to call (45 CFR 92.11).
	Interpreters map[string][]string
	// Letters is the address of the page on which members read letters about their
	// account, to which a letter's token is added; "" where there is none.
	Letters string
}

// Contact is whom to call about a payment, in one region.
type Contact struct {
	Region string
	Number string // as people write it
	TTY    string // printed beside it
}

// Post writes letters and gives them to a road.
type Post struct {
	road  Road
	head  Letterhead
	from  *mail.Address
	house House
	clock clock.Clock
}

// New makes a post. Invalid when the sender's address is none.
func New(road Road, head Letterhead, house House, clk clock.Clock) (*Post, error) {
	from, err := mail.ParseAddress(head.From)
	if err != nil {
		return nil, fault.New(fault.Invalid, "deliver.New", "%q is no address to send mail from", head.From)
	}
	return &Post{road, head, &mail.Address{Name: head.Plan, Address: from.Address}, house, clk}, nil
}

// send writes a letter to one reader and gives it away. Once names what it is
// about: the same word gives the same Message-ID.
func (p *Post) send(ctx context.Context, to, language, once string, body content) error {
	const op = "deliver.Send"
	address, err := mail.ParseAddress(to)
	if err != nil {
		return fault.New(fault.Invalid, op, "the address to write to is no mail address")
	}
	letter, err := p.compose(wordsFor(language), body)
	if err != nil {
		return fault.Wrap(op, err)
	}
	letter.To = &mail.Address{Address: address.Address} // a name that came along is dropped
	letter.ID = messageID(once)
	return fault.Wrap(op, p.road.Carry(ctx, letter))
}

// messageID hides what a letter is about: an attempt's id need not travel.
func messageID(once string) string {
	sum := sha256.Sum256([]byte("billfold letter\x00" + once))
	return hex.EncodeToString(sum[:16])
}

// Code writes the code that a page asks for. Minutes is how long it works.
func (p *Post) Code(ctx context.Context, to, language, code string, minutes int) error {
	w := wordsFor(language)
	return p.send(ctx, to, language, "code:"+string(ident.NewOpaque()), w.challenge(code, minutes))
}

// Notice implements notice.Mailer: it tells a member that a letter about the
// account is there, and where to read it. What the letter is about, and what it
// costs, stays on the page, which asks for more than the token. Denied without such
// a page: a letter that cannot be read is not delivered (15 U.S.C. 7001(c)(1)(C)).
func (p *Post) Notice(ctx context.Context, to, language, token, once string) (string, error) {
	if p.head.Letters == "" {
		return "", fault.New(fault.Denied, "deliver.Notice", "there is no page on which members can read letters; send them on paper")
	}
	c := wordsFor(language).Letter.content()
	for i, line := range c.Paragraphs {
		c.Paragraphs[i] = strings.ReplaceAll(line, "{page}", p.head.Letters+token)
	}
	if err := p.send(ctx, to, language, once, c); err != nil {
		return "", err
	}
	return messageID(once) + "@" + domain(p.from.Address), nil
}

// ReadsLetters reports whether there is a page on which members read letters, so
// that they can be told of them by mail.
func (p *Post) ReadsLetters() bool { return p.head.Letters != "" }
