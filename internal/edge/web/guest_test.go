package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store/storetest"
)

// counter is an installation that takes guests' payments, with one member: real
// books, limits and desk, and a processor that does what cards say.
type counter struct {
	*storetest.Office
	t        testing.TB
	options  web.Options
	handler  http.Handler
	desk     *checkout.Desk
	acquirer *acquirer
	mail     *mailbox
	log      bytes.Buffer
	number   billpay.Number
	code     string // of the member's bill
}

// What is on file of the member, by which she would be recognised.
const (
	canaryLast = "Canarylast"
	canaryZIP  = "80301"
)

// mailbox keeps the letters that were sent.
type mailbox struct {
	codes    []string
	receipts []string
	err      error
}

func (m *mailbox) Code(_ context.Context, _, _, code string, _ int) error {
	m.codes = append(m.codes, code)
	return m.err
}

func (m *mailbox) Receipt(_ context.Context, _ checkout.Attempt, to, language string) error {
	m.receipts = append(m.receipts, language+":"+to)
	return m.err
}

func openCounter(t testing.TB) *counter { return openCounterWith(t, limit.Defaults()) }

func openCounterWith(t testing.TB, rules limit.Rules) *counter {
	t.Helper()
	o := storetest.Open(t, "sqlite")
	c := &counter{Office: o, t: t, acquirer: newAcquirer(), mail: &mailbox{}}
	p, problems := plan.LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	numbers, err := o.Store.Entities(t.Context(), []chart.EntityID{"cvhp", "cvmg"})
	if err != nil {
		t.Fatal(err)
	}
	house, err := plan.NewHouse(p, numbers, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	books := cashier.New(o.Store, house, o.Clock)
	c.desk = checkout.New(o.Store, c.acquirer, books, house, house, o.Clock, checkout.Options{Wait: time.Millisecond})
	people := registry.New(o.Store, p, o.Clock)
	people.HoldMisses(func(context.Context, time.Time) {})
	limits := limit.New(o.Store, rules, o.Clock)
	c.seed(books, house)
	c.options = web.Options{
		Plan: p, House: house, Source: o.Store, Clock: o.Clock, Log: slog.New(slog.NewTextHandler(&c.log, nil)),
		Notices: []web.Text{web.MadeUp}, Sessions: o.Store,
		Guest: &web.Guest{
			Desk: c.desk, Cards: c.acquirer, Directory: people, Limits: limits, Challenger: limit.NewChallenger(limits, c.mail), Receipts: c.mail,
		},
		Processor: &web.Processor{
			Name: "Test Processor", Script: "https://js.pay.example/v3/", Key: "pk_test", Frames: []string{"https://frames.pay.example"},
			Connects: []string{"https://api.pay.example"}, Pages: []string{cardPages},
		},
	}
	c.handler = site(t, c.options)
	return c
}

// seed puts the member on file with a premium and a visit to pay.
func (c *counter) seed(books *cashier.Cashier, house *plan.House) {
	c.t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		c.t.Fatal(err)
	}
	numbers, err := c.Store.Reserve(c.t.Context(), issuer.Draw(1))
	if err != nil {
		c.t.Fatal(err)
	}
	c.number = numbers[0]
	person := &enrolment.Member{Number: c.number, Opaque: ident.NewOpaque(), Version: 1, Standing: enrolment.Standing{Subscriber: c.number}}
	person.Record.Person = member.Person{
		Name: member.Name{First: "Canaryfirst", Last: canaryLast}, BirthDate: calendar.MustParse("1956-03-17"), SSN: secret.New("900123456"),
		Residence: member.Address{Line1: "1 Canary Street", City: "Boulder", State: "CO", ZIP: canaryZIP}, Region: "high-plains",
	}
	if err := c.Store.SaveMembers(c.t.Context(), &enrolment.Writes{Edits: []enrolment.Edit{{After: person}}}); err != nil {
		c.t.Fatal(err)
	}
	order := cashier.Order{Key: "order:canary", Actor: clerk, Reason: "canary-reason"}
	item := func(fund chart.Fund, amount money.Cents) openitem.Item {
		return openitem.Item{
			Purse: house.PurseOf(fund), About: ledger.BookNo(c.number), Text: "canary-visit", Invoice: "INV-CANARY",
			DueOn: calendar.MustParse("2026-12-01"), Amount: amount,
		}
	}
	if _, err := books.Bill(c.t.Context(), order, []openitem.Item{item(chart.Premium, 412_37), item(chart.Medical, 88_15)}, false); err != nil {
		c.t.Fatal(err)
	}
	codes, err := c.Store.StatementCodes(c.t.Context(), []ledger.BookNo{ledger.BookNo(c.number)}, calendar.MustParse("2027-01-22"))
	if err != nil {
		c.t.Fatal(err)
	}
	c.code = codes[0]
}

