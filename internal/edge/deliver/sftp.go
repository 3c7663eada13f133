package deliver

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/secret"
)

// SFTP brings files to another's server. The server is known by its key and by nothing
// else: a server with another key gets no file.
type SFTP struct {
	Address  string        // host:port
	User     string        // at the server
	HostKey  ssh.PublicKey // of the server
	Signer   ssh.Signer    // our key, or nil
	Password secret.Text   // or our password, where the server takes no key
	Folder   string        // on the server, before the folder of each file
	Timeout  time.Duration // of making the connection; zero is half a minute
}

// sftpTimeout is how long a connection may take to be made.
const sftpTimeout = 30 * time.Second

// ParseHostKey reads a server's public key as known_hosts and key files have it:
// "ssh-ed25519 AAAA...".
func ParseHostKey(text string) (ssh.PublicKey, error) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil {
		return nil, fault.New(fault.Invalid, "deliver.ParseHostKey", "the server's key does not parse: write it as \"ssh-ed25519 AAAA...\"")
	}
	return key, nil
}

// ParseSigner reads our private key, in the form that ssh-keygen writes.
func ParseSigner(text secret.Text) (ssh.Signer, error) {
	signer, err := ssh.ParsePrivateKey([]byte(text.Reveal()))
	if err != nil {
		return nil, fault.New(fault.Invalid, "deliver.ParseSigner", "our key for the file server does not parse: it must be an OpenSSH key without a passphrase")
	}
	return signer, nil
}

// Put brings a file: it is written beside its place and renamed into it when it is whole,
// and replaces one of its name. Unavailable when the server cannot be reached or refuses
// it; bringing it again is safe.
func (s *SFTP) Put(ctx context.Context, folder, name string, data io.Reader) error {
	client, hangUp, err := s.connect(ctx)
	if err != nil {
		return err
	}
	defer hangUp()
	dir := path.Join(s.Folder, folder)
	if dir != "" {
		if err := client.MkdirAll(dir); err != nil {
			return refused("a folder cannot be made", err)
		}
	}
	partly, whole := path.Join(dir, "."+name+".part"), path.Join(dir, name)
	file, err := client.OpenFile(partly, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return refused("a file cannot be made", err)
	}
	written, err := io.Copy(file, data)
	if err = errors.Join(err, file.Close(), ctx.Err()); err != nil {
		return refused("the file could not be written whole", err)
	}
	if stands, err := client.Stat(partly); err != nil || stands.Size() != written {
		return refused("the file is not as long there as here", err)
	}
	if err := rename(client, partly, whole); err != nil {
		return refused("the file could not be put into its place", err)
	}
	return nil
}

// rename puts a file into its place, also where the server has no rename that replaces.
func rename(client *sftp.Client, from, to string) error {
	if _, ok := client.HasExtension("posix-rename@openssh.com"); ok {
		return client.PosixRename(from, to)
	}
	if _, err := client.Stat(to); err == nil {
		if err := client.Remove(to); err != nil {
			return err
		}
	}
	return client.Rename(from, to)
}

// connect reaches the server and says who we are.
func (s *SFTP) connect(ctx context.Context) (*sftp.Client, func(), error) {
	timeout := s.Timeout
	if timeout == 0 {
		timeout = sftpTimeout
	}
	dialer := net.Dialer{Timeout: timeout}
	conn, err := dialer.DialContext(ctx, "tcp", s.Address)
	if err != nil {
		return nil, nil, refused("the server cannot be reached", err)
	}
	config := &ssh.ClientConfig{User: s.User, HostKeyCallback: s.known, HostKeyAlgorithms: algorithms(s.HostKey), Timeout: timeout}
	if s.Signer != nil {
		config.Auth = append(config.Auth, ssh.PublicKeys(s.Signer))
	}
	if s.Password.Reveal() != "" {
		config.Auth = append(config.Auth, ssh.Password(s.Password.Reveal()))
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	shell, channels, requests, err := ssh.NewClientConn(conn, s.Address, config)
	if err != nil {
		stop()
		conn.Close()
		return nil, nil, refused("the server or we were not accepted", err)
	}
	connection := ssh.NewClient(shell, channels, requests)
	client, err := sftp.NewClient(connection)
	if err != nil {
		stop()
		connection.Close()
		return nil, nil, refused("the server has no files", err)
	}
	return client, func() { stop(); client.Close(); connection.Close() }, nil
}

// known takes the server that has the key of our configuration.
func (s *SFTP) known(_ string, _ net.Addr, key ssh.PublicKey) error {
	if s.HostKey == nil || !bytes.Equal(key.Marshal(), s.HostKey.Marshal()) {
		return errors.New("the server's key is not the one in the configuration")
	}
	return nil
}

// algorithms asks for the kind of key that is known: a server has several.
func algorithms(key ssh.PublicKey) []string {
	if key == nil {
		return nil
	}
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{key.Type()}
}

func refused(what string, err error) error {
	return fault.New(fault.Unavailable, "deliver.SFTP", "%s: %v", what, err)
}
