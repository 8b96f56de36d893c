package account_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/fault"
)

func TestAccounts_IssueToken_lasts_twelve_hours(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann := h.register(t, "ann@example.test")
	if _, err := h.IssueToken(ctx, account.TokenRequest{
		Email:    ann.Email,
		Password: "wrong",
		Addr:     "192.0.2.1",
	}); !errors.Is(err, account.ErrBadCredentials) {
		t.Fatal(err)
	}
	first, err := h.IssueToken(ctx, account.TokenRequest{
		Email:    "Ann@Example.test",
		Password: goodPassword,
		Addr:     "192.0.2.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.IssueToken(ctx, account.TokenRequest{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     "192.0.2.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	if u, err := h.TokenUser(ctx, first.Value); err != nil || !reflect.DeepEqual(u.User, first.User) || u.ID != ann.ID {
		t.Fatalf("%+v, %v", u, err)
	}
	var plain int
	if err := h.pool.QueryRow(ctx,
		"select count(*) from account_token where encode(token_hash, 'escape') like '%vmt_%'").
		Scan(&plain); err != nil || plain != 0 {
		t.Fatalf("%d tokens are stored in plain text, %v", plain, err)
	}
	if err := h.RevokeToken(ctx, first.Value); err != nil {
		t.Fatal(err)
	}
	h.clock.pass(12*time.Hour - time.Second)
	if _, err := h.TokenUser(ctx, second.Value); err != nil {
		t.Fatalf("the token expired too early: %v", err)
	}
	h.clock.pass(time.Second)
	for name, token := range map[string]string{
		"revoked": first.Value, "expired": second.Value, "empty": "", "prefix": "vmt_",
		"other":     "vmt_" + strings.Repeat("A", 43),
		"no prefix": strings.TrimPrefix(second.Value, "vmt_"),
	} {
		if _, err := h.TokenUser(ctx, token); !errors.Is(err, account.ErrInvalidToken) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n, err := h.Sweep(ctx); err != nil || n != 2 {
		t.Errorf("swept %d, %v", n, err)
	}
}

func TestAccounts_ChangePassword_needs_the_old_one(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann := h.register(t, "ann@example.test")
	if err := h.ChangePassword(ctx, ann.ID, goodPassword,
		"short"); fault.From(err).Fields["password"] != "password_short" {
		t.Fatal(err)
	}
	for range 10 {
		if err := h.ChangePassword(ctx, ann.ID, "wrong",
			"four loud herons"); fault.From(err).Fields["currentPassword"] != "password_wrong" {
			t.Fatal(err)
		}
	}
	if err := h.ChangePassword(ctx, ann.ID, goodPassword, "four loud herons"); !errors.Is(err, account.ErrThrottled) {
		t.Fatalf("a stolen session can go on guessing: %v", err)
	}
	bob := h.register(t, "bob@example.test")
	if err := h.ChangePassword(ctx, bob.ID, goodPassword, "four loud herons"); err != nil {
		t.Fatal(err)
	}
	if _, err := h.signIn(ctx, bob.Email, goodPassword, "192.0.2.1"); !errors.Is(err, account.ErrBadCredentials) {
		t.Fatalf("the old password: %v", err)
	}
	if _, err := h.signIn(ctx, bob.Email, "four loud herons", "192.0.2.1"); err != nil {
		t.Fatalf("the new password: %v", err)
	}
}
