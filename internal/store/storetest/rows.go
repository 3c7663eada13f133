package storetest

import (
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/store"
)

// Rows writes all rows of a table as text, to look for what may not stand there.
func Rows(t testing.TB, o *Office, table string) string {
	t.Helper()
	driver, address := "pgx", o.DSN
	if o.Dir != "" {
		driver, address = "sqlite", "file:"+o.Dir+"/"+store.DatabaseFile+"?_pragma=busy_timeout(10000)"
	}
	db, err := sql.Open(driver, address)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT * FROM " + table)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for rows.Next() {
		values := make([]sql.RawBytes, len(columns))
		into := make([]any, len(columns))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		for _, v := range values {
			fmt.Fprintf(&text, "%s|", v)
		}
		text.WriteByte('\n')
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return text.String()
}
