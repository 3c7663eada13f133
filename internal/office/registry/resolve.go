package registry

import (
	"context"
	"errors"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/people/billpay"
)

// Directory finds billing accounts by what names them.
type Directory interface {
	// Read gives the wanted books; see cashier.Store.
	Read(ctx context.Context, want cashier.Want) (cashier.Have, error)
	// Holders tells which accounts were given each of some handles, by which source.
	Holders(ctx context.Context, handles []string) (map[string][]enrolment.Holder, error)
	// BooksOf gives the books of opaque ids; those that name nothing are absent.
	BooksOf(ctx context.Context, ids []ident.Opaque) (map[ident.Opaque]ledger.BookNo, error)
}

// Reference names a billing account in one of the ways that the house knows.
type Reference struct {
	Number billpay.Number
	Handle string // an old number, normalised as billpay.Alias does
	Source string // of the old number; "" when it is not known
	Opaque ident.Opaque
}

// anySource is the name under which an old number without its source is normalised.
const anySource = "any"

// ParseReference reads what a person typed or a file holds: a bill pay number,
// an opaque id, or an old number. A text that may be a number and an old number
// is both, and the issued number wins where it exists. A text that can be none
// is fault.Invalid and says why it is no bill pay number.
func ParseReference(text string) (Reference, error) {
	var ref Reference
	if id, err := ident.ParseOpaque(text); err == nil {
		return Reference{Opaque: id}, nil
	}
	if alias, err := billpay.ParseAlias(anySource, text); err == nil {
		ref.Handle = alias.Handle()
	}
	number, err := billpay.Parse(text)
	if err == nil {
		ref.Number = number
	} else if ref.Handle == "" {
		return ref, err
	}
	return ref, nil
}

// ErrAmbiguous says that an old number belongs to several accounts of different
// sources.
var ErrAmbiguous = errors.New("this old number belongs to several accounts; name the system that it comes from")

// Found is what a reference led to.
type Found struct {
	Given cashier.Book // the account that was named
	Book  cashier.Book // the account that stands for it now, after merges
	Err   error        // fault.NotFound or fault.Conflict, when there is none
}

// Resolve finds the billing accounts that references name, following merges, in
// their order. The error is the directory's.
func Resolve(ctx context.Context, directory Directory, refs []Reference) ([]Found, error) {
	var handles []string
	var ids []ident.Opaque
	var want []ledger.BookNo
	for _, ref := range refs {
		if ref.Handle != "" {
			handles = append(handles, ref.Handle)
		}
		if ref.Opaque != "" {
			ids = append(ids, ref.Opaque)
		}
		if !ref.Number.IsZero() {
			want = append(want, ledger.BookNo(ref.Number))
		}
	}
	holders, err := directory.Holders(ctx, handles)
	if err != nil {
		return nil, fault.Wrap("registry.Resolve", err)
	}
	opaque, err := directory.BooksOf(ctx, ids)
	if err != nil {
		return nil, fault.Wrap("registry.Resolve", err)
	}
	for _, held := range holders {
		for _, h := range held {
			want = append(want, h.Book)
		}
	}
	for _, book := range opaque {
		want = append(want, book)
	}
	books, err := readThrough(ctx, directory, want)
	if err != nil {
		return nil, fault.Wrap("registry.Resolve", err)
	}
	found := make([]Found, len(refs))
	for i, ref := range refs {
		found[i] = find(ref, books, holders, opaque)
	}
	return found, nil
}

// readThrough reads books and the survivors of their merges.
func readThrough(ctx context.Context, directory Directory, want []ledger.BookNo) (map[ledger.BookNo]cashier.Book, error) {
	books := map[ledger.BookNo]cashier.Book{}
	for len(want) > 0 { // no survivor is wanted twice, so this ends
		have, err := directory.Read(ctx, cashier.Want{Books: want})
		if err != nil {
			return nil, err
		}
		want = nil
		for no, b := range have.Books {
			books[no] = b
			if _, known := books[b.MergedInto]; b.MergedInto != 0 && !known {
				want = append(want, b.MergedInto)
			}
		}
	}
	return books, nil
}

func find(
	ref Reference, books map[ledger.BookNo]cashier.Book, holders map[string][]enrolment.Holder, opaque map[ident.Opaque]ledger.BookNo,
) Found {
	notFound := Found{Err: fault.New(fault.NotFound, "registry.Resolve", "no billing account is known by this reference")}
	no := ledger.BookNo(ref.Number)
	if ref.Opaque != "" {
		no = opaque[ref.Opaque]
	}
	given, exists := books[no]
	if !exists && ref.Handle != "" {
		var owner ledger.BookNo
		for _, h := range holders[ref.Handle] {
			if ref.Source != "" && h.Source != ref.Source || h.Book == owner {
				continue
			}
			if owner != 0 {
				return Found{Err: &fault.Error{Kind: fault.Conflict, Op: "registry.Resolve", Err: ErrAmbiguous}}
			}
			owner = h.Book
		}
		given, exists = books[owner]
	}
	if !exists || given.No.IsOperating() {
		return notFound
	}
	b := given
	for hops := 0; b.Status == cashier.Merged && hops < len(books); hops++ {
		b = books[b.MergedInto]
	}
	if b.No == 0 {
		return notFound
	}
	return Found{Given: given, Book: b}
}
