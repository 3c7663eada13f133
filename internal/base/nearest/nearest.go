// Package nearest finds the word that a mistyped one probably means, so that
// a refusal of a key, column or tag can say what to write instead. It decides
// nothing: a guess is shown to a person and never used.
package nearest

import (
	"math"
	"strings"
)

// wordMax bounds the bytes compared; no key or column is longer.
const wordMax = 64

// Word gives the known word at most two letters away from word, and at most
// half of it. Known words are lower case; the letter case of word is ignored.
func Word(word string, known []string) (string, bool) {
	if len(word) > wordMax {
		return "", false
	}
	best, bestDistance := "", math.MaxInt
	for _, k := range known {
		if d := distance(strings.ToLower(word), k); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best, bestDistance <= 2 && bestDistance*2 <= len(word)
}

// distance is Levenshtein's, over bytes, with one row of its table kept.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substitute := diagonal
			if a[i] != b[j] {
				substitute++
			}
			diagonal = row[j+1]
			row[j+1] = min(substitute, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
