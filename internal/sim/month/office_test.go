package month_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/office/autopay"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/checkout"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/office/recon"
	"github.com/billfold/billfold/internal/office/reversal"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	achrail "github.com/billfold/billfold/internal/rail/ach"
	"github.com/billfold/billfold/internal/rail/bankbill"
	lockboxrail "github.com/billfold/billfold/internal/rail/lockbox"
	"github.com/billfold/billfold/internal/rail/statement"
	"github.com/billfold/billfold/internal/rail/wire"
	"github.com/billfold/billfold/internal/sim/compare"
	"github.com/billfold/billfold/internal/sim/month"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

var (
	clerk   = ident.Actor{Kind: ident.Staff, Name: "treasurer"}
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
)

// house is a plan of one legal entity with one bank account.
type house struct{ storetest.House }

func (house) Receiver(string, string) (chart.Purse, bool) { return premium, true }
func (house) EntityNos() []chart.EntityNo                 { return []chart.EntityNo{1} }
func (house) BankPurses() []chart.Purse                   { return []chart.Purse{premium} }
func (house) DayOf(_ chart.EntityNo, at time.Time) calendar.Date {
	return calendar.In(at, time.UTC)
}

type keys struct{ private ed25519.PrivateKey }

func (k keys) Sign(message []byte) (string, []byte) { return "test", ed25519.Sign(k.private, message) }
func (k keys) PublicKey(id string) (ed25519.PublicKey, bool) {
	return k.private.Public().(ed25519.PublicKey), id == "test"
}

// outbox keeps the files that the clearing desk placed.
type outbox struct{ placed [][]byte }

func (o *outbox) Put(_ context.Context, _, _ string, data io.Reader) error {
	content, err := io.ReadAll(data)
	o.placed = append(o.placed, content)
	return err
}

// noPayouts is told of refunds by credit, of which there are none.
type noPayouts struct{}

func (noPayouts) Sent(context.Context, payment.ID, ident.Key, calendar.Date, ident.Actor) error {
	return nil
}

func (noPayouts) Returned(context.Context, payment.ID, ident.Key, string, calendar.Date, ident.Actor) error {
	return nil
}

// bankFile is a statement as the office takes it.
type bankFile struct {
	intake.Deposits
	desk *recon.Desk
	read recon.Reader
}

func (f bankFile) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	if _, err := f.desk.Load(ctx, file.Book, open, f.read); err != nil {
		return nil, err
	}
	return f.desk.Run(ctx, file.Actor)
}

// entryFile is a file of entries: credits are posted, answers and reversals carried out.
type entryFile struct {
	achrail.Rail
	reversals *reversal.Desk
}

func (f entryFile) Rest(ctx context.Context, file intake.Kept, open func() io.Reader) (any, error) {
	if _, err := f.reversals.Take(ctx, file.Actor, func(each func(reversal.Wanted) error) error {
		_, err := bankbill.Reversals(open(), each)
		return err
	}); err != nil {
		return nil, err
	}
	return f.Rail.Rest(ctx, file, open)
}

// product is the whole office, made of its own parts.
type product struct {
	*storetest.Office
	*testing.T
	keys     keys
	intake   *intake.Intake
	clearing *clearing.Desk
	recon    *recon.Desk
	outbox   *outbox
	numbers  []billpay.Number
	made     map[string]cashier.Answer // payments that the office took, by the month's key
	entries  map[string]clearing.Entry // debits, by the month's key
	results  []intake.Result
	payouts  []month.Payout
	closed   calendar.Date
}

