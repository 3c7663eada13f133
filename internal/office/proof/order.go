package proof

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"os"
	"slices"

	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// answer is one transaction that a claim says carried it out.
type answer struct {
	book   ledger.BookNo
	seq    int64
	part   int64 // its place in the claim's answer, from 0
	act    payment.Act
	claim  payment.ID
	digest ledger.DocDigest // the claim's; covered by the transaction of part 0
}

// Claims are stored by id and needed in the order of their transactions. That
// order is made outside memory: runs are sorted and spilled to one unnamed
// temporary file, then merged.
const (
	runMax     = 1 << 18 // answers sorted in memory: 30 MB
	actSize    = 16
	idSize     = 26
	answerSize = 3*8 + actSize + idSize + len(ledger.DocDigest{})
)

// order sorts answers by book and sequence number in bounded memory.
type order struct {
	run   []answer
	spill *os.File
	ends  []int64 // where each spilled run ends in the file
}

func (a answer) compare(b answer) int {
	return cmp.Or(cmp.Compare(a.book, b.book), cmp.Compare(a.seq, b.seq), cmp.Compare(a.claim, b.claim), cmp.Compare(a.part, b.part))
}

func (o *order) add(a answer) error {
	if len(o.run) == runMax {
		if err := o.flush(); err != nil {
			return err
		}
	}
	o.run = append(o.run, a)
	return nil
}

func (o *order) flush() error {
	if o.spill == nil {
		file, err := os.CreateTemp("", "billfold-verify-*")
		if err != nil {
			return err
		}
		o.spill = file
		// Without a name nobody else opens it, and it goes when the process does.
		if err := os.Remove(file.Name()); err != nil {
			return err
		}
	}
	slices.SortFunc(o.run, answer.compare)
	out := bufio.NewWriterSize(o.spill, 1<<20)
	var b []byte
	for _, a := range o.run {
		b = a.encode(b[:0])
		if _, err := out.Write(b); err != nil {
			return err
		}
	}
	if err := out.Flush(); err != nil {
		return err
	}
	end, err := o.spill.Seek(0, io.SeekCurrent)
	o.ends, o.run = append(o.ends, end), o.run[:0]
	return err
}

func (o *order) close() error {
	if o.spill == nil {
		return nil
	}
	return o.spill.Close()
}

// sorted gives every answer that was added, in order.
func (o *order) sorted() iter.Seq2[answer, error] {
	return func(yield func(answer, error) bool) {
		slices.SortFunc(o.run, answer.compare)
		runs := mergedRuns{&sortedRun{memory: o.run}}
		start := int64(0)
		for _, end := range o.ends {
			runs = append(runs, &sortedRun{file: bufio.NewReaderSize(io.NewSectionReader(o.spill, start, end-start), 1<<16)})
			start = end
		}
		for _, r := range runs {
			r.advance()
		}
		for heap.Init(&runs); ; heap.Fix(&runs, 0) {
			first := runs[0]
			if first.err != nil {
				if !errors.Is(first.err, io.EOF) {
					yield(answer{}, first.err)
				}
				return
			}
			if !yield(first.head, nil) {
				return
			}
			first.advance()
		}
	}
}

// sortedRun is a run in memory or in the file.
type sortedRun struct {
	memory []answer
	file   *bufio.Reader
	head   answer
	err    error // io.EOF after the last
}

func (r *sortedRun) advance() {
	if r.file != nil {
		var b [answerSize]byte
		if _, r.err = io.ReadFull(r.file, b[:]); r.err == nil {
			r.head = decodeAnswer(b[:])
		}
		return
	}
	if len(r.memory) == 0 {
		r.err = io.EOF
		return
	}
	r.head, r.memory = r.memory[0], r.memory[1:]
}

// mergedRuns is a heap of runs by their heads; a failed run comes first, so that
// its error is met, and an ended one last.
type mergedRuns []*sortedRun

func (m mergedRuns) Len() int      { return len(m) }
func (m mergedRuns) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m mergedRuns) Less(i, j int) bool {
	a, b := m[i], m[j]
	if a.err != nil || b.err != nil {
		return rank(a.err) < rank(b.err)
	}
	return a.head.compare(b.head) < 0
}

func rank(err error) int {
	switch {
	case err == nil:
		return 1
	case errors.Is(err, io.EOF):
		return 2
	}
	return 0
}

func (m *mergedRuns) Push(x any) { *m = append(*m, x.(*sortedRun)) }
func (m *mergedRuns) Pop() any {
	last := len(*m) - 1
	r := (*m)[last]
	*m = (*m)[:last]
	return r
}

func (a answer) encode(b []byte) []byte {
	for _, n := range []int64{int64(a.book), a.seq, a.part} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, fixed(string(a.act), actSize)...)
	b = append(b, fixed(string(a.claim), idSize)...)
	return append(b, a.digest[:]...)
}

func fixed(s string, size int) []byte {
	b := make([]byte, size)
	copy(b, s)
	return b
}

func decodeAnswer(b []byte) answer {
	var a answer
	a.book = ledger.BookNo(binary.BigEndian.Uint64(b))
	a.seq = int64(binary.BigEndian.Uint64(b[8:]))
	a.part = int64(binary.BigEndian.Uint64(b[16:]))
	b = b[24:]
	a.act = payment.Act(bytes.TrimRight(b[:actSize], "\x00"))
	a.claim = payment.ID(bytes.TrimRight(b[actSize:actSize+idSize], "\x00"))
	copy(a.digest[:], b[actSize+idSize:])
	return a
}
