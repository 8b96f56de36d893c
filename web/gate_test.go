package web_test

import (
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"videomall/config"
	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/mall/risk"
	"videomall/static"
	"videomall/web"
	"videomall/web/webtest"
)

const password = "open sesame and more"

// house is the whole server behind a trusted proxy, so that a test may come from any address.
type house struct {
	*malltest.Mall
	url string
}

func openHouse(t *testing.T, p risk.Policies) *house {
	t.Helper()
	return openHouseWith(t, p, config.Config{})
}

// openHouseWith is openHouse for a mall whose environment says more than that.
func openHouseWith(t *testing.T, p risk.Policies, cfg config.Config) *house {
	t.Helper()
	t.Parallel()
	m := malltest.Open(t, "")
	m.Limits = risk.NewLimits(risk.LimitsDeps{
		Redis:    m.Redis,
		Policies: p,
		Metrics:  m.Metrics,
		Log:      m.Log,
		Now:      m.Now,
	})
	cfg.Proxies, cfg.PublicURL = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, "http://mall.example"
	server := httptest.NewServer(web.New(web.Deps{
		Mall:    m.Mall,
		Config:  &cfg,
		Log:     m.Log,
		Metrics: m.Metrics,
		Now:     m.Now,
		Covers:  fstest.MapFS{},
		Avatars: fstest.MapFS{},
	}))
	t.Cleanup(server.Close)
	return &house{m, server.URL}
}

func (h *house) person(name, role string) account.User {
	h.T.Helper()
	u, err := h.Accounts.Provision(h.Ctx, account.User{
		Email: name + "@example.test",
		Name:  name,
		Roles: account.RolesOf(role),
	}, password)
	h.OK(err)
	return u
}

// client is a browser, or with a token a program, at one address.
type client struct {
	h       *house
	http    *http.Client
	address string
	token   string
}

func (h *house) at(address string) *client {
	h.T.Helper()
	return &client{
		h:       h,
		address: address,
		http:    webtest.NewClient(h.T),
	}
}

type reply struct {
	status int
	header http.Header
	body   string
}

func (c *client) ask(method, path, body string, headers ...string) reply {
	c.h.T.Helper()
	r, err := http.NewRequestWithContext(c.h.Ctx, method, c.h.url+path, strings.NewReader(body))
	c.h.OK(err)
	r.Header.Set("X-Forwarded-For", c.address)
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", "en")
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res := webtest.Do(c.h.T, c.http, r)
	return reply{res.Status, res.Header, res.Body}
}

func (c *client) get(path string) reply { c.h.T.Helper(); return c.ask("GET", path, "") }

func (c *client) signIn(u account.User) {
	c.h.T.Helper()
	form := url.Values{"email": {u.Email}, "password": {password}}
	if a := c.ask("POST", "/sign-in", form.Encode()); a.status != http.StatusSeeOther {
		c.h.T.Fatalf("sign in: %d %s", a.status, a.body)
	}
}

// device is what the lists know the browser by.
func (c *client) device() string {
	c.h.T.Helper()
	u, err := url.Parse(c.h.url)
	c.h.OK(err)
	for _, cookie := range c.http.Jar.Cookies(u) {
		if cookie.Name == "device" {
			return hex.EncodeToString(c.h.Playback.DeviceHash(cookie.Value)[:16])
		}
	}
	c.h.T.Fatal("the browser has no device cookie")
	return ""
}

const rest = time.Minute

func per(n int) risk.Rate { return risk.Rate{Tokens: n, Per: rest} }

func TestGate_refusal_as_page_fragment_problem(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Pages: {risk.Address: per(1)}, risk.API: {risk.Address: per(1)}})
	c := h.at("192.0.2.1")
	if a := c.get("/sign-in"); a.status != 200 || a.header.Get("RateLimit-Policy") != `"page-address";q=1;w=60` ||
		a.header.Get("RateLimit") != `"page-address";r=0;t=60` {
		t.Fatalf("%d %v", a.status, a.header)
	}
	page, fragment := c.get("/sign-in"), c.ask("GET", "/sign-in", "", "HX-Request", "true")
	for name, a := range map[string]reply{"page": page, "fragment": fragment} {
		if a.status != 429 || a.header.Get("Retry-After") == "" || a.header.Get("RateLimit") == "" ||
			!strings.Contains(a.body, "Too many requests") {
			t.Errorf("%s: %d %v %s", name, a.status, a.header, a.body)
		}
	}
	if !strings.Contains(page.body, "<html") || strings.Contains(page.body, `role="search"`) ||
		strings.Contains(fragment.body, "<html") {
		t.Errorf("page %s\nfragment %s", page.body, fragment.body)
	}
	if a := c.get("/api/v1/mall/videos"); a.status != 200 { // a class of its own
		t.Fatalf("%d %s", a.status, a.body)
	}
	api := c.get("/api/v1/mall/videos")
	if api.status != 429 || api.header.Get("Content-Type") != "application/problem+json" ||
		!strings.Contains(api.body, `"code":"rate_limited"`) {
		t.Errorf("%d %v %s", api.status, api.header, api.body)
	}
	if a := h.at("192.0.2.2").get("/sign-in"); a.status != 200 {
		t.Errorf("somebody else: %d", a.status)
	}
	h.Advance(rest)
	if a := c.get("/sign-in"); a.status != 200 {
		t.Errorf("after a minute: %d", a.status)
	}
}

