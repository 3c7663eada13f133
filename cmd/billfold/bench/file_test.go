package bench

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/probe"
	"github.com/billfold/billfold/internal/store/throwaway"
)

func TestFile(t *testing.T) {
	ctx := context.Background()
	n := envInt("N", 100000)
	opts := store.Options{Dir: t.TempDir()}
	e := os.Getenv("ENGINE")
	if e == "postgres" {
		c, err := throwaway.Start(ctx, throwaway.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Stop()
		c.CreateDatabase(ctx, "b")
		opts = store.Options{DSN: c.DSN("b"), Connections: 8}
	}
	o, err := openOffice(ctx, opts)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	numbers, err := o.openAccounts(ctx, n, 1)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Println("accounts", time.Since(began), peakMemory())
	f, err := file(ctx, o, numbers, nil)
	fmt.Printf("%+v %v\n", f, err)
	o.store.Close()
	driver, dsn := "pgx", opts.DSN
	if e != "postgres" {
		driver, dsn = "sqlite", "file:"+opts.Dir+"/billfold.db?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=cache_size(-65536)&_pragma=wal_autocheckpoint(16384)"
	}
	var db *sql.DB
	_ = db
	took, err := probe.Run(ctx, driver, dsn, n)
	fmt.Println("probe", took, float64(n)/took.Seconds(), err)
}
