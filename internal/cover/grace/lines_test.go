package grace_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/cover/coverage"
	"github.com/billfold/billfold/internal/cover/grace"
	"github.com/billfold/billfold/internal/cover/rule"
)

func TestDirect_ThirtyOneDaysByDefault(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 1, "400.00", "0.00").bills("2026-06", 1, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00")
	const row = "§3 due 2026-06-01, 31 days"
	s.is(t, row, "2026-06-01", "CURRENT owed 400.00")
	status := s.is(t, row, "2026-06-02", "GRACE_STATE to 2026-07-02 by 2026-07-02 owed 400.00 paid 2026-05-31 next 2026-07-03")
	if d := owes(t, status, "alarm/row_is_default"); d.Basis.Row != "grace.state.days/US/DIRECT/2014-01-01" {
		t.Errorf("the alarm names %q", d.Basis.Row)
	}
	owes(t, status, "notice/grace/2026-06")
	if got := signals(status, "2026-06"); got != "pay" {
		t.Errorf("§3 claims in grace: %s", got)
	}
	s.is(t, row, "2026-07-02", "GRACE_STATE")
	s.is(t, row, "2026-07-03", "TERMINATED ends 2026-05-31 owed 0.00")
	s.pays("2026-07-02", "2026-06 400.00")
	s.is(t, row+", paid on the last day", "2026-07-02", "CURRENT owed 0.00 paid 2026-06-30")
}

func TestWords_NameTheNextPayment(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 2, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00").
		pays("2026-05-21", "2026-06 150.00")
	words := func(on string) string { return s.is(t, "next payment", on, "CURRENT").Words.English }
	if got := words("2026-05-25"); got != "Yes. You are paid through May 31, 2026. Your next payment is $250.00, due on June 1, 2026." {
		t.Errorf("before the due day: %q", got)
	}
	if got := words("2026-06-01"); strings.Contains(got, "next payment") || !strings.Contains(got, "You still owe $250.00") {
		t.Errorf("on the due day: %q", got)
	}
}

