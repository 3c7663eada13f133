package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
)

// TreeHash is a node of a Merkle tree as RFC 9162, section 2.1, defines it:
// leaves and inner nodes are hashed under different prefixes, so that no node
// passes for a leaf.
type TreeHash [sha256.Size]byte

const (
	leafPrefix = 0
	nodePrefix = 1
)

// LeafHash hashes what a leaf stands for.
func LeafHash(data []byte) TreeHash {
	return sha256.Sum256(append([]byte{leafPrefix}, data...))
}

// SealLeaf is the leaf of one transaction: its place and its link of the
// book's chain, which covers everything else.
func SealLeaf(book BookNo, seq int64, link Digest) TreeHash {
	b := make([]byte, 0, 16+len(link))
	b = binary.BigEndian.AppendUint64(b, uint64(book))
	b = binary.BigEndian.AppendUint64(b, uint64(seq))
	return LeafHash(append(b, link[:]...))
}

func nodeHash(left, right TreeHash) TreeHash {
	var b [1 + 2*sha256.Size]byte
	b[0] = nodePrefix
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// Tree reckons a Merkle root while leaves arrive. It keeps one hash per set bit
// of its size, whatever that size. The zero Tree is empty.
type Tree struct {
	size  uint64
	peaks []TreeHash // of the perfect subtrees, the largest first
}

// Add appends a leaf.
func (t *Tree) Add(leaf TreeHash) {
	for filled := t.size; filled&1 == 1; filled >>= 1 {
		last := len(t.peaks) - 1
		leaf = nodeHash(t.peaks[last], leaf)
		t.peaks = t.peaks[:last]
	}
	t.peaks = append(t.peaks, leaf)
	t.size++
}

// Size counts the leaves.
func (t *Tree) Size() int64 { return int64(t.size) }

// Root is the tree's root; an empty tree's is the hash of nothing.
func (t *Tree) Root() TreeHash {
	if t.size == 0 {
		return sha256.Sum256(nil)
	}
	root := t.peaks[len(t.peaks)-1]
	for i := len(t.peaks) - 2; i >= 0; i-- {
		root = nodeHash(t.peaks[i], root)
	}
	return root
}

// InclusionPath gives the hashes that lead from the leaf at index to the root,
// from the leaf upward. The index must be one of leaves.
func InclusionPath(leaves []TreeHash, index int) []TreeHash {
	if len(leaves) <= 1 {
		return nil
	}
	split := 1 << (bits.Len(uint(len(leaves)-1)) - 1) // the largest power of two below the size
	if index < split {
		return append(InclusionPath(leaves[:split], index), rootOf(leaves[split:]))
	}
	return append(InclusionPath(leaves[split:], index-split), rootOf(leaves[:split]))
}

func rootOf(leaves []TreeHash) TreeHash {
	var t Tree
	for _, l := range leaves {
		t.Add(l)
	}
	return t.Root()
}

// RootFrom reckons the root of a tree of size leaves from one leaf and its
// inclusion path (RFC 9162, section 2.1.3.2). It fails when the path cannot
// belong to a leaf at that place.
func RootFrom(leaf TreeHash, index, size int64, path []TreeHash) (TreeHash, error) {
	if index < 0 || index >= size {
		return TreeHash{}, fmt.Errorf("leaf %d is not one of %d", index, size)
	}
	at, last := index, size-1
	for _, sibling := range path {
		if last == 0 {
			return TreeHash{}, fmt.Errorf("the path is too long for %d leaves", size)
		}
		if at&1 == 1 || at == last {
			leaf = nodeHash(sibling, leaf)
			for at&1 == 0 && at != 0 {
				at, last = at>>1, last>>1
			}
		} else {
			leaf = nodeHash(leaf, sibling)
		}
		at, last = at>>1, last>>1
	}
	if last != 0 {
		return TreeHash{}, fmt.Errorf("the path is too short for %d leaves", size)
	}
	return leaf, nil
}

// SealRanges is the number of ranges into which a seal divides the books, so
// that an inclusion proof rebuilds a small part of a close and not the whole.
const SealRanges = 1 + 3*rangesPerLength

const rangesPerLength = 21

// SealRange gives the range of a book: 0 for operating books, then 21 ranges
// for each length of a bill pay number (10, 11 and 12 digits) by its leading
// digits. It never decreases from one number to a higher one, so books in order
// of number come range by range. The division is fixed for ever.
func SealRange(book BookNo) int {
	first := int64(FirstBillingBook)
	for length := range 3 {
		if int64(book) < first {
			break
		}
		width := 9 * first
		if int64(book) < first+width {
			return 1 + length*rangesPerLength + int((int64(book)-first)*rangesPerLength/width)
		}
		first *= 10
	}
	if book.IsOperating() {
		return 0
	}
	return SealRanges - 1
}

// SealRangeBooks gives the lowest and the highest number of a range.
func SealRangeBooks(no int) (first, last BookNo) {
	if no <= 0 {
		return 1, FirstBillingBook - 1
	}
	if no >= SealRanges-1 {
		last = math.MaxInt64
	} else {
		last = lowestOf(no+1) - 1
	}
	return lowestOf(no), last
}

func lowestOf(no int) BookNo {
	first := int64(FirstBillingBook)
	for range (no - 1) / rangesPerLength {
		first *= 10
	}
	within := int64((no - 1) % rangesPerLength)
	return BookNo(first + (within*9*first+rangesPerLength-1)/rangesPerLength)
}
