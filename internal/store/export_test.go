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

// Setting gives a setting of PostgreSQL as the posting road has it.
func (s *Store) Setting(ctx context.Context, name string) (value string, err error) {
	err = s.engine.(collecting).engine.(*postgres).pool.QueryRow(ctx, "SHOW "+name).Scan(&value)
	return value, err
}
