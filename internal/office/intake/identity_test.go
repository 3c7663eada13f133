package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

func TestOrdinals_CountAsAMapDoes(t *testing.T) {
	draw := rand.New(rand.NewPCG(7, 7))
	var have ordinals
	want := map[uint64]uint32{}
	for i := range 50_000 {
		var hash [sha256.Size]byte
		// Every fourth comes from few enough values to come again, and many
		// share their low bits, where the search for a slot begins.
		short := draw.Uint64()
		if i%4 == 0 {
			short = uint64(draw.IntN(500)) << 32
		}
		binary.BigEndian.PutUint64(hash[:8], short)
		short = max(1, short) // a hash of zero counts as one
		want[short]++
		if got := have.next(&hash); got != want[short] {
			t.Fatalf("item %d with hash %x got the ordinal %d, want %d", i, short, got, want[short])
		}
	}
	if len(have.slots) > 4*have.used {
		t.Errorf("%d slots for %d hashes", len(have.slots), have.used)
	}
}
