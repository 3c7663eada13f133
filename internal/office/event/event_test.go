package event_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/event"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

const (
	account = ledger.BookNo(483920175563)
	till    = ledger.BookNo(4800)
	opaque  = ident.Opaque("1h8kq0000000000000000000za")
)

var (
	premium = chart.Purse{Entity: 1, Fund: chart.Premium}
	medical = chart.Purse{Entity: 2, Fund: chart.Medical}
	noon    = time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC)
)

func day(t *testing.T, text string) calendar.Date {
	t.Helper()
	d, err := calendar.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestCompose(t *testing.T) {
	received, posted := day(t, "2026-11-20"), day(t, "2026-11-23")
	transaction := func(book ledger.BookNo, name ledger.Event, of int64, postings ...ledger.Posting) ledger.Transaction {
		return ledger.Transaction{
			Book: book, Seq: 7, PostedOn: posted, EffectiveOn: received, RecordedAt: noon, Event: name, Phase: ledger.Posted,
			Of: of, Link: "a-link", Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, Reason: "the payer rang", Postings: postings,
		}
	}
	receipt := func(amount, applied money.Cents) *payment.ReceiptPart {
		return &payment.ReceiptPart{
			Book: account, Payment: "pay1", No: 2, Seq: 7, About: 483920175571, Amount: amount, Applied: applied, Unapplied: amount - applied,
		}
	}
	of := string(event.IDOf(opaque, 3))
	for _, tc := range []struct {
		name   string
		source event.Source
		want   string
	}{
		{
			"a payment on two items, the rest unapplied",
			event.Source{
				Transaction: transaction(account, chart.PaymentReceived, 0, chart.Place(premium, chart.ClearLockbox, premium,
					[]chart.Applied{{Item: 1, Cents: 500}, {Item: 2, Cents: 300}}, 50)...),
				Receipt: receipt(850, 800),
			},
			`{"payment":"pay1","part":2,"entity":1,"fund":"premium","cents":850,"applied_cents":800,"unapplied_cents":50,` +
				`"effective_on":"2026-11-20","posted_on":"2026-11-23","sequence":7}`,
		},
		{
			"a payment that crosses purses counts once, where it ends",
			event.Source{
				Transaction: transaction(account, chart.PaymentReceived, 0, chart.Place(premium, chart.ClearCounter, medical,
					[]chart.Applied{{Item: 4, Cents: 900}}, 0)...),
				Receipt: receipt(900, 900),
			},
			`{"payment":"pay1","part":2,"entity":2,"fund":"medical","cents":900,"applied_cents":900,` +
				`"effective_on":"2026-11-20","posted_on":"2026-11-23","sequence":7}`,
		},
		{
			"money into suspense names its source and its reason",
			event.Source{
				Transaction: transaction(till, chart.PaymentSuspended, 0, chart.Transfer(premium, chart.ClearWire, chart.Suspense, 120, 0)),
				Receipt:     receipt(120, 120), Suspense: suspense.UnknownNumber,
			},
			`{"payment":"pay1","part":2,"entity":1,"fund":"premium","cents":120,"applied_cents":120,` +
				`"effective_on":"2026-11-20","posted_on":"2026-11-23","suspense_reason":"unknown_number",` +
				`"source":"` + string(opaque) + `","sequence":7}`,
		},
		{
			"a reversal names the payment and the fact that it takes back",
			event.Source{
				Transaction: transaction(account, chart.PaymentReceived+".reversed", 3,
					chart.Transfer(premium, chart.Receivable, chart.ClearLockbox, 500, 9)),
				OfReceipt: receipt(500, 500),
			},
			`{"payment":"pay1","part":2,"entity":1,"fund":"premium","cents":500,` +
				`"effective_on":"2026-11-20","posted_on":"2026-11-23","item":9,"of":"` + of + `","sequence":7}`,
		},
		{
			"an item billed",
			event.Source{Transaction: transaction(account, chart.ItemBilled, 0,
				chart.BilledPosting(medical, chart.Applied{Item: 11, Cents: 4000}, chart.Earned))},
			`{"entity":2,"fund":"medical","cents":4000,"effective_on":"2026-11-20","posted_on":"2026-11-23","item":11,"sequence":7}`,
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.source.Book = opaque
			f, err := event.Compose(&tc.source)
			if err != nil {
				t.Fatal(err)
			}
			if string(f.Data) != tc.want {
				t.Errorf("data:\n got %s\nwant %s", f.Data, tc.want)
			}
			wantAccount := opaque
			if tc.source.Transaction.Book == till {
				wantAccount = ""
			}
			if f.ID != event.IDOf(opaque, 7) || f.Type != tc.source.Transaction.Event || !f.Time.Equal(noon) || f.Account != wantAccount {
				t.Errorf("got %+v", f)
			}
		})
	}
}

func TestCompose_CorruptPostings(t *testing.T) {
	for _, postings := range [][]ledger.Posting{nil, {{Debit: 3, Credit: 4, Cents: 1}}} {
		_, err := event.Compose(&event.Source{Transaction: ledger.Transaction{Book: account, Seq: 1, Postings: postings}})
		if fault.KindOf(err) != fault.Corrupt {
			t.Errorf("postings %v: got %v, want a corrupt one", postings, err)
		}
	}
}

func TestIDOf(t *testing.T) {
	id := event.IDOf(opaque, 7)
	if id != "paxy3ta2p8tkr0x0s1nfx0hfvm" {
		t.Errorf("got %s: a published id never changes", id)
	}
	for _, other := range []event.ID{event.IDOf(opaque, 8), event.IDOf("1h8kq0000000000000000000zb", 7), event.IDOf(opaque+"\x00", 7)} {
		if other == id {
			t.Errorf("two facts have the id %s", id)
		}
	}
}

// What goes out as JSON is the fact alone: not where the books keep it.
func TestFact_JSON(t *testing.T) {
	f := event.Fact{
		ID: "f1", Type: chart.PaymentReceived, Time: noon, Account: opaque, Data: json.RawMessage(`{"cents":1}`),
		Ref: event.Ref{Book: account, Seq: 7},
	}
	got, err := json.Marshal(f)
	want := `{"id":"f1","type":"payment.received","time":"2026-11-23T12:00:00Z","account":"` + string(opaque) + `","data":{"cents":1}}`
	if err != nil || string(got) != want {
		t.Errorf("got %s and %v\nwant %s", got, err, want)
	}
}
