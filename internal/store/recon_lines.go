package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/recon"
)

var _ recon.Store = (*Store)(nil)

// dayNo counts days, so that SQL can tell how far two lie apart.
func dayNo(d calendar.Date) int64 { return int64(d.Sub(calendar.On(1970, 1, 1))) }

const statementColumns = `account_print, as_of, take_no, cash_account, account_mask, opening_cents, closing_cents, opening_said,
	closing_said, file_book, status, taken_at`

func scanStatement(scan func(...any) error) (s recon.Statement, err error) {
	var asOf string
	var cash, opening, closing, taken int64
	err = scan(&s.Print, &asOf, &s.Take, &cash, &s.Mask, &s.Opening.Cents, &s.Closing.Cents, &opening, &closing, &s.File, &s.Status, &taken)
	if err != nil {
		return s, err
	}
	s.Cash, s.Opening.Said, s.Closing.Said, s.TakenAt = ledger.Account(cash), opening == 1, closing == 1, instant(taken)
	s.AsOf, err = scanDate(asOf)
	return s, err
}

// StatementsOf implements recon.Store.
func (s *Store) StatementsOf(ctx context.Context, print string, asOf calendar.Date) (first calendar.Date, of *recon.Statement, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COALESCE(MIN(as_of), '') FROM bank_statement WHERE account_print = $1 AND status = $2`,
		args: []any{print, string(recon.Booked)},
		each: func(scan func(...any) error) error {
			var text string
			if err := scan(&text); err != nil || text == "" {
				return err
			}
			first, err = scanDate(text)
			return err
		},
	}, query{
		text: `SELECT ` + statementColumns + ` FROM bank_statement WHERE account_print = $1 AND as_of = $2 AND status = $3`,
		args: []any{print, asOf.String(), string(recon.Booked)},
		each: func(scan func(...any) error) error {
			found, err := scanStatement(scan)
			of = &found
			return err
		},
	})
	return first, of, err
}

// KeepStatement implements recon.Store.
func (s *Store) KeepStatement(ctx context.Context, st recon.Statement) error {
	return s.engine.exec(ctx, func(tx execer) error {
		var mine, takes int64
		err := tx.QueryRowContext(ctx, `SELECT COUNT(*), CAST(COALESCE(SUM(CASE WHEN file_book = $1 AND status = $2 THEN 1 ELSE 0 END), 0) AS BIGINT)
			FROM bank_statement WHERE account_print = $3 AND as_of = $4`, int64(st.File), string(st.Status), st.Print, st.AsOf.String()).
			Scan(&takes, &mine)
		if err != nil || mine > 0 {
			return err
		}
		_, err = tx.ExecContext(ctx, `INSERT INTO bank_statement (`+statementColumns+`, day_no)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
			st.Print, st.AsOf.String(), takes+1, int64(st.Cash), st.Mask, int64(st.Opening.Cents), int64(st.Closing.Cents),
			flag(st.Opening.Said), flag(st.Closing.Said), int64(st.File), string(st.Status), st.TakenAt.UnixMicro(), dayNo(st.AsOf))
		return err
	})
}

func lineContext(book ledger.BookNo, no int64) string {
	return fmt.Sprintf("bank_text/%d/%d", book, no)
}

// KeepBankLines implements recon.Store.
func (s *Store) KeepBankLines(ctx context.Context, st *recon.Statement, lines []recon.KeptLine) error {
	b := insertInto("bank_line", "account_print", "as_of", "line_no", "amount_cents", "type_code", "family", "codes", "value_on",
		"bank_ref", "customer_ref", "ref", "payment_id")
	texts := insertInto("bank_text", "book_no", "line_no", "sealed")
	b.taken, b.known = "ON CONFLICT DO NOTHING", true
	texts.taken, texts.known = b.taken, true
	asOf := st.AsOf.String()
	for i := range lines {
		l := &lines[i]
		if l.Text != "" {
			sealed, err := s.seal.Seal([]byte(l.Text), lineContext(st.Book, l.No))
			if err != nil {
				return fault.Wrap("store.KeepBankLines", err)
			}
			texts.add(int64(st.Book), l.No, sealed)
		}
		b.add(st.Print, asOf, l.No, int64(l.Amount), l.Code, string(l.Family), l.Family.Codes(), l.ValueOn.String(), l.BankRef,
			l.CustomerRef, l.Ref, string(l.Payment))
	}
	if texts.rows == 0 {
		return s.engine.write(ctx, b)
	}
	return s.engine.write(ctx, b, texts)
}