// owed is what is open on the member's items.
func (c *counter) owed() money.Cents {
	c.t.Helper()
	have, err := c.Store.Read(c.t.Context(), cashier.Want{Books: []ledger.BookNo{ledger.BookNo(c.number)}})
	if err != nil {
		c.t.Fatal(err)
	}
	var sum money.Cents
	for _, item := range have.Books[ledger.BookNo(c.number)].Items {
		sum += item.Open
	}
	return sum
}

// guest is a browser at the counter.
type guest struct {
	*counter
	t        testing.TB
	language string
	cookies  map[string]*http.Cookie
	noCookie bool
	seen     strings.Builder // everything that was shown, and every address
}

func (c *counter) guest(t testing.TB) *guest {
	return &guest{counter: c, t: t, language: "en", cookies: map[string]*http.Cookie{}}
}

// twin is another window of the same browser, with the cookies as they are now.
func (g *guest) twin() *guest {
	return &guest{counter: g.counter, t: g.t, language: g.language, cookies: maps.Clone(g.cookies)}
}

// answer is a page as it came.
type answer struct {
	*http.Response
	raw  string
	body string // with plain blanks and hyphens
}

func (g *guest) do(method, target string, form url.Values) answer {
	g.t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept-Language", g.language)
	for _, c := range g.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	got := answer{w.Result(), w.Body.String(), plain.Replace(w.Body.String())}
	for _, c := range got.Cookies() {
		if g.noCookie {
			break
		}
		if g.cookies[c.Name] = c; c.MaxAge < 0 {
			delete(g.cookies, c.Name)
		}
	}
	g.seen.WriteString(target + "\n" + got.Header.Get("Location") + "\n" + got.body + "\n")
	return got
}

// plain writes blanks and hyphens at which no line is broken as ordinary ones.
var plain = strings.NewReplacer("\u00a0", " ", "\u2011", "-")

func (g *guest) get(target string) answer { return g.do(http.MethodGet, target, nil) }

// post sends a form, of names and values in turn.
func (g *guest) post(target string, values ...string) answer {
	form := url.Values{}
	for i := 0; i+1 < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	return g.do(http.MethodPost, target, form)
}

// follow goes where an answer sends the browser, to the first page that is shown.
func (g *guest) follow(from answer) answer {
	g.t.Helper()
	for range 5 {
		to := from.Header.Get("Location")
		if from.StatusCode != http.StatusSeeOther || !strings.HasPrefix(to, "/") {
			return from
		}
		from = g.get(to)
	}
	g.t.Fatal("the page sends the browser round in circles")
	return from
}

var attemptField = regexp.MustCompile(`name="attempt" value="([^"]+)"`)

// attempt is the id that a review page carries.
func (a answer) attempt(t testing.TB) string {
	t.Helper()
	found := attemptField.FindStringSubmatch(a.body)
	if found == nil {
		t.Fatalf("the page is no review:\n%s", a.heading())
	}
	return found[1]
}

var headingTag = regexp.MustCompile(`<h1>([^<]*)</h1>`)

func (a answer) heading() string {
	if found := headingTag.FindStringSubmatch(a.body); found != nil {
		return found[1]
	}
	return a.Status + " " + a.Header.Get("Location")
}

func (a answer) want(t testing.TB, code int, texts ...string) answer {
	t.Helper()
	if a.StatusCode != code {
		t.Fatalf("got %d %q, want %d", a.StatusCode, a.heading(), code)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page %q lacks %q", a.heading(), text)
		}
	}
	return a
}

