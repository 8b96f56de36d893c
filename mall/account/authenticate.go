package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of signing in. ErrBadCredentials is the one answer to an unknown email, a wrong password and a locked account.
var (
	ErrBadCredentials = fault.New(fault.Unauthenticated, "bad_credentials", "The email or the password is not right.")
	ErrThrottled      = fault.New(fault.TooMany, "too_many_attempts", "Too many attempts. Try again later.")
	// ErrSuspended is returned only to a caller who has proved the password.
	ErrSuspended = fault.New(fault.Forbidden, "account_suspended", "This account is suspended.")
)

// retryError is wrapped by ErrThrottled and holds how long to wait. Callers find it with errors.As on
// interface{ RetryAfter() time.Duration }.
type retryError struct{ wait time.Duration }

func (e retryError) Error() string             { return "try again in " + e.wait.String() }
func (e retryError) RetryAfter() time.Duration { return e.wait }

func throttled(wait time.Duration) error { return ErrThrottled.Because("%w", retryError{wait}) }

// Attempt is what somebody presents to prove who they are.
type Attempt struct {
	Email    string
	Password string
	Addr     string // the peer's address
	Browser  string // the cookie of RememberBrowser, or ""
	Code     string // of an authenticator app or a recovery code, or ""
}

// Authenticate finds the person with this email and password. An unknown email costs the same hashing as a known one,
// so that neither the answer nor its time reveals who is a customer.
//
// Only wrong passwords count. A browser in which the person has signed in before has 10 in 15 minutes to itself. Other
// browsers of one network have 10 for each account and 60 in all; an IPv6 /56 has twice as many, and a /48 four times
// as many. Wrong passwords from all networks together delay further attempts but refuse nobody.
//
// A person with a second factor has to present a code as well. Errors: ErrBadCredentials, ErrThrottled, ErrBusy,
// ErrSuspended, and after a right password ErrSecondFactor without a code and ErrWrongCode.
func (a *Accounts) Authenticate(ctx context.Context, try Attempt) (User, error) {
	u, factor, err := a.password(ctx, try)
	switch {
	case err != nil:
		return User{}, err
	case !factor:
		return u, nil
	case try.Code == "":
		return User{}, ErrSecondFactor.Because("user %d", u.ID)
	}
	err = a.guess(ctx, u, try.Code, try.Addr, try.Browser, func(tx pgx.Tx) error { return a.useCode(ctx, tx, u, try.Code) })
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// password finds the person with this email and password. factor reports that they have a second factor, which is yet
// to be proved.
func (a *Accounts) password(ctx context.Context, try Attempt) (u User, factor bool, err error) {
	email, password := normalEmail(try.Email), try.Password
	row, unknown := dbsqlc.UserByEmailRow{}, !validEmail(email)
	if !unknown {
		row, err = a.rowByEmail(ctx, try.Email)
		unknown = errors.Is(err, pgx.ErrNoRows)
		if err != nil && !unknown {
			return User{}, false, fmt.Errorf("find user by email: %w", err)
		}
	}
	browser := ""
	if !unknown {
		browser = a.knownAs(try.Browser, row.ID, row.AccessEpoch)
	}
	counted, lane, err := a.admit(ctx, email, try.Addr, browser)
	if err != nil {
		return User{}, false, err
	}
	hash := row.PasswordHash
	if unknown {
		hash = a.hasher.decoy
	}
	match, stale, err := a.hasher.check(ctx, lane, password, hash)
	if err != nil {
		a.throttle.giveBack(ctx, counted)
		return User{}, false, err
	}
	if unknown || !match || row.Status != "active" {
		return User{}, false, ErrBadCredentials
	}
	a.forgive(ctx, counted)
	if a.suspended != nil && a.suspended(ctx, row.ID) {
		return User{}, false, ErrSuspended.Because("user %d", row.ID)
	}
	if stale {
		a.rehash(ctx, row.ID, password, hash)
	}
	u = User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}
	return u, row.HasFactor, nil
}

// admit counts an attempt before it is made, and returns the lane in which it waits. browser is the name of a known
// browser, or "". A known browser that has used up its own attempts is counted as a stranger. Errors: ErrThrottled,
// ErrBusy, the context's.
func (a *Accounts) admit(ctx context.Context, email, addr, browser string) (counted []attempts, l lane, err error) {
	if browser != "" {
		own := []attempts{{ruleBrowser, browser}}
		if _, wait := a.throttle.take(ctx, own); wait == 0 {
			return own, familiars, nil
		}
	}
	counted = slices.Concat(ruleNetwork.from(addr, email), ruleAddress.from(addr, ""), []attempts{{ruleAccount, email}})
	counts, wait := a.throttle.take(ctx, counted)
	if wait > 0 {
		return nil, 0, throttled(wait)
	}
	if err := a.slow.hold(ctx, slowdown(counts[len(counts)-1])); err != nil {
		a.throttle.giveBack(ctx, counted)
		return nil, 0, err
	}
	return counted, strangers, nil
}

// forgive removes the count of an attempt that proved a person, and of the wrong attempts before it: those of the same
// browser or, at this account, of the same network.
func (a *Accounts) forgive(ctx context.Context, counted []attempts) {
	var proved, shared []attempts
	for _, c := range counted {
		switch c.name {
		case ruleBrowser.name, ruleNetwork.name, ruleStepBrowser.name, ruleStepNetwork.name:
			proved = append(proved, c)
		default:
			shared = append(shared, c)
		}
	}
	a.throttle.clear(ctx, proved...)
	a.throttle.giveBack(ctx, shared)
}

// rehash stores the hash of a proved password with the current parameters. If it fails, the old hash stays valid and
// the next sign-in tries again.
func (a *Accounts) rehash(ctx context.Context, id int64, password, old string) {
	hash, err := a.hasher.make(ctx, familiars, password)
	if err != nil {
		return
	}
	_, err = a.q.SetPasswordHash(ctx, a.pool, dbsqlc.SetPasswordHashParams{
		PasswordHash: hash,
		ID:           id,
		OldHash:      old,
	})
	if err != nil {
		a.log.WarnContext(ctx, "password not hashed anew", "user", id, "error", err)
	}
}
