package store_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/proof"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
	"github.com/billfold/billfold/internal/store/throwaway/pgtest"
)

// emptyStore opens a database without rows under given keys.
func emptyStore(t testing.TB, engine string, o *storetest.Office, keys store.Sealer) *store.Store {
	t.Helper()
	options := store.Options{Dir: t.TempDir()}
	if engine == "postgres" {
		options = store.Options{DSN: pgtest.Database(t)}
	}
	s, err := store.Open(t.Context(), options, keys, o.Clock)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func backup(t testing.TB, s *store.Store) (path string, done store.Archived) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "billfold.archive")
	done, err := s.Backup(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	return path, done
}

func TestBackup_MovesBetweenEnginesUnderLoad(t *testing.T) {
	for _, from := range storetest.Engines {
		for _, to := range storetest.Engines {
			t.Run(from+" to "+to, func(t *testing.T) {
				t.Parallel()
				o := storetest.Open(t, from)
				s := play(t, o)
				keys := signing(t)
				closeDay(t, o, keys)
				stop := postForever(t, s)
				t.Cleanup(func() { stop() })
				path, done := backup(t, o.Store)
				posted := stop()
				restored := emptyStore(t, to, o, o.Vault)
				got, err := restored.Restore(t.Context(), path)
				if err != nil {
					t.Fatal(err)
				}
				if got != done || done.Rows == 0 {
					t.Errorf("restored %+v of %+v", got, done)
				}
				report := verify(t, restored, keys)
				wantProved(t, report)
				whole := verify(t, o.Store, keys)
				wantProved(t, whole)
				if report.Transactions > whole.Transactions || posted == 0 {
					t.Errorf("the copy has %d transactions of %d while %d were posted", report.Transactions, whole.Transactions, posted)
				}
			})
		}
	}
}

// postForever posts from several goroutines; stop ends it and counts the
// payments. It returns when each goroutine has posted once.
func postForever(t testing.TB, s *scenario) (stop func() int) {
	t.Helper()
	poster := cashier.NewPoster(s.Cashier, 2)
	ctx, cancel := context.WithCancel(context.Background())
	var under sync.WaitGroup
	var began sync.WaitGroup
	counts := make([]int, 4)
	base := s.instruction(premium, s.to(0, 100))
	for i := range counts {
		began.Add(1)
		under.Go(func() {
			for ctx.Err() == nil {
				in := base
				in.Key = ident.Key(fmt.Sprintf("load:%d:%d", i, counts[i]))
				in.Parts = append(in.Parts[:0:0], in.Parts...)
				in.Parts[0].Reference = s.numbers[i%3].Digits()
				if _, err := poster.Post(context.WithoutCancel(ctx), in); err != nil {
					t.Errorf("posting while a backup runs: %v", err)
					cancel()
				}
				if counts[i]++; counts[i] == 1 {
					began.Done()
				}
			}
		})
	}
	began.Wait()
	return sync.OnceValue(func() int {
		cancel()
		under.Wait()
		poster.Close()
		total := 0
		for _, n := range counts {
			total += n
		}
		return total
	})
}

func TestRestore_WithoutTheKeys(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	play(t, o)
	path, _ := backup(t, o.Store)
	stranger, err := vault.Create(t.TempDir() + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	restored := emptyStore(t, "sqlite", o, stranger)
	if _, err := restored.Restore(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, err = proof.Verify(t.Context(), restored, nil, nil)
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), "key directory") {
		t.Errorf("got %v (hint %q), want Unavailable and a hint at the key directory", err, fault.HintOf(err))
	}
}

