package access

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/hex"
	"image"
	"math/big"
	"strings"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
)

// nobody stands in the trail where a name was tried that no account has: what was
// typed may be a password in the wrong place.
var nobody = ident.Actor{Kind: ident.Staff, Name: "unknown"}

// wrong is the one answer to a wrong name, password or invitation.
func wrong(op string) error {
	return fault.New(fault.Denied, op, "the name or what proves it is wrong, or the account is not open")
}

// print is the keyed hash of a code of one account.
func (d *Desk) print(code secret.Text, of ident.Opaque, purpose string) (string, error) {
	sum, err := d.Hasher.Fingerprint(secret.New(string(of)+"/"+code.Reveal()), "staff/"+purpose)
	return hex.EncodeToString(sum), err
}

// try asks whether another try may be made. Limit when it may not, with when in the
// hint's place for whoever shows it.
func (d *Desk) try(ctx context.Context, op string, t limit.StaffTry) error {
	v, err := d.Limits.StaffTries(ctx, t)
	if err != nil {
		return fault.Wrap(op, err)
	}
	if v.Answer != limit.Allow {
		return fault.New(fault.Limit, op, "too many wrong tries").WithHint(v.Until.UTC().Format(time.RFC3339))
	}
	return nil
}

// SignIn checks name and password, and gives the account, whose second factor is
// then to be shown. Denied for any that is wrong, in one time; Limit when it has to
// wait. failures tells how many wrong tries the last day saw.
func (d *Desk) SignIn(ctx context.Context, from From, name string, password secret.Text) (a Account, failures int, err error) {
	const op = "access.SignIn"
	t := limit.StaffTry{Name: name, Address: from.Address}
	if err := d.try(ctx, op, t); err != nil {
		return Account{}, 0, err
	}
	s, err := d.Store.StaffNamed(ctx, plainName(name))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return Account{}, 0, fault.Wrap(op, err)
	}
	hash := s.Password
	if err != nil || hash.IsZero() {
		hash = nobodysHash
	}
	same := samePassword(password, hash)
	if err != nil || !same || s.State != Active {
		return Account{}, 0, d.refused(ctx, op, s.Account, "wrong name or password")
	}
	failures, err = d.Limits.StaffPassed(ctx, t)
	return s.Account, failures, fault.Wrap(op, err)
}

// refused writes a failure down and gives the one answer.
func (d *Desk) refused(ctx context.Context, op string, a Account, what string) error {
	by := nobody
	if a.Name != "" {
		by = a.Actor()
	}
	if err := d.record(ctx, by, audit.StaffRefused, what); err != nil {
		return fault.Wrap(op, err)
	}
	return wrong(op)
}

// Joining is a person who sets an account up: nothing of it is kept before the
// second factor was shown to work.
type Joining struct {
	Name     string
	Code     string // the invitation's
	Password string // its hash
	Secret   string // of the app whose code is to be shown
}

// Join checks an invitation and a new password. Denied for a wrong one; Invalid for a
// password that may not be taken.
func (d *Desk) Join(ctx context.Context, from From, name string, code, password secret.Text) (Joining, error) {
	const op = "access.Join"
	t := limit.StaffTry{Name: name, Address: from.Address}
	if err := d.try(ctx, op, t); err != nil {
		return Joining{}, err
	}
	s, err := d.invited(ctx, op, name, code)
	if err != nil {
		return Joining{}, err
	}
	if _, err := d.Limits.StaffPassed(ctx, t); err != nil {
		return Joining{}, fault.Wrap(op, err)
	}
	if err := checkPassword(password, s.Name, s.Display, d.Plan); err != nil {
		return Joining{}, fault.Wrap(op, err)
	}
	app, err := totp.Generate(totp.GenerateOpts{Issuer: d.issuer(), AccountName: s.Name})
	if err != nil {
		return Joining{}, fault.Wrap(op, err)
	}
	return Joining{Name: s.Name, Code: code.Reveal(), Password: hashPassword(password).Reveal(), Secret: app.Secret()}, nil
}

// invited loads the account of an invitation that can be taken up.
func (d *Desk) invited(ctx context.Context, op, name string, code secret.Text) (Stored, error) {
	s, err := d.Store.StaffNamed(ctx, plainName(name))
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return s, fault.Wrap(op, err)
	}
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code.Reveal()))
	print, hashErr := d.print(secret.New(plain), s.ID, "invitation")
	if hashErr != nil {
		return s, fault.Wrap(op, hashErr)
	}
	same := subtle.ConstantTimeCompare([]byte(print), []byte(s.Invitation)) == 1
	if err != nil || !same || s.State != Invited || !d.Clock.Now().Before(s.InvitedTo) {
		return s, d.refused(ctx, op, s.Account, "wrong invitation")
	}
	return s, nil
}

func (d *Desk) issuer() string {
	if d.Plan == "" {
		return "Billfold"
	}
	return strings.ReplaceAll(d.Plan, ":", " ") + " office"
}