func newProduct(t *testing.T, o *storetest.Office) *product {
	t.Helper()
	_, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	zone, err := time.LoadLocation("America/New_York")
	if err != nil {
		t.Fatal(err)
	}
	p := &product{
		Office: o, T: t, keys: keys{private}, outbox: &outbox{}, made: map[string]cashier.Answer{}, entries: map[string]clearing.Entry{},
		numbers: o.Members(t, 60),
	}
	h := house{storetest.House{Clock: o.Clock}}
	approvals := approval.New(o.Store, o.Clock)
	p.clearing = clearing.New(clearing.Parts{
		Store: o.Store, House: h, Cashier: o.Cashier, Approvals: approvals, Press: achrail.Press{}, Outbox: p.outbox, Clock: o.Clock,
		Bank: clearing.Bank{
			ODFI: "990000107", Destination: "990000107", Origin: company, OriginName: "PLAN", Zone: zone, Folder: "ach",
			Windows:   []clearing.Window{{Name: "standard", Hour: 20}},
			Companies: map[chart.Fund]clearing.Company{chart.Premium: {ID: company, Name: "PLAN", Description: "PREMIUM"}},
		},
	})
	p.clearing.Tell(&autopay.Desk{Store: o.Store, House: h, Clearing: p.clearing, Clock: o.Clock}, noPayouts{})
	print := func(number secret.Text) (string, error) {
		sum, err := o.Vault.Fingerprint(number, "bank account")
		return hex.EncodeToString(sum), err
	}
	p.recon = recon.New(o.Store, o.Cashier, h, o.Clock, print, recon.DefaultRules(), approvals, p.keys)
	var setting wire.Setting
	entries := entryFile{
		achrail.Rail{Rail: bankbill.Rail{Answers: true, Reversals: true}, Desk: p.clearing}, reversal.New(o.Store, o.Cashier),
	}
	p.intake = intake.New(o.Store, o.Cashier, h, o.Clock, lockboxrail.New(), entries, wire.Advices{Setting: setting},
		bankFile{wire.Rail{Setting: setting}, p.recon, statement.BAI2(setting)}, bankFile{wire.Camt{Setting: setting}, p.recon, statement.Camt})
	return p
}

func (p *product) must(err error) {
	p.Helper()
	if err != nil {
		p.Fatal(err)
	}
}

func (p *product) digits() (all []string) {
	for _, no := range p.numbers {
		all = append(all, no.Digits())
	}
	return all
}

func (p *product) bookOf(number string) ledger.BookNo {
	no, err := billpay.Parse(number)
	p.must(err)
	return ledger.BookNo(no)
}

// day plays one banking day of the office.
func (p *product) day(d month.Day) month.Sent {
	p.Helper()
	p.Clock.Advance(time.Date(d.Date.Time().Year(), d.Date.Time().Month(), d.Date.Time().Day(), 15, 0, 0, 0, time.UTC).Sub(p.Clock.Now()))
	for _, payout := range d.Payouts {
		p.report(payout)
	}
	p.payouts = append(p.payouts, d.Payouts...)
	for _, f := range d.Files {
		if f.Kind == "ach_ack" {
			continue
		}
		result, err := p.intake.Take(p.Context(), f.Name, bytes.NewReader(f.Content), clerk, nil)
		if err != nil {
			p.Fatalf("%s: %v", f.Name, err)
		}
		p.results = append(p.results, result)
	}
	p.take(payment.Counter, d.Counter)
	p.take(payment.Card, d.Cards)
	sent := month.Sent{Issued: p.checks(d)}
	p.pull(d)
	sent.Files, p.outbox.placed = p.outbox.placed, nil
	_, err := p.recon.Run(p.Context(), clerk)
	p.must(err)
	return sent
}

// take posts payments that the office takes itself, from one drawer or day.
func (p *product) take(rail payment.Rail, payments []month.Payment) {
	p.Helper()
	source, err := p.Store.OpenOperatingBook(p.Context(), "till", 4)
	p.must(err)
	var group []payment.Instruction
	for _, m := range payments {
		group = append(group, payment.Instruction{
			Key: ident.Key(m.Key), Rail: rail, Amount: m.Amount, Received: calendar.In(p.Clock.Now(), time.UTC), Actor: clerk, Source: source,
			Parts: []payment.Part{{Reference: m.Number, Amount: m.Amount, Received: premium}},
		})
	}
	outcomes, err := p.Cashier.Post(p.Context(), group, nil)
	p.must(err)
	for i, o := range outcomes {
		p.must(o.Err)
		p.made[payments[i].Key] = o.Answer
	}
}

// checks sends back the day's first payment at the counter by check.
func (p *product) checks(d month.Day) string {
	p.Helper()
	issued := "account,check_number,amount,issue_date,action,payee\n"
	for _, c := range d.Checks {
		part := p.made[d.Counter[0].Key].Parts[0]
		order := func(step string) cashier.Order {
			return cashier.Order{Key: ident.Key("check:" + c.Serial + ":" + step), Actor: clerk, Reason: "overpaid"}
		}
		done, err := p.Cashier.Refund(p.Context(), order("taken"), cashier.Ref{Book: part.Book, Seq: part.Seq}, c.Amount)
		p.must(err)
		_, err = p.Cashier.RefundSentBy(p.Context(), order("sent"), done.ID, cashier.ByCheck)
		p.must(err)
		issued += fmt.Sprintf("%s,%s,%s,%s,I,%s\n", account, c.Serial, c.Amount, d.Date, c.Payee)
	}
	return issued
}

