package web_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/limit"
)

func TestGuest_ReadsAmountsStrictly(t *testing.T) {
	c := openCounter(t)
	for _, tc := range []struct {
		typed string
		taken money.Cents // 0 when refused
		want  string
	}{
		{"1,234.56", 1_234_56, ""}, {"$12", 12_00, ""}, {"$ 12.5", 12_50, ""}, {" 1.00 ", 1_00, ""}, {"50000", 50_000_00, ""},
		{"", 0, "Enter the amount"}, {"abc", 0, "in dollars and cents"}, {"12,50", 0, "a point before the cents"},
		{"1.234,50", 0, "a point before the cents"}, {"1,23", 0, "a point before the cents"}, {"12.345", 0, "in dollars and cents"},
		{"0.99", 0, "at least $1.00"}, {"0", 0, "at least $1.00"}, {"-5", 0, "at least $1.00"}, {"50,000.01", 0, "at most $50,000.00"},
		{"1e3", 0, "in dollars and cents"}, {"99999999999999999999", 0, "dollars"},
	} {
		g := c.guest(t)
		g.find()
		a := g.post("/pay", "amount", tc.typed, "card-token", goodCard)
		if tc.taken == 0 {
			a.want(t, http.StatusUnprocessableEntity, tc.want, `href="#amount"`)
			continue
		}
		a.wantAt(t, "/review")
		g.get("/review").want(t, http.StatusOK, tc.taken.Grouped())
	}
}

func TestGuest_MailIsOptionalAndChecked(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	for _, typed := range []string{"payer", "payer@", "a@b", "a b@example.org", "Pay Er <payer@example.org>", "a@example.org,b@example.org"} {
		g.post("/pay", "amount", "5", "mail", typed, "card-token", goodCard).want(t, http.StatusUnprocessableEntity, `href="#mail"`)
	}
	g.post("/pay", "amount", "5", "mail", "", "card-token", goodCard).wantAt(t, "/review")
	g.get("/review").want(t, http.StatusOK, "No email")
}

// A bill's code shows that bill, and takes it for both legal entities at once.
func TestGuest_PaysABillByItsCode(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	spoken := strings.ToLower(c.code[:5]) + " " + c.code[5:]
	g.post("/bill", "code", spoken).wantAt(t, "/pay")
	g.get("/pay").want(t, http.StatusOK, `value="412.37"`, `value="88.15"`, "Cedar Valley Health Plan, Inc.", "Cedar Valley Medical Group")
	g.post("/pay", "amount-premium", "412.37", "amount-medical", "88.15", "card-token", goodCard).wantAt(t, "/review")
	review := g.get("/review").want(t, http.StatusOK, "$412.37", "$88.15", "$500.52", "will show 2 charges")
	receipt := g.follow(g.post("/review", "attempt", review.attempt(t))).want(t, http.StatusOK, "$412.37", "$88.15", "$500.52")
	if c.owed() != 0 || c.acquirer.taken != 500_52 || c.acquirer.holds != 2 {
		t.Errorf("%s is owed, %s was taken in %d charges", c.owed(), c.acquirer.taken, c.acquirer.holds)
	}
	if strings.Contains(receipt.body, "Canary") {
		t.Error("the receipt tells who the member is")
	}
	c.guest(t).post("/bill", "code", c.code).want(t, http.StatusOK, "Nothing is open on this bill")
}

func TestGuest_PaysPartOfABill(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.post("/bill", "code", c.code).wantAt(t, "/pay")
	for _, tc := range []struct{ premium, medical, want string }{
		{"412.38", "", "at most $412.37"}, {"", "", "at least one dollar"}, {"0", "0.50", "at least one dollar"}, {"x", "88.15", "in dollars and cents"},
	} {
		g.post("/pay", "amount-premium", tc.premium, "amount-medical", tc.medical, "card-token", goodCard).want(t, http.StatusUnprocessableEntity, tc.want)
	}
	g.post("/pay", "amount-premium", "0", "amount-medical", "40.00", "card-token", goodCard).wantAt(t, "/review")
	g.follow(g.post("/review", "attempt", g.get("/review").attempt(t))).want(t, http.StatusOK, "$40.00")
	if c.owed() != 412_37+48_15 {
		t.Errorf("%s is still owed", c.owed())
	}
}

// A code that a camera read stays in no history.
func TestGuest_ScannedCodeLeavesTheAddressAtOnce(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	a := g.get("/pay/b/"+c.code).wantAt(t, "/bill?scanned=1")
	if a.Header.Get("Referrer-Policy") == "" || strings.Contains(a.body, c.code) {
		t.Error("the code stays in the page")
	}
	g.follow(a).want(t, http.StatusOK, `value="412.37"`)
	if strings.Contains(c.log.String(), c.code) {
		t.Error("the log holds the code")
	}
	blind := c.guest(t)
	blind.noCookie = true
	blind.follow(blind.get("/pay/b/"+c.code)).want(t, http.StatusBadRequest, "blocks cookies")
}

