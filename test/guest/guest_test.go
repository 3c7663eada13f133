// Package guest_test pays bills the way people do: a browser before the pages,
// real books, limits and mail behind them, and the processor simulator at the
// other end of the wire.
package guest_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	cedarvalley "github.com/billfold/billfold/configs/cedar-valley"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/edge/browsertest"
	"github.com/billfold/billfold/internal/edge/deliver"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/limit"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/rail/card"
	"github.com/billfold/billfold/internal/sim/processor"
	"github.com/billfold/billfold/internal/sim/processor/testcard"
	"github.com/billfold/billfold/internal/store/storetest"
)

// picturesEnv names a folder for pictures of the pages, for people to look at.
const picturesEnv = "BILLFOLD_PICTURES"

const lastName = "Ybarra-Okafor"

// clinic is an installation with one member and the processor that it uses.
type clinic struct {
	*storetest.Office
	t      *testing.T
	url    string
	desk   *checkout.Desk
	sim    *processor.Processor
	mail   string // the folder of letters
	number billpay.Number
	code   string
}

func open(t *testing.T) *clinic {
	t.Helper()
	c := &clinic{Office: storetest.Open(t, "sqlite"), t: t, mail: t.TempDir()}
	p, problems := plan.LoadFS(cedarvalley.Files)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	numbers, err := c.Store.Entities(t.Context(), []chart.EntityID{"cvhp", "cvmg"})
	must(t, err)
	house, err := plan.NewHouse(p, numbers, c.Clock)
	must(t, err)
	simURL := c.simulator()
	rail, err := card.New(card.Options{
		API: simURL, Key: c.sim.SecretKey(), Signing: c.sim.WebhookSecret(), Timeout: 2 * time.Second, Sandbox: true, Clock: clock.System{},
	})
	must(t, err)
	spool, err := deliver.NewSpool(c.mail)
	must(t, err)
	post, err := deliver.New(spool, deliver.Letterhead{Plan: p.Name, From: "billing@cedarvalley.example"}, house, c.Clock)
	must(t, err)
	books := cashier.New(c.Store, house, c.Clock)
	c.desk = checkout.New(c.Store, rail, books, house, house, c.Clock, checkout.Options{Teller: post})
	limits := limit.New(c.Store, limit.Defaults(), c.Clock)
	c.seed(books, house)
	site, err := web.New(web.Options{
		Plan: p, House: house, Source: c.Store, Clock: c.Clock, Log: slog.New(slog.DiscardHandler), Sessions: c.Store,
		Guest: &web.Guest{
			Desk: c.desk, Cards: rail, Directory: registry.New(c.Store, p, c.Clock), Limits: limits,
			Challenger: limit.NewChallenger(limits, post), Receipts: post,
		},
		Processor: &web.Processor{
			Name: "Card Simulator", Script: simURL + "/v3/", Key: c.sim.PublishableKey(),
			Frames: []string{simURL}, Connects: []string{simURL}, Pages: []string{simURL},
		},
	})
	must(t, err)
	server := httptest.NewServer(site)
	t.Cleanup(server.Close)
	c.url = server.URL
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *clinic) simulator() string {
	c.t.Helper()
	sim, err := processor.Open(processor.Options{Dir: c.t.TempDir(), Merchant: "Cedar Valley Health"})
	must(c.t, err)
	c.sim = sim
	server := httptest.NewServer(sim)
	c.t.Cleanup(func() {
		sim.Unplug()
		server.Close()
		must(c.t, sim.Close())
	})
	return server.URL
}

