package web_test

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	rates "github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/edge/web"
	"github.com/billfold/billfold/internal/office/limit"
	letters "github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/people/region"
)

// postbox is a mail server that keeps the tokens of the links that it was given.
type postbox struct{ tokens []string }

func (p *postbox) Notice(_ context.Context, _, _, token, once string) (string, error) {
	p.tokens = append(p.tokens, token)
	return once, nil
}

type senders struct{ plan *plan.Plan }

func (s senders) Sender(id region.ID) (letters.Sender, bool) {
	pack, ok := s.plan.Region(id)
	return letters.Sender{Pack: pack}, ok
}

// reading is a counter whose member has a letter in the mail: that coverage has ended.
type reading struct {
	*counter
	desk   *letters.Desk
	letter string // the address in the mail
}

func openReading(t testing.TB, language string) *reading {
	t.Helper()
	c, box := openCounter(t), &postbox{}
	r := &reading{counter: c, desk: letters.NewDesk(c.Store, senders{c.options.Plan}, box, c.Clock)}
	limits := limit.New(c.Store, limit.Defaults(), c.Clock)
	people := registry.New(c.Store, c.options.Plan, c.Clock)
	people.HoldMisses(func(context.Context, time.Time) {})
	c.options.Letters = &web.Letters{Desk: r.desk, Readers: people, Limits: limits}
	c.handler = site(t, c.options)

	book, today := ledger.BookNo(c.number), calendar.MustParse("2026-11-23")
	clerk := ident.Actor{Kind: ident.Staff, Name: "jlee"}
	err := r.desk.GiveConsent(t.Context(), letters.Consent{
		Book: book, GivenOn: today, Wording: "2026-1", Address: "ana@example.org", How: letters.ByMail, Evidence: "message 1", Actor: clerk,
	})
	if err != nil {
		t.Fatal(err)
	}
	ended := letters.Notice{
		Book: book, Policy: coverage.Key{Number: c.number, No: 1}, Kind: letters.Termination, Key: "1:ended", MadeOn: today, Language: language,
		Facts: letters.Facts{Line: coverage.Direct, CoverEnds: calendar.MustParse("2026-10-31"), Reason: letters.NotPaid, Amount: 12_34},
	}
	if _, err := r.desk.Keep(t.Context(), []letters.Notice{ended}); err != nil {
		t.Fatal(err)
	}
	if done, err := r.desk.Mail(t.Context(), today); err != nil || done.Sent != 1 {
		t.Fatalf("mailed %+v, %v", done, err)
	}
	r.letter = "/letter/" + box.tokens[0]
	return r
}

