// Package railtest is the suite that every rail which takes files passes: its
// items are the same each time they are read and in whatever order they stand,
// their amounts sum, garbage stops nothing, and what staff are shown of an item
// holds no account number. It also holds a rail against whole folders of good
// and broken files. Tests alone link it. Start reading at Run.
package railtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/office/intake"
)

// Paid is one item to write into a file.
type Paid struct {
	No        int // tells it from the others: a cheque, trace or bank reference
	Reference string
	Cents     money.Cents
}

// Account is a bank account that a file under test names. No five of its digits
// in a row may be seen in an item's details: the last four tell it apart.
const Account = "7913468250"

// Rail is a rail under test.
type Rail struct {
	Format intake.Deposits
	// File writes a file of the items in the order given, all on one day, naming
	// Account wherever the format names a bank account.
	File func(t testing.TB, items []Paid) []byte
}

// Run runs the suite.
func Run(t *testing.T, r Rail) {
	random := rand.New(rand.NewPCG(1, 1))
	items := make([]Paid, 40)
	for i := range items {
		items[i] = Paid{No: i + 1, Reference: "472819036580", Cents: money.Cents(1 + random.IntN(100_000))}
	}
	content := r.File(t, items)
	read := r.read(t, content)

	t.Run("recognises its own files", func(t *testing.T) {
		if !r.Format.Recognises(content[:min(len(content), 4096)]) || r.Format.Recognises([]byte("hello")) || r.Format.Recognises(nil) {
			t.Errorf("%s takes what it should not, or not what it should", r.Format.Name())
		}
	})
	t.Run("gives every item with its amount and reference", func(t *testing.T) {
		if len(read) != len(items) {
			t.Fatalf("got %d items, want %d", len(read), len(items))
		}
		for i, item := range read {
			if item.Amount != items[i].Cents || len(item.Parts) != 1 || item.Parts[0].Reference != items[i].Reference || item.Parts[0].Doubt != "" {
				t.Errorf("got %+v, want %+v", item, items[i])
			}
			if item.Identity == "" || item.Rail == "" || item.Received.IsZero() || item.Line == 0 || item.Receiving.ID == "" {
				t.Errorf("%+v is not told whole", item)
			}
		}
	})
	t.Run("gives the same when read again", func(t *testing.T) {
		if again := r.read(t, content); !slices.EqualFunc(read, again, same) {
			t.Error("the items differ")
		}
	})
	t.Run("gives the same whatever the order and the line ends", func(t *testing.T) {
		shuffled := slices.Clone(items)
		random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
		for name, disguised := range map[string][]byte{
			"shuffled": r.File(t, shuffled),
			"CRLF":     bytes.ReplaceAll(bytes.ReplaceAll(content, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n")),
		} {
			if got, want := identities(r.read(t, disguised)), identities(read); !maps.Equal(got, want) {
				t.Errorf("%s: got %v, want %v", name, got, want)
			}
		}
	})
	t.Run("keeps identical items apart from others only", func(t *testing.T) {
		twins := identities(r.read(t, r.File(t, []Paid{items[0], items[0], items[1]})))
		if len(twins) != 2 {
			t.Errorf("two identical items and another have %d identities, want 2", len(twins))
		}
	})
	t.Run("shows no account number", func(t *testing.T) {
		for _, item := range read {
			shown, err := json.Marshal(item.Parts)
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(Account) - 4 {
				if strings.Contains(string(shown), Account[i:i+5]) {
					t.Fatalf("%s shows %s of an account number", shown, Account[i:i+5])
				}
			}
		}
	})
	t.Run("stops when the taker fails", func(t *testing.T) {
		full, taken := errors.New("no room"), 0
		_, err := r.Format.Items(bytes.NewReader(content), func(intake.Item) error {
			if taken++; taken == 3 {
				return full
			}
			return nil
		})
		if !errors.Is(err, full) || taken != 3 {
			t.Errorf("got %v after %d items, want the taker's error after 3", err, taken)
		}
	})
	t.Run("survives garbage", func(t *testing.T) {
		for range 400 {
			r.survives(t, spoiled(random, content))
		}
	})
}

func (r Rail) read(t *testing.T, content []byte) (items []intake.Item) {
	t.Helper()
	if _, problems := r.Format.Inspect(bytes.NewReader(content)); len(problems) > 0 {
		t.Fatalf("the file is not good: %v\n%s", problems, content)
	}
	problems, err := r.Format.Items(bytes.NewReader(content), func(item intake.Item) error {
		items = append(items, item)
		return nil
	})
	if err != nil || len(problems) > 0 {
		t.Fatalf("the items cannot be read: %v %v", err, problems)
	}
	return items
}

// same compares items, whose lines may differ.
func same(a, b intake.Item) bool {
	return a.Identity == b.Identity && a.Amount == b.Amount && a.Received == b.Received && a.Receiving == b.Receiving &&
		slices.Equal(a.Parts, b.Parts)
}

func identities(items []intake.Item) map[string]int {
	counted := map[string]int{}
	for _, item := range items {
		counted[item.Identity]++
	}
	return counted
}

// spoiled cuts, flips, repeats or removes something of a good file.
func spoiled(random *rand.Rand, content []byte) []byte {
	out := slices.Clone(content)
	at := random.IntN(len(out))
	switch random.IntN(5) {
	case 0:
		return out[:at]
	case 1:
		out[at] = byte(random.IntN(256))
	case 2:
		return slices.Delete(out, at, min(len(out), at+1+random.IntN(100)))
	case 3:
		return slices.Insert(out, at, out[at:min(len(out), at+1+random.IntN(200))]...)
	default:
		for range 20 {
			out[random.IntN(len(out))] = byte(' ' + random.IntN(95))
		}
	}
	return out
}

// survives reads a file of any bytes: whatever passes for good must hold together.
func (r Rail) survives(t *testing.T, content []byte) {
	t.Helper()
	_, problems := r.Format.Inspect(bytes.NewReader(content))
	if len(problems) > fault.ProblemsMax {
		t.Errorf("%d problems are told of one file", len(problems))
	}
	if fault.Judge(problems) != fault.Accept {
		return
	}
	_, err := r.Format.Items(bytes.NewReader(content), func(item intake.Item) error {
		var sum money.Cents
		for _, p := range item.Parts {
			sum += p.Amount
		}
		if sum != item.Amount || item.Amount <= 0 {
			t.Errorf("an item of %s has parts of %s:\n%s", item.Amount, sum, content)
		}
		return nil
	})
	if err != nil {
		t.Errorf("a file that was found good cannot be read: %v\n%s", err, content)
	}
}

// Outcome says in a line what a rail makes of a file: "3 items, 674.50", or the
// verdict with the place and field of the first problem.
func Outcome(format intake.Deposits, content []byte) string {
	_, problems := format.Inspect(bytes.NewReader(content))
	items, total := 0, money.Cents(0)
	if fault.Judge(problems) == fault.Accept {
		var err error
		problems, err = format.Items(bytes.NewReader(content), func(item intake.Item) error {
			items++
			total += item.Amount
			return nil
		})
		if err != nil {
			return err.Error()
		}
	}
	if verdict := fault.Judge(problems); verdict != fault.Accept {
		return fmt.Sprintf("%s, line %d, %s", verdict, problems[0].Line, problems[0].Field)
	}
	return fmt.Sprintf("%d items, %s", items, total)
}

// Take is told of each file of a folder and what its rail made of it.
type Take func(t *testing.T, name string, content []byte, outcome string)

// Importing imports each file and wants the import to end as the rail said.
func Importing(in *intake.Intake) Take {
	by := ident.Actor{Kind: ident.System, Name: "railtest"}
	return func(t *testing.T, name string, content []byte, outcome string) {
		result, err := in.Take(t.Context(), name, bytes.NewReader(content), by, nil)
		if err != nil {
			t.Fatal(err)
		}
		got := string(result.Verdict)
		if result.Tally != nil {
			got = fmt.Sprintf("%d items, %s", result.Tally.Items, result.Tally.Cents)
		}
		if !strings.HasPrefix(outcome, got) {
			t.Errorf("the import ended with %s (%v), and the rail says %s", got, result.Problems, outcome)
		}
	}
}

// Folder holds a rail against every file of a folder with an ending; the table
// must name them all. Take is told of each, to import it.
func Folder(t *testing.T, format intake.Deposits, folder, ending string, want map[string]string, take Take) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(folder, "*"+ending))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no files of %s in %s (%v)", ending, folder, err)
	}
	met := map[string]bool{}
	for _, path := range paths {
		name := filepath.Base(path)
		met[name] = true
		t.Run(name, func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			got := Outcome(format, content)
			if got != want[name] {
				t.Errorf("got %q, want %q", got, want[name])
			}
			take(t, name, content, got)
		})
	}
	for name := range want {
		if !met[name] {
			t.Errorf("%s is not in %s", name, folder)
		}
	}
}

// Samples is the folder of shared sample files of a kind, or "" when it is not
// at hand. Root leads to the repository's root.
func Samples(root, kind string) string {
	folder := os.Getenv("BILLFOLD_SAMPLES")
	if folder == "" {
		folder = filepath.Join(root, "..", "shared", "samples")
	}
	folder = filepath.Join(folder, kind)
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	return folder
}
