package console_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/access"
)

func TestDoor_NothingOpensBeforeTheSecondFactor(t *testing.T) {
	s := open(t)
	_, invitation, err := s.staff.Invite(t.Context(), admin, "jlee", "Jamie Lee", []access.Role{access.Specialist})
	if err != nil {
		t.Fatal(err)
	}
	v := s.visitor(t)
	v.get("/office/board").wants(t, "/office/sign-in", 200)
	v.post("/office/join", "name", "jlee", "invitation", invitation.Reveal(), "password", "password1234", "again", "password1234").
		wants(t, "/office/join", 422, "less common password")
	page := v.post("/office/join", "name", "jlee", "invitation", invitation.Reveal(), "password", password, "again", password).
		wants(t, "/office/join/app", 200)
	for _, path := range []string{"/office/board", "/office/suspense", "/office/me", "/office/second"} {
		v.get(path).wants(t, "/office/join/app", 200)
	}
	if picture := v.get("/office/join/app.png"); picture.Header.Get("Content-Type") != "image/png" || len(picture.body) < 200 {
		t.Error("there is no square for the app")
	}
	_, rest, _ := strings.Cut(page.body, `class="secret">`)
	key, _, _ := strings.Cut(rest, "<")
	s.apps["jlee"] = strings.ReplaceAll(key, " ", "")
	v.post("/office/join/app", "code", "123123").wants(t, "/office/join/app", 422, "wrong or was used")
	v.post("/office/join/app", "code", s.next(t, "jlee")).wants(t, "/office/codes", 200, "recovery codes")
	v.get("/office/board").wants(t, "/office/codes", 200)
	v.post("/office/codes").wants(t, "/office/board", 200, "Sign out", "Suspense")
	v.get("/office/codes").wants(t, "/office/board", 200)
	v.post("/office/sign-out").wants(t, "/office/sign-in", 200, "You have signed out")
	v.get("/office/board").wants(t, "/office/sign-in", 200)

	v.post("/office/sign-in", "name", "jlee", "password", password).wants(t, "/office/second", 200)
	v.get("/office/board").wants(t, "/office/second", 200)
	v.post("/office/second", "code", s.code["jlee"]).wants(t, "/office/second", 422, "used before")
	v.post("/office/second", "code", s.next(t, "jlee")).wants(t, "/office/board", 200)
}

func TestDoor_SessionIsItsOwnAndEndsByItself(t *testing.T) {
	s := open(t)
	s.hire(t, "jlee", access.Specialist)
	v := s.signIn(t, "jlee")
	v.get("/office/board").wants(t, "/office/board", 200)

	at, _ := url.Parse(s.url + "/office/board")
	outside, _ := url.Parse(s.url + "/")
	if len(v.Jar.Cookies(at)) != 1 || len(v.Jar.Cookies(outside)) != 0 {
		t.Errorf("the office's cookie goes to %v and %v", v.Jar.Cookies(at), v.Jar.Cookies(outside))
	}
	raw := s.visitor(t)
	raw.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	set := raw.post("/office/sign-in", "name", "jlee", "password", password).Header.Get("Set-Cookie")
	for _, attribute := range []string{"Path=/office", "HttpOnly", "SameSite=Strict"} {
		if !strings.Contains(set, attribute) {
			t.Errorf("the cookie lacks %s: %s", attribute, set)
		}
	}
	s.Clock.Advance(14 * time.Minute)
	v.get("/office/board").wants(t, "/office/board", 200)
	s.Clock.Advance(15 * time.Minute)
	v.get("/office/board").wants(t, "/office/sign-in", 200, "Your session has ended")
}

func TestDoor_RefusesOtherSitesAndOtherRoles(t *testing.T) {
	s := open(t)
	s.hire(t, "jlee", access.Specialist)
	s.hire(t, "boss", access.Administrator)
	v := s.signIn(t, "jlee")
	form := url.Values{"do": {"own"}}
	item := s.item(t, v)
	v.do("POST", item, form, "Sec-Fetch-Site", "cross-site").wants(t, item, 403)
	v.do("GET", "/office/board", nil, "Host", "evil.example").wants(t, "/office/board", 200)

	manager := s.signIn(t, "boss")
	for _, path := range []string{"/office/board", "/office/suspense", item, "/office/refunds", "/office/accounts", "/office/day", "/office/approvals"} {
		manager.get(path).wants(t, path, 403, "Your roles do not open this page")
	}
	manager.post("/office/accounts", "number", s.member.Digits(), "reason", "curious").wants(t, "/office/accounts", 403)
}

