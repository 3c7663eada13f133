package notice

import (
	"flag"
	"html"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/invoice"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

var update = flag.Bool("update", false, "write the golden files anew")

const sampleBook = 314159265352

func day(text string) calendar.Date { return calendar.MustParse(text) }

// sample is a notice of a kind with every fact that it can tell. The cases are
// those of the rules' worked examples where there is one.
func sample(kind Kind) Notice {
	april, june := calendar.MustParseMonth("2026-04"), calendar.MustParseMonth("2026-06")
	facts := map[Kind]Facts{
		Invoice:        {Line: coverage.ExchangeAPTC, Plan: "Cedar Silver", Amount: 150_00, PayBy: day("2026-04-01"), FirstMonth: april, LastMonth: april, Invoice: "2604-01-86"},
		BinderReminder: {Line: coverage.ExchangeNoAPTC, Amount: 600_00, PayBy: day("2027-01-31"), CoverStarts: day("2027-01-01")},
		BinderMissed:   {Line: coverage.ExchangeAPTC, Amount: 150_00, PayBy: day("2027-01-31"), AppealBy: day("2027-05-02")},
		APTCDelinquency: {
			Line: coverage.ExchangeAPTC, Amount: 150_00, FirstMonth: april, LastMonth: april, GraceFrom: day("2026-04-01"), GraceTo: day("2026-06-30"),
			PendFrom: day("2026-05-01"), CoverEnds: day("2026-04-30"),
		},
		ProviderGrace: {Line: coverage.ExchangeAPTC, GraceFrom: day("2026-04-01"), GraceTo: day("2026-06-30"), PendFrom: day("2026-05-01")},
		StateGrace: {
			Line: coverage.Direct, Amount: 432_10, GraceFrom: day("2026-06-03"), GraceTo: day("2026-07-03"), CoverEnds: day("2026-05-31"),
		},
		Termination: {Line: coverage.ExchangeAPTC, CoverEnds: day("2026-04-30"), Reason: NotPaid, Amount: 12_34, AppealBy: day("2026-09-29")},
		Cancelled:   {Line: coverage.ExchangeNoAPTC, Reason: AskedFor, Amount: 150_00},
		COBRAElection: {
			Line: coverage.COBRA, Amount: 712_00, CoverEnds: day("2026-03-31"), CoverStarts: day("2026-04-01"), CoverMost: day("2027-09-30"),
			RequestBy: day("2026-06-12"),
		},
		COBRAFirstPayment: {
			Line: coverage.COBRA, Amount: 2136_00, FirstMonth: april, LastMonth: june, ElectedOn: day("2026-05-20"), PayBy: day("2026-07-04"),
		},
		COBRAShortfall: {
			Line: coverage.COBRA, Amount: 47_00, Received: 665_00, FirstMonth: april, LastMonth: april, PayBy: day("2026-06-08"), CoverEnds: day("2026-03-31"),
		},
		COBRAEarlyEnd: {Line: coverage.COBRA, CoverEnds: day("2026-08-31"), Reason: OnMedicare},
		MedicareFailureToPay: {
			Line: coverage.MAPD, Amount: 84_00, FirstMonth: april, LastMonth: calendar.MustParseMonth("2026-05"), GraceFrom: day("2026-04-01"),
			GraceTo: day("2026-05-31"), CoverEnds: day("2026-05-31"), RequestBy: day("2026-07-31"),
		},
		MedicareDisenrolment: {
			Line: coverage.PDP, Amount: 84_00, CoverEnds: day("2026-05-31"), RequestBy: day("2026-07-31"), SettleBy: day("2026-09-01"),
		},
		ReturnedPayment: {
			Line: coverage.Direct, Received: 150_00, ReceivedOn: day("2026-04-02"), Return: NoFunds, Amount: 175_00, Fee: 25_00, PayBy: day("2026-05-01"),
		},
		LateMoney: {
			Line: coverage.ExchangeAPTC, Amount: 450_00, ReceivedOn: day("2026-07-02"), PayBy: day("2026-06-30"), CoverEnds: day("2026-04-30"),
			DecideBy: day("2026-07-17"),
		},
		Reinstatement: {Line: coverage.MA, CoverStarts: day("2026-06-01"), Amount: 42_00},
		RefundMade:    {Line: coverage.ExchangeAPTC, Amount: 299_99, SentOn: day("2026-07-06"), Reason: CameTooLate, Method: region.Cheque},
		DirectBill: {
			Line: coverage.PDP, Agency: "RRB", Amount: 42_00, FirstMonth: june, LastMonth: june, PayBy: day("2026-06-20"),
		},
		GroupEnded:    {Line: coverage.Group, CoverEnds: day("2026-05-31"), RequestBy: day("2026-07-30")},
		CoverageEnded: {Line: coverage.StateCont, CoverEnds: day("2026-05-31"), Reason: AskedFor, Amount: 1_00},
		AutopayStarted: {Autopay: &Autopay{
			Tender: mandate.Bank, Last4: "6789", Purpose: mandate.Premium, Day: "day:5", Most: 500_00, AgreedOn: day("2026-04-13"),
		}},
		AutopayChange: {Amount: 172_40, Autopay: &Autopay{
			Tender: mandate.Bank, Last4: "6789", Purpose: mandate.Premium, Before: 150_00, DebitOn: day("2026-08-05"),
		}},
		AutopayStopped: {Autopay: &Autopay{Tender: mandate.Bank, Last4: "6789", Purpose: mandate.Balance, Stopped: mandate.BadAccount}},
		UnclaimedMoney: {Amount: 84_50, RequestBy: day("2026-10-02")},
		CardExpiring: {Autopay: &Autopay{
			Tender: mandate.Card, Last4: "4242", Purpose: mandate.Premium, Expires: calendar.MustParseMonth("2026-05"),
		}},
	}
	n := Notice{
		Book: sampleBook, Policy: coverage.Key{Number: billpay.Number(sampleBook), No: 1}, Kind: kind, Key: "notice/" + string(kind),
		MadeOn: day("2026-04-14"), Language: "en", Facts: facts[kind],
	}
	if kind.OfAccount() {
		n.Policy = coverage.Key{}
	}
	if kind == Invoice {
		n.Bill = sampleBill()
	}
	return n
}

// sampleBill is a bill with everything that one can have.
func sampleBill() *invoice.Invoice {
	april, march := calendar.MustParseMonth("2026-04"), calendar.MustParseMonth("2026-03")
	line := func(kind premium.Kind, owner premium.Owner, month calendar.Month, cents money.Cents) premium.Line {
		return premium.Line{Kind: kind, Owner: owner, Month: month, From: month.First(), To: month.Last(), Cents: cents}
	}
	bill, err := invoice.New(invoice.Draft{
		Account: sampleBook, Debtor: premium.Member, Period: april, Sequence: 1, IssuedOn: day("2026-03-10"), DueOn: day("2026-04-01"),
		Previous: 150_00, Payments: []invoice.Payment{{On: day("2026-03-02"), Cents: 140_00}},
		Billed: []invoice.Billed{
			{Name: "Cedar Silver", Month: april, Lines: []premium.Line{
				line(premium.Gross, premium.Member, april, 600_00), line(premium.TaxCredit, premium.Member, april, -450_00),
				line(premium.TaxCredit, premium.HHS, april, 450_00),
			}},
			{Name: "Cedar Silver", Month: march, Adjusts: true, Lines: []premium.Line{line(premium.Gross, premium.Member, march, -10_00)}},
		},
		RemitTo: invoice.Address{Name: "Cedar Valley Health", Line1: "P.O. Box 55010", City: "Denver", State: "CO", ZIP: "80255"},
	})
	if err != nil {
		panic(err)
	}
	return &bill
}

func frontRange(t *testing.T) Sender {
	t.Helper()
	pack, problems := region.Load("../../../configs/cedar-valley/regions/front-range.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return Sender{Pack: pack, PayPage: "https://pay.cedarvalley.example"}
}

func reader() Addressee {
	return Addressee{
		Book: sampleBook, Name: "Ana <M> O’Ruiz", Region: "front-range",
		Address: member.Address{Line1: "12 Juniper Street", Line2: "Apt 4", City: "Boulder", State: "CO", ZIP: "80302-1234"},
	}
}

func composed(t *testing.T, n Notice, language string) *Letter {
	t.Helper()
	n.Language = language
	n, err := New(n)
	if err != nil {
		t.Fatal(err)
	}
	l, err := Compose(n, frontRange(t), reader())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// forms gives a letter as plain text and as HTML.
func forms(t *testing.T, l *Letter) map[string]string {
	t.Helper()
	text, err := l.Text()
	if err != nil {
		t.Fatal(err)
	}
	marked, err := l.HTML()
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"txt": text, "html": marked}
}

func letterKinds() []Kind {
	return slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Letter() })
}

