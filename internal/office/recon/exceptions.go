package recon

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// Kind is what sort of exception something is.
type Kind string

// The kinds.
const (
	LineOpen Kind = "line"              // a line that nothing explains
	Bounced  Kind = "returned"          // a returned deposit or entry whose payment was not reversed
	Swept    Kind = "sweep"             // what the bank moved between our accounts does not sum to zero
	Late     Kind = "late"              // an expected settlement that the bank has not shown in its usual days
	Gap      Kind = "statement_gap"     // a statement does not begin where the one before ended
	Differs  Kind = "statement_differs" // a second statement of a day with other balances
	Sum      Kind = "statement_sum"     // a statement's lines do not lead from its opening to its closing balance
)

// Kinds lists the kinds.
func Kinds() []Kind { return []Kind{LineOpen, Bounced, Swept, Late, Gap, Differs, Sum} }

// Exception is something that a person has to look at.
type Exception struct {
	ID       string         `json:"id"`
	Kind     Kind           `json:"kind"`
	Cash     ledger.Account `json:"-"`
	Book     ledger.BookNo  `json:"-"` // of a line
	Line     int64          `json:"-"`
	Account  ledger.Account `json:"-"` // on which its money stands
	Subject  string         `json:"subject"`
	Cents    money.Cents    `json:"cents"` // when it was opened
	Open     money.Cents    `json:"open_cents"`
	OpenedOn calendar.Date  `json:"opened_on"`
	LimitOn  calendar.Date  `json:"limit_on"`
	Owner    string         `json:"owner"`
	State    string         `json:"state"` // open or ended
	EndedOn  calendar.Date  `json:"ended_on"`
}

// The states of an exception.
const (
	StateOpen  = "open"
	StateEnded = "ended"
)

// Age is how many days it is open on a day.
func (e *Exception) Age(today calendar.Date) int { return today.Sub(e.OpenedOn) }

// ExceptionFilter says which exceptions to list, the oldest first.
type ExceptionFilter struct {
	Kind  Kind   // "" for all
	Owner string // "" for all
	Ended bool   // those that ended, instead
	After string // an id, to go on from
	Limit int
}

// Act is something that was done about an exception.
type Act struct {
	At    time.Time   `json:"at"`
	Actor ident.Actor `json:"actor"`
	Act   string      `json:"act"`
	Note  string      `json:"note"`
}

// The acts of an exception's history.
const (
	ActNote       = "note"
	ActOwner      = "owner"
	ActExtend     = "extend"
	ActQuery      = "bank_query" // the bank was asked
	ActProposed   = "proposed"   // and waits for a second person
	ActExplained  = "explained"
	ActWrittenOff = "written_off"
	ActSuspense   = "to_suspense"
	ActUnmatched  = "unmatched"
	ActSettled    = "settled"
)

// Naming says how exceptions are opened.
type Naming struct {
	Today map[chart.EntityNo]calendar.Date
	Rules Rules
}

// LimitOn gives the day up to which an exception of a kind may be open.
func (n *Naming) LimitOn(kind Kind, on calendar.Date) calendar.Date {
	return on.AddBusinessDays(max(1, n.Rules.Limits[kind]))
}

func (d *Desk) nameExceptions(ctx context.Context) error {
	o := Naming{Today: map[chart.EntityNo]calendar.Date{}, Rules: d.rules}
	for _, entity := range d.house.EntityNos() {
		o.Today[entity] = d.house.PostingDay(entity)
	}
	return d.store.NameExceptions(ctx, o)
}

// Exceptions lists exceptions.
func (d *Desk) Exceptions(ctx context.Context, f ExceptionFilter) ([]Exception, error) {
	if f.Limit <= 0 || f.Limit > 1000 {
		f.Limit = 1000
	}
	return d.store.Exceptions(ctx, f)
}

