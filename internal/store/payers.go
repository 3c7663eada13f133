package store

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/premium"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/biller"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
)

var _ biller.PayerStore = (*Store)(nil)

// AddPayer implements biller.PayerStore.
func (s *Store) AddPayer(ctx context.Context, p biller.Payer, entry audit.Entry) error {
	b := newPeopleBulks()
	b.open(p.Number, string(p.Kind), string(p.Opaque), enrolment.Owing{}, s.clock.Now().UnixMicro())
	b.organisations.add(int64(p.Number), string(p.Kind), p.Name, biller.PayerSource, p.IDs[0], p.Group)
	for _, id := range p.IDs {
		b.sponsors.add(biller.PayerSource, id, p.Group, int64(p.Number))
	}
	b.audit = auditBulk([]audit.Entry{entry})
	bulks := b.filled()
	if p.Owner != premium.Employer {
		agency := insertInto("payer", "owner", "scope", "book_no")
		agency.add(string(p.Owner), p.State, int64(p.Number))
		bulks = append(bulks, agency)
	}
	err := s.engine.write(ctx, bulks...)
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.AddPayer", "a payer with one of these ids, or for what this one owes, is registered already")
	}
	return fault.Wrap("store.AddPayer", err)
}

// AddressPayer implements biller.PayerStore.
func (s *Store) AddressPayer(ctx context.Context, number billpay.Number, to member.Address, at region.ID, entry audit.Entry) error {
	of := updateOf("organisation", 1, 0, "book_no", "region")
	of.add(int64(number), string(at))
	address := insertInto("person_address", "book_no", "purpose", "line1", "line2", "city", "state", "zip", "country")
	address.taken = `ON CONFLICT (book_no, purpose) DO UPDATE SET line1 = excluded.line1, line2 = excluded.line2,
		city = excluded.city, state = excluded.state, zip = excluded.zip, country = excluded.country`
	address.add(int64(number), "mailing", to.Line1, to.Line2, to.City, to.State, to.ZIP, to.Country)
	err := s.engine.write(ctx, of, address, auditBulk([]audit.Entry{entry}))
	if errors.Is(err, cashier.ErrStale) {
		return fault.New(fault.Conflict, "store.AddressPayer", "somebody else changed this organisation at the same moment; try again")
	}
	return fault.Wrap("store.AddressPayer", err)
}

// Payers implements biller.PayerStore.
func (s *Store) Payers(ctx context.Context) ([]biller.Payer, error) {
	var payers []biller.Payer
	places := map[billpay.Number]int{}
	err := s.engine.read(ctx, query{
		text: `SELECT o.book_no, b.opaque_id, o.kind, o.name, o.group_no, COALESCE(p.owner, ''), COALESCE(p.scope, '')
			FROM organisation o JOIN book b ON b.book_no = o.book_no LEFT JOIN payer p ON p.book_no = o.book_no ORDER BY o.book_no`,
		each: func(scan func(...any) error) error {
			p, err := scanPayer(scan)
			places[p.Number] = len(payers)
			payers = append(payers, p)
			return err
		},
	})
	if err != nil {
		return nil, fault.Wrap("store.Payers", err)
	}
	err = s.engine.read(ctx, query{
		text: `SELECT DISTINCT book_no, sponsor_id FROM sponsor_identity ORDER BY book_no, sponsor_id`,
		each: func(scan func(...any) error) error {
			var number billpay.Number
			var id string
			err := scan(&number, &id)
			if place, here := places[number]; here {
				payers[place].IDs = append(payers[place].IDs, id)
			}
			return err
		},
	})
	return payers, fault.Wrap("store.Payers", err)
}

// PayersNamed implements remittance.Store: those that one of their ids names.
func (s *Store) PayersNamed(ctx context.Context, id string) ([]biller.Payer, error) {
	var payers []biller.Payer
	err := s.engine.read(ctx, query{
		text: `SELECT DISTINCT o.book_no, b.opaque_id, o.kind, o.name, i.group_no, COALESCE(p.owner, ''), COALESCE(p.scope, '')
			FROM sponsor_identity i JOIN organisation o ON o.book_no = i.book_no JOIN book b ON b.book_no = o.book_no
			LEFT JOIN payer p ON p.book_no = o.book_no WHERE i.sponsor_id = $1 ORDER BY o.book_no`,
		args: []any{id},
		each: func(scan func(...any) error) error {
			p, err := scanPayer(scan)
			p.IDs = []string{id}
			payers = append(payers, p)
			return err
		},
	})
	return payers, fault.Wrap("store.PayersNamed", err)
}

func scanPayer(scan func(...any) error) (p biller.Payer, err error) {
	err = scan(&p.Number, &p.Opaque, &p.Kind, &p.Name, &p.Group, &p.Owner, &p.State)
	if p.Owner == "" {
		p.Owner = premium.Employer // whoever else is billed for a group's premiums
	}
	return p, err
}

// payersRun is the kind of run that marks a premium run of the same period and day
// as billed to everybody who owes of it.
const payersRun = "payers"

