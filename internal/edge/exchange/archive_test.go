package exchange

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

type entry struct {
	name string
	data []byte
}

func zipped(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		part, err := w.Create(e.name)
		if err == nil {
			_, err = part.Write(e.data)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func gzipped(t testing.TB, name string, data []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	w.Name = name
	_, err := w.Write(data)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestInspect_EachFileOfAnArchive(t *testing.T) {
	ach := read(t, filepath.Join(zoo, "nacha/cie-bill-pay.ach"))
	flagged := read(t, filepath.Join(zoo, "nacha/bad-file-credit-total.ach"))
	archive := zipped(t,
		entry{"march/", nil}, entry{"march/1.ach", ach}, entry{"../../etc/2.ach", flagged}, entry{`c:\bank\3.ach`, ach},
		entry{"__MACOSX/march/._1.ach", []byte("\x00\x05\x16\x07")}, entry{"march/.DS_Store", []byte("x")},
		entry{"inner.zip", zipped(t, entry{"1.ach", ach})},
	)
	type line struct {
		entry, format string
		verdict       fault.Verdict
	}
	var got []line
	for _, in := range inspectBytes("march.zip", archive) {
		got = append(got, line{in.Entry, in.Format, in.Verdict})
	}
	want := []line{
		{"1.ach", "nacha", fault.Accept}, {"2.ach", "nacha", fault.Flag}, {"3.ach", "nacha", fault.Accept},
		{"inner.zip", "unknown", fault.Refuse},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestInspect_Gzip(t *testing.T) {
	ach := read(t, filepath.Join(zoo, "nacha/cie-bill-pay.ach"))
	for stored, want := range map[string]string{"": "march.ach", "../the day.ach": "the_day.ach"} {
		in := inspectOne(t, "march.ach.gz", gzipped(t, stored, ach))
		if in.Format != "nacha" || in.Verdict != fault.Accept || in.Entry != want {
			t.Errorf("stored as %q: got %s %s as %s, want accept %s as nacha", stored, in.Verdict, in.Entry, in.Format, want)
		}
	}
}

func TestOpen_RefusesAnArchiveWhole(t *testing.T) {
	ach := read(t, filepath.Join(zoo, "nacha/cie-bill-pay.ach"))
	good := zipped(t, entry{"1.ach", ach}, entry{"2.ach", ach})
	tight := limits{archive: 1 << 20, directory: 4096, entries: 5, unpacked: 1 << 20, ratio: 50, small: 10_000}
	for _, tc := range []struct {
		name, container string
		data            []byte
		says            string
	}{
		{"encrypted", "zip", encrypted(good), "1.ach is encrypted"},
		{"damaged in its second file", "zip", damageLast(t, good), "damaged"},
		{"cut off", "zip", good[:len(good)/2], "broke off"},
		{"no file in it", "zip", zipped(t, entry{"folder/", nil}), "no file"},
		{"nothing at all in it", "zip", zipped(t), "no file"},
		{"spreadsheet", "zip", zipped(t, entry{"[Content_Types].xml", []byte("<Types/>")}), "CSV"},
		{"too many files", "zip", zipped(t, many(6)...), "6 files, and at most 5"},
		{"endless table of contents", "zip", zipped(t, many(200)...), "table of contents"},
		{"bomb", "zip", zipped(t, entry{"1.ach", make([]byte, 500_000)}), "unpacks to far more"},
		{"bomb in parts", "zip", zipped(t, entry{"1", make([]byte, 9000)}, entry{"2", make([]byte, 9000)}), "unpacks to far more"},
		{"too large", "zip", zipped(t, entry{"1.ach", noise(2 << 20)}), "at most 1048576 are opened"},
		{"gzip bomb", "gzip", gzipped(t, "", make([]byte, 500_000)), "unpacks to far more"},
		{"gzip cut off", "gzip", gzipped(t, "", ach)[:100], "broke off"},
		{"gzip header only", "gzip", []byte("\x1f\x8b"), "broke off"},
		{"gzip with other bytes after it", "gzip", append(gzipped(t, "", ach), "and more text after it"...), "damaged"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := tight.open("a.zip", bytes.NewReader(tc.data), int64(len(tc.data)))
			if got.Container != tc.container || len(got.Files) != 0 || len(got.Problems) != 1 {
				t.Fatalf("got %+v, want a refused %s", got, tc.container)
			}
			if !strings.Contains(got.Problems[0].Message, tc.says) {
				t.Errorf("got %q, want it to say %q", got.Problems[0].Message, tc.says)
			}
		})
	}
}

func TestOpen_FilesCanBeReadAgain(t *testing.T) {
	archive := zipped(t, entry{"1.txt", []byte("one")})
	for _, data := range [][]byte{[]byte("one"), archive, gzipped(t, "1.txt", []byte("one"))} {
		arrival := Open("x", bytes.NewReader(data), int64(len(data)))
		for range 2 {
			content, err := arrival.Files[0].Open()
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(content)
			if err != nil || string(got) != "one" {
				t.Errorf("%s: got %q, %v", arrival.Container, got, err)
			}
		}
	}
}

func TestLabel(t *testing.T) {
	for name, want := range map[string]string{
		"march.ach": "march.ach", "../../etc/passwd": "passwd", `..\..\x.ach`: "x.ach", "a b;rm -rf.csv": "a_b_rm_-rf.csv",
		"": "unnamed", "..": "unnamed", ".hidden": "hidden", "a\x1b[2J": "a__2J", "Übersicht.csv": "Übersicht.csv", "\xff": "_",
		strings.Repeat("é", 200): strings.Repeat("é", labelMax/2),
	} {
		if got := label(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func many(n int) []entry {
	entries := make([]entry, n)
	for i := range entries {
		entries[i] = entry{fmt.Sprintf("%d.ach", i), []byte("x")}
	}
	return entries
}

// noise does not pack.
func noise(n int) []byte {
	out := make([]byte, 0, n+8)
	for x := uint64(1); len(out) < n; {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
		out = binary.LittleEndian.AppendUint64(out, x)
	}
	return out[:n]
}

// encrypted sets the flag of encryption in every header of the table of contents.
func encrypted(archive []byte) []byte {
	archive = bytes.Clone(archive)
	for at := 0; ; {
		next := bytes.Index(archive[at:], []byte("PK\x01\x02"))
		if next < 0 {
			return archive
		}
		at += next + 4
		archive[at+4] |= encryptedFlag
	}
}

// damageLast changes a byte in the data of the archive's last file.
func damageLast(t *testing.T, archive []byte) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	at, err := r.File[len(r.File)-1].DataOffset()
	if err != nil {
		t.Fatal(err)
	}
	archive = bytes.Clone(archive)
	archive[at+20] ^= 0xff
	return archive
}
