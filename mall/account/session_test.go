package account_test

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

// browser is somebody's browser, which may have a cookie.
type browser struct {
	h      *house
	cookie *http.Cookie
	device []byte
}

// visit makes one request: it calls do with the session, and keeps the cookie of the response.
func (b *browser) visit(t *testing.T, do func(http.ResponseWriter, *http.Request, *sessions.Session)) {
	t.Helper()
	r := httptest.NewRequest("GET", "/", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 \x00 (X11; Linux x86_64) Firefox/140.0"+strings.Repeat("x", 400))
	if b.cookie != nil {
		r.AddCookie(b.cookie)
	}
	w := httptest.NewRecorder()
	session, err := b.h.sessions.Get(r, b.h.sessions.CookieName())
	if err != nil {
		t.Fatal(err)
	}
	do(w, r, session)
	for _, c := range w.Result().Cookies() {
		b.cookie = c
		if c.MaxAge < 0 {
			b.cookie = nil
		}
	}
}

func (b *browser) signIn(t *testing.T, u account.User) {
	t.Helper()
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if err := b.h.sessions.SignIn(r, w, s, b.h.now(t, u.ID), account.Place{Device: b.device}); err != nil {
			t.Fatal(err)
		}
	})
}

func (b *browser) put(t *testing.T, key, value string) {
	t.Helper()
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		s.Values[key] = value
		if err := s.Save(r, w); err != nil {
			t.Fatal(err)
		}
	})
}

// who returns the person of the session, or 0 for a guest. Like a page, it prolongs the session when that is due.
func (b *browser) who(t *testing.T) (id int64) {
	t.Helper()
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		u, stale, err := b.h.sessions.User(r.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if stale {
			if err := s.Save(r, w); err != nil {
				t.Fatal(err)
			}
		}
		id = u.ID
	})
	return id
}

func (b *browser) value(t *testing.T, key string) (value string) {
	t.Helper()
	b.visit(t, func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) { value, _ = s.Values[key].(string) })
	return value
}

func (h *house) keys(t *testing.T) []string {
	t.Helper()
	keys, err := h.redis.Keys(context.Background(), "session:*").Result()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestSessions_Save_stores_no_empty_guest_session(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	b := &browser{h: h}
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if err := s.Save(r, w); err != nil {
			t.Fatal(err)
		}
	})
	if b.cookie != nil || len(h.keys(t)) != 0 {
		t.Fatalf("a visit made %v and %v", b.cookie, h.keys(t))
	}
	b.put(t, "flash", "hello")
	keys := h.keys(t)
	if b.cookie == nil || len(keys) != 1 || strings.Contains(keys[0], b.cookie.Value) {
		t.Fatalf("keeping something made %v and %v", b.cookie, keys)
	}
	if ttl := h.redis.TTL(t.Context(), keys[0]).Val(); ttl <= 6*24*time.Hour || ttl > 7*24*time.Hour {
		t.Errorf("a guest is kept for %v", ttl)
	}
	raw, err := base64.RawURLEncoding.DecodeString(b.cookie.Value)
	if err != nil || len(raw) != 32 || !b.cookie.HttpOnly || b.cookie.SameSite != http.SameSiteLaxMode ||
		b.cookie.Path != "/" {
		t.Errorf("cookie %v", b.cookie)
	}
	if b.value(t, "flash") != "hello" {
		t.Error("the value is not there")
	}
}

func TestSessions_Save_cookie_over_HTTPS_belongs_to_the_host(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	h.sessions = account.NewSessions(account.SessionsDeps{
		Pool:   h.pool,
		Redis:  h.redis,
		Log:    nil,
		Now:    h.clock.now,
		Secure: true,
	})
	b := &browser{h: h}
	b.put(t, "flash", "x")
	if b.cookie == nil || b.cookie.Name != "__Host-session" || !b.cookie.Secure || b.cookie.Domain != "" ||
		b.cookie.Path != "/" {
		t.Fatalf("cookie %v", b.cookie)
	}
}

