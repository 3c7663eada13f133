package post

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/journal"
)

// Document is what a counterparty sends.
type Document struct {
	Kind    string        `json:"kind"` // lockbox, ach_credits, ach_returns, statement, camt053, wire_advice, ...
	Name    string        `json:"name"` // of its file; unlike that of any other document
	Day     calendar.Date `json:"day"`  // the business day that it is about
	Content []byte        `json:"content"`
}

// Planted is one fault that was dealt.
type Planted struct {
	Document string        `json:"document"`
	Kind     string        `json:"kind"`
	Day      calendar.Date `json:"day"` // the document's
	Fault    Fate          `json:"fault"`
	Until    calendar.Date `json:"until,omitzero"` // a late one comes on
}

// Sent is one document's way through the post.
type Sent struct {
	Kind   string        `json:"kind"`
	Name   string        `json:"name"`
	Day    calendar.Date `json:"day"`
	Bytes  int           `json:"bytes"`
	Fate   Fate          `json:"fate,omitempty"`
	Placed []string      `json:"placed"` // names under which it was put into the mailbox, in order
}

// Mailbox is where documents arrive. Place puts a whole file there under a name, or
// nothing; the same name again replaces it.
type Mailbox interface {
	Place(kind, name string, content []byte) error
}

// Options say how a post office works.
type Options struct {
	Dir     string // folder of its journal; "" keeps nothing
	Mailbox Mailbox
	Plan    Plan
	Today   calendar.Date
}

// Office is a post office. Its methods may be called by several at once.
type Office struct {
	mailbox Mailbox
	journal *journal.Journal[record]

	mu      sync.Mutex // guards what follows
	plan    Plan
	today   calendar.Date
	sent    map[string]*entry
	order   []string
	counts  map[string]int // documents by kind
	planted []Planted
}

// entry is a document and what is still to be done with it.
type entry struct {
	Sent
	content []byte
	until   calendar.Date // a late one waits for this day
	waits   bool          // a reordered one waits for the next of its kind
	nth     int
}

// record is one line of the journal.
type record struct {
	Document *Document     `json:"document,omitempty"`
	Fate     Fate          `json:"fate,omitempty"`
	Until    calendar.Date `json:"until,omitzero"`
	Placed   string        `json:"placed,omitempty"` // the document that was placed
	As       string        `json:"as,omitempty"`     // and under which name
	Plan     *Plan         `json:"plan,omitempty"`
}

// Open opens a post office on its folder, and places what a kill kept from being
// placed.
func Open(o Options) (*Office, error) {
	if err := o.Plan.Check(); err != nil {
		return nil, err
	}
	p := &Office{mailbox: o.Mailbox, plan: o.Plan, today: o.Today, sent: map[string]*entry{}, counts: map[string]int{}}
	var err error
	if p.journal, err = journal.Open(o.Dir, "post.jsonl", p.apply); err != nil {
		return nil, err
	}
	for _, name := range p.order {
		if err := p.carry(p.sent[name]); err != nil {
			p.journal.Close()
			return nil, err
		}
	}
	return p, nil
}

// Close ends the post.
func (p *Office) Close() error { return p.journal.Close() }

func (p *Office) apply(r record) error {
	switch {
	case r.Document != nil:
		d := r.Document
		p.counts[d.Kind]++
		p.sent[d.Name] = &entry{
			Sent:    Sent{Kind: d.Kind, Name: d.Name, Day: d.Day, Bytes: len(d.Content), Fate: r.Fate},
			content: d.Content, until: r.Until, waits: r.Fate == Reordered, nth: p.counts[d.Kind],
		}
		p.order = append(p.order, d.Name)
		if r.Fate != Well {
			p.planted = append(p.planted, Planted{d.Name, d.Kind, d.Day, r.Fate, r.Until})
		}
	case r.Placed != "":
		if e := p.sent[r.Placed]; e != nil {
			e.Placed = append(e.Placed, r.As)
			e.waits = false
		}
	case r.Plan != nil:
		p.plan = *r.Plan
	}
	return nil
}

func (p *Office) write(r record) error {
	if err := p.journal.Add(r); err != nil {
		return err
	}
	return p.apply(r)
}

// Deliver takes a document to the mailbox, as its fate is. A name that came before
// is the same document, and nothing happens.
func (p *Office) Deliver(d Document) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sent[d.Name] != nil {
		return nil
	}
	fate, f := p.plan.fate(d.Kind, p.counts[d.Kind]+1)
	r := record{Document: &d, Fate: fate}
	if fate == Late {
		r.Until = p.today.AddBusinessDays(max(f.Days, 1))
	}
	if err := p.write(r); err != nil {
		return err
	}
	if err := p.carry(p.sent[d.Name]); err != nil {
		return err
	}
	return p.release(d)
}

