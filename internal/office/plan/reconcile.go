package plan

import (
	"github.com/billfold/billfold/internal/base/yamldoc"
	"github.com/billfold/billfold/internal/books/chart"
	"github.com/billfold/billfold/internal/office/recon"
)

// clearingNames are the clearing accounts as the file names them.
var clearingNames = map[string]chart.Code{
	"lockbox": chart.ClearLockbox, "ach": chart.ClearACH, "wire": chart.ClearWire, "counter": chart.ClearCounter, "card": chart.ClearCard,
	"debit": chart.ClearDebit, "check": chart.ClearCheck, "payout": chart.ClearPayout,
}

// readReconcile reads how long things may be open at the bank, and who looks at them.
// Limits are read before.
func (p *Plan) readReconcile(v yamldoc.Value) {
	p.Reconcile = recon.DefaultRules()
	p.Reconcile.Decide = p.Limits.DualControlAbove
	if !v.Present() {
		return
	}
	var kinds, names []string
	for _, kind := range recon.Kinds() {
		kinds = append(kinds, string(kind))
	}
	for name := range clearingNames {
		names = append(names, name)
	}
	f := v.Fields("owner", "exceptions", "usual_days")
	if owner := f.May("owner"); owner.Present() {
		for _, kind := range recon.Kinds() {
			p.Reconcile.Owners[kind] = owner.Text()
		}
	}
	for _, entry := range f.May("exceptions").List() {
		e := entry.Fields("kind", "owner", "limit")
		kind := recon.Kind(e.Need("kind").OneOf(kinds...))
		if owner := e.May("owner"); owner.Present() {
			p.Reconcile.Owners[kind] = owner.Text()
		}
		if limit := e.May("limit"); limit.Present() {
			p.Reconcile.Limits[kind] = limit.Int(1, 60)
		}
	}
	for _, entry := range f.May("usual_days").List() {
		e := entry.Fields("rail", "days")
		p.Reconcile.Grace[clearingNames[e.Need("rail").OneOf(names...)]] = e.Need("days").Int(0, 365)
	}
}
