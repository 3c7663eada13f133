package cashier

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/allocate"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

// House is what the cashier must know of the installation.
type House interface {
	// PurseOf gives the legal entity's purse of a fund.
	PurseOf(fund chart.Fund) chart.Purse
	// PostingDay gives the legal entity's civil date now.
	PostingDay(entity chart.EntityNo) calendar.Date
	// RuleFor gives the rule by which a fund's money without an earmark spreads on a day.
	RuleFor(fund chart.Fund, on calendar.Date) allocate.Rule
}

// Cashier carries out acts that move money.
type Cashier struct {
	store Store
	house House
	clock clock.Clock
}

// New makes a cashier.
func New(store Store, house House, clk clock.Clock) *Cashier { return &Cashier{store, house, clk} }

// Outcome is one instruction's result within a group: an answer or an error.
type Outcome struct {
	Answer Answer
	Err    error
}

// retriesMax bounds how often a group is decided again because a book moved.
const retriesMax = 20

// Post carries out a group of payment instructions in one storage transaction.
// Each gets its own outcome: an invalid one is refused (Invalid), a repeated
// key replays its answer, and a repeated key with another body is refused
// (Conflict), without touching its neighbours. Money without a certain owner is
// posted to suspense, which is an answer and not an error. The error is about
// the whole group, of which then nothing was posted.
func (c *Cashier) Post(ctx context.Context, group []payment.Instruction, progress *Progress) ([]Outcome, error) {
	for range retriesMax {
		outcomes, err := c.postOnce(ctx, group, progress)
		if !errors.Is(err, ErrStale) {
			return outcomes, err
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
	return nil, fault.New(fault.Unavailable, "cashier.Post", "the books moved too often while posting; try again")
}

func (c *Cashier) postOnce(ctx context.Context, group []payment.Instruction, progress *Progress) ([]Outcome, error) {
	outcomes := make([]Outcome, len(group))
	claims := make([]payment.Claim, len(group))
	now := c.clock.Now()
	var want Want
	for i := range group {
		if err := group[i].Validate(); err != nil {
			outcomes[i].Err = fault.New(fault.Invalid, "cashier.Post", "%v", err)
			continue
		}
		claims[i] = group[i].Claim(now)
		want.addInstruction(&group[i], claims[i].ID)
	}
	have, err := c.gather(ctx, want)
	if err != nil {
		return nil, err
	}
	group, claims = slices.Clone(group), slices.Clone(claims)
	if err := c.markTwins(ctx, group, claims, have); err != nil {
		return nil, err
	}
	d := newDesk(now, have)
	for i := range group {
		if outcomes[i].Err == nil {
			outcomes[i] = c.one(ctx, d, &group[i], &claims[i])
		}
	}
	d.writes.Progress = lessToldAgain(progress, group, outcomes)
	if len(d.writes.Transactions) == 0 && progress == nil {
		return outcomes, nil
	}
	err = c.store.Write(ctx, d.finish())
	if errors.Is(err, ErrStale) && len(d.writes.Transactions) == 0 {
		err = nil // every payment was a repeat and the mark stands: another process is posting the same file
	}
	if err != nil {
		return nil, err
	}
	return outcomes, nil
}

// lessToldAgain takes out of a file's progress what was posted from another file
// already: the file did not bring that money.
func lessToldAgain(progress *Progress, group []payment.Instruction, outcomes []Outcome) *Progress {
	if progress == nil {
		return nil
	}
	own := *progress
	for i := range group {
		if group[i].Strong && outcomes[i].Answer.Replayed {
			own.Again++
			own.AgainCents += group[i].Amount
		}
	}
	own.Items -= own.Again
	own.Cents -= own.AgainCents
	return &own
}

func (w *Want) addInstruction(in *payment.Instruction, id payment.ID) {
	w.Claims = append(w.Claims, id)
	w.Books = append(w.Books, in.Source)
	for i := range in.Parts {
		w.addReference(in.Parts[i].Reference)
		for _, item := range in.Parts[i].Items {
			w.Books = append(w.Books, item.Book)
		}
	}
}

func (w *Want) addReference(text string) {
	ref := read(text)
	if ref.number == 0 {
		if ref.alias != "" {
			w.Aliases = append(w.Aliases, ref.alias)
		}
		return
	}
	w.Books = append(w.Books, ref.number)
	if w.spare == nil {
		w.spare = map[ledger.BookNo]string{}
	}
	w.spare[ref.number] = ref.alias
}

func (c *Cashier) one(ctx context.Context, d *desk, in *payment.Instruction, claim *payment.Claim) Outcome {
	if earlier, taken := d.have.Claims[claim.ID]; taken {
		return c.repeat(ctx, d, in, claim, earlier)
	}
	if _, exists := d.books[in.Source]; !exists {
		return Outcome{Err: fault.New(fault.NotFound, "cashier.Post", "the operating book of the payment's source is not open")}
	}
	answer := answerOf(claim, make([]payment.ReceiptPart, 0, len(in.Parts)))
	stored := StoredClaim{Claim: *claim}
	for i := range in.Parts {
		receipt := c.part(d, in, claim, i)
		answer.Parts = append(answer.Parts, receipt)
		answer.Accounts = append(answer.Accounts, d.opaqueOf(receipt.About))
		stored.Answer = append(stored.Answer, Ref{receipt.Book, receipt.Seq})
	}
	d.writes.Claims = append(d.writes.Claims, stored)
	d.have.Claims[claim.ID] = stored // a second one in this group is a repeat
	return Outcome{Answer: answer}
}

// markTwins finds items whose identity an item of another file has claimed: the
// same cheque or entry seems to have come twice. Such an item is neither dropped
// nor applied: it gets a key of its own, bound to its file, and goes to suspense
// as a possible duplicate. An item of a strong identity is the same money told
// again, unless it is for another amount.
func (c *Cashier) markTwins(ctx context.Context, group []payment.Instruction, claims []payment.Claim, have Have) error {
	var again Want
	told := map[payment.ID]money.Cents{} // what items of a strong identity are for
	for i := range group {
		in := &group[i]
		earlier, taken := have.Claims[claims[i].ID]
		if in.Strong {
			if !taken {
				earlier.ID = claims[i].ID
				earlier.Amount, taken = told[claims[i].ID]
				told[claims[i].ID] = in.Amount
			}
			if !taken || earlier.Amount == in.Amount {
				continue // new, or the same money told again
			}
			in.Key += ident.Key(fmt.Sprintf("~%d", in.Amount))
		} else if !taken || !in.Rail.ByFile() || earlier.Source.SameRun(in.Source) {
			continue
		}
		in.Key = ident.Key(fmt.Sprintf("%s~%d", in.Key, in.Source/ledger.OperatingRun)) // whatever lane posts it
		in.Parts = slices.Clone(in.Parts)
		for p := range in.Parts {
			in.Parts[p].Doubt = suspense.PossibleDuplicate
			in.Parts[p].Details.TwinOf = string(earlier.ID)
		}
		claims[i] = in.Claim(claims[i].RecordedAt)
		again.Claims = append(again.Claims, claims[i].ID)
	}
	if len(again.Claims) == 0 {
		return nil
	}
	more, err := c.store.Read(ctx, again)
	if err != nil {
		return fault.Wrap("cashier.markTwins", err)
	}
	for id, claim := range more.Claims {
		have.Claims[id] = claim
	}
	return nil
}

// repeat answers an instruction whose key was used before.
func (c *Cashier) repeat(
	ctx context.Context, d *desk, in *payment.Instruction, claim *payment.Claim, earlier StoredClaim,
) Outcome {
	// The same money can be told in other words: another file's reference or date.
	if earlier.Body != claim.Body && !in.Strong {
		return Outcome{Err: fault.New(fault.Conflict, "cashier.Post",
			"this idempotency key was used for a payment with other content").
			WithHint("Use a new key for a new payment; to learn what became of the first, ask by its key.")}
	}
	parts, err := c.receipts(ctx, d, earlier)
	answer := answerOf(&earlier.Claim, parts)
	answer.Replayed = true
	if err == nil {
		answer.Accounts, err = c.accountsOf(ctx, d.books, parts)
	}
	return Outcome{Answer: answer, Err: err}
}

func (c *Cashier) receipts(ctx context.Context, d *desk, claim StoredClaim) ([]payment.ReceiptPart, error) {
	parts := make([]payment.ReceiptPart, 0, len(claim.Answer))
	for _, ref := range claim.Answer {
		if fresh := d.receipt(ref); fresh != nil {
			parts = append(parts, *fresh)
			continue
		}
		receipt, err := c.store.Receipt(ctx, ref.Book, ref.Seq)
		if err != nil {
			return nil, fault.Wrap("cashier.receipts", err)
		}
		parts = append(parts, receipt)
	}
	return parts, nil
}

// receipt finds a receipt part that this group has not yet written.
func (d *desk) receipt(ref Ref) *payment.ReceiptPart {
	for i := range d.writes.Receipts {
		if r := &d.writes.Receipts[i]; r.Book == ref.Book && r.Seq == ref.Seq {
			return r
		}
	}
	return nil
}

// part posts one part of an instruction: to its owner's book or to suspense.
func (c *Cashier) part(d *desk, in *payment.Instruction, claim *payment.Claim, i int) payment.ReceiptPart {
	part := &in.Parts[i]
	documents := []ledger.DocDigest{}
	if i == 0 {
		documents = append(documents, claim.Digest())
	}
	source, _ := in.Rail.Clearing() // Validate has checked the rail
	owner, reason := d.resolve(part)
	if reason == "" {
		fund := part.For
		if fund == "" {
			fund = part.Received.Fund
		}
		p, ok := c.plan(d, destination{owner, fund, part.Items}, part.Amount, in.Received)
		if ok {
			p.event, p.from, p.source, p.by, p.sent = chart.PaymentReceived, part.Received, source, in.Actor, in.SentOn
			p.payer = part.Details.Payer
			return d.place(c, p, claim.ID, i+1, documents)
		}
		reason = suspense.UnknownItem
	}
	return c.suspend(d, in, claim.ID, i, reason, documents)
}

// placement is money on its way into its owner's book.
type placement struct {
	event    ledger.Event
	book     *openBook
	about    ledger.BookNo // the billing account whose number was given
	from     chart.Purse   // the purse on whose account source the money stands
	source   chart.Code
	to       chart.Purse
	spread   allocate.Result
	amount   money.Cents
	received calendar.Date
	sent     calendar.Date // of its payment, if known
	by       ident.Actor
	link     string
	reason   string
	of       int64
	payer    string // fingerprint of who paid, or ""
}

// destination says where a payer or clerk wants money to go.
type destination struct {
	owner *openBook
	fund  chart.Fund
	items []payment.ItemRef
}

// plan finds the debtor's book, the purse and the spread for money that goes to
// dest. It is false when an item that was named is not open there.
func (c *Cashier) plan(d *desk, dest destination, amount money.Cents, received calendar.Date) (placement, bool) {
	debtor := d.survivor(d.books[dest.owner.Debtors.For(dest.fund, dest.owner.No)])
	if debtor == nil || debtor.Status != Open {
		debtor = dest.owner
	}
	if len(dest.items) > 0 && dest.items[0].Book == dest.owner.No {
		debtor = dest.owner
	}
	earmark, earmarked, ok := named(debtor, dest.items, dest.fund)
	if !ok {
		return placement{}, false
	}
	items := payable(debtor, dest.owner.No, dest.fund)
	for _, e := range earmarked {
		if !slices.ContainsFunc(items, func(i allocate.Item) bool { return i.No == e.No }) {
			items = append(items, e)
		}
	}
	spread, err := allocate.Spread(amount, items, earmark, c.house.RuleFor(dest.fund, received))
	if err != nil {
		return placement{}, false
	}
	return placement{
		book: debtor, about: dest.owner.No, to: c.house.PurseOf(dest.fund), spread: spread, amount: amount, received: received,
	}, true
}

// place posts money into its owner's book and writes its receipt part.
func (d *desk) place(c *Cashier, p placement, id payment.ID, partNo int, documents []ledger.DocDigest) payment.ReceiptPart {
	t := transaction(p.book.No, p.event, p.by)
	t.PostedOn = c.house.PostingDay(p.from.Entity)
	t.EffectiveOn = p.received
	t.Link, t.Reason, t.Of = p.link, p.reason, p.of
	t.Postings = chart.Place(p.from, p.source, p.to, applied(p.spread.Parts), p.spread.Remainder)
	receipt := payment.ReceiptPart{
		Book: p.book.No, Payment: id, No: partNo, Seq: d.nextSeq(p.book.No), PostedOn: t.PostedOn, SentOn: p.sent, Purse: p.to,
		About: p.about, Amount: p.amount, Applied: p.amount - p.spread.Remainder, Unapplied: p.spread.Remainder,
	}
	t.Documents = append(documents, receipt.Digest())
	d.post(&t)
	d.writes.Receipts = append(d.writes.Receipts, receipt)
	if p.payer != "" {
		d.writes.Known = append(d.writes.Known, KnownPayer{p.payer, p.about, id, Ref{t.Book, t.Seq}})
	}
	d.settle(p.book, p.spread.Parts)
	if p.spread.Remainder > 0 {
		d.writes.Unapplied = append(d.writes.Unapplied, Unapplied{
			Book: p.book.No, Seq: t.Seq, Purse: p.to, Received: p.received,
			Amount: p.spread.Remainder, Open: p.spread.Remainder,
		})
	}
	return receipt
}

// suspend posts a part without a certain owner to suspense, in the operating
// book of its source and the purse that received it.
func (c *Cashier) suspend(
	d *desk, in *payment.Instruction, id payment.ID, i int, reason suspense.Reason, documents []ledger.DocDigest,
) payment.ReceiptPart {
	part := &in.Parts[i]
	source, _ := in.Rail.Clearing()
	t := transaction(in.Source, chart.PaymentSuspended, in.Actor)
	t.PostedOn = c.house.PostingDay(part.Received.Entity)
	t.EffectiveOn = in.Received
	t.Postings = []ledger.Posting{chart.Transfer(part.Received, source, chart.Suspense, part.Amount, 0)}
	receipt := payment.ReceiptPart{
		Book: in.Source, Payment: id, No: i + 1, Seq: d.nextSeq(in.Source), PostedOn: t.PostedOn, SentOn: in.SentOn, Purse: part.Received,
		Amount: part.Amount,
	}
	details := part.Details
	if details.Reference == "" {
		details.Reference = part.Reference
	}
	t.Documents = append(documents, receipt.Digest())
	d.post(&t)
	d.writes.Receipts = append(d.writes.Receipts, receipt)
	d.writes.Suspense = append(d.writes.Suspense, SuspenseEntry{
		Book: in.Source, Seq: t.Seq, Purse: part.Received, Rail: in.Rail, Reason: reason, Received: in.Received,
		OpenedAt: d.now, Payment: id, PartNo: i + 1, Amount: part.Amount, Open: part.Amount, Details: details,
	})
	return receipt
}

// Preview decides a payment as Post would, writes nothing, and shows the split
// before the payer confirms. Errors are those of Post.
func (c *Cashier) Preview(ctx context.Context, in payment.Instruction) (Answer, error) {
	if err := in.Validate(); err != nil {
		return Answer{}, fault.New(fault.Invalid, "cashier.Preview", "%v", err)
	}
	claim := in.Claim(c.clock.Now())
	var want Want
	want.addInstruction(&in, claim.ID)
	have, err := c.gather(ctx, want)
	if err != nil {
		return Answer{}, err
	}
	outcome := c.one(ctx, newDesk(claim.RecordedAt, have), &in, &claim)
	return outcome.Answer, outcome.Err
}
