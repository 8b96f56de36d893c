package db

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// SQLSTATE classes the mall decides by: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	checkViolation       = "23514"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	connectionException  = "08"  // a class
	serverIsEnding       = "57P" // part of a class
)

// InTx runs fn in one read-committed transaction: committed when fn returns nil, rolled back when it
// returns an error or panics. fn's error comes back as it is. Nothing is tried again: a verb that may
// meet a deadlock says so by calling InTxRetrying.
//
// When the commit itself fails because the connection broke, nobody knows whether it happened; the
// caller's idempotency key or state guard decides, as after any crash.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// A no-op after the commit. The caller's context may be over already, and a connection given
		// back in the middle of a transaction would have to be thrown away.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connectTimeout)
		defer cancel()
		_ = tx.Rollback(ctx)
	}()
	if err := fn(tx); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("commit: %w", err)
	}
	return nil
}

// InTxRetrying is InTx, run up to attempts times (at least once) as long as PostgreSQL names the
// other transaction as the reason: a deadlock or a serialization failure. fn must touch nothing but
// tx and what it assigns afresh on every call, since all of it is run again.
func InTxRetrying(ctx context.Context, pool *pgxpool.Pool, attempts int, fn func(pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := InTx(ctx, pool, fn)
		if err == nil || n >= attempts || !IsRetryable(err) {
			return err
		}
		select { // the two that collided must not meet again in step
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(n) * 10 * time.Millisecond)):
		}
	}
}

// IsRetryable says that the same transaction may succeed if run again from its beginning.
func IsRetryable(err error) bool {
	return is(err, serializationFailure, "") || is(err, deadlockDetected, "")
}

// IsRefused says that PostgreSQL itself turned a statement down, so that the transaction is certainly undone. Any other
// error (a connection that broke, a server that is shutting down) leaves open whether a commit was carried out.
func IsRefused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !strings.HasPrefix(pg.Code, connectionException) &&
		!strings.HasPrefix(pg.Code, serverIsEnding)
}

// IsUnique says that err is the violation of the unique constraint or index of that name;
// an empty name means any.
func IsUnique(err error, constraint string) bool { return is(err, uniqueViolation, constraint) }

// IsForeignKey says that err is the violation of the foreign key of that name; empty means any.
func IsForeignKey(err error, constraint string) bool {
	return is(err, foreignKeyViolation, constraint)
}

// IsCheck says that err is the violation of the CHECK of that name; empty means any.
func IsCheck(err error, constraint string) bool { return is(err, checkViolation, constraint) }

func is(err error, code, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code && (constraint == "" || pg.ConstraintName == constraint)
}
