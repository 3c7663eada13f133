package exchange

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
)

// Drop is a folder for files of any length, in which each receiver has a folder of its
// own: who fetches them sees a file whole or not at all.
type Drop struct{ dir string }

// NewDrop uses a folder; it is made with the first file.
func NewDrop(dir string) *Drop { return &Drop{dir} }

// Put makes a file whole and lasting from what it reads. It replaces one of its name. A
// name that begins with a dot is not complete.
func (d *Drop) Put(ctx context.Context, folder, name string, data io.Reader) error {
	dir := filepath.Join(d.dir, filepath.FromSlash(folder))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unavailable(err)
	}
	file, err := os.CreateTemp(dir, ".writing-*") // 0600
	if err != nil {
		return unavailable(err)
	}
	_, err = io.Copy(file, data)
	err = errors.Join(err, ctx.Err(), file.Sync(), file.Close())
	if err == nil {
		err = realDisk{}.Rename(file.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		return unavailable(errors.Join(err, os.Remove(file.Name())))
	}
	return nil
}
