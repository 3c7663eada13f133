package mandate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
)

func day(text string) calendar.Date { return calendar.MustParse(text) }

func TestParseBankAccount_Checks(t *testing.T) {
	for name, tc := range map[string]struct {
		routing, number, kind, holder string
		ok                            bool
	}{
		"a checking account":        {"021000021", "1234 5678-90", "Checking", " Pat  Rivera ", true},
		"a savings account":         {"121042882", "0071300455", "savings", "Pat Rivera", true},
		"letters in the number":     {"021000021", "ab12345", "checking", "Pat", true},
		"a wrong check digit":       {"021000022", "1234567890", "checking", "Pat", false},
		"two digits exchanged":      {"012000021", "1234567890", "checking", "Pat", false},
		"a prefix that no bank has": {"130000003", "1234567890", "checking", "Pat", false},
		"the government's own":      {"000000518", "1234567890", "checking", "Pat", false},
		"too short":                 {"021000021", "123", "checking", "Pat", false},
		"too long":                  {"021000021", "123456789012345678", "checking", "Pat", false},
		"a mark in the number":      {"021000021", "1234.5678", "checking", "Pat", false},
		"no kind":                   {"021000021", "12345678", "", "Pat", false},
		"no holder":                 {"021000021", "12345678", "checking", "  ", false},
		"a control character":       {"021000021", "12345678", "checking", "Pat\x07Rivera", false},
	} {
		a, err := ParseBankAccount(tc.routing, tc.number, tc.kind, tc.holder, false)
		if (err == nil) != tc.ok || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), tc.number) {
			t.Errorf("%s: the message quotes the number", name)
		}
		if err == nil && a.Number.Reveal() != strings.ToUpper(strings.NewReplacer(" ", "", "-", "").Replace(tc.number)) {
			t.Errorf("%s: got %q", name, a.Number.Reveal())
		}
	}
}

func TestBankAccount_PrintsMasked(t *testing.T) {
	a, err := ParseBankAccount("021000021", "1234567890", "checking", "Pat Rivera", false)
	if err != nil {
		t.Fatal(err)
	}
	m := Method{ID: "m", Book: 1, Kind: Bank, Account: a}
	for _, printed := range []string{fmt.Sprint(a), fmt.Sprintf("%+v", a), fmt.Sprintf("%#v", m), a.Mask(), m.Mask()} {
		if strings.Contains(printed, "123456") {
			t.Errorf("the number shows: %s", printed)
		}
	}
	if a.Mask() != "•••• 7890" {
		t.Errorf("got %q", a.Mask())
	}
}

func TestMethod_OpensAsItWasSealed(t *testing.T) {
	account, err := ParseBankAccount("021000021", "1234567890", "savings", "Pat Rivera", true)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []Method{
		{ID: "a", Book: 1, Kind: Bank, Account: account},
		{ID: "b", Book: 1, Kind: Card, Card: StoredCard{
			Merchant: "acct_1", Token: secret.New("pm_1"), First: secret.New("n1"), Brand: "visa", Last4: "4242", Expires: calendar.MustParseMonth("2027-03"),
		}},
	} {
		plain, err := m.ToSeal()
		if err != nil {
			t.Fatal(err)
		}
		got := Method{ID: m.ID, Book: m.Book, Kind: m.Kind}
		if err := got.Unseal(plain); err != nil || got != m {
			t.Errorf("got %+v and %v", got, err)
		}
		if err := got.Unseal([]byte("{")); fault.KindOf(err) != fault.Corrupt {
			t.Errorf("a damaged value gives %v", err)
		}
	}
}

// The worked example of Regulation E: the debit of 2026-08-05 rises from 150.00 to 172.40.
func TestNotice_IsDueTenDaysBefore(t *testing.T) {
	if got := NoticeBy(day("2026-08-05")); got != day("2026-07-26") {
		t.Errorf("got %s", got)
	}
	if !(Range{}).Asks(150_00, 172_40) || (Range{}).Asks(150_00, 150_00) || !(Range{}).Asks(0, 150_00) {
		t.Error("without a range every change asks for a notice, and so does the first debit of no told amount")
	}
}

