package page_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

func TestSite_HandleError_page_fragment_problem(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	v := m.visitor(t)
	id := []string{"X-Request-Id", "golden-request-1"}
	for _, c := range []struct {
		golden, path, contentType string
		status                    int
		headers                   []string
	}{
		{"internal.html", "/fail/internal", "text/html; charset=UTF-8", 500, nil},
		{
			"internal.zh-CN.html", "/fail/internal", "text/html; charset=UTF-8", 500,
			[]string{"Accept-Language", "zh-CN,zh;q=0.9"},
		},
		{"internal.fragment.html", "/fail/internal", "text/html; charset=UTF-8", 500, []string{"HX-Request", "true"}},
		{"internal.json", "/api/fail/internal", "application/problem+json", 500, nil},
		{"conflict.html", "/fail/sold-out", "text/html; charset=UTF-8", 409, nil},
		{"conflict.fragment.html", "/fail/sold-out", "text/html; charset=UTF-8", 409, []string{"HX-Request", "true"}},
		{"conflict.json", "/api/fail/sold-out", "application/problem+json", 409, nil},
		{
			"throttled.zh-CN.json", "/api/fail/throttled", "application/problem+json", 429,
			[]string{"Accept-Language", "zh-Hant"},
		},
		{"throttled.html", "/fail/throttled", "text/html; charset=UTF-8", 429, nil},
		{"missing.html", "/fail/missing", "text/html; charset=UTF-8", 404, nil},
		{"missing.html", "/no/such/page", "text/html; charset=UTF-8", 404, nil},
		{
			"missing.html", "/fail/missing", "text/html; charset=UTF-8", 404,
			[]string{"HX-Request", "true", "HX-Boosted", "true"},
		},
		{
			"missing.html", "/fail/missing", "text/html; charset=UTF-8", 404,
			[]string{"HX-Request", "true", "HX-History-Restore-Request", "true"},
		},
		{"missing.json", "/fail/missing", "application/problem+json", 404, []string{"Accept", "application/json"}},
		{"unauthorized.html", "/fail/unauthorized", "text/html; charset=UTF-8", 401, nil},
		{"unauthorized.json", "/api/fail/unauthorized", "application/problem+json", 401, nil},
		{"half.html", "/fail/half", "text/html; charset=UTF-8", 500, nil},
	} {
		a := v.get(c.path, append(c.headers, id...)...)
		if a.Status != c.status || a.Header.Get("Content-Type") != c.contentType {
			t.Errorf("%s: %d %s", c.golden, a.Status, a.Header.Get("Content-Type"))
		}
		if strings.Contains(a.Body, "on fire") || strings.Contains(a.Body, "half a page") {
			t.Errorf("%s tells what is nobody's business: %s", c.golden, a.Body)
		}
		if cc := a.Header.Get("Cache-Control"); cc != "private, no-store" {
			t.Errorf("%s may be cached: %q", c.golden, cc)
		}
		golden(t, c.golden, a.Body)
	}
	if !strings.Contains(m.log.String(), "on fire") ||
		!strings.Contains(m.log.String(), "request_id=golden-request-1") {
		t.Error("the log does not tell the cause and the request")
	}
}

func TestSite_HandleError_retry_after(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	if got := v.get("/api/fail/throttled").Header.Get("Retry-After"); got != "91" {
		t.Errorf("throttled: %q", got)
	}
	if got := v.get("/fail/unavailable").Header.Get("Retry-After"); got != "5" {
		t.Errorf("unavailable: %q", got)
	}
	if got := v.get("/fail/missing").Header.Get("Retry-After"); got != "" {
		t.Errorf("missing: %q", got)
	}
}

func TestSite_HandleError_htmx_leaves_page(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	a := v.get("/fail/sold-out", "HX-Request", "true")
	if a.Header.Get("HX-Reswap") != "none" || !strings.Contains(a.Body, "hx-swap-oob") {
		t.Errorf("%v %s", a.Header, a.Body)
	}
	a = v.get("/fail/unauthorized", "HX-Request", "true", "HX-Current-URL", v.m.url+"/videos?q=a%20b")
	if got := a.Header.Get("HX-Redirect"); got != "/sign-in?next=%2Fvideos%3Fq%3Da%2520b" {
		t.Errorf("sent to %q", got)
	}
}

func TestSite_HandleError_405_and_401(t *testing.T) {
	t.Parallel()
	v := open(t, "http://mall.example").visitor(t)
	a := v.ask("DELETE", "/own", "")
	if got := a.Header.Get("Allow"); a.Status != http.StatusMethodNotAllowed || got != "OPTIONS, GET, HEAD" {
		t.Errorf("wrong method: %d, Allow %q", a.Status, got)
	}
	a = v.get("/api/v1/mall/me", "Authorization", "Bearer vmt_nonsense")
	if a.Status != http.StatusUnauthorized || !strings.Contains(a.Body, `"code":"invalid_token"`) ||
		a.Header.Get("WWW-Authenticate") != "Bearer" {
		t.Errorf("wrong token: %d %s", a.Status, a.Body)
	}
}

// Browsers drop the pictures of a page that is left. That must neither look like a fault in the log nor count against
// the mall.
func TestSite_HandleError_reader_left(t *testing.T) {
	t.Parallel()
	m := open(t, "http://mall.example")
	for _, path := range []string{"/slow", "/api/slow"} {
		ctx, leave := context.WithCancel(t.Context())
		m.echo.GET(path, func(c echo.Context) error {
			leave()
			_, err := m.accounts.User(c.Request().Context(), 1)
			return err
		})
		w := httptest.NewRecorder()
		m.echo.ServeHTTP(w, httptest.NewRequest("GET", path, nil).WithContext(ctx))
		if w.Code != 499 || w.Body.Len() != 0 {
			t.Errorf("%s: %d %q", path, w.Code, w.Body)
		}
	}
	if log := m.log.String(); strings.Contains(log, "ERROR") {
		t.Errorf("the log tells of a fault: %s", log)
	}
}
