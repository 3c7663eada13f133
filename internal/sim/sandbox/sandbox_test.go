package sandbox_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/deliver"
	"github.com/billfold/billfold/internal/edge/exchange"
	"github.com/billfold/billfold/internal/sim/bank"
	"github.com/billfold/billfold/internal/sim/sandbox"
)

const (
	premium = "000555010001"
	box     = "5501001"
)

var consolidator = bank.Originator{Name: "BILLNET", ID: "9000000042", ODFI: "231380104"}

// begins is a Tuesday morning at the bank.
var begins = time.Date(2026, 12, 1, 13, 0, 0, 0, time.UTC)

func open(t *testing.T, dir, faults string) *sandbox.Sandbox {
	t.Helper()
	o := sandbox.Options{
		Dir: dir, URL: "http://sandbox", Clock: clock.At(begins), Accounts: []bank.Account{{Number: premium, Owner: "Plan", Opening: 5_000_00}},
		Lockboxes: map[string]string{box: premium}, Companies: map[string]string{"9555010001": premium},
		Merchants: map[string]string{"acct_cvhp": premium},
	}
	if faults != "" {
		f, err := sandbox.ReadFaults(strings.NewReader(faults))
		if err != nil {
			t.Fatal(err)
		}
		o.Faults = &f
	}
	s, err := sandbox.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// outbox lists what lies in the plan's mailbox.
func outbox(t *testing.T, dir string) (names []string) {
	t.Helper()
	for _, folder := range []string{"bank", "clearing-house"} {
		entries, err := os.ReadDir(filepath.Join(dir, "exchange", "out", folder))
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			names = append(names, folder+"/"+e.Name())
		}
	}
	return names
}

// client asks the sandbox as an integrator does.
type client struct {
	*testing.T
	url, key string
}

func (c client) ask(method, path, body string) (int, map[string]any) {
	c.Helper()
	request, err := http.NewRequest(method, c.url+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+c.key)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.Fatal(err)
	}
	answer := map[string]any{}
	if err := json.Unmarshal(text, &answer); err != nil {
		var list []any
		if err := json.Unmarshal(text, &list); err != nil {
			c.Fatalf("%s %s: %s", method, path, text)
		}
		answer["list"] = list
	}
	return response.StatusCode, answer
}

func (c client) do(method, path, body string) map[string]any {
	c.Helper()
	status, answer := c.ask(method, path, body)
	if status != http.StatusOK {
		c.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

const checksHead = "account,check_number,amount,issue_date,action,payee\n"

// achFile is a file of one debit, made with care by hand.
const achFile = `101 1020031549555010001261201080A A094101BANK                   PLAN                           
`

func TestSandbox_PlaysTheWalkThrough(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, `{"seed":1,"documents":[{"kind":"statement","nth":[2],"lost":1},{"kind":"lockbox","nth":[1],"duplicated":1}]}`)
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	c := client{t, server.URL, s.Processor.SecretKey().Reveal()}
	c.do("POST", "/sandbox/cheque", `[{"lockbox":"5501001","amount_cents":12500,"stubs":[{"reference":"472819036580"}]}]`)
	c.do("POST", "/sandbox/wire", `{"account":"000555010001","amount_cents":90000,"structured":"472819036580","payer":"ACME"}`)
	if at := c.do("POST", "/sandbox/clock", `{"days":1}`); at["banking_day"] != "2026-12-02" {
		t.Errorf("after a day: %v", at)
	}
	c.do("POST", "/sandbox/bounce", `{"cheque":1}`)
	c.do("POST", "/sandbox/clock", `{"days":1}`)
	want := []string{"bank/lockbox-5501001-20261201-01-2.bai", "bank/lockbox-5501001-20261201-01.bai", "bank/statement-20261201-01.bai2"}
	if have := outbox(t, dir); !slices.Equal(have, want) {
		t.Errorf("the mailbox has %v", have)
	}
	planted := c.do("GET", "/sandbox/books/planted", "")["list"].([]any)
	if len(planted) != 2 {
		t.Errorf("planted %v", planted)
	}
	if as := c.do("POST", "/sandbox/resend", `{"name":"statement-20261202-01.bai2"}`); as["name"] != "statement-20261202-01.bai2" {
		t.Errorf("sent again as %v", as)
	}
	books := c.do("GET", "/sandbox/books", "")["accounts"].([]any)[0].(map[string]any)
	if books["balance_cents"] != float64(5_000_00+900_00) {
		t.Errorf("the books say %v", books)
	}
}

func TestControl_Refuses(t *testing.T) {
	s := open(t, t.TempDir(), "")
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	c := client{t, server.URL, s.Processor.SecretKey().Reveal()}
	for _, tc := range []struct {
		path, body string
		want       int
	}{
		{"/sandbox/clock", `{}`, 400}, {"/sandbox/clock", `{"to":"2020-01-01T00:00:00Z"}`, 400}, {"/sandbox/clock", `{"days":9999}`, 400},
		{"/sandbox/wire", `{"account":"1","amount_cents":1}`, 404}, {"/sandbox/wire", `{"amount":1}`, 400}, {"/sandbox/bounce", `{"cheque":7}`, 404},
		{"/sandbox/faults", `{"documents":[{"kind":"x","lost":3}]}`, 400}, {"/sandbox/resend", `{"name":"x"}`, 404},
		{"/sandbox/check", `{"account":"000555010001","serial":"1","amount_cents":1}`, 409},
	} {
		if status, answer := c.ask("POST", tc.path, tc.body); status != tc.want || answer["error"] == nil {
			t.Errorf("%s %s: %d %v", tc.path, tc.body, status, answer)
		}
	}
	c.key = "guess"
	if status, _ := c.ask("GET", "/sandbox/books", ""); status != http.StatusUnauthorized {
		t.Errorf("a guessed key was answered %d", status)
	}
	response, err := http.Get(server.URL + "/v1/payment_intents/pi_1")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Errorf("the processor answered %d to a stranger", response.StatusCode)
	}
}

