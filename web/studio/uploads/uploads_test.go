package uploads_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"

	"videomall/db/dbtest"
	"videomall/mall/media"
	"videomall/web/studio/uploads"
	"videomall/web/webtest"
)

type house struct {
	*webtest.Mall
	t     *testing.T
	media media.Media
}

func open(t *testing.T, storageURL string) *house {
	t.Helper()
	h := &house{t: t}
	storage, err := media.OpenStorage(storageURL, "")
	h.must(err)
	t.Cleanup(func() { storage.Close() })
	h.Mall = webtest.Open(t, webtest.Options{Routes: func(g *echo.Group, m *webtest.Mall) {
		h.media, err = media.New(media.Deps{
			Pool:    m.Pool,
			Storage: storage,
			Key:     bytes.Repeat([]byte{4}, 32),
			Now:     m.Now,
			Uploads: media.UploadLimits{File: 1 << 20, Quota: 3 << 20},
		})
		h.must(err)
		uploads.Routes(g, uploads.Deps{Site: m.Site, Media: h.media})
	}})
	return h
}

func (h *house) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func tus(more ...string) http.Header {
	h := http.Header{"Tus-Resumable": {"1.0.0"}}
	for i := 0; i < len(more); i += 2 {
		h.Set(more[i], more[i+1])
	}
	return h
}

func named(name string) string {
	return "filename " + base64.StdEncoding.EncodeToString([]byte(name)) + ",filetype dmlkZW8vbXA0"
}

func (h *house) begin(b *webtest.Browser, size int) string {
	h.t.Helper()
	a := b.Send("POST", "/studio/uploads/tus",
		tus("Upload-Length", strconv.Itoa(size), "Upload-Metadata", named("film.mp4")), "").Wants(201)
	path, ok := strings.CutPrefix(a.Header.Get("Location"), h.URL)
	if !ok || a.Header.Get("Upload-Expires") == "" || a.Header.Get("Tus-Resumable") != "1.0.0" {
		h.t.Fatalf("new upload: got headers %v", a.Header)
	}
	return path
}

func patch(b *webtest.Browser, path string, offset int, body string) webtest.Answer {
	return b.Send("PATCH", path,
		tus("Upload-Offset", strconv.Itoa(offset), "Content-Type", "application/offset+octet-stream"), body)
}

const inside = "\x00\x00\x00\x18ftypmp42 and then the rest of a video"