func TestGuest_CodesThatOpenNothing(t *testing.T) {
	c := openCounter(t)
	for _, tc := range []struct{ situation, typed, want string }{
		{"nothing", "", "Enter the code"}, {"too short", "ABC", "10 letters and digits"}, {"a letter that no code has", "ABCDEFGHI2", "10 letters and digits"},
		{"never given out", "ZZZZZZZZZZ", "could not find this code"},
	} {
		a := c.guest(t).post("/bill", "code", tc.typed).want(t, http.StatusUnprocessableEntity, tc.want, `href="#code"`)
		if !strings.Contains(a.body, `value="`+tc.typed+`"`) {
			t.Errorf("%s: what was typed is gone", tc.situation)
		}
	}
	codes, err := c.Store.StatementCodes(t.Context(), []ledger.BookNo{ledger.BookNo(c.number)}, calendar.MustParse("2026-11-22"))
	if err != nil {
		t.Fatal(err)
	}
	c.guest(t).post("/bill", "code", codes[0]).want(t, http.StatusGone, "no longer valid", "60 days", "bill pay number instead")
}

// After several misses a code by e-mail is asked for, and what was typed stays.
func TestGuest_Challenge(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	wrong := []string{"number", c.number.Digits(), "fact", "Somebody", "fund", "premium"}
	for range 5 {
		g.post("/", wrong...).want(t, http.StatusUnprocessableEntity)
	}
	right := []string{"number", c.number.Grouped(), "fact", canaryLast, "fund", "medical"}
	g.post("/", right...).wantAt(t, "/code")
	g.get("/code").want(t, http.StatusOK, "One more step", `autocomplete="email"`)
	g.post("/code", "mail", "nobody").want(t, http.StatusUnprocessableEntity, `href="#mail"`)
	g.post("/code", "mail", "payer@example.org").want(t, http.StatusOK, "We have sent a code", `autocomplete="one-time-code"`)
	g.post("/code", "code", "").want(t, http.StatusUnprocessableEntity, "Enter the code")
	code := c.mail.codes[0]
	other := code[:5] + string('0'+(code[5]-'0'+1)%10)
	g.post("/code", "code", other).want(t, http.StatusUnprocessableEntity, "not right")
	g.post("/code", "code", code[:3]+" "+code[3:]).wantAt(t, "/")
	g.get("/").want(t, http.StatusOK, c.number.Grouped(), canaryLast)
	g.post("/", right...).wantAt(t, "/pay")
	g.get("/code").want(t, http.StatusGone)
}

func TestGuest_ChallengeThatCannotBeSent(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	for range 5 {
		g.post("/", "number", c.number.Digits(), "fact", "Somebody", "fund", "premium")
	}
	g.post("/", "number", c.number.Digits(), "fact", canaryLast, "fund", "premium").wantAt(t, "/code")
	c.mail.err = fault.New(fault.Invalid, "test", "refused")
	g.post("/code", "mail", "payer@example.org").want(t, http.StatusUnprocessableEntity, `href="#mail"`)
	c.mail.err = fault.New(fault.Unavailable, "test", "away")
	g.post("/code", "mail", "payer@example.org").want(t, http.StatusServiceUnavailable, "303-555-0142")
}

func TestGuest_TooManyTriesHaveToWait(t *testing.T) {
	rules := limit.Defaults()
	rules.Looks.Number.Free = rules.Looks.Number.Most
	rules.Looks.Device.Free = rules.Looks.Device.Most
	rules.Looks.Address.Free = rules.Looks.Address.Most
	c := openCounterWith(t, rules)
	g := c.guest(t)
	for range 10 {
		g.post("/", "number", c.number.Digits(), "fact", "Somebody", "fund", "premium").want(t, http.StatusUnprocessableEntity)
	}
	a := g.post("/", "number", c.number.Digits(), "fact", canaryLast, "fund", "premium").want(t, http.StatusTooManyRequests,
		"Please wait before you try again", "in about 15 minutes", "303-555-0142")
	if a.Header.Get("Retry-After") != "900" {
		t.Errorf("Retry-After is %q", a.Header.Get("Retry-After"))
	}
	if strings.Contains(a.body, "number.looks") || !strings.Contains(c.log.String(), "rule=number.looks") {
		t.Error("the rule belongs in the log and not on the page")
	}
}

