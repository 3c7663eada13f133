// Package iso20022 walks XML documents of the ISO 20022 family, element by
// element, with the line of each, and reads the simple values in them: amounts
// in minor units, dates, references.
//
// It knows what all messages have in common: the Document and its definition,
// the business header before it, namespaces, the width of simple types. What a
// message means is for format/camt and format/pacs.
//
// Files come from outside, so the walk is bounded in every direction: document
// types and their entities are refused, and depth, the size of a tag and the
// size of a value have limits. Memory does not grow with the file. No problem's
// message repeats a value of the file.
//
// Start reading at Walk.
package iso20022

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"regexp"
	"strings"
	"unicode"

	"github.com/billfold/billfold/internal/format/line"
)

const (
	// depthMax is far above the deepest path of any message read here (about 20).
	depthMax = 48
	// tokenMax bounds one tag, comment or piece of text, and textMax a value: the
	// widest type of the messages is Max2000Text.
	tokenMax = 64 << 10
	textMax  = 2048
	// pathsMax bounds how many different paths are remembered.
	pathsMax = 4096
)

// definitions is the namespace under which the standard publishes its messages.
const definitions = "urn:iso:std:iso:20022:tech:xsd:"

// Element is one element of a document.
type Element struct {
	// Path names it from below the Document: "BkToCstmrStmt/Stmt/Ntry/Amt". Elements
	// of the business header are below "AppHdr".
	Path string
	Line int // of its start tag
	// Text is its value without blanks around it, "" for one that holds elements.
	Text string
	// Currency is its Ccy attribute, if it has one.
	Currency string
}

// Name is the element's own name, the last of its path.
func (e *Element) Name() string { return e.Path[strings.LastIndexByte(e.Path, '/')+1:] }

