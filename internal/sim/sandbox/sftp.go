package sandbox

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/subtle"
	"encoding/pem"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
)

// User is who signs in to the mailbox.
const User = "plan"

// Server serves the mailbox over SFTP, to one user with a key, and nothing else.
type Server struct {
	root   *os.Root
	config *ssh.ServerConfig
	// HostKey is the server's public key, as known_hosts has it after the address.
	HostKey string
	// ClientKey is the file with the private key that opens the mailbox, made for tests.
	ClientKey string
}

// NewServer makes a server of a sandbox's mailbox. Its keys are made at the first
// start and stay.
func (s *Sandbox) NewServer() (*Server, error) {
	const op = "sandbox.NewServer"
	keys := filepath.Join(s.options.Dir, "keys")
	if err := os.MkdirAll(keys, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, op, "the folder of keys cannot be made: %v", err)
	}
	host, err := key(filepath.Join(keys, "host_ed25519"))
	if err != nil {
		return nil, err
	}
	server := &Server{ClientKey: filepath.Join(keys, "plan_ed25519")}
	client, err := key(server.ClientKey)
	if err != nil {
		return nil, err
	}
	if server.root, err = os.OpenRoot(s.folder.root); err != nil {
		return nil, fault.New(fault.Unavailable, op, "the mailbox cannot be opened: %v", err)
	}
	server.HostKey = strings.TrimSpace(string(ssh.MarshalAuthorizedKey(host.PublicKey())))
	known := client.PublicKey().Marshal()
	server.config = &ssh.ServerConfig{
		PublicKeyCallback: func(conn ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if conn.User() != User || subtle.ConstantTimeCompare(offered.Marshal(), known) != 1 {
				return nil, errors.New("the user or key is not known")
			}
			return nil, nil
		},
	}
	server.config.AddHostKey(host)
	return server, nil
}

// key reads a private key, or makes one.
func key(name string) (ssh.Signer, error) {
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		text, err = makeKey(name)
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "sandbox.NewServer",
			"the key %s cannot be read or made: %v", filepath.Base(name), err)
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fault.New(fault.Corrupt, "sandbox.NewServer", "the key %s does not read", filepath.Base(name))
	}
	return signer, nil
}

func makeKey(name string) ([]byte, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(private, "billfold sandbox")
	if err != nil {
		return nil, err
	}
	text := pem.EncodeToMemory(block)
	return text, os.WriteFile(name, text, 0o600)
}

// Close closes the mailbox.
func (v *Server) Close() error { return v.root.Close() }

const signInMax = 10 * time.Second

// Serve serves until ctx ends, then closes what is open.
func (v *Server) Serve(ctx context.Context, listener net.Listener) error {
	var conns sync.WaitGroup
	defer conns.Wait()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		conn, err := listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return fault.New(fault.Unavailable, "sandbox.Serve", "the mailbox takes no connections: %v", err)
		}
		conns.Go(func() {
			defer conn.Close()
			defer context.AfterFunc(ctx, func() { conn.Close() })()
			v.session(conn)
		})
	}
}

// session serves one client until it goes.
func (v *Server) session(conn net.Conn) {
	if conn.SetDeadline(clock.System{}.Now().Add(signInMax)) != nil {
		return
	}
	secured, channels, requests, err := ssh.NewServerConn(conn, v.config)
	if err != nil {
		return
	}
	defer secured.Close()
	if conn.SetDeadline(time.Time{}) != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	for offered := range channels {
		if offered.ChannelType() != "session" {
			offered.Reject(ssh.UnknownChannelType, "only sessions are served")
			continue
		}
		channel, asked, err := offered.Accept()
		if err != nil {
			return
		}
		go v.subsystem(channel, asked)
	}
}

// subsystem serves SFTP on a channel, and refuses shells and commands.
func (v *Server) subsystem(channel ssh.Channel, asked <-chan *ssh.Request) {
	defer channel.Close()
	for r := range asked {
		isSFTP := r.Type == "subsystem" && len(r.Payload) > 4 && string(r.Payload[4:]) == "sftp"
		r.Reply(isSFTP, nil)
		if isSFTP {
			go ssh.DiscardRequests(asked)
			server := sftp.NewRequestServer(channel, sftp.Handlers{FileGet: v, FilePut: v, FileCmd: v, FileList: v})
			defer server.Close()
			_ = server.Serve() // it ends when the client goes
			return
		}
	}
}

// within gives a client's path below the mailbox; the root itself never lets anyone out.
func within(name string) string {
	inside := strings.TrimPrefix(path.Clean("/"+name), "/")
	if inside == "" {
		return "."
	}
	return inside
}

// Fileread implements sftp.FileReader.
func (v *Server) Fileread(r *sftp.Request) (io.ReaderAt, error) {
	return v.root.Open(within(r.Filepath))
}

// Filewrite implements sftp.FileWriter. A file shows under its name once it is closed,
// so that nobody takes half of one.
func (v *Server) Filewrite(r *sftp.Request) (io.WriterAt, error) {
	name := within(r.Filepath)
	half := path.Join(path.Dir(name), "."+path.Base(name)+".part")
	file, err := v.root.OpenFile(half, os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	return &upload{file, v.root, half, name}, nil
}

// upload is a file on its way in.
type upload struct {
	*os.File
	root       *os.Root
	half, name string
}

// Close puts the file under its name.
func (u *upload) Close() error {
	if err := u.File.Close(); err != nil {
		return err
	}
	return u.root.Rename(u.half, u.name)
}

// Filecmd implements sftp.FileCmder: folders, renaming and removing, and nothing else.
func (v *Server) Filecmd(r *sftp.Request) error {
	switch r.Method {
	case "Rename":
		return v.root.Rename(within(r.Filepath), within(r.Target))
	case "Mkdir":
		return v.root.Mkdir(within(r.Filepath), 0o700)
	case "Remove":
		return v.root.Remove(within(r.Filepath))
	case "Setstat": // clients set times and modes after an upload
		return nil
	}
	return sftp.ErrSSHFxOpUnsupported
}

// Filelist implements sftp.FileLister.
func (v *Server) Filelist(r *sftp.Request) (sftp.ListerAt, error) {
	name := within(r.Filepath)
	if r.Method != "List" {
		info, err := v.root.Stat(name)
		return infos{info}, err
	}
	folder, err := v.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer folder.Close()
	entries, err := folder.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	var all infos
	for _, e := range entries {
		if info, err := e.Info(); err == nil && !isHalf(e.Name()) {
			all = append(all, info)
		}
	}
	slices.SortFunc(all, func(a, b fs.FileInfo) int { return strings.Compare(a.Name(), b.Name()) })
	return all, nil
}

type infos []fs.FileInfo

// ListAt implements sftp.ListerAt.
func (all infos) ListAt(to []fs.FileInfo, from int64) (int, error) {
	if from >= int64(len(all)) {
		return 0, io.EOF
	}
	n := copy(to, all[from:])
	if n < len(to) {
		return n, io.EOF
	}
	return n, nil
}
