package vault

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

const place = "person/ssn/01hx"

func create(t *testing.T) (*Vault, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "keys")
	v, err := Create(dir)
	if err != nil {
		t.Fatalf("Create: %v", err)
	}
	return v, dir
}

func seal(t *testing.T, v *Vault, plaintext string) []byte {
	t.Helper()
	sealed, err := v.Seal([]byte(plaintext), place)
	if err != nil {
		t.Fatalf("Seal(%q): %v", plaintext, err)
	}
	return sealed
}

func checkOpens(t *testing.T, v *Vault, sealed []byte, want string) {
	t.Helper()
	got, err := v.Open(sealed, place)
	if err != nil || string(got) != want {
		t.Errorf("Open: got %q and %v, want %q", got, err, want)
	}
}

func checkKind(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if err == nil || fault.KindOf(err) != want {
		t.Errorf("got error %v of kind %v, want kind %v", err, fault.KindOf(err), want)
	}
}

func TestSeal_OpensAgain(t *testing.T) {
	v, _ := create(t)
	for _, plaintext := range []string{"", "123-45-6789", strings.Repeat("x", 1<<20)} {
		sealed := seal(t, v, plaintext)
		checkOpens(t, v, sealed, plaintext)
		if len(plaintext) > 0 && bytes.Contains(sealed, []byte(plaintext)) {
			t.Error("the sealed value holds the plaintext")
		}
		if bytes.Equal(sealed, seal(t, v, plaintext)) {
			t.Error("sealing the same value twice gave the same bytes")
		}
		if len(sealed) != len(plaintext)+33 {
			t.Errorf("%d bytes sealed to %d, want 33 more", len(plaintext), len(sealed))
		}
	}
}

func TestSeal_NeedsContext(t *testing.T) {
	v, _ := create(t)
	_, err := v.Seal([]byte("x"), "")
	checkKind(t, err, fault.Invalid)
}

func TestOpen_OtherPlace(t *testing.T) {
	v, _ := create(t)
	sealed := seal(t, v, "123-45-6789")
	for _, other := range []string{"", "person/ssn/01hy", "person/bank/01hx", place + " "} {
		_, err := v.Open(sealed, other)
		checkKind(t, err, fault.Corrupt)
	}
}

func TestOpen_AnyByteAltered(t *testing.T) {
	v, _ := create(t)
	sealed := seal(t, v, "123-45-6789")
	for i := range sealed {
		altered := bytes.Clone(sealed)
		altered[i] ^= 1
		if got, err := v.Open(altered, place); err == nil {
			t.Errorf("byte %d altered, and it opens as %q", i, got)
		} else if kind := fault.KindOf(err); kind != fault.Corrupt && kind != fault.Unavailable {
			t.Errorf("byte %d altered: got kind %v", i, kind)
		}
	}
	for n := range sealed {
		if _, err := v.Open(sealed[:n], place); err == nil {
			t.Errorf("cut to %d bytes, and it opens", n)
		}
	}
}

func TestOpen_KeysOfAnotherInstallation(t *testing.T) {
	v, _ := create(t)
	other, _ := create(t)
	_, err := other.Open(seal(t, v, "x"), place)
	checkKind(t, err, fault.Unavailable)
}

func TestRotate(t *testing.T) {
	v, dir := create(t)
	before := seal(t, v, "before")
	if v.NeedsReseal(before) {
		t.Error("a value sealed under the newest key asks to be sealed again")
	}
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	after := seal(t, v, "after")
	if !v.NeedsReseal(before) || v.NeedsReseal(after) {
		t.Errorf("NeedsReseal: old %v, new %v; want true, false", v.NeedsReseal(before), v.NeedsReseal(after))
	}
	reopened, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range []*Vault{v, reopened} {
		checkOpens(t, each, before, "before")
		checkOpens(t, each, after, "after")
	}
}

func TestRotate_SeenByAnotherProcess(t *testing.T) {
	v, dir := create(t)
	other, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Rotate(); err != nil {
		t.Fatal(err)
	}
	sealed := seal(t, v, "new")
	checkOpens(t, other, sealed, "new")
	if other.NeedsReseal(sealed) {
		t.Error("the other process has opened a value under the newest key and asks to seal it again")
	}
	if err := other.Rotate(); err != nil {
		t.Fatal(err)
	}
	checkOpens(t, v, seal(t, other, "newer"), "newer")
	checkOpens(t, other, sealed, "new")
}

// Concurrent rotations may refuse one another but must not lose a key under
// which something was sealed.
func TestRotate_ManyAtOnceLoseNoKey(t *testing.T) {
	_, dir := create(t)
	var wait sync.WaitGroup
	sealed := make([][]byte, 8)
	for i := range sealed {
		wait.Go(func() {
			v, err := Open(dir)
			if err != nil {
				t.Errorf("Open: %v", err)
				return
			}
			if err := v.Rotate(); err != nil && fault.KindOf(err) != fault.Conflict {
				t.Errorf("Rotate: %v", err)
			}
			sealed[i], err = v.Seal([]byte("x"), place)
			if err != nil {
				t.Errorf("Seal: %v", err)
			}
		})
	}
	wait.Wait()
	v, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range sealed {
		checkOpens(t, v, s, "x")
	}
}

func TestRotate_RefusesToWriteOverAVersion(t *testing.T) {
	v, _ := create(t)
	handle, version, err := v.dir.read(sealFile)
	if err != nil {
		t.Fatal(err)
	}
	checkKind(t, v.dir.write(sealFile, version, handle), fault.Conflict)
}

