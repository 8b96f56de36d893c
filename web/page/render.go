package page

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"videomall/views"
	"videomall/views/ui"
)

// Render answers with body inside the layout, or with body alone when htmx asks for a part of the page; nobody else
// decides that. title comes without the site's name. Everything is drawn before the status is written, so that a
// component that fails becomes an error page and never half a page.
func (c *Ctx) Render(status int, title string, body templ.Component) error {
	c.Page.Title = title
	if c.IsHTMX() {
		return c.Fragment(status, templ.Join(fragmentTitle(title, c), body))
	}
	c.fillLayout()
	return c.write(status, templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		return views.Layout(c.Page).Render(templ.WithChildren(ctx, body), w)
	}))
}

// Fragment answers with body alone.
func (c *Ctx) Fragment(status int, body templ.Component) error { return c.write(status, body) }

// fragmentTitle renames the browser's tab along with the part: htmx takes a title element for that.
func fragmentTitle(title string, c *Ctx) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error {
		site := c.Text.T("site.name")
		if title != "" {
			site = title + " · " + site
		}
		_, err := w.Write([]byte("<title>" + templ.EscapeString(site) + "</title>"))
		return err
	})
}

// Attach answers with a file of a media type, which the browser saves under a name.
func (c *Ctx) Attach(name, kind string, body []byte) error {
	c.Response().Header().Set(echo.HeaderContentDisposition, `attachment; filename="`+name+`"`)
	return c.Blob(http.StatusOK, kind, body)
}

func (c *Ctx) write(status int, body templ.Component) error {
	var buf bytes.Buffer
	ctx := templ.WithNonce(c.Page.Context(c.Request().Context()), c.nonce)
	if err := body.Render(ctx, &buf); err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMETextHTMLCharsetUTF8)
	c.Response().WriteHeader(status)
	_, err := c.Response().Write(buf.Bytes())
	return err
}

func (c *Ctx) fillLayout() {
	c.Page.Flash = c.takeFlash()
	c.Page.CartCount = c.CartCount()
	c.Page.Awaiting = c.awaiting()
	c.Page.Currencies = ui.Currencies{Offered: c.Currencies(), Chosen: c.Currency()}
	if c.site.notice != nil && c.Viewer.SignedIn() && !c.Page.Bare {
		notice, err := c.site.notice(c.Request().Context(), c)
		if err != nil {
			c.Log().Warn("notice not shown", "error", err)
		}
		c.Page.Notice = notice
	}
	if c.site.categories != nil && !c.Page.Bare {
		links, err := c.site.categories(c.Request().Context(), c)
		if err != nil {
			c.Log().Warn("categories not shown", "error", err)
		}
		c.Page.Categories = links
	}
}

// CartCount returns the number on the cart; 0 when it cannot be read.
func (c *Ctx) CartCount() int {
	if c.site.cartCount == nil || c.Page.Bare {
		return 0
	}
	n, err := c.site.cartCount(c.Request().Context(), c)
	if err != nil {
		c.Log().Warn("cart not counted", "error", err)
		return 0
	}
	return n
}

// awaiting returns the orders that the viewer can still pay; none when they cannot be read.
func (c *Ctx) awaiting() views.Awaiting {
	if c.site.awaiting == nil || c.Page.Bare || !c.Viewer.SignedIn() {
		return views.Awaiting{}
	}
	u, err := c.site.awaiting(c.Request().Context(), c)
	if err != nil {
		c.Log().Warn("unpaid orders not counted", "error", err)
		return views.Awaiting{}
	}
	return u
}

// Redirect sends the browser on with a GET: 303, or HX-Redirect for an htmx element, whose fetch would follow a 303 by
// itself and swap the other page into this one. url is the handler's own; what a visitor sent goes through SafeNext.
func (c *Ctx) Redirect(url string) error {
	if c.IsHTMX() {
		c.Response().Header().Set("HX-Redirect", url)
		return c.NoContent(http.StatusOK)
	}
	return c.Context.Redirect(http.StatusSeeOther, url)
}

// Remember keeps a value with this browser's session, also through a sign-in. Without Redis it is lost.
func (c *Ctx) Remember(key, value string) {
	if c.session == nil {
		return
	}
	c.session.Values[key] = value
	c.dirty = true
}

// Remembers reports whether this value is the one that is remembered, and stores it.
func (c *Ctx) Remembers(key, value string) bool {
	return c.session != nil && c.session.Values[key] == value
}

// TakeBack returns the remembered value and forgets it; "" where there was none.
func (c *Ctx) TakeBack(key string) string {
	if c.session == nil {
		return ""
	}
	value, ok := c.session.Values[key].(string)
	if ok {
		delete(c.session.Values, key)
		c.dirty = true
	}
	return value
}

const flashKey = "flash"

// Flash keeps a notice for the next whole page that this browser asks: the message flash.<slug>. Without Redis it is
// lost.
func (c *Ctx) Flash(tone ui.Tone, slug string) {
	c.Remember(flashKey, string(tone)+" "+slug)
}

func (c *Ctx) takeFlash() *views.Flash {
	if c.IsHead() {
		return nil
	}
	kept := c.TakeBack(flashKey)
	if kept == "" {
		return nil
	}
	tone, slug, _ := strings.Cut(kept, " ")
	return &views.Flash{Tone: ui.Tone(tone), Message: c.Text.T("flash." + slug)}
}