// pull orders the day's debits and sends their file.
func (p *product) pull(d month.Day) {
	p.Helper()
	for _, m := range d.Pulls {
		to, err := mandate.ParseBankAccount("231380104", m.Account, "checking", "A PAYER", false)
		p.must(err)
		method := mandate.Method{ID: ident.NewOpaque(), Book: p.bookOf(m.Number), Kind: mandate.Bank, State: mandate.MethodActive, Account: to, Shown: to.Mask()}
		p.must(p.Store.KeepMethod(p.Context(), method, mandate.Event{Subject: method.ID, Act: "keep", At: p.Clock.Now(), Actor: clerk}))
		e, err := p.clearing.Order(p.Context(), clearing.Order{
			Key: ident.Key(m.Key), Direction: clearing.Debit, Book: method.Book, Method: method.ID, Purse: premium, SEC: clearing.PPD, Amount: m.Amount,
			CreditOn: d.Date, Actor: clerk,
		})
		p.must(err)
		p.entries[m.Key] = e
	}
	report, err := p.clearing.Build(p.Context(), d.Date, "standard", clerk)
	p.must(err)
	for _, f := range report.Files {
		_, err := p.clearing.Release(p.Context(), f.No, clerk)
		p.must(err)
	}
}

// report takes a settlement report as it would be fetched from the processor.
func (p *product) report(m month.Payout) {
	p.Helper()
	r := checkout.SettlementReport{
		Payout: checkout.Payout{Merchant: merchant, ID: m.ID, Status: checkout.PayoutFinal, Trace: m.Trace, CreatedAt: p.Clock.Now(), PaidOn: m.Arrives, Net: m.Net},
		Purse:  premium, Count: len(m.Lines), Take: 1, TakenAt: p.Clock.Now(),
	}
	at := m.Made.Time().Add(15 * time.Hour)
	for i, l := range m.Lines {
		kind := checkout.LineCharge
		if l.Kind == "dispute" {
			kind = checkout.LineDispute
			p.dispute(l)
			at = p.Clock.Now()
		}
		r.Fees += l.Fee
		r.Lines = append(r.Lines, checkout.SettlementLine{
			ID: fmt.Sprintf("txn_%s_%d", m.ID, i), Kind: kind, Charge: checkout.ChargeRef{Merchant: merchant, ID: "ch_" + l.Payment}, Gross: l.Gross, Fee: l.Fee,
			Net: l.Gross - l.Fee, At: at,
		})
	}
	p.must(p.Store.KeepReport(p.Context(), &r))
}

func (p *product) dispute(l month.PayoutLine) {
	p.Helper()
	part := p.made[l.Payment].Parts[0]
	_, err := p.Cashier.Dispute(p.Context(), cashier.Order{Key: ident.Key("dispute:" + l.Payment), Actor: clerk, Reason: "disputed"},
		cashier.Ref{Book: part.Book, Seq: part.Seq}, -l.Gross)
	p.must(err)
}

// close closes every day that can be closed up to one, and gives what blocks the next.
func (p *product) close(upTo calendar.Date) []recon.Blocker {
	p.Helper()
	for day := p.closed.AddBusinessDays(1); !day.After(upTo); day = day.AddBusinessDays(1) {
		proofs, err := p.recon.Close(p.Context(), []chart.EntityNo{1}, day, clerk, func(ctx context.Context, on calendar.Date) (int64, error) {
			s, err := proof.Close(ctx, p.Store, p.keys, p.Clock, on)
			return s.No, err
		})
		if fault.KindOf(err) == fault.Conflict && len(proofs) > 0 {
			if proofs[0].Unexplained != 0 {
				p.Errorf("%s has %s unexplained: %+v", day, proofs[0].Unexplained, proofs[0].Blockers)
			}
			return proofs[0].Blockers
		}
		p.must(err)
		if proofs[0].Unexplained != 0 {
			p.Errorf("%s was closed with %s unexplained", day, proofs[0].Unexplained)
		}
		p.closed = day
	}
	return nil
}

