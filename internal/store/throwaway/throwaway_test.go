package throwaway

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/billfold/billfold/internal/base/fault"
)

// childEnv makes the test binary play the process that starts a cluster and
// is killed while it runs.
const childEnv = "BILLFOLD_THROWAWAY_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		holdCluster()
	}
	os.Exit(m.Run())
}

func holdCluster() {
	cluster, err := Start(context.Background(), Options{})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(cluster.dir)
	select {} // until killed
}

func TestStart(t *testing.T) {
	cluster, err := Start(t.Context(), Options{Settings: map[string]string{"work_mem": "5MB", "cluster_name": "it's ours"}})
	if err != nil {
		t.Fatal(err, fault.HintOf(err))
	}
	t.Cleanup(cluster.Stop)

	t.Run("is durable unless told otherwise, and takes settings", func(t *testing.T) {
		conn := connect(t, cluster.DSN("postgres"))
		for setting, want := range map[string]string{
			"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on",
			"work_mem": "5MB", "cluster_name": "it's ours", "listen_addresses": "",
		} {
			if got := show(t, conn, setting); got != want {
				t.Errorf("%s is %q, want %q", setting, got, want)
			}
		}
	})

	t.Run("makes and copies databases", func(t *testing.T) {
		if err := cluster.CreateDatabase(t.Context(), "first"); err != nil {
			t.Fatal(err)
		}
		conn := connect(t, cluster.DSN("first"))
		if _, err := conn.Exec(t.Context(), "CREATE TABLE kept (n bigint)"); err != nil {
			t.Fatal(err)
		}
		conn.Close(t.Context())
		if err := cluster.CloneDatabase(t.Context(), "second", "first"); err != nil {
			t.Fatal(err)
		}
		if _, err := connect(t, cluster.DSN("second")).Exec(t.Context(), "SELECT n FROM kept"); err != nil {
			t.Errorf("the copy lacks the original's table: %v", err)
		}
	})

	t.Run("finds programs that came with the server, and no others", func(t *testing.T) {
		if path, ok := cluster.Bin("initdb"); !ok || filepath.Dir(path) != cluster.bin {
			t.Errorf("initdb found at %q (%v), want it in %s", path, ok, cluster.bin)
		}
		if path, ok := cluster.Bin("no-such-program"); ok {
			t.Errorf("a program that does not exist found at %q", path)
		}
	})

	t.Run("leaves nothing behind when stopped", func(t *testing.T) {
		cluster.Stop()
		if _, err := os.Stat(cluster.dir); !os.IsNotExist(err) {
			t.Errorf("%s is still there after Stop (%v)", cluster.dir, err)
		}
		if conn, err := pgx.Connect(t.Context(), cluster.DSN("postgres")); err == nil {
			conn.Close(t.Context())
			t.Error("the server still answers after Stop")
		}
	})
}

func TestStart_KilledParent(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	dir := strings.TrimSpace(line)
	if _, err := os.Stat(filepath.Join(dir, "data", "postmaster.pid")); err != nil {
		t.Fatalf("the child has no running cluster: %q, %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // "killed", as it should be
	waitGone(t, dir)
}

func TestStart_Refusals(t *testing.T) {
	t.Run("a named folder without a server says what it lacks", func(t *testing.T) {
		t.Setenv(BinEnv, t.TempDir())
		_, err := Start(t.Context(), Options{})
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "initdb") {
			t.Errorf("got %v, want unavailable naming initdb", err)
		}
	})
	t.Run("a setting PostgreSQL does not know is quoted from its log", func(t *testing.T) {
		_, err := Start(t.Context(), Options{Settings: map[string]string{"no_such_setting": "1"}})
		if fault.KindOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "no_such_setting") {
			t.Errorf("got %v, want unavailable naming no_such_setting", err)
		}
	})
	t.Run("a cancelled start leaves nothing behind", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		parent, err := os.MkdirTemp("/tmp", "throwaway-test-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = os.RemoveAll(parent) })
		if err := os.Chmod(parent, 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := Start(ctx, Options{Dir: parent}); err == nil {
			t.Error("a cancelled start gave a cluster")
		}
		if left, _ := os.ReadDir(parent); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	})
}

func TestSystemBins_NewestFirst(t *testing.T) {
	root := t.TempDir()
	for _, version := range []string{"9.6", "15", "18", "9"} {
		if err := os.MkdirAll(filepath.Join(root, version, "bin"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	got := systemBins(root)
	if len(got) != 4 || got[0] != filepath.Join(root, "18", "bin") || got[1] != filepath.Join(root, "15", "bin") {
		t.Errorf("got %v, want version 18 first, then 15", got)
	}
}

func TestServer_DSN(t *testing.T) {
	for _, tc := range []struct{ given, want string }{
		{"postgres://u:p@host:5433/app?sslmode=disable", "postgres://u:p@host:5433/mine?sslmode=disable"},
		{"postgres://postgres@/postgres?host=/tmp/x", "postgres://postgres@/mine?host=/tmp/x"},
		{"host=/tmp/x user=u dbname=app", "host=/tmp/x user=u dbname=app dbname=mine"},
	} {
		got := At(tc.given).DSN("mine")
		if got != tc.want {
			t.Errorf("DSN on %q is %q, want %q", tc.given, got, tc.want)
		}
		config, err := pgx.ParseConfig(got)
		if err != nil || config.Database != "mine" {
			t.Errorf("the driver reads %q as database %q (%v), want mine", got, config.Database, err)
		}
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

func show(t *testing.T, conn *pgx.Conn, setting string) string {
	t.Helper()
	var value string
	if err := conn.QueryRow(t.Context(), "SELECT current_setting($1)", setting).Scan(&value); err != nil {
		t.Fatalf("reading %s: %v", setting, err)
	}
	return value
}

func waitGone(t *testing.T, dir string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if _, err := os.Stat(dir); os.IsNotExist(err) {
			return
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			t.Fatalf("%s is still there 20 s after its owner was killed", dir)
		}
	}
}