// Detail is an exception with all that is known of it.
type Detail struct {
	Exception
	Line     *BookedLine  // of a line
	Expected *Expectation // of a late settlement
	Acts     []Act
	// Candidates are expected settlements that could explain a line, those of its
	// amount first. They are suggestions: none fits by itself.
	Candidates []Expectation
}

// candidatesMax bounds what is suggested for a line.
const candidatesMax = 50

// Exception loads one with its history. NotFound when there is none.
func (d *Desk) Exception(ctx context.Context, id string) (Detail, error) {
	const op = "recon.Exception"
	e, err := d.store.Exception(ctx, id)
	if err != nil {
		return Detail{}, fault.Wrap(op, err)
	}
	detail := Detail{Exception: e}
	if detail.Acts, err = d.store.Acts(ctx, id); err != nil {
		return detail, fault.Wrap(op, err)
	}
	switch {
	case e.Book != 0:
		line, err := d.store.LineOf(ctx, e.Book, e.Line)
		if err != nil {
			return detail, fault.Wrap(op, err)
		}
		detail.Line = &line
		open, err := d.store.ExpectedList(ctx, ExpectedFilter{Cash: e.Cash, Open: true, Codes: line.Family.Codes(), Near: e.Open, Limit: candidatesMax})
		if err != nil {
			return detail, fault.Wrap(op, err)
		}
		detail.Candidates = open
	case e.Kind == Late:
		expected, err := d.store.ExpectedOf(ctx, e.Account, e.Subject)
		if err != nil {
			return detail, fault.Wrap(op, err)
		}
		detail.Expected = &expected
	}
	return detail, nil
}

// ExpectedFilter says which expected settlements to list.
type ExpectedFilter struct {
	Cash  ledger.Account // 0 for all
	Open  bool
	Codes int64       // a bit for each clearing account, 0 for all
	Near  money.Cents // those that bring this amount come first
	Limit int
}

// Expected lists expected settlements.
func (d *Desk) Expected(ctx context.Context, f ExpectedFilter) ([]Expectation, error) {
	return d.store.ExpectedList(ctx, f)
}

// Note adds a remark to an exception's history.
func (d *Desk) Note(ctx context.Context, id string, by ident.Actor, text string) error {
	return d.act(ctx, id, by, ActNote, text, "", calendar.Date{})
}

// AskedBank notes that the bank was asked about it.
func (d *Desk) AskedBank(ctx context.Context, id string, by ident.Actor, text string) error {
	return d.act(ctx, id, by, ActQuery, text, "", calendar.Date{})
}

// Own gives an exception to somebody.
func (d *Desk) Own(ctx context.Context, id string, by ident.Actor, owner string) error {
	if owner == "" || len(owner) > 100 {
		return fault.New(fault.Invalid, "recon.Own", "an owner is a name of 1 to 100 characters")
	}
	return d.act(ctx, id, by, ActOwner, owner, owner, calendar.Date{})
}

// Extend gives an exception more time, with a reason. At most twenty business days
// from today at once.
func (d *Desk) Extend(ctx context.Context, id string, by ident.Actor, to calendar.Date, reason string) error {
	const op = "recon.Extend"
	e, err := d.store.Exception(ctx, id)
	if err != nil {
		return fault.Wrap(op, err)
	}
	purse, _, err := purseOf(e.Cash)
	if err != nil {
		return err
	}
	today := d.house.PostingDay(purse.Entity)
	if !to.After(today) || to.After(today.AddBusinessDays(20)) {
		return fault.New(fault.Invalid, op, "the new limit lies after today and within twenty business days")
	}
	if reason == "" {
		return fault.New(fault.Invalid, op, "say why it needs more time")
	}
	return d.act(ctx, id, by, ActExtend, to.String()+": "+reason, "", to)
}

