package web

import (
	"strings"
	"testing"
)

func TestReadBillCode(t *testing.T) {
	for typed, want := range map[string]string{
		"ABCDE23456": "ABCDE23456", "abcde 23456": "ABCDE23456", "abc-de2-3456": "ABCDE23456", " ABCDE\u00a023456. ": "ABCDE23456",
		"": "", "ABCDE2345": "", "ABCDE234567": "", "ABCDE2345I": "", "ABCDE23450": "", "ABCDE2345/": "", "ÄBCDE23456": "",
	} {
		if got := readBillCode(typed); got != want {
			t.Errorf("%q reads as %q, want %q", typed, got, want)
		}
	}
}

func FuzzReadBillCode(f *testing.F) {
	for _, seed := range []string{"", "ABCDE23456", "abcde 23456", "\u200bABCDE-23456", "ſbcde23456", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code := readBillCode(typed)
		if code == "" {
			return
		}
		if len(code) != 10 || strings.ToUpper(code) != code || readBillCode(strings.ToLower(code)) != code {
			t.Errorf("%q reads as %q", typed, code)
		}
	})
}

func FuzzIsMail(f *testing.F) {
	for _, seed := range []string{"payer@example.org", "a@b", "a@b.c\r\nBcc: d@e.f", "a@b.c, d@e.f", "\"a b\"@c.d", "<a@b.c>"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		if isMail(typed) && strings.ContainsAny(typed, "\r\n") {
			t.Errorf("%q would end a line of a letter's head", typed)
		}
	})
}
