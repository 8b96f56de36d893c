package account_test

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/redis/go-redis/v9"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

const goodPassword = "three quiet herons"

// clock is the clock of one test, which the test advances.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().Truncate(time.Microsecond)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// house is the module with a database and a Redis of the test's own.
type house struct {
	*account.Accounts
	sessions *account.Sessions
	pool     *pgxpool.Pool
	redis    *redis.Client
	clock    *clock
}

func newHouse(t *testing.T, rdb *redis.Client) *house {
	t.Helper()
	pool, c, log := dbtest.New(t), newClock(), slog.New(slog.DiscardHandler)
	h := &house{
		Accounts: account.New(account.Deps{
			Pool:  pool,
			Redis: rdb,
			Log:   log,
			Now:   c.now,

			BrowserKey: []byte("the key that signs marks of browsers"),
		}),
		sessions: account.NewSessions(account.SessionsDeps{
			Pool:  pool,
			Redis: rdb,
			Log:   log,
			Now:   c.now,
		}),
		pool:  pool,
		redis: rdb,
		clock: c,
	}
	return h
}

func (h *house) register(t *testing.T, email string) account.User {
	t.Helper()
	u, err := h.Register(context.Background(), account.Registration{
		Email:    email,
		Name:     "Somebody",
		Password: goodPassword,
		Addr:     email,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// signIn is Authenticate from a browser that nobody knows.
func (h *house) signIn(ctx context.Context, email, password, addr string) (account.User, error) {
	return h.Authenticate(ctx, account.Attempt{
		Email:    email,
		Password: password,
		Addr:     addr,
	})
}

// now returns the person as they are at this moment, as Authenticate would.
func (h *house) now(t *testing.T, id int64) account.User {
	t.Helper()
	u, err := h.User(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return u
}
