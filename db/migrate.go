package db

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"videomall/db/migrations"
)

// migrateLock is the advisory lock that several starting processes meet at; the number means nothing.
const migrateLock int64 = 0x766d_6d69_6772_6174

// Migrate brings the schema up to date: the mall's own files with goose, then River's. Any number of
// processes may call it at once; one works and the others find the work done.
func Migrate(ctx context.Context, pool *pgxpool.Pool) error {
	return migrating(ctx, pool, func(mall *goose.Provider, river *rivermigrate.Migrator[pgx.Tx]) error {
		if _, err := mall.Up(ctx); err != nil && !errors.Is(err, goose.ErrNoMigrations) {
			return fmt.Errorf("migrate: %w", err)
		}
		if _, err := river.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
			return fmt.Errorf("migrate River: %w", err)
		}
		return nil
	})
}

// MigrateDown takes every migration back, the newest first, and with them all data. CI runs it
// between two Migrates to see that each Down undoes its Up.
func MigrateDown(ctx context.Context, pool *pgxpool.Pool) error {
	return migrating(ctx, pool, func(mall *goose.Provider, river *rivermigrate.Migrator[pgx.Tx]) error {
		if _, err := river.Migrate(ctx, rivermigrate.DirectionDown,
			&rivermigrate.MigrateOpts{TargetVersion: -1}); err != nil {
			return fmt.Errorf("migrate River down: %w", err)
		}
		if _, err := mall.DownTo(ctx, 0); err != nil && !errors.Is(err, goose.ErrNoMigrations) {
			return fmt.Errorf("migrate down: %w", err)
		}
		return nil
	})
}

// CheckMigrated is nil when no migration is pending, else an error that says what is. It changes nothing.
func CheckMigrated(ctx context.Context, pool *pgxpool.Pool) error {
	// Plain SQL: goose would create its table where there is none, and a replica is read-only.
	var table *string
	if err := pool.QueryRow(ctx, "select to_regclass('goose_db_version')::text").Scan(&table); err != nil {
		return fmt.Errorf("check migrations: %w", err)
	}
	if table == nil {
		return errors.New("the database has no schema yet: run videomall migrate")
	}
	var have int64
	if err := pool.QueryRow(ctx, "select coalesce(max(version_id), 0) from goose_db_version").Scan(&have); err != nil {
		return fmt.Errorf("check migrations: %w", err)
	}
	want, err := newestMigration(migrations.FS)
	if err != nil {
		return err
	}
	if have < want {
		return fmt.Errorf("the schema is at %d and this program needs %d: run videomall migrate", have, want)
	}
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("check River's migrations: %w", err)
	}
	res, err := river.Validate(ctx, nil)
	if err != nil {
		return fmt.Errorf("check River's migrations: %w", err)
	}
	if !res.OK {
		return fmt.Errorf("the job queue's schema is behind: run videomall migrate: %v", res.Messages)
	}
	return nil
}

func newestMigration(fsys fs.FS) (int64, error) {
	names, err := fs.Glob(fsys, "*.sql")
	if err != nil || len(names) == 0 {
		return 0, errors.New("this build carries no migrations")
	}
	return goose.NumericComponent(names[len(names)-1]) // Glob sorts, and the numbers have leading zeros
}

// migrating hands fn both migrators while no other process migrates this database.
func migrating(ctx context.Context, pool *pgxpool.Pool,
	fn func(*goose.Provider, *rivermigrate.Migrator[pgx.Tx]) error) (err error) {
	// A pool of its own: building an index may take longer than a request's statement may.
	cfg := pool.Config()
	cfg.MaxConns = 4
	cfg.MinConns = 0
	cfg.MinIdleConns = 0
	cfg.ConnConfig.RuntimeParams["statement_timeout"] = "0"
	cfg.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "0"
	pool, err = pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer pool.Close()
	release, err := lock(ctx, pool, migrateLock)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	defer release()
	sql := stdlib.OpenDBFromPool(pool)
	defer sql.Close()
	mall, err := goose.NewProvider(goose.DialectPostgres, sql, migrations.FS)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	river, err := rivermigrate.New(riverpgxv5.New(pool), nil)
	if err != nil {
		return fmt.Errorf("migrate River: %w", err)
	}
	return fn(mall, river)
}

// lock takes a session's advisory lock by asking again and again. A session that waited inside
// pg_advisory_lock would hold a snapshot, and CREATE INDEX CONCURRENTLY waits for every snapshot.
func lock(ctx context.Context, pool *pgxpool.Pool, key int64) (release func(), err error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return nil, err
	}
	for {
		var got bool
		if err := conn.QueryRow(ctx, "select pg_try_advisory_lock($1)", key).Scan(&got); err != nil {
			conn.Release()
			return nil, err
		}
		if got {
			return func() {
				_, _ = conn.Exec(context.WithoutCancel(ctx), "select pg_advisory_unlock($1)", key)
				conn.Release()
			}, nil
		}
		select {
		case <-ctx.Done():
			conn.Release()
			return nil, fmt.Errorf("another process is migrating: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}