func TestUploads_tus(t *testing.T) {
	t.Parallel()
	h := open(t, "file://"+t.TempDir())
	creator := h.Person("creator", "creator")
	b := h.Browser(creator.ID)
	o := b.Send("OPTIONS", "/studio/uploads/tus", nil, "").Wants(204)
	if o.Header.Get("Tus-Version") != "1.0.0" || o.Header.Get("Tus-Extension") != "creation,expiration,termination" ||
		o.Header.Get("Tus-Max-Size") != "1048576" {
		t.Fatalf("OPTIONS: got headers %v", o.Header)
	}
	path := h.begin(b, len(inside))
	at := func(want int) webtest.Answer {
		t.Helper()
		a := b.Send("HEAD", path, tus(), "").Wants(200)
		if a.Header.Get("Upload-Offset") != strconv.Itoa(want) ||
			a.Header.Get("Upload-Length") != strconv.Itoa(len(inside)) || a.Header.Get("Cache-Control") != "no-store" {
			t.Fatalf("HEAD: got headers %v, want offset %d", a.Header, want)
		}
		return a
	}
	at(0)
	if a := patch(b, path, 0, inside[:10]).Wants(204); a.Header.Get("Upload-Offset") != "10" ||
		a.Header.Get("Upload-Expires") == "" {
		t.Fatalf("PATCH: got headers %v, want offset 10", a.Header)
	}
	for what, c := range map[string]struct {
		answer webtest.Answer
		status int
		code   string
	}{
		"offset too small": {patch(b, path, 9, "x"), 409, "upload_offset"},
		"offset too large": {patch(b, path, 11, "x"), 409, "upload_offset"},
		"too much":         {patch(b, path, 10, inside), 413, "upload_too_long"},
		"no offset": {
			b.Send("PATCH", path, tus("Content-Type", "application/offset+octet-stream"), "x"), 400,
			"tus_header",
		},
		"another type":    {b.Send("PATCH", path, tus("Upload-Offset", "10"), "x"), 415, "unsupported_media_type"},
		"no version":      {b.Send("PATCH", path, nil, "x"), 412, "tus_version"},
		"another version": {b.Send("HEAD", path, http.Header{"Tus-Resumable": {"0.2.0"}}, ""), 412, ""},
		"no length":       {b.Send("POST", "/studio/uploads/tus", tus(), ""), 400, "tus_header"},
		"too large": {
			b.Send("POST", "/studio/uploads/tus", tus("Upload-Length", "1048577", "Upload-Metadata", named("a.mp4")),
				""), 413, "upload_size",
		},
		"not a video": {
			b.Send("POST", "/studio/uploads/tus", tus("Upload-Length", "1", "Upload-Metadata", named("a.exe")), ""),
			422, "upload_type",
		},
		"bad metadata": {
			b.Send("POST", "/studio/uploads/tus", tus("Upload-Length", "1", "Upload-Metadata", "filename %%%"), ""),
			400, "tus_header",
		},
		"another method":  {b.Send("POST", path, tus(), ""), 405, "method_not_allowed"},
		"upload in parts": {b.Send("POST", "/studio/uploads/parts", nil, "{}"), 409, "upload_wrong_way"},
		"another site": {
			b.Send("POST", "/studio/uploads/tus", tus("Sec-Fetch-Site", "cross-site", "Upload-Length", "1"), ""), 403,
			"",
		},
	} {
		if c.answer.Status != c.status || c.code != "" && !strings.Contains(c.answer.Body, `"code":"`+c.code+`"`) {
			t.Errorf("%s: got %d, want %d %s: %s", what, c.answer.Status, c.status, c.code, c.answer.Body)
		}
	}
	at(10)
	// This client can't send PATCH.
	done := b.Send("POST", path,
		tus("X-HTTP-Method-Override", "PATCH", "Upload-Offset", "10", "Content-Type",
			"application/offset+octet-stream"), inside[10:]).Wants(204)
	video := done.Header.Get("Mall-Video")
	if id, err := strconv.ParseInt(video, 10, 64); err != nil {
		t.Fatalf("complete upload: got headers %v, want the id of the video", done.Header)
	} else if v, err := h.media.Videos.Get(t.Context(), creator.ID, id); err != nil || v.Name != "film.mp4" {
		t.Fatalf("video: got %+v, %v, want film.mp4", v, err)
	}
	if a := at(len(inside)); a.Header.Get("Mall-Video") != video {
		t.Fatalf("HEAD of a complete upload: got headers %v, want video %s", a.Header, video)
	}
	if a := patch(b, path, len(inside), "").Wants(204); a.Header.Get("Mall-Video") != video {
		t.Fatalf("PATCH of a complete upload: got headers %v, want video %s", a.Header, video)
	}
	other := h.begin(b, 100)
	b.Send("DELETE", other, tus(), "").Wants(204)
	b.Send("HEAD", other, tus(), "").Wants(404)
	b.Send("DELETE", other, tus(), "").Wants(404)
	text := h.begin(b, 7)
	if a := patch(b, text, 0, "#EXTM3U").Wants(422); !strings.Contains(a.Body, "upload_not_film") {
		t.Fatalf("upload of a text: got %s, want upload_not_film", a.Body)
	}
	for n := range 3 {
		a := b.Send("POST", "/studio/uploads/tus", tus("Upload-Length", "1048576", "Upload-Metadata", named("a.mp4")),
			"")
		if want := map[bool]int{true: 409, false: 201}[n == 2]; a.Status != want {
			t.Errorf("upload %d: got %d, want %d: %s", n, a.Status, want, a.Body)
		}
	}
}

