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

// migrateLock is the advisory lock that keeps several processes from migrating at once. The number is arbitrary.
const migrateLock int64 = 0x766d_6d69_6772_6174

// Migrate brings the schema up to date, first with the mall's own files by goose, then with River's. Any number of
// processes may call it at once: one migrates, and the others find nothing to do.
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

// MigrateDown reverts every migration, the newest first, and so deletes all data. CI runs it between two Migrates to
// check that each Down undoes its Up.
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

// CheckMigrated returns nil if no migration is pending, and else an error that says which. It changes nothing.
func CheckMigrated(ctx context.Context, pool *pgxpool.Pool) error {
	// This is plain SQL, because goose would create its table if there is none, and a replica is read-only.
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

// migrating calls fn with both migrators while no other process migrates this database.
func migrating(ctx context.Context, pool *pgxpool.Pool,
	fn func(*goose.Provider, *rivermigrate.Migrator[pgx.Tx]) error,
) (err error) {
	// Migrations use a pool of their own, since building an index may take longer than the statements of requests may.
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

// lock takes an advisory lock of the session by polling. A session that waited in pg_advisory_lock would hold a
// snapshot, and CREATE INDEX CONCURRENTLY waits for every snapshot.
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
