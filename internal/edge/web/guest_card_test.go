package web_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/checkout"
)

func TestGuest_BillOfWhichOneChargeIsDeclined(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.payBill(secondNoCard).want(t, http.StatusOK, "was declined. No money was taken.")
	checkOnce(t, c, 0)
}

// Both charges were held, and one was void before its money was taken: the
// receipt shows what was paid and says what was not.
func TestGuest_BillOfWhichOneChargeIsMade(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	a := g.payBill(halfCard).want(t, http.StatusOK, "Part of your payment was received.", "Not everything was paid: $88.15 was not charged", "$412.37")
	if strings.Contains(a.body, "$500.52") {
		t.Error("the receipt shows more than was taken")
	}
	checkOnce(t, c, 412_37)
	if doc := g.get("/receipt.pdf"); doc.StatusCode != http.StatusOK {
		t.Errorf("the document is %d", doc.StatusCode)
	}
}

// payBill pays the whole bill by its code.
func (g *guest) payBill(token string) answer {
	g.t.Helper()
	g.post("/bill", "code", g.code).wantAt(g.t, "/pay")
	g.post("/pay", "amount-premium", "412.37", "amount-medical", "88.15", "card-token", token).wantAt(g.t, "/review")
	return g.follow(g.post("/review", "attempt", g.get("/review").attempt(g.t)))
}

// What is approved after its payer was told no is given back, and he is told so.
func TestGuest_LateApprovalIsTold(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	id := g.review("10", declineCard+"funds").attempt(t)
	g.follow(g.post("/review", "attempt", id)).want(t, http.StatusOK, "was declined")
	if a := c.attempt(id); !a.ToldNo {
		t.Error("the desk does not know that the payer was told no")
	}
	c.late(id)
	g.get("/result").want(t, http.StatusOK, "A late charge was given back. Nothing was paid.", `href="/pay"`)
}

// late notes on an attempt that an approval came too late and was released.
func (c *counter) late(id string) {
	c.t.Helper()
	a := c.attempt(id)
	a.Late = true
	if err := c.Store.SaveAttempt(c.t.Context(), &a); err != nil {
		c.t.Fatal(err)
	}
}

func TestGuest_DeclinedSaysWhyAndTakesAnotherCard(t *testing.T) {
	c := openCounter(t)
	for class, want := range map[checkout.DeclineClass]string{
		checkout.DeclineHard: "another card", checkout.DeclineData: "expiration date", checkout.DeclineFunds: "not enough money",
		checkout.DeclineTechnical: "could not be reached", checkout.DeclineIssuer: "did not tell us why",
	} {
		g := c.guest(t)
		g.pay("10", declineCard+string(class)).want(t, http.StatusOK, "was declined. No money was taken.", want, `href="/pay"`)
		if c.acquirer.taken != 0 {
			t.Fatalf("%s was taken", c.acquirer.taken)
		}
		g.get("/review").wantAt(t, "/pay") // its token cannot be used again
		g.get("/pay").want(t, http.StatusOK, `value="10.00"`)
	}
	c = openCounter(t)
	g := c.guest(t)
	g.pay("10", declineCard+"funds").want(t, http.StatusOK)
	second := g.review("10", goodCard)
	g.follow(g.post("/review", "attempt", second.attempt(t))).want(t, http.StatusOK, "Your payment was received", "$10.00")
	if a := c.attempt(second.attempt(t)); a.Cards != 2 || c.acquirer.taken != 10_00 {
		t.Errorf("%d cards were tried on one attempt, %s was taken", a.Cards, c.acquirer.taken)
	}
}

// Three cards a visit: the fourth is not asked for at the issuer.
func TestGuest_ThreeCardsAVisit(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	for _, class := range []string{"funds", "hard", "issuer"} {
		g.follow(g.post("/review", "attempt", g.review("10", declineCard+class).attempt(t))).want(t, http.StatusOK, "was declined")
	}
	asked := c.acquirer.holds
	id := g.review("10", goodCard).attempt(t)
	a := g.post("/review", "attempt", id)
	if a.Header.Get("Location") == "/code" { // a challenge does not help
		g.solve()
		a = g.post("/review", "attempt", id)
	}
	a.want(t, http.StatusTooManyRequests, "No more cards", "303-555-0142", "TTY 711")
	if a.Header.Get("Retry-After") == "" || c.acquirer.holds != asked {
		t.Errorf("Retry-After is %q and %d authorisations were asked", a.Header.Get("Retry-After"), c.acquirer.holds-asked)
	}
}

