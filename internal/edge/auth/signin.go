package auth

import (
	"net/http"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
)

// The door's own addresses.
const (
	signInPath = Root + "/sign-in"
	secondPath = Root + "/second"
	joinPath   = Root + "/join"
	appPath    = Root + "/join/app"
	codesPath  = Root + "/codes"
	againPath  = Root + "/again"
	mePath     = Root + "/me"
)

func (d *Door) ownRoutes() []route {
	at := func(name, pattern string, serve func(*Visit), stages ...access.Stage) route {
		return route{Route{Name: name, Pattern: pattern, Serve: serve}, stages}
	}
	return []route{
		at("home", "GET "+Root, (*Visit).elsewhere),
		at("home", "GET "+Root+"/{$}", (*Visit).elsewhere),
		at("sign-in", "GET "+signInPath, (*Visit).showSignIn),
		at("sign-in", "POST "+signInPath, (*Visit).signIn),
		at("second", "GET "+secondPath, (*Visit).showSecond, access.Half),
		at("second", "POST "+secondPath, (*Visit).second, access.Half),
		at("second.passkey", "POST "+secondPath+"/passkey/{part}", (*Visit).secondPasskey, access.Half),
		at("join", "GET "+joinPath, (*Visit).showJoin),
		at("join", "POST "+joinPath, (*Visit).join),
		at("join.app", "GET "+appPath, (*Visit).showApp, access.Joins),
		at("join.app", "POST "+appPath, (*Visit).joinByApp, access.Joins),
		at("join.picture", "GET "+appPath+".png", (*Visit).appPicture, access.Joins),
		at("join.passkey", "POST "+joinPath+"/passkey/{part}", (*Visit).joinPasskey, access.Joins),
		at("codes", "GET "+codesPath, (*Visit).showCodes, access.Inside),
		at("codes", "POST "+codesPath, (*Visit).keptCodes, access.Inside),
		at("again", "GET "+againPath, (*Visit).showAgain, access.Inside),
		at("again", "POST "+againPath, (*Visit).again, access.Inside),
		at("again.passkey", "POST "+againPath+"/passkey/{part}", (*Visit).againPasskey, access.Inside),
		at("me", "GET "+mePath, (*Visit).me, access.Inside),
		at("me.passkey", "POST "+mePath+"/passkey/{part}", (*Visit).addPasskey, access.Inside),
		at("stay", "POST "+Root+"/stay", (*Visit).stay, access.Inside),
		at("sign-out", "POST "+Root+"/sign-out", (*Visit).signOut, access.Inside),
		at("sign-out", "POST "+Root+"/sign-out-everywhere", (*Visit).signOutEverywhere, access.Inside),
	}
}

// signInPage asks for name and password.
type signInPage struct {
	Ended, Left    bool
	Problems       []web.Problem
	Name, Password web.TextField
	Buttons        web.ButtonRow
}

func (v *Visit) nameField(value string) web.TextField {
	return web.TextField{Field: web.Field{Name: "name", Label: v.T("name")}, Value: value, Autocomplete: "username", MaxLength: 80}
}

func (v *Visit) showSignIn() {
	if v.session.Stage == access.Inside {
		v.elsewhere()
		return
	}
	v.signInForm(http.StatusOK, "", "")
}

func (v *Visit) signInForm(code int, name, problem string) {
	query := v.R.URL.Query()
	p := signInPage{
		Ended: query.Has("ended") && problem == "", Left: query.Has("left") && problem == "", Name: v.nameField(name),
		Password: web.TextField{
			Field: web.Field{Name: "password", Label: v.T("password")}, Type: "password", Autocomplete: "current-password",
		},
		Buttons: web.ButtonRow{Primary: web.Button{Text: v.T("sign-in")}},
	}
	if problem != "" {
		p.Problems = []web.Problem{{Field: "name", Text: problem}}
	}
	v.Show(code, "office-sign-in", v.T("sign-in"), p)
}

