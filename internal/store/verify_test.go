package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func signing(t testing.TB) *vault.Signing {
	t.Helper()
	dir := t.TempDir() + "/keys"
	if _, err := vault.Create(dir); err != nil {
		t.Fatal(err)
	}
	keys, err := vault.OpenSigning(dir)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func verify(t testing.TB, s *store.Store, keys proof.Keys) proof.Report {
	t.Helper()
	report, err := proof.Verify(t.Context(), s, keys, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func wantProved(t testing.TB, report proof.Report) {
	t.Helper()
	if report.Broken != nil {
		t.Fatalf("the books do not prove: %v", report.Broken)
	}
}

func closeDay(t testing.TB, o *storetest.Office, keys *vault.Signing) proof.Seal {
	t.Helper()
	seal, err := proof.Close(t.Context(), o.Store, keys, o.Clock, calendar.MustParse("2026-11-23"))
	if err != nil {
		t.Fatal(err)
	}
	return seal
}

// raw opens the database past every guard: as the owner on PostgreSQL, without
// triggers and constraints on SQLite.
func raw(t testing.TB, o *storetest.Office) *sql.DB {
	t.Helper()
	driver, address := "pgx", o.DSN
	if o.Dir != "" {
		driver, address = "sqlite", "file:"+o.Dir+"/"+store.DatabaseFile+"?_pragma=ignore_check_constraints(ON)&_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if o.Dir == "" {
		return db
	}
	var drops string
	if err := db.QueryRow(`SELECT group_concat('DROP TRIGGER ' || name, ';') FROM sqlite_master WHERE type = 'trigger'`).Scan(&drops); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(drops); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestVerify_EveryActProves(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		keys := signing(t)
		closeDay(t, o, keys)
		report := verify(t, o.Store, keys)
		wantProved(t, report)
		if report.Files != 1 || report.Seals != 1 || report.Sealed != report.Transactions || report.Debits != report.Credits || report.Debits == 0 {
			t.Errorf("got %+v", report)
		}
		want := map[string]int64{
			"claim": report.Claims, "book": report.Books, "posting": report.Postings, "receipt": report.Receipts, "open_item": report.Items,
		}
		db := raw(t, o)
		for table, proved := range want {
			var rows int64
			if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&rows); err != nil || rows != proved {
				t.Errorf("%d rows of %s were proved, want %d (%v)", proved, table, rows, err)
			}
		}
		cash := report.Accounts[premium.Account(chart.ClearCounter)]
		if cash.Net() != 32_400 {
			t.Errorf("the counter cleared %s, want 324.00", cash.Net())
		}
	})
}

// unproved are columns that no digest covers and no rule can tell.
var unproved = map[string][]string{
	"book": {"kind", "opened_at"},
	// How a file's progress was divided into chunks proves nothing about money.
	"file_progress": {"lane", "chunk_no"},
}

// keyColumns say how a broken row of a table is named.
var keyColumns = map[string][]string{
	"posting": {"book_no", "posted_on", "seq", "line"}, "receipt": {"book_no", "seq"}, "open_item": {"book_no", "item_no"},
	"claim": {"claim_id"}, "book": {"book_no"}, "ending": {"book_no", "seq"}, "unapplied": {"book_no", "seq"},
	"suspense": {"book_no", "seq"}, "kept_file": {"book_no"}, "kept_file_chunk": {"book_no", "chunk_no"},
	"file_progress": {"book_no", "lane", "chunk_no"}, "seal": {"close_no"}, "seal_range": {"close_no", "range_no"},
	"seal_total": {"close_no", "account_no"}, "seal_book": {"book_no", "close_no"},
}

// row is one stored row with its columns in order.
type row struct {
	table   string
	columns []string
	values  []any
}

func (r *row) value(column string) any { return r.values[slices.Index(r.columns, column)] }

func rowsOf(t *testing.T, db *sql.DB, table string) []row {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table + " ORDER BY " + strings.Join(keyColumns[table], ", "))
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []row
	for rows.Next() {
		columns, _ := rows.Columns()
		r := row{table: table, columns: columns, values: make([]any, len(columns))}
		into := make([]any, len(columns))
		for i := range into {
			into[i] = &r.values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
	return all
}

// changes gives values that differ in as little as one byte or bit.
func changes(value any) []any {
	switch v := value.(type) {
	case int64:
		return []any{v + 1, v - 1, v + 1<<32}
	case string:
		if v == "" {
			return []any{"x"}
		}
		last := v[len(v)-1]
		return []any{v[:len(v)-1] + string(rune(last^1)), v[:len(v)-1] + "~"}
	case []byte:
		changed := slices.Clone(v)
		changed[len(v)/2] ^= 1
		return []any{changed}
	}
	return nil
}

// change writes a column of a row; it is false when the engine's own
// constraints refuse it.
func (r *row) change(db *sql.DB, column string, to any, from []any) bool {
	where := make([]string, 0, 4)
	args := []any{to}
	for _, key := range keyColumns[r.table] {
		args = append(args, from[slices.Index(r.columns, key)])
		where = append(where, fmt.Sprintf("%s = $%d", key, len(args)))
	}
	result, err := db.Exec(fmt.Sprintf("UPDATE %s SET %s = $1 WHERE %s", r.table, column, strings.Join(where, " AND ")), args...)
	if err != nil {
		return false
	}
	n, err := result.RowsAffected()
	return err == nil && n == 1
}

func (r *row) restore(t *testing.T, db *sql.DB, column string, changed any) {
	t.Helper()
	at := slices.Index(r.columns, column)
	now := slices.Clone(r.values)
	now[at] = changed
	if !r.change(db, column, r.values[at], now) {
		t.Fatalf("%s.%s was not restored", r.table, column)
	}
}

// named is what the key of the broken row must hold.
func (r *row) named() []string {
	switch r.table {
	case "claim":
		return []string{r.value("claim_id").(string)}
	case "seal", "seal_range", "seal_total":
		return []string{fmt.Sprintf("close %d", r.value("close_no"))}
	}
	parts := []string{fmt.Sprintf("...%04d", r.value("book_no").(int64)%10_000)}
	switch r.table {
	case "posting", "receipt", "ending", "unapplied", "suspense":
		parts = append(parts, fmt.Sprintf("seq %d", r.value("seq")))
	case "open_item":
		parts = append(parts, fmt.Sprintf("item %d", r.value("item_no")))
	case "kept_file_chunk":
		parts = append(parts, fmt.Sprintf("chunk %d", r.value("chunk_no")))
	}
	return parts
}

func TestVerify_NamesTheRowThatChanged(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		keys := signing(t)
		closeDay(t, o, keys)
		wantProved(t, verify(t, o.Store, keys))
		db := raw(t, o)
		for table := range keyColumns {
			all := rowsOf(t, db, table)
			if len(all) == 0 {
				t.Fatalf("the scenario left no row in %s", table)
			}
			for _, column := range all[0].columns {
				if slices.Contains(unproved[table], column) {
					continue
				}
				t.Run(table+"."+column, func(t *testing.T) {
					for _, r := range chosen(o, table, all) {
						changeEach(t, o.Store, db, &r, column, keys)
					}
				})
			}
		}
		wantProved(t, verify(t, o.Store, keys))
	})
}