func TestDirect_CaliforniaCountsFromTheNotice(t *testing.T) {
	s := tell(coverage.Direct, "CA", "2026-05-01").bills("2026-05", 2, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00")
	const row = "§3 CA, notice 2026-06-03"
	status := s.is(t, row+", none yet", "2026-12-31", "PAST_DUE by -")
	if d := owes(t, status, "notice/grace/2026-06"); d.On != day("2026-06-02") || d.DueBy != day("2026-06-16") {
		t.Errorf("notice from %s by %s", d.On, d.DueBy)
	}
	s.sends(grace.NoticeGrace, "2026-06-03")
	s.is(t, row, "2026-06-02", "PAST_DUE")
	status = s.is(t, row, "2026-06-03", "GRACE_STATE grace 2026-06-03 to 2026-07-03")
	if d := owes(t, status, "notice/grace/2026-06"); d.DoneOn != day("2026-06-03") {
		t.Errorf("the notice was sent on %s", d.DoneOn)
	}
	owesNot(t, status, "alarm/")
	s.is(t, row, "2026-07-03", "GRACE_STATE")
	// 4 July 2026 is a Saturday: not before it, and not before the next business day.
	s.is(t, row, "2026-07-04", "TERM_PENDING")
	s.is(t, row, "2026-07-06", "TERMINATED ends 2026-07-03 owed 400.00")
}

func TestDirect_APaidMonthMovesTheClock(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 3, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00").
		pays("2026-07-02", "2026-06 400.00")
	s.is(t, "state grace per month", "2026-07-02", "GRACE_STATE to 2026-08-01 owed 400.00 paid 2026-06-30")
	s.is(t, "state grace per month", "2026-08-03", "TERMINATED ends 2026-06-30")
}

func TestDirect_LeapDayAndMonthEnds(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2027-12-01").bills("2027-12", 1, "400.00", "0.00").billsOn("2028-01-10", "2028-02", "2028-01-29", "400.00").
		pays("2027-12-01", "2027-12 400.00")
	s.is(t, "31 days from 29 January 2028", "2028-02-29", "GRACE_STATE to 2028-02-29")
	s.is(t, "31 days from 29 January 2028", "2028-03-01", "TERMINATED ends 2028-01-31")
	c := tell(coverage.ExchangeAPTC, "CO", "2028-01-01").bills("2028-01", 4, "600.00", "450.00").pays("2028-01-01", "2028-01 150.00")
	c.is(t, "grace from February", "2028-02-29", "GRACE_M1 to 2028-04-30")
	c.is(t, "grace from February", "2028-05-01", "TERMINATED ends 2028-02-29")
}

func TestDirect_UnconfirmedRowEndsNobody(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 2, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00")
	set, problems := rule.Embedded().Overlay("rules.yaml", []byte(
		"rows:\n  - {rule: grace.state.days, jurisdiction: CO, coverage_line: DIRECT, valid_from: \"2014-01-01\", value: 30, citation: test, confirm: false}\n"))
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	s.rules = set
	status := s.is(t, "unconfirmed", "2026-09-30", "GRACE_STATE to 2026-07-01 owed 400.00")
	owes(t, status, "alarm/row_unconfirmed/2026-06/grace.state.days/CO/DIRECT")
	if !strings.Contains(status.Words.English, "goes on until we tell you otherwise") {
		t.Errorf("the words are %q", status.Words.English)
	}
	s.fact(grace.EndConfirmed, "2026-10-01")
	s.is(t, "staff confirms", "2026-10-01", "TERMINATED ends 2026-05-31")
}

func TestDirect_EndsForOtherReasons(t *testing.T) {
	s := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 3, "400.00", "0.00").pays("2026-05-01", "2026-05 400.00, 2026-06 400.00, 2026-07 400.00")
	s.ends(grace.Died, "2026-07-10", "2026-06-17")
	s.is(t, "death before it is known", "2026-07-09", "CURRENT ends - paid 2026-07-31")
	status := s.is(t, "death known", "2026-07-10", "VOLUNTARY_TERM ends 2026-06-17 paid 2026-06-17")
	if d := owes(t, status, "refund/"); d.Amount != cents("400.00") {
		t.Errorf("refund %s", d.Amount)
	}
	if got := signals(status, "2026-05"); got != "pay pay deny" {
		t.Errorf("claims %s", got)
	}
	s.ends(grace.Ended, "2026-07-20", "2026-05-31")
	status = s.is(t, "an earlier end becomes known", "2026-07-20", "VOLUNTARY_TERM ends 2026-05-31")
	if d := owes(t, status, "refund/2026-05-31"); d.Amount != cents("800.00") {
		t.Errorf("refund %s", d.Amount)
	}
	never := tell(coverage.Direct, "CO", "2026-05-01").bills("2026-05", 1, "400.00", "0.00").pays("2026-04-20", "2026-05 400.00").fact(grace.NeverEffective, "2026-04-25")
	if d := owes(t, never.is(t, "§8 free look", "2026-04-25", "CANCELLED"), "refund/"); d.Amount != cents("400.00") {
		t.Errorf("refund %s", d.Amount)
	}
}

func cobra(elected string) *story {
	s := tell(coverage.COBRA, "CO", "2026-04-01")
	s.Policy.ReceivedOn = day("2026-04-01")
	s.Policy.Entry = coverage.NewEnrolment
	s.Policy.Continuation = &coverage.Continuation{
		EventOn: day("2026-03-15"), LossOn: day("2026-03-31"), NoticeOn: day("2026-04-10"), MonthsMost: 18,
	}
	if elected != "" {
		s.Policy.Continuation.ElectedOn = day(elected)
	}
	for _, m := range []string{"2026-04", "2026-05", "2026-06", "2026-07", "2026-08"} {
		first := month(m).First()
		s.Charges = append(s.Charges, grace.Charge{Month: month(m), BilledOn: first.AddDays(-10), DueOn: first, Gross: cents("712.00"), Owed: cents("712.00")})
	}
	return s
}

