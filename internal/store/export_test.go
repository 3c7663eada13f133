package store

import "context"

// Exec runs one statement as the program would: under its role on PostgreSQL,
// over its own guarded connection on SQLite.
func (s *Store) Exec(ctx context.Context, text string, args ...any) error {
	return s.engine.exec(ctx, func(tx execer) error {
		_, err := tx.ExecContext(ctx, text, args...)
		return err
	})
}

// The tables by how the program may change them.
var (
	AppendOnly = appendOnly
	Updatable  = updatable
	Passing    = passing
)
