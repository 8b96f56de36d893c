package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// AskEmail begins to change the address of a person who proves their password. The new address gets a link, and the
// present one is told. Nothing changes before the link is used. Errors: ErrInvalidAccount with fields email or
// currentPassword, ErrEmailTaken, ErrThrottled, ErrBusy, ErrNoMail, ErrNoUser.
func (a *Accounts) AskEmail(ctx context.Context, id int64, email, password string) error {
	if a.notify == nil {
		return ErrNoMail
	}
	email = normalEmail(email)
	if !validEmail(email) {
		return ErrInvalidAccount.With("email", "email_invalid")
	}
	u, err := a.User(ctx, id)
	if err != nil {
		return err
	}
	if email == u.Email {
		return ErrInvalidAccount.With("email", "email_same")
	}
	if err := a.ProvePassword(ctx, id, password); err != nil {
		return err
	}
	if err := a.mayMail(ctx, id, email); err != nil {
		return err
	}
	_, err = a.rowByEmail(ctx, email)
	if err == nil {
		return ErrEmailTaken.With("email", "email_taken")
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("find user by email: %w", err)
	}
	return db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		until := a.now().Add(VerifyLife)
		token, err := a.newLink(ctx, tx, changeEmail, u, email, until)
		if err != nil {
			return err
		}
		cause := fmt.Sprintf("%s/%x", NoticeEmailConfirm, hash(token))
		err = a.tell(ctx, tx, Notice{
			Kind:   NoticeEmailConfirm,
			Cause:  cause,
			User:   u,
			To:     email,
			Secret: token,
			Until:  until,
		})
		if err != nil {
			return err
		}
		return a.tell(ctx, tx, Notice{Kind: NoticeEmailAsked, Cause: cause, User: u, Data: newAddress{email}})
	})
}

// newAddress is what mails about another address say of it.
type newAddress struct {
	Email string `json:"email"`
}

// ChangeEmail takes the link of AskEmail as proof that the person reads the new address, which becomes theirs. Only the
// person themselves can use it, since a mistyped address is a stranger's. Every session, token and link ends, and both
// addresses are told. Errors: ErrLinkGone, ErrEmailTaken.
func (a *Accounts) ChangeEmail(ctx context.Context, id int64, token string) error {
	l, err := a.link(ctx, changeEmail, token)
	if err != nil {
		return err
	}
	if l.UserID != id {
		return ErrLinkGone.Because("a link of %d, used by %d", l.UserID, id)
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.useLink(ctx, tx, token); err != nil {
			return err
		}
		n, err := a.q.ReplaceEmail(ctx, tx, dbsqlc.ReplaceEmailParams{
			Email:    l.Email,
			At:       a.now(),
			ID:       l.UserID,
			OldEmail: l.CurrentEmail,
			Epoch:    l.Epoch,
		})
		if err != nil {
			return err
		}
		if n == 0 { // another link, or the end of their access, came first
			return ErrLinkGone
		}
		if _, err := a.EndAllTx(ctx, tx, l.UserID); err != nil {
			return err
		}
		u, err := a.UserTx(ctx, tx, l.UserID)
		if err != nil {
			return err
		}
		if _, err := a.record(ctx, tx, l.UserID, NoticeEmailChanged, l.Email); err != nil {
			return err
		}
		for _, to := range []string{l.CurrentEmail, l.Email} {
			err := a.tell(ctx, tx, Notice{
				Kind:  NoticeEmailChanged,
				Cause: fmt.Sprintf("%s/%d/%d", NoticeEmailChanged, u.ID, u.Epoch),
				User:  u,
				To:    to,
				Data:  newAddress{l.Email},
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if db.IsUnique(err, "account_user_email_key") {
		return ErrEmailTaken.With("email", "email_taken")
	}
	if err != nil {
		return fmt.Errorf("change the address of %d: %w", l.UserID, err)
	}
	return nil
}
