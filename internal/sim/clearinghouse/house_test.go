package clearinghouse_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
	"github.com/billfold/billfold/internal/sim/post"
)

const (
	account = "000555010001"
	company = "9555010001"
	routing = "102003154"
)

// morning is before every cut-off, late after the last one.
var (
	morning = time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	late    = time.Date(2026, 11, 24, 17, 0, 0, 0, time.UTC)
)

// street is a clearing house with its bank.
type street struct {
	*testing.T
	bank  *bank.Bank
	house *clearinghouse.House
	sent  []post.Document
}

func newStreet(t *testing.T, dir string, plan clearinghouse.Plan) *street {
	t.Helper()
	s := &street{T: t}
	deliver := func(d post.Document) error {
		s.sent = append(s.sent, d)
		return nil
	}
	var err error
	s.bank, err = bank.Open(bank.Options{
		Dir: dir, Accounts: []bank.Account{{Number: account, Owner: "Plan", Opening: 1_000_000_00}}, Opens: calendar.MustParse("2026-11-24"), Deliver: deliver,
	})
	s.must(err)
	s.house, err = clearinghouse.Open(clearinghouse.Options{
		Dir: dir, Routing: routing, Companies: map[string]string{company: account}, Bank: s.bank, Deliver: deliver, Plan: plan,
	})
	s.must(err)
	t.Cleanup(s.close)
	return s
}

func (s *street) close() {
	s.house.Close()
	s.bank.Close()
}

func (s *street) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// day ends the banking day and begins the next.
func (s *street) day() {
	s.Helper()
	s.must(s.house.Settle())
	_, err := s.bank.CloseDay()
	s.must(err)
	s.must(s.house.Return())
}

func (s *street) take(content []byte, at time.Time) clearinghouse.Acknowledgement {
	s.Helper()
	answer, err := s.house.Take("out.ach", content, at)
	s.must(err)
	return answer
}

// entry is one entry of a file that a plan sends.
type entry struct {
	account string
	cents   int
	code    int
}

// fileOf writes a file of the plan's.
func fileOf(modifier, effective string, entries ...entry) []byte {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	file := ach.NewFile()
	head := ach.NewFileHeader()
	head.ImmediateDestination, head.ImmediateOrigin, head.FileIDModifier = routing, company, modifier
	head.FileCreationDate, head.FileCreationTime = "261124", "0800"
	head.ImmediateDestinationName, head.ImmediateOriginName = "BANK", "PLAN"
	file.SetHeader(head)
	batchHead := ach.NewBatchHeader()
	batchHead.ServiceClassCode, batchHead.StandardEntryClassCode = ach.MixedDebitsAndCredits, ach.PPD
	batchHead.CompanyName, batchHead.CompanyIdentification, batchHead.CompanyEntryDescription = "PLAN", company, "PREMIUM"
	batchHead.EffectiveEntryDate, batchHead.ODFIIdentification = effective, routing[:8]
	batch, err := ach.NewBatch(batchHead)
	must(err)
	for i, e := range entries {
		detail := ach.NewEntryDetail()
		detail.TransactionCode = e.code
		detail.SetRDFI("231380104")
		detail.DFIAccountNumber, detail.Amount = e.account, e.cents
		detail.IdentificationNumber, detail.IndividualName, detail.Category = "M1", "PAT RIVERA", ach.CategoryForward
		detail.SetTraceNumber(routing[:8], i+1)
		batch.AddEntry(detail)
	}
	must(batch.Create())
	file.AddBatch(batch)
	must(file.Create())
	var out bytes.Buffer
	writer := ach.NewWriter(&out)
	must(writer.Write(file))
	writer.Flush()
	return out.Bytes()
}

func debit(account string, cents int) entry { return entry{account, cents, ach.CheckingDebit} }

func (s *street) lines() (told []string) {
	for _, l := range s.bank.Lines() {
		told = append(told, fmt.Sprintf("%s %s %s", l.Day, l.Code, l.Signed()))
	}
	return told
}

func (s *street) expect(want ...string) {
	s.Helper()
	if have := s.lines(); !slices.Equal(have, want) {
		s.Errorf("booked\n%s\nwanted\n%s", strings.Join(have, "\n"), strings.Join(want, "\n"))
	}
}

func TestHouse_SettlesAndReturns(t *testing.T) {
	s := newStreet(t, t.TempDir(), clearinghouse.Plan{})
	answer := s.take(fileOf("A", "261125",
		debit("1234567890", 100_00), debit("55990001", 20_00), debit("55990010", 3_00), entry{"77", 5_00, ach.CheckingCredit}, debit("55980001", 1_00),
		entry{"55990003", 0, ach.CheckingPrenoteDebit}), morning)
	if answer.Verdict != clearinghouse.Accepted || answer.Entries != 6 || answer.Debits != 124_00 || answer.Credits != 5_00 {
		t.Fatalf("answered %+v", answer)
	}
	s.day() // the 24th: nothing settles yet
	s.day() // the 25th; the 26th is Thanksgiving
	s.day() // the 27th
	s.expect("2026-11-25 166 124.00", "2026-11-25 466 -5.00", "2026-11-30 557 -20.00")
	for range 20 {
		s.day()
	}
	if last := s.lines()[3]; !strings.HasSuffix(last, "557 -3.00") {
		t.Errorf("the unauthorised one came back as %s", last)
	}
	var codes []string
	for _, d := range s.sent {
		if d.Kind == "ach_returns" {
			codes = append(codes, s.codes(d)...)
		}
	}
	if want := []string{"R01 102003150000002", "C01 102003150000005 55980002", "R03 102003150000006", "R10 102003150000003"}; !slices.Equal(codes, want) {
		t.Errorf("came back: %q, wanted %q", codes, want)
	}
}

