package account_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

const otherPassword = "four loud magpies"

// mailingHouse is a house that keeps what it tells people.
type mailingHouse struct {
	*house
	t       *testing.T
	mu      sync.Mutex
	notices []account.Notice
}

func newMailingHouse(t *testing.T) *mailingHouse {
	t.Helper()
	t.Parallel()
	h := &mailingHouse{house: newHouse(t, dbtest.Redis(t)), t: t}
	h.require(account.FactorsOff)
	return h
}

// require reopens the module under a policy of second factors.
func (h *mailingHouse) require(policy account.FactorPolicy) {
	h.t.Helper()
	jobs, err := river.NewClient(riverpgxv5.New(h.pool), &river.Config{})
	if err != nil {
		h.t.Fatal(err)
	}
	h.Accounts = account.New(account.Deps{
		Pool:       h.pool,
		Redis:      h.redis,
		Log:        slog.New(slog.DiscardHandler),
		Now:        h.clock.now,
		River:      jobs,
		BrowserKey: []byte("the key that signs marks of browsers"),
		FactorKey:  bytes.Repeat([]byte{7}, 32),
		Factors:    policy,
		Notify: func(_ context.Context, _ pgx.Tx, n account.Notice) error {
			h.mu.Lock()
			defer h.mu.Unlock()
			h.notices = append(h.notices, n)
			return nil
		},
	})
}

// told returns the notices of a kind, the oldest first.
func (h *mailingHouse) told(kind string) (found []account.Notice) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, n := range h.notices {
		if n.Kind == kind {
			found = append(found, n)
		}
	}
	return found
}

// last returns the latest notice of a kind.
func (h *mailingHouse) last(kind string) account.Notice {
	h.t.Helper()
	all := h.told(kind)
	if len(all) == 0 {
		h.t.Fatalf("nobody was told of %s", kind)
	}
	return all[len(all)-1]
}

func (h *mailingHouse) ok(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func (h *mailingHouse) wants(err, want error) {
	h.t.Helper()
	if !errors.Is(err, want) {
		h.t.Errorf("%v, want %v", err, want)
	}
}

func (h *mailingHouse) wantPassword(email, password string, want error) {
	h.t.Helper()
	_, err := h.Authenticate(h.t.Context(), account.Attempt{Email: email, Password: password, Addr: "192.0.2.9"})
	if !errors.Is(err, want) {
		h.t.Errorf("signing in as %s: %v, want %v", email, err, want)
	}
}

// resetLink asks for a link and does what the job would.
func (h *mailingHouse) resetLink(email string) string {
	h.t.Helper()
	h.ok(h.SendReset(h.t.Context(), account.ResetArgs{ID: email + h.clock.now().String(), Email: email, Locale: "en"}))
	return h.last(account.NoticeReset).Secret
}

func TestAccounts_ResetPassword_once(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "forgetful@example.test")
	token, err := h.IssueToken(ctx, account.TokenRequest{Email: u.Email, Password: goodPassword, Addr: "192.0.2.1"})
	h.ok(err)
	first, second := h.resetLink(u.Email), h.resetLink(u.Email)
	h.ok(h.ResetLink(ctx, first))
	h.ok(h.ResetPassword(ctx, second, otherPassword, "192.0.2.1"))
	h.wantPassword(u.Email, goodPassword, account.ErrBadCredentials)
	h.wantPassword(u.Email, otherPassword, nil)
	if _, err := h.TokenUser(ctx, token.Value); err == nil {
		t.Error("a token outlived the forgotten password")
	}
	for name, link := range map[string]string{"used": second, "older": first, "made up": "x", "empty": ""} {
		h.wants(h.ResetLink(ctx, link), account.ErrLinkGone)
		if err := h.ResetPassword(ctx, link, goodPassword, "192.0.2.1"); !errors.Is(err, account.ErrLinkGone) {
			t.Errorf("%s link: %v", name, err)
		}
	}
	if n := h.told(account.NoticePasswordChanged); len(n) != 1 || n[0].User.Email != u.Email {
		t.Errorf("told %+v", n)
	}
	if at, err := h.VerifiedAt(ctx, u.ID); err != nil || at == nil {
		t.Errorf("whoever used the link reads the address: %v, %v", at, err)
	}
}

func TestAccounts_ResetPassword_two_at_once(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	h.register(t, "forgetful@example.test")
	link := h.resetLink("forgetful@example.test")
	var changed atomic.Int32
	var both sync.WaitGroup
	for range 5 {
		both.Go(func() {
			switch err := h.ResetPassword(ctx, link, otherPassword, "192.0.2.1"); {
			case err == nil:
				changed.Add(1)
			case !errors.Is(err, account.ErrLinkGone):
				t.Error(err)
			}
		})
	}
	both.Wait()
	if changed.Load() != 1 {
		t.Errorf("one link changed the password %d times", changed.Load())
	}
}