// solve goes through the challenge.
func (g *guest) solve() {
	g.t.Helper()
	g.post("/code", "mail", "payer@example.org").want(g.t, http.StatusOK, `autocomplete="one-time-code"`)
	a := g.post("/code", "code", g.mail.codes[len(g.mail.codes)-1])
	if a.StatusCode != http.StatusSeeOther {
		g.t.Fatalf("the right code gives %d %q", a.StatusCode, a.heading())
	}
}

// A lost answer is not known: the payer is told so, can do nothing wrong, and
// the receipt comes by itself.
func TestGuest_LostAnswerIsCheckedAndEndsRight(t *testing.T) {
	for _, tc := range []struct {
		situation, card, want string
		taken                 money.Cents
	}{
		{"it was approved", lostCard, "Your payment was received", 25_00},
		{"it was declined", lostNoCard, "The payment was not made. No money was taken.", 0},
	} {
		t.Run(tc.situation, func(t *testing.T) {
			c := openCounter(t)
			g := c.guest(t)
			a := g.pay("25", tc.card, "mail", "payer@example.org").want(t, http.StatusOK,
				"Please do not pay again", "$25.00", "email as soon as we know", "303-555-0142", "every 10 seconds", `href="/result?still=1"`)
			if a.Header.Get("Refresh") != "10; url=/result" {
				t.Errorf("Refresh is %q", a.Header.Get("Refresh"))
			}
			still := g.get("/result?still=1").want(t, http.StatusOK, "no longer updates by itself")
			if still.Header.Get("Refresh") != "" {
				t.Error("a page that was asked to stand still does not")
			}
			for _, path := range []string{"/pay", "/review"} {
				g.get(path).wantAt(t, "/result")
			}
			g.post("/pay", "amount", "26", "card-token", goodCard).wantAt(t, "/result")
			c.acquirer.settle()
			c.Clock.Advance(time.Minute)
			if _, err := c.desk.SettleDue(t.Context()); err != nil {
				t.Fatal(err)
			}
			g.follow(g.get("/result")).want(t, http.StatusOK, tc.want)
			if c.acquirer.taken != tc.taken {
				t.Errorf("%s was taken, want %s", c.acquirer.taken, tc.taken)
			}
			if tc.taken == 0 { // now he may pay again
				g.get("/pay").want(t, http.StatusOK, `value="25.00"`)
				g.follow(g.post("/review", "attempt", g.review("25", goodCard).attempt(t))).want(t, http.StatusOK, "Your payment was received")
			}
		})
	}
}

func TestGuest_ProcessorIsAway(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.pay("25", awayCard).want(t, http.StatusServiceUnavailable, "cannot take card payments right now", "Nothing was charged", "303-555-0142")
	g.follow(g.post("/review", "attempt", g.review("25", goodCard).attempt(t))).want(t, http.StatusOK, "Your payment was received")
	other := c.guest(t)
	other.find()
	other.post("/pay", "amount", "5", "card-token", strangeCard).want(t, http.StatusUnprocessableEntity, "Enter another card")
}

