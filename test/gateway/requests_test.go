package gateway_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// upstream is a process that records what reaches it.
type upstream struct {
	*httptest.Server
	asked atomic.Int64
}

func serve(t *testing.T, handle http.HandlerFunc) *upstream {
	t.Helper()
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.asked.Add(1)
		handle(w, r)
	}))
	t.Cleanup(u.Close)
	return u
}

func (u *upstream) address() string { return u.Listener.Addr().String() }

// hangUp closes the connection without an answer, as a process does that is killed.
func hangUp(w http.ResponseWriter, _ *http.Request) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

func TestNginx_tells_the_mall_who_asks(t *testing.T) {
	t.Parallel()
	var got http.Header
	var host string
	n := start(t, serve(t, func(_ http.ResponseWriter, r *http.Request) { got, host = r.Header, r.Host }).address())
	n.send(client(), "GET", "/", nil, "X-Forwarded-For: 203.0.113.9", "X-Request-Id: forged",
		"X-Forwarded-Proto: http", "X-Real-Ip: 203.0.113.9", "Forwarded: for=203.0.113.9")
	if host != strings.TrimPrefix(n.url, "https://") {
		t.Errorf("the mall is called %s", host)
	}
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "https", "X-Real-Ip": "", "Forwarded": "",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if id := got.Get("X-Request-Id"); len(id) != 32 {
		t.Errorf("the request is named %q", id)
	}
	log := n.logged(1)
	var line struct{ RequestID, Address, Path string }
	n.must(json.Unmarshal([]byte(log), &line))
	if line.RequestID != got.Get("X-Request-Id") || line.Address != "127.0.0.1" || line.Path != "/" {
		t.Errorf("the log has %s", log)
	}
}

func TestNginx_logs_no_tokens(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
	paths := []string{
		"/p/secret/v/master.m3u8", "/k/secret/v/1", "/s/1/secret/secret/v/f/s0.m4s", "/reset-password?token=secret",
		"/verify-email?token=secret", "/sandbox/pay/secret", "/buy/secret", "/unsubscribe/secret",
	}
	for _, path := range paths {
		n.send(client(), "GET", path, nil)
	}
	if log := n.logged(len(paths)); strings.Contains(log, "secret") {
		t.Error(log)
	}
}

func TestNginx_plain_addresses_lead_to_TLS(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
	res, err := client().Get(n.plain + "/v/sea?quality=4k")
	n.must(err)
	defer res.Body.Close()
	if res.StatusCode != 308 || res.Header.Get("Location") != "https://127.0.0.1/v/sea?quality=4k" {
		t.Errorf("%d %s", res.StatusCode, res.Header.Get("Location"))
	}
}

// flood sends n requests at once, and returns the answers by status and the last refusal.
func flood(n *nginx, count int, method, path string, headers ...string) (statuses map[int]int, refused answer) {
	n.t.Helper()
	statuses = map[int]int{}
	c := client()
	var all sync.WaitGroup
	var mu sync.Mutex
	turns := make(chan struct{}, 64) // below the limit of what one visitor may ask at once
	for range count {
		all.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			a, err := n.try(c, method, path, nil, headers...)
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				n.t.Error(err)
				return
			}
			statuses[a.StatusCode]++
			if a.StatusCode != 200 {
				refused = a
			}
		})
	}
	all.Wait()
	return statuses, refused
}

// answersAll is a gateway before a mall that says 200 to everything.
func answersAll(t *testing.T) *nginx {
	t.Helper()
	return start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
}

func TestNginx_limits_no_videos_and_notices(t *testing.T) {
	t.Parallel()
	n := answersAll(t)
	for _, path := range []string{"/static/app.js", "/s/1/a/b/v/f/s.m4s", "/k/t/v/1", "/media/covers/sea-320.webp"} {
		if got, _ := flood(n, 300, "GET", path); got[200] != 300 {
			t.Errorf("GET %s: %v", path, got)
		}
	}
	if got, _ := flood(n, 150, "POST", "/api/v1/mall/payments/callback/stripe"); got[200] != 150 {
		t.Errorf("notices: %v", got)
	}
}

func TestNginx_limits_changes(t *testing.T) {
	t.Parallel()
	got, refused := flood(answersAll(t), 150, "POST", "/checkout")
	if got[200] < 40 || got[429] == 0 || got[200]+got[429] != 150 {
		t.Errorf("POST /checkout: %v", got)
	}
	if refused.Header.Get("Retry-After") == "" || !strings.Contains(refused.text, "请稍等") ||
		!strings.Contains(refused.text, "Too many requests") || strings.Contains(refused.text, "http-equiv") {
		t.Errorf("somebody who sent a form is told %v\n%s", refused.Header, refused.text)
	}
}

