package nearest

import "testing"

func TestWord(t *testing.T) {
	known := []string{"birth_date", "subscriber_id", "ssn", "zone"}
	for _, c := range []struct {
		situation, word, want string
		ok                    bool
	}{
		{"a letter is missing", "birthdate", "birth_date", true},
		{"two letters are swapped", "subscirber_id", "subscriber_id", true},
		{"letter case does not count", "ZONE", "zone", true},
		{"nothing is near", "colour", "", false},
		{"a short word is not turned into another", "abc", "", false},
		{"the empty word means nothing", "", "", false},
	} {
		t.Run(c.situation, func(t *testing.T) {
			got, ok := Word(c.word, known)
			if ok != c.ok || (ok && got != c.want) {
				t.Errorf("Word(%q) = %q, %v; want %q, %v", c.word, got, ok, c.want, c.ok)
			}
		})
	}
}
