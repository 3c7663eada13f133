// Package script tells the product's story from outside: it builds the binary
// once and runs it as its users do, one script in testdata per story. It knows
// the command line, its JSON, its exit codes and the pages, and nothing of the
// packages behind them; what a single package promises is tested there.
//
// Scripts in testdata run on both engines, those in testdata/embedded need the
// database to be a file, or need none. Start reading at a script, then at
// commands, which says what scripts may do beyond the commands of testscript.
package script

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/billfold/billfold/internal/store/throwaway/pgtest"
)

// binary is the folder of the program under test.
var binary string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if binary, err = os.MkdirTemp("", "billfold"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(binary)
		build := exec.Command("go", "build", "-o", filepath.Join(binary, "billfold"), "github.com/billfold/billfold/cmd/billfold")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
			return 1
		}
		return m.Run()
	}())
}

func TestStories_Embedded(t *testing.T) {
	for _, dir := range []string{"testdata", "testdata/embedded"} {
		testscript.Run(t, testscript.Params{Dir: dir, Cmds: commands, Setup: setup, RequireUniqueNames: true})
	}
}

func TestStories_PostgreSQL(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", Cmds: commands, RequireUniqueNames: true, Setup: func(env *testscript.Env) error {
		env.Setenv("SERVER_DSN", pgtest.Database(env.T().(testing.TB)))
		return setup(env)
	}})
}

// setup gives every script the program, the repository's files and a data
// folder of its own.
func setup(env *testscript.Env) error {
	repo, err := filepath.Abs("../..")
	env.Setenv("REPO", repo)
	env.Setenv("PATH", binary+string(os.PathListSeparator)+env.Getenv("PATH"))
	env.Setenv("BILLFOLD_DATA", filepath.Join(env.WorkDir, "data"))
	env.Values[officeKey{}] = &office{}
	return err
}

// commands are what scripts may say beyond the commands of testscript.
var commands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"office":  startOffice,
	"stop":    stopOffice,
	"exits":   exits,
	"json":    jsonIs,
	"capture": capture,
	"get":     get,
	"call":    call,
	"pack":    pack,
	"alter":   alter,
}

// usage ends a script that says a command in a way it does not have.
func usage(ts *testscript.TestScript, wrong bool, form string) {
	if wrong {
		ts.Fatalf("usage: %s", form)
	}
}

type officeKey struct{}

// office is the process that serves the script's data folder.
type office struct {
	running *exec.Cmd
	url     string
}

func officeOf(ts *testscript.TestScript) *office { return ts.Value(officeKey{}).(*office) }

// startOffice is "office MEMBERS": it runs the demonstration until the script
// or the word "stop" ends it. What it says when it is ready is in ready.json,
// its folder of files to try is $TRY. On PostgreSQL the demonstration is moved
// there and served from there.
func startOffice(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "office MEMBERS")
	o, data := officeOf(ts), ts.Getenv("BILLFOLD_DATA")
	ready := o.start(ts, "demo", "--members", args[0], "--addr", "127.0.0.1:0", "--data", data, "--json")
	ts.Check(os.WriteFile(ts.MkAbs("ready.json"), []byte(ready), 0o600))
	ts.Setenv("TRY", filepath.Join(data, "try"))
	var said struct{ URL string }
	ts.Check(json.Unmarshal([]byte(ready), &said))
	o.url = said.URL
	dsn := ts.Getenv("SERVER_DSN")
	if dsn == "" {
		return
	}
	archive := ts.MkAbs("moved.billfold")
	ts.Check(ts.Exec("billfold", "backup", "--to", archive))
	ts.Check(o.stop())
	ts.Setenv("BILLFOLD_DSN", dsn)
	ts.Check(ts.Exec("billfold", "restore", archive, "--data", data))
	ready = o.start(ts, "serve", "--addr", "127.0.0.1:0")
	o.url = ready[strings.LastIndex(ready, " ")+1:]
}

// start runs the program until it has said its first line, and gives that line.
func (o *office) start(ts *testscript.TestScript, args ...string) string {
	cmd := exec.Command(filepath.Join(binary, "billfold"), args...)
	cmd.Env = append(os.Environ(), "BILLFOLD_DATA="+ts.Getenv("BILLFOLD_DATA"), "BILLFOLD_DSN="+ts.Getenv("BILLFOLD_DSN"))
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	o.running = cmd
	ts.Defer(func() { o.stop() })
	lines := bufio.NewReader(out)
	ready, err := lines.ReadString('\n')
	if err != nil {
		o.stop()
		ts.Fatalf("%q ended before it was ready: %v\n%s", args, err, &errs)
	}
	return strings.TrimSuffix(ready, "\n")
}

// stop ends the process as a machine that shuts down would.
func (o *office) stop() error {
	if o.running == nil {
		return nil
	}
	cmd := o.running
	o.running = nil
	return errors.Join(cmd.Process.Signal(syscall.SIGTERM), cmd.Wait())
}

// stopOffice is "stop": it fails when the process does not end with 0.
func stopOffice(ts *testscript.TestScript, neg bool, args []string) {
	o := officeOf(ts)
	usage(ts, neg || len(args) != 0 || o.running == nil, "stop, after office")
	ts.Check(o.stop())
}

