package grace

import "testing"

// A name in a table without a meaning would stop the run in the middle.
func TestTables_EveryNameHasAMeaning(t *testing.T) {
	for _, table := range Tables() {
		for _, arrow := range table.Arrows {
			if conditions[arrow.On] == nil {
				t.Errorf("%s: the event %q has no condition", table.Machine, arrow.On)
			}
			for _, guard := range arrow.If {
				if guards[guard] == nil {
					t.Errorf("%s: the guard %q has no condition", table.Machine, guard)
				}
			}
			for _, act := range arrow.Does {
				if acts[act] == nil {
					t.Errorf("%s: the act %q does nothing", table.Machine, act)
				}
			}
		}
	}
}

// Arrows that end coverage by time alone ask whether their row is confirmed.
func TestTables_NoEndWithoutAConfirmedRow(t *testing.T) {
	for _, table := range Tables() {
		for _, arrow := range table.Arrows {
			switch arrow.On {
			case BinderLapsed, ElectionLapsed, FirstLapsed, GraceRanOut:
			default:
				continue
			}
			confirmed := false
			for _, guard := range arrow.If {
				confirmed = confirmed || guard == RowConfirmed
			}
			if !confirmed {
				t.Errorf("%s: %s on %q does not ask for a confirmed row", table.Machine, arrow.From, arrow.On)
			}
		}
	}
}
