package post

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"path"

	"github.com/billfold/billfold/internal/base/fault"
)

// Plan says what goes wrong with documents, how often. An empty plan is a post that
// never fails.
type Plan struct {
	Seed      uint64  `json:"seed"`
	Documents []Fault `json:"documents,omitempty"` // the first whose kind fits a document counts
}

// Fault is what may befall documents of a kind. Shares are from 0 to 1 and add up to
// 1 at most.
type Fault struct {
	// Kind is a document's kind such as "lockbox"; "*" stands for any characters.
	Kind string `json:"kind"`
	// Nth names the documents of the kind that are hit, counted from 1, instead of
	// shares: {"kind": "lockbox", "nth": [2], "duplicated": 1}.
	Nth        []int   `json:"nth,omitempty"`
	Lost       float64 `json:"lost,omitempty"`       // never comes, until it is asked for again
	Late       float64 `json:"late,omitempty"`       // comes Days banking days later
	Duplicated float64 `json:"duplicated,omitempty"` // comes twice, the second time under another name
	Reordered  float64 `json:"reordered,omitempty"`  // comes after the next one of its kind
	Partial    float64 `json:"partial,omitempty"`    // ends in its middle
	Garbage    float64 `json:"garbage,omitempty"`    // has bytes in it that belong to nothing
	Days       int     `json:"days,omitempty"`       // of a late one; 1 when left out
}

// Fate is what befalls one document.
type Fate string

// The fates.
const (
	Well       Fate = ""
	Lost       Fate = "lost"
	Late       Fate = "late"
	Duplicated Fate = "duplicated"
	Reordered  Fate = "reordered"
	Partial    Fate = "partial"
	Garbage    Fate = "garbage"
)

const planMax = 64 << 10

// ReadPlan reads a fault plan from JSON and refuses what it does not know.
func ReadPlan(source io.Reader) (Plan, error) {
	const op = "post.ReadPlan"
	text, err := io.ReadAll(io.LimitReader(source, planMax+1))
	if err != nil {
		return Plan{}, fault.New(fault.Unavailable, op, "the fault plan cannot be read: %v", err)
	}
	if len(text) > planMax {
		return Plan{}, fault.New(fault.Limit, op, "the fault plan is larger than %d bytes", planMax)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return Plan{}, fault.New(fault.Invalid, op, "the fault plan is not well formed: %v", err)
	}
	if decoder.More() {
		return Plan{}, fault.New(fault.Invalid, op, "something follows the fault plan")
	}
	return p, p.Check()
}

// Check refuses a plan that cannot be carried out, with fault.Invalid.
func (p Plan) Check() error {
	for i, f := range p.Documents {
		if _, err := path.Match(f.Kind, ""); err != nil || f.Kind == "" {
			return fault.New(fault.Invalid, "post.ReadPlan", "documents, entry %d: the kind %q is no pattern", i+1, f.Kind)
		}
		sum := 0.0
		for _, share := range f.shares() {
			if share.part < 0 {
				return fault.New(fault.Invalid, "post.ReadPlan", "documents, entry %d: a share is below 0", i+1)
			}
			sum += share.part
		}
		if sum > 1 || f.Days < 0 {
			return fault.New(fault.Invalid, "post.ReadPlan",
				"documents, entry %d: the shares are above 1 in all, or days below 0", i+1)
		}
	}
	return nil
}

type share struct {
	fate Fate
	part float64
}

func (f Fault) shares() []share {
	return []share{
		{Lost, f.Lost}, {Late, f.Late}, {Duplicated, f.Duplicated}, {Reordered, f.Reordered}, {Partial, f.Partial},
		{Garbage, f.Garbage},
	}
}

// fate draws what befalls the n-th document of a kind, counted from 1. The draw does
// not depend on the plan's entries, so that an added one does not move the others.
func (p Plan) fate(kind string, n int) (Fate, Fault) {
	at := p.dice(kind, n).Float64()
	for _, f := range p.Documents {
		if ok, err := path.Match(f.Kind, kind); !ok || err != nil {
			continue
		}
		if !f.meets(n) {
			continue
		}
		for _, s := range f.shares() {
			if at < s.part {
				return s.fate, f
			}
			at -= s.part
		}
		return Well, f
	}
	return Well, Fault{}
}

func (f Fault) meets(n int) bool {
	for _, nth := range f.Nth {
		if nth == n {
			return true
		}
	}
	return len(f.Nth) == 0
}

// dice gives the chance of the n-th document of a kind.
func (p Plan) dice(kind string, n int) *rand.Rand {
	sum := fnv.New64a()
	io.WriteString(sum, kind)
	return rand.New(rand.NewPCG(p.Seed, sum.Sum64()+uint64(n)*0x9E3779B97F4A7C15))
}