// codes reads a file of returns with a reader that is not ours, and has the
// product inspect it.
func (s *street) codes(d post.Document) (codes []string) {
	s.Helper()
	seen := exchange.Inspect(d.Name, bytes.NewReader(d.Content), int64(len(d.Content)))[0]
	if seen.Format != "nacha" || seen.Verdict != fault.Accept {
		s.Errorf("%s: %s %s %v\n%s", d.Name, seen.Format, seen.Verdict, seen.Problems, d.Content)
	}
	file, err := ach.NewReader(bytes.NewReader(d.Content)).Read()
	s.must(err)
	for _, b := range file.Batches {
		for _, e := range b.GetEntries() {
			if e.Addenda99 != nil {
				codes = append(codes, e.Addenda99.ReturnCode+" "+e.Addenda99.OriginalTrace)
			}
			if e.Addenda98 != nil {
				codes = append(codes, e.Addenda98.ChangeCode+" "+e.Addenda98.OriginalTrace+" "+strings.TrimSpace(e.Addenda98.CorrectedData))
			}
		}
	}
	return codes
}

func TestTake_JudgesFiles(t *testing.T) {
	good := fileOf("A", "261125", debit("1", 100))
	for name, tc := range map[string]struct {
		content []byte
		want    clearinghouse.Verdict
	}{
		"good":                      {good, clearinghouse.Accepted},
		"the same bytes":            {good, clearinghouse.Duplicate},
		"other line ends":           {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), clearinghouse.Duplicate},
		"another of the day":        {fileOf("B", "261125", debit("1", 100)), clearinghouse.Accepted},
		"cut":                       {good[:300], clearinghouse.Rejected},
		"a total that is wrong":     {bytes.Replace(good, []byte("000000000100000000000000"), []byte("000000000101000000000000"), 2), clearinghouse.Rejected},
		"another company":           {bytes.ReplaceAll(good, []byte(company), []byte("9555010009")), clearinghouse.Rejected},
		"no file at all":            {[]byte("hello"), clearinghouse.Rejected},
		"nothing":                   {nil, clearinghouse.Rejected},
		"no effective date in year": {bytes.ReplaceAll(good, []byte("261125"), []byte("261325")), clearinghouse.Rejected},
	} {
		s := newStreet(t, "", clearinghouse.Plan{})
		if tc.want == clearinghouse.Duplicate {
			s.take(good, morning)
		}
		s.sent = nil
		if got := s.take(tc.content, morning); got.Verdict != tc.want {
			t.Errorf("%s: %+v", name, got)
		}
		var told clearinghouse.Acknowledgement
		if len(s.sent) != 1 || json.Unmarshal(s.sent[0].Content, &told) != nil || told.Verdict != tc.want {
			t.Errorf("%s was acknowledged with %v", name, s.sent)
		}
	}
}

func TestSettle_OnTheLawfulDay(t *testing.T) {
	for name, tc := range map[string]struct {
		effective string
		at        time.Time
		cents     int
		want      string
	}{
		"same day":                    {"261124", morning, 100, "2026-11-24"},
		"same day after the cut-off":  {"261124", late, 100, "2026-11-25"},
		"same day above its limit":    {"261124", morning, 1_000_000_01, "2026-11-25"},
		"tomorrow":                    {"261125", late, 100, "2026-11-25"},
		"Thanksgiving":                {"261126", morning, 100, "2026-11-27"},
		"a Saturday":                  {"261128", morning, 100, "2026-11-30"},
		"yesterday is the next day's": {"261123", morning, 100, "2026-11-25"},
	} {
		s := newStreet(t, "", clearinghouse.Plan{})
		s.take(fileOf("A", tc.effective, debit("1", tc.cents)), tc.at)
		for range 5 {
			s.day()
		}
		if len(s.lines()) != 1 || !strings.HasPrefix(s.lines()[0], tc.want) {
			t.Errorf("%s settled: %v", name, s.lines())
		}
	}
}

