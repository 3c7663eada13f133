package exchange

import (
	"os"
	"path/filepath"
)

// Outbox is the folder for files, in which each receiver has a folder of its own.
// Billfold puts files there and never looks at them again: whoever carries them to
// the receiver removes them.
type Outbox struct {
	dir  string
	disk disk
}

// NewOutbox uses a folder; it is made with the first file.
func NewOutbox(dir string) *Outbox { return &Outbox{dir, realDisk{}} }

// Put makes a file in a receiver's folder, whole or not at all, and lasting. It
// replaces one of its name. A name that begins with a dot is not complete.
func (o *Outbox) Put(folder, name string, data []byte) error {
	dir := filepath.Join(o.dir, filepath.FromSlash(folder))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return unavailable(err)
	}
	if err := o.disk.Write(filepath.Join(dir, name), data); err != nil {
		return unavailable(err)
	}
	return nil
}