func TestCOBRA_FirstPaymentInFortyFiveDays(t *testing.T) {
	const row = "§4 election 2026-05-20"
	s := cobra("2026-05-20")
	s.is(t, row, "2026-07-04", "PENDING_BINDER by 2026-07-04")
	status := s.is(t, row+", nothing paid", "2026-07-06", "CANCELLED ends 2026-03-31")
	owes(t, status, "outbound/cancellation")
	paid := cobra("2026-05-20").posts("2026-07-08", "2026-07-08", "2026-04 712.00, 2026-05 712.00, 2026-06 712.00")
	for i := range paid.Money {
		paid.Money[i].SentOn = day("2026-07-04") // a Saturday: not extended, but the postmark counts
	}
	paid.is(t, row+", postmark 2026-07-04", "2026-07-07", "CANCELLED")
	paid.is(t, row+", postmark 2026-07-04", "2026-07-08", "GRACE_STATE to 2026-07-31 owed 712.00 paid 2026-06-30")
	paid.is(t, row+", Jul due 07-01, grace to 07-31", "2026-07-31", "GRACE_STATE")
	paid.is(t, row+", Jul unpaid", "2026-08-03", "TERMINATED ends 2026-06-30")
	part := cobra("2026-05-20").pays("2026-07-03", "2026-04 712.00")
	part.is(t, row+", April only", "2026-07-06", "TERMINATED ends 2026-04-30")
	late := cobra("2026-05-20").pays("2026-07-05", "2026-04 712.00, 2026-05 712.00, 2026-06 712.00")
	owes(t, late.is(t, row+", a day late", "2026-07-06", "CANCELLED"), "decide/")
}

func TestCOBRA_ElectionWithinSixtyDays(t *testing.T) {
	s := cobra("")
	// 60 days from the notice of 2026-04-10, a day later than the loss.
	s.is(t, "§4 election window", "2026-06-09", "PENDING_BINDER by 2026-06-09")
	s.is(t, "§4 election window", "2026-06-10", "CANCELLED")
	untold := cobra("")
	untold.Policy.Continuation.NoticeOn = calendar.Date{}
	status := untold.is(t, "§9 no election notice yet", "2026-12-31", "PENDING_BINDER by -")
	// 14 days from the event of 2026-03-15.
	if d := owes(t, status, "notice/cobra_election/"); d.DueBy != day("2026-03-29") {
		t.Errorf("§9 election notice by %s", d.DueBy)
	}
}

func shortBy(owed, paid string) *story {
	s := tell(coverage.COBRA, "CO", "2026-04-01")
	s.Policy.ReceivedOn = day("2026-04-01")
	s.Policy.Continuation = &coverage.Continuation{LossOn: day("2026-03-31"), NoticeOn: day("2026-04-01"), ElectedOn: day("2026-04-01"), MonthsMost: 18}
	for _, m := range []string{"2026-04", "2026-05", "2026-06"} {
		first := month(m).First()
		s.Charges = append(s.Charges, grace.Charge{Month: month(m), BilledOn: first.AddDays(-10), DueOn: first, Gross: cents(owed), Owed: cents(owed)})
	}
	return s.pays("2026-05-10", "2026-04 "+owed+", 2026-05 "+owed+", 2026-06 "+paid)
}

