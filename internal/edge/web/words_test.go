package web

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/region"
)

// mayAgree are texts that are the same in both languages.
var mayAgree = map[string]bool{
	"TTY": true, "Particular": true, "Coverage[cobra]": true, "Coverage[medicare]": true,
}

func TestWords_AreCompleteInEveryLanguage(t *testing.T) {
	texts := map[*Words]map[string]string{}
	for _, w := range languages {
		texts[w] = map[string]string{}
		gather(t, texts[w], "", reflect.ValueOf(*w))
	}
	for key, en := range texts[&english] {
		es, found := texts[&spanish][key]
		switch {
		case !found:
			t.Errorf("Spanish lacks %s (%q)", key, en)
		case en == es && !mayAgree[key]:
			t.Errorf("%s is the same in both languages: %q", key, en)
		case strings.Count(en, "%") != strings.Count(es, "%"):
			t.Errorf("%s takes other values: %q and %q", key, en, es)
		}
	}
	if len(texts[&english]) != len(texts[&spanish]) {
		t.Errorf("English has %d texts and Spanish %d", len(texts[&english]), len(texts[&spanish]))
	}
}

// gather collects every text under the name of its field or key, and complains
// of empty ones.
func gather(t *testing.T, into map[string]string, name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.String() == "" {
			t.Errorf("%s is empty", name)
		}
		into[name] = v.String()
	case reflect.Struct:
		for i := range v.NumField() {
			gather(t, into, strings.TrimPrefix(name+"."+v.Type().Field(i).Name, "."), v.Field(i))
		}
	case reflect.Array:
		for i := range v.Len() {
			gather(t, into, fmt.Sprintf("%s[%d]", name, i), v.Index(i))
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			gather(t, into, fmt.Sprintf("%s[%v]", name, key), v.MapIndex(key))
		}
	default:
		t.Errorf("%s is a %s, which this test does not read", name, v.Kind())
	}
}

func TestWords_NameEverythingThatCanOccur(t *testing.T) {
	for _, w := range languages {
		for _, fund := range chart.Funds() {
			checkNamed(t, w, w.Funds, fund)
		}
		for _, rail := range railsShown {
			if w.Rails[rail] == "" {
				t.Errorf("%s has no word for %s", w.Name, rail)
			}
		}
		for _, reason := range suspense.Reasons() {
			checkNamed(t, w, w.Reasons, reason)
		}
		for _, result := range fileResults() {
			checkNamed(t, w, w.Verdicts, result)
		}
		for _, purpose := range region.Purposes() {
			checkNamed(t, w, w.Purposes, purpose)
		}
		for _, coverage := range region.CoverageTypes() {
			checkNamed(t, w, w.Coverage, coverage)
		}
		for _, kind := range billpay.HintKinds() {
			counted := kind == billpay.TooFewDigits || kind == billpay.TooManyDigits
			if (w.Pieces.NumberProblems[kind] == "") != counted {
				t.Errorf("%s has no word for the slip %d", w.Name, kind)
			}
		}
		for _, p := range amountProblems() {
			if w.Pieces.AmountProblems[p] == "" {
				t.Errorf("%s has no word for the amount problem %d", w.Name, p)
			}
		}
		for _, kind := range []NoticeKind{NoticeInfo, NoticeGood, NoticeWarn, NoticeBad} {
			checkNamed(t, w, w.Pieces.NoticeLabels, kind)
		}
		for _, code := range failureCodes {
			if w.Failures[code].Heading == "" {
				t.Errorf("%s has no page for status %d", w.Name, code)
			}
		}
	}
}

func checkNamed[K ~string](t *testing.T, w *Words, words map[K]string, key K) {
	t.Helper()
	if words[key] == "" {
		t.Errorf("%s has no word for %s", w.Name, key)
	}
}

func TestClock(t *testing.T) {
	for minute, want := range map[int]string{
		0: "midnight", 30: "12:30 a.m.", 8 * 60: "8 a.m.", 12 * 60: "noon", 12*60 + 5: "12:05 p.m.", 17*60 + 30: "5:30 p.m.", 24 * 60: "midnight",
	} {
		if got := strings.ReplaceAll(english.Clock(minute), "\u00a0", " "); got != want {
			t.Errorf("minute %d: got %q, want %q", minute, got, want)
		}
	}
}
