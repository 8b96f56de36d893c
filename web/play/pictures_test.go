package play_test

import (
	"bytes"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"videomall/db/dbtest"
)

func TestFiles_only_own_files(t *testing.T) {
	t.Parallel()
	h := open(t)
	ann := h.Person("ann", "shopper")
	h.give(ann.ID, 0)
	b := h.Browser(ann.ID)
	s := read(t, b.Get(h.authURL()).Wants(200))
	for _, path := range []string{
		s.SegmentPrefix + "360p/index.m3u8", s.SegmentPrefix + "360p/missing.m4s",
		s.SegmentPrefix + "360p/..%2f..%2fmaster.m3u8",
		s.SegmentPrefix + "..%2f..%2fstaging/s0.m4s", s.SegmentPrefix + "360p/%00.m4s", s.SegmentPrefix + "360p/.",
		s.SegmentPrefix + "%2e%2e/master.m3u8",
		"/media/trailers/sea/s3.m4s", "/media/trailers/..%2ffilms%2fsea/360p", "/media/trailers/%2e%2e/sea.mp4",
		"/media/trailers/sea/..%2f..%2ffilms%2fsea%2f360p%2fs0.m4s",
		"/media/covers/secret.txt", "/media/covers/..%2fsea-320.webp", "/media/covers/deep%2fsea-320.webp",
		"/media/covers/missing.webp", "/media/avatars/ann-96.webp",
		strings.Replace(s.PlaylistURL, "master.m3u8", "..%2f360p/index.m3u8", 1),
		strings.Replace(s.PlaylistURL, "master.m3u8", "720p/index.m3u8", 1),
	} {
		a := b.Get(path)
		if a.Status != 404 && a.Status != 403 {
			t.Errorf("%s: got %d, want 404 or 403: %.80q", path, a.Status, a.Body)
		}
		if _, err := url.PathUnescape(path); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFiles_trailers_and_covers_are_public(t *testing.T) {
	t.Parallel()
	h := open(t)
	guest := h.Browser(0)
	list := guest.Get("/media/trailers/sea/index.m3u8").Wants(200)
	if list.Header.Get("Content-Type") != "application/vnd.apple.mpegurl" || strings.Contains(list.Body, "KEY") ||
		strings.Count(list.Body, ".m4s") != 3 {
		t.Fatalf("playlist of the trailer: got %v\n%s", list.Header, list.Body)
	}
	if a := guest.Get("/media/trailers/sea/s2.m4s").Wants(200); a.Body != strings.Repeat("c", 1000) ||
		!strings.HasPrefix(a.Header.Get("Cache-Control"), "public") {
		t.Fatalf("segment of the trailer: wrong body or headers: %v", a.Header)
	}
	cover := guest.Get("/media/covers/sea-320.webp").Wants(200)
	tag := cover.Header.Get("ETag")
	if cover.Body != "RIFF cover" || cover.Header.Get("Content-Type") != "image/webp" || tag == "" ||
		!strings.HasPrefix(cover.Header.Get("Cache-Control"), "public") {
		t.Fatalf("cover: got %v %q", cover.Header, cover.Body)
	}
	guest.Send("GET", "/media/covers/sea-320.webp", http.Header{"If-None-Match": {tag}}, "").Wants(304)
}

func TestFiles_creator_cover_from_storage(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("ffmpeg"); err != nil {
		dbtest.Missing(t, err)
	}
	h := open(t)
	var picture bytes.Buffer
	h.must(png.Encode(&picture, image.NewRGBA(image.Rect(0, 0, 640, 360))))
	stem, err := h.media.Covers.Save(t.Context(), 1, &picture)
	h.must(err)
	guest := h.Browser(0)
	a := guest.Get("/media/covers/" + stem + "-320.webp").Wants(200)
	if !strings.HasPrefix(a.Body, "RIFF") || a.Header.Get("Content-Type") != "image/webp" ||
		!strings.Contains(a.Header.Get("Cache-Control"), "immutable") {
		t.Fatalf("cover of a creator: wrong body or headers: %v", a.Header)
	}
	guest.Get("/media/covers/" + stem + "-321.webp").Wants(404)
	guest.Get("/media/covers/sea-320.webp").Wants(200)
}