// bill is a bill's letter, as the desk would make it of a bill that is kept.
func (r *reading) bill(language string) *letters.Letter {
	r.t.Helper()
	period := calendar.MustParseMonth("2026-12")
	line := func(kind rates.Kind, owner rates.Owner, cents money.Cents) rates.Line {
		return rates.Line{Kind: kind, Owner: owner, Month: period, From: period.First(), To: period.Last(), Cents: cents}
	}
	bill, err := invoice.New(invoice.Draft{
		Account: r.number, Debtor: rates.Member, Period: period, Sequence: 1, IssuedOn: calendar.MustParse("2026-11-10"),
		DueOn: calendar.MustParse("2026-12-01"), Previous: 150_00,
		Billed: []invoice.Billed{{Name: "Cedar Silver", Month: period, Lines: []rates.Line{
			line(rates.Gross, rates.Member, 600_00), line(rates.TaxCredit, rates.Member, -450_00), line(rates.TaxCredit, rates.HHS, 450_00),
		}}},
		RemitTo: invoice.Address{Name: "Cedar Valley Health", Line1: "P.O. Box 55010", City: "Denver", State: "CO", ZIP: "80255"},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	n, err := letters.New(letters.Notice{
		Book: ledger.BookNo(r.number), Policy: coverage.Key{Number: r.number, No: 1}, Kind: letters.Invoice, Key: letters.KeyOfBill(1),
		MadeOn: bill.IssuedOn, Language: language, Bill: &bill, Facts: letters.Facts{
			Line: coverage.ExchangeAPTC, Amount: bill.Pay(), PayBy: bill.DueOn, FirstMonth: period, LastMonth: period, Invoice: string(bill.Number),
		},
	})
	if err != nil {
		r.t.Fatal(err)
	}
	sender, _ := senders{r.options.Plan}.Sender("high-plains")
	l, err := letters.Compose(n, sender, letters.Addressee{Name: "Canaryfirst Canarylast"})
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// billDesk opens a bill behind every link.
type billDesk struct {
	*letters.Desk
	bill *letters.Letter
}

func (d billDesk) Open(context.Context, letters.Link) (*letters.Letter, error) { return d.bill, nil }

// born sends the form with the birth date on file.
func (g *guest) born(address string) answer {
	return g.post(address, "month", "3", "day", "17", "year", "1956")
}

func TestLetter_OpensWithTheBirthDate(t *testing.T) {
	r := openReading(t, "en")
	g := r.guest(t)
	ask := g.get(r.letter).want(t, http.StatusOK, "date of birth", `autocomplete="bday-year"`, "303-555-0142")
	for _, private := range []string{"Canary", r.number.Grouped(), "ended", "$"} {
		if strings.Contains(ask.body, private) {
			t.Errorf("the page tells %q before it knows who reads", private)
		}
	}
	g.born(r.letter).wantAt(t, "/letter")
	g.get("/letter").want(t, http.StatusOK, "Your coverage has ended", "October 31, 2026", r.number.Grouped(), "$12.34", `href="/letter.pdf"`)
	pdf := g.get("/letter.pdf").want(t, http.StatusOK)
	if pdf.Header.Get("Content-Type") != "application/pdf" || !bytes.HasPrefix([]byte(pdf.raw), []byte("%PDF-")) {
		t.Errorf("the PDF is %s", pdf.Header.Get("Content-Type"))
	}
	if logged := r.log.String(); strings.Contains(logged, strings.TrimPrefix(r.letter, "/letter/")) || strings.Contains(logged, "1956") {
		t.Error("the log holds the link or the date")
	}
	// Somebody else at the same browser sees nothing once it is closed.
	g.post("/letter").want(t, http.StatusOK, "The letter is closed")
	g.get("/letter").want(t, http.StatusGone, "open your letter again")
	g.get("/letter.pdf").want(t, http.StatusGone)
}

// A link that never was, one that is over, one that was revoked and a wrong date
// look the same.
func TestLetter_WhatDoesNotOpenLooksTheSame(t *testing.T) {
	r := openReading(t, "en")
	const never = "/letter/0123456789abcdefghjkmnpqrs"
	same := func(situation, address, day string) {
		t.Helper()
		want := r.guest(t).born(never).want(t, http.StatusUnprocessableEntity, "could not open a letter")
		got := r.guest(t).post(address, "month", "3", "day", day, "year", "1956").want(t, http.StatusUnprocessableEntity)
		alike := strings.NewReplacer(address, never, `value="`+day+`"`, `value="17"`)
		if alike.Replace(got.body) != want.body {
			t.Errorf("%s: the page differs from the one of a link that never was", situation)
		}
	}
	same("a wrong date", r.letter, "18")
	g := r.guest(t)
	g.born(r.letter).wantAt(t, "/letter")
	clerk := ident.Actor{Kind: ident.Staff, Name: "jlee"}
	err := r.desk.WithdrawConsent(t.Context(), letters.Consent{Book: ledger.BookNo(r.number), How: letters.ByPhone, Evidence: "call 1", Actor: clerk},
		calendar.MustParse("2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	same("a link that was revoked", r.letter, "17")
	g.get("/letter").want(t, http.StatusGone) // also for whoever has it open
	r = openReading(t, "en")
	r.Clock.Advance(91 * 24 * time.Hour)
	same("a link that is over", r.letter, "17")
}

// Wrong dates are counted against the account over all doors, and a right one does
// not help whoever guessed too often.
func TestLetter_GuessesAreCounted(t *testing.T) {
	r := openReading(t, "en")
	for n := range limit.Defaults().Looks.Number.Free {
		r.guest(t).post(r.letter, "month", "1", "day", fmt.Sprint(n+1), "year", "1950").want(t, http.StatusUnprocessableEntity)
	}
	g := r.guest(t)
	g.get(r.letter)
	g.born(r.letter).wantAt(t, "/code")
	g.post("/code", "mail", "ana@example.org").want(t, http.StatusOK)
	g.post("/code", "code", r.mail.codes[0]).wantAt(t, r.letter)
	g.born(r.letter).wantAt(t, "/letter")
}

func TestLetter_AsksForAWholeDate(t *testing.T) {
	r := openReading(t, "en")
	for _, typed := range [][3]string{{"", "", ""}, {"13", "1", "1956"}, {"2", "30", "1956"}, {"3", "17", "56"}, {"March", "17", "1956"}} {
		r.guest(t).post(r.letter, "month", typed[0], "day", typed[1], "year", typed[2]).want(t, http.StatusUnprocessableEntity, "Enter the date of birth", `href="#month"`)
	}
	r.guest(t).born(r.letter).wantAt(t, "/letter") // none of these counted
}

func TestLetter_LanguageAndCookies(t *testing.T) {
	r := openReading(t, "es")
	g := r.guest(t)
	g.post(r.letter, "switch-language", "es", "month", "3", "day", "17").want(t, http.StatusOK, "Lea su carta", `value="17"`)
	g.born(r.letter).wantAt(t, "/letter")
	g.get("/letter?lang=en").want(t, http.StatusOK, `<article lang="es">`, "Su cobertura terminó", "Save as PDF")
	blind := r.guest(t)
	blind.noCookie = true
	blind.born(r.letter).wantAt(t, "/letter")
	blind.get("/letter").want(t, http.StatusBadRequest, "blocks cookies")
	g.Clock.Advance(16 * time.Minute)
	g.get("/letter").want(t, http.StatusGone, "open your letter again")
}

// Without mailed letters there is no page for them.
func TestLetter_LeftOut(t *testing.T) {
	c := openCounter(t)
	c.guest(t).get("/letter/0123456789abcdefghjkmnpqrs").want(t, http.StatusNotFound)
}
