package sim

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/format/bai2"
	format "github.com/billfold/billfold/internal/format/lockbox"
	"github.com/billfold/billfold/internal/format/nacha"
	"github.com/billfold/billfold/internal/office/intake"
	"github.com/billfold/billfold/internal/people/billpay"
	"github.com/billfold/billfold/internal/sim/audit"
)

var fileDay = calendar.MustParse("2026-11-20")

// sentItem is an item of a file: a cheque, an entry or a wire.
type sentItem struct {
	trace  int
	number billpay.Number // 0 for nobody's
	cents  money.Cents
}

func (i sentItem) reference() string {
	if i.number == 0 {
		return "A FRIEND"
	}
	return i.number.Digits()
}

type sentFile struct{ items []sentItem }

var rails = []string{"lockbox", "bankbill", "wire"}

// file sends a file: a new one, perhaps with items that came before in another
// or twice in itself, or one that was sent before, in another order.
func (w *world) file() {
	rail := rails[w.random.IntN(len(rails))]
	before := w.files[rail]
	var f *sentFile
	if len(before) > 0 && w.random.IntN(4) == 0 {
		again := before[w.random.IntN(len(before))]
		f = &sentFile{slices.Clone(again.items)}
	} else {
		f = &sentFile{}
		for range 1 + w.random.IntN(8) {
			w.traces++
			item := sentItem{w.traces, w.number(), w.cents()}
			if w.random.IntN(10) == 0 {
				item.number = 0
			}
			f.items = append(f.items, item)
			if w.random.IntN(10) == 0 {
				f.items = append(f.items, item) // a genuine twin
			}
		}
		if len(before) > 0 && w.random.IntN(3) == 0 {
			from := before[w.random.IntN(len(before))]
			f.items = append(f.items, from.items[w.random.IntN(len(from.items))])
		}
		w.files[rail] = append(before, f)
	}
	w.random.Shuffle(len(f.items), func(i, j int) { f.items[i], f.items[j] = f.items[j], f.items[i] })
	content := w.write(rail, f.items)
	var result intake.Result
	err := w.try(func() (err error) {
		result, err = w.intake.Take(w.ctx, rail, bytes.NewReader(content), clerk, nil)
		return err
	})
	if err != nil || result.Verdict != fault.Accept {
		w.fail("a file of the %s was not taken: %v %v\n%s", rail, err, result.Problems, content)
	}
	w.note("%s file of %d", rail, len(f.items))
	items := make([]audit.FileItem, len(f.items))
	for i, it := range f.items {
		items[i] = audit.FileItem{
			Identity: fmt.Sprint(rail, it.trace), Part: audit.Part{Number: int64(it.number), Fund: "premium", Cents: it.cents},
		}
	}
	w.audit.File(rail, "premium", items)
}

// write writes a file of a rail.
func (w *world) write(rail string, items []sentItem) []byte {
	switch rail {
	case "lockbox":
		return w.lockboxFile(items)
	case "bankbill":
		return w.bankFile(items)
	}
	return w.wireFile(items)
}

// brokenFile sends a file of which the end is missing. It is refused whole, so the
// auditor hears nothing of it.
func (w *world) brokenFile() {
	rail := rails[w.random.IntN(len(rails))]
	var items []sentItem
	for range 1 + w.random.IntN(4) {
		w.traces++
		items = append(items, sentItem{w.traces, w.number(), w.cents()})
	}
	content := w.write(rail, items)
	content = content[:1+w.random.IntN(len(content)*2/5)] // what follows the end is padding in some formats
	var result intake.Result
	err := w.try(func() (err error) {
		result, err = w.intake.Take(w.ctx, rail, bytes.NewReader(content), clerk, nil)
		return err
	})
	if err != nil || result.Verdict == fault.Accept || len(result.Problems) == 0 {
		w.fail("a file of the %s without its end ended as %s with %v (%v)\n%s", rail, result.Verdict, result.Problems, err, content)
	}
}

func (w *world) lockboxFile(items []sentItem) []byte {
	var out bytes.Buffer
	file := format.NewWriter(&out, format.Header{Destination: "PLAN", Origin: "BANK", Date: fileDay, Time: "0600"})
	for i, it := range items {
		w.check(file.Write(format.Item{
			Lockbox: "5501001", DepositDate: fileDay, Batch: 1, Number: i + 1, Amount: it.cents, Routing: "121042882",
			Account: secret.New("7001"), CheckNumber: strconv.Itoa(it.trace), Overflow: []format.Overflow{{Text: it.reference()}},
		}))
	}
	w.check(file.Close())
	return out.Bytes()
}

// bankFile begins a batch where traces would not ascend.
func (w *world) bankFile(items []sentItem) []byte {
	var out bytes.Buffer
	file := nacha.NewWriter(&out, nacha.Header{Destination: "121042882", Origin: "231380104", Date: fileDay, Time: "0600", Modifier: "A"})
	batches, last := 0, int(^uint(0)>>1)
	for _, it := range items {
		if it.trace <= last {
			batches++
			w.check(file.Batch(&nacha.Batch{
				ServiceClass: 220, CompanyName: "A BANK", CompanyID: "9876543210", SECCode: "CIE", EntryDescription: "HEALTHPREM",
				EffectiveDate: fileDay, ODFI: "23138010", Number: batches,
			}))
		}
		last = it.trace
		w.check(file.Entry(nacha.Entry{
			TransactionCode: 22, RDFI: "121042882", Account: secret.New("7001"), Amount: it.cents, IndividualID: it.reference(),
			IndividualName: "A PAYER", Trace: fmt.Sprintf("23138010%07d", it.trace),
		}))
	}
	w.check(file.Close())
	return out.Bytes()
}

func (w *world) wireFile(items []sentItem) []byte {
	var out bytes.Buffer
	file := bai2.NewWriter(&out, bai2.Header{Sender: "BANK", Receiver: "PLAN", Date: fileDay, Time: "0600", ID: "1"})
	w.check(file.Group(bai2.Group{
		Receiver: "PLAN", Originator: "121042882", Status: "1", AsOf: fileDay, AsOfTime: "2359", Currency: "USD", AsOfModifier: "2",
	}))
	w.check(file.Account(secret.New("7001"), "", nil))
	for _, it := range items {
		w.check(file.Item(bai2.Item{
			TypeCode: "195", AmountMinor: int64(it.cents), BankReference: fmt.Sprintf("W%d", it.trace), CustomerReference: it.reference(),
			Text: "WIRE",
		}))
	}
	w.check(file.Close())
	return out.Bytes()
}