// Double click, back button, two windows, reload: one charge.
func TestGuest_OneCharge(t *testing.T) {
	t.Run("double click", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.find()
		id := g.review("30", goodCard).attempt(t)
		var clicks sync.WaitGroup
		answers := make([]answer, 2)
		for i := range answers {
			window := g.twin() // whose cookies are those from before: the browser drops the answer to the first click
			clicks.Go(func() { answers[i] = window.post("/review", "attempt", id) })
		}
		clicks.Wait()
		for _, a := range answers {
			a.wantAt(t, "/result")
		}
		g.follow(g.get("/result")).want(t, http.StatusOK, "Your payment was received")
		checkOnce(t, c, 30_00)
	})
	t.Run("back button and again", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.find()
		id := g.review("30", goodCard).attempt(t)
		for range 3 {
			g.follow(g.post("/review", "attempt", id)).want(t, http.StatusOK, "Your payment was received")
		}
		g.get("/review").wantAt(t, "/result")
		g.get("/pay").wantAt(t, "/result")
		g.post("/pay", "amount", "31", "card-token", goodCard).wantAt(t, "/result") // from the page that the browser kept
		checkOnce(t, c, 30_00)
	})
	t.Run("another window changes the amount", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.find()
		stale := g.review("30", goodCard).attempt(t)
		fresh := g.twin().review("40", goodCard).attempt(t)
		again := g.post("/review", "attempt", stale).want(t, http.StatusOK, "Something has changed", "$40.00")
		if again.attempt(t) != fresh {
			t.Error("the review that is shown again is not the newest")
		}
		g.follow(g.post("/review", "attempt", fresh)).want(t, http.StatusOK, "$40.00")
		checkOnce(t, c, 40_00)
	})
	t.Run("the same again keeps the attempt", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.find()
		first := g.review("30", goodCard, "mail", "payer@example.org").attempt(t)
		if same := g.review("30.00", goodCard+"2", "mail", "payer@example.org").attempt(t); same != first {
			t.Error("another card alone makes another attempt")
		}
		for _, other := range [][]string{{"31", "mail", "payer@example.org"}, {"30", "mail", ""}} {
			if got := g.review(other[0], goodCard, other[1:]...).attempt(t); got == first {
				t.Errorf("%v: another content has the same attempt", other)
			}
		}
	})
	t.Run("a form of nobody's", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.find()
		g.review("30", goodCard)
		g.post("/review").want(t, http.StatusOK, "Something has changed")
		g.post("/review", "attempt", "0123456789abcdefghjkmnpqrs").want(t, http.StatusOK, "Something has changed")
		checkOnce(t, c, 0)
	})
	t.Run("another bill is another payment", func(t *testing.T) {
		c := openCounter(t)
		g := c.guest(t)
		g.pay("30", goodCard)
		g.post("/another").wantAt(t, "/")
		g.get("/receipt").want(t, http.StatusGone)
		g.pay("30", goodCard+"2").want(t, http.StatusOK, "Your payment was received")
		if c.acquirer.taken != 60_00 {
			t.Errorf("%s was taken", c.acquirer.taken)
		}
	})
}

func checkOnce(t *testing.T, c *counter, want money.Cents) {
	t.Helper()
	if c.acquirer.taken != want || c.owed() != 500_52-want {
		t.Errorf("%s was taken and %s is owed, want %s taken once", c.acquirer.taken, c.owed(), want)
	}
}

// Without JavaScript the card is entered on the processor's own page.
func TestGuest_WithoutScript(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	g.get("/pay").want(t, http.StatusOK, "data-no-card", "Test Processor")
	g.post("/pay", "amount", "20", "card-token", "").wantAt(t, "/review")
	review := g.get("/review").want(t, http.StatusOK, "You enter it on the next page", "Continue to the card page")
	left := g.post("/review", "attempt", review.attempt(t))
	page := left.Header.Get("Location")
	if left.StatusCode != http.StatusSeeOther || !strings.HasPrefix(page, cardPages+"/") {
		t.Fatalf("got %d to %q", left.StatusCode, page)
	}
	// He turns back, goes on, and enters a card.
	g.get("/pay/back").want(t, http.StatusOK, "You have not paid yet", `href="/review"`)
	again := g.post("/review", "attempt", g.get("/review").attempt(t))
	if again.Header.Get("Location") != page {
		t.Errorf("the second page is %q, the first was %q", again.Header.Get("Location"), page)
	}
	c.acquirer.enter(page, goodCard)
	g.follow(g.get("/pay/done")).want(t, http.StatusOK, "Your payment was received", "$20.00", "Visa ending in 4242")
	checkOnce(t, c, 20_00)
	g.follow(g.get("/pay/done")).want(t, http.StatusOK, "Your payment was received") // reload
	g.follow(g.get("/pay/back")).want(t, http.StatusOK, "Your payment was received")
	checkOnce(t, c, 20_00)
}