func TestCOBRA_Shortfall(t *testing.T) {
	for _, tc := range []struct{ owed, paid, want string }{
		{"712.00", "665.00", "GRACE_STATE by - owed 47.00"}, // 47.00 <= min(50.00, 71.20)
		{"400.00", "355.00", "TERMINATED ends 2026-05-31"},  // 45.00 > min(50, 40.00)
		{"400.00", "360.00", "GRACE_STATE by - owed 40.00"}, // boundary inclusive
		{"800.00", "750.00", "GRACE_STATE by - owed 50.00"}, // boundary of the amount
		{"800.00", "749.99", "TERMINATED ends 2026-05-31"},
	} {
		row := "§4 premium " + tc.owed + ", paid " + tc.paid
		s := shortBy(tc.owed, tc.paid)
		s.is(t, row, "2026-07-01", "GRACE_STATE to 2026-07-01")
		status := s.is(t, row, "2026-07-02", tc.want)
		if status.State != grace.GraceState {
			continue
		}
		owes(t, status, "notice/shortfall/2026-06")
		s.sends(grace.NoticeShortfall, "2026-07-06")
		s.is(t, row+", noticed", "2026-08-05", "GRACE_STATE to 2026-08-05")
		s.is(t, row+", 30 days from the notice over", "2026-08-06", "TERMINATED ends 2026-05-31")
		s.under(t, "cobra.shortfall.action US COBRA TREAT_AS_FULL").is(t, row+", taken as full", "2026-08-06", "CURRENT paid 2026-06-30")
	}
}

func TestCOBRA_EighteenMonthsEnd(t *testing.T) {
	s := tell(coverage.COBRA, "CO", "2026-04-01")
	s.Policy.Continuation = &coverage.Continuation{
		EventOn: day("2026-03-15"), LossOn: day("2026-03-31"), NoticeOn: day("2026-04-01"), ElectedOn: day("2026-04-01"), MonthsMost: 18,
	}
	s.billsOn("2026-04-01", "2026-04", "2026-04-01", "712.00").pays("2026-04-02", "2026-04 712.00")
	s.is(t, "§4 month numbering", "2027-09-30", "CURRENT ends 2027-09-30")
	s.is(t, "§4 month numbering", "2027-10-01", "VOLUNTARY_TERM ends 2027-09-30")
}

func medicare() *story {
	s := tell(coverage.MAPD, "CO", "2026-01-01")
	s.billsOn("2026-02-10", "2026-03", "2026-03-01", "42.00").pays("2026-03-01", "2026-03 42.00")
	s.billsOn("2026-03-10", "2026-04", "2026-04-01", "42.00").billsOn("2026-04-10", "2026-05", "2026-05-01", "42.00")
	return s
}

func TestMedicare_TwoMonthsOfGrace(t *testing.T) {
	const row = "§5.1 billed 2026-03-10 for April"
	s := medicare()
	status := s.is(t, row, "2026-04-01", "GRACE_STATE grace 2026-04-01 to 2026-05-31 owed 42.00")
	if d := owes(t, status, "notice/failure_to_pay/2026-04"); d.DueBy != day("2026-04-16") {
		t.Errorf("§9 within 15 days of the due date: by %s", d.DueBy)
	}
	untold := s.is(t, row+", no notice", "2026-08-31", "GRACE_STATE")
	owes(t, untold, "alarm/notice_unsent")
	s.sends(grace.NoticeFailureToPay, "2026-04-08")
	s.is(t, row, "2026-05-31", "GRACE_STATE owed 84.00")
	status = s.is(t, row, "2026-06-01", "TERMINATED ends 2026-05-31 owed 84.00")
	if d := owes(t, status, "outbound/termination/2026-05-31"); d.Effective != day("2026-05-31") {
		t.Errorf("effective %s", d.Effective)
	}
	owes(t, status, "notice/disenrolment")
	if !strings.Contains(status.Words.English, "by July 31, 2026") {
		t.Errorf("§5.1 the words do not say until when to ask: %q", status.Words.English)
	}
	none := medicare().sends(grace.NoticeFailureToPay, "2026-04-08").under(t, "medicare.disenrols US MAPD false")
	none.is(t, "§5.1 the plan does not disenrol", "2026-09-30", "GRACE_STATE")
	lateBill := tell(coverage.PDP, "CO", "2026-01-01").billsOn("2026-04-20", "2026-04", "2026-04-30", "42.00")
	lateBill.is(t, "§5.1 first of the month after the bill", "2026-05-01", "GRACE_STATE grace 2026-05-01 to 2026-06-30")
	toldLate := medicare().sends(grace.NoticeFailureToPay, "2026-06-05")
	toldLate.is(t, "§5.1 never for days gone by", "2026-06-30", "GRACE_STATE to 2026-06-30")
	toldLate.is(t, "§5.1 never for days gone by", "2026-07-01", "TERMINATED ends 2026-06-30")
}

