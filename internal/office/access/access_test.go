package access_test

import (
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	admin = ident.Actor{Kind: ident.Staff, Name: "root"}
	here  = access.From{Address: netip.MustParseAddr("192.0.2.7")}
)

const password = "quiet river 7 lamps"

// desk is an office with a clock.
type desk struct {
	*access.Desk
	*storetest.Office
	t *testing.T
}

func newDesk(t *testing.T, o *storetest.Office) *desk {
	return &desk{access.New(access.Options{
		Store: o.Store, Hasher: o.Vault, Trail: audit.New(o.Store, o.Clock), Limits: limit.New(o.Store, limit.Defaults(), o.Clock),
		Clock: o.Clock, Plan: "Cedar Valley",
	}), o, t}
}

// code is what an app shows now.
func (d *desk) code(app string) string {
	d.t.Helper()
	code, err := totp.GenerateCode(app, d.Clock.Now())
	if err != nil {
		d.t.Fatal(err)
	}
	return code
}

// open invites somebody and sets the account up; it gives the app's secret and the
// recovery codes.
func (d *desk) open(name string, roles ...access.Role) (app string, recovery []secret.Text) {
	d.t.Helper()
	_, invitation, err := d.Invite(d.t.Context(), admin, name, "Somebody", roles)
	if err != nil {
		d.t.Fatal(err)
	}
	j, err := d.Join(d.t.Context(), here, name, invitation, secret.New(password))
	if err != nil {
		d.t.Fatal(err)
	}
	_, recovery, err = d.JoinByApp(d.t.Context(), here, j, d.code(j.Secret))
	if err != nil {
		d.t.Fatal(err)
	}
	return j.Secret, recovery
}

func wants(t *testing.T, what string, err error, kind fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != kind {
		t.Errorf("%s: got %v, want %v", what, err, kind)
	}
}

func TestJoin_NothingOpensBeforeTheSecondFactor(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		_, invitation, err := d.Invite(t.Context(), admin, "JLee", "Jamie Lee", []access.Role{access.Clerk})
		if err != nil {
			t.Fatal(err)
		}
		_, err = d.Join(t.Context(), here, "jlee", secret.New("0000000000000000000000000"), secret.New(password))
		wants(t, "a wrong invitation", err, fault.Denied)
		for _, weak := range []string{"short", "password1234", "jamieleejamielee", "qwertyuiopasdf", "123456789012", "CedarValley2026"} {
			_, err = d.Join(t.Context(), here, "jlee", invitation, secret.New(weak))
			wants(t, weak, err, fault.Invalid)
		}
		j, err := d.Join(t.Context(), here, "jlee", invitation, secret.New(password))
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = d.SignIn(t.Context(), here, "jlee", secret.New(password))
		wants(t, "a password without a second factor", err, fault.Denied)
		_, _, err = d.JoinByApp(t.Context(), here, j, "000000")
		wants(t, "a wrong code", err, fault.Denied)
		_, codes, err := d.JoinByApp(t.Context(), here, j, d.code(j.Secret))
		if err != nil || len(codes) != 10 {
			t.Fatalf("got %d codes and %v", len(codes), err)
		}
		_, err = d.Join(t.Context(), here, "jlee", invitation, secret.New(password))
		wants(t, "the invitation again", err, fault.Denied)
		if a, _, err := d.SignIn(t.Context(), here, " JLEE ", secret.New(password)); err != nil || !a.May(access.RequestRefund) {
			t.Errorf("got %+v and %v", a, err)
		}
	})
}

func TestInvite_ExpiresAndNamesAreNeverGivenAgain(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	d := newDesk(t, o)
	_, invitation, err := d.Invite(t.Context(), admin, "jlee", "Jamie Lee", []access.Role{access.Clerk})
	if err != nil {
		t.Fatal(err)
	}
	o.Clock.Advance(access.InvitationLife)
	_, err = d.Join(t.Context(), here, "jlee", invitation, secret.New(password))
	wants(t, "an old invitation", err, fault.Denied)
	if _, err := d.End(t.Context(), admin, "jlee"); err != nil {
		t.Fatal(err)
	}
	_, _, err = d.Invite(t.Context(), admin, "JLee", "Jo Lee", []access.Role{access.Clerk})
	wants(t, "the name of somebody who left", err, fault.Conflict)
	_, _, err = d.Reset(t.Context(), admin, "jlee")
	wants(t, "an account that has ended", err, fault.Conflict)
}

