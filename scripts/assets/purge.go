package main

import (
	"regexp"
	"slices"
	"strings"
)

// rule is one rule of a style sheet: a statement ("@charset ..."), a list of
// declarations behind a selector, or rules inside rules ("@media").
type rule struct {
	head     string
	body     string // declarations, when it has no rules inside
	inside   []rule
	grouping bool // it has rules inside
	bare     bool // it has no block at all
}

// purge leaves of a style sheet what pages can use: rules all of whose classes
// are among the words, the two faces of the font, animations that some rule
// names, and custom properties that some value reads. It knows CSS as the design
// system writes it; what it does not know it keeps.
func purge(sheet string, words map[string]bool) string {
	rules := keepUsed(parse(sheet), words)
	text := print(rules)
	return print(slices.DeleteFunc(rules, func(r rule) bool {
		name, isFrames := strings.CutPrefix(r.head, "@keyframes ")
		return isFrames && !strings.Contains(strings.ReplaceAll(text, r.head, ""), name)
	}))
}

// parse splits a style sheet into its rules.
func parse(sheet string) []rule {
	var rules []rule
	for rest := sheet; ; {
		end, sign := next(rest)
		head := strings.TrimSpace(rest[:end])
		switch {
		case sign == 0:
			return rules
		case sign == ';':
			rules = append(rules, rule{head: head, bare: true})
			rest = rest[end+1:]
		case sign == '{':
			var inside string
			inside, rest = splitBlock(rest[end:])
			rules = append(rules, block(head, inside))
		default: // a closing brace too many ends what can be told
			return rules
		}
	}
}

func block(head, body string) rule {
	for _, group := range []string{"@media", "@supports", "@layer", "@container"} {
		if strings.HasPrefix(head, group) {
			return rule{head: head, inside: parse(body), grouping: true}
		}
	}
	return rule{head: head, body: strings.TrimSpace(body)}
}

// next finds the first sign that ends a head, outside strings, brackets and comments.
func next(text string) (at int, sign byte) {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\'':
			i += stringLength(text[i:]) - 1
		case c == '/' && strings.HasPrefix(text[i:], "/*"):
			length := strings.Index(text[i:], "*/")
			if length < 0 {
				return len(text), 0
			}
			i += length + 1
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case depth == 0 && (c == '{' || c == '}' || c == ';'):
			return i, c
		}
	}
	return len(text), 0
}

// stringLength is that of the string which a text begins with, quotes included.
func stringLength(text string) int {
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case text[0]:
			return i + 1
		}
	}
	return len(text)
}

// splitBlock gives what stands in the block that a text begins with, and what
// follows it. A block that does not end has all there is.
func splitBlock(text string) (inside, rest string) {
	for i, depth := 1, 1; ; {
		at, sign := next(text[i:])
		switch sign {
		case '{':
			depth++
		case '}':
			depth--
		case 0:
			return text[1:], ""
		}
		if i += at + 1; depth == 0 {
			return text[1 : i-1], text[i:]
		}
	}
}

func keepUsed(rules []rule, words map[string]bool) []rule {
	var kept []rule
	for _, r := range rules {
		switch {
		case r.grouping:
			if r.inside = keepUsed(r.inside, words); len(r.inside) == 0 {
				continue
			}
		case r.head == "@font-face":
			if !usedFace(r.body) {
				continue
			}
		case !r.bare && !strings.HasPrefix(r.head, "@"):
			if r.head = usedSelectors(r.head, words); r.head == "" {
				continue
			}
		}
		kept = append(kept, r)
	}
	return kept
}

// usedFace keeps the two faces that pages are set in; browsers slant the others.
func usedFace(body string) bool {
	has := func(part string) bool { return strings.Contains(body+";", part) }
	return has("font-family:Open Sans;") && has("font-style:normal;") && (has("font-weight:400;") || has("font-weight:700;"))
}

var (
	class         = regexp.MustCompile(`\.(-?[A-Za-z_][\w-]*)`)
	customElement = regexp.MustCompile(`(^|[\s>+~,(])ds-[a-z]`)
	negation      = regexp.MustCompile(`:not\([^()]*(\([^()]*\))*[^()]*\)`)
)

// usedSelectors leaves of a list of selectors those that can match an element of
// a page. What stands in :not() takes nothing away.
func usedSelectors(list string, words map[string]bool) string {
	var used []string
	for _, selector := range splitOutside(list, ',') {
		if canMatch(negation.ReplaceAllString(selector, ""), words) {
			used = append(used, strings.TrimSpace(selector))
		}
	}
	return strings.Join(used, ",")
}

func canMatch(selector string, words map[string]bool) bool {
	if customElement.MatchString(selector) {
		return false // the design system's own elements, which need its script
	}
	for _, found := range class.FindAllStringSubmatch(selector, -1) {
		if !words[found[1]] {
			return false
		}
	}
	return true
}

// splitOutside splits a text at a sign that stands in no brackets.
func splitOutside(text string, at byte) []string {
	var parts []string
	depth, start := 0, 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '(' || c == '[':
			depth++
		case c == ')' || c == ']':
			depth--
		case c == at && depth == 0:
			parts, start = append(parts, text[start:i]), i+1
		}
	}
	return append(parts, text[start:])
}

// print writes rules as a style sheet.
func print(rules []rule) string {
	var b strings.Builder
	for _, r := range rules {
		switch {
		case r.bare:
			b.WriteString(r.head + ";")
		case r.grouping:
			b.WriteString(r.head + "{" + print(r.inside) + "}")
		default:
			b.WriteString(r.head + "{" + r.body + "}")
		}
		b.WriteByte('\n')
	}
	return b.String()
}
