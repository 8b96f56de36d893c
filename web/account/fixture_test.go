package account_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"
	"github.com/redis/go-redis/v9"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/exchange"
	accountweb "videomall/web/account"
	"videomall/web/page"
	"videomall/web/webtest"
)

const (
	goodPassword     = "three quiet herons"
	breachedPassword = "seven stolen magpies" // known from a breach
	commonPassword   = "password123"
)

type mall struct {
	accounts *account.Accounts
	exchange *exchange.Exchange
	url      string
	entered  atomic.Int64 // the last person that OnSignIn was told of
	broken   atomic.Bool  // OnSignIn fails

	pool  *pgxpool.Pool
	redis *redis.Client

	mu      sync.Mutex
	notices []account.Notice // what people were mailed, by openMailing
}

func open(t *testing.T, demo bool) *mall {
	t.Helper()
	return openWith(t, demo, false)
}

// openMailing opens a mall that sends mails.
func openMailing(t *testing.T) *mall {
	t.Helper()
	return openWith(t, false, true)
}

// openLocal opens a mall whose address is localhost, for which browsers make passkeys.
func openLocal(t *testing.T) *mall {
	t.Helper()
	return openAt(t, "http://localhost", false, true)
}

func openWith(t *testing.T, demo, mails bool) *mall {
	t.Helper()
	return openAt(t, "http://mall.example", demo, mails)
}

func openAt(t *testing.T, publicURL string, demo, mails bool) *mall {
	t.Helper()
	pool, rdb, log := dbtest.New(t), dbtest.Redis(t), slog.New(slog.DiscardHandler)
	m := &mall{pool: pool, redis: rdb}
	d := account.Deps{
		Pool:       pool,
		Redis:      rdb,
		Log:        log,
		Now:        time.Now,
		BrowserKey: []byte("the key that signs marks of browsers"),
		FactorKey:  make([]byte, 32), // a test's secret is no secret
		Factors:    account.FactorsOperators,
		Breached:   func(password string) (bool, error) { return password == breachedPassword, nil },
	}
	if mails {
		jobs, err := river.NewClient(riverpgxv5.New(pool), &river.Config{})
		if err != nil {
			t.Fatal(err)
		}
		d.River = jobs
		d.Notify = func(_ context.Context, _ pgx.Tx, n account.Notice) error {
			m.mu.Lock()
			defer m.mu.Unlock()
			m.notices = append(m.notices, n)
			return nil
		}
	}
	m.accounts = account.New(d)
	m.exchange = exchange.New(exchange.Deps{
		Pool: pool,
		Now:  time.Now,
		Base: "CNY",
	})
	sessions := account.NewSessions(account.SessionsDeps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   time.Now,
	})
	site := page.New(page.Options{
		Accounts:  m.accounts,
		Sessions:  sessions,
		PublicURL: publicURL,
		Rates:     m.exchange.Table,
		Log:       log,
		Now:       time.Now,
	})
	e := echo.New()
	site.Use(e)
	accountweb.Routes(e.Group(""), accountweb.Deps{
		Site:     site,
		Accounts: m.accounts,
		Sessions: sessions,
		Demo:     demo,
		Mail:     mails,
		SetUp: func(ctx context.Context, code, addr string, o account.NewOperator) (account.User, error) {
			return m.accounts.SetUp(ctx, code, addr, o, func(context.Context, pgx.Tx, account.User) error { return nil })
		},
		OnSignIn: func(_ context.Context, c *page.Ctx, userID int64) error {
			m.entered.Store(userID)
			if m.broken.Load() {
				return errors.New("the cart is stuck")
			}
			if c.Viewer.UserID != userID {
				return errors.New("called before the person is the viewer")
			}
			return nil
		},
	})
	e.GET("/", site.Handle(func(c *page.Ctx) error { return c.Render(http.StatusOK, "", templ.NopComponent) }))
	e.GET("/admin", site.Handle(func(c *page.Ctx) error { return c.Render(http.StatusOK, "", templ.NopComponent) }),
		site.RequireDuty)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m.url = server.URL
	return m
}

type visitor struct {
	t    *testing.T
	m    *mall
	http *http.Client
}

func (m *mall) visitor(t *testing.T) *visitor {
	t.Helper()
	return &visitor{
		t:    t,
		m:    m,
		http: webtest.NewClient(t),
	}
}

func (v *visitor) do(r *http.Request, err error) webtest.Response {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
	return webtest.Do(v.t, v.http, r)
}

func (v *visitor) get(path string) webtest.Response {
	v.t.Helper()
	return v.do(http.NewRequest("GET", v.m.url+path, nil))
}

// post sends a form as a browser does; fields are name, value pairs.
func (v *visitor) post(path string, fields ...string) webtest.Response {
	v.t.Helper()
	form := url.Values{}
	for i := 0; i < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	r, err := http.NewRequest("POST", v.m.url+path, strings.NewReader(form.Encode()))
	if err == nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		r.Header.Set("User-Agent",
			"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 "+
				"Safari/537.36")
	}
	return v.do(r, err)
}

func (v *visitor) session() string {
	u, _ := url.Parse(v.m.url)
	for _, c := range v.http.Jar.Cookies(u) {
		if c.Name == "session" {
			return c.Value
		}
	}
	return ""
}

func (v *visitor) signUp(email string) {
	v.t.Helper()
	if a := v.post("/sign-up", "name", "Ann Lee", "email", email, "password",
		goodPassword); a.Status != http.StatusSeeOther {
		v.t.Fatalf("sign-up: %d %s", a.Status, a.Body)
	}
}

func (v *visitor) signedIn() bool {
	v.t.Helper()
	return v.get("/account").Status == http.StatusOK
}

// at is the mall's address, as cookies know it.
func (v *visitor) at() *url.URL {
	v.t.Helper()
	u, err := url.Parse(v.m.url)
	if err != nil {
		v.t.Fatal(err)
	}
	return u
}

func (v *visitor) stepCookie() string {
	v.t.Helper()
	for _, c := range v.http.Jar.Cookies(v.at()) {
		if c.Name == "step" {
			return c.Value
		}
	}
	return ""
}

// told is how many notices of a kind were mailed.
func (m *mall) told(kind string) (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, notice := range m.notices {
		if notice.Kind == kind {
			n++
		}
	}
	return n
}

// forget forgets how often anybody has tried anything.
func (m *mall) forget(t *testing.T) {
	t.Helper()
	if err := m.redis.FlushDB(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}
