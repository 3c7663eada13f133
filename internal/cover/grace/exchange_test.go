package grace_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
)

// paidToMarch is the story of §2.4: gross 600.00, credit 450.00, January to
// March paid.
func paidToMarch() *story {
	return tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 6, "600.00", "450.00").
		pays("2025-12-28", "2026-01 150.00").pays("2026-01-28", "2026-02 150.00").pays("2026-02-27", "2026-03 150.00")
}

func TestExchange_GraceWithCredit(t *testing.T) {
	s := paidToMarch()
	s.is(t, "§2.4 paid", "2026-03-31", "CURRENT owed 0.00 paid 2026-03-31")
	april := s.is(t, "§2.4 2026-04-01 unpaid", "2026-04-01", "GRACE_M1 owed 150.00 cure 150.00 grace 2026-04-01 to 2026-06-30 by 2026-06-30 paid 2026-03-31")
	if d := owes(t, april, "notice/delinquency/2026-04"); d.On != day("2026-04-02") || d.DueBy != day("2026-04-16") {
		t.Errorf("§2.4 item 5: delinquency notice from %s, by %s", d.On, d.DueBy)
	}
	owes(t, april, "outbound/non_payment/2026-04")
	may := s.is(t, "§2.4 2026-05-01", "2026-05-01", "GRACE_M2 owed 300.00 to 2026-06-30")
	owes(t, may, "notice/provider/2026-04")
	s.pays("2026-05-20", "2026-04 150.00, 2026-05 50.00")
	s.is(t, "§2.4 2026-05-20 pays 200.00", "2026-05-20", "GRACE_M2 owed 100.00 to 2026-06-30 grace 2026-04-01")
	june := s.is(t, "§2.4 2026-06-01", "2026-06-01", "GRACE_M3 owed 250.00 to 2026-06-30")
	for at, want := range map[string]string{"2026-04-01": "pay", "2026-05-01": "pay pend", "2026-06-01": "pay pend pend"} {
		// The months that were billed by then, without the next one.
		if got := signals(s.on(t, at), "2026-04"); got != want {
			t.Errorf("§2.4 claims on %s: got %s, want %s", at, got, want)
		}
	}
	if got := owes(t, june, "claims/2026-06/pend/"); got.On != day("2026-06-01") {
		t.Errorf("June is pended on %s", got.On)
	}
	cured := *s
	cured.Money = slices.Clone(cured.Money)
	cured.pays("2026-06-30", "2026-05 100.00, 2026-06 150.00")
	status := cured.is(t, "§2.4 2026-06-30 pays 250.00", "2026-06-30", "CURRENT owed 0.00 grace - to - by - paid 2026-06-30")
	owes(t, status, "claims/2026-05/pay/2026-06-30")
	if got := signals(status, "2026-04"); got != "pay pay pay" {
		t.Errorf("§2.4 release all: got %s", got)
	}
	cured.is(t, "§2.4 paid, the next day", "2026-07-01", "CURRENT owed 0.00")
}

func TestExchange_CreditGraceRunsOut(t *testing.T) {
	s := paidToMarch().pays("2026-05-20", "2026-04 150.00, 2026-05 50.00").pays("2026-06-30", "2026-05 100.00, 2026-06 149.99")
	const row = "§2.4 alt. 2026-06-30 pays 249.99"
	s.is(t, row, "2026-06-30", "GRACE_M3 owed 0.01 cure 0.01")
	status := s.is(t, row, "2026-07-01", "TERMINATED ends 2026-04-30 owed 0.00 paid 2026-04-30")
	if got := signals(status, "2026-04"); got != "pay deny deny" {
		t.Errorf("%s: claims %s", row, got)
	}
	if d := owes(t, status, "refund/2026-04-30"); d.Amount != cents("299.99") {
		t.Errorf("%s: refund %s", row, d.Amount)
	}
	if d := owes(t, status, "return_aptc/2026-04-30"); d.Amount != cents("900.00") {
		t.Errorf("%s: return of credit %s", row, d.Amount)
	}
	if d := owes(t, status, "outbound/termination/2026-04-30"); d.Effective != day("2026-04-30") {
		t.Errorf("%s: termination effective %s", row, d.Effective)
	}
	owes(t, status, "notice/termination/2026-04-30")
	last := status.Transitions[len(status.Transitions)-1]
	if last.Basis.Row != "grace.credit.months/US/EXCH_APTC/2014-01-01" || last.Basis.Version == "" || last.Event != grace.CoolingOver {
		t.Errorf("%s: got %+v", row, last)
	}
	s.under(t, "threshold.net.use US EXCH_APTC true")
	s.is(t, "§2.4 alt. with net 95 %", "2026-06-30", "CURRENT owed 0.01")
}

