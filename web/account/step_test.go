package account_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"videomall/mall/account"
	"videomall/web/webtest"
)

var (
	secretShown = regexp.MustCompile(`data-secret>([A-Z2-7 ]+)<`)
	sealedShown = regexp.MustCompile(`name="sealed" value="([^"]+)"`)
	codesShown  = regexp.MustCompile(`<li>([A-Z2-7-]{29})</li>`)
)

// codeOf is what an app with the secret shows now, or so many periods later.
func codeOf(t *testing.T, secret string, periods int64) string {
	t.Helper()
	code, err := hotp.GenerateCode(secret, uint64(time.Now().Unix()/30+periods))
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// addApp sets up an authenticator app in the pages.
func (v *visitor) addApp() (secret string, codes []string) {
	v.t.Helper()
	a := v.post("/account/security/app/new")
	shown, sealed := secretShown.FindStringSubmatch(a.Body), sealedShown.FindStringSubmatch(a.Body)
	if a.Status != http.StatusOK || shown == nil || sealed == nil || a.Header.Get("Cache-Control") != "no-store" {
		v.t.Fatalf("%d %q %s", a.Status, a.Header.Get("Cache-Control"), a.Body)
	}
	secret = strings.ReplaceAll(shown[1], " ", "")
	a = v.post("/account/security/app", "sealed", sealed[1], "code", "000000")
	if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, sealed[1][:1]) ||
		!strings.Contains(a.Body, shown[1]) {
		v.t.Fatalf("a wrong code: %d %s", a.Status, a.Body)
	}
	again := sealedShown.FindStringSubmatch(a.Body)
	a = v.post("/account/security/app", "sealed", again[1], "code", codeOf(v.t, secret, -1))
	for _, c := range codesShown.FindAllStringSubmatch(a.Body, -1) {
		codes = append(codes, c[1])
	}
	if a.Status != http.StatusOK || len(codes) != 10 || a.Header.Get("Cache-Control") != "no-store" {
		v.t.Fatalf("%d with %d codes", a.Status, len(codes))
	}
	return secret, codes
}

// password proves the password, and returns where the second step is.
func (v *visitor) password(next string) string {
	v.t.Helper()
	a := v.post("/sign-in", "email", "ann@example.test", "password", goodPassword, "next", next)
	if a.Status != http.StatusSeeOther {
		v.t.Fatalf("%d %s", a.Status, a.Body)
	}
	return a.Header.Get("Location")
}

func (v *visitor) wants(a webtest.Response, status int, location string) {
	v.t.Helper()
	if a.Status != status || a.Header.Get("Location") != location {
		v.t.Errorf("%d to %q, want %d to %q", a.Status, a.Header.Get("Location"), status, location)
	}
}

