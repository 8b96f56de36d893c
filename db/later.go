package db

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// errLater is what comes of asking a Later for rows.
var errLater = errors.New("db: a statement that is sent later has no rows yet")

// Later gathers statements whose answers nobody needs before the last of them, so that they go to the server in one
// round trip. It stands where generated queries take a connection, for those that return no rows; what they say is
// known when Send returns. It is one transaction's own and not safe for concurrent use.
type Later struct{ batch pgx.Batch }

// Exec gathers a statement. Its tag is empty: who counts rows uses Exactly.
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

// Exactly gathers statements each of which must change n rows, or Send fails with otherwise.
func (l *Later) Exactly(n int, otherwise error) *Counted { return &Counted{l, int64(n), otherwise} }

// Counted is a Later that counts rows.
type Counted struct {
	*Later
	rows      int64
	otherwise error
}

// Exec gathers a statement that must change the number of rows.
func (c *Counted) Exec(_ context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	c.batch.Queue(sql, args...).Exec(func(tag pgconn.CommandTag) error {
		if n := tag.RowsAffected(); n != c.rows {
			return fmt.Errorf("%d of %d rows: %w", n, c.rows, c.otherwise)
		}
		return nil
	})
	return pgconn.CommandTag{}, nil
}

// Send runs what was gathered, in its order, and begins anew. The first statement that fails, or that was counted and
// has changed another number of rows, ends it, and the transaction is to be rolled back. Errors: PostgreSQL's, and
// those given to Exactly.
func (l *Later) Send(ctx context.Context, tx pgx.Tx) error {
	if l.batch.Len() == 0 {
		return nil
	}
	err := tx.SendBatch(ctx, &l.batch).Close()
	l.batch = pgx.Batch{}
	return err
}
