package auth

import (
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/access"
)

// Passkeys are bound to the name under which browsers know the site. Where that is
// an address of digits, or not known, none can be had, and codes of an app remain.

// passkeys gives the protocol for this site, nil where there is none.
func (v *Visit) passkeys() *webauthn.WebAuthn {
	origin := v.Site.PublicURL
	if origin == "" && onThisMachine(v.R.Host) {
		origin = "http://" + v.R.Host
	}
	u, err := url.Parse(origin)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Hostname() != "localhost" {
		return nil
	}
	w, err := webauthn.New(&webauthn.Config{
		RPID: u.Hostname(), RPDisplayName: v.Site.Plan.Name, RPOrigins: []string{u.Scheme + "://" + u.Host},
		AuthenticatorSelection: protocol.AuthenticatorSelection{UserVerification: protocol.VerificationPreferred},
	})
	if err != nil {
		v.log.Warn("passkeys cannot be used at this address", "error", err)
		return nil
	}
	return w
}

// passkeyButton is what a page shows where a passkey may be made or shown, once a
// script runs.
type passkeyButton struct{ Address, Say, Button, To string }

// holder is a person as the protocol knows them.
type holder struct {
	id, name, display string
	credentials       []webauthn.Credential
}

func (h *holder) WebAuthnID() []byte                         { return []byte(h.id) }
func (h *holder) WebAuthnName() string                       { return h.name }
func (h *holder) WebAuthnDisplayName() string                { return h.display }
func (h *holder) WebAuthnCredentials() []webauthn.Credential { return h.credentials }

// keys loads somebody's passkeys.
func (v *Visit) keys(a access.Account) (*holder, []access.Factor, error) {
	h := &holder{id: string(a.ID), name: a.Name, display: a.Display}
	all, err := v.Desk.Factors(v.Ctx(), a)
	if err != nil {
		return nil, nil, err
	}
	var factors []access.Factor
	for _, f := range all {
		if f.Kind != access.Passkey {
			continue
		}
		var c webauthn.Credential
		if err := json.Unmarshal([]byte(f.Secret.Reveal()), &c); err != nil {
			return nil, nil, fault.New(fault.Corrupt, "auth.keys", "a kept passkey does not parse")
		}
		h.credentials, factors = append(h.credentials, c), append(factors, f)
	}
	return h, factors, nil
}

func (v *Visit) json(code int, body any) {
	text, err := json.Marshal(body)
	if err != nil {
		panic("auth: what a script is told always marshals: " + err.Error())
	}
	v.W.Header().Set("Content-Type", "application/json")
	v.Send(code, append(text, '\n'))
}

// refuse answers the page's script that a passkey did not go through.
func (v *Visit) refuse(err error) {
	v.log.Info("a passkey did not go through", "error", fault.MessageOf(err))
	v.json(http.StatusForbidden, map[string]string{"status": "refused"})
}

// question is what the page's script hands the browser.
type question struct {
	PublicKey any  `json:"publicKey"`
	Create    bool `json:"create"`
}

// ask sends the protocol's question and keeps what its answer is held against.
func (v *Visit) ask(publicKey any, create bool, held *webauthn.SessionData) {
	kept, err := json.Marshal(held)
	v.session.Ceremony = kept
	if err == nil {
		err = v.Desk.Save(v.Ctx(), v.token, &v.session)
	}
	if err != nil {
		v.refuse(err)
		return
	}
	v.json(http.StatusOK, question{publicKey, create})
}

// asked gives what an answer is held against, once.
func (v *Visit) asked() (webauthn.SessionData, error) {
	var kept webauthn.SessionData
	if len(v.session.Ceremony) == 0 {
		return kept, fault.New(fault.Conflict, "auth.asked", "no passkey was asked for")
	}
	err := json.Unmarshal(v.session.Ceremony, &kept)
	v.session.Ceremony = nil
	if err == nil {
		err = v.Desk.Save(v.Ctx(), v.token, &v.session)
	}
	return kept, err
}

