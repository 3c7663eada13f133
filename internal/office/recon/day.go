package recon

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Sums is what a day's proof is reckoned from, all of one moment.
type Sums struct {
	Accounts   []AccountSum
	Control    []ControlSum
	Exceptions []Exception   // open, of the entity
	Files      int64         // accepted files whose carrying out has not ended
	Unposted   int64         // statements up to the day whose lines are not all in the books
	Last       calendar.Date // on which something was posted up to the day, zero for never
}

// AccountSum is one account as it stood at the end of a day: what was posted to it, and
// what is named for it.
type AccountSum struct {
	Account ledger.Account
	Balance money.Cents // debits less credits
	Timing  Named       // expected settlements within their usual days
	Late    Named       // those past them, each an exception
	Lines   Named       // lines of the bank that nothing explains, each an exception
}

// Named is a number of things and their sum.
type Named struct {
	Count int64       `json:"count"`
	Cents money.Cents `json:"cents"`
}

// ControlSum is an account that open rows of billing accounts control, as both stand now.
type ControlSum struct {
	Account ledger.Account
	Balance money.Cents
	Rows    money.Cents
}

// StatementDay is a booked statement for a proof.
type StatementDay struct {
	Print            string
	Mask             string
	AsOf             calendar.Date
	Cash             ledger.Account
	Opening, Closing Balance
	Net              money.Cents
}

// End is what is known of the bank at the end of the statement: as it says, or as its
// lines lead there from before.
func (s *StatementDay) End(before money.Cents) money.Cents {
	switch {
	case s.Closing.Said:
		return s.Closing.Cents
	case s.Opening.Said:
		return s.Opening.Cents + s.Net
	}
	return before + s.Net
}

// Proof is a legal entity's day, proved or not.
type Proof struct {
	Entity   chart.EntityNo `json:"entity"`
	Day      calendar.Date  `json:"day"`
	At       time.Time      `json:"at"`
	Accounts []ProofLine    `json:"accounts"`
	Bank     []BankProof    `json:"bank_accounts"`
	Control  []ProofLine    `json:"control_accounts"`
	Open     []Exception    `json:"exceptions"`
	Blockers []Blocker      `json:"blockers"`
	// Unexplained is the sum of all differences without their signs.
	Unexplained money.Cents `json:"unexplained_cents"`
}

// ProofLine holds what the books say of an account against what is named for it.
type ProofLine struct {
	Account     string      `json:"account"`
	Balance     money.Cents `json:"balance_cents"`
	Timing      Named       `json:"timing"`
	Late        Named       `json:"late"`
	Lines       Named       `json:"lines"`
	Other       money.Cents `json:"other_cents"` // what controls it: open rows, the bank's balance
	Unexplained money.Cents `json:"unexplained_cents"`
}

// BankProof is one bank account's last statement up to the day.
type BankProof struct {
	Account string        `json:"account"`
	Cash    string        `json:"cash"`
	AsOf    calendar.Date `json:"as_of"`
	Closing money.Cents   `json:"closing_cents"`
}

// Blocker is a reason for which a day does not close.
type Blocker struct {
	Kind string `json:"kind"`
	What string `json:"what"`
	ID   string `json:"exception,omitempty"`
}

// The kinds of blockers.
const (
	BlockUnexplained = "unexplained"
	BlockStatement   = "statement_missing"
	BlockPastLimit   = "past_limit"
	BlockFile        = "file_unfinished"
	BlockNotOver     = "day_not_over"
	BlockUnbooked    = "statement_unbooked"
)

// DayClose is a day that was closed.
type DayClose struct {
	Entity    chart.EntityNo
	Day       calendar.Date
	ClosedAt  time.Time
	Actor     ident.Actor
	Seal      int64
	Report    string // the proof, as JSON
	Previous  [32]byte
	Digest    [32]byte
	KeyID     string
	Signature []byte
}

// Prove reckons a legal entity's day. What blocks its close is in the proof and no error.
func (d *Desk) Prove(ctx context.Context, entity chart.EntityNo, day calendar.Date) (Proof, error) {
	const op = "recon.Prove"
	if err := d.refresh(ctx); err != nil {
		return Proof{}, fault.Wrap(op, err)
	}
	if err := d.nameExceptions(ctx); err != nil {
		return Proof{}, fault.Wrap(op, err)
	}
	sums, err := d.store.DaySums(ctx, entity, day)
	if err != nil {
		return Proof{}, fault.Wrap(op, err)
	}
	statements, err := d.store.StatementDays(ctx, entity, day)
	if err != nil {
		return Proof{}, fault.Wrap(op, err)
	}
	p := Proof{Entity: entity, Day: day, At: d.clock.Now(), Open: sums.Exceptions}
	banks := p.banks(statements)
	p.accounts(&sums, banks)
	p.control(&sums)
	if err := d.statementsDue(ctx, &p, statements); err != nil {
		return p, fault.Wrap(op, err)
	}
	p.blocked(&sums)
	for _, e := range d.house.EntityNos() { // see ADR 0025: a day is over when it is over for all
		if !day.Before(d.house.PostingDay(e)) {
			p.block(BlockNotOver, "", "%s is not over in every legal entity's time zone", day)
			break
		}
	}
	return p, nil
}

