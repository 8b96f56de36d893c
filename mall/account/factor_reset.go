package account

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
)

// NoticeFactorsReset tells a person that all second factors of their account were removed.
const NoticeFactorsReset = "factors_reset"

// ResetFactors removes all second factors of the person with this email, on behalf of whoever runs the mall, and ends
// their sessions and tokens. note is called in the transaction, for the audit log. It must not be offered on a page:
// whoever deceived an operator would own every account. Errors: ErrNoUser, ErrNoFactor.
func (a *Accounts) ResetFactors(ctx context.Context, email string, note NoteFunc) (User, error) {
	u, err := a.ByEmail(ctx, email)
	if err != nil {
		return User{}, err
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		had, err := a.dropFactors(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if !had {
			return ErrNoFactor.Because("user %d", u.ID)
		}
		if _, err := a.EndAllTx(ctx, tx, u.ID); err != nil {
			return err
		}
		return note(ctx, tx, u)
	})
	return u, err
}

// dropFactors removes all second factors of a person and tells them, if they had any. The caller ends their access.
func (a *Accounts) dropFactors(ctx context.Context, tx pgx.Tx, id int64) (had bool, err error) {
	if _, err := a.q.LockUser(ctx, tx, id); err != nil {
		return false, fmt.Errorf("lock user %d: %w", id, err)
	}
	apps, err := a.q.DeleteTOTP(ctx, tx, id)
	if err != nil {
		return false, fmt.Errorf("remove the app of %d: %w", id, err)
	}
	passkeys, err := a.q.DeletePasskeysOf(ctx, tx, id)
	if err != nil {
		return false, fmt.Errorf("remove the passkeys of %d: %w", id, err)
	}
	if err := a.q.DeleteRecoveryCodes(ctx, tx, id); err != nil {
		return false, fmt.Errorf("remove the recovery codes of %d: %w", id, err)
	}
	if _, err := a.q.UpdateHasFactor(ctx, tx, id); err != nil {
		return false, fmt.Errorf("note that %d has no factor: %w", id, err)
	}
	if apps+passkeys == 0 {
		return false, nil
	}
	return true, a.tellEvent(ctx, tx, id, NoticeFactorsReset, "")
}

// dropUnproved removes the second factors of an account whose address nobody has confirmed so far: anybody can sign up
// with an address that isn't theirs, and whoever reads it has a better claim. Operators keep theirs; they were given
// their duties as who they are.
func (a *Accounts) dropUnproved(ctx context.Context, tx pgx.Tx, id int64) error {
	confirmed, err := a.q.ConfirmedEmail(ctx, tx, id)
	if err != nil {
		return fmt.Errorf("confirmed address of %d: %w", id, err)
	}
	if confirmed != "" {
		return nil
	}
	u, err := a.UserTx(ctx, tx, id)
	if err != nil || u.Roles.Is(RoleOperator) {
		return err
	}
	_, err = a.dropFactors(ctx, tx, id)
	return err
}
