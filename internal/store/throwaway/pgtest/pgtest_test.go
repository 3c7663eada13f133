package pgtest

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
)

var template = NewTemplate(func(dsn string) error {
	conn, err := pgx.Connect(context.Background(), dsn)
	if err != nil {
		return err
	}
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), "CREATE TABLE notes (n bigint)")
	return err
})

func TestTemplate_Database(t *testing.T) {
	for _, name := range []string{"one test's rows", "are not another's"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, template.Database(t))
			var before int
			if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM notes").Scan(&before); err != nil {
				t.Fatal(err)
			}
			if before != 0 {
				t.Errorf("a fresh database has %d rows, want 0", before)
			}
			if _, err := conn.Exec(t.Context(), "INSERT INTO notes VALUES (1)"); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestDatabase_IsEmptyAndDropped(t *testing.T) {
	var dsn string
	t.Run("while the test runs", func(t *testing.T) {
		dsn = Database(t)
		var tables int
		count := "SELECT count(*) FROM information_schema.tables WHERE table_schema = 'public'"
		if err := connect(t, dsn).QueryRow(t.Context(), count).Scan(&tables); err != nil {
			t.Fatal(err)
		}
		if tables != 0 {
			t.Errorf("a fresh database has %d tables, want 0", tables)
		}
	})
	if conn, err := pgx.Connect(t.Context(), dsn); err == nil {
		conn.Close(t.Context())
		t.Errorf("%s is still there after its test", dsn)
	}
}

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatalf("connecting to %s: %v", dsn, err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
