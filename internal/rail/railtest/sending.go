package railtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/billfold/billfold/internal/base/money"
)

// ErrKilled ends an act where the process is killed.
var ErrKilled = errors.New("killed here")

// Kill is a process that is killed at its n-th act of writing, before or after that was
// carried out. The zero Kill never is.
type Kill struct {
	At    int
	After bool
	mu    sync.Mutex
	acts  int
}

// Act carries out an act of writing, unless the process is killed at it.
func (k *Kill) Act(do func() error) error {
	k.mu.Lock()
	k.acts++
	now := k.acts == k.At
	k.mu.Unlock()
	if now && !k.After {
		return ErrKilled
	}
	if err := do(); err != nil {
		return err
	}
	if now {
		return ErrKilled
	}
	return nil
}

// Sending is an office over a rail that sends, under test.
type Sending interface {
	// Order wishes an entry; the same key is the same entry.
	Order(key string, cents money.Cents)
	// Send makes the files of everything ordered and lets them go. Every act of writing
	// goes through the kill. Called again it goes on where it was killed.
	Send(k *Kill) error
	// Placed tells what stands in the files that went out, by key and entry.
	Placed() map[string][]money.Cents
	// Posted tells what stands as paid, by key; nothing for what came back.
	Posted() map[string]money.Cents
	// Returns writes a file that brings entries back, for good. No two are the same.
	Returns(keys ...string) []byte
	// Take takes a file that came.
	Take(content []byte, k *Kill) error
}

// Send runs the suite of rails that send: each entry goes out once and is posted once,
// what comes back is taken back once, whatever is repeated, broken or killed. It opens an
// office for each part, and needs wantKills places at least at which to kill.
func Send(t *testing.T, open func(t *testing.T) Sending, wantKills int) {
	t.Run("repeats", func(t *testing.T) { repeats(t, open(t)) })
	t.Run("garbage", func(t *testing.T) { garbage(t, open(t)) })
	t.Run("kills", func(t *testing.T) { kills(t, open(t), wantKills) })
}

func repeats(t *testing.T, s Sending) {
	for range 2 {
		s.Order("a", 100)
		s.Order("b", 250)
		send(t, s)
	}
	stands(t, s, map[string]money.Cents{"a": 100, "b": 250}, 1)
	back := s.Returns("a")
	take(t, s, back)
	take(t, s, back)
	take(t, s, s.Returns("a"))
	stands(t, s, map[string]money.Cents{"b": 250}, 1)
}

// garbage spoils a file of returns in many ways: it is refused, or does what it says,
// and never anything else.
func garbage(t *testing.T, s Sending) {
	s.Order("a", 100)
	s.Order("b", 250)
	send(t, s)
	content := s.Returns("a")
	random := rand.New(rand.NewPCG(2, 2))
	for range 60 {
		if err := s.Take(spoiled(random, content), &Kill{}); err != nil {
			t.Fatalf("a spoiled file stopped the office: %v", err)
		}
	}
	posted := s.Posted()
	if posted["b"] != 250 || posted["a"] != 0 && posted["a"] != 100 {
		t.Errorf("spoiled files left %v", posted)
	}
}

// kills kills the office at each act in turn, sends on, and counts at the end.
func kills(t *testing.T, s Sending, want int) {
	stands := map[string]money.Cents{}
	rounds := 0
	for at, whole := 1, false; !whole; at++ {
		for _, after := range []bool{false, true} {
			kept, gone := fmt.Sprintf("kept-%d", rounds), fmt.Sprintf("gone-%d", rounds)
			cents := money.Cents(1000 + rounds)
			s.Order(kept, cents)
			s.Order(gone, cents)
			sending := killed(t, func(k *Kill) error { return s.Send(k) }, at, after)
			send(t, s)
			back := s.Returns(gone)
			taking := killed(t, func(k *Kill) error { return s.Take(back, k) }, at, after)
			take(t, s, back)
			stands[kept] = cents
			whole = !sending && !taking
			rounds++
		}
	}
	if rounds < want {
		t.Errorf("only %d kills were made, want %d", rounds, want)
	}
	posted, placed := s.Posted(), s.Placed()
	for round := range rounds {
		kept, gone := fmt.Sprintf("kept-%d", round), fmt.Sprintf("gone-%d", round)
		if posted[kept] != stands[kept] || posted[gone] != 0 {
			t.Errorf("round %d: %s stands of what was kept, %s of what came back", round, posted[kept], posted[gone])
		}
		if len(placed[kept]) != 1 || len(placed[gone]) != 1 {
			t.Errorf("round %d: the entries went out %d and %d times", round, len(placed[kept]), len(placed[gone]))
		}
	}
}

// killed reports whether the act was killed.
func killed(t *testing.T, act func(k *Kill) error, at int, after bool) bool {
	t.Helper()
	err := act(&Kill{At: at, After: after})
	if err != nil && !errors.Is(err, ErrKilled) {
		t.Fatal(err)
	}
	return err != nil
}

func send(t *testing.T, s Sending) {
	t.Helper()
	if err := s.Send(&Kill{}); err != nil {
		t.Fatal(err)
	}
}

func take(t *testing.T, s Sending, content []byte) {
	t.Helper()
	if err := s.Take(content, &Kill{}); err != nil {
		t.Fatal(err)
	}
}

func stands(t *testing.T, s Sending, want map[string]money.Cents, times int) {
	t.Helper()
	posted := s.Posted()
	for key, cents := range want {
		if posted[key] != cents {
			t.Errorf("%s: %s stands as paid, want %s", key, posted[key], cents)
		}
	}
	for key, cents := range posted {
		if cents != want[key] {
			t.Errorf("%s: %s stands as paid, want %s", key, cents, want[key])
		}
	}
	for key, entries := range s.Placed() {
		if len(entries) != times {
			t.Errorf("%s went out %d times, want %d", key, len(entries), times)
		}
	}
}
