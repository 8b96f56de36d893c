// Package static owns the files that every page needs and that do not change while the process runs: the compiled CSS,
// the scripts, the font and the icons. They are embedded, named by the digest of their contents, and cached for a year.
// The package refuses to know covers, videos and everything else that people upload.
package static

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// Prefix is the path under which Handler expects to be mounted.
const Prefix = "/static/"

// Of a file with compressed copies only these are embedded, since they are a third of its size and contain it.
//
//go:embed dist/*.br dist/*.gz dist/*.ico dist/*.png dist/*.woff2
var dist embed.FS

var types = map[string]string{
	".css":   "text/css; charset=utf-8",
	".js":    "text/javascript; charset=utf-8",
	".svg":   "image/svg+xml",
	".ico":   "image/x-icon",
	".png":   "image/png",
	".webp":  "image/webp",
	".woff2": "font/woff2",
}

type asset struct {
	contentType string
	digest      string
	plain       []byte
	brotli      []byte // nil for pictures and fonts, which are compressed already
	gzip        []byte
}

// The files are read once, and the maps are never written again.
var byName, byHashedName = load(dist)

func load(files embed.FS) (map[string]string, map[string]asset) {
	urls, assets := map[string]string{}, map[string]asset{}
	entries, err := fs.ReadDir(files, "dist")
	if err != nil {
		panic("static: " + err.Error())
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".gz")
		ext := path.Ext(name)
		if ext == ".br" {
			continue // read with the copy that gzip made
		}
		a := asset{contentType: types[ext]}
		if a.contentType == "" {
			panic("static: a file of an unknown type, " + name)
		}
		if name == entry.Name() {
			a.plain = read(files, name)
		} else {
			a.gzip = read(files, name+".gz")
			a.brotli = read(files, name+".br")
			a.plain = unpack(name, a.gzip)
		}
		sum := sha256.Sum256(a.plain)
		a.digest = hex.EncodeToString(sum[:])[:12]
		hashed := strings.TrimSuffix(name, ext) + "." + a.digest + ext
		urls[name] = Prefix + hashed
		assets[hashed] = a
	}
	return urls, assets
}

func read(files embed.FS, name string) []byte {
	b, err := files.ReadFile("dist/" + name)
	if err != nil {
		panic("static: " + err.Error() + "; run npm run build")
	}
	return b
}

func unpack(name string, packed []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("static: " + name + ": " + err.Error())
	}
	b, err := io.ReadAll(r)
	if err != nil {
		panic("static: " + name + ": " + err.Error())
	}
	return b
}

// URL returns the path of a file by its plain name: URL("app.css") is "/static/app.<digest>.css". It panics for a name
// that was never built. Such a mistake shows when the page is first rendered.
func URL(name string) string {
	u, ok := byName[name]
	if !ok {
		panic("static: no file " + strconv.Quote(name) + " in static/dist; run npm run build")
	}
	return u
}

// File returns the content and the type of a file by its plain name, for the few whose address browsers choose
// themselves, such as /favicon.ico. It panics like URL.
func File(name string) (content []byte, contentType string) {
	a := byHashedName[strings.TrimPrefix(URL(name), Prefix)]
	return a.plain, a.contentType
}

// Handler serves the hashed names below Prefix, compressed if the client accepts it. Any other path is answered with
// 404.
func Handler() http.Handler { return http.HandlerFunc(serve) }

func serve(w http.ResponseWriter, r *http.Request) {
	a, ok := byHashedName[strings.TrimPrefix(r.URL.Path, Prefix)]
	if !ok {
		http.NotFound(w, r)
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, http.StatusText(http.StatusMethodNotAllowed), http.StatusMethodNotAllowed)
		return
	}
	body, encoding, tag := a.plain, "", `"`+a.digest+`"`
	accepted := r.Header.Get("Accept-Encoding")
	switch {
	case a.brotli != nil && accepts(accepted, "br"):
		body = a.brotli
		encoding = "br"
		tag = `"` + a.digest + `-br"`
	case a.gzip != nil && accepts(accepted, "gzip"):
		body = a.gzip
		encoding = "gzip"
		tag = `"` + a.digest + `-gz"`
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("ETag", tag)
	h.Set("X-Content-Type-Options", "nosniff")
	if a.brotli != nil || a.gzip != nil {
		h.Set("Vary", "Accept-Encoding")
	}
	if strings.Contains(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	if encoding != "" {
		h.Set("Content-Encoding", encoding)
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // an error means that the client has left
}

// accepts reports whether Accept-Encoding (RFC 9110 §12.5.3) accepts a coding; q=0 refuses it. "*" does not count.
func accepts(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, isQ := strings.CutPrefix(strings.ReplaceAll(params, " ", ""), "q=")
		weight, err := strconv.ParseFloat(q, 64)
		return !isQ || (err == nil && weight > 0)
	}
	return false
}
