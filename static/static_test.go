package static_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"

	"videomall/static"
)

func get(t *testing.T, method, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequest(method, path, nil)
	for k, v := range header {
		r.Header.Set(k, v)
	}
	w := httptest.NewRecorder()
	static.Handler().ServeHTTP(w, r)
	return w.Result()
}

func body(t *testing.T, r io.Reader) []byte {
	t.Helper()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHandler_serves_every_built_file_for_a_year(t *testing.T) {
	t.Parallel()
	for name, contentType := range map[string]string{
		"app.css": "text/css; charset=utf-8", "app.js": "text/javascript; charset=utf-8",
		"htmx.js":   "text/javascript; charset=utf-8",
		"player.js": "text/javascript; charset=utf-8", "inter.woff2": "font/woff2", "favicon.svg": "image/svg+xml",
		"favicon.ico": "image/x-icon", "apple-touch-icon.png": "image/png", "icon-512.png": "image/png",
		"share.png": "image/png",
	} {
		want, err := os.ReadFile(filepath.Join("dist", name))
		if err != nil {
			t.Fatal(err)
		}
		url := static.URL(name)
		if !regexp.MustCompile(`^/static/[a-z0-9-]+\.[0-9a-f]{12}\.[a-z0-9]+$`).MatchString(url) {
			t.Errorf("%s has the address %s", name, url)
		}
		res := get(t, "GET", url, nil)
		if got := body(t, res.Body); res.StatusCode != 200 || !bytes.Equal(got, want) {
			t.Errorf("%s: status %d, %d bytes, want %d", url, res.StatusCode, len(got), len(want))
		}
		if got := res.Header.Get("Content-Type"); got != contentType {
			t.Errorf("%s: type %q", name, got)
		}
		if got := res.Header.Get("Cache-Control"); got != "public, max-age=31536000, immutable" {
			t.Errorf("%s: cache %q", name, got)
		}
		again := get(t, "GET", url, map[string]string{"If-None-Match": res.Header.Get("ETag")})
		if again.StatusCode != 304 || len(body(t, again.Body)) != 0 {
			t.Errorf("%s: a known tag answered %d", name, again.StatusCode)
		}
	}
}

func TestHandler_compressed_copies_unpack_to_their_source(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"app.css", "app.js", "htmx.js", "player.js", "favicon.svg"} {
		want, err := os.ReadFile(filepath.Join("dist", name))
		if err != nil {
			t.Fatal(err)
		}
		res := get(t, "GET", static.URL(name), map[string]string{"Accept-Encoding": "gzip, deflate, br"})
		if res.Header.Get("Content-Encoding") != "br" || res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: headers %v", name, res.Header)
		}
		if got := body(t, brotli.NewReader(res.Body)); !bytes.Equal(got, want) {
			t.Errorf("%s.br is stale; run npm run build", name)
		}
		res = get(t, "GET", static.URL(name), map[string]string{"Accept-Encoding": "br;q=0, gzip"})
		unpacked, err := gzip.NewReader(res.Body)
		if err != nil || res.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: %v, headers %v", name, err, res.Header)
		}
		if got := body(t, unpacked); !bytes.Equal(got, want) {
			t.Errorf("%s.gz is stale; run npm run build", name)
		}
	}
}

func TestHandler_refuses_other_names_and_methods(t *testing.T) {
	t.Parallel()
	hashed := static.URL("app.css")
	for _, path := range []string{
		"/static/", "/static/app.css", "/static/dist/app.css", "/static/../static.go",
		hashed + ".br", strings.Replace(hashed, "app.", "app.0", 1),
	} {
		if res := get(t, "GET", path, nil); res.StatusCode != 404 ||
			strings.Contains(res.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %q", path, res.StatusCode, res.Header.Get("Cache-Control"))
		}
	}
	if res := get(t, "POST", hashed, nil); res.StatusCode != 405 {
		t.Errorf("POST: %d", res.StatusCode)
	}
	if res := get(t, "HEAD", hashed, nil); res.StatusCode != 200 || len(body(t, res.Body)) != 0 ||
		res.Header.Get("Content-Length") == "0" {
		t.Errorf("HEAD: %d", res.StatusCode)
	}
	defer func() {
		if recover() == nil {
			t.Error("URL returned an address for a name that was never built")
		}
	}()
	static.URL("nothing.css")
}

// TestHandler_serves_every_file_that_the_stylesheet_names checks the address of the font in the stylesheet, which the
// build script writes with a digest that it computes itself.
func TestHandler_serves_every_file_that_the_stylesheet_names(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("dist/app.css")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`url\(("[^"]*"|'[^']*'|[^)]*)\)`).FindAllSubmatch(css, -1)
	fonts := 0
	for _, m := range found {
		address := strings.Trim(string(m[1]), `"'`)
		if strings.HasPrefix(address, "data:") {
			continue
		}
		if res := get(t, "GET", "/static/"+address, nil); res.StatusCode != 200 {
			t.Errorf("app.css asks for %s: %d", address, res.StatusCode)
		}
		fonts++
	}
	if fonts == 0 {
		t.Error("app.css names no font")
	}
}
