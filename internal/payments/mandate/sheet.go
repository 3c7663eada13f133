package mandate

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"regexp"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/sheet"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Row is a mandate as another system tells it.
type Row struct {
	Source, SourceID string // who kept it, and its id there: together they name it for ever

	Number billpay.Number
	Opaque ident.Opaque
	Alias  billpay.Alias

	Account  BankAccount // of a bank account
	Card     StoredCard  // of a card
	Tender   Tender
	Fund     chart.Fund
	Purpose  Purpose
	Cap      money.Cents
	Day      DayRule
	Range    Range
	Expected money.Cents
	BeginsOn calendar.Date

	Validation  Validation
	ValidatedOn calendar.Date

	GivenBy  Channel
	GivenOn  calendar.Date
	Language string
	Wording  string
	Digest   [sha256.Size]byte
	Evidence Evidence // without its instant: the day is all that a file tells

	alias, aliasSource             string // as read, until the row is whole
	routing, account, kind, holder string
	business                       bool
	token, last4                   string
	expires                        calendar.Month
}

var (
	sourceForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,40}$`)
	digestForm = regexp.MustCompile(`^[0-9a-f]{64}$`)
	last4Form  = regexp.MustCompile(`^[0-9]{4}$`)
)

var mandateTable = sheet.Table[Row]{
	Columns: []sheet.Column[Row]{
		sheet.Must(sheet.Shaped("source", sourceForm, "a source is 1 to 40 letters, digits, points, underlines and hyphens", func(r *Row) *string { return &r.Source })),
		sheet.Must(sheet.Shaped("source_id", sourceForm, "an id is 1 to 40 letters, digits, points, underlines and hyphens", func(r *Row) *string { return &r.SourceID })),
		{Name: "number", Read: func(r *Row, s string) (err error) {
			r.Number, err = billpay.Parse(s)
			return plainly(err)
		}},
		{Name: "opaque_id", Read: func(r *Row, s string) (err error) {
			r.Opaque, err = ident.ParseOpaque(s)
			return err
		}},
		sheet.Text("alias", func(r *Row) *string { return &r.alias }),
		sheet.Text("alias_source", func(r *Row) *string { return &r.aliasSource }),
		// What they hold must not be repeated, so what is wrong is said of the whole account.
		sheet.Text("routing", func(r *Row) *string { return &r.routing }),
		sheet.Text("account", func(r *Row) *string { return &r.account }),
		sheet.Text("account_kind", func(r *Row) *string { return &r.kind }),
		sheet.Text("holder", func(r *Row) *string { return &r.holder }),
		sheet.YesNo("business", func(r *Row) *bool { return &r.business }),
		sheet.Text("card_token", func(r *Row) *string { return &r.token }),
		sheet.Text("card_merchant", func(r *Row) *string { return &r.Card.Merchant }),
		sheet.Text("card_brand", func(r *Row) *string { return &r.Card.Brand }),
		sheet.Shaped("card_last4", last4Form, "it has four digits", func(r *Row) *string { return &r.last4 }),
		sheet.Month("card_expires", func(r *Row) *calendar.Month { return &r.expires }),
		sheet.OneOf("fund", chart.Funds(), func(r *Row) *chart.Fund { return &r.Fund }),
		sheet.OneOf("purpose", []Purpose{Premium, Balance}, func(r *Row) *Purpose { return &r.Purpose }),
		sheet.Cents("cap", func(r *Row) *money.Cents { return &r.Cap }),
		{Name: "day", Required: true, Read: func(r *Row, s string) (err error) {
			r.Day, err = ParseDayRule(s)
			return plainly(err)
		}},
		sheet.Whole("announce_percent", 0, percentMax, func(r *Row) *int { return &r.Range.Percent }),
		sheet.Cents("announce_within", func(r *Row) *money.Cents { return &r.Range.Cents }),
		sheet.Cents("last_amount", func(r *Row) *money.Cents { return &r.Expected }),
		sheet.Must(sheet.Date("begins_on", func(r *Row) *calendar.Date { return &r.BeginsOn })),
		sheet.OneOf("validated_by", []Validation{ByPrenote, ByMicroEntries, ByService, ByUse}, func(r *Row) *Validation { return &r.Validation }),
		sheet.Date("validated_on", func(r *Row) *calendar.Date { return &r.ValidatedOn }),
		sheet.Must(sheet.OneOf("channel", []Channel{Web, Phone, Paper, Counter, Staff}, func(r *Row) *Channel { return &r.GivenBy })),
		sheet.Must(sheet.Date("given_on", func(r *Row) *calendar.Date { return &r.GivenOn })),
		sheet.Must(sheet.Text("language", func(r *Row) *string { return &r.Language })),
		sheet.Must(sheet.Text("wording", func(r *Row) *string { return &r.Wording })),
		{Name: "text_sha256", Required: true, Read: readDigest},
		sheet.Must(sheet.Text("name", func(r *Row) *string { return &r.Evidence.Name })),
		sheet.Text("authenticated", func(r *Row) *string { return &r.Evidence.Authenticated }),
		sheet.Text("recording", func(r *Row) *string { return &r.Evidence.Recording }),
		sheet.Text("document", func(r *Row) *string { return &r.Evidence.Document }),
	},
	Choices: []sheet.Choice{
		{Columns: []string{"number", "opaque_id", "alias"}, Must: "must say whose mandate it is"},
		{Columns: []string{"account", "card_token"}, Must: "must say what is debited"},
	},
	Check: checkRow,
}

func readDigest(r *Row, s string) error {
	if !digestForm.MatchString(s) {
		return fault.New(fault.Invalid, "", "it is no SHA-256: 64 digits and letters from a to f")
	}
	sum, err := hex.DecodeString(s)
	copy(r.Digest[:], sum)
	return err
}

// checkRow makes a row whole.
func checkRow(_ int, r *Row, refuse sheet.Refuse) {
	if r.Number.IsZero() && r.Opaque == "" && r.alias == "" {
		refuse("", "the row names no billing account: number, opaque_id or alias")
	}
	if r.alias != "" || r.aliasSource != "" {
		alias, err := billpay.ParseAlias(r.aliasSource, r.alias)
		if err != nil {
			refuse("alias", "%s", fault.MessageOf(err))
		}
		r.Alias = alias
	}
	r.method(refuse)
	if r.Fund == "" {
		r.Fund = chart.Premium
	}
	if r.Purpose == "" {
		r.Purpose = Balance
	}
	if r.Validation != "" && r.ValidatedOn.IsZero() {
		refuse("validated_on", "say when it was validated")
	}
	r.evidence(refuse)
}

func (r *Row) method(refuse sheet.Refuse) {
	switch {
	case (r.account == "") == (r.token == ""):
		refuse("account", "a mandate is on one bank account or one card")
	case r.account != "":
		account, err := ParseBankAccount(r.routing, r.account, r.kind, r.holder, r.business)
		if err != nil {
			refuse("account", "%s", fault.MessageOf(err))
		}
		r.Account, r.Tender = account, Bank
	default:
		r.Card.Token, r.Card.Last4, r.Card.Expires, r.Tender = secret.New(r.token), r.last4, r.expires, Card
		if err := r.Card.check(); err != nil {
			refuse("card_token", "%s", fault.MessageOf(err))
		}
	}
	r.routing, r.account, r.token = "", "", ""
}

// evidence refuses a consent without what would be shown to a bank that asks.
func (r *Row) evidence(refuse sheet.Refuse) {
	switch {
	case r.GivenBy == Web && r.Evidence.Authenticated == "":
		refuse("authenticated", "a consent on the web needs how it was made sure who agreed")
	case r.GivenBy == Phone && r.Evidence.Recording == "":
		refuse("recording", "a consent by telephone needs where its recording or written confirmation is kept")
	case r.GivenBy != Web && r.GivenBy != Phone && r.GivenBy != "" && r.Evidence.Document == "":
		refuse("document", "a consent on paper needs where the signed form is kept")
	}
	if r.Range.Percent > 0 && r.Range.Cents > 0 {
		refuse("announce_within", "a range is a percentage or an amount, not both")
	}
	if r.Purpose == Premium && r.Fund != chart.Premium {
		refuse("purpose", "premium is owed to the premium fund only")
	}
	if r.Cap > 0 && r.Cap < CapMin {
		refuse("cap", "a cap is %s or more, or none", CapMin.Grouped())
	}
}

// plainly takes the operation off an error, whose message repeats no digits.
func plainly(err error) error {
	if err == nil {
		return nil
	}
	return fault.New(fault.Invalid, "", "%s", fault.MessageOf(err))
}

// Columns lists the columns of the file in their documented order.
func Columns() []string { return mandateTable.Names() }

// ReadCSV reads the file of docs/formats/mandates-csv.md and calls each with every good
// row, in the file's order and with bounded memory. A file with problems must not be
// used. The error is each's own or that of r.
func ReadCSV(r io.Reader, each func(line int, row Row) error) ([]fault.Problem, error) {
	return mandateTable.Read(r, each)
}
