package account_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

// TestAccounts_Crowd_has_tokens_and_no_passwords makes a crowd of more than one batch.
func TestAccounts_Crowd_has_tokens_and_no_passwords(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	const n = 2001
	tokens, err := h.Crowd(ctx, "friday", n)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int64]bool{}
	for i, token := range tokens {
		seen[token.User.ID] = true
		if i%400 != 0 {
			continue
		}
		u, err := h.TokenUser(ctx, token.Value)
		if err != nil || u.ID != token.User.ID || u.Email != token.User.Email || len(u.Roles) != 0 {
			t.Fatalf("%+v stands for %+v, %v", token, u, err)
		}
	}
	if len(tokens) != n || len(seen) != n {
		t.Errorf("%d tokens of %d people, want %d", len(tokens), len(seen), n)
	}
	if _, err := h.signIn(ctx, tokens[0].User.Email, "", "192.0.2.1"); !errors.Is(err, account.ErrBadCredentials) {
		t.Errorf("signed in by a password: %v", err)
	}
	if _, err := h.Crowd(ctx, "friday", 1); err == nil {
		t.Error("a second crowd took the name of the first")
	}
}

func TestSessions_Cookie_signs_in(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann := h.register(t, "ann@example.test")
	cookie, err := h.sessions.Cookie(ctx, ann.ID)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Cookie", cookie)
	session, err := h.sessions.Get(r, h.sessions.CookieName())
	if err != nil {
		t.Fatal(err)
	}
	if u, _, err := h.sessions.User(ctx, session); err != nil || u.ID != ann.ID || strings.Contains(cookie, ";") {
		t.Errorf("%q is %+v, %v", cookie, u, err)
	}
}
