package main

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/office/plan"
)

// The demonstration starts its own program as the simulator: in a test that is
// this one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "simulate" {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestOpenProcessor_FindsItsSecrets(t *testing.T) {
	keys := t.TempDir()
	p := &plan.Plan{Sandbox: true, Processor: &plan.Processor{API: "http://127.0.0.1:1", Timeout: time.Second}}
	open := func() error { _, err := openProcessor(p, keys, clock.System{}); return err }
	if err := open(); fault.KindOf(err) != fault.NotFound || !strings.Contains(fault.HintOf(err), processorKey.env) {
		t.Errorf("without a key: %v", err)
	}
	for c, value := range map[credential]string{processorKey: "sk_test_1", processorSigning: "whsec_1"} {
		if err := vault.KeepCredential(keys, c.file, secret.New(value)); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(); err != nil {
		t.Errorf("with both: %v", err)
	}
	p.Sandbox = false
	if err := open(); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a key for tests outside a sandbox: %v", err)
	}
	t.Setenv(processorKey.env, "sk_live_1")
	if err := open(); err != nil {
		t.Errorf("with the key of the environment: %v", err)
	}
	if err := os.Chmod(filepath.Join(keys, processorSigning.file), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := open(); fault.KindOf(err) != fault.Denied {
		t.Errorf("a secret that others may read: %v", err)
	}
}

// answers reports whether a simulator answers at an address to a key.
func answers(url, key string) bool {
	request, err := http.NewRequest(http.MethodGet, url+"/books", nil)
	if err != nil {
		return false
	}
	request.Header.Set("Authorization", "Bearer "+key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false
	}
	response.Body.Close()
	return response.StatusCode == http.StatusOK
}

// eventually waits until something holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	late := time.After(15 * time.Second)
	for !holds() {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("not %s", what)
		}
	}
}

func TestSimulator_ComesBackAndEndsWithUs(t *testing.T) {
	keys, data := t.TempDir(), t.TempDir()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	s, err := startSimulator(ctx, "127.0.0.1:0", data, "Cedar Valley", "", keys, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	url, first := s.ready.URL, s.running.Process
	key, err := vault.Credential(keys, processorKey.file)
	if err != nil || !answers(url, key.Reveal()) {
		t.Fatalf("it does not answer to the key of the key folder: %v", err)
	}
	p := &plan.Processor{Script: "http://127.0.0.1:8090/v3/", Frames: []string{"http://127.0.0.1:8090"}}
	s.serves(p)
	if p.API != url || p.Script != url+"/v3/" || p.Frames[0] != url || p.Pages[0] != url || !strings.HasPrefix(p.PublishableKey, "pk_test_") {
		t.Errorf("the plan's processor is %+v", p)
	}
	ended := make(chan struct{})
	go func() {
		s.watch(ctx)
		close(ended)
	}()
	if err := first.Kill(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "back at its address", func() bool { return first.Signal(syscall.Signal(0)) != nil && answers(url, key.Reveal()) })
	end()
	<-ended
	if answers(url, key.Reveal()) {
		t.Error("it answers after its end")
	}
	again, err := startSimulator(t.Context(), strings.TrimPrefix(url, "http://"), data, "Cedar Valley", "", keys, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer again.running.Process.Kill()
	if !answers(url, key.Reveal()) {
		t.Error("a later start has another key")
	}
}

func TestSimulator_SaysWhyItDidNotStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	data := t.TempDir()
	_, err = startSimulator(t.Context(), taken.Addr().String(), data, "Cedar Valley", "", t.TempDir(), slog.New(slog.DiscardHandler))
	if fault.KindOf(err) != fault.Unavailable || !strings.Contains(fault.HintOf(err), "--processor-addr") {
		t.Errorf("got %v", err)
	}
	said, err := os.ReadFile(filepath.Join(data, "simulator.log"))
	if err != nil || !strings.Contains(string(said), taken.Addr().String()) {
		t.Errorf("its log says %q, %v", said, err)
	}
}

func TestSimulatedAt_OnlyOnThisMachine(t *testing.T) {
	for _, tc := range []struct {
		sandbox   bool
		api, want string
	}{
		{true, "http://127.0.0.1:8090", "127.0.0.1:8090"},
		{true, "https://api.example.com", ""},
		{false, "http://127.0.0.1:8090", ""},
	} {
		if got := simulatedAt(&plan.Plan{Sandbox: tc.sandbox, Processor: &plan.Processor{API: tc.api}}); got != tc.want {
			t.Errorf("%s, sandbox %v: got %q", tc.api, tc.sandbox, got)
		}
	}
	if got := simulatedAt(&plan.Plan{Sandbox: true}); got != "" {
		t.Errorf("without a processor: got %q", got)
	}
}

func TestParseProxies(t *testing.T) {
	got, err := parseProxies([]string{"10.0.0.5", "10.1.0.0/16", "::1"})
	if err != nil || len(got) != 3 || got[0].String() != "10.0.0.5/32" || got[1].String() != "10.1.0.0/16" || got[2].String() != "::1/128" {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := parseProxies([]string{"proxy.example.org"}); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a name: %v", err)
	}
}
