package page

import (
	"cmp"
	"crypto/rand"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gorilla/sessions"
	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/cache"
	"videomall/views"
	"videomall/views/text"
	"videomall/views/ui"
)

const contextKey = "page"

// Ctx is one request on its way to an answer. Page holds what the layout shows; a handler may set Description,
// Canonical, Image, NoIndex, Query and Bare before it renders, the rest is filled in.
type Ctx struct {
	echo.Context
	Viewer Viewer
	Text   *text.Printer
	Now    time.Time
	Page   views.Page

	site    *Site
	nonce   string
	policy  policy
	foreign string // the whole policy instead, of HTML that is no page of the site
	session *sessions.Session
	dirty   bool          // the session is to be saved before the status is written
	caching *cache.Policy // what the handler said of caching the page
	bearer  bool          // the viewer is known by a token, not by a cookie
	// in which this answer shows prices, once that was asked for; "" is that of each price
	currency *string
}

// Viewer is who asks; the zero value is a guest. It is read from PostgreSQL at every request, so that a role that is
// taken away is gone at once.
type Viewer struct {
	UserID int64
	Name   string
	Email  string
	Roles  account.Roles
	Locale string
	// Currency in which they want to see prices; Ctx.Currency returns the one in which they do
	Currency string
	Grant    account.Grant // what they were let in with

	// ProvedAt is when they last proved who they are in this session, with a second factor if they have one.
	ProvedAt    time.Time
	HasFactor   bool
	NeedsFactor bool // they have to set up a second factor before they go on
}

// SignedIn says that the viewer has an account.
func (v Viewer) SignedIn() bool { return v.UserID != 0 }

// Is says that the viewer is that: a role, account.RoleShopper or account.RoleOperator.
func (v Viewer) Is(word string) bool { return v.UserID != 0 && v.Roles.Is(word) }

// From returns the page context of the request, and makes it at the first call. With an error it returns the context of
// a guest, which can still render that error.
func (s *Site) From(c echo.Context) (*Ctx, error) {
	if pc, ok := c.Get(contextKey).(*Ctx); ok {
		return pc, nil
	}
	pc := &Ctx{
		Context: c,
		site:    s,
		Now:     s.now(),
		nonce:   rand.Text(),
		policy:  policy{},
	}
	c.Set(contextKey, pc)
	err := pc.identify()
	if named := spoken(c); named != "" && !pc.Viewer.SignedIn() {
		s.continueIn(c, named)
	}
	pc.Text = text.For(languageOf(c, pc.Viewer.Locale)).In(cookieValue(c, zoneCookie))
	pc.Page = views.Page{
		Path:      pc.here(),
		Text:      pc.Text,
		Theme:     ui.ParseTheme(cookieValue(c, themeCookie)),
		Nonce:     pc.nonce,
		Unpaid:    s.unpaid,
		Spoken:    spoken(c),
		PublicURL: s.publicURL,
	}
	pc.showViewer()
	c.Response().Before(pc.beforeWrite)
	return pc, err
}

// identify finds the viewer. On the API a bearer token decides, and cookies count for nothing then; otherwise the
// session decides.
func (c *Ctx) identify() error {
	r := c.Request()
	if token, ok := bearer(r); ok {
		c.bearer = true
		u, err := c.site.accounts.TokenUser(r.Context(), token)
		if err != nil {
			return err
		}
		c.setViewer(u)
		return nil
	}
	session, err := c.site.sessions.Get(r, c.site.sessions.CookieName())
	if err != nil {
		return err
	}
	c.session = session
	u, stale, err := c.site.sessions.User(r.Context(), session)
	if err != nil {
		return err
	}
	c.dirty = stale
	c.setViewer(u)
	return nil
}

func (c *Ctx) setViewer(u account.Standing) {
	c.Viewer = Viewer{
		UserID:   u.ID,
		Name:     u.Name,
		Email:    u.Email,
		Roles:    u.Roles,
		Locale:   u.Locale,
		Currency: u.Currency,
		Grant:    u.Grant,
		ProvedAt: u.ProvedAt,

		HasFactor:   u.HasFactor,
		NeedsFactor: c.site.accounts.NeedsFactor(u),
	}
}

func (c *Ctx) showViewer() {
	c.Page.Viewer = views.Viewer{}
	if v := c.Viewer; v.SignedIn() {
		c.Page.Viewer = views.Viewer{
			ID:       strconv.FormatInt(v.UserID, 10),
			Name:     v.Name,
			Email:    v.Email,
			Creator:  v.Is(account.RoleCreator),
			Operator: v.Is(account.RoleOperator),
			Roles:    v.Roles,
		}
	}
}

// Disown makes the viewer a guest for the rest of the request, which is somebody's by other proof than a cookie.
func (c *Ctx) Disown() {
	c.Viewer = Viewer{}
	c.showViewer()
}

// bearer returns the token of an API request that carries one.
func bearer(r *http.Request) (string, bool) {
	if !isAPI(r) {
		return "", false
	}
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return strings.TrimSpace(token), true
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }

