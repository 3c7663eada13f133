package unclaimed

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/approval"
	"github.com/billfold/billfold/internal/payments/payment"
	back "github.com/billfold/billfold/internal/payments/refund"
)

// Approvals has second persons agree.
type Approvals interface {
	Ask(
		ctx context.Context, kind approval.Kind, subject string, digest [32]byte, amount money.Cents, by ident.Actor, reason string,
	) (approval.Request, error)
	Agreed(ctx context.Context, kind approval.Kind, subject string, digest [32]byte) (approval.Request, bool, error)
	Decide(ctx context.Context, id ident.Opaque, by ident.Actor, agree bool, note string) (approval.Request, error)
}

// columns of a report: what holders tell states of each property. Amounts below the
// state's limit stand in one row, without owners.
var columns = []string{
	"property_id", "owner_name", "address_1", "address_2", "city", "state", "zip", "country", "property_type", "last_contact", "amount",
	"letter_on",
}

// Report makes a state's report of a year for a legal entity: it puts the money of
// everything that is due aside as unclaimed property, and keeps the file that lists
// it. A second person is asked. It may be killed and called again. NotFound when
// nothing is due; Conflict when the report was made, or when letters that the law
// demands did not go out: withoutLetters says that counsel allows it.
func (d *Desk) Report(
	ctx context.Context, state string, year int, entity chart.EntityNo, withoutLetters bool, by ident.Actor,
) (Report, error) {
	const op = "unclaimed.Report"
	if by.IsZero() {
		return Report{}, fault.New(fault.Invalid, op, "a report is made by a named actor")
	}
	items, late, err := d.due(ctx, state, year, entity)
	switch {
	case err != nil:
		return Report{}, fault.Wrap(op, err)
	case late > 0 && !withoutLetters:
		return Report{}, fault.New(fault.Conflict, op, "%d owners did not get the letter that the law demands before the report", late).
			WithHint("Ask counsel; they can be reported without it, or next year after a letter.")
	}
	rows, err := d.hold(ctx, items, by)
	if err != nil {
		return Report{}, fault.Wrap(op, err)
	}
	if len(rows) == 0 {
		return Report{}, fault.New(fault.NotFound, op, "nothing is due to %s in the report of %d", state, year)
	}
	r := Report{
		ID: ident.Opaque(payment.IDOf(ident.Key(fmt.Sprintf("unclaimed:%s:%d:%d", state, year, entity)))), State: state, Year: year, Entity: entity,
		By: by, MadeAt: d.clock.Now(), Items: len(rows),
	}
	for i := range rows {
		r.Total += rows[i].row.Amount
		rows[i].row.Report = r.ID
	}
	r.Bytes = d.file(&r, rows)
	sum := sha256.Sum256(r.Bytes)
	r.SHA256 = hex.EncodeToString(sum[:])
	kept := make([]Row, len(rows))
	for i := range rows {
		kept[i] = rows[i].row
	}
	err = d.store.KeepUnclaimedReport(ctx, r, kept)
	if errors.Is(err, ErrMoved) {
		return Report{}, fault.New(fault.Conflict, op, "the report of %d to %s was made before", year, state)
	}
	if err == nil {
		_, err = d.ask(ctx, &r)
	}
	return r, fault.Wrap(op, err)
}

func (d *Desk) ask(ctx context.Context, r *Report) (approval.Request, error) {
	return d.approvals.Ask(ctx, approval.Unclaimed, string(r.ID), r.digest(), r.Total, r.By,
		fmt.Sprintf("unclaimed property to %s, report of %d, %d items", r.State, r.Year, r.Items))
}

// digest is what a second person agrees to.
func (r *Report) digest() [32]byte { return sha256.Sum256([]byte("unclaimed report\x00" + r.SHA256)) }

