package deliver

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/base/yamldoc"
)

// answerMax is how long a mail server may take for one answer.
const answerMax = 30 * time.Second

// Ports with a rule of their own.
const (
	submission    = 587 // the port unless another is set (RFC 6409)
	submissionTLS = 465 // encrypted from the first byte (RFC 8314)
)

// SMTPOptions says which server takes the mail.
type SMTPOptions struct {
	Host     string
	Port     int
	From     string // the address that letters come from
	Username string // "" to send without signing in
	Password secret.Text
}

// ReadSMTP reads the server's settings from a YAML file with the keys host,
// port, from, username and password. Because it holds a password, nobody but its
// owner may read it: Denied otherwise.
func ReadSMTP(path string) (SMTPOptions, error) {
	const op = "deliver.ReadSMTP"
	info, err := os.Stat(path)
	if err != nil {
		return SMTPOptions{}, fault.New(fault.Unavailable, op, "the mail settings %s cannot be read", path)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 && runtime.GOOS != "windows" {
		return SMTPOptions{}, fault.New(fault.Denied, op, "%s has mode %04o: others may read the password in it", path, mode).
			WithHint("chmod 0600 " + path)
	}
	data, err := readBounded(path)
	if err != nil {
		return SMTPOptions{}, fault.New(fault.Unavailable, op, "the mail settings %s cannot be read", path)
	}
	file, root := yamldoc.Parse(filepath.Base(path), data)
	o := SMTPOptions{Port: submission}
	f := root.Fields("host", "port", "from", "username", "password")
	o.Host, o.From = f.Need("host").Text(), f.Need("from").Text()
	if port := f.May("port"); port.Present() {
		o.Port = port.Int(1, 65535)
	}
	if name := f.May("username"); name.Present() {
		o.Username, o.Password = name.Text(), secret.New(f.Need("password").Text())
	}
	if problems := file.Problems(); len(problems) > 0 {
		return SMTPOptions{}, fault.New(fault.Invalid, op, "%s", problems[0])
	}
	return o, nil
}

func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, yamldoc.SizeMax+1))
}

// SMTP carries letters to a mail server. The connection is encrypted and the
// server's certificate checked, unless the server is this machine.
type SMTP struct {
	o     SMTPOptions
	local bool
	// Tests reach their server here, and trust it.
	address string
	roots   *x509.CertPool
}

// NewSMTP makes a road to a mail server. Nothing is connected yet.
func NewSMTP(o SMTPOptions) (*SMTP, error) {
	if o.Host == "" {
		return nil, fault.New(fault.Invalid, "deliver.NewSMTP", "the mail settings name no host")
	}
	if o.Port == 0 {
		o.Port = submission
	}
	return &SMTP{o: o, local: isLoopback(o.Host)}, nil
}

// isLoopback reports whether a host is this machine, so that mail to it crosses
// no network. A name that merely resolves to it does not count: names can be
// made to lie.
func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// Carry implements Road.
func (s *SMTP) Carry(ctx context.Context, letter *Letter) error {
	const op = "deliver.SMTP"
	var conn net.Conn
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		var err error
		conn, err = s.dial(ctx, network, address)
		return conn, err
	}
	client, err := gomail.NewClient(s.o.Host, append(s.options(letter), gomail.WithDialContextFunc(dial))...)
	if err != nil {
		return fault.New(fault.Invalid, op, "the mail settings are not usable: %v", err)
	}
	defer func() {
		if conn != nil {
			_ = conn.Close() // the library leaves it open when the server does not let us in
		}
	}()
	message := letter.message()
	if err := client.DialAndSendWithContext(ctx, message); err != nil && !message.IsDelivered() {
		return refusal(op, err)
	}
	return nil // also when the server took the letter and then did not say goodbye
}

// dial connects, on port 465 with encryption from the first byte. Elsewhere it
// begins after the greeting (options).
func (s *SMTP) dial(ctx context.Context, network, address string) (net.Conn, error) {
	if s.address != "" {
		address = s.address
	}
	if s.o.Port == submissionTLS && !s.local {
		return (&tls.Dialer{Config: s.encryption()}).DialContext(ctx, network, address)
	}
	return new(net.Dialer).DialContext(ctx, network, address)
}

func (s *SMTP) encryption() *tls.Config {
	return &tls.Config{ServerName: s.o.Host, MinVersion: tls.VersionTLS12, RootCAs: s.roots}
}

func (s *SMTP) options(letter *Letter) []gomail.Option {
	policy := gomail.TLSMandatory
	if s.local || s.o.Port == submissionTLS {
		policy = gomail.NoTLS // none is needed, or it is there already
	}
	opts := []gomail.Option{
		gomail.WithPort(s.o.Port), gomail.WithTimeout(answerMax), gomail.WithHELO(domain(letter.From.Address)), gomail.WithoutNoop(),
		gomail.WithTLSConfig(s.encryption()), gomail.WithTLSPolicy(policy),
	}
	if s.o.Username != "" {
		opts = append(opts, gomail.WithSMTPAuth(gomail.SMTPAuthPlain),
			gomail.WithUsername(s.o.Username), gomail.WithPassword(s.o.Password.Reveal()))
	}
	return opts
}

// refusal says why a letter was not taken, by the server's code alone: its words
// and the library's repeat the reader's address.
func refusal(op string, err error) error {
	var sent *gomail.SendError
	if errors.As(err, &sent) {
		code, status := sent.ErrorCode(), sent.EnhancedStatusCode()
		if sent.Reason == gomail.ErrSMTPRcptTo && isBadAddress(code, status) {
			return fault.New(fault.Invalid, op, "the mail server refuses the address (code %d %s)", code, status)
		}
		return fault.New(fault.Unavailable, op, "the mail server did not take a letter: %s (code %d %s)", sent.Reason, code, status)
	}
	var network *net.OpError
	if errors.As(err, &network) {
		return fault.New(fault.Unavailable, op, "the mail server cannot be reached: %s", network.Op)
	}
	return &fault.Error{
		Kind: fault.Unavailable, Op: op, Message: "the mail server did not let us in", Err: err,
		Hint: "Check host, port, user name and password in the mail settings, and the server's certificate.",
	}
}

// isBadAddress reports whether a server's refusal is about the address itself
// (RFC 3463, X.1.X). Another refusal for good, such as that it does not relay
// for us, is mended on our side, and the letter tried again.
func isBadAddress(code int, status string) bool {
	if status != "" {
		return strings.HasPrefix(status, "5.1.")
	}
	return code == 550 || code == 551 || code == 553
}