func (c *clinic) seed(books *cashier.Cashier, house *plan.House) {
	c.t.Helper()
	issuer, err := billpay.NewIssuer(12)
	must(c.t, err)
	numbers, err := c.Store.Reserve(c.t.Context(), issuer.Draw(1))
	must(c.t, err)
	c.number = numbers[0]
	person := &enrolment.Member{Number: c.number, Opaque: ident.NewOpaque(), Version: 1, Standing: enrolment.Standing{Subscriber: c.number}}
	person.Record.Person = member.Person{
		Name: member.Name{First: "Teodora", Last: lastName}, BirthDate: calendar.MustParse("1956-03-17"),
		Residence: member.Address{City: "Boulder", State: "CO", ZIP: "80301"}, Region: "front-range",
	}
	must(c.t, c.Store.SaveMembers(c.t.Context(), &enrolment.Writes{Edits: []enrolment.Edit{{After: person}}}))
	var items []openitem.Item
	for fund, amount := range map[chart.Fund]money.Cents{chart.Premium: 412_37, chart.Medical: 88_15} {
		items = append(items, openitem.Item{
			Purse: house.PurseOf(fund), About: ledger.BookNo(c.number), Text: "item", DueOn: calendar.MustParse("2026-12-01"), Amount: amount,
		})
	}
	order := cashier.Order{Key: "order:1", Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, Reason: "a test"}
	_, err = books.Bill(c.t.Context(), order, items, false)
	must(c.t, err)
	codes, err := c.Store.StatementCodes(c.t.Context(), []ledger.BookNo{ledger.BookNo(c.number)}, calendar.MustParse("2027-01-22"))
	must(c.t, err)
	c.code = codes[0]
}

// checkTaken holds our books against the processor's.
func (c *clinic) checkTaken(want money.Cents) {
	c.t.Helper()
	have, err := c.Store.Read(c.t.Context(), cashier.Want{Books: []ledger.BookNo{ledger.BookNo(c.number)}})
	must(c.t, err)
	owed := money.Cents(0)
	for _, item := range have.Books[ledger.BookNo(c.number)].Items {
		owed += item.Open
	}
	taken := money.Cents(0)
	for _, account := range c.sim.Books().Accounts {
		taken += account.Net
	}
	if owed != 500_52-want || taken != want {
		c.t.Errorf("%s is owed, and the processor took %s; want %s taken", owed, taken, want)
	}
}

// payer is somebody before a browser.
type payer struct {
	*browsertest.Page
	t    *testing.T
	name string // of pictures
	shot int
}

func ask[T any](p *payer, script string) T {
	p.t.Helper()
	return browsertest.Ask(p.Page, chromedp.Evaluate[T](script))
}

// sees waits for a page by its heading. It asks from outside, because a page
// without scripts cannot wait itself.
func (p *payer) sees(heading string) {
	p.t.Helper()
	browsertest.Ask(p.Page, chromedp.WaitVisible(fmt.Sprintf("//h1[normalize-space()=%q]", heading)))
	p.keep()
}

// keep keeps a picture of what is seen, if somebody wants to look at it.
func (p *payer) keep() {
	p.t.Helper()
	dir := os.Getenv(picturesEnv)
	if dir == "" {
		return
	}
	p.shot++
	must(p.t, os.WriteFile(filepath.Join(dir, fmt.Sprintf("%s-%d.png", p.name, p.shot)), p.Screenshot(), 0o600))
}

// press presses keys one after the other: "\t" and "\r", or text.
func (p *payer) press(keys ...string) {
	p.t.Helper()
	for _, k := range keys {
		p.Do(chromedp.KeyEvent(k))
	}
}

// tabTo presses the tabulator until an element has the focus; of a frame its
// container counts.
func (p *payer) tabTo(selector string) {
	p.t.Helper()
	for range 40 {
		p.press("\t")
		if ask[bool](p, fmt.Sprintf(`Boolean(document.activeElement.closest(%q))`, selector)) {
			return
		}
	}
	p.t.Fatalf("the keyboard does not come to %s", selector)
}

// until waits for something to be true of the page.
func (p *payer) until(condition string) {
	p.t.Helper()
	browsertest.Ask(p.Page, chromedp.Poll[bool]("Boolean("+condition+")"))
}

// enterCard types a card into the processor's fields, coming from the field before.
func (p *payer) enterCard(number string) {
	p.t.Helper()
	p.until(`document.querySelectorAll("[data-card-field] iframe").length === 3`)
	p.tabTo("#cardNumber")
	p.press(number)
	p.tabTo("#cardExpiry")
	p.press("1230")
	p.tabTo("#cardCvc")
	p.press("123")
	p.keep()
}

