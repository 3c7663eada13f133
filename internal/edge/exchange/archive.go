package exchange

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
)

// Arrival is a file as it came, opened when it is an archive.
type Arrival struct {
	Container string // "zip" or "gzip", "" for a plain file
	// Files are what is to be taken, in the archive's order; a plain file is the
	// only one of its arrival.
	Files []File
	// Problems say why an archive cannot be opened. It then has no files: an
	// archive is taken whole or not at all.
	Problems []fault.Problem
}

// File is one file to be taken.
type File struct {
	Name  string // the arrival's name; for a file in an archive also its own: "march.zip/1.ach"
	Entry string // its own name in the archive, without folders, or ""
	Open  func() (io.ReadCloser, error)
}

// limits bound what an archive may make of itself.
type limits struct {
	archive   int64 // bytes of an archive that is opened
	directory int64 // bytes of its table of contents
	entries   int
	unpacked  int64 // bytes of all entries together, once unpacked
	ratio     int64 // of those to the archive's bytes
	small     int64 // up to here the ratio is not looked at
}

// usual allows a year of bank files in one archive. Text in fixed columns packs
// up to about 1:60; what packs better than 1:200 was made to.
var usual = limits{
	archive: 1 << 30, directory: 1 << 20, entries: 1000, unpacked: 8 << 30, ratio: 200, small: 16 << 20,
}

// Open opens a file that came. An archive is read to its end once, so that no
// file of it is taken when another is damaged; nothing is written anywhere and
// the names in it are labels only.
func Open(name string, content io.ReaderAt, size int64) Arrival {
	return usual.open(name, content, size)
}

func (l limits) open(name string, content io.ReaderAt, size int64) Arrival {
	magic := make([]byte, 4)
	read, _ := content.ReadAt(magic, 0) // what cannot be read is found when the file is
	magic = magic[:read]
	switch {
	case bytes.Equal(magic, []byte("PK\x03\x04")), bytes.Equal(magic, []byte("PK\x05\x06")):
		return l.contained("zip", name, content, size, l.zip)
	case bytes.HasPrefix(magic, []byte("\x1f\x8b")):
		return l.contained("gzip", name, content, size, l.gzip)
	}
	plain := File{Name: name, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.NewSectionReader(content, 0, size)), nil
	}}
	return Arrival{Files: []File{plain}}
}

// opener lists an archive's files or says, with an error meant for people, why
// it does not.
type opener func(name string, content io.ReaderAt, size int64) ([]File, error)

func (l limits) contained(container, name string, content io.ReaderAt, size int64, list opener) Arrival {
	refused := func(entry string, err error) Arrival {
		return Arrival{Container: container, Problems: []fault.Problem{{Record: entry, Message: err.Error()}}}
	}
	if size > l.archive {
		return refused("", fmt.Errorf("the archive has %d bytes, and at most %d are opened: send the files by themselves", size, l.archive))
	}
	files, err := list(name, content, size)
	if err != nil {
		return refused("", err)
	}
	allowance := min(l.unpacked, max(l.small, l.ratio*size))
	for _, file := range files {
		unpacked, err := prove(file, allowance)
		if err != nil {
			return refused(file.Entry, err)
		}
		allowance -= unpacked
	}
	return Arrival{Container: container, Files: files}
}

// prove reads a packed file to its end, with its checksum.
func prove(file File, allowance int64) (int64, error) {
	content, err := file.Open()
	if err != nil {
		return 0, damaged(err)
	}
	defer content.Close()
	unpacked, err := io.Copy(io.Discard, io.LimitReader(content, allowance+1))
	if err != nil {
		return 0, damaged(err)
	}
	if unpacked > allowance {
		return 0, errors.New("the archive unpacks to far more than its size allows for, as one does that was made to fill a disk: send the files by themselves")
	}
	return unpacked, nil
}