func (d *Desk) act(ctx context.Context, id string, by ident.Actor, act, note, owner string, limit calendar.Date) error {
	const op = "recon.Act"
	if by.IsZero() {
		return fault.New(fault.Denied, op, "nothing is done about an exception without a named actor")
	}
	if note == "" || len(note) > ledger.ReasonMax {
		return fault.New(fault.Invalid, op, "write 1 to %d characters", ledger.ReasonMax)
	}
	return d.store.AddAct(ctx, id, Act{At: d.clock.Now(), Actor: by, Act: act, Note: note}, owner, limit)
}

// Proposal is what somebody wants to do about an exception.
type Proposal struct {
	ID     string      `json:"id"`
	Act    string      `json:"act"`
	With   []string    `json:"with,omitempty"` // expected settlements that explain a line, as Name writes them
	To     string      `json:"to,omitempty"`   // the account written off to, or whom the money is for
	Reason string      `json:"reason"`
	Open   money.Cents `json:"open_cents"` // as it stood: what was agreed to is not done to something else
}

// Name writes an expectation's name: its account and source.
func (e *Expectation) Name() string { return fmt.Sprintf("%d:%s", e.Account, e.Source) }

func parseName(name string) (account ledger.Account, source string, err error) {
	for i := range name {
		if name[i] == ':' {
			_, err = fmt.Sscanf(name[:i], "%d", &account)
			return account, name[i+1:], err
		}
	}
	return 0, "", fmt.Errorf("%q names no expected settlement", name)
}

func (p *Proposal) digest() [32]byte {
	b, _ := json.Marshal(p) // texts and numbers always marshal
	return sha256.Sum256(b)
}

// Outcome is what became of a proposal.
type Outcome struct {
	Done    bool
	Waiting *approval.Request // for a second person
}

// Explain says by hand which expected settlements a line settles: their sum is what is
// open of the line, to the cent. Above the limit a second person agrees first.
func (d *Desk) Explain(ctx context.Context, id string, by ident.Actor, with []string, reason string) (Outcome, error) {
	return d.propose(ctx, by, Proposal{ID: id, Act: ActExplained, With: slices.Sorted(slices.Values(with)), Reason: reason})
}

// WriteOff takes what is open off to bank charges or losses. A second person agrees
// first, whatever the amount.
func (d *Desk) WriteOff(ctx context.Context, id string, by ident.Actor, to chart.Code, reason string) (Outcome, error) {
	if to != chart.BankCharges && to != chart.Losses {
		return Outcome{}, fault.New(fault.Invalid, "recon.WriteOff", "what is written off goes to %s or %s", chart.BankCharges, chart.Losses)
	}
	return d.propose(ctx, by, Proposal{ID: id, Act: ActWrittenOff, To: to.String(), Reason: reason})
}

// ToSuspense makes what is open of a credit a payment: for a number, or without one into
// suspense, where its owner is looked for.
func (d *Desk) ToSuspense(ctx context.Context, id string, by ident.Actor, reference, reason string) (Outcome, error) {
	return d.propose(ctx, by, Proposal{ID: id, Act: ActSuspense, To: reference, Reason: reason})
}

// Settle ends an exception about a second statement of a day, when the bank has said
// which one holds. A second person agrees first.
func (d *Desk) Settle(ctx context.Context, id string, by ident.Actor, reason string) (Outcome, error) {
	return d.propose(ctx, by, Proposal{ID: id, Act: ActSettled, Reason: reason})
}

func (d *Desk) propose(ctx context.Context, by ident.Actor, p Proposal) (Outcome, error) {
	const op = "recon.Propose"
	e, err := d.store.Exception(ctx, p.ID)
	if err != nil {
		return Outcome{}, fault.Wrap(op, err)
	}
	if e.State != StateOpen || e.Open == 0 && p.Act != ActSettled {
		return Outcome{}, fault.New(fault.Conflict, op, "this exception has ended or is of no amount")
	}
	if p.Reason == "" || len(p.Reason) > ledger.ReasonMax {
		return Outcome{}, fault.New(fault.Invalid, op, "say why, in at most %d characters", ledger.ReasonMax)
	}
	p.Open = e.Open
	if p.Act == ActWrittenOff || p.Act == ActSettled || abs(p.Open) > d.rules.Decide {
		kind := approval.Exception
		if p.Act == ActWrittenOff {
			kind = approval.WriteOff
		}
		request, agreed, err := d.agreed(ctx, kind, &p, by)
		if err != nil || !agreed {
			return Outcome{Waiting: &request}, err
		}
	}
	if err := d.carryOut(ctx, by, &e, &p); err != nil {
		return Outcome{}, err
	}
	return Outcome{Done: true}, d.nameExceptions(ctx)
}