func TestRange_AsksOutsideOfIt(t *testing.T) {
	ten := Range{Percent: 10}
	for amount, want := range map[money.Cents]bool{
		164_99: false, 165_00: false, 165_01: true, 135_00: false, 134_99: true, 150_00: false,
	} {
		if got := ten.Asks(150_00, amount); got != want {
			t.Errorf("%s after 150.00: got %v", amount, got)
		}
	}
	if five := (Range{Cents: 5_00}); five.Asks(150_00, 155_00) || !five.Asks(150_00, 155_01) || !five.Asks(150_00, 144_99) {
		t.Error("a set difference is the edge of the range")
	}
}

func TestDayRule_DebitOn(t *testing.T) {
	for text, want := range map[string]string{"due": "2026-09-01", "day:5": "2026-09-05", "day:28": "2026-09-28", "before:3": "2026-08-29"} {
		r, err := ParseDayRule(text)
		if err != nil || r.String() != text {
			t.Fatalf("%q: got %v and %v", text, r, err)
		}
		if got := r.DebitOn(day("2026-09-01")); got != day(want) {
			t.Errorf("%s: got %s, want %s", text, got, want)
		}
	}
	for _, bad := range []string{"", "day", "day:0", "day:29", "day:5x", "before:0", "before:16", "after:3", "due:1"} {
		if r, err := ParseDayRule(bad); err == nil {
			t.Errorf("%q is read as %v", bad, r)
		}
	}
}

