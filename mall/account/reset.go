package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// ResetArgs are the arguments of the job that mails the link for a new password, if the address has an account.
type ResetArgs struct {
	ID     string `json:"id"` // of the request
	Email  string `json:"email"`
	Locale string `json:"locale"` // of the page
}

// Kind returns the name of the job in the database.
func (ResetArgs) Kind() string { return "reset_password" }

// Reset is a request for a link by which a forgotten password is replaced.
type Reset struct {
	Email, Locale string
	Addr          string // the peer's address
}

// AskReset enqueues the mail with the link. It does the same for every address, so that neither the answer nor its time
// reveals who has an account. Errors: ErrInvalidAccount with field email, ErrThrottled, ErrNoMail.
func (a *Accounts) AskReset(ctx context.Context, r Reset) error {
	if a.notify == nil {
		return ErrNoMail
	}
	email := normalEmail(r.Email)
	if !validEmail(email) {
		return ErrInvalidAccount.With("email", "email_invalid")
	}
	counted := slices.Concat(ruleReset.from(r.Addr, ""), ruleResetOf.from(r.Addr, email),
		[]attempts{{ruleMailTo, email}})
	if _, wait := a.throttle.take(ctx, counted); wait > 0 {
		return throttled(wait)
	}
	args := ResetArgs{ID: newID(), Email: email, Locale: r.Locale}
	if former := formerEmail(r.Email); db.Storable(former) {
		args.Email = former // an old account may be found by this spelling alone
	}
	if _, err := a.jobs.Insert(ctx, args, nil); err != nil {
		return fmt.Errorf("enqueue a link for a new password: %w", err)
	}
	return nil
}

// SendReset mails the link to whoever has the address, for the job of AskReset. Nobody, a locked account and an
// address that isn't one are no errors.
func (a *Accounts) SendReset(ctx context.Context, r ResetArgs) error {
	row, err := a.rowByEmail(ctx, r.Email)
	if errors.Is(err, pgx.ErrNoRows) || err == nil && row.Status != "active" {
		return nil
	}
	if err != nil {
		return fmt.Errorf("find user by email: %w", err)
	}
	u := User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}
	return db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		until := a.now().Add(ResetLife)
		token, err := a.newLink(ctx, tx, resetPassword, u, u.Email, until)
		if err != nil {
			return err
		}
		return a.tell(ctx, tx, Notice{
			Kind:   NoticeReset,
			Cause:  NoticeReset + "/" + r.ID,
			User:   u,
			Locale: r.Locale,
			Secret: token,
			Until:  until,
		})
	})
}

// ResetLink returns nil if the link still works. Errors: ErrLinkGone.
func (a *Accounts) ResetLink(ctx context.Context, token string) error {
	_, err := a.link(ctx, resetPassword, token)
	return err
}

// ResetPassword replaces a forgotten password. Second factors stay, unless nobody has confirmed the address before. It ends every link, session and token of the person, forgives the
// wrong passwords of their network, and tells them. Errors: ErrLinkGone, ErrInvalidAccount with field password,
// ErrThrottled, ErrBusy.
func (a *Accounts) ResetPassword(ctx context.Context, token, password, addr string) error {
	if _, wait := a.throttle.take(ctx, ruleLink.from(addr, "")); wait > 0 {
		return throttled(wait)
	}
	l, err := a.link(ctx, resetPassword, token)
	if err != nil {
		return err
	}
	if err := a.newPassword(password, l.CurrentEmail, l.Name); err != nil {
		return err
	}
	made, err := a.hasher.make(ctx, familiars, password)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.useLink(ctx, tx, token); err != nil {
			return err
		}
		n, err := a.q.ReplacePassword(ctx, tx, dbsqlc.ReplacePasswordParams{
			PasswordHash: made,
			ID:           l.UserID,
			Email:        l.Email,
			Epoch:        l.Epoch,
		})
		if err != nil {
			return fmt.Errorf("reset the password of %d: %w", l.UserID, err)
		}
		if n == 0 { // locked, moved or signed out everywhere since the link was read
			return ErrLinkGone
		}
		if err := a.dropUnproved(ctx, tx, l.UserID); err != nil {
			return err
		}
		if err := a.verified(ctx, tx, l.UserID, l.Email); err != nil {
			return err
		}
		if _, err := a.EndAllTx(ctx, tx, l.UserID); err != nil {
			return err
		}
		return a.tellPasswordChanged(ctx, tx, l.UserID)
	})
	if err == nil {
		a.throttle.clear(ctx, ruleNetwork.from(addr, l.Email)...)
	}
	return err
}

// tellPasswordChanged tells a person that their password is another one, after EndAllTx has begun a new epoch, which
// names the change.
func (a *Accounts) tellPasswordChanged(ctx context.Context, tx pgx.Tx, id int64) error {
	u, err := a.UserTx(ctx, tx, id)
	if err != nil {
		return err
	}
	if _, err := a.record(ctx, tx, id, NoticePasswordChanged, ""); err != nil {
		return err
	}
	return a.tell(ctx, tx, Notice{
		Kind:  NoticePasswordChanged,
		Cause: fmt.Sprintf("%s/%d/%d", NoticePasswordChanged, id, u.Epoch),
		User:  u,
	})
}