func TestBackup_HoldsNoKeyAndNothingSealedInClear(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	play(t, o)
	path, _ := backup(t, o.Store)
	text := unpack(t, path)
	for _, secret := range []string{"A Smith", "the second piece"} {
		if bytes.Contains(text, []byte(secret)) {
			t.Errorf("the archive shows %q", secret)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the archive has mode %v, want 0600 (%v)", info.Mode(), err)
	}
	if _, err := o.Store.Backup(t.Context(), path); fault.KindOf(err) != fault.Conflict {
		t.Errorf("over an archive: got %v, want Conflict", err)
	}
}

func TestRestore_Refuses(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	play(t, o)
	path, _ := backup(t, o.Store)
	text := unpack(t, path)
	if _, err := o.Store.Restore(t.Context(), path); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a database with rows: got %v, want Conflict", err)
	}
	for _, tc := range []struct {
		name  string
		spoil func([]byte) []byte
		want  fault.Kind
	}{
		{"a changed amount", func(b []byte) []byte { return bytes.Replace(b, []byte(",10000,"), []byte(",10001,"), 1) }, fault.Corrupt},
		{"half an archive", func(b []byte) []byte { return b[:len(b)/2] }, fault.Corrupt},
		{"a missing row", func(b []byte) []byte {
			at := bytes.Index(b, []byte("\n["))
			end := at + 1 + bytes.IndexByte(b[at+1:], '\n')
			return append(bytes.Clone(b[:at]), b[end:]...)
		}, fault.Corrupt},
		{"another schema", func(b []byte) []byte { return bytes.Replace(b, []byte(`"schema":`), []byte(`"schema":9`), 1) }, fault.Conflict},
		{"an unknown table", func(b []byte) []byte { return bytes.Replace(b, []byte(`"table":"book"`), []byte(`"table":"boot"`), 1) }, fault.Corrupt},
		{"something after its end", func(b []byte) []byte { return append(b, '\n') }, fault.Corrupt},
		{"no archive", func([]byte) []byte { return []byte("{}\n") }, fault.Corrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			spoiled := filepath.Join(t.TempDir(), "spoiled")
			pack(t, spoiled, tc.spoil(bytes.Clone(text)))
			restored := emptyStore(t, "sqlite", o, o.Vault)
			if _, err := restored.Restore(t.Context(), spoiled); fault.KindOf(err) != tc.want {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if report := verify(t, restored, nil); report.Books != 0 {
				t.Errorf("%d books were left behind", report.Books)
			}
		})
	}
}

func unpack(t testing.TB, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	packed, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func pack(t testing.TB, path string, text []byte) {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

// A table that is missing here would be missing after a disaster.
func TestBackup_HoldsEveryTable(t *testing.T) {
	o := storetest.Open(t, "sqlite")
	path, _ := backup(t, o.Store)
	text := unpack(t, path)
	rows, err := raw(t, o).Query(`SELECT name FROM sqlite_master WHERE type = 'table'
		AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'river%' AND name <> 'goose_db_version'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			t.Fatal(err)
		}
		archived := bytes.Contains(text, fmt.Appendf(nil, `{"table":%q,`, table))
		if archived == slices.Contains(store.Passing, table) {
			t.Errorf("archived is %v for %s: list it as appendOnly, updatable, a queue or passing", archived, table)
		}
	}
}

func FuzzRestore(f *testing.F) {
	o := storetest.Open(f, "sqlite")
	source, target := emptyStore(f, "sqlite", o, o.Vault), emptyStore(f, "sqlite", o, o.Vault)
	path := filepath.Join(f.TempDir(), "seed")
	if _, err := source.Backup(f.Context(), path); err != nil {
		f.Fatal(err)
	}
	whole := unpack(f, path)
	row := []byte(`{"columns"`)
	f.Add(whole)
	f.Add(whole[:len(whole)/2])
	f.Add(bytes.Replace(whole, row, append([]byte("[1,2]\n"), row...), 1))
	f.Add([]byte("{}\n[]\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		spoiled := filepath.Join(t.TempDir(), "archive")
		pack(t, spoiled, text)
		_, err := target.Restore(t.Context(), spoiled)
		if (err == nil) != bytes.Equal(text, whole) {
			t.Errorf("got %v for an archive that was changed: %v", err, !bytes.Equal(text, whole))
		}
	})
}
