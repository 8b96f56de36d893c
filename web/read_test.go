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

// TestGET_changes_nothing asks for every address as everybody, Ann's and Sam's own things included, by a link on
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
				t.Errorf("%s: %s: %d", who, r.Path, a.status)
			}
			asked++
		}
		if asked < 50 {
			t.Errorf("%s: only %d addresses", who, asked)
		}
		if after := m.digest(); !maps.Equal(before, after) {
			for table := range after {
				if before[table] != after[table] {
					t.Errorf("%s has changed %s", who, table)
				}
			}
		}
	}
}

// TestRequestLog_no_secret asks for every address that has a secret in its path, with one that looks like
// none.
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
		t.Errorf("%d addresses, and of them is logged: %s", asked, logged)
	}
	for line := range strings.Lines(logged) {
		// Only where no route is, so that nobody can act by it: a path below the ones that the redactor knows by their
		// beginning.
		if strings.Contains(line, secret) && !strings.Contains(line, "route=unmatched") {
			t.Error(line)
		}
		if strings.Contains(line, secret) && strings.Contains(line, "/sandbox/pay/") {
			t.Error(line)
		}
	}
	if !strings.Contains(logged, fmt.Sprintf("path=/sandbox/pay/%s/pay", "[redacted]")) {
		t.Errorf("the path of a payment page is lost: %s", logged)
	}
}
