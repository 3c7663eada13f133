package limit

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"net/mail"
	"strings"
	"time"
	"unicode"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// Mailer sends a code by e-mail. An address that the mail server refuses is
// fault.Invalid; what may be tried again is fault.Unavailable.
type Mailer interface {
	Code(ctx context.Context, to, language, code string, minutes int) error
}

// Challenger has a payer prove that somebody reads a mailbox: it sends a code and
// checks it. A code can be pasted, asks nothing to be recognised, solved or
// remembered, and needs no script (WCAG 2.2, 3.3.8).
//
// It says nothing of who the payer is: the address is the payer's own word, is
// compared with nobody's, and is kept as a fingerprint only. What it costs is a
// mailbox for each few devices, which is little to a payer and much to a program
// that needs thousands.
type Challenger struct {
	limits *Limits
	mailer Mailer
}

// NewChallenger makes challenges that count with limits.
func NewChallenger(limits *Limits, mailer Mailer) *Challenger {
	return &Challenger{limits, mailer}
}

// Code is a code that was sent for a device. A store keeps its keyed hash.
type Code struct {
	Device, Mail, Domain Subject
	Code                 secret.Text
	Expires              time.Time
}

// Tried is what came of comparing a code.
type Tried struct {
	OK           bool
	Left         int // tries left at the code that is kept, 0 when there is none
	Mail, Domain Subject
}

const (
	codeDigits = 6
	mailMax    = 254 // RFC 5321, 4.5.3.1.3
)

// Send sends a new code for a device to a mail address, in a language; it takes
// the place of the one before. Refuse means that it was not sent: another address
// may do, or later. An address that cannot be one is fault.Invalid.
func (c *Challenger) Send(ctx context.Context, who Who, to, language string) (Verdict, error) {
	const op = "limit.Send"
	to, err := parseMail(to)
	if err != nil {
		return Verdict{}, err
	}
	if who.Device == "" {
		return Verdict{}, fault.New(fault.Invalid, op, "a challenge is solved on a device, and none is named")
	}
	l, s := c.limits, subjectsOf(who)
	mailbox, domain := mailSubjects(to)
	q := l.sending(s, mailbox, domain)
	v, err := l.decide(ctx, q)
	if err != nil || v.Answer != Allow {
		return v, fault.Wrap(op, err)
	}
	code := newCode()
	err = l.store.KeepCode(ctx, Code{s.device, mailbox, domain, secret.New(code), q.now.Add(l.rules.Codes.Life)})
	if err == nil {
		err = c.mailer.Code(ctx, to, language, code, int(l.rules.Codes.Life/time.Minute))
	}
	if fault.KindOf(err) == fault.Unavailable && err != nil {
		// What did not go out fills no mailbox.
		if err := l.count(ctx, takenBack(q.counts)); err != nil {
			return Verdict{}, fault.Wrap(op, err)
		}
	}
	return v, fault.Wrap(op, err)
}

// sending counts and judges a code to a mailbox.
func (l *Limits) sending(s subjects, mailbox, domain Subject) *inquiry {
	r := &l.rules.Codes
	q := &inquiry{now: l.clock.Now(), solved: -1}
	for _, limit := range []struct {
		rule    Rule
		subject Subject
		steps   Steps
	}{
		{MailHour, mailbox, r.MailHour}, {MailDay, mailbox, r.MailDay}, {DeviceCodes, s.device, r.Device},
		{NumberCodes, s.number, r.Number}, {AddressCodes, s.address, r.Address}, {AllCodes, everyone, r.Everybody},
	} {
		if limit.subject.IsZero() {
			continue
		}
		place, credit := q.tries(Window{limit.subject, mailed, limit.steps.Within}, Subject{}), -1
		if limit.steps.Per > 0 {
			credit = q.reads(Window{limit.subject, unlocked, limit.steps.Within})
		}
		q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
			// A challenge does not ask for a challenge: free and at most are one.
			steps := limit.steps
			steps.Free = steps.Most
			return steps.judge(limit.rule, at(sums, place).N, at(sums, credit).Abouts, q.now, q.now, false)
		})
	}
	q.devices(r, Window{mailbox, unlocked, r.Devices.Within})
	q.crowd(DomainCodes, r.Domain, 0,
		q.tries(Window{domain, mailed, r.Domain.Within}, Subject{}), q.tries(Window{everyone, mailed, r.Domain.Within}, Subject{}))
	q.crowd(DomainDevices, r.Unlocks, 1, // the code is for one more
		q.reads(Window{domain, unlocked, r.Unlocks.Within}), q.reads(Window{everyone, unlocked, r.Unlocks.Within}))
	return q
}