func TestMedicare_WithholdProtects(t *testing.T) {
	withhold := func(status coverage.WithholdStatus, requested, decided string) *story {
		s := medicare().sends(grace.NoticeFailureToPay, "2026-04-08")
		w := coverage.Withhold{From: month("2026-05"), Agency: "SSA", Status: status, RequestedOn: day(requested)}
		if decided != "" {
			w.DecidedOn = day(decided)
		}
		s.Policy.Withhold = []coverage.Withhold{w}
		return s
	}
	s := withhold(coverage.WithholdRequested, "2026-04-20", "")
	s.is(t, "§5.1 withhold being set up", "2026-06-30", "GRACE_STATE owed 42.00")
	s = withhold(coverage.WithholdAccepted, "2026-04-20", "2026-05-12")
	status := s.is(t, "§8 WITHHOLD", "2026-05-12", "WITHHOLD")
	if !status.Months[2].Expected || status.Months[2].Owed != 0 || status.Months[1].Expected {
		t.Errorf("§5.2 EXPECTED_FROM_CMS: got %+v", status.Months)
	}
	s.is(t, "§8 WITHHOLD", "2026-12-31", "WITHHOLD")
	s = withhold(coverage.WithholdRejected, "2026-04-20", "2026-05-12")
	s.pays("2026-05-15", "2026-04 42.00")
	s.is(t, "§5.2 rejected: due in the next cycle", "2026-05-31", "CURRENT owed 0.00")
	s.is(t, "§5.2 rejected: due in the next cycle", "2026-06-02", "GRACE_STATE owed 42.00")

	accepted := tell(coverage.MA, "CO", "2026-01-01").billsOn("2026-01-10", "2026-02", "2026-02-01", "42.00")
	accepted.Policy.Withhold = []coverage.Withhold{{
		From: month("2026-01"), To: month("2026-03"), Status: coverage.WithholdAccepted, RequestedOn: day("2025-12-10"), DecidedOn: day("2025-12-20"),
	}}
	accepted.is(t, "§8 WITHHOLD", "2026-03-31", "WITHHOLD owed 0.00")
	status = accepted.is(t, "§8 withhold ended", "2026-04-01", "CURRENT")
	owes(t, status, "notice/direct_bill")
}

func TestMedicare_GoodCause(t *testing.T) {
	disenrolled := func() *story { return medicare().sends(grace.NoticeFailureToPay, "2026-04-08") }
	s := disenrolled().fact(grace.GoodCauseRequested, "2026-07-31").fact(grace.GoodCauseApproved, "2026-08-05")
	s.is(t, "§5.1 good cause, arrears open", "2026-08-20", "TERMINATED")
	s.pays("2026-09-01", "2026-04 42.00, 2026-05 42.00")
	s.is(t, "§5.1 good cause, paid within 3 months", "2026-09-01", "CURRENT owed 0.00 ends -")
	late := disenrolled().fact(grace.GoodCauseRequested, "2026-08-01").fact(grace.GoodCauseApproved, "2026-08-05").pays("2026-08-10", "2026-04 42.00, 2026-05 42.00")
	owes(t, late.is(t, "§5.1 asked on day 61", "2026-08-20", "TERMINATED"), "alarm/asked_too_late")
	unpaid := disenrolled().fact(grace.GoodCauseRequested, "2026-06-10").fact(grace.GoodCauseApproved, "2026-06-20").pays("2026-09-02", "2026-04 42.00, 2026-05 42.00")
	unpaid.is(t, "§5.1 paid after 3 months", "2026-09-30", "TERMINATED")
}

