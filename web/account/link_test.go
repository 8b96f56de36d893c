package account_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"videomall/mall/account"
	"videomall/web/webtest"
)

const otherPassword = "four loud magpies"

// token returns what the link of the latest mail of a kind holds.
func (m *mall) token(t *testing.T, kind string) string {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for n := len(m.notices) - 1; n >= 0; n-- {
		if m.notices[n].Kind == kind {
			return m.notices[n].Secret
		}
	}
	t.Fatalf("no mail %s", kind)
	return ""
}

func TestForgotPassword_journey(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	m.visitor(t).signUp("ann@example.test")
	v := m.visitor(t)
	if a := v.get("/sign-in"); !strings.Contains(a.Body, `href="/forgot-password"`) {
		t.Error("the page for signing in does not lead there")
	}
	answers := map[string]string{}
	for _, email := range []string{"ann@example.test", "nobody@example.test"} {
		a := v.post("/forgot-password", "email", email)
		if a.Status != http.StatusOK {
			t.Errorf("%s: %d", email, a.Status)
		}
		answers[email] = withoutNoise(strings.ReplaceAll(a.Body, email, "…"))
	}
	if answers["ann@example.test"] != answers["nobody@example.test"] {
		t.Error("the answers tell who has an account")
	}
	if err := m.accounts.SendReset(t.Context(), account.ResetArgs{ID: "1", Email: "ann@example.test"}); err != nil {
		t.Fatal(err)
	}
	link := "/reset-password?token=" + url.QueryEscape(m.token(t, account.NoticeReset))
	for range 2 { // a program that guards the mailbox opens it, too
		a := v.get(link)
		if a.Status != http.StatusOK || a.Header.Get("Referrer-Policy") != "same-origin" ||
			a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%d %v", a.Status, a.Header)
		}
	}
	token := m.token(t, account.NoticeReset)
	if a := v.post("/reset-password", "token", token, "password", "short"); a.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(a.Body, token) {
		t.Errorf("a weak password: %d", a.Status)
	}
	if a := v.post("/reset-password", "token", token, "password", otherPassword); a.Status != http.StatusSeeOther ||
		a.Header.Get("Location") != "/sign-in" {
		t.Fatalf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	for name, a := range map[string]webtest.Response{
		"the button again": v.post("/reset-password", "token", token, "password", goodPassword),
		"the link again":   v.get(link),
		"no token":         v.get("/reset-password"),
	} {
		if a.Status != http.StatusNotFound || !strings.Contains(a.Body, "This link no longer works") {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	if a := v.post("/sign-in", "email", "ann@example.test", "password", otherPassword); a.Status != http.StatusSeeOther {
		t.Errorf("signing in with the new password: %d", a.Status)
	}
}

func TestForgotPassword_refused(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	v := m.visitor(t)
	if a := v.post("/forgot-password", "email", "no address"); a.Status != http.StatusUnprocessableEntity ||
		!strings.Contains(a.Body, `value="no address"`) {
		t.Errorf("not an address: %d", a.Status)
	}
	for range 4 {
		v.post("/forgot-password", "email", "ann@example.test")
	}
	a := v.post("/forgot-password", "email", "ann@example.test")
	if a.Status != http.StatusTooManyRequests || a.Header.Get("Retry-After") == "" {
		t.Errorf("the fifth within an hour: %d", a.Status)
	}
}

func TestForgotPassword_without_mail(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	if a := m.visitor(t).get("/forgot-password"); a.Status != http.StatusOK ||
		!strings.Contains(a.Body, `href="/contact"`) || strings.Contains(a.Body, `action="/forgot-password"`) {
		t.Errorf("%d: %s", a.Status, a.Body)
	}
}

func TestAccount_address(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	v := m.visitor(t)
	v.signUp("ann@example.test")
	if a := v.get("/account"); !strings.Contains(a.Body, "Not confirmed") {
		t.Error("the account does not say that its address is not confirmed")
	}
	token := m.token(t, account.NoticeVerify)
	if a := v.get("/verify-email?token=" + token); a.Status != http.StatusOK {
		t.Errorf("%d", a.Status)
	}
	if a := v.get("/account"); !strings.Contains(a.Body, "Not confirmed") {
		t.Error("opening a link is no proof: programs that guard mailboxes open links")
	}
	if a := v.post("/verify-email", "token", token); a.Status != http.StatusSeeOther {
		t.Errorf("%d", a.Status)
	}
	if a := v.get("/account"); strings.Contains(a.Body, "Not confirmed") || !strings.Contains(a.Body, "Confirmed") {
		t.Error("not confirmed")
	}
	if a := v.post("/account/email", "email", "new@example.test", "currentPassword", "wrong password"); a.Status !=
		http.StatusUnprocessableEntity || !strings.Contains(a.Body, `value="new@example.test"`) {
		t.Errorf("a wrong password: %d", a.Status)
	}
	if a := v.post("/account/email", "email", "new@example.test", "currentPassword", goodPassword); a.Status !=
		http.StatusSeeOther {
		t.Errorf("%d", a.Status)
	}
	change := m.token(t, account.NoticeEmailConfirm)
	stranger := m.visitor(t)
	stranger.signUp("stranger@example.test")
	if a := stranger.post("/change-email", "token", change); a.Status != http.StatusNotFound {
		t.Errorf("somebody else's link: %d", a.Status)
	}
	link := "/change-email?token=" + change
	if a := m.visitor(t).get(link); a.Status != http.StatusSeeOther ||
		a.Header.Get("Location") != "/sign-in?next="+url.QueryEscape(link) {
		t.Errorf("a guest: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := v.post("/change-email", "token", change); a.Status != http.StatusSeeOther {
		t.Errorf("%d", a.Status)
	}
	if v.signedIn() {
		t.Error("still signed in after the address has changed")
	}
	if a := v.post("/sign-in", "email", "new@example.test", "password", goodPassword); a.Status != http.StatusSeeOther {
		t.Errorf("signing in with the new address: %d", a.Status)
	}
}

var noise = regexp.MustCompile(`nonce="[^"]*"|name="_csrf" value="[^"]*"|content="[^"]*csrf[^"]*"|value="[A-Za-z0-9_=-]{20,}"`)

// withoutNoise takes out what differs in each answer.
func withoutNoise(body string) string { return noise.ReplaceAllString(body, "") }
