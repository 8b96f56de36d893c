package web

import (
	"encoding/hex"
	"fmt"
	"math"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/playback"
	"videomall/mall/risk"
	"videomall/static"
	"videomall/web/api"
	"videomall/web/mailhook"
	"videomall/web/page"
	"videomall/web/play"
	"videomall/web/unsubscribe"
)

// How much of the gate a route passes.
type passage int

const (
	// nobody is asked: what must arrive from the servers of providers, and what every page is drawn with
	open passage = iota
	// whom the lists keep out by address or device is kept out; nothing is counted: videos, pictures
	listed
	counted // everything
)

// classify says how much of the gate a route passes, and in which class it is counted. It goes by the route's pattern,
// which is what will run, and not by the path, which can be written in many ways.
func classify(method, route string) (passage, risk.Class) {
	switch {
	case strings.HasPrefix(route, static.Prefix), route == "/robots.txt", route == "/favicon.ico",
		route == "/manifest.webmanifest",
		strings.HasPrefix(route, "/apple-touch-icon"), strings.HasPrefix(route, api.Prefix+"/payments/callback"),
		route == mailhook.Route, method == http.MethodPost && route == unsubscribe.Route:
		return open, ""
	case strings.HasPrefix(route, "/media/"), strings.HasPrefix(route, "/p/"), strings.HasPrefix(route, "/k/"),
		strings.HasPrefix(route, "/s/"):
		return listed, ""
	case method == http.MethodPost &&
		(route == "/checkout" || route == "/v/:slug/free" || route == api.Prefix+"/orders"):
		return counted, risk.Orders
	case route == play.FreeRoute:
		return counted, risk.Free
	case strings.HasPrefix(route, "/api/"):
		return counted, risk.API
	}
	return counted, risk.Pages
}

// subject finds the address and device that ask. The person is known only after the session is read.
func subject(p *playback.Playback, secure bool) func(echo.Context) risk.Subject {
	return func(c echo.Context) risk.Subject {
		address, err := netip.ParseAddr(c.RealIP())
		if err != nil {
			address = netip.Addr{} // a peer that is no IP, as on a socket
		}
		s := risk.Subject{Address: address}
		if hash := play.CurrentDevice(c, p, secure); hash != nil {
			s.Device = hex.EncodeToString(hash[:16])
		}
		return s
	}
}

// denied is an ErrDenied whose page offers no links, because every other page would be refused too.
type denied struct{ error }

func (d denied) Unwrap() error { return d.error }
func (denied) Barred()         {}

// gate stands before every route: the lists first, which cost nothing, then the session, then the buckets of address,
// device and person in one round trip. A device that gets its cookie with this very answer has not been seen before and
// is not counted: its address is.
func gate(site *page.Site, d Deps, asks func(echo.Context) risk.Subject) echo.MiddlewareFunc {
	m, secure := d.Mall, d.Config.SecureCookies()
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			how, class := classify(c.Request().Method, c.Path())
			if how == open {
				return next(c)
			}
			ctx, who := c.Request().Context(), asks(c)
			verdict, kind := m.Lists.Judge(ctx, who)
			if verdict == risk.Deny {
				return refuse(site, c, d, who, kind)
			}
			if how == listed {
				return next(c)
			}
			var failed error // of finding the person; counted all the same, or tokens could be guessed for ever
			if c.Path() != play.HeartbeatURL {
				var pc *page.Ctx
				pc, failed = site.From(c)
				if who.UserID = pc.Viewer.UserID; who.UserID != 0 {
					if verdict, kind = m.Lists.Judge(ctx, who); verdict == risk.Deny && c.Path() != "/sign-out" {
						return refuse(site, c, d, who, kind)
					}
				}
			}
			if class == risk.Pages && who.Device == "" && wantsPage(c.Request()) {
				play.EnsureDevice(c, m.Playback, secure)
			}
			if verdict != risk.Allow {
				standings, err := m.Limits.Take(ctx, class, who)
				announce(c.Response().Header(), standings)
				if err != nil {
					return plain(site, c, err)
				}
			}
			if failed != nil {
				return failed
			}
			if verdict == risk.Allow { // an order may come of it, or its payment, which a GET opens too: they keep why
				if d := m.Lists.Explain(ctx, who); d != nil {
					c.SetRequest(c.Request().WithContext(risk.WithDecision(c.Request().Context(), *d)))
				}
			}
			return next(c)
		}
	}
}

func refuse(site *page.Site, c echo.Context, d Deps, who risk.Subject, kind risk.Kind) error {
	d.Metrics.ListRefused(string(kind))
	d.Log.InfoContext(c.Request().Context(), "refused by the lists", "by", kind, "user", who.UserID, "device",
		who.Device, "address", who.Address)
	return plain(site, c, denied{risk.ErrDenied.Because("by %s", kind)})
}

// plain draws the refusal without header and footer, whose counts and links would cost more than the refused page.
func plain(site *page.Site, c echo.Context, err error) error {
	pc, _ := site.From(c) // who it is no longer matters
	pc.Page.Bare = true
	return err
}

// wantsPage reports whether a browser asks for a page.
func wantsPage(r *http.Request) bool {
	return page.IsRead(r.Method) && strings.Contains(r.Header.Get("Accept"), "text/html")
}

// announce tells programs where they stand: the fields of draft-ietf-httpapi-ratelimit-headers-10. RateLimit-Policy
// lists the quotas (q) and their windows in seconds (w); RateLimit names the one that is nearest to refusing, what is
// left of it (r) and in how many seconds it is whole again (t).
func announce(h http.Header, standings []risk.Standing) {
	if len(standings) == 0 {
		return
	}
	policies := make([]string, len(standings))
	for i, s := range standings {
		policies[i] = fmt.Sprintf("%q;q=%d;w=%d", s.Policy, s.Rate.Tokens, seconds(s.Rate.Per))
	}
	h.Set("RateLimit-Policy", strings.Join(policies, ", "))
	first := standings[0]
	h.Set("RateLimit", fmt.Sprintf("%q;r=%d;t=%d", first.Policy, first.Left, seconds(first.Full)))
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
