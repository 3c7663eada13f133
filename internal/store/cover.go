package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/people/billpay"
)

const (
	policyColumns = `book_no, policy_no, version, line, state, product, source, source_id, group_no, entry, from_on, to_on,
		end_reason, received_on, event_on, loss_on, notice_on, elected_on, months_most, disabled_from, to_known_on`
	termsColumns = `book_no, policy_no, terms_no, from_on, known_on, product, area, rate_cents, stated, ehb_cents, aptc_cents,
		employer_cents, subsidy_cents, lep_months, lis_full, members, cause`
	withholdColumns = `book_no, policy_no, withhold_no, from_month, to_month, agency, status, requested_on, decided_on`
	chargeColumns   = `book_no, policy_no, month, charge_no, kind, owner, cents, from_on, to_on, run_no, billed_on, item_book, item_no`
)

// Policies gives at most so many policies after a key, in the order of their
// keys, with everything that is known of them.
func (s *Store) Policies(ctx context.Context, after coverage.Key, limit int) ([]coverage.Held, error) {
	held, err := s.policies(ctx, query{
		text: `SELECT ` + policyColumns + ` FROM policy WHERE (book_no, policy_no) > ($1, $2) ORDER BY book_no, policy_no LIMIT $3`,
		args: []any{int64(after.Number), after.No, int64(limit)},
	})
	return held, fault.Wrap("store.Policies", err)
}

// PoliciesOf gives the policies of subscribers, in the order of their keys.
func (s *Store) PoliciesOf(ctx context.Context, numbers []billpay.Number) ([]coverage.Held, error) {
	held, err := s.policies(ctx, query{
		text: `SELECT ` + policyColumns + ` FROM policy WHERE ` + s.engine.list("book_no", 1, integerColumn) + ` ORDER BY book_no, policy_no`,
		args: []any{s.engine.ints(integers(numbers))},
	})
	return held, fault.Wrap("store.PoliciesOf", err)
}