// MarkStatement implements recon.Store.
func (s *Store) MarkStatement(ctx context.Context, print string, asOf calendar.Date, mark string, lines int64, net money.Cents) error {
	b := insertInto("bank_mark", "account_print", "as_of", "mark", "line_count", "net_cents", "marked_at")
	b.taken, b.known = "ON CONFLICT DO NOTHING", true
	b.add(print, asOf.String(), mark, lines, int64(net), s.clock.Now().UnixMicro())
	return s.engine.write(ctx, b)
}

// Unbooked implements recon.Store.
func (s *Store) Unbooked(ctx context.Context) ([]recon.Statement, error) {
	var all []recon.Statement
	err := s.engine.read(ctx, query{
		text: `SELECT ` + statementColumns + ` FROM bank_statement s WHERE status = $1
			AND EXISTS (SELECT 1 FROM bank_mark m WHERE m.account_print = s.account_print AND m.as_of = s.as_of AND m.mark = $2)
			AND NOT EXISTS (SELECT 1 FROM bank_mark m WHERE m.account_print = s.account_print AND m.as_of = s.as_of AND m.mark = $3)
			ORDER BY as_of, account_print`,
		args: []any{string(recon.Booked), recon.MarkLoaded, recon.MarkBooked},
		each: func(scan func(...any) error) error {
			st, err := scanStatement(scan)
			all = append(all, st)
			return err
		},
	})
	return all, err
}

// DayBook implements recon.Store.
func (s *Store) DayBook(ctx context.Context, print string, asOf calendar.Date) (ledger.BookNo, error) {
	find := func() (book ledger.BookNo, err error) {
		err = s.engine.read(ctx, query{
			text: `SELECT book_no FROM bank_day WHERE account_print = $1 AND as_of = $2`,
			args: []any{print, asOf.String()},
			each: func(scan func(...any) error) error { return scan(&book) },
		})
		return book, err
	}
	book, err := find()
	if err != nil || book != 0 {
		return book, err
	}
	if book, err = s.OpenOperatingBook(ctx, "bank", 0); err != nil {
		return 0, err
	}
	b := insertInto("bank_day", "account_print", "as_of", "book_no")
	b.add(print, asOf.String(), int64(book))
	err = s.engine.write(ctx, b)
	if errors.Is(err, cashier.ErrStale) {
		return find() // another process opened it first; the book opened here stays empty
	}
	return book, err
}

const lineColumns = `l.line_no, l.amount_cents, l.type_code, l.family, l.value_on, l.bank_ref, l.customer_ref, l.ref, l.payment_id`

func scanLine(scan func(...any) error, more ...any) (l recon.KeptLine, err error) {
	var value string
	dest := append([]any{&l.No, &l.Amount, &l.Code, &l.Family, &value, &l.BankRef, &l.CustomerRef, &l.Ref, &l.Payment}, more...)
	if err = scan(dest...); err != nil {
		return l, err
	}
	l.ValueOn, err = scanDate(value)
	return l, err
}

// LinesToBook implements recon.Store.
func (s *Store) LinesToBook(ctx context.Context, st *recon.Statement, after int64, limit int) ([]recon.PairedLine, error) {
	var lines []recon.PairedLine
	err := s.engine.read(ctx, query{
		text: `SELECT ` + lineColumns + ` FROM bank_line l WHERE l.account_print = $1 AND l.as_of = $2 AND l.line_no > $3
			ORDER BY l.line_no LIMIT $4`,
		args: []any{st.Print, st.AsOf.String(), after, int64(limit)},
		each: func(scan func(...any) error) error {
			l, err := scanLine(scan)
			lines = append(lines, recon.PairedLine{KeptLine: l, Print: st.Print, AsOf: st.AsOf, Cash: st.Cash, Book: st.Book})
			return err
		},
	})
	if err != nil || len(lines) == 0 {
		return nil, err
	}
	return lines, s.addPairs(ctx, st.Print, st.AsOf, lines)
}