func TestFingerprint(t *testing.T) {
	v, dir := create(t)
	find := func(v *Vault, value, purpose string) string {
		t.Helper()
		sum, err := v.Fingerprint(secret.New(value), purpose)
		if err != nil || len(sum) != FingerprintSize {
			t.Fatalf("Fingerprint(%q, %q): %d bytes and %v", value, purpose, len(sum), err)
		}
		return string(sum)
	}
	ssn := find(v, "123456789", "person/ssn")
	reopened, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := reopened.Rotate(); err != nil {
		t.Fatal(err)
	}
	if find(reopened, "123456789", "person/ssn") != ssn {
		t.Error("the fingerprint changed after the sealing keys rotated")
	}
	another, _ := create(t)
	for name, other := range map[string]string{
		"another value":        find(v, "123456780", "person/ssn"),
		"another purpose":      find(v, "123456789", "payer/bank"),
		"a moved boundary":     find(v, "n123456789", "person/ss"),
		"another installation": find(another, "123456789", "person/ssn"),
	} {
		if other == ssn {
			t.Errorf("%s has the same fingerprint", name)
		}
	}
	if err := v.ReplaceFingerprintKey(); err != nil {
		t.Fatal(err)
	}
	if find(v, "123456789", "person/ssn") == ssn {
		t.Error("the fingerprint is the same after its key was replaced")
	}
	for _, bad := range [][2]string{{"", "person/ssn"}, {"123456789", ""}} {
		_, err := v.Fingerprint(secret.New(bad[0]), bad[1])
		checkKind(t, err, fault.Invalid)
	}
}

func TestCreate_FilesArePrivate(t *testing.T) {
	v, dir := create(t)
	if err := errors.Join(v.Rotate(), v.ReplaceFingerprintKey()); err != nil {
		t.Fatal(err)
	}
	checkMode(t, dir, 0o700)
	names := []string{"seal.0001.json", "seal.0002.json", "fingerprint.0001.json", "fingerprint.0002.json"}
	for _, name := range names {
		checkMode(t, filepath.Join(dir, name), 0o600)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != len(names) {
		t.Errorf("got %v and %v in the directory, want %v only", entries, err, names)
	}
}

func checkMode(t *testing.T, path string, want os.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want {
		t.Errorf("%s: got mode %04o, want %04o", path, got, want)
	}
}

func TestCreate_KeepsExistingKeys(t *testing.T) {
	v, dir := create(t)
	sealed := seal(t, v, "x")
	_, err := Create(dir)
	checkKind(t, err, fault.Conflict)
	checkOpens(t, v, sealed, "x")
}

func TestCreate_AfterBeingCutShort(t *testing.T) {
	_, dir := create(t)
	if err := os.Remove(filepath.Join(dir, "seal.0001.json")); err != nil {
		t.Fatal(err)
	}
	_, err := Open(dir)
	checkKind(t, err, fault.NotFound)
	v, err := Create(dir)
	if err != nil {
		t.Fatalf("Create again: %v", err)
	}
	checkOpens(t, v, seal(t, v, "x"), "x")
}

func TestOpenDir_Refuses(t *testing.T) {
	tests := []struct {
		name  string
		spoil func(dir string) error
		want  fault.Kind
	}{
		{"no directory", os.RemoveAll, fault.NotFound},
		{"key file others may read", func(dir string) error { return os.Chmod(filepath.Join(dir, "seal.0001.json"), 0o604) }, fault.Denied},
		{"key file the group may read", func(dir string) error {
			return os.Chmod(filepath.Join(dir, "fingerprint.0001.json"), 0o640)
		}, fault.Denied},
		{"directory others may enter", func(dir string) error { return os.Chmod(dir, 0o755) }, fault.Denied},
		{"key file cut short", func(dir string) error { return os.Truncate(filepath.Join(dir, "seal.0001.json"), 40) }, fault.Corrupt},
		{"fingerprint keys where sealing keys belong", func(dir string) error {
			return os.Rename(filepath.Join(dir, "fingerprint.0001.json"), filepath.Join(dir, "seal.0002.json"))
		}, fault.NotFound},
		{"sealing key file of the wrong kind", func(dir string) error {
			return os.Link(filepath.Join(dir, "fingerprint.0001.json"), filepath.Join(dir, "seal.0002.json"))
		}, fault.Corrupt},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, dir := create(t)
			if err := tt.spoil(dir); err != nil {
				t.Fatal(err)
			}
			_, err := Open(dir)
			checkKind(t, err, tt.want)
		})
	}
}

func TestVault_DoesNotPrintKeys(t *testing.T) {
	v, dir := create(t)
	text, err := os.ReadFile(filepath.Join(dir, "seal.0001.json"))
	if err != nil {
		t.Fatal(err)
	}
	_, value, _ := strings.Cut(string(text), `"value":"`)
	value, _, _ = strings.Cut(value, `"`)
	if value == "" {
		t.Fatalf("no key value in the key file")
	}
	if shown := fmt.Sprintf("%+v %#v", v, v); strings.Contains(shown, value) {
		t.Error("printing the vault shows a key")
	}
}

func FuzzOpen(f *testing.F) {
	dir := filepath.Join(f.TempDir(), "keys")
	v, err := Create(dir)
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := v.Seal([]byte("x"), place)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed)
	f.Add(sealed[:4])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		if plaintext, err := v.Open(data, place); err == nil && !bytes.Equal(data, sealed) {
			t.Fatalf("%x opens as %q", data, plaintext)
		}
		v.NeedsReseal(data)
	})
}

func BenchmarkSeal(b *testing.B) {
	v, err := Create(filepath.Join(b.TempDir(), "keys"))
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Seal([]byte("123456789"), place); err != nil {
			b.Fatal(err)
		}
	}
}