func TestPlan_DecidesWhatBecomesOfEntries(t *testing.T) {
	plan, err := clearinghouse.ReadPlan(strings.NewReader(`{"seed":3,"summed":true,"entries":[
		{"cents":777,"code":"settles"},{"account":"1","share":0.5,"code":"R09","days":1},{"direction":"credit","code":"R23","days":4}],
		"rejected":[2],"vanished":[3]}`))
	if err != nil {
		t.Fatal(err)
	}
	s := newStreet(t, "", plan)
	entries := []entry{debit("55990001", 777), {"8", 300, ach.CheckingCredit}}
	for range 100 {
		entries = append(entries, debit("1", 100))
	}
	s.take(fileOf("A", "261124", entries...), morning)
	if got := s.take(fileOf("B", "261124", entries...), morning).Verdict; got != clearinghouse.Rejected {
		t.Errorf("the second file is %s", got)
	}
	before := len(s.sent)
	s.take(fileOf("C", "261124", entries...), morning)
	if len(s.sent) != before {
		t.Error("a file that vanished was acknowledged")
	}
	for range 6 {
		s.day()
	}
	back := money.Cents(0)
	for _, l := range s.bank.Lines() {
		if l.Code == "466" && l.Day.String() == "2026-11-25" {
			back += l.Amount
		}
	}
	if back < 30_00 || back > 70_00 {
		t.Errorf("of 100 entries with an even chance, %s came back: %v", back, s.lines())
	}
	if last := s.lines()[len(s.lines())-1]; last != "2026-12-01 166 3.00" {
		t.Errorf("the credit came back as %s", last)
	}
	for _, bad := range []string{`{"entries":[{"code":"R99"}]}`, `{"entries":[{"code":"R61"}]}`, `{"entries":[{"code":"C61"}]}`, `{"entries":[{"code":"R01","share":2}]}`, `{"x":1}`, `[`} {
		if _, err := clearinghouse.ReadPlan(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}

func TestHouse_TakesUpWhereItWasLeft(t *testing.T) {
	dir := t.TempDir()
	file := fileOf("A", "261124", debit("55990001", 20_00), debit("1", 1_00))
	s := newStreet(t, dir, clearinghouse.Plan{})
	s.take(file, morning)
	s.must(s.house.Settle())
	s.close()
	s = newStreet(t, dir, clearinghouse.Plan{})
	if got := s.take(file, morning).Verdict; got != clearinghouse.Duplicate {
		t.Errorf("after a restart the file is %s", got)
	}
	for range 4 {
		s.day()
	}
	s.expect("2026-11-24 166 21.00", "2026-11-27 557 -20.00")
	for _, e := range s.house.Entries() {
		if !e.Settled || e.Back != (e.Outcome != "") {
			t.Errorf("entry %+v", e)
		}
	}
}

func TestHouse_SeesWhatWasSentTwice(t *testing.T) {
	s := newStreet(t, "", clearinghouse.Plan{})
	s.take(fileOf("A", "261124", debit("1", 1), debit("2", 2)), morning)
	s.take(fileOf("B", "261124", debit("1", 1), debit("3", 2)), morning)
	if s.house.Doubled() != 1 {
		t.Errorf("%d entries came twice", s.house.Doubled())
	}
}

func TestStray_IsReturnedAndBooked(t *testing.T) {
	s := newStreet(t, "", clearinghouse.Plan{})
	s.must(s.house.Stray(company, "999999990000001", "R02", 44_00))
	s.expect("2026-11-24 557 -44.00")
	if got := s.codes(s.sent[0]); !slices.Equal(got, []string{"R02 999999990000001"}) {
		t.Errorf("came back: %v", got)
	}
	if err := s.house.Stray("1", "999999990000001", "R02", 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown company: %v", err)
	}
}

// A balanced file settles by the entry that names our own account, and not twice.
func TestSettle_BalancedFilesByTheirOffset(t *testing.T) {
	s := newStreet(t, "", clearinghouse.Plan{})
	content := fileOf("A", "261124", debit("1", 60_00), debit("2", 40_00), entry{account, 100_00, ach.CheckingCredit})
	content = bytes.Replace(content, []byte("622231380104"+account), []byte("622"+routing+account), 1)
	file, err := ach.NewReader(bytes.NewReader(content)).Read()
	if err == nil {
		t.Fatal("the hash still fits")
	}
	s.must(file.Batches[0].Create())
	s.must(file.Create())
	var out bytes.Buffer
	writer := ach.NewWriter(&out)
	s.must(writer.Write(&file))
	writer.Flush()
	if got := s.take(out.Bytes(), morning); got.Verdict != clearinghouse.Accepted {
		t.Fatalf("answered %+v", got)
	}
	s.day()
	s.expect("2026-11-24 166 100.00")
}

// Whatever is sent in, it is answered and the books stay whole.
func FuzzTake(f *testing.F) {
	good := fileOf("A", "261125", debit("1", 100), entry{"2", 5, ach.CheckingCredit})
	f.Add(good)
	f.Add(good[:300])
	f.Add(bytes.Replace(good, []byte("5200"), []byte("5225"), 1))
	f.Fuzz(func(t *testing.T, content []byte) {
		s := newStreet(t, "", clearinghouse.Plan{})
		answer := s.take(content, morning)
		if n := len(s.house.Entries()); answer.Verdict != clearinghouse.Accepted && n != 0 {
			t.Errorf("%s, with %d entries", answer.Verdict, n)
		}
		s.day()
		s.day()
	})
}