// App is what an app that shows codes is set up with.
type App struct {
	Secret string // in base32, for typing
	key    *otp.Key
}

// Picture is the same as a square of dots.
func (a App) Picture(pixels int) (image.Image, error) { return a.key.Image(pixels, pixels) }

// AppOf gives what somebody who joins sets an app up with.
func (d *Desk) AppOf(j Joining) (App, error) {
	address := "otpauth://totp/" + escaped(d.issuer()) + ":" + escaped(j.Name) + "?secret=" + j.Secret + "&issuer=" + escaped(d.issuer())
	key, err := otp.NewKeyFromURL(address)
	return App{j.Secret, key}, fault.Wrap("access.AppOf", err)
}

// CodeNow gives what an app would show for somebody who joins, for installations
// whose people are made up.
func (d *Desk) CodeNow(j Joining) (string, error) {
	code, err := totp.GenerateCodeCustom(j.Secret, d.Clock.Now(), codeOptions)
	return code, fault.Wrap("access.CodeNow", err)
}

func escaped(text string) string {
	return strings.NewReplacer("%", "%25", " ", "%20", ":", "%3A", "?", "%3F", "&", "%26", "#", "%23", "/", "%2F").Replace(text)
}

// JoinByApp takes an invitation up with a code of the app, opens the account, and
// gives its recovery codes, once. Denied for a wrong code.
func (d *Desk) JoinByApp(ctx context.Context, from From, j Joining, code string) (Account, []secret.Text, error) {
	const op = "access.JoinByApp"
	t := limit.StaffTry{Name: j.Name, Address: from.Address, Second: true}
	if err := d.try(ctx, op, t); err != nil {
		return Account{}, nil, err
	}
	step, ok := d.stepOf(secret.New(j.Secret), code, 0)
	if !ok {
		return Account{}, nil, d.refused(ctx, op, Account{Name: j.Name}, "wrong code while joining")
	}
	if _, err := d.Limits.StaffPassed(ctx, t); err != nil {
		return Account{}, nil, fault.Wrap(op, err)
	}
	return d.open(ctx, op, j, Factor{Kind: TOTP, Secret: secret.New(j.Secret), Step: step})
}

// JoinByPasskey takes an invitation up with a passkey that the edge has proved.
func (d *Desk) JoinByPasskey(ctx context.Context, j Joining, credential secret.Text) (Account, []secret.Text, error) {
	return d.open(ctx, "access.JoinByPasskey", j, Factor{Kind: Passkey, Secret: credential})
}

// open opens an invited account.
func (d *Desk) open(ctx context.Context, op string, j Joining, f Factor) (Account, []secret.Text, error) {
	s, err := d.invited(ctx, op, j.Name, secret.New(j.Code))
	if err != nil {
		return Account{}, nil, err
	}
	f.Staff, f.ID, f.AddedAt = s.ID, ident.NewOpaque(), d.Clock.Now()
	codes, prints, err := d.recoveryCodes(s.ID)
	if err != nil {
		return Account{}, nil, fault.Wrap(op, err)
	}
	s.State, s.Password, s.Invitation = Active, secret.New(j.Password), ""
	s.Version, s.ChangedAt, s.ChangedBy = s.Version+1, d.Clock.Now(), s.Actor()
	if err := d.record(ctx, s.Actor(), audit.StaffChange, "join with "+string(f.Kind)); err != nil {
		return Account{}, nil, fault.Wrap(op, err)
	}
	err = d.Store.SaveStaff(ctx, s, true, []Factor{f}, prints)
	return s.Account, codes, fault.Wrap(op, err)
}

// AddPasskey adds a passkey that the edge has proved to an open account.
func (d *Desk) AddPasskey(ctx context.Context, a Account, credential secret.Text) error {
	const op = "access.AddPasskey"
	s, err := d.Store.StaffNamed(ctx, a.Name)
	if err != nil || s.State != Active {
		return fault.Wrap(op, cmpErr(err, wrong(op)))
	}
	f := Factor{Staff: s.ID, ID: ident.NewOpaque(), Kind: Passkey, Secret: credential, AddedAt: d.Clock.Now()}
	s.Version, s.ChangedAt, s.ChangedBy = s.Version+1, d.Clock.Now(), s.Actor()
	if err := d.record(ctx, s.Actor(), audit.StaffChange, "add a passkey"); err != nil {
		return fault.Wrap(op, err)
	}
	return fault.Wrap(op, d.Store.SaveStaff(ctx, s, false, []Factor{f}, nil))
}

func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// How many recovery codes somebody has, and of how many signs each.
const (
	recoveryCodes  = 10
	recoveryLength = 12
)

// recoverySigns leaves out what is mistaken for another sign.
const recoverySigns = "abcdefghjkmnpqrstvwxyz23456789"

