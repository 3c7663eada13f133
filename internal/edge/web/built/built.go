// Package built holds what scripts/assets makes of the pages' sources: the style
// sheet (the design system's and ours in one), the fonts and the script. It knows
// how tool and program agree on names and digests, and nothing of pages.
//
// The files are not in version control. A program that was compiled without them
// starts, and Load says what to run. Start reading at Load.
package built

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"io/fs"

	"github.com/billfold/billfold/internal/base/fault"
)

//go:embed files
var files embed.FS

// ManifestFile lists what was built, within the folder Dir of the repository.
const (
	Dir          = "internal/edge/web/built/files"
	ManifestFile = "manifest.json"
)

// Manifest is what the tool says of its work: each file by the name that pages
// know it under, without its hash.
type Manifest struct {
	Files map[string]Entry `json:"files"`
	// Made says of what the files were made, as "name version".
	Made []string `json:"made"`
}

// Entry is one built file.
type Entry struct {
	File   string `json:"file"`   // its name, with a hash of its content
	SHA256 string `json:"sha256"` // hexadecimal
}

// File is a built file as it was compiled into the program.
type File struct {
	Name string // as pages know it: "site.css"
	File string // as it is addressed: "site-6BZ7QPYA.css"
	Body []byte
}

const hint = "Run `make build`, which makes them, or `go run ./scripts/assets` before `go build`."

// Load gives every built file. Unavailable when the program was compiled without
// them; Corrupt when one is not the file that was built.
func Load() ([]File, error) {
	return load(files)
}

func load(from fs.FS) ([]File, error) {
	const op = "built.Load"
	text, err := fs.ReadFile(from, "files/"+ManifestFile)
	if err != nil {
		return nil, fault.New(fault.Unavailable, op, "this program was built without the pages' style sheet, fonts and script").WithHint(hint)
	}
	var m Manifest
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fault.New(fault.Corrupt, op, "the list of the pages' built files does not parse: %v", err).WithHint(hint)
	}
	var all []File
	for name, entry := range m.Files {
		body, err := fs.ReadFile(from, "files/"+entry.File)
		if sum := sha256.Sum256(body); err != nil || hex.EncodeToString(sum[:]) != entry.SHA256 {
			return nil, fault.New(fault.Corrupt, op, "the built file %s is not the one that was made", entry.File).WithHint(hint)
		}
		all = append(all, File{name, entry.File, body})
	}
	return all, nil
}
