package store

import (
	"fmt"
	"strings"
)

// columnType is one of the three types that the schema uses: every engine has
// them, and rows travel in columns so that one statement writes many.
type columnType uint8

const (
	integerColumn columnType = iota
	textColumn
	bytesColumn
)

// column is the values of one column of many rows.
type column struct {
	name  string
	kind  columnType
	ints  []int64
	texts []string
	blobs [][]byte
}

func (c *column) value(row int) any {
	switch c.kind {
	case integerColumn:
		return c.ints[row]
	case textColumn:
		return c.texts[row]
	}
	return c.blobs[row]
}

// array gives the whole column as one argument.
func (c *column) array() any {
	switch c.kind {
	case integerColumn:
		return c.ints
	case textColumn:
		return c.texts
	}
	return c.blobs
}

// bulk is one statement over many rows: an insert, or an update that finds rows
// by key columns, demands that guard columns hold a value, and sets the rest.
// The rows of an update must all be found as they were guarded, else the whole
// write is stale.
type bulk struct {
	table  string
	update bool
	keys   int // the first columns of an update
	guards int // the columns after the keys
	cols   []column
	rows   int
	// taken says what an insert does with a row whose key exists, as an ON CONFLICT
	// clause; without it the write is stale.
	taken string
	known bool // rows whose key exists are passed over
}

func insertInto(table string, names ...string) *bulk { return newBulk(table, names) }

func updateOf(table string, keys, guards int, names ...string) *bulk {
	b := newBulk(table, names)
	b.update, b.keys, b.guards = true, keys, guards
	return b
}

func newBulk(table string, names []string) *bulk {
	b := &bulk{table: table, cols: make([]column, len(names))}
	for i, n := range names {
		b.cols[i].name = n
	}
	return b
}

// add appends a row; values are int64, string or []byte, the same type for a
// column in every row.
func (b *bulk) add(values ...any) {
	for i, v := range values {
		c := &b.cols[i]
		switch v := v.(type) {
		case int64:
			c.kind, c.ints = integerColumn, append(c.ints, v)
		case string:
			c.kind, c.texts = textColumn, append(c.texts, v)
		case []byte:
			c.kind, c.blobs = bytesColumn, append(c.blobs, v)
		default:
			panic(fmt.Sprintf("store: column %s.%s cannot hold %T", b.table, c.name, v))
		}
	}
	b.rows++
}

// arrays gives each column as one argument.
func (b *bulk) arrays() []any {
	args := make([]any, len(b.cols))
	for i := range b.cols {
		args[i] = b.cols[i].array()
	}
	return args
}

func (b *bulk) names() string {
	names := make([]string, len(b.cols))
	for i := range b.cols {
		names[i] = b.cols[i].name
	}
	return strings.Join(names, ", ")
}

// updateText writes an update whose rows come from source, an expression that
// gives one row per change in columns named column1, column2 and so on.
func (b *bulk) updateText(source string) string {
	var set, where []string
	for i := range b.cols {
		if i < b.keys+b.guards {
			where = append(where, fmt.Sprintf("%s.%s = v.column%d", b.table, b.cols[i].name, i+1))
			continue
		}
		set = append(set, fmt.Sprintf("%s = v.column%d", b.cols[i].name, i+1))
	}
	return "UPDATE " + b.table + " SET " + strings.Join(set, ", ") + " FROM " + source + " WHERE " + strings.Join(where, " AND ")
}
