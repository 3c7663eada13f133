package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"crypto/sha512"
	"embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/edge/web/built"
)

// files holds the templates and pictures.
//
//go:embed assets/*.html assets/guest assets/pictures
var files embed.FS

// asset is a file that never changes under its address, because the address
// holds its hash: browsers keep it for a year.
type asset struct {
	name   string // without the hash
	Path   string
	kind   string
	body   []byte
	packed []byte // by gzip; nil when that does not make it smaller
	sha256 string // hexadecimal
	// Integrity is what a page says the file must hash to.
	Integrity string
}

// assets are all files that pages load, and the pages themselves.
type assets struct {
	byPath   map[string]*asset
	pictures map[string]*asset
	fonts    []*asset
	sheet    *asset
	script   *asset
	office   *asset // the script of the office's pages
	icon     *asset
	pages    map[*Words]*template.Template
}

// loadAssets reads what was built into the program. Unavailable when the files
// that scripts/assets makes are not there.
func loadAssets() (*assets, error) {
	a := &assets{byPath: map[string]*asset{}, pictures: map[string]*asset{}, pages: map[*Words]*template.Template{}}
	made, err := built.Load()
	if err != nil {
		return nil, err
	}
	a.addBuilt(made)
	if a.sheet == nil || a.script == nil || a.office == nil || len(a.fonts) == 0 {
		return nil, fault.New(fault.Corrupt, "web.New", "a built file of the pages is missing")
	}
	if err := a.addPictures(); err != nil {
		return nil, err
	}
	return a, a.parsePages()
}

func (a *assets) addBuilt(made []built.File) {
	for _, file := range made {
		added := a.add(file.Name, file.File, file.Body)
		switch path.Ext(file.Name) {
		case ".woff2":
			a.fonts = append(a.fonts, added)
		case ".css":
			a.sheet = added
		case ".js":
			if strings.HasPrefix(file.Name, "office") {
				a.office = added
			} else {
				a.script = added
			}
		}
	}
	slices.SortFunc(a.fonts, func(x, y *asset) int { return strings.Compare(y.name, x.name) }) // the regular face first
}

const picturesDir = "assets/pictures"

func (a *assets) addPictures() error {
	pictures, err := fs.ReadDir(files, picturesDir)
	if err != nil {
		return fault.New(fault.Corrupt, "web.New", "the pages' pictures cannot be read: %v", err)
	}
	for _, entry := range pictures {
		body, err := files.ReadFile(picturesDir + "/" + entry.Name())
		if err != nil {
			return fault.New(fault.Corrupt, "web.New", "the picture %s cannot be read: %v", entry.Name(), err)
		}
		a.pictures[entry.Name()] = a.addHashed(entry.Name(), body)
	}
	a.icon = a.pictures["icon.svg"]
	return nil
}

// addHashed adds a file under an address with its hash.
func (a *assets) addHashed(name string, body []byte) *asset {
	sum := sha256.Sum256(body)
	ending := path.Ext(name)
	return a.add(name, strings.TrimSuffix(name, ending)+"-"+hex.EncodeToString(sum[:6])+ending, body)
}

func (a *assets) add(name, file string, body []byte) *asset {
	short, long := sha256.Sum256(body), sha512.Sum384(body)
	added := &asset{
		name: name, Path: assetsPath + file, kind: kinds[path.Ext(name)], body: body, packed: packed(body),
		sha256: hex.EncodeToString(short[:]), Integrity: "sha384-" + base64.StdEncoding.EncodeToString(long[:]),
	}
	a.byPath[added.Path] = added
	return added
}

// kinds are the media types of what pages load, by ending.
var kinds = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".woff2": "font/woff2",
}

// assetsPath is where assets are served.
const assetsPath = "/assets/"

// packed compresses a file once for all readers.
func packed(body []byte) []byte {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err == nil {
		_, err = w.Write(body)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil || b.Len() >= len(body) {
		return nil
	}
	return b.Bytes()
}

// picture gives the address of a picture, for templates.
func (a *assets) picture(name string) (string, error) {
	if found, ok := a.pictures[name]; ok {
		return found.Path, nil
	}
	return "", fmt.Errorf("there is no picture %s", name)
}

// parsePages reads the templates once per language, so that what they call
// speaks it.
func (a *assets) parsePages() error {
	for _, w := range languages {
		parsed, err := template.New("").Funcs(functions(w, a)).ParseFS(files, "assets/*.html", "assets/guest/*.html")
		if err != nil {
			return fault.New(fault.Corrupt, "web.New", "a page's template does not parse: %v", err)
		}
		a.pages[w] = parsed
	}
	return nil
}

// asset serves a file.
func (v *visit) asset() {
	found, ok := v.assets.byPath[v.r.URL.Path]
	if !ok {
		v.fail(http.StatusNotFound)
		return
	}
	h := v.w.Header()
	h.Set("Content-Type", found.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	body := found.body
	if found.packed != nil {
		h.Set("Vary", "Accept-Encoding")
		if acceptsGzip(v.r.Header.Get("Accept-Encoding")) {
			h.Set("Content-Encoding", "gzip")
			body = found.packed
		}
	}
	v.send(http.StatusOK, body)
}

// acceptsGzip reports whether a browser takes what is compressed by gzip.
func acceptsGzip(accepted string) bool {
	for _, coding := range strings.Split(accepted, ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return !slices.Contains([]string{"q=0", "q=0.0", "q=0.00", "q=0.000"}, strings.ReplaceAll(weight, " ", ""))
		}
	}
	return false
}
