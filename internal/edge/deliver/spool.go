package deliver

import (
	"context"
	"os"
	"path/filepath"

	"github.com/billfold/billfold/internal/base/fault"
)

// Spool puts letters into a folder instead of sending them, a file each, which
// every mail program opens. It is for demonstrations and tests.
type Spool struct{ dir string }

// NewSpool makes the folder where it is missing. Only its owner may look inside.
func NewSpool(dir string) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, &fault.Error{Kind: fault.Unavailable, Op: "deliver.NewSpool", Message: "the mail folder cannot be made", Err: err}
	}
	return &Spool{dir}, nil
}

// Carry implements Road. The same letter again replaces its file; a reader never
// sees half of one.
func (s *Spool) Carry(_ context.Context, letter *Letter) error {
	const op = "deliver.Spool"
	failed := func(err error) error {
		return &fault.Error{Kind: fault.Unavailable, Op: op, Message: "a letter cannot be written to the mail folder", Err: err}
	}
	f, err := os.CreateTemp(s.dir, ".letter-*") // mode 0600
	if err != nil {
		return failed(err)
	}
	defer os.Remove(f.Name()) // it is gone once renamed
	_, err = letter.WriteTo(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return failed(err)
	}
	if err := os.Rename(f.Name(), filepath.Join(s.dir, letter.ID+".eml")); err != nil {
		return failed(err)
	}
	return nil
}
