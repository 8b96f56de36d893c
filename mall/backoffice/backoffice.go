// Package backoffice owns the actions of operators that change several modules in one transaction: roles and
// suspensions of people, and failed jobs. Each action is recorded in the audit log. The package refuses to know pages,
// and actions within one module, which that module owns.
package backoffice

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account"
	"videomall/mall/audit"
	"videomall/mall/fault"
	"videomall/mall/risk"
)

// MaxReason is the longest reason of an action in characters.
const MaxReason = risk.MaxReason

// Faults of an action about somebody, besides those of the modules. ErrActionInvalid has the fields reason and for.
var (
	ErrActionInvalid  = fault.New(fault.Invalid, "deed_invalid", "Some fields need another look.")
	ErrActorSuspended = risk.ErrActorSuspended
)

// AuditFunc records an action of the staff, in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, action, subject string, detail any) error

// Audit returns an AuditFunc that names actors by the email that they have at that moment, so that the log stays
// readable when the account is gone.
func Audit(accounts *account.Accounts, log *audit.Log) AuditFunc {
	return func(ctx context.Context, tx pgx.Tx, actorID int64, action, subject string, detail any) error {
		name := AccountSubject(actorID)
		u, err := accounts.UserTx(ctx, tx, actorID)
		switch {
		case err == nil:
			name = u.Email
		case !errors.Is(err, account.ErrNoUser):
			return err
		}
		return log.WriteTx(ctx, tx, audit.Entry{
			ActorID: actorID,
			Actor:   name,
			Verb:    action,
			Subject: subject,
			Detail:  detail,
		})
	}
}

// AccountSubject returns the name of an account in the audit log.
func AccountSubject(id int64) string { return fmt.Sprintf("account:%d", id) }

// checkReason trims a reason and checks that it is not empty, not too long, and storable. Errors: ErrActionInvalid.
func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > MaxReason || !db.Storable(reason) {
		return "", ErrActionInvalid.With("reason", "reason_missing")
	}
	return reason, nil
}