// due finds what a report must have, and how many of it lack their letter.
func (d *Desk) due(ctx context.Context, state string, year int, entity chart.EntityNo) (items []Item, late int, err error) {
	err = d.Look(ctx, d.today(), func(item Item) error {
		if item.State != state || item.Year != year || item.Purse.Entity != entity {
			return nil
		}
		switch item.Standing {
		case Late, LetterDue:
			late++
		case Due, Small:
		default:
			return nil
		}
		items = append(items, item)
		return nil
	})
	return items, late, err
}

// held is an item whose money stands on unclaimed.
type held struct {
	item Item
	row  Row
}

// hold puts the money of items aside.
func (d *Desk) hold(ctx context.Context, items []Item, by ident.Actor) ([]held, error) {
	var all []held
	for _, item := range items {
		kept, err := d.store.UnclaimedOf(ctx, []ledger.BookNo{item.Book})
		if err != nil {
			return nil, err
		}
		row := item.row(calendar.Date{}) // without a letter
		at := slices.IndexFunc(kept, func(r Row) bool { return r.Source == row.Source && r.Year == row.Year })
		if at >= 0 {
			row = kept[at]
		}
		why := fmt.Sprintf("unclaimed property of %s, report of %d", item.State, item.Year)
		if row.Refund != "" {
			if _, err := d.refunds.Hold(ctx, row.Refund, by, why); err != nil {
				return nil, err
			}
		} else {
			key := ident.Key(fmt.Sprintf("unclaimed:%d:%d:%d", item.Book, item.Purse.Fund.No(), item.Year))
			refunds, err := d.refunds.HoldCredit(ctx, key, item.Book, item.Purse.Fund, by, why)
			if err != nil {
				return nil, err
			}
			row.Refund, row.Amount = refunds[0].ID, 0
			for _, r := range refunds {
				row.Amount += r.Amount
			}
		}
		row.At = AtHeld
		all = append(all, held{item, row})
	}
	return all, nil
}

// file writes a report as comma-separated values, the largest first, then what is
// reported together, then the total.
func (d *Desk) file(r *Report, rows []held) []byte {
	slices.SortFunc(rows, func(a, b held) int {
		return cmp.Or(-cmp.Compare(a.row.Amount, b.row.Amount), cmp.Compare(a.row.Book, b.row.Book), cmp.Compare(a.row.Source, b.row.Source))
	})
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	_ = w.Write([]string{"holder", d.o.Holder, "state", r.State, "year", strconv.Itoa(r.Year), "entity", strconv.Itoa(int(r.Entity)), "", "", "", ""}) // to memory
	_ = w.Write(columns)
	together, count := money.Cents(0), 0
	for i := range rows {
		h := &rows[i]
		if h.row.Amount < h.item.Law.AggregateBelow {
			together, count = together+h.row.Amount, count+1
			continue
		}
		a := h.item.Address
		_ = w.Write([]string{
			payment.ID(h.row.Refund).Confirmation(), plain(h.item.Owner), plain(a.Line1), plain(a.Line2), plain(a.City), a.State, a.ZIP, a.Country,
			string(h.row.Type), h.row.Since.String(), h.row.Amount.String(), h.row.LetterOn.String(),
		})
	}
	if count > 0 {
		_ = w.Write([]string{"", fmt.Sprintf("AGGREGATE OF %d", count), "", "", "", r.State, "", "", "", "", together.String(), ""})
	}
	_ = w.Write([]string{"TOTAL", strconv.Itoa(r.Items), "", "", "", "", "", "", "", "", r.Total.String(), ""})
	w.Flush()
	return out.Bytes()
}

