package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// credentialMax bounds a credential in bytes.
const credentialMax = 4096

// Credential reads what another party gave us to prove ourselves with, such as the
// key to its API: a file of one line in the key directory. NotFound when there is
// none; Denied when others may read it; Invalid when it is not one line of text.
func Credential(dir, name string) (secret.Text, error) {
	const op = "vault.Credential"
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return secret.Text{}, fault.New(fault.NotFound, op, "%s is missing", path)
	}
	if err := private(path, 0o600); err != nil {
		return secret.Text{}, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return secret.Text{}, &fault.Error{Kind: fault.Unavailable, Op: op, Message: "a credential cannot be read", Err: err}
	}
	value := strings.TrimSpace(string(text))
	if value == "" || len(value) > credentialMax || strings.ContainsAny(value, "\r\n\t \x00") {
		return secret.Text{}, fault.New(fault.Invalid, op, "%s does not hold one line of text without blanks", path)
	}
	return secret.New(value), nil
}

// KeepCredential writes a credential that is not there yet. Conflict when it is.
func KeepCredential(dir, name string, value secret.Text) (err error) {
	const op = "vault.KeepCredential"
	file, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, op, "%s is in the key directory already", name)
	}
	if err == nil {
		_, err = file.WriteString(value.Reveal() + "\n")
		err = errors.Join(err, file.Sync(), file.Close())
	}
	if err == nil {
		err = syncDir(dir)
	}
	if err != nil {
		return &fault.Error{Kind: fault.Unavailable, Op: op, Message: "a credential cannot be written", Err: err}
	}
	return nil
}
