package audit

import (
	"context"
	"iter"
	"sync"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
)

var clerk = ident.Actor{Kind: ident.Staff, Name: "jlee"}

// shelf is a trail in memory that can lose a race.
type shelf struct {
	mu      sync.Mutex
	entries []Entry
	races   int // how often AppendAudit fails before it works
}

func (s *shelf) AuditHeads(_ context.Context, books []ledger.BookNo) (map[ledger.BookNo]Head, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	heads := map[ledger.BookNo]Head{}
	for _, e := range s.entries {
		heads[e.Book] = Head{e.No, e.Digest}
	}
	return heads, nil
}

func (s *shelf) AppendAudit(_ context.Context, entries []Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.races > 0 {
		s.races--
		return ErrStale
	}
	for _, e := range entries {
		for _, known := range s.entries {
			if known.Book == e.Book && known.No == e.No {
				return ErrStale
			}
		}
	}
	s.entries = append(s.entries, entries...)
	return nil
}

func (s *shelf) all() iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for _, e := range s.entries {
			if !yield(e, nil) {
				return
			}
		}
	}
}

func recorded(t *testing.T, races int) *shelf {
	t.Helper()
	s := &shelf{races: races}
	access, err := By(clerk, "a call", "console")
	if err != nil {
		t.Fatal(err)
	}
	trail := New(s, clock.At(time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)))
	for range 3 {
		if err := trail.Record(context.Background(), access, ReadAccount, 1000000005); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestBy_NeedsActorAndReason(t *testing.T) {
	for name, try := range map[string]func() (Access, error){
		"no actor":  func() (Access, error) { return By(ident.Actor{}, "a call", "") },
		"no reason": func() (Access, error) { return By(clerk, "", "") },
	} {
		if _, err := try(); fault.KindOf(err) != fault.Denied {
			t.Errorf("%s: got %v, want denied", name, err)
		}
	}
	err := New(&shelf{}, clock.System{}).Record(context.Background(), Access{}, ReadAccount)
	if fault.KindOf(err) != fault.Denied {
		t.Errorf("the zero Access: got %v, want denied", err)
	}
}

func TestRecord_ChainsAgainAfterALostRace(t *testing.T) {
	s := recorded(t, 2)
	if n, err := Prove(s.all()); err != nil || n != 3 {
		t.Errorf("got %d proved and %v, want 3", n, err)
	}
}

func TestRecordAfter_ContinuesTheTrailWhateverHeadWasRead(t *testing.T) {
	s := recorded(t, 0)
	access, err := By(clerk, "a call", "api")
	if err != nil {
		t.Fatal(err)
	}
	trail := New(s, clock.At(time.Date(2026, time.November, 23, 15, 0, 0, 0, time.UTC)))
	last := s.entries[2]
	for what, head := range map[string]Head{
		"as it stands": {last.No, last.Digest}, "an old one": {s.entries[0].No, s.entries[0].Digest}, "none": {},
	} {
		if err := trail.RecordAfter(context.Background(), access, MatchGuest, 1000000005, head); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
	if n, err := Prove(s.all()); err != nil || n != 6 {
		t.Errorf("got %d proved and %v, want 6", n, err)
	}
	if err := trail.RecordAfter(context.Background(), Access{}, MatchGuest, 1000000005, Head{}); fault.KindOf(err) != fault.Denied {
		t.Errorf("the zero Access: got %v, want denied", err)
	}
}

// Callers who record at the same time share a transaction; each entry follows
// the one before it.
func TestRecord_ManyAtOnceKeepTheChain(t *testing.T) {
	s := &shelf{}
	access, err := By(clerk, "a call", "api")
	if err != nil {
		t.Fatal(err)
	}
	trail := New(s, clock.System{})
	var callers sync.WaitGroup
	for range 64 {
		callers.Go(func() {
			if err := trail.Record(context.Background(), access, ReadAccount, 1000000005); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if n, err := Prove(s.all()); err != nil || n != 64 {
		t.Errorf("got %d proved and %v, want 64", n, err)
	}
}

func TestProve_NamesTheFirstBrokenEntry(t *testing.T) {
	for situation, tamper := range map[string]func(s *shelf){
		"another reason":       func(s *shelf) { s.entries[1].Reason = "curiosity" },
		"another actor":        func(s *shelf) { s.entries[1].Actor.Name = "kim" },
		"another time":         func(s *shelf) { s.entries[1].At = s.entries[1].At.Add(time.Microsecond) },
		"moved to another":     func(s *shelf) { s.entries[1].Book++ },
		"an entry is missing":  func(s *shelf) { s.entries = append(s.entries[:1], s.entries[2:]...) },
		"an entry is repeated": func(s *shelf) { s.entries[1] = s.entries[0] },
	} {
		s := recorded(t, 0)
		tamper(s)
		if n, err := Prove(s.all()); fault.KindOf(err) != fault.Corrupt || n != 1 {
			t.Errorf("%s: got %d proved and %v, want it found after one", situation, n, err)
		}
	}
}
