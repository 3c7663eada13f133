// Package throwaway starts PostgreSQL clusters that live as long as the
// process that asked for them: for tests, for `billfold bench` and for whoever
// wants to try the product on PostgreSQL without installing a server.
//
// It knows where server binaries are found, that PostgreSQL refuses to run as
// root, and how to leave nothing behind. It knows no table of the product.
//
// A cluster listens on a Unix socket in its own folder and on no network
// address, so clusters never compete for a port and nobody else can reach
// them. Durability is PostgreSQL's default unless Settings say otherwise: a
// benchmark on such a cluster measures what production would do.
//
// Start reading at [Start]; the life of a cluster is in supervise.sh.
// Tests use the package pgtest, which shares one cluster among them.
package throwaway

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/billfold/billfold/internal/base/fault"
)

//go:embed supervise.sh
var superviseScript string

// socketPathMax is the longest path of a Unix socket that every supported
// system takes (macOS 104 bytes, Linux 108, each with its closing zero).
const socketPathMax = 103

// Options say how a cluster differs from PostgreSQL's defaults.
type Options struct {
	// Dir is the folder in which the cluster's own folder is made; "" means
	// the system's temporary folder. A benchmark names one on a real disk.
	Dir string

	// Settings are lines of postgresql.conf, such as "fsync": "off" for tests
	// that lose nothing with the cluster.
	Settings map[string]string
}

// Cluster is a running throw-away PostgreSQL.
type Cluster struct {
	Server
	bin         string
	libraryPath string
	dir         string
	socket      string
	supervisor  *exec.Cmd
	lifeline    io.Closer // closing it ends the cluster; so does our death
	stop        sync.Once
}

// Start makes a cluster and waits until it takes connections, usually one to
// two seconds. It fails with fault.Unavailable when no server binaries are
// found or they do not start, and says what is missing.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	const op = "throwaway.Start"
	bin, err := Find()
	if err != nil {
		return nil, err
	}
	owner, err := chooseOwner()
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	c, err := prepare(bin, owner, opts)
	if err != nil {
		return nil, fault.Wrap(op, err)
	}
	if err := c.launch(ctx, owner); err != nil {
		c.Stop()
		return nil, fault.Wrap(op, err)
	}
	return c, nil
}

// prepare makes the cluster's folders and gives them to owner.
func prepare(bin string, owner owner, opts Options) (*Cluster, error) {
	dir, err := os.MkdirTemp(opts.Dir, "billfold-pg-")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, socket: dir}
	if err := c.furnish(bin, owner, opts.Settings); err != nil {
		return nil, errors.Join(err, c.removeFolders())
	}
	c.Server = Server{dsn: "postgres://postgres@/postgres?host=" + c.socket + "&sslmode=disable"}
	return c, nil
}

func (c *Cluster) furnish(bin string, owner owner, settings map[string]string) error {
	if len(filepath.Join(c.dir, ".s.PGSQL.5432")) > socketPathMax {
		socket, err := os.MkdirTemp("/tmp", "billfold-pg-")
		if err != nil {
			return err
		}
		c.socket = socket
	}
	var err error
	if c.bin, err = reachable(bin, c.dir, owner); err != nil {
		return err
	}
	if c.libraryPath, err = linkLibraries(c.bin, filepath.Join(c.dir, "lib")); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(c.dir, "settings.conf"), c.config(settings), 0o644); err != nil {
		return err
	}
	return owner.give(c.dir, c.socket)
}

// config is the end of postgresql.conf, where the last word on a setting wins.
func (c *Cluster) config(settings map[string]string) []byte {
	quote := func(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
	var b strings.Builder
	fmt.Fprintf(&b, "listen_addresses = ''\nunix_socket_directories = %s\nport = 5432\n", quote(c.socket))
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		fmt.Fprintf(&b, "%s = %s\n", name, quote(settings[name]))
	}
	return []byte(b.String())
}

// launch runs the supervisor and waits for its one answer.
//
// The supervisor is tied to us by a pipe and not by Linux's parent-death
// signal: that one fires when the starting thread ends, which Go does not
// promise to keep, and could not remove the folders.
func (c *Cluster) launch(ctx context.Context, owner owner) error {
	cmd := exec.Command("/bin/sh", "-c", superviseScript, "billfold-pg", c.bin, c.dir, c.socket)
	cmd.Dir = c.dir
	// A clean environment: PGDATA, PGPORT and their kin must not lead the
	// cluster to somebody's real one.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC", "LD_LIBRARY_PATH=" + c.libraryPath}
	// A session of its own keeps a Ctrl-C meant for the tests from reaching
	// the cluster before the tests are done with it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: owner.credential()}
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	c.supervisor, c.lifeline = cmd, lifeline

	// Cancelling lets go of the lifeline; the supervisor still answers, then
	// cleans up, so the read below cannot hang.
	release := context.AfterFunc(ctx, func() { _ = lifeline.Close() })
	defer release()
	answer, _ := bufio.NewReader(answers).ReadString('\n')
	if err := ctx.Err(); err != nil {
		return err
	}
	if strings.TrimSpace(answer) != "ready" {
		return fault.New(fault.Unavailable, "", "PostgreSQL of %s does not start: %s", c.bin, c.lastWords())
	}
	return nil
}

// lastWords gives the end of the logs of a cluster that did not start.
func (c *Cluster) lastWords() string {
	var words []byte
	for _, name := range []string{"start.log", "server.log"} {
		text, err := os.ReadFile(filepath.Join(c.dir, name))
		if err == nil {
			words = append(words, text[max(0, len(text)-1000):]...)
		}
	}
	return strings.TrimSpace(string(words))
}

// Bin finds a program of PostgreSQL, preferring the one that came with this
// server. Not every distribution has pgbench, psql and pg_dump.
func (c *Cluster) Bin(name string) (path string, ok bool) {
	path = filepath.Join(c.bin, name)
	if executable(path) {
		return path, true
	}
	path, err := exec.LookPath(name)
	return path, err == nil
}

// Stop ends the cluster and removes its folders. It may be called again.
func (c *Cluster) Stop() {
	c.stop.Do(func() {
		if c.supervisor != nil {
			_ = c.lifeline.Close()
			// The cluster is thrown away: how it ends teaches nobody anything.
			_ = c.supervisor.Wait()
		}
		// The supervisor has removed them already, unless it never ran or may
		// not write to the folder above.
		_ = c.removeFolders()
	})
}

func (c *Cluster) removeFolders() error {
	return errors.Join(os.RemoveAll(c.socket), os.RemoveAll(c.dir))
}