// agreed asks for a second person's word and notes the proposal with the first asking.
func (d *Desk) agreed(ctx context.Context, kind approval.Kind, p *Proposal, by ident.Actor) (approval.Request, bool, error) {
	subject := fmt.Sprintf("%x", sha256.Sum256([]byte(p.ID)))[:32]
	request, agreed, err := d.approval.Agreed(ctx, kind, subject, p.digest())
	if err != nil || agreed {
		return request, agreed, err
	}
	request, err = d.approval.Ask(ctx, kind, subject, p.digest(), abs(p.Open), by, p.Reason)
	if err != nil || request.State != approval.Asked || request.Maker != by {
		return request, false, err
	}
	text, err := json.Marshal(p)
	if err != nil {
		return request, false, err
	}
	return request, false, d.store.AddAct(ctx, p.ID, Act{At: d.clock.Now(), Actor: by, Act: ActProposed, Note: string(text)}, "", calendar.Date{})
}

// CarryAgreed carries out what was proposed about an exception and agreed to since.
// Done is false when nothing of it was agreed to.
func (d *Desk) CarryAgreed(ctx context.Context, id string, by ident.Actor) (Outcome, error) {
	acts, err := d.store.Acts(ctx, id)
	if err != nil {
		return Outcome{}, fault.Wrap("recon.CarryAgreed", err)
	}
	for i := len(acts) - 1; i >= 0; i-- {
		var p Proposal
		if acts[i].Act != ActProposed || json.Unmarshal([]byte(acts[i].Note), &p) != nil {
			continue
		}
		return d.propose(ctx, acts[i].Actor, p)
	}
	return Outcome{}, nil
}

func abs(c money.Cents) money.Cents {
	if c < 0 {
		return -c
	}
	return c
}

func (d *Desk) carryOut(ctx context.Context, by ident.Actor, e *Exception, p *Proposal) error {
	const op = "recon.CarryOut"
	var err error
	switch {
	case p.Act == ActSettled:
		err = d.settle(ctx, e)
	case e.Kind == Late && p.Act == ActWrittenOff:
		err = d.writeOffExpected(ctx, by, e, p)
	case e.Book == 0:
		return fault.New(fault.Invalid, op, "an exception of kind %q is not explained by hand", e.Kind)
	case p.Act == ActExplained:
		err = d.explainByHand(ctx, by, e, p)
	case p.Act == ActWrittenOff:
		err = d.legsByHand(ctx, by, e, p, []cashier.BankLeg{{Account: roleOf(e.Cash, codeNamed(p.To)), Cents: e.Open}})
	case p.Act == ActSuspense:
		err = d.asPayment(ctx, by, e, p)
	}
	if err != nil {
		return fault.Wrap(op, err)
	}
	return d.store.AddAct(ctx, e.ID, Act{At: d.clock.Now(), Actor: by, Act: p.Act, Note: p.Reason}, "", calendar.Date{})
}

func (d *Desk) settle(ctx context.Context, e *Exception) error {
	if e.Kind != Differs {
		return fault.New(fault.Invalid, "recon.Settle", "an exception of kind %q ends when its cause does", e.Kind)
	}
	purse, _, err := purseOf(e.Cash)
	if err != nil {
		return err
	}
	return d.store.EndException(ctx, e.ID, d.house.PostingDay(purse.Entity))
}

