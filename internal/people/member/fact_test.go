package member

import (
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

func TestFact_Fits(t *testing.T) {
	garcia := OnFile{Last: "García-López", Residence: "80302-1234", Mailing: "80501"}
	for _, tt := range []struct {
		name, typed string
		file        OnFile
		want        bool
	}{
		{"ZIP of the residence", "80302", garcia, true},
		{"ZIP of the mailing address", "80501", garcia, true},
		{"nine digits", "80302-9999", garcia, true},
		{"nine digits without hyphen", "803020000", garcia, true},
		{"full-width digits", "８０３０２", garcia, true},
		{"blanks around", " 80302 ", garcia, true},
		{"another ZIP", "80303", garcia, false},
		{"four digits of it", "8030", garcia, false},
		{"six digits of it", "803021", garcia, false},
		{"ZIP with a letter", "80302a", garcia, false},
		{"last name as written", "García-López", garcia, true},
		{"without accents and hyphen", "GARCIA LOPEZ", garcia, true},
		{"in one word", "garcialopez", garcia, true},
		{"accents as marks of their own", "Garci\u0301a-Lo\u0301pez", garcia, true},
		{"with a suffix", "García López, Jr.", garcia, true},
		{"half of a double name", "Garcia", garcia, false},
		{"apostrophe", "ORuiz", OnFile{Last: "O’Ruiz"}, true},
		{"suffix on file", "Rivera", OnFile{Last: "Rivera III"}, true},
		{"a name that is a suffix", "Ii", OnFile{Last: "Ii"}, true},
		{"stroke letters", "Soren Lukasz", OnFile{Last: "Søren-Łukasz"}, true},
		{"sharp s", "STRASS", OnFile{Last: "Straß"}, true},
		{"another script", "нгуен", OnFile{Last: "Нгуен"}, true},
		{"organisation without its form", "Cedar Mills", OnFile{Organisation: "The Cedar Mills Co., Inc."}, true},
		{"organisation with its form", "The Cedar Mills Company", OnFile{Organisation: "Cedar Mills LLC"}, true},
		{"organisation with an and-sign", "Mills & Sons", OnFile{Organisation: "Mills Sons"}, true},
		{"another organisation", "Cedar", OnFile{Organisation: "Cedar Mills"}, false},
		{"nothing on file", "80302", OnFile{}, false},
		{"a short ZIP on file", "80302", OnFile{Residence: "803"}, false},
		{"a foreign code on file", "80302", OnFile{Residence: "K1A 0B1"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			fact, err := ParseFact(tt.typed)
			if err != nil {
				t.Fatal(err)
			}
			if got := fact.Fits(tt.file); got != tt.want {
				t.Errorf("%q against %+v: got %v, want %v", tt.typed, tt.file, got, tt.want)
			}
		})
	}
}

func TestParseFact_RefusesWhatIsNone(t *testing.T) {
	for _, text := range []string{"", "  ", "-", "'", strings.Repeat("a", FactMax+1)} {
		if _, err := ParseFact(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("ParseFact(%.20q): got %v, want invalid", text, err)
		}
	}
}

// A fact that was read fits the very text on file, and never an empty file.
func FuzzFact(f *testing.F) {
	for _, seed := range []string{"80302", "O'Ruiz", "García-López Jr", "The Co", "\xff", "ßßß", "II"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		fact, err := ParseFact(text)
		if err != nil {
			return
		}
		if fact.Fits(OnFile{}) {
			t.Fatalf("%q fits an empty file", text)
		}
		if !fact.Fits(OnFile{Last: text}) && !fact.Fits(OnFile{Organisation: text}) {
			t.Fatalf("%q does not fit itself", text)
		}
	})
}
