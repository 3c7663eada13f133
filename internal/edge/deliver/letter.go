package deliver

import (
	"bytes"
	"embed"
	htmltemplate "html/template"
	"io"
	"net/mail"
	"strings"
	"text/template"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/billfold/billfold/internal/base/fault"
)

// Letter is one mail, written and ready to travel.
type Letter struct {
	From, To   *mail.Address
	Subject    string
	Text, HTML string
	Language   string // BCP 47
	ID         string // the part of the Message-ID before the @
	Date       time.Time
}

// content is what a letter says, in its reader's language. Every letter has the
// same shape, so that there is one thing to make readable.
type content struct {
	Subject, Heading string
	Paragraphs       []string
	Code             string // a code to type, or ""
	Facts            []fact
	Last             []string // after the facts
}

type fact struct{ Label, Value string }

// sheet is what the templates are given.
type sheet struct {
	*words
	content
	Letterhead
	Interpreters []string
}

//go:embed letters
var letters embed.FS

var (
	plainLetter  = template.Must(template.ParseFS(letters, "letters/letter.txt"))
	markedLetter = htmltemplate.Must(htmltemplate.ParseFS(letters, "letters/letter.html"))
)

func (p *Post) compose(w *words, c content) (*Letter, error) {
	s := sheet{words: w, content: c, Letterhead: p.head, Interpreters: p.head.Interpreters[w.Tag]}
	var text, marked bytes.Buffer
	if err := plainLetter.Execute(&text, s); err != nil {
		return nil, fault.New(fault.Internal, "deliver.compose", "%v", err)
	}
	if err := markedLetter.Execute(&marked, s); err != nil {
		return nil, fault.New(fault.Internal, "deliver.compose", "%v", err)
	}
	return &Letter{
		From: p.from, Subject: c.Subject, Text: text.String(), HTML: marked.String(), Language: w.Tag, Date: p.clock.Now(),
	}, nil
}

// domain is the sender's, for the Message-ID and for greeting a server.
func domain(address string) string {
	_, domain, _ := strings.Cut(address, "@")
	return domain
}

// message puts the letter in the form in which mail travels: text first, then the
// same as HTML. It asks that no machine answers (RFC 3834).
func (l *Letter) message() *gomail.Msg {
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP), gomail.WithBoundary("part-"+l.ID))
	m.FromMailAddress(l.From)
	m.ToMailAddress(l.To)
	m.Subject(l.Subject)
	m.SetDateWithValue(l.Date)
	m.SetMessageIDWithValue(l.ID + "@" + domain(l.From.Address))
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	m.SetGenHeader(gomail.HeaderContentLang, l.Language)
	m.SetBodyString(gomail.TypeTextPlain, l.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, l.HTML)
	return m
}

// WriteTo writes the letter as a file of mail ("message/rfc822").
func (l *Letter) WriteTo(w io.Writer) (int64, error) { return l.message().WriteTo(w) }
