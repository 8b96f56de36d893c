package web_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"videomall/config"
	"videomall/mall/locale"
	"videomall/mall/malltest"
	"videomall/mall/money"
	"videomall/mall/promotion"
	"videomall/web"
)

// TestSaleEvents_stream_through_middleware uses the whole server, whose middleware compresses and buffers answers. A
// stream must pass as it is written, and end when the server stops.
func TestSaleEvents_stream_through_middleware(t *testing.T) {
	t.Parallel()
	m := malltest.Open(t, "")
	c, err := m.Promotions.Create(m.Ctx, promotion.Actor{UserID: 9, Operator: true}, promotion.Draft{
		Name:     locale.Text{Zh: "抢购", En: "Sale"},
		StartsAt: m.Now(),
		EndsAt:   m.Now().Add(time.Hour),
		Items: []promotion.Item{{
			SKUID:   m.Sells(990, -1),
			Amount:  money.Of(490, "CNY"),
			Units:   5,
			PerUser: 1,
		}},
	})
	m.OK(err)
	_, err = m.Promotions.Schedule(m.Ctx, promotion.Actor{UserID: 9, Operator: true}, c.ID, c.Version)
	m.OK(err)
	cfg, err := config.Load([]string{"DATA_DIR=" + t.TempDir(), "DEMO=on"})
	m.OK(err)
	server := httptest.NewUnstartedServer(nil)
	cfg.PublicURL = "http://" + server.Listener.Addr().String()
	stopping := make(chan struct{})
	server.Config.RegisterOnShutdown(func() { close(stopping) })
	server.Config.Handler = web.New(web.Deps{
		Mall:     m.Mall,
		Config:   cfg,
		Log:      m.Log,
		Metrics:  m.Metrics,
		Now:      m.Now,
		Covers:   fstest.MapFS{},
		Avatars:  fstest.MapFS{},
		Stopping: stopping,
	})
	server.Start()
	t.Cleanup(server.Close)
	ask := func(path string) *http.Response {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL+path, nil)
		m.OK(err)
		r.Header.Set("Accept-Encoding", "gzip") // set explicitly, so that the client does not decompress
		res, err := http.DefaultClient.Do(r)
		m.OK(err)
		t.Cleanup(func() { _ = res.Body.Close() })
		return res
	}
	if page := ask("/sales"); page.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("page: Content-Encoding: got %q, want gzip: %s", page.Header.Get("Content-Encoding"), page.Status)
	}
	res := ask(fmt.Sprintf("/sales/%d/events", c.ID))
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Encoding") != "" {
		t.Fatalf("stream: got %s with Content-Encoding %q, want 200 without", res.Status,
			res.Header.Get("Content-Encoding"))
	}
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if !strings.Contains(lines.Text(), `"left":5`) {
		t.Fatalf("first event: got %q, want 5 units left", lines.Text())
	}
	ctx, cancel := context.WithTimeout(m.Ctx, time.Minute)
	defer cancel()
	m.OK(server.Config.Shutdown(ctx)) // waits for all open requests
	for lines.Scan() {
		if strings.HasPrefix(lines.Text(), "data: ") {
			t.Errorf("event after the server has stopped: %s", lines.Text())
		}
	}
}
