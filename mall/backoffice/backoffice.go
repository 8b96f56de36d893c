// Package backoffice owns what operators may do across modules in one transaction, each with its audit action: roles
// and suspensions of people, jobs that failed. It refuses to know pages, and what an operator may do within one module,
// which is that module's.
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

// MaxReason is how long the reason of an action may be, in characters.
const MaxReason = risk.MaxReason

// Why an action about somebody is refused, besides what the modules say. ErrActionInvalid has the fields reason and
// for.
var (
	ErrActionInvalid  = fault.New(fault.Invalid, "deed_invalid", "Some fields need another look.")
	ErrActorSuspended = risk.ErrActorSuspended
)

// AuditFunc writes down an action of the staff, in the transaction of the action.
type AuditFunc = func(ctx context.Context, tx pgx.Tx, actorID int64, action, subject string, detail any) error

// Audit names actors by the email that they have at that moment, so that the log can be read when the account is gone.
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

// AccountSubject names an account in the audit log.
func AccountSubject(id int64) string { return fmt.Sprintf("account:%d", id) }

// checkReason reads a reason: something, in a line or more that PostgreSQL and a page accept.
func checkReason(reason string) (string, error) {
	reason = strings.TrimSpace(reason)
	if reason == "" || utf8.RuneCountInString(reason) > MaxReason || !db.Storable(reason) {
		return "", ErrActionInvalid.With("reason", "reason_missing")
	}
	return reason, nil
}
