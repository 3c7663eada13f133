// Package stripemock runs stripe-mock for tests: Stripe's own stand-in for its API,
// which checks every request against the published description of the API and
// answers with examples. It remembers nothing, so it proves that requests are valid
// and answers are understood, and no order of events.
//
// It knows where the program is and how it is started, and nothing of cards.
// `make needs` installs it. Start reading at Start.
package stripemock

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
)

// Module is what `go install` is asked for.
const Module = "github.com/stripe/stripe-mock@v0.203.0"

// Dir is the folder, from the root of the repository, into which it is installed.
// The version is part of it, so that another one is fetched and not overlooked.
const Dir = "node_modules/.cache/stripe-mock@v0.203.0"

// Find gives the path of the program in the nearest folder above. Unavailable when
// it is not installed.
func Find() (string, error) {
	const op = "stripemock.Find"
	dir, err := os.Getwd()
	if err != nil {
		return "", &fault.Error{Kind: fault.Unavailable, Op: op, Message: "the working directory is not known", Err: err}
	}
	for {
		found := filepath.Join(dir, Dir, "stripe-mock")
		if _, err := os.Stat(found); err == nil {
			return found, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fault.New(fault.Unavailable, op, "stripe-mock is not installed").WithHint("Run `make needs`.")
		}
		dir = filepath.Dir(dir)
	}
}

var listening = regexp.MustCompile(`Listening for HTTP at address: (\S+)`)

// Start runs it until the test ends and gives its base address.
func Start(t testing.TB) string {
	t.Helper()
	program, err := Find()
	if err != nil {
		t.Fatalf("%v. %s", err, fault.HintOf(err))
	}
	cmd := exec.Command(program, "-http-addr", "127.0.0.1:0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill() // it holds nothing that could be lost
		cmd.Wait()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if at := listening.FindStringSubmatch(lines.Text()); at != nil {
			go io.Copy(io.Discard, out) // it says a line for each request
			return "http://" + at[1]
		}
	}
	t.Fatal("stripe-mock ended before it listened")
	return ""
}
