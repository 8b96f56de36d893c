package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of changing somebody's roles.
var (
	ErrOwnRole      = fault.New(fault.Forbidden, "own_role", "Nobody changes their own roles.")
	ErrLastOperator = fault.New(fault.Conflict, "last_operator",
		"Nobody else has this duty; the mall needs somebody for each.")
	ErrNotOperator = fault.New(fault.Forbidden, "not_operator", "You do not have this duty any more.")
	ErrNotYours    = fault.New(fault.Forbidden, "not_yours_to_give", "You can only give duties that you have.")
	ErrRoleDecided = fault.New(fault.Forbidden, "role_decided",
		"An operator has decided your roles. Only an operator can change them.")
	ErrRoleMoved = fault.New(fault.Conflict, "role_moved", "This person's roles have changed since you looked.")
)

// Given is a role that a person has. By is 0, and Giver "", for one that the mall gave at its setup.
type Given struct {
	Role  string
	By    int64
	Giver string // the name of By
	At    time.Time
}

// RolesOf lists the roles of a person, with who gave them.
func (a *Accounts) RolesOf(ctx context.Context, id int64) ([]Given, error) {
	rows, err := a.q.RolesOf(ctx, a.pool, id)
	if err != nil {
		return nil, fmt.Errorf("roles of %d: %w", id, err)
	}
	list := make([]Given, len(rows))
	for n, r := range rows {
		list[n] = Given{
			Role:  r.Role,
			Giver: r.Giver,
			At:    r.GivenAt,
		}
		if r.GivenBy != nil {
			list[n].By = *r.GivenBy
		}
	}
	return list, nil
}

// WhoGives returns the names of people who can give a duty, at most that many, those who came first before the others.
func (a *Accounts) WhoGives(ctx context.Context, duty string, most int) ([]string, error) {
	names, err := a.q.NamesWithRoles(ctx, a.pool, dbsqlc.NamesWithRolesParams{
		Role:  DutyPeople,
		Other: duty,
		Most:  int32(most),
	})
	if err != nil {
		return nil, fmt.Errorf("who can give the duty %s: %w", duty, err)
	}
	return names, nil
}

// RoleChange is a change of somebody's roles by an operator. From are the roles that the operator saw. Away are
// operators who cannot sign in meanwhile, so that no duty is left to them alone.
type RoleChange struct {
	By, ID   int64
	From, To Roles
	Away     []int64
}

// ChangeRolesTx gives and takes a person's roles, in the caller's transaction, and ends their sessions and tokens, so
// that the old roles are gone at their next request. From then on only an operator can change the roles, so a person
// cannot take back one that was taken away. It tells the person.
//
// The person who acts must have the duty of people at this moment, and every duty that they give. Each duty that is
// taken must be left to somebody else: changes run one after another, so two operators who take each other's duties at
// once do not leave one without anybody.
//
// Errors: ErrInvalidAccount with the field role, ErrOwnRole, ErrNotOperator, ErrNotYours, ErrLastOperator with the field
// role, ErrNoUser, ErrRoleMoved.
func (a *Accounts) ChangeRolesTx(ctx context.Context, tx pgx.Tx, r RoleChange) (given, taken Roles, err error) {
	if len(r.To.Without(nil)) != len(r.To) {
		return nil, nil, ErrInvalidAccount.Because("roles %q", r.To).With("role", "role_unknown")
	}
	if r.By == r.ID {
		return nil, nil, ErrOwnRole.Because("operator %d", r.By)
	}
	holders, err := a.holdersTx(ctx, tx)
	if err != nil {
		return nil, nil, err
	}
	if !holders[r.By].Has(DutyPeople) {
		return nil, nil, ErrNotOperator.Because("account %d", r.By)
	}
	now, _, err := a.lockRoles(ctx, tx, r.ID)
	if err != nil {
		return nil, nil, err
	}
	switch {
	case !now.Same(r.From):
		return nil, nil, ErrRoleMoved.Because("user %d has %q", r.ID, now)
	case now.Same(r.To):
		return nil, nil, ErrInvalidAccount.With("role", "roles_unchanged")
	}
	given, taken = r.To.Without(now), now.Without(r.To)
	if beyond := given.Duties().Without(holders[r.By]); len(beyond) > 0 {
		return nil, nil, ErrNotYours.Because("operator %d gives %q", r.By, beyond).With("role", ErrNotYours.Slug)
	}
	for _, duty := range taken.Duties() {
		if !leftTo(holders, duty, append(r.Away, r.ID)) {
			return nil, nil, ErrLastOperator.Because("duty %s of %d", duty, r.ID).With("role", ErrLastOperator.Slug)
		}
	}
	if err := a.giveTx(ctx, tx, r.ID, &r.By, given); err != nil {
		return nil, nil, err
	}
	if err := a.takeTx(ctx, tx, r.ID, taken); err != nil {
		return nil, nil, err
	}
	if err := a.q.DecideRole(ctx, tx, dbsqlc.DecideRoleParams{At: a.now(), ID: r.ID}); err != nil {
		return nil, nil, fmt.Errorf("note that an operator decided the roles of %d: %w", r.ID, err)
	}
	if _, err := a.EndAllTx(ctx, tx, r.ID); err != nil {
		return nil, nil, err
	}
	return given, taken, a.tellRolesChanged(ctx, tx, r.ID, given, taken)
}

