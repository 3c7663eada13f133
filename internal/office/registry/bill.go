package registry

import (
	"context"
	"crypto/rand"
	"errors"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
)

// CodeDays is how long a statement code stands, from the day it is made
// (identity-privacy-access, guest payment).
const CodeDays = 60

const (
	// codeLetters spell statement codes: no letters that look or sound alike.
	codeLetters = "23456789ABCDEFGHJKMNPQRTUVWXYZ"
	// codeLength gives a code 49 bits, too many to try against a rate limit.
	codeLength = 10
)

// NewCode draws a statement code.
func NewCode() string {
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

// readCode gives a code as it is kept, however it was typed: blanks, dashes and
// letter case do not matter, and an S is the 5 that it looks like. A text that is
// no code becomes one that was never given out, so that it goes the same way.
func readCode(text string) secret.Text {
	code := strings.Map(func(c rune) rune {
		switch c = unicode.ToUpper(c); {
		case unicode.IsSpace(c), unicode.Is(unicode.Pd, c), unicode.Is(unicode.Cf, c):
			return -1
		case c == 'S':
			return '5'
		}
		return c
	}, norm.NFKC.String(text[:min(len(text), 8*codeLength)]))
	if len(code) != codeLength || strings.Trim(code, codeLetters) != "" {
		return secret.New("none")
	}
	return secret.New(code)
}

// CodedBill is what a statement code stands for: the items of a book up to one.
type CodedBill struct {
	Book        ledger.BookNo
	ThroughItem int64
	Expires     calendar.Date // its last day
}

// Bill is what a statement code shows: what is still open of one bill, and
// nothing else.
type Bill struct {
	Account ident.Opaque
	Number  billpay.Number // for the payment, not to be shown; masks itself
	Dues    []Due          // by legal entity and fund, in the order of bills; none when all is paid
}

// Due is what is open of a bill in one purse.
type Due struct {
	Purse chart.Purse
	Open  money.Cents
	Items []payment.ItemRef
	DueOn calendar.Date // of the oldest
}

// Open is what is still open of the bill.
func (b *Bill) Open() money.Cents {
	var sum money.Cents
	for _, d := range b.Dues {
		sum += d.Open
	}
	return sum
}

// ErrNoCode answers a code that was never given out, whatever is wrong with it,
// or whose account takes no payments. ErrCodeExpired answers one that was: who
// holds it holds the bill it was printed on, a guesser meets one in 10^14, and
// without the word a payer would type a good code again and again.
var (
	ErrNoCode      = errors.New("this statement code is not known")
	ErrCodeExpired = errors.New("this statement code has expired")
)

// Bill shows what is open of the bill that a statement code was printed on. Both
// errors are fault.NotFound. After a merge of the account a code is not known any
// more: what it stood for was billed anew. For told see Match.
func (r *Registry) Bill(ctx context.Context, access audit.Access, code string, told Told) (Bill, error) {
	const op = "registry.Bill"
	since := r.clock.Now()
	if err := access.Check(); err != nil {
		return Bill{}, fault.Wrap(op, err)
	}
	coded, err := r.store.CodedBill(ctx, readCode(code))
	if err != nil {
		return Bill{}, fault.Wrap(op, err)
	}
	bill, err := r.bill(ctx, coded)
	missed := fault.KindOf(err) == fault.NotFound
	if err != nil && !missed {
		return Bill{}, fault.Wrap(op, err)
	}
	// A code that has expired was once given out: no guess.
	if err := told(ctx, !missed || errors.Is(err, ErrCodeExpired), bill.Number); err != nil {
		r.hold(ctx, since)
		return Bill{}, err
	}
	if missed {
		r.hold(ctx, since)
		return Bill{}, fault.Wrap(op, err)
	}
	return bill, fault.Wrap(op, r.trail.Record(ctx, access, audit.ReadBill, coded.Book))
}

func (r *Registry) bill(ctx context.Context, coded CodedBill) (Bill, error) {
	filed, _, err := r.store.Nearest(ctx, coded.Book, "")
	if err != nil {
		return Bill{}, err
	}
	now := r.clock.Now()
	switch {
	case coded.Book == 0 || filed.Book != coded.Book || filed.Status != cashier.Open:
		return Bill{}, &fault.Error{Kind: fault.NotFound, Err: ErrNoCode}
	case calendar.In(now, now.Location()).After(coded.Expires):
		return Bill{}, &fault.Error{Kind: fault.NotFound, Err: ErrCodeExpired}
	}
	have, err := r.store.Read(ctx, cashier.Want{Books: []ledger.BookNo{coded.Book}})
	if err != nil {
		return Bill{}, err
	}
	return Bill{filed.Opaque, billpay.Number(coded.Book), dues(have.Books[coded.Book].Items, coded.ThroughItem)}, nil
}

// dues gives what is open on a bill, by fund in the order of bills.
func dues(items []openitem.Item, through int64) []Due {
	var all []Due
	for _, fund := range chart.Funds() {
		places := map[chart.Purse]int{}
		for _, item := range items {
			if item.Purse.Fund != fund || item.No > through || item.Open <= 0 || !onBill(&item) {
				continue
			}
			place, known := places[item.Purse]
			if !known {
				place = len(all)
				places[item.Purse] = place
				all = append(all, Due{Purse: item.Purse})
			}
			all[place].Open += item.Open
			if all[place].DueOn.IsZero() || item.DueOn.Before(all[place].DueOn) {
				all[place].DueOn = item.DueOn
			}
			all[place].Items = append(all[place].Items, payment.ItemRef{Book: item.Book, No: item.No})
		}
	}
	return all
}

// onBill reports whether an item stands on a bill with a code. A bill lies about
// in a household, and whoever reads the code sees the sum: care of any class but
// ordinary is billed apart, to the address for it, and stands under no code
// (45 CFR 164.502(g)(3), 164.522(b)). A premium says nothing of care. The prescription
// payment plan has bills of its own.
func onBill(item *openitem.Item) bool {
	return !item.Prescription && (item.Purse.Fund == chart.Premium || item.Privacy.Class() == member.Ordinary)
}
