package web_test

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/partner"
	"videomall/mall/partner/signature"
)

// shopOf registers a partner of an account.
func (h *house) shopOf(owner account.User, name string) partner.Partner {
	h.T.Helper()
	made, err := h.Partners.Create(h.Ctx, owner.ID, partner.Draft{
		Name:    name,
		Contact: name + "@shop.example",
		OwnerID: owner.ID,
	})
	h.OK(err)
	return made
}

func (h *house) keyOf(p partner.Partner, label string) (partner.Key, string) {
	h.T.Helper()
	k, secret, err := h.Partners.AddKey(h.Ctx, p.OwnerID, p.ID, partner.KeyDraft{
		Label:  label,
		Form:   signature.VM1,
		Scopes: []string{string(partner.OrdersRead)},
	})
	h.OK(err)
	return k, secret
}

var (
	secretForm = regexp.MustCompile(`vmsec_[A-Za-z0-9_-]{43}`)
	keyForm    = regexp.MustCompile(`pk_[a-z2-7]{26}`)
	formKey    = regexp.MustCompile(`name="key" value="([A-Z0-9]+)"`)
)

// TestPartners_a_secret_is_shown_once registers a partner, and gives it a key whose secret no other page shows and no
// table holds.
func TestPartners_a_secret_is_shown_once(t *testing.T) {
	h := openHouse(t, nil)
	olga, pia := h.person("olga", account.RoleOperator), h.person("pia", account.RoleShopper)
	desk := h.at("192.0.2.1")
	desk.signIn(olga)
	desk.shows("/admin/partners", 200, "No partner yet")
	form := url.Values{"name": {" Bay <Shop> "}, "contact": {"Pia"}, "owner": {"nobody@example.test"}}
	if a := desk.post("/admin/partners", form); a.status != 422 || !strings.Contains(a.body, "No account has this email") ||
		!strings.Contains(a.body, `value="nobody@example.test"`) || !strings.Contains(a.body, "Bay &lt;Shop&gt;") {
		t.Errorf("an owner without an account: got %d, want 422 with what was typed: %s", a.status, a.body)
	}
	form.Set("owner", "PIA@example.test")
	made := desk.post("/admin/partners", form)
	at := made.header.Get("Location")
	if made.status != 303 || !strings.HasPrefix(at, "/admin/partners/") {
		t.Fatalf("registering a partner: got %d to %q: %s", made.status, at, made.body)
	}
	if a := desk.post("/admin/partners", form); a.status != 422 || !strings.Contains(a.body, "Another partner has this name") {
		t.Errorf("the same name again: got %d, want 422", a.status)
	}
	page := desk.shows(at, 200, "Bay &lt;Shop&gt;", "pia@example.test", "No key yet")

	key := url.Values{
		"key":      {formKey.FindStringSubmatch(page.body)[1]},
		"label":    {"shop server"},
		"form":     {"hmac"},
		"lifetime": {"720h0m0s"},
	}
	refused := desk.post(at+"/keys", key)
	if refused.status != 422 || !strings.Contains(refused.body, "Choose at least one.") ||
		!strings.Contains(refused.body, `value="shop server"`) || secretForm.MatchString(refused.body) {
		t.Errorf("a key without scopes: got %d, want 422 with what was typed: %s", refused.status, refused.body)
	}
	key["scopes"] = []string{"orders:read", "catalog:read"}
	shown := desk.post(at+"/keys", key)
	secret := secretForm.FindString(shown.body)
	if shown.status != 200 || secret == "" || shown.header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("adding a key: got %d %v: %s", shown.status, shown.header, shown.body)
	}
	again := desk.post(at+"/keys", key)
	if again.status != 409 || !strings.Contains(again.body, "has made its key") || secretForm.MatchString(again.body) {
		t.Errorf("the same form again: got %d, want 409 without a secret: %s", again.status, again.body)
	}
	owner := h.at("192.0.2.2")
	owner.signIn(pia)
	for where, c := range map[string]*client{at: desk, "/account/partners": owner} {
		a := c.shows(where, 200, "shop server", keyForm.FindString(shown.body), "Never")
		if strings.Contains(a.body, secret) || different(keyForm, a.body) != 1 {
			t.Errorf("%s shows the secret, or not one key: %s", where, a.body)
		}
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(secret, "vmsec_"))
	h.OK(err)
	if malltest.Query[bool](h.Mall, `select position($1::bytea in secret) > 0 or encode(secret, 'escape') like $2
		from partner_key`, raw, "%"+secret+"%")[0] {
		t.Error("the secret lies open in the table")
	}
	if got := malltest.Query[string](h.Mall, `select string_agg(verb || ' ' || detail::text, E'\n' order by id)
		from audit_entry`)[0]; strings.Contains(got, secret) || !strings.Contains(got, "partner.key_add") {
		t.Errorf("the log of what operators did: %s", got)
	}
}

