package account_test

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"videomall/mall/account"
)

// TestOperators_new_ones_set_up_a_factor makes operators as the command and the page of the setup do. They are led to
// set up a second factor, and open the console after it.
func TestOperators_new_ones_set_up_a_factor(t *testing.T) {
	t.Parallel()
	m, ctx := openMailing(t), t.Context()
	code, err := m.accounts.OpenSetup(ctx)
	if err != nil {
		t.Fatal(err)
	}
	first := m.visitor(t)
	first.wants(first.post("/setup", "code", code, "name", "Olga", "email", "olga@example.test",
		"password", goodPassword), 303, "/admin")
	note := func(context.Context, pgx.Tx, account.User) error { return nil }
	u, err := m.accounts.MakeOperator(ctx, account.NewOperator{Email: "omar@example.test", Name: "Omar"}, note)
	if err != nil {
		t.Fatal(err)
	}
	link, err := m.accounts.OperatorLink(ctx, u)
	if err != nil {
		t.Fatal(err)
	}
	second := m.visitor(t)
	second.wants(second.post("/reset-password", "token", link, "password", goodPassword), 303, "/sign-in")
	second.wants(second.post("/sign-in", "email", u.Email, "password", goodPassword, "next", "/admin"), 303, "/admin")
	for name, v := range map[string]*visitor{"setup": first, "command": second} {
		v.wants(v.get("/admin"), 303, "/account/security")
		if a := v.get("/account/security"); a.Status != http.StatusOK ||
			!strings.Contains(a.Body, "Your account needs a second factor.") {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
		v.addApp()
		if a := v.get("/admin"); a.Status != http.StatusOK {
			t.Errorf("%s, with the factor: %d", name, a.Status)
		}
		if a := v.post("/account/security/app/remove"); a.Status != http.StatusConflict {
			t.Errorf("%s, without a factor again: %d", name, a.Status)
		}
	}
}
