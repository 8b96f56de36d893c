package api_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/payment/sandbox"
	"videomall/web/api"
	"videomall/web/page"
	"videomall/web/play"
)

const (
	v1       = api.Prefix
	password = "open sesame and more"
)

// mall is a whole business behind a real HTTP server, with notices sent to the API's own callback.
type mall struct {
	*malltest.Mall
	t   *testing.T
	url string
	e   *echo.Echo
}

func open(t *testing.T) *mall {
	t.Helper()
	e := echo.New()
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m := &mall{
		Mall: malltest.Open(t, server.URL+v1+"/payments/callback/sandbox"),
		t:    t,
		url:  server.URL,
		e:    e,
	}
	site := page.New(page.Options{
		Accounts:  m.Accounts,
		Sessions:  m.Sessions,
		PublicURL: server.URL,
		Rates:     m.Exchange.Table,
		Log:       m.Log,
		Now:       m.Now,
	})
	site.Use(e)
	g := e.Group("")
	api.Routes(g, api.Deps{
		Site:         site,
		PublicURL:    server.URL,
		Accounts:     m.Accounts,
		Catalog:      m.Catalog,
		Search:       m.Search,
		Promotions:   m.Promotions,
		Inventory:    m.Inventory,
		Orders:       m.Orders,
		Entitlements: m.Entitlements,
	})
	play.Routes(g, play.Deps{
		Site:     site,
		Catalog:  m.Catalog,
		Media:    m.Media,
		Playback: m.Playback,
	})
	e.POST("/sign-in/:user", site.Handle(func(c *page.Ctx) error {
		id, err := strconv.ParseInt(c.Param("user"), 10, 64)
		if err != nil {
			return err
		}
		u, err := m.Accounts.User(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if err := c.SignIn(u); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}))
	return m
}

// client is a browser or a program: it keeps cookies and may have a token.
type client struct {
	m     *mall
	http  *http.Client
	token string
	lang  string
}

func (m *mall) guest() *client {
	jar, err := cookiejar.New(nil)
	m.OK(err)
	return &client{
		m:    m,
		http: &http.Client{Jar: jar},
		lang: "en",
	}
}

func (m *mall) person(name string) account.User {
	m.t.Helper()
	u, err := m.Accounts.Provision(m.Ctx, account.User{
		Email: name + "@example.test",
		Name:  name,
		Roles: account.RolesOf(account.RoleShopper),
	}, password)
	m.OK(err)
	return u
}

// browser returns a client that is signed in by the session cookie.
func (m *mall) browser(u account.User) *client {
	m.t.Helper()
	c := m.guest()
	res, err := c.http.Post(m.url+"/sign-in/"+strconv.FormatInt(u.ID, 10), "", nil)
	m.OK(err)
	res.Body.Close()
	if res.StatusCode != http.StatusNoContent {
		m.t.Fatalf("sign in: got %d, want 204", res.StatusCode)
	}
	return c
}

// program returns a client that is signed in by a token.
func (m *mall) program(u account.User) *client {
	m.t.Helper()
	c := m.guest()
	c.token = c.call("POST", "/auth/token", `{"email": "`+u.Email+`", "password": "`+password+`"}`).wants(200).
		text("token")
	return c
}

// answer is an answer of the API, which has been compared with the document.
type answer struct {
	t      *testing.T
	asked  string
	status int
	header http.Header
	body   string
	json   map[string]any
}

// call requests an address of the API and fails the test if the document does not describe the answer. An empty body is
// no body. Headers are pairs of name and value; an empty value removes a header.
func (c *client) call(method, address, body string, headers ...string) answer {
	t := c.m.t
	t.Helper()
	if !strings.HasPrefix(address, "/api/") {
		address = v1 + address
	}
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, c.m.url+address, reader)
	c.m.OK(err)
	r.Header.Set("Accept-Language", c.lang)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if headers[i+1] == "" {
			r.Header.Del(headers[i])
			continue
		}
		r.Header.Add(headers[i], headers[i+1])
	}
	res, err := c.http.Do(r)
	c.m.OK(err)
	defer res.Body.Close()
	read, err := io.ReadAll(res.Body)
	c.m.OK(err)
	a := answer{
		t:      t,
		asked:  method + " " + address,
		status: res.StatusCode,
		header: res.Header,
		body:   string(read),
	}
	if len(read) > 0 {
		if err := json.Unmarshal(read, &a.json); err != nil {
			t.Fatalf("%s: answer is not JSON: %v: %s", a.asked, err, read)
		}
	}
	describes(t, r, body, a)
	return a
}

// order places an order with that idempotency key.
func (c *client) order(key, body string) answer {
	c.m.t.Helper()
	return c.call("POST", "/orders", body, "Idempotency-Key", key)
}

