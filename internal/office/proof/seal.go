package proof

import (
	"bytes"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Seal is a signed close: it covers every transaction that came after the close
// before it, whatever its posting date, so that late ones fall into the next.
type Seal struct {
	No int64 // from 1
	Stamp
	Transactions int64
	Root         ledger.TreeHash // over the roots of all ranges
	Totals       ledger.TreeHash // of Accounts
	Previous     ledger.TreeHash // the Digest of the seal before, zero for the first
	Digest       ledger.TreeHash // of everything above
	KeyID        string
	Signature    []byte // Ed25519, of Digest
	Ranges       []RangeRoot
	Accounts     []Total // what the sealed transactions posted, by account
	Bad          error
}

// Signer signs seals with a key that lies outside the database.
type Signer interface {
	Sign(message []byte) (keyID string, signature []byte)
}

// Keys finds the public keys under which seals were signed.
type Keys interface {
	PublicKey(id string) (ed25519.PublicKey, bool)
}

// SealStore is a source that keeps seals.
type SealStore interface {
	Source
	// WriteSeal keeps a seal and what it covers in one storage transaction. It
	// fails with Conflict when another close came first.
	WriteSeal(ctx context.Context, seal *Seal, books []SealedBook) error
}

// Close seals everything since the previous close. It signs the chains as they
// stand: Verify is what proves them. A close on which nothing is new is made
// all the same and says so.
func Close(ctx context.Context, store SealStore, signer Signer, clk clock.Clock, day calendar.Date) (Seal, error) {
	c := &closing{totals: map[ledger.Account]Total{}}
	err := store.Snapshot(ctx, func(s Snapshot) error {
		for earlier, err := range s.Seals() {
			if err != nil {
				return err
			}
			c.seal.No, c.seal.Previous = earlier.No, earlier.Digest
		}
		return c.read(s)
	})
	if err != nil {
		return Seal{}, fault.Wrap("proof.Close", err)
	}
	c.seal.No++
	c.seal.Stamp = Stamp{Day: day, At: clk.Now().UnixMicro()}
	c.finish()
	c.seal.KeyID, c.seal.Signature = signer.Sign(c.seal.Digest[:])
	for i := range c.books {
		c.books[i].Close = c.seal.No
	}
	return c.seal, fault.Wrap("proof.Close", store.WriteSeal(ctx, &c.seal, c.books))
}

// closing is a seal in the making.
type closing struct {
	seal   Seal
	books  []SealedBook
	trees  [ledger.SealRanges]ledger.Tree
	totals map[ledger.Account]Total
}

func (c *closing) read(s Snapshot) error {
	for l, err := range s.Unsealed() {
		if err != nil {
			return err
		}
		if l.Bad != nil {
			return l.Bad
		}
		count(c.totals, l.Phase, l.Pair)
		if l.No != 1 {
			continue
		}
		c.trees[ledger.SealRange(l.Book)].Add(ledger.SealLeaf(l.Book, l.Seq, l.Chained))
		c.seal.Transactions++
		if n := len(c.books); n > 0 && c.books[n-1].Book == l.Book {
			c.books[n-1].To = l.Seq
			continue
		}
		c.books = append(c.books, SealedBook{Book: l.Book, From: l.Seq - 1, To: l.Seq})
	}
	return nil
}

func (c *closing) finish() {
	for no := range c.trees {
		if size := c.trees[no].Size(); size > 0 {
			c.seal.Ranges = append(c.seal.Ranges, RangeRoot{no, size, c.trees[no].Root()})
		}
	}
	c.seal.Accounts = inOrder(c.totals)
	c.seal.Root, c.seal.Totals = rangesRoot(c.seal.Ranges), totalsHash(c.seal.Accounts)
	c.seal.Digest = c.seal.digest()
}

// count adds a posting to posted totals.
func count(totals map[ledger.Account]Total, phase ledger.Phase, p ledger.Posting) {
	if phase != ledger.Posted && phase != ledger.PostPending {
		return
	}
	debit, credit := totals[p.Debit], totals[p.Credit]
	debit.Account, credit.Account = p.Debit, p.Credit
	debit.Debit += p.Cents
	credit.Credit += p.Cents
	totals[p.Debit], totals[p.Credit] = debit, credit
}

func inOrder(totals map[ledger.Account]Total) []Total {
	list := make([]Total, 0, len(totals))
	for _, t := range totals {
		list = append(list, t)
	}
	slices.SortFunc(list, func(a, b Total) int { return cmp.Compare(a.Account, b.Account) })
	return list
}

func (r RangeRoot) leaf() ledger.TreeHash {
	b := binary.BigEndian.AppendUint64(nil, uint64(r.Range))
	b = binary.BigEndian.AppendUint64(b, uint64(r.Leaves))
	return ledger.LeafHash(append(b, r.Root[:]...))
}

func rangeLeaves(ranges []RangeRoot) []ledger.TreeHash {
	leaves := make([]ledger.TreeHash, len(ranges))
	for i, r := range ranges {
		leaves[i] = r.leaf()
	}
	return leaves
}

// rangesRoot is the root over the ranges that hold a transaction.
func rangesRoot(ranges []RangeRoot) ledger.TreeHash {
	var t ledger.Tree
	for _, leaf := range rangeLeaves(ranges) {
		t.Add(leaf)
	}
	return t.Root()
}

func totalsHash(totals []Total) ledger.TreeHash {
	var b []byte
	for _, t := range totals {
		for _, n := range [...]int64{int64(t.Account), int64(t.Debit), int64(t.Credit)} {
			b = binary.BigEndian.AppendUint64(b, uint64(n))
		}
	}
	return sha256.Sum256(b)
}

func (s *Seal) digest() ledger.TreeHash {
	b := []byte("billfold seal 1\x00")
	for _, n := range [...]int64{s.No, s.At, s.Transactions} {
		b = binary.BigEndian.AppendUint64(b, uint64(n))
	}
	b = append(b, fixed(s.Day.String(), len("2006-01-02"))...)
	b = append(b, s.Root[:]...)
	b = append(b, s.Totals[:]...)
	b = append(b, s.Previous[:]...)
	return sha256.Sum256(b)
}

// check proves a seal by itself against the public keys at hand.
func (s *Seal) check(key ed25519.PublicKey) error {
	if s.digest() != s.Digest {
		return fmt.Errorf("its fields do not give its digest")
	}
	if len(key) != ed25519.PublicKeySize || !ed25519.Verify(key, s.Digest[:], s.Signature) {
		return fmt.Errorf("its signature does not verify")
	}
	return nil
}

// sealReplay rebuilds every seal while the journal passes by in order of book.
type sealReplay struct {
	trees   map[int64]*ledger.Tree // of the range that is passing, by close
	passing int
	ranges  map[int64][]RangeRoot // by close
	totals  map[int64]map[ledger.Account]Total
}

// seal adds a proved transaction to the close that covers it, if one does.
func (r *replay) seal(t *ledger.Transaction) error {
	s := &r.segment
	if t.Seq > s.To {
		c := r.t.sealed
		if !c.ok || c.head.Book != t.Book {
			return nil // not sealed yet
		}
		if c.head.From != s.To || c.head.To <= c.head.From || c.head.Close <= s.Close {
			return r.broken("seal_book", fmt.Sprintf(", close %d", c.head.Close), "transactions from "+seqText(s.To), "from "+seqText(c.head.From))
		}
		*s = c.head
		c.advance()
	}
	r.v.report.Sealed++
	r.v.seals.add(t, s.Close)
	return nil
}

func (s *sealReplay) add(t *ledger.Transaction, no int64) {
	if s.trees == nil {
		s.trees, s.ranges = map[int64]*ledger.Tree{}, map[int64][]RangeRoot{}
		s.totals = map[int64]map[ledger.Account]Total{}
	}
	if at := ledger.SealRange(t.Book); at != s.passing {
		s.endRange()
		s.passing = at
	}
	if s.trees[no] == nil {
		s.trees[no] = &ledger.Tree{}
	}
	if s.totals[no] == nil {
		s.totals[no] = map[ledger.Account]Total{}
	}
	s.trees[no].Add(ledger.SealLeaf(t.Book, t.Seq, t.Chained))
	for _, p := range t.Postings {
		count(s.totals[no], t.Phase, p)
	}
}

func (s *sealReplay) endRange() {
	for no, tree := range s.trees {
		s.ranges[no] = append(s.ranges[no], RangeRoot{s.passing, tree.Size(), tree.Root()})
	}
	clear(s.trees)
}

// proveSeals compares the stored chain of closes with what the journal gives.
func (v *verifier) proveSeals() error {
	v.seals.endRange()
	var previous ledger.TreeHash
	for s, err := range v.source.Seals() {
		if err != nil {
			return err
		}
		if err := v.seal(&s, previous); err != nil {
			return err
		}
		previous = s.Digest
		delete(v.seals.ranges, s.No)
		v.report.Seals++
		v.tell("seals", v.report.Seals)
	}
	for no := range v.seals.ranges {
		return &Broken{"seal", fmt.Sprintf("close %d", no), "a seal over its transactions", "none"}
	}
	return nil
}

func (v *verifier) seal(s *Seal, previous ledger.TreeHash) error {
	key := fmt.Sprintf("close %d", s.No)
	broken := func(expected, found string) error { return &Broken{"seal", key, expected, found} }
	if s.Bad != nil {
		return unreadable("seal", key, s.Bad)
	}
	if s.No != v.report.Seals+1 || s.Previous != previous {
		return broken(fmt.Sprintf("close %d after digest %x", v.report.Seals+1, previous[:8]), fmt.Sprintf("close %d after %x", s.No, s.Previous[:8]))
	}
	public, err := v.publicKey(s.KeyID)
	if err != nil {
		return err
	}
	if err := s.check(public); err != nil {
		return broken("a seal that proves under key "+s.KeyID, err.Error())
	}
	if err := s.compareRanges(v.seals.ranges[s.No]); err != nil {
		return err
	}
	accounts := inOrder(v.seals.totals[s.No])
	if !slices.Equal(accounts, s.Accounts) {
		return &Broken{"seal_total", key, "the totals of its transactions", differing(accounts, s.Accounts)}
	}
	if totalsHash(accounts) != s.Totals || rangesRoot(s.Ranges) != s.Root {
		return broken("the root and totals of its transactions", "others")
	}
	return nil
}

func (s *Seal) compareRanges(want []RangeRoot) error {
	for i := range max(len(want), len(s.Ranges)) {
		switch {
		case i >= len(s.Ranges):
			return &Broken{"seal_range", fmt.Sprintf("close %d, range %d", s.No, want[i].Range), "a root", "none"}
		case i >= len(want) || want[i] != s.Ranges[i]:
			r := s.Ranges[i]
			return &Broken{"seal_range", fmt.Sprintf("close %d, range %d", s.No, r.Range), "the root over its transactions",
				fmt.Sprintf("%d leaves under %x", r.Leaves, r.Root[:8])}
		}
	}
	return nil
}

func differing(want, got []Total) string {
	for _, g := range got {
		if !slices.Contains(want, g) {
			return fmt.Sprintf("%s with debits of %s and credits of %s", chart.Name(g.Account), g.Debit, g.Credit)
		}
	}
	return "fewer"
}

func (v *verifier) publicKey(id string) (ed25519.PublicKey, error) {
	if v.keys != nil {
		if public, known := v.keys.PublicKey(id); known {
			return public, nil
		}
	}
	return nil, fault.New(fault.Unavailable, "proof.Verify", "the key %q that signed a seal is not in the key directory", id).
		WithHint("Restore the key directory that belongs to this database.")
}

// Inclusion shows that one transaction is under a seal, to somebody who has the
// public key and nothing else. It tells no amount and no other transaction.
type Inclusion struct {
	Book      ledger.BookNo
	Seq       int64
	Link      ledger.Digest // of the book's chain: covers everything the transaction says
	Index     int64         // its leaf within its range
	Path      []ledger.TreeHash
	Ranges    []RangeRoot // of the close
	Seal      Seal        // without Ranges and Accounts
	PublicKey ed25519.PublicKey
}

// ErrNotSealed is returned for a transaction that no seal covers yet.
var ErrNotSealed = fault.New(fault.NotFound, "proof.Inclusion", "no seal covers this transaction yet").
	WithHint("It falls into the next close.")

// IncludedIn makes the proof that a transaction is under a seal.
func IncludedIn(ctx context.Context, source Source, keys Keys, book ledger.BookNo, seq int64) (Inclusion, error) {
	var p Inclusion
	err := source.Snapshot(ctx, func(s Snapshot) error {
		no, err := s.CloseOf(book, seq)
		if err != nil {
			return err
		}
		if no == 0 {
			return ErrNotSealed
		}
		p.Book, p.Seq = book, seq
		if err := p.findSeal(s, no); err != nil {
			return err
		}
		return p.findLeaf(s)
	})
	if err != nil {
		return Inclusion{}, fault.Wrap("proof.Inclusion", err)
	}
	v := verifier{keys: keys}
	if p.PublicKey, err = v.publicKey(p.Seal.KeyID); err != nil {
		return Inclusion{}, err
	}
	return p, CheckInclusion(p, p.PublicKey)
}

func (p *Inclusion) findSeal(s Snapshot, no int64) error {
	for seal, err := range s.Seals() {
		if err != nil {
			return err
		}
		if seal.No == no {
			p.Ranges, p.Seal = seal.Ranges, seal
			p.Seal.Ranges, p.Seal.Accounts = nil, nil
			return seal.Bad
		}
	}
	return fault.New(fault.Corrupt, "proof.Inclusion", "close %d is missing", no)
}

func (p *Inclusion) findLeaf(s Snapshot) error {
	var leaves []ledger.TreeHash
	first, last := ledger.SealRangeBooks(ledger.SealRange(p.Book))
	found := false
	for l, err := range s.SealedLinks(p.Seal.No, first, last) {
		if err != nil {
			return err
		}
		if l.Book == p.Book && l.Seq == p.Seq {
			p.Link, p.Index, found = l.Link, int64(len(leaves)), true
		}
		leaves = append(leaves, ledger.SealLeaf(l.Book, l.Seq, l.Link))
	}
	if !found {
		return fault.New(fault.Corrupt, "proof.Inclusion", "the transaction that close %d sealed is missing", p.Seal.No)
	}
	p.Path = ledger.InclusionPath(leaves, int(p.Index))
	return nil
}

// CheckInclusion proves, from the public key of the plan alone, that the
// transaction stood in the books when the seal was made. The key must come from
// elsewhere than the proof.
func CheckInclusion(p Inclusion, key ed25519.PublicKey) error {
	const op = "proof.CheckInclusion"
	at := slices.IndexFunc(p.Ranges, func(r RangeRoot) bool { return r.Range == ledger.SealRange(p.Book) })
	if at < 0 {
		return fault.New(fault.Corrupt, op, "the close has nothing in the book's range")
	}
	root, err := ledger.RootFrom(ledger.SealLeaf(p.Book, p.Seq, p.Link), p.Index, p.Ranges[at].Leaves, p.Path)
	if err != nil {
		return fault.New(fault.Corrupt, op, "%v", err)
	}
	if !bytes.Equal(root[:], p.Ranges[at].Root[:]) || rangesRoot(p.Ranges) != p.Seal.Root {
		return fault.New(fault.Corrupt, op, "the transaction is not under this root")
	}
	if err := p.Seal.check(key); err != nil {
		return fault.New(fault.Corrupt, op, "the seal of close %d: %v", p.Seal.No, err)
	}
	return nil
}
