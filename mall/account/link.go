package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// The faults of links that were mailed.
var (
	ErrLinkGone = fault.New(fault.NotFound, "link_gone", "This link has been used, or is too old.")
	ErrNoMail   = fault.New(fault.Unavailable, "no_mail", "This shop sends no mail. Ask the people who run it.")
)

// purpose says what a link is for. A link for one purpose does not work for another.
type purpose string

const (
	verifyEmail   purpose = "verify_email"
	resetPassword purpose = "reset_password"
	changeEmail   purpose = "change_email"
)

// How long links work.
const (
	ResetLife  = 30 * time.Minute
	VerifyLife = 48 * time.Hour
)

// Notice is something that a person has to be told by mail. Its Kind is the kind of the mail.
type Notice struct {
	Kind   string
	Cause  string // unique among all notices to the address
	User   User
	Locale string // of the mail, unless the person has ever chosen one
	To     string // the address; User.Email unless the notice is about another one
	Secret string // what the link in the mail holds; "" without a link
	Data   any    // what else the mail says, encoded as JSON
	Until  time.Time
}

// The kinds of notices.
const (
	NoticeVerify          = "verify_email"
	NoticeReset           = "reset_password"
	NoticePasswordChanged = "password_changed"
	NoticeEmailAsked      = "email_change_asked"
	NoticeEmailConfirm    = "email_change"
	NoticeEmailChanged    = "email_changed"
	NoticeNewSignIn       = "new_sign_in"
	NoticeRolesChanged    = "roles_changed"
)

// tell writes a notice in the transaction of what it is about. A mall without mail tells nobody.
func (a *Accounts) tell(ctx context.Context, tx pgx.Tx, n Notice) error {
	if a.notify == nil {
		return nil
	}
	if n.To == "" {
		n.To = n.User.Email
	}
	chosen, err := a.q.MailLocale(ctx, tx, n.User.ID)
	if err != nil {
		return fmt.Errorf("language of mails to %d: %w", n.User.ID, err)
	}
	n.Locale = cmp.Or(chosen, n.Locale)
	if err := a.notify(ctx, tx, n); err != nil {
		return fmt.Errorf("tell %d of %s: %w", n.User.ID, n.Kind, err)
	}
	return nil
}

// newLink makes a link for a person who reads the address, and returns what it holds. u is the person as they were when
// they, or their wish, were proved: if their access has ended since, the link does not work.
func (a *Accounts) newLink(ctx context.Context, tx pgx.Tx, p purpose, u User, email string,
	expires time.Time,
) (token string, err error) {
	token = newID()
	err = a.q.InsertLink(ctx, tx, dbsqlc.InsertLinkParams{
		TokenHash: hash(token),
		Purpose:   string(p),
		UserID:    u.ID,
		Email:     email,
		Epoch:     u.Epoch,
		At:        a.now(),
		ExpiresAt: expires,
	})
	if err != nil {
		return "", fmt.Errorf("make a link for %d: %w", u.ID, err)
	}
	return token, nil
}

// link finds the link of a token. Errors: ErrLinkGone if it has been used, is too old, or its person's access has ended
// since it was made.
func (a *Accounts) link(ctx context.Context, p purpose, token string) (dbsqlc.LinkByTokenRow, error) {
	if !wellFormed(token) {
		return dbsqlc.LinkByTokenRow{}, ErrLinkGone
	}
	row, err := a.q.LinkByToken(ctx, a.pool, dbsqlc.LinkByTokenParams{
		TokenHash: hash(token),
		Purpose:   string(p),
		At:        a.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return dbsqlc.LinkByTokenRow{}, ErrLinkGone
	}
	if err != nil {
		return dbsqlc.LinkByTokenRow{}, fmt.Errorf("find a link: %w", err)
	}
	return row, nil
}

// useLink ends a link. Of two who use it at once, the second gets ErrLinkGone.
func (a *Accounts) useLink(ctx context.Context, tx pgx.Tx, token string) error {
	n, err := a.q.UseLink(ctx, tx, dbsqlc.UseLinkParams{TokenHash: hash(token), At: a.now()})
	if err != nil {
		return fmt.Errorf("use a link: %w", err)
	}
	if n == 0 {
		return ErrLinkGone
	}
	return nil
}