// different counts how many different texts of that form there are.
func different(form *regexp.Regexp, body string) int {
	seen := map[string]bool{}
	for _, one := range form.FindAllString(body, -1) {
		seen[one] = true
	}
	return len(seen)
}

// TestPartners_replacing_and_ending_a_key does both in the console.
func TestPartners_replacing_and_ending_a_key(t *testing.T) {
	h := openHouse(t, nil)
	olga, pia := h.person("olga", account.RoleOperator), h.person("pia", account.RoleShopper)
	desk := h.at("192.0.2.1")
	desk.signIn(olga)
	shop := h.shopOf(pia, "Bay Shop")
	old, first := h.keyOf(shop, "shop server")
	at := fmt.Sprintf("/admin/partners/%d", shop.ID)
	key := fmt.Sprintf("%s/keys/%d", at, old.ID)
	for _, overlap := range []string{"", "1h", "2h0m0s", "-1h0m0s", "x"} {
		if a := desk.post(key+"/rotate", url.Values{"overlap": {overlap}}); (a.status != 422 && overlap != "1h") ||
			secretForm.MatchString(a.body) != (overlap == "1h") {
			t.Errorf("overlap %q: got %d: %s", overlap, a.status, a.body)
		}
	}
	form := url.Values{"overlap": {"24h0m0s"}, "key": {"ONE-FORM"}}
	a := desk.post(key+"/rotate", form)
	if second := secretForm.FindString(a.body); a.status != 200 || second == "" || second == first ||
		a.header.Get("Cache-Control") != "private, no-store" {
		t.Fatalf("replacing a key: got %d: %s", a.status, a.body)
	}
	if a := desk.post(key+"/rotate", form); a.status != 409 || secretForm.MatchString(a.body) {
		t.Errorf("the same form again: got %d, want 409 without a secret", a.status)
	}
	keys, err := h.Partners.Keys(h.Ctx, shop.ID)
	h.OK(err)
	if len(keys) != 3 || keys[2].EndsAt == nil || keys[2].EndsAt.After(h.Now().Add(time.Hour)) {
		t.Errorf("a later overlap let the old key live longer, or there are not three keys: %+v", keys)
	}
	latest := fmt.Sprintf("%s/keys/%d", at, keys[0].ID)
	if a := desk.post(latest+"/end", url.Values{}); a.status != 303 || a.header.Get("Location") != at {
		t.Fatalf("ending a key: got %d: %s", a.status, a.body)
	}
	desk.shows(at, 200, "The key has ended.", "Ended")
	for _, do := range []string{"/end", "/rotate"} {
		if a := desk.post(latest+do, url.Values{"overlap": {"1h0m0s"}}); a.status != 409 ||
			!strings.Contains(a.body, "This key has ended already.") {
			t.Errorf("%s of an ended key: got %d, want 409", do, a.status)
		}
	}
	elsewhere := h.shopOf(pia, "Other Shop")
	for _, path := range []string{
		fmt.Sprintf("/admin/partners/%d/keys/%d/end", elsewhere.ID, old.ID),
		fmt.Sprintf("/admin/partners/%d/keys/4711/end", shop.ID), "/admin/partners/4711/keys/1/end",
	} {
		if a := desk.post(path, url.Values{}); a.status != 404 {
			t.Errorf("%s: got %d, want 404", path, a.status)
		}
	}
	desk.shows("/admin/audit", 200, "Replaced a partner", "Ended a partner")
}

