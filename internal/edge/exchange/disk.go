package exchange

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
)

// disk is what a folder does to the disk. Each act is whole, and lasts once it
// has returned.
type disk interface {
	Rename(from, to string) error
	// Write makes or replaces a file.
	Write(path string, data []byte) error
}

type realDisk struct{}

func (realDisk) Rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(syncFolder(filepath.Dir(to)), syncFolder(filepath.Dir(from)))
}

func (d realDisk) Write(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".writing-*") // 0600
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = d.Rename(file.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(file.Name()))
	}
	return nil
}

// syncFolder makes names last that were written into a folder.
func syncFolder(dir string) error {
	folder, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// lock opens a claimed file and locks it for this process. It gives no file when
// another process has it, or had it and has put it away since.
func lock(path string) (*os.File, int64, error) {
	file, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, 0, nil
	case errors.Is(err, fs.ErrPermission):
		return nil, 0, fault.New(fault.Denied, "exchange.Folder", "the file may not be read: %v", err).
			WithHint("Let the program's user read what partners' users write, by a common group.")
	case err != nil:
		return nil, 0, unavailable(err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, 0, nil
		}
		return nil, 0, unavailable(err)
	}
	locked, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, 0, unavailable(err)
	}
	there, err := os.Stat(path)
	if err != nil || !os.SameFile(locked, there) {
		file.Close()
		return nil, 0, nil
	}
	return file, locked.Size(), nil
}
