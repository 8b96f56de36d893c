package account

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account/internal/dbsqlc"
)

// ImportTx adds shoppers whose history comes from elsewhere, in the caller's transaction, and returns their ids by
// email. Nobody can sign in as one of them, since nobody knows their password. An existing account with one of the
// emails stays as it is. Errors: ErrInvalidAccount.
func (a *Accounts) ImportTx(ctx context.Context, tx pgx.Tx, people []User) (ids map[string]int64, err error) {
	arg := dbsqlc.ImportUsersParams{PasswordHash: a.hasher.decoy}
	emails := make([]string, len(people))
	for n, u := range people {
		email, name := normalEmail(u.Email), normalName(u.Name)
		if !validEmail(email) || nameFault(name) != "" || !validLocale(u.Locale) {
			return nil, ErrInvalidAccount.Because("%q, named %q", u.Email, u.Name)
		}
		emails[n] = email
		arg.Emails, arg.Names = append(arg.Emails, email), append(arg.Names, name)
		arg.Locales = append(arg.Locales, u.Locale)
		arg.CreatedAts = append(arg.CreatedAts, u.CreatedAt.Truncate(time.Microsecond))
	}
	if err := a.q.ImportUsers(ctx, tx, arg); err != nil {
		return nil, fmt.Errorf("import %d people: %w", len(people), err)
	}
	rows, err := a.q.UserNumbers(ctx, tx, emails)
	if err != nil {
		return nil, fmt.Errorf("numbers of %d imported people: %w", len(people), err)
	}
	ids = make(map[string]int64, len(rows))
	for _, r := range rows {
		ids[r.Email] = r.ID
	}
	return ids, nil
}
