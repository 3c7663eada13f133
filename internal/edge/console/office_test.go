package console_test

import (
	"context"
	"encoding/hex"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"
	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/edge/auth"
	"github.com/billfold/billfold/internal/edge/console"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/access"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/office/refund"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/office/suspense"
	"github.com/billfold/billfold/internal/payments/payment"
	why "github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store/storetest"
)

const password = "quiet river 7 lamps"

var admin = ident.Actor{Kind: ident.Staff, Name: "root"}

// premium is the purse of the first legal entity.
var premium = chart.Purse{Entity: 1, Fund: chart.Premium}

// served is an office with its pages at an address, and a clock.
type served struct {
	*storetest.Office
	staff     *access.Desk
	approvals *approval.Desk
	url       string
	member    billpay.Number
	apps      map[string]string // the secret of each person's app
	code      map[string]string // that was used last
}

// open serves an office with a member, money without an owner, and two people who may
// release it together.
func open(t *testing.T) *served {
	t.Helper()
	o := storetest.Open(t, "sqlite")
	p, problems := plan.LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	house, err := plan.NewHouse(p, map[chart.EntityID]chart.EntityNo{"cvhp": 1, "cvmg": 2}, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	s := &served{Office: o, apps: map[string]string{}, code: map[string]string{}}
	s.member = o.Residents(t, string(p.Regions[0].ID), "80999")[0]
	log := slog.New(slog.DiscardHandler)
	site, err := web.New(web.Options{Plan: p, House: house, Source: o.Store, Clock: o.Clock, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	trail := audit.New(o.Store, o.Clock)
	s.approvals = approval.New(o.Store, o.Clock)
	s.staff = access.New(access.Options{
		Store: o.Store, Hasher: o.Vault, Trail: trail, Limits: limit.New(o.Store, limit.Defaults(), o.Clock), Clock: o.Clock, Plan: p.Name,
	})
	held := suspense.New(o.Store, o.Cashier, s.approvals, house, o.Clock)
	signing := signer(t)
	print := func(number secret.Text) (string, error) {
		sum, err := o.Vault.Fingerprint(number, "statement")
		return hex.EncodeToString(sum), err
	}
	screens := console.New(console.Options{
		Figures: site.Figures, House: house, Entities: map[chart.EntityNo]string{1: "Cedar Valley Health Plan", 2: "Cedar Valley Medical Group"},
		Trail: trail, Books: o.Store, Directory: registry.New(o.Store, p, o.Clock), Approvals: s.approvals, Suspense: held,
		Recon:   recon.New(o.Store, o.Cashier, house, o.Clock, print, recon.DefaultRules(), s.approvals, signing),
		Refunds: refund.New(o.Store, o.Cashier, s.approvals, house, o.Clock, refund.Options{DualControlAbove: house.DualControlAbove()}),
		Seal: func(ctx context.Context, day calendar.Date) (int64, error) {
			seal, err := proof.Close(ctx, o.Store, signing, o.Clock, day)
			return seal.No, err
		},
		DualControlAbove: house.DualControlAbove(),
	})
	door, err := auth.New(auth.Options{Desk: s.staff, Site: site, Clock: o.Clock, Log: log}, screens)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/office/", door)
	mux.Handle("/office", door)
	mux.Handle("/", site)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	s.url = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	s.hold(t, "the first", 12_500_00, "412 3190 "+s.member.Digits(), why.FreeText)
	s.hold(t, "the second", 80_00, "no number at all", "")
	return s
}

func signer(t *testing.T) *vault.Signing {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	signing, err := vault.OpenSigning(dir)
	if err != nil {
		t.Fatal(err)
	}
	return signing
}

// hold posts money that goes to suspense.
func (s *served) hold(t *testing.T, key string, cents money.Cents, reference string, doubt why.Reason) {
	t.Helper()
	in := payment.Instruction{
		Key: ident.Key(strings.ReplaceAll(key, " ", "-")), Rail: payment.Wire, Amount: cents, Received: calendar.MustParse("2026-11-12"), Actor: admin,
		Source: s.Till, Parts: []payment.Part{{
			Reference: reference, Amount: cents, Received: premium, Doubt: doubt, Details: why.Details{Reference: reference, PayerName: "Reader0 Ruiz", Source: "a test"},
		}},
	}
	outcomes, err := s.Cashier.Post(t.Context(), []payment.Instruction{in}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		t.Fatal(err)
	}
}

// hire makes an account and sets it up.
func (s *served) hire(t *testing.T, name string, roles ...access.Role) {
	t.Helper()
	_, invitation, err := s.staff.Invite(t.Context(), admin, name, "The "+name, roles)
	if err != nil {
		t.Fatal(err)
	}
	j, err := s.staff.Join(t.Context(), access.From{}, name, invitation, secret.New(password))
	if err != nil {
		t.Fatal(err)
	}
	s.apps[name] = j.Secret
	if _, _, err := s.staff.JoinByApp(t.Context(), access.From{}, j, s.next(t, name)); err != nil {
		t.Fatal(err)
	}
}

// next is the code that somebody's app shows, when the one before was used.
func (s *served) next(t *testing.T, name string) string {
	t.Helper()
	for {
		code, err := totp.GenerateCode(s.apps[name], s.Clock.Now())
		if err != nil {
			t.Fatal(err)
		}
		if code != s.code[name] {
			s.code[name] = code
			return code
		}
		s.Clock.Advance(30 * time.Second)
	}
}

// visitor is a browser without scripts.
type visitor struct {
	*http.Client
	t   *testing.T
	url string
}

func (s *served) visitor(t *testing.T) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &visitor{&http.Client{Jar: jar}, t, s.url}
}

// answer is a page as it came.
type answer struct {
	*http.Response
	body string
}

func (v *visitor) do(method, path string, form url.Values, header ...string) answer {
	v.t.Helper()
	request, err := http.NewRequest(method, v.url+path, strings.NewReader(form.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	request.Header.Set("Accept-Language", "en")
	if method == "POST" {
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := v.Do(request)
	if err != nil {
		v.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{response, string(body)}
}

func (v *visitor) get(path string) answer { return v.do("GET", path, nil) }

func (v *visitor) post(path string, pairs ...string) answer {
	form := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.do("POST", path, form)
}

// main is the page's own part.
func (a answer) main() string {
	_, rest, _ := strings.Cut(a.body, "<main")
	own, _, _ := strings.Cut(rest, "</main>")
	return own
}

// wants holds that an answer came from a path with a status and says something.
func (a answer) wants(t *testing.T, path string, code int, says ...string) answer {
	t.Helper()
	if a.Request.URL.Path != path || a.StatusCode != code {
		t.Fatalf("got %s with %d, want %s with %d:\n%s", a.Request.URL.Path, a.StatusCode, path, code, a.main())
	}
	for _, text := range says {
		if !strings.Contains(a.body, text) {
			t.Errorf("%s does not say %q:\n%s", path, text, a.main())
		}
	}
	return a
}

// signIn brings somebody inside.
func (s *served) signIn(t *testing.T, name string) *visitor {
	t.Helper()
	v := s.visitor(t)
	v.post("/office/sign-in", "name", name, "password", password).wants(t, "/office/second", 200)
	v.post("/office/second", "code", s.next(t, name))
	return v
}

// item is where the first money without an owner stands.
func (s *served) item(t *testing.T, v *visitor) string {
	t.Helper()
	page := v.get("/office/suspense").wants(t, "/office/suspense", 200)
	_, rest, _ := strings.Cut(page.body, `href="/office/suspense/`)
	ref, _, found := strings.Cut(rest, `"`)
	if !found {
		t.Fatal("nothing is in the queue")
	}
	return "/office/suspense/" + ref
}

// openOf is what is left in suspense of the first payment.
func (s *served) openOf(t *testing.T) money.Cents {
	t.Helper()
	entries, err := s.Store.OpenSuspense(t.Context(), 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Amount == 12_500_00 {
			return e.Open
		}
	}
	return 0
}
