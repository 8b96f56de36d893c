// Package webhooks owns the pages where creators choose which address receives which messages, and see what was sent.
// Only creators find these pages, and only their own webhooks. It refuses to sign, to send and to judge an address:
// mall/webhook does.
package webhooks

import (
	"errors"
	"net/http"
	"slices"
	"strconv"

	"github.com/labstack/echo/v4"

	"videomall/mall/account"
	"videomall/mall/fault"
	"videomall/mall/webhook"
	webhookview "videomall/views/studio/webhooks"
	"videomall/views/ui"
	"videomall/web/formvalue"
	"videomall/web/page"
)

// Deps are the verbs that these pages call.
type Deps struct {
	Site     *page.Site
	Webhooks *webhook.Webhooks
}

// Routes registers the pages.
func Routes(g *echo.Group, d Deps) {
	on := d.Site.Handle
	r := page.Guarded(g, "/studio/webhooks", d.Site.RequireRole(account.RoleCreator))
	r.GET("", on(d.list))
	r.GET("/new", on(d.begin))
	r.POST("", on(d.add))
	r.GET("/:id", on(d.show))
	r.POST("/:id", on(d.edit))
	r.POST("/:id/rotate", on(d.rotate))
	r.POST("/:id/on", on(d.turnOn))
	r.POST("/:id/off", on(d.turnOff))
	r.POST("/:id/remove", on(d.remove))
	r.POST("/:id/test", on(d.test))
	r.GET("/:id/deliveries/:delivery", on(d.showDelivery))
	r.POST("/:id/deliveries/:delivery/resend", on(d.resend))
}

func (d Deps) list(c *page.Ctx) error {
	list, err := d.Webhooks.List(c.Request().Context(), c.Viewer.UserID)
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, c.Text.T("studio.webhooks"), webhookview.List(webhookview.ListPage{
		Endpoints: list,
		Now:       c.Now,
	}))
}

func (d Deps) begin(c *page.Ctx) error {
	return d.renderNew(c, http.StatusOK, webhookview.NewPage{Form: webhookview.Form{Types: webhook.Types()}})
}

func (d Deps) renderNew(c *page.Ctx, status int, p webhookview.NewPage) error {
	return c.Render(status, c.Text.T("webhooks.new"), webhookview.New(p))
}

// readForm keeps what was typed, so that it can come back.
func readForm(c *page.Ctx) (webhookview.Form, error) {
	values, err := c.FormParams()
	if err != nil {
		return webhookview.Form{}, page.ErrBadRequest(err)
	}
	return webhookview.Form{
		Version: formvalue.Version(c.FormValue("version")),
		URL:     values.Get("url"),
		Types:   values["types"],
	}, nil
}

// add answers with the secret itself: it is shown only this once, and a redirect could not carry it.
func (d Deps) add(c *page.Ctx) error {
	f, err := readForm(c)
	if err != nil {
		return err
	}
	made, secret, err := d.Webhooks.Add(c.Request().Context(), c.Viewer.UserID, webhook.Draft{
		URL:   f.URL,
		Types: f.Types,
	})
	switch {
	case err == nil:
		return c.Render(http.StatusOK, c.Text.T("webhooks.secret"), webhookview.Secret(webhookview.SecretPage{
			ID:     made.ID,
			URL:    made.URL,
			Secret: secret,
		}))
	case errors.Is(err, webhook.ErrInvalid):
		f.Errors = fault.From(err).Fields
		return d.renderNew(c, http.StatusUnprocessableEntity, webhookview.NewPage{Form: f})
	case errors.Is(err, webhook.ErrTooMany):
		_, refused := page.Words(c.Text, fault.From(err), http.StatusConflict)
		return d.renderNew(c, http.StatusConflict, webhookview.NewPage{Form: f, Refused: refused})
	}
	return err
}

func (d Deps) edit(c *page.Ctx) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	f, err := readForm(c)
	if err != nil {
		return err
	}
	err = d.Webhooks.Edit(ctx, c.Viewer.UserID, id, f.Version, webhook.Draft{URL: f.URL, Types: f.Types})
	if !errors.Is(err, webhook.ErrInvalid) {
		return d.done(c, webhookview.URL(id), "webhook_saved", err)
	}
	e, found := d.Webhooks.Get(ctx, c.Viewer.UserID, id)
	if found != nil {
		return found
	}
	f.Errors = fault.From(err).Fields
	return d.renderShow(c, http.StatusUnprocessableEntity, webhookview.ShowPage{Endpoint: e, Form: f})
}

func (d Deps) rotate(c *page.Ctx) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	e, err := d.Webhooks.Get(ctx, c.Viewer.UserID, id)
	if err != nil {
		return err
	}
	secret, err := d.Webhooks.Rotate(ctx, c.Viewer.UserID, id, formvalue.Version(c.FormValue("version")))
	if err != nil {
		return d.done(c, webhookview.URL(id), "", err)
	}
	return c.Render(http.StatusOK, c.Text.T("webhooks.secret"), webhookview.Secret(webhookview.SecretPage{
		ID:      id,
		URL:     e.URL,
		Secret:  secret,
		Rotated: true,
	}))
}

