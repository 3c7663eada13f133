package remittance

import "testing"

func TestNames_TheTraceAsAWord(t *testing.T) {
	for _, test := range []struct {
		text, trace string
		want        bool
	}{
		{"CCD entry, trace 231380100000001, from ACME", "231380100000001", true},
		{"CCD entry, trace 000OAK1, from ACME", "OAK1", true},
		{"TRN*1*OAK1130*1234567890\\", "oak1130", true},
		{"check 0001017", "1017", true},
		{"check 1017", "0001017", true},
		{"check 21017", "1017", false},
		{"check 10170", "1017", false},
		{"OAK11 and OAK1", "OAK1", true},
		{"anything", "", false},
		{"0000", "000", false},
	} {
		if got := names(test.text, test.trace); got != test.want {
			t.Errorf("%q in %q: got %v", test.trace, test.text, got)
		}
	}
}