// Who changes the amount while the older amount's card page stands open in another
// window pays once, whichever page he finishes.
func TestGuest_WithoutScriptAChangedAmountIsOnePayment(t *testing.T) {
	for _, tc := range []struct {
		situation             string
		beforeChange, atFirst bool // when the older page is finished, and whether he comes back from it
		again                 bool // he begins again at the first page
	}{
		{"the older page is finished after the change", false, false, false},
		{"the older page is finished before the change", true, false, false},
		{"the older payment is made", true, true, false},
		{"the older page is finished after a new beginning", false, false, true},
		{"the older page is finished before a new beginning", true, false, true},
	} {
		t.Run(tc.situation, func(t *testing.T) {
			c := openCounter(t)
			g := c.guest(t)
			g.find()
			id := g.review("20", "").attempt(t)
			older := g.post("/review", "attempt", id).Header.Get("Location")
			if tc.beforeChange {
				c.acquirer.enter(older, goodCard)
			}
			if tc.atFirst {
				g.twin().get("/pay/done").wantAt(t, "/result")
				g.post("/pay", "amount", "35").wantAt(t, "/result")
				g.follow(g.get("/result")).want(t, http.StatusOK, "Your payment was received", "$20.00")
				checkOnce(t, c, 20_00)
				return
			}
			if tc.again {
				g.find()
			}
			next := g.post("/review", "attempt", g.review("35", "").attempt(t)).Header.Get("Location")
			if !strings.HasPrefix(next, cardPages) || next == older {
				t.Fatalf("the next page is %q, the older was %q", next, older)
			}
			c.acquirer.enter(older, goodCard+"1")
			if back := g.get("/pay/done").Header.Get("Location"); back != next {
				t.Errorf("who comes back from the older page is sent to %q, want the page that is still to be finished", back)
			}
			c.acquirer.enter(next, goodCard+"2")
			g.follow(g.get("/pay/done")).want(t, http.StatusOK, "Your payment was received", "$35.00")
			for range 30 {
				c.Clock.Advance(time.Minute)
				if _, err := c.desk.SettleDue(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			checkOnce(t, c, 35_00)
			if a := c.attempt(id); a.State != checkout.Abandoned || a.Late != tc.beforeChange {
				t.Errorf("the older attempt is %s, released late: %v", a.State, a.Late)
			}
			for _, charge := range c.acquirer.charges {
				if charge.Status == checkout.ChargeAuthorised {
					t.Error("a charge is still held")
				}
			}
		})
	}
}

// With two legal entities there are two pages, one after the other.
func TestGuest_WithoutScriptForTwoEntities(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.post("/bill", "code", c.code).wantAt(t, "/pay")
	g.post("/pay", "amount-premium", "412.37", "amount-medical", "88.15").wantAt(t, "/review")
	first := g.post("/review", "attempt", g.get("/review").attempt(t)).Header.Get("Location")
	c.acquirer.enter(first, goodCard)
	second := g.get("/pay/done").Header.Get("Location")
	if !strings.HasPrefix(second, cardPages) || second == first {
		t.Fatalf("after the first page it goes to %q", second)
	}
	if c.acquirer.taken != 0 {
		t.Error("money was taken before both cards were entered")
	}
	c.acquirer.enter(second, goodCard)
	g.follow(g.get("/pay/done")).want(t, http.StatusOK, "Your payment was received", "$500.52")
	checkOnce(t, c, 500_52)
}

// A card is entered once, though the amount was wrong or is changed afterwards.
func TestGuest_CardIsEnteredOnce(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	g.post("/pay", "amount", "12,50", "card-token", goodCard).want(t, http.StatusUnprocessableEntity, "You have entered this card", "Visa ending in 4242")
	g.post("/pay", "amount", "12.50").wantAt(t, "/review")
	g.get("/review").want(t, http.StatusOK, "Visa ending in 4242", "Pay $12.50 now")
	g.get("/pay").want(t, http.StatusOK, "Visa ending in 4242")
	g.post("/pay", "amount", "13.50", "other-card", "1").want(t, http.StatusOK, `value="13.50"`, "data-no-card")
	g.get("/review").wantAt(t, "/pay")
	review := g.review("13.50", goodCard+"2")
	g.follow(g.post("/review", "attempt", review.attempt(t))).want(t, http.StatusOK, "$13.50")
	checkOnce(t, c, 13_50)
}

// Going to the processor's page and back again is no other card each time.
func TestGuest_TurningBackUsesUpNoCards(t *testing.T) {
	c := openCounter(t)
	g := c.guest(t)
	g.find()
	page := ""
	for range 5 {
		left := g.post("/review", "attempt", g.review("20", "").attempt(t))
		if page = left.Header.Get("Location"); !strings.HasPrefix(page, cardPages) {
			t.Fatalf("got %d %q", left.StatusCode, left.heading())
		}
		g.get("/pay/back").want(t, http.StatusOK, "You have not paid yet")
	}
	c.acquirer.enter(page, goodCard)
	g.follow(g.get("/pay/done")).want(t, http.StatusOK, "Your payment was received")
	checkOnce(t, c, 20_00)
}
