package mailing_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/malltest"
)

const password = "three quiet herons"

// signsIn signs a person in as the pages do, in a browser with these marks, and returns its marks from then on.
func (s *shop) signsIn(u account.User, marks string) string {
	s.T.Helper()
	u, err := s.Accounts.User(s.Ctx, u.ID)
	s.OK(err)
	r := httptest.NewRequest(http.MethodPost, "/sign-in", nil)
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	session, err := s.Sessions.Get(r, s.Sessions.CookieName())
	s.OK(err)
	s.OK(s.Sessions.SignIn(r, httptest.NewRecorder(), session, u, account.Place{
		Known: s.Accounts.Knows(marks, u),
		Addr:  "203.0.113.77",
	}))
	return s.Accounts.RememberBrowser(marks, u)
}

func (s *shop) confirms(u account.User) {
	s.T.Helper()
	_, err := s.Pool.Exec(s.Ctx, `update account_user set email_verified_at = now() where id = $1`, u.ID)
	s.OK(err)
}

func TestMall_mails_a_new_sign_in(t *testing.T) {
	s := openShop(t)
	s.confirms(s.ann)
	home := s.signsIn(s.ann, "") // the very first
	home = s.signsIn(s.ann, home)
	s.gets(s.ann)
	s.signsIn(s.ann, "")
	const subject = "New sign-in to your account"
	k := s.gets(s.ann, subject)
	s.says(k, "Firefox on Linux", "203.0.113.0/24", "http://127.0.0.1/account", "http://127.0.0.1/forgot-password")
	if strings.Contains(k.Content.Text, "203.0.113.77") {
		t.Error("it names the whole address")
	}
	s.signsIn(s.ann, home)
	s.gets(s.ann, subject)
	s.signsIn(s.ann, s.signsIn(s.bob, "")) // somebody else's browser
	s.gets(s.ann, subject, subject)
	_, err := s.Accounts.EndAll(s.Ctx, s.ann.ID)
	s.OK(err)
	s.signsIn(s.ann, home) // after signing out everywhere no browser is known
	s.gets(s.ann, subject, subject, subject)
	s.signsIn(s.bob, "")
	s.signsIn(s.bob, "")
	s.gets(s.bob) // the address was never confirmed
}

// Without mail, or when the sign-in fails, nothing is written.
func TestMall_mails_no_sign_in_that_failed(t *testing.T) {
	s := openShop(t)
	s.confirms(s.ann)
	s.signsIn(s.ann, "")
	r := httptest.NewRequest(http.MethodPost, "/sign-in", nil)
	session, err := s.Sessions.Get(r, s.Sessions.CookieName())
	s.OK(err)
	stale := s.ann
	stale.Epoch--
	if err := s.Sessions.SignIn(r, httptest.NewRecorder(), session, stale, account.Place{}); err == nil {
		t.Error("a stale proof signs in")
	}
	s.gets(s.ann)
}

// TestMall_mails_sign_ins_of_programs: they keep no cookie, so each network is told of once in a while.
func TestMall_mails_sign_ins_of_programs(t *testing.T) {
	s := openShop(t)
	u, err := s.Accounts.Register(s.Ctx, account.Registration{
		Email:    "prog@example.test",
		Name:     "Prog",
		Password: password,
		Locale:   "en",
		Addr:     "192.0.2.1",
	})
	s.OK(err)
	s.confirms(u)
	before := len(s.inbox(u)) // the link to confirm the address
	token := func(addr string, want int) {
		t.Helper()
		_, err := s.Accounts.IssueToken(s.Ctx, account.TokenRequest{
			Email:    u.Email,
			Password: password,
			Addr:     addr,
			Program:  "curl/8.0",
		})
		s.OK(err)
		if got := len(s.inbox(u)) - before; got != want {
			t.Errorf("%d mails after a token for %s, want %d", got, addr, want)
		}
	}
	token("192.0.2.1", 0) // the first sign-in of all
	token("192.0.2.1", 1)
	token("192.0.2.1", 1)
	token("198.51.100.1", 2)
	s.Advance(31 * 24 * time.Hour)
	token("198.51.100.1", 3)
	if n := malltest.Query[int64](s.Mall, `select count(*) from mail where kind = 'new_sign_in'`)[0]; n != 3 {
		t.Errorf("%d mails", n)
	}
}
