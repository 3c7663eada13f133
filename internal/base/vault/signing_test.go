package vault_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/vault"
)

func TestOpenSigning_KeepsItsKey(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := vault.Create(dir); err != nil {
		t.Fatal(err)
	}
	first, err := vault.OpenSigning(dir)
	if err != nil {
		t.Fatal(err)
	}
	again, err := vault.OpenSigning(dir)
	if err != nil {
		t.Fatal(err)
	}
	id, signed := first.Sign([]byte("a seal"))
	key, known := again.PublicKey(id)
	if !known || !ed25519.Verify(key, []byte("a seal"), signed) {
		t.Errorf("a signature under key %s does not verify after opening the directory again", id)
	}
	if vault.KeyID(key) != id {
		t.Errorf("key %s calls itself %s", vault.KeyID(key), id)
	}
	if _, known := again.PublicKey("0000000000000000"); known {
		t.Error("a key that was never made is known")
	}
}

func TestOpenSigning_Refuses(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "keys")
	if _, err := vault.Create(dir); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenSigning(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "signing.0001.json")
	for _, tc := range []struct {
		name  string
		spoil func() error
		want  fault.Kind
	}{
		{"a key that others may read", func() error { return os.Chmod(path, 0o644) }, fault.Denied},
		{"a damaged key file", func() error {
			if err := os.Chmod(path, 0o600); err != nil {
				return err
			}
			return os.WriteFile(path, []byte("{"), 0o600)
		}, fault.Corrupt},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.spoil(); err != nil {
				t.Fatal(err)
			}
			if _, err := vault.OpenSigning(dir); fault.KindOf(err) != tc.want {
				t.Errorf("got %v, want %v", err, tc.want)
			}
		})
	}
}
