// Package account owns people: who they are, how they prove it, which roles they have, and the sessions and API tokens
// that they get for it. It refuses to know pages, carts and what a person bought.
package account

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"

	"videomall/mall/account/internal/dbsqlc"
	"videomall/mall/fault"
	"videomall/mall/redisbreaker"
	"videomall/mall/seal"
)

// User is a person as the rest of the mall may see them; the password never leaves this package. Locale is "zh-CN",
// "en", or "" for the language that the browser asks for.
type User struct {
	ID        int64
	Email     string
	Name      string
	Roles     Roles
	Locale    string
	CreatedAt time.Time
	Epoch     int64 // of the access that they were given; see EndAll
}

// ErrNoUser reports that no such person exists.
var ErrNoUser = fault.New(fault.NotFound, "no_user", "There is no such account.")

// Accounts registers, finds and authenticates people. It is safe for concurrent use.
type Accounts struct {
	pool      *pgxpool.Pool
	log       *slog.Logger
	q         *dbsqlc.Queries
	now       func() time.Time
	hasher    *hasher
	throttle  *throttle
	slow      *slow
	standings *standings

	setUp atomic.Bool // that the mall has an operator

	suspended  func(ctx context.Context, userID int64) bool
	browserKey []byte
	jobs       *river.Client[pgx.Tx]
	notify     func(ctx context.Context, tx pgx.Tx, n Notice) error
	box        *seal.Box
	policy     FactorPolicy
	breached   func(password string) (bool, error)
	onVerified func(ctx context.Context, tx pgx.Tx, email string) error
}

// Deps are the dependencies of Accounts.
type Deps struct {
	Pool  *pgxpool.Pool
	Redis redis.UniversalClient // counts attempts only
	Log   *slog.Logger          // receives failures of Redis
	Now   func() time.Time
	// BrowserKey signs the marks of browsers in which people have signed in, 32 bytes. Without it no browser is known.
	BrowserKey []byte
	// Suspended reports whether operators have suspended a person; nil suspends nobody.
	Suspended func(ctx context.Context, userID int64) bool
	// Notify writes a mail in the transaction of what it is about, and River enqueues the one for a forgotten password.
	// Both are nil in a mall that sends no mail.
	Notify func(ctx context.Context, tx pgx.Tx, n Notice) error
	River  *river.Client[pgx.Tx]
	// FactorKey encrypts the secrets of authenticator apps, 32 bytes. Without it there are none.
	FactorKey []byte
	// Factors says who has to have a second factor; the zero value requires it from nobody.
	Factors FactorPolicy
	// Breached reports whether a password is known from a breach; nil knows of none.
	Breached func(password string) (bool, error)
	// OnVerified runs in the transaction in which a person proves by a link that they read an address; nil does nothing.
	OnVerified func(ctx context.Context, tx pgx.Tx, email string) error
}

// New returns Accounts with the given dependencies.
func New(d Deps) *Accounts {
	a := &Accounts{
		pool:       d.Pool,
		log:        d.Log,
		q:          dbsqlc.New(),
		now:        d.Now,
		hasher:     newHasher(),
		throttle:   newThrottle(redisbreaker.New(d.Redis), d.Log, d.Now),
		slow:       newSlow(),
		standings:  newStandings(d.Pool, d.Log, d.Now),
		suspended:  d.Suspended,
		browserKey: d.BrowserKey,
		jobs:       d.River,
		notify:     d.Notify,
		policy:     d.Factors,
		breached:   d.Breached,
		onVerified: d.OnVerified,
	}
	if box, err := seal.New(d.FactorKey); err == nil {
		a.box = &box
	}
	return a
}

// User finds a person, who may be locked. Errors: ErrNoUser.
func (a *Accounts) User(ctx context.Context, id int64) (User, error) {
	return a.UserTx(ctx, a.pool, id)
}

// ByEmail finds a person, who may be locked, by email in any case. Errors: ErrNoUser.
func (a *Accounts) ByEmail(ctx context.Context, email string) (User, error) {
	row, err := a.rowByEmail(ctx, email)
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNoUser
	}
	if err != nil {
		return User{}, fmt.Errorf("find user by email: %w", err)
	}
	return User{row.ID, row.Email, row.Name, row.Roles, row.Locale, row.CreatedAt, row.AccessEpoch}, nil
}

// Sweep deletes expired sessions, tokens, links and challenges, for a periodic job. They are refused from the moment they expire.
func (a *Accounts) Sweep(ctx context.Context) (deleted int64, err error) {
	sessions, err := a.q.DeleteExpiredSessions(ctx, a.pool, a.now())
	if err != nil {
		return 0, fmt.Errorf("delete expired sessions: %w", err)
	}
	tokens, err := a.q.DeleteExpiredTokens(ctx, a.pool, a.now())
	if err != nil {
		return sessions, fmt.Errorf("delete expired tokens: %w", err)
	}
	links, err := a.q.DeleteExpiredLinks(ctx, a.pool, a.now())
	if err != nil {
		return sessions + tokens, fmt.Errorf("delete expired links: %w", err)
	}
	challenges, err := a.q.DeleteExpiredChallenges(ctx, a.pool, a.now())
	if err != nil {
		return sessions + tokens + links, fmt.Errorf("delete expired challenges: %w", err)
	}
	return sessions + tokens + links + challenges, nil
}
