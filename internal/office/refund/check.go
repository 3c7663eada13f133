package refund

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// CheckAccount is a bank account from which checks are drawn.
type CheckAccount struct {
	ID      string // in plan.yaml; it stands in names of files
	Purse   chart.Purse
	Payer   []string // name and address, as they stand on the check
	Bank    string
	Routing string
	Number  secret.Text // from the key folder, never from plan.yaml
	First   int64       // number of the first check
	Style   string      // of the file that tells the bank: "csv" or "fixed"
	Folder  string      // where files are fetched, below the folder for files
	Stale   int         // days after which a check is not paid any more
}

// StaleAfter is the usual life of a check: a bank need not pay one that is older than
// six months (UCC 4-404).
const StaleAfter = 180

// CheckState is where a check stands.
type CheckState string

// The states.
const (
	Made    CheckState = "made"   // numbered and printed; its batch is not released
	Issued  CheckState = "issued" // out
	Paid    CheckState = "paid"   // by the bank
	Stopped CheckState = "stopped"
	Void    CheckState = "void"
	Stale   CheckState = "stale"
)

// Check is one numbered check.
type Check struct {
	Account string
	No      int64
	Version int64
	Batch   ident.Opaque
	Book    ledger.BookNo // of the refund; 0 when it pays a state
	Refund  payment.ID    // "" when it pays a state
	Amount  money.Cents
	Dated   calendar.Date
	State   CheckState
	To      Payee // sealed by the store
	Memo    string
	Reason  string // why it was stopped or voided
	PaidOn  calendar.Date
	ToldIn  ident.Opaque // the batch whose file told the bank of its end, or ""
}

// CheckChange is a check as it becomes, with who did it.
type CheckChange struct {
	Check Check
	By    ident.Actor
	At    time.Time
	Note  string
}

// BatchState is where a batch stands.
type BatchState string

// The states.
const (
	BatchMade     BatchState = "made" // waits for a second person
	BatchReleased BatchState = "released"
	BatchRefused  BatchState = "refused" // its checks are void
)

// Batch is checks that are printed and told to the bank together, with the ends of
// earlier ones.
type Batch struct {
	ID      ident.Opaque
	Version int64
	Account string
	No      int64 // within the account, from 1
	State   BatchState
	Dated   calendar.Date
	Issued  int
	Total   money.Cents
	Voided  int
	Voids   money.Cents
	Digest  string // SHA-256 over the digests of its files
	By      ident.Actor
	MadeAt  time.Time
}

// Name is the beginning of the names of its files.
func (b *Batch) Name() string { return fmt.Sprintf("%s-%s-%04d", b.Account, b.Dated, b.No) }

// The numbers of a batch's files.
const (
	PrintFile = 1
	PayFile   = 2
)

// File is one file of a batch.
type File struct {
	Batch  ident.Opaque
	No     int
	Name   string
	SHA256 string // in hex
	Bytes  []byte // sealed by the store
}

// CheckFilter picks checks. Zero values pick all.
type CheckFilter struct {
	Account     string
	States      []CheckState
	DatedBefore calendar.Date
	Batch       ident.Opaque
	Untold      bool // ended, and the bank does not know it
	Limit       int
}

