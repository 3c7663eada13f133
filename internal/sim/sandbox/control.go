package sandbox

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/clearinghouse"
)

const bodyMax = 16 << 20

// Handler serves the card processor at its usual addresses and the sandbox's own below
// /sandbox/. Those ask for the processor's secret key, as a bearer.
func (s *Sandbox) Handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, serve := range s.routes() {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, err := serve(r)
			if err != nil {
				answer(w, statusOf(err), refusal{problem{fault.MessageOf(err), fault.HintOf(err)}})
				return
			}
			answer(w, http.StatusOK, body)
		})
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/sandbox/") {
			s.Processor.ServeHTTP(w, r)
			return
		}
		given, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if subtle.ConstantTimeCompare([]byte(given), []byte(s.Processor.SecretKey().Reveal())) != 1 {
			answer(w, http.StatusUnauthorized, refusal{problem{"Give the sandbox's secret key as a bearer.", ""}})
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, bodyMax)
		mux.ServeHTTP(w, r)
	})
}

type serve = func(*http.Request) (any, error)

func (s *Sandbox) routes() map[string]serve {
	return map[string]serve{
		"GET /sandbox/state":           func(*http.Request) (any, error) { return s.state(), nil },
		"GET /sandbox/books":           func(*http.Request) (any, error) { return s.Books(), nil },
		"GET /sandbox/books/lines":     func(*http.Request) (any, error) { return s.Bank.Lines(), nil },
		"GET /sandbox/books/cheques":   func(*http.Request) (any, error) { return s.Bank.Cheques(), nil },
		"GET /sandbox/books/bills":     func(*http.Request) (any, error) { return s.Bank.Bills(), nil },
		"GET /sandbox/books/checks":    func(*http.Request) (any, error) { return s.Bank.Checks(), nil },
		"GET /sandbox/books/files":     func(*http.Request) (any, error) { return s.House.Files(), nil },
		"GET /sandbox/books/entries":   func(*http.Request) (any, error) { return s.House.Entries(), nil },
		"GET /sandbox/books/documents": func(*http.Request) (any, error) { return s.Post.Documents(), nil },
		"GET /sandbox/books/planted":   func(*http.Request) (any, error) { return s.Planted(), nil },
		"GET /sandbox/faults":          func(*http.Request) (any, error) { return s.Faults(), nil },
		"POST /sandbox/faults":         s.controlFaults,
		"POST /sandbox/clock":          s.controlClock,
		"POST /sandbox/cheque":         take(func(c []bank.Cheque) (any, error) { return s.Bank.Receive(c...) }),
		"POST /sandbox/bounce":         take(s.bounce),
		"POST /sandbox/billpay":        take(func(b []bank.BillPay) (any, error) { return s.Bank.Send(b...) }),
		"POST /sandbox/wire":           take(func(w bank.Wire) (any, error) { return s.Bank.Wire(w) }),
		"POST /sandbox/deposit":        take(func(d bank.Deposit) (any, error) { return s.Bank.Bring(d) }),
		"POST /sandbox/fee":            take(s.fee),
		"POST /sandbox/check":          take(func(p bank.Presented) (any, error) { return s.Bank.Present(p) }),
		"POST /sandbox/book":           take(func(k bank.Booking) (any, error) { return s.Bank.Book(k) }),
		"POST /sandbox/shorten":        take(s.shorten),
		"POST /sandbox/skew":           take(s.skew),
		"POST /sandbox/stray":          take(s.stray),
		"POST /sandbox/resend":         take(s.resend),
		"POST /sandbox/interim":        func(*http.Request) (any, error) { return done{true}, s.Bank.Interim() },
	}
}

// refusal is the answer to a request that is not carried out.
type refusal struct {
	Error problem `json:"error"`
}

type problem struct {
	Message string `json:"message"`
	Hint    string `json:"hint"`
}

type done struct {
	Done bool `json:"done"`
}

// take reads a request's JSON and refuses fields that nobody knows.
func take[T any](act func(T) (any, error)) serve {
	return func(r *http.Request) (any, error) {
		var body T
		decoder := json.NewDecoder(r.Body)
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&body); err != nil {
			return nil, fault.New(fault.Invalid, "sandbox.control", "the request is not well formed: %v", err)
		}
		return act(body)
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // whoever asked went away
}

func statusOf(err error) int {
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Limit:
		return http.StatusBadRequest
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	}
	return http.StatusInternalServerError
}

// State is how the sandbox stands.
type State struct {
	Now       time.Time     `json:"now"`
	Day       calendar.Date `json:"banking_day"`
	Documents int           `json:"documents"`
	Files     int           `json:"files_taken"`
	Planted   int           `json:"planted"`
}

func (s *Sandbox) state() State {
	return State{s.Now(), s.Bank.Day(), len(s.Post.Documents()), len(s.House.Files()), len(s.Planted())}
}

// Books sums up the bank's books.
type Books struct {
	Accounts []AccountBooks `json:"accounts"`
	Entries  int            `json:"ach_entries"`
	Doubled  int            `json:"ach_entries_doubled"`
}