func roleOf(cash ledger.Account, code chart.Code) ledger.Account {
	return ledger.Account(cash.Purse()*100 + int32(code))
}

func codeNamed(name string) chart.Code {
	if name == chart.BankCharges.String() {
		return chart.BankCharges
	}
	return chart.Losses
}

func (d *Desk) explainByHand(ctx context.Context, by ident.Actor, e *Exception, p *Proposal) error {
	const op = "recon.Explain"
	var pairs []PairTo
	for _, name := range p.With {
		account, source, err := parseName(name)
		if err != nil {
			return fault.New(fault.Invalid, op, "%v", err)
		}
		expected, err := d.store.ExpectedOf(ctx, account, source)
		if err != nil {
			return err
		}
		if expected.Open() == 0 {
			return fault.New(fault.Conflict, op, "the expected settlement %s is settled already", name)
		}
		pairs = append(pairs, PairTo{Pair{Account: account, Source: source, Cents: expected.Comes()}, expected.Settled, expected.Open() - expected.Comes()})
	}
	legs, sum := legsOf(pairs)
	if sum != e.Open {
		return fault.New(fault.Invalid, op, "what is named sums to %s, and %s of the line is open: there is no tolerance", sum, e.Open)
	}
	return d.legsByHand(ctx, by, e, p, legs)
}

func (d *Desk) legsByHand(ctx context.Context, by ident.Actor, e *Exception, p *Proposal, legs []cashier.BankLeg) error {
	line, err := d.lineOf(ctx, e)
	if err != nil {
		return err
	}
	return d.explain(ctx, by, p.Reason, &line, legs, "by hand")
}

// lineOf loads an exception's line as it stands now.
func (d *Desk) lineOf(ctx context.Context, e *Exception) (PairedLine, error) {
	booked, err := d.store.LineOf(ctx, e.Book, e.Line)
	if err != nil {
		return PairedLine{}, err
	}
	line := PairedLine{KeptLine: booked.KeptLine, Print: booked.Print, AsOf: booked.AsOf, Cash: booked.Cash, Book: booked.Book}
	line.Steps, line.First, line.Open = booked.Stands()
	if line.Open != e.Open {
		return line, fault.New(fault.Conflict, "recon.lineOf", "the line moved meanwhile: %s of it is open", line.Open)
	}
	return line, nil
}

// writeOffExpected gives up an expected settlement that never came.
func (d *Desk) writeOffExpected(ctx context.Context, by ident.Actor, e *Exception, p *Proposal) error {
	expected, err := d.store.ExpectedOf(ctx, e.Account, e.Subject)
	if err != nil {
		return err
	}
	if expected.Open() != p.Open {
		return fault.New(fault.Conflict, "recon.WriteOff", "it moved meanwhile: %s is open", expected.Open())
	}
	purse, _, err := purseOf(e.Cash)
	if err != nil {
		return err
	}
	today := d.house.PostingDay(purse.Entity)
	book, err := d.store.DayBook(ctx, fmt.Sprintf("written off %d", e.Cash), today)
	if err != nil {
		return err
	}
	number := fnv.New64a()
	number.Write([]byte(e.ID))
	to := roleOf(e.Account, codeNamed(p.To))
	step := cashier.BankLine{No: int64(number.Sum64() >> 1), Step: 2 + int64(expected.Settled&0xffff), On: today, Rule: "written off", Legs: []cashier.BankLeg{
		{Account: to, Cents: -p.Open}, {Account: e.Account, Source: e.Subject, Cents: p.Open, Was: expected.Settled},
	}}
	return d.postLines(ctx, by, p.Reason, book, e.Cash, []cashier.BankLine{step})
}

