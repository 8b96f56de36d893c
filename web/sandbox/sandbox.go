// Package sandbox serves the sandbox provider's hosted payment page, as a bank would on a site of its own. It reads a
// form and shows a charge; it refuses to know what is being paid for, and whether the mall has heard of it.
package sandbox

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/payment"
	"videomall/mall/payment/sandbox"
	sandboxview "videomall/views/sandbox"
	"videomall/web/page"
)

// Deps are what the pages work with.
type Deps struct {
	Site    *page.Site
	Sandbox *sandbox.Sandbox
}

// Routes registers the pages. Whoever knows a page's token may pay: the payer needs no account at the bank.
func Routes(g *echo.Group, d Deps) {
	g.GET("/sandbox/pay/:token", d.Site.Handle(d.show))
	g.POST("/sandbox/pay/:token/pay", d.Site.Handle(d.pay))
	g.POST("/sandbox/pay/:token/fail", d.Site.Handle(d.fail))
	g.POST("/sandbox/pay/:token/dispute", d.Site.Handle(d.dispute))
}

func (d Deps) show(c *page.Ctx) error {
	charge, err := d.Sandbox.HostedPage(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	return d.render(c, http.StatusOK, sandboxview.Props{Charge: charge})
}

func (d Deps) pay(c *page.Ctx) error {
	form, options, problem := readOptions(c)
	var charge sandbox.HostedCharge
	err := problem
	if err == nil {
		charge, err = d.Sandbox.Pay(c.Request().Context(), c.Param("token"), options)
	}
	if errors.Is(err, sandbox.ErrBadOptions) {
		form.Errors = fault.From(err).Fields
		if charge, err = d.Sandbox.HostedPage(c.Request().Context(), c.Param("token")); err != nil {
			return err
		}
		return d.render(c, http.StatusUnprocessableEntity, sandboxview.Props{Charge: charge, Form: form})
	}
	return d.leave(c, charge, err)
}

func (d Deps) fail(c *page.Ctx) error {
	charge, err := d.Sandbox.Fail(c.Request().Context(), c.Param("token"))
	return d.leave(c, charge, err)
}

// disputes are the steps that a payer's bank can make here, by their names in the form.
var disputes = map[string]string{
	"open": payment.DisputeOpened,
	"won":  payment.DisputeWon,
	"lost": payment.DisputeLost,
}

// dispute plays the payer's bank: it disputes the payment, or decides. A step that can't follow changes nothing; the
// page shows how the dispute stands.
func (d Deps) dispute(c *page.Ctx) error {
	charge, err := d.Sandbox.HostedPage(c.Request().Context(), c.Param("token"))
	if err != nil {
		return err
	}
	to, known := disputes[c.FormValue("to")]
	if !known {
		return page.ErrBadRequest(errors.New("no such step of a dispute"))
	}
	err = d.Sandbox.Dispute(c.Request().Context(), charge.OutTradeNo, to)
	if errors.Is(err, payment.ErrAbsent) || errors.Is(err, payment.ErrRejected) {
		return d.render(c, http.StatusConflict, sandboxview.Props{Charge: charge, TooLate: true})
	}
	if err != nil {
		return err
	}
	return c.Redirect(sandboxview.Path(charge.Token))
}

// leave sends the payer back to the shop, or shows in which state a late click found the payment.
func (d Deps) leave(c *page.Ctx, charge sandbox.HostedCharge, err error) error {
	if errors.Is(err, sandbox.ErrNotPayable) {
		return d.render(c, http.StatusConflict, sandboxview.Props{Charge: charge, TooLate: true})
	}
	if err != nil {
		return err
	}
	return c.Redirect(charge.ReturnURL)
}

func (d Deps) render(c *page.Ctx, status int, p sandboxview.Props) error {
	p.Now, p.Theme = c.Now, c.Page.Theme
	c.Page.Bare, c.Page.NoIndex = true, true
	c.Page.Path = sandboxview.Path(p.Charge.Token) // a switch of language after a POST comes back to the page
	// The redirect after the form leads to the shop, which may be on another host than the bank; a browser holds such a
	// redirect against form-action.
	if back, err := url.Parse(p.Charge.ReturnURL); err == nil && back.Host != "" && back.Host != c.Request().Host {
		c.Allow("form-action", back.Scheme+"://"+back.Host)
	}
	title := c.Text.T("sandbox.name")
	if p.Charge.Status == sandbox.StatusOpen {
		title = c.Text.T("sandbox.title", "Amount", c.Text.Money(p.Charge.Amount)) + " · " + title
	}
	return c.Render(status, title, sandboxview.Page(p))
}

// readOptions reads the test options. Without any of them, as from a form without scripts or a program, it is a plain
// payment.
func readOptions(c *page.Ctx) (sandboxview.Form, sandbox.PayOptions, error) {
	f := sandboxview.Form{
		Copies:        c.FormValue("copies"),
		Delay:         c.FormValue("delay"),
		Amount:        c.FormValue("amount"),
		Currency:      c.FormValue("currency"),
		FirstNotice:   c.FormValue("first_notice"),
		Processing:    c.FormValue("processing") != "",
		Hold:          c.FormValue("hold_notice") != "",
		Twice:         c.FormValue("twice") != "",
		RefundsFail:   c.FormValue("refunds_fail") != "",
		RefundsReturn: c.FormValue("refunds_return") != "",
	}
	o := sandbox.PayOptions{
		Processing:    f.Processing,
		HoldNotice:    f.Hold,
		Currency:      strings.ToUpper(f.Currency),
		FirstNotice:   f.FirstNotice,
		Twice:         f.Twice,
		RefundsFail:   f.RefundsFail,
		RefundsReturn: f.RefundsReturn,
	}
	problem := sandbox.ErrBadOptions
	number := func(name, typed string, highest int64) int64 {
		if typed == "" {
			return 0
		}
		n, err := strconv.ParseInt(typed, 10, 64)
		if err != nil || n < 0 || n > highest {
			problem = problem.With(name, "out_of_range")
		}
		return n
	}
	o.Copies = int(number("copies", f.Copies, 100))
	o.Delay = time.Duration(number("delay", f.Delay, int64(sandbox.MaxDelay/time.Second))) * time.Second
	o.Amount = number("amount", f.Amount, 1_000_000_000_00)
	if len(problem.Fields) > 0 {
		return f, o, problem
	}
	return f, o, nil
}
