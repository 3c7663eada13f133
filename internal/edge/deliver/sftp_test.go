package deliver_test

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
	"github.com/billfold/billfold/internal/edge/deliver"
)

func signer(t *testing.T) ssh.Signer {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fileServer is a file server over a folder, which takes one password or one key.
func fileServer(t *testing.T, dir string, host ssh.Signer, takes ssh.PublicKey) string {
	t.Helper()
	config := &ssh.ServerConfig{
		PasswordCallback: func(_ ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
			if string(password) == "right" {
				return nil, nil
			}
			return nil, errors.New("wrong password")
		},
		PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
			if takes != nil && string(key.Marshal()) == string(takes.Marshal()) {
				return nil, nil
			}
			return nil, errors.New("unknown key")
		},
	}
	config.AddHostKey(host)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go serveFiles(conn, config, dir)
		}
	}()
	return listener.Addr().String()
}

func serveFiles(conn net.Conn, config *ssh.ServerConfig, dir string) {
	defer conn.Close()
	_, channels, requests, err := ssh.NewServerConn(conn, config)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for asked := range channels {
		channel, wishes, err := asked.Accept()
		if err != nil {
			return
		}
		go func() {
			for wish := range wishes {
				_ = wish.Reply(wish.Type == "subsystem", nil)
			}
		}()
		server, err := sftp.NewServer(channel, sftp.WithServerWorkingDirectory(dir))
		if err != nil {
			return
		}
		_ = server.Serve()
		channel.Close()
	}
}

func TestSFTP_BringsFilesWhole(t *testing.T) {
	dir, host, ours := t.TempDir(), signer(t), signer(t)
	address := fileServer(t, dir, host, ours.PublicKey())
	ctx := context.Background()
	for name, s := range map[string]deliver.SFTP{
		"by key":      {Address: address, User: "plan", HostKey: host.PublicKey(), Signer: ours, Folder: "in"},
		"by password": {Address: address, User: "plan", HostKey: host.PublicKey(), Password: secret.New("right"), Folder: "in"},
	} {
		for _, content := range []string{"first", strings.Repeat("second ", 50_000)} { // the second replaces the first
			if err := s.Put(ctx, "ach", "file.ach", strings.NewReader(content)); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := os.ReadFile(filepath.Join(dir, "in", "ach", "file.ach"))
			if err != nil || string(got) != content {
				t.Errorf("%s: %d bytes came, want %d (%v)", name, len(got), len(content), err)
			}
		}
	}
	left, err := os.ReadDir(filepath.Join(dir, "in", "ach"))
	if err != nil || len(left) != 1 {
		t.Errorf("%d names stand on the server, want the file alone (%v)", len(left), err)
	}
}

// A server with another key, or one that does not know us, gets nothing.
func TestSFTP_TrustsOneKeyOnly(t *testing.T) {
	dir, host := t.TempDir(), signer(t)
	address := fileServer(t, dir, host, nil)
	for name, s := range map[string]deliver.SFTP{
		"another server":   {Address: address, User: "plan", HostKey: signer(t).PublicKey(), Password: secret.New("right")},
		"no known server":  {Address: address, User: "plan", Password: secret.New("right")},
		"a wrong password": {Address: address, User: "plan", HostKey: host.PublicKey(), Password: secret.New("wrong")},
		"an unknown key":   {Address: address, User: "plan", HostKey: host.PublicKey(), Signer: signer(t)},
		"nobody there":     {Address: "127.0.0.1:1", User: "plan", HostKey: host.PublicKey(), Password: secret.New("right")},
	} {
		err := s.Put(context.Background(), "", "file.ach", strings.NewReader("x"))
		if fault.KindOf(err) != fault.Unavailable || strings.Contains(err.Error(), "wrong\"") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%d files came (%v)", len(left), err)
	}
}

func TestParseHostKey_AsKnownHostsHasIt(t *testing.T) {
	key := signer(t).PublicKey()
	got, err := deliver.ParseHostKey(strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key))))
	if err != nil || string(got.Marshal()) != string(key.Marshal()) {
		t.Errorf("got %v (%v)", got, err)
	}
	if _, err := deliver.ParseHostKey("SHA256:abc"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("a fingerprint was taken for a key: %v", err)
	}
}
