package web_test

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"videomall/config"
	"videomall/mall/catalog"
	"videomall/mall/locale"
	"videomall/mall/sitepage"
)

// xmlList is a sitemap or an index of sitemaps, as in the protocol (sitemaps.org).
type xmlList struct {
	XMLName xml.Name
	Entries []struct {
		Loc     string `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 loc"`
		LastMod string `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 lastmod"`
		Links   []struct {
			Rel      string `xml:"rel,attr"`
			Hreflang string `xml:"hreflang,attr"`
			Href     string `xml:"href,attr"`
		} `xml:"http://www.w3.org/1999/xhtml link"`
	} `xml:",any"`
}

// sitemap reads a document with that root and returns its addresses, without the mall's own part.
func (h *house) sitemap(path, root string) (found []string) {
	h.T.Helper()
	a := h.at("192.0.2.1").get(path)
	if a.status != http.StatusOK || a.header.Get("Content-Type") != "application/xml; charset=UTF-8" {
		h.T.Fatalf("%s: got %d %v, want 200 and XML", path, a.status, a.header)
	}
	var list xmlList
	if err := xml.Unmarshal([]byte(a.body), &list); err != nil || list.XMLName.Local != root ||
		list.XMLName.Space != "http://www.sitemaps.org/schemas/sitemap/0.9" {
		h.T.Fatalf("%s: not a sitemap: %v, root %v: %s", path, err, list.XMLName, a.body)
	}
	for _, e := range list.Entries {
		address, ours := strings.CutPrefix(e.Loc, "http://mall.example")
		if !ours {
			h.T.Errorf("%s lists %q, which is not an address of the mall", path, e.Loc)
		}
		if _, err := time.Parse(time.RFC3339, e.LastMod); e.LastMod != "" && err != nil {
			h.T.Errorf("%s: lastmod of %s: got %q, want a time", path, address, e.LastMod)
		}
		found = append(found, address)
		if root != "urlset" {
			continue
		}
		var langs []string
		for _, l := range e.Links {
			langs = append(langs, l.Hreflang)
			if l.Rel != "alternate" || l.Hreflang != "x-default" && !strings.HasSuffix(l.Href, "?lang="+l.Hreflang) {
				h.T.Errorf("%s: wrong alternate link: %+v", address, l)
			}
		}
		itself := slices.ContainsFunc(e.Links, func(l struct {
			Rel      string `xml:"rel,attr"`
			Hreflang string `xml:"hreflang,attr"`
			Href     string `xml:"href,attr"`
		},
		) bool {
			return l.Href == e.Loc
		})
		if !slices.Equal(langs, []string{"en", "zh-CN", "x-default"}) || !itself {
			h.T.Errorf("%s: links: got %v, want itself, en, zh-CN and x-default", address, e.Links)
		}
	}
	return found
}

