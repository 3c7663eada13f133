// Package store keeps everything in tables: it implements the storage
// interfaces of the floors below on SQLite and PostgreSQL with one schema and
// one query set, in the subset that Citus takes too.
//
// It knows tables, SQL and migrations, and no rules: what to write is decided
// before it is called. Posting goes through Read and Write; Write takes
// everything that one group of acts decided and commits it at once, guarded by
// the sequence numbers of the books it touches. On SQLite one process owns the
// data folder. Journal, receipts, claims and audit are append-only for the
// program's role. Start reading at Open, then Write.
package store

import (
	"context"
	"database/sql"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the owner's connection, for migrations
	"github.com/pressly/goose/v3"

	"github.com/billfold/billfold/internal/base/clock"
	"github.com/billfold/billfold/internal/base/fault"
	"github.com/billfold/billfold/internal/base/gather"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Sealer encrypts what must not stand in the database in clear. The context
// binds a value to its row.
type Sealer interface {
	Seal(plaintext []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Options says which database to open.
type Options struct {
	// Dir is the data folder of the embedded database. It is used when DSN is empty.
	Dir string
	// DSN is the address of a PostgreSQL database.
	DSN string
	// OwnerDSN is the address under the role that owns the schema, used for
	// migrations only. Empty means DSN, whose role then works under SET ROLE.
	OwnerDSN string
	// Connections bounds PostgreSQL connections; 0 means 8.
	Connections int
}

// Store is an open database.
type Store struct {
	engine  engine
	seal    Sealer
	clock   clock.Clock
	lock    *folderLock
	tallies *gather.Gatherer[*tally]
	looks   *gather.Gatherer[*nearby]
}

// gatheredLanes is how many batches of gathered work may be under way.
const gatheredLanes = 2

func newStore(e engine, seal Sealer, clk clock.Clock, lock *folderLock) *Store {
	s := &Store{engine: collecting{e}, seal: seal, clock: clk, lock: lock}
	s.tallies = gather.New(gatheredLanes, limitsTogether, s.tallyTogether)
	s.looks = gather.New(gatheredLanes, nearbyTogether, s.lookTogether)
	return s
}

// Open opens the database and brings its schema up to date. Unavailable when it
// cannot be reached or another process owns the data folder.
func Open(ctx context.Context, o Options, seal Sealer, clk clock.Clock) (*Store, error) {
	if o.DSN != "" {
		return openServer(ctx, o, seal, clk)
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "store.Open", "the data folder cannot be made: %v", err)
	}
	lock, err := lockFolder(o.Dir)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(o.Dir, DatabaseFile)
	if err := pagesTogether(); err != nil { // before any connection
		lock.release()
		return nil, fault.Wrap("store.Open", err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=journal_mode(WAL)")
	if err == nil {
		err = migrate(ctx, db, goose.DialectSQLite3, sqliteGuards)
		db.Close()
	}
	if err != nil {
		lock.release()
		return nil, fault.Wrap("store.Open", err)
	}
	engine, err := openSQLite(ctx, path)
	if err != nil {
		lock.release()
		return nil, err
	}
	return newStore(engine, seal, clk, lock), nil
}

// DatabaseFile is the name of the embedded database within its data folder.
const DatabaseFile = "billfold.db"

func openServer(ctx context.Context, o Options, seal Sealer, clk clock.Clock) (*Store, error) {
	owner := o.OwnerDSN
	if owner == "" {
		owner = o.DSN
	}
	db, err := sql.Open("pgx", owner)
	if err != nil {
		return nil, fault.New(fault.Invalid, "store.Open", "the PostgreSQL address does not parse")
	}
	err = migrate(ctx, db, goose.DialectPostgres, postgresGrants())
	db.Close()
	if err != nil {
		return nil, fault.Wrap("store.Open", err)
	}
	if o.Connections == 0 {
		o.Connections = 8
	}
	engine, err := openPostgres(ctx, o.DSN, o.Connections)
	if err != nil {
		return nil, err
	}
	return newStore(engine, seal, clk, nil), nil
}

// Close lets the database go.
func (s *Store) Close() error {
	err := s.engine.close()
	if s.lock != nil {
		s.lock.release()
	}
	return err
}

// Engine is "sqlite" or "postgres".
func (s *Store) Engine() string { return s.engine.name() }

// migrate applies the schema's migrations and then what guards append-only
// tables on this engine, which is safe to repeat.
func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, guards []string) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	if dialect == goose.DialectSQLite3 {
		files = clusteredFS{files}
	}
	provider, err := goose.NewProvider(dialect, db, files)
	if err != nil {
		return err
	}
	if _, err := provider.Up(ctx); err != nil {
		return fault.New(fault.Unavailable, "store.migrate", "the schema could not be brought up to date: %v", err)
	}
	for _, guard := range guards {
		if _, err := db.ExecContext(ctx, guard); err != nil {
			return fault.New(fault.Unavailable, "store.migrate", "the tables could not be guarded: %v", err)
		}
	}
	return nil
}

// appendOnly lists the tables whose rows are never changed or removed.
var appendOnly = []string{
	"posting", "ending", "claim", "receipt", "directory", "opaque_id", "legal_entity", "till", "statement_code",
	"kept_file", "file_identity", "file_progress", "file_done",
	"published_event",
	"household_member", "responsible_party", "debtor_history", "enrolment_identity", "record_number", "sponsor_identity",
	"audit_entry",
	"seal", "seal_range", "seal_total", "seal_book",
	"api_order", "api_batch", "prescription_bill",
	"card_charge", "card_day", "card_payout", "card_payout_line", "card_payout_known", "card_payout_failed", "card_pull",
	"payment_script",
	"policy_handle", "policy_terms", "policy_withhold", "premium_charge", "invoice", "run", "run_chunk",
	"rate_table",
	"policy_fact", "status_change", "policy_duty",
	"payer", "payer_charge", "remittance", "remittance_trace", "remittance_line", "remittance_month", "remittance_settled",
	"notice", "notice_delivery", "notice_print", "e_consent",
	"outbound_file", "outbound_fact", "outbound_placed", "outbound_again", "outbound_answer", "claim_signal",
	"audit_finding", "audit_compared",
	"ach_batch",
	"mandate_event", "autopay_item", "autopay_progress",
	"approval_request", "approval_decision",
	"refund_event", "check_event", "owner_contact",
	"known_payer", "held_event", "file_told_again",
	"bank_statement", "bank_mark", "bank_line", "bank_day", "bank_entry", "payout_flow", "day_close",
}

// updatable lists the tables whose rows the program updates in place.
var updatable = []string{
	"book", "open_item", "unapplied", "suspense", "kept_file_chunk", "feed",
	"person", "organisation", "person_address", "coverage_span", "representation", "payer_grant",
	"policy", "policy_billing", "policy_status",
	"api_key",
	"card_attempt", "card_leg", "card_refund", "card_dispute", "card_dispute_hold", "card_sweep", "day_run",
	"notice_link",
	"staff", "staff_factor", "staff_recovery",
	"payment_method", "mandate", "autopay_pull",
	"ach_entry", "ach_file", "ach_validation", "ach_return",
	"expected", "recon_exception", "recon_act", "bank_text", "day_lock",
	"refund", "check_register", "check_batch", "check_file", "unclaimed", "unclaimed_report",
}

// passing lists the tables of what is soon over, such as sessions: rows are
// updated and removed, and no archive holds them.
var passing = []string{"web_session", "staff_session", "limit_count", "limit_code", "recon_pair", "recon_open", "recon_line", "recon_progress", "clearing_flow"}

// queues lists the tables from which rows are taken when they are done.
var queues = []string{"outbox", "notice_due"}

var sqliteGuards = func() []string {
	var guards []string
	for _, table := range appendOnly {
		for _, verb := range []string{"UPDATE", "DELETE"} {
			guards = append(guards, fmt.Sprintf(
				`CREATE TRIGGER IF NOT EXISTS %s_no_%s BEFORE %s ON %s BEGIN SELECT RAISE(ABORT, '%s is append-only'); END`,
				table, strings.ToLower(verb), verb, table, table))
		}
	}
	for _, table := range updatable {
		guards = append(guards, fmt.Sprintf(
			`CREATE TRIGGER IF NOT EXISTS %s_no_delete BEFORE DELETE ON %s BEGIN SELECT RAISE(ABORT, 'rows of %s are not deleted'); END`,
			table, table, table))
	}
	return guards
}()

// postgresGrants makes the program's role and gives it no right to change or
// remove rows of append-only tables. The role that migrates is made a member,
// so that an installation with a single address can work under SET ROLE.
func postgresGrants() []string {
	grants := []string{
		// Room on the page lets an update of a head or an item stay beside its old
		// row, without a new entry in the index.
		`ALTER TABLE book SET (fillfactor = 60)`,
		`ALTER TABLE open_item SET (fillfactor = 70)`,
		`ALTER TABLE policy_billing SET (fillfactor = 70)`,
		`ALTER TABLE policy_status SET (fillfactor = 70)`,
		`DO $$ BEGIN
			IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '` + appRole + `') THEN CREATE ROLE ` + appRole + ` NOLOGIN; END IF;
		EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$`,
		`DO $$ BEGIN EXECUTE format('GRANT ` + appRole + ` TO %I', current_user); EXCEPTION WHEN OTHERS THEN NULL; END $$`,
		`GRANT USAGE ON SCHEMA public TO ` + appRole,
	}
	grant := func(rights string, tables []string) {
		for _, table := range tables {
			grants = append(grants,
				`REVOKE ALL ON `+table+` FROM `+appRole, `GRANT `+rights+` ON `+table+` TO `+appRole)
		}
	}
	grant("SELECT, INSERT", appendOnly)
	grant("SELECT, INSERT, UPDATE", updatable)
	grant("SELECT, INSERT, DELETE", queues)
	grant("SELECT, INSERT, UPDATE, DELETE", passing)
	return grants
}