// policies reads the policies that a query gives, and what belongs to them.
func (s *Store) policies(ctx context.Context, q query) ([]coverage.Held, error) {
	var held []coverage.Held
	q.each = func(scan func(...any) error) error {
		h, err := scanPolicy(scan)
		held = append(held, h)
		return err
	}
	if err := s.engine.read(ctx, q); err != nil || len(held) == 0 {
		return nil, err
	}
	places := make(map[coverage.Key]int, len(held))
	var books []int64
	for i := range held {
		places[held[i].Key()] = i
		if n := len(books); n == 0 || books[n-1] != int64(held[i].Number) {
			books = append(books, int64(held[i].Number))
		}
	}
	ofBooks := s.engine.list("book_no", 1, integerColumn)
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no, billed_through, version FROM policy_billing WHERE ` + ofBooks,
		args: []any{s.engine.ints(books)},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			var b coverage.Billed
			var through string
			err := scan(&key.Number, &key.No, &through, &b.Version)
			if err == nil {
				b.Through, err = scanMonth(through)
			}
			if place, here := places[key]; here {
				held[place].Billed = b
			}
			return err
		},
	}, query{
		text: `SELECT book_no, policy_no, starts_on, ends_on FROM policy_status WHERE (ends_on <> '' OR starts_on <> '') AND ` + ofBooks,
		args: []any{s.engine.ints(books)},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			var starts, ends string
			err := scan(&key.Number, &key.No, &starts, &ends)
			if place, here := places[key]; here && err == nil {
				err = scanDates(map[*calendar.Date]string{&held[place].StartsOn: starts, &held[place].EndsOn: ends})
			}
			return err
		},
	}, query{
		text: `SELECT ` + termsColumns + ` FROM policy_terms WHERE ` + ofBooks + ` ORDER BY book_no, policy_no, terms_no`,
		args: []any{s.engine.ints(books)},
		each: func(scan func(...any) error) error {
			key, t, err := scanTerms(scan)
			if place, here := places[key]; here {
				held[place].Terms = append(held[place].Terms, t)
			}
			return err
		},
	}, query{
		text: `SELECT ` + withholdColumns + ` FROM policy_withhold WHERE ` + ofBooks + ` ORDER BY book_no, policy_no, withhold_no`,
		args: []any{s.engine.ints(books)},
		each: func(scan func(...any) error) error {
			key, w, err := scanWithhold(scan)
			if place, here := places[key]; here {
				held[place].Withhold = append(held[place].Withhold, w)
			}
			return err
		},
	})
	return held, err
}

func scanPolicy(scan func(...any) error) (coverage.Held, error) {
	var h coverage.Held
	var from, to, toKnown, received, event, loss, notice, elected, disabled string
	var months int64
	err := scan(&h.Number, &h.No, &h.Version, &h.Line, &h.State, &h.Product, &h.Source, &h.SourceID, &h.Group, &h.Entry, &from, &to,
		&h.EndReason, &received, &event, &loss, &notice, &elected, &months, &disabled, &toKnown)
	if err != nil {
		return h, err
	}
	dates := map[*calendar.Date]string{&h.From: from, &h.To: to, &h.ToKnownOn: toKnown, &h.ReceivedOn: received}
	if h.Line == coverage.COBRA || h.Line == coverage.StateCont {
		c := &coverage.Continuation{MonthsMost: int(months)}
		dates[&c.EventOn], dates[&c.LossOn], dates[&c.NoticeOn], dates[&c.ElectedOn] = event, loss, notice, elected
		if c.DisabledFrom, err = scanMonth(disabled); err != nil {
			return h, err
		}
		h.Continuation = c
	}
	return h, scanDates(dates)
}

func scanMonth(text string) (calendar.Month, error) {
	m, err := calendar.ParseMonth(text)
	if err != nil {
		return m, fault.New(fault.Corrupt, "store.scan", "a stored month does not parse: %v", err)
	}
	return m, nil
}

func scanTerms(scan func(...any) error) (key coverage.Key, t coverage.Terms, err error) {
	var from, known, members string
	var stated, lis int64
	err = scan(&key.Number, &key.No, &t.No, &from, &known, &t.Product, &t.Area, &t.Rate, &stated, &t.EHB, &t.APTC, &t.Employer, &t.Subsidy,
		&t.LEPMonths, &lis, &members, &t.Cause)
	if err != nil {
		return key, t, err
	}
	t.Stated, t.LISFull = stated != 0, lis != 0
	if members != "" {
		if err := json.Unmarshal([]byte(members), &t.Members); err != nil {
			return key, t, fault.New(fault.Corrupt, "store.scan", "the insured of stored terms do not parse")
		}
	}
	return key, t, scanDates(map[*calendar.Date]string{&t.From: from, &t.KnownOn: known})
}

func scanWithhold(scan func(...any) error) (key coverage.Key, w coverage.Withhold, err error) {
	var no int64
	var from, to, requested, decided string
	if err = scan(&key.Number, &key.No, &no, &from, &to, &w.Agency, &w.Status, &requested, &decided); err != nil {
		return key, w, err
	}
	if w.From, err = scanMonth(from); err != nil {
		return key, w, err
	}
	if w.To, err = scanMonth(to); err != nil {
		return key, w, err
	}
	return key, w, scanDates(map[*calendar.Date]string{&w.RequestedOn: requested, &w.DecidedOn: decided})
}

// errPolicyStale says that a policy changed since it was read.
var errPolicyStale = fault.New(fault.Conflict, "store.SavePolicies", "a policy changed since it was read; read it again")

// SavePolicies keeps policies that are new (Version 0) or changed since they were
// read (Version as read), with the terms and withholds that were added at their
// ends, all or none. It fails with fault.Conflict when one changed meanwhile or a
// source's id is taken.
func (s *Store) SavePolicies(ctx context.Context, held []coverage.Held, known map[coverage.Key]coverage.Held) error {
	bulks, err := policyBulks(held, known)
	if err != nil || len(bulks) == 0 {
		return err
	}
	return s.writePolicies(ctx, "store.SavePolicies", bulks)
}

func (s *Store) writePolicies(ctx context.Context, op string, bulks []*bulk) error {
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return errPolicyStale
	}
	return fault.Wrap(op, err)
}

func policyBulks(held []coverage.Held, known map[coverage.Key]coverage.Held) ([]*bulk, error) {
	added := insertInto("policy", policyNames...)
	changed := updateOf("policy", 2, 1, append([]string{"book_no", "policy_no", "version", "version"}, policyNames[3:]...)...)
	handles := insertInto("policy_handle", "source", "source_id", "book_no", "policy_no")
	terms := insertInto("policy_terms", termsNames...)
	withholds := insertInto("policy_withhold", withholdNames...)
	for i := range held {
		h := &held[i]
		before, have := known[h.Key()]
		values := policyValues(h)
		if have {
			changed.add(append([]any{int64(h.Number), h.No, before.Version, before.Version + 1}, values[3:]...)...)
		} else {
			added.add(values...)
			if h.SourceID != "" {
				handles.add(h.Source, h.SourceID, int64(h.Number), h.No)
			}
		}
		for n, t := range h.Terms[len(before.Terms):] {
			row, err := termsValues(h.Key(), int64(len(before.Terms)+n+1), &t)
			if err != nil {
				return nil, err
			}
			terms.add(row...)
		}
		for n, w := range h.Withhold[len(before.Withhold):] {
			withholds.add(int64(h.Number), h.No, int64(len(before.Withhold)+n+1), w.From.String(), w.To.String(), w.Agency,
				string(w.Status), w.RequestedOn.String(), w.DecidedOn.String())
		}
	}
	return slices.DeleteFunc([]*bulk{changed, added, handles, terms, withholds}, func(b *bulk) bool { return b.rows == 0 }), nil
}

var (
	policyNames   = columnNames(policyColumns)
	termsNames    = columnNames(termsColumns)
	withholdNames = columnNames(withholdColumns)
	chargeNames   = columnNames(chargeColumns)
)

func policyValues(h *coverage.Held) []any {
	var c coverage.Continuation
	if h.Continuation != nil {
		c = *h.Continuation
	}
	return []any{
		int64(h.Number), h.No, int64(1), string(h.Line), h.State, h.Product, h.Source, h.SourceID, int64(h.Group), string(h.Entry),
		h.From.String(), h.To.String(), h.EndReason, h.ReceivedOn.String(), c.EventOn.String(), c.LossOn.String(),
		c.NoticeOn.String(), c.ElectedOn.String(), int64(c.MonthsMost), c.DisabledFrom.String(), h.ToKnownOn.String(),
	}
}

func termsValues(key coverage.Key, no int64, t *coverage.Terms) ([]any, error) {
	members := ""
	if len(t.Members) > 0 {
		text, err := json.Marshal(t.Members)
		if err != nil {
			return nil, fault.Wrap("store.terms", err)
		}
		members = string(text)
	}
	return []any{
		int64(key.Number), key.No, no, t.From.String(), t.KnownOn.String(), t.Product, t.Area, int64(t.Rate), flag(t.Stated), int64(t.EHB),
		int64(t.APTC), int64(t.Employer), int64(t.Subsidy), int64(t.LEPMonths), flag(t.LISFull), members, t.Cause,
	}, nil
}

// PolicyOf finds the policy that a source means by its id. NotFound when there is none.
func (s *Store) PolicyOf(ctx context.Context, source, id string) (coverage.Key, error) {
	var key coverage.Key
	found := false
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no FROM policy_handle WHERE source = $1 AND source_id = $2`, args: []any{source, id},
		each: func(scan func(...any) error) error {
			found = true
			return scan(&key.Number, &key.No)
		},
	})
	if err == nil && !found {
		err = fault.New(fault.NotFound, "store.PolicyOf", "no policy has this id at its source")
	}
	return key, err
}

