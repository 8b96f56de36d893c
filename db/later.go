package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errLater is the error of asking a Later for rows.
var errLater = errors.New("db: a statement that is sent later has no rows yet")

// Later collects statements whose results are not needed before all of them have run, so that they are sent to the
// server in one round trip. It takes the place of the connection in generated queries that return no rows; their errors
// are returned by Send. A Later belongs to one transaction and is not safe for concurrent use.
type Later struct{ batch pgx.Batch }

// Exec adds a statement. The tag is empty; use Exactly to check the number of rows.
func (l *Later) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	l.batch.Queue(sql, args...)
	return pgconn.CommandTag{}, nil
}

// Query fails.
func (l *Later) Query(context.Context, string, ...any) (pgx.Rows, error) { return nil, errLater }

// QueryRow returns a row that fails.
func (l *Later) QueryRow(context.Context, string, ...any) pgx.Row { return noRow{} }

type noRow struct{}

func (noRow) Scan(...any) error { return errLater }

// Exactly returns a Counted, with which Send fails with otherwise unless each of its statements changes n rows.
func (l *Later) Exactly(n int, otherwise error) *Counted { return &Counted{l, int64(n), otherwise} }

// Counted is a Later whose statements must change a given number of rows.
type Counted struct {
	*Later
	rows      int64
	otherwise error
}

// Exec adds a statement that must change the given number of rows.
func (c *Counted) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.batch.Queue(sql, args...).Exec(func(tag pgconn.CommandTag) error {
		if n := tag.RowsAffected(); n != c.rows {
			return fmt.Errorf("%d of %d rows: %w", n, c.rows, c.otherwise)
		}
		return nil
	})
	return pgconn.CommandTag{}, nil
}

// Send runs the statements in the order in which they were added, and empties l. It stops at the first statement that
// fails or that changes another number of rows than Exactly requires; the transaction must then be rolled back. Errors:
// those of PostgreSQL, and those given to Exactly.
func (l *Later) Send(ctx context.Context, tx pgx.Tx) error {
	if l.batch.Len() == 0 {
		return nil
	}
	err := tx.SendBatch(ctx, &l.batch).Close()
	l.batch = pgx.Batch{}
	return err
}