func TestCheckCode_CountsOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		app, recovery := d.open("jlee", access.Clerk)
		_, _, err := d.CheckCode(t.Context(), here, "jlee", d.code(app))
		wants(t, "the code of the set-up", err, fault.Denied)
		o.Clock.Advance(time.Minute)
		code := d.code(app)
		o.Clock.Advance(30 * time.Second) // one step late
		if by, _, err := d.CheckCode(t.Context(), here, "jlee", " "+code[:3]+" "+code[3:]); err != nil || by != access.ByApp {
			t.Errorf("got %v and %v", by, err)
		}
		_, _, err = d.CheckCode(t.Context(), here, "jlee", code)
		wants(t, "the same code", err, fault.Denied)
		o.Clock.Advance(time.Minute)
		old := d.code(app)
		o.Clock.Advance(time.Minute) // two steps late
		_, _, err = d.CheckCode(t.Context(), here, "jlee", old)
		wants(t, "an old code", err, fault.Denied)

		by, left, err := d.CheckCode(t.Context(), here, "jlee", strings.ToUpper(recovery[3].Reveal()))
		if err != nil || by != access.ByRecovery || left != 9 {
			t.Errorf("got %v, %d left and %v", by, left, err)
		}
		_, _, err = d.CheckCode(t.Context(), here, "jlee", recovery[3].Reveal())
		wants(t, "a recovery code again", err, fault.Denied)
	})
}

func TestSignIn_AnswersEveryWrongTryAlikeAndSlower(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		d.open("jlee", access.Clerk)
		d.open("gone", access.Clerk)
		if _, err := d.Lock(t.Context(), admin, "gone"); err != nil {
			t.Fatal(err)
		}
		try := func(name, password string) error {
			_, _, err := d.SignIn(t.Context(), here, name, secret.New(password))
			return err
		}
		_, _, one := d.SignIn(t.Context(), access.From{}, "somebody else", secret.New("x"))
		for _, name := range []string{"jlee", "nobody", "gone"} {
			word := "not the right words"
			if name == "gone" {
				word = password
			}
			for range 5 {
				if err := try(name, word); fault.KindOf(err) != fault.Denied || err.Error() != one.Error() {
					t.Errorf("%s: got %v", name, err)
				}
				o.Clock.Advance(time.Second)
			}
			wants(t, name+" after five", try(name, word), fault.Limit)
		}
		wants(t, "the right password while it has to wait", try("jlee", password), fault.Limit)
		o.Clock.Advance(2 * time.Minute)
		_, failures, err := d.SignIn(t.Context(), here, "jlee", secret.New(password))
		if err != nil || failures != 5 {
			t.Errorf("got %d failures and %v, want the 5 told", failures, err)
		}
	})
}

func TestSession_EndsByItselfAndWithEveryChange(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		d.open("jlee", access.Clerk)
		a, _, err := d.SignIn(t.Context(), here, "jlee", secret.New(password))
		if err != nil {
			t.Fatal(err)
		}
		begin := func() secret.Text {
			half, s, err := d.Begin(t.Context(), access.Session{Staff: a.ID, Name: a.Name, Stage: access.Half})
			if err != nil {
				t.Fatal(err)
			}
			token, _, err := d.Enter(t.Context(), half, s, access.ByApp)
			if err != nil {
				t.Fatal(err)
			}
			if s, _, _ := d.Session(t.Context(), half); s.Stage != "" {
				t.Error("the token of before the second factor still opens")
			}
			return token
		}
		inside := func(token secret.Text) bool {
			s, _, err := d.Session(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			return s.Stage == access.Inside
		}
		token := begin()
		for range 3 {
			o.Clock.Advance(access.Idle - time.Second)
			if !inside(token) {
				t.Fatal("a session ended while it was used")
			}
		}
		o.Clock.Advance(access.Idle)
		if inside(token) {
			t.Error("a session outlives its idle time")
		}
		token = begin()
		for range int(access.Absolute / (10 * time.Minute)) {
			inside(token)
			o.Clock.Advance(10 * time.Minute)
		}
		if inside(token) {
			t.Error("a session outlives the day")
		}
		for what, change := range map[string]func() error{
			"other roles": func() error {
				_, err := d.SetRoles(t.Context(), admin, "jlee", []access.Role{access.Supervisor})
				return err
			},
			"sign out everywhere": func() error { return d.LeaveAll(t.Context(), a) },
		} {
			token = begin()
			if err := change(); err != nil {
				t.Fatal(err)
			}
			if inside(token) {
				t.Errorf("a session outlives %s", what)
			}
		}
		token = begin()
		if _, err := d.End(t.Context(), admin, "jlee"); err != nil {
			t.Fatal(err)
		}
		if inside(token) {
			t.Error("a session outlives its account")
		}
		if n := audited(t, o); n == 0 {
			t.Error("nothing stands in the audit trail")
		}
	})
}

