// Package pgtest gives each test a PostgreSQL database of its own.
//
// All tests of a binary share one server: the one that BILLFOLD_TEST_DSN
// names (`make test` starts one for all binaries), else a throw-away cluster
// that is started on first use and ends with the binary. Nothing is skipped:
// without a server the test fails and says how to get one.
package pgtest

import (
	"context"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/store/throwaway"
)

// DSNEnv names the environment variable with the address of the server to use.
// Its user must be allowed to make databases.
const DSNEnv = "BILLFOLD_TEST_DSN"

// Options are those of a cluster for tests: a test that kills the program
// proves as much without the disk's word, since the server outlives it.
func Options() throwaway.Options {
	return throwaway.Options{Dir: throwaway.Memory(), Settings: map[string]string{
		"autovacuum":         "off", // no database lives long enough, and its visits hold up who copies one
		"fsync":              "off",
		"full_page_writes":   "off",
		"max_connections":    "300",
		"max_wal_size":       "256MB", // the log may lie in memory
		"synchronous_commit": "on",
	}}
}

// cluster holds the shared cluster for as long as the binary runs: it ends when
// it is collected.
var cluster *throwaway.Cluster

var shared = sync.OnceValues(func() (throwaway.Server, error) {
	if dsn := os.Getenv(DSNEnv); dsn != "" {
		return throwaway.At(dsn), nil
	}
	var err error
	cluster, err = throwaway.Start(context.Background(), Options())
	if err != nil {
		return throwaway.Server{}, err
	}
	return cluster.Server, nil // nobody stops it: it ends with this process
})

// Server gives the server that the tests of this binary share.
func Server(t testing.TB) throwaway.Server {
	t.Helper()
	server, err := shared()
	if err != nil {
		t.Fatalf("%v\n%s", err, fault.HintOf(err))
	}
	return server
}

// Database makes an empty database, gives its address, and drops it when the
// test ends.
func Database(t testing.TB) string {
	t.Helper()
	return fresh(t, func(s throwaway.Server, name string) error {
		return s.CreateDatabase(t.Context(), name)
	})
}

// Template is a database that is built once per test binary and copied for
// each test, which costs far less than building it again.
type Template struct {
	build func(dsn string) error
	once  sync.Once
	name  string
	err   error
}

// NewTemplate makes a template that build fills; build closes what it opens.
func NewTemplate(build func(dsn string) error) *Template {
	return &Template{build: build}
}

// Database makes a copy of the template, gives its address, and drops it when
// the test ends.
func (tpl *Template) Database(t testing.TB) string {
	t.Helper()
	server := Server(t)
	tpl.once.Do(func() {
		tpl.name = databaseName("template")
		if tpl.err = server.CreateDatabase(context.Background(), tpl.name); tpl.err == nil {
			tpl.err = tpl.build(server.DSN(tpl.name))
		}
	})
	if tpl.err != nil {
		t.Fatalf("building the template database: %v", tpl.err)
	}
	return fresh(t, func(s throwaway.Server, name string) error {
		return s.CloneDatabase(t.Context(), name, tpl.name)
	})
}

func fresh(t testing.TB, create func(s throwaway.Server, name string) error) string {
	t.Helper()
	server, name := Server(t), databaseName(t.Name())
	if err := create(server, name); err != nil {
		t.Fatalf("making a test database: %v", err)
	}
	t.Cleanup(func() {
		// The test's own context has ended by now.
		if err := server.DropDatabase(context.Background(), name); err != nil {
			t.Errorf("dropping the test database: %v", err)
		}
	})
	return server.DSN(name)
}

// databaseName is unique on a server that several binaries share; the hint
// helps whoever looks at the server while tests run.
func databaseName(hint string) string {
	keep := func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}
	hint = strings.Map(keep, strings.ToLower(hint))
	return "t_" + string(ident.NewOpaque()) + "_" + hint[:min(len(hint), 30)] // PostgreSQL cuts names at 63 bytes
}