func damaged(err error) error {
	switch {
	case errors.Is(err, zip.ErrAlgorithm):
		return errors.New("the file is packed with a method that is not read: use the zip program's ordinary one (deflate)")
	case errors.Is(err, zip.ErrChecksum), errors.Is(err, gzip.ErrChecksum):
		return errors.New("the file's checksum is wrong: the archive was damaged on its way")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("the archive ends in the middle of a file: its transfer broke off")
	}
	return fmt.Errorf("the archive is damaged: %w", err)
}

func (l limits) gzip(name string, content io.ReaderAt, size int64) ([]File, error) {
	open := func() (*gzip.Reader, error) { return gzip.NewReader(io.NewSectionReader(content, 0, size)) }
	packed, err := open()
	if err != nil {
		return nil, damaged(err)
	}
	entry := packed.Name
	if entry == "" {
		entry = strings.TrimSuffix(path.Base(name), ".gz")
	}
	return []File{inside(name, entry, func() (io.ReadCloser, error) { return open() })}, nil
}

func (l limits) zip(name string, content io.ReaderAt, size int64) ([]File, error) {
	table := &metered{r: content, left: l.directory}
	archive, err := zip.NewReader(table, size)
	if table.spent {
		return nil, fmt.Errorf("the archive's table of contents is longer than %d bytes: send at most %d files in one", l.directory, l.entries)
	}
	// An unsafe name is no reason to refuse: names are labels here.
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return nil, errors.New("the archive's table of contents cannot be read: its transfer broke off, or it is not a zip archive")
	}
	table.left = unmetered
	if len(archive.File) > l.entries {
		return nil, fmt.Errorf("the archive holds %d files, and at most %d are taken at once", len(archive.File), l.entries)
	}
	return list(name, archive.File)
}

func list(name string, entries []*zip.File) ([]File, error) {
	var files []File
	for _, e := range entries {
		switch {
		case e.Name == "[Content_Types].xml":
			return nil, errors.New("this is an Office document: save the sheet as CSV in UTF-8")
		case e.Flags&encryptedFlag != 0:
			return nil, fmt.Errorf("%s is encrypted: send it without a password, over an encrypted connection", label(e.Name))
		case !e.Mode().IsRegular() || isLitter(e.Name):
			continue
		}
		files = append(files, inside(name, e.Name, e.Open))
	}
	if len(files) == 0 {
		return nil, errors.New("the archive holds no file")
	}
	return files, nil
}

// encryptedFlag is bit 0 of the general purpose flags (APPNOTE 4.4.4).
const encryptedFlag = 1

// isLitter recognises what a desktop leaves in archives beside the files meant.
func isLitter(name string) bool {
	base := path.Base(name)
	return strings.HasPrefix(name, "__MACOSX/") || base == ".DS_Store" || base == "Thumbs.db" || base == "desktop.ini"
}

func inside(archive, entry string, open func() (io.ReadCloser, error)) File {
	entry = label(entry)
	return File{Name: archive + "/" + entry, Entry: entry, Open: open}
}

// labelMax bounds a name in bytes, with room for an id and an ending on every
// file system.
const labelMax = 120

// label makes a name from outside fit to be shown and to name a file: its last
// part, in characters that mean nothing to a shell, a terminal or a file system.
func label(name string) string {
	name = path.Base(strings.ReplaceAll(name, `\`, "/"))
	name = strings.Map(func(c rune) rune {
		if c != unicode.ReplacementChar && (unicode.IsLetter(c) || unicode.IsDigit(c)) || strings.ContainsRune("._-+=@,()", c) {
			return c
		}
		return '_'
	}, name)
	name = strings.TrimLeft(name, ".")
	for len(name) > labelMax {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	if name == "" {
		return "unnamed"
	}
	return name
}

// metered gives out a bounded number of bytes: the table of contents is the only
// part of a zip archive that is held in memory.
type metered struct {
	r     io.ReaderAt
	left  int64
	spent bool
}

const unmetered = -1

func (m *metered) ReadAt(p []byte, at int64) (int, error) {
	if m.left == unmetered {
		return m.r.ReadAt(p, at)
	}
	if int64(len(p)) > m.left {
		m.spent = true
		return 0, errors.New("too much was read")
	}
	m.left -= int64(len(p))
	return m.r.ReadAt(p, at)
}