// PolicyKeys finds the policies that a source means by its ids; ids that name none
// are absent.
func (s *Store) PolicyKeys(ctx context.Context, source string, ids []string) (map[string]coverage.Key, error) {
	keys := make(map[string]coverage.Key, len(ids))
	if len(ids) == 0 {
		return keys, nil
	}
	err := s.engine.read(ctx, query{
		text: `SELECT source_id, book_no, policy_no FROM policy_handle WHERE source = $1 AND ` + s.engine.list("source_id", 2, textColumn),
		args: []any{source, s.engine.texts(ids)},
		each: func(scan func(...any) error) error {
			var id string
			var key coverage.Key
			err := scan(&id, &key.Number, &key.No)
			keys[id] = key
			return err
		},
	})
	return keys, fault.Wrap("store.PolicyKeys", err)
}

// CoveredPolicies gives at most so many policies of a source after a key that cover
// a day or a later one, by the source and by their payment status, in the order of
// their keys.
func (s *Store) CoveredPolicies(
	ctx context.Context, source string, on calendar.Date, after coverage.Key, limit int,
) ([]coverage.Key, error) {
	var keys []coverage.Key
	err := s.engine.read(ctx, query{
		text: `SELECT book_no, policy_no FROM policy WHERE source = $1 AND (to_on = '' OR to_on >= $2 AND to_on >= from_on)
			AND NOT EXISTS (SELECT 1 FROM policy_status s WHERE s.book_no = policy.book_no AND s.policy_no = policy.policy_no
				AND s.ends_on <> '' AND (s.ends_on < $2 OR s.ends_on < policy.from_on))
			AND (book_no, policy_no) > ($3, $4) ORDER BY book_no, policy_no LIMIT $5`,
		args: []any{source, on.String(), int64(after.Number), after.No, int64(limit)},
		each: func(scan func(...any) error) error {
			var key coverage.Key
			err := scan(&key.Number, &key.No)
			keys = append(keys, key)
			return err
		},
	})
	return keys, fault.Wrap("store.CoveredPolicies", err)
}

