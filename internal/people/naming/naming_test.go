package naming

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestAgree(t *testing.T) {
	pat := Person{"Pat", "J", "Rivera", ""}
	for _, tc := range []struct {
		written string
		on      Person
		want    Strength
	}{
		{"PAT RIVERA", pat, Same},
		{"Rivera, Pat J", pat, Same},
		{"RIVERA PAT", pat, Same},
		{"MS PAT J. RIVERA", pat, Same},
		{"Pat James Rivera", pat, Same},
		{"PAT AND LEE RIVERA", pat, Same},
		{"LEE RIVERA & PAT", pat, Same},
		{"RIVERA, LEE & PAT", pat, Same},
		{"LEE CHEN OR PAT RIVERA", pat, Same},
		{"PAT RIVERA JR", pat, Same},
		{"PAT RIVERA, MD", pat, Same},
		{"P RIVERA", pat, Likely},
		{"P J RIVERA", pat, Likely},
		{"PAT K RIVERA", pat, Different},
		{"PAT RIVERS", pat, Different},
		{"LEE RIVERA", pat, Different},
		{"RIVERA", pat, Different},
		{"PAT", pat, Different},
		{"", pat, Different},
		{"PAT RIVERA TRUST", pat, Likely},
		{"José Muñoz", Person{"Jose", "", "Munoz", ""}, Same},
		{"JOSE MUNOZ", Person{"José", "", "Muñoz", ""}, Same},
		{"Søren Bjørn", Person{"Soren", "", "Bjorn", ""}, Same},
		{"SEAN OBRIEN", Person{"Seán", "", "O'Brien", ""}, Same},
		{"SEAN O BRIEN", Person{"Seán", "", "O'Brien", ""}, Same},
		{"ANA DELACRUZ", Person{"Ana", "", "de la Cruz", ""}, Same},
		{"ANA SMITH JONES", Person{"Ana", "", "Smith-Jones", ""}, Same},
		{"MARYANN LEE", Person{"Mary Ann", "", "Lee", ""}, Same},
		{"MARY LEE", Person{"Mary Ann", "", "Lee", ""}, Same},
		{"MARY BETH LEE", Person{"Mary Ann", "", "Lee", ""}, Different},
		{"LUIS GARCIA", Person{"Luis", "", "García López", ""}, Likely},
		{"LUIS GARCIA SR", Person{"Luis", "", "Garcia", "Jr."}, Different},
		{"LUIS GARCIA II", Person{"Luis", "", "Garcia", "Jr"}, Same},
		{"LUIS GARCIA III", Person{"Luis", "", "Garcia", ""}, Same},
	} {
		if got := Agree(tc.written, tc.on); got != tc.want {
			t.Errorf("%q and %+v: got %d, want %d", tc.written, tc.on, got, tc.want)
		}
	}
}

func TestAgreeOrganisation(t *testing.T) {
	for _, tc := range []struct {
		written, on string
		want        Strength
	}{
		{"BLUE MESA SCHOOLS INC", "Blue Mesa Schools, Inc.", Same},
		{"THE BLUE MESA SCHOOLS", "Blue Mesa Schools LLC", Same},
		{"BLUE MESA", "Blue Mesa Schools", Different},
		{"INC", "LLC", Different},
	} {
		if got := AgreeOrganisation(tc.written, tc.on); got != tc.want {
			t.Errorf("%q and %q: got %d, want %d", tc.written, tc.on, got, tc.want)
		}
	}
}

var (
	firsts = []string{"Ana", "José", "Mary Ann", "Pat", "Soren", "Lee", "Li", "Jean-Luc", "Nguyen"}
	lasts  = []string{"Rivera", "Muñoz", "O'Brien", "de la Cruz", "Smith-Jones", "Lee", "Nguyen", "Garcia Lopez", "Ng"}
)

func drawn(t *rapid.T, label string) Person {
	return Person{
		First:  rapid.SampledFrom(firsts).Draw(t, label+" first"),
		Middle: rapid.SampledFrom([]string{"", "J", "Maria", "K"}).Draw(t, label+" middle"),
		Last:   rapid.SampledFrom(lasts).Draw(t, label+" last"),
		Suffix: rapid.SampledFrom([]string{"", "Jr", "III"}).Draw(t, label+" suffix"),
	}
}

// Whatever way banks write a name, it is the person's.
func TestAgree_EveryWayToWriteAName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawn(t, "person")
		middle := rapid.SampledFrom([]string{p.Middle, ""}).Draw(t, "middle as written")
		if middle != "" && rapid.Bool().Draw(t, "initial") {
			middle = middle[:1]
		}
		text := rapid.SampledFrom([]string{
			p.First + " " + middle + " " + p.Last + " " + p.Suffix,
			p.Last + ", " + p.First + " " + middle,
			p.Last + ", " + p.First + " " + middle + " " + p.Suffix,
			p.Last + " " + p.First + " " + middle,
			"Mr " + p.First + " " + p.Last,
		}).Draw(t, "order")
		if rapid.Bool().Draw(t, "capitals") {
			text = strings.ToUpper(text)
		}
		if rapid.Bool().Draw(t, "plain") {
			text = plain(text)
		}
		if got := Agree(text, p); got != Same {
			t.Errorf("%q is %+v, and they agree by %d", text, p, got)
		}
	})
}

// Two persons of different family or first names are never the same.
func TestAgree_OthersAreNeverTheSame(t *testing.T) {
	letters := rapid.StringMatching(`[A-Z][a-z]{2,8}`)
	rapid.Check(t, func(t *rapid.T) {
		a := Person{First: letters.Draw(t, "first"), Middle: letters.Draw(t, "middle"), Last: letters.Draw(t, "last")}
		b := Person{First: letters.Draw(t, "other first"), Middle: a.Middle, Last: a.Last}
		if rapid.Bool().Draw(t, "another family") {
			b = Person{First: a.First, Middle: a.Middle, Last: letters.Draw(t, "other last")}
		}
		if strings.EqualFold(a.First+a.Last, b.First+b.Last) || strings.EqualFold(a.Middle, b.First) {
			return
		}
		for _, text := range []string{a.First + " " + a.Last, a.Last + ", " + a.First, a.First + " " + a.Middle + " " + a.Last} {
			if Agree(text, b) == Same {
				t.Errorf("%q is taken for %+v", text, b)
			}
		}
	})
}

func FuzzAgree(f *testing.F) {
	f.Add("RIVERA, PAT J & LEE", "Pat", "J", "Rivera", "Jr")
	f.Fuzz(func(t *testing.T, written, first, middle, last, suffix string) {
		p := Person{first, middle, last, suffix}
		if Agree(written, p) == Same && (len(words(first)) == 0 || len(words(last)) == 0) {
			t.Errorf("%q agrees with a person of half a name", written)
		}
		AgreeOrganisation(written, last)
	})
}
