package web_test

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/promotion"
)

// visitors returns a client of each kind: the creator and the shopper who own what the matrix contains, an operator and
// a guest.
func (m *matrix) visitors() map[string]*client {
	m.T.Helper()
	ann, sam, guest, olga := m.at("192.0.2.11"), m.at("192.0.2.12"), m.at("192.0.2.13"), m.at("192.0.2.14")
	ann.signIn(account.User{Email: "ann@example.test"})
	sam.signIn(account.User{Email: "sam@example.test"})
	olga.signIn(m.person("olga", account.RoleOperator))
	return map[string]*client{"creator": ann, "shopper": sam, "guest": guest, "operator": olga}
}

// TestRoutes_HEAD_answers_like_GET requests every address that answers GET by both methods, as everybody.
func TestRoutes_HEAD_answers_like_GET(t *testing.T) {
	m := newMatrix(t)
	for who, client := range m.visitors() {
		client.get("/") // brings the cookies that a first visit sets
		for _, r := range m.routes {
			if r.Method != http.MethodGet || r.Path == "/sales/:id/events" {
				continue
			}
			path := m.address(r)
			before := m.digest()
			// Go's client adds Accept-Encoding: gzip to GET, but not to HEAD.
			head := client.ask(http.MethodHead, path, "", "Accept-Encoding", "identity")
			if diff := cmp.Diff(before, m.digest()); diff != "" {
				t.Errorf("%s: HEAD %s changes tables (-before +after):\n%s", who, r.Path, diff)
			}
			get := client.ask(http.MethodGet, path, "", "Accept-Encoding", "identity")
			if head.status != get.status || head.body != "" {
				t.Errorf("%s: %s: HEAD got %d with body %q, GET got %d", who, r.Path, head.status, head.body,
					get.status)
			}
			for _, name := range []string{
				"Content-Type", "Content-Length", "Content-Encoding", "Location",
				"Cache-Control", "Vary", "Allow",
			} {
				if name == "Content-Length" && get.header.Get(name) == "0" {
					continue // net/http sets it for a body that nobody wrote, but only for GET
				}
				if !slices.Equal(head.header.Values(name), get.header.Values(name)) {
					t.Errorf("%s: %s: HEAD got %s %q, GET got %q", who, r.Path, name, head.header.Values(name),
						get.header.Values(name))
				}
			}
		}
	}
}

// TestRoutes_HEAD_of_a_stream_ends requests an event stream by HEAD. GET would not end, and would join the queue.
func TestRoutes_HEAD_of_a_stream_ends(t *testing.T) {
	m := newMatrix(t)
	id, err := strconv.ParseInt(m.things["/studio/sales/:id"], 10, 64)
	m.OK(err)
	_, err = m.Promotions.Schedule(m.Ctx, promotion.Actor{UserID: 1, Operator: true}, id, 0)
	m.OK(err)
	a := m.at("192.0.2.1").ask(http.MethodHead, fmt.Sprintf("/sales/%d/events", id), "")
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "text/event-stream; charset=utf-8" {
		t.Errorf("HEAD of the event stream: got %d with headers %v", a.status, a.header)
	}
}

// TestRoutes_OPTIONS_and_405 tries all methods at every address: Allow names every registered method, and any other
// gets 405.
func TestRoutes_OPTIONS_and_405(t *testing.T) {
	m := newMatrix(t)
	guest := m.at("192.0.2.1")
	registered := map[string][]string{}
	for _, r := range m.echo.Routes() {
		registered[r.Path] = append(registered[r.Path], r.Method)
	}
	for path, methods := range registered {
		known := methods[0]
		if slices.Contains(methods, http.MethodGet) {
			known = http.MethodGet
		}
		address := m.address(echo.Route{Path: path, Method: known})
		refused := guest.ask("PROPFIND", address, "", "Content-Type", "application/json")
		allow := strings.Split(refused.header.Get("Allow"), ", ")
		if refused.status != http.StatusMethodNotAllowed || !isProblemOrPage(path, refused) {
			t.Errorf("PROPFIND %s: got %d with type %q, want 405", path, refused.status,
				refused.header.Get("Content-Type"))
		}
		for _, method := range methods {
			if !slices.Contains(allow, method) {
				t.Errorf("%s: Allow is %q, lacks %s", path, allow, method)
			}
		}
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"} {
			if slices.Contains(allow, method) {
				continue
			}
			if a := guest.ask(method, address, "", "Content-Type",
				"application/json"); a.status != http.StatusMethodNotAllowed ||
				a.header.Get("Allow") != refused.header.Get("Allow") {
				t.Errorf("%s %s: got %d with Allow %q, want 405", method, path, a.status, a.header.Get("Allow"))
			}
		}
	}
}

// TestRoutes_unknown_addresses requests addresses that nobody registered, in every area and below every address.
func TestRoutes_unknown_addresses(t *testing.T) {
	m := newMatrix(t)
	visitors := m.visitors()
	addresses := []string{
		"/nothing", "/videos/", "/orders/", "/api/v1/mall/nothing", "/api/v1/mall/videos/", "/api/",
		"/api/v2/mall/videos",
		"/admin/nothing", "/studio/nothing", "/account/nothing", "/api/v1/mall/me/nothing", "/api/v1/mall/play/nothing",
		"/index.php", "/.env",
	}
	for _, r := range m.routes {
		if r.Method == http.MethodGet && !strings.HasSuffix(r.Path, "*") {
			addresses = append(addresses, strings.TrimSuffix(m.address(r), "/")+"/nothing/at/all")
		}
	}
	for who, client := range visitors {
		for _, address := range addresses {
			for _, method := range []string{http.MethodGet, http.MethodHead} {
				a := client.ask(method, address, "")
				if a.status != http.StatusNotFound || !isProblemOrPage(address, a) {
					t.Errorf("%s: %s %s: got %d to %q with type %q, want 404", who, method, address, a.status,
						a.header.Get("Location"), a.header.Get("Content-Type"))
				}
			}
		}
	}
}

// isProblemOrPage reports whether an answer has the form of its address: a problem from the API, otherwise a page.
// Addresses that only programs read may answer with problems everywhere.
func isProblemOrPage(path string, a reply) bool {
	kind := a.header.Get("Content-Type")
	if strings.HasPrefix(path, "/api/") {
		return kind == "application/problem+json"
	}
	return strings.HasPrefix(kind, "text/html") || kind == "application/problem+json"
}
