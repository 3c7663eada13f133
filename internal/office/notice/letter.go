package notice

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	htmltemplate "html/template"
	"slices"
	"strings"
	"text/template"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

// Rules of a region pack by which a letter names whom one may complain to. They
// are dated, cited and per coverage line as every rule.
const (
	RegulatorName  = "regulator.name"
	RegulatorPhone = "regulator.phone"
)

// Sender is what letters say of those who send them.
type Sender struct {
	Pack    region.Pack
	PayPage string // address of the page on which everybody can pay, or ""
}

// Addressee is to whom a letter goes.
type Addressee struct {
	Book    ledger.BookNo
	Name    string
	Died    bool // it goes to the estate
	Address member.Address
	Region  region.ID
	Format  member.Format // as wished for: what is neither print nor large print is made by hand
}

// Lines gives the name and address as they stand in an envelope's window.
func (a *Addressee) lines(w *words) []string {
	name := a.Name
	if a.Died {
		name = fmt.Sprintf(w.Estate, name)
	}
	lines := []string{name, a.Address.Line1}
	if a.Address.Line2 != "" {
		lines = append(lines, a.Address.Line2)
	}
	lines = append(lines, strings.TrimSpace(a.Address.City+", "+a.Address.State+" "+a.Address.ZIP))
	if a.Address.Country != "" && a.Address.Country != "US" {
		lines = append(lines, a.Address.Country)
	}
	return lines
}

// Row is a label and what it stands for.
type Row struct{ Label, Value string }

// Letter is a notice in words, ready for every form: plain text, HTML and paper
// say the same because each is made of this.
type Letter struct {
	Kind     Kind
	Language string // BCP 47
	Review   Review // of the translation; never shown to members
	Region   region.ID

	Plan     string // the plan's name
	From     []string
	To       []string
	ZIP      string // of the addressee, by which paper is sorted
	Date     string
	Heading  string
	Rows     []Row // what matters most: number, amounts, dates
	Bill     *Bill // of a bill, else nil
	Parts    []string
	PayTitle string
	Pay      []string // ways to pay, none where there is nothing to pay
	PaidNote string
	Ask      string
	Call     string
	HelpIn   string
	Help     []Help // that an interpreter is free, in each language of the region
}

// Help is the language line of one language.
type Help struct{ Tag, Text string }

//go:embed letters
var letters embed.FS

var (
	plainLetter  = template.Must(template.ParseFS(letters, "letters/letter.txt"))
	markedLetter = htmltemplate.Must(htmltemplate.ParseFS(letters, "letters/letter.html"))
)

// Compose puts a notice into words. Invalid when it is no letter or lacks what its
// rule demands, also of the region's pack: then it must not be sent.
func Compose(n Notice, sender Sender, to Addressee) (*Letter, error) {
	const op = "notice.Compose"
	w := wordsFor(n.Language)
	said, is := w.Kinds[n.Kind]
	if !is {
		return nil, fault.New(fault.Invalid, op, "%s is no letter", n.Kind)
	}
	if err := n.Facts.check(n.Kind); err != nil {
		return nil, err
	}
	if n.Kind == Invoice && n.Bill == nil {
		return nil, fault.New(fault.Invalid, op, "a notice %s lacks its bill", n.Kind)
	}
	number, err := billpay.FromInt(int64(n.Book))
	if err != nil {
		return nil, fault.New(fault.Invalid, op, "the account of a notice %s has no bill pay number", n.Kind)
	}
	contact, _ := sender.Pack.Contact(region.Premiums, contactType(n.Facts.Line))
	f := filling{w, &n, &sender, contact.Phone}
	l := &Letter{
		Kind: n.Kind, Language: w.Tag, Review: said.Review, Region: to.Region, Plan: sender.Pack.Brand.PlanName, From: addressLines(sender.Pack.Street),
		To: to.lines(w), ZIP: to.Address.ZIP, Date: w.date(n.MadeOn),
		Rows: []Row{{w.Number, number.Grouped()}},
		Ask:  w.Questions, Call: fmt.Sprintf(w.Call, contact.Phone.Number, contact.Phone.TTY), HelpIn: w.OtherLanguages,
	}
	if !n.Kind.OfAccount() {
		l.Rows = append(l.Rows, Row{w.Coverage, capital(w.coverage(&n.Facts))})
	}
	for _, language := range sender.Pack.Languages {
		l.Help = append(l.Help, Help{language.Tag, language.Interpreter})
	}
	if err := f.fill(l, said); err != nil {
		return nil, err
	}
	if n.Bill != nil {
		l.Bill = w.bill(n.Bill)
	}
	return l, nil
}

// filling puts facts where the words name them.
type filling struct {
	*words
	n     *Notice
	from  *Sender
	phone region.Phone
}

func (f *filling) fill(l *Letter, said letterWords) (err error) {
	put := func(text string) string {
		filled, missing := f.put(text)
		if missing != "" && err == nil {
			err = fault.New(fault.Invalid, "notice.Compose", "a notice %s lacks %s", f.n.Kind, missing)
		}
		return filled
	}
	here := func(when Fact) bool { return when == "" || f.n.Facts.has(when) }
	l.Heading = put(said.Heading)
	for _, row := range said.Rows {
		if here(row.When) {
			l.Rows = append(l.Rows, Row{row.Label, put(row.Value)})
		}
	}
	for _, p := range said.Parts {
		if here(p.When) {
			l.Parts = append(l.Parts, put(p.Text))
		}
	}
	if said.Pay && (f.n.Bill == nil || f.n.Bill.Pay() > 0) {
		l.PayTitle, l.PaidNote = f.HowToPay, f.AlreadyPaid
		for _, way := range f.ways(f.from.Pack.Tenders) {
			l.Pay = append(l.Pay, put(way))
		}
	}
	return err
}