// RolesChanged is what a notice says of a change of somebody's roles.
type RolesChanged struct {
	Given Roles `json:"given"`
	Taken Roles `json:"taken"`
}

// tellRolesChanged tells a person, after EndAllTx has begun a new epoch, which names the change.
func (a *Accounts) tellRolesChanged(ctx context.Context, tx pgx.Tx, id int64, given, taken Roles) error {
	u, err := a.UserTx(ctx, tx, id)
	if err != nil {
		return err
	}
	return a.tell(ctx, tx, Notice{
		Kind:  NoticeRolesChanged,
		Cause: fmt.Sprintf("%s/%d/%d", NoticeRolesChanged, id, u.Epoch),
		User:  u,
		Data:  RolesChanged{Given: given, Taken: taken},
	})
}

// leftTo reports whether somebody besides those who are away or asked about has a duty.
func leftTo(holders map[int64]Roles, duty string, without []int64) bool {
	for id, roles := range holders {
		if roles.Has(duty) && !slices.Contains(without, id) {
			return true
		}
	}
	return false
}

// OperatorTx checks that a person has a duty, and keeps them it until the caller's transaction ends. Errors:
// ErrNotOperator.
func (a *Accounts) OperatorTx(ctx context.Context, tx pgx.Tx, id int64, duty string) error {
	holders, err := a.holdersTx(ctx, tx)
	if err == nil && !holders[id].Has(duty) {
		return ErrNotOperator.Because("account %d has no duty %s", id, duty)
	}
	return err
}

// Operators returns everybody who has a duty and is not locked, as of now.
func (a *Accounts) Operators(ctx context.Context, tx pgx.Tx) ([]int64, error) {
	holders, err := a.holdersTx(ctx, tx)
	ids := make([]int64, 0, len(holders))
	for id := range holders {
		ids = append(ids, id)
	}
	return ids, err
}

// holdersTx returns who has which duties, which no other transaction changes until this one ends.
func (a *Accounts) holdersTx(ctx context.Context, tx pgx.Tx) (map[int64]Roles, error) {
	if err := a.q.LockOperators(ctx, tx); err != nil {
		return nil, fmt.Errorf("lock the operators: %w", err)
	}
	rows, err := a.q.Holders(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("read the operators: %w", err)
	}
	holders := map[int64]Roles{}
	for _, r := range rows {
		holders[r.UserID] = append(holders[r.UserID], r.Role)
	}
	return holders, nil
}

// lockRoles returns a person's roles, which no other transaction changes until this one ends, and whether an operator
// has decided them. Errors: ErrNoUser.
func (a *Accounts) lockRoles(ctx context.Context, tx pgx.Tx, id int64) (now Roles, decided bool, err error) {
	row, err := a.q.LockUser(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, false, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return nil, false, fmt.Errorf("lock user %d: %w", id, err)
	}
	given, err := a.q.RolesOf(ctx, tx, id)
	if err != nil {
		return nil, false, fmt.Errorf("roles of %d: %w", id, err)
	}
	for _, g := range given {
		now = append(now, g.Role)
	}
	return now, row.Decided, nil
}

// giveTx gives roles to a person. by is nil for the mall itself.
func (a *Accounts) giveTx(ctx context.Context, tx pgx.Tx, id int64, by *int64, roles Roles) error {
	for _, role := range roles {
		if _, err := a.q.GiveRole(ctx, tx, dbsqlc.GiveRoleParams{
			UserID:  id,
			Role:    role,
			GivenBy: by,
			GivenAt: a.now(),
		}); err != nil {
			return fmt.Errorf("give the role %s to %d: %w", role, id, err)
		}
	}
	return nil
}

// takeTx takes roles from a person.
func (a *Accounts) takeTx(ctx context.Context, tx pgx.Tx, id int64, roles Roles) error {
	for _, role := range roles {
		if _, err := a.q.TakeRole(ctx, tx, dbsqlc.TakeRoleParams{UserID: id, Role: role}); err != nil {
			return fmt.Errorf("take the role %s from %d: %w", role, id, err)
		}
	}
	return nil
}

// MayBecomeCreator checks whether a person may become a creator by their own choice, before anything is written for it.
// Errors: ErrRoleDecided, ErrNoUser.
func (a *Accounts) MayBecomeCreator(ctx context.Context, id int64) error {
	decided, err := a.q.RoleDecided(ctx, a.pool, id)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return ErrNoUser.Because("user %d", id)
	case err != nil:
		return fmt.Errorf("who decides the roles of %d: %w", id, err)
	case decided:
		return ErrRoleDecided.Because("user %d", id)
	}
	return nil
}

// BecomeCreator makes a shopper a creator by their own choice, and ends their sessions and tokens. Errors: ErrNoUser,
// ErrRoleMoved if the person has a role already, ErrRoleDecided if an operator has decided their roles.
func (a *Accounts) BecomeCreator(ctx context.Context, id int64) error {
	_, err := a.endingSessions(ctx, id, func(tx pgx.Tx) (int64, error) {
		now, decided, err := a.lockRoles(ctx, tx, id)
		switch {
		case err != nil:
			return 0, err
		case decided:
			return 0, ErrRoleDecided.Because("user %d", id)
		case !now.Is(RoleShopper):
			return 0, ErrRoleMoved.Because("user %d is no shopper", id)
		}
		return 1, a.giveTx(ctx, tx, id, &id, Roles{RoleCreator})
	})
	return err
}