func TestSitemap(t *testing.T) {
	h := openHouse(t, nil)
	var skus []int64
	for range 3 {
		skus = append(skus, h.Sells(990, -1))
	}
	gone, err := h.Catalog.ProductOfSKU(h.Ctx, skus[1])
	h.OK(err)
	h.OK(h.Catalog.TakeDown(h.Ctx, gone.SPUID))
	h.OK(h.Catalog.CreateCreator(h.Ctx, catalog.NewCreator{
		UserID: 2,
		Slug:   "without-films",
		Name:   locale.Text{Zh: "x", En: "x"},
	}))
	h.OK(h.SitePages.Save(h.Ctx, sitepage.Edit{
		Slug: sitepage.Privacy,
		Body: locale.Text{En: "Nothing is kept."},
		By:   1,
	}))

	index := h.sitemap("/sitemap.xml", "sitemapindex")
	parts := []string{"/sitemaps/pages.xml", "/sitemaps/videos-0.xml", "/sitemaps/creators-0.xml"}
	if diff := cmp.Diff(parts, index); diff != "" {
		t.Errorf("parts (-want +got):\n%s", diff)
	}
	both := func(paths ...string) (list []string) {
		for _, p := range paths {
			list = append(list, p+"?lang=en", p+"?lang=zh-CN")
		}
		return list
	}
	for path, want := range map[string][]string{
		"/sitemaps/pages.xml":      both("/", "/videos", "/sales", "/sell", "/c/films", "/privacy"),
		"/sitemaps/videos-0.xml":   both("/v/film-1", "/v/film-3"),
		"/sitemaps/creators-0.xml": both("/creators/creator"),
	} {
		got := h.sitemap(path, "urlset")
		if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		for _, address := range got {
			h.at("192.0.2.1").shows(address, 200, `<link rel="canonical" href="http://mall.example`+address+`"`)
		}
	}
	for _, none := range []string{
		"/sitemaps/videos-1.xml", "/sitemaps/videos-00.xml", "/sitemaps/videos--1.xml",
		"/sitemaps/series-0.xml", "/sitemaps/x",
	} {
		if a := h.at("192.0.2.1").get(none); a.status != 404 {
			t.Errorf("%s: got %d, want 404", none, a.status)
		}
	}
	h.at("192.0.2.1").shows("/robots.txt", 200, "\nSitemap: http://mall.example/sitemap.xml\n", "\nDisallow: /admin\n")
}

// TestSitemap_parts uses small parts, and checks that every video is in one part, in the order of the ids.
func TestSitemap_parts(t *testing.T) {
	h := openHouse(t, nil)
	for range 7 {
		h.Sells(990, -1)
	}
	const size = 3
	parts, err := h.Catalog.SitemapParts(h.Ctx, size)
	h.OK(err)
	var found []string
	for _, p := range parts {
		if p.Kind != catalog.SitemapVideos {
			continue
		}
		count := 0
		h.OK(h.Catalog.EachSitemapPage(h.Ctx, p.Kind, p.Number, size, func(page catalog.SitemapPage) error {
			count++
			if page.ChangedAt.After(p.ChangedAt) {
				t.Errorf("part %d changed at %s, before its page %s at %s", p.Number, p.ChangedAt, page.Slug,
					page.ChangedAt)
			}
			found = append(found, page.Slug)
			return nil
		}))
		if count == 0 || count > size {
			t.Errorf("part %d: pages: got %d, want 1 to 3", p.Number, count)
		}
	}
	want := []string{"film-1", "film-2", "film-3", "film-4", "film-5", "film-6", "film-7"}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("videos (-want +got):\n%s", diff)
	}
}

// TestPrivatePages_noindex requests every private page as the person that it is for.
func TestPrivatePages_noindex(t *testing.T) {
	m := newMatrix(t)
	pages := 0
	for who, client := range m.visitors() {
		for _, r := range m.routes {
			private := below(r.Path, "/admin") || below(r.Path, "/studio") || r.Path == "/cart" ||
				slices.ContainsFunc(own, func(area string) bool {
					return below(r.Path, area)
				})
			if r.Method != http.MethodGet || !private || strings.HasSuffix(r.Path, "/events") {
				continue
			}
			a := client.get(m.address(r))
			if !strings.HasPrefix(a.header.Get("Content-Type"), "text/html") || !strings.Contains(a.body, "<html") {
				continue
			}
			pages++
			if strings.Contains(a.body, `rel="canonical"`) || strings.Contains(a.body, "hreflang=") ||
				!strings.Contains(a.body, `<meta name="robots" content="noindex"`) {
				sells := r.Path == "/watch/:slug" &&
					strings.Contains(a.body, `rel="canonical" href="http://mall.example/v/`)
				if r.Path != "/v/:slug/reviews" && !sells { // these are public
					t.Errorf("%s: %s lacks noindex, or has a canonical or alternate link", who, r.Path)
				}
			}
		}
	}
	if pages < 80 {
		t.Errorf("private pages: got %d, want at least 80", pages)
	}
}