// chosen picks the first row of a table, one in the middle and the last; on the
// server, where each proof takes longer, one will do.
func chosen(o *storetest.Office, table string, all []row) []row {
	switch {
	case table == "book":
		return []row{*moved(all)}
	case len(all) < 3:
		return all
	case o.Dir == "":
		return all[len(all)/2 : len(all)/2+1]
	}
	return []row{all[0], all[len(all)/2], all[len(all)-1]}
}

// moved picks a book with transactions and items.
func moved(all []row) *row {
	at := slices.IndexFunc(all, func(r row) bool { return r.value("seq").(int64) > 2 && r.value("last_item").(int64) > 0 })
	return &all[at]
}

func changeEach(t *testing.T, s *store.Store, db *sql.DB, r *row, column string, keys proof.Keys) {
	tried := 0
	for _, to := range changes(r.value(column)) {
		if !r.change(db, column, to, r.values) {
			continue
		}
		tried++
		report, err := proof.Verify(context.Background(), s, keys, nil)
		r.restore(t, db, column, to)
		isKey := slices.Contains(keyColumns[r.table], column)
		switch {
		case fault.KindOf(err) == fault.Unavailable && (column == "key_id" || column == "details"):
			// A changed key id cannot be told from a key that is missing.
		case err != nil:
			t.Errorf("%v -> %v: %v", r.value(column), to, err)
		case report.Broken == nil:
			t.Errorf("%v -> %v was not found", r.value(column), to)
		case report.Broken.Table != r.table && !sameKind(r.table, report.Broken.Table):
			t.Errorf("%v -> %v: got %v, want table %s", r.value(column), to, report.Broken, r.table)
		case isKey || strings.HasPrefix(r.table, "seal_"): // named by its old key or its new one
		default:
			for _, part := range r.named() {
				if !strings.Contains(report.Broken.Key, part) {
					t.Errorf("%v -> %v: got key %q, want %q in it", r.value(column), to, report.Broken.Key, part)
				}
			}
		}
	}
	if tried == 0 {
		t.Errorf("no change of %v was taken", r.value(column))
	}
}