func (a answer) wantAt(t testing.TB, location string) answer {
	t.Helper()
	if a.StatusCode != http.StatusSeeOther || a.Header.Get("Location") != location {
		t.Fatalf("got %d to %q (%s), want to %q", a.StatusCode, a.Header.Get("Location"), a.heading(), location)
	}
	return a
}

// find goes through the first page.
func (g *guest) find() answer {
	g.t.Helper()
	return g.post("/", "number", g.number.Digits(), "fact", canaryLast, "fund", "premium").wantAt(g.t, "/pay")
}

// review goes to the review of an amount and card.
func (g *guest) review(amount, token string, more ...string) answer {
	g.t.Helper()
	g.post("/pay", append([]string{"amount", amount, "card-token", token}, more...)...).wantAt(g.t, "/review")
	return g.get("/review").want(g.t, http.StatusOK)
}

// pay goes from the first page to the result.
func (g *guest) pay(amount, token string, more ...string) answer {
	g.t.Helper()
	g.find()
	return g.follow(g.post("/review", "attempt", g.review(amount, token, more...).attempt(g.t)))
}

func TestGuest_PaysWithTheNumber(t *testing.T) {
	for _, say := range []struct {
		language                              string
		start, pay, review, receipt, reviewed string
	}{
		{"en", "Pay a bill", "Amount and card", "Check and pay", "Thank you. Your payment was received.", "Visa ending in 4242"},
		{"es", "Pagar una factura", "Cantidad y tarjeta", "Revisar y pagar", "Gracias. Recibimos su pago.", "Visa que termina en 4242"},
	} {
		t.Run(say.language, func(t *testing.T) {
			c := openCounter(t)
			g := c.guest(t)
			g.language = say.language
			g.get("/").want(t, http.StatusOK, say.start, `<html lang="`+say.language+`"`)
			g.post("/", "number", c.number.Grouped(), "fact", " canarylast ", "fund", "premium").wantAt(t, "/pay")
			g.get("/pay").want(t, http.StatusOK, say.pay, c.number.Last4())
			g.post("/pay", "amount", "$412.37", "mail", "payer@example.org", "card-token", goodCard).wantAt(t, "/review")
			review := g.get("/review").want(t, http.StatusOK, say.review, say.reviewed, "$412.37", "Cedar Valley Health Plan, Inc.", "payer@example.org", c.number.Last4())
			g.post("/review", "attempt", review.attempt(t)).wantAt(t, "/result")
			g.get("/result").wantAt(t, "/receipt")
			receipt := g.get("/receipt").want(t, http.StatusOK, say.receipt, "$412.37", say.reviewed, "Cedar Valley Health Plan, Inc.", c.number.Last4())
			a := c.attempt(review.attempt(t))
			spoken := strings.Join(strings.Split(strings.ReplaceAll(a.Payment.Confirmation(), "-", ""), ""), " ")
			if !strings.Contains(strings.ReplaceAll(receipt.body, ", ", " "), spoken) {
				t.Errorf("the confirmation number cannot be read aloud: %s", a.Payment.Confirmation())
			}
			if c.acquirer.taken != 412_37 || c.owed() != 88_15 {
				t.Errorf("%s was taken and %s is still owed", c.acquirer.taken, c.owed())
			}
			if a.Language != say.language || a.Mail != "payer@example.org" || a.Door != checkout.DoorGuest {
				t.Errorf("the attempt is %+v", a.Draft)
			}
		})
	}
}