func TestGuest_SessionThatEnded(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	c.Clock.Advance(16 * time.Minute)
	for _, path := range []string{"/pay", "/review", "/result", "/receipt", "/receipt.pdf", "/pay/done", "/pay/back"} {
		g.get(path).want(t, http.StatusGone, "session has ended", `href="/"`)
		g.cookies["device"] = &http.Cookie{Name: "device", Value: "0123456789abcdefghjkmnpqrs"}
	}
	g.post("/pay", "amount", "5").want(t, http.StatusGone)
	g.post("/review", "attempt", "x").want(t, http.StatusGone)
	blind := c.guest(t)
	blind.noCookie = true
	blind.post("/", "number", c.number.Digits(), "fact", canaryLast, "fund", "premium").wantAt(t, "/pay")
	blind.get("/pay").want(t, http.StatusBadRequest, "blocks cookies", "303-555-0142")
}

// The language switch keeps what was typed and does nothing else.
func TestGuest_LanguageSwitchKeepsTheForm(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.post("/", "number", "123", "fact", "Ruiz", "fund", "pharmacy", "switch-language", "es").
		want(t, http.StatusOK, `<html lang="es"`, `value="123"`, `value="Ruiz"`, `value="pharmacy" checked`)
	g.post("/bill", "code", "abc", "switch-language", "en").want(t, http.StatusOK, `<html lang="en"`, `value="abc"`)
	g.find()
	g.post("/pay", "amount", "12,5x", "mail", "half@", "switch-language", "es").want(t, http.StatusOK, `value="12,5x"`, `value="half@"`, "Cantidad")
	g.post("/pay", "amount", "12", "card-token", goodCard).wantAt(t, "/review")
	g.post("/review", "attempt", g.get("/review").attempt(t), "switch-language", "en").want(t, http.StatusOK, "Check and pay")
	checkOnce(t, c, 0)
	g.follow(g.post("/review", "attempt", g.get("/review").attempt(t))).want(t, http.StatusOK)
	g.post("/receipt", "mail", "half@", "switch-language", "es").want(t, http.StatusOK, `value="half@"`, "Recibimos su pago")
	if len(c.mail.receipts) != 0 {
		t.Error("the switch sent mail")
	}
}

func TestGuest_ReceiptAsMailAndPDF(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.pay("19.99", goodCard).want(t, http.StatusOK, `href="/receipt.pdf"`, "Send the receipt by email")
	doc := g.get("/receipt.pdf").want(t, http.StatusOK)
	if doc.Header.Get("Content-Type") != "application/pdf" || doc.Header.Get("Content-Disposition") != `attachment; filename="receipt.pdf"` ||
		!strings.HasPrefix(doc.body, "%PDF-") || !strings.Contains(doc.body, "/Lang (en)") {
		t.Errorf("the document comes as %v", doc.Header)
	}
	if again := g.get("/receipt.pdf"); !bytes.Equal([]byte(again.body), []byte(doc.body)) {
		t.Error("the same receipt has other bytes")
	}
	g.post("/receipt", "mail", "nobody").want(t, http.StatusUnprocessableEntity, `href="#mail"`)
	for range 3 {
		g.post("/receipt", "mail", "payer@example.org").want(t, http.StatusOK, "on its way")
	}
	g.post("/receipt", "mail", "payer@example.org").want(t, http.StatusTooManyRequests)
	if len(c.mail.receipts) != 3 || c.mail.receipts[0] != "en:payer@example.org" {
		t.Errorf("receipts went to %v", c.mail.receipts)
	}
}

func TestGuest_ReceiptMailThatFails(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.pay("19.99", goodCard).want(t, http.StatusOK)
	c.mail.err = fault.New(fault.Unavailable, "test", "away")
	g.post("/receipt", "mail", "payer@example.org").want(t, http.StatusServiceUnavailable, "could not be sent", `value="payer@example.org"`)
}

// Every look at a member's account by a guest stands in its trail.
func TestGuest_IsAudited(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	g.post("/another")
	g.post("/bill", "code", c.code).wantAt(t, "/pay")
	var rows bytes.Buffer
	for e, err := range c.Store.AuditEntries(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		if e.Book == ledger.BookNo(c.number) {
			text, _ := json.Marshal(e)
			rows.Write(text)
			if e.Actor.Kind != "guest" || e.Actor.Name != g.cookies["device"].Value || e.Source != "web" {
				t.Errorf("the entry is by %s from %q", e.Actor, e.Source)
			}
		}
	}
	if got := bytes.Count(rows.Bytes(), []byte("\"Action\"")); got != 2 {
		t.Errorf("there are %d entries, want 2: %s", got, rows.String())
	}
}

// Nobody is sent round: a page that needs what is not there says so.
func TestGuest_StepsOutOfOrder(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	g.get("/review").wantAt(t, "/pay")
	g.get("/result").wantAt(t, "/pay")
	g.get("/receipt").wantAt(t, "/result")
	g.get("/pay/done").wantAt(t, "/pay")
	g.review("5", goodCard)
	g.follow(g.get("/result")).want(t, http.StatusOK, "Check and pay")
	g.follow(g.get("/receipt")).want(t, http.StatusOK, "Check and pay")
}

