package store

import (
	"bytes"
	"io/fs"
	"time"
)

// clusteredFS gives the migrations as the embedded database needs them: a table
// marked "by key" is stored in the order of its primary key, and not beside an
// index of it. That suits rows that are looked up and updated in place. What is
// only added to (journal, receipts, claims) is not marked: as a heap it grows at
// one end, and its small index splits far less often. PostgreSQL has no such
// tables, so the mark is a comment there.
type clusteredFS struct{ fs.FS }

var (
	byKeyMark          = []byte("\n); -- by key\n")
	withoutRowID       = []byte("\n) WITHOUT ROWID;\n")
	_            fs.FS = clusteredFS{}
)

// Open implements fs.FS.
func (c clusteredFS) Open(name string) (fs.File, error) {
	file, err := c.FS.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil || info.IsDir() {
		return file, err
	}
	file.Close()
	text, err := fs.ReadFile(c.FS, name)
	if err != nil {
		return nil, err
	}
	text = bytes.ReplaceAll(text, byKeyMark, withoutRowID)
	return &memoryFile{Reader: bytes.NewReader(text), name: info.Name(), size: int64(len(text))}, nil
}

// memoryFile is a read-only file that is its own description.
type memoryFile struct {
	*bytes.Reader
	name string
	size int64
}

func (f *memoryFile) Stat() (fs.FileInfo, error) { return fileInfo{f.name, f.size}, nil }
func (f *memoryFile) Close() error               { return nil }

type fileInfo struct {
	name string
	size int64
}

func (i fileInfo) Name() string     { return i.name }
func (i fileInfo) Size() int64      { return i.size }
func (fileInfo) Mode() fs.FileMode  { return 0o444 }
func (fileInfo) ModTime() time.Time { return time.Time{} }
func (fileInfo) IsDir() bool        { return false }
func (fileInfo) Sys() any           { return nil }
