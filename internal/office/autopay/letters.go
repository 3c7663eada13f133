package autopay

import (
	"context"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/payments/mandate"
)

// Post keeps letters that are due, each once by its key. The letters' desk is one.
type Post interface {
	Keep(ctx context.Context, notices []notice.Notice) (int, error)
}

// Letters counts the letters that a run made due.
type Letters struct {
	Changed  int `json:"changed_amount"`
	Copies   int `json:"copies"` // of consents
	Stopped  int `json:"stopped"`
	Expiring int `json:"expiring_cards"`
}

const (
	lettersTogether = 500
	// expiringMonths is how far ahead a payer hears that a card expires.
	expiringMonths = 1
)

// told are the reasons of which a letter tells: the payer asked for none of them.
var told = []string{
	string(mandate.Revoked), string(mandate.NotAuthorised), string(mandate.NotAsAgreed), string(mandate.StopPayment), string(mandate.BadAccount),
	string(mandate.CardDeclined), string(mandate.CardData), string(mandate.TriesUsed), string(mandate.PayerDied), string(mandate.MethodGone),
}

// keepLetters keeps what a day makes due: changed debits, copies of consents, stops,
// cards that expire.
func (d *Desk) keepLetters(ctx context.Context, day calendar.Date, post Post) (l Letters, err error) {
	if l.Changed, err = d.announce(ctx, day, post); err != nil {
		return l, err
	}
	earlier := d.Clock.Now().Add(-since)
	l.Copies, err = keepAbout(ctx, post, day, started, func(after Place) ([]LetterDue, error) {
		return d.Store.NewMandates(ctx, calendar.In(earlier, earlier.Location()), after, lettersTogether)
	})
	if err != nil {
		return l, err
	}
	l.Stopped, err = keepAbout(ctx, post, day, stopped, func(after Place) ([]LetterDue, error) {
		return d.Store.StoppedMandates(ctx, told, earlier.UnixMicro(), after, lettersTogether)
	})
	if err != nil {
		return l, err
	}
	l.Expiring, err = keepAbout(ctx, post, day, expiring, func(after Place) ([]LetterDue, error) {
		return d.Store.ExpiringCards(ctx, calendar.MonthOf(day).Add(expiringMonths), after, lettersTogether)
	})
	return l, err
}

// announce keeps the letters about changed debits. Only then may the debits go out.
func (d *Desk) announce(ctx context.Context, day calendar.Date, post Post) (int, error) {
	kept := 0
	for after := (Place{}); ; {
		found, err := d.Store.Announce(ctx, after, lettersTogether)
		if err != nil || len(found) == 0 {
			return kept, err
		}
		letters, pulls := make([]notice.Notice, len(found)), make([]Pull, len(found))
		for i := range found {
			letters[i], pulls[i] = changed(&found[i], day), found[i].Pull
		}
		n, err := post.Keep(ctx, letters)
		if err != nil {
			return kept, err
		}
		if err := d.Store.NoteAnnounced(ctx, pulls); err != nil {
			return kept, err
		}
		last := &found[len(found)-1]
		kept, after = kept+n, Place{last.Book, last.ID}
	}
}

func changed(a *Announced, day calendar.Date) notice.Notice {
	purpose := mandate.Balance
	return notice.Notice{
		Book: a.Book, Kind: notice.AutopayChange, Key: "debit:" + string(a.ID), DueBy: mandate.NoticeBy(a.Times.Credit), MadeOn: day, Language: a.Language,
		Facts: notice.Facts{Amount: a.Amount, Autopay: &notice.Autopay{
			Tender: a.Tender, Last4: last4(a.Mask), Purpose: purpose, DebitOn: a.Times.Credit, Before: a.Before,
		}},
	}
}

// keepAbout keeps the letters about mandates that next lists.
func keepAbout(
	ctx context.Context, post Post, day calendar.Date, letter func(*LetterDue, calendar.Date) notice.Notice, next func(after Place) ([]LetterDue, error),
) (int, error) {
	kept := 0
	for after := (Place{}); ; {
		found, err := next(after)
		if err != nil || len(found) == 0 {
			return kept, err
		}
		letters := make([]notice.Notice, len(found))
		for i := range found {
			letters[i] = letter(&found[i], day)
		}
		n, err := post.Keep(ctx, letters)
		if err != nil {
			return kept, err
		}
		last := &found[len(found)-1]
		kept, after = kept+n, Place{last.Book, last.ID}
	}
}

func started(l *LetterDue, day calendar.Date) notice.Notice {
	n := about(l, day, notice.AutopayStarted, "mandate:"+string(l.ID))
	n.Facts.Autopay.Day, n.Facts.Autopay.Most, n.Facts.Autopay.AgreedOn = l.Day.String(), l.Cap, l.Consent.GivenOn
	return n
}

func stopped(l *LetterDue, day calendar.Date) notice.Notice {
	n := about(l, day, notice.AutopayStopped, fmt.Sprintf("stopped:%s:%s", l.ID, l.Reason))
	n.Facts.Autopay.Stopped = l.Reason
	return n
}

func expiring(l *LetterDue, day calendar.Date) notice.Notice {
	n := about(l, day, notice.CardExpiring, fmt.Sprintf("card:%s:%s", l.Method, l.Expires))
	n.Facts.Autopay.Expires = l.Expires
	return n
}

func about(l *LetterDue, day calendar.Date, kind notice.Kind, key string) notice.Notice {
	return notice.Notice{
		Book: l.Book, Kind: kind, Key: key, MadeOn: day, Language: l.Language,
		Facts: notice.Facts{Autopay: &notice.Autopay{Tender: l.Tender, Last4: last4(l.Mask), Purpose: l.Purpose}},
	}
}

func last4(mask string) string { return mask[max(0, len(mask)-4):] }
