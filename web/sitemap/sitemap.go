// Package sitemap tells search engines which pages there are: /sitemap.xml, its parts, and /robots.txt. It refuses to
// decide what is on sale: it lists what the catalogue hands out.
package sitemap

import (
	"context"
	"encoding/xml"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/cache"
	"videomall/mall/catalog"
	"videomall/mall/sitepage"
	"videomall/telemetry"
	"videomall/views"
	"videomall/views/text"
	"videomall/web/page"
)

// partSize is how many ids a part covers. Each page has an address for each language, so that a part has at most
// 50,000, the most that the protocol allows (sitemaps.org).
const partSize = 20_000

// private are the paths that answer a crawler with a sign-in page at best, or with pages without an end.
var private = []string{
	"/cart",
	"/checkout",
	"/orders",
	"/library",
	"/account",
	"/admin",
	"/studio",
	"/sandbox/",
	"/api/",
	"/search",
	"/queue/",
	"/try/",
}

// Deps are the verbs that are asked.
type Deps struct {
	PublicURL string // without a trailing slash
	Catalog   *catalog.Catalog
	SitePages *sitepage.Pages
	Changes   *cache.Changes // nil keeps nothing
	Log       *slog.Logger
	Metrics   *telemetry.Metrics
}

type handlers struct {
	Deps
	parts *cache.Cache[[]catalog.SitemapPart]
}

// Routes registers the addresses.
func Routes(g *echo.Group, d Deps) {
	h := handlers{Deps: d}
	if d.Changes != nil {
		h.parts = cache.New(d.Changes, cache.Options[[]catalog.SitemapPart]{
			Name:  "sitemap",
			Fresh: 5 * time.Minute,
			Local: true,
		}, d.Log, d.Metrics)
	}
	g.GET("/robots.txt", h.robots)
	g.GET("/sitemap.xml", h.index)
	g.GET("/sitemaps/:part", h.part)
}

// robots keeps crawlers to the shop.
func (h handlers) robots(c echo.Context) error {
	var b strings.Builder
	b.WriteString("User-agent: *\n")
	for _, path := range private {
		b.WriteString("Disallow: " + path + "\n")
	}
	b.WriteString("\nSitemap: " + h.PublicURL + "/sitemap.xml\n")
	return c.String(http.StatusOK, b.String())
}

// pagesPart is the part of what is neither a video nor a creator nor a series.
const pagesPart = "pages.xml"

func partName(p catalog.SitemapPart) string {
	return string(p.Kind) + "-" + strconv.FormatInt(p.Number, 10) + ".xml"
}

// index names the parts.
func (h handlers) index(c echo.Context) error {
	parts, err := h.listed(c.Request().Context())
	if err != nil {
		return err
	}
	return h.write(c, "sitemapindex", func(w *xml.Encoder) error {
		if err := w.Encode(entry{
			XMLName: xml.Name{Local: "sitemap"},
			Loc:     h.PublicURL + "/sitemaps/" + pagesPart,
		}); err != nil {
			return err
		}
		for _, p := range parts {
			err := w.Encode(entry{
				XMLName: xml.Name{Local: "sitemap"},
				Loc:     h.PublicURL + "/sitemaps/" + partName(p),
				LastMod: date(p.ChangedAt),
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// listed are the parts, as they were up to some minutes ago: what each holds is read when it is asked for.
func (h handlers) listed(ctx context.Context) ([]catalog.SitemapPart, error) {
	return h.parts.Get(ctx, "parts", nil, func(ctx context.Context) ([]catalog.SitemapPart, cache.Policy, error) {
		parts, err := h.Catalog.SitemapParts(ctx, partSize)
		return parts, cache.Policy{}, err
	})
}

// part lists the pages of one part. It is written while it is read, so that none is ever in memory as a whole.
func (h handlers) part(c echo.Context) error {
	ctx, name := c.Request().Context(), c.Param("part")
	if name == pagesPart {
		return h.pages(c)
	}
	parts, err := h.listed(ctx)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if partName(p) != name {
			continue
		}
		return h.write(c, "urlset", func(w *xml.Encoder) error {
			return h.Catalog.EachSitemapPage(ctx, p.Kind, p.Number, partSize, func(listed catalog.SitemapPage) error {
				return h.add(w, paths[p.Kind]+listed.Slug, listed.ChangedAt)
			})
		})
	}
	return page.ErrNotFound.Because("part %q", name)
}

var paths = map[catalog.SitemapKind]string{
	catalog.SitemapVideos:   "/v/",
	catalog.SitemapCreators: "/creators/",
	catalog.SitemapSeries:   "/series/",
}

func (h handlers) pages(c echo.Context) error {
	ctx := c.Request().Context()
	categories, err := h.Catalog.Categories(ctx)
	if err != nil {
		return err
	}
	own, err := h.SitePages.All(ctx)
	if err != nil {
		return err
	}
	return h.write(c, "urlset", func(w *xml.Encoder) error {
		list := []string{"/", "/videos", "/sales", "/sell"}
		for _, k := range categories {
			if k.Videos > 0 {
				list = append(list, "/c/"+k.Slug)
			}
		}
		for _, path := range list {
			if err := h.add(w, path, time.Time{}); err != nil {
				return err
			}
		}
		for _, p := range own {
			if !p.Adapted() {
				continue
			}
			if err := h.add(w, "/"+p.Slug, p.SavedAt); err != nil {
				return err
			}
		}
		return nil
	})
}

// entry is a <url> or a <sitemap>.
type entry struct {
	XMLName xml.Name
	Loc     string      `xml:"loc"`
	LastMod string      `xml:"lastmod,omitempty"`
	Links   []alternate `xml:"xhtml:link"`
}

// alternate is the same page in a language; every address of a page names all of them, itself too.
type alternate struct {
	Rel      string `xml:"rel,attr"`
	Hreflang string `xml:"hreflang,attr"`
	Href     string `xml:"href,attr"`
}

// add lists a page, once for each language.
func (h handlers) add(w *xml.Encoder, path string, changed time.Time) error {
	address := h.PublicURL + path
	links := make([]alternate, 0, len(text.Langs)+1)
	for _, l := range text.Langs {
		links = append(links, alternate{"alternate", string(l.Lang), views.InLanguage(address, l.Lang)})
	}
	links = append(links, alternate{"alternate", "x-default", address})
	for _, l := range text.Langs {
		e := entry{
			XMLName: xml.Name{Local: "url"},
			Loc:     views.InLanguage(address, l.Lang),
			LastMod: date(changed),
			Links:   links,
		}
		if err := w.Encode(e); err != nil {
			return err
		}
	}
	return nil
}

func date(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// write answers with a document of that root around what fill encodes. An error after the beginning cuts the document
// off, which no reader takes for a whole one.
func (h handlers) write(c echo.Context, root string, fill func(*xml.Encoder) error) error {
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEApplicationXMLCharsetUTF8)
	w := c.Response()
	if _, err := fmt.Fprintf(w,
		"%s<%s xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\" xmlns:xhtml=\"http://www.w3.org/1999/xhtml\">\n",
		xml.Header, root); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	if err := fill(encoder); err != nil {
		return fmt.Errorf("write the sitemap %s: %w", c.Request().URL.Path, err)
	}
	if err := encoder.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n</%s>\n", root)
	return err
}
