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

// normalEmail removes differences that do not distinguish people: outer spaces, case, the forms of one character, and
// invisible marks.
func normalEmail(email string) string { return strings.ToLower(textnorm.Key(email)) }

// formerEmail returns an address as it was kept before invisible marks were dropped.
func formerEmail(email string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(email)))
}

// rowByEmail finds an account by its address. Two accounts that were made before invisible marks were dropped may
// differ by such marks alone. The second of them has kept its spelling (migration 00069) and is found by it. Errors:
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

// validEmail reports whether email is a bare address with a dotted domain. Only a message could tell whether somebody
// reads it. normalEmail turns bytes that are not UTF-8 into U+FFFD.
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
