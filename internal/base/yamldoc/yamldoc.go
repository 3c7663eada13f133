// Package yamldoc reads an operator's YAML file strictly: every key must be
// known, every value must be of the kind asked for, and each mistake is kept
// with its line so that one run shows them all.
//
// It knows YAML and positions; it does not know what a key means. It takes a
// plain subset: mappings, sequences and scalars. Anchors, aliases, tags, merge
// keys and several documents are refused, because none helps a configuration
// file and each makes "which line is wrong" harder to answer.
//
// Start reading at Parse; a reader then asks the root Value for its Fields.
// A Value that is absent or was already refused answers with zero values and
// says nothing more, so callers need no error checks between fields.
package yamldoc

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // zones must load on a machine that has no zone files

	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/nearest"
)

const (
	// SizeMax bounds a file in bytes; a region pack of thirty languages is
	// under 20 KiB.
	SizeMax = 512 << 10
	// depthMax bounds nesting, which the parser below follows by recursion.
	depthMax = 24
)

// File is one file being read and the problems found in it so far.
type File struct {
	name     string
	problems []fault.Problem
}

// Problems gives what was found wrong, in the order of the lines, with the
// file's name as each problem's Record. There are at most fault.ProblemsMax.
func (f *File) Problems() []fault.Problem {
	slices.SortStableFunc(f.problems, func(a, b fault.Problem) int { return a.Line - b.Line })
	return f.problems
}

func (f *File) refuse(line int, path, format string, args ...any) {
	if len(f.problems) >= fault.ProblemsMax {
		return
	}
	f.problems = append(f.problems, fault.Problem{
		Line: line, Record: f.name, Field: path, Message: fmt.Sprintf(format, args...),
	})
}

// Parse reads data as one YAML document. When it is not one, the problem is
// kept and the root Value is absent. Name is the file's name in problems.
func Parse(name string, data []byte) (*File, Value) {
	f := &File{name: name}
	if len(data) > SizeMax {
		f.refuse(0, "", "the file has %d bytes; at most %d are read", len(data), SizeMax)
		return f, Value{}
	}
	tokens := lexer.Tokenize(string(data))
	if !f.plain(tokens) {
		return f, Value{}
	}
	docs, line, err := parse(tokens)
	if err != nil {
		f.refuse(line, "", "this is not YAML: %v", err)
		return f, Value{}
	}
	if len(docs) != 1 || docs[0].Body == nil {
		f.refuse(0, "", "the file must hold one YAML document with settings; it holds %d", len(docs))
		return f, Value{}
	}
	body := docs[0].Body
	return f, Value{file: f, node: body, line: lineOf(body)}
}

// plain refuses what is outside the subset before the parser sees it.
func (f *File) plain(tokens token.Tokens) bool {
	flow, entryLine, entries := 0, 0, 0
	for _, t := range tokens {
		switch t.Type {
		case token.AnchorType, token.AliasType, token.TagType, token.MergeKeyType, token.MappingKeyType, token.DirectiveType:
			f.refuse(t.Position.Line, "", "%q: anchors, aliases, tags, merge keys and directives are not used here", t.Value)
			return false
		case token.InvalidType:
			f.refuse(t.Position.Line, "", "this is not YAML: %s", t.Error)
			return false
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType:
			if t.Position.Line != entryLine {
				entryLine, entries = t.Position.Line, 0
			}
			entries++
		}
		// Blocks nest one level per column, lists also on one line.
		if flow > depthMax || entries > depthMax || t.Position.IndentNum > depthMax*8 {
			f.refuse(t.Position.Line, "", "the settings nest deeper than %d levels", depthMax)
			return false
		}
	}
	return true
}

// parse gives the documents, or the line where they stop being YAML. The
// library's parser panics on some malformed input; the file is refused then.
func parse(tokens token.Tokens) (docs []*ast.DocumentNode, line int, err error) {
	defer func() {
		if r := recover(); r != nil {
			docs, line, err = nil, 0, errors.New("the text cannot be parsed")
		}
	}()
	file, err := parser.Parse(tokens, 0)
	if err == nil {
		return file.Docs, 0, nil
	}
	var at interface {
		GetToken() *token.Token
		GetMessage() string
	}
	if errors.As(err, &at) {
		if t := at.GetToken(); t != nil && t.Position != nil {
			line = t.Position.Line
		}
		err = errors.New(at.GetMessage())
	}
	return nil, line, err
}

// Value is one value of a file with its place. The zero Value is absent.
type Value struct {
	file *File
	node ast.Node
	line int
	path string
}

// Present reports whether the file states the value at all.
func (v Value) Present() bool { return v.node != nil }

// Line is the physical line of the value, 0 when absent.
func (v Value) Line() int { return v.line }

// Refuse keeps a problem at the value's line. An absent value is not refused
// again: that it is missing was said already.
func (v Value) Refuse(format string, args ...any) {
	if v.Present() {
		v.file.refuse(v.line, v.path, format, args...)
	}
}

// Text gives a scalar as it is written. An empty or non-scalar value is refused.
func (v Value) Text() string {
	if !v.Present() {
		return ""
	}
	text, ok := scalar(v.node)
	if !ok {
		v.Refuse("a single value is wanted here, not %s", kindOf(v.node))
		return ""
	}
	text = strings.TrimSpace(text)
	if text == "" {
		v.Refuse("the value is empty")
	}
	return text
}

