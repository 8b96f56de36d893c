package account_test

import (
	"net/http"
	"strings"
	"testing"

	"videomall/mall/account"
)

// TestPasswords_known_ones_are_refused sets passwords that everybody knows on each page where one is set.
func TestPasswords_known_ones_are_refused(t *testing.T) {
	t.Parallel()
	m := openMailing(t)
	code, err := m.accounts.OpenSetup(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ann, guest := m.visitor(t), m.visitor(t)
	ann.signUp("ann@example.test")
	if err := m.accounts.SendReset(t.Context(), account.ResetArgs{ID: "1", Email: "ann@example.test"}); err != nil {
		t.Fatal(err)
	}
	token := m.token(t, account.NoticeReset)
	for _, page := range []struct {
		name, path string
		who        *visitor
		fields     []string
	}{
		{"sign-up", "/sign-up", guest, []string{"name", "Ben", "email", "ben@example.test"}},
		{"setup", "/setup", guest, []string{"name", "Olga", "email", "olga@example.test", "code", code}},
		{"account", "/account/password", ann, []string{"currentPassword", goodPassword}},
		{"reset", "/reset-password", guest, []string{"token", token}},
	} {
		for password, why := range map[string]string{
			breachedPassword: "known from a breach",
			commonPassword:   "everybody tries first",
		} {
			a := page.who.post(page.path, append(page.fields, "password", password)...)
			if a.Status != http.StatusUnprocessableEntity || !strings.Contains(a.Body, why) {
				t.Errorf("%s with %q: %d %s", page.name, password, a.Status, a.Body)
			}
			if strings.Contains(a.Body, password) {
				t.Errorf("%s shows the password", page.name)
			}
		}
	}
	var people int
	if err := m.pool.QueryRow(t.Context(), "select count(*) from account_user").Scan(&people); err != nil || people != 1 {
		t.Errorf("%d people, %v", people, err)
	}
	if a := m.visitor(t).post("/sign-in", "email", "ann@example.test", "password", goodPassword); a.Status != 303 {
		t.Errorf("the password of before: %d", a.Status)
	}
}