// CheckStore keeps checks and batches.
type CheckStore interface {
	// LastCheck gives the highest number given on an account and the highest number of
	// its batches; 0 when there is none.
	LastCheck(ctx context.Context, account string) (check, batch int64, err error)
	// KeepBatch keeps a new batch with its files, its new checks, the ends that it tells
	// of, and what becomes of refunds, all together. ErrMoved when a number was given or
	// something changed meanwhile.
	KeepBatch(ctx context.Context, b Batch, files []File, checks []CheckChange, refunds []Change) error
	// CheckBatch gives a batch. NotFound when there is none.
	CheckBatch(ctx context.Context, id ident.Opaque) (Batch, error)
	// CheckBatches lists batches, the newest first.
	CheckBatches(ctx context.Context, account string, limit int) ([]Batch, error)
	// CheckFiles gives the files of a batch.
	CheckFiles(ctx context.Context, id ident.Opaque) ([]File, error)
	// SaveCheckBatch moves a batch on. ErrMoved when it was changed meanwhile.
	SaveCheckBatch(ctx context.Context, b Batch) error
	// Checks lists checks by account and number.
	Checks(ctx context.Context, f CheckFilter) ([]Check, error)
	// Check gives one. NotFound when there is none.
	Check(ctx context.Context, account string, no int64) (Check, error)
	// SettledChecks lists the issued checks of an account, drawn on a ledger account, that
	// reconciliation has matched with a line of the bank, and on which day. A check that
	// followed another of the same refund is left to staff.
	SettledChecks(ctx context.Context, account string, on ledger.Account) (map[int64]calendar.Date, error)
	// ChangeChecks writes checks as they become. ErrMoved when one was changed meanwhile.
	ChangeChecks(ctx context.Context, changes []CheckChange) error
}

// Press makes the files of a batch.
type Press interface {
	// Checks writes the checks as a document to print.
	Checks(account *CheckAccount, b *Batch, checks []Check) ([]byte, error)
	// PositivePay writes what the bank is told: what is issued, and what is void.
	PositivePay(account *CheckAccount, b *Batch, issued, void []Check) ([]byte, error)
}

// Outbox puts files where they are fetched. The same file again changes nothing.
type Outbox interface {
	Put(folder, name string, data []byte) error
}

// ChecksMost is how many checks one batch holds.
const ChecksMost = 500

func (d *Desk) accountFor(purse chart.Purse) (*CheckAccount, bool) {
	at := slices.IndexFunc(d.o.Accounts, func(a CheckAccount) bool { return a.Purse == purse })
	if at < 0 {
		return nil, false
	}
	return &d.o.Accounts[at], true
}

func (d *Desk) account(op, id string) (*CheckAccount, error) {
	at := slices.IndexFunc(d.o.Accounts, func(a CheckAccount) bool { return a.ID == id })
	if at < 0 {
		return nil, fault.New(fault.NotFound, op, "plan.yaml names no check account %q", id)
	}
	return &d.o.Accounts[at], nil
}

// CheckAccounts lists the accounts from which checks are drawn.
func (d *Desk) CheckAccounts() []CheckAccount { return slices.Clone(d.o.Accounts) }

// MakeChecks numbers the refunds that wait for a check of an account, prints them and
// writes the file for the bank, together with the checks that ended since the last
// one. Nothing goes out: a second person agrees to exactly these files, and
// ReleaseChecks sends them. It is false when there is nothing to do. Conflict when an
// earlier batch of the account waits still, so that the bank is told in order.
func (d *Desk) MakeChecks(ctx context.Context, account string, by ident.Actor) (Batch, bool, error) {
	const op = "refund.MakeChecks"
	a, err := d.account(op, account)
	if err != nil {
		return Batch{}, false, err
	}
	if by.IsZero() || d.o.Press == nil {
		return Batch{}, false, fault.New(fault.Invalid, op, "checks need who makes them, and a press")
	}
	if waits, err := d.waiting(ctx, account); err != nil || waits != nil {
		if err == nil {
			err = fault.New(fault.Conflict, op, "batch %d of this account waits for a second person", waits.No).
				WithHint("Release or refuse it first.")
		}
		return Batch{}, false, fault.Wrap(op, err)
	}
	batch, made, err := d.makeBatch(ctx, a, by)
	if errors.Is(err, ErrMoved) {
		err = fault.New(fault.Conflict, op, "another made checks of this account at the same time; look at its batch")
	}
	return batch, made, fault.Wrap(op, err)
}