// TestPartners_a_pair_of_keys has a mistyped public key come back, and shows that a key of Ed25519 has no secret.
func TestPartners_a_pair_of_keys(t *testing.T) {
	h := openHouse(t, nil)
	olga := h.person("olga", account.RoleOperator)
	desk := h.at("192.0.2.1")
	desk.signIn(olga)
	at := fmt.Sprintf("/admin/partners/%d", h.shopOf(olga, "Bay Shop").ID)
	public, _, err := ed25519.GenerateKey(nil)
	h.OK(err)
	form := url.Values{
		"label":      {"pair"},
		"form":       {"ed25519"},
		"lifetime":   {"0s"},
		"scopes":     {"links:write"},
		"public_key": {"not <a> key"},
	}
	if a := desk.post(at+"/keys", form); a.status != 422 || !strings.Contains(a.body, "no public key of Ed25519") ||
		!strings.Contains(a.body, html.EscapeString("not <a> key")) {
		t.Errorf("a mistyped public key: got %d, want 422 with what was typed: %s", a.status, a.body)
	}
	form.Set("public_key", base64.StdEncoding.EncodeToString(public))
	if a := desk.post(at+"/keys", form); a.status != 200 || secretForm.MatchString(a.body) || different(keyForm, a.body) != 1 ||
		!strings.Contains(a.body, "There is no secret") {
		t.Fatalf("a pair of keys: got %d: %s", a.status, a.body)
	}
	id := malltest.Query[int64](h.Mall, `select id from partner_key`)[0]
	rotate := fmt.Sprintf("%s/keys/%d/rotate", at, id)
	if a := desk.post(rotate, url.Values{"overlap": {"24h0m0s"}, "public_key": {"typed badly"}}); a.status != 422 ||
		!strings.Contains(a.body, ">typed badly</textarea>") ||
		!strings.Contains(a.body, `<option value="24h0m0s" selected`) {
		t.Errorf("replacing with a mistyped public key: got %d, want 422 with what was typed: %s", a.status, a.body)
	}
	desk.shows(rotate[:strings.LastIndex(rotate, "/keys")], 200, "Ed25519")
}

