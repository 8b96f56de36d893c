// Package db opens PostgreSQL, runs a business step in one transaction and brings the schema up to date. It owns
// connections and transactions, and refuses to know tables and rules of the mall.
package db

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Options tune a pool; the zero value suits a web process.
type Options struct {
	// ApplicationName is what pg_stat_activity shows; "videomall" when empty.
	ApplicationName string
	// MaxConns is the upper limit of the pool; 0 means four for each core, at least 16. A pool_max_conns in the URL
	// takes precedence, so that one deployment can be tuned without a new build.
	MaxConns int32
	// StatementTimeout is after how long the server cancels a statement; 0 means 15 s, negative means no limit.
	StatementTimeout time.Duration
	// ReadOnly makes every transaction read-only by default. A replica is opened this way, so that a write sent there
	// fails in development too, where the replica is the same database as the primary.
	ReadOnly bool
	// Tracer sees every query; nil means none. Package telemetry provides one.
	Tracer pgx.QueryTracer
}

const (
	defaultName             = "videomall"
	defaultStatementTimeout = 15 * time.Second
	// No network call is made inside a transaction, so the program of one that idles for this long is gone.
	idleInTransaction = 60 * time.Second
	connectTimeout    = 5 * time.Second
)

// Open connects to url and verifies with one round trip that the server answers. The error never contains the password
// of the URL.
func Open(ctx context.Context, url string, opt Options) (*pgxpool.Pool, error) {
	cfg, err := poolConfig(url, opt)
	if err != nil {
		return nil, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := pool.Ping(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("reach database %q on %s: %w", cfg.ConnConfig.Database, cfg.ConnConfig.Host, err)
	}
	return pool, nil
}

func poolConfig(url string, opt Options) (*pgxpool.Config, error) {
	if url == "" {
		return nil, errors.New("open database: the URL is empty")
	}
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fmt.Errorf("read the database URL: %w", err) // pgx redacts the password
	}
	// The default of pgxpool is max(4, cores), which is too few for a web process whose handlers mostly wait.
	if !strings.Contains(url, "pool_max_conns") {
		cfg.MaxConns = opt.MaxConns
		if cfg.MaxConns <= 0 {
			cfg.MaxConns = max(16, 4*int32(runtime.NumCPU()))
		}
	}
	cfg.MinIdleConns = min(2, cfg.MaxConns)
	cfg.MaxConnIdleTime = 5 * time.Minute
	// Connections are renewed at different times, so that the pool notices a failover or a new DNS answer.
	cfg.MaxConnLifetime, cfg.MaxConnLifetimeJitter = 30*time.Minute, 5*time.Minute
	cfg.HealthCheckPeriod = 30 * time.Second
	if cfg.ConnConfig.ConnectTimeout == 0 {
		cfg.ConnConfig.ConnectTimeout = connectTimeout
	}
	cfg.ConnConfig.Tracer = opt.Tracer

	statement := opt.StatementTimeout
	if statement == 0 {
		statement = defaultStatementTimeout
	}
	name := opt.ApplicationName
	if name == "" {
		name = defaultName
	}
	params := map[string]string{
		"application_name":                    name,
		"statement_timeout":                   milliseconds(statement),
		"idle_in_transaction_session_timeout": milliseconds(idleInTransaction),
		"timezone":                            "UTC",
	}
	if opt.ReadOnly {
		params["default_transaction_read_only"] = "on"
	}
	maps.Copy(params, cfg.ConnConfig.RuntimeParams) // the parameters of the URL take precedence
	cfg.ConnConfig.RuntimeParams = params
	return cfg, nil
}

// milliseconds formats a timeout for PostgreSQL, where "0" turns it off.
func milliseconds(d time.Duration) string {
	return strconv.FormatInt(max(0, d.Milliseconds()), 10)
}

// Pools are the pools of the primary and the replica. Writes, and reads on which a write depends, go to Primary; lists
// that may be a second old may go to Replica.
type Pools struct{ Primary, Replica *pgxpool.Pool }

// OpenPools opens the primary, and the replica if it has a URL. Without one Replica is Primary.
func OpenPools(ctx context.Context, primaryURL, replicaURL string, opt Options) (Pools, error) {
	primary, err := Open(ctx, primaryURL, opt)
	if err != nil {
		return Pools{}, err
	}
	if replicaURL == "" {
		return Pools{Primary: primary, Replica: primary}, nil
	}
	opt.ReadOnly = true
	replica, err := Open(ctx, replicaURL, opt)
	if err != nil {
		primary.Close()
		return Pools{}, fmt.Errorf("replica: %w", err)
	}
	return Pools{Primary: primary, Replica: replica}, nil
}

// Close closes both pools and waits until every acquired connection is released.
func (p Pools) Close() {
	if p.Replica != nil && p.Replica != p.Primary {
		p.Replica.Close()
	}
	if p.Primary != nil {
		p.Primary.Close()
	}
}
