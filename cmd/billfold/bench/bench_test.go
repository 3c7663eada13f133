package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/throwaway"
)

func TestTry(t *testing.T) {
	ctx := context.Background()
	for _, e := range []string{"sqlite", "postgres"} {
		if only := os.Getenv("ENGINE"); only != "" && only != e {
			continue
		}
		opts := store.Options{Dir: t.TempDir()}
		var c *throwaway.Cluster
		if e == "postgres" {
			var err error
			c, err = throwaway.Start(ctx, throwaway.Options{})
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
		f, err := online(ctx, o, 5*time.Second)
		fmt.Printf("%+v %v\n", f, err)
		if c != nil {
			c.CreateDatabase(ctx, "pgb")
			bin, _ := c.Bin("pgbench")
			out, err := exec.Command(bin, "-i", "-q", "-s", "20", c.DSN("pgb")).CombinedOutput()
			if err != nil {
				fmt.Println(string(out))
			}
			out, _ = exec.Command(bin, "-c", "8", "-j", "2", "-T", "8", c.DSN("pgb")).CombinedOutput()
			fmt.Println(string(out))
			f, err := online(ctx, o, 5*time.Second)
			fmt.Printf("%+v %v\n", f, err)
		}
	}
}