func TestWellKnown_without_contact(t *testing.T) {
	if a := openHouse(t, nil).at("192.0.2.1").get("/.well-known/security.txt"); a.status != 404 {
		t.Errorf("security.txt without a contact: got %d, want 404", a.status)
	}
}

func TestWellKnown(t *testing.T) {
	expires := time.Now().Add(24 * time.Hour).Truncate(time.Second)
	h := openHouseWith(t, nil, config.Config{
		SecurityContact: config.Contacts{"mailto:security@mall.example", "https://mall.example/report"},
		SecurityUntil:   expires,
	})
	c := h.at("192.0.2.1")
	a := c.shows("/.well-known/security.txt", 200,
		"Contact: mailto:security@mall.example\nContact: https://mall.example/report\n",
		"Expires: "+expires.UTC().Format(time.RFC3339)+"\n",
		"Canonical: http://mall.example/.well-known/security.txt\n")
	if a.header.Get("Content-Type") != "text/plain; charset=UTF-8" {
		t.Errorf("security.txt: got headers %v, want plain text", a.header)
	}
	h.Advance(25 * time.Hour)
	if a := c.get("/.well-known/security.txt"); a.status != 404 {
		t.Errorf("expired security.txt: got %d, want 404", a.status)
	}
	if a := c.get("/.well-known/change-password"); a.status != 303 ||
		a.header.Get("Location") != "/account#password-section" {
		t.Errorf("change-password: got %d to %q, want 303 to the account page", a.status, a.header.Get("Location"))
	}
	if a := c.get("/.well-known/resource-that-should-not-exist-whose-status-code-should-not-be-200"); a.status != 404 {
		t.Errorf("unknown well-known address: got %d, want 404", a.status)
	}
	for path, contentType := range map[string]string{
		"/favicon.ico":          "image/x-icon",
		"/apple-touch-icon.png": "image/png",
	} {
		a := c.get(path)
		if a.status != 200 || a.header.Get("Content-Type") != contentType || len(a.body) == 0 || len(a.body) > 20_000 ||
			a.header.Get("Cache-Control") != "public, max-age=86400" || len(a.header["Set-Cookie"]) > 0 {
			t.Errorf("%s: got %d %v, %d bytes, want a small %s for a day", path, a.status, a.header, len(a.body),
				contentType)
		}
	}
	for lang, name := range map[string]string{"en": "Videomall", "zh-CN": "影集"} {
		c.shows("/sign-in?lang="+lang, 200, `<link rel="manifest" href="/manifest.webmanifest?lang=`+lang+`"`,
			`<link rel="apple-touch-icon"`)
		a := c.get("/manifest.webmanifest?lang=" + lang)
		var manifest struct {
			Name     string `json:"name"`
			Lang     string `json:"lang"`
			StartURL string `json:"start_url"`
			Icons    []struct{ Src, Sizes, Type, Purpose string }
		}
		if err := json.Unmarshal([]byte(a.body), &manifest); err != nil ||
			a.header.Get("Content-Type") != "application/manifest+json" {
			t.Fatalf("manifest is not JSON, or has a wrong type: %v %v %s", err, a.header, a.body)
		}
		if manifest.Name != name || manifest.Lang != lang || manifest.StartURL != "/?lang="+lang ||
			len(manifest.Icons) != 4 {
			t.Errorf("manifest in %s: got %+v", lang, manifest)
		}
		for _, icon := range manifest.Icons {
			if a := c.get(icon.Src); a.status != 200 || a.header.Get("Content-Type") != icon.Type {
				t.Errorf("icon %s: got %d %v, want type %s", icon.Src, a.status, a.header, icon.Type)
			}
		}
	}
	c.shows("/", 200, `<meta property="og:image" content="http://mall.example/static/share.`)
}