// work gives exceptions that reach their limit more time, with a reason, as a person
// does who waits for an answer.
func (p *product) work() {
	p.Helper()
	today := calendar.In(p.Clock.Now(), time.UTC)
	for _, e := range p.exceptions(false) {
		if !e.LimitOn.After(today) {
			p.must(p.recon.Extend(p.Context(), e.ID, clerk, today.AddBusinessDays(15), "the bank was asked"))
		}
	}
}

func (p *product) exceptions(ended bool) []recon.Exception {
	p.Helper()
	all, err := p.recon.Exceptions(p.Context(), recon.ExceptionFilter{Ended: ended})
	p.must(err)
	return all
}

// A month with every kind of break, taken by the product's own parts: each break is
// reported once, nothing is invented, every day closes, and no cent is unexplained.
func TestMonth_TheOfficeFindsEveryBreakOnce(t *testing.T) {
	storetest.Each(t, findEveryBreak)
}

func findEveryBreak(t *testing.T, o *storetest.Office) {
	p := newProduct(t, o)
	m, err := month.New(month.Options{
		Seed: seed(t), Payments: size(), Days: 22, Begins: calendar.MustParse("2026-12-01"), Payers: p.digits(),
		Account: account, Lockbox: lockbox, Company: company, Merchant: merchant,
	})
	p.must(err)
	p.closed = calendar.MustParse("2026-11-30")
	last := p.closed
	for !m.Over() {
		day, err := m.Begin()
		p.must(err)
		sent := p.day(day)
		p.must(m.End(sent))
		p.work()
		p.close(last)
		last = day.Date
	}
	p.day(month.Day{Date: m.Bank.Day(), Files: m.Rest()})
	if blocked := p.close(last); len(blocked) > 0 || p.closed != last {
		t.Errorf("closed up to %s of %s: %+v", p.closed, last, blocked)
	}
	breaks := map[month.Kind]month.Break{}
	for _, b := range m.Breaks() {
		breaks[b.Kind] = b
	}
	p.checkExceptions(breaks)
	p.checkFiles(breaks)
	p.checkSuspense(breaks)
	p.checkReturns(breaks)
	p.checkBooks(m, breaks)
}

// named is an exception as it is expected: its kind, its amount, and whether it ended
// by itself.
type named struct {
	kind  recon.Kind
	cents money.Cents
	ended bool
}

// expected lists the exceptions that breaks must make: the line that nothing explains,
// and where the office was told another amount, what it was told, which is late.
func (p *product) expected(breaks map[month.Kind]month.Break) (all []named) {
	open := func(kind month.Kind) named { return named{recon.LineOpen, breaks[kind].Amount, false} }
	ended := func(kind month.Kind) named { return named{recon.LineOpen, breaks[kind].Amount, true} }
	out := func(kind month.Kind) named { return named{recon.LineOpen, -breaks[kind].Amount, false} }
	late := func(cents money.Cents) named { return named{recon.Late, cents, false} }
	gross := money.Cents(0)
	for _, payout := range p.payouts {
		if payout.Arrives == breaks[month.PayoutShort].Day {
			for _, l := range payout.Lines {
				gross += l.Gross
			}
		}
	}
	return []named{
		open(month.DepositShort), late(breaks[month.DepositShort].Amount + 5_00), open(month.DepositUntold), ended(month.DepositLate), ended(month.DepositCut),
		open(month.NetOff), late(breaks[month.NetOff].Amount + 1), ended(month.CreditsGarbled), open(month.PayoutShort), late(gross),
		open(month.BagShort), late(breaks[month.BagShort].Amount + 20_00), out(month.CheckAltered), out(month.FeeUnknown),
		// Two lines fit the one check equally well, so neither is matched to it.
		out(month.CheckTwice), out(month.CheckTwice),
		{recon.Bounced, -breaks[month.ChequeBounced].Amount, false}, {recon.Bounced, -breaks[month.ReturnOfNothing].Amount, false},
	}
}

func (p *product) checkExceptions(breaks map[month.Kind]month.Break) {
	p.Helper()
	counts := map[named]int{}
	for _, n := range p.expected(breaks) {
		counts[n]++
	}
	gaps := 0
	for _, e := range slices.Concat(p.exceptions(false), p.exceptions(true)) {
		n := named{e.Kind, e.Cents, e.State == recon.StateEnded}
		switch {
		case counts[n] > 0:
			counts[n]--
		case e.Kind == recon.Gap && n.ended:
			gaps++
		case e.Kind == recon.Late && n.ended && e.OpenedOn == breaks[month.StatementLost].Day.AddBusinessDays(2):
			// What the lost statement had shown was late until it came.
		default:
			p.Errorf("invented: %s over %s, opened on %s, %s (%s)", e.Kind, e.Cents, e.OpenedOn, e.State, e.Subject)
		}
	}
	for n, missing := range counts {
		if missing != 0 {
			p.Errorf("%d times not reported: %+v", missing, n)
		}
	}
	if gaps != 1 {
		p.Errorf("the lost statement was reported %d times", gaps)
	}
}

