package intake

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"

	"github.com/billfold/billfold/internal/base/ident"
)

// ordinals counts items of one file that the rail cannot tell apart, so that
// two genuine identical cheques have two keys. It holds eight bytes of each
// identity's hash: two identities that share them only make a key's ordinal
// start higher, in the same way in every pass over the file.
//
// It is a table of hashes with open addressing, at most three quarters full: a
// map of a million items would hold three times the memory.
type ordinals struct {
	slots []uint64 // 0 is an empty slot
	used  int
	more  map[uint64]uint32 // how often, for those seen more than once
}

func (o *ordinals) next(hash *[sha256.Size]byte) uint32 {
	short := max(1, binary.BigEndian.Uint64(hash[:8]))
	if 4*(o.used+1) > 3*len(o.slots) {
		o.grow()
	}
	if o.put(short) {
		o.used++
		return 1
	}
	if o.more == nil {
		o.more = map[uint64]uint32{}
	}
	o.more[short]++
	return o.more[short] + 1
}

// put is false when the hash is there already.
func (o *ordinals) put(short uint64) bool {
	mask := uint64(len(o.slots) - 1)
	for at := short & mask; ; at = (at + 1) & mask {
		switch o.slots[at] {
		case short:
			return false
		case 0:
			o.slots[at] = short
			return true
		}
	}
}

func (o *ordinals) grow() {
	before := o.slots
	o.slots = make([]uint64, max(1024, 2*len(before)))
	for _, short := range before {
		if short != 0 {
			o.put(short)
		}
	}
}

func identityHash(item *Item) [sha256.Size]byte {
	return sha256.Sum256([]byte(item.Identity))
}

// keyOf makes the idempotency key of an item: the format's own identity and the
// ordinal among identical items of the file.
func keyOf(item *Item, hash *[sha256.Size]byte, ordinal uint32) ident.Key {
	return ident.Key(fmt.Sprintf("%s:%s:%d", item.Rail, hex.EncodeToString(hash[:16]), ordinal))
}

// KeyOf gives the idempotency key under which an item posts: the n-th, from 1, of those
// of its file that the rail cannot tell apart. So another reader of the same file
// finds the payment that an item became.
func KeyOf(item *Item, n uint32) ident.Key {
	hash := identityHash(item)
	return keyOf(item, &hash, n)
}

// itemIdentity is the identity of a business file: its header, and a sum over its
// items that does not depend on their order. The sum is of hashes, modulo 2^256.
type itemIdentity struct {
	sender [sha256.Size]byte // of the header
	sum    [4]uint64
	seen   ordinals
}

func newItemIdentity(sender string) *itemIdentity {
	return &itemIdentity{sender: sha256.Sum256([]byte(sender))}
}

func (id *itemIdentity) add(item *Item) {
	identity := identityHash(item)
	b := make([]byte, 0, 128)
	b = append(b, identity[:]...)
	b = binary.BigEndian.AppendUint32(b, id.seen.next(&identity))
	b = binary.BigEndian.AppendUint64(b, uint64(item.Amount))
	b = append(b, item.Received.String()...)
	for _, p := range item.Parts {
		b = append(b, 0)
		b = append(b, p.Reference...)
		b = binary.BigEndian.AppendUint64(b, uint64(p.Amount))
	}
	hash := sha256.Sum256(b)
	carry := uint64(0)
	for i := 3; i >= 0; i-- {
		word := binary.BigEndian.Uint64(hash[8*i:])
		before := id.sum[i]
		id.sum[i] = before + word + carry
		if id.sum[i] < before || (carry == 1 && id.sum[i] == before) {
			carry = 1
		} else {
			carry = 0
		}
	}
}

func (id *itemIdentity) String() string {
	return fmt.Sprintf("%x:%016x%016x%016x%016x", id.sender[:8], id.sum[0], id.sum[1], id.sum[2], id.sum[3])
}

// textIdentity is the identity of a file whose order matters: its text without
// line ends and blanks at the end of lines.
func textIdentity(r io.Reader) (string, error) {
	hash := sha256.New()
	in := bufio.NewReaderSize(r, 64<<10)
	for {
		line, err := in.ReadSlice('\n')
		hash.Write(bytes.TrimRight(line, " \t\r\n"))
		if err == io.EOF {
			return hex.EncodeToString(hash.Sum(nil)), nil
		}
		if err != nil && err != bufio.ErrBufferFull {
			return "", err
		}
	}
}