func TestSandbox_GoesOnWhereItWas(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, `{"documents":[{"kind":"lockbox","late":1,"days":2}]}`)
	if _, err := s.Bank.Receive(bank.Cheque{Lockbox: box, Amount: 5}); err != nil {
		t.Fatal(err)
	}
	if err := s.NextDay(2); err != nil {
		t.Fatal(err)
	}
	now, before := s.Now(), outbox(t, dir)
	s.Close()
	s = open(t, dir, "")
	if !s.Now().Equal(now) || s.Bank.Day().String() != "2026-12-03" || !slices.Equal(outbox(t, dir), before) {
		t.Errorf("after the restart: %s, %s, %v", s.Now(), s.Bank.Day(), outbox(t, dir))
	}
	if len(s.Faults().Documents) != 1 {
		t.Error("the fault plan is gone")
	}
	if err := s.NextDay(1); err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(outbox(t, dir), "bank/lockbox-5501001-20261201-01.bai") {
		t.Errorf("the late file never came: %v", outbox(t, dir))
	}
}

func TestSandbox_TakesWhatLiesInTheInbox(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, "")
	in := filepath.Join(dir, "exchange", "in")
	for name, text := range map[string]string{
		"checks.csv":   checksHead + premium + ",7,1.00,2026-12-01,I,PAT\n",
		"bad.csv":      checksHead + premium + ",7,x,2026-12-01,I,PAT\n",
		"hello.txt":    "hello",
		"broken.ach":   achFile,
		"half.ach.tmp": achFile,
	} {
		if err := os.WriteFile(filepath.Join(in, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Advance(); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"checks.csv": "taken", "bad.csv": "refused", "hello.txt": "refused", "broken.ach": "refused", "half.ach.tmp": ""} {
		if _, err := os.Stat(filepath.Join(in, want, name)); err != nil {
			t.Errorf("%s is not in %q", name, want)
		}
	}
	if len(s.Bank.Checks()) != 1 || len(s.House.Files()) != 1 {
		t.Errorf("%d checks, %d files", len(s.Bank.Checks()), len(s.House.Files()))
	}
	acks := outbox(t, dir)
	if len(acks) != 1 || !strings.HasPrefix(acks[0], "clearing-house/ach_ack-") {
		t.Errorf("acknowledged by %v", acks)
	}
}

// A new sandbox begins when it is told to, also in the past; one that was there goes on.
func TestOpen_BeginsWhenItIsToldTo(t *testing.T) {
	o := sandbox.Options{Dir: t.TempDir(), Clock: clock.At(begins), Begins: begins.AddDate(0, 0, -30)}
	for range 2 {
		s, err := sandbox.Open(o)
		if err != nil {
			t.Fatal(err)
		}
		if !s.Now().Equal(begins.AddDate(0, 0, -30)) {
			t.Errorf("the clock stands at %s", s.Now())
		}
		s.Close()
		o.Begins = begins
	}
}

func TestServer_MailboxOverSFTP(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	dir := t.TempDir()
	s := open(t, dir, "")
	server, err := s.NewServer()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx, listener) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()

	if _, err := dial(listener.Addr().String(), server, "somebody"); err == nil {
		t.Error("a stranger was let in")
	}
	conn, err := dial(listener.Addr().String(), server, sandbox.User)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	files, err := sftp.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer files.Close()

	up, err := files.Create("in/checks.csv")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := up.Write([]byte(checksHead)); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(); err != nil || len(s.Bank.Checks()) != 0 {
		t.Errorf("half a file was taken: %v", err)
	}
	if _, err := up.Write([]byte(premium + ",7,1.00,2026-12-01,I,PAT\n")); err != nil {
		t.Fatal(err)
	}
	if err := up.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.NextDay(1); err != nil || len(s.Bank.Checks()) != 1 {
		t.Fatalf("the file was not taken: %v", err)
	}
	found, err := files.ReadDir("out/bank")
	if err != nil || len(found) != 1 {
		t.Fatalf("listed %v: %v", found, err)
	}
	down, err := files.Open("out/bank/" + found[0].Name())
	if err != nil {
		t.Fatal(err)
	}
	content, err := io.ReadAll(down)
	if err != nil {
		t.Fatal(err)
	}
	if seen := exchange.Inspect("", bytes.NewReader(content), int64(len(content)))[0]; seen.Format != "bai2" || seen.Verdict != fault.Accept {
		t.Errorf("fetched %+v", seen)
	}
	host, err := deliver.ParseHostKey(server.HostKey)
	if err != nil {
		t.Fatal(err)
	}
	secretKey, err := os.ReadFile(server.ClientKey)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := deliver.ParseSigner(secret.New(string(secretKey)))
	if err != nil {
		t.Fatal(err)
	}
	ours := deliver.SFTP{Address: listener.Addr().String(), User: sandbox.User, HostKey: host, Signer: signer}
	if err := ours.Put(t.Context(), "in/outbound/checks", "more.csv", strings.NewReader(checksHead+premium+",8,1.00,2026-12-01,I,PAT\n")); err != nil {
		t.Fatal(err)
	}
	if err := s.Advance(); err != nil || len(s.Bank.Checks()) != 2 {
		t.Errorf("what the product brought was not taken: %v", err)
	}
	if err := files.Remove("out/bank/" + found[0].Name()); err != nil {
		t.Error(err)
	}
	for _, outside := range []string{"../keys/host_ed25519", "/../../bank.jsonl", "in/../../bank.jsonl"} {
		if f, err := files.Open(outside); err == nil {
			f.Close()
			t.Errorf("%s was opened from outside the mailbox", outside)
		}
	}
}