// plain keeps a name from being taken for a formula by a program of spreadsheets.
func plain(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// Agree has a second person agree to a report, who did not make it.
func (d *Desk) Agree(ctx context.Context, id ident.Opaque, by ident.Actor, note string) (Report, error) {
	const op = "unclaimed.Agree"
	r, err := d.store.UnclaimedReport(ctx, id)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	asked, err := d.ask(ctx, &r)
	if err == nil {
		_, err = d.approvals.Decide(ctx, asked.ID, by, true, note)
	}
	return r, fault.Wrap(op, err)
}

// Remit records that a report's money was paid to the state, by a check or an ACH
// credit that the treasury made, and under which reference. What its owner reclaimed
// meanwhile is not paid. It may be killed and called again. Denied before a second
// person agreed.
func (d *Desk) Remit(ctx context.Context, id ident.Opaque, tender back.Tender, reference string, by ident.Actor) (Report, money.Cents, error) {
	const op = "unclaimed.Remit"
	r, err := d.store.UnclaimedReport(ctx, id)
	if err != nil {
		return r, 0, fault.Wrap(op, err)
	}
	if by.IsZero() || reference == "" || tender != back.Check && tender != back.ACH {
		return r, 0, fault.New(fault.Invalid, op, "say who paid the state, by check or ach, and the reference of that payment")
	}
	if _, agreed, err := d.approvals.Agreed(ctx, approval.Unclaimed, string(id), r.digest()); err != nil || !agreed {
		if err == nil {
			err = fault.New(fault.Denied, op, "no second person has agreed to this report")
		}
		return r, 0, fault.Wrap(op, err)
	}
	rows, err := d.store.UnclaimedRows(ctx, Filter{Report: id})
	if err != nil {
		return r, 0, fault.Wrap(op, err)
	}
	var paid money.Cents
	for i := range rows {
		cents, err := d.remitRow(ctx, &rows[i], tender, reference, by)
		if err != nil {
			return r, paid, fault.Wrap(op, err)
		}
		paid += cents
	}
	if !r.Remit {
		r.Remit = true
		err = d.store.SaveUnclaimedReport(ctx, r)
	}
	return r, paid, fault.Wrap(op, err)
}

func (d *Desk) remitRow(ctx context.Context, row *Row, tender back.Tender, reference string, by ident.Actor) (money.Cents, error) {
	if row.At == AtReclaimed {
		return 0, nil
	}
	note := fmt.Sprintf("paid to %s, report of %d, reference %s", row.State, row.Year, reference)
	for _, id := range d.family(ctx, row) {
		if _, err := d.refunds.Remit(ctx, id, tender, by, note); err != nil {
			return 0, err
		}
	}
	if row.At == AtRemitted {
		return row.Amount, nil
	}
	row.At = AtRemitted
	return row.Amount, d.store.SaveUnclaimed(ctx, []Row{*row})
}

// family lists the refunds that hold a row's money: several, where several legal
// entities had received it.
func (d *Desk) family(ctx context.Context, row *Row) []payment.ID {
	all := []payment.ID{row.Refund}
	first, _, err := d.refunds.Refund(ctx, row.Refund)
	if err != nil || row.Type != CreditBalance {
		return all
	}
	for no := 2; ; no++ {
		id := payment.IDOf(ident.Key(fmt.Sprintf("%s/%d", first.Key, no)))
		if _, _, err := d.refunds.Refund(ctx, id); err != nil {
			return all
		}
		all = append(all, id)
	}
}

// Reclaim gives the money back to its owner, who was found before the state had it: it
// goes back as a refund again. Conflict when it is not held.
func (d *Desk) Reclaim(ctx context.Context, id payment.ID, by ident.Actor, why string) (back.Refund, error) {
	const op = "unclaimed.Reclaim"
	rows, err := d.store.UnclaimedRows(ctx, Filter{Steps: []Step{AtHeld}})
	if err != nil {
		return back.Refund{}, fault.Wrap(op, err)
	}
	r, err := d.refunds.Reclaim(ctx, id, by, why)
	if err != nil {
		return r, fault.Wrap(op, err)
	}
	for i := range rows {
		if rows[i].Refund == id {
			rows[i].At = AtReclaimed
			if err := d.store.SaveUnclaimed(ctx, rows[i:i+1]); err != nil {
				return r, fault.Wrap(op, err)
			}
		}
	}
	return r, nil
}