// asPayment makes a payment of what nothing explains.
func (d *Desk) asPayment(ctx context.Context, by ident.Actor, e *Exception, p *Proposal) error {
	const op = "recon.ToSuspense"
	line, err := d.lineOf(ctx, e)
	if err != nil {
		return err
	}
	if line.Open < 0 {
		return fault.New(fault.Invalid, op, "the bank took this money: it cannot be a payment")
	}
	purse, _, err := purseOf(e.Cash)
	if err != nil {
		return err
	}
	part := payment.Part{
		Reference: p.To, Amount: line.Open, Received: purse,
		Details: suspense.Details{Reference: line.CustomerRef + " " + line.Text, Source: "bank line of " + line.AsOf.String()},
	}
	if p.To == "" {
		part.Doubt = suspense.NoNumber
	}
	in := payment.Instruction{
		Key: ident.Key(fmt.Sprintf("bank-line:%d:%d:%d", e.Book, e.Line, line.Steps)), Rail: payment.Bank, Amount: line.Open,
		Received: line.AsOf, Actor: by, Source: e.Book, Parts: []payment.Part{part},
	}
	outcomes, err := d.cashier.Post(ctx, []payment.Instruction{in}, nil)
	if err == nil {
		err = outcomes[0].Err
	}
	if err != nil {
		return err
	}
	if err := d.refresh(ctx); err != nil {
		return err
	}
	account := roleOf(e.Cash, chart.Unidentified)
	return d.store.HoldAgainst(ctx, &line, account, paymentSource+string(outcomes[0].Answer.Payment), line.Open, d.house.PostingDay(purse.Entity))
}

// paymentSource begins the source of what a payment of its own line put on its account.
const paymentSource = "p"

// Unmatch takes back what explained a line: it is open again, and so is what it had
// settled. Conflict when nothing explains it.
func (d *Desk) Unmatch(ctx context.Context, book ledger.BookNo, no int64, by ident.Actor, reason string) error {
	const op = "recon.Unmatch"
	if reason == "" || by.IsZero() {
		return fault.New(fault.Invalid, op, "say who takes the match back and why")
	}
	booked, err := d.store.LineOf(ctx, book, no)
	if err != nil {
		return fault.Wrap(op, err)
	}
	step := cashier.BankLine{No: no, On: booked.AsOf, Rule: "taken back", Step: 1}
	type key struct {
		account ledger.Account
		source  string
	}
	stands, order, total := map[key]money.Cents{}, []key{}, money.Cents(0)
	for _, leg := range booked.Legs {
		step.Step = max(step.Step, leg.Step+1)
		if leg.Step == 1 {
			step.Of = leg.Seq
		}
		if chart.Code(leg.Account%100) == chart.Unidentified {
			continue
		}
		k := key{leg.Account, leg.Source}
		if _, seen := stands[k]; !seen {
			order = append(order, k)
		}
		stands[k] += leg.Cents
		total += leg.Cents
	}
	step.Legs = []cashier.BankLeg{{Account: roleOf(booked.Cash, chart.Unidentified), Cents: total}}
	for _, k := range order {
		if stands[k] == 0 {
			continue
		}
		leg := cashier.BankLeg{Account: k.account, Source: k.source, Cents: -stands[k]}
		if k.source != "" {
			expected, err := d.store.ExpectedOf(ctx, k.account, k.source)
			if err != nil {
				return fault.Wrap(op, err)
			}
			leg.Was = expected.Settled
		}
		step.Legs = append(step.Legs, leg)
	}
	if len(step.Legs) == 1 {
		return fault.New(fault.Conflict, op, "nothing explains this line")
	}
	if err := d.postLines(ctx, by, reason, book, booked.Cash, []cashier.BankLine{step}); err != nil {
		return fault.Wrap(op, err)
	}
	if err := d.nameExceptions(ctx); err != nil {
		return fault.Wrap(op, err)
	}
	id := fmt.Sprintf("l:%d:%d", book, no)
	return d.store.AddAct(ctx, id, Act{At: d.clock.Now(), Actor: by, Act: ActUnmatched, Note: reason}, "", calendar.Date{})
}