// When nothing of month 1 was paid, money held for later months pays it first.
func TestExchange_HeldMoneyPaysMonthOneFirst(t *testing.T) {
	s := paidToMarch().pays("2026-06-10", "2026-05 100.00")
	status := s.is(t, "§2.4 item 6", "2026-07-01", "TERMINATED ends 2026-04-30 owed 50.00")
	owesNot(t, status, "refund/")
}

func TestExchange_CoolingWaitsForMoneyUnderWay(t *testing.T) {
	// 2026-10-31 is a Saturday, so that the next business day is 2 November.
	s := tell(coverage.ExchangeAPTC, "CO", "2026-06-01").bills("2026-06", 5, "600.00", "450.00").pays("2026-06-01", "2026-06 150.00, 2026-07 150.00")
	s.is(t, "§8", "2026-10-31", "GRACE_M3 to 2026-10-31")
	status := s.is(t, "§8 TERM_PENDING", "2026-11-01", "TERM_PENDING ends 2026-08-31 to 2026-10-31")
	if got := signals(status, "2026-08"); got != "pay hold hold" {
		t.Errorf("§8 claims: %s", got)
	}
	s.is(t, "§8", "2026-11-02", "TERMINATED ends 2026-08-31")
	s.posts("2026-10-31", "2026-11-02", "2026-08 150.00, 2026-09 150.00, 2026-10 150.00")
	s.is(t, "§8 late-posted on-time money", "2026-11-01", "TERM_PENDING")
	s.is(t, "§8 late-posted on-time money", "2026-11-02", "CURRENT owed 0.00 ends -")
}

