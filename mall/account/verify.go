package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// VerifiedAt says when a person last proved that they read their address; nil if they never did. Errors: ErrNoUser.
func (a *Accounts) VerifiedAt(ctx context.Context, id int64) (*time.Time, error) {
	at, err := a.q.EmailVerified(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return nil, fmt.Errorf("was the address of %d verified: %w", id, err)
	}
	return at, nil
}

// AskVerify mails a link by which the person proves that they read their address. Errors: ErrThrottled, ErrNoMail,
// ErrNoUser.
func (a *Accounts) AskVerify(ctx context.Context, id int64) error {
	if a.notify == nil {
		return ErrNoMail
	}
	u, err := a.User(ctx, id)
	if err != nil {
		return err
	}
	if err := a.mayMail(ctx, id, u.Email); err != nil {
		return err
	}
	return db.InTx(ctx, a.pool, func(tx pgx.Tx) error { return a.tellVerify(ctx, tx, u) })
}

// mayMail counts a link that a person asks for to an address. Errors: ErrThrottled.
func (a *Accounts) mayMail(ctx context.Context, id int64, email string) error {
	counted := []attempts{{ruleVerify, fmt.Sprint(id)}, {ruleMailTo, email}}
	if _, wait := a.throttle.take(ctx, counted); wait > 0 {
		return throttled(wait)
	}
	return nil
}

func (a *Accounts) tellVerify(ctx context.Context, tx pgx.Tx, u User) error {
	if a.notify == nil {
		return nil
	}
	until := a.now().Add(VerifyLife)
	token, err := a.newLink(ctx, tx, verifyEmail, u, u.Email, until)
	if err != nil {
		return err
	}
	return a.tell(ctx, tx, Notice{
		Kind:   NoticeVerify,
		Cause:  fmt.Sprintf("%s/%x", NoticeVerify, hash(token)),
		User:   u,
		Secret: token,
		Until:  until,
	})
}

// Verify takes the link of AskVerify as proof. Errors: ErrLinkGone, also if the person has another address by now.
func (a *Accounts) Verify(ctx context.Context, token string) error {
	l, err := a.link(ctx, verifyEmail, token)
	if err != nil {
		return err
	}
	return db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.useLink(ctx, tx, token); err != nil {
			return err
		}
		if err := a.verified(ctx, tx, l.UserID, l.Email); err != nil || a.onVerified == nil {
			return err
		}
		return a.onVerified(ctx, tx, l.Email)
	})
}

// verified records that a person reads their address. Errors: ErrLinkGone if it is no longer theirs.
func (a *Accounts) verified(ctx context.Context, tx pgx.Tx, id int64, email string) error {
	n, err := a.q.VerifyEmail(ctx, tx, dbsqlc.VerifyEmailParams{At: a.now(), ID: id, Email: email})
	if err != nil {
		return fmt.Errorf("verify the address of %d: %w", id, err)
	}
	if n == 0 {
		return ErrLinkGone
	}
	err = a.q.DeleteLinksOf(ctx, tx, dbsqlc.DeleteLinksOfParams{UserID: id, Purpose: string(verifyEmail)})
	if err != nil {
		return fmt.Errorf("end links of %d: %w", id, err)
	}
	return nil
}

// Reader is a person who may be mailed; Locale is "zh-CN", "en" or "".
type Reader struct {
	ID            int64
	Email, Locale string
}

// ReadersTx returns those of these people who may be mailed what they did not ask for at that moment: their account is
// open, and they have proved that they read their address.
func (a *Accounts) ReadersTx(ctx context.Context, tx pgx.Tx, ids []int64) ([]Reader, error) {
	rows, err := a.q.MailReaders(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("readers of mails: %w", err)
	}
	readers := make([]Reader, len(rows))
	for n, r := range rows {
		readers[n] = Reader(r)
	}
	return readers, nil
}