// Requests that must always be answered, and those that come by the hundred, are not counted.
func TestGate_exempt_routes(t *testing.T) {
	h := openHouse(t, risk.Policies{
		risk.Pages:  {risk.Address: per(1)},
		risk.API:    {risk.Address: per(1)},
		risk.Orders: {risk.Address: per(1)},
	})
	c := h.at("192.0.2.1")
	for _, r := range []struct{ method, path string }{
		{"GET", static.URL("app.css")},
		{"GET", "/robots.txt"},
		{"GET", "/media/covers/none-960.webp"},
		{"GET", "/media/trailers/none/index.m3u8"},
		{"GET", "/p/t/v/master.m3u8"},
		{"GET", "/k/t/v/1"},
		{"GET", "/s/1/s/s/v/360p/s0.m4s"},
		{"POST", "/api/v1/mall/payments/callback"},
		{"POST", "/api/v1/mall/payments/callback/sandbox"},
	} {
		for range 4 {
			if a := c.ask(r.method, r.path, ""); a.status == 429 || a.header.Get("RateLimit") != "" {
				t.Errorf("%s %s: %d %v", r.method, r.path, a.status, a.header)
			}
		}
	}
}

func TestGate_free_preview_policy(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Free: {risk.Device: per(2), risk.Address: per(3)}})
	ask := func(c *client) int { return c.ask("GET", "/try/any/auth", "", "Accept", "application/json").status }
	one, two := h.at("192.0.2.1"), h.at("192.0.2.1")
	one.get("/sign-in") // brings its device
	for n, want := range []int{403, 403, 429} {
		if got := ask(one); got != want {
			t.Errorf("request %d: %d, want %d", n, got, want)
		}
	}
	// A browser that drops the cookie still has the same address.
	if got := []int{ask(two), ask(two)}; got[0] != 403 || got[1] != 429 {
		t.Errorf("without a cookie: %v", got)
	}
	if got := ask(h.at("192.0.2.2")); got != 403 {
		t.Errorf("from elsewhere: %d", got)
	}
}

func TestGate_order_policy(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Orders: {risk.User: per(2)}})
	ann, bob, sku := h.person("ann", account.RoleShopper), h.person("bob", account.RoleShopper), h.Sells(990, -1)
	program := h.at("192.0.2.1")
	token, err := h.Accounts.IssueToken(h.Ctx, account.TokenRequest{
		Email:    ann.Email,
		Password: password,
		Addr:     "192.0.2.1",
	})
	h.OK(err)
	program.token = token.Value
	place := func(key string) reply {
		return program.ask("POST", "/api/v1/mall/orders", fmt.Sprintf(`{"items": [{"skuId": %d, "quantity": 1}]}`, sku),
			"Content-Type", "application/json", "Idempotency-Key", key)
	}
	if a := place("k"); a.status != 201 || a.header.Get("RateLimit") != `"order-user";r=1;t=30` ||
		a.header.Get("Set-Cookie") != "" {
		t.Fatalf("%d %v %s", a.status, a.header, a.body)
	}
	browser := h.at("192.0.2.99") // the same person, by page and from elsewhere
	browser.signIn(ann)
	if a := browser.ask("POST", "/checkout", "total=x"); a.status == 429 {
		t.Fatalf("%d", a.status)
	}
	if a := place("k"); a.status != 429 || !strings.Contains(a.body, "rate_limited") {
		t.Errorf("a third: %d %s", a.status, a.body)
	}
	if a := browser.ask("POST", "/checkout", "total=x"); a.status != 429 {
		t.Errorf("a fourth, by page: %d", a.status)
	}
	if a := browser.get("/orders"); a.status != 200 {
		t.Errorf("reading: %d", a.status)
	}
	other := h.at("192.0.2.1") // somebody else at the same address
	other.signIn(bob)
	if a := other.ask("POST", "/checkout", "total=x"); a.status == 429 {
		t.Errorf("a neighbour: %d", a.status)
	}
}

