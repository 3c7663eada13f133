package script

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/net/html"

	"github.com/billfold/billfold/internal/sim/processor/testcard"
)

// TestCanaryCards pays with cards of which nobody else knows the numbers, has
// the program die in the middle of its work, and looks for the numbers in all
// that it leaves: memory, database, log, mail.
func TestCanaryCards(t *testing.T) {
	dir := t.TempDir()
	demo := startDemo(t, dir)
	example := demo.ready.Examples[0]
	var canaries []string
	for n := range 3 {
		canary := testcard.Approved(770_000 + n)
		if n == 1 {
			canary = testcard.Refused(770_000 + n)
		}
		canaries = append(canaries, canary)
		b := demo.browser(t)
		b.open("/")
		b.submit("/", url.Values{"number": {example.Number}, "fact": {example.ZIP}, "fund": {"premium"}})
		b.submit("/pay", url.Values{"amount": {fmt.Sprintf("%d.00", 11+n)}, "mail": {"payer@example.com"}})
		b.submit("/review", nil)
		b.submit("", url.Values{"number": {canary}, "expiry": {"12/39"}, "cvc": {"737"}, "zip": {example.ZIP}})
		if paid := strings.Contains(b.path(), "/receipt"); paid == (n == 1) {
			t.Fatalf("card %d ended at %s:\n%s", n, b.path(), b.text())
		}
	}
	// A payer who mistakes the first field for the card's.
	b := demo.browser(t)
	b.open("/")
	mistaken := testcard.Approved(770_009)
	b.submit("/", url.Values{"number": {mistaken}, "fact": {example.ZIP}, "fund": {"premium"}})
	if strings.Contains(string(b.body), mistaken) {
		t.Error("the page shows a card number that was typed into the wrong field")
	}
	memory := demo.crash(t)
	for _, canary := range canaries {
		for _, form := range writtenForms(canary) {
			if at := bytes.Index(memory, []byte(form)); at >= 0 {
				t.Errorf("the program's memory holds a card number, near %q", memory[max(0, at-60):min(len(memory), at+80)])
			}
		}
	}
	// That last one did reach us, by the payer's mistake: it is kept nowhere.
	for _, canary := range append(canaries, mistaken) {
		noneInFiles(t, dir, canary)
	}
	if len(memory) < 10<<20 {
		t.Errorf("only %d bytes of memory were looked through", len(memory))
	}
	if !bytes.Contains(memory, []byte(example.ZIP)) {
		t.Error("the memory does not even hold what the payer typed: the search proves nothing")
	}
}

// writtenForms are the ways in which a card number may be written down.
func writtenForms(number string) []string {
	groups := []string{number[:4], number[4:8], number[8:12], number[12:]}
	return []string{number, strings.Join(groups, " "), strings.Join(groups, "-"), strings.Join(groups, "+"), strings.Join(groups, "%20")}
}

func noneInFiles(t *testing.T, dir, number string) {
	t.Helper()
	looked := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		looked++
		for _, form := range writtenForms(number) {
			if bytes.Contains(content, []byte(form)) {
				t.Errorf("%s holds a card number", path)
			}
		}
		return nil
	})
	if err != nil || looked < 5 {
		t.Fatalf("looked into %d files: %v", looked, err)
	}
}

// demonstration is a running `billfold demo`.
type demonstration struct {
	ready struct {
		URL      string
		Examples []struct {
			Number        string
			ZIP           string
			LastName      string `json:"last_name"`
			StatementCode string `json:"statement_code"`
		}
	}
	process *exec.Cmd
}

