package proof

import (
	"encoding/binary"
	"fmt"

	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
)

// readClaims proves each claim by itself and puts the transactions that claims
// name into the order of the journal.
func (v *verifier) readClaims() error {
	for c, err := range v.source.Claims() {
		if err != nil {
			return err
		}
		if err := v.claim(&c); err != nil {
			return err
		}
		v.report.Claims++
		v.tell("claims", v.report.Claims)
	}
	return nil
}

func (v *verifier) claim(c *Claim) error {
	broken := func(expected, found string) error { return &Broken{"claim", string(c.ID), expected, found} }
	if c.Bad != nil {
		return unreadable("claim", string(c.ID), c.Bad)
	}
	digest := c.Digest()
	switch {
	case payment.IDOf(c.Key) != c.ID:
		return broken("the id of its key, "+string(payment.IDOf(c.Key)), string(c.ID))
	case rowCheck(digest) != c.Check:
		return broken(checkText(rowCheck(digest)), checkText(c.Check))
	case c.Act == payment.Pay && c.Parts != len(c.Answer):
		return broken(fmt.Sprintf("an answer of %d parts", c.Parts), fmt.Sprintf("one of %d", len(c.Answer)))
	}
	if c.Act == payment.Pay {
		sum := v.sources[c.Source]
		sum.items++
		sum.cents += c.Amount
		v.sources[c.Source] = sum
	}
	for part, ref := range c.Answer {
		a := answer{book: ref.Book, seq: ref.Seq, part: int64(part), act: c.Act, claim: c.ID}
		if coversClaim(c.Act, a.part) {
			a.digest = digest
		}
		if err := v.answers.add(a); err != nil {
			return err
		}
	}
	return nil
}

// coversClaim reports whether the digest of the transaction at a place in a
// claim's answer covers the claim: the first does, and where a merge moves many
// things, in two transactions each, the first of every two.
func coversClaim(act payment.Act, part int64) bool {
	return part == 0 || (act == payment.Merge || act == payment.Unmerge) && part%2 == 0
}

// rowCheck is the part of a document's digest that its row repeats.
func rowCheck(d ledger.DocDigest) int64 { return int64(binary.BigEndian.Uint64(d[:8])) }

func checkText(check int64) string { return fmt.Sprintf("a row check of %016x", uint64(check)) }

func seqText(seq int64) string { return fmt.Sprintf("seq %d", seq) }

func placeText(book ledger.BookNo, seq int64) string {
	return fmt.Sprintf("seq %d of %s", seq, bookKey(book, ""))
}

func (a *answer) place() string { return placeText(a.book, a.seq) }

// fileSum is what was posted from one operating book.
type fileSum struct {
	items int64
	cents money.Cents
}
