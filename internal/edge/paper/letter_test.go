package paper

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/office/notice"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/people/region"
	"github.com/billfold/billfold/internal/store/storetest"
)

var _ notice.Press = (*Press)(nil)

var today = calendar.MustParse("2026-11-23")

// sender is the demonstration's region.
func sender(t testing.TB) notice.Sender {
	t.Helper()
	pack, problems := region.Load("../../../configs/cedar-valley/regions/front-range.yaml")
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return notice.Sender{Pack: pack, PayPage: "https://pay.cedarvalley.example"}
}

func stateGrace(number billpay.Number, language string) notice.Notice {
	return notice.Notice{
		Book: ledger.BookNo(number), Policy: coverage.Key{Number: number, No: 1}, Kind: notice.StateGrace, Key: "notice/grace/2026-11",
		MadeOn: today, Language: language, Facts: notice.Facts{
			Line: coverage.Direct, Amount: 432_10, GraceFrom: today, GraceTo: today.AddDays(31), CoverEnds: calendar.MustParse("2026-10-31"),
		},
	}
}

// letterSheet is a composed letter.
func letterSheet(t testing.TB, language string) notice.Sheet {
	t.Helper()
	l, err := notice.Compose(stateGrace(314159265352, language), sender(t), notice.Addressee{
		Name: "María Ñandú O’Ruiz", Address: member.Address{Line1: "12 Juniper Street", Line2: "Apt 4", City: "Boulder", State: "CO", ZIP: "80302-1234"},
	})
	if err != nil {
		t.Fatal(err)
	}
	return notice.Sheet{Letter: l}
}

