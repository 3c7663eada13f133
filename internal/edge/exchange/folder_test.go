package exchange

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/format/x12"
	"github.com/billfold/billfold/internal/office/intake"
)

var morning = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

// desk takes as office/intake does: the same content once.
type desk struct {
	took  []string // names, in the order of taking
	posts map[[sha256.Size]byte]int
	fails map[string]error // by name
}

func newDesk() *desk { return &desk{posts: map[[sha256.Size]byte]int{}, fails: map[string]error{}} }

func (d *desk) take(name string, content io.Reader) (intake.Result, error) {
	if err := d.fails[name]; err != nil {
		return intake.Result{}, err
	}
	data, err := io.ReadAll(content)
	if err != nil {
		return intake.Result{}, err
	}
	in := inspectBytes(name, data)[0]
	d.took = append(d.took, name)
	sum := sha256.Sum256(data)
	result := intake.Result{
		File: ident.NewOpaque(), Name: name, Format: in.Format, Verdict: in.Verdict, Problems: in.Problems, Facts: in.Facts,
		Duplicate: d.posts[sum] > 0,
	}
	if in.Verdict == fault.Accept && !result.Duplicate {
		d.posts[sum]++
	}
	return result, nil
}

func openFolder(t *testing.T, dir string) *Folder {
	t.Helper()
	f, err := OpenFolder(dir, clock.At(morning))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func drop(t *testing.T, dir, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, incoming, name), data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// once looks twice, so that what stands in the folder is complete.
func once(t *testing.T, f *Folder, d *desk) []Outcome {
	t.Helper()
	var outcomes []Outcome
	for range 2 {
		some, err := f.Once(t.Context(), d.take)
		if err != nil {
			t.Fatal(err)
		}
		outcomes = append(outcomes, some...)
	}
	return outcomes
}

// standing lists the files in a part of the folder without their ids.
func standing(t *testing.T, dir, part string) []string {
	t.Helper()
	names := []string{}
	for _, path := range filesUnder(t, filepath.Join(dir, part)) {
		name := filepath.Base(path)
		if c, ok := parseClaim(name); ok {
			name = c.Name
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func checkStanding(t *testing.T, dir string, want map[string][]string) {
	t.Helper()
	for _, part := range []string{incoming, working, done, refused, outgoing} {
		if got := standing(t, dir, part); !slices.Equal(got, want[part]) && len(got)+len(want[part]) > 0 {
			t.Errorf("%s: got %v, want %v", part, got, want[part])
		}
	}
}

func zooFile(t testing.TB, name string) []byte { return read(t, filepath.Join(zoo, name)) }

func TestOnce_GoodAndBadFilesGoTheirWays(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	drop(t, dir, "b.ach", zooFile(t, "nacha/cie-bill-pay.ach"))
	drop(t, dir, "a total.ach", zooFile(t, "nacha/bad-file-credit-total.ach"))
	drop(t, dir, "c.834", zooFile(t, "x12/834_full_audit_two_households.txt"))
	drop(t, dir, "d.zip", zipped(t, entry{"1.bai", zooFile(t, "lockbox/one-check.bai")}, entry{"2.bai", zooFile(t, "lockbox/bad-batch-total.bai")}))
	drop(t, dir, "e.zip", []byte("PK\x03\x04 and no more"))
	outcomes := once(t, f, d)

	if want := []string{"a_total.ach", "b.ach", "c.834", "d.zip/1.bai", "d.zip/2.bai"}; !slices.Equal(d.took, want) {
		t.Errorf("took %v, want %v", d.took, want)
	}
	checkStanding(t, dir, map[string][]string{
		done:     {"b.ach", "b.ach.report.json", "c.834", "c.834.report.json"},
		refused:  {"a_total.ach", "a_total.ach.report.json", "d.zip", "d.zip.report.json", "e.zip", "e.zip.report.json"},
		outgoing: {"c.834.ack.x12"},
	})
	var verdicts []fault.Verdict
	for _, o := range outcomes {
		verdicts = append(verdicts, o.Verdict)
		if _, err := os.Stat(filepath.Join(dir, o.Place)); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
		var report Outcome
		if err := json.Unmarshal(read(t, filepath.Join(dir, o.Place+".report.json")), &report); err != nil || report.ID != o.ID {
			t.Errorf("%s: the report reads as %+v, %v", o.Name, report, err)
		}
	}
	if want := []fault.Verdict{fault.Flag, fault.Accept, fault.Accept, fault.Flag, fault.Refuse}; !slices.Equal(verdicts, want) {
		t.Errorf("verdicts: got %v, want %v", verdicts, want)
	}
}

func TestOnce_IncompleteFilesStay(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	ach := zooFile(t, "nacha/cie-bill-pay.ach")
	for _, name := range []string{"a.ach.part", "b.TMP", ".c.ach", "d.ach~", "e.filepart"} {
		drop(t, dir, name, ach)
	}
	if err := os.Mkdir(filepath.Join(dir, incoming, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/etc/hostname", filepath.Join(dir, incoming, "link.ach")); err != nil {
		t.Fatal(err)
	}
	for growing := 100; growing <= 300; growing += 100 {
		drop(t, dir, "growing.ach", ach[:growing])
		if _, err := f.Once(t.Context(), d.take); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.took) > 0 {
		t.Fatalf("took %v", d.took)
	}
	drop(t, dir, "growing.ach", ach)
	once(t, f, d)
	if want := []string{"growing.ach"}; !slices.Equal(d.took, want) {
		t.Errorf("took %v, want %v", d.took, want)
	}
}

func TestOnce_SameSizeWrittenAgainIsLookedAtAgain(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	drop(t, dir, "a.txt", []byte("one"))
	path := filepath.Join(dir, incoming, "a.txt")
	for i := range 3 {
		if err := os.Chtimes(path, morning, morning.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
		if _, err := f.Once(t.Context(), d.take); err != nil || len(d.took) > 0 {
			t.Fatalf("look %d took %v, %v", i, d.took, err)
		}
	}
}

func TestOnce_TwoFilesOfOneName(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	for _, data := range []string{"nacha/cie-bill-pay.ach", "nacha/ccd-credit.ach"} {
		drop(t, dir, "daily.ach", zooFile(t, data))
		once(t, f, d)
	}
	checkStanding(t, dir, map[string][]string{
		done: {"daily.ach", "daily.ach", "daily.ach.report.json", "daily.ach.report.json"},
	})
}

func TestOnce_AFailureHoldsUpItsOwnFileOnly(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	drop(t, dir, "a.ach", zooFile(t, "nacha/cie-bill-pay.ach"))
	drop(t, dir, "b.ach", zooFile(t, "nacha/ccd-credit.ach"))
	d.fails["a.ach"] = fault.New(fault.Internal, "test", "a mistake of ours")
	if _, err := f.Once(t.Context(), d.take); err != nil {
		t.Fatal(err)
	}
	_, err := f.Once(t.Context(), d.take)
	if err == nil || !strings.Contains(err.Error(), "a.ach: ") || fault.KindOf(err) != fault.Internal {
		t.Errorf("got %v, want an internal error naming a.ach", err)
	}
	checkStanding(t, dir, map[string][]string{working: {"a.ach"}, done: {"b.ach", "b.ach.report.json"}})

	clear(d.fails)
	once(t, f, d)
	checkStanding(t, dir, map[string][]string{done: {"a.ach", "a.ach.report.json", "b.ach", "b.ach.report.json"}})
}

func TestOnce_StopsWhenNothingCanBeTaken(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	drop(t, dir, "a.ach", zooFile(t, "nacha/cie-bill-pay.ach"))
	drop(t, dir, "b.ach", zooFile(t, "nacha/ccd-credit.ach"))
	d.fails["a.ach"] = fault.New(fault.Unavailable, "test", "the database is down")
	if _, err := f.Once(t.Context(), d.take); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Once(t.Context(), d.take); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Once(cancelled, d.take); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("cancelled: got %v, want unavailable", err)
	}
	checkStanding(t, dir, map[string][]string{incoming: {"b.ach"}, working: {"a.ach"}})
}

func TestOnce_TwoProcessesTakeAFileOnce(t *testing.T) {
	dir, first, second := t.TempDir(), newDesk(), newDesk()
	one, other := openFolder(t, dir), openFolder(t, dir)
	drop(t, dir, "a.ach", zooFile(t, "nacha/cie-bill-pay.ach"))
	for _, f := range []*Folder{one, other} {
		if _, err := f.Once(t.Context(), first.take); err != nil {
			t.Fatal(err)
		}
	}
	// The other process looks while the first is taking.
	_, err := one.Once(t.Context(), func(name string, content io.Reader) (intake.Result, error) {
		if _, err := other.Once(t.Context(), second.take); err != nil {
			t.Error(err)
		}
		return first.take(name, content)
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(first.took) != 1 || len(second.took) != 0 {
		t.Errorf("took %v and %v, want once by the first", first.took, second.took)
	}
}

// killer is a disk of a process that dies at its nth act, half of the time just
// after it.
type killer struct {
	realDisk
	left  int
	after bool
}

var errKilled = errors.New("killed")

func (k *killer) act(do func() error) error {
	if k.left--; k.left < 0 {
		return errKilled
	}
	if k.left > 0 {
		return do()
	}
	if k.after {
		if err := do(); err != nil {
			return err
		}
	}
	return errKilled
}

func (k *killer) Rename(from, to string) error {
	return k.act(func() error { return k.realDisk.Rename(from, to) })
}

func (k *killer) Write(path string, data []byte) error {
	return k.act(func() error { return k.realDisk.Write(path, data) })
}

func TestOnce_KilledAtAnyStep(t *testing.T) {
	archive := zipped(t,
		entry{"1.834", zooFile(t, "x12/834_full_audit_two_households.txt")},
		entry{"2.ach", zooFile(t, "nacha/cie-bill-pay.ach")},
	)
	const steps = 5 // claim, acknowledgement, report, acknowledgement out, file away
	for _, after := range []bool{false, true} {
		for n := 1; n <= steps+1; n++ {
			t.Run(fmt.Sprintf("step %d, after it %v", n, after), func(t *testing.T) {
				dir, d := t.TempDir(), newDesk()
				f := openFolder(t, dir)
				drop(t, dir, "day.zip", archive)
				f.disk = &killer{left: n, after: after}
				if _, err := f.Once(t.Context(), d.take); err != nil {
					t.Fatal(err)
				}
				_, err := f.Once(t.Context(), d.take)
				if died := err != nil; died != (n <= steps) {
					t.Fatalf("got %v at step %d of %d", err, n, steps)
				}
				once(t, openFolder(t, dir), d)
				checkStanding(t, dir, map[string][]string{
					done: {"day.zip", "day.zip.report.json"}, outgoing: {"day.zip.ack.x12"},
				})
				for _, posted := range d.posts {
					if posted != 1 {
						t.Errorf("posted %d times", posted)
					}
				}
				if len(d.posts) != 2 {
					t.Errorf("posted %d files, want 2", len(d.posts))
				}
			})
		}
	}
}

func TestOnce_AcknowledgesX12(t *testing.T) {
	dir, d := t.TempDir(), newDesk()
	f := openFolder(t, dir)
	drop(t, dir, "a.834", zooFile(t, "x12/834_full_audit_two_households.txt"))
	drop(t, dir, "b.834", zooFile(t, "x12/bad_834_wrong_segment_count.txt"))
	drop(t, dir, "c.834", zooFile(t, "x12/834_two_interchanges_other_delimiters.txt"))
	drop(t, dir, "d.999", zooFile(t, "x12/999_accepted_and_ta1.txt"))
	drop(t, dir, "e.834", zooFile(t, "x12/bad_no_isa.txt"))
	var got []string
	for _, o := range once(t, f, d) {
		line := o.Name + ":"
		if o.Acknowledgement != "" {
			answer := read(t, filepath.Join(dir, o.Acknowledgement))
			result, err := x12.Read(bytes.NewReader(answer), func(_ *x12.Set, s x12.Segment) error {
				if s.ID == "AK9" {
					line += " " + s.Element(1)
				}
				return nil
			})
			if err != nil || result.Verdict() != fault.Accept {
				t.Errorf("%s: the answer reads as %v, %v", o.Name, result.Problems(), err)
			}
			for _, interchange := range result.Interchanges {
				line += " " + interchange.Control
			}
		}
		got = append(got, line)
	}
	want := []string{
		"a.834: A 000000001", "b.834: R 000000002", "c.834: A A 000000003 000000004", "d.999:", "e.834:",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNextControls(t *testing.T) {
	for _, tc := range []struct {
		name, before string
		count, want  int
		after        string
	}{
		{"first", "", 2, 1, "000000002\n"},
		{"next", "000000041\n", 1, 42, "000000042\n"},
		{"written by a person", "7", 3, 8, "000000010\n"},
		{"after the last", "999999998\n", 2, 1, "000000002\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), controlFile)
			if err := os.WriteFile(path, []byte(tc.before), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := nextControls(path, tc.count)
			if after := string(read(t, path)); err != nil || got != tc.want || after != tc.after {
				t.Errorf("got %d, %v, file %q; want %d, file %q", got, err, after, tc.want, tc.after)
			}
		})
	}
	path := filepath.Join(t.TempDir(), controlFile)
	if err := os.WriteFile(path, []byte("12a"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := nextControls(path, 1); fault.KindOf(err) != fault.Corrupt || fault.HintOf(err) == "" {
		t.Errorf("got %v, want corrupt with a hint", err)
	}
}
