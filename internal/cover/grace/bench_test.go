package grace_test

import (
	"testing"

	"github.com/billfold/billfold/internal/cover/grace"
)

// A year of bills, each paid on a Friday and posted on the Monday after, with
// the last three months unpaid: what the daily run meets among the past due.
func BenchmarkReplay_YearPostedLater(b *testing.B) {
	s := tell("EXCH_APTC", "CO", "2026-01-01").bills("2026-01", 12, "600.00", "450.00")
	for m := month("2026-01"); m.Before(month("2026-10")); m = m.Add(1) {
		s.posts(m.First().AddDays(-3).String(), m.First().String(), m.String()+" 150.00")
	}
	benchmark(b, s)
}

func BenchmarkReplay_YearPostedAtOnce(b *testing.B) {
	s := tell("EXCH_APTC", "CO", "2026-01-01").bills("2026-01", 12, "600.00", "450.00")
	for m := month("2026-01"); m.Before(month("2026-10")); m = m.Add(1) {
		s.pays(m.First().String(), m.String()+" 150.00")
	}
	benchmark(b, s)
}

func benchmark(b *testing.B, s *story) {
	on := day("2026-12-05")
	b.ReportAllocs()
	for b.Loop() {
		if status, err := grace.Replay(s.History, s.rules, on); err != nil || status.State != grace.GraceM3 {
			b.Fatal(status.State, err)
		}
	}
}
