package web

import (
	"context"
	"html/template"
	"net/http"
	"slices"

	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store"
)

// What pages beside the site's own stand on: those of the office. They share the
// files that pages load, the pieces, the words of pieces and the security of every
// answer, and nothing of sessions and routes.

// Loaded is a file of ours that a page loads.
type Loaded struct{ Path, Integrity string }

// Ground is what every page of a region loads.
type Ground struct {
	Sheets []Loaded
	Fonts  []Loaded
	Script Loaded
	Icon   Loaded
}

// Ground gives what pages in a region's colours load; an unknown region is the
// plan's first. Office says that the page is one of the office's, whose script knows
// passkeys too.
func (s *Site) Ground(of region.ID, office bool) Ground {
	theme, known := s.themes[string(of)]
	if !known {
		theme = s.themes[string(s.Plan.Regions[0].ID)]
	}
	g := Ground{
		Sheets: []Loaded{s.assets.sheet.loaded(), theme.loaded()}, Script: s.assets.script.loaded(), Icon: s.assets.icon.loaded(),
	}
	if office {
		g.Script = s.assets.office.loaded()
	}
	for _, font := range s.assets.fonts {
		g.Fonts = append(g.Fonts, font.loaded())
	}
	return g
}

func (a *asset) loaded() Loaded { return Loaded{a.Path, a.Integrity} }

// Pieces gives the templates of the pieces in a language, to which the templates of
// pages can be added.
func (s *Site) Pieces(w *Words) (*template.Template, error) {
	return template.New("").Funcs(functions(w, s.assets)).ParseFS(files, "assets/pieces.html")
}

// Languages lists the languages of the pages, the first for whoever asks for none.
func Languages() []*Words { return slices.Clone(languages) }

// Figures gives how the installation stands, counted at most once in a while.
func (s *Site) Figures(ctx context.Context) (store.Overview, error) { return s.figures.now(ctx) }

// LanguageCookie is where a reader's choice of a language is kept, without what TLS
// puts in front.
const LanguageCookie = languageCookie

// Secure sets on an answer what keeps it from being framed, guessed at, kept or read
// by others, and reports whether the reader's browser speaks TLS.
func (s *Site) Secure(w http.ResponseWriter, r *http.Request) (tls bool) {
	tls = s.proxies.secure(r)
	s.setSecurity(w.Header(), &noRoute, tls)
	return tls
}

// FromElsewhere reports a request that changes something and was made by a page of
// another site.
func (s *Site) FromElsewhere(r *http.Request) bool { return s.crossOrigin.Check(r) != nil }
