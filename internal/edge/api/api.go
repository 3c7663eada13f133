// Package api is the operations over HTTP for other systems: payments, the
// look-up of an account by number and fact, enrolment into policies, whether
// somebody is covered, and what the card processor sends.
//
// It knows HTTP, JSON and keys. It knows no posting rule and no SQL: a payment
// in the sandbox goes through the cashier, one by card through package checkout,
// policies through office/policy, and what coverage follows from is the warden's.
//
// Invariants:
//   - An idempotency key makes one payment, for ever. The key may hold anything,
//     so it is looked up by header, never stands in an address, and only a hash
//     of it is kept.
//   - Bill pay numbers come in bodies only; answers, addresses and logs name
//     accounts by opaque ids.
//   - A batch of policies is proved whole and carried out in one transaction.
//   - A problem repeats nothing of what was sent (problem.go). Logs hold routes
//     and not addresses (visit.go).
//   - A sandbox key moves no money, and works only where the plan is a sandbox.
//
// Start reading at New, then pay in pay.go. The contract is generated from the
// code in wire.go and operations.go and served at /api/v1/openapi.json.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"

	"github.com/danielgtaylor/huma/v2"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/ident"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/books/ledger"
	"github.com/billfold/billfold/internal/office/apikey"
	"github.com/billfold/billfold/internal/office/audit"
	"github.com/billfold/billfold/internal/office/cashier"
	"github.com/billfold/billfold/internal/office/plan"
	"github.com/billfold/billfold/internal/office/registry"
	"github.com/billfold/billfold/internal/payments/payment"
)

// House is what the operations must know of the installation.
type House interface {
	PurseOf(fund chart.Fund) chart.Purse
	PostingDay(entity chart.EntityNo) calendar.Date
	EntityOf(no chart.EntityNo) plan.Entity
}

// Directory leads from what may be named outside to books; the store is one.
type Directory interface {
	registry.Directory
	// BookOf finds the book of an opaque id. NotFound when it names none.
	BookOf(ctx context.Context, id ident.Opaque) (ledger.BookNo, error)
	// TillOf gives the operating book of a drawer on a day.
	TillOf(ctx context.Context, drawer string, day calendar.Date) (ledger.BookNo, error)
}

// Poster posts single payments, grouped with others that wait; the cashier's is one.
type Poster interface {
	Post(ctx context.Context, in payment.Instruction) (cashier.Answer, error)
}

// Finder tells what became of a payment; the cashier is one.
type Finder interface {
	Find(ctx context.Context, id payment.ID) (payment.Claim, cashier.Answer, error)
}

// Options says what is served.
type Options struct {
	Plan       string // its name
	Sandbox    bool   // the plan is a sandbox: test keys work
	MaxPayment money.Cents
	Keys       *apikey.Keys
	House      House
	Directory  Directory
	Poster     Poster
	Finder     Finder
	Trail      *audit.Trail
	Registry   Registry
	Limits     Limits
	Desk       Desk      // nil where no cards are taken
	Processor  Processor // the desk's
	Orders     Orders
	Policies   Policies
	Statuses   Statuses
	Clock      clock.Clock
	Log        *slog.Logger
}

// service is the handler.
type service struct {
	Options
	mux     *http.ServeMux
	sandbox atomic.Pointer[drawer]
}

// New makes the handler of everything under /api/ and /processor/.
func New(o Options) http.Handler {
	s := &service{Options: o, mux: http.NewServeMux()}
	contract := s.operations()
	s.serveContract(contract)
	s.mux.HandleFunc("POST "+noticesPath, s.notices)
	s.refuseMethods(contract)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		requestProblem(http.StatusNotFound, "nothing is at this address").send(w, visitOf(r.Context()))
	})
	return s
}

// refuseMethods answers a method that an address does not take.
func (s *service) refuseMethods(contract *huma.OpenAPI) {
	refuse := func(path, allowed string) {
		s.mux.HandleFunc(path, func(w http.ResponseWriter, r *http.Request) {
			p := requestProblem(http.StatusMethodNotAllowed, "")
			p.headers = http.Header{"Allow": {allowed}}
			p.send(w, visitOf(r.Context()))
		})
	}
	for path, item := range contract.Paths {
		allowed := ""
		if item.Get != nil {
			allowed = "GET, HEAD"
		}
		if item.Post != nil && allowed != "" {
			allowed += ", "
		}
		if item.Post != nil {
			allowed += http.MethodPost
		}
		refuse(path, allowed)
	}
	refuse(noticesPath, http.MethodPost)
	for _, path := range contractPaths {
		refuse(path, "GET, HEAD")
	}
}
