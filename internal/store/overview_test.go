package store_test

import (
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/bills/openitem"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/enrolment"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/people/member"
	"github.com/billfold/billfold/internal/store"
	"github.com/billfold/billfold/internal/store/storetest"
)

func overview(t testing.TB, o *storetest.Office) store.Overview {
	t.Helper()
	day := storetest.House{Clock: o.Clock}.PostingDay(1)
	got, err := o.Store.Overview(t.Context(), map[chart.EntityNo]calendar.Date{1: day, 2: day})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestOverview_SumsEveryKindOfMoney(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		s := &scenario{Office: o, t: t, numbers: o.Members(t, 3)}
		s.bill(0, premium, 10_000) // each with a fee of 5.00
		s.bill(1, medical, 2_500)
		s.pay(premium, s.to(0, 9_000))
		s.pay(premium, s.to(0, 2_000)) // pays 15.00 and leaves 5.00 on no item
		s.pay(premium, payment.Part{Reference: "no idea", Amount: 700})
		o.Clock.Advance(24 * time.Hour)
		byMail := s.instruction(medical, s.to(1, 1_000))
		byMail.Rail = payment.Lockbox
		if outcomes, err := o.Cashier.Post(t.Context(), []payment.Instruction{byMail}, nil); err != nil || outcomes[0].Err != nil {
			t.Fatal(err, outcomes)
		}
		crossed := s.to(1, 600)
		crossed.For = chart.Medical
		s.pay(premium, crossed)
		bounced := s.pay(premium, s.to(2, 400))[0]
		s.must(o.Cashier.Reverse(t.Context(), s.order(), cashier.Ref{Book: bounced.Book, Seq: bounced.Seq}))

		got := overview(t, o)
		checkPurse(t, got.Purses[premium], store.PurseOverview{
			ByRail:   map[chart.Code]store.RailReceipt{chart.ClearCounter: {Today: 600, InAll: 12_300}},
			Received: 12_300, Moved: -600, Applied: 10_500, Unapplied: 500, Suspense: 700, Agrees: true,
		})
		checkPurse(t, got.Purses[medical], store.PurseOverview{
			OpenItems: 2, Owed: 1_400,
			ByRail:   map[chart.Code]store.RailReceipt{chart.ClearLockbox: {Today: 1_000, InAll: 1_000}},
			Received: 1_000, Moved: 600, Applied: 1_600, Agrees: true,
		})
		wantTrial := map[chart.EntityNo]store.Trial{1: {Debits: 23_600, Credits: 23_600}, 2: {Debits: 4_600, Credits: 4_600}}
		if !maps.Equal(got.Trial, wantTrial) {
			t.Errorf("got trial balances %+v, want %+v", got.Trial, wantTrial)
		}
		want := store.SuspenseOverview{
			Purse: premium, Reason: suspense.NoNumber, Items: 1, Cents: 700, Oldest: calendar.MustParse("2026-11-20"),
		}
		if len(got.Suspense) != 1 || got.Suspense[0] != want {
			t.Errorf("got in suspense %+v, want %+v", got.Suspense, want)
		}
		if !got.At.Equal(o.Clock.Now()) {
			t.Errorf("got the moment %s, want %s", got.At, o.Clock.Now())
		}
	})
}

func checkPurse(t *testing.T, got, want store.PurseOverview) {
	t.Helper()
	rails := got.ByRail
	if !maps.Equal(rails, want.ByRail) {
		t.Errorf("got by rail %+v, want %+v", rails, want.ByRail)
	}
	got.ByRail, want.ByRail = nil, nil
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Every act there is leaves the two sums of a purse equal.
func TestOverview_AccountsForEveryCent(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		for purse, p := range overview(t, o).Purses {
			in, out := p.Received+p.Moved, p.Applied+p.Unapplied+p.Suspense+p.Refunding
			if in != out || in == 0 || !p.Agrees {
				t.Errorf("%v: %s came in and %s is accounted for: %+v", purse, in, out, p)
			}
		}
	})
}

func TestOverview_SaysWhenAnItemDisagreesWithTheBooks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		play(t, o)
		if _, err := raw(t, o).Exec(`UPDATE open_item SET open_cents = open_cents - 1 WHERE open_cents > 1 AND fund_no = 1`); err != nil {
			t.Fatal(err)
		}
		got := overview(t, o)
		if got.Purses[premium].Agrees || !got.Purses[medical].Agrees {
			t.Errorf("premium agrees: %v, medical agrees: %v; want false and true", got.Purses[premium].Agrees, got.Purses[medical].Agrees)
		}
	})
}

