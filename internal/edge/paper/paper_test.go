package paper

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"
)

var update = flag.Bool("update", false, "write the golden files anew")

// picturesEnv names a folder for documents to look at.
const picturesEnv = "BILLFOLD_PICTURES"

func receipts() map[string]*Receipt {
	at := time.Date(2026, time.November, 23, 15, 5, 0, 0, time.UTC)
	return map[string]*Receipt{
		"receipt.en": {
			Language: "en", Plan: "Cedar Valley Health", Title: "Payment receipt", Said: "Thank you. We received your payment.",
			Confirmation: Line{"Confirmation number", "7K2M-9QXT-4HBD"},
			Lines: []Line{
				{"Paid on", "November 23, 2026"}, {"For the account", "ending in 5352"}, {"Card", "Visa ending in 4242"},
			},
			ShareHeads: [3]string{"What for", "Paid to", "Amount"},
			Shares: []Share{
				{"Premium", "Cedar Valley Health Plan, Inc.", "$1,000.00"}, {"Medical care", "Cedar Valley Medical Group", "$234.56"},
				{"Pharmacy", "Cedar Valley Medical Group", "$9.99"},
			},
			Total: Line{"Total paid", "$1,244.55"}, Notes: []string{"This receipt shows what was paid. It does not show what is still owed."},
			Contacts: []string{"Questions? Front Range: 303-555-0142 (TTY 711)"}, At: at,
		},
		"receipt.es": {
			Language: "es", Plan: "Cedar Valley Health", Title: "Recibo de pago", Said: "Gracias. Recibimos su pago.",
			Confirmation: Line{"Número de confirmación", "7K2M-9QXT-4HBD"},
			Lines: []Line{
				{"Pagado el", "23 de noviembre de 2026"}, {"Para la cuenta", "que termina en 5352"}, {"Tarjeta", "Visa que termina en 4242"},
			},
			ShareHeads: [3]string{"Para qué", "Pagado a", "Cantidad"},
			Shares:     []Share{{"Atención médica", "Compañía de Atención Médica de las Montañas y de los Valles del Cedro, S. A. de C. V.", "$234.56"}},
			Total:      Line{"Total pagado", "$234.56"}, Contacts: []string{"¿Preguntas? Front Range: 303-555-0142 (TTY 711)"}, At: at,
		},
	}
}

func TestReceipt_Golden(t *testing.T) {
	for name, r := range receipts() {
		doc := pdf(t, r)
		golden(t, name+".txt", strings.Join(texts(t, doc), "\n")+"\n")
		if pages := bytes.Count(doc, []byte("/Type /Page\n")); pages != 1 {
			t.Errorf("%s has %d pages", name, pages)
		}
		if dir := os.Getenv(picturesEnv); dir != "" {
			if err := os.WriteFile(filepath.Join(dir, name+".pdf"), doc, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func pdf(t *testing.T, r *Receipt) []byte {
	t.Helper()
	doc, err := r.PDF()
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; look at it and run with -update if it is meant:\n%s", path, got)
	}
}

func TestReceipt_SameContentSameBytes(t *testing.T) {
	r := receipts()["receipt.en"]
	first := pdf(t, r)
	for range 5 {
		if !bytes.Equal(pdf(t, r), first) {
			t.Fatal("the same receipt has other bytes")
		}
	}
	r.Total.Value = "$1,244.56"
	if bytes.Equal(pdf(t, r), first) {
		t.Error("another amount gives the same bytes")
	}
}

// What a reader's program shows and a screen reader needs.
func TestReceipt_SaysWhatItIs(t *testing.T) {
	doc := pdf(t, receipts()["receipt.es"])
	for _, want := range []string{
		"/Lang (es)", "/MediaBox [0 0 612.00 792.00]", "/CreationDate (D:20261123150500", utf16Text("Recibo de pago"), utf16Text("Cedar Valley Health"),
		"/FontFile2", "/ToUnicode",
	} {
		if !bytes.Contains(doc, []byte(want)) {
			t.Errorf("the document lacks %q", want)
		}
	}
	if bytes.Contains(doc, []byte("fpdf")) || bytes.Contains(doc, []byte("FPDF")) {
		t.Error("the document names the library that made it")
	}
}

// A payment for many numbers goes on to a second sheet rather than off the first.
func TestReceipt_OfManyParts(t *testing.T) {
	r := receipts()["receipt.en"]
	for range 40 {
		r.Shares = append(r.Shares, r.Shares[0])
	}
	doc := pdf(t, r)
	if pages := bytes.Count(doc, []byte("/Type /Page\n")); pages != 2 {
		t.Errorf("it has %d pages, want 2", pages)
	}
	shown := strings.Join(texts(t, doc), "\n")
	if got := strings.Count(shown, "$1,000.00"); got != 41 || !strings.Contains(shown, "Total paid") {
		t.Errorf("it shows %d of 41 shares", got)
	}
}

func utf16Text(s string) string {
	var b bytes.Buffer
	b.WriteString("\xfe\xff")
	for _, unit := range utf16.Encode([]rune(s)) {
		_ = binary.Write(&b, binary.BigEndian, unit)
	}
	return b.String()
}

var (
	stream = regexp.MustCompile(`(?s)/Filter /FlateDecode /Length \d+>>\s*stream\n(.*?)\nendstream`)
	shown  = regexp.MustCompile(`(?s)\((.*?[^\\])\)\s*Tj`)
)

// texts gives what the document shows, in the order of its content: what a
// program copies when all of it is selected.
func texts(t *testing.T, doc []byte) []string {
	t.Helper()
	var all []string
	for _, content := range contents(doc) {
		for _, text := range shown.FindAllSubmatch(content, -1) {
			all = append(all, fromUTF16(unescape(text[1])))
		}
	}
	return all
}

// contents gives what is drawn on each page.
func contents(doc []byte) [][]byte {
	var all [][]byte
	for _, found := range stream.FindAllSubmatch(doc, -1) {
		r, err := zlib.NewReader(bytes.NewReader(found[1]))
		if err != nil {
			continue // a font
		}
		if content, err := io.ReadAll(r); err == nil && bytes.Contains(content, []byte(")Tj")) {
			all = append(all, content)
		}
	}
	return all
}

func unescape(text []byte) []byte {
	var out []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			out = append(out, text[i])
			continue
		}
		i++
		if text[i] == 'r' {
			out = append(out, '\r')
			continue
		}
		out = append(out, text[i])
	}
	return out
}

func fromUTF16(text []byte) string {
	units := make([]uint16, 0, len(text)/2)
	for i := 0; i+1 < len(text); i += 2 {
		units = append(units, binary.BigEndian.Uint16(text[i:]))
	}
	return string(utf16.Decode(units))
}
