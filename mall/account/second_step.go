package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

// Entry is a person who has proved their password. If Step is not empty, they have a second factor to prove, and have
// no access yet: Step is the token of that step, for the browser that proved the password alone.
type Entry struct {
	User User
	Step string
}

// StartSignIn is Authenticate for a browser, which can be asked for the second factor afterwards. Errors:
// ErrBadCredentials, ErrThrottled, ErrBusy, ErrSuspended.
func (a *Accounts) StartSignIn(ctx context.Context, try Attempt) (Entry, error) {
	u, factor, err := a.password(ctx, try)
	if err != nil || !factor {
		return Entry{User: u}, err
	}
	step, err := a.ask(ctx, askedSecondStep, u.ID, u.Epoch, nil, StepLife)
	if err != nil {
		return Entry{}, err
	}
	return Entry{User: u, Step: step}, nil
}

// StepUser returns whose second step a token is for. Errors: ErrStepGone.
func (a *Accounts) StepUser(ctx context.Context, step string) (User, error) {
	row, err := a.q.ChallengeByToken(ctx, a.pool, dbsqlc.ChallengeByTokenParams{
		TokenHash: hash(step),
		Purpose:   string(askedSecondStep),
		At:        a.now(),
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrStepGone
	}
	if err != nil {
		return User{}, fmt.Errorf("find a second step: %w", err)
	}
	return a.stepUser(ctx, *row.UserID, row.Epoch)
}

// stepUser finds a person whose access has not ended since the epoch. Errors: ErrStepGone, ErrSuspended.
func (a *Accounts) stepUser(ctx context.Context, id, epoch int64) (User, error) {
	row, err := a.q.FactorAttempt(ctx, a.pool, dbsqlc.FactorAttemptParams{ID: id, Epoch: epoch})
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrStepGone.Because("access of %d ended", id)
	}
	if err != nil {
		return User{}, fmt.Errorf("find user %d: %w", id, err)
	}
	if a.suspended != nil && a.suspended(ctx, id) {
		return User{}, ErrSuspended.Because("user %d", id)
	}
	return User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}

// SecondStep is the answer to a second step: a code of an app, or a recovery code.
type SecondStep struct {
	Step    string // the token of StartSignIn
	Code    string
	Addr    string // the peer's address
	Browser string // the cookie of RememberBrowser, or ""
}

// FinishSignIn takes a code as the second step, which it ends. A wrong code ends nothing. Errors: ErrStepGone,
// ErrWrongCode, ErrThrottled, ErrSuspended.
func (a *Accounts) FinishSignIn(ctx context.Context, s SecondStep) (User, error) {
	u, err := a.StepUser(ctx, s.Step)
	if err != nil {
		return User{}, err
	}
	err = a.guess(ctx, u, s.Code, s.Addr, s.Browser, func(tx pgx.Tx) error {
		if _, err := a.answered(ctx, tx, askedSecondStep, s.Step); err != nil {
			return err
		}
		return a.useCode(ctx, tx, u, s.Code)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// guess counts an attempt at a code before it is made, as admit counts passwords, and takes the count back unless the
// code was wrong. Errors: those of prove, ErrThrottled.
func (a *Accounts) guess(ctx context.Context, u User, code, addr, browser string, prove func(pgx.Tx) error) error {
	counted, err := a.admitStep(ctx, u, code, addr, browser)
	if err != nil {
		return err
	}
	switch err = db.InTx(ctx, a.pool, prove); {
	case err == nil:
		a.forgive(ctx, counted)
	case !errors.Is(err, ErrWrongCode):
		a.throttle.giveBack(ctx, counted)
	default:
		a.wrongCode(ctx, u.ID)
	}
	return err
}

// wrongCode counts a wrong code of somebody who has proved the password, and tells the person of many, once a day: it
// may be somebody else who knows the password.
func (a *Accounts) wrongCode(ctx context.Context, id int64) {
	subject := strconv.FormatInt(id, 10)
	if _, wait := a.throttle.take(ctx, []attempts{{ruleStepWrong, subject}}); wait == 0 {
		return
	}
	if _, wait := a.throttle.take(ctx, []attempts{{ruleStepTold, subject}}); wait > 0 {
		return
	}
	err := db.InTx(ctx, a.pool, func(tx pgx.Tx) error { return a.tellEvent(ctx, tx, id, NoticeWrongCodes, "") })
	if err != nil {
		a.log.ErrorContext(ctx, "nobody was told of wrong codes", "user", id, "error", err)
	}
}

// admitStep is admit for a second step. Since only who knows the password gets this far, no stranger can lock the
// account by it, and all networks together have a limit. Codes of an app are few enough to be guessed in months, so they
// have a limit for that long, too, until there is a new password.
func (a *Accounts) admitStep(ctx context.Context, u User, code, addr, browser string) (counted []attempts, err error) {
	if known := a.knownAs(browser, u.ID, u.Epoch); known != "" {
		own := []attempts{{ruleStepBrowser, known}}
		if _, wait := a.throttle.take(ctx, own); wait == 0 {
			return own, nil
		}
	}
	id := strconv.FormatInt(u.ID, 10)
	counted = slices.Concat(ruleStepNetwork.from(addr, id), ruleAddress.from(addr, ""),
		[]attempts{{ruleStepAccount, id}})
	if len(cleanCode(code)) == totpDigits {
		counted = append(counted, attempts{ruleStepMonth, fmt.Sprintf("%d/%d", u.ID, u.Epoch)})
	}
	if _, wait := a.throttle.take(ctx, counted); wait > 0 {
		return nil, throttled(wait)
	}
	return counted, nil
}

// Proof is how somebody who is signed in proves again who they are: by their password, and with a second factor by a
// code, too.
type Proof struct {
	Password, Code string
}

// Prove returns nil if the proof is right, and else ErrInvalidAccount with the field currentPassword or code. factor
// reports that the person has a second factor, which was part of the proof. It permits 10 attempts in 15 minutes,
// together with those of ChangePassword. Other errors: ErrThrottled, ErrBusy, ErrNoUser.
func (a *Accounts) Prove(ctx context.Context, id int64, p Proof) (factor bool, err error) {
	row, err := a.q.UserByID(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return false, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return false, fmt.Errorf("prove user %d: %w", id, err)
	}
	if err := a.prove(ctx, row, p.Password); err != nil {
		return false, err
	}
	if row.HasFactor {
		u := User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}
		err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error { return a.useCode(ctx, tx, u, p.Code) })
		if errors.Is(err, ErrWrongCode) {
			a.wrongCode(ctx, id)
			return false, ErrInvalidAccount.With("code", "code_wrong")
		}
		if err != nil {
			return false, err
		}
	}
	a.throttle.clear(ctx, changeTries(id)...)
	return row.HasFactor, nil
}
