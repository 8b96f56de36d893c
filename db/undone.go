package db

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SQLSTATE codes of a statement that waited or ran for too long.
const (
	lockNotAvailable = "55P03"
	queryCanceled    = "57014"
)

// Limits bound a transaction that nobody needs: how long it waits for a lock, and how long a statement may take.
type Limits struct {
	Lock      time.Duration
	Statement time.Duration
}

// InTxUndone runs fn in one read-committed transaction that is always rolled back, to learn what fn would do. Before
// that it checks the constraints that are deferred to the commit. Sequences move nevertheless.
func InTxUndone(ctx context.Context, pool *pgxpool.Pool, l Limits, fn func(pgx.Tx) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		_ = tx.Rollback(ctx) // if it fails, the connection is closed, which rolls back too
	}()
	if _, err := tx.Exec(ctx, `select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true)`,
		fmt.Sprintf("%dms", l.Lock.Milliseconds()), fmt.Sprintf("%dms", l.Statement.Milliseconds())); err != nil {
		return fmt.Errorf("limit the transaction: %w", err)
	}
	if err := fn(tx); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `set constraints all immediate`); err != nil {
		return fmt.Errorf("check the constraints: %w", err)
	}
	return nil
}

// IsTimeout reports whether a statement was given up because it waited for a lock, or ran, for longer than it may.
func IsTimeout(err error) bool { return is(err, lockNotAvailable, "") || is(err, queryCanceled, "") }

// Written is how many rows of a table a transaction has inserted, updated and deleted.
type Written struct {
	Table                      string
	Inserted, Updated, Deleted int64
}

// WrittenTx counts, for every table that a transaction has written to since before was counted, the rows that it has
// inserted, updated and deleted, sorted by table. PostgreSQL counts them for its statistics, so no table is read. The
// counts of a connection may include those of its former transactions, hence before: count twice.
func WrittenTx(ctx context.Context, tx pgx.Tx, before []Written) ([]Written, error) {
	rows, err := tx.Query(ctx, `select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_xact_user_tables
		where n_tup_ins + n_tup_upd + n_tup_del > 0 order by relname`)
	if err != nil {
		return nil, fmt.Errorf("count what was written: %w", err)
	}
	now, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Written])
	if err != nil {
		return nil, fmt.Errorf("count what was written: %w", err)
	}
	was := make(map[string]Written, len(before))
	for _, w := range before {
		was[w.Table] = w
	}
	var list []Written
	for _, w := range now {
		old := was[w.Table]
		w.Inserted, w.Updated, w.Deleted = w.Inserted-old.Inserted, w.Updated-old.Updated, w.Deleted-old.Deleted
		if w.Inserted != 0 || w.Updated != 0 || w.Deleted != 0 {
			list = append(list, w)
		}
	}
	return list, nil
}
