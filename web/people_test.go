package web_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/risk"
	"videomall/web/play"
)

func (c *client) post(path string, form url.Values) reply {
	c.h.T.Helper()
	return c.ask("POST", path, form.Encode(), "Content-Type", "application/x-www-form-urlencoded")
}

// shows fails the test unless the answer has that status and its source contains every word.
func (c *client) shows(path string, status int, words ...string) reply {
	c.h.T.Helper()
	a := c.get(path)
	if a.status != status {
		c.h.T.Fatalf("%s: got %d to %q, want %d", path, a.status, a.header.Get("Location"), status)
	}
	for _, w := range words {
		if !strings.Contains(a.body, w) {
			c.h.T.Errorf("%s does not contain %q", path, w)
		}
	}
	return a
}

func TestPeople_role_change_holds_at_next_request(t *testing.T) {
	h := openHouse(t, nil)
	olga, oscar := h.person("olga", account.RoleOperator), h.person("oscar", account.RoleOperator)
	desk, his := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	his.signIn(oscar)
	his.shows("/admin", 200)
	at := fmt.Sprintf("/admin/people/%d", oscar.ID)
	desk.shows(at, 200, "oscar@example.test", "Change roles", at+"/suspend")
	ask := desk.shows(at+"/roles", 200, "Roles of oscar", "They are told by mail",
		`name="from" value="orders,money,review,people,settings"`, "From the shop&#39;s setup")
	if his.get("/admin").status != 200 || strings.Contains(ask.body, "are changed") {
		t.Fatal("opening the confirmation page already changed the role")
	}
	form := url.Values{"from": {"orders,money,review,people,settings"}, "reason": {" "}}
	if a := desk.post(at+"/roles", form); a.status != 422 || !strings.Contains(a.body, "Say why") {
		t.Fatalf("role change without a reason: got %d, want 422", a.status)
	}
	form.Set("reason", "has left <b>the house</b>")
	if a := desk.post(at+"/roles", form); a.status != 303 || a.header.Get("Location") != at {
		t.Fatalf("role change: got %d, want 303: %s", a.status, a.body)
	}
	if a := his.get("/admin"); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		t.Errorf("console after the role change: got %d, want 303", a.status)
	}
	his.signIn(oscar)
	if a := his.get("/admin"); a.status != 404 {
		t.Errorf("console after signing in again: got %d, want 404", a.status)
	}
	desk.shows(at, 200, "The roles are changed", "Changed roles", "has left &lt;b&gt;the house", "shopper")
	if a := desk.post(at+"/roles", form); a.status != 303 { // the same form again, when he is no longer an operator
		t.Errorf("second role change: got %d, want 303", a.status)
	}
	desk.shows(at+"/roles", 200, "have changed since you looked")
	own := fmt.Sprintf("/admin/people/%d", olga.ID)
	desk.shows(own, 200, "This is you")
	for _, do := range []string{"roles", "suspend", "sign-out"} {
		if a := desk.get(own + "/" + do); a.status != 403 {
			t.Errorf("an operator opens %s of their own account: got %d, want 403", do, a.status)
		}
	}
	if a := desk.post(own+"/roles", url.Values{
		"from":   {"orders,money,review,people,settings"},
		"reason": {"r"},
	}); a.status != 403 {
		t.Errorf("an operator changes their own role: got %d, want 403", a.status)
	}
	for path, status := range map[string]int{
		at + "/role": 404, "/admin/people/4711/roles": 404, "/admin/people/4711": 404,
		"/admin/people/x": 404, "/admin/people/4711/suspend": 404,
	} {
		if a := desk.get(path); a.status != status {
			t.Errorf("%s: got %d, want %d", path, a.status, status)
		}
	}
	if n := malltest.Query[int64](h.Mall, `select count(*) from audit_entry`)[0]; n != 1 {
		t.Errorf("audit entries: got %d, want 1", n)
	}
}

func TestPeople_creator_role_stays_removed(t *testing.T) {
	h := openHouse(t, nil)
	olga, carl := h.person("olga", account.RoleOperator), h.person("carl", account.RoleShopper)
	desk, his := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	his.signIn(carl)
	form := url.Values{"slug": {"carl-films"}, "name_zh": {"卡尔"}, "name_en": {"Carl"}}
	if a := his.post("/account/creator", form); a.status != 303 {
		t.Fatalf("becoming a creator: got %d, want 303: %s", a.status, a.body)
	}
	at := fmt.Sprintf("/admin/people/%d", carl.ID)
	if a := desk.post(at+"/roles", url.Values{
		"from":   {"creator"},
		"reason": {"sells what is not his"},
	}); a.status != 303 {
		t.Fatalf("taking the role: got %d, want 303: %s", a.status, a.body)
	}
	his.signIn(carl)
	if a := his.shows("/account", 200); strings.Contains(a.body, "/account/creator") {
		t.Error("the account page offers the creator form")
	}
	form.Set("name_en", "Carl again")
	if a := his.post("/account/creator", form); a.status != 403 ||
		!strings.Contains(a.body, "An operator has decided your roles") {
		t.Errorf("becoming a creator again: got %d, want 403: %s", a.status, a.body)
	}
	if k, err := h.Catalog.CreatorOf(h.Ctx, carl.ID); err != nil || k.Name.En != "Carl" {
		t.Errorf("profile after a refused change: got %+v, %v, want name Carl", k, err)
	}
	if a := desk.post(at+"/roles", url.Values{
		"from":   {""},
		"role":   {"creator"},
		"reason": {"a mistake"},
	}); a.status != 303 {
		t.Fatalf("giving the role back: got %d, want 303: %s", a.status, a.body)
	}
	his.signIn(carl)
	his.shows("/account", 200, "/account/creator")
}