// Going back to the first page, nobody types the number again; after paying it is
// not shown any more.
func TestGuest_FirstPageKeepsWhatWasTyped(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	g.get("/").want(t, http.StatusOK, `value="`+c.number.Grouped()+`"`, `value="`+canaryLast+`"`, `value="premium" checked`)
	g.follow(g.post("/review", "attempt", g.review("5", goodCard).attempt(t))).want(t, http.StatusOK)
	if a := g.get("/").want(t, http.StatusOK); strings.Contains(a.body, c.number.Grouped()) {
		t.Error("the number is shown after the payment")
	}
	bill := c.guest(t)
	bill.post("/bill", "code", c.code).wantAt(t, "/pay")
	if a := bill.get("/").want(t, http.StatusOK); strings.Contains(a.body, c.number.Grouped()) {
		t.Error("a bill's code shows the number")
	}
}

// Whoever guesses without cookies leaves nothing behind.
func TestGuest_GuessingWithoutCookiesKeepsNothing(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.noCookie = true
	for range 12 {
		a := g.post("/", "number", c.number.Digits(), "fact", "Somebody", "fund", "premium")
		for _, cookie := range a.Cookies() {
			if cookie.Name == "session" {
				t.Fatalf("a session began: %d %q", a.StatusCode, a.heading())
			}
		}
	}
	g.post("/", "number", c.number.Digits(), "fact", "Somebody", "fund", "premium").want(t, http.StatusBadRequest, "blocks cookies")
}

// An installation that sends no mail asks for no address.
func TestGuest_WithoutMail(t *testing.T) {
	c := openCounter(t)
	c.options.Guest.Receipts = nil
	c.handler = site(t, c.options)
	g := c.guest(t)
	g.find()
	if a := g.get("/pay").want(t, http.StatusOK); strings.Contains(a.body, `name="mail"`) {
		t.Error("an address is asked for")
	}
	paid := g.follow(g.post("/review", "attempt", g.review("5", goodCard).attempt(t))).want(t, http.StatusOK, "Your payment was received")
	if strings.Contains(paid.body, `name="mail"`) {
		t.Error("the receipt offers mail")
	}
	g.post("/receipt", "mail", "payer@example.org").want(t, http.StatusTooManyRequests)
}

// Who pays premium is told before the card is charged what becomes of money that
// comes too late. Who came by a number learns nothing of the account by it.
func TestGuest_SaysBeforePayingWhatBecomesOfLatePremium(t *testing.T) {
	const late = "It does not bring coverage that has ended back by itself. We decide about it, or send it back, within 10 business days."
	const known, unknown = "This premium is past due", "If this premium is past due"
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	before := g.review("125.00", goodCard).want(t, http.StatusOK, unknown, late, "To ask about your last day to pay, call ")
	g.post("/another")
	g.post("/", "number", g.number.Digits(), "fact", canaryLast, "fund", "medical").wantAt(t, "/pay")
	if got := g.review("10.00", goodCard); strings.Contains(got.body, late) {
		t.Error("a visit to a doctor is no premium")
	}
	billed := func(g *guest, amounts ...string) string {
		g.post("/bill", "code", g.code)
		g.post("/pay", append(amounts, "card-token", goodCard)...).wantAt(t, "/review")
		return g.get("/review").body
	}
	if got := billed(c.guest(t), "amount-premium", "412.37", "amount-medical", "88.15"); strings.Contains(got, late) {
		t.Error("the bill is not past due yet")
	}
	c.Clock.Advance(10 * 24 * time.Hour)
	if got := billed(c.guest(t), "amount-premium", "412.37", "amount-medical", "88.15"); !strings.Contains(got, known) || !strings.Contains(got, late) || strings.Contains(got, unknown) {
		t.Error("the bill's premium is past due and nothing says so")
	}
	if got := billed(c.guest(t), "amount-premium", "", "amount-medical", "88.15"); strings.Contains(got, late) {
		t.Error("no premium is paid")
	}
	again := c.guest(t)
	again.find()
	after := again.review("125.00", goodCard)
	if notice := noticeOf(before.body); notice == "" || notice != noticeOf(after.body) {
		t.Errorf("to who came by the number it reads %q before the premium is due and %q after", notice, noticeOf(after.body))
	}
	spanish := c.guest(t)
	spanish.language = "es"
	spanish.find()
	spanish.review("125.00", goodCard).want(t, http.StatusOK, "Si esta prima está atrasada", "en un plazo de 10 días hábiles")
}

var alertBody = regexp.MustCompile(`(?s)<div class="ds-c-alert__body">.*?</div>`)

func noticeOf(body string) string {
	for _, found := range alertBody.FindAllString(body, -1) {
		if strings.Contains(found, "past due") {
			return found
		}
	}
	return ""
}