func TestSuspense_TakesFourEyes(t *testing.T) {
	s := open(t)
	s.hire(t, "jlee", access.Specialist)
	s.hire(t, "mortiz", access.Supervisor)
	s.hire(t, "kchan", access.Supervisor)
	maker := s.signIn(t, "jlee")
	item := s.item(t, maker)
	maker.get(item).wants(t, item, 200, "Reader0 Ruiz", "the number stands in the reference", s.member.Grouped())
	maker.post(item, "do", "release", "number", s.member.Digits(), "reason", "the bank confirmed it").
		wants(t, item, 200, "Is this right?", "second person")
	if s.openOf(t) != 12_500_00 {
		t.Fatal("money moved before it was confirmed")
	}
	maker.post(item, "do", "confirm", "number", s.member.Digits(), "reason", "the bank confirmed it", "key", "k1").
		wants(t, "/office/suspense", 200, "A second person was asked")
	if s.openOf(t) != 12_500_00 {
		t.Fatal("money moved before a second person agreed")
	}
	requests, err := s.approvals.Open(t.Context())
	if err != nil || len(requests) != 1 {
		t.Fatal(requests, err)
	}
	asked := "/office/approvals/" + string(requests[0].ID)
	if own := maker.get(asked).wants(t, asked, 200, "Somebody else has to decide"); strings.Contains(own.body, `value="agree"`) {
		t.Error("the maker is offered to agree")
	}
	maker.post(asked, "do", "agree", "code", s.next(t, "jlee")).wants(t, asked, 403)

	checker := s.signIn(t, "mortiz")
	checker.get(asked).wants(t, asked, 200, "$12,500.00", "the bank confirmed it", "Digest", `value="agree"`, "Reader0 Ruiz", s.member.Grouped())
	s.Clock.Advance(access.Fresh)
	checker.post(asked, "do", "agree").wants(t, asked, 422, "Type the code")
	checker.post(asked, "do", "agree", "code", "000000").wants(t, asked, 422, "This code is wrong")
	checker.post(asked, "do", "refuse").wants(t, asked, 422, "Say why you refuse")
	if s.openOf(t) != 12_500_00 {
		t.Fatal("money moved without the second factor")
	}
	checker.post(asked, "do", "agree", "code", s.next(t, "mortiz")).wants(t, "/office/approvals", 200, "it was carried out")
	if left := s.openOf(t); left != 0 {
		t.Fatalf("%s is left in suspense after two people agreed", left)
	}
	s.signIn(t, "kchan").post(asked, "do", "refuse", "note", "no").wants(t, asked, 403)
}

func TestAccounts_AreShownWithAReasonThatStandsInTheTrail(t *testing.T) {
	s := open(t)
	s.hire(t, "clerk", access.Clerk)
	v := s.signIn(t, "clerk")
	v.post("/office/accounts", "number", s.member.Digits()).wants(t, "/office/accounts", 422, "Say why")
	if n := s.seen(t); n != 0 {
		t.Fatalf("%d looks are recorded before one was allowed", n)
	}
	page := v.post("/office/accounts", "number", s.member.Digits(), "reason", "she called").wants(t, "/office/accounts", 200, "Reader0 Ruiz", s.member.Last4())
	if strings.Contains(page.body, s.member.Digits()) || strings.Contains(page.body, s.member.Grouped()) {
		t.Error("a clerk is shown the whole number")
	}
	if n := s.seen(t); n != 1 {
		t.Errorf("%d looks are recorded, want 1", n)
	}
	v.post("/office/accounts", "last", "Ruiz", "born", "1980-04-21", "reason", "she called").wants(t, "/office/accounts", 404, "No account fits")
}

// seen is how many looks at the member stand in the audit trail.
func (s *served) seen(t *testing.T) int64 {
	t.Helper()
	heads, err := s.Store.AuditHeads(t.Context(), []ledger.BookNo{ledger.BookNo(s.member)})
	if err != nil {
		t.Fatal(err)
	}
	return heads[ledger.BookNo(s.member)].No
}

func TestDay_ClosesWithTheSecondFactorAndNotWhileBlocked(t *testing.T) {
	s := open(t)
	s.hire(t, "mortiz", access.Supervisor)
	v := s.signIn(t, "mortiz")
	page := v.get("/office/day").wants(t, "/office/day", 200, "Unexplained")
	if strings.Contains(page.body, "Close the day") && strings.Contains(page.body, "What blocks the close") {
		t.Error("a blocked day is offered for its close")
	}
	today := s.Clock.Now().Format("2006-01-02")
	v.get("/office/day/"+today).wants(t, "/office/day/"+today, 200, "The day is not over")
	s.Clock.Advance(access.Fresh)
	v.post("/office/day/"+today).wants(t, "/office/day/"+today, 422, "Type the code")
	v.post("/office/day/"+today, "code", s.next(t, "mortiz")).wants(t, "/office/day/"+today, 409, "The system says")
	v.get("/office/day/never").wants(t, "/office/day/never", 404)
}
