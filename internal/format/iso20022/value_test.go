package iso20022

import (
	"testing"

	"pgregory.net/rapid"
)

func TestMinor(t *testing.T) {
	for _, tc := range []struct {
		text, currency string
		want           int64
		ok             bool
	}{
		{"8.85", "EUR", 885, true},
		{"8.8", "EUR", 880, true},
		{"8", "USD", 800, true},
		{"0", "USD", 0, true},
		{"200000", "SEK", 20_000_000, true},
		{"2700", "JPY", 2700, true},
		{"1.250", "KWD", 1250, true},
		{"9999999999999999.99", "USD", 999_999_999_999_999_999, true},
		{"10000000000000000.00", "USD", 0, false},
		{"2700.0", "JPY", 0, false},
		{"8.", "EUR", 0, false},
		{".85", "EUR", 0, false},
		{"8.851", "EUR", 0, false},
		{"8,85", "EUR", 0, false},
		{"-8.85", "EUR", 0, false},
		{"+8.85", "EUR", 0, false},
		{"8.8.5", "EUR", 0, false},
		{" 8", "EUR", 0, false},
		{"", "EUR", 0, false},
		{"1e3", "EUR", 0, false},
	} {
		if got, ok := Minor(tc.text, tc.currency); got != tc.want || ok != tc.ok {
			t.Errorf("Minor(%q, %s) gave %d, %v; want %d, %v", tc.text, tc.currency, got, ok, tc.want, tc.ok)
		}
	}
}

func TestDecimal_IsReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		minor := rapid.Int64Range(0, 999_999_999_999_999).Draw(t, "minor")
		currency := rapid.SampledFrom([]string{"USD", "JPY", "KWD", "CLF"}).Draw(t, "currency")
		if got, ok := Minor(Decimal(minor, currency), currency); !ok || got != minor {
			t.Errorf("%d %s is written %q and read as %d, %v", minor, currency, Decimal(minor, currency), got, ok)
		}
	})
}

func TestDate(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-23":                        "2026-11-23",
		"2026-11-23Z":                       "2026-11-23",
		"2026-11-23-06:00":                  "2026-11-23",
		"2026-11-23T23:59:59.999-06:00":     "2026-11-23",
		"2026-11-23T06:00:00":               "2026-11-23",
		"2026-11-31":                        "",
		"20261123":                          "",
		"2026-11-23T25:00:00":               "",
		"2026-11-23 06:00:00":               "",
		"2026-11-23T06:00:00 or thereabout": "",
		"":                                  "",
	} {
		got, ok := Date(text)
		if ok != (want != "") || ok && got.String() != want {
			t.Errorf("Date(%q) gave %s, %v; want %q", text, got, ok, want)
		}
	}
}

func TestReferences(t *testing.T) {
	for _, tc := range []struct {
		name string
		is   func(string) bool
		text string
		want bool
	}{
		{"UETR", IsUETR, "8a562c67-ca16-48ba-b074-65581be6f001", true},
		{"UETR in capitals", IsUETR, "8A562C67-CA16-48BA-B074-65581BE6F001", false},
		{"UUID of version 1", IsUETR, "8a562c67-ca16-18ba-b074-65581be6f001", false},
		{"IMAD", IsIMAD, "20261123B1QDRCQR000117", true},
		{"IMAD of no day", IsIMAD, "20261323B1QDRCQR000117", false},
		{"IMAD cut short", IsIMAD, "20261123B1QDRCQR00011", false},
		{"BIC", IsBIC, "DABAIE2D", true},
		{"BIC with branch", IsBIC, "DABAIE2DXXX", true},
		{"BIC of nine", IsBIC, "DABAIE2DX", false},
		{"IBAN", IsIBAN, "NL56AGDH9619008421", true},
		{"IBAN with a slip", IsIBAN, "NL56AGDH9619008412", false},
		{"account number", IsIBAN, "7913468250", false},
	} {
		if got := tc.is(tc.text); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
	}
}

func TestSniff(t *testing.T) {
	for text, want := range map[string]string{
		`<?xml version="1.0"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">`:                                               "camt.053",
		"\uFEFF\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:pacs.008.001.07'>":                                                            "pacs.008",
		`<m><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.01"/><Document xmlns="urn:iso:std:iso:20022:tech:xsd:pacs.004.001.10">`: "pacs.004",
		`<m><AppHdr xmlns="urn:iso:std:iso:20022:tech:xsd:head.001.001.01"/></m>`:                                                              "",
		`<html>`: "",
		`camt.053 urn:iso:std:iso:20022:tech:xsd:camt.053.001.08`: "",
	} {
		if got := Sniff([]byte(text)); got != want {
			t.Errorf("Sniff(%q) gave %q, want %q", text, got, want)
		}
	}
}
