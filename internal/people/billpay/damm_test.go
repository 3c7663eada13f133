package billpay

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestInterim_PublishedVectors(t *testing.T) {
	tests := []struct {
		payload uint64
		check   uint8
	}{
		{572, 4}, // the worked example of the algorithm's usual description
		{236, 1},
		{7992739871, 1},
		{794, 0},
		{100000000, 5},
		{400000000, 6},
		{4728190365, 8},
		{5038174926, 6},
		{31415926535, 2},
		{27182818284, 5},
		{80251647390, 3},
	}
	for _, tt := range tests {
		if got := interim(tt.payload); got != tt.check {
			t.Errorf("check digit of %d: got %d, want %d", tt.payload, got, tt.check)
		}
		if got := interim(tt.payload*10 + uint64(tt.check)); got != 0 {
			t.Errorf("%d followed by its check digit %d: interim %d, want 0", tt.payload, tt.check, got)
		}
	}
}

// The three properties below, proved over every cell, give the two promises
// for numbers of every length: after the first difference two strings reach
// different states, and equal digits never bring different states together.
func TestDammTable_EveryCell(t *testing.T) {
	for c := range uint8(10) {
		if damm[c][c] != 0 {
			t.Errorf("T[%d][%d] = %d, want 0: the check digit must equal the state before it", c, c, damm[c][c])
		}
		for x := range uint8(10) {
			for y := range x {
				if damm[c][x] == damm[c][y] {
					t.Errorf("row %d has %d under both %d and %d: that single wrong digit would pass", c, damm[c][x], x, y)
				}
				if damm[x][c] == damm[y][c] {
					t.Errorf("column %d has %d in both rows %d and %d: an earlier difference would be lost", c, damm[x][c], x, y)
				}
				if damm[damm[c][x]][y] == damm[damm[c][y]][x] {
					t.Errorf("from state %d, %d%d and %d%d reach the same state: that swap would pass", c, x, y, y, x)
				}
			}
		}
	}
}

func TestCheckDigit_FindsEverySlipInManyNumbers(t *testing.T) {
	for length := DigitsMin; length <= DigitsMax; length++ {
		t.Run(fmt.Sprintf("%d digits", length), func(t *testing.T) {
			issuer := mustIssuer(t, length)
			for _, n := range issuer.Draw(20_000) {
				digits := []byte(n.Digits())
				checkEverySubstitution(t, digits)
				checkEverySwap(t, digits)
			}
		})
	}
}

func checkEverySubstitution(t *testing.T, digits []byte) {
	t.Helper()
	for i, right := range digits {
		for wrong := byte('0'); wrong <= '9'; wrong++ {
			if wrong == right {
				continue
			}
			digits[i] = wrong
			if interim(valueOfText(digits)) == 0 {
				t.Fatalf("%s passes, with %c for %c at digit %d", digits, wrong, right, i+1)
			}
		}
		digits[i] = right
	}
}

func checkEverySwap(t *testing.T, digits []byte) {
	t.Helper()
	for i := range len(digits) - 1 {
		if digits[i] == digits[i+1] {
			continue
		}
		digits[i], digits[i+1] = digits[i+1], digits[i]
		if interim(valueOfText(digits)) == 0 {
			t.Fatalf("%s passes, with digits %d and %d swapped", digits, i+1, i+2)
		}
		digits[i], digits[i+1] = digits[i+1], digits[i]
	}
}

func valueOfText(digits []byte) (value uint64) {
	for _, d := range digits {
		value = value*10 + uint64(d-'0')
	}
	return value
}

// TestDetectionRates holds the rates that docs/rules/bill-pay-number.md states,
// within a percent, over numbers as issued. Run with -v to print them.
func TestDetectionRates(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		name string
		want float64 // percent
		make func(d []byte, try func([]byte))
	}{
		{"jump transposition abc -> cba", 89.7, func(d []byte, try func([]byte)) {
			for i := range len(d) - 2 {
				c := append([]byte{}, d...)
				c[i], c[i+2] = c[i+2], c[i]
				try(c)
			}
		}},
		{"twin aa -> bb", 91.1, func(d []byte, try func([]byte)) {
			for i := range len(d) - 1 {
				for b := byte('0'); d[i] == d[i+1] && b <= '9'; b++ {
					c := append([]byte{}, d...)
					c[i], c[i+1] = b, b
					try(c)
				}
			}
		}},
		{"jump twin aba -> cbc", 88.1, func(d []byte, try func([]byte)) {
			for i := range len(d) - 2 {
				for b := byte('0'); d[i] == d[i+2] && b <= '9'; b++ {
					c := append([]byte{}, d...)
					c[i], c[i+2] = b, b
					try(c)
				}
			}
		}},
		{"spoken teen for ty, 13 <-> 30", 100, func(d []byte, try func([]byte)) {
			for i := range len(d) - 1 {
				c := append([]byte{}, d...)
				switch {
				case d[i] == '1' && d[i+1] >= '3':
					c[i], c[i+1] = d[i+1], '0'
				case d[i] >= '3' && d[i+1] == '0':
					c[i], c[i+1] = '1', d[i]
				}
				try(c)
			}
		}},
		{"last digit lost", 100, func(d []byte, try func([]byte)) { try(d[:len(d)-1]) }},
		{"any digit lost", 91.7, func(d []byte, try func([]byte)) {
			for i := range d {
				try(append(append([]byte{}, d[:i]...), d[i+1:]...))
			}
		}},
		{"unrelated digits", 90, func(d []byte, try func([]byte)) {
			c := append([]byte{}, d...)
			for i := range c {
				c[i] = '0' + byte(r.IntN(10))
			}
			try(c)
		}},
	}
	numbers := mustIssuer(t, 12).Draw(50_000)
	for _, kind := range kinds {
		wrong, found := 0, 0
		for _, n := range numbers {
			kind.make([]byte(n.Digits()), func(c []byte) {
				if string(c) == n.Digits() {
					return
				}
				wrong++
				if interim(valueOfText(c)) != 0 {
					found++
				}
			})
		}
		got := 100 * float64(found) / float64(wrong)
		t.Logf("%-32s %6.2f %% of %d", kind.name, got, wrong)
		if got < kind.want-1 || got > kind.want+1 {
			t.Errorf("%s: %.2f %% found, the rules page says %.1f %%", kind.name, got, kind.want)
		}
	}
}
