package ach_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"pgregory.net/rapid"

	moov "github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/clearing"
	"github.com/billfold/billfold/internal/payments/mandate"
	"github.com/billfold/billfold/internal/rail/ach"
	"github.com/billfold/billfold/internal/rail/railtest"
	"github.com/billfold/billfold/internal/store/storetest"
)

// What we write by a stream is read back by the library that holds whole files, under
// its strictest rules, and its totals are ours.
func TestPress_ReadsBackElsewhere(t *testing.T) {
	bank := sandbox()
	own := mandate.BankAccount{Routing: "121042882", Number: secret.New("55501"), Kind: mandate.Checking, Holder: "Cedar Valley"}
	rapid.Check(t, func(t *rapid.T) {
		var out bytes.Buffer
		f := clearing.File{ODFI: "99000010", Modifier: "A", MadeAt: storetest.Start, Live: rapid.Bool().Draw(t, "live")}
		p := ach.Press{}.Begin(&out, &bank, &f)
		trace := clearing.Trace(990000100000000)
		var debits, credits money.Cents
		entries := 0
		for no := range rapid.IntRange(1, 4).Draw(t, "batches") {
			b := clearing.Batch{
				No: int64(no + 1), Company: "1555010001", CompanyName: "CEDAR VALLEY", Description: "HEALTHPREM", SettlesOn: monday,
				SEC:       rapid.SampledFrom([]clearing.SEC{clearing.PPD, clearing.WEB, clearing.TEL, clearing.CCD}).Draw(t, "sec"),
				Direction: clearing.Debit, Entries: int64(rapid.IntRange(1, 9).Draw(t, "entries")), TraceFirst: trace + 1,
			}
			if b.SEC == clearing.PPD && rapid.Bool().Draw(t, "credit") {
				b.Direction = clearing.Credit
			}
			balanced := rapid.Bool().Draw(t, "balanced") && b.SEC != clearing.WEB && b.SEC != clearing.TEL
			b.TraceLast = trace + clearing.Trace(b.Entries)
			if balanced {
				b.TraceLast++
			}
			must(t, p.Batch(&b))
			for range b.Entries {
				trace++
				entries++
				cents := money.Cents(rapid.Int64Range(1, 9_999_999).Draw(t, "cents"))
				b.Amount += cents
				if b.Direction == clearing.Debit {
					debits += cents
				} else {
					credits += cents
				}
				must(t, p.Entry(&clearing.Outgoing{
					Entry: clearing.Entry{
						ID: ident.NewOpaque(), Direction: b.Direction, Kind: clearing.Payment, SEC: b.SEC, Amount: cents, Trace: trace,
						Recurring: rapid.Bool().Draw(t, "recurring"),
					},
					Account: mandate.BankAccount{
						Routing: "121042882", Number: secret.New(fmt.Sprintf("%d", rapid.IntRange(1000, 99999999).Draw(t, "account"))),
						Kind:   rapid.SampledFrom([]mandate.AccountKind{mandate.Checking, mandate.Savings}).Draw(t, "kind"),
						Holder: rapid.StringMatching(`[A-Za-zéñü '\-]{1,40}`).Draw(t, "holder") + "x",
					},
				}))
			}
			if balanced {
				trace++
				entries++
				if b.Direction == clearing.Debit {
					credits += b.Amount
				} else {
					debits += b.Amount
				}
				must(t, p.Offset(&b, own))
			}
		}
		hash, err := p.Close()
		must(t, err)
		back, err := moov.NewReader(&out).Read()
		if err != nil {
			t.Fatalf("our file is refused: %v", err)
		}
		must(t, back.Validate())
		control := back.Control
		if control.EntryAddendaCount != entries || control.TotalDebitEntryDollarAmountInFile != int(debits) ||
			control.TotalCreditEntryDollarAmountInFile != int(credits) || fmt.Sprintf("%010d", control.EntryHash) != hash {
			t.Fatalf("it reads %+v, we wrote %d entries, %s and %s, hash %s", control, entries, debits, credits, hash)
		}
		if marked := back.Header.ReferenceCode == clearing.SandboxMark; marked == f.Live {
			t.Fatalf("live %v, and the header says %q", f.Live, back.Header.ReferenceCode)
		}
	})
}

