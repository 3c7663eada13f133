package bench

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"strconv"

	"github.com/billfold/billfold/internal/base/fault"
)

// line is a connection that is kept, and speaks as much HTTP as callers of the
// operations need. The whole of net/http's client would cost this machine as
// much as the server that is measured, where pgbench is a lean program too.
type line struct {
	conn net.Conn
	in   *bufio.Reader
	out  []byte
	body []byte
}

func dial(addr string) (*line, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &line{conn: conn, in: bufio.NewReader(conn)}, nil
}

// begin starts a request.
func (l *line) begin(target, token string) {
	l.out = append(l.out[:0], target...)
	l.out = append(l.out, " HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nAuthorization: Bearer "...)
	l.out = append(append(l.out, token...), "\r\n"...)
}

func (l *line) header(name, value string) {
	l.out = append(append(append(append(l.out, name...), ": "...), value...), "\r\n"...)
}

// send sends the request with its body and wants an answer of a status.
func (l *line) send(status int, body string) error {
	l.header("Content-Length", strconv.Itoa(len(body)))
	l.out = append(append(l.out, "\r\n"...), body...)
	if _, err := l.conn.Write(l.out); err != nil {
		return err
	}
	got, err := l.answer()
	if err == nil && got != status {
		err = fault.New(fault.Internal, "", "got status %d, want %d: %s", got, status, l.body)
	}
	return err
}

// answer reads an answer and gives its status; the body stands in l.body.
func (l *line) answer() (status int, err error) {
	length := -1
	for first := true; ; first = false {
		text, err := l.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		text = bytes.TrimRight(text, "\r\n")
		switch name, value, _ := bytes.Cut(text, []byte(" ")); {
		case first:
			if status, err = strconv.Atoi(string(value[:min(3, len(value))])); err != nil {
				return 0, fault.New(fault.Internal, "", "%q is no answer", text)
			}
		case string(name) == "Content-Length:":
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case len(text) == 0 && length < 0:
			return 0, fault.New(fault.Internal, "", "an answer of status %d does not say how long it is", status)
		case len(text) == 0:
			l.body = append(l.body[:0], make([]byte, length)...)
			_, err = io.ReadFull(l.in, l.body)
			return status, err
		}
	}
}
