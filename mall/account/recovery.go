package account

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"unicode"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
)

const (
	recoveryCodes = 10
	// recoveryBytes are 120 bits: enough for a plain hash, which needs 112 (OWASP ASVS 5.0, 6.5.2).
	recoveryBytes = 15
	recoveryGroup = 4 // letters between hyphens
)

// RenewRecovery replaces all recovery codes of a person by ten new ones, which are shown once. Errors: ErrNoFactor for
// a person without a second factor, ErrNoUser.
func (a *Accounts) RenewRecovery(ctx context.Context, id int64) (codes []string, err error) {
	err = db.InTx(ctx, a.pool, func(tx pgx.Tx) error {
		had, err := a.lockFactors(ctx, tx, id)
		if err != nil {
			return err
		}
		if !had.HasFactor {
			return ErrNoFactor.Because("user %d", id)
		}
		if codes, err = a.replaceRecovery(ctx, tx, id); err != nil {
			return err
		}
		return a.tellEvent(ctx, tx, id, NoticeRecoveryNew, "")
	})
	if err != nil {
		return nil, fmt.Errorf("renew the recovery codes of %d: %w", id, err)
	}
	return codes, nil
}

func (a *Accounts) replaceRecovery(ctx context.Context, tx pgx.Tx, id int64) ([]string, error) {
	codes, hashes := make([]string, recoveryCodes), make([][]byte, recoveryCodes)
	for i := range codes {
		raw := make([]byte, recoveryBytes)
		rand.Read(raw) // never fails
		plain := base32Plain.EncodeToString(raw)
		hashes[i] = hash(plain)
		var groups []string
		for at := 0; at < len(plain); at += recoveryGroup {
			groups = append(groups, plain[at:at+recoveryGroup])
		}
		codes[i] = strings.Join(groups, "-")
	}
	if err := a.q.DeleteRecoveryCodes(ctx, tx, id); err != nil {
		return nil, err
	}
	return codes, a.q.InsertRecoveryCodes(ctx, tx, dbsqlc.InsertRecoveryCodesParams{
		UserID: id,
		Hashes: hashes,
		At:     a.now(),
	})
}

// useCode accepts a code of the person's app or a recovery code, each once, and tells them of the latter. Errors:
// ErrWrongCode.
func (a *Accounts) useCode(ctx context.Context, tx pgx.Tx, u User, code string) error {
	code = cleanCode(code)
	if len(code) == totpDigits {
		return a.useTOTP(ctx, tx, u.ID, code)
	}
	n, err := a.q.UseRecoveryCode(ctx, tx, dbsqlc.UseRecoveryCodeParams{UserID: u.ID, CodeHash: hash(code)})
	if err != nil {
		return fmt.Errorf("use a recovery code of %d: %w", u.ID, err)
	}
	if n == 0 {
		return ErrWrongCode.Because("user %d", u.ID)
	}
	return a.tellEvent(ctx, tx, u.ID, NoticeRecoveryUsed, "")
}

// cleanCode removes what people type between the characters of a code, and reads wide digits.
func cleanCode(code string) string {
	return strings.ToUpper(strings.Map(func(r rune) rune {
		if r == '-' || unicode.IsSpace(r) || unicode.IsControl(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(clip(code, 200))))
}
