// Package fedwire reads files of the tag format in which Fedwire messages came
// until July 2025 and in which banks' portals still show them: what is in them
// and whether it holds together. They are inspected and never posted; wires come
// in ISO 20022 today (format/pacs, format/camt).
//
// Which tags a message may have and what they hold is judged by moov-io/wire; this
// package parts a file into messages, bounds them, and says in which line of the
// file something is wrong. No problem's message repeats a value of the file.
//
// Start reading at Scan.
package fedwire

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/moov-io/wire"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/format/line"
)

const (
	// widthMax bounds a line: bank portals put a whole message into one. messageMax
	// bounds a message; the longest that the format allows has some 9,000 characters
	// besides its remittance data.
	widthMax   = 64 << 10
	messageMax = 64 << 10
)

// Message is what a wire's message says, as far as it is needed to recognise it.
type Message struct {
	IMAD        string
	TypeCode    string // type and subtype: 1000 is a basic funds transfer
	Function    string // CTR customer transfer, CTP customer transfer plus ...
	AmountCents int64
	Line        int
}

// Summary is what a scan counted itself, also of messages that are refused.
type Summary struct {
	Messages    int
	AmountCents int64
}

// Sniff reports whether a file that begins with head looks like the format: a tag
// of four digits in braces.
func Sniff(head []byte) bool { return firstTag.Match(bytes.TrimLeft(head, " \t\r\n")) }

var (
	firstTag = regexp.MustCompile(`^\{[0-9]{4}\}`)
	anyTag   = regexp.MustCompile(`\{[0-9]{4}\}`)
)

// Inspect reads a whole file for its facts and problems. A file that cannot be
// read to its end is refused.
func Inspect(r io.Reader) (map[string]any, []fault.Problem) {
	sum, problems, err := Scan(r, func(Message) error { return nil })
	if err != nil {
		problems = append(problems, fault.Problem{Message: "the file could not be read to its end"})
	}
	return map[string]any{"messages": sum.Messages, "amount_cents": sum.AmountCents}, problems
}

// Scan reads a file and gives each message that holds together to each. The error
// is only r's or each's; whatever is wrong with the file is in the problems.
func Scan(r io.Reader, each func(Message) error) (Summary, []fault.Problem, error) {
	s := scanner{each: each}
	lines := line.NewReader(r, widthMax)
	for {
		text, err := lines.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return s.sum, s.List(), err
		}
		if lines.TooLong() {
			s.Refuse(lines.Number(), "", "", "the line is longer than %d characters", widthMax)
			continue
		}
		if err := s.take(string(text), lines.Number()); err != nil {
			return s.sum, s.List(), err
		}
	}
	err := s.finish()
	if err == nil && s.sum.Messages == 0 && s.Refusals() == 0 {
		s.Refuse(1, "", "", "the file holds no message")
	}
	return s.sum, s.List(), err
}

// tagged is one tag of a message, with its content and where it began.
type tagged struct {
	tag  string
	text []byte
	line int
}

type scanner struct {
	line.Problems
	each func(Message) error
	sum  Summary
	tags []tagged // of the message being read
	size int
}

// take parts a line at its tags. What stands before the first one goes on with
// the tag of the line before.
func (s *scanner) take(text string, at int) error {
	if column := line.Unprintable(text); column > 0 {
		s.Refuse(at, "", "", "column %d is not a printable ASCII character", column)
		return nil
	}
	starts := anyTag.FindAllStringIndex(text, -1)
	first := len(text)
	if len(starts) > 0 {
		first = starts[0][0]
	}
	if before := text[:first]; strings.TrimSpace(before) != "" {
		if len(s.tags) == 0 {
			s.Refuse(at, "", "", "the file does not begin with a tag")
			return nil
		}
		s.extend(before)
	}
	for i, start := range starts {
		end := len(text)
		if i+1 < len(starts) {
			end = starts[i+1][0]
		}
		if err := s.begin(tagged{text[start[0]:start[1]], []byte(text[start[1]:end]), at}); err != nil {
			return err
		}
	}
	return nil
}

func (s *scanner) extend(text string) {
	if s.size += len(text); s.size <= messageMax {
		last := &s.tags[len(s.tags)-1]
		last.text = append(last.text, text...)
	}
}

// begin adds a tag. A message begins with {1500}, or with the tags that the
// Federal Reserve puts before it.
func (s *scanner) begin(t tagged) error {
	if t.tag <= senderSupplied && t.tag >= "{1100}" && s.has(senderSupplied) {
		if err := s.finish(); err != nil {
			return err
		}
	}
	if s.size += len(t.tag) + len(t.text); s.size <= messageMax {
		s.tags = append(s.tags, t)
	}
	return nil
}

