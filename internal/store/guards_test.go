package store_test

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func TestTables_TheProgramCannotChangeWhatIsAppendOnly(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		db := guarded(t, o)
		for _, table := range store.AppendOnly {
			columns := columnsOf(t, db, table)
			for verb, statement := range map[string]string{
				"updated":   fmt.Sprintf("UPDATE %s SET %s = %s", table, columns[0], columns[0]),
				"deleted":   "DELETE FROM " + table,
				"truncated": "TRUNCATE " + table,
			} {
				refused(t, o, db, table, verb, statement)
			}
			replace := fmt.Sprintf("INSERT OR REPLACE INTO %s SELECT * FROM %s", table, table)
			if o.Dir == "" {
				replace = fmt.Sprintf("MERGE INTO %[1]s USING %[1]s AS s ON %[1]s.%[2]s = s.%[2]s WHEN MATCHED THEN DELETE", table, columns[0])
			}
			refused(t, o, db, table, "replaced", replace)
		}
		for _, table := range store.Updatable {
			refused(t, o, db, table, "deleted", "DELETE FROM "+table)
		}
		for what, statement := range map[string]string{
			"dropped": "DROP TABLE posting", "altered": "ALTER TABLE posting ADD COLUMN x BIGINT",
			"unguarded": "ALTER TABLE posting DISABLE TRIGGER ALL",
		} {
			if o.Dir == "" { // the embedded database has no roles: whoever has the file has the schema
				refused(t, o, db, "posting", what, statement)
			}
		}
	})
}

// guarded reads the database without taking its guards away.
func guarded(t *testing.T, o *storetest.Office) *sql.DB {
	t.Helper()
	driver, address := "pgx", o.DSN
	if o.Dir != "" {
		driver, address = "sqlite", "file:"+o.Dir+"/"+store.DatabaseFile+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func columnsOf(t *testing.T, db *sql.DB, table string) []string {
	t.Helper()
	rows, err := db.Query("SELECT * FROM " + table + " LIMIT 0")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	return columns
}

// refused runs a statement as the program and wants it to fail and to leave
// every row where it was. A table without rows proves nothing on SQLite, whose
// triggers ask each row; its error is then not asked for.
func refused(t *testing.T, o *storetest.Office, db *sql.DB, table, verb, statement string) {
	t.Helper()
	before := count(t, db, table)
	err := o.Store.Exec(t.Context(), statement)
	if err == nil && (before > 0 || o.Dir == "") {
		t.Errorf("%s was %s by the program: %s", table, verb, statement)
	}
	if after := count(t, db, table); after != before {
		t.Fatalf("%s has %d rows after %q, want %d", table, after, statement, before)
	}
}

func count(t *testing.T, db *sql.DB, table string) (rows int) {
	t.Helper()
	if err := db.QueryRow("SELECT COUNT(*) FROM " + table).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func TestTables_WrongValuesCannotBeWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		posting := map[string]string{
			"book_no": "1000000000", "posted_on": "'2026-11-23'", "seq": "900", "line": "1", "debit_account": "10102",
			"credit_account": "10110", "amount_cents": "100", "item_no": "0", "phase": "1", "of_seq": "0",
			"effective_on": "'2026-11-23'", "recorded_at": "1", "event": "'payment.received'", "link": "''",
			"actor": "'staff:jlee'", "reason": "''", "digest": "digest",
		}
		// insert writes a posting that is right but for the changes, so that only
		// they can be what is refused.
		insert := func(changes map[string]string) error {
			var names, values []string
			for name, value := range posting {
				if changed, is := changes[name]; is {
					value = changed
				}
				names, values = append(names, name), append(values, value)
			}
			return o.Store.Exec(t.Context(), fmt.Sprintf("INSERT INTO posting (%s) SELECT %s FROM posting LIMIT 1",
				strings.Join(names, ", "), strings.Join(values, ", ")))
		}
		if err := insert(nil); err != nil {
			t.Fatalf("the row itself is refused: %v", err)
		}
		for name, changes := range map[string]map[string]string{
			"both sides on one account":   {"credit_account": "10102"},
			"sides in two funds":          {"credit_account": "10210"},
			"sides in two legal entities": {"credit_account": "20110"},
			"an amount of nothing":        {"amount_cents": "0"},
			"a negative amount":           {"amount_cents": "-100"},
			"no debit":                    {"debit_account": "NULL"},
			"no credit":                   {"credit_account": "NULL"},
			"no amount":                   {"amount_cents": "NULL"},
			"no actor":                    {"actor": "''"},
			"an unknown phase":            {"phase": "5"},
			"no sequence number":          {"seq": "0"},
			"the same row again":          {},
		} {
			changes["line"] = "2"
			if name == "the same row again" {
				changes["line"] = "1"
			}
			if err := insert(changes); err == nil {
				t.Errorf("a posting with %s was written", name)
			}
		}
		for _, column := range []string{
			"book_no", "seq", "line", "debit_account", "credit_account", "amount_cents", "item_no", "phase", "of_seq", "recorded_at",
		} {
			for _, value := range []string{"'abc'", "'12abc'", "''", "1.5"} {
				if o.Dir == "" && value == "1.5" {
					continue // PostgreSQL rounds it to a whole number, which is no text
				}
				changes := map[string]string{"line": "3", column: value}
				if err := insert(changes); err == nil {
					t.Errorf("%s stands in posting.%s, an integer column", value, column)
				}
			}
		}
		for table, column := range map[string]string{
			"open_item": "open_cents", "suspense": "open_cents", "unapplied": "open_cents", "book": "seq",
		} {
			if err := o.Store.Exec(t.Context(), fmt.Sprintf("UPDATE %s SET %s = 'abc'", table, column)); err == nil {
				t.Errorf("text stands in %s.%s, an integer column", table, column)
			}
		}
		for _, table := range []string{"open_item", "suspense", "unapplied"} {
			for what, value := range map[string]string{"less than nothing": "-1", "more than it was for": "amount_cents + 1"} {
				if err := o.Store.Exec(t.Context(), fmt.Sprintf("UPDATE %s SET open_cents = %s", table, value)); err == nil {
					t.Errorf("%s is open in %s", what, table)
				}
			}
		}
	})
}