func TestExchange_MoneyInTimePostedAfterTermination(t *testing.T) {
	s := paidToMarch().posts("2026-06-30", "2026-07-06", "2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	s.is(t, "§8", "2026-07-05", "TERMINATED ends 2026-04-30")
	status := s.is(t, "§8", "2026-07-06", "CURRENT owed 0.00 paid 2026-06-30")
	owes(t, status, "outbound/reinstatement/2026-07-06")
	owes(t, status, "notice/reinstatement/2026-07-06")
	owesNot(t, status, "decide/")
	if last := status.Transitions[len(status.Transitions)-1]; !last.Rerun || last.Event != grace.PostedLater || last.From != grace.Terminated {
		t.Errorf("got %+v", last)
	}
}

func TestExchange_LateMoneyNeverReinstatesByItself(t *testing.T) {
	s := paidToMarch().pays("2026-07-01", "held 450.00")
	status := s.is(t, "§3, §8", "2026-07-10", "TERMINATED ends 2026-04-30")
	d := owes(t, status, "decide/pay-3")
	if d.On != day("2026-07-01") || d.DueBy != day("2026-07-15") || d.Amount != cents("450.00") {
		t.Errorf("decision from %s by %s about %s", d.On, d.DueBy, d.Amount)
	}
	if d := owes(t, status, "notice/late_money/pay-3"); d.DueBy != day("2026-07-15") {
		t.Errorf("notice by %s", d.DueBy)
	}
	// The cashier applies it after the decision, with its own received date.
	applied := s.posts("2026-07-01", "2026-07-13", "held -450.00, 2026-04 150.00, 2026-05 150.00, 2026-06 150.00").fact(grace.Reinstated, "2026-07-13")
	applied.is(t, "§8 reinstated", "2026-07-12", "TERMINATED")
	status = applied.is(t, "§8 reinstated", "2026-07-13", "CURRENT paid 2026-06-30 ends - owed 0.00")
	owes(t, status, "outbound/reinstatement")
	if got := signals(status, "2026-04"); got != "pay pay pay" {
		t.Errorf("§8 no gap: claims %s", got)
	}
}

func TestExchange_ReinstatementNeedsThatAllIsPaid(t *testing.T) {
	status := paidToMarch().fact(grace.Reinstated, "2026-07-13").is(t, "§8", "2026-07-13", "TERMINATED")
	owes(t, status, "alarm/not_all_paid")
}

func TestExchange_ReturnReopensAndTerminatesRetroactively(t *testing.T) {
	s := paidToMarch().pays("2026-06-30", "2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	index := len(s.Money) - 1
	s.is(t, "§2.4 credited on receipt", "2026-07-06", "CURRENT")
	s.returns("2026-07-07", index)
	s.is(t, "§2.4 before the return is known", "2026-07-06", "CURRENT owed 0.00")
	status := s.is(t, "§2.4 return after the grace", "2026-07-07", "TERMINATED ends 2026-04-30 owed 150.00")
	if d := owes(t, status, "notice/returned_payment/"); d.On != day("2026-07-07") || d.DueBy != day("2026-07-08") || d.Amount != cents("450.00") {
		t.Errorf("§9 returned: from %s by %s, %s", d.On, d.DueBy, d.Amount)
	}
	if d := owes(t, status, "return_aptc/"); d.Amount != cents("900.00") || d.On != day("2026-07-07") {
		t.Errorf("got %s on %s", d.Amount, d.On)
	}
	inside := paidToMarch().pays("2026-04-01", "2026-04 150.00")
	inside.returns("2026-05-05", len(inside.Money)-1)
	inside.is(t, "§8 return within the grace", "2026-05-04", "GRACE_M1 grace 2026-05-01")
	inside.is(t, "§8 return within the grace", "2026-05-05", "GRACE_M2 grace 2026-04-01 to 2026-06-30 owed 300.00")
}

func TestExchange_CreditGraceNeedsAPaidMonthInTheBenefitYear(t *testing.T) {
	s := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 3, "600.00", "450.00")
	s.Policy.Entry = coverage.PassiveRenewal
	s.is(t, "§2.4 item 1, nothing paid in the year", "2026-01-01", "CURRENT owed 150.00")
	s.is(t, "§2.4 item 1, state grace", "2026-01-02", "GRACE_STATE to 2026-02-01")
	s.is(t, "§2.4 item 1", "2026-02-02", "TERMINATED ends 2025-12-31")
}

func TestExchange_CreditGraceContinuesWithoutCredit(t *testing.T) {
	s := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 4, "600.00", "450.00").bills("2026-05", 2, "600.00", "0.00").
		pays("2026-01-01", "2026-01 150.00, 2026-02 150.00, 2026-03 150.00")
	s.is(t, "§2.4 item 7", "2026-06-01", "GRACE_M3 owed 1350.00 to 2026-06-30")
}

func TestExchange_GraceStraddlesTheYear(t *testing.T) {
	old := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 12, "600.00", "450.00")
	for m := month("2026-01"); m.Before(month("2026-11")); m = m.Add(1) {
		old.pays(m.First().String(), m.String()+" 150.00")
	}
	old.Policy.To = day("2026-12-31")
	renewed := tell(coverage.ExchangeAPTC, "CO", "2027-01-01").bills("2027-01", 1, "650.00", "480.00")
	renewed.Policy.Entry = coverage.PassiveRenewal
	renewed.Previous = &old.History
	const row = "§2.4 item 8"
	renewed.is(t, row, "2026-11-01", "GRACE_M1 to 2027-01-31")
	renewed.is(t, row, "2027-01-01", "GRACE_M3 owed 470.00 to 2027-01-31 grace 2026-11-01")
	status := renewed.is(t, row, "2027-02-01", "TERMINATED ends 2026-11-30")
	if d := owes(t, status, "return_aptc/"); d.Amount != cents("930.00") {
		t.Errorf("%s: credit of December and January: %s", row, d.Amount)
	}
	if got := signals(status, "2026-11"); got != "pay deny deny" {
		t.Errorf("%s: claims %s", row, got)
	}
}

