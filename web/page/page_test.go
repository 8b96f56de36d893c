package page_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/account"
	"videomall/mall/exchange"
	"videomall/mall/fault"
	"videomall/telemetry"
	"videomall/views/ui"
	"videomall/web/page"
	"videomall/web/webtest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// mall is a server with a few rooms, enough to show what the package does to all of them.
type mall struct {
	site     *page.Site
	accounts *account.Accounts
	echo     *echo.Echo
	url      string
	log      *journal
	exchange *exchange.Exchange
	failing  atomic.Bool // whether its rates cannot be read
	policy   account.FactorPolicy
	pool     *pgxpool.Pool
}

// journal is a log that can be read while it is written.
type journal struct {
	mu    sync.Mutex
	lines strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.lines.String()
}

type failing struct{}

func (failing) Error() string             { return "slow down" }
func (failing) RetryAfter() time.Duration { return 90*time.Second + 1 }

func open(t *testing.T, publicURL string) *mall {
	t.Helper()
	m := &mall{}
	return m.open(t, publicURL, m.rates)
}

func (m *mall) open(t *testing.T, publicURL string, rates func(context.Context) (exchange.Table, error)) *mall {
	t.Helper()
	pool, rdb := dbtest.New(t), dbtest.Redis(t)
	m.pool, m.log, m.exchange = pool, &journal{}, newExchange(pool)
	log := telemetry.NewLogger(m.log, slog.LevelInfo, "text")
	m.accounts = account.New(account.Deps{
		Pool:  pool,
		Redis: rdb,
		Log:   log,
		Now:   time.Now,

		FactorKey: make([]byte, 32), // a test's secret is no secret
		Factors:   m.policy,
	})
	m.site = page.New(page.Options{
		Accounts: m.accounts,
		Sessions: account.NewSessions(account.SessionsDeps{
			Pool:   pool,
			Redis:  rdb,
			Log:    log,
			Now:    time.Now,
			Secure: strings.HasPrefix(publicURL, "https://"),
		}),
		PublicURL: publicURL,
		Log:       log,
		Now:       time.Now,
		Rates:     rates,
		CartCount: func(context.Context, *page.Ctx) (int, error) { return 3, nil },
		Categories: func(context.Context, *page.Ctx) ([]ui.Link, error) {
			return nil, errors.New("the catalog is asleep")
		},
	})
	e := echo.New()
	m.site.Use(e)
	m.site.Routes(e.Group(""))
	show := func(words string) echo.HandlerFunc {
		return m.site.Handle(func(c *page.Ctx) error {
			return c.Render(http.StatusOK, "Room", templ.Raw("<p id=room>"+words+"</p>"))
		})
	}
	fail := func(err error) echo.HandlerFunc { return func(echo.Context) error { return err } }
	e.GET("/", show("open"))
	e.GET("/player", m.site.Handle(func(c *page.Ctx) error {
		c.AdmitPlayer()
		return c.Render(http.StatusOK, "Player", templ.NopComponent)
	}))
	e.GET("/price", m.site.Handle(showPrice))
	e.GET("/api/price", m.site.Handle(showPrice))
	e.GET("/own", show("own"), m.site.RequireUser)
	e.GET("/account/security", show("security"), m.site.RequireUser)
	e.GET("/admin", show("operator"), m.site.RequireDuty)
	e.GET("/admin/payouts", show("money"), m.site.RequireDuty)
	e.GET("/admin/nowhere", show("nowhere"), m.site.RequireDuty)
	e.GET("/api/v1/mall/me", func(c echo.Context) error {
		pc, err := m.site.From(c)
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, map[string]string{"email": pc.Viewer.Email})
	}, m.site.RequireUser)
	e.POST("/api/v1/mall/write", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
	e.POST("/api/v1/mall/payments/callback/sandbox", func(c echo.Context) error {
		return c.NoContent(http.StatusNoContent)
	})
	e.POST("/buy", m.site.Handle(func(c *page.Ctx) error {
		c.Flash(ui.Success, "signed_in")
		return c.Redirect("/")
	}))
	e.GET("/enter/:id", m.site.Handle(enter(m.accounts, (*page.Ctx).SignIn)))
	e.GET("/enter-factor/:id", m.site.Handle(enter(m.accounts, (*page.Ctx).SignInByFactor)))
	e.GET("/again/:times", m.site.Handle(func(c *page.Ctx) error {
		for range len(c.Param("times")) {
			if _, err := m.accounts.EndAll(c.Request().Context(), c.Viewer.UserID); err != nil {
				return err
			}
		}
		if err := c.SignInAgain(); err != nil {
			return err
		}
		return c.String(http.StatusOK, c.Viewer.ProvedAt.UTC().Format(time.RFC3339))
	}), m.site.RequireUser)
	e.GET("/checked", m.site.Handle(func(c *page.Ctx) error {
		if err := c.CheckFactor(); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}))
	e.GET("/guest", m.site.Handle(func(c *page.Ctx) error {
		return c.String(http.StatusOK, c.GuestToken()+"|"+c.EnsureGuestToken()+"|"+c.GuestToken())
	}))
	secret := errors.New("relation account_user is on fire")
	for path, err := range map[string]error{
		"internal": fmt.Errorf("look for it: %w", secret),
		"sold-out": fault.New(fault.Conflict, "sold_out_somewhere", "That is sold out.").Because("%w", secret).
			With("skuId", "sold_out"),
		"throttled":    fault.New(fault.TooMany, "slow_down", "Slow down.").Because("%w", failing{}),
		"unavailable":  fault.New(fault.Unavailable, "unavailable", "Busy."),
		"missing":      fault.New(fault.NotFound, "not_found", "Nothing here."),
		"unauthorized": fault.New(fault.Unauthenticated, "sign_in_required", "Sign in."),
	} {
		e.GET("/fail/"+path, fail(err))
		e.GET("/api/fail/"+path, fail(err))
	}
	e.GET("/fail/half", m.site.Handle(func(c *page.Ctx) error {
		return c.Render(http.StatusOK, "Half", templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
			_, _ = io.WriteString(w, "half a page")
			return secret
		}))
	}))
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	m.echo, m.url = e, server.URL
	return m
}

