package account

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// EndAll ends all access of a person: every session, every bearer token and, by a new epoch, every grant that was made
// for one of those. It returns how many sessions ended. Values that Redis still holds sign nobody in without a row.
func (a *Accounts) EndAll(ctx context.Context, id int64) (sessions int, err error) {
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		sessions, err = a.EndAllTx(ctx, tx, id)
		return err
	})
	return sessions, err
}

// EndAllTx is EndAll in the caller's transaction. A sign-in that is running meanwhile fails, because it carries the
// epoch in which the password was proved.
func (a *Accounts) EndAllTx(ctx context.Context, tx pgx.Tx, id int64) (sessions int, err error) {
	if err := a.q.NextEpoch(ctx, tx, id); err != nil {
		return 0, fmt.Errorf("begin another epoch of %d: %w", id, err)
	}
	n, err := a.q.DeleteSessionsOf(ctx, tx, id)
	if err != nil {
		return 0, fmt.Errorf("end sessions of %d: %w", id, err)
	}
	if _, err := a.q.RevokeTokensOf(ctx, tx, dbsqlc.RevokeTokensOfParams{At: new(a.now()), UserID: id}); err != nil {
		return 0, fmt.Errorf("revoke tokens of %d: %w", id, err)
	}
	return int(n), nil
}
