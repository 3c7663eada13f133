package billpay

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
)

// HandleMax bounds an alias's handle in characters.
const HandleMax = 40

// sourceMax bounds the name of an alias's source in characters.
const sourceMax = 30

// Alias is a number that an earlier system gave a person, in that system's own
// format. It keeps resolving for ever. Two systems may have used the same
// handle for different people, so the source is part of it; a handle that comes
// without its source and fits several is for suspense. Aliases of equal value
// are equal under ==.
type Alias struct{ source, handle string }

// ParseAlias reads an alias. Source names the earlier system in 1 to 30 of
// a-z, 0-9 and '-'. Handle is kept in upper case without blanks and hyphens and
// then has 1 to HandleMax printable characters; zeros in front are kept, for
// some systems tell 0123 from 123. Errors are fault.Invalid.
func ParseAlias(source, handle string) (Alias, error) {
	if !isSource(source) {
		return Alias{}, fault.New(fault.Invalid, "billpay.ParseAlias",
			"an alias names the system it comes from in 1 to %d of a-z, 0-9 and '-'", sourceMax)
	}
	normal := normalHandle(handle)
	if normal == "" || utf8.RuneCountInString(normal) > HandleMax {
		return Alias{}, fault.New(fault.Invalid, "billpay.ParseAlias",
			"an old number has 1 to %d characters besides blanks and hyphens", HandleMax)
	}
	if !utf8.ValidString(handle) || strings.ContainsFunc(normal, func(c rune) bool { return !unicode.IsPrint(c) }) {
		return Alias{}, fault.New(fault.Invalid, "billpay.ParseAlias", "an old number has printable characters only")
	}
	return Alias{source, normal}, nil
}

func isSource(source string) bool {
	for i := range len(source) {
		c := source[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return source != "" && len(source) <= sourceMax
}

func normalHandle(handle string) string {
	return strings.Map(func(c rune) rune {
		if isSeparator(c) {
			return -1
		}
		if d, ok := digitOf(c); ok {
			return '0' + rune(d)
		}
		return unicode.ToUpper(c)
	}, handle)
}

// Source gives the name of the system that the alias comes from.
func (a Alias) Source() string { return a.source }

// Handle gives the whole normalised old number, for the directory.
func (a Alias) Handle() string { return a.handle }

// IsZero reports whether there is no alias.
func (a Alias) IsZero() bool { return a == Alias{} }

// String masks the handle but for its last four characters: "legacy:••••1234".
// A handle of four characters or fewer shows none.
func (a Alias) String() string {
	if a.IsZero() {
		return ""
	}
	shown := ""
	if c := []rune(a.handle); len(c) > 4 {
		shown = string(c[len(c)-4:])
	}
	return a.source + ":••••" + shown
}

// Format masks the handle under every verb.
func (a Alias) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(a.String())) }
