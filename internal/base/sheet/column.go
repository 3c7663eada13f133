package sheet

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/money"
)

// Must makes a column required.
func Must[T any](c Column[T]) Column[T] {
	c.Required = true
	return c
}

// textMax bounds a text, in bytes; no name or id is longer.
const textMax = 200

// Text is a column of any text of at most 200 bytes.
func Text[T any](name string, at func(*T) *string) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		if len(s) > textMax {
			return fmt.Errorf("the value has %d bytes; at most %d are taken", len(s), textMax)
		}
		*at(row) = s
		return nil
	}}
}

// Shaped is a column of texts of a form; otherwise says what form it is. The
// error does not repeat the value.
func Shaped[T any](name string, form *regexp.Regexp, otherwise string, at func(*T) *string) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		if !form.MatchString(s) {
			return errors.New(otherwise)
		}
		*at(row) = s
		return nil
	}}
}

var stateForm = regexp.MustCompile(`^[A-Z]{2}$`)

// State is a column of USPS state codes.
func State[T any](name string, at func(*T) *string) Column[T] {
	return Shaped(name, stateForm, "must be a USPS state code of two capital letters", at)
}

// Date is a column of ISO dates.
func Date[T any](name string, at func(*T) *calendar.Date) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		d, err := calendar.Parse(s)
		if err != nil {
			return errors.New("is not a date of the form 2026-11-23")
		}
		*at(row) = d
		return nil
	}}
}

// Month is a column of months, "2026-11".
func Month[T any](name string, at func(*T) *calendar.Month) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		m, err := calendar.ParseMonth(s)
		if err != nil {
			return errors.New("is not a month of the form 2026-11")
		}
		*at(row) = m
		return nil
	}}
}

// Cents is a column of amounts in dollars, none below zero.
func Cents[T any](name string, at func(*T) *money.Cents) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		c, err := money.Parse(s)
		if err != nil {
			return err
		}
		if c < 0 {
			return fmt.Errorf("%q is below zero", s)
		}
		*at(row) = c
		return nil
	}}
}

// Whole is a column of whole numbers from least to most.
func Whole[T any](name string, least, most int, at func(*T) *int) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		n, err := strconv.Atoi(s)
		if err != nil || n < least || n > most {
			return fmt.Errorf("%q is no whole number from %d to %d", s, least, most)
		}
		*at(row) = n
		return nil
	}}
}

// YesNo is a column of "yes" and "no"; an empty cell is no.
func YesNo[T any](name string, at func(*T) *bool) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		if s != "yes" && s != "no" {
			return errors.New("write yes or no")
		}
		*at(row) = s == "yes"
		return nil
	}}
}

// OneOf is a column of one of a set of words.
func OneOf[T any, S ~string](name string, set []S, at func(*T) *S) Column[T] {
	return Column[T]{Name: name, Read: func(row *T, s string) error {
		if !slices.Contains(set, S(s)) {
			words := make([]string, len(set))
			for i, word := range set {
				words[i] = string(word)
			}
			return fmt.Errorf("%q is not known; write one of %s", s, strings.Join(words, ", "))
		}
		*at(row) = S(s)
		return nil
	}}
}
