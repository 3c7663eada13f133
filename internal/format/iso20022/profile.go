package iso20022

import (
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/line"
)

// Profile is the shape of one message: which elements it has, in which order, how
// often, and what their values look like. It holds what the standard's schema
// says of the elements that we write; others are refused, so that what passes is
// valid under the schema too.
type Profile struct {
	definition string
	root       *shape
}

// shape is one element of a profile.
type shape struct {
	name     string
	min, max int
	kind     string // of its value; "" or "choice" for one that holds elements
	inner    []*shape
}

const unbounded = 1 << 30

// NewProfile reads a profile from its text: a line for each element, indented by
// a tab for each level, with its name, "?", "+" or "*" where it does not stand
// exactly once, and the kind of its value:
//
//	Max35, Max140 ...   text of that many characters
//	Amount              decimals of the currency that its Ccy names
//	Decimal Count Date DateTime UETR BIC IBAN ABA Country IMAD True
//	A|B|C               one of these codes
//	choice              exactly one of the elements in it
//	@Name               the part of that name, from parts
//
// It panics on a text that cannot be read, which is a mistake of the program.
func NewProfile(definition, text string, parts map[string]string) Profile {
	top := &shape{inner: shapesOf(text, parts)}
	return Profile{definition, top}
}

func shapesOf(text string, parts map[string]string) []*shape {
	top := &shape{}
	stack := []*shape{top}
	for raw := range strings.Lines(text) {
		words := strings.Fields(raw)
		if len(words) == 0 {
			continue
		}
		depth := len(raw) - len(strings.TrimLeft(raw, "\t"))
		s := shapeOf(words, parts)
		stack = append(stack[:depth+1], s)
		stack[depth].inner = append(stack[depth].inner, s)
	}
	return top.inner
}

func shapeOf(words []string, parts map[string]string) *shape {
	s := &shape{name: strings.TrimRight(words[0], "?+*"), min: 1, max: 1}
	switch words[0][len(s.name):] {
	case "?":
		s.min = 0
	case "+":
		s.max = unbounded
	case "*":
		s.min, s.max = 0, unbounded
	}
	if len(words) > 1 {
		s.kind = words[1]
	}
	if name, isPart := strings.CutPrefix(s.kind, "@"); isPart {
		text, known := parts[name]
		if !known {
			panic("the profile names a part that is not there: " + name)
		}
		s.kind = ""
		if rest, isChoice := strings.CutPrefix(text, "choice\n"); isChoice {
			s.kind, text = "choice", rest
		}
		s.inner = shapesOf(text, parts)
	}
	return s
}

// Check holds a document against the profile. The error is r's.
func (p Profile) Check(r io.Reader) ([]fault.Problem, error) {
	c := checker{profile: p, frames: []frame{{shape: p.root}}}
	err := Walk(r, &c.Problems, &c)
	if err == nil && c.Refusals() == 0 {
		c.leave(&c.frames[0], 1)
	}
	return c.List(), err
}

// frame is how far an element's own elements have come.
type frame struct {
	shape *shape
	at    int // which of its inner shapes is being met
	count int // how often so far
	any   int // how many elements in all
}

type checker struct {
	line.Problems
	profile Profile
	frames  []frame
	lost    int // how many levels below an element that does not belong
}

// Document implements Visitor.
func (c *checker) Document(definition string, at int) {
	if definition != c.profile.definition {
		c.Refuse(at, "Document", "", "the message is not a %s", c.profile.definition)
	}
}

// Begin implements Visitor.
func (c *checker) Begin(e Element) {
	if strings.HasPrefix(e.Path, "AppHdr") {
		return
	}
	if c.lost > 0 {
		c.lost++
		return
	}
	f := &c.frames[len(c.frames)-1]
	next := f.find(e.Name())
	if next < 0 {
		c.Refuse(e.Line, e.Parent(), e.Name(), "the element does not belong here, or stands in the wrong order")
		c.lost = 1
		return
	}
	if f.shape.kind != "choice" {
		c.passed(f, next, e.Line)
	}
	if next != f.at {
		f.at, f.count = next, 0
	}
	f.count++
	f.any++
	inner := f.shape.inner[next]
	if f.count > inner.max || f.shape.kind == "choice" && f.any > 1 {
		c.Refuse(e.Line, e.Parent(), e.Name(), "the element stands there too often")
	}
	c.frames = append(c.frames, frame{shape: inner})
}

