package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPurge(t *testing.T) {
	words := map[string]bool{"used": true, "also": true}
	for _, c := range []struct{ situation, sheet, want string }{
		{"a rule without classes", `p{margin:0}`, `p{margin:0}`},
		{"a class that some page has", `.used{a:b}`, `.used{a:b}`},
		{"a class that no page has", `.gone{a:b}`, ``},
		{"a list, of which some can match", `.gone,.used,p.gone:hover{a:b}`, `.used{a:b}`},
		{"classes that must all be there", `.used .gone{a:b}.used .also{a:b}`, `.used .also{a:b}`},
		{"what may not match takes nothing away", `a:not(.gone,.x:is(p)){a:b}`, `a:not(.gone,.x:is(p)){a:b}`},
		{"a comma in brackets is none of the list", `a:is(.used,p){a:b}`, `a:is(.used,p){a:b}`},
		{"a selector of a part of a name", `[class^=ds-c-] *{a:b}`, `[class^=ds-c-] *{a:b}`},
		{"elements of the design system's own script", `ds-badge,ds-button{a:b}`, ``},
		{"rules in a condition", `@media print{.gone{a:b}.used{c:d}}`, `@media print{.used{c:d} }`},
		{"a condition with nothing left", `@media print{.gone{a:b}}`, ``},
		{"a statement", `@charset "UTF-8";p{a:b}`, `@charset "UTF-8"; p{a:b}`},
		{"a brace in a string", `p:before{content:"}";a:b}.gone{x:y}`, `p:before{content:"}";a:b}`},
		{"a brace in a comment", `/* } */p{a:b}`, `/* } */p{a:b}`},
		{"an animation that a rule names", `@keyframes spin{to{a:b}}.used{animation:spin 1s}`, `@keyframes spin{to{a:b}} .used{animation:spin 1s}`},
		{"an animation that no rule names", `@keyframes spin{to{a:b}}.gone{animation:spin 1s}`, ``},
		{"a face that pages are set in", `@font-face{font-family:Open Sans;font-style:normal;font-weight:700;src:url(x)}`,
			`@font-face{font-family:Open Sans;font-style:normal;font-weight:700;src:url(x)}`},
		{"a face that they are not", `@font-face{font-family:Bitter;font-style:normal;font-weight:700}`, ``},
		{"an end that is missing", `.used{a:b`, `.used{a:b}`},
	} {
		t.Run(c.situation, func(t *testing.T) {
			if got := strings.Join(strings.Fields(purge(c.sheet, words)), " "); got != c.want {
				t.Errorf("%s\ngot  %q\nwant %q", c.sheet, got, c.want)
			}
		})
	}
}

// Whatever it reads, purging ends and adds nothing.
func FuzzPurge(f *testing.F) {
	for _, seed := range []string{`@media x{.a{b:c}}`, `a{b:"\"}"}`, `/*`, `}{`, `a:not(.b{c`, `@font-face{`} {
		f.Add(seed)
	}
	words := map[string]bool{"a": true}
	f.Fuzz(func(t *testing.T, sheet string) {
		if len(sheet) > 1<<12 {
			return // blocks in blocks are read once per level
		}
		once := purge(sheet, words)
		for _, found := range class.FindAllStringSubmatch(once, -1) {
			if !strings.Contains(sheet, found[0]) {
				t.Errorf("%q came from nowhere", found[0])
			}
		}
	})
}

func TestLock_RefusesOtherBytes(t *testing.T) {
	t.Chdir(t.TempDir())
	p := lockedPackage{Name: "x", Version: "1", Integrity: "sha512-AAAA"}
	writeFile(t, cacheDir+"/x-1.tgz", "not what was locked")
	if _, err := p.open(); err == nil || !strings.Contains(err.Error(), "lock.json") {
		t.Errorf("got %v", err)
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
