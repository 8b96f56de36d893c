package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// Faults of second factors.
var (
	// ErrSecondFactor is returned only to a caller who has proved the password.
	ErrSecondFactor = fault.New(fault.Unauthenticated, "second_factor_required",
		"This account has a second factor: a code is needed, too.")
	ErrWrongCode  = fault.New(fault.Unauthenticated, "code_wrong", "The code is not right, or has been used.")
	ErrNoFactor   = fault.New(fault.NotFound, "no_factor", "That is switched off already.")
	ErrLastFactor = fault.New(fault.Conflict, "last_factor",
		"This account needs a second factor. Add another one before you remove this one.")
	ErrTOTPOn = fault.New(fault.Conflict, "totp_on", "Codes of an app are switched on already.")
)

// FactorPolicy says who has to have a second factor.
type FactorPolicy string

// The policies.
const (
	FactorsOff       FactorPolicy = "off" // nobody
	FactorsOperators FactorPolicy = "operators"
	FactorsEveryone  FactorPolicy = "everyone"
)

func (p FactorPolicy) requires(roles Roles) bool {
	return p == FactorsEveryone || p == FactorsOperators && roles.Is(RoleOperator)
}

// Factors are the second factors of a person.
type Factors struct {
	Any          bool       // there is at least one
	TOTPSince    *time.Time // nil without an authenticator app
	TOTPUsed     *time.Time
	RecoveryLeft int // codes
	Passkeys     []Passkey
}

// NeedsFactor reports whether a person has to set up a second factor before they do anything else.
func (a *Accounts) NeedsFactor(st Standing) bool { return !st.HasFactor && a.policy.requires(st.Roles) }

// RequiresFactor reports whether people with these roles can't be without a second factor.
func (a *Accounts) RequiresFactor(roles Roles) bool { return a.policy.requires(roles) }

// Factors returns the second factors of a person. Errors: ErrNoUser.
func (a *Accounts) Factors(ctx context.Context, id int64) (Factors, error) {
	row, err := a.q.FactorsOf(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return Factors{}, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return Factors{}, fmt.Errorf("read the factors of %d: %w", id, err)
	}
	f := Factors{
		Any:          row.HasFactor,
		TOTPSince:    row.TotpSince,
		TOTPUsed:     row.TotpUsed,
		RecoveryLeft: int(row.RecoveryLeft),
	}
	f.Passkeys, err = a.passkeys(ctx, id)
	return f, err
}

// addFactor adds a second factor with add, and tells the person. Before the first one, all sessions and tokens end,
// since they were made without it: the caller signs its own session in again. The first one comes with recovery codes,
// which are returned. Errors: those of add, ErrNoUser, ErrStepGone if the access of u has ended since.
func (a *Accounts) addFactor(ctx context.Context, u User, kind, detail string,
	add func(tx pgx.Tx) error,
) (codes []string, err error) {
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		had, err := a.lockFactors(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		if had.AccessEpoch != u.Epoch {
			return ErrStepGone.Because("access of %d ended", u.ID)
		}
		if err := add(tx); err != nil {
			return err
		}
		if _, err := a.q.UpdateHasFactor(ctx, tx, u.ID); err != nil {
			return err
		}
		if !had.HasFactor {
			if _, err := a.EndAllTx(ctx, tx, u.ID); err != nil {
				return err
			}
			if codes, err = a.replaceRecovery(ctx, tx, u.ID); err != nil {
				return err
			}
		}
		return a.tellEvent(ctx, tx, u.ID, kind, detail)
	})
	if err != nil {
		return nil, fmt.Errorf("add a factor of %d: %w", u.ID, err)
	}
	return codes, nil
}

// removeFactor removes a second factor with remove, which returns what to call it, and tells the person. Recovery codes
// go with the last one. Errors: those of remove, ErrLastFactor if the person can't be without.
func (a *Accounts) removeFactor(ctx context.Context, id int64, kind string,
	remove func(tx pgx.Tx) (detail string, err error),
) error {
	err := db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if _, err := a.lockFactors(ctx, tx, id); err != nil {
			return err
		}
		detail, err := remove(tx)
		if err != nil {
			return err
		}
		has, err := a.q.UpdateHasFactor(ctx, tx, id)
		if err != nil {
			return err
		}
		if !has {
			u, err := a.UserTx(ctx, tx, id)
			if err != nil {
				return err
			}
			if a.policy.requires(u.Roles) {
				return ErrLastFactor.Because("user %d", id)
			}
			if err := a.q.DeleteRecoveryCodes(ctx, tx, id); err != nil {
				return err
			}
		}
		return a.tellEvent(ctx, tx, id, kind, detail)
	})
	if err != nil {
		return fmt.Errorf("remove a factor of %d: %w", id, err)
	}
	return nil
}

// lockFactors keeps other transactions from changing the person's factors. Errors: ErrNoUser.
func (a *Accounts) lockFactors(ctx context.Context, tx pgx.Tx, id int64) (dbsqlc.LockFactorsRow, error) {
	row, err := a.q.LockFactors(ctx, tx, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return row, ErrNoUser.Because("user %d", id)
	}
	return row, err
}
