package account

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"unicode/utf8"

	"github.com/alexedwards/argon2id"
	"golang.org/x/text/unicode/norm"

	"videomall/mall/account/internal/common"
)

const (
	minPassword = 10   // characters
	maxPassword = 1024 // bytes; argon2id accepts any length, but a form should not
)

// hashParams is OWASP's recommendation for argon2id with little memory: 19 MiB, two passes, one lane. The hasher bounds
// the memory in use, and one lane leaves the other cores to the shop.
var hashParams = argon2id.Params{
	Memory:      19 * 1024,
	Iterations:  2,
	Parallelism: 1,
	SaltLength:  16,
	KeyLength:   32,
}

// hasher runs at most as many hashings at once as there are cores, so that a flood of sign-ins does not exhaust the
// memory or delay everybody else.
type hasher struct {
	pool  pool
	decoy string // a hash that no known password has, checked for emails without an account
}

func newHasher() *hasher {
	decoy, err := argon2id.CreateHash(newID(), &hashParams)
	if err != nil {
		panic("account: " + err.Error()) // only if the source of randomness is broken
	}
	return &hasher{pool: pool{free: runtime.NumCPU()}, decoy: decoy}
}

func (h *hasher) make(ctx context.Context, l lane, password string) (string, error) {
	leave, err := h.pool.enter(ctx, l)
	if err != nil {
		return "", err
	}
	defer leave()
	return argon2id.CreateHash(norm.NFKC.String(password), &hashParams)
}

// check compares a password with a hash. stale reports that the hash was made with other than the current parameters
// and should be replaced.
func (h *hasher) check(ctx context.Context, l lane, password, hash string) (match, stale bool, err error) {
	if len(password) > maxPassword {
		password = "" // matches no hash, and takes as long to check
	}
	leave, err := h.pool.enter(ctx, l)
	if err != nil {
		return false, false, err
	}
	defer leave()
	match, params, err := argon2id.CheckHash(norm.NFKC.String(password), hash)
	if err != nil {
		return false, false, fmt.Errorf("check password: %w", err)
	}
	return match, *params != hashParams, nil
}

// newPassword returns nil for a password that its person may have, and else ErrInvalidAccount with the field password.
func (a *Accounts) newPassword(password, email, name string) error {
	slug, err := a.weakness(password, email, name)
	if err != nil {
		return err
	}
	if slug != "" {
		return ErrInvalidAccount.With("password", slug)
	}
	return nil
}

// weakness returns what the rules find wrong with a new password, or else password_breached, or "".
func (a *Accounts) weakness(password, email, name string) (slug string, err error) {
	if slug = weakness(password, email, name); slug != "" || a.breached == nil {
		return slug, nil
	}
	known, err := a.breached(password)
	if err != nil {
		return "", fmt.Errorf("look a password up: %w", err)
	}
	if known {
		slug = "password_breached"
	}
	return slug, nil
}

// weakness returns the slug for what is wrong with a new password, or "". It does not ask for digits and signs, since
// such rules make passwords worse (NIST SP 800-63B §5.1.1.2).
func weakness(password, email, name string) string {
	lower := strings.ToLower(norm.NFKC.String(password))
	user, _, _ := strings.Cut(email, "@")
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return "password_short"
	case len(password) > maxPassword:
		return "password_long"
	case lower == email, len(user) >= 4 && strings.Trim(strings.ReplaceAll(lower, user, ""), "0123456789!?.-_ ") == "",
		lower == strings.ToLower(name):
		return "password_is_you"
	case common.Has(password), monotonous(lower):
		return "password_common"
	}
	return ""
}

// monotonous reports whether a password has fewer than four different characters, or is a run along the alphabet, the
// digits or the keyboard.
func monotonous(lower string) bool {
	different := map[rune]bool{}
	for _, r := range lower {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	for _, run := range []string{
		"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "98765432109876543210",
		"qwertyuiopasdfghjklzxcvbnm",
	} {
		if strings.Contains(run, lower) {
			return true
		}
	}
	return false
}