func TestNginx_limits_pages(t *testing.T) {
	t.Parallel()
	got, refused := flood(answersAll(t), 500, "GET", "/videos")
	if got[200] < 200 || got[429] == 0 || got[200]+got[429] != 500 {
		t.Errorf("GET /videos: %v", got)
	}
	if !strings.Contains(refused.text, `http-equiv="refresh"`) ||
		refused.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Errorf("a page that does not try again: %v %s", refused.Header, refused.text)
	}
	_, refused = flood(answersAll(t), 500, "GET", "/api/v1/mall/videos")
	var p struct{ Code, RequestID string }
	if err := json.Unmarshal([]byte(refused.text), &p); err != nil || p.Code != "rate_limited" || p.RequestID == "" ||
		refused.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("a program is told %v\n%s: %v", refused.Header, refused.text, err)
	}
}

func TestNginx_keeps_listed_addresses_out(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
	list := filepath.Join(n.dir, "videomall", "denied.conf")
	n.must(os.WriteFile(list, []byte("deny 127.0.0.0/8;\n"), 0o600))
	n.reload()
	for _, path := range []string{"/", "/static/app.js", "/s/1/a/b/v/f/s.m4s", "/checkout", "/studio/uploads"} {
		if a := n.send(client(), "GET", path, nil); a.StatusCode != 403 {
			t.Errorf("GET %s: %d %s", path, a.StatusCode, a.text)
		}
	}
	if a := n.send(client(), "GET", "/", nil); !strings.Contains(a.text, "has closed it to this network") {
		t.Errorf("a person is told %s", a.text)
	}
	n.must(os.WriteFile(list, nil, 0o600))
	n.reload()
	if a := n.send(client(), "GET", "/", nil); a.StatusCode != 200 {
		t.Errorf("after the entry was removed: %d", a.StatusCode)
	}
}

func TestNginx_counts_no_unlimited_address(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
	n.must(os.WriteFile(filepath.Join(n.dir, "videomall", "unlimited.conf"), []byte("127.0.0.0/8 1;\n"), 0o600))
	n.reload()
	if got, _ := flood(n, 400, "GET", "/videos"); got[200] != 400 {
		t.Errorf("%v", got)
	}
	// A token has a limit of its own, from wherever it comes.
	if got, _ := flood(n, 400, "GET", "/api/v1/mall/me", "Authorization: Bearer one"); got[429] == 0 {
		t.Errorf("one token: %v", got)
	}
	if a := n.send(client(), "GET", "/api/v1/mall/me", nil, "Authorization: Bearer two"); a.StatusCode != 200 {
		t.Errorf("another token: %d", a.StatusCode)
	}
}

// TestNginx_counts_partners_by_their_key, in either form of signature, from wherever they call.
func TestNginx_counts_partners_by_their_key(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(http.ResponseWriter, *http.Request) {}).address())
	n.must(os.WriteFile(filepath.Join(n.dir, "videomall", "unlimited.conf"), []byte("127.0.0.0/8 1;\n"), 0o600))
	n.reload()
	key := func(letter string) string { return "pk_" + strings.Repeat(letter, 26) }
	for one, other := range map[string]string{
		"Authorization: VM1 timestamp=1, key=" + key("a") + ", nonce=x":                   "Authorization: VM1 key=" + key("b"),
		`Signature-Input: m=("@method");created=1;keyid="` + key("c") + `";alg="ed25519"`: `Signature-Input: m=("@method");keyid="` + key("d") + `"`,
	} {
		if got, _ := flood(n, 400, "GET", "/api/v1/mall/partner/key", one); got[429] == 0 {
			t.Errorf("%s: %v", one, got)
		}
		if a := n.send(client(), "GET", "/api/v1/mall/partner/key", nil, other); a.StatusCode != 200 {
			t.Errorf("%s: %d", other, a.StatusCode)
		}
	}
}

func TestNginx_passes_uploads_on_as_they_come(t *testing.T) {
	t.Parallel()
	first := make(chan struct{})
	n := start(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		b := make([]byte, 4)
		if _, err := io.ReadFull(r.Body, b); err == nil {
			close(first)
		}
		_, _ = io.Copy(io.Discard, r.Body)
	}).address())
	read, write := io.Pipe()
	go func() {
		_, _ = write.Write([]byte("head"))
		select {
		case <-first:
		case <-time.After(20 * time.Second):
			_ = write.CloseWithError(fmt.Errorf("the mall has not seen the first bytes"))
			return
		}
		_, _ = write.Write(make([]byte, 8<<20))
		_ = write.Close()
	}()
	if a := n.send(client(), "PATCH", "/studio/uploads/tus/1", read); a.StatusCode != 200 {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
	if a := n.send(client(), "POST", "/studio/uploads", strings.NewReader(strings.Repeat("x", 34<<20))); a.StatusCode != 413 {
		t.Errorf("34 MiB in one part: %d", a.StatusCode)
	}
}

