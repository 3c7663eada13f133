package notice

import (
	"context"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/region"
)

// Senders gives what letters from a region say of their sender.
type Senders interface {
	Sender(id region.ID) (Sender, bool)
}

// Mailer tells a member by mail that a letter is there and where to read it. It
// says nothing of what the letter is about.
type Mailer interface {
	// Notice gives the Message-ID. The token leads to the letter: it stands in the mail
	// and nowhere else. An error of kind fault.Invalid means that the address takes no
	// mail and never will.
	Notice(ctx context.Context, to, language, token, once string) (messageID string, err error)
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
const heldMost = 1000

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