// BookedUpTo implements recon.Store.
func (s *Store) BookedUpTo(ctx context.Context, book ledger.BookNo) (line int64, err error) {
	err = s.engine.read(ctx, query{
		text: `SELECT COALESCE(MAX(line_no), -1) FROM bank_entry WHERE book_no = $1`,
		args: []any{int64(book)},
		each: func(scan func(...any) error) error { return scan(&line) },
	})
	return line, err
}

// addPairs adds the pairs of lines of one statement, which are in order. Each
// expectation is looked up by its key: a join could begin at all that are open.
func (s *Store) addPairs(ctx context.Context, print string, asOf calendar.Date, lines []recon.PairedLine) error {
	at := 0
	return s.engine.read(ctx, query{
		text: `SELECT p.line_no, p.account_no, p.source, p.cents, p.rule,
				(SELECT e.amount_cents FROM expected e WHERE e.account_no = p.account_no AND e.source = p.source),
				(SELECT e.settled_cents FROM expected e WHERE e.account_no = p.account_no AND e.source = p.source),
				(SELECT e.fee_cents FROM expected e WHERE e.account_no = p.account_no AND e.source = p.source)
			FROM recon_pair p WHERE p.account_print = $1 AND p.as_of = $2 AND p.line_no BETWEEN $3 AND $4
			ORDER BY p.line_no, p.account_no, p.source`,
		args: []any{print, asOf.String(), lines[0].No, lines[len(lines)-1].No},
		each: func(scan func(...any) error) error {
			p := recon.PairTo{Pair: recon.Pair{Print: print, AsOf: asOf}}
			var amount money.Cents
			if err := scan(&p.No, &p.Account, &p.Source, &p.Cents, &p.Rule, &amount, &p.Settled, &p.Fee); err != nil {
				return err
			}
			if p.Settled != 0 {
				p.Fee = 0 // it was taken off with what came first
			}
			for at < len(lines) && lines[at].No < p.No {
				at++
			}
			if at < len(lines) && lines[at].No == p.No && amount != p.Settled {
				lines[at].Pairs = append(lines[at].Pairs, p)
			}
			return nil
		},
	})
}

// LinesToExplain implements recon.Store.
func (s *Store) LinesToExplain(ctx context.Context, afterBook ledger.BookNo, afterLine int64, limit int) ([]recon.PairedLine, error) {
	type place struct {
		book ledger.BookNo
		line int64
	}
	var places []place
	err := s.engine.read(ctx, query{
		text: `SELECT x.book_no, x.line_no FROM recon_exception x JOIN bank_day y ON y.book_no = x.book_no
			WHERE x.state = 'open' AND (x.book_no > $1 OR x.book_no = $1 AND x.line_no > $2)
				AND EXISTS (SELECT 1 FROM recon_pair p WHERE p.account_print = y.account_print AND p.as_of = y.as_of AND p.line_no = x.line_no)
			ORDER BY x.book_no, x.line_no LIMIT $3`,
		args: []any{int64(afterBook), afterLine, int64(limit)},
		each: func(scan func(...any) error) error {
			var p place
			err := scan(&p.book, &p.line)
			places = append(places, p)
			return err
		},
	})
	if err != nil {
		return nil, err
	}
	lines := make([]recon.PairedLine, 0, len(places))
	for _, p := range places {
		booked, err := s.LineOf(ctx, p.book, p.line)
		if err != nil {
			return nil, err
		}
		one := []recon.PairedLine{{KeptLine: booked.KeptLine, Print: booked.Print, AsOf: booked.AsOf, Cash: booked.Cash, Book: p.book}}
		one[0].Steps, one[0].First, one[0].Open = booked.Stands()
		if err := s.addPairs(ctx, booked.Print, booked.AsOf, one); err != nil {
			return nil, err
		}
		lines = append(lines, one...)
	}
	return lines, nil
}

