package shed

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/labstack/echo/v4/middleware"

	"videomall/telemetry"
)

// site is a server whose pages and orders end when a test says so.
type site struct {
	*testing.T
	*Shedder
	echo  *echo.Echo
	hold  chan struct{}
	going sync.WaitGroup
}

func open(t *testing.T) *site {
	t.Helper()
	t.Parallel()
	bound := bounds{least: 2, first: 2, most: 2, wait: time.Minute}
	s := &site{
		T:       t,
		Shedder: within([classes]bounds{bound, bound, bound, bound, bound}, telemetry.NewMetrics()),
		echo:    echo.New(),
		hold:    make(chan struct{}),
	}
	s.echo.Use(middleware.Recover(), s.Middleware)
	held := func(c echo.Context) error {
		<-s.hold
		return c.String(http.StatusOK, "done")
	}
	for _, route := range []string{"/videos", "/checkout", "/sales/:id/events"} {
		s.echo.GET(route, held)
	}
	s.echo.POST("/checkout", held)
	s.echo.GET("/broken", func(echo.Context) error { panic("broken") })
	s.echo.POST("/preferences", held)
	t.Cleanup(func() {
		close(s.hold)
		s.going.Wait()
	})
	return s
}

func (s *site) ask(method, target string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, http.NoBody)
	for n := 0; n < len(headers); n += 2 {
		r.Header.Set(headers[n], headers[n+1])
	}
	w := httptest.NewRecorder()
	s.echo.ServeHTTP(w, r)
	return w
}

// send asks without waiting for the answer, until a class has so many requests at work and waiting.
func (s *site) send(target string, class Class, n, inflight, queued int) {
	s.Helper()
	for range n {
		s.going.Go(func() { s.ask(http.MethodGet, target) })
	}
	l := s.limiters[class]
	for deadline := time.Now().Add(10 * time.Second); l.Inflight() != inflight || l.Queued() != queued; {
		if time.Now().After(deadline) {
			s.Fatalf("%s: %d at work and %d waiting, want %d and %d", class, l.Inflight(), l.Queued(), inflight, queued)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestShedder_Middleware_refuses_pages_and_takes_orders(t *testing.T) {
	s := open(t)
	s.send("/videos", Page, 2+waiting*2, 2, waiting*2)
	w := s.ask(http.MethodGet, "/videos", "Accept", "text/html", "Accept-Language", "en")
	if w.Code != 503 || w.Header().Get("Retry-After") != "5" || !strings.Contains(w.Body.String(), `http-equiv="refresh" content="5"`) ||
		!strings.Contains(w.Body.String(), "loads again by itself in 5 seconds") {
		t.Errorf("a page too many: %d %v %s", w.Code, w.Header(), w.Body)
	}
	s.send("/checkout", Order, 2, 2, 0)
	s.going.Go(func() { s.ask(http.MethodGet, "/sales/1/events") }) // streams are not bounded
	if n, err := s.metrics.Registry.Gather(); err != nil || len(n) == 0 {
		t.Error(err)
	}
}

// While orders wait for their turn, pages that find no room are refused instead of waiting.
func TestShedder_admit_by_rank(t *testing.T) {
	s := open(t)
	s.send("/videos", Page, 2, 2, 0)
	s.send("/checkout", Order, 3, 2, 1)
	if w := s.ask(http.MethodGet, "/videos"); w.Code != 503 {
		t.Errorf("a page while orders wait: %d", w.Code)
	}
	s.send("/checkout", Order, 1, 2, 2) // and an order waits although pages are busy
}

func TestShedder_Middleware_answers(t *testing.T) {
	s := open(t)
	s.send("/videos", Page, 2+waiting*2, 2, waiting*2)
	w := s.ask(http.MethodPost, "/preferences", "Accept", "text/html", "Accept-Language", "zh-CN")
	if w.Code != 503 || strings.Contains(w.Body.String(), "http-equiv") || !strings.Contains(w.Body.String(), "没有被接收") {
		t.Errorf("a form: %d %s", w.Code, w.Body)
	}
	w = s.ask(http.MethodGet, "/videos", "Accept", "application/json")
	var problem struct {
		Status int
		Code   string
	}
	if err := json.Unmarshal(w.Body.Bytes(), &problem); err != nil || problem.Status != 503 || problem.Code != "overloaded" {
		t.Errorf("a program: %s, %v", w.Body, err)
	}
	w = s.ask(http.MethodGet, "/videos", "HX-Request", "true")
	if w.Header().Get("HX-Reswap") != "none" || !strings.Contains(w.Body.String(), "data-toast") {
		t.Errorf("an element: %v %s", w.Header(), w.Body)
	}
}

func TestShedder_Middleware_gives_room_back(t *testing.T) {
	s := open(t)
	for range 9 {
		if w := s.ask(http.MethodGet, "/broken"); w.Code != 500 {
			t.Fatalf("a handler that panics: %d", w.Code)
		}
	}
	if n := s.limiters[Page].Inflight(); n != 0 {
		t.Errorf("%d requests are at work after all have ended", n)
	}
}

func TestOf(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"GET /static/app.css": "", "GET /media/covers/:file": "", "GET /s/:exp/:session/:sig/:video/:folder/:file": "",
		"GET /sales/:id/events": "", "GET ": "",
		"POST /api/v1/mall/payments/callback/:provider": "payment",
		"GET /k/:token/:video/:number":                  "play",
		"POST /api/v1/mall/play/heartbeat":              "play",
		"POST /checkout":                                "order", "GET /orders/:orderNo/pay": "order", "POST /sales/:id/buy": "order",
		"POST /api/v1/mall/orders": "order", "POST /sign-in": "order", "POST /v/:slug/free": "order",
		"GET /": "page", "GET /v/:slug": "page", "GET /orders-of-nobody": "page", "GET /admin/audit": "page",
		"GET /admin/audit.csv": "report", "GET /sitemaps/:part": "report",
	} {
		method, route, _ := strings.Cut(at, " ")
		class, bounded := Of(method, route)
		got := ""
		if bounded {
			got = class.String()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
