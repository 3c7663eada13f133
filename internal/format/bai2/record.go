package bai2

import "strings"

// record is a logical record: a line and the 88 lines that continue it. The
// end of a line always ends a field, except in the text at a record's end.
type record struct {
	code   string
	line   int      // of its first line
	pieces []string // what stands after the code on each line, without terminator
	lines  int      // how many lines it takes
	size   int      // bytes in pieces

	at   int // the piece being read
	from int // where in it the next field starts; -1 when the piece is spent
}

// content is what a line says after its record code: blanks that pad it and
// the slash that ends it are not part of it.
func content(text string) string {
	text = strings.TrimSuffix(strings.TrimRight(text, " "), "/")
	if len(text) < 3 {
		return ""
	}
	return strings.TrimRight(text[3:], " ")
}

// more reports whether any field is left.
func (r *record) more() bool {
	if r.from < 0 {
		r.at, r.from = r.at+1, 0
	}
	return r.at < len(r.pieces)
}

// field takes the next field, "" when none is left.
func (r *record) field() string {
	if !r.more() {
		return ""
	}
	rest := r.pieces[r.at][r.from:]
	comma := strings.IndexByte(rest, ',')
	if comma < 0 {
		r.from = -1
		return strings.TrimSpace(rest)
	}
	r.from += comma + 1
	return strings.TrimSpace(rest[:comma])
}

// text takes all that is left.
func (r *record) text() string {
	if !r.more() {
		return ""
	}
	lines := append([]string{r.pieces[r.at][r.from:]}, r.pieces[r.at+1:]...)
	r.at, r.from = len(r.pieces), 0
	return strings.Join(lines, "\n")
}
