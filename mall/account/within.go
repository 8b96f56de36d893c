package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
)

// UserTx is User within a caller's transaction.
func (a *Accounts) UserTx(ctx context.Context, q dbsqlc.DBTX, id int64) (User, error) {
	row, err := a.q.UserByID(ctx, q, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return User{}, fmt.Errorf("find user %d: %w", id, err)
	}
	return User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}