func TestUploads_of_another_creator(t *testing.T) {
	t.Parallel()
	h := open(t, "file://"+t.TempDir())
	path := h.begin(h.Browser(h.Person("creator", "creator").ID), len(inside))
	for who, b := range map[string]*webtest.Browser{
		"another creator": h.Browser(h.Person("other", "creator").ID),
		"a shopper":       h.Browser(h.Person("ann", "shopper").ID),
	} {
		for what, a := range map[string]webtest.Answer{
			"read":   b.Send("HEAD", path, tus(), ""),
			"write":  patch(b, path, 0, inside),
			"cancel": b.Send("DELETE", path, tus(), ""),
		} {
			if a.Status != 404 {
				t.Errorf("%s: %s: got %d, want 404", who, what, a.Status)
			}
		}
	}
	h.Browser(0).Send("HEAD", path, tus(), "").Wants(401)
	h.Browser(h.Person("bob", "shopper").ID).Get("/studio/videos/new").Wants(404)
}

func TestUploads_page(t *testing.T) {
	t.Parallel()
	h := open(t, "file://"+t.TempDir())
	b := h.Browser(h.Person("creator", "creator").ID)
	for lang, words := range map[string][]string{
		"en":    {"Upload videos", "needs JavaScript", "1 MB"},
		"zh-CN": {"上传视频", "需要启用 JavaScript", "1 MB"},
	} {
		b.Lang = lang
		a := b.Get("/studio/videos/new").Wants(200)
		for _, w := range append(words, `data-upload="/studio/uploads/tus"`, "/static/upload.", "aria-live") {
			if !a.Has(w) {
				t.Errorf("%s: page lacks %q", lang, w)
			}
		}
	}
}

func TestUploads_direct_to_storage(t *testing.T) {
	t.Parallel()
	h := open(t, dbtest.Bucket(t))
	b := h.Browser(h.Person("creator", "creator").ID)
	page := b.Get("/studio/videos/new").Wants(200)
	if !page.Has("data-direct") ||
		!strings.Contains(page.Header.Get("Content-Security-Policy"), "connect-src 'self' "+h.media.Uploads.Origin()) {
		t.Fatalf("page lacks direct uploads, or its policy forbids them: %v", page.Header)
	}
	say := func(method, path, body string, status int, into any) {
		t.Helper()
		a := b.Send(method, path, http.Header{"Content-Type": {"application/json"}}, body).Wants(status)
		if into != nil {
			h.must(json.Unmarshal([]byte(a.Body), into))
		}
	}
	var u struct {
		URL     string
		Offset  int64
		VideoID int64
		Parts   []struct {
			Number int
			URL    string
		}
	}
	say("POST", "/studio/uploads/parts", fmt.Sprintf(`{"name": "video.mkv", "type": "", "size": %d}`, len(inside)), 201,
		&u)
	say("POST", "/studio/uploads/tus", "", 412, nil)
	address := u.URL
	say("POST", address+"/complete", "{}", 409, nil)
	say("POST", address+"/addresses", `{"numbers": [2]}`, 422, nil)
	say("POST", address+"/addresses", `{"numbers": [1]}`, 200, &u)
	r, err := http.NewRequestWithContext(t.Context(), "PUT", u.Parts[0].URL, strings.NewReader(inside))
	h.must(err)
	sent, err := http.DefaultClient.Do(r)
	h.must(err)
	sent.Body.Close()
	if sent.StatusCode != 200 {
		t.Fatalf("PUT to the storage: got %d, want 200", sent.StatusCode)
	}
	say("GET", address, "", 200, &u)
	if u.Offset != int64(len(inside)) {
		t.Fatalf("upload: got %+v, want offset %d", u, len(inside))
	}
	other := h.Browser(h.Person("other", "creator").ID)
	other.Get(address).Wants(404)
	say("POST", address+"/complete", "{}", 200, &u)
	first := u.VideoID
	say("POST", address+"/complete", "{}", 200, &u)
	if u.VideoID != first || first == 0 {
		t.Fatalf("videos of two completions: got %d and %d, want the same", first, u.VideoID)
	}
	say("DELETE", address, "", 404, nil)
}

func form(t *testing.T, raw []byte) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	part, err := w.CreateFormFile("cover", "x.png")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(raw); err != nil {
		t.Fatal(err)
	}
	w.Close()
	return w.FormDataContentType(), b.String()
}

