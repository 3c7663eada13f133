package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"

	"github.com/alecthomas/kong"
)

// socketName is the socket in the data folder on which the process that owns
// the folder takes commands. Only who may open the folder can reach it.
const socketName = "billfold.sock"

// dataFolder is a command that works on a data folder.
type dataFolder interface{ folder() string }

// request is a command line that is sent to the owner of the data folder.
type request struct {
	Args []string `json:"args"`
	Dir  string   `json:"dir"` // in which relative paths of the command stand
}

// frame is a piece of the answer: output, error output, or the exit code.
type frame struct {
	Out  []byte `json:"out,omitempty"`
	Errs []byte `json:"errs,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// forward sends a command to the process that owns its data folder, if there is
// one, and passes on what it says.
func forward(ctx context.Context, parsed *kong.Context, args []string, out, errs io.Writer) (code int, sent bool) {
	command, ok := parsed.Selected().Target.Addr().Interface().(dataFolder)
	if !ok {
		return 0, false
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "unix", filepath.Join(command.folder(), socketName))
	if err != nil {
		return 0, false // nobody owns the folder: this process opens it
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	dir, err := os.Getwd()
	if err == nil {
		err = json.NewEncoder(conn).Encode(request{args, dir})
	}
	if err != nil {
		fmt.Fprintln(errs, "billfold: the running process does not take the command:", err)
		return exitUnavailable, true
	}
	frames := json.NewDecoder(conn)
	for {
		var f frame
		if err := frames.Decode(&f); err != nil {
			fmt.Fprintln(errs, "billfold: the running process stopped before the command ended; run it again, nothing is done twice")
			return exitUnavailable, true
		}
		out.Write(f.Out)
		errs.Write(f.Errs)
		if f.Exit != nil {
			return *f.Exit, true
		}
	}
}

// takeCommands serves the socket of the data folder until ctx ends.
func takeCommands(ctx context.Context, folder string, o *office) (wait func(), err error) {
	path := filepath.Join(folder, socketName)
	// A socket left by a process that was killed would refuse the new one. This
	// process holds the folder's lock, so nobody else uses it.
	os.Remove(path)
	listener, err := net.Listen("unix", path)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(path, 0o600); err != nil {
		listener.Close()
		return nil, err
	}
	var running sync.WaitGroup
	stop := context.AfterFunc(ctx, func() { listener.Close() })
	running.Go(func() {
		defer stop()
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			running.Go(func() { answer(ctx, conn, o) })
		}
	})
	return running.Wait, nil
}

func answer(ctx context.Context, conn net.Conn, o *office) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	var r request
	if err := json.NewDecoder(in).Decode(&r); err != nil {
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		io.Copy(io.Discard, in) // ends when the caller leaves
		cancel()
	}()
	var mu sync.Mutex
	frames := json.NewEncoder(conn)
	send := func(f frame) {
		mu.Lock()
		defer mu.Unlock()
		if frames.Encode(f) != nil {
			cancel()
		}
	}
	ctx = context.WithValue(ctx, workingDir{}, r.Dir)
	code := execute(ctx, r.Args, frameWriter(func(b []byte) { send(frame{Out: b}) }),
		frameWriter(func(b []byte) { send(frame{Errs: b}) }), o)
	send(frame{Exit: &code})
}

// workingDir is the context key of the folder in which a forwarded command was
// given.
type workingDir struct{}

// path makes a path of the command absolute, as its caller meant it.
func (r *run) path(name string) string {
	if dir, ok := r.ctx.Value(workingDir{}).(string); ok && !filepath.IsAbs(name) {
		return filepath.Join(dir, name)
	}
	return name
}

type frameWriter func([]byte)

func (w frameWriter) Write(b []byte) (int, error) {
	w(b)
	return len(b), nil
}