func enrol(entry coverage.Entry, from, received string) *story {
	s := tell(coverage.ExchangeAPTC, "CO", from)
	s.Policy.Entry, s.Policy.ReceivedOn = entry, day(received)
	return s
}

func TestExchange_Binder(t *testing.T) {
	s := enrol(coverage.NewEnrolment, "2027-01-01", "2026-12-10").bills("2027-01", 1, "600.00", "450.00")
	const row = "§2.1 effective 2027-01-01"
	pending := s.is(t, row, "2027-01-31", "PENDING_BINDER by 2027-01-31 owed 150.00 cure 150.00")
	owes(t, pending, "notice/binder_reminder/2027-01-31")
	cancelled := s.is(t, row+", unpaid", "2027-02-01", "CANCELLED ends 2026-12-31 owed 0.00")
	owes(t, cancelled, "outbound/cancellation/")
	owesNot(t, cancelled, "refund/")
	early := tell(coverage.ExchangeAPTC, "CO", "2027-01-01")
	early.History = s.History
	early.under(t, "binder.regular.deadline US EXCH_APTC 0").is(t, row+", earliest", "2026-12-31", "PENDING_BINDER by 2027-01-01")
	s.pays("2027-01-31", "2027-01 149.99")
	if d := owes(t, s.is(t, row+", short", "2027-02-01", "CANCELLED"), "refund/"); d.Amount != cents("149.99") {
		t.Errorf("%s: refund %s", row, d.Amount)
	}
	s.pays("2027-01-31", "2027-01 0.01")
	paid := s.is(t, row+", paid on the last day", "2027-02-01", "CURRENT from 2027-01-01 paid 2027-01-31")
	if d := owes(t, paid, "outbound/effectuation/"); d.Effective != day("2027-01-01") {
		t.Errorf("effective %s", d.Effective)
	}
}

func TestExchange_BinderOfASpecialEnrolment(t *testing.T) {
	s := enrol(coverage.SpecialEntry, "2026-05-01", "2026-05-12").billsOn("2026-05-12", "2026-05", "2026-05-12", "150.00")
	const row = "§2.1 special 2026-05-01, received 2026-05-12"
	s.is(t, row, "2026-06-11", "PENDING_BINDER by 2026-06-11")
	s.is(t, row, "2026-06-12", "CANCELLED")
	s.pays("2026-06-12", "held 150.00")
	owes(t, s.is(t, row+", a day late", "2026-06-12", "CANCELLED"), "decide/")
}

func retroactive() *story {
	s := enrol(coverage.Retroactive, "2026-03-01", "2026-06-04")
	for _, m := range []string{"2026-03", "2026-04", "2026-05", "2026-06"} {
		s.billsOn("2026-06-04", m, "2026-06-04", "150.00")
	}
	return s
}

