package plan

import (
	"slices"
	"time"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/money"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/payments/allocate"
)

// House answers what cashier and intake ask of the installation.
type House struct {
	plan    *Plan
	numbers map[chart.EntityID]chart.EntityNo
	zones   map[chart.EntityNo]Entity
	clock   clock.Clock
}

// NewHouse joins a plan with the numbers that its entities have in the books.
// Invalid when an entity has none.
func NewHouse(p *Plan, numbers map[chart.EntityID]chart.EntityNo, clk clock.Clock) (*House, error) {
	h := &House{plan: p, numbers: numbers, zones: map[chart.EntityNo]Entity{}, clock: clk}
	for _, e := range p.Entities {
		no, ok := numbers[e.ID]
		if !ok {
			return nil, fault.New(fault.Invalid, "plan.NewHouse", "the legal entity %q has no number in the books", e.ID)
		}
		h.zones[no] = e
	}
	return h, nil
}

// PurseOf gives the legal entity's purse of a fund.
func (h *House) PurseOf(fund chart.Fund) chart.Purse {
	return chart.Purse{Entity: h.numbers[h.plan.EntityOf(fund)], Fund: fund}
}

// PostingDay gives the legal entity's civil date now.
func (h *House) PostingDay(entity chart.EntityNo) calendar.Date {
	return h.zones[entity].PostingDay(h.clock.Now())
}

// DayOf gives the legal entity's civil date at an instant.
func (h *House) DayOf(entity chart.EntityNo, at time.Time) calendar.Date {
	return h.zones[entity].PostingDay(at)
}

// RuleFor gives the rule by which a fund's money without an earmark spreads on
// a day.
func (h *House) RuleFor(fund chart.Fund, on calendar.Date) allocate.Rule {
	return allocate.InForce(h.plan.allocation[fund], on)
}

// Receiver gives the purse of a receiving account; false when it is not
// configured.
func (h *House) Receiver(kind, id string) (chart.Purse, bool) {
	account, ok := h.plan.Receiving(ReceivingKind(kind), id)
	if !ok {
		return chart.Purse{}, false
	}
	return chart.Purse{Entity: h.numbers[account.Entity], Fund: account.Fund}, true
}

// DualControlAbove is the amount above which an act needs a second person.
func (h *House) DualControlAbove() money.Cents { return h.plan.Limits.DualControlAbove }

// WiresOf gives which of the bank's files post the wires of a bank account; the
// statement for one that is not configured.
func (h *House) WiresOf(account string) string {
	a, ok := h.plan.Receiving(BankAccount, account)
	if !ok {
		return string(WiresByStatement)
	}
	return string(a.Wires)
}

// LockboxColumns gives the bank's own columns of a lockbox.
func (h *House) LockboxColumns(lockbox string) LockboxColumns {
	a, _ := h.plan.Receiving(Lockbox, lockbox)
	return a.Columns
}

// MerchantOf gives the merchant id of a legal entity at the card processor and the
// purse in which money from cards arrives; false when the entity takes no cards.
func (h *House) MerchantOf(entity chart.EntityNo) (merchant string, purse chart.Purse, ok bool) {
	if h.plan.Processor == nil {
		return "", chart.Purse{}, false
	}
	for _, account := range h.plan.accounts {
		if account.Kind == Merchant && h.numbers[account.Entity] == entity {
			return account.ID.Reveal(), chart.Purse{Entity: entity, Fund: account.Fund}, true
		}
	}
	return "", chart.Purse{}, false
}

// MerchantIDs lists the merchant ids at the card processor.
func (h *House) MerchantIDs() []string {
	var ids []string
	if h.plan.Processor == nil {
		return nil
	}
	for _, account := range h.plan.accounts {
		if id := account.ID.Reveal(); account.Kind == Merchant && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// EntityOf gives the configured entity of a number in the books.
func (h *House) EntityOf(no chart.EntityNo) Entity { return h.zones[no] }
