package account_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/sessions"

	"videomall/db/dbtest"
	"videomall/mall/account"
)

// grant returns the grant of the browser's session.
func (b *browser) grant(t *testing.T) (g account.Grant) {
	t.Helper()
	b.visit(t, func(_ http.ResponseWriter, r *http.Request, s *sessions.Session) {
		who, _, err := b.h.sessions.User(r.Context(), s)
		if err != nil || who.ID == 0 {
			t.Fatal(who, err)
		}
		g = who.Grant
	})
	return g
}

func (h *house) token(t *testing.T, u account.User) account.Token {
	t.Helper()
	token, err := h.IssueToken(t.Context(), account.TokenRequest{
		Email:    u.Email,
		Password: goodPassword,
		Addr:     u.Email,
		Program:  "curl/8.0",
	})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

// TestAccounts_MayAct checks that each way to end access ends the sessions, tokens and grants that it names, and no
// others.
func TestAccounts_MayAct(t *testing.T) {
	t.Parallel()
	type access struct{ here, there, token bool } // what is still valid afterwards
	type person struct {
		account.User
		h     *house
		here  account.Grant
		token account.Grant
	}
	cases := map[string]struct {
		end  func(context.Context, person) error
		want access
	}{
		"nothing happened": {func(context.Context, person) error { return nil }, access{true, true, true}},
		"signed out everywhere": {func(ctx context.Context, p person) error {
			_, err := p.h.EndAll(ctx, p.ID)
			return err
		}, access{}},
		"password changed": {func(ctx context.Context, p person) error {
			return p.h.ChangePassword(ctx, p.ID, goodPassword, "four loud herons")
		}, access{}},
		"role changed": {func(ctx context.Context, p person) error {
			p.Roles = account.Roles{account.DutyMoney}
			_, err := p.h.Provision(ctx, p.User, goodPassword)
			return err
		}, access{}},
		"locked": {func(ctx context.Context, p person) error {
			_, err := p.h.Lock(ctx, p.ID)
			return err
		}, access{}},
		"one session ended": {
			func(ctx context.Context, p person) error {
				return p.h.sessions.EndDevice(ctx, p.ID, p.here.Session)
			},
			access{there: true, token: true},
		},
		"device removed": {func(ctx context.Context, p person) error {
			n, err := p.h.sessions.EndDevicesOn(ctx, p.ID, []byte("here"), nil)
			if n != 1 {
				return errors.New("not one session was on the device")
			}
			return err
		}, access{there: true, token: true}},
		"token ended": {func(ctx context.Context, p person) error {
			return p.h.EndToken(ctx, p.ID, p.token.Token)
		}, access{here: true, there: true}},
		"token too old": {func(_ context.Context, p person) error {
			p.h.clock.pass(12 * time.Hour)
			return nil
		}, access{here: true, there: true}},
		"sessions too old": {func(ctx context.Context, p person) error {
			p.h.clock.pass(31 * 24 * time.Hour)
			return nil
		}, access{}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, dbtest.Redis(t))
			p := person{User: h.register(t, "ann@example.test"), h: h}
			here, there := &browser{h: h, device: []byte("here")}, &browser{h: h, device: []byte("there")}
			here.signIn(t, p.User)
			there.signIn(t, p.User)
			token := h.token(t, p.User)
			bearer, err := h.TokenUser(t.Context(), token.Value)
			if err != nil {
				t.Fatal(err)
			}
			p.here, p.token = here.grant(t), bearer.Grant
			away := there.grant(t)
			if err := c.end(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			_, err = h.TokenUser(t.Context(), token.Value)
			if got := (access{here.who(t) != 0, there.who(t) != 0, err == nil}); got != c.want {
				t.Errorf("sessions and token: %+v, not %+v", got, c.want)
			}
			got := access{
				h.MayAct(t.Context(), p.here) == nil, h.MayAct(t.Context(), away) == nil,
				h.MayAct(t.Context(), p.token) == nil,
			}
			if got != c.want {
				t.Errorf("grants: %+v, not %+v", got, c.want)
			}
		})
	}
}

func TestAccounts_MayAct_refuses_suspended_people_and_invented_grants(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	a, b := &browser{h: h}, &browser{h: h}
	a.signIn(t, ann)
	b.signIn(t, bob)
	good := a.grant(t)
	for name, g := range map[string]account.Grant{
		"zero":       {},
		"of nothing": {UserID: ann.ID, Epoch: 1},
		"of somebody's session": {
			UserID:  ann.ID,
			Epoch:   1,
			Session: b.grant(t).Session,
		},
		"of an epoch to come": {
			UserID:  ann.ID,
			Epoch:   2,
			Session: good.Session,
		},
		"of a session as token": {
			UserID: ann.ID,
			Epoch:  1,
			Token:  good.Session,
		},
		"of nobody": {
			UserID:  1 << 40,
			Epoch:   1,
			Session: good.Session,
		},
	} {
		if err := h.MayAct(t.Context(), g); !errors.Is(err, account.ErrEnded) {
			t.Errorf("%s: %v", name, err)
		}
	}
	strict := account.New(account.Deps{
		Pool:      h.pool,
		Redis:     h.redis,
		Log:       slog.New(slog.DiscardHandler),
		Now:       h.clock.now,
		Suspended: func(_ context.Context, id int64) bool { return id == ann.ID },
	})
	if err := strict.MayAct(t.Context(), good); !errors.Is(err, account.ErrEnded) {
		t.Errorf("a suspended person acts: %v", err)
	}
	if err := strict.MayAct(t.Context(), b.grant(t)); err != nil {
		t.Errorf("somebody who is not suspended cannot act: %v", err)
	}
}