func TestGate_signed_device_cookie(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Pages: {risk.Device: per(3)}})
	c := h.at("192.0.2.1")
	first := c.get("/sign-in") // hands the cookie out, and is not counted by it
	set := first.header.Values("Set-Cookie")
	if len(set) != 1 || !strings.HasPrefix(set[0], "device=") || !strings.Contains(set[0], "HttpOnly") ||
		first.header.Get("RateLimit") != "" {
		t.Fatalf("%v", first.header)
	}
	for i := range 3 {
		if a := c.get("/sign-in"); a.status != 200 || a.header.Get("Set-Cookie") != "" {
			t.Fatalf("request %d: %d %v", i, a.status, a.header)
		}
	}
	if a := c.get("/sign-in"); a.status != 429 {
		t.Errorf("a fourth: %d", a.status)
	}
	neighbour := h.at("192.0.2.1")
	if neighbour.get("/sign-in"); neighbour.device() == c.device() {
		t.Error("two browsers are one device")
	}
	for _, forged := range []string{
		"ABC.DEF", c.device() + ".AAAA",
		strings.TrimPrefix(strings.Split(set[0], ";")[0], "device=") + "x",
	} {
		for range 5 {
			a := h.at("192.0.2.1").ask("GET", "/sign-in", "", "Cookie", "device="+forged)
			if a.status != 200 || len(a.header.Values("Set-Cookie")) != 1 {
				t.Errorf("%s counts as a device: %d %v", forged, a.status, a.header)
			}
		}
	}
	if a := h.at("192.0.2.1").ask("GET", "/api/v1/mall/videos", "", "Accept", "*/*"); a.header.Get("Set-Cookie") != "" {
		t.Errorf("a program gets a cookie: %v", a.header)
	}
}

func TestGate_access_lists(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Pages: {risk.Address: per(1), risk.User: per(1)}})
	ann, olga := h.person("ann", account.RoleShopper), h.person("olga", account.RoleOperator)
	desk := risk.Subject{UserID: olga.ID}
	entry := func(effect risk.Effect, kind risk.Kind, subject string) {
		h.OK(h.Lists.Add(h.Ctx, risk.NewEntry{
			Effect:  effect,
			Kind:    kind,
			Subject: subject,
			Reason:  "test",
			By:      desk,
		}))
	}
	entry(risk.Deny, risk.Address, "203.0.113.0/24")
	for path, open := range map[string]bool{
		"/": false, "/sign-in": false, "/api/v1/mall/videos": false,
		"/media/covers/none-960.webp": false,
		"/s/1/s/s/v/360p/s0.m4s":      false, static.URL("app.css"): true, "/api/v1/mall/payments/callback": true,
	} {
		method := "GET"
		if strings.HasSuffix(path, "/callback") {
			method = "POST"
		}
		a := h.at("203.0.113.5").ask(method, path, "")
		if kept := a.status == 403 && strings.Contains(a.body, "closed it to"); kept == open {
			t.Errorf("%s: %d %s", path, a.status, a.body)
		}
	}
	page := h.at("203.0.113.5").get("/videos")
	if strings.Contains(page.body, `href="/videos"`) ||
		!regexp.MustCompile(`<code>[\w-]+</code>`).MatchString(page.body) {
		t.Errorf("a page that leads to further refusals, or names no reference: %s", page.body)
	}
	if api := h.at("203.0.113.5").get("/api/v1/mall/videos"); !strings.Contains(api.body, `"code":"access_denied"`) {
		t.Error(api.body)
	}

	entry(risk.Allow, risk.Address, "192.0.2.8")
	c := h.at("192.0.2.8")
	for range 5 {
		if a := c.get("/sign-in"); a.status != 200 || a.header.Get("RateLimit") != "" {
			t.Errorf("whoever is let through is counted: %d %v", a.status, a.header)
		}
	}
	entry(risk.Deny, risk.Device, c.device())
	if a := c.get("/sign-in"); a.status != 403 {
		t.Errorf("a denied device: %d", a.status)
	}
	c = h.at("192.0.2.8")
	c.signIn(ann)
	entry(risk.Deny, risk.User, fmt.Sprint(ann.ID))
	if a := c.get("/library"); a.status != 403 || !strings.Contains(a.body, `action="/sign-out"`) {
		t.Errorf("a denied account: %d %s", a.status, a.body)
	}
	if a := c.ask("POST", "/sign-out", ""); a.status != 303 {
		t.Errorf("may not even leave: %d", a.status)
	}
	if a := c.get("/sign-in"); a.status != 200 {
		t.Errorf("the browser of a denied account, signed out: %d", a.status)
	}
}

// A guessed token counts as a request too.
func TestGate_counts_wrong_tokens(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.API: {risk.Address: per(2)}})
	c := h.at("192.0.2.1")
	for i, want := range []int{401, 401, 429} {
		c.token = fmt.Sprint("vmt_", i)
		if a := c.get("/api/v1/mall/me/orders"); a.status != want {
			t.Errorf("guess %d: %d, want %d", i, a.status, want)
		}
	}
	c = h.at("192.0.2.2") // a play token is no person's, and its heartbeat is not judged as one
	if a := c.ask("POST", "/api/v1/mall/play/heartbeat", `{"position": 1}`, "Authorization", "Bearer no",
		"Content-Type", "application/json"); strings.Contains(a.body, "invalid_token") {
		t.Errorf("%d %s", a.status, a.body)
	}
}

func TestGate_loopback_is_no_address(t *testing.T) {
	h := openHouse(t, risk.Policies{risk.Pages: {risk.Address: per(1)}})
	for range 3 {
		if a := h.at("127.0.0.1").get("/sign-in"); a.status != 200 {
			t.Errorf("%d", a.status)
		}
	}
}