func (a answer) wants(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s: got %d, want %d: %s", a.asked, a.status, status, a.body)
	}
	return a
}

// refuses fails the test unless the answer is a problem with that status and code.
func (a answer) refuses(status int, code string) answer {
	a.t.Helper()
	if a.wants(status).json["code"] != code {
		a.t.Fatalf("%s: code: got %v, want %s: %s", a.asked, a.json["code"], code, a.body)
	}
	return a
}

// at returns the value at a path: at("items", 0, "skuId").
func (a answer) at(way ...any) any {
	a.t.Helper()
	var v any = a.json
	for _, step := range way {
		switch s := step.(type) {
		case string:
			object, _ := v.(map[string]any)
			v = object[s]
		case int:
			array, _ := v.([]any)
			if s >= len(array) {
				a.t.Fatalf("%s: nothing at %v: %s", a.asked, way, a.body)
			}
			v = array[s]
		}
	}
	return v
}

func (a answer) text(way ...any) string {
	a.t.Helper()
	s, ok := a.at(way...).(string)
	if !ok {
		a.t.Fatalf("%s: no text at %v: %s", a.asked, way, a.body)
	}
	return s
}

func (a answer) number(way ...any) int64 {
	a.t.Helper()
	n, ok := a.at(way...).(float64)
	if !ok {
		a.t.Fatalf("%s: no number at %v: %s", a.asked, way, a.body)
	}
	return int64(n)
}

func (a answer) rows() []any {
	rows, _ := a.json["items"].([]any)
	return rows
}

// harbour puts a video with a cover and a packaged asset on sale, with two SKUs: to own in HD for 1990 (list price
// 2990), and to rent for 48 hours for 490.
func (m *mall) harbour() (videoID, own, rent int64) {
	m.t.Helper()
	category, err := m.Catalog.CreateCategory(m.Ctx, catalog.NewCategory{
		Slug: "sea",
		Name: locale.Text{Zh: "大海", En: "The sea"},
	})
	m.OK(err)
	made, err := m.Catalog.CreateProduct(m.Ctx, catalog.NewProduct{
		Slug:        "harbour",
		CreatorID:   1,
		CategoryID:  category,
		Title:       locale.Text{Zh: "晨光海港", En: "Harbour at dawn"},
		Description: locale.Text{Zh: "清晨。", En: "A morning."},
		Tags:        []string{"sea"},
		Cover:       "harbour",
		SKUs: []catalog.NewSKU{
			{
				Kind:    catalog.KindOwn,
				Quality: catalog.QualityHD,
				Price: catalog.NewPrice{
					Amount:     1990,
					ListAmount: new(int64(2990)),
					Currency:   "CNY",
				},
			},
			{
				Kind:        catalog.KindRent,
				Quality:     catalog.QualityHD,
				RentHours:   48,
				MaxPerOrder: 3,
				Price:       catalog.NewPrice{Amount: 490, Currency: "CNY"},
			},
		},
	})
	m.OK(err)
	asset, err := m.Media.Assets.Pack(m.Ctx, clearVideo(), "harbour", 2)
	m.OK(err)
	m.OK(m.Catalog.SetAsset(m.Ctx, made.SPUID, asset.ID, asset.DurationSeconds))
	m.OK(m.Catalog.Publish(m.Ctx, made.SPUID))
	m.OK(m.Search.RebuildAll(m.Ctx))
	return made.SPUID, made.SKUIDs[0], made.SKUIDs[1]
}

func clearVideo() fstest.MapFS {
	return fstest.MapFS{
		"master.m3u8": {
			Data: []byte("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=800000,RESOLUTION=640x360\n360p/index.m3u8\n"),
		},
		"360p/init.mp4": {Data: []byte("init")},
		"360p/s0.m4s":   {Data: []byte("segment")},
		"360p/index.m3u8": {
			Data: []byte("#EXTM3U\n#EXT-X-MAP:URI=\"init.mp4\"\n#EXTINF:4.000000,\ns0.m4s\n#EXT-X-ENDLIST\n"),
		},
		"en.vtt": {Data: []byte("WEBVTT\n\n00:00.000 --> 00:02.000\nHello\n")},
	}
}

// pay pays at the sandbox's page of that address and has the notices delivered to the callback over HTTP.
func (m *mall) pay(url string) {
	m.t.Helper()
	_, err := m.Sandbox.Pay(m.Ctx, path.Base(url), sandbox.PayOptions{})
	m.OK(err)
	for _, id := range malltest.Query[int64](m.Mall,
		`select id from sandbox_notice where acked_at is null order by id`) {
		m.OK(m.Sandbox.Deliver(m.Ctx, id))
	}
}
