package storetest

import (
	"database/sql"
	"testing"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/store"
)

// NoteAlias notes an old number of an earlier system in the directory, as the
// import of a roster does, without enrolling anybody.
func NoteAlias(t testing.TB, o *Office, alias billpay.Alias, book ledger.BookNo) {
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
	_, err = db.Exec(`INSERT INTO directory (handle, source, book_no, noted_at) VALUES ($1, $2, $3, 1)`,
		alias.Handle(), alias.Source(), int64(book))
	if err != nil {
		t.Fatal(err)
	}
}
