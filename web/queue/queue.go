// Package queue owns the page that people wait on before a sale that more want than can be served at once, and the
// cookie in which their pass travels to the checkout. Who is next is mall/risk's decision, what is sold there is the
// seller's: it knows neither.
package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/risk"
	queueview "videomall/views/queue"
	"videomall/web/page"
)

// Deps is what the page works with.
type Deps struct {
	Site  *page.Site
	Queue *risk.Queue
	// Floor finds what a line leads to, or says risk.ErrNoQueue; it is asked at every look.
	Floor func(ctx context.Context, name string) (risk.Floor, error)
	Asks  func(echo.Context) risk.Subject // address and device
	// Secure says that people reach the mall over https; it names the cookie.
	Secure bool
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	g.GET("/queue/:name", on(d.show))
	g.POST("/queue/:name/leave", on(d.leave))
}

// URL is where to send somebody who must wait; next is the local path to which they go on.
func URL(name, next string) string { return "/queue/" + name + "?next=" + url.QueryEscape(next) }

// show joins the line, or finds the place that was taken. What the page asks every two seconds is the same address as a
// fragment: that only looks, so that a place which was given up is not taken again behind its owner's back. So does who
// comes from another site, and is asked to join.
func (d Deps) show(c *page.Ctx) error {
	ctx, next := c.Request().Context(), c.Next("/")
	floor, err := d.Floor(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	verb := d.Queue.Join
	if c.IsHTMX() || c.IsHead() {
		verb = d.Queue.Look
	}
	elsewhere := page.FromElsewhere(c.Request())
	if elsewhere { // nobody stands in a line because of a link on another site
		verb = d.Queue.Look
	}
	place, err := verb(ctx, floor, d.person(c))
	c.Page.NoIndex = true
	p := queueview.Page{
		Place:     place,
		Name:      floor.Name,
		Next:      next,
		Again:     URL(floor.Name, next),
		Elsewhere: elsewhere,
	}
	switch {
	case errors.Is(err, risk.ErrQueueEnded):
		p.Ended = true
		return c.Render(http.StatusOK, c.Text.T("queue.ended_title"), queueview.Queue(p))
	case err != nil:
		return err
	case place.Where == risk.OnFloor:
		d.givePass(c, floor, place)
		return c.Redirect(next)
	}
	// How far one has come since one joined: the number travels with the question, so that nobody has to keep it.
	p.From = place.Ahead
	if from, err := strconv.Atoi(c.QueryParam("from")); err == nil && from > p.From {
		p.From = from
	}
	title := c.Text.T("queue.title")
	if place.Where == risk.InLine {
		title = c.Text.T("queue.tab", "Place", c.Text.Number(place.Ahead+1))
	}
	return c.Render(http.StatusOK, title, queueview.Queue(p))
}

func (d Deps) leave(c *page.Ctx) error {
	ctx := c.Request().Context()
	floor, err := d.Floor(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	if err := d.Queue.Leave(ctx, floor, d.person(c)); err != nil {
		return err
	}
	return c.Redirect(c.Next("/"))
}

func (d Deps) person(c *page.Ctx) risk.Subject {
	s := d.Asks(c.Context)
	s.UserID = c.Viewer.UserID
	return s
}

func (d Deps) givePass(c *page.Ctx, f risk.Floor, p risk.Place) {
	left := int(p.Until.Sub(c.Now).Seconds())
	c.SetCookie(&http.Cookie{
		Name:     passCookie(f.Name, d.Secure),
		Value:    p.Pass,
		Path:     "/",
		MaxAge:   max(1, left),
		HttpOnly: true,
		Secure:   d.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// passHeader is where a program sends its pass.
const passHeader = "Queue-Pass"

// Pass is what the request shows at the floor of that name, for Queue.CheckPass; "" without one.
func Pass(c echo.Context, name string, secure bool) string {
	if pass := c.Request().Header.Get(passHeader); pass != "" {
		return pass
	}
	if cookie, err := c.Cookie(passCookie(name, secure)); err == nil {
		return cookie.Value
	}
	return ""
}

// passCookie is one a line, whose name has letters that a cookie's may not have.
func passCookie(name string, secure bool) string {
	sum := sha256.Sum256([]byte(name))
	cookie := "pass-" + hex.EncodeToString(sum[:6])
	if secure {
		return "__Host-" + cookie
	}
	return cookie
}
