package mall

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/risk"
)

// MaxReason is how long the reason of a deed may be, in characters.
const MaxReason = risk.MaxReason

// Why a deed about somebody is refused, besides what the modules say. ErrDeedInvalid has the fields reason and for.
var (
	ErrDeedInvalid    = fault.New(fault.Invalid, "deed_invalid", "Some fields need another look.")
	ErrActorSuspended = risk.ErrActorSuspended
)

// People are the deeds of operators about somebody's account, each with its reason in the audit log, in one
// transaction.
type People struct {
	Pool     *pgxpool.Pool
	Accounts *account.Accounts
	Lists    *risk.Lists
	Deed     Deed // nil writes nothing
}

// People are those of this mall.
func (m *Mall) People() People {
	return People{
		Pool:     m.pool,
		Accounts: m.Accounts,
		Lists:    m.Lists,
		Deed:     Deeds(m.Accounts, m.Audit),
	}
}

// ChangeRole gives somebody another role and signs them out everywhere. There is an operator who is let in after it:
// the one who acts. Errors: those of account.ChangeRoleTx, ErrDeedInvalid, ErrActorSuspended.
func (p People) ChangeRole(ctx context.Context, r account.RoleChange, reason string) error {
	reason, err := why(reason)
	if err != nil {
		return err
	}
	return db.InTx(ctx, p.Pool, func(tx pgx.Tx) error {
		if err := p.holdTx(ctx, tx, r.By); err != nil {
			return err
		}
		if err := p.Accounts.ChangeRoleTx(ctx, tx, r); err != nil {
			return err
		}
		return p.deedTx(ctx, tx, r.By, "account.role", r.ID,
			map[string]any{"from": r.From, "to": r.To, "reason": reason})
	})
}

// Suspend keeps somebody out of the mall for that long, 0 for until it is lifted, and signs them out everywhere.
// Errors: ErrDeedInvalid, ErrActorSuspended, risk.ErrOwnLockout, account.ErrNoUser; account.ErrNotOperator where the
// lists ask for one.
func (p People) Suspend(ctx context.Context, by risk.Subject, id int64, reason string, length time.Duration) error {
	reason, err := why(reason)
	if length < 0 {
		wrong := ErrDeedInvalid.With("for", "list_expiry_invalid")
		if err != nil {
			wrong = wrong.With("reason", "reason_missing")
		}
		err = wrong
	}
	if err != nil {
		return err
	}
	err = db.InTx(ctx, p.Pool, func(tx pgx.Tx) error {
		if _, err := p.Accounts.UserTx(ctx, tx, id); err != nil {
			return err
		}
		entry, err := p.Lists.SuspendTx(ctx, tx, risk.Suspension{
			UserID: id,
			Reason: reason,
			For:    length,
			By:     by,
		})
		if err != nil {
			return err
		}
		ended, err := p.Accounts.EndAllTx(ctx, tx, id)
		if err != nil {
			return err
		}
		detail := map[string]any{"entry": entry, "reason": reason, "sessions": ended}
		if length > 0 {
			detail["hours"] = int(length.Hours())
		}
		return p.deedTx(ctx, tx, by.UserID, "account.suspend", id, detail)
	})
	if err == nil {
		p.Lists.Changed()
	}
	return err
}

// Lift lets somebody in again. Errors: ErrDeedInvalid, ErrActorSuspended, also for lifting one's own suspension,
// risk.ErrNoEntry for one who is not suspended; account.ErrNotOperator as above.
func (p People) Lift(ctx context.Context, by risk.Subject, id int64, reason string) error {
	reason, err := why(reason)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, p.Pool, func(tx pgx.Tx) error {
		entry, err := p.Lists.LiftTx(ctx, tx, id, by)
		if err != nil {
			return err
		}
		return p.deedTx(ctx, tx, by.UserID, "account.lift", id, map[string]any{"entry": entry, "reason": reason})
	})
	if err == nil {
		p.Lists.Changed()
	}
	return err
}

// SignOut ends all sessions and tokens of somebody; it returns how many sessions ended. Errors: ErrDeedInvalid,
// account.ErrNoUser, account.ErrNotOperator, ErrActorSuspended.
func (p People) SignOut(ctx context.Context, by, id int64, reason string) (ended int, err error) {
	reason, err = why(reason)
	if err != nil {
		return 0, err
	}
	err = db.InTx(ctx, p.Pool, func(tx pgx.Tx) error {
		if err := p.holdTx(ctx, tx, by); err != nil {
			return err
		}
		if _, err := p.Accounts.UserTx(ctx, tx, id); err != nil {
			return err
		}
		if err := p.Accounts.OperatorTx(ctx, tx, by); err != nil {
			return err
		}
		if ended, err = p.Accounts.EndAllTx(ctx, tx, id); err != nil {
			return err
		}
		return p.deedTx(ctx, tx, by, "account.sign_out", id, map[string]any{"reason": reason, "sessions": ended})
	})
	return ended, err
}

// holdTx keeps who acts from being suspended meanwhile: the lists come before the accounts in every deed.
func (p People) holdTx(ctx context.Context, tx pgx.Tx, by int64) error {
	denied, err := p.Lists.HoldTx(ctx, tx, by)
	if err != nil {
		return err
	}
	if _, out := denied[by]; out {
		return ErrActorSuspended.Because("operator %d", by)
	}
	return nil
}

func (p People) deedTx(ctx context.Context, tx pgx.Tx, by int64, verb string, id int64, detail map[string]any) error {
	if p.Deed == nil {
		return nil
	}
	return p.Deed(ctx, tx, by, verb, AccountSubject(id), detail)
}

// AccountSubject names an account in the audit log.
func AccountSubject(id int64) string { return fmt.Sprintf("account:%d", id) }

// why reads a reason: something, in a line or more that PostgreSQL and a page accept.
func why(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > MaxReason || !db.Storable(reason) {
		return "", ErrDeedInvalid.With("reason", "reason_missing")
	}
	return reason, nil
}
