package api

import (
	"bytes"
	"io"
	"net/http"

	"github.com/labstack/echo/v4"

	"videomall/mall/fault"
	"videomall/mall/partner"
	"videomall/web/page"
)

// PartnerPrefix is where partners send signed requests.
const PartnerPrefix = Prefix + "/partner"

// anyScope is for what every living key may ask.
const anyScope partner.Scope = ""

// callerKey is where a request keeps whose it is.
const callerKey = "partner"

// signed admits requests that a partner has signed with a key of that scope. Nothing of the body is decoded before the
// signature is checked, and a session counts for nothing.
func (d Deps) signed(s partner.Scope) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			pc, _ := d.Site.From(c) // whose session it is does not matter, nor whether it can be read
			pc.Disown()
			h := c.Response().Header()
			h.Set("Cache-Control", "private, no-store")
			r := c.Request()
			body, err := io.ReadAll(http.MaxBytesReader(c.Response(), r.Body, maxBody))
			if err != nil {
				return page.ErrBadRequest(err)
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			asked := partner.Asked{
				Method: r.Method,
				Target: r.RequestURI,
				Host:   r.Host,
				Header: r.Header,
				Body:   body,
			}
			if d.PerKey != nil {
				asked.Count = func(key string) error { return d.PerKey(c, key) }
			}
			caller, err := d.Partners.Authenticate(r.Context(), asked)
			if fault.From(err).Kind == fault.Unauthenticated {
				h.Set("WWW-Authenticate", "VM1")
			}
			if err != nil {
				return err
			}
			if s != anyScope {
				if err := caller.May(s); err != nil {
					return err
				}
			}
			c.Set(callerKey, caller)
			return next(c)
		}
	}
}

// callerOf returns whose request it is, below signed.
func callerOf(c *page.Ctx) partner.Caller {
	caller, _ := c.Get(callerKey).(partner.Caller)
	return caller
}