func TestOverview_CountsPeopleAndFiles(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		keepPeople(t, o)
		keepFiles(t, o, 22)
		got := overview(t, o)
		if got.Members != 3 || got.Households != 2 || got.Employers != 1 {
			t.Errorf("got %d members, %d households, %d employers; want 3, 2, 1", got.Members, got.Households, got.Employers)
		}
		if got.FilesTaken != 22 || len(got.Files) != 20 {
			t.Fatalf("got %d files and %d of them listed, want 22 and 20", got.FilesTaken, len(got.Files))
		}
		newest, next := got.Files[0], got.Files[1]
		if newest.Name != "file-21" || newest.Done || newest.Verdict != fault.Refuse || newest.Cents != 2_100 || newest.Items != 21 {
			t.Errorf("got newest %+v", newest)
		}
		if next.Name != "file-20" || !next.Done || next.Verdict != fault.Accept || !next.ReceivedAt.Before(newest.ReceivedAt) {
			t.Errorf("got next %+v", next)
		}
	})
}

func TestOverview_OfAnEmptyOffice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		got := overview(t, o)
		if got.Members != 0 || len(got.Purses) != 0 || len(got.Files) != 0 {
			t.Errorf("got %+v", got)
		}
		if err := o.Store.Ready(t.Context()); err != nil {
			t.Errorf("an open store is not ready: %v", err)
		}
	})
}

func TestReady_FailsWhenTheDatabaseIsGone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, o *storetest.Office) {
		o.Store.Close()
		if err := o.Store.Ready(t.Context()); fault.KindOf(err) != fault.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	})
}

// keepPeople enrols a couple, a person alone, an employer and an exchange.
func keepPeople(t testing.TB, o *storetest.Office) {
	t.Helper()
	issuer, err := billpay.NewIssuer(12)
	if err != nil {
		t.Fatal(err)
	}
	numbers, err := o.Store.Reserve(t.Context(), issuer.Draw(5))
	if err != nil {
		t.Fatal(err)
	}
	person := func(i, subscriber int) enrolment.Edit {
		return enrolment.Edit{After: &enrolment.Member{
			Number: numbers[i], Opaque: ident.NewOpaque(), Version: 1, Standing: enrolment.Standing{Subscriber: numbers[subscriber]},
		}}
	}
	payer := func(i int, kind member.PartyKind) enrolment.Organisation {
		return enrolment.Organisation{
			Number: numbers[i], Opaque: ident.NewOpaque(), Kind: kind, Name: "Payer", Key: enrolment.SponsorKey{Source: "test", ID: string(kind)},
		}
	}
	err = o.Store.SaveMembers(t.Context(), &enrolment.Writes{
		Edits:         []enrolment.Edit{person(0, 0), person(1, 0), person(2, 2)},
		Organisations: []enrolment.Organisation{payer(3, member.EmployerParty), payer(4, member.SponsorParty)},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// keepFiles keeps n files a minute apart: those with an even number accepted and
// carried out, the others refused.
func keepFiles(t testing.TB, o *storetest.Office, n int) {
	t.Helper()
	for i := range n {
		book, err := o.Store.OpenOperatingBook(t.Context(), "file", 0)
		if err != nil {
			t.Fatal(err)
		}
		kept := intake.Kept{
			Book: book, Opaque: ident.NewOpaque(), Name: fmt.Sprintf("file-%d", i), Format: "lockbox", BusinessID: fmt.Sprint(i),
			Verdict: fault.Accept, Items: i, Total: money.Cents(100 * i), ReceivedAt: o.Clock.Now(), Actor: clerk,
		}
		if i%2 == 1 {
			kept.Verdict = fault.Refuse
		}
		if _, err := o.Store.KeepFile(t.Context(), kept); err != nil {
			t.Fatal(err)
		}
		if i%2 == 0 {
			if err := o.Store.FinishFile(t.Context(), book, []byte("{}")); err != nil {
				t.Fatal(err)
			}
		}
		o.Clock.Advance(time.Minute)
	}
}

// BenchmarkOverview has 10,000 billing accounts with two items and one payment
// each.
func BenchmarkOverview(b *testing.B) {
	const accounts, group = 10_000, 500
	for _, engine := range storetest.Engines {
		b.Run(engine, func(b *testing.B) {
			o := storetest.Open(b, engine)
			s := &scenario{Office: o, t: b, numbers: o.Members(b, accounts)}
			for from := 0; from < accounts; from += group {
				var items []openitem.Item
				var payments []payment.Instruction
				for i := from; i < from+group; i++ {
					about := ledger.BookNo(s.numbers[i])
					items = append(items,
						openitem.Item{Purse: premium, About: about, Text: "December", DueOn: dueDay, Amount: 40_000},
						openitem.Item{Purse: medical, About: about, Text: "A visit", DueOn: dueDay, Amount: 9_000})
					payments = append(payments, s.instruction(premium, s.to(i, 30_000)))
				}
				s.must(o.Cashier.Bill(b.Context(), s.order(), items, false))
				if _, err := o.Cashier.Post(b.Context(), payments, nil); err != nil {
					b.Fatal(err)
				}
			}
			for b.Loop() {
				overview(b, o)
			}
		})
	}
}
