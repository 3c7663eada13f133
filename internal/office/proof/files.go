package proof

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"hash"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/books/ledger"
)

// lanesMax is how many numbers a file's operating book and its lanes share: the
// file's own is the first.
const lanesMax = 16

// proveFiles checks kept files: their rows, their bytes, and that what was
// posted from each is what its progress and its own totals say.
func (v *verifier) proveFiles() error {
	chunks := walk(v.source.Chunks())
	defer chunks.stop()
	for f, err := range v.source.Files() {
		if err != nil {
			return err
		}
		if err := v.file(&f, chunks); err != nil {
			return err
		}
		v.report.Files++
		v.tell("files", v.report.Files)
	}
	return chunks.err
}

func chunkKey(c *Chunk) string { return fmt.Sprintf("%s, chunk %d", bookKey(c.File, ""), c.No) }

func (v *verifier) file(f *File, chunks *cursor[Chunk]) error {
	broken := func(expected, found string) error {
		return &Broken{"kept_file", bookKey(f.Book, f.Opaque), expected, found}
	}
	if f.RowDigest == nil {
		return broken("a row: its identity or progress names it", "none")
	}
	if !bytes.Equal(f.Digest[:], f.RowDigest) {
		return broken(fmt.Sprintf("row digest %x", f.Digest[:8]), fmt.Sprintf("%x", f.RowDigest[:min(8, len(f.RowDigest))]))
	}
	if err := v.fileBytes(f, chunks, broken); err != nil {
		return err
	}
	var claimed fileSum
	for lane := range ledger.BookNo(lanesMax) {
		sum := v.sources[f.Book+lane]
		claimed.items += sum.items
		claimed.cents += sum.cents
	}
	switch {
	case claimed.cents != f.Cents || claimed.items != f.Posted:
		return &Broken{"file_progress", bookKey(f.Book, f.Opaque), fmt.Sprintf("%d payments of %s", claimed.items, claimed.cents),
			fmt.Sprintf("%d of %s", f.Posted, f.Cents)}
	case f.Done && (f.Total != f.Cents+f.AgainCents || f.Items != f.Posted+f.Again):
		return broken(fmt.Sprintf("%d items of %s, as posted", f.Posted+f.Again, f.Cents+f.AgainCents), fmt.Sprintf("%d of %s", f.Items, f.Total))
	}
	return nil
}

// fileBytes decrypts the file and compares its hash and size.
func (v *verifier) fileBytes(f *File, chunks *cursor[Chunk], broken func(expected, found string) error) error {
	// Pieces without a file are of one that was refused as kept already.
	for chunks.ok && chunks.head.File < f.Book {
		chunks.advance()
	}
	sum, size := sha256.New(), int64(0)
	for no := range f.Chunks {
		if !chunks.ok || chunks.head.File != f.Book || chunks.head.No != no {
			if chunks.err != nil {
				return chunks.err
			}
			return &Broken{"kept_file_chunk", chunkKey(&Chunk{File: f.Book, No: no}), "a chunk", "none"}
		}
		n, err := v.addChunk(sum, &chunks.head)
		if err != nil {
			return err
		}
		size += n
		chunks.advance()
	}
	if size != f.Bytes {
		return broken(fmt.Sprintf("%d bytes", f.Bytes), fmt.Sprintf("%d", size))
	}
	if got := sum.Sum(nil); !bytes.Equal(got, f.SHA256) {
		return broken(fmt.Sprintf("bytes with SHA-256 %x", f.SHA256), fmt.Sprintf("%x", got))
	}
	return nil
}

func (v *verifier) addChunk(sum hash.Hash, c *Chunk) (int64, error) {
	plain, err := v.source.OpenChunk(*c)
	if fault.KindOf(err) == fault.Unavailable {
		return 0, err
	}
	if err != nil {
		return 0, &Broken{"kept_file_chunk", chunkKey(c), "bytes as they were sealed", err.Error()}
	}
	n, err := sum.Write(plain)
	return int64(n), err
}
