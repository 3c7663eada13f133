package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/throwaway"
	"github.com/billfold/billfold/internal/store/throwaway/pgtest"
)

// A store's schema costs most of a second to make, and is the same for every
// test: what a binary's first test makes, the others copy. Opening the copy
// checks the schema and sets its guards as opening any store does.

// onServer is an empty store's database.
var onServer = pgtest.NewTemplate(func(dsn string) error { return makeEmpty(store.Options{DSN: dsn}) })

// inFile is an empty store's file.
var inFile = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp(throwaway.Memory(), "billfold-empty-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := makeEmpty(store.Options{Dir: dir}); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, store.DatabaseFile)) // closing has emptied the log into it
})

// makeEmpty makes a store in which nothing was sealed yet, so that any keys fit it.
func makeEmpty(o store.Options) error {
	s, err := store.Open(context.Background(), o, nil, clock.At(Start))
	if err != nil {
		return err
	}
	return s.Close()
}

// folder gives an empty folder that goes with the test: in memory, where no test
// waits for a disk, but on the disk for a benchmark, which measures it.
func folder(t testing.TB) string {
	t.Helper()
	memory := throwaway.Memory()
	if _, measured := t.(*testing.B); measured || memory == "" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp(memory, "billfold-store-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the test's folder: %v", err)
		}
	})
	return dir
}

// newFile puts an empty store's file into dir.
func newFile(t testing.TB, dir string) {
	t.Helper()
	file, err := inFile()
	if err != nil {
		t.Fatalf("making the empty store: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, store.DatabaseFile), file, 0o600); err != nil {
		t.Fatal(err)
	}
}
