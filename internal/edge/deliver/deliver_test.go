package deliver

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/plan"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "write the golden files anew")

var monday = time.Date(2026, time.November, 23, 15, 5, 0, 0, time.UTC)

// box is a road that keeps what it is given.
type box struct{ letters []*Letter }

func (b *box) Carry(_ context.Context, l *Letter) error {
	b.letters = append(b.letters, l)
	return nil
}

func head() Letterhead {
	return Letterhead{
		Plan: "Cedar Valley Health", From: "billing@cedarvalley.example",
		Contacts: []Contact{{"Front Range", "303-555-0142", "711"}, {"High Plains", "308-555-0150", "711"}},
		Interpreters: map[string][]string{
			"en": {"An interpreter is free. Call 303-555-0147 (TTY 711)."},
			"es": {"El servicio de intérprete es gratuito. Llame al 303-555-0147 (TTY 711)."},
		},
	}
}

func newPost(t *testing.T, road Road) *Post {
	t.Helper()
	p, err := New(road, head(), house{}, clock.At(monday))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// house is a plan of two legal entities.
type house struct{}

func (house) EntityOf(no chart.EntityNo) plan.Entity {
	denver, _ := time.LoadLocation("America/Denver")
	if no == 1 {
		return plan.Entity{ID: "cvhp", Name: "Cedar Valley Health Plan, Inc.", Zone: denver}
	}
	return plan.Entity{ID: "cvmg", Name: "Cedar Valley Medical Group", Zone: denver}
}

// paid is a payment to both entities for one number.
func paid() checkout.Attempt {
	card := checkout.Card{Brand: "visa", Last4: "4242"}
	return checkout.Attempt{
		Draft: checkout.Draft{
			ID: "0123456789abcdefghjkmnpqrs", Language: "en", Mail: "payer@example.org",
			Parts: []checkout.Part{
				{Reference: "314159265352", Fund: chart.Premium, Amount: 1_000_00}, {Reference: "314159265352", Fund: chart.Medical, Amount: 234_56},
			},
		},
		State: checkout.Paid, Payment: "7k2m9qxt4hbd01234567890123", Received: calendar.MustParse("2026-11-23"),
		Legs: []checkout.Leg{
			{No: 1, Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, Amount: 1_000_00, State: checkout.LegCaptured, Card: card},
			{No: 2, Purse: chart.Purse{Entity: 2, Fund: chart.Medical}, Amount: 234_56, State: checkout.LegCaptured, Card: card},
		},
	}
}

// unpaid is the same before or without money; it began late in the evening of
// Denver, when it was the next day in London.
func unpaid() checkout.Attempt {
	a := paid()
	a.State, a.Payment, a.Received = checkout.Checking, "", calendar.Date{}
	a.TriedAt = time.Date(2026, time.November, 24, 5, 30, 0, 0, time.UTC)
	return a
}

// sample is a letter on its way.
func sample(t *testing.T) *Letter {
	t.Helper()
	var b box
	if err := newPost(t, &b).Tell(t.Context(), paid(), checkout.NewsReceipt); err != nil {
		t.Fatal(err)
	}
	return b.letters[0]
}

// Every letter in both languages, as it reads.
func TestLetters_Golden(t *testing.T) {
	for _, language := range []string{"en", "es"} {
		var b box
		post := newPost(t, &b)
		for _, said := range []struct {
			about checkout.Attempt
			news  checkout.News
		}{
			{paid(), checkout.NewsReceipt}, {unpaid(), checkout.NewsChecking}, {paid(), checkout.NewsPaid}, {unpaid(), checkout.NewsNotTaken},
			{unpaid(), checkout.NewsReleased},
		} {
			said.about.Language = language
			if err := post.Tell(t.Context(), said.about, said.news); err != nil {
				t.Fatal(err)
			}
		}
		if err := post.Code(t.Context(), "payer@example.org", language, "482913", 10); err != nil {
			t.Fatal(err)
		}
		var all strings.Builder
		for _, l := range b.letters {
			fmt.Fprintf(&all, "=== %s\n%s\n", l.Subject, l.Text)
		}
		golden(t, "letters."+language+".txt", all.String())
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run with -update if it is meant:\n%s", path, got)
	}
}

func TestLetter_AsItTravels(t *testing.T) {
	var raw bytes.Buffer
	if _, err := sample(t).WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(&raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"From": `"Cedar Valley Health" <billing@cedarvalley.example>`, "To": "<payer@example.org>", "Subject": "Your payment receipt",
		"Date": "Mon, 23 Nov 2026 15:05:00 +0000", "Auto-Submitted": "auto-generated", "Content-Language": "en",
		"X-Auto-Response-Suppress": "All", "User-Agent": "", "X-Mailer": "",
	} {
		if got := m.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if id := m.Header.Get("Message-Id"); !strings.HasSuffix(id, "@cedarvalley.example>") || strings.Contains(id, "0123456789abcdefgh") {
		t.Errorf("Message-ID is %q", id)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the letter is %q (%v)", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for _, want := range []string{"text/plain", "text/html"} {
		part, err := parts.NextRawPart()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(part))
		if got := part.Header.Get("Content-Type"); err != nil || got != want+"; charset=UTF-8" {
			t.Errorf("a part is %q, want %s (%v)", got, want, err)
		}
		for _, fact := range []string{"We received your payment", "$1,234.56", "7K2M-9QXT-4HBD", "ending in 5352", "Visa ending in 4242", "TTY 711", "Cedar Valley Medical Group ($234.56)"} {
			if !strings.Contains(string(body), fact) {
				t.Errorf("the %s part lacks %q", want, fact)
			}
		}
	}
	if _, err := parts.NextPart(); err != io.EOF {
		t.Errorf("there are more parts: %v", err)
	}
}

// A job that sends again after a lost answer sends the same letter.
func TestLetter_SameNewsSameMessage(t *testing.T) {
	var b box
	post := newPost(t, &b)
	other := paid()
	other.Mail = "other@example.org"
	for _, said := range []struct {
		about checkout.Attempt
		news  checkout.News
	}{{paid(), checkout.NewsReceipt}, {paid(), checkout.NewsReceipt}, {paid(), checkout.NewsPaid}, {other, checkout.NewsReceipt}} {
		if err := post.Tell(t.Context(), said.about, said.news); err != nil {
			t.Fatal(err)
		}
	}
	if raw(t, b.letters[0]) != raw(t, b.letters[1]) {
		t.Error("the same news was written in two ways")
	}
	if b.letters[0].ID == b.letters[2].ID || b.letters[0].ID == b.letters[3].ID {
		t.Error("other news, or another reader's, has the same Message-ID")
	}
}

func raw(t *testing.T, l *Letter) string {
	t.Helper()
	var out bytes.Buffer
	if _, err := l.WriteTo(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// Mail is read on locked screens and by other people's servers.
func TestLetters_TellNoMoreThanTheyMust(t *testing.T) {
	var b box
	post := newPost(t, &b)
	for _, about := range []checkout.Attempt{paid(), unpaid()} {
		for _, news := range []checkout.News{checkout.NewsReceipt, checkout.NewsChecking, checkout.NewsPaid, checkout.NewsNotTaken, checkout.NewsReleased} {
			if err := post.Tell(t.Context(), about, news); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, l := range b.letters {
		whole := raw(t, l)
		for _, private := range []string{"314159265352", "3141 5926", "5926", "remium", "edical care", "0123456789abcdefgh"} {
			if strings.Contains(whole, private) {
				t.Errorf("%q tells %q", l.Subject, private)
			}
		}
		if strings.ContainsAny(l.Subject, "0123456789$%{") {
			t.Errorf("the subject %q holds something", l.Subject)
		}
	}
}

func TestPost_WritesToNobodyWithoutAnAddress(t *testing.T) {
	var b box
	silent := paid()
	silent.Mail = ""
	if err := newPost(t, &b).Tell(t.Context(), silent, checkout.NewsReceipt); err != nil || len(b.letters) != 0 {
		t.Errorf("got %v and %d letters", err, len(b.letters))
	}
}

func TestPost_ReceiptOnRequest(t *testing.T) {
	var b box
	post := newPost(t, &b)
	if err := post.Receipt(t.Context(), paid(), "other@example.org", "es"); err != nil {
		t.Fatal(err)
	}
	if l := b.letters[0]; l.To.Address != "other@example.org" || l.Language != "es" {
		t.Errorf("it went to %s in %s", l.To, l.Language)
	}
	if err := post.Receipt(t.Context(), unpaid(), "other@example.org", "es"); fault.KindOf(err) != fault.Conflict {
		t.Errorf("an unpaid one: got %v", err)
	}
}

// Of two charges one may have been made.
func TestPost_ReceiptOfPartOfThePayment(t *testing.T) {
	var b box
	half := paid()
	half.Legs[1].State = checkout.LegDeclined
	if err := newPost(t, &b).Tell(t.Context(), half, checkout.NewsReceipt); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Amount: $1,000.00\n", "Paid to: Cedar Valley Health Plan, Inc. ($1,000.00)", "Not charged, still to be paid: Cedar Valley Medical Group ($234.56)",
	} {
		if !strings.Contains(b.letters[0].Text, want) {
			t.Errorf("the receipt lacks %q:\n%s", want, b.letters[0].Text)
		}
	}
}

func TestPost_RefusesWhatIsNoAddress(t *testing.T) {
	var b box
	post := newPost(t, &b)
	for _, to := range []string{"payer", "payer@example.org\r\nBcc: other@example.org", "a@b, c@d"} {
		err := post.Receipt(t.Context(), paid(), to, "en")
		if fault.KindOf(err) != fault.Invalid || err == nil || len(b.letters) != 0 {
			t.Errorf("%q: got %v and %d letters", to, err, len(b.letters))
		} else if strings.Contains(err.Error(), to) {
			t.Errorf("the error repeats the address: %v", err)
		}
	}
	if _, err := New(&b, Letterhead{From: "nobody"}, house{}, clock.At(monday)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a sender without address: got %v", err)
	}
	if err := post.Tell(t.Context(), paid(), "weather"); fault.KindOf(err) != fault.Internal {
		t.Errorf("news without words: got %v", err)
	}
}

func TestPost_LanguageOfTheReader(t *testing.T) {
	for wish, want := range map[string]string{"en": "en", "es": "es", "es-MX": "es", "ES": "es", "vi": "en", "": "en"} {
		var b box
		if err := newPost(t, &b).Receipt(t.Context(), paid(), "payer@example.org", wish); err != nil {
			t.Fatal(err)
		}
		if got := b.letters[0].Language; got != want {
			t.Errorf("%q is written to in %q, want %q", wish, got, want)
		}
	}
}

func TestSpool_WritesALetterOnce(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "mail")
	spool, err := NewSpool(dir)
	if err != nil {
		t.Fatal(err)
	}
	post := newPost(t, spool)
	for _, news := range []checkout.News{checkout.NewsChecking, checkout.NewsChecking, checkout.NewsNotTaken} {
		about := unpaid()
		about.Language = "es"
		if err := post.Tell(t.Context(), about, news); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Fatalf("got %d files and %v, want 2", len(files), err)
	}
	for _, f := range files {
		info, err := f.Info()
		if err != nil || !strings.HasSuffix(f.Name(), ".eml") || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v (%v)", f.Name(), info.Mode(), err)
		}
		text, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		m, err := mail.ReadMessage(bytes.NewReader(text))
		if err != nil || m.Header.Get("Content-Language") != "es" {
			t.Errorf("%s is no Spanish letter: %v", f.Name(), err)
		}
	}
}

func TestWords_AreCompleteInEveryLanguage(t *testing.T) {
	en, es := map[string]string{}, map[string]string{}
	gather(t, en, "", reflect.ValueOf(english))
	gather(t, es, "", reflect.ValueOf(spanish))
	if len(en) != len(es) {
		t.Errorf("English has %d texts and Spanish %d", len(en), len(es))
	}
	for key, text := range en {
		if es[key] == text && key != "EntityShare" && !strings.HasPrefix(key, "Brands") {
			t.Errorf("%s is the same in both languages: %q", key, text)
		}
	}
}

func gather(t *testing.T, into map[string]string, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" {
			t.Errorf("%s is empty", name)
		}
		into[name] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			gather(t, into, strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			gather(t, into, fmt.Sprintf("%s[%v]", name, key), v.MapIndex(key))
		}
	case reflect.Array, reflect.Slice:
		for i := range v.Len() {
			gather(t, into, fmt.Sprintf("%s[%d]", name, i), v.Index(i))
		}
	default:
		t.Errorf("%s is a %s, which this test does not read", name, v.Kind())
	}
}

// Markup in what we are given stays text.
func TestLetter_HTMLIsText(t *testing.T) {
	var b box
	letterhead := head()
	letterhead.Contacts[0].Region = "<b>Front</b> & Back"
	post, err := New(&b, letterhead, house{}, clock.At(monday))
	if err != nil {
		t.Fatal(err)
	}
	if err := post.Tell(t.Context(), paid(), checkout.NewsReceipt); err != nil {
		t.Fatal(err)
	}
	marked, plain := b.letters[0].HTML, b.letters[0].Text
	if strings.Contains(marked, "<b>") || !strings.Contains(plain, "<b>Front</b> & Back: 303-555-0142") {
		t.Errorf("a name was taken for markup, or marked up in plain text:\n%s\n%s", marked, plain)
	}
	if !strings.Contains(marked, `<html lang="en">`) {
		t.Error("the letter does not say its language")
	}
}
