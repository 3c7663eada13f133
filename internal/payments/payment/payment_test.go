package payment_test

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/payments/payment"
	"github.com/billfold/billfold/internal/payments/suspense"
)

func sample() payment.Instruction {
	return payment.Instruction{
		Key: "cie:1", Rail: payment.BankBill, Amount: 300, Received: calendar.MustParse("2026-11-20"),
		Actor: ident.Actor{Kind: ident.Staff, Name: "jlee"}, Source: 32,
		Parts: []payment.Part{
			{Reference: "472819036580", Amount: 100, Received: chart.Purse{Entity: 1, Fund: chart.Premium}},
			{
				Reference: "80251647390", Amount: 200, Received: chart.Purse{Entity: 1, Fund: chart.Premium}, For: chart.Medical,
				Items: []payment.ItemRef{{Book: 80251647390, No: 3}},
			},
		},
	}
}

func TestValidate_RefusesWhatCannotBeAPayment(t *testing.T) {
	good := sample()
	if err := good.Validate(); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(in *payment.Instruction){
		"no key":                        func(in *payment.Instruction) { in.Key = "" },
		"a key with a blank":            func(in *payment.Instruction) { in.Key = "a b" },
		"a key without end":             func(in *payment.Instruction) { in.Key = ident.Key(strings.Repeat("k", ident.KeyMax+1)) },
		"an unknown rail":               func(in *payment.Instruction) { in.Rail = "barter" },
		"no amount":                     func(in *payment.Instruction) { in.Amount = 0 },
		"more than the largest amount":  func(in *payment.Instruction) { in.Amount, in.Parts[0].Amount = money.Max+1, money.Max-199 },
		"no actor":                      func(in *payment.Instruction) { in.Actor = ident.Actor{} },
		"no date of receipt":            func(in *payment.Instruction) { in.Received = calendar.Date{} },
		"sent after it was received":    func(in *payment.Instruction) { in.SentOn = in.Received.AddDays(1) },
		"sent in another year":          func(in *payment.Instruction) { in.SentOn = in.Received.AddDays(-payment.SentMax - 1) },
		"no source":                     func(in *payment.Instruction) { in.Source = 0 },
		"a billing account as source":   func(in *payment.Instruction) { in.Source = ledger.FirstBillingBook },
		"no parts":                      func(in *payment.Instruction) { in.Parts = nil },
		"too many parts":                func(in *payment.Instruction) { in.Parts = make([]payment.Part, payment.PartsMax+1) },
		"parts below the amount":        func(in *payment.Instruction) { in.Parts[0].Amount-- },
		"parts above the amount":        func(in *payment.Instruction) { in.Parts[0].Amount++ },
		"a part of nothing":             func(in *payment.Instruction) { in.Parts[0].Amount, in.Parts[1].Amount = 0, 300 },
		"a negative part":               func(in *payment.Instruction) { in.Parts[0].Amount, in.Parts[1].Amount = -100, 400 },
		"a part received by no entity":  func(in *payment.Instruction) { in.Parts[1].Received.Entity = 0 },
		"a part received by no fund":    func(in *payment.Instruction) { in.Parts[1].Received.Fund = "" },
		"parts whose sum wraps around":  wrapAround,
		"a fund of which there is none": func(in *payment.Instruction) { in.Parts[1].For = "dental" },
	} {
		t.Run(name, func(t *testing.T) {
			in := sample()
			spoil(&in)
			if err := in.Validate(); err == nil {
				t.Errorf("%+v was accepted", in)
			}
		})
	}
}

// wrapAround makes parts whose sum in 64 bits comes back to the amount.
func wrapAround(in *payment.Instruction) {
	part := in.Parts[0]
	part.Amount = math.MaxInt64/2 + 1
	in.Parts = []payment.Part{part, part, part, part, sample().Parts[0], sample().Parts[1]}
}

// TestBodyDigest_CoversWhatThePayerDecided changes each field in turn.
func TestBodyDigest_CoversWhatThePayerDecided(t *testing.T) {
	good := sample()
	original := good.BodyDigest()
	for name, change := range map[string]func(in *payment.Instruction){
		"the rail":              func(in *payment.Instruction) { in.Rail = payment.ACH },
		"the amount":            func(in *payment.Instruction) { in.Amount++ },
		"the date of receipt":   func(in *payment.Instruction) { in.Received = in.Received.AddDays(1) },
		"the postmark":          func(in *payment.Instruction) { in.SentOn = in.Received.AddDays(-2) },
		"a number":              func(in *payment.Instruction) { in.Parts[0].Reference = "472819036581" },
		"how it is split":       func(in *payment.Instruction) { in.Parts[0].Amount++; in.Parts[1].Amount-- },
		"the receiving entity":  func(in *payment.Instruction) { in.Parts[0].Received.Entity = 2 },
		"the receiving fund":    func(in *payment.Instruction) { in.Parts[0].Received.Fund = chart.Medical },
		"the fund it is for":    func(in *payment.Instruction) { in.Parts[1].For = chart.Pharmacy },
		"the item":              func(in *payment.Instruction) { in.Parts[1].Items[0].No++ },
		"whose item":            func(in *payment.Instruction) { in.Parts[1].Items[0].Book++ },
		"an item less":          func(in *payment.Instruction) { in.Parts[1].Items = nil },
		"the order of parts":    func(in *payment.Instruction) { p := in.Parts; p[0], p[1] = p[1], p[0] },
		"a part less":           func(in *payment.Instruction) { in.Parts = in.Parts[:1] },
		"an item of the first":  func(in *payment.Instruction) { in.Parts[0].Items, in.Parts[1].Items = in.Parts[1].Items, nil },
		"a number's first sign": func(in *payment.Instruction) { in.Parts[0].Reference = " " + in.Parts[0].Reference },
	} {
		in := sample()
		change(&in)
		if in.BodyDigest() == original {
			t.Errorf("the digest is the same after a change of %s", name)
		}
	}
	for name, change := range map[string]func(in *payment.Instruction){
		"actor":   func(in *payment.Instruction) { in.Actor.Name = "other" },
		"source":  func(in *payment.Instruction) { in.Source++ },
		"key":     func(in *payment.Instruction) { in.Key = "cie:2" },
		"doubt":   func(in *payment.Instruction) { in.Parts[0].Doubt = suspense.FreeText },
		"details": func(in *payment.Instruction) { in.Parts[0].Details.PayerName = "A Smith" },
	} {
		in := sample()
		change(&in)
		if in.BodyDigest() != original {
			t.Errorf("the digest changed with the %s, which the payer did not decide", name)
		}
	}
}

