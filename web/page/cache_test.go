package page_test

import (
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/cache"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/mall/money"
	"videomall/mall/redisbreaker"
	"videomall/views/ui"
	"videomall/web/page"
)

// keeper is a server whose pages may be kept, and that counts how often each is drawn.
type keeper struct {
	t        *testing.T
	url      string
	accounts *account.Accounts
	changes  *cache.Changes
	exchange *exchange.Exchange
	drawn    atomic.Int64
}

func openKeeper(t *testing.T) *keeper {
	t.Helper()
	t.Parallel()
	pool, rdb, log := dbtest.New(t), dbtest.Redis(t), slog.New(slog.DiscardHandler)
	k := &keeper{
		t: t,
		accounts: account.New(account.Deps{
			Pool:  pool,
			Redis: rdb,
			Log:   log,
			Now:   time.Now,
		}),
		changes: cache.NewChanges(cache.ChangesDeps{
			Redis: redisbreaker.New(nil),
			Log:   log,
			Now:   time.Now,
		}),
		exchange: newExchange(pool),
	}
	k.changes.Connect(t.Context())
	site := page.New(page.Options{
		Accounts: k.accounts,
		Sessions: account.NewSessions(account.SessionsDeps{
			Pool:   pool,
			Redis:  rdb,
			Log:    log,
			Now:    time.Now,
			Secure: false,
		}),
		PublicURL: "http://mall.example",
		Log:       log,
		Now:       time.Now,
		Changes:   k.changes,
		Rates:     k.exchange.Table,
		CartCount: func(_ context.Context, c *page.Ctx) (int, error) { return len(c.GuestToken()), nil },
	})
	e := echo.New()
	site.Use(e)
	draw := func(c *page.Ctx) error {
		k.drawn.Add(1)
		time.Sleep(10 * time.Millisecond)
		c.AdmitPlayer()
		return c.Render(http.StatusOK, "Film "+c.Param("film"),
			templ.Raw("<p>for "+c.Viewer.Name+"!</p>"+strings.Repeat("<p>waves</p>", 200)))
	}
	keep := func(c *page.Ctx) error {
		c.Cache(cache.Policy{Tags: []string{"film:" + c.Param("film")}})
		return draw(c)
	}
	e.GET("/film/:film", site.Cached(keep))
	e.GET("/plain/:film", site.Handle(draw))
	e.GET("/price/:film", site.Cached(func(c *page.Ctx) error {
		c.Cache(cache.Policy{})
		k.drawn.Add(1)
		price := c.Price(money.Of(1000, "CNY"))
		return c.Render(http.StatusOK, "Price", templ.Raw("<p>costs "+price.String()+" in "+c.Currency()+".</p>"))
	}))
	e.GET("/silent", site.Cached(draw))
	e.GET("/gone", site.Cached(func(*page.Ctx) error {
		k.drawn.Add(1)
		return fault.New(fault.NotFound, "gone", "Gone.")
	}))
	e.GET("/cookie", site.Cached(func(c *page.Ctx) error { c.EnsureGuestToken(); return keep(c) }))
	e.GET("/refused", site.Cached(func(c *page.Ctx) error {
		c.Cache(cache.Policy{})
		return c.Render(http.StatusUnprocessableEntity, "No", templ.NopComponent)
	}))
	e.POST("/flash", site.Handle(func(c *page.Ctx) error {
		c.Flash(ui.Success, "signed_in")
		return c.Redirect("/film/sea")
	}))
	e.POST("/enter/:id", site.Handle(enter(k.accounts, (*page.Ctx).SignIn)))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	k.url = server.URL
	return k
}

// ask sends a request without following redirects; header holds names and values in turn.
func (k *keeper) ask(method, path string, header ...string) (*http.Response, string) {
	k.t.Helper()
	r, err := http.NewRequestWithContext(k.t.Context(), method, k.url+path, nil)
	if err != nil {
		k.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		k.t.Fatal(err)
	}
	defer res.Body.Close()
	var body io.Reader = res.Body
	if res.Header.Get("Content-Encoding") == "gzip" {
		if body, err = gzip.NewReader(res.Body); err != nil {
			k.t.Fatal(err)
		}
	}
	b, err := io.ReadAll(body)
	if err != nil {
		k.t.Fatal(err)
	}
	return res, string(b)
}

