package account_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

func TestAccounts_Authenticate_slows_down_on_wrong_passwords_from_everywhere(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann := h.register(t, "ann@example.test")
	var waits []time.Duration
	h.Slowed(func(_ context.Context, d time.Duration) error {
		waits = append(waits, d)
		return nil
	})
	for i := range 23 {
		if _, err := h.signIn(ctx, ann.Email, "wrong",
			fmt.Sprintf("198.51.%d.1", i)); !errors.Is(err, account.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	if want := "[100ms 200ms 300ms]"; fmt.Sprint(waits) != want {
		t.Errorf("the last three of 23 waited %v, want %s", waits, want)
	}
	known := account.Attempt{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     home,
		Browser:  h.RememberBrowser("", ann),
	}
	if _, err := h.Authenticate(ctx, known); err != nil || len(waits) != 3 {
		t.Errorf("the owner's browser waits too: %v, %v", waits, err)
	}
	for range 2 { // the owner in a new browser; a right password does not count
		if _, err := h.signIn(ctx, ann.Email, goodPassword, office); err != nil ||
			waits[len(waits)-1] != 400*time.Millisecond {
			t.Errorf("the owner on a new browser: %v, %v", waits, err)
		}
	}
	if got := account.Slowdown(1_000_000); got != 8*time.Second {
		t.Errorf("the longest wait is %v", got)
	}
	waits = nil
	h.clock.pass(time.Hour)
	if _, err := h.signIn(ctx, ann.Email, "wrong", home); !errors.Is(err, account.ErrBadCredentials) || waits != nil {
		t.Errorf("an hour later: %v, %v", waits, err)
	}
}

func TestAccounts_Authenticate_limits_how_many_wait_at_once(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	h.register(t, "ann@example.test")
	held, release := make(chan struct{}, account.MaxSlow+1), make(chan struct{})
	h.Slowed(func(ctx context.Context, _ time.Duration) error {
		held <- struct{}{}
		select {
		case <-release:
		case <-ctx.Done():
		}
		return context.Canceled
	})
	for i := range 20 {
		if _, err := h.signIn(t.Context(), "ann@example.test", "wrong",
			fmt.Sprintf("198.51.%d.1", i)); !errors.Is(err, account.ErrBadCredentials) {
			t.Fatal(err)
		}
	}
	done := make(chan error)
	for i := range account.MaxSlow {
		go func() {
			_, err := h.signIn(context.Background(), "ann@example.test", "wrong", fmt.Sprintf("203.0.%d.1", i))
			done <- err
		}()
		<-held
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second) // so that the test fails instead of hanging
	defer cancel()
	if _, err := h.signIn(ctx, "ann@example.test", goodPassword, home); !errors.Is(err, account.ErrBusy) {
		t.Errorf("one more: %v", err)
	}
	close(release)
	for range account.MaxSlow {
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
	// A caller that left before its password was checked made no attempt.
	var waited time.Duration
	h.Slowed(func(_ context.Context, d time.Duration) error {
		waited = d
		return nil
	})
	if _, err := h.signIn(t.Context(), "ann@example.test", goodPassword, home); err != nil ||
		waited != 100*time.Millisecond {
		t.Errorf("afterwards: waited %v, %v", waited, err)
	}
}

func TestAccounts_Authenticate_counts_IPv6_by_three_networks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	h.register(t, "ann@example.test")
	h.Slowed(func(context.Context, time.Duration) error { return nil })
	from := func(addr string) account.Attempt { return account.Attempt{Email: "ann@example.test", Addr: addr} }
	h.useUp(t, from("2001:db8:1:100::1"), 10) // the /64
	h.useUp(t, from("2001:db8:1:100:ffff::2%eth0"), 0)
	h.useUp(t, from("2001:db8:1:1ff::1"), 10) // its /56, from another /64
	h.useUp(t, from("2001:db8:1:1fe::1"), 0)
	h.useUp(t, from("2001:db8:1:200::1"), 10) // another /56 of the /48
	h.useUp(t, from("2001:db8:1:ff00::1"), 10)
	h.useUp(t, from("2001:db8:1:ee00::1"), 0)
	h.useUp(t, from("2001:db8:2:100::1"), 10) // another /48
}

func TestAccounts_Authenticate_counts_addresses_whatever_they_try(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	count := func(addr string) (n int) {
		for h.CountAddress(t.Context(), addr) == 0 {
			n++
		}
		return n
	}
	for _, c := range []struct {
		addr string
		want int
	}{
		{"192.0.2.1", 60},
		{"192.0.2.2", 60},
		{"::ffff:192.0.2.2", 0},
		{"2001:db8::1", 60},
		{"2001:db8::2", 0},
		{"2001:db8:0:1::1", 60}, // the /56 has 120
		{"2001:db8:0:2::1", 0},
		{"2001:db8:0:100::1", 60},
		{"2001:db8:0:200::1", 60}, // the /48 has 240
		{"2001:db8:0:300::1", 0},
		{"2001:db8:1::1", 60},
	} {
		if got := count(c.addr); got != c.want {
			t.Errorf("%s: %d, want %d", c.addr, got, c.want)
		}
	}
}

// TestAccounts_Authenticate_right_passwords_use_nothing_up checks that an office behind one address can sign in every
// morning.
func TestAccounts_Authenticate_right_passwords_use_nothing_up(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	for range 2 {
		if _, err := h.signIn(t.Context(), ann.Email, goodPassword, office); err != nil {
			t.Fatal(err)
		}
	}
	empty := h.FillHasher()
	for range 11 {
		if _, err := h.signIn(t.Context(), ann.Email, "wrong", office); !errors.Is(err, account.ErrBusy) {
			t.Fatalf("an attempt counted whose password was not checked: %v", err)
		}
	}
	empty()
	h.useUp(t, account.Attempt{Email: ann.Email, Addr: office}, 10)
	for n := range 51 {
		if wait := h.CountAddress(t.Context(), office); (wait > 0) != (n == 50) {
			t.Fatalf("%d attempts more: wait %v", n, wait)
		}
	}
}

func TestAccounts_Authenticate_serves_known_browsers_beside_strangers(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	serve, empty := h.FloodHasher()
	defer empty()
	if _, err := h.signIn(t.Context(), ann.Email, goodPassword, home); !errors.Is(err, account.ErrBusy) {
		t.Fatalf("one more stranger: %v", err)
	}
	done := make(chan error, 1)
	go func() {
		_, err := h.Authenticate(t.Context(), account.Attempt{
			Email:    ann.Email,
			Password: goodPassword,
			Addr:     home,
			Browser:  h.RememberBrowser("", ann),
		})
		done <- err
	}()
	for known := 0; known == 0; known, _ = h.Waiting() {
		select {
		case err := <-done:
			t.Fatalf("the owner's browser does not wait with the known ones: %v", err)
		case <-time.After(time.Millisecond):
		}
	}
	serve()
	if err := <-done; err != nil {
		t.Errorf("the owner's browser: %v", err)
	}
	// After its hashing the next turn was a stranger's.
	if known, unknown := h.Waiting(); known != 0 || unknown != account.MaxWaiting-1 {
		t.Errorf("%d known and %d unknown wait", known, unknown)
	}
}
