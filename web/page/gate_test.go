package page_test

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/hotp"

	"videomall/mall/account"
)

const goodPassword = "three quiet herons"

func (m *mall) register(t *testing.T, email string) account.User {
	t.Helper()
	u, err := m.accounts.Register(t.Context(), account.Registration{
		Email:    email,
		Name:     "Ann Lee",
		Password: goodPassword,
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// rank gives a person the roles behind a word, and no others.
func (m *mall) rank(t *testing.T, u account.User, word string) {
	t.Helper()
	u.Roles = account.RolesOf(word)
	if _, err := m.accounts.Provision(t.Context(), u, goodPassword); err != nil {
		t.Fatal(err)
	}
}

func TestSite_RequireDuty_opens_its_own_addresses(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v, u, olga := m.visitor(t), m.register(t, "ann@example.test"), m.register(t, "olga@example.test")
	m.rank(t, olga, account.RoleOperator)
	for word, want := range map[string][]int{
		account.RoleShopper: {404, 404, 404}, account.RoleCreator: {404, 404, 404},
		account.DutyMoney: {200, 200, 404}, account.DutyReview: {200, 403, 404},
		account.RoleOperator: {200, 200, 404},
	} {
		m.rank(t, u, word)
		v.enter(u)
		for n, path := range []string{"/admin", "/admin/payouts", "/admin/nowhere"} {
			if a := v.get(path); a.Status != want[n] {
				t.Errorf("%s at %s: got %d, want %d", word, path, a.Status, want[n])
			}
		}
	}
	m.rank(t, u, account.DutyReview)
	v.enter(u)
	if a := v.get("/admin/payouts", "Accept-Language", "en"); !strings.Contains(a.Body, "the duty “money”") ||
		!strings.Contains(a.Body, "Ann Lee") {
		t.Errorf("the refusal does not say what it takes and whom to ask: %s", a.Body)
	}
	if a := v.get("/admin/payouts", "Accept-Language", "zh-CN"); !strings.Contains(a.Body, "属于“资金”职责") {
		t.Errorf("the refusal in Chinese: %s", a.Body)
	}
	if a := v.get("/admin/payouts", "Accept", "application/json"); a.Status != 403 ||
		!strings.Contains(a.Body, `"code":"duty_missing"`) {
		t.Errorf("a program: %d %s", a.Status, a.Body)
	}
}

func (v *visitor) enter(u account.User) {
	v.t.Helper()
	if a := v.get("/enter/" + strconv.FormatInt(u.ID, 10)); a.Status != http.StatusNoContent {
		v.t.Fatalf("not signed in: %d %s", a.Status, a.Body)
	}
}

func TestSite_RequireUser_guest_signs_in_and_returns(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	a := v.get("/own?page=2&q=a%20b")
	if a.Status != http.StatusSeeOther ||
		a.Header.Get("Location") != "/sign-in?next="+url.QueryEscape("/own?page=2&q=a%20b") {
		t.Errorf("%d to %q", a.Status, a.Header.Get("Location"))
	}
	a = v.get("/own", "HX-Request", "true", "HX-Current-URL", v.m.url+"/videos")
	if a.Status != http.StatusOK || a.Header.Get("HX-Redirect") != "/sign-in?next=%2Fvideos" {
		t.Errorf("htmx: %d to %q", a.Status, a.Header.Get("HX-Redirect"))
	}
	a = v.get("/own", "HX-Request", "true", "HX-Current-URL", "https://evil.example/videos")
	if a.Header.Get("HX-Redirect") != "/sign-in?next=%2F" {
		t.Errorf("htmx from elsewhere: to %q", a.Header.Get("HX-Redirect"))
	}
	if a := v.get("/api/v1/mall/me"); a.Status != http.StatusUnauthorized ||
		!strings.Contains(a.Body, `"code":"sign_in_required"`) {
		t.Errorf("API: %d %s", a.Status, a.Body)
	}
}

func TestSite_RequireRole_other_role_gets_404(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v := m.visitor(t)
	if a := v.get("/admin"); a.Status != http.StatusSeeOther {
		t.Errorf("guest: %d", a.Status)
	}
	u := m.register(t, "ann@example.test")
	for _, room := range []struct {
		role string
		want int
	}{{account.RoleShopper, 404}, {account.RoleCreator, 404}, {account.RoleOperator, 200}} {
		role, want := room.role, room.want
		m.rank(t, u, role)
		v.enter(u)
		if a := v.get("/admin"); a.Status != want || strings.Contains(a.Body, "id=room") != (want == 200) {
			t.Errorf("%s: %d", role, a.Status)
		}
		if a := v.get("/own"); a.Status != http.StatusOK {
			t.Errorf("%s in a room for everybody: %d", role, a.Status)
		}
	}
	// Taken away while signed in: gone with the next request.
	m.rank(t, u, account.RoleShopper)
	if a := v.get("/admin"); a.Status != http.StatusSeeOther {
		t.Errorf("a role that was taken away: %d", a.Status)
	}
}

func TestSite_bearer_token_on_api_only(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	ann, bob := m.register(t, "ann@example.test"), m.register(t, "bob@example.test")
	token, err := m.accounts.IssueToken(t.Context(), account.TokenRequest{
		Email:    ann.Email,
		Password: goodPassword,
		Addr:     "192.0.2.1",
	})
	if err != nil {
		t.Fatal(err)
	}
	v := m.visitor(t)
	if a := v.get("/api/v1/mall/me", "Authorization", "bearer "+token.Value); a.Status != 200 ||
		!strings.Contains(a.Body, ann.Email) || a.Header.Get("Cache-Control") != "private, no-store" {
		t.Errorf("%d %s %q", a.Status, a.Body, a.Header.Get("Cache-Control"))
	}
	if a := v.get("/own", "Authorization", "Bearer "+token.Value); a.Status != http.StatusSeeOther {
		t.Errorf("a page by token: %d", a.Status)
	}
	v.enter(bob)
	if a := v.get("/api/v1/mall/me", "Authorization", "Bearer vmt_x"); a.Status != http.StatusUnauthorized {
		t.Errorf("a bad token fell back to the cookie: %d %s", a.Status, a.Body)
	}
}

// Whoever has to set up a second factor opens nothing but the pages of their account before.
func TestSite_RequireUser_second_factor_first(t *testing.T) {
	t.Parallel()
	m := &mall{policy: account.FactorsOperators}
	m.open(t, "http://mall.example", m.rates)
	u, ctx := m.register(t, "olga@example.test"), t.Context()
	v := m.visitor(t)
	v.enter(u)
	if a := v.get("/own"); a.Status != http.StatusOK {
		t.Errorf("a shopper: %d", a.Status)
	}
	m.rank(t, u, account.RoleOperator)
	v.enter(u)
	for _, path := range []string{"/own", "/admin"} {
		if a := v.get(path); a.Status != http.StatusSeeOther || a.Header.Get("Location") != "/account/security" {
			t.Errorf("%s: %d to %q", path, a.Status, a.Header.Get("Location"))
		}
	}
	if a := v.get("/checked"); a.Status != http.StatusForbidden {
		t.Errorf("an address that checks by itself: %d", a.Status)
	}
	if a := m.visitor(t).get("/checked"); a.Status != http.StatusNoContent {
		t.Errorf("a guest at an address that checks by itself: %d", a.Status)
	}
	if a := v.get("/api/v1/mall/me"); a.Status != http.StatusForbidden ||
		!strings.Contains(a.Body, `"code":"second_factor_missing"`) {
		t.Errorf("the API by session: %d %s", a.Status, a.Body)
	}
	token, err := m.accounts.IssueToken(ctx, account.TokenRequest{Email: u.Email, Password: goodPassword})
	if err != nil {
		t.Fatal(err)
	}
	if a := m.visitor(t).get("/api/v1/mall/me", "Authorization", "Bearer "+token.Value); a.Status != 403 {
		t.Errorf("the API by token: %d %s", a.Status, a.Body)
	}
	if a := v.get("/account/security"); a.Status != http.StatusOK {
		t.Errorf("the page that sets it up: %d", a.Status)
	}
	u, err = m.accounts.User(ctx, u.ID)
	if err != nil {
		t.Fatal(err)
	}
	setup, err := m.accounts.NewTOTP(u, "Shop")
	if err != nil {
		t.Fatal(err)
	}
	code, err := hotp.GenerateCode(setup.Secret, uint64(time.Now().Unix()/30))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.accounts.ConfirmTOTP(ctx, u, setup.Sealed, code); err != nil {
		t.Fatal(err)
	}
	if a := v.get("/admin"); a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/sign-in") {
		t.Errorf("a session from before the factor: %d to %q", a.Status, a.Header.Get("Location"))
	}
	if a := v.get("/enter-factor/" + strconv.FormatInt(u.ID, 10)); a.Status != http.StatusNoContent {
		t.Fatal(a.Status)
	}
	if a := v.get("/admin"); a.Status != http.StatusOK {
		t.Errorf("with the factor: %d", a.Status)
	}
}

// A deed that ends all of somebody's sessions gives their browser a new one, which is no proof and revives nothing.
func TestCtx_SignInAgain(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	u := m.register(t, "ann@example.test")
	v := m.visitor(t)
	v.enter(u)
	proved := time.Now().Add(-10 * time.Minute).UTC().Truncate(time.Second)
	if _, err := m.pool.Exec(t.Context(), "update account_session set proved_at = $1", proved); err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time of the session that the first one gave
		if a := v.get("/again/x"); a.Status != http.StatusOK || a.Body != proved.Format(time.RFC3339) {
			t.Errorf("%d, proved at %s, want %s", a.Status, a.Body, proved)
		}
	}
	if a := v.get("/own"); a.Status != http.StatusOK {
		t.Errorf("not signed in again: %d", a.Status)
	}
	// Somebody else ends all access at the same time.
	if a := v.get("/again/xx"); a.Status == http.StatusOK {
		t.Error("a session that was ended lives on")
	}
	if a := v.get("/own"); a.Status != http.StatusSeeOther {
		t.Errorf("revived: %d", a.Status)
	}
}
