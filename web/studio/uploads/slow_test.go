package uploads_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/web/studio/uploads"
)

// slowly is a listener whose connections deliver a few bytes at a time.
type slowly struct{ net.Listener }

func (l slowly) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return slowConn{c}, err
}

type slowConn struct{ net.Conn }

func (c slowConn) Read(p []byte) (int, error) {
	time.Sleep(20 * time.Millisecond)
	return c.Conn.Read(p[:min(len(p), 2048)])
}

func TestUploads_outlast_server_timeouts(t *testing.T) {
	t.Parallel()
	h := open(t, "file://"+t.TempDir())
	b := h.Browser(h.Person("creator", "creator").ID)
	e := echo.New()
	h.Site.Use(e)
	uploads.Routes(e.Group(""), uploads.Deps{Site: h.Site, Media: h.media})
	server := httptest.NewUnstartedServer(e)
	server.Config = &http.Server{Handler: e, ReadTimeout: time.Second}
	server.Listener = slowly{server.Listener}
	server.Start()
	t.Cleanup(server.Close)
	whole := inside + strings.Repeat("x", 200_000)
	path := h.begin(b, len(whole))
	h.URL = server.URL // the same mall behind the slow listener
	began := time.Now()
	if a := patch(b, path, 0, whole).Wants(204); a.Header.Get("Mall-Video") == "" || time.Since(began) < time.Second {
		t.Fatalf("slow upload: got %v after %s, want a video after more than the timeout", a.Header, time.Since(began))
	}
}
