package access

import (
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// Bounds of a password in code points (PCI DSS 8.3.6; NIST SP 800-63B-4 asks for 8
// with a second factor and to allow 64 at least).
const (
	PasswordMin = 12
	PasswordMax = 256
)

// argon2id with what OWASP asks for at least: 19 MiB, two passes, one lane.
const (
	argonMemory = 19 * 1024 // KiB
	argonTime   = 2
	argonLanes  = 1
	argonSalt   = 16
	argonKey    = 32
)

//go:embed blocklist.txt
var blocklistText string

var blocklist = func() map[string]bool {
	words := map[string]bool{}
	for line := range strings.Lines(blocklistText) {
		if word := strings.TrimSpace(line); word != "" && !strings.HasPrefix(word, "#") {
			words[word] = true
		}
	}
	return words
}()

// normal is a password as it is hashed: the same signs typed on another keyboard
// are the same password (NIST SP 800-63B-4, 3.1.1.2).
func normal(p secret.Text) string { return norm.NFKC.String(p.Reveal()) }

// checkPassword refuses what is too short, known to guessers, or made of what is
// known of its owner. There are no rules on which signs it has.
func checkPassword(p secret.Text, known ...string) error {
	const op = "access.checkPassword"
	text := normal(p)
	switch n := utf8.RuneCountInString(text); {
	case !utf8.ValidString(p.Reveal()):
		return fault.New(fault.Invalid, op, "the password has signs that cannot be read")
	case n < PasswordMin:
		return fault.New(fault.Invalid, op, "a password has at least %d characters", PasswordMin)
	case n > PasswordMax:
		return fault.New(fault.Invalid, op, "a password has at most %d characters", PasswordMax)
	case guessable(text, known):
		return fault.New(fault.Invalid, op, "this password is among the first that guessers try").
			WithHint("Take several words that do not belong together, or one from a password manager.")
	}
	return nil
}

// guessable reports a password that is on the list, repeats or counts, or is a known
// word with little added.
func guessable(text string, known []string) bool {
	lower := strings.ToLower(text)
	letters := strings.Map(func(c rune) rune {
		if unicode.IsLetter(c) {
			return c
		}
		return -1
	}, lower)
	if blocklist[lower] || blocklist[letters] || regular(lower) {
		return true
	}
	rest := lower
	for _, word := range append(known, "billfold", "password") {
		for _, part := range strings.Fields(strings.ToLower(word)) {
			if utf8.RuneCountInString(part) >= 3 {
				rest = strings.ReplaceAll(rest, part, "")
			}
		}
	}
	// What is left must still be worth something.
	return len(rest) < len(lower) && utf8.RuneCountInString(rest) < PasswordMin/2
}

// regular reports a text of a short piece that is repeated, or of neighbours.
func regular(text string) bool {
	runes := []rune(text)
	for piece := 1; piece <= 4; piece++ {
		same := true
		for i := piece; i < len(runes) && same; i++ {
			same = runes[i] == runes[i-piece]
		}
		if same {
			return true
		}
	}
	up, down := true, true
	for i := 1; i < len(runes); i++ {
		up = up && (runes[i] == runes[i-1]+1 || runes[i-1] == '9' && runes[i] == '0')
		down = down && (runes[i] == runes[i-1]-1 || runes[i-1] == '0' && runes[i] == '9')
	}
	return up || down
}

// hashPassword makes "argon2id$memory$time$lanes$salt$key", so that what is kept
// says how it was made when the costs rise.
func hashPassword(p secret.Text) secret.Text {
	salt := make([]byte, argonSalt)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(normal(p)), salt, argonTime, argonMemory, argonLanes, argonKey)
	text := base64.RawStdEncoding
	return secret.New(fmt.Sprintf("argon2id$%d$%d$%d$%s$%s", argonMemory, argonTime, argonLanes, text.EncodeToString(salt), text.EncodeToString(key)))
}

// nobodysHash is compared with where there is no account, so that the answer takes
// as long as with one.
var nobodysHash = secret.New(fmt.Sprintf("argon2id$%d$%d$%d$%s$%s", argonMemory, argonTime, argonLanes,
	strings.Repeat("A", 22), strings.Repeat("A", 43)))

// samePassword compares a password with a hash.
func samePassword(p, hash secret.Text) bool {
	parts := strings.Split(hash.Reveal(), "$")
	var memory, passes uint32
	var lanes uint8
	if len(parts) != 6 || parts[0] != "argon2id" {
		return false
	}
	if _, err := fmt.Sscan(parts[1]+" "+parts[2]+" "+parts[3], &memory, &passes, &lanes); err != nil {
		return false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil || len(want) == 0 {
		return false
	}
	got := argon2.IDKey([]byte(normal(p)), salt, passes, memory, lanes, uint32(len(want)))
	return subtle.ConstantTimeCompare(got, want) == 1
}
