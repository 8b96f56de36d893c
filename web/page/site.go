// Package page owns the way from a request to an answer: who asks, in which language and theme, whether a whole page or
// a fragment goes back, which headers guard it, and how an error is shown. It refuses to know any business: what a page
// is about is its handler's affair.
package page

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/cache"
	"videomall/mall/exchange"
	"videomall/telemetry"
	"videomall/views"
	"videomall/views/ui"
)

// Options are what a Site is built from. CartCount, Awaiting and Categories may be nil; they are asked for whole pages
// only, and an error of theirs costs the page its number or its links, never the page.
type Options struct {
	Accounts   *account.Accounts
	Sessions   *account.Sessions
	PublicURL  string // https:// makes cookies Secure and sends HSTS
	Unpaid     bool   // orders can be paid without money although this is no demo
	CartCount  func(ctx context.Context, c *Ctx) (int, error)
	Awaiting   func(ctx context.Context, c *Ctx) (views.Awaiting, error) // asked for people only
	Categories func(ctx context.Context, c *Ctx) ([]ui.Link, error)
	Notice     func(ctx context.Context, c *Ctx) (*views.Notice, error) // as CartCount; nil shows none
	// Rates returns those by which prices are shown in another currency; nil shows all prices as they are.
	Rates func(context.Context) (exchange.Table, error)
	// what the browser's device cookie names, nil without one; nil knows of no devices
	Device  func(c echo.Context) []byte
	Log     *slog.Logger
	Now     func() time.Time
	Changes *cache.Changes // void kept pages; nil keeps none
	Metrics *telemetry.Metrics
}

// Site is built once and shared by all requests.
type Site struct {
	accounts   *account.Accounts
	sessions   *account.Sessions
	publicURL  string
	https      bool
	unpaid     bool
	cartCount  func(ctx context.Context, c *Ctx) (int, error)
	awaiting   func(ctx context.Context, c *Ctx) (views.Awaiting, error)
	categories func(ctx context.Context, c *Ctx) ([]ui.Link, error)
	notice     func(ctx context.Context, c *Ctx) (*views.Notice, error)
	rates      func(context.Context) (exchange.Table, error)
	device     func(c echo.Context) []byte
	log        *slog.Logger
	now        func() time.Time
	pages      *cache.Cache[*cachedPage] // by sharedKey
	buffers    *sync.Pool
}

// New makes the Site.
func New(o Options) *Site {
	s := &Site{
		accounts:   o.Accounts,
		sessions:   o.Sessions,
		publicURL:  strings.TrimSuffix(o.PublicURL, "/"),
		https:      strings.HasPrefix(o.PublicURL, "https://"),
		unpaid:     o.Unpaid,
		cartCount:  o.CartCount,
		awaiting:   o.Awaiting,
		categories: o.Categories,
		notice:     o.Notice,
		rates:      o.Rates,
		log:        o.Log,
		now:        o.Now,
		buffers:    newBuffers(),
	}
	s.device = o.Device
	if s.device == nil {
		s.device = func(echo.Context) []byte { return nil }
	}
	if o.Changes != nil {
		s.pages = cache.New(o.Changes, cache.Options[*cachedPage]{
			Name:   "pages",
			Local:  true,
			Weight: weigh,
			Most:   mostCached,
		}, o.Log, o.Metrics)
	}
	return s
}

// Use hangs the Site into a server: request ids, security headers, the guard against cross-origin writes, and the one
// place where errors become answers. It goes before every route. Without an IPExtractor of the caller's, who must know
// which proxies to believe, the peer's address counts: Echo's own default believes a header that anybody can send.
func (s *Site) Use(e *echo.Echo) {
	if e.IPExtractor == nil {
		e.IPExtractor = echo.ExtractIPDirect()
	}
	e.HTTPErrorHandler = s.HandleError
	answerHead(e)
	e.Pre(requestID, s.headers, refuseUnreadableAddress, spokenLanguage, s.serveCached)
	e.Use(oneSegment, allowed, s.refuseCrossOrigin)
}

// Routes registers what belongs to every page: the choices of language, theme and currency.
func (s *Site) Routes(g *echo.Group) {
	g.POST("/preferences", s.Handle(savePreferences))
}

// Handle lets a handler work with a page context.
func (s *Site) Handle(h func(*Ctx) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		pc, err := s.From(c)
		if err != nil {
			return err
		}
		return h(pc)
	}
}
