package billpay

import (
	"fmt"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestParseAlias_Reads(t *testing.T) {
	tests := []struct{ name, handle, want string }{
		{"as it is", "H12345", "H12345"},
		{"upper case, blanks and hyphens out", " h-123 45 ", "H12345"},
		{"zeros in front kept", "000123", "000123"},
		{"other signs kept", "a/12.3*", "A/12.3*"},
		{"full-width digits", "１２３", "123"},
		{"accents", "é1", "É1"},
		{"forty characters", strings.Repeat("é", 40), strings.Repeat("É", 40)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := ParseAlias("legacy-1", tt.handle)
			if err != nil || a.Handle() != tt.want || a.Source() != "legacy-1" {
				t.Fatalf("ParseAlias(%q): got %q of %q and %v, want %q", tt.handle, a.Handle(), a.Source(), err, tt.want)
			}
			if again, err := ParseAlias(a.Source(), a.Handle()); again != a || err != nil {
				t.Errorf("reading %q again gives %q and %v", a.Handle(), again.Handle(), err)
			}
		})
	}
}

func TestParseAlias_Refuses(t *testing.T) {
	tests := []struct{ name, source, handle string }{
		{"no source", "", "1"},
		{"source in capitals", "Legacy", "1"},
		{"source with a blank", "old system", "1"},
		{"source too long", strings.Repeat("a", 31), "1"},
		{"no handle", "legacy", ""},
		{"handle of blanks and hyphens", "legacy", " - \u00a0"},
		{"handle too long", "legacy", strings.Repeat("1", 41)},
		{"control character", "legacy", "12\x0034"},
		{"not UTF-8", "legacy", "12\xff"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, err := ParseAlias(tt.source, tt.handle)
			if fault.KindOf(err) != fault.Invalid || err == nil || !a.IsZero() {
				t.Errorf("ParseAlias(%q, %q): got %v and %v, want an invalid fault", tt.source, tt.handle, a, err)
			}
		})
	}
}

func TestAlias_Masked(t *testing.T) {
	for handle, want := range map[string]string{"H9876543": "legacy:••••6543", "1234": "legacy:••••"} {
		a, err := ParseAlias("legacy", handle)
		if err != nil {
			t.Fatal(err)
		}
		for _, verb := range []string{"%v", "%s", "%+v", "%#v"} {
			if got := fmt.Sprintf(verb, a); got != want {
				t.Errorf("%s of %q: got %q, want %q", verb, handle, got, want)
			}
		}
	}
	if got := fmt.Sprint(Alias{}); got != "" {
		t.Errorf("no alias shows as %q", got)
	}
}
