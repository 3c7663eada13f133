package sandbox

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/processor"
)

// payout is money on its way between the processor and the bank.
type payout struct {
	ID       string        `json:"id"`
	Merchant string        `json:"merchant"`
	Amount   money.Cents   `json:"amount_cents"` // below zero when the processor takes it
	Trace    string        `json:"trace"`
	Arrives  calendar.Date `json:"arrives"`
}

// payOut has the processor pay out what merchants have, to arrive on the next banking
// day, and books with the bank what arrives on the open one.
func (s *Sandbox) payOut() error {
	day := s.Bank.Day()
	for _, merchant := range slices.Sorted(maps.Keys(s.options.Merchants)) {
		_, err := s.Processor.PayOut(merchant, day.AddBusinessDays(1))
		if err != nil && fault.KindOf(err) != fault.Conflict {
			return err
		}
	}
	if err := s.notePayouts(); err != nil {
		return err
	}
	failed := map[string]bool{}
	for _, e := range s.Processor.Entries() {
		if e.Kind == processor.PayoutFailed {
			failed[e.Code] = true
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.payouts)) {
		if p := s.payouts[id]; !p.Arrives.After(day) {
			if err := s.bookPayout(p, failed[id]); err != nil {
				return err
			}
		}
	}
	return nil
}

// notePayouts takes note of payouts that the processor made, whoever asked for them.
func (s *Sandbox) notePayouts() error {
	for _, e := range s.Processor.Entries() {
		if _, known := s.payouts[e.Code]; known || e.Kind != processor.PaidOut || s.options.Merchants[e.Account] == "" {
			continue
		}
		p, err := s.askPayout(e)
		if err != nil {
			return err
		}
		if err := s.journal.Add(record{Payout: &p}); err != nil {
			return err
		}
		s.apply(record{Payout: &p})
	}
	return nil
}

// askPayout asks the processor for a payout, as any of its clients would.
func (s *Sandbox) askPayout(e processor.Entry) (payout, error) {
	request, err := http.NewRequest(http.MethodGet, "http://sandbox/v1/payouts/"+e.Code, http.NoBody)
	if err != nil {
		return payout{}, fault.New(fault.Internal, "sandbox.askPayout", "the request cannot be made: %v", err)
	}
	request.Header.Set("Authorization", "Bearer "+s.Processor.SecretKey().Reveal())
	request.Header.Set("Stripe-Account", e.Account)
	var answer answerBuffer
	s.Processor.ServeHTTP(&answer, request)
	var told struct {
		Arrives int64 `json:"arrival_date"`
		Trace   struct {
			Value string `json:"value"`
		} `json:"trace_id"`
	}
	if err := json.Unmarshal(answer.body.Bytes(), &told); err != nil || answer.status != http.StatusOK {
		return payout{}, fault.New(fault.Unavailable, "sandbox.askPayout", "the processor does not tell of payout %s", e.Code)
	}
	arrives := calendar.In(time.Unix(told.Arrives, 0), time.UTC)
	return payout{ID: e.Code, Merchant: e.Account, Amount: e.Cents, Trace: told.Trace.Value, Arrives: arrives}, nil
}

// answerBuffer keeps an answer that goes nowhere.
type answerBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answerBuffer) Header() http.Header {
	if a.header == nil {
		a.header = http.Header{}
	}
	return a.header
}

func (a *answerBuffer) WriteHeader(status int) { a.status = status }

func (a *answerBuffer) Write(text []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	return a.body.Write(text)
}

// bookPayout books a payout once, and what the bank sends back once.
func (s *Sandbox) bookPayout(p payout, failed bool) error {
	code, back := "165", "469"
	amount := p.Amount
	if amount < 0 {
		code, back, amount = "455", "169", -amount
	}
	in := bank.Booking{
		Account: s.options.Merchants[p.Merchant], Code: code, Amount: amount, Customer: p.Trace,
		Text: "CARD PAYOUT " + p.ID + " " + p.Merchant, Of: "payout:" + p.ID, Once: "payout " + p.ID,
	}
	bookings := []bank.Booking{in}
	if failed {
		out := in
		out.Code, out.Text, out.Once = back, "CARD PAYOUT RETURNED "+p.ID, "payout returned "+p.ID
		bookings = append(bookings, out)
	}
	_, err := s.Bank.Book(bookings...)
	return err
}
