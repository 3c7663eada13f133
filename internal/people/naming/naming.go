// Package naming knows whether a name that a bank or a payer wrote can be that of a
// person or organisation on file.
//
// It is pure: it knows no person and no number. It answers in three strengths, of
// which only Same is fit to confirm something without a person looking: family name
// and first name are written out and equal, and nothing that both sides say differs.
// Letter case, diacritics, punctuation, titles and the order of the names do not
// count; a differing middle name or generation (Jr, Sr, III) does.
//
// Start reading at Agree.
package naming

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Strength is how well two names agree.
type Strength uint8

// The strengths, weakest first.
const (
	Different Strength = iota
	Likely             // an initial for the first name, or one of two family names: for a person to judge
	Same
)

// Person is a name on file, in parts.
type Person struct{ First, Middle, Last, Suffix string }

// textMax bounds a written name; what is longer is no name.
const textMax = 200

// wordsMax bounds its words, since every way to part them is tried.
const wordsMax = 12

// Agree tells how well a written name agrees with a person's. Where it names several
// persons ("Pat and Lee Rivera") the best one counts.
func Agree(written string, on Person) Strength {
	file := onFile(on)
	if len(written) > textMax || len(file.family) == 0 || len(file.first) == 0 {
		return Different
	}
	best := Different
	for _, one := range personsIn(written) {
		best = max(best, agreeOne(one, &file))
	}
	return best
}

// AgreeOrganisation is Agree for the name of an organisation: its words are equal,
// without those that only say its legal form.
func AgreeOrganisation(written, on string) Strength {
	if len(written) > textMax || len(on) > textMax {
		return Different
	}
	a, b := organisationWords(written), organisationWords(on)
	if len(a) == 0 || strings.Join(a, "") != strings.Join(b, "") {
		return Different
	}
	return Same
}

var legalForms = []string{
	"INC", "INCORPORATED", "LLC", "LTD", "LIMITED", "CO", "COMPANY", "CORP", "CORPORATION", "LP", "LLP", "PLLC", "PC", "PA", "THE",
}

func organisationWords(text string) []string {
	return slices.DeleteFunc(words(text), func(w string) bool { return slices.Contains(legalForms, w) })
}

// filed is a person's name as words without marks.
type filed struct {
	first, middle, family []string
	generation            string
}

func onFile(p Person) filed {
	family, generation := splitGeneration(words(p.Last))
	if _, own := splitGeneration(words(p.Suffix)); own != "" {
		generation = own
	}
	return filed{first: words(p.First), middle: words(p.Middle), family: family, generation: generation}
}

// writtenName is one person's name as it was written.
type writtenName struct {
	words      []string
	comma      int // how many words stand before a comma, 0 for none: they are the family name
	generation string
}

func agreeOne(w writtenName, on *filed) Strength {
	if w.generation != "" && on.generation != "" && w.generation != on.generation {
		return Different
	}
	best := Different
	for cut := 1; cut < len(w.words); cut++ {
		if w.comma > 0 && cut != w.comma {
			continue
		}
		before, after := w.words[:cut], w.words[cut:]
		best = max(best, reading(after, before, on)) // Rivera Pat
		if w.comma == 0 {
			best = max(best, reading(before, after, on)) // Pat Rivera
		}
	}
	return best
}

// reading judges one way to part a written name.
func reading(given, family []string, on *filed) Strength {
	return min(families(family, on.family), givens(given, on))
}

// families compares joined words: "De la Cruz" is written "Delacruz" too.
func families(a, b []string) Strength {
	x, y := strings.Join(a, ""), strings.Join(b, "")
	switch {
	case len(x) > 1 && x == y:
		return Same
	case len(a) != len(b) && a[0] == b[0] && len(a[0]) > 2: // one of two family names
		return Likely
	}
	return Different
}

func givens(given []string, on *filed) Strength {
	joined := strings.Join(given, "")
	if len(joined) > 1 && (joined == strings.Join(on.first, "") || joined == strings.Join(on.first, "")+strings.Join(on.middle, "")) {
		return Same
	}
	// More first names on file than written ("Mary Ann", "Mary") are middle names.
	strength := initial(given[0], on.first[0])
	if strength == Different {
		return Different
	}
	return min(strength, middles(given[1:], slices.Concat(on.first[1:], on.middle)))
}

