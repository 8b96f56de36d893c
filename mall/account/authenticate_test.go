package account_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/fault"
)

func TestAccounts_Authenticate_hides_who_has_an_account(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	h.register(t, "ann@example.test")
	locked := h.register(t, "locked@example.test")
	if changed, err := h.Lock(ctx, locked.ID); err != nil || !changed {
		t.Fatal(changed, err)
	}
	cases := []struct{ name, email, password string }{
		{"wrong password", "ann@example.test", "not this one"},
		{"unknown email", "nobody@example.test", "not this one"},
		{"no email at all", "x\x00", "not this one"},
		{"endless password", "ann@example.test", strings.Repeat("x", 5000)},
		{"locked", "locked@example.test", goodPassword},
	}
	answers := map[string]bool{}
	for _, c := range cases {
		_, err := h.signIn(ctx, c.email, c.password, c.name)
		if !errors.Is(err, account.ErrBadCredentials) {
			t.Fatalf("%s: %v", c.name, err)
		}
		f := fault.From(err)
		answers[fmt.Sprint(f.Kind, f.Slug, f.Message, f.Fields)] = true
	}
	if len(answers) != 1 {
		t.Fatalf("different answers: %v", answers)
	}
	// The time does not tell either, since every case costs a hashing: with a full hasher each of them fails.
	defer h.FillHasher()()
	for _, c := range cases {
		if _, err := h.signIn(ctx, c.email, c.password, c.name); !errors.Is(err, account.ErrBusy) {
			t.Errorf("%s was answered without a hashing: %v", c.name, err)
		}
	}
}

func TestAccounts_Authenticate_wrong_passwords_shut_out_one_network(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	h.register(t, "ann@example.test")
	h.register(t, "bob@example.test")
	for range 10 {
		if _, err := h.signIn(ctx, " ANN@example.test", "wrong",
			"192.0.2.1"); !errors.Is(err, account.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	var wait interface{ RetryAfter() time.Duration }
	// the same network in another spelling
	_, err := h.signIn(ctx, "ann@example.test", goodPassword, "::ffff:192.0.2.1")
	if !errors.Is(err, account.ErrThrottled) || !errors.As(err, &wait) || wait.RetryAfter() <= 14*time.Minute ||
		wait.RetryAfter() > 15*time.Minute {
		t.Fatalf("the eleventh attempt: %v", err)
	}
	if _, err := h.signIn(ctx, "bob@example.test", goodPassword, "192.0.2.1"); err != nil {
		t.Fatalf("another account is shut too: %v", err)
	}
	keys, err := h.redis.Keys(ctx, "attempts:*").Result()
	if err != nil || len(keys) == 0 {
		t.Fatal(keys, err)
	}
	for _, key := range keys {
		if ttl := h.redis.PTTL(ctx, key).Val(); ttl <= 0 || strings.Contains(key, "ann") {
			t.Errorf("%s lives for %v", key, ttl)
		}
	}
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "198.51.100.9"); err != nil {
		t.Fatalf("the owner cannot sign in from another network: %v", err)
	}
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); !errors.Is(err, account.ErrThrottled) {
		t.Fatalf("the owner's sign-in opened the account to the first network: %v", err)
	}
	h.clock.pass(15 * time.Minute)
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); err != nil {
		t.Fatalf("the window never closes: %v", err)
	}
}

func TestAccounts_Authenticate_success_clears_wrong_passwords(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	h.register(t, "ann@example.test")
	for range 2 {
		for range 6 {
			if _, err := h.signIn(ctx, "ann@example.test", "wrong",
				"192.0.2.1"); !errors.Is(err, account.ErrBadCredentials) {
				t.Fatal(err)
			}
		}
		if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAccounts_Authenticate_shuts_out_an_address_that_tries_many_emails(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	h.register(t, "ann@example.test")
	var wg sync.WaitGroup
	var wrong atomic.Int32
	for i := range 60 {
		wg.Go(func() {
			if _, err := h.signIn(context.Background(), fmt.Sprintf("e%d@example.test", i), "wrong",
				"192.0.2.7"); errors.Is(err, account.ErrBadCredentials) {
				wrong.Add(1)
			}
		})
	}
	wg.Wait()
	if wrong.Load() != 60 {
		t.Fatalf("%d of 60 attempts were permitted", wrong.Load())
	}
	for range 12 {
		if _, err := h.signIn(ctx, "ann@example.test", "wrong", "192.0.2.7"); !errors.Is(err, account.ErrThrottled) {
			t.Fatalf("the address is not refused: %v", err)
		}
	}
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "198.51.100.9"); err != nil {
		t.Fatalf("the owner was shut out by a refused address: %v", err)
	}
}

func TestAccounts_Authenticate_counts_without_redis(t *testing.T) {
	t.Parallel()
	server := dbtest.RedisServer(t)
	h, ctx := newHouse(t, server.Client), t.Context()
	h.register(t, "ann@example.test")
	server.Kill()
	for range 10 {
		if _, err := h.signIn(ctx, "ann@example.test", "wrong",
			"192.0.2.1"); !errors.Is(err, account.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); !errors.Is(err, account.ErrThrottled) {
		t.Fatalf("without Redis nothing is counted: %v", err)
	}
	h.clock.pass(15 * time.Minute)
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); err != nil {
		t.Fatalf("the window never closes: %v", err)
	}
}

func TestAccounts_Authenticate_refuses_a_flood(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	var busy, other atomic.Int32
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			_, err := h.signIn(context.Background(), fmt.Sprintf("f%d@example.test", i), "wrong", fmt.Sprint(i))
			switch {
			case errors.Is(err, account.ErrBusy):
				busy.Add(1)
			case !errors.Is(err, account.ErrBadCredentials):
				other.Add(1)
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if busy.Load() == 0 || other.Load() != 0 {
		t.Fatalf("%d attempts returned ErrBusy, %d an unexpected error", busy.Load(), other.Load())
	}
}

func TestAccounts_Authenticate_replaces_an_old_hash(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	u := h.register(t, "ann@example.test")
	old, err := argon2id.CreateHash(goodPassword, &argon2id.Params{
		Memory:      8 * 1024,
		Iterations:  1,
		Parallelism: 1,
		SaltLength:  16,
		KeyLength:   32,
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.pool.Exec(ctx, "update account_user set password_hash = $1 where id = $2", old, u.ID); err != nil {
		t.Fatal(err)
	}
	var kept string
	for _, want := range []bool{true, false} { // replaced once
		before := kept
		if _, err := h.signIn(ctx, "ann@example.test", goodPassword, "192.0.2.1"); err != nil {
			t.Fatal(err)
		}
		if err := h.pool.QueryRow(ctx, "select password_hash from account_user where id = $1", u.ID).
			Scan(&kept); err != nil {
			t.Fatal(err)
		}
		if (kept != old && kept != before) != want || !strings.Contains(kept, "m=19456") {
			t.Fatalf("kept %q after %q", kept, before)
		}
	}
}