func (s *scanner) has(tag string) bool {
	for _, t := range s.tags {
		if t.tag == tag {
			return true
		}
	}
	return false
}

const senderSupplied = "{1500}"

// mandatory are the tags of every message.
var mandatory = []string{senderSupplied, "{1510}", "{1520}", "{2000}", "{3100}", "{3400}", "{3600}"}

// known are the tags of the format.
const known = "1100 1110 1120 1130 1500 1510 1520 2000 3100 3320 3400 3500 3600 3610 3620 3700 3710 3720 4000 4100 4200 4320 4400 " +
	"5000 5010 5100 5200 5400 6000 6100 6110 6200 6210 6300 6310 6400 6410 6420 6500 7033 7050 7052 7056 7057 7059 7070 7072 " +
	"8200 8250 8300 8350 8400 8450 8500 8550 8600 8650 8700 8750 9000"

// finish judges the message that was read and gives it to the caller.
func (s *scanner) finish() error {
	tags, size := s.tags, s.size
	s.tags, s.size = nil, 0
	if len(tags) == 0 {
		return nil
	}
	s.sum.Messages++
	cents := amountOf(tags)
	s.sum.AmountCents += cents
	at, before := tags[0].line, s.Refusals()
	if size > messageMax {
		s.Refuse(at, "", "", "the message is longer than %d characters", messageMax)
		return nil
	}
	s.names(tags)
	if s.Refusals() > before {
		return nil
	}
	content, err := parse(tags)
	for _, ordinal := range faultsIn(err) {
		if ordinal < 1 || ordinal > len(tags) {
			s.Refuse(at, "", "", "the tags do not go together: one is not permitted beside the others, or one that they need is missing")
			continue
		}
		t := tags[ordinal-1]
		s.Refuse(t.line, t.tag, "", "what the tag holds is not what its rules allow")
	}
	if err != nil {
		return nil
	}
	return s.each(messageOf(content, cents, at))
}

// names checks which tags a message has.
func (s *scanner) names(tags []tagged) {
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case !strings.Contains(known, strings.Trim(t.tag, "{}")):
			s.Refuse(t.line, t.tag, "", "the format has no such tag")
		case seen[t.tag]:
			s.Refuse(t.line, t.tag, "", "the tag stands twice in a message")
		}
		seen[t.tag] = true
	}
	for _, tag := range mandatory {
		if !seen[tag] {
			s.Refuse(tags[0].line, tag, "", "the message has no such tag, and every message must")
		}
	}
}

// parse has the library read one message. It is kept from bringing the program
// down with an input that it did not foresee.
func parse(tags []tagged) (file wire.File, err error) {
	defer func() {
		if recover() != nil {
			err = fmt.Errorf("the message cannot be read")
		}
	}()
	var text strings.Builder
	for _, t := range tags {
		text.WriteString(t.tag)
		text.Write(t.text)
		text.WriteByte('\n')
	}
	return wire.NewReader(strings.NewReader(text.String())).Read()
}

// The library's errors name the tag's place and hold its value; only the place is
// taken over.
var place = regexp.MustCompile(`line:([0-9]+) record:`)

// faultsIn gives the tags, from 1, that an error names; 0 for the whole message.
func faultsIn(err error) []int {
	if err == nil {
		return nil
	}
	var ordinals []int
	for _, m := range place.FindAllStringSubmatch(err.Error(), -1) {
		if n, err := strconv.Atoi(m[1]); err == nil {
			ordinals = append(ordinals, n)
		}
	}
	if ordinals == nil {
		return []int{0}
	}
	return ordinals
}

// amountOf reads what a message says of its amount, 0 when that is no number.
func amountOf(tags []tagged) int64 {
	for _, t := range tags {
		if t.tag == "{2000}" {
			cents, _ := line.Digits(strings.TrimSpace(string(t.text[:min(len(t.text), amountWidth)])))
			return cents
		}
	}
	return 0
}

// amountWidth is that of {2000}: whole cents without a point.
const amountWidth = 12

func messageOf(file wire.File, cents int64, at int) Message {
	m := file.FEDWireMessage
	i := m.InputMessageAccountabilityData
	return Message{
		IMAD:     strings.TrimSpace(i.InputCycleDate + i.InputSource + i.InputSequenceNumber),
		TypeCode: m.TypeSubType.TypeCode + m.TypeSubType.SubTypeCode,
		Function: strings.TrimSpace(m.BusinessFunctionCode.BusinessFunctionCode), AmountCents: cents, Line: at,
	}
}
