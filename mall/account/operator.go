package account

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
)

// SetupLife is how long the code of OpenSetup works.
const SetupLife = 24 * time.Hour

// ErrSetupDone reports that the mall has an operator already.
var ErrSetupDone = fault.New(fault.NotFound, "setup_done", "There is nothing here.")

// NewOperator is somebody who is to have all duties. Without a password nobody can sign in until one is set with the
// link of OperatorLink.
type NewOperator struct {
	Email, Name, Password, Locale string
	// Existing permits an email that has an account, which keeps its name; its password and its second factors open
	// nothing any more, and OperatorLink sets another password.
	Existing bool
}

// MakeOperator gives an account all duties, on behalf of whoever runs the mall, and ends its sessions and tokens. note
// is called in the transaction, for the audit log. It must not be offered on a page. Errors: ErrInvalidAccount,
// ErrEmailTaken, ErrNoUser if an existing account is wanted and there is none.
func (a *Accounts) MakeOperator(ctx context.Context, o NewOperator, note NoteFunc) (User, error) {
	return a.makeOperator(ctx, o, note, nil)
}

// NoteFunc records something about a person in the transaction of what it is about.
type NoteFunc = func(ctx context.Context, tx pgx.Tx, u User) error

// makeOperator is MakeOperator with a check in its transaction, after the lock on the operators; nil checks nothing.
func (a *Accounts) makeOperator(ctx context.Context, o NewOperator, note NoteFunc,
	check func(tx pgx.Tx) error,
) (u User, err error) {
	hashed := a.hasher.decoy
	if !o.Existing {
		checked, invalid, err := a.checkOperator(o)
		if err != nil {
			return User{}, err
		}
		if invalid.Fields != nil {
			return User{}, invalid
		}
		u = checked
		if o.Password != "" {
			if hashed, err = a.hasher.make(ctx, strangers, o.Password); err != nil {
				return User{}, err
			}
		}
	}
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		if err := a.q.LockOperators(ctx, tx); err != nil {
			return fmt.Errorf("lock the operators: %w", err)
		}
		if check != nil {
			if err := check(tx); err != nil {
				return err
			}
		}
		if u, err = a.operatorAccount(ctx, tx, o, u, hashed); err != nil {
			return err
		}
		now, _, err := a.lockRoles(ctx, tx, u.ID)
		if err != nil {
			return err
		}
		given := Duties().Without(now)
		if err := a.giveTx(ctx, tx, u.ID, nil, given); err != nil {
			return err
		}
		if err := a.q.DeleteSetupCodes(ctx, tx); err != nil {
			return fmt.Errorf("end the codes of the setup: %w", err)
		}
		if _, err := a.EndAllTx(ctx, tx, u.ID); err != nil {
			return err
		}
		if u, err = a.UserTx(ctx, tx, u.ID); err != nil {
			return err
		}
		if o.Existing && len(given) > 0 {
			if err := a.tellRolesChanged(ctx, tx, u.ID, given, nil); err != nil {
				return err
			}
		}
		return note(ctx, tx, u)
	})
	if db.IsUnique(err, "account_user_email_key") {
		return User{}, ErrEmailTaken.With("email", "email_taken")
	}
	return u, err
}

// operatorAccount finds the account that is to be an operator's, or makes it.
func (a *Accounts) operatorAccount(ctx context.Context, tx pgx.Tx, o NewOperator, u User, hashed string) (User, error) {
	if o.Existing {
		row, err := a.q.UserByEmail(ctx, tx, normalEmail(o.Email))
		if errors.Is(err, pgx.ErrNoRows) {
			return User{}, ErrNoUser.Because("email %q", o.Email)
		}
		if err != nil {
			return User{}, err
		}
		// Anybody can have signed up with an address that isn't theirs: neither the password of before nor a second
		// factor opens anything any more.
		if _, err := a.dropFactors(ctx, tx, row.ID); err != nil {
			return User{}, err
		}
		_, err = a.q.SetPasswordHash(ctx, tx, dbsqlc.SetPasswordHashParams{
			PasswordHash: a.hasher.decoy,
			ID:           row.ID,
			OldHash:      row.PasswordHash,
		})
		return User{ID: row.ID}, err
	}
	u.CreatedAt = a.now()
	id, err := a.q.InsertUser(ctx, tx, dbsqlc.InsertUserParams{
		Email:        u.Email,
		Name:         u.Name,
		PasswordHash: hashed,
		Locale:       u.Locale,
		CreatedAt:    u.CreatedAt,
	})
	u.ID, u.Epoch = id, 1
	if err != nil {
		return User{}, err
	}
	return u, a.tellVerify(ctx, tx, u)
}

