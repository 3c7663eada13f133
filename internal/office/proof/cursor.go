package proof

import "iter"

// cursor walks a sequence one row ahead, so that tables in the same order can
// be merged.
type cursor[T any] struct {
	next func() (T, error, bool)
	stop func()
	head T
	ok   bool  // head is a row
	err  error // why there is no head
}

func walk[T any](rows iter.Seq2[T, error]) *cursor[T] {
	next, stop := iter.Pull2(rows)
	c := &cursor[T]{next: next, stop: stop}
	c.advance()
	return c
}

func (c *cursor[T]) advance() {
	head, err, ok := c.next()
	c.head, c.ok, c.err = head, ok && err == nil, err
}
