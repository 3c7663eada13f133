// Package secret holds values that must not be printed by accident: social
// security numbers, bank account numbers, passwords. Formatting, logging and
// JSON all show a mask; Reveal is the one way out, and easy to search for.
package secret

import "log/slog"

const mask = "[redacted]"

// Text is a secret string. Its zero value is "no secret".
type Text struct{ value string }

// New wraps a secret value.
func New(value string) Text { return Text{value} }

// Reveal gives the value. Every caller is a place to review.
func (t Text) Reveal() string { return t.value }

// IsZero reports whether there is no value.
func (t Text) IsZero() bool { return t.value == "" }

// Last4 gives the last four characters, the most that a screen may show of an
// account number; a shorter value shows nothing.
func (t Text) Last4() string {
	if len(t.value) <= 4 {
		return ""
	}
	return t.value[len(t.value)-4:]
}

func (t Text) String() string   { return t.shown() }
func (t Text) GoString() string { return t.shown() }

// LogValue masks the value in structured logs.
func (t Text) LogValue() slog.Value { return slog.StringValue(t.shown()) }

// MarshalText masks the value in JSON, XML and CSV.
func (t Text) MarshalText() ([]byte, error) { return []byte(t.shown()), nil }

func (t Text) shown() string {
	if t.value == "" {
		return ""
	}
	return mask
}
