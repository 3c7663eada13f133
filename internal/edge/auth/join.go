package auth

import (
	"bytes"
	"image/png"
	"net/http"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
)

// pictureSize is that of the square that an app reads, in pixels.
const pictureSize = 220

// appPage shows how to set an app up that shows codes, and asks for its first.
type appPage struct {
	Secret   []string // in groups of four
	Picture  string
	Size     int
	Passkey  *passkeyButton // nil when the site cannot take any
	Problems []web.Problem
	Code     web.TextField
	Buttons  web.ButtonRow
}

func (v *Visit) showApp() { v.appForm(http.StatusOK, "") }

func (v *Visit) appForm(code int, problem string) {
	p := appPage{
		Picture: appPath + ".png", Size: pictureSize,
		Code: web.TextField{
			Field: web.Field{Name: "code", Label: v.T("app.code"), Error: problem}, Autocomplete: "one-time-code", InputMode: "numeric",
			Width: 8,
		},
		Buttons: web.ButtonRow{Primary: web.Button{Text: v.T("continue")}},
	}
	for s := v.session.Joining.Secret; s != ""; {
		n := min(4, len(s))
		p.Secret, s = append(p.Secret, s[:n]), s[n:]
	}
	if v.passkeys() != nil {
		p.Passkey = &passkeyButton{Address: joinPath + "/passkey", Say: v.T("passkey.or"), Button: v.T("passkey.add")}
	}
	if problem != "" {
		p.Problems = []web.Problem{{Field: "code", Text: problem}}
	}
	v.Show(code, "office-app", v.T("app"), p)
}

// appPicture shows the app's secret as a square of dots, to this session only.
func (v *Visit) appPicture() {
	app, err := v.Desk.AppOf(v.session.Joining)
	if err != nil {
		v.FailWith(err)
		return
	}
	picture, err := app.Picture(pictureSize)
	var b bytes.Buffer
	if err == nil {
		err = png.Encode(&b, picture)
	}
	if err != nil {
		v.FailWith(fault.Wrap("auth.appPicture", err))
		return
	}
	v.W.Header().Set("Content-Type", "image/png")
	v.Send(http.StatusOK, b.Bytes())
}

func (v *Visit) joinByApp() {
	a, codes, err := v.Desk.JoinByApp(v.Ctx(), v.from(), v.session.Joining, v.Text("code"))
	if problem := v.wrong(err, "second.wrong"); problem != "" {
		v.appForm(http.StatusUnprocessableEntity, problem)
		return
	}
	if v.joined(a, codes, access.ByApp) {
		v.SeeOther(codesPath)
	}
}

// joined lets somebody in whose account has just been opened.
func (v *Visit) joined(a access.Account, codes []secret.Text, by access.Shown) bool {
	v.session.Staff, v.session.Name = a.ID, a.Name
	for _, code := range codes {
		v.session.Recovery = append(v.session.Recovery, code.Reveal())
	}
	return v.admit(by, 0)
}

// codesPage shows the recovery codes, once.
type codesPage struct {
	Codes   []string
	Buttons web.ButtonRow
}

func (v *Visit) showCodes() {
	if len(v.session.Recovery) == 0 {
		v.SeeOther(v.home())
		return
	}
	p := codesPage{Buttons: web.ButtonRow{Primary: web.Button{Text: v.T("codes.kept")}}}
	for _, code := range v.session.Recovery {
		p.Codes = append(p.Codes, code[:4]+" "+code[4:8]+" "+code[8:])
	}
	v.Show(http.StatusOK, "office-codes", v.T("codes"), p)
}

func (v *Visit) keptCodes() {
	v.session.Recovery = nil
	if err := v.Desk.Save(v.Ctx(), v.token, &v.session); err != nil {
		v.FailWith(err)
		return
	}
	v.SeeOther(v.home())
}

// mePage is somebody's own account.
type mePage struct {
	Roles   []string
	Factors []factorLine
	Passkey *passkeyButton // or nil
	Fresh   bool           // the second factor was shown so lately that a passkey may be added
	Again   string
}

type factorLine struct{ Kind, Added, Used string }

func (v *Visit) me() {
	factors, err := v.Desk.Factors(v.Ctx(), v.Account)
	if err != nil {
		v.FailWith(err)
		return
	}
	p := mePage{Fresh: v.session.Fresh(v.Now()), Again: againPath + "?to=" + mePath}
	for _, r := range v.Account.Roles {
		p.Roles = append(p.Roles, v.T("role."+string(r)))
	}
	for _, f := range factors {
		line := factorLine{Kind: v.T("factor." + string(f.Kind)), Added: v.Words.Moment(f.AddedAt), Used: v.T("never")}
		if !f.UsedAt.IsZero() {
			line.Used = v.Words.Moment(f.UsedAt)
		}
		p.Factors = append(p.Factors, line)
	}
	if v.passkeys() != nil {
		p.Passkey = &passkeyButton{Address: mePath + "/passkey", Button: v.T("passkey.add"), Say: v.T("passkey.say")}
	}
	v.Show(http.StatusOK, "office-me", v.T("me"), p)
}