// Parent is the name of the element that holds it, or "".
func (e *Element) Parent() string {
	path := strings.TrimSuffix(strings.TrimSuffix(e.Path, e.Name()), "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// Visitor is told of a document's elements in their order.
type Visitor interface {
	// Document begins a message: "camt.053.001.08", or another namespace as it stands.
	Document(definition string, line int)
	// Begin is told of a start tag, before what it holds.
	Begin(e Element)
	// End is told of a whole element. An error ends the walk.
	End(e Element) error
}

// Sniff gives the kind of message that a file beginning with head holds
// ("camt.053"), or "" when it is none of the family.
func Sniff(head []byte) string {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\uFEFF")), " \t\r\n")
	if len(text) == 0 || text[0] != '<' {
		return ""
	}
	for _, m := range definition.FindAllSubmatch(text, -1) {
		if kind := string(m[1]); kind != "head.001" {
			return kind
		}
	}
	return ""
}

var definition = regexp.MustCompile(regexp.QuoteMeta(definitions) + `([a-z]{4}\.[0-9]{3})\.[0-9]{3}\.[0-9]{2}`)

// Walk reads a document from r and tells v of its elements. What is wrong with it
// goes to problems; after a refusal of the XML itself nothing more is read. The
// error is r's or v's.
func Walk(r io.Reader, problems *line.Problems, v Visitor) error {
	source := &bounded{in: bufio.NewReaderSize(r, 64<<10)}
	w := walker{v: v, problems: problems, source: source, decoder: xml.NewDecoder(source), known: map[string]string{}}
	w.decoder.CharsetReader = plainText
	for {
		source.left = tokenMax
		at, _ := w.decoder.InputPos()
		token, err := w.decoder.Token()
		switch {
		case source.err != nil && source.err != io.EOF:
			return source.err
		case source.tooLong:
			problems.Refuse(at, "", "", "a tag or text is longer than %d characters", tokenMax)
			return nil
		case err == io.EOF:
			w.finish(at)
			return nil
		case err != nil:
			problems.Refuse(w.lineNow(), "", "", "%s", notXML(err))
			return nil
		}
		if err := w.take(token, at); err != nil {
			return err
		}
		if w.stopped {
			return nil
		}
	}
}

// notXML says what is wrong with the XML without repeating any of it.
func notXML(err error) string {
	var syntax *xml.SyntaxError
	switch {
	case errors.Is(err, errCharset):
		return errCharset.Error()
	case errors.As(err, &syntax) && strings.Contains(syntax.Msg, "unexpected EOF"):
		return "the file ends in the middle of the document"
	}
	return "from here on this is not well-formed XML: a tag is not closed, or a character or entity is not allowed"
}

var errCharset = errors.New("the text is in an encoding that is not read: have it sent in UTF-8")

func plainText(charset string, input io.Reader) (io.Reader, error) {
	if strings.EqualFold(charset, "us-ascii") {
		return input, nil
	}
	return nil, errCharset
}

// bounded gives bytes until too many were taken for one token.
type bounded struct {
	in      *bufio.Reader
	left    int
	tooLong bool
	err     error
}

func (b *bounded) ReadByte() (byte, error) {
	if b.left == 0 {
		b.tooLong = true
		return 0, io.ErrUnexpectedEOF
	}
	b.left--
	c, err := b.in.ReadByte()
	if err != nil {
		b.err = err
	}
	return c, err
}

func (b *bounded) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	c, err := b.ReadByte()
	if err != nil {
		return 0, err
	}
	p[0] = c
	return 1, nil
}

// open is an element that has begun and not ended.
type open struct {
	Element
	pathLen  int  // of the path above it
	hasInner bool // it holds elements
}

type walker struct {
	v        Visitor
	problems *line.Problems
	source   *bounded
	decoder  *xml.Decoder
	known    map[string]string // paths already met, so that each is one string

	depth     int // of every element, the envelope's too
	path      []byte
	stack     []open
	text      []byte
	space     string // the namespace of the part being read
	inHeader  bool
	skip      int // depth at which a part of no interest began, 0 outside one
	documents int
	stopped   bool
}

func (w *walker) lineNow() int {
	at, _ := w.decoder.InputPos()
	return at
}

func (w *walker) take(token xml.Token, at int) error {
	switch t := token.(type) {
	case xml.StartElement:
		w.begin(&t)
	case xml.EndElement:
		return w.end()
	case xml.CharData:
		w.chars(t, at)
	case xml.Directive:
		w.refuse(at, "the file declares a document type, which no message has and which can hide anything: it is not read")
	}
	return nil
}

func (w *walker) refuse(at int, message string) {
	w.problems.Refuse(at, "", "", "%s", message)
	w.stopped = true
}

func (w *walker) begin(t *xml.StartElement) {
	at := w.lineNow()
	w.depth++
	switch {
	case w.depth > depthMax:
		w.refuse(at, "elements stand in one another more deeply than any message has them")
	case w.skip > 0:
	case len(w.stack) == 0:
		w.outside(t, at)
	case t.Name.Space != w.space || t.Name.Local == "SplmtryData":
		w.skip = w.depth // a part of the sender's own
		w.stack[len(w.stack)-1].hasInner = true
	default:
		w.push(t, at)
	}
}

// outside meets an element of the envelope, the business header or the Document.
func (w *walker) outside(t *xml.StartElement, at int) {
	switch t.Name.Local {
	case "AppHdr":
		w.space, w.inHeader = t.Name.Space, true
		w.push(t, at)
	case "Document":
		w.space, w.inHeader = t.Name.Space, false
		w.documents++
		w.v.Document(strings.TrimPrefix(w.space, definitions), at)
		w.stack = append(w.stack, open{pathLen: len(w.path)})
	default:
		if w.depth > 3 {
			w.skip = w.depth
		}
	}
}

func (w *walker) push(t *xml.StartElement, at int) {
	e := open{pathLen: len(w.path)}
	if len(w.path) > 0 {
		w.path = append(w.path, '/')
	}
	w.path = append(w.path, t.Name.Local...)
	e.Path, e.Line = w.intern(), at
	for _, a := range t.Attr {
		if a.Name.Local == "Ccy" {
			e.Currency = a.Value
		}
	}
	if len(w.stack) > 0 {
		w.stack[len(w.stack)-1].hasInner = true
	}
	w.stack = append(w.stack, e)
	w.text = w.text[:0]
	w.v.Begin(e.Element)
}

func (w *walker) intern() string {
	if known, ok := w.known[string(w.path)]; ok {
		return known
	}
	path := string(w.path)
	if len(w.known) < pathsMax {
		w.known[path] = path
	}
	return path
}

func (w *walker) chars(text []byte, at int) {
	if w.skip > 0 || len(w.stack) == 0 {
		if w.depth == 0 && len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\uFEFF")))) > 0 {
			w.refuse(at, "text stands outside the document")
		}
		return
	}
	if len(w.text) == 0 {
		text = bytes.TrimLeft(text, " \t\r\n")
	}
	if len(w.text)+len(bytes.TrimRight(text, " \t\r\n")) > textMax {
		w.refuse(at, "a value is longer than any of a message may be")
		return
	}
	w.text = append(w.text, text...)
}

func (w *walker) end() error {
	depth := w.depth
	w.depth--
	if w.skip > 0 {
		if w.skip == depth {
			w.skip = 0
		}
		return nil
	}
	if len(w.stack) == 0 {
		return nil
	}
	e := w.stack[len(w.stack)-1]
	w.stack = w.stack[:len(w.stack)-1]
	w.path = w.path[:e.pathLen]
	text := bytes.TrimSpace(w.text)
	w.text = w.text[:0]
	if e.hasInner && len(text) > 0 {
		w.refuse(e.Line, "text stands between elements")
		return nil
	}
	if e.Path == "" { // the Document itself
		return nil
	}
	if bytes.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) && c != '\n' && c != '\r' && c != '\t' }) {
		w.problems.Refuse(e.Line, e.Parent(), e.Name(), "the value holds control characters")
	}
	e.Text = string(text)
	return w.v.End(e.Element)
}

// finish is told that the file ended, well formed as far as it goes.
func (w *walker) finish(at int) {
	switch {
	case w.depth > 0:
		w.refuse(at, "the file ends in the middle of the document")
	case w.documents == 0:
		w.refuse(at, "the file holds no Document of an ISO 20022 message")
	}
}
