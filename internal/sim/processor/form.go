package processor

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/billfold/billfold/internal/base/money"
)

// form reads the parameters of a request and remembers which were read: like
// Stripe, the simulator refuses one that it does not know, so that a misspelt
// parameter is never passed over. Its refusals name parameters and never their
// values.
type form struct {
	values url.Values
	read   map[string]bool
	wrong  *refusal // the first thing wrong
}

func newForm(values url.Values) *form { return &form{values: values, read: map[string]bool{}} }

func (f *form) fail(r *refusal) {
	if f.wrong == nil {
		f.wrong = r
	}
}

// text gives a parameter, or "".
func (f *form) text(name string) string {
	f.read[name] = true
	values := f.values[name]
	if len(values) == 0 {
		return ""
	}
	if len(values) > 1 {
		f.fail(badRequest("parameter_invalid", name, "%s was given more than once.", name))
	}
	return values[0]
}

func (f *form) required(name string) string {
	value := f.text(name)
	if value == "" {
		f.fail(badRequest("parameter_missing", name, "Missing required param: %s.", name))
	}
	return value
}

// cents gives a positive amount; 0 when it is not there.
func (f *form) cents(name string) money.Cents {
	value := f.text(name)
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case err != nil:
		f.fail(badRequest("parameter_invalid_integer", name, "Invalid integer: %s", name))
	case n < 1:
		f.fail(badRequest("parameter_invalid_integer", name, "%s must be at least 1.", name))
	case money.Cents(n) > amountMax:
		f.fail(badRequest("amount_too_large", name, "%s must be no more than $999,999.99", name))
	}
	return money.Cents(n)
}

// amountMax is the largest charge that Stripe takes in dollars: eight digits.
const amountMax money.Cents = 99_999_999

// number gives a whole number; 0 when it is not there.
func (f *form) number(name string) int64 {
	value := f.text(name)
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		f.fail(badRequest("parameter_invalid_integer", name, "Invalid integer: %s", name))
	}
	return n
}

func (f *form) flag(name string) bool {
	switch f.text(name) {
	case "true":
		return true
	case "", "false":
	default:
		f.fail(badRequest("parameter_invalid_boolean", name, "Invalid boolean: %s", name))
	}
	return false
}

// choice gives a parameter that is one of a few words, the first of which stands
// for a missing one.
func (f *form) choice(name string, words ...string) string {
	value := f.text(name)
	if value == "" {
		return words[0]
	}
	if !slices.Contains(words, value) {
		f.fail(badRequest("parameter_invalid", name, "Invalid %s: the simulator knows %s.", name, strings.Join(words, ", ")))
	}
	return value
}

// list gives a parameter of several values, however its places are written:
// name[], name[0].
func (f *form) list(name string) []string {
	var all []string
	for _, key := range f.keysUnder(name) {
		f.read[key] = true
		all = append(all, f.values[key]...)
	}
	return all
}

// keysUnder lists the parameters within one, in order.
func (f *form) keysUnder(name string) []string {
	var keys []string
	for key := range f.values {
		if strings.HasPrefix(key, name+"[") {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// What Stripe takes as metadata.
const (
	metadataMax      = 50
	metadataKeyMax   = 40
	metadataValueMax = 500
)

// metadata gives the pairs of a parameter such as metadata[attempt].
func (f *form) metadata(name string) map[string]string {
	pairs := map[string]string{}
	for _, key := range f.keysUnder(name) {
		inner := strings.TrimSuffix(strings.TrimPrefix(key, name+"["), "]")
		value := f.text(key)
		if inner == "" || len(inner) > metadataKeyMax || strings.ContainsAny(inner, "[]") || len(value) > metadataValueMax {
			f.fail(badRequest("parameter_invalid", name, "%s holds a key or value that is too long or not well formed.", name))
		}
		pairs[inner] = value
	}
	if len(pairs) > metadataMax {
		f.fail(badRequest("parameter_invalid", name, "%s holds more than %d keys.", name, metadataMax))
	}
	return pairs
}

// ignore passes over a parameter and what is in it: it is known, and of no
// consequence here.
func (f *form) ignore(names ...string) {
	for _, name := range names {
		f.read[name] = true
		for _, key := range f.keysUnder(name) {
			f.read[key] = true
		}
	}
}

// done gives the first thing wrong with the request, a parameter that nobody
// read among them.
func (f *form) done() *refusal {
	if f.wrong != nil {
		return f.wrong
	}
	var unknown []string
	for key := range f.values {
		if !f.read[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	slices.Sort(unknown)
	r := badRequest("parameter_unknown", unknown[0], "Received unknown parameter: %s", unknown[0])
	if len(unknown) > 1 {
		r.message = fmt.Sprintf("Received unknown parameters: %s", strings.Join(unknown, ", "))
	}
	return r
}