// find gives which inner shape an element is, from the one being met on; -1 for none.
func (f *frame) find(name string) int {
	from := f.at
	if f.shape.kind == "choice" {
		from = 0
	}
	for i := from; i < len(f.shape.inner); i++ {
		if f.shape.inner[i].name == name {
			return i
		}
	}
	return -1
}

// passed tells of elements that are required and were left out before the next.
func (c *checker) passed(f *frame, next, at int) {
	for i := f.at; i < next; i++ {
		have := 0
		if i == f.at {
			have = f.count
		}
		if inner := f.shape.inner[i]; have < inner.min {
			c.Refuse(at, f.shape.name, inner.name, "the element is missing")
		}
	}
}

func (c *checker) leave(f *frame, at int) {
	if f.shape.kind != "choice" {
		c.passed(f, len(f.shape.inner), at)
		return
	}
	if f.any == 0 {
		c.Refuse(at, f.shape.name, "", "one of the elements in it must be there")
	}
}

// End implements Visitor.
func (c *checker) End(e Element) error {
	if strings.HasPrefix(e.Path, "AppHdr") {
		return nil
	}
	if c.lost > 0 {
		c.lost--
		return nil
	}
	f := &c.frames[len(c.frames)-1]
	c.frames = c.frames[:len(c.frames)-1]
	if len(f.shape.inner) > 0 {
		c.leave(f, e.Line)
	} else if why := f.shape.wrong(&e); why != "" {
		c.Refuse(e.Line, e.Parent(), e.Name(), "%s", why)
	}
	return nil
}

// kinds are the values that a pattern or a reader judges, with what they are.
var kinds = map[string]struct {
	holds func(string) bool
	what  string
}{
	"Date":     {func(t string) bool { _, ok := Date(t); return ok && len(t) == 10 }, "a date"},
	"DateTime": {func(t string) bool { _, ok := Date(t); return ok && strings.Contains(t, "T") }, "a date and time"},
	"Count":    {regexp.MustCompile(`^[0-9]{1,15}$`).MatchString, "a count"},
	"Decimal":  {regexp.MustCompile(`^[0-9]{1,17}(\.[0-9]{1,17})?$`).MatchString, "a decimal number"},
	"UETR":     {IsUETR, "a UETR"},
	"BIC":      {IsBIC, "a bank identifier code"},
	"IBAN":     {IsIBAN, "an IBAN whose check digits hold"},
	"ABA":      {isABA, "a routing number whose check digit holds"},
	"IMAD":     {IsIMAD, "an IMAD"},
	"Country":  {regexp.MustCompile(`^[A-Z]{2}$`).MatchString, "a country code"},
	"Currency": {IsCurrency, "a currency code"},
	"True":     {func(t string) bool { return t == "true" || t == "false" || t == "1" || t == "0" }, "true or false"},
}

// isABA checks a routing number: weights 3, 7, 1, sum divisible by ten.
func isABA(text string) bool {
	if len(text) != 9 {
		return false
	}
	sum := 0
	for i, c := range []byte(text) {
		if c < '0' || c > '9' {
			return false
		}
		sum += int(c-'0') * [...]int{3, 7, 1}[i%3]
	}
	return sum%10 == 0
}

// wrong says what is wrong with a value, or "".
func (s *shape) wrong(e *Element) string {
	if most, isText := strings.CutPrefix(s.kind, "Max"); isText {
		return tooWide(e.Text, most)
	}
	if known, ok := kinds[s.kind]; ok {
		if !known.holds(e.Text) {
			return "the value is not " + known.what
		}
		return ""
	}
	if s.kind == "Amount" {
		if _, ok := Minor(e.Text, e.Currency); !ok || !IsCurrency(e.Currency) {
			return "the value is no amount of its currency"
		}
		return ""
	}
	for code := range strings.SplitSeq(s.kind, "|") {
		if code == e.Text {
			return ""
		}
	}
	return "the value is none of " + s.kind
}

func tooWide(text, most string) string {
	width, err := strconv.Atoi(most)
	if n := utf8.RuneCountInString(text); err == nil && n >= 1 && n <= width {
		return ""
	}
	return fmt.Sprintf("the value has not 1 to %s characters", most)
}
