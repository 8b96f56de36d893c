package page

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/labstack/echo/v4"

	"videomall/mall/cache"
	"videomall/mall/exchange"
	"videomall/views/text"
	"videomall/views/ui"
	"videomall/web/gzipsplice"
)

const (
	// mostCached limits the memory of cached pages, in bytes.
	mostCached = 64 << 20
	// longestCached limits the length of an address whose page is cached.
	longestCached = 400
)

// cachedPage is a page as all guests of one language, theme and currency get it, apart from the nonce.
type cachedPage struct {
	route  string
	header []field
	body   *gzipsplice.Text
}

// field is a header of the answer. Where the nonce stands in its value, the value is cut.
type field struct {
	name  string
	parts []string
}

// errNotCached says that a page, though asked for by a guest, is not one that all guests share.
var errNotCached = errors.New("page: drawn, and not to be cached")

// Cache says how long this page may be cached for all guests who ask for the same address in the same language,
// theme and currency, and which changes invalidate it. A page whose handler does not call it is drawn for each
// guest. Cache does nothing for a page that is drawn for somebody.
func (c *Ctx) Cache(policy cache.Policy) { c.caching = &policy }

// Cached is Handle for a page that is the same for all guests. The cached page is drawn for a request that belongs
// to nobody: it carries the address, the language, the theme and the currency, and nothing else that a visitor sent,
// so that the page can contain nothing of a visitor. A request with any other cookie or with a token, and a request
// for a fragment, gets a page of its own.
func (s *Site) Cached(h func(*Ctx) error) echo.HandlerFunc {
	own := s.Handle(h)
	return func(c echo.Context) error {
		key, ok := s.shares(c)
		if !ok {
			return own(c)
		}
		// The draw takes only these values from the request, which it may outlive.
		e, uri, route, names, values := c.Echo(), c.Request().URL.RequestURI(), c.Path(), c.ParamNames(), append(
			[]string{}, c.ParamValues()...)
		p, err := s.pages.Get(c.Request().Context(), key.String(), nil,
			func(ctx context.Context) (*cachedPage, cache.Policy, error) {
				return s.draw(ctx, e, key, uri, route, names, values, h)
			})
		if errors.Is(err, errNotCached) {
			return own(c)
		}
		if err != nil {
			return err
		}
		return s.send(c, p, false)
	}
}

// serveCached answers with a cached page before the work that it does not need: routing, sessions, compression.
func (s *Site) serveCached(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		key, ok := s.shares(c)
		if !ok {
			return next(c)
		}
		p, ok := s.pages.Peek(c.Request().Context(), key.String())
		if !ok {
			return next(c)
		}
		c.SetPath(p.route)
		return s.send(c, p, acceptsGzip(c.Request()))
	}
}

// sharedKey holds everything in which cached pages differ.
type sharedKey struct {
	lang   text.Lang
	theme  ui.Theme
	uri    string
	spoken text.Lang // the language that the address names, which the page then says is its own
	// The currency that the guest chose, if the shop offers it, and the rates that its prices are made by. A page with
	// converted prices is cached under the version of the rates: a new rate begins at its moment, announced by nobody,
	// and from then on no request finds the page of the old one. Without a currency prices depend on no rate, and no
	// rates are read: what such a page says of rates is which currencies can be chosen, and that may be as old as the
	// page.
	currency string
	rates    exchange.Table
}

func (k sharedKey) String() string {
	key := string(k.lang) + " " + string(k.theme) + " " + string(k.spoken) + " "
	if k.currency != "" {
		key += k.currency + " " + k.rates.Version() + " "
	}
	return key + k.uri
}

// shares reports whether a request comes from a guest without anything of their own: no session, no cart, no waiting
// notice, no token.
func (s *Site) shares(c echo.Context) (sharedKey, bool) {
	r := c.Request()
	if !IsRead(r.Method) || r.Header.Get("Authorization") != "" || WantsFragment(r) ||
		len(r.RequestURI) > longestCached || isAPI(r) ||
		WantsProblem(r) {
		return sharedKey{}, false
	}
	lang, theme, currency := "", "", ""
	if len(r.Header["Cookie"]) > 0 {
		for _, cookie := range r.Cookies() {
			switch cookie.Name {
			case langCookie:
				lang = cookie.Value
			case themeCookie:
				theme = cookie.Value
			case currencyCookie:
				currency = cookie.Value
			case zoneCookie: // the browser writes the times of a shared page itself
			default:
				return sharedKey{}, false
			}
		}
	}
	named := spoken(c)
	if named != "" {
		lang = string(named)
	}
	k := sharedKey{
		lang:     text.Choose(lang, r.Header.Get("Accept-Language")),
		theme:    ui.ParseTheme(theme),
		uri:      r.URL.RequestURI(),
		spoken:   named,
		currency: s.offered(c, currency),
	}
	if k.currency != "" {
		k.rates = s.ratesOf(c)
	}
	return k, true
}