func (p *Proof) block(kind, id, format string, args ...any) {
	p.Blockers = append(p.Blockers, Blocker{kind, fmt.Sprintf(format, args...), id})
}

// banks adds up what the bank says, by cash account.
func (p *Proof) banks(statements []StatementDay) map[ledger.Account]money.Cents {
	sums := map[ledger.Account]money.Cents{}
	var closing money.Cents
	for i := range statements {
		s := &statements[i]
		if i == 0 || statements[i-1].Print != s.Print {
			closing = 0
		}
		closing = s.End(closing)
		if i+1 < len(statements) && statements[i+1].Print == s.Print {
			continue
		}
		sums[s.Cash] += closing
		p.Bank = append(p.Bank, BankProof{"bank account " + s.Mask, chart.Name(s.Cash), s.AsOf, closing})
	}
	return sums
}

// accounts holds cash, clearing accounts and unidentified against what is named.
func (p *Proof) accounts(sums *Sums, banks map[ledger.Account]money.Cents) {
	// What a statement says beyond what its lines lead to is an exception of the statement.
	stated := map[ledger.Account]money.Cents{}
	for _, e := range sums.Exceptions {
		if e.Kind == Gap || e.Kind == Sum {
			stated[e.Cash] += e.Open
		}
	}
	for _, a := range sums.Accounts {
		line := ProofLine{Account: chart.Name(a.Account), Balance: a.Balance, Timing: a.Timing, Late: a.Late, Lines: a.Lines}
		switch chart.Code(a.Account % 100) {
		case chart.Cash:
			line.Other = banks[a.Account] - stated[a.Account]
			delete(banks, a.Account)
			line.Unexplained = a.Balance - line.Other
		default:
			line.Unexplained = a.Balance - a.Timing.Cents - a.Late.Cents + a.Lines.Cents
		}
		p.add(line, &p.Accounts)
	}
	for account, closing := range banks {
		if rest := closing - stated[account]; rest != 0 {
			p.add(ProofLine{Account: chart.Name(account), Other: rest, Unexplained: -rest}, &p.Accounts)
		}
	}
}

func (p *Proof) add(line ProofLine, to *[]ProofLine) {
	*to = append(*to, line)
	if line.Unexplained != 0 {
		p.Unexplained += abs(line.Unexplained)
		p.block(BlockUnexplained, "", "%s differs by %s from what is named for it", line.Account, line.Unexplained.Grouped())
	}
}

func (p *Proof) control(sums *Sums) {
	for _, c := range sums.Control {
		p.add(ProofLine{Account: chart.Name(c.Account), Balance: c.Balance, Other: c.Rows, Unexplained: c.Balance - c.Rows}, &p.Control)
	}
}

// blocked names what else keeps the day open.
func (p *Proof) blocked(sums *Sums) {
	for _, e := range sums.Exceptions {
		if e.Owner == "" {
			p.block(BlockPastLimit, e.ID, "an exception of kind %q has no owner", e.Kind)
		}
		if e.LimitOn.Before(p.Day) {
			p.block(BlockPastLimit, e.ID, "an exception of kind %q over %s is open since %s, past its limit of %s",
				e.Kind, e.Open.Grouped(), e.OpenedOn, e.LimitOn)
		}
	}
	if sums.Files > 0 {
		p.block(BlockFile, "", "%d files were accepted and are not carried out to their end", sums.Files)
	}
	if sums.Unposted > 0 {
		p.block(BlockUnbooked, "", "%d statements are not in the books to their end", sums.Unposted)
	}
}

// statementsDue looks for a statement of each of the entity's bank accounts on each
// business day since the last close.
func (d *Desk) statementsDue(ctx context.Context, p *Proof, statements []StatementDay) error {
	last, closed, err := d.store.LastClose(ctx, p.Entity)
	if err != nil {
		return err
	}
	have, first, mask := map[string]bool{}, map[string]calendar.Date{}, map[string]string{}
	for _, s := range statements {
		have[s.Print+s.AsOf.String()] = true
		mask[s.Print] = s.Mask
		if first[s.Print].IsZero() {
			first[s.Print] = s.AsOf
		}
	}
	for print, from := range first {
		if closed && last.Day.AddDays(1).After(from) {
			from = last.Day.AddDays(1)
		}
		for day := from; !day.After(p.Day); day = day.AddDays(1) {
			if day.IsBusinessDay() && !have[print+day.String()] {
				p.block(BlockStatement, "", "the statement of the bank account %s for %s has not come", mask[print], day)
			}
		}
	}
	return nil
}

