// Package waitingroom owns the page on which people wait before a sale that more people want than can be served at
// once, and the cookie that carries their ticket to the checkout. It refuses to know who is next, which
// mall/waitingroom decides, and what is sold.
package waitingroom

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/url"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/waitingroom"
	waitingroomview "videomall/views/waitingroom"
	"videomall/web/page"
)

// Deps is what the page works with.
type Deps struct {
	Site  *page.Site
	Queue *waitingroom.Queue
	// Admission finds the admission of a room, or says waitingroom.ErrUnknown; it is asked at every request.
	Admission func(ctx context.Context, room string) (waitingroom.Admission, error)
	Device    func(echo.Context) string // of the signed cookie, "" without one
	// Secure says that people reach the mall over https; it names the cookie.
	Secure bool
}

// Routes registers the page.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	g.GET("/queue/:name", on(d.show))
	g.POST("/queue/:name/leave", on(d.leave))
}

// URL is the address for somebody who must wait; next is the local path to which they go on.
func URL(room, next string) string { return "/queue/" + room + "?next=" + url.QueryEscape(next) }

// show joins the queue, or finds the position that the visitor has. The page asks the same address every two seconds
// for a fragment: such a request only looks, so that a position that was given up is not taken again without its owner.
// A visitor who comes from another site only looks, too, and is asked to join.
func (d Deps) show(c *page.Ctx) error {
	ctx, next := c.Request().Context(), c.Next("/")
	admission, err := d.Admission(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	verb := d.Queue.Join
	if c.IsHTMX() || c.IsHead() {
		verb = d.Queue.Look
	}
	elsewhere := page.FromElsewhere(c.Request())
	if elsewhere { // nobody joins a queue because of a link on another site
		verb = d.Queue.Look
	}
	position, err := verb(ctx, admission, d.visitor(c))
	c.Page.NoIndex = true
	p := waitingroomview.Page{
		Position:  position,
		Room:      admission.Room,
		Next:      next,
		Again:     URL(admission.Room, next),
		Elsewhere: elsewhere,
	}
	switch {
	case errors.Is(err, waitingroom.ErrEnded):
		p.Ended = true
		return c.Render(http.StatusOK, c.Text.T("queue.ended_title"), waitingroomview.WaitingRoom(p))
	case err != nil:
		return err
	case position.Status == waitingroom.Admitted:
		d.giveTicket(c, position, admission.Room)
		return c.Redirect(next)
	}
	// How far one has come since one joined: the number travels with the question, so that nobody has to keep it.
	p.From = position.Ahead
	if from, err := strconv.Atoi(c.QueryParam("from")); err == nil && from > p.From {
		p.From = from
	}
	title := c.Text.T("queue.title")
	if position.Status == waitingroom.Queued {
		title = c.Text.T("queue.tab", "Place", c.Text.Number(position.Ahead+1))
	}
	return c.Render(http.StatusOK, title, waitingroomview.WaitingRoom(p))
}

func (d Deps) leave(c *page.Ctx) error {
	ctx := c.Request().Context()
	admission, err := d.Admission(ctx, c.Param("name"))
	if err != nil {
		return err
	}
	if err := d.Queue.Leave(ctx, admission, d.visitor(c)); err != nil {
		return err
	}
	return c.Redirect(c.Next("/"))
}

func (d Deps) visitor(c *page.Ctx) waitingroom.Visitor {
	return waitingroom.Visitor{UserID: c.Viewer.UserID, Device: d.Device(c.Context)}
}

func (d Deps) giveTicket(c *page.Ctx, p waitingroom.Position, room string) {
	left := int(p.Until.Sub(c.Now).Seconds())
	c.SetCookie(&http.Cookie{
		Name:     ticketCookie(room, d.Secure),
		Value:    p.Ticket,
		Path:     "/",
		MaxAge:   max(1, left),
		HttpOnly: true,
		Secure:   d.Secure,
		SameSite: http.SameSiteLaxMode,
	})
}

// ticketHeader is where a program sends its ticket.
const ticketHeader = "Queue-Pass"

// Ticket returns the ticket for that room in the request, for Queue.CheckTicket; "" without one.
func Ticket(c echo.Context, room string, secure bool) string {
	if ticket := c.Request().Header.Get(ticketHeader); ticket != "" {
		return ticket
	}
	if cookie, err := c.Cookie(ticketCookie(room, secure)); err == nil {
		return cookie.Value
	}
	return ""
}

// ticketCookie is the name of the cookie of one room, whose name has letters that a cookie's may not have.
func ticketCookie(room string, secure bool) string {
	sum := sha256.Sum256([]byte(room))
	cookie := "pass-" + hex.EncodeToString(sum[:6])
	if secure {
		return "__Host-" + cookie
	}
	return cookie
}