func letterPDF(t *testing.T, s notice.Sheet) []byte {
	t.Helper()
	doc, err := LetterOf(s).PDF(today.Time())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func TestLetter_Golden(t *testing.T) {
	for _, language := range notice.Languages() {
		for _, large := range []bool{false, true} {
			s := letterSheet(t, language)
			s.Large = large
			doc := letterPDF(t, s)
			name := "letter." + language
			if large {
				name += ".large"
			}
			golden(t, name+".txt", strings.Join(texts(t, doc), "\n")+"\n")
			if !bytes.Equal(doc, letterPDF(t, s)) {
				t.Errorf("%s has other bytes when it is made again", name)
			}
			if dir := os.Getenv(picturesEnv); dir != "" {
				if err := os.WriteFile(filepath.Join(dir, name+".pdf"), doc, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

var placed = regexp.MustCompile(`BT ([0-9.]+) ([0-9.]+) Td`)

// The address, and nothing else, stands where the envelope's window is: a #10
// window of 114 by 29 mm, 22 mm from the left and 52 mm from the top of the
// folded sheet, with some play. Points from the lower left corner.
func TestLetter_AddressInTheWindow(t *testing.T) {
	for _, large := range []bool{false, true} {
		s := letterSheet(t, "en")
		s.Large = large
		const top, bottom, left = 792 - 50*72/25.4, 792 - 88*72/25.4, 22 * 72 / 25.4
		inside := 0
		for _, page := range pages(t, letterPDF(t, s))[:1] {
			for _, at := range placed.FindAllStringSubmatch(page, -1) {
				var x, y float64
				if _, err := fmt.Sscan(at[1], &x); err != nil {
					t.Fatal(err)
				}
				if _, err := fmt.Sscan(at[2], &y); err != nil {
					t.Fatal(err)
				}
				if y < top && y > bottom {
					inside++
					if x < left {
						t.Errorf("something stands at %v, %v", x, y)
					}
				}
			}
		}
		if want := len(s.To); inside != want {
			t.Errorf("%d lines in the window, want %d", inside, want)
		}
	}
}

// pages gives the drawing of each page.
func pages(t *testing.T, doc []byte) []string {
	t.Helper()
	var all []string
	for _, content := range contents(doc) {
		all = append(all, string(content))
	}
	return all
}

// What the fonts do not have would print as boxes: it is left to the other forms.
func TestShows_WhatTheFontsHave(t *testing.T) {
	for text, want := range map[string]bool{
		"An interpreter is free. Call 303-555-0147 (TTY 711).": true, "¿Niño? “Sí” – año’s": true, "免費提供口譯服務": false, "አገልግሎት": false,
	} {
		if got := Shows(text); got != want {
			t.Errorf("%q: got %v", text, got)
		}
	}
	for _, language := range notice.Languages() {
		l := LetterOf(letterSheet(t, language))
		for _, text := range slices.Concat(l.To, l.Parts, l.Pay, []string{l.Heading, l.Ask, l.Call, "• "}) {
			if !Shows(text) {
				t.Errorf("the fonts lack something of %q", text)
			}
		}
		if len(l.Help) < 2 {
			t.Errorf("only %q tell that help is free", l.Help)
		}
	}
}

func TestPress_AFileIsNotThereBeforeItIsReleased(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "letters")
	p, err := NewPress(dir)
	if err != nil {
		t.Fatal(err)
	}
	sheets := []notice.Sheet{letterSheet(t, "en"), letterSheet(t, "es")}
	sheets[1].Large = true
	control := notice.Control{Name: "letters-001", On: today, Letters: 2, First: "80302-1234", Last: "80302-1234", Large: 1, Kinds: []notice.KindCount{{Kind: notice.StateGrace, Count: 2}}}
	printout, err := p.Print("letters-001", control, sheets)
	if err != nil {
		t.Fatal(err)
	}
	if names, err := p.Unfinished(); err != nil || !slices.Equal(names, []string{"letters-001"}) {
		t.Errorf("unfinished: %v, %v", names, err)
	}
	if got := list(t, dir); !slices.Equal(got, []string{"letters-001.part"}) {
		t.Errorf("the folder holds %v", got)
	}
	for range 2 { // the second time after a kill
		if err := p.Release("letters-001"); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(t, dir); !slices.Equal(got, []string{"letters-001.pdf"}) {
		t.Errorf("the folder holds %v", got)
	}
	doc, err := os.ReadFile(filepath.Join(dir, "letters-001.pdf"))
	if err != nil {
		t.Fatal(err)
	}
	if got := sha256.Sum256(doc); hex.EncodeToString(got[:]) != printout.SHA256 || printout.Pages != 5 {
		t.Errorf("the printout says %+v, the file has %x", printout, got)
	}
	golden(t, "batch.txt", strings.Join(texts(t, doc), "\n")+"\n")
	if info, err := os.Stat(filepath.Join(dir, "letters-001.pdf")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v, %v", info.Mode(), err)
	}
	if err := p.Release("letters-002"); err == nil {
		t.Error("a file that was never written was released")
	}
	if _, err := p.Print("letters-003", control, sheets); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Drop("letters-003"); err != nil {
			t.Fatal(err)
		}
	}
	if got := list(t, dir); len(got) != 1 {
		t.Errorf("the folder holds %v", got)
	}
}

func list(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// senders sends for every region.
type senders struct{ one notice.Sender }

func (s senders) Sender(region.ID) (notice.Sender, bool) { return s.one, true }

// From what is due to files for the printer, on both engines.
func TestPress_FromTheQueueToThePrinter(t *testing.T) {
	const members, most = 60, 25
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		zips := make([]string, members)
		for i := range zips {
			zips[i] = fmt.Sprintf("%05d", 90000-i) // the last comes first
		}
		numbers := o.Residents(t, "front-range", zips...)
		desk := notice.NewDesk(o.Store, senders{sender(t)}, nil, clock.At(storetest.Start))
		var due []notice.Notice
		for i, number := range numbers {
			due = append(due, stateGrace(number, []string{"en", "es"}[i%2]))
		}
		if _, err := desk.Keep(t.Context(), due); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		press, err := NewPress(dir)
		if err != nil {
			t.Fatal(err)
		}
		done, err := desk.Print(t.Context(), today, "letters-2026-11-23", press, most)
		if err != nil || done.Letters != members || len(done.Files) != 3 {
			t.Fatalf("got %+v, %v", done, err)
		}
		var readers []string
		for _, file := range done.Files {
			doc, err := os.ReadFile(filepath.Join(dir, file.Name+".pdf"))
			if err != nil {
				t.Fatal(err)
			}
			if got := sha256.Sum256(doc); hex.EncodeToString(got[:]) != file.SHA256 {
				t.Errorf("%s is not what was recorded", file.Name)
			}
			readers = append(readers, regexp.MustCompile(`Reader\d+`).FindAllString(strings.Join(texts(t, doc), "\n"), -1)...)
		}
		for i, reader := range readers {
			if want := fmt.Sprintf("Reader%d", members-1-i); reader != want {
				t.Fatalf("letter %d is %s's, want %s's: not in the order of ZIP codes", i, reader, want)
			}
		}
		if again, err := desk.Print(t.Context(), today, "letters-2026-11-23", press, most); err != nil || again.Letters != 0 {
			t.Errorf("again: %+v, %v", again, err)
		}
	})
}

// A file of the most letters is made within bounded memory.
func TestPress_MostLettersInBoundedMemory(t *testing.T) {
	const memoryMost = 256 << 20
	p, err := NewPress(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s := letterSheet(t, "es")
	sheets := slices.Repeat([]notice.Sheet{s}, notice.LettersMost)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	if _, err := p.Print("letters-001", notice.Control{Name: "letters-001", On: today, Letters: len(sheets)}, sheets); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapSys) - int64(before.HeapSys); grown > memoryMost {
		t.Errorf("a file of %d letters took %d MiB", len(sheets), grown>>20)
	}
	t.Logf("%d letters: heap %d MiB more from the system", len(sheets), (int64(after.HeapSys)-int64(before.HeapSys))>>20)
}