// Int gives a whole number from lo to hi.
func (v Value) Int(lo, hi int) int {
	text := v.Text()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < lo || n > hi {
		v.Refuse("%q must be a whole number from %d to %d", text, lo, hi)
		return 0
	}
	return n
}

// Bool gives true or false.
func (v Value) Bool() bool {
	switch text := v.Text(); text {
	case "true":
		return true
	case "", "false":
		return false
	default:
		v.Refuse("%q must be true or false", text)
		return false
	}
}

// OneOf gives a scalar that must be among allowed; otherwise it is refused and
// "" given.
func (v Value) OneOf(allowed ...string) string {
	text := v.Text()
	if text == "" || slices.Contains(allowed, text) {
		return text
	}
	v.Refuse("%q is not known%s; write one of %s", text, hint(text, allowed), strings.Join(allowed, ", "))
	return ""
}

var idForm = regexp.MustCompile(`^[a-z][a-z0-9-]{0,30}[a-z0-9]$`)

// ID gives a name used between files: 2 to 32 lower-case letters, digits and
// hyphens that start with a letter.
func (v Value) ID() string {
	id := v.Text()
	if id != "" && !idForm.MatchString(id) {
		v.Refuse("%q must have 2 to 32 lower-case letters, digits and hyphens and start with a letter", id)
		return ""
	}
	return id
}

// Zone gives an IANA time zone such as "America/Denver". UTC stands in for a
// missing or refused one so that reading can go on.
func (v Value) Zone() *time.Location {
	name := v.Text()
	if name == "" {
		return time.UTC
	}
	// "Local" would mean whatever machine the program runs on, and a bare
	// abbreviation knows nothing of daylight saving.
	if zone, err := time.LoadLocation(name); err == nil && strings.Contains(name, "/") {
		return zone
	}
	v.Refuse("%q is no IANA time zone; write one such as America/Denver", name)
	return time.UTC
}

// List gives the entries of a sequence.
func (v Value) List() []Value {
	if !v.Present() {
		return nil
	}
	sequence, ok := v.node.(*ast.SequenceNode)
	if !ok {
		v.Refuse("a list is wanted here, not %s", kindOf(v.node))
		return nil
	}
	values := make([]Value, 0, len(sequence.Values))
	for i, node := range sequence.Values {
		path := fmt.Sprintf("%s[%d]", v.path, i)
		if node == nil {
			v.file.refuse(v.line, path, "the entry is empty")
			continue
		}
		values = append(values, Value{v.file, node, lineOf(node), path})
	}
	return values
}

// Pair is one entry of a mapping whose keys are data, such as weekdays.
type Pair struct {
	Key   string
	Value Value
}

// Pairs gives the entries of a mapping in the file's order.
func (v Value) Pairs() []Pair {
	if !v.Present() {
		return nil
	}
	mapping, ok := v.node.(*ast.MappingNode)
	if !ok {
		v.Refuse("settings of the form \"key: value\" are wanted here, not %s", kindOf(v.node))
		return nil
	}
	pairs := make([]Pair, 0, len(mapping.Values))
	for _, entry := range mapping.Values {
		key, _ := scalar(entry.Key)
		path := key
		if v.path != "" {
			path = v.path + "." + key
		}
		// A value that starts on the line below its key is still found by its
		// key, so the key's line is the one to tell.
		pairs = append(pairs, Pair{key, Value{v.file, entry.Value, lineOf(entry.Key), path}})
	}
	return pairs
}

// Fields are the settings of a mapping whose keys are all known.
type Fields struct {
	of     Value
	values map[string]Value
}

// Fields gives the settings of a mapping and refuses every key that is not in
// known, with the nearest known key as a hint.
func (v Value) Fields(known ...string) Fields {
	fields := Fields{of: v, values: map[string]Value{}}
	for _, pair := range v.Pairs() {
		if !slices.Contains(known, pair.Key) {
			pair.Value.Refuse("the key %q is not known%s", pair.Key, hint(pair.Key, known))
			continue
		}
		fields.values[pair.Key] = pair.Value
	}
	return fields
}

// May gives an optional setting.
func (f Fields) May(key string) Value { return f.values[key] }

// Need gives a setting and refuses its mapping when it is missing.
func (f Fields) Need(key string) Value {
	v := f.values[key]
	if !v.Present() {
		f.of.Refuse("%q is missing", key)
	}
	return v
}

func scalar(node ast.Node) (string, bool) {
	switch n := node.(type) {
	case *ast.StringNode:
		return n.Value, true
	case *ast.LiteralNode:
		return n.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		// As written: "0711", "1.10" and "50,000.00" keep their digits.
		return node.GetToken().Value, true
	case *ast.NullNode:
		return "", true
	}
	return "", false
}

func kindOf(node ast.Node) string {
	switch node.(type) {
	case *ast.SequenceNode:
		return "a list"
	case *ast.MappingNode:
		return "several settings"
	case *ast.NullNode:
		return "nothing"
	}
	return "a single value"
}

func lineOf(node ast.Node) int {
	if mapping, ok := node.(*ast.MappingNode); ok && len(mapping.Values) > 0 {
		return lineOf(mapping.Values[0].Key)
	}
	if t := node.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func hint(word string, known []string) string {
	if near, ok := nearest.Word(word, known); ok {
		return fmt.Sprintf(" (%q is meant?)", near)
	}
	return ""
}