// devices refuses a mail address that has unlocked as many devices as it may.
func (q *inquiry) devices(r *Codes, w Window) {
	place := q.reads(w)
	q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
		if at(sums, place).Abouts >= int64(r.Devices.Most) {
			return Verdict{Refuse, q.now.Add(w.Within), MailDevices}
		}
		return Verdict{}
	})
}

// crowd adds a limit on one domain against all others: what stands at own and at
// all, and so many more.
func (q *inquiry) crowd(rule Rule, limit Crowd, more int64, own, all int) {
	q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
		n := at(sums, own).N
		if !limit.holds(n+more, at(sums, all).N-n) {
			return Verdict{Refuse, q.now.Add(limit.Within / 12), rule}
		}
		return Verdict{}
	})
}

// Outcome is what came of checking a code.
type Outcome string

// The outcomes.
const (
	Right Outcome = "right" // the challenge is solved
	Wrong Outcome = "wrong" // the code may be typed again
	Over  Outcome = "over"  // there is no code to try any more: ask for a new one
	Spent Outcome = "spent" // this mail address or its domain has unlocked enough for now: use another
)

// Check compares a typed code with the one sent for a device. Blanks and dashes
// do not matter.
func (c *Challenger) Check(ctx context.Context, who Who, typed string) (Outcome, error) {
	const op = "limit.Check"
	l, s := c.limits, subjectsOf(who)
	digits := readCode(typed)
	if len(digits) != codeDigits {
		return Wrong, nil // it costs no try
	}
	if s.device.IsZero() {
		return Over, nil
	}
	tried, err := l.store.TryCode(ctx, l.clock.Now(), s.device, secret.New(digits), l.rules.Codes.Tries)
	switch {
	case err != nil:
		return Over, fault.Wrap(op, err)
	case !tried.OK && tried.Left > 0:
		return Wrong, nil
	case !tried.OK:
		return Over, nil
	}
	v, err := l.decide(ctx, l.unlocking(s, tried))
	if err != nil {
		return Over, fault.Wrap(op, err)
	}
	if v.Answer != Allow {
		return Spent, nil
	}
	return Right, fault.Wrap(op, l.Solved(ctx, who))
}

// unlocking counts and judges a device that a mail address unlocks.
func (l *Limits) unlocking(s subjects, by Tried) *inquiry {
	r := &l.rules.Codes
	q := &inquiry{now: l.clock.Now(), solved: -1}
	byMail := q.tries(Window{by.Mail, unlocked, r.Devices.Within}, s.device)
	q.judges = append(q.judges, func(sums []Sum, _ bool) Verdict {
		return r.Devices.judge(MailDevices, at(sums, byMail).Abouts, 0, q.now, q.now, false)
	})
	q.crowd(DomainDevices, r.Unlocks, 0,
		q.tries(Window{by.Domain, unlocked, r.Unlocks.Within}, Subject{}), q.tries(Window{everyone, unlocked, r.Unlocks.Within}, Subject{}))
	return q
}

// newCode draws a code, each as likely as any other.
func newCode() string {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		panic("limit: crypto/rand never fails: " + err.Error())
	}
	return fmt.Sprintf("%0*d", codeDigits, n.Int64())
}

// readCode gives the digits of a typed or pasted code.
func readCode(typed string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= '０' && c <= '９':
			return '0' + c - '０'
		case unicode.IsSpace(c), unicode.Is(unicode.Pd, c), unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, typed)
}

// parseMail reads a mail address as it was typed, without a name beside it.
func parseMail(text string) (string, error) {
	text = strings.TrimSpace(text)
	parsed, err := mail.ParseAddress(text)
	if err != nil || parsed.Address != text || len(text) > mailMax || strings.ContainsFunc(text, unicode.IsSpace) {
		return "", notMail()
	}
	at := strings.LastIndexByte(text, '@')
	if host := text[at+1:]; !strings.Contains(host, ".") || strings.HasPrefix(host, "[") || strings.ContainsAny(text[:at], "\"@") {
		return "", notMail()
	}
	return text, nil
}

func notMail() error {
	return fault.New(fault.Invalid, "limit.Send", "this is no e-mail address").
		WithHint("Write it like name@example.org, without anything before or after it.")
}