// AccountBooks is one account: its balance, and the lines by the bank's type.
type AccountBooks struct {
	Number  string         `json:"number"`
	Owner   string         `json:"owner"`
	Opening money.Cents    `json:"opening_cents"`
	Balance money.Cents    `json:"balance_cents"`
	Types   map[string]Sum `json:"types"`
}

// Sum is how often and how much.
type Sum struct {
	Count int         `json:"count"`
	Cents money.Cents `json:"cents"`
}

// Books gives the bank's books summed up.
func (s *Sandbox) Books() Books {
	b := Books{Entries: len(s.House.Entries()), Doubled: s.House.Doubled()}
	for _, a := range s.Bank.Accounts() {
		of := AccountBooks{
			Number: a.Number, Owner: a.Owner, Opening: a.Opening, Balance: s.Bank.Balance(a.Number), Types: map[string]Sum{},
		}
		for _, l := range s.Bank.Lines() {
			if l.Account == a.Number {
				sum := of.Types[l.Code]
				of.Types[l.Code] = Sum{sum.Count + 1, sum.Cents + l.Amount}
			}
		}
		b.Accounts = append(b.Accounts, of)
	}
	return b
}

// Planted is one thing that went wrong on purpose.
type Planted struct {
	Where  string        `json:"where"` // post, bank or clearing_house
	What   string        `json:"what"`
	Day    calendar.Date `json:"day"`
	Name   string        `json:"name"` // of the document, line or file
	Amount money.Cents   `json:"amount_cents,omitempty"`
}

// Planted lists what went wrong on purpose.
func (s *Sandbox) Planted() []Planted {
	all := []Planted{}
	for _, p := range s.Post.Planted() {
		all = append(all, Planted{Where: "post", What: string(p.Fault), Day: p.Day, Name: p.Document})
	}
	for _, l := range s.Bank.Wrongs() {
		all = append(all, Planted{Where: "bank", What: l.Wrong, Day: l.Day, Name: l.Reference, Amount: l.Amount})
	}
	for _, f := range s.House.Files() {
		if f.Verdict != clearinghouse.Accepted {
			all = append(all, Planted{Where: "clearing_house", What: string(f.Verdict), Day: f.Day, Name: f.Name})
		}
	}
	for _, e := range s.House.Entries() {
		if e.Outcome != "" {
			all = append(all, Planted{Where: "clearing_house", What: e.Outcome, Day: e.BackOn, Name: e.Trace, Amount: e.Amount})
		}
	}
	return all
}

func (s *Sandbox) controlFaults(r *http.Request) (any, error) {
	f, err := ReadFaults(r.Body)
	if err != nil {
		return nil, err
	}
	return f, s.SetFaults(f)
}

// clockJSON says where the clock is moved: to an instant, or over banking days.
type clockJSON struct {
	To   time.Time `json:"to"`
	Days int       `json:"days"`
}

const daysMax = 400

func (s *Sandbox) controlClock(r *http.Request) (any, error) {
	return take(func(c clockJSON) (any, error) {
		if c.Days < 0 || c.Days > daysMax || c.To.IsZero() == (c.Days == 0) {
			return nil, fault.New(fault.Invalid, "sandbox.control", "say either to, an instant, or days, from 1 to %d", daysMax)
		}
		if c.Days > 0 {
			if err := s.NextDay(c.Days); err != nil {
				return nil, err
			}
			return s.state(), nil
		}
		if err := s.Move(c.To); err != nil {
			return nil, err
		}
		return s.state(), nil
	})(r)
}

type bounceJSON struct {
	Cheque int    `json:"cheque"`
	Reason string `json:"reason"`
}

func (s *Sandbox) bounce(b bounceJSON) (any, error) {
	if b.Reason == "" {
		b.Reason = "NSF"
	}
	return s.Bank.Bounce(b.Cheque, b.Reason)
}

type feeJSON struct {
	Account string      `json:"account"`
	Amount  money.Cents `json:"amount_cents"`
	Text    string      `json:"text"`
}

func (s *Sandbox) fee(f feeJSON) (any, error) { return s.Bank.Charge(f.Account, f.Amount, f.Text) }

type slipJSON struct {
	Lockbox    string      `json:"lockbox,omitempty"`
	Originator string      `json:"originator,omitempty"`
	Cents      money.Cents `json:"cents"`
}

func (s *Sandbox) shorten(j slipJSON) (any, error) {
	return done{true}, s.Bank.Shorten(j.Lockbox, j.Cents)
}
func (s *Sandbox) skew(j slipJSON) (any, error) {
	return done{true}, s.Bank.Skew(j.Originator, j.Cents)
}

type strayJSON struct {
	Company string      `json:"company"`
	Trace   string      `json:"trace"`
	Code    string      `json:"code"`
	Amount  money.Cents `json:"amount_cents"`
}

func (s *Sandbox) stray(j strayJSON) (any, error) {
	return done{true}, s.House.Stray(j.Company, j.Trace, j.Code, j.Amount)
}

type resendJSON struct {
	Name string `json:"name"`
}

func (s *Sandbox) resend(j resendJSON) (any, error) {
	as, err := s.Post.Resend(j.Name)
	return resendJSON{as}, err
}
