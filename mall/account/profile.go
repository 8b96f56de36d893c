package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/money"
)

// ChangeProfile sets the name and the language. Errors: ErrInvalidAccount, ErrNoUser.
func (a *Accounts) ChangeProfile(ctx context.Context, id int64, name, locale string) error {
	name = normalName(name)
	invalid := ErrInvalidAccount
	if slug := nameFault(name); slug != "" {
		invalid = invalid.With("name", slug)
	}
	if !validLocale(locale) {
		invalid = invalid.With("locale", "invalid_preference")
	}
	if invalid.Fields != nil {
		return invalid
	}
	n, err := a.q.SetProfile(ctx, a.pool, dbsqlc.SetProfileParams{
		Name:   name,
		Locale: locale,
		ID:     id,
	})
	return someone(n, err, "change profile", id)
}

// SetLocale sets the language alone. Errors: ErrInvalidAccount, ErrNoUser.
func (a *Accounts) SetLocale(ctx context.Context, id int64, locale string) error {
	if !validLocale(locale) {
		return ErrInvalidAccount.With("locale", "invalid_preference")
	}
	n, err := a.q.SetLocale(ctx, a.pool, dbsqlc.SetLocaleParams{Locale: locale, ID: id})
	return someone(n, err, "set locale", id)
}

// SetCurrency sets the currency in which the person wants to see prices; "" is that of each price. Errors:
// ErrInvalidAccount, ErrNoUser.
func (a *Accounts) SetCurrency(ctx context.Context, id int64, code string) error {
	if code != "" && !money.IsCurrency(code) {
		return ErrInvalidAccount.With("currency", "invalid_preference")
	}
	n, err := a.q.SetCurrency(ctx, a.pool, dbsqlc.SetCurrencyParams{Currency: code, ID: id})
	return someone(n, err, "set currency", id)
}

// ChangePassword takes the old password as proof and ends every session and every token of the person. The session that
// asks ends too: the caller signs it in again under a new id. Errors: ErrInvalidAccount with fields password or
// currentPassword, ErrThrottled, ErrBusy, ErrNoUser.
func (a *Accounts) ChangePassword(ctx context.Context, id int64, current, password string) error {
	row, err := a.q.UserByID(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return fmt.Errorf("change password of %d: %w", id, err)
	}
	if err := a.newPassword(password, row.Email, row.Name); err != nil {
		return err
	}
	if err := a.prove(ctx, row, current); err != nil {
		return err
	}
	hash, err := a.hasher.make(ctx, familiars, password)
	if err != nil {
		return err
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		n, err := a.q.SetPasswordHash(ctx, tx, dbsqlc.SetPasswordHashParams{
			PasswordHash: hash,
			ID:           id,
			OldHash:      row.PasswordHash,
		})
		if err != nil {
			return err
		}
		if n == 0 { // another request has changed the password since it was proved
			return ErrInvalidAccount.With("currentPassword", "password_wrong")
		}
		if _, err = a.EndAllTx(ctx, tx, id); err != nil {
			return err
		}
		return a.tellPasswordChanged(ctx, tx, id)
	})
	if err != nil {
		return fmt.Errorf("change password of %d: %w", id, err)
	}
	a.throttle.clear(ctx, changeTries(id)...)
	return nil
}

// ProvePassword returns nil if this is the person's password, and else ErrInvalidAccount with the field
// currentPassword. It permits 10 attempts in 15 minutes, including those of ChangePassword. Other errors: ErrThrottled,
// ErrBusy, ErrNoUser.
func (a *Accounts) ProvePassword(ctx context.Context, id int64, password string) error {
	row, err := a.q.UserByID(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return fmt.Errorf("prove the password of %d: %w", id, err)
	}
	if err := a.prove(ctx, row, password); err != nil {
		return err
	}
	a.throttle.clear(ctx, changeTries(id)...)
	return nil
}

// changeTries returns the count of the passwords that a person has tried while signed in.
func changeTries(id int64) []attempts { return []attempts{{ruleChange, fmt.Sprint(id)}} }

func (a *Accounts) prove(ctx context.Context, row dbsqlc.UserByIDRow, password string) error {
	if _, wait := a.throttle.take(ctx, changeTries(row.ID)); wait > 0 {
		return throttled(wait)
	}
	match, _, err := a.hasher.check(ctx, familiars, password, row.PasswordHash)
	if err == nil && !match {
		err = ErrInvalidAccount.With("currentPassword", "password_wrong")
	}
	return err
}

// Lock ends a person's access everywhere at once; Unlock lets them sign in again. changed is false if they were locked
// already. Errors: ErrNoUser.
func (a *Accounts) Lock(ctx context.Context, id int64) (changed bool, err error) {
	return a.setStatus(ctx, id, "locked")
}

// Unlock reverses Lock. Errors: ErrNoUser.
func (a *Accounts) Unlock(ctx context.Context, id int64) (changed bool, err error) {
	return a.setStatus(ctx, id, "active")
}

func (a *Accounts) setStatus(ctx context.Context, id int64, status string) (bool, error) {
	return a.endingSessions(ctx, id, func(tx pgx.Tx) (int64, error) {
		return a.q.SetStatus(ctx, tx, dbsqlc.SetStatusParams{Status: status, ID: id})
	})
}

// endingSessions makes a change and, if it changed something, ends all access that was granted before it.
func (a *Accounts) endingSessions(ctx context.Context, id int64,
	change func(pgx.Tx) (int64, error),
) (changed bool, err error) {
	if _, err := a.User(ctx, id); err != nil {
		return false, err
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		n, err := change(tx)
		if err != nil || n == 0 {
			return err
		}
		changed = true
		_, err = a.EndAllTx(ctx, tx, id)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("change user %d: %w", id, err)
	}
	return changed, nil
}

func someone(n int64, err error, doing string, id int64) error {
	if err != nil {
		return fmt.Errorf("%s of %d: %w", doing, id, err)
	}
	if n == 0 {
		return ErrNoUser.Because("user %d", id)
	}
	return nil
}
