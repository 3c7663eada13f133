package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"
)

func leavesOf(n int) []TreeHash {
	leaves := make([]TreeHash, n)
	for i := range leaves {
		leaves[i] = SealLeaf(BookNo(1000000000+i), int64(i+1), Digest{byte(i)})
	}
	return leaves
}

// recursiveRoot is RFC 9162's definition, word for word.
func recursiveRoot(leaves []TreeHash) TreeHash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return leaves[0]
	default:
		split := 1
		for split*2 < n {
			split *= 2
		}
		return nodeHash(recursiveRoot(leaves[:split]), recursiveRoot(leaves[split:]))
	}
}

func TestTree_RootIsTheStandards(t *testing.T) {
	for n := range 130 {
		leaves := leavesOf(n)
		if got, want := rootOf(leaves), recursiveRoot(leaves); got != want {
			t.Errorf("the root of %d leaves is %x, want %x", n, got, want)
		}
	}
}

// The vectors are those of RFC 6962's reference implementation, whose tree is
// the same: leaves "", 00, 10, 2021, 3031, 40414243.
func TestTree_KnownRoots(t *testing.T) {
	inputs := [][]byte{{}, {0}, {0x10}, {0x20, 0x21}, {0x30, 0x31}, {0x40, 0x41, 0x42, 0x43}}
	roots := []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	}
	var tree Tree
	for i, in := range inputs {
		tree.Add(LeafHash(in))
		root := tree.Root()
		if got := hex.EncodeToString(root[:]); got != roots[i] {
			t.Errorf("the root of %d leaves is %s, want %s", i+1, got, roots[i])
		}
	}
}

func TestRootFrom_OnlyTheTrueLeafAtItsPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leaves := leavesOf(rapid.IntRange(1, 300).Draw(t, "leaves"))
		index := rapid.IntRange(0, len(leaves)-1).Draw(t, "index")
		root, path, size := rootOf(leaves), InclusionPath(leaves, index), int64(len(leaves))
		if got, err := RootFrom(leaves[index], int64(index), size, path); err != nil || got != root {
			t.Fatalf("leaf %d of %d: got %x, %v, want %x", index, size, got, err, root)
		}
		other := rapid.IntRange(0, len(leaves)-1).Filter(func(i int) bool { return i != index || size == 1 }).Draw(t, "other")
		if got, err := RootFrom(leaves[index], int64(other), size, path); size > 1 && err == nil && got == root {
			t.Fatalf("leaf %d proves at place %d of %d too", index, other, size)
		}
		changed := leaves[index]
		changed[rapid.IntRange(0, 31).Draw(t, "byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bit")
		if got, _ := RootFrom(changed, int64(index), size, path); got == root {
			t.Fatalf("a changed leaf %d of %d proves", index, size)
		}
		if _, err := RootFrom(leaves[index], int64(index), size, append(path, root)); err == nil {
			t.Fatalf("a path of %d steps proves in a tree of %d", len(path)+1, size)
		}
	})
}

func TestSealRange_NeverDecreases(t *testing.T) {
	for _, tc := range []struct {
		book BookNo
		want int
	}{
		{1, 0}, {999_999_999, 0}, {1_000_000_000, 1}, {9_999_999_999, 21}, {10_000_000_000, 22}, {99_999_999_999, 42},
		{100_000_000_000, 43}, {999_999_999_999, 63}, {1_000_000_000_000, 63},
	} {
		if got := SealRange(tc.book); got != tc.want {
			t.Errorf("the range of %d is %d, want %d", tc.book, got, tc.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		book := rapid.Int64Range(1, 1_100_000_000_000)
		a, b := BookNo(book.Draw(t, "a")), BookNo(book.Draw(t, "b"))
		if a > b {
			a, b = b, a
		}
		if SealRange(a) > SealRange(b) {
			t.Fatalf("%d is in range %d, after %d of the higher %d", a, SealRange(a), SealRange(b), b)
		}
	})
}

func TestSealRangeBooks_MeetWithoutGap(t *testing.T) {
	next := BookNo(1)
	for no := range SealRanges {
		first, last := SealRangeBooks(no)
		if first != next || SealRange(first) != no || SealRange(last) != no {
			t.Errorf("range %d is %d to %d, which are of ranges %d and %d; want it to begin at %d",
				no, first, last, SealRange(first), SealRange(last), next)
		}
		next = last + 1
	}
}
