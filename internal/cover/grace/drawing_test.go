package grace_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/cover/grace"
)

var update = flag.Bool("update", false, "write docs/rules/payment-status.md anew")

// The page is drawn from the tables, so that it shows the machine that runs.
func TestDrawing_IsOfTheTablesThatRun(t *testing.T) {
	const path = "../../../docs/rules/payment-status.md"
	got := drawing()
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("docs/rules/payment-status.md is stale (%v); look at the change and run with -update", err)
	}
}

const heading = `# Payment status

Made by the tests of internal/cover/grace from its tables; do not edit. The numbers are in
[premium rules](premium-rules.md).

The status of a policy is never stored as the truth: it is replayed from what was billed, received and decided. On each day the first
arrow from the state whose event and conditions hold is taken, and again until none is. A state is meant as at the end of the day.

## What always holds

- Money counts from the day on which it was received (COBRA: sent), not on which it was posted or settled.
- What belongs to an earlier day than the one on which it became known - a payment returned, or posted later - makes the machine run
  again from that earlier day. The log keeps what was known before; a difference is one more transition, marked as a re-run, from any
  state to any other. A payment that came back so reopens its month, and ends the coverage retroactively if the grace is over.
- What was told in the course of a day stays told. When money of an earlier day is posted later on that day and undoes it, that is one
  transition more, and an end that was told is taken back by a reinstatement.
- An end by the source, and a cancellation, count from the day on which they became known: a refund is due from then, and the days
  before it are answered by what was known.
- Coverage ends only when the days for money under way are over: TERM_PENDING from the day after the last moment, the end on the last
  of that number of business days. With one day and a business day following, both fall on the day after the last moment.
- Money received after the last moment is held, reinstates nothing, and makes a notice and a decision due. So does money that nothing is
  owed for and that comes after coverage ended for another reason.
- Held money pays what is billed anew when coverage is reinstated.
- One month paid of a retroactive first payment buys coverage from the next month on. The rest may follow until that coverage begins;
  then the months before are taken back, and what was paid of them pays the month that is covered.
- A condition "rule row confirmed" that does not hold stops the arrow and raises an alarm; the state stays.
- A grace in months begins on the first day of the first unpaid month, also if that is the due date; its notice is due from the day after.
- A grace in days (state, COBRA) is that of the oldest unpaid month; when that month is paid, the clock is the next month's. The grace
  with tax credit does not move on partial payment.
- A COBRA shortfall is what was short on the last day to pay the period; paying it later, in the time that its notice gives, is in time.
- What a tolerance let pass of earlier months is asked for together with the next month: both are weighed from that bill on.
- A month whose withhold was rejected is asked for with the next cycle, and its grace begins with that month.
- An adjustment of an earlier month does not make that month unpaid again: its clock starts with the month that begins on or after its due date.
- A passive renewal and the policy before it are one coverage: a grace runs on over the year's end.
- Full months paid in the benefit year count for the grace with tax credit; a month in which nothing was owed counts as paid.

## Claims

| State | Claims |
| --- | --- |
| PENDING_BINDER | pend, from the first day on |
| CURRENT, PAST_DUE, WITHHOLD | pay |
| GRACE_M1 to GRACE_M3 | pay for the first month of the grace, pend for later ones |
| GRACE_STATE | pay; pend where the state permits it |
| TERM_PENDING | hold for months after the last covered day |
| TERMINATED, VOLUNTARY_TERM | deny after the last covered day |
| CANCELLED | deny |
`

func drawing() string {
	var b strings.Builder
	b.WriteString(heading)
	for _, table := range grace.Tables() {
		fmt.Fprintf(&b, "\n## %s\n\n```mermaid\nstateDiagram-v2\n", table.Title)
		for _, start := range table.Start {
			fmt.Fprintf(&b, "    [*] --> %s\n", start)
		}
		drawn := map[string]bool{}
		for _, a := range table.Arrows {
			if line := fmt.Sprintf("    %s --> %s: %s\n", a.From, a.To, a.On); !drawn[line] {
				drawn[line] = true
				b.WriteString(line)
			}
		}
		b.WriteString("```\n\n| From | Event | If | To | Does |\n| --- | --- | --- | --- | --- |\n")
		for _, a := range table.Arrows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", a.From, a.On, list(a.If), a.To, list(a.Does))
		}
	}
	return b.String()
}

func list[T ~string](words []T) string {
	var texts []string
	for _, w := range words {
		texts = append(texts, string(w))
	}
	return strings.Join(texts, "; ")
}
