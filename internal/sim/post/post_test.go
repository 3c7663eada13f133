package post_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/sim/post"
)

var monday = calendar.MustParse("2026-11-23")

func open(t *testing.T, dir string, box post.Mailbox, plan post.Plan) *post.Office {
	t.Helper()
	p, err := post.Open(post.Options{Dir: dir, Mailbox: box, Plan: plan, Today: monday})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func document(n int) post.Document {
	return post.Document{Kind: "lockbox", Name: fmt.Sprintf("box-%d.bai", n), Day: monday, Content: bytes.Repeat([]byte("record of a file\n"), 20)}
}

func send(t *testing.T, p *post.Office, from, to int) {
	t.Helper()
	for n := from; n <= to; n++ {
		if err := p.Deliver(document(n)); err != nil {
			t.Fatal(err)
		}
	}
}

func names(box *post.Memory) (names []string) {
	for _, f := range box.Take() {
		names = append(names, f.Name)
	}
	return names
}

func TestDeliver_DealsEachFate(t *testing.T) {
	whole := document(1).Content
	for fate, tc := range map[string]struct {
		now, later []string
		whole      bool
	}{
		"":           {[]string{"box-1.bai", "box-2.bai"}, nil, true},
		"lost":       {[]string{"box-2.bai"}, nil, true},
		"late":       {[]string{"box-2.bai"}, []string{"box-1.bai"}, true},
		"duplicated": {[]string{"box-1.bai", "box-1-2.bai", "box-2.bai"}, nil, true},
		"reordered":  {[]string{"box-2.bai", "box-1.bai"}, nil, true},
		"partial":    {[]string{"box-1.bai", "box-2.bai"}, nil, false},
		"garbage":    {[]string{"box-1.bai", "box-2.bai"}, nil, false},
	} {
		var plan post.Plan
		if fate != "" {
			var err error
			if plan, err = post.ReadPlan(strings.NewReader(fmt.Sprintf(`{"seed":1,"documents":[{"kind":"lock*","nth":[1],%q:1}]}`, fate))); err != nil {
				t.Fatal(err)
			}
		}
		var box post.Memory
		p := open(t, "", &box, plan)
		send(t, p, 1, 2)
		send(t, p, 1, 2) // again: nothing happens
		arrived := box.Take()
		var have []string
		for _, f := range arrived {
			have = append(have, f.Name)
			if f.Name == "box-1.bai" && bytes.Equal(f.Content, whole) != tc.whole {
				t.Errorf("%s: arrived as %q", fate, f.Content)
			}
		}
		if !slices.Equal(have, tc.now) {
			t.Errorf("%s: %v arrived", fate, have)
		}
		if err := p.Day(monday.AddDays(1)); err != nil {
			t.Fatal(err)
		}
		if have := names(&box); !slices.Equal(have, tc.later) {
			t.Errorf("%s: %v arrived a day later", fate, have)
		}
		planted := p.Planted()
		if (fate == "") != (len(planted) == 0) || len(planted) == 1 && string(planted[0].Fault) != fate {
			t.Errorf("%s: planted %v", fate, planted)
		}
	}
}

func TestResend_GivesWhatWasMade(t *testing.T) {
	var box post.Memory
	p := open(t, "", &box, post.Plan{Documents: []post.Fault{{Kind: "*", Nth: []int{1}, Lost: 1}, {Kind: "*", Nth: []int{2}, Garbage: 1}}})
	send(t, p, 1, 2)
	box.Take()
	for n, want := range map[int]string{1: "box-1.bai", 2: "box-2-2.bai"} {
		as, err := p.Resend(document(n).Name)
		if err != nil || as != want {
			t.Errorf("sent again as %s: %v", as, err)
		}
		if files := box.Take(); len(files) != 1 || !bytes.Equal(files[0].Content, document(n).Content) {
			t.Errorf("%d came again as %v", n, files)
		}
	}
	if _, err := p.Resend("other"); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown document was sent: %v", err)
	}
}

// The same documents meet the same fates, whether the process was killed or not, and
// an entry that fits none of them changes nothing.
func TestDeliver_IsDeterministic(t *testing.T) {
	plan := post.Plan{Seed: 42, Documents: []post.Fault{{Kind: "lockbox", Lost: 0.2, Late: 0.2, Days: 2, Duplicated: 0.2}}}
	var box post.Memory
	whole := open(t, "", &box, plan)
	send(t, whole, 1, 60)

	dir := t.TempDir()
	parted := open(t, dir, &box, plan)
	send(t, parted, 1, 25)
	parted.Close()
	parted = open(t, dir, &box, plan)
	send(t, parted, 20, 60)
	if a, b := whole.Planted(), parted.Planted(); !slices.Equal(a, b) || len(a) < 15 || len(a) > 55 {
		t.Errorf("planted %d and %d faults, or not the same", len(a), len(b))
	}
	plan.Documents = append([]post.Fault{{Kind: "statement", Lost: 1}}, plan.Documents...)
	other := open(t, "", &box, plan)
	send(t, other, 1, 60)
	if !slices.Equal(whole.Planted(), other.Planted()) {
		t.Error("an entry for another kind moved the faults")
	}
}

type full struct{}

func (full) Place(string, string, []byte) error {
	return fault.New(fault.Unavailable, "", "the disk is full")
}

func TestOpen_PlacesWhatAKillKeptBack(t *testing.T) {
	dir := t.TempDir()
	p := open(t, dir, full{}, post.Plan{})
	if err := p.Deliver(document(1)); err == nil {
		t.Fatal("the mailbox did not fail")
	}
	p.Close()
	var box post.Memory
	p = open(t, dir, &box, post.Plan{})
	if have := names(&box); !slices.Equal(have, []string{"box-1.bai"}) {
		t.Errorf("%v arrived", have)
	}
	p.Close()
	open(t, dir, &box, post.Plan{})
	if have := names(&box); len(have) != 0 {
		t.Errorf("%v arrived again", have)
	}
}

func TestReadPlan_Refuses(t *testing.T) {
	for _, bad := range []string{
		`{"documents":[{"kind":"","lost":1}]}`, `{"documents":[{"kind":"[","lost":1}]}`, `{"documents":[{"kind":"a","lost":0.6,"late":0.6}]}`,
		`{"documents":[{"kind":"a","lost":-1}]}`, `{"document":[]}`, `{} {}`, ``, `{"documents":[{"kind":"a","late":1,"days":-1}]}`,
	} {
		if _, err := post.ReadPlan(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
