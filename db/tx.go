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

// SQLSTATE codes on which decisions depend: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	uniqueViolation      = "23505"
	foreignKeyViolation  = "23503"
	checkViolation       = "23514"
	exclusionViolation   = "23P01"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	connectionException  = "08"  // a class
	serverIsEnding       = "57P" // part of a class
)

// InTx runs fn in one read-committed transaction. It commits if fn returns nil, and rolls back if fn returns an error
// or panics. The error of fn is returned unchanged. InTx does not retry; callers that may run into a deadlock use
// InTxRetrying.
//
// If the commit fails because the connection broke, it is unknown whether it happened. The idempotency key or the state
// guard of the caller then decides, as after any crash.
func InTx(ctx context.Context, pool *pgxpool.Pool, fn func(pgx.Tx) error) error {
	tx, err := pool.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() {
		// Rollback does nothing after the commit. It must not use the caller's context, which may have ended: a
		// connection that is released inside a transaction has to be closed.
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

// InTxRetrying is InTx, run up to attempts times (at least once) as long as it fails because of another transaction, by
// a deadlock or a serialization failure. fn may run several times, so it must change nothing but tx and variables that
// it assigns on every call.
func InTxRetrying(ctx context.Context, pool *pgxpool.Pool, attempts int, fn func(pgx.Tx) error) error {
	for n := 1; ; n++ {
		err := InTx(ctx, pool, fn)
		if err == nil || n >= attempts || !IsRetryable(err) {
			return err
		}
		select { // a random pause keeps the two transactions from colliding again
		case <-ctx.Done():
			return err
		case <-time.After(rand.N(time.Duration(n) * 10 * time.Millisecond)):
		}
	}
}

// IsRetryable reports whether the same transaction may succeed if it is run again from its beginning.
func IsRetryable(err error) bool {
	return is(err, serializationFailure, "") || is(err, deadlockDetected, "")
}

// IsRefused reports whether PostgreSQL itself refused a statement, so that the transaction is certainly rolled back.
// After any other error, such as a broken connection or a server that shuts down, a commit may or may not have
// happened.
func IsRefused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && !strings.HasPrefix(pg.Code, connectionException) &&
		!strings.HasPrefix(pg.Code, serverIsEnding)
}

// IsUnique reports whether err is a violation of the unique constraint or index of that name; an empty name means any.
func IsUnique(err error, constraint string) bool { return is(err, uniqueViolation, constraint) }

// IsForeignKey reports whether err is a violation of the foreign key of that name; an empty name means any.
func IsForeignKey(err error, constraint string) bool {
	return is(err, foreignKeyViolation, constraint)
}

// IsCheck reports whether err is a violation of the CHECK of that name; an empty name means any.
func IsCheck(err error, constraint string) bool { return is(err, checkViolation, constraint) }

// IsExclusion reports whether err is a violation of the exclusion constraint of that name; an empty name means any.
func IsExclusion(err error, constraint string) bool { return is(err, exclusionViolation, constraint) }

func is(err error, code, constraint string) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == code && (constraint == "" || pg.ConstraintName == constraint)
}