func TestStep_between_password_and_session(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	ann, elsewhere := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	elsewhere.wants(elsewhere.post("/sign-in", "email", "ann@example.test", "password", goodPassword), 303, "/")
	secret, codes := ann.addApp()
	if !ann.signedIn() || elsewhere.signedIn() {
		t.Fatal("setting up a factor keeps the session here, and ends those elsewhere")
	}
	if a := ann.get("/account/security"); strings.Contains(a.Body, secret) || strings.Contains(a.Body, codes[0]) ||
		!strings.Contains(a.Body, "10 codes left") {
		t.Errorf("the page shows secrets (%v, %v), or not how many codes are left", strings.Contains(a.Body, secret),
			strings.Contains(a.Body, codes[0]))
	}
	ann.post("/sign-out")

	step := ann.password("/library")
	if step != "/sign-in/step?next=%2Flibrary" || ann.signedIn() {
		t.Fatalf("to %q, signed in: %v", step, ann.signedIn())
	}
	if a := ann.get(step); a.Status != 200 || !strings.Contains(a.Body, `name="next" value="/library"`) ||
		a.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	wrong := ann.post("/sign-in/step", "code", "000000", "next", "/library")
	if wrong.Status != 401 || !strings.Contains(wrong.Body, `name="next" value="/library"`) || ann.signedIn() {
		t.Errorf("a wrong code: %d %s", wrong.Status, wrong.Body)
	}
	// Another browser has no part in it, whatever it knows.
	code := codeOf(t, secret, 0)
	if a := elsewhere.post("/sign-in/step", "code", code); a.Status != 401 || elsewhere.signedIn() {
		t.Errorf("another browser: %d", a.Status)
	}
	stolen := ann.stepCookie()
	ann.wants(ann.post("/sign-in/step", "code", code, "next", "/library"), 303, "/library")
	if !ann.signedIn() || m.entered.Load() == 0 {
		t.Fatal("not signed in")
	}
	// A second click, and the back button.
	ann.wants(ann.post("/sign-in/step", "code", code, "next", "/library"), 303, "/library")
	ann.wants(ann.get(step), 303, "/library")
	// The step is done, so its cookie is worth nothing, with whichever code.
	elsewhere.http.Jar.SetCookies(elsewhere.at(), []*http.Cookie{{Name: "step", Value: stolen}})
	if a := elsewhere.post("/sign-in/step", "code", codes[0]); a.Status != 401 || elsewhere.signedIn() {
		t.Errorf("a step that is done: %d", a.Status)
	}
	if a := elsewhere.get("/sign-in/step"); a.Status != 401 || !strings.Contains(a.Body, "too old") {
		t.Errorf("the page of a step that is done: %d %s", a.Status, a.Body)
	}

	// The code was used; a recovery code works once.
	ann.post("/sign-out")
	ann.password("")
	if a := ann.post("/sign-in/step", "code", code); a.Status != 401 || ann.signedIn() {
		t.Errorf("the same code again: %d", a.Status)
	}
	ann.wants(ann.post("/sign-in/step", "code", strings.ToLower(codes[0])), 303, "/")
	ann.post("/sign-out")
	ann.password("")
	if a := ann.post("/sign-in/step", "code", codes[0]); a.Status != 401 || ann.signedIn() {
		t.Errorf("the same recovery code again: %d", a.Status)
	}
	if n := m.told(account.NoticeRecoveryUsed); n != 1 {
		t.Errorf("%d mails about the recovery code", n)
	}
}

// A new password by mail takes nothing away from the second factor, and signs nobody in.
func TestStep_after_a_forgotten_password(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	ann := m.visitor(t)
	ann.signUp("ann@example.test")
	ann.addApp()
	if _, err := m.pool.Exec(t.Context(), `update account_user set email_verified_at = now()`); err != nil {
		t.Fatal(err)
	}
	if err := m.accounts.SendReset(t.Context(), account.ResetArgs{ID: "1", Email: "ann@example.test"}); err != nil {
		t.Fatal(err)
	}
	thief := m.visitor(t) // who reads her mail
	thief.wants(thief.post("/reset-password", "token", m.token(t, account.NoticeReset), "password", goodPassword+"!"),
		303, "/sign-in")
	if ann.signedIn() || thief.signedIn() {
		t.Fatal("signed in")
	}
	thief.wants(thief.post("/sign-in", "email", "ann@example.test", "password", goodPassword+"!"), 303, "/sign-in/step")
	if thief.signedIn() {
		t.Error("the password is enough")
	}
}

// Without a factor, an old session is not enough to add one: whoever found it would own the account.
func TestSecurity_old_session_adds_no_factor(t *testing.T) {
	t.Parallel()
	m := openLocal(t)
	ann := m.visitor(t)
	ann.signUp("ann@example.test")
	_, err := m.pool.Exec(t.Context(), `update account_session set created_at = now() - interval '1 hour'`)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{
		"/account/security/app/new", "/account/security/app", "/account/security/passkeys/new",
		"/account/security/passkeys", "/account/security/passkeys/new/ask", "/account/security/sign-out-others",
		"/account/sign-out-everywhere",
	} {
		if a := ann.post(path); a.Status != http.StatusForbidden || !strings.Contains(a.Body, `name="confirm_password"`) {
			t.Errorf("%s: %d", path, a.Status)
		}
	}
	if a := ann.post("/account/security/app/new", "confirm_password", goodPassword); a.Status != http.StatusOK {
		t.Errorf("with the password: %d", a.Status)
	}
}

