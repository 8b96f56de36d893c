package account

import (
	"context"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/textnorm"
)

const (
	maxEmail = 254 // bytes, RFC 5321 §4.5.3.1.3 less the angle brackets
	maxName  = 80  // characters
)

// Faults of registering and of changing an account. Their fields are named email, name, password, currentPassword and
// locale.
var (
	ErrInvalidAccount = fault.New(fault.Invalid, "invalid_account", "Some fields need another look.")
	ErrEmailTaken     = fault.New(fault.Conflict, "email_taken", "There is an account with this email already.")
)

// Registration is what a person enters to become a customer. Addr is the peer's address, by which registrations are
// counted; Locale is the language of the page, or "".
type Registration struct {
	Email, Name, Password, Locale, Addr string
}

// Register makes a shopper, and mails a link by which they prove their address. Errors: ErrInvalidAccount with every
// invalid field, ErrEmailTaken, ErrThrottled, ErrBusy.
func (a *Accounts) Register(ctx context.Context, r Registration) (User, error) {
	u, invalid := identity(User{
		Email:  r.Email,
		Name:   r.Name,
		Locale: r.Locale,
		Epoch:  1,
	})
	slug, err := a.weakness(r.Password, u.Email, u.Name)
	if err != nil {
		return User{}, err
	}
	if slug != "" {
		invalid = invalid.With("password", slug)
	}
	if !validLocale(u.Locale) {
		invalid = invalid.With("locale", "invalid_preference")
	}
	if invalid.Fields != nil {
		return User{}, invalid
	}
	if _, wait := a.throttle.take(ctx, ruleRegister.from(r.Addr, "")); wait > 0 {
		return User{}, throttled(wait)
	}
	hash, err := a.hasher.make(ctx, strangers, r.Password)
	if err != nil {
		return User{}, err
	}
	u.CreatedAt = a.now()
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) (err error) {
		u.ID, err = a.q.InsertUser(ctx, tx, dbsqlc.InsertUserParams{
			Email:        u.Email,
			Name:         u.Name,
			PasswordHash: hash,
			Locale:       u.Locale,
			CreatedAt:    u.CreatedAt,
		})
		if err != nil {
			return err
		}
		return a.tellVerify(ctx, tx, u)
	})
	if db.IsUnique(err, "account_user_email_key") {
		return User{}, ErrEmailTaken.With("email", "email_taken")
	}
	if err != nil {
		return User{}, fmt.Errorf("register: %w", err)
	}
	return u, nil
}

// identity normalises the email and the name of an account. invalid is ErrInvalidAccount, with the fields of those that
// are wrong.
func identity(u User) (normal User, invalid *fault.Fault) {
	u.Email, u.Name = normalEmail(u.Email), normalName(u.Name)
	invalid = ErrInvalidAccount
	if !validEmail(u.Email) {
		invalid = invalid.With("email", "email_invalid")
	}
	if slug := nameFault(u.Name); slug != "" {
		invalid = invalid.With("name", slug)
	}
	return u, invalid
}

// normalName is textnorm.Name without control characters and bytes that are not UTF-8.
func normalName(name string) string {
	return textnorm.Name(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, "")))
}

func nameFault(name string) string {
	switch {
	case name == "":
		return "name_missing"
	case utf8.RuneCountInString(name) > maxName:
		return "name_long"
	}
	return ""
}

func validLocale(locale string) bool { return locale == "" || locale == "zh-CN" || locale == "en" }