func (v *Visit) signIn() {
	name := v.Text("name")
	a, failures, err := v.Desk.SignIn(v.Ctx(), v.from(), name, secret.New(v.R.PostForm.Get("password")))
	if problem := v.wrong(err, "sign-in.wrong"); problem != "" {
		code := http.StatusUnprocessableEntity
		if fault.KindOf(err) == fault.Limit {
			code = http.StatusTooManyRequests
		}
		v.signInForm(code, name, problem)
		return
	}
	v.begin(access.Session{Staff: a.ID, Name: a.Name, Stage: access.Half, Failures: failures, CodesLeft: -1}, secondPath)
}

// begin begins a session in place of the one that the browser had.
func (v *Visit) begin(s access.Session, next string) {
	if v.sent {
		if err := v.Desk.Leave(v.Ctx(), v.token); err != nil {
			v.FailWith(err)
			return
		}
	}
	token, session, err := v.Desk.Begin(v.Ctx(), s)
	if err != nil {
		v.FailWith(err)
		return
	}
	v.session = session
	v.remember(token)
	v.SeeOther(next)
}

// secondPage asks for the second factor: a code, or by script a passkey.
type secondPage struct {
	Heading  string
	Intro    string
	To       string // of the page to which it leads back
	Action   string
	Passkey  *passkeyButton // nil when there is none
	Problems []web.Problem
	Code     web.TextField
	Buttons  web.ButtonRow
}

func (v *Visit) secondForm(code int, action, heading, problem string) {
	p := secondPage{
		Heading: v.T(heading), Intro: v.T("second.intro"), Action: action,
		Code: web.TextField{
			Field: web.Field{Name: "code", Label: v.T("second.code"), Hint: v.T("second.hint")}, Autocomplete: "one-time-code", Width: 14,
			MaxLength: 40,
		},
		Buttons: web.ButtonRow{Primary: web.Button{Text: v.T("continue")}},
	}
	if v.passkeys() != nil {
		factors, err := v.Desk.Factors(v.Ctx(), v.Account)
		if err != nil {
			v.FailWith(err)
			return
		}
		for _, f := range factors {
			if f.Kind == access.Passkey {
				p.Passkey = &passkeyButton{Address: action + "/passkey", Say: v.T("passkey.or"), Button: v.T("passkey.use")}
			}
		}
	}
	if problem != "" {
		p.Problems, p.Code.Error = []web.Problem{{Field: "code", Text: problem}}, problem
	}
	if to := v.backTo(); to != "" && action == againPath {
		p.To = to
		if p.Passkey != nil {
			p.Passkey.To = to
		}
	}
	v.Show(code, "office-second", p.Heading, p)
}

func (v *Visit) showSecond() { v.secondForm(http.StatusOK, secondPath, "second", "") }

func (v *Visit) second() {
	by, left, err := v.Desk.CheckCode(v.Ctx(), v.from(), v.Account.Name, v.Text("code"))
	if problem := v.wrong(err, "second.wrong"); problem != "" {
		v.secondForm(http.StatusUnprocessableEntity, secondPath, "second", problem)
		return
	}
	if v.admit(by, left) {
		v.SeeOther(v.home())
	}
}

// admit lets somebody in who has shown the second factor.
func (v *Visit) admit(by access.Shown, left int) bool {
	s := v.session
	if by == access.ByRecovery {
		s.CodesLeft = left
	}
	var notes []string
	if s.Failures > 0 {
		notes = append(notes, strings.ReplaceAll(v.T("failures"), "%d", strconv.Itoa(s.Failures)))
	}
	if s.CodesLeft >= 0 {
		notes = append(notes, strings.ReplaceAll(v.T("codes.left"), "%d", strconv.Itoa(s.CodesLeft)))
	}
	s.Note = strings.Join(notes, " ")
	token, session, err := v.Desk.Enter(v.Ctx(), v.token, s, by)
	if err != nil {
		v.FailWith(err)
		return false
	}
	v.session = session
	v.remember(token)
	return true
}

// joinPage asks for an invitation and a password.
type joinPage struct {
	Problems                    []web.Problem
	Name, Code, Password, Again web.TextField
	Buttons                     web.ButtonRow
}

