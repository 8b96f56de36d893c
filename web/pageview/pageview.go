// Package pageview owns the address at which a browser says that somebody looks at a page. It is a request of its own,
// sent once the page is there, so that pages are kept and sent whole for everybody and none waits for being counted. It
// refuses to count: insight does.
package pageview

import (
	"crypto/rand"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/insight"
	"videomall/web/page"
)

// Path is the address; below it stands the number of a video. The cookie goes there and nowhere else: guests whose
// other requests carry none share their pages.
const Path = "/seen"

// week is how long a browser is known, and what led it here first counts.
const week = 7 * 24 * time.Hour

// nameLength is that of rand.Text.
const nameLength = 26

// Deps are what the address works with.
type Deps struct {
	Site    *page.Site
	Insight *insight.Insight
	Secure  bool
	Now     func() time.Time
}

// Routes registers the address.
func Routes(g *echo.Group, d Deps) {
	g.POST(Path, d.Site.Handle(d.see))
	g.POST(Path+"/:spuId", d.Site.Handle(d.see))
}

// see takes tag, the utm_source or ref of the address that was followed, and from, the page that linked there.
func (d Deps) see(c *page.Ctx) error {
	r := c.Request()
	spu, err := strconv.ParseInt(c.Param("spuId"), 10, 64)
	if c.Param("spuId") != "" && (err != nil || spu <= 0) || automatic(r) {
		return c.NoContent(http.StatusNoContent)
	}
	v := d.visitor(c.Context)
	came := insight.SourceOf(c.FormValue("tag"), c.FormValue("from"), r.Host)
	fresh := v.name == ""
	if fresh {
		v = visitor{name: rand.Text(), since: d.Now()}
	}
	// The first name counts; what came of nowhere gives way to it.
	if (v.source == "" || v.source == insight.SourceDirect) && came != "" && came != v.source {
		v.source, fresh = came, true
	}
	if v.source == "" {
		v.source, fresh = insight.SourceDirect, true
	}
	if fresh {
		d.keep(c.Context, v)
	}
	d.Insight.See(insight.Visit{
		SPUID:   spu,
		Visitor: v.name,
		UserID:  c.Viewer.UserID,
		Source:  v.source,
	})
	return c.NoContent(http.StatusNoContent)
}

// visitor is what a browser's cookie says.
type visitor struct {
	name   string
	since  time.Time
	source string
}

func (d Deps) cookie() string {
	if d.Secure {
		return "__Secure-visit"
	}
	return "visit"
}

// visitor reads the cookie; the zero value where there is none of ours. Whoever forges one lies about nobody else.
func (d Deps) visitor(c echo.Context) visitor {
	cookie, err := c.Cookie(d.cookie())
	if err != nil {
		return visitor{}
	}
	parts := strings.SplitN(cookie.Value, ".", 3)
	if len(parts) != 3 || len(parts[0]) != nameLength {
		return visitor{}
	}
	since, err := strconv.ParseInt(parts[1], 10, 64)
	at := time.Unix(since, 0)
	if err != nil || at.After(d.Now()) || d.Now().Sub(at) > week {
		return visitor{}
	}
	return visitor{parts[0], at, insight.SourceOf(parts[2], "", "")}
}

func (d Deps) keep(c echo.Context, v visitor) {
	left := week - d.Now().Sub(v.since)
	c.SetCookie(&http.Cookie{
		Name:     d.cookie(),
		Value:    v.name + "." + strconv.FormatInt(v.since.Unix(), 10) + "." + v.source,
		Path:     Path,
		MaxAge:   max(1, int(left.Round(time.Second)/time.Second)),
		HttpOnly: true,
		Secure:   d.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// automatic knows requests that no person looks at: programs that say so, and pages fetched ahead.
func automatic(r *http.Request) bool {
	agent := strings.ToLower(r.UserAgent())
	if agent == "" || strings.Contains(r.Header.Get("Sec-Purpose")+r.Header.Get("Purpose"), "prefetch") {
		return true
	}
	for _, sign := range []string{
		"bot", "crawl", "spider", "slurp", "preview", "headless", "facebookexternalhit",
		"lighthouse", "monitor",
	} {
		if strings.Contains(agent, sign) {
			return true
		}
	}
	return false
}