// Every letter as it reads, in every language and form.
func TestLetters_Golden(t *testing.T) {
	for _, kind := range letterKinds() {
		for _, language := range Languages() {
			for form, got := range forms(t, composed(t, sample(kind), language)) {
				golden(t, string(kind)+"."+language+"."+form, got)
			}
		}
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

// statements are words by which a statement shows in each language: a letter that
// lost its meaning in an edit or a translation fails here.
var statements = map[Statement]map[string]string{
	Consequence:  {"en": `lose your coverage|lose your COBRA|coverage ends|cancel your coverage|never started|lose your right|no longer be a member`, "es": `perder su cobertura|pierde su cobertura|cobertura termina|cancelar su cobertura|Nunca empezó|pierde su derecho|ya no será miembro`},
	ClaimsPended: {"en": `hold their claims.*will not pay those claims`, "es": `retener sus reclamaciones.*no pagaremos esas reclamaciones`},
	TaxEffect:    {"en": `pay back that month’s tax credit`, "es": `devolver el crédito fiscal`},
	Complaint:    {"en": `right to complain to the State Department of Insurance, telephone 303-555-0190`, "es": `presentar una queja ante State Department of Insurance, teléfono 303-555-0190`},
	Appeal:       {"en": `appeal|grievance`, "es": `apel|queja formal`},
	NoReturn:     {"en": `does not start your coverage again by itself`, "es": `no hace que su cobertura empiece otra vez`},
	EnrolCaution: {"en": `special enrollment period`, "es": `período especial de inscripción`},
	SentCounts:   {"en": `day on which you send it counts: the postmark`, "es": `Cuenta el día en que .* envía: la fecha del matasellos`},
	GoodCause:    {"en": `“good cause”.*must ask by .*pay`, "es": `“causa justificada”.*Debe pedirlo a más tardar`},
	Alternatives: {"en": `other coverage|look for a plan|choose another plan`, "es": `otra cobertura|buscar un plan|elegir otro plan`},
	MoneyHeld:    {"en": `money is yours.*start your coverage again, or send the money back`, "es": `dinero es suyo.*reanudar su cobertura o devolverle el dinero`},
	NoGap:        {"en": `no day without coverage`, "es": `ningún día sin cobertura`},
	HowItTravels: {"en": `receive a check in the mail`, "es": `Recibirá un cheque`},
	EachMember:   {"en": `Each person in your family.*can choose alone`, "es": `Cada persona de su familia.*puede elegir por separado`},
	Extension:    {"en": `last longer if Social Security decides`, "es": `durar más si el Seguro Social decide`},
	HowToStop:    {"en": `3 business days`, "es": `3 días hábiles`},
	GoesToState:  {"en": `the law makes us give the money to the state`, "es": `la ley nos obliga a entregar el dinero al estado`},
	HowToClaim:   {"en": `We never ask for a fee`, "es": `Nunca cobramos por esto`},
	NothingLost:  {"en": `You can claim it there later`, "es": `Puede reclamarlo allí más adelante`},
	NotRequired:  {"en": `do not need automatic payment to have your coverage`, "es": `no necesita el pago automático para tener su cobertura`},
	NothingToDo:  {"en": `do not need to do anything`, "es": `no tiene que hacer nada`},
}

// What a rule demands stands in the letter, in every language and form.
func TestLetters_SayWhatTheirRuleDemands(t *testing.T) {
	for _, kind := range letterKinds() {
		needs := Requirements(kind)
		if needs.Citation == "" || len(needs.Facts) == 0 {
			t.Errorf("%s has no rule", kind)
		}
		// Only what is demanded, so that nothing hangs on a fact that may be missing.
		n := sample(kind)
		n.Facts.Fee, n.Facts.AppealBy = 0, calendar.Date{}
		for _, language := range Languages() {
			l, w := composed(t, n, language), wordsFor(language)
			f := filling{words: w}
			for form, text := range forms(t, l) {
				text = html.UnescapeString(text)
				for _, fact := range needs.Facts {
					if shown := f.fact(&n.Facts, fact); shown == "" || !strings.Contains(text, shown) {
						// Of Medicare the first day without coverage says the same.
						if fact == FactCoverEnds && strings.Contains(text, w.date(n.Facts.CoverEnds.AddDays(1))) {
							continue
						}
						t.Errorf("%s in %s as %s lacks %s, %q (%s)", kind, language, form, fact, shown, needs.Citation)
					}
				}
				for _, said := range needs.Says {
					if !regexp.MustCompile(statements[said][language]).MatchString(text) {
						t.Errorf("%s in %s as %s does not say %s (%s)", kind, language, form, said, needs.Citation)
					}
				}
			}
			for _, said := range needs.Says {
				if !slices.ContainsFunc(w.Kinds[kind].Parts, func(p part) bool { return p.Says == said && p.When == "" }) {
					t.Errorf("no part of %s in %s is marked %s", kind, language, said)
				}
			}
		}
	}
}

// Every letter says whose it is, how to pay, whom to call and that help is free.
func TestLetters_SayWhomToCall(t *testing.T) {
	phones := map[Kind]string{Invoice: "303-555-0143", MedicareDisenrolment: "303-555-0144", GroupEnded: "303-555-0145", StateGrace: "303-555-0142"}
	for _, kind := range letterKinds() {
		for _, language := range Languages() {
			for form, text := range forms(t, composed(t, sample(kind), language)) {
				for _, want := range []string{
					"3141 5926 5352", "Cedar Valley Health", "TTY 711", "12 Juniper Street", "An interpreter is free", "El servicio de intérprete es gratuito",
					"免費提供口譯服務", phones[kind],
				} {
					if !strings.Contains(text, want) {
						t.Errorf("%s in %s as %s lacks %q", kind, language, form, want)
					}
				}
				if strings.ContainsAny(text, "{}") || strings.Contains(text, "<M>") && form == "html" {
					t.Errorf("%s in %s as %s has a hole or text that was not escaped", kind, language, form)
				}
				if pays := strings.Contains(text, wordsFor(language).HowToPay); pays != wordsFor(language).Kinds[kind].Pay {
					t.Errorf("%s in %s as %s: how to pay %v", kind, language, form, pays)
				}
			}
		}
	}
}

// A translation's state is for the record, not for its readers.
func TestLetters_DoNotShowTheReview(t *testing.T) {
	l := composed(t, sample(Termination), "es-MX")
	if l.Review != Unreviewed || l.Language != "es" {
		t.Errorf("got %s, %s", l.Review, l.Language)
	}
	for form, text := range forms(t, l) {
		if strings.Contains(text, string(Unreviewed)) {
			t.Errorf("the %s form shows it", form)
		}
	}
}

func TestNew_RefusesWhatLacksAFact(t *testing.T) {
	for _, kind := range Kinds() {
		n := sample(kind)
		if _, err := New(n); err != nil {
			t.Errorf("a whole %s: %v", kind, err)
		}
		n.Facts = Facts{Line: n.Facts.Line}
		_, err := New(n)
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s without facts: got %v", kind, err)
			continue
		}
		for _, fact := range Requirements(kind).Facts {
			if !strings.Contains(fault.MessageOf(err), string(fact)) {
				t.Errorf("%s without facts: %q does not name %s", kind, fault.MessageOf(err), fact)
			}
		}
	}
	for what, change := range map[string]func(*Notice){
		"no kind": func(n *Notice) { n.Kind = "nothing" }, "no book": func(n *Notice) { n.Book = 0 }, "no key": func(n *Notice) { n.Key = "" },
		"a long key": func(n *Notice) { n.Key = strings.Repeat("k", KeyMax+1) }, "no date": func(n *Notice) { n.MadeOn = calendar.Date{} },
		"no line": func(n *Notice) { n.Facts.Line = "" }, "no policy": func(n *Notice) { n.Policy = coverage.Key{} },
		"months the wrong way": func(n *Notice) { n.Facts.LastMonth = n.Facts.FirstMonth.Add(-1) },
	} {
		n := sample(Invoice)
		change(&n)
		if _, err := New(n); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// Whom to complain to is the law's demand: without it nothing is sent.
func TestCompose_RefusesAPackWithoutRegulator(t *testing.T) {
	sender := frontRange(t)
	sender.Pack.Rules = nil
	_, err := Compose(sample(StateGrace), sender, reader())
	if fault.KindOf(err) != fault.Invalid || !strings.Contains(fault.MessageOf(err), "regulator") {
		t.Errorf("got %v", err)
	}
	if _, err := Compose(sample(ProviderGrace), frontRange(t), reader()); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a fact for providers: got %v", err)
	}
}

func TestCompose_WritesToTheEstate(t *testing.T) {
	to := reader()
	to.Died, to.Address.Country = true, "MX"
	n := sample(CoverageEnded)
	n.Facts.Reason = Died
	l, err := Compose(n, frontRange(t), to)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"The estate of Ana <M> O’Ruiz", "12 Juniper Street", "Apt 4", "Boulder, CO 80302-1234", "MX"}; !slices.Equal(l.To, want) {
		t.Errorf("got %q", l.To)
	}
}

// Without a page to pay at, no letter speaks of one.
func TestCompose_WithoutPayPage(t *testing.T) {
	sender := frontRange(t)
	sender.PayPage = ""
	l, err := Compose(sample(Invoice), sender, reader())
	if err != nil {
		t.Fatal(err)
	}
	if want := "By credit, debit or prepaid card: call 303-555-0143 (TTY 711)."; l.Pay[0] != want {
		t.Errorf("got %q", l.Pay[0])
	}
}

// Every way that a region takes is told of, whether it has its own sentence or
// shares one (45 CFR 156.1240(a)).
func TestWays_LeaveNoneOut(t *testing.T) {
	for _, w := range languages {
		for _, without := range append(region.Tenders(), "") {
			taken := slices.DeleteFunc(region.Tenders(), func(of region.Tender) bool { return of == without })
			ways := w.ways(taken)
			for _, tender := range taken {
				together := slices.ContainsFunc(w.Together, func(t tenders) bool {
					return slices.Contains(t.Of, tender) && !slices.Contains(t.Of, without) && slices.Contains(ways, t.Text)
				})
				if together == slices.Contains(ways, w.Tenders[tender]) {
					t.Errorf("%s, without %q: %s is told of %v in %q", w.Tag, without, tender, together, ways)
				}
			}
		}
	}
}