// What was kept of payments before their postmark was taken in must still prove.
func TestDigest_WithoutAPostmarkIsThatOfBefore(t *testing.T) {
	in := sample()
	if got := fmt.Sprintf("%x", in.BodyDigest()); got[:16] != "b6bea113e290dea2" {
		t.Errorf("the body's digest became %s", got)
	}
	receipt := payment.ReceiptPart{Book: 80251647390, Payment: "p", No: 1, Seq: 2, PostedOn: in.Received, Amount: 100, Unapplied: 100}
	if got := fmt.Sprintf("%x", receipt.Digest()); got[:16] != "e920fb0d4250ee4f" {
		t.Errorf("the receipt's digest became %s", got)
	}
}

// TestDigest_CoversEveryField finds the fields by reflection, so that one added
// later cannot be forgotten.
func TestDigest_CoversEveryField(t *testing.T) {
	in := sample()
	claim := in.Claim(time.UnixMicro(1_700_000_000_000_000))
	everyField(t, &claim, claim.Digest)
	receipt := payment.ReceiptPart{
		Book: 80251647390, Payment: "p", No: 1, Seq: 2, PostedOn: calendar.MustParse("2026-11-23"), SentOn: calendar.MustParse("2026-11-20"),
		Purse: chart.Purse{Entity: 1, Fund: chart.Premium}, About: 80251647390, Amount: 100, Applied: 60, Unapplied: 40,
	}
	everyField(t, &receipt, receipt.Digest)
}

func everyField(t *testing.T, document any, digest func() ledger.DocDigest) {
	t.Helper()
	original := digest()
	value := reflect.ValueOf(document).Elem()
	for i := range value.NumField() {
		field := value.Field(i)
		before := reflect.New(field.Type()).Elem()
		before.Set(field)
		changeField(field)
		if digest() == original {
			t.Errorf("%s: the digest is the same after %s changed", value.Type(), value.Type().Field(i).Name)
		}
		field.Set(before)
	}
	if digest() != original {
		t.Fatal("the document did not come back to what it was")
	}
}

func changeField(field reflect.Value) {
	switch at := field.Addr().Interface().(type) {
	case *time.Time:
		*at = at.Add(time.Microsecond)
		return
	case *calendar.Date:
		*at = at.AddDays(1)
		return
	case *chart.Purse:
		at.Fund = chart.Pharmacy
		return
	case *ident.Actor:
		at.Name += "x"
		return
	}
	switch field.Kind() {
	case reflect.String:
		field.SetString(field.String() + "x")
	case reflect.Array:
		field.Index(0).SetUint(field.Index(0).Uint() ^ 1)
	default:
		field.SetInt(field.Int() + 1)
	}
}

func TestID_IsTheKeysForEver(t *testing.T) {
	// The id is stored: another algorithm would pay every payment again.
	const want = payment.ID("k43ph0qde19te674n7me3c0rca")
	if got := payment.IDOf("cie:091000010000001"); got != want || len(got) != 26 {
		t.Errorf("got %s, want %s", got, want)
	}
	if a, b := payment.IDOf("a"), payment.IDOf("b"); a == b {
		t.Errorf("two keys have the id %s", a)
	}
	if got := payment.ID("0123456789abcdef").Confirmation(); got != "0123-4567-89AB" {
		t.Errorf("got %s, want 0123-4567-89AB", got)
	}
}

func TestRail_EveryOneHasItsClearing(t *testing.T) {
	byFile := map[payment.Rail]bool{
		payment.Lockbox: true, payment.BankBill: true, payment.ACH: true, payment.Wire: true, payment.Counter: false,
		payment.Card: false, payment.Debit: false, payment.Sandbox: false,
	}
	for rail, want := range byFile {
		if code, known := rail.Clearing(); !known || code == 0 {
			t.Errorf("%s has no clearing account", rail)
		}
		if got := rail.ByFile(); got != want {
			t.Errorf("does %s come by file? got %v, want %v", rail, got, want)
		}
	}
}