// sameKind reports whether a row may be named by another of its family: a seal
// is compared as a whole, and a file by everything that names it.
func sameKind(table, named string) bool {
	return strings.HasPrefix(table, "seal") && strings.HasPrefix(named, "seal") || table == "file_progress" && named == "kept_file"
}

func TestVerify_SeesRowsThatAreGone(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	play(t, o)
	keys := signing(t)
	closeDay(t, o, keys)
	db := raw(t, o)
	for table := range keyColumns {
		t.Run(table, func(t *testing.T) {
			all := rowsOf(t, db, table)
			r := all[len(all)/2]
			if table == "book" {
				r = *moved(all)
			}
			var where []string
			var args []any
			for _, key := range keyColumns[table] {
				args = append(args, r.value(key))
				where = append(where, fmt.Sprintf("%s = $%d", key, len(args)))
			}
			if _, err := db.Exec("DELETE FROM "+table+" WHERE "+strings.Join(where, " AND "), args...); err != nil {
				t.Fatal(err)
			}
			if report := verify(t, o.Store, keys); report.Broken == nil {
				t.Errorf("a deleted row of %s was not missed", table)
			}
			marks := strings.TrimSuffix(strings.Repeat("?, ", len(r.values)), ", ")
			if _, err := db.Exec("INSERT INTO "+table+" ("+strings.Join(r.columns, ", ")+") VALUES ("+marks+")", r.values...); err != nil {
				t.Fatal(err)
			}
			wantProved(t, verify(t, o.Store, keys))
		})
	}
}

func TestVerify_WithoutTheKeys(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	play(t, o)
	closeDay(t, o, signing(t))
	_, err := proof.Verify(t.Context(), o.Store, signing(t), nil)
	if fault.KindOf(err) != fault.Unavailable || fault.HintOf(err) == "" {
		t.Errorf("without the signing key: got %v, want Unavailable with a hint", err)
	}
}

func TestIncludedIn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := play(t, o)
		keys := signing(t)
		first := closeDay(t, o, keys)
		s.pay(premium, s.to(0, 250))
		book := ledger.BookNo(s.numbers[0])
		var last int64
		if journal, err := o.Store.Journal(t.Context(), book); err != nil {
			t.Fatal(err)
		} else {
			last = int64(len(journal))
		}
		if _, err := proof.IncludedIn(t.Context(), o.Store, keys, book, last); fault.KindOf(err) != fault.NotFound {
			t.Errorf("a transaction after the close: got %v, want NotFound", err)
		}
		second := closeDay(t, o, keys)
		if second.Transactions != 1 || second.Previous != first.Digest {
			t.Errorf("the second close seals %d transactions after %x, want 1 after %x", second.Transactions, second.Previous, first.Digest)
		}
		wantProved(t, verify(t, o.Store, keys))
		for seq := int64(1); seq <= last; seq++ {
			p, err := proof.IncludedIn(t.Context(), o.Store, keys, book, seq)
			if err != nil {
				t.Fatalf("transaction %d: %v", seq, err)
			}
			p.Link[3] ^= 1
			if proof.CheckInclusion(p, p.PublicKey) == nil {
				t.Errorf("a changed link of transaction %d is included", seq)
			}
			p.Link[3] ^= 1
			p.Seal.Transactions++
			if proof.CheckInclusion(p, p.PublicKey) == nil {
				t.Errorf("transaction %d is included in a seal that was not signed", seq)
			}
		}
	})
}