// draws fails unless do has pages drawn that many times.
func (k *keeper) draws(times int64, why string, do func()) {
	k.t.Helper()
	before := k.drawn.Load()
	do()
	if got := k.drawn.Load() - before; got != times {
		k.t.Errorf("%s: drawn %d times, not %d", why, got, times)
	}
}

var nonces = regexp.MustCompile(`nonce[=-]"?([A-Z2-7]{26})`)

func TestSite_Cached_draws_once_for_all_guests(t *testing.T) {
	k := openKeeper(t)
	var seen sync.Map
	k.draws(1, "a crowd", func() {
		var crowd sync.WaitGroup
		for n := range 100 {
			crowd.Go(func() {
				res, body := k.ask("GET", "/film/sea", "Accept-Encoding",
					[]string{"identity", "gzip", "br, gzip;q=0.5"}[n%3])
				if res.StatusCode != http.StatusOK || !strings.Contains(body, "<p>for !</p>") {
					t.Errorf("%d %s", res.StatusCode, body)
				}
				// One nonce an answer, the same in its policy and its scripts, and nobody else's.
				mine := nonces.FindStringSubmatch(res.Header.Get("Content-Security-Policy"))
				if len(mine) != 2 || len(res.Header["Content-Security-Policy"]) != 1 {
					t.Fatalf("policy %q", res.Header["Content-Security-Policy"])
				}
				for _, m := range nonces.FindAllStringSubmatch(body, -1) {
					if m[1] != mine[1] {
						t.Errorf("nonce %s beside %s", m[1], mine[1])
					}
				}
				if _, again := seen.LoadOrStore(mine[1], true); again {
					t.Error("two answers share a nonce")
				}
			})
		}
		crowd.Wait()
	})
	k.draws(4, "another language, theme, address each", func() {
		k.ask("GET", "/film/sea", "Accept-Language", "zh")
		k.ask("GET", "/film/sea", "Accept-Language", "zh-TW,zh;q=0.9")
		k.ask("GET", "/film/sea", "Cookie", "theme=mall-dark")
		k.ask("GET", "/film/sea?again", "Cookie", "theme=;lang=en")
		if _, body := k.ask("GET", "/film/land", "Cookie", "lang=en"); !strings.Contains(body, "Film land") {
			t.Error("another video's page")
		}
	})
	if _, body := k.ask("GET", "/film/sea", "Cookie",
		"theme=mall-dark; lang=zh-CN"); !strings.Contains(body, `<html lang="zh-CN" data-theme="mall-dark"`) {
		t.Error("the theme is lost")
	}
}

func TestSite_Cached_answers_like_an_uncached_page(t *testing.T) {
	k := openKeeper(t)
	k.ask("GET", "/film/sea")
	plain, wantBody := k.ask("GET", "/plain/sea")
	for _, coding := range []string{"identity", "gzip", "gzip;q=0"} {
		kept, body := k.ask("GET", "/film/sea", "Accept-Encoding", coding)
		if packed := kept.Header.Get("Content-Encoding") == "gzip"; packed != (coding == "gzip") {
			t.Errorf("%s is answered in %q", coding, kept.Header.Get("Content-Encoding"))
		}
		same := func(s string) string {
			return strings.ReplaceAll(nonces.ReplaceAllString(s, "nonce"), "/plain/sea", "/film/sea")
		}
		if same(body) != strings.ReplaceAll(same(wantBody), "%2Fplain%2Fsea", "%2Ffilm%2Fsea") {
			t.Errorf("the bodies differ:\n%.3000s\n%.3000s", body, wantBody)
		}
		for name := range plain.Header {
			if name == "Date" || name == "Content-Length" || name == "X-Request-Id" || name == "Vary" {
				continue
			}
			if got, want := same(kept.Header.Get(name)), same(plain.Header.Get(name)); got != want {
				t.Errorf("%s is %q, not %q", name, got, want)
			}
		}
		vary := strings.Join(kept.Header.Values("Vary"), ", ")
		for _, want := range []string{"Cookie", "Accept-Language", "HX-Request", "Accept-Encoding"} {
			if !strings.Contains(vary, want) {
				t.Errorf("Vary %q", vary)
			}
		}
		if kept.Header.Get("X-Request-Id") == "" || kept.Header.Get("ETag") != "" {
			t.Errorf("%v", kept.Header)
		}
	}
}