func (d *Desk) recoveryCodes(of ident.Opaque) (codes []secret.Text, prints []string, err error) {
	for range recoveryCodes {
		signs := make([]byte, recoveryLength)
		for i := range signs {
			n, err := rand.Int(rand.Reader, big.NewInt(int64(len(recoverySigns))))
			if err != nil {
				return nil, nil, err
			}
			signs[i] = recoverySigns[n.Int64()]
		}
		code := secret.New(string(signs))
		print, err := d.print(code, of, "recovery")
		if err != nil {
			return nil, nil, err
		}
		codes, prints = append(codes, code), append(prints, print)
	}
	return codes, prints, nil
}

// Codes of apps: RFC 6238 with what every app knows.
const (
	codeSeconds = 30
	codeDrift   = 1 // steps to either side
)

var codeOptions = totp.ValidateOpts{Period: codeSeconds, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}

// stepOf finds the step of a code that is later than the last that counted.
func (d *Desk) stepOf(app secret.Text, code string, last int64) (step int64, ok bool) {
	typed := strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code)
	now := d.Clock.Now().Unix() / codeSeconds
	for at := now - codeDrift; at <= now+codeDrift; at++ {
		want, err := totp.GenerateCodeCustom(app.Reveal(), time.Unix(at*codeSeconds, 0).UTC(), codeOptions)
		if err == nil && at > last && subtle.ConstantTimeCompare([]byte(want), []byte(typed)) == 1 {
			step, ok = at, true
		}
	}
	return step, ok
}

// Shown tells by what somebody has shown the second factor.
type Shown string

// What was shown.
const (
	ByApp      Shown = "app"
	ByPasskey  Shown = "passkey"
	ByRecovery Shown = "recovery code"
)

// CheckCode checks a code of the app or a recovery code. Denied for a wrong or used
// one; Limit when it has to wait. left is how many recovery codes are left after one
// was used.
func (d *Desk) CheckCode(ctx context.Context, from From, name, code string) (by Shown, left int, err error) {
	const op = "access.CheckCode"
	t := limit.StaffTry{Name: name, Address: from.Address, Second: true}
	if err := d.try(ctx, op, t); err != nil {
		return "", 0, err
	}
	s, err := d.Store.StaffNamed(ctx, name)
	if err != nil || s.State != Active {
		return "", 0, fault.Wrap(op, cmpErr(err, wrong(op)))
	}
	by, left, err = d.codeOf(ctx, s.ID, code)
	if fault.KindOf(err) == fault.NotFound || fault.KindOf(err) == fault.Conflict {
		return "", 0, d.refused(ctx, op, s.Account, "wrong second factor")
	}
	if err != nil {
		return "", 0, fault.Wrap(op, err)
	}
	_, err = d.Limits.StaffPassed(ctx, t)
	return by, left, fault.Wrap(op, err)
}

// codeOf uses up a code. NotFound when it is none; Conflict when another request was
// faster with it.
func (d *Desk) codeOf(ctx context.Context, id ident.Opaque, code string) (by Shown, left int, err error) {
	factors, err := d.Store.Factors(ctx, id)
	if err != nil {
		return "", 0, err
	}
	for _, f := range factors {
		if f.Kind != TOTP {
			continue
		}
		if step, ok := d.stepOf(f.Secret, code, f.Step); ok {
			before := f.Step
			f.Step, f.UsedAt = step, d.Clock.Now()
			return ByApp, 0, d.Store.UseFactor(ctx, f, before)
		}
	}
	plain := strings.ToLower(strings.NewReplacer(" ", "", "-", "", "\u00a0", "").Replace(code))
	if len(plain) != recoveryLength {
		return "", 0, fault.New(fault.NotFound, "access.codeOf", "there is no such code")
	}
	print, err := d.print(secret.New(plain), id, "recovery")
	if err != nil {
		return "", 0, err
	}
	left, err = d.Store.UseRecovery(ctx, id, print, d.Clock.Now())
	return ByRecovery, left, err
}

// Factors lists an account's second factors.
func (d *Desk) Factors(ctx context.Context, a Account) ([]Factor, error) {
	all, err := d.Store.Factors(ctx, a.ID)
	return all, fault.Wrap("access.Factors", err)
}

// UsedPasskey keeps what a passkey's use has changed, when the edge has proved it.
// Denied when it was used at the same time.
func (d *Desk) UsedPasskey(ctx context.Context, f Factor, credential secret.Text) error {
	before := f.Step
	f.Secret, f.Step, f.UsedAt = credential, f.Step+1, d.Clock.Now()
	err := d.Store.UseFactor(ctx, f, before)
	if fault.KindOf(err) == fault.Conflict {
		return wrong("access.UsedPasskey")
	}
	return fault.Wrap("access.UsedPasskey", err)
}

// RefusedPasskey writes down a passkey that did not prove.
func (d *Desk) RefusedPasskey(ctx context.Context, a Account) error {
	return d.refused(ctx, "access.RefusedPasskey", a, "wrong passkey")
}

// Account gives an account by name.
func (d *Desk) Account(ctx context.Context, name string) (Account, error) {
	s, err := d.Store.StaffNamed(ctx, plainName(name))
	return s.Account, fault.Wrap("access.Account", err)
}