func TestPeople_suspended_cannot_sign_in_or_buy(t *testing.T) {
	h := openHouse(t, nil)
	olga, mia := h.person("olga", account.RoleOperator), h.person("mia", account.RoleShopper)
	sku := h.Sells(0, -1)
	desk, hers := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	hers.signIn(mia)
	program := h.at("192.0.2.3")
	token, err := h.Accounts.IssueToken(h.Ctx, account.TokenRequest{
		Email:    mia.Email,
		Password: password,
		Addr:     "192.0.2.3",
	})
	h.OK(err)
	program.token = token.Value
	at := fmt.Sprintf("/admin/people/%d", mia.ID)
	desk.shows(at+"/suspend", 200, "find the mall closed", "15 minutes", "One week")
	if a := desk.post(at+"/suspend", url.Values{
		"reason": {"resells"},
		"for":    {"9h"},
	}); a.status != 422 || !strings.Contains(a.body, "resells") {
		t.Fatalf("suspension of an unknown length: got %d, want 422", a.status)
	}
	if a := desk.post(at+"/suspend", url.Values{"reason": {"resells"}, "for": {"24h"}}); a.status != 303 {
		t.Fatalf("suspension: got %d, want 303: %s", a.status, a.body)
	}
	if a := hers.get("/library"); a.status != 303 || !strings.HasPrefix(a.header.Get("Location"), "/sign-in") {
		t.Errorf("library in a suspended session: got %d, want 303", a.status)
	}
	order := fmt.Sprintf(`{"items":[{"skuId":"%d","quantity":1}]}`, sku)
	if a := program.ask("POST", "/api/v1/mall/orders", order, "Content-Type", "application/json", "Idempotency-Key",
		"k"); a.status != 401 {
		t.Errorf("order with a suspended token: got %d, want 401: %s", a.status, a.body)
	}
	form := url.Values{"email": {mia.Email}, "password": {password}}
	if a := hers.post("/sign-in", form); a.status != 403 || !strings.Contains(a.body, "suspended") {
		t.Errorf("sign-in while suspended: got %d, want 403", a.status)
	}
	if a := hers.post("/sign-in", url.Values{
		"email":    {mia.Email},
		"password": {"something else"},
	}); a.status != 401 || strings.Contains(a.body, "suspended") {
		t.Errorf("sign-in with a wrong password: got %d, want 401 without mention of the suspension", a.status)
	}
	if a := program.ask("POST", "/api/v1/mall/auth/token",
		fmt.Sprintf(`{"email":%q,"password":%q}`, mia.Email, password), "Content-Type", "application/json",
		"Authorization", ""); a.status != 403 || !strings.Contains(a.body, "account_suspended") {
		t.Errorf("token while suspended: got %d, want 403: %s", a.status, a.body)
	}
	desk.shows(at, 200, "They are suspended", "resells", "Suspended an account", "Deny")
	desk.shows("/admin/people?suspended=on", 200, "mia@example.test")
	if a := desk.shows("/admin/people?suspended=on&role=operator", 200,
		"Nobody like that"); strings.Contains(a.body, "mia@example.test") {
		t.Error("filter by role is ignored beside the one by suspension")
	}
	desk.shows("/admin/lists", 200, "mia@example.test")
	if a := desk.post(at+"/lift", url.Values{"reason": {"said sorry"}}); a.status != 303 {
		t.Fatalf("lifting the suspension: got %d, want 303", a.status)
	}
	hers.signIn(mia)
	hers.shows("/library", 200)
	if a := desk.post(at+"/sign-out", url.Values{"reason": {"lost her phone"}}); a.status != 303 {
		t.Fatalf("signing the account out: got %d, want 303", a.status)
	}
	if a := hers.get("/library"); a.status != 303 {
		t.Errorf("library after being signed out: got %d, want 303", a.status)
	}
	hers.signIn(mia)
}

// The lists can deny an account that is not suspended, and the token of a heartbeat names no account to the gate.
func TestLists_denied_gets_no_heartbeat(t *testing.T) {
	h := openHouse(t, nil)
	olga, mia := h.person("olga", account.RoleOperator), h.person("mia", account.RoleShopper)
	hers := h.at("192.0.2.2")
	hers.signIn(mia)
	beat := func() reply {
		return hers.ask("POST", play.HeartbeatURL, `{"position": 1}`, "Content-Type", "application/json",
			"Authorization", "Bearer none")
	}
	if a := beat(); a.status != 403 || !strings.Contains(a.body, "bad_token") {
		t.Fatalf("heartbeat with a bad token: got %d, want 403 bad_token: %s", a.status, a.body)
	}
	h.OK(h.Lists.Add(h.Ctx, risk.NewEntry{
		Effect:  risk.Deny,
		Kind:    risk.User,
		Subject: fmt.Sprint(mia.ID),
		Reason:  "r",
		By:      risk.Subject{UserID: olga.ID},
	}))
	if a := beat(); a.status != 401 || !strings.Contains(a.body, "signed_out") {
		t.Errorf("heartbeat of a denied account: got %d, want 401 signed_out: %s", a.status, a.body)
	}
}
