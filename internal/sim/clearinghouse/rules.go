package clearinghouse

import (
	"bytes"
	"encoding/json"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/moov-io/ach"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
)

// Plan says what becomes of files and entries beyond the test accounts: accounts that
// end with 9900NN are returned with the code RNN, those that end with 9800NN bring a
// notification of change CNN.
type Plan struct {
	Seed    uint64 `json:"seed"`
	Entries []Rule `json:"entries,omitempty"` // the first that fits an entry counts
	// Files that are rejected, or vanish on their way in, counted from 1.
	Rejected []int `json:"rejected,omitempty"`
	Vanished []int `json:"vanished,omitempty"`
	// Summed makes the bank book the returns of a day as one sum (466) instead of one
	// line each (557).
	Summed bool `json:"summed,omitempty"`
}

// Rule says what becomes of entries.
type Rule struct {
	Account   string      `json:"account,omitempty"`   // the end of the receiver's account number
	Company   string      `json:"company,omitempty"`   // company identification
	Cents     money.Cents `json:"cents,omitempty"`     // exactly this amount
	Direction string      `json:"direction,omitempty"` // debit, credit or prenote; any when empty
	Share     float64     `json:"share,omitempty"`     // of those that fit; all when 0
	Code      string      `json:"code"`                // R01 to R53, R80 to R85, C01 to C14, or "settles"
	// Days is when it comes back, in banking days after settlement. When left out: two,
	// or twenty for the codes with a window of 60 days.
	Days int `json:"days,omitempty"`
}

// settles is the code of entries that nothing befalls.
const settles = "settles"

// isReturn reports a code by which a receiving bank returns an entry. R61 to R77 are
// between banks, about a return, and have a form of their own.
func isReturn(code string) bool {
	return ach.LookupReturnCode(code) != nil && (code < "R61" || code > "R77")
}

// isChange reports a code by which a receiving bank asks for a change; from C61 on they
// refuse one.
func isChange(code string) bool { return ach.LookupChangeCode(code) != nil && code < "C61" }

const planMax = 64 << 10

// ReadPlan reads a plan from JSON and refuses what it does not know.
func ReadPlan(source io.Reader) (Plan, error) {
	const op = "clearinghouse.ReadPlan"
	text, err := io.ReadAll(io.LimitReader(source, planMax+1))
	if err != nil || len(text) > planMax {
		return Plan{}, fault.New(fault.Limit, op, "the plan cannot be read, or is larger than %d bytes", planMax)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var p Plan
	if err := decoder.Decode(&p); err != nil {
		return Plan{}, fault.New(fault.Invalid, op, "the plan is not well formed: %v", err)
	}
	return p, p.Check()
}

// Check refuses a plan that cannot be carried out, with fault.Invalid.
func (p Plan) Check() error {
	for i, r := range p.Entries {
		if r.Code != settles && !isReturn(r.Code) && !isChange(r.Code) {
			return fault.New(fault.Invalid, "clearinghouse.ReadPlan",
				"entries, entry %d: %q is no code of a return or change", i+1, r.Code)
		}
		if r.Share < 0 || r.Share > 1 || r.Days < 0 || !slices.Contains([]string{"", "debit", "credit", "prenote"}, r.Direction) {
			return fault.New(fault.Invalid, "clearinghouse.ReadPlan",
				"entries, entry %d: the share is from 0 to 1, days not below 0, the direction debit, credit or prenote", i+1)
		}
	}
	return nil
}

// longWindow are the codes whose return may come within 60 days of settlement.
var longWindow = []string{"R05", "R07", "R10", "R11", "R37", "R38", "R51", "R52", "R53"}

// Days after settlement on which an entry comes back when no rule says otherwise.
const (
	shortDays = 2
	longDays  = 20
)

func usualDays(code string) int {
	if slices.Contains(longWindow, code) {
		return longDays
	}
	return shortDays
}

// outcome gives the code that an entry meets, "" when it simply settles, and the day
// on which it comes back.
func (p Plan) outcome(e *Entry) (code string, on calendar.Date) {
	for _, r := range p.Entries {
		if !r.fits(e) || r.Share > 0 && p.chance(e) >= r.Share {
			continue
		}
		if r.Code == settles {
			return "", calendar.Date{}
		}
		days := r.Days
		if days == 0 {
			days = usualDays(r.Code)
		}
		return r.Code, e.SettleOn.AddBusinessDays(days)
	}
	if code := testAccount(e.Account); code != "" {
		return code, e.SettleOn.AddBusinessDays(usualDays(code))
	}
	return "", calendar.Date{}
}

// testAccount gives the code that an account number ends with.
func testAccount(account string) string {
	if len(account) < 6 {
		return ""
	}
	end := account[len(account)-6:]
	switch {
	case strings.HasPrefix(end, "9900") && isReturn("R"+end[4:]):
		return "R" + end[4:]
	case strings.HasPrefix(end, "9800") && isChange("C"+end[4:]):
		return "C" + end[4:]
	}
	return ""
}

func (r Rule) fits(e *Entry) bool {
	return strings.HasSuffix(e.Account, r.Account) && (r.Company == "" || r.Company == e.Company) &&
		(r.Cents == 0 || r.Cents == e.Amount) && (r.Direction == "" || r.Direction == e.direction())
}

func (p Plan) chance(e *Entry) float64 {
	sum := fnv.New64a()
	io.WriteString(sum, e.Trace)
	return rand.New(rand.NewPCG(p.Seed, sum.Sum64())).Float64()
}
