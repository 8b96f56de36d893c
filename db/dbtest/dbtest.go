// Package dbtest gives every test a real PostgreSQL database and a real Redis of its own.
//
// All test binaries of one user, including those that `go test ./...` runs in parallel, share one disposable PostgreSQL
// below /dev/shm or /tmp. It stops with the last of them, however that ends (see package embedded). A database is a copy
// of a template that is migrated once. TEST_DATABASE_URL names another server to use instead, whose account must be
// allowed to create databases.
//
// Without a server a test is skipped with a message, and with CI=true it fails.
package dbtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/embedded"
)

// patience bounds everything that prepares a test. It is long enough for a machine that runs twenty others.
const patience = 2 * time.Minute

// New returns a pool on a migrated database of the test's own, dropped when the test ends.
func New(t testing.TB) *pgxpool.Pool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	pool, err := db.Open(ctx, URL(t), db.Options{
		ApplicationName: "dbtest",
		MaxConns:        10,
		Tracer:          &Statements{counts: map[string]int{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close) // runs before the drop, since the last cleanup runs first
	return pool
}

// URL returns the DATABASE_URL of a migrated database of the test's own, dropped when the test ends.
func URL(t testing.TB) string {
	t.Helper()
	return fresh(t, true)
}

// EmptyURL is URL without any migration applied, for tests of the migrations themselves.
func EmptyURL(t testing.TB) string {
	t.Helper()
	return fresh(t, false)
}

func fresh(t testing.TB, migrated bool) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s, err := theServer(ctx)
	if errors.Is(err, embedded.ErrNoBinaries) {
		Missing(t, err)
	}
	if err != nil {
		t.Fatal("dbtest: ", err)
	}
	source := "template0"
	if migrated {
		if source, err = s.template(ctx); err != nil {
			t.Fatal("dbtest: ", err)
		}
	}
	// The pid lets a later run recognize that the process which made this database is gone.
	name := fmt.Sprintf("%s%d_%s", clonePrefix, os.Getpid(), strings.ToLower(rand.Text()[:16]))
	if err := s.clone(ctx, name, source); err != nil {
		t.Fatal("dbtest: ", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if _, err := s.admin.Exec(ctx, "drop database if exists "+name+" with (force)"); err != nil {
			t.Error("dbtest: ", err)
		}
	})
	return s.url(name)
}

// Missing skips a test that needs a program this machine does not have; with CI=true it fails instead.
func Missing(t testing.TB, why error) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("dbtest: ", why)
	}
	t.Skip("SKIPPED, AND NOTHING WAS TESTED: ", why)
}

// server is the PostgreSQL that all tests of this binary use until the process ends.
type server struct {
	url   func(database string) string
	admin *pgxpool.Pool
	ours  bool // started by this package, so sweep may drop its leftovers

	mu     sync.Mutex
	source string // the template, once it is known to exist
}

// theServer finds or starts the server once in a process. Nothing here stops it: its keeper notices the end of the
// process.
var theServer = func() func(context.Context) (*server, error) {
	var mu sync.Mutex
	var s *server
	return func(ctx context.Context) (*server, error) {
		mu.Lock()
		defer mu.Unlock()
		if s != nil {
			return s, nil
		}
		found, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		s = found
		return s, nil
	}
}()

func connect(ctx context.Context) (*server, error) {
	s := &server{}
	if given := os.Getenv("TEST_DATABASE_URL"); given != "" {
		u, err := url.Parse(given)
		if err != nil || u.Scheme == "" {
			return nil, errors.New("TEST_DATABASE_URL is not a postgres:// URL")
		}
		s.url = func(database string) string {
			v := *u
			v.Path = "/" + database
			return v.String()
		}
	} else {
		dir := filepath.Join(scratch(), fmt.Sprintf("videomall-test-%d", os.Geteuid()))
		pg, err := embedded.StartPostgres(ctx, embedded.PostgresOptions{
			Dir:        dir,
			Database:   "postgres",
			Disposable: true,
			Settings: []string{
				"max_connections=500", "shared_buffers=128MB", "max_locks_per_transaction=128",
				"min_wal_size=32MB", "max_wal_size=64MB", // they stay in memory after the last test
			},
		})
		if err != nil {
			return nil, err
		}
		s.url, s.ours = pg.DatabaseURL, true
	}
	cfg, err := pgxpool.ParseConfig(s.url("postgres"))
	if err != nil {
		return nil, err
	}
	cfg.MaxConns, cfg.ConnConfig.RuntimeParams["application_name"] = 4, "dbtest admin"
	if s.admin, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
		return nil, err
	}
	if err := s.admin.Ping(ctx); err != nil {
		return nil, err
	}
	if s.ours {
		if err := s.sweep(ctx); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// scratch is the folder in which the server keeps its files: in memory if the machine offers 4 GB of it. There, copying
// a template and dropping the copy takes some 50 ms, on a disk several times as long. TMPDIR is not used, since its path
// may be too long for a socket, or private to another account.
func scratch() string {
	const memory = "/dev/shm"
	var s syscall.Statfs_t
	if err := syscall.Statfs(memory, &s); err == nil && int64(s.Blocks)*int64(s.Bsize) >= 4<<30 {
		return memory
	}
	return "/tmp"
}

// clone copies a database. FILE_COPY makes a checkpoint, which costs little with fsync off, and then copies files,
// which is faster than writing every block to the log.
func (s *server) clone(ctx context.Context, name, source string) error {
	_, err := s.admin.Exec(ctx, "create database "+name+" template "+source+" strategy file_copy")
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == "3D000" && source != "template0" {
		// Another working copy of the project has had many schemas since, and has swept this one.
		s.mu.Lock()
		s.source = ""
		s.mu.Unlock()
		if source, err = s.template(ctx); err != nil {
			return err
		}
		_, err = s.admin.Exec(ctx, "create database "+name+" template "+source+" strategy file_copy")
	}
	if err != nil {
		return fmt.Errorf("clone %s: %w", source, err)
	}
	return nil
}

// alone runs fn while no other test binary of any working copy of the project runs one.
func (s *server) alone(ctx context.Context, fn func(*pgx.Conn) error) error {
	conn, err := s.admin.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, "select pg_advisory_lock($1)", templateLock); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", templateLock) }()
	return fn(conn.Conn())
}
