package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/store/storetest"
)

// TestClose_LetsItsFilesGo holds that no connection stays behind a closed store: one
// that did would keep the database's file open until the program ends.
func TestClose_LetsItsFilesGo(t *testing.T) {
	const handles = "/proc/self/fd"
	o := storetest.Open(t, "sqlite")
	if _, err := o.Store.OpenOperatingBook(t.Context(), "till", 0); err != nil {
		t.Fatal(err)
	}
	if err := o.Store.Close(); err != nil {
		t.Fatal(err)
	}
	open, err := os.ReadDir(handles)
	if os.IsNotExist(err) {
		return // a system that does not list a program's files
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, handle := range open {
		if file, err := os.Readlink(filepath.Join(handles, handle.Name())); err == nil && strings.HasPrefix(file, o.Dir) {
			t.Errorf("%s is still open", file)
		}
	}
}

// TestOpen_PostingOnAServerPlansOnKeys holds the settings without which a table of a
// million rows is posted to at a quarter of the speed.
func TestOpen_PostingOnAServerPlansOnKeys(t *testing.T) {
	o := storetest.Open(t, "postgres")
	for setting, want := range map[string]string{
		"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "plan_cache_mode": "force_generic_plan",
		"max_parallel_workers_per_gather": "0", "jit": "off",
	} {
		if got, err := o.Store.Setting(t.Context(), setting); err != nil || got != want {
			t.Errorf("%s is %q (%v), want %q", setting, got, err, want)
		}
	}
}