// Charges gives everything that was billed for the policies of subscribers, in
// the order of policy, month and number.
func (s *Store) Charges(ctx context.Context, numbers []billpay.Number) ([]coverage.Charge, error) {
	var charges []coverage.Charge
	err := s.engine.read(ctx, query{
		text: `SELECT ` + chargeColumns + ` FROM premium_charge WHERE ` + s.engine.list("book_no", 1, integerColumn) +
			` ORDER BY book_no, policy_no, month, charge_no`,
		args: []any{s.engine.ints(integers(numbers))},
		each: func(scan func(...any) error) error {
			c, err := scanCharge(scan)
			charges = append(charges, c)
			return err
		},
	})
	return charges, fault.Wrap("store.Charges", err)
}

func scanCharge(scan func(...any) error) (c coverage.Charge, err error) {
	var month, from, to, billed string
	err = scan(&c.Policy.Number, &c.Policy.No, &month, &c.No, &c.Kind, &c.Owner, &c.Cents, &from, &to, &c.Run, &billed,
		&c.ItemBook, &c.ItemNo)
	if err != nil {
		return c, err
	}
	if c.Month, err = scanMonth(month); err != nil {
		return c, err
	}
	return c, scanDates(map[*calendar.Date]string{&c.From: from, &c.To: to, &c.BilledOn: billed})
}

func chargeBulk(charges []coverage.Charge) *bulk {
	b := insertInto("premium_charge", chargeNames...)
	for i := range charges {
		c := &charges[i]
		b.add(int64(c.Policy.Number), c.Policy.No, c.Month.String(), c.No, c.Kind, c.Owner, int64(c.Cents), c.From.String(),
			c.To.String(), c.Run, c.BilledOn.String(), int64(c.ItemBook), c.ItemNo)
	}
	return b
}

func billedBulk(billed map[coverage.Key]coverage.Billed) *bulk {
	b := insertInto("policy_billing", "book_no", "policy_no", "billed_through", "version")
	b.taken = `ON CONFLICT (book_no, policy_no) DO UPDATE SET billed_through = excluded.billed_through, version = excluded.version`
	keys := slices.SortedFunc(maps.Keys(billed), func(a, b coverage.Key) int {
		return cmp.Or(cmp.Compare(a.Number, b.Number), cmp.Compare(a.No, b.No))
	})
	for _, key := range keys {
		v := billed[key]
		b.add(int64(key.Number), key.No, v.Through.String(), v.Version)
	}
	return b
}

func invoiceBulk(invoices []cashier.StoredInvoice) *bulk {
	b := insertInto("invoice", "book_no", "invoice_no", "number", "period", "sequence", "posted_seq", "issued_on", "due_on",
		"due_cents", "run_no", "body")
	for i := range invoices {
		v := &invoices[i]
		b.add(int64(v.Book), v.No, v.Number, v.Period.String(), int64(v.Sequence), v.Posted, v.IssuedOn.String(),
			v.DueOn.String(), int64(v.Due), v.Run, v.Body)
	}
	return b
}

func chunkBulk(chunk *cashier.RunChunk) *bulk {
	b := insertInto("run_chunk", "run_no", "from_no", "to_no", "done_at", "report")
	if chunk != nil {
		b.add(chunk.Run, int64(chunk.From), int64(chunk.To), chunk.DoneAt.UnixMicro(), chunk.Report)
	}
	return b
}