func (d *Desk) waiting(ctx context.Context, account string) (*Batch, error) {
	last, err := d.store.CheckBatches(ctx, account, 1)
	if err != nil || len(last) == 0 || last[0].State != BatchMade {
		return nil, err
	}
	return &last[0], nil
}

func (d *Desk) makeBatch(ctx context.Context, a *CheckAccount, by ident.Actor) (Batch, bool, error) {
	void, err := d.store.Checks(ctx, CheckFilter{Account: a.ID, Untold: true, Limit: ChecksMost})
	if err != nil {
		return Batch{}, false, err
	}
	due, err := d.dueForCheck(ctx, a)
	if err != nil || len(due) == 0 && len(void) == 0 {
		return Batch{}, false, err
	}
	lastCheck, lastBatch, err := d.store.LastCheck(ctx, a.ID)
	if err != nil {
		return Batch{}, false, err
	}
	b := Batch{
		ID: ident.NewOpaque(), Account: a.ID, No: lastBatch + 1, State: BatchMade, Dated: d.house.PostingDay(a.Purse.Entity), By: by,
		MadeAt: d.clock.Now(),
	}
	checks, refunds, err := d.number(ctx, a, &b, due, max(lastCheck+1, a.First), by)
	if err != nil || len(checks) == 0 && len(void) == 0 {
		return Batch{}, false, err
	}
	changes := make([]CheckChange, 0, len(checks)+len(void))
	for _, c := range checks {
		b.Issued, b.Total = b.Issued+1, b.Total+c.Amount
		changes = append(changes, CheckChange{c, by, b.MadeAt, "made in batch " + b.Name()})
	}
	for _, c := range void {
		b.Voided, b.Voids = b.Voided+1, b.Voids+c.Amount
		c.ToldIn = b.ID
		changes = append(changes, CheckChange{c, by, b.MadeAt, "the bank is told in batch " + b.Name()})
	}
	files, err := d.files(a, &b, checks, void)
	if err != nil {
		return Batch{}, false, err
	}
	if err := d.store.KeepBatch(ctx, b, files, changes, refunds); err != nil {
		return Batch{}, false, err
	}
	_, err = d.ask(ctx, &b)
	return b, true, err
}

// ask has a second person asked for a batch; again it gives what was said.
func (d *Desk) ask(ctx context.Context, b *Batch) (approval.Request, error) {
	reason := fmt.Sprintf("%d checks and %d ends of checks of %s", b.Issued, b.Voided, b.Account)
	return d.approvals.Ask(ctx, approval.RefundBatch, string(b.ID), b.digest(), b.Total, b.By, reason)
}

// digest is what a second person agrees to.
func (b *Batch) digest() [32]byte { return sha256.Sum256([]byte("check batch\x00" + b.Digest)) }

func (d *Desk) dueForCheck(ctx context.Context, a *CheckAccount) ([]back.Refund, error) {
	all, err := d.store.RefundRequests(ctx, Filter{States: []back.State{back.Ordered}, Tender: back.Check})
	return slices.DeleteFunc(all, func(r back.Refund) bool { return r.Way.Account != a.ID || r.Way.CheckNo != 0 }), err
}

// number gives each refund its check. Those whose payee has no address any more stay.
func (d *Desk) number(
	ctx context.Context, a *CheckAccount, b *Batch, due []back.Refund, next int64, by ident.Actor,
) (checks []Check, refunds []Change, err error) {
	books := make([]ledger.BookNo, len(due))
	for i := range due {
		books[i] = due[i].Book
	}
	payees, err := d.store.Payees(ctx, books)
	if err != nil {
		return nil, nil, err
	}
	for i := range due {
		to, known := payees[due[i].Book]
		if !known || len(checks) == ChecksMost {
			continue
		}
		r := due[i]
		checks = append(checks, Check{
			Account: a.ID, No: next, Batch: b.ID, Book: r.Book, Refund: r.ID, Amount: r.Amount, Dated: b.Dated, State: Made, To: to,
			Memo: "Refund " + payment.ID(r.ID).Confirmation(),
		})
		r.Way.CheckNo = next
		refunds = append(refunds, d.step(&r, by, back.Ordered, fmt.Sprintf("check %d of %s", next, a.ID)))
		next++
	}
	return checks, refunds, nil
}

