package web

import (
	"strings"
)

// Listed is one script or style sheet that a page may load, as PCI DSS 6.4.3
// wants them listed: what it is for, who authorised it, and how its integrity is
// held. docs/operators/payment-page-scripts.md shows the list; a test holds it
// against this one.
type Listed struct {
	Name string
	Kind AssetKind
	// Address is a path of ours, or the processor's address in full.
	Address    string
	Purpose    string
	Authorised string
	Where      string // on which pages
	// SHA256 is what the bytes hash to, hexadecimal; empty for a script that its
	// owner changes without telling, which is watched instead.
	SHA256 string
	// Integrity is what pages tell browsers to insist on, or empty.
	Integrity string
}

// AssetKind is what a browser does with a listed file.
type AssetKind string

// The kinds.
const (
	Script AssetKind = "script"
	Style  AssetKind = "style"
)

// Who authorised what.
const (
	byProject  = "the Billfold project, by review of the change that brought it"
	byOperator = "the operator, by naming it in the configuration"
)

// Inventory lists every script and style sheet that any page may load.
func (s *Site) Inventory() []Listed { return s.inventory }

func (s *Site) list() []Listed {
	own := func(a *asset, kind AssetKind, purpose, authorised string) Listed {
		return Listed{
			Name: a.name, Kind: kind, Address: a.Path, Purpose: purpose, Authorised: authorised, Where: "every page",
			SHA256: a.sha256, Integrity: a.Integrity,
		}
	}
	all := []Listed{
		own(s.assets.script, Script, "groups the number while it is typed, names slips before a form is sent, refuses a second "+
			"press of a button, moves to errors, shows the processor's card fields, warns before a session ends", byProject),
		own(s.assets.sheet, Style, "the look of the pages: the CMS design system and ours", byProject),
	}
	for i := range s.Plan.Regions {
		theme := own(s.themes[string(s.Plan.Regions[i].ID)], Style, "the colours of a region's brand", byOperator)
		theme.Where = "every page of the region"
		all = append(all, theme)
	}
	if p := s.Processor; p != nil {
		all = append(all, Listed{
			Name: p.Name, Kind: Script, Address: p.Script, Purpose: "the card processor's own fields for card number, date and code",
			Authorised: byOperator, Where: "the card page", Integrity: p.Integrity,
		})
	}
	return all
}

// paymentPages are the routes whose pages are watched: where cards are entered,
// and where a payment begins. One that takes a value in its address has no
// address of its own.
func (s *Site) paymentPages() []*route {
	var pages []*route
	for i := range s.names {
		r := &s.names[i]
		path, get := strings.CutPrefix(r.pattern, "GET ")
		if get && !r.bare && !strings.Contains(strings.TrimSuffix(path, "{$}"), "{") {
			pages = append(pages, r)
		}
	}
	return pages
}

// address is where a route without values in its address is served.
func (r *route) address() string {
	_, path, _ := strings.Cut(r.pattern, " ")
	return strings.TrimSuffix(path, "{$}")
}
