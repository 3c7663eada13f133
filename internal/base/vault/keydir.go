package vault

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"

	"github.com/billfold/billfold/internal/base/fault"
)

// keyDir is a directory of key files, "seal.0001.json", "seal.0002.json", ...
type keyDir string

// The two kinds of key file.
const (
	sealFile        = "seal"
	fingerprintFile = "fingerprint"
)

func (d keyDir) path(kind string, version int) string {
	return filepath.Join(string(d), fmt.Sprintf("%s.%04d.json", kind, version))
}

func (d keyDir) make() error {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "vault.Create", Message: "the key directory cannot be made", Err: err}
	}
	return private(string(d), 0o700)
}

// newest gives the highest version of a kind of key file, or 0.
func (d keyDir) newest(kind string) (int, error) {
	entries, err := os.ReadDir(string(d))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, &fault.Error{Kind: fault.Unavailable, Op: "vault.Open", Message: "the key directory cannot be read", Err: err}
	}
	highest := 0
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), kind+".")
		if !ok {
			continue
		}
		number, ok = strings.CutSuffix(number, ".json")
		if version, err := strconv.Atoi(number); ok && err == nil {
			highest = max(highest, version)
		}
	}
	return highest, nil
}

// read gives the newest keyset of a kind and its version.
func (d keyDir) read(kind string) (*keyset.Handle, int, error) {
	version, err := d.newest(kind)
	if err != nil {
		return nil, 0, err
	}
	if version == 0 {
		return nil, 0, fault.New(fault.NotFound, "vault.Open", "%s holds no %s keys", string(d), kind).
			WithHint("Name the key directory that belongs to this database; a new installation creates one.")
	}
	path := d.path(kind, version)
	if err := errors.Join(private(string(d), 0o700), private(path, 0o600)); err != nil {
		return nil, 0, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, &fault.Error{Kind: fault.Unavailable, Op: "vault.Open", Message: "a key file cannot be read", Err: err}
	}
	handle, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(text)))
	if err != nil {
		// Tink's own error might quote the file, so it is left out.
		return nil, 0, fault.New(fault.Corrupt, "vault.Open", "%s is not a key file", path).
			WithHint("Restore it from the backup of the key directory.")
	}
	return handle, version, nil
}

// private refuses a file or directory that anyone but its owner may use.
// Windows has no such bits; there the folder's access list is the operator's care.
func private(path string, want fs.FileMode) error {
	info, err := os.Stat(path)
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "vault.Open", Message: "the keys cannot be reached", Err: err}
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return fault.New(fault.Denied, "vault.Open", "%s has mode %04o: others may use the keys", path, mode).
			WithHint(fmt.Sprintf("If nobody has copied them: chmod %04o %s", want, path))
	}
	return nil
}

// writeNew writes a keyset with one fresh key.
func (d keyDir) writeNew(kind string, version int, template *tinkpb.KeyTemplate) error {
	handle, err := keyset.NewHandle(template)
	if err != nil {
		return fault.Wrap("vault.write", err)
	}
	return d.write(kind, version, handle)
}

// write puts a new version on disk, whole or not at all, and never over another:
// the link fails if the version exists, so of two writers one loses and no key
// in use is ever without its file.
func (d keyDir) write(kind string, version int, handle *keyset.Handle) error {
	temporary, err := d.writeTemporary(handle)
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "vault.write", Message: "a key file cannot be written", Err: err}
	}
	err = os.Link(temporary, d.path(kind, version))
	if cleanup := os.Remove(temporary); err == nil {
		err = cleanup
	}
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "vault.write", "another process has just changed the keys").WithHint("Try again.")
	}
	if err == nil {
		err = syncDir(string(d))
	}
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: "vault.write", Message: "a key file cannot be written", Err: err}
	}
	return nil
}

// writeTemporary writes the keyset to a file beside its place, synced to disk.
func (d keyDir) writeTemporary(handle *keyset.Handle) (path string, err error) {
	file, err := os.CreateTemp(string(d), "new-*") // made with mode 0600
	if err != nil {
		return "", err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(file.Name()))
		}
	}()
	if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(file)); err != nil {
		return "", err
	}
	return file.Name(), file.Sync()
}

// syncDir makes a new name in a directory survive a power cut.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" { // directories cannot be synced there
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