func TestSessions_SignIn_ends_a_planted_session(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")

	invented := &http.Cookie{Name: "session", Value: strings.Repeat("A", 43)}
	victim := &browser{h: h, cookie: invented}
	victim.put(t, "flash", "x")
	if victim.cookie.Value == invented.Value {
		t.Fatal("an id that nobody issued was adopted")
	}

	attacker := &browser{h: h}
	attacker.put(t, "flash", "bait")
	planted := *attacker.cookie
	victim = &browser{h: h, cookie: &planted}
	victim.signIn(t, ann)
	if victim.cookie.Value == planted.Value {
		t.Fatal("the id stayed the same")
	}
	if victim.value(t, "flash") != "bait" {
		t.Error("the guest's values are gone")
	}
	if got := victim.who(t); got != ann.ID {
		t.Fatalf("signed in as %d", got)
	}
	if got := attacker.who(t); got != 0 || attacker.value(t, "flash") != "" {
		t.Fatalf("the planted id is still valid, as %d", got)
	}
}

func TestSessions_SignIn_ends_the_session_before(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	b := &browser{h: h}
	b.signIn(t, ann)
	before := *b.cookie
	b.signIn(t, bob)
	if got := b.who(t); got != bob.ID {
		t.Fatalf("signed in as %d", got)
	}
	old := &browser{h: h, cookie: &before}
	if old.who(t) != 0 || len(h.keys(t)) != 1 {
		t.Fatalf("the previous id is still valid: %v", h.keys(t))
	}
}

func TestSessions_User_needs_a_sign_in(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	b := &browser{h: h}
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		s.Values["user"] = "1"
		if err := s.Save(r, w); err == nil {
			t.Fatal("a guest could set the user")
		}
	})
	// Somebody who can write to Redis still cannot sign in, since the row decides.
	b = &browser{h: h}
	b.put(t, "flash", "x")
	if err := h.redis.Set(t.Context(), h.keys(t)[0], `{"user":"`+string(rune('0'+ann.ID))+`"}`, time.Hour).
		Err(); err != nil {
		t.Fatal(err)
	}
	if got := b.who(t); got != 0 {
		t.Fatalf("signed in as %d", got)
	}
}

func TestSessions_User_stays_signed_in_without_redis(t *testing.T) {
	t.Parallel()
	server := dbtest.RedisServer(t)
	h := newHouse(t, server.Client)
	ann := h.register(t, "ann@example.test")
	b := &browser{h: h}
	b.signIn(t, ann)

	server.Flush()
	if got := b.who(t); got != ann.ID || len(h.keys(t)) != 1 {
		t.Fatalf("after a flush: %d, %v", got, h.keys(t))
	}

	server.Kill()
	start := time.Now()
	if got := b.who(t); got != ann.ID {
		t.Fatalf("after a crash: %d", got)
	}
	if took := time.Since(start); took > 2*time.Second {
		t.Errorf("a page waited %v for a dead Redis", took)
	}
	other := &browser{h: h}
	other.signIn(t, ann)
	if got := other.who(t); got != ann.ID {
		t.Fatalf("signed in as %d without Redis", got)
	}

	// A sign-out while Redis is away must hold when Redis returns with its earlier values.
	kept := *b.cookie
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		s.Options.MaxAge = -1
		if err := s.Save(r, w); err != nil {
			t.Fatal(err)
		}
	})
	server.Restart()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		guest := &browser{h: h}
		if guest.put(t, "flash", "x"); guest.cookie != nil { // Redis is asked again
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("Redis is not asked again after its restart")
		}
	}
	ghost := &browser{h: h, cookie: &kept}
	if got := ghost.who(t); got != 0 {
		t.Fatalf("the values in Redis signed person %d in again", got)
	}
}