func (d Deps) turnOn(c *page.Ctx) error { return d.turn(c, true, "webhook_on") }

func (d Deps) turnOff(c *page.Ctx) error { return d.turn(c, false, "webhook_off") }

func (d Deps) turn(c *page.Ctx, on bool, done string) error {
	id := formvalue.ID(c.Param("id"))
	return d.done(c, webhookview.URL(id), done,
		d.Webhooks.Switch(c.Request().Context(), c.Viewer.UserID, id, formvalue.Version(c.FormValue("version")), on))
}

func (d Deps) remove(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	err := d.Webhooks.Remove(c.Request().Context(), c.Viewer.UserID, id, formvalue.Version(c.FormValue("version")))
	if err != nil {
		return d.done(c, webhookview.URL(id), "", err)
	}
	return d.done(c, "/studio/webhooks", "webhook_removed", nil)
}

// test waits for the answer of the receiver, which is the purpose of the button, and leads to it.
func (d Deps) test(c *page.Ctx) error {
	id := formvalue.ID(c.Param("id"))
	delivery, err := d.Webhooks.Test(c.Request().Context(), c.Viewer.UserID, id)
	if err != nil {
		return d.done(c, webhookview.URL(id), "", err)
	}
	return c.Redirect(webhookview.DeliveryURL(id, delivery))
}

func (d Deps) resend(c *page.Ctx) error {
	id, delivery := formvalue.ID(c.Param("id")), formvalue.ID(c.Param("delivery"))
	err := d.Webhooks.Resend(c.Request().Context(), c.Viewer.UserID, id, delivery)
	return d.done(c, webhookview.DeliveryURL(id, delivery), "webhook_resent", err)
}

// done redirects with a notice that says what was done, or why it was not.
func (d Deps) done(c *page.Ctx, to, done string, err error) error {
	switch {
	case err == nil:
		c.Flash(ui.Success, done)
	case errors.Is(err, webhook.ErrMoved):
		c.Flash(ui.Warning, "webhook_moved")
	case errors.Is(err, webhook.ErrTested):
		c.Flash(ui.Warning, "webhook_just_tested")
	case errors.Is(err, webhook.ErrWaiting):
		c.Flash(ui.Info, "webhook_waiting")
	case errors.Is(err, webhook.ErrOff):
		c.Flash(ui.Warning, "webhook_is_off")
	default:
		return err
	}
	return c.Redirect(to)
}

func (d Deps) show(c *page.Ctx) error {
	e, err := d.Webhooks.Get(c.Request().Context(), c.Viewer.UserID, formvalue.ID(c.Param("id")))
	if err != nil {
		return err
	}
	return d.renderShow(c, http.StatusOK, webhookview.ShowPage{Endpoint: e, Form: webhookview.Form{
		Version: e.Version,
		URL:     e.URL,
		Types:   e.Types,
	}})
}

// logPage is how many messages a page of the log lists.
const logPage = 30

// renderShow adds to the page of an endpoint its log, filtered as the address says.
func (d Deps) renderShow(c *page.Ctx, status int, p webhookview.ShowPage) error {
	p.Now = c.Now
	if s := webhook.DeliveryState(c.QueryParam("state")); slices.Contains(
		[]webhook.DeliveryState{webhook.Pending, webhook.Delivered, webhook.Dead}, s) {
		p.State = s
	}
	before := formvalue.ID(c.QueryParam("before"))
	list, err := d.Webhooks.Deliveries(c.Request().Context(), c.Viewer.UserID, p.Endpoint.ID, p.State, before,
		logPage+1)
	if err != nil {
		return err
	}
	here := webhookview.URL(p.Endpoint.ID) + "?state=" + string(p.State)
	if len(list) > logPage {
		list = list[:logPage]
		p.Next = here + "&before=" + strconv.FormatInt(list[logPage-1].ID, 10)
	}
	if before > 0 {
		p.First = here
	}
	p.Deliveries = list
	return c.Render(status, p.Endpoint.URL, webhookview.Show(p))
}

func (d Deps) showDelivery(c *page.Ctx) error {
	ctx, id := c.Request().Context(), formvalue.ID(c.Param("id"))
	e, err := d.Webhooks.Get(ctx, c.Viewer.UserID, id)
	if err != nil {
		return err
	}
	m, err := d.Webhooks.Delivery(ctx, c.Viewer.UserID, id, formvalue.ID(c.Param("delivery")))
	if err != nil {
		return err
	}
	return c.Render(http.StatusOK, m.Type, webhookview.Delivery(webhookview.DeliveryPage{Endpoint: e, Delivery: m}))
}
