package backoffice

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/risk"
)

// PeopleDeps are the dependencies of People.
type PeopleDeps struct {
	Pool     *pgxpool.Pool
	Accounts *account.Accounts
	Lists    *risk.Lists
	Audit    AuditFunc // nil records nothing
}

// People are the actions of operators about somebody's account, each with its reason.
type People struct{ deps PeopleDeps }

// NewPeople returns People with the given dependencies.
func NewPeople(d PeopleDeps) *People { return &People{d} }

// ChangeRoles gives and takes roles of somebody and signs them out everywhere. The actor is an operator who is not
// suspended, and no duty is left to suspended operators alone. Errors: those of account.ChangeRolesTx,
// ErrActionInvalid, ErrActorSuspended.
func (p *People) ChangeRoles(ctx context.Context, r account.RoleChange, reason string) error {
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	return db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if err := p.holdTx(ctx, tx, r.By); err != nil {
			return err
		}
		operators, err := p.deps.Accounts.Operators(ctx, tx)
		if err != nil {
			return err
		}
		suspended, err := p.deps.Lists.HoldTx(ctx, tx, operators...)
		if err != nil {
			return err
		}
		r.Away = slices.Collect(maps.Keys(suspended))
		given, taken, err := p.deps.Accounts.ChangeRolesTx(ctx, tx, r)
		if err != nil {
			return err
		}
		return p.auditTx(ctx, tx, r.By, "account.role", r.ID,
			map[string]any{"given": all(given), "taken": all(taken), "reason": reason})
	})
}

// all writes no roles as an empty list.
func all(r account.Roles) account.Roles {
	if r == nil {
		return account.Roles{}
	}
	return r
}

// MakeOperator gives an account all duties, for whoever runs the mall. Errors: those of account.MakeOperator.
func (p *People) MakeOperator(ctx context.Context, o account.NewOperator) (account.User, error) {
	return p.deps.Accounts.MakeOperator(ctx, o, p.noteOperator("command"))
}

// SetUp makes the first operator with a code that the mall has printed. Errors: those of account.SetUp.
func (p *People) SetUp(ctx context.Context, code, addr string, o account.NewOperator) (account.User, error) {
	return p.deps.Accounts.SetUp(ctx, code, addr, o, p.noteOperator("setup"))
}

// ResetFactors removes all second factors of the person with this email, for whoever runs the mall. Errors: those of
// account.ResetFactors.
func (p *People) ResetFactors(ctx context.Context, email string) (account.User, error) {
	return p.deps.Accounts.ResetFactors(ctx, email, func(ctx context.Context, tx pgx.Tx, u account.User) error {
		return p.auditTx(ctx, tx, 0, "account.factors", u.ID, map[string]any{"by": "command"})
	})
}

// noteOperator records that the mall itself, which is actor 0, has made an operator.
func (p *People) noteOperator(way string) account.NoteFunc {
	return func(ctx context.Context, tx pgx.Tx, u account.User) error {
		return p.auditTx(ctx, tx, 0, "account.operator", u.ID,
			map[string]any{"given": u.Roles.Duties(), "by": way})
	}
}

// Suspend keeps somebody out of the mall for the given length, or until it is lifted if that is 0, and signs them out
// everywhere. Errors: ErrActionInvalid, ErrActorSuspended, risk.ErrOwnLockout, account.ErrNoUser, and
// account.ErrNotOperator if the lists require an operator.
func (p *People) Suspend(ctx context.Context, by risk.Subject, id int64, reason string, length time.Duration) error {
	reason, err := checkReason(reason)
	if length < 0 {
		wrong := ErrActionInvalid.With("for", "list_expiry_invalid")
		if err != nil {
			wrong = wrong.With("reason", "reason_missing")
		}
		err = wrong
	}
	if err != nil {
		return err
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if _, err := p.deps.Accounts.UserTx(ctx, tx, id); err != nil {
			return err
		}
		entry, err := p.deps.Lists.SuspendTx(ctx, tx, risk.Suspension{
			UserID: id,
			Reason: reason,
			For:    length,
			By:     by,
		})
		if err != nil {
			return err
		}
		ended, err := p.deps.Accounts.EndAllTx(ctx, tx, id)
		if err != nil {
			return err
		}
		detail := map[string]any{"entry": entry, "reason": reason, "sessions": ended}
		if length > 0 {
			detail["hours"] = int(length.Hours())
		}
		return p.auditTx(ctx, tx, by.UserID, "account.suspend", id, detail)
	})
	if err == nil {
		p.deps.Lists.Changed()
	}
	return err
}

// Lift ends somebody's suspension. Errors: ErrActionInvalid; ErrActorSuspended, also for one's own suspension;
// risk.ErrNoEntry for somebody who is not suspended; account.ErrNotOperator, as for Suspend.
func (p *People) Lift(ctx context.Context, by risk.Subject, id int64, reason string) error {
	reason, err := checkReason(reason)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		entry, err := p.deps.Lists.LiftTx(ctx, tx, id, by)
		if err != nil {
			return err
		}
		return p.auditTx(ctx, tx, by.UserID, "account.lift", id, map[string]any{"entry": entry, "reason": reason})
	})
	if err == nil {
		p.deps.Lists.Changed()
	}
	return err
}

// SignOut ends all sessions and tokens of somebody, and returns how many sessions ended. Errors: ErrActionInvalid,
// account.ErrNoUser, account.ErrNotOperator, ErrActorSuspended.
func (p *People) SignOut(ctx context.Context, by, id int64, reason string) (ended int, err error) {
	reason, err = checkReason(reason)
	if err != nil {
		return 0, err
	}
	err = db.InTx(ctx, p.deps.Pool, func(tx pgx.Tx) error {
		if err := p.holdTx(ctx, tx, by); err != nil {
			return err
		}
		if _, err := p.deps.Accounts.UserTx(ctx, tx, id); err != nil {
			return err
		}
		if err := p.deps.Accounts.OperatorTx(ctx, tx, by, account.DutyPeople); err != nil {
			return err
		}
		if ended, err = p.deps.Accounts.EndAllTx(ctx, tx, id); err != nil {
			return err
		}
		return p.auditTx(ctx, tx, by, "account.sign_out", id, map[string]any{"reason": reason, "sessions": ended})
	})
	return ended, err
}

// holdTx checks that the actor is not suspended, and keeps them from being suspended until the transaction ends. Every
// action locks the lists before the accounts. Errors: ErrActorSuspended.
func (p *People) holdTx(ctx context.Context, tx pgx.Tx, by int64) error {
	denied, err := p.deps.Lists.HoldTx(ctx, tx, by)
	if err != nil {
		return err
	}
	if _, out := denied[by]; out {
		return ErrActorSuspended.Because("operator %d", by)
	}
	return nil
}

func (p *People) auditTx(ctx context.Context, tx pgx.Tx, by int64, action string, id int64,
	detail map[string]any,
) error {
	if p.deps.Audit == nil {
		return nil
	}
	return p.deps.Audit(ctx, tx, by, action, AccountSubject(id), detail)
}