func TestSessions_User_lasts_thirty_days_from_the_last_visit(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	b := &browser{h: h}
	b.signIn(t, ann)
	for range 3 {
		h.clock.pass(29 * 24 * time.Hour)
		if b.who(t) != ann.ID {
			t.Fatal("a regular visitor was signed out")
		}
	}
	h.clock.pass(30 * 24 * time.Hour)
	if b.who(t) != 0 {
		t.Fatal("Redis keeps somebody signed in whose session has expired")
	}
	if n, err := h.Sweep(t.Context()); err != nil || n != 1 {
		t.Fatalf("swept %d, %v", n, err)
	}
}

func TestSessions_EndDevice_ends_one_device(t *testing.T) {
	t.Parallel()
	h, ctx := newHouse(t, dbtest.Redis(t)), t.Context()
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	phone, laptop, tv, his := &browser{h: h}, &browser{h: h}, &browser{h: h}, &browser{h: h}
	for _, b := range []*browser{phone, laptop, tv} {
		b.signIn(t, ann)
		h.clock.pass(time.Minute)
	}
	his.signIn(t, bob)
	var devices []account.Device
	laptop.visit(t, func(_ http.ResponseWriter, _ *http.Request, s *sessions.Session) {
		var err error
		if devices, err = h.sessions.Devices(ctx, ann.ID, s); err != nil {
			t.Fatal(err)
		}
	})
	if len(devices) != 3 || !devices[1].Here || devices[0].Here || devices[2].Here ||
		!strings.Contains(devices[0].UserAgent, "Firefox") || len(devices[0].UserAgent) > 300 {
		t.Fatalf("devices %+v", devices)
	}
	if err := h.sessions.EndDevice(ctx, bob.ID, devices[2].Number); !errors.Is(err, account.ErrNoSession) {
		t.Fatalf("somebody else's device: %v", err)
	}
	if err := h.sessions.EndDevice(ctx, ann.ID, devices[2].Number); err != nil || phone.who(t) != 0 {
		t.Fatalf("the phone is still signed in, %v", err)
	}
	if tv.who(t) != ann.ID || laptop.who(t) != ann.ID {
		t.Fatal("other devices were signed out too")
	}
	if n, err := h.EndAll(ctx, ann.ID); err != nil || n != 2 || laptop.who(t) != 0 || tv.who(t) != 0 ||
		his.who(t) != bob.ID {
		t.Fatalf("EndAll did not end exactly her sessions: %d, %v", n, err)
	}
}

func TestSessions_Save_does_not_revive_an_ended_session(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	b := &browser{h: h}
	b.signIn(t, ann)
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if _, err := h.EndAll(r.Context(), ann.ID); err != nil {
			t.Fatal(err)
		}
		s.Values["flash"] = "late"
		if err := s.Save(r, w); err != nil {
			t.Fatal(err)
		}
	})
	if keys := h.keys(t); len(keys) != 0 || b.who(t) != 0 {
		t.Fatalf("the ended session was written again: %v", keys)
	}
}

func TestSessions_User_ends_when_privileges_change(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	for name, change := range map[string]func(context.Context, int64) error{
		"role": func(ctx context.Context, id int64) error {
			u, err := h.User(ctx, id)
			if err != nil {
				return err
			}
			u.Roles = account.Roles{account.RoleCreator}
			_, err = h.Provision(ctx, u, goodPassword)
			return err
		},
		"lock": func(ctx context.Context, id int64) error {
			_, err := h.Lock(ctx, id)
			return err
		},
		"password": func(ctx context.Context, id int64) error {
			return h.ChangePassword(ctx, id, goodPassword, "four loud herons")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := h.register(t, name+"@example.test")
			b := &browser{h: h}
			b.signIn(t, u)
			token, err := h.IssueToken(t.Context(), account.TokenRequest{
				Email:    u.Email,
				Password: goodPassword,
				Addr:     name,
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := change(t.Context(), u.ID); err != nil {
				t.Fatal(err)
			}
			if b.who(t) != 0 {
				t.Error("the session is still valid")
			}
			if _, err := h.TokenUser(t.Context(), token.Value); !errors.Is(err, account.ErrInvalidToken) {
				t.Errorf("the token is still valid: %v", err)
			}
		})
	}
}
