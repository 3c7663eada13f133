package billpay

import (
	"fmt"
	"math"
	"testing"

	"github.com/billfold/billfold/internal/base/calendar"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

func mustIssuer(tb testing.TB, length int) *Issuer {
	tb.Helper()
	issuer, err := NewIssuer(length)
	if err != nil {
		tb.Fatal(err)
	}
	return issuer
}

func TestNewIssuer_Length(t *testing.T) {
	for _, length := range []int{9, 13, -1} {
		if _, err := NewIssuer(length); fault.KindOf(err) != fault.Invalid {
			t.Errorf("NewIssuer(%d): got %v, want an invalid fault", length, err)
		}
	}
	for length, want := range map[int]int{0: DigitsDefault, 10: 10, 11: 11, 12: 12} {
		for _, n := range mustIssuer(t, length).Draw(1000) {
			if got := len(n.Digits()); got != want {
				t.Fatalf("an issuer for %d digits drew %s", length, n.Digits())
			}
		}
	}
	if got := mustIssuer(t, 12).Draw(-1); len(got) != 0 {
		t.Errorf("Draw(-1): got %d numbers", len(got))
	}
}

func TestDraw_AMillion(t *testing.T) {
	const draws = 1_000_000
	seen := make(map[Number]struct{}, draws)
	repeats, neighbours := 0, 0
	previous := Number(0)
	for _, n := range mustIssuer(t, 12).Draw(draws) {
		if _, err := FromInt(int64(n)); err != nil {
			t.Fatalf("drew %s: %v", n.Digits(), err)
		}
		if n%10 == 0 {
			t.Fatalf("drew %s, which still passes when its last digit is lost", n.Digits())
		}
		if _, ok := seen[n]; ok {
			repeats++
		}
		seen[n] = struct{}{}
		if math.Abs(float64(n-previous)) < 1000 {
			neighbours++
		}
		previous = n
	}
	// 10^12/2 pairs over 8.1 x 10^10 numbers: 6.2 repeats are expected, and 25
	// or more would happen by chance once in a hundred million runs.
	if repeats > 25 {
		t.Errorf("%d repeats in %d draws, about 6 expected", repeats, draws)
	}
	if neighbours > 5 {
		t.Errorf("%d draws fell within 1000 of the one before", neighbours)
	}
}

// TestDraw_Uniform asks for each digit's share at each place within six
// standard deviations; a modulo or buffer mistake moves them much further.
func TestDraw_Uniform(t *testing.T) {
	const draws = 400_000
	for length := DigitsMin; length <= DigitsMax; length++ {
		t.Run(fmt.Sprintf("%d digits", length), func(t *testing.T) {
			var counts [DigitsMax][10]int
			for _, n := range mustIssuer(t, length).Draw(draws) {
				for i, d := range []byte(n.Digits()) {
					counts[i][d-'0']++
				}
			}
			for i := range length {
				first, values := 0, 10.0
				if i == 0 || i == length-1 { // neither the first nor the check digit is 0
					first, values = 1, 9
				}
				mean := draws / values
				slack := 6 * math.Sqrt(mean)
				for d := first; d < 10; d++ {
					if off := math.Abs(float64(counts[i][d]) - mean); off > slack {
						t.Errorf("digit %d at place %d: %d times, want %.0f within %.0f", d, i+1, counts[i][d], mean, slack)
					}
				}
			}
		})
	}
}

func TestConflicts(t *testing.T) {
	alias, err := ParseAlias("legacy", "AB 926-5352")
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		n      Number
		onFile Identifiers
		want   bool
	}{
		{"nothing on file", twelve, Identifiers{}, false},
		{"equal to a record number", twelve, Identifiers{Records: []string{"3141-5926-5352"}}, true},
		{"contains a record number", twelve, Identifiers{Records: []string{"x", "MRN 141592"}}, true},
		{"contains a record number padded with zeros", twelve, Identifiers{Records: []string{"0000141592"}}, true},
		{"contains a short record number with its zeros", 300000012340, Identifiers{Records: []string{"00000123"}}, true},
		{"contained in a record number", twelve, Identifiers{Records: []string{"H-3141592653527"}}, true},
		{"contains a record number too short to count", twelve, Identifiers{Records: []string{"14159"}}, false},
		{"another record number", twelve, Identifiers{Records: []string{"9992653"}}, false},
		{"a record number without digits", twelve, Identifiers{Records: []string{"", "ABCDEFGH"}}, false},
		{"contains an alias", twelve, Identifiers{Aliases: []Alias{alias}}, true},
		{"contains the SSN", twelve, Identifiers{SSN: secret.New("159-26-5352")}, true},
		{"another SSN", twelve, Identifiers{SSN: secret.New("159-26-5353")}, false},
		{"a masked SSN", twelve, Identifiers{SSN: secret.New("5352")}, false},
		{"contains a phone", twelve, Identifiers{Phones: []string{"(415) 926-5352"}}, true},
		{"contains a phone's last seven digits", twelve, Identifiers{Phones: []string{"+1 215 926 5352"}}, true},
		{"another phone", twelve, Identifiers{Phones: []string{"215-926-5353", "911"}}, false},
		{"birth date YYYYMMDD", 219990412340, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, true},
		{"birth date MMDDYYYY", 204121999340, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, true},
		{"birth date DDMMYYYY", 212041999340, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, true},
		{"birth date MMDDYY", 204129934000, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, true},
		{"birth date YYMMDD", 899041234000, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, true},
		{"another birth date", twelve, Identifiers{BirthDate: calendar.MustParse("1999-04-12")}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Conflicts(tt.n, tt.onFile); got != tt.want {
				t.Errorf("Conflicts(%s): got %v, want %v", tt.n.Digits(), got, tt.want)
			}
		})
	}
}

func BenchmarkDraw(b *testing.B) {
	issuer := mustIssuer(b, 12)
	b.ReportAllocs()
	for range b.N {
		issuer.Draw(1000)
	}
	b.ReportMetric(float64(b.N)*1000/b.Elapsed().Seconds(), "numbers/s")
}

func BenchmarkConflicts(b *testing.B) {
	onFile := Identifiers{
		Records:   []string{"H100200300", "900100200"},
		SSN:       secret.New("123456789"),
		BirthDate: calendar.MustParse("1981-02-03"),
		Phones:    []string{"215-555-0123"},
	}
	b.ReportAllocs()
	for range b.N {
		Conflicts(twelve, onFile)
	}
}