func TestAccounts_ResetPassword_too_late(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "forgetful@example.test")
	link := h.resetLink(u.Email)
	h.clock.pass(account.ResetLife)
	h.wants(h.ResetPassword(ctx, link, otherPassword, "192.0.2.1"), account.ErrLinkGone)
	h.wantPassword(u.Email, goodPassword, nil)
	link = h.resetLink(u.Email)
	if _, err := h.Lock(ctx, u.ID); err != nil {
		t.Fatal(err)
	}
	h.wants(h.ResetPassword(ctx, link, otherPassword, "192.0.2.1"), account.ErrLinkGone)
}

func TestAccounts_ResetPassword_weak(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "forgetful@example.test")
	link := h.resetLink(u.Email)
	h.wants(h.ResetPassword(ctx, link, "short", "192.0.2.1"), account.ErrInvalidAccount)
	h.ok(h.ResetPassword(ctx, link, otherPassword, "192.0.2.1")) // the link was not used up
}

func TestAccounts_AskReset_tells_nothing(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "forgetful@example.test")
	for _, email := range []string{u.Email, "nobody@example.test"} {
		h.ok(h.AskReset(ctx, account.Reset{Email: email, Addr: "198.51.100.7"})) // another network
		for n := range 5 {
			err := h.AskReset(ctx, account.Reset{Email: email, Addr: "192.0.2.1"})
			if n < 4 && err != nil || n == 4 && !errors.Is(err, account.ErrThrottled) {
				t.Errorf("request %d for %s: %v", n+1, email, err)
			}
		}
	}
	for _, email := range []string{"no address", "", "a@b", "x\x00@example.test", "\xff@example.test"} {
		h.wants(h.AskReset(ctx, account.Reset{Email: email, Addr: "192.0.2.1"}), account.ErrInvalidAccount)
	}
	var jobs int
	h.ok(h.pool.QueryRow(ctx, "select count(*) from river_job where kind = 'reset_password'").Scan(&jobs))
	if jobs != 10 || len(h.told(account.NoticeReset)) != 0 {
		t.Errorf("%d jobs, want 10: whether somebody has an account shows in what a request does", jobs)
	}
	h.ok(h.SendReset(ctx, account.ResetArgs{ID: "1", Email: "nobody@example.test"}))
	if len(h.told(account.NoticeReset)) != 0 {
		t.Error("somebody without an account was told")
	}
}

func TestAccounts_Verify(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "new@example.test")
	if at, err := h.VerifiedAt(ctx, u.ID); err != nil || at != nil {
		t.Fatalf("verified before anything was proved: %v, %v", at, err)
	}
	registered := h.last(account.NoticeVerify).Secret
	h.ok(h.AskVerify(ctx, u.ID))
	again := h.last(account.NoticeVerify).Secret
	h.wants(h.ResetLink(ctx, again), account.ErrLinkGone) // of another purpose
	h.ok(h.Verify(ctx, again))
	h.wants(h.Verify(ctx, again), account.ErrLinkGone)
	h.wants(h.Verify(ctx, registered), account.ErrLinkGone)
	if at, err := h.VerifiedAt(ctx, u.ID); err != nil || at == nil {
		t.Errorf("not verified: %v, %v", at, err)
	}
	for range 5 {
		h.ok(h.AskVerify(ctx, u.ID))
	}
	h.wants(h.AskVerify(ctx, u.ID), account.ErrThrottled)
}

func TestAccounts_ChangeEmail(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "old@example.test")
	other := h.register(t, "other@example.test")
	h.wants(h.AskEmail(ctx, u.ID, "new@example.test", "a wrong password"), account.ErrInvalidAccount)
	h.wants(h.AskEmail(ctx, u.ID, "OLD@example.test", goodPassword), account.ErrInvalidAccount)
	h.wants(h.AskEmail(ctx, u.ID, other.Email, goodPassword), account.ErrEmailTaken)
	if len(h.told(account.NoticeEmailConfirm))+len(h.told(account.NoticeEmailAsked)) != 0 {
		t.Fatal("somebody was told of what was refused")
	}
	h.ok(h.AskEmail(ctx, u.ID, " New@Example.test ", goodPassword))
	confirm, asked := h.last(account.NoticeEmailConfirm), h.last(account.NoticeEmailAsked)
	if confirm.To != "new@example.test" || confirm.Secret == "" || asked.To != u.Email || asked.Secret != "" {
		t.Errorf("confirm %+v, asked %+v", confirm, asked)
	}
	h.wantPassword("new@example.test", goodPassword, account.ErrBadCredentials)
	reset := h.resetLink(u.Email)
	h.wants(h.ChangeEmail(ctx, other.ID, confirm.Secret), account.ErrLinkGone)
	h.ok(h.ChangeEmail(ctx, u.ID, confirm.Secret))
	h.wantPassword("new@example.test", goodPassword, nil)
	h.wantPassword(u.Email, goodPassword, account.ErrBadCredentials)
	h.wants(h.ResetLink(ctx, reset), account.ErrLinkGone) // whoever reads the old address is out
	h.wants(h.ChangeEmail(ctx, u.ID, confirm.Secret), account.ErrLinkGone)
	changed := h.told(account.NoticeEmailChanged)
	if len(changed) != 2 || changed[0].To != u.Email || changed[1].To != "new@example.test" {
		t.Errorf("told %+v", changed)
	}
	if at, err := h.VerifiedAt(ctx, u.ID); err != nil || at == nil {
		t.Errorf("not verified: %v, %v", at, err)
	}
}

