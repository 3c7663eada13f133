package notice

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

// linkDays is how long a mailed link leads to its letter: longer than the days in
// which a letter asks for something, and short enough that an old mail opens nothing.
const linkDays = 90

// Link is a way from a mail to one letter. Of its token only the digest is kept:
// whoever reads the table cannot follow it.
type Link struct {
	Digest    string // of the token
	Book      ledger.BookNo
	Key       string // of the notice
	IssuedAt  time.Time
	ExpiresAt time.Time
}

// Links keeps mailed links.
type Links interface {
	// AddLinks keeps links before they are mailed.
	AddLinks(ctx context.Context, links []Link) error
	// LinkOf gives a link that leads somewhere at an instant; found is false for one
	// that never was, has expired or was revoked.
	LinkOf(ctx context.Context, digest string, at time.Time) (link Link, found bool, err error)
	// RevokeLinks ends every link of a book.
	RevokeLinks(ctx context.Context, book ledger.BookNo, at time.Time) error
}

// TokenDigest is what is kept of a link's token.
func TokenDigest(token string) string {
	sum := sha256.Sum256([]byte("billfold letter link\x00" + token))
	return hex.EncodeToString(sum[:])
}

// newLink draws a link for a notice and gives its token, which is nowhere else.
func (d *Desk) newLink(n *Notice) (Link, string) {
	token, now := string(ident.NewOpaque()), d.clock.Now()
	return Link{Digest: TokenDigest(token), Book: n.Book, Key: n.Key, IssuedAt: now, ExpiresAt: now.AddDate(0, 0, linkDays)}, token
}

// Linked gives the link of a token's digest; found is false for one that leads
// nowhere, whyever.
func (d *Desk) Linked(ctx context.Context, digest string) (Link, bool, error) {
	link, found, err := d.store.LinkOf(ctx, digest, d.clock.Now())
	return link, found, fault.Wrap("notice.Linked", err)
}

// Open makes the letter that a link leads to, as it was sent. Whoever calls it has
// seen to it that the reader may read it.
func (d *Desk) Open(ctx context.Context, link Link) (*Letter, error) {
	const op = "notice.Open"
	n, err := d.store.NoticeOf(ctx, link.Book, link.Key)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	people, err := d.store.Addressees(ctx, []ledger.BookNo{link.Book})
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	letter, _, why := d.compose(&Due{Notice: n}, people)
	if why != "" {
		return nil, fault.New(fault.Unavailable, op, "a letter that was mailed cannot be made: %s", why)
	}
	return letter, nil
}
