package deliver

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

const outside = "mail.example.org" // a host that is not this machine

// reach makes a road to the test's server under another host's name.
func reach(t *testing.T, s *mailServer, o SMTPOptions, trusted *x509.CertPool) *SMTP {
	t.Helper()
	road, err := NewSMTP(o)
	if err != nil {
		t.Fatal(err)
	}
	road.address, road.roots = s.listener.Addr().String(), trusted
	return road
}

func TestSMTP_SendsToThisMachineWithoutEncryption(t *testing.T) {
	server := newMailServer(t, nil, nil)
	road := reach(t, server, SMTPOptions{Host: "127.0.0.1"}, nil)
	if err := road.Carry(t.Context(), sample(t)); err != nil {
		t.Fatal(err)
	}
	if len(server.letters) != 1 || !strings.Contains(server.letters[0], "Subject: Your payment receipt") {
		t.Errorf("the server got %d letters: %q", len(server.letters), server.letters)
	}
	for _, want := range []string{"EHLO cedarvalley.example", "MAIL FROM:<billing@cedarvalley.example>", "RCPT TO:<payer@example.org>"} {
		if !strings.Contains(strings.Join(server.commands, "\n"), want) {
			t.Errorf("the server was not told %q: %q", want, server.commands)
		}
	}
}

func TestSMTP_EncryptsAndSignsInElsewhere(t *testing.T) {
	cert, trusted := selfSigned(t, outside)
	server := newMailServer(t, cert, nil)
	road := reach(t, server, SMTPOptions{Host: outside, Username: "cedar", Password: secret.New("open sesame")}, trusted)
	if err := road.Carry(t.Context(), sample(t)); err != nil {
		t.Fatal(err)
	}
	if !server.isSecured() || server.signedIn != "|cedar|open sesame" || len(server.letters) != 1 {
		t.Errorf("secured %v, signed in as %q, %d letters", server.isSecured(), server.signedIn, len(server.letters))
	}
}

// On port 465 encryption comes before the first word (RFC 8314).
func TestSMTP_EncryptsFromTheFirstByte(t *testing.T) {
	cert, trusted := selfSigned(t, outside)
	server := newMailServer(t, cert, nil)
	server.set(func() { server.at465 = true })
	road := reach(t, server, SMTPOptions{Host: outside, Port: 465, Username: "cedar", Password: secret.New("open sesame")}, trusted)
	if err := road.Carry(t.Context(), sample(t)); err != nil {
		t.Fatal(err)
	}
	if server.signedIn != "|cedar|open sesame" || len(server.letters) != 1 {
		t.Errorf("signed in as %q, %d letters", server.signedIn, len(server.letters))
	}
	road = reach(t, server, SMTPOptions{Host: outside, Port: 465}, nil)
	if err := road.Carry(t.Context(), sample(t)); fault.KindOf(err) != fault.Unavailable || len(server.letters) != 1 {
		t.Errorf("a certificate that nobody vouches for: got %v and %d letters", err, len(server.letters))
	}
}

// A server that took the letter and does not say goodbye has it.
func TestSMTP_TakenIsTaken(t *testing.T) {
	server := newMailServer(t, nil, map[string]string{"QUIT": ""})
	if err := reach(t, server, SMTPOptions{Host: "127.0.0.1"}, nil).Carry(t.Context(), sample(t)); err != nil {
		t.Error(err)
	}
	if len(server.letters) != 1 {
		t.Errorf("the server has %d letters", len(server.letters))
	}
}

func TestSMTP_NeverSendsInTheClearElsewhere(t *testing.T) {
	cert, _ := selfSigned(t, outside)
	other, trusted := selfSigned(t, "other.example.org")
	for situation, tc := range map[string]struct {
		cert    *tls.Certificate
		trusted *x509.CertPool
	}{
		"a server without encryption":          {nil, nil},
		"a certificate that nobody vouches":    {cert, nil},
		"a certificate of another host":        {other, trusted},
		"the name of this machine in disguise": {nil, nil},
	} {
		server := newMailServer(t, tc.cert, nil)
		host := outside
		if strings.Contains(situation, "disguise") {
			host = "localhost.example.org"
		}
		road := reach(t, server, SMTPOptions{Host: host, Username: "cedar", Password: secret.New("open sesame")}, tc.trusted)
		err := road.Carry(t.Context(), sample(t))
		if fault.KindOf(err) != fault.Unavailable || len(server.letters) != 0 || server.signedIn != "" {
			t.Errorf("%s: got %v, %d letters, signed in as %q", situation, err, len(server.letters), server.signedIn)
		}
	}
}