// OperatorLink makes a link with which a person of MakeOperator sets a password within ResetLife, and returns what it
// holds.
func (a *Accounts) OperatorLink(ctx context.Context, u User) (token string, err error) {
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		token, err = a.newLink(ctx, tx, resetPassword, u, u.Email, a.now().Add(ResetLife))
		return err
	})
	return token, err
}

// checkOperator normalises a new operator, whose password may be empty. invalid has the fields that are wrong.
func (a *Accounts) checkOperator(o NewOperator) (u User, invalid *fault.Fault, err error) {
	u, invalid = identity(User{
		Email:  o.Email,
		Name:   o.Name,
		Locale: o.Locale,
	})
	if o.Password != "" {
		slug, err := a.weakness(o.Password, u.Email, u.Name)
		if err != nil {
			return User{}, nil, err
		}
		if slug != "" {
			invalid = invalid.With("password", slug)
		}
	}
	if !validLocale(u.Locale) {
		invalid = invalid.With("locale", "invalid_preference")
	}
	return u, invalid, nil
}

// OpenSetup makes a code that opens the setup of a mall without operators, and works for SetupLife in every process. It
// returns "" for a mall that has one.
func (a *Accounts) OpenSetup(ctx context.Context) (code string, err error) {
	open, err := a.SetupIsOpen(ctx)
	if err != nil || !open {
		return "", err
	}
	if err := a.q.DeleteExpiredSetupCodes(ctx, a.pool, a.now()); err != nil {
		return "", fmt.Errorf("delete old codes of the setup: %w", err)
	}
	code = rand.Text()
	err = a.q.InsertSetupCode(ctx, a.pool, dbsqlc.InsertSetupCodeParams{
		CodeHash:  hash(code),
		ExpiresAt: a.now().Add(SetupLife),
	})
	if err != nil {
		return "", fmt.Errorf("store a code of the setup: %w", err)
	}
	return code, nil
}

// SetupIsOpen reports whether the mall has no operator yet.
func (a *Accounts) SetupIsOpen(ctx context.Context) (bool, error) {
	if a.setUp.Load() {
		return false, nil
	}
	found, err := a.hasOperator(ctx, a.pool)
	if err != nil {
		return false, err
	}
	if found {
		a.setUp.Store(true) // for good: the last one stays
	}
	return !found, nil
}

func (a *Accounts) hasOperator(ctx context.Context, q dbsqlc.DBTX) (bool, error) {
	found, err := a.q.HasOperator(ctx, q)
	if err != nil {
		return false, fmt.Errorf("has the mall an operator: %w", err)
	}
	return found, nil
}

// checkCode looks a typed code of the setup up. Errors: ErrInvalidAccount with the field code.
func (a *Accounts) checkCode(ctx context.Context, q dbsqlc.DBTX, typed string) error {
	found, err := a.q.SetupCode(ctx, q, dbsqlc.SetupCodeParams{CodeHash: hash(typedCode(typed)), At: a.now()})
	switch {
	case err != nil:
		return fmt.Errorf("look a code of the setup up: %w", err)
	case !found:
		return ErrInvalidAccount.With("code", "setup_code_wrong")
	}
	return nil
}

// SetUp makes the first operator, for whoever has a code of OpenSetup. addr is the peer's address, by which attempts are
// counted. Errors: ErrSetupDone, ErrInvalidAccount with every invalid field, among them code, ErrEmailTaken,
// ErrThrottled, ErrBusy.
func (a *Accounts) SetUp(ctx context.Context, code, addr string, o NewOperator, note NoteFunc) (User, error) {
	open, err := a.SetupIsOpen(ctx)
	if err != nil {
		return User{}, err
	}
	if !open {
		return User{}, ErrSetupDone
	}
	if _, wait := a.throttle.take(ctx, ruleSetup.from(addr, "")); wait > 0 {
		return User{}, throttled(wait)
	}
	_, invalid, err := a.checkOperator(o)
	if err != nil {
		return User{}, err
	}
	if o.Password == "" {
		invalid = invalid.With("password", "password_short")
	}
	switch err := a.checkCode(ctx, a.pool, code); {
	case errors.Is(err, ErrInvalidAccount):
		invalid = invalid.With("code", "setup_code_wrong")
	case err != nil:
		return User{}, err
	}
	if invalid.Fields != nil {
		return User{}, invalid
	}
	o.Existing = false
	return a.makeOperator(ctx, o, note, func(tx pgx.Tx) error {
		taken, err := a.hasOperator(ctx, tx)
		switch {
		case err != nil:
			return err
		case taken:
			return ErrSetupDone
		}
		return a.checkCode(ctx, tx, code) // it may have become too old meanwhile
	})
}

// typedCode is a code as it was printed, however it was typed.
func typedCode(s string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(s)))
}