func TestNginx_passes_events_on_as_they_come(t *testing.T) {
	t.Parallel()
	n := start(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		_, _ = io.WriteString(w, "data: open\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}).address())
	res, err := client().Get(n.url + "/sales/7/events")
	n.must(err)
	defer res.Body.Close()
	b := make([]byte, len("data: open"))
	if _, err := io.ReadFull(res.Body, b); err != nil || string(b) != "data: open" {
		t.Errorf("%q %v", b, err)
	}
}

func TestNginx_sends_again_only_what_is_safe(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		method, path string
		again        bool
	}{
		{"GET", "/videos", true},
		{"HEAD", "/v/sea", true},
		{"POST", "/api/v1/mall/orders", true}, // it has its key
		{"POST", "/checkout", true},
		{"POST", "/api/v1/mall/payments/callback/stripe", true}, // it has its number
		{"POST", "/orders/1/refund", false},
		{"POST", "/cart/items", false},
		{"PATCH", "/studio/uploads/tus/1", false},
	} {
		t.Run(c.method+c.path, func(t *testing.T) {
			t.Parallel()
			// Whichever is asked first dies; the other one is asked or not.
			var dead atomic.Bool
			handle := func(w http.ResponseWriter, r *http.Request) {
				if dead.CompareAndSwap(false, true) {
					hangUp(w, r)
				}
			}
			a, b := serve(t, handle), serve(t, handle)
			n := start(t, a.address(), b.address())
			got := n.send(client(), c.method, c.path, nil)
			asked := a.asked.Load() + b.asked.Load()
			if c.again && (got.StatusCode != 200 || asked != 2) {
				t.Errorf("%d after %d tries", got.StatusCode, asked)
			}
			if !c.again && (got.StatusCode != 503 || asked != 1) {
				t.Errorf("%d after %d tries", got.StatusCode, asked)
			}
		})
	}
}

func TestNginx_without_a_mall(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().String()
	_ = l.Close()
	n := start(t, gone)
	page := n.send(client(), "GET", "/v/sea", nil)
	if page.StatusCode != 503 || page.Header.Get("Retry-After") != "5" || page.Header.Get("Cache-Control") != "no-store" ||
		!strings.Contains(page.text, "商城暂时没有响应") || !strings.Contains(page.text, `http-equiv="refresh"`) {
		t.Errorf("%d %v\n%s", page.StatusCode, page.Header, page.text)
	}
	if form := n.send(client(), "POST", "/checkout", strings.NewReader("a=b")); form.StatusCode != 503 ||
		strings.Contains(form.text, "http-equiv") || !strings.Contains(form.text, "may not have arrived") {
		t.Errorf("%d %s", form.StatusCode, form.text)
	}
	var p struct{ Code, RequestID string }
	api := n.send(client(), "GET", "/api/v1/mall/videos", nil)
	if err := json.Unmarshal([]byte(api.text), &p); err != nil || api.StatusCode != 503 || p.Code != "unavailable" ||
		p.RequestID == "" {
		t.Errorf("%d %s: %v", api.StatusCode, api.text, err)
	}
	// A page of the mall's own is passed on as it is.
	own := start(t, serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, "the mall's own words")
	}).address())
	if a := own.send(client(), "GET", "/", nil); a.StatusCode != 503 || a.text != "the mall's own words" {
		t.Errorf("%d %s", a.StatusCode, a.text)
	}
}

func TestNginx_keeps_one_copy_of_each_form_of_a_file(t *testing.T) {
	t.Parallel()
	u := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		w.Header().Set("Vary", "Accept-Encoding")
		_, _ = io.WriteString(w, "for "+r.Header.Get("Accept-Encoding"))
	})
	n := start(t, u.address())
	for accept, want := range map[string]string{
		"gzip, deflate, br": "for br", "br;q=1.0, gzip;q=0.8": "for br", "gzip": "for gzip", "gzip, deflate": "for gzip",
		"identity": "for ",
	} {
		if a := n.send(client(), "GET", "/static/app.1.js", nil, "Accept-Encoding: "+accept); a.text != want {
			t.Errorf("%s: %q", accept, a.text)
		}
	}
	if u.asked.Load() != 3 {
		t.Errorf("the mall was asked %d times for three forms", u.asked.Load())
	}
	// A crowd that asks for a file that is not there yet costs one request.
	if got, _ := flood(n, 100, "GET", "/static/new.js"); got[200] != 100 || u.asked.Load() != 4 {
		t.Errorf("%v; the mall was asked %d times", got, u.asked.Load())
	}
}