// Somebody without a mouse pays with the number, in the processor's own fields.
func TestPay_ByKeyboard(t *testing.T) {
	c := open(t)
	p := &payer{Page: browsertest.Start(t).Open(t, c.url+"/?lang=en", 1280, 900), t: t, name: "run-keyboard"}
	p.sees("Pay a bill")
	p.tabTo("#number")
	p.press(c.number.Digits())
	p.tabTo("#fact")
	p.press(lastName)
	p.tabTo("#fund")
	p.press(" ", "\r")
	p.sees("Amount and card")
	p.tabTo("#amount")
	p.press("412.37")
	p.tabTo("#mail")
	p.press("payer@example.org")
	p.enterCard(testcard.Number(testcard.Approve))
	for _, v := range p.Axe() {
		t.Errorf("axe, with the card fields: %v", v)
	}
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("Check and pay")
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("Thank you. Your payment was received.")
	c.checkTaken(412_37)
	if _, err := c.desk.SettleDue(t.Context()); err != nil { // the job that writes letters
		t.Fatal(err)
	}
	if got := c.letters(); len(got) != 1 || !strings.Contains(got[0], "Subject: Your payment receipt") || strings.Contains(got[0], c.number.Digits()) {
		t.Errorf("letters: %q", got)
	}
}

func (c *clinic) letters() []string {
	c.t.Helper()
	files, err := filepath.Glob(filepath.Join(c.mail, "*.eml"))
	must(c.t, err)
	var all []string
	for _, f := range files {
		text, err := os.ReadFile(f)
		must(c.t, err)
		all = append(all, string(text))
	}
	return all
}

// Without scripts the card is entered on the processor's own page, once for each
// legal entity.
func TestPay_WithoutScript(t *testing.T) {
	c := open(t)
	page := browsertest.Start(t).Open(t, c.url+"/bill?lang=es", 360, 800)
	page.Do(chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return err
	}))
	p := &payer{Page: page, t: t, name: "run-noscript"}
	p.Do(chromedp.Navigate(c.url + "/bill?lang=es"))
	p.sees("Pagar con el código de una factura")
	p.Do(chromedp.SendKeys(chromedp.CSS("#code"), c.code+"\r"))
	p.sees("Cantidad y tarjeta")
	p.Do(chromedp.SendKeys(chromedp.CSS("#mail"), "\r"))
	p.sees("Revisar y pagar")
	p.Do(chromedp.Click(chromedp.CSS("main button[type=submit]")))
	for _, amount := range []string{"$412.37", "$88.15"} {
		p.Do(chromedp.WaitVisible(fmt.Sprintf("//dd[normalize-space()=%q]", amount)))
		p.keep()
		p.Do(chromedp.SendKeys(chromedp.CSS("#number"), testcard.Number(testcard.Approve)),
			chromedp.SendKeys(chromedp.CSS("#expiry"), "1230"), chromedp.SendKeys(chromedp.CSS("#cvc"), "123"), chromedp.SendKeys(chromedp.CSS("#zip"), "80301\r"))
	}
	p.sees("Gracias. Recibimos su pago.")
	c.checkTaken(500_52)
}

// The answer is lost while the payer waits: he is told not to pay again, and the
// page comes to the receipt by itself.
func TestPay_AnswerIsLost(t *testing.T) {
	c := open(t)
	p := &payer{Page: browsertest.Start(t).Open(t, c.url+"/pay/b/"+c.code+"?lang=en", 360, 800), t: t, name: "run-lost"}
	p.sees("Amount and card")
	p.tabTo("#mail")
	p.enterCard(testcard.Number(testcard.AuthorisedNoAnswer))
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("Check and pay")
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("We are checking your payment. Please do not pay again.")
	for range 3 { // each legal entity's charge has an answer to lose
		c.Clock.Advance(time.Minute)
		if _, err := c.desk.SettleDue(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	p.sees("Thank you. Your payment was received.")
	c.checkTaken(500_52)
}

// A plug that is pulled before the card is charged costs nobody anything.
func TestPay_ProcessorIsAway(t *testing.T) {
	c := open(t)
	p := &payer{Page: browsertest.Start(t).Open(t, c.url+"/pay/b/"+c.code+"?lang=en", 1280, 900), t: t, name: "run-away"}
	p.sees("Amount and card")
	p.tabTo("#mail")
	p.enterCard(testcard.Number(testcard.Approve))
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("Check and pay")
	c.sim.Unplug()
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("We cannot take card payments right now")
	c.checkTaken(0)
	c.sim.PlugIn()
	p.Do(chromedp.Navigate(c.url + "/review"))
	p.sees("Check and pay")
	p.tabTo("main .buttons button")
	p.press("\r")
	p.sees("Thank you. Your payment was received.")
	c.checkTaken(500_52)
}
