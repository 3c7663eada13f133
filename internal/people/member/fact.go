package member

import (
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/billfold/billfold/internal/base/fault"
)

// FactMax bounds in bytes what a payer types to show that a number is the one
// they mean.
const FactMax = 120

// Fact is what a payer typed beside a number: a ZIP code, a last name, or an
// organisation's name. It proves nobody's identity: it keeps a mistyped number
// from taking another person's money, and strangers from trying numbers.
type Fact struct{ zip, last, organisation string }

// ParseFact reads a fact. Letter case, accents, apostrophes, and whether words
// are joined, spaced or hyphenated do not matter; nor does a suffix such as "Jr"
// or an organisation's legal form. A ZIP code has five or nine digits, of which
// the first five count. A text without a letter or digit is fault.Invalid.
func ParseFact(text string) (Fact, error) {
	if len(text) > FactMax {
		return Fact{}, fault.New(fault.Invalid, "member.ParseFact", "a ZIP code or name has at most %d bytes", FactMax)
	}
	f := Fact{zip: zipTyped(text), last: foldLast(text), organisation: foldOrganisation(text)}
	if f.last == "" && f.organisation == "" {
		return Fact{}, fault.New(fault.Invalid, "member.ParseFact", "there is no ZIP code and no name")
	}
	return f, nil
}

// OnFile is what a fact is compared with. The address that a person asked to be
// written to in confidence is not part of it: each right guess would tell where
// somebody is who does not want to be found (45 CFR 164.522(b)).
type OnFile struct {
	Last               string
	Organisation       string
	Residence, Mailing string // ZIP codes
}

// Fits reports whether the fact is on file. It takes the same time whatever is
// on file and whatever fits: every comparison is made, on digests.
func (f Fact) Fits(file OnFile) bool {
	fits := same(f.last, foldLast(file.Last))
	fits |= same(f.organisation, foldOrganisation(file.Organisation))
	fits |= same(f.zip, zipOnFile(file.Residence))
	fits |= same(f.zip, zipOnFile(file.Mailing))
	return fits == 1
}

// same is 1 for equal texts that are not empty.
func same(a, b string) int {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	filled := 1 - subtle.ConstantTimeEq(int32(len(a)), 0)
	return filled & subtle.ConstantTimeCompare(x[:], y[:])
}

// zipTyped gives the first five digits of a text that is a ZIP code, or "".
func zipTyped(text string) string {
	digits := strings.Map(func(c rune) rune {
		switch {
		case unicode.IsSpace(c), unicode.Is(unicode.Pd, c), unicode.Is(unicode.Cf, c):
			return -1
		}
		return c
	}, norm.NFKC.String(text))
	if len(digits) != 5 && len(digits) != 9 || strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits[:5]
}

// zipOnFile gives the first five digits of a stored ZIP code, or "".
func zipOnFile(zip string) string {
	if zip = strings.TrimSpace(zip); len(zip) < 5 || strings.Trim(zip[:5], "0123456789") != "" {
		return ""
	}
	return zip[:5]
}

var (
	nameSuffixes = []string{"jr", "sr", "ii", "iii", "iv", "2nd", "3rd", "4th", "esq", "md", "phd"}
	legalForms   = []string{
		"inc", "incorporated", "llc", "llp", "lp", "ltd", "limited", "co", "company", "corp", "corporation", "pc", "pllc", "plc",
	}
)

// foldLast gives a last name as it is compared.
func foldLast(name string) string { return strings.Join(dropLast(words(name), nameSuffixes), "") }

// foldOrganisation gives an organisation's name as it is compared.
func foldOrganisation(name string) string {
	list := words(name)
	if len(list) > 1 && list[0] == "the" {
		list = list[1:]
	}
	return strings.Join(dropLast(list, legalForms), "")
}

// dropLast leaves words that say nothing off the end, but never all words.
func dropLast(list, saysNothing []string) []string {
	for len(list) > 1 && slices.Contains(saysNothing, list[len(list)-1]) {
		list = list[:len(list)-1]
	}
	return list
}

// words gives the words of a name in lower-case letters and digits without
// accents. An apostrophe or dot joins what stands beside it.
func words(name string) []string {
	var folded strings.Builder
	for _, c := range norm.NFKD.String(name) {
		c = unicode.ToLower(c)
		switch plain, known := plainLetters[c]; {
		case known:
			folded.WriteString(plain)
		case unicode.IsLetter(c), unicode.IsDigit(c):
			folded.WriteRune(c)
		case unicode.IsSpace(c), unicode.Is(unicode.Pd, c), c == '&', c == ',', c == '/':
			folded.WriteByte(' ')
		}
	}
	return strings.Fields(folded.String())
}

// plainLetters are letters with a stroke or joined ones, which do not come apart
// into a letter and an accent.
var plainLetters = map[rune]string{
	'ß': "ss", 'æ': "ae", 'œ': "oe", 'ø': "o", 'ł': "l", 'đ': "d", 'ð': "d", 'þ': "th", 'ħ': "h", 'ı': "i", 'ŋ': "n", 'ŧ': "t",
}
