package store

import (
	"os"
	"path/filepath"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
)

// folderLock is held by the one process that owns a data folder.
type folderLock struct{ file *os.File }

func lockFolder(dir string) (*folderLock, error) {
	file, err := os.OpenFile(filepath.Join(dir, "billfold.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "store.Open", "the data folder cannot be locked: %v", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		return nil, fault.New(fault.Unavailable, "store.Open", "another billfold process owns the data folder").
			WithHint("Commands talk to the running process over its socket; stop it only if it does not answer.")
	}
	return &folderLock{file}, nil
}

// release lets the folder go; the kernel does so too when the process dies.
func (l *folderLock) release() { l.file.Close() }