// TestSessions_SignIn_refuses_a_proof_from_before_the_end signs in with a password that was proved before all access of
// the person ended.
func TestSessions_SignIn_refuses_a_proof_from_before_the_end(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann := h.register(t, "ann@example.test")
	proved, err := h.signIn(t.Context(), ann.Email, goodPassword, "192.0.2.1")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.ChangePassword(t.Context(), ann.ID, goodPassword, "four loud herons"); err != nil {
		t.Fatal(err)
	}
	b := &browser{h: h}
	b.visit(t, func(w http.ResponseWriter, r *http.Request, s *sessions.Session) {
		if err := h.sessions.SignIn(r, w, s, proved, account.Place{}); !errors.Is(err, account.ErrEnded) {
			t.Errorf("the old proof signs in: %v", err)
		}
	})
	if b.who(t) != 0 {
		t.Error("the session belongs to somebody")
	}
}

func TestAccounts_Tokens_list_the_last_use_and_end_one_by_one(t *testing.T) {
	t.Parallel()
	h := newHouse(t, dbtest.Redis(t))
	ann, bob := h.register(t, "ann@example.test"), h.register(t, "bob@example.test")
	first := h.token(t, ann)
	h.clock.pass(time.Minute)
	second := h.token(t, ann)
	h.token(t, bob)
	list, err := h.Tokens(t.Context(), ann.ID)
	if err != nil || len(list) != 2 || list[0].Used != nil || list[0].Program != "curl/8.0" ||
		!list[0].ExpiresAt.Equal(second.ExpiresAt) {
		t.Fatalf("%+v, %v", list, err)
	}
	h.clock.pass(time.Minute)
	used := h.clock.now()
	for range 3 { // the use is written once in ten minutes
		if _, err := h.TokenUser(t.Context(), first.Value); err != nil {
			t.Fatal(err)
		}
		h.clock.pass(time.Minute)
	}
	if list, err = h.Tokens(t.Context(), ann.ID); err != nil || list[0].Used == nil || !list[0].Used.Equal(used) ||
		list[1].Used != nil {
		t.Fatalf("%+v, %v", list, err)
	}
	if err := h.EndToken(t.Context(), bob.ID, list[0].Number); !errors.Is(err, account.ErrNoToken) {
		t.Fatalf("somebody else's token: %v", err)
	}
	if err := h.EndToken(t.Context(), ann.ID, list[0].Number); err != nil {
		t.Fatal(err)
	}
	if err := h.EndToken(t.Context(), ann.ID, list[0].Number); !errors.Is(err, account.ErrNoToken) {
		t.Fatalf("ended twice: %v", err)
	}
	if _, err := h.TokenUser(t.Context(), first.Value); !errors.Is(err, account.ErrInvalidToken) {
		t.Fatalf("the ended token is still valid: %v", err)
	}
	if _, err := h.TokenUser(t.Context(), second.Value); err != nil {
		t.Fatalf("the other one ended too: %v", err)
	}
}

// TestSessions_Lifetimes checks that a session ends at its time however often the person comes, although Redis keeps
// everything.
func TestSessions_Lifetimes(t *testing.T) {
	t.Parallel()
	for role, c := range map[string]struct{ idle, most, every time.Duration }{
		account.RoleShopper:  {30 * 24 * time.Hour, 90 * 24 * time.Hour, 29 * 24 * time.Hour},
		account.RoleOperator: {12 * time.Hour, 7 * 24 * time.Hour, 11 * time.Hour},
	} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, dbtest.Redis(t))
			u, err := h.Provision(t.Context(), account.User{
				Email: "ann@example.test",
				Name:  "Ann",
				Roles: account.RolesOf(role),
			}, goodPassword)
			if err != nil {
				t.Fatal(err)
			}
			idle := &browser{h: h}
			idle.signIn(t, u)
			h.clock.pass(c.idle - time.Second)
			if idle.who(t) == 0 {
				t.Fatal("an idle session ended too early")
			}
			h.clock.pass(c.idle)
			if idle.who(t) != 0 {
				t.Fatal("an idle session did not end")
			}
			b := &browser{h: h}
			b.signIn(t, u)
			signedIn := h.clock.now()
			for h.clock.now().Add(c.every).Before(signedIn.Add(c.most)) {
				h.clock.pass(c.every)
				if b.who(t) == 0 {
					t.Fatalf("a session in use ended after %v", h.clock.now().Sub(signedIn))
				}
			}
			h.clock.pass(signedIn.Add(c.most).Sub(h.clock.now()) - time.Second)
			if b.who(t) == 0 || b.cookie.MaxAge > 1 {
				t.Fatalf("a second before its end: %+v", b.cookie)
			}
			h.clock.pass(time.Second)
			if b.who(t) != 0 {
				t.Fatal("a session in use never ended")
			}
		})
	}
}
