package deliver

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// mailServer is a mail server that listens on this machine and keeps what it is
// sent. Its answers to single commands can be set.
type mailServer struct {
	t        *testing.T
	listener net.Listener
	tls      *tls.Config       // offers STARTTLS when set
	at465    bool              // encrypts from the first byte instead
	answers  map[string]string // by the command's first word, instead of its own
	done     sync.WaitGroup

	mu       sync.Mutex
	commands []string
	letters  []string
	secured  bool
	signedIn string
}

func newMailServer(t *testing.T, cert *tls.Certificate, answers map[string]string) *mailServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &mailServer{t: t, listener: listener, answers: answers}
	if cert != nil {
		s.tls = &tls.Config{Certificates: []tls.Certificate{*cert}, MinVersion: tls.VersionTLS12}
	}
	s.done.Go(s.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		s.done.Wait()
	})
	return s
}

func (s *mailServer) port() int { return s.listener.Addr().(*net.TCPAddr).Port }

func (s *mailServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.done.Go(func() { s.serve(conn) })
	}
}

func (s *mailServer) serve(conn net.Conn) {
	s.set(func() {
		if s.at465 {
			conn, s.secured = tls.Server(conn, s.tls), true
		}
	})
	defer func() { _ = conn.Close() }()
	lines := bufio.NewReader(conn)
	say := func(text string) { _, _ = conn.Write([]byte(text + "\r\n")) }
	say("220 test ESMTP")
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		verb = strings.ToUpper(verb)
		s.mu.Lock()
		s.commands = append(s.commands, strings.TrimSpace(line))
		s.mu.Unlock()
		if answer, set := s.answers[verb]; set {
			if answer == "" {
				return // it hangs up
			}
			say(answer)
			continue
		}
		switch verb {
		case "EHLO":
			if s.tls != nil && !s.isSecured() {
				say("250-test\r\n250-ENHANCEDSTATUSCODES\r\n250 STARTTLS")
			} else {
				say("250-test\r\n250-ENHANCEDSTATUSCODES\r\n250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go ahead")
			secured := tls.Server(conn, s.tls)
			if secured.Handshake() != nil {
				return
			}
			conn, lines = secured, bufio.NewReader(secured)
			s.set(func() { s.secured = true })
		case "AUTH":
			_, response, _ := strings.Cut(rest, " ")
			plain, _ := base64.StdEncoding.DecodeString(response)
			s.set(func() { s.signedIn = strings.ReplaceAll(string(plain), "\x00", "|") })
			say("235 2.7.0 welcome")
		case "DATA":
			say("354 go on")
			var letter strings.Builder
			for {
				line, err := lines.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				letter.WriteString(strings.TrimPrefix(line, "."))
			}
			if answer, set := s.answers["."]; set {
				if answer == "" {
					return
				}
				say(answer)
				continue
			}
			s.set(func() { s.letters = append(s.letters, letter.String()) })
			say("250 2.0.0 taken")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 2.0.0 ok")
		}
	}
}

func (s *mailServer) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *mailServer) isSecured() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secured
}

// selfSigned makes a certificate of a host and the pool that trusts it.
func selfSigned(t *testing.T, host string) (*tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: from, NotAfter: from.AddDate(100, 0, 0), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}