// RunsToBill implements biller.PayerStore.
func (s *Store) RunsToBill(ctx context.Context) ([]biller.NumberedRun, error) {
	var runs []biller.NumberedRun
	err := s.engine.read(ctx, query{
		text: `SELECT r.run_no, r.kind, r.period, r.day, r.actor FROM run r WHERE r.kind = $1 AND NOT EXISTS (
			SELECT 1 FROM run m WHERE m.kind = $2 AND m.period = r.period AND m.day = r.day) ORDER BY r.run_no`,
		args: []any{biller.PremiumRun, payersRun},
		each: func(scan func(...any) error) error {
			var r biller.NumberedRun
			var period, day, actor string
			err := scan(&r.No, &r.Kind, &period, &day, &actor)
			if err != nil {
				return err
			}
			if r.Period, err = scanMonth(period); err != nil {
				return err
			}
			if r.Actor, err = scanActor(actor); err != nil {
				return err
			}
			r.Day, err = scanDate(day)
			runs = append(runs, r)
			return err
		},
	})
	return runs, fault.Wrap("store.RunsToBill", err)
}

// MarkPayersBilled implements biller.PayerStore.
func (s *Store) MarkPayersBilled(ctx context.Context, run biller.Run) error {
	run.Kind = payersRun
	_, err := s.BeginRun(ctx, run)
	return fault.Wrap("store.MarkPayersBilled", err)
}

// OwedByOthers implements biller.PayerStore.
func (s *Store) OwedByOthers(ctx context.Context, run int64) ([]biller.Owed, error) {
	var owed []biller.Owed
	err := s.engine.read(ctx, query{
		text: `SELECT c.owner, CASE WHEN c.owner = 'employer' THEN p.group_no ELSE 0 END AS payer,
				CASE WHEN c.owner = 'state' THEN p.state ELSE '' END AS scope, c.month, CAST(SUM(c.cents) AS BIGINT)
			FROM premium_charge c JOIN policy p ON p.book_no = c.book_no AND p.policy_no = c.policy_no
			WHERE c.run_no = $1 AND c.owner <> 'member' GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`,
		args: []any{run},
		each: func(scan func(...any) error) error {
			var o biller.Owed
			var month string
			err := scan(&o.Owner, &o.Group, &o.State, &month, &o.Cents)
			if err == nil {
				o.Month, err = scanMonth(month)
			}
			owed = append(owed, o)
			return err
		},
	})
	return owed, fault.Wrap("store.OwedByOthers", err)
}

// BilledToPayers implements biller.PayerStore.
func (s *Store) BilledToPayers(ctx context.Context, run int64) ([]cashier.PayerCharge, error) {
	return s.payerCharges(ctx, "store.BilledToPayers", `WHERE run_no = $1`, run)
}

// PayerCharges implements biller.PayerStore.
func (s *Store) PayerCharges(ctx context.Context, book ledger.BookNo) ([]cashier.PayerCharge, error) {
	return s.payerCharges(ctx, "store.PayerCharges", `WHERE book_no = $1`, int64(book))
}

const payerChargeColumns = `book_no, run_no, month, charge_no, cents, billed_on, item_no`

func (s *Store) payerCharges(ctx context.Context, op, where string, arg int64) ([]cashier.PayerCharge, error) {
	var charges []cashier.PayerCharge
	err := s.engine.read(ctx, query{
		text: `SELECT ` + payerChargeColumns + ` FROM payer_charge ` + where + ` ORDER BY book_no, run_no, month, charge_no`,
		args: []any{arg},
		each: func(scan func(...any) error) error {
			var c cashier.PayerCharge
			var month, on string
			err := scan(&c.Book, &c.Run, &month, &c.No, &c.Cents, &on, &c.ItemNo)
			if err != nil {
				return err
			}
			if c.Month, err = scanMonth(month); err != nil {
				return err
			}
			c.BilledOn, err = scanDate(on)
			charges = append(charges, c)
			return err
		},
	})
	return charges, fault.Wrap(op, err)
}

func payerBulk(charges []cashier.PayerCharge) *bulk {
	b := insertInto("payer_charge", columnNames(payerChargeColumns)...)
	for i := range charges {
		c := &charges[i]
		b.add(int64(c.Book), c.Run, c.Month.String(), c.No, int64(c.Cents), c.BilledOn.String(), c.ItemNo)
	}
	return b
}

// ListCharges implements biller.PayerStore.
func (s *Store) ListCharges(ctx context.Context, run int64, group billpay.Number) ([]biller.ListCharge, error) {
	var charges []biller.ListCharge
	err := s.engine.read(ctx, query{
		text: `SELECT c.book_no, c.policy_no, c.month, CAST(SUM(c.cents) AS BIGINT), MIN(c.charge_no)
			FROM policy p JOIN premium_charge c ON c.book_no = p.book_no AND c.policy_no = p.policy_no
			WHERE p.group_no = $1 AND p.group_no <> 0 AND c.run_no = $2 AND c.owner = 'employer'
			GROUP BY c.book_no, c.policy_no, c.month ORDER BY c.book_no, c.policy_no, c.month`,
		args: []any{int64(group), run},
		each: func(scan func(...any) error) error {
			var c biller.ListCharge
			var month string
			var first int64
			err := scan(&c.Policy.Number, &c.Policy.No, &month, &c.Cents, &first)
			if err == nil {
				c.Month, err = scanMonth(month)
			}
			c.Before = first > 1
			charges = append(charges, c)
			return err
		},
	})
	return charges, fault.Wrap("store.ListCharges", err)
}