func TestCover_accept_and_refuse(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	h := open(t, "file://"+t.TempDir())
	b := h.Browser(h.Person("creator", "creator").ID)
	var picture bytes.Buffer
	h.must(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 640, 360))))
	kind, body := form(t, picture.Bytes())
	a := b.Send("POST", "/studio/covers", http.Header{"Content-Type": {kind}}, body).Wants(201)
	var said struct{ Cover, URL string }
	h.must(json.Unmarshal([]byte(a.Body), &said))
	if len(said.Cover) != 26 || said.URL != "/media/covers/"+said.Cover+"-{w}.webp" {
		t.Fatalf("answer: got %+v, want a cover and its address", said)
	}
	f, err := h.media.Covers.Open(t.Context(), said.Cover+"-480.webp")
	h.must(err)
	f.Close()
	for code, raw := range map[string][]byte{"cover_kind": []byte("no picture"), "cover_size": make([]byte, 16<<20)} {
		kind, body := form(t, raw)
		if a := b.Send("POST", "/studio/covers", http.Header{"Content-Type": {kind}}, body); a.Status != 422 ||
			!strings.Contains(a.Body, code) {
			t.Errorf("%s: got %d, want 422: %.200s", code, a.Status, a.Body)
		}
	}
	b.Send("POST", "/studio/covers", nil, "x").Wants(400)
	h.Browser(h.Person("ann", "shopper").ID).Send("POST", "/studio/covers", http.Header{"Content-Type": {kind}}, body).
		Wants(404)
}

// TestUploads_extensions_not_offered sends what tus-js-client 4 sends with parallelUploads, uploadLengthDeferred and
// uploadDataDuringCreation, and other requests of extensions that are not offered. All must be refused, or a part of a
// video would be accepted as a whole one.
func TestUploads_extensions_not_offered(t *testing.T) {
	t.Parallel()
	h := open(t, "file://"+t.TempDir())
	creator := h.Person("creator", "creator")
	b := h.Browser(creator.ID)
	path := h.begin(b, len(inside))
	size, octets := strconv.Itoa(len(inside)), "application/offset+octet-stream"
	for what, a := range map[string]webtest.Answer{
		"part": b.Send("POST", "/studio/uploads/tus",
			tus("Upload-Length", size, "Upload-Concat", "partial"), ""),
		"concatenated parts": b.Send("POST", "/studio/uploads/tus",
			tus("Upload-Concat", "final;/studio/uploads/tus/a /studio/uploads/tus/b", "Upload-Metadata",
				named("film.mp4")), ""),
		"deferred length": b.Send("POST", "/studio/uploads/tus",
			tus("Upload-Defer-Length", "1", "Upload-Metadata", named("film.mp4")), ""),
		"data during creation": b.Send("POST", "/studio/uploads/tus",
			tus("Upload-Length", size, "Upload-Metadata", named("film.mp4"), "Content-Type", octets), inside),
		"checksum": b.Send("PATCH", path,
			tus("Upload-Offset", "0", "Content-Type", octets, "Upload-Checksum", "sha1 Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
			inside),
		"IETF draft": b.Send("POST", "/studio/uploads/tus",
			tus("Upload-Length", size, "Upload-Complete", "?1", "Upload-Metadata", named("film.mp4")), ""),
		"part by method override": b.Send("POST", path,
			tus("X-HTTP-Method-Override", "PATCH", "Upload-Offset", "0", "Content-Type", octets, "Upload-Concat",
				"partial"), inside),
	} {
		if a.Status != 400 || !strings.Contains(a.Body, `"code":"tus_extension"`) ||
			!strings.Contains(a.Body, "parallel") || !strings.Contains(a.Body, "not_offered") {
			t.Errorf("%s: got %d, want 400 tus_extension: %s", what, a.Status, a.Body)
		}
	}
	if a := b.Send("HEAD", path, tus(), "").Wants(200); a.Header.Get("Upload-Offset") != "0" {
		t.Errorf("HEAD after refused requests: got headers %v, want offset 0", a.Header)
	}
	videos, err := h.media.Videos.List(t.Context(), creator.ID, 0, 10)
	if h.must(err); len(videos) != 0 {
		t.Errorf("videos: got %d, want 0", len(videos))
	}
	for _, at := range []string{"/studio/uploads/tus", path} {
		o := b.Send("OPTIONS", at, nil, "").Wants(204)
		if o.Header.Get("Tus-Extension") != "creation,expiration,termination" {
			t.Errorf("OPTIONS %s: got headers %v", at, o.Header)
		}
	}
}
