//go:build !unix

package embedded

import (
	"context"
	"errors"
	"log/slog"
)

// The private servers need FIFOs, inherited locks and Unix sockets.
var errUnix = errors.New("private servers run on Linux and macOS only: set DATABASE_URL and REDIS_URL")

// PostgresOptions: see postgres_start.go.
type PostgresOptions struct {
	Dir, Database        string
	Download, Disposable bool
	Settings             []string
	Log                  *slog.Logger
}

// Postgres: see postgres_start.go.
type Postgres struct {
	URL, Dir string
	Shared   bool
}

// StartPostgres always fails on this system.
func StartPostgres(context.Context, PostgresOptions) (*Postgres, error) { return nil, errUnix }

// Stop has nothing to stop.
func (*Postgres) Stop() error { return nil }

// DatabaseURL is never called, because StartPostgres fails.
func (p *Postgres) DatabaseURL(string) string { return p.URL }

// RedisOptions: see redis_start.go.
type RedisOptions struct {
	Dir                 string
	Databases           int
	Program, Disposable bool
	Log                 *slog.Logger
}

// Redis: see redis_start.go.
type Redis struct {
	URL, Kind string
	Shared    bool
}

// StartRedis always fails on this system.
func StartRedis(context.Context, RedisOptions) (*Redis, error) { return nil, errUnix }

// Stop has nothing to stop.
func (*Redis) Stop() error { return nil }

// Pid is never called, because StartRedis fails.
func (*Redis) Pid() (int, error) { return 0, errUnix }

// Ended always returns true.
func (*Redis) Ended() bool { return true }
