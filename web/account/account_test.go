package account_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"videomall/mall/account"
)

func TestPassword_change_signs_others_out(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	here, there := m.visitor(t), m.visitor(t)
	here.signUp("ann@example.test")
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	before := here.session()
	a := here.post("/account/password", "currentPassword", "wrong", "password", "four loud herons")
	if a.Status != 422 || !strings.Contains(a.Body, "This is not your current password.") {
		t.Errorf("%d", a.Status)
	}
	a = here.post("/account/password", "currentPassword", goodPassword, "password", "four loud herons")
	if a.Status != http.StatusSeeOther || here.session() == before {
		t.Errorf("%d, the same session: %v", a.Status, here.session() == before)
	}
	if !here.signedIn() || there.signedIn() {
		t.Error("here is out, or there is in")
	}
}

func TestProfile_language(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	v.signUp("ann@example.test")
	if a := v.post("/account", "name", " ", "locale", "en"); a.Status != 422 ||
		!strings.Contains(a.Body, "Please tell us a name.") {
		t.Errorf("no name: %d", a.Status)
	}
	if a := v.post("/account", "name", "李安", "locale", "zh-CN"); a.Status != http.StatusSeeOther {
		t.Fatal(a.Status)
	}
	body := v.get("/account").Body
	for _, want := range []string{
		`lang="zh-CN"`, "李安", "个人资料已保存。", "Windows 上的 Chrome",
		`<option value="zh-CN" selected>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("no %s", want)
		}
	}
	if key := regexp.MustCompile(`>\s*(account|flash|errors|nav|form)\.[a-z_]+`).FindString(body); key != "" {
		t.Errorf("a message is missing: %s", key)
	}
}

func TestSessions_sign_out_one_or_all(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	here, there, stranger := m.visitor(t), m.visitor(t), m.visitor(t)
	here.signUp("ann@example.test")
	stranger.signUp("bob@example.test")
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	ends := regexp.MustCompile(`/account/devices/\d+/end`)
	other := ends.FindAllString(here.get("/account").Body, -1)
	if len(other) != 1 {
		t.Fatalf("to end: %v", other)
	}
	if a := stranger.post(other[0]); a.Status != http.StatusNotFound || !there.signedIn() {
		t.Errorf("a stranger ended it: %d", a.Status)
	}
	if a := here.post(other[0]); a.Status != http.StatusSeeOther || there.signedIn() || !here.signedIn() {
		t.Errorf("ended: %d", a.Status)
	}
	if a := here.post(other[0]); a.Status != http.StatusNotFound {
		t.Errorf("ended twice: %d", a.Status)
	}
	there.post("/sign-in", "email", "ann@example.test", "password", goodPassword)
	if a := here.post("/account/sign-out-everywhere"); a.Header.Get("Location") != "/sign-in" || here.signedIn() ||
		there.signedIn() || !stranger.signedIn() {
		t.Errorf("everywhere: %d", a.Status)
	}
}

func TestTokens_list_and_revoke(t *testing.T) {
	t.Parallel()
	m := open(t, false)
	ann, bob := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	bob.signUp("bob@example.test")
	if a := ann.get("/account"); strings.Contains(a.Body, `id="tokens"`) {
		t.Error("a list of no tokens is shown")
	}
	var tokens []string
	for _, program := range []string{"ledger-sync/2.1", ""} {
		token, err := m.accounts.IssueToken(t.Context(), account.TokenRequest{
			Email:    "ann@example.test",
			Password: goodPassword,
			Addr:     "192.0.2.1",
			Program:  program,
		})
		if err != nil {
			t.Fatal(err)
		}
		tokens = append(tokens, token.Value)
	}
	page := ann.get("/account").Body
	for _, want := range []string{"Access tokens", "ledger-sync/2.1", "Unnamed program", "Never"} {
		if !strings.Contains(page, want) {
			t.Errorf("the account does not say %q", want)
		}
	}
	for _, token := range tokens {
		if strings.Contains(page, token) {
			t.Error("the page gives a token away")
		}
	}
	ends := regexp.MustCompile(`/account/tokens/\d+/end`).FindAllString(page, -1)
	if len(ends) != 2 {
		t.Fatalf("to end: %v", ends)
	}
	for _, path := range []string{ends[0], ends[1], "/account/tokens/x/end", "/account/tokens/999999/end"} {
		if a := bob.post(path); a.Status != http.StatusNotFound {
			t.Errorf("somebody else at %s: %d", path, a.Status)
		}
	}
	if strings.Contains(bob.get("/account").Body, "ledger-sync") {
		t.Error("somebody else's tokens are listed")
	}
	if a := ann.post(ends[0]); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/account#tokens" {
		t.Errorf("ended: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := ann.get("/account"); !strings.Contains(a.Body, "The access token has ended.") ||
		strings.Contains(a.Body, ends[0]) ||
		!strings.Contains(a.Body, ends[1]) {
		t.Error("the list does not say what is left")
	}
	lives := 0
	for _, token := range tokens {
		if _, err := m.accounts.TokenUser(t.Context(), token); err == nil {
			lives++
		} else if !errors.Is(err, account.ErrInvalidToken) {
			t.Error(err)
		}
	}
	if lives != 1 {
		t.Errorf("%d of two tokens still open the mall", lives)
	}
	if a := ann.post(ends[0]); a.Status != http.StatusNotFound {
		t.Errorf("ended twice: %d", a.Status)
	}
}

func TestSignIn_demo_accounts(t *testing.T) {
	t.Parallel()
	if body := open(t, false).visitor(t).get("/sign-in").Body; strings.Contains(body, "example.test") ||
		strings.Contains(body, "demo-mall") {
		t.Error("a real mall shows demo accounts")
	}
	m := open(t, true)
	if _, err := m.accounts.Provision(t.Context(), account.User{
		Email: "operator@example.test",
		Name:  "Operator",
		Roles: account.RolesOf(account.RoleOperator),
	}, "demo-mall"); err != nil {
		t.Fatal(err)
	}
	v := m.visitor(t)
	body := v.get("/sign-in").Body
	for _, want := range []string{"shopper@example.test", "creator@example.test", "operator@example.test"} {
		if strings.Count(body, `value="`+want+`"`) != 1 {
			t.Errorf("no button for %s", want)
		}
	}
	if a := v.post("/sign-in", "email", "operator@example.test", "password",
		"demo-mall"); a.Status != http.StatusSeeOther || !v.signedIn() {
		t.Errorf("the button: %d", a.Status)
	}
}

func TestAccount_access(t *testing.T) {
	t.Parallel()
	v := open(t, false).visitor(t)
	for _, path := range []string{
		"/account/password", "/account/sign-out-everywhere", "/account/devices/1/end",
		"/account",
	} {
		if a := v.post(path); a.Status != http.StatusSeeOther ||
			!strings.HasPrefix(a.Header.Get("Location"), "/sign-in?next=") {
			t.Errorf("%s: %d to %q", path, a.Status, a.Header.Get("Location"))
		}
	}
}
