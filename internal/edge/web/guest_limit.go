package web

import (
	"net/http"
	"strconv"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/office/limit"
)

// refuse says that another try has to wait, and until when. It does not say which
// limit was reached: that would tell what to avoid.
func (v *visit) refuse(verdict limit.Verdict, why *Failure) {
	wait := verdict.Until.Sub(v.now())
	v.log.Warn("a limit was reached", "rule", string(verdict.Rule))
	v.w.Header().Set("Retry-After", strconv.Itoa(max(1, int(wait/time.Second))))
	w := &v.words.Guest.Limit
	again := w.Tomorrow
	if minutes := int((wait + time.Minute - 1) / time.Minute); minutes <= 90 {
		again = w.Minutes.Of(max(1, minutes))
	}
	v.show(http.StatusTooManyRequests, "guest-stop", stopPage{
		Failure: *why, Text: []string{why.Body, again, v.callUs(v.words.Guest.Result.OtherWays)},
	})
}

// challenged is a challenge on its way.
type challenged struct {
	Back string // where the guest goes on after it
	Sent bool
}

const keptChallenge = "challenge"

// challengePage asks for an address, then for the code that was sent there.
type challengePage struct {
	onForm
	withProblems
	Notices []Notice
	Sent    bool
	Mail    TextField
	Code    TextField
	Call    string
	Buttons ButtonRow
}

// Title implements titled.
func (challengePage) Title(w *Words) string { return w.Guest.Challenge.Title }

// challenge sends the guest to the challenge, and back to the page on which it
// stood in the way. A browser without cookies could not come back: it is told so,
// and nothing is kept for it, or whoever guesses would fill the database.
func (v *visit) challenge(verdict limit.Verdict, a asked) {
	v.log.Info("a challenge is asked for", "rule", string(verdict.Rule))
	if v.withoutCookies() {
		v.stop(http.StatusBadRequest, v.words.Guest.CookiesOff, Link{"/", v.words.Pieces.StartAgain})
		return
	}
	if a != (asked{}) {
		v.keep(keptAsked, a)
	}
	v.keep(keptChallenge, challenged{Back: v.r.URL.Path})
	v.seeOther("/code")
}

// challengeOrOver gives the challenge that the guest stands before.
func (v *visit) challengeOrOver() (*challenged, bool) {
	var c challenged
	if v.kept(keptChallenge, &c) {
		return &c, true
	}
	if v.withoutCookies() {
		v.stop(http.StatusBadRequest, v.words.Guest.CookiesOff, Link{"/", v.words.Pieces.StartAgain})
	} else {
		v.sessionOver()
	}
	return nil, false
}

func (v *visit) guestChallenge() {
	if c, ok := v.challengeOrOver(); ok {
		v.showChallenge(http.StatusOK, c, "", "")
	}
}

func (v *visit) showChallenge(code int, c *challenged, typed, wrong string) {
	w := &v.words.Guest.Challenge
	p := challengePage{
		Sent: c.Sent, Call: v.callUs(v.words.Guest.CallUs),
		Mail: TextField{
			Field: Field{Name: fieldMail, Label: w.EmailLabel, Hint: w.EmailHint, Error: wrong}, Value: typed, Type: "email",
			Autocomplete: "email", InputMode: "email", MaxLength: mailMax,
		},
		Code: TextField{
			Field: Field{Name: fieldCode, Label: w.CodeLabel, Hint: w.CodeHint, Error: wrong}, Autocomplete: "one-time-code",
			InputMode: "numeric", Width: 10,
		},
		Buttons: ButtonRow{Primary: Button{Text: w.Send}},
	}
	at := fieldMail
	if c.Sent {
		at = fieldCode
		p.Buttons = ButtonRow{Primary: Button{Text: w.Confirm}, Others: []Button{{Text: w.Other, Name: buttonAgain, Value: "1"}}}
		if wrong == "" {
			p.Notices = []Notice{{Kind: NoticeInfo, Text: []string{w.Sent}}}
		}
	}
	if wrong != "" {
		p.Problems = []Problem{{at, wrong}}
	}
	v.show(code, "guest-challenge", p)
}

// buttonAgain asks for a new code.
const buttonAgain = "again"

func (v *visit) guestChallengeAnswer() {
	c, ok := v.challengeOrOver()
	switch {
	case !ok:
	case v.switching():
		v.showChallenge(http.StatusOK, c, v.typed(fieldMail), "")
	case v.has(buttonAgain):
		c.Sent = false
		v.keep(keptChallenge, c)
		v.showChallenge(http.StatusOK, c, "", "")
	case c.Sent:
		v.checkCode(c)
	default:
		v.sendCode(c)
	}
}

// challengedWho is what limits may know of a guest before a challenge.
func (v *visit) challengedWho() limit.Who {
	var e errand
	if v.kept(keptErrand, &e) {
		return v.payer(&e)
	}
	var a asked
	v.kept(keptAsked, &a)
	return v.asking(a.Number)
}

func (v *visit) sendCode(c *challenged) {
	to, w := v.typed(fieldMail), &v.words.Guest.Challenge
	if !isMail(to) {
		v.showChallenge(http.StatusUnprocessableEntity, c, to, w.EmailWrong)
		return
	}
	verdict, err := v.Guest.Challenger.Send(v.ctx(), v.challengedWho(), to, v.words.Tag)
	switch {
	case err != nil && fault.KindOf(err) == fault.Invalid:
		v.showChallenge(http.StatusUnprocessableEntity, c, to, w.EmailWrong)
	case err != nil:
		v.unavailable("a code could not be sent", err)
	case verdict.Answer != limit.Allow:
		v.refuse(verdict, &v.words.Guest.Limit.Looks)
	default:
		c.Sent = true
		v.keep(keptChallenge, c)
		v.showChallenge(http.StatusOK, c, "", "")
	}
}

func (v *visit) checkCode(c *challenged) {
	typed, w := v.typed(fieldCode), &v.words.Guest.Challenge
	if typed == "" {
		v.showChallenge(http.StatusUnprocessableEntity, c, "", w.CodeMissing)
		return
	}
	outcome, err := v.Guest.Challenger.Check(v.ctx(), v.challengedWho(), typed)
	switch {
	case err != nil:
		v.unavailable("a code could not be checked", err)
	case outcome == limit.Right:
		v.drop(keptChallenge)
		v.seeOther(c.Back)
	case outcome == limit.Wrong:
		v.showChallenge(http.StatusUnprocessableEntity, c, "", w.CodeWrong)
	case outcome == limit.Spent:
		v.newCode(c, w.CodeSpent)
	default:
		v.newCode(c, w.CodeOver)
	}
}

// newCode asks for an address again, because the code is used up or its address is.
func (v *visit) newCode(c *challenged, why string) {
	c.Sent = false
	v.keep(keptChallenge, c)
	v.showChallenge(http.StatusUnprocessableEntity, c, "", why)
}
