package web

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var files embed.FS

// asset is a file that never changes under its address, because the address
// holds its hash: browsers keep it for a year.
type asset struct {
	path, kind string
	body       []byte
}

var (
	styleSheet = mustAsset("site.css", "text/css; charset=utf-8")
	icon       = mustAsset("icon.svg", "image/svg+xml")
	assets     = []asset{styleSheet, icon}
)

// mustAsset reads a file that was built into the program.
func mustAsset(name, kind string) asset {
	body, err := files.ReadFile("assets/" + name)
	if err != nil {
		panic("web: " + err.Error())
	}
	sum := sha256.Sum256(body)
	ending := path.Ext(name)
	hashed := strings.TrimSuffix(name, ending) + "." + hex.EncodeToString(sum[:8]) + ending
	return asset{path: "/assets/" + hashed, kind: kind, body: body}
}

func (a asset) serve(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", a.kind)
	w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, http.StatusOK, a.body)
}