// exits is "exits CODE ARGS": it runs the program, which must end with CODE.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "exits CODE ARGS")
	got := 0
	if err := ts.Exec("billfold", args[1:]...); err != nil {
		exited, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("running billfold: %v", err)
		}
		got = exited.ExitCode()
	}
	if strconv.Itoa(got) != args[0] {
		ts.Fatalf("got exit %d, want %s", got, args[0])
	}
}

// jsonIs is "json FILE PATH WANT": the value at PATH, such as parts.0.ref, is
// WANT as JSON or as bare text; with "!" it is there and differs. Of a file of
// several lines the first name in the path is the line's number, from 0. The
// size of a list or object is at "len".
func jsonIs(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, len(args) != 3, "json FILE PATH WANT")
	value, ok := at(documents(ts, args[0]), strings.Split(args[1], "."))
	if !ok {
		ts.Fatalf("%s has no %s", args[0], args[1])
	}
	text, err := json.Marshal(value)
	ts.Check(err)
	got := strings.Trim(string(text), `"`)
	if (got == args[2]) == neg {
		ts.Fatalf("%s of %s: got %s, want %s (not: %v)", args[1], args[0], got, args[2], neg)
	}
}

func documents(ts *testscript.TestScript, file string) any {
	decoder := json.NewDecoder(strings.NewReader(ts.ReadFile(file)))
	decoder.UseNumber()
	var all []any
	for {
		var one any
		err := decoder.Decode(&one)
		if errors.Is(err, io.EOF) {
			break
		}
		ts.Check(err)
		all = append(all, one)
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func at(value any, path []string) (any, bool) {
	for _, name := range path {
		switch v := value.(type) {
		case map[string]any:
			if name == "len" {
				return len(v), true
			}
			field, ok := v[name]
			if !ok {
				return nil, false
			}
			value = field
		case []any:
			if name == "len" {
				return len(v), true
			}
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(v) {
				return nil, false
			}
			value = v[i]
		default:
			return nil, false
		}
	}
	return value, true
}

// capture is "capture NAME FILE REGEXP": what the first group matches first
// becomes the variable NAME.
func capture(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 3, "capture NAME FILE REGEXP")
	pattern, err := regexp.Compile("(?m)" + args[2])
	ts.Check(err)
	found := pattern.FindStringSubmatch(ts.ReadFile(args[1]))
	if len(found) < 2 {
		ts.Fatalf("%s has nothing like %s", args[1], args[2])
	}
	ts.Setenv(args[0], found[1])
}

// get is "get PATH": the office's page, which must be answered with 200, becomes
// the standard output.
func get(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 1, "get PATH")
	answer, err := http.Get(strings.TrimSuffix(officeOf(ts).url, "/") + args[0])
	ts.Check(err)
	defer answer.Body.Close()
	_, err = io.Copy(ts.Stdout(), answer.Body)
	ts.Check(err)
	if answer.StatusCode != http.StatusOK {
		ts.Fatalf("%s: got status %d, want 200", args[0], answer.StatusCode)
	}
}

// call is "call STATUS METHOD PATH [FILE] [HEADER=VALUE]...": a request to the
// office, with a file of JSON as its body, which must be answered with STATUS. The
// answer becomes the standard output.
func call(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 3, "call STATUS METHOD PATH [FILE] [HEADER=VALUE]...")
	var body io.Reader
	headers := args[3:]
	if len(headers) > 0 && !strings.Contains(headers[0], "=") {
		body, headers = strings.NewReader(os.Expand(ts.ReadFile(headers[0]), ts.Getenv)), headers[1:]
	}
	request, err := http.NewRequest(args[1], strings.TrimSuffix(officeOf(ts).url, "/")+args[2], body)
	ts.Check(err)
	request.Header.Set("Content-Type", "application/json")
	for _, header := range headers {
		name, value, _ := strings.Cut(header, "=")
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	ts.Check(err)
	defer answer.Body.Close()
	_, err = io.Copy(ts.Stdout(), answer.Body)
	ts.Check(err)
	if strconv.Itoa(answer.StatusCode) != args[0] {
		ts.Fatalf("%s %s: got status %d, want %s", args[1], args[2], answer.StatusCode, args[0])
	}
}

// pack is "pack ARCHIVE FILE...": a zip archive of the files.
func pack(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) < 2, "pack ARCHIVE FILE...")
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, name := range args[1:] {
		file, err := w.Create(filepath.Base(name))
		ts.Check(err)
		_, err = io.WriteString(file, ts.ReadFile(name))
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), out.Bytes(), 0o600))
}

// alter is "alter FILE OLD NEW": every OLD becomes NEW, of the same length, as
// somebody with an editor for bytes would do it.
func alter(ts *testscript.TestScript, neg bool, args []string) {
	usage(ts, neg || len(args) != 3 || len(args[1]) != len(args[2]), "alter FILE OLD NEW, both of one length")
	content := ts.ReadFile(args[0])
	if !strings.Contains(content, args[1]) {
		ts.Fatalf("%s has no %q", args[0], args[1])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(strings.ReplaceAll(content, args[1], args[2])), 0o600))
}