func (d *Desk) files(a *CheckAccount, b *Batch, checks, void []Check) ([]File, error) {
	pay, err := d.o.Press.PositivePay(a, b, checks, void)
	if err != nil {
		return nil, err
	}
	ending := ".csv"
	if a.Style == "fixed" {
		ending = ".txt"
	}
	files := []File{fileOf(b, PayFile, b.Name()+"-positive-pay"+ending, pay)}
	if len(checks) > 0 {
		print, err := d.o.Press.Checks(a, b, checks)
		if err != nil {
			return nil, err
		}
		files = append([]File{fileOf(b, PrintFile, b.Name()+"-checks.pdf", print)}, files...)
	}
	whole := sha256.New()
	for _, f := range files {
		whole.Write([]byte(f.SHA256))
	}
	b.Digest = hex.EncodeToString(whole.Sum(nil))
	return files, nil
}

func fileOf(b *Batch, no int, name string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{Batch: b.ID, No: no, Name: name, SHA256: hex.EncodeToString(sum[:]), Bytes: data}
}

// ReleaseChecks sends a batch to which a second person agreed: its files go where they
// are fetched, its checks are issued, and their money leaves refunds-payable. It may
// be killed and called again. Denied before a second person agreed.
func (d *Desk) ReleaseChecks(ctx context.Context, id ident.Opaque, by ident.Actor, out Outbox) (Batch, error) {
	const op = "refund.ReleaseChecks"
	b, err := d.store.CheckBatch(ctx, id)
	if err != nil || b.State == BatchReleased {
		return b, fault.Wrap(op, err)
	}
	if b.State != BatchMade {
		return b, fault.New(fault.Conflict, op, "this batch is %s", b.State)
	}
	a, err := d.account(op, b.Account)
	if err != nil {
		return b, err
	}
	if _, agreed, err := d.approvals.Agreed(ctx, approval.RefundBatch, string(id), b.digest()); err != nil || !agreed {
		if err == nil {
			err = fault.New(fault.Denied, op, "no second person has agreed to these files")
		}
		return b, fault.Wrap(op, err)
	}
	files, err := d.store.CheckFiles(ctx, id)
	if err != nil {
		return b, fault.Wrap(op, err)
	}
	for _, f := range files {
		if sum := sha256.Sum256(f.Bytes); hex.EncodeToString(sum[:]) != f.SHA256 {
			return b, fault.New(fault.Corrupt, op, "the kept file %s is not the one that was made", f.Name)
		}
		if err := out.Put(a.Folder, f.Name, f.Bytes); err != nil {
			return b, fault.Wrap(op, err)
		}
	}
	if err := d.issue(ctx, &b, by); err != nil {
		return b, fault.Wrap(op, err)
	}
	b.State = BatchReleased
	err = d.store.SaveCheckBatch(ctx, b)
	if errors.Is(err, ErrMoved) {
		b, err = d.store.CheckBatch(ctx, id)
	}
	return b, fault.Wrap(op, err)
}