// makeKey asks for a new passkey, or takes it and gives it to be kept.
func (v *Visit) makeKey(h *holder, keep func(credential secret.Text) error, to string) {
	protocolOf := v.passkeys()
	if protocolOf == nil {
		v.refuse(fault.New(fault.NotFound, "auth.makeKey", "passkeys cannot be used at this address"))
		return
	}
	if v.Value("part") == "question" {
		var known []protocol.CredentialDescriptor
		for i := range h.credentials {
			known = append(known, h.credentials[i].Descriptor())
		}
		creation, kept, err := protocolOf.BeginRegistration(h, webauthn.WithExclusions(known))
		if err != nil {
			v.refuse(err)
			return
		}
		v.ask(creation.Response, true, kept)
		return
	}
	kept, err := v.asked()
	if err != nil {
		v.refuse(err)
		return
	}
	made, err := protocolOf.FinishRegistration(h, kept, v.R)
	if err != nil {
		v.refuse(err)
		return
	}
	text, err := json.Marshal(made)
	if err == nil {
		err = keep(secret.New(string(text)))
	}
	if err != nil {
		v.refuse(err)
		return
	}
	if v.status == 0 {
		v.json(http.StatusOK, map[string]string{"to": to})
	}
}

func (v *Visit) joinPasskey() {
	j := v.session.Joining
	h := &holder{id: j.Name, name: j.Name, display: j.Name}
	a, err := v.Desk.Account(v.Ctx(), j.Name)
	if err == nil {
		h.id, h.display = string(a.ID), a.Display
	}
	v.makeKey(h, func(credential secret.Text) error {
		a, codes, err := v.Desk.JoinByPasskey(v.Ctx(), j, credential)
		if err == nil {
			v.joined(a, codes, access.ByPasskey)
		}
		return err
	}, codesPath)
}

// addPasskey adds a passkey to the own account, when the second factor was shown
// lately: whoever finds an open screen adds none.
func (v *Visit) addPasskey() {
	h, _, err := v.keys(v.Account)
	if err == nil && !v.session.Fresh(v.Now()) {
		err = fault.New(fault.Denied, "auth.addPasskey", "the second factor was not shown lately")
	}
	if err != nil {
		v.refuse(err)
		return
	}
	v.makeKey(h, func(credential secret.Text) error { return v.Desk.AddPasskey(v.Ctx(), v.Account, credential) }, mePath)
}

// showKey asks for a passkey, or takes its answer.
func (v *Visit) showKey(proved func() (to string)) {
	protocolOf := v.passkeys()
	h, factors, err := v.keys(v.Account)
	if err != nil || protocolOf == nil || len(factors) == 0 {
		v.refuse(fault.New(fault.NotFound, "auth.showKey", "there is no passkey to show here"))
		return
	}
	if v.Value("part") == "question" {
		assertion, kept, err := protocolOf.BeginLogin(h)
		if err != nil {
			v.refuse(err)
			return
		}
		v.ask(assertion.Response, false, kept)
		return
	}
	if err := v.checkKey(protocolOf, h, factors); err != nil {
		v.refuse(err)
		return
	}
	if to := proved(); to != "" && v.status == 0 {
		v.json(http.StatusOK, map[string]string{"to": to})
	}
}

// checkKey proves the answer of a passkey and keeps its counter.
func (v *Visit) checkKey(protocolOf *webauthn.WebAuthn, h *holder, factors []access.Factor) error {
	kept, err := v.asked()
	if err != nil {
		return err
	}
	used, err := protocolOf.FinishLogin(h, kept, v.R)
	if err != nil || used.Authenticator.CloneWarning {
		return v.Desk.RefusedPasskey(v.Ctx(), v.Account)
	}
	text, err := json.Marshal(used)
	if err != nil {
		return err
	}
	for i, c := range h.credentials {
		if string(c.ID) == string(used.ID) {
			return v.Desk.UsedPasskey(v.Ctx(), factors[i], secret.New(string(text)))
		}
	}
	return v.Desk.RefusedPasskey(v.Ctx(), v.Account)
}

func (v *Visit) secondPasskey() {
	v.showKey(func() string {
		if !v.admit(access.ByPasskey, 0) {
			return ""
		}
		return v.home()
	})
}

func (v *Visit) againPasskey() {
	v.showKey(func() string {
		if err := v.Desk.Step(v.Ctx(), v.token, &v.session, access.ByPasskey); err != nil {
			v.refuse(err)
			return ""
		}
		return v.toOr(v.home())
	})
}
