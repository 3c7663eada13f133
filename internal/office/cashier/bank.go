package cashier

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// BankLine is a line of a bank's statement on its way into the books, or the change
// of what an earlier one stands against.
type BankLine struct {
	No   int64         // within its day and account
	Step int64         // 1 for the line's own transaction, then counted on
	On   calendar.Date // the day of its statement
	Rule string        // by which it was explained, for people
	Of   int64         // the transaction that a later step refers to
	Legs []BankLeg
}

// BankLeg is one account that a line stands against.
type BankLeg struct {
	Account ledger.Account
	Source  string      // the expected settlement that it settles, "" for none
	Cents   money.Cents // above zero where money came from the account into cash
	// Was is what had been settled of the expectation when it was read.
	Was money.Cents
}

// SweepSource begins the source of what a bank moved between the plan's own accounts:
// such lines are held against each other and settle nothing that was expected.
const SweepSource = "sweep/"

// BankEntry is a leg as it was booked.
type BankEntry struct {
	Book     ledger.BookNo
	Line     int64
	Step     int64
	Leg      int64
	Seq      int64
	Account  ledger.Account
	Source   string
	Cents    money.Cents
	Rule     string
	PostedOn calendar.Date
}

// SettledMove says that a line settled some of an expected settlement.
type SettledMove struct {
	Account ledger.Account
	Source  string
	Was, Is money.Cents
	On      calendar.Date
}

// BookLines puts lines of one bank account's day into the books, each as a
// transaction of its own. Step 1 moves cash against the legs; a later step moves no
// cash, and its legs sum to zero. On is asked for the posting day as often as the books moved
// meanwhile. The same lines with the same legs again are a repeat. Invalid when
// a leg cannot be posted; Unavailable when a line was booked otherwise meanwhile.
func (c *Cashier) BookLines(
	ctx context.Context, by ident.Actor, reason string, book ledger.BookNo, cash ledger.Account, lines []BankLine,
	on func(ctx context.Context, asOf calendar.Date) (calendar.Date, error),
) (Done, error) {
	const op = "cashier.BookLines"
	content, err := json.Marshal(struct {
		Book  ledger.BookNo
		Lines []BankLine
	}{book, lines})
	if err != nil {
		return Done{}, fault.Wrap(op, err)
	}
	digest := sha256.Sum256(content)
	order := Order{Key: ident.Key(fmt.Sprintf("bank:%d:%s", book, hex.EncodeToString(digest[:16]))), Actor: by, Reason: reason}
	if err := order.validate(op, false); err != nil {
		return Done{}, err
	}
	want := Want{Books: []ledger.BookNo{book}, ToWrite: true}
	return c.act(ctx, payment.BookLines, order, hex.EncodeToString(digest[:]), want, func(d *desk, claim *payment.Claim) ([]Ref, error) {
		posted, err := on(ctx, lines[0].On)
		if err != nil {
			return nil, err
		}
		refs, settled := make([]Ref, 0, len(lines)), map[expectedKey]int{}
		for i := range lines {
			t, err := d.bankLine(op, order, claim, book, cash, &lines[i], posted, settled)
			if err != nil {
				return nil, err
			}
			refs = append(refs, Ref{t.Book, t.Seq})
		}
		return refs, nil
	})
}

func (d *desk) bankLine(
	op string, order Order, claim *payment.Claim, book ledger.BookNo, cash ledger.Account, line *BankLine, posted calendar.Date,
	settled map[expectedKey]int,
) (ledger.Transaction, error) {
	event, sum := chart.BankBooked, money.Cents(0)
	if line.Step > 1 {
		event = chart.BankExplained
	}
	t := transaction(book, event, order.Actor)
	t.PostedOn, t.EffectiveOn, t.Link, t.Reason, t.Of = posted, line.On, string(claim.ID), order.Reason, line.Of
	for _, leg := range line.Legs {
		sum += leg.Cents
		t.Postings = append(t.Postings, bankPostings(cash, leg)...)
	}
	if line.Step > 1 && sum != 0 {
		return t, fault.New(fault.Invalid, op, "what explains a line differs from it by %s", sum)
	}
	if line.Step > 1 {
		t.Postings = betweenLegs(line.Legs)
	}
	if err := validPostings(t.Postings); err != nil {
		return t, fault.New(fault.Invalid, op, "line %d: %v", line.No, err)
	}
	d.first(&t, claim)
	d.post(&t)
	for i, leg := range line.Legs {
		d.writes.BankEntries = append(d.writes.BankEntries, BankEntry{
			Book: book, Line: line.No, Step: line.Step, Leg: int64(i + 1), Seq: t.Seq, Account: leg.Account, Source: leg.Source,
			Cents: leg.Cents, Rule: line.Rule, PostedOn: posted,
		})
		if leg.Source != "" && !strings.HasPrefix(leg.Source, SweepSource) {
			d.settleExpected(leg, posted, settled)
		}
	}
	return t, nil
}

// expectedKey names an expected settlement.
type expectedKey struct {
	account ledger.Account
	source  string
}

// settleExpected notes what a leg takes off an expectation; legs of one act that settle
// the same one follow each other.
func (d *desk) settleExpected(leg BankLeg, on calendar.Date, at map[expectedKey]int) {
	key := expectedKey{leg.Account, leg.Source}
	if i, before := at[key]; before {
		d.writes.Settled[i].Is += leg.Cents
		return
	}
	at[key] = len(d.writes.Settled)
	d.writes.Settled = append(d.writes.Settled, SettledMove{leg.Account, leg.Source, leg.Was, leg.Was + leg.Cents, on})
}

// bankPostings moves a leg between cash and its account. What stands in another purse
// crosses over the interfund accounts of both.
func bankPostings(cash ledger.Account, leg BankLeg) []ledger.Posting {
	if leg.Cents == 0 {
		return nil
	}
	if cash.Purse() == leg.Account.Purse() {
		return []ledger.Posting{between(cash, leg.Account, leg.Cents)}
	}
	ours, theirs := interfundOf(cash), interfundOf(leg.Account)
	return []ledger.Posting{between(cash, ours, leg.Cents), between(theirs, leg.Account, leg.Cents)}
}

func between(to, from ledger.Account, cents money.Cents) ledger.Posting {
	if cents < 0 {
		return ledger.Posting{Debit: from, Credit: to, Cents: -cents}
	}
	return ledger.Posting{Debit: to, Credit: from, Cents: cents}
}

func interfundOf(a ledger.Account) ledger.Account {
	return ledger.Account(a.Purse()*100 + int32(chart.Interfund))
}

// betweenLegs pairs the legs of a later step with the first, which is the account that
// the line is taken from or given back to.
func betweenLegs(legs []BankLeg) []ledger.Posting {
	var postings []ledger.Posting
	for _, leg := range legs[1:] {
		postings = append(postings, bankPostings(legs[0].Account, leg)...)
	}
	return postings
}

func validPostings(postings []ledger.Posting) error {
	if len(postings) == 0 {
		return fmt.Errorf("it moves nothing")
	}
	for _, p := range postings {
		if p.Debit == p.Credit || p.Cents <= 0 {
			return fmt.Errorf("an account is debited and credited at once")
		}
	}
	return nil
}
