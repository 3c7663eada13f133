package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/vault"
	"github.com/billfold/billfold/internal/office/plan"
)

// simulator is the card processor of a demonstration. It is a process of its own,
// with its own folder and books, so that pulling its plug is what it would be in
// life. It is started again when it dies, and ends with us.
type simulator struct {
	command func(addr string) *exec.Cmd
	data    string
	log     *slog.Logger
	running *exec.Cmd
	ready   simulatorJSON
}

// restartAfter is how long a simulator that died stays away.
const restartAfter = time.Second

// startSimulator starts one and waits until it is ready. Notices go to notify.
func startSimulator(ctx context.Context, addr, data, merchant, notify, keys string, log *slog.Logger) (*simulator, error) {
	key, err := keptOrMade(keys, processorKey, "sk_test_")
	if err != nil {
		return nil, err
	}
	signing, err := keptOrMade(keys, processorSigning, "whsec_")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err == nil {
		err = os.MkdirAll(data, 0o700)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "", "the simulated card processor cannot be started: %v", err)
	}
	s := &simulator{data: data, log: log}
	s.command = func(addr string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, self, "simulate", "processor", "--attached", "--json",
			"--addr", addr, "--data", data, "--notify", notify, "--merchant", merchant)
		cmd.Env = append(os.Environ(), simSecretKeyEnv+"="+key.Reveal(), simWebhookSecretEnv+"="+signing.Reveal())
		cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
		cmd.WaitDelay = stopMax
		// Ctrl-C at the terminal is for us: whoever is paying is answered first.
		cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		return cmd
	}
	return s, s.start(addr)
}

// keptOrMade gives a secret of the key folder, and makes it at the first start, so
// that both sides have the same after every other.
func keptOrMade(keys string, c credential, prefix string) (secret.Text, error) {
	value, err := vault.Credential(keys, c.file)
	if fault.KindOf(err) != fault.NotFound {
		return value, err
	}
	value = secret.New(prefix + rand.Text())
	return value, vault.KeepCredential(keys, c.file, value)
}

// start runs the process until it says that it is ready.
func (s *simulator) start(addr string) error {
	failed := func(err error) error {
		return fault.New(fault.Unavailable, "", "the simulated card processor did not start at %s: %v", addr, err).
			WithHint("What it said is in " + s.logName() + ". Name another address with --processor-addr.")
	}
	said, err := os.OpenFile(s.logName(), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return failed(err)
	}
	defer said.Close() // the process has its own
	cmd := s.command(addr)
	cmd.Stderr = said
	// It ends when this does, which is when we end, however that comes about.
	if _, err = cmd.StdinPipe(); err != nil {
		return failed(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return failed(err)
	}
	if err := cmd.Start(); err != nil {
		return failed(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &s.ready)
	}
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return failed(err)
	}
	s.running = cmd
	return nil
}

func (s *simulator) logName() string { return filepath.Join(s.data, "simulator.log") }

// watch starts the process again whenever it ends, at the same address, until ctx
// ends and with it the process.
func (s *simulator) watch(ctx context.Context) {
	for {
		if s.running != nil {
			err := s.running.Wait()
			s.running = nil
			if ctx.Err() == nil {
				s.log.Warn("the simulated card processor ended and is started again", "error", err)
			}
		}
		select {
		case <-time.After(restartAfter):
		case <-ctx.Done():
			return
		}
		if err := s.start(s.addr()); err != nil {
			s.log.Warn("the simulated card processor could not be started again", "error", err)
		}
	}
}

// addr is where it listens.
func (s *simulator) addr() string {
	at, err := url.Parse(s.ready.URL)
	if err != nil {
		return ""
	}
	return at.Host
}

// serves points a plan's processor at the simulator.
func (s *simulator) serves(p *plan.Processor) {
	script := s.ready.URL
	if at, err := url.Parse(p.Script); err == nil {
		script += at.Path
	}
	origin := []string{s.ready.URL}
	p.API, p.Script, p.PublishableKey = s.ready.URL, script, s.ready.PublishableKey
	p.Frames, p.Connect, p.Pages = origin, origin, origin
}

// simulatedAt gives the address at which a plan expects the simulator; "" when its
// processor is no simulator on this machine.
func simulatedAt(p *plan.Plan) string {
	if p.Processor == nil || !p.Sandbox {
		return ""
	}
	at, err := url.Parse(p.Processor.API)
	if err != nil || at.Scheme != "http" {
		return ""
	}
	return at.Host
}

// reachable is how another process on this machine reaches what listens at an
// address, which may stand for all of the machine's.
func reachable(listening net.Addr) string {
	tcp, ok := listening.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: tcp.Port}).String()
	}
	return listening.String()
}

// untilClosed ends ctx when in ends: a child whose parent is gone.
func untilClosed(ctx context.Context, in io.Reader) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		io.Copy(io.Discard, in)
		cancel()
	}()
	return ctx, cancel
}