// IsHTMX reports whether htmx asks for a part of the page, so that the answer is a fragment. A boosted link, and a page
// that the back button loads again, want the whole page.
func (c *Ctx) IsHTMX() bool { return WantsFragment(c.Request()) }

func WantsFragment(r *http.Request) bool {
	h := r.Header
	return h.Get("HX-Request") == "true" && h.Get("HX-Boosted") != "true" &&
		h.Get("HX-History-Restore-Request") != "true"
}

// Log is the request's logger: its lines carry the request's id.
func (c *Ctx) Log() *slog.Logger { return c.site.logFor(c.Context) }

// PublicURL makes an absolute address of a local path.
func (c *Ctx) PublicURL(path string) string { return c.site.publicURL + path }

// SharePicture is what a shared link to this page shows: an absolute address, and the picture's size in pixels.
func (c *Ctx) SharePicture(address string, width, height int) {
	c.Page.Image = address
	c.Page.ImageWidth = width
	c.Page.ImageHeight = height
}

// SignIn makes the person the viewer, under a new session id, and marks the browser as one they signed in with. The
// rest of the answer sees them signed in. u is the person as they were when they proved themselves. It fails for people
// with a second factor, who take SignInByFactor.
func (c *Ctx) SignIn(u account.User) error {
	err := c.site.sessions.SignIn(c.Request(), c.Response(), c.session, u, c.place(u))
	if err != nil {
		return err
	}
	c.entered(account.Standing{User: u, ProvedAt: c.Now})
	return nil
}

// SignInByFactor is SignIn for a person who has just proved a second factor, too.
func (c *Ctx) SignInByFactor(u account.User) error {
	err := c.site.sessions.SignInByFactor(c.Request(), c.Response(), c.session, u, c.place(u), c.Now)
	if err != nil {
		return err
	}
	c.entered(account.Standing{User: u, ProvedAt: c.Now, HasFactor: true})
	return nil
}

// SignInAgain gives the viewer a new session after a deed of theirs has ended all that they had. It is no proof of who
// they are: what the former session had proved, and when, counts for the new one. Errors: ErrEnded if something else has
// ended their access meanwhile.
func (c *Ctx) SignInAgain() error {
	u, err := c.site.accounts.User(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	if u.Epoch != c.Viewer.Grant.Epoch+1 {
		return account.ErrEnded.Because("epoch %d of user %d came after %d", u.Epoch, u.ID, c.Viewer.Grant.Epoch)
	}
	v := c.Viewer
	err = c.site.sessions.SignInAgain(c.Request(), c.Response(), c.session, u, c.place(u), v.ProvedAt, v.HasFactor)
	if err != nil {
		return err
	}
	c.entered(account.Standing{User: u, ProvedAt: v.ProvedAt, HasFactor: v.HasFactor})
	return nil
}

// place is from where the person signs in.
func (c *Ctx) place(u account.User) account.Place {
	return account.Place{
		Device: c.site.device(c.Context),
		Known:  c.Viewer.UserID == u.ID || c.site.accounts.Knows(c.BrowserMarks(), u),
		Addr:   c.RealIP(),
	}
}

func (c *Ctx) entered(st account.Standing) {
	c.rememberBrowser(st.User)
	c.setViewer(st)
	c.showViewer()
}

// SignOut ends the session here.
func (c *Ctx) SignOut() error {
	c.session.Options.MaxAge = -1
	c.dirty = false
	err := c.session.Save(c.Request(), c.Response())
	c.Viewer = Viewer{}
	c.showViewer()
	return err
}

// Session is the request's own session; nil for a bearer of a token.
func (c *Ctx) Session() *sessions.Session { return c.session }

// SaveSession stores what was remembered and taken back so far, for a handler that must not begin twice what takes its
// time. Otherwise this happens when the answer begins.
func (c *Ctx) SaveSession() {
	if !c.dirty || c.session == nil {
		return
	}
	c.dirty = false
	if err := c.session.Save(c.Request(), c.Response()); err != nil {
		c.Log().Error("session not saved", "error", err)
	}
}

// beforeWrite runs immediately before the status is written, which is the last moment for headers.
func (c *Ctx) beforeWrite() {
	c.SaveSession()
	h := c.Response().Header()
	if strings.HasPrefix(h.Get(echo.HeaderContentType), "text/html") {
		h.Set(headerCSP, cmp.Or(c.foreign, c.policy.String(c.nonce, c.site.https)))
	}
	c.cacheHeaders(h)
}

// cacheHeaders keeps personal pages out of every cache, and tells caches what a guest's page depends on. It leaves
// Cache-Control alone where the handler has set it.
func (c *Ctx) cacheHeaders(h http.Header) {
	h.Add("Vary", "Cookie")
	h.Add("Vary", "Accept-Language")
	h.Add("Vary", "HX-Request")
	switch {
	case h.Get("Cache-Control") != "":
	case c.Viewer.SignedIn() || c.bearer || h.Get("Set-Cookie") != "":
		h.Set("Cache-Control", "private, no-store")
	default:
		h.Set("Cache-Control", "private, no-cache")
	}
}

func cookieValue(c echo.Context, name string) string {
	if cookie, err := c.Cookie(name); err == nil {
		return cookie.Value
	}
	return ""
}
