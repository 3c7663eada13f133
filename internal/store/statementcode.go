package store

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"strings"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/ledger"
)

// codeLetters spell statement codes: no letters that look or sound alike.
const codeLetters = "23456789ABCDEFGHJKMNPQRTUVWXYZ"

// codeLength gives a code 49 bits, too many to try against a rate limit.
const codeLength = 10

// StatementCodes makes a code for the current bill of each book, in order. A code
// is kept as a keyed hash only: it is given away here and nowhere else.
func (s *Store) StatementCodes(ctx context.Context, books []ledger.BookNo, expires calendar.Date) ([]string, error) {
	keys, ok := s.seal.(fingerprinter)
	if !ok {
		return nil, fault.New(fault.Internal, "store.StatementCodes", "the store was opened without fingerprint keys")
	}
	rows := insertInto("statement_code", "code_print", "book_no", "expires_on")
	codes := make([]string, len(books))
	for i, book := range books {
		codes[i] = newCode()
		sum, err := keys.Fingerprint(secret.New(codes[i]), "statement/code")
		if err != nil {
			return nil, fault.Wrap("store.StatementCodes", err)
		}
		rows.add(hex.EncodeToString(sum), int64(book), expires.String())
	}
	if rows.rows == 0 {
		return codes, nil
	}
	return codes, s.engine.write(ctx, rows)
}

func newCode() string {
	var code strings.Builder
	for code.Len() < codeLength {
		var b [1]byte
		_, _ = rand.Read(b[:]) // it ends the program when there is no randomness
		if int(b[0]) < 256/len(codeLetters)*len(codeLetters) {
			code.WriteByte(codeLetters[int(b[0])%len(codeLetters)])
		}
	}
	return code.String()
}