// initial compares two names of which one may be its first letter.
func initial(a, b string) Strength {
	switch {
	case a == b && len(a) > 1:
		return Same
	case (len(a) == 1 || len(b) == 1) && a[0] == b[0]:
		return Likely
	}
	return Different
}

// middles compares what both sides have; that one side has none says nothing.
func middles(a, b []string) Strength {
	for i := range min(len(a), len(b)) {
		if initial(a[i], b[i]) == Different {
			return Different
		}
	}
	return Same
}

var titles = []string{"MR", "MRS", "MS", "MISS", "MX", "DR", "PROF", "REV", "HON", "SR", "SRA"}

var degrees = []string{"MD", "DO", "PHD", "DDS", "DMD", "RN", "ESQ", "CPA", "JD", "DVM"}

var generations = map[string]string{
	"JR": "2", "JUNIOR": "2", "II": "2", "2ND": "2", "SR": "1", "SENIOR": "1", "I": "1", "III": "3", "3RD": "3", "IV": "4", "4TH": "4", "V": "5",
}

// splitGeneration takes a generation and degrees off the end of a name. One letter
// alone is an initial.
func splitGeneration(list []string) (rest []string, generation string) {
	for len(list) > 0 {
		last := list[len(list)-1]
		g, isGeneration := generations[last]
		switch {
		case slices.Contains(degrees, last):
		case isGeneration && generation == "" && len(last) > 1:
			generation = g
		default:
			return list, generation
		}
		list = list[:len(list)-1]
	}
	return list, generation
}

// personsIn parts a text at what joins persons. One who has a first name only has the
// family name of the other.
func personsIn(text string) []writtenName {
	upper := plain(text)
	for _, joint := range []string{" AND ", " OR ", "&", "/", "+", ";"} {
		upper = strings.ReplaceAll(upper, joint, "\x00")
	}
	var persons []writtenName
	for part := range strings.SplitSeq(upper, "\x00") {
		if p := personIn(part); len(p.words) > 0 && len(p.words) <= wordsMax {
			persons = append(persons, p)
		}
	}
	if len(persons) < 2 {
		return persons
	}
	first, last := persons[0], persons[len(persons)-1]
	for i, p := range persons {
		switch {
		case len(p.words) > 1:
		case i == 0 && len(last.words) > 1: // Pat and Lee Rivera
			persons[i].words = append(slices.Clone(p.words), last.words[len(last.words)-1])
		case i > 0 && len(first.words) > 1: // Rivera Pat & Lee, or Pat Rivera & Lee
			family := first.words[len(first.words)-1]
			if first.comma > 0 {
				family = first.words[0]
			}
			persons[i].words = append(slices.Clone(p.words), family)
		}
	}
	return persons
}

func personIn(text string) writtenName {
	var w writtenName
	before, after, comma := strings.Cut(text, ",")
	if comma {
		if rest, generation := splitGeneration(words(after)); len(rest) == 0 { // Pat Rivera, Jr
			after, comma, w.generation = "", false, generation
		}
	}
	head, generation := splitGeneration(untitled(words(before)))
	if generation != "" {
		w.generation = generation
	}
	tail, generation := splitGeneration(untitled(words(after)))
	if generation != "" {
		w.generation = generation
	}
	if comma && len(head) > 0 && len(tail) > 0 {
		w.comma = len(head)
	}
	w.words = slices.Concat(head, tail)
	return w
}

func untitled(list []string) []string {
	for len(list) > 1 && slices.Contains(titles, list[0]) {
		list = list[1:]
	}
	return list
}

// words gives a text's words in capitals without marks; apostrophes join, every other
// sign parts.
func words(text string) []string {
	return strings.FieldsFunc(plain(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}

// letters that do not come apart into a plain letter and a mark.
var letters = strings.NewReplacer(
	"ß", "SS", "Æ", "AE", "Œ", "OE", "Ø", "O", "Ł", "L", "Đ", "D", "Ð", "D", "Þ", "TH", "İ", "I", "'", "", "’", "", "`", "", ".", " ",
)

func plain(text string) string {
	var b strings.Builder
	for _, c := range norm.NFD.String(letters.Replace(strings.ToUpper(text))) {
		if !unicode.Is(unicode.Mn, c) {
			b.WriteRune(c)
		}
	}
	return b.String()
}