// LineOf implements recon.Store.
func (s *Store) LineOf(ctx context.Context, book ledger.BookNo, no int64) (recon.BookedLine, error) {
	line := recon.BookedLine{Book: book}
	var asOf string
	var cash int64
	var sealed []byte
	found := false
	err := s.engine.read(ctx, query{
		text: `SELECT ` + lineColumns + `, l.account_print, l.as_of, s.cash_account, t.sealed FROM bank_day y
			JOIN bank_line l ON l.account_print = y.account_print AND l.as_of = y.as_of
			JOIN bank_statement s ON s.account_print = y.account_print AND s.as_of = y.as_of AND s.status = 'booked'
			LEFT JOIN bank_text t ON t.book_no = y.book_no AND t.line_no = l.line_no
			WHERE y.book_no = $1 AND l.line_no = $2`,
		args: []any{int64(book), no},
		each: func(scan func(...any) error) (err error) {
			found = true
			line.KeptLine, err = scanLine(scan, &line.Print, &asOf, &cash, &sealed)
			return err
		},
	}, query{
		text: `SELECT step_no, leg_no, seq, account_no, source, cents, rule, posted_on FROM bank_entry
			WHERE book_no = $1 AND line_no = $2 ORDER BY step_no, leg_no`,
		args: []any{int64(book), no},
		each: func(scan func(...any) error) error {
			leg := cashier.BankEntry{Book: book, Line: no}
			var on string
			err := scan(&leg.Step, &leg.Leg, &leg.Seq, &leg.Account, &leg.Source, &leg.Cents, &leg.Rule, &on)
			if err == nil {
				leg.PostedOn, err = scanDate(on)
			}
			line.Legs = append(line.Legs, leg)
			return err
		},
	})
	if err != nil {
		return line, err
	}
	if !found {
		return line, fault.New(fault.NotFound, "store.LineOf", "there is no such line of a bank's statement")
	}
	line.Cash = ledger.Account(cash)
	if line.AsOf, err = scanDate(asOf); err != nil {
		return line, err
	}
	if len(sealed) > 0 {
		text, err := s.seal.Open(sealed, lineContext(book, no))
		if err != nil {
			return line, fault.New(fault.Corrupt, "store.LineOf", "the text of a line of a bank's statement does not open: %v", err)
		}
		line.Text = string(text)
	}
	return line, nil
}

func bankEntryBulk(entries []cashier.BankEntry) *bulk {
	b := insertInto("bank_entry", "book_no", "line_no", "step_no", "leg_no", "seq", "account_no", "source", "cents", "rule", "posted_on")
	for i := range entries {
		e := &entries[i]
		b.add(int64(e.Book), e.Line, e.Step, e.Leg, e.Seq, int64(e.Account), e.Source, int64(e.Cents), e.Rule, e.PostedOn.String())
	}
	return b
}

// settledBulk is stale when somebody settled the expectation meanwhile.
func settledBulk(moves []cashier.SettledMove) *bulk {
	b := updateOf("expected", 2, 1, "account_no", "source", "settled_cents", "settled_cents", "settled_on")
	for _, m := range moves {
		b.add(int64(m.Account), m.Source, int64(m.Was), int64(m.Is), m.On.String())
	}
	return b
}

// HoldAgainst implements recon.Store.
func (s *Store) HoldAgainst(
	ctx context.Context, line *recon.PairedLine, account ledger.Account, source string, cents money.Cents, on calendar.Date,
) error {
	settled := money.Cents(0)
	err := s.engine.reader().QueryRowContext(ctx, `SELECT settled_cents FROM expected WHERE account_no = $1 AND source = $2`,
		int64(account), source).Scan(&settled)
	if errors.Is(err, sql.ErrNoRows) {
		return fault.New(fault.Internal, "store.HoldAgainst", "the payment of a line of a bank's statement is not on its account")
	}
	if err != nil {
		return err
	}
	legs := []cashier.BankEntry{
		{Book: line.Book, Line: line.No, Step: line.Steps + 1, Leg: 1, Seq: line.First, Account: account, Cents: -cents, Rule: "payment", PostedOn: on},
		{Book: line.Book, Line: line.No, Step: line.Steps + 1, Leg: 2, Seq: line.First, Account: account, Source: source, Cents: cents, Rule: "payment", PostedOn: on},
	}
	return s.engine.write(ctx, bankEntryBulk(legs), settledBulk([]cashier.SettledMove{{
		Account: account, Source: source, Was: settled, Is: settled + cents, On: on,
	}}))
}
