package processor

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/billfold/billfold/internal/base/fault"
)

// keys are a simulator's own, made at its first start and kept beside the journal.
type keys struct {
	Publishable string `json:"publishable_key"`
	Secret      string `json:"secret_key"`
	Webhook     string `json:"webhook_secret"`
	Fingerprint string `json:"fingerprint_key"`
}

const keysName = "keys.json"

func openKeys(dir string) (keys, error) {
	const op = "processor.Open"
	name := filepath.Join(dir, keysName)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(name)
	}
	var k keys
	if err == nil {
		err = json.Unmarshal(text, &k)
	}
	if err == nil && (k.Publishable == "" || k.Secret == "" || k.Webhook == "" || k.Fingerprint == "") {
		err = errors.New("a key is missing")
	}
	if err != nil {
		return keys{}, fault.New(fault.Corrupt, op, "the keys in %s cannot be read: %v", keysName, err)
	}
	return k, nil
}

func makeKeys(name string) (keys, error) {
	k := keys{
		Publishable: newID("pk_test"), Secret: newID("sk_test"), Webhook: "whsec_" + rand.Text(), Fingerprint: rand.Text(),
	}
	text, err := json.Marshal(k)
	if err == nil {
		err = os.WriteFile(name, text, 0o600)
	}
	if err != nil {
		return keys{}, fault.New(fault.Unavailable, "processor.Open", "the keys cannot be written: %v", err)
	}
	return k, nil
}

// with puts the keys of the options in the place of the folder's own.
func (k keys) with(o Options) keys {
	if !o.SecretKey.IsZero() {
		k.Secret = o.SecretKey.Reveal()
	}
	if !o.WebhookSecret.IsZero() {
		k.Webhook = o.WebhookSecret.Reveal()
	}
	return k
}

// signIn finds which key a request carries: as a bearer, or as the user name of
// basic authentication, which is Stripe's older way.
func (k keys) signIn(r *http.Request) (publishable bool, no *refusal) {
	given, isBearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !isBearer {
		given, _, _ = r.BasicAuth()
	}
	switch {
	case given == "":
		return false, unauthorised("You did not provide an API key.")
	case same(given, k.Secret):
		return false, nil
	case same(given, k.Publishable):
		return true, nil
	}
	return false, unauthorised("Invalid API Key provided.")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
