package exchange

import (
	"bytes"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
)

// Unknown is the format of whatever no other format recognises. It refuses and
// says why, as closely as the first bytes tell, without repeating any of them:
// they may be somebody's data. An intake that is given Unknown as its last format
// answers the same.
type Unknown struct{}

// Name implements intake.Format.
func (Unknown) Name() string { return "unknown" }

// Recognises implements intake.Format: everything.
func (Unknown) Recognises([]byte) bool { return true }

// Inspect implements intake.Format.
func (Unknown) Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	head, _, err := begin(r)
	if err != nil {
		return map[string]any{}, []fault.Problem{unread}
	}
	return map[string]any{}, []fault.Problem{explain(head)}
}

var utf8Mark = []byte("\uFEFF")

// magics are beginnings that tell what a file is instead. The last four are what
// "101", "100", "01," and "ISA" look like in EBCDIC, which a mainframe's
// transfer leaves when it is told to send bytes and not text.
var magics = []struct{ prefix, message string }{
	{"PK\x03\x04", "this is a zip archive, and one inside another archive is not opened: send the files in it"},
	{"PK\x05\x06", "this is an empty zip archive"},
	{"\x1f\x8b", "this is a gzip archive, and one inside another archive is not opened: send the file in it"},
	{"7z\xbc\xaf\x27\x1c", "this is a 7z archive, which is not opened: send the files themselves, or as zip"},
	{"Rar!", "this is a rar archive, which is not opened: send the files themselves, or as zip"},
	{"BZh", "this is compressed with bzip2, which is not opened: send the file itself, or as gzip"},
	{"\xfd7zXZ", "this is compressed with xz, which is not opened: send the file itself, or as gzip"},
	{"\x28\xb5\x2f\xfd", "this is compressed with zstd, which is not opened: send the file itself, or as gzip"},
	{"-----BEGIN PGP", "this is encrypted with PGP: decrypt it first"},
	{"%PDF", "this is a PDF document, not a data file"},
	{"\xd0\xcf\x11\xe0", "this is an old Office document: save the sheet as CSV in UTF-8"},
	{"<", "this is XML or a web page, which is not read: if it was downloaded, the download may have failed"},
	{"{", "this is JSON, which is not read"},
	{"\xff\xfe", utf16Message},
	{"\xfe\xff", utf16Message},
	{"\xf1\xf0\xf1", ebcdicMessage},
	{"\xf1\xf0\xf0", ebcdicMessage},
	{"\xf0\xf1\x6b", ebcdicMessage},
	{"\xc9\xe2\xc1", ebcdicMessage},
}

const (
	utf16Message  = "the text is UTF-16: save it as UTF-8 (in a spreadsheet, \"CSV UTF-8\")"
	ebcdicMessage = "the text is EBCDIC: have it sent as text, in ASCII"
)

// explain says why a file that begins with head is not read.
func explain(head []byte) fault.Problem {
	if len(head) == 0 {
		return fault.Problem{Message: "the file is empty"}
	}
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.prefix)) {
			return fault.Problem{Line: 1, Message: m.message}
		}
	}
	if isWideText(head) {
		return fault.Problem{Line: 1, Message: utf16Message}
	}
	if p, ok := explainBeginning(head); ok {
		return p
	}
	if p, ok := explainBinary(head); ok {
		return p
	}
	return fault.Problem{Line: 1, Message: "no format that is read begins like this: X12 begins with ISA, Nacha with 101, " +
		"a lockbox file with a header of record type 1, BAI2 with 01 and a comma, a CSV with the names of its columns"}
}

// isWideText recognises UTF-16 without its mark: every second byte is NUL.
func isWideText(head []byte) bool {
	if len(head) < 8 {
		return false
	}
	even, odd := 0, 0
	for i, c := range head[:8] {
		if c == 0 && i%2 == 0 {
			even++
		}
		if c == 0 && i%2 == 1 {
			odd++
		}
	}
	return even == 4 && odd == 0 || odd == 4 && even == 0
}

// explainBeginning finds a known format behind a mark or blanks that do not
// belong in front of it.
func explainBeginning(head []byte) (fault.Problem, bool) {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, utf8Mark), " \t\r\n")
	if len(text) == 0 {
		return fault.Problem{Line: 1, Message: "the file begins with nothing but blanks"}, true
	}
	if len(text) == len(head) {
		return fault.Problem{}, false
	}
	meant := recognise(text).Name()
	if meant == (Unknown{}).Name() {
		return fault.Problem{}, false
	}
	what := "blanks or empty lines"
	if bytes.HasPrefix(head, utf8Mark) {
		what = "a UTF-8 byte order mark"
	}
	return fault.Problem{Line: 1, Message: fmt.Sprintf(
		"the file begins with %s, and a %s file must begin with its header: have it sent as it was made, not saved again by an editor",
		what, meant)}, true
}

// explainBinary finds bytes that no text has.
func explainBinary(head []byte) (fault.Problem, bool) {
	line := 1
	for i, c := range head {
		switch {
		case c == '\n':
			line++
		case c == 0:
			return fault.Problem{Line: line, Message: fmt.Sprintf("byte %d is NUL: this is not text, or it was damaged on its way", i+1)}, true
		case c < ' ' && c != '\r' && c != '\t' && c != '\f' || c == 0x7f:
			return fault.Problem{Line: line, Message: fmt.Sprintf("byte %d is a control character: this is not a text file", i+1)}, true
		}
	}
	// A character may be cut at the end of the head.
	if !utf8.Valid(head[:max(0, len(head)-utf8.UTFMax)]) {
		return fault.Problem{Line: 1, Message: "the text is not UTF-8, and no format that is read begins like this"}, true
	}
	return fault.Problem{}, false
}
