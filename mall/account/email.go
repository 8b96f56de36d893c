package account

import (
	"context"
	"errors"
	"net/mail"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"

	"videomall/db"
	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/textnorm"
)

// normalEmail folds what means the same person: outer spaces, case, the forms of one character, and marks that nobody
// sees.
func normalEmail(email string) string { return strings.ToLower(textnorm.Key(email)) }

// formerEmail is how addresses were kept before marks that nobody sees were dropped from them.
func formerEmail(email string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(email)))
}

// rowByEmail finds an account by its address. Where two accounts differ by unseen marks alone, since both were made
// before such marks were dropped, the second kept its spelling (migration 00069) and is found by that spelling. Errors:
// pgx.ErrNoRows.
func (a *Accounts) rowByEmail(ctx context.Context, email string) (dbsqlc.UserByEmailRow, error) {
	normal := normalEmail(email)
	if former := formerEmail(email); former != normal && db.Storable(former) {
		row, err := a.q.UserByEmail(ctx, a.pool, former)
		if !errors.Is(err, pgx.ErrNoRows) {
			return row, err
		}
	}
	return a.q.UserByEmail(ctx, a.pool, normal)
}

// validEmail wants a bare address with a dotted domain; whether somebody reads it only a message can tell. U+FFFD is
// what normalEmail makes of bytes that are no text.
func validEmail(email string) bool {
	if len(email) < 3 || len(email) > maxEmail || strings.ContainsAny(email, "\ufffd \t\r\n<>\"(),:;[]\\") {
		return false
	}
	parsed, err := mail.ParseAddress(email)
	if err != nil || parsed.Address != email {
		return false
	}
	_, domain, _ := strings.Cut(email, "@")
	return strings.Contains(strings.Trim(domain, "."), ".") && !strings.HasPrefix(domain, "-")
}