// draw makes the page for nobody.
func (s *Site) draw(ctx context.Context, e *echo.Echo, key sharedKey, uri, route string, names, values []string,
	h func(*Ctx) error,
) (*cachedPage, cache.Policy, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return nil, cache.Policy{}, err
	}
	r.Header.Set("Cookie", langCookie+"="+string(key.lang)+"; "+themeCookie+"="+string(key.theme)+"; "+
		currencyCookie+"="+key.currency)
	sheet := &sheet{header: http.Header{}}
	c := e.NewContext(r, sheet)
	if key.currency != "" {
		c.Set(ratesKey, key.rates) // those of the key, also if this draws the page again later
	}
	c.Set(spokenKey, key.spoken)
	c.SetPath(route)
	c.SetParamNames(names...)
	c.SetParamValues(values...)
	pc, err := s.From(c)
	if err != nil {
		return nil, cache.Policy{}, err
	}
	if err := h(pc); err != nil {
		return nil, cache.Policy{}, err
	}
	header := sheet.header
	if pc.caching == nil || sheet.status != http.StatusOK || header.Get("Set-Cookie") != "" || pc.Viewer.SignedIn() ||
		pc.Page.Flash != nil ||
		!strings.HasPrefix(header.Get(echo.HeaderContentType), "text/html") {
		return nil, cache.Policy{}, errNotCached
	}
	header.Add(echo.HeaderVary, echo.HeaderAcceptEncoding)
	p := &cachedPage{route: route}
	for name, lines := range header {
		for _, line := range lines {
			p.header = append(p.header, field{name, strings.Split(line, pc.nonce)})
		}
	}
	p.body, err = gzipsplice.Cut(sheet.body.Bytes(), pc.nonce)
	return p, *pc.caching, err
}

// send answers with a cached page and a new nonce. It sends no ETag: after a 304 the browser would hold the old body,
// with its old nonce, against the new policy.
func (s *Site) send(c echo.Context, p *cachedPage, packed bool) error {
	s.continueIn(c, spoken(c))
	nonce, h := rand.Text(), c.Response().Header()
	for _, f := range p.header {
		line := f.parts[0]
		if len(f.parts) > 1 {
			line = strings.Join(f.parts, nonce)
		}
		h[f.name] = append(h[f.name], line)
	}
	// The page's policy replaces the one that holds for what is no page.
	if policies := h[headerCSP]; len(policies) > 1 {
		h[headerCSP] = policies[len(policies)-1:]
	}
	buf := s.buffers.Get().(*bytes.Buffer)
	defer s.buffers.Put(buf)
	buf.Reset()
	body := buf.AvailableBuffer()
	if packed {
		h[echo.HeaderContentEncoding] = []string{"gzip"}
		body = p.body.AppendGzip(body, nonce)
	} else {
		body = p.body.AppendPlain(body, nonce)
	}
	buf.Write(body) // keeps what it has grown to
	if packed {
		h[echo.HeaderContentLength] = []string{strconv.Itoa(len(body))}
	}
	c.Response().WriteHeader(http.StatusOK)
	_, err := c.Response().Write(body)
	return err
}

// acceptsGzip says that the client takes gzip: named, and not with a weight of 0.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get(echo.HeaderAcceptEncoding), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if strings.TrimSpace(name) == "gzip" {
			value, weighed := strings.CutPrefix(strings.TrimSpace(weight), "q=")
			return !weighed || strings.Trim(value, "0.") != ""
		}
	}
	return false
}

// sheet is a response that is only recorded.
type sheet struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (s *sheet) Header() http.Header         { return s.header }
func (s *sheet) WriteHeader(status int)      { s.status = status }
func (s *sheet) Write(b []byte) (int, error) { return s.body.Write(b) }

// newBuffers holds the space in which answers are put together.
func newBuffers() *sync.Pool { return &sync.Pool{New: func() any { return new(bytes.Buffer) }} }

func weigh(p *cachedPage) uint32 {
	if p == nil {
		return 1
	}
	return uint32(p.body.Weight())
}