// enter signs in the account whose number the address ends with, by signIn.
func enter(accounts *account.Accounts, signIn func(*page.Ctx, account.User) error) func(*page.Ctx) error {
	return func(c *page.Ctx) error {
		id, err := strconv.ParseInt(c.Param("id"), 10, 64)
		if err != nil {
			return err
		}
		u, err := accounts.User(c.Request().Context(), id)
		if err != nil {
			return err
		}
		if err := signIn(c, u); err != nil {
			return err
		}
		return c.NoContent(http.StatusNoContent)
	}
}

// visitor follows no redirect and keeps its cookies.
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

// ask sends a request; headers are name, value pairs. A POST's body is a form.
func (v *visitor) ask(method, path, body string, headers ...string) webtest.Response {
	v.t.Helper()
	r, err := http.NewRequest(method, v.m.url+path, strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return webtest.Do(v.t, v.http, r)
}

func (v *visitor) get(path string, headers ...string) webtest.Response {
	v.t.Helper()
	return v.ask("GET", path, "", headers...)
}

var (
	main  = regexp.MustCompile(`(?s)<main.*</main>`)
	looks = regexp.MustCompile(` class="[^"]*"`)
)

// golden compares with testdata/<name>; of a whole page only <main> and no classes, since the rest is the layout's and
// the parts' own affair.
func golden(t *testing.T, name, got string) {
	t.Helper()
	if part := main.FindString(got); part != "" {
		got = part
	}
	got = looks.ReplaceAllString(got, "")
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got+"\n" != string(want) {
		t.Errorf("%s differs (go test -update writes it anew):\n%s", path, got)
	}
}
