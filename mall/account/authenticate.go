package account

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of proving who one is. ErrBadCredentials is the one answer to an unknown email, a wrong password and a locked
// account.
var (
	ErrBadCredentials = fault.New(fault.Unauthenticated, "bad_credentials", "The email or the password is not right.")
	ErrThrottled      = fault.New(fault.TooMany, "too_many_attempts", "Too many attempts. Try again later.")
	// ErrSuspended is told to who has proved the password only.
	ErrSuspended = fault.New(fault.Forbidden, "account_suspended", "This account is suspended.")
)

// retryError rides below ErrThrottled and says how long to wait; whoever answers finds it with errors.As on
// interface{ RetryAfter() time.Duration }.
type retryError struct{ wait time.Duration }

func (e retryError) Error() string             { return "try again in " + e.wait.String() }
func (e retryError) RetryAfter() time.Duration { return e.wait }

func throttled(wait time.Duration) error { return ErrThrottled.Because("%w", retryError{wait}) }

// Authenticate finds the person with this email and password. An unknown email costs the same hashing as a known one, so
// that neither the answer nor its time tells who is a customer. addr is the peer's address. At most 10 attempts an email and
// 60 an address are made in 15 minutes; success clears the email's. Errors: ErrBadCredentials, ErrThrottled, ErrBusy,
// ErrSuspended.
func (a *Accounts) Authenticate(ctx context.Context, email, password, addr string) (User, error) {
	typed, email := email, normalEmail(email)
	// An address that is refused does not count against the email too: it could shut anybody out for ever.
	if wait := a.byAddr.take(ctx, network(addr)); wait > 0 {
		return User{}, throttled(wait)
	}
	if wait := a.byEmail.take(ctx, email); wait > 0 {
		return User{}, throttled(wait)
	}
	row, unknown := dbsqlc.AccountUser{}, !validEmail(email)
	if !unknown {
		var err error
		row, err = a.rowByEmail(ctx, typed)
		unknown = errors.Is(err, pgx.ErrNoRows)
		if err != nil && !unknown {
			return User{}, fmt.Errorf("find user by email: %w", err)
		}
	}
	hash := row.PasswordHash
	if unknown {
		hash = a.hasher.decoy
	}
	if len(password) > maxPassword {
		password = "" // nobody's, and it takes as long
	}
	match, stale, err := a.hasher.check(ctx, password, hash)
	if err != nil {
		return User{}, err
	}
	if unknown || !match || row.Status != "active" {
		return User{}, ErrBadCredentials
	}
	a.byEmail.clear(ctx, email)
	if a.Suspended != nil && a.Suspended(ctx, row.ID) {
		return User{}, ErrSuspended.Because("user %d", row.ID)
	}
	if stale {
		a.rehash(ctx, row.ID, password, hash)
	}
	return User{row.ID, row.Email, row.Name, row.Role, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}

// network is what counts as one address: of IPv6 the first 64 bits, since a single customer holds all the rest.
func network(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Unmap().Is4() {
		return addr
	}
	prefix, err := ip.Prefix(64)
	if err != nil {
		return addr
	}
	return prefix.String()
}

// rehash keeps a proved password under today's parameters. When it fails the old hash stays good, and the next sign-in
// tries again.
func (a *Accounts) rehash(ctx context.Context, id int64, password, old string) {
	hash, err := a.hasher.make(ctx, password)
	if err != nil {
		return
	}
	_, err = a.q.SetPasswordHash(ctx, a.pool, dbsqlc.SetPasswordHashParams{PasswordHash: hash, ID: id, OldHash: old})
	if err != nil {
		a.log.WarnContext(ctx, "password not hashed anew", "user", id, "error", err)
	}
}