func startDemo(t *testing.T, dir string) *demonstration {
	t.Helper()
	log, err := os.Create(filepath.Join(dir, "log.txt"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	d := &demonstration{process: exec.Command(filepath.Join(binary, "billfold"), "demo", "--addr", "127.0.0.1:0",
		"--data", filepath.Join(dir, "demo"), "--members", "200", "--json")}
	d.process.Stderr = log
	// Its own process group, so that what it starts ends with it.
	d.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := d.process.StdoutPipe()
	if err == nil {
		err = d.process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = syscall.Kill(-d.process.Process.Pid, syscall.SIGKILL)
		_ = d.process.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &d.ready)
	}
	if err != nil || len(d.ready.Examples) == 0 {
		said, _ := os.ReadFile(log.Name())
		t.Fatalf("the demonstration is not ready: %v\n%s\n%s", err, line, said)
	}
	return d
}

// crash stops the program where it stands, takes everything that it may have
// written into its memory, and kills it. What is mapped from the program's own
// file and cannot be written is left out: the simulator's list of test cards,
// which ships in the same file, stands there.
func (d *demonstration) crash(t *testing.T) []byte {
	t.Helper()
	pid := d.process.Process.Pid
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid))
	if err != nil {
		t.Fatal(err)
	}
	mem, err := os.Open(fmt.Sprintf("/proc/%d/mem", pid))
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	var dump []byte
	for _, line := range strings.Split(string(maps), "\n") {
		var from, to int64
		var rights string
		if n, _ := fmt.Sscanf(line, "%x-%x %s", &from, &to, &rights); n < 3 || !strings.HasPrefix(rights, "rw") {
			continue
		}
		region := make([]byte, to-from)
		n, _ := mem.ReadAt(region, from) // what was never touched cannot be read, and holds nothing
		dump = append(dump, region[:n]...)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	return dump
}

// browser is a browser without scripts: it keeps cookies, follows redirects and
// sends forms with all that the page put into them.
type browser struct {
	t      *testing.T
	client *http.Client
	at     *url.URL
	body   []byte
}

func (d *demonstration) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(d.ready.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t: t, client: &http.Client{Jar: jar}, at: at}
}

func (b *browser) path() string { return b.at.Path }

func (b *browser) open(path string) {
	b.t.Helper()
	to, err := b.at.Parse(path)
	if err != nil {
		b.t.Fatal(err)
	}
	request, err := http.NewRequest(http.MethodGet, to.String(), nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(request)
}

func (b *browser) send(request *http.Request) {
	b.t.Helper()
	answer, err := b.client.Do(request)
	if err != nil {
		b.t.Fatal(err)
	}
	defer answer.Body.Close()
	if b.body, err = io.ReadAll(answer.Body); err != nil {
		b.t.Fatal(err)
	}
	b.at = answer.Request.URL
	if answer.StatusCode >= http.StatusInternalServerError {
		b.t.Fatalf("%s answered %d:\n%s", b.at.Path, answer.StatusCode, b.text())
	}
}

// submit sends the page's form whose action ends in the given path, or the first
// for "", with values typed over those of the page.
func (b *browser) submit(action string, typed url.Values) {
	b.t.Helper()
	doc, err := html.Parse(bytes.NewReader(b.body))
	if err != nil {
		b.t.Fatal(err)
	}
	for node := range doc.Descendants() {
		if node.Data != "form" || attribute(node, "method") != "post" || !strings.HasSuffix(attribute(node, "action"), action) {
			continue
		}
		values := url.Values{}
		for input := range node.Descendants() {
			kind := attribute(input, "type")
			if input.Data == "input" && kind != "radio" && kind != "checkbox" && attribute(input, "name") != "" {
				values.Set(attribute(input, "name"), attribute(input, "value"))
			}
		}
		for name, value := range typed {
			values[name] = value
		}
		to, err := b.at.Parse(attribute(node, "action"))
		if err != nil {
			b.t.Fatal(err)
		}
		request, err := http.NewRequest(http.MethodPost, to.String(), strings.NewReader(values.Encode()))
		if err != nil {
			b.t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.send(request)
		return
	}
	b.t.Fatalf("%s has no form for %q:\n%s", b.at.Path, action, b.text())
}

func attribute(node *html.Node, name string) string {
	for _, a := range node.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// text is what the page says, for failures.
func (b *browser) text() string {
	doc, err := html.Parse(bytes.NewReader(b.body))
	if err != nil {
		return string(b.body)
	}
	var said []string
	for node := range doc.Descendants() {
		if node.Type == html.TextNode && strings.TrimSpace(node.Data) != "" {
			said = append(said, strings.TrimSpace(node.Data))
		}
	}
	return strings.Join(said, "\n")
}
