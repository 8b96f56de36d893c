package web_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/web"
)

func TestCanonicalHost_redirects(t *testing.T) {
	t.Parallel()
	const html = "text/html,application/xhtml+xml,*/*;q=0.8"
	for name, c := range map[string]struct{ public, method, host, accept, target, want string }{
		"canonical name": {"http://127.0.0.1:8080", "GET", "127.0.0.1:8080", html, "/cart", ""},
		"localhost": {
			"http://127.0.0.1:8080", "GET", "localhost:8080", html, "/videos?q=%E6%B5%B7",
			"http://127.0.0.1:8080/videos?q=%E6%B5%B7",
		},
		"IPv6":         {"http://127.0.0.1:8080/", "GET", "[::1]:8080", html, "/", "http://127.0.0.1:8080/"},
		"program":      {"http://127.0.0.1:8080", "GET", "localhost:8080", "*/*", "/api/openapi.json", ""},
		"form":         {"http://127.0.0.1:8080", "POST", "localhost:8080", html, "/cart/items", ""},
		"unknown name": {"http://127.0.0.1:8080", "GET", "evil.example", html, "/", ""},
		"path like a host": {
			"http://127.0.0.1:8080", "GET", "localhost:8080", html, "//evil.example/",
			"http://127.0.0.1:8080//evil.example/",
		},
		"mall with a domain": {"https://mall.example", "GET", "localhost:8080", html, "/", ""},
	} {
		e := echo.New()
		e.Pre(web.OneName(c.public))
		e.Any("/*", func(c echo.Context) error { return c.NoContent(http.StatusNoContent) })
		r := httptest.NewRequest(c.method, "http://"+c.host+c.target, nil)
		r.Header.Set("Accept", c.accept)
		w := httptest.NewRecorder()
		e.ServeHTTP(w, r)
		if got := w.Header().Get("Location"); got != c.want {
			t.Errorf("%s: redirect: got %q, want %q (%d)", name, got, c.want, w.Code)
		}
	}
}