func (v *Visit) showJoin() { v.joinForm(http.StatusOK, nil) }

func (v *Visit) joinForm(code int, problems []web.Problem) {
	p := joinPage{
		Problems: problems, Name: v.nameField(v.Text("name")),
		Code: web.TextField{Field: web.Field{Name: "invitation", Label: v.T("join.code"), Hint: v.T("join.code.hint")}, Width: 30},
		Password: web.TextField{
			Field: web.Field{Name: "password", Label: v.T("join.password"), Hint: v.T("join.password.hint")}, Type: "password",
			Autocomplete: "new-password",
		},
		Again: web.TextField{
			Field: web.Field{Name: "again", Label: v.T("join.again")}, Type: "password", Autocomplete: "new-password",
		},
		Buttons: web.ButtonRow{Primary: web.Button{Text: v.T("continue")}},
	}
	if v.R.Method == http.MethodPost {
		p.Code.Value = v.Text("invitation")
	}
	for _, problem := range problems {
		switch problem.Field {
		case "password":
			p.Password.Error = problem.Text
		case "again":
			p.Again.Error = problem.Text
		}
	}
	v.Show(code, "office-join", v.T("join"), p)
}

func (v *Visit) join() {
	refuse := func(field, text string) {
		v.joinForm(http.StatusUnprocessableEntity, []web.Problem{{Field: field, Text: text}})
	}
	password := v.R.PostForm.Get("password")
	if password != v.R.PostForm.Get("again") {
		refuse("again", v.T("join.differ"))
		return
	}
	j, err := v.Desk.Join(v.Ctx(), v.from(), v.Text("name"), secret.New(v.Text("invitation")), secret.New(password))
	switch {
	case fault.KindOf(err) == fault.Invalid:
		refuse("password", v.T("join.weak"))
		return
	case err != nil:
		refuse("name", v.wrong(err, "join.wrong"))
		return
	}
	v.begin(access.Session{Name: j.Name, Stage: access.Joins, Joining: j, CodesLeft: -1}, appPath)
}

// showAgain asks for the second factor anew, on the way to a page.
func (v *Visit) showAgain() { v.secondForm(http.StatusOK, againPath, "again", "") }

func (v *Visit) again() {
	by, _, err := v.Desk.CheckCode(v.Ctx(), v.from(), v.Account.Name, v.Text("code"))
	if err == nil {
		err = v.Desk.Step(v.Ctx(), v.token, &v.session, by)
	}
	if problem := v.wrong(err, "second.wrong"); problem != "" {
		v.secondForm(http.StatusUnprocessableEntity, againPath, "again", problem)
		return
	}
	v.SeeOther(v.toOr(v.home()))
}

// backTo is the page that somebody came from, if it is one of the office's.
func (v *Visit) backTo() string {
	to := v.R.URL.Query().Get("to")
	if to == "" {
		to = v.Text("to")
	}
	if !strings.HasPrefix(to, Root+"/") || strings.ContainsAny(to, "\\?#%") || strings.Contains(to, "//") {
		return ""
	}
	return to
}

func (v *Visit) toOr(home string) string {
	if to := v.backTo(); to != "" {
		return to
	}
	return home
}

// stay answers the page's script when its reader wants more time (WCAG 2.2.1).
func (v *Visit) stay() {
	if err := v.Desk.Touch(v.Ctx(), v.token, &v.session); err != nil {
		v.json(http.StatusGone, map[string]string{"status": "ended"})
		return
	}
	v.json(http.StatusOK, map[string]string{"status": "kept"})
}

func (v *Visit) signOut() {
	if err := v.Desk.Leave(v.Ctx(), v.token); err != nil {
		v.FailWith(err)
		return
	}
	v.forget()
	v.SeeOther(signInPath + "?left=1")
}

func (v *Visit) signOutEverywhere() {
	if err := v.Desk.LeaveAll(v.Ctx(), v.Account); err != nil {
		v.FailWith(err)
		return
	}
	v.forget()
	v.SeeOther(signInPath + "?left=1")
}
