package billpay

import (
	"crypto/rand"
	"encoding/binary"
	"math"
	"sync"

	"github.com/billfold/billfold/internal/base/fault"
)

// DigitsDefault is the length issued when the installation names none. With ten
// million members a random 12-digit number that passes its check is on file
// with a chance of about one in nine thousand.
const DigitsDefault = 12

// randomBlock is how many random bytes are fetched at a time: one system call
// for 512 numbers rather than one each.
const randomBlock = 4096

// Issuer draws new numbers of one length. It is safe for concurrent use.
type Issuer struct {
	payloadMin uint64 // the smallest payload, 10^(length-2): its first digit is 1
	payloads   uint64 // how many payloads there are

	mu     sync.Mutex
	block  [randomBlock]byte
	unread []byte // the part of block not used yet
}

// NewIssuer makes an issuer of numbers with length digits, 10 to 12; 0 means
// DigitsDefault. Another length is fault.Invalid.
func NewIssuer(length int) (*Issuer, error) {
	if length == 0 {
		length = DigitsDefault
	}
	if length < DigitsMin || length > DigitsMax {
		return nil, fault.New(fault.Invalid, "billpay.NewIssuer",
			"bill pay numbers have %d to %d digits, not %d", DigitsMin, DigitsMax, length)
	}
	payloadMin := uint64(1)
	for range length - 2 {
		payloadMin *= 10
	}
	return &Issuer{payloadMin: payloadMin, payloads: 9 * payloadMin}, nil
}

// Draw gives n numbers, each uniform over all that can be issued and drawn
// without regard to any other or to any person. They are candidates: the same
// one may come twice, one may be taken, and Conflicts may refuse one. The
// directory's uniqueness decides, and the caller draws again.
func (s *Issuer) Draw(n int) []Number {
	numbers := make([]Number, max(n, 0))
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range numbers {
		numbers[i] = s.draw()
	}
	return numbers
}

// draw skips payloads whose check digit is 0, a tenth of them. A valid number
// with a 0 written after it is valid too, so a number that ends in 0 would still
// pass when its last digit is lost. Never issuing one makes every lost last
// digit show; such numbers are still read.
func (s *Issuer) draw() Number {
	for {
		payload := s.payloadMin + s.below(s.payloads)
		if check := interim(payload); check != 0 {
			return Number(payload*10 + uint64(check))
		}
	}
}

// below gives a uniform value in [0, n). It draws again from the incomplete
// last stretch of 64 bits, where the remainder would favour small values.
func (s *Issuer) below(n uint64) uint64 {
	limit := math.MaxUint64 - math.MaxUint64%n
	for {
		if v := s.random64(); v < limit {
			return v % n
		}
	}
}

func (s *Issuer) random64() uint64 {
	if len(s.unread) == 0 {
		// crypto/rand.Read never fails: it ends the program when the system has
		// no randomness to give.
		_, _ = rand.Read(s.block[:])
		s.unread = s.block[:]
	}
	v := binary.LittleEndian.Uint64(s.unread)
	s.unread = s.unread[8:]
	return v
}