func TestGroup_MembersAreNeverInPersonalGrace(t *testing.T) {
	s := tell(coverage.Group, "CO", "2026-01-01").bills("2026-01", 6, "620.00", "0.00")
	s.Policy.Group = 4728190363
	s.is(t, "§6 employer unpaid", "2026-06-30", "CURRENT next -")
	s.ends(grace.GroupEnded, "2026-07-06", "2026-05-31")
	status := s.is(t, "§6 group ended", "2026-07-06", "TERMINATED ends 2026-05-31")
	owes(t, status, "notice/group_ended")
	if !strings.Contains(status.Words.English, "employer") {
		t.Errorf("the words are %q", status.Words.English)
	}
	employer := tell(coverage.Group, "CO", "2026-01-01").bills("2026-05", 2, "62000.00", "0.00").pays("2026-05-01", "2026-05 62000.00")
	employer.is(t, "§6 the group's grace", "2026-07-02", "GRACE_STATE to 2026-07-02")
	employer.is(t, "§6 the group's grace", "2026-07-03", "TERMINATED ends 2026-05-31")
}

func TestReplay_SaysWhichRuleIsMissing(t *testing.T) {
	s := tell(coverage.Direct, "CO", "1998-01-01").bills("1998-01", 2, "100.00", "0.00")
	_, err := grace.Replay(s.History, s.rules, day("1998-03-01"))
	var missing *rule.Missing
	if !errors.As(err, &missing) || fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
	if _, err := grace.Replay(grace.History{}, s.rules, day("2026-01-01")); fault.KindOf(err) != fault.Invalid {
		t.Errorf("got %v", err)
	}
}

func TestTables_NameWhatExists(t *testing.T) {
	reached := map[grace.State]bool{}
	for _, table := range grace.Tables() {
		states := slices.Clone(table.Start)
		for _, a := range table.Arrows {
			states = append(states, a.To)
		}
		for _, a := range table.Arrows {
			if !slices.Contains(states, a.From) {
				t.Errorf("%s: nothing leads to %s", table.Machine, a.From)
			}
		}
		for _, s := range states {
			reached[s] = true
		}
	}
	for _, s := range grace.States() {
		if !reached[s] {
			t.Errorf("no machine reaches %s", s)
		}
	}
}

func TestWords_AreCompleteInBothLanguages(t *testing.T) {
	seen := map[grace.State]bool{}
	for _, s := range []*story{paidToMarch(), medicare().sends(grace.NoticeFailureToPay, "2026-04-08"), cobra(""), retroactive(),
		tell(coverage.Direct, "CA", "2026-05-01").bills("2026-05", 1, "400.00", "0.00").sends(grace.NoticeGrace, "2026-06-10").ends(grace.Ended, "2026-06-15", "2026-08-31")} {
		for d := day("2026-01-01"); d.Before(day("2026-12-01")); d = d.AddDays(1) {
			status := s.on(t, d.String())
			seen[status.State] = true
			for _, text := range []string{status.Words.English, status.Words.Spanish} {
				if text == "" || strings.Contains(text, "%!") || strings.Contains(text, "%s") || strings.Contains(text, "0001") {
					t.Fatalf("%s %s: %q", d, status.State, text)
				}
			}
		}
	}
	status := paidToMarch().on(t, "2026-05-20")
	want := "Yes, but you are in a grace period since April 1, 2026. Claims from its second month on wait, and may be denied, until you have " +
		"paid. You owe $300.00. We must receive it by 11:59:59 p.m. on June 30, 2026. What falls due until then must be paid too. Money that " +
		"comes later does not bring coverage back by itself; we hold it and decide, or send it back."
	if status.Words.English != want {
		t.Errorf("got %q", status.Words.English)
	}
	if !strings.Contains(status.Words.Spanish, "30 de junio de 2026") {
		t.Errorf("got %q", status.Words.Spanish)
	}
	if len(seen) < 6 {
		t.Errorf("only %v were seen", seen)
	}
}
