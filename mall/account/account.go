// Package account owns people: who they are, how they prove it, which role they have, and the sessions and API tokens
// that stand for that proof. It refuses to know pages, carts and what a person bought.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/redisbreaker"
)

// The roles, from the least to the most. A role opens its own rooms only: an operator is not a creator.
const (
	RoleShopper  = "shopper"
	RoleCreator  = "creator"
	RoleOperator = "operator"
)

// User is a person as the rest of the mall may see them; the password never leaves this package. Locale is "zh-CN",
// "en" or "" for what the browser asks.
type User struct {
	ID        int64
	Email     string
	Name      string
	Role      string
	Locale    string
	CreatedAt time.Time
	Epoch     int64 // of what they were given; see EndAll
}

// ErrNoUser says that no such person exists.
var ErrNoUser = fault.New(fault.NotFound, "no_user", "There is no such account.")

// Accounts holds the verbs of people. It is safe for concurrent use.
type Accounts struct {
	// Suspended says whom the operators keep from signing in; nil keeps nobody. It is set before anybody signs in.
	Suspended func(ctx context.Context, userID int64) bool

	// BrowserKey signs the marks of browsers where people signed in before, 32 bytes; without it none is known. It is
	// set before anybody signs in.
	BrowserKey []byte

	pool      *pgxpool.Pool
	log       *slog.Logger
	q         *dbsqlc.Queries
	now       func() time.Time
	hasher    *hasher
	throttle  *throttle
	slow      *slow
	standings *standings
}

// New makes the verbs. redis counts attempts only; log receives what Redis failed at.
func New(pool *pgxpool.Pool, rdb redis.UniversalClient, log *slog.Logger, now func() time.Time) *Accounts {
	return &Accounts{
		pool:      pool,
		log:       log,
		q:         dbsqlc.New(),
		now:       now,
		hasher:    newHasher(),
		throttle:  newThrottle(redisbreaker.New(rdb), log, now),
		slow:      newSlow(),
		standings: newStandings(pool, log, now),
	}
}

// User finds a person, locked ones too. Errors: ErrNoUser.
func (a *Accounts) User(ctx context.Context, id int64) (User, error) {
	row, err := a.q.UserByID(ctx, a.pool, id)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNoUser.Because("user %d", id)
	}
	if err != nil {
		return User{}, fmt.Errorf("find user %d: %w", id, err)
	}
	return User{row.ID, row.Email, row.Name, row.Role, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}

// ByEmail finds a person by email, in whatever case, locked ones too. Errors: ErrNoUser.
func (a *Accounts) ByEmail(ctx context.Context, email string) (User, error) {
	row, err := a.rowByEmail(ctx, email)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNoUser
	}
	if err != nil {
		return User{}, fmt.Errorf("find user by email: %w", err)
	}
	return User{row.ID, row.Email, row.Name, row.Role, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}

// Sweep deletes sessions and tokens whose time is over, for a periodic job. They are refused long before.
func (a *Accounts) Sweep(ctx context.Context) (deleted int64, err error) {
	sessions, err := a.q.DeleteExpiredSessions(ctx, a.pool, a.now())
	if err != nil {
		return 0, fmt.Errorf("delete expired sessions: %w", err)
	}
	tokens, err := a.q.DeleteExpiredTokens(ctx, a.pool, a.now())
	if err != nil {
		return sessions, fmt.Errorf("delete expired tokens: %w", err)
	}
	return sessions + tokens, nil
}
