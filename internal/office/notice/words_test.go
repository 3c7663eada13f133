package notice

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/people/region"
)

// A word that is missing in one language shows as nothing on somebody's letter.
func TestWords_NoneIsMissing(t *testing.T) {
	for _, w := range languages {
		for path := range empties(reflect.ValueOf(*w), w.Tag) {
			t.Errorf("%s is empty", path)
		}
		complete(t, w, "Lines", w.Lines, coverage.Lines())
		complete(t, w, "Reasons", w.Reasons, Reasons())
		complete(t, w, "Returns", w.Returns, ReturnReasons())
		complete(t, w, "Tenders", w.Tenders, region.Tenders())
		complete(t, w, "Refunds", w.Refunds, region.Tenders())
		complete(t, w, "Agencies", w.Agencies, []string{"SSA", "RRB"})
		complete(t, w, "Kinds", w.Kinds, slices.DeleteFunc(Kinds(), func(k Kind) bool { return !k.Letter() }))
	}
}

func complete[K comparable, V any](t *testing.T, w *words, name string, have map[K]V, want []K) {
	t.Helper()
	for _, key := range want {
		if _, is := have[key]; !is {
			t.Errorf("%s has no %s of %v", w.Tag, name, key)
		}
	}
	if len(have) != len(want) {
		t.Errorf("%s has %d %s, want %d", w.Tag, len(have), name, len(want))
	}
}

// mayBeEmpty are fields that say something by being empty.
var mayBeEmpty = []string{"When", "Says"}

func empties(v reflect.Value, path string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		switch v.Kind() {
		case reflect.String:
			if strings.TrimSpace(v.String()) == "" {
				yield(path)
			}
		case reflect.Struct:
			for i := range v.NumField() {
				if name := v.Type().Field(i).Name; !slices.Contains(mayBeEmpty, name) {
					empties(v.Field(i), path+"."+name)(yield)
				}
			}
		case reflect.Map:
			for _, key := range v.MapKeys() {
				empties(v.MapIndex(key), fmt.Sprintf("%s[%v]", path, key))(yield)
			}
		case reflect.Slice, reflect.Array:
			for i := range v.Len() {
				empties(v.Index(i), fmt.Sprintf("%s[%d]", path, i))(yield)
			}
		}
	}
}

var named = regexp.MustCompile(`\{([^}]*)\}`)

// names gives the names in braces of a text, sorted.
func names(text string) []string {
	var all []string
	for _, found := range named.FindAllStringSubmatch(text, -1) {
		all = append(all, found[1])
	}
	slices.Sort(all)
	return all
}

// A translation says the same with the same facts, paragraph by paragraph.
func TestWords_TranslationsHaveTheSameFacts(t *testing.T) {
	for kind, original := range english.Kinds {
		for _, w := range languages[1:] {
			said := w.Kinds[kind]
			if len(said.Rows) != len(original.Rows) || len(said.Parts) != len(original.Parts) || said.Pay != original.Pay {
				t.Errorf("%s in %s has another shape", kind, w.Tag)
				continue
			}
			if !slices.Equal(names(said.Heading), names(original.Heading)) {
				t.Errorf("the heading of %s in %s names %v, want %v", kind, w.Tag, names(said.Heading), names(original.Heading))
			}
			for i, row := range original.Rows {
				if got := said.Rows[i]; got.Value != row.Value || got.When != row.When {
					t.Errorf("row %d of %s in %s is %+v", i, kind, w.Tag, got)
				}
			}
			for i, p := range original.Parts {
				if got := said.Parts[i]; got.Says != p.Says || got.When != p.When || !slices.Equal(names(got.Text), names(p.Text)) {
					t.Errorf("part %d of %s in %s names %v, want %v", i, kind, w.Tag, names(got.Text), names(p.Text))
				}
			}
		}
	}
}

// What somebody wrote is told from what a qualified translator has read.
func TestWords_TranslationsSayHowFarTheyAreReviewed(t *testing.T) {
	for _, w := range languages {
		for kind, said := range w.Kinds {
			if (said.Review == Source) != (w.Tag == "en") || !slices.Contains([]Review{Source, Unreviewed, Reviewed}, said.Review) {
				t.Errorf("%s in %s is %q", kind, w.Tag, said.Review)
			}
		}
	}
}

// Sentences are short, so that somebody who is worried can follow them.
func TestWords_SentencesAreShort(t *testing.T) {
	const wordsMost = 36
	for _, w := range languages {
		for kind, said := range w.Kinds {
			for _, p := range said.Parts {
				for sentence := range strings.SplitSeq(p.Text, ". ") {
					if n := len(strings.Fields(sentence)); n > wordsMost {
						t.Errorf("%s in %s has a sentence of %d words: %s", kind, w.Tag, n, sentence)
					}
				}
			}
		}
	}
}

func TestWordsFor_WhateverTheRegion(t *testing.T) {
	for tag, want := range map[string]string{"es": "es", "es-MX": "es", "ES": "es", "en-GB": "en", "": "en", "vi": "en"} {
		if got := wordsFor(tag).Tag; got != want {
			t.Errorf("%q: got %s, want %s", tag, got, want)
		}
	}
}
