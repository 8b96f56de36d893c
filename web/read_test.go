package web_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/labstack/echo/v4"

	"videomall/config"
	"videomall/mall/account"
	"videomall/mall/malltest"
	"videomall/telemetry"
	"videomall/web"
)

// TestGET_changes_nothing requests every address as everybody, also Ann's and Sam's own things, as if by a link on
// another site.
func TestGET_changes_nothing(t *testing.T) {
	m := newMatrix(t)
	for who, client := range map[string]*client{
		"a guest":     m.visitor("", ""),
		"Ann":         m.visitor("ann", account.RoleCreator),
		"Sam":         m.visitor("sam", account.RoleShopper),
		"an operator": m.visitor("olga", account.RoleOperator),
	} {
		before, asked := m.digest(), 0
		for _, r := range m.routes {
			if r.Method != http.MethodGet || strings.HasSuffix(r.Path, "/events") { // a stream has no end
				continue
			}
			if a := client.ask(r.Method, m.address(r), "", "Sec-Fetch-Site", "cross-site"); a.status >= 500 {
				t.Errorf("%s: %s: got %d, want no 5xx", who, r.Path, a.status)
			}
			asked++
		}
		if asked < 50 {
			t.Errorf("%s: addresses: got %d, want at least 50", who, asked)
		}
		if after := m.digest(); !maps.Equal(before, after) {
			for table := range after {
				if before[table] != after[table] {
					t.Errorf("requests of %s changed table %s", who, table)
				}
			}
		}
	}
}

// TestRequestLog_no_secret requests every address with a secret in its path, with a secret that looks like an ordinary
// word.
func TestRequestLog_no_secret(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, slog.LevelDebug, "text")
	handler := web.New(web.Deps{
		Mall:    m.Mall,
		Config:  &config.Config{PublicURL: "http://mall.example"},
		Log:     log,
		Metrics: m.Metrics,
		Now:     m.Now,
		Covers:  fstest.MapFS{},
		Avatars: fstest.MapFS{},
	})
	const secret = "hunter22"
	asked := 0
	for _, r := range handler.(*echo.Echo).Routes() {
		steps, has := strings.Split(r.Path, "/"), false
		for i, step := range steps {
			switch {
			case step == ":token" || step == ":sig" || step == ":secret":
				steps[i], has = secret, true
			case strings.HasPrefix(step, ":"):
				steps[i] = "1"
			}
		}
		if !has || r.Method == echo.RouteNotFound {
			continue
		}
		asked++
		for _, end := range []string{"", "?token=" + secret, "/beyond"} {
			handler.ServeHTTP(httptest.NewRecorder(),
				httptest.NewRequest(r.Method, strings.Join(steps, "/")+end, http.NoBody))
		}
	}
	logged := out.String()
	if asked < 6 || strings.Count(logged, "msg=request") < 3*asked {
		t.Errorf("requests to %d addresses with a secret: too few, or not all logged: %s", asked, logged)
	}
	for line := range strings.Lines(logged) {
		// A secret may be logged only where no route exists, so that it is of no use: in a path below those that the
		// redactor recognizes by their prefix.
		if strings.Contains(line, secret) && !strings.Contains(line, "route=unmatched") {
			t.Errorf("secret is logged for a route: %s", line)
		}
		if strings.Contains(line, secret) && strings.Contains(line, "/sandbox/pay/") {
			t.Errorf("secret is logged for a payment page: %s", line)
		}
	}
	if !strings.Contains(logged, fmt.Sprintf("path=/sandbox/pay/%s/pay", "[redacted]")) {
		t.Errorf("log lacks the redacted path of a payment page: %s", logged)
	}
}