func dial(addr string, server *sandbox.Server, user string) (*ssh.Client, error) {
	text, err := os.ReadFile(server.ClientKey)
	if err != nil {
		return nil, err
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	host, _, _, _, err := ssh.ParseAuthorizedKey([]byte(server.HostKey))
	if err != nil {
		return nil, err
	}
	return ssh.Dial("tcp", addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(host), Timeout: 5 * time.Second,
	})
}

// What is paid by card arrives at the bank on the next banking day, less the
// processor's fee, and goes back when the bank refuses it.
func TestSandbox_PayoutsReachTheBank(t *testing.T) {
	s := open(t, t.TempDir(), "")
	server := httptest.NewServer(s.Handler())
	defer server.Close()
	c := client{t, server.URL, s.Processor.SecretKey().Reveal()}
	charge(c)
	if err := s.NextDay(1); err != nil {
		t.Fatal(err)
	}
	if n := len(s.Bank.Lines()); n != 0 {
		t.Errorf("%d lines before the payout arrives", n)
	}
	if err := s.NextDay(1); err != nil {
		t.Fatal(err)
	}
	lines := s.Bank.Lines()
	// 100.00 less 2.9 % and 0.30
	if len(lines) != 1 || lines[0].Code != "165" || lines[0].Amount != 96_80 || lines[0].Customer == "" {
		t.Fatalf("booked %+v", lines)
	}
	id := strings.TrimPrefix(lines[0].Of, "payout:")
	if _, err := s.Processor.FailPayout(id, ""); err != nil {
		t.Fatal(err)
	}
	if err := s.NextDay(1); err != nil {
		t.Fatal(err)
	}
	if lines = s.Bank.Lines(); len(lines) != 2 || lines[1].Signed() != -96_80 {
		t.Errorf("after the failure %+v", lines)
	}
	if err := s.NextDay(1); err != nil {
		t.Fatal(err)
	}
	if lines = s.Bank.Lines(); len(lines) != 3 || lines[2].Signed() != 96_80 {
		t.Errorf("the money came not again: %+v", lines)
	}
}

// charge pays 100.00 by card.
func charge(c client) {
	c.Helper()
	post := func(path, body string) map[string]any {
		request, err := http.NewRequest("POST", c.url+path, strings.NewReader(body))
		if err != nil {
			c.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.key)
		request.Header.Set("Stripe-Account", "acct_cvhp")
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			c.Fatal(err)
		}
		defer response.Body.Close()
		var answer map[string]any
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || response.StatusCode != http.StatusOK {
			c.Fatalf("%s: %d %v %v", path, response.StatusCode, answer, err)
		}
		return answer
	}
	method := post("/v1/payment_methods", "type=card&card[number]=4242424242424242&card[exp_month]=12&card[exp_year]=2034&card[cvc]=123")
	intent := post("/v1/payment_intents", "amount=10000&currency=usd&capture_method=manual&payment_method_types[]=card")
	post("/v1/payment_intents/"+intent["id"].(string)+"/confirm", "error_on_requires_action=true&payment_method="+method["id"].(string))
	post("/v1/payment_intents/"+intent["id"].(string)+"/capture", "")
}

func TestReadFaults_Refuses(t *testing.T) {
	for _, bad := range []string{`{`, `{"x":1}`, `{"clearing_house":{"entries":[{"code":"R99"}]}}`} {
		if _, err := sandbox.ReadFaults(strings.NewReader(bad)); err == nil {
			t.Errorf("%s was read", bad)
		}
	}
}
