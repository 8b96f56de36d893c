package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of changing somebody's role.
var (
	ErrOwnRole      = fault.New(fault.Forbidden, "own_role", "Nobody changes their own role.")
	ErrLastOperator = fault.New(fault.Conflict, "last_operator", "This is the last operator; the mall needs one.")
	ErrNotOperator  = fault.New(fault.Forbidden, "not_operator", "You are no operator any more.")
	ErrRoleDecided  = fault.New(fault.Forbidden, "role_decided",
		"An operator has decided your role. Only an operator can change it.")
	ErrRoleMoved = fault.New(fault.Conflict, "role_moved", "This person's role has changed since you looked.")
)

// Roles returns all roles, from the least to the most privileged.
func Roles() []string { return []string{RoleShopper, RoleCreator, RoleOperator} }

// RoleChange is a change of somebody's role by an operator. From is the role that the operator saw.
type RoleChange struct {
	By, ID   int64
	From, To string
}

// ChangeRoleTx gives a person another role, in the caller's transaction, and ends their sessions and tokens, so that
// the old role is gone at their next request. From then on only an operator can change the role, so a person cannot
// take back a role that was taken away. The person who acts must be an operator at this moment: if two operators take
// each other's role at once, the second is no longer one and fails, so that one operator is left.
//
// Errors: ErrInvalidAccount with the field role, ErrOwnRole, ErrNotOperator, ErrLastOperator, ErrNoUser, ErrRoleMoved.
func (a *Accounts) ChangeRoleTx(ctx context.Context, tx pgx.Tx, r RoleChange) error {
	if !slices.Contains(Roles(), r.To) {
		return ErrInvalidAccount.With("role", "role_unknown")
	}
	if r.By == r.ID {
		return ErrOwnRole.Because("operator %d", r.By)
	}
	operators, err := a.operatorsTx(ctx, tx)
	if err != nil {
		return err
	}
	if !slices.Contains(operators, r.By) {
		return ErrNotOperator.Because("account %d", r.By)
	}
	row, err := a.q.LockUser(ctx, tx, r.ID)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoUser.Because("user %d", r.ID)
	}
	if err != nil {
		return fmt.Errorf("lock user %d: %w", r.ID, err)
	}
	if row.Role != r.From || r.From == r.To {
		return ErrRoleMoved.Because("user %d is a %s", r.ID, row.Role)
	}
	if r.From == RoleOperator && len(operators) < 2 {
		return ErrLastOperator.Because("operator %d", r.ID)
	}
	n, err := a.q.MoveRole(ctx, tx, dbsqlc.MoveRoleParams{
		ID:       r.ID,
		FromRole: r.From,
		ToRole:   r.To,
	})
	if err != nil {
		return fmt.Errorf("change the role of %d: %w", r.ID, err)
	}
	if n == 0 {
		return ErrRoleMoved.Because("user %d", r.ID)
	}
	if err := a.q.DecideRole(ctx, tx, dbsqlc.DecideRoleParams{At: a.now(), ID: r.ID}); err != nil {
		return fmt.Errorf("note that an operator decided the role of %d: %w", r.ID, err)
	}
	_, err = a.EndAllTx(ctx, tx, r.ID)
	return err
}

// OperatorTx checks that a person is an operator, and keeps them one until the caller's transaction ends. Errors:
// ErrNotOperator.
func (a *Accounts) OperatorTx(ctx context.Context, tx pgx.Tx, id int64) error {
	operators, err := a.operatorsTx(ctx, tx)
	if err == nil && !slices.Contains(operators, id) {
		return ErrNotOperator.Because("account %d", id)
	}
	return err
}

func (a *Accounts) operatorsTx(ctx context.Context, tx pgx.Tx) ([]int64, error) {
	if err := a.q.LockOperators(ctx, tx); err != nil {
		return nil, fmt.Errorf("lock the operators: %w", err)
	}
	operators, err := a.q.Operators(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("read the operators: %w", err)
	}
	return operators, nil
}

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

// MayBecomeCreator checks whether a person may become a creator by their own choice, before anything is written for it.
// Errors: ErrRoleDecided, ErrNoUser.
func (a *Accounts) MayBecomeCreator(ctx context.Context, id int64) error {
	decided, err := a.q.RoleDecided(ctx, a.pool, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoUser.Because("user %d", id)
	case err != nil:
		return fmt.Errorf("who decides the role of %d: %w", id, err)
	case decided:
		return ErrRoleDecided.Because("user %d", id)
	}
	return nil
}

// BecomeCreator makes a shopper a creator by their own choice, and ends their sessions and tokens. Errors: ErrNoUser,
// ErrRoleMoved if the person is no longer a shopper, ErrRoleDecided if an operator made them a shopper.
func (a *Accounts) BecomeCreator(ctx context.Context, id int64) error {
	changed, err := a.endingSessions(ctx, id, func(tx pgx.Tx) (int64, error) {
		decided, err := a.q.LockRoleDecided(ctx, tx, id)
		if err != nil {
			return 0, err
		}
		if decided {
			return 0, ErrRoleDecided.Because("user %d", id)
		}
		return a.q.MoveRole(ctx, tx, dbsqlc.MoveRoleParams{
			ID:       id,
			FromRole: RoleShopper,
			ToRole:   RoleCreator,
		})
	})
	if err == nil && !changed {
		return ErrRoleMoved.Because("user %d is no shopper", id)
	}
	return err
}
