// Package fault is the closed set of ways an operation can fail.
//
// Every edge (web, API, phone, files, command line) maps these kinds in one
// table of its own; inner packages choose a kind and say what happened, where,
// and what to do. "Unknown outcome" is never turned into failure: it schedules
// a question to the counterparty.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says what sort of failure an error is. The zero value is Internal, so a
// forgotten kind is reported as our mistake and never as the caller's.
type Kind uint8

// The kinds, in the order in which a caller should meet them.
const (
	Internal       Kind = iota // our mistake; details are logged, not shown
	Invalid                    // the input is wrong and says how
	NotFound                   // no such thing, or none the caller may see
	Conflict                   // the state or an earlier request forbids it
	Denied                     // the actor may not do this
	Limit                      // too many, too large, too often
	Unavailable                // a part we need is down; safe to try again
	UnknownOutcome             // a counterparty did not answer; we will ask again
	Corrupt                    // stored data does not prove
)

var kindNames = [...]string{
	"internal", "invalid", "not_found", "conflict", "denied", "limit", "unavailable", "unknown_outcome", "corrupt",
}

// Kinds lists every kind, for edges that prove their tables complete.
func Kinds() []Kind {
	kinds := make([]Kind, len(kindNames))
	for i := range kinds {
		kinds[i] = Kind(i)
	}
	return kinds
}

func (k Kind) String() string {
	if int(k) >= len(kindNames) {
		return fmt.Sprintf("kind(%d)", uint8(k))
	}
	return kindNames[k]
}

// Error is a failure with its kind. Message is for the person who caused or
// must mend it and holds no personal data; Hint says what to do next.
type Error struct {
	Kind    Kind
	Op      string // the operation, "package.Verb"
	Message string
	Hint    string
	Err     error // the cause, if another error
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op)
		b.WriteString(": ")
	}
	b.WriteString(e.Message)
	if e.Err != nil {
		if e.Message != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

// Unwrap gives the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind; format and args follow fmt.Sprintf.
func New(kind Kind, op, format string, args ...any) *Error {
	return &Error{Kind: kind, Op: op, Message: fmt.Sprintf(format, args...)}
}

// Wrap adds an operation to err and keeps its kind. It returns nil for nil.
func Wrap(op string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Kind: KindOf(err), Op: op, Err: err}
}

// WithHint returns a copy of e that tells the reader what to do next.
func (e *Error) WithHint(hint string) *Error {
	c := *e
	c.Hint = hint
	return &c
}

// KindOf finds the kind of err; an error of no kind is Internal.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// MessageOf gives what err says to people, without the operations that wrap it.
func MessageOf(err error) string {
	var e *Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	switch {
	case e.Err == nil:
		return e.Message
	case e.Message == "":
		return MessageOf(e.Err)
	}
	return e.Message + ": " + MessageOf(e.Err)
}

// HintOf finds the nearest hint in err's chain, or "".
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