func (d *Desk) issue(ctx context.Context, b *Batch, by ident.Actor) error {
	checks, err := d.store.Checks(ctx, CheckFilter{Batch: b.ID, States: []CheckState{Made}})
	if err != nil {
		return err
	}
	for _, c := range checks {
		if c.Refund != "" {
			if err := d.Sent(ctx, c.Refund, by, fmt.Sprintf("check %d of %s went out", c.No, c.Account)); err != nil {
				return err
			}
		}
		c.State = Issued
		if err := d.change(ctx, &c, by, "issued"); err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) change(ctx context.Context, c *Check, by ident.Actor, note string) error {
	err := d.store.ChangeChecks(ctx, []CheckChange{{*c, by, d.clock.Now(), note}})
	if errors.Is(err, ErrMoved) {
		return fault.New(fault.Conflict, "refund.change", "check %d was changed meanwhile; look at it again", c.No)
	}
	c.Version++
	return err
}

// RefuseChecks voids a batch that must not go out: its numbers are used up, and the
// next file tells the bank that they are void. Its refunds wait for new checks.
func (d *Desk) RefuseChecks(ctx context.Context, id ident.Opaque, by ident.Actor, why string) (Batch, error) {
	const op = "refund.RefuseChecks"
	b, err := d.store.CheckBatch(ctx, id)
	if err != nil || b.State == BatchRefused {
		return b, fault.Wrap(op, err)
	}
	if b.State != BatchMade || by.IsZero() || why == "" {
		return b, fault.New(fault.Conflict, op, "only a batch that waits is refused, by somebody with a reason; this one is %s", b.State)
	}
	if _, agreed, err := d.approvals.Agreed(ctx, approval.RefundBatch, string(id), b.digest()); err != nil || agreed {
		if err == nil {
			err = fault.New(fault.Conflict, op, "a second person agreed to this batch").WithHint("Release it; a check that is wrong is stopped.")
		}
		return b, fault.Wrap(op, err)
	}
	checks, err := d.store.Checks(ctx, CheckFilter{Batch: id, States: []CheckState{Made}})
	if err != nil {
		return b, fault.Wrap(op, err)
	}
	for _, c := range checks {
		if err := d.end(ctx, &c, Ending{To: Void, Another: true, Why: why, By: by}); err != nil {
			return b, fault.Wrap(op, err)
		}
	}
	b.State = BatchRefused
	return b, fault.Wrap(op, d.store.SaveCheckBatch(ctx, b))
}

// Ending is how a check ends that the bank has not paid.
type Ending struct {
	To CheckState // Stopped, Void or Stale
	// Another says that a check is still the way, and the next run makes another: the
	// first was lost or wrong. Without it the owner must be found first.
	Another bool
	Why     string
	By      ident.Actor
}

// EndCheck stops, voids or writes off as stale a check that the bank has not paid. Its
// refund's money stands on refunds-payable again. Conflict when it was paid or ended
// before.
func (d *Desk) EndCheck(ctx context.Context, account string, no int64, e Ending) (Check, error) {
	const op = "refund.EndCheck"
	c, err := d.store.Check(ctx, account, no)
	if err != nil {
		return c, fault.Wrap(op, err)
	}
	switch {
	case e.By.IsZero() || e.Why == "":
		return c, fault.New(fault.Invalid, op, "say who ends the check, and why")
	case e.To != Stopped && e.To != Void && e.To != Stale:
		return c, fault.New(fault.Invalid, op, "%q is no end of a check", e.To)
	case c.State == e.To:
		return c, nil
	case c.State != Issued:
		return c, fault.New(fault.Conflict, op, "check %d is %s", no, c.State)
	}
	return c, fault.Wrap(op, d.end(ctx, &c, e))
}

// end ends a check: first its refund, so that a run that is killed between ends it
// again.
func (d *Desk) end(ctx context.Context, c *Check, e Ending) error {
	if c.Refund != "" {
		r, err := d.store.RefundRequest(ctx, c.Refund)
		if err != nil {
			return err
		}
		if r.Way.Account == c.Account && r.Way.CheckNo == c.No {
			note := fmt.Sprintf("check %d %s: %s", c.No, e.To, e.Why)
			if _, err := d.comesBack(ctx, &r, e.By, note, !e.Another); err != nil {
				return err
			}
		}
	}
	c.State, c.Reason = e.To, e.Why
	return d.change(ctx, c, e.By, string(e.To)+": "+e.Why)
}

// EndStale writes off every check of an account that is too old to be paid. It gives
// how many.
func (d *Desk) EndStale(ctx context.Context, account string, by ident.Actor) (int, error) {
	const op = "refund.EndStale"
	a, err := d.account(op, account)
	if err != nil {
		return 0, err
	}
	before := d.house.PostingDay(a.Purse.Entity).AddDays(-a.Stale)
	checks, err := d.store.Checks(ctx, CheckFilter{Account: account, States: []CheckState{Issued}, DatedBefore: before})
	if err != nil {
		return 0, fault.Wrap(op, err)
	}
	for i := range checks {
		if err := d.end(ctx, &checks[i], Ending{To: Stale, Why: fmt.Sprintf("not paid within %d days", a.Stale), By: by}); err != nil {
			return i, fault.Wrap(op, err)
		}
	}
	return len(checks), nil
}

// CheckPaid records that the bank paid a check. The same again changes nothing.
// NotFound when no such number was given; Conflict when its amount is another, or it
// was stopped or voided: the bank must take it back.
func (d *Desk) CheckPaid(ctx context.Context, account string, no int64, amount money.Cents, on calendar.Date, by ident.Actor) (Check, error) {
	const op = "refund.CheckPaid"
	c, err := d.store.Check(ctx, account, no)
	if err != nil {
		return c, fault.Wrap(op, err)
	}
	switch {
	case c.Amount != amount:
		return c, fault.New(fault.Conflict, op, "check %d is of %s, and the bank paid %s", no, c.Amount.Grouped(), amount.Grouped())
	case c.State == Paid:
		return c, nil
	case c.State != Issued:
		return c, fault.New(fault.Conflict, op, "the bank paid check %d, which is %s", no, c.State)
	}
	c.State, c.PaidOn = Paid, on
	return c, fault.Wrap(op, d.change(ctx, &c, by, "paid by the bank on "+on.String()))
}

// TakePaid notes the checks that reconciliation has matched with the bank's lines. It
// gives how many.
func (d *Desk) TakePaid(ctx context.Context, by ident.Actor) (int, error) {
	const op = "refund.TakePaid"
	paid := 0
	for i := range d.o.Accounts {
		a := &d.o.Accounts[i]
		settled, err := d.store.SettledChecks(ctx, a.ID, a.Purse.Account(chart.ClearCheck))
		if err != nil {
			return paid, fault.Wrap(op, err)
		}
		for no, on := range settled {
			c, err := d.store.Check(ctx, a.ID, no)
			if err == nil {
				_, err = d.CheckPaid(ctx, a.ID, no, c.Amount, on, by)
			}
			if err != nil {
				return paid, fault.Wrap(op, err)
			}
			paid++
		}
	}
	return paid, nil
}

// Batches lists the batches of an account, or of all, the newest first.
func (d *Desk) Batches(ctx context.Context, account string, limit int) ([]Batch, error) {
	all, err := d.store.CheckBatches(ctx, account, limit)
	return all, fault.Wrap("refund.Batches", err)
}

// Checks lists checks.
func (d *Desk) Checks(ctx context.Context, f CheckFilter) ([]Check, error) {
	all, err := d.store.Checks(ctx, f)
	return all, fault.Wrap("refund.Checks", err)
}

// AgreeToChecks has a second person agree to a batch, who did not make it.
func (d *Desk) AgreeToChecks(ctx context.Context, id ident.Opaque, by ident.Actor, note string) (Batch, error) {
	const op = "refund.AgreeToChecks"
	b, err := d.store.CheckBatch(ctx, id)
	if err != nil {
		return b, fault.Wrap(op, err)
	}
	asked, err := d.ask(ctx, &b)
	if err == nil {
		_, err = d.approvals.Decide(ctx, asked.ID, by, true, note)
	}
	return b, fault.Wrap(op, err)
}