func (c *counter) attempt(id string) checkout.Attempt {
	c.t.Helper()
	a, err := c.desk.Look(c.t.Context(), ident.Opaque(id))
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// Whoever tries numbers must not learn which exist.
func TestGuest_UnknownNumberAndWrongFactGetOneAnswer(t *testing.T) {
	c := openCounterWith(t, patient())
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	unknown := issuer.Draw(1)[0]
	ask := func(number billpay.Number, fact, language string) (string, http.Header) {
		g := c.guest(t)
		g.language = language
		a := g.post("/", "number", number.Digits(), "fact", fact, "fund", "medical").want(t, http.StatusUnprocessableEntity)
		for _, name := range []string{"Set-Cookie", "X-Request-Id"} {
			a.Header.Del(name)
		}
		return strings.ReplaceAll(a.body, number.Digits(), "NUMBER"), a.Header
	}
	for _, language := range []string{"en", "es"} {
		for _, fact := range []string{"99999", "Somebody", "O'Neil-Smith"} {
			missing, missingHeader := ask(unknown, fact, language)
			wrong, wrongHeader := ask(c.number, fact, language)
			if missing != wrong {
				t.Errorf("%s, %q: the pages differ", language, fact)
			}
			if missingHeader.Get("Content-Length") != wrongHeader.Get("Content-Length") || len(missingHeader) != len(wrongHeader) {
				t.Errorf("%s, %q: the headers differ: %v and %v", language, fact, missingHeader, wrongHeader)
			}
		}
	}
}

// patient are rules that let a test try as often as it needs.
func patient() limit.Rules {
	rules := limit.Defaults()
	for _, steps := range []*limit.Steps{&rules.Looks.Number, &rules.Looks.Device, &rules.Looks.Address} {
		steps.Free, steps.Most = 1000, 1000
	}
	return rules
}

// Nothing of the member reaches a page, an address or the log, whatever is done.
func TestGuest_TellsNothingOfTheMember(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	digits := c.number.Digits()
	g.pay("100.00", goodCard, "mail", "payer@example.org").want(t, http.StatusOK, "Your payment was received")
	g.get("/receipt.pdf")
	g.post("/receipt", "mail", "payer@example.org")
	g.post("/another")
	g.find()
	g.get("/pay")
	g.follow(g.post("/review", "attempt", g.review("50", declineCard+"funds").attempt(t)))
	g.get("/pay")
	g.post("/pay", "amount", "50", "card-token", lostCard)
	g.follow(g.post("/review", "attempt", g.get("/review").attempt(t))).want(t, http.StatusOK, "Please do not pay again")
	for _, private := range []string{
		digits, c.number.Grouped(), digits[:4] + "-" + digits[4:8], digits[:8], "Canary", "canary", "1956", "900123456", canaryZIP,
		"412.37", "88.15", "312.37", "500.52", "high-plains", "High Plains", string(c.opaque()),
	} {
		if strings.Contains(g.seen.String(), private) {
			t.Errorf("a page or address tells %q", private)
		}
		if strings.Contains(c.log.String(), private) {
			t.Errorf("the log tells %q", private)
		}
	}
	if strings.Contains(c.log.String(), "payer@example.org") || strings.Contains(c.log.String(), goodCard) {
		t.Errorf("the log tells the payer's address or card:\n%s", c.log.String())
	}
}

func (c *counter) opaque() ident.Opaque {
	c.t.Helper()
	members, err := c.Store.Members(c.t.Context(), []ledger.BookNo{ledger.BookNo(c.number)})
	if err != nil || len(members) != 1 {
		c.t.Fatal(err, len(members))
	}
	return members[0].Opaque
}

func TestGuest_NamesTheLikelySlip(t *testing.T) {
	c := openCounter(t)
	digits := c.number.Digits()
	swapped := digits[:4] + digits[5:6] + digits[4:5] + digits[6:]
	if swapped == digits {
		swapped = digits[:11] + string('0'+(digits[11]-'0'+1)%10)
	}
	for _, tc := range []struct{ situation, number, want string }{
		{"nothing", "", "Enter the bill pay number"},
		{"a name", "Canary", "digits only"},
		{"too short", digits[:9], "short"},
		{"too long", digits + "12", "long"},
		{"two digits changed places", swapped, "changed places"},
	} {
		g := c.guest(t)
		a := g.post("/", "number", tc.number, "fact", canaryLast, "fund", "premium").want(t, http.StatusUnprocessableEntity, `id="errors"`, `href="#number"`)
		if !strings.Contains(a.body, tc.want) {
			t.Errorf("%s: the page does not say %q", tc.situation, tc.want)
		}
		if !strings.Contains(a.body, "<title>Error: ") {
			t.Errorf("%s: the title does not say that something is wrong", tc.situation)
		}
	}
	missing := c.guest(t).post("/").want(t, http.StatusUnprocessableEntity)
	for _, field := range []string{"#number", "#fact", "#fund"} {
		if !strings.Contains(missing.body, `href="`+field+`"`) {
			t.Errorf("an empty form: nothing is said of %s", field)
		}
	}
}

// A number of an earlier system leads to its account; what does not fit is answered
// by what was typed, whether anybody has it or not.
func TestGuest_NumberOfAnEarlierSystem(t *testing.T) {
	c := openCounter(t)
	for _, old := range []string{"HP-0042-7", "70012345"} {
		alias, err := billpay.ParseAlias("earlier", old)
		if err != nil {
			t.Fatal(err)
		}
		storetest.NoteAlias(t, c.Office, alias, ledger.BookNo(c.number))
	}
	for _, typed := range []string{"HP-0042-7", "hp 00427", "70012345", "7001-2345"} {
		g := c.guest(t)
		g.post("/", "number", typed, "fact", canaryZIP, "fund", "premium").wantAt(t, "/pay")
		a := g.get("/pay").want(t, http.StatusOK, c.number.Last4())
		if strings.Contains(a.body, c.number.Digits()) {
			t.Error("the page shows the whole bill pay number")
		}
		if back := g.get("/"); !strings.Contains(back.body, `value="`+typed+`"`) {
			t.Errorf("who goes back from %q types it again", typed)
		}
	}
	for _, pair := range [][2]string{{"HP-0042-7", "HP-0043-7"}, {"70012345", "70012346"}} {
		var bodies []string
		for _, typed := range pair {
			a := c.guest(t).post("/", "number", typed, "fact", "Nobody", "fund", "premium").
				want(t, http.StatusUnprocessableEntity, `href="#number"`, "What you can check")
			bodies = append(bodies, strings.ReplaceAll(a.body, typed, "(typed)"))
		}
		if bodies[0] != bodies[1] {
			t.Errorf("%s exists and %s does not, and the answers differ:\n%s\n%s", pair[0], pair[1], bodies[0], bodies[1])
		}
	}
}

// Guesses at what fits an old number are counted on it, from whatever device and
// address they come.
func TestGuest_GuessesAtAnEarlierSystemsNumberAreFew(t *testing.T) {
	rules := limit.Defaults()
	c := openCounterWith(t, rules)
	for i := range rules.Looks.Number.Most + 1 {
		g := c.guest(t)
		g.post("/", "number", "HP-0042-7", "fact", "Nobody"+string(rune('a'+i)), "fund", "premium")
		c.Clock.Advance(13 * time.Minute)
	}
	a := c.guest(t).post("/", "number", "hp00427", "fact", "Nobody", "fund", "premium")
	if a.StatusCode == http.StatusUnprocessableEntity || !strings.Contains(c.log.String(), string(limit.NumberLooks)) {
		t.Errorf("after many guesses the answer is %d", a.StatusCode)
	}
}

// A card's number typed into the wrong field goes nowhere: not back to the page,
// not into the session.
func TestGuest_CardNumberInTheWrongField(t *testing.T) {
	c := openCounter(t)
	for _, typed := range []string{"4242424242424242", "4242 4242 4242 4242"} {
		for _, field := range []string{"number", "fact", "fund"} {
			form := map[string]string{"number": "123", "fact": "x", "fund": "premium"}
			form[field] = typed
			for _, language := range [][]string{nil, {"switch-language", "es"}} {
				a := c.guest(t).post("/", append([]string{"number", form["number"], "fact", form["fact"], "fund", form["fund"]}, language...)...)
				checkHidden(t, "/ "+field, a)
			}
		}
		g := c.guest(t)
		checkHidden(t, "/bill", g.post("/bill", "code", typed))
		g.find()
		checkHidden(t, "amount", g.post("/pay", "amount", typed))
		checkHidden(t, "mail", g.post("/pay", "amount", "x", "mail", typed))
		checkHidden(t, "both", g.post("/pay", "amount", typed, "mail", typed, "switch-language", "es"))
	}
	c.guest(t).post("/", "number", "4242424242424242", "fact", "x", "fund", "premium").want(t, http.StatusUnprocessableEntity, "payment card")
}

func checkHidden(t *testing.T, where string, a answer) {
	t.Helper()
	if strings.Contains(a.body, "4242") {
		t.Errorf("%s: the page shows the card's number again", where)
	}
}