// TestPartners_an_owner_sees_and_ends_own_keys_only also shows that somebody without a partner finds no such page.
func TestPartners_an_owner_sees_and_ends_own_keys_only(t *testing.T) {
	h := openHouse(t, nil)
	pia, rob, tim := h.person("pia", account.RoleShopper), h.person("rob", account.RoleShopper), h.person("tim",
		account.RoleShopper)
	shop, other := h.shopOf(pia, "Bay Shop"), h.shopOf(rob, "Rock Shop")
	mine, _ := h.keyOf(shop, "my server")
	his, _ := h.keyOf(other, "his server")
	pias, robs, nobody := h.at("192.0.2.1"), h.at("192.0.2.2"), h.at("192.0.2.3")
	pias.signIn(pia)
	robs.signIn(rob)
	nobody.signIn(tim)
	if a := pias.shows("/account/partners", 200, "Bay Shop", mine.PublicID); strings.Contains(a.body, "Rock Shop") ||
		strings.Contains(a.body, his.PublicID) || strings.Contains(a.body, "his server") {
		t.Errorf("an owner sees another's keys: %s", a.body)
	}
	pias.shows("/account", 200, `href="/account/partners"`)
	if a := nobody.get("/account/partners"); a.status != 404 || strings.Contains(a.body, "Bay Shop") {
		t.Errorf("somebody without a partner: got %d, want 404", a.status)
	}
	if strings.Contains(nobody.get("/account").body, "/account/partners") {
		t.Error("the account of somebody without a partner links to the page")
	}
	if a := h.at("192.0.2.4").get("/account/partners"); a.status != 303 {
		t.Errorf("a guest: got %d, want 303", a.status)
	}
	end := func(p partner.Partner, k partner.Key) string {
		return fmt.Sprintf("/account/partners/%d/keys/%d/end", p.ID, k.ID)
	}
	for _, c := range []*client{robs, nobody} {
		for _, path := range []string{end(shop, mine), end(other, mine)} {
			if a := c.post(path, url.Values{}); a.status != 404 {
				t.Errorf("%s by somebody else: got %d, want 404", path, a.status)
			}
		}
	}
	if malltest.Query[bool](h.Mall, `select ends_at is not null from partner_key where id = $1`, mine.ID)[0] {
		t.Fatal("somebody else ended the key")
	}
	// To end one's own key no password is asked for: it only makes less possible, and may be urgent.
	h.Advance(20 * time.Minute)
	if a := pias.post(end(shop, mine), url.Values{}); a.status != 303 {
		t.Fatalf("ending one's own key: got %d: %s", a.status, a.body)
	}
	pias.shows("/account/partners", 200, "The key has ended.", "Ended")
	pias.post(end(shop, mine), url.Values{})
	pias.shows("/account/partners", 200, "had ended already")
}

// TestPartners_ending_one asks for the password, is shown, and leaves no way to give the partner anything new. Addresses
// that a refused form leaves in the browser show the page when they are loaded again.
func TestPartners_ending_one(t *testing.T) {
	h := openHouse(t, nil)
	olga, pia := h.person("olga", account.RoleOperator), h.person("pia", account.RoleShopper)
	shop := h.shopOf(pia, "Bay Shop")
	k, _ := h.keyOf(shop, "my server")
	at := fmt.Sprintf("/admin/partners/%d", shop.ID)
	desk, owner := h.at("192.0.2.1"), h.at("192.0.2.2")
	desk.signIn(olga)
	owner.signIn(pia)
	for _, form := range []string{
		"/end", "/keys", fmt.Sprintf("/keys/%d/rotate", k.ID), fmt.Sprintf("/keys/%d/end", k.ID), "/webhooks",
		"/webhooks/1/rotate", "/webhooks/1/on", "/webhooks/1/off", "/webhooks/1/remove",
	} {
		if a := desk.get(at + form); a.status != 303 || a.header.Get("Location") != at {
			t.Errorf("%s loaded again: got %d to %q", form, a.status, a.header.Get("Location"))
		}
	}
	desk.shows(at, 200, "End this partner")
	if a := owner.post(at+"/end", url.Values{}); a.status != 404 {
		t.Errorf("the owner ends the partner: got %d, want 404", a.status)
	}
	if a := desk.post(at+"/end", url.Values{}); a.status != 303 || a.header.Get("Location") != at {
		t.Fatalf("ending: got %d: %s", a.status, a.body)
	}
	page := desk.shows(at, 200, "This partner has been ended", "my server")
	for _, form := range []string{at + "/end", at + "/keys", at + "/webhooks"} {
		if strings.Contains(page.body, `action="`+form) {
			t.Errorf("the page of an ended partner has a form to %s", form)
		}
	}
	for form, values := range map[string]url.Values{
		"/end":      {},
		"/keys":     {"label": {"x"}, "form": {"hmac"}, "scopes": {"orders:read"}, "lifetime": {"0s"}},
		"/webhooks": {"url": {"https://hooks.shop.com/"}},
	} {
		if a := desk.post(at+form, values); a.status != 409 || !strings.Contains(a.body, "This partner has been ended") {
			t.Errorf("%s afterwards: got %d, want 409", form, a.status)
		}
	}
	owner.shows("/account/partners", 200, "The mall has ended this partner.")
}