func must(t *rapid.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A balanced file gives our own account what it takes from others, under gap-free traces.
func TestDesk_BalancedFile(t *testing.T) {
	bank := sandbox()
	bank.Balanced = true
	company := bank.Companies[chart.Premium]
	company.Offset = mandate.BankAccount{Routing: "121042882", Number: secret.New("55501"), Kind: mandate.Checking, Holder: "Cedar Valley"}
	bank.Companies[chart.Premium] = company
	w := open(t, "sqlite", bank)
	for i := range 3 {
		w.order(i, w.method(i, true), clearing.PPD, money.Cents(100+i), calendar.MustParse("2026-11-24"))
	}
	f := w.release(w.build(monday, "standard").No)
	sum, entries := w.read(f.Name)
	if sum.DebitCents != 303 || sum.CreditCents != 303 || len(entries) != 4 || f.Entries != 3 || f.DebitCents != 303 || f.CreditCents != 303 {
		t.Errorf("the file reads %+v, we kept %+v", sum, f)
	}
	if last := entries[3]; last.Trace != fmt.Sprintf("%015d", int64(f.TraceLast)) || !last.Credit() || last.Account.Reveal() != "55501" {
		t.Errorf("the offset is %+v", last)
	}
}

// A same-day window takes what fits its limit; more waits for the standard one.
func TestDesk_SameDayLimit(t *testing.T) {
	w := open(t, "sqlite", sandbox())
	w.order(0, w.method(0, true), clearing.PPD, 1_000_000_00, monday)
	w.order(1, w.method(1, true), clearing.PPD, 1_000_000_01, monday)
	report, err := w.desk.Build(context.Background(), monday, "midday", clerk)
	w.must(err)
	if len(report.Files) != 1 || report.Files[0].Entries != 1 || report.Files[0].EffectiveOn != monday || len(report.Waiting) != 1 {
		t.Fatalf("the same-day window made %+v", report)
	}
	if f := w.build(monday, "standard"); f.Entries != 1 || f.DebitCents != 1_000_000_01 {
		t.Errorf("the standard window made %+v", f)
	}
	for _, day := range []string{"2026-11-26", "2026-11-28"} {
		if _, err := w.desk.Build(context.Background(), calendar.MustParse(day), "standard", clerk); err == nil {
			t.Errorf("a file was made for %s, when the bank is closed", day)
		}
	}
}

// The public samples of returns and notifications read, and none answers to us.
func TestAnswers_Samples(t *testing.T) {
	folder := railtest.Samples("../../..", "nacha-returns-noc")
	if folder == "" {
		return // the shared samples are not at hand
	}
	files, err := filepath.Glob(filepath.Join(folder, "*.ach"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no samples: %v", err)
	}
	for _, path := range files {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		answers := 0
		if _, err := ach.Answers(bytes.NewReader(content), func(a clearing.Answer) error {
			answers++
			if a.Code == "" || a.Original == 0 {
				t.Errorf("%s, line %d: %+v", filepath.Base(path), a.Line, a)
			}
			return nil
		}); err != nil || answers == 0 {
			t.Errorf("%s: %d answers (%v)", filepath.Base(path), answers, err)
		}
	}
}

// Whatever a file of answers holds, reading it ends, and what it gives is within bounds.
func FuzzAnswers(f *testing.F) {
	for _, folder := range []string{"../../../testdata/zoo/nacha"} {
		files, _ := filepath.Glob(filepath.Join(folder, "*.ach"))
		for _, path := range files {
			if content, err := os.ReadFile(path); err == nil {
				f.Add(content)
			}
		}
	}
	f.Add([]byte("101 121042882 9900001072611250600A094101\n5225CEDAR VALLEY                        1555010001COR"))
	f.Fuzz(func(t *testing.T, content []byte) {
		_, _ = ach.Answers(bytes.NewReader(content), func(a clearing.Answer) error {
			if a.Amount < 0 || a.Original < 0 || a.Kind == "" {
				t.Errorf("an answer is %+v", a)
			}
			return nil
		})
	})
}