// audited gives how many entries the trail of the office itself has.
func audited(t *testing.T, o *storetest.Office) int64 {
	t.Helper()
	heads, err := o.Store.AuditHeads(t.Context(), []ledger.BookNo{0})
	if err != nil {
		t.Fatal(err)
	}
	return heads[0].No
}

func TestReset_TakesEverythingAway(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		d := newDesk(t, o)
		app, recovery := d.open("jlee", access.Clerk)
		_, invitation, err := d.Reset(t.Context(), admin, "jlee")
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = d.SignIn(t.Context(), here, "jlee", secret.New(password))
		wants(t, "the password of before", err, fault.Denied)
		j, err := d.Join(t.Context(), here, "jlee", invitation, secret.New(password+" two"))
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := d.JoinByApp(t.Context(), here, j, d.code(j.Secret)); err != nil {
			t.Fatal(err)
		}
		o.Clock.Advance(time.Minute)
		_, _, err = d.CheckCode(t.Context(), here, "jlee", d.code(app))
		wants(t, "the app of before", err, fault.Denied)
		_, _, err = d.CheckCode(t.Context(), here, "jlee", recovery[0].Reveal())
		wants(t, "a recovery code of before", err, fault.Denied)
	})
}

func TestCheckRoles_NobodyChecksTheirOwnWork(t *testing.T) {
	for _, d := range access.Roles() {
		if err := access.CheckRoles([]access.Role{d.Role}); err != nil {
			t.Errorf("the role %s is not for one person: %v", d.Role, err)
		}
	}
	wants(t, "specialist and supervisor", access.CheckRoles([]access.Role{access.Specialist, access.Supervisor}), fault.Conflict)
	wants(t, "specialist and treasurer", access.CheckRoles([]access.Role{access.Specialist, access.Treasurer}), fault.Conflict)
	wants(t, "administrator and clerk", access.CheckRoles([]access.Role{access.Administrator, access.Clerk}), fault.Conflict)
	wants(t, "none", access.CheckRoles(nil), fault.Invalid)
	wants(t, "unknown", access.CheckRoles([]access.Role{"king"}), fault.Invalid)
	if access.May([]access.Role{access.Auditor}, access.ApproveRefund) {
		t.Error("an auditor may agree to a refund")
	}
}

func TestTable_NamesEachPermissionOnceAndReadsOnlyForAuditors(t *testing.T) {
	seen := map[access.Permission]bool{}
	for _, g := range access.Table() {
		if seen[g.Permission] || g.What == "" || len(g.Roles) == 0 {
			t.Errorf("the line of %s is not whole, or there are two", g.Permission)
		}
		seen[g.Permission] = true
		if strings.HasSuffix(string(g.Permission), ".read") {
			continue
		}
		for _, r := range g.Roles {
			if r == access.Auditor {
				t.Errorf("an auditor may %s", g.What)
			}
		}
	}
	for _, kind := range approval.Kinds() {
		p, known := access.CheckerOf(kind)
		if !known || !seen[p] {
			t.Errorf("nobody may be the second person for %s", kind)
		}
	}
	for _, c := range access.Conflicts() {
		if !seen[c.One] || !seen[c.Other] || c.Why == "" {
			t.Errorf("a conflict names %s and %s", c.One, c.Other)
		}
	}
}

// The operators' page shows the table as the program holds it.
func TestTable_IsWhatTheDocumentShows(t *testing.T) {
	text, err := os.ReadFile("../../../docs/operators/roles.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), access.TableText()) {
		t.Errorf("docs/operators/roles.md does not hold the table of role.go:\n%s", access.TableText())
	}
}