func TestExchange_RetroactiveBinder(t *testing.T) {
	const row = "§2.1 retro 2026-03-01, transaction 2026-06-04"
	s := retroactive()
	s.is(t, row, "2026-06-04", "PENDING_BINDER owed 600.00 by 2026-07-04")
	status := s.is(t, row+", unconfirmed", "2026-12-31", "PENDING_BINDER")
	if d := owes(t, status, "alarm/row_unconfirmed"); d.Basis.Row != "binder.retroactive.deadline/US/EXCH_APTC/2014-01-01" {
		t.Errorf("the alarm names %q", d.Basis.Row)
	}
	s.pays("2026-06-20", "2026-03 150.00, 2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	s.is(t, row+", all paid", "2026-06-20", "CURRENT from 2026-03-01 paid 2026-06-30")

	confirmed := retroactive().under(t, "binder.retroactive.deadline US EXCH_APTC 30")
	confirmed.is(t, row+", confirmed", "2026-07-05", "PENDING_BINDER")
	confirmed.is(t, row+", confirmed", "2026-07-06", "CANCELLED")

	one := retroactive().pays("2026-06-10", "2026-03 150.00")
	status = one.is(t, row+", pays 150.00", "2026-06-10", "CURRENT from 2026-07-01")
	if d := owes(t, status, "outbound/effectuation/"); d.Effective != day("2026-07-01") {
		t.Errorf("prospective from %s", d.Effective)
	}
	if !strings.Contains(status.Words.English, "July 1, 2026") {
		t.Errorf("the words are %q", status.Words.English)
	}
	one.billsOn("2026-06-15", "2026-07", "2026-07-01", "150.00")
	one.is(t, row+", the 150.00 buys July", "2026-07-15", "CURRENT owed 0.00 paid 2026-07-31")
	rest := retroactive().pays("2026-06-10", "2026-03 150.00").pays("2026-07-01", "2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	rest.is(t, row+", the rest in time", "2026-07-01", "CURRENT from 2026-03-01 paid 2026-06-30")
}

func TestExchange_NothingOwedEffectuatesWithoutPayment(t *testing.T) {
	s := enrol(coverage.NewEnrolment, "2027-01-01", "2026-12-10").bills("2027-01", 1, "450.00", "450.00")
	status := s.is(t, "§2.1 net 0.00", "2026-12-18", "CURRENT owed 0.00 by -")
	owes(t, status, "outbound/effectuation/2027-01-01")
	owesNot(t, status, "notice/binder_reminder")
}

func TestExchange_NobodyIsCancelledWhoWasNotBilled(t *testing.T) {
	status := enrol(coverage.NewEnrolment, "2027-01-01", "2026-12-10").is(t, "§2.1", "2027-03-01", "PENDING_BINDER")
	owes(t, status, "alarm/not_billed")
}

func TestExchange_Thresholds(t *testing.T) {
	paidJanuary := func(on, amount string) *story {
		return tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 3, "600.00", "450.00").
			pays("2026-01-01", "2026-01 150.00").pays(on, "2026-02 "+amount)
	}
	net := "threshold.net.use US EXCH_APTC true"
	paidJanuary("2026-02-01", "142.50").under(t, net).is(t, "§2.2 pay 142.50", "2026-02-15", "CURRENT owed 7.50 paid 2026-02-28")
	paidJanuary("2026-02-01", "142.49").under(t, net).is(t, "§2.2 pay 142.49", "2026-02-15", "GRACE_M1 owed 7.51 cure 0.01 grace 2026-02-01")
	next := paidJanuary("2026-02-01", "142.50").under(t, net).pays("2026-03-01", "2026-02 7.50, 2026-03 142.12")
	next.is(t, "§2.2 next month 149.62", "2026-03-15", "GRACE_M1 owed 7.88 cure 0.01 grace 2026-03-01")
	next.pays("2026-03-16", "2026-03 0.01")
	next.is(t, "§2.2 next month 149.63", "2026-03-16", "CURRENT owed 7.87")

	s := tell(coverage.ExchangeAPTC, "CO", "2025-02-01").bills("2025-02", 2, "600.00", "450.00").pays("2025-02-01", "2025-02 150.00, 2025-03 138.00")
	s.under(t, "threshold.gross.use US EXCH_APTC true").is(t, "§2.2 gross 98 %, member 138.00", "2025-03-15", "CURRENT owed 12.00")
	s.Money[len(s.Money)-1].Cents--
	s.is(t, "§2.2 gross 98 %, member 137.99", "2025-03-15", "GRACE_M1 owed 12.01")

	removed := paidJanuary("2026-02-01", "149.99").under(t, "threshold.gross.use US EXCH_APTC true", "threshold.fixed.use US EXCH_APTC true")
	removed.is(t, "§2.2 gross and fixed removed for 2026", "2026-02-15", "GRACE_M1 owed 0.01")

	fixed := tell(coverage.ExchangeAPTC, "CO", "2025-02-01").bills("2025-02", 4, "600.00", "450.00").under(t, "threshold.fixed.use US EXCH_APTC true").
		pays("2025-02-01", "2025-02 150.00, 2025-03 144.00, 2025-04 146.00, 2025-05 149.99")
	fixed.is(t, "§2.2 fixed 10.00, small shortfalls add up", "2025-04-15", "CURRENT owed 10.00")
	fixed.is(t, "§2.2 fixed 10.00, small shortfalls add up", "2025-05-15", "GRACE_M1 owed 10.01 grace 2025-05-01")

	binder := enrol(coverage.NewEnrolment, "2025-03-01", "2025-02-10").bills("2025-03", 1, "600.00", "450.00").pays("2025-02-20", "2025-03 142.50")
	binder.under(t, "threshold.fixed.use US EXCH_APTC true").is(t, "§2.2 fixed not on the binder", "2025-02-20", "PENDING_BINDER owed 7.50")
	binder.under(t, net).is(t, "§2.2 net on the binder", "2025-02-20", "CURRENT owed 0.00")
}

func TestExchange_EarlyDueDateIsPastDueUntilTheMonthBegins(t *testing.T) {
	s := tell(coverage.ExchangeAPTC, "CO", "2026-01-01").billsOn("2025-12-01", "2026-01", "2025-12-25", "150.00").
		billsOn("2026-01-05", "2026-02", "2026-01-25", "150.00").pays("2025-12-20", "2026-01 150.00")
	s.Charges[0].APTC, s.Charges[1].APTC = cents("100.00"), cents("100.00")
	s.is(t, "§8 due date + 1", "2026-01-25", "CURRENT")
	status := s.is(t, "§8 PAST_DUE", "2026-01-26", "PAST_DUE owed 150.00")
	owesNot(t, status, "notice/grace")
	s.is(t, "§8 GRACE_M1", "2026-02-01", "GRACE_M1 grace 2026-02-01 to 2026-04-30")
}

// Next is honest: see the property tests. A quiet policy has none.
func TestExchange_QuietPolicyHasNoNextDay(t *testing.T) {
	s := paidToMarch()
	s.Charges = s.Charges[:3]
	s.is(t, "paid", "2026-03-05", "CURRENT next -")
	paidToMarch().is(t, "April is billed", "2026-03-20", "CURRENT next 2026-04-01")
	paidToMarch().is(t, "grace", "2026-04-02", "GRACE_M1 next 2026-05-01")
}

func TestExchange_AdjustmentStartsNoGraceForAPaidMonth(t *testing.T) {
	s := paidToMarch()
	s.Charges = append(s.Charges[:3:3], grace.Charge{
		Month: month("2026-01"), BilledOn: day("2026-03-15"), DueOn: day("2026-04-01"), Owed: cents("20.00"), APTC: cents("-20.00"),
	})
	s.bills("2026-04", 1, "600.00", "450.00").pays("2026-04-01", "2026-04 150.00")
	s.is(t, "retro adjustment due 2026-04-01", "2026-04-10", "GRACE_M1 grace 2026-04-01 owed 20.00")
}

func TestExchange_MoneyOfTheDayAfterIsTooLate(t *testing.T) {
	s := paidToMarch().pays("2026-07-01", "2026-04 150.00, 2026-05 150.00, 2026-06 150.00")
	status := s.is(t, "§8 received after the last moment, though posted to months", "2026-07-01", "TERMINATED ends 2026-04-30")
	if d := owes(t, status, "decide/"); d.Amount != cents("450.00") {
		t.Errorf("a decision about %s", d.Amount)
	}
	owesNot(t, status, "refund/")
}

func TestExchange_WhatWasInForceElsewhereCountsAsPaidThere(t *testing.T) {
	const row = "§2.4 item 1, of a policy that was taken over"
	s := tell(coverage.ExchangeAPTC, "CO", "2026-10-01").bills("2026-10", 1, "600.00", "450.00")
	s.is(t, row+" within the year", "2026-10-02", "GRACE_M1 to 2026-12-31")
	s = tell(coverage.ExchangeAPTC, "CO", "2026-01-01").bills("2026-01", 1, "600.00", "450.00")
	s.is(t, row+" with the year", "2026-01-02", "GRACE_STATE")
	s = tell(coverage.ExchangeAPTC, "CO", "2026-10-01").bills("2026-10", 4, "600.00", "450.00").pays("2026-10-01", "2026-10 150.00, 2026-11 150.00, 2026-12 150.00")
	s.is(t, row+" in the year before", "2027-01-02", "GRACE_STATE")
}
