// Package exchange takes files in and gives files out: it knows every format of
// the product by its content, says what a file is and whether it proves, opens
// archives, and works a folder in which partners leave their files.
//
// It does not know what a file's items mean, where they post, or what an
// installation has configured: a file is handed on, byte for byte, to whoever
// takes it (office/intake). It touches no database and no network.
//
// Invariants: a format is decided by content, never by a name; every file gets a
// verdict, and one that is not accepted has at least one problem; memory does
// not grow with a file; a file in a folder is in exactly one place at any time,
// and is taken again after a crash unless its report is written.
//
// Start reading at Inspect for one file, at Folder.Once for a folder.
package exchange

import (
	"bytes"
	"errors"
	"io"

	"github.com/billfold/billfold/internal/office/intake"
)

// headBytes is how much of a file its recognition looks at, as in office/intake.
const headBytes = 4096

// Documents lists the formats that are recognised, in the order in which they
// are tried. The last, Unknown, takes whatever is left and says why it is not
// read, so that one of the list always answers.
func Documents() []intake.Format {
	return []intake.Format{
		x12Document{}, nachaDocument{}, lockboxDocument{}, bai2Document{}, camtDocument{}, pacsDocument{}, fedwireDocument{}, policiesDocument{}, ratesDocument{}, rosterDocument{},
		prescriptionDocument{}, mandatesDocument{}, openItemsDocument{}, Unknown{},
	}
}

// recognise gives the format of a file that begins with head.
func recognise(head []byte) intake.Format {
	for _, d := range Documents() {
		if d.Recognises(head) {
			return d
		}
	}
	return Unknown{}
}

// begin reads the head of a file and gives the whole file again. The whole is no
// bufio.Reader on purpose: bufio hands such a one on as it is, with its buffer,
// and formats bound a line by the buffer that they ask for.
func begin(r io.Reader) (head []byte, whole io.Reader, err error) {
	head = make([]byte, headBytes)
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, nil, err
	}
	return head[:n], io.MultiReader(bytes.NewReader(head[:n]), r), nil
}