// What the server says repeats the reader's address, and the password is not far;
// errors are kept in logs and tables.
func TestSMTP_RefusalsSayTheKindAndNobodysAddress(t *testing.T) {
	for _, tc := range []struct {
		situation string
		answers   map[string]string
		want      fault.Kind
	}{
		{"no such mailbox", map[string]string{"RCPT": "550 5.1.1 <payer@example.org> unknown"}, fault.Invalid},
		{"no such mailbox, by an old server", map[string]string{"EHLO": "250 test", "RCPT": "550 payer@example.org unknown"}, fault.Invalid},
		{"it does not relay for us", map[string]string{"RCPT": "554 5.7.1 <payer@example.org>: relay access denied"}, fault.Unavailable},
		{"the mailbox is busy", map[string]string{"RCPT": "451 4.2.0 payer@example.org is greylisted"}, fault.Unavailable},
		{"the sender is refused", map[string]string{"MAIL": "550 5.1.8 bad sender"}, fault.Unavailable},
		{"the letter is refused", map[string]string{".": "554 5.6.0 payer@example.org will not like this"}, fault.Unavailable},
		{"it hangs up after the letter", map[string]string{".": ""}, fault.Unavailable},
		{"it hangs up at once", map[string]string{"EHLO": "", "HELO": ""}, fault.Unavailable},
		{"the password is wrong", map[string]string{"AUTH": "535 5.7.8 no"}, fault.Unavailable},
	} {
		server := newMailServer(t, nil, tc.answers)
		o := SMTPOptions{Host: "127.0.0.1"}
		if tc.answers["AUTH"] != "" {
			o.Username, o.Password = "cedar", secret.New("open sesame")
		}
		err := reach(t, server, o, nil).Carry(t.Context(), sample(t))
		if err == nil || fault.KindOf(err) != tc.want {
			t.Errorf("%s: got %v, want kind %v", tc.situation, err, tc.want)
		}
		for _, private := range []string{"payer", "example.org", "sesame"} {
			if strings.Contains(fmt.Sprintf("%v %+v", err, err), private) {
				t.Errorf("%s: the error tells %q: %v", tc.situation, private, err)
			}
		}
	}
}

func TestSMTP_NobodyListens(t *testing.T) {
	server := newMailServer(t, nil, nil)
	road := reach(t, server, SMTPOptions{Host: "127.0.0.1"}, nil)
	_ = server.listener.Close()
	if err := road.Carry(t.Context(), sample(t)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("got %v, want unavailable", err)
	}
}

func TestReadSMTP(t *testing.T) {
	const good = "host: mail.example.org\nfrom: billing@cedarvalley.example\nusername: cedar\npassword: open sesame\n"
	path := filepath.Join(t.TempDir(), "mail.yaml")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
	}
	write(good, 0o600)
	o, err := ReadSMTP(path)
	if err != nil || o.Host != "mail.example.org" || o.Port != 587 || o.Username != "cedar" || o.Password.Reveal() != "open sesame" {
		t.Fatalf("got %+v and %v", o, err)
	}
	if shown := fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(shown, "sesame") {
		t.Errorf("the password prints: %s", shown)
	}
	for situation, tc := range map[string]struct {
		text string
		mode os.FileMode
		want fault.Kind
	}{
		"others may read it":    {good, 0o644, fault.Denied},
		"a key is mistyped":     {good + "prt: 25\n", 0o600, fault.Invalid},
		"the port is none":      {good + "port: 70000\n", 0o600, fault.Invalid},
		"the host is missing":   {"from: billing@cedarvalley.example\n", 0o600, fault.Invalid},
		"a password is missing": {"host: h\nfrom: a@b.example\nusername: cedar\n", 0o600, fault.Invalid},
	} {
		write(tc.text, tc.mode)
		if _, err := ReadSMTP(path); err == nil || fault.KindOf(err) != tc.want {
			t.Errorf("%s: got %v, want %v", situation, err, tc.want)
		} else if strings.Contains(err.Error(), "sesame") {
			t.Errorf("%s: the error tells the password: %v", situation, err)
		}
	}
	if _, err := ReadSMTP(path + ".missing"); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("a missing file: got %v", err)
	}
}