// Seal takes a seal over the books and gives its number.
type Seal func(ctx context.Context, day calendar.Date) (int64, error)

// Close closes a day for legal entities: nothing is posted into it or a day before it any
// more. It is refused (Conflict), with the proofs, while anything blocks one of them. A day
// closes once and is not opened again; days between the last close and this one
// close with it.
func (d *Desk) Close(ctx context.Context, entities []chart.EntityNo, day calendar.Date, by ident.Actor, seal Seal) ([]Proof, error) {
	const op = "recon.Close"
	if by.IsZero() {
		return nil, fault.New(fault.Denied, op, "no day is closed without a named actor")
	}
	var open []chart.EntityNo
	for _, entity := range entities {
		last, closed, err := d.store.LastClose(ctx, entity)
		if err != nil {
			return nil, fault.Wrap(op, err)
		}
		if !closed || last.Day.Before(day) {
			open = append(open, entity)
		}
	}
	if len(open) == 0 {
		return nil, fault.New(fault.Conflict, op, "%s is closed already", day)
	}
	proofs, err := d.hold(ctx, open, day)
	if err == nil && blocked(proofs) {
		err = fault.New(fault.Conflict, op, "%s cannot be closed: %d things are open", day, blockers(proofs)).
			WithHint("Each is listed with what keeps it open.")
	}
	if err == nil {
		err = d.finishClose(ctx, proofs, by, seal)
	}
	if err != nil {
		for _, entity := range open {
			// What was closed before stays closed; only the hold of this try is let go.
			if letErr := d.store.LetDay(context.WithoutCancel(ctx), entity); letErr != nil {
				return proofs, fault.Wrap(op, letErr)
			}
		}
	}
	return proofs, fault.Wrap(op, err)
}

// hold stops postings into the day and proves it, so that nothing comes in between.
func (d *Desk) hold(ctx context.Context, entities []chart.EntityNo, day calendar.Date) ([]Proof, error) {
	var proofs []Proof
	for _, entity := range entities {
		if !day.Before(d.house.PostingDay(entity)) {
			p := Proof{Entity: entity, Day: day, At: d.clock.Now()}
			p.block(BlockNotOver, "", "%s is not over in every legal entity's time zone", day)
			proofs = append(proofs, p)
		}
	}
	if len(proofs) > 0 {
		return proofs, nil
	}
	for _, entity := range entities {
		if err := d.store.HoldDay(ctx, entity, day); err != nil {
			return nil, err
		}
	}
	for _, entity := range entities {
		p, err := d.Prove(ctx, entity, day)
		if err != nil {
			return proofs, err
		}
		proofs = append(proofs, p)
	}
	return proofs, nil
}

func blocked(proofs []Proof) bool { return blockers(proofs) > 0 }

func blockers(proofs []Proof) (n int) {
	for i := range proofs {
		n += len(proofs[i].Blockers)
	}
	return n
}

// finishClose takes the seal and keeps each close with its proof, chained and signed.
func (d *Desk) finishClose(ctx context.Context, proofs []Proof, by ident.Actor, seal Seal) error {
	no, err := seal(ctx, proofs[0].Day)
	if err != nil {
		return err
	}
	for i := range proofs {
		p := &proofs[i]
		report, err := json.Marshal(p)
		if err != nil {
			return err
		}
		c := DayClose{Entity: p.Entity, Day: p.Day, ClosedAt: d.clock.Now(), Actor: by, Seal: no, Report: string(report)}
		last, closed, err := d.store.LastClose(ctx, p.Entity)
		if err != nil {
			return err
		}
		if closed {
			c.Previous = last.Digest
		}
		c.Digest = c.digest()
		c.KeyID, c.Signature = d.signer.Sign(c.Digest[:])
		if err := d.store.KeepClose(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// digest covers everything that a close says, and the close before it.
func (c *DayClose) digest() [32]byte {
	return ledger.DocumentDigest("day close",
		[]int64{int64(c.Entity), c.ClosedAt.UnixMicro(), c.Seal},
		[]string{c.Day.String(), c.Actor.String(), c.Report, string(c.Previous[:])})
}

// Check proves a close by itself, by the public key of the plan.
func (c *DayClose) Check(verify func(message, signature []byte) bool) error {
	if c.digest() != c.Digest || !verify(c.Digest[:], c.Signature) {
		return fault.New(fault.Corrupt, "recon.Check", "the close of %s for entity %d does not prove", c.Day, c.Entity)
	}
	return nil
}

// Closes lists the days that were closed, the latest first.
func (d *Desk) Closes(ctx context.Context, entity chart.EntityNo, limit int) ([]DayClose, error) {
	return d.store.Closes(ctx, entity, limit)
}
