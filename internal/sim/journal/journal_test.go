package journal_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/journal"
)

func read(t *testing.T, dir string) (*journal.Journal[int], []int) {
	t.Helper()
	var have []int
	j, err := journal.Open(dir, "books.jsonl", func(n int) error {
		have = append(have, n)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return j, have
}

func TestJournal_TakesUpWhereItWasLeft(t *testing.T) {
	dir := t.TempDir()
	j, _ := read(t, dir)
	for n := range 3 {
		if err := j.Add(n); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := journal.Open(dir, "books.jsonl", func(int) error { return nil }); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a second process opened the books: %v", err)
	}
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	if j.Add(4) == nil {
		t.Error("a closed journal took a record")
	}
	j, have := read(t, dir)
	defer j.Close()
	if !slices.Equal(have, []int{0, 1, 2}) {
		t.Errorf("came back as %v", have)
	}
}

func TestJournal_DropsALineThatWasCutOff(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books.jsonl"), []byte("1\n2\n3"), 0o600); err != nil {
		t.Fatal(err)
	}
	j, have := read(t, dir)
	if !slices.Equal(have, []int{1, 2}) {
		t.Errorf("came back as %v", have)
	}
	if err := j.Add(9); err != nil {
		t.Fatal(err)
	}
	j.Close()
	j, have = read(t, dir)
	defer j.Close()
	if !slices.Equal(have, []int{1, 2, 9}) {
		t.Errorf("came back as %v", have)
	}
}

func TestJournal_RefusesWhatIsNoRecord(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "books.jsonl"), []byte("1\nx\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := journal.Open(dir, "books.jsonl", func(int) error { return nil }); fault.KindOf(err) != fault.Corrupt {
		t.Errorf("a damaged line was taken: %v", err)
	}
}
