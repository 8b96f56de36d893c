package account

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// Provision makes an account for whoever runs the mall, with any roles and any password that is not empty. If the email
// has an account, that account takes the name and the roles and keeps its password; roles that an operator has decided
// stay. Errors: ErrInvalidAccount.
func (a *Accounts) Provision(ctx context.Context, u User, password string) (User, error) {
	u, err := staffed(u)
	if err != nil {
		return User{}, err
	}
	if password == "" {
		return User{}, ErrInvalidAccount.With("password", "password_short")
	}
	hash, err := a.hasher.make(ctx, familiars, password)
	if err != nil {
		return User{}, err
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.q.LockOperators(ctx, tx); err != nil {
			return err
		}
		made, err := a.q.ProvisionUser(ctx, tx, dbsqlc.ProvisionUserParams{
			Email:        u.Email,
			Name:         u.Name,
			PasswordHash: hash,
			Locale:       u.Locale,
			CreatedAt:    a.now(),
		})
		if u.ID = made.ID; err != nil || made.Decided {
			return err
		}
		return a.replaceRolesTx(ctx, tx, u.ID, u.Roles)
	})
	if err != nil {
		return User{}, fmt.Errorf("provision %q: %w", u.Roles, err)
	}
	return a.User(ctx, u.ID)
}

// replaceRolesTx gives somebody these roles and no others, on behalf of the mall, and ends access that was granted
// before.
func (a *Accounts) replaceRolesTx(ctx context.Context, tx pgx.Tx, id int64, roles Roles) error {
	now, _, err := a.lockRoles(ctx, tx, id)
	if err != nil || now.Same(roles) {
		return err
	}
	if err := a.takeTx(ctx, tx, id, now.Without(roles)); err != nil {
		return err
	}
	if err := a.giveTx(ctx, tx, id, nil, roles.Without(now)); err != nil {
		return err
	}
	_, err = a.EndAllTx(ctx, tx, id)
	return err
}

// staffed normalises the email and the name of an account for whoever runs the mall. Errors: ErrInvalidAccount.
func staffed(u User) (User, error) {
	u, invalid := identity(u)
	if len(u.Roles.Without(nil)) != len(u.Roles) {
		invalid = invalid.With("role", "role_unknown")
	}
	if invalid.Fields != nil {
		return User{}, invalid
	}
	return u, nil
}