func TestSite_Cached_never_shares_a_personal_page(t *testing.T) {
	k := openKeeper(t)
	u, err := k.accounts.Provision(t.Context(), account.User{
		Email: "ann@example.test",
		Name:  "Ann",
		Roles: account.RolesOf(account.RoleShopper),
	}, "a long enough password")
	if err != nil {
		t.Fatal(err)
	}
	cookieOf := func(path string) string {
		res, _ := k.ask("POST", path)
		cookie, _, _ := strings.Cut(res.Header.Get("Set-Cookie"), ";")
		if cookie == "" {
			t.Fatalf("%s sets no cookie", path)
		}
		return cookie
	}
	signedIn, flash := cookieOf(fmt.Sprint("/enter/", u.ID)), cookieOf("/flash")
	cart := "guest=" + strings.Repeat("A", 26)
	own := func() {
		k.draws(6, "each of those who bring something", func() {
			if res, body := k.ask("GET", "/film/sea", "Cookie", signedIn); !strings.Contains(body, "<p>for Ann!</p>") ||
				res.Header.Get("Cache-Control") != "private, no-store" {
				t.Error("Ann's page is not hers")
			}
			if _, body := k.ask("GET", "/film/sea", "Cookie", cart); !strings.Contains(body, ">26</span>") {
				t.Error("a guest's cart is lost")
			}
			k.ask("GET", "/film/sea", "Cookie", "lang=en; whatever=1")
			k.ask("GET", "/film/sea", "Authorization", "Basic YTpi")
			if _, body := k.ask("GET", "/film/sea", "HX-Request", "true"); strings.Contains(body, "<html") {
				t.Error("a fragment is a whole page")
			}
			k.ask("GET", "/film/sea", "Cookie", "session=made-up")
		})
	}
	guest := func() {
		_, body := k.ask("GET", "/film/sea")
		if !strings.Contains(body, "<p>for !</p>") || strings.Contains(body, ">26</span>") ||
			strings.Contains(body, "Ann") {
			t.Errorf("a guest sees somebody's page: %.2000s", body)
		}
	}
	own()
	k.draws(1, "the first guest", func() { guest(); guest() })
	own()
	if _, body := k.ask("GET", "/film/sea", "Cookie", flash); !strings.Contains(body, `role="status"`) &&
		!strings.Contains(body, "alert") {
		t.Error("the notice is not shown")
	}
	k.draws(0, "guests after them", guest)

	k.draws(4, "a page that sets a cookie", func() { // drawn to be kept, and then for the visitor
		one, _ := k.ask("GET", "/cookie")
		two, _ := k.ask("GET", "/cookie")
		if one.Header.Get("Set-Cookie") == "" || one.Header.Get("Set-Cookie") == two.Header.Get("Set-Cookie") {
			t.Error("two guests share a cookie")
		}
	})
}

func TestSite_Cached_only_what_may_be_cached(t *testing.T) {
	k := openKeeper(t)
	k.draws(4, "a handler that says nothing", func() { k.ask("GET", "/silent"); k.ask("GET", "/silent") })
	k.draws(2, "an error", func() {
		for range 2 {
			if res, _ := k.ask("GET", "/gone"); res.StatusCode != http.StatusNotFound {
				t.Errorf("status %d", res.StatusCode)
			}
		}
	})
	if res, _ := k.ask("GET", "/refused"); res.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("status %d", res.StatusCode)
	}
	k.draws(1, "an address too long to keep twice", func() { k.ask("GET", "/film/sea?"+strings.Repeat("x", 400)) })
}

func TestSite_Cached_change_invalidates(t *testing.T) {
	k := openKeeper(t)
	k.ask("GET", "/film/sea")
	k.ask("GET", "/film/land")
	k.changes.Drop(t.Context(), "film:sea")
	k.draws(1, "the page that changed", func() { k.ask("GET", "/film/sea"); k.ask("GET", "/film/land") })
}