func (p *product) checkFiles(breaks map[month.Kind]month.Break) {
	p.Helper()
	refused, again := []string{}, []string{}
	for _, r := range p.results {
		if r.Verdict != fault.Accept {
			refused = append(refused, r.Name)
		}
		if r.Duplicate {
			again = append(again, r.Name)
		}
	}
	if want := []string{breaks[month.CreditsGarbled].Subject, breaks[month.DepositCut].Subject}; !slices.Equal(refused, want) {
		p.Errorf("refused %v, wanted %v", refused, want)
	}
	twice := func(name string) string {
		at := strings.LastIndexByte(name, '.')
		return name[:at] + "-2" + name[at:]
	}
	want := []string{twice(breaks[month.DepositTwice].Subject), twice(breaks[month.StatementTwice].Subject)}
	if !slices.Equal(again, want) {
		p.Errorf("taken before are %v, wanted %v", again, want)
	}
}

func (p *product) checkSuspense(breaks map[month.Kind]month.Break) {
	p.Helper()
	waiting, err := p.Store.OpenSuspense(p.Context(), 1000)
	p.must(err)
	have := []string{}
	for _, w := range waiting {
		have = append(have, fmt.Sprint(w.Reason, " ", w.Open))
	}
	want := []string{
		fmt.Sprint(suspense.CheckDigit, " ", breaks[month.NumberSlipped].Amount), fmt.Sprint(suspense.ManyNumbers, " ", breaks[month.TwoNumbers].Amount),
	}
	if !slices.Equal(have, want) {
		p.Errorf("in suspense are %v, wanted %v", have, want)
	}
}

// checkReturns holds what came back of our entries: two reversals, one change, and one
// that answers to nothing.
func (p *product) checkReturns(breaks map[month.Kind]month.Break) {
	p.Helper()
	for kind, want := range map[month.Kind]clearing.Outcome{
		month.EntryReturned: clearing.Reversed, month.EntryBackLate: clearing.Reversed, month.ChangeAsked: clearing.Applied,
	} {
		e := p.entries[breaks[kind].Subject]
		answers, err := p.Store.AnswersOf(p.Context(), e.Ref())
		p.must(err)
		if len(answers) != 1 || answers[0].Outcome != want {
			p.Errorf("%s was answered %+v, wanted %s", kind, answers, want)
		}
		if kind != month.ChangeAsked {
			continue
		}
		method, err := p.Store.Method(p.Context(), e.Book, e.Method)
		p.must(err)
		if got := method.Account.Number.Reveal(); got != "4455980002" {
			p.Errorf("the method was changed to an account ending %s", method.Account.Number.Last4())
		}
	}
	open, err := p.Store.OpenAnswers(p.Context(), 1000)
	p.must(err)
	unmatched := 0
	for _, a := range open {
		if a.Outcome == clearing.Unmatched && a.Amount == breaks[month.ReturnOfNothing].Amount {
			unmatched++
		}
	}
	if unmatched != 1 {
		p.Errorf("the return of nothing is open %d times: %+v", unmatched, open)
	}
}

// checkBooks holds the counterparties' books against the ledger, to the cent, but for
// what no file told.
func (p *product) checkBooks(m *month.Month, breaks map[month.Kind]month.Break) {
	p.Helper()
	balances, err := p.Store.Balances(p.Context(), store.BalanceFilter{})
	p.must(err)
	theirs := compare.OfBank(m.Bank, account)
	theirs[compare.Debits] = compare.OfHouse(m.House, company)[compare.Debits]
	theirs[compare.Lockbox] -= breaks[month.DepositUntold].Amount
	if differ := compare.Differences(theirs, compare.OfLedger(balances, premium)); len(differ) > 0 {
		p.Errorf("the books differ:\n%s", strings.Join(differ, "\n"))
	}
	report, err := proof.Verify(p.Context(), p.Store, p.keys, nil)
	if err != nil || report.Broken != nil {
		p.Errorf("the books do not prove: %v %v", err, report.Broken)
	}
}