func TestSchedule_CreditsTheDueDateWhateverTheBanksDo(t *testing.T) {
	for name, tc := range map[string]struct {
		tender                        Tender
		today, debit                  string
		announce                      bool
		credit, settle, order, notice string
	}{
		"a banking day":            {Bank, "2026-07-20", "2026-08-05", true, "2026-08-05", "2026-08-05", "2026-08-04", "2026-07-26"},
		"no notice":                {Bank, "2026-07-20", "2026-08-05", false, "2026-08-05", "2026-08-05", "2026-08-04", ""},
		"a Saturday":               {Bank, "2026-07-20", "2026-08-01", false, "2026-08-01", "2026-08-03", "2026-07-31", ""},
		"a holiday on a Monday":    {Bank, "2026-08-20", "2026-09-07", false, "2026-09-07", "2026-09-08", "2026-09-04", ""},
		"a Saturday's holiday":     {Bank, "2026-06-20", "2026-07-03", false, "2026-07-03", "2026-07-03", "2026-07-02", ""},
		"the file goes out today":  {Bank, "2026-08-05", "2026-08-05", false, "2026-08-05", "2026-08-06", "2026-08-05", ""},
		"the due date is over":     {Bank, "2026-08-05", "2026-07-01", false, "2026-08-05", "2026-08-06", "2026-08-05", ""},
		"too late to announce":     {Bank, "2026-08-01", "2026-08-05", true, "2026-08-11", "2026-08-11", "2026-08-10", "2026-08-01"},
		"on the last day to do so": {Bank, "2026-07-26", "2026-08-05", true, "2026-08-05", "2026-08-05", "2026-08-04", "2026-07-26"},
		"a card on a Sunday":       {Card, "2026-07-20", "2026-08-02", false, "2026-08-02", "", "2026-08-02", ""},
		"planned on a Sunday":      {Bank, "2026-08-02", "2026-08-02", false, "2026-08-02", "2026-08-04", "2026-08-03", ""},
		"a card too late to do so": {Card, "2026-08-01", "2026-08-02", true, "2026-08-11", "", "2026-08-11", "2026-08-01"},
	} {
		got := Schedule(tc.tender, day(tc.today), day(tc.debit), tc.announce)
		want := Times{Credit: day(tc.credit), Settle: day(tc.settle), Order: day(tc.order), NoticeBy: day(tc.notice)}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}

func TestClassFor_FollowsTheChannel(t *testing.T) {
	for _, tc := range []struct {
		tender   Tender
		channel  Channel
		business bool
		want     Class
	}{
		{Bank, Web, false, WEB}, {Bank, Phone, false, TEL}, {Bank, Paper, false, PPD}, {Bank, Counter, false, PPD}, {Bank, Staff, false, PPD},
		{Bank, Web, true, CCD}, {Bank, Paper, true, CCD}, {Card, Web, false, NoClass},
	} {
		if got := ClassFor(tc.tender, tc.channel, tc.business); got != tc.want {
			t.Errorf("%+v: got %q", tc, got)
		}
	}
}

func good() Mandate {
	return Mandate{
		ID: "m", Book: 1, Version: 1, Method: "a", Tender: Bank, Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, Purpose: Premium, Class: TEL,
		Day: DayRule{Kind: OnDueDate}, State: Active, BeginsOn: day("2026-08-01"),
		Consent: Consent{
			Channel: Phone, GivenBy: Phone, GivenOn: day("2026-07-30"), Language: "en", Wording: "phone-1", Digest: DigestOf("text"),
			Evidence: Evidence{Name: "Pat Rivera", At: time.Date(2026, 7, 30, 15, 0, 0, 0, time.UTC), Recording: "calls/2026/07/30/17"},
		},
	}
}

func TestMandate_NeedsEvidence(t *testing.T) {
	if m := good(); m.Check() != nil {
		t.Fatal(m.Check())
	}
	for name, spoil := range map[string]func(*Mandate){
		"no recording of a call":    func(m *Mandate) { m.Consent.Evidence.Recording = "" },
		"no authentication on web":  func(m *Mandate) { m.Consent.Channel, m.Consent.GivenBy = Web, Web },
		"no form on paper":          func(m *Mandate) { m.Consent.Channel, m.Consent.GivenBy = Staff, Staff },
		"an import of an import":    func(m *Mandate) { m.Consent.Channel, m.Consent.GivenBy = Import, Import },
		"another channel":           func(m *Mandate) { m.Consent.GivenBy = Paper },
		"no name":                   func(m *Mandate) { m.Consent.Evidence.Name = "" },
		"no wording":                func(m *Mandate) { m.Consent.Wording = "" },
		"no digest":                 func(m *Mandate) { m.Consent.Digest = [32]byte{} },
		"no day":                    func(m *Mandate) { m.Consent.GivenOn = calendar.Date{} },
		"premium of another fund":   func(m *Mandate) { m.Purse.Fund = chart.Medical },
		"a cap below a dollar":      func(m *Mandate) { m.Cap = 99 },
		"a range of two kinds":      func(m *Mandate) { m.Range = Range{Percent: 5, Cents: 5_00} },
		"a range beyond twice":      func(m *Mandate) { m.Range = Range{Percent: 101} },
		"a day that May not have":   func(m *Mandate) { m.Day = DayRule{OnDay, 29} },
		"no day from which it runs": func(m *Mandate) { m.BeginsOn = calendar.Date{} },
	} {
		m := good()
		spoil(&m)
		if err := m.Check(); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestMandate_StatesFollow(t *testing.T) {
	m := good()
	if err := m.Pause(AskedFor, day("2026-09-01"), day("2026-09-30")); err != nil {
		t.Fatal(err)
	}
	for d, want := range map[string]bool{"2026-08-31": false, "2026-09-01": true, "2026-09-30": true, "2026-10-01": false} {
		if m.PausedOn(day(d)) != want {
			t.Errorf("paused on %s: %v", d, !want)
		}
	}
	if err := m.Resume(); err != nil || m.PausedOn(day("2026-09-15")) {
		t.Errorf("resuming gives %v", err)
	}
	if fault.KindOf(m.Resume()) != fault.Conflict {
		t.Error("what is not paused resumes")
	}
	if err := m.End(Cancelled, AskedFor, day("2026-09-15")); err != nil || m.KeepUntil != day("2028-09-15") {
		t.Errorf("a consent is kept until %s (%v), want two years", m.KeepUntil, err)
	}
	for name, err := range map[string]error{
		"ends again": m.End(Ended, Merged, day("2026-09-16")), "pauses": m.Pause(AskedFor, day("2026-10-01"), calendar.Date{}), "resumes": m.Resume(),
	} {
		if fault.KindOf(err) != fault.Conflict || err == nil {
			t.Errorf("what is closed %s: %v", name, err)
		}
	}
}

func TestCapped(t *testing.T) {
	m := good()
	if m.Capped(500_00) != 500_00 {
		t.Error("without a cap all is taken")
	}
	if m.Cap = 300_00; m.Capped(500_00) != 300_00 || m.Capped(200_00) != 200_00 {
		t.Error("a cap is the most that is taken")
	}
}

// What Nacha and Regulation E want said, in words by which each language says it.
var elements = map[string]map[string]string{
	"en": {
		"authorises": "authorize {company} to debit", "how often, recurring": "again and again", "amount": "what is due then", "when": "Each debit is made",
		"from when": "on or after", "the account": "account ••••", "the rules": "Nacha", "how to end it": "end it, skip a debit or stop one",
		"by when": "3 business days before", "name and day": "Agreed on 2026-07-30 by Pat Rivera", "changes": "in writing 10 days ahead",
		"no condition": "do not have to agree", "copy": "receive a copy",
	},
	"es": {
		"authorises": "autorizo a {company} a debitar", "how often, recurring": "de forma repetida", "amount": "lo que se deba en ese momento",
		"when": "Cada débito se hace", "from when": "o después", "the account": "••••", "the rules": "Nacha", "how to end it": "terminarla, omitir un débito o detener uno",
		"by when": "3 días hábiles antes", "name and day": "Aceptado el 2026-07-30 por Pat Rivera", "changes": "por escrito 10 días antes",
		"no condition": "No tengo que aceptar", "copy": "Recibiré una copia",
	},
}

var spoken = map[string]map[string]string{
	"en": {"recorded": "being recorded", "the day": "Today is 2026-07-30", "a clearing house debit": "(ACH)", "whom to ask": "call 1-800-555-0100 in business hours"},
	"es": {"recorded": "se está grabando", "the day": "Hoy es 2026-07-30", "a clearing house debit": "(ACH)", "whom to ask": "llame al 1-800-555-0100"},
}

func terms(tender Tender) Terms {
	return Terms{
		Company: "Cedar Valley Health", Name: "Pat Rivera", Tender: tender, Account: "•••• 7890", Kind: Checking, Purpose: Premium, Cap: 500_00,
		Day: DayRule{OnDay, 5}, Amount: 172_40, On: day("2026-08-05"), Phone: "1-800-555-0100", AgreedOn: day("2026-07-30"),
	}
}

func TestWordings_SayEveryElement(t *testing.T) {
	for _, w := range wordings {
		tender := Bank
		if strings.HasPrefix(w.ID, "card") {
			tender = Card
		}
		text, err := w.Render(terms(tender))
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(text, "{}%") {
			t.Errorf("%s in %s has a gap: %s", w.ID, w.Language, text)
		}
		want := map[string]string{}
		if !w.Single {
			for what, words := range elements[w.Language] {
				if tender == Card && slices.Contains([]string{"the rules", "the account"}, what) {
					continue
				}
				want[what] = strings.ReplaceAll(words, "{company}", "Cedar Valley Health")
			}
		} else {
			want = map[string]string{"once": "$172.40", "from when": "2026-08-05", "rules": "Nacha", "name": "Pat Rivera"}
		}
		if w.Channel == Phone && tender == Bank {
			for what, words := range spoken[w.Language] {
				want[what] = words
			}
		}
		for what, words := range want {
			if !strings.Contains(text, words) {
				t.Errorf("%s in %s does not say %s (%q): %s", w.ID, w.Language, what, words, text)
			}
		}
	}
}

func TestWordingFor_EveryChannelInEveryLanguage(t *testing.T) {
	for _, language := range []string{"en", "es", "es-MX", "vi", ""} {
		for _, channel := range []Channel{Web, Phone, Paper, Counter, Staff} {
			for _, tender := range []Tender{Bank, Card} {
				w, err := WordingFor(channel, tender, false, language)
				if err != nil || (w.Language == "es") != strings.HasPrefix(language, "es") {
					t.Errorf("%s %s in %q: %+v and %v", channel, tender, language, w, err)
				}
			}
		}
		for _, channel := range []Channel{Web, Phone} {
			if _, err := WordingFor(channel, Bank, true, language); err != nil {
				t.Errorf("once by %s in %q: %v", channel, language, err)
			}
		}
	}
	if _, err := WordingFor(Paper, Bank, true, "en"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a single debit on paper has a wording: %v", err)
	}
}

func TestRender_RefusesWhatLacksATerm(t *testing.T) {
	w, err := WordingFor(Phone, Bank, true, "en")
	if err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Terms){
		"company": func(t *Terms) { t.Company = "" }, "name": func(t *Terms) { t.Name = "" }, "account": func(t *Terms) { t.Account = "" },
		"telephone": func(t *Terms) { t.Phone = "" }, "day": func(t *Terms) { t.AgreedOn = calendar.Date{} }, "amount": func(t *Terms) { t.Amount = 0 },
	} {
		of := terms(Bank)
		spoil(&of)
		if _, err := w.Render(of); fault.KindOf(err) != fault.Invalid || err == nil {
			t.Errorf("without a %s: %v", name, err)
		}
	}
}

func FuzzParseBankAccount(f *testing.F) {
	f.Add("021000021", "1234567890", "checking", "Pat Rivera")
	f.Add("", "", "", "")
	f.Fuzz(func(t *testing.T, routing, number, kind, holder string) {
		a, err := ParseBankAccount(routing, number, kind, holder, false)
		if err != nil {
			return
		}
		if len(a.Routing) != 9 || len(a.Number.Reveal()) < 4 || len(a.Number.Reveal()) > 17 || a.Holder == "" {
			t.Errorf("accepted %+v", a)
		}
		again, err := ParseBankAccount(a.Routing, a.Number.Reveal(), string(a.Kind), a.Holder, false)
		if err != nil || again != a {
			t.Errorf("what was read is read otherwise: %+v, %v", again, err)
		}
	})
}

func FuzzParseDayRule(f *testing.F) {
	f.Add("day:5")
	f.Add("before:3")
	f.Fuzz(func(t *testing.T, text string) {
		r, err := ParseDayRule(text)
		if err != nil {
			return
		}
		if again, err := ParseDayRule(r.String()); err != nil || again != r {
			t.Errorf("%q is %v, and that %v", text, r, again)
		}
	})
}

func FuzzReadCSV(f *testing.F) {
	f.Add("source,source_id,number,routing,account,account_kind,holder,day,begins_on,channel,given_on,language,wording,text_sha256,name,recording\n" +
		"old,1,314159265352,021000021,1234567890,checking,Pat Rivera,due,2026-11-01,phone,2025-01-02,en,v1," + strings.Repeat("ab", 32) + ",Pat Rivera,rec/1\n")
	f.Fuzz(func(t *testing.T, text string) {
		problems, err := ReadCSV(strings.NewReader(text), func(_ int, r Row) error {
			if r.Tender == Bank && r.Account.check() != nil || r.Tender == Card && r.Card.check() != nil || r.Fund == "" || r.GivenBy == "" {
				t.Errorf("a row that is not whole: %+v", r)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			if p.Record != "header" && strings.Contains(p.Message, "1234567890") {
				t.Errorf("a number is repeated: %s", p.Message)
			}
		}
	})
}
