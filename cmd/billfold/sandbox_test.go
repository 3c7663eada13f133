package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// startSandbox runs the command until the test stops it, and gives what it says and
// how it ends.
func startSandbox(t *testing.T, args ...string) (ready sandboxJSON, stop func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	code := make(chan int, 1)
	go func() {
		code <- execute(ctx, append([]string{"sandbox", "--addr", "127.0.0.1:0", "--sftp-addr", "127.0.0.1:0"}, args...), in, io.Discard, nil)
		in.Close()
	}()
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatalf("the sandbox said nothing and ended with %d", <-code)
	}
	if err := json.Unmarshal(line, &ready); err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return ready, func() int {
		cancel()
		return <-code
	}
}

func TestSandbox_PlaysThePlansAccountsAndStopsCleanly(t *testing.T) {
	dir := t.TempDir()
	faults := filepath.Join(dir, "faults.json")
	if err := os.WriteFile(faults, []byte(`{"documents":[{"kind":"statement","nth":[1],"duplicated":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "sandbox")
	ready, stop := startSandbox(t, "--data", data, "--faults", faults, "--begins", "2026-12-01T08:30:00-05:00", "--statements", "both")
	if ready.Day != "2026-12-01" || !strings.HasPrefix(ready.SFTP.HostKey, "ssh-ed25519 ") {
		t.Errorf("said %+v", ready)
	}
	request, err := http.NewRequest("POST", ready.URL+"/sandbox/clock", bytes.NewReader([]byte(`{"days":1}`)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+ready.SecretKey)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	statements, err := filepath.Glob(filepath.Join(ready.Outbox, "bank", "*"))
	if err != nil || len(statements) != 3 {
		t.Errorf("the mailbox has %v: %v", statements, err)
	}
	if code := stop(); code != exitOK {
		t.Errorf("it ended with %d", code)
	}
	again, stop := startSandbox(t, "--data", data)
	if again.Day != "2026-12-02" || again.SecretKey != ready.SecretKey || again.SFTP.HostKey != ready.SFTP.HostKey {
		t.Errorf("the second time it said %+v", again)
	}
	if code := stop(); code != exitOK {
		t.Errorf("it ended with %d", code)
	}
}

func TestSandbox_RefusesAFaultPlanThatDoesNotRead(t *testing.T) {
	faults := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(faults, []byte(`{"documents":[{"kind":"","lost":1}]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if code := execute(t.Context(), []string{"sandbox", "--data", t.TempDir(), "--faults", faults}, io.Discard, io.Discard, nil); code != exitRefused {
		t.Errorf("it ended with %d", code)
	}
}
