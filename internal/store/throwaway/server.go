package throwaway

import (
	"context"
	"net/url"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/billfold/billfold/internal/base/fault"
)

// Server is a PostgreSQL server on which the caller may make databases: a
// throw-away cluster, or one whose address was given.
type Server struct {
	dsn string // of a database that exists, as a URL or as keywords and values
}

// At is the server that dsn, in either of libpq's forms, leads to.
func At(dsn string) Server { return Server{dsn: dsn} }

// DSN is the address of a database on the server, which need not exist yet.
func (s Server) DSN(database string) string {
	if !strings.Contains(s.dsn, "://") {
		return s.dsn + " dbname=" + database // the last word wins
	}
	u, err := url.Parse(s.dsn)
	if err != nil {
		return s.dsn // whoever connects gives the driver's own error
	}
	u.Path = "/" + database
	return u.String()
}

// CreateDatabase makes an empty database.
func (s Server) CreateDatabase(ctx context.Context, name string) error {
	return s.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize())
}

// CloneDatabase makes a database as a copy of another, to which nobody may be
// connected meanwhile. It is how a test gets a migrated store in milliseconds.
func (s Server) CloneDatabase(ctx context.Context, name, template string) error {
	return s.exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()+" TEMPLATE "+pgx.Identifier{template}.Sanitize())
}

// DropDatabase removes a database and throws out who is still connected.
func (s Server) DropDatabase(ctx context.Context, name string) error {
	return s.exec(ctx, "DROP DATABASE IF EXISTS "+pgx.Identifier{name}.Sanitize()+" WITH (FORCE)")
}

func (s Server) exec(ctx context.Context, statement string) error {
	const op = "throwaway.Server"
	conn, err := pgx.Connect(ctx, s.dsn)
	if err != nil {
		return fault.Wrap(op, err)
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, statement)
	return fault.Wrap(op, err)
}
