package vault

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

func TestCredential_ReadsWhatWasKept(t *testing.T) {
	dir := t.TempDir()
	_, err := Credential(dir, "key")
	checkKind(t, err, fault.NotFound)
	if err := KeepCredential(dir, "key", secret.New("sk_test_1")); err != nil {
		t.Fatal(err)
	}
	if got, err := Credential(dir, "key"); err != nil || got.Reveal() != "sk_test_1" {
		t.Errorf("got %q and %v", got.Reveal(), err)
	}
	checkKind(t, KeepCredential(dir, "key", secret.New("sk_test_2")), fault.Conflict)
	if got, _ := Credential(dir, "key"); got.Reveal() != "sk_test_1" {
		t.Error("a credential was written over")
	}
}

func TestCredential_RefusesWhatOthersMayRead(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, []byte("sk_test_1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o660, 0o644} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		_, err := Credential(dir, "key")
		checkKind(t, err, fault.Denied)
	}
}

func TestCredential_IsOneLine(t *testing.T) {
	dir := t.TempDir()
	for content, ok := range map[string]bool{
		"sk_test_1": true, "sk_test_1\n": true, " sk_test_1\r\n": true, "": false, "\n": false, "a b": false, "a\nb": false, "a\x00": false,
	} {
		if err := os.WriteFile(filepath.Join(dir, "key"), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := Credential(dir, "key")
		if (err == nil) != ok || err != nil && fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: got %v", content, err)
		}
	}
}