// TestAccounts_ChangeEmail_after_the_person_acted: somebody who knew the password has asked for another address, and the
// person does what the mail about it says.
func TestAccounts_ChangeEmail_after_the_person_acted(t *testing.T) {
	for name, act := range map[string]func(*mailingHouse, account.User) error{
		"a new password by link": func(h *mailingHouse, u account.User) error {
			return h.ResetPassword(t.Context(), h.resetLink(u.Email), otherPassword, "192.0.2.1")
		},
		"a new password": func(h *mailingHouse, u account.User) error {
			return h.ChangePassword(t.Context(), u.ID, goodPassword, otherPassword)
		},
		"signing out everywhere": func(h *mailingHouse, u account.User) error {
			_, err := h.EndAll(t.Context(), u.ID)
			return err
		},
		"an operator locks the account": func(h *mailingHouse, u account.User) error {
			_, err := h.Lock(t.Context(), u.ID)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h, ctx := newMailingHouse(t), t.Context()
			u := h.register(t, "owner@example.test")
			h.ok(h.AskEmail(ctx, u.ID, "thief@example.test", goodPassword))
			link := h.last(account.NoticeEmailConfirm).Secret
			older := h.resetLink(u.Email)
			h.ok(act(h, u))
			h.wants(h.ChangeEmail(ctx, u.ID, link), account.ErrLinkGone)
			h.wants(h.ResetLink(ctx, older), account.ErrLinkGone)
			if now, err := h.User(ctx, u.ID); err != nil || now.Email != u.Email {
				t.Errorf("the account is %s's, %v", now.Email, err)
			}
		})
	}
}

func TestAccounts_ResetPassword_after_wrong_ones(t *testing.T) {
	h := newMailingHouse(t)
	u := h.register(t, "forgetful@example.test")
	for range 11 {
		_, _ = h.Authenticate(t.Context(), account.Attempt{Email: u.Email, Password: "wrong", Addr: "192.0.2.9"})
	}
	h.wantPassword(u.Email, goodPassword, account.ErrThrottled)
	h.ok(h.ResetPassword(t.Context(), h.resetLink(u.Email), otherPassword, "192.0.2.9"))
	h.wantPassword(u.Email, otherPassword, nil)
}

func TestAccounts_notices_in_the_language_that_was_chosen(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u, err := h.Register(ctx, account.Registration{
		Email:    "ann@example.test",
		Name:     "Ann",
		Password: goodPassword,
		Locale:   "en",
		Addr:     "192.0.2.1",
	})
	h.ok(err)
	h.ok(h.ChangeProfile(ctx, u.ID, "Ann", "")) // as the browser says
	h.ok(h.AskVerify(ctx, u.ID))
	if n := h.last(account.NoticeVerify); n.Locale != "en" {
		t.Errorf("written in %q", n.Locale)
	}
}

func TestAccounts_AskEmail_spares_strangers(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	var refused int
	for _, name := range []string{"a", "b", "c"} {
		u := h.register(t, name+"@example.test")
		for range 6 {
			if err := h.AskEmail(ctx, u.ID, "stranger@example.test", goodPassword); errors.Is(err, account.ErrThrottled) {
				refused++
			} else {
				h.ok(err)
			}
		}
	}
	if refused != 6 {
		t.Errorf("%d of 18 links to one address were refused, want 6", refused)
	}
}

func TestAccounts_ChangeEmail_taken_meanwhile(t *testing.T) {
	h, ctx := newMailingHouse(t), t.Context()
	u := h.register(t, "old@example.test")
	h.ok(h.AskEmail(ctx, u.ID, "wanted@example.test", goodPassword))
	h.register(t, "wanted@example.test")
	h.wants(h.ChangeEmail(ctx, u.ID, h.last(account.NoticeEmailConfirm).Secret), account.ErrEmailTaken)
	h.wantPassword(u.Email, goodPassword, nil)
}

func TestAccounts_without_mail(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	u := h.register(t, "somebody@example.test")
	for name, err := range map[string]error{
		"reset":  h.AskReset(ctx, account.Reset{Email: u.Email}),
		"verify": h.AskVerify(ctx, u.ID),
		"email":  h.AskEmail(ctx, u.ID, "new@example.test", goodPassword),
	} {
		if !errors.Is(err, account.ErrNoMail) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAccounts_Sweep_links(t *testing.T) {
	h := newMailingHouse(t)
	h.register(t, "new@example.test")
	h.clock.pass(account.VerifyLife + time.Second)
	if n, err := h.Sweep(t.Context()); n != 1 || err != nil {
		t.Errorf("swept %d, %v, want the link of the registration", n, err)
	}
}