// release places those that wait for a document of this kind to overtake them.
func (p *Office) release(d Document) error {
	for _, name := range p.order {
		if e := p.sent[name]; e.waits && e.Kind == d.Kind && name != d.Name {
			if err := p.place(e, name, e.content); err != nil {
				return err
			}
		}
	}
	return nil
}

// Day tells the post that a day has come; late documents of it are placed.
func (p *Office) Day(today calendar.Date) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.today = today
	for _, name := range p.order {
		if e := p.sent[name]; e.Fate == Late {
			if err := p.carry(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// carry places what is due of a document and was not placed.
func (p *Office) carry(e *entry) error {
	copies := []string{e.Name}
	content := e.content
	switch e.Fate {
	case Lost:
		return nil
	case Late:
		if p.today.Before(e.until) {
			return nil
		}
	case Reordered:
		if e.waits {
			return nil
		}
	case Duplicated:
		copies = append(copies, again(e.Name, 2))
	case Partial:
		content = cut(content, p.plan.dice(e.Kind, e.nth).Uint64())
	case Garbage:
		content = garble(content, p.plan.dice(e.Kind, e.nth).Uint64())
	}
	for _, as := range copies {
		if slices.Contains(e.Placed, as) {
			continue
		}
		if err := p.place(e, as, content); err != nil {
			return err
		}
	}
	return nil
}

func (p *Office) place(e *entry, as string, content []byte) error {
	if err := p.mailbox.Place(e.Kind, as, content); err != nil {
		return fault.New(fault.Unavailable, "post.Deliver", "%s cannot be put into the mailbox: %v", as, err)
	}
	return p.write(record{Placed: e.Name, As: as})
}

// Resend places a document as it was made, whatever befell it, and gives the name of
// its file. NotFound when there is no such document.
func (p *Office) Resend(name string) (as string, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.sent[name]
	if e == nil {
		return "", fault.New(fault.NotFound, "post.Resend", "no document has the name %s", name)
	}
	as = name
	for n := 2; slices.Contains(e.Placed, as); n++ {
		as = again(name, n)
	}
	return as, p.place(e, as, e.content)
}

// Made gives a document as it was made. NotFound when there is none of the name.
func (p *Office) Made(name string) (Document, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	e := p.sent[name]
	if e == nil {
		return Document{}, fault.New(fault.NotFound, "post.Made", "no document has the name %s", name)
	}
	return Document{e.Kind, e.Name, e.Day, slices.Clone(e.content)}, nil
}

// Documents lists every document in the order in which they were made.
func (p *Office) Documents() []Sent {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := make([]Sent, 0, len(p.order))
	for _, name := range p.order {
		s := p.sent[name].Sent
		s.Placed = slices.Clone(s.Placed)
		all = append(all, s)
	}
	return all
}

// Planted lists every fault that was dealt, in order.
func (p *Office) Planted() []Planted {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.planted)
}

// Plan gives the plan in force.
func (p *Office) Plan() Plan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.plan
}

// SetPlan puts another plan in force, also after a restart.
func (p *Office) SetPlan(plan Plan) error {
	if err := plan.Check(); err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.write(record{Plan: &plan})
}

// again names a copy: "a.txt" the second time is "a-2.txt".
func again(name string, n int) string {
	ending := filepath.Ext(name)
	return fmt.Sprintf("%s-%d%s", strings.TrimSuffix(name, ending), n, ending)
}

// cut ends a document in its middle, inside a record rather than after one.
func cut(content []byte, draw uint64) []byte {
	if len(content) < 4 {
		return nil
	}
	at := len(content)/4 + int(draw%uint64(len(content)/2))
	for at > 1 && (content[at-1] == '\n' || content[at] == '\n') {
		at--
	}
	return content[:at]
}

// garble overwrites some bytes in the first half with what no text holds.
func garble(content []byte, draw uint64) []byte {
	garbled := slices.Clone(content)
	if len(garbled) == 0 {
		return []byte{0xFF, 0, 0xFE}
	}
	at := int(draw % uint64(len(garbled)/2+1))
	for i := at; i < min(at+24, len(garbled)); i++ {
		garbled[i] = byte(0x80 | i*37)
	}
	return garbled
}

// Memory is a mailbox that keeps what arrived, for simulations in one process.
type Memory struct {
	mu    sync.Mutex
	files map[string]File
	next  int
}

// File is what arrived.
type File struct {
	Kind, Name string
	Content    []byte
	order      int
}

// Place implements Mailbox.
func (m *Memory) Place(kind, name string, content []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.files == nil {
		m.files = map[string]File{}
	}
	m.next++
	m.files[name] = File{kind, name, content, m.next}
	return nil
}

// Take empties the mailbox and gives what was in it, in the order of arrival.
func (m *Memory) Take() []File {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.SortedFunc(maps.Values(m.files), func(a, b File) int { return cmp.Compare(a.order, b.order) })
	m.files = nil
	return all
}