// The page of security lists devices and tokens, and ends them there.
func TestSecurity_lists_devices_and_tokens(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	ann, other := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	other.wants(other.post("/sign-in", "email", "ann@example.test", "password", goodPassword), 303, "/")
	_, err := m.accounts.IssueToken(t.Context(), account.TokenRequest{
		Email:    "ann@example.test",
		Password: goodPassword,
		Addr:     "192.0.2.1",
		Program:  "curl/8",
	})
	if err != nil {
		t.Fatal(err)
	}
	const page = "/account/security"
	end := regexp.MustCompile(`action="(/account/(?:devices|tokens)/\d+/end)"`)
	a := ann.get(page)
	forms := end.FindAllStringSubmatch(a.Body, -1)
	if len(forms) != 2 || !strings.Contains(a.Body, "curl/8") || !strings.Contains(a.Body, `name="next" value="`+page+`"`) {
		t.Fatalf("%d forms: %s", len(forms), a.Body)
	}
	for _, f := range forms {
		ann.wants(ann.post(f[1], "next", page), 303, page)
	}
	if other.signedIn() || !ann.signedIn() {
		t.Error("the wrong device was ended")
	}
	if left := end.FindAllString(ann.get(page).Body, -1); len(left) != 0 {
		t.Errorf("left: %q", left)
	}
	ann.wants(ann.post(forms[1][1], "next", "https://evil.example/"), 404, "")
}

// What changes factors takes a recent proof, and that takes the factor.
func TestSecurity_recent_proof_takes_the_factor(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	ann := m.visitor(t)
	ann.signUp("ann@example.test")
	secret, codes := ann.addApp()
	old := func() {
		t.Helper()
		_, err := m.pool.Exec(t.Context(), `update account_session set proved_at = now() - interval '1 hour',
			factor_at = now() - interval '1 hour', created_at = now() - interval '1 hour'`)
		if err != nil {
			t.Fatal(err)
		}
	}
	old()
	for _, path := range []string{
		"/account/security/app/new", "/account/security/app", "/account/security/app/remove",
		"/account/security/passkeys/new", "/account/security/passkeys", "/account/security/passkeys/1/remove",
		"/account/security/recovery", "/account/security/sign-out-others", "/account/sign-out-everywhere",
		"/account/email", "/account/password", "/account/security/passkeys/new/ask",
	} {
		a := ann.post(path, "email", "new@example.test", "currentPassword", goodPassword, "password", "four loud magpies")
		if a.Status != http.StatusForbidden || !strings.Contains(a.Body, `name="confirm_code"`) ||
			strings.HasPrefix(path, "/account/email") && strings.Contains(a.Body, goodPassword) ||
			strings.HasPrefix(path, "/account/password") && strings.Contains(a.Body, "magpies") {
			t.Errorf("%s: %d %s", path, a.Status, a.Body)
		}
		// The password is not enough, nor is a code.
		for _, proof := range [][]string{
			{"confirm_password", goodPassword},
			{"confirm_password", goodPassword, "confirm_code", "000000"},
			{"confirm_code", codeOf(t, secret, 0)},
			{"confirm_passkey", "{}"},
		} {
			if a := ann.post(path, proof...); a.Status != 403 && a.Status != 429 {
				t.Errorf("%s by %q: %d", path, proof, a.Status)
			}
		}
		m.forget(t)
	}
	a := ann.post("/account/security/recovery", "confirm_password", goodPassword, "confirm_code", codeOf(t, secret, 0))
	if a.Status != 200 || len(codesShown.FindAllString(a.Body, -1)) != 10 || strings.Contains(a.Body, codes[0]) {
		t.Fatalf("with both: %d %s", a.Status, a.Body)
	}
	// Now it is recent.
	ann.wants(ann.post("/account/security/sign-out-others"), 303, "/account/security")
	if !ann.signedIn() {
		t.Error("signed out here, too")
	}
	ann.wants(ann.post("/account/security/app/remove"), 303, "/account/security")
	if n := m.told(account.NoticeTOTPOff); n != 1 {
		t.Errorf("%d mails", n)
	}
	ann.post("/sign-out")
	if to := ann.password(""); to != "/" {
		t.Errorf("without a factor: to %q", to)
	}
}