// ways says how to pay, alike for every way that a region takes, in the order of
// its pack.
func (w *words) ways(taken []region.Tender) []string {
	var ways []string
	said := map[region.Tender]bool{}
	for _, tender := range taken {
		if said[tender] {
			continue
		}
		text := w.Tenders[tender]
		for _, t := range w.Together {
			missing := func(of region.Tender) bool { return !slices.Contains(taken, of) }
			if !slices.Contains(t.Of, tender) || slices.ContainsFunc(t.Of, missing) {
				continue
			}
			text = t.Text
			for _, of := range t.Of {
				said[of] = true
			}
		}
		ways = append(ways, text)
	}
	return ways
}

// put fills a text; missing names a fact that it needs and that is not there.
func (f *filling) put(text string) (filled, missing string) {
	var out strings.Builder
	for {
		before, rest, found := strings.Cut(text, "{")
		out.WriteString(before)
		if !found {
			return out.String(), missing
		}
		name, after, _ := strings.Cut(rest, "}")
		value, ok := f.value(name)
		if !ok {
			missing = name
		}
		out.WriteString(value)
		text = after
	}
}

// value gives what a name in braces stands for.
func (f *filling) value(name string) (string, bool) {
	facts, pack := &f.n.Facts, &f.from.Pack
	if fact := Fact(name); facts.has(fact) {
		return f.fact(facts, fact), true
	}
	switch name {
	case "coverage":
		return f.coverage(facts), true
	case "grace":
		return fmt.Sprintf(f.Span, f.date(facts.GraceFrom), f.date(facts.GraceTo)), !facts.GraceFrom.IsZero() && !facts.GraceTo.IsZero()
	case "uncovered_from":
		return f.date(facts.CoverEnds.AddDays(1)), !facts.CoverEnds.IsZero()
	case "phone":
		return fmt.Sprintf("%s (TTY %s)", f.phone.Number, f.phone.TTY), f.phone.Number != ""
	case "page":
		if f.from.PayPage == "" {
			return "", true
		}
		return fmt.Sprintf(f.Page, f.from.PayPage), true
	case "street":
		return strings.Join(addressLines(pack.Street), ", "), true
	case "remit":
		if f.n.Bill != nil { // one bill names one address for checks
			return strings.Join(remitLines(f.n.Bill.RemitTo), ", "), true
		}
		return strings.Join(addressLines(pack.Remit), ", "), true
	case "regulator", "regulator_phone":
		id := RegulatorName
		if name != "regulator" {
			id = RegulatorPhone
		}
		rule, ok := pack.RuleOn(id, string(facts.Line), f.n.MadeOn)
		return rule.Value, ok
	}
	return "", false
}

// fact writes a fact that is there.
func (f *filling) fact(facts *Facts, fact Fact) string {
	switch fact {
	case FactAmount:
		return facts.Amount.Grouped()
	case FactReceived:
		return facts.Received.Grouped()
	case FactFee:
		return facts.Fee.Grouped()
	case FactMonths:
		return f.months(facts.FirstMonth, facts.LastMonth)
	case FactInvoice:
		return facts.Invoice
	case FactReason:
		return f.Reasons[facts.Reason]
	case FactReturn:
		return f.Returns[facts.Return]
	case FactMethod:
		return f.Refunds[facts.Method]
	case FactAgency:
		return f.Agencies[facts.Agency]
	}
	if date, is := facts.dates()[fact]; is {
		return f.date(date)
	}
	return f.debit(facts.Autopay, fact)
}

// contactType is who answers for a line.
func contactType(line coverage.Line) region.CoverageType {
	switch {
	case line.OnExchange():
		return region.Exchange
	case line.Medicare():
		return region.Medicare
	case line == coverage.COBRA || line == coverage.StateCont:
		return region.COBRA
	case line == coverage.Group:
		return region.Employer
	}
	return region.Direct
}

func addressLines(a region.Address) []string {
	lines := []string{a.Name, a.Line1}
	if a.Line2 != "" {
		lines = append(lines, a.Line2)
	}
	return append(lines, a.City+", "+a.State+" "+a.ZIP)
}

// capital makes the first letter of a value large: it stands alone there.
func capital(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// Text writes the letter as plain text.
func (l *Letter) Text() (string, error) {
	var out bytes.Buffer
	if err := plainLetter.Execute(&out, l); err != nil {
		return "", fault.New(fault.Internal, "notice.Text", "%v", err)
	}
	return out.String(), nil
}

// HTML writes the letter as a document of its own, without style and script: who
// shows it brings the style.
func (l *Letter) HTML() (string, error) {
	var out bytes.Buffer
	if err := markedLetter.Execute(&out, l); err != nil {
		return "", fault.New(fault.Internal, "notice.HTML", "%v", err)
	}
	return out.String(), nil
}

// digest names what was sent: the SHA-256 of the plain text, in hex.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
