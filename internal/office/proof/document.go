package proof

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// Document is an inclusion proof for somebody who has no access to the books: a file
// that stands by itself. docs/integrators/inclusion-proof.md says how to check it without
// this program.
type Document struct {
	Kind        string          `json:"kind"`
	Version     int             `json:"version"`
	Transaction DocumentEntry   `json:"transaction"`
	Range       int             `json:"range"`
	Index       int64           `json:"leaf_index"`
	Path        []string        `json:"path"` // from the leaf upward
	Ranges      []DocumentRange `json:"ranges"`
	Seals       []DocumentSeal  `json:"seals"` // of the close, and every later one
	PublicKey   string          `json:"public_key"`
}

// DocumentEntry is the transaction: its place, and its link of the book's chain, which
// covers everything that it says.
type DocumentEntry struct {
	Book ledger.BookNo `json:"book"`
	Seq  int64         `json:"seq"`
	Link string        `json:"link"`
}

// DocumentRange is the root over one range of books of the close.
type DocumentRange struct {
	Range  int    `json:"range"`
	Leaves int64  `json:"leaves"`
	Root   string `json:"root"`
}

// DocumentSeal is the head of a seal.
type DocumentSeal struct {
	No           int64         `json:"no"`
	Day          calendar.Date `json:"day"`
	At           int64         `json:"at_micros"`
	Transactions int64         `json:"transactions"`
	Root         string        `json:"root"`
	Totals       string        `json:"totals"`
	Previous     string        `json:"previous"`
	Digest       string        `json:"digest"`
	Key          string        `json:"key"`
	Signature    string        `json:"signature"`
}

const (
	documentKind    = "billfold inclusion proof"
	documentVersion = 1
)

// Export makes the document that a transaction stands under a seal. Errors are those of
// IncludedIn.
func Export(ctx context.Context, source Source, keys Keys, book ledger.BookNo, seq int64) (Document, error) {
	in, err := IncludedIn(ctx, source, keys, book, seq)
	if err != nil {
		return Document{}, err
	}
	d := Document{
		Kind: documentKind, Version: documentVersion, Transaction: DocumentEntry{in.Book, in.Seq, hex.EncodeToString(in.Link[:])},
		Range: ledger.SealRange(in.Book), Index: in.Index, Path: []string{}, PublicKey: hex.EncodeToString(in.PublicKey),
	}
	for _, node := range in.Path {
		d.Path = append(d.Path, hex.EncodeToString(node[:]))
	}
	for _, r := range in.Ranges {
		d.Ranges = append(d.Ranges, DocumentRange{r.Range, r.Leaves, hex.EncodeToString(r.Root[:])})
	}
	err = source.Snapshot(ctx, func(s Snapshot) error {
		for seal, err := range s.Seals() {
			if err != nil {
				return err
			}
			if seal.No >= in.Seal.No {
				d.Seals = append(d.Seals, sealOf(&seal))
			}
		}
		return nil
	})
	return d, fault.Wrap("proof.Export", err)
}

func sealOf(s *Seal) DocumentSeal {
	text := func(h ledger.TreeHash) string { return hex.EncodeToString(h[:]) }
	return DocumentSeal{
		No: s.No, Day: s.Day, At: s.At, Transactions: s.Transactions, Root: text(s.Root), Totals: text(s.Totals), Previous: text(s.Previous),
		Digest: text(s.Digest), Key: s.KeyID, Signature: hex.EncodeToString(s.Signature),
	}
}

// Checked says what a document proves.
type Checked struct {
	Book      ledger.BookNo `json:"book"`
	Seq       int64         `json:"seq"`
	Seal      int64         `json:"seal"`
	Day       calendar.Date `json:"day"`
	Last      int64         `json:"last_seal"` // to which the chain leads on
	PublicKey string        `json:"public_key"`
}

// Check proves a document against the plan's public key in hexadecimal, or against the
// key in it when that is empty. Corrupt when it does not prove, Invalid when it is no such document.
func Check(text []byte, publicKey string) (Checked, error) {
	const op = "proof.Check"
	var d Document
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&d); err != nil || d.Kind != documentKind || d.Version != documentVersion || len(d.Seals) == 0 {
		return Checked{}, fault.New(fault.Invalid, op, "this is no inclusion proof that this program can read")
	}
	if publicKey == "" {
		publicKey = d.PublicKey
	}
	in, seals, key, ok := d.read(publicKey)
	if !ok {
		return Checked{}, fault.New(fault.Invalid, op, "a hash, key or signature of the proof is not written as it must be")
	}
	if err := CheckInclusion(in, key); err != nil {
		return Checked{}, err
	}
	for i := 1; i < len(seals); i++ {
		if seals[i].No != seals[i-1].No+1 || seals[i].Previous != seals[i-1].Digest || seals[i].digest() != seals[i].Digest {
			return Checked{}, fault.New(fault.Corrupt, op, "close %d does not follow the one before it", seals[i].No)
		}
		// A key that was replaced signs no more; what it signed is covered by the chain.
		if seals[i].KeyID == seals[0].KeyID && seals[i].check(key) != nil {
			return Checked{}, fault.New(fault.Corrupt, op, "the signature of close %d does not verify", seals[i].No)
		}
	}
	first, last := &seals[0], &seals[len(seals)-1]
	return Checked{Book: in.Book, Seq: in.Seq, Seal: first.No, Day: first.Day, Last: last.No, PublicKey: hex.EncodeToString(key)}, nil
}

// read turns a document's texts into values.
func (d *Document) read(publicKey string) (in Inclusion, seals []Seal, key ed25519.PublicKey, ok bool) {
	ok = true
	hash := func(to []byte, text string) {
		b, err := hex.DecodeString(text)
		if err != nil || len(b) != len(to) {
			ok = false
			return
		}
		copy(to, b)
	}
	in = Inclusion{Book: d.Transaction.Book, Seq: d.Transaction.Seq, Index: d.Index}
	hash(in.Link[:], d.Transaction.Link)
	for _, text := range d.Path {
		var node ledger.TreeHash
		hash(node[:], text)
		in.Path = append(in.Path, node)
	}
	for _, r := range d.Ranges {
		root := RangeRoot{Range: r.Range, Leaves: r.Leaves}
		hash(root.Root[:], r.Root)
		in.Ranges = append(in.Ranges, root)
	}
	for _, s := range d.Seals {
		seal := Seal{No: s.No, Stamp: Stamp{Day: s.Day, At: s.At}, Transactions: s.Transactions, KeyID: s.Key, Signature: make([]byte, ed25519.SignatureSize)}
		hash(seal.Root[:], s.Root)
		hash(seal.Totals[:], s.Totals)
		hash(seal.Previous[:], s.Previous)
		hash(seal.Digest[:], s.Digest)
		hash(seal.Signature, s.Signature)
		seals = append(seals, seal)
	}
	in.Seal = seals[0]
	key = make(ed25519.PublicKey, ed25519.PublicKeySize)
	hash(key, publicKey)
	return in, seals, key, ok
}
