package nacha

import (
	"bufio"
	"bytes"
	"io"
)

// broken gives a file with line breaks. Some banks send the records one after
// another without any; a break is then put after every 94 characters, so that
// line numbers are record numbers.
func broken(r io.Reader) io.Reader {
	src := bufio.NewReaderSize(r, widthMax)
	head, _ := src.Peek(widthMax) // an error comes again at Read
	if len(head) <= recordWidth || bytes.IndexByte(head, '\n') >= 0 {
		return src
	}
	return &breaker{src: src}
}

type breaker struct {
	src    io.Reader
	column int
}

func (b *breaker) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if b.column == recordWidth {
		b.column = 0
		p[0] = '\n'
		return 1, nil
	}
	n, err := b.src.Read(p[:min(len(p), recordWidth-b.column)])
	b.column += n
	return n, err
}
