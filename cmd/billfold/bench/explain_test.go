package bench

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/throwaway"
)

func TestExplain(t *testing.T) {
	ctx := context.Background()
	c, err := throwaway.Start(ctx, throwaway.Options{Settings: map[string]string{"shared_preload_libraries": "auto_explain", "auto_explain.log_min_duration": "5", "auto_explain.log_analyze": "on", "logging_collector": "on", "log_directory": "/tmp/pglog"}})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Stop()
	os.MkdirAll("/tmp/pglog", 0o777)
	os.Chmod("/tmp/pglog", 0o777)
	c.CreateDatabase(ctx, "b")
	o, err := openOffice(ctx, store.Options{DSN: c.DSN("b"), Connections: 8})
	if err != nil {
		t.Fatal(err)
	}
	f, err := online(ctx, o, 5*time.Second)
	fmt.Printf("%+v %v\n", f, err)
}
